// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors.
 *
 * To a VM, the edge is its router: an error comes from the gateway's address,
 * speaks in the tenant's terms and quotes the tenant's own packet.  An error
 * of the fabric quotes a fabric packet; what it says is carried over when the
 * quote holds enough to rebuild the tenant's packet, with no state kept.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <linux/netfilter_ipv6.h>

#include "esp.h"
#include "icmp.h"
#include "neigh.h"
#include "nic.h"
#include "path.h"
#include "xlat.h"

/* Errors per second and CPU that a VM is sent, and how many in one go. */
#define VPC_ICMP_RATE	1000
#define VPC_ICMP_BURST	100

#define VPC_ICMP4_MAX	576		/* RFC 1812, 4.3.2.3 */
#define VPC_ICMP_HLEN	8		/* of ICMP and ICMPv6 errors alike */

const struct in6_addr vpc_gateway6 = {
	.s6_addr = { 0xfe, 0x80, [15] = 1 },
};

static bool vpc_icmp_allow(struct vpc_nic *nic)
{
	struct vpc_bucket *bucket = this_cpu_ptr(nic->bucket);
	unsigned long passed = jiffies - bucket->stamp;

	if (passed) {
		bucket->stamp = jiffies;
		bucket->tokens = min_t(unsigned long, VPC_ICMP_BURST,
				       bucket->tokens + min(passed, (unsigned long)HZ) *
				       VPC_ICMP_RATE / HZ);
	}
	if (!bucket->tokens)
		return false;
	bucket->tokens--;
	return true;
}

/* No errors about errors, and none about fragments after the first. */
static bool vpc_icmp_may_answer(const struct sk_buff *skb,
				const struct vpc_pkt *pkt)
{
	const u8 *type;
	u8 buf;

	if (vpc_pkt_later_fragment(pkt))
		return false;
	if (pkt->version == 4 && pkt->proto == IPPROTO_ICMP) {
		type = skb_header_pointer(skb, pkt->hlen, sizeof(buf), &buf);
		return type && !icmp_is_err(*type);
	}
	if (pkt->version == 6) {
		u8 proto = pkt->proto;
		__be16 frag_off = 0;
		int off;

		off = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &proto,
				       &frag_off);
		if (off < 0 || frag_off & htons(0xfff8))
			return false;
		if (proto == IPPROTO_ICMPV6) {
			type = skb_header_pointer(skb, off, sizeof(buf), &buf);
			return type && *type & ICMPV6_INFOMSG_MASK;
		}
	}
	return true;
}

/* An empty error, with the quote in place and headers to be filled in. */
static struct sk_buff *vpc_icmp_alloc(const struct sk_buff *orig,
				      unsigned int hlen, unsigned int max)
{
	unsigned int quote = min(orig->len, max - hlen - VPC_ICMP_HLEN);
	struct sk_buff *skb;

	skb = alloc_skb(LL_MAX_HEADER + hlen + VPC_ICMP_HLEN + quote, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER + hlen);
	skb_put_zero(skb, VPC_ICMP_HLEN);
	if (skb_copy_bits(orig, 0, skb_put(skb, quote), quote)) {
		kfree_skb(skb);
		return NULL;
	}
	skb->ip_summed = CHECKSUM_NONE;
	return skb;
}

static void vpc_icmp_deliver(struct vpc_nic *nic, struct sk_buff *skb,
			     __be16 protocol)
{
	skb->protocol = protocol;
	skb_reset_network_header(skb);
	vpc_count(nic->counters, VPC_COUNTER_MADE_ERROR, 1);
	vpc_nic_deliver(nic, skb, true);
}

/* Is the packet one that a VM passes on for another.  Routers don't pass on what
 * comes from a link, so that an error for who is behind one has to come from where
 * the packet was going.
 */
static bool vpc_icmp_passed_on(const struct vpc_nic *nic, const struct vpc_pkt *pkt)
{
	const struct vpc_endpoint *ep = rcu_dereference(nic->ep);

	return ep && !vpc_endpoint_has(ep, pkt->version, &pkt->src, NULL);
}

static void vpc_icmp_send4(struct vpc_nic *nic, const struct sk_buff *orig,
			   const struct vpc_pkt *pkt, u8 type, u8 code, u16 mtu)
{
	struct sk_buff *skb = vpc_icmp_alloc(orig, sizeof(struct iphdr),
					     VPC_ICMP4_MAX);
	struct vpc_pkt reply = {
		.src.v4 = VPC_GATEWAY4,
		.dst.v4 = pkt->src.v4,
		.proto = IPPROTO_ICMP,
		.tclass = 0xc0,		/* internetwork control, RFC 1812 */
		.hops = 64,
	};
	struct icmphdr *icmp;

	if (!skb)
		return;
	if (vpc_icmp_passed_on(nic, pkt))
		reply.src = pkt->dst;
	icmp = (struct icmphdr *)skb->data;
	icmp->type = type;
	icmp->code = code;
	icmp->un.frag.mtu = htons(mtu);
	icmp->checksum = csum_fold(skb_checksum(skb, 0, skb->len, 0));
	reply.len = skb->len + sizeof(struct iphdr);
	vpc_write_ipv4(skb_push(skb, sizeof(struct iphdr)), &reply);
	vpc_icmp_deliver(nic, skb, htons(ETH_P_IP));
}

