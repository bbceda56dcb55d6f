// SPDX-License-Identifier: GPL-2.0
/* Where the SIDs of remotes lie. */

#include <linux/slab.h>

#include "remote.h"

static const struct rhashtable_params vpc_remote_prefix_params = {
	.head_offset		= offsetof(struct vpc_remote_prefix, node),
	.key_offset		= offsetof(struct vpc_remote_prefix, p),
	.key_len		= offsetofend(struct vpc_prefix, len),
	.automatic_shrinking	= true,
};

static bool vpc_prefix_equal(const struct vpc_prefix *a, const struct vpc_prefix *b)
{
	return a->len == b->len && ipv6_addr_equal(&a->addr, &b->addr);
}

/* Is a prefix among these. */
bool vpc_prefixes_have(const struct vpc_prefixes *prefixes, const struct vpc_prefix *p)
{
	unsigned int i;

	for (i = 0; i < prefixes->n; i++)
		if (vpc_prefix_equal(&prefixes->p[i], p))
			return true;
	return false;
}

static struct rhlist_head *vpc_prefix_lookup(const struct vpc_crypt *c,
					     const struct vpc_prefix *p)
{
	return rhltable_lookup((struct rhltable *)&c->prefixes, p,
			       vpc_remote_prefix_params);
}

/**
 * vpc_prefixes_at - the prefixes of a length that a SID lies in
 * @c: keys of the namespace
 * @sid: the SID
 * @len: the length
 *
 * Context: rcu_read_lock().
 * Return: a list of struct vpc_remote_prefix in whatever state, or NULL.
 */
struct rhlist_head *vpc_prefixes_at(const struct vpc_crypt *c, const struct in6_addr *sid,
				    unsigned int len)
{
	struct vpc_prefix p = { .len = len };

	ipv6_addr_prefix(&p.addr, sid, len);
	return vpc_prefix_lookup(c, &p);
}

/**
 * vpc_remote_len - a length that prefixes have
 * @c: keys of the namespace
 * @len: a greater one; 129 to begin with
 *
 * Return: the next smaller length, or 0.
 */
unsigned int vpc_remote_len(const struct vpc_crypt *c, unsigned int len)
{
	unsigned int next = find_last_bit(c->len_map, len);

	return next < len ? next : 0;
}

/* @passed is set if there was one that is not active. */
static struct vpc_remote *vpc_remote_search(const struct vpc_crypt *c,
					    const struct in6_addr *sid, bool send,
					    bool *passed)
{
	struct vpc_remote *standby = NULL, *retiring = NULL;
	struct rhlist_head *list, *pos;
	struct vpc_remote_prefix *rp;
	unsigned int len;
	u8 state;

	for (len = vpc_remote_len(c, 129); len; len = vpc_remote_len(c, len)) {
		list = vpc_prefixes_at(c, sid, len);
		rhl_for_each_entry_rcu(rp, pos, list, node) {
			state = READ_ONCE(rp->state);
			if (state == VPC_STATE_ACTIVE)
				return rp->remote;
			if (state == VPC_STATE_STANDBY && !standby)
				standby = rp->remote;
			if (state == VPC_STATE_RETIRING && !retiring)
				retiring = rp->remote;
			*passed = true;
		}
	}
	return send ? NULL : standby ?: retiring;
}

/**
 * vpc_remote_find - whose SID is it
 * @c: keys of the namespace
 * @sid: the SID
 * @send: to send to it: active prefixes only
 *
 * What is active decides; if there is nothing, what stands by, then what retires.
 *
 * While a SID goes from one prefix to another, of whatever length, there is no moment
 * without an active one: that would be a moment to send in clear.
 *
 * Return: the remote with the longest prefix that it lies in, or NULL.
 */
struct vpc_remote *vpc_remote_find(const struct vpc_crypt *c,
				   const struct in6_addr *sid, bool send)
{
	struct vpc_remote *remote;
	bool passed = false;

	remote = vpc_remote_search(c, sid, send, &passed);
	if (unlikely(vpc_look_again(false, passed)))
		remote = vpc_remote_search(c, sid, send, &passed);
	return remote;
}

/**
 * vpc_remote_covers - does a SID lie in a remote's prefixes
 * @c: keys of the namespace
 * @remote: the remote
 * @sid: the SID
 *
 * Return: length of the longest prefix that it lies in, or 0.
 */
