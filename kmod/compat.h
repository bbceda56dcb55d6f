/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel differences, all of them.  Forced into every file by Kbuild, so that
 * the code reads as if for the newest kernel.  Kbuild looks into the kernel's
 * headers for each feature, since stable kernels backport: VPC_HAVE_...
 */
#ifndef _VPC_COMPAT_H
#define _VPC_COMPAT_H

#include <linux/netdevice.h>
#include <linux/random.h>

#ifndef CONFIG_64BIT
#error "vpc counts in 64 bits without a lock: it needs a 64-bit kernel"
#endif

/* 6.4: GSO has a header of its own. */
#ifdef VPC_HAVE_NET_GSO_H
#include <net/gso.h>
#endif

/* A device that needs no transmit lock, and one that stays in its namespace:
 * feature bits up to 6.11, members later.
 */
static inline void vpc_compat_lltx(struct net_device *dev)
{
#ifdef VPC_HAVE_DEV_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

static inline void vpc_compat_netns_immutable(struct net_device *dev)
{
#if defined(VPC_HAVE_DEV_NETNS_IMMUTABLE)
	dev->netns_immutable = true;
#elif defined(VPC_HAVE_DEV_NETNS_LOCAL)
	dev->netns_local = true;
#else
	dev->features |= NETIF_F_NETNS_LOCAL;
#endif
}

/* 6.14, and late stable releases: reading a device's namespace under RCU. */
#ifndef VPC_HAVE_DEV_NET_RCU
#define dev_net_rcu(dev)	dev_net(dev)
#endif

/* 6.2: a request's operation is apart from that of the dump. */
#ifndef VPC_HAVE_GENL_SPLIT_OPS
#define genl_split_ops	genl_ops
#endif

/* 6.7: the flags of multicast groups have names of their own. */
#ifndef VPC_HAVE_GENL_MCAST_CAP
#define GENL_MCAST_CAP_NET_ADMIN	GENL_UNS_ADMIN_PERM
#endif

/* 6.3: a cipher gives its callback what belongs to the request, not the request. */
#ifdef VPC_HAVE_CRYPTO_DONE_DATA
#define vpc_crypto_done_arg	void *
#define vpc_crypto_done_data(data)	(data)
#else
#define vpc_crypto_done_arg	struct crypto_async_request *
#define vpc_crypto_done_data(req)	((req)->data)
#endif

/* 5.18, and where the kernel knows VM generation ids: it tells that it was cloned. */
static inline int vpc_compat_register_vmfork(struct notifier_block *nb)
{
#ifdef VPC_HAVE_VMFORK
	return register_random_vmfork_notifier(nb);
#else
	return 0;
#endif
}

static inline void vpc_compat_unregister_vmfork(struct notifier_block *nb)
{
#ifdef VPC_HAVE_VMFORK
	unregister_random_vmfork_notifier(nb);
#endif
}

#ifndef NLMSG_DEFAULT_SIZE
#define NLMSG_DEFAULT_SIZE	NLMSG_GOODSIZE
#endif

/* 6.10: __assign_str() looks up the source by itself. */
#ifdef VPC_HAVE_ASSIGN_STR_1
#define vpc_trace_assign_str(dst, src)	__assign_str(dst)
#else
#define vpc_trace_assign_str(dst, src)	__assign_str(dst, src)
#endif

#endif /* _VPC_COMPAT_H */
