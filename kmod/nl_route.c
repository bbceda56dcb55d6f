// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: routes. */

#include <linux/slab.h>
#include <linux/sort.h>

#include "netlink.h"

static const struct nla_policy vpc_route_policy[VPC_ROUTE_A_MAX + 1] = {
	[VPC_ROUTE_A_VPC]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_id_range),
	[VPC_ROUTE_A_DST]	= { .type = NLA_BINARY,
				    .len = sizeof(struct in6_addr) },
	[VPC_ROUTE_A_LEN]	= NLA_POLICY_MAX(NLA_U8, 128),
	[VPC_ROUTE_A_KIND]	= NLA_POLICY_RANGE(NLA_U8, VPC_ROUTE_VIA,
						   VPC_ROUTE_PROHIBIT),
	[VPC_ROUTE_A_VIA]	= NLA_POLICY_EXACT_LEN(sizeof(struct vpc_via)),
	[VPC_ROUTE_A_PEER]	= NLA_POLICY_FULL_RANGE(NLA_U32, &vpc_id_range),
	[VPC_ROUTE_A_EXPORT]	= { .type = NLA_FLAG },
	[VPC_ROUTE_A_HASH]	= NLA_POLICY_RANGE(NLA_U8, VPC_HASH_L3, VPC_HASH_L4),
	[VPC_ROUTE_A_STATE]	= NLA_POLICY_RANGE(NLA_U8, VPC_STATE_STANDBY,
						   VPC_STATE_RETIRING),
	[VPC_ROUTE_A_NOW]	= { .type = NLA_FLAG },
};

static const char *const vpc_route_missing[] = {
	[VPC_ROUTE_A_VPC]	= "the VPC id is missing",
	[VPC_ROUTE_A_DST]	= "the prefix is missing",
	[VPC_ROUTE_A_LEN]	= "the length of the prefix is missing",
	[VPC_ROUTE_A_KIND]	= "the kind of the route is missing",
	[VPC_ROUTE_A_STATE]	= "the state is missing",
};

static const struct vpc_nl_object vpc_route_object = {
	.policy		= vpc_route_policy,
	.missing	= vpc_route_missing,
	.max		= VPC_ROUTE_A_MAX,
};

/* Attributes that say which route is meant. */
#define VPC_ROUTE_KEY	(BIT(VPC_ROUTE_A_VPC) | BIT(VPC_ROUTE_A_DST) | \
			 BIT(VPC_ROUTE_A_LEN))
#define VPC_ROUTE_LIKE	(VPC_ROUTE_KEY | BIT(VPC_ROUTE_A_KIND) | \
			 BIT(VPC_ROUTE_A_VIA) | BIT(VPC_ROUTE_A_PEER))
#define VPC_ROUTE_MAKE	(VPC_ROUTE_LIKE | BIT(VPC_ROUTE_A_EXPORT) | \
			 BIT(VPC_ROUTE_A_HASH) | BIT(VPC_ROUTE_A_STATE))

/* Parsing. */

static int vpc_nl_parse_key(struct nlattr **tb, struct vpc_route_key *key,
			    struct netlink_ext_ack *extack)
{
	unsigned int size = nla_len(tb[VPC_ROUTE_A_DST]);
	struct vpc_route_key masked;

	memset(key, 0, sizeof(*key));
	key->vpc = nla_get_u32(tb[VPC_ROUTE_A_VPC]);
	key->len = nla_get_u8(tb[VPC_ROUTE_A_LEN]);
	key->version = size == sizeof(struct in_addr) ? 4 : 6;
	if (size != sizeof(struct in_addr) && size != sizeof(struct in6_addr)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_DST],
				    "a prefix has 4 or 16 bytes");
		return -EINVAL;
	}
	if (key->len > size * 8) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_LEN],
				    "the prefix is longer than an address");
		return -EINVAL;
	}
	nla_memcpy(&key->prefix, tb[VPC_ROUTE_A_DST], size);
	masked = *key;
	vpc_fib_mask(&masked, &key->prefix, key->len);
	if (memcmp(&masked, key, sizeof(masked))) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_DST],
				    "the prefix has bits set behind its length");
		return -EINVAL;
	}
	return 0;
}

