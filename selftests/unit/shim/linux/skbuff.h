/* SPDX-License-Identifier: GPL-2.0 */
/* As much of it as the inline functions of our headers name. */
#ifndef _SHIM_LINUX_SKBUFF_H
#define _SHIM_LINUX_SKBUFF_H

#include <linux/types.h>

struct skb_shared_info {
	u16			gso_size;
	u16			gso_segs;
};

struct sk_buff {
	struct skb_shared_info	shinfo;
};

#define skb_shinfo(skb)		(&(skb)->shinfo)
#define skb_is_gso(skb)		(skb_shinfo(skb)->gso_size != 0)

#endif /* _SHIM_LINUX_SKBUFF_H */
