/* SPDX-License-Identifier: GPL-2.0 */
/* One's complement arithmetic with the kernel's names and result ranges. */
#ifndef _SHIM_NET_CHECKSUM_H
#define _SHIM_NET_CHECKSUM_H

#include <linux/string.h>
#include <linux/types.h>

static inline __wsum csum_add(__wsum a, __wsum b)
{
	u64 sum = (u64)a + b;

	return (u32)sum + (u32)(sum >> 32);
}

static inline __wsum csum_sub(__wsum a, __wsum b)
{
	return csum_add(a, ~b);
}

static inline __wsum csum_unfold(__sum16 n)
{
	return n;
}

static inline __sum16 csum_fold(__wsum sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~sum;
}

static inline __sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	const u8 *p = iph;
	__wsum sum = 0;
	u32 word;

	for (; ihl; ihl--, p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = csum_add(sum, word);
	}
	return csum_fold(sum);
}

#endif /* _SHIM_NET_CHECKSUM_H */
