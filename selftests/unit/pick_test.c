// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/pick.c.  The vectors are those of Documentation/picking.rst, which another
 * program has computed: selftests/lib/pick.py.
 */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "inet.h"
#include "pick.h"
#include "tap.h"

#define MAX_HOPS	1000

static struct vpc_next_hop hops[MAX_HOPS];
static u16 slots[VPC_PICK_SLOTS], before[VPC_PICK_SLOTS];

static struct vpc_pkt packet(const char *src, const char *dst, u8 proto)
{
	struct vpc_pkt pkt = { .proto = proto };

	pkt.version = strchr(src, ':') ? 6 : 4;
	inet_pton(pkt.version == 4 ? AF_INET : AF_INET6, src, &pkt.src);
	inet_pton(pkt.version == 4 ? AF_INET : AF_INET6, dst, &pkt.dst);
	return pkt;
}

static void hash_vectors(void)
{
	static const struct {
		const char	*src, *dst;
		u8		proto;
		u16		sport, dport;
		u64		l3, l4;
	} vectors[] = {
		{ "10.0.0.10", "10.9.0.1", IPPROTO_TCP, 40000, 443,
		  0x0ba2cbc5ecfc7d3a, 0x8862c16ce1edbcf7 },
		{ "10.0.0.10", "10.9.0.1", IPPROTO_UDP, 53, 53,
		  0x0ba2cbc5ecfc7d3a, 0x4eb965ac0e3e2782 },
		{ "10.9.0.1", "10.0.0.10", IPPROTO_ICMP, 0x0800, 0,
		  0x29eac06c205ea1ac, 0x29eac06c205ea1ac },
		{ "fd01::10", "fd09::1", IPPROTO_TCP, 40000, 443,
		  0xa2ac8a4b8f6173bf, 0xc0dd44a3a6692f33 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct vpc_pkt pkt = packet(vectors[i].src, vectors[i].dst,
					    vectors[i].proto);
		u16 ports[4] = { htons(vectors[i].sport), htons(vectors[i].dport) };
		u64 hash;

		hash = vpc_pick_hash(&pkt, ports, sizeof(ports), VPC_HASH_L3);
		expect(hash == vectors[i].l3, "%u: l3 %016llx", i, hash);
		hash = vpc_pick_hash(&pkt, ports, sizeof(ports), VPC_HASH_L4);
		expect(hash == vectors[i].l4, "%u: l4 %016llx", i, hash);
		hash = vpc_pick_hash(&pkt, ports, 3, VPC_HASH_L4);
		expect(hash == vectors[i].l3, "%u: without all ports", i);
		if (pkt.version != 4)
			continue;
		pkt.frag_off = htons(VPC_FRAG_MF);
		hash = vpc_pick_hash(&pkt, ports, sizeof(ports), VPC_HASH_L4);
		expect(hash == vectors[i].l3, "%u: a fragment", i);
	}
}

/* An ICMP error about a packet of the flow goes where the flow goes. */
static void hash_of_errors(void)
{
	struct vpc_pkt flow4 = packet("10.0.0.10", "10.9.0.1", IPPROTO_TCP);
	struct vpc_pkt flow6 = packet("fd01::10", "fd09::1", IPPROTO_UDP);
	/* From a router somewhere, to the one who has sent the quoted packet. */
	struct vpc_pkt error4 = packet("10.0.7.7", "10.9.0.1", IPPROTO_ICMP);
	struct vpc_pkt error6 = packet("fd01::77", "fd09::1", IPPROTO_ICMPV6);
	u16 ports[2] = { htons(40000), htons(443) }, back[2] = { ports[1], ports[0] };
	struct {
		u8		icmp[8];
		struct iphdr	ip;
		u16		ports[2];
	} quote4 = { .icmp = { 3, 4 } };
	struct {
		u8		icmp[8];
		struct ipv6hdr	ip;
		u16		ports[2];
	} quote6 = { .icmp = { 2, 0 } };
	u64 want4[] = {
		vpc_pick_hash(&flow4, ports, 4, VPC_HASH_L3),
		vpc_pick_hash(&flow4, ports, 4, VPC_HASH_L4),
	}, want6 = vpc_pick_hash(&flow6, ports, 4, VPC_HASH_L4), got;

	quote4.ip.version = 4;
	quote4.ip.ihl = 5;
	quote4.ip.protocol = IPPROTO_TCP;
	quote4.ip.saddr = flow4.dst.v4;
	quote4.ip.daddr = flow4.src.v4;
	memcpy(quote4.ports, back, sizeof(back));
	got = vpc_pick_hash(&error4, &quote4, sizeof(quote4), VPC_HASH_L3);
	expect(got == want4[0], "IPv4, l3");
	got = vpc_pick_hash(&error4, &quote4, sizeof(quote4), VPC_HASH_L4);
	expect(got == want4[1], "IPv4, l4");
	quote4.icmp[0] = 8;
	got = vpc_pick_hash(&error4, &quote4, sizeof(quote4), VPC_HASH_L4);
	expect(got != want4[1], "an echo request quotes nothing");
	quote4.icmp[0] = 11;
	got = vpc_pick_hash(&error4, &quote4, sizeof(quote4) - 1, VPC_HASH_L4);
	expect(got == want4[0], "without all ports");
	quote4.ip.frag_off = htons(VPC_FRAG_MF);
	got = vpc_pick_hash(&error4, &quote4, sizeof(quote4), VPC_HASH_L4);
	expect(got == want4[0], "a quoted fragment");
	quote4.ip.saddr = flow4.src.v4;
	got = vpc_pick_hash(&error4, &quote4, sizeof(quote4), VPC_HASH_L3);
	expect(got != want4[0], "about a packet of somebody else");

	quote6.ip.version = 6;
	quote6.ip.nexthdr = IPPROTO_UDP;
	quote6.ip.saddr = flow6.dst.v6;
	quote6.ip.daddr = flow6.src.v6;
	memcpy(quote6.ports, back, sizeof(back));
	got = vpc_pick_hash(&error6, &quote6, sizeof(quote6), VPC_HASH_L4);
	expect(got == want6, "IPv6, l4");
	quote6.icmp[0] = 128;
	got = vpc_pick_hash(&error6, &quote6, sizeof(quote6), VPC_HASH_L4);
	expect(got != want6, "an IPv6 echo request quotes nothing");
}

static void set_hops(unsigned int n, const char * const *sids, const u16 *weights)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		inet_pton(AF_INET6, sids[i], &hops[i].sid);
		hops[i].weight = weights[i];
	}
}

