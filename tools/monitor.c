// SPDX-License-Identifier: GPL-2.0
/* "vpc monitor": changes as they happen. */

#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/vpc.h>

#include "attr.h"
#include "edge.h"
#include "endpoint.h"
#include "genl.h"
#include "netns.h"
#include "peer.h"
#include "print.h"
#include "remote.h"
#include "route.h"

static const char help[] =
	"Usage: vpc [ -timestamp | -tshort ] monitor\n";

static const char *event_name(const struct nlattr *attr)
{
	static const char * const names[] = {
		[VPC_EVENT_ADD]		= "add",
		[VPC_EVENT_CHANGE]	= "change",
		[VPC_EVENT_DEL]		= "del",
	};
	uint8_t event = attr ? mnl_attr_get_u8(attr) : 0;

	return event < ARRAY_SIZE(names) && names[event] ? names[event] : "unknown";
}

static void print_timestamp(void)
{
	char text[64], whole[96];
	struct timeval now;
	struct tm tm;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &tm);
	if (options.timestamp_short || print_json()) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(whole, sizeof(whole), "%s.%06ld", text, (long)now.tv_usec);
		print_string("timestamp", "[%s] ", whole);
	} else {
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm);
		snprintf(whole, sizeof(whole), "%s %ld usec", text, (long)now.tv_usec);
		print_string("timestamp", "Timestamp: %s\n", whole);
	}
}

static void print_event(const char *object, const struct nlattr *event,
			const struct nlattr *nest,
			void (*print)(const char *key, const struct nlattr *nest))
{
	open_object(NULL);
	if (options.timestamp)
		print_timestamp();
	print_string("event", "%s ", event_name(event));
	print_string("object", "%s ", object);
	print(object, nest);
	close_object();
	fflush(stdout);
}

static int monitor_message(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *event = message_attr(nlh, VPC_A_EVENT);
	const struct nlattr *nest;

	(void)data;
	netns_forget();
	nest = message_attr(nlh, VPC_A_EDGE);
	if (nest)
		print_event("edge", event, nest, edge_print);
	nest = message_attr(nlh, VPC_A_ENDPOINT);
	if (nest)
		print_event("endpoint", event, nest, endpoint_print);
	nest = message_attr(nlh, VPC_A_ROUTE);
	if (nest)
		print_event("route", event, nest, route_print);
	nest = message_attr(nlh, VPC_A_PEER);
	if (nest)
		print_event("peer", event, nest, peer_print);
	nest = message_attr(nlh, VPC_A_REMOTE);
	if (nest)
		print_event("remote", event, nest, remote_print);
	return ferror(stdout) ? MNL_CB_ERROR : MNL_CB_OK;
}

static void monitor_lost(void)
{
	warning("some events were lost: they came faster than they were printed");
}

int monitor_main(struct args *args)
{
	int err;

	if (arg_is(args, "help"))
		return usage(help);
	err = arg_end(args);
	return err ? err : genl_listen(VPC_GENL_MCGRP_CONFIG, monitor_message,
				       monitor_lost);
}
