/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP errors: made for VMs, and taken from the fabric. */
#ifndef _VPC_ICMP_H
#define _VPC_ICMP_H

#include "codec.h"

struct sk_buff;
struct vpc_endpoint;
struct vpc_nic;

/* 169.254.1.1 and fe80::1: gateways, and where errors come from. */
#define VPC_GATEWAY4	htonl(0xa9fe0101)
extern const struct in6_addr vpc_gateway6;

void vpc_icmp_too_big(struct vpc_nic *nic, const struct sk_buff *skb,
		      const struct vpc_pkt *pkt, u32 mtu);
void vpc_icmp_unreachable(struct vpc_nic *nic, const struct sk_buff *skb,
			  const struct vpc_pkt *pkt, bool prohibited);
void vpc_icmp_fabric(struct vpc_nic *nic, struct vpc_endpoint *ep,
		     struct sk_buff *skb);

#endif /* _VPC_ICMP_H */
