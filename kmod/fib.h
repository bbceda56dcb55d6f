/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The forwarding information base: the routes of all VPCs.
 *
 * Readers hold rcu_read_lock(), writers the lock of the namespace.  A route is
 * never changed but for its state: it is replaced by another one.
 */
#ifndef _VPC_FIB_H
#define _VPC_FIB_H

#include "pick.h"
#include "table.h"

struct vpc_retiring;

/**
 * struct vpc_route_key - what a route is for
 * @vpc: VPC id
 * @version: 4 or 6
 * @len: bits of @prefix that count
 * @prefix: the rest is 0
 */
struct vpc_route_key {
	u32		vpc;
	u16		version;
	u16		len;
	union vpc_ip	prefix;
};

/**
 * struct vpc_next_hops - where a route leads, if that is more than one SID
 * @n: how many
 * @slot: who has it: a place in @hop, or VPC_PICK_NONE
 * @hop: sorted by SID
 */
struct vpc_next_hops {
	unsigned int		n;
	u16			slot[VPC_PICK_SLOTS];
	struct vpc_next_hop	hop[];
};

/**
 * struct vpc_route - a route
 * @node: in vpc_tables.fib; several may have one key
 * @key: what it is for
 * @kind: &enum vpc_route_kind
 * @state: &enum vpc_state, or VPC_STATE_DARK
 * @hash: &enum vpc_hash
 * @exported: peers may use it
 * @busy: a request that has not been applied yet names it
 * @weight: of its only next hop
 * @retiring: its grace
 * @hops: its next hops
 * @sid: its only next hop, if @hops is NULL
 * @peer: VPC that a route to a peer leads to
 * @rcu: to free it
 *
 * A VPC may have a million of them: 96 bytes each.
 */
struct vpc_route {
	struct rhlist_head	node;
	struct vpc_route_key	key;
	u8			kind;
	u8			state;
	u8			hash;
	bool			exported;
	bool			busy;
	u16			weight;
	struct vpc_retiring	*retiring;
	struct vpc_next_hops	*hops;
	union {
		struct in6_addr	sid;
		u32		peer;
	};
	struct rcu_head		rcu;
};

/**
 * struct vpc_fib_query - which routes are asked for
 * @vpc: VPC id
 * @version: 4 or 6
 * @ip: the address
 * @view: states that count
 * @exported: only what a peer may use
 */
struct vpc_fib_query {
	u32			vpc;
	u8			version;
	const union vpc_ip	*ip;
	enum vpc_view		view;
	bool			exported;
};

void vpc_fib_mask(struct vpc_route_key *key, const union vpc_ip *ip,
		  unsigned int len);

/* For readers. */
struct vpc_route *vpc_fib_first(const struct vpc_tables *t,
				const struct vpc_fib_query *query);
struct vpc_route *vpc_fib_next(const struct vpc_route *route,
			       const struct vpc_fib_query *query);
bool vpc_route_has_hop(const struct vpc_route *route, const struct in6_addr *sid);
const struct in6_addr *vpc_route_pick(const struct vpc_route *route,
				      const struct vpc_pkt *pkt, const void *l4,
				      unsigned int len);

/* For writers. */
int vpc_fib_init(struct vpc_tables *t);
void vpc_fib_free(struct vpc_tables *t);
int vpc_fib_insert(struct vpc_tables *t, struct vpc_route *route);
void vpc_fib_remove(struct vpc_tables *t, struct vpc_route *route);
struct vpc_route *vpc_fib_all(const struct vpc_tables *t,
			      const struct vpc_route_key *key);

struct vpc_route *vpc_fib_sibling(const struct vpc_route *route);

void vpc_route_free(struct vpc_route *route);

#endif /* _VPC_FIB_H */
