// SPDX-License-Identifier: GPL-2.0
/* "vpc -batch": commands from a file, one in a line. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"
#include "tool.h"

/**
 * struct batch - a file that is being read
 * @path: its name, for messages
 * @file: the file
 * @number: of the line, the first one where lines were joined
 * @next: number of the next line
 * @line: the line, which is taken apart in place
 * @text: the line as it was
 * @argv: its words
 */
struct batch {
	const char	*path;
	FILE		*file;
	unsigned int	number;
	unsigned int	next;
	char		*line;
	size_t		line_size;
	char		*text;
	size_t		text_size;
	char		**argv;
	size_t		argv_size;
};

static int no_memory(void)
{
	return error(STATUS_SYNTAX, "no memory");
}

/* Read a line, and those that go on after a backslash.
 * Return: its length, 0 at the end, -1 on error.
 */
static ssize_t read_line(struct batch *b)
{
	ssize_t len = 0, more;
	char *part = NULL, *line;
	size_t size = 0;

	b->number = b->next;
	len = getline(&b->line, &b->line_size, b->file);
	if (len < 0)
		return feof(b->file) ? 0 : -1;
	b->next++;
	while (len >= 2 && b->line[len - 1] == '\n' && b->line[len - 2] == '\\') {
		more = getline(&part, &size, b->file);
		if (more < 0) {
			len -= 2;
			break;
		}
		b->next++;
		line = realloc(b->line, len + more);
		if (!line) {
			len = -1;
			break;
		}
		b->line = line;
		b->line_size = len + more;
		memcpy(line + len - 2, part, more + 1);
		len += more - 2;
	}
	free(part);
	return len;
}

static bool keep_text(struct batch *b, size_t len)
{
	char *text;

	while (len && b->line[len - 1] == '\n')
		b->line[--len] = '\0';
	if (len >= b->text_size) {
		text = realloc(b->text, 2 * len + 2);
		if (!text)
			return false;
		b->text = text;
		b->text_size = 2 * len + 2;
	}
	memcpy(b->text, b->line, len + 1);
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Take a word's quotes off, in place.
 * Return: where the word ends, or NULL if a quote does not.
 */
static char *unquote(char *word, char **rest)
{
	char *from = word, *to = word, quote;

	while (*from && !is_space(*from)) {
		if (*from != '"' && *from != '\'') {
			*to++ = *from++;
			continue;
		}
		quote = *from++;
		while (*from && *from != quote)
			*to++ = *from++;
		if (!*from)
			return NULL;
		from++;
	}
	*rest = *from ? from + 1 : from;
	return to;
}

static bool grow_argv(struct batch *b, size_t n)
{
	char **argv;

	if (n < b->argv_size)
		return true;
	argv = reallocarray(b->argv, 2 * n + 16, sizeof(*argv));
	if (!argv)
		return false;
	b->argv = argv;
	b->argv_size = 2 * n + 16;
	return true;
}

/* Take the line apart. */
static int split_line(struct batch *b, struct args *args)
{
	char *c = b->line, *end;
	int n = 0;

	for (;;) {
		while (is_space(*c))
			c++;
		if (!*c || *c == '#')
			break;
		if (!grow_argv(b, n))
			return no_memory();
		b->argv[n++] = c;
		end = unquote(c, &c);
		if (!end)
			return error(STATUS_SYNTAX, "a quote is not closed");
		*end = '\0';
	}
	args->argv = b->argv;
	args->argc = n;
	return STATUS_OK;
}

/* Show what is wrong with this line, after what is wrong with those before. */
static int fail_line(struct batch *b, int status)
{
	char *errors = errors_take();
	char where[4096];
	int err;

	err = queue_flush();
	if (err) {
		free(errors);
		return err;
	}
	snprintf(where, sizeof(where), "%s:%u", b->path, b->number);
	errors_show(where, b->text, errors);
	return options.force ? STATUS_OK : status;
}

static int run_lines(struct batch *b)
{
	int status = STATUS_OK, failed, err;
	struct args args;
	ssize_t len;

	while ((len = read_line(b)) > 0) {
		if (!keep_text(b, len))
			return no_memory();
		queue_source(b->path, b->number, b->text);
		err = split_line(b, &args);
		if (!err && args.argc)
			err = object_run(&args);
		if (!err)
			continue;
		failed = err;
		err = fail_line(b, err);
		if (err)
			return err;
		if (!status)
			status = queue_status() ? queue_status() : failed;
	}
	if (len < 0) {
		errors_show(NULL, NULL, errors_take());
		err = queue_flush();
		return err ? err : error(STATUS_SYNTAX, "reading %s: %s", b->path,
					 strerror(errno));
	}
	err = queue_flush();
	if (err)
		return err;
	return status ? status : queue_status();
}

/**
 * batch_run - run the commands in a file
 * @path: the file, or "-"
 */
int batch_run(const char *path)
{
	struct batch b = { .path = path, .file = stdin, .next = 1 };
	int err;

	if (strcmp(path, "-")) {
		b.file = fopen(path, "re");
		if (!b.file)
			return error(STATUS_SYNTAX, "opening %s: %s", path,
				     strerror(errno));
	}
	err = run_lines(&b);
	if (b.file != stdin)
		fclose(b.file);
	free(b.line);
	free(b.text);
	free(b.argv);
	return err;
}
