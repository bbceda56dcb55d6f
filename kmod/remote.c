// SPDX-License-Identifier: GPL-2.0
/*
 * Remotes: other edges, their prefixes and their public keys, and which key is
 * used to send.
 *
 * A change is made in two steps: everything that can fail is done first, and
 * seen by nobody who could send; then it is all put in place.
 */

#include <linux/slab.h>

#include "netlink.h"
#include "remote.h"

/* A replaced key is kept until packets under its successor have been opened
 * for some time, but not longer than a day.
 */
#define VPC_SUCCESSOR_GRACE	10
#define VPC_REPLACED_MAX	86400

static const struct rhashtable_params vpc_remote_prefix_params = {
	.head_offset		= offsetof(struct vpc_remote_prefix, node),
	.key_offset		= offsetof(struct vpc_remote_prefix, p),
	.key_len		= offsetofend(struct vpc_prefix, len),
	.automatic_shrinking	= true,
};

static const struct rhashtable_params vpc_remote_key_params = {
	.head_offset		= offsetof(struct vpc_remote_key, node),
	.key_offset		= offsetof(struct vpc_remote_key, public),
	.key_len		= VPC_KEY_LEN,
	.automatic_shrinking	= true,
};

static time64_t vpc_now(void)
{
	/* 0 stands for never. */
	return ktime_get_boottime_seconds() + 1;
}

static void vpc_crypt_kick(struct vpc_crypt *c, unsigned long delay)
{
	mod_delayed_work(vpc_wq, &c->work, delay);
}

/* Readers. */

