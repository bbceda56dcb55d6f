// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration of remotes: other edges, their prefixes and their public keys.
 *
 * A request changes several.  It is applied in two steps: everything that can fail
 * is done first, and seen by nobody who could send; then it is all put in place.
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

/* Forget the derived keys of a remote's key, but not those of another one that has
 * taken it; what was counted stays with the key pairs.
 */
static void vpc_remote_key_drop_sas(struct vpc_crypt *c, const struct vpc_remote_key *key)
{
	struct vpc_keyring *ring;
	struct vpc_own_key *own;
	struct vpc_pair *pair;

	list_for_each_entry(ring, &c->rings, list) {
		list_for_each_entry(own, &ring->keys, list) {
			pair = vpc_pair_find(own, key->public);
			if (pair && pair->sas && pair->sas->remote == key->remote)
				vpc_sas_drop(c, pair->sas);
		}
	}
}

static void vpc_remote_key_unlink(struct vpc_crypt *c, struct vpc_remote_key *key)
{
	/* One that was taken is not there. */
	rhashtable_remove_fast(&c->keys, &key->node, vpc_remote_key_params);
	list_del(&key->list);
	key->remote->n_keys--;
	/* Nobody looks at keys without the lock. */
	kfree(key);
}

void vpc_remote_drop_key(struct vpc_crypt *c, struct vpc_remote_key *key)
{
	vpc_remote_key_drop_sas(c, key);
	vpc_remote_key_unlink(c, key);
	c->changes++;
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

static void vpc_remote_silence(struct vpc_crypt *c, struct vpc_remote *remote)
{
	struct vpc_remote_tx *tx;

	tx = rcu_replace_pointer(remote->tx, NULL, lockdep_is_held(&c->lock));
	if (tx)
		kfree_rcu(tx, rcu);
}

/* The end of a remote; its keys are sent with no more. */
void vpc_remote_finish(struct vpc_crypt *c, struct vpc_remote *remote)
{
	struct vpc_remote_prefix *rp, *next_rp;
	struct vpc_remote_key *key, *next_key;

	list_del(&remote->list);
	c->changes++;
	WRITE_ONCE(c->nr_remotes, c->nr_remotes - 1);
	vpc_remote_set_encrypt(c, remote, VPC_ENCRYPT_UNSPEC);
	list_for_each_entry_safe(rp, next_rp, &remote->prefixes, list)
		vpc_prefix_unlink(c, rp);
	vpc_remote_silence(c, remote);
	list_for_each_entry_safe(key, next_key, &remote->keys, list)
		vpc_remote_drop_key(c, key);
	kfree_rcu(remote, rcu);
}

/* The first half of a change, which may fail. */

/* Has any edge a key pair: derivation tells which keys are of no use. */
static bool vpc_crypt_derives(const struct vpc_crypt *c)
{
	const struct vpc_keyring *ring;

	list_for_each_entry(ring, &c->rings, list)
		if (!list_empty(&ring->keys))
			return true;
	return false;
}

static int vpc_remote_check_key(struct vpc_crypt *c, const struct vpc_remote_item *it,
				unsigned int i, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = it->key_attr[i];
	const struct vpc_remote_key *key;
	const u8 *public = it->keys[i];
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (memcmp(it->keys[j], public, VPC_KEY_LEN))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "the remote has this key twice");
		return -EEXIST;
	}
	if (!vpc_crypt_derives(c) && !vpc_key_usable(public)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "no secret comes of this key");
		return -EKEYREJECTED;
	}
	if (vpc_crypt_owns(c, public)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "this is the key of an edge of this host");
		return -EINVAL;
	}
	key = rhashtable_lookup_fast(&c->keys, public, vpc_remote_key_params);
	if (key && key->remote != it->remote &&
	    (!key->remote->expires || key->remote->changing || key->taken)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "another remote has this key");
		return -EEXIST;
	}
	return 0;
}

static int vpc_remote_derive_key(struct vpc_draft *d, const struct vpc_remote_key *key)
{
	struct vpc_keyring *ring;
	struct vpc_own_key *own;
	int err;

	list_for_each_entry(ring, &d->c->rings, list) {
		list_for_each_entry(own, &ring->keys, list) {
			err = vpc_draft_derive(d, own, key->public, key->remote);
			if (err)
				return err;
		}
	}
	return 0;
}

