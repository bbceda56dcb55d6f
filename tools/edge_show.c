// SPDX-License-Identifier: GPL-2.0
/* "vpc edge show": edges. */

#include "attr.h"
#include "counters.h"
#include "edge.h"
#include "genl.h"
#include "key.h"
#include "print.h"

/**
 * edge_get - ask for an edge
 * @name: its name
 * @list: gets it
 */
int edge_get(const char *name, struct nests *list)
{
	char buf[128];
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	nlh = genl_start(buf, VPC_CMD_EDGE_GET, 0);
	nest = mnl_attr_nest_start(nlh, VPC_A_EDGE);
	mnl_attr_put_strz(nlh, VPC_EDGE_A_NAME, name);
	mnl_attr_nest_end(nlh, nest);
	return collect_one(nlh, VPC_A_EDGE, list);
}

/* Ask for all edges. */
int edge_get_all(struct nests *list)
{
	char buf[128];

	return collect_all(genl_start(buf, VPC_CMD_EDGE_GET, 0), VPC_A_EDGE, list);
}

static void print_all(const struct nlattr *nest, uint16_t type, const char *key,
		      const char *fmt)
{
	const struct attr_info *info = &attr_edge.info[type];
	const struct nlattr *attr;
	char text[ATTR_TEXT_SIZE];

	open_array(key);
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type && attr_valid(attr, &attr_edge))
			print_string(NULL, fmt, attr_text(attr, info, text));
	}
	close_array();
}

static void print_number(const struct nlattr **tb, uint16_t type, const char *key,
			 const char *fmt)
{
	if (tb[type])
		print_uint(key, fmt, mnl_attr_get_u32(tb[type]));
}

/* In JSON it is the MTU that counts, whoever set it. */
static void print_mtu(const struct nlattr **tb)
{
	bool automatic = !tb[VPC_EDGE_A_MTU] || !mnl_attr_get_u32(tb[VPC_EDGE_A_MTU]);

	print_number(tb, VPC_EDGE_A_DEFAULT_MTU, "mtu",
		     automatic ? " mtu auto (%llu)" : " mtu %llu");
	print_bool("mtu_auto", NULL, automatic);
}

static void print_settings(const struct nlattr **tb)
{
	bool on = tb[VPC_EDGE_A_SHORT] && mnl_attr_get_u8(tb[VPC_EDGE_A_SHORT]);

	print_text("   ");
	print_mtu(tb);
	if (tb[VPC_EDGE_A_MAX_SEGMENTS])
		print_uint("max_segments", " max-segments %llu",
			   mnl_attr_get_u8(tb[VPC_EDGE_A_MAX_SEGMENTS]));
	print_bool("short", " short on", on);
	print_text("%s", on ? "" : " short off");
	print_number(tb, VPC_EDGE_A_GRACE, "grace", " grace %llu");
	if (tb[VPC_EDGE_A_OPTION_TYPE])
		print_uint("option_type", " option-type 0x%02llx",
			   mnl_attr_get_u8(tb[VPC_EDGE_A_OPTION_TYPE]));
	print_number(tb, VPC_EDGE_A_ENDPOINTS, "endpoints", " endpoints %llu");
	print_text("\n");
}

static void print_encryption(const struct nlattr **tb)
{
	print_text("   ");
	if (tb[VPC_EDGE_A_ENCRYPT])
		print_string("encrypt", " encrypt %s",
			     encrypt_name(mnl_attr_get_u8(tb[VPC_EDGE_A_ENCRYPT])));
	if (tb[VPC_EDGE_A_CIPHER])
		print_string("cipher", " cipher %s",
			     cipher_name(mnl_attr_get_u8(tb[VPC_EDGE_A_CIPHER])));
	print_number(tb, VPC_EDGE_A_KEY_GRACE, "key_grace", " key-grace %llu");
	print_text("\n");
}

static void print_key(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_KEY_A_MAX + 1];
	char text[KEY_TEXT_SIZE];

	attrs_parse(nest, &attr_key, tb);
	open_object(NULL);
	if (tb[VPC_KEY_A_PUBLIC])
		print_string("key", "    key %s",
			     key_text(mnl_attr_get_payload(tb[VPC_KEY_A_PUBLIC]), text));
	if (tb[VPC_KEY_A_ID])
		print_uint("id", " id %llu", mnl_attr_get_u16(tb[VPC_KEY_A_ID]));
	print_number(tb, VPC_KEY_A_EXPIRES, "expires", " expires %llu");
	print_text("\n");
	close_object();
}

static void print_keys(const struct nlattr *nest)
{
	const struct nlattr *attr;

	open_array("keys");
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == VPC_EDGE_A_KEY)
			print_key(attr);
	}
	close_array();
}

/**
 * edge_print - print an edge
 * @key: its key in JSON, or NULL
 * @nest: its attributes
 */
void edge_print(const char *key, const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_EDGE_A_MAX + 1];
	char text[ATTR_TEXT_SIZE];

	attrs_parse(nest, &attr_edge, tb);
	open_object(key);
	if (tb[VPC_EDGE_A_NAME])
		print_string("name", "%s:", mnl_attr_get_str(tb[VPC_EDGE_A_NAME]));
	print_number(tb, VPC_EDGE_A_IFINDEX, "ifindex", NULL);
	if (tb[VPC_EDGE_A_LOCATOR])
		print_string("locator", " locator %s",
			     attr_text(tb[VPC_EDGE_A_LOCATOR],
				       &attr_edge.info[VPC_EDGE_A_LOCATOR], text));
	print_all(nest, VPC_EDGE_A_FABRIC, "fabric", " fabric %s");
	print_bool("fabric_any", " fabric any", tb[VPC_EDGE_A_FABRIC_ANY] &&
		   mnl_attr_get_u8(tb[VPC_EDGE_A_FABRIC_ANY]));
	print_text("\n");
	print_settings(tb);
	print_encryption(tb);
	print_keys(nest);
	print_all(nest, VPC_EDGE_A_PREFIX, "prefixes", "    prefix %s\n");
	if (options.stats && tb[VPC_EDGE_A_STATS])
		counters_print_nest(tb[VPC_EDGE_A_STATS]);
	close_object();
}

/* "[ DEV ]" */
int edge_show(struct args *args)
{
	struct nests list;
	const char *name;
	size_t i;
	int err;

	if (args->argc) {
		name = arg_take(args, "DEV");
		err = parse_ifname("DEV", name);
		if (!err)
			err = arg_end(args);
		if (!err)
			err = edge_get(name, &list);
	} else {
		err = edge_get_all(&list);
	}
	if (err)
		return err;
	open_array(NULL);
	for (i = 0; i < list.n; i++)
		edge_print(NULL, list.nest[i]);
	close_array();
	collect_free(&list);
	return STATUS_OK;
}
