// SPDX-License-Identifier: GPL-2.0
/*
 * Sealing and opening: ESP (RFC 4303) around what is behind the IPv6 header.
 *
 * A cipher works at once or, where it can't have the CPU's registers just then,
 * later and elsewhere.  Both ways end in the same function.  Only a packet that
 * has to wait takes references, when it is known that it has to: until then it
 * lives within the caller's rcu_read_lock().
 *
 * In the accounts a packet that waits is gone (to_crypto), and one that comes
 * back is new (from_crypto), so that they add up at any moment.  The same holds
 * for a packet that has been opened (used_sealed), and comes back through GRO
 * (from_opened).
 */

#include <linux/netfilter.h>
#include <linux/slab.h>
#include <net/ip6_route.h>
#include <net/netfilter/nf_conntrack.h>

#include "esp.h"
#include "nic.h"

#define VPC_AAD_LEN	12	/* SPI and 64 bits of sequence number */

struct vpc_esp_hdr {
	__be32	spi;
	__be32	seq;
	__be64	iv;
};

/* A packet that waits is resumed by who comes last: the submitter when it has
 * taken the references, or the cipher.
 */
enum vpc_esp_state {
	VPC_ESP_RUNNING,
	VPC_ESP_PARKED,
	VPC_ESP_DONE,
};

/**
 * struct vpc_esp_op - a packet and a cipher
 * @nic: device that sends or gets it
 * @sas: derived keys
 * @skb: the packet
 * @spare: a copy, if another key may fit where this one does not
 * @seq: its sequence number
 * @len: bytes of the packet, before it is sealed
 * @attempt: which of the keys with that SPI it is
 * @seal: or open
 * @covered: the keys are of the edge that it comes from
 * @state: &enum vpc_esp_state
 * @err: what the cipher said
 * @nonce: the nonce
 * @aad: what is authenticated beside the payload
 * @sg: @aad, then the payload
 * @req: the request, with the cipher's own data behind it
 */
struct vpc_esp_op {
	struct vpc_nic		*nic;
	struct vpc_sas		*sas;
	struct sk_buff		*skb;
	struct sk_buff		*spare;
	u64			seq;
	unsigned int		len;
	unsigned int		attempt;
	bool			seal;
	bool			covered;
	atomic_t		state;
	int			err;
	u8			nonce[VPC_NONCE_LEN] __aligned(8);
	__be32			aad[VPC_AAD_LEN / 4];
	struct scatterlist	sg[2];
	struct aead_request	req;
};

static void vpc_esp_finish(struct vpc_esp_op *op);

/* Which keys. */

/* vpc_esp_choose(), where there is a choice. */
enum vpc_counter vpc_esp_choose_sas(const struct vpc_edge *edge,
				    const struct in6_addr *to, struct vpc_sas **sas)
{
	const struct vpc_remote *remote = vpc_remote_find(&edge->vn->crypt, to, true);
	u8 mode = READ_ONCE(edge->encrypt), its;

	if (!remote)
		return mode == VPC_ENCRYPT_REQUIRED ? VPC_DROP_MISSING_KEY :
						      VPC_COUNTER_UNSPEC;
	its = READ_ONCE(remote->encrypt);
	if ((its ?: mode) == VPC_ENCRYPT_OFF)
		return VPC_COUNTER_UNSPEC;
	*sas = vpc_remote_sas(remote, edge);
	return *sas ? VPC_COUNTER_UNSPEC : VPC_DROP_MISSING_KEY;
}

/* vpc_esp_takes_clear(), where it depends on the sender. */
bool vpc_esp_takes_clear_from(const struct vpc_edge *edge, const struct in6_addr *from)
{
	const struct vpc_remote *remote = vpc_remote_find(&edge->vn->crypt, from, false);
	u8 mode = READ_ONCE(edge->encrypt), its = 0;

	if (remote)
		its = READ_ONCE(remote->encrypt);
	return (its ?: mode) != VPC_ENCRYPT_REQUIRED;
}

/**
 * vpc_esp_sent - may a packet with an SPI be one that was sent from here
 * @edge: the edge
 * @to: where it was sent
 * @spi: its SPI
 *
 * Context: rcu_read_lock().
 */
