/* SPDX-License-Identifier: GPL-2.0 */
/* Configuration of endpoints: whole batches, states, grace. */
#ifndef _VPC_ENDPOINT_H
#define _VPC_ENDPOINT_H

#include "nic.h"

/**
 * struct vpc_endpoint_item - an endpoint of a request
 * @attr: where the request has it, for the extended ACK
 * @edge_attr: where it names the edge
 * @dev_attr: where it names the device
 * @net_attr: where it names the namespace
 * @ep: the new endpoint; or, to change or delete one, NULL
 * @old: the endpoint that it takes the place of
 * @edge: where it is to be local, or NULL
 * @nic: its device
 * @net: namespace for its device, referenced, or NULL
 * @vpc: VPC id
 * @sid: its SID
 * @state: &enum vpc_state to give it
 * @now: delete it without grace
 * @made: @nic was made for this request
 * @dead: the device of @old goes
 * @edge_name: the edge
 * @dev_name: its device
 */
struct vpc_endpoint_item {
	const struct nlattr	*attr;
	const struct nlattr	*edge_attr;
	const struct nlattr	*dev_attr;
	const struct nlattr	*net_attr;
	struct vpc_endpoint	*ep;
	struct vpc_endpoint	*old;
	struct vpc_edge		*edge;
	struct vpc_nic		*nic;
	struct net		*net;
	u32			vpc;
	struct in6_addr		sid;
	u8			state;
	bool			now;
	bool			made;
	struct net_device	*dead;
	char			edge_name[IFNAMSIZ];
	char			dev_name[IFNAMSIZ];
};

int vpc_endpoints_add(struct vpc_net *vn, struct vpc_endpoint_item *items,
		      unsigned int n, bool replace,
		      struct netlink_ext_ack *extack);
int vpc_endpoints_set(struct vpc_net *vn, struct vpc_endpoint_item *items,
		      unsigned int n, struct netlink_ext_ack *extack);
int vpc_endpoints_del(struct vpc_net *vn, struct vpc_endpoint_item *items,
		      unsigned int n, struct netlink_ext_ack *extack);
void vpc_endpoint_nic_gone(struct vpc_nic *nic);

#endif /* _VPC_ENDPOINT_H */
