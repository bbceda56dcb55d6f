// SPDX-License-Identifier: GPL-2.0
/*
 * The endpoint device, a netdevice of kind "vpc".
 *
 * It can be in any network namespace while its edge, its endpoint and its
 * counters stay with the namespace that it was made for.
 */

#include <linux/ethtool.h>
#include <net/rtnetlink.h>

#include "endpoint.h"
#include "icmp.h"
#include "nic.h"
#include "tx.h"

/* Neither GSO_FRAGLIST nor tunnel GSO: software could not cut what comes of it. */
#define VPC_NIC_FEATURES (NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | \
			  NETIF_F_RXCSUM | NETIF_F_HIGHDMA |		    \
			  NETIF_F_ALL_TSO | NETIF_F_GSO_UDP_L4)

/* A GSO packet must stay below 64 KiB with the headers that it gets. */
#define VPC_NIC_GSO_MAX		(65536 - 256)

static void vpc_nic_get_stats64(struct net_device *dev,
				struct rtnl_link_stats64 *stats)
{
	struct vpc_nic *nic = netdev_priv(dev);
	struct vpc_counters sum = { };

	vpc_counters_add(&sum, nic->counters);
	vpc_counters_stats64(&sum, stats);
}

static int vpc_nic_get_iflink(const struct net_device *dev)
{
	const struct vpc_nic *nic = netdev_priv(dev);

	return nic->edge->dev->ifindex;
}

static void vpc_nic_dev_uninit(struct net_device *dev)
{
	vpc_endpoint_nic_gone(netdev_priv(dev));
}

static void vpc_nic_free_counters(struct vpc_nic *nic)
{
	free_percpu(nic->counters);
	free_percpu(nic->bucket);
}

/* The last reference is gone: nothing counts any more. */
static void vpc_nic_destructor(struct net_device *dev)
{
	struct vpc_nic *nic = netdev_priv(dev);
	struct vpc_net *vn = nic->edge->vn;
	struct vpc_vpc *vpc;

	mutex_lock(&vn->lock);
	vpc = xa_load(&vn->tables.vpcs, nic->vpc);
	if (vpc)
		vpc_counters_add(&vpc->gone, nic->counters);
	spin_lock_bh(&nic->edge->nics_lock);
	vpc_counters_add(&nic->edge->gone, nic->counters);
	list_del(&nic->list);
	nic->edge->nr_nics--;
	spin_unlock_bh(&nic->edge->nics_lock);
	mutex_unlock(&vn->lock);

	vpc_nic_free_counters(nic);
	netdev_put(nic->edge->dev, &nic->edge_tracker);
}

const struct net_device_ops vpc_nic_netdev_ops = {
	.ndo_uninit		= vpc_nic_dev_uninit,
	.ndo_start_xmit		= vpc_tx,
	.ndo_get_stats64	= vpc_nic_get_stats64,
	.ndo_get_iflink		= vpc_nic_get_iflink,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
};

static void vpc_nic_get_drvinfo(struct net_device *dev,
				struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "vpc", sizeof(info->driver));
	strscpy(info->version, VPC_VERSION, sizeof(info->version));
}

static int vpc_nic_get_sset_count(struct net_device *dev, int sset)
{
	int i, n = 0;

	if (sset != ETH_SS_STATS)
		return -EOPNOTSUPP;
	for (i = 0; i < __VPC_COUNTER_MAX; i++)
		n += !!vpc_counter_name(i);
	return n;
}

static void vpc_nic_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	int i;

	if (sset != ETH_SS_STATS)
		return;
	for (i = 0; i < __VPC_COUNTER_MAX; i++) {
		if (!vpc_counter_name(i))
			continue;
		strscpy_pad(data, vpc_counter_name(i), ETH_GSTRING_LEN);
		data += ETH_GSTRING_LEN;
	}
}

static void vpc_nic_get_ethtool_stats(struct net_device *dev,
				      struct ethtool_stats *stats, u64 *data)
{
	struct vpc_nic *nic = netdev_priv(dev);
	struct vpc_counters *sum;
	int i;

