/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * VPC datapath: generic netlink interface.
 *
 * The family is "vpc", version 1.  It lives in every network namespace; state
 * belongs to the namespace in which the edges live.  Requests that change
 * something need CAP_NET_ADMIN in the user namespace that owns the network
 * namespace; dumps and traces do too, because they show what tenants use.
 *
 * Objects are nested top-level attributes.  A request that takes several of
 * them repeats the top-level attribute: it is applied whole or not at all, and
 * the offset in the extended ACK points into the item that was refused.  It is
 * refused without an object, with more than its command takes, and if it names
 * one twice.
 *
 * Byte order: addresses, prefixes and MACs are in network order, every integer
 * is in host order.
 */
#ifndef _UAPI_LINUX_VPC_H
#define _UAPI_LINUX_VPC_H

#include <linux/types.h>
#include <linux/vpc_counters.h>

#define VPC_GENL_NAME		"vpc"
#define VPC_GENL_VERSION	1
#define VPC_GENL_MCGRP_CONFIG	"config"	/* every change of an object */

#define VPC_EDGE_KIND		"vpcedge"	/* rtnetlink kind of an edge */
#define VPC_ENDPOINT_KIND	"vpc"		/* and of an endpoint device */

#define VPC_RTPROT		118		/* rtm_protocol of our routes */

#define VPC_ID_MIN		1		/* 0 and 0xffffff are reserved */
#define VPC_ID_MAX		0xfffffe

#define VPC_MAX_FABRIC		16		/* fabric devices of an edge */
#define VPC_MAX_PREFIXES	1024		/* prefixes of an edge */
#define VPC_MAX_ADDRS		64		/* overlay addresses of an endpoint */
#define VPC_MAX_RIVALS		256		/* entries for one address or prefix */
#define VPC_MAX_SEGMENTS	16		/* SRH segments of a path */
#define VPC_MAX_NEXT_HOPS	1024		/* SIDs of a route */

#define VPC_DEFAULT_OPTION_TYPE	0xde
#define VPC_DEFAULT_SEGMENTS	4
#define VPC_DEFAULT_GRACE	10		/* seconds */

#define VPC_KEY_LEN		32		/* an X25519 key */
#define VPC_MAX_KEYS		8		/* live ones of an edge, and of a remote */
#define VPC_DEFAULT_KEY_GRACE	60		/* seconds */

/**
 * enum vpc_cmd - what a message asks for, or tells
 * @VPC_CMD_EDGE_ADD: make an edge: one %VPC_A_EDGE.  The reply is the edge.
 * @VPC_CMD_EDGE_SET: change the attributes that are given
 * @VPC_CMD_EDGE_DEL: delete an edge and its endpoint devices
 * @VPC_CMD_EDGE_GET: one edge, or with NLM_F_DUMP all of them
 * @VPC_CMD_ENDPOINT_ADD: add endpoints: one or more %VPC_A_ENDPOINT
 * @VPC_CMD_ENDPOINT_REPLACE: add, or change in one step what has that SID
 * @VPC_CMD_ENDPOINT_SET: change the state of endpoints
 * @VPC_CMD_ENDPOINT_DEL: retire endpoints, or delete them (%VPC_ENDPOINT_A_NOW)
 * @VPC_CMD_ENDPOINT_GET: one endpoint, or with NLM_F_DUMP all; a dump request
 *	may hold a %VPC_A_ENDPOINT with only %VPC_ENDPOINT_A_VPC
 * @VPC_CMD_VPC_GET: one VPC (%VPC_A_VPC with %VPC_VPC_A_ID), or all of them
 * @VPC_CMD_STATS_GET: the namespace's counters: a snapshot in which no packet
 *	is half counted, so that they add up at any moment
 * @VPC_CMD_TRACE: send the packet that %VPC_A_TRACE describes down the
 *	datapath's own path and acceptance code, and tell each decision
 * @VPC_CMD_EDGE_NTF: multicast: an edge changed, see &enum vpc_event
 * @VPC_CMD_ENDPOINT_NTF: multicast: an endpoint changed
 * @VPC_CMD_ROUTE_ADD: add routes: one or more %VPC_A_ROUTE
 * @VPC_CMD_ROUTE_REPLACE: add, or change in one step what leads to the same
 * @VPC_CMD_ROUTE_SET: change the state of routes
 * @VPC_CMD_ROUTE_DEL: retire routes, or delete them (%VPC_ROUTE_A_NOW, and what
 *	leads nowhere).  Without a kind, all routes of the prefix
 * @VPC_CMD_ROUTE_GET: with NLM_F_DUMP all routes; a dump request may hold a
 *	%VPC_A_ROUTE with VPC, or with VPC and prefix
 * @VPC_CMD_ROUTE_NTF: multicast: a route changed
 * @VPC_CMD_PEER_ADD: a VPC agrees to a peering, or changes its state: one or
 *	more %VPC_A_PEER
 * @VPC_CMD_PEER_DEL: and withdraws, which takes effect at once
 * @VPC_CMD_PEER_GET: with NLM_F_DUMP all peerings; a dump request may hold a
 *	%VPC_A_PEER with only %VPC_PEER_A_VPC
 * @VPC_CMD_PEER_NTF: multicast: a VPC's consent changed
 * @VPC_CMD_EDGE_REKEY: make the next key pair of an edge: one %VPC_A_EDGE with
 *	its name.  The reply is the edge.
 * @VPC_CMD_REMOTE_ADD: add other edges: %VPC_A_REMOTE repeats, applied whole or
 *	not at all
 * @VPC_CMD_REMOTE_REPLACE: add, or change in one step what has that first prefix;
 *	%VPC_A_REMOTE repeats
 * @VPC_CMD_REMOTE_SET: raise counters (%VPC_REMOTE_A_SEQ); %VPC_A_REMOTE repeats
 * @VPC_CMD_REMOTE_DEL: retire, or delete (%VPC_REMOTE_A_NOW); %VPC_A_REMOTE repeats
 * @VPC_CMD_REMOTE_GET: one remote by its first prefix, or with NLM_F_DUMP all
 * @VPC_CMD_REMOTE_NTF: multicast: a remote changed
 *
 * A request that holds an object which its command is not about, or that a dump can't
 * be asked for, is refused (EINVAL).
 */
