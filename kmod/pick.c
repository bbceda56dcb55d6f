// SPDX-License-Identifier: GPL-2.0
/*
 * Which one of several next hops a packet takes: weighted rendezvous hashing
 * (Thaler and Ravishankar, 1998) over a fixed number of slots.  A slot is won
 * by the next hop with the best score there, whatever the others are: when one
 * goes, only what it had is shared out anew.
 */

#include <linux/in.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "pick.h"

#define VPC_PICK_GOLDEN		0x9e3779b97f4a7c15ULL

/* Bits behind the point of a logarithm. */
#define VPC_PICK_FRACTION	24

/* The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): a bijection. */
static u64 vpc_pick_mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static u64 vpc_pick_add(u64 hash, u64 word)
{
	return vpc_pick_mix((hash ^ word) + VPC_PICK_GOLDEN);
}

static u64 vpc_pick_add_in6(u64 hash, const struct in6_addr *addr)
{
	const __be32 *w = addr->s6_addr32;

	hash = vpc_pick_add(hash, (u64)ntohl(w[0]) << 32 | ntohl(w[1]));
	return vpc_pick_add(hash, (u64)ntohl(w[2]) << 32 | ntohl(w[3]));
}

/**
 * struct vpc_pick_flow - what of a packet is hashed
 * @src: overlay source, where its bytes are
 * @dst: overlay destination
 * @ports: source port (16 bits), destination port (16 bits)
 * @proto: IP protocol
 * @has_ports: @proto and @ports count
 */
struct vpc_pick_flow {
	const void	*src;
	const void	*dst;
	u32		ports;
	u8		proto;
	bool		has_ports;
};

static void vpc_pick_ports(struct vpc_pick_flow *flow, u8 proto, const void *l4,
			   unsigned int len)
{
	__be32 ports;

	if (len < sizeof(ports) || (proto != IPPROTO_TCP &&
				    proto != IPPROTO_UDP && proto != IPPROTO_SCTP))
		return;
	memcpy(&ports, l4, sizeof(ports));
	flow->ports = ntohl(ports);
	flow->proto = proto;
	flow->has_ports = true;
}

/* Of the packet that an ICMP error quotes, as it would come back. */
static void vpc_pick_reverse(struct vpc_pick_flow *flow)
{
	swap(flow->src, flow->dst);
	flow->ports = flow->ports << 16 | flow->ports >> 16;
}

static bool vpc_pick_quoted4(struct vpc_pick_flow *flow, const struct vpc_pkt *pkt,
			     const void *quote, unsigned int len)
{
	const struct iphdr *ip = quote;
	unsigned int hlen;

	if (len < sizeof(*ip) || ip->version != 4 || ip->saddr != pkt->dst.v4)
		return false;
	flow->src = &ip->saddr;
	flow->dst = &ip->daddr;
	hlen = ip->ihl * 4;
	if (hlen >= sizeof(*ip) && hlen <= len &&
	    !(ip->frag_off & htons(VPC_FRAG_OFFSET | VPC_FRAG_MF)))
		vpc_pick_ports(flow, ip->protocol, quote + hlen, len - hlen);
	vpc_pick_reverse(flow);
	return true;
}

static bool vpc_pick_quoted6(struct vpc_pick_flow *flow, const struct vpc_pkt *pkt,
			     const void *quote, unsigned int len)
{
	const struct ipv6hdr *ip = quote;

	if (len < sizeof(*ip) || ip->version != 6 ||
	    memcmp(&ip->saddr, &pkt->dst.v6, sizeof(ip->saddr)))
		return false;
	flow->src = &ip->saddr;
	flow->dst = &ip->daddr;
	vpc_pick_ports(flow, ip->nexthdr, quote + sizeof(*ip), len - sizeof(*ip));
	vpc_pick_reverse(flow);
	return true;
}

/* An ICMP error goes to where the packet went that it quotes. */
static bool vpc_pick_quoted(struct vpc_pick_flow *flow, const struct vpc_pkt *pkt,
			    const u8 *icmp, unsigned int len)
{
	if (len < 8)
		return false;
	if (pkt->version == 6)
		return pkt->proto == IPPROTO_ICMPV6 && icmp[0] < 128 &&
		       vpc_pick_quoted6(flow, pkt, icmp + 8, len - 8);
	switch (pkt->proto == IPPROTO_ICMP ? icmp[0] : 0) {
	case 3:		/* destination unreachable */
	case 4:		/* source quench */
	case 5:		/* redirect */
	case 11:	/* time exceeded */
	case 12:	/* parameter problem */
		return vpc_pick_quoted4(flow, pkt, icmp + 8, len - 8);
	}
	return false;
}

/**
 * vpc_pick_hash - the hash of a packet's flow
 * @pkt: the packet
 * @l4: its transport header
 * @len: bytes of it at hand
 * @how: &enum vpc_hash
 *
 * Fragments hash by their addresses alone, so that with %VPC_HASH_L3 all of a
 * datagram, and all of a flow, go one way.
 */
