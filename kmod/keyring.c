// SPDX-License-Identifier: GPL-2.0
/* The key pairs of an edge: the first one, the next, and their end. */

#include <linux/slab.h>

#include "remote.h"

/* Derive what a new key pair gives with every key of every remote. */
static int vpc_own_derive(struct vpc_crypt *c, struct vpc_own_key *own)
{
	struct vpc_draft d = { .c = c };
	struct vpc_remote_key *key;
	struct vpc_remote *remote;
	int err = 0;

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

void vpc_own_wipe(struct vpc_crypt *c, struct vpc_own_key *own)
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
		vpc_remote_explain(-ENOMEM, NULL, extack);
		return -ENOMEM;
	}
	err = vpc_own_derive(c, own);
	if (err) {
		vpc_own_free(c, own);
		vpc_remote_explain(err, NULL, extack);
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
