// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints by SID and by overlay address, and VPCs.
 *
 * An endpoint is inserted dark: its addresses are found by nobody until it is
 * given a state.  So a whole batch can be inserted, and undone if one of it
 * fails, before anything of it is seen.
 */

#include <linux/jhash.h>
#include <linux/slab.h>

#include "hop.h"
#include "fib.h"
#include "table.h"

struct vpc_key4 {
	u32			vpc;
	__be32			addr;
};

struct vpc_key6 {
	u32			vpc;
	const struct in6_addr	*addr;
};

/* Inlined by hand: they are members of the tables' constant parameters, which
 * does not make the compiler do it by itself.
 */
static __always_inline u32 vpc_key4_hash(const void *data, u32 len, u32 seed)
{
	const struct vpc_key4 *key = data;

	return jhash_2words((__force u32)key->addr, key->vpc, seed);
}

static u32 vpc_addr4_hash(const void *data, u32 len, u32 seed)
{
	const struct vpc_addr4 *a = data;

	return jhash_2words((__force u32)a->addr,
			    READ_ONCE(a->tag) >> VPC_TAG_VPC_SHIFT, seed);
}

static __always_inline int vpc_addr4_cmp(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct vpc_key4 *key = arg->key;
	const struct vpc_addr4 *a = data;

	return a->addr != key->addr ||
	       READ_ONCE(a->tag) >> VPC_TAG_VPC_SHIFT != key->vpc;
}

static __always_inline u32 vpc_hash6(u32 vpc, const struct in6_addr *addr, u32 seed)
{
	return jhash2((const u32 *)addr->s6_addr32, 4, seed ^ vpc);
}

static __always_inline u32 vpc_key6_hash(const void *data, u32 len, u32 seed)
{
	const struct vpc_key6 *key = data;

	return vpc_hash6(key->vpc, key->addr, seed);
}

static u32 vpc_addr6_hash(const void *data, u32 len, u32 seed)
{
	const struct vpc_addr6 *a = data;

	return vpc_hash6(READ_ONCE(a->tag) >> VPC_TAG_VPC_SHIFT, &a->addr, seed);
}

static __always_inline int vpc_addr6_cmp(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct vpc_key6 *key = arg->key;
	const struct vpc_addr6 *a = data;

	return READ_ONCE(a->tag) >> VPC_TAG_VPC_SHIFT != key->vpc ||
	       !ipv6_addr_equal(&a->addr, key->addr);
}

static __always_inline int vpc_sid_cmp(struct rhashtable_compare_arg *arg,
				       const void *data)
{
	const struct vpc_sid *sid = data;

	return !ipv6_addr_equal(&sid->addr, arg->key);
}

static const struct rhashtable_params vpc_addr4_params = {
	.head_offset		= offsetof(struct vpc_addr4, node),
	.key_len		= sizeof(struct vpc_key4),
	.hashfn			= vpc_key4_hash,
	.obj_hashfn		= vpc_addr4_hash,
	.obj_cmpfn		= vpc_addr4_cmp,
	.automatic_shrinking	= true,
};

static const struct rhashtable_params vpc_addr6_params = {
	.head_offset		= offsetof(struct vpc_addr6, node),
	.key_len		= sizeof(struct vpc_key6),
	.hashfn			= vpc_key6_hash,
	.obj_hashfn		= vpc_addr6_hash,
	.obj_cmpfn		= vpc_addr6_cmp,
	.automatic_shrinking	= true,
};

static const struct rhashtable_params vpc_sid_params = {
	.head_offset		= offsetof(struct vpc_sid, node),
	.key_offset		= offsetof(struct vpc_sid, addr),
	.key_len		= sizeof(struct in6_addr),
	.obj_cmpfn		= vpc_sid_cmp,
	.automatic_shrinking	= true,
};

