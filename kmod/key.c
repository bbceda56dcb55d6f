// SPDX-License-Identifier: GPL-2.0
/*
 * Own key pairs, and what they give with the keys of other edges.
 *
 * Everything is derived when it is configured: for a packet that has not been
 * authenticated nothing is computed but the cipher, and nothing allocated.
 */

#include <crypto/curve25519.h>
#include <linux/cpu.h>
#include <linux/slab.h>

#include "key.h"
#include "vpc.h"

static const char * const vpc_cipher_names[VPC_NR_CIPHERS] = {
	[VPC_CIPHER_AES_128_GCM]	= "gcm(aes)",
	[VPC_CIPHER_AES_256_GCM]	= "gcm(aes)",
	[VPC_CIPHER_CHACHA20_POLY1305]	= "rfc7539(chacha20,poly1305)",
};

static const struct rhashtable_params vpc_pair_params = {
	.head_offset		= offsetof(struct vpc_pair, node),
	.key_offset		= offsetof(struct vpc_pair, public),
	.key_len		= VPC_KEY_LEN,
	.automatic_shrinking	= true,
};

static const struct rhashtable_params vpc_sa_params = {
	.head_offset		= offsetof(struct vpc_sa, node),
	.key_offset		= offsetof(struct vpc_sa, spi),
	.key_len		= sizeof(u32),
	.automatic_shrinking	= true,
};

/* Key pairs. */

static bool vpc_own_id_used(const struct vpc_keyring *ring, u16 id)
{
	const struct vpc_own_key *own;

	list_for_each_entry(own, &ring->keys, list)
		if (own->id == id)
			return true;
	return false;
}

/**
 * vpc_own_make - make a key pair, which is in no ring yet
 * @ring: the ring that it will be in
 *
 * Its key id is none of those that the ring has.
 *
 * Return: the key pair, or NULL.
 */
struct vpc_own_key *vpc_own_make(struct vpc_keyring *ring)
{
	struct vpc_own_key *own;

	own = kzalloc(sizeof(*own), GFP_KERNEL_ACCOUNT);
	if (!own)
		return NULL;
	own->ring = ring;
	if (rhashtable_init(&own->pairs, &vpc_pair_params)) {
		kfree(own);
		return NULL;
	}
	do {
		do {
			curve25519_generate_secret(own->secret);
		} while (!curve25519_generate_public(own->public, own->secret));
		own->id = vpc_key_id(own->public);
	} while (vpc_own_id_used(ring, own->id));
	return own;
}

static void vpc_own_free_rcu(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct vpc_own_key, rcu));
}

static void vpc_pair_put(struct vpc_pair *pair)
{
	struct vpc_lane *lane;
	unsigned long i;

	if (!refcount_dec_and_test(&pair->refs))
		return;
	xa_for_each(&pair->lanes, i, lane)
		kfree(lane);
	xa_destroy(&pair->lanes);
	free_percpu(pair->cpu);
	kfree(pair->shared);
	kfree(pair);
}

static void vpc_pair_gone(void *ptr, void *arg)
{
	struct vpc_pair *pair = ptr;

	if (pair->sas)
		vpc_sas_drop(arg, pair->sas);
	vpc_pair_put(pair);
}

/**
 * vpc_own_free - wipe a key pair, with everything derived from it
 * @c: keys of the namespace
 * @own: the key pair, in no ring any more; nothing is sent with it
 */
void vpc_own_free(struct vpc_crypt *c, struct vpc_own_key *own)
{
	rhashtable_free_and_destroy(&own->pairs, vpc_pair_gone, c);
	memzero_explicit(own->secret, sizeof(own->secret));
	call_rcu(&own->rcu, vpc_own_free_rcu);
}

/**
 * vpc_keyring_alloc - make the ring of a new edge, with a first key pair
 * @cipher: the edge's cipher
 */
struct vpc_keyring *vpc_keyring_alloc(u8 cipher)
{
	struct vpc_keyring *ring;
	struct vpc_own_key *own;

	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return NULL;
	INIT_LIST_HEAD(&ring->list);
	INIT_LIST_HEAD(&ring->keys);
	ring->ciphers = BIT(cipher);
	ring->forks = vpc_fork_count();
	own = vpc_own_make(ring);
	if (!own) {
		kfree(ring);
		return NULL;
	}
	list_add(&own->list, &ring->keys);
	ring->n = 1;
	return ring;
}

