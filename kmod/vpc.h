/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What belongs to a network namespace, and who locks what.
 *
 * rtnl		devices come and go; taken first
 * vn->lock	the tables, the list of edges, an edge's settings and its list
 *		of devices; taken inside rtnl, or alone
 * RCU		everything that packets look at
 *
 * Documentation/locking.rst tells the whole of it.
 */
#ifndef _VPC_H
#define _VPC_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rbtree.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "key.h"
#include "stats.h"
#include "table.h"

/**
 * struct vpc_net - the edges of a network namespace and what they share
 * @net: the namespace
 * @lock: see above
 * @tables: endpoints and VPCs
 * @route_gen: changes when remembered routes have to be looked up again
 * @edges: struct vpc_edge.list; RCU readers
 * @counting: struct vpc_edge.counting: @edges, and those that are going
 * @retiring: struct vpc_retiring by the end of its grace
 * @retire_work: ends the grace of what is retiring
 * @gone: what deleted edges have counted, with their devices
 * @rx_ops: the hook on incoming packets, while there is an edge
 * @crypt: keys and remotes; it has a lock of its own
 */
struct vpc_net {
	struct net			*net;
	struct mutex			lock;	/* of all that follows */
	struct vpc_tables		tables;
	u32				route_gen;
	struct list_head		edges;
	struct list_head		counting;
	struct rb_root_cached		retiring;
	struct delayed_work		retire_work;
	struct vpc_counters		gone;
	struct nf_hook_ops		rx_ops;
	struct vpc_crypt		crypt;
};

extern unsigned int vpc_net_id;
struct vpc_net *vpc_net(const struct net *net);

extern struct workqueue_struct *vpc_wq;

#endif /* _VPC_H */
