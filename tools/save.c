// SPDX-License-Identifier: GPL-2.0
/* "vpc save": the configuration as commands that "vpc -batch" restores. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "edge.h"
#include "endpoint.h"
#include "netns.h"
#include "peer.h"
#include "print.h"
#include "remote.h"
#include "route.h"

static const char help[] =
	"Usage: vpc save\n";

/* Names of devices may have what quotes and comments are made of. */
static void put_word(FILE *out, const char *word)
{
	if (!strpbrk(word, " \t\"'#\\")) {
		fputs(word, out);
		return;
	}
	for (; *word; word++) {
		const char *quote = *word == '\'' ? "\"" : "'";

		fprintf(out, "%s%c%s", quote, *word, quote);
	}
}

static void put_value(FILE *out, const char *keyword, const struct nlattr *attr,
		      const struct attr_table *table)
{
	char text[ATTR_TEXT_SIZE];

	if (!attr)
		return;
	fprintf(out, " %s%s", keyword, *keyword ? " " : "");
	put_word(out, attr_text(attr, &table->info[mnl_attr_get_type(attr)], text));
}

static void put_all(FILE *out, const char *keyword, const struct nlattr *nest,
		    const struct attr_table *table, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type && attr_valid(attr, table))
			put_value(out, keyword, attr, table);
	}
}

/* Edges. */

static bool differs_u32(const struct nlattr *attr, uint32_t usual)
{
	return attr && mnl_attr_get_u32(attr) != usual;
}

static bool differs_u8(const struct nlattr *attr, uint8_t usual)
{
	return attr && mnl_attr_get_u8(attr) != usual;
}

static void put_edge(FILE *out, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_EDGE_A_MAX + 1];

	attrs_parse(nest, &attr_edge, tb);
	fputs("edge add", out);
	put_value(out, "", tb[VPC_EDGE_A_NAME], &attr_edge);
	put_value(out, "locator", tb[VPC_EDGE_A_LOCATOR], &attr_edge);
	put_all(out, "fabric", nest, &attr_edge, VPC_EDGE_A_FABRIC);
	if (differs_u8(tb[VPC_EDGE_A_FABRIC_ANY], 0))
		fputs(" fabric any", out);
	put_all(out, "prefix", nest, &attr_edge, VPC_EDGE_A_PREFIX);
	if (differs_u32(tb[VPC_EDGE_A_MTU], 0))
		put_value(out, "mtu", tb[VPC_EDGE_A_MTU], &attr_edge);
	if (differs_u8(tb[VPC_EDGE_A_MAX_SEGMENTS], VPC_DEFAULT_SEGMENTS))
		put_value(out, "max-segments", tb[VPC_EDGE_A_MAX_SEGMENTS], &attr_edge);
	if (differs_u8(tb[VPC_EDGE_A_SHORT], 0))
		put_value(out, "short", tb[VPC_EDGE_A_SHORT], &attr_edge);
	if (differs_u32(tb[VPC_EDGE_A_GRACE], VPC_DEFAULT_GRACE))
		put_value(out, "grace", tb[VPC_EDGE_A_GRACE], &attr_edge);
	if (differs_u8(tb[VPC_EDGE_A_OPTION_TYPE], VPC_DEFAULT_OPTION_TYPE))
		put_value(out, "option-type", tb[VPC_EDGE_A_OPTION_TYPE], &attr_edge);
	if (differs_u8(tb[VPC_EDGE_A_ENCRYPT], VPC_ENCRYPT_ON))
		put_value(out, "encrypt", tb[VPC_EDGE_A_ENCRYPT], &attr_edge);
	if (differs_u8(tb[VPC_EDGE_A_CIPHER], VPC_CIPHER_AES_128_GCM))
		put_value(out, "cipher", tb[VPC_EDGE_A_CIPHER], &attr_edge);
	if (differs_u32(tb[VPC_EDGE_A_KEY_GRACE], VPC_DEFAULT_KEY_GRACE))
		put_value(out, "key-grace", tb[VPC_EDGE_A_KEY_GRACE], &attr_edge);
}

/* Its last device has gone, and who may send to the edge is for the administrator to
 * say: this one is refused when it is restored.
 */
static void note_edge(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_EDGE_A_MAX + 1];

	attrs_parse(nest, &attr_edge, tb);
	if (tb[VPC_EDGE_A_NAME] && !tb[VPC_EDGE_A_FABRIC] &&
	    !differs_u8(tb[VPC_EDGE_A_FABRIC_ANY], 0))
		print_text("# %s has lost its fabric devices: name one here\n",
			   mnl_attr_get_str(tb[VPC_EDGE_A_NAME]));
}

/* Remotes. */