/* Free a ring that was never attached, or that has been detached. */
void vpc_keyring_free(struct vpc_keyring *ring)
{
	struct vpc_own_key *own, *next;

	if (!ring)
		return;
	list_for_each_entry_safe(own, next, &ring->keys, list)
		vpc_own_free(NULL, own);
	kfree(ring);
}

/* Is it a key of one of our own edges. */
bool vpc_crypt_owns(const struct vpc_crypt *c, const u8 *public)
{
	const struct vpc_keyring *ring;
	const struct vpc_own_key *own;

	list_for_each_entry(ring, &c->rings, list)
		list_for_each_entry(own, &ring->keys, list)
			if (!memcmp(own->public, public, VPC_KEY_LEN))
				return true;
	return false;
}

/**
 * vpc_key_usable - does a key give a secret at all
 * @public: a remote's key
 *
 * A point of low order gives all zeros with whatever key pair.
 */
bool vpc_key_usable(const u8 *public)
{
	u8 secret[VPC_KEY_LEN] = { 1 }, shared[VPC_KEY_LEN];

	curve25519_clamp_secret(secret);
	return curve25519(shared, secret, public);
}

/* Pairs. */

static struct vpc_pair *vpc_pair_make(struct vpc_own_key *own, const u8 *public)
{
	struct vpc_pair *pair;

	if (atomic_read(&own->pairs.nelems) >= VPC_MAX_PAIRS)
		return ERR_PTR(-ENOSPC);
	pair = kzalloc(sizeof(*pair), GFP_KERNEL_ACCOUNT);
	if (!pair)
		return ERR_PTR(-ENOMEM);
	refcount_set(&pair->refs, 1);
	xa_init_flags(&pair->lanes, XA_FLAGS_LOCK_BH);
	pair->edge = own->ring->edge;
	pair->own_id = own->id;
	pair->id = vpc_key_id(public);
	memcpy(pair->public, public, VPC_KEY_LEN);
	pair->cpu = alloc_percpu_gfp(struct vpc_pair_cpu, GFP_KERNEL_ACCOUNT);
	if (nr_cpu_ids > VPC_MAX_LANES)
		pair->shared = kcalloc(VPC_MAX_LANES, sizeof(*pair->shared),
				       GFP_KERNEL_ACCOUNT);
	if (!pair->cpu || (nr_cpu_ids > VPC_MAX_LANES && !pair->shared) ||
	    rhashtable_insert_fast(&own->pairs, &pair->node, vpc_pair_params)) {
		vpc_pair_put(pair);
		return ERR_PTR(-ENOMEM);
	}
	return pair;
}

struct vpc_pair *vpc_pair_find(const struct vpc_own_key *own, const u8 *public)
{
	return rhashtable_lookup_fast((struct rhashtable *)&own->pairs, public,
				      vpc_pair_params);
}

/**
 * vpc_pair_next - take the next sequence number of this CPU's lane
 * @pair: the pair
 * @lane: set to the lane
 *
 * Return: the number, or 0 if there is none left.
 */
u64 vpc_pair_next(struct vpc_pair *pair, u32 *lane)
{
	u64 seq;

	*lane = smp_processor_id() % VPC_MAX_LANES;
	if (unlikely(pair->shared)) {
		if ((u64)atomic64_read(&pair->shared[*lane]) >= VPC_SEQ_MAX)
			return 0;
		seq = atomic64_inc_return(&pair->shared[*lane]);
	} else {
		if (unlikely(this_cpu_read(pair->cpu->seq) >= VPC_SEQ_MAX))
			return 0;
		seq = this_cpu_inc_return(pair->cpu->seq);
	}
	return seq;
}

struct vpc_raise {
	struct vpc_pair	*pair;
	u64		seq;
};

/* On the CPU itself, so that no number that it takes is lost. */
static void vpc_pair_raise_cpu(void *arg)
{
	const struct vpc_raise *raise = arg;

	if (this_cpu_read(raise->pair->cpu->seq) < raise->seq)
		this_cpu_write(raise->pair->cpu->seq, raise->seq);
}