static struct rhlist_head *vpc_prefix_lookup(const struct vpc_crypt *c,
					     const struct vpc_prefix *p)
{
	return rhltable_lookup((struct rhltable *)&c->prefixes, p,
			       vpc_remote_prefix_params);
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

/**
 * vpc_remote_find - whose SID is it
 * @c: keys of the namespace
 * @sid: the SID
 * @send: to send to it: no prefix that retires
 *
 * Return: the remote with the longest prefix that it lies in, or NULL.
 */
struct vpc_remote *vpc_remote_find(const struct vpc_crypt *c,
				   const struct in6_addr *sid, bool send)
{
	struct rhlist_head *list, *pos;
	struct vpc_remote_prefix *rp;
	struct vpc_remote *some;
	struct vpc_prefix p;
	u8 state;

	for (p.len = vpc_remote_len(c, 129); p.len; p.len = vpc_remote_len(c, p.len)) {
		ipv6_addr_prefix(&p.addr, sid, p.len);
		some = NULL;
		list = vpc_prefix_lookup(c, &p);
		rhl_for_each_entry_rcu(rp, pos, list, node) {
			state = READ_ONCE(rp->state);
			if (state == VPC_STATE_ACTIVE)
				return rp->remote;
			if (state != VPC_STATE_DARK && !send)
				some = rp->remote;
		}
		if (some)
			return some;
	}
	return NULL;
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
	struct vpc_prefix p;

	for (p.len = vpc_remote_len(c, 129); p.len; p.len = vpc_remote_len(c, p.len)) {
		ipv6_addr_prefix(&p.addr, sid, p.len);
		list = vpc_prefix_lookup(c, &p);
		rhl_for_each_entry_rcu(rp, pos, list, node)
			if (rp->remote == remote &&
			    READ_ONCE(rp->state) != VPC_STATE_DARK)
				return p.len;
	}
	return 0;
}

/* What an edge seals with, for a remote; NULL if there is nothing. */
struct vpc_sas *vpc_remote_sas(const struct vpc_remote *remote,
			       const struct vpc_edge *edge)
{
	const struct vpc_remote_tx *tx = rcu_dereference(remote->tx);
	unsigned int i;

	for (i = 0; tx && i < tx->n; i++)
		if (tx->sas[i]->pair->edge == edge)
			return tx->sas[i];
	return NULL;
}

/**
 * vpc_remote_seen - the first packet of a pair has been opened
 * @vn: the namespace
 * @sas: its keys
 *
 * It names a key pair of ours, which the other edge knows then.
 */
void vpc_remote_seen(struct vpc_net *vn, struct vpc_sas *sas)
{
	WRITE_ONCE(sas->pair->seen, vpc_now());
	WRITE_ONCE(sas->remote->dirty, true);
	/* Many may come at once, after a start for instance. */
	vpc_crypt_kick(&vn->crypt, HZ / 20);
}

/* The sequence numbers of a pair come to an end. */
void vpc_remote_low(struct vpc_net *vn, struct vpc_sas *sas)
{
	WRITE_ONCE(sas->pair->low, true);
	WRITE_ONCE(sas->remote->dirty, true);
	vpc_crypt_kick(&vn->crypt, 0);
}

/* Which key to send with. */

/* Has the remote named our key pair, with whatever key of its own. */
static bool vpc_remote_names(const struct vpc_remote *remote,
			     const struct vpc_own_key *own)
{
	const struct vpc_remote_key *key;
	const struct vpc_pair *pair;

	list_for_each_entry(key, &remote->keys, list) {
		pair = vpc_pair_find(own, key->public);
		if (pair && READ_ONCE(pair->seen))
			return true;
	}
	return false;
}

/* The newest key of the remote, and the newest of our key pairs that the remote
 * has named, else the oldest that is live.
 */
static struct vpc_sas *vpc_remote_choose(const struct vpc_remote *remote,
					 const struct vpc_keyring *ring)
{
	const struct vpc_remote_key *key;
	const struct vpc_own_key *own;
	struct vpc_sas *sas = NULL;
	struct vpc_pair *pair;

	key = list_first_entry(&remote->keys, struct vpc_remote_key, list);
	list_for_each_entry(own, &ring->keys, list) {
		pair = vpc_pair_find(own, key->public);
		if (!pair || !pair->sas || pair->sas->remote != remote)
			continue;
		sas = pair->sas;
		if (vpc_remote_names(remote, own))
			break;
	}
	return sas;
}

static bool vpc_remote_select(struct vpc_crypt *c, struct vpc_remote *remote)
{
	struct vpc_remote_tx *tx, *old;
	struct vpc_keyring *ring;
	unsigned int n = 0;
	bool changed;

	list_for_each_entry(ring, &c->rings, list)
		n++;
	/* What it replaces may be about to be wiped. */
	tx = kzalloc(struct_size(tx, sas, n), GFP_KERNEL | __GFP_NOFAIL);
	list_for_each_entry(ring, &c->rings, list) {
		tx->sas[tx->n] = vpc_remote_choose(remote, ring);
		tx->n += !!tx->sas[tx->n];
	}
	old = rcu_replace_pointer(remote->tx, tx, lockdep_is_held(&c->lock));
	changed = !old || old->n != tx->n ||
		  memcmp(old->sas, tx->sas, tx->n * sizeof(*tx->sas));
	if (old)
		kfree_rcu(old, rcu);
	WRITE_ONCE(remote->dirty, false);
	return changed;
}

static void vpc_remotes_select(struct vpc_crypt *c)
{
	struct vpc_remote *remote;

	list_for_each_entry(remote, &c->remotes, list)
		vpc_remote_select(c, remote);
}

/* Prefixes. */

static void vpc_prefix_unlink(struct vpc_crypt *c, struct vpc_remote_prefix *rp)
{
	if (!--c->lens[rp->p.len])
		clear_bit(rp->p.len, c->len_map);
	rhltable_remove(&c->prefixes, &rp->node, vpc_remote_prefix_params);
	list_del(&rp->list);
	kfree_rcu(rp, rcu);
}

static int vpc_prefix_link(struct vpc_crypt *c, struct vpc_remote *remote,
			   const struct vpc_prefix *p)
{
	struct vpc_remote_prefix *rp = kzalloc(sizeof(*rp), GFP_KERNEL_ACCOUNT);

	if (!rp)
		return -ENOMEM;
	rp->remote = remote;
	rp->p = *p;
	if (rhltable_insert(&c->prefixes, &rp->node, vpc_remote_prefix_params)) {
		kfree(rp);
		return -ENOMEM;
	}
	list_add_tail(&rp->list, &remote->prefixes);
	c->lens[p->len]++;
	set_bit(p->len, c->len_map);
	return 0;
}

static struct vpc_remote_prefix *vpc_prefix_of(const struct vpc_remote *remote,
					       const struct vpc_prefix *p)
{
	struct vpc_remote_prefix *rp;

	list_for_each_entry(rp, &remote->prefixes, list)
		if (rp->p.len == p->len && ipv6_addr_equal(&rp->p.addr, &p->addr))
			return rp;
	return NULL;
}

static void vpc_prefix_retire(struct vpc_crypt *c, struct vpc_remote_prefix *rp,
			      u32 grace)
{
	if (rp->state == VPC_STATE_RETIRING)
		return;
	rp->expires = vpc_now() + grace;
	WRITE_ONCE(rp->state, VPC_STATE_RETIRING);
	vpc_crypt_kick(c, 0);
}

/* Make the prefix active, and retire the same one of another remote. */
static void vpc_prefix_activate(struct vpc_crypt *c, struct vpc_remote_prefix *rp,
				u32 grace)
{
	struct rhlist_head *list, *pos;
	struct vpc_remote_prefix *other;

	WRITE_ONCE(rp->state, VPC_STATE_ACTIVE);
	rcu_read_lock();
	list = vpc_prefix_lookup(c, &rp->p);
	rhl_for_each_entry_rcu(other, pos, list, node)
		if (other != rp && other->state == VPC_STATE_ACTIVE)
			vpc_prefix_retire(c, other, grace);
	rcu_read_unlock();
}

/* Remotes. */

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

static struct vpc_remote_key *vpc_remote_key_of(const struct vpc_remote *remote,
						const u8 *public)
{
	struct vpc_remote_key *key;

	list_for_each_entry(key, &remote->keys, list)
		if (!memcmp(key->public, public, VPC_KEY_LEN))
			return key;
	return NULL;
}

/* Forget the derived keys of a remote's key; what was counted stays with the
 * key pairs.
 */
static void vpc_remote_key_drop_sas(struct vpc_crypt *c, const u8 *public)
{
	struct vpc_keyring *ring;
	struct vpc_own_key *own;
	struct vpc_pair *pair;

	list_for_each_entry(ring, &c->rings, list) {
		list_for_each_entry(own, &ring->keys, list) {
			pair = vpc_pair_find(own, public);
			if (pair && pair->sas)
				vpc_sas_drop(c, pair->sas);
		}
	}
}

static void vpc_remote_key_unlink(struct vpc_crypt *c, struct vpc_remote_key *key)
{
	rhashtable_remove_fast(&c->keys, &key->node, vpc_remote_key_params);
	list_del(&key->list);
	/* Nobody looks at keys without the lock. */
	kfree(key);
}

static void vpc_remote_set_encrypt(struct vpc_crypt *c, struct vpc_remote *remote,
				   u8 encrypt)
{
	unsigned int strict = c->nr_strict;

	strict -= remote->encrypt == VPC_ENCRYPT_REQUIRED;
	strict += encrypt == VPC_ENCRYPT_REQUIRED;
	WRITE_ONCE(remote->encrypt, encrypt);
	WRITE_ONCE(c->nr_strict, strict);
}

/* The end of a remote; its keys are sent with no more. */
static void vpc_remote_finish(struct vpc_crypt *c, struct vpc_remote *remote)
{
	struct vpc_remote_prefix *rp, *next_rp;
	struct vpc_remote_key *key, *next_key;
	struct vpc_remote_tx *tx;

	list_del(&remote->list);
	c->changes++;
	WRITE_ONCE(c->nr_remotes, c->nr_remotes - 1);
	vpc_remote_set_encrypt(c, remote, VPC_ENCRYPT_UNSPEC);
	list_for_each_entry_safe(rp, next_rp, &remote->prefixes, list)
		vpc_prefix_unlink(c, rp);
	tx = rcu_replace_pointer(remote->tx, NULL, lockdep_is_held(&c->lock));
	if (tx)
		kfree_rcu(tx, rcu);
	list_for_each_entry_safe(key, next_key, &remote->keys, list) {
		vpc_remote_key_drop_sas(c, key->public);
		vpc_remote_key_unlink(c, key);
	}
	kfree_rcu(remote, rcu);
}

/* Preparing a change. */

/**
 * struct vpc_remote_draft - what has been made for a change
 * @c: keys of the namespace
 * @remote: the remote
 * @made: it was made for this change
 * @nr: how many @sas
 * @room: for how many there is memory
 * @sas: derived keys
 */
struct vpc_remote_draft {
	struct vpc_crypt	*c;
	struct vpc_remote	*remote;
	bool			made;
	unsigned int		nr;
	unsigned int		room;
	struct vpc_sas		**sas;
};

static int vpc_draft_derive(struct vpc_remote_draft *d, struct vpc_own_key *own,
			    const u8 *public)
{
	struct vpc_sas *sas, **list;

	if (d->nr == d->room) {
		list = krealloc_array(d->sas, max(16U, 2 * d->room), sizeof(*list),
				      GFP_KERNEL);
		if (!list)
			return -ENOMEM;
		d->sas = list;
		d->room = max(16U, 2 * d->room);
	}
	sas = vpc_sas_make(d->c, own, public, d->remote);
	if (IS_ERR(sas))
		return PTR_ERR(sas);
	d->sas[d->nr++] = sas;
	return 0;
}

/* Put in place what was derived. */
static void vpc_draft_commit(struct vpc_remote_draft *d)
{
	unsigned int i;

	for (i = 0; i < d->nr; i++)
		d->sas[i]->pair->sas = d->sas[i];
	kfree(d->sas);
}

static void vpc_draft_undo(struct vpc_remote_draft *d)
{
	unsigned int i;

	for (i = 0; i < d->nr; i++)
		vpc_sas_drop(d->c, d->sas[i]);
	kfree(d->sas);
}

static void vpc_remote_free_new(struct vpc_crypt *c, struct vpc_remote *remote)
{
	struct vpc_remote_prefix *rp, *next;

	list_for_each_entry_safe(rp, next, &remote->prefixes, list)
		vpc_prefix_unlink(c, rp);
	kfree_rcu(remote, rcu);
}

static int vpc_remote_check_key(struct vpc_crypt *c, const struct vpc_remote *remote,
				const struct vpc_remote_config *cfg, unsigned int i,
				struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = cfg->key_attr[i];
	const struct vpc_remote_key *key;
	const u8 *public = cfg->keys[i];
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (memcmp(cfg->keys[j], public, VPC_KEY_LEN))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "the remote has this key twice");
		return -EEXIST;
	}
	if (!vpc_key_usable(public)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "no secret comes of this key");
		return -EKEYREJECTED;
	}
	if (vpc_crypt_owns(c, public)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "this is the key of an edge of this host");
		return -EINVAL;
	}
	key = rhashtable_lookup_fast(&c->keys, public, vpc_remote_key_params);
	if (key && key->remote != remote && !key->remote->expires) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "another remote has this key");
		return -EEXIST;
	}
	return 0;
}

