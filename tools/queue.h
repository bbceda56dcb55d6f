/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs of like changes of endpoints, routes, peerings or remotes, sent in one message.
 *
 * It looks as if each was sent alone, in order: the kernel applies a message
 * whole or not at all, so when one change is refused, those before it are sent
 * again without it.
 */
#ifndef _QUEUE_H
#define _QUEUE_H

#include <libmnl/libmnl.h>

#include "tool.h"

struct nlmsghdr *queue_add(uint8_t cmd);
void queue_added(void);
int queue_flush(void);

/* Where changes come from now: a line of a batch. */
void queue_source(const char *path, unsigned int line, const char *text);
int queue_status(void);

#endif /* _QUEUE_H */