int vpc_tables_init(struct vpc_tables *t)
{
	int err;

	err = rhashtable_init(&t->sids, &vpc_sid_params);
	if (err)
		return err;
	err = rhltable_init(&t->addr4, &vpc_addr4_params);
	if (err)
		goto err_sids;
	err = rhltable_init(&t->addr6, &vpc_addr6_params);
	if (err)
		goto err_addr4;
	err = vpc_fib_init(t);
	if (err)
		goto err_addr6;
	/* Without the flag its nodes are charged to nobody, whatever a store says. */
	xa_init_flags(&t->vpcs, XA_FLAGS_ACCOUNT);
	return 0;

err_addr6:
	rhltable_destroy(&t->addr6);
err_addr4:
	rhltable_destroy(&t->addr4);
err_sids:
	rhashtable_destroy(&t->sids);
	return err;
}

static void vpc_vpc_free(struct rcu_head *rcu)
{
	struct vpc_vpc *vpc = container_of(rcu, struct vpc_vpc, rcu);

	kfree(vpc->lens);
	kfree(vpc);
}

static void vpc_tables_free_sid(void *ptr, void *arg)
{
	vpc_endpoint_free(vpc_sid_endpoint(ptr));
}

/**
 * vpc_tables_free - free everything, once no reader can be left
 * @t: the tables
 */
void vpc_tables_free(struct vpc_tables *t)
{
	struct vpc_vpc *vpc;
	unsigned long id;

	vpc_fib_free(t);
	rhltable_destroy(&t->addr4);
	rhltable_destroy(&t->addr6);
	rhashtable_free_and_destroy(&t->sids, vpc_tables_free_sid, NULL);
	xa_for_each(&t->vpcs, id, vpc) {
		xa_destroy(&vpc->peers);
		vpc_vpc_free(&vpc->rcu);
	}
	xa_destroy(&t->vpcs);
}

/**
 * vpc_sid_find - look up an underlay address
 * @t: the tables
 * @addr: the address
 *
 * Context: rcu_read_lock().
 */
struct vpc_sid *vpc_sid_find(const struct vpc_tables *t,
			     const struct in6_addr *addr)
{
	return rhashtable_lookup((struct rhashtable *)&t->sids, addr,
				 vpc_sid_params);
}

static struct vpc_endpoint *vpc_addr4_owner(const struct vpc_addr4 *a)
{
	unsigned int slot = READ_ONCE(a->tag) >> VPC_TAG_SLOT_SHIFT & VPC_TAG_SLOT_MASK;

	return (void *)(a - slot) - offsetof(struct vpc_endpoint, addrs);
}

static struct vpc_endpoint *vpc_addr6_owner(const struct vpc_addr6 *a)
{
	return (void *)a - a->offset;
}

static struct rhlist_head *vpc_addr4_lookup(const struct vpc_tables *t, u32 vpc,
					    __be32 addr)
{
	struct vpc_key4 key = { .vpc = vpc, .addr = addr };

	return rhltable_lookup((struct rhltable *)&t->addr4, &key, vpc_addr4_params);
}

static struct rhlist_head *vpc_addr6_lookup(const struct vpc_tables *t, u32 vpc,
					    const struct in6_addr *addr)
{
	struct vpc_key6 key = { .vpc = vpc, .addr = addr };

	return rhltable_lookup((struct rhltable *)&t->addr6, &key, vpc_addr6_params);
}

/* Pick on send: the active one.  Membership on accept: any one at that SID. */
static bool vpc_addr_fits(const struct vpc_endpoint *ep, u8 state,
			  const struct in6_addr *at)
{
	if (at)
		return state != VPC_STATE_DARK && ipv6_addr_equal(&ep->sid.addr, at);
	return state == VPC_STATE_ACTIVE;
}