/* A remote that retires gives its keys to the one that comes in its place. */
static void vpc_remote_take_keys(struct vpc_net *vn, const struct vpc_remote *remote,
				 const struct vpc_remote_config *cfg)
{
	struct vpc_remote_key *key;
	unsigned int i;

	for (i = 0; i < cfg->n_keys; i++) {
		key = rhashtable_lookup_fast(&vn->crypt.keys, cfg->keys[i],
					     vpc_remote_key_params);
		if (key && key->remote != remote)
			vpc_remote_delete(vn, key->remote, 0);
	}
}

static int vpc_remote_prepare_keys(struct vpc_remote_draft *d,
				   const struct vpc_remote_config *cfg,
				   struct list_head *keys)
{
	struct vpc_remote_key *key;
	struct vpc_keyring *ring;
	struct vpc_own_key *own;
	unsigned int i;
	int err;

	for (i = 0; i < cfg->n_keys; i++) {
		if (vpc_remote_key_of(d->remote, cfg->keys[i]))
			continue;
		key = kzalloc(sizeof(*key), GFP_KERNEL_ACCOUNT);
		if (!key)
			return -ENOMEM;
		memcpy(key->public, cfg->keys[i], VPC_KEY_LEN);
		key->id = vpc_key_id(key->public);
		key->remote = d->remote;
		err = rhashtable_insert_fast(&d->c->keys, &key->node,
					     vpc_remote_key_params);
		if (err) {
			kfree(key);
			return err;
		}
		list_add_tail(&key->list, keys);
		list_for_each_entry(ring, &d->c->rings, list) {
			list_for_each_entry(own, &ring->keys, list) {
				err = vpc_draft_derive(d, own, key->public);
				if (err)
					return err;
			}
		}
	}
	return 0;
}

