// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: remotes. */

#include <linux/slab.h>

#include "netlink.h"
#include "remote.h"

static const struct nla_policy vpc_key_policy[VPC_KEY_A_MAX + 1] = {
	[VPC_KEY_A_PUBLIC]	= NLA_POLICY_EXACT_LEN(VPC_KEY_LEN),
	[VPC_KEY_A_ID]		= { .type = NLA_REJECT },
	[VPC_KEY_A_EXPIRES]	= { .type = NLA_REJECT },
	[VPC_KEY_A_REPLACED]	= { .type = NLA_REJECT },
};

static const struct nla_policy vpc_remote_policy[VPC_REMOTE_A_MAX + 1] = {
	[VPC_REMOTE_A_PREFIX]	= { .type = NLA_NESTED },
	[VPC_REMOTE_A_KEY]	= NLA_POLICY_NESTED(vpc_key_policy),
	[VPC_REMOTE_A_ENCRYPT]	= NLA_POLICY_RANGE(NLA_U8, VPC_ENCRYPT_OFF,
						   VPC_ENCRYPT_REQUIRED),
	[VPC_REMOTE_A_NOW]	= { .type = NLA_FLAG },
	[VPC_REMOTE_A_SEQ]	= { .type = NLA_U64 },
	[VPC_REMOTE_A_STATE]	= { .type = NLA_REJECT },
	[VPC_REMOTE_A_RETIRED_PREFIX] = { .type = NLA_REJECT },
	[VPC_REMOTE_A_PAIR]	= { .type = NLA_REJECT },
	[VPC_REMOTE_A_UNKNOWN_SPI] = { .type = NLA_REJECT },
	[VPC_REMOTE_A_STANDBY_PREFIX] = { .type = NLA_NESTED },
	[VPC_REMOTE_A_MORE]	= { .type = NLA_REJECT },
};

static const char *const vpc_remote_missing[] = {
	[VPC_REMOTE_A_PREFIX]	= "a remote needs a prefix",
	[VPC_REMOTE_A_KEY]	= "a remote needs a key",
	[VPC_REMOTE_A_SEQ]	= "the sequence number is missing",
};

static const struct vpc_nl_object vpc_remote_object = {
	.policy		= vpc_remote_policy,
	.missing	= vpc_remote_missing,
	.max		= VPC_REMOTE_A_MAX,
};

/* Parsing. */

static int vpc_nl_add_prefix(struct vpc_remote_item *it, struct vpc_prefixes *prefixes,
			     const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct vpc_prefix *p = &prefixes->p[prefixes->n];
	int err;

	err = vpc_nl_parse_prefix(attr, p, extack);
	if (err)
		return err;
	if (vpc_prefixes_have(it->prefixes, p) || vpc_prefixes_have(it->standby, p)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the remote has this prefix twice");
		return -EEXIST;
	}
	prefixes->n++;
	return 0;
}

static int vpc_nl_add_key(struct vpc_remote_item *it, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VPC_KEY_A_MAX + 1];
	int err;

	if (it->n_keys == VPC_MAX_KEYS) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a remote has at most 8 keys");
		return -ENOSPC;
	}
	err = nla_parse_nested(tb, VPC_KEY_A_MAX, attr, vpc_key_policy, extack);
	if (err)
		return err;
	if (!tb[VPC_KEY_A_PUBLIC]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the key is missing");
		return -EINVAL;
	}
	it->key_attr[it->n_keys] = attr;
	nla_memcpy(it->keys[it->n_keys++], tb[VPC_KEY_A_PUBLIC], VPC_KEY_LEN);
	return 0;
}

static int vpc_nl_alloc_prefixes(struct vpc_remote_item *it, struct netlink_ext_ack *extack)
{
	unsigned int active = 0, standby = 0;
	const struct nlattr *attr;
	int rem;

	nla_for_each_nested(attr, it->attr, rem) {
		active += nla_type(attr) == VPC_REMOTE_A_PREFIX;
		standby += nla_type(attr) == VPC_REMOTE_A_STANDBY_PREFIX;
	}
	if (active + standby > VPC_MAX_PREFIXES) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "a remote has at most 1024 prefixes");
		return -ENOSPC;
	}
	it->prefixes = kzalloc(struct_size(it->prefixes, p, active), GFP_KERNEL_ACCOUNT);
	it->standby = kzalloc(struct_size(it->standby, p, standby), GFP_KERNEL_ACCOUNT);
	if (!it->prefixes || !it->standby) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "no memory for the prefixes");
		return -ENOMEM;
	}
	return 0;
}

