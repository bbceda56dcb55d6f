/* SPDX-License-Identifier: GPL-2.0 */
/* The fabric's route to a SID. */
#ifndef _VPC_HOP_H
#define _VPC_HOP_H

#include <net/dst.h>

struct vpc_edge;
struct vpc_endpoint;
struct vpc_hop;

struct dst_entry *vpc_hop_route(struct vpc_edge *edge, struct vpc_endpoint *to,
				const struct in6_addr *from, u32 flow,
				bool *noref);
void vpc_hop_free(struct vpc_hop *hop);

#endif /* _VPC_HOP_H */
