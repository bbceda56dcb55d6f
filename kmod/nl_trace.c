// SPDX-License-Identifier: GPL-2.0
/*
 * "vpc trace": the datapath's own path and acceptance code, run on a packet
 * that somebody describes.  What this file adds is the telling.
 */

#include <net/ip6_route.h>

#include "esp.h"
#include "hop.h"
#include "netlink.h"
#include "path.h"

static const struct nla_policy vpc_trace_policy[VPC_TRACE_A_MAX + 1] = {
	[VPC_TRACE_A_VPC]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_id_range),
	[VPC_TRACE_A_SRC]	= { .type = NLA_BINARY,
				    .len = sizeof(struct in6_addr) },
	[VPC_TRACE_A_DST]	= { .type = NLA_BINARY,
				    .len = sizeof(struct in6_addr) },
	[VPC_TRACE_A_PROTO]	= { .type = NLA_U8 },
	[VPC_TRACE_A_SPORT]	= { .type = NLA_U16 },
	[VPC_TRACE_A_DPORT]	= { .type = NLA_U16 },
	[VPC_TRACE_A_STEP]	= { .type = NLA_REJECT },
	[VPC_TRACE_A_HOP]	= { .type = NLA_REJECT },
	[VPC_TRACE_A_REASON]	= { .type = NLA_REJECT },
};

/**
 * struct vpc_trace - a packet to trace
 * @vn: the namespace
 * @pkt: the packet
 * @ports: source and destination port, as they stand in the packet
 * @path: its path
 * @sas: what it is sealed with, or NULL
 * @skb: the answer
 */
struct vpc_trace {
	struct vpc_net	*vn;
	struct vpc_pkt	pkt;
	__be16		ports[2];
	struct vpc_path	path;
	struct vpc_sas	*sas;
	struct sk_buff	*skb;
};

static int vpc_trace_parse(struct vpc_trace *t, struct genl_info *info)
{
	struct nlattr *nest = info->attrs[VPC_A_TRACE];
	struct nlattr *tb[VPC_TRACE_A_MAX + 1];
	unsigned int len;
	int err;

	err = nla_parse_nested(tb, VPC_TRACE_A_MAX, nest, vpc_trace_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[VPC_TRACE_A_VPC] || !tb[VPC_TRACE_A_SRC] || !tb[VPC_TRACE_A_DST]) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest,
				    "a trace needs VPC, source and destination");
		return -EINVAL;
	}
	len = nla_len(tb[VPC_TRACE_A_SRC]);
	if ((len != 4 && len != 16) || len != nla_len(tb[VPC_TRACE_A_DST])) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[VPC_TRACE_A_DST],
				    "source and destination must be of one family");
		return -EINVAL;
	}

	t->pkt.vpc = nla_get_u32(tb[VPC_TRACE_A_VPC]);
	t->pkt.version = len == 4 ? 4 : 6;
	nla_memcpy(&t->pkt.src, tb[VPC_TRACE_A_SRC], len);
	nla_memcpy(&t->pkt.dst, tb[VPC_TRACE_A_DST], len);
	t->pkt.proto = tb[VPC_TRACE_A_PROTO] ? nla_get_u8(tb[VPC_TRACE_A_PROTO]) :
					       IPPROTO_UDP;
	t->pkt.hlen = len == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	t->pkt.frag_off = len == 4 ? htons(VPC_FRAG_DF) : 0;
	if (tb[VPC_TRACE_A_SPORT])
		t->ports[0] = htons(nla_get_u16(tb[VPC_TRACE_A_SPORT]));
	if (tb[VPC_TRACE_A_DPORT])
		t->ports[1] = htons(nla_get_u16(tb[VPC_TRACE_A_DPORT]));
	return 0;
}

static struct nlattr *vpc_step_start(struct vpc_trace *t, u8 step, u32 reason)
{
	struct nlattr *nest = nla_nest_start(t->skb, VPC_TRACE_A_STEP);

	if (nest && (nla_put_u8(t->skb, VPC_STEP_A_STEP, step) ||
		     nla_put_u32(t->skb, VPC_STEP_A_REASON, reason)))
		return NULL;
	return nest;
}

