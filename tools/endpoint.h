/* SPDX-License-Identifier: GPL-2.0 */
/* Endpoints: what the commands share. */
#ifndef _ENDPOINT_H
#define _ENDPOINT_H

#include <linux/if.h>
#include <linux/vpc.h>

#include "collect.h"
#include "parse.h"

/**
 * struct endpoint - an endpoint as arguments describe it
 * @given: bits of the keywords that were given
 * @vpc: VPC id
 * @sid: its SID
 * @mac: its MAC
 * @state: &enum vpc_state, or 0
 * @now: delete it without grace
 * @nodefault: its device gets no default routes
 * @netns: name of the namespace for its device, or NULL
 * @dev: its device, if it is local
 * @edge: and the edge
 * @n_addrs: how many addresses
 * @addr: its overlay addresses
 */
struct endpoint {
	uint64_t	given;
	uint32_t	vpc;
	struct in6_addr	sid;
	uint8_t		mac[6];
	uint8_t		state;
	bool		now;
	bool		nodefault;
	const char	*netns;
	char		dev[IFNAMSIZ];
	char		edge[IFNAMSIZ];
	unsigned int	n_addrs;
	struct address	addr[VPC_MAX_ADDRS];
};

void endpoint_put(struct nlmsghdr *nlh, const struct endpoint *ep, int netns_fd);
int endpoint_parse_key(struct args *args, struct endpoint *ep);

/* endpoint_dev.c */
int endpoint_make_device(const struct endpoint *ep, uint8_t cmd);

/* endpoint_show.c */
int endpoint_get(const struct endpoint *ep, struct nests *list);
int endpoint_get_all(uint32_t vpc, struct nests *list);
void endpoint_print(const char *key, const struct nlattr *nest);
int endpoint_show(struct args *args);

#endif /* _ENDPOINT_H */