/* Those that are published in the order in which they are, then the others. */
static void vpc_remote_order_keys(struct vpc_remote *remote,
				  const struct vpc_remote_config *cfg)
{
	struct vpc_remote_key *key;
	unsigned int i;

	list_for_each_entry(key, &remote->keys, list)
		if (!key->replaced)
			key->replaced = vpc_now();
	for (i = cfg->n_keys; i--;) {
		key = vpc_remote_key_of(remote, cfg->keys[i]);
		key->replaced = 0;
		list_move(&key->list, &remote->keys);
	}
}

static void vpc_remote_order_prefixes(struct vpc_crypt *c, struct vpc_remote *remote,
				      const struct vpc_remote_config *cfg)
{
	struct vpc_remote_prefix *rp;
	LIST_HEAD(listed);
	unsigned int i;

	for (i = 0; i < cfg->prefixes->n; i++) {
		rp = vpc_prefix_of(remote, &cfg->prefixes->p[i]);
		list_move_tail(&rp->list, &listed);
		vpc_prefix_activate(c, rp, cfg->grace);
	}
	list_for_each_entry(rp, &remote->prefixes, list)
		vpc_prefix_retire(c, rp, cfg->grace);
	list_splice(&listed, &remote->prefixes);
}

static struct vpc_remote *vpc_remote_alloc(void)
{
	struct vpc_remote *remote = kzalloc(sizeof(*remote), GFP_KERNEL_ACCOUNT);