bool vpc_esp_sent(const struct vpc_edge *edge, const struct in6_addr *to, u32 spi)
{
	const struct vpc_remote *remote;
	const struct vpc_sas *sas;
	const struct vpc_sa *sa;

	remote = vpc_remote_find(&edge->vn->crypt, to, false);
	sas = remote ? vpc_remote_sas(remote, edge) : NULL;
	if (!sas || vpc_spi_cipher(spi) >= VPC_NR_CIPHERS)
		return false;
	sa = &sas->tx[vpc_spi_cipher(spi)];
	return vpc_sa_aead(sa) && sa->spi == (spi & ~VPC_SPI_LANE_MASK);
}

/* The cipher. */

static void vpc_esp_free(struct vpc_esp_op *op)
{
	kfree_skb(op->spare);
	kfree(op);
}

static void vpc_esp_drop(struct vpc_esp_op *op, enum vpc_counter reason)
{
	vpc_drop(op->nic->counters, op->skb, reason);
	vpc_esp_free(op);
}

/* A packet that had to wait goes on.  Bottom halves are off. */
static void vpc_esp_resume(struct vpc_esp_op *op)
{
	struct net_device *dev = op->nic->dev;
	struct vpc_sas *sas = op->sas;

	rcu_read_lock();
	vpc_count(op->nic->counters, VPC_COUNTER_FROM_CRYPTO, 1);
	vpc_esp_finish(op);
	rcu_read_unlock();
	vpc_sas_put(sas);
	dev_put(dev);
}

static void vpc_esp_done(vpc_crypto_done_arg data, int err)
{
	struct vpc_esp_op *op = vpc_crypto_done_data(data);

	/* It has only left the backlog. */
	if (err == -EINPROGRESS)
		return;
	op->err = err;
	local_bh_disable();
	if (atomic_xchg(&op->state, VPC_ESP_DONE) == VPC_ESP_PARKED)
		vpc_esp_resume(op);
	local_bh_enable();
}

static void vpc_esp_park(struct vpc_esp_op *op)
{
	vpc_count(op->nic->counters, VPC_COUNTER_TO_CRYPTO, 1);
	refcount_inc(&op->sas->refs);
	dev_hold(op->nic->dev);
	/* Any other device may go meanwhile, that of the route, too. */
	skb_dst_force(op->skb);
	op->skb->dev = op->nic->edge->dev;
	if (op->spare)
		op->spare->dev = op->nic->edge->dev;
	if (atomic_xchg(&op->state, VPC_ESP_PARKED) == VPC_ESP_DONE)
		vpc_esp_resume(op);
}

static struct vpc_esp_op *vpc_esp_alloc(struct vpc_nic *nic, const struct vpc_sa *sa,
					struct crypto_aead *aead, struct sk_buff *skb)
{
	struct vpc_esp_op *op;

	op = kmalloc(sizeof(*op) + crypto_aead_reqsize(aead), GFP_ATOMIC | __GFP_NOWARN);
	if (!op)
		return NULL;
	op->nic = nic;
	op->sas = sa->sas;
	op->skb = skb;
	op->len = skb->len;
	op->spare = NULL;
	op->attempt = 0;
	op->covered = true;
	atomic_set(&op->state, VPC_ESP_RUNNING);
	return op;
}

/* The packet is linear, at its IPv6 header, with ESP behind that. */
static int vpc_esp_crypt(struct vpc_esp_op *op, const struct vpc_sa *sa,
			 struct crypto_aead *aead)
{
	unsigned int hlen = sizeof(struct ipv6hdr) + VPC_ESP_HLEN;
	const struct vpc_esp_hdr *esp = (void *)op->skb->data + sizeof(struct ipv6hdr);
	unsigned int len = op->skb->len - hlen;

	vpc_nonce(op->nonce, sa->salt, ntohl(esp->spi), op->seq);
	op->aad[0] = esp->spi;
	op->aad[1] = htonl(op->seq >> 32);
	op->aad[2] = htonl(op->seq);
	sg_init_table(op->sg, 2);
	sg_set_buf(&op->sg[0], op->aad, VPC_AAD_LEN);
	sg_set_buf(&op->sg[1], op->skb->data + hlen, len);

	aead_request_set_tfm(&op->req, aead);
	aead_request_set_callback(&op->req, 0, vpc_esp_done, op);
	aead_request_set_ad(&op->req, VPC_AAD_LEN);
	if (op->seal) {
		aead_request_set_crypt(&op->req, op->sg, op->sg, len - VPC_ICV_LEN,
				       op->nonce);
		return crypto_aead_encrypt(&op->req);
	}
	aead_request_set_crypt(&op->req, op->sg, op->sg, len, op->nonce);
	return crypto_aead_decrypt(&op->req);
}

