// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration of endpoints.
 *
 * A request is applied in two halves.  The first may fail and is undone then:
 * it checks, makes devices and puts the new endpoints into the tables dark.
 * The second can't fail: it gives them their states, and takes out what they
 * replace.  Traffic never sees a request half applied.
 */

#include <linux/slab.h>
#include <net/netlink.h>

#include "endpoint.h"
#include "hop.h"
#include "netlink.h"
#include "retire.h"

#define VPC_ALL_SLOTS	UINT_MAX

/* An endpoint that is in no table any more, until no reader can see it. */
struct vpc_trash {
	struct rcu_head		rcu;
	struct vpc_endpoint	*ep;
};

static void vpc_trash_free(struct rcu_head *rcu)
{
	struct vpc_trash *trash = container_of(rcu, struct vpc_trash, rcu);

	vpc_endpoint_free(trash->ep);
	kfree(trash);
}

/* Endpoints are too many to hold an rcu_head each. */
static void vpc_endpoint_free_later(struct vpc_endpoint *ep)
{
	struct vpc_trash *trash = kmalloc(sizeof(*trash), GFP_KERNEL);

	if (trash) {
		trash->ep = ep;
		call_rcu(&trash->rcu, vpc_trash_free);
		return;
	}
	synchronize_rcu();
	vpc_endpoint_free(ep);
}

static unsigned int vpc_endpoint_slots(const struct vpc_endpoint *ep)
{
	return ep->n4 + ep->n6;
}

static struct net_device *vpc_endpoint_over(struct vpc_net *vn, void *what,
					    unsigned int slot);

static void vpc_endpoint_retire(struct vpc_net *vn, struct vpc_endpoint *ep,
				unsigned int slot)
{
	struct vpc_retiring r = {
		.head = &ep->retiring,
		.what = ep,
		.slot = slot,
		.device = ep->sid.local && slot == VPC_ALL_SLOTS,
		.over = vpc_endpoint_over,
	};

	vpc_retire_add(vn, &r);
}

static void vpc_endpoint_set_slots(struct vpc_endpoint *ep, u8 state)
{
	unsigned int slot;

	for (slot = 0; slot < vpc_endpoint_slots(ep); slot++)
		vpc_addr_set_state(ep, slot, state);
}

/* Make one address active.  The one it displaces retires after that, so that
 * there is no moment without an active one.
 */
static void vpc_addr_activate(struct vpc_net *vn, struct vpc_endpoint *ep,
			      unsigned int slot)
{
	struct vpc_endpoint *rival;
	unsigned int its_slot = 0;

	rival = vpc_addr_rival(&vn->tables, ep, slot, &its_slot);
	vpc_addr_set_state(ep, slot, VPC_STATE_ACTIVE);
	smp_wmb();	/* vpc_look_again() */
	/* One with the same SID is what this one replaces. */
	if (!rival || ipv6_addr_equal(&rival->sid.addr, &ep->sid.addr))
		return;
	vpc_addr_set_state(rival, its_slot, VPC_STATE_RETIRING);
	vpc_endpoint_retire(vn, rival, its_slot);
	vpc_nl_endpoint_event(vn, rival, VPC_EVENT_CHANGE);
}

/* What it has of its addresses retires: those that it has lost stay lost. */
static void vpc_endpoint_fade(struct vpc_net *vn, struct vpc_endpoint *ep)
{
	unsigned int slot;

	vpc_retire_forget(vn, &ep->retiring);
	for (slot = 0; slot < vpc_endpoint_slots(ep); slot++)
		if (vpc_tag_state(vpc_addr_tag(ep, slot)) != VPC_STATE_DARK)
			vpc_addr_set_state(ep, slot, VPC_STATE_RETIRING);
	vpc_endpoint_retire(vn, ep, VPC_ALL_SLOTS);
}