/* What repeats in an item. */
static int vpc_nl_parse_lists(struct vpc_remote_item *it, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int rem, err;

	err = vpc_nl_alloc_prefixes(it, extack);
	if (err)
		return err;
	nla_for_each_nested(attr, it->attr, rem) {
		switch (nla_type(attr)) {
		case VPC_REMOTE_A_PREFIX:
			err = vpc_nl_add_prefix(it, it->prefixes, attr, extack);
			break;
		case VPC_REMOTE_A_STANDBY_PREFIX:
			err = vpc_nl_add_prefix(it, it->standby, attr, extack);
			break;
		case VPC_REMOTE_A_KEY:
			err = vpc_nl_add_key(it, attr, extack);
			break;
		}
		if (err)
			return err;
	}
	return 0;
}

/* Beside its prefixes, @need must be there, and @allow may. */
static int vpc_nl_parse_remote(struct vpc_remote_item *it, const struct nlattr *nest,
			       u32 need, u32 allow, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VPC_REMOTE_A_MAX + 1];
	int err;

	it->attr = nest;
	err = vpc_nl_parse(tb, &vpc_remote_object, nest, need | BIT(VPC_REMOTE_A_PREFIX),
			   allow, extack);
	if (err)
		return err;
	err = vpc_nl_parse_lists(it, extack);
	if (err)
		return err;
	if (tb[VPC_REMOTE_A_ENCRYPT])
		it->encrypt = nla_get_u8(tb[VPC_REMOTE_A_ENCRYPT]);
	if (tb[VPC_REMOTE_A_SEQ])
		it->seq = nla_get_u64(tb[VPC_REMOTE_A_SEQ]);
	it->now = nla_get_flag(tb[VPC_REMOTE_A_NOW]);
	return 0;
}

struct vpc_remote_items {
	struct vpc_remote_item	*items;
	unsigned int		n;
};

static void vpc_nl_free_remotes(struct vpc_remote_items *list)
{
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		kfree(list->items[i].prefixes);
		kfree(list->items[i].standby);
	}
	kvfree(list->items);
}

static int vpc_nl_parse_remotes(struct genl_info *info, u32 need, u32 allow,
				struct vpc_remote_items *list)
{
	const struct nlattr *nla;
	int rem, err;

	list->n = 0;
	list->items = vpc_nl_alloc_items(info, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	vpc_nl_for_each_object(nla, info, rem) {
		err = vpc_nl_parse_remote(&list->items[list->n++], nla, need, allow,
					  info->extack);
		if (err) {
			vpc_nl_free_remotes(list);
			return err;
		}
		cond_resched();
	}
	return 0;
}

/* Which remotes a request names, each by its first prefix and no other. */
static int vpc_nl_parse_names(struct genl_info *info, u32 need, u32 allow,
			      struct vpc_remote_items *list)
{
	unsigned int i;
	int err = vpc_nl_parse_remotes(info, need, allow, list);

