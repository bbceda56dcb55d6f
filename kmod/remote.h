/* SPDX-License-Identifier: GPL-2.0 */
/* Remotes: other edges, their prefixes and their public keys. */
#ifndef _VPC_REMOTE_H
#define _VPC_REMOTE_H

#include "edge.h"

/* Keys that a remote has, with those that were replaced and have their grace: all of
 * them go into one message.
 */
#define VPC_MAX_REMOTE_KEYS	64

/**
 * struct vpc_remote_prefix - where a remote's SIDs lie
 * @node: in vpc_crypt.prefixes
 * @list: in vpc_remote.prefixes
 * @rcu: to free it
 * @remote: whose it is
 * @p: the prefix
 * @state: &enum vpc_state, or VPC_STATE_DARK: not there yet
 * @expires: seconds since boot, if it retires
 */
struct vpc_remote_prefix {
	struct rhlist_head	node;
	struct list_head	list;
	struct rcu_head		rcu;
	struct vpc_remote	*remote;
	struct vpc_prefix	p;
	u8			state;
	time64_t		expires;
};

/**
 * struct vpc_remote_key - a public key of a remote
 * @node: in vpc_crypt.keys
 * @list: in vpc_remote.keys
 * @remote: whose it is
 * @takes: while a change is prepared, the key of a remote that retires
 * @taken: another remote is about to get it
 * @replaced: seconds since boot when it was found not to be published any
 *	more, or 0
 * @id: its key id
 * @public: the key
 */
struct vpc_remote_key {
	struct rhash_head	node;
	struct list_head	list;
	struct vpc_remote	*remote;
	struct vpc_remote_key	*takes;
	bool			taken;
	time64_t		replaced;
	u16			id;
	u8			public[VPC_KEY_LEN];
};

/**
 * struct vpc_remote_tx - what is sealed with, for a remote
 * @rcu: to free it
 * @n: how many
 * @sas: one of each edge
 */
struct vpc_remote_tx {
	struct rcu_head	rcu;
	unsigned int	n;
	struct vpc_sas	*sas[];
};

/**
 * struct vpc_remote - another edge
 * @list: in vpc_crypt.remotes
 * @rcu: to free it
 * @prefixes: struct vpc_remote_prefix.list; the first one names it
 * @n_prefixes: how many
 * @keys: struct vpc_remote_key.list: those that are published, the newest
 *	first, then those that were replaced, likewise
 * @n_keys: how many, with those that the request in progress adds
 * @tx: what is sealed with
 * @encrypt: &enum vpc_encrypt; unspecified for that of the edge
 * @dirty: @tx is to be chosen again
 * @changing: the request in progress is about it
 * @ending: the request in progress ends it
 * @robbed: the request in progress takes prefixes of it
 * @expires: seconds since boot, if it retires, else 0
 * @unknown_spi: sealed packets from its prefixes that had no key
 */
struct vpc_remote {
	struct list_head		list;
	struct rcu_head			rcu;
	struct list_head		prefixes;
	unsigned int			n_prefixes;
	struct list_head		keys;
	unsigned int			n_keys;
	struct vpc_remote_tx __rcu	*tx;
	u8				encrypt;
	bool				dirty;
	bool				changing;
	bool				ending;
	bool				robbed;
	time64_t			expires;
	atomic64_t			unknown_spi;
};

/**
 * struct vpc_remote_item - what a request says of a remote
 * @attr: where the request says it
 * @prefixes: where its SIDs lie; the first one names it
 * @standby: further prefixes, which are accepted only
 * @n_keys: how many keys
 * @keys: its keys, the newest first
 * @key_attr: where the request has them
 * @encrypt: &enum vpc_encrypt
 * @grace: seconds
 * @now: without grace
 * @seq: the number that its sending counters are raised to
 * @remote: the remote, when it has been found
 * @made: it was made for this request
 * @takes: it takes a key of a remote that retires
 * @new_keys: struct vpc_remote_key.list: keys that it gets
 */
struct vpc_remote_item {
	const struct nlattr	*attr;
	struct vpc_prefixes	*prefixes;
	struct vpc_prefixes	*standby;
	unsigned int		n_keys;
	u8			keys[VPC_MAX_KEYS][VPC_KEY_LEN];
	const struct nlattr	*key_attr[VPC_MAX_KEYS];
	u8			encrypt;
	u32			grace;
	bool			now;
	u64			seq;
	struct vpc_remote	*remote;
	bool			made;
	bool			takes;
	struct list_head	new_keys;
};

