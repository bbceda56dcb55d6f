/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tenant's IP header to TLV and back.  Nothing here knows an sk_buff: the same
 * file is compiled for user space by the unit tests and the fuzzer.
 */
#ifndef _VPC_CODEC_H
#define _VPC_CODEC_H

#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/checksum.h>

#include "wire.h"

union vpc_ip {
	__be32		v4;
	struct in6_addr	v6;
};

/**
 * struct vpc_pkt - what is to know of a tenant's packet
 * @src: overlay source
 * @dst: overlay destination
 * @vpc: VPC id of the source, host order
 * @flow: flow label to use on the fabric, host order, 20 bits
 * @id: IPv4: identification
 * @frag_off: IPv4: flags and fragment offset
 * @hlen: bytes of the tenant's IP header
 * @len: bytes of the tenant's packet by its own IP header, that included
 * @version: 4 or 6
 * @form: &enum vpc_form
 * @proto: protocol or next header of the IP header
 * @tclass: TOS or traffic class
 * @hops: TTL or hop limit
 * @whole: the IP header holds what only the whole form carries
 */
struct vpc_pkt {
	union vpc_ip	src;
	union vpc_ip	dst;
	u32		vpc;
	u32		flow;
	__be16		id;
	__be16		frag_off;
	u32		len;
	u16		hlen;
	u8		version;
	u8		form;
	u8		proto;
	u8		tclass;
	u8		hops;
	bool		whole;
};

#define VPC_FRAG_OFFSET	0x1fff
#define VPC_FRAG_MF	0x2000
#define VPC_FRAG_DF	0x4000

/* A fragment that is not the first one holds no transport header. */
static inline bool vpc_pkt_later_fragment(const struct vpc_pkt *pkt)
{
	return pkt->version == 4 && (pkt->frag_off & htons(VPC_FRAG_OFFSET));
}

static inline bool vpc_pkt_fragment(const struct vpc_pkt *pkt)
{
	return pkt->version == 4 &&
	       (pkt->frag_off & htons(VPC_FRAG_OFFSET | VPC_FRAG_MF));
}

/**
 * vpc_tlv_size - bytes of the Destination Options header of a form
 * @form: &enum vpc_form
 *
 * Return: a multiple of 8, or 0 for what is no form.
 */
static inline unsigned int vpc_tlv_size(u8 form)
{
	switch (form) {
	case VPC_FORM_WHOLE:		return VPC_TLV_WHOLE_LEN;
	case VPC_FORM_IPV4:		return VPC_TLV_IPV4_LEN;
	case VPC_FORM_IPV4_FULL:	return VPC_TLV_FULL_LEN;
	case VPC_FORM_IPV6_SHORT:	return VPC_TLV_SHORT_LEN;
	case VPC_FORM_IPV6:		return VPC_TLV_IPV6_LEN;
	default:			return 0;
	}
}

/**
 * vpc_form_hlen - bytes of the tenant's IP header that a form takes off
 * @form: &enum vpc_form
 */
static inline unsigned int vpc_form_hlen(u8 form)
{
	switch (form) {
	case VPC_FORM_IPV4:
	case VPC_FORM_IPV4_FULL:	return sizeof(struct iphdr);
	case VPC_FORM_IPV6:
	case VPC_FORM_IPV6_SHORT:	return sizeof(struct ipv6hdr);
	default:			return 0;
	}
}

/* Bytes that the fabric packet is longer than the tenant's. */
static inline unsigned int vpc_form_overhead(u8 form)
{
	return sizeof(struct ipv6hdr) + vpc_tlv_size(form) - vpc_form_hlen(form);
}

/**
 * vpc_csum_offset - where a transport protocol keeps a checksum over a
 *		     pseudo-header
 * @proto: IP protocol
 *
 * Return: offset in the transport header, or -1 if there is none.
 */
static inline int vpc_csum_offset(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:	return 16;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:	return 6;
	case IPPROTO_ICMPV6:	return 2;
	default:		return -1;
	}
}

/* Where 0 stands for "no checksum", a checksum that comes out as 0 is FFFF. */
static inline bool vpc_csum_zero_is_none(u8 proto)
{
	return proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE;
}

/**
 * vpc_csum_move - carry a checksum over to another pseudo-header
 * @check: the transport checksum
 * @from: unfolded sum of the addresses that it covers
 * @to: unfolded sum of the addresses that it is to cover
 * @proto: IP protocol
 *
 * Protocol and length are the same in both pseudo-headers (RFC 1624).
 */
static inline __sum16 vpc_csum_move(__sum16 check, __wsum from, __wsum to,
				    u8 proto)
{
	if (proto == IPPROTO_UDP && !check)
		return 0;
	check = csum_fold(csum_add(csum_sub(~csum_unfold(check), from), to));
	/* One's complement has two zeros; each protocol writes only one. */
	if (vpc_csum_zero_is_none(proto))
		return check ?: (__force __sum16)0xffff;
	return check == (__force __sum16)0xffff ? 0 : check;
}

static inline __wsum vpc_csum_in6(const struct in6_addr *a,
				  const struct in6_addr *b)
{
	const __be32 *p = a->s6_addr32, *q = b->s6_addr32;
	u64 sum = 0;
	int i;

	for (i = 0; i < 4; i++)
		sum += (u64)(__force u32)p[i] + (__force u32)q[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (__force __wsum)(u32)sum;
}

/* Unfolded sum of the tenant's addresses. */
static inline __wsum vpc_pkt_csum(const struct vpc_pkt *pkt)
{
	if (pkt->version == 4)
		return csum_add((__force __wsum)pkt->src.v4,
				(__force __wsum)pkt->dst.v4);
	return vpc_csum_in6(&pkt->src.v6, &pkt->dst.v6);
}

enum vpc_counter vpc_parse_ipv4(const struct iphdr *ip, unsigned int len,
				struct vpc_pkt *pkt);
enum vpc_counter vpc_parse_ipv6(const struct ipv6hdr *ip, unsigned int len,
				struct vpc_pkt *pkt);
u8 vpc_pick_form(const struct vpc_pkt *pkt, const void *l4, unsigned int len);
u32 vpc_flow_label(const struct vpc_pkt *pkt, const void *l4, unsigned int len);

void vpc_tlv_write(struct vpc_tlv *tlv, u8 type, const struct vpc_pkt *pkt);
enum vpc_counter vpc_tlv_read(const struct vpc_tlv *tlv, unsigned int len,
			      u8 type, const struct in6_addr *sid,
			      struct vpc_pkt *pkt);

void vpc_write_ipv4(struct iphdr *ip, const struct vpc_pkt *pkt);
void vpc_write_ipv6(struct ipv6hdr *ip, const struct vpc_pkt *pkt);

#endif /* _VPC_CODEC_H */
