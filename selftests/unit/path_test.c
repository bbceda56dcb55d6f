// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/path.c over a table that is a list.  A small world is enough: few VPCs,
 * few addresses that all of them use, endpoints in every state.
 */

#include <stdio.h>

#include "path.h"
#include "tap.h"

#define NR_VPCS		3
#define NR_ADDRS	4	/* per IP version */
#define NR_ENDPOINTS	7

/* What has which address, in which state. */
struct entry {
	struct vpc_endpoint	*ep;
	u32			vpc;
	u8			version;
	union vpc_ip		ip;
	u8			state;
};

static struct vpc_endpoint endpoints[NR_ENDPOINTS];
static struct entry entries[64];
static unsigned int nr_entries;

static bool same_ip(u8 version, const union vpc_ip *a, const union vpc_ip *b)
{
	return !memcmp(a, b, version == 4 ? 4 : 16);
}

struct vpc_endpoint *vpc_addr_find(const struct vpc_tables *t, u32 vpc,
				   u8 version, const union vpc_ip *ip,
				   const struct in6_addr *at, bool *known)
{
	unsigned int i;

	(void)t;
	for (i = 0; i < nr_entries; i++) {
		const struct entry *e = &entries[i];

		if (e->vpc != vpc || e->version != version ||
		    !same_ip(version, &e->ip, ip) || e->state == VPC_STATE_DARK)
			continue;
		if (at ? !memcmp(&e->ep->sid.addr, at, sizeof(*at)) :
			 e->state == VPC_STATE_ACTIVE)
			return e->ep;
		*known = true;
	}
	return NULL;
}

bool vpc_endpoint_has(const struct vpc_endpoint *ep, u8 version,
		      const union vpc_ip *ip, u8 *state)
{
	unsigned int i;

	for (i = 0; i < nr_entries; i++) {
		if (entries[i].ep != ep || entries[i].version != version ||
		    !same_ip(version, &entries[i].ip, ip) ||
		    entries[i].state == VPC_STATE_DARK)
			continue;
		if (state)
			*state = entries[i].state;
		return true;
	}
	return false;
}

static union vpc_ip address(u8 version, unsigned int n)
{
	union vpc_ip ip;

	memset(&ip, 0, sizeof(ip));
	if (version == 4)
		ip.v4 = htonl(0x0a000000 + n);
	else
		ip.v6.s6_addr[15] = n;
	return ip;
}

static void add(unsigned int ep, u8 version, unsigned int n, u8 state)
{
	entries[nr_entries++] = (struct entry) {
		&endpoints[ep], endpoints[ep].sid.vpc, version,
		address(version, n), state,
	};
}

static void make_endpoints(void)
{
	unsigned int i;

	nr_entries = 0;
	memset(endpoints, 0, sizeof(endpoints));
	for (i = 0; i < NR_ENDPOINTS; i++) {
		endpoints[i].sid.addr.s6_addr[0] = 0xfd;
		endpoints[i].sid.addr.s6_addr[15] = i;
		endpoints[i].sid.vpc = 1000 + i % NR_VPCS;
	}
}

static struct vpc_pkt packet(u32 vpc, u8 version, unsigned int src,
			     unsigned int dst)
{
	struct vpc_pkt pkt = { .vpc = vpc, .version = version };

	pkt.src = address(version, src);
	pkt.dst = address(version, dst);
	return pkt;
}

static enum vpc_counter send(unsigned int from, u8 version, unsigned int src,
			     unsigned int dst, struct vpc_endpoint **to)
{
	struct vpc_pkt pkt = packet(endpoints[from].sid.vpc, version, src, dst);
	struct vpc_path path = { .src = &endpoints[from] };
	enum vpc_counter reason = vpc_path_send(NULL, &pkt, &path);

	expect(path.src == &endpoints[from], "the source stays");
	if (to)
		*to = path.dst;
	return reason;
}

static enum vpc_counter take(unsigned int at, u32 vpc, u8 version,
			     unsigned int src, unsigned int dst,
			     unsigned int from, struct vpc_endpoint **who)
{
	struct vpc_pkt pkt = packet(vpc, version, src, dst);
	struct vpc_path path = { .dst = &endpoints[at] };
	struct in6_addr sid = endpoints[0].sid.addr;
	enum vpc_counter reason;

	sid.s6_addr[15] = from;
	reason = vpc_path_accept(NULL, &pkt, &sid, &path);
	expect(path.dst == &endpoints[at], "the destination stays");
	if (who)
		*who = path.src;
	return reason;
}

/* Endpoints 0, 3 and 6 are of VPC 1000, and 1 and 4 of VPC 1001. */
static void small_world(void)
{
	make_endpoints();
	add(0, 4, 1, VPC_STATE_ACTIVE);
	add(0, 6, 1, VPC_STATE_ACTIVE);
	add(3, 4, 2, VPC_STATE_ACTIVE);
	add(3, 6, 2, VPC_STATE_ACTIVE);
	add(3, 4, 3, VPC_STATE_STANDBY);
	add(6, 4, 2, VPC_STATE_STANDBY);
	add(6, 6, 2, VPC_STATE_RETIRING);
	add(1, 4, 1, VPC_STATE_ACTIVE);
	add(4, 4, 2, VPC_STATE_ACTIVE);
}

