/* SPDX-License-Identifier: GPL-2.0 */
/* Sealing and opening: ESP (RFC 4303) around what is behind the IPv6 header. */
#ifndef _VPC_ESP_H
#define _VPC_ESP_H

#include <linux/align.h>

#include "edge.h"
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

enum vpc_counter vpc_esp_choose_sas(const struct vpc_edge *edge,
				    const struct in6_addr *to, struct vpc_sas **sas);
bool vpc_esp_takes_clear_from(const struct vpc_edge *edge, const struct in6_addr *from);

/**
 * vpc_esp_choose - is a packet to be sealed, and with which keys
 * @edge: the edge that sends it
 * @to: SID of the next edge
 * @sas: set to the keys, or to NULL
 *
 * A host that knows no other edge pays next to nothing for the question.
 *
 * Context: rcu_read_lock().
 * Return: 0, or the reason to drop the packet.
 */
static inline enum vpc_counter vpc_esp_choose(const struct vpc_edge *edge,
					      const struct in6_addr *to,
					      struct vpc_sas **sas)
{
	*sas = NULL;
	if (likely(!READ_ONCE(edge->vn->crypt.nr_remotes) &&
		   READ_ONCE(edge->encrypt) != VPC_ENCRYPT_REQUIRED))
		return VPC_COUNTER_UNSPEC;
	return vpc_esp_choose_sas(edge, to, sas);
}

/**
 * vpc_esp_takes_clear - may a packet come without being sealed
 * @edge: the edge that it came to
 * @from: the SID that it came from
 *
 * Context: rcu_read_lock().
 */
static inline bool vpc_esp_takes_clear(const struct vpc_edge *edge,
				       const struct in6_addr *from)
{
	return likely(READ_ONCE(edge->encrypt) != VPC_ENCRYPT_REQUIRED &&
		      !READ_ONCE(edge->vn->crypt.nr_strict)) ||
	       vpc_esp_takes_clear_from(edge, from);
}

bool vpc_esp_sent(const struct vpc_edge *edge, const struct in6_addr *to, u32 spi);

bool vpc_esp_ready(struct sk_buff **skb, const struct dst_entry *dst);
void vpc_esp_seal(struct vpc_nic *nic, struct vpc_sas *sas, struct sk_buff *skb);
void vpc_esp_open(struct vpc_nic *nic, struct sk_buff *skb);

#endif /* _VPC_ESP_H */
