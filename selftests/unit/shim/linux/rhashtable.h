/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash tables of one chain, xarrays of a few entries, and RCU whose grace periods end
 * when a test says so.  A reader calls unit_step() before each thing that it reads, so
 * that a test can let a writer come in between.
 */
#ifndef _SHIM_LINUX_RHASHTABLE_H
#define _SHIM_LINUX_RHASHTABLE_H

#include <errno.h>
#include <linux/jhash.h>
#include <linux/types.h>

void unit_step(void);

/* RCU. */

struct rcu_head {
	struct rcu_head		*next;
	void			(*func)(struct rcu_head *rcu);
};

void call_rcu(struct rcu_head *rcu, void (*func)(struct rcu_head *rcu));

#define rcu_read_lock()		do { } while (0)
#define rcu_read_unlock()	do { } while (0)
#define rcu_dereference(p)	({ unit_step(); (p); })
#define rcu_dereference_raw(p)	rcu_dereference(p)
#define rcu_dereference_protected(p, c)	(p)
#define smp_rmb()		unit_step()
#define smp_store_release(p, v)	(*(p) = (v))

/* Hash tables. */

struct rhash_head {
	struct rhash_head	*next;
};

struct rhlist_head {
	struct rhash_head	rhead;
	struct rhlist_head	*next;
};

struct rhashtable {
	struct rhash_head	*tbl;
};

struct rhltable {
	struct rhashtable	ht;
};

struct rhashtable_compare_arg {
	const void		*key;
};

struct rhashtable_params {
	u16	key_len;
	u16	key_offset;
	u16	head_offset;
	bool	automatic_shrinking;
	u32	(*hashfn)(const void *data, u32 len, u32 seed);
	u32	(*obj_hashfn)(const void *data, u32 len, u32 seed);
	int	(*obj_cmpfn)(struct rhashtable_compare_arg *arg, const void *data);
};

static inline int rhashtable_init(struct rhashtable *ht,
				  const struct rhashtable_params *params)
{
	(void)params;
	ht->tbl = NULL;
	return 0;
}

static inline int rhltable_init(struct rhltable *hlt,
				const struct rhashtable_params *params)
{
	return rhashtable_init(&hlt->ht, params);
}

#define rhashtable_destroy(ht)	((void)(ht))
#define rhltable_destroy(hlt)	((void)(hlt))

static inline void *shim_object(struct rhash_head *head, struct rhashtable_params params)
{
	return head ? (char *)head - params.head_offset : NULL;
}

/* The pointer that leads to what has a key, or the last one. */
static inline struct rhash_head **shim_find(struct rhashtable *ht, const void *key,
					    struct rhashtable_params params)
{
	struct rhashtable_compare_arg arg = { .key = key };
	struct rhash_head **pos = &ht->tbl;

	while (*pos && params.obj_cmpfn(&arg, shim_object(*pos, params)))
		pos = &(*pos)->next;
	return pos;
}

static inline void *rhashtable_lookup(struct rhashtable *ht, const void *key,
				      struct rhashtable_params params)
{
	unit_step();
	return shim_object(*shim_find(ht, key, params), params);
}

static inline int rhashtable_lookup_insert_fast(struct rhashtable *ht,
						struct rhash_head *obj,
						struct rhashtable_params params)
{
	const void *key = (char *)obj - params.head_offset + params.key_offset;
	struct rhash_head **pos = shim_find(ht, key, params);

	if (*pos)
		return -EEXIST;
	obj->next = NULL;
	*pos = obj;
	return 0;
}

static inline struct rhash_head **shim_at(struct rhashtable *ht, struct rhash_head *obj)
{
	struct rhash_head **pos = &ht->tbl;

	while (*pos && *pos != obj)
		pos = &(*pos)->next;
	return pos;
}

static inline int rhashtable_remove_fast(struct rhashtable *ht, struct rhash_head *obj,
					 struct rhashtable_params params)
{
	struct rhash_head **pos = shim_at(ht, obj);

	(void)params;
	if (!*pos)
		return -ENOENT;
	*pos = obj->next;
	return 0;
}

static inline int rhashtable_replace_fast(struct rhashtable *ht, struct rhash_head *old,
					  struct rhash_head *obj,
					  struct rhashtable_params params)
{
	struct rhash_head **pos = shim_at(ht, old);

	(void)params;
	if (!*pos)
		return -ENOENT;
	obj->next = old->next;
	*pos = obj;
	return 0;
}

static inline void rhashtable_free_and_destroy(struct rhashtable *ht,
					       void (*free_fn)(void *ptr, void *arg),
					       void *arg)
{
	struct rhash_head *head = ht->tbl, *next;

	/* A test has nothing in it then. */
	for (; head; head = next) {
		next = head->next;
		free_fn(head, arg);
	}
}

