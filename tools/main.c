// SPDX-License-Identifier: GPL-2.0
/* vpc: shows and changes the configuration of the VPC datapath. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netns.h"
#include "parse.h"
#include "print.h"
#include "queue.h"
#include "tool.h"

struct options options;
const char *object_name = "";

static const char help[] =
	"Usage: vpc [ OPTIONS ] OBJECT { COMMAND | help }\n"
	"       vpc [ OPTIONS ] -batch FILE\n"
	"\n"
	"OBJECT := { edge | vpc | endpoint | route | peer | remote | stats | trace |\n"
	"            monitor | save }\n"
	"OPTIONS := { -j[son] | -p[retty] | -s[tats] | -n[etns] NAME | -b[atch] FILE |\n"
	"             -force | -t[imestamp] | -ts[hort] | -V[ersion] | -h[elp] }\n";

int usage(const char *text)
{
	fputs(text, stdout);
	return STATUS_OK;
}

static int help_main(struct args *args)
{
	(void)args;
	return usage(help);
}

/* Changes of these wait for others; everything else comes after them. */
static int flushed(struct args *args, int (*run)(struct args *args))
{
	int err = queue_flush();

	return err ? err : run(args);
}

static int edge_object(struct args *args)
{
	return flushed(args, edge_main);
}

static int stats_object(struct args *args)
{
	return flushed(args, stats_main);
}

static int trace_object(struct args *args)
{
	return flushed(args, trace_main);
}

static int monitor_object(struct args *args)
{
	return flushed(args, monitor_main);
}

static int save_object(struct args *args)
{
	return flushed(args, save_main);
}

static const struct command objects[] = {
	{ "edge", edge_object },
	{ "vpc", endpoint_main },
	{ "endpoint", endpoint_main },
	{ "route", route_main },
	{ "peer", peer_main },
	{ "remote", remote_main },
	{ "stats", stats_object },
	{ "trace", trace_object },
	{ "monitor", monitor_object },
	{ "save", save_object },
	{ "help", help_main },
};

/* Take the word that names a command, or hold an error. */
static const struct command *command_take(struct args *args,
					  const struct command *table, size_t n,
					  const char *what)
{
	const struct command *command = arg_find(what, args->argv[0], table, n,
						 sizeof(*table));

	if (command) {
		args->argv++;
		args->argc--;
	}
	return command;
}

/**
 * command_run - run the command that the next word names
 * @args: arguments, with one at least
 * @table: commands in the order in which abbreviations find them; the last one
 *	is "help", which may also stand behind the others
 * @n: how many
 */
int command_run(struct args *args, const struct command *table, size_t n)
{
	const struct command *command = command_take(args, table, n, "command");

	if (!command)
		return STATUS_SYNTAX;
	if (args->argc == 1 && !strcmp(args->argv[0], "help"))
		command = &table[n - 1];
	return command->run(args);
}

/**
 * object_run - run a whole command
 * @args: object, command, arguments
 */
int object_run(struct args *args)
{
	const struct command *object;

	object = command_take(args, objects, ARRAY_SIZE(objects), "object");
	if (!object)
		return STATUS_SYNTAX;
	object_name = object->name;
	return object->run(args);
}

/* Options. */

enum option {
	OPTION_JSON,
	OPTION_PRETTY,
	OPTION_STATS,
	OPTION_NETNS,
	OPTION_BATCH,
	OPTION_FORCE,
	OPTION_TIMESTAMP,
	OPTION_TSHORT,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct {
	const char	*name;
	enum option	option;
} option_names[] = {
	{ "-json", OPTION_JSON },
	{ "-pretty", OPTION_PRETTY },
	{ "-stats", OPTION_STATS },
	{ "-statistics", OPTION_STATS },
	{ "-netns", OPTION_NETNS },
	{ "-batch", OPTION_BATCH },
	{ "-force", OPTION_FORCE },
	{ "-timestamp", OPTION_TIMESTAMP },
	{ "-tshort", OPTION_TSHORT },
	{ "-Version", OPTION_VERSION },
	{ "-help", OPTION_HELP },
};

/**
 * struct invocation - what the options ask for
 * @json: JSON instead of text
 * @pretty: with line breaks
 * @netns: namespace to enter
 * @batch: file with commands
 * @done: nothing is left to do
 */
struct invocation {
	bool		json;
	bool		pretty;
	const char	*netns;
	const char	*batch;
	bool		done;
};

static int find_option(const char *word, enum option *option)
{
	const char *name = word + (word[1] == '-');
	size_t len = strlen(name), i;

	/* As with ip, where "-ts" is no timestamp of "-t" and more. */
	for (i = 0; i < ARRAY_SIZE(option_names) && len > 1; i++) {
		if (strncmp(name, option_names[i].name, len))
			continue;
		*option = option_names[i].option;
		return STATUS_OK;
	}
	return arg_unknown("option", word, option_names, ARRAY_SIZE(option_names),
			   sizeof(*option_names));
}

static int take_option(enum option option, struct args *args, struct invocation *v)
{
	switch (option) {
	case OPTION_JSON:
		v->json = true;
		break;
	case OPTION_PRETTY:
		v->pretty = true;
		break;
	case OPTION_STATS:
		options.stats = true;
		break;
	case OPTION_NETNS:
		v->netns = arg_take(args, "NAME after -netns");
		return v->netns ? STATUS_OK : STATUS_SYNTAX;
	case OPTION_BATCH:
		v->batch = arg_take(args, "FILE after -batch");
		return v->batch ? STATUS_OK : STATUS_SYNTAX;
	case OPTION_FORCE:
		options.force = true;
		break;
	case OPTION_TIMESTAMP:
		options.timestamp = true;
		break;
	case OPTION_TSHORT:
		options.timestamp_short = true;
		options.timestamp = true;
		break;
	case OPTION_VERSION:
		v->done = true;
		printf("vpc %s\n", VERSION);
		break;
	case OPTION_HELP:
		v->done = true;
		return usage(help);
	}
	return STATUS_OK;
}

static int take_options(struct args *args, struct invocation *v)
{
	enum option option = OPTION_HELP;
	const char *word;
	int err = STATUS_OK;

	while (!err && !v->done && args->argc && args->argv[0][0] == '-') {
		word = arg_take(args, "OPTION");
		err = find_option(word, &option);
		if (!err)
			err = take_option(option, args, v);
	}
	return err;
}

static int run(struct args *args)
{
	struct invocation v = { .json = false };
	int err, flush;

	err = take_options(args, &v);
	if (err || v.done)
		return err;
	print_setup(v.json, v.pretty);
	if (v.netns)
		err = netns_enter(v.netns);
	if (err)
		return err;
	if (v.batch) {
		err = arg_end(args);
		return err ? err : batch_run(v.batch);
	}
	if (!args->argc) {
		fputs(help, stderr);
		return STATUS_SYNTAX;
	}
	err = object_run(args);
	flush = queue_flush();
	return err ? err : flush;
}

int main(int argc, char **argv)
{
	struct args args = { .argv = argv + 1, .argc = argc > 1 ? argc - 1 : 0 };
	int err;

	err = run(&args);
	errors_show(NULL, NULL, errors_take());
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "Error: writing the output: %s\n", strerror(errno));
		err = err ? err : STATUS_SYNTAX;
	}
	return err;
}
