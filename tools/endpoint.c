// SPDX-License-Identifier: GPL-2.0
/* The object "vpc", also called "endpoint": changes of endpoints. */

#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "endpoint.h"
#include "genl.h"
#include "queue.h"

#define VPC "vpc"	/* checkpatch takes "vpc" twice for a mistake */

static const char help[] =
	"Usage: vpc " VPC " add ID [ DEV@EDGE ] SID MAC [ -4 ADDR ]... [ -6 ADDR ]...\n"
	"               [ netns NAME [ nodefault ] ] [ state STATE ]\n"
	"       vpc " VPC " replace ID ...\n"
	"       vpc " VPC " set ID SID state STATE\n"
	"       vpc " VPC " del ID SID [ now ]\n"
	"       vpc " VPC " show [ ID [ SID ] ]\n"
	"\n"
	"ID := 1 to 16777214\n"
	"STATE := { standby | active | retiring }\n";

static int endpoint_help(struct args *args)
{
	(void)args;
	return usage(help);
}

/* Arguments. */

enum {
	GIVEN_STATE,
	GIVEN_NETNS,
};

static int add_address(struct endpoint *ep, int family, const char *text)
{
	struct address *addr = &ep->addr[ep->n_addrs];
	int err;

	if (ep->n_addrs == VPC_MAX_ADDRS)
		return error(STATUS_SYNTAX, "too many addresses: \"%s\" is one more than %d",
			     text, VPC_MAX_ADDRS);
	addr->family = family;
	addr->len = family == AF_INET ? 4 : 16;
	if (family == AF_INET)
		err = parse_ipv4("-4", text, addr->bytes);
	else
		err = parse_ipv6("-6", text, addr->bytes);
	if (!err)
		ep->n_addrs++;
	return err;
}

static int parse_4(void *ctx, const char *value, struct args *rest)
{
	(void)rest;
	return add_address(ctx, AF_INET, value);
}

static int parse_6(void *ctx, const char *value, struct args *rest)
{
	(void)rest;
	return add_address(ctx, AF_INET6, value);
}

static int parse_netns(void *ctx, const char *value, struct args *rest)
{
	struct endpoint *ep = ctx;

	(void)rest;
	ep->netns = value;
	return parse_once(&ep->given, GIVEN_NETNS, "netns");
}

static int parse_nodefault(void *ctx, const char *value, struct args *rest)
{
	struct endpoint *ep = ctx;

	(void)value;
	(void)rest;
	ep->nodefault = true;
	return STATUS_OK;
}

static int parse_state_arg(void *ctx, const char *value, struct args *rest)
{
	struct endpoint *ep = ctx;
	int err;

	(void)rest;
	err = parse_once(&ep->given, GIVEN_STATE, "state");
	return err ? err : parse_state(value, &ep->state);
}

static int parse_now(void *ctx, const char *value, struct args *rest)
{
	struct endpoint *ep = ctx;

	(void)value;
	(void)rest;
	ep->now = true;
	return STATUS_OK;
}

static const struct keyword make_keywords[] = {
	{ "-4", "an IPv4 address", parse_4 },
	{ "-6", "an IPv6 address", parse_6 },
	{ "netns", "NAME", parse_netns },
	{ "nodefault", NULL, parse_nodefault },
	{ "state", "STATE", parse_state_arg },
};

static const struct keyword set_keywords[] = {
	{ "state", "STATE", parse_state_arg },
};

static const struct keyword del_keywords[] = {
	{ "now", NULL, parse_now },
};

static void endpoint_init(struct endpoint *ep)
{
	memset(ep, 0, offsetof(struct endpoint, addr));
}

/* "vm0@vpc0" */
static int parse_device(struct endpoint *ep, const char *text)
{
	const char *at = strrchr(text, '@');
	size_t len = at - text;
	int err;

	err = parse_ifname("EDGE", at + 1);
	if (err)
		return err;
	memcpy(ep->dev, text, len < IFNAMSIZ ? len : IFNAMSIZ - 1);
	ep->dev[len < IFNAMSIZ ? len : IFNAMSIZ - 1] = '\0';
	if (len >= IFNAMSIZ || parse_ifname("DEV", ep->dev)) {
		free(errors_take());
		return error(STATUS_SYNTAX,
			     "bad DEV@EDGE \"%s\": expected two device names of 1 to %d characters",
			     text, IFNAMSIZ - 1);
	}
	strcpy(ep->edge, at + 1);
	return STATUS_OK;
}

/**
 * endpoint_parse_key - take "ID SID"
 * @args: arguments
 * @ep: an endpoint, which is cleared
 */
int endpoint_parse_key(struct args *args, struct endpoint *ep)
{
	const char *word;
	int err;

	endpoint_init(ep);
	word = arg_take(args, "ID");
	if (!word)
		return STATUS_SYNTAX;
	err = parse_vpc_id(word, &ep->vpc);
	if (err)
		return err;
	word = arg_take(args, "SID");
	return word ? parse_ipv6("SID", word, &ep->sid) : STATUS_SYNTAX;
}

