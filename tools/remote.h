/* SPDX-License-Identifier: GPL-2.0 */
/* Remotes: what the commands share. */
#ifndef _REMOTE_H
#define _REMOTE_H

#include <linux/vpc.h>

#include "collect.h"
#include "parse.h"

/* remote_show.c */
int remote_get_all(struct nests *list);
void remote_print(const char *key, const struct nlattr *nest);
int remote_show(struct args *args);

#endif /* _REMOTE_H */
