// SPDX-License-Identifier: GPL-2.0
/* Counters, drops, and the snapshot that adds up. */

#include <linux/cpu.h>
#include <linux/slab.h>

#include "nic.h"
#include "stats.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

#define VPC_NAME_COUNTER(id, name, text) \
	[VPC_COUNTER_##id] = name,
#define VPC_NAME_DROP(id, name, text) \
	[VPC_DROP_##id] = name,

static const char * const vpc_counter_names[__VPC_COUNTER_MAX] = {
	VPC_SOURCES(VPC_NAME_COUNTER)
	VPC_SINKS(VPC_NAME_COUNTER)
	VPC_BYTES(VPC_NAME_COUNTER)
	VPC_DROPS(VPC_NAME_DROP)
};

/**
 * vpc_counter_name - name of a counter
 * @which: index below __VPC_COUNTER_MAX
 *
 * Return: the name, or NULL for an index that is not used.
 */
const char *vpc_counter_name(enum vpc_counter which)
{
	return vpc_counter_names[which];
}

/* What the kernel's own drop monitor is told; its list is closed to modules. */
static enum skb_drop_reason vpc_core_reason(enum vpc_counter reason)
{
	switch (reason) {
	case VPC_DROP_NO_MEMORY:
		return SKB_DROP_REASON_NOMEM;
	case VPC_DROP_IP_CHECKSUM:
		return SKB_DROP_REASON_IP_CSUM;
	case VPC_DROP_IP_MALFORMED:
	case VPC_DROP_BAD_HEADER:
	case VPC_DROP_BAD_FORM:
	case VPC_DROP_BAD_INNER:
		return SKB_DROP_REASON_IP_INHDR;
	case VPC_DROP_NO_ROUTE:
	case VPC_DROP_FABRIC_ROUTE:
		return SKB_DROP_REASON_IP_OUTNOROUTES;
	case VPC_DROP_TOO_BIG:
		return SKB_DROP_REASON_PKT_TOO_BIG;
	case VPC_DROP_NOT_IP:
		return SKB_DROP_REASON_UNHANDLED_PROTO;
	default:
		return SKB_DROP_REASON_NOT_SPECIFIED;
	}
}

/**
 * vpc_drop - drop a packet, for a reason
 * @counters: the set that counted the packet when it came
 * @skb: the packet
 * @reason: VPC_DROP_...
 */
void vpc_drop(struct vpc_counters __percpu *counters, struct sk_buff *skb,
	      enum vpc_counter reason)
{
	unsigned int segs = vpc_segs(skb);

	vpc_count(counters, reason, segs);
	trace_vpc_drop(skb, segs, reason);
	kfree_skb_reason(skb, vpc_core_reason(reason));
}

static void vpc_counters_add_cpu(struct vpc_counters *sum,
				 const struct vpc_counters __percpu *counters,
				 int cpu)
{
	const struct vpc_counters *c = per_cpu_ptr(counters, cpu);
	int i;

	for (i = 0; i < __VPC_COUNTER_MAX; i++)
		sum->n[i] += READ_ONCE(c->n[i]);
}

/**
 * vpc_counters_add - add up a set of all CPUs
 * @sum: what to add it to
 * @counters: the set
 *
 * A packet that is under way is half counted: see vpc_stats_snapshot().
 */
void vpc_counters_add(struct vpc_counters *sum,
		      const struct vpc_counters __percpu *counters)
{
	int cpu;

	for_each_possible_cpu(cpu)
		vpc_counters_add_cpu(sum, counters, cpu);
}

/**
 * vpc_counters_add_sum - add what was added up before
 * @sum: what to add it to
 * @more: the other sum
 */
void vpc_counters_add_sum(struct vpc_counters *sum, const struct vpc_counters *more)
{
	int i;

	for (i = 0; i < __VPC_COUNTER_MAX; i++)
		sum->n[i] += more->n[i];
}

/* Runs of drops of one kind. */
static const struct vpc_drop_run {
	enum vpc_counter	first;
	enum vpc_counter	last;
	enum vpc_drop_kind	kind;
} vpc_drop_runs[] = {
	{ VPC_DROP_SRC_MAC, VPC_DROP_EDGE_DOWN, VPC_DROPPED_TX },
	{ VPC_DROP_NOT_FABRIC, VPC_DROP_VM_DOWN, VPC_DROPPED_RX },
	{ VPC_DROP_VM_BACKLOG, VPC_DROP_VM_BACKLOG, VPC_DROPPED_BACKLOG },
	{ VPC_DROP_NO_MEMORY, VPC_DROP_CHECKSUM_FAILED, VPC_DROPPED_ERROR },
	{ VPC_DROP_BLACKHOLE, VPC_DROP_PEER_ROUTE, VPC_DROPPED_TX },
	{ VPC_DROP_MISSING_KEY, VPC_DROP_EXHAUSTED, VPC_DROPPED_TX },
	{ VPC_DROP_CRYPTO_FAILED, VPC_DROP_CRYPTO_FAILED, VPC_DROPPED_ERROR },
	{ VPC_DROP_UNKNOWN_SPI, VPC_DROP_WRONG_HOP, VPC_DROPPED_RX },
};

/**
 * vpc_counters_dropped - add up the drops of a kind
 * @sum: the counters
 * @kind: the kind
 */
u64 vpc_counters_dropped(const struct vpc_counters *sum, enum vpc_drop_kind kind)
{
	const struct vpc_drop_run *run;
	u64 dropped = 0;
	int i;

	/* Each drop is of one run. */
	BUILD_BUG_ON(VPC_DROP_WRONG_HOP != VPC_COUNTER_MAX);
	for (run = vpc_drop_runs; run < vpc_drop_runs + ARRAY_SIZE(vpc_drop_runs); run++)
		if (run->kind == kind)
			for (i = run->first; i <= run->last; i++)
				dropped += sum->n[i];
	return dropped;
}

/**
 * vpc_counters_stats64 - what a netdevice's statistics make of counters
 * @sum: the counters
 * @stats: set, but for VPC_DROPPED_BACKLOG; as a VM sees its own NIC: what it sends
 *	is transmitted
 */
void vpc_counters_stats64(const struct vpc_counters *sum, struct rtnl_link_stats64 *stats)
{
	stats->tx_packets = sum->n[VPC_COUNTER_FROM_VM];
	stats->tx_bytes = sum->n[VPC_COUNTER_BYTES_FROM_VM];
	stats->rx_packets = sum->n[VPC_COUNTER_TO_VM];
	stats->rx_bytes = sum->n[VPC_COUNTER_BYTES_TO_VM];
	stats->tx_dropped = vpc_counters_dropped(sum, VPC_DROPPED_TX);
	stats->rx_dropped = vpc_counters_dropped(sum, VPC_DROPPED_RX);
	stats->tx_errors = vpc_counters_dropped(sum, VPC_DROPPED_ERROR);
}

/* Per CPU: what a snapshot found there. */
struct vpc_snapshot {
	struct work_struct	work;
	struct vpc_net		*vn;
	struct vpc_counters	sum;
};

static void vpc_snapshot_add(struct vpc_snapshot *s, int cpu)
{
	struct vpc_edge *edge;
	struct vpc_nic *nic;

	/* No packet is under way on this CPU while bottom halves are off. */
	local_bh_disable();
	list_for_each_entry(edge, &s->vn->counting, counting) {
		vpc_counters_add_cpu(&s->sum, edge->counters, cpu);
		list_for_each_entry(nic, &edge->nics, list)
			vpc_counters_add_cpu(&s->sum, nic->counters, cpu);
	}
	local_bh_enable();
}

static void vpc_snapshot_work(struct work_struct *work)
{
	vpc_snapshot_add(container_of(work, struct vpc_snapshot, work),
			 smp_processor_id());
}

/**
 * vpc_stats_snapshot - the namespace's counters, no packet half counted
 * @vn: the namespace; its lock is held
 * @sum: set to the sum of everything
 *
 * Each CPU adds up its own counters while it can't be in the midst of a
 * packet.  A packet is counted by one CPU from its coming to its going, so the
 * sum of such sums is balanced under any traffic.
 *
 * Return: 0 or -ENOMEM.
 */
int vpc_stats_snapshot(struct vpc_net *vn, struct vpc_counters *sum)
{
	struct vpc_snapshot __percpu *snap;
	struct vpc_edge *edge;
	int cpu;

	snap = alloc_percpu(struct vpc_snapshot);
	if (!snap)
		return -ENOMEM;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		struct vpc_snapshot *s = per_cpu_ptr(snap, cpu);

		s->vn = vn;
		INIT_WORK(&s->work, vpc_snapshot_work);
		if (cpu_online(cpu))
			schedule_work_on(cpu, &s->work);
		else
			vpc_snapshot_add(s, cpu);
	}
	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(snap, cpu)->work);
	cpus_read_unlock();

	*sum = vn->gone;
	list_for_each_entry(edge, &vn->counting, counting)
		vpc_counters_add_sum(sum, &edge->gone);
	for_each_possible_cpu(cpu)
		vpc_counters_add_sum(sum, &per_cpu_ptr(snap, cpu)->sum);
	free_percpu(snap);
	return 0;
}