/* The key of a remote that retires is taken from it in the second half. */
static int vpc_remote_prepare_key(struct vpc_draft *d, struct vpc_remote_item *it,
				  const u8 *public)
{
	struct vpc_remote_key *key, *old;
	int err;

	key = kzalloc(sizeof(*key), GFP_KERNEL_ACCOUNT);
	if (!key)
		return -ENOMEM;
	memcpy(key->public, public, VPC_KEY_LEN);
	key->id = vpc_key_id(public);
	key->remote = it->remote;
	old = rhashtable_lookup_fast(&d->c->keys, public, vpc_remote_key_params);
	if (old) {
		key->takes = old;
		old->taken = true;
		old->remote->ending = true;
		it->takes = true;
	} else {
		err = rhashtable_insert_fast(&d->c->keys, &key->node,
					     vpc_remote_key_params);
		if (err) {
			kfree(key);
			return err;
		}
	}
	list_add_tail(&key->list, &it->new_keys);
	it->remote->n_keys++;
	return vpc_remote_derive_key(d, key);
}

/* Those that the remote loses are its own until their grace ends. */
static int vpc_remote_prepare_prefixes(struct vpc_crypt *c, struct vpc_remote_item *it,
				       const struct vpc_prefixes *prefixes,
				       struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < prefixes->n; i++) {
		if (vpc_prefix_of(it->remote, &prefixes->p[i]))
			continue;
		if (it->remote->n_prefixes == VPC_MAX_PREFIXES) {
			NL_SET_ERR_MSG_ATTR(extack, it->attr,
					    "a remote has at most 1024 prefixes, with those that retire");
			return -ENOSPC;
		}
		err = vpc_prefix_link(c, it->remote, &prefixes->p[i]);
		if (err == -ENOSPC)
			NL_SET_ERR_MSG_ATTR(extack, it->attr,
					    "256 remotes have one of its prefixes");
		else if (err)
			vpc_remote_explain(err, it->attr, extack);
		if (err)
			return err;
	}
	return 0;
}

static int vpc_remote_prepare(struct vpc_draft *d, struct vpc_remote_item *it,
			      struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	err = vpc_remote_prepare_prefixes(d->c, it, it->prefixes, extack) ?:
	      vpc_remote_prepare_prefixes(d->c, it, it->standby, extack);
	if (err)
		return err;
	for (i = 0; i < it->n_keys; i++) {
		err = vpc_remote_check_key(d->c, it, i, extack);
		if (err)
			return err;
		if (vpc_remote_key_of(it->remote, it->keys[i]))
			continue;
		if (it->remote->n_keys == VPC_MAX_REMOTE_KEYS) {
			NL_SET_ERR_MSG_ATTR(extack, it->key_attr[i],
					    "a remote has at most 64 keys, with those that were replaced");
			return -ENOSPC;
		}
		err = vpc_remote_prepare_key(d, it, it->keys[i]);
		if (err) {
			vpc_remote_explain(err, it->key_attr[i], extack);
			return err;
		}
	}
	return 0;
}

/* Find the remote that an item is about, or make it. */
static int vpc_remote_begin(struct vpc_crypt *c, struct vpc_remote_item *it,
			    bool replace, struct netlink_ext_ack *extack)
{
	struct vpc_remote *remote = vpc_remote_named(c, &it->prefixes->p[0]);

	INIT_LIST_HEAD(&it->new_keys);
	if (remote && !remote->expires && !replace) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "the remote exists");
		return -EEXIST;
	}
	if (remote && (remote->changing || remote->ending)) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "the remote occurs twice in one request");
		return -EEXIST;
	}
	if (!remote) {
		remote = kzalloc(sizeof(*remote), GFP_KERNEL_ACCOUNT);
		if (!remote) {
			vpc_remote_explain(-ENOMEM, it->attr, extack);
			return -ENOMEM;
		}
		INIT_LIST_HEAD(&remote->prefixes);
		INIT_LIST_HEAD(&remote->keys);
		it->made = true;
	}
	remote->changing = true;
	it->remote = remote;
	return 0;
}

static void vpc_remote_undo(struct vpc_crypt *c, struct vpc_remote_item *it)
{
	struct vpc_remote_prefix *rp, *next_rp;
	struct vpc_remote_key *key, *next_key;

	if (!it->remote)
		return;
	it->remote->changing = false;
	list_for_each_entry_safe(key, next_key, &it->new_keys, list) {
		if (key->takes) {
			key->takes->taken = false;
			key->takes->remote->ending = false;
		}
		vpc_remote_key_unlink(c, key);
	}
	/* What is dark was put in just now, but for a first one. */
	list_for_each_entry_safe(rp, next_rp, &it->remote->prefixes, list)
		if (rp->state == VPC_STATE_DARK &&
		    (it->made || !list_is_first(&rp->list, &it->remote->prefixes)))
			vpc_prefix_unlink(c, rp);
	if (it->made)
		kfree_rcu(it->remote, rcu);
}