	for (i = 0; i < list->n && !err; i++) {
		if (list->items[i].prefixes->n == 1)
			continue;
		NL_SET_ERR_MSG_ATTR(info->extack, list->items[i].attr,
				    "the first prefix alone names a remote");
		vpc_nl_free_remotes(list);
		err = -EINVAL;
	}
	return err;
}

/* Answers. */

/**
 * struct vpc_nl_remote - what a message tells of a remote
 * @vn: its namespace
 * @remote: the remote
 * @stats: with counters
 * @skip: pairs that earlier messages have told
 * @told: set to how many have been told, with this one
 * @more: set if there are others, for which there was no room
 */
struct vpc_nl_remote {
	struct vpc_net		*vn;
	struct vpc_remote	*remote;
	bool			stats;
	unsigned long		skip;
	unsigned long		told;
	bool			more;
};

/* A key pair takes less, with its counters, and VPC_REMOTE_A_MORE behind it. */
#define VPC_PAIR_SIZE	256

static int vpc_nl_put_remote_prefixes(struct sk_buff *skb, const struct vpc_remote *remote)
{
	struct vpc_remote_prefix *rp;
	int type, err = 0;

	list_for_each_entry(rp, &remote->prefixes, list) {
		/* All of a remote that retires does. */
		if (remote->expires || rp->state == VPC_STATE_ACTIVE)
			type = VPC_REMOTE_A_PREFIX;
		else if (rp->state == VPC_STATE_STANDBY)
			type = VPC_REMOTE_A_STANDBY_PREFIX;
		else
			type = VPC_REMOTE_A_RETIRED_PREFIX;
		err = vpc_nl_put_prefix(skb, type, &rp->p);
		if (err)
			break;
	}
	return err;
}

static int vpc_nl_put_remote_key(struct sk_buff *skb, const struct vpc_remote_key *key)
{
	struct nlattr *nest = nla_nest_start(skb, VPC_REMOTE_A_KEY);

	if (!nest ||
	    nla_put(skb, VPC_KEY_A_PUBLIC, VPC_KEY_LEN, key->public) ||
	    nla_put_u16(skb, VPC_KEY_A_ID, key->id) ||
	    (key->replaced && nla_put_flag(skb, VPC_KEY_A_REPLACED)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static void vpc_pair_sum(const struct vpc_pair *pair, struct vpc_pair_cpu *sum)
{
	const struct vpc_pair_cpu *c;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pair->cpu, cpu);
		sum->tx_packets += READ_ONCE(c->tx_packets);
		sum->tx_bytes += READ_ONCE(c->tx_bytes);
		sum->rx_packets += READ_ONCE(c->rx_packets);
		sum->rx_bytes += READ_ONCE(c->rx_bytes);
		sum->bad_icv += READ_ONCE(c->bad_icv);
		sum->replays += READ_ONCE(c->replays);
		sum->wrong_hop += READ_ONCE(c->wrong_hop);
	}
}

static int vpc_nl_put_pair_stats(struct sk_buff *skb, const struct vpc_pair *pair)
{
	u64 replay = READ_ONCE(pair->last_replay);
	struct vpc_pair_cpu sum;

	vpc_pair_sum(pair, &sum);
	if (nla_put_u64_64bit(skb, VPC_PAIR_A_SEQ, vpc_pair_top(pair), 0) ||
	    nla_put_u64_64bit(skb, VPC_PAIR_A_TX_PACKETS, sum.tx_packets, 0) ||
	    nla_put_u64_64bit(skb, VPC_PAIR_A_TX_BYTES, sum.tx_bytes, 0) ||
	    nla_put_u64_64bit(skb, VPC_PAIR_A_RX_PACKETS, sum.rx_packets, 0) ||
	    nla_put_u64_64bit(skb, VPC_PAIR_A_RX_BYTES, sum.rx_bytes, 0) ||
	    nla_put_u64_64bit(skb, VPC_PAIR_A_BAD_ICV, sum.bad_icv, 0) ||
	    nla_put_u64_64bit(skb, VPC_PAIR_A_REPLAYS, sum.replays, 0) ||
	    nla_put_u64_64bit(skb, VPC_PAIR_A_WRONG_HOP, sum.wrong_hop, 0) ||
	    (replay && nla_put_u64_64bit(skb, VPC_PAIR_A_LAST_REPLAY, replay, 0)))
		return -EMSGSIZE;
	return 0;
}

static int vpc_nl_put_pair(struct sk_buff *skb, const struct vpc_nl_remote *what,
			   const struct vpc_edge *edge, const struct vpc_pair *pair)
{
	struct nlattr *nest = nla_nest_start(skb, VPC_REMOTE_A_PAIR);
	const struct vpc_sas *tx;
	bool sends;

	rcu_read_lock();
	tx = vpc_remote_sas(what->remote, edge);
	sends = tx && tx->pair == pair;
	rcu_read_unlock();
	if (!nest ||
	    vpc_nl_put_name(skb, VPC_PAIR_A_EDGE, edge->dev) ||
	    nla_put_u16(skb, VPC_PAIR_A_OWN_ID, pair->own_id) ||
	    nla_put_u16(skb, VPC_PAIR_A_REMOTE_ID, pair->id) ||
	    nla_put_u32(skb, VPC_PAIR_A_SPI,
			vpc_spi(READ_ONCE(edge->cipher), pair->own_id, pair->id)) ||
	    (sends && nla_put_flag(skb, VPC_PAIR_A_SENDS)) ||
	    (READ_ONCE(pair->seen) && nla_put_flag(skb, VPC_PAIR_A_SEEN)))
		return -EMSGSIZE;
	if (what->stats && vpc_nl_put_pair_stats(skb, pair))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Is there room for one more pair, in the message and in a nest of 16 bits. */
static bool vpc_nl_pair_fits(const struct sk_buff *skb, const struct nlattr *nest)
{
	size_t len = skb_tail_pointer(skb) - (const u8 *)nest;

	return skb_tailroom(skb) >= VPC_PAIR_SIZE && len + VPC_PAIR_SIZE <= U16_MAX;
}

/* Every edge, with every key of it and of the remote: many, on a host with many edges. */
static int vpc_nl_put_pairs(struct sk_buff *skb, struct vpc_nl_remote *what,
			    const struct nlattr *nest)
{
	const struct vpc_remote_key *key;
	const struct vpc_keyring *ring;
	const struct vpc_own_key *own;
	const struct vpc_pair *pair;
	unsigned long n = 0;

	list_for_each_entry(ring, &what->vn->crypt.rings, list) {
		list_for_each_entry(own, &ring->keys, list) {
			list_for_each_entry(key, &what->remote->keys, list) {
				pair = vpc_pair_find(own, key->public);
				if (!pair || n++ < what->skip)
					continue;
				what->more = !vpc_nl_pair_fits(skb, nest);
				if (what->more)
					return nla_put_flag(skb, VPC_REMOTE_A_MORE);
				if (vpc_nl_put_pair(skb, what, ring->edge, pair))
					return -EMSGSIZE;
				what->told = n;
			}
		}
	}
	return 0;
}

static int vpc_nl_put_remote(struct sk_buff *skb, struct vpc_nl_remote *what)
{
	const struct vpc_remote *remote = what->remote;
	struct nlattr *nest = nla_nest_start(skb, VPC_A_REMOTE);
	const struct vpc_remote_key *key;

	what->told = what->skip;
	what->more = false;
	if (!nest || vpc_nl_put_remote_prefixes(skb, remote))
		return -EMSGSIZE;
	list_for_each_entry(key, &remote->keys, list)
		if (vpc_nl_put_remote_key(skb, key))
			return -EMSGSIZE;
	if (remote->encrypt && nla_put_u8(skb, VPC_REMOTE_A_ENCRYPT, remote->encrypt))
		return -EMSGSIZE;
	if (nla_put_u8(skb, VPC_REMOTE_A_STATE,
		       remote->expires ? VPC_STATE_RETIRING : VPC_STATE_ACTIVE) ||
	    nla_put_u64_64bit(skb, VPC_REMOTE_A_UNKNOWN_SPI,
			      atomic64_read(&remote->unknown_spi), 0) ||
	    vpc_nl_put_pairs(skb, what, nest))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int vpc_nl_fill_remote(struct sk_buff *skb, const void *arg)
{
	struct vpc_nl_remote what = *(const struct vpc_nl_remote *)arg;

	return vpc_nl_put_remote(skb, &what);
}

/* A prefix takes 32 bytes, a key 52.  There is no room for more pairs than a nest has. */
static size_t vpc_nl_remote_size(const struct vpc_net *vn, const struct vpc_remote *remote)
{
	const struct vpc_keyring *ring;
	size_t keys = remote->n_keys, pairs = 1;

	list_for_each_entry(ring, &vn->crypt.rings, list)
		pairs += ring->n * keys;
	return 256 + 40 * remote->n_prefixes + 64 * keys +
	       min_t(size_t, VPC_PAIR_SIZE * pairs, U16_MAX);
}

/**
 * vpc_nl_remote_event - a remote has changed
 * @vn: its namespace
 * @remote: the remote
 * @event: &enum vpc_event
 */
void vpc_nl_remote_event(struct vpc_net *vn, struct vpc_remote *remote, u8 event)
{
	struct vpc_nl_remote what = { .vn = vn, .remote = remote };

	vpc_nl_event(vn, VPC_CMD_REMOTE_NTF, event, vpc_nl_remote_size(vn, remote),
		     vpc_nl_fill_remote, &what);
}

/* Requests. */

/* Context: vpc_crypt.lock. */
static void vpc_nl_remote_grace(struct vpc_net *vn, struct vpc_remote_items *list)
{
	unsigned int i;
	u32 grace;

	mutex_lock(&vn->lock);
	grace = vpc_net_grace(vn);
	mutex_unlock(&vn->lock);
	for (i = 0; i < list->n; i++)
		list->items[i].grace = list->items[i].now ? 0 : grace;
}

static int vpc_nl_remote_change(struct genl_info *info, bool replace)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct vpc_remote_items list;
	int err;

	err = vpc_nl_parse_remotes(info, BIT(VPC_REMOTE_A_KEY),
				   BIT(VPC_REMOTE_A_STANDBY_PREFIX) |
				   BIT(VPC_REMOTE_A_ENCRYPT), &list);
	if (err)
		return err;
	mutex_lock(&vn->crypt.lock);
	vpc_nl_remote_grace(vn, &list);
	err = vpc_remotes_change(vn, list.items, list.n, replace, info->extack);
	mutex_unlock(&vn->crypt.lock);
	vpc_nl_free_remotes(&list);
	return err;
}

int vpc_nl_remote_add(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_remote_change(info, false);
}

int vpc_nl_remote_replace(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_remote_change(info, true);
}

int vpc_nl_remote_set(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct vpc_remote_items list;
	int err;

	err = vpc_nl_parse_names(info, BIT(VPC_REMOTE_A_SEQ), 0, &list);
	if (err)
		return err;
	mutex_lock(&vn->crypt.lock);
	err = vpc_remotes_raise(vn, list.items, list.n, info->extack);
	mutex_unlock(&vn->crypt.lock);
	vpc_nl_free_remotes(&list);
	return err;
}

int vpc_nl_remote_del(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct vpc_remote_items list;
	int err;

	err = vpc_nl_parse_names(info, 0, BIT(VPC_REMOTE_A_NOW), &list);
	if (err)
		return err;
	mutex_lock(&vn->crypt.lock);
	vpc_nl_remote_grace(vn, &list);
	err = vpc_remotes_delete(vn, list.items, list.n, info->extack);
	mutex_unlock(&vn->crypt.lock);
	vpc_nl_free_remotes(&list);
	return err;
}

int vpc_nl_remote_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct vpc_nl_remote what = { .vn = vn, .stats = true };
	struct vpc_remote_items list;
	int err;

	err = vpc_nl_parse_names(info, 0, 0, &list);
	if (err)
		return err;
	mutex_lock(&vn->crypt.lock);
	what.remote = vpc_remote_named(&vn->crypt, &list.items[0].prefixes->p[0]);
	if (what.remote) {
		err = vpc_nl_reply(info, VPC_CMD_REMOTE_GET,
				   vpc_nl_remote_size(vn, what.remote),
				   vpc_nl_fill_remote, &what);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, list.items[0].attr,
				    "no remote has this first prefix");
		err = -ENOENT;
	}
	mutex_unlock(&vn->crypt.lock);
	vpc_nl_free_remotes(&list);
	return err;
}

int vpc_nl_remote_start(struct netlink_callback *cb)
{
	/* One with all the prefixes that it can have, all keys, and some of the pairs. */
	cb->min_dump_alloc = 48 * 1024;
	return 0;
}

/* A dump goes on behind as many remotes as it has shown, and as many pairs of the next. */
int vpc_nl_remote_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vpc_net *vn = vpc_net(sock_net(skb->sk));
	struct vpc_nl_remote what = { .vn = vn, .stats = true };
	struct vpc_crypt *c = &vn->crypt;
	long skip = cb->args[0];
	void *hdr;
	int err;

	err = vpc_nl_dump_about(cb, 0, NULL);
	if (err)
		return err;
	mutex_lock(&c->lock);
	cb->seq = c->changes;
	list_for_each_entry(what.remote, &c->remotes, list) {
		if (skip-- > 0)
			continue;
		what.skip = cb->args[1];
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vpc_genl_family,
				  NLM_F_MULTI, VPC_CMD_REMOTE_GET);
		if (!hdr || vpc_nl_put_remote(skb, &what)) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			err = -EMSGSIZE;
			break;
		}
		genl_dump_check_consistent(cb, hdr);
		genlmsg_end(skb, hdr);
		cb->args[1] = what.more ? what.told : 0;
		if (what.more)
			break;
		cb->args[0]++;
	}
	mutex_unlock(&c->lock);
	return skb->len ?: err;
}
