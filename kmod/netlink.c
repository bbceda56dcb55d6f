// SPDX-License-Identifier: GPL-2.0
/* The generic netlink family, statistics, and what its parts share. */

#include <net/addrconf.h>

#include "netlink.h"

static const struct nla_policy vpc_policy[VPC_A_MAX + 1] = {
	[VPC_A_EDGE]		= { .type = NLA_NESTED },
	[VPC_A_ENDPOINT]	= { .type = NLA_NESTED },
	[VPC_A_VPC]		= { .type = NLA_NESTED },
	[VPC_A_STATS]		= { .type = NLA_REJECT },
	[VPC_A_TRACE]		= { .type = NLA_NESTED },
	[VPC_A_EVENT]		= { .type = NLA_REJECT },
	[VPC_A_ROUTE]		= { .type = NLA_NESTED },
	[VPC_A_PEER]		= { .type = NLA_NESTED },
	[VPC_A_REMOTE]		= { .type = NLA_NESTED },
};

struct netlink_range_validation vpc_id_range = {
	.min = VPC_ID_MIN, .max = VPC_ID_MAX,
};

/**
 * vpc_nl_put_counters - put a nest of counters
 * @skb: message
 * @attr: type of the nest
 * @counters: the counters
 */
int vpc_nl_put_counters(struct sk_buff *skb, int attr,
			const struct vpc_counters *counters)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i < __VPC_COUNTER_MAX; i++) {
		if (!vpc_counter_name(i))
			continue;
		if (nla_put_u64_64bit(skb, i, counters->n[i], 0)) {
			nla_nest_cancel(skb, nest);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * vpc_nl_put_name - put the name of a device
 * @skb: message
 * @attr: type of the attribute
 * @dev: the device, which may be renamed meanwhile
 */
int vpc_nl_put_name(struct sk_buff *skb, int attr, const struct net_device *dev)
{
	char name[IFNAMSIZ];

	/* Its length must not change between measuring and copying. */
	strscpy(name, dev->name, sizeof(name));
	return nla_put_string(skb, attr, name);
}

/**
 * vpc_nl_reply - answer a request with one message
 * @info: the request
 * @cmd: command of the answer
 * @size: bytes of its attributes, at most
 * @fill: puts the attributes
 * @arg: for @fill
 */
int vpc_nl_reply(struct genl_info *info, u8 cmd, size_t size,
		 int (*fill)(struct sk_buff *skb, const void *arg),
		 const void *arg)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);
	void *hdr;
	int err;

	if (!skb) {
		NL_SET_ERR_MSG(info->extack, "no memory for the answer");
		return -ENOMEM;
	}
	hdr = genlmsg_put_reply(skb, info, &vpc_genl_family, 0, cmd);
	err = hdr ? fill(skb, arg) : -EMSGSIZE;
	if (err) {
		if (err == -ENOMEM)
			NL_SET_ERR_MSG(info->extack, "no memory for the answer");
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* What ops say of the objects that a request has. */
#define VPC_NL_KIND	0x7f		/* &enum vpc_attr, or 0 */
#define VPC_NL_ONE	0x80		/* no more than one */

/* The objects of a message: of one kind, and no more than one or any number. */
static int vpc_nl_objects(const struct nlmsghdr *nlh, int kind, bool one,
			  const struct nlattr **last, struct netlink_ext_ack *extack)
{
	const struct nlattr *nla;
	int rem;

	*last = NULL;
	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rem) {
		if (nla_type(nla) != kind) {
			NL_SET_ERR_MSG_ATTR(extack, nla, "the command is not about this");
			return -EINVAL;
		}
		if (*last && one) {
			NL_SET_ERR_MSG_ATTR(extack, nla,
					    "this is about one object at a time");
			return -EINVAL;
		}
		*last = nla;
	}
	return 0;
}

/* Before any request but a dump: most are about an object. */
static int vpc_nl_check_objects(const struct genl_split_ops *ops, struct sk_buff *skb,
				struct genl_info *info)
{
	int kind = ops->internal_flags & VPC_NL_KIND;
	const struct nlattr *last;
	int err;

	err = vpc_nl_objects(info->nlhdr, kind, ops->internal_flags & VPC_NL_ONE, &last,
			     info->extack);
	if (err || !kind || last)
		return err;
	NL_SET_ERR_MSG(info->extack, "the request has no object");
	NL_SET_ERR_ATTR_MISS(info->extack, NULL, kind);
	return -EINVAL;
}

/**
 * vpc_nl_alloc_items - room for what a request says of its objects
 * @info: the request
 * @size: bytes for one of them
 *
 * Return: as many items as there are objects, zeroed, for kvfree(); or NULL.
 */
void *vpc_nl_alloc_items(struct genl_info *info, size_t size)
{
	const struct nlattr *nla;
	void *items;
	size_t n = 0;
	int rem;

	vpc_nl_for_each_object(nla, info, rem)
		n++;
	items = kvcalloc(n, size, GFP_KERNEL_ACCOUNT);
	if (!items)
		NL_SET_ERR_MSG(info->extack, "no memory for the request");
	return items;
}

/**
 * vpc_nl_parse - take an object apart
 * @tb: gets the attributes: room for @object->max + 1
 * @object: its kind
 * @nest: the object
 * @need: bits of the attributes that must be there
 * @allow: bits of those that may be there, too
 * @extack: for messages
 */
int vpc_nl_parse(struct nlattr **tb, const struct vpc_nl_object *object,
		 const struct nlattr *nest, u32 need, u32 allow,
		 struct netlink_ext_ack *extack)
{
	int i, err;

	err = nla_parse_nested(tb, object->max, nest, object->policy, extack);
	if (err)
		return err;
	for (i = 1; i <= object->max; i++) {
		if (tb[i] && !((need | allow) & BIT(i))) {
			NL_SET_ERR_MSG_ATTR(extack, tb[i], "this can't be given here");
			return -EINVAL;
		}
		if (!tb[i] && need & BIT(i)) {
			NL_SET_BAD_ATTR(extack, nest);
			if (extack)
				extack->_msg = object->missing[i];
			return -EINVAL;
		}
	}
	return 0;
}

/* Is it an address that a host of the fabric, or of a VPC, can have. */
bool vpc_nl_unicast6(const struct in6_addr *addr)
{
	return !ipv6_addr_any(addr) &&
	       !(ipv6_addr_type(addr) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL |
					 IPV6_ADDR_LOOPBACK | IPV6_ADDR_MAPPED));
}