static void vpc_endpoint_light(struct vpc_net *vn, struct vpc_endpoint *ep,
			       u8 state)
{
	unsigned int slot;

	vpc_retire_forget(vn, &ep->retiring);
	switch (state) {
	case VPC_STATE_ACTIVE:
		for (slot = 0; slot < vpc_endpoint_slots(ep); slot++)
			vpc_addr_activate(vn, ep, slot);
		break;
	case VPC_STATE_RETIRING:
		vpc_endpoint_set_slots(ep, VPC_STATE_RETIRING);
		vpc_endpoint_retire(vn, ep, VPC_ALL_SLOTS);
		break;
	default:
		vpc_endpoint_set_slots(ep, state);
	}
}

/* Take an endpoint out of the tables.
 * Return: its device, which has to go, or NULL.
 */
static struct net_device *vpc_endpoint_remove(struct vpc_net *vn,
					      struct vpc_endpoint *ep)
{
	struct net_device *dev = NULL;

	vpc_nl_endpoint_event(vn, ep, VPC_EVENT_DEL);
	vpc_retire_forget(vn, &ep->retiring);
	if (ep->sid.local) {
		dev = ep->nic->dev;
		RCU_INIT_POINTER(ep->nic->ep, NULL);
		vpc_vpc_find(&vn->tables, ep->sid.vpc)->local--;
	}
	vpc_table_remove(&vn->tables, ep, false);
	vpc_endpoint_free_later(ep);
	return dev;
}

/* The grace of an endpoint, or of one of its addresses, has ended. */
static struct net_device *vpc_endpoint_over(struct vpc_net *vn, void *what,
					    unsigned int slot)
{
	struct vpc_endpoint *ep = what;

	if (slot != VPC_ALL_SLOTS) {
		vpc_addr_set_state(ep, slot, VPC_STATE_DARK);
		vpc_addr_unlink(&vn->tables, ep, slot);
		vn->tables.changes++;
		/* A local one stays until it is deleted: it is someone's NIC. */
		if (ep->sid.local || vpc_endpoint_state(ep) != VPC_STATE_DARK) {
			vpc_nl_endpoint_event(vn, ep, VPC_EVENT_CHANGE);
			return NULL;
		}
	}
	return vpc_endpoint_remove(vn, ep);
}

/* First half. */

static int vpc_item_check_edge(struct vpc_net *vn, struct vpc_endpoint_item *it,
			       struct netlink_ext_ack *extack)
{
	if (!it->edge_name[0])
		return 0;
	it->edge = vpc_edge_find(vn, it->edge_name);
	if (!it->edge) {
		NL_SET_ERR_MSG_ATTR(extack, it->edge_attr, "no edge has this name");
		return -ENODEV;
	}
	if (!vpc_edge_match(it->edge, &it->sid)) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "the SID lies in none of the edge's prefixes");
		return -EADDRNOTAVAIL;
	}
	return 0;
}

static int vpc_item_check_old(struct vpc_net *vn, struct vpc_endpoint_item *it,
			      bool replace, struct netlink_ext_ack *extack)
{
	struct vpc_endpoint *old;
	struct vpc_sid *sid;

	rcu_read_lock();
	sid = vpc_sid_find(&vn->tables, &it->sid);
	rcu_read_unlock();
	if (!sid)
		return 0;
	old = vpc_sid_endpoint(sid);

	if (sid->vpc != it->vpc) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "the SID belongs to an endpoint of another VPC");
		return -EEXIST;
	}
	if (sid->busy) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "the SID occurs twice in one request");
		return -EEXIST;
	}
	/* What was deleted and has its grace left may come back. */
	if (!replace && (sid->local ||
			 vpc_endpoint_state(old) != VPC_STATE_RETIRING)) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr, "the endpoint exists");
		return -EEXIST;
	}
	if (sid->local && it->edge &&
	    (old->nic->edge != it->edge ||
	     (strcmp(old->nic->dev->name, it->dev_name) &&
	      strcmp(old->nic->name, it->dev_name)))) {
		NL_SET_ERR_MSG_ATTR(extack, it->dev_attr,
				    "the endpoint has a device of another name or edge: delete it first");
		return -EBUSY;
	}
	if (sid->local && it->net && !net_eq(it->net, dev_net(old->nic->dev))) {
		NL_SET_ERR_MSG_ATTR(extack, it->net_attr,
				    "the endpoint's device is in another namespace: move it, or delete it first");
		return -EBUSY;
	}
	it->old = old;
	sid->busy = true;
	return 0;
}

