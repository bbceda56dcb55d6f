// SPDX-License-Identifier: GPL-2.0
/*
 * Readers of the tables while a writer changes them.  A change is a few steps, in the
 * order in which kmod/route.c and kmod/endpoint.c do them; whatever of them comes
 * between any two things that a reader reads, no packet that the tables led somewhere
 * before and after the change may be dropped.  All the ways to mix the two are tried.
 */

#include <stdio.h>
#include <stdlib.h>

#include "fib.h"
#include "hop.h"
#include "inet.h"
#include "path.h"
#include "tap.h"

#define MAX_STEPS	400

/* SIDs; the first is that of the host's own VM. */
enum { SELF, X, Y, FAR_X, NR_SIDS };

static struct vpc_tables tables;
static struct vpc_endpoint *home[NR_SIDS], *new_ep;
static struct vpc_route *old_route, *new_route;
static struct rcu_head *waiting;

/* Which steps of the writer come when, and what is next to be tried. */
static unsigned int choice[MAX_STEPS], room[MAX_STEPS], nr_choices, now;
static void (*const *writer)(void);
static unsigned int written, nr_steps;
static bool reading;

void call_rcu(struct rcu_head *rcu, void (*func)(struct rcu_head *rcu))
{
	rcu->next = waiting;
	rcu->func = func;
	waiting = rcu;
}

static void grace_period(void)
{
	struct rcu_head *rcu;

	while ((rcu = waiting)) {
		waiting = rcu->next;
		rcu->func(rcu);
	}
}

void vpc_hop_free(struct vpc_hop *hop)
{
	(void)hop;
}

static void write_steps(unsigned int n)
{
	reading = false;
	while (n--)
		writer[written++]();
	reading = true;
}

void unit_step(void)
{
	if (!reading || now == MAX_STEPS)
		return;
	if (now == nr_choices) {
		choice[now] = 0;
		room[now] = nr_steps - written;
		nr_choices++;
	}
	write_steps(choice[now++]);
}

/* The next way to mix them, or false. */
static bool another(void)
{
	while (nr_choices && choice[nr_choices - 1] == room[nr_choices - 1])
		nr_choices--;
	if (!nr_choices)
		return false;
	choice[nr_choices - 1]++;
	return true;
}

/* The world: the VMs of VPC 1000 and of its peer 1001. */

static struct in6_addr sid_of(unsigned int n)
{
	return (struct in6_addr) { .s6_addr = { 0xfd, [15] = n } };
}

static u32 vpc_of(unsigned int n)
{
	return n == FAR_X ? 1001 : 1000;
}

/* An endpoint at a SID, with the address of number @n in both families. */
static struct vpc_endpoint *endpoint(unsigned int sid, unsigned int n, bool replaces)
{
	struct in6_addr addr = sid_of(sid);
	struct vpc_endpoint *ep = vpc_endpoint_alloc(vpc_of(sid), &addr, 1, 1);

	vpc_addr4(ep, 0)->addr = address(4, n).v4;
	vpc_addr6(ep, 0)->addr = address(6, n).v6;
	vpc_table_insert(&tables, ep, replaces);
	return ep;
}

static void set_states(struct vpc_endpoint *ep, u8 state)
{
	unsigned int slot;

	for (slot = 0; slot < ep->n4 + ep->n6; slot++)
		vpc_addr_set_state(ep, slot, state);
}

/* Routes of both families would be twice the same: that of @version. */
static u8 version;

static struct vpc_route *route(unsigned int sid, u8 state)
{
	struct vpc_route *r = calloc(1, sizeof(*r));
	union vpc_ip ip = address(version, 64);

	r->key.vpc = vpc_of(sid);
	r->key.version = version;
	vpc_fib_mask(&r->key, &ip, version == 4 ? 26 : 122);
	r->kind = VPC_ROUTE_VIA;
	r->sid = sid_of(sid);
	r->weight = 1;
	r->exported = true;
	vpc_fib_insert(&tables, r);
	r->state = state;
	return r;
}

/* The default route, which is to Y if it is not to the peer. */
static struct vpc_route *default_to(u8 kind)
{
	struct vpc_route *r = calloc(1, sizeof(*r));

	r->key.vpc = 1000;
	r->key.version = version;
	r->kind = kind;
	r->weight = 1;
	if (kind == VPC_ROUTE_PEER)
		r->peer = 1001;
	else
		r->sid = sid_of(Y);
	vpc_fib_insert(&tables, r);
	r->state = VPC_STATE_ACTIVE;
	return r;
}

static void route_free(struct rcu_head *rcu)
{
	vpc_route_free(container_of(rcu, struct vpc_route, rcu));
}

static void route_gone(struct vpc_route *r)
{
	vpc_fib_remove(&tables, r);
	call_rcu(&r->rcu, route_free);
}

/* Steps of writers.  What is put in is put in front of what is there. */

