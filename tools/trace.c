// SPDX-License-Identifier: GPL-2.0
/* "vpc trace": what would become of a packet. */

#include <arpa/inet.h>
#include <string.h>

#include <linux/vpc.h>

#include "attr.h"
#include "collect.h"
#include "counters.h"
#include "genl.h"
#include "parse.h"
#include "print.h"
#include "route.h"
#include "show.h"

static const char help[] =
	"Usage: vpc trace ID from ADDR to ADDR [ proto { NAME | N } ]\n"
	"                 [ sport N ] [ dport N ]\n";

/* Arguments. */

struct trace_args {
	uint64_t	given;
	struct address	from;
	struct address	to;
	uint8_t		proto;
	uint32_t	sport;
	uint32_t	dport;
};

static int parse_from(void *ctx, const char *value, struct args *rest)
{
	struct trace_args *a = ctx;
	int err;

	(void)rest;
	err = parse_once(&a->given, VPC_TRACE_A_SRC, "from");
	return err ? err : parse_address("from", value, &a->from);
}

static int parse_to(void *ctx, const char *value, struct args *rest)
{
	struct trace_args *a = ctx;
	int err;

	(void)rest;
	err = parse_once(&a->given, VPC_TRACE_A_DST, "to");
	return err ? err : parse_address("to", value, &a->to);
}

static int parse_proto(void *ctx, const char *value, struct args *rest)
{
	struct trace_args *a = ctx;
	int err;

	(void)rest;
	err = parse_once(&a->given, VPC_TRACE_A_PROTO, "proto");
	return err ? err : parse_protocol(value, &a->proto);
}

static int parse_sport(void *ctx, const char *value, struct args *rest)
{
	struct trace_args *a = ctx;
	int err;

	(void)rest;
	err = parse_once(&a->given, VPC_TRACE_A_SPORT, "sport");
	return err ? err : parse_u32("sport", value, 0, 65535, &a->sport);
}

static int parse_dport(void *ctx, const char *value, struct args *rest)
{
	struct trace_args *a = ctx;
	int err;

	(void)rest;
	err = parse_once(&a->given, VPC_TRACE_A_DPORT, "dport");
	return err ? err : parse_u32("dport", value, 0, 65535, &a->dport);
}

static const struct keyword keywords[] = {
	{ "from", "an address", parse_from },
	{ "to", "an address", parse_to },
	{ "proto", "a protocol", parse_proto },
	{ "sport", "a port", parse_sport },
	{ "dport", "a port", parse_dport },
};

static int check_args(const struct trace_args *a)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	if (!a->from.len)
		return error(STATUS_SYNTAX, "from is missing: expected from ADDR");
	if (!a->to.len)
		return error(STATUS_SYNTAX, "to is missing: expected to ADDR");
	if (a->from.family == a->to.family)
		return STATUS_OK;
	inet_ntop(a->from.family, a->from.bytes, from, sizeof(from));
	inet_ntop(a->to.family, a->to.bytes, to, sizeof(to));
	return error(STATUS_SYNTAX,
		     "from \"%s\" and to \"%s\": expected addresses of the same family",
		     from, to);
}

static struct nlmsghdr *make_request(char *buf, uint32_t id, const struct trace_args *a)
{
	struct nlmsghdr *nlh = genl_start(buf, VPC_CMD_TRACE, 0);
	struct nlattr *nest = mnl_attr_nest_start(nlh, VPC_A_TRACE);

	mnl_attr_put_u32(nlh, VPC_TRACE_A_VPC, id);
	mnl_attr_put(nlh, VPC_TRACE_A_SRC, a->from.len, a->from.bytes);
	mnl_attr_put(nlh, VPC_TRACE_A_DST, a->to.len, a->to.bytes);
	mnl_attr_put_u8(nlh, VPC_TRACE_A_PROTO, a->proto);
	if (a->given & UINT64_C(1) << VPC_TRACE_A_SPORT)
		mnl_attr_put_u16(nlh, VPC_TRACE_A_SPORT, a->sport);
	if (a->given & UINT64_C(1) << VPC_TRACE_A_DPORT)
		mnl_attr_put_u16(nlh, VPC_TRACE_A_DPORT, a->dport);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

/* Printing. */

static const char *step_name(uint8_t step)
{
	static const char * const names[] = {
		[VPC_STEP_SOURCE]		= "source",
		[VPC_STEP_DESTINATION]		= "destination",
		[VPC_STEP_LOCAL]		= "local",
		[VPC_STEP_FORM]			= "form",
		[VPC_STEP_ROUTE]		= "route",
		[VPC_STEP_ACCEPT_SOURCE]	= "accept-source",
		[VPC_STEP_ACCEPT_DESTINATION]	= "accept-destination",
		[VPC_STEP_TABLE]		= "table",
		[VPC_STEP_PEER_TABLE]		= "peer-table",
		[VPC_STEP_SEAL]			= "seal",
	};

	return step < ARRAY_SIZE(names) && names[step] ? names[step] : "unknown";
}

static const char *form_name(uint8_t form)
{
	switch (form) {
	case VPC_FORM_NONE:
		return "none";
	case VPC_FORM_WHOLE:
		return "whole";
	case VPC_FORM_IPV4:
		return "ipv4";
	case VPC_FORM_IPV4_FULL:
		return "ipv4-full";
	case VPC_FORM_IPV6_SHORT:
		return "ipv6-short";
	case VPC_FORM_IPV6:
		return "ipv6";
	default:
		return "unknown";
	}
}

static const char *reason_name(uint32_t reason)
{
	return counter_name(reason) ? counter_name(reason) : "unknown";
}

static void print_value(const struct nlattr **tb, uint16_t type, const char *fmt)
{
	show_value(tb[type], &attr_step.info[type], attr_step.info[type].name, fmt);
}

/* Only the one that was picked is shown. */
static void print_next_hops(const struct nlattr **tb)
{
	uint32_t n;

	if (!tb[VPC_STEP_A_NEXT_HOPS])
		return;
	n = mnl_attr_get_u32(tb[VPC_STEP_A_NEXT_HOPS]);
	print_uint("next_hops", n > 1 ? " picked one of %llu:" : NULL, n);
}

static void print_step(const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_STEP_A_MAX + 1];
	uint32_t reason = 0;