static int vpc_item_make_device(struct vpc_net *vn, struct vpc_endpoint_item *it,
				struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	if (!it->edge)
		return 0;
	if (it->old && it->old->sid.local) {
		it->nic = it->old->nic;
		goto out;
	}
	dev = vpc_nic_create(it->edge, it->net ?: vn->net, it->dev_name, it->ep,
			     extack);
	if (IS_ERR(dev)) {
		NL_SET_ERR_MSG_ATTR(extack, it->dev_attr,
				    "can't make the endpoint's device");
		if (PTR_ERR(dev) == -EEXIST)
			NL_SET_ERR_MSG_ATTR(extack, it->dev_attr,
					    "a device of this name exists there");
		return PTR_ERR(dev);
	}
	it->nic = netdev_priv(dev);
	it->made = true;
out:
	it->ep->sid.local = true;
	it->ep->nic = it->nic;
	return 0;
}

/* Some of its addresses may have been in a table. */
static void vpc_item_drop(struct vpc_endpoint_item *it)
{
	vpc_endpoint_free_later(it->ep);
	it->ep = NULL;
	if (it->old)
		it->old->sid.busy = false;
}

/* Why it did not go into the tables. */
static void vpc_endpoint_explain(int err, const struct nlattr *attr,
				 struct netlink_ext_ack *extack)
{
	if (err == -ENOSPC)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "256 endpoints have one of its addresses");
	else
		NL_SET_ERR_MSG_ATTR(extack, attr, "no memory for the endpoint");
}

static int vpc_item_prepare(struct vpc_net *vn, struct vpc_endpoint_item *it,
			    bool replace, struct netlink_ext_ack *extack)
{
	int err;

	err = vpc_item_check_edge(vn, it, extack);
	if (err)
		return err;
	err = vpc_item_check_old(vn, it, replace, extack);
	if (err)
		return err;
	it->ep->sid.busy = true;
	err = vpc_item_make_device(vn, it, extack);
	if (err)
		goto err_device;
	err = vpc_table_insert(&vn->tables, it->ep, it->old);
	if (err) {
		vpc_endpoint_explain(err, it->attr, extack);
		goto err_insert;
	}
	return 0;

err_insert:
	if (it->made)
		it->dead = it->nic->dev;
err_device:
	vpc_item_drop(it);
	return err;
}

static void vpc_item_undo(struct vpc_net *vn, struct vpc_endpoint_item *it)
{
	vpc_table_remove(&vn->tables, it->ep, it->old);
	vpc_item_drop(it);
	if (it->made)
		it->dead = it->nic->dev;
}

/* Second half. */

static void vpc_item_take_device(struct vpc_net *vn, struct vpc_endpoint_item *it)
{
	struct net_device *dev = it->nic->dev;

	if (it->old && ether_addr_equal(dev->dev_addr, it->old->mac) &&
	    !ether_addr_equal(dev->dev_addr, it->ep->mac)) {
		struct sockaddr sa = { .sa_family = dev->type };

		ether_addr_copy(sa.sa_data, it->ep->mac);
		dev_set_mac_address(dev, &sa, NULL);
	}
	if (it->made)
		vpc_vpc_find(&vn->tables, it->vpc)->local++;
}

