/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FUZZ_FUZZ_H
#define _FUZZ_FUZZ_H

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls for each input, by the name that the Makefile gives it. */
int fuzz_one(const u8 *data, size_t len);

#define check(cond) fuzz_check(cond, #cond, __FILE__, __LINE__)

static inline void fuzz_check(bool cond, const char *what, const char *file,
			      int line)
{
	if (cond)
		return;
	fprintf(stderr, "ERROR: %s:%d: not so: %s\n", file, line, what);
	abort();
}

#endif /* _FUZZ_FUZZ_H */
