/* SPDX-License-Identifier: GPL-2.0 */
/* Named network namespaces, as "ip netns" keeps them. */
#ifndef _NETNS_H
#define _NETNS_H

#include "tool.h"

int netns_open(const char *name, int *fd);
int netns_enter(const char *name);
int netns_visit(int fd);
int netns_return(void);
const char *netns_name(int nsid);
void netns_forget(void);

#endif /* _NETNS_H */
