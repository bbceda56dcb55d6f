/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a packet: a function of the configuration and of the packet. */
#ifndef _VPC_PATH_H
#define _VPC_PATH_H

#include "table.h"

/**
 * struct vpc_path - [source SID, function SIDs ..., destination SID]
 * @src: the endpoint that sends
 * @dst: the endpoint that receives
 *
 * There are no functions yet: the path is these two.
 */
struct vpc_path {
	struct vpc_endpoint	*src;
	struct vpc_endpoint	*dst;
};

bool vpc_path_group(const struct vpc_pkt *pkt);
enum vpc_counter vpc_path_send(const struct vpc_tables *t,
			       const struct vpc_pkt *pkt,
			       struct vpc_path *path);
enum vpc_counter vpc_path_accept(const struct vpc_tables *t,
				 const struct vpc_pkt *pkt,
				 const struct in6_addr *from,
				 struct vpc_path *path);

#endif /* _VPC_PATH_H */