enum vpc_cmd {
	VPC_CMD_UNSPEC,
	VPC_CMD_EDGE_ADD,
	VPC_CMD_EDGE_SET,
	VPC_CMD_EDGE_DEL,
	VPC_CMD_EDGE_GET,
	VPC_CMD_ENDPOINT_ADD,
	VPC_CMD_ENDPOINT_REPLACE,
	VPC_CMD_ENDPOINT_SET,
	VPC_CMD_ENDPOINT_DEL,
	VPC_CMD_ENDPOINT_GET,
	VPC_CMD_VPC_GET,
	VPC_CMD_STATS_GET,
	VPC_CMD_TRACE,
	VPC_CMD_EDGE_NTF,
	VPC_CMD_ENDPOINT_NTF,
	VPC_CMD_ROUTE_ADD,
	VPC_CMD_ROUTE_REPLACE,
	VPC_CMD_ROUTE_SET,
	VPC_CMD_ROUTE_DEL,
	VPC_CMD_ROUTE_GET,
	VPC_CMD_ROUTE_NTF,
	VPC_CMD_PEER_ADD,
	VPC_CMD_PEER_DEL,
	VPC_CMD_PEER_GET,
	VPC_CMD_PEER_NTF,
	VPC_CMD_EDGE_REKEY,
	VPC_CMD_REMOTE_ADD,
	VPC_CMD_REMOTE_REPLACE,
	VPC_CMD_REMOTE_SET,
	VPC_CMD_REMOTE_DEL,
	VPC_CMD_REMOTE_GET,
	VPC_CMD_REMOTE_NTF,

	__VPC_CMD_MAX
};

#define VPC_CMD_MAX (__VPC_CMD_MAX - 1)

/**
 * enum vpc_attr - top-level attributes
 * @VPC_A_EDGE: nest of &enum vpc_edge_attr
 * @VPC_A_ENDPOINT: nest of &enum vpc_endpoint_attr, may repeat in requests
 * @VPC_A_VPC: nest of &enum vpc_vpc_attr
 * @VPC_A_STATS: nest of &enum vpc_counter: see there
 * @VPC_A_TRACE: nest of &enum vpc_trace_attr
 * @VPC_A_EVENT: u8, &enum vpc_event, in notifications
 * @VPC_A_ROUTE: nest of &enum vpc_route_attr, may repeat in requests
 * @VPC_A_PEER: nest of &enum vpc_peer_attr, may repeat in requests
 * @VPC_A_REMOTE: nest of &enum vpc_remote_attr, may repeat in requests
 */
