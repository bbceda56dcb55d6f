/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses.  The C library's header does not go with the kernel's. */
#ifndef _UNIT_INET_H
#define _UNIT_INET_H

#include "codec.h"

int inet_pton(int family, const char *text, void *addr);

/* The overlay address of a number below 256. */
static inline union vpc_ip address(u8 version, unsigned int n)
{
	union vpc_ip ip;

	memset(&ip, 0, sizeof(ip));
	if (version == 4) {
		ip.v4 = htonl(0x0a000000 + n);
	} else {
		ip.v6.s6_addr[0] = 0xfd;
		ip.v6.s6_addr[15] = n;
	}
	return ip;
}

#endif /* _UNIT_INET_H */
