/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * VPC datapath: every counter and every drop reason, in one list.
 *
 * The kernel counts by it, names it in tracepoints and ethtool -S, and the
 * tool explains it, all from this file.  Append to a section; numbers are API.
 *
 * Counters are in wire segments (a GSO packet counts its segments), but for
 * those in bytes.  Over all endpoints and edges, those that are gone as well, at
 * any moment:
 *
 *	sum of VPC_SOURCES = sum of VPC_SINKS + sum of VPC_DROPS
 *
 * A row is (NAME, "name", "one sentence").
 */
#ifndef _UAPI_LINUX_VPC_COUNTERS_H
#define _UAPI_LINUX_VPC_COUNTERS_H

#define VPC_SOURCES(_)							\
_(FROM_VM,	"from_vm",						\
  "Frames that VMs sent into their endpoint devices.")			\
_(FROM_FABRIC,	"from_fabric",						\
  "Packets taken from the fabric: for a SID of this host, or errors about packets it sent.") \
_(FROM_HOST,	"from_host",						\
  "Packets that the host's own routing sent into an edge device.")	\
_(MADE_FRAGMENT, "made_fragment",					\
  "Fragments made of IPv4 packets without DF that were too large.")	\
_(MADE_ERROR,	"made_error",						\
  "ICMP errors made for VMs.")						\
_(MADE_NEIGH,	"made_neigh",						\
  "Answers made to ARP requests and neighbour solicitations of VMs.")	\
_(MADE_RA,	"made_ra",						\
  "Router advertisements made for VMs.")				\
_(FROM_OPENED,	"from_opened",						\
  "Packets that were sealed, after they have been opened and merged.")	\
_(FROM_CRYPTO,	"from_crypto",						\
  "Packets that an asynchronous cipher gave back.")

#define VPC_SINKS(_)							\
_(TO_VM,	"to_vm",						\
  "Frames given to VMs.")						\
_(TO_FABRIC,	"to_fabric",						\
  "Packets given to the fabric.")					\
_(USED_NEIGH,	"used_neigh",						\
  "ARP and neighbour discovery from VMs that the edge consumed.")	\
_(USED_ERROR,	"used_error",						\
  "ICMPv6 errors of the fabric that the edge consumed.")		\
_(USED_FRAGMENTED, "used_fragmented",					\
  "IPv4 packets that were replaced by their fragments.")		\
_(USED_SEALED,	"used_sealed",						\
  "Sealed packets of the fabric that were opened.")			\
_(TO_CRYPTO,	"to_crypto",						\
  "Packets given to an asynchronous cipher.")

/* In bytes of the tenant's packets, Ethernet header left out. */
#define VPC_BYTES(_)							\
_(BYTES_FROM_VM, "bytes_from_vm",					\
  "Bytes of from_vm, without Ethernet headers.")			\
_(BYTES_TO_VM,	"bytes_to_vm",						\
  "Bytes of to_vm, without Ethernet headers.")

#define VPC_DROPS(_)							\
/* A frame from a VM. */						\
_(SRC_MAC,	"src_mac",						\
  "The VM sent from a MAC (or claimed one in ARP) that is not its endpoint's.") \
_(DST_MAC,	"dst_mac",						\
  "The VM sent a unicast frame to another MAC than the edge's 02:56:50:43:00:01.") \
_(VLAN,		"vlan",							\
  "The VM sent a VLAN-tagged frame.")					\
_(NOT_IP,	"not_ip",						\
  "The VM sent a frame that is none of IPv4, IPv6 and ARP.")		\
_(MULTICAST,	"multicast",						\
  "The VM sent to a multicast or broadcast address.")			\
_(SRC_ADDR,	"src_addr",						\
  "The VM used a source address that its endpoint does not have.")	\
_(NEIGH_MALFORMED, "neigh_malformed",					\
  "ARP or neighbour discovery that breaks RFC 826 or RFC 4861.")	\
_(NEIGH_ROGUE,	"neigh_rogue",						\
  "The VM sent a router advertisement or a redirect.")			\
_(IP_MALFORMED,	"ip_malformed",						\
  "An IP header from a VM is cut short, or its version or lengths are wrong.") \
_(IP_CHECKSUM,	"ip_checksum",						\
  "An IPv4 header from a VM has a wrong checksum.")			\
_(FRAGMENT_SHORT, "fragment_short",					\
  "A fragment too large for the fabric, of a size that can't be cut further.") \
/* The path. */								\
_(NO_ROUTE,	"no_route",						\
  "The sender's VPC has neither an endpoint nor a route for the destination address.")		\
_(NOT_ACTIVE,	"not_active",						\
  "The destination is known here, but in state standby or retiring only.") \
_(TOO_BIG,	"too_big",						\
  "Larger than the fabric carries; the sender was told the MTU by ICMP.") \
_(FABRIC_ROUTE,	"fabric_route",						\
  "The host has no route to the next SID, or one that leaves the fabric devices.") \
_(EDGE_DOWN,	"edge_down",						\
  "The edge device is down.")						\
/* A packet from the fabric. */						\
_(NOT_FABRIC,	"not_fabric",						\
  "A packet for a SID came in by a device that is none of the edge's fabric devices.") \
_(UNKNOWN_SID,	"unknown_sid",						\
  "Addressed to a SID within the edge's prefixes that no endpoint has.") \
_(NOT_LOCAL,	"not_local",						\
  "Addressed to the SID of an endpoint that is not on this host.")	\
_(BAD_HEADER,	"bad_header",						\
  "Its extension headers are cut short, overrun the packet or are none that the path has.") \
