// SPDX-License-Identifier: GPL-2.0
/* What the attributes of the interface are called and hold. */

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/vpc.h>

#include "attr.h"
#include "key.h"
#include "parse.h"

static const struct attr_info prefix_info[] = {
	[VPC_PREFIX_A_ADDR]	= { "address", ATTR_IPV6 },
	[VPC_PREFIX_A_LEN]	= { "length", ATTR_U8 },
};

const struct attr_table attr_prefix = { prefix_info, ARRAY_SIZE(prefix_info) };

static const struct attr_info key_info[] = {
	[VPC_KEY_A_PUBLIC]	= { "key", ATTR_KEY },
	[VPC_KEY_A_ID]		= { "id", ATTR_U16 },
	[VPC_KEY_A_EXPIRES]	= { "expires", ATTR_U32 },
	[VPC_KEY_A_REPLACED]	= { "replaced", ATTR_FLAG },
};

const struct attr_table attr_key = { key_info, ARRAY_SIZE(key_info) };

static const struct attr_info edge_info[] = {
	[VPC_EDGE_A_NAME]		= { "name", ATTR_STRING },
	[VPC_EDGE_A_IFINDEX]		= { "ifindex", ATTR_U32 },
	[VPC_EDGE_A_LOCATOR]		= { "locator", ATTR_PREFIX, &attr_prefix },
	[VPC_EDGE_A_PREFIX]		= { "prefix", ATTR_PREFIX, &attr_prefix,
					    .key = "prefixes" },
	[VPC_EDGE_A_PREFIX_DEL]		= { "prefix del", ATTR_PREFIX, &attr_prefix },
	[VPC_EDGE_A_FABRIC]		= { "fabric", ATTR_IFINDEX },
	[VPC_EDGE_A_FABRIC_DEL]		= { "fabric del", ATTR_IFINDEX },
	[VPC_EDGE_A_FABRIC_ANY]		= { "fabric any", ATTR_ONOFF, .key = "fabric_any" },
	[VPC_EDGE_A_MTU]		= { "mtu", ATTR_U32 },
	[VPC_EDGE_A_MAX_SEGMENTS]	= { "max-segments", ATTR_U8, .key = "max_segments" },
	[VPC_EDGE_A_SHORT]		= { "short", ATTR_ONOFF },
	[VPC_EDGE_A_GRACE]		= { "grace", ATTR_U32 },
	[VPC_EDGE_A_OPTION_TYPE]	= { "option-type", ATTR_HEX8, .key = "option_type" },
	[VPC_EDGE_A_DEFAULT_MTU]	= { "mtu", ATTR_U32 },
	[VPC_EDGE_A_ENDPOINTS]		= { "endpoints", ATTR_U32 },
	[VPC_EDGE_A_STATS]		= { "stats", ATTR_COUNTERS },
	[VPC_EDGE_A_ENCRYPT]		= { "encrypt", ATTR_ENCRYPT },
	[VPC_EDGE_A_CIPHER]		= { "cipher", ATTR_CIPHER },
	[VPC_EDGE_A_KEY_GRACE]		= { "key-grace", ATTR_U32, .key = "key_grace" },
	[VPC_EDGE_A_KEY]		= { "key", ATTR_KEY_NEST, &attr_key, .key = "keys" },
	[VPC_EDGE_A_NOW]		= { "now", ATTR_FLAG },
};

const struct attr_table attr_edge = { edge_info, ARRAY_SIZE(edge_info) };