static void vpc_pair_raise_shared(atomic64_t *last, u64 seq)
{
	s64 old = atomic64_read(last);

	while ((u64)old < seq && !atomic64_try_cmpxchg(last, &old, seq))
		;
}

/**
 * vpc_pair_raise - let the sending counters go on from a number at least
 * @pair: the pair
 * @seq: the number, taken as sent
 */
void vpc_pair_raise(struct vpc_pair *pair, u64 seq)
{
	struct vpc_raise raise = { .pair = pair, .seq = min(seq, VPC_SEQ_MAX) };
	int cpu, lane;

	if (pair->shared) {
		for (lane = 0; lane < VPC_MAX_LANES; lane++)
			vpc_pair_raise_shared(&pair->shared[lane], raise.seq);
		return;
	}
	cpus_read_lock();
	on_each_cpu(vpc_pair_raise_cpu, &raise, 1);
	for_each_possible_cpu(cpu) {
		u64 *last = per_cpu_ptr(&pair->cpu->seq, cpu);

		if (!cpu_online(cpu))
			*last = max(*last, raise.seq);
	}
	cpus_read_unlock();
}

/* The highest number that any lane has sent. */
u64 vpc_pair_top(const struct vpc_pair *pair)
{
	u64 top = 0;
	int i;

	if (pair->shared) {
		for (i = 0; i < VPC_MAX_LANES; i++)
			top = max_t(u64, top, atomic64_read(&pair->shared[i]));
		return top;
	}
	for_each_possible_cpu(i)
		top = max(top, READ_ONCE(per_cpu_ptr(pair->cpu, i)->seq));
	return top;
}

/* A first look, without the lane's lock. */
bool vpc_pair_fresh(struct vpc_pair *pair, u32 lane, u64 seq)
{
	const struct vpc_lane *l = xa_load(&pair->lanes, lane);

	return l ? vpc_replay_fresh(&l->window, seq) : seq;
}

static struct vpc_lane *vpc_pair_add_lane(struct vpc_pair *pair, u32 lane)
{
	struct vpc_lane *l = kzalloc(sizeof(*l), GFP_ATOMIC | __GFP_NOWARN), *old;

	if (!l)
		return NULL;
	spin_lock_init(&l->lock);
	old = xa_cmpxchg_bh(&pair->lanes, lane, NULL, l, GFP_ATOMIC | __GFP_NOWARN);
	if (!old)
		return l;
	kfree(l);
	return xa_is_err(old) ? NULL : old;
}

/**
 * vpc_pair_take - take the sequence number of a packet that authenticates
 * @pair: the pair
 * @lane: its lane
 * @seq: its number
 *
 * Return: 0, or the reason to drop it.
 */
enum vpc_counter vpc_pair_take(struct vpc_pair *pair, u32 lane, u64 seq)
{
	struct vpc_lane *l = xa_load(&pair->lanes, lane);
	bool taken;

	if (unlikely(!l)) {
		l = vpc_pair_add_lane(pair, lane);
		if (!l)
			return VPC_DROP_NO_MEMORY;
	}
	spin_lock_bh(&l->lock);
	taken = vpc_replay_take(&l->window, seq);
	spin_unlock_bh(&l->lock);
	return taken ? VPC_COUNTER_UNSPEC : VPC_DROP_REPLAY;
}

/* Derived keys. */

static void vpc_sas_free(struct vpc_sas *sas)
{
	int i;

	for (i = 0; i < VPC_NR_CIPHERS; i++) {
		crypto_free_aead(sas->tx[i].aead);
		crypto_free_aead(sas->rx[i].aead);
	}
	vpc_pair_put(sas->pair);
	kfree_sensitive(sas);
}

static void vpc_sas_free_work(struct work_struct *work)
{
	vpc_sas_free(container_of(work, struct vpc_sas, free));
}

void vpc_sas_put(struct vpc_sas *sas)
{
	if (refcount_dec_and_test(&sas->refs))
		queue_work(vpc_wq, &sas->free);
}

static void vpc_sas_put_rcu(struct rcu_head *rcu)
{
	vpc_sas_put(container_of(rcu, struct vpc_sas, rcu));
}

/**
 * vpc_sas_drop - give up the derived keys of a pair
 * @c: keys of the namespace
 * @sas: the keys; nothing is sent with them any more
 */
