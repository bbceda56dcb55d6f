/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_IN_H
#define _SHIM_LINUX_IN_H

#include <endian.h>
#include <linux/types.h>
#include_next <linux/in.h>

static inline bool ipv4_is_multicast(__be32 addr)
{
	return (addr & htobe32(0xf0000000)) == htobe32(0xe0000000);
}

static inline bool ipv4_is_lbcast(__be32 addr)
{
	return addr == htobe32(0xffffffff);
}

static inline bool ipv4_is_zeronet(__be32 addr)
{
	return !(addr & htobe32(0xff000000));
}

static inline bool ipv4_is_loopback(__be32 addr)
{
	return (addr & htobe32(0xff000000)) == htobe32(0x7f000000);
}

#endif /* _SHIM_LINUX_IN_H */
