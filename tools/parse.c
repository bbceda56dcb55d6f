// SPDX-License-Identifier: GPL-2.0
/* Arguments: words, keywords, values. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vpc.h>

#include "parse.h"

/* Words. */

/**
 * arg_is - take the next word if it is this one
 * @args: arguments
 * @word: what it may be
 */
bool arg_is(struct args *args, const char *word)
{
	if (!args->argc || strcmp(args->argv[0], word))
		return false;
	args->argv++;
	args->argc--;
	return true;
}

/**
 * arg_take - take the next word
 * @args: arguments
 * @what: what it is, for the message if there is none
 *
 * Return: the word, or NULL.
 */
const char *arg_take(struct args *args, const char *what)
{
	if (!args->argc) {
		error(STATUS_SYNTAX, "%s is missing: see \"vpc %s%shelp\"", what,
		      object_name, *object_name ? " " : "");
		return NULL;
	}
	args->argc--;
	return *args->argv++;
}

/**
 * arg_end - nothing may follow
 * @args: arguments
 */
int arg_end(const struct args *args)
{
	if (!args->argc)
		return STATUS_OK;
	return error(STATUS_SYNTAX, "unexpected argument \"%s\": nothing may follow here",
		     args->argv[0]);
}

#define MAX_WORD 32

/* Levenshtein's distance, in one row. */
static unsigned int distance(const char *a, const char *b)
{
	size_t len = strlen(b), i;
	unsigned int row[MAX_WORD + 1];

	if (len > MAX_WORD || strlen(a) > MAX_WORD)
		return MAX_WORD;
	for (i = 0; i <= len; i++)
		row[i] = i;
	for (; *a; a++) {
		unsigned int corner = row[0]++;

		for (i = 1; i <= len; i++) {
			unsigned int best = corner + (*a != b[i - 1]);

			if (best > row[i] + 1)
				best = row[i] + 1;
			if (best > row[i - 1] + 1)
				best = row[i - 1] + 1;
			corner = row[i];
			row[i] = best;
		}
	}
	return row[len];
}

/* The tables start with a name each. */
static const char *table_name(const void *names, size_t i, size_t size)
{
	return *(const char * const *)((const char *)names + i * size);
}

static int unknown_list(const char *what, const char *word, const void *names,
			size_t n, size_t size)
{
	char list[512];
	size_t len = 0, i;

	list[0] = '\0';
	for (i = 0; i < n && len < sizeof(list); i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				i ? ", " : "", table_name(names, i, size));
	return error(STATUS_SYNTAX, "unknown %s \"%s\": expected %s%s", what, word,
		     n > 1 ? "one of " : "", list);
}

/**
 * arg_unknown - complain about a word, and suggest a near one
 * @what: what it should be
 * @word: what it is
 * @names: a table of structures that start with a name
 * @n: entries
 * @size: of an entry
 */
int arg_unknown(const char *what, const char *word, const void *names, size_t n,
		size_t size)
{
	unsigned int best = MAX_WORD, d;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = table_name(names, i, size);

		d = distance(word, name);
		if (d < best && d < strlen(name)) {
			best = d;
			near = name;
		}
	}
	if (near && best <= 2)
		return error(STATUS_SYNTAX, "unknown %s \"%s\": did you mean \"%s\"?",
			     what, word, near);
	return unknown_list(what, word, names, n, size);
}

/**
 * arg_find - find what a word names, in full or by the beginning of its name
 * @what: what it should be
 * @word: the word
 * @names: a table of structures that start with a name, in the order in which
 *	abbreviations find them
 * @n: entries
 * @size: of an entry
 *
 * Return: the entry, or NULL after an error.
 */
const void *arg_find(const char *what, const char *word, const void *names, size_t n,
		     size_t size)
{
	size_t len = strlen(word), i;

	for (i = 0; i < n && len; i++) {
		if (!strncmp(word, table_name(names, i, size), len))
			return (const char *)names + i * size;
	}
	arg_unknown(what, word, names, n, size);
	return NULL;
}

/**
 * parse_keywords - take all keywords with their values
 * @args: arguments
 * @table: which there are
 * @n: how many
 * @ctx: for their functions
 */
int parse_keywords(struct args *args, const struct keyword *table, size_t n,
		   void *ctx)
{
	const char *value;
	size_t i;
	int err;

	while (args->argc) {
		for (i = 0; i < n && strcmp(args->argv[0], table[i].name); i++)
			;
		if (i == n)
			return arg_unknown("argument", args->argv[0], table, n,
					   sizeof(*table));
		args->argv++;
		args->argc--;
		value = NULL;
		if (table[i].value) {
			if (!args->argc)
				return error(STATUS_SYNTAX, "%s after \"%s\" is missing",
					     table[i].value, table[i].name);
			value = *args->argv++;
			args->argc--;
		}
		err = table[i].parse(ctx, value, args);
		if (err)
			return err;
	}
	return STATUS_OK;
}

