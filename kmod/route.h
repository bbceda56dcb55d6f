/* SPDX-License-Identifier: GPL-2.0 */
/* Configuration of routes and peerings: whole batches, states, grace. */
#ifndef _VPC_ROUTE_H
#define _VPC_ROUTE_H

#include "fib.h"
#include "vpc.h"

/**
 * struct vpc_route_item - a route of a request
 * @attr: where the request has it, for the extended ACK
 * @route: the new one; or, to change or delete one, what it is like: of kind
 *	%VPC_ROUTE_UNSPEC, any of its prefix
 * @old: the one that a new one takes the place of
 * @state: &enum vpc_state to give it
 * @now: delete it without grace
 */
struct vpc_route_item {
	const struct nlattr	*attr;
	struct vpc_route	*route;
	struct vpc_route	*old;
	u8			state;
	bool			now;
};

int vpc_routes_add(struct vpc_net *vn, struct vpc_route_item *items,
		   unsigned int n, bool replace, struct netlink_ext_ack *extack);
int vpc_routes_set(struct vpc_net *vn, struct vpc_route_item *items,
		   unsigned int n, struct netlink_ext_ack *extack);
int vpc_routes_del(struct vpc_net *vn, struct vpc_route_item *items,
		   unsigned int n, struct netlink_ext_ack *extack);

/**
 * struct vpc_peer_item - a peering of a request
 * @attr: where the request has it
 * @vpc: the VPC that agrees
 * @peer: the other one
 * @state: &enum vpc_state
 * @was: the state before
 */
struct vpc_peer_item {
	const struct nlattr	*attr;
	u32			vpc;
	u32			peer;
	u8			state;
	u8			was;
};

int vpc_peers_add(struct vpc_net *vn, struct vpc_peer_item *items,
		  unsigned int n, struct netlink_ext_ack *extack);
int vpc_peers_del(struct vpc_net *vn, struct vpc_peer_item *items,
		  unsigned int n, struct netlink_ext_ack *extack);

#endif /* _VPC_ROUTE_H */
