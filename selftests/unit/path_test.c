// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/path.c over tables that are lists.  A small world is enough: few VPCs, few
 * addresses that all of them use, endpoints and routes in every state.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "inet.h"
#include "path.h"
#include "tap.h"

#define NR_VPCS		3
#define NR_ADDRS	4	/* per IP version */
#define NR_ENDPOINTS	7
#define NR_ROUTES	12

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
static struct vpc_route routes[NR_ROUTES];
static unsigned int nr_routes;
static struct vpc_next_hops *two_hops[NR_ROUTES];
static u8 peers[NR_VPCS][NR_VPCS];

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

enum vpc_view vpc_addr_view(const struct vpc_tables *t, u32 vpc, u8 version,
			    const union vpc_ip *ip)
{
	enum vpc_view best = VPC_VIEWS, view;
	unsigned int i;

	(void)t;
	for (i = 0; i < nr_entries; i++) {
		view = vpc_state_view(entries[i].state);
		if (entries[i].vpc == vpc && entries[i].version == version &&
		    same_ip(version, &entries[i].ip, ip) && view < best)
			best = view;
	}
	return best;
}

struct vpc_sid *vpc_sid_find(const struct vpc_tables *t, const struct in6_addr *addr)
{
	unsigned int i;

	(void)t;
	for (i = 0; i < NR_ENDPOINTS; i++)
		if (!memcmp(&endpoints[i].sid.addr, addr, sizeof(*addr)))
			return &endpoints[i].sid;
	return NULL;
}

u8 vpc_peer_state(const struct vpc_tables *t, u32 vpc, u32 peer)
{
	(void)t;
	return peers[vpc - 1000][peer - 1000];
}

