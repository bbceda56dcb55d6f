// SPDX-License-Identifier: GPL-2.0
/*
 * Tenant's IP header to TLV and back.
 *
 * Each function takes bytes and gives bytes.  What it reads, its caller has
 * made sure of: a header is there as a whole, a transport header as far as the
 * length given says.
 */

#include <linux/string.h>

#include "codec.h"

/* Protocols that an IPv6 node would read as an extension header, or that mean
 * something else over the other IP version: their packets go whole.
 */
static bool vpc_proto_whole(u8 proto, u8 version)
{
	switch (proto) {
	case 0:		/* hop-by-hop options, or reserved */
	case 43:	/* routing */
	case 44:	/* fragment */
	case 51:	/* AH */
	case 59:	/* no next header */
	case 60:	/* destination options */
	case 135:	/* mobility */
	case 139:	/* HIP */
	case 140:	/* shim6 */
		return true;
	case IPPROTO_ICMPV6:
		/* Over IPv4 its checksum has no pseudo-header. */
		return version == 4;
	default:
		return false;
	}
}

/**
 * vpc_parse_ipv4 - read a tenant's IPv4 header
 * @ip: the header, its 20 fixed bytes at least
 * @len: bytes of packet that there are, link padding included
 * @pkt: all but @vpc, @flow and @form is filled in
 *
 * The header's checksum is not looked at: options may lie outside of what the
 * caller has at hand.
 *
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_parse_ipv4(const struct iphdr *ip, unsigned int len,
				struct vpc_pkt *pkt)
{
	pkt->version = 4;
	pkt->hlen = ip->ihl * 4;
	pkt->len = ntohs(ip->tot_len);
	if (ip->version != 4 || pkt->hlen < sizeof(*ip) ||
	    pkt->len < pkt->hlen || pkt->len > len)
		return VPC_DROP_IP_MALFORMED;
	pkt->src.v4 = ip->saddr;
	pkt->dst.v4 = ip->daddr;
	pkt->id = ip->id;
	pkt->frag_off = ip->frag_off;
	pkt->proto = ip->protocol;
	pkt->tclass = ip->tos;
	pkt->hops = ip->ttl;
	/* FFFF is the second zero of a header checksum: it would not come back. */
	pkt->whole = pkt->hlen != sizeof(*ip) ||
		     ip->check == (__force __sum16)0xffff;
	return VPC_COUNTER_UNSPEC;
}

/**
 * vpc_parse_ipv6 - read a tenant's IPv6 header
 * @ip: the header
 * @len: bytes of packet that there are, link padding included
 * @pkt: all but @vpc and @form is filled in; @flow is the tenant's flow label
 *
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_parse_ipv6(const struct ipv6hdr *ip, unsigned int len,
				struct vpc_pkt *pkt)
{
	u32 word = ntohl(*(const __be32 *)ip);

	pkt->version = 6;
	pkt->hlen = sizeof(*ip);
	pkt->len = sizeof(*ip) + ntohs(ip->payload_len);
	if (word >> 28 != 6 || pkt->len > len)
		return VPC_DROP_IP_MALFORMED;
	pkt->src.v6 = ip->saddr;
	pkt->dst.v6 = ip->daddr;
	pkt->id = 0;
	pkt->frag_off = 0;
	pkt->proto = ip->nexthdr;
	pkt->tclass = word >> 20;
	pkt->flow = word & 0xfffff;
	pkt->hops = ip->hop_limit;
	pkt->whole = false;
	return VPC_COUNTER_UNSPEC;
}

/**
 * vpc_pick_form - the shortest form that carries a packet exactly
 * @pkt: the packet
 * @l4: its transport header
 * @len: bytes of the transport header at hand; a checksum that they don't
 *	reach is taken to be unfinished (%CHECKSUM_PARTIAL) or not there
 *
 * The "IPv6 short" form is not picked here: it depends on the receiver's SID.
 */
u8 vpc_pick_form(const struct vpc_pkt *pkt, const void *l4, unsigned int len)
{
	int off = vpc_csum_offset(pkt->proto);

	if (pkt->whole || vpc_proto_whole(pkt->proto, pkt->version))
		return VPC_FORM_WHOLE;

	/* The checksum's second zero would come out as the first. */
	if (off >= 0 && len >= off + 2 && !vpc_pkt_later_fragment(pkt)) {
		__u16 check;

		memcpy(&check, l4 + off, sizeof(check));
		if (pkt->proto == IPPROTO_UDPLITE ? check == 0 :
		    pkt->proto != IPPROTO_UDP && check == 0xffff)
			return VPC_FORM_WHOLE;
	}

	if (pkt->version == 6)
		return VPC_FORM_IPV6;
	return pkt->frag_off == htons(VPC_FRAG_DF) ? VPC_FORM_IPV4 :
						     VPC_FORM_IPV4_FULL;
}

