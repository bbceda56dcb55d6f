/* SPDX-License-Identifier: GPL-2.0 */
/* Counters: what they are called, and how they are printed. */
#ifndef _COUNTERS_H
#define _COUNTERS_H

#include <libmnl/libmnl.h>
#include <linux/vpc_counters.h>

#include "tool.h"

enum counter_section {
	SECTION_SOURCES,
	SECTION_SINKS,
	SECTION_BYTES,
	SECTION_DROPS,
	SECTIONS
};

/**
 * struct counters - a set of counters
 * @n: their values, by &enum vpc_counter
 * @has: whether the kernel told it
 */
struct counters {
	unsigned long long	n[__VPC_COUNTER_MAX];
	bool			has[__VPC_COUNTER_MAX];
};

void counters_parse(const struct nlattr *nest, struct counters *counters);
unsigned long long counters_sum(const struct counters *counters,
				enum counter_section section);
enum counter_section counter_section(unsigned int i);
const char *section_name(enum counter_section section);
const char *counter_name(unsigned int i);
const char *counter_text(unsigned int i);

void counters_print(const struct counters *counters, const char *indent, bool all,
		    bool explain);
void counters_print_nest(const struct nlattr *nest);

#endif /* _COUNTERS_H */
