/* SPDX-License-Identifier: GPL-2.0 */
/* Peerings. */
#ifndef _PEER_H
#define _PEER_H

#include "collect.h"

int peer_get_all(uint32_t vpc, struct nests *list);
void peer_print(const char *key, const struct nlattr *nest);

#endif /* _PEER_H */