static inline time64_t vpc_now(void)
{
	/* 0 stands for never. */
	return ktime_get_boottime_seconds() + 1;
}

static inline void vpc_crypt_kick(struct vpc_crypt *c, unsigned long delay)
{
	mod_delayed_work(vpc_wq, &c->work, delay);
}

bool vpc_prefixes_have(const struct vpc_prefixes *prefixes, const struct vpc_prefix *p);

/* Configuration, under vpc_crypt.lock. */
struct vpc_remote_prefix *vpc_prefix_of(const struct vpc_remote *remote,
					const struct vpc_prefix *p);
int vpc_prefix_link(struct vpc_crypt *c, struct vpc_remote *remote,
		    const struct vpc_prefix *p);
void vpc_prefix_unlink(struct vpc_crypt *c, struct vpc_remote_prefix *rp);
void vpc_prefix_retire(struct vpc_crypt *c, struct vpc_remote_prefix *rp, u32 grace);
bool vpc_prefix_activate(struct vpc_crypt *c, struct vpc_remote_prefix *rp, u32 grace);
int vpc_prefix_init(struct vpc_crypt *c);

bool vpc_remote_select(struct vpc_crypt *c, struct vpc_remote *remote);
void vpc_remotes_select(struct vpc_crypt *c);

struct vpc_remote *vpc_remote_named(const struct vpc_crypt *c, const struct vpc_prefix *p);
int vpc_remotes_change(struct vpc_net *vn, struct vpc_remote_item *items, unsigned int n,
		       bool replace, struct netlink_ext_ack *extack);
int vpc_remotes_delete(struct vpc_net *vn, struct vpc_remote_item *items, unsigned int n,
		       struct netlink_ext_ack *extack);
int vpc_remotes_raise(struct vpc_net *vn, struct vpc_remote_item *items, unsigned int n,
		      struct netlink_ext_ack *extack);
void vpc_remote_delete(struct vpc_net *vn, struct vpc_remote *remote, u32 grace);
void vpc_remote_drop_key(struct vpc_crypt *c, struct vpc_remote_key *key);
void vpc_remote_finish(struct vpc_crypt *c, struct vpc_remote *remote);
void vpc_remote_explain(int err, const struct nlattr *attr, struct netlink_ext_ack *extack);
int vpc_remote_init(struct vpc_crypt *c);

int vpc_keyring_attach(struct vpc_net *vn, struct vpc_edge *edge);
void vpc_keyring_detach(struct vpc_net *vn, struct vpc_edge *edge);
int vpc_keyring_rekey(struct vpc_net *vn, struct vpc_edge *edge, bool now,
		      struct netlink_ext_ack *extack);
void vpc_keyring_fork(struct vpc_net *vn, struct vpc_keyring *ring);
void vpc_own_wipe(struct vpc_crypt *c, struct vpc_own_key *own);
int vpc_keyring_add_cipher(struct vpc_net *vn, struct vpc_edge *edge, u8 cipher);

int vpc_fork_init(void);
void vpc_fork_exit(void);
int vpc_crypt_init(struct vpc_crypt *c);
void vpc_crypt_exit(struct vpc_crypt *c);

/* For packets, and for readers of any kind: rcu_read_lock(). */
struct vpc_remote *vpc_remote_find(const struct vpc_crypt *c,
				   const struct in6_addr *sid, bool send);
unsigned int vpc_remote_covers(const struct vpc_crypt *c,
			       const struct vpc_remote *remote,
			       const struct in6_addr *sid);
struct rhlist_head *vpc_prefixes_at(const struct vpc_crypt *c, const struct in6_addr *sid,
				    unsigned int len);
unsigned int vpc_remote_len(const struct vpc_crypt *c, unsigned int len);
struct vpc_sas *vpc_remote_sas(const struct vpc_remote *remote,
			       const struct vpc_edge *edge);
void vpc_remote_seen(struct vpc_net *vn, struct vpc_sas *sas);
void vpc_remote_low(struct vpc_net *vn, struct vpc_sas *sas);

#endif /* _VPC_REMOTE_H */
