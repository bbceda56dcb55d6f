/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of the namespace and of VPCs. */
#ifndef _STATS_H
#define _STATS_H

#include "collect.h"

int stats_get_totals(struct nests *list);
int stats_get_vpcs(uint32_t id, struct nests *list);
int stats_prometheus(struct args *args);

#endif /* _STATS_H */
