/* SPDX-License-Identifier: GPL-2.0 */
/* Objects and their attributes as output. */
#ifndef _SHOW_H
#define _SHOW_H

#include "attr.h"
#include "collect.h"

/**
 * typedef object_print - prints an object
 * @key: its key in JSON, or NULL
 * @nest: its attributes
 */
typedef void object_print(const char *key, const struct nlattr *nest);

void show_value(const struct nlattr *attr, const struct attr_info *info, const char *key,
		const char *fmt);
void show_values(const struct nlattr *nest, const struct attr_table *table, uint16_t type,
		 const char *key, const char *fmt, const char *more_fmt);
void show_list(struct nests *list, object_print *print);

#endif /* _SHOW_H */