static const struct attr_info endpoint_info[] = {
	[VPC_ENDPOINT_A_VPC]		= { "ID", ATTR_U32, .key = "vpc" },
	[VPC_ENDPOINT_A_SID]		= { "SID", ATTR_IPV6, .key = "sid" },
	[VPC_ENDPOINT_A_MAC]		= { "MAC", ATTR_MAC, .key = "mac" },
	[VPC_ENDPOINT_A_IPV4]		= { "-4", ATTR_IPV4, .key = "ipv4" },
	[VPC_ENDPOINT_A_IPV6]		= { "-6", ATTR_IPV6, .key = "ipv6" },
	[VPC_ENDPOINT_A_STATE]		= { "state", ATTR_STATE },
	[VPC_ENDPOINT_A_EDGE]		= { "edge", ATTR_STRING },
	[VPC_ENDPOINT_A_DEV]		= { "device", ATTR_STRING, .key = "dev" },
	[VPC_ENDPOINT_A_NETNS_FD]	= { "netns", ATTR_U32 },
	[VPC_ENDPOINT_A_NOW]		= { "now", ATTR_FLAG },
	[VPC_ENDPOINT_A_IFINDEX]	= { "ifindex", ATTR_U32 },
	[VPC_ENDPOINT_A_NETNSID]	= { "netnsid", ATTR_U32 },
	[VPC_ENDPOINT_A_STATS]		= { "stats", ATTR_COUNTERS },
	[VPC_ENDPOINT_A_RETIRED_IPV4]	= { "retired -4", ATTR_IPV4, .key = "retired_ipv4" },
	[VPC_ENDPOINT_A_RETIRED_IPV6]	= { "retired -6", ATTR_IPV6, .key = "retired_ipv6" },
};

const struct attr_table attr_endpoint = { endpoint_info, ARRAY_SIZE(endpoint_info) };

static const struct attr_info vpc_info[] = {
	[VPC_VPC_A_ID]		= { "ID", ATTR_U32 },
	[VPC_VPC_A_ENDPOINTS]	= { "endpoints", ATTR_U32 },
	[VPC_VPC_A_LOCAL]	= { "local", ATTR_U32 },
	[VPC_VPC_A_STATS]	= { "stats", ATTR_COUNTERS },
	[VPC_VPC_A_ROUTES]	= { "routes", ATTR_U32 },
	[VPC_VPC_A_PEERS]	= { "peers", ATTR_U32 },
};

const struct attr_table attr_vpc = { vpc_info, ARRAY_SIZE(vpc_info) };

static const struct attr_info route_info[] = {
	[VPC_ROUTE_A_VPC]	= { "ID", ATTR_U32, .key = "vpc" },
	[VPC_ROUTE_A_DST]	= { "PREFIX", ATTR_ADDRESS, .key = "prefix" },
	[VPC_ROUTE_A_LEN]	= { "length", ATTR_LENGTH },
	[VPC_ROUTE_A_KIND]	= { "kind", ATTR_ROUTE_KIND },
	[VPC_ROUTE_A_VIA]	= { "via", ATTR_VIA },
	[VPC_ROUTE_A_PEER]	= { "peer", ATTR_U32 },
	[VPC_ROUTE_A_EXPORT]	= { "export", ATTR_FLAG },
	[VPC_ROUTE_A_HASH]	= { "hash", ATTR_HASH },
	[VPC_ROUTE_A_STATE]	= { "state", ATTR_STATE },
	[VPC_ROUTE_A_NOW]	= { "now", ATTR_FLAG },
};

const struct attr_table attr_route = { route_info, ARRAY_SIZE(route_info) };

static const struct attr_info peer_info[] = {
	[VPC_PEER_A_VPC]	= { "ID", ATTR_U32, .key = "vpc" },
	[VPC_PEER_A_PEER]	= { "PEER", ATTR_U32, .key = "peer" },
	[VPC_PEER_A_STATE]	= { "state", ATTR_STATE },
	[VPC_PEER_A_PEER_STATE]	= { "peer-state", ATTR_STATE, .key = "peer_state" },
};

const struct attr_table attr_peer = { peer_info, ARRAY_SIZE(peer_info) };