/*
 * A dump begins in its first call of .dumpit, with args that are 0: 6.1 gives .start no
 * extack to say in what is wrong.
 */

/**
 * vpc_nl_dump_about - what a dump is asked for
 * @cb: the dump
 * @kind: &enum vpc_attr of the object that may say so; 0 if it is always all
 * @nest: gets that object, or NULL; itself NULL without a @kind
 */
int vpc_nl_dump_about(struct netlink_callback *cb, int kind, const struct nlattr **nest)
{
	const struct nlattr *none;

	return vpc_nl_objects(cb->nlh, kind, true, nest ?: &none, cb->extack);
}

/**
 * vpc_nl_walk_start - begin a dump of a hash table
 * @cb: the dump
 * @walk: from kmalloc(), with @put set; freed by vpc_nl_walk_done()
 * @ht: the table
 */
void vpc_nl_walk_start(struct netlink_callback *cb, struct vpc_nl_walk *walk,
		       struct rhashtable *ht)
{
	rhashtable_walk_enter(ht, &walk->iter);
	cb->args[0] = (unsigned long)walk;
}

int vpc_nl_walk_done(struct netlink_callback *cb)
{
	struct vpc_nl_walk *walk = (void *)cb->args[0];

	if (walk) {
		rhashtable_walk_exit(&walk->iter);
		kfree(walk);
	}
	return 0;
}

/* Entries that are looked at before others have their turn. */
#define VPC_NL_WALK_BATCH	1024