static u64 vpc_mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 32);
}

/**
 * vpc_flow_label - flow label for a packet that brings none of its own
 * @pkt: the packet
 * @l4: its transport header
 * @len: bytes of the transport header at hand
 *
 * A function of addresses, protocol and, where the protocol is known to have
 * them, ports; every fragment of a datagram gets the same.  The ports of an
 * unknown protocol are not guessed at.
 *
 * Return: 20 bits, never 0 (RFC 6437).
 */
u32 vpc_flow_label(const struct vpc_pkt *pkt, const void *l4, unsigned int len)
{
	u64 hash = pkt->proto;
	__be32 ports = 0;

	switch (pkt->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
		if (len >= sizeof(ports) && !vpc_pkt_fragment(pkt))
			memcpy(&ports, l4, sizeof(ports));
	}

	if (pkt->version == 4) {
		hash = vpc_mix(hash, (u64)ntohl(pkt->src.v4) << 32 |
				     ntohl(pkt->dst.v4));
	} else {
		const __be32 *a = pkt->src.v6.s6_addr32;
		const __be32 *b = pkt->dst.v6.s6_addr32;
		int i;

		for (i = 0; i < 4; i++)
			hash = vpc_mix(hash, (u64)ntohl(a[i]) << 32 |
					     ntohl(b[i]));
	}
	/* Twice, so that the ports' last bits reach every bit of the label. */
	hash = vpc_mix(vpc_mix(hash, ntohl(ports)), 0);
	return (hash >> 12 & 0xfffff) ?: 1;
}

/**
 * vpc_tlv_write - write a Destination Options header
 * @tlv: vpc_tlv_size() bytes to fill
 * @type: option type
 * @pkt: the packet; @form names what to write
 */
void vpc_tlv_write(struct vpc_tlv *tlv, u8 type, const struct vpc_pkt *pkt)
{
	struct vpc_tlv_ipv4 *ip = (struct vpc_tlv_ipv4 *)tlv->addr;
	unsigned int size = vpc_tlv_size(pkt->form);

	tlv->nexthdr = pkt->proto;
	tlv->hdrlen = size / 8 - 1;
	tlv->type = type;
	tlv->len = pkt->form;
	tlv->hops = pkt->hops;
	tlv->vpc[0] = pkt->vpc >> 16;
	tlv->vpc[1] = pkt->vpc >> 8;
	tlv->vpc[2] = pkt->vpc;

	switch (pkt->form) {
	case VPC_FORM_WHOLE:
		tlv->nexthdr = pkt->version == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
		tlv->hops = 0;
		break;
	case VPC_FORM_IPV4_FULL:
		ip->id = pkt->id;
		ip->frag_off = pkt->frag_off;
		ip->padn[0] = VPC_PADN;
		ip->padn[1] = 2;
		ip->padn[2] = 0;
		ip->padn[3] = 0;
		fallthrough;
	case VPC_FORM_IPV4:
		ip->src = pkt->src.v4;
		ip->dst = pkt->dst.v4;
		break;
	case VPC_FORM_IPV6:
		memcpy(tlv->addr + 16, &pkt->dst.v6, 16);
		fallthrough;
	case VPC_FORM_IPV6_SHORT:
		memcpy(tlv->addr, &pkt->src.v6, 16);
		break;
	}
}

static enum vpc_counter vpc_tlv_check(const struct vpc_tlv *tlv,
				      unsigned int size, u8 type)
{
	unsigned int want;

	if (tlv->type != type)
		return VPC_DROP_NO_TLV;
	want = vpc_tlv_size(tlv->len);
	if (!want)
		return VPC_DROP_BAD_FORM;
	if (size < want)
		return VPC_DROP_BAD_HEADER;
	if (size > want)
		return VPC_DROP_EXTRA_OPTION;
	if (tlv->len == VPC_FORM_IPV4_FULL) {
		static const u8 padn[4] = { VPC_PADN, 2 };

		if (memcmp(((const struct vpc_tlv_ipv4 *)tlv->addr)->padn,
			   padn, sizeof(padn)))
			return VPC_DROP_EXTRA_OPTION;
	}
	return VPC_COUNTER_UNSPEC;
}