static const struct attr_info step_info[] = {
	[VPC_STEP_A_STEP]	= { "step", ATTR_U8 },
	[VPC_STEP_A_REASON]	= { "reason", ATTR_U32 },
	[VPC_STEP_A_SID]	= { "sid", ATTR_IPV6 },
	[VPC_STEP_A_VPC]	= { "vpc", ATTR_U32 },
	[VPC_STEP_A_STATE]	= { "state", ATTR_STATE },
	[VPC_STEP_A_DEV]	= { "dev", ATTR_STRING },
	[VPC_STEP_A_EDGE]	= { "edge", ATTR_STRING },
	[VPC_STEP_A_FORM]	= { "form", ATTR_U8 },
	[VPC_STEP_A_FLOW_LABEL]	= { "flow_label", ATTR_U32 },
	[VPC_STEP_A_OUT_DEV]	= { "out_dev", ATTR_STRING },
	[VPC_STEP_A_GATEWAY]	= { "gateway", ATTR_IPV6 },
	[VPC_STEP_A_MTU]	= { "mtu", ATTR_U32 },
	[VPC_STEP_A_TABLE_ROUTE] = { "table_route", ATTR_NEST, &attr_route },
	[VPC_STEP_A_NEXT_HOPS]	= { "next_hops", ATTR_U32 },
	[VPC_STEP_A_SPI]	= { "spi", ATTR_U32 },
	[VPC_STEP_A_CIPHER]	= { "cipher", ATTR_CIPHER },
	[VPC_STEP_A_KEY]	= { "key", ATTR_KEY },
};

const struct attr_table attr_step = { step_info, ARRAY_SIZE(step_info) };

static const struct attr_info trace_info[] = {
	[VPC_TRACE_A_VPC]	= { "ID", ATTR_U32 },
	[VPC_TRACE_A_SRC]	= { "from", ATTR_ADDRESS },
	[VPC_TRACE_A_DST]	= { "to", ATTR_ADDRESS },
	[VPC_TRACE_A_PROTO]	= { "proto", ATTR_U8 },
	[VPC_TRACE_A_SPORT]	= { "sport", ATTR_U16 },
	[VPC_TRACE_A_DPORT]	= { "dport", ATTR_U16 },
	[VPC_TRACE_A_STEP]	= { "step", ATTR_NEST, &attr_step },
	[VPC_TRACE_A_HOP]	= { "hop", ATTR_IPV6 },
	[VPC_TRACE_A_REASON]	= { "reason", ATTR_U32 },
};

const struct attr_table attr_trace = { trace_info, ARRAY_SIZE(trace_info) };

static const struct attr_info pair_info[] = {
	[VPC_PAIR_A_EDGE]	= { "edge", ATTR_STRING },
	[VPC_PAIR_A_OWN_ID]	= { "own_id", ATTR_U16 },
	[VPC_PAIR_A_REMOTE_ID]	= { "remote_id", ATTR_U16 },
	[VPC_PAIR_A_SENDS]	= { "sends", ATTR_FLAG },
	[VPC_PAIR_A_SPI]	= { "spi", ATTR_U32 },
	[VPC_PAIR_A_SEEN]	= { "seen", ATTR_FLAG },
	[VPC_PAIR_A_SEQ]	= { "seq", ATTR_U64 },
	[VPC_PAIR_A_TX_PACKETS]	= { "tx_packets", ATTR_U64 },
	[VPC_PAIR_A_TX_BYTES]	= { "tx_bytes", ATTR_U64 },
	[VPC_PAIR_A_RX_PACKETS]	= { "rx_packets", ATTR_U64 },
	[VPC_PAIR_A_RX_BYTES]	= { "rx_bytes", ATTR_U64 },
	[VPC_PAIR_A_BAD_ICV]	= { "bad_icv", ATTR_U64 },
	[VPC_PAIR_A_REPLAYS]	= { "replays", ATTR_U64 },
	[VPC_PAIR_A_LAST_REPLAY] = { "last_replay", ATTR_U64 },
	[VPC_PAIR_A_WRONG_HOP]	= { "wrong_hop", ATTR_U64 },
};

const struct attr_table attr_pair = { pair_info, ARRAY_SIZE(pair_info) };

