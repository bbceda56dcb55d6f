/* SPDX-License-Identifier: GPL-2.0 */
/* Sealing and opening: ESP (RFC 4303) around what is behind the IPv6 header. */
#ifndef _VPC_ESP_H
#define _VPC_ESP_H

#include <linux/align.h>

#include "remote.h"

struct vpc_nic;

#define VPC_ESP_HLEN	16	/* SPI, sequence number, IV */
#define VPC_ESP_TRAILER	2	/* pad length, next header */
#define VPC_ESP_ALIGN	4
#define VPC_ESP_TAIL	(VPC_ESP_ALIGN - 1 + VPC_ESP_TRAILER + VPC_ICV_LEN)

/* The largest IPv6 packet that fits into an MTU when it is sealed. */
static inline u32 vpc_esp_room(u32 mtu)
{
	u32 hlen = sizeof(struct ipv6hdr) + VPC_ESP_HLEN;

	return sizeof(struct ipv6hdr) +
	       ALIGN_DOWN(mtu - hlen - VPC_ICV_LEN, VPC_ESP_ALIGN) - VPC_ESP_TRAILER;
}

enum vpc_counter vpc_esp_choose(const struct vpc_edge *edge, const struct in6_addr *to,
				struct vpc_sas **sas);
bool vpc_esp_takes_clear(const struct vpc_edge *edge, const struct in6_addr *from);
bool vpc_esp_sent(const struct vpc_edge *edge, const struct in6_addr *to, u32 spi);

bool vpc_esp_ready(struct sk_buff **skb, const struct dst_entry *dst);
void vpc_esp_seal(struct vpc_nic *nic, struct vpc_sas *sas, struct sk_buff *skb);
void vpc_esp_open(struct vpc_nic *nic, struct sk_buff *skb);

#endif /* _VPC_ESP_H */
