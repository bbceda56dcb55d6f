// SPDX-License-Identifier: GPL-2.0
/* Answers that are kept until all of them are there. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "collect.h"
#include "genl.h"

struct collect {
	struct nests	*list;
	uint16_t	type;
};

static void collect_clear(struct nests *list)
{
	while (list->n)
		free(list->nest[--list->n]);
}

void collect_free(struct nests *list)
{
	collect_clear(list);
	free(list->nest);
	memset(list, 0, sizeof(*list));
}

static bool collect_grow(struct nests *list)
{
	size_t room = list->room ? 2 * list->room : 16;
	struct nlattr **nest;

	if (list->n < list->room)
		return true;
	nest = reallocarray(list->nest, room, sizeof(*nest));
	if (!nest)
		return false;
	list->nest = nest;
	list->room = room;
	return true;
}

static int collect_message(const struct nlmsghdr *nlh, void *data)
{
	const struct collect *collect = data;
	struct nests *list = collect->list;
	const struct nlattr *nest = message_attr(nlh, collect->type);
	struct nlattr *copy;

	if (!nest)
		return MNL_CB_OK;
	copy = malloc(nest->nla_len);
	if (!copy || !collect_grow(list)) {
		free(copy);
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	memcpy(copy, nest, nest->nla_len);
	list->nest[list->n++] = copy;
	return MNL_CB_OK;
}

static void collect_restart(void *data)
{
	const struct collect *collect = data;

	collect_clear(collect->list);
}

/**
 * collect_one - ask for one object
 * @nlh: the request
 * @type: top-level attribute that the answer has it in
 * @list: gets it; empty if there is an error
 */
int collect_one(struct nlmsghdr *nlh, uint16_t type, struct nests *list)
{
	struct collect collect = { list, type };
	int err;

	memset(list, 0, sizeof(*list));
	err = genl_talk(nlh, collect_message, &collect);
	if (!err && !list->n)
		err = error(STATUS_KERNEL, "the kernel gave no answer");
	if (err)
		collect_free(list);
	return err;
}

/**
 * collect_all - ask for all objects
 * @nlh: the request
 * @type: top-level attribute that the answers have them in
 * @list: gets them; empty if there is an error
 */
int collect_all(struct nlmsghdr *nlh, uint16_t type, struct nests *list)
{
	struct collect collect = { list, type };
	int err;

	memset(list, 0, sizeof(*list));
	err = genl_dump(nlh, collect_message, collect_restart, &collect);
	if (err)
		collect_free(list);
	return err;
}

struct sortable {
	uint8_t		key[COLLECT_KEY];
	struct nlattr	*nest;
};

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, COLLECT_KEY);
}

/**
 * collect_sort - put objects in order, each once
 * @list: the objects; empty if there is an error
 * @key: writes what to sort by
 *
 * A dump may show an object twice when the kernel's table grows meanwhile.
 */
int collect_sort(struct nests *list,
		 void (*key)(const struct nlattr *nest, uint8_t *key))
{
	struct sortable *sort;
	size_t i, n = 0;

	sort = calloc(list->n + 1, sizeof(*sort));
	if (!sort) {
		collect_free(list);
		return error(STATUS_KERNEL, "no memory");
	}
	for (i = 0; i < list->n; i++) {
		key(list->nest[i], sort[i].key);
		sort[i].nest = list->nest[i];
	}
	qsort(sort, list->n, sizeof(*sort), compare_keys);
	for (i = 0; i < list->n; i++) {
		if (n && !compare_keys(&sort[i], &sort[i - 1]))
			free(list->nest[--n]);
		list->nest[n++] = sort[i].nest;
	}
	list->n = n;
	free(sort);
	return STATUS_OK;
}