	sum = kzalloc(sizeof(*sum), GFP_KERNEL);
	if (sum)
		vpc_counters_add(sum, nic->counters);
	for (i = 0; i < __VPC_COUNTER_MAX; i++)
		if (vpc_counter_name(i))
			*data++ = sum ? sum->n[i] : 0;
	kfree(sum);
}

static const struct ethtool_ops vpc_nic_ethtool_ops = {
	.get_drvinfo		= vpc_nic_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_sset_count		= vpc_nic_get_sset_count,
	.get_strings		= vpc_nic_get_strings,
	.get_ethtool_stats	= vpc_nic_get_ethtool_stats,
};

static const struct device_type vpc_nic_type = { .name = "vpc" };

static void vpc_nic_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &vpc_nic_netdev_ops;
	dev->ethtool_ops = &vpc_nic_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->priv_flags |= IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->features = VPC_NIC_FEATURES;
	dev->hw_features = VPC_NIC_FEATURES;
	dev->vlan_features = 0;
	dev->hw_enc_features = 0;
	vpc_compat_lltx(dev);
	netif_set_tso_max_size(dev, VPC_NIC_GSO_MAX);
	SET_NETDEV_DEVTYPE(dev, &vpc_nic_type);
}

static size_t vpc_nic_get_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(u32)) + nla_total_size(sizeof(struct in6_addr));
}

/* Details for "ip -d link": the same attributes as in generic netlink.  What is
 * the fabric's is no business of the namespace that a tenant has.
 */
static int vpc_nic_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct vpc_nic *nic = netdev_priv(dev);
	const struct vpc_endpoint *ep = rtnl_dereference(nic->ep);

	if (!ep || !net_eq(dev_net(dev), nic->edge->vn->net))
		return 0;
	if (nla_put_u32(skb, VPC_ENDPOINT_A_VPC, nic->vpc) ||
	    nla_put_in6_addr(skb, VPC_ENDPOINT_A_SID, &ep->sid.addr))
		return -EMSGSIZE;
	return 0;
}

static struct net *vpc_nic_get_link_net(const struct net_device *dev)
{
	const struct vpc_nic *nic = netdev_priv(dev);

	return nic->edge->vn->net;
}

static int vpc_nic_newlink(struct net *net, struct net_device *dev,
			   struct nlattr *tb[], struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "endpoint devices are made with \"vpc vpc add\"");
	return -EOPNOTSUPP;
}

/**
 * vpc_nic_delete - delete an endpoint device
 * @dev: the device
 * @head: unregistered with the others in this list
 *
 * Context: rtnl.
 */
void vpc_nic_delete(struct net_device *dev, struct list_head *head)
{
	unregister_netdevice_queue(dev, head);
}

static struct rtnl_link_ops vpc_nic_link_ops __read_mostly = {
	.kind		= VPC_ENDPOINT_KIND,
	.priv_size	= sizeof(struct vpc_nic),
	.setup		= vpc_nic_setup,
	.newlink	= vpc_nic_newlink,
	.dellink	= vpc_nic_delete,
	.get_size	= vpc_nic_get_size,
	.fill_info	= vpc_nic_fill_info,
	.get_link_net	= vpc_nic_get_link_net,
};

/**
 * vpc_nic_create - make an endpoint device
 * @edge: its edge
 * @net: namespace to make it in
 * @name: its name there
 * @ep: its endpoint; not attached yet
 * @extack: for messages
 *
 * Context: rtnl, vpc_net.lock.
 * Return: the registered device, or an error.
 */
struct net_device *vpc_nic_create(struct vpc_edge *edge, struct net *net,
				  const char *name, const struct vpc_endpoint *ep,
				  struct netlink_ext_ack *extack)
{
	struct net_device *dev;
	struct vpc_nic *nic;
	int err;