enum vpc_attr {
	VPC_A_UNSPEC,
	VPC_A_EDGE,
	VPC_A_ENDPOINT,
	VPC_A_VPC,
	VPC_A_STATS,
	VPC_A_TRACE,
	VPC_A_EVENT,
	VPC_A_ROUTE,
	VPC_A_PEER,
	VPC_A_REMOTE,

	__VPC_A_MAX
};

#define VPC_A_MAX (__VPC_A_MAX - 1)

enum vpc_event {
	VPC_EVENT_ADD = 1,
	VPC_EVENT_CHANGE,
	VPC_EVENT_DEL,
};

/**
 * enum vpc_prefix_attr - an IPv6 prefix of the fabric
 * @VPC_PREFIX_A_ADDR: 16 bytes; bits behind the length must be 0
 * @VPC_PREFIX_A_LEN: u8, 1 to 128
 */
enum vpc_prefix_attr {
	VPC_PREFIX_A_UNSPEC,
	VPC_PREFIX_A_ADDR,
	VPC_PREFIX_A_LEN,

	__VPC_PREFIX_A_MAX
};

#define VPC_PREFIX_A_MAX (__VPC_PREFIX_A_MAX - 1)

/**
 * enum vpc_edge_attr - an edge
 * @VPC_EDGE_A_NAME: string: the netdevice; names the edge in requests
 * @VPC_EDGE_A_IFINDEX: u32: the netdevice (in answers)
 * @VPC_EDGE_A_LOCATOR: nest of &enum vpc_prefix_attr; needed to add an edge,
 *	fixed then
 * @VPC_EDGE_A_PREFIX: nest of &enum vpc_prefix_attr, repeats: a further prefix
 *	for SIDs
 * @VPC_EDGE_A_PREFIX_DEL: nest of &enum vpc_prefix_attr, repeats: in SET, a prefix
 *	to take away; refused while a local endpoint needs it
 * @VPC_EDGE_A_FABRIC: u32, repeats: ifindex of a fabric device.  In ADD at
 *	least one, or %VPC_EDGE_A_FABRIC_ANY.  In SET: a device to add
 * @VPC_EDGE_A_FABRIC_DEL: u32, repeats: in SET, a device to take away
 * @VPC_EDGE_A_FABRIC_ANY: u8, 0 or 1: take fabric packets from any device
 * @VPC_EDGE_A_MTU: u32: MTU of new endpoint devices, 1280 to 65535; 0 stands
 *	for the value that follows from the fabric devices
 * @VPC_EDGE_A_MAX_SEGMENTS: u8, 0 to %VPC_MAX_SEGMENTS: SRH segments that the
 *	MTU leaves room for
 * @VPC_EDGE_A_SHORT: u8, 0 or 1: send the "IPv6 short" form where it fits
 * @VPC_EDGE_A_GRACE: u32: seconds for which a retired entry is still
 *	accepted, 0 to 86400
 * @VPC_EDGE_A_OPTION_TYPE: u8: the TLV's option type
 * @VPC_EDGE_A_DEFAULT_MTU: u32: in answers, the MTU that new endpoint devices get
 * @VPC_EDGE_A_ENDPOINTS: u32: in answers, local endpoints
 * @VPC_EDGE_A_STATS: nest of &enum vpc_counter, in answers
 * @VPC_EDGE_A_ENCRYPT: u8, &enum vpc_encrypt; on if not given
 * @VPC_EDGE_A_CIPHER: u8, &enum vpc_cipher: what it seals with
 * @VPC_EDGE_A_KEY_GRACE: u32: seconds for which a key pair that has a successor
 *	stays live, and a remote's replaced key is kept at least, 0 to 86400
 * @VPC_EDGE_A_KEY: nest of &enum vpc_key_attr, repeats, in answers: a live key
 *	pair, the newest first
 * @VPC_EDGE_A_NOW: flag: in REKEY, wipe all other key pairs at once
 */
enum vpc_edge_attr {
	VPC_EDGE_A_UNSPEC,
	VPC_EDGE_A_NAME,
	VPC_EDGE_A_IFINDEX,
	VPC_EDGE_A_LOCATOR,
	VPC_EDGE_A_PREFIX,
	VPC_EDGE_A_PREFIX_DEL,
	VPC_EDGE_A_FABRIC,
	VPC_EDGE_A_FABRIC_DEL,
	VPC_EDGE_A_FABRIC_ANY,
	VPC_EDGE_A_MTU,
	VPC_EDGE_A_MAX_SEGMENTS,
	VPC_EDGE_A_SHORT,
	VPC_EDGE_A_GRACE,
	VPC_EDGE_A_OPTION_TYPE,
	VPC_EDGE_A_DEFAULT_MTU,
	VPC_EDGE_A_ENDPOINTS,
	VPC_EDGE_A_STATS,
	VPC_EDGE_A_ENCRYPT,
	VPC_EDGE_A_CIPHER,
	VPC_EDGE_A_KEY_GRACE,
	VPC_EDGE_A_KEY,
	VPC_EDGE_A_NOW,