static void put_remote(FILE *out, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_REMOTE_A_MAX + 1], *key[VPC_KEY_A_MAX + 1];
	const struct nlattr *attr;
	const char *keyword = "";

	attrs_parse(nest, &attr_remote, tb);
	fputs("remote add", out);
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != VPC_REMOTE_A_PREFIX ||
		    !attr_valid(attr, &attr_remote))
			continue;
		put_value(out, keyword, attr, &attr_remote);
		keyword = "prefix";
	}
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == VPC_REMOTE_A_STANDBY_PREFIX &&
		    attr_valid(attr, &attr_remote))
			put_value(out, "standby", attr, &attr_remote);
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != VPC_REMOTE_A_KEY ||
		    !attr_valid(attr, &attr_remote))
			continue;
		attrs_parse(attr, &attr_key, key);
		if (!key[VPC_KEY_A_REPLACED])
			put_value(out, "key", attr, &attr_remote);
	}
	put_value(out, "encrypt", tb[VPC_REMOTE_A_ENCRYPT], &attr_remote);
}

/* What retires would be active when it is restored, and one that has no prefix of its
 * own any more could not be made.
 */
static bool remote_is_active(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_REMOTE_A_MAX + 1];

	attrs_parse(nest, &attr_remote, tb);
	return tb[VPC_REMOTE_A_PREFIX] && tb[VPC_REMOTE_A_STATE] &&
	       mnl_attr_get_u8(tb[VPC_REMOTE_A_STATE]) == VPC_STATE_ACTIVE;
}

/* The first prefix is the name, and another remote may have taken it. */
static void note_remote(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_REMOTE_A_MAX + 1];
	char name[ATTR_TEXT_SIZE], *why;

	attrs_parse(nest, &attr_remote, tb);
	if (!tb[VPC_REMOTE_A_STATE] ||
	    mnl_attr_get_u8(tb[VPC_REMOTE_A_STATE]) != VPC_STATE_ACTIVE)
		return;
	if (!tb[VPC_REMOTE_A_PREFIX])
		why = "has lost its prefixes to others, and is not saved";
	else if (mnl_attr_get_type(remote_name(nest)) != VPC_REMOTE_A_PREFIX)
		why = "has lost this prefix to another remote, and is named by its next";
	else
		return;
	print_text("# remote %s %s\n",
		   attr_text(remote_name(nest), &attr_remote.info[VPC_REMOTE_A_PREFIX], name),
		   why);
}

/* Endpoints. */

static void put_device(FILE *out, const struct nlattr **tb)
{
	if (!tb[VPC_ENDPOINT_A_DEV] || !tb[VPC_ENDPOINT_A_EDGE])
		return;
	fputc(' ', out);
	put_word(out, mnl_attr_get_str(tb[VPC_ENDPOINT_A_DEV]));
	fputc('@', out);
	put_word(out, mnl_attr_get_str(tb[VPC_ENDPOINT_A_EDGE]));
}

static void put_netns(FILE *out, const struct nlattr **tb)
{
	const char *name;
	int nsid;

	if (!tb[VPC_ENDPOINT_A_NETNSID])
		return;
	nsid = mnl_attr_get_u32(tb[VPC_ENDPOINT_A_NETNSID]);
	name = netns_name(nsid);
	if (name) {
		fputs(" netns ", out);
		put_word(out, name);
	}
}

static void put_endpoint(FILE *out, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_ENDPOINT_A_MAX + 1];

	attrs_parse(nest, &attr_endpoint, tb);
	fputs("vpc add", out);
	put_value(out, "", tb[VPC_ENDPOINT_A_VPC], &attr_endpoint);
	put_device(out, tb);
	put_value(out, "", tb[VPC_ENDPOINT_A_SID], &attr_endpoint);
	put_value(out, "", tb[VPC_ENDPOINT_A_MAC], &attr_endpoint);
	put_all(out, "-4", nest, &attr_endpoint, VPC_ENDPOINT_A_IPV4);
	put_all(out, "-6", nest, &attr_endpoint, VPC_ENDPOINT_A_IPV6);
	put_netns(out, tb);
	if (differs_u8(tb[VPC_ENDPOINT_A_STATE], VPC_STATE_ACTIVE))
		put_value(out, "state", tb[VPC_ENDPOINT_A_STATE], &attr_endpoint);
}

/* Routes and peerings. */

static void put_vias(FILE *out, const struct nlattr *nest)
{
	const struct nlattr *attr;
	char text[ATTR_TEXT_SIZE];

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == VPC_ROUTE_A_VIA &&
		    attr_valid(attr, &attr_route))
			fprintf(out, " via %s",
				attr_text(attr, &attr_route.info[VPC_ROUTE_A_VIA], text));
	}
}

static void put_route(FILE *out, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_ROUTE_A_MAX + 1];

	attrs_parse(nest, &attr_route, tb);
	fputs("route add", out);
	put_value(out, "", tb[VPC_ROUTE_A_VPC], &attr_route);
	put_value(out, "", tb[VPC_ROUTE_A_DST], &attr_route);
	fprintf(out, "/%u", tb[VPC_ROUTE_A_LEN] ? mnl_attr_get_u8(tb[VPC_ROUTE_A_LEN]) : 0);
	if (differs_u8(tb[VPC_ROUTE_A_KIND], VPC_ROUTE_VIA) && !tb[VPC_ROUTE_A_PEER])
		put_value(out, "", tb[VPC_ROUTE_A_KIND], &attr_route);
	put_vias(out, nest);
	put_value(out, "peer", tb[VPC_ROUTE_A_PEER], &attr_route);
	if (tb[VPC_ROUTE_A_EXPORT])
		fputs(" export", out);
	if (differs_u8(tb[VPC_ROUTE_A_HASH], VPC_HASH_L3))
		put_value(out, "hash", tb[VPC_ROUTE_A_HASH], &attr_route);
	if (differs_u8(tb[VPC_ROUTE_A_STATE], VPC_STATE_ACTIVE))
		put_value(out, "state", tb[VPC_ROUTE_A_STATE], &attr_route);
}

