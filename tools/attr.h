/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the attributes of the interface are called and hold.
 *
 * Answers are checked against these tables before they are used, and refusals
 * of the kernel are explained with them.
 */
#ifndef _ATTR_H
#define _ATTR_H

#include <libmnl/libmnl.h>

#include "tool.h"

enum attr_kind {
	ATTR_UNKNOWN,
	ATTR_NEST,
	ATTR_U8,
	ATTR_U16,
	ATTR_U32,
	ATTR_ONOFF,		/* u8 */
	ATTR_HEX8,		/* u8 */
	ATTR_STATE,		/* u8 */
	ATTR_IFINDEX,		/* u32 */
	ATTR_STRING,
	ATTR_FLAG,
	ATTR_IPV4,
	ATTR_IPV6,
	ATTR_ADDRESS,		/* either of them */
	ATTR_MAC,
	ATTR_PREFIX,		/* nest of address and length */
	ATTR_LENGTH,		/* u8, of the address before it */
	ATTR_ROUTE_KIND,	/* u8 */
	ATTR_HASH,		/* u8 */
	ATTR_VIA,		/* struct vpc_via */
	ATTR_COUNTERS,		/* nest of u64 */
	ATTR_U64,
	ATTR_KEY,		/* 32 bytes */
	ATTR_KEY_NEST,		/* nest of a key and what is known of it */
	ATTR_ENCRYPT,		/* u8 */
	ATTR_CIPHER,		/* u8 */
};

/**
 * struct attr_info - one attribute
 * @name: the keyword
 * @kind: what it holds
 * @nest: what is in the nest
 * @key: the key in JSON, if it is another word
 */
struct attr_info {
	const char			*name;
	enum attr_kind			kind;
	const struct attr_table		*nest;
	const char			*key;
};

struct attr_table {
	const struct attr_info	*info;
	unsigned int		n;
};

extern const struct attr_table attr_top;
extern const struct attr_table attr_edge;
extern const struct attr_table attr_endpoint;
extern const struct attr_table attr_vpc;
extern const struct attr_table attr_route;
extern const struct attr_table attr_peer;
extern const struct attr_table attr_trace;
extern const struct attr_table attr_step;
extern const struct attr_table attr_prefix;
extern const struct attr_table attr_key;
extern const struct attr_table attr_remote;
extern const struct attr_table attr_pair;

#define ATTR_TEXT_SIZE	64

void attrs_parse(const struct nlattr *nest, const struct attr_table *table,
		 const struct nlattr **tb);
bool attr_valid(const struct nlattr *attr, const struct attr_table *table);
const char *attr_text(const struct nlattr *attr, const struct attr_info *info,
		      char *text);
const struct nlattr *remote_name(const struct nlattr *nest);
const struct nlattr *message_attr(const struct nlmsghdr *nlh, uint16_t type);

const char *state_name(unsigned int state);
int parse_state(const char *text, uint8_t *state);
const char *route_kind_name(unsigned int kind);
int parse_hash(const char *text, uint8_t *hash);

#endif /* _ATTR_H */