	__VPC_EDGE_A_MAX
};

#define VPC_EDGE_A_MAX (__VPC_EDGE_A_MAX - 1)

/**
 * enum vpc_state - the state of an entry
 * @VPC_STATE_STANDBY: accepted, not used to send
 * @VPC_STATE_ACTIVE: used to send and accepted
 * @VPC_STATE_RETIRING: accepted until its grace ends, then deleted
 */
enum vpc_state {
	VPC_STATE_UNSPEC,
	VPC_STATE_STANDBY,
	VPC_STATE_ACTIVE,
	VPC_STATE_RETIRING,
};

/**
 * enum vpc_endpoint_attr - an endpoint
 * @VPC_ENDPOINT_A_VPC: u32: VPC id
 * @VPC_ENDPOINT_A_SID: 16 bytes: its underlay address, unique in the fabric
 * @VPC_ENDPOINT_A_MAC: 6 bytes, unicast
 * @VPC_ENDPOINT_A_IPV4: 4 bytes, repeats: an overlay address
 * @VPC_ENDPOINT_A_IPV6: 16 bytes, repeats: an overlay address; one address of
 *	either family is needed, %VPC_MAX_ADDRS are allowed
 * @VPC_ENDPOINT_A_STATE: u8, &enum vpc_state; active if not given; in answers, not
 *	there if a local endpoint has lost all its addresses
 * @VPC_ENDPOINT_A_EDGE: string: the edge on which it is local
 * @VPC_ENDPOINT_A_DEV: string: its device's name; goes with %VPC_ENDPOINT_A_EDGE
 * @VPC_ENDPOINT_A_NETNS_FD: u32: file descriptor of the network namespace in
 *	which the device is made; the edge's, if not given
 * @VPC_ENDPOINT_A_NOW: flag: in DEL, without grace
 * @VPC_ENDPOINT_A_IFINDEX: u32: in answers, its device in that namespace
 * @VPC_ENDPOINT_A_NETNSID: s32: in answers, where the device is, if elsewhere
 * @VPC_ENDPOINT_A_STATS: nest of &enum vpc_counter, in answers, if local
 * @VPC_ENDPOINT_A_RETIRED_IPV4: 4 bytes, repeats, in answers: an address that
 *	another endpoint has taken over, still accepted
 * @VPC_ENDPOINT_A_RETIRED_IPV6: 16 bytes, repeats: likewise
 */
enum vpc_endpoint_attr {
	VPC_ENDPOINT_A_UNSPEC,
	VPC_ENDPOINT_A_VPC,
	VPC_ENDPOINT_A_SID,
	VPC_ENDPOINT_A_MAC,
	VPC_ENDPOINT_A_IPV4,
	VPC_ENDPOINT_A_IPV6,
	VPC_ENDPOINT_A_STATE,
	VPC_ENDPOINT_A_EDGE,
	VPC_ENDPOINT_A_DEV,
	VPC_ENDPOINT_A_NETNS_FD,
	VPC_ENDPOINT_A_NOW,
	VPC_ENDPOINT_A_IFINDEX,
	VPC_ENDPOINT_A_NETNSID,
	VPC_ENDPOINT_A_STATS,
	VPC_ENDPOINT_A_RETIRED_IPV4,
	VPC_ENDPOINT_A_RETIRED_IPV6,

	__VPC_ENDPOINT_A_MAX
};

#define VPC_ENDPOINT_A_MAX (__VPC_ENDPOINT_A_MAX - 1)

/**
 * enum vpc_vpc_attr - a VPC, as this host knows it
 * @VPC_VPC_A_ID: u32
 * @VPC_VPC_A_ENDPOINTS: u32: endpoints known here
 * @VPC_VPC_A_LOCAL: u32: those that are local
 * @VPC_VPC_A_STATS: nest of &enum vpc_counter: what its local endpoints sent
 *	and got, those of the past included
 * @VPC_VPC_A_ROUTES: u32: routes
 * @VPC_VPC_A_PEERS: u32: VPCs that it agrees to a peering with
 */