void vpc_remote_explain(int err, const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(extack, attr, "the kernel lacks a cipher");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an edge remembers too many keys: rekey it first");
	else if (err == -EDQUOT)
		NL_SET_ERR_MSG_ATTR(extack, attr, "4096 keys have the id of this one");
	else if (err == -EKEYREJECTED)
		NL_SET_ERR_MSG_ATTR(extack, attr, "no secret comes of this key");
	else if (err == -ENOMEM)
		NL_SET_ERR_MSG_ATTR(extack, attr, "no memory for the keys");
}

/* The second half, which can't fail. */

/* Those that are published in the order in which they are, then the others. */
static void vpc_remote_order_keys(struct vpc_crypt *c, struct vpc_remote_item *it)
{
	struct vpc_remote *remote = it->remote;
	struct vpc_remote_key *key;
	unsigned int i;

	list_for_each_entry(key, &it->new_keys, list) {
		if (key->takes)
			rhashtable_replace_fast(&c->keys, &key->takes->node, &key->node,
						vpc_remote_key_params);
		key->takes = NULL;
	}
	list_splice(&it->new_keys, &remote->keys);
	list_for_each_entry(key, &remote->keys, list)
		if (!key->replaced)
			key->replaced = vpc_now();
	for (i = it->n_keys; i--;) {
		key = vpc_remote_key_of(remote, it->keys[i]);
		key->replaced = 0;
		list_move(&key->list, &remote->keys);
	}
	if (!list_is_singular(&remote->keys))
		vpc_crypt_kick(c, 0);
}

/* Return: prefixes of others were taken. */
static bool vpc_remote_order_prefixes(struct vpc_crypt *c, struct vpc_remote_item *it)
{
	struct vpc_remote *remote = it->remote;
	struct vpc_remote_prefix *rp;
	bool robbed = false;
	LIST_HEAD(listed);
	unsigned int i;

	for (i = 0; i < it->prefixes->n; i++) {
		rp = vpc_prefix_of(remote, &it->prefixes->p[i]);
		list_move_tail(&rp->list, &listed);
		robbed |= vpc_prefix_activate(c, rp, it->grace);
	}
	for (i = 0; i < it->standby->n; i++) {
		rp = vpc_prefix_of(remote, &it->standby->p[i]);
		list_move_tail(&rp->list, &listed);
		WRITE_ONCE(rp->state, VPC_STATE_STANDBY);
	}
	list_for_each_entry(rp, &remote->prefixes, list)
		vpc_prefix_retire(c, rp, it->grace);
	list_splice(&listed, &remote->prefixes);
	return robbed;
}

/* Return: it has taken prefixes of others. */
static bool vpc_remote_commit(struct vpc_crypt *c, struct vpc_remote_item *it)
{
	struct vpc_remote *remote = it->remote;

	remote->changing = false;
	remote->expires = 0;
	vpc_remote_order_keys(c, it);
	vpc_remote_set_encrypt(c, remote, it->encrypt);
	vpc_remote_select(c, remote);
	if (it->made) {
		list_add_tail(&remote->list, &c->remotes);
		WRITE_ONCE(c->nr_remotes, c->nr_remotes + 1);
	}
	return vpc_remote_order_prefixes(c, it);
}

/* Those whose keys have been taken; they had been retiring. */
static void vpc_remotes_end(struct vpc_net *vn, struct vpc_draft *draft)
{
	struct vpc_remote *remote, *next;

	list_for_each_entry(remote, &vn->crypt.remotes, list)
		if (remote->ending)
			vpc_remote_silence(&vn->crypt, remote);
	/* Nobody comes by these to a remote that is gone. */
	vpc_draft_end(draft);
	list_for_each_entry_safe(remote, next, &vn->crypt.remotes, list)
		if (remote->ending)
			vpc_remote_delete(vn, remote, 0);
}

/* Those that were not asked for, but have lost prefixes to one that was. */
static void vpc_remotes_robbed(struct vpc_net *vn)
{
	struct vpc_remote *remote;

	list_for_each_entry(remote, &vn->crypt.remotes, list) {
		if (remote->robbed)
			vpc_nl_remote_event(vn, remote, VPC_EVENT_CHANGE);
		remote->robbed = false;
		cond_resched();
	}
}

