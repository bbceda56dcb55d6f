// SPDX-License-Identifier: GPL-2.0
/* "vpc edge": changes of edges. */

#include <string.h>

#include "attr.h"
#include "edge.h"
#include "genl.h"
#include "key.h"

static const char help[] =
	"Usage: vpc edge add DEV locator PREFIX { fabric DEV }... | fabric any\n"
	"                [ prefix PREFIX ]... [ SETTING ]...\n"
	"       vpc edge set DEV [ prefix [ add | del ] PREFIX ]...\n"
	"                [ fabric [ add | del ] DEV ]... [ fabric any [ on | off ] ]\n"
	"                [ SETTING ]... [ up ]\n"
	"       vpc edge del DEV\n"
	"       vpc edge rekey DEV [ now ]\n"
	"       vpc edge show [ DEV ]\n"
	"\n"
	"SETTING := { mtu { N | auto } | max-segments N | short { on | off } |\n"
	"             grace SECONDS | option-type N | encrypt { off | on | required } |\n"
	"             cipher { aes-128-gcm | aes-256-gcm | chacha20-poly1305 } |\n"
	"             key-grace SECONDS }\n";

static int edge_help(struct args *args)
{
	(void)args;
	return usage(help);
}

/**
 * struct edge_args - arguments, which go into the request as they come
 * @nlh: the request, inside the nest
 * @given: bits of the attributes that are in it
 * @up: bring it up, with all routes
 * @n_fabric: how many devices were given
 * @n_add: how many prefixes to add
 * @n_del: and to take away
 * @add: the prefixes, with the locator
 * @del: the prefixes
 */
struct edge_args {
	struct nlmsghdr	*nlh;
	uint64_t	given;
	bool		up;
	unsigned int	n_fabric;
	unsigned int	n_add;
	unsigned int	n_del;
	struct prefix	add[VPC_MAX_PREFIXES];
	struct prefix	del[VPC_MAX_PREFIXES];
};

/**
 * put_prefix - put a prefix into a request
 * @nlh: the request
 * @type: type of the nest
 * @p: the prefix
 */
void put_prefix(struct nlmsghdr *nlh, uint16_t type, const struct prefix *p)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, VPC_PREFIX_A_ADDR, sizeof(p->addr), &p->addr);
	mnl_attr_put_u8(nlh, VPC_PREFIX_A_LEN, p->len);
	mnl_attr_nest_end(nlh, nest);
}

static int take_prefix(struct edge_args *a, uint16_t type, const char *text)
{
	bool del = type == VPC_EDGE_A_PREFIX_DEL;
	struct prefix *p = del ? &a->del[a->n_del] : &a->add[a->n_add];
	int err;

	/* With both kinds the request has its limit, too. */
	if (a->n_add + a->n_del == VPC_MAX_PREFIXES)
		return error(STATUS_SYNTAX, "too many prefixes: \"%s\" is one more than %d",
			     text, VPC_MAX_PREFIXES);
	err = parse_prefix(type == VPC_EDGE_A_LOCATOR ? "locator" : "prefix", text, p);
	if (err)
		return err;
	put_prefix(a->nlh, type, p);
	if (del)
		a->n_del++;
	else
		a->n_add++;
	a->given |= UINT64_C(1) << type;
	return STATUS_OK;
}

static int take_fabric(struct edge_args *a, uint16_t type, const char *text)
{
	uint32_t ifindex;
	int err;

	if (a->n_fabric == 2 * VPC_MAX_FABRIC)
		return error(STATUS_SYNTAX, "too many fabric devices: \"%s\" is one more than %d",
			     text, 2 * VPC_MAX_FABRIC);
	err = parse_ifindex("fabric", text, &ifindex);
	if (err)
		return err;
	mnl_attr_put_u32(a->nlh, type, ifindex);
	a->n_fabric++;
	a->given |= UINT64_C(1) << type;
	return STATUS_OK;
}

static int parse_locator(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;

	(void)rest;
	if (a->given & UINT64_C(1) << VPC_EDGE_A_LOCATOR)
		return parse_once(&a->given, VPC_EDGE_A_LOCATOR, "locator");
	return take_prefix(a, VPC_EDGE_A_LOCATOR, value);
}

static int parse_prefix_arg(void *ctx, const char *value, struct args *rest)
{
	(void)rest;
	return take_prefix(ctx, VPC_EDGE_A_PREFIX, value);
}

/* "prefix [ add | del ] PREFIX" */
static int parse_prefix_change(void *ctx, const char *value, struct args *rest)
{
	bool del = !strcmp(value, "del");

	if (del || !strcmp(value, "add")) {
		value = arg_take(rest, "PREFIX");
		if (!value)
			return STATUS_SYNTAX;
	}
	return take_prefix(ctx, del ? VPC_EDGE_A_PREFIX_DEL : VPC_EDGE_A_PREFIX, value);
}

/* "[ on | off ]" after "fabric any" */
static int parse_any(struct edge_args *a, struct args *rest)
{
	bool off = arg_is(rest, "off");

	if (!off)
		arg_is(rest, "on");
	mnl_attr_put_u8(a->nlh, VPC_EDGE_A_FABRIC_ANY, !off);
	return parse_once(&a->given, VPC_EDGE_A_FABRIC_ANY, "fabric any");
}

