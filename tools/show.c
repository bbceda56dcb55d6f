// SPDX-License-Identifier: GPL-2.0
/* Objects and their attributes as output. */

#include "print.h"
#include "show.h"

/* Return: whether an attribute is a number, in JSON, too. */
static bool number(const struct nlattr *attr, enum attr_kind kind, uint64_t *value)
{
	switch (kind) {
	case ATTR_U8:
	case ATTR_HEX8:
		*value = mnl_attr_get_u8(attr);
		return true;
	case ATTR_U16:
		*value = mnl_attr_get_u16(attr);
		return true;
	case ATTR_U32:
		*value = mnl_attr_get_u32(attr);
		return true;
	case ATTR_U64:
		*value = mnl_attr_get_u64(attr);
		return true;
	default:
		return false;
	}
}

/**
 * show_value - print an attribute
 * @attr: the attribute, or NULL, which prints nothing
 * @info: what it is
 * @key: its key in JSON
 * @fmt: its text, with %llu or %llx for a number, and %s for everything else
 */
void show_value(const struct nlattr *attr, const struct attr_info *info, const char *key,
		const char *fmt)
{
	char text[ATTR_TEXT_SIZE];
	uint64_t value;

	if (!attr)
		return;
	if (number(attr, info->kind, &value))
		print_uint(key, fmt, value);
	else
		print_string(key, fmt, attr_text(attr, info, text));
}

/**
 * show_values - print all attributes of a type
 * @nest: what they are in
 * @table: what may be there
 * @type: the type
 * @key: key of the array in JSON
 * @fmt: text of the first one
 * @more_fmt: text of the others
 */
void show_values(const struct nlattr *nest, const struct attr_table *table, uint16_t type,
		 const char *key, const char *fmt, const char *more_fmt)
{
	const struct nlattr *attr;

	open_array(key);
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != type || !attr_valid(attr, table))
			continue;
		show_value(attr, &table->info[type], NULL, fmt);
		fmt = more_fmt;
	}
	close_array();
}

/**
 * show_list - print objects, and free the list
 * @list: the objects
 * @print: prints one
 */
void show_list(struct nests *list, object_print *print)
{
	size_t i;

	open_array(NULL);
	for (i = 0; i < list->n; i++)
		print(NULL, list->nest[i]);
	close_array();
	collect_free(list);
}
