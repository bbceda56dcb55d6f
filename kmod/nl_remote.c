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
};

/* Parsing. */

static int vpc_nl_parse_remote(struct genl_info *info, struct nlattr **tb)
{
	struct nlattr *nest = info->attrs[VPC_A_REMOTE];
	int err;

	if (GENL_REQ_ATTR_CHECK(info, VPC_A_REMOTE))
		return -EINVAL;
	err = nla_parse_nested(tb, VPC_REMOTE_A_MAX, nest, vpc_remote_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[VPC_REMOTE_A_PREFIX]) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest, "a remote needs a prefix");
		return -EINVAL;
	}
	return 0;
}

static int vpc_nl_add_prefix(struct vpc_prefixes *prefixes, const struct nlattr *attr,
			     struct netlink_ext_ack *extack)
{
	struct vpc_prefix *p = &prefixes->p[prefixes->n];
	unsigned int i;
	int err;

	err = vpc_nl_parse_prefix(attr, p, extack);
	if (err)
		return err;
	for (i = 0; i < prefixes->n; i++) {
		if (prefixes->p[i].len != p->len ||
		    !ipv6_addr_equal(&prefixes->p[i].addr, &p->addr))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "the remote has this prefix twice");
		return -EEXIST;
	}
	prefixes->n++;
	return 0;
}

static int vpc_nl_add_key(struct vpc_remote_config *cfg, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VPC_KEY_A_MAX + 1];
	int err;

	if (cfg->n_keys == VPC_MAX_KEYS) {
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
	cfg->key_attr[cfg->n_keys] = attr;
	nla_memcpy(cfg->keys[cfg->n_keys++], tb[VPC_KEY_A_PUBLIC], VPC_KEY_LEN);
	return 0;
}

static int vpc_nl_parse_remote_config(struct genl_info *info, struct nlattr **tb,
				      struct vpc_remote_config *cfg)
{
	const struct nlattr *nest = info->attrs[VPC_A_REMOTE], *attr;
	unsigned int n = 0;
	int rem, err;

	nla_for_each_nested(attr, nest, rem)
		n += nla_type(attr) == VPC_REMOTE_A_PREFIX;
	if (n > VPC_MAX_PREFIXES) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest, "a remote has at most 1024 prefixes");
		return -ENOSPC;
	}
	cfg->prefixes = kzalloc(struct_size(cfg->prefixes, p, n), GFP_KERNEL);
	if (!cfg->prefixes) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest, "no memory for the prefixes");
		return -ENOMEM;
	}
	nla_for_each_nested(attr, nest, rem) {
		err = 0;
		if (nla_type(attr) == VPC_REMOTE_A_PREFIX)
			err = vpc_nl_add_prefix(cfg->prefixes, attr, info->extack);
		else if (nla_type(attr) == VPC_REMOTE_A_KEY)
			err = vpc_nl_add_key(cfg, attr, info->extack);
		if (err)
			return err;
	}
	if (!cfg->n_keys) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest, "a remote needs a key");
		return -EINVAL;
	}
	if (tb[VPC_REMOTE_A_ENCRYPT])
		cfg->encrypt = nla_get_u8(tb[VPC_REMOTE_A_ENCRYPT]);
	return 0;
}

/* Answers. */

struct vpc_nl_remote {
	struct vpc_net		*vn;
	struct vpc_remote	*remote;
	bool			stats;
};

static int vpc_nl_put_remote_prefixes(struct sk_buff *skb, const struct vpc_remote *remote)
{
	struct vpc_remote_prefix *rp;
	int err = 0;

	list_for_each_entry(rp, &remote->prefixes, list) {
		/* All of a remote that retires does. */
		if (remote->expires || rp->state == VPC_STATE_ACTIVE)
			err = vpc_nl_put_prefix(skb, VPC_REMOTE_A_PREFIX, &rp->p);
		else
			err = vpc_nl_put_prefix(skb, VPC_REMOTE_A_RETIRED_PREFIX, &rp->p);
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
	    nla_put_string(skb, VPC_PAIR_A_EDGE, edge->dev->name) ||
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

static int vpc_nl_put_pairs(struct sk_buff *skb, const struct vpc_nl_remote *what)
{
	const struct vpc_remote_key *key;
	const struct vpc_keyring *ring;
	const struct vpc_own_key *own;
	const struct vpc_pair *pair;
	int err;

	list_for_each_entry(ring, &what->vn->crypt.rings, list) {
		list_for_each_entry(own, &ring->keys, list) {
			list_for_each_entry(key, &what->remote->keys, list) {
				pair = vpc_pair_find(own, key->public);
				err = pair ? vpc_nl_put_pair(skb, what, ring->edge, pair) : 0;
				if (err)
					return err;
			}
		}
	}
	return 0;
}

static int vpc_nl_fill_remote(struct sk_buff *skb, const void *arg)
{
	const struct vpc_nl_remote *what = arg;
	const struct vpc_remote *remote = what->remote;
	struct nlattr *nest = nla_nest_start(skb, VPC_A_REMOTE);
	const struct vpc_remote_key *key;

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
	    vpc_nl_put_pairs(skb, what))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* 6.1 has no list_count_nodes() but in its late stable releases. */
static size_t vpc_nl_list_length(const struct list_head *list)
{
	const struct list_head *entry;
	size_t n = 0;

	list_for_each(entry, list)
		n++;
	return n;
}

/* A prefix takes 32 bytes, a key 52, a pair 200. */
static size_t vpc_nl_remote_size(const struct vpc_net *vn, const struct vpc_remote *remote)
{
	const struct vpc_keyring *ring;
	unsigned int keys, pairs = 0;

	keys = vpc_nl_list_length(&remote->keys);
	list_for_each_entry(ring, &vn->crypt.rings, list)
		pairs += ring->n * keys;
	return 256 + 40 * vpc_nl_list_length(&remote->prefixes) +
	       64 * keys + 224 * pairs;
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

static u32 vpc_nl_grace(struct vpc_net *vn)
{
	u32 grace;

	mutex_lock(&vn->lock);
	grace = vpc_net_grace(vn);
	mutex_unlock(&vn->lock);
	return grace;
}

static int vpc_nl_remote_change(struct genl_info *info, bool replace)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_REMOTE_A_MAX + 1];
	struct vpc_remote_config *cfg;
	int err;

	err = vpc_nl_parse_remote(info, tb);
	if (err)
		return err;
	if (tb[VPC_REMOTE_A_NOW] || tb[VPC_REMOTE_A_SEQ]) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[VPC_REMOTE_A_NOW] ?:
				    tb[VPC_REMOTE_A_SEQ],
				    "this has no place in the request");
		return -EINVAL;
	}
	cfg = kzalloc(sizeof(*cfg), GFP_KERNEL);
	if (!cfg) {
		NL_SET_ERR_MSG(info->extack, "no memory for the request");
		return -ENOMEM;
	}
	err = vpc_nl_parse_remote_config(info, tb, cfg);
	if (!err) {
		mutex_lock(&vn->crypt.lock);
		cfg->grace = vpc_nl_grace(vn);
		err = vpc_remote_change(vn, cfg, replace, info->extack);
		mutex_unlock(&vn->crypt.lock);
	}
	kfree(cfg->prefixes);
	kfree(cfg);
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