/* @passed is set if there was one that does not fit. */
static __always_inline struct vpc_endpoint *
vpc_addr_search(const struct vpc_tables *t, u32 vpc, u8 version,
		const union vpc_ip *ip, const struct in6_addr *at, bool *known,
		bool *passed)
{
	struct rhlist_head *list, *pos;
	struct vpc_endpoint *ep;
	struct vpc_addr4 *a4;
	struct vpc_addr6 *a6;
	u8 state;

	if (version == 4) {
		list = vpc_addr4_lookup(t, vpc, ip->v4);
		rhl_for_each_entry_rcu(a4, pos, list, node) {
			ep = vpc_addr4_owner(a4);
			state = vpc_tag_state(&a4->tag);
			if (vpc_addr_fits(ep, state, at))
				return ep;
			*known |= state != VPC_STATE_DARK;
			*passed = true;
		}
		return NULL;
	}

	list = vpc_addr6_lookup(t, vpc, &ip->v6);
	rhl_for_each_entry_rcu(a6, pos, list, node) {
		ep = vpc_addr6_owner(a6);
		state = vpc_tag_state(&a6->tag);
		if (vpc_addr_fits(ep, state, at))
			return ep;
		*known |= state != VPC_STATE_DARK;
		*passed = true;
	}
	return NULL;
}

static noinline struct vpc_endpoint *
vpc_addr_again(const struct vpc_tables *t, u32 vpc, u8 version,
	       const union vpc_ip *ip, const struct in6_addr *at, bool *known)
{
	bool passed;

	return vpc_addr_search(t, vpc, version, ip, at, known, &passed);
}

/**
 * vpc_addr_find - which endpoint an overlay address stands for
 * @t: the tables
 * @vpc: VPC id
 * @version: 4 or 6
 * @ip: the address
 * @at: for acceptance: the SID that it must be at, in whatever state;
 *	NULL for sending: the active one
 * @known: set if the address is known at all; not touched else
 *
 * Context: rcu_read_lock().
 * Return: the endpoint, or NULL.
 */
struct vpc_endpoint *vpc_addr_find(const struct vpc_tables *t, u32 vpc,
				   u8 version, const union vpc_ip *ip,
				   const struct in6_addr *at, bool *known)
{
	struct vpc_endpoint *ep;
	bool passed = false;

	ep = vpc_addr_search(t, vpc, version, ip, at, known, &passed);
	if (vpc_look_again(ep, passed))
		return vpc_addr_again(t, vpc, version, ip, at, known);
	return ep;
}

static enum vpc_view vpc_addr_look(const struct vpc_tables *t, u32 vpc, u8 version,
				   const union vpc_ip *ip, bool *passed)
{
	enum vpc_view view = VPC_VIEWS;
	struct rhlist_head *list, *pos;
	struct vpc_addr4 *a4;
	struct vpc_addr6 *a6;

	if (version == 4) {
		list = vpc_addr4_lookup(t, vpc, ip->v4);
		rhl_for_each_entry_rcu(a4, pos, list, node)
			view = min(view, vpc_state_view(vpc_tag_state(&a4->tag)));
	} else {
		list = vpc_addr6_lookup(t, vpc, &ip->v6);
		rhl_for_each_entry_rcu(a6, pos, list, node)
			view = min(view, vpc_state_view(vpc_tag_state(&a6->tag)));
	}
	*passed = list;
	return view;
}

/**
 * vpc_addr_view - from which view on an endpoint has an address
 * @t: the tables
 * @vpc: VPC id
 * @version: 4 or 6
 * @ip: the address
 *
 * No route leads to the address in that view: an endpoint is the longest prefix.
 *
 * Context: rcu_read_lock().
 */
enum vpc_view vpc_addr_view(const struct vpc_tables *t, u32 vpc, u8 version,
			    const union vpc_ip *ip)
{
	bool passed;
	enum vpc_view view = vpc_addr_look(t, vpc, version, ip, &passed);

	if (vpc_look_again(view == VPC_VIEW_ACTIVE, passed))
		view = min(view, vpc_addr_look(t, vpc, version, ip, &passed));
	return view;
}