static inline void rhltable_free_and_destroy(struct rhltable *hlt,
					     void (*free_fn)(void *ptr, void *arg),
					     void *arg)
{
	rhashtable_free_and_destroy(&hlt->ht, free_fn, arg);
}

static inline struct rhlist_head *rhltable_lookup(struct rhltable *hlt, const void *key,
						  struct rhashtable_params params)
{
	unit_step();
	return (struct rhlist_head *)*shim_find(&hlt->ht, key, params);
}

/* In front of those of the same key, as the kernel does. */
static inline int rhltable_insert_key(struct rhltable *hlt, const void *key,
				      struct rhlist_head *list,
				      struct rhashtable_params params)
{
	struct rhash_head **pos = shim_find(&hlt->ht, key, params);

	list->next = (struct rhlist_head *)*pos;
	list->rhead.next = *pos ? (*pos)->next : NULL;
	*pos = &list->rhead;
	return 0;
}

static inline int rhltable_remove(struct rhltable *hlt, struct rhlist_head *list,
				  struct rhashtable_params params)
{
	struct rhash_head **pos;
	struct rhlist_head **in;

	(void)params;
	for (pos = &hlt->ht.tbl; *pos; pos = &(*pos)->next) {
		if (*pos == &list->rhead) {
			if (list->next)
				list->next->rhead.next = list->rhead.next;
			*pos = list->next ? &list->next->rhead : list->rhead.next;
			return 0;
		}
		for (in = &((struct rhlist_head *)*pos)->next; *in; in = &(*in)->next) {
			if (*in == list) {
				*in = list->next;
				return 0;
			}
		}
	}
	return -ENOENT;
}

#define rhl_for_each_entry_rcu(tpos, pos, list, member)				\
	for ((pos) = (list);							\
	     (pos) && ((tpos) = container_of(pos, typeof(*(tpos)), member), 1);	\
	     (pos) = rcu_dereference((pos)->next))

/* Arrays. */

#define SHIM_XARRAY	8
#define XA_MARK_0	0
#define XA_FLAGS_ACCOUNT	0

struct xarray {
	struct shim_entry {
		unsigned long	index;
		void		*entry;
		bool		mark;
	} at[SHIM_XARRAY];
};

static inline void xa_init_flags(struct xarray *xa, int flags)
{
	(void)flags;
	*xa = (struct xarray) { };
}

#define xa_destroy(xa)		((void)(xa))
#define xa_mk_value(v)		((void *)((unsigned long)(v) << 1 | 1))
#define xa_to_value(entry)	((unsigned long)(entry) >> 1)
#define xa_err(entry)		((entry) == (void *)-1 ? -ENOMEM : 0)

static inline struct shim_entry *shim_entry(struct xarray *xa, unsigned long index,
					    bool make)
{
	struct shim_entry *e, *room = NULL;

	for (e = xa->at; e < xa->at + SHIM_XARRAY; e++) {
		if (e->entry && e->index == index)
			return e;
		if (!e->entry)
			room = e;
	}
	return make ? room : NULL;
}

#ifdef UNIT_TABLES
static inline void *xa_load(struct xarray *xa, unsigned long index)
{
	struct shim_entry *e = shim_entry(xa, index, false);

	return e ? e->entry : NULL;
}
#else
void *xa_load(struct xarray *xa, unsigned long index);
#endif

static inline void *xa_store(struct xarray *xa, unsigned long index, void *entry, int gfp)
{
	struct shim_entry *e = shim_entry(xa, index, true);

	(void)gfp;
	if (!e)
		return (void *)-1;
	*e = (struct shim_entry) { index, entry, e->entry && e->mark };
	return NULL;
}

static inline void xa_erase(struct xarray *xa, unsigned long index)
{
	struct shim_entry *e = shim_entry(xa, index, false);

	if (e)
		*e = (struct shim_entry) { };
}

static inline bool xa_get_mark(struct xarray *xa, unsigned long index, int mark)
{
	struct shim_entry *e = shim_entry(xa, index, false);

	(void)mark;
	return e && e->mark;
}

static inline void xa_set_mark(struct xarray *xa, unsigned long index, int mark)
{
	struct shim_entry *e = shim_entry(xa, index, false);

	(void)mark;
	if (e)
		e->mark = true;
}

static inline void xa_clear_mark(struct xarray *xa, unsigned long index, int mark)
{
	struct shim_entry *e = shim_entry(xa, index, false);

	(void)mark;
	if (e)
		e->mark = false;
}

#define xa_for_each(xa, n, ptr)							\
	for (struct shim_entry *_e = (xa)->at; _e < (xa)->at + SHIM_XARRAY; _e++)	\
		if (((ptr) = _e->entry) && ((n) = _e->index, 1))

#endif /* _SHIM_LINUX_RHASHTABLE_H */
