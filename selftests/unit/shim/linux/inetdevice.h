/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_INETDEVICE_H
#define _SHIM_LINUX_INETDEVICE_H

#include <linux/types.h>

static inline __be32 inet_make_mask(unsigned int len)
{
	return len ? htonl(~0U << (32 - len)) : 0;
}

#endif /* _SHIM_LINUX_INETDEVICE_H */
