/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink. */
#ifndef _GENL_H
#define _GENL_H

#include <libmnl/libmnl.h>

#include "extack.h"

/* Holds the largest request, which is one nest, and the largest answer. */
#define GENL_BUFFER	(80 * 1024)

struct nlmsghdr *genl_start(char *buf, uint8_t cmd, uint16_t flags);
int genl_send(struct nlmsghdr *nlh, mnl_cb_t cb, void *data, struct extack *ext);
int genl_talk(struct nlmsghdr *nlh, mnl_cb_t cb, void *data);
int genl_dump(struct nlmsghdr *nlh, mnl_cb_t cb, void (*restart)(void *data),
	      void *data);
int genl_listen(const char *group, const uint8_t *cmds, unsigned int n, mnl_cb_t cb,
		void (*lost)(void));

#endif /* _GENL_H */
