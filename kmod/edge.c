// SPDX-License-Identifier: GPL-2.0
/*
 * The edge, a netdevice of kind "vpcedge": its settings, its fabric devices.
 *
 * The device carries routes: those for its prefixes are what a routing daemon
 * announces.  Packets of the fabric don't pass through it, they are taken by a
 * hook before routing; what the host itself routes into it ends in rx.c.
 */

#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/rtnetlink.h>

#include "edge.h"
#include "neigh.h"
#include "netlink.h"
#include "nic.h"
#include "remote.h"
#include "rx.h"

/* RFC 4861 has 600 s as the default of MaxRtrAdvInterval; a third of it, so
 * that a VM that lost one still has a router.
 */
#define VPC_ADVERT_INTERVAL	(200 * HZ)

/* What an endpoint device asks senders to leave in front, beside the link
 * header of the fabric: what the largest common form is longer than what it
 * replaces.  To ask for more would have every forwarded packet reallocated.
 */
#define VPC_HEADROOM		(sizeof(struct ipv6hdr) + VPC_TLV_FULL_LEN - \
				 ETH_HLEN - sizeof(struct iphdr))

const u8 vpc_edge_mac[ETH_ALEN] = VPC_EDGE_MAC;

/* struct vpc_nic.follow: those that are to get their edge's new MTU; rtnl. */
static LIST_HEAD(vpc_edge_followers);

/* Remembered routes carry the generation that they were looked up in. */
static void vpc_net_reroute(struct vpc_net *vn)
{
	WRITE_ONCE(vn->route_gen, vn->route_gen + 1);
}

/**
 * vpc_edge_l3mdev - the VRF that the underlay lives in: the first device's
 * @edge: the edge
 *
 * Return: its ifindex, or 0.
 */
int vpc_edge_l3mdev(const struct vpc_edge *edge)
{
	int i, ifindex;

	for (i = 0; i < VPC_MAX_FABRIC; i++) {
		ifindex = READ_ONCE(edge->fabric[i]);
		if (ifindex != VPC_FABRIC_HOLE)
			return ifindex ? l3mdev_master_ifindex_by_index(edge->vn->net,
									ifindex) : 0;
	}
	return 0;
}

/**
 * vpc_edge_takes_from - may a packet for a SID of the edge come by this device
 * @edge: the edge
 * @dev: the device; a port of a VRF is as good as the VRF
 *
 * Context: rcu_read_lock().
 */
bool vpc_edge_takes_from(const struct vpc_edge *edge, const struct net_device *dev)
{
	int master;

	if (READ_ONCE(edge->fabric_any) || vpc_edge_is_fabric(edge, dev->ifindex))
		return true;
	master = l3mdev_master_ifindex_rcu(dev);
	return master && vpc_edge_is_fabric(edge, master);
}

static int vpc_prefixes_match(const struct vpc_prefixes *prefixes,
			      const struct in6_addr *sid)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < prefixes->n; i++)
		if (prefixes->p[i].len > len &&
		    ipv6_prefix_equal(&prefixes->p[i].addr, sid, prefixes->p[i].len))
			len = prefixes->p[i].len;
	return len;
}

/**
 * vpc_edge_match - how a SID lies in the edge's prefixes
 * @edge: the edge
 * @sid: the SID
 *
 * Return: length of the longest prefix that it lies in, or 0.
 */
int vpc_edge_match(const struct vpc_edge *edge, const struct in6_addr *sid)
{
	int len;

	rcu_read_lock();
	len = vpc_prefixes_match(rcu_dereference(edge->prefixes), sid);
	rcu_read_unlock();
	return len;
}

/* Context: vpc_net.lock or rtnl. */
struct vpc_edge *vpc_edge_find(struct vpc_net *vn, const char *name)
{
	struct vpc_edge *edge;

	list_for_each_entry(edge, &vn->edges, list)
		if (!strcmp(edge->dev->name, name))
			return edge;
	return NULL;
}

/**
 * vpc_net_grace - how long a retired entry is still accepted
 * @vn: the namespace; an entry belongs to all of its edges
 *
 * Return: the longest grace of its edges, in seconds.
 */
