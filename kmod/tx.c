// SPDX-License-Identifier: GPL-2.0
/*
 * The way out, from top to bottom:
 *
 *	vpc_tx			a frame from a VM: whose is it, what is it
 *	vpc_tx_ip		read the IP header, find the path
 *	vpc_tx_fabric		  cut what can't go in one piece
 *	vpc_tx_packet		  fabric route, MTU
 *	vpc_tx_local		or the receiver is on this host: MTU
 *	vpc_tx_too_large	  (fragments without DF, else an error)
 *	vpc_tx_output		translate, seal, hand over
 *
 * Segments of a path have their place in vpc_tx_output(), between translation
 * and the IPv6 header.  Whether a packet is sealed is known before its form.
 */

#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/netfilter/nf_conntrack.h>

#include "esp.h"
#include "hop.h"
#include "icmp.h"
#include "neigh.h"
#include "nic.h"
#include "path.h"
#include "trace.h"
#include "tx.h"
#include "xlat.h"

/**
 * struct vpc_tx - a packet on its way out
 * @nic: the device that sends it
 * @edge: its edge
 * @path: where it goes
 * @pkt: what it is
 * @sas: what it is sealed with, or NULL; for the fabric only
 * @group: its frame is addressed to a group
 */
struct vpc_tx {
	struct vpc_nic	*nic;
	struct vpc_edge	*edge;
	struct vpc_path	path;
	struct vpc_pkt	pkt;
	struct vpc_sas	*sas;
	bool		group;
};

static void vpc_tx_piece(struct vpc_tx *tx, struct sk_buff *skb);

static void vpc_tx_drop(const struct vpc_tx *tx, struct sk_buff *skb,
			enum vpc_counter reason)
{
	vpc_drop(tx->nic->counters, skb, reason);
}

/* Bytes of the transport header that the codec may look at: ports, and a
 * checksum that is complete.
 */
static unsigned int vpc_tx_l4_len(const struct sk_buff *skb,
				  const struct vpc_pkt *pkt)
{
	unsigned int len = min(skb_headlen(skb), pkt->len) - pkt->hlen;

	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start_offset(skb) == pkt->hlen)
		len = min(len, 4U);
	return len;
}

/* Read the IP header, trim link padding, pull what the codec looks at. */
static enum vpc_counter vpc_tx_parse(struct vpc_tx *tx, struct sk_buff *skb)
{
	struct vpc_pkt *pkt = &tx->pkt;
	enum vpc_counter reason;
	unsigned int want;

	if (skb->protocol == htons(ETH_P_IP)) {
		if (!pskb_may_pull(skb, sizeof(struct iphdr)))
			return VPC_DROP_IP_MALFORMED;
		pkt->flow = 0;
		reason = vpc_parse_ipv4((const struct iphdr *)skb->data,
					skb->len, pkt);
		if (reason)
			return reason;
		if (!pskb_may_pull(skb, pkt->hlen))
			return VPC_DROP_IP_MALFORMED;
		if (ip_fast_csum(skb->data, pkt->hlen / 4))
			return VPC_DROP_IP_CHECKSUM;
	} else {
		if (!pskb_may_pull(skb, sizeof(struct ipv6hdr)))
			return VPC_DROP_IP_MALFORMED;
		reason = vpc_parse_ipv6((const struct ipv6hdr *)skb->data,
					skb->len, pkt);
		if (reason)
			return reason;
	}
	/* A guest can say that a checksum is to be put anywhere. */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start_offset(skb) < (int)pkt->hlen)
		return VPC_DROP_CHECKSUM_FAILED;
	if (skb->len > pkt->len && pskb_trim_rcsum(skb, pkt->len))
		return skb->ip_summed == CHECKSUM_PARTIAL ?
		       VPC_DROP_CHECKSUM_FAILED : VPC_DROP_NO_MEMORY;

	/* 20 bytes reach every checksum and all ports, and what an ICMP error
	 * quotes is here, too: 8, the longest IPv4 header, ports.
	 */
	want = pkt->proto == IPPROTO_ICMP || pkt->proto == IPPROTO_ICMPV6 ? 8 + 60 + 4 :
									    20;
	want = min(pkt->len, pkt->hlen + want);
	if (!pskb_may_pull(skb, want))
		return VPC_DROP_NO_MEMORY;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, pkt->hlen);
	return VPC_COUNTER_UNSPEC;
}