	if (remote) {
		INIT_LIST_HEAD(&remote->prefixes);
		INIT_LIST_HEAD(&remote->keys);
	}
	return remote;
}

static int vpc_remote_prepare(struct vpc_remote_draft *d, struct vpc_remote_config *cfg,
			      struct list_head *keys)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < cfg->prefixes->n && !err; i++)
		if (!vpc_prefix_of(d->remote, &cfg->prefixes->p[i]))
			err = vpc_prefix_link(d->c, d->remote, &cfg->prefixes->p[i]);
	return err ?: vpc_remote_prepare_keys(d, cfg, keys);
}

/* Prefixes that were linked for a change, and are not wanted after all. */
static void vpc_remote_undo(struct vpc_remote_draft *d, struct list_head *keys)
{
	struct vpc_remote_prefix *rp, *next_rp;
	struct vpc_remote_key *key, *next_key;

	vpc_draft_undo(d);
	list_for_each_entry_safe(key, next_key, keys, list)
		vpc_remote_key_unlink(d->c, key);
	if (d->made) {
		vpc_remote_free_new(d->c, d->remote);
		return;
	}
	list_for_each_entry_safe(rp, next_rp, &d->remote->prefixes, list)
		if (rp->state == VPC_STATE_DARK &&
		    !list_is_first(&rp->list, &d->remote->prefixes))
			vpc_prefix_unlink(d->c, rp);
}

static void vpc_remote_explain(int err, struct netlink_ext_ack *extack)
{
	if (err == -ENOENT)
		NL_SET_ERR_MSG(extack, "the kernel lacks a cipher");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG(extack, "an edge remembers too many keys: rekey it first");
	else if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "no memory for the keys");
}

/**
 * vpc_remote_change - add a remote, or change one
 * @vn: the namespace
 * @cfg: what it is to be
 * @replace: there may be one of its name
 * @extack: for messages
 *
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_remote_change(struct vpc_net *vn, struct vpc_remote_config *cfg, bool replace,
		      struct netlink_ext_ack *extack)
{
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_remote_draft d = { .c = c };
	LIST_HEAD(keys);
	unsigned int i;
	int err;

	d.remote = vpc_remote_named(c, &cfg->prefixes->p[0]);
	if (d.remote && !d.remote->expires && !replace) {
		NL_SET_ERR_MSG(extack, "the remote exists");
		return -EEXIST;
	}
	for (i = 0; i < cfg->n_keys; i++) {
		err = vpc_remote_check_key(c, d.remote, cfg, i, extack);
		if (err)
			return err;
	}
	vpc_remote_take_keys(vn, d.remote, cfg);
	if (!d.remote) {
		d.remote = vpc_remote_alloc();
		if (!d.remote) {
			vpc_remote_explain(-ENOMEM, extack);
			return -ENOMEM;
		}
		d.made = true;
	}
	err = vpc_remote_prepare(&d, cfg, &keys);
	if (err) {
		vpc_remote_undo(&d, &keys);
		vpc_remote_explain(err, extack);
		return err;
	}

	vpc_draft_commit(&d);
	list_splice(&keys, &d.remote->keys);
	vpc_remote_order_keys(d.remote, cfg);
	d.remote->expires = 0;
	vpc_remote_set_encrypt(c, d.remote, cfg->encrypt);
	vpc_remote_select(c, d.remote);
	vpc_remote_order_prefixes(c, d.remote, cfg);
	if (d.made) {
		list_add_tail(&d.remote->list, &c->remotes);
		c->changes++;
		WRITE_ONCE(c->nr_remotes, c->nr_remotes + 1);
	}
	vpc_crypt_kick(c, 0);
	vpc_nl_remote_event(vn, d.remote, d.made ? VPC_EVENT_ADD : VPC_EVENT_CHANGE);
	return 0;
}

/**
 * vpc_remote_delete - retire a remote, or delete it
 * @vn: the namespace
 * @remote: the remote
 * @grace: seconds; 0 to delete it now
 */
