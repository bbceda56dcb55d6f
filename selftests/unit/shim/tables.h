/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real tables, and the path over them, beside those of path_test.c: forced into
 * what is built of them, they get names of their own.
 */
#ifndef _UNIT_TABLES_H
#define _UNIT_TABLES_H

#define UNIT_TABLES

#define vpc_sid_find		tables_sid_find
#define vpc_addr_find		tables_addr_find
#define vpc_addr_view		tables_addr_view
#define vpc_endpoint_has	tables_endpoint_has
#define vpc_peer_state		tables_peer_state
#define vpc_fib_first		tables_fib_first
#define vpc_fib_next		tables_fib_next
#define vpc_route_has_hop	tables_route_has_hop
#define vpc_route_pick		tables_route_pick
#define vpc_path_group		tables_path_group
#define vpc_path_send		tables_path_send
#define vpc_path_accept		tables_path_accept
#define vpc_path_may_use	tables_path_may_use
#define vpc_path_may_reach	tables_path_may_reach

#include <linux/bitmap.h>
#include <linux/rhashtable.h>

#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)
#define WARN_ON_ONCE(cond)	({ if (cond) __builtin_trap(); })
#define noinline		__attribute__((__noinline__))
#undef __always_inline
#define __always_inline		inline

/* A reader can be interrupted wherever it reads. */
#undef READ_ONCE
#define READ_ONCE(x)		(*({ unit_step(); (const volatile typeof(x) *)&(x); }))

#endif /* _UNIT_TABLES_H */