void vpc_sas_drop(struct vpc_crypt *c, struct vpc_sas *sas)
{
	int i;

	for (i = 0; i < VPC_NR_CIPHERS; i++)
		rhltable_remove(&c->sas, &sas->rx[i].node, vpc_sa_params);
	if (sas->pair->sas == sas)
		sas->pair->sas = NULL;
	/* For packets that a cipher has: the remote may be freed before them. */
	WRITE_ONCE(sas->remote, NULL);
	call_rcu(&sas->rcu, vpc_sas_put_rcu);
}

/* Who sends to whom is in the SPI, in the info of the derivation, and so in the
 * key: no key serves both directions.
 */
static int vpc_sa_derive(struct vpc_sa *sa, u8 cipher, const u8 *shared,
			 const u8 *from, const u8 *to)
{
	struct crypto_aead *aead;
	struct vpc_keymat mat;
	int err;

	aead = crypto_alloc_aead(vpc_cipher_names[cipher], 0, 0);
	if (IS_ERR(aead))
		return PTR_ERR(aead);
	sa->spi = vpc_spi(cipher, vpc_key_id(from), vpc_key_id(to));
	vpc_kdf(shared, sa->spi, from, to, &mat);
	memcpy(sa->salt, mat.salt, VPC_SALT_LEN);
	err = crypto_aead_setkey(aead, mat.key, vpc_cipher_key_len(cipher));
	if (!err)
		err = crypto_aead_setauthsize(aead, VPC_ICV_LEN);
	memzero_explicit(&mat, sizeof(mat));
	if (err) {
		crypto_free_aead(aead);
		return err;
	}
	/* A sender may look already. */
	smp_store_release(&sa->aead, aead);
	return 0;
}

static int vpc_sas_derive(struct vpc_sas *sas, const struct vpc_own_key *own,
			  const u8 *shared)
{
	int i, err = 0;

	for (i = 0; i < VPC_NR_CIPHERS && !err; i++) {
		err = vpc_sa_derive(&sas->rx[i], i, shared, sas->pair->public,
				    own->public);
		if (!err && own->ring->ciphers & BIT(i))
			err = vpc_sa_derive(&sas->tx[i], i, shared, own->public,
					    sas->pair->public);
	}
	return err;
}

static int vpc_sa_publish(struct vpc_crypt *c, struct vpc_sa *sa)
{
	unsigned int n;

	rcu_read_lock();
	n = vpc_list_len(rhltable_lookup(&c->sas, &sa->spi, vpc_sa_params));
	rcu_read_unlock();
	if (n >= VPC_MAX_ALIKE)
		return -EDQUOT;
	return rhltable_insert_key(&c->sas, &sa->spi, &sa->node, vpc_sa_params);
}

static int vpc_sas_publish(struct vpc_crypt *c, struct vpc_sas *sas)
{
	int i, err;

	for (i = 0; i < VPC_NR_CIPHERS; i++) {
		err = vpc_sa_publish(c, &sas->rx[i]);
		if (err)
			goto undo;
	}
	return 0;

undo:
	while (i--)
		rhltable_remove(&c->sas, &sas->rx[i].node, vpc_sa_params);
	return err;
}

static struct vpc_sas *vpc_sas_alloc(struct vpc_pair *pair, struct vpc_remote *remote)
{
	struct vpc_sas *sas;
	int i;

	sas = kzalloc(sizeof(*sas), GFP_KERNEL_ACCOUNT);
	if (!sas)
		return NULL;
	refcount_set(&sas->refs, 1);
	INIT_WORK(&sas->free, vpc_sas_free_work);
	refcount_inc(&pair->refs);
	sas->pair = pair;
	sas->remote = remote;
	for (i = 0; i < VPC_NR_CIPHERS; i++) {
		sas->tx[i].sas = sas;
		sas->rx[i].sas = sas;
	}
	return sas;
}

/**
 * vpc_sas_make - derive the keys of a pair
 * @c: keys of the namespace
 * @own: the key pair
 * @public: the remote's key
 * @remote: the remote
 *
 * They open packets at once; they are the pair's when vpc_pair.sas is set.
 *
 * Return: the keys, or a negative error.
 */