/**
 * parse_once - a keyword may be given once
 * @given: bits of those that were
 * @bit: this one's
 * @keyword: its name
 */
int parse_once(uint64_t *given, unsigned int bit, const char *keyword)
{
	if (*given & UINT64_C(1) << bit)
		return error(STATUS_SYNTAX, "\"%s\" is given twice", keyword);
	*given |= UINT64_C(1) << bit;
	return STATUS_OK;
}

/* Values. */

/* A number in decimal, or with 0x in hexadecimal: digits and nothing else. */
static bool to_u64(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	const char *c = hex ? text + 2 : text;

	if (!*c || c[strspn(c, digits)])
		return false;
	errno = 0;
	*value = strtoull(c, NULL, hex ? 16 : 10);
	return !errno;
}

static bool to_u32(const char *text, uint32_t *value)
{
	uint64_t n;

	if (!to_u64(text, &n) || n > UINT32_MAX)
		return false;
	*value = n;
	return true;
}

int parse_u64(const char *what, const char *text, uint64_t *value)
{
	if (to_u64(text, value))
		return STATUS_OK;
	return error(STATUS_SYNTAX, "bad %s \"%s\": expected a number from 0 to %llu",
		     what, text, (unsigned long long)UINT64_MAX);
}

int parse_u32(const char *what, const char *text, uint32_t min, uint32_t max,
	      uint32_t *value)
{
	if (to_u32(text, value) && *value >= min && *value <= max)
		return STATUS_OK;
	return error(STATUS_SYNTAX, "bad %s \"%s\": expected a number from %u to %u",
		     what, text, min, max);
}

int parse_vpc_id(const char *text, uint32_t *id)
{
	if (to_u32(text, id) && *id >= VPC_ID_MIN && *id <= VPC_ID_MAX)
		return STATUS_OK;
	return error(STATUS_SYNTAX,
		     "bad VPC ID \"%s\": expected a number from %u to %u (0x for hexadecimal)",
		     text, VPC_ID_MIN, VPC_ID_MAX);
}

int parse_address(const char *what, const char *text, struct address *addr)
{
	addr->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	addr->len = addr->family == AF_INET6 ? 16 : 4;
	if (inet_pton(addr->family, text, addr->bytes) == 1)
		return STATUS_OK;
	return error(STATUS_SYNTAX, "bad %s \"%s\": expected an IPv4 or IPv6 address",
		     what, text);
}

int parse_ipv4(const char *what, const char *text, void *addr)
{
	if (inet_pton(AF_INET, text, addr) == 1)
		return STATUS_OK;
	return error(STATUS_SYNTAX, "bad %s \"%s\": expected an IPv4 address like 10.0.0.10",
		     what, text);
}

int parse_ipv6(const char *what, const char *text, void *addr)
{
	if (inet_pton(AF_INET6, text, addr) == 1)
		return STATUS_OK;
	return error(STATUS_SYNTAX, "bad %s \"%s\": expected an IPv6 address like fd00::10",
		     what, text);
}

/* Zero what is behind the first bits of an address.
 * Return: was anything set there?
 */
static bool trim_bits(uint8_t *bytes, unsigned int size, unsigned int len)
{
	bool set = false;
	unsigned int i;

	for (i = len; i < size * 8; i++) {
		uint8_t bit = 0x80 >> i % 8;

		set |= bytes[i / 8] & bit;
		bytes[i / 8] &= ~bit;
	}
	return set;
}

/* "ADDR/LEN" or, where a length is not needed, "ADDR". */
static bool split_prefix(const char *text, char *addr, bool *has_len, uint32_t *len)
{
	const char *slash = strchrnul(text, '/');

	*has_len = *slash;
	if (slash - text >= INET6_ADDRSTRLEN)
		return false;
	memcpy(addr, text, slash - text);
	addr[slash - text] = '\0';
	return !*has_len || to_u32(slash + 1, len);
}

static int bits_behind(const char *what, const char *text, int family,
		       const void *bytes, unsigned int len)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(family, bytes, addr, sizeof(addr));
	return error(STATUS_SYNTAX,
		     "bad %s \"%s\": bits behind the prefix length are set; expected something like %s/%u",
		     what, text, addr, len);
}