static int vpc_next_hop_order(const void *a, const void *b)
{
	return memcmp(&((const struct vpc_next_hop *)a)->sid,
		      &((const struct vpc_next_hop *)b)->sid,
		      sizeof(struct in6_addr));
}

static int vpc_nl_parse_via(const struct nlattr *attr, struct in6_addr *sid,
			    u16 *weight, struct netlink_ext_ack *extack)
{
	struct vpc_via via;

	nla_memcpy(&via, attr, sizeof(via));
	memcpy(sid, via.sid, sizeof(*sid));
	*weight = via.weight;
	if (vpc_nl_unicast6(sid))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "the SID is not a unicast address of the fabric");
	return -EADDRNOTAVAIL;
}

/* The last of the attributes that name a SID. */
static const struct nlattr *vpc_nl_via_of(const struct nlattr *nest,
					  const struct in6_addr *sid)
{
	const struct nlattr *attr, *found = nest;
	int rem;

	nla_for_each_nested(attr, nest, rem)
		if (nla_type(attr) == VPC_ROUTE_A_VIA &&
		    !memcmp(nla_data(attr), sid, sizeof(*sid)))
			found = attr;
	return found;
}

static int vpc_nl_parse_hops(struct vpc_next_hops *hops, const struct nlattr *nest,
			     struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	unsigned int i = 0;
	int rem, err;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != VPC_ROUTE_A_VIA)
			continue;
		err = vpc_nl_parse_via(attr, &hops->hop[i].sid, &hops->hop[i].weight,
				       extack);
		if (err)
			return err;
		i++;
	}
	sort(hops->hop, i, sizeof(hops->hop[0]), vpc_next_hop_order, NULL);
	while (--i)
		if (!vpc_next_hop_order(&hops->hop[i], &hops->hop[i - 1])) {
			NL_SET_ERR_MSG_ATTR(extack, vpc_nl_via_of(nest, &hops->hop[i].sid),
					    "the route has a next hop twice");
			return -EEXIST;
		}
	return 0;
}

static int vpc_nl_parse_vias(struct vpc_route *route, const struct nlattr *nest,
			     bool make, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr, *last = NULL;
	unsigned int n = 0;
	int rem, err;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != VPC_ROUTE_A_VIA)
			continue;
		last = attr;
		n++;
	}
	if (!n || n > VPC_MAX_NEXT_HOPS) {
		NL_SET_ERR_MSG_ATTR(extack, last ?: nest,
				    "a route of this kind has from 1 to 1024 next hops");
		return -EINVAL;
	}
	if (n == 1)
		return vpc_nl_parse_via(last, &route->sid, &route->weight, extack);

	route->hops = kvzalloc(struct_size(route->hops, hop, n), GFP_KERNEL_ACCOUNT);
	if (!route->hops) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "no memory for the route");
		return -ENOMEM;
	}
	route->hops->n = n;
	err = vpc_nl_parse_hops(route->hops, nest, extack);
	if (!err && make)
		vpc_pick_fill(route->hops->slot, route->hops->hop, n);
	return err;
}

static int vpc_nl_parse_target(struct vpc_route *route, struct nlattr **tb,
			       const struct nlattr *nest, bool make,
			       struct netlink_ext_ack *extack)
{
	bool to_peer = route->kind == VPC_ROUTE_PEER;

