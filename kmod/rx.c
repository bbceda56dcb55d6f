// SPDX-License-Identifier: GPL-2.0
/*
 * The way in, from top to bottom:
 *
 *	vpc_rx			hook on incoming IPv6: is it for a SID?
 *	vpc_rx_stray		  (for none of this host)
 *	vpc_rx_nic		may it come this way, what is it
 *	vpc_rx_headers		extension headers up to the TLV
 *	vpc_rx_accept		does the path lead here
 *	vpc_rx_deliver		translate, hand over
 *
 * A sealed packet leaves vpc_rx_nic() for esp.c.  When it has been opened it comes
 * to vpc_rx_opened(), through GRO, as one of the edge's own device.
 *
 * Segments of a path have their place in vpc_rx_headers().
 *
 * The hook runs after GRO and before defragmentation, connection tracking and
 * routing.  vpc_rx_host() takes what the host itself routes into an edge.
 */

#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip6_route.h>

#include "esp.h"
#include "icmp.h"
#include "neigh.h"
#include "nic.h"
#include "path.h"
#include "rx.h"
#include "trace.h"
#include "xlat.h"

/* Before defragmentation (-400) and everything else that looks at packets. */
#define VPC_HOOK_PRIORITY	(NF_IP6_PRI_RAW_BEFORE_DEFRAG - 50)

/**
 * struct vpc_rx - a packet on its way in
 * @nic: the device of the endpoint that it is for
 * @path: where it went
 * @pkt: what it is
 * @outer: bytes in front of what the tenant gets
 * @opened: it was sealed
 */
struct vpc_rx {
	struct vpc_nic	*nic;
	struct vpc_path	path;
	struct vpc_pkt	pkt;
	unsigned int	outer;
	bool		opened;
};

/* BIG TCP puts a jumbo payload option (RFC 2675) in front of everything when
 * GRO has merged more than 64 KiB.
 */
static bool vpc_rx_jumbo(const struct sk_buff *skb, const u8 *hbh)
{
	return skb_is_gso(skb) && hbh[1] == 0 && hbh[2] == IPV6_TLV_JUMBO &&
	       hbh[3] == 4;
}

static bool vpc_rx_is_srh(const struct sk_buff *skb, unsigned int off)
{
	const struct ipv6_rt_hdr *rt;
	struct ipv6_rt_hdr buf;

	rt = skb_header_pointer(skb, off, sizeof(buf), &buf);
	return rt && rt->type == IPV6_SRCRT_TYPE_4 &&
	       off + (rt->hdrlen + 1) * 8 <= skb->len;
}

/* Find and read the TLV. */
static enum vpc_counter vpc_rx_headers(struct vpc_rx *rx, struct sk_buff *skb)
{
	unsigned int off = sizeof(struct ipv6hdr);
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	const struct vpc_tlv *tlv;
	enum vpc_counter reason;

	if (nexthdr == NEXTHDR_HOP) {
		if (!pskb_may_pull(skb, off + 8) ||
		    !vpc_rx_jumbo(skb, skb->data + off))
			return VPC_DROP_BAD_HEADER;
		nexthdr = skb->data[off];
		off += 8;
	}
	if (nexthdr == NEXTHDR_ROUTING)
		return vpc_rx_is_srh(skb, off) ? VPC_DROP_SRH : VPC_DROP_BAD_HEADER;
	if (nexthdr == NEXTHDR_ESP)
		return VPC_DROP_ESP;
	if (nexthdr != NEXTHDR_DEST)
		return ipv6_ext_hdr(nexthdr) && nexthdr != NEXTHDR_NONE ?
		       VPC_DROP_BAD_HEADER : VPC_DROP_NO_TLV;

	if (!pskb_may_pull(skb, off + VPC_TLV_WHOLE_LEN))
		return VPC_DROP_BAD_HEADER;
	tlv = (const struct vpc_tlv *)(skb->data + off);
	/* A header that is larger than any form is refused by what is there. */
	if (!pskb_may_pull(skb, min_t(unsigned int, skb->len,
				      off + min((tlv->hdrlen + 1) * 8,
						VPC_TLV_MAX_LEN))))
		return VPC_DROP_NO_MEMORY;
	tlv = (const struct vpc_tlv *)(skb->data + off);
	reason = vpc_tlv_read(tlv, skb->len - off,
			      READ_ONCE(rx->nic->edge->option_type),
			      &ipv6_hdr(skb)->daddr, &rx->pkt);
	if (reason)
		return reason;
	/* What ESP has not authenticated is no overlay address. */
	if (rx->opened && rx->pkt.form == VPC_FORM_IPV6_SHORT)
		return VPC_DROP_BAD_FORM;
	rx->outer = off + vpc_tlv_size(rx->pkt.form);
	rx->pkt.len = 0;
	rx->pkt.tclass = ipv6_get_dsfield(ipv6_hdr(skb));
	rx->pkt.flow = ntohl(ip6_flowlabel(ipv6_hdr(skb)));
	return VPC_COUNTER_UNSPEC;
}