/* Run it, and go on now or later. */
static void vpc_esp_run(struct vpc_esp_op *op, const struct vpc_sa *sa,
			struct crypto_aead *aead)
{
	int err = vpc_esp_crypt(op, sa, aead);

	if (unlikely(err == -EINPROGRESS)) {
		vpc_esp_park(op);
		return;
	}
	op->err = err;
	vpc_esp_finish(op);
}

/* Sealing. */

/**
 * vpc_esp_ready - make a packet one that can be sealed where it lies
 * @skbp: the packet, at its IP header; replaced if need be
 * @dst: its route
 *
 * Others may see its data, or it may lie in pieces: then all of it is copied,
 * with room for everything that it gets.
 *
 * Return: false if there is no memory.
 */
bool vpc_esp_ready(struct sk_buff **skbp, const struct dst_entry *dst)
{
	unsigned int headroom = LL_RESERVED_SPACE(dst->dev) + sizeof(struct ipv6hdr) +
				VPC_TLV_MAX_LEN + VPC_ESP_HLEN;
	struct sk_buff *copy, *skb = *skbp;

	if (skb_is_gso(skb) ||
	    (!skb_cloned(skb) && !skb_is_nonlinear(skb) &&
	     skb_tailroom(skb) >= VPC_ESP_TAIL))
		return true;
	copy = skb_copy_expand(skb, headroom, VPC_ESP_TAIL, GFP_ATOMIC | __GFP_NOWARN);
	if (!copy)
		return false;
	consume_skb(skb);
	*skbp = copy;
	return true;
}

static void vpc_esp_sealed(struct vpc_esp_op *op)
{
	struct vpc_pair *pair = op->sas->pair;
	struct sk_buff *skb = op->skb;
	struct vpc_nic *nic = op->nic;

	if (unlikely(op->err)) {
		vpc_esp_drop(op, VPC_DROP_CRYPTO_FAILED);
		return;
	}
	/* The route went while it waited. */
	if (unlikely(!skb_dst(skb))) {
		vpc_esp_drop(op, VPC_DROP_FABRIC_ROUTE);
		return;
	}
	this_cpu_inc(pair->cpu->tx_packets);
	this_cpu_add(pair->cpu->tx_bytes, op->len);
	vpc_esp_free(op);
	vpc_count(nic->counters, VPC_COUNTER_TO_FABRIC, 1);
	ip6_local_out(nic->edge->vn->net, NULL, skb);
}

static bool vpc_esp_expand(struct sk_buff *skb)
{
	int head = VPC_ESP_HLEN + LL_RESERVED_SPACE(skb->dev) - skb_headroom(skb);
	int tail = VPC_ESP_TAIL - skb_tailroom(skb);

	if (skb_linearize(skb))
		return false;
	if (!skb_cloned(skb) && head <= 0 && tail <= 0)
		return true;
	return !pskb_expand_head(skb, max(head, 0), max(tail, 0),
				 GFP_ATOMIC | __GFP_NOWARN);
}

static void vpc_esp_write(struct sk_buff *skb, u32 spi, u64 seq)
{
	unsigned int pad, i, hlen = sizeof(struct ipv6hdr);
	struct vpc_esp_hdr *esp;
	struct ipv6hdr *ip6;
	u8 *tail;

	pad = -(skb->len - hlen + VPC_ESP_TRAILER) % VPC_ESP_ALIGN;
	tail = skb_put(skb, pad + VPC_ESP_TRAILER + VPC_ICV_LEN);
	for (i = 1; i <= pad; i++)
		*tail++ = i;
	*tail++ = pad;
	*tail++ = NEXTHDR_DEST;

	ip6 = skb_push(skb, VPC_ESP_HLEN);
	memmove(ip6, (void *)ip6 + VPC_ESP_HLEN, hlen);
	ip6->nexthdr = NEXTHDR_ESP;
	ip6->payload_len = htons(skb->len - hlen);
	esp = (struct vpc_esp_hdr *)(ip6 + 1);
	esp->spi = htonl(spi);
	esp->seq = htonl(seq);
	esp->iv = cpu_to_be64(seq);
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb_set_transport_header(skb, hlen);
	skb->ip_summed = CHECKSUM_NONE;
}

