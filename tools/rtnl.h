/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's own netlink does: links, addresses, routes.
 *
 * Each function holds an error that starts with what was being done.
 */
#ifndef _RTNL_H
#define _RTNL_H

#include <netlink/socket.h>

#include "parse.h"

struct nl_sock *rtnl_open(void);
void rtnl_close(struct nl_sock *sock);

int rtnl_set_link(struct nl_sock *sock, const char *dev, bool up);
int rtnl_link_is_up(struct nl_sock *sock, const char *dev, bool *up);
int rtnl_add_address(struct nl_sock *sock, const char *dev,
		     const struct address *addr);
int rtnl_del_address(struct nl_sock *sock, const char *dev,
		     const struct address *addr);
int rtnl_add_default_route(struct nl_sock *sock, const char *dev, int family);
int rtnl_add_prefix_route(struct nl_sock *sock, const char *dev,
			  const struct prefix *prefix, bool may_exist);
int rtnl_del_prefix_route(struct nl_sock *sock, const char *dev,
			  const struct prefix *prefix);
int rtnl_get_nsid(struct nl_sock *sock, int fd, int *nsid);

#endif /* _RTNL_H */