static void vpc_icmp_send6(struct vpc_nic *nic, const struct sk_buff *orig,
			   const struct vpc_pkt *pkt, u8 type, u8 code, u32 mtu)
{
	struct sk_buff *skb = vpc_icmp_alloc(orig, sizeof(struct ipv6hdr),
					     IPV6_MIN_MTU);
	struct vpc_pkt reply = {
		.src.v6 = vpc_gateway6,
		.dst.v6 = pkt->src.v6,
		.proto = IPPROTO_ICMPV6,
		.hops = 64,
	};
	struct icmp6hdr *icmp;

	if (!skb)
		return;
	if (vpc_icmp_passed_on(nic, pkt))
		reply.src = pkt->dst;
	icmp = (struct icmp6hdr *)skb->data;
	icmp->icmp6_type = type;
	icmp->icmp6_code = code;
	icmp->icmp6_mtu = htonl(mtu);
	icmp->icmp6_cksum = csum_ipv6_magic(&reply.src.v6, &reply.dst.v6,
					    skb->len, IPPROTO_ICMPV6,
					    skb_checksum(skb, 0, skb->len, 0));
	reply.len = skb->len + sizeof(struct ipv6hdr);
	vpc_write_ipv6(skb_push(skb, sizeof(struct ipv6hdr)), &reply);
	vpc_icmp_deliver(nic, skb, htons(ETH_P_IPV6));
}

/**
 * vpc_icmp_too_big - tell a VM that its packet is too large
 * @nic: its device
 * @skb: the packet, at its IP header; stays the caller's
 * @pkt: what it is
 * @mtu: the largest packet of this kind that fits
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void vpc_icmp_too_big(struct vpc_nic *nic, const struct sk_buff *skb,
		      const struct vpc_pkt *pkt, u32 mtu)
{
	if (!vpc_icmp_may_answer(skb, pkt) || !vpc_icmp_allow(nic))
		return;
	if (pkt->version == 4)
		vpc_icmp_send4(nic, skb, pkt, ICMP_DEST_UNREACH,
			       ICMP_FRAG_NEEDED, mtu);
	else
		vpc_icmp_send6(nic, skb, pkt, ICMPV6_PKT_TOOBIG, 0, mtu);
}

/**
 * vpc_icmp_unreachable - tell a VM that its packet went nowhere
 * @nic: its device
 * @skb: the packet, at its IP header; stays the caller's
 * @pkt: what it is
 * @prohibited: by decision, not for want of a way
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void vpc_icmp_unreachable(struct vpc_nic *nic, const struct sk_buff *skb,
			  const struct vpc_pkt *pkt, bool prohibited)
{
	if (!vpc_icmp_may_answer(skb, pkt) || !vpc_icmp_allow(nic))
		return;
	if (pkt->version == 4)
		vpc_icmp_send4(nic, skb, pkt, ICMP_DEST_UNREACH,
			       prohibited ? ICMP_PKT_FILTERED : ICMP_HOST_UNREACH,
			       0);
	else
		vpc_icmp_send6(nic, skb, pkt, ICMPV6_DEST_UNREACH,
			       prohibited ? ICMPV6_ADM_PROHIBITED :
					    ICMPV6_ADDR_UNREACH, 0);
}

/**
 * struct vpc_quote - what an error of the fabric quotes
 * @ip6: the fabric header
 * @tlv: behind it
 * @pkt: what they say
 * @offset: of the tenant's payload, in the error's packet
 */
struct vpc_quote {
	const struct ipv6hdr	*ip6;
	const struct vpc_tlv	*tlv;
	struct vpc_pkt		pkt;
	unsigned int		offset;
};

#define VPC_QUOTE_OFFSET	(sizeof(struct ipv6hdr) + VPC_ICMP_HLEN)

/* Read the quote.  What was sealed or segmented is not ours to read here.
 * Context: the error is at its IPv6 header.
 */
static bool vpc_quote_read(struct vpc_edge *edge, struct sk_buff *skb,
			   struct vpc_quote *quote)
{
	unsigned int off = VPC_QUOTE_OFFSET + sizeof(struct ipv6hdr);
	unsigned int len = min_t(unsigned int, skb->len, off + VPC_TLV_MAX_LEN);