enum vpc_vpc_attr {
	VPC_VPC_A_UNSPEC,
	VPC_VPC_A_ID,
	VPC_VPC_A_ENDPOINTS,
	VPC_VPC_A_LOCAL,
	VPC_VPC_A_STATS,
	VPC_VPC_A_ROUTES,
	VPC_VPC_A_PEERS,

	__VPC_VPC_A_MAX
};

#define VPC_VPC_A_MAX (__VPC_VPC_A_MAX - 1)

/**
 * enum vpc_route_kind - where a route leads
 * @VPC_ROUTE_VIA: to one of its next hops, picked by a hash of the flow
 * @VPC_ROUTE_PEER: to another VPC, if both agree: to its endpoints and to the
 *	routes that it exports
 * @VPC_ROUTE_BLACKHOLE: nowhere
 * @VPC_ROUTE_PROHIBIT: nowhere, and the sender is told: ICMP "communication
 *	administratively prohibited"
 */
enum vpc_route_kind {
	VPC_ROUTE_UNSPEC,
	VPC_ROUTE_VIA,
	VPC_ROUTE_PEER,
	VPC_ROUTE_BLACKHOLE,
	VPC_ROUTE_PROHIBIT,
};

/**
 * enum vpc_hash - what of a packet picks a next hop
 * @VPC_HASH_L3: source and destination address
 * @VPC_HASH_L4: and the ports of TCP, UDP and SCTP, but not of fragments
 *
 * An ICMP error hashes as the reverse of the packet that it quotes.
 */
enum vpc_hash {
	VPC_HASH_UNSPEC,
	VPC_HASH_L3,
	VPC_HASH_L4,
};

/**
 * struct vpc_via - a next hop of a route
 * @sid: SID of an endpoint of the VPC
 * @weight: its share of the flows, host order; 0: none, but what it sends is
 *	accepted
 */
struct vpc_via {
	__u8	sid[16];
	__u16	weight;
};

/**
 * enum vpc_route_attr - a route
 *
 * Which route it is, VPC, prefix, kind and the set of SIDs or the peer say:
 * several of one prefix may stand side by side, one of them active.
 *
 * @VPC_ROUTE_A_VPC: u32: VPC id
 * @VPC_ROUTE_A_DST: 4 or 16 bytes: the prefix; bits behind the length must be 0
 * @VPC_ROUTE_A_LEN: u8: its length, 0 to 32 or 128
 * @VPC_ROUTE_A_KIND: u8, &enum vpc_route_kind
 * @VPC_ROUTE_A_VIA: 18 bytes, repeats: &struct vpc_via, for %VPC_ROUTE_VIA: from
 *	1 to %VPC_MAX_NEXT_HOPS
 * @VPC_ROUTE_A_PEER: u32: VPC id, for %VPC_ROUTE_PEER
 * @VPC_ROUTE_A_EXPORT: flag: peers may use it; not for %VPC_ROUTE_PEER
 * @VPC_ROUTE_A_HASH: u8, &enum vpc_hash, for %VPC_ROUTE_VIA: l3 if not given
 * @VPC_ROUTE_A_STATE: u8, &enum vpc_state; active if not given
 * @VPC_ROUTE_A_NOW: flag: in DEL, without grace
 */
enum vpc_route_attr {
	VPC_ROUTE_A_UNSPEC,
	VPC_ROUTE_A_VPC,
	VPC_ROUTE_A_DST,
	VPC_ROUTE_A_LEN,
	VPC_ROUTE_A_KIND,
	VPC_ROUTE_A_VIA,
	VPC_ROUTE_A_PEER,
	VPC_ROUTE_A_EXPORT,
	VPC_ROUTE_A_HASH,
	VPC_ROUTE_A_STATE,
	VPC_ROUTE_A_NOW,

	__VPC_ROUTE_A_MAX
};

#define VPC_ROUTE_A_MAX (__VPC_ROUTE_A_MAX - 1)

/**
 * enum vpc_peer_attr - the consent of a VPC to a peering
 * @VPC_PEER_A_VPC: u32: the VPC that agrees
 * @VPC_PEER_A_PEER: u32: the VPC that may reach it then, if it agrees, too
 * @VPC_PEER_A_STATE: u8, &enum vpc_state, standby or active; active if not given
 * @VPC_PEER_A_PEER_STATE: u8, in answers: the state of the other one's consent;
 *	not there if it has not agreed
 */