/* Which endpoint, and how the packet's address stands with it: if it has it. */
static int vpc_step_endpoint(struct vpc_trace *t, u8 step, u32 reason,
			     const struct vpc_endpoint *ep,
			     const union vpc_ip *ip)
{
	struct nlattr *nest = vpc_step_start(t, step, reason);
	u8 state = VPC_STATE_UNSPEC;

	if (!nest)
		return -EMSGSIZE;
	if (ep) {
		vpc_endpoint_has(ep, t->pkt.version, ip, &state);
		if (nla_put_in6_addr(t->skb, VPC_STEP_A_SID, &ep->sid.addr) ||
		    nla_put_u32(t->skb, VPC_STEP_A_VPC, ep->sid.vpc) ||
		    (state && nla_put_u8(t->skb, VPC_STEP_A_STATE, state)))
			return -EMSGSIZE;
	}
	if (ep && ep->sid.local &&
	    (vpc_nl_put_name(t->skb, VPC_STEP_A_DEV, ep->nic->dev) ||
	     vpc_nl_put_name(t->skb, VPC_STEP_A_EDGE, ep->nic->edge->dev)))
		return -EMSGSIZE;
	nla_nest_end(t->skb, nest);
	return 0;
}

/* Which route leads on, and which of its next hops was picked. */
static int vpc_step_table(struct vpc_trace *t, u8 step, const struct vpc_route *route)
{
	const struct in6_addr *hop = NULL;
	struct nlattr *nest;

	if (!route)
		return 0;
	nest = vpc_step_start(t, step, 0);
	if (route->kind == VPC_ROUTE_VIA)
		hop = vpc_route_pick(route, &t->pkt, t->ports, sizeof(t->ports));
	if (!nest || nla_put_u32(t->skb, VPC_STEP_A_VPC, route->key.vpc) ||
	    vpc_nl_put_route(t->skb, VPC_STEP_A_TABLE_ROUTE, route,
			     hop ?: &in6addr_any) ||
	    nla_put_u32(t->skb, VPC_STEP_A_NEXT_HOPS,
			route->kind != VPC_ROUTE_VIA ? 0 :
			route->hops ? route->hops->n : 1))
		return -EMSGSIZE;
	nla_nest_end(t->skb, nest);
	return 0;
}

/* Told where it is sealed, or should be. */
static int vpc_step_seal(struct vpc_trace *t, u32 *reason)
{
	const struct vpc_edge *edge = t->path.src->nic->edge;
	u8 cipher = READ_ONCE(edge->cipher);
	struct nlattr *nest;

	*reason = vpc_esp_choose(edge, &t->path.dst->sid.addr, &t->sas);
	if (!*reason && !t->sas)
		return 0;
	nest = vpc_step_start(t, VPC_STEP_SEAL, *reason);
	if (!nest)
		return -EMSGSIZE;
	if (t->sas &&
	    (nla_put_u32(t->skb, VPC_STEP_A_SPI, t->sas->tx[cipher].spi) ||
	     nla_put_u8(t->skb, VPC_STEP_A_CIPHER, cipher) ||
	     nla_put(t->skb, VPC_STEP_A_KEY, VPC_KEY_LEN, t->sas->pair->public)))
		return -EMSGSIZE;
	nla_nest_end(t->skb, nest);
	return 0;
}

/* The largest packet of the tenant that fits. */
static u32 vpc_trace_mtu(const struct vpc_trace *t, const struct dst_entry *dst)
{
	u32 room = t->sas ? vpc_esp_room(dst_mtu(dst)) : dst_mtu(dst);

	return min_t(u32, t->path.src->nic->dev->mtu,
		     room - vpc_form_overhead(t->pkt.form));
}

