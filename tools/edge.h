/* SPDX-License-Identifier: GPL-2.0 */
/* Edges: what the commands share. */
#ifndef _EDGE_H
#define _EDGE_H

#include <linux/vpc.h>

#include "collect.h"
#include "parse.h"

/* edge.c */
void put_prefix(struct nlmsghdr *nlh, uint16_t type, const struct prefix *p);

/* edge_show.c */
int edge_get(const char *name, struct nests *list);
int edge_get_all(struct nests *list);
void edge_print(const char *key, const struct nlattr *nest);
int edge_show(struct args *args);

/* edge_route.c */
int edge_up(const char *name, const struct prefix *prefix, unsigned int n, bool may_exist);
int edge_up_again(const char *name);
int edge_follow(const char *name, const struct prefix *add, unsigned int n_add,
		const struct prefix *del, unsigned int n_del);

#endif /* _EDGE_H */
