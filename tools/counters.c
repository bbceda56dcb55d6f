// SPDX-License-Identifier: GPL-2.0
/* Counters: what they are called, and how they are printed. */

#include <string.h>

#include "counters.h"
#include "print.h"

struct counter_info {
	const char	*name;
	const char	*text;
};

#define COUNTER_INFO(id, name, text) \
	[VPC_COUNTER_##id] = { name, text },
#define DROP_INFO(id, name, text) \
	[VPC_DROP_##id] = { name, text },

static const struct counter_info infos[] = {
	VPC_SOURCES(COUNTER_INFO)
	VPC_SINKS(COUNTER_INFO)
	VPC_BYTES(COUNTER_INFO)
	VPC_DROPS(DROP_INFO)
};

static const char * const sections[SECTIONS] = {
	[SECTION_SOURCES]	= "sources",
	[SECTION_SINKS]		= "sinks",
	[SECTION_BYTES]		= "bytes",
	[SECTION_DROPS]		= "drops",
};

const char *section_name(enum counter_section section)
{
	return sections[section];
}

enum counter_section counter_section(unsigned int i)
{
	if (i >= __VPC_DROP_FIRST)
		return SECTION_DROPS;
	if (i >= __VPC_BYTES_FIRST)
		return SECTION_BYTES;
	if (i >= __VPC_SINK_FIRST)
		return SECTION_SINKS;
	return SECTION_SOURCES;
}

/* NULL for the numbers between the sections. */
const char *counter_name(unsigned int i)
{
	return i < ARRAY_SIZE(infos) ? infos[i].name : NULL;
}

const char *counter_text(unsigned int i)
{
	return i < ARRAY_SIZE(infos) ? infos[i].text : NULL;
}

/**
 * counters_parse - read a nest of counters
 * @nest: the nest, or NULL
 * @counters: what is in it
 */
void counters_parse(const struct nlattr *nest, struct counters *counters)
{
	const struct nlattr *attr;

	memset(counters, 0, sizeof(*counters));
	if (!nest)
		return;
	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		if (!counter_name(type) || mnl_attr_get_payload_len(attr) < sizeof(uint64_t))
			continue;
		counters->n[type] = mnl_attr_get_u64(attr);
		counters->has[type] = true;
	}
}

unsigned long long counters_sum(const struct counters *counters,
				enum counter_section section)
{
	unsigned long long sum = 0;
	unsigned int i;

	for (i = 1; i < __VPC_COUNTER_MAX; i++)
		if (counter_section(i) == section)
			sum += counters->n[i];
	return sum;
}

static void print_counter(unsigned int i, unsigned long long value,
			  const char *indent, bool explain)
{
	if (!explain) {
		print_text("%s    %-20s", indent, counter_name(i));
		print_uint(counter_name(i), " %llu\n", value);
		return;
	}
	open_object(counter_name(i));
	print_text("%s    %-20s", indent, counter_name(i));
	print_uint("value", " %llu\n", value);
	print_text("%s        ", indent);
	print_string("text", "%s\n", counter_text(i));
	close_object();
}

static void print_section(const struct counters *counters,
			  enum counter_section section, const char *indent,
			  bool all, bool explain)
{
	bool empty = true;
	unsigned int i;

	open_object(section_name(section));
	for (i = 1; i < __VPC_COUNTER_MAX; i++) {
		if (counter_section(i) != section || !counters->has[i])
			continue;
		/* Programs want to find what they look for. */
		if (!counters->n[i] && !all && !print_json())
			continue;
		if (empty)
			print_text("%s%s:\n", indent, section_name(section));
		empty = false;
		print_counter(i, counters->n[i], indent, explain);
	}
	close_object();
}

/**
 * counters_print - print counters by sections
 * @counters: the counters
 * @indent: what each line of text starts with
 * @all: also those that are zero
 * @explain: with a sentence about each
 */
void counters_print(const struct counters *counters, const char *indent, bool all,
		    bool explain)
{
	unsigned int section;

	for (section = 0; section < SECTIONS; section++)
		print_section(counters, section, indent, all, explain);
}

/**
 * counters_print_nest - print the counters of an object that is shown
 * @nest: the nest
 */
void counters_print_nest(const struct nlattr *nest)
{
	struct counters counters;

	counters_parse(nest, &counters);
	open_object("stats");
	counters_print(&counters, "    ", false, false);
	close_object();
}
