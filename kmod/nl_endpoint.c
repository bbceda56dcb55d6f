// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: endpoints and VPCs. */

#include <linux/slab.h>

#include "netlink.h"

static const struct nla_policy vpc_endpoint_policy[VPC_ENDPOINT_A_MAX + 1] = {
	[VPC_ENDPOINT_A_VPC]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_id_range),
	[VPC_ENDPOINT_A_SID]	= NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[VPC_ENDPOINT_A_MAC]	= NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[VPC_ENDPOINT_A_IPV4]	= NLA_POLICY_EXACT_LEN(sizeof(struct in_addr)),
	[VPC_ENDPOINT_A_IPV6]	= NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[VPC_ENDPOINT_A_STATE]	= NLA_POLICY_RANGE(NLA_U8, VPC_STATE_STANDBY,
						   VPC_STATE_RETIRING),
	[VPC_ENDPOINT_A_EDGE]	= { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[VPC_ENDPOINT_A_DEV]	= { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[VPC_ENDPOINT_A_NETNS_FD] = { .type = NLA_U32 },
	[VPC_ENDPOINT_A_NOW]	= { .type = NLA_FLAG },
	[VPC_ENDPOINT_A_IFINDEX] = { .type = NLA_REJECT },
	[VPC_ENDPOINT_A_NETNSID] = { .type = NLA_REJECT },
	[VPC_ENDPOINT_A_STATS]	= { .type = NLA_REJECT },
	[VPC_ENDPOINT_A_RETIRED_IPV4] = { .type = NLA_REJECT },
	[VPC_ENDPOINT_A_RETIRED_IPV6] = { .type = NLA_REJECT },
};

static const char *const vpc_endpoint_missing[] = {
	[VPC_ENDPOINT_A_VPC]	= "the VPC id is missing",
	[VPC_ENDPOINT_A_SID]	= "the SID is missing",
	[VPC_ENDPOINT_A_MAC]	= "the MAC is missing",
	[VPC_ENDPOINT_A_STATE]	= "the state is missing",
};

static const struct vpc_nl_object vpc_endpoint_object = {
	.policy		= vpc_endpoint_policy,
	.missing	= vpc_endpoint_missing,
	.max		= VPC_ENDPOINT_A_MAX,
};

/* Attributes that name an endpoint, and what a new one can have beside a MAC. */
#define VPC_ENDPOINT_KEY	(BIT(VPC_ENDPOINT_A_VPC) | BIT(VPC_ENDPOINT_A_SID))
#define VPC_ENDPOINT_MAKE	(BIT(VPC_ENDPOINT_A_IPV4) | BIT(VPC_ENDPOINT_A_IPV6) | \
				 BIT(VPC_ENDPOINT_A_STATE) | \
				 BIT(VPC_ENDPOINT_A_EDGE) | BIT(VPC_ENDPOINT_A_DEV) | \
				 BIT(VPC_ENDPOINT_A_NETNS_FD))

/* Parsing. */

static int vpc_nl_parse_addr4(const struct nlattr *attr, __be32 *addr,
			      struct netlink_ext_ack *extack)
{
	*addr = nla_get_in_addr(attr);
	if (ipv4_is_multicast(*addr) || ipv4_is_lbcast(*addr) ||
	    ipv4_is_zeronet(*addr) || ipv4_is_loopback(*addr) ||
	    *addr == htonl(0xa9fe0101)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "an endpoint can't have this IPv4 address");
		return -EADDRNOTAVAIL;
	}
	return 0;
}

static int vpc_nl_parse_addr6(const struct nlattr *attr, struct in6_addr *addr,
			      struct netlink_ext_ack *extack)
{
	*addr = nla_get_in6_addr(attr);
	if (!vpc_nl_unicast6(addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "an endpoint can't have this IPv6 address");
		return -EADDRNOTAVAIL;
	}
	return 0;
}

