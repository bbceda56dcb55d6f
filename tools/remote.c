// SPDX-License-Identifier: GPL-2.0
/* "vpc remote": changes of remotes. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "edge.h"
#include "genl.h"
#include "key.h"
#include "remote.h"

static const char help[] =
	"Usage: vpc remote { add | replace } PREFIX [ prefix PREFIX ]... { key KEY }...\n"
	"                [ encrypt { off | on | required } ]\n"
	"       vpc remote set PREFIX seq N\n"
	"       vpc remote del PREFIX [ now ]\n"
	"       vpc remote show [ PREFIX ]\n"
	"\n"
	"KEY := { BASE64 | file PATH | - }\n";

static int remote_help(struct args *args)
{
	(void)args;
	return usage(help);
}

/**
 * struct remote_args - arguments, which go into the request as they come
 * @nlh: the request, inside the nest
 * @given: bits of the attributes that are in it
 * @n_prefixes: how many prefixes
 * @n_keys: how many keys
 */
struct remote_args {
	struct nlmsghdr	*nlh;
	uint64_t	given;
	unsigned int	n_prefixes;
	unsigned int	n_keys;
};

static int take_prefix(struct remote_args *a, const char *text)
{
	struct prefix p;
	int err;

	if (a->n_prefixes == VPC_MAX_PREFIXES)
		return error(STATUS_SYNTAX, "too many prefixes: \"%s\" is one more than %d",
			     text, VPC_MAX_PREFIXES);
	err = parse_prefix("PREFIX", text, &p);
	if (err)
		return err;
	put_prefix(a->nlh, VPC_REMOTE_A_PREFIX, &p);
	a->n_prefixes++;
	return STATUS_OK;
}

static int parse_prefix_arg(void *ctx, const char *value, struct args *rest)
{
	(void)rest;
	return take_prefix(ctx, value);
}

static int take_key(void *ctx, const uint8_t *key)
{
	struct remote_args *a = ctx;
	struct nlattr *nest;

	if (a->n_keys == VPC_MAX_KEYS)
		return error(STATUS_SYNTAX, "too many keys: expected at most %d", VPC_MAX_KEYS);
	nest = mnl_attr_nest_start(a->nlh, VPC_REMOTE_A_KEY);
	mnl_attr_put(a->nlh, VPC_KEY_A_PUBLIC, VPC_KEY_LEN, key);
	mnl_attr_nest_end(a->nlh, nest);
	a->n_keys++;
	return STATUS_OK;
}

static int parse_key_arg(void *ctx, const char *value, struct args *rest)
{
	return parse_key_source(value, rest, take_key, ctx);
}

static int parse_encrypt_arg(void *ctx, const char *value, struct args *rest)
{
	struct remote_args *a = ctx;
	uint8_t mode;

	(void)rest;
	if (parse_encrypt(value, &mode))
		return STATUS_SYNTAX;
	mnl_attr_put_u8(a->nlh, VPC_REMOTE_A_ENCRYPT, mode);
	return parse_once(&a->given, VPC_REMOTE_A_ENCRYPT, "encrypt");
}

static int parse_now(void *ctx, const char *value, struct args *rest)
{
	struct remote_args *a = ctx;

	(void)value;
	(void)rest;
	mnl_attr_put(a->nlh, VPC_REMOTE_A_NOW, 0, NULL);
	return parse_once(&a->given, VPC_REMOTE_A_NOW, "now");
}

static int parse_seq(void *ctx, const char *value, struct args *rest)
{
	struct remote_args *a = ctx;
	uint64_t seq;
	int err;

	(void)rest;
	err = parse_u64("seq", value, &seq);
	if (err)
		return err;
	mnl_attr_put_u64(a->nlh, VPC_REMOTE_A_SEQ, seq);
	return parse_once(&a->given, VPC_REMOTE_A_SEQ, "seq");
}

static const struct keyword change_keywords[] = {
	{ "prefix", "PREFIX", parse_prefix_arg },
	{ "key", "BASE64, \"file\" or \"-\"", parse_key_arg },
	{ "encrypt", "\"off\", \"on\" or \"required\"", parse_encrypt_arg },
};

static const struct keyword set_keywords[] = {
	{ "seq", "N", parse_seq },
};

static const struct keyword del_keywords[] = {
	{ "now", NULL, parse_now },
};

/* Parse all that follows the command into a request. */
static int remote_request(struct args *args, char *buf, uint8_t cmd,
			  const struct keyword *table, size_t n, struct remote_args *a)
{
	struct nlattr *nest;
	const char *word;
	int err;

	a->nlh = genl_start(buf, cmd, 0);
	nest = mnl_attr_nest_start(a->nlh, VPC_A_REMOTE);
	word = arg_take(args, "PREFIX");
	err = word ? take_prefix(a, word) : STATUS_SYNTAX;
	if (!err)
		err = parse_keywords(args, table, n, a);
	mnl_attr_nest_end(a->nlh, nest);
	return err;
}

static int remote_change(struct args *args, uint8_t cmd)
{
	struct remote_args a = { .nlh = NULL };
	char buf[GENL_BUFFER];
	int err;

	err = remote_request(args, buf, cmd, change_keywords, ARRAY_SIZE(change_keywords),
			     &a);
	if (err)
		return err;
	if (!a.n_keys)
		return error(STATUS_SYNTAX, "key is missing: expected key KEY");
	return genl_talk(a.nlh, NULL, NULL);
}

static int remote_add(struct args *args)
{
	return remote_change(args, VPC_CMD_REMOTE_ADD);
}

static int remote_replace(struct args *args)
{
	return remote_change(args, VPC_CMD_REMOTE_REPLACE);
}

static int remote_set(struct args *args)
{
	struct remote_args a = { .nlh = NULL };
	char buf[256];
	int err;

	err = remote_request(args, buf, VPC_CMD_REMOTE_SET, set_keywords,
			     ARRAY_SIZE(set_keywords), &a);
	if (err)
		return err;
	if (!a.given)
		return error(STATUS_SYNTAX, "nothing to set: expected seq N");
	return genl_talk(a.nlh, NULL, NULL);
}

static int remote_del(struct args *args)
{
	struct remote_args a = { .nlh = NULL };
	char buf[256];
	int err;

	err = remote_request(args, buf, VPC_CMD_REMOTE_DEL, del_keywords,
			     ARRAY_SIZE(del_keywords), &a);
	return err ? err : genl_talk(a.nlh, NULL, NULL);
}

int remote_main(struct args *args)
{
	static const struct command commands[] = {
		{ "add", remote_add },
		{ "replace", remote_replace },
		{ "delete", remote_del },
		{ "show", remote_show },
		{ "list", remote_show },
		{ "set", remote_set },
		{ "help", remote_help },
	};

	return args->argc ?
		command_run(args, commands, ARRAY_SIZE(commands)) :
		remote_show(args);
}
