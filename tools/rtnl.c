// SPDX-License-Identifier: GPL-2.0
/* What the kernel's own netlink does: links, addresses, routes. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vpc.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <string.h>

#include "extack.h"
#include "rtnl.h"

/* From net/if.h, which does not go with linux/if.h. */
unsigned int if_nametoindex(const char *name);

/* The gateways that every endpoint has. */
#define GATEWAY4	"169.254.1.1"
#define GATEWAY6	"fe80::1"

/* Router advertisements make a route of metric 1024.  The kernel complains if
 * it is there already.
 */
#define DEFAULT_METRIC6	512

static struct extack answer;

static int keep_answer(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	(void)from;
	(void)arg;
	extack_parse((const struct nlmsghdr *)err - 1, &answer);
	return NL_STOP;
}

/**
 * rtnl_open - open a socket in the current namespace
 *
 * Return: the socket; or NULL, and an error is held.
 */
struct nl_sock *rtnl_open(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	int on = 1, err;

	if (!sock) {
		error(STATUS_KERNEL, "no memory for a socket");
		return NULL;
	}
	err = nl_connect(sock, NETLINK_ROUTE);
	if (err) {
		error(STATUS_KERNEL, "opening rtnetlink: %s", nl_geterror(err));
		nl_socket_free(sock);
		return NULL;
	}
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, keep_answer, NULL);
	return sock;
}

void rtnl_close(struct nl_sock *sock)
{
	nl_socket_free(sock);
}

/* The error of a request: what the kernel said if it was the kernel. */
static int rtnl_error(int err, const char *doing, const char *what, const char *dev)
{
	const char *reason = nl_geterror(err);

	if (answer.error)
		reason = answer.message[0] ? answer.message : strerror(answer.error);
	return error(STATUS_KERNEL, "%s %s%s%s: %s", doing, what,
		     dev ? " on " : "", dev ? dev : "", reason);
}

static int rtnl_ifindex(const char *dev, int *ifindex)
{
	*ifindex = if_nametoindex(dev);
	if (*ifindex)
		return STATUS_OK;
	return error(STATUS_KERNEL, "there is no device %s in the namespace", dev);
}

/* Links. */

int rtnl_set_link(struct nl_sock *sock, const char *dev, bool up)
{
	struct rtnl_link *link, *change;
	int ifindex, err;

	if (rtnl_ifindex(dev, &ifindex))
		return STATUS_KERNEL;
	link = rtnl_link_alloc();
	change = rtnl_link_alloc();
	err = -NLE_NOMEM;
	memset(&answer, 0, sizeof(answer));
	if (link && change) {
		rtnl_link_set_ifindex(link, ifindex);
		if (up)
			rtnl_link_set_flags(change, IFF_UP);
		else
			rtnl_link_unset_flags(change, IFF_UP);
		err = rtnl_link_change(sock, link, change, 0);
	}
	rtnl_link_put(change);
	rtnl_link_put(link);
	return err ? rtnl_error(err, up ? "bringing up" : "taking down", dev, NULL) :
		     STATUS_OK;
}

int rtnl_link_is_up(struct nl_sock *sock, const char *dev, bool *up)
{
	struct rtnl_link *link;
	int ifindex, err;

	if (rtnl_ifindex(dev, &ifindex))
		return STATUS_KERNEL;
	memset(&answer, 0, sizeof(answer));
	err = rtnl_link_get_kernel(sock, ifindex, NULL, &link);
	if (err)
		return rtnl_error(err, "reading", dev, NULL);
	*up = rtnl_link_get_flags(link) & IFF_UP;
	rtnl_link_put(link);
	return STATUS_OK;
}

/* Addresses. */

static int change_address(struct nl_sock *sock, const char *dev,
			  const struct address *addr, bool add)
{
	struct nl_addr *local = nl_addr_build(addr->family, addr->bytes, addr->len);
	struct rtnl_addr *a = rtnl_addr_alloc();
	char text[INET6_ADDRSTRLEN];
	int ifindex, err;

	err = rtnl_ifindex(dev, &ifindex);
	if (err)
		goto out;
	err = -NLE_NOMEM;
	memset(&answer, 0, sizeof(answer));
	if (local && a) {
		rtnl_addr_set_ifindex(a, ifindex);
		rtnl_addr_set_local(a, local);
		/* The edge knows that the address is free. */
		if (addr->family == AF_INET6)
			rtnl_addr_set_flags(a, IFA_F_NODAD);
		err = add ? rtnl_addr_add(sock, a, NLM_F_REPLACE) :
			    rtnl_addr_delete(sock, a, 0);
	}
	if (!add && answer.error == EADDRNOTAVAIL)
		err = 0;
	if (err)
		err = rtnl_error(err, add ? "adding address" : "removing address",
				 inet_ntop(addr->family, addr->bytes, text,
					   sizeof(text)), dev);
out:
	rtnl_addr_put(a);
	nl_addr_put(local);
	return err;
}

int rtnl_add_address(struct nl_sock *sock, const char *dev, const struct address *addr)
{
	return change_address(sock, dev, addr, true);
}

/* It is no error if the address is not there. */
int rtnl_del_address(struct nl_sock *sock, const char *dev, const struct address *addr)
{
	return change_address(sock, dev, addr, false);
}

/* Routes. */

