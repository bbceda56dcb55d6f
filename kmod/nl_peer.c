// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: peerings. */

#include <linux/slab.h>

#include "netlink.h"

static const struct nla_policy vpc_peer_policy[VPC_PEER_A_MAX + 1] = {
	[VPC_PEER_A_VPC]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_id_range),
	[VPC_PEER_A_PEER]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_id_range),
	/* Withdrawn consent has no grace. */
	[VPC_PEER_A_STATE]	= NLA_POLICY_RANGE(NLA_U8, VPC_STATE_STANDBY,
						   VPC_STATE_ACTIVE),
	[VPC_PEER_A_PEER_STATE]	= { .type = NLA_REJECT },
};

static const char *const vpc_peer_missing[] = {
	[VPC_PEER_A_VPC]	= "the VPC id is missing",
	[VPC_PEER_A_PEER]	= "a peering is between two VPCs",
};

static const struct vpc_nl_object vpc_peer_object = {
	.policy		= vpc_peer_policy,
	.missing	= vpc_peer_missing,
	.max		= VPC_PEER_A_MAX,
};

/* Attributes that say which peering is meant. */
#define VPC_PEER_KEY	(BIT(VPC_PEER_A_VPC) | BIT(VPC_PEER_A_PEER))

static int vpc_nl_parse_peer(struct vpc_peer_item *it, const struct nlattr *nest,
			     u32 allow, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VPC_PEER_A_MAX + 1];
	int err;

	it->attr = nest;
	err = vpc_nl_parse(tb, &vpc_peer_object, nest, VPC_PEER_KEY, allow, extack);
	if (err)
		return err;
	it->vpc = nla_get_u32(tb[VPC_PEER_A_VPC]);
	it->peer = nla_get_u32(tb[VPC_PEER_A_PEER]);
	it->state = tb[VPC_PEER_A_STATE] ? nla_get_u8(tb[VPC_PEER_A_STATE]) :
					   VPC_STATE_ACTIVE;
	if (it->vpc == it->peer) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_PEER_A_PEER],
				    "a VPC can't be its own peer");
		return -EINVAL;
	}
	return 0;
}

static int vpc_nl_peer_request(struct genl_info *info, u32 allow,
			       int (*apply)(struct vpc_net *vn,
					    struct vpc_peer_item *items,
					    unsigned int n,
					    struct netlink_ext_ack *extack))
{
	struct vpc_peer_item *items;
	const struct nlattr *nla;
	unsigned int n = 0;
	int rem, err = 0;

	items = vpc_nl_alloc_items(info, sizeof(*items));
	if (!items)
		return -ENOMEM;
	vpc_nl_for_each_object(nla, info, rem) {
		err = vpc_nl_parse_peer(&items[n++], nla, allow, info->extack);
		if (err)
			break;
	}
	if (!err)
		err = apply(vpc_nl_net(info), items, n, info->extack);
	kvfree(items);
	return err;
}

int vpc_nl_peer_add(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_peer_request(info, BIT(VPC_PEER_A_STATE), vpc_peers_add);
}

int vpc_nl_peer_del(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_peer_request(info, 0, vpc_peers_del);
}

struct vpc_nl_peer {
	struct vpc_net	*vn;
	u32		vpc;
	u32		peer;
};

static int vpc_nl_fill_peer(struct sk_buff *skb, const void *arg)
{
	struct nlattr *nest = nla_nest_start(skb, VPC_A_PEER);
	const struct vpc_nl_peer *what = arg;
	u8 theirs = vpc_peer_state(&what->vn->tables, what->peer, what->vpc);

	if (!nest ||
	    nla_put_u32(skb, VPC_PEER_A_VPC, what->vpc) ||
	    nla_put_u32(skb, VPC_PEER_A_PEER, what->peer) ||
	    nla_put_u8(skb, VPC_PEER_A_STATE,
		       vpc_peer_state(&what->vn->tables, what->vpc, what->peer)) ||
	    (theirs && nla_put_u8(skb, VPC_PEER_A_PEER_STATE, theirs)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * vpc_nl_peer_event - a VPC has agreed to a peering, or is about to withdraw
 * @vn: its namespace; the lock is held
 * @vpc: the VPC
 * @peer: the other one
 * @event: &enum vpc_event
 */
void vpc_nl_peer_event(struct vpc_net *vn, u32 vpc, u32 peer, u8 event)
{
	struct vpc_nl_peer what = { .vn = vn, .vpc = vpc, .peer = peer };

	vpc_nl_event(vn, VPC_CMD_PEER_NTF, event, 64, vpc_nl_fill_peer, &what);
}

static int vpc_nl_peers_filter(struct netlink_callback *cb, u32 *only)
{
	struct nlattr *tb[VPC_PEER_A_MAX + 1];
	const struct nlattr *nest;
	int err;

	err = vpc_nl_dump_about(cb, VPC_A_PEER, &nest);
	if (err || !nest)
		return err;
	err = vpc_nl_parse(tb, &vpc_peer_object, nest, BIT(VPC_PEER_A_VPC), 0, cb->extack);
	if (!err)
		*only = nla_get_u32(tb[VPC_PEER_A_VPC]);
	return err;
}

/* args[0] and args[1] are the VPC and the peer that come next. */
int vpc_nl_peer_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vpc_nl_peer what = { .vn = vpc_net(sock_net(skb->sk)) };
	unsigned long id, peer;
	struct vpc_vpc *vpc;
	u32 only = 0;
	void *state;
	int err;

	err = vpc_nl_peers_filter(cb, &only);
	if (err)
		return err;
	mutex_lock(&what.vn->lock);
	cb->seq = what.vn->tables.changes ?: 1;
	xa_for_each_start(&what.vn->tables.vpcs, id, vpc, cb->args[0]) {
		if (id != cb->args[0])
			cb->args[1] = 0;
		cb->args[0] = id;
		if (only && id != only)
			continue;
		xa_for_each_start(&vpc->peers, peer, state, cb->args[1]) {
			what.vpc = id;
			what.peer = peer;
			err = vpc_nl_dump_one(skb, cb, VPC_CMD_PEER_GET,
					      vpc_nl_fill_peer, &what);
			if (err)
				goto out;
			cb->args[1] = peer + 1;
		}
	}
	/* Behind the last one. */
	cb->args[0] = VPC_ID_MAX + 1;
out:
	mutex_unlock(&what.vn->lock);
	return skb->len ?: err;
}
