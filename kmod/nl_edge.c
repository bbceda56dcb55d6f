// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: edges. */

#include <linux/slab.h>
#include <net/addrconf.h>

#include "netlink.h"
#include "remote.h"

static const struct nla_policy vpc_prefix_policy[VPC_PREFIX_A_MAX + 1] = {
	[VPC_PREFIX_A_ADDR]	= NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[VPC_PREFIX_A_LEN]	= NLA_POLICY_RANGE(NLA_U8, 1, 128),
};

static struct netlink_range_validation vpc_mtu_range = {
	.min = 0, .max = ETH_MAX_MTU,
};

static struct netlink_range_validation vpc_grace_range = {
	.max = 86400,
};

static const struct nla_policy vpc_edge_policy[VPC_EDGE_A_MAX + 1] = {
	[VPC_EDGE_A_NAME]	= { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[VPC_EDGE_A_IFINDEX]	= { .type = NLA_REJECT },
	[VPC_EDGE_A_LOCATOR]	= NLA_POLICY_NESTED(vpc_prefix_policy),
	[VPC_EDGE_A_PREFIX]	= NLA_POLICY_NESTED(vpc_prefix_policy),
	[VPC_EDGE_A_PREFIX_DEL]	= NLA_POLICY_NESTED(vpc_prefix_policy),
	[VPC_EDGE_A_FABRIC]	= NLA_POLICY_MIN(NLA_U32, 1),
	[VPC_EDGE_A_FABRIC_DEL]	= NLA_POLICY_MIN(NLA_U32, 1),
	[VPC_EDGE_A_FABRIC_ANY]	= NLA_POLICY_MAX(NLA_U8, 1),
	[VPC_EDGE_A_MTU]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_mtu_range),
	[VPC_EDGE_A_MAX_SEGMENTS] = NLA_POLICY_MAX(NLA_U8, VPC_MAX_SEGMENTS),
	[VPC_EDGE_A_SHORT]	= NLA_POLICY_MAX(NLA_U8, 1),
	[VPC_EDGE_A_GRACE]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_grace_range),
	[VPC_EDGE_A_OPTION_TYPE] = { .type = NLA_U8 },
	[VPC_EDGE_A_DEFAULT_MTU] = { .type = NLA_REJECT },
	[VPC_EDGE_A_ENDPOINTS]	= { .type = NLA_REJECT },
	[VPC_EDGE_A_STATS]	= { .type = NLA_REJECT },
	[VPC_EDGE_A_ENCRYPT]	= NLA_POLICY_RANGE(NLA_U8, VPC_ENCRYPT_OFF,
						   VPC_ENCRYPT_REQUIRED),
	[VPC_EDGE_A_CIPHER]	= NLA_POLICY_MAX(NLA_U8, VPC_NR_CIPHERS - 1),
	[VPC_EDGE_A_KEY_GRACE]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_grace_range),
	[VPC_EDGE_A_KEY]	= { .type = NLA_REJECT },
	[VPC_EDGE_A_NOW]	= { .type = NLA_FLAG },
};

static const char *const vpc_edge_missing[] = {
	[VPC_EDGE_A_NAME]	= "the edge's name is missing",
	[VPC_EDGE_A_LOCATOR]	= "an edge needs a locator",
};

static const struct vpc_nl_object vpc_edge_object = {
	.policy		= vpc_edge_policy,
	.missing	= vpc_edge_missing,
	.max		= VPC_EDGE_A_MAX,
};

/* What a new edge can be given beside its name, and one that exists. */
#define VPC_EDGE_MAKE	(BIT(VPC_EDGE_A_LOCATOR) | BIT(VPC_EDGE_A_PREFIX) | \
			 BIT(VPC_EDGE_A_FABRIC) | BIT(VPC_EDGE_A_FABRIC_ANY) | \
			 BIT(VPC_EDGE_A_MTU) | BIT(VPC_EDGE_A_MAX_SEGMENTS) | \
			 BIT(VPC_EDGE_A_SHORT) | BIT(VPC_EDGE_A_GRACE) | \
			 BIT(VPC_EDGE_A_OPTION_TYPE) | BIT(VPC_EDGE_A_ENCRYPT) | \
			 BIT(VPC_EDGE_A_CIPHER) | BIT(VPC_EDGE_A_KEY_GRACE))