	if (tb[VPC_ROUTE_A_VIA] && route->kind != VPC_ROUTE_VIA) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_VIA],
				    "a route of this kind has no next hops");
		return -EINVAL;
	}
	if (tb[VPC_ROUTE_A_HASH] && route->kind != VPC_ROUTE_VIA) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_HASH],
				    "a route of this kind picks nothing by a hash");
		return -EINVAL;
	}
	if (!tb[VPC_ROUTE_A_PEER] == to_peer) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_PEER] ?: nest,
				    "a route to a peer names it, and no other does");
		return -EINVAL;
	}
	if (route->kind == VPC_ROUTE_VIA)
		return vpc_nl_parse_vias(route, nest, make, extack);
	if (!to_peer)
		return 0;
	route->peer = nla_get_u32(tb[VPC_ROUTE_A_PEER]);
	if (route->peer == route->key.vpc) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_PEER],
				    "a VPC can't be its own peer");
		return -EINVAL;
	}
	if (tb[VPC_ROUTE_A_EXPORT]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VPC_ROUTE_A_EXPORT],
				    "peering is not transitive: a route to a peer can't be exported");
		return -EINVAL;
	}
	return 0;
}

static int vpc_nl_parse_route(struct vpc_route_item *it, const struct nlattr *nest,
			      u32 need, u32 allow, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VPC_ROUTE_A_MAX + 1];
	struct vpc_route *route;
	int err;

	it->attr = nest;
	err = vpc_nl_parse(tb, &vpc_route_object, nest, need, allow, extack);
	if (err)
		return err;
	route = kzalloc(sizeof(*route), GFP_KERNEL_ACCOUNT);
	if (!route) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "no memory for the route");
		return -ENOMEM;
	}
	it->route = route;
	it->now = nla_get_flag(tb[VPC_ROUTE_A_NOW]);
	it->state = tb[VPC_ROUTE_A_STATE] ? nla_get_u8(tb[VPC_ROUTE_A_STATE]) :
					    VPC_STATE_ACTIVE;
	err = vpc_nl_parse_key(tb, &route->key, extack);
	if (err)
		return err;
	if (tb[VPC_ROUTE_A_KIND])
		route->kind = nla_get_u8(tb[VPC_ROUTE_A_KIND]);
	route->hash = tb[VPC_ROUTE_A_HASH] ? nla_get_u8(tb[VPC_ROUTE_A_HASH]) :
					     VPC_HASH_L3;
	route->exported = nla_get_flag(tb[VPC_ROUTE_A_EXPORT]);
	return vpc_nl_parse_target(route, tb, nest, need & BIT(VPC_ROUTE_A_KIND),
				   extack);
}

struct vpc_route_items {
	struct vpc_route_item	*items;
	unsigned int		n;
};

/* What has been put into the table is no more the request's. */
static void vpc_nl_free_routes(struct vpc_route_items *list)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (list->items[i].route)
			vpc_route_free(list->items[i].route);
	kvfree(list->items);
}

static int vpc_nl_parse_routes(struct genl_info *info, u32 need, u32 allow,
			       struct vpc_route_items *list)
{
	const struct nlattr *nla;
	int rem, err;

