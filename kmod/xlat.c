// SPDX-License-Identifier: GPL-2.0
/*
 * Translation of a packet buffer between tenant and fabric: headers, transport
 * checksum, offloads.  What the bytes of a header are is codec.c's business.
 */

#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip6_checksum.h>

#include "xlat.h"

#define VPC_GSO_MODIFIERS (SKB_GSO_DODGY | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID)

/**
 * vpc_gso_guess - say how many segments a GSO packet has
 * @skb: a GSO packet of a guest, which does not say it
 */
void vpc_gso_guess(struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int hlen = sizeof(struct udphdr);
	const struct tcphdr *th;
	struct tcphdr buf;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		int off = skb_checksum_start_offset(skb);

		if (shinfo->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
			th = skb_header_pointer(skb, off, sizeof(buf), &buf);
			if (th)
				hlen = __tcp_hdrlen(th);
		}
		hlen += max(off, 0);
	}
	shinfo->gso_segs = skb->len > hlen ?
			   DIV_ROUND_UP(skb->len - hlen, shinfo->gso_size) : 1;
}

/**
 * vpc_gso_carries - can a GSO packet be translated as one
 * @skb: the packet
 * @pkt: what it is; @form is set
 *
 * Its segments must differ in nothing that the TLV holds, and what it says of
 * itself must fit the protocol: a guest can say anything.
 */
bool vpc_gso_carries(const struct sk_buff *skb, const struct vpc_pkt *pkt)
{
	unsigned int type = skb_shinfo(skb)->gso_type & ~VPC_GSO_MODIFIERS;

	if (pkt->form == VPC_FORM_WHOLE || pkt->form == VPC_FORM_IPV4_FULL ||
	    pkt->len + VPC_TLV_MAX_LEN > U16_MAX || skb->encapsulation)
		return false;
	switch (pkt->proto) {
	case IPPROTO_TCP:
		return type == SKB_GSO_TCPV4 || type == SKB_GSO_TCPV6;
	case IPPROTO_UDP:
		return type == SKB_GSO_UDP_L4;
	default:
		return false;
	}
}

/**
 * vpc_gso_segment - cut a GSO packet in software
 * @skb: the packet, at its IP header; stays the caller's
 *
 * Return: a list of packets linked by skb->next, each at its IP header; NULL
 * or an error if it could not be cut.
 */
struct sk_buff *vpc_gso_segment(struct sk_buff *skb)
{
	return skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM);
}

/* That the segments of an IPv4 packet which goes without its ID could all have the
 * ID 0 is not said: devices of VMs can't have that, and would cut it in software.
 */
static void vpc_gso_retype(struct sk_buff *skb, u8 version)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!skb_is_gso(skb) ||
	    !(shinfo->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))
		return;
	shinfo->gso_type &= ~(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_FIXEDID);
	shinfo->gso_type |= version == 4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
}

/* The pseudo-header's share of a checksum that a device will complete. */
static __sum16 vpc_csum_seed(__wsum addrs, unsigned int len, u8 proto)
{
	__wsum sum = csum_add(addrs, (__force __wsum)htonl(len));

	return ~csum_fold(csum_add(sum, (__force __wsum)htonl(proto)));
}

/* Carry the transport checksum from one pair of addresses over to another.
 * The packet is at its transport header.
 */
static enum vpc_counter vpc_csum_xlat(struct sk_buff *skb,
				      const struct vpc_pkt *pkt,
				      __wsum from, __wsum to)
{
	int off = vpc_csum_offset(pkt->proto);
	__sum16 *check, old;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		int start = skb_checksum_start_offset(skb);

		if (start < 0)
			return VPC_DROP_CHECKSUM_FAILED;
		if (start == 0 && off >= 0 && skb->csum_offset == off &&
		    !vpc_pkt_fragment(pkt)) {
			*(__sum16 *)(skb->data + off) =
				vpc_csum_seed(to, skb->len, pkt->proto);
			return VPC_COUNTER_UNSPEC;
		}
		/* Deeper, it is the checksum of a tunnel of the tenant's: this
		 * one is complete.  Right here, it is no offload that we know.
		 */
		if (start == 0 && off >= 0 && skb_checksum_help(skb))
			return VPC_DROP_CHECKSUM_FAILED;
	}

	if (off < 0 || vpc_pkt_later_fragment(pkt) || skb->len < off + 2)
		return VPC_COUNTER_UNSPEC;
	check = (__sum16 *)(skb->data + off);
	old = *check;
	*check = vpc_csum_move(old, from, to, pkt->proto);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(csum_sub(skb->csum, (__force __wsum)old),
				     (__force __wsum)*check);
	return VPC_COUNTER_UNSPEC;
}

/* The bytes of the transport header that are read or written are at hand. */
static bool vpc_pull_l4(struct sk_buff *skb, const struct vpc_pkt *pkt,
			unsigned int offset)
{
	int off = vpc_csum_offset(pkt->proto);

	if (off < 0 || skb->len < offset + off + 2)
		return true;
	return pskb_may_pull(skb, offset + off + 2);
}

