/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests and the fuzzers judge by: the same rules, written once more
 * from RFCs and Documentation/wire-format.rst, on plain bytes.
 */
#ifndef _UNIT_REF_H
#define _UNIT_REF_H

#include <linux/types.h>

static inline u16 ref_get16(const u8 *p)
{
	return p[0] * 256 + p[1];
}

static inline void ref_put16(u8 *p, u16 value)
{
	p[0] = value / 256;
	p[1] = value % 256;
}

static inline void ref_put32(u8 *p, u32 value)
{
	ref_put16(p, value / 65536);
	ref_put16(p + 2, value % 65536);
}

u16 ref_sum(const u8 *data, size_t len);
u16 ref_ipv4_check(const u8 *header);
u16 ref_l4_sum(const u8 *src, const u8 *dst, unsigned int alen, u8 proto,
	       const u8 *l4, size_t len, size_t cover);
size_t ref_cover(u8 proto, const u8 *l4, size_t len);
int ref_check_offset(u8 proto);
u16 ref_written(u8 proto, u16 sum);
bool ref_valid(u8 proto, u16 sum, u16 check);

bool ref_whole_proto(unsigned int version, u8 proto);
unsigned int ref_form(const u8 *packet, size_t reach);
bool ref_well_formed(const u8 *packet, size_t len);

#endif /* _UNIT_REF_H */