enum vpc_peer_attr {
	VPC_PEER_A_UNSPEC,
	VPC_PEER_A_VPC,
	VPC_PEER_A_PEER,
	VPC_PEER_A_STATE,
	VPC_PEER_A_PEER_STATE,

	__VPC_PEER_A_MAX
};

#define VPC_PEER_A_MAX (__VPC_PEER_A_MAX - 1)

/**
 * enum vpc_form - the forms of the TLV, by their Opt Data Len
 *
 * Documentation/wire-format.rst has the layouts.
 */
enum vpc_form {
	VPC_FORM_NONE		= 0,
	VPC_FORM_WHOLE		= 4,
	VPC_FORM_IPV4		= 12,
	VPC_FORM_IPV4_FULL	= 16,
	VPC_FORM_IPV6_SHORT	= 20,
	VPC_FORM_IPV6		= 36,
};

/**
 * enum vpc_trace_attr - a packet to trace, and what became of it
 * @VPC_TRACE_A_VPC: u32: VPC of the sender
 * @VPC_TRACE_A_SRC: 4 or 16 bytes: overlay source
 * @VPC_TRACE_A_DST: 4 or 16 bytes: overlay destination, of the same size
 * @VPC_TRACE_A_PROTO: u8: IP protocol, UDP if not given
 * @VPC_TRACE_A_SPORT: u16: for TCP, UDP, UDP-Lite, DCCP and SCTP
 * @VPC_TRACE_A_DPORT: u16
 * @VPC_TRACE_A_STEP: nest of &enum vpc_trace_step_attr, repeats, in order
 * @VPC_TRACE_A_HOP: 16 bytes, repeats: the path: source SID ... destination SID
 * @VPC_TRACE_A_REASON: u32: 0, or the &enum vpc_counter it was dropped under
 */
enum vpc_trace_attr {
	VPC_TRACE_A_UNSPEC,
	VPC_TRACE_A_VPC,
	VPC_TRACE_A_SRC,
	VPC_TRACE_A_DST,
	VPC_TRACE_A_PROTO,
	VPC_TRACE_A_SPORT,
	VPC_TRACE_A_DPORT,
	VPC_TRACE_A_STEP,
	VPC_TRACE_A_HOP,
	VPC_TRACE_A_REASON,

	__VPC_TRACE_A_MAX
};

#define VPC_TRACE_A_MAX (__VPC_TRACE_A_MAX - 1)

/**
 * enum vpc_step - a decision on a packet's way
 * @VPC_STEP_SOURCE: which endpoint may use the overlay source (SID, STATE, VPC)
 * @VPC_STEP_DESTINATION: which endpoint has the destination (SID, STATE, VPC)
 * @VPC_STEP_LOCAL: it is on this host, no translation (SID, VPC, STATE)
 * @VPC_STEP_FORM: the wire form (FORM) and flow label (FLOW_LABEL) on the fabric
 * @VPC_STEP_ROUTE: the fabric's route to the next hop (SID, OUT_DEV, GATEWAY,
 *	MTU: largest packet of the tenant that fits)
 * @VPC_STEP_ACCEPT_SOURCE: by these tables, a receiver finds the overlay
 *	source at the SID that it came from (SID, VPC, STATE)
 * @VPC_STEP_ACCEPT_DESTINATION: likewise the destination
 * @VPC_STEP_TABLE: which route of the sender's VPC leads to the destination
 *	(TABLE_ROUTE, NEXT_HOPS, VPC)
 * @VPC_STEP_PEER_TABLE: which route of the peer's VPC goes on from there
 * @VPC_STEP_SEAL: it is sealed, or would have to be (SPI, CIPHER, KEY)
 *
 * An endpoint of this host has DEV and EDGE besides.
 */
enum vpc_step {
	VPC_STEP_UNSPEC,
	VPC_STEP_SOURCE,
	VPC_STEP_DESTINATION,
	VPC_STEP_LOCAL,
	VPC_STEP_FORM,
	VPC_STEP_ROUTE,
	VPC_STEP_ACCEPT_SOURCE,
	VPC_STEP_ACCEPT_DESTINATION,
	VPC_STEP_TABLE,
	VPC_STEP_PEER_TABLE,
	VPC_STEP_SEAL,
};

