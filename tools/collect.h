/* SPDX-License-Identifier: GPL-2.0 */
/* Answers that are kept until all of them are there. */
#ifndef _COLLECT_H
#define _COLLECT_H

#include <libmnl/libmnl.h>

#include "tool.h"

#define COLLECT_KEY	32

/**
 * struct nests - objects that the kernel has told
 * @n: how many
 * @room: for how many there is memory
 * @nest: their attributes
 */
struct nests {
	size_t		n;
	size_t		room;
	struct nlattr	**nest;
};

int collect_one(struct nlmsghdr *nlh, uint16_t type, struct nests *list);
int collect_all(struct nlmsghdr *nlh, uint16_t type, struct nests *list);
int collect_sort(struct nests *list,
		 void (*key)(const struct nlattr *nest, uint8_t *key));
void collect_free(struct nests *list);

#endif /* _COLLECT_H */
