// SPDX-License-Identifier: GPL-2.0
/* "vpc monitor": changes as they happen. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/vpc.h>

#include "attr.h"
#include "changes.h"
#include "edge.h"
#include "endpoint.h"
#include "genl.h"
#include "netns.h"
#include "parse.h"
#include "peer.h"
#include "print.h"
#include "remote.h"
#include "route.h"
#include "show.h"

static const char help[] =
	"Usage: vpc [ -timestamp | -tshort ] monitor [ OBJECT... ]\n"
	"\n"
	"OBJECT := { edge | vpc | endpoint | route | peer | remote }\n";

static const char *event_name(uint8_t event)
{
	static const char * const names[] = {
		[VPC_EVENT_ADD]		= "add",
		[VPC_EVENT_CHANGE]	= "change",
		[VPC_EVENT_DEL]		= "del",
	};

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

static int endpoints_get(struct nests *list)
{
	return endpoint_get_all(0, list);
}

static int routes_get(struct nests *list)
{
	return route_get_all(0, NULL, list);
}

static int peers_get(struct nests *list)
{
	return peer_get_all(0, list);
}

/**
 * struct watched - a kind of object that has events
 * @type: &enum vpc_attr
 * @cmd: of its events
 * @get_all: asks for all of them
 * @print: prints one
 */
static const struct watched {
	uint16_t	type;
	uint8_t		cmd;
	int		(*get_all)(struct nests *list);
	object_print	*print;
} watched[] = {
	{ VPC_A_EDGE, VPC_CMD_EDGE_NTF, edge_get_all, edge_print },
	{ VPC_A_ENDPOINT, VPC_CMD_ENDPOINT_NTF, endpoints_get, endpoint_print },
	{ VPC_A_ROUTE, VPC_CMD_ROUTE_NTF, routes_get, route_print },
	{ VPC_A_PEER, VPC_CMD_PEER_NTF, peers_get, peer_print },
	{ VPC_A_REMOTE, VPC_CMD_REMOTE_NTF, remote_get_all, remote_print },
};

static bool wanted[ARRAY_SIZE(watched)];

static void print_event(const struct watched *w, const struct nlattr *event,
			const struct nlattr *nest)
{
	const char *object = attr_top.info[w->type].name;
	uint8_t what = event ? mnl_attr_get_u8(event) : 0;

	open_object(NULL);
	if (options.timestamp)
		print_timestamp();
	print_string("event", "%s ", event_name(what));
	print_string("object", "%s ", object);
	w->print(object, nest);
	if (what == VPC_EVENT_CHANGE)
		changes_print(w->type, nest);
	close_object();
	changes_note(w->type, nest, what == VPC_EVENT_DEL);
	fflush(stdout);
}

static int monitor_message(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *event = message_attr(nlh, VPC_A_EVENT);
	const struct nlattr *nest;
	size_t i;

	(void)data;
	netns_forget();
	for (i = 0; i < ARRAY_SIZE(watched); i++) {
		nest = wanted[i] ? message_attr(nlh, watched[i].type) : NULL;
		if (nest)
			print_event(&watched[i], event, nest);
	}
	return ferror(stdout) ? MNL_CB_ERROR : MNL_CB_OK;
}

static void monitor_lost(void)
{
	warning("some events were lost: they came faster than they were printed");
}

/* What is there, so that it can be told what changes.  What can't be read, since
 * it is changed all the time, is learned from its events.
 */
static void learn(void)
{
	struct nests list;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watched); i++) {
		if (!wanted[i])
			continue;
		if (watched[i].get_all(&list))
			free(errors_take());
		else
			changes_learn(watched[i].type, &list);
	}
}

static int listen_to_wanted(void)
{
	uint8_t cmds[ARRAY_SIZE(watched)];
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watched); i++) {
		if (wanted[i])
			cmds[n++] = watched[i].cmd;
	}
	return genl_listen(VPC_GENL_MCGRP_CONFIG, cmds, n, monitor_message, monitor_lost);
}

/* Arguments. */

static void want(uint16_t type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watched); i++)
		wanted[i] |= !type || watched[i].type == type;
}

/* In the order in which abbreviations find them, as they do on the command line. */
static const struct object {
	const char	*name;
	uint16_t	type;
} objects[] = {
	{ "edge", VPC_A_EDGE },
	{ "vpc", VPC_A_ENDPOINT },
	{ "endpoint", VPC_A_ENDPOINT },
	{ "route", VPC_A_ROUTE },
	{ "peer", VPC_A_PEER },
	{ "remote", VPC_A_REMOTE },
};

static int want_object(const char *word)
{
	const struct object *object = arg_find("object", word, objects,
					       ARRAY_SIZE(objects), sizeof(*objects));

	if (!object)
		return STATUS_SYNTAX;
	want(object->type);
	return STATUS_OK;
}

int monitor_main(struct args *args)
{
	int err = STATUS_OK;

	if (arg_is(args, "help"))
		return usage(help);
	if (!args->argc)
		want(0);
	while (args->argc && !err)
		err = want_object(arg_take(args, "OBJECT"));
	if (err)
		return err;
	learn();
	return listen_to_wanted();
}