static int vpc_nl_parse_addrs(struct vpc_endpoint *ep, const struct nlattr *nest,
			      struct netlink_ext_ack *extack)
{
	unsigned int n4 = 0, n6 = 0;
	const struct nlattr *attr;
	union vpc_ip ip;
	int rem, err;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) == VPC_ENDPOINT_A_IPV4) {
			struct vpc_addr4 *a = vpc_addr4(ep, n4++);

			err = vpc_nl_parse_addr4(attr, &ip.v4, extack);
			if (!err && vpc_endpoint_lists(ep, 4, &ip))
				goto twice;
			a->addr = ip.v4;
		} else if (nla_type(attr) == VPC_ENDPOINT_A_IPV6) {
			struct vpc_addr6 *a = vpc_addr6(ep, n6++);

			err = vpc_nl_parse_addr6(attr, &ip.v6, extack);
			if (!err && vpc_endpoint_lists(ep, 6, &ip))
				goto twice;
			a->addr = ip.v6;
		} else {
			continue;
		}
		if (err)
			return err;
	}
	return 0;

twice:
	NL_SET_ERR_MSG_ATTR(extack, attr, "the endpoint has this address twice");
	return -EEXIST;
}

static struct vpc_endpoint *vpc_nl_make_endpoint(const struct vpc_endpoint_item *it,
						 const struct nlattr *nest,
						 const struct nlattr *mac,
						 struct netlink_ext_ack *extack)
{
	unsigned int n4 = 0, n6 = 0;
	const struct nlattr *attr;
	struct vpc_endpoint *ep;
	int rem, err;

	if (!is_valid_ether_addr(nla_data(mac))) {
		NL_SET_ERR_MSG_ATTR(extack, mac, "the MAC must be unicast, and not zero");
		return ERR_PTR(-EADDRNOTAVAIL);
	}
	nla_for_each_nested(attr, nest, rem) {
		n4 += nla_type(attr) == VPC_ENDPOINT_A_IPV4;
		n6 += nla_type(attr) == VPC_ENDPOINT_A_IPV6;
	}
	if (!(n4 + n6) || n4 + n6 > VPC_MAX_ADDRS) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "an endpoint has from 1 to 64 overlay addresses");
		return ERR_PTR(-EINVAL);
	}
	ep = vpc_endpoint_alloc(it->vpc, &it->sid, n4, n6);
	if (!ep) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "no memory for the endpoint");
		return ERR_PTR(-ENOMEM);
	}
	ether_addr_copy(ep->mac, nla_data(mac));
	err = vpc_nl_parse_addrs(ep, nest, extack);
	if (err) {
		vpc_endpoint_free(ep);
		return ERR_PTR(err);
	}
	return ep;
}

static int vpc_nl_parse_place(struct vpc_endpoint_item *it, struct nlattr **tb,
			      struct sk_buff *request,
			      struct netlink_ext_ack *extack)
{
	struct net *net;

	if (!tb[VPC_ENDPOINT_A_EDGE] != !tb[VPC_ENDPOINT_A_DEV]) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "a local endpoint needs both a device and an edge");
		return -EINVAL;
	}
	if (!tb[VPC_ENDPOINT_A_EDGE]) {
		if (!tb[VPC_ENDPOINT_A_NETNS_FD])
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ENDPOINT_A_NETNS_FD],
				    "a remote endpoint has no device to be in a namespace");
		return -EINVAL;
	}
	it->edge_attr = tb[VPC_ENDPOINT_A_EDGE];
	it->dev_attr = tb[VPC_ENDPOINT_A_DEV];
	it->net_attr = tb[VPC_ENDPOINT_A_NETNS_FD];
	nla_strscpy(it->edge_name, tb[VPC_ENDPOINT_A_EDGE], IFNAMSIZ);
	nla_strscpy(it->dev_name, tb[VPC_ENDPOINT_A_DEV], IFNAMSIZ);
	if (!dev_valid_name(it->dev_name) || strchr(it->dev_name, '%')) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ENDPOINT_A_DEV],
				    "this is no valid name of a device");
		return -EINVAL;
	}
	if (!it->edge_name[0]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ENDPOINT_A_EDGE],
				    "no edge has this name");
		return -ENODEV;
	}
	if (!tb[VPC_ENDPOINT_A_NETNS_FD])
		return 0;

	net = get_net_ns_by_fd(nla_get_u32(tb[VPC_ENDPOINT_A_NETNS_FD]));
	if (IS_ERR(net)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ENDPOINT_A_NETNS_FD],
				    "the file descriptor is not that of a network namespace");
		return PTR_ERR(net);
	}
	it->net = net;
	if (!netlink_ns_capable(request, net->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ENDPOINT_A_NETNS_FD],
				    "not permitted in that network namespace");
		return -EPERM;
	}
	return 0;
}

