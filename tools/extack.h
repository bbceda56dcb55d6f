/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's extended answers. */
#ifndef _EXTACK_H
#define _EXTACK_H

#include <libmnl/libmnl.h>

#include "attr.h"

/**
 * struct extack - an answer
 * @error: errno, or 0
 * @message: its text, empty if there is none
 * @offset: of the attribute that it is about, from the request's header, or 0
 * @missing: type of the attribute that is missing, or 0
 * @missing_in: offset of the nest that lacks it, or 0
 * @ranged: there is a range of values that would have been accepted:
 * @min: from
 * @max: to
 */
struct extack {
	int		error;
	char		message[256];
	uint32_t	offset;
	uint32_t	missing;
	uint32_t	missing_in;
	bool		ranged;
	unsigned long long min;
	unsigned long long max;
};

void extack_parse(const struct nlmsghdr *nlh, struct extack *ext);
void object_title(const struct nlattr *attr, const struct attr_info *info, char *text,
		  size_t size);
int extack_error(const struct nlmsghdr *request, const struct extack *ext);

#endif /* _EXTACK_H */
