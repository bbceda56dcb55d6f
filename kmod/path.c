// SPDX-License-Identifier: GPL-2.0
/*
 * path(vpc, packet) = [source SID, function SIDs ..., destination SID]
 *
 * Every decision about where a packet goes, and whether it may come, is made
 * here: by senders, by receivers, and by "vpc trace".  Sending picks the
 * active entry; accepting takes any entry that is not gone, as long as it is
 * at the SID that the packet came from or to.
 */

#include <linux/in.h>

#include "path.h"

/* Is a packet for a group: no path leads there. */
bool vpc_path_group(const struct vpc_pkt *pkt)
{
	if (pkt->version == 4)
		return ipv4_is_multicast(pkt->dst.v4) ||
		       ipv4_is_lbcast(pkt->dst.v4);
	return ipv6_addr_is_multicast(&pkt->dst.v6);
}

/**
 * vpc_path_send - the path of a packet that an endpoint of this host sends
 * @t: the tables
 * @pkt: the packet; @vpc is the sender's
 * @path: @src is given, @dst is set
 *
 * Context: rcu_read_lock().
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_path_send(const struct vpc_tables *t,
			       const struct vpc_pkt *pkt,
			       struct vpc_path *path)
{
	bool known = false;

	if (!vpc_endpoint_has(path->src, pkt->version, &pkt->src, NULL))
		return VPC_DROP_SRC_ADDR;
	path->dst = vpc_addr_find(t, pkt->vpc, pkt->version, &pkt->dst, NULL,
				  &known);
	if (!path->dst)
		return known ? VPC_DROP_NOT_ACTIVE : VPC_DROP_NO_ROUTE;
	return VPC_COUNTER_UNSPEC;
}

/**
 * vpc_path_accept - is this host the next hop on the path of a packet
 * @t: the tables
 * @pkt: the packet; @vpc is what its TLV says
 * @from: the SID that it came from
 * @path: @dst, the endpoint at the SID that it came to, is given; @src is set
 *
 * The tables that would have sent the packet must map its overlay source to
 * where it came from and its overlay destination to where it came to.
 *
 * Context: rcu_read_lock().
 * Return: 0, or the reason to drop the packet.
 */
enum vpc_counter vpc_path_accept(const struct vpc_tables *t,
				 const struct vpc_pkt *pkt,
				 const struct in6_addr *from,
				 struct vpc_path *path)
{
	bool known = false;

	if (pkt->vpc != path->dst->sid.vpc)
		return VPC_DROP_BAD_VPC;
	if (!vpc_endpoint_has(path->dst, pkt->version, &pkt->dst, NULL))
		return VPC_DROP_DST_SID;
	path->src = vpc_addr_find(t, pkt->vpc, pkt->version, &pkt->src, from,
				  &known);
	if (!path->src)
		return known ? VPC_DROP_SRC_SID : VPC_DROP_BAD_SRC;
	return VPC_COUNTER_UNSPEC;
}