u32 vpc_net_grace(const struct vpc_net *vn)
{
	const struct vpc_edge *edge;
	u32 grace = 0;

	if (list_empty(&vn->edges))
		return VPC_DEFAULT_GRACE;
	list_for_each_entry(edge, &vn->edges, list)
		grace = max(grace, edge->grace);
	return grace;
}

/* Settings. */

struct vpc_fabric_limits {
	u32	mtu;
	u16	headroom;
};

static void vpc_fabric_limit(struct net_device *dev,
			     struct vpc_fabric_limits *limits)
{
	struct list_head *iter;
	struct net_device *port;

	/* A VRF carries what its ports carry. */
	if (netif_is_l3_master(dev)) {
		netdev_for_each_lower_dev(dev, port, iter)
			vpc_fabric_limit(port, limits);
		return;
	}
	limits->mtu = min_not_zero(limits->mtu, READ_ONCE(dev->mtu));
	limits->headroom = max_t(u32, limits->headroom, LL_RESERVED_SPACE(dev));
}

static void vpc_fabric_limits(struct net *net, const int *fabric,
			      struct vpc_fabric_limits *limits)
{
	struct net_device *dev;
	int i;

	limits->mtu = 0;
	limits->headroom = HH_DATA_MOD;
	for (i = 0; i < VPC_MAX_FABRIC && fabric[i]; i++) {
		dev = __dev_get_by_index(net, fabric[i]);
		if (dev)
			vpc_fabric_limit(dev, limits);
	}
	/* With "fabric any" alone there is no telling. */
	if (!limits->mtu)
		limits->mtu = ETH_DATA_LEN;
}

/* What every feature together may add to a tenant's packet. */
static u32 vpc_worst_overhead(u8 max_segments)
{
	return VPC_WHOLE_OVERHEAD + VPC_ESP_OVERHEAD +
	       vpc_srh_overhead(max_segments);
}

static int vpc_edge_check_mtu(struct net *net, const int *fabric, u32 mtu,
			      u8 max_segments, struct netlink_ext_ack *extack)
{
	struct vpc_fabric_limits limits;

	vpc_fabric_limits(net, fabric, &limits);
	if (!mtu && limits.mtu < IPV6_MIN_MTU + vpc_worst_overhead(max_segments)) {
		NL_SET_ERR_MSG(extack, "VMs are left less than 1280: raise the fabric's MTU, or lower max-segments");
		return -ERANGE;
	}
	if (mtu && mtu + VPC_WHOLE_OVERHEAD > limits.mtu) {
		NL_SET_ERR_MSG(extack, "the MTU and 48 bytes of overhead exceed the MTU of a fabric device");
		return -ERANGE;
	}
	return 0;
}

/* Endpoint devices that still have the old default follow it: those that
 * vpc_edge_follow() finds listed then.
 */
static void vpc_edge_update_limits(struct vpc_edge *edge)
{
	struct vpc_fabric_limits limits;
	u32 old = edge->default_mtu, mtu;
	struct vpc_nic *nic;

	vpc_fabric_limits(edge->vn->net, edge->fabric, &limits);
	mtu = edge->mtu_set;
	if (!mtu)
		mtu = max_t(int, limits.mtu - vpc_worst_overhead(edge->max_segments),
			    IPV6_MIN_MTU);
	mtu = min_t(u32, mtu, ETH_MAX_MTU);
	edge->default_mtu = mtu;
	edge->headroom = limits.headroom + VPC_HEADROOM;
	WRITE_ONCE(edge->dev->mtu, max_t(u32, limits.mtu, IPV6_MIN_MTU));

	list_for_each_entry(nic, &edge->nics, list) {
		if (nic->dev->reg_state != NETREG_REGISTERED)
			continue;
		nic->dev->needed_headroom = edge->headroom;
		if (old != mtu && nic->dev->mtu == old && list_empty(&nic->follow))
			list_add_tail(&nic->follow, &vpc_edge_followers);
	}
}

/**
 * vpc_edge_follow - give endpoint devices their edge's new MTU
 *
 * After a change of an edge's limits.  What is stacked on such a device follows in
 * turn, and may be another edge's fabric device: then more are listed meanwhile, and
 * whoever is at it goes on with them, so that fabrics in fabrics need no more stack.
 *
 * Context: rtnl, without vpc_net.lock.
 */
