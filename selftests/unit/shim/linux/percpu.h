/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_PERCPU_H
#define _SHIM_LINUX_PERCPU_H

#include <linux/types.h>

#define this_cpu_add(pcp, val)	((pcp) += (val))

#endif /* _SHIM_LINUX_PERCPU_H */
