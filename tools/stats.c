// SPDX-License-Identifier: GPL-2.0
/* "vpc stats": counters. */

#include <string.h>

#include "attr.h"
#include "counters.h"
#include "edge.h"
#include "endpoint.h"
#include "genl.h"
#include "parse.h"
#include "print.h"
#include "show.h"
#include "stats.h"

static const char help[] =
	"Usage: vpc stats [ show ] [ explain ]\n"
	"       vpc stats show [ explain ] { edge DEV | vpc [ ID ] | endpoint ID SID }\n"
	"       vpc stats audit\n"
	"       vpc stats prometheus\n";

static int stats_help(struct args *args)
{
	(void)args;
	return usage(help);
}

/* The counters of the namespace. */
int stats_get_totals(struct nests *list)
{
	char buf[64];

	return collect_one(genl_start(buf, VPC_CMD_STATS_GET, 0), VPC_A_STATS, list);
}

/* One VPC, or with 0 all of them. */
int stats_get_vpcs(uint32_t id, struct nests *list)
{
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	char buf[128];

	nlh = genl_start(buf, VPC_CMD_VPC_GET, 0);
	if (!id)
		return collect_all(nlh, VPC_A_VPC, list);
	nest = mnl_attr_nest_start(nlh, VPC_A_VPC);
	mnl_attr_put_u32(nlh, VPC_VPC_A_ID, id);
	mnl_attr_nest_end(nlh, nest);
	return collect_one(nlh, VPC_A_VPC, list);
}

/* Printing. */

static void print_counters(const struct nlattr *nest, bool explain)
{
	struct counters counters;

	counters_parse(nest, &counters);
	counters_print(&counters, "", options.stats, explain);
}

static int show_totals(bool explain)
{
	struct nests list;
	int err;

	err = stats_get_totals(&list);
	if (err)
		return err;
	open_object(NULL);
	print_counters(list.nest[0], explain);
	close_object();
	collect_free(&list);
	return STATUS_OK;
}

static void print_value(const struct nlattr **tb, uint16_t type, const char *key,
			const char *fmt)
{
	show_value(tb[type], &attr_vpc.info[type], key, fmt);
}

static void print_vpc(const struct nlattr *nest, bool explain)
{
	const struct nlattr *tb[VPC_VPC_A_MAX + 1];

	attrs_parse(nest, &attr_vpc, tb);
	open_object(NULL);
	print_value(tb, VPC_VPC_A_ID, "vpc", "vpc %llu:");
	print_value(tb, VPC_VPC_A_ENDPOINTS, "endpoints", " %llu endpoints");
	print_value(tb, VPC_VPC_A_LOCAL, "local", ", %llu local");
	print_value(tb, VPC_VPC_A_ROUTES, "routes", ", %llu routes");
	print_value(tb, VPC_VPC_A_PEERS, "peers", ", %llu peers");
	print_text("\n");
	open_object("stats");
	print_counters(tb[VPC_VPC_A_STATS], explain);
	close_object();
	close_object();
}

/* "[ ID ]" */
static int show_vpcs(struct args *args, bool explain)
{
	struct nests list;
	uint32_t id = 0;
	int err = STATUS_OK;
	size_t i;

	if (args->argc)
		err = parse_vpc_id(arg_take(args, "ID"), &id);
	if (!err)
		err = stats_get_vpcs(id, &list);
	if (err)
		return err;
	open_array(NULL);
	for (i = 0; i < list.n; i++)
		print_vpc(list.nest[i], explain);
	close_array();
	collect_free(&list);
	return STATUS_OK;
}

/* The counters of the one object in the list, which is freed.  The words before
 * @args name it.
 */
static int show_nest(struct args *args, struct nests *list,
		     const struct attr_table *table, uint16_t type, bool explain)
{
	const struct nlattr *tb[VPC_ENDPOINT_A_MAX + VPC_EDGE_A_MAX];
	int err = STATUS_OK;

	attrs_parse(list->nest[0], table, tb);
	if (tb[type]) {
		open_object(NULL);
		print_counters(tb[type], explain);
		close_object();
	} else {
		err = error(STATUS_KERNEL,
			    "\"%s\" has no counters: expected an endpoint that is local",
			    args->argv[-1]);
	}
	collect_free(list);
	return err;
}