/* "ID [ DEV@EDGE ] SID MAC" */
static int parse_positional(struct args *args, struct endpoint *ep)
{
	const char *word;
	int err;

	endpoint_init(ep);
	word = arg_take(args, "ID");
	if (!word)
		return STATUS_SYNTAX;
	err = parse_vpc_id(word, &ep->vpc);
	if (err)
		return err;
	word = arg_take(args, "SID");
	if (word && strchr(word, '@')) {
		err = parse_device(ep, word);
		if (err)
			return err;
		word = arg_take(args, "SID");
	}
	if (!word)
		return STATUS_SYNTAX;
	err = parse_ipv6("SID", word, &ep->sid);
	if (err)
		return err;
	word = arg_take(args, "MAC");
	return word ? parse_mac(word, ep->mac) : STATUS_SYNTAX;
}

static int parse_endpoint(struct args *args, struct endpoint *ep)
{
	int err;

	err = parse_positional(args, ep);
	if (!err)
		err = parse_keywords(args, make_keywords, ARRAY_SIZE(make_keywords), ep);
	if (err)
		return err;
	if (!ep->n_addrs)
		return error(STATUS_SYNTAX,
			     "overlay address is missing: expected -4 ADDR or -6 ADDR");
	if (ep->netns && !ep->edge[0])
		return error(STATUS_SYNTAX,
			     "\"netns %s\" needs a device to put there: expected DEV@EDGE before the SID",
			     ep->netns);
	if (ep->nodefault && !ep->netns)
		return error(STATUS_SYNTAX, "\"nodefault\" needs \"netns NAME\"");
	return STATUS_OK;
}

/* Requests. */

/**
 * endpoint_put - put an endpoint into a request
 * @nlh: the request
 * @ep: the endpoint
 * @netns_fd: namespace for its device, or -1
 */
void endpoint_put(struct nlmsghdr *nlh, const struct endpoint *ep, int netns_fd)
{
	static const uint8_t no_mac[6];
	const struct address *addr;
	struct nlattr *nest;

	nest = mnl_attr_nest_start(nlh, VPC_A_ENDPOINT);
	mnl_attr_put_u32(nlh, VPC_ENDPOINT_A_VPC, ep->vpc);
	mnl_attr_put(nlh, VPC_ENDPOINT_A_SID, sizeof(ep->sid), &ep->sid);
	if (memcmp(ep->mac, no_mac, sizeof(no_mac)))
		mnl_attr_put(nlh, VPC_ENDPOINT_A_MAC, sizeof(ep->mac), ep->mac);
	for (addr = ep->addr; addr < ep->addr + ep->n_addrs; addr++)
		mnl_attr_put(nlh, addr->family == AF_INET ? VPC_ENDPOINT_A_IPV4 :
			     VPC_ENDPOINT_A_IPV6, addr->len, addr->bytes);
	if (ep->state)
		mnl_attr_put_u8(nlh, VPC_ENDPOINT_A_STATE, ep->state);
	if (ep->edge[0]) {
		mnl_attr_put_strz(nlh, VPC_ENDPOINT_A_EDGE, ep->edge);
		mnl_attr_put_strz(nlh, VPC_ENDPOINT_A_DEV, ep->dev);
	}
	if (netns_fd >= 0)
		mnl_attr_put_u32(nlh, VPC_ENDPOINT_A_NETNS_FD, netns_fd);
	if (ep->now)
		mnl_attr_put(nlh, VPC_ENDPOINT_A_NOW, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static int endpoint_queue(const struct endpoint *ep, uint8_t cmd)
{
	struct nlmsghdr *nlh;

	nlh = queue_add(cmd);
	if (!nlh)
		return STATUS_KERNEL;
	endpoint_put(nlh, ep, -1);
	queue_added();
	return STATUS_OK;
}

static int endpoint_make(struct args *args, uint8_t cmd)
{
	struct endpoint ep;
	int err;

	err = parse_endpoint(args, &ep);
	if (err)
		return err;
	if (!ep.netns)
		return endpoint_queue(&ep, cmd);
	err = queue_flush();
	return err ? err : endpoint_make_device(&ep, cmd);
}

static int endpoint_add(struct args *args)
{
	return endpoint_make(args, VPC_CMD_ENDPOINT_ADD);
}

static int endpoint_replace(struct args *args)
{
	return endpoint_make(args, VPC_CMD_ENDPOINT_REPLACE);
}

static int endpoint_set(struct args *args)
{
	struct endpoint ep;
	int err;

	err = endpoint_parse_key(args, &ep);
	if (!err)
		err = parse_keywords(args, set_keywords, ARRAY_SIZE(set_keywords), &ep);
	if (err)
		return err;
	if (!ep.state)
		return error(STATUS_SYNTAX, "nothing to set: expected state STATE");
	return endpoint_queue(&ep, VPC_CMD_ENDPOINT_SET);
}

static int endpoint_del(struct args *args)
{
	struct endpoint ep;
	int err;

	err = endpoint_parse_key(args, &ep);
	if (!err)
		err = parse_keywords(args, del_keywords, ARRAY_SIZE(del_keywords), &ep);
	return err ? err : endpoint_queue(&ep, VPC_CMD_ENDPOINT_DEL);
}

static int endpoint_show_command(struct args *args)
{
	int err = queue_flush();

	return err ? err : endpoint_show(args);
}

int endpoint_main(struct args *args)
{
	static const struct command commands[] = {
		{ "add", endpoint_add },
		{ "delete", endpoint_del },
		{ "replace", endpoint_replace },
		{ "show", endpoint_show_command },
		{ "list", endpoint_show_command },
		{ "set", endpoint_set },
		{ "help", endpoint_help },
	};

	return args->argc ?
		command_run(args, commands, ARRAY_SIZE(commands)) :
		endpoint_show_command(args);
}
