// SPDX-License-Identifier: GPL-2.0
/*
 * path(vpc, packet) = [source SID, function SIDs ..., destination SID]
 *
 * Every decision about where a packet goes, and whether it may come, is made
 * here: by senders, by receivers, and by "vpc trace".
 *
 * An address leads to the endpoint that has it, else to where the route of the
 * longest prefix leads: to a next hop, or on to a peer, whose endpoints and
 * exported routes count, but not its own routes to peers.  Sending follows the
 * active entries and picks one next hop.  Accepting asks whether they lead to
 * the SID in question, with any next hop that may be picked; if not, whether
 * they do so together with those that stand by, and then with those that have
 * their grace.
 */

#include <linux/in.h>

#include "path.h"

/* Is a packet for a group: no path leads there. */
bool vpc_path_group(const struct vpc_pkt *pkt)
{
	if (pkt->version == 4)
		return ipv4_is_multicast(pkt->dst.v4) ||
		       ipv4_is_lbcast(pkt->dst.v4);
	return ipv6_addr_is_multicast(&pkt->dst.v6);
}

/* Groups, and what does not leave a host or a link, are nobody's by a route. */
static bool vpc_path_routable(u8 version, const union vpc_ip *ip)
{
	if (version == 4)
		return !ipv4_is_multicast(ip->v4) && !ipv4_is_lbcast(ip->v4) &&
		       !ipv4_is_zeronet(ip->v4) && !ipv4_is_loopback(ip->v4);
	return !ipv6_addr_any(&ip->v6) && !ipv6_addr_loopback(&ip->v6) &&
	       !ipv6_addr_is_multicast(&ip->v6) && !ipv6_addr_v4mapped(&ip->v6) &&
	       (ip->v6.s6_addr32[0] & htonl(0xffc00000)) != htonl(0xfe800000);
}

/* Both have agreed: for sending with effect now, for accepting at all. */
static bool vpc_path_consent(const struct vpc_tables *t, u32 vpc, u32 peer,
			     enum vpc_view view)
{
	return vpc_state_view(vpc_peer_state(t, vpc, peer)) <= view &&
	       vpc_state_view(vpc_peer_state(t, peer, vpc)) <= view;
}

/* Membership. */

static bool vpc_path_leads(const struct vpc_tables *t,
			   const struct vpc_fib_query *query,
			   const struct in6_addr *at);

/* A SID that has become an endpoint of another VPC is no next hop. */
static bool vpc_path_hop(const struct vpc_tables *t, const struct vpc_route *route,
			 const struct in6_addr *at)
{
	const struct vpc_sid *sid;

	if (!vpc_route_has_hop(route, at))
		return false;
	sid = vpc_sid_find(t, at);
	return sid && sid->vpc == route->key.vpc;
}

static bool vpc_path_leads_by(const struct vpc_tables *t,
			      const struct vpc_fib_query *query,
			      const struct vpc_route *route,
			      const struct in6_addr *at)
{
	struct vpc_fib_query far = *query;

	if (route->kind != VPC_ROUTE_PEER)
		return vpc_path_hop(t, route, at);
	far.vpc = route->peer;
	far.exported = true;
	return vpc_path_consent(t, query->vpc, route->peer, VPC_VIEW_STANDBY) &&
	       vpc_path_leads(t, &far, at);
}

/* Whether an address leads to a SID, in one view. */
static bool vpc_path_leads(const struct vpc_tables *t,
			   const struct vpc_fib_query *query,
			   const struct in6_addr *at)
{
	const struct vpc_endpoint *ep;
	const struct vpc_route *route;
	bool known = false;
	u8 state = VPC_STATE_DARK;

	if (vpc_addr_view(t, query->vpc, query->version, query->ip) <= query->view) {
		ep = vpc_addr_find(t, query->vpc, query->version, query->ip, at,
				   &known);
		return ep && vpc_endpoint_has(ep, query->version, query->ip, &state) &&
		       vpc_state_view(state) <= query->view;
	}
	for (route = vpc_fib_first(t, query); route;
	     route = vpc_fib_next(route, query))
		if (vpc_path_leads_by(t, query, route, at))
			return true;
	return false;
}

