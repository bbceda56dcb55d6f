/* SPDX-License-Identifier: GPL-2.0 */
/* ARP, neighbour discovery and router advertisements. */
#ifndef _VPC_NEIGH_H
#define _VPC_NEIGH_H

#include "codec.h"

struct sk_buff;
struct vpc_endpoint;
struct vpc_nic;

bool vpc_neigh_is_nd(const struct sk_buff *skb, const struct vpc_pkt *pkt);
void vpc_neigh_nd(struct vpc_nic *nic, const struct vpc_endpoint *ep,
		  struct sk_buff *skb, const struct vpc_pkt *pkt);
void vpc_neigh_arp(struct vpc_nic *nic, const struct vpc_endpoint *ep,
		   struct sk_buff *skb);
void vpc_neigh_advertise(struct vpc_nic *nic, const struct in6_addr *to);

#endif /* _VPC_NEIGH_H */
