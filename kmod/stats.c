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
 * vpc_counters_sum - add up some counters of a set, over all CPUs
 * @counters: the set
 * @first: the first of them
 * @last: the last of them
 */
u64 vpc_counters_sum(const struct vpc_counters __percpu *counters,
		     enum vpc_counter first, enum vpc_counter last)
{
	const struct vpc_counters *c;
	u64 sum = 0;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(counters, cpu);
		for (i = first; i <= last; i++)
			sum += READ_ONCE(c->n[i]);
	}
	return sum;
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
 * vpc_counters_dropped - add up the drops of a kind, over all CPUs
 * @counters: the set
 * @kind: the kind
 */
u64 vpc_counters_dropped(const struct vpc_counters __percpu *counters,
			 enum vpc_drop_kind kind)
{
	const struct vpc_drop_run *run;
	u64 sum = 0;

	/* Each drop is of one run. */
	BUILD_BUG_ON(VPC_DROP_WRONG_HOP != VPC_COUNTER_MAX);
	for (run = vpc_drop_runs; run < vpc_drop_runs + ARRAY_SIZE(vpc_drop_runs); run++)
		if (run->kind == kind)
			sum += vpc_counters_sum(counters, run->first, run->last);
	return sum;
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
	int cpu, i;

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
	for_each_possible_cpu(cpu)
		for (i = 0; i < __VPC_COUNTER_MAX; i++)
			sum->n[i] += per_cpu_ptr(snap, cpu)->sum.n[i];
	free_percpu(snap);
	return 0;
}
