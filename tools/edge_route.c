// SPDX-License-Identifier: GPL-2.0
/*
 * The routes of an edge's prefixes.
 *
 * The datapath needs none of them.  They are what routing daemons announce,
 * and how the host itself reaches SIDs.
 */

#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "edge.h"
#include "rtnl.h"

static int add_routes(struct nl_sock *sock, const char *name,
		      const struct prefix *prefix, unsigned int n, bool may_exist)
{
	unsigned int i;
	int err = STATUS_OK;

	for (i = 0; i < n && !err; i++)
		err = rtnl_add_prefix_route(sock, name, &prefix[i], may_exist);
	return err;
}

/**
 * edge_up - bring an edge up and add its routes
 * @name: its device
 * @prefix: all of its prefixes
 * @n: how many
 * @may_exist: some of the routes may be there
 */
int edge_up(const char *name, const struct prefix *prefix, unsigned int n, bool may_exist)
{
	struct nl_sock *sock = rtnl_open();
	int err;

	if (!sock)
		return STATUS_KERNEL;
	err = rtnl_set_link(sock, name, true);
	if (!err)
		err = add_routes(sock, name, prefix, n, may_exist);
	rtnl_close(sock);
	return err;
}

static bool read_prefix(const struct nlattr *nest, struct prefix *prefix)
{
	const struct nlattr *tb[VPC_PREFIX_A_MAX + 1];

	attrs_parse(nest, &attr_prefix, tb);
	if (!tb[VPC_PREFIX_A_ADDR] || !tb[VPC_PREFIX_A_LEN])
		return false;
	memcpy(&prefix->addr, mnl_attr_get_payload(tb[VPC_PREFIX_A_ADDR]),
	       sizeof(prefix->addr));
	prefix->len = mnl_attr_get_u8(tb[VPC_PREFIX_A_LEN]);
	return true;
}

/**
 * edge_up_again - bring an edge up, with the routes that it has lost
 * @name: its device
 */
int edge_up_again(const char *name)
{
	const struct nlattr *attr;
	struct prefix *prefix;
	struct nests list;
	unsigned int n = 0;
	int err;

	err = edge_get(name, &list);
	if (err)
		return err;
	mnl_attr_for_each_nested(attr, list.nest[0])
		n++;
	prefix = calloc(n, sizeof(*prefix));
	if (!prefix) {
		collect_free(&list);
		return error(STATUS_KERNEL, "no memory");
	}
	n = 0;
	mnl_attr_for_each_nested(attr, list.nest[0]) {
		if (mnl_attr_get_type(attr) == VPC_EDGE_A_LOCATOR ||
		    mnl_attr_get_type(attr) == VPC_EDGE_A_PREFIX)
			n += read_prefix(attr, &prefix[n]);
	}
	err = edge_up(name, prefix, n, true);
	free(prefix);
	collect_free(&list);
	return err;
}

/**
 * edge_follow - change the routes as the prefixes were changed
 * @name: the edge
 * @add: prefixes that it got
 * @n_add: how many
 * @del: prefixes that it lost
 * @n_del: how many
 */
int edge_follow(const char *name, const struct prefix *add, unsigned int n_add,
		const struct prefix *del, unsigned int n_del)
{
	struct nl_sock *sock = rtnl_open();
	bool up = false;
	unsigned int i;
	int err;

	if (!sock)
		return STATUS_KERNEL;
	err = rtnl_link_is_up(sock, name, &up);
	for (i = 0; i < n_del && !err; i++)
		err = rtnl_del_prefix_route(sock, name, &del[i]);
	/* While it is down it has no routes at all. */
	if (!err && up)
		err = add_routes(sock, name, add, n_add, false);
	rtnl_close(sock);
	if (err)
		error(STATUS_KERNEL,
		      "the prefixes of edge %s are changed, but not all of their routes", name);
	return err;
}