static struct rtnl_route *new_route(int family, int ifindex, const void *dst,
				    unsigned int prefixlen)
{
	static const uint8_t zero[16];
	struct rtnl_nexthop *nh = rtnl_route_nh_alloc();
	struct rtnl_route *route = rtnl_route_alloc();
	struct nl_addr *addr;

	addr = nl_addr_build(family, dst ? dst : zero, family == AF_INET ? 4 : 16);
	if (!nh || !route || !addr)
		goto err;
	nl_addr_set_prefixlen(addr, prefixlen);
	rtnl_route_set_family(route, family);
	rtnl_route_set_dst(route, addr);
	rtnl_route_set_scope(route, RT_SCOPE_UNIVERSE);
	rtnl_route_set_protocol(route, VPC_RTPROT);
	rtnl_route_set_type(route, RTN_UNICAST);
	rtnl_route_nh_set_ifindex(nh, ifindex);
	rtnl_route_add_nexthop(route, nh);
	nl_addr_put(addr);
	return route;

err:
	nl_addr_put(addr);
	rtnl_route_put(route);
	if (nh)
		rtnl_route_nh_free(nh);
	return NULL;
}

/**
 * rtnl_add_default_route - send everything to the edge
 * @sock: socket in the device's namespace
 * @dev: device of an endpoint
 * @family: AF_INET or AF_INET6
 */
int rtnl_add_default_route(struct nl_sock *sock, const char *dev, int family)
{
	const char *text = family == AF_INET ? GATEWAY4 : GATEWAY6;
	struct nl_addr *gateway = NULL;
	struct rtnl_route *route;
	uint8_t bytes[16];
	int ifindex, err;

	err = rtnl_ifindex(dev, &ifindex);
	if (err)
		return err;
	inet_pton(family, text, bytes);
	gateway = nl_addr_build(family, bytes, family == AF_INET ? 4 : 16);
	route = new_route(family, ifindex, NULL, 0);
	err = -NLE_NOMEM;
	memset(&answer, 0, sizeof(answer));
	if (gateway && route) {
		rtnl_route_nh_set_gateway(rtnl_route_nexthop_n(route, 0), gateway);
		rtnl_route_set_flags(route, RTNH_F_ONLINK);
		if (family == AF_INET6)
			rtnl_route_set_priority(route, DEFAULT_METRIC6);
		err = rtnl_route_add(sock, route, NLM_F_REPLACE);
	}
	rtnl_route_put(route);
	nl_addr_put(gateway);
	return err ? rtnl_error(err, "adding the default route via", text, dev) :
		     STATUS_OK;
}

static const char *prefix_text(const struct prefix *prefix)
{
	static char text[INET6_ADDRSTRLEN + 4];

	inet_ntop(AF_INET6, &prefix->addr, text, INET6_ADDRSTRLEN);
	sprintf(text + strlen(text), "/%u", prefix->len);
	return text;
}

/**
 * rtnl_add_prefix_route - make the route of an edge's prefix
 * @sock: socket
 * @dev: the edge
 * @prefix: the prefix
 * @may_exist: it is no error if this very route exists
 */
int rtnl_add_prefix_route(struct nl_sock *sock, const char *dev,
			  const struct prefix *prefix, bool may_exist)
{
	struct rtnl_route *route;
	int ifindex, err;

	err = rtnl_ifindex(dev, &ifindex);
	if (err)
		return err;
	route = new_route(AF_INET6, ifindex, &prefix->addr, prefix->len);
	err = -NLE_NOMEM;
	memset(&answer, 0, sizeof(answer));
	if (route)
		err = rtnl_route_add(sock, route, may_exist ? 0 : NLM_F_EXCL);
	rtnl_route_put(route);
	if (may_exist && answer.error == EEXIST)
		return STATUS_OK;
	return err ? rtnl_error(err, "adding the route of", prefix_text(prefix), dev) :
		     STATUS_OK;
}

/* It is no error if the route is not there. */
int rtnl_del_prefix_route(struct nl_sock *sock, const char *dev,
			  const struct prefix *prefix)
{
	struct rtnl_route *route;
	int ifindex, err;

	err = rtnl_ifindex(dev, &ifindex);
	if (err)
		return err;
	route = new_route(AF_INET6, ifindex, &prefix->addr, prefix->len);
	err = -NLE_NOMEM;
	memset(&answer, 0, sizeof(answer));
	if (route)
		err = rtnl_route_delete(sock, route, 0);
	rtnl_route_put(route);
	if (answer.error == ESRCH)
		return STATUS_OK;
	return err ? rtnl_error(err, "removing the route of", prefix_text(prefix), dev) :
		     STATUS_OK;
}

/* Namespaces. */

static int parse_nsid(struct nl_msg *msg, void *arg)
{
	struct nlattr *attr = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct rtgenmsg),
					      NETNSA_NSID);

	if (attr)
		*(int *)arg = nla_get_s32(attr);
	return NL_OK;
}

/**
 * rtnl_get_nsid - ask for the id that this namespace has for another
 * @sock: socket
 * @fd: the other
 * @nsid: the id, or -1
 *
 * Return: 0 or an error of libnl; no error is held.
 */
int rtnl_get_nsid(struct nl_sock *sock, int fd, int *nsid)
{
	struct rtgenmsg gen = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *msg;
	int err;

	*nsid = NETNSA_NSID_NOT_ASSIGNED;
	msg = nlmsg_alloc_simple(RTM_GETNSID, 0);
	if (!msg)
		return -NLE_NOMEM;
	err = nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO);
	if (!err)
		err = nla_put_u32(msg, NETNSA_FD, fd);
	if (!err)
		err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	if (err < 0)
		return err;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, parse_nsid, nsid);
	err = nl_recvmsgs_default(sock);
	if (!err)
		err = nl_wait_for_ack(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return err;
}