	dev = alloc_netdev(sizeof(*nic), name, NET_NAME_USER, vpc_nic_setup);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev_net_set(dev, net);
	dev->rtnl_link_ops = &vpc_nic_link_ops;
	dev->mtu = edge->default_mtu;
	dev->needed_headroom = edge->headroom;
	eth_hw_addr_set(dev, ep->mac);

	nic = netdev_priv(dev);
	nic->dev = dev;
	nic->edge = edge;
	nic->vpc = ep->sid.vpc;
	strscpy(nic->name, name, sizeof(nic->name));
	INIT_LIST_HEAD(&nic->follow);
	nic->counters = alloc_percpu_gfp(struct vpc_counters, GFP_KERNEL_ACCOUNT);
	nic->bucket = alloc_percpu_gfp(struct vpc_bucket, GFP_KERNEL_ACCOUNT);
	if (!nic->counters || !nic->bucket) {
		err = -ENOMEM;
		goto err_free;
	}

	err = register_netdevice(dev);
	if (err)
		goto err_free;

	/* Only now, so that a failed registration does not call it. */
	dev->priv_destructor = vpc_nic_destructor;
	netdev_hold(edge->dev, &nic->edge_tracker, GFP_KERNEL);
	spin_lock_bh(&edge->nics_lock);
	list_add_tail(&nic->list, &edge->nics);
	edge->nr_nics++;
	spin_unlock_bh(&edge->nics_lock);
	netif_carrier_on(dev);
	return dev;

err_free:
	vpc_nic_free_counters(nic);
	free_netdev(dev);
	return ERR_PTR(err);
}

/* Deliveries inside of one another, where a device of a VM is another edge's fabric:
 * they share one stack.
 */
#define VPC_NIC_DEPTH	3

static DEFINE_PER_CPU(unsigned int, vpc_nic_depth);

/**
 * vpc_nic_deliver - give a packet to a VM
 * @nic: the device of the VM
 * @skb: the packet, at its IP header; bytes below have room for Ethernet
 * @queue: by way of the backlog, since it comes from another VM's transmit; that
 *	is also the way of what lies in too many fabrics
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void vpc_nic_deliver(struct vpc_nic *nic, struct sk_buff *skb, bool queue)
{
	const struct vpc_endpoint *ep = rcu_dereference(nic->ep);
	unsigned int segs = vpc_segs(skb), len = skb->len;
	struct net_device *dev = nic->dev;
	struct ethhdr *eth;

	if (unlikely(!ep || !(dev->flags & IFF_UP))) {
		vpc_drop(nic->counters, skb, VPC_DROP_VM_DOWN);
		return;
	}

	skb_scrub_packet(skb, true);
	skb->priority = 0;
	/* The queue was that of another device. */
	skb_set_queue_mapping(skb, 0);
	eth = skb_push(skb, ETH_HLEN);
	ether_addr_copy(eth->h_dest, ep->mac);
	ether_addr_copy(eth->h_source, vpc_edge_mac);
	eth->h_proto = skb->protocol;
	skb->protocol = eth_type_trans(skb, dev);
	skb_reset_network_header(skb);
	queue |= __this_cpu_read(vpc_nic_depth) >= VPC_NIC_DEPTH;
	/* The backlog's own tracepoint has seen what it drops. */
	if (queue && unlikely(netif_rx(skb) == NET_RX_DROP)) {
		vpc_count(nic->counters, VPC_DROP_VM_BACKLOG, segs);
		return;
	}
	vpc_count(nic->counters, VPC_COUNTER_TO_VM, segs);
	vpc_count(nic->counters, VPC_COUNTER_BYTES_TO_VM, len);
	if (queue)
		return;
	__this_cpu_inc(vpc_nic_depth);
	netif_receive_skb(skb);
	__this_cpu_dec(vpc_nic_depth);
}

int __init vpc_nic_init(void)
{
	return rtnl_link_register(&vpc_nic_link_ops);
}

void vpc_nic_exit(void)
{
	rtnl_link_unregister(&vpc_nic_link_ops);
}