/* Whether an address leads to a SID in any view. */
static bool vpc_path_member(const struct vpc_tables *t, u32 vpc, u8 version,
			    const union vpc_ip *ip, const struct in6_addr *at)
{
	struct vpc_fib_query query = { .vpc = vpc, .version = version, .ip = ip };

	if (unlikely(!vpc_path_routable(version, ip)))
		return false;
	for (query.view = 0; query.view < VPC_VIEWS; query.view++)
		if (vpc_path_leads(t, &query, at))
			return true;
	return false;
}

/**
 * vpc_path_may_use - may an endpoint speak for an overlay address
 * @t: the tables
 * @ep: the endpoint
 * @version: 4 or 6
 * @ip: the address: its own, or of a prefix of which it is a next hop
 *
 * Context: rcu_read_lock().
 */
bool vpc_path_may_use(const struct vpc_tables *t, const struct vpc_endpoint *ep,
		      u8 version, const union vpc_ip *ip)
{
	return likely(vpc_endpoint_has(ep, version, ip, NULL)) ||
	       vpc_path_member(t, ep->sid.vpc, version, ip, &ep->sid.addr);
}

/**
 * vpc_path_may_reach - does the destination of a packet lead to a SID
 * @t: the tables
 * @pkt: the packet; @vpc is its sender's
 * @at: the SID
 *
 * Context: rcu_read_lock().
 */
bool vpc_path_may_reach(const struct vpc_tables *t, const struct vpc_pkt *pkt,
			const struct in6_addr *at)
{
	return vpc_path_member(t, pkt->vpc, pkt->version, &pkt->dst, at);
}

/* Sending. */

static enum vpc_counter vpc_path_via(const struct vpc_tables *t,
				     const struct vpc_route *route,
				     const struct vpc_pkt *pkt, const void *l4,
				     unsigned int len, struct vpc_path *path)
{
	const struct in6_addr *hop;
	struct vpc_sid *sid;

	switch (route->kind) {
	case VPC_ROUTE_BLACKHOLE:
		return VPC_DROP_BLACKHOLE;
	case VPC_ROUTE_PROHIBIT:
		return VPC_DROP_PROHIBITED;
	}
	hop = vpc_route_pick(route, pkt, l4, len);
	if (!hop)
		return VPC_DROP_DRAINED;
	sid = vpc_sid_find(t, hop);
	if (!sid || sid->vpc != route->key.vpc || sid->kind != VPC_SID_ENDPOINT)
		return VPC_DROP_NEXT_HOP;
	path->dst = vpc_sid_endpoint(sid);
	return VPC_COUNTER_UNSPEC;
}

static enum vpc_counter vpc_path_peer(const struct vpc_tables *t,
				      const struct vpc_pkt *pkt, const void *l4,
				      unsigned int len, struct vpc_path *path)
{
	struct vpc_fib_query query = {
		.vpc = path->route->peer,
		.version = pkt->version,
		.ip = &pkt->dst,
		.exported = true,
	};
	bool known = false;

	if (!vpc_path_consent(t, pkt->vpc, query.vpc, VPC_VIEW_ACTIVE))
		return VPC_DROP_NO_CONSENT;
	path->dst = vpc_addr_find(t, query.vpc, pkt->version, &pkt->dst, NULL,
				  &known);
	if (path->dst)
		return VPC_COUNTER_UNSPEC;
	path->far = vpc_fib_first(t, &query);
	if (path->far)
		return vpc_path_via(t, path->far, pkt, l4, len, path);
	return known ? VPC_DROP_NOT_ACTIVE : VPC_DROP_PEER_ROUTE;
}

/* No endpoint of the sender's VPC has the address. */
static enum vpc_counter vpc_path_route(const struct vpc_tables *t,
				       const struct vpc_pkt *pkt, const void *l4,
				       unsigned int len, struct vpc_path *path,
				       bool known)
{
	struct vpc_fib_query query = {
		.vpc = pkt->vpc,
		.version = pkt->version,
		.ip = &pkt->dst,
	};

	if (unlikely(!vpc_path_routable(pkt->version, &pkt->dst)))
		return VPC_DROP_NO_ROUTE;
	path->route = vpc_fib_first(t, &query);
	if (path->route)
		return path->route->kind == VPC_ROUTE_PEER ?
		       vpc_path_peer(t, pkt, l4, len, path) :
		       vpc_path_via(t, path->route, pkt, l4, len, path);
	query.view = VPC_VIEW_ALL;
	return known || vpc_fib_first(t, &query) ? VPC_DROP_NOT_ACTIVE :
						   VPC_DROP_NO_ROUTE;
}