static void vpc_esp_seal_one(struct vpc_nic *nic, struct vpc_sas *sas, struct sk_buff *skb)
{
	const struct vpc_sa *sa = &sas->tx[READ_ONCE(nic->edge->cipher)];
	struct crypto_aead *aead = vpc_sa_aead(sa);
	enum vpc_counter reason;
	struct vpc_esp_op *op;
	u32 lane;

	reason = VPC_DROP_MISSING_KEY;
	if (unlikely(!aead))
		goto drop;
	reason = VPC_DROP_NO_MEMORY;
	if (unlikely(!vpc_esp_expand(skb)))
		goto drop;
	reason = VPC_DROP_CHECKSUM_FAILED;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		goto drop;
	reason = VPC_DROP_NO_MEMORY;
	op = vpc_esp_alloc(nic, sa, aead, skb);
	if (unlikely(!op))
		goto drop;
	op->seal = true;
	op->seq = vpc_pair_next(sas->pair, &lane);
	if (unlikely(!op->seq)) {
		vpc_esp_drop(op, VPC_DROP_EXHAUSTED);
		return;
	}
	if (unlikely(op->seq >= VPC_SEQ_LOW && !READ_ONCE(sas->pair->low)))
		vpc_remote_low(nic->edge->vn, sas);
	vpc_esp_write(skb, sa->spi | lane, op->seq);
	vpc_esp_run(op, sa, aead);
	return;

drop:
	vpc_drop(nic->counters, skb, reason);
}

/**
 * vpc_esp_seal - seal a packet of the fabric, and send it
 * @nic: device that it came from
 * @sas: the keys
 * @skb: the packet, at its IPv6 header, with its route; consumed
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void vpc_esp_seal(struct vpc_nic *nic, struct vpc_sas *sas, struct sk_buff *skb)
{
	unsigned int said = vpc_segs(skb), n = 0;
	struct sk_buff *segs, *next;

	if (!skb_is_gso(skb)) {
		vpc_esp_seal_one(nic, sas, skb);
		return;
	}
	/* Without scatter-gather: each segment is a copy, and lies in one piece. */
	segs = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segs)) {
		vpc_drop(nic->counters, skb, VPC_DROP_GSO_FAILED);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		n++;
		vpc_esp_seal_one(nic, sas, skb);
	}
	/* What a guest says of its packet may prove wrong. */
	vpc_count(nic->counters, VPC_COUNTER_FROM_VM, (u64)n - said);
}

/* Opening. */

/* Take off what ESP has put around; what it says was authenticated. */
static bool vpc_esp_strip(struct sk_buff *skb)
{
	unsigned int hlen = sizeof(struct ipv6hdr), pad, len, i;
	const u8 *tail = skb_tail_pointer(skb) - VPC_ICV_LEN - VPC_ESP_TRAILER;
	struct ipv6hdr *ip6;

	pad = tail[0];
	len = skb->len - hlen - VPC_ESP_HLEN - VPC_ICV_LEN - VPC_ESP_TRAILER;
	if (tail[1] != NEXTHDR_DEST || pad >= len)
		return false;
	for (i = 1; i <= pad; i++)
		if (tail[-(int)i] != pad - i + 1)
			return false;
	__skb_trim(skb, skb->len - VPC_ICV_LEN - VPC_ESP_TRAILER - pad);

	memmove(skb->data + VPC_ESP_HLEN, skb->data, hlen);
	ip6 = __skb_pull(skb, VPC_ESP_HLEN);
	ip6->nexthdr = NEXTHDR_DEST;
	ip6->payload_len = htons(skb->len - hlen);
	return true;
}

/* Through GRO, to vpc_rx_opened() as a packet of the edge's own device. */
static void vpc_esp_receive(struct vpc_nic *nic, struct sk_buff *skb)
{
	struct vpc_edge *edge = nic->edge;

	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb->dev = edge->dev;
	skb->protocol = htons(ETH_P_IPV6);
	skb->pkt_type = PACKET_HOST;
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->mac_len = 0;
	skb_set_transport_header(skb, sizeof(struct ipv6hdr));
	if (gro_cells_receive(&edge->opened, skb) == NET_RX_DROP)
		vpc_count(nic->counters, VPC_DROP_VM_BACKLOG, 1);
	else
		vpc_count(nic->counters, VPC_COUNTER_USED_SEALED, 1);
}

static void vpc_esp_try(struct vpc_nic *nic, struct sk_buff *skb, unsigned int attempt);

