// SPDX-License-Identifier: GPL-2.0
/* Output as text or as JSON. */

#include <stdio.h>
#include <string.h>

#include "print.h"

static bool json, pretty;
static unsigned int depth;
static bool first = true;	/* at this depth */

void print_setup(bool want_json, bool want_pretty)
{
	json = want_json;
	pretty = want_pretty;
}

bool print_json(void)
{
	return json;
}

/* The length of the UTF-8 sequence at c, or 0 if it is none. */
static unsigned int utf8_length(const unsigned char *c)
{
	unsigned int len, i;
	uint32_t code;

	if (*c < 0x80)
		return 1;
	if (*c < 0xc2 || *c > 0xf4)
		return 0;
	len = *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : 4;
	code = *c & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c[i] & 0x3f);
	}
	/* Overlong forms, surrogates, beyond Unicode. */
	if ((len == 3 && code < 0x800) || (len == 4 && (code < 0x10000 || code > 0x10ffff)) ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

static void json_string(const char *value)
{
	const unsigned char *c = (const unsigned char *)value;
	unsigned int len;

	putchar('"');
	for (; *c; c += len ? len : 1) {
		len = utf8_length(c);
		if (!len)
			fputs("\\ufffd", stdout);
		else if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20 || *c == 0x7f)
			printf("\\u%04x", *c);
		else
			fwrite(c, 1, len, stdout);
	}
	putchar('"');
}

static void json_newline(void)
{
	unsigned int i;

	if (!pretty)
		return;
	putchar('\n');
	for (i = 0; i < depth; i++)
		putchar('\t');
}

/* Everything that leads up to a value. */
static void json_member(const char *key)
{
	if (!first)
		putchar(',');
	first = false;
	if (depth)
		json_newline();
	if (key) {
		json_string(key);
		fputs(pretty ? ": " : ":", stdout);
	}
}

static void json_open(const char *key, char bracket)
{
	if (!json)
		return;
	json_member(key);
	putchar(bracket);
	depth++;
	first = true;
}

static void json_close(char bracket)
{
	if (!json)
		return;
	depth--;
	if (!first)
		json_newline();
	putchar(bracket);
	/* At the outside the next one is a document of its own. */
	first = !depth;
	if (!depth)
		putchar('\n');
}

void open_object(const char *key)
{
	json_open(key, '{');
}

void close_object(void)
{
	json_close('}');
}

void open_array(const char *key)
{
	json_open(key, '[');
}

void close_array(void)
{
	json_close(']');
}

void print_string(const char *key, const char *fmt, const char *value)
{
	if (json) {
		json_member(key);
		json_string(value);
	} else if (fmt) {
		printf(fmt, value);
	}
}

void print_uint(const char *key, const char *fmt, unsigned long long value)
{
	if (json) {
		json_member(key);
		printf("%llu", value);
	} else if (fmt) {
		printf(fmt, value);
	}
}

void print_int(const char *key, const char *fmt, long long value)
{
	if (json) {
		json_member(key);
		printf("%lld", value);
	} else if (fmt) {
		printf(fmt, value);
	}
}

/**
 * print_bool - print a truth value
 * @key: for JSON
 * @text: what to print if it is true
 * @value: the value
 */
void print_bool(const char *key, const char *text, bool value)
{
	if (json) {
		json_member(key);
		fputs(value ? "true" : "false", stdout);
	} else if (text && value) {
		fputs(text, stdout);
	}
}

/* What has a place in text only. */
void print_text(const char *fmt, ...)
{
	va_list ap;

	if (json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}
