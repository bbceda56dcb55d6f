/* SPDX-License-Identifier: GPL-2.0 */
/* The endpoint device: a VM's or container's NIC, a netdevice of kind "vpc". */
#ifndef _VPC_NIC_H
#define _VPC_NIC_H

#include "edge.h"

/**
 * struct vpc_bucket - a token bucket per device and CPU, for ICMP errors
 * @stamp: jiffies of the last refill
 * @tokens: errors that may be sent
 */
struct vpc_bucket {
	unsigned long	stamp;
	u32		tokens;
};

/**
 * struct vpc_nic - an endpoint device
 * @dev: the netdevice
 * @edge: its edge, for as long as it lives
 * @ep: the endpoint; another one after a change, NULL when it is going
 * @counters: what it sent and got, and the drops on the way
 * @bucket: how many ICMP errors it may be sent
 * @list: in vpc_edge.nics
 * @follow: listed by vpc_edge_follow(), or empty; under rtnl
 * @vpc: VPC id
 * @name: what it was made as; its tenant may have renamed it
 * @edge_tracker: of the reference to @edge->dev
 */
struct vpc_nic {
	struct net_device		*dev;
	struct vpc_edge			*edge;
	struct vpc_endpoint __rcu	*ep;
	struct vpc_counters __percpu	*counters;
	struct vpc_bucket __percpu	*bucket;
	struct list_head		list;
	struct list_head		follow;
	u32				vpc;
	char				name[IFNAMSIZ];
	netdevice_tracker		edge_tracker;
};

extern const struct net_device_ops vpc_nic_netdev_ops;

static inline bool vpc_is_nic(const struct net_device *dev)
{
	return dev->netdev_ops == &vpc_nic_netdev_ops;
}

struct net_device *vpc_nic_create(struct vpc_edge *edge, struct net *net,
				  const char *name, const struct vpc_endpoint *ep,
				  struct netlink_ext_ack *extack);
void vpc_nic_delete(struct net_device *dev, struct list_head *head);
void vpc_nic_deliver(struct vpc_nic *nic, struct sk_buff *skb, bool queue);

int vpc_nic_init(void);
void vpc_nic_exit(void);

#endif /* _VPC_NIC_H */
