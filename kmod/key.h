/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Own key pairs, and what they give with the keys of other edges.
 *
 * A key pair and a remote's public key make a pair.  The counters and windows
 * of a pair live as long as the key pair: whoever deletes a remote and adds it
 * again finds them as they were, and no nonce is used twice under a key.
 *
 * All of it changes under vpc_crypt.lock.  Documentation/locking.rst has the
 * order.
 */
#ifndef _VPC_KEY_H
#define _VPC_KEY_H

#include <crypto/aead.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "kdf.h"
#include "replay.h"

struct vpc_edge;
struct vpc_net;
struct vpc_remote;

#define VPC_ICV_LEN		16

/* No lane gets beyond the last number; an event is sent from the low mark on. */
#define VPC_SEQ_MAX		(~0ULL << 16)
#define VPC_SEQ_LOW		(3ULL << 62)

/* Pairs that a key pair remembers: those of deleted remotes, too. */
#define VPC_MAX_PAIRS		1000000

/* Derived keys of one SPI: a packet that comes with it may be tried with all of them. */
#define VPC_MAX_ALIKE		4096

/**
 * struct vpc_crypt - what a namespace knows of keys
 * @lock: of everything here; neither rtnl nor vpc_net.lock is held when it is
 *	taken, and rtnl is not taken inside
 * @rings: struct vpc_keyring.list
 * @remotes: struct vpc_remote.list
 * @prefixes: struct vpc_remote_prefix by prefix; several may have one
 * @keys: struct vpc_remote_key by key
 * @sas: struct vpc_sa of what may come in, by SPI; several may have one
 * @lens: how many prefixes there are of each length
 * @len_map: bit for each length that there is
 * @nr_remotes: how many remotes
 * @nr_strict: those that have "encrypt required" of their own
 * @changes: counts remotes and keys that come and go, for dumps
 * @asked: packets have asked for @work, and it has not begun since
 * @work: ends what has its grace, see vpc_crypt_kick()
 */
struct vpc_crypt {
	struct mutex		lock;	/* of all that follows */
	struct list_head	rings;
	struct list_head	remotes;
	struct rhltable		prefixes;
	struct rhashtable	keys;
	struct rhltable		sas;
	unsigned int		lens[129];
	unsigned long		len_map[BITS_TO_LONGS(129)];
	unsigned int		nr_remotes;
	unsigned int		nr_strict;
	unsigned int		changes;
	unsigned int		asked;
	struct delayed_work	work;
};

/**
 * struct vpc_keyring - the key pairs of an edge
 * @list: in vpc_crypt.rings
 * @edge: the edge
 * @keys: struct vpc_own_key.list, the newest first; RCU readers
 * @n: how many
 * @ciphers: bit for each cipher that it may seal with
 * @forks: vpc_fork_count() when the first of them was made
 */
struct vpc_keyring {
	struct list_head	list;
	struct vpc_edge		*edge;
	struct list_head	keys;
	unsigned int		n;
	unsigned long		ciphers;
	unsigned int		forks;
};

/**
 * struct vpc_own_key - a key pair
 * @list: in vpc_keyring.keys
 * @rcu: to free it
 * @ring: whose it is
 * @pairs: struct vpc_pair by remote key
 * @expires: when its grace ends, in seconds since boot; 0 if it has no successor
 * @id: its key id
 * @public: the public half
 * @secret: the other half, which is shown to nobody
 */
struct vpc_own_key {
	struct list_head	list;
	struct rcu_head		rcu;
	struct vpc_keyring	*ring;
	struct rhashtable	pairs;
	time64_t		expires;
	u16			id;
	u8			public[VPC_KEY_LEN];
	u8			secret[VPC_KEY_LEN];
};

/**
 * struct vpc_lane - what came in on a lane of a pair
 * @lock: of @window
 * @window: the sequence numbers
 */
struct vpc_lane {
	spinlock_t		lock;	/* of window */
	struct vpc_replay	window;
};

/**
 * struct vpc_pair_cpu - a CPU's share of a pair
 * @seq: the last sequence number that its lane has sent
 * @tx_packets: sealed
 * @tx_bytes: of IPv6 packets before that
 * @rx_packets: opened
 * @rx_bytes: of IPv6 packets after that
 * @bad_icv: packets that did not authenticate
 * @replays: replays
 * @wrong_hop: opened, but from elsewhere
 */
struct vpc_pair_cpu {
	u64	seq;
	u64	tx_packets;
	u64	tx_bytes;
	u64	rx_packets;
	u64	rx_bytes;
	u64	bad_icv;
	u64	replays;
	u64	wrong_hop;
};

