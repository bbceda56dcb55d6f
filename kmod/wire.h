/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire format: an IPv6 Destination Options header with one TLV in it.
 * Documentation/wire-format.rst describes every field.
 */
#ifndef _VPC_WIRE_H
#define _VPC_WIRE_H

#include <linux/types.h>
#include <linux/vpc.h>

/* Bytes of a Destination Options header with a TLV of the given form. */
#define VPC_TLV_WHOLE_LEN	8
#define VPC_TLV_IPV4_LEN	16
#define VPC_TLV_FULL_LEN	24
#define VPC_TLV_SHORT_LEN	24
#define VPC_TLV_IPV6_LEN	40
#define VPC_TLV_MAX_LEN		40

/* What the default MTU reserves: the whole form, ESP, an SRH of n segments. */
#define VPC_WHOLE_OVERHEAD	(40 + VPC_TLV_WHOLE_LEN)
#define VPC_ESP_OVERHEAD	37

static inline unsigned int vpc_srh_overhead(unsigned int segments)
{
	return segments ? 8 + 16 * segments : 0;
}

#define VPC_PADN		1

/**
 * struct vpc_tlv - a Destination Options header that holds the TLV
 * @nexthdr: protocol of the tenant's payload; 4 or 41 in the whole form
 * @hdrlen: length in 8-byte units, the first left out
 * @type: option type, a setting of the edge
 * @len: Opt Data Len, which names the form: &enum vpc_form
 * @hops: the tenant's TTL or hop limit; 0 in the whole form
 * @vpc: VPC id of the overlay source, network order
 * @addr: overlay addresses, as the form says
 */
struct vpc_tlv {
	__u8	nexthdr;
	__u8	hdrlen;
	__u8	type;
	__u8	len;
	__u8	hops;
	__u8	vpc[3];
	__u8	addr[];
};

/* The addresses of %VPC_FORM_IPV4, and what %VPC_FORM_IPV4_FULL appends. */
struct vpc_tlv_ipv4 {
	__be32	src;
	__be32	dst;
	__be16	id;		/* from here on: full form only */
	__be16	frag_off;	/* flags (3 bits) and fragment offset (13) */
	__u8	padn[4];	/* PadN of two zero bytes */
};

#endif /* _VPC_WIRE_H */