static const u32 *vpc_endpoint_tag(const struct vpc_endpoint *ep, u8 version,
				   const union vpc_ip *ip)
{
	unsigned int i;

	if (version == 4) {
		for (i = 0; i < ep->n4; i++)
			if (vpc_addr4(ep, i)->addr == ip->v4)
				return &vpc_addr4(ep, i)->tag;
	} else {
		for (i = 0; i < ep->n6; i++)
			if (ipv6_addr_equal(&vpc_addr6(ep, i)->addr, &ip->v6))
				return &vpc_addr6(ep, i)->tag;
	}
	return NULL;
}

/* Is the address one of the endpoint's, in whatever state. */
bool vpc_endpoint_lists(const struct vpc_endpoint *ep, u8 version,
			const union vpc_ip *ip)
{
	return vpc_endpoint_tag(ep, version, ip);
}

/**
 * vpc_endpoint_has - may the endpoint use this overlay address
 * @ep: the endpoint
 * @version: 4 or 6
 * @ip: the address
 * @state: set to the state of the address, if not NULL
 */
bool vpc_endpoint_has(const struct vpc_endpoint *ep, u8 version,
		      const union vpc_ip *ip, u8 *state)
{
	const u32 *tag = vpc_endpoint_tag(ep, version, ip);

	if (!tag || vpc_tag_state(tag) == VPC_STATE_DARK)
		return false;
	if (state)
		*state = vpc_tag_state(tag);
	return true;
}

/**
 * vpc_endpoint_alloc - make an endpoint, in no table yet
 * @vpc: VPC id
 * @sid: its SID
 * @n4: IPv4 addresses that it will have
 * @n6: IPv6 addresses that it will have
 *
 * The caller fills in MAC and addresses.
 */