#define VPC_EDGE_CHANGE	(VPC_EDGE_MAKE | BIT(VPC_EDGE_A_PREFIX_DEL) | \
			 BIT(VPC_EDGE_A_FABRIC_DEL))

/* Parsing. */

/* Loopback, IPv4-mapped, link-local, multicast. */
static const struct vpc_prefix vpc_no_sids[] = {
	{ .addr.s6_addr = { [15] = 1 }, .len = 128 },
	{ .addr.s6_addr = { [10] = 0xff, [11] = 0xff }, .len = 96 },
	{ .addr.s6_addr = { 0xfe, 0x80 }, .len = 10 },
	{ .addr.s6_addr = { 0xff }, .len = 8 },
};

/**
 * vpc_nl_parse_prefix - read a prefix of the fabric
 * @attr: the nest
 * @p: gets it
 * @extack: for messages
 */
int vpc_nl_parse_prefix(const struct nlattr *attr, struct vpc_prefix *p,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VPC_PREFIX_A_MAX + 1];
	struct in6_addr masked;
	int i, err;

	err = nla_parse_nested(tb, VPC_PREFIX_A_MAX, attr, vpc_prefix_policy,
			       extack);
	if (err)
		return err;
	if (!tb[VPC_PREFIX_A_ADDR] || !tb[VPC_PREFIX_A_LEN]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a prefix needs address and length");
		return -EINVAL;
	}
	p->addr = nla_get_in6_addr(tb[VPC_PREFIX_A_ADDR]);
	p->len = nla_get_u8(tb[VPC_PREFIX_A_LEN]);
	ipv6_addr_prefix(&masked, &p->addr, p->len);
	if (!ipv6_addr_equal(&masked, &p->addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the prefix has bits set behind its length");
		return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(vpc_no_sids); i++) {
		if (!ipv6_prefix_equal(&p->addr, &vpc_no_sids[i].addr,
				       min(p->len, vpc_no_sids[i].len)))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "the prefix has addresses that no host of a fabric can have");
		return -EINVAL;
	}
	return 0;
}

static int vpc_prefixes_index(const struct vpc_prefixes *prefixes,
			      const struct vpc_prefix *p)
{
	unsigned int i;

	for (i = 0; i < prefixes->n; i++)
		if (prefixes->p[i].len == p->len &&
		    ipv6_addr_equal(&prefixes->p[i].addr, &p->addr))
			return i;
	return -1;
}

static int vpc_nl_change_prefix(struct vpc_prefixes *prefixes,
				const struct nlattr *attr,
				struct netlink_ext_ack *extack)
{
	struct vpc_prefix p;
	int i, err;

	err = vpc_nl_parse_prefix(attr, &p, extack);
	if (err)
		return err;
	i = vpc_prefixes_index(prefixes, &p);

	if (nla_type(attr) == VPC_EDGE_A_PREFIX_DEL) {
		if (i < 0) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "the edge does not have this prefix");
			return -ENOENT;
		}
		if (i == 0) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "the locator can't be taken away");
			return -EINVAL;
		}
		prefixes->p[i] = prefixes->p[--prefixes->n];
		return 0;
	}
	if (i >= 0) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the edge has this prefix already");
		return -EEXIST;
	}
	if (prefixes->n == VPC_MAX_PREFIXES) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "an edge has at most 1024 prefixes");
		return -ENOSPC;
	}
	prefixes->p[prefixes->n++] = p;
	return 0;
}

/* The prefixes that the edge is to have; those of @old are kept. */
static int vpc_nl_parse_prefixes(struct vpc_edge_config *cfg,
				 const struct nlattr *nest,
				 const struct vpc_prefixes *old,
				 struct netlink_ext_ack *extack)
{
	unsigned int n = old ? old->n : 0;
	const struct nlattr *attr;
	bool changed = false;
	int rem, err;

