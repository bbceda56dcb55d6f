// SPDX-License-Identifier: GPL-2.0
/* "vpc remote show": remotes. */

#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "edge.h"
#include "genl.h"
#include "print.h"
#include "remote.h"
#include "show.h"

/* Does the next message of a dump go on with this remote? */
static bool goes_on(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_REMOTE_A_MAX + 1];

	attrs_parse(nest, &attr_remote, tb);
	return tb[VPC_REMOTE_A_MORE];
}

static bool same_name(const struct nlattr *a, const struct nlattr *b)
{
	const struct attr_info *info = &attr_remote.info[VPC_REMOTE_A_PREFIX];
	char text_a[ATTR_TEXT_SIZE], text_b[ATTR_TEXT_SIZE];

	a = remote_name(a);
	b = remote_name(b);
	return a && b && !strcmp(attr_text(a, info, text_a), attr_text(b, info, text_b));
}

/* Ask for all remotes, some of them in several parts. */
static int remote_get_parts(struct nests *list)
{
	char buf[128];

	return collect_all(genl_start(buf, VPC_CMD_REMOTE_GET, 0), VPC_A_REMOTE, list);
}

/* Ask for all remotes, of each the first part, which has all but some pairs. */
int remote_get_all(struct nests *list)
{
	bool part = false, next;
	size_t i, n = 0;
	int err;

	err = remote_get_parts(list);
	for (i = 0; i < list->n; i++) {
		next = goes_on(list->nest[i]);
		if (part)
			free(list->nest[i]);
		else
			list->nest[n++] = list->nest[i];
		part = next;
	}
	list->n = n;
	return err;
}

/* Keep the parts of one remote. */
static void keep_named(struct nests *list, const struct nlattr *like)
{
	size_t i, n = 0;

	for (i = 0; i < list->n; i++) {
		if (same_name(list->nest[i], like))
			list->nest[n++] = list->nest[i];
		else
			free(list->nest[i]);
	}
	list->n = n;
}

/* Ask for one remote; a dump alone tells one that has very many pairs. */
static int remote_get(const struct prefix *p, struct nests *list)
{
	struct nlmsghdr *nlh;
	struct nests one;
	struct nlattr *nest;
	char buf[256];
	int err;

	nlh = genl_start(buf, VPC_CMD_REMOTE_GET, 0);
	nest = mnl_attr_nest_start(nlh, VPC_A_REMOTE);
	put_prefix(nlh, VPC_REMOTE_A_PREFIX, p);
	mnl_attr_nest_end(nlh, nest);
	err = collect_one(nlh, VPC_A_REMOTE, &one);
	if (err || !goes_on(one.nest[0])) {
		*list = one;
		return err;
	}
	err = remote_get_parts(list);
	if (!err)
		keep_named(list, one.nest[0]);
	collect_free(&one);
	return err;
}

/* Printing. */

static void print_key(const struct nlattr *nest, const char *fmt)
{
	const struct nlattr *tb[VPC_KEY_A_MAX + 1];

	attrs_parse(nest, &attr_key, tb);
	open_object(NULL);
	show_value(tb[VPC_KEY_A_PUBLIC], &attr_key.info[VPC_KEY_A_PUBLIC], "key", fmt);
	show_value(tb[VPC_KEY_A_ID], &attr_key.info[VPC_KEY_A_ID], "id", NULL);
	close_object();
}

static void print_keys(const struct nlattr *nest, bool replaced, const char *name,
		       const char *fmt)
{
	const struct nlattr *tb[VPC_KEY_A_MAX + 1], *attr;

	open_array(name);
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != VPC_REMOTE_A_KEY ||
		    !attr_valid(attr, &attr_remote))
			continue;
		attrs_parse(attr, &attr_key, tb);
		if (replaced == !!tb[VPC_KEY_A_REPLACED])
			print_key(attr, fmt);
	}
	close_array();
}

static void print_of_pair(const struct nlattr **tb, uint16_t type, const char *key,
			  const char *fmt)
{
	show_value(tb[type], &attr_pair.info[type], key, fmt);
}

static void print_pair_stats(const struct nlattr **tb)
{
	print_text("        ");
	print_of_pair(tb, VPC_PAIR_A_TX_PACKETS, "tx_packets", "tx %llu packets");
	print_of_pair(tb, VPC_PAIR_A_TX_BYTES, "tx_bytes", " %llu bytes");
	print_of_pair(tb, VPC_PAIR_A_SEQ, "seq", " seq %llu\n        ");
	print_of_pair(tb, VPC_PAIR_A_RX_PACKETS, "rx_packets", "rx %llu packets");
	print_of_pair(tb, VPC_PAIR_A_RX_BYTES, "rx_bytes", " %llu bytes");
	print_of_pair(tb, VPC_PAIR_A_BAD_ICV, "bad_icv", " bad-icv %llu");
	print_of_pair(tb, VPC_PAIR_A_REPLAYS, "replays", " replays %llu");
	print_of_pair(tb, VPC_PAIR_A_LAST_REPLAY, "last_replay", " last-replay %llu");
	print_of_pair(tb, VPC_PAIR_A_WRONG_HOP, "wrong_hop", " wrong-hop %llu");
	print_text("\n");
}

