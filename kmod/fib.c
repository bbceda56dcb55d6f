// SPDX-License-Identifier: GPL-2.0
/*
 * The forwarding information base: the routes of all VPCs, in one hash table
 * by VPC and prefix.  A lookup tries the lengths that the VPC has, the longest
 * first: what it costs depends on how many lengths there are, not on routes.
 */

#include <linux/inetdevice.h>
#include <linux/slab.h>

#include "fib.h"

/**
 * struct vpc_fib_lens - the prefix lengths that the routes of a VPC have
 * @in_use4: by length, whether a route of IPv4 has it
 * @in_use6: the same of IPv6
 * @n4: how many routes of IPv4 have it
 * @n6: the same of IPv6
 */
struct vpc_fib_lens {
	DECLARE_BITMAP(in_use4, 33);
	DECLARE_BITMAP(in_use6, 129);
	u32	n4[33];
	u32	n6[129];
};

static __always_inline u32 vpc_route_key_hash(const void *data, u32 len, u32 seed)
{
	return jhash2(data, sizeof(struct vpc_route_key) / sizeof(u32), seed);
}

static u32 vpc_route_hash(const void *data, u32 len, u32 seed)
{
	const struct vpc_route *route = data;

	return vpc_route_key_hash(&route->key, len, seed);
}

static __always_inline int vpc_route_cmp(struct rhashtable_compare_arg *arg,
					 const void *data)
{
	const struct vpc_route *route = data;

	return memcmp(&route->key, arg->key, sizeof(route->key));
}

static const struct rhashtable_params vpc_fib_params = {
	.head_offset		= offsetof(struct vpc_route, node),
	.key_len		= sizeof(struct vpc_route_key),
	.hashfn			= vpc_route_key_hash,
	.obj_hashfn		= vpc_route_hash,
	.obj_cmpfn		= vpc_route_cmp,
	.automatic_shrinking	= true,
};

int vpc_fib_init(struct vpc_tables *t)
{
	/* What the allocator gives for one more byte is 128. */
	BUILD_BUG_ON(sizeof(struct vpc_route) > 96);
	return rhltable_init(&t->fib, &vpc_fib_params);
}

static void vpc_fib_free_one(void *ptr, void *arg)
{
	vpc_route_free(ptr);
}

/* Free all routes, once no reader can be left. */
void vpc_fib_free(struct vpc_tables *t)
{
	rhltable_free_and_destroy(&t->fib, vpc_fib_free_one, NULL);
}

/* Free a route that no reader can see. */
void vpc_route_free(struct vpc_route *route)
{
	kvfree(route->hops);
	kfree(route);
}

/* Readers. */

static struct vpc_route *vpc_fib_entry(struct rhlist_head *node)
{
	return node ? container_of(node, struct vpc_route, node) : NULL;
}

/* Another route of the same key, in whatever state. */
struct vpc_route *vpc_fib_sibling(const struct vpc_route *route)
{
	return vpc_fib_entry(rcu_dereference_raw(route->node.next));
}

static bool vpc_route_fits(const struct vpc_route *route,
			   const struct vpc_fib_query *query)
{
	return vpc_state_view(READ_ONCE(route->state)) <= query->view &&
	       (!query->exported ||
		(route->exported && route->kind != VPC_ROUTE_PEER));
}

static struct vpc_route *vpc_fib_fitting(struct vpc_route *route,
					 const struct vpc_fib_query *query)
{
	while (route && !vpc_route_fits(route, query))
		route = vpc_fib_sibling(route);
	return route;
}

static struct vpc_route *vpc_fib_at(const struct vpc_tables *t,
				    const struct vpc_route_key *key)
{
	return vpc_fib_entry(rhltable_lookup((struct rhltable *)&t->fib, key,
					     vpc_fib_params));
}

static struct vpc_route *vpc_fib_find(const struct vpc_tables *t,
				      const struct vpc_route_key *key,
				      const struct vpc_fib_query *query)
{
	struct vpc_route *first = vpc_fib_at(t, key);
	struct vpc_route *route = vpc_fib_fitting(first, query);

	if (vpc_look_again(route, first))
		route = vpc_fib_fitting(vpc_fib_at(t, key), query);
	return route;
}

/* Set a key's prefix to the first bits of an address. */
void vpc_fib_mask(struct vpc_route_key *key, const union vpc_ip *ip,
		  unsigned int len)
{
	key->len = len;
	if (key->version == 4)
		key->prefix.v4 = ip->v4 & inet_make_mask(len);
	else
		ipv6_addr_prefix(&key->prefix.v6, &ip->v6, len);
}

/**
 * vpc_fib_first - the routes of the longest prefix that an address matches
 * @t: the tables
 * @query: what counts
 *
 * Context: rcu_read_lock().
 * Return: the first of them, or NULL; vpc_fib_next() has the others.
 */
