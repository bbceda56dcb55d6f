// SPDX-License-Identifier: GPL-2.0
/* The object "route": changes of a VPC's routes. */

#include <string.h>

#include "attr.h"
#include "genl.h"
#include "queue.h"
#include "route.h"

static const char help[] =
	"Usage: vpc route { add | replace } ID PREFIX TARGET [ export ] [ hash { l3 | l4 } ]\n"
	"                                                    [ state STATE ]\n"
	"       vpc route set ID PREFIX [ TARGET ] state STATE\n"
	"       vpc route del ID PREFIX [ TARGET ] [ now ]\n"
	"       vpc route show [ ID [ PREFIX ] ]\n"
	"\n"
	"TARGET := { via SID [ weight N ] }... | peer ID | blackhole | prohibit\n"
	"ID := 1 to 16777214\n"
	"STATE := { standby | active | retiring }\n";

static int route_help(struct args *args)
{
	(void)args;
	return usage(help);
}

/* Arguments. */

enum {
	GIVEN_EXPORT,
	GIVEN_HASH,
	GIVEN_STATE,
};

static int set_kind(struct route *route, uint8_t kind, const char *word)
{
	if (route->kind && (route->kind != kind || kind != VPC_ROUTE_VIA))
		return error(STATUS_SYNTAX,
			     "\"%s\" is one target too many: a route leads to next hops, to a peer, or nowhere",
			     word);
	route->kind = kind;
	return STATUS_OK;
}

static int parse_via(void *ctx, const char *value, struct args *rest)
{
	struct route *route = ctx;
	uint32_t weight = 1;
	const char *word;
	int err;

	err = set_kind(route, VPC_ROUTE_VIA, "via");
	if (err)
		return err;
	if (route->n_vias == VPC_MAX_NEXT_HOPS)
		return error(STATUS_SYNTAX, "too many next hops: \"%s\" is one more than %d",
			     value, VPC_MAX_NEXT_HOPS);
	err = parse_ipv6("via", value, route->via[route->n_vias].sid);
	if (!err && arg_is(rest, "weight")) {
		word = arg_take(rest, "N after \"weight\"");
		err = word ? parse_u32("weight", word, 0, UINT16_MAX, &weight) :
			     STATUS_SYNTAX;
	}
	route->via[route->n_vias++].weight = weight;
	return err;
}

static int parse_peer(void *ctx, const char *value, struct args *rest)
{
	struct route *route = ctx;
	int err;

	(void)rest;
	err = set_kind(route, VPC_ROUTE_PEER, "peer");
	return err ? err : parse_vpc_id(value, &route->peer);
}

static int parse_blackhole(void *ctx, const char *value, struct args *rest)
{
	(void)value;
	(void)rest;
	return set_kind(ctx, VPC_ROUTE_BLACKHOLE, "blackhole");
}

static int parse_prohibit(void *ctx, const char *value, struct args *rest)
{
	(void)value;
	(void)rest;
	return set_kind(ctx, VPC_ROUTE_PROHIBIT, "prohibit");
}

static int parse_export(void *ctx, const char *value, struct args *rest)
{
	struct route *route = ctx;

	(void)value;
	(void)rest;
	route->exported = true;
	return parse_once(&route->given, GIVEN_EXPORT, "export");
}

static int parse_hash_arg(void *ctx, const char *value, struct args *rest)
{
	struct route *route = ctx;
	int err;

	(void)rest;
	err = parse_once(&route->given, GIVEN_HASH, "hash");
	return err ? err : parse_hash(value, &route->hash);
}

static int parse_state_arg(void *ctx, const char *value, struct args *rest)
{
	struct route *route = ctx;
	int err;

	(void)rest;
	err = parse_once(&route->given, GIVEN_STATE, "state");
	return err ? err : parse_state(value, &route->state);
}

static int parse_now(void *ctx, const char *value, struct args *rest)
{
	struct route *route = ctx;

	(void)value;
	(void)rest;
	route->now = true;
	return STATUS_OK;
}

static const struct keyword make_keywords[] = {
	{ "via", "a SID", parse_via },
	{ "peer", "a VPC ID", parse_peer },
	{ "blackhole", NULL, parse_blackhole },
	{ "prohibit", NULL, parse_prohibit },
	{ "export", NULL, parse_export },
	{ "hash", "l3 or l4", parse_hash_arg },
	{ "state", "STATE", parse_state_arg },
};

static const struct keyword set_keywords[] = {
	{ "via", "a SID", parse_via },
	{ "peer", "a VPC ID", parse_peer },
	{ "blackhole", NULL, parse_blackhole },
	{ "prohibit", NULL, parse_prohibit },
	{ "state", "STATE", parse_state_arg },
};

