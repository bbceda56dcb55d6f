/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel differences, all of them.  Forced into every file by Kbuild, so that
 * the code reads as if for the newest kernel.  Gate on features where the
 * preprocessor can see them: stable kernels backport.
 */
#ifndef _VPC_COMPAT_H
#define _VPC_COMPAT_H

#include <linux/version.h>
#include <linux/netdevice.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "vpc needs Linux 6.1 or later"
#endif

#ifndef CONFIG_64BIT
#error "vpc counts in 64 bits without a lock: it needs a 64-bit kernel"
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#include <net/gso.h>
#endif

/* 6.12 turned feature bits of a device into members. */
#ifdef NETIF_F_LLTX
#define vpc_compat_dev_flags(dev, fixed) do {				\
	(dev)->features |= NETIF_F_LLTX;				\
	if (fixed)							\
		(dev)->features |= NETIF_F_NETNS_LOCAL;			\
} while (0)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define vpc_compat_dev_flags(dev, fixed) do {				\
	(dev)->lltx = true;						\
	(dev)->netns_immutable = (fixed);				\
} while (0)
#else
#define vpc_compat_dev_flags(dev, fixed) do {				\
	(dev)->lltx = true;						\
	(dev)->netns_local = (fixed);					\
} while (0)
#endif

/* 6.6 put what a dump asks for into a struct genl_info of its own. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define vpc_nl_dump_attrs(dump)	((dump)->info.attrs)
#else
#define vpc_nl_dump_attrs(dump)	((dump)->attrs)
#endif

#ifndef NLMSG_DEFAULT_SIZE
#define NLMSG_DEFAULT_SIZE	NLMSG_GOODSIZE
#endif

/* 6.10 made __assign_str() look up the source by itself. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define vpc_trace_assign_str(dst, src)	__assign_str(dst)
#else
#define vpc_trace_assign_str(dst, src)	__assign_str(dst, src)
#endif

#endif /* _VPC_COMPAT_H */
