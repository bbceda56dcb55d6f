/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink: the family, and what its parts share. */
#ifndef _VPC_NETLINK_H
#define _VPC_NETLINK_H

#include <net/genetlink.h>

#include "endpoint.h"
#include "route.h"

extern struct genl_family vpc_genl_family;

static inline struct vpc_net *vpc_nl_net(struct genl_info *info)
{
	return vpc_net(genl_info_net(info));
}

int vpc_nl_put_counters(struct sk_buff *skb, int attr,
			const struct vpc_counters *counters);
int vpc_nl_put_name(struct sk_buff *skb, int attr, const struct net_device *dev);
int vpc_nl_reply(struct genl_info *info, u8 cmd, size_t size,
		 int (*fill)(struct sk_buff *skb, const void *arg),
		 const void *arg);
void vpc_nl_event(struct vpc_net *vn, u8 cmd, u8 event, size_t size,
		  int (*fill)(struct sk_buff *skb, const void *arg),
		  const void *arg);

/* The objects of a request, which are all of its command's kind. */
#define vpc_nl_for_each_object(nla, info, rem) \
	nlmsg_for_each_attr(nla, (info)->nlhdr, GENL_HDRLEN, rem)

void *vpc_nl_alloc_items(struct genl_info *info, size_t size);

/**
 * struct vpc_nl_object - a kind of objects in requests
 * @policy: of its attributes
 * @missing: by attribute that a request may need, what to say if it is not there
 * @max: the last attribute, below 32
 */
struct vpc_nl_object {
	const struct nla_policy	*policy;
	const char		*const *missing;
	int			max;
};

int vpc_nl_parse(struct nlattr **tb, const struct vpc_nl_object *object,
		 const struct nlattr *nest, u32 need, u32 allow,
		 struct netlink_ext_ack *extack);
bool vpc_nl_unicast6(const struct in6_addr *addr);

/**
 * struct vpc_nl_walk - where a dump of a hash table stands
 * @iter: the entry that is next
 * @put: puts an entry, if it is asked for; -EMSGSIZE if it does not fit
 *
 * The table may change between the parts of a dump.  A dump that saw a change is
 * marked NLM_F_DUMP_INTR: only one without the mark is complete.
 */
struct vpc_nl_walk {
	struct rhashtable_iter	iter;
	int (*put)(struct sk_buff *skb, struct netlink_callback *cb,
		   struct vpc_nl_walk *walk, void *entry);
};

int vpc_nl_dump_about(struct netlink_callback *cb, int kind, const struct nlattr **nest);
void vpc_nl_walk_start(struct netlink_callback *cb, struct vpc_nl_walk *walk,
		       struct rhashtable *ht);
int vpc_nl_walk_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vpc_nl_walk_done(struct netlink_callback *cb);
int vpc_nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    int (*fill)(struct sk_buff *skb, const void *arg),
		    const void *arg);

extern struct netlink_range_validation vpc_id_range;

/* nl_edge.c */
int vpc_nl_edge_add(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_edge_set(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_edge_del(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_edge_get(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_edge_start(struct netlink_callback *cb);
int vpc_nl_edge_dump(struct sk_buff *skb, struct netlink_callback *cb);
void vpc_nl_edge_event(struct vpc_edge *edge, u8 event);

/* nl_endpoint.c */
int vpc_nl_endpoint_add(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_endpoint_replace(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_endpoint_set(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_endpoint_del(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_endpoint_get(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_endpoint_dump(struct sk_buff *skb, struct netlink_callback *cb);
void vpc_nl_endpoint_event(struct vpc_net *vn, struct vpc_endpoint *ep, u8 event);
int vpc_nl_vpc_get(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_vpc_dump(struct sk_buff *skb, struct netlink_callback *cb);

void vpc_nl_keys_event(struct vpc_edge *edge);
int vpc_nl_edge_rekey(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_parse_prefix(const struct nlattr *attr, struct vpc_prefix *p,
			struct netlink_ext_ack *extack);
int vpc_nl_put_prefix(struct sk_buff *skb, int type, const struct vpc_prefix *p);

/* nl_route.c */
int vpc_nl_route_add(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_route_replace(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_route_set(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_route_del(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_route_start(struct netlink_callback *cb);
int vpc_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb);
void vpc_nl_route_event(struct vpc_net *vn, const struct vpc_route *route, u8 event);
int vpc_nl_put_route(struct sk_buff *skb, int attr, const struct vpc_route *route,
		     const struct in6_addr *only);

/* nl_peer.c */
int vpc_nl_peer_add(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_peer_del(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_peer_dump(struct sk_buff *skb, struct netlink_callback *cb);
void vpc_nl_peer_event(struct vpc_net *vn, u32 vpc, u32 peer, u8 event);

/* nl_remote.c */
int vpc_nl_remote_add(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_remote_replace(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_remote_set(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_remote_del(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_remote_get(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_remote_start(struct netlink_callback *cb);
int vpc_nl_remote_dump(struct sk_buff *skb, struct netlink_callback *cb);
void vpc_nl_remote_event(struct vpc_net *vn, struct vpc_remote *remote, u8 event);

/* nl_trace.c */
int vpc_nl_trace(struct sk_buff *skb, struct genl_info *info);

int vpc_netlink_init(void);
void vpc_netlink_exit(void);

#endif /* _VPC_NETLINK_H */