static const struct keyword del_keywords[] = {
	{ "via", "a SID", parse_via },
	{ "peer", "a VPC ID", parse_peer },
	{ "blackhole", NULL, parse_blackhole },
	{ "prohibit", NULL, parse_prohibit },
	{ "now", NULL, parse_now },
};

/* "ID PREFIX" and the rest. */
static int parse_route(struct args *args, const struct keyword *keywords, size_t n,
		       struct route *route)
{
	const char *word;
	int err;

	memset(route, 0, offsetof(struct route, via));
	word = arg_take(args, "ID");
	if (!word)
		return STATUS_SYNTAX;
	err = parse_vpc_id(word, &route->vpc);
	if (err)
		return err;
	word = arg_take(args, "PREFIX");
	if (!word)
		return STATUS_SYNTAX;
	err = parse_subnet("PREFIX", word, &route->dst);
	return err ? err : parse_keywords(args, keywords, n, route);
}

/* Requests. */

/**
 * route_put - put a route into a request
 * @nlh: the request
 * @route: the route
 */
void route_put(struct nlmsghdr *nlh, const struct route *route)
{
	struct nlattr *nest;
	unsigned int i;

	nest = mnl_attr_nest_start(nlh, VPC_A_ROUTE);
	mnl_attr_put_u32(nlh, VPC_ROUTE_A_VPC, route->vpc);
	if (route->dst.addr.len) {
		mnl_attr_put(nlh, VPC_ROUTE_A_DST, route->dst.addr.len,
			     route->dst.addr.bytes);
		mnl_attr_put_u8(nlh, VPC_ROUTE_A_LEN, route->dst.len);
	}
	if (route->kind)
		mnl_attr_put_u8(nlh, VPC_ROUTE_A_KIND, route->kind);
	for (i = 0; i < route->n_vias; i++)
		mnl_attr_put(nlh, VPC_ROUTE_A_VIA, sizeof(route->via[i]), &route->via[i]);
	if (route->peer)
		mnl_attr_put_u32(nlh, VPC_ROUTE_A_PEER, route->peer);
	if (route->exported)
		mnl_attr_put(nlh, VPC_ROUTE_A_EXPORT, 0, NULL);
	if (route->hash)
		mnl_attr_put_u8(nlh, VPC_ROUTE_A_HASH, route->hash);
	if (route->state)
		mnl_attr_put_u8(nlh, VPC_ROUTE_A_STATE, route->state);
	if (route->now)
		mnl_attr_put(nlh, VPC_ROUTE_A_NOW, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static int route_queue(const struct route *route, uint8_t cmd)
{
	struct nlmsghdr *nlh;

	nlh = queue_add(cmd);
	if (!nlh)
		return STATUS_KERNEL;
	route_put(nlh, route);
	queue_added();
	return STATUS_OK;
}

/* It is too large for the stack of a function, and one is enough. */
static struct route parsed;

static int route_make(struct args *args, uint8_t cmd)
{
	int err;

	err = parse_route(args, make_keywords, ARRAY_SIZE(make_keywords), &parsed);
	if (err)
		return err;
	if (!parsed.kind)
		return error(STATUS_SYNTAX,
			     "target is missing: expected via SID, peer ID, blackhole or prohibit");
	if (parsed.hash && parsed.kind != VPC_ROUTE_VIA)
		return error(STATUS_SYNTAX,
			     "\"hash\" needs \"via SID\": it says how next hops are picked");
	return route_queue(&parsed, cmd);
}

static int route_add(struct args *args)
{
	return route_make(args, VPC_CMD_ROUTE_ADD);
}

static int route_replace(struct args *args)
{
	return route_make(args, VPC_CMD_ROUTE_REPLACE);
}

static int route_set(struct args *args)
{
	int err;

	err = parse_route(args, set_keywords, ARRAY_SIZE(set_keywords), &parsed);
	if (err)
		return err;
	if (!parsed.state)
		return error(STATUS_SYNTAX, "nothing to set: expected state STATE");
	return route_queue(&parsed, VPC_CMD_ROUTE_SET);
}

static int route_del(struct args *args)
{
	int err;

	err = parse_route(args, del_keywords, ARRAY_SIZE(del_keywords), &parsed);
	return err ? err : route_queue(&parsed, VPC_CMD_ROUTE_DEL);
}

static int route_show_command(struct args *args)
{
	int err = queue_flush();

	return err ? err : route_show(args);
}

int route_main(struct args *args)
{
	static const struct command commands[] = {
		{ "add", route_add },
		{ "delete", route_del },
		{ "replace", route_replace },
		{ "show", route_show_command },
		{ "list", route_show_command },
		{ "set", route_set },
		{ "help", route_help },
	};

	return args->argc ?
		command_run(args, commands, ARRAY_SIZE(commands)) :
		route_show_command(args);
}
