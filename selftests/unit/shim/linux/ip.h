/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_IP_H
#define _SHIM_LINUX_IP_H

#include <linux/types.h>
#include <linux/in.h>
#include_next <linux/ip.h>

#endif /* _SHIM_LINUX_IP_H */