	nla_for_each_nested(attr, nest, rem)
		n += nla_type(attr) == VPC_EDGE_A_LOCATOR ||
		     nla_type(attr) == VPC_EDGE_A_PREFIX;
	n = min_t(unsigned int, n, VPC_MAX_PREFIXES);
	cfg->prefixes = kzalloc(struct_size(cfg->prefixes, p, n), GFP_KERNEL_ACCOUNT);
	if (!cfg->prefixes) {
		NL_SET_ERR_MSG(extack, "no memory for the prefixes");
		return -ENOMEM;
	}
	if (old) {
		cfg->prefixes->n = old->n;
		memcpy(cfg->prefixes->p, old->p, old->n * sizeof(old->p[0]));
	}

	/* The locator is the first, wherever it stands. */
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != VPC_EDGE_A_LOCATOR)
			continue;
		if (cfg->prefixes->n) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "an edge has one locator");
			return -EINVAL;
		}
		err = vpc_nl_parse_prefix(attr, &cfg->prefixes->p[0], extack);
		if (err)
			return err;
		cfg->prefixes->n = 1;
	}
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != VPC_EDGE_A_PREFIX &&
		    nla_type(attr) != VPC_EDGE_A_PREFIX_DEL)
			continue;
		changed = true;
		err = vpc_nl_change_prefix(cfg->prefixes, attr, extack);
		if (err)
			return err;
	}
	if (old && !changed) {
		kfree(cfg->prefixes);
		cfg->prefixes = NULL;
	}
	return 0;
}

/* Where the request has the prefix that was refused. */
static void vpc_nl_blame_prefix(const struct vpc_edge_config *cfg,
				const struct genl_info *info)
{
	const struct nlattr *attr;
	struct vpc_prefix p;
	int rem;

	if (!cfg->bad_prefix.len)
		return;
	nla_for_each_nested(attr, info->attrs[VPC_A_EDGE], rem) {
		if (nla_type(attr) != VPC_EDGE_A_LOCATOR &&
		    nla_type(attr) != VPC_EDGE_A_PREFIX)
			continue;
		if (!vpc_nl_parse_prefix(attr, &p, NULL) &&
		    p.len == cfg->bad_prefix.len &&
		    ipv6_addr_equal(&p.addr, &cfg->bad_prefix.addr))
			NL_SET_BAD_ATTR(info->extack, attr);
	}
}

static int vpc_nl_parse_fabric(struct vpc_edge_config *cfg,
			       const struct nlattr *nest,
			       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	unsigned int *n;
	int *list, rem;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) == VPC_EDGE_A_FABRIC) {
			list = cfg->fabric;
			n = &cfg->n_fabric;
			if (*n < VPC_MAX_FABRIC)
				cfg->fabric_attr[*n] = attr;
		} else if (nla_type(attr) == VPC_EDGE_A_FABRIC_DEL) {
			list = cfg->fabric_del;
			n = &cfg->n_fabric_del;
			if (*n < VPC_MAX_FABRIC)
				cfg->fabric_del_attr[*n] = attr;
		} else {
			continue;
		}
		if (*n == VPC_MAX_FABRIC) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "an edge has at most 16 fabric devices");
			return -ENOSPC;
		}
		list[(*n)++] = nla_get_u32(attr);
	}
	return 0;
}

/* RFC 8200, 4.2: a node that does not know the option must discard the packet,
 * and the option does not change on the way.  Linux knows some of these.
 */
static bool vpc_option_type_ok(u8 type)
{
	return type & 0x80 && !(type & 0x20) &&
	       type != IPV6_TLV_JUMBO && type != IPV6_TLV_HAO;
}

static int vpc_nl_parse_settings(struct vpc_edge_config *cfg, struct nlattr **tb,
				 struct netlink_ext_ack *extack)
{
	int i;

