// SPDX-License-Identifier: GPL-2.0
/*
 * Arbitrary bytes in place of a Destination Options header: what is accepted
 * must be exactly what would have been written.
 *
 * Input: byte 0 says whether the option type is taken from the header, and the
 * header follows.
 */

#include "codec.h"
#include "fuzz.h"
#include "ref.h"

#define TYPE	0xde

int fuzz_one(const u8 *data, size_t len)
{
	struct in6_addr sid = { .s6_addr = { 0xfd, [15] = 0x10 } };
	enum vpc_counter reason;
	struct vpc_tlv *tlv, *again;
	struct vpc_pkt pkt;
	size_t size;
	u8 type = TYPE;

	if (len < 9)
		return 0;
	if (data[0] & 1)
		type = data[3];
	data++;
	len--;

	/* Of its own, so that it is aligned and that its end is watched. */
	tlv = malloc(len);
	memcpy(tlv, data, len);
	memset(&pkt, 0xaa, sizeof(pkt));
	reason = vpc_tlv_read(tlv, len, type, &sid, &pkt);
	check(!memcmp(tlv, data, len));
	if (reason) {
		check(reason == VPC_DROP_NO_TLV || reason == VPC_DROP_BAD_FORM ||
		      reason == VPC_DROP_BAD_HEADER ||
		      reason == VPC_DROP_EXTRA_OPTION ||
		      reason == VPC_DROP_BAD_VPC);
		free(tlv);
		return 0;
	}

	size = vpc_tlv_size(pkt.form);
	check(size && size <= len && size == 8 * (data[1] + 1u));
	check(data[2] == type && data[3] == pkt.form);
	check(pkt.version == 4 || pkt.version == 6);
	check(pkt.vpc && pkt.vpc < 0xffffff);
	if (pkt.form != VPC_FORM_WHOLE)
		check(!ref_whole_proto(pkt.version, pkt.proto));
	if (pkt.form == VPC_FORM_IPV6_SHORT)
		check(!memcmp(&pkt.dst.v6, &sid, sizeof(sid)));

	again = malloc(size);
	memset(again, 0x55, size);
	vpc_tlv_write(again, type, &pkt);
	check(!memcmp(again, data, size));
	free(again);
	free(tlv);
	return 0;
}