static const struct attr_info remote_info[] = {
	[VPC_REMOTE_A_PREFIX]	= { "prefix", ATTR_PREFIX, &attr_prefix, .key = "prefixes" },
	[VPC_REMOTE_A_KEY]	= { "key", ATTR_KEY_NEST, &attr_key, .key = "keys" },
	[VPC_REMOTE_A_ENCRYPT]	= { "encrypt", ATTR_ENCRYPT },
	[VPC_REMOTE_A_NOW]	= { "now", ATTR_FLAG },
	[VPC_REMOTE_A_SEQ]	= { "seq", ATTR_U64 },
	[VPC_REMOTE_A_STATE]	= { "state", ATTR_STATE },
	[VPC_REMOTE_A_RETIRED_PREFIX] = { "retired prefix", ATTR_PREFIX, &attr_prefix,
					  .key = "retired_prefixes" },
	[VPC_REMOTE_A_PAIR]	= { "pair", ATTR_NEST, &attr_pair },
	[VPC_REMOTE_A_UNKNOWN_SPI] = { "unknown_spi", ATTR_U64 },
	[VPC_REMOTE_A_STANDBY_PREFIX] = { "standby", ATTR_PREFIX, &attr_prefix,
					  .key = "standby_prefixes" },
	[VPC_REMOTE_A_MORE]	= { "more", ATTR_FLAG },
};

const struct attr_table attr_remote = { remote_info, ARRAY_SIZE(remote_info) };

static const struct attr_info top_info[] = {
	[VPC_A_EDGE]		= { "edge", ATTR_NEST, &attr_edge },
	[VPC_A_ENDPOINT]	= { "endpoint", ATTR_NEST, &attr_endpoint },
	[VPC_A_VPC]		= { "vpc", ATTR_NEST, &attr_vpc },
	[VPC_A_STATS]		= { "stats", ATTR_COUNTERS },
	[VPC_A_TRACE]		= { "trace", ATTR_NEST, &attr_trace },
	[VPC_A_EVENT]		= { "event", ATTR_U8 },
	[VPC_A_ROUTE]		= { "route", ATTR_NEST, &attr_route },
	[VPC_A_PEER]		= { "peer", ATTR_NEST, &attr_peer },
	[VPC_A_REMOTE]		= { "remote", ATTR_NEST, &attr_remote },
};

const struct attr_table attr_top = { top_info, ARRAY_SIZE(top_info) };

/* Reading. */

static bool kind_fits(enum attr_kind kind, const struct nlattr *attr)
{
	uint16_t len = mnl_attr_get_payload_len(attr);
	const char *payload = mnl_attr_get_payload(attr);

	switch (kind) {
	case ATTR_U8:
	case ATTR_ONOFF:
	case ATTR_HEX8:
	case ATTR_STATE:
	case ATTR_LENGTH:
	case ATTR_ROUTE_KIND:
	case ATTR_HASH:
	case ATTR_ENCRYPT:
	case ATTR_CIPHER:
		return len >= 1;
	case ATTR_U16:
		return len >= 2;
	case ATTR_U32:
	case ATTR_IFINDEX:
	case ATTR_IPV4:
		return len >= 4;
	case ATTR_MAC:
		return len >= 6;
	case ATTR_U64:
		return len >= 8;
	case ATTR_KEY:
		return len >= VPC_KEY_LEN;
	case ATTR_IPV6:
		return len >= 16;
	case ATTR_VIA:
		return len >= sizeof(struct vpc_via);
	case ATTR_ADDRESS:
		return len == 4 || len == 16;
	case ATTR_STRING:
		return memchr(payload, '\0', len);
	case ATTR_NEST:
	case ATTR_PREFIX:
	case ATTR_COUNTERS:
	case ATTR_KEY_NEST:
	case ATTR_FLAG:
		return true;
	default:
		return false;
	}
}

/**
 * attr_valid - is it an attribute of the table that holds what it should
 * @attr: the attribute
 * @table: the table
 */
bool attr_valid(const struct nlattr *attr, const struct attr_table *table)
{
	uint16_t type = mnl_attr_get_type(attr);

	return type < table->n && kind_fits(table->info[type].kind, attr);
}

/**
 * attrs_parse - find the attributes of a nest, the first of each kind
 * @nest: the nest
 * @table: what may be in it; others are ignored, as if from a newer kernel
 * @tb: array of @table->n
 */