	for (i = 1; i <= VPC_EDGE_A_MAX; i++)
		if (tb[i])
			cfg->has |= BIT_ULL(i);
	if (tb[VPC_EDGE_A_FABRIC_ANY])
		cfg->fabric_any = nla_get_u8(tb[VPC_EDGE_A_FABRIC_ANY]);
	if (tb[VPC_EDGE_A_MAX_SEGMENTS])
		cfg->max_segments = nla_get_u8(tb[VPC_EDGE_A_MAX_SEGMENTS]);
	if (tb[VPC_EDGE_A_SHORT])
		cfg->short_form = nla_get_u8(tb[VPC_EDGE_A_SHORT]);
	if (tb[VPC_EDGE_A_GRACE])
		cfg->grace = nla_get_u32(tb[VPC_EDGE_A_GRACE]);
	if (tb[VPC_EDGE_A_ENCRYPT])
		cfg->encrypt = nla_get_u8(tb[VPC_EDGE_A_ENCRYPT]);
	if (tb[VPC_EDGE_A_CIPHER])
		cfg->cipher = nla_get_u8(tb[VPC_EDGE_A_CIPHER]);
	if (tb[VPC_EDGE_A_KEY_GRACE])
		cfg->key_grace = nla_get_u32(tb[VPC_EDGE_A_KEY_GRACE]);
	if (tb[VPC_EDGE_A_MTU]) {
		cfg->mtu = nla_get_u32(tb[VPC_EDGE_A_MTU]);
		if (cfg->mtu && cfg->mtu < IPV6_MIN_MTU) {
			NL_SET_ERR_MSG_ATTR(extack, tb[VPC_EDGE_A_MTU],
					    "the MTU is from 1280 to 65535, or 0 for the default");
			return -ERANGE;
		}
	}
	if (tb[VPC_EDGE_A_OPTION_TYPE]) {
		cfg->option_type = nla_get_u8(tb[VPC_EDGE_A_OPTION_TYPE]);
		if (!vpc_option_type_ok(cfg->option_type)) {
			NL_SET_ERR_MSG_ATTR(extack, tb[VPC_EDGE_A_OPTION_TYPE],
					    "the option type must start with the bits 100 or 110 and be none that Linux knows");
			return -EINVAL;
		}
	}
	return 0;
}

static int vpc_nl_parse_edge(struct genl_info *info, struct nlattr **tb, u32 need,
			     u32 allow)
{
	return vpc_nl_parse(tb, &vpc_edge_object, info->attrs[VPC_A_EDGE],
			    BIT(VPC_EDGE_A_NAME) | need, allow, info->extack);
}

static int vpc_nl_parse_edge_config(struct genl_info *info,
				    struct vpc_edge_config *cfg,
				    struct nlattr **tb,
				    const struct vpc_prefixes *old)
{
	struct nlattr *nest = info->attrs[VPC_A_EDGE];
	int err;

	err = vpc_nl_parse_settings(cfg, tb, info->extack);
	if (err)
		return err;
	err = vpc_nl_parse_fabric(cfg, nest, info->extack);
	if (err)
		return err;
	return vpc_nl_parse_prefixes(cfg, nest, old, info->extack);
}

/* Answers. */

struct vpc_nl_edge {
	struct vpc_edge		*edge;
	bool			stats;
};

/**
 * vpc_nl_put_prefix - put a prefix
 * @skb: message
 * @type: type of the nest
 * @p: the prefix
 */
int vpc_nl_put_prefix(struct sk_buff *skb, int type, const struct vpc_prefix *p)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest || nla_put_in6_addr(skb, VPC_PREFIX_A_ADDR, &p->addr) ||
	    nla_put_u8(skb, VPC_PREFIX_A_LEN, p->len))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int vpc_nl_put_places(struct sk_buff *skb, struct vpc_edge *edge)
{
	const struct vpc_prefixes *prefixes;
	int i, err = 0;

	rcu_read_lock();
	prefixes = rcu_dereference(edge->prefixes);
	for (i = 0; i < prefixes->n && !err; i++)
		err = vpc_nl_put_prefix(skb, i ? VPC_EDGE_A_PREFIX :
						 VPC_EDGE_A_LOCATOR,
					&prefixes->p[i]);
	rcu_read_unlock();
	for (i = 0; i < VPC_MAX_FABRIC && !err; i++)
		if (edge->fabric[i] > 0)
			err = nla_put_u32(skb, VPC_EDGE_A_FABRIC, edge->fabric[i]);
	return err;
}