static int vpc_nl_parse_item(struct vpc_endpoint_item *it, const struct nlattr *nest,
			     struct sk_buff *request, u32 need, u32 take, bool make,
			     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VPC_ENDPOINT_A_MAX + 1];
	int err;

	it->attr = nest;
	err = vpc_nl_parse(tb, &vpc_endpoint_object, nest, need, take, extack);
	if (err)
		return err;

	it->vpc = nla_get_u32(tb[VPC_ENDPOINT_A_VPC]);
	it->sid = nla_get_in6_addr(tb[VPC_ENDPOINT_A_SID]);
	it->now = nla_get_flag(tb[VPC_ENDPOINT_A_NOW]);
	it->state = tb[VPC_ENDPOINT_A_STATE] ?
		    nla_get_u8(tb[VPC_ENDPOINT_A_STATE]) : VPC_STATE_ACTIVE;
	if (!make)
		return 0;

	if (!vpc_nl_unicast6(&it->sid)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ENDPOINT_A_SID],
				    "the SID is not a unicast address of the fabric");
		return -EADDRNOTAVAIL;
	}
	err = vpc_nl_parse_place(it, tb, request, extack);
	if (err)
		return err;
	it->ep = vpc_nl_make_endpoint(it, nest, tb[VPC_ENDPOINT_A_MAC], extack);
	if (IS_ERR(it->ep)) {
		err = PTR_ERR(it->ep);
		it->ep = NULL;
	}
	return err;
}

struct vpc_items {
	struct vpc_endpoint_item	*items;
	unsigned int			n;
};

static void vpc_nl_free_items(struct vpc_items *list, bool applied)
{
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		if (list->items[i].net)
			put_net(list->items[i].net);
		if (!applied && list->items[i].ep)
			vpc_endpoint_free(list->items[i].ep);
	}
	kvfree(list->items);
}