void attrs_parse(const struct nlattr *nest, const struct attr_table *table,
		 const struct nlattr **tb)
{
	const struct nlattr *attr;

	memset(tb, 0, table->n * sizeof(*tb));
	mnl_attr_for_each_nested(attr, nest) {
		if (attr_valid(attr, table) && !tb[mnl_attr_get_type(attr)])
			tb[mnl_attr_get_type(attr)] = attr;
	}
}

/**
 * remote_name - what names a remote
 * @nest: its attributes
 *
 * Return: its first prefix, which another remote may have taken since; or NULL.
 */
const struct nlattr *remote_name(const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (attr_valid(attr, &attr_remote) &&
		    attr_remote.info[mnl_attr_get_type(attr)].kind == ATTR_PREFIX)
			return attr;
	}
	return NULL;
}

/**
 * message_attr - find a top-level attribute
 * @nlh: the message
 * @type: &enum vpc_attr
 */
const struct nlattr *message_attr(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == type && attr_valid(attr, &attr_top))
			return attr;
	}
	return NULL;
}

/* Text. */

static const char *prefix_text(const struct nlattr *nest, char *text)
{
	const struct nlattr *tb[ARRAY_SIZE(prefix_info)];
	char addr[INET6_ADDRSTRLEN] = "?";

	attrs_parse(nest, &attr_prefix, tb);
	if (tb[VPC_PREFIX_A_ADDR])
		inet_ntop(AF_INET6, mnl_attr_get_payload(tb[VPC_PREFIX_A_ADDR]),
			  addr, sizeof(addr));
	snprintf(text, ATTR_TEXT_SIZE, "%s/%u", addr, tb[VPC_PREFIX_A_LEN] ?
		 mnl_attr_get_u8(tb[VPC_PREFIX_A_LEN]) : 0);
	return text;
}

static const char *via_text(const struct nlattr *attr, char *text)
{
	char sid[INET6_ADDRSTRLEN];
	struct vpc_via via;

	memcpy(&via, mnl_attr_get_payload(attr), sizeof(via));
	inet_ntop(AF_INET6, via.sid, sid, sizeof(sid));
	snprintf(text, ATTR_TEXT_SIZE, via.weight == 1 ? "%s" : "%s weight %u", sid,
		 via.weight);
	return text;
}

static const char *key_nest_text(const struct nlattr *nest, char *text)
{
	const struct nlattr *tb[ARRAY_SIZE(key_info)];

	attrs_parse(nest, &attr_key, tb);
	return tb[VPC_KEY_A_PUBLIC] ?
	       key_text(mnl_attr_get_payload(tb[VPC_KEY_A_PUBLIC]), text) : "?";
}