unsigned int vpc_remote_covers(const struct vpc_crypt *c,
			       const struct vpc_remote *remote,
			       const struct in6_addr *sid)
{
	struct rhlist_head *list, *pos;
	struct vpc_remote_prefix *rp;
	unsigned int len;

	for (len = vpc_remote_len(c, 129); len; len = vpc_remote_len(c, len)) {
		list = vpc_prefixes_at(c, sid, len);
		rhl_for_each_entry_rcu(rp, pos, list, node)
			if (rp->remote == remote &&
			    READ_ONCE(rp->state) != VPC_STATE_DARK)
				return len;
	}
	return 0;
}

/**
 * vpc_remote_named - the remote that a prefix names
 * @c: keys of the namespace
 * @p: the prefix
 */
struct vpc_remote *vpc_remote_named(const struct vpc_crypt *c, const struct vpc_prefix *p)
{
	struct vpc_remote *found = NULL;
	struct rhlist_head *list, *pos;
	struct vpc_remote_prefix *rp;

	rcu_read_lock();
	list = vpc_prefix_lookup(c, p);
	rhl_for_each_entry_rcu(rp, pos, list, node)
		if (list_is_first(&rp->list, &rp->remote->prefixes))
			found = rp->remote;
	rcu_read_unlock();
	return found;
}

struct vpc_remote_prefix *vpc_prefix_of(const struct vpc_remote *remote,
					const struct vpc_prefix *p)
{
	struct vpc_remote_prefix *rp;

	list_for_each_entry(rp, &remote->prefixes, list)
		if (vpc_prefix_equal(&rp->p, p))
			return rp;
	return NULL;
}

int vpc_prefix_link(struct vpc_crypt *c, struct vpc_remote *remote,
		    const struct vpc_prefix *p)
{
	struct vpc_remote_prefix *rp;
	bool full;

	rcu_read_lock();
	full = vpc_list_full(vpc_prefix_lookup(c, p));
	rcu_read_unlock();
	if (full)
		return -ENOSPC;
	rp = kzalloc(sizeof(*rp), GFP_KERNEL_ACCOUNT);
	if (!rp)
		return -ENOMEM;
	rp->remote = remote;
	rp->p = *p;
	if (rhltable_insert(&c->prefixes, &rp->node, vpc_remote_prefix_params)) {
		kfree(rp);
		return -ENOMEM;
	}
	list_add_tail(&rp->list, &remote->prefixes);
	remote->n_prefixes++;
	c->lens[p->len]++;
	set_bit(p->len, c->len_map);
	return 0;
}

void vpc_prefix_unlink(struct vpc_crypt *c, struct vpc_remote_prefix *rp)
{
	if (!--c->lens[rp->p.len])
		clear_bit(rp->p.len, c->len_map);
	rhltable_remove(&c->prefixes, &rp->node, vpc_remote_prefix_params);
	list_del(&rp->list);
	rp->remote->n_prefixes--;
	kfree_rcu(rp, rcu);
}

void vpc_prefix_retire(struct vpc_crypt *c, struct vpc_remote_prefix *rp,
		       u32 grace)
{
	/* What retires does so no longer for that, and what has is not taken again. */
	if (rp->state == VPC_STATE_RETIRING || rp->state == VPC_STATE_DARK)
		return;
	rp->expires = vpc_now() + grace;
	WRITE_ONCE(rp->state, VPC_STATE_RETIRING);
	vpc_crypt_kick(c, 0);
}

/* Make the prefix active, and retire the same one of another remote.
 * Return: another one had it.
 */
bool vpc_prefix_activate(struct vpc_crypt *c, struct vpc_remote_prefix *rp,
			 u32 grace)
{
	struct rhlist_head *list, *pos;
	struct vpc_remote_prefix *other;
	bool robbed = false;

	WRITE_ONCE(rp->state, VPC_STATE_ACTIVE);
	smp_wmb();	/* vpc_look_again() */
	rcu_read_lock();
	list = vpc_prefix_lookup(c, &rp->p);
	rhl_for_each_entry_rcu(other, pos, list, node)
		if (other != rp && other->state == VPC_STATE_ACTIVE) {
			vpc_prefix_retire(c, other, grace);
			other->remote->robbed = true;
			robbed = true;
		}
	rcu_read_unlock();
	return robbed;
}

int vpc_prefix_init(struct vpc_crypt *c)
{
	return rhltable_init(&c->prefixes, &vpc_remote_prefix_params);
}
