/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this host knows: endpoints by SID and by overlay address, and VPCs.
 *
 * Readers hold rcu_read_lock() and nothing else.  Writers hold the lock of the
 * namespace, see struct vpc_net.  An endpoint is never changed in place but
 * for the states of its addresses: it is replaced by another one.
 */
#ifndef _VPC_TABLE_H
#define _VPC_TABLE_H

#include <linux/etherdevice.h>
#include <linux/rhashtable.h>
#include <net/ipv6.h>

#include "codec.h"
#include "stats.h"

struct vpc_fib_lens;
struct vpc_hop;
struct vpc_net;
struct vpc_retiring;
struct vpc_nic;
struct vpc_edge;

/* What a SID can stand for. */
enum vpc_sid_kind {
	VPC_SID_ENDPOINT,
};

/**
 * struct vpc_sid - an underlay address with a meaning
 * @node: in vpc_tables.sids
 * @addr: the address
 * @vpc: id of the VPC that it belongs to
 * @kind: what it is embedded in, &enum vpc_sid_kind
 * @local: there is a device for it on this host
 * @busy: a request that has not been applied yet names it
 */
struct vpc_sid {
	struct rhash_head	node;
	struct in6_addr		addr;
	u32			vpc;
	u8			kind;
	bool			local;
	bool			busy;
};

/* An address's tag holds VPC id (24 bits), its place in the endpoint's array
 * (6 bits) and its state (2 bits), so that the record of an IPv4 address is 24
 * bytes.  The state alone is written while readers look.
 */
#define VPC_TAG_VPC_SHIFT	8
#define VPC_TAG_SLOT_SHIFT	2
#define VPC_TAG_SLOT_MASK	63
#define VPC_TAG_STATE_MASK	3

/* Not accepted: not there yet, or no more.  Shares 0 with the unset state. */
#define VPC_STATE_DARK		VPC_STATE_UNSPEC

struct vpc_addr4 {
	struct rhlist_head	node;
	__be32			addr;
	u32			tag;
};

struct vpc_addr6 {
	struct rhlist_head	node;
	struct in6_addr		addr;
	u32			tag;
	u32			offset;		/* from the endpoint, in bytes */
};

/**
 * struct vpc_endpoint - a VM's or container's NIC, as every host knows it
 * @sid: its underlay address
 * @mac: its Ethernet address
 * @n4: how many IPv4 addresses it has
 * @n6: how many IPv6 addresses it has
 * @nic: the device, if @sid.local; it outlives the endpoint
 * @hop: the fabric's route to it, if not @sid.local
 * @retiring: what of it has its grace
 * @addrs: @n4 struct vpc_addr4, then @n6 struct vpc_addr6
 *
 * A host may know a million of them: every byte counts.
 */
struct vpc_endpoint {
	struct vpc_sid		sid;
	union {
		struct vpc_nic		*nic;
		struct vpc_hop __rcu	*hop;
	};
	struct vpc_retiring	*retiring;
	u8			mac[ETH_ALEN];
	u8			n4;
	u8			n6;
	u8			addrs[] __aligned(8);
};

static inline struct vpc_addr4 *vpc_addr4(const struct vpc_endpoint *ep,
					  unsigned int i)
{
	return (struct vpc_addr4 *)ep->addrs + i;
}

static inline struct vpc_addr6 *vpc_addr6(const struct vpc_endpoint *ep,
					  unsigned int i)
{
	return (struct vpc_addr6 *)vpc_addr4(ep, ep->n4) + i;
}

/* Tag of the address at a place, IPv4 ones first. */
static inline u32 *vpc_addr_tag(const struct vpc_endpoint *ep, unsigned int slot)
{
	return slot < ep->n4 ? &vpc_addr4(ep, slot)->tag :
			       &vpc_addr6(ep, slot - ep->n4)->tag;
}

/* Which entries count: views that hold more and more of them. */
enum vpc_view {
	VPC_VIEW_ACTIVE,	/* what is used to send */
	VPC_VIEW_STANDBY,	/* and what stands by */
	VPC_VIEW_ALL,		/* and what has its grace */
	VPC_VIEWS,		/* not even in that */
};

/* The first view that has entries of a state. */
static inline enum vpc_view vpc_state_view(u8 state)
{
	switch (state) {
	case VPC_STATE_ACTIVE:
		return VPC_VIEW_ACTIVE;
	case VPC_STATE_STANDBY:
		return VPC_VIEW_STANDBY;
	case VPC_STATE_RETIRING:
		return VPC_VIEW_ALL;
	default:
		return VPC_VIEWS;
	}
}

/**
 * vpc_look_again - does a reader of a list of entries have to look a second time
 * @found: it found what it was looking for
 * @passed: it passed entries that were not what it was looking for
 *
 * What replaces or displaces an entry is put in dark, in front of it, and lit before
 * the other one goes.  So a reader that was too early to see the one lit, or to see it
 * at all, may be too late for the other.  It passed an entry then.
 */
static inline bool vpc_look_again(bool found, bool passed)
{
	if (likely(found || !passed))
		return false;
	/* vpc_addr_activate(), vpc_route_activate(), vpc_prefix_activate() */
	smp_rmb();
	return true;
}