u64 vpc_pick_hash(const struct vpc_pkt *pkt, const void *l4, unsigned int len,
		  u8 how)
{
	struct vpc_pick_flow flow = { .src = &pkt->src, .dst = &pkt->dst };
	u64 hash = 0;

	if (!vpc_pkt_fragment(pkt) && !vpc_pick_quoted(&flow, pkt, l4, len))
		vpc_pick_ports(&flow, pkt->proto, l4, len);
	if (pkt->version == 4) {
		__be32 src, dst;

		memcpy(&src, flow.src, sizeof(src));
		memcpy(&dst, flow.dst, sizeof(dst));
		hash = vpc_pick_add(hash, (u64)ntohl(src) << 32 | ntohl(dst));
	} else {
		struct in6_addr src, dst;

		memcpy(&src, flow.src, sizeof(src));
		memcpy(&dst, flow.dst, sizeof(dst));
		hash = vpc_pick_add_in6(hash, &src);
		hash = vpc_pick_add_in6(hash, &dst);
	}
	if (how == VPC_HASH_L4 && flow.has_ports)
		hash = vpc_pick_add(hash, (u64)flow.proto << 32 | flow.ports);
	return hash;
}

/* Binary logarithm in fixed point, rounded down; 0 counts as 1. */
static u64 vpc_pick_log2(u64 x)
{
	unsigned int bit, exponent = 63;
	u64 log, m;

	x = x ?: 1;
	while (!(x >> exponent))
		exponent--;
	/* The mantissa, from 1 to 2, with 31 bits behind the point. */
	m = exponent > 31 ? x >> (exponent - 31) : x << (31 - exponent);
	log = exponent;
	for (bit = 0; bit < VPC_PICK_FRACTION; bit++) {
		m = m * m >> 31;
		log = log << 1 | m >> 32;
		m >>= m >> 32;
	}
	return log;
}

/* What a score costs: -log2(score / 2^64), which is to be small. */
static u64 vpc_pick_cost(u64 score)
{
	return (64ULL << VPC_PICK_FRACTION) - vpc_pick_log2(score);
}

/**
 * struct vpc_pick_bid - a next hop that would have a slot
 * @score: its score there
 * @cost: what that costs; 0 if not known yet
 * @weight: its weight
 * @place: its place among the next hops
 */
struct vpc_pick_bid {
	u64	score;
	u64	cost;
	u16	weight;
	u16	place;
};

/* The one that bids is no heavier than the best so far: with a score that is no
 * greater it loses, and no logarithm is needed.
 */
static bool vpc_pick_beats(struct vpc_pick_bid *bid, struct vpc_pick_bid *best)
{
	if (bid->score <= best->score)
		return false;
	if (bid->weight == best->weight)
		return true;
	if (!best->cost)
		best->cost = vpc_pick_cost(best->score);
	bid->cost = vpc_pick_cost(bid->score);
	return bid->cost * best->weight <= best->cost * bid->weight;
}

static u16 vpc_pick_winner(unsigned int slot, const struct vpc_next_hop *hops,
			   unsigned int n)
{
	struct vpc_pick_bid best = { .place = VPC_PICK_NONE };
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct vpc_next_hop *hop = &hops[hops[i].order];
		struct vpc_pick_bid bid = {
			.score = vpc_pick_mix(hop->key + slot * VPC_PICK_GOLDEN),
			.weight = hop->weight,
			.place = hops[i].order,
		};

		if (!bid.weight)
			break;
		if (best.place == VPC_PICK_NONE || vpc_pick_beats(&bid, &best))
			best = bid;
	}
	return best.place;
}

/* The heaviest first; of those that weigh the same, the one with the smaller SID, as
 * it wins a tie.
 */
static void vpc_pick_sort(struct vpc_next_hop *hops, unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		for (j = i; j && hops[hops[j - 1].order].weight < hops[i].weight; j--)
			hops[j].order = hops[j - 1].order;
		hops[j].order = i;
	}
}

/* Slots that are shared out before others have their turn. */
#define VPC_PICK_BATCH		256

/**
 * vpc_pick_fill - share the slots out
 * @slots: VPC_PICK_SLOTS of them: set to places in @hops, or VPC_PICK_NONE
 * @hops: the next hops, sorted by SID, so that a tie is the first one's
 * @n: how many
 */
void vpc_pick_fill(u16 *slots, struct vpc_next_hop *hops, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		hops[i].key = vpc_pick_add_in6(0, &hops[i].sid);
	vpc_pick_sort(hops, n);
	for (i = 0; i < VPC_PICK_SLOTS; i++) {
		if (!(i % VPC_PICK_BATCH))
			cond_resched();
		slots[i] = vpc_pick_winner(i, hops, n);
	}
}