void vpc_remote_delete(struct vpc_net *vn, struct vpc_remote *remote, u32 grace)
{
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_remote_prefix *rp;

	if (!grace) {
		vpc_nl_remote_event(vn, remote, VPC_EVENT_DEL);
		vpc_remote_finish(c, remote);
		return;
	}
	remote->expires = vpc_now() + grace;
	list_for_each_entry(rp, &remote->prefixes, list)
		vpc_prefix_retire(c, rp, grace);
	vpc_crypt_kick(c, 0);
	vpc_nl_remote_event(vn, remote, VPC_EVENT_CHANGE);
}

/**
 * vpc_remote_raise - let all that is sent to a remote go on from a number
 * @c: keys of the namespace
 * @remote: the remote
 * @seq: the number
 */
void vpc_remote_raise(struct vpc_crypt *c, struct vpc_remote *remote, u64 seq)
{
	struct vpc_remote_key *key;
	struct vpc_keyring *ring;
	struct vpc_own_key *own;
	struct vpc_pair *pair;

	list_for_each_entry(key, &remote->keys, list) {
		list_for_each_entry(ring, &c->rings, list) {
			list_for_each_entry(own, &ring->keys, list) {
				pair = vpc_pair_find(own, key->public);
				if (pair)
					vpc_pair_raise(pair, seq);
			}
		}
	}
}

/* Key pairs. */

/* Derive what a new key pair gives with every key of every remote. */
static int vpc_own_derive(struct vpc_crypt *c, struct vpc_own_key *own)
{
	struct vpc_remote_draft d = { .c = c };
	struct vpc_remote_key *key;
	int err = 0;

	list_for_each_entry(d.remote, &c->remotes, list) {
		list_for_each_entry(key, &d.remote->keys, list) {
			err = vpc_draft_derive(&d, own, key->public);
			if (err)
				goto err;
		}
	}
	vpc_draft_commit(&d);
	return 0;

err:
	vpc_draft_undo(&d);
	return err;
}

/**
 * vpc_keyring_attach - begin to use the key pair of a new edge
 * @vn: the namespace
 * @edge: the edge
 *
 * Context: vpc_crypt.lock.
 */
int vpc_keyring_attach(struct vpc_net *vn, struct vpc_edge *edge)
{
	struct vpc_keyring *ring = edge->ring;
	struct vpc_crypt *c = &vn->crypt;
	int err;

	ring->edge = edge;
	err = vpc_own_derive(c, list_first_entry(&ring->keys, struct vpc_own_key, list));
	if (err)
		return err;
	list_add_tail(&ring->list, &c->rings);
	vpc_remotes_select(c);
	return 0;
}

static void vpc_own_wipe(struct vpc_crypt *c, struct vpc_own_key *own)
{
	list_del_rcu(&own->list);
	own->ring->n--;
	vpc_remotes_select(c);
	vpc_own_free(c, own);
}

/**
 * vpc_keyring_detach - wipe the key pairs of an edge that is gone
 * @vn: the namespace
 * @edge: the edge
 */