static const char *mac_text(const uint8_t *mac, char *text)
{
	snprintf(text, ATTR_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return text;
}

static const char *address_text(const struct nlattr *attr, int family, char *text)
{
	inet_ntop(family, mnl_attr_get_payload(attr), text, ATTR_TEXT_SIZE);
	return text;
}

/* A device that is gone has its number still. */
static const char *ifindex_text(uint32_t ifindex, char *text)
{
	if (!if_indextoname(ifindex, text))
		snprintf(text, ATTR_TEXT_SIZE, "if%u", ifindex);
	return text;
}

static const char *number_text(const char *fmt, unsigned int value, char *text)
{
	snprintf(text, ATTR_TEXT_SIZE, fmt, value);
	return text;
}

static const char * const hashes[] = {
	[VPC_HASH_L3]	= "l3",
	[VPC_HASH_L4]	= "l4",
};

static const char *hash_name(unsigned int hash)
{
	return hash < ARRAY_SIZE(hashes) && hashes[hash] ? hashes[hash] : "unknown";
}

int parse_hash(const char *text, uint8_t *hash)
{
	uint8_t h;

	for (h = VPC_HASH_L3; h < ARRAY_SIZE(hashes); h++) {
		if (strcmp(text, hashes[h]))
			continue;
		*hash = h;
		return STATUS_OK;
	}
	return arg_unknown("hash", text, &hashes[VPC_HASH_L3],
			   ARRAY_SIZE(hashes) - VPC_HASH_L3, sizeof(*hashes));
}

const char *route_kind_name(unsigned int kind)
{
	static const char * const kinds[] = {
		[VPC_ROUTE_VIA]		= "via",
		[VPC_ROUTE_PEER]	= "peer",
		[VPC_ROUTE_BLACKHOLE]	= "blackhole",
		[VPC_ROUTE_PROHIBIT]	= "prohibit",
	};

	return kind < ARRAY_SIZE(kinds) && kinds[kind] ? kinds[kind] : "unknown";
}

/**
 * attr_text - an attribute's value as arguments have it
 * @attr: the attribute, which is valid
 * @info: what it is
 * @text: buffer of ATTR_TEXT_SIZE
 *
 * Return: the text, empty for what has no value.
 */
const char *attr_text(const struct nlattr *attr, const struct attr_info *info,
		      char *text)
{
	switch (info->kind) {
	case ATTR_U8:
		return number_text("%u", mnl_attr_get_u8(attr), text);
	case ATTR_U16:
		return number_text("%u", mnl_attr_get_u16(attr), text);
	case ATTR_U32:
		return number_text("%u", mnl_attr_get_u32(attr), text);
	case ATTR_U64:
		snprintf(text, ATTR_TEXT_SIZE, "%llu",
			 (unsigned long long)mnl_attr_get_u64(attr));
		return text;
	case ATTR_KEY:
		return key_text(mnl_attr_get_payload(attr), text);
	case ATTR_KEY_NEST:
		return key_nest_text(attr, text);
	case ATTR_ENCRYPT:
		return encrypt_name(mnl_attr_get_u8(attr));
	case ATTR_CIPHER:
		return cipher_name(mnl_attr_get_u8(attr));
	case ATTR_HEX8:
		return number_text("0x%02x", mnl_attr_get_u8(attr), text);
	case ATTR_ONOFF:
		return mnl_attr_get_u8(attr) ? "on" : "off";
	case ATTR_STATE:
		return state_name(mnl_attr_get_u8(attr));
	case ATTR_LENGTH:
		return number_text("%u", mnl_attr_get_u8(attr), text);
	case ATTR_ROUTE_KIND:
		return route_kind_name(mnl_attr_get_u8(attr));
	case ATTR_HASH:
		return hash_name(mnl_attr_get_u8(attr));
	case ATTR_VIA:
		return via_text(attr, text);
	case ATTR_IFINDEX:
		return ifindex_text(mnl_attr_get_u32(attr), text);
	case ATTR_STRING:
		return mnl_attr_get_str(attr);
	case ATTR_IPV4:
		return address_text(attr, AF_INET, text);
	case ATTR_IPV6:
		return address_text(attr, AF_INET6, text);
	case ATTR_ADDRESS:
		return address_text(attr, mnl_attr_get_payload_len(attr) == 4 ?
				    AF_INET : AF_INET6, text);
	case ATTR_MAC:
		return mac_text(mnl_attr_get_payload(attr), text);
	case ATTR_PREFIX:
		return prefix_text(attr, text);
	default:
		return "";
	}
}

/* States. */

static const char * const states[] = {
	[VPC_STATE_STANDBY]	= "standby",
	[VPC_STATE_ACTIVE]	= "active",
	[VPC_STATE_RETIRING]	= "retiring",
};

const char *state_name(unsigned int state)
{
	return state < ARRAY_SIZE(states) && states[state] ? states[state] : "unknown";
}

int parse_state(const char *text, uint8_t *state)
{
	uint8_t s;

	for (s = VPC_STATE_STANDBY; s < ARRAY_SIZE(states); s++) {
		if (strcmp(text, states[s]))
			continue;
		*state = s;
		return STATUS_OK;
	}
	return arg_unknown("state", text, &states[VPC_STATE_STANDBY],
			   ARRAY_SIZE(states) - VPC_STATE_STANDBY, sizeof(*states));
}