/* Form and flow label. */
static void vpc_tx_form(struct vpc_tx *tx, struct sk_buff *skb)
{
	unsigned int len = vpc_tx_l4_len(skb, &tx->pkt);
	const void *l4 = skb->data + tx->pkt.hlen;
	struct vpc_pkt *pkt = &tx->pkt;

	pkt->form = vpc_pick_form(pkt, l4, len);
	if (pkt->form == VPC_FORM_IPV6 && READ_ONCE(tx->edge->short_form) && !tx->sas &&
	    ipv6_addr_equal(&pkt->dst.v6, &tx->path.dst->sid.addr))
		pkt->form = VPC_FORM_IPV6_SHORT;
	if (!pkt->flow)
		pkt->flow = vpc_flow_label(pkt, l4, len);
}

static void vpc_tx_output(struct vpc_tx *tx, struct sk_buff *skb,
			  struct dst_entry *dst, bool noref)
{
	const struct in6_addr *from = &tx->path.src->sid.addr;
	const struct in6_addr *to = &tx->path.dst->sid.addr;
	unsigned int segs = vpc_segs(skb);
	unsigned int headroom = LL_RESERVED_SPACE(dst->dev);
	enum vpc_counter reason;

	reason = VPC_DROP_NO_MEMORY;
	if (tx->sas) {
		headroom += VPC_ESP_HLEN;
		if (!vpc_esp_ready(&skb, dst))
			goto drop;
	}
	reason = vpc_encap(skb, &tx->pkt, READ_ONCE(tx->edge->option_type),
			   from, to, ip6_dst_hoplimit(dst), headroom);
	if (reason)
		goto drop;
	trace_vpc_translate(skb, tx->nic->dev, &tx->pkt, from, to);

	skb_scrub_packet(skb, true);
	/* What a tenant's neighbour confirms is no neighbour of the host. */
	skb_set_dst_pending_confirm(skb, 0);
	skb->priority = 0;
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	skb->dev = dst->dev;
	if (noref)
		skb_dst_set_noref(skb, dst);
	else
		skb_dst_set(skb, dst);
	if (tx->sas) {
		vpc_esp_seal(tx->nic, tx->sas, skb);
		return;
	}
	vpc_count(tx->nic->counters, VPC_COUNTER_TO_FABRIC, segs);
	ip6_local_out(tx->edge->vn->net, NULL, skb);
	return;

drop:
	if (!noref)
		dst_release(dst);
	vpc_tx_drop(tx, skb, reason);
}

/* Options that are not to be copied become no-ops in later fragments (RFC 791). */
static void vpc_tx_blank_options(struct iphdr *ip)
{
	u8 *opt = (u8 *)(ip + 1), *end = (u8 *)ip + ip->ihl * 4;

	while (opt < end && *opt != IPOPT_END) {
		unsigned int len = *opt == IPOPT_NOOP ? 1 : 0;

		if (!len) {
			if (opt + 1 >= end || opt[1] < 2 || opt + opt[1] > end)
				return;
			len = opt[1];
		}
		if (!IPOPT_COPIED(*opt))
			memset(opt, IPOPT_NOOP, len);
		opt += len;
	}
}

/* An IPv4 packet without DF that is too large is fragmented as the tenant's
 * router would do it; each fragment then takes the way of any packet.
 */
static void vpc_tx_fragment(struct vpc_tx *tx, struct sk_buff *skb, u32 mtu)
{
	unsigned int hlen = tx->pkt.hlen;
	struct ip_frag_state state;
	struct sk_buff *frag;
	bool first = true;

	if (mtu < hlen + 8) {
		vpc_tx_drop(tx, skb, VPC_DROP_FRAGMENT_SHORT);
		return;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)) {
		vpc_tx_drop(tx, skb, VPC_DROP_CHECKSUM_FAILED);
		return;
	}
	if (skb_cow_head(skb, 0)) {
		vpc_tx_drop(tx, skb, VPC_DROP_NO_MEMORY);
		return;
	}

	/* The headroom counts on an Ethernet header, and on one form. */
	ip_frag_init(skb, hlen, tx->edge->headroom + ETH_HLEN +
		     sizeof(struct ipv6hdr), mtu - hlen, false, &state);
	while (state.left > 0) {
		frag = ip_frag_next(skb, &state);
		if (IS_ERR(frag)) {
			vpc_tx_drop(tx, skb, VPC_DROP_NO_MEMORY);
			return;
		}
		if (first)
			vpc_tx_blank_options(ip_hdr(skb));
		first = false;
		vpc_count(tx->nic->counters, VPC_COUNTER_MADE_FRAGMENT, 1);
		vpc_tx_piece(tx, frag);
	}
	vpc_count(tx->nic->counters, VPC_COUNTER_USED_FRAGMENTED, 1);
	consume_skb(skb);
}

