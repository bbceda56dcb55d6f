/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_NET_DST_H
#define _SHIM_NET_DST_H

#include <linux/in6.h>
#include <linux/types.h>

struct dst_entry;

#endif /* _SHIM_NET_DST_H */
