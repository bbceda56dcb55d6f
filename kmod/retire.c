// SPDX-License-Identifier: GPL-2.0
/* Grace: what has been displaced or deleted is accepted for a while. */

#include <linux/slab.h>

#include "edge.h"
#include "retire.h"

/* As many graces end in one go before others have their turn. */
#define VPC_RETIRE_BATCH	256

static struct vpc_retiring *vpc_retire_first(struct vpc_net *vn)
{
	return rb_entry_safe(rb_first_cached(&vn->retiring), struct vpc_retiring, node);
}

static bool vpc_retire_before(struct rb_node *a, const struct rb_node *b)
{
	return time_before(rb_entry(a, struct vpc_retiring, node)->end,
			   rb_entry(b, struct vpc_retiring, node)->end);
}

/**
 * vpc_retire_add - let the grace of an entry begin
 * @vn: the namespace; its lock is held
 * @what: what retires; @head, @what, @slot, @device and @over are set
 */
void vpc_retire_add(struct vpc_net *vn, const struct vpc_retiring *what)
{
	struct vpc_retiring *r;

	/* There is no way back here, and it is a few bytes. */
	r = kmemdup(what, sizeof(*r), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	r->end = jiffies + vpc_net_grace(vn) * HZ;
	r->next = *r->head;
	*r->head = r;

	rb_add_cached(&r->node, &vn->retiring, vpc_retire_before);
	mod_delayed_work(vpc_wq, &vn->retire_work,
			 max_t(long, vpc_retire_first(vn)->end - jiffies, 0));
}

/**
 * vpc_retire_forget - nothing of an entry ends by itself any more
 * @vn: the namespace; its lock is held
 * @head: where it has the first of its own
 */
void vpc_retire_forget(struct vpc_net *vn, struct vpc_retiring **head)
{
	struct vpc_retiring *r;

	while ((r = *head)) {
		*head = r->next;
		rb_erase_cached(&r->node, &vn->retiring);
		kfree(r);
	}
}

/* Take it out of tree and list.  It is nearly always the only one of its entry. */
static void vpc_retire_unlink(struct vpc_net *vn, struct vpc_retiring *r)
{
	struct vpc_retiring **pos = r->head;

	while (*pos != r)
		pos = &(*pos)->next;
	*pos = r->next;
	rb_erase_cached(&r->node, &vn->retiring);
}

/* Return: whether there is more to do now; @device is set if it takes rtnl. */
static bool vpc_retire_some(struct vpc_net *vn, bool rtnl, bool *device,
			    struct list_head *dead)
{
	struct net_device *dev;
	struct vpc_retiring *r;
	int i;

	for (i = 0; i < VPC_RETIRE_BATCH; i++) {
		r = vpc_retire_first(vn);
		if (!r)
			return false;
		if (time_after(r->end, jiffies)) {
			mod_delayed_work(vpc_wq, &vn->retire_work,
					 r->end - jiffies);
			return false;
		}
		*device = r->device;
		if (*device && !rtnl)
			return true;
		vpc_retire_unlink(vn, r);
		dev = r->over(vn, r->what, r->slot);
		if (dev)
			unregister_netdevice_queue(dev, dead);
		kfree(r);
	}
	return true;
}

/* End the grace of what has had it. */
void vpc_retire_work(struct work_struct *work)
{
	struct vpc_net *vn = container_of(to_delayed_work(work), struct vpc_net,
					  retire_work);
	bool more, device = false;

	do {
		bool rtnl = device;
		LIST_HEAD(dead);

		device = false;
		if (rtnl)
			rtnl_lock();
		mutex_lock(&vn->lock);
		more = vpc_retire_some(vn, rtnl, &device, &dead);
		mutex_unlock(&vn->lock);
		if (rtnl) {
			unregister_netdevice_many(&dead);
			rtnl_unlock();
		}
		cond_resched();
	} while (more);
}

/* Free them all, when the namespace goes. */
void vpc_retire_free(struct vpc_net *vn)
{
	struct vpc_retiring *r, *next;

	cancel_delayed_work_sync(&vn->retire_work);
	rbtree_postorder_for_each_entry_safe(r, next, &vn->retiring.rb_root, node) {
		kfree(r);
		cond_resched();
	}
}