int vpc_nl_walk_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vpc_net *vn = vpc_net(sock_net(skb->sk));
	struct vpc_nl_walk *walk = (void *)cb->args[0];
	unsigned int n;
	void *entry;
	int err = 0;

	mutex_lock(&vn->lock);
	/* 0 would say that changes are not counted. */
	cb->seq = vn->tables.changes ?: 1;
	rhashtable_walk_start(&walk->iter);
	for (n = 1;; n++) {
		/* There may be a million that nobody asks for. */
		if (!(n % VPC_NL_WALK_BATCH)) {
			rhashtable_walk_stop(&walk->iter);
			cond_resched();
			rhashtable_walk_start(&walk->iter);
		}
		/* What did not fit into the last message is where we are. */
		entry = rhashtable_walk_peek(&walk->iter);
		if (IS_ERR(entry)) {
			/* Resized: what we have shown may come again. */
			if (PTR_ERR(entry) == -EAGAIN) {
				rhashtable_walk_next(&walk->iter);
				continue;
			}
			err = PTR_ERR(entry);
			break;
		}
		if (!entry)
			break;
		err = walk->put(skb, cb, walk, entry);
		if (err)
			break;
		rhashtable_walk_next(&walk->iter);
	}
	rhashtable_walk_stop(&walk->iter);
	mutex_unlock(&vn->lock);
	return skb->len ?: err;
}

/**
 * vpc_nl_dump_one - put a message of a dump
 * @skb: the dump's
 * @cb: the dump, with @seq set
 * @cmd: command of the answer
 * @fill: puts the attributes
 * @arg: for @fill
 */
int vpc_nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    int (*fill)(struct sk_buff *skb, const void *arg),
		    const void *arg)
{
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &vpc_genl_family, NLM_F_MULTI, cmd);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	err = fill(skb, arg);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/* The family is no more, and its groups may be another one's. */
static bool vpc_nl_gone;

/**
 * vpc_nl_event - tell everybody that an object has changed
 * @vn: its namespace
 * @cmd: VPC_CMD_..._NTF
 * @event: &enum vpc_event
 * @size: bytes of the object's attributes, at most
 * @fill: puts the attributes
 * @arg: for @fill
 *
 * A listener that misses one for want of memory gets ENOBUFS, as always.
 */
void vpc_nl_event(struct vpc_net *vn, u8 cmd, u8 event, size_t size,
		  int (*fill)(struct sk_buff *skb, const void *arg),
		  const void *arg)
{
	struct sk_buff *skb;
	void *hdr;

	if (READ_ONCE(vpc_nl_gone) || !genl_has_listeners(&vpc_genl_family, vn->net, 0))
		return;
	skb = genlmsg_new(size + nla_total_size(sizeof(u8)), GFP_KERNEL);
	if (!skb)
		goto err;
	hdr = genlmsg_put(skb, 0, 0, &vpc_genl_family, 0, cmd);
	if (!hdr || nla_put_u8(skb, VPC_A_EVENT, event) || fill(skb, arg)) {
		nlmsg_free(skb);
		goto err;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&vpc_genl_family, vn->net, skb, 0, 0, GFP_KERNEL);
	return;

err:
	genl_set_err(&vpc_genl_family, vn->net, 0, 0, -ENOBUFS);
}

static int vpc_nl_fill_stats(struct sk_buff *skb, const void *arg)
{
	return vpc_nl_put_counters(skb, VPC_A_STATS, arg);
}

static int vpc_nl_stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct vpc_counters *sum;
	int err;

	sum = kzalloc(sizeof(*sum), GFP_KERNEL);
	if (!sum) {
		NL_SET_ERR_MSG(info->extack, "no memory for the counters");
		return -ENOMEM;
	}
	mutex_lock(&vn->lock);
	err = vpc_stats_snapshot(vn, sum);
	mutex_unlock(&vn->lock);
	if (!err)
		err = vpc_nl_reply(info, VPC_CMD_STATS_GET, NLMSG_DEFAULT_SIZE,
				   vpc_nl_fill_stats, sum);
	kfree(sum);
	return err;
}