void vpc_edge_follow(void)
{
	static bool following;
	struct vpc_nic *nic;

	if (following)
		return;
	following = true;
	while ((nic = list_first_entry_or_null(&vpc_edge_followers, struct vpc_nic,
					       follow))) {
		list_del_init(&nic->follow);
		dev_set_mtu(nic->dev, nic->edge->default_mtu);
	}
	following = false;
}

static int *vpc_fabric_find(int *fabric, int ifindex)
{
	int i;

	for (i = 0; i < VPC_MAX_FABRIC; i++)
		if (fabric[i] == ifindex)
			return &fabric[i];
	return NULL;
}

static bool vpc_fabric_empty(const int *fabric)
{
	int i;

	for (i = 0; i < VPC_MAX_FABRIC; i++)
		if (fabric[i] > 0)
			return false;
	return true;
}

/* The list with additions and removals; what stays keeps its place. */
static int vpc_edge_new_fabric(struct net *net, const int *old,
			       const struct vpc_edge_config *cfg, int *fabric,
			       struct netlink_ext_ack *extack)
{
	unsigned int i;
	int *place;

	memcpy(fabric, old, VPC_MAX_FABRIC * sizeof(*fabric));
	for (i = 0; i < cfg->n_fabric_del; i++) {
		place = vpc_fabric_find(fabric, cfg->fabric_del[i]);
		if (!place || cfg->fabric_del[i] <= 0) {
			NL_SET_ERR_MSG_ATTR(extack, cfg->fabric_del_attr[i],
					    "the edge does not have this fabric device");
			return -ENOENT;
		}
		*place = VPC_FABRIC_HOLE;
	}
	for (i = 0; i < cfg->n_fabric; i++) {
		struct net_device *dev = __dev_get_by_index(net, cfg->fabric[i]);

		if (!dev) {
			NL_SET_ERR_MSG_ATTR(extack, cfg->fabric_attr[i],
					    "a fabric device does not exist");
			return -ENODEV;
		}
		if (vpc_is_nic(dev) || vpc_is_edge(dev)) {
			NL_SET_ERR_MSG_ATTR(extack, cfg->fabric_attr[i],
					    "edges and endpoint devices are no fabric devices");
			return -EINVAL;
		}
		if (vpc_fabric_find(fabric, cfg->fabric[i]))
			continue;
		place = vpc_fabric_find(fabric, VPC_FABRIC_HOLE) ?:
			vpc_fabric_find(fabric, 0);
		if (!place) {
			NL_SET_ERR_MSG_ATTR(extack, cfg->fabric_attr[i],
					    "an edge has at most 16 fabric devices");
			return -ENOSPC;
		}
		*place = cfg->fabric[i];
	}
	return 0;
}

static int vpc_edge_check_prefixes(struct vpc_net *vn, struct vpc_edge *self,
				   struct vpc_edge_config *cfg,
				   struct netlink_ext_ack *extack)
{
	const struct vpc_prefixes *prefixes = cfg->prefixes, *others;
	unsigned int i, sum = prefixes->n;
	struct vpc_edge *edge;

	list_for_each_entry(edge, &vn->edges, list) {
		if (edge == self)
			continue;
		others = rcu_dereference_protected(edge->prefixes,
						   lockdep_is_held(&vn->lock));
		sum += others->n;
		for (i = 0; i < prefixes->n; i++) {
			if (!vpc_prefixes_have(others, &prefixes->p[i]))
				continue;
			NL_SET_ERR_MSG(extack, "another edge has this prefix");
			cfg->bad_prefix = prefixes->p[i];
			return -EEXIST;
		}
		cond_resched();
	}
	if (sum > VPC_MAX_NET_PREFIXES) {
		NL_SET_ERR_MSG(extack, "the edges have at most 16384 prefixes together");
		cfg->bad_prefix = prefixes->p[prefixes->n - 1];
		return -ENOSPC;
	}
	return 0;
}

static int vpc_edge_check_sids(struct vpc_edge *edge,
			       const struct vpc_prefixes *prefixes,
			       struct netlink_ext_ack *extack)
{
	const struct vpc_endpoint *ep;
	struct vpc_nic *nic;

	list_for_each_entry(nic, &edge->nics, list) {
		ep = rcu_dereference_protected(nic->ep,
					       lockdep_is_held(&edge->vn->lock));
		if (ep && !vpc_prefixes_match(prefixes, &ep->sid.addr)) {
			NL_SET_ERR_MSG(extack, "the SID of a local endpoint needs the prefix");
			return -EBUSY;
		}
	}
	return 0;
}

