// SPDX-License-Identifier: GPL-2.0
/*
 * Neighbours of a VM: to it, every address but its own is at the edge's MAC.
 *
 * Nothing is learned and nothing is looked up: ARP requests and neighbour
 * solicitations are answered by the edge, and never leave it.
 */

#include <linux/icmpv6.h>
#include <linux/if_arp.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/ip6_checksum.h>
#include <net/ndisc.h>

#include "icmp.h"
#include "neigh.h"
#include "nic.h"
#include "path.h"

#define VPC_ADVERT_LIFETIME	1800	/* seconds: nine adverts */

static void vpc_neigh_deliver(struct vpc_nic *nic, struct sk_buff *skb,
			      enum vpc_counter what)
{
	vpc_count(nic->counters, what, 1);
	vpc_nic_deliver(nic, skb, true);
}

static void vpc_neigh_used(struct vpc_nic *nic, struct sk_buff *skb)
{
	vpc_count(nic->counters, VPC_COUNTER_USED_NEIGH, vpc_segs(skb));
	consume_skb(skb);
}

/* ARP, RFC 826. */

struct vpc_arp {
	struct arphdr	hdr;
	u8		sha[ETH_ALEN];
	__be32		sip;
	u8		tha[ETH_ALEN];
	__be32		tip;
} __packed;

static enum vpc_counter vpc_arp_check(const struct vpc_nic *nic,
				      const struct vpc_endpoint *ep,
				      const struct vpc_arp *arp)
{
	union vpc_ip sender = { .v4 = arp->sip };

	if (arp->hdr.ar_hrd != htons(ARPHRD_ETHER) ||
	    arp->hdr.ar_pro != htons(ETH_P_IP) ||
	    arp->hdr.ar_hln != ETH_ALEN || arp->hdr.ar_pln != sizeof(__be32) ||
	    (arp->hdr.ar_op != htons(ARPOP_REQUEST) &&
	     arp->hdr.ar_op != htons(ARPOP_REPLY)))
		return VPC_DROP_NEIGH_MALFORMED;
	if (!ether_addr_equal(arp->sha, ep->mac))
		return VPC_DROP_SRC_MAC;
	if (arp->sip && !vpc_path_may_use(&nic->edge->vn->tables, ep, 4, &sender))
		return VPC_DROP_SRC_ADDR;
	return VPC_COUNTER_UNSPEC;
}

/* A probe asks whether anybody has the address that the VM would like to use:
 * it may have any but the gateway's.
 */
static bool vpc_arp_answers(const struct vpc_endpoint *ep,
			    const struct vpc_arp *arp)
{
	union vpc_ip target = { .v4 = arp->tip };

	if (arp->hdr.ar_op != htons(ARPOP_REQUEST))
		return false;
	if (!arp->sip)
		return arp->tip == VPC_GATEWAY4;
	/* An announcement (RFC 5227, 3) that is answered is a conflict. */
	if (arp->sip == arp->tip)
		return false;
	return !vpc_endpoint_has(ep, 4, &target, NULL);
}

/**
 * vpc_neigh_arp - an ARP packet from a VM
 * @nic: its device
 * @ep: its endpoint
 * @skb: the packet, at the ARP header; consumed
 *
 * Context: rcu_read_lock(), bottom halves off; counted by @nic.
 */
void vpc_neigh_arp(struct vpc_nic *nic, const struct vpc_endpoint *ep,
		   struct sk_buff *skb)
{
	enum vpc_counter reason = VPC_DROP_NEIGH_MALFORMED;
	const struct vpc_arp *arp;
	struct sk_buff *reply;

	if (!pskb_may_pull(skb, sizeof(*arp)))
		goto drop;
	arp = (const struct vpc_arp *)skb->data;
	reason = vpc_arp_check(nic, ep, arp);
	if (reason)
		goto drop;

	if (vpc_arp_answers(ep, arp)) {
		reply = arp_create(ARPOP_REPLY, ETH_P_ARP, arp->sip, nic->dev,
				   arp->tip, ep->mac, vpc_edge_mac, ep->mac);
		if (reply) {
			__skb_pull(reply, skb_network_offset(reply));
			vpc_neigh_deliver(nic, reply, VPC_COUNTER_MADE_NEIGH);
		}
	}
	vpc_neigh_used(nic, skb);
	return;

drop:
	vpc_drop(nic->counters, skb, reason);
}

/* Neighbour discovery, RFC 4861. */

static bool vpc_nd_type(u8 type)
{
	return type >= NDISC_ROUTER_SOLICITATION && type <= NDISC_REDIRECT;
}

/**
 * vpc_neigh_is_nd - is a tenant's packet neighbour discovery
 * @skb: the packet, at its IP header
 * @pkt: what it is
 *
 * Extension headers don't hide it, nor does a first fragment that they fill: where it
 * can't be told, it is (RFC 7112, RFC 7113).
 */
