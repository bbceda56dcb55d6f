// SPDX-License-Identifier: GPL-2.0
/* "vpc -batch": commands from a file, one in a line. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue.h"
#include "tool.h"

/**
 * struct batch - a file that is being read
 * @path: its name, for messages
 * @fd: the file
 * @file: its lines
 * @stop: status to stop with, while it is being read
 * @number: of the line, the first one where lines were joined
 * @next: number of the next line
 * @line: the line, which is taken apart in place
 * @text: the line as it was
 * @argv: its words
 */
struct batch {
	const char	*path;
	int		fd;
	FILE		*file;
	int		stop;
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

/* Who writes the commands may wait for what they do and say before the next ones. */
static ssize_t read_file(void *cookie, char *buf, size_t size)
{
	struct batch *b = cookie;
	struct pollfd pollfd = { .fd = b->fd, .events = POLLIN };

	if (!poll(&pollfd, 1, 0)) {
		b->stop = queue_flush();
		fflush(stdout);
	}
	if (b->stop) {
		errno = ECANCELED;
		return -1;
	}
	return read(b->fd, buf, size);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Does it end in a backslash that is in no comment? */
static bool goes_on(const char *line, ssize_t len)
{
	char quote = '\0', before = ' ';

	if (len < 2 || line[len - 1] != '\n' || line[len - 2] != '\\')
		return false;
	for (; *line; before = *line++) {
		if (quote)
			quote = *line == quote ? '\0' : quote;
		else if (*line == '"' || *line == '\'')
			quote = *line;
		else if (*line == '#' && is_space(before))
			return false;
	}
	return true;
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
	while (goes_on(b->line, len)) {
		more = getline(&part, &size, b->file);
		if (more < 0) {
			len -= 2;
			b->line[len] = '\0';
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
	/* What was read of a line before an error is no command. */
	return ferror(b->file) ? -1 : len;
}

static bool keep_text(struct batch *b, size_t len)
{
	char *text;

	while (len && is_space(b->line[len - 1]))
		len--;
	if (len >= b->text_size) {
		text = realloc(b->text, 2 * len + 2);
		if (!text)
			return false;
		b->text = text;
		b->text_size = 2 * len + 2;
	}
	memcpy(b->text, b->line, len);
	b->text[len] = '\0';
	return true;
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
static int split_line(struct batch *b, size_t len, struct args *args)
{
	char *c = b->line, *end;
	int n = 0;

	if (memchr(b->line, '\0', len))
		return error(STATUS_SYNTAX, "the line has a null character");
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
		err = split_line(b, len, &args);
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
	if (b->stop)
		return b->stop;
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
	static const cookie_io_functions_t functions = { .read = read_file };
	struct batch b = { .path = path, .fd = STDIN_FILENO, .next = 1 };
	int err;

	if (strcmp(path, "-"))
		b.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (b.fd >= 0)
		b.file = fopencookie(&b, "r", functions);
	if (!b.file)
		return error(STATUS_SYNTAX, "can't open the batch \"%s\": %s", path,
			     strerror(errno));
	err = run_lines(&b);
	fclose(b.file);
	if (b.fd != STDIN_FILENO)
		close(b.fd);
	free(b.line);
	free(b.text);
	free(b.argv);
	return err;
}
