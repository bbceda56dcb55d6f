/* SPDX-License-Identifier: GPL-2.0 */
/* What every part of the tool knows: options, exit codes, objects, errors. */
#ifndef _TOOL_H
#define _TOOL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __attr(a)	__attribute__((a))
#define __printf(f, a)	__attr(format(printf, f, a))

/* Exit codes, which functions hand up; the same as those of ip. */
enum status {
	STATUS_OK,
	STATUS_SYNTAX,		/* the arguments are wrong */
	STATUS_KERNEL,		/* the kernel refused */
};

/**
 * struct options - the options before the object
 * @stats: show counters
 * @force: go on in a batch after a line that failed
 * @timestamp: monitor prints when
 * @timestamp_short: and in one line
 */
struct options {
	bool	stats;
	bool	force;
	bool	timestamp;
	bool	timestamp_short;
};

extern struct options options;
extern const char *object_name;		/* that the command is about */

/**
 * struct args - what is left of the arguments
 * @argv: the next one
 * @argc: how many
 */
struct args {
	char	**argv;
	int	argc;
};

/**
 * struct command - a word that selects a function
 * @name: its full name; abbreviations match the first in the table
 * @run: gets the arguments after it
 */
struct command {
	const char	*name;
	int		(*run)(struct args *args);
};

int command_run(struct args *args, const struct command *table, size_t n);
int object_run(struct args *args);
int usage(const char *text);

int edge_main(struct args *args);
int endpoint_main(struct args *args);
int route_main(struct args *args);
int peer_main(struct args *args);
int remote_main(struct args *args);
int stats_main(struct args *args);
int trace_main(struct args *args);
int monitor_main(struct args *args);
int save_main(struct args *args);

/* Errors are held until it is known which line of a batch they belong to. */
int error(int status, const char *fmt, ...) __printf(2, 3);
char *errors_take(void);
void errors_show(const char *where, const char *line, char *text);
void warning(const char *fmt, ...) __printf(1, 2);

int batch_run(const char *path);

#endif /* _TOOL_H */