static bool route_matches(const struct vpc_route *route, u32 vpc, u8 version,
			  const union vpc_ip *ip)
{
	const u8 *a = (const u8 *)&route->key.prefix, *b = (const u8 *)ip;
	unsigned int i;

	if (route->key.vpc != vpc || route->key.version != version)
		return false;
	for (i = 0; i < route->key.len; i++)
		if ((a[i / 8] ^ b[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static bool route_counts(const struct vpc_route *route, const struct vpc_fib_query *query)
{
	return vpc_state_view(route->state) <= query->view &&
	       (!query->exported || (route->exported && route->kind != VPC_ROUTE_PEER)) &&
	       route_matches(route, query->vpc, query->version, query->ip);
}

struct vpc_route *vpc_fib_first(const struct vpc_tables *t,
				const struct vpc_fib_query *query)
{
	struct vpc_route *best = NULL, *route;

	(void)t;
	for (route = routes; route < routes + nr_routes; route++)
		if (route_counts(route, query) &&
		    (!best || route->key.len > best->key.len))
			best = route;
	return best;
}

struct vpc_route *vpc_fib_next(const struct vpc_route *from,
			       const struct vpc_fib_query *query)
{
	struct vpc_route *route;

	for (route = (struct vpc_route *)from + 1; route < routes + nr_routes; route++)
		if (route_counts(route, query) && route->key.len == from->key.len)
			return route;
	return NULL;
}

bool vpc_route_has_hop(const struct vpc_route *route, const struct in6_addr *sid)
{
	unsigned int i;

	if (route->kind != VPC_ROUTE_VIA)
		return false;
	if (!route->hops)
		return !memcmp(&route->sid, sid, sizeof(*sid));
	for (i = 0; i < route->hops->n; i++)
		if (!memcmp(&route->hops->hop[i].sid, sid, sizeof(*sid)))
			return true;
	return false;
}

const struct in6_addr *vpc_route_pick(const struct vpc_route *route,
				      const struct vpc_pkt *pkt, const void *l4,
				      unsigned int len)
{
	(void)pkt;
	(void)l4;
	(void)len;
	if (route->hops)
		return &route->hops->hop[1].sid;
	return route->weight ? &route->sid : NULL;
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
	nr_routes = 0;
	memset(routes, 0, sizeof(routes));
	memset(peers, 0, sizeof(peers));
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

static enum vpc_counter pass(unsigned int from, u8 version, unsigned int src,
			     unsigned int dst, struct vpc_endpoint **to)
{
	struct vpc_pkt pkt = packet(endpoints[from].sid.vpc, version, src, dst);
	struct vpc_path path = { .src = &endpoints[from] };
	enum vpc_counter reason = vpc_path_send(NULL, &pkt, NULL, 0, &path);

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

static enum vpc_counter take_pkt(unsigned int at, const struct vpc_pkt *pkt,
				 const struct in6_addr *from)
{
	struct vpc_path path = { .dst = &endpoints[at] };

	return vpc_path_accept(NULL, pkt, from, &path);
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
	expect(!pass(0, 4, 1, 2, &to) && to == &endpoints[3], "IPv4");
	expect(!pass(0, 6, 1, 2, &to) && to == &endpoints[3], "IPv6");
	expect(!pass(1, 4, 1, 2, &to) && to == &endpoints[4], "the same in VPC 1001");
	expect(pass(0, 4, 2, 2, NULL) == VPC_DROP_SRC_ADDR, "source of another");
	expect(pass(0, 4, 9, 2, NULL) == VPC_DROP_SRC_ADDR, "source of nobody");
	expect(pass(1, 6, 1, 2, NULL) == VPC_DROP_SRC_ADDR, "no IPv6 source");
	expect(pass(0, 4, 1, 9, NULL) == VPC_DROP_NO_ROUTE, "destination of nobody");
	expect(pass(1, 4, 1, 3, NULL) == VPC_DROP_NO_ROUTE, "in VPC 1000 only");
	expect(pass(0, 4, 1, 3, NULL) == VPC_DROP_NOT_ACTIVE, "standby");
	expect(!pass(0, 4, 1, 1, &to) && to == &endpoints[0], "to itself");
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

/* A route of VPC 1000 + @vpc for the addresses from @n on, as many as @len says. */
static struct vpc_route *route(unsigned int vpc, u8 version, unsigned int n,
			       unsigned int len, u8 kind, u8 state)
{
	struct vpc_route *r = &routes[nr_routes++];

	r->key.vpc = 1000 + vpc;
	r->key.version = version;
	r->key.prefix = address(version, n);
	r->key.len = len;
	r->kind = kind;
	r->state = state;
	r->weight = 1;
	return r;
}

static void via(struct vpc_route *r, unsigned int ep)
{
	r->sid = endpoints[ep].sid.addr;
}

static void via_two(struct vpc_route *r, unsigned int a, unsigned int b)
{
	struct vpc_next_hops **hops = &two_hops[r - routes];

	if (!*hops)
		*hops = calloc(1, sizeof(**hops) + 2 * sizeof((*hops)->hop[0]));
	r->hops = *hops;
	r->hops->n = 2;
	r->hops->hop[0].sid = endpoints[a].sid.addr;
	r->hops->hop[1].sid = endpoints[b].sid.addr;
}

/* Endpoint 3 of VPC 1000 is a router for 10.0.0.8/29; 6 and 0 share 10.0.0.16. */
static void path_routes(void)
{
	struct vpc_route *r;
	struct vpc_endpoint *to;

	small_world();
	via(route(0, 4, 8, 29, VPC_ROUTE_VIA, VPC_STATE_ACTIVE), 3);
	via_two(route(0, 4, 16, 32, VPC_ROUTE_VIA, VPC_STATE_ACTIVE), 6, 0);
	route(0, 4, 9, 32, VPC_ROUTE_BLACKHOLE, VPC_STATE_ACTIVE);
	route(0, 4, 10, 32, VPC_ROUTE_PROHIBIT, VPC_STATE_ACTIVE);
	r = route(0, 4, 17, 32, VPC_ROUTE_VIA, VPC_STATE_ACTIVE);
	via(r, 3);
	r->weight = 0;
	via(route(0, 4, 18, 32, VPC_ROUTE_VIA, VPC_STATE_ACTIVE), 4);
	via(route(0, 4, 19, 32, VPC_ROUTE_VIA, VPC_STATE_STANDBY), 3);
	add(0, 4, 12, VPC_STATE_ACTIVE);

	expect(!pass(0, 4, 1, 8, &to) && to == &endpoints[3], "to the router");
	expect(!pass(0, 4, 1, 12, &to) && to == &endpoints[0], "an endpoint is longer");
	expect(!pass(0, 4, 1, 16, &to) && to == &endpoints[0], "the one that is picked");
	expect(pass(0, 4, 1, 9, NULL) == VPC_DROP_BLACKHOLE, "blackhole");
	expect(pass(0, 4, 1, 10, NULL) == VPC_DROP_PROHIBITED, "prohibit");
	expect(pass(0, 4, 1, 17, NULL) == VPC_DROP_DRAINED, "drained");
	expect(pass(0, 4, 1, 18, NULL) == VPC_DROP_NEXT_HOP, "a SID of another VPC");
	expect(pass(0, 4, 1, 19, NULL) == VPC_DROP_NOT_ACTIVE, "standby");
	expect(pass(0, 4, 1, 20, NULL) == VPC_DROP_NO_ROUTE, "no route");
	expect(!pass(3, 4, 8, 1, NULL), "the router speaks for its prefix");
	expect(pass(3, 4, 9, 1, NULL) == VPC_DROP_SRC_ADDR, "but not for what is longer");
	expect(pass(3, 4, 12, 1, NULL) == VPC_DROP_SRC_ADDR, "nor for an endpoint");
	expect(pass(6, 4, 8, 1, NULL) == VPC_DROP_SRC_ADDR, "nobody else does");
	expect(!pass(6, 4, 16, 1, NULL), "each member speaks for a shared address");

	expect(!take(3, 1000, 4, 1, 8, 0, NULL), "the router takes its prefix");
	expect(take(6, 1000, 4, 1, 8, 0, NULL) == VPC_DROP_DST_SID, "no other does");
	expect(!take(6, 1000, 4, 1, 16, 0, NULL), "not only the one that is picked");
	expect(!take(3, 1000, 4, 1, 17, 0, NULL), "what is drained ends its flows");
	expect(!take(3, 1000, 4, 1, 19, 0, NULL), "standby is accepted");
	expect(!take(0, 1000, 4, 8, 1, 3, NULL), "from the router");
	expect(take(0, 1000, 4, 8, 1, 6, NULL) == VPC_DROP_SRC_SID, "from another SID");
	expect(take(0, 1000, 4, 12, 1, 3, NULL) == VPC_DROP_SRC_SID, "an endpoint's");
	expect(take(0, 1000, 4, 9, 1, 3, NULL) == VPC_DROP_SRC_SID, "from a blackhole");
	expect(take(0, 1000, 4, 20, 1, 3, NULL) == VPC_DROP_BAD_SRC, "of no prefix");
}

static void path_peers(void)
{
	struct vpc_route *r;
	struct vpc_endpoint *to;

	small_world();
	/* 1000 to 1001, whose endpoint 4 has 10.0.0.21, and to 1002. */
	add(4, 4, 21, VPC_STATE_ACTIVE);
	add(2, 4, 22, VPC_STATE_ACTIVE);
	r = route(0, 4, 16, 28, VPC_ROUTE_PEER, VPC_STATE_ACTIVE);
	r->peer = 1001;
	r = route(1, 4, 24, 30, VPC_ROUTE_VIA, VPC_STATE_ACTIVE);
	via(r, 4);
	r->exported = true;
	via(route(1, 4, 28, 30, VPC_ROUTE_VIA, VPC_STATE_ACTIVE), 4);
	r = route(1, 4, 22, 32, VPC_ROUTE_PEER, VPC_STATE_ACTIVE);
	r->peer = 1002;
	r->exported = true;

	expect(pass(0, 4, 1, 21, NULL) == VPC_DROP_NO_CONSENT, "nobody agrees");
	expect(take(4, 1000, 4, 1, 21, 0, NULL) == VPC_DROP_BAD_VPC, "nobody agrees");
	peers[0][1] = VPC_STATE_ACTIVE;
	expect(pass(0, 4, 1, 21, NULL) == VPC_DROP_NO_CONSENT, "one agrees");
	expect(take(4, 1000, 4, 1, 21, 0, NULL) == VPC_DROP_NO_CONSENT, "one agrees");
	peers[1][0] = VPC_STATE_STANDBY;
	expect(pass(0, 4, 1, 21, NULL) == VPC_DROP_NO_CONSENT, "not yet to send");
	expect(!take(4, 1000, 4, 1, 21, 0, NULL), "but to accept");
	peers[1][0] = VPC_STATE_ACTIVE;
	peers[1][2] = VPC_STATE_ACTIVE;
	peers[2][1] = VPC_STATE_ACTIVE;
	expect(!pass(0, 4, 1, 21, &to) && to == &endpoints[4], "an endpoint");
	expect(!pass(0, 4, 1, 24, &to) && to == &endpoints[4], "an exported route");
	expect(pass(0, 4, 1, 28, NULL) == VPC_DROP_PEER_ROUTE, "one that is not");
	expect(pass(0, 4, 1, 22, NULL) == VPC_DROP_PEER_ROUTE, "a peer's peer");
	expect(!take(4, 1000, 4, 1, 24, 0, NULL), "an exported route");
	expect(take(4, 1000, 4, 1, 28, 0, NULL) == VPC_DROP_DST_SID, "one that is not");
	expect(take(2, 1000, 4, 1, 22, 0, NULL) == VPC_DROP_BAD_VPC, "a peer's peer");
	expect(take(4, 1000, 4, 1, 2, 0, NULL) == VPC_DROP_DST_SID, "not by a route");
	expect(take(4, 1000, 4, 9, 21, 0, NULL) == VPC_DROP_BAD_SRC, "no source of 1000");
	expect(take(4, 1000, 4, 21, 21, 4, NULL) == VPC_DROP_SRC_SID,
	       "a source of the peer is none of 1000");
}

static unsigned int rnd(unsigned int bound)
{
	static u64 state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % bound;
}

/* An endpoint has an address once. */
static void add_once(unsigned int ep, u8 version, unsigned int n, u8 state)
{
	union vpc_ip ip = address(version, n);
	unsigned int i;

	for (i = 0; i < nr_entries; i++)
		if (entries[i].ep == &endpoints[ep] && entries[i].version == version &&
		    same_ip(version, &entries[i].ip, &ip))
			return;
	add(ep, version, n, state);
}

static void random_route(void)
{
	static const u8 kinds[] = {
		VPC_ROUTE_VIA, VPC_ROUTE_VIA, VPC_ROUTE_PEER, VPC_ROUTE_PEER,
		VPC_ROUTE_BLACKHOLE, VPC_ROUTE_PROHIBIT,
	};
	unsigned int vpc = rnd(NR_VPCS), drop = rnd(4), ep = rnd(NR_ENDPOINTS);
	u8 version = rnd(2) ? 4 : 6, kind = kinds[rnd(ARRAY_SIZE(kinds))];
	unsigned int bits = version == 4 ? 32 : 128;
	unsigned int n = drop > 2 ? 0 : rnd(NR_ADDRS) >> drop << drop;
	struct vpc_route *r;

	r = route(vpc, version, n, drop > 2 ? bits - 8 : bits - drop, kind,
		  rnd(VPC_STATE_RETIRING + 1));
	r->exported = rnd(2);
	r->peer = 1000 + (vpc + 1 + rnd(NR_VPCS - 1)) % NR_VPCS;
	if (kind != VPC_ROUTE_VIA)
		return;
	if (rnd(3))
		via(r, ep);
	else
		via_two(r, ep, rnd(NR_ENDPOINTS));
}

static bool agree(u32 vpc, u32 peer)
{
	u8 a = peers[vpc - 1000][peer - 1000], b = peers[peer - 1000][vpc - 1000];

	return (a == VPC_STATE_ACTIVE || a == VPC_STATE_STANDBY) &&
	       (b == VPC_STATE_ACTIVE || b == VPC_STATE_STANDBY);
}

static bool seen(u8 state, int view)
{
	return state == VPC_STATE_ACTIVE || (view > 0 && state == VPC_STATE_STANDBY) ||
	       (view > 1 && state == VPC_STATE_RETIRING);
}

static bool lives_in(const struct in6_addr *sid, u32 vpc)
{
	unsigned int i;

	for (i = 0; i < NR_ENDPOINTS; i++)
		if (!memcmp(&endpoints[i].sid.addr, sid, sizeof(*sid)))
			return endpoints[i].sid.vpc == vpc;
	return false;
}

/* What design and documents say, in one go over all that there is: of all entries
 * for an address, one of the longest leads to the SID.
 */
static bool leads(u32 vpc, u8 version, const union vpc_ip *ip,
		  const struct in6_addr *sid, int view, bool far)
{
	int longest = -1, len;
	bool ok = false;
	unsigned int i;

	for (i = 0; i < nr_entries + nr_routes; i++) {
		bool hit;

		if (i < nr_entries) {
			const struct entry *e = &entries[i];

			if (e->vpc != vpc || e->version != version ||
			    !seen(e->state, view) || !same_ip(version, &e->ip, ip))
				continue;
			len = 1000;
			hit = !memcmp(&e->ep->sid.addr, sid, sizeof(*sid));
		} else {
			const struct vpc_route *r = &routes[i - nr_entries];

			if (!seen(r->state, view) || !route_matches(r, vpc, version, ip) ||
			    (far && (!r->exported || r->kind == VPC_ROUTE_PEER)))
				continue;
			len = r->key.len;
			hit = r->kind == VPC_ROUTE_PEER ?
			      agree(vpc, r->peer) &&
			      leads(r->peer, version, ip, sid, view, true) :
			      vpc_route_has_hop(r, sid) && lives_in(sid, vpc);
		}
		if (len > longest) {
			longest = len;
			ok = false;
		}
		ok |= len == longest && hit;
	}
	return ok;
}

static bool leads_ever(u32 vpc, u8 version, const union vpc_ip *ip,
		       const struct in6_addr *sid, bool far)
{
	return leads(vpc, version, ip, sid, 0, far) ||
	       leads(vpc, version, ip, sid, 1, far) ||
	       leads(vpc, version, ip, sid, 2, far);
}

/* Of a source, only the VPC's own entries count: routes to peers lead elsewhere. */
static bool speaks(unsigned int ep, u8 version, const union vpc_ip *ip)
{
	struct vpc_endpoint *it = &endpoints[ep];

	return leads_ever(it->sid.vpc, version, ip, &it->sid.addr, false);
}

/* Over random worlds: a packet is taken exactly where the tables lead from both of
 * its addresses, and what one host sends the other takes.
 */
static void path_agreement(void)
{
	unsigned int world, i, at, from, src, dst, sent = 0, taken = 0, far = 0;
	struct vpc_endpoint *to;
	enum vpc_counter reason;
	union vpc_ip a, b;
	u8 version;
	bool want;
	u32 vpc;

	for (world = 0; world < 1000; world++) {
		make_endpoints();
		for (i = 0; i < 14; i++)
			add_once(rnd(NR_ENDPOINTS), rnd(2) ? 4 : 6, rnd(NR_ADDRS),
				 rnd(VPC_STATE_RETIRING + 1));
		for (i = 0; i < NR_ROUTES && world % 4; i++)
			random_route();
		for (i = 0; i < NR_VPCS * NR_VPCS && world % 4; i++)
			peers[i / NR_VPCS][i % NR_VPCS] = rnd(3) ? VPC_STATE_ACTIVE :
								   rnd(2);
		for (i = 0; i < 2000; i++) {
			version = rnd(2) ? 4 : 6;
			from = rnd(NR_ENDPOINTS);
			at = rnd(NR_ENDPOINTS);
			src = rnd(NR_ADDRS);
			dst = rnd(NR_ADDRS);
			vpc = 1000 + rnd(NR_VPCS);
			a = address(version, src);
			b = address(version, dst);

			if (!pass(from, version, src, dst, &to)) {
				sent++;
				far += to->sid.vpc != endpoints[from].sid.vpc;
				reason = take(to - endpoints, endpoints[from].sid.vpc,
					      version, src, dst, from, NULL);
				expect(!reason, "world %u: sent, but %d", world, reason);
			}

			want = vpc == endpoints[from].sid.vpc &&
			       speaks(from, version, &a) &&
			       (vpc == endpoints[at].sid.vpc ||
				agree(vpc, endpoints[at].sid.vpc)) &&
			       leads_ever(vpc, version, &b, &endpoints[at].sid.addr,
					  false);
			reason = take(at, vpc, version, src, dst, from, NULL);
			taken += !reason;
			expect(!reason == want, "world %u: %d", world, reason);
		}
	}
	expect(sent > 1000 && taken > 1000 && far > 1000,
	       "%u sent, %u of them to peers, %u taken", sent, far, taken);
	for (i = 0; i < NR_ROUTES; i++)
		free(two_hops[i]);
	memset(two_hops, 0, sizeof(two_hops));
}

/* What no route leads to, and nobody speaks for, not even by a default route. */
static void path_unroutable(void)
{
	static const struct {
		u8		version;
		const char	*text;
		bool		routable;
	} addrs[] = {
		{ 4, "0.0.0.0", false },
		{ 4, "127.0.0.1", false },
		{ 4, "224.0.0.1", false },
		{ 4, "239.255.255.255", false },
		{ 4, "255.255.255.255", false },
		{ 4, "169.254.169.254", true },
		{ 4, "1.0.0.0", true },
		{ 4, "128.0.0.0", true },
		{ 4, "223.255.255.255", true },
		{ 6, "::", false },
		{ 6, "::1", false },
		{ 6, "::ffff:10.0.0.9", false },
		{ 6, "fe80::1", false },
		{ 6, "febf:ffff::1", false },
		{ 6, "ff02::1", false },
		{ 6, "fec0::1", true },
		{ 6, "fe7f::1", true },
		{ 6, "2001:db8::1", true },
	};
	struct vpc_path path = { .src = &endpoints[3] };
	struct vpc_pkt pkt = { .vpc = 1000 };
	struct in6_addr from;
	unsigned int i;
	union vpc_ip ip;

	small_world();
	from = endpoints[3].sid.addr;
	via(route(0, 4, 0, 0, VPC_ROUTE_VIA, VPC_STATE_ACTIVE), 3);
	via(route(0, 6, 0, 0, VPC_ROUTE_VIA, VPC_STATE_ACTIVE), 3);
	memset(&routes[0].key.prefix, 0, sizeof(routes[0].key.prefix));
	memset(&routes[1].key.prefix, 0, sizeof(routes[1].key.prefix));
	for (i = 0; i < ARRAY_SIZE(addrs); i++) {
		bool good = addrs[i].routable;

		memset(&ip, 0, sizeof(ip));
		pkt.version = addrs[i].version;
		inet_pton(pkt.version == 4 ? AF_INET : AF_INET6, addrs[i].text, &ip);
		pkt.src = ip;
		pkt.dst = address(pkt.version, 1);
		expect(vpc_path_send(NULL, &pkt, NULL, 0, &path) ==
		       (good ? VPC_COUNTER_UNSPEC : VPC_DROP_SRC_ADDR),
		       "sent from %s", addrs[i].text);
		expect(take_pkt(0, &pkt, &from) ==
		       (good ? VPC_COUNTER_UNSPEC : VPC_DROP_SRC_SID),
		       "taken from %s", addrs[i].text);
		pkt.src = address(pkt.version, 2);
		pkt.dst = ip;
		expect(vpc_path_send(NULL, &pkt, NULL, 0, &path) ==
		       (good ? VPC_COUNTER_UNSPEC : VPC_DROP_NO_ROUTE),
		       "sent to %s", addrs[i].text);
		expect(take_pkt(3, &pkt, &from) ==
		       (good ? VPC_COUNTER_UNSPEC : VPC_DROP_DST_SID),
		       "taken to %s", addrs[i].text);
	}
}

const struct unit_test path_tests[] = {
	UNIT_TEST(path_send),
	UNIT_TEST(path_accept),
	UNIT_TEST(path_routes),
	UNIT_TEST(path_peers),
	UNIT_TEST(path_unroutable),
	UNIT_TEST(path_agreement),
	{ NULL, NULL },
};
