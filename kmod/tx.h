/* SPDX-License-Identifier: GPL-2.0 */
/* The way out: from a VM to the fabric, or to another VM of this host. */
#ifndef _VPC_TX_H
#define _VPC_TX_H

#include <linux/netdevice.h>

netdev_tx_t vpc_tx(struct sk_buff *skb, struct net_device *dev);

#endif /* _VPC_TX_H */