static int vpc_nl_parse_items(struct sk_buff *skb, struct genl_info *info,
			      u32 need, u32 take, bool make, struct vpc_items *list)
{
	const struct nlattr *nla;
	int rem, err;

	list->n = 0;
	list->items = vpc_nl_alloc_items(info, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	vpc_nl_for_each_object(nla, info, rem) {
		err = vpc_nl_parse_item(&list->items[list->n++], nla, skb, need,
					take, make, info->extack);
		if (err) {
			vpc_nl_free_items(list, false);
			return err;
		}
		cond_resched();
	}
	return 0;
}

/* Requests. */

static int vpc_nl_endpoint_make(struct sk_buff *skb, struct genl_info *info,
				bool replace)
{
	struct vpc_items list;
	int err;

	err = vpc_nl_parse_items(skb, info, VPC_ENDPOINT_KEY |
				 BIT(VPC_ENDPOINT_A_MAC), VPC_ENDPOINT_MAKE, true,
				 &list);
	if (err)
		return err;
	err = vpc_endpoints_add(vpc_nl_net(info), list.items, list.n, replace,
				info->extack);
	vpc_nl_free_items(&list, !err);
	return err;
}

int vpc_nl_endpoint_add(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_endpoint_make(skb, info, false);
}

int vpc_nl_endpoint_replace(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_endpoint_make(skb, info, true);
}

int vpc_nl_endpoint_set(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_items list;
	int err;

	err = vpc_nl_parse_items(skb, info, VPC_ENDPOINT_KEY |
				 BIT(VPC_ENDPOINT_A_STATE), 0, false, &list);
	if (err)
		return err;
	err = vpc_endpoints_set(vpc_nl_net(info), list.items, list.n, info->extack);
	vpc_nl_free_items(&list, true);
	return err;
}

int vpc_nl_endpoint_del(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_items list;
	int err;

	err = vpc_nl_parse_items(skb, info, VPC_ENDPOINT_KEY,
				 BIT(VPC_ENDPOINT_A_NOW), false, &list);
	if (err)
		return err;
	err = vpc_endpoints_del(vpc_nl_net(info), list.items, list.n, info->extack);
	vpc_nl_free_items(&list, true);
	return err;
}

/* Answers. */

struct vpc_nl_endpoint {
	struct vpc_net			*vn;
	const struct vpc_endpoint	*ep;
	struct vpc_counters		*sum;	/* room for statistics, or NULL */
};

/* A lost address is shown apart, for a configuration that is read back. */
static int vpc_nl_put_addrs(struct sk_buff *skb, const struct vpc_endpoint *ep,
			    u8 state)
{
	unsigned int i;
	int err = 0;
	u8 its;

	for (i = 0; i < ep->n4 && !err; i++) {
		its = vpc_tag_state(&vpc_addr4(ep, i)->tag);
		if (its != VPC_STATE_DARK)
			err = nla_put_in_addr(skb, its == state ?
					      VPC_ENDPOINT_A_IPV4 :
					      VPC_ENDPOINT_A_RETIRED_IPV4,
					      vpc_addr4(ep, i)->addr);
	}
	for (i = 0; i < ep->n6 && !err; i++) {
		its = vpc_tag_state(&vpc_addr6(ep, i)->tag);
		if (its != VPC_STATE_DARK)
			err = nla_put_in6_addr(skb, its == state ?
					       VPC_ENDPOINT_A_IPV6 :
					       VPC_ENDPOINT_A_RETIRED_IPV6,
					       &vpc_addr6(ep, i)->addr);
	}
	return err;
}

static int vpc_nl_put_nic(struct sk_buff *skb, struct vpc_net *vn,
			  const struct vpc_nic *nic, struct vpc_counters *sum)
{
	bool elsewhere;
	int id = 0;

	/* The device may move meanwhile, and where it has been may go. */
	rcu_read_lock();
	elsewhere = !net_eq(dev_net_rcu(nic->dev), vn->net);
	if (elsewhere)
		id = peernet2id_alloc(vn->net, dev_net_rcu(nic->dev), GFP_ATOMIC);
	rcu_read_unlock();

	if (vpc_nl_put_name(skb, VPC_ENDPOINT_A_EDGE, nic->edge->dev) ||
	    vpc_nl_put_name(skb, VPC_ENDPOINT_A_DEV, nic->dev) ||
	    nla_put_u32(skb, VPC_ENDPOINT_A_IFINDEX, nic->dev->ifindex) ||
	    (elsewhere && nla_put_s32(skb, VPC_ENDPOINT_A_NETNSID, id)))
		return -EMSGSIZE;
	if (!sum)
		return 0;
	memset(sum, 0, sizeof(*sum));
	vpc_counters_add(sum, nic->counters);
	return vpc_nl_put_counters(skb, VPC_ENDPOINT_A_STATS, sum);
}

static int vpc_nl_fill_endpoint(struct sk_buff *skb, const void *arg)
{
	const struct vpc_nl_endpoint *what = arg;
	const struct vpc_endpoint *ep = what->ep;
	struct nlattr *nest = nla_nest_start(skb, VPC_A_ENDPOINT);
	u8 state = vpc_endpoint_state(ep);

	if (!nest ||
	    nla_put_u32(skb, VPC_ENDPOINT_A_VPC, ep->sid.vpc) ||
	    nla_put_in6_addr(skb, VPC_ENDPOINT_A_SID, &ep->sid.addr) ||
	    nla_put(skb, VPC_ENDPOINT_A_MAC, ETH_ALEN, ep->mac) ||
	    (state != VPC_STATE_DARK &&
	     nla_put_u8(skb, VPC_ENDPOINT_A_STATE, state)) ||
	    vpc_nl_put_addrs(skb, ep, state) ||
	    (ep->sid.local && vpc_nl_put_nic(skb, what->vn, ep->nic, what->sum)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* 64 addresses take 20 bytes each, counters 12. */
#define VPC_NL_ENDPOINT_SIZE	(512 + VPC_MAX_ADDRS * 20 + __VPC_COUNTER_MAX * 16)

/**
 * vpc_nl_endpoint_event - an endpoint has changed
 * @vn: its namespace; the lock is held
 * @ep: the endpoint
 * @event: &enum vpc_event
 */
void vpc_nl_endpoint_event(struct vpc_net *vn, struct vpc_endpoint *ep, u8 event)
{
	struct vpc_nl_endpoint what = { .vn = vn, .ep = ep };

	vpc_nl_event(vn, VPC_CMD_ENDPOINT_NTF, event, VPC_NL_ENDPOINT_SIZE,
		     vpc_nl_fill_endpoint, &what);
}

int vpc_nl_endpoint_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_net *vn = vpc_nl_net(info);
	struct vpc_nl_endpoint what = { .vn = vn };
	struct vpc_items list;
	struct vpc_sid *sid;
	int err;

	err = vpc_nl_parse_items(skb, info, VPC_ENDPOINT_KEY, 0, false, &list);
	if (err)
		return err;
	what.sum = kmalloc(sizeof(*what.sum), GFP_KERNEL);
	if (!what.sum) {
		NL_SET_ERR_MSG(info->extack, "no memory for the answer");
		vpc_nl_free_items(&list, true);
		return -ENOMEM;
	}

	mutex_lock(&vn->lock);
	rcu_read_lock();
	sid = vpc_sid_find(&vn->tables, &list.items[0].sid);
	rcu_read_unlock();
	err = -ENOENT;
	if (sid && sid->vpc == list.items[0].vpc) {
		what.ep = vpc_sid_endpoint(sid);
		err = vpc_nl_reply(info, VPC_CMD_ENDPOINT_GET,
				   VPC_NL_ENDPOINT_SIZE, vpc_nl_fill_endpoint,
				   &what);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VPC_A_ENDPOINT],
				    "no endpoint has this VPC and SID");
	}
	mutex_unlock(&vn->lock);
	kfree(what.sum);
	vpc_nl_free_items(&list, true);
	return err;
}

/**
 * struct vpc_nl_endpoints - a dump of endpoints
 * @walk: where it stands
 * @sum: room for statistics
 * @vpc: only of this VPC, or 0
 */
struct vpc_nl_endpoints {
	struct vpc_nl_walk	walk;
	struct vpc_counters	sum;
	u32			vpc;
};

static int vpc_nl_dump_endpoint(struct sk_buff *skb, struct netlink_callback *cb,
				struct vpc_nl_walk *walk, void *entry)
{
	struct vpc_nl_endpoints *dump = container_of(walk, struct vpc_nl_endpoints, walk);
	struct vpc_sid *sid = entry;
	struct vpc_nl_endpoint what = {
		.vn = vpc_net(sock_net(skb->sk)),
		.ep = vpc_sid_endpoint(sid),
		.sum = &dump->sum,
	};

	if (dump->vpc && sid->vpc != dump->vpc)
		return 0;
	return vpc_nl_dump_one(skb, cb, VPC_CMD_ENDPOINT_GET, vpc_nl_fill_endpoint,
			       &what);
}

static int vpc_nl_endpoints_begin(struct netlink_callback *cb)
{
	struct vpc_net *vn = vpc_net(sock_net(cb->skb->sk));
	struct nlattr *tb[VPC_ENDPOINT_A_MAX + 1];
	struct vpc_nl_endpoints *dump;
	const struct nlattr *nest;
	u32 vpc = 0;
	int err;

	err = vpc_nl_dump_about(cb, VPC_A_ENDPOINT, &nest);
	if (err)
		return err;
	if (nest) {
		err = vpc_nl_parse(tb, &vpc_endpoint_object, nest,
				   BIT(VPC_ENDPOINT_A_VPC), 0, cb->extack);
		if (err)
			return err;
		vpc = nla_get_u32(tb[VPC_ENDPOINT_A_VPC]);
	}
	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump) {
		NL_SET_ERR_MSG(cb->extack, "no memory for the dump");
		return -ENOMEM;
	}
	dump->vpc = vpc;
	dump->walk.put = vpc_nl_dump_endpoint;
	vpc_nl_walk_start(cb, &dump->walk, &vn->tables.sids);
	return 0;
}