static void put_peer(FILE *out, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_PEER_A_MAX + 1];

	attrs_parse(nest, &attr_peer, tb);
	fputs("peer add", out);
	put_value(out, "", tb[VPC_PEER_A_VPC], &attr_peer);
	put_value(out, "", tb[VPC_PEER_A_PEER], &attr_peer);
	if (differs_u8(tb[VPC_PEER_A_STATE], VPC_STATE_ACTIVE))
		put_value(out, "state", tb[VPC_PEER_A_STATE], &attr_peer);
}

/* Without an address it could not be made. */
static bool endpoint_has_address(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_ENDPOINT_A_MAX + 1];

	attrs_parse(nest, &attr_endpoint, tb);
	return tb[VPC_ENDPOINT_A_IPV4] || tb[VPC_ENDPOINT_A_IPV6];
}

/* What is not restored as it was: a device that nobody knows the place of any more is
 * made here again, and one without an address is not made.
 */
static void print_lost(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_ENDPOINT_A_MAX + 1];
	int nsid;

	attrs_parse(nest, &attr_endpoint, tb);
	if (!tb[VPC_ENDPOINT_A_DEV])
		return;
	if (!endpoint_has_address(nest)) {
		print_text("# %s has lost its addresses to others, and is not saved\n",
			   mnl_attr_get_str(tb[VPC_ENDPOINT_A_DEV]));
		return;
	}
	if (!tb[VPC_ENDPOINT_A_NETNSID])
		return;
	nsid = mnl_attr_get_u32(tb[VPC_ENDPOINT_A_NETNSID]);
	if (!netns_name(nsid))
		print_text("# %s is in a namespace without a name (netnsid %d)\n",
			   mnl_attr_get_str(tb[VPC_ENDPOINT_A_DEV]), nsid);
}

static int print_command(void (*put)(FILE *out, const struct nlattr *nest),
			 const struct nlattr *nest)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!print_json()) {
		put(stdout, nest);
		print_text("\n");
		return STATUS_OK;
	}
	out = open_memstream(&text, &size);
	if (!out)
		return error(STATUS_KERNEL, "no memory");
	put(out, nest);
	if (fclose(out)) {
		free(text);
		return error(STATUS_KERNEL, "no memory");
	}
	print_string(NULL, NULL, text);
	free(text);
	return STATUS_OK;
}

static int get_endpoints(struct nests *list)
{
	return endpoint_get_all(0, list);
}

static int get_peers(struct nests *list)
{
	return peer_get_all(0, list);
}

static int get_routes(struct nests *list)
{
	return route_get_all(0, NULL, list);
}

/* What there is, in the order in which it can be made. */
static const struct {
	int	(*get)(struct nests *list);
	void	(*put)(FILE *out, const struct nlattr *nest);
	bool	(*wanted)(const struct nlattr *nest);
	void	(*note)(const struct nlattr *nest);
} kinds[] = {
	{ .get = edge_get_all, .put = put_edge, .note = note_edge },
	{ .get = remote_get_all, .put = put_remote, .wanted = remote_is_active,
	  .note = note_remote },
	{ .get = get_endpoints, .put = put_endpoint, .wanted = endpoint_has_address,
	  .note = print_lost },
	{ .get = get_peers, .put = put_peer },
	{ .get = get_routes, .put = put_route },
};

static int save_list(const struct nests *list, size_t kind)
{
	int err = STATUS_OK;
	size_t i;

	for (i = 0; i < list->n && !err; i++) {
		if (kinds[kind].note)
			kinds[kind].note(list->nest[i]);
		if (kinds[kind].wanted && !kinds[kind].wanted(list->nest[i]))
			continue;
		err = print_command(kinds[kind].put, list->nest[i]);
	}
	return err;
}

int save_main(struct args *args)
{
	struct nests lists[ARRAY_SIZE(kinds)] = { { .n = 0 } };
	size_t i;
	int err;

	if (arg_is(args, "help"))
		return usage(help);
	err = arg_end(args);
	/* All of it is there before the first word is printed. */
	for (i = 0; i < ARRAY_SIZE(kinds) && !err; i++)
		err = kinds[i].get(&lists[i]);
	if (!err) {
		open_array(NULL);
		for (i = 0; i < ARRAY_SIZE(kinds) && !err; i++)
			err = save_list(&lists[i], i);
		close_array();
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		collect_free(&lists[i]);
	return err;
}