bool vpc_neigh_is_nd(const struct sk_buff *skb, const struct vpc_pkt *pkt)
{
	u8 proto = pkt->proto, buf;
	__be16 frag_off = 0;
	const u8 *type;
	int off = sizeof(struct ipv6hdr);

	if (pkt->version != 6)
		return false;
	if (proto != IPPROTO_ICMPV6) {
		if (likely(!ipv6_ext_hdr(proto)))
			return false;
		off = ipv6_skip_exthdr(skb, off, &proto, &frag_off);
		if (off < 0)
			return frag_off & htons(IP6_MF);
		if (proto != IPPROTO_ICMPV6 || frag_off & htons(IP6_OFFSET))
			return false;
	}
	type = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!type)
		return frag_off & htons(IP6_MF);
	return vpc_nd_type(*type);
}

/* Bytes in front of the options. */
static unsigned int vpc_nd_fixed(u8 type)
{
	switch (type) {
	case NDISC_ROUTER_SOLICITATION:
		return sizeof(struct rs_msg);
	case NDISC_ROUTER_ADVERTISEMENT:
		return sizeof(struct ra_msg);
	case NDISC_REDIRECT:
		return sizeof(struct rd_msg);
	default:
		return sizeof(struct nd_msg);
	}
}

/* Options must fill the rest exactly.  Without a source address there can't
 * be its link-layer address.
 */
static bool vpc_nd_options_ok(const u8 *opt, const u8 *end, bool no_source)
{
	while (opt < end) {
		if (end - opt < 8 || !opt[1] || opt + opt[1] * 8 > end ||
		    (no_source && opt[0] == ND_OPT_SOURCE_LL_ADDR))
			return false;
		opt += opt[1] * 8;
	}
	return true;
}

/* RFC 4861, 6.1 and 7.1: what a node must check. */
static bool vpc_nd_valid(struct sk_buff *skb, const struct vpc_pkt *pkt)
{
	unsigned int len = pkt->len - pkt->hlen, fixed;
	bool no_source = ipv6_addr_any(&pkt->src.v6);
	const struct nd_msg *nd;
	u8 type;

	if (pkt->proto != IPPROTO_ICMPV6 || pkt->hops != 255 ||
	    skb_linearize(skb))
		return false;
	nd = (const struct nd_msg *)(skb->data + pkt->hlen);
	type = nd->icmph.icmp6_type;
	fixed = vpc_nd_fixed(type);
	if (len < fixed || nd->icmph.icmp6_code ||
	    !vpc_nd_options_ok((const u8 *)nd + fixed, (const u8 *)nd + len,
			       no_source))
		return false;
	if ((type == NDISC_NEIGHBOUR_SOLICITATION ||
	     type == NDISC_NEIGHBOUR_ADVERTISEMENT) &&
	    ipv6_addr_is_multicast(&nd->target))
		return false;
	if (type == NDISC_NEIGHBOUR_SOLICITATION && no_source &&
	    !ipv6_addr_is_solict_mult(&pkt->dst.v6))
		return false;
	return skb->ip_summed == CHECKSUM_PARTIAL ||
	       !csum_ipv6_magic(&pkt->src.v6, &pkt->dst.v6, len, IPPROTO_ICMPV6,
				csum_partial(nd, len, 0));
}

/* An ICMPv6 message of the given size to a VM, zeroed but for its type. */
static struct sk_buff *vpc_nd_alloc(u8 type, unsigned int len)
{
	struct sk_buff *skb;

	skb = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) + len, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER + sizeof(struct ipv6hdr));
	skb_put_zero(skb, len);
	((struct icmp6hdr *)skb->data)->icmp6_type = type;
	return skb;
}

static void vpc_nd_send(struct vpc_nic *nic, struct sk_buff *skb,
			const struct in6_addr *from, const struct in6_addr *to,
			enum vpc_counter what)
{
	struct icmp6hdr *icmp = (struct icmp6hdr *)skb->data;
	struct vpc_pkt pkt = {
		.src.v6 = *from,
		.dst.v6 = *to,
		.proto = IPPROTO_ICMPV6,
		.hops = 255,
		.len = skb->len + sizeof(struct ipv6hdr),
	};

	icmp->icmp6_cksum = csum_ipv6_magic(from, to, skb->len, IPPROTO_ICMPV6,
					    csum_partial(icmp, skb->len, 0));
	vpc_write_ipv6(skb_push(skb, sizeof(struct ipv6hdr)), &pkt);
	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IPV6);
	vpc_neigh_deliver(nic, skb, what);
}

/* A link-layer address option is 8 bytes with an Ethernet address. */
static void vpc_nd_put_lladdr(u8 *opt, u8 type)
{
	opt[0] = type;
	opt[1] = 1;
	ether_addr_copy(opt + 2, vpc_edge_mac);
}