static int vpc_step_form(struct vpc_trace *t)
{
	struct nlattr *nest = vpc_step_start(t, VPC_STEP_FORM, 0);
	const struct vpc_edge *edge = t->path.src->nic->edge;

	t->pkt.form = vpc_pick_form(&t->pkt, t->ports, 0);
	if (t->pkt.form == VPC_FORM_IPV6 && edge->short_form && !t->sas &&
	    ipv6_addr_equal(&t->pkt.dst.v6, &t->path.dst->sid.addr))
		t->pkt.form = VPC_FORM_IPV6_SHORT;
	t->pkt.flow = vpc_flow_label(&t->pkt, t->ports, sizeof(t->ports));
	if (!nest || nla_put_u8(t->skb, VPC_STEP_A_FORM, t->pkt.form) ||
	    nla_put_u32(t->skb, VPC_STEP_A_FLOW_LABEL, t->pkt.flow))
		return -EMSGSIZE;
	nla_nest_end(t->skb, nest);
	return 0;
}

static int vpc_step_route(struct vpc_trace *t, u32 *reason)
{
	struct vpc_nic *nic = t->path.src->nic;
	const struct rt6_info *rt;
	struct dst_entry *dst;
	struct nlattr *nest;
	bool noref;
	int err = -EMSGSIZE;

	dst = vpc_hop_route(nic->edge, t->path.dst, &t->path.src->sid.addr,
			    t->pkt.flow, &noref);
	*reason = dst ? 0 : VPC_DROP_FABRIC_ROUTE;
	nest = vpc_step_start(t, VPC_STEP_ROUTE, *reason);
	if (!nest || nla_put_in6_addr(t->skb, VPC_STEP_A_SID,
				      &t->path.dst->sid.addr))
		goto out;
	rt = (const struct rt6_info *)dst;
	if (dst &&
	    (vpc_nl_put_name(t->skb, VPC_STEP_A_OUT_DEV, dst->dev) ||
	     nla_put_u32(t->skb, VPC_STEP_A_MTU, vpc_trace_mtu(t, dst))))
		goto out;
	if (dst && rt->rt6i_flags & RTF_GATEWAY &&
	    nla_put_in6_addr(t->skb, VPC_STEP_A_GATEWAY, &rt->rt6i_gateway))
		goto out;
	nla_nest_end(t->skb, nest);
	err = 0;
out:
	if (dst && !noref)
		dst_release(dst);
	return err;
}

/* The endpoint at the first next hop of the route for the source. */
static struct vpc_endpoint *vpc_trace_router(struct vpc_trace *t)
{
	struct vpc_fib_query query = {
		.vpc = t->pkt.vpc,
		.version = t->pkt.version,
		.ip = &t->pkt.src,
	};
	const struct vpc_route *route = vpc_fib_first(&t->vn->tables, &query);
	struct vpc_sid *sid;

	if (!route || route->kind != VPC_ROUTE_VIA)
		return NULL;
	sid = vpc_sid_find(&t->vn->tables, route->hops ? &route->hops->hop[0].sid :
							 &route->sid);
	return sid && sid->vpc == t->pkt.vpc ? vpc_sid_endpoint(sid) : NULL;
}

/* Whose packet it is: the active endpoint's, else one that this host has: that
 * may send in whatever state; else a router's elsewhere.
 */
static struct vpc_endpoint *vpc_trace_sender(struct vpc_trace *t)
{
	struct vpc_endpoint *ep;
	struct vpc_edge *edge;
	bool known = false;
	struct vpc_nic *nic;

	ep = vpc_addr_find(&t->vn->tables, t->pkt.vpc, t->pkt.version,
			   &t->pkt.src, NULL, &known);
	if (ep)
		return ep;
	list_for_each_entry(edge, &t->vn->edges, list) {
		list_for_each_entry(nic, &edge->nics, list) {
			ep = rcu_dereference(nic->ep);
			if (ep && ep->sid.vpc == t->pkt.vpc &&
			    vpc_path_may_use(&t->vn->tables, ep, t->pkt.version,
					     &t->pkt.src))
				return ep;
		}
	}
	return vpc_trace_router(t);
}

static bool vpc_trace_edge_down(const struct vpc_endpoint *ep)
{
	return ep->sid.local && !(READ_ONCE(ep->nic->edge->dev->flags) & IFF_UP);
}

