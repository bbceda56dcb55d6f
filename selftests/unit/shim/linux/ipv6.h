/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_IPV6_H
#define _SHIM_LINUX_IPV6_H

#include <linux/types.h>
#include <linux/in.h>
#include_next <linux/ipv6.h>

#endif /* _SHIM_LINUX_IPV6_H */