struct vpc_route *vpc_fib_first(const struct vpc_tables *t,
				const struct vpc_fib_query *query)
{
	struct vpc_route_key key = { .vpc = query->vpc, .version = query->version };
	const struct vpc_vpc *vpc = vpc_vpc_find(t, query->vpc);
	const struct vpc_fib_lens *lens = vpc ? READ_ONCE(vpc->lens) : NULL;
	unsigned long len, end = query->version == 4 ? 33 : 129;
	const unsigned long *in_use;
	struct vpc_route *route;

	if (!lens)
		return NULL;
	in_use = query->version == 4 ? lens->in_use4 : lens->in_use6;
	while ((len = find_last_bit(in_use, end)) < end) {
		vpc_fib_mask(&key, query->ip, len);
		route = vpc_fib_find(t, &key, query);
		if (route)
			return route;
		end = len;
	}
	return NULL;
}

/* Another one of the same prefix, or NULL. */
struct vpc_route *vpc_fib_next(const struct vpc_route *route,
			       const struct vpc_fib_query *query)
{
	return vpc_fib_fitting(vpc_fib_sibling(route), query);
}

static int vpc_route_order(const struct in6_addr *sid, const struct vpc_next_hop *hop)
{
	return memcmp(sid, &hop->sid, sizeof(*sid));
}

/**
 * vpc_route_has_hop - is a SID one of a route's next hops
 * @route: the route
 * @sid: the SID
 *
 * It is, whatever its weight: what is drained still ends its flows.
 */
bool vpc_route_has_hop(const struct vpc_route *route, const struct in6_addr *sid)
{
	unsigned int low = 0, high, mid;
	int order;

	if (route->kind != VPC_ROUTE_VIA)
		return false;
	if (!route->hops)
		return ipv6_addr_equal(&route->sid, sid);
	high = route->hops->n;
	while (low < high) {
		mid = (low + high) / 2;
		order = vpc_route_order(sid, &route->hops->hop[mid]);
		if (!order)
			return true;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

/**
 * vpc_route_pick - the next hop that a packet takes
 * @route: a route of kind %VPC_ROUTE_VIA
 * @pkt: the packet
 * @l4: its transport header
 * @len: bytes of it at hand
 *
 * Return: its SID, or NULL if all weights are 0.
 */
const struct in6_addr *vpc_route_pick(const struct vpc_route *route,
				      const struct vpc_pkt *pkt, const void *l4,
				      unsigned int len)
{
	const struct vpc_next_hops *hops = route->hops;
	u16 place;

	if (!hops)
		return route->weight ? &route->sid : NULL;
	place = hops->slot[vpc_pick_slot(vpc_pick_hash(pkt, l4, len, route->hash))];
	return place == VPC_PICK_NONE ? NULL : &hops->hop[place].sid;
}

/* Writers. */

/* The first of all routes with a key, in whatever state. */
struct vpc_route *vpc_fib_all(const struct vpc_tables *t,
			      const struct vpc_route_key *key)
{
	struct vpc_route *route;

	rcu_read_lock();
	route = vpc_fib_at(t, key);
	rcu_read_unlock();
	return route;
}

static u32 *vpc_fib_count(struct vpc_fib_lens *lens, const struct vpc_route_key *key)
{
	return key->version == 4 ? &lens->n4[key->len] : &lens->n6[key->len];
}

static unsigned long *vpc_fib_in_use(struct vpc_fib_lens *lens,
				     const struct vpc_route_key *key)
{
	return key->version == 4 ? lens->in_use4 : lens->in_use6;
}

/**
 * vpc_fib_insert - put a route into the table
 * @t: the tables
 * @route: the route, dark
 *
 * Return: 0, or a negative error with nothing done.
 */
int vpc_fib_insert(struct vpc_tables *t, struct vpc_route *route)
{
	struct vpc_vpc *vpc = vpc_vpc_get(t, route->key.vpc);
	struct vpc_fib_lens *lens;
	int err = -ENOMEM;
	bool full;

	if (!vpc)
		return err;
	rcu_read_lock();
	full = vpc_list_full(rhltable_lookup(&t->fib, &route->key, vpc_fib_params));
	rcu_read_unlock();
	if (full) {
		err = -ENOSPC;
		goto err_vpc;
	}
	lens = vpc->lens;
	if (!lens) {
		lens = kzalloc(sizeof(*lens), GFP_KERNEL_ACCOUNT);
		if (!lens)
			goto err_vpc;
		/* vpc_fib_first() looks at what is in there already. */
		smp_store_release(&vpc->lens, lens);
	}
	err = rhltable_insert_key(&t->fib, &route->key, &route->node, vpc_fib_params);
	if (err)
		goto err_vpc;
	if (!(*vpc_fib_count(lens, &route->key))++)
		set_bit(route->key.len, vpc_fib_in_use(lens, &route->key));
	vpc->routes++;
	t->changes++;
	return 0;

err_vpc:
	vpc_vpc_put(t, vpc);
	return err;
}

/**
 * vpc_fib_remove - take a route out of the table
 * @t: the tables
 * @route: the route; readers may see it until a grace period has passed
 */
void vpc_fib_remove(struct vpc_tables *t, struct vpc_route *route)
{
	struct vpc_vpc *vpc = vpc_vpc_find(t, route->key.vpc);

	rhltable_remove(&t->fib, &route->node, vpc_fib_params);
	if (!--*vpc_fib_count(vpc->lens, &route->key))
		clear_bit(route->key.len, vpc_fib_in_use(vpc->lens, &route->key));
	vpc->routes--;
	vpc_vpc_put(t, vpc);
	t->changes++;
}
