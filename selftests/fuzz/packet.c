// SPDX-License-Identifier: GPL-2.0
/*
 * A tenant's packet from one edge to the other: what comes out must be what
 * went in, and what is between must be right by the underlay's pseudo-header
 * exactly if it was by the tenant's.
 *
 * Input: struct setup, then the packet.
 */

#include "codec.h"
#include "fuzz.h"
#include "ref.h"

#define TYPE	0xde

enum {
	SETUP_SHORT	= 1,	/* use the "IPv6 short" form where it fits */
	SETUP_REACH	= 2,	/* only @reach bytes of the payload are at hand */
	SETUP_CORRECT	= 4,	/* make the transport checksum right */
	SETUP_ZERO	= 8,	/* and write its zero the other way */
};

struct setup {
	u8 flags;
	u8 reach;
	u8 vpc[3];
	u8 src[4], dst[4];	/* how the SIDs end */
};

static void *copy(const void *data, size_t len)
{
	void *p = malloc(len);

	return memcpy(p, data, len);
}

/* Give the packet the checksum that its sender should have written. */
static void correct(u8 *packet, size_t hlen, size_t len, u8 proto, bool zero)
{
	int off = ref_check_offset(proto);
	bool v4 = packet[0] >> 4 == 4;
	u8 *l4 = packet + hlen;
	u16 sum, value;

	if (off < 0 || len - hlen < off + 2u || ref_whole_proto(v4 ? 4 : 6, proto))
		return;
	sum = ref_l4_sum(packet + (v4 ? 12 : 8), packet + (v4 ? 16 : 24),
			 v4 ? 4 : 16, proto, l4, len - hlen,
			 ref_cover(proto, l4, len - hlen));
	value = ref_written(proto, sum);
	if (zero && value % 0xffff == 0)
		value = ~value;
	ref_put16(l4 + off, value);
}

static bool valid(const u8 *src, const u8 *dst, unsigned int alen, u8 proto,
		  const u8 *l4, size_t len)
{
	u16 sum = ref_l4_sum(src, dst, alen, proto, l4, len,
			     ref_cover(proto, l4, len));

	return ref_valid(proto, sum, ref_get16(l4 + ref_check_offset(proto)));
}

/* The checksum of a transport packet, if there is one and it can be seen. */
static __sum16 *checksum(const struct vpc_pkt *pkt, u8 *l4, size_t reach)
{
	int off = vpc_csum_offset(pkt->proto);

	if (off < 0 || reach < off + 2u || vpc_pkt_later_fragment(pkt))
		return NULL;
	return (__sum16 *)(l4 + off);
}

static void carry(struct vpc_pkt *pkt, const u8 *packet, const u8 *sids,
		  size_t reach)
{
	size_t hlen = pkt->hlen, len = pkt->len - hlen;
	struct vpc_pkt back;
	struct in6_addr sid[2];
	struct vpc_tlv *tlv;
	__sum16 *sum;
	u8 *wire, *header, want[40];

	memcpy(sid, sids, sizeof(sid));
	tlv = malloc(vpc_tlv_size(pkt->form));
	vpc_tlv_write(tlv, TYPE, pkt);
	wire = copy(packet + hlen, len);
	sum = checksum(pkt, wire, reach);
	if (sum) {
		*sum = vpc_csum_move(*sum, vpc_pkt_csum(pkt),
				     vpc_csum_in6(&sid[0], &sid[1]), pkt->proto);
		if (!vpc_pkt_fragment(pkt))
			check(valid(sids, sids + 16, 16, pkt->proto, wire, len) ==
			      valid(packet + (pkt->version == 4 ? 12 : 8),
				    packet + (pkt->version == 4 ? 16 : 24),
				    pkt->version == 4 ? 4 : 16, pkt->proto,
				    packet + hlen, len));
	} else {
		check(!memcmp(wire, packet + hlen, len));
	}

	memset(&back, 0xaa, sizeof(back));
	check(!vpc_tlv_read(tlv, vpc_tlv_size(pkt->form), TYPE, &sid[1], &back));
	free(tlv);
	check(back.form == pkt->form && back.version == pkt->version &&
	      back.vpc == pkt->vpc);
	back.hlen = vpc_form_hlen(back.form);
	back.len = back.hlen + len;
	back.tclass = pkt->tclass;
	back.flow = pkt->flow;
	check(back.hlen == hlen);

	sum = checksum(&back, wire, reach);
	if (sum)
		*sum = vpc_csum_move(*sum, vpc_csum_in6(&sid[0], &sid[1]),
				     vpc_pkt_csum(&back), back.proto);
	check(!memcmp(wire, packet + hlen, len));
	free(wire);

	header = malloc(hlen);
	if (back.version == 4)
		vpc_write_ipv4((void *)header, &back);
	else
		vpc_write_ipv6((void *)header, &back);
	memcpy(want, packet, hlen);
	if (pkt->form == VPC_FORM_IPV4) {
		/* The ID of an atomic datagram arrives as 0. */
		ref_put16(want + 4, 0);
		ref_put16(want + 10, ref_ipv4_check(want));
	}
	check(!memcmp(header, want, hlen));
	free(header);
}

