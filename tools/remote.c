// SPDX-License-Identifier: GPL-2.0
/* "vpc remote": changes of remotes. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "edge.h"
#include "genl.h"
#include "key.h"
#include "queue.h"
#include "remote.h"

static const char help[] =
	"Usage: vpc remote { add | replace } PREFIX [ prefix PREFIX ]...\n"
	"                [ standby PREFIX ]... { key KEY }...\n"
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
 * struct remote_args - what the arguments say of a remote
 * @given: bits of the attributes that are given once
 * @n_prefixes: how many prefixes
 * @prefix: the prefixes
 * @standby: which of them are accepted only
 * @n_keys: how many keys
 * @key: the keys
 * @encrypt: &enum vpc_encrypt
 * @seq: sequence number
 */
struct remote_args {
	uint64_t	given;
	unsigned int	n_prefixes;
	struct prefix	prefix[VPC_MAX_PREFIXES];
	bool		standby[VPC_MAX_PREFIXES];
	unsigned int	n_keys;
	uint8_t		key[VPC_MAX_KEYS][VPC_KEY_LEN];
	uint8_t		encrypt;
	uint64_t	seq;
};

/* It is too large for the stack of a function, and one is enough. */
static struct remote_args parsed;

static int take_prefix(struct remote_args *a, const char *text, bool standby)
{
	int err;

	if (a->n_prefixes == VPC_MAX_PREFIXES)
		return error(STATUS_SYNTAX, "too many prefixes: \"%s\" is one more than %d",
			     text, VPC_MAX_PREFIXES);
	err = parse_prefix("PREFIX", text, &a->prefix[a->n_prefixes]);
	if (err)
		return err;
	a->standby[a->n_prefixes++] = standby;
	return STATUS_OK;
}

static int parse_prefix_arg(void *ctx, const char *value, struct args *rest)
{
	(void)rest;
	return take_prefix(ctx, value, false);
}

static int parse_standby_arg(void *ctx, const char *value, struct args *rest)
{
	(void)rest;
	return take_prefix(ctx, value, true);
}

static int take_key(void *ctx, const uint8_t *key)
{
	struct remote_args *a = ctx;

	if (a->n_keys == VPC_MAX_KEYS)
		return error(STATUS_SYNTAX, "too many keys: expected at most %d", VPC_MAX_KEYS);
	memcpy(a->key[a->n_keys++], key, VPC_KEY_LEN);
	return STATUS_OK;
}

static int parse_key_arg(void *ctx, const char *value, struct args *rest)
{
	return parse_key_source(value, rest, take_key, ctx);
}

static int parse_encrypt_arg(void *ctx, const char *value, struct args *rest)
{
	struct remote_args *a = ctx;

	(void)rest;
	if (parse_encrypt(value, &a->encrypt))
		return STATUS_SYNTAX;
	return parse_once(&a->given, VPC_REMOTE_A_ENCRYPT, "encrypt");
}

static int parse_now(void *ctx, const char *value, struct args *rest)
{
	struct remote_args *a = ctx;

	(void)value;
	(void)rest;
	return parse_once(&a->given, VPC_REMOTE_A_NOW, "now");
}

static int parse_seq(void *ctx, const char *value, struct args *rest)
{
	struct remote_args *a = ctx;
	int err;

	(void)rest;
	err = parse_u64("seq", value, &a->seq);
	if (err)
		return err;
	return parse_once(&a->given, VPC_REMOTE_A_SEQ, "seq");
}

static const struct keyword change_keywords[] = {
	{ "prefix", "PREFIX", parse_prefix_arg },
	{ "standby", "PREFIX", parse_standby_arg },
	{ "key", "BASE64, \"file\" or \"-\"", parse_key_arg },
	{ "encrypt", "\"off\", \"on\" or \"required\"", parse_encrypt_arg },
};

static const struct keyword set_keywords[] = {
	{ "seq", "N", parse_seq },
};

static const struct keyword del_keywords[] = {
	{ "now", NULL, parse_now },
};

static bool is_given(const struct remote_args *a, int type)
{
	return a->given & UINT64_C(1) << type;
}

static void remote_put(struct nlmsghdr *nlh, const struct remote_args *a)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, VPC_A_REMOTE), *key;
	unsigned int i;

	for (i = 0; i < a->n_prefixes; i++)
		put_prefix(nlh, a->standby[i] ? VPC_REMOTE_A_STANDBY_PREFIX :
						VPC_REMOTE_A_PREFIX, &a->prefix[i]);
	for (i = 0; i < a->n_keys; i++) {
		key = mnl_attr_nest_start(nlh, VPC_REMOTE_A_KEY);
		mnl_attr_put(nlh, VPC_KEY_A_PUBLIC, VPC_KEY_LEN, a->key[i]);
		mnl_attr_nest_end(nlh, key);
	}
	if (is_given(a, VPC_REMOTE_A_ENCRYPT))
		mnl_attr_put_u8(nlh, VPC_REMOTE_A_ENCRYPT, a->encrypt);
	if (is_given(a, VPC_REMOTE_A_SEQ))
		mnl_attr_put_u64(nlh, VPC_REMOTE_A_SEQ, a->seq);
	if (is_given(a, VPC_REMOTE_A_NOW))
		mnl_attr_put(nlh, VPC_REMOTE_A_NOW, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static int remote_queue(const struct remote_args *a, uint8_t cmd)
{
	struct nlmsghdr *nlh;

	nlh = queue_add(cmd);
	if (!nlh)
		return STATUS_KERNEL;
	remote_put(nlh, a);
	queue_added();
	return STATUS_OK;
}

static int parse_remote(struct args *args, const struct keyword *table, size_t n,
			struct remote_args *a)
{
	const char *word;
	int err;

	memset(a, 0, sizeof(*a));
	word = arg_take(args, "PREFIX");
	err = word ? take_prefix(a, word, false) : STATUS_SYNTAX;
	return err ? err : parse_keywords(args, table, n, a);
}

static int remote_change(struct args *args, uint8_t cmd)
{
	int err;

	err = parse_remote(args, change_keywords, ARRAY_SIZE(change_keywords), &parsed);
	if (err)
		return err;
	if (!parsed.n_keys)
		return error(STATUS_SYNTAX,
			     "key is missing: expected key BASE64, key file PATH or key -");
	return remote_queue(&parsed, cmd);
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
	int err;

	err = parse_remote(args, set_keywords, ARRAY_SIZE(set_keywords), &parsed);
	if (err)
		return err;
	if (!parsed.given)
		return error(STATUS_SYNTAX, "nothing to set: expected seq N");
	return remote_queue(&parsed, VPC_CMD_REMOTE_SET);
}

static int remote_del(struct args *args)
{
	int err;

	err = parse_remote(args, del_keywords, ARRAY_SIZE(del_keywords), &parsed);
	return err ? err : remote_queue(&parsed, VPC_CMD_REMOTE_DEL);
}

static int remote_show_command(struct args *args)
{
	int err = queue_flush();

	return err ? err : remote_show(args);
}

int remote_main(struct args *args)
{
	static const struct command commands[] = {
		{ "add", remote_add },
		{ "replace", remote_replace },
		{ "delete", remote_del },
		{ "show", remote_show_command },
		{ "list", remote_show_command },
		{ "set", remote_set },
		{ "help", remote_help },
	};

	return args->argc ?
		command_run(args, commands, ARRAY_SIZE(commands)) :
		remote_show_command(args);
}