/* Second half of a change: nothing in it can fail. */
static void vpc_edge_apply(struct vpc_edge *edge, const struct vpc_edge_config *cfg,
			   const int *fabric)
{
	struct vpc_prefixes *old;
	int i;

	if (cfg->prefixes) {
		old = rcu_replace_pointer(edge->prefixes, cfg->prefixes,
					  lockdep_is_held(&edge->vn->lock));
		if (old)
			kfree_rcu(old, rcu);
	}
	for (i = 0; i < VPC_MAX_FABRIC; i++)
		WRITE_ONCE(edge->fabric[i], fabric[i]);
	if (cfg->has & BIT_ULL(VPC_EDGE_A_FABRIC_ANY))
		WRITE_ONCE(edge->fabric_any, cfg->fabric_any);
	if (cfg->has & BIT_ULL(VPC_EDGE_A_MTU))
		edge->mtu_set = cfg->mtu;
	if (cfg->has & BIT_ULL(VPC_EDGE_A_ENCRYPT))
		WRITE_ONCE(edge->encrypt, cfg->encrypt);
	if (cfg->has & BIT_ULL(VPC_EDGE_A_CIPHER))
		WRITE_ONCE(edge->cipher, cfg->cipher);
	if (cfg->has & BIT_ULL(VPC_EDGE_A_KEY_GRACE))
		WRITE_ONCE(edge->key_grace, cfg->key_grace);
	if (cfg->has & BIT_ULL(VPC_EDGE_A_MAX_SEGMENTS))
		edge->max_segments = cfg->max_segments;
	if (cfg->has & BIT_ULL(VPC_EDGE_A_SHORT))
		WRITE_ONCE(edge->short_form, cfg->short_form);
	if (cfg->has & BIT_ULL(VPC_EDGE_A_GRACE))
		edge->grace = cfg->grace;
	if (cfg->has & BIT_ULL(VPC_EDGE_A_OPTION_TYPE))
		WRITE_ONCE(edge->option_type, cfg->option_type);
	vpc_edge_update_limits(edge);
	vpc_net_reroute(edge->vn);
}

/* What makes an edge's fabric, and what VMs are left by it. */
#define VPC_EDGE_ROOM	(BIT_ULL(VPC_EDGE_A_FABRIC) | BIT_ULL(VPC_EDGE_A_FABRIC_DEL) | \
			 BIT_ULL(VPC_EDGE_A_FABRIC_ANY) | BIT_ULL(VPC_EDGE_A_MTU) | \
			 BIT_ULL(VPC_EDGE_A_MAX_SEGMENTS))

/* A fabric device may have gone, or become smaller, since the edge was given its
 * settings: that is no reason to refuse another one.
 */
static int vpc_edge_check_room(const struct vpc_edge *edge, const struct vpc_edge_config *cfg,
			       const int *fabric, struct netlink_ext_ack *extack)
{
	bool any = cfg->has & BIT_ULL(VPC_EDGE_A_FABRIC_ANY) ? cfg->fabric_any :
							       edge->fabric_any;
	u32 mtu = cfg->has & BIT_ULL(VPC_EDGE_A_MTU) ? cfg->mtu : edge->mtu_set;
	u8 segments = cfg->has & BIT_ULL(VPC_EDGE_A_MAX_SEGMENTS) ?
		      cfg->max_segments : edge->max_segments;

	if (!(cfg->has & VPC_EDGE_ROOM))
		return 0;
	if (vpc_fabric_empty(fabric) && !any) {
		NL_SET_ERR_MSG(extack, "an edge needs a fabric device, or \"fabric any\"");
		return -EINVAL;
	}
	return vpc_edge_check_mtu(edge->vn->net, fabric, mtu, segments, extack);
}