/* A whole packet brings the tenant's header along. */
static enum vpc_counter vpc_rx_whole(struct vpc_rx *rx, struct sk_buff *skb)
{
	unsigned int off = rx->outer, len = skb->len - off;
	struct vpc_pkt *pkt = &rx->pkt;
	u8 version = pkt->version, tclass = pkt->tclass;
	bool bad;

	if (version == 4) {
		if (!pskb_may_pull(skb, off + sizeof(struct iphdr)))
			return VPC_DROP_BAD_INNER;
		bad = vpc_parse_ipv4((void *)skb->data + off, len, pkt) ||
		      !pskb_may_pull(skb, off + pkt->hlen) ||
		      ip_fast_csum(skb->data + off, pkt->hlen / 4);
	} else {
		if (!pskb_may_pull(skb, off + sizeof(struct ipv6hdr)))
			return VPC_DROP_BAD_INNER;
		bad = vpc_parse_ipv6((void *)skb->data + off, len, pkt);
	}
	if (bad)
		return VPC_DROP_BAD_INNER;
	if (len > pkt->len && pskb_trim_rcsum(skb, off + pkt->len))
		return skb->ip_summed == CHECKSUM_PARTIAL ? VPC_DROP_BAD_INNER :
							    VPC_DROP_NO_MEMORY;
	/* The mark that counts is the fabric's. */
	pkt->tclass = tclass;
	return VPC_COUNTER_UNSPEC;
}

/* Neighbour discovery ends at the sender's edge. */
static bool vpc_rx_is_nd(const struct vpc_rx *rx, struct sk_buff *skb)
{
	const u8 *type;
	u8 buf;

	if (rx->pkt.version != 6)
		return false;
	if (rx->pkt.form == VPC_FORM_WHOLE) {
		bool nd;

		__skb_pull(skb, rx->outer);
		nd = vpc_neigh_is_nd(skb, &rx->pkt);
		__skb_push(skb, rx->outer);
		return nd;
	}
	if (rx->pkt.proto != IPPROTO_ICMPV6)
		return false;
	type = skb_header_pointer(skb, rx->outer, sizeof(buf), &buf);
	return type && *type >= 133 && *type <= 137;
}

static enum vpc_counter vpc_rx_accept(struct vpc_rx *rx, struct sk_buff *skb)
{
	const struct vpc_net *vn = rx->nic->edge->vn;
	enum vpc_counter reason;

	if (rx->pkt.form == VPC_FORM_WHOLE) {
		reason = vpc_rx_whole(rx, skb);
		if (reason)
			return reason;
	}
	reason = vpc_path_accept(&vn->tables, &rx->pkt, &ipv6_hdr(skb)->saddr,
				 &rx->path);
	if (reason)
		return reason;
	if (vpc_rx_is_nd(rx, skb))
		return VPC_DROP_NEIGH_FABRIC;
	return VPC_COUNTER_UNSPEC;
}

/* Larger than the tenant's IP header can say, once it is there again. */
static bool vpc_rx_too_long(const struct vpc_rx *rx, const struct sk_buff *skb)
{
	unsigned int len = skb->len - rx->outer;

	return (rx->pkt.version == 4 ? len + vpc_form_hlen(rx->pkt.form) : len) >
	       U16_MAX;
}

static void vpc_rx_deliver(struct vpc_rx *rx, struct sk_buff *skb)
{
	const struct in6_addr from = ipv6_hdr(skb)->saddr;
	enum vpc_counter reason = VPC_DROP_BAD_INNER;

	if (likely(!vpc_rx_too_long(rx, skb))) {
		reason = vpc_decap(skb, &rx->pkt, rx->outer);
		if (likely(!reason)) {
			trace_vpc_accept(skb, rx->nic->dev, &rx->pkt, &from,
					 &rx->path.dst->sid.addr);
			vpc_nic_deliver(rx->nic, skb, false);
			return;
		}
	}
	vpc_drop(rx->nic->counters, skb, reason);
}

