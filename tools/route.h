/* SPDX-License-Identifier: GPL-2.0 */
/* Routes: what the commands share. */
#ifndef _ROUTE_H
#define _ROUTE_H

#include <linux/vpc.h>

#include "collect.h"
#include "parse.h"

/**
 * struct route - a route as arguments describe it
 * @given: bits of the keywords that were given
 * @vpc: VPC id
 * @dst: its prefix
 * @kind: &enum vpc_route_kind, or 0
 * @peer: VPC that it leads to
 * @exported: peers may use it
 * @hash: &enum vpc_hash, or 0
 * @state: &enum vpc_state, or 0
 * @now: delete it without grace
 * @n_vias: how many next hops
 * @via: its next hops
 */
struct route {
	uint64_t	given;
	uint32_t	vpc;
	struct subnet	dst;
	uint8_t		kind;
	uint32_t	peer;
	bool		exported;
	uint8_t		hash;
	uint8_t		state;
	bool		now;
	unsigned int	n_vias;
	struct vpc_via	via[VPC_MAX_NEXT_HOPS];
};

void route_put(struct nlmsghdr *nlh, const struct route *route);

/* route_show.c */
uint64_t route_target(const struct nlattr *nest);
int route_get_all(uint32_t vpc, const struct subnet *dst, struct nests *list);
void route_print(const char *key, const struct nlattr *nest);
void route_print_in(const char *key, const struct nlattr *nest);
int route_show(struct args *args);

#endif /* _ROUTE_H */