static void route_replaced_in(void)
{
	new_route = route(old_route->sid.s6_addr[15], VPC_STATE_DARK);
}

static void route_displaced_in(void)
{
	new_route = route(Y, VPC_STATE_DARK);
}

static void route_lit(void)
{
	new_route->state = VPC_STATE_ACTIVE;
}

static void route_stands_by(void)
{
	new_route->state = VPC_STATE_STANDBY;
}

static void route_retires(void)
{
	old_route->state = VPC_STATE_RETIRING;
}

static void route_goes(void)
{
	route_gone(old_route);
	old_route = NULL;
}

static void endpoint_replaced_in(void)
{
	new_ep = endpoint(X, 20, true);
}

static void endpoint_displaced_in(void)
{
	new_ep = endpoint(Y, 20, true);
}

static void far_replaced_in(void)
{
	new_ep = endpoint(FAR_X, 30, true);
}

static void endpoint_lit(void)
{
	set_states(new_ep, VPC_STATE_ACTIVE);
}

static void endpoint_retires(void)
{
	set_states(home[X], VPC_STATE_RETIRING);
}

static void endpoint_dark(void)
{
	set_states(home[X], VPC_STATE_DARK);
}

static void endpoint_unlinked(void)
{
	vpc_addr_unlink(&tables, home[X], 0);
	vpc_addr_unlink(&tables, home[X], 1);
}

/* Its memory stays: readers may have it until the end of the test. */
static struct vpc_endpoint *dead;

static void swapped(unsigned int sid)
{
	dead = home[sid];
	vpc_table_swap(&tables, new_ep, home[sid]);
	home[sid] = new_ep;
	new_ep = NULL;
}

static void endpoint_swapped(void)
{
	swapped(X);
}

static void far_swapped(void)
{
	swapped(FAR_X);
}

static void world_up(void)
{
	static const unsigned int addr[] = { [SELF] = 10, [X] = 20, [Y] = 21, [FAR_X] = 30 };
	unsigned int i;

	vpc_tables_init(&tables);
	for (i = 0; i < NR_SIDS; i++) {
		home[i] = endpoint(i, addr[i], false);
		set_states(home[i], VPC_STATE_ACTIVE);
	}
	vpc_peer_store(&tables, 1000, 1001, VPC_STATE_ACTIVE);
	vpc_peer_store(&tables, 1001, 1000, VPC_STATE_ACTIVE);
	new_ep = NULL;
	dead = NULL;
	old_route = NULL;
	new_route = NULL;
}

static void world_down(struct vpc_route *more)
{
	unsigned int i;

	if (new_ep) {
		vpc_table_remove(&tables, new_ep, true);
		vpc_endpoint_free(new_ep);
	}
	if (dead)
		vpc_endpoint_free(dead);
	for (i = 0; i < NR_SIDS; i++) {
		vpc_table_remove(&tables, home[i], false);
		vpc_endpoint_free(home[i]);
	}
	if (old_route)
		route_gone(old_route);
	if (new_route)
		route_gone(new_route);
	if (more)
		route_gone(more);
	vpc_peer_erase(&tables, 1000, 1001);
	vpc_peer_erase(&tables, 1001, 1000);
	grace_period();
	vpc_tables_free(&tables);
}

/* Readers: a packet from one number to another. */

static enum vpc_counter sent(unsigned int src, unsigned int dst)
{
	struct vpc_pkt pkt = { .vpc = 1000, .version = version,
			       .src = address(version, src), .dst = address(version, dst) };
	struct vpc_path path = { .src = home[SELF] };

	return vpc_path_send(&tables, &pkt, NULL, 0, &path);
}

static enum vpc_counter taken(unsigned int from, unsigned int at, unsigned int src,
			      unsigned int dst)
{
	struct vpc_pkt pkt = { .vpc = 1000, .version = version,
			       .src = address(version, src), .dst = address(version, dst) };
	struct in6_addr sid = sid_of(from);
	struct vpc_path path = { .dst = home[at] };

	return vpc_path_accept(&tables, &pkt, &sid, &path);
}

static int send_to_route(void)
{
	return sent(10, 70);
}

static int take_from_route(void)
{
	return taken(X, SELF, 70, 10);
}

static int take_by_route(void)
{
	return taken(SELF, X, 10, 70);
}

static int send_to_endpoint(void)
{
	return sent(10, 20);
}

static int take_from_endpoint(void)
{
	return taken(X, SELF, 20, 10);
}

/* From the one that the default route leads to, under the address of another: it must
 * not be taken.
 */
static int take_forged(void)
{
	return taken(Y, SELF, 20, 10) ? VPC_COUNTER_UNSPEC : VPC_DROP_SRC_SID;
}

static int send_to_far(void)
{
	return sent(10, 30);
}

static int take_at_far(void)
{
	return taken(SELF, FAR_X, 10, 30);
}