/* The largest packet of this form that the VM may send this way. */
static u32 vpc_tx_mtu(const struct vpc_tx *tx, const struct dst_entry *dst)
{
	u32 room = tx->sas ? vpc_esp_room(dst_mtu(dst)) : dst_mtu(dst);

	return min_t(u32, READ_ONCE(tx->nic->dev->mtu),
		     room - vpc_form_overhead(tx->pkt.form));
}

static bool vpc_tx_fits(const struct sk_buff *skb, u32 mtu)
{
	return skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) :
				 skb->len <= mtu;
}

static void vpc_tx_segments(struct vpc_tx *tx, struct sk_buff *skb)
{
	unsigned int said = vpc_segs(skb), n = 0;
	struct sk_buff *segs, *next;

	segs = vpc_gso_segment(skb);
	if (IS_ERR_OR_NULL(segs)) {
		vpc_tx_drop(tx, skb, VPC_DROP_GSO_FAILED);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		n++;
		vpc_tx_piece(tx, skb);
	}
	/* What a guest says of its packet may prove wrong. */
	vpc_count(tx->nic->counters, VPC_COUNTER_FROM_VM, (u64)n - said);
}

static void vpc_tx_too_large(struct vpc_tx *tx, struct sk_buff *skb, u32 mtu)
{
	if (tx->pkt.version == 6 || tx->pkt.frag_off & htons(VPC_FRAG_DF)) {
		vpc_icmp_too_big(tx->nic, skb, &tx->pkt, mtu);
		vpc_tx_drop(tx, skb, VPC_DROP_TOO_BIG);
	} else if (skb_is_gso(skb)) {
		vpc_tx_segments(tx, skb);
	} else {
		vpc_tx_fragment(tx, skb, mtu);
	}
}

/* One packet that goes in one piece, or one GSO packet. */
static void vpc_tx_packet(struct vpc_tx *tx, struct sk_buff *skb)
{
	struct dst_entry *dst;
	bool noref;
	u32 mtu;

	dst = vpc_hop_route(tx->edge, tx->path.dst, &tx->path.src->sid.addr,
			    tx->pkt.flow, &noref);
	if (unlikely(!dst)) {
		vpc_icmp_unreachable(tx->nic, skb, &tx->pkt, false);
		vpc_tx_drop(tx, skb, VPC_DROP_FABRIC_ROUTE);
		return;
	}

	mtu = vpc_tx_mtu(tx, dst);
	if (likely(vpc_tx_fits(skb, mtu))) {
		vpc_tx_output(tx, skb, dst, noref);
		return;
	}
	if (!noref)
		dst_release(dst);
	vpc_tx_too_large(tx, skb, mtu);
}

/* Both ends are on this host: nothing to translate, and the tables that have
 * been asked are those that the receiver would ask.
 */
static void vpc_tx_local(struct vpc_tx *tx, struct sk_buff *skb)
{
	u32 mtu = min(READ_ONCE(tx->nic->dev->mtu),
		      READ_ONCE(tx->path.dst->nic->dev->mtu));

	if (unlikely(!vpc_tx_fits(skb, mtu))) {
		vpc_tx_too_large(tx, skb, mtu);
		return;
	}
	/* The other VM may keep it for as long as it likes, but not the sender's pages. */
	if (skb_orphan_frags_rx(skb, GFP_ATOMIC) || skb_cow_head(skb, ETH_HLEN)) {
		vpc_tx_drop(tx, skb, VPC_DROP_NO_MEMORY);
		return;
	}
	tx->pkt.form = VPC_FORM_NONE;
	trace_vpc_translate(skb, tx->nic->dev, &tx->pkt,
			    &tx->path.src->sid.addr, &tx->path.dst->sid.addr);
	vpc_nic_deliver(tx->path.dst->nic, skb, true);
}

/* A segment or a fragment of what the VM sent: a packet of its own. */
static void vpc_tx_piece(struct vpc_tx *tx, struct sk_buff *skb)
{
	enum vpc_counter reason = vpc_tx_parse(tx, skb);

	if (reason) {
		vpc_tx_drop(tx, skb, reason);
	} else if (tx->path.dst->sid.local) {
		vpc_tx_local(tx, skb);
	} else {
		vpc_tx_form(tx, skb);
		vpc_tx_packet(tx, skb);
	}
}

static void vpc_tx_fabric(struct vpc_tx *tx, struct sk_buff *skb)
{
	enum vpc_counter reason;

	reason = vpc_esp_choose(tx->edge, &tx->path.dst->sid.addr, &tx->sas);
	if (unlikely(reason)) {
		vpc_icmp_unreachable(tx->nic, skb, &tx->pkt, true);
		vpc_tx_drop(tx, skb, reason);
		return;
	}
	vpc_tx_form(tx, skb);
	if (skb_is_gso(skb) && !vpc_gso_carries(skb, &tx->pkt))
		vpc_tx_segments(tx, skb);
	else
		vpc_tx_packet(tx, skb);
}