static int parse_fabric(void *ctx, const char *value, struct args *rest)
{
	if (!strcmp(value, "any"))
		return parse_any(ctx, rest);
	return take_fabric(ctx, VPC_EDGE_A_FABRIC, value);
}

/* "fabric [ add | del ] DEV" or "fabric any [ on | off ]" */
static int parse_fabric_change(void *ctx, const char *value, struct args *rest)
{
	bool del = !strcmp(value, "del");

	if (!del && strcmp(value, "add"))
		return parse_fabric(ctx, value, rest);
	value = arg_take(rest, "DEV");
	if (!value)
		return STATUS_SYNTAX;
	return take_fabric(ctx, del ? VPC_EDGE_A_FABRIC_DEL : VPC_EDGE_A_FABRIC, value);
}

static int parse_mtu(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint32_t mtu = 0;

	(void)rest;
	if (strcmp(value, "auto") && parse_u32("mtu", value, 1280, 65535, &mtu))
		return STATUS_SYNTAX;
	mnl_attr_put_u32(a->nlh, VPC_EDGE_A_MTU, mtu);
	return parse_once(&a->given, VPC_EDGE_A_MTU, "mtu");
}

static int parse_max_segments(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint32_t n;

	(void)rest;
	if (parse_u32("max-segments", value, 0, VPC_MAX_SEGMENTS, &n))
		return STATUS_SYNTAX;
	mnl_attr_put_u8(a->nlh, VPC_EDGE_A_MAX_SEGMENTS, n);
	return parse_once(&a->given, VPC_EDGE_A_MAX_SEGMENTS, "max-segments");
}

static int parse_short(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint8_t on;

	(void)rest;
	if (parse_onoff("short", value, &on))
		return STATUS_SYNTAX;
	mnl_attr_put_u8(a->nlh, VPC_EDGE_A_SHORT, on);
	return parse_once(&a->given, VPC_EDGE_A_SHORT, "short");
}

static int parse_grace(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint32_t seconds;

	(void)rest;
	if (parse_u32("grace", value, 0, 86400, &seconds))
		return STATUS_SYNTAX;
	mnl_attr_put_u32(a->nlh, VPC_EDGE_A_GRACE, seconds);
	return parse_once(&a->given, VPC_EDGE_A_GRACE, "grace");
}

static int parse_option_type(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint32_t type;

	(void)rest;
	if (parse_u32("option-type", value, 0, 255, &type))
		return STATUS_SYNTAX;
	mnl_attr_put_u8(a->nlh, VPC_EDGE_A_OPTION_TYPE, type);
	return parse_once(&a->given, VPC_EDGE_A_OPTION_TYPE, "option-type");
}

static int parse_encrypt_arg(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint8_t mode;

	(void)rest;
	if (parse_encrypt(value, &mode))
		return STATUS_SYNTAX;
	mnl_attr_put_u8(a->nlh, VPC_EDGE_A_ENCRYPT, mode);
	return parse_once(&a->given, VPC_EDGE_A_ENCRYPT, "encrypt");
}

static int parse_cipher_arg(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint8_t cipher;

	(void)rest;
	if (parse_cipher(value, &cipher))
		return STATUS_SYNTAX;
	mnl_attr_put_u8(a->nlh, VPC_EDGE_A_CIPHER, cipher);
	return parse_once(&a->given, VPC_EDGE_A_CIPHER, "cipher");
}

static int parse_key_grace(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;
	uint32_t seconds;

	(void)rest;
	if (parse_u32("key-grace", value, 0, 86400, &seconds))
		return STATUS_SYNTAX;
	mnl_attr_put_u32(a->nlh, VPC_EDGE_A_KEY_GRACE, seconds);
	return parse_once(&a->given, VPC_EDGE_A_KEY_GRACE, "key-grace");
}

static int parse_up(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;

	(void)value;
	(void)rest;
	a->up = true;
	return STATUS_OK;
}

/* One table for both commands: "add" knows the first ones, "set" the last. */
static const struct keyword keywords[] = {
	{ "locator", "PREFIX", parse_locator },
	{ "fabric", "DEV or \"any\"", parse_fabric },
	{ "prefix", "PREFIX", parse_prefix_arg },
	{ "mtu", "a number or \"auto\"", parse_mtu },
	{ "max-segments", "a number", parse_max_segments },
	{ "short", "\"on\" or \"off\"", parse_short },
	{ "grace", "SECONDS", parse_grace },
	{ "option-type", "a number", parse_option_type },
	{ "encrypt", "\"off\", \"on\" or \"required\"", parse_encrypt_arg },
	{ "cipher", "the name of a cipher", parse_cipher_arg },
	{ "key-grace", "SECONDS", parse_key_grace },
	{ "fabric", "DEV or \"any\"", parse_fabric_change },
	{ "prefix", "PREFIX", parse_prefix_change },
	{ "up", NULL, parse_up },
};