static void vpc_rx_segments(struct vpc_rx *rx, struct sk_buff *skb)
{
	unsigned int said = vpc_segs(skb), n = 0;
	struct sk_buff *segs, *next;

	segs = vpc_gso_segment(skb);
	if (IS_ERR_OR_NULL(segs)) {
		vpc_drop(rx->nic->counters, skb, VPC_DROP_GSO_FAILED);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, skb, next) {
		enum vpc_counter reason;

		skb_mark_not_on_list(skb);
		n++;
		reason = vpc_rx_headers(rx, skb);
		if (!reason)
			reason = vpc_rx_accept(rx, skb);
		if (reason)
			vpc_drop(rx->nic->counters, skb, reason);
		else
			vpc_rx_deliver(rx, skb);
	}
	vpc_count(rx->nic->counters, rx->opened ? VPC_COUNTER_FROM_OPENED :
		  VPC_COUNTER_FROM_FABRIC, (u64)n - said);
}

static bool vpc_rx_is_error(const struct sk_buff *skb)
{
	const u8 *type;
	u8 buf;

	if (ipv6_hdr(skb)->nexthdr != NEXTHDR_ICMP)
		return false;
	type = skb_header_pointer(skb, sizeof(struct ipv6hdr), sizeof(buf), &buf);
	return type && !(*type & ICMPV6_INFOMSG_MASK);
}

/* May it come in this way, and as it is. */
static enum vpc_counter vpc_rx_admit(const struct vpc_nic *nic, const struct sk_buff *skb,
				     const struct net_device *in)
{
	if (unlikely(!(READ_ONCE(nic->edge->dev->flags) & IFF_UP)))
		return VPC_DROP_EDGE_DOWN;
	if (in == nic->edge->dev)
		return VPC_COUNTER_UNSPEC;
	if (unlikely(!vpc_edge_takes_from(nic->edge, in)))
		return VPC_DROP_NOT_FABRIC;
	/* Errors are looked at one by one. */
	if (ipv6_hdr(skb)->nexthdr == NEXTHDR_ESP || vpc_rx_is_error(skb) ||
	    vpc_esp_takes_clear(nic->edge, &ipv6_hdr(skb)->saddr))
		return VPC_COUNTER_UNSPEC;
	return VPC_DROP_CLEAR;
}

/* A packet for the SID of an endpoint with a device. */
static void vpc_rx_nic(struct vpc_nic *nic, struct vpc_endpoint *ep,
		       struct sk_buff *skb, const struct net_device *in)
{
	enum vpc_counter reason;
	struct vpc_rx rx;

	/* The rest is filled in by vpc_rx_headers() and vpc_rx_accept(). */
	rx.nic = nic;
	rx.path.dst = ep;
	rx.opened = in == nic->edge->dev;
	vpc_gso_settle(skb);
	vpc_count(nic->counters, rx.opened ? VPC_COUNTER_FROM_OPENED :
		  VPC_COUNTER_FROM_FABRIC, vpc_segs(skb));

	reason = vpc_rx_admit(nic, skb, in);
	if (unlikely(reason))
		goto drop;
	if (!rx.opened && ipv6_hdr(skb)->nexthdr == NEXTHDR_ESP) {
		vpc_esp_open(nic, skb);
		return;
	}
	if (vpc_rx_is_error(skb)) {
		vpc_icmp_fabric(nic, ep, skb);
		return;
	}

	reason = vpc_rx_headers(&rx, skb);
	if (unlikely(reason))
		goto drop;
	reason = vpc_rx_accept(&rx, skb);
	if (unlikely(reason))
		goto drop;
	if (skb_is_gso(skb) &&
	    (!vpc_gso_carries(skb, &rx.pkt) || vpc_rx_too_long(&rx, skb)))
		vpc_rx_segments(&rx, skb);
	else
		vpc_rx_deliver(&rx, skb);
	return;

drop:
	vpc_drop(nic->counters, skb, reason);
}

/* The edge in whose prefixes a SID lies, that of the longest match. */
static struct vpc_edge *vpc_rx_edge(struct vpc_net *vn, const struct in6_addr *sid)
{
	struct vpc_edge *edge, *best = NULL;
	int len, longest = 0;