	attrs_parse(nest, &attr_step, tb);
	if (tb[VPC_STEP_A_REASON])
		reason = mnl_attr_get_u32(tb[VPC_STEP_A_REASON]);
	open_object(NULL);
	if (tb[VPC_STEP_A_STEP])
		print_string("step", "  %-20s",
			     step_name(mnl_attr_get_u8(tb[VPC_STEP_A_STEP])));
	print_bool("passed", "ok  ", !reason);
	if (reason)
		print_string("reason", "DROP %s", reason_name(reason));
	print_value(tb, VPC_STEP_A_VPC, " vpc %llu");
	print_value(tb, VPC_STEP_A_SID, " sid %s");
	print_value(tb, VPC_STEP_A_STATE, " state %s");
	print_value(tb, VPC_STEP_A_DEV, " on %s");
	print_value(tb, VPC_STEP_A_EDGE, "@%s");
	if (tb[VPC_STEP_A_FORM])
		print_string("form", " %s",
			     form_name(mnl_attr_get_u8(tb[VPC_STEP_A_FORM])));
	print_value(tb, VPC_STEP_A_FLOW_LABEL, " flow-label 0x%05llx");
	print_value(tb, VPC_STEP_A_GATEWAY, " via %s");
	print_value(tb, VPC_STEP_A_OUT_DEV, " dev %s");
	print_value(tb, VPC_STEP_A_MTU, " mtu %llu");
	print_next_hops(tb);
	if (tb[VPC_STEP_A_TABLE_ROUTE])
		route_print_in("route", tb[VPC_STEP_A_TABLE_ROUTE]);
	print_value(tb, VPC_STEP_A_SPI, " spi 0x%08llx");
	print_value(tb, VPC_STEP_A_CIPHER, " cipher %s");
	print_value(tb, VPC_STEP_A_KEY, " key %s");
	print_text("\n");
	close_object();
}

static void print_path(const struct nlattr **tb, const struct nlattr *nest)
{
	show_values(nest, &attr_trace, VPC_TRACE_A_HOP, "path", "path: %s", " > %s");
	if (tb[VPC_TRACE_A_HOP])
		print_text("\n");
}

static void print_packet(uint32_t id, const struct trace_args *a)
{
	char text[INET6_ADDRSTRLEN];

	print_uint("vpc", "trace in vpc %llu", id);
	inet_ntop(a->from.family, a->from.bytes, text, sizeof(text));
	print_string("from", " from %s", text);
	inet_ntop(a->to.family, a->to.bytes, text, sizeof(text));
	print_string("to", " to %s", text);
	print_string("proto", " proto %s", protocol_name(a->proto));
	if (a->given & UINT64_C(1) << VPC_TRACE_A_SPORT)
		print_uint("sport", " sport %llu", a->sport);
	if (a->given & UINT64_C(1) << VPC_TRACE_A_DPORT)
		print_uint("dport", " dport %llu", a->dport);
	print_text("\n");
}

/* Return: the reason for which it is dropped, or 0. */
static uint32_t print_trace(uint32_t id, const struct trace_args *a,
			    const struct nlattr *nest)
{
	const struct nlattr *tb[VPC_TRACE_A_MAX + 1], *attr;
	uint32_t reason;

	attrs_parse(nest, &attr_trace, tb);
	reason = tb[VPC_TRACE_A_REASON] ? mnl_attr_get_u32(tb[VPC_TRACE_A_REASON]) : 0;
	open_object(NULL);
	print_packet(id, a);
	open_array("steps");
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == VPC_TRACE_A_STEP)
			print_step(attr);
	}
	close_array();
	print_path(tb, nest);
	print_bool("delivered", "delivered, by these tables\n", !reason);
	if (reason) {
		print_string("reason", "dropped: %s", reason_name(reason));
		print_string("text", " (%s)\n", counter_text(reason) ?
			     counter_text(reason) : "this tool is older than the module");
	}
	close_object();
	return reason;
}

int trace_main(struct args *args)
{
	struct trace_args a = { .proto = IPPROTO_UDP };
	struct nests list;
	uint32_t id, reason;
	const char *word;
	char buf[256];
	int err;

	if (arg_is(args, "help"))
		return usage(help);
	word = arg_take(args, "ID");
	if (!word)
		return STATUS_SYNTAX;
	err = parse_vpc_id(word, &id);
	if (!err)
		err = parse_keywords(args, keywords, ARRAY_SIZE(keywords), &a);
	if (!err)
		err = check_args(&a);
	if (err)
		return err;
	err = collect_one(make_request(buf, id, &a), VPC_A_TRACE, &list);
	if (err)
		return err;
	reason = print_trace(id, &a, list.nest[0]);
	collect_free(&list);
	return reason ? STATUS_KERNEL : STATUS_OK;
}
