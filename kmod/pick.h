/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which one of several next hops a packet takes.  A function of the set of
 * (SID, weight) and of the packet, and of nothing else: every host picks alike.
 * Documentation/picking.rst specifies it, with test vectors.
 *
 * Nothing here knows an sk_buff: it is compiled for user space by the tests.
 */
#ifndef _VPC_PICK_H
#define _VPC_PICK_H

#include "codec.h"

#define VPC_PICK_BITS	14
#define VPC_PICK_SLOTS	16384		/* by as many bits of a hash */
#define VPC_PICK_NONE	0xffff		/* every weight is 0 */

/**
 * struct vpc_next_hop - a SID that a route leads to
 * @sid: the SID
 * @key: its hash, set by vpc_pick_fill()
 * @weight: its share of the flows, 0 to 65535; 0 gets no flows
 * @order: in the first one's, the place of the heaviest, and so on; set by
 *	vpc_pick_fill()
 */
struct vpc_next_hop {
	struct in6_addr	sid;
	u64		key;
	u16		weight;
	u16		order;
};

u64 vpc_pick_hash(const struct vpc_pkt *pkt, const void *l4, unsigned int len,
		  u8 how);
void vpc_pick_fill(u16 *slots, struct vpc_next_hop *hops, unsigned int n);

static inline unsigned int vpc_pick_slot(u64 hash)
{
	return hash >> (64 - VPC_PICK_BITS);
}

#endif /* _VPC_PICK_H */
