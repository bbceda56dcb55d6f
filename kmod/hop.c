// SPDX-License-Identifier: GPL-2.0
/*
 * The fabric's route to a SID, remembered with the endpoint.
 *
 * This is no flow cache: what is remembered is the kernel's route object for a
 * configured destination, checked for each packet as every tunnel does it.
 * The route is held by the cache and lent to packets under RCU, so that no
 * reference count is touched on the way.
 */

#include <linux/slab.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/nexthop.h>

#include "edge.h"
#include "hop.h"
#include "nic.h"

/**
 * struct vpc_hop - a remembered route
 * @dst: the route, referenced
 * @cookie: for dst->ops->check()
 * @gen: vpc_net.route_gen of that moment
 * @edge: the one that looked it up, only to be compared
 * @rcu: to free it
 */
struct vpc_hop {
	struct dst_entry	*dst;
	u32			cookie;
	u32			gen;
	const struct vpc_edge	*edge;
	struct rcu_head		rcu;
};

static void vpc_hop_free_rcu(struct rcu_head *rcu)
{
	vpc_hop_free(container_of(rcu, struct vpc_hop, rcu));
}

/* Free what no reader can see, or NULL. */
void vpc_hop_free(struct vpc_hop *hop)
{
	if (!hop)
		return;
	dst_release(hop->dst);
	kfree(hop);
}

/* With several next hops, the flow label of each packet chooses. */
static bool vpc_hop_multipath(const struct dst_entry *dst)
{
	const struct rt6_info *rt = (const struct rt6_info *)dst;
	const struct fib6_info *from = rcu_dereference(rt->from);

	if (!from)
		return true;
	return from->nh ? nexthop_is_multipath(from->nh) :
			  READ_ONCE(from->fib6_nsiblings) != 0;
}

static bool vpc_hop_leaves_fabric(const struct vpc_edge *edge,
				  const struct net_device *dev)
{
	if (vpc_is_edge(dev) || vpc_is_nic(dev) || dev->flags & IFF_LOOPBACK)
		return true;
	return !vpc_edge_takes_from(edge, dev);
}

static struct dst_entry *vpc_hop_lookup(const struct vpc_edge *edge,
					const struct in6_addr *to,
					const struct in6_addr *from, u32 flow)
{
	struct flowi6 fl6 = {
		.daddr = *to,
		.saddr = *from,
		.flowlabel = htonl(flow),
		.flowi6_oif = vpc_edge_l3mdev(edge),
	};
	struct dst_entry *dst;

	dst = ip6_route_output(edge->vn->net, NULL, &fl6);
	if (dst->error || vpc_hop_leaves_fabric(edge, dst->dev)) {
		dst_release(dst);
		return NULL;
	}
	return dst;
}

/* Another edge's route serves this one, too, if it would have found it. */
static bool vpc_hop_serves(const struct vpc_hop *hop, const struct vpc_edge *edge)
{
	return hop->edge == edge ||
	       (!vpc_hop_leaves_fabric(edge, hop->dst->dev) &&
		l3mdev_master_ifindex_rcu(hop->dst->dev) == vpc_edge_l3mdev(edge));
}

static bool vpc_hop_remember(struct vpc_endpoint *to, struct vpc_hop *old,
			     struct dst_entry *dst, const struct vpc_edge *edge,
			     u32 gen)
{
	struct vpc_hop *hop;

	hop = kmalloc(sizeof(*hop), GFP_ATOMIC | __GFP_NOWARN);
	if (!hop)
		return false;
	hop->dst = dst;
	hop->cookie = rt6_get_cookie((struct rt6_info *)dst);
	hop->gen = gen;
	hop->edge = edge;
	if (cmpxchg((__force struct vpc_hop **)&to->hop, old, hop) != old) {
		kfree(hop);
		return false;
	}
	if (old)
		call_rcu(&old->rcu, vpc_hop_free_rcu);
	return true;
}

/**
 * vpc_hop_route - the fabric's route to a remote endpoint
 * @edge: the sending edge
 * @to: the endpoint
 * @from: SID of the sender
 * @flow: flow label
 * @noref: set if the route is lent, until rcu_read_unlock()
 *
 * Where two edges of a namespace send to one endpoint by different fabric
 * devices, the route of one is remembered, and the other looks its own up for
 * each packet.
 *
 * Context: rcu_read_lock(), bottom halves off.
 * Return: the route, or NULL if there is none that stays on the fabric.
 */
struct dst_entry *vpc_hop_route(struct vpc_edge *edge, struct vpc_endpoint *to,
				const struct in6_addr *from, u32 flow,
				bool *noref)
{
	struct vpc_hop *hop = rcu_dereference(to->hop);
	u32 gen = READ_ONCE(edge->vn->route_gen);
	struct dst_entry *dst;
	bool valid;

	valid = hop && hop->gen == gen && dst_check(hop->dst, hop->cookie);
	*noref = true;
	if (likely(valid && vpc_hop_serves(hop, edge)))
		return hop->dst;

	dst = vpc_hop_lookup(edge, &to->sid.addr, from, flow);
	if (!dst)
		return NULL;
	*noref = !valid && !vpc_hop_multipath(dst) &&
		 vpc_hop_remember(to, hop, dst, edge, gen);
	return dst;
}