/**
 * vpc_path_send - the path of a packet that an endpoint of this host sends
 * @t: the tables
 * @pkt: the packet; @vpc is the sender's
 * @l4: its transport header
 * @len: bytes of it at hand
 * @path: @src is given, the rest is set
 *
 * Context: rcu_read_lock().
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_path_send(const struct vpc_tables *t,
			       const struct vpc_pkt *pkt, const void *l4,
			       unsigned int len, struct vpc_path *path)
{
	bool known = false;

	path->route = NULL;
	path->far = NULL;
	path->dst = NULL;
	if (unlikely(!vpc_path_may_use(t, path->src, pkt->version, &pkt->src)))
		return VPC_DROP_SRC_ADDR;
	path->dst = vpc_addr_find(t, pkt->vpc, pkt->version, &pkt->dst, NULL,
				  &known);
	if (likely(path->dst))
		return VPC_COUNTER_UNSPEC;
	return vpc_path_route(t, pkt, l4, len, path, known);
}

/* Accepting. */

static enum vpc_counter vpc_path_accept_dst(const struct vpc_tables *t,
					    const struct vpc_pkt *pkt,
					    const struct vpc_endpoint *dst)
{
	u32 vpc = dst->sid.vpc;

	if (pkt->vpc == vpc) {
		if (likely(vpc_endpoint_has(dst, pkt->version, &pkt->dst, NULL)))
			return VPC_COUNTER_UNSPEC;
	} else if (!vpc_path_consent(t, pkt->vpc, vpc, VPC_VIEW_STANDBY)) {
		return vpc_peer_state(t, pkt->vpc, vpc) ||
		       vpc_peer_state(t, vpc, pkt->vpc) ? VPC_DROP_NO_CONSENT :
							  VPC_DROP_BAD_VPC;
	}
	return vpc_path_may_reach(t, pkt, &dst->sid.addr) ? VPC_COUNTER_UNSPEC :
							    VPC_DROP_DST_SID;
}

static enum vpc_counter vpc_path_accept_src(const struct vpc_tables *t,
					    const struct vpc_pkt *pkt,
					    const struct in6_addr *from,
					    struct vpc_path *path)
{
	struct vpc_fib_query query = {
		.vpc = pkt->vpc,
		.version = pkt->version,
		.ip = &pkt->src,
		.view = VPC_VIEW_ALL,
	};
	struct vpc_sid *sid;
	bool known = false;

	path->src = vpc_addr_find(t, pkt->vpc, pkt->version, &pkt->src, from,
				  &known);
	if (likely(path->src))
		return VPC_COUNTER_UNSPEC;
	sid = vpc_sid_find(t, from);
	if (sid && sid->vpc == pkt->vpc && sid->kind == VPC_SID_ENDPOINT &&
	    vpc_path_may_use(t, vpc_sid_endpoint(sid), pkt->version, &pkt->src)) {
		path->src = vpc_sid_endpoint(sid);
		return VPC_COUNTER_UNSPEC;
	}
	return known || vpc_fib_first(t, &query) ? VPC_DROP_SRC_SID :
						   VPC_DROP_BAD_SRC;
}

/**
 * vpc_path_accept - is this host the next hop on the path of a packet
 * @t: the tables
 * @pkt: the packet; @vpc is what its TLV says
 * @from: the SID that it came from
 * @path: @dst, the endpoint at the SID that it came to, is given; @src is set
 *
 * The tables that would have sent the packet must map its overlay source to
 * where it came from and its overlay destination to where it came to.
 *
 * Context: rcu_read_lock().
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_path_accept(const struct vpc_tables *t,
				 const struct vpc_pkt *pkt,
				 const struct in6_addr *from,
				 struct vpc_path *path)
{
	enum vpc_counter reason = vpc_path_accept_dst(t, pkt, path->dst);

	return reason ?: vpc_path_accept_src(t, pkt, from, path);
}
