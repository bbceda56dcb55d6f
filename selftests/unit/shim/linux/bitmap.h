/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_BITMAP_H
#define _SHIM_LINUX_BITMAP_H

#include <stdbool.h>

#define DECLARE_BITMAP(name, bits)	unsigned long name[((bits) + 63) / 64]

static inline void set_bit(unsigned long bit, unsigned long *map)
{
	map[bit / 64] |= 1UL << bit % 64;
}

static inline void clear_bit(unsigned long bit, unsigned long *map)
{
	map[bit / 64] &= ~(1UL << bit % 64);
}

static inline unsigned long find_last_bit(const unsigned long *map, unsigned long size)
{
	unsigned long bit = size;

	while (bit--)
		if (map[bit / 64] >> bit % 64 & 1)
			return bit;
	return size;
}

#endif /* _SHIM_LINUX_BITMAP_H */