/* Public keys only: the other halves are shown to nobody. */
static int vpc_nl_put_own_key(struct sk_buff *skb, const struct vpc_own_key *own)
{
	struct nlattr *nest = nla_nest_start(skb, VPC_EDGE_A_KEY);
	time64_t expires = READ_ONCE(own->expires);

	if (!nest ||
	    nla_put(skb, VPC_KEY_A_PUBLIC, VPC_KEY_LEN, own->public) ||
	    nla_put_u16(skb, VPC_KEY_A_ID, own->id))
		return -EMSGSIZE;
	if (expires &&
	    nla_put_u32(skb, VPC_KEY_A_EXPIRES,
			max_t(time64_t, expires - vpc_now(), 0)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int vpc_nl_put_keys(struct sk_buff *skb, const struct vpc_edge *edge)
{
	const struct vpc_own_key *own;
	int err = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(own, &edge->ring->keys, list) {
		err = vpc_nl_put_own_key(skb, own);
		if (err)
			break;
	}
	rcu_read_unlock();
	return err;
}

static int vpc_nl_put_edge_stats(struct sk_buff *skb, struct vpc_edge *edge)
{
	struct vpc_counters *sum = kmemdup(&edge->gone, sizeof(*sum), GFP_KERNEL);
	struct vpc_nic *nic;
	int err;

	if (!sum)
		return -ENOMEM;
	vpc_counters_add(sum, edge->counters);
	list_for_each_entry(nic, &edge->nics, list)
		vpc_counters_add(sum, nic->counters);
	err = vpc_nl_put_counters(skb, VPC_EDGE_A_STATS, sum);
	kfree(sum);
	return err;
}

static int vpc_nl_fill_edge(struct sk_buff *skb, const void *arg)
{
	const struct vpc_nl_edge *what = arg;
	struct vpc_edge *edge = what->edge;
	struct nlattr *nest = nla_nest_start(skb, VPC_A_EDGE);
	int err;

	if (!nest ||
	    vpc_nl_put_name(skb, VPC_EDGE_A_NAME, edge->dev) ||
	    nla_put_u32(skb, VPC_EDGE_A_IFINDEX, edge->dev->ifindex) ||
	    vpc_nl_put_places(skb, edge) ||
	    nla_put_u8(skb, VPC_EDGE_A_FABRIC_ANY, edge->fabric_any) ||
	    nla_put_u32(skb, VPC_EDGE_A_MTU, edge->mtu_set) ||
	    nla_put_u8(skb, VPC_EDGE_A_MAX_SEGMENTS, edge->max_segments) ||
	    nla_put_u8(skb, VPC_EDGE_A_SHORT, edge->short_form) ||
	    nla_put_u32(skb, VPC_EDGE_A_GRACE, edge->grace) ||
	    nla_put_u8(skb, VPC_EDGE_A_OPTION_TYPE, edge->option_type) ||
	    nla_put_u32(skb, VPC_EDGE_A_DEFAULT_MTU, edge->default_mtu) ||
	    nla_put_u32(skb, VPC_EDGE_A_ENDPOINTS, edge->nr_nics) ||
	    nla_put_u8(skb, VPC_EDGE_A_ENCRYPT, edge->encrypt) ||
	    nla_put_u8(skb, VPC_EDGE_A_CIPHER, edge->cipher) ||
	    nla_put_u32(skb, VPC_EDGE_A_KEY_GRACE, edge->key_grace) ||
	    vpc_nl_put_keys(skb, edge))
		return -EMSGSIZE;
	err = what->stats ? vpc_nl_put_edge_stats(skb, edge) : 0;
	if (!err)
		nla_nest_end(skb, nest);
	return err;
}

/* A prefix takes 32 bytes. */
static size_t vpc_nl_edge_size(const struct vpc_edge *edge)
{
	size_t size;

	rcu_read_lock();
	size = 4096 + 40 * rcu_dereference(edge->prefixes)->n;
	rcu_read_unlock();
	return size;
}

/**
 * vpc_nl_edge_event - an edge has changed
 * @edge: the edge
 * @event: &enum vpc_event
 */
void vpc_nl_edge_event(struct vpc_edge *edge, u8 event)
{
	struct vpc_nl_edge what = { .edge = edge };

	vpc_nl_event(edge->vn, VPC_CMD_EDGE_NTF, event, vpc_nl_edge_size(edge),
		     vpc_nl_fill_edge, &what);
}

/**
 * vpc_nl_keys_event - the key pairs of an edge have changed
 * @edge: the edge, which may be going
 */
void vpc_nl_keys_event(struct vpc_edge *edge)
{
	mutex_lock(&edge->vn->lock);
	if (edge->dev->reg_state == NETREG_REGISTERED)
		vpc_nl_edge_event(edge, VPC_EVENT_CHANGE);
	mutex_unlock(&edge->vn->lock);
}

/* Requests. */

/* Context: rtnl or vpc_net.lock. */
static struct vpc_edge *vpc_nl_find_edge(struct vpc_net *vn, struct genl_info *info,
					 const struct nlattr *name)
{
	struct vpc_edge *edge = vpc_edge_find(vn, nla_data(name));

	if (!edge)
		NL_SET_ERR_MSG_ATTR(info->extack, name, "no edge has this name");
	return edge;
}

/* Context: rtnl. */
static void vpc_nl_unregister_edge(struct vpc_edge *edge)
{
	LIST_HEAD(dead);

	vpc_edge_delete(edge->dev, &dead);
	unregister_netdevice_many(&dead);
}

static int vpc_nl_delete_edge(struct vpc_net *vn, struct genl_info *info,
			      const struct nlattr *name)
{
	struct vpc_edge *edge;

	rtnl_lock();
	edge = vpc_nl_find_edge(vn, info, name);
	if (edge)
		vpc_nl_unregister_edge(edge);
	rtnl_unlock();
	return edge ? 0 : -ENODEV;
}

/* An edge that stays while its keys are dealt with, and that has some.
 * Context: vpc_crypt.lock.
 */
static struct vpc_edge *vpc_nl_hold_edge(struct vpc_net *vn, struct genl_info *info,
					 const struct nlattr *name,
					 netdevice_tracker *tracker)
{
	struct vpc_edge *edge;
	int err;

	mutex_lock(&vn->lock);
	edge = vpc_nl_find_edge(vn, info, name);
	if (edge)
		netdev_hold(edge->dev, tracker, GFP_KERNEL);
	mutex_unlock(&vn->lock);
	if (!edge)
		return ERR_PTR(-ENODEV);
	err = vpc_keyring_attach(vn, edge);
	if (!err)
		return edge;
	vpc_remote_explain(err, NULL, info->extack);
	netdev_put(edge->dev, tracker);
	return ERR_PTR(err);
}

/* What is derived for a new edge is derived outside of rtnl: meanwhile it may have got
 * another name, or be gone.  The reference is given up.
 */
static int vpc_nl_attach_keys(struct vpc_net *vn, struct genl_info *info,
			      struct vpc_edge *edge, netdevice_tracker *tracker)
{
	int err;

	mutex_lock(&vn->crypt.lock);
	err = vpc_keyring_attach(vn, edge);
	mutex_unlock(&vn->crypt.lock);
	if (!err) {
		netdev_put(edge->dev, tracker);
		return 0;
	}
	vpc_remote_explain(err, NULL, info->extack);
	rtnl_lock();
	if (edge->dev->reg_state == NETREG_REGISTERED)
		vpc_nl_unregister_edge(edge);
	netdev_put(edge->dev, tracker);
	rtnl_unlock();
	return err;
}

int vpc_nl_edge_rekey(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_EDGE_A_MAX + 1];
	struct vpc_nl_edge what = { };
	netdevice_tracker tracker;
	int err;

	err = vpc_nl_parse_edge(info, tb, 0, BIT(VPC_EDGE_A_NOW));
	if (err)
		return err;
	mutex_lock(&vn->crypt.lock);
	what.edge = vpc_nl_hold_edge(vn, info, tb[VPC_EDGE_A_NAME], &tracker);
	err = PTR_ERR_OR_ZERO(what.edge);
	if (err)
		goto out;
	err = vpc_keyring_rekey(vn, what.edge, nla_get_flag(tb[VPC_EDGE_A_NOW]),
				info->extack);
	if (!err) {
		vpc_nl_keys_event(what.edge);
		/* It has been done, even if there is no memory to say so. */
		mutex_lock(&vn->lock);
		vpc_nl_reply(info, VPC_CMD_EDGE_REKEY, vpc_nl_edge_size(what.edge),
			     vpc_nl_fill_edge, &what);
		mutex_unlock(&vn->lock);
	}
	netdev_put(what.edge->dev, &tracker);
out:
	mutex_unlock(&vn->crypt.lock);
	return err;
}

/* Another cipher is made ready before the edge is told to use it. */
static int vpc_nl_ready_cipher(struct vpc_net *vn, struct genl_info *info,
			       struct nlattr **tb)
{
	netdevice_tracker tracker;
	struct vpc_edge *edge;
	int err;

	mutex_lock(&vn->crypt.lock);
	edge = vpc_nl_hold_edge(vn, info, tb[VPC_EDGE_A_NAME], &tracker);
	err = PTR_ERR_OR_ZERO(edge);
	if (!err) {
		err = vpc_keyring_add_cipher(vn, edge,
					     nla_get_u8(tb[VPC_EDGE_A_CIPHER]));
		if (err)
			NL_SET_ERR_MSG_ATTR(info->extack, tb[VPC_EDGE_A_CIPHER],
					    "the cipher can't be made ready");
		netdev_put(edge->dev, &tracker);
	}
	mutex_unlock(&vn->crypt.lock);
	return err;
}

int vpc_nl_edge_add(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_edge_config cfg = {
		.max_segments = VPC_DEFAULT_SEGMENTS,
		.grace = VPC_DEFAULT_GRACE,
		.option_type = VPC_DEFAULT_OPTION_TYPE,
		.encrypt = VPC_ENCRYPT_ON,
		.key_grace = VPC_DEFAULT_KEY_GRACE,
	};
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_EDGE_A_MAX + 1];
	struct vpc_nl_edge what = { };
	netdevice_tracker tracker;
	int err;

	err = vpc_nl_parse_edge(info, tb, BIT(VPC_EDGE_A_LOCATOR), VPC_EDGE_MAKE);
	if (err)
		return err;
	nla_strscpy(cfg.name, tb[VPC_EDGE_A_NAME], IFNAMSIZ);
	/* A pattern would make a device of another name than was asked for. */
	if (!dev_valid_name(cfg.name) || strchr(cfg.name, '%')) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[VPC_EDGE_A_NAME],
				    "this is no valid name of a device");
		return -EINVAL;
	}
	err = vpc_nl_parse_edge_config(info, &cfg, tb, NULL);
	if (err)
		goto err_free;
	if (!cfg.n_fabric && !cfg.fabric_any) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VPC_A_EDGE],
				    "an edge needs a fabric device, or \"fabric any\"");
		err = -EINVAL;
		goto err_free;
	}
	cfg.ring = vpc_keyring_alloc(cfg.cipher);
	if (!cfg.ring) {
		NL_SET_ERR_MSG(info->extack, "no memory for the keys");
		err = -ENOMEM;
		goto err_free;
	}
	/* Defaults are applied like what is given. */
	cfg.has = ~0ULL;

	rtnl_lock();
	mutex_lock(&vn->lock);
	err = vpc_edge_create(vn, &cfg, info->extack);
	if (!err) {
		what.edge = vpc_edge_find(vn, cfg.name);
		netdev_hold(what.edge->dev, &tracker, GFP_KERNEL);
		vpc_nl_reply(info, VPC_CMD_EDGE_ADD, vpc_nl_edge_size(what.edge),
			     vpc_nl_fill_edge, &what);
	}
	mutex_unlock(&vn->lock);
	rtnl_unlock();
	if (!err)
		return vpc_nl_attach_keys(vn, info, what.edge, &tracker);
	vpc_nl_blame_prefix(&cfg, info);
	vpc_keyring_free(cfg.ring);

