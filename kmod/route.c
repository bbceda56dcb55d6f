// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration of routes and peerings.  As with endpoints, a request has a half
 * that may fail and is undone then, and a half that can't fail.
 */

#include <linux/slab.h>
#include <net/netlink.h>

#include "netlink.h"
#include "retire.h"
#include "route.h"

static void vpc_route_free_rcu(struct rcu_head *rcu)
{
	vpc_route_free(container_of(rcu, struct vpc_route, rcu));
}

static void vpc_route_set_state(struct vpc_route *route, u8 state)
{
	WRITE_ONCE(route->state, state);
}

/* Do two routes of one prefix lead to the same?  Weights don't matter. */
static bool vpc_route_same(const struct vpc_route *a, const struct vpc_route *b)
{
	unsigned int i;

	if (a->kind != b->kind)
		return false;
	if (a->kind == VPC_ROUTE_PEER)
		return a->peer == b->peer;
	if (a->kind != VPC_ROUTE_VIA)
		return true;
	if (!a->hops || !b->hops)
		return !a->hops && !b->hops && ipv6_addr_equal(&a->sid, &b->sid);
	if (a->hops->n != b->hops->n)
		return false;
	for (i = 0; i < a->hops->n; i++)
		if (!ipv6_addr_equal(&a->hops->hop[i].sid, &b->hops->hop[i].sid))
			return false;
	return true;
}

static struct vpc_route *vpc_route_find(struct vpc_net *vn,
					const struct vpc_route *like)
{
	struct vpc_route *route = vpc_fib_all(&vn->tables, &like->key);

	for (; route; route = vpc_fib_sibling(route))
		if (route != like && vpc_route_same(route, like))
			return route;
	return NULL;
}

static void vpc_route_remove(struct vpc_net *vn, struct vpc_route *route)
{
	vpc_retire_forget(vn, &route->retiring);
	vpc_fib_remove(&vn->tables, route);
	call_rcu(&route->rcu, vpc_route_free_rcu);
}

static struct net_device *vpc_route_over(struct vpc_net *vn, void *what,
					 unsigned int slot)
{
	vpc_nl_route_event(vn, what, VPC_EVENT_DEL);
	vpc_route_remove(vn, what);
	return NULL;
}

/* Drops know no grace. */
static bool vpc_route_drops(const struct vpc_route *route)
{
	return route->kind == VPC_ROUTE_BLACKHOLE || route->kind == VPC_ROUTE_PROHIBIT;
}

static void vpc_route_retire(struct vpc_net *vn, struct vpc_route *route)
{
	struct vpc_retiring r = {
		.head = &route->retiring,
		.what = route,
		.over = vpc_route_over,
	};

	vpc_route_set_state(route, VPC_STATE_RETIRING);
	vpc_retire_add(vn, &r);
	vn->tables.changes++;
}

static void vpc_route_end(struct vpc_net *vn, struct vpc_route *route, bool now)
{
	if (now || vpc_route_drops(route) || !vpc_net_grace(vn)) {
		vpc_nl_route_event(vn, route, VPC_EVENT_DEL);
		vpc_route_remove(vn, route);
	} else if (route->state != VPC_STATE_RETIRING) {
		vpc_route_retire(vn, route);
		vpc_nl_route_event(vn, route, VPC_EVENT_CHANGE);
	}
}

/* Does it end when another one of its prefix becomes active?  What the request
 * replaces goes with that, whatever comes before it in the request.
 */
static bool vpc_route_gives_way(const struct vpc_route *rival,
				const struct vpc_route *route)
{
	if (rival->busy || vpc_route_same(rival, route))
		return false;
	return rival->state == VPC_STATE_ACTIVE ||
	       (rival->state == VPC_STATE_RETIRING && vpc_route_drops(route));
}

/* What was active for the prefix ends after the new one is active, so that there
 * is no moment without one.
 */