static const struct genl_ops vpc_genl_ops[] = {
	{
		.cmd	= VPC_CMD_EDGE_ADD,
		.doit	= vpc_nl_edge_add,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_EDGE | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_EDGE_SET,
		.doit	= vpc_nl_edge_set,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_EDGE | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_EDGE_DEL,
		.doit	= vpc_nl_edge_del,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_EDGE | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_EDGE_GET,
		.doit	= vpc_nl_edge_get,
		.start	= vpc_nl_edge_start,
		.dumpit	= vpc_nl_edge_dump,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_EDGE | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_ENDPOINT_ADD,
		.doit	= vpc_nl_endpoint_add,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ENDPOINT,
	}, {
		.cmd	= VPC_CMD_ENDPOINT_REPLACE,
		.doit	= vpc_nl_endpoint_replace,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ENDPOINT,
	}, {
		.cmd	= VPC_CMD_ENDPOINT_SET,
		.doit	= vpc_nl_endpoint_set,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ENDPOINT,
	}, {
		.cmd	= VPC_CMD_ENDPOINT_DEL,
		.doit	= vpc_nl_endpoint_del,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ENDPOINT,
	}, {
		.cmd	= VPC_CMD_ENDPOINT_GET,
		.doit	= vpc_nl_endpoint_get,
		.dumpit	= vpc_nl_endpoint_dump,
		.done	= vpc_nl_walk_done,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ENDPOINT | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_VPC_GET,
		.doit	= vpc_nl_vpc_get,
		.dumpit	= vpc_nl_vpc_dump,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_VPC | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_STATS_GET,
		.doit	= vpc_nl_stats_get,
		.flags	= GENL_UNS_ADMIN_PERM,
	}, {
		.cmd	= VPC_CMD_TRACE,
		.doit	= vpc_nl_trace,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_TRACE | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_ROUTE_ADD,
		.doit	= vpc_nl_route_add,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ROUTE,
	}, {
		.cmd	= VPC_CMD_ROUTE_REPLACE,
		.doit	= vpc_nl_route_replace,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ROUTE,
	}, {
		.cmd	= VPC_CMD_ROUTE_SET,
		.doit	= vpc_nl_route_set,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ROUTE,
	}, {
		.cmd	= VPC_CMD_ROUTE_DEL,
		.doit	= vpc_nl_route_del,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_ROUTE,
	}, {
		.cmd	= VPC_CMD_ROUTE_GET,
		.start	= vpc_nl_route_start,
		.dumpit	= vpc_nl_route_dump,
		.done	= vpc_nl_walk_done,
		.flags	= GENL_UNS_ADMIN_PERM,
	}, {
		.cmd	= VPC_CMD_PEER_ADD,
		.doit	= vpc_nl_peer_add,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_PEER,
	}, {
		.cmd	= VPC_CMD_PEER_DEL,
		.doit	= vpc_nl_peer_del,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_PEER,
	}, {
		.cmd	= VPC_CMD_PEER_GET,
		.dumpit	= vpc_nl_peer_dump,
		.flags	= GENL_UNS_ADMIN_PERM,
	}, {
		.cmd	= VPC_CMD_EDGE_REKEY,
		.doit	= vpc_nl_edge_rekey,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_EDGE | VPC_NL_ONE,
	}, {
		.cmd	= VPC_CMD_REMOTE_ADD,
		.doit	= vpc_nl_remote_add,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_REMOTE,
	}, {
		.cmd	= VPC_CMD_REMOTE_REPLACE,
		.doit	= vpc_nl_remote_replace,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_REMOTE,
	}, {
		.cmd	= VPC_CMD_REMOTE_SET,
		.doit	= vpc_nl_remote_set,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_REMOTE,
	}, {
		.cmd	= VPC_CMD_REMOTE_DEL,
		.doit	= vpc_nl_remote_del,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_REMOTE,
	}, {
		.cmd	= VPC_CMD_REMOTE_GET,
		.doit	= vpc_nl_remote_get,
		.start	= vpc_nl_remote_start,
		.dumpit	= vpc_nl_remote_dump,
		.flags	= GENL_UNS_ADMIN_PERM,
		.internal_flags = VPC_A_REMOTE | VPC_NL_ONE,
	},
};

static const struct genl_multicast_group vpc_genl_groups[] = {
	{ .name = VPC_GENL_MCGRP_CONFIG, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

struct genl_family vpc_genl_family __ro_after_init = {
	.name		= VPC_GENL_NAME,
	.version	= VPC_GENL_VERSION,
	.maxattr	= VPC_A_MAX,
	.policy		= vpc_policy,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= vpc_genl_ops,
	.n_ops		= ARRAY_SIZE(vpc_genl_ops),
	.pre_doit	= vpc_nl_check_objects,
	.resv_start_op	= VPC_CMD_UNSPEC + 1,
	.mcgrps		= vpc_genl_groups,
	.n_mcgrps	= ARRAY_SIZE(vpc_genl_groups),
};

int __init vpc_netlink_init(void)
{
	return genl_register_family(&vpc_genl_family);
}

void vpc_netlink_exit(void)
{
	WRITE_ONCE(vpc_nl_gone, true);
	genl_unregister_family(&vpc_genl_family);
}
