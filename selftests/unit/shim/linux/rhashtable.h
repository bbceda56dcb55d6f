/* SPDX-License-Identifier: GPL-2.0 */
/* Types alone: no unit test looks into a hash table. */
#ifndef _SHIM_LINUX_RHASHTABLE_H
#define _SHIM_LINUX_RHASHTABLE_H

#include <linux/types.h>

struct rhash_head {
	struct rhash_head	*next;
};

struct rhlist_head {
	struct rhash_head	rhead;
	struct rhlist_head	*next;
};

struct rhashtable {
	void			*tbl;
};

struct rhltable {
	struct rhashtable	ht;
};

struct xarray {
	void			*head;
};

struct rcu_head {
	void			*next;
};

void *xa_load(struct xarray *xa, unsigned long index);

#endif /* _SHIM_LINUX_RHASHTABLE_H */