static void vpc_item_commit(struct vpc_net *vn, struct vpc_endpoint_item *it)
{
	struct vpc_endpoint *old = it->old;

	if (it->nic)
		vpc_item_take_device(vn, it);
	it->ep->sid.busy = false;
	vpc_endpoint_light(vn, it->ep, it->state);
	if (it->nic)
		rcu_assign_pointer(it->nic->ep, it->ep);
	vpc_nl_endpoint_event(vn, it->ep, old ? VPC_EVENT_CHANGE : VPC_EVENT_ADD);
	if (!old)
		return;

	vpc_retire_forget(vn, &old->retiring);
	vpc_table_swap(&vn->tables, it->ep, old);
	if (old->sid.local && !it->nic) {
		it->dead = old->nic->dev;
		RCU_INIT_POINTER(old->nic->ep, NULL);
		vpc_vpc_find(&vn->tables, it->vpc)->local--;
	}
	vpc_endpoint_free_later(old);
}

/* Can a device come or go with a request: @known if with endpoints that exist, too. */
static bool vpc_items_local(struct vpc_net *vn, const struct vpc_endpoint_item *items,
			    unsigned int n, bool known)
{
	const struct vpc_sid *sid;
	bool local = false;
	unsigned int i;

	for (i = 0; i < n && !local; i++) {
		local = items[i].edge_name[0];
		if (local || !known)
			continue;
		rcu_read_lock();
		sid = vpc_sid_find(&vn->tables, &items[i].sid);
		local = sid && sid->local;
		rcu_read_unlock();
		cond_resched();
	}
	return local;
}

/* Devices come and go under rtnl; what is remote does not need it, and can't become
 * local while the lock is held.
 */
static bool vpc_items_lock(struct vpc_net *vn, const struct vpc_endpoint_item *items,
			   unsigned int n, bool known)
{
	bool rtnl;

	mutex_lock(&vn->lock);
	rtnl = vpc_items_local(vn, items, n, known);
	if (rtnl) {
		mutex_unlock(&vn->lock);
		rtnl_lock();
		mutex_lock(&vn->lock);
	}
	return rtnl;
}

static void vpc_items_unlock(struct vpc_net *vn, struct vpc_endpoint_item *items,
			     unsigned int n, bool rtnl)
{
	LIST_HEAD(dead);
	unsigned int i;

	mutex_unlock(&vn->lock);
	if (!rtnl)
		return;
	for (i = 0; i < n; i++)
		if (items[i].dead)
			unregister_netdevice_queue(items[i].dead, &dead);
	unregister_netdevice_many(&dead);
	rtnl_unlock();
}

/**
 * vpc_endpoints_add - add or replace endpoints, all of them or none
 * @vn: the namespace
 * @items: what to add; @ep is consumed
 * @n: how many
 * @replace: those that exist are changed
 * @extack: for messages
 *
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_endpoints_add(struct vpc_net *vn, struct vpc_endpoint_item *items,
		      unsigned int n, bool replace,
		      struct netlink_ext_ack *extack)
{
	unsigned int i;
	bool rtnl;
	int err = 0;

	/* Without @replace a local one is refused, and stays as it is. */
	rtnl = vpc_items_lock(vn, items, n, replace);
	for (i = 0; i < n; i++) {
		err = vpc_item_prepare(vn, &items[i], replace, extack);
		if (err)
			goto err_undo;
		cond_resched();
	}
	for (i = 0; i < n; i++) {
		vpc_item_commit(vn, &items[i]);
		cond_resched();
	}
	vpc_items_unlock(vn, items, n, rtnl);
	return 0;

err_undo:
	while (i--)
		vpc_item_undo(vn, &items[i]);
	vpc_items_unlock(vn, items, n, rtnl);
	return err;
}

static int vpc_item_find(struct vpc_net *vn, struct vpc_endpoint_item *it,
			 struct netlink_ext_ack *extack)
{
	struct vpc_sid *sid;