static void print_pair(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_PAIR_A_MAX + 1];

	attrs_parse(nest, &attr_pair, tb);
	open_object(NULL);
	print_of_pair(tb, VPC_PAIR_A_EDGE, "edge", "    edge %s");
	print_of_pair(tb, VPC_PAIR_A_OWN_ID, "own_id", " id %llu");
	print_of_pair(tb, VPC_PAIR_A_REMOTE_ID, "remote_id", " remote-id %llu");
	print_of_pair(tb, VPC_PAIR_A_SPI, "spi", " spi 0x%08llx");
	print_bool("sends", " sends", tb[VPC_PAIR_A_SENDS]);
	print_bool("seen", " seen", tb[VPC_PAIR_A_SEEN]);
	print_text("\n");
	if (options.stats && tb[VPC_PAIR_A_TX_PACKETS])
		print_pair_stats(tb);
	close_object();
}

static void print_pairs(const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == VPC_REMOTE_A_PAIR)
			print_pair(attr);
	}
}

static void print_value(const struct nlattr **tb, uint16_t type, const char *key,
			const char *fmt)
{
	show_value(tb[type], &attr_remote.info[type], key, fmt);
}

/* Print a remote that has been told in parts: one line in the order of the arguments,
 * then what comes of its keys.
 */
static void print_parts(const char *key, struct nlattr *const *parts, size_t n)
{
	const struct nlattr *nest = parts[0];
	const struct nlattr *tb[VPC_REMOTE_A_MAX + 1], *name = remote_name(nest);
	char text[ATTR_TEXT_SIZE];
	bool lost;
	size_t i;

	attrs_parse(nest, &attr_remote, tb);
	lost = name && mnl_attr_get_type(name) != VPC_REMOTE_A_PREFIX;
	open_object(key);
	/* Another remote may have taken the prefix; in JSON it is among the retired. */
	if (lost)
		print_text("%s", attr_text(name, &attr_remote.info[VPC_REMOTE_A_PREFIX],
					   text));
	show_values(nest, &attr_remote, VPC_REMOTE_A_PREFIX, "prefixes",
		    lost ? " prefix %s" : "%s", " prefix %s");
	if (tb[VPC_REMOTE_A_STANDBY_PREFIX])
		show_values(nest, &attr_remote, VPC_REMOTE_A_STANDBY_PREFIX,
			    "standby_prefixes", " standby %s", " standby %s");
	print_keys(nest, false, "keys", " key %s");
	print_value(tb, VPC_REMOTE_A_ENCRYPT, "encrypt", " encrypt %s");
	print_value(tb, VPC_REMOTE_A_STATE, "state", " state %s");
	if (tb[VPC_REMOTE_A_RETIRED_PREFIX])
		show_values(nest, &attr_remote, VPC_REMOTE_A_RETIRED_PREFIX,
			    "retired_prefixes", " retired %s", " retired %s");
	print_text("\n");
	print_keys(nest, true, "replaced_keys", "    replaced key %s\n");
	open_array("pairs");
	for (i = 0; i < n; i++)
		print_pairs(parts[i]);
	close_array();
	if (options.stats)
		print_value(tb, VPC_REMOTE_A_UNKNOWN_SPI, "unknown_spi",
			    "    unknown-spi %llu\n");
	close_object();
}

/**
 * remote_print - print a remote as one message tells it
 * @key: its key in JSON, or NULL
 * @nest: its attributes
 */
void remote_print(const char *key, const struct nlattr *nest)
{
	struct nlattr *parts[] = { (struct nlattr *)nest };

	print_parts(key, parts, 1);
}

static void show_remotes(struct nests *list)
{
	size_t i, n;

	open_array(NULL);
	for (i = 0; i < list->n; i += n) {
		for (n = 1; i + n < list->n && goes_on(list->nest[i + n - 1]); n++)
			;
		print_parts(NULL, &list->nest[i], n);
	}
	close_array();
	collect_free(list);
}

/* "[ PREFIX ]" */
int remote_show(struct args *args)
{
	struct nests list;
	struct prefix p;
	int err;

	if (args->argc) {
		err = parse_prefix("PREFIX", arg_take(args, "PREFIX"), &p);
		if (!err)
			err = arg_end(args);
		if (!err)
			err = remote_get(&p, &list);
	} else {
		err = remote_get_parts(&list);
	}
	if (err)
		return err;
	show_remotes(&list);
	return STATUS_OK;
}