static void vpc_write_fabric(struct ipv6hdr *ip6, const struct vpc_pkt *pkt,
			     const struct in6_addr *from,
			     const struct in6_addr *to, unsigned int len,
			     u8 hop_limit)
{
	*(__be32 *)ip6 = htonl(6 << 28 | pkt->tclass << 20 | pkt->flow);
	ip6->payload_len = htons(len);
	ip6->nexthdr = NEXTHDR_DEST;
	ip6->hop_limit = hop_limit;
	ip6->saddr = *from;
	ip6->daddr = *to;
}

/**
 * vpc_encap - turn a tenant's packet into one of the fabric
 * @skb: the packet, at its IP header and trimmed to its length, without a
 *	checksum over all of it
 * @pkt: what it is; @vpc, @flow and @form are set
 * @option_type: of the TLV
 * @from: SID of the sender
 * @to: SID of the receiver
 * @hop_limit: of the fabric packet
 * @headroom: what the fabric device wants in front
 *
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_encap(struct sk_buff *skb, const struct vpc_pkt *pkt,
			   u8 option_type, const struct in6_addr *from,
			   const struct in6_addr *to, u8 hop_limit,
			   unsigned int headroom)
{
	unsigned int tlv_size = vpc_tlv_size(pkt->form);
	enum vpc_counter reason;
	struct ipv6hdr *ip6;

	__skb_pull(skb, vpc_form_hlen(pkt->form));
	if (skb_cow_head(skb, sizeof(*ip6) + tlv_size + headroom))
		return VPC_DROP_NO_MEMORY;

	/* The whole form leaves the transport header to the tenant. */
	skb_reset_transport_header(skb);
	if (pkt->form != VPC_FORM_WHOLE) {
		reason = vpc_csum_xlat(skb, pkt, vpc_pkt_csum(pkt),
				       vpc_csum_in6(from, to));
		if (reason)
			return reason;
		vpc_gso_retype(skb, 6);
	}

	vpc_tlv_write(skb_push(skb, tlv_size), option_type, pkt);
	ip6 = skb_push(skb, sizeof(*ip6));
	vpc_write_fabric(ip6, pkt, from, to, skb->len - sizeof(*ip6), hop_limit);
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb->mac_len = 0;
	skb->protocol = htons(ETH_P_IPV6);
	return VPC_COUNTER_UNSPEC;
}

/* RFC 6040: a congestion mark of the fabric goes over to the tenant's header. */
static enum vpc_counter vpc_decap_whole(struct sk_buff *skb,
					const struct vpc_pkt *pkt)
{
	u8 inner = pkt->version == 4 ? ip_hdr(skb)->tos :
				       ipv6_get_dsfield(ipv6_hdr(skb));

	return INET_ECN_decapsulate(skb, pkt->tclass, inner) > 1 ?
	       VPC_DROP_ECN : VPC_COUNTER_UNSPEC;
}

/**
 * vpc_decap - turn a packet of the fabric into the tenant's
 * @skb: the packet, at its IPv6 header; in the whole form, the tenant's IP
 *	header is in the linear part
 * @pkt: what it is; @tclass and @flow are the fabric header's.  In the other
 *	forms, @len and @hlen are set.
 * @outer: bytes of header in front of what the tenant gets
 *
 * The packet is at the tenant's IP header then, with room for Ethernet.
 *
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_decap(struct sk_buff *skb, struct vpc_pkt *pkt,
			   unsigned int outer)
{
	const struct ipv6hdr *ip6;
	enum vpc_counter reason;
	__wsum from;
	void *ip;

	if ((pkt->form != VPC_FORM_WHOLE && !vpc_pull_l4(skb, pkt, outer)) ||
	    skb_cow_head(skb, 0))
		return VPC_DROP_NO_MEMORY;
	ip6 = ipv6_hdr(skb);
	from = vpc_csum_in6(&ip6->saddr, &ip6->daddr);
	skb_pull_rcsum(skb, outer);
	skb->protocol = pkt->version == 4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);

	skb->encapsulation = 0;

	if (pkt->form == VPC_FORM_WHOLE) {
		/* A checksum that was to be put into what is gone now. */
		if (skb->ip_summed == CHECKSUM_PARTIAL &&
		    skb_checksum_start_offset(skb) < (int)pkt->hlen)
			return VPC_DROP_BAD_INNER;
		skb_reset_network_header(skb);
		skb_set_transport_header(skb, pkt->hlen);
		return vpc_decap_whole(skb, pkt);
	}

	pkt->hlen = vpc_form_hlen(pkt->form);
	pkt->len = skb->len + pkt->hlen;
	reason = vpc_csum_xlat(skb, pkt, from, vpc_pkt_csum(pkt));
	if (reason)
		return reason;
	vpc_gso_retype(skb, pkt->version);
	skb_reset_transport_header(skb);
	ip = skb_push(skb, pkt->hlen);
	if (pkt->version == 4)
		vpc_write_ipv4(ip, pkt);
	else
		vpc_write_ipv6(ip, pkt);
	skb_postpush_rcsum(skb, ip, pkt->hlen);
	skb_reset_network_header(skb);
	return VPC_COUNTER_UNSPEC;
}