static void vpc_route_activate(struct vpc_net *vn, struct vpc_route *route)
{
	struct vpc_route *rival, *next;

	vpc_route_set_state(route, VPC_STATE_ACTIVE);
	smp_wmb();	/* vpc_look_again() */
	for (rival = vpc_fib_all(&vn->tables, &route->key); rival; rival = next) {
		next = vpc_fib_sibling(rival);
		if (rival != route && vpc_route_gives_way(rival, route))
			vpc_route_end(vn, rival, vpc_route_drops(route));
	}
}

static void vpc_route_light(struct vpc_net *vn, struct vpc_route *route, u8 state)
{
	vpc_retire_forget(vn, &route->retiring);
	switch (state) {
	case VPC_STATE_ACTIVE:
		vpc_route_activate(vn, route);
		break;
	case VPC_STATE_RETIRING:
		vpc_route_retire(vn, route);
		break;
	default:
		vpc_route_set_state(route, state);
	}
}

static int vpc_route_check_hop(struct vpc_net *vn, const struct vpc_route_item *it,
			       const struct in6_addr *sid,
			       struct netlink_ext_ack *extack)
{
	const struct vpc_sid *known;
	bool foreign;

	rcu_read_lock();
	known = vpc_sid_find(&vn->tables, sid);
	foreign = known && known->vpc != it->route->key.vpc;
	rcu_read_unlock();
	if (!foreign)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, it->attr,
			    "a next hop is an endpoint of another VPC");
	return -EXDEV;
}

static int vpc_route_check_hops(struct vpc_net *vn, const struct vpc_route_item *it,
				struct netlink_ext_ack *extack)
{
	const struct vpc_next_hops *hops = it->route->hops;
	unsigned int i;
	int err = 0;

	if (it->route->kind != VPC_ROUTE_VIA)
		return 0;
	if (!hops)
		return vpc_route_check_hop(vn, it, &it->route->sid, extack);
	for (i = 0; i < hops->n && !err; i++)
		err = vpc_route_check_hop(vn, it, &hops->hop[i].sid, extack);
	return err;
}

static int vpc_route_prepare(struct vpc_net *vn, struct vpc_route_item *it,
			     bool replace, struct netlink_ext_ack *extack)
{
	int err;

	err = vpc_route_check_hops(vn, it, extack);
	if (err)
		return err;
	it->old = vpc_route_find(vn, it->route);
	if (it->old && it->old->busy) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "the route occurs twice in one request");
		return -EEXIST;
	}
	/* What was deleted and has its grace left may come back. */
	if (it->old && !replace && it->old->state != VPC_STATE_RETIRING) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "the route exists");
		return -EEXIST;
	}
	err = vpc_fib_insert(&vn->tables, it->route);
	if (err) {
		if (err == -ENOSPC)
			NL_SET_ERR_MSG_ATTR(extack, it->attr, "256 routes have this prefix");
		else
			NL_SET_ERR_MSG_ATTR(extack, it->attr, "no memory for the route");
		return err;
	}
	it->route->busy = true;
	if (it->old)
		it->old->busy = true;
	return 0;
}

static void vpc_route_undo(struct vpc_net *vn, struct vpc_route_item *it)
{
	if (it->old)
		it->old->busy = false;
	vpc_route_remove(vn, it->route);
	it->route = NULL;
}

static void vpc_route_commit(struct vpc_net *vn, struct vpc_route_item *it)
{
	it->route->busy = false;
	vpc_route_light(vn, it->route, it->state);
	vpc_nl_route_event(vn, it->route, it->old ? VPC_EVENT_CHANGE : VPC_EVENT_ADD);
	if (it->old)
		vpc_route_remove(vn, it->old);
	it->route = NULL;
}

/**
 * vpc_routes_add - add or replace routes, all of them or none
 * @vn: the namespace
 * @items: what to add; of what is added, @route is NULL then
 * @n: how many
 * @replace: those that lead to the same are changed
 * @extack: for messages
 *
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_routes_add(struct vpc_net *vn, struct vpc_route_item *items,
		   unsigned int n, bool replace, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err = 0;

	mutex_lock(&vn->lock);
	for (i = 0; i < n; i++) {
		err = vpc_route_prepare(vn, &items[i], replace, extack);
		if (err)
			goto err_undo;
		cond_resched();
	}
	for (i = 0; i < n; i++) {
		vpc_route_commit(vn, &items[i]);
		cond_resched();
	}
	mutex_unlock(&vn->lock);
	return 0;

err_undo:
	while (i--)
		vpc_route_undo(vn, &items[i]);
	mutex_unlock(&vn->lock);
	return err;
}

/* The next of the routes that an item means, from one of its prefix on: without a
 * kind, all of them.
 */