void vpc_keyring_detach(struct vpc_net *vn, struct vpc_edge *edge)
{
	struct vpc_keyring *ring = edge->ring;
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_own_key *own, *next;

	mutex_lock(&c->lock);
	list_del_init(&ring->list);
	vpc_remotes_select(c);
	list_for_each_entry_safe(own, next, &ring->keys, list) {
		list_del_rcu(&own->list);
		vpc_own_free(c, own);
	}
	mutex_unlock(&c->lock);
	kfree(ring);
}

/**
 * vpc_keyring_rekey - make the next key pair of an edge
 * @vn: the namespace
 * @edge: the edge
 * @extack: for messages
 *
 * The one before has its grace.  Beyond %VPC_MAX_KEYS the oldest has none.
 *
 * Context: vpc_crypt.lock.
 */
int vpc_keyring_rekey(struct vpc_net *vn, struct vpc_edge *edge,
		      struct netlink_ext_ack *extack)
{
	struct vpc_keyring *ring = edge->ring;
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_own_key *own, *last;
	int err;

	own = vpc_own_make(ring);
	if (!own) {
		vpc_remote_explain(-ENOMEM, extack);
		return -ENOMEM;
	}
	err = vpc_own_derive(c, own);
	if (err) {
		vpc_own_free(c, own);
		vpc_remote_explain(err, extack);
		return err;
	}
	last = list_first_entry(&ring->keys, struct vpc_own_key, list);
	WRITE_ONCE(last->expires, vpc_now() + READ_ONCE(edge->key_grace));
	list_add_rcu(&own->list, &ring->keys);
	ring->n++;
	if (ring->n > VPC_MAX_KEYS)
		vpc_own_wipe(c, list_last_entry(&ring->keys, struct vpc_own_key, list));
	else
		vpc_remotes_select(c);
	vpc_crypt_kick(c, 0);
	return 0;
}

/**
 * vpc_keyring_add_cipher - let an edge be able to seal with a cipher
 * @vn: the namespace
 * @edge: the edge
 * @cipher: the cipher
 *
 * Context: vpc_crypt.lock.
 */
int vpc_keyring_add_cipher(struct vpc_net *vn, struct vpc_edge *edge, u8 cipher)
{
	struct vpc_keyring *ring = edge->ring;
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_remote *remote;
	struct vpc_remote_key *key;
	struct vpc_own_key *own;
	struct vpc_pair *pair;
	int err;

	list_for_each_entry(own, &ring->keys, list) {
		list_for_each_entry(remote, &c->remotes, list) {
			list_for_each_entry(key, &remote->keys, list) {
				pair = vpc_pair_find(own, key->public);
				if (!pair || !pair->sas)
					continue;
				err = vpc_sas_add_cipher(pair->sas, own, cipher);
				if (err)
					return err;
			}
		}
	}
	ring->ciphers |= BIT(cipher);
	return 0;
}

/* Ends. */

/* When a packet was first opened under any key that is newer. */
static time64_t vpc_remote_succeeded(const struct vpc_crypt *c,
				     const struct vpc_remote *remote,
				     const struct vpc_remote_key *old)
{
	const struct vpc_keyring *ring;
	const struct vpc_remote_key *key;
	const struct vpc_own_key *own;
	const struct vpc_pair *pair;
	time64_t first = 0, seen;

	list_for_each_entry(key, &remote->keys, list) {
		if (key == old)
			break;
		list_for_each_entry(ring, &c->rings, list) {
			list_for_each_entry(own, &ring->keys, list) {
				pair = vpc_pair_find(own, key->public);
				seen = pair ? READ_ONCE(pair->seen) : 0;
				if (seen && (!first || seen < first))
					first = seen;
			}
		}
	}
	return first;
}

static u32 vpc_crypt_key_grace(const struct vpc_crypt *c)
{
	const struct vpc_keyring *ring;
	u32 grace = 0;

	if (list_empty(&c->rings))
		return VPC_DEFAULT_KEY_GRACE;
	list_for_each_entry(ring, &c->rings, list)
		grace = max(grace, READ_ONCE(ring->edge->key_grace));
	return grace;
}

static bool vpc_remote_key_ended(const struct vpc_crypt *c,
				 const struct vpc_remote *remote,
				 const struct vpc_remote_key *key, time64_t now)
{
	time64_t seen = vpc_remote_succeeded(c, remote, key);

	if (now >= key->replaced + VPC_REPLACED_MAX)
		return true;
	return seen && now >= seen + VPC_SUCCESSOR_GRACE &&
	       now >= key->replaced + vpc_crypt_key_grace(c);
}

