// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the tests whose names match one of the patterns given, or all of them.
 * The name of a test is FILE/FUNCTION; FILE alone stands for all in it.
 */

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define MAX_NOTES	10

static const struct {
	const char		*name;
	const struct unit_test	*tests;
} suites[] = {
	{ "codec", codec_tests },
	{ "path", path_tests },
	{ "tables", tables_tests },
	{ "pick", pick_tests },
	{ "crypt", crypt_tests },
};

static char notes[MAX_NOTES][400];
static unsigned int nr_notes, nr_failed;

bool unit_expect(bool cond, int line, const char *what, const char *fmt, ...)
{
	size_t size = sizeof(notes[0]);
	va_list args;
	char *note;
	size_t n;

	if (cond)
		return true;
	nr_failed++;
	if (nr_notes == MAX_NOTES)
		return false;
	note = notes[nr_notes++];
	n = snprintf(note, size, "line %d: %s: ", line, what);
	va_start(args, fmt);
	if (n < size)
		vsnprintf(note + n, size - n, fmt, args);
	va_end(args);
	return false;
}

static bool selected(const char *suite, const char *name, char **patterns)
{
	char full[200];

	if (!*patterns)
		return true;
	snprintf(full, sizeof(full), "%s/%s", suite, name);
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, full, 0) || !fnmatch(*patterns, suite, 0) ||
		    !fnmatch(*patterns, name, 0))
			return true;
	return false;
}

static bool run(const char *suite, const struct unit_test *test,
		unsigned int number)
{
	unsigned int i;

	nr_notes = 0;
	nr_failed = 0;
	test->run();
	printf("%sok %u - %s/%s\n", nr_failed ? "not " : "", number, suite,
	       test->name);
	for (i = 0; i < nr_notes; i++)
		printf("# %s\n", notes[i]);
	if (nr_failed > MAX_NOTES)
		printf("# %u expectations failed\n", nr_failed);
	return !nr_failed;
}

int main(int argc, char **argv)
{
	unsigned int i, n = 0, planned = 0, failed = 0;
	const struct unit_test *test;

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");

	/* The plan comes first, so that a crash is noticed by the count. */
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		for (test = suites[i].tests; test->name; test++)
			planned += selected(suites[i].name, test->name, argv + 1);
	printf("1..%u\n", planned);

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		for (test = suites[i].tests; test->name; test++)
			if (selected(suites[i].name, test->name, argv + 1))
				failed += !run(suites[i].name, test, ++n);
	return failed || !planned ? EXIT_FAILURE : EXIT_SUCCESS;
}
