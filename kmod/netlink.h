/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink: the family, and what its parts share. */
#ifndef _VPC_NETLINK_H
#define _VPC_NETLINK_H

#include <net/genetlink.h>

#include "endpoint.h"

extern struct genl_family vpc_genl_family;

static inline struct vpc_net *vpc_nl_net(struct genl_info *info)
{
	return vpc_net(genl_info_net(info));
}

int vpc_nl_put_counters(struct sk_buff *skb, int attr,
			const struct vpc_counters *counters);
int vpc_nl_reply(struct genl_info *info, u8 cmd, size_t size,
		 int (*fill)(struct sk_buff *skb, const void *arg),
		 const void *arg);
void vpc_nl_event(struct vpc_net *vn, u8 cmd, u8 event, size_t size,
		  int (*fill)(struct sk_buff *skb, const void *arg),
		  const void *arg);

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
int vpc_nl_endpoint_start(struct netlink_callback *cb);
int vpc_nl_endpoint_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vpc_nl_endpoint_done(struct netlink_callback *cb);
void vpc_nl_endpoint_event(struct vpc_net *vn, struct vpc_endpoint *ep, u8 event);
int vpc_nl_vpc_get(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_vpc_dump(struct sk_buff *skb, struct netlink_callback *cb);

void vpc_nl_keys_event(struct vpc_edge *edge);
int vpc_nl_edge_rekey(struct sk_buff *skb, struct genl_info *info);
int vpc_nl_parse_prefix(const struct nlattr *attr, struct vpc_prefix *p,
			struct netlink_ext_ack *extack);
int vpc_nl_put_prefix(struct sk_buff *skb, int type, const struct vpc_prefix *p);

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
