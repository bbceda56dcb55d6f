// SPDX-License-Identifier: GPL-2.0

#include <stdlib.h>
#include <string.h>

#include "ref.h"

/* RFC 1071: one's complement sum of big-endian words, not inverted. */
u16 ref_sum(const u8 *data, size_t len)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? data[i] : data[i] * 256;
	while (sum > 0xffff)
		sum = sum % 65536 + sum / 65536;
	return sum;
}

/* The checksum that an IPv4 header should have. */
u16 ref_ipv4_check(const u8 *header)
{
	u8 copy[60];
	size_t len = header[0] % 16 * 4;

	memcpy(copy, header, len);
	copy[10] = 0;
	copy[11] = 0;
	return 0xffff - ref_sum(copy, len);
}

/* Sum of pseudo-header (RFC 768, RFC 8200) and @cover bytes of the transport
 * packet, whose checksum field counts as 0.
 */
u16 ref_l4_sum(const u8 *src, const u8 *dst, unsigned int alen, u8 proto,
	       const u8 *l4, size_t len, size_t cover)
{
	int off = ref_check_offset(proto);
	u8 *buf = calloc(1, 40 + len);
	size_t n = 2 * alen;
	u16 sum;

	memcpy(buf, src, alen);
	memcpy(buf + alen, dst, alen);
	if (alen == 4) {
		buf[9] = proto;
		ref_put16(buf + 10, len);
		n = 12;
	} else {
		ref_put32(buf + 32, len);
		buf[39] = proto;
		n = 40;
	}
	memcpy(buf + n, l4, cover);
	if (off >= 0 && (size_t)off + 2 <= cover)
		memset(buf + n + off, 0, 2);
	sum = ref_sum(buf, n + cover);
	free(buf);
	return sum;
}

/* Bytes of a transport packet that its checksum covers. */
size_t ref_cover(u8 proto, const u8 *l4, size_t len)
{
	size_t cover = 0;

	if (proto == 136 && len >= 8)	/* RFC 3828 */
		cover = ref_get16(l4 + 4);
	if (proto == 33 && len >= 12 && l4[5] % 16)	/* RFC 4340, 9.2 */
		cover = l4[4] * 4 + (l4[5] % 16 - 1) * 4;
	return cover >= 8 && cover < len ? cover : len;
}

int ref_check_offset(u8 proto)
{
	return proto == 6 ? 16 : proto == 17 || proto == 136 || proto == 33 ? 6 :
	       proto == 58 ? 2 : -1;
}

/* What a sender writes: RFC 768 and RFC 3828 turn 0 into FFFF. */
u16 ref_written(u8 proto, u16 sum)
{
	u16 check = 0xffff - sum;

	return (proto == 17 || proto == 136) && !check ? 0xffff : check;
}

/* What a receiver takes for right. */
bool ref_valid(u8 proto, u16 sum, u16 check)
{
	if (check == 0 && proto == 17)
		return true;
	if (check == 0 && proto == 136)
		return false;
	return ((u32)sum + check) % 0xffff == 0 && (sum || check);
}

bool ref_whole_proto(unsigned int version, u8 proto)
{
	static const u8 list[] = { 0, 43, 44, 51, 59, 60, 135, 139, 140 };

	return memchr(list, proto, sizeof(list)) || (version == 4 && proto == 58);
}

/* Opt Data Len of the form that a well-formed packet goes by; @reach bytes of
 * its transport header are there.
 */
unsigned int ref_form(const u8 *packet, size_t reach)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t hlen = v4 ? packet[0] % 16 * 4 : 40;
	u8 proto = v4 ? packet[9] : packet[6];
	bool later = v4 && ref_get16(packet + 6) % 0x2000;
	int off = ref_check_offset(proto);

	if (ref_whole_proto(v4 ? 4 : 6, proto) || (v4 && hlen > 20))
		return 4;
	if (v4 && ref_get16(packet + 10) == 0xffff)
		return 4;
	if (off >= 0 && reach >= (size_t)off + 2 && !later) {
		u16 check = ref_get16(packet + hlen + off);

		if (proto == 136 && check == 0)
			return 4;
		if ((proto == 6 || proto == 33 || proto == 58) && check == 0xffff)
			return 4;
	}
	if (!v4)
		return 36;
	return packet[6] == 0x40 && packet[7] == 0 ? 12 : 16;
}

/* Is it an IP packet by its header's version and lengths? */
bool ref_well_formed(const u8 *packet, size_t len)
{
	if (len >= 20 && packet[0] >> 4 == 4)
		return packet[0] % 16 >= 5 &&
		       ref_get16(packet + 2) >= packet[0] % 16 * 4 &&
		       ref_get16(packet + 2) <= len;
	return len >= 40 && packet[0] >> 4 == 6 &&
	       40u + ref_get16(packet + 4) <= len;
}