static struct vpc_route *vpc_route_meant(const struct vpc_route *like,
					 struct vpc_route *route)
{
	while (route && like->kind != VPC_ROUTE_UNSPEC && !vpc_route_same(route, like))
		route = vpc_fib_sibling(route);
	return route;
}

static struct vpc_route *vpc_route_first_meant(struct vpc_net *vn,
					       const struct vpc_route *like)
{
	return vpc_route_meant(like, vpc_fib_all(&vn->tables, &like->key));
}

static struct vpc_route *vpc_route_next_meant(const struct vpc_route *like,
					      const struct vpc_route *route)
{
	return vpc_route_meant(like, vpc_fib_sibling(route));
}

static int vpc_route_claim(struct vpc_net *vn, const struct vpc_route_item *it,
			   bool one, struct netlink_ext_ack *extack)
{
	struct vpc_route *first = vpc_route_first_meant(vn, it->route), *route;

	if (!first) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "there is no such route");
		return -ENOENT;
	}
	if (one && vpc_route_next_meant(it->route, first)) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "several routes have this prefix: say where the one leads");
		return -ENOTUNIQ;
	}
	for (route = first; route; route = vpc_route_next_meant(it->route, route)) {
		if (!route->busy)
			continue;
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "the route occurs twice in one request");
		return -EEXIST;
	}
	for (route = first; route; route = vpc_route_next_meant(it->route, route))
		route->busy = true;
	return 0;
}

static void vpc_route_release(struct vpc_net *vn, const struct vpc_route_item *it)
{
	struct vpc_route *route;

	for (route = vpc_route_first_meant(vn, it->route); route;
	     route = vpc_route_next_meant(it->route, route))
		route->busy = false;
}

/* Whether all items mean routes that are there, and none means one twice. */
static int vpc_routes_check(struct vpc_net *vn, const struct vpc_route_item *items,
			    unsigned int n, bool one, struct netlink_ext_ack *extack)
{
	unsigned int found;
	int err = 0;

	for (found = 0; found < n; found++) {
		err = vpc_route_claim(vn, &items[found], one, extack);
		if (err)
			break;
		cond_resched();
	}
	while (found--) {
		vpc_route_release(vn, &items[found]);
		cond_resched();
	}
	return err;
}

/**
 * vpc_routes_set - change the states of routes, of all or of none
 * @vn: the namespace
 * @items: @route and @state are used
 * @n: how many
 * @extack: for messages
 */
int vpc_routes_set(struct vpc_net *vn, struct vpc_route_item *items,
		   unsigned int n, struct netlink_ext_ack *extack)
{
	struct vpc_route *route;
	unsigned int i;
	int err;

	mutex_lock(&vn->lock);
	err = vpc_routes_check(vn, items, n, true, extack);
	for (i = 0; i < n && !err; i++) {
		/* An earlier item may have displaced it, and that ended it. */
		route = vpc_route_first_meant(vn, items[i].route);
		if (!route)
			continue;
		vpc_route_light(vn, route, items[i].state);
		vpc_nl_route_event(vn, route, VPC_EVENT_CHANGE);
		cond_resched();
	}
	vn->tables.changes++;
	mutex_unlock(&vn->lock);
	return err;
}

/**
 * vpc_routes_del - delete routes, all of them or none
 * @vn: the namespace
 * @items: @route and @now are used
 * @n: how many
 * @extack: for messages
 */
int vpc_routes_del(struct vpc_net *vn, struct vpc_route_item *items,
		   unsigned int n, struct netlink_ext_ack *extack)
{
	struct vpc_route *route, *next;
	unsigned int i;
	int err;

	mutex_lock(&vn->lock);
	err = vpc_routes_check(vn, items, n, false, extack);
	for (i = 0; i < n && !err; i++) {
		const struct vpc_route *like = items[i].route;

		for (route = vpc_route_first_meant(vn, like); route; route = next) {
			next = vpc_route_next_meant(like, route);
			vpc_route_end(vn, route, items[i].now);
		}
		cond_resched();
	}
	mutex_unlock(&vn->lock);
	return err;
}