static void slot_vectors(void)
{
	static const char * const sids[] = { "fd00::1:10", "fd00::1:20", "fd00::2:10" };
	static const struct {
		u16	weight[3];
		u16	first[16];
		unsigned int n[3];
	} vectors[] = {
		{ { 1, 1, 1 }, { 2, 1, 0, 0, 0, 1, 2, 0, 0, 0, 2, 1, 2, 0, 0, 1 },
		  { 5459, 5413, 5512 } },
		{ { 1, 2, 5 }, { 2, 2, 0, 1, 0, 1, 2, 2, 2, 0, 2, 2, 2, 0, 2, 1 },
		  { 2073, 4053, 10258 } },
		{ { 0, 3, 65535 }, { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 },
		  { 0, 0, 16384 } },
	};
	unsigned int i, j, n[3];

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		set_hops(3, sids, vectors[i].weight);
		vpc_pick_fill(slots, hops, 3);
		expect(!memcmp(slots, vectors[i].first, sizeof(vectors[i].first)),
		       "%u: the first slots", i);
		memset(n, 0, sizeof(n));
		for (j = 0; j < VPC_PICK_SLOTS; j++)
			n[slots[j]]++;
		expect(!memcmp(n, vectors[i].n, sizeof(n)), "%u: %u, %u, %u", i,
		       n[0], n[1], n[2]);
	}
	expect(hops[0].key == 0xa8e86684dfdd8501, "%016llx", hops[0].key);
	expect(vpc_pick_slot(0x0ba2cbc5ecfc7d3a) == 0x0ba2cbc5ecfc7d3a >> 50, "slot");
}

/* When one goes, nothing moves that it did not have; likewise when one comes. */
static void slots_stay(void)
{
	static const unsigned int sizes[] = { 2, 5, 1000 };
	unsigned int i, j, n, gone, moved, wrong;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		n = sizes[i];
		for (j = 0; j < n; j++) {
			memset(&hops[j].sid, 0, sizeof(hops[j].sid));
			hops[j].sid.s6_addr[0] = 0xfd;
			hops[j].sid.s6_addr[14] = j >> 8;
			hops[j].sid.s6_addr[15] = j;
			hops[j].weight = 1 + (n < 10 ? j : 0);
		}
		vpc_pick_fill(before, hops, n);
		gone = n / 2;
		hops[gone].weight = 0;
		vpc_pick_fill(slots, hops, n);
		moved = 0;
		wrong = 0;
		for (j = 0; j < VPC_PICK_SLOTS; j++) {
			moved += slots[j] != before[j];
			wrong += slots[j] == gone ||
				 (slots[j] != before[j] && before[j] != gone);
		}
		expect(!wrong, "of %u, %u slots moved for nothing", n, wrong);
		expect(moved, "of %u, nothing moved", n);
	}
	hops[0].weight = 0;
	vpc_pick_fill(slots, hops, 1);
	expect(slots[0] == VPC_PICK_NONE, "%u", slots[0]);
}

