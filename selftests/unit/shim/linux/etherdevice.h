/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_ETHERDEVICE_H
#define _SHIM_LINUX_ETHERDEVICE_H

#include <linux/if_ether.h>

#endif /* _SHIM_LINUX_ETHERDEVICE_H */