#define FOR_ADD		0
#define N_FOR_ADD	11
#define FOR_SET		3
#define N_FOR_SET	11

/* Requests. */

static int take_name(struct args *args, const char **name)
{
	*name = arg_take(args, "DEV");
	return *name ? parse_ifname("DEV", *name) : STATUS_SYNTAX;
}

/* A request that has nothing but the name. */
static int edge_named(const char *name, uint8_t cmd)
{
	char buf[128];
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	nlh = genl_start(buf, cmd, 0);
	nest = mnl_attr_nest_start(nlh, VPC_A_EDGE);
	mnl_attr_put_strz(nlh, VPC_EDGE_A_NAME, name);
	mnl_attr_nest_end(nlh, nest);
	return genl_talk(nlh, NULL, NULL);
}

static int edge_delete(const char *name)
{
	return edge_named(name, VPC_CMD_EDGE_DEL);
}

/* Parse all that follows the name into a request. */
static int edge_request(struct args *args, char *buf, uint8_t cmd, const char *name,
			const struct keyword *table, size_t n, struct edge_args *a)
{
	struct nlattr *nest;
	int err;

	a->nlh = genl_start(buf, cmd, 0);
	nest = mnl_attr_nest_start(a->nlh, VPC_A_EDGE);
	mnl_attr_put_strz(a->nlh, VPC_EDGE_A_NAME, name);
	err = parse_keywords(args, table, n, a);
	mnl_attr_nest_end(a->nlh, nest);
	return err;
}

static int edge_add(struct args *args)
{
	struct edge_args a = { .nlh = NULL };
	char buf[GENL_BUFFER];
	const char *name;
	int err;

	err = take_name(args, &name);
	if (!err && strchr(name, '@'))
		err = error(STATUS_SYNTAX,
			    "bad DEV \"%s\": expected a name without \"@\", for DEV@EDGE",
			    name);
	if (!err)
		err = edge_request(args, buf, VPC_CMD_EDGE_ADD, name,
				   &keywords[FOR_ADD], N_FOR_ADD, &a);
	if (err)
		return err;
	if (!(a.given & UINT64_C(1) << VPC_EDGE_A_LOCATOR))
		return error(STATUS_SYNTAX, "locator is missing: expected locator PREFIX");
	if (!(a.given & (UINT64_C(1) << VPC_EDGE_A_FABRIC |
			 UINT64_C(1) << VPC_EDGE_A_FABRIC_ANY)))
		return error(STATUS_SYNTAX,
			     "fabric is missing: expected fabric DEV or fabric any");
	err = genl_talk(a.nlh, NULL, NULL);
	if (err)
		return err;
	err = edge_up(name, a.add, a.n_add, false);
	if (err && !edge_delete(name))
		error(STATUS_KERNEL, "edge %s was deleted again", name);
	return err;
}

static int edge_set(struct args *args)
{
	struct edge_args a = { .nlh = NULL };
	char buf[GENL_BUFFER];
	const char *name;
	int err;

	err = take_name(args, &name);
	if (!err)
		err = edge_request(args, buf, VPC_CMD_EDGE_SET, name,
				   &keywords[FOR_SET], N_FOR_SET, &a);
	if (err)
		return err;
	if (!a.given && !a.up)
		return error(STATUS_SYNTAX,
			     "nothing to set: expected prefix, fabric, a setting, or up");
	if (a.given)
		err = genl_talk(a.nlh, NULL, NULL);
	if (!err && (a.n_add || a.n_del))
		err = edge_follow(name, a.add, a.n_add, a.del, a.n_del);
	if (!err && a.up)
		err = edge_up_again(name);
	return err;
}

static int edge_del(struct args *args)
{
	const char *name;
	int err;

	err = take_name(args, &name);
	if (!err)
		err = arg_end(args);
	return err ? err : edge_delete(name);
}

static int parse_now(void *ctx, const char *value, struct args *rest)
{
	struct edge_args *a = ctx;

	(void)value;
	(void)rest;
	mnl_attr_put(a->nlh, VPC_EDGE_A_NOW, 0, NULL);
	return parse_once(&a->given, VPC_EDGE_A_NOW, "now");
}

static const struct keyword rekey_keywords[] = {
	{ "now", NULL, parse_now },
};

static int edge_rekey(struct args *args)
{
	struct edge_args a = { .nlh = NULL };
	const char *name;
	char buf[256];
	int err;

	err = take_name(args, &name);
	if (!err)
		err = edge_request(args, buf, VPC_CMD_EDGE_REKEY, name, rekey_keywords,
				   ARRAY_SIZE(rekey_keywords), &a);
	return err ? err : genl_talk(a.nlh, NULL, NULL);
}

int edge_main(struct args *args)
{
	static const struct command commands[] = {
		{ "add", edge_add },
		{ "delete", edge_del },
		{ "show", edge_show },
		{ "list", edge_show },
		{ "set", edge_set },
		{ "rekey", edge_rekey },
		{ "help", edge_help },
	};

	return args->argc ?
		command_run(args, commands, ARRAY_SIZE(commands)) :
		edge_show(args);
}