/**
 * vpc_edge_change - change the settings that are given
 * @edge: the edge
 * @cfg: the settings; @prefixes is consumed on success
 * @extack: for messages
 *
 * Context: rtnl, vpc_net.lock.
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_edge_change(struct vpc_edge *edge, struct vpc_edge_config *cfg,
		    struct netlink_ext_ack *extack)
{
	int fabric[VPC_MAX_FABRIC] = {};
	int err;

	err = vpc_edge_new_fabric(edge->vn->net, edge->fabric, cfg, fabric, extack);
	if (err)
		return err;
	err = vpc_edge_check_room(edge, cfg, fabric, extack);
	if (err)
		return err;
	if (cfg->prefixes) {
		err = vpc_edge_check_prefixes(edge->vn, edge, cfg, extack);
		if (err)
			return err;
		err = vpc_edge_check_sids(edge, cfg->prefixes, extack);
		if (err)
			return err;
	}
	vpc_edge_apply(edge, cfg, fabric);
	vpc_nl_edge_event(edge, VPC_EVENT_CHANGE);
	return 0;
}

/* The netdevice. */

static netdev_tx_t vpc_edge_xmit(struct sk_buff *skb, struct net_device *dev)
{
	vpc_rx_host(netdev_priv(dev), skb);
	return NETDEV_TX_OK;
}

static int vpc_edge_open(struct net_device *dev)
{
	struct inet6_dev *idev = __in6_dev_get(dev);

	/* It has no neighbours to be reached at a link-local address. */
	if (idev)
		idev->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	return 0;
}

/* An edge's statistics are the sums of its endpoints', those that are deleted included:
 * packets and bytes of the same packets, which never become less.
 */
static void vpc_edge_get_stats64(struct net_device *dev,
				 struct rtnl_link_stats64 *stats)
{
	struct vpc_edge *edge = netdev_priv(dev);
	struct vpc_counters sum = { };
	struct vpc_nic *nic;

	vpc_counters_add(&sum, edge->counters);
	spin_lock_bh(&edge->nics_lock);
	vpc_counters_add_sum(&sum, &edge->gone);
	list_for_each_entry(nic, &edge->nics, list)
		vpc_counters_add(&sum, nic->counters);
	spin_unlock_bh(&edge->nics_lock);
	vpc_counters_stats64(&sum, stats);
	stats->rx_dropped += vpc_counters_dropped(&sum, VPC_DROPPED_BACKLOG);
}

static void vpc_edge_uninit(struct net_device *dev)
{
	struct vpc_edge *edge = netdev_priv(dev);
	struct vpc_net *vn = edge->vn;

	/* Not yet listed: registration has failed. */
	if (!edge->list.next)
		return;
	vpc_nl_edge_event(edge, VPC_EVENT_DEL);
	cancel_delayed_work_sync(&edge->advert);
	mutex_lock(&vn->lock);
	list_del_rcu(&edge->list);
	vpc_net_reroute(vn);
	mutex_unlock(&vn->lock);
	if (list_empty(&vn->edges))
		vpc_rx_unhook(vn);
}

static void vpc_edge_free(struct net_device *dev)
{
	struct vpc_edge *edge = netdev_priv(dev);

	mutex_lock(&edge->vn->lock);
	vpc_counters_add(&edge->vn->gone, edge->counters);
	vpc_counters_add_sum(&edge->vn->gone, &edge->gone);
	list_del(&edge->counting);
	mutex_unlock(&edge->vn->lock);
	vpc_keyring_detach(edge->vn, edge);
	gro_cells_destroy(&edge->opened);
	free_percpu(edge->counters);
	kfree(rcu_dereference_protected(edge->prefixes, 1));
}

const struct net_device_ops vpc_edge_netdev_ops = {
	.ndo_open		= vpc_edge_open,
	.ndo_uninit		= vpc_edge_uninit,
	.ndo_start_xmit		= vpc_edge_xmit,
	.ndo_get_stats64	= vpc_edge_get_stats64,
};

static void vpc_edge_get_drvinfo(struct net_device *dev,
				 struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "vpc", sizeof(info->driver));
	strscpy(info->version, VPC_VERSION, sizeof(info->version));
}

static const struct ethtool_ops vpc_edge_ethtool_ops = {
	.get_drvinfo	= vpc_edge_get_drvinfo,
	.get_link	= ethtool_op_get_link,
};

static const struct device_type vpc_edge_type = { .name = "vpcedge" };

