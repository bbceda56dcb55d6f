/* SPDX-License-Identifier: GPL-2.0 */
/* Test Anything Protocol: a test is a function, and a test point. */
#ifndef _UNIT_TAP_H
#define _UNIT_TAP_H

#include <linux/types.h>

struct unit_test {
	const char	*name;
	void		(*run)(void);
};

#define UNIT_TEST(fn)	{ #fn, fn }

extern const struct unit_test codec_tests[];
extern const struct unit_test path_tests[];
extern const struct unit_test tables_tests[];
extern const struct unit_test pick_tests[];
extern const struct unit_test crypt_tests[];

/* A false condition fails the test, which goes on; the text says why. */
#define expect(cond, ...) unit_expect(!!(cond), __LINE__, #cond, __VA_ARGS__)

bool unit_expect(bool cond, int line, const char *what, const char *fmt, ...)
	__printf(4, 5);

#endif /* _UNIT_TAP_H */