/**
 * vpc_tlv_read - read a Destination Options header
 * @tlv: the header, 8 bytes at least
 * @len: bytes that there are
 * @type: option type
 * @sid: destination of the fabric packet, which the "IPv6 short" form implies
 * @pkt: filled in but for @flow, @tclass, @hlen and @len; of a whole packet,
 *	only @vpc, @version and @form
 *
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_tlv_read(const struct vpc_tlv *tlv, unsigned int len,
			      u8 type, const struct in6_addr *sid,
			      struct vpc_pkt *pkt)
{
	const struct vpc_tlv_ipv4 *ip = (const struct vpc_tlv_ipv4 *)tlv->addr;
	unsigned int size = (tlv->hdrlen + 1) * 8;
	enum vpc_counter reason;

	if (size > len)
		return VPC_DROP_BAD_HEADER;
	reason = vpc_tlv_check(tlv, size, type);
	if (reason)
		return reason;

	pkt->vpc = tlv->vpc[0] << 16 | tlv->vpc[1] << 8 | tlv->vpc[2];
	if (pkt->vpc < VPC_ID_MIN || pkt->vpc > VPC_ID_MAX)
		return VPC_DROP_BAD_VPC;
	pkt->form = tlv->len;
	pkt->proto = tlv->nexthdr;
	pkt->hops = tlv->hops;
	pkt->id = 0;
	pkt->frag_off = 0;
	pkt->version = 6;

	switch (pkt->form) {
	case VPC_FORM_WHOLE:
		if (tlv->hops || (tlv->nexthdr != IPPROTO_IPIP &&
				  tlv->nexthdr != IPPROTO_IPV6))
			return VPC_DROP_BAD_FORM;
		pkt->version = tlv->nexthdr == IPPROTO_IPIP ? 4 : 6;
		return VPC_COUNTER_UNSPEC;
	case VPC_FORM_IPV4:
	case VPC_FORM_IPV4_FULL:
		pkt->version = 4;
		pkt->src.v4 = ip->src;
		pkt->dst.v4 = ip->dst;
		pkt->frag_off = htons(VPC_FRAG_DF);
		if (pkt->form == VPC_FORM_IPV4_FULL) {
			pkt->id = ip->id;
			pkt->frag_off = ip->frag_off;
		}
		break;
	case VPC_FORM_IPV6:
		memcpy(&pkt->src.v6, tlv->addr, 16);
		memcpy(&pkt->dst.v6, tlv->addr + 16, 16);
		break;
	case VPC_FORM_IPV6_SHORT:
		memcpy(&pkt->src.v6, tlv->addr, 16);
		pkt->dst.v6 = *sid;
		break;
	}

	/* No edge sends these in a form that takes the IP header off. */
	if (vpc_proto_whole(pkt->proto, pkt->version))
		return VPC_DROP_BAD_FORM;
	return VPC_COUNTER_UNSPEC;
}

/**
 * vpc_write_ipv4 - write the tenant's IPv4 header anew
 * @ip: 20 bytes to fill
 * @pkt: the packet; @len is the total length, at most 65535
 */
void vpc_write_ipv4(struct iphdr *ip, const struct vpc_pkt *pkt)
{
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = pkt->tclass;
	ip->tot_len = htons(pkt->len);
	ip->id = pkt->id;
	ip->frag_off = pkt->frag_off;
	ip->ttl = pkt->hops;
	ip->protocol = pkt->proto;
	ip->check = 0;
	ip->saddr = pkt->src.v4;
	ip->daddr = pkt->dst.v4;
	ip->check = ip_fast_csum(ip, ip->ihl);
}

/**
 * vpc_write_ipv6 - write the tenant's IPv6 header anew
 * @ip: 40 bytes to fill
 * @pkt: the packet; @len is that of header and payload
 */
void vpc_write_ipv6(struct ipv6hdr *ip, const struct vpc_pkt *pkt)
{
	*(__be32 *)ip = htonl(6 << 28 | pkt->tclass << 20 | pkt->flow);
	ip->payload_len = htons(pkt->len - sizeof(*ip));
	ip->nexthdr = pkt->proto;
	ip->hop_limit = pkt->hops;
	ip->saddr = pkt->src.v6;
	ip->daddr = pkt->dst.v6;
}