int vpc_nl_endpoint_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	int err = cb->args[0] ? 0 : vpc_nl_endpoints_begin(cb);

	return err ?: vpc_nl_walk_dump(skb, cb);
}

/* VPCs. */

static const struct nla_policy vpc_vpc_policy[VPC_VPC_A_MAX + 1] = {
	[VPC_VPC_A_ID]		= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_id_range),
	[VPC_VPC_A_ENDPOINTS]	= { .type = NLA_REJECT },
	[VPC_VPC_A_LOCAL]	= { .type = NLA_REJECT },
	[VPC_VPC_A_STATS]	= { .type = NLA_REJECT },
	[VPC_VPC_A_ROUTES]	= { .type = NLA_REJECT },
	[VPC_VPC_A_PEERS]	= { .type = NLA_REJECT },
};

struct vpc_nl_vpc {
	struct vpc_net		*vn;
	const struct vpc_vpc	*vpc;
};

static int vpc_nl_fill_vpc(struct sk_buff *skb, const void *arg)
{
	const struct vpc_nl_vpc *what = arg;
	struct nlattr *nest = nla_nest_start(skb, VPC_A_VPC);
	struct vpc_counters *sum;
	struct vpc_edge *edge;
	struct vpc_nic *nic;
	int err;

	if (!nest ||
	    nla_put_u32(skb, VPC_VPC_A_ID, what->vpc->id) ||
	    nla_put_u32(skb, VPC_VPC_A_ENDPOINTS, what->vpc->endpoints) ||
	    nla_put_u32(skb, VPC_VPC_A_LOCAL, what->vpc->local) ||
	    nla_put_u32(skb, VPC_VPC_A_ROUTES, what->vpc->routes) ||
	    nla_put_u32(skb, VPC_VPC_A_PEERS, what->vpc->nr_peers))
		return -EMSGSIZE;

	sum = kmemdup(&what->vpc->gone, sizeof(*sum), GFP_KERNEL);
	if (!sum)
		return -ENOMEM;
	list_for_each_entry(edge, &what->vn->counting, counting)
		list_for_each_entry(nic, &edge->nics, list)
			if (nic->vpc == what->vpc->id)
				vpc_counters_add(sum, nic->counters);
	err = vpc_nl_put_counters(skb, VPC_VPC_A_STATS, sum);
	kfree(sum);
	if (!err)
		nla_nest_end(skb, nest);
	return err;
}