	list_for_each_entry_rcu(edge, &vn->edges, list) {
		len = vpc_edge_match(edge, sid);
		if (len > longest) {
			longest = len;
			best = edge;
		}
	}
	return best;
}

/* Does a packet look like one of an edge, in clear or sealed. */
static bool vpc_rx_is_overlay(const struct vpc_edge *edge, const struct sk_buff *skb)
{
	const struct vpc_tlv *tlv;
	struct vpc_tlv tlv_buf;
	const __be32 *spi;
	__be32 spi_buf;

	if (ipv6_hdr(skb)->nexthdr == NEXTHDR_ESP) {
		spi = skb_header_pointer(skb, sizeof(struct ipv6hdr), sizeof(spi_buf), &spi_buf);
		return spi && ntohl(*spi) & VPC_SPI_MARK;
	}
	tlv = skb_header_pointer(skb, sizeof(struct ipv6hdr), sizeof(tlv_buf),
				 &tlv_buf);
	return tlv && tlv->type == READ_ONCE(edge->option_type);
}

/* A packet for no SID of this host.  In an edge's prefixes there should be one;
 * elsewhere, this host may be a router to somebody else's.
 */
static unsigned int vpc_rx_stray(struct vpc_net *vn, const struct vpc_sid *sid,
				 struct sk_buff *skb)
{
	struct vpc_edge *edge;

	if (ipv6_hdr(skb)->nexthdr != NEXTHDR_DEST && ipv6_hdr(skb)->nexthdr != NEXTHDR_ESP)
		return NF_ACCEPT;
	edge = vpc_rx_edge(vn, &ipv6_hdr(skb)->daddr);
	if (!edge || !vpc_rx_is_overlay(edge, skb))
		return NF_ACCEPT;
	vpc_gso_settle(skb);
	vpc_count(edge->counters, VPC_COUNTER_FROM_FABRIC, vpc_segs(skb));
	vpc_drop(edge->counters, skb, sid ? VPC_DROP_NOT_LOCAL :
					    VPC_DROP_UNKNOWN_SID);
	return NF_STOLEN;
}

/* br_netfilter shows us what is merely bridged, and what comes to the bridge
 * itself for the only time.
 */
static bool vpc_rx_bridged(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *info = nf_bridge_info_get(skb);

	return info && (info->pkt_otherhost || skb->pkt_type != PACKET_HOST);
#else
	return false;
#endif
}

static unsigned int vpc_rx(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct vpc_net *vn = priv;
	struct vpc_endpoint *ep;
	struct vpc_sid *sid;

	if (unlikely(vpc_rx_bridged(skb)))
		return NF_ACCEPT;
	/* What has been given to a VM whose device the host itself uses. */
	if (unlikely(vpc_is_nic(state->in)))
		return NF_ACCEPT;
	sid = vpc_sid_find(&vn->tables, &ipv6_hdr(skb)->daddr);
	if (unlikely(!sid || !sid->local))
		return vpc_rx_stray(vn, sid, skb);
	ep = vpc_sid_endpoint(sid);
	vpc_rx_nic(ep->nic, ep, skb, state->in);
	return NF_STOLEN;
}

/* An opened packet that can't go on: its endpoint has gone meanwhile, or there is
 * something wrong with it.
 */
static void vpc_rx_orphan(struct vpc_edge *edge, struct sk_buff *skb,
			  enum vpc_counter reason)
{
	vpc_gso_settle(skb);
	vpc_count(edge->counters, VPC_COUNTER_FROM_OPENED, vpc_segs(skb));
	vpc_drop(edge->counters, skb, reason);
}

/* What the edge's device receives: esp.c gave it to GRO.  But an administrator can
 * let packets of other devices come this way.
 */
static bool vpc_rx_is_ours(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6;
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(*ip6)))
		return false;
	ip6 = (const struct ipv6hdr *)skb->data;
	len = ntohs(ip6->payload_len);
	return ip6->version == 6 &&
	       (skb->len == sizeof(*ip6) + len || (skb_is_gso(skb) && !len));
}

/**
 * vpc_rx_opened - receive handler of the edge's device
 * @pskb: a packet that has been opened, at its IPv6 header
 *
 * It has been admitted, and needs nothing of the host's IPv6, which may be switched
 * off for this device.
 */
