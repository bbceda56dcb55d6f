/* SPDX-License-Identifier: GPL-2.0 */
/* Translation of a packet buffer between tenant and fabric. */
#ifndef _VPC_XLAT_H
#define _VPC_XLAT_H

#include <linux/skbuff.h>

#include "codec.h"

void vpc_gso_guess(struct sk_buff *skb);

/* See to it that a GSO packet says how many segments it has. */
static inline void vpc_gso_settle(struct sk_buff *skb)
{
	if (unlikely(skb_is_gso(skb) && !skb_shinfo(skb)->gso_segs))
		vpc_gso_guess(skb);
}

bool vpc_gso_carries(const struct sk_buff *skb, const struct vpc_pkt *pkt);
struct sk_buff *vpc_gso_segment(struct sk_buff *skb);

enum vpc_counter vpc_encap(struct sk_buff *skb, const struct vpc_pkt *pkt,
			   u8 option_type, const struct in6_addr *from,
			   const struct in6_addr *to, u8 hop_limit,
			   unsigned int headroom);
enum vpc_counter vpc_decap(struct sk_buff *skb, struct vpc_pkt *pkt,
			   unsigned int outer);

#endif /* _VPC_XLAT_H */
