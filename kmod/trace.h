/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vpc

#if !defined(_VPC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VPC_TRACE_H

#include <linux/skbuff.h>
#include <linux/tracepoint.h>

#include "codec.h"

#define VPC_TRACE_DEFINE(id, name, text)	TRACE_DEFINE_ENUM(VPC_DROP_##id);
#define VPC_TRACE_SYMBOL(id, name, text)	{ VPC_DROP_##id, name },
VPC_DROPS(VPC_TRACE_DEFINE)

#define VPC_TRACE_FORMS				\
	{ VPC_FORM_NONE,	"local" },	\
	{ VPC_FORM_WHOLE,	"whole" },	\
	{ VPC_FORM_IPV4,	"ipv4" },	\
	{ VPC_FORM_IPV4_FULL,	"ipv4-full" },	\
	{ VPC_FORM_IPV6_SHORT,	"ipv6-short" },	\
	{ VPC_FORM_IPV6,	"ipv6" }

/* A tenant's packet on its way; the skb is that of the side named. */
DECLARE_EVENT_CLASS(vpc_packet,
	TP_PROTO(const struct sk_buff *skb, const struct net_device *dev,
		 const struct vpc_pkt *pkt, const struct in6_addr *from,
		 const struct in6_addr *to),
	TP_ARGS(skb, dev, pkt, from, to),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__string(name, dev->name)
		__field(u32, vpc)
		__field(u32, len)
		__field(u8, form)
		__field(u8, version)
		__field(u8, proto)
		__array(u8, src, 16)
		__array(u8, dst, 16)
		__array(u8, from, 16)
		__array(u8, to, 16)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		vpc_trace_assign_str(name, dev->name);
		__entry->vpc = pkt->vpc;
		__entry->len = skb->len;
		__entry->form = pkt->form;
		__entry->version = pkt->version;
		__entry->proto = pkt->proto;
		memset(__entry->src, 0, 16);
		memset(__entry->dst, 0, 16);
		memcpy(__entry->src, &pkt->src, pkt->version == 4 ? 4 : 16);
		memcpy(__entry->dst, &pkt->dst, pkt->version == 4 ? 4 : 16);
		memcpy(__entry->from, from, 16);
		memcpy(__entry->to, to, 16);
	),
	TP_printk("dev=%s vpc=%u form=%s ipv%u src=%s dst=%s proto=%u len=%u sid=%pI6c to=%pI6c skbaddr=%p",
		  __get_str(name), __entry->vpc,
		  __print_symbolic(__entry->form, VPC_TRACE_FORMS),
		  __entry->version,
		  __print_hex_str(__entry->src, __entry->version == 4 ? 4 : 16),
		  __print_hex_str(__entry->dst, __entry->version == 4 ? 4 : 16),
		  __entry->proto, __entry->len, __entry->from, __entry->to,
		  __entry->skbaddr)
);

/* Sent by a VM, translated for the fabric (or given to a local endpoint). */
DEFINE_EVENT(vpc_packet, vpc_translate,
	TP_PROTO(const struct sk_buff *skb, const struct net_device *dev,
		 const struct vpc_pkt *pkt, const struct in6_addr *from,
		 const struct in6_addr *to),
	TP_ARGS(skb, dev, pkt, from, to)
);

/* Accepted from the fabric, translated for the VM. */
DEFINE_EVENT(vpc_packet, vpc_accept,
	TP_PROTO(const struct sk_buff *skb, const struct net_device *dev,
		 const struct vpc_pkt *pkt, const struct in6_addr *from,
		 const struct in6_addr *to),
	TP_ARGS(skb, dev, pkt, from, to)
);

TRACE_EVENT(vpc_drop,
	TP_PROTO(const struct sk_buff *skb, unsigned int segs, u32 reason),
	TP_ARGS(skb, segs, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(int, ifindex)
		__field(unsigned int, segs)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->ifindex = skb->dev ? skb->dev->ifindex : 0;
		__entry->segs = segs;
		__entry->reason = reason;
	),
	TP_printk("reason=%s segs=%u ifindex=%d skbaddr=%p",
		  __print_symbolic(__entry->reason,
				   VPC_DROPS(VPC_TRACE_SYMBOL)
				   { 0, "none" }),
		  __entry->segs, __entry->ifindex, __entry->skbaddr)
);

#endif /* _VPC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