/**
 * enum vpc_trace_step_attr - one decision
 * @VPC_STEP_A_STEP: u8, &enum vpc_step
 * @VPC_STEP_A_REASON: u32: 0 if passed, else the drop's &enum vpc_counter
 * @VPC_STEP_A_SID: 16 bytes: of the endpoint, or of the next hop
 * @VPC_STEP_A_VPC: u32
 * @VPC_STEP_A_STATE: u8, &enum vpc_state
 * @VPC_STEP_A_DEV: string: endpoint device, if the endpoint is local
 * @VPC_STEP_A_EDGE: string: edge, likewise
 * @VPC_STEP_A_FORM: u8, &enum vpc_form
 * @VPC_STEP_A_FLOW_LABEL: u32
 * @VPC_STEP_A_OUT_DEV: string: fabric device
 * @VPC_STEP_A_GATEWAY: 16 bytes: next router, if not on link
 * @VPC_STEP_A_MTU: u32
 * @VPC_STEP_A_TABLE_ROUTE: nest of &enum vpc_route_attr; of its next hops only
 *	the one that was picked
 * @VPC_STEP_A_NEXT_HOPS: u32: how many next hops that route has
 * @VPC_STEP_A_SPI: u32: of lane 0
 * @VPC_STEP_A_CIPHER: u8, &enum vpc_cipher
 * @VPC_STEP_A_KEY: 32 bytes: the receiver's public key
 */
enum vpc_trace_step_attr {
	VPC_STEP_A_UNSPEC,
	VPC_STEP_A_STEP,
	VPC_STEP_A_REASON,
	VPC_STEP_A_SID,
	VPC_STEP_A_VPC,
	VPC_STEP_A_STATE,
	VPC_STEP_A_DEV,
	VPC_STEP_A_EDGE,
	VPC_STEP_A_FORM,
	VPC_STEP_A_FLOW_LABEL,
	VPC_STEP_A_OUT_DEV,
	VPC_STEP_A_GATEWAY,
	VPC_STEP_A_MTU,
	VPC_STEP_A_TABLE_ROUTE,
	VPC_STEP_A_NEXT_HOPS,
	VPC_STEP_A_SPI,
	VPC_STEP_A_CIPHER,
	VPC_STEP_A_KEY,

	__VPC_STEP_A_MAX
};

#define VPC_STEP_A_MAX (__VPC_STEP_A_MAX - 1)

/**
 * enum vpc_encrypt - what an edge does about encryption
 * @VPC_ENCRYPT_OFF: send clear, open what comes sealed
 * @VPC_ENCRYPT_ON: seal where a key is known, take both
 * @VPC_ENCRYPT_REQUIRED: send and take sealed packets only
 */
enum vpc_encrypt {
	VPC_ENCRYPT_UNSPEC,
	VPC_ENCRYPT_OFF,
	VPC_ENCRYPT_ON,
	VPC_ENCRYPT_REQUIRED,
};

/**
 * enum vpc_cipher - AEAD ciphers, by their number in the SPI
 * @VPC_CIPHER_AES_128_GCM: RFC 4106
 * @VPC_CIPHER_AES_256_GCM: RFC 4106
 * @VPC_CIPHER_CHACHA20_POLY1305: RFC 7634
 */
enum vpc_cipher {
	VPC_CIPHER_AES_128_GCM,
	VPC_CIPHER_AES_256_GCM,
	VPC_CIPHER_CHACHA20_POLY1305,

	__VPC_CIPHER_MAX
};

#define VPC_NR_CIPHERS __VPC_CIPHER_MAX

/**
 * enum vpc_key_attr - an X25519 key; of an edge's own, the public half
 * @VPC_KEY_A_PUBLIC: 32 bytes
 * @VPC_KEY_A_ID: u16, in answers: its key id
 * @VPC_KEY_A_EXPIRES: u32, in answers: seconds left of its grace, if it has a
 *	successor
 * @VPC_KEY_A_REPLACED: flag, in answers: of a remote, not published any more
 */
enum vpc_key_attr {
	VPC_KEY_A_UNSPEC,
	VPC_KEY_A_PUBLIC,
	VPC_KEY_A_ID,
	VPC_KEY_A_EXPIRES,
	VPC_KEY_A_REPLACED,

	__VPC_KEY_A_MAX
};

#define VPC_KEY_A_MAX (__VPC_KEY_A_MAX - 1)