static int show_edge(struct args *args, bool explain)
{
	struct nests list;
	const char *name;
	int err;

	name = arg_take(args, "DEV");
	if (!name)
		return STATUS_SYNTAX;
	err = parse_ifname("DEV", name);
	if (!err)
		err = edge_get(name, &list);
	return err ? err : show_nest(args, &list, &attr_edge, VPC_EDGE_A_STATS, explain);
}

static int show_endpoint(struct args *args, bool explain)
{
	struct endpoint ep;
	struct nests list;
	int err;

	err = endpoint_parse_key(args, &ep);
	if (!err)
		err = endpoint_get(&ep, &list);
	return err ? err : show_nest(args, &list, &attr_endpoint, VPC_ENDPOINT_A_STATS, explain);
}

static int stats_show(struct args *args)
{
	static const struct {
		const char	*name;
		int		(*show)(struct args *args, bool explain);
		int		max;
	} kinds[] = {
		{ "edge", show_edge, 1 },
		{ "vpc", show_vpcs, 1 },
		{ "endpoint", show_endpoint, 2 },
		{ "explain", NULL, 0 },
	};
	bool explain = arg_is(args, "explain");
	size_t i;

	if (!args->argc)
		return show_totals(explain);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].show || !arg_is(args, kinds[i].name))
			continue;
		if (args->argc && !strcmp(args->argv[args->argc - 1], "explain")) {
			args->argc--;
			explain = true;
		}
		if (args->argc > kinds[i].max) {
			args->argv += kinds[i].max;
			return arg_end(args);
		}
		return kinds[i].show(args, explain);
	}
	return arg_unknown("argument", args->argv[0], kinds, ARRAY_SIZE(kinds),
			   sizeof(*kinds));
}

/* The audit. */

static const enum counter_section columns[] = {
	SECTION_SOURCES, SECTION_SINKS, SECTION_DROPS,
};

static void print_row(unsigned int i, const struct counters *counters)
{
	size_t c;

	print_text("%-20s", counter_name(i));
	for (c = 0; c < ARRAY_SIZE(columns); c++) {
		if (counter_section(i) == columns[c]) {
			print_text("%16llu\n", counters->n[i]);
			return;
		}
		print_text("%16s", "");
	}
}

static bool audit_print(const struct counters *counters)
{
	unsigned long long sum[ARRAY_SIZE(columns)];
	long long missing;
	unsigned int i;

	for (i = 1; i < __VPC_COUNTER_MAX; i++)
		if (counters->n[i] && counter_section(i) != SECTION_BYTES)
			print_row(i, counters);
	open_object(NULL);
	print_text("%-20s", "");
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		print_text("%16s", section_name(columns[i]));
	print_text("\n%-20s", "sum");
	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		sum[i] = counters_sum(counters, columns[i]);
		print_uint(section_name(columns[i]), "%16llu", sum[i]);
	}
	print_text("\n");
	missing = sum[0] - sum[1] - sum[2];
	print_int("missing", NULL, missing);
	print_bool("holds", "holds\n", !missing);
	if (missing > 0)
		print_text("does not hold: %lld missing\n", missing);
	else if (missing < 0)
		print_text("does not hold: %lld too many\n", -missing);
	close_object();
	return !missing;
}

static int stats_audit(struct args *args)
{
	struct counters counters;
	struct nests list;
	int err;

	err = arg_end(args);
	if (!err)
		err = stats_get_totals(&list);
	if (err)
		return err;
	counters_parse(list.nest[0], &counters);
	collect_free(&list);
	return audit_print(&counters) ? STATUS_OK : STATUS_KERNEL;
}

int stats_main(struct args *args)
{
	static const struct command commands[] = {
		{ "show", stats_show },
		{ "audit", stats_audit },
		{ "prometheus", stats_prometheus },
		{ "help", stats_help },
	};

	if (!args->argc || !strcmp(args->argv[0], "explain"))
		return stats_show(args);
	if (arg_is(args, "--prometheus"))
		return stats_prometheus(args);
	return command_run(args, commands, ARRAY_SIZE(commands));
}