	if (len < off + VPC_TLV_WHOLE_LEN || !pskb_may_pull(skb, len))
		return false;
	quote->ip6 = (const struct ipv6hdr *)(skb->data + VPC_QUOTE_OFFSET);
	quote->tlv = (const struct vpc_tlv *)(quote->ip6 + 1);
	if (quote->ip6->nexthdr != NEXTHDR_DEST ||
	    vpc_tlv_read(quote->tlv, len - off, READ_ONCE(edge->option_type),
			 &quote->ip6->daddr, &quote->pkt))
		return false;
	quote->pkt.tclass = ipv6_get_dsfield(quote->ip6);
	quote->pkt.flow = ntohl(ip6_flowlabel(quote->ip6));
	quote->offset = off + vpc_tlv_size(quote->pkt.form);
	return true;
}

/* The tenant's header of a whole packet is behind the TLV. */
static bool vpc_quote_read_whole(struct sk_buff *skb, struct vpc_quote *quote)
{
	union {
		struct iphdr	v4;
		struct ipv6hdr	v6;
	} buf;
	const void *ip;

	ip = skb_header_pointer(skb, quote->offset, quote->pkt.version == 4 ?
				sizeof(buf.v4) : sizeof(buf.v6), &buf);
	if (!ip)
		return false;
	/* The quote may be cut short: lengths are not to be believed. */
	return quote->pkt.version == 4 ?
	       !vpc_parse_ipv4(ip, U16_MAX, &quote->pkt) :
	       !vpc_parse_ipv6(ip, U16_MAX + sizeof(buf.v6), &quote->pkt);
}

/* The tenant's packet as far as it is quoted. */
static struct sk_buff *vpc_quote_rebuild(const struct sk_buff *skb,
					 struct vpc_quote *quote)
{
	unsigned int hlen = vpc_form_hlen(quote->pkt.form);
	/* More than an error of ours can quote is of no use. */
	unsigned int left = min_t(unsigned int, skb->len - quote->offset,
				  IPV6_MIN_MTU);
	struct vpc_pkt *pkt = &quote->pkt;
	int off = vpc_csum_offset(pkt->proto);
	struct sk_buff *orig;
	__sum16 *check;

	orig = alloc_skb(hlen + left, GFP_ATOMIC);
	if (!orig)
		return NULL;
	skb_reserve(orig, hlen);
	if (skb_copy_bits(skb, quote->offset, skb_put(orig, left), left)) {
		kfree_skb(orig);
		return NULL;
	}
	if (!hlen)
		return orig;

	if (off >= 0 && left >= off + 2 && !vpc_pkt_later_fragment(pkt)) {
		check = (__sum16 *)(orig->data + off);
		*check = vpc_csum_move(*check,
				       vpc_csum_in6(&quote->ip6->saddr,
						    &quote->ip6->daddr),
				       vpc_pkt_csum(pkt), pkt->proto);
	}
	pkt->hlen = hlen;
	pkt->len = ntohs(quote->ip6->payload_len) - vpc_tlv_size(pkt->form) + hlen;
	if (pkt->version == 4)
		vpc_write_ipv4(skb_push(orig, hlen), pkt);
	else
		vpc_write_ipv6(skb_push(orig, hlen), pkt);
	return orig;
}

/* The quoted packet is one that this endpoint can have sent. */
static bool vpc_quote_ours(const struct vpc_nic *nic, const struct vpc_endpoint *ep,
			   const struct vpc_quote *quote)
{
	const struct vpc_tables *t = &nic->edge->vn->tables;

	return ipv6_addr_equal(&quote->ip6->saddr, &ep->sid.addr) &&
	       quote->pkt.vpc == ep->sid.vpc &&
	       vpc_path_may_use(t, ep, quote->pkt.version, &quote->pkt.src) &&
	       vpc_path_may_reach(t, &quote->pkt, &quote->ip6->daddr);
}

/* A fabric carries 1280 bytes of a VM whatever is around them, and VMs don't believe
 * less: who says so cuts them off.
 */
static void vpc_icmp_fabric_mtu(struct vpc_nic *nic, struct sk_buff *skb, u32 mtu,
				u32 overhead)
{
	mtu = max(mtu, IPV6_MIN_MTU + overhead);
	__skb_pull(skb, VPC_QUOTE_OFFSET);
	ip6_update_pmtu(skb, nic->edge->vn->net, htonl(mtu), vpc_edge_l3mdev(nic->edge),
			0, GLOBAL_ROOT_UID);
	__skb_push(skb, VPC_QUOTE_OFFSET);
}

static void vpc_icmp_fabric_carry(struct vpc_nic *nic, struct sk_buff *skb,
				  struct vpc_quote *quote, bool prohibited)
{
	struct sk_buff *orig = vpc_quote_rebuild(skb, quote);

