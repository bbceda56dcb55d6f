// SPDX-License-Identifier: GPL-2.0
/* The key pairs of an edge: the first one, the next, and their end. */

#include <linux/slab.h>

#include "remote.h"

/* Derive what a new key pair gives with every key of every remote. */
static int vpc_own_derive(struct vpc_crypt *c, struct vpc_own_key *own)
{
	struct vpc_remote_key *key;
	struct vpc_remote *remote;
	struct vpc_draft d;
	int err;

	vpc_draft_init(&d, c);
	list_for_each_entry(remote, &c->remotes, list) {
		list_for_each_entry(key, &remote->keys, list) {
			err = vpc_draft_derive(&d, own, key->public, remote);
			if (err)
				goto err;
		}
	}
	vpc_draft_commit(&d);
	vpc_draft_end(&d);
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
 * Who wants to change its keys may come before who made it; the other one finds it
 * done.
 *
 * Context: vpc_crypt.lock.
 */
int vpc_keyring_attach(struct vpc_net *vn, struct vpc_edge *edge)
{
	struct vpc_keyring *ring = edge->ring;
	struct vpc_crypt *c = &vn->crypt;
	int err;

	if (!list_empty(&ring->list))
		return 0;
	err = vpc_own_derive(c, list_first_entry(&ring->keys, struct vpc_own_key, list));
	if (err)
		return err;
	list_add_tail(&ring->list, &c->rings);
	vpc_remotes_select(c);
	/* Copies of this machine were told before the ring was here to be found. */
	if (ring->forks != vpc_fork_count())
		vpc_keyring_fork(vn, ring);
	return 0;
}

void vpc_own_wipe(struct vpc_crypt *c, struct vpc_own_key *own)
{
	list_del_rcu(&own->list);
	own->ring->n--;
	vpc_remotes_select(c);
	vpc_own_free(c, own);
}

/* Wipe the oldest beyond a number. */
static void vpc_keyring_keep(struct vpc_crypt *c, struct vpc_keyring *ring, unsigned int n)
{
	vpc_remotes_select(c);
	while (ring->n > n)
		vpc_own_wipe(c, list_last_entry(&ring->keys, struct vpc_own_key, list));
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
 * @now: wipe all others
 * @extack: for messages
 *
 * The one before has its grace.  Beyond %VPC_MAX_KEYS the oldest has none.
 *
 * Context: vpc_crypt.lock.
 */
int vpc_keyring_rekey(struct vpc_net *vn, struct vpc_edge *edge, bool now,
		      struct netlink_ext_ack *extack)
{
	struct vpc_keyring *ring = edge->ring;
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_own_key *own, *last;
	int err;

	own = vpc_own_make(ring);
	if (!own) {
		vpc_remote_explain(-ENOMEM, NULL, extack);
		return -ENOMEM;
	}
	err = vpc_own_derive(c, own);
	if (err) {
		vpc_own_free(c, own);
		vpc_remote_explain(err, NULL, extack);
		return err;
	}
	last = list_first_entry_or_null(&ring->keys, struct vpc_own_key, list);
	if (last)
		WRITE_ONCE(last->expires, vpc_now() + READ_ONCE(edge->key_grace));
	list_add_rcu(&own->list, &ring->keys);
	ring->n++;
	vpc_keyring_keep(c, ring, now ? 1 : VPC_MAX_KEYS);
	vpc_crypt_kick(c, 0);
	return 0;
}

/**
 * vpc_keyring_fork - this machine is a copy of another
 * @vn: the namespace
 * @ring: the key pairs of an edge, which the other one has, too
 *
 * What both of them seal under one key would be sealed with the same nonces, and
 * what the other has opened since could be played to this one.
 *
 * Context: vpc_crypt.lock.
 */
void vpc_keyring_fork(struct vpc_net *vn, struct vpc_keyring *ring)
{
	if (vpc_keyring_rekey(vn, ring->edge, true, NULL)) {
		vpc_keyring_keep(&vn->crypt, ring, 0);
		netdev_warn(ring->edge->dev, "no key pair is left until there is memory\n");
		/* What is due sooner stays so. */
		queue_delayed_work(vpc_wq, &vn->crypt.work, HZ);
	}
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