static void vpc_nd_answer(struct vpc_nic *nic, const struct in6_addr *target,
			  const struct in6_addr *to)
{
	struct sk_buff *skb = vpc_nd_alloc(NDISC_NEIGHBOUR_ADVERTISEMENT,
					   sizeof(struct nd_msg) + 8);
	struct nd_msg *na;
	bool probe = ipv6_addr_any(to);

	if (!skb)
		return;
	na = (struct nd_msg *)skb->data;
	na->icmph.icmp6_router = ipv6_addr_equal(target, &vpc_gateway6);
	na->icmph.icmp6_solicited = !probe;
	na->icmph.icmp6_override = 1;
	na->target = *target;
	vpc_nd_put_lladdr(na->opt, ND_OPT_TARGET_LL_ADDR);
	vpc_nd_send(nic, skb, target, probe ? &in6addr_linklocal_allnodes : to,
		    VPC_COUNTER_MADE_NEIGH);
}

/**
 * vpc_neigh_advertise - send a router advertisement to a VM
 * @nic: its device
 * @to: its address, or NULL for all nodes
 *
 * It tells the router and the MTU, and no prefix: addresses are configured.
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void vpc_neigh_advertise(struct vpc_nic *nic, const struct in6_addr *to)
{
	struct sk_buff *skb = vpc_nd_alloc(NDISC_ROUTER_ADVERTISEMENT,
					   sizeof(struct ra_msg) + 16);
	struct ra_msg *ra;
	u8 *opt;

	if (!skb)
		return;
	ra = (struct ra_msg *)skb->data;
	ra->icmph.icmp6_rt_lifetime = htons(VPC_ADVERT_LIFETIME);
	opt = (u8 *)(ra + 1);
	vpc_nd_put_lladdr(opt, ND_OPT_SOURCE_LL_ADDR);
	opt[8] = ND_OPT_MTU;
	opt[9] = 1;
	*(__be32 *)(opt + 12) = htonl(READ_ONCE(nic->dev->mtu));
	vpc_nd_send(nic, skb, &vpc_gateway6,
		    to ?: &in6addr_linklocal_allnodes, VPC_COUNTER_MADE_RA);
}

static void vpc_nd_solicited(struct vpc_nic *nic, const struct vpc_endpoint *ep,
			     const struct nd_msg *ns, const struct vpc_pkt *pkt)
{
	union vpc_ip target = { .v6 = ns->target };

	if (ipv6_addr_any(&pkt->src.v6) ?
	    ipv6_addr_equal(&target.v6, &vpc_gateway6) :
	    !vpc_endpoint_has(ep, 6, &target, NULL))
		vpc_nd_answer(nic, &target.v6, &pkt->src.v6);
}

/* Link-local addresses are the VM's own affair: they don't leave its link. */
static bool vpc_nd_source_ok(const struct vpc_nic *nic,
			     const struct vpc_endpoint *ep,
			     const struct vpc_pkt *pkt)
{
	return ipv6_addr_any(&pkt->src.v6) ||
	       ipv6_addr_type(&pkt->src.v6) & IPV6_ADDR_LINKLOCAL ||
	       vpc_path_may_use(&nic->edge->vn->tables, ep, 6, &pkt->src);
}

/**
 * vpc_neigh_nd - neighbour discovery from a VM
 * @nic: its device
 * @ep: its endpoint
 * @skb: the packet, at its IP header; consumed
 * @pkt: what it is
 *
 * Context: rcu_read_lock(), bottom halves off; counted by @nic.
 */
void vpc_neigh_nd(struct vpc_nic *nic, const struct vpc_endpoint *ep,
		  struct sk_buff *skb, const struct vpc_pkt *pkt)
{
	enum vpc_counter reason = VPC_DROP_NEIGH_MALFORMED;

	if (!vpc_nd_valid(skb, pkt))
		goto drop;
	reason = VPC_DROP_SRC_ADDR;
	if (!vpc_nd_source_ok(nic, ep, pkt))
		goto drop;

	switch (skb->data[pkt->hlen]) {
	case NDISC_NEIGHBOUR_SOLICITATION:
		vpc_nd_solicited(nic, ep, (const void *)(skb->data + pkt->hlen),
				 pkt);
		break;
	case NDISC_ROUTER_SOLICITATION:
		vpc_neigh_advertise(nic, ipv6_addr_any(&pkt->src.v6) ?
				    NULL : &pkt->src.v6);
		break;
	case NDISC_NEIGHBOUR_ADVERTISEMENT:
		break;
	default:
		reason = VPC_DROP_NEIGH_ROGUE;
		goto drop;
	}
	vpc_neigh_used(nic, skb);
	return;

drop:
	vpc_drop(nic->counters, skb, reason);
}
