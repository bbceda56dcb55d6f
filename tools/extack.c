// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's extended answers.
 *
 * They point into the request by an offset: walking down the request that was
 * sent gives the names and values to put into the message.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/vpc.h>

#include "attr.h"
#include "extack.h"

#define MAX_DEPTH	8
#define WHERE_SIZE	256

static void parse_range(const struct nlattr *policy, struct extack *ext)
{
	bool min = false, max = false;
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, policy) {
		if (mnl_attr_get_payload_len(attr) < sizeof(uint64_t))
			continue;
		switch (mnl_attr_get_type(attr)) {
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_U:
			ext->min = mnl_attr_get_u64(attr);
			min = true;
			break;
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_U:
			ext->max = mnl_attr_get_u64(attr);
			max = true;
			break;
		}
	}
	ext->ranged = min && max;
}

static void parse_tlv(const struct nlattr *attr, struct extack *ext)
{
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case NLMSGERR_ATTR_MSG:
		snprintf(ext->message, sizeof(ext->message), "%.*s", len,
			 mnl_attr_get_str(attr));
		break;
	case NLMSGERR_ATTR_OFFS:
		if (len >= sizeof(uint32_t))
			ext->offset = mnl_attr_get_u32(attr);
		break;
	case NLMSGERR_ATTR_MISS_TYPE:
		if (len >= sizeof(uint32_t))
			ext->missing = mnl_attr_get_u32(attr);
		break;
	case NLMSGERR_ATTR_MISS_NEST:
		if (len >= sizeof(uint32_t))
			ext->missing_in = mnl_attr_get_u32(attr);
		break;
	case NLMSGERR_ATTR_POLICY:
		parse_range(attr, ext);
		break;
	}
}

/**
 * extack_parse - read an NLMSG_ERROR, or the NLMSG_DONE of a dump
 * @nlh: the message
 * @ext: what it says
 */
void extack_parse(const struct nlmsghdr *nlh, struct extack *ext)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t len = nlh->nlmsg_type == NLMSG_DONE ? sizeof(int) : sizeof(*err);
	const struct nlattr *attr;

	memset(ext, 0, sizeof(*ext));
	if (mnl_nlmsg_get_payload_len(nlh) < len)
		return;
	ext->error = err->error < 0 ? -err->error : err->error;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* Without NLM_F_CAPPED an error quotes the whole request. */
	if (nlh->nlmsg_type == NLMSG_ERROR && ext->error &&
	    !(nlh->nlmsg_flags & NLM_F_CAPPED))
		len += err->msg.nlmsg_len - sizeof(struct nlmsghdr);
	if (mnl_nlmsg_get_payload_len(nlh) < len)
		return;
	mnl_attr_for_each(attr, nlh, len)
		parse_tlv(attr, ext);
}

/**
 * struct place - a way down the request
 * @attr: the attributes, from the top
 * @info: what they are
 * @table: what may be in the last of them
 * @depth: how many
 */
struct place {
	const struct nlattr		*attr[MAX_DEPTH];
	const struct attr_info		*info[MAX_DEPTH];
	const struct attr_table		*table;
	unsigned int			depth;
};

/* Go to the attribute that starts at the offset, if it is known. */
static void place_find(const struct nlmsghdr *request, uint32_t offset,
		       struct place *place)
{
	const char *start = (const char *)request, *end;
	const struct nlattr *attr;

	memset(place, 0, sizeof(*place));
	place->table = &attr_top;
	attr = mnl_nlmsg_get_payload_offset(request, sizeof(struct genlmsghdr));
	end = mnl_nlmsg_get_payload_tail(request);
	while (offset && place->table && place->depth < MAX_DEPTH &&
	       mnl_attr_ok(attr, end - (const char *)attr)) {
		const char *next = (const char *)mnl_attr_next(attr);

		if (next <= start + offset) {
			attr = (const struct nlattr *)next;
			continue;
		}
		if (!attr_valid(attr, place->table))
			return;
		place->attr[place->depth] = attr;
		place->info[place->depth] = &place->table->info[mnl_attr_get_type(attr)];
		place->table = place->info[place->depth]->nest;
		place->depth++;
		if ((const char *)attr == start + offset)
			return;
		end = next;
		attr = mnl_attr_get_payload(attr);
	}
}

/* What tells an object from others of its kind. */
static const struct object_key {
	const struct attr_table	*table;
	uint16_t		type[3];
} object_keys[] = {
	{ &attr_edge, { VPC_EDGE_A_NAME } },
	{ &attr_endpoint, { VPC_ENDPOINT_A_VPC, VPC_ENDPOINT_A_SID } },
	{ &attr_vpc, { VPC_VPC_A_ID } },
	{ &attr_route, { VPC_ROUTE_A_VPC, VPC_ROUTE_A_DST, VPC_ROUTE_A_LEN } },
	{ &attr_peer, { VPC_PEER_A_VPC, VPC_PEER_A_PEER } },
	{ &attr_remote, { VPC_REMOTE_A_PREFIX } },
	{ NULL },
};