	rcu_read_lock();
	sid = vpc_sid_find(&vn->tables, &it->sid);
	rcu_read_unlock();
	if (!sid || sid->vpc != it->vpc) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "no endpoint has this VPC and SID");
		return -ENOENT;
	}
	if (sid->busy) {
		NL_SET_ERR_MSG_ATTR(extack, it->attr,
				    "the SID occurs twice in one request");
		return -EEXIST;
	}
	it->old = vpc_sid_endpoint(sid);
	sid->busy = true;
	return 0;
}

static int vpc_items_find(struct vpc_net *vn, struct vpc_endpoint_item *items,
			  unsigned int n, struct netlink_ext_ack *extack)
{
	unsigned int i, found;
	int err = 0;

	for (found = 0; found < n && !err; found++) {
		err = vpc_item_find(vn, &items[found], extack);
		cond_resched();
	}
	for (i = 0; i < found; i++)
		if (items[i].old)
			items[i].old->sid.busy = false;
	return err;
}

/**
 * vpc_endpoints_set - change the states of endpoints, of all or of none
 * @vn: the namespace
 * @items: @vpc, @sid and @state are used
 * @n: how many
 * @extack: for messages
 */
int vpc_endpoints_set(struct vpc_net *vn, struct vpc_endpoint_item *items,
		      unsigned int n, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	mutex_lock(&vn->lock);
	err = vpc_items_find(vn, items, n, extack);
	for (i = 0; i < n && !err; i++) {
		err = vpc_table_relink(&vn->tables, items[i].old);
		if (err)
			vpc_endpoint_explain(err, items[i].attr, extack);
		cond_resched();
	}
	for (i = 0; i < n && !err; i++) {
		vpc_endpoint_light(vn, items[i].old, items[i].state);
		vpc_nl_endpoint_event(vn, items[i].old, VPC_EVENT_CHANGE);
		cond_resched();
	}
	vn->tables.changes++;
	mutex_unlock(&vn->lock);
	return err;
}

/**
 * vpc_endpoints_del - delete endpoints, all of them or none
 * @vn: the namespace
 * @items: @vpc, @sid and @now are used
 * @n: how many
 * @extack: for messages
 *
 * A remote one retires, so that what it has sent is still accepted.  A local
 * one goes at once with its device: nothing that it sent can still arrive here.
 */
int vpc_endpoints_del(struct vpc_net *vn, struct vpc_endpoint_item *items,
		      unsigned int n, struct netlink_ext_ack *extack)
{
	unsigned int i;
	bool rtnl;
	int err;

	rtnl = vpc_items_lock(vn, items, n, true);
	err = vpc_items_find(vn, items, n, extack);
	for (i = 0; i < n && !err; i++) {
		struct vpc_endpoint *ep = items[i].old;

		if (ep->sid.local || items[i].now || !vpc_net_grace(vn)) {
			items[i].dead = vpc_endpoint_remove(vn, ep);
		} else {
			vpc_endpoint_fade(vn, ep);
			vpc_nl_endpoint_event(vn, ep, VPC_EVENT_CHANGE);
			vn->tables.changes++;
		}
		cond_resched();
	}
	vpc_items_unlock(vn, items, n, rtnl);
	return err;
}

/**
 * vpc_endpoint_nic_gone - an endpoint's device is being unregistered
 * @nic: the device
 *
 * By "ip link del", with its namespace, or with its edge: the endpoint goes
 * with it.
 *
 * Context: rtnl; packets have ended.
 */
void vpc_endpoint_nic_gone(struct vpc_nic *nic)
{
	struct vpc_net *vn = nic->edge->vn;

	/* Taken out of the tables before, or never put in. */
	if (!rcu_access_pointer(nic->ep))
		return;
	mutex_lock(&vn->lock);
	vpc_endpoint_remove(vn, rcu_dereference_protected(nic->ep,
							  lockdep_is_held(&vn->lock)));
	mutex_unlock(&vn->lock);
}