/* A whole packet follows its TLV as it is. */
static void carry_whole(const struct vpc_pkt *pkt)
{
	struct vpc_tlv *tlv = malloc(VPC_TLV_WHOLE_LEN);
	struct vpc_pkt back;

	vpc_tlv_write(tlv, TYPE, pkt);
	check(!vpc_tlv_read(tlv, VPC_TLV_WHOLE_LEN, TYPE, &pkt->dst.v6, &back));
	check(back.version == pkt->version && back.vpc == pkt->vpc &&
	      back.form == VPC_FORM_WHOLE);
	free(tlv);
}

int fuzz_one(const u8 *data, size_t len)
{
	u8 sids[32] = { 0xfd, [16] = 0xfd };
	const struct setup *setup = (const void *)data;
	struct vpc_pkt pkt;
	enum vpc_counter reason;
	size_t hlen, reach;
	u16 check_field;
	u8 *packet;
	u32 label;

	if (len < sizeof(*setup) + 20)
		return 0;
	data += sizeof(*setup);
	len -= sizeof(*setup);
	if (data[0] >> 4 == 6 ? len < 40 : len < 20)
		return 0;
	memcpy(sids + 12, setup->src, 4);
	memcpy(sids + 28, setup->dst, 4);

	packet = copy(data, len);
	/* An edge drops IPv4 headers whose checksum is wrong; 0 has two forms. */
	if (packet[0] >> 4 == 4 && ref_well_formed(packet, len)) {
		check_field = ref_ipv4_check(packet);
		if (!check_field && packet[10] & 1)
			check_field = 0xffff;
		ref_put16(packet + 10, check_field);
	}
	memset(&pkt, 0xaa, sizeof(pkt));
	if (data[0] >> 4 == 6)
		reason = vpc_parse_ipv6((void *)packet, len, &pkt);
	else
		reason = vpc_parse_ipv4((void *)packet, len, &pkt);
	check(!reason == ref_well_formed(packet, len));
	if (reason)
		goto out;

	check(pkt.version == packet[0] >> 4 && pkt.len <= len);
	hlen = pkt.hlen;
	check(hlen == (pkt.version == 4 ? packet[0] % 16 * 4u : 40));
	pkt.vpc = setup->vpc[0] << 16 | setup->vpc[1] << 8 | setup->vpc[2];
	if (!pkt.vpc || pkt.vpc == 0xffffff)
		pkt.vpc = 1;
	if (setup->flags & SETUP_CORRECT)
		correct(packet, hlen, pkt.len, pkt.proto,
			setup->flags & SETUP_ZERO);
	reach = pkt.len - hlen;
	if (setup->flags & SETUP_REACH)
		reach = min_t(size_t, reach, setup->reach);
	/* As much as is at hand, so that reading beyond is noticed. */
	data = copy(packet + hlen, reach);
	pkt.form = vpc_pick_form(&pkt, data, reach);
	check(pkt.form == ref_form(packet, reach));
	label = vpc_flow_label(&pkt, data, reach);
	check(label && label <= 0xfffff);
	/* Fragments of a datagram hold different parts of it. */
	if (pkt.version == 4 && ref_get16(packet + 6) & 0x3fff)
		check(label == vpc_flow_label(&pkt, NULL, 0));
	free((void *)data);
	if (pkt.version == 4)
		pkt.flow = label;

	if (pkt.form == VPC_FORM_WHOLE) {
		carry_whole(&pkt);
		goto out;
	}
	if (pkt.form == VPC_FORM_IPV6 && setup->flags & SETUP_SHORT) {
		pkt.form = VPC_FORM_IPV6_SHORT;
		memcpy(sids + 16, packet + 24, 16);
	}
	carry(&pkt, packet, sids, reach);
out:
	free(packet);
	return 0;
}
