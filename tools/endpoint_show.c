// SPDX-License-Identifier: GPL-2.0
/* "vpc endpoint show": endpoints. */

#include <arpa/inet.h>
#include <string.h>

#include "attr.h"
#include "counters.h"
#include "endpoint.h"
#include "genl.h"
#include "netns.h"
#include "print.h"
#include "show.h"

/* By VPC, then by SID. */
static void endpoint_key(const struct nlattr *nest, uint8_t *key)
{
	const struct nlattr *tb[VPC_ENDPOINT_A_MAX + 1];
	uint32_t vpc;

	attrs_parse(nest, &attr_endpoint, tb);
	vpc = tb[VPC_ENDPOINT_A_VPC] ? mnl_attr_get_u32(tb[VPC_ENDPOINT_A_VPC]) : 0;
	vpc = htonl(vpc);
	memcpy(key, &vpc, sizeof(vpc));
	if (tb[VPC_ENDPOINT_A_SID])
		memcpy(key + sizeof(vpc), mnl_attr_get_payload(tb[VPC_ENDPOINT_A_SID]),
		       sizeof(struct in6_addr));
}

/**
 * endpoint_get - ask for an endpoint
 * @ep: its VPC and SID
 * @list: gets it
 */
int endpoint_get(const struct endpoint *ep, struct nests *list)
{
	struct endpoint key = { .vpc = ep->vpc, .sid = ep->sid };
	char buf[256];
	struct nlmsghdr *nlh;

	nlh = genl_start(buf, VPC_CMD_ENDPOINT_GET, 0);
	endpoint_put(nlh, &key, -1);
	return collect_one(nlh, VPC_A_ENDPOINT, list);
}

/**
 * endpoint_get_all - ask for all endpoints
 * @vpc: of this VPC, or 0
 * @list: gets them, sorted
 */
int endpoint_get_all(uint32_t vpc, struct nests *list)
{
	struct nlattr *nest;
	char buf[256];
	struct nlmsghdr *nlh;
	int err;

	nlh = genl_start(buf, VPC_CMD_ENDPOINT_GET, 0);
	if (vpc) {
		nest = mnl_attr_nest_start(nlh, VPC_A_ENDPOINT);
		mnl_attr_put_u32(nlh, VPC_ENDPOINT_A_VPC, vpc);
		mnl_attr_nest_end(nlh, nest);
	}
	err = collect_all(nlh, VPC_A_ENDPOINT, list);
	return err ? err : collect_sort(list, endpoint_key);
}

/* Printing. */

static void print_addresses(const struct nlattr *nest, uint16_t type, const char *key,
			    const char *fmt)
{
	show_values(nest, &attr_endpoint, type, key, fmt, fmt);
}

static void print_value(const struct nlattr **tb, uint16_t type, const char *key,
			const char *fmt)
{
	show_value(tb[type], &attr_endpoint.info[type], key, fmt);
}

static void print_device(const struct nlattr **tb)
{
	const char *name;
	int nsid;

	print_value(tb, VPC_ENDPOINT_A_IFINDEX, "ifindex", NULL);
	if (!tb[VPC_ENDPOINT_A_NETNSID])
		return;
	nsid = mnl_attr_get_u32(tb[VPC_ENDPOINT_A_NETNSID]);
	name = netns_name(nsid);
	print_int("netnsid", name ? NULL : " netnsid %lld", nsid);
	if (name)
		print_string("netns", " netns %s", name);
}

/**
 * endpoint_print - print an endpoint: one line, in the order of the arguments
 * @key: its key in JSON, or NULL
 * @nest: its attributes
 */
void endpoint_print(const char *key, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_ENDPOINT_A_MAX + 1];

	attrs_parse(nest, &attr_endpoint, tb);
	open_object(key);
	print_value(tb, VPC_ENDPOINT_A_VPC, "vpc", "%llu");
	print_value(tb, VPC_ENDPOINT_A_DEV, "dev", " %s");
	print_value(tb, VPC_ENDPOINT_A_EDGE, "edge", "@%s");
	print_value(tb, VPC_ENDPOINT_A_SID, "sid", " %s");
	print_value(tb, VPC_ENDPOINT_A_MAC, "mac", " %s");
	print_addresses(nest, VPC_ENDPOINT_A_IPV4, "ipv4", " -4 %s");
	print_addresses(nest, VPC_ENDPOINT_A_IPV6, "ipv6", " -6 %s");
	print_device(tb);
	if (tb[VPC_ENDPOINT_A_STATE])
		print_value(tb, VPC_ENDPOINT_A_STATE, "state", " state %s");
	else
		print_string("state", " state %s", "none");
	if (tb[VPC_ENDPOINT_A_RETIRED_IPV4])
		print_addresses(nest, VPC_ENDPOINT_A_RETIRED_IPV4, "retired_ipv4",
				" retired %s");
	if (tb[VPC_ENDPOINT_A_RETIRED_IPV6])
		print_addresses(nest, VPC_ENDPOINT_A_RETIRED_IPV6, "retired_ipv6",
				" retired %s");
	print_text("\n");
	if (options.stats && tb[VPC_ENDPOINT_A_STATS])
		counters_print_nest(tb[VPC_ENDPOINT_A_STATS]);
	close_object();
}

/* "[ ID [ SID ] ]" */
int endpoint_show(struct args *args)
{
	struct endpoint ep = { .vpc = 0 };
	struct nests list;
	int err;

	if (args->argc > 1) {
		err = endpoint_parse_key(args, &ep);
		if (!err)
			err = arg_end(args);
		if (!err)
			err = endpoint_get(&ep, &list);
	} else {
		err = args->argc ? parse_vpc_id(args->argv[0], &ep.vpc) : STATUS_OK;
		if (!err)
			err = endpoint_get_all(ep.vpc, &list);
	}
	if (err)
		return err;
	show_list(&list, endpoint_print);
	return STATUS_OK;
}