/* Context: vpc_crypt.lock. */
static struct vpc_remote *vpc_nl_find_remote(struct vpc_net *vn, struct genl_info *info,
					     const struct nlattr *attr)
{
	struct vpc_remote *remote;
	struct vpc_prefix p;
	int err;

	err = vpc_nl_parse_prefix(attr, &p, info->extack);
	if (err)
		return ERR_PTR(err);
	remote = vpc_remote_named(&vn->crypt, &p);
	if (!remote) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no remote has this first prefix");
		return ERR_PTR(-ENOENT);
	}
	return remote;
}

int vpc_nl_remote_set(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_REMOTE_A_MAX + 1];
	struct vpc_remote *remote;
	int err;

	err = vpc_nl_parse_remote(info, tb);
	if (err)
		return err;
	if (!tb[VPC_REMOTE_A_SEQ]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VPC_A_REMOTE],
				    "the sequence number is missing");
		return -EINVAL;
	}
	mutex_lock(&vn->crypt.lock);
	remote = vpc_nl_find_remote(vn, info, tb[VPC_REMOTE_A_PREFIX]);
	err = PTR_ERR_OR_ZERO(remote);
	if (!err)
		vpc_remote_raise(&vn->crypt, remote, nla_get_u64(tb[VPC_REMOTE_A_SEQ]));
	mutex_unlock(&vn->crypt.lock);
	return err;
}

int vpc_nl_remote_del(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_REMOTE_A_MAX + 1];
	struct vpc_remote *remote;
	int err;

	err = vpc_nl_parse_remote(info, tb);
	if (err)
		return err;
	mutex_lock(&vn->crypt.lock);
	remote = vpc_nl_find_remote(vn, info, tb[VPC_REMOTE_A_PREFIX]);
	err = PTR_ERR_OR_ZERO(remote);
	if (!err)
		vpc_remote_delete(vn, remote,
				  tb[VPC_REMOTE_A_NOW] ? 0 : vpc_nl_grace(vn));
	mutex_unlock(&vn->crypt.lock);
	return err;
}

int vpc_nl_remote_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_REMOTE_A_MAX + 1];
	struct vpc_nl_remote what = { .vn = vn, .stats = true };
	int err;

	err = vpc_nl_parse_remote(info, tb);
	if (err)
		return err;
	mutex_lock(&vn->crypt.lock);
	what.remote = vpc_nl_find_remote(vn, info, tb[VPC_REMOTE_A_PREFIX]);
	err = PTR_ERR_OR_ZERO(what.remote);
	if (!err)
		err = vpc_nl_reply(info, VPC_CMD_REMOTE_GET,
				   vpc_nl_remote_size(vn, what.remote),
				   vpc_nl_fill_remote, &what);
	mutex_unlock(&vn->crypt.lock);
	return err;
}

int vpc_nl_remote_start(struct netlink_callback *cb)
{
	/* One with all the prefixes that it can have. */
	cb->min_dump_alloc = 48 * 1024;
	return 0;
}

/* A dump goes on behind as many remotes as it has shown. */
int vpc_nl_remote_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vpc_net *vn = vpc_net(sock_net(skb->sk));
	struct vpc_nl_remote what = { .vn = vn, .stats = true };
	struct vpc_crypt *c = &vn->crypt;
	long skip = cb->args[0];
	int err = 0;
	void *hdr;

	mutex_lock(&c->lock);
	cb->seq = c->changes;
	list_for_each_entry(what.remote, &c->remotes, list) {
		if (skip-- > 0)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vpc_genl_family,
				  NLM_F_MULTI, VPC_CMD_REMOTE_GET);
		if (!hdr || vpc_nl_fill_remote(skb, &what)) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			err = -EMSGSIZE;
			break;
		}
		genl_dump_check_consistent(cb, hdr);
		genlmsg_end(skb, hdr);
		cb->args[0]++;
	}
	mutex_unlock(&c->lock);
	return skb->len ?: err;
}