err_free:
	kfree(cfg.prefixes);
	return err;
}

int vpc_nl_edge_set(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_EDGE_A_MAX + 1];
	struct vpc_edge_config cfg = { };
	struct vpc_edge *edge;
	int err;

	err = vpc_nl_parse_edge(info, tb, 0, VPC_EDGE_CHANGE);
	if (err)
		return err;
	if (tb[VPC_EDGE_A_LOCATOR]) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[VPC_EDGE_A_LOCATOR],
				    "an edge's locator can't be changed");
		return -EINVAL;
	}
	if (tb[VPC_EDGE_A_CIPHER]) {
		err = vpc_nl_ready_cipher(vn, info, tb);
		if (err)
			return err;
	}

	rtnl_lock();
	mutex_lock(&vn->lock);
	edge = vpc_nl_find_edge(vn, info, tb[VPC_EDGE_A_NAME]);
	err = -ENODEV;
	if (!edge)
		goto out;
	err = vpc_nl_parse_edge_config(info, &cfg, tb,
				       rcu_dereference_protected(edge->prefixes,
								 lockdep_is_held(&vn->lock)));
	if (!err)
		err = vpc_edge_change(edge, &cfg, info->extack);
	if (err) {
		vpc_nl_blame_prefix(&cfg, info);
		kfree(cfg.prefixes);
	}
