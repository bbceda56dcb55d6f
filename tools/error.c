// SPDX-License-Identifier: GPL-2.0
/* Error messages. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static char *held;
static size_t held_len;

static void hold(const char *fmt, va_list ap)
{
	char *text, *more;
	int len;

	len = vasprintf(&text, fmt, ap);
	if (len < 0)
		return;
	more = realloc(held, held_len + len + 2);
	if (more) {
		held = more;
		memcpy(held + held_len, text, len);
		held_len += len;
		strcpy(held + held_len++, "\n");
	}
	free(text);
}

/**
 * error - hold an error message
 * @status: what to return
 * @fmt: one line without its end
 *
 * Return: @status
 */
int error(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	hold(fmt, ap);
	va_end(ap);
	return status;
}

/**
 * errors_take - take the messages that are held
 *
 * Return: lines, to be freed, or NULL.
 */
char *errors_take(void)
{
	char *text = held;

	held = NULL;
	held_len = 0;
	return text;
}

/**
 * errors_show - print messages
 * @where: file and line of the command, or NULL
 * @line: the command, or NULL
 * @text: lines of errors_take(), freed here
 */
void errors_show(const char *where, const char *line, char *text)
{
	char *save, *message;

	if (!text)
		return;
	fflush(stdout);
	for (message = strtok_r(text, "\n", &save); message;
	     message = strtok_r(NULL, "\n", &save))
		fprintf(stderr, "%s%sError: %s\n", where ? where : "",
			where ? ": " : "", message);
	if (line)
		fprintf(stderr, "    %s\n", line);
	free(text);
}

void warning(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("Warning: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
