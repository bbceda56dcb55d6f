// SPDX-License-Identifier: GPL-2.0
/* The object "peer": which VPCs agree to which peerings. */

#include <arpa/inet.h>
#include <string.h>

#include <linux/vpc.h>

#include "attr.h"
#include "genl.h"
#include "parse.h"
#include "peer.h"
#include "print.h"
#include "queue.h"
#include "show.h"

static const char help[] =
	"Usage: vpc peer add ID PEER [ state { standby | active } ]\n"
	"       vpc peer del ID PEER\n"
	"       vpc peer show [ ID ]\n"
	"\n"
	"The VPC ID agrees that it and the VPC PEER may reach each other.\n"
	"ID, PEER := 1 to 16777214\n";

static int peer_help(struct args *args)
{
	(void)args;
	return usage(help);
}

struct peering {
	uint64_t	given;
	uint32_t	vpc;
	uint32_t	peer;
	uint8_t		state;
};

static int parse_state_arg(void *ctx, const char *value, struct args *rest)
{
	struct peering *p = ctx;
	int err;

	(void)rest;
	err = parse_once(&p->given, 0, "state");
	if (!err)
		err = parse_state(value, &p->state);
	if (!err && p->state == VPC_STATE_RETIRING)
		err = error(STATUS_SYNTAX,
			    "bad state \"%s\": expected standby or active: consent has no grace",
			    value);
	return err;
}

static const struct keyword add_keywords[] = {
	{ "state", "STATE", parse_state_arg },
};

static int parse_pair(struct args *args, struct peering *p)
{
	const char *word;
	int err;

	memset(p, 0, sizeof(*p));
	word = arg_take(args, "ID");
	if (!word)
		return STATUS_SYNTAX;
	err = parse_vpc_id(word, &p->vpc);
	if (err)
		return err;
	word = arg_take(args, "PEER");
	return word ? parse_vpc_id(word, &p->peer) : STATUS_SYNTAX;
}

static int peer_queue(const struct peering *p, uint8_t cmd)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;

	nlh = queue_add(cmd);
	if (!nlh)
		return STATUS_KERNEL;
	nest = mnl_attr_nest_start(nlh, VPC_A_PEER);
	mnl_attr_put_u32(nlh, VPC_PEER_A_VPC, p->vpc);
	mnl_attr_put_u32(nlh, VPC_PEER_A_PEER, p->peer);
	if (p->state)
		mnl_attr_put_u8(nlh, VPC_PEER_A_STATE, p->state);
	mnl_attr_nest_end(nlh, nest);
	queue_added();
	return STATUS_OK;
}

static int peer_add(struct args *args)
{
	struct peering p;
	int err;

	err = parse_pair(args, &p);
	if (!err)
		err = parse_keywords(args, add_keywords, ARRAY_SIZE(add_keywords), &p);
	return err ? err : peer_queue(&p, VPC_CMD_PEER_ADD);
}

static int peer_del(struct args *args)
{
	struct peering p;
	int err;

	err = parse_pair(args, &p);
	if (!err)
		err = arg_end(args);
	return err ? err : peer_queue(&p, VPC_CMD_PEER_DEL);
}

/* Showing. */

static void peer_key(const struct nlattr *nest, uint8_t *key)
{
	const struct nlattr *tb[VPC_PEER_A_MAX + 1];
	uint32_t id[2] = { 0, 0 };

	attrs_parse(nest, &attr_peer, tb);
	if (tb[VPC_PEER_A_VPC] && tb[VPC_PEER_A_PEER]) {
		id[0] = htonl(mnl_attr_get_u32(tb[VPC_PEER_A_VPC]));
		id[1] = htonl(mnl_attr_get_u32(tb[VPC_PEER_A_PEER]));
	}
	memcpy(key, id, sizeof(id));
}

/**
 * peer_get_all - ask for peerings
 * @vpc: those that this VPC agrees to, or 0 for all
 * @list: gets them, sorted
 */
int peer_get_all(uint32_t vpc, struct nests *list)
{
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	char buf[128];
	int err;

	nlh = genl_start(buf, VPC_CMD_PEER_GET, 0);
	if (vpc) {
		nest = mnl_attr_nest_start(nlh, VPC_A_PEER);
		mnl_attr_put_u32(nlh, VPC_PEER_A_VPC, vpc);
		mnl_attr_nest_end(nlh, nest);
	}
	err = collect_all(nlh, VPC_A_PEER, list);
	return err ? err : collect_sort(list, peer_key);
}

/**
 * peer_print - print a peering: one line, with what the other side says
 * @key: its key in JSON, or NULL
 * @nest: its attributes
 */
void peer_print(const char *key, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_PEER_A_MAX + 1], *theirs;
	unsigned int ours = 0;

	attrs_parse(nest, &attr_peer, tb);
	theirs = tb[VPC_PEER_A_PEER_STATE];
	open_object(key);
	show_value(tb[VPC_PEER_A_VPC], &attr_peer.info[VPC_PEER_A_VPC], "vpc", "%llu");
	show_value(tb[VPC_PEER_A_PEER], &attr_peer.info[VPC_PEER_A_PEER], "peer", " %llu");
	if (tb[VPC_PEER_A_STATE]) {
		ours = mnl_attr_get_u8(tb[VPC_PEER_A_STATE]);
		print_string("state", " state %s", state_name(ours));
	}
	print_string("peer_state", " peer-state %s",
		     theirs ? state_name(mnl_attr_get_u8(theirs)) : "none");
	print_bool("up", " up", ours == VPC_STATE_ACTIVE && theirs &&
		   mnl_attr_get_u8(theirs) == VPC_STATE_ACTIVE);
	print_text("\n");
	close_object();
}

/* "[ ID ]" */
static int peer_show(struct args *args)
{
	struct nests list;
	uint32_t vpc = 0;
	int err;

	err = queue_flush();
	if (!err && args->argc)
		err = parse_vpc_id(arg_take(args, "ID"), &vpc);
	if (!err)
		err = arg_end(args);
	if (!err)
		err = peer_get_all(vpc, &list);
	if (err)
		return err;
	show_list(&list, peer_print);
	return STATUS_OK;
}

int peer_main(struct args *args)
{
	static const struct command commands[] = {
		{ "add", peer_add },
		{ "delete", peer_del },
		{ "show", peer_show },
		{ "list", peer_show },
		{ "help", peer_help },
	};

	return args->argc ? command_run(args, commands, ARRAY_SIZE(commands)) :
			    peer_show(args);
}