out:
	mutex_unlock(&vn->lock);
	/* It is still there: rtnl is held. */
	if (!err)
		vpc_edge_follow();
	rtnl_unlock();
	return err;
}

int vpc_nl_edge_del(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_EDGE_A_MAX + 1];
	int err;

	err = vpc_nl_parse_edge(info, tb, 0, 0);
	if (err)
		return err;
	return vpc_nl_delete_edge(vn, info, tb[VPC_EDGE_A_NAME]);
}

int vpc_nl_edge_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct nlattr *tb[VPC_EDGE_A_MAX + 1];
	struct vpc_nl_edge what = { .stats = true };
	int err;

	err = vpc_nl_parse_edge(info, tb, 0, 0);
	if (err)
		return err;
	mutex_lock(&vn->lock);
	what.edge = vpc_nl_find_edge(vn, info, tb[VPC_EDGE_A_NAME]);
	err = -ENODEV;
	if (what.edge)
		err = vpc_nl_reply(info, VPC_CMD_EDGE_GET,
				   vpc_nl_edge_size(what.edge),
				   vpc_nl_fill_edge, &what);
	mutex_unlock(&vn->lock);
	return err;
}

int vpc_nl_edge_start(struct netlink_callback *cb)
{
	/* An edge with all the prefixes that it can have. */
	cb->min_dump_alloc = 48 * 1024;
	return 0;
}

/* A dump goes on behind the edge with the ifindex that it has shown last. */
int vpc_nl_edge_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vpc_net *vn = vpc_net(sock_net(skb->sk));
	struct vpc_nl_edge what = { .stats = true };
	struct vpc_edge *edge;
	int last = cb->args[0];
	void *hdr;
	int err;

	err = vpc_nl_dump_about(cb, 0, NULL);
	if (err)
		return err;
	mutex_lock(&vn->lock);
	list_for_each_entry(edge, &vn->edges, list) {
		if (edge->dev->ifindex <= last)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vpc_genl_family,
				  NLM_F_MULTI, VPC_CMD_EDGE_GET);
		what.edge = edge;
		err = hdr ? vpc_nl_fill_edge(skb, &what) : -EMSGSIZE;
		if (err) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = edge->dev->ifindex;
	}
	mutex_unlock(&vn->lock);
	return skb->len ?: err;
}
