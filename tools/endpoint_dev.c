// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints whose device goes to another network namespace.
 *
 * The kernel makes the device there; what makes it a container's NIC is done
 * here: addresses, routes, up.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attr.h"
#include "endpoint.h"
#include "genl.h"
#include "netns.h"
#include "rtnl.h"

static bool endpoint_has(const struct endpoint *ep, const struct address *addr)
{
	unsigned int i;

	for (i = 0; i < ep->n_addrs; i++)
		if (ep->addr[i].family == addr->family &&
		    !memcmp(ep->addr[i].bytes, addr->bytes, addr->len))
			return true;
	return false;
}

/* Take away what the endpoint had and does not have any more. */
static int remove_addresses(struct nl_sock *sock, const struct endpoint *ep,
			    const struct nests *old)
{
	const struct nlattr *attr;
	struct address addr;
	int err = STATUS_OK;

	if (!old->n)
		return STATUS_OK;
	mnl_attr_for_each_nested(attr, old->nest[0]) {
		if (!attr_valid(attr, &attr_endpoint))
			continue;
		switch (mnl_attr_get_type(attr)) {
		case VPC_ENDPOINT_A_IPV4:
		case VPC_ENDPOINT_A_RETIRED_IPV4:
			addr.family = AF_INET;
			addr.len = 4;
			break;
		case VPC_ENDPOINT_A_IPV6:
		case VPC_ENDPOINT_A_RETIRED_IPV6:
			addr.family = AF_INET6;
			addr.len = 16;
			break;
		default:
			continue;
		}
		memcpy(addr.bytes, mnl_attr_get_payload(attr), addr.len);
		if (!err && !endpoint_has(ep, &addr))
			err = rtnl_del_address(sock, ep->dev, &addr);
	}
	return err;
}

static int add_default_routes(struct nl_sock *sock, const struct endpoint *ep)
{
	static const int families[] = { AF_INET, AF_INET6 };
	unsigned int i, k;
	int err = STATUS_OK;

	for (k = 0; k < ARRAY_SIZE(families) && !err; k++) {
		for (i = 0; i < ep->n_addrs && ep->addr[i].family != families[k]; i++)
			;
		if (i < ep->n_addrs)
			err = rtnl_add_default_route(sock, ep->dev, families[k]);
	}
	return err;
}

static int configure(struct nl_sock *sock, const struct endpoint *ep,
		     const struct nests *old)
{
	unsigned int i;
	int err;

	err = rtnl_set_link(sock, "lo", true);
	if (!err)
		err = remove_addresses(sock, ep, old);
	for (i = 0; i < ep->n_addrs && !err; i++)
		err = rtnl_add_address(sock, ep->dev, &ep->addr[i]);
	if (!err)
		err = rtnl_set_link(sock, ep->dev, true);
	if (!err && !ep->nodefault)
		err = add_default_routes(sock, ep);
	return err;
}

static int configure_there(int netns, const struct endpoint *ep,
			   const struct nests *old)
{
	struct nl_sock *sock;
	int err, back;

	err = netns_visit(netns);
	if (err)
		return err;
	sock = rtnl_open();
	err = sock ? configure(sock, ep, old) : STATUS_KERNEL;
	if (sock)
		rtnl_close(sock);
	back = netns_return();
	return err ? err : back;
}

/* Ask for what is to be replaced.  It need not exist. */
static void get_old(const struct endpoint *ep, uint8_t cmd, struct nests *old)
{
	memset(old, 0, sizeof(*old));
	if (cmd == VPC_CMD_ENDPOINT_REPLACE && endpoint_get(ep, old))
		free(errors_take());
}

static void undo(const struct endpoint *ep, const struct nests *old)
{
	struct endpoint key = { .vpc = ep->vpc, .sid = ep->sid, .now = true };
	char buf[256];
	struct nlmsghdr *nlh;

	if (old->n) {
		error(STATUS_KERNEL, "the endpoint is replaced nevertheless");
		return;
	}
	nlh = genl_start(buf, VPC_CMD_ENDPOINT_DEL, 0);
	endpoint_put(nlh, &key, -1);
	if (!genl_talk(nlh, NULL, NULL))
		error(STATUS_KERNEL, "the endpoint was removed again");
}

/**
 * endpoint_make_device - make an endpoint and set its device up
 * @ep: the endpoint, with a namespace
 * @cmd: &enum vpc_cmd, to add or to replace it
 */
int endpoint_make_device(const struct endpoint *ep, uint8_t cmd)
{
	char buf[4096];
	struct nlmsghdr *nlh;
	struct nests old;
	int netns, err;

	err = netns_open(ep->netns, &netns);
	if (err)
		return err;
	get_old(ep, cmd, &old);
	nlh = genl_start(buf, cmd, 0);
	endpoint_put(nlh, ep, netns);
	err = genl_talk(nlh, NULL, NULL);
	if (!err) {
		err = configure_there(netns, ep, &old);
		if (err)
			undo(ep, &old);
	}
	collect_free(&old);
	close(netns);
	return err;
}