rx_handler_result_t vpc_rx_opened(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb, *own;
	struct vpc_edge *edge = netdev_priv(skb->dev);
	struct vpc_endpoint *ep;
	struct vpc_sid *sid;

	if (unlikely(skb->protocol != htons(ETH_P_IPV6)))
		return RX_HANDLER_PASS;
	/* A capture has it, too. */
	if (unlikely(skb_shared(skb))) {
		own = skb_clone(skb, GFP_ATOMIC | __GFP_NOWARN);
		if (!own) {
			vpc_rx_orphan(edge, skb, VPC_DROP_NO_MEMORY);
			return RX_HANDLER_CONSUMED;
		}
		consume_skb(skb);
		skb = own;
	}
	if (unlikely(!vpc_rx_is_ours(skb))) {
		vpc_rx_orphan(edge, skb, VPC_DROP_BAD_HEADER);
		return RX_HANDLER_CONSUMED;
	}
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(struct ipv6hdr));
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));

	sid = vpc_sid_find(&edge->vn->tables, &ipv6_hdr(skb)->daddr);
	if (unlikely(!sid || !sid->local)) {
		vpc_rx_orphan(edge, skb, sid ? VPC_DROP_NOT_LOCAL : VPC_DROP_UNKNOWN_SID);
		return RX_HANDLER_CONSUMED;
	}
	ep = vpc_sid_endpoint(sid);
	vpc_rx_nic(ep->nic, ep, skb, edge->dev);
	return RX_HANDLER_CONSUMED;
}

/**
 * vpc_rx_host - a packet that the host's routing sent into an edge
 * @edge: the edge
 * @skb: the packet, at its IP header
 *
 * The prefixes' routes lead here.  It may be an error that the host itself
 * made about a packet of a VM, for want of a neighbour for example; anything
 * else is none of ours, or we would have had it in the hook.
 */
void vpc_rx_host(struct vpc_edge *edge, struct sk_buff *skb)
{
	struct vpc_counters __percpu *counters = edge->counters;
	enum vpc_counter reason = VPC_DROP_NOT_OVERLAY;
	struct vpc_endpoint *ep;
	struct vpc_sid *sid;

	rcu_read_lock();
	vpc_gso_settle(skb);
	if (skb->protocol != htons(ETH_P_IPV6) ||
	    !pskb_may_pull(skb, sizeof(struct ipv6hdr)))
		goto drop;
	skb_reset_network_header(skb);
	sid = vpc_sid_find(&edge->vn->tables, &ipv6_hdr(skb)->daddr);
	reason = VPC_DROP_UNKNOWN_SID;
	if (!sid && vpc_edge_match(edge, &ipv6_hdr(skb)->daddr))
		goto drop;
	reason = VPC_DROP_NOT_OVERLAY;
	if (!sid)
		goto drop;
	reason = VPC_DROP_NOT_LOCAL;
	if (!sid->local)
		goto drop;
	ep = vpc_sid_endpoint(sid);
	counters = ep->nic->counters;
	/* What the host itself says has come in nowhere. */
	reason = VPC_DROP_NOT_FABRIC;
	if (skb->skb_iif)
		goto drop;
	reason = VPC_DROP_NO_TLV;
	if (!vpc_rx_is_error(skb))
		goto drop;
	vpc_count(counters, VPC_COUNTER_FROM_HOST, vpc_segs(skb));
	vpc_icmp_fabric(ep->nic, ep, skb);
	rcu_read_unlock();
	return;

drop:
	vpc_count(counters, VPC_COUNTER_FROM_HOST, vpc_segs(skb));
	vpc_drop(counters, skb, reason);
	rcu_read_unlock();
}

static const struct nf_hook_ops vpc_rx_ops = {
	.hook		= vpc_rx,
	.pf		= NFPROTO_IPV6,
	.hooknum	= NF_INET_PRE_ROUTING,
	.priority	= VPC_HOOK_PRIORITY,
};

/**
 * vpc_rx_hook - begin to take packets of the fabric
 * @vn: the namespace
 */
int vpc_rx_hook(struct vpc_net *vn)
{
	vn->rx_ops = vpc_rx_ops;
	vn->rx_ops.priv = vn;
	return nf_register_net_hook(vn->net, &vn->rx_ops);
}

/* No packet is in the hook any more when this returns. */
void vpc_rx_unhook(struct vpc_net *vn)
{
	nf_unregister_net_hook(vn->net, &vn->rx_ops);
	synchronize_net();
}
