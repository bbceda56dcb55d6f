// SPDX-License-Identifier: GPL-2.0
/* "vpc route show": routes. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "genl.h"
#include "print.h"
#include "route.h"
#include "show.h"

/**
 * route_target - where a route leads: what tells routes of one prefix apart
 * @nest: its attributes
 *
 * Return: a hash (FNV-1a) of its kind, and of the SIDs of its next hops without
 *	their weights, which the kernel keeps in order, or of its peer.
 */
uint64_t route_target(const struct nlattr *nest)
{
	uint64_t hash = 0xcbf29ce484222325;
	const struct nlattr *attr;
	const uint8_t *byte;
	size_t len, i;

	mnl_attr_for_each_nested(attr, nest) {
		if (!attr_valid(attr, &attr_route))
			continue;
		switch (mnl_attr_get_type(attr)) {
		case VPC_ROUTE_A_KIND:
		case VPC_ROUTE_A_PEER:
			len = mnl_attr_get_payload_len(attr);
			break;
		case VPC_ROUTE_A_VIA:
			len = sizeof(((struct vpc_via *)NULL)->sid);
			break;
		default:
			continue;
		}
		byte = mnl_attr_get_payload(attr);
		for (i = 0; i < len; i++)
			hash = (hash ^ byte[i]) * 0x100000001b3;
	}
	return hash;
}

/* By VPC and prefix, what is active in front of what stands by. */
static void route_key(const struct nlattr *nest, uint8_t *key)
{
	const struct nlattr *tb[VPC_ROUTE_A_MAX + 1];
	uint8_t state, len = 0;
	uint64_t hash;
	uint32_t vpc;

	attrs_parse(nest, &attr_route, tb);
	vpc = htonl(tb[VPC_ROUTE_A_VPC] ? mnl_attr_get_u32(tb[VPC_ROUTE_A_VPC]) : 0);
	memcpy(key, &vpc, sizeof(vpc));
	if (tb[VPC_ROUTE_A_DST]) {
		len = mnl_attr_get_payload_len(tb[VPC_ROUTE_A_DST]);
		key[4] = len;
		memcpy(key + 5, mnl_attr_get_payload(tb[VPC_ROUTE_A_DST]), len);
	}
	key[21] = tb[VPC_ROUTE_A_LEN] ? mnl_attr_get_u8(tb[VPC_ROUTE_A_LEN]) : 0;
	state = tb[VPC_ROUTE_A_STATE] ? mnl_attr_get_u8(tb[VPC_ROUTE_A_STATE]) : 0;
	key[22] = state == VPC_STATE_ACTIVE ? 0 : state;
	key[23] = tb[VPC_ROUTE_A_KIND] ? mnl_attr_get_u8(tb[VPC_ROUTE_A_KIND]) : 0;
	hash = route_target(nest);
	memcpy(key + 24, &hash, sizeof(hash));
}

/**
 * route_get_all - ask for routes
 * @vpc: of this VPC, or 0 for all
 * @dst: of this prefix, or NULL
 * @list: gets them, sorted
 */
int route_get_all(uint32_t vpc, const struct subnet *dst, struct nests *list)
{
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	char buf[256];
	int err;

	nlh = genl_start(buf, VPC_CMD_ROUTE_GET, 0);
	if (vpc) {
		nest = mnl_attr_nest_start(nlh, VPC_A_ROUTE);
		mnl_attr_put_u32(nlh, VPC_ROUTE_A_VPC, vpc);
		if (dst) {
			mnl_attr_put(nlh, VPC_ROUTE_A_DST, dst->addr.len,
				     dst->addr.bytes);
			mnl_attr_put_u8(nlh, VPC_ROUTE_A_LEN, dst->len);
		}
		mnl_attr_nest_end(nlh, nest);
	}
	err = collect_all(nlh, VPC_A_ROUTE, list);
	return err ? err : collect_sort(list, route_key);
}

