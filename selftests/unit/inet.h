/* SPDX-License-Identifier: GPL-2.0 */
/* The C library's header does not go with the kernel's. */
#ifndef _UNIT_INET_H
#define _UNIT_INET_H

int inet_pton(int family, const char *text, void *addr);

#endif /* _UNIT_INET_H */