static int send_to_far_route(void)
{
	return sent(10, 70);
}

static int take_by_far_route(void)
{
	return taken(SELF, FAR_X, 10, 70);
}

/* What is in the tables before. */

static struct vpc_route *nothing(void)
{
	return NULL;
}

static struct vpc_route *route_to_x(void)
{
	old_route = route(X, VPC_STATE_ACTIVE);
	return NULL;
}

/* Another one stands by, in front of it or behind. */
static struct vpc_route *route_before(void)
{
	struct vpc_route *r;

	old_route = route(X, VPC_STATE_ACTIVE);
	r = route(Y, VPC_STATE_STANDBY);
	return r;
}

static struct vpc_route *route_behind(void)
{
	struct vpc_route *r = route(Y, VPC_STATE_STANDBY);

	old_route = route(X, VPC_STATE_ACTIVE);
	return r;
}

static struct vpc_route *standby_route(void)
{
	old_route = route(X, VPC_STATE_STANDBY);
	return NULL;
}

static struct vpc_route *default_route(void)
{
	return default_to(VPC_ROUTE_VIA);
}

static struct vpc_route *peer_route(void)
{
	return default_to(VPC_ROUTE_PEER);
}

static struct vpc_route *peer_with_route(void)
{
	old_route = route(FAR_X, VPC_STATE_ACTIVE);
	return default_to(VPC_ROUTE_PEER);
}

struct change {
	void			(*writer[6])(void);
	int			(*reader[4])(void);
	struct vpc_route	*(*before)(void);
	const char		*name;
};

static const struct change changes[] = {
	{ { route_replaced_in, route_lit, route_goes },
	  { send_to_route, take_from_route, take_by_route },
	  route_to_x, "a route is replaced by itself" },
	{ { route_replaced_in, route_lit, route_goes },
	  { send_to_route, take_from_route, take_by_route },
	  route_before, "and another one stands by in front" },
	{ { route_replaced_in, route_lit, route_goes },
	  { send_to_route, take_from_route, take_by_route },
	  route_behind, "and another one stands by behind" },
	{ { route_displaced_in, route_lit, route_retires },
	  { send_to_route, take_from_route, take_by_route },
	  route_to_x, "a route is displaced" },
	{ { route_displaced_in, route_lit, route_goes },
	  { send_to_route },
	  route_to_x, "a route is displaced without grace" },
	{ { route_replaced_in, route_stands_by, route_goes },
	  { take_from_route, take_by_route },
	  standby_route, "a route that stands by is replaced by itself" },
	{ { endpoint_replaced_in, endpoint_lit, endpoint_swapped },
	  { send_to_endpoint, take_from_endpoint, take_forged },
	  default_route, "an endpoint is replaced" },
	{ { endpoint_displaced_in, endpoint_lit, endpoint_retires },
	  { send_to_endpoint, take_from_endpoint },
	  nothing, "an endpoint is displaced" },
	{ { endpoint_displaced_in, endpoint_lit, endpoint_retires, endpoint_dark,
	    endpoint_unlinked },
	  { send_to_endpoint },
	  nothing, "an endpoint is displaced, and its grace ends" },
	{ { far_replaced_in, endpoint_lit, far_swapped },
	  { send_to_far, take_at_far },
	  peer_route, "a peer's endpoint is replaced" },
	{ { route_replaced_in, route_lit, route_goes },
	  { send_to_far_route, take_by_far_route },
	  peer_with_route, "a peer's route is replaced" },
};

static void try_all(unsigned int which, int (*reader)(void),
		    unsigned int nr, unsigned int *runs)
{
	int reason;
	struct vpc_route *more;

	writer = changes[which].writer;
	for (nr_steps = 0; nr_steps < 6 && writer[nr_steps]; nr_steps++)
		;
	nr_choices = 0;
	do {
		world_up();
		more = changes[which].before();
		now = 0;
		written = 0;
		reading = true;
		reason = reader();
		reading = false;
		expect(now < MAX_STEPS, "the reader has too many steps");
		expect(!reason, "%s, reader %u: reason %d, after %u steps of the writer",
		       changes[which].name, nr, reason, written);
		write_steps(nr_steps - written);
		reading = false;
		expect(!reader(), "%s, reader %u: dropped after the change",
		       changes[which].name, nr);
		world_down(more);
		(*runs)++;
	} while (!reason && another());
}

static void tables_races(void)
{
	unsigned int which, nr, runs = 0;

	for (version = 4; version <= 6; version += 2)
		for (which = 0; which < ARRAY_SIZE(changes); which++)
			for (nr = 0; nr < 4 && changes[which].reader[nr]; nr++)
				try_all(which, changes[which].reader[nr], nr, &runs);
	expect(runs > 1000, "%u runs only", runs);
}

const struct unit_test tables_tests[] = {
	UNIT_TEST(tables_races),
	{ NULL, NULL },
};