	list->n = 0;
	list->items = vpc_nl_alloc_items(info, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	vpc_nl_for_each_object(nla, info, rem) {
		err = vpc_nl_parse_route(&list->items[list->n++], nla, need, allow,
					 info->extack);
		if (err) {
			vpc_nl_free_routes(list);
			return err;
		}
		cond_resched();
	}
	return 0;
}

/* Requests. */

static int vpc_nl_route_make(struct genl_info *info, bool replace)
{
	struct vpc_route_items list;
	int err;

	err = vpc_nl_parse_routes(info, VPC_ROUTE_KEY | BIT(VPC_ROUTE_A_KIND),
				  VPC_ROUTE_MAKE, &list);
	if (err)
		return err;
	err = vpc_routes_add(vpc_nl_net(info), list.items, list.n, replace,
			     info->extack);
	vpc_nl_free_routes(&list);
	return err;
}

int vpc_nl_route_add(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_route_make(info, false);
}

int vpc_nl_route_replace(struct sk_buff *skb, struct genl_info *info)
{
	return vpc_nl_route_make(info, true);
}

int vpc_nl_route_set(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_route_items list;
	int err;

	err = vpc_nl_parse_routes(info, VPC_ROUTE_KEY | BIT(VPC_ROUTE_A_STATE),
				  VPC_ROUTE_LIKE | BIT(VPC_ROUTE_A_STATE), &list);
	if (err)
		return err;
	err = vpc_routes_set(vpc_nl_net(info), list.items, list.n, info->extack);
	vpc_nl_free_routes(&list);
	return err;
}

int vpc_nl_route_del(struct sk_buff *skb, struct genl_info *info)
{
	struct vpc_route_items list;
	int err;

	err = vpc_nl_parse_routes(info, VPC_ROUTE_KEY,
				  VPC_ROUTE_LIKE | BIT(VPC_ROUTE_A_NOW), &list);
	if (err)
		return err;
	err = vpc_routes_del(vpc_nl_net(info), list.items, list.n, info->extack);
	vpc_nl_free_routes(&list);
	return err;
}

/* Answers. */

static int vpc_nl_put_via(struct sk_buff *skb, const struct in6_addr *sid, u16 weight)
{
	struct vpc_via via = { .weight = weight };

	memcpy(via.sid, sid, sizeof(via.sid));
	return nla_put(skb, VPC_ROUTE_A_VIA, sizeof(via), &via);
}

static int vpc_nl_put_vias(struct sk_buff *skb, const struct vpc_route *route,
			   const struct in6_addr *only)
{
	const struct vpc_next_hops *hops = route->hops;
	unsigned int i;
	int err = 0;

	if (route->kind != VPC_ROUTE_VIA)
		return 0;
	if (!hops)
		return vpc_nl_put_via(skb, &route->sid, route->weight);
	for (i = 0; i < hops->n && !err; i++)
		if (!only || ipv6_addr_equal(only, &hops->hop[i].sid))
			err = vpc_nl_put_via(skb, &hops->hop[i].sid,
					     hops->hop[i].weight);
	return err;
}

/**
 * vpc_nl_put_route - put a nest with a route
 * @skb: message
 * @attr: type of the nest
 * @route: the route
 * @only: the only next hop that is of interest, NULL for all
 */
int vpc_nl_put_route(struct sk_buff *skb, int attr, const struct vpc_route *route,
		     const struct in6_addr *only)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	unsigned int size = route->key.version == 4 ? sizeof(struct in_addr) :
						      sizeof(struct in6_addr);

