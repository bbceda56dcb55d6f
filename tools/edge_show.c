// SPDX-License-Identifier: GPL-2.0
/* "vpc edge show": edges. */

#include "attr.h"
#include "counters.h"
#include "edge.h"
#include "genl.h"
#include "print.h"
#include "show.h"

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

static void print_value(const struct nlattr **tb, uint16_t type, const char *key,
			const char *fmt)
{
	show_value(tb[type], &attr_edge.info[type], key, fmt);
}

static void print_all(const struct nlattr *nest, uint16_t type, const char *key,
		      const char *fmt)
{
	show_values(nest, &attr_edge, type, key, fmt, fmt);
}

/* In JSON it is the MTU that counts, whoever set it. */
static void print_mtu(const struct nlattr **tb)
{
	bool automatic = !tb[VPC_EDGE_A_MTU] || !mnl_attr_get_u32(tb[VPC_EDGE_A_MTU]);

	print_value(tb, VPC_EDGE_A_DEFAULT_MTU, "mtu",
		    automatic ? " mtu auto (%llu)" : " mtu %llu");
	print_bool("mtu_auto", NULL, automatic);
}

static void print_settings(const struct nlattr **tb)
{
	bool on = tb[VPC_EDGE_A_SHORT] && mnl_attr_get_u8(tb[VPC_EDGE_A_SHORT]);

	print_text("   ");
	print_mtu(tb);
	print_value(tb, VPC_EDGE_A_MAX_SEGMENTS, "max_segments", " max-segments %llu");
	print_bool("short", " short on", on);
	print_text("%s", on ? "" : " short off");
	print_value(tb, VPC_EDGE_A_GRACE, "grace", " grace %llu");
	print_value(tb, VPC_EDGE_A_OPTION_TYPE, "option_type", " option-type 0x%02llx");
	print_value(tb, VPC_EDGE_A_ENDPOINTS, "endpoints", " endpoints %llu");
	print_text("\n");
}

static void print_encryption(const struct nlattr **tb)
{
	print_text("   ");
	print_value(tb, VPC_EDGE_A_ENCRYPT, "encrypt", " encrypt %s");
	print_value(tb, VPC_EDGE_A_CIPHER, "cipher", " cipher %s");
	print_value(tb, VPC_EDGE_A_KEY_GRACE, "key_grace", " key-grace %llu");
	print_text("\n");
}

static void print_key(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_KEY_A_MAX + 1];

	attrs_parse(nest, &attr_key, tb);
	open_object(NULL);
	show_value(tb[VPC_KEY_A_PUBLIC], &attr_key.info[VPC_KEY_A_PUBLIC], "key",
		   "    key %s");
	show_value(tb[VPC_KEY_A_ID], &attr_key.info[VPC_KEY_A_ID], "id", " id %llu");
	show_value(tb[VPC_KEY_A_EXPIRES], &attr_key.info[VPC_KEY_A_EXPIRES], "expires",
		   " expires %llu");
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

	attrs_parse(nest, &attr_edge, tb);
	open_object(key);
	print_value(tb, VPC_EDGE_A_NAME, "name", "%s:");
	print_value(tb, VPC_EDGE_A_IFINDEX, "ifindex", NULL);
	print_value(tb, VPC_EDGE_A_LOCATOR, "locator", " locator %s");
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
	show_list(&list, edge_print);
	return STATUS_OK;
}