struct vpc_endpoint *vpc_endpoint_alloc(u32 vpc, const struct in6_addr *sid,
					unsigned int n4, unsigned int n6)
{
	struct vpc_endpoint *ep;
	unsigned int i;

	ep = kzalloc(sizeof(*ep) + n4 * sizeof(struct vpc_addr4) +
		     n6 * sizeof(struct vpc_addr6), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return NULL;
	ep->sid.addr = *sid;
	ep->sid.vpc = vpc;
	ep->sid.kind = VPC_SID_ENDPOINT;
	ep->n4 = n4;
	ep->n6 = n6;
	for (i = 0; i < n4; i++)
		vpc_addr4(ep, i)->tag = vpc << VPC_TAG_VPC_SHIFT |
					i << VPC_TAG_SLOT_SHIFT;
	for (i = 0; i < n6; i++) {
		vpc_addr6(ep, i)->tag = vpc << VPC_TAG_VPC_SHIFT;
		vpc_addr6(ep, i)->offset = (void *)vpc_addr6(ep, i) - (void *)ep;
	}
	return ep;
}

/* Free an endpoint that no reader can see. */
void vpc_endpoint_free(struct vpc_endpoint *ep)
{
	if (!ep->sid.local)
		vpc_hop_free(rcu_dereference_protected(ep->hop, 1));
	kfree(ep);
}

/**
 * vpc_endpoint_state - the state that an endpoint is in
 * @ep: the endpoint
 *
 * Return: the state that gets furthest among those of its addresses: one that
 * has lost an address to another endpoint is still active by the others.
 */
u8 vpc_endpoint_state(const struct vpc_endpoint *ep)
{
	unsigned int slot;
	u8 best = VPC_STATE_DARK, state;

	for (slot = 0; slot < ep->n4 + ep->n6; slot++) {
		state = vpc_tag_state(vpc_addr_tag(ep, slot));
		if (state == VPC_STATE_ACTIVE || best == VPC_STATE_DARK)
			best = state;
	}
	return best;
}

/* Writers set a state with vpc_addr_set_state() only: readers look at tags. */
void vpc_addr_set_state(struct vpc_endpoint *ep, unsigned int slot, u8 state)
{
	u32 *tag = vpc_addr_tag(ep, slot);

	WRITE_ONCE(*tag, (*tag & ~VPC_TAG_STATE_MASK) | state);
}

/**
 * vpc_addr_unlink - take an address out of the table
 * @t: the tables
 * @ep: the endpoint
 * @slot: the place of the address
 *
 * Readers that have found the endpoint before may go on as if they had been
 * faster, so the address keeps its state.
 */
void vpc_addr_unlink(struct vpc_tables *t, struct vpc_endpoint *ep,
		     unsigned int slot)
{
	/* -ENOENT when it has been taken out before. */
	if (slot < ep->n4)
		rhltable_remove(&t->addr4, &vpc_addr4(ep, slot)->node,
				vpc_addr4_params);
	else
		rhltable_remove(&t->addr6, &vpc_addr6(ep, slot - ep->n4)->node,
				vpc_addr6_params);
}

static void vpc_table_unlink_some(struct vpc_tables *t, struct vpc_endpoint *ep,
				  unsigned int n)
{
	while (n--)
		vpc_addr_unlink(t, ep, n);
}

static struct rhlist_head *vpc_addr_node(struct vpc_endpoint *ep, unsigned int slot)
{
	return slot < ep->n4 ? &vpc_addr4(ep, slot)->node :
			       &vpc_addr6(ep, slot - ep->n4)->node;
}

/* All that have this address. */
static struct rhlist_head *vpc_addr_list(struct vpc_tables *t, struct vpc_endpoint *ep,
					 unsigned int slot)
{
	if (slot < ep->n4)
		return vpc_addr4_lookup(t, ep->sid.vpc, vpc_addr4(ep, slot)->addr);
	return vpc_addr6_lookup(t, ep->sid.vpc, &vpc_addr6(ep, slot - ep->n4)->addr);
}

static int vpc_addr_link(struct vpc_tables *t, struct vpc_endpoint *ep,
			 unsigned int slot)
{
	bool full;

	rcu_read_lock();
	full = vpc_list_full(vpc_addr_list(t, ep, slot));
	rcu_read_unlock();
	if (full)
		return -ENOSPC;
	if (slot < ep->n4) {
		struct vpc_addr4 *a = vpc_addr4(ep, slot);
		struct vpc_key4 key = { .vpc = ep->sid.vpc, .addr = a->addr };

		return rhltable_insert_key(&t->addr4, &key, &a->node,
					   vpc_addr4_params);
	} else {
		struct vpc_addr6 *a = vpc_addr6(ep, slot - ep->n4);
		struct vpc_key6 key = { .vpc = ep->sid.vpc, .addr = &a->addr };

		return rhltable_insert_key(&t->addr6, &key, &a->node,
					   vpc_addr6_params);
	}
}

static bool vpc_addr_linked(struct vpc_tables *t, struct vpc_endpoint *ep,
			    unsigned int slot)
{
	struct rhlist_head *pos, *node = vpc_addr_node(ep, slot);

	rcu_read_lock();
	for (pos = vpc_addr_list(t, ep, slot); pos && pos != node;
	     pos = rcu_dereference(pos->next))
		;
	rcu_read_unlock();
	return pos;
}

/**
 * vpc_table_relink - put back the addresses that an endpoint has lost, dark
 * @t: the tables
 * @ep: an endpoint that is in the tables
 *
 * Return: 0, or a negative error.  Dark addresses don't need to be undone.
 */
int vpc_table_relink(struct vpc_tables *t, struct vpc_endpoint *ep)
{
	unsigned int slot;
	int err = 0;

	for (slot = 0; slot < ep->n4 + ep->n6 && !err; slot++)
		if (vpc_tag_state(vpc_addr_tag(ep, slot)) == VPC_STATE_DARK &&
		    !vpc_addr_linked(t, ep, slot))
			err = vpc_addr_link(t, ep, slot);
	return err;
}

/**
 * vpc_table_insert - put an endpoint into the tables, dark
 * @t: the tables
 * @ep: the endpoint
 * @replaces: there is another one with its SID, which stays in the table until
 *	vpc_table_swap()
 *
 * Return: 0, or a negative error with nothing done.
 */
int vpc_table_insert(struct vpc_tables *t, struct vpc_endpoint *ep,
		     bool replaces)
{
	unsigned int slot, n = ep->n4 + ep->n6;
	struct vpc_vpc *vpc;
	int err;

	vpc = vpc_vpc_get(t, ep->sid.vpc);
	if (!vpc)
		return -ENOMEM;
	for (slot = 0; slot < n; slot++) {
		err = vpc_addr_link(t, ep, slot);
		if (err)
			goto err_addrs;
	}
	if (!replaces) {
		err = rhashtable_lookup_insert_fast(&t->sids, &ep->sid.node,
						    vpc_sid_params);
		if (err)
			goto err_addrs;
	}
	vpc->endpoints++;
	t->changes++;
	return 0;

err_addrs:
	vpc_table_unlink_some(t, ep, slot);
	vpc_vpc_put(t, vpc);
	return err;
}

static void vpc_table_forget(struct vpc_tables *t, struct vpc_endpoint *ep)
{
	struct vpc_vpc *vpc = vpc_vpc_find(t, ep->sid.vpc);

	vpc_table_unlink_some(t, ep, ep->n4 + ep->n6);
	vpc->endpoints--;
	vpc_vpc_put(t, vpc);
	t->changes++;
}

/**
 * vpc_table_swap - let an endpoint take the place of the one with its SID
 * @t: the tables
 * @ep: the new one
 * @old: the old one, out of the tables then
 */
void vpc_table_swap(struct vpc_tables *t, struct vpc_endpoint *ep,
		    struct vpc_endpoint *old)
{
	WARN_ON_ONCE(rhashtable_replace_fast(&t->sids, &old->sid.node,
					     &ep->sid.node, vpc_sid_params));
	vpc_table_forget(t, old);
}

/**
 * vpc_table_remove - take an endpoint out of the tables
 * @t: the tables
 * @ep: the endpoint; readers may see it until a grace period has passed
 * @replaces: it was inserted as a replacement and has not been swapped in
 */
void vpc_table_remove(struct vpc_tables *t, struct vpc_endpoint *ep,
		      bool replaces)
{
	if (!replaces)
		rhashtable_remove_fast(&t->sids, &ep->sid.node, vpc_sid_params);
	vpc_table_forget(t, ep);
}

/**
 * vpc_addr_rival - another endpoint that is active for the same address
 * @t: the tables
 * @ep: the endpoint
 * @slot: the place of its address
 * @its_slot: set to the place of the address in the other one
 */
struct vpc_endpoint *vpc_addr_rival(struct vpc_tables *t,
				    const struct vpc_endpoint *ep,
				    unsigned int slot, unsigned int *its_slot)
{
	struct vpc_endpoint *rival;
	union vpc_ip ip;
	bool known = false;
	const u32 *tag;
	u8 version;

	if (slot < ep->n4) {
		version = 4;
		ip.v4 = vpc_addr4(ep, slot)->addr;
	} else {
		version = 6;
		ip.v6 = vpc_addr6(ep, slot - ep->n4)->addr;
	}

	rcu_read_lock();
	rival = vpc_addr_find(t, ep->sid.vpc, version, &ip, NULL, &known);
	rcu_read_unlock();
	if (!rival || rival == ep)
		return NULL;
	tag = vpc_endpoint_tag(rival, version, &ip);
	*its_slot = version == 4 ?
		    container_of(tag, struct vpc_addr4, tag) - vpc_addr4(rival, 0) :
		    container_of(tag, struct vpc_addr6, tag) - vpc_addr6(rival, 0) +
		    rival->n4;
	return rival;
}

/**
 * vpc_vpc_get - a VPC that is going to be named, made if need be
 * @t: the tables
 * @id: VPC id
 *
 * Return: the VPC, to be given back with vpc_vpc_put(), or NULL.
 */
struct vpc_vpc *vpc_vpc_get(struct vpc_tables *t, u32 id)
{
	struct vpc_vpc *vpc = vpc_vpc_find(t, id);

	if (!vpc) {
		vpc = kzalloc(sizeof(*vpc), GFP_KERNEL_ACCOUNT);
		if (!vpc)
			return NULL;
		vpc->id = id;
		xa_init_flags(&vpc->peers, XA_FLAGS_ACCOUNT);
		if (xa_err(xa_store(&t->vpcs, id, vpc, GFP_KERNEL_ACCOUNT))) {
			kfree(vpc);
			return NULL;
		}
	}
	vpc->users++;
	return vpc;
}

/* A VPC exists while anything names it. */
void vpc_vpc_put(struct vpc_tables *t, struct vpc_vpc *vpc)
{
	if (--vpc->users)
		return;
	/* It has no peers: each of them names it. */
	xa_erase(&t->vpcs, vpc->id);
	call_rcu(&vpc->rcu, vpc_vpc_free);
}

/**
 * vpc_peer_state - has a VPC agreed to a peering
 * @t: the tables
 * @vpc: its id
 * @peer: id of the other one
 *
 * Return: &enum vpc_state of its consent, or VPC_STATE_DARK.
 */
u8 vpc_peer_state(const struct vpc_tables *t, u32 vpc, u32 peer)
{
	const struct vpc_vpc *it = vpc_vpc_find(t, vpc);
	void *state = it ? xa_load((struct xarray *)&it->peers, peer) : NULL;

	return state ? xa_to_value(state) : VPC_STATE_DARK;
}

/**
 * vpc_peer_store - a VPC agrees to a peering
 * @t: the tables
 * @vpc: its id
 * @peer: id of the other one
 * @state: &enum vpc_state of its consent, or VPC_STATE_DARK: not in effect yet
 *
 * Return: 0, or -ENOMEM with nothing done; if there was one, it can't fail.
 */
int vpc_peer_store(struct vpc_tables *t, u32 vpc, u32 peer, u8 state)
{
	struct vpc_vpc *it = vpc_vpc_get(t, vpc);
	void *old;

	if (!it)
		return -ENOMEM;
	old = xa_store(&it->peers, peer, xa_mk_value(state), GFP_KERNEL_ACCOUNT);
	if (!old) {
		it->users++;
		it->nr_peers++;
	}
	t->changes++;
	vpc_vpc_put(t, it);
	return xa_err(old);
}

/**
 * vpc_peer_erase - a VPC withdraws from a peering
 * @t: the tables
 * @vpc: its id
 * @peer: id of the other one
 */
void vpc_peer_erase(struct vpc_tables *t, u32 vpc, u32 peer)
{
	struct vpc_vpc *it = vpc_vpc_find(t, vpc);

	xa_erase(&it->peers, peer);
	it->nr_peers--;
	t->changes++;
	vpc_vpc_put(t, it);
}

/* A mark is kept when a state takes the place of another. */
#define VPC_PEER_BUSY	XA_MARK_0

/**
 * vpc_peer_set_busy - mark a peering that a request names, or unmark it
 * @t: the tables
 * @vpc: its id
 * @peer: id of the other one
 * @busy: whether to mark it
 *
 * Return: whether it was marked.
 */
bool vpc_peer_set_busy(struct vpc_tables *t, u32 vpc, u32 peer, bool busy)
{
	struct vpc_vpc *it = vpc_vpc_find(t, vpc);
	bool was = it && xa_get_mark(&it->peers, peer, VPC_PEER_BUSY);

	if (it && busy)
		xa_set_mark(&it->peers, peer, VPC_PEER_BUSY);
	else if (it)
		xa_clear_mark(&it->peers, peer, VPC_PEER_BUSY);
	return was;
}
