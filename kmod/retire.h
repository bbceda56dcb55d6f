/* SPDX-License-Identifier: GPL-2.0 */
/* Grace: what has been displaced or deleted is accepted for a while. */
#ifndef _VPC_RETIRE_H
#define _VPC_RETIRE_H

#include "vpc.h"

/**
 * struct vpc_retiring - an entry, or a part of one, whose grace has not ended
 * @node: in vpc_net.retiring
 * @next: another one of the same entry, or NULL
 * @head: where the entry has the first of its own
 * @what: the entry
 * @slot: which part of it
 * @device: a device may go with it
 * @over: ends it; returns the device that has to go, or NULL
 * @end: jiffies
 */
struct vpc_retiring {
	struct rb_node		node;
	struct vpc_retiring	*next;
	struct vpc_retiring	**head;
	void			*what;
	unsigned int		slot;
	bool			device;
	struct net_device	*(*over)(struct vpc_net *vn, void *what,
					 unsigned int slot);
	unsigned long		end;
};

void vpc_retire_add(struct vpc_net *vn, const struct vpc_retiring *what);
void vpc_retire_forget(struct vpc_net *vn, struct vpc_retiring **head);
void vpc_retire_work(struct work_struct *work);
void vpc_retire_free(struct vpc_net *vn);

#endif /* _VPC_RETIRE_H */