	if (!orig)
		return;
	vpc_icmp_unreachable(nic, orig, &quote->pkt, prohibited);
	consume_skb(orig);
}

/* An error about a sealed packet can't be told the VM, who could not know it.
 * That it was too big is believed if it is one that can have been sent.
 */
static bool vpc_icmp_sealed(struct vpc_nic *nic, const struct vpc_endpoint *ep,
			    struct sk_buff *skb, const struct icmp6hdr *icmp)
{
	unsigned int off = VPC_QUOTE_OFFSET + sizeof(struct ipv6hdr);
	const struct ipv6hdr *ip6;
	__be32 spi;

	if (skb->len < off + sizeof(spi) || !pskb_may_pull(skb, off + sizeof(spi)))
		return false;
	ip6 = (const struct ipv6hdr *)(skb->data + VPC_QUOTE_OFFSET);
	spi = *(const __be32 *)(ip6 + 1);
	if (!ipv6_addr_equal(&ip6->saddr, &ep->sid.addr) ||
	    !vpc_sid_find(&nic->edge->vn->tables, &ip6->daddr) ||
	    !vpc_esp_sent(nic->edge, &ip6->daddr, ntohl(spi)))
		return false;
	if (icmp->icmp6_type == ICMPV6_PKT_TOOBIG)
		vpc_icmp_fabric_mtu(nic, skb, ntohl(icmp->icmp6_mtu),
				    VPC_WHOLE_OVERHEAD + VPC_ESP_OVERHEAD);
	return true;
}

static bool vpc_icmp_quotes_esp(const struct sk_buff *skb)
{
	unsigned int off = VPC_QUOTE_OFFSET + offsetof(struct ipv6hdr, nexthdr);
	const u8 *nexthdr;
	u8 buf;

	nexthdr = skb_header_pointer(skb, off, sizeof(buf), &buf);
	return nexthdr && *nexthdr == NEXTHDR_ESP;
}

/**
 * vpc_icmp_fabric - an ICMPv6 error of the fabric about a packet of a VM
 * @nic: the VM's device
 * @ep: its endpoint
 * @skb: the error, at its IPv6 header; consumed
 *
 * "Packet too big" becomes the route's MTU, and reaches the VM at its next
 * packet.  What else went wrong in the fabric is for the VM an unreachable
 * host: to it the fabric has no hops that a time could be exceeded at.
 *
 * Context: rcu_read_lock(), bottom halves off; counted by @nic.
 */
void vpc_icmp_fabric(struct vpc_nic *nic, struct vpc_endpoint *ep,
		     struct sk_buff *skb)
{
	struct vpc_quote quote;
	struct icmp6hdr icmp;

	if (!pskb_may_pull(skb, VPC_QUOTE_OFFSET) ||
	    nf_ip6_checksum(skb, NF_INET_PRE_ROUTING, sizeof(struct ipv6hdr),
			    IPPROTO_ICMPV6)) {
		vpc_drop(nic->counters, skb, VPC_DROP_BAD_HEADER);
		return;
	}
	icmp = *(const struct icmp6hdr *)(skb->data + sizeof(struct ipv6hdr));
	if (vpc_icmp_quotes_esp(skb)) {
		if (!vpc_icmp_sealed(nic, ep, skb, &icmp)) {
			vpc_drop(nic->counters, skb, VPC_DROP_BAD_QUOTE);
			return;
		}
		goto used;
	}
	if (!vpc_quote_read(nic->edge, skb, &quote) ||
	    (quote.pkt.form == VPC_FORM_WHOLE &&
	     !vpc_quote_read_whole(skb, &quote)) ||
	    !vpc_quote_ours(nic, ep, &quote)) {
		vpc_drop(nic->counters, skb, VPC_DROP_BAD_QUOTE);
		return;
	}
	/* About what is not sent. */
	if (!vpc_esp_takes_clear(nic->edge, &quote.ip6->daddr)) {
		vpc_drop(nic->counters, skb, VPC_DROP_CLEAR);
		return;
	}

	switch (icmp.icmp6_type) {
	case ICMPV6_PKT_TOOBIG:
		vpc_icmp_fabric_mtu(nic, skb, ntohl(icmp.icmp6_mtu), VPC_WHOLE_OVERHEAD);
		break;
	case ICMPV6_DEST_UNREACH:
		vpc_icmp_fabric_carry(nic, skb, &quote,
				      icmp.icmp6_code == ICMPV6_ADM_PROHIBITED);
		break;
	case ICMPV6_TIME_EXCEED:
	case ICMPV6_PARAMPROB:
		vpc_icmp_fabric_carry(nic, skb, &quote, false);
		break;
	}
used:
	vpc_count(nic->counters, VPC_COUNTER_USED_ERROR, vpc_segs(skb));
	consume_skb(skb);
}