/**
 * struct vpc_pair - a key pair of ours and a remote's key
 * @node: in vpc_own_key.pairs
 * @refs: of the key pair, and of each struct vpc_sas
 * @edge: the edge, only to be compared
 * @sas: the keys, while a remote has the key
 * @seen: seconds since boot when the first packet was opened, or 0
 * @last_replay: sequence number of the last replay
 * @low: its sequence numbers come to an end
 * @own_id: our key id
 * @id: the remote's
 * @public: the remote's key
 * @cpu: counters
 * @shared: the lanes' last numbers, where there are more CPUs than lanes
 * @lanes: struct vpc_lane by lane, made when the first packet authenticates
 */
struct vpc_pair {
	struct rhash_head		node;
	refcount_t			refs;
	const struct vpc_edge		*edge;
	struct vpc_sas			*sas;
	time64_t			seen;
	u64				last_replay;
	bool				low;
	u16				own_id;
	u16				id;
	u8				public[VPC_KEY_LEN];
	struct vpc_pair_cpu __percpu	*cpu;
	atomic64_t			*shared;
	struct xarray			lanes;
};

/**
 * struct vpc_sa - a derived key: one direction, one cipher
 * @node: in vpc_crypt.sas, if it is for what comes in
 * @sas: what it is part of
 * @aead: the cipher with its key; NULL if it is not in use
 * @spi: with lane 0
 * @salt: for lane 0
 */
struct vpc_sa {
	struct rhlist_head	node;
	struct vpc_sas		*sas;
	struct crypto_aead	*aead;
	u32			spi;
	u8			salt[VPC_SALT_LEN];
};

/**
 * struct vpc_sas - the derived keys of a pair, while a remote has its key
 * @refs: one is the pair's, others are those of packets that a cipher has
 * @rcu: to give up that of the pair
 * @free: frees it in a process's context
 * @draft: in a struct vpc_draft, while a change is prepared
 * @pair: the pair
 * @remote: the remote, for readers under RCU; NULL when they are given up
 * @tx: to seal with, by cipher
 * @rx: to open with, by cipher
 */
struct vpc_sas {
	refcount_t		refs;
	struct rcu_head		rcu;
	struct work_struct	free;
	struct list_head	draft;
	struct vpc_pair		*pair;
	struct vpc_remote	*remote;
	struct vpc_sa		tx[VPC_NR_CIPHERS];
	struct vpc_sa		rx[VPC_NR_CIPHERS];
};

static inline struct crypto_aead *vpc_sa_aead(const struct vpc_sa *sa)
{
	/* With its key: vpc_sa_derive() may have set it just now. */
	return smp_load_acquire(&sa->aead);
}

/* Key pairs. */
struct vpc_keyring *vpc_keyring_alloc(u8 cipher);
void vpc_keyring_free(struct vpc_keyring *ring);
struct vpc_own_key *vpc_own_make(struct vpc_keyring *ring);
void vpc_own_free(struct vpc_crypt *c, struct vpc_own_key *own);
unsigned int vpc_fork_count(void);
bool vpc_crypt_owns(const struct vpc_crypt *c, const u8 *public);

/* Pairs and derived keys. */
bool vpc_key_usable(const u8 *public);
struct vpc_pair *vpc_pair_find(const struct vpc_own_key *own, const u8 *public);
struct vpc_sas *vpc_sas_make(struct vpc_crypt *c, struct vpc_own_key *own,
			     const u8 *public, struct vpc_remote *remote);
int vpc_sas_add_cipher(struct vpc_sas *sas, const struct vpc_own_key *own, u8 cipher);
void vpc_sas_drop(struct vpc_crypt *c, struct vpc_sas *sas);
void vpc_pair_raise(struct vpc_pair *pair, u64 seq);
u64 vpc_pair_top(const struct vpc_pair *pair);
int vpc_sas_init(struct vpc_crypt *c);

void vpc_sas_put(struct vpc_sas *sas);

/**
 * struct vpc_draft - derived keys that are not in use yet
 * @c: keys of the namespace
 * @made: struct vpc_sas.draft: derived keys
 * @displaced: struct vpc_sas.draft: those that had their places, another remote's
 */
struct vpc_draft {
	struct vpc_crypt	*c;
	struct list_head	made;
	struct list_head	displaced;
};

void vpc_draft_init(struct vpc_draft *d, struct vpc_crypt *c);
int vpc_draft_derive(struct vpc_draft *d, struct vpc_own_key *own,
		     const u8 *public, struct vpc_remote *remote);
void vpc_draft_commit(struct vpc_draft *d);
void vpc_draft_end(struct vpc_draft *d);
void vpc_draft_undo(struct vpc_draft *d);

/* For packets: rcu_read_lock(), bottom halves off. */
u64 vpc_pair_next(struct vpc_pair *pair, u32 *lane);
bool vpc_pair_fresh(struct vpc_pair *pair, u32 lane, u64 seq);
enum vpc_counter vpc_pair_take(struct vpc_pair *pair, u32 lane, u64 seq);
struct rhlist_head *vpc_sa_lookup(const struct vpc_crypt *c, u32 spi);

#endif /* _VPC_KEY_H */
