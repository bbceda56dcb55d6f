/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters.  Each endpoint device has a set per CPU, and so has each edge for
 * the packets that belong to no endpoint.  A packet is counted in one set when
 * it comes and in one set when it goes, by the same CPU and with bottom halves
 * off in between: that is why a snapshot that visits every CPU adds up.
 */
#ifndef _VPC_STATS_H
#define _VPC_STATS_H

#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/vpc.h>

struct rtnl_link_stats64;
struct vpc_net;

struct vpc_counters {
	u64 n[__VPC_COUNTER_MAX];
};

static inline void vpc_count(struct vpc_counters __percpu *counters,
			     enum vpc_counter which, u64 n)
{
	this_cpu_add(counters->n[which], n);
}

/* Wire segments that a packet stands for. */
static inline unsigned int vpc_segs(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? max_t(u16, skb_shinfo(skb)->gso_segs, 1) : 1;
}

const char *vpc_counter_name(enum vpc_counter which);
void vpc_drop(struct vpc_counters __percpu *counters, struct sk_buff *skb,
	      enum vpc_counter reason);

/* What a netdevice's statistics call a drop. */
enum vpc_drop_kind {
	VPC_DROPPED_TX,		/* on a VM's packet's way out */
	VPC_DROPPED_RX,		/* on a packet's way to a VM */
	VPC_DROPPED_BACKLOG,	/* likewise, and counted by the core for the device that waits */
	VPC_DROPPED_ERROR,	/* for want of something, either way */
};

u64 vpc_counters_dropped(const struct vpc_counters *sum, enum vpc_drop_kind kind);
void vpc_counters_stats64(const struct vpc_counters *sum, struct rtnl_link_stats64 *stats);
void vpc_counters_add_sum(struct vpc_counters *sum, const struct vpc_counters *more);
void vpc_counters_add(struct vpc_counters *sum,
		      const struct vpc_counters __percpu *counters);
int vpc_stats_snapshot(struct vpc_net *vn, struct vpc_counters *sum);

#endif /* _VPC_STATS_H */
