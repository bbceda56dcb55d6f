// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration of remotes: other edges, their prefixes and their public keys.
 *
 * A change is made in two steps: everything that can fail is done first, and
 * seen by nobody who could send; then it is all put in place.
 */

#include <linux/slab.h>

#include "netlink.h"
#include "remote.h"

static const struct rhashtable_params vpc_remote_key_params = {
	.head_offset		= offsetof(struct vpc_remote_key, node),
	.key_offset		= offsetof(struct vpc_remote_key, public),
	.key_len		= VPC_KEY_LEN,
	.automatic_shrinking	= true,
};

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

void vpc_remote_drop_key(struct vpc_crypt *c, struct vpc_remote_key *key)
{
	vpc_remote_key_drop_sas(c, key->public);
	vpc_remote_key_unlink(c, key);
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
void vpc_remote_finish(struct vpc_crypt *c, struct vpc_remote *remote)
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
	list_for_each_entry_safe(key, next_key, &remote->keys, list)
		vpc_remote_drop_key(c, key);
	kfree_rcu(remote, rcu);
}

/* Preparing a change. */

/**
 * struct vpc_remote_draft - what has been made for a change
 * @c: keys of the namespace
 * @remote: the remote
 * @made: it was made for this change
 * @keys: derived keys
 */
struct vpc_remote_draft {
	struct vpc_crypt	*c;
	struct vpc_remote	*remote;
	bool			made;
	struct vpc_draft	keys;
};

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
				err = vpc_draft_derive(&d->keys, own, key->public,
						       d->remote);
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

	vpc_draft_undo(&d->keys);
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

void vpc_remote_explain(int err, struct netlink_ext_ack *extack)
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
	struct vpc_remote_draft d = { .c = c, .keys.c = c };
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

	vpc_draft_commit(&d.keys);
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

int vpc_remote_init(struct vpc_crypt *c)
{
	return rhashtable_init(&c->keys, &vpc_remote_key_params);
}
