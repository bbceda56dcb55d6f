/* SPDX-License-Identifier: GPL-2.0 */
/* The edge: the host's translator, a netdevice of kind "vpcedge". */
#ifndef _VPC_EDGE_H
#define _VPC_EDGE_H

#include <net/gro_cells.h>

#include "vpc.h"

/* The same on every host, so that a VM that moves has no stale neighbour. */
#define VPC_EDGE_MAC	{ 0x02, 0x56, 0x50, 0x43, 0x00, 0x01 }
extern const u8 vpc_edge_mac[ETH_ALEN];

struct vpc_prefix {
	struct in6_addr	addr;
	u8		len;
};

/**
 * struct vpc_prefixes - where an edge's SIDs lie
 * @rcu: to free it
 * @n: how many
 * @p: the locator, then the others
 */
struct vpc_prefixes {
	struct rcu_head		rcu;
	unsigned int		n;
	struct vpc_prefix	p[];
};

/* Prefixes of all edges of a namespace: each new one is compared with all of them. */
#define VPC_MAX_NET_PREFIXES	16384

#define VPC_FABRIC_HOLE		(-1)

/**
 * struct vpc_edge - an edge
 * @dev: its netdevice
 * @vn: its namespace
 * @list: in vpc_net.edges
 * @counting: in vpc_net.counting
 * @nics: struct vpc_nic.list: the devices of its local endpoints
 * @nics_lock: for those who read statistics in atomic context; writers hold
 *	vpc_net.lock too
 * @nr_nics: how many
 * @counters: of packets that belong to none of them
 * @gone: what those that are deleted have counted; locked as @nics
 * @prefixes: where its SIDs lie
 * @fabric: ifindex of each fabric device; VPC_FABRIC_HOLE where there was one,
 *	0 where there has been none.  Nothing ever changes its place, so that
 *	a reader does not miss it.
 * @fabric_any: take fabric packets from any device
 * @default_mtu: MTU of new endpoint devices
 * @mtu_set: what the user wants it to be, or 0
 * @grace: seconds
 * @option_type: of the TLV
 * @max_segments: that @default_mtu leaves room for
 * @short_form: send the "IPv6 short" form where it fits
 * @encrypt: &enum vpc_encrypt
 * @cipher: &enum vpc_cipher: what it seals with
 * @key_grace: seconds
 * @ring: its key pairs
 * @opened: packets that have been opened go through GRO here
 * @headroom: what the fabric devices need in front of an IPv6 header
 * @advert: sends router advertisements from time to time
 */
struct vpc_edge {
	struct net_device		*dev;
	struct vpc_net			*vn;
	struct list_head		list;
	struct list_head		counting;
	struct list_head		nics;
	spinlock_t			nics_lock;	/* of nics, nr_nics and gone */
	unsigned int			nr_nics;
	struct vpc_counters __percpu	*counters;
	struct vpc_counters		gone;
	struct vpc_prefixes __rcu	*prefixes;
	int				fabric[VPC_MAX_FABRIC];
	bool				fabric_any;
	u32				default_mtu;
	u32				mtu_set;
	u32				grace;
	u8				option_type;
	u8				max_segments;
	bool				short_form;
	u8				encrypt;
	u8				cipher;
	u32				key_grace;
	struct vpc_keyring		*ring;
	struct gro_cells		opened;
	u16				headroom;
	struct delayed_work		advert;
};

/**
 * struct vpc_edge_config - what to make of an edge
 * @has: BIT() of each enum vpc_edge_attr that was given
 * @fabric: devices to add
 * @fabric_attr: where the request has them
 * @fabric_del: devices to take away
 * @fabric_del_attr: where the request has them
 * @prefixes: locator and prefixes to have, NULL for no change
 * @ring: key pairs of a new edge
 * @bad_prefix: set to the one that is refused
 *
 * The others are those of struct vpc_edge.
 */
struct vpc_edge_config {
	u64			has;
	char			name[IFNAMSIZ];
	struct vpc_prefixes	*prefixes;
	struct vpc_prefix	bad_prefix;
	int			fabric[VPC_MAX_FABRIC];
	const struct nlattr	*fabric_attr[VPC_MAX_FABRIC];
	int			fabric_del[VPC_MAX_FABRIC];
	const struct nlattr	*fabric_del_attr[VPC_MAX_FABRIC];
	unsigned int		n_fabric;
	unsigned int		n_fabric_del;
	bool			fabric_any;
	u32			mtu;
	u32			grace;
	u8			option_type;
	u8			max_segments;
	bool			short_form;
	u8			encrypt;
	u8			cipher;
	u32			key_grace;
	struct vpc_keyring	*ring;
};

static inline bool vpc_edge_is_fabric(const struct vpc_edge *edge, int ifindex)
{
	int i;

	for (i = 0; i < VPC_MAX_FABRIC; i++) {
		int fabric = READ_ONCE(edge->fabric[i]);

		if (fabric == ifindex)
			return true;
		if (!fabric)
			break;
	}
	return false;
}

extern const struct net_device_ops vpc_edge_netdev_ops;

static inline bool vpc_is_edge(const struct net_device *dev)
{
	return dev->netdev_ops == &vpc_edge_netdev_ops;
}

int vpc_edge_l3mdev(const struct vpc_edge *edge);
bool vpc_edge_takes_from(const struct vpc_edge *edge, const struct net_device *dev);
int vpc_edge_match(const struct vpc_edge *edge, const struct in6_addr *sid);
struct vpc_edge *vpc_edge_find(struct vpc_net *vn, const char *name);
u32 vpc_net_grace(const struct vpc_net *vn);

int vpc_edge_create(struct vpc_net *vn, struct vpc_edge_config *cfg,
		    struct netlink_ext_ack *extack);
int vpc_edge_change(struct vpc_edge *edge, struct vpc_edge_config *cfg,
		    struct netlink_ext_ack *extack);
void vpc_edge_follow(void);
void vpc_edge_delete(struct net_device *dev, struct list_head *head);

int vpc_edge_init(void);
void vpc_edge_exit(void);

#endif /* _VPC_EDGE_H */