int parse_prefix(const char *what, const char *text, struct prefix *prefix)
{
	char addr[INET6_ADDRSTRLEN];
	uint32_t len = 0;
	bool has_len;

	if (!split_prefix(text, addr, &has_len, &len) || len < 1 || len > 128 ||
	    inet_pton(AF_INET6, addr, &prefix->addr) != 1)
		return error(STATUS_SYNTAX,
			     "bad %s \"%s\": expected an IPv6 prefix like fd00::/64, of length 1 to 128",
			     what, text);
	prefix->len = len;
	if (!trim_bits(prefix->addr.s6_addr, 16, len))
		return STATUS_OK;
	return bits_behind(what, text, AF_INET6, &prefix->addr, len);
}

/* A prefix of either family; an address alone is one of full length. */
int parse_subnet(const char *what, const char *text, struct subnet *subnet)
{
	struct address *to = &subnet->addr;
	char addr[INET6_ADDRSTRLEN];
	uint32_t len;
	bool has_len;

	to->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	to->len = to->family == AF_INET6 ? 16 : 4;
	len = to->len * 8;
	if (!split_prefix(text, addr, &has_len, &len) || len > to->len * 8 ||
	    inet_pton(to->family, addr, to->bytes) != 1)
		return error(STATUS_SYNTAX,
			     "bad %s \"%s\": expected a prefix like 10.0.1.0/24 or fd01::/64",
			     what, text);
	subnet->len = len;
	if (!trim_bits(to->bytes, to->len, len))
		return STATUS_OK;
	return bits_behind(what, text, to->family, to->bytes, len);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool to_mac(const char *c, uint8_t *mac)
{
	int i, high, low;

	for (i = 0; i < 6; i++) {
		if (i && *c != ':' && *c != '-')
			return false;
		c += i > 0;
		high = hex_digit(c[0]);
		if (high < 0)
			return false;
		low = hex_digit(c[1]);
		if (low < 0)
			return false;
		mac[i] = high << 4 | low;
		c += 2;
	}
	return !*c;
}

int parse_mac(const char *text, uint8_t *mac)
{
	static const uint8_t zero[6];

	if (!to_mac(text, mac))
		return error(STATUS_SYNTAX,
			     "bad MAC \"%s\": expected six octets like cc:2a:2a:00:00:0a",
			     text);
	if (mac[0] & 1 || !memcmp(mac, zero, sizeof(zero)))
		return error(STATUS_SYNTAX,
			     "bad MAC \"%s\": expected a unicast address: not zero, first octet even",
			     text);
	return STATUS_OK;
}

int parse_onoff(const char *what, const char *text, uint8_t *value)
{
	*value = !strcmp(text, "on");
	if (*value || !strcmp(text, "off"))
		return STATUS_OK;
	return error(STATUS_SYNTAX, "bad %s \"%s\": expected \"on\" or \"off\"", what, text);
}

/* What the kernel takes as a name of a device. */
int parse_ifname(const char *what, const char *text)
{
	const char *c;

	if (!*text || strlen(text) >= IFNAMSIZ || !strcmp(text, ".") || !strcmp(text, ".."))
		goto bad;
	for (c = text; *c; c++)
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c))
			goto bad;
	return STATUS_OK;

bad:
	return error(STATUS_SYNTAX,
		     "bad %s \"%s\": expected a device name of 1 to %d characters without \"/\", \":\" and spaces",
		     what, text, IFNAMSIZ - 1);
}

int parse_ifindex(const char *what, const char *text, uint32_t *ifindex)
{
	int err;

	err = parse_ifname(what, text);
	if (err)
		return err;
	*ifindex = if_nametoindex(text);
	if (*ifindex)
		return STATUS_OK;
	return error(STATUS_SYNTAX, "bad %s \"%s\": expected a device that exists here",
		     what, text);
}

/* Those that matter here, for hosts without /etc/protocols. */
static const struct {
	const char	*name;
	uint8_t		number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP },
	{ "dccp", IPPROTO_DCCP },
	{ "udplite", IPPROTO_UDPLITE },
	{ "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "ipip", IPPROTO_IPIP },
	{ "homa", 146 },
};

int parse_protocol(const char *text, uint8_t *protocol)
{
	const struct protoent *entry;
	uint32_t number;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (!strcmp(text, protocols[i].name)) {
			*protocol = protocols[i].number;
			return STATUS_OK;
		}
	}
	if (to_u32(text, &number) && number <= UINT8_MAX) {
		*protocol = number;
		return STATUS_OK;
	}
	entry = getprotobyname(text);
	if (entry) {
		*protocol = entry->p_proto;
		return STATUS_OK;
	}
	return error(STATUS_SYNTAX,
		     "bad proto \"%s\": expected a name like tcp, or a number from 0 to 255",
		     text);
}

const char *protocol_name(uint8_t protocol)
{
	static char number[4];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	snprintf(number, sizeof(number), "%u", protocol);
	return number;
}