static void vpc_edge_setup(struct net_device *dev)
{
	dev->netdev_ops = &vpc_edge_netdev_ops;
	dev->ethtool_ops = &vpc_edge_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->min_mtu = IPV6_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->mtu = ETH_DATA_LEN;
	dev->features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM |
			NETIF_F_GSO_SOFTWARE;
	vpc_compat_lltx(dev);
	vpc_compat_netns_immutable(dev);
	SET_NETDEV_DEVTYPE(dev, &vpc_edge_type);
}

static int vpc_edge_newlink(struct net *net, struct net_device *dev,
			    struct nlattr *tb[], struct nlattr *data[],
			    struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "edges are made with \"vpc edge add\"");
	return -EOPNOTSUPP;
}

/**
 * vpc_edge_delete - delete an edge and the devices of its endpoints
 * @dev: the edge's device
 * @head: unregistered with the others in this list
 *
 * Context: rtnl.
 */
void vpc_edge_delete(struct net_device *dev, struct list_head *head)
{
	struct vpc_edge *edge = netdev_priv(dev);
	struct vpc_nic *nic;

	/* One that has been unregistered stays listed until its last reference
	 * is gone.
	 */
	mutex_lock(&edge->vn->lock);
	list_for_each_entry(nic, &edge->nics, list)
		if (nic->dev->reg_state == NETREG_REGISTERED)
			unregister_netdevice_queue(nic->dev, head);
	mutex_unlock(&edge->vn->lock);
	unregister_netdevice_queue(dev, head);
}

static struct rtnl_link_ops vpc_edge_link_ops __read_mostly = {
	.kind		= VPC_EDGE_KIND,
	.priv_size	= sizeof(struct vpc_edge),
	.setup		= vpc_edge_setup,
	.newlink	= vpc_edge_newlink,
	.dellink	= vpc_edge_delete,
};