struct vpc_sas *vpc_sas_make(struct vpc_crypt *c, struct vpc_own_key *own,
			     const u8 *public, struct vpc_remote *remote)
{
	struct vpc_pair *pair = vpc_pair_find(own, public);
	struct vpc_sas *sas = NULL;
	u8 shared[VPC_KEY_LEN];
	bool made = !pair;
	int err;

	if (!curve25519(shared, own->secret, public))
		return ERR_PTR(-EKEYREJECTED);
	if (made)
		pair = vpc_pair_make(own, public);
	err = PTR_ERR_OR_ZERO(pair);
	if (err)
		goto out;
	sas = vpc_sas_alloc(pair, remote);
	err = -ENOMEM;
	if (sas) {
		err = vpc_sas_derive(sas, own, shared);
		if (!err)
			err = vpc_sas_publish(c, sas);
		/* Someone may have come by it. */
		if (err) {
			WRITE_ONCE(sas->remote, NULL);
			call_rcu(&sas->rcu, vpc_sas_put_rcu);
		}
	}
	if (err && made) {
		rhashtable_remove_fast(&own->pairs, &pair->node, vpc_pair_params);
		vpc_pair_put(pair);
	}
out:
	memzero_explicit(shared, sizeof(shared));
	return err ? ERR_PTR(err) : sas;
}

/**
 * vpc_sas_add_cipher - derive what another cipher needs to seal
 * @sas: the keys of a pair
 * @own: its key pair
 * @cipher: the cipher
 */
int vpc_sas_add_cipher(struct vpc_sas *sas, const struct vpc_own_key *own, u8 cipher)
{
	u8 shared[VPC_KEY_LEN];
	int err;

	if (sas->tx[cipher].aead)
		return 0;
	if (!curve25519(shared, own->secret, sas->pair->public))
		return -EKEYREJECTED;
	err = vpc_sa_derive(&sas->tx[cipher], cipher, shared, own->public,
			    sas->pair->public);
	memzero_explicit(shared, sizeof(shared));
	return err;
}

void vpc_draft_init(struct vpc_draft *d, struct vpc_crypt *c)
{
	d->c = c;
	INIT_LIST_HEAD(&d->made);
	INIT_LIST_HEAD(&d->displaced);
}

/**
 * vpc_draft_derive - derive the keys of one more pair
 * @d: the draft
 * @own: the key pair
 * @public: the remote's key
 * @remote: the remote
 */
int vpc_draft_derive(struct vpc_draft *d, struct vpc_own_key *own,
		     const u8 *public, struct vpc_remote *remote)
{
	struct vpc_sas *sas = vpc_sas_make(d->c, own, public, remote);

	if (IS_ERR(sas))
		return PTR_ERR(sas);
	list_add_tail(&sas->draft, &d->made);
	return 0;
}

/**
 * vpc_draft_commit - put in place what was derived
 * @d: the draft
 *
 * A remote that takes another one's key has keys derived anew: what they displace
 * is in use until vpc_draft_end().
 */
void vpc_draft_commit(struct vpc_draft *d)
{
	struct vpc_sas *sas, *next, *old;

	list_for_each_entry_safe(sas, next, &d->made, draft) {
		list_del(&sas->draft);
		old = sas->pair->sas;
		sas->pair->sas = sas;
		if (old)
			list_add_tail(&old->draft, &d->displaced);
	}
}

static void vpc_draft_drop(struct vpc_draft *d, struct list_head *list)
{
	struct vpc_sas *sas, *next;

	list_for_each_entry_safe(sas, next, list, draft) {
		list_del(&sas->draft);
		vpc_sas_drop(d->c, sas);
	}
}

/* Give up what was displaced; nothing is sent with it any more. */
void vpc_draft_end(struct vpc_draft *d)
{
	vpc_draft_drop(d, &d->displaced);
}

void vpc_draft_undo(struct vpc_draft *d)
{
	vpc_draft_drop(d, &d->made);
}

/* The keys that may open packets with an SPI. */
struct rhlist_head *vpc_sa_lookup(const struct vpc_crypt *c, u32 spi)
{
	spi &= ~VPC_SPI_LANE_MASK;
	return rhltable_lookup((struct rhltable *)&c->sas, &spi, vpc_sa_params);
}

int vpc_sas_init(struct vpc_crypt *c)
{
	return rhltable_init(&c->sas, &vpc_sa_params);
}
