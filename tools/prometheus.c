// SPDX-License-Identifier: GPL-2.0
/*
 * "vpc stats prometheus": counters in the text exposition format of Prometheus,
 * for the textfile collector of its node exporter.
 */

#include <stdio.h>

#include "attr.h"
#include "counters.h"
#include "edge.h"
#include "parse.h"
#include "stats.h"

/**
 * struct family - what the counters of a section become
 * @suffix: of the metric's name
 * @label: tells the counters of the section apart
 * @help: one sentence
 */
static const struct family {
	const char	*suffix;
	const char	*label;
	const char	*help;
} families[SECTIONS] = {
	[SECTION_SOURCES] = { "segments_in_total", "source",
		"Segments that came in, or that the edge made." },
	[SECTION_SINKS] = { "segments_out_total", "sink",
		"Segments that went out, or that the edge consumed." },
	[SECTION_BYTES] = { "bytes_total", "counter",
		"Bytes of tenants' packets without Ethernet headers." },
	[SECTION_DROPS] = { "segments_dropped_total", "reason",
		"Segments that were dropped." },
};

static void put_label(const char *name, const char *value)
{
	printf("%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		putchar(*value);
	}
	putchar('"');
}

static void put_head(const char *name, const char *type, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_gauge(const char *name, const char *help, long long value)
{
	put_head(name, "gauge", help);
	printf("%s %lld\n", name, value);
}

/* The counters of a section; with a VPC, those of its local endpoints. */
static void put_counters(const char *metric, const struct family *family,
			 enum counter_section section, const struct counters *counters,
			 const char *vpc)
{
	unsigned int i;

	for (i = 1; i < __VPC_COUNTER_MAX; i++) {
		if (counter_section(i) != section || !counters->has[i])
			continue;
		printf("%s{", metric);
		if (vpc) {
			put_label("vpc", vpc);
			putchar(',');
		}
		put_label(family->label, counter_name(i));
		printf("} %llu\n", counters->n[i]);
	}
}

static void put_totals(const struct nlattr *nest)
{
	struct counters counters;
	char metric[64];
	unsigned int s;

	counters_parse(nest, &counters);
	for (s = 0; s < SECTIONS; s++) {
		snprintf(metric, sizeof(metric), "vpc_%s", families[s].suffix);
		put_head(metric, "counter", families[s].help);
		put_counters(metric, &families[s], s, &counters, NULL);
	}
	put_gauge("vpc_segments_missing",
		  "Segments that came in and are neither out nor dropped: 0, or a bug.",
		  counters_sum(&counters, SECTION_SOURCES) -
		  counters_sum(&counters, SECTION_SINKS) -
		  counters_sum(&counters, SECTION_DROPS));
}

/* One value of each VPC. */
static void put_vpc_numbers(const struct nests *vpcs, const char *metric,
			    const char *help, uint16_t type)
{
	const struct nlattr *tb[VPC_VPC_A_MAX + 1];
	size_t i;

	put_head(metric, "gauge", help);
	for (i = 0; i < vpcs->n; i++) {
		attrs_parse(vpcs->nest[i], &attr_vpc, tb);
		if (tb[VPC_VPC_A_ID] && tb[type])
			printf("%s{vpc=\"%u\"} %u\n", metric,
			       mnl_attr_get_u32(tb[VPC_VPC_A_ID]),
			       mnl_attr_get_u32(tb[type]));
	}
}

static void put_vpc_section(const struct nests *vpcs, unsigned int s)
{
	const struct nlattr *tb[VPC_VPC_A_MAX + 1];
	struct counters counters;
	char metric[64], id[16];
	size_t i;

	snprintf(metric, sizeof(metric), "vpc_network_%s", families[s].suffix);
	put_head(metric, "counter", families[s].help);
	for (i = 0; i < vpcs->n; i++) {
		attrs_parse(vpcs->nest[i], &attr_vpc, tb);
		if (!tb[VPC_VPC_A_ID] || !tb[VPC_VPC_A_STATS])
			continue;
		snprintf(id, sizeof(id), "%u", mnl_attr_get_u32(tb[VPC_VPC_A_ID]));
		counters_parse(tb[VPC_VPC_A_STATS], &counters);
		put_counters(metric, &families[s], s, &counters, id);
	}
}

/* All samples of a metric stand together: by metric, then by VPC. */
static void put_vpcs(const struct nests *vpcs)
{
	unsigned int s;

	put_vpc_numbers(vpcs, "vpc_network_endpoints",
			"Endpoints of the VPC that this host knows.",
			VPC_VPC_A_ENDPOINTS);
	put_vpc_numbers(vpcs, "vpc_network_local_endpoints",
			"Endpoints of the VPC that are on this host.",
			VPC_VPC_A_LOCAL);
	for (s = 0; s < SECTIONS; s++)
		put_vpc_section(vpcs, s);
}

static void put_edges(const struct nests *edges)
{
	static const char metric[] = "vpc_edge_local_endpoints";
	const struct nlattr *tb[VPC_EDGE_A_MAX + 1];
	size_t i;

	put_head(metric, "gauge", "Endpoints that are local on the edge.");
	for (i = 0; i < edges->n; i++) {
		attrs_parse(edges->nest[i], &attr_edge, tb);
		if (!tb[VPC_EDGE_A_NAME] || !tb[VPC_EDGE_A_ENDPOINTS])
			continue;
		printf("%s{", metric);
		put_label("edge", mnl_attr_get_str(tb[VPC_EDGE_A_NAME]));
		printf("} %u\n", mnl_attr_get_u32(tb[VPC_EDGE_A_ENDPOINTS]));
	}
}

int stats_prometheus(struct args *args)
{
	struct nests totals, vpcs, edges;
	int err;

	err = arg_end(args);
	if (err)
		return err;
	err = stats_get_totals(&totals);
	if (err)
		return err;
	err = stats_get_vpcs(0, &vpcs);
	if (err)
		goto err_vpcs;
	err = edge_get_all(&edges);
	if (err)
		goto err_edges;
	put_head("vpc_info", "gauge", "The version of the tool.");
	printf("vpc_info{version=\"%s\"} 1\n", VERSION);
	put_totals(totals.nest[0]);
	put_vpcs(&vpcs);
	put_edges(&edges);
	collect_free(&edges);
err_edges:
	collect_free(&vpcs);
err_vpcs:
	collect_free(&totals);
	return err;
}