static void vpc_esp_opened(struct vpc_esp_op *op)
{
	const struct vpc_esp_hdr *esp = (void *)op->skb->data + sizeof(struct ipv6hdr);
	struct vpc_pair *pair = op->sas->pair;
	struct sk_buff *skb = op->skb, *spare;
	struct vpc_nic *nic = op->nic;
	enum vpc_counter reason;

	if (unlikely(op->err)) {
		if (op->err != -EBADMSG) {
			vpc_esp_drop(op, VPC_DROP_CRYPTO_FAILED);
			return;
		}
		spare = op->spare;
		if (!spare) {
			this_cpu_inc(pair->cpu->bad_icv);
			vpc_esp_drop(op, VPC_DROP_BAD_ICV);
			return;
		}
		/* Another key has the same SPI: it is that one's, perhaps. */
		op->spare = NULL;
		consume_skb(skb);
		vpc_esp_try(nic, spare, op->attempt + 1);
		vpc_esp_free(op);
		return;
	}

	reason = vpc_pair_take(pair, ntohl(esp->spi) & VPC_SPI_LANE_MASK, op->seq);
	if (unlikely(reason)) {
		if (reason == VPC_DROP_REPLAY) {
			this_cpu_inc(pair->cpu->replays);
			WRITE_ONCE(pair->last_replay, op->seq);
		}
		vpc_esp_drop(op, reason);
		return;
	}
	if (unlikely(!op->covered)) {
		this_cpu_inc(pair->cpu->wrong_hop);
		vpc_esp_drop(op, VPC_DROP_WRONG_HOP);
		return;
	}
	if (unlikely(!READ_ONCE(pair->seen)))
		vpc_remote_seen(nic->edge->vn, op->sas);
	if (unlikely(!vpc_esp_strip(skb))) {
		vpc_esp_drop(op, VPC_DROP_BAD_HEADER);
		return;
	}
	this_cpu_inc(pair->cpu->rx_packets);
	this_cpu_add(pair->cpu->rx_bytes, skb->len);
	vpc_esp_free(op);
	vpc_esp_receive(nic, skb);
}

static void vpc_esp_finish(struct vpc_esp_op *op)
{
	if (op->seal)
		vpc_esp_sealed(op);
	else
		vpc_esp_opened(op);
}

/**
 * struct vpc_esp_match - a key that may open a packet
 * @spi: SPI of the packet
 * @seq: its sequence number
 * @skip: how many keys have been tried
 * @keys: those with that SPI
 * @found: how many of them may open it, as far as it matters
 * @sa: the key
 * @more: there are others
 * @covered: it is one of the edge that the packet came from
 * @stale: a key was passed over, to which the packet is a replay
 */
struct vpc_esp_match {
	u32			spi;
	u64			seq;
	unsigned int		skip;
	struct rhlist_head	*keys;
	unsigned int		found;
	const struct vpc_sa	*sa;
	bool			more;
	bool			covered;
	struct vpc_pair		*stale;
};

/* Those of the keys that are of a remote; false if there are enough. */
static bool vpc_esp_match_remote(struct vpc_esp_match *m, const struct vpc_edge *edge,
				 const struct vpc_remote *remote)
{
	const struct vpc_sa *sa;
	struct rhlist_head *pos;

	rhl_for_each_entry_rcu(sa, pos, m->keys, node) {
		struct vpc_pair *pair = sa->sas->pair;

		if (READ_ONCE(sa->sas->remote) != remote || pair->edge != edge ||
		    sa == m->sa)
			continue;
		if (!vpc_pair_fresh(pair, m->spi & VPC_SPI_LANE_MASK, m->seq)) {
			m->stale = pair;
			continue;
		}
		m->found++;
		if (m->found <= m->skip)
			continue;
		if (m->sa) {
			m->more = true;
			return false;
		}
		m->sa = sa;
		m->covered = true;
	}
	return true;
}

/* The key that may open a packet: of those with its SPI those of the edges in whose
 * prefixes its source lies, the longest first.  If there are none, a key of another
 * edge tells whether that edge has sent it.
 *
 * Ids of keys are short: two keys may have one, and only the cipher can tell.
 */
static void vpc_esp_match(const struct vpc_edge *edge, const struct in6_addr *from,
			  struct vpc_esp_match *m)
{
	const struct vpc_crypt *c = &edge->vn->crypt;
	const struct vpc_remote_prefix *rp;
	const struct vpc_sa *sa;
	struct rhlist_head *pos;
	unsigned int len;