/**
 * enum vpc_remote_attr - another edge
 * @VPC_REMOTE_A_PREFIX: nest of &enum vpc_prefix_attr, repeats: where its SIDs
 *	lie; the first one names it
 * @VPC_REMOTE_A_KEY: nest of &enum vpc_key_attr, repeats: its live public keys,
 *	the newest first
 * @VPC_REMOTE_A_ENCRYPT: u8, &enum vpc_encrypt; the edge's if not given
 * @VPC_REMOTE_A_NOW: flag: in DEL, without grace
 * @VPC_REMOTE_A_SEQ: u64: in SET, the number that no sending counter of its keys
 *	may be below
 * @VPC_REMOTE_A_STATE: u8, &enum vpc_state, in answers
 * @VPC_REMOTE_A_RETIRED_PREFIX: nest, repeats, in answers: a prefix that another
 *	remote has taken over, or that was taken away, accepted until its grace ends;
 *	as the first prefix, which names the remote, it is told after that, too
 * @VPC_REMOTE_A_PAIR: nest of &enum vpc_pair_attr, repeats, in answers
 * @VPC_REMOTE_A_UNKNOWN_SPI: u64, in answers: sealed packets from its prefixes
 *	with an SPI that no key of it has
 * @VPC_REMOTE_A_STANDBY_PREFIX: nest of &enum vpc_prefix_attr, repeats: a further
 *	prefix that is accepted, and not sent to
 * @VPC_REMOTE_A_MORE: flag, in answers: there are more pairs than had room.  In a
 *	dump, the next message tells the same remote with further pairs; what tells
 *	one remote leaves them out.
 */
enum vpc_remote_attr {
	VPC_REMOTE_A_UNSPEC,
	VPC_REMOTE_A_PREFIX,
	VPC_REMOTE_A_KEY,
	VPC_REMOTE_A_ENCRYPT,
	VPC_REMOTE_A_NOW,
	VPC_REMOTE_A_SEQ,
	VPC_REMOTE_A_STATE,
	VPC_REMOTE_A_RETIRED_PREFIX,
	VPC_REMOTE_A_PAIR,
	VPC_REMOTE_A_UNKNOWN_SPI,
	VPC_REMOTE_A_STANDBY_PREFIX,
	VPC_REMOTE_A_MORE,

	__VPC_REMOTE_A_MAX
};

#define VPC_REMOTE_A_MAX (__VPC_REMOTE_A_MAX - 1)

/**
 * enum vpc_pair_attr - an own key pair with a remote's key
 * @VPC_PAIR_A_EDGE: string: the edge that has the key pair
 * @VPC_PAIR_A_OWN_ID: u16: key id of the own one
 * @VPC_PAIR_A_REMOTE_ID: u16: key id of the remote's
 * @VPC_PAIR_A_SENDS: flag: it is what is sealed with
 * @VPC_PAIR_A_SPI: u32: of what is sent, lane 0
 * @VPC_PAIR_A_SEEN: flag: a packet under it has been opened
 * @VPC_PAIR_A_SEQ: u64: the highest sequence number sent, of all lanes
 * @VPC_PAIR_A_TX_PACKETS: u64
 * @VPC_PAIR_A_TX_BYTES: u64: of IPv6 packets, before sealing
 * @VPC_PAIR_A_RX_PACKETS: u64
 * @VPC_PAIR_A_RX_BYTES: u64: of IPv6 packets, opened
 * @VPC_PAIR_A_BAD_ICV: u64
 * @VPC_PAIR_A_REPLAYS: u64
 * @VPC_PAIR_A_LAST_REPLAY: u64: sequence number of the last replay
 * @VPC_PAIR_A_WRONG_HOP: u64
 */
enum vpc_pair_attr {
	VPC_PAIR_A_UNSPEC,
	VPC_PAIR_A_EDGE,
	VPC_PAIR_A_OWN_ID,
	VPC_PAIR_A_REMOTE_ID,
	VPC_PAIR_A_SENDS,
	VPC_PAIR_A_SPI,
	VPC_PAIR_A_SEEN,
	VPC_PAIR_A_SEQ,
	VPC_PAIR_A_TX_PACKETS,
	VPC_PAIR_A_TX_BYTES,
	VPC_PAIR_A_RX_PACKETS,
	VPC_PAIR_A_RX_BYTES,
	VPC_PAIR_A_BAD_ICV,
	VPC_PAIR_A_REPLAYS,
	VPC_PAIR_A_LAST_REPLAY,
	VPC_PAIR_A_WRONG_HOP,

	__VPC_PAIR_A_MAX
};

#define VPC_PAIR_A_MAX (__VPC_PAIR_A_MAX - 1)

#endif /* _UAPI_LINUX_VPC_H */
