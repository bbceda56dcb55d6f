// SPDX-License-Identifier: GPL-2.0
/* Which keys are sent with. */

#include <linux/slab.h>

#include "remote.h"

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

bool vpc_remote_select(struct vpc_crypt *c, struct vpc_remote *remote)
{
	struct vpc_remote_tx *tx, *old;
	struct vpc_keyring *ring;
	unsigned int n = 0;
	bool changed;

	WRITE_ONCE(remote->dirty, false);
	smp_mb();	/* What is seen from here on asks again: vpc_remote_ask(). */
	list_for_each_entry(ring, &c->rings, list)
		n++;
	/* What it replaces may be about to be wiped. */
	tx = kzalloc(struct_size(tx, sas, n), GFP_KERNEL | __GFP_NOFAIL);
	list_for_each_entry(ring, &c->rings, list) {
		struct vpc_sas *sas = vpc_remote_choose(remote, ring);

		if (sas)
			tx->sas[tx->n++] = sas;
	}
	old = rcu_replace_pointer(remote->tx, tx, lockdep_is_held(&c->lock));
	changed = !old || old->n != tx->n ||
		  memcmp(old->sas, tx->sas, tx->n * sizeof(*tx->sas));
	if (old)
		kfree_rcu(old, rcu);
	return changed;
}

/* Key pairs of an edge have come or gone. */
void vpc_remotes_select(struct vpc_crypt *c)
{
	struct vpc_remote *remote;

	c->changes++;
	list_for_each_entry(remote, &c->remotes, list)
		vpc_remote_select(c, remote);
}

/* Let it be chosen again, by what has been written. */
static void vpc_remote_ask(struct vpc_net *vn, struct vpc_remote *remote,
			   unsigned long delay)
{
	if (!remote)
		return;
	/* Pairs with vpc_remote_select(). */
	smp_wmb();
	WRITE_ONCE(remote->dirty, true);
	/* The first one sets the time: others would put it off again and again.  This
	 * pairs with vpc_crypt_work().
	 */
	if (delay && xchg(&vn->crypt.asked, 1))
		return;
	vpc_crypt_kick(&vn->crypt, delay);
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
	struct vpc_remote *remote = READ_ONCE(sas->remote);

	WRITE_ONCE(sas->pair->seen, vpc_now());
	/* Many may come at once, after a start for instance. */
	vpc_remote_ask(vn, remote, HZ / 20);
}

/* The sequence numbers of a pair come to an end. */
void vpc_remote_low(struct vpc_net *vn, struct vpc_sas *sas)
{
	struct vpc_remote *remote = READ_ONCE(sas->remote);

	WRITE_ONCE(sas->pair->low, true);
	vpc_remote_ask(vn, remote, 0);
}
