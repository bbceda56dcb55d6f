/* SPDX-License-Identifier: GPL-2.0 */
/* What an event has changed about an object. */
#ifndef _CHANGES_H
#define _CHANGES_H

#include "attr.h"
#include "collect.h"

void changes_learn(uint16_t type, struct nests *list);
void changes_note(uint16_t type, const struct nlattr *nest, bool gone);
void changes_print(uint16_t type, const struct nlattr *nest);

#endif /* _CHANGES_H */