static void vpc_tx_ip(struct vpc_tx *tx, struct sk_buff *skb)
{
	enum vpc_counter reason;

	reason = vpc_tx_parse(tx, skb);
	if (reason)
		goto drop;
	tx->pkt.vpc = tx->path.src->sid.vpc;
	if (vpc_neigh_is_nd(skb, &tx->pkt)) {
		vpc_neigh_nd(tx->nic, tx->path.src, skb, &tx->pkt);
		return;
	}
	reason = VPC_DROP_MULTICAST;
	if (tx->group || vpc_path_group(&tx->pkt))
		goto drop;
	reason = VPC_DROP_EDGE_DOWN;
	if (unlikely(!(READ_ONCE(tx->edge->dev->flags) & IFF_UP)))
		goto drop;

	reason = vpc_path_send(&tx->edge->vn->tables, &tx->pkt,
			       skb->data + tx->pkt.hlen,
			       min(skb_headlen(skb), tx->pkt.len) - tx->pkt.hlen,
			       &tx->path);
	if (unlikely(reason)) {
		if (reason != VPC_DROP_SRC_ADDR && reason != VPC_DROP_BLACKHOLE)
			vpc_icmp_unreachable(tx->nic, skb, &tx->pkt,
					     reason == VPC_DROP_PROHIBITED);
		goto drop;
	}
	if (tx->path.dst->sid.local)
		vpc_tx_local(tx, skb);
	else
		vpc_tx_fabric(tx, skb);
	return;

drop:
	vpc_tx_drop(tx, skb, reason);
}

/* Addresses and type of the frame. */
static enum vpc_counter vpc_tx_frame(const struct vpc_tx *tx,
				     const struct sk_buff *skb,
				     const struct ethhdr *eth)
{
	if (skb_vlan_tag_present(skb) || eth_type_vlan(eth->h_proto))
		return VPC_DROP_VLAN;
	if (!ether_addr_equal(eth->h_source, tx->path.src->mac))
		return VPC_DROP_SRC_MAC;
	if (eth->h_proto != htons(ETH_P_IP) && eth->h_proto != htons(ETH_P_IPV6) &&
	    eth->h_proto != htons(ETH_P_ARP))
		return VPC_DROP_NOT_IP;
	if (!ether_addr_equal(eth->h_dest, vpc_edge_mac) &&
	    !is_multicast_ether_addr(eth->h_dest))
		return VPC_DROP_DST_MAC;
	return VPC_COUNTER_UNSPEC;
}

/**
 * vpc_tx - transmit function of an endpoint device
 * @skb: a frame from a VM
 * @dev: the device
 */
netdev_tx_t vpc_tx(struct sk_buff *skb, struct net_device *dev)
{
	struct vpc_tx tx;
	enum vpc_counter reason;
	const struct ethhdr *eth;

	tx.nic = netdev_priv(dev);
	tx.edge = tx.nic->edge;
	vpc_gso_settle(skb);
	/* A checksum that a NIC has summed is over headers that change here. */
	skb_forward_csum(skb);
	vpc_count(tx.nic->counters, VPC_COUNTER_FROM_VM, vpc_segs(skb));
	vpc_count(tx.nic->counters, VPC_COUNTER_BYTES_FROM_VM,
		  skb->len - min_t(unsigned int, skb->len, ETH_HLEN));

	rcu_read_lock();
	tx.path.src = rcu_dereference(tx.nic->ep);
	reason = VPC_DROP_VM_DOWN;
	if (unlikely(!tx.path.src))
		goto drop;
	reason = VPC_DROP_IP_MALFORMED;
	if (unlikely(!pskb_may_pull(skb, ETH_HLEN)))
		goto drop;
	eth = (const struct ethhdr *)skb->data;
	reason = vpc_tx_frame(&tx, skb, eth);
	if (unlikely(reason))
		goto drop;

	skb_reset_mac_header(skb);
	skb->protocol = eth->h_proto;
	tx.group = is_multicast_ether_addr(eth->h_dest);
	__skb_pull(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	skb->mac_len = 0;
	if (skb->protocol == htons(ETH_P_ARP))
		vpc_neigh_arp(tx.nic, tx.path.src, skb);
	else
		vpc_tx_ip(&tx, skb);
	rcu_read_unlock();
	return NETDEV_TX_OK;

drop:
	vpc_drop(tx.nic->counters, skb, reason);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