static u32 vpc_trace_vm(const struct vpc_endpoint *ep)
{
	return READ_ONCE(ep->nic->dev->flags) & IFF_UP ? 0 : VPC_DROP_VM_DOWN;
}

static int vpc_trace_send(struct vpc_trace *t, u32 *reason)
{
	int err;

	t->path.src = vpc_trace_sender(t);
	*reason = 0;
	if (!t->path.src)
		*reason = VPC_DROP_SRC_ADDR;
	else if (vpc_path_group(&t->pkt))
		*reason = VPC_DROP_MULTICAST;
	else if (vpc_trace_edge_down(t->path.src))
		*reason = VPC_DROP_EDGE_DOWN;
	err = vpc_step_endpoint(t, VPC_STEP_SOURCE, *reason, t->path.src,
				&t->pkt.src);
	if (err || *reason)
		return err;
	*reason = vpc_path_send(&t->vn->tables, &t->pkt, t->ports,
				sizeof(t->ports), &t->path);
	err = vpc_step_table(t, VPC_STEP_TABLE, t->path.route) ?:
	      vpc_step_table(t, VPC_STEP_PEER_TABLE, t->path.far);
	if (err)
		return err;
	err = vpc_step_endpoint(t, VPC_STEP_DESTINATION, *reason, t->path.dst,
				&t->pkt.dst);
	if (err || *reason)
		return err;
	if (nla_put_in6_addr(t->skb, VPC_TRACE_A_HOP, &t->path.src->sid.addr) ||
	    nla_put_in6_addr(t->skb, VPC_TRACE_A_HOP, &t->path.dst->sid.addr))
		return -EMSGSIZE;

	/* How it leaves is known where the sender is. */
	if (!t->path.src->sid.local)
		return 0;
	if (t->path.dst->sid.local) {
		*reason = vpc_trace_vm(t->path.dst);
		return vpc_step_endpoint(t, VPC_STEP_LOCAL, *reason, t->path.dst,
					 &t->pkt.dst);
	}
	err = vpc_step_seal(t, reason);
	if (err || *reason)
		return err;
	err = vpc_step_form(t);
	return err ?: vpc_step_route(t, reason);
}

static int vpc_trace_accept(struct vpc_trace *t, u32 *reason)
{
	struct vpc_path path = { .dst = t->path.dst };
	u32 src = 0, dst = 0;
	int err;

	*reason = vpc_path_accept(&t->vn->tables, &t->pkt,
				  &t->path.src->sid.addr, &path);
	if (*reason == VPC_DROP_BAD_SRC || *reason == VPC_DROP_SRC_SID)
		src = *reason;
	else
		dst = *reason;
	err = vpc_step_endpoint(t, VPC_STEP_ACCEPT_DESTINATION, dst, path.dst,
				&t->pkt.dst);
	if (err || dst)
		return err;
	return vpc_step_endpoint(t, VPC_STEP_ACCEPT_SOURCE, src, path.src,
				 &t->pkt.src);
}

static int vpc_trace_fill(struct sk_buff *skb, const void *arg)
{
	struct vpc_trace *t = (struct vpc_trace *)arg;
	struct nlattr *nest = nla_nest_start(skb, VPC_A_TRACE);
	u32 reason;
	int err;

	if (!nest)
		return -EMSGSIZE;
	t->skb = skb;
	rcu_read_lock();
	err = vpc_trace_send(t, &reason);
	if (!err && !reason)
		err = vpc_trace_accept(t, &reason);
	rcu_read_unlock();
	if (err || nla_put_u32(skb, VPC_TRACE_A_REASON, reason))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int vpc_nl_trace(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_trace t = { .vn = vpc_nl_net(info) };
	int err;

	err = vpc_trace_parse(&t, info);
	if (err)
		return err;
	/* Endpoints keep their devices meanwhile. */
	mutex_lock(&t.vn->lock);
	err = vpc_nl_reply(info, VPC_CMD_TRACE, NLMSG_DEFAULT_SIZE,
			   vpc_trace_fill, &t);
	mutex_unlock(&t.vn->lock);
	return err;
}