/* Linux stops to solicit routers after the first answer: remind VMs. */
static void vpc_edge_advert(struct work_struct *work)
{
	struct vpc_edge *edge = container_of(to_delayed_work(work),
					     struct vpc_edge, advert);
	struct vpc_nic *nic;

	mutex_lock(&edge->vn->lock);
	list_for_each_entry(nic, &edge->nics, list) {
		local_bh_disable();
		rcu_read_lock();
		if (nic->dev->flags & IFF_UP)
			vpc_neigh_advertise(nic, NULL);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
	mutex_unlock(&edge->vn->lock);
	queue_delayed_work(vpc_wq, &edge->advert, VPC_ADVERT_INTERVAL);
}

/**
 * vpc_edge_create - make an edge
 * @vn: its namespace
 * @cfg: its settings; @prefixes and @ring are consumed on success
 * @extack: for messages
 *
 * Context: rtnl, vpc_net.lock.
 * Return: 0, or a negative error with nothing changed.
 */
int vpc_edge_create(struct vpc_net *vn, struct vpc_edge_config *cfg,
		    struct netlink_ext_ack *extack)
{
	static const int none[VPC_MAX_FABRIC];
	int fabric[VPC_MAX_FABRIC] = {};
	struct net_device *dev;
	struct vpc_edge *edge;
	int err;

	err = vpc_edge_new_fabric(vn->net, none, cfg, fabric, extack);
	if (err)
		return err;
	err = vpc_edge_check_mtu(vn->net, fabric, cfg->mtu, cfg->max_segments,
				 extack);
	if (err)
		return err;
	err = vpc_edge_check_prefixes(vn, NULL, cfg, extack);
	if (err)
		return err;

	dev = alloc_netdev(sizeof(*edge), cfg->name, NET_NAME_USER, vpc_edge_setup);
	if (!dev) {
		NL_SET_ERR_MSG(extack, "no memory for the edge");
		return -ENOMEM;
	}
	dev_net_set(dev, vn->net);
	dev->rtnl_link_ops = &vpc_edge_link_ops;
	edge = netdev_priv(dev);
	edge->dev = dev;
	edge->vn = vn;
	INIT_LIST_HEAD(&edge->nics);
	spin_lock_init(&edge->nics_lock);
	INIT_DELAYED_WORK(&edge->advert, vpc_edge_advert);
	edge->counters = alloc_percpu_gfp(struct vpc_counters, GFP_KERNEL_ACCOUNT);
	if (!edge->counters) {
		NL_SET_ERR_MSG(extack, "no memory for the edge");
		err = -ENOMEM;
		goto err_free;
	}
	err = gro_cells_init(&edge->opened, dev);
	if (err) {
		NL_SET_ERR_MSG(extack, "no memory for the edge");
		goto err_counters;
	}

	if (list_empty(&vn->edges)) {
		err = vpc_rx_hook(vn);
		if (err) {
			NL_SET_ERR_MSG(extack, "can't take packets of the fabric");
			goto err_cells;
		}
	}
	/* Nobody else can have it yet: a bridge comes too late. */
	err = netdev_rx_handler_register(dev, vpc_rx_opened, NULL);
	if (!err)
		err = register_netdevice(dev);
	if (err) {
		NL_SET_ERR_MSG(extack, "can't make the edge's device");
		if (err == -EEXIST)
			NL_SET_ERR_MSG(extack, "a device of this name exists");
		goto err_hook;
	}
	dev->priv_destructor = vpc_edge_free;
	edge->ring = cfg->ring;
	edge->ring->edge = edge;
	vpc_edge_apply(edge, cfg, fabric);
	list_add_tail_rcu(&edge->list, &vn->edges);
	list_add_tail(&edge->counting, &vn->counting);
	netif_carrier_on(dev);
	queue_delayed_work(vpc_wq, &edge->advert, VPC_ADVERT_INTERVAL);
	vpc_nl_edge_event(edge, VPC_EVENT_ADD);
	return 0;

err_hook:
	if (list_empty(&vn->edges))
		vpc_rx_unhook(vn);
err_cells:
	gro_cells_destroy(&edge->opened);
err_counters:
	free_percpu(edge->counters);
err_free:
	free_netdev(dev);
	return err;
}

/* Changes of fabric devices. */

static void vpc_edge_forget_fabric(struct vpc_edge *edge, int ifindex)
{
	int *place = vpc_fabric_find(edge->fabric, ifindex);

	if (place)
		WRITE_ONCE(*place, VPC_FABRIC_HOLE);
}

/* Does a change of the device, or of its place in another one, concern the
 * edge: as a fabric device, or as a port of one that is a VRF?
 */
static bool vpc_edge_concerns(const struct vpc_edge *edge,
			      struct net_device *dev, unsigned long event,
			      void *ptr)
{
	struct netdev_notifier_changeupper_info *info = ptr;
	int master = 0;

	if (event == NETDEV_CHANGEUPPER)
		master = info->upper_dev->ifindex;
	else
		master = l3mdev_master_ifindex(dev);
	return vpc_edge_is_fabric(edge, dev->ifindex) ||
	       (master && vpc_edge_is_fabric(edge, master));
}

static int vpc_edge_netdev_event(struct notifier_block *nb, unsigned long event,
				 void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct vpc_net *vn = vpc_net(dev_net(dev));
	struct vpc_edge *edge;

	/* Our own devices are registered with the lock held. */
	if (vpc_is_nic(dev) || vpc_is_edge(dev))
		return NOTIFY_DONE;
	if (event != NETDEV_CHANGEMTU && event != NETDEV_UNREGISTER &&
	    event != NETDEV_CHANGEUPPER)
		return NOTIFY_DONE;

	mutex_lock(&vn->lock);
	list_for_each_entry(edge, &vn->edges, list) {
		if (!vpc_edge_concerns(edge, dev, event, ptr))
			continue;
		if (event == NETDEV_UNREGISTER)
			vpc_edge_forget_fabric(edge, dev->ifindex);
		vpc_edge_update_limits(edge);
		vpc_nl_edge_event(edge, VPC_EVENT_CHANGE);
		vpc_net_reroute(vn);
	}
	mutex_unlock(&vn->lock);
	vpc_edge_follow();
	return NOTIFY_DONE;
}

static struct notifier_block vpc_edge_notifier = {
	.notifier_call = vpc_edge_netdev_event,
};

int __init vpc_edge_init(void)
{
	int err;

	err = register_netdevice_notifier(&vpc_edge_notifier);
	if (err)
		return err;
	err = rtnl_link_register(&vpc_edge_link_ops);
	if (err)
		unregister_netdevice_notifier(&vpc_edge_notifier);
	return err;
}

void vpc_edge_exit(void)
{
	rtnl_link_unregister(&vpc_edge_link_ops);
	unregister_netdevice_notifier(&vpc_edge_notifier);
}