static void path_send(void)
{
	struct vpc_endpoint *to;

	small_world();
	expect(!send(0, 4, 1, 2, &to) && to == &endpoints[3], "IPv4");
	expect(!send(0, 6, 1, 2, &to) && to == &endpoints[3], "IPv6");
	expect(!send(1, 4, 1, 2, &to) && to == &endpoints[4], "the same in VPC 1001");
	expect(send(0, 4, 2, 2, NULL) == VPC_DROP_SRC_ADDR, "source of another");
	expect(send(0, 4, 9, 2, NULL) == VPC_DROP_SRC_ADDR, "source of nobody");
	expect(send(1, 6, 1, 2, NULL) == VPC_DROP_SRC_ADDR, "no IPv6 source");
	expect(send(0, 4, 1, 9, NULL) == VPC_DROP_NO_ROUTE, "destination of nobody");
	expect(send(1, 4, 1, 3, NULL) == VPC_DROP_NO_ROUTE, "in VPC 1000 only");
	expect(send(0, 4, 1, 3, NULL) == VPC_DROP_NOT_ACTIVE, "standby");
	expect(!send(0, 4, 1, 1, &to) && to == &endpoints[0], "to itself");
}

static void path_accept(void)
{
	struct vpc_endpoint *who;

	small_world();
	expect(!take(0, 1000, 4, 2, 1, 3, &who) && who == &endpoints[3], "IPv4");
	expect(!take(0, 1000, 6, 2, 1, 3, &who) && who == &endpoints[3], "IPv6");
	expect(!take(0, 1000, 4, 2, 1, 6, &who) && who == &endpoints[6], "standby");
	expect(!take(0, 1000, 6, 2, 1, 6, &who) && who == &endpoints[6], "retiring");
	expect(take(0, 1001, 4, 2, 1, 4, NULL) == VPC_DROP_BAD_VPC, "VPC 1001");
	expect(take(0, 1000, 4, 2, 2, 3, NULL) == VPC_DROP_DST_SID, "at another SID");
	expect(take(0, 1000, 6, 2, 9, 3, NULL) == VPC_DROP_DST_SID, "at none");
	expect(take(0, 1000, 4, 9, 1, 3, NULL) == VPC_DROP_BAD_SRC, "unknown source");
	expect(take(0, 1000, 4, 2, 1, 0, NULL) == VPC_DROP_SRC_SID, "other SID");
	expect(take(0, 1000, 4, 2, 1, 4, NULL) == VPC_DROP_SRC_SID, "SID of VPC 1001");
	expect(take(0, 1000, 4, 2, 1, 99, NULL) == VPC_DROP_SRC_SID, "unknown SID");
	expect(take(0, 1000, 4, 3, 1, 6, NULL) == VPC_DROP_SRC_SID, "standby elsewhere");
}

static unsigned int rnd(unsigned int bound)
{
	static u64 state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % bound;
}

/* Over random worlds: a packet is taken exactly from the SIDs that its source
 * is at, and what one host sends the other takes.
 */
static void path_agreement(void)
{
	unsigned int world, i, at, from, src, dst, sent = 0, taken = 0;
	struct vpc_endpoint *to;
	enum vpc_counter reason;
	bool owns_src, owns_dst;
	u32 vpc;
	u8 version;

	for (world = 0; world < 400; world++) {
		make_endpoints();
		for (i = 0; i < 24; i++)
			add(rnd(NR_ENDPOINTS), rnd(2) ? 4 : 6, rnd(NR_ADDRS),
			    rnd(VPC_STATE_RETIRING + 1));
		for (i = 0; i < 2000; i++) {
			version = rnd(2) ? 4 : 6;
			from = rnd(NR_ENDPOINTS);
			at = rnd(NR_ENDPOINTS);
			src = rnd(NR_ADDRS);
			dst = rnd(NR_ADDRS);
			vpc = 1000 + rnd(NR_VPCS);

			if (!send(from, version, src, dst, &to)) {
				sent++;
				reason = take(to - endpoints, endpoints[from].sid.vpc,
					      version, src, dst, from, NULL);
				expect(!reason, "world %u: sent, but %d", world, reason);
			}

			owns_src = false;
			owns_dst = false;
			for (unsigned int j = 0; j < nr_entries; j++) {
				struct entry *e = &entries[j];
				union vpc_ip a = address(version, src);
				union vpc_ip b = address(version, dst);

				if (e->version != version || !e->state)
					continue;
				owns_src |= e->ep == &endpoints[from] &&
					    same_ip(version, &e->ip, &a);
				owns_dst |= e->ep == &endpoints[at] &&
					    same_ip(version, &e->ip, &b);
			}
			reason = take(at, vpc, version, src, dst, from, NULL);
			taken += !reason;
			expect(!reason == (owns_src && owns_dst &&
					   vpc == endpoints[at].sid.vpc &&
					   vpc == endpoints[from].sid.vpc),
			       "world %u: %d", world, reason);
		}
	}
	expect(sent > 1000 && taken > 1000, "%u sent, %u taken", sent, taken);
}

const struct unit_test path_tests[] = {
	UNIT_TEST(path_send),
	UNIT_TEST(path_accept),
	UNIT_TEST(path_agreement),
	{ NULL, NULL },
};