	m->keys = vpc_sa_lookup(c, m->spi);
	for (len = vpc_remote_len(c, 129); len && m->keys; len = vpc_remote_len(c, len)) {
		rhl_for_each_entry_rcu(rp, pos, vpc_prefixes_at(c, from, len), node) {
			if (READ_ONCE(rp->state) == VPC_STATE_DARK)
				continue;
			/* Of several prefixes of a remote, the longest. */
			if (m->skip && vpc_remote_covers(c, rp->remote, from) != len)
				continue;
			if (!vpc_esp_match_remote(m, edge, rp->remote))
				return;
		}
	}
	if (m->found || m->stale || m->skip)
		return;
	rhl_for_each_entry_rcu(sa, pos, m->keys, node)
		if (READ_ONCE(sa->sas->remote) && sa->sas->pair->edge == edge)
			m->sa = sa;
}

static enum vpc_counter vpc_esp_unknown(const struct vpc_edge *edge,
					const struct in6_addr *from)
{
	struct vpc_remote *remote = vpc_remote_find(&edge->vn->crypt, from, false);

	if (!remote)
		return VPC_DROP_ESP;
	atomic64_inc(&remote->unknown_spi);
	return VPC_DROP_UNKNOWN_SPI;
}

/* The packet is linear and ours alone. */
static void vpc_esp_try(struct vpc_nic *nic, struct sk_buff *skb, unsigned int attempt)
{
	const struct vpc_esp_hdr *esp = (void *)skb->data + sizeof(struct ipv6hdr);
	struct vpc_esp_match m = {
		.spi = ntohl(esp->spi),
		.seq = be64_to_cpu(esp->iv),
		.skip = attempt,
	};
	struct crypto_aead *aead;
	enum vpc_counter reason;
	struct vpc_esp_op *op;

	vpc_esp_match(nic->edge, &ipv6_hdr(skb)->saddr, &m);
	if (unlikely(!m.sa)) {
		if (m.stale) {
			this_cpu_inc(m.stale->cpu->replays);
			WRITE_ONCE(m.stale->last_replay, m.seq);
			reason = VPC_DROP_REPLAY;
		} else {
			reason = attempt ? VPC_DROP_BAD_ICV :
					   vpc_esp_unknown(nic->edge, &ipv6_hdr(skb)->saddr);
		}
		goto drop;
	}
	aead = vpc_sa_aead(m.sa);
	reason = VPC_DROP_NO_MEMORY;
	op = vpc_esp_alloc(nic, m.sa, aead, skb);
	if (unlikely(!op))
		goto drop;
	op->seal = false;
	op->seq = m.seq;
	op->attempt = attempt;
	op->covered = m.covered;
	if (unlikely(m.more)) {
		op->spare = skb_copy(skb, GFP_ATOMIC | __GFP_NOWARN);
		if (!op->spare) {
			vpc_esp_drop(op, reason);
			return;
		}
	}
	vpc_esp_run(op, m.sa, aead);
	return;

drop:
	vpc_drop(nic->counters, skb, reason);
}

/**
 * vpc_esp_open - open a sealed packet
 * @nic: device of the endpoint that it is for
 * @skb: the packet, at its IPv6 header; consumed
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void vpc_esp_open(struct vpc_nic *nic, struct sk_buff *skb)
{
	unsigned int hlen = sizeof(struct ipv6hdr) + VPC_ESP_HLEN;
	enum vpc_counter reason = VPC_DROP_BAD_HEADER;
	const struct vpc_esp_hdr *esp;
	bool differs, copies;

	if (unlikely(skb_is_gso(skb) || skb->len < hlen + VPC_ESP_TRAILER + VPC_ICV_LEN))
		goto drop;
	reason = VPC_DROP_NO_MEMORY;
	if (unlikely(!pskb_may_pull(skb, hlen)))
		goto drop;
	esp = (void *)skb->data + sizeof(struct ipv6hdr);
	/* The sequence number is there twice. */
	differs = (u32)be64_to_cpu(esp->iv) != ntohl(esp->seq);
	/* Nothing is copied for a key that is not there. */
	copies = skb_is_nonlinear(skb) || skb_cloned(skb);
	if ((unlikely(differs) || copies) &&
	    !vpc_sa_lookup(&nic->edge->vn->crypt, ntohl(esp->spi))) {
		reason = vpc_esp_unknown(nic->edge, &ipv6_hdr(skb)->saddr);
		goto drop;
	}
	if (unlikely(differs)) {
		reason = VPC_DROP_BAD_ICV;
		goto drop;
	}
	if (copies && (skb_linearize(skb) || skb_unclone(skb, GFP_ATOMIC)))
		goto drop;
	vpc_esp_try(nic, skb, 0);
	return;

drop:
	vpc_drop(nic->counters, skb, reason);
}