/* Shares as even as an ideal hash would make them: within five times the
 * deviation of that.
 */
static void shares_even(void)
{
	unsigned int n = 100, i, j, share[100] = { 0 };

	for (i = 0; i < n; i++) {
		memset(&hops[i].sid, 0, sizeof(hops[i].sid));
		hops[i].sid.s6_addr[0] = 0xfd;
		hops[i].sid.s6_addr[15] = i;
		hops[i].weight = 7;
	}
	vpc_pick_fill(slots, hops, n);
	for (j = 0; j < VPC_PICK_SLOTS; j++)
		share[slots[j]]++;
	for (i = 0; i < n; i++)
		expect(share[i] > 164 - 5 * 13 && share[i] < 164 + 5 * 13, "%u: %u", i,
		       share[i]);
}

/* Documentation/picking.rst once more, word by word and in the order of the SIDs. */

static u64 plain_mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static u64 plain_cost(u64 score)
{
	u64 x = score ? score : 1, m, d, log;
	int i, e = 63;

	while (!(x >> e & 1))
		e--;
	m = e > 31 ? x >> (e - 31) : x << (31 - e);
	log = e;
	for (i = 0; i < 24; i++) {
		m = m * m >> 31;
		d = m >> 32;
		log = 2 * log + d;
		m >>= d;
	}
	return (1 << 30) - log;
}

static u16 plain_winner(unsigned int slot, unsigned int n)
{
	u64 score, best_score = 0, a, b;
	u16 best = VPC_PICK_NONE;
	unsigned int i;
	bool wins;

	for (i = 0; i < n; i++) {
		if (!hops[i].weight)
			continue;
		score = plain_mix(hops[i].key + slot * 0x9e3779b97f4a7c15ULL);
		wins = best == VPC_PICK_NONE;
		if (!wins && hops[i].weight == hops[best].weight) {
			wins = score > best_score;
		} else if (!wins) {
			a = plain_cost(score) * hops[best].weight;
			b = plain_cost(best_score) * hops[i].weight;
			wins = a < b || (a == b && score > best_score);
		}
		if (wins) {
			best = i;
			best_score = score;
		}
	}
	return best;
}

/* The order in which next hops are looked at, and what is skipped, is not to be seen. */
static void as_specified(void)
{
	/* How many weights there are; few give ties, and so do two with one SID. */
	static const struct {
		unsigned int	n, weights, step;
	} cases[] = {
		{ 1, 2, 1 }, { 2, 3, 1 }, { 3, 65536, 1 }, { 7, 2, 1 }, { 16, 4, 1 },
		{ 40, 7, 1 }, { 40, 65536, 1 }, { 300, 300, 16 }, { 1000, 65536, 64 },
	};
	unsigned int i, j, wrong;
	u64 random = 1;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (j = 0; j < cases[i].n; j++) {
			memset(&hops[j], 0, sizeof(hops[j]));
			hops[j].sid.s6_addr[0] = 0xfd;
			hops[j].sid.s6_addr[14] = (j & ~1) >> 8;
			hops[j].sid.s6_addr[15] = j % 8 == 1 ? j - 1 : j;
			random = plain_mix(random + 0x9e3779b97f4a7c15ULL);
			hops[j].weight = random % cases[i].weights;
		}
		vpc_pick_fill(slots, hops, cases[i].n);
		wrong = 0;
		for (j = 0; j < VPC_PICK_SLOTS; j += cases[i].step)
			wrong += slots[j] != plain_winner(j, cases[i].n);
		expect(!wrong, "of %u, %u slots are another one's", cases[i].n, wrong);
	}
}

const struct unit_test pick_tests[] = {
	UNIT_TEST(hash_vectors),
	UNIT_TEST(hash_of_errors),
	UNIT_TEST(slot_vectors),
	UNIT_TEST(slots_stay),
	UNIT_TEST(shares_even),
	UNIT_TEST(as_specified),
	{ NULL, NULL },
};