/* Packets look at all entries of a list: there are no more than VPC_MAX_RIVALS of most.
 * Context: rcu_read_lock().
 */
static inline unsigned int vpc_list_len(const struct rhlist_head *pos)
{
	unsigned int n = 0;

	for (; pos; pos = rcu_dereference(pos->next))
		n++;
	return n;
}

static inline bool vpc_list_full(const struct rhlist_head *pos)
{
	return vpc_list_len(pos) >= VPC_MAX_RIVALS;
}

static inline u8 vpc_tag_state(const u32 *tag)
{
	return READ_ONCE(*tag) & VPC_TAG_STATE_MASK;
}

/**
 * struct vpc_vpc - what is kept per VPC
 * @id: VPC id
 * @users: what names it: it exists until then
 * @endpoints: endpoints that are known here
 * @local: those that have a device here
 * @routes: its routes
 * @lens: the prefix lengths that they have, NULL before the first one
 * @peers: states of the peerings that it has agreed to, by VPC id; VPC_PEER_BUSY
 *	marks what a request that has not been applied yet names
 * @nr_peers: how many
 * @gone: what the deleted ones of the local ones counted
 * @rcu: to free it
 */
struct vpc_vpc {
	u32			id;
	u32			users;
	u32			endpoints;
	u32			local;
	u32			routes;
	u32			nr_peers;
	struct vpc_fib_lens	*lens;
	struct xarray		peers;
	struct vpc_counters	gone;
	struct rcu_head		rcu;
};

/**
 * struct vpc_tables - what a namespace knows
 * @sids: struct vpc_sid by address
 * @addr4: struct vpc_addr4 by VPC and address; several may have one key
 * @addr6: struct vpc_addr6 likewise
 * @fib: struct vpc_route by VPC and prefix, likewise
 * @vpcs: struct vpc_vpc by id
 * @changes: counts changes, for dumps that want to know whether they are whole
 */
struct vpc_tables {
	struct rhashtable	sids;
	struct rhltable		addr4;
	struct rhltable		addr6;
	struct rhltable		fib;
	struct xarray		vpcs;
	unsigned int		changes;
};

int vpc_tables_init(struct vpc_tables *t);
void vpc_tables_free(struct vpc_tables *t);

/* For readers. */
struct vpc_sid *vpc_sid_find(const struct vpc_tables *t,
			     const struct in6_addr *addr);
struct vpc_endpoint *vpc_addr_find(const struct vpc_tables *t, u32 vpc,
				   u8 version, const union vpc_ip *ip,
				   const struct in6_addr *at, bool *known);
enum vpc_view vpc_addr_view(const struct vpc_tables *t, u32 vpc, u8 version,
			    const union vpc_ip *ip);
bool vpc_endpoint_lists(const struct vpc_endpoint *ep, u8 version,
			const union vpc_ip *ip);
bool vpc_endpoint_has(const struct vpc_endpoint *ep, u8 version,
		      const union vpc_ip *ip, u8 *state);

static inline struct vpc_endpoint *vpc_sid_endpoint(struct vpc_sid *sid)
{
	return container_of(sid, struct vpc_endpoint, sid);
}

/* For writers. */
struct vpc_endpoint *vpc_endpoint_alloc(u32 vpc, const struct in6_addr *sid,
					unsigned int n4, unsigned int n6);
void vpc_endpoint_free(struct vpc_endpoint *ep);
u8 vpc_endpoint_state(const struct vpc_endpoint *ep);

void vpc_addr_set_state(struct vpc_endpoint *ep, unsigned int slot, u8 state);
void vpc_addr_unlink(struct vpc_tables *t, struct vpc_endpoint *ep,
		     unsigned int slot);
struct vpc_endpoint *vpc_addr_rival(struct vpc_tables *t,
				    const struct vpc_endpoint *ep,
				    unsigned int slot, unsigned int *its_slot);

int vpc_table_insert(struct vpc_tables *t, struct vpc_endpoint *ep,
		     bool replaces);
int vpc_table_relink(struct vpc_tables *t, struct vpc_endpoint *ep);
void vpc_table_swap(struct vpc_tables *t, struct vpc_endpoint *ep,
		    struct vpc_endpoint *old);
void vpc_table_remove(struct vpc_tables *t, struct vpc_endpoint *ep,
		      bool replaces);

static inline struct vpc_vpc *vpc_vpc_find(const struct vpc_tables *t, u32 id)
{
	return xa_load((struct xarray *)&t->vpcs, id);
}

struct vpc_vpc *vpc_vpc_get(struct vpc_tables *t, u32 id);
void vpc_vpc_put(struct vpc_tables *t, struct vpc_vpc *vpc);

u8 vpc_peer_state(const struct vpc_tables *t, u32 vpc, u32 peer);
int vpc_peer_store(struct vpc_tables *t, u32 vpc, u32 peer, u8 state);
void vpc_peer_erase(struct vpc_tables *t, u32 vpc, u32 peer);
bool vpc_peer_set_busy(struct vpc_tables *t, u32 vpc, u32 peer, bool busy);

#endif /* _VPC_TABLE_H */