int vpc_nl_vpc_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_nl_vpc what = { .vn = vpc_nl_net(info) };
	struct nlattr *tb[VPC_VPC_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, VPC_VPC_A_MAX, info->attrs[VPC_A_VPC],
			       vpc_vpc_policy, info->extack);
	if (err)
		return err;
	if (!tb[VPC_VPC_A_ID]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VPC_A_VPC],
				    "the VPC id is missing");
		return -EINVAL;
	}

	mutex_lock(&what.vn->lock);
	what.vpc = vpc_vpc_find(&what.vn->tables, nla_get_u32(tb[VPC_VPC_A_ID]));
	if (what.vpc) {
		err = vpc_nl_reply(info, VPC_CMD_VPC_GET, NLMSG_DEFAULT_SIZE,
				   vpc_nl_fill_vpc, &what);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[VPC_VPC_A_ID],
				    "nothing here names this VPC");
		err = -ENOENT;
	}
	mutex_unlock(&what.vn->lock);
	return err;
}

int vpc_nl_vpc_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vpc_nl_vpc what = { .vn = vpc_net(sock_net(skb->sk)) };
	unsigned long id = cb->args[0];
	struct vpc_vpc *vpc;
	int err;

	err = vpc_nl_dump_about(cb, 0, NULL);
	if (err)
		return err;
	mutex_lock(&what.vn->lock);
	cb->seq = what.vn->tables.changes ?: 1;
	xa_for_each_start(&what.vn->tables.vpcs, id, vpc, cb->args[0]) {
		what.vpc = vpc;
		err = vpc_nl_dump_one(skb, cb, VPC_CMD_VPC_GET, vpc_nl_fill_vpc,
				      &what);
		if (err == -ENOMEM)
			NL_SET_ERR_MSG(cb->extack, "no memory for the counters");
		if (err)
			break;
		cb->args[0] = id + 1;
	}
	mutex_unlock(&what.vn->lock);
	return skb->len ?: err;
}
