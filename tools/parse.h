/* SPDX-License-Identifier: GPL-2.0 */
/* Arguments: words, keywords, values.  What is wrong gets its message here. */
#ifndef _PARSE_H
#define _PARSE_H

#include <netinet/in.h>

#include "tool.h"

struct prefix {
	struct in6_addr	addr;
	uint8_t		len;
};

/**
 * struct address - of either family
 * @family: AF_INET or AF_INET6
 * @len: 4 or 16
 */
struct address {
	int		family;
	unsigned int	len;
	uint8_t		bytes[16];
};

/**
 * struct keyword - a word that sets something
 * @name: the word, which has no abbreviations
 * @value: what follows it, in capitals for messages; NULL if nothing
 * @parse: gets the value and, for what takes more words, the rest
 */
struct keyword {
	const char	*name;
	const char	*value;
	int		(*parse)(void *ctx, const char *value, struct args *rest);
};

/**
 * struct subnet - a prefix of either family
 * @addr: its address, with nothing behind the length
 * @len: its length
 */
struct subnet {
	struct address	addr;
	uint8_t		len;
};

bool arg_is(struct args *args, const char *word);
const char *arg_take(struct args *args, const char *what);
int arg_end(const struct args *args);
int arg_unknown(const char *what, const char *word, const void *names, size_t n,
		size_t size);
const void *arg_find(const char *what, const char *word, const void *names, size_t n,
		     size_t size);
int parse_keywords(struct args *args, const struct keyword *table, size_t n,
		   void *ctx);
int parse_once(uint64_t *given, unsigned int bit, const char *keyword);

int parse_u64(const char *what, const char *text, uint64_t *value);
int parse_u32(const char *what, const char *text, uint32_t min, uint32_t max,
	      uint32_t *value);
int parse_vpc_id(const char *text, uint32_t *id);
int parse_address(const char *what, const char *text, struct address *addr);
int parse_ipv4(const char *what, const char *text, void *addr);
int parse_ipv6(const char *what, const char *text, void *addr);
int parse_prefix(const char *what, const char *text, struct prefix *prefix);
int parse_subnet(const char *what, const char *text, struct subnet *subnet);
int parse_mac(const char *text, uint8_t *mac);
int parse_onoff(const char *what, const char *text, uint8_t *value);
int parse_ifname(const char *what, const char *text);
int parse_ifindex(const char *what, const char *text, uint32_t *ifindex);
int parse_protocol(const char *text, uint8_t *protocol);
const char *protocol_name(uint8_t protocol);

#endif /* _PARSE_H */
