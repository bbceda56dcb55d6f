// SPDX-License-Identifier: GPL-2.0
/*
 * What an event has changed about an object: the kernel tells it as it is, so
 * what it was is remembered here.
 */

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vpc.h>

#include "changes.h"
#include "extack.h"
#include "print.h"
#include "route.h"

#define TITLE_SIZE	128

/**
 * struct known - an object as it was told last
 * @title: its kind, and what tells it from others of its kind
 * @nest: its attributes
 */
struct known {
	char		*title;
	struct nlattr	*nest;
};

static void *tree;		/* of struct known, by title */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->title, ((const struct known *)b)->title);
}

/* Routes of one prefix stand side by side: where they lead tells them apart. */
static void known_title(uint16_t type, const struct nlattr *nest, char *title)
{
	size_t len;

	object_title(nest, &attr_top.info[type], title, TITLE_SIZE);
	len = strlen(title);
	if (type == VPC_A_ROUTE)
		snprintf(title + len, TITLE_SIZE - len, " %llx",
			 (unsigned long long)route_target(nest));
}

static struct known *find(char *title)
{
	struct known key = { .title = title }, **slot;

	slot = tfind(&key, &tree, compare);
	return slot ? *slot : NULL;
}

static void known_free(struct known *known)
{
	free(known->title);
	free(known->nest);
	free(known);
}

static void forget(struct known *known)
{
	if (!known)
		return;
	tdelete(known, &tree, compare);
	known_free(known);
}

/* Of what can't be remembered, no change is known. */
static void remember(char *title, struct nlattr *nest)
{
	struct known *known = find(title);

	if (known) {
		free(known->nest);
		known->nest = nest;
		return;
	}
	known = malloc(sizeof(*known));
	if (!known) {
		free(nest);
		return;
	}
	known->title = strdup(title);
	known->nest = nest;
	if (!known->title || !tsearch(known, &tree, compare))
		known_free(known);
}

/**
 * changes_learn - remember the objects that are there
 * @type: &enum vpc_attr
 * @list: the objects; empty afterwards
 */
void changes_learn(uint16_t type, struct nests *list)
{
	char title[TITLE_SIZE];

	while (list->n) {
		struct nlattr *nest = list->nest[--list->n];

		known_title(type, nest, title);
		remember(title, nest);
	}
	collect_free(list);
}

/**
 * changes_note - remember an object as an event tells it
 * @type: &enum vpc_attr
 * @nest: its attributes
 * @gone: or forget it
 */
void changes_note(uint16_t type, const struct nlattr *nest, bool gone)
{
	char title[TITLE_SIZE];
	struct nlattr *copy;

	known_title(type, nest, title);
	copy = gone ? NULL : malloc(nest->nla_len);
	if (copy)
		remember(title, memcpy(copy, nest, nest->nla_len));
	else
		forget(find(title));
}

/* Counters change all the time, and what is counted is no setting, nor is whether all
 * of it had room.
 */
static bool is_setting(const struct attr_table *table, uint16_t type)
{
	if ((table == &attr_edge && type == VPC_EDGE_A_ENDPOINTS) ||
	    (table == &attr_remote && type == VPC_REMOTE_A_MORE))
		return false;
	switch (table->info[type].kind) {
	case ATTR_UNKNOWN:
	case ATTR_COUNTERS:
	case ATTR_NEST:
	case ATTR_U64:
		return false;
	default:
		return true;
	}
}

/**
 * struct setting - what of an object is compared
 * @table: the object's attributes
 * @type: which of them
 * @replaced: of the keys of a remote, those that have a successor
 */
struct setting {
	const struct attr_table	*table;
	uint16_t		type;
	bool			replaced;
};

static bool is_replaced(const struct nlattr *key)
{
	const struct nlattr *tb[VPC_KEY_A_MAX + 1];

	attrs_parse(key, &attr_key, tb);
	return tb[VPC_KEY_A_REPLACED];
}

static bool is_of(const struct nlattr *attr, const struct setting *setting)
{
	if (mnl_attr_get_type(attr) != setting->type || !attr_valid(attr, setting->table))
		return false;
	return setting->table->info[setting->type].kind != ATTR_KEY_NEST ||
	       is_replaced(attr) == setting->replaced;
}

/* The next attribute of a setting after this one, or the first of the nest. */
static const struct nlattr *next_of(const struct nlattr *nest, const struct nlattr *attr,
				    const struct setting *setting)
{
	const char *end = (const char *)mnl_attr_get_payload(nest) +
			  mnl_attr_get_payload_len(nest);

	attr = attr ? mnl_attr_next(attr) : mnl_attr_get_payload(nest);
	for (; mnl_attr_ok(attr, end - (const char *)attr); attr = mnl_attr_next(attr)) {
		if (is_of(attr, setting))
			return attr;
	}
	return NULL;
}

/* Do both have the same values of a setting, in the same order?  The same is what
 * prints the same: a key whose time runs out is the key that it was.
 */
static bool same(const struct nlattr *a, const struct nlattr *b,
		 const struct setting *setting)
{
	const struct attr_info *info = &setting->table->info[setting->type];
	char text_a[ATTR_TEXT_SIZE], text_b[ATTR_TEXT_SIZE];
	const struct nlattr *in_a = NULL, *in_b = NULL;

	do {
		in_a = next_of(a, in_a, setting);
		in_b = next_of(b, in_b, setting);
		if (!in_a != !in_b)
			return false;
		if (in_a && strcmp(attr_text(in_a, info, text_a),
				   attr_text(in_b, info, text_b)))
			return false;
	} while (in_a);
	return true;
}

/**
 * struct names - what has been told as changed
 * @name: the names
 * @n: how many
 */
struct names {
	const char	*name[VPC_EDGE_A_MAX + VPC_ENDPOINT_A_MAX + VPC_REMOTE_A_MAX];
	unsigned int	n;
};

/* Each once: the MTU that is set and the one that counts have one name. */
static void tell(struct names *told, const char *name)
{
	unsigned int i;

	for (i = 0; i < told->n; i++) {
		if (!strcmp(told->name[i], name))
			return;
	}
	told->name[told->n++] = name;
	print_string(NULL, i ? ", %s" : "    changed: %s", name);
}

/* In JSON the names are those of the object's members. */
static void tell_setting(struct names *told, const struct setting *setting)
{
	const struct attr_info *info = &setting->table->info[setting->type];

	if (setting->replaced)
		tell(told, print_json() ? "replaced_keys" : "replaced key");
	else
		tell(told, print_json() && info->key ? info->key : info->name);
}

/**
 * changes_print - print the names of what has changed since an object was noted
 * @type: &enum vpc_attr
 * @nest: its attributes now
 */
void changes_print(uint16_t type, const struct nlattr *nest)
{
	struct setting setting = { .table = attr_top.info[type].nest };
	struct names told = { .n = 0 };
	char title[TITLE_SIZE];
	struct known *known;

	known_title(type, nest, title);
	known = find(title);
	if (!known)
		return;
	open_array("changed");
	for (setting.type = 1; setting.type < setting.table->n; setting.type++) {
		if (!is_setting(setting.table, setting.type))
			continue;
		if (!same(known->nest, nest, &setting))
			tell_setting(&told, &setting);
	}
	setting.type = VPC_REMOTE_A_KEY;
	setting.replaced = true;
	if (type == VPC_A_REMOTE && !same(known->nest, nest, &setting))
		tell_setting(&told, &setting);
	close_array();
	if (told.n)
		print_text("\n");
}