_(BAD_FORM,	"bad_form",						\
  "Its TLV has a length that is no form, or a form that is not allowed there.") \
_(EXTRA_OPTION,	"extra_option",						\
  "Its destination options hold more than the TLV and the padding that the form needs.") \
_(NO_TLV,	"no_tlv",						\
  "Addressed to a SID, but without the edge's TLV.")			\
_(BAD_INNER,	"bad_inner",						\
  "The tenant's packet in it is malformed, or would be after translation.") \
_(BAD_VPC,	"bad_vpc",						\
  "The VPC of its source may not send to the VPC of its SID.")		\
_(BAD_SRC,	"bad_src",						\
  "Its overlay source is known in no table of its VPC.")		\
_(SRC_SID,	"src_sid",						\
  "Its overlay source belongs to another SID than it came from.")	\
_(DST_SID,	"dst_sid",						\
  "Nothing leads from its VPC and its overlay destination to the SID it came to.")	\
_(ECN,		"ecn",							\
  "Marked by the fabric as congested, but the tenant's packet can't bear the mark (RFC 6040).") \
_(NEIGH_FABRIC,	"neigh_fabric",						\
  "Neighbour discovery inside the overlay, which no edge sends.")	\
_(ESP,		"esp",							\
  "Encrypted, and this edge has no key for it.")			\
_(SRH,		"srh",							\
  "Has a segment routing header, and no path through this SID has segments.") \
_(BAD_QUOTE,	"bad_quote",						\
  "An ICMPv6 error of the fabric about a packet that this host can't have sent.") \
_(NOT_OVERLAY,	"not_overlay",						\
  "The host's routing sent a packet into an edge device that is no overlay packet.") \
/* The VM that it is for. */						\
_(VM_DOWN,	"vm_down",						\
  "The endpoint device of the destination is down.")			\
_(VM_BACKLOG,	"vm_backlog",						\
  "A backlog is full (net.core.netdev_max_backlog): to a local VM, or of opened packets.") \
/* Resources. */							\
_(NO_MEMORY,	"no_memory",						\
  "No memory for headroom, a copy or a fragment.")			\
_(GSO_FAILED,	"gso_failed",						\
  "A GSO packet that had to be cut could not be.")			\
_(CHECKSUM_FAILED, "checksum_failed",					\
  "An offloaded checksum of a VM's packet points outside of it, or could not be computed.") \
/* Routes and peerings. */						\
_(BLACKHOLE,	"blackhole",						\
  "The route for the destination is a blackhole.")			\
_(PROHIBITED,	"prohibited",						\
  "The route for the destination prohibits it; the sender was told by ICMP.") \
_(NEXT_HOP,	"next_hop",						\
  "The SID that the route leads to is none of an endpoint of that VPC known here.") \
_(DRAINED,	"drained",						\
  "Every next hop of the route for the destination has the weight 0.")	\
_(NO_CONSENT,	"no_consent",						\
  "A packet to a peer, or from one, and not both VPCs agree to the peering.") \
_(PEER_ROUTE,	"peer_route",						\
  "The peer has no endpoint and exports no route for the destination.") \
/* Encryption. */							\
_(MISSING_KEY,	"missing_key",						\
  "To be sealed, but no key of the next edge is known.")		\
_(EXHAUSTED,	"exhausted",						\
  "To be sealed, but the key has no sequence number left: rekey the edge.") \
_(CRYPTO_FAILED, "crypto_failed",					\
  "The cipher refused to work, or its queue is full.")			\
_(UNKNOWN_SPI,	"unknown_spi",						\
  "Sealed by the edge that it came from, under a key that is not known here.") \
_(BAD_ICV,	"bad_icv",						\
  "Sealed, but damaged or forged: it does not authenticate.")		\
_(REPLAY,	"replay",						\
  "Sealed, with a sequence number that was there before or is too old.") \
_(CLEAR,	"clear",						\
  "Not sealed, from where only sealed packets are taken.")		\
_(WRONG_HOP,	"wrong_hop",						\
  "Sealed by another edge than the one before this one on its path.")

#define __VPC_COUNTER_ENUM(id, name, text)	VPC_COUNTER_##id,
#define __VPC_DROP_ENUM(id, name, text)		VPC_DROP_##id,

/**
 * enum vpc_counter - index of a counter
 *
 * In netlink, a nest of statistics holds one u64 attribute per counter, of the
 * type of its index.  %VPC_COUNTER_UNSPEC stands for "not dropped"; an attribute of
 * this type is padding, on machines that want the next one aligned.
 */
enum vpc_counter {
	VPC_COUNTER_UNSPEC,
	VPC_SOURCES(__VPC_COUNTER_ENUM)
	__VPC_SINK_FIRST = 16,
	__VPC_SINK_BASE = __VPC_SINK_FIRST - 1,
	VPC_SINKS(__VPC_COUNTER_ENUM)
	__VPC_BYTES_FIRST = 32,
	__VPC_BYTES_BASE = __VPC_BYTES_FIRST - 1,
	VPC_BYTES(__VPC_COUNTER_ENUM)
	__VPC_DROP_FIRST = 40,
	__VPC_DROP_BASE = __VPC_DROP_FIRST - 1,
	VPC_DROPS(__VPC_DROP_ENUM)
	__VPC_COUNTER_MAX
};

#define VPC_COUNTER_MAX (__VPC_COUNTER_MAX - 1)

#endif /* _UAPI_LINUX_VPC_COUNTERS_H */