/* Return: something is pending still. */
static bool vpc_remote_tick(struct vpc_net *vn, struct vpc_remote *remote, time64_t now)
{
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_remote_prefix *rp, *next_rp;
	struct vpc_remote_key *key, *next_key;
	bool pending = false, changed = false;

	if (remote->expires && now >= remote->expires) {
		vpc_remote_delete(vn, remote, 0);
		return false;
	}
	list_for_each_entry_safe(rp, next_rp, &remote->prefixes, list) {
		if (rp->state != VPC_STATE_RETIRING)
			continue;
		if (now < rp->expires) {
			pending = true;
			continue;
		}
		/* The one that names the remote stays for that. */
		if (list_is_first(&rp->list, &remote->prefixes))
			WRITE_ONCE(rp->state, VPC_STATE_DARK);
		else
			vpc_prefix_unlink(c, rp);
		changed = true;
	}
	list_for_each_entry_safe(key, next_key, &remote->keys, list) {
		if (!key->replaced)
			continue;
		pending = true;
		if (!vpc_remote_key_ended(c, remote, key, now))
			continue;
		vpc_remote_key_drop_sas(c, key->public);
		vpc_remote_key_unlink(c, key);
		changed = true;
	}
	if (READ_ONCE(remote->dirty)) {
		vpc_remote_select(c, remote);
		changed = true;
	}
	if (changed)
		vpc_nl_remote_event(vn, remote, VPC_EVENT_CHANGE);
	return pending;
}

static bool vpc_keyring_tick(struct vpc_net *vn, struct vpc_keyring *ring, time64_t now)
{
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_own_key *own, *next;
	bool pending = false, changed = false;

	list_for_each_entry_safe(own, next, &ring->keys, list) {
		if (!own->expires)
			continue;
		if (now < own->expires) {
			pending = true;
			continue;
		}
		vpc_own_wipe(c, own);
		changed = true;
	}
	if (changed)
		vpc_nl_keys_event(ring->edge);
	return pending;
}

static void vpc_crypt_work(struct work_struct *work)
{
	struct vpc_crypt *c = container_of(to_delayed_work(work), struct vpc_crypt, work);
	struct vpc_net *vn = container_of(c, struct vpc_net, crypt);
	struct vpc_remote *remote, *next;
	struct vpc_keyring *ring;
	bool pending = false;
	time64_t now;

	mutex_lock(&c->lock);
	now = vpc_now();
	list_for_each_entry(ring, &c->rings, list)
		pending |= vpc_keyring_tick(vn, ring, now);
	list_for_each_entry_safe(remote, next, &c->remotes, list)
		pending |= vpc_remote_tick(vn, remote, now);
	mutex_unlock(&c->lock);
	/* What has come meanwhile comes sooner. */
	if (pending)
		queue_delayed_work(vpc_wq, &c->work, HZ);
}

int vpc_crypt_init(struct vpc_crypt *c)
{
	int err;

	mutex_init(&c->lock);
	INIT_LIST_HEAD(&c->rings);
	c->changes = 1;
	INIT_LIST_HEAD(&c->remotes);
	INIT_DELAYED_WORK(&c->work, vpc_crypt_work);
	err = rhltable_init(&c->prefixes, &vpc_remote_prefix_params);
	if (err)
		return err;
	err = rhashtable_init(&c->keys, &vpc_remote_key_params);
	if (err)
		goto err_prefixes;
	err = vpc_sas_init(c);
	if (err)
		goto err_keys;
	return 0;

err_keys:
	rhashtable_destroy(&c->keys);
err_prefixes:
	rhltable_destroy(&c->prefixes);
	return err;
}

/* All edges are gone, and no packet is under way. */
void vpc_crypt_exit(struct vpc_crypt *c)
{
	struct vpc_remote *remote, *next;

	cancel_delayed_work_sync(&c->work);
	mutex_lock(&c->lock);
	list_for_each_entry_safe(remote, next, &c->remotes, list)
		vpc_remote_finish(c, remote);
	mutex_unlock(&c->lock);
	rhltable_destroy(&c->sas);
	rhashtable_destroy(&c->keys);
	rhltable_destroy(&c->prefixes);
	mutex_destroy(&c->lock);
}
