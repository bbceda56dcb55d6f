// SPDX-License-Identifier: GPL-2.0
/* What a namespace knows of keys: its begin, what ends by itself, its end. */

#include <linux/slab.h>

#include "netlink.h"
#include "remote.h"

/* A replaced key is kept until packets under its successor have been opened
 * for some time, but not longer than a day.
 */
#define VPC_SUCCESSOR_GRACE	10
#define VPC_REPLACED_MAX	86400

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

/* An edge has no more live key pairs: one with so many newer ones is wiped. */
static bool vpc_remote_outnumbered(const struct vpc_remote *remote,
				   const struct vpc_remote_key *old)
{
	const struct vpc_remote_key *key;
	unsigned int newer = 0;

	list_for_each_entry(key, &remote->keys, list) {
		if (key == old)
			break;
		if (++newer == VPC_MAX_KEYS)
			return true;
	}
	return false;
}

static bool vpc_remote_key_ended(const struct vpc_crypt *c,
				 const struct vpc_remote *remote,
				 const struct vpc_remote_key *key, time64_t now)
{
	time64_t seen;

	if (now >= key->replaced + VPC_REPLACED_MAX)
		return true;
	if (vpc_remote_outnumbered(remote, key))
		return now >= key->replaced + VPC_SUCCESSOR_GRACE;
	if (now < key->replaced + vpc_crypt_key_grace(c))
		return false;
	seen = vpc_remote_succeeded(c, remote, key);
	return seen && now >= seen + VPC_SUCCESSOR_GRACE;
}

/* Return: something is pending still. */
static bool vpc_remote_tick(struct vpc_net *vn, struct vpc_remote *remote, time64_t now)
{
	struct vpc_crypt *c = &vn->crypt;
	struct vpc_remote_prefix *rp, *next_rp;
	struct vpc_remote_key *key, *next_key;
	bool pending = remote->expires, changed = false;

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
		vpc_remote_drop_key(c, key);
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

	/* A fork has left none, for want of memory. */
	if (list_empty(&ring->keys)) {
		if (vpc_keyring_rekey(vn, ring->edge, true, NULL))
			return true;
		changed = true;
	}
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

	/* Who asks from here on does so in time for the next run: vpc_remote_ask(). */
	xchg(&c->asked, 0);
	mutex_lock(&c->lock);
	now = vpc_now();
	list_for_each_entry(ring, &c->rings, list)
		pending |= vpc_keyring_tick(vn, ring, now);
	list_for_each_entry_safe(remote, next, &c->remotes, list) {
		pending |= vpc_remote_tick(vn, remote, now);
		cond_resched();
	}
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
	err = vpc_prefix_init(c);
	if (err)
		return err;
	err = vpc_remote_init(c);
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
	list_for_each_entry_safe(remote, next, &c->remotes, list) {
		vpc_remote_finish(c, remote);
		cond_resched();
	}
	mutex_unlock(&c->lock);
	rhltable_destroy(&c->sas);
	rhashtable_destroy(&c->keys);
	rhltable_destroy(&c->prefixes);
	mutex_destroy(&c->lock);
}