static const struct object_key *object_key(const struct attr_info *info)
{
	const struct object_key *key = object_keys;

	while (key->table && key->table != info->nest)
		key++;
	return key;
}

/**
 * object_title - the kind of an object, and what tells it from others of its kind
 * @attr: the object
 * @info: what it is
 * @text: for example "endpoint 1000 fd00::10"
 * @size: room for it
 */
void object_title(const struct nlattr *attr, const struct attr_info *info, char *text,
		  size_t size)
{
	const struct nlattr *tb[VPC_EDGE_A_MAX + VPC_ENDPOINT_A_MAX];
	const struct object_key *key = object_key(info);
	char value[ATTR_TEXT_SIZE];
	unsigned int i, type;
	size_t len;

	len = snprintf(text, size, "%s", info->name);
	if (!key->table)
		return;
	attrs_parse(attr, info->nest, tb);
	if (info->nest == &attr_remote)
		tb[VPC_REMOTE_A_PREFIX] = remote_name(attr);
	for (i = 0; i < ARRAY_SIZE(key->type); i++) {
		type = key->type[i];
		if (type && tb[type] && len < size)
			len += snprintf(text + len, size - len,
					info->nest->info[type].kind == ATTR_LENGTH ?
					"/%s" : " %s",
					attr_text(tb[type], &info->nest->info[type], value));
	}
}

/* Is the attribute all that the object has for a name? */
static bool is_only_key(const struct place *place)
{
	const struct object_key *key = object_key(place->info[0]);

	return place->depth == 2 && key->table && !key->type[1] &&
	       mnl_attr_get_type(place->attr[1]) == key->type[0];
}

/* "endpoint 1000 fd00::10, MAC 01:00:00:00:00:00" */
static void place_text(const struct place *place, char *text, size_t size)
{
	unsigned int last = place->depth - 1;
	char value[ATTR_TEXT_SIZE];
	const char *text_of;
	size_t len;

	text[0] = '\0';
	if (!place->depth)
		return;
	object_title(place->attr[0], place->info[0], text, size);
	if (!last || is_only_key(place))
		return;
	/* Parts of a prefix say nothing that the prefix does not. */
	if (last > 1 && (place->info[last - 1]->kind == ATTR_PREFIX ||
			 place->info[last - 1]->kind == ATTR_KEY_NEST))
		last--;
	len = strlen(text);
	text_of = attr_text(place->attr[last], place->info[last], value);
	snprintf(text + len, size - len, ", %s%s%s", place->info[last]->name,
		 *text_of ? " " : "", text_of);
}

/* Which attribute is missing where. */
static void missing_text(const struct nlmsghdr *request, const struct extack *ext,
			 char *text, size_t size)
{
	char where[WHERE_SIZE], name[32];
	struct place place;

	place_find(request, ext->missing_in, &place);
	place_text(&place, where, sizeof(where));
	snprintf(name, sizeof(name), "attribute %u", ext->missing);
	if (place.table && ext->missing < place.table->n &&
	    place.table->info[ext->missing].name)
		snprintf(name, sizeof(name), "%s", place.table->info[ext->missing].name);
	snprintf(text, size, "%s%s%s is missing", where, where[0] ? ", " : "", name);
}

/* Where the only object of a request is: a refusal that tells no place is about
 * it.  0 if there are several, or none.
 */
static uint32_t only_object(const struct nlmsghdr *request)
{
	const char *end = mnl_nlmsg_get_payload_tail(request);
	const struct nlattr *attr;

	attr = mnl_nlmsg_get_payload_offset(request, sizeof(struct genlmsghdr));
	if (!mnl_attr_ok(attr, end - (const char *)attr) ||
	    (const char *)mnl_attr_next(attr) != end)
		return 0;
	return (const char *)attr - (const char *)request;
}

/**
 * extack_error - make an error message of a refusal
 * @request: what was refused
 * @ext: the answer
 *
 * Return: STATUS_KERNEL
 */
int extack_error(const struct nlmsghdr *request, const struct extack *ext)
{
	char where[WHERE_SIZE + 64] = "", range[64] = "";
	struct place place;

	if (ext->missing) {
		missing_text(request, ext, where, sizeof(where));
	} else {
		place_find(request, ext->offset ? ext->offset : only_object(request),
			   &place);
		place_text(&place, where, WHERE_SIZE);
	}
	if (ext->ranged)
		snprintf(range, sizeof(range), "; expected %llu to %llu",
			 ext->min, ext->max);
	if (!ext->message[0])
		return error(STATUS_KERNEL, "%s%s%s%s%s", where, where[0] ? ": " : "",
			     strerror(ext->error), range, ext->error != EPERM ? "" :
			     ": it takes CAP_NET_ADMIN over this network namespace");
	return error(STATUS_KERNEL, "%s%s%s%s (%s)", where, where[0] ? ": " : "",
		     ext->message, range, strerror(ext->error));
}
