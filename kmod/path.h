/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a packet: a function of the configuration and of the packet. */
#ifndef _VPC_PATH_H
#define _VPC_PATH_H

#include "fib.h"

/**
 * struct vpc_path - [source SID, function SIDs ..., destination SID]
 * @src: the endpoint that sends
 * @dst: the endpoint that receives
 * @route: the route of the sender's VPC that led there, or NULL
 * @far: the route that went on from there in the peer's VPC, or NULL
 *
 * There are no functions yet: the path is these two.
 */
struct vpc_path {
	struct vpc_endpoint	*src;
	struct vpc_endpoint	*dst;
	const struct vpc_route	*route;
	const struct vpc_route	*far;
};

bool vpc_path_group(const struct vpc_pkt *pkt);
enum vpc_counter vpc_path_send(const struct vpc_tables *t,
			       const struct vpc_pkt *pkt, const void *l4,
			       unsigned int len, struct vpc_path *path);
enum vpc_counter vpc_path_accept(const struct vpc_tables *t,
				 const struct vpc_pkt *pkt,
				 const struct in6_addr *from,
				 struct vpc_path *path);
bool vpc_path_may_use(const struct vpc_tables *t, const struct vpc_endpoint *ep,
		      u8 version, const union vpc_ip *ip);
bool vpc_path_may_reach(const struct vpc_tables *t, const struct vpc_pkt *pkt,
			const struct in6_addr *at);

#endif /* _VPC_PATH_H */
