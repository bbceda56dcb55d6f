/* SPDX-License-Identifier: GPL-2.0 */
/* The way in: from the fabric to a VM. */
#ifndef _VPC_RX_H
#define _VPC_RX_H

#include "edge.h"

int vpc_rx_hook(struct vpc_net *vn);
void vpc_rx_unhook(struct vpc_net *vn);
rx_handler_result_t vpc_rx_opened(struct sk_buff **pskb);
void vpc_rx_host(struct vpc_edge *edge, struct sk_buff *skb);

#endif /* _VPC_RX_H */
