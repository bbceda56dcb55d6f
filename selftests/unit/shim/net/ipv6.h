/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_NET_IPV6_H
#define _SHIM_NET_IPV6_H

#include <linux/ipv6.h>
#include <linux/string.h>

static inline bool ipv6_addr_equal(const struct in6_addr *a,
				   const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool ipv6_addr_loopback(const struct in6_addr *a)
{
	static const struct in6_addr loopback = { .s6_addr = { [15] = 1 } };

	return ipv6_addr_equal(a, &loopback);
}

static inline bool ipv6_addr_v4mapped(const struct in6_addr *a)
{
	return !a->s6_addr32[0] && !a->s6_addr32[1] && a->s6_addr32[2] == htobe32(0xffff);
}

static inline bool ipv6_addr_any(const struct in6_addr *a)
{
	static const struct in6_addr any;

	return ipv6_addr_equal(a, &any);
}

static inline bool ipv6_addr_is_multicast(const struct in6_addr *a)
{
	return a->s6_addr[0] == 0xff;
}

static inline void ipv6_addr_prefix(struct in6_addr *prefix,
				    const struct in6_addr *addr, int len)
{
	memset(prefix, 0, sizeof(*prefix));
	memcpy(prefix, addr, len / 8);
	if (len % 8)
		prefix->s6_addr[len / 8] = addr->s6_addr[len / 8] & 0xff00 >> len % 8;
}

#endif /* _SHIM_NET_IPV6_H */