/**
 * vpc_remotes_change - add remotes, or change them
 * @vn: the namespace
 * @items: what they are to be
 * @n: how many
 * @replace: there may be some of their names
 * @extack: for messages
 *
 * A remote that retires gives its keys to one that comes in its place.
 *
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_remotes_change(struct vpc_net *vn, struct vpc_remote_item *items, unsigned int n,
		       bool replace, struct netlink_ext_ack *extack)
{
	struct vpc_crypt *c = &vn->crypt;
	bool takes = false, robs = false;
	struct vpc_draft draft;
	unsigned int i;
	int err = 0;

	vpc_draft_init(&draft, c);
	for (i = 0; i < n && !err; i++) {
		err = vpc_remote_begin(c, &items[i], replace, extack);
		if (!err)
			err = vpc_remote_prepare(&draft, &items[i], extack);
		cond_resched();
	}
	if (err) {
		vpc_draft_undo(&draft);
		while (i--)
			vpc_remote_undo(c, &items[i]);
		return err;
	}

	vpc_draft_commit(&draft);
	for (i = 0; i < n; i++) {
		robs |= vpc_remote_commit(c, &items[i]);
		takes |= items[i].takes;
		cond_resched();
	}
	c->changes++;
	if (takes)
		vpc_remotes_end(vn, &draft);
	else
		vpc_draft_end(&draft);
	for (i = 0; i < n; i++) {
		items[i].remote->robbed = false;
		vpc_nl_remote_event(vn, items[i].remote, items[i].made ? VPC_EVENT_ADD :
									 VPC_EVENT_CHANGE);
		cond_resched();
	}
	if (robs)
		vpc_remotes_robbed(vn);
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
	/* What retires does so no longer for that. */
	remote->expires = remote->expires ?: vpc_now() + grace;
	list_for_each_entry(rp, &remote->prefixes, list)
		vpc_prefix_retire(c, rp, grace);
	vpc_crypt_kick(c, 0);
	vpc_nl_remote_event(vn, remote, VPC_EVENT_CHANGE);
}

/* Find the one that an item is about. */
static int vpc_remote_lookup(struct vpc_crypt *c, struct vpc_remote_item *it,
			     struct netlink_ext_ack *extack)
{
	struct vpc_remote *remote = vpc_remote_named(c, &it->prefixes->p[0]);

	if (!remote) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "no remote has this first prefix");
		return -ENOENT;
	}
	if (remote->changing) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "the remote occurs twice in one request");
		return -EEXIST;
	}
	remote->changing = true;
	it->remote = remote;
	return 0;
}

static int vpc_remotes_lookup(struct vpc_crypt *c, struct vpc_remote_item *items,
			      unsigned int n, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		err = vpc_remote_lookup(c, &items[i], extack);
		cond_resched();
	}
	while (i--)
		if (items[i].remote)
			items[i].remote->changing = false;
	return err;
}

/**
 * vpc_remotes_delete - retire remotes, or delete them
 * @vn: the namespace
 * @items: which
 * @n: how many
 * @extack: for messages
 *
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_remotes_delete(struct vpc_net *vn, struct vpc_remote_item *items, unsigned int n,
		       struct netlink_ext_ack *extack)
{
	int err = vpc_remotes_lookup(&vn->crypt, items, n, extack);
	unsigned int i;

	for (i = 0; i < n && !err; i++) {
		vpc_remote_delete(vn, items[i].remote, items[i].grace);
		cond_resched();
	}
	return err;
}

static void vpc_remote_raise(struct vpc_crypt *c, struct vpc_remote *remote, u64 seq)
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

/**
 * vpc_remotes_raise - let all that is sent to remotes go on from a number
 * @vn: the namespace
 * @items: which, and the numbers
 * @n: how many
 * @extack: for messages
 *
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_remotes_raise(struct vpc_net *vn, struct vpc_remote_item *items, unsigned int n,
		      struct netlink_ext_ack *extack)
{
	int err = vpc_remotes_lookup(&vn->crypt, items, n, extack);
	unsigned int i;

	for (i = 0; i < n && !err; i++) {
		vpc_remote_raise(&vn->crypt, items[i].remote, items[i].seq);
		cond_resched();
	}
	return err;
}

int vpc_remote_init(struct vpc_crypt *c)
{
	return rhashtable_init(&c->keys, &vpc_remote_key_params);
}
