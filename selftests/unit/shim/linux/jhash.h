/* SPDX-License-Identifier: GPL-2.0 */
/* A table has one chain only. */
#ifndef _SHIM_LINUX_JHASH_H
#define _SHIM_LINUX_JHASH_H

#define jhash_2words(a, b, seed)	((void)(a), (void)(b), (seed))
#define jhash2(k, n, seed)		((void)(k), (void)(n), (seed))

#endif /* _SHIM_LINUX_JHASH_H */