/* Printing. */

static void print_value(const struct nlattr **tb, uint16_t type, const char *key,
			const char *fmt)
{
	show_value(tb[type], &attr_route.info[type], key, fmt);
}

static void print_vias(const struct nlattr *nest)
{
	const struct nlattr *attr;
	char text[INET6_ADDRSTRLEN];
	struct vpc_via via;

	open_array("via");
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != VPC_ROUTE_A_VIA ||
		    !attr_valid(attr, &attr_route))
			continue;
		memcpy(&via, mnl_attr_get_payload(attr), sizeof(via));
		inet_ntop(AF_INET6, via.sid, text, sizeof(text));
		open_object(NULL);
		print_string("sid", " via %s", text);
		print_uint("weight", via.weight == 1 ? NULL : " weight %llu", via.weight);
		close_object();
	}
	close_array();
}

static void print_target(const struct nlattr **tb, const struct nlattr *nest)
{
	uint8_t kind = tb[VPC_ROUTE_A_KIND] ? mnl_attr_get_u8(tb[VPC_ROUTE_A_KIND]) : 0;

	print_string("kind", kind == VPC_ROUTE_BLACKHOLE || kind == VPC_ROUTE_PROHIBIT ?
		     " %s" : NULL, route_kind_name(kind));
	if (kind == VPC_ROUTE_VIA)
		print_vias(nest);
	print_value(tb, VPC_ROUTE_A_PEER, "peer", " peer %llu");
	print_bool("export", " export", tb[VPC_ROUTE_A_EXPORT]);
	if (tb[VPC_ROUTE_A_HASH])
		print_value(tb, VPC_ROUTE_A_HASH, "hash",
			    mnl_attr_get_u8(tb[VPC_ROUTE_A_HASH]) == VPC_HASH_L3 ?
			    NULL : " hash %s");
}

static void print_route(const char *key, const char *vpc_fmt,
			const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_ROUTE_A_MAX + 1];
	char addr[ATTR_TEXT_SIZE] = "?", text[ATTR_TEXT_SIZE + 8];

	attrs_parse(nest, &attr_route, tb);
	open_object(key);
	print_value(tb, VPC_ROUTE_A_VPC, "vpc", vpc_fmt);
	if (tb[VPC_ROUTE_A_DST])
		attr_text(tb[VPC_ROUTE_A_DST], &attr_route.info[VPC_ROUTE_A_DST], addr);
	snprintf(text, sizeof(text), "%s/%u", addr, tb[VPC_ROUTE_A_LEN] ?
		 mnl_attr_get_u8(tb[VPC_ROUTE_A_LEN]) : 0);
	print_string("prefix", " %s", text);
	print_target(tb, nest);
	print_value(tb, VPC_ROUTE_A_STATE, "state", " state %s");
	close_object();
}

/**
 * route_print - print a route: one line, in the order of the arguments
 * @key: its key in JSON, or NULL
 * @nest: its attributes
 */
void route_print(const char *key, const struct nlattr *nest)
{
	print_route(key, "%llu", nest);
	print_text("\n");
}

/* Within another line, which names the VPC. */
void route_print_in(const char *key, const struct nlattr *nest)
{
	print_route(key, NULL, nest);
}

/* "[ ID [ PREFIX ] ]" */
int route_show(struct args *args)
{
	struct subnet dst;
	struct nests list;
	uint32_t vpc = 0;
	bool one = args->argc > 1;
	int err = STATUS_OK;

	if (args->argc)
		err = parse_vpc_id(arg_take(args, "ID"), &vpc);
	if (!err && one)
		err = parse_subnet("PREFIX", arg_take(args, "PREFIX"), &dst);
	if (!err)
		err = arg_end(args);
	if (!err)
		err = route_get_all(vpc, one ? &dst : NULL, &list);
	if (err)
		return err;
	show_list(&list, route_print);
	return STATUS_OK;
}