/* Peerings. */

static int vpc_peer_claim(struct vpc_net *vn, const struct vpc_peer_item *it,
			  struct netlink_ext_ack *extack)
{
	if (!vpc_peer_set_busy(&vn->tables, it->vpc, it->peer, true))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, it->attr, "the peering occurs twice in one request");
	return -EEXIST;
}

static void vpc_peers_release(struct vpc_net *vn, const struct vpc_peer_item *items,
			      unsigned int n)
{
	while (n--)
		vpc_peer_set_busy(&vn->tables, items[n].vpc, items[n].peer, false);
}

static int vpc_peer_prepare(struct vpc_net *vn, struct vpc_peer_item *it,
			    struct netlink_ext_ack *extack)
{
	int err;

	it->was = vpc_peer_state(&vn->tables, it->vpc, it->peer);
	err = vpc_peer_claim(vn, it, extack);
	if (err || it->was)
		return err;
	err = vpc_peer_store(&vn->tables, it->vpc, it->peer, VPC_STATE_DARK);
	if (err) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "no memory for the peering");
		return err;
	}
	vpc_peer_set_busy(&vn->tables, it->vpc, it->peer, true);
	return 0;
}

/**
 * vpc_peers_add - VPCs agree to peerings, or change their states, all or none
 * @vn: the namespace
 * @items: the peerings
 * @n: how many
 * @extack: for messages
 */
int vpc_peers_add(struct vpc_net *vn, struct vpc_peer_item *items,
		  unsigned int n, struct netlink_ext_ack *extack)
{
	unsigned int i, done;
	int err = 0;

	mutex_lock(&vn->lock);
	for (done = 0; done < n; done++) {
		err = vpc_peer_prepare(vn, &items[done], extack);
		if (err)
			break;
		cond_resched();
	}
	vpc_peers_release(vn, items, done);
	for (i = 0; i < done && err; i++)
		if (!items[i].was)
			vpc_peer_erase(&vn->tables, items[i].vpc, items[i].peer);
	for (i = 0; i < done && !err; i++) {
		vpc_peer_store(&vn->tables, items[i].vpc, items[i].peer, items[i].state);
		vpc_nl_peer_event(vn, items[i].vpc, items[i].peer,
				  items[i].was ? VPC_EVENT_CHANGE : VPC_EVENT_ADD);
		cond_resched();
	}
	mutex_unlock(&vn->lock);
	return err;
}

static int vpc_peer_find(struct vpc_net *vn, const struct vpc_peer_item *it,
			 struct netlink_ext_ack *extack)
{
	if (vpc_peer_state(&vn->tables, it->vpc, it->peer))
		return vpc_peer_claim(vn, it, extack);
	NL_SET_ERR_MSG_ATTR(extack, it->attr,
			    "the VPC has not agreed to this peering");
	return -ENOENT;
}

/**
 * vpc_peers_del - VPCs withdraw their consent, all or none
 * @vn: the namespace
 * @items: the peerings
 * @n: how many
 * @extack: for messages
 *
 * There is no grace.
 */
int vpc_peers_del(struct vpc_net *vn, struct vpc_peer_item *items,
		  unsigned int n, struct netlink_ext_ack *extack)
{
	unsigned int i, found;
	int err = 0;

	mutex_lock(&vn->lock);
	for (found = 0; found < n; found++) {
		err = vpc_peer_find(vn, &items[found], extack);
		if (err)
			break;
		cond_resched();
	}
	vpc_peers_release(vn, items, found);
	for (i = 0; i < n && !err; i++) {
		vpc_nl_peer_event(vn, items[i].vpc, items[i].peer, VPC_EVENT_DEL);
		vpc_peer_erase(&vn->tables, items[i].vpc, items[i].peer);
		cond_resched();
	}
	mutex_unlock(&vn->lock);
	return err;
}