	if (!nest ||
	    nla_put_u32(skb, VPC_ROUTE_A_VPC, route->key.vpc) ||
	    nla_put(skb, VPC_ROUTE_A_DST, size, &route->key.prefix) ||
	    nla_put_u8(skb, VPC_ROUTE_A_LEN, route->key.len) ||
	    nla_put_u8(skb, VPC_ROUTE_A_KIND, route->kind) ||
	    vpc_nl_put_vias(skb, route, only) ||
	    (route->kind == VPC_ROUTE_PEER &&
	     nla_put_u32(skb, VPC_ROUTE_A_PEER, route->peer)) ||
	    (route->exported && nla_put_flag(skb, VPC_ROUTE_A_EXPORT)) ||
	    (route->kind == VPC_ROUTE_VIA &&
	     nla_put_u8(skb, VPC_ROUTE_A_HASH, route->hash)) ||
	    nla_put_u8(skb, VPC_ROUTE_A_STATE, READ_ONCE(route->state)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int vpc_nl_fill_route(struct sk_buff *skb, const void *arg)
{
	return vpc_nl_put_route(skb, VPC_A_ROUTE, arg, NULL);
}

/* Bytes of a message with a route, at most. */
static size_t vpc_nl_route_size(unsigned int next_hops)
{
	return 128 + nla_total_size(sizeof(struct vpc_via)) * next_hops;
}

/**
 * vpc_nl_route_event - a route has changed
 * @vn: its namespace; the lock is held
 * @route: the route
 * @event: &enum vpc_event
 */
void vpc_nl_route_event(struct vpc_net *vn, const struct vpc_route *route, u8 event)
{
	vpc_nl_event(vn, VPC_CMD_ROUTE_NTF, event,
		     vpc_nl_route_size(route->hops ? route->hops->n : 1),
		     vpc_nl_fill_route, route);
}

/**
 * struct vpc_nl_routes - a dump of routes
 * @walk: where it stands
 * @key: only of this VPC and prefix, or of this VPC if @version is 0
 * @shown: how many of a prefix have been
 */
struct vpc_nl_routes {
	struct vpc_nl_walk	walk;
	struct vpc_route_key	key;
	unsigned int		shown;
};

static int vpc_nl_dump_route(struct sk_buff *skb, struct netlink_callback *cb,
			     struct vpc_nl_walk *walk, void *entry)
{
	struct vpc_nl_routes *dump = container_of(walk, struct vpc_nl_routes, walk);
	const struct vpc_route *route = entry;

	if (dump->key.vpc && route->key.vpc != dump->key.vpc)
		return 0;
	return vpc_nl_dump_one(skb, cb, VPC_CMD_ROUTE_GET, vpc_nl_fill_route, route);
}

static int vpc_nl_routes_filter(struct netlink_callback *cb, struct vpc_route_key *key)
{
	struct nlattr *tb[VPC_ROUTE_A_MAX + 1];
	const struct nlattr *nest;
	int err;

	err = vpc_nl_dump_about(cb, VPC_A_ROUTE, &nest);
	if (err || !nest)
		return err;
	err = vpc_nl_parse(tb, &vpc_route_object, nest, BIT(VPC_ROUTE_A_VPC),
			   VPC_ROUTE_KEY, cb->extack);
	if (err)
		return err;
	key->vpc = nla_get_u32(tb[VPC_ROUTE_A_VPC]);
	if (!tb[VPC_ROUTE_A_DST] && !tb[VPC_ROUTE_A_LEN])
		return 0;
	err = vpc_nl_parse(tb, &vpc_route_object, nest, VPC_ROUTE_KEY, 0, cb->extack);
	return err ?: vpc_nl_parse_key(tb, key, cb->extack);
}

int vpc_nl_route_start(struct netlink_callback *cb)
{
	/* The largest fits whatever the receiver's first buffer was. */
	cb->min_dump_alloc = vpc_nl_route_size(VPC_MAX_NEXT_HOPS);
	return 0;
}

static int vpc_nl_routes_begin(struct netlink_callback *cb)
{
	struct vpc_net *vn = vpc_net(sock_net(cb->skb->sk));
	struct vpc_nl_routes *dump;
	int err;

	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump) {
		NL_SET_ERR_MSG(cb->extack, "no memory for the dump");
		return -ENOMEM;
	}
	err = vpc_nl_routes_filter(cb, &dump->key);
	if (err) {
		kfree(dump);
		return err;
	}
	dump->walk.put = vpc_nl_dump_route;
	vpc_nl_walk_start(cb, &dump->walk, &vn->tables.fib.ht);
	return 0;
}

/* Those of one prefix are looked up. */
static int vpc_nl_dump_prefix(struct sk_buff *skb, struct netlink_callback *cb,
			      struct vpc_nl_routes *dump)
{
	struct vpc_net *vn = vpc_net(sock_net(skb->sk));
	const struct vpc_route *route;
	unsigned int n = 0;
	int err = 0;

	mutex_lock(&vn->lock);
	cb->seq = vn->tables.changes ?: 1;
	for (route = vpc_fib_all(&vn->tables, &dump->key); route;
	     route = vpc_fib_sibling(route)) {
		if (n++ < dump->shown)
			continue;
		err = vpc_nl_dump_one(skb, cb, VPC_CMD_ROUTE_GET, vpc_nl_fill_route,
				      route);
		if (err)
			break;
		dump->shown++;
	}
	mutex_unlock(&vn->lock);
	return skb->len ?: err;
}

int vpc_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	int err = cb->args[0] ? 0 : vpc_nl_routes_begin(cb);
	struct vpc_nl_routes *dump;

	if (err)
		return err;
	dump = container_of((struct vpc_nl_walk *)cb->args[0], struct vpc_nl_routes, walk);
	return dump->key.version ? vpc_nl_dump_prefix(skb, cb, dump) :
				   vpc_nl_walk_dump(skb, cb);
}
