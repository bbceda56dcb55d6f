// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/codec.c and kmod/codec.h, function by function.  Bytes that are written
 * out here come from the wire format's description.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec.h"
#include "ref.h"
#include "tap.h"

#define TYPE		0xde
#define NO_REASON	VPC_COUNTER_UNSPEC

static u64 random_state;

/* The same numbers in every run: a failure can be looked at again. */
static void random_seed(u64 seed)
{
	random_state = seed * 0x2545f4914f6cdd1dULL + 1;
}

static u32 rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 16;
}

static void rnd_fill(void *data, size_t len)
{
	u8 *p = data;

	while (len--)
		*p++ = rnd();
}

/* Bytes in hex; blanks don't matter. */
static size_t unhex(const char *text, u8 *bytes)
{
	unsigned int value;
	size_t n = 0;

	while (*text) {
		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		if (sscanf(text, "%2x", &value) != 1)
			abort();
		bytes[n++] = value;
		text += 2;
	}
	return n;
}

static const char *hex(const void *data, size_t len)
{
	static char text[4][3 * 128 + 1];
	static unsigned int turn;
	char *p = text[turn++ % 4];
	const u8 *bytes = data;
	size_t i;

	p[0] = 0;
	for (i = 0; i < len && i < 128; i++)
		sprintf(p + 3 * i, "%02x ", bytes[i]);
	return p;
}

static void expect_bytes(int line, const void *got, const void *want, size_t len)
{
	if (memcmp(got, want, len))
		unit_expect(false, line, "same bytes", "%s instead of %s",
			    hex(got, len), hex(want, len));
}

static struct in6_addr ip6(const char *text)
{
	u8 bytes[16] = { 0 };
	struct in6_addr addr;

	unhex(text, bytes);
	memcpy(&addr, bytes, sizeof(addr));
	return addr;
}

#define SRC6	"20010db8000100020003000400050006"
#define DST6	"fd000000000000000000000000cc0010"

/* 192.0.2.1 to 198.51.100.2 */
static struct vpc_pkt pkt4(u8 form, u8 proto)
{
	struct vpc_pkt pkt = {
		.src.v4 = htonl(0xc0000201), .dst.v4 = htonl(0xc6336402),
		.vpc = 0x123456, .id = htons(0xbeef), .frag_off = htons(0x4000),
		.hlen = 20, .len = 20, .version = 4, .form = form,
		.proto = proto, .hops = 63,
	};

	return pkt;
}

static struct vpc_pkt pkt6(u8 form, u8 proto)
{
	struct vpc_pkt pkt = {
		.src.v6 = ip6(SRC6), .dst.v6 = ip6(DST6),
		.vpc = 0x123456, .hlen = 40, .len = 40, .version = 6,
		.form = form, .proto = proto, .hops = 63,
	};

	return pkt;
}

/* --- codec.h ------------------------------------------------------------ */

static void pkt_fragment(void)
{
	static const struct {
		u16 frag_off;
		bool fragment, later;
	} cases[] = {
		{ 0x0000, false, false }, { 0x4000, false, false },
		{ 0x8000, false, false }, { 0xc000, false, false },
		{ 0x2000, true, false }, { 0x6000, true, false },
		{ 0x0001, true, true }, { 0x1fff, true, true },
		{ 0x2001, true, true }, { 0x3fff, true, true },
		{ 0x1000, true, true }, { 0x4001, true, true },
	};
	struct vpc_pkt pkt = { .version = 4 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pkt.version = 4;
		pkt.frag_off = htons(cases[i].frag_off);
		expect(vpc_pkt_fragment(&pkt) == cases[i].fragment, "%04x",
		       cases[i].frag_off);
		expect(vpc_pkt_later_fragment(&pkt) == cases[i].later, "%04x",
		       cases[i].frag_off);
		pkt.version = 6;
		expect(!vpc_pkt_fragment(&pkt) && !vpc_pkt_later_fragment(&pkt),
		       "IPv6, %04x", cases[i].frag_off);
	}
}

/* Opt Data Len, header, tenant's IP header, overhead. */
static const struct {
	u8 form;
	unsigned int size, hlen, overhead;
} forms[] = {
	{ 12, 16, 20, 36 },
	{ 16, 24, 20, 44 },
	{ 36, 40, 40, 40 },
	{ 20, 24, 40, 24 },
	{ 4, 8, 0, 48 },
};

static void form_sizes(void)
{
	unsigned int form, i;

	expect(VPC_FORM_IPV4 == 12 && VPC_FORM_IPV4_FULL == 16 &&
	       VPC_FORM_IPV6 == 36 && VPC_FORM_IPV6_SHORT == 20 &&
	       VPC_FORM_WHOLE == 4, "Opt Data Len");
	for (form = 0; form < 256; form++) {
		for (i = 0; i < ARRAY_SIZE(forms); i++)
			if (forms[i].form == form)
				break;
		if (i == ARRAY_SIZE(forms)) {
			expect(!vpc_tlv_size(form), "%u", form);
			continue;
		}
		expect(vpc_tlv_size(form) == forms[i].size, "%u", form);
		expect(vpc_form_hlen(form) == forms[i].hlen, "%u", form);
		expect(vpc_form_overhead(form) == forms[i].overhead, "%u", form);
	}
}

static void csum_offset(void)
{
	unsigned int proto;

	for (proto = 0; proto < 256; proto++) {
		expect(vpc_csum_offset(proto) == ref_check_offset(proto), "%u", proto);
		expect(vpc_csum_zero_is_none(proto) == (proto == 17 || proto == 136),
		       "%u", proto);
	}
}

/* A sum in memory order, folded, as a number. */
static u16 folded(__wsum sum)
{
	return ntohs((u16)~csum_fold(sum));
}

/* One's complement has two zeros: compare modulo FFFF. */
static bool same_sum(u16 a, u16 b)
{
	return a % 0xffff == b % 0xffff;
}

static void csum_in6(void)
{
	struct in6_addr addr[2];
	unsigned int i, j;

	random_seed(1);
	for (i = 0; i < 20000; i++) {
		rnd_fill(addr, sizeof(addr));
		/* Runs of FF make carries, runs of 00 make none. */
		for (j = 0; j < sizeof(addr) && i % 4; j++)
			if (rnd() % (i % 4 + 1))
				((u8 *)addr)[j] = i % 8 < 4 ? 0xff : 0;
		expect(same_sum(folded(vpc_csum_in6(&addr[0], &addr[1])),
				ref_sum((u8 *)addr, sizeof(addr))),
		       "%s", hex(addr, sizeof(addr)));
	}
	memset(addr, 0xff, sizeof(addr));
	expect(folded(vpc_csum_in6(&addr[0], &addr[1])) == 0xffff, "all FF");
	memset(addr, 0, sizeof(addr));
	expect(folded(vpc_csum_in6(&addr[0], &addr[1])) == 0, "all 00");
}

static void pkt_csum(void)
{
	struct vpc_pkt pkt;
	unsigned int i;
	u8 bytes[32];

	random_seed(2);
	for (i = 0; i < 20000; i++) {
		rnd_fill(&pkt.src, sizeof(pkt.src));
		rnd_fill(&pkt.dst, sizeof(pkt.dst));
		pkt.version = 4;
		memcpy(bytes, &pkt.src, 4);
		memcpy(bytes + 4, &pkt.dst, 4);
		expect(same_sum(folded(vpc_pkt_csum(&pkt)), ref_sum(bytes, 8)),
		       "%s", hex(bytes, 8));
		pkt.version = 6;
		memcpy(bytes, &pkt.src, 16);
		memcpy(bytes + 16, &pkt.dst, 16);
		expect(same_sum(folded(vpc_pkt_csum(&pkt)), ref_sum(bytes, 32)),
		       "%s", hex(bytes, 32));
	}
}

static const u8 csum_protos[] = { 6, 17, 136, 33, 58 };

struct csum_case {
	u8 proto;
	unsigned int version;
	u8 src[16], dst[16];	/* the tenant's addresses */
	u8 sid[2][16];
	u8 l4[128];
	size_t len;
};

/* A transport packet whose sums are whatever they come to. */
static void csum_case_fill(struct csum_case *c, u8 proto)
{
	c->proto = proto;
	c->version = proto == 58 || rnd() % 2 ? 6 : 4;
	rnd_fill(c->src, sizeof(c->src));
	rnd_fill(c->dst, sizeof(c->dst));
	rnd_fill(c->sid, sizeof(c->sid));
	rnd_fill(c->l4, sizeof(c->l4));
	c->len = 24 + rnd() % 100;
	switch (proto) {
	case 17:
		ref_put16(c->l4 + 4, c->len);
		break;
	case 136:
		ref_put16(c->l4 + 4, rnd() % 2 ? 0 : 8 + rnd() % (c->len - 7));
		break;
	case 33:
		c->l4[4] = 4 + rnd() % 2;
		c->l4[5] = rnd();
		break;
	}
}

static u16 csum_case_tenant(const struct csum_case *c)
{
	return ref_l4_sum(c->src, c->dst, c->version == 4 ? 4 : 16, c->proto,
			  c->l4, c->len, ref_cover(c->proto, c->l4, c->len));
}

static u16 csum_case_fabric(const struct csum_case *c)
{
	return ref_l4_sum(c->sid[0], c->sid[1], 16, c->proto,
			  c->l4, c->len, ref_cover(c->proto, c->l4, c->len));
}

static void csum_case_sums(const struct csum_case *c, __wsum *from, __wsum *to)
{
	struct vpc_pkt pkt = { .version = c->version };
	struct in6_addr sid[2];
	size_t alen = c->version == 4 ? 4 : 16;

	memcpy(&pkt.src, c->src, alen);
	memcpy(&pkt.dst, c->dst, alen);
	memcpy(sid, c->sid, sizeof(sid));
	*from = vpc_pkt_csum(&pkt);
	*to = vpc_csum_in6(&sid[0], &sid[1]);
}

/* Against checksums made from scratch, in both directions. */
static void csum_move_recomputed(void)
{
	unsigned int i, tenant_zero[256] = { 0 }, fabric_zero[256] = { 0 };
	struct csum_case c;
	u16 sum, want, got;
	__wsum from, to;

	random_seed(3);
	for (i = 0; i < 100000; i++) {
		csum_case_fill(&c, csum_protos[i % 5]);
		/* Every fourth sum of the tenant's is a zero, and every fourth
		 * of the fabric's.
		 */
		if (i / 5 % 4 < 2) {
			c.l4[0] = 0;
			c.l4[1] = 0;
			sum = i / 5 % 4 ? csum_case_tenant(&c) : csum_case_fabric(&c);
			ref_put16(c.l4, 0xffff - sum);
		}
		csum_case_sums(&c, &from, &to);
		sum = ref_written(c.proto, csum_case_tenant(&c));
		want = ref_written(c.proto, csum_case_fabric(&c));
		tenant_zero[c.proto] += sum % 0xffff == 0;
		fabric_zero[c.proto] += want % 0xffff == 0;

		got = ntohs(vpc_csum_move(htons(sum), from, to, c.proto));
		expect(got == want, "protocol %u: %04x instead of %04x from %04x",
		       c.proto, got, want, sum);
		got = ntohs(vpc_csum_move(htons(want), to, from, c.proto));
		expect(got == sum, "protocol %u, back: %04x instead of %04x from %04x",
		       c.proto, got, sum, want);
	}
	for (i = 0; i < 5; i++)
		expect(tenant_zero[csum_protos[i]] > 1000 &&
		       fabric_zero[csum_protos[i]] > 1000, "protocol %u: %u, %u",
		       csum_protos[i], tenant_zero[csum_protos[i]],
		       fabric_zero[csum_protos[i]]);
}

/* Every checksum that a sender may write, right or wrong, must come back. */
static void csum_move_every_value(void)
{
	unsigned int i, p, check, nr_whole;
	struct csum_case c;
	struct vpc_pkt pkt;
	__wsum from, to;
	u16 wire, back, tenant, fabric;
	u8 proto, form;

	random_seed(4);
	for (i = 0; i < 12; i++) {
		for (p = 0; p < ARRAY_SIZE(csum_protos); p++) {
			proto = csum_protos[p];
			csum_case_fill(&c, proto);
			if (i == 1)	/* nothing changes */
				memset(&c, 0, sizeof(c));
			if (i == 2)
				memset(c.sid, 0xff, sizeof(c.sid));
			if (i == 3)
				memset(c.src, 0xff, sizeof(c.src));
			if (i == 4)
				memset(c.sid, 0, sizeof(c.sid));
			c.proto = proto;
			c.version = proto == 58 || i % 2 ? 6 : 4;
			c.len = 32;
			csum_case_sums(&c, &from, &to);
			tenant = csum_case_tenant(&c);
			fabric = csum_case_fabric(&c);
			pkt = c.version == 4 ? pkt4(0, proto) : pkt6(0, proto);
			nr_whole = 0;

			for (check = 0; check < 65536; check++) {
				ref_put16(c.l4 + ref_check_offset(proto), check);
				form = vpc_pick_form(&pkt, c.l4, c.len);
				if (form == VPC_FORM_WHOLE) {
					nr_whole++;
					continue;
				}
				wire = ntohs(vpc_csum_move(htons(check), from, to, proto));
				back = ntohs(vpc_csum_move(htons(wire), to, from, proto));
				expect(back == check,
				       "protocol %u: %04x to %04x to %04x",
				       proto, check, wire, back);
				expect(ref_valid(proto, fabric, wire) ==
				       ref_valid(proto, tenant, check) ||
				       (i == 4 && !fabric),
				       "protocol %u: %04x to %04x", proto, check, wire);
			}
			expect(nr_whole == (proto != 17), "protocol %u: %u whole",
			       proto, nr_whole);
		}
	}
}

/* --- parse and write ---------------------------------------------------- */

static void parse_ipv4(void)
{
	u8 bytes[64] __aligned(4) = { 0 };
	struct vpc_pkt pkt;

	/* Ten bytes of padding follow the packet. */
	unhex("45b9001c beef4000 3f117777 c0000201 c6336402", bytes);
	memset(&pkt, 0xaa, sizeof(pkt));
	expect(vpc_parse_ipv4((void *)bytes, 38, &pkt) == NO_REASON, "DF, UDP");
	expect(pkt.version == 4 && pkt.hlen == 20 && pkt.len == 28, "lengths");
	expect(pkt.src.v4 == htonl(0xc0000201), "source");
	expect(pkt.dst.v4 == htonl(0xc6336402), "destination");
	expect(pkt.id == htons(0xbeef) && pkt.frag_off == htons(0x4000), "ID, DF");
	expect(pkt.proto == 17 && pkt.tclass == 0xb9 && pkt.hops == 0x3f,
	       "protocol, TOS, TTL");

	unhex("4f00003c 00013fff 0006ffff 0a000001 0a000002", bytes);
	expect(vpc_parse_ipv4((void *)bytes, 60, &pkt) == NO_REASON, "options");
	expect(pkt.hlen == 60 && pkt.len == 60, "lengths with options");
	expect(pkt.frag_off == htons(0x3fff) && pkt.hops == 0, "offset, TTL 0");
}

static void parse_ipv4_malformed(void)
{
	static const struct {
		const char *head;
		unsigned int len;
		bool ok;
	} cases[] = {
		{ "45000014", 20, true },
		{ "45000015", 20, false },	/* longer than what there is */
		{ "45000013", 40, false },	/* shorter than its header */
		{ "46000017", 40, false },
		{ "46000018", 24, true },
		{ "46000018", 23, false },
		{ "44000014", 40, false },	/* IHL below 5 */
		{ "40000014", 40, false },
		{ "65000014", 40, false },	/* version */
		{ "55000014", 40, false },
		{ "05000014", 40, false },
		{ "45000000", 40, false },
		{ "4500ffff", 65535, true },
		{ "4500ffff", 65534, false },
	};
	u8 bytes[60] __aligned(4) = { 0 };
	enum vpc_counter reason, want;
	struct vpc_pkt pkt;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unhex(cases[i].head, bytes);
		reason = vpc_parse_ipv4((void *)bytes, cases[i].len, &pkt);
		want = NO_REASON;
		if (!cases[i].ok)
			want = VPC_DROP_IP_MALFORMED;
		expect(reason == want, "%s, %u bytes: %d", cases[i].head, cases[i].len, reason);
	}
}

static void parse_ipv6(void)
{
	u8 bytes[64] __aligned(4) = { 0 };
	struct vpc_pkt pkt;

	unhex("6b9fedcb 0004 3a ff" SRC6 DST6, bytes);
	memset(&pkt, 0xaa, sizeof(pkt));
	expect(vpc_parse_ipv6((void *)bytes, 60, &pkt) == NO_REASON, "ICMPv6");
	expect(pkt.version == 6 && pkt.hlen == 40 && pkt.len == 44, "lengths");
	expect_bytes(__LINE__, &pkt.src, bytes + 8, 16);
	expect_bytes(__LINE__, &pkt.dst, bytes + 24, 16);
	expect(pkt.proto == 58 && pkt.tclass == 0xb9 && pkt.hops == 0xff,
	       "next header, traffic class, hop limit");
	expect(pkt.flow == 0xfedcb, "flow label %05x", pkt.flow);
	expect(pkt.id == 0 && pkt.frag_off == 0, "nothing of IPv4");
}

static void parse_ipv6_malformed(void)
{
	static const struct {
		const char *head;
		unsigned int len;
		bool ok;
	} cases[] = {
		{ "6000000000003b", 40, true },
		{ "6000000000013b", 40, false },
		{ "6000000000013b", 41, true },
		{ "600000000001", 100, true },	/* padding */
		{ "60000000ffff", 65575, true },
		{ "60000000ffff", 65574, false },
		{ "400000000000", 40, false },
		{ "700000000000", 40, false },
		{ "e00000000000", 40, false },
		{ "000000000000", 40, false },
	};
	u8 bytes[40] __aligned(4) = { 0 };
	enum vpc_counter reason, want;
	struct vpc_pkt pkt;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unhex(cases[i].head, bytes);
		reason = vpc_parse_ipv6((void *)bytes, cases[i].len, &pkt);
		want = NO_REASON;
		if (!cases[i].ok)
			want = VPC_DROP_IP_MALFORMED;
		expect(reason == want, "%s, %u bytes: %d", cases[i].head, cases[i].len, reason);
	}
}

static void write_ipv4(void)
{
	/* The header of RFC 1071 explanations: its checksum is b861. */
	static const char text[] =
		"45000073 00004000 4011b861 c0a80001 c0a800c7";
	struct vpc_pkt pkt = {
		.src.v4 = htonl(0xc0a80001), .dst.v4 = htonl(0xc0a800c7),
		.frag_off = htons(0x4000), .len = 0x73, .proto = 17, .hops = 64,
	};
	u8 want[20], got[20] __aligned(4);

	unhex(text, want);
	memset(got, 0xff, sizeof(got));
	vpc_write_ipv4((void *)got, &pkt);
	expect_bytes(__LINE__, got, want, 20);

	pkt = pkt4(VPC_FORM_IPV4_FULL, 6);
	pkt.frag_off = htons(0xbfff);
	pkt.tclass = 0xff;
	pkt.hops = 0;
	pkt.len = 65535;
	unhex("45ffffff beefbfff 0006 0000 c0000201 c6336402", want);
	ref_put16(want + 10, ref_ipv4_check(want));
	vpc_write_ipv4((void *)got, &pkt);
	expect_bytes(__LINE__, got, want, 20);
}

static void write_ipv6(void)
{
	u8 want[40], got[40] __aligned(4);
	struct vpc_pkt pkt = pkt6(VPC_FORM_IPV6, 58);

	unhex("6b9fedcb 0004 3a 3f" SRC6 DST6, want);
	pkt.tclass = 0xb9;
	pkt.flow = 0xfedcb;
	pkt.len = 44;
	memset(got, 0xff, sizeof(got));
	vpc_write_ipv6((void *)got, &pkt);
	expect_bytes(__LINE__, got, want, 40);

	pkt.tclass = 0xff;
	pkt.flow = 0;
	pkt.len = 65575;
	unhex("6ff00000 ffff", want);
	vpc_write_ipv6((void *)got, &pkt);
	expect_bytes(__LINE__, got, want, 40);
}

/* --- vpc_pick_form ------------------------------------------------------ */

/* By the list of protocols in the wire format, with nothing of the transport
 * header at hand, zeros and FFFF in it.
 */
static void pick_form_protocols(void)
{
	unsigned int proto, i, reach;
	struct vpc_pkt pkt;
	u8 l4[32], form;
	bool whole;

	for (proto = 0; proto < 256; proto++) {
		for (i = 0; i < 3; i++) {
			memset(l4, i == 1 ? 0xff : 0, sizeof(l4));
			reach = i ? 32 : 0;
			whole = ref_whole_proto(4, proto) ||
				(i == 1 && (proto == 6 || proto == 33)) ||
				(i == 2 && proto == 136);
			pkt = pkt4(0, proto);
			form = vpc_pick_form(&pkt, l4, reach);
			expect(form == (whole ? 4 : 12), "IPv4 %u/%u: %u",
			       proto, i, form);
			pkt.frag_off = 0;
			form = vpc_pick_form(&pkt, l4, reach);
			expect(form == (whole ? 4 : 16), "IPv4 without DF %u/%u: %u",
			       proto, i, form);

			whole = ref_whole_proto(6, proto) ||
				(i == 1 && (proto == 6 || proto == 33 || proto == 58)) ||
				(i == 2 && proto == 136);
			pkt = pkt6(0, proto);
			form = vpc_pick_form(&pkt, l4, reach);
			expect(form == (whole ? 4 : 36), "IPv6 %u/%u: %u",
			       proto, i, form);
		}
	}
}

static void pick_form_fragment_field(void)
{
	static const u8 protos[] = { 1, 6, 17, 58 };
	unsigned int frag, i;
	struct vpc_pkt pkt;
	u8 l4[32] = { 0 }, want, form;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		for (frag = 0; frag < 65536; frag++) {
			pkt = pkt4(0, protos[i]);
			pkt.frag_off = htons(frag);
			want = protos[i] == 58 ? 4 : frag == 0x4000 ? 12 : 16;
			form = vpc_pick_form(&pkt, l4, sizeof(l4));
			expect(form == want, "protocol %u, %04x: %u", protos[i],
			       frag, form);
		}
	}
}

/* What the IP header holds beyond the short forms is seen when it is read. */
static void pick_form_header(void)
{
	u8 bytes[80] = { [1] = 0, [6] = 0x40, [8] = 64, [9] = 6 };
	static const u16 checks[] = { 0x0000, 0x1234, 0xfffe, 0xffff };
	u8 l4[32] = { 0 }, want, form;
	struct vpc_pkt pkt;
	unsigned int hlen, i;

	for (hlen = 20; hlen <= 60; hlen += 4) {
		for (i = 0; i < ARRAY_SIZE(checks); i++) {
			bytes[0] = 0x40 | hlen / 4;
			ref_put16(bytes + 2, sizeof(bytes));
			ref_put16(bytes + 10, checks[i]);
			expect(vpc_parse_ipv4((void *)bytes, sizeof(bytes), &pkt) == NO_REASON,
			       "%u bytes of header", hlen);
			want = hlen == 20 && checks[i] != 0xffff ? 12 : 4;
			form = vpc_pick_form(&pkt, l4, sizeof(l4));
			expect(form == want, "%u bytes of header, checksum %04x: %u",
			       hlen, checks[i], form);
		}
	}
}

/* A checksum counts if it is at hand, and not in later fragments. */
static void pick_form_checksum(void)
{
	static const struct {
		u8 proto, at;
		u16 bad;
	} protos[] = {
		{ 6, 16, 0xffff }, { 33, 6, 0xffff }, { 58, 2, 0xffff },
		{ 136, 6, 0x0000 },
	};
	static const u16 frags[] = { 0x4000, 0, 0x2000, 0x6000, 1, 0x2001, 0x1fff };
	unsigned int i, j, reach, fill;
	struct vpc_pkt pkt;
	u8 *l4, want, form;
	u16 check;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		for (reach = 0; reach <= 24; reach++) {
			/* Of that size, so that reading beyond is noticed. */
			l4 = malloc(reach);
			for (j = 0; j < 2 * ARRAY_SIZE(frags); j++) {
				fill = j % 2;
				memset(l4, fill ? 0xff : 0, reach);
				check = fill ? 0xffff : 0;
				pkt = protos[i].proto == 58 ? pkt6(0, 58) :
							      pkt4(0, protos[i].proto);
				if (pkt.version == 4)
					pkt.frag_off = htons(frags[j / 2]);
				want = pkt.version == 6 ? 36 :
				       frags[j / 2] == 0x4000 ? 12 : 16;
				if (reach >= protos[i].at + 2u && check == protos[i].bad &&
				    (pkt.version == 6 || !(frags[j / 2] & 0x1fff)))
					want = 4;
				form = vpc_pick_form(&pkt, l4, reach);
				expect(form == want, "protocol %u, %u bytes, %04x, %04x: %u",
				       protos[i].proto, reach, frags[j / 2], check, form);
			}
			free(l4);
		}
	}

	/* The field itself and not its surroundings. */
	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		u8 bytes[24];

		pkt = pkt6(0, protos[i].proto);
		memset(bytes, ~protos[i].bad, sizeof(bytes));
		ref_put16(bytes + protos[i].at, protos[i].bad);
		expect(vpc_pick_form(&pkt, bytes, 24) == 4, "%u", protos[i].proto);
		memset(bytes, protos[i].bad, sizeof(bytes));
		for (j = 0; j < 16; j++) {
			ref_put16(bytes + protos[i].at, protos[i].bad ^ 1 << j);
			expect(vpc_pick_form(&pkt, bytes, 24) == 36, "%u, bit %u",
			       protos[i].proto, j);
		}
	}
	/* Any UDP checksum comes back as it was. */
	for (i = 0; i < 65536; i++) {
		u8 bytes[8] = { 0 };

		ref_put16(bytes + 6, i);
		pkt = pkt4(0, 17);
		expect(vpc_pick_form(&pkt, bytes, 8) == 12, "UDP %04x", i);
	}
}

/* --- vpc_flow_label ----------------------------------------------------- */

static struct vpc_pkt flow4(u32 src, u32 dst, u8 proto)
{
	struct vpc_pkt pkt = pkt4(0, proto);

	pkt.src.v4 = htonl(src);
	pkt.dst.v4 = htonl(dst);
	return pkt;
}

static u32 label(const struct vpc_pkt *pkt, u16 sport, u16 dport)
{
	u8 l4[4];

	ref_put16(l4, sport);
	ref_put16(l4 + 2, dport);
	return vpc_flow_label(pkt, l4, sizeof(l4));
}

/* From a separate implementation. */
static void flow_label_vectors(void)
{
	static const struct {
		const char *src, *dst;
		u8 proto;
		u16 sport, dport;
		u32 want;
	} cases[] = {
		{ "0a00000a", "0a00000b", 6, 49152, 80, 0xb5762 },
		{ "0a00000b", "0a00000a", 6, 80, 49152, 0x50b64 },
		{ "0a00000a", "0a00000b", 17, 49152, 80, 0xfd714 },
		{ "c0a80101", "c0a80102", 132, 5000, 5001, 0x77a94 },
		{ "0a00000a", "0a00000b", 1, 49152, 80, 0x448b9 },
		{ "0a00000a", "0a00000b", 47, 49152, 80, 0x56fc6 },
		{ "fd00000000000000000000cc00000010",
		  "fd00000000000000000000cc00010010", 6, 49152, 443, 0x0dab9 },
		{ "fd00000000000000000000cc00000010",
		  "fd00000000000000000000cc00010010", 58, 49152, 443, 0x4134c },
		{ "20010db8000000000000000000000001",
		  "20010db8000000000000000000000002", 136, 1, 65535, 0x42f3f },
		{ "20010db8000000000000000000000001",
		  "20010db8000000000000000000000002", 33, 1, 65535, 0x98349 },
	};
	struct vpc_pkt pkt;
	unsigned int i;
	u32 got;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strlen(cases[i].src) == 8)
			pkt = pkt4(0, cases[i].proto);
		else
			pkt = pkt6(0, cases[i].proto);
		unhex(cases[i].src, (u8 *)&pkt.src);
		unhex(cases[i].dst, (u8 *)&pkt.dst);
		got = label(&pkt, cases[i].sport, cases[i].dport);
		expect(got == cases[i].want, "vector %u: %05x", i, got);
	}
}

static void flow_label_range(void)
{
	struct vpc_pkt pkt = flow4(0x0a000001, 0x0a000002, 17);
	unsigned int i, ones = 0;
	u32 got;

	/* Enough flows to meet a hash of 0 several times. */
	for (i = 0; i < 1 << 23; i++) {
		pkt.src.v4 = htonl(0x0a000000 + (i >> 16));
		got = label(&pkt, i, 443);
		if (!got || got > 0xfffff)
			expect(false, "label %x", got);
		ones += got == 1;
	}
	/* 0 becomes 1, which is met about twice as often as others: 16 times. */
	expect(ones >= 8 && ones <= 40, "label 1: %u times", ones);
}

static void flow_label_fragments(void)
{
	static const u8 protos[] = { 6, 17, 136, 33, 132, 1, 50 };
	static const u16 frags[] = { 0x2000, 0x6000, 0x2001, 1, 0x1fff, 0xa010 };
	struct vpc_pkt pkt;
	unsigned int i, j;
	u32 first, got;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		pkt = flow4(0x0a000001, 0x0a000002, protos[i]);
		pkt.frag_off = htons(0x2000);
		first = label(&pkt, 1, 2);
		for (j = 0; j < ARRAY_SIZE(frags); j++) {
			pkt.frag_off = htons(frags[j]);
			pkt.id = htons(j);
			pkt.len = 20 + 8 * j;
			got = label(&pkt, 1000 + j, 53);
			expect(got == first, "protocol %u, %04x: %05x, %05x",
			       protos[i], frags[j], got, first);
			got = vpc_flow_label(&pkt, NULL, 0);
			expect(got == first, "protocol %u, %04x: %05x, %05x",
			       protos[i], frags[j], got, first);
		}
	}
}

/* A flow is addresses, protocol and ports, and nothing else. */
static void flow_label_flow(void)
{
	unsigned int proto, i;
	struct vpc_pkt a, b;
	u8 l4[40], *cut;
	bool ports;

	for (proto = 0; proto < 256; proto++) {
		ports = proto == 6 || proto == 17 || proto == 136 || proto == 33 ||
			proto == 132;
		for (i = 0; i < 2; i++) {
			a = i ? pkt6(0, proto) : pkt4(0, proto);
			b = a;
			expect((label(&a, 1, 2) == label(&a, 1, 3)) == !ports, "%u", proto);
			expect((label(&a, 1, 2) == label(&a, 3, 2)) == !ports, "%u", proto);
			b.id = 0;
			b.vpc = 1;
			b.tclass = 0xff;
			b.hops = 1;
			b.len = 1500;
			b.flow = 77;
			b.form = 4;
			if (!i)
				b.frag_off = htons(0x8000);
			expect(label(&a, 1, 2) == label(&b, 1, 2), "%u", proto);
			memset(l4, 0xff, sizeof(l4));
			ref_put16(l4, 1);
			ref_put16(l4 + 2, 2);
			expect(vpc_flow_label(&a, l4, 40) == label(&a, 1, 2), "%u", proto);
			cut = malloc(3);
			memset(cut, 0xff, 3);
			expect(vpc_flow_label(&a, cut, 3) == vpc_flow_label(&a, NULL, 0),
			       "%u", proto);
			free(cut);
		}
	}
}

#define NR_FLOWS	4096
#define NR_BUCKETS	16

/* 15 degrees of freedom: chance goes beyond it once in 100000 times. */
#define CHI_SQUARE_MAX	51

static void expect_spread(const char *what, const u32 *labels)
{
	unsigned int shift, i, count[NR_BUCKETS];
	double chi, expected = NR_FLOWS / NR_BUCKETS;

	for (shift = 0; shift < 20; shift += 4) {
		memset(count, 0, sizeof(count));
		for (i = 0; i < NR_FLOWS; i++)
			count[labels[i] >> shift & 15]++;
		chi = 0;
		for (i = 0; i < NR_BUCKETS; i++)
			chi += (count[i] - expected) * (count[i] - expected) / expected;
		expect(chi < CHI_SQUARE_MAX,
		       "%s, bits %u-%u: chi-square %.1f", what, shift, shift + 3, chi);
	}
}

static void flow_label_spread_ports(void)
{
	static u32 labels[NR_FLOWS];
	unsigned int i, step, kind;
	struct vpc_pkt pkt;
	char what[80];

	/* Linux takes every other port for outgoing connections. */
	for (step = 1; step <= 8; step *= 2) {
		for (kind = 0; kind < 4; kind++) {
			pkt = kind & 1 ? pkt6(0, 17) :
					 flow4(0x0a00000a, 0x0a00000b, 6);
			for (i = 0; i < NR_FLOWS; i++)
				labels[i] = kind & 2 ?
					label(&pkt, 443, 32768 + step * i) :
					label(&pkt, 32768 + step * i, 443);
			sprintf(what, "IPv%c, %s ports, step %u", kind & 1 ? '6' : '4',
				kind & 2 ? "destination" : "source", step);
			expect_spread(what, labels);
		}
	}
}

static void flow_label_spread_addresses(void)
{
	static u32 labels[NR_FLOWS];
	struct vpc_pkt pkt;
	unsigned int i, j;
	char what[40];
	u8 *byte;

	for (i = 0; i < NR_FLOWS; i++) {
		pkt = flow4(0x0a000000 + i, 0x0a010001, 1);
		labels[i] = label(&pkt, 0, 0);
	}
	expect_spread("IPv4 sources", labels);
	for (i = 0; i < NR_FLOWS; i++) {
		pkt = flow4(0x0a010001, 0x0a000000 + i, 1);
		labels[i] = label(&pkt, 0, 0);
	}
	expect_spread("IPv4 destinations", labels);
	for (i = 0; i < NR_FLOWS; i++) {
		pkt = flow4(0x0a000000 + i / 64, 0x0a010000 + i % 64, 47);
		labels[i] = label(&pkt, 0, 0);
	}
	expect_spread("IPv4 pairs", labels);

	for (j = 0; j < 32; j += 2) {
		for (i = 0; i < NR_FLOWS; i++) {
			pkt = pkt6(0, 58);
			byte = (j < 16 ? (u8 *)&pkt.src : (u8 *)&pkt.dst) + j % 16;
			ref_put16(byte, i);
			labels[i] = label(&pkt, 0, 0);
		}
		sprintf(what, "IPv6 addresses, byte %u", j);
		expect_spread(what, labels);
	}
}

/* --- vpc_tlv_write, vpc_tlv_read ---------------------------------------- */

/* Next Header, Hdr Ext Len, Option Type, Opt Data Len, Hops, VPC id, addresses. */
static const char layout_ipv4[] =
	"06 01 de 0c 3f 123456 c0000201 c6336402";
static const char layout_full[] =
	"11 02 de 10 3f 123456 c0000201 c6336402 beef 2abc 01 02 00 00";
static const char layout_ipv6[] = "3a 04 de 24 3f 123456" SRC6 DST6;
static const char layout_short[] = "84 02 de 14 3f 123456" SRC6;
static const char layout_whole4[] = "04 00 de 04 00 123456";
static const char layout_whole6[] = "29 00 de 04 00 123456";

static void expect_written(int line, const struct vpc_pkt *pkt, u8 type,
			   const char *layout)
{
	u8 want[64];
	size_t size = unhex(layout, want);
	struct vpc_tlv *tlv = malloc(size);

	memset(tlv, 0xaa, size);
	want[2] = type;
	unit_expect(vpc_tlv_size(pkt->form) == size, line, "size", "%zu", size);
	vpc_tlv_write(tlv, type, pkt);
	expect_bytes(line, tlv, want, size);
	free(tlv);
}

static void tlv_write_layouts(void)
{
	struct vpc_pkt pkt;

	pkt = pkt4(VPC_FORM_IPV4, 6);
	expect_written(__LINE__, &pkt, TYPE, layout_ipv4);
	expect_written(__LINE__, &pkt, 0x9e, layout_ipv4);
	pkt = pkt4(VPC_FORM_IPV4_FULL, 17);
	pkt.frag_off = htons(0x2abc);
	expect_written(__LINE__, &pkt, TYPE, layout_full);
	pkt = pkt6(VPC_FORM_IPV6, 58);
	expect_written(__LINE__, &pkt, TYPE, layout_ipv6);
	pkt = pkt6(VPC_FORM_IPV6_SHORT, 132);
	expect_written(__LINE__, &pkt, TYPE, layout_short);
	pkt = pkt4(VPC_FORM_WHOLE, 6);
	expect_written(__LINE__, &pkt, TYPE, layout_whole4);
	pkt = pkt6(VPC_FORM_WHOLE, 44);
	expect_written(__LINE__, &pkt, TYPE, layout_whole6);
}

static enum vpc_counter read_bytes(const u8 *bytes, size_t there, u8 type,
				   struct vpc_pkt *pkt)
{
	struct in6_addr sid = ip6(DST6);
	struct vpc_tlv *tlv = malloc(there);
	enum vpc_counter reason;

	memcpy(tlv, bytes, there);
	memset(pkt, 0xaa, sizeof(*pkt));
	reason = vpc_tlv_read(tlv, there, type, &sid, pkt);
	free(tlv);
	return reason;
}

static enum vpc_counter read_text(const char *text, struct vpc_pkt *pkt)
{
	u8 bytes[2200];

	return read_bytes(bytes, unhex(text, bytes), TYPE, pkt);
}

static void tlv_read_layouts(void)
{
	struct in6_addr src = ip6(SRC6), dst = ip6(DST6);
	struct vpc_pkt pkt;

	expect(read_text(layout_ipv4, &pkt) == NO_REASON, "IPv4");
	expect(pkt.version == 4 && pkt.form == 12 && pkt.proto == 6 &&
	       pkt.hops == 0x3f && pkt.vpc == 0x123456, "IPv4");
	expect(pkt.src.v4 == htonl(0xc0000201) && pkt.dst.v4 == htonl(0xc6336402),
	       "IPv4 addresses");
	expect(pkt.id == 0 && pkt.frag_off == htons(0x4000), "ID 0, DF");

	expect(read_text(layout_full, &pkt) == NO_REASON, "IPv4 full");
	expect(pkt.version == 4 && pkt.form == 16 && pkt.proto == 17 &&
	       pkt.hops == 0x3f && pkt.vpc == 0x123456, "IPv4 full");
	expect(pkt.src.v4 == htonl(0xc0000201) && pkt.dst.v4 == htonl(0xc6336402),
	       "IPv4 full addresses");
	expect(pkt.id == htons(0xbeef) && pkt.frag_off == htons(0x2abc), "ID, MF");

	expect(read_text(layout_ipv6, &pkt) == NO_REASON, "IPv6");
	expect(pkt.version == 6 && pkt.form == 36 && pkt.proto == 58 &&
	       pkt.hops == 0x3f && pkt.vpc == 0x123456, "IPv6");
	expect_bytes(__LINE__, &pkt.src, &src, 16);
	expect_bytes(__LINE__, &pkt.dst, &dst, 16);

	expect(read_text(layout_short, &pkt) == NO_REASON, "IPv6 short");
	expect(pkt.version == 6 && pkt.form == 20 && pkt.proto == 132 &&
	       pkt.hops == 0x3f && pkt.vpc == 0x123456, "IPv6 short");
	expect_bytes(__LINE__, &pkt.src, &src, 16);
	expect_bytes(__LINE__, &pkt.dst, &dst, 16);

	expect(read_text(layout_whole4, &pkt) == NO_REASON, "whole IPv4");
	expect(pkt.version == 4 && pkt.form == 4 && pkt.vpc == 0x123456, "whole IPv4");
	expect(read_text(layout_whole6, &pkt) == NO_REASON, "whole IPv6");
	expect(pkt.version == 6 && pkt.form == 4 && pkt.vpc == 0x123456, "whole IPv6");

	/* What follows the header is nobody's business here. */
	expect(read_text("04 00 de 04 00 123456 ffffffffffffffff", &pkt) == NO_REASON,
	       "payload");
}

static const char *const layouts[] = {
	layout_ipv4, layout_full, layout_ipv6, layout_short, layout_whole4,
	layout_whole6,
};

static void tlv_read_short_header(void)
{
	struct vpc_pkt pkt;
	unsigned int i;
	size_t size, len;
	u8 bytes[64];

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		size = unhex(layouts[i], bytes);
		for (len = 8; len < size; len++)
			expect(read_bytes(bytes, len, TYPE, &pkt) == VPC_DROP_BAD_HEADER,
			       "layout %u, %zu bytes", i, len);
		expect(read_bytes(bytes, size, TYPE, &pkt) == NO_REASON,
		       "layout %u", i);
	}
}

static void tlv_read_option_type(void)
{
	struct vpc_pkt pkt;
	unsigned int i, type;
	size_t size;
	u8 bytes[64];

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		size = unhex(layouts[i], bytes);
		for (type = 0; type < 256; type++) {
			bytes[2] = type;
			expect(read_bytes(bytes, size, TYPE, &pkt) ==
			       (type == TYPE ? NO_REASON : VPC_DROP_NO_TLV),
			       "layout %u, %02x", i, type);
			expect(read_bytes(bytes, size, type, &pkt) == NO_REASON,
			       "layout %u, %02x", i, type);
		}
	}
	/* Padding in front of it, or nothing else, is no TLV either. */
	expect(read_text("06 02 0104 00000000 de0c 3f 123456 c0000201 c6336402 0000",
			 &pkt) == VPC_DROP_NO_TLV, "PadN first");
	expect(read_text("06 00 0104 00000000", &pkt) == VPC_DROP_NO_TLV, "PadN");
}

/* Every Opt Data Len in a header of every size. */
static void tlv_read_lengths(void)
{
	enum vpc_counter reason, want;
	unsigned int len, hdrlen, i;
	struct vpc_pkt pkt;
	u8 bytes[2048];

	for (len = 0; len < 256; len++) {
		for (hdrlen = 0; hdrlen < 256; hdrlen++) {
			memset(bytes, 0, sizeof(bytes));
			unhex("06 00 de 00 00 123456", bytes);
			bytes[0] = len == 4 ? 4 : 6;
			bytes[1] = hdrlen;
			bytes[3] = len;
			if (len == 16)
				unhex("01020000", bytes + 20);
			for (i = 0; i < ARRAY_SIZE(forms); i++)
				if (forms[i].form == len)
					break;
			if (i == ARRAY_SIZE(forms))
				want = VPC_DROP_BAD_FORM;
			else if (8 * (hdrlen + 1) < forms[i].size)
				want = VPC_DROP_BAD_HEADER;
			else if (8 * (hdrlen + 1) > forms[i].size)
				want = VPC_DROP_EXTRA_OPTION;
			else
				want = NO_REASON;
			reason = read_bytes(bytes, 8 * (hdrlen + 1), TYPE, &pkt);
			expect(reason == want, "Opt Data Len %u, Hdr Ext Len %u: %d",
			       len, hdrlen, reason);
		}
	}
}

static void tlv_read_padn(void)
{
	enum vpc_counter reason;
	struct vpc_pkt pkt;
	unsigned int i, bit;
	u8 bytes[64];
	size_t size;

	size = unhex(layout_full, bytes);
	for (i = 20; i < 24; i++) {
		for (bit = 0; bit < 8; bit++) {
			bytes[i] ^= 1 << bit;
			reason = read_bytes(bytes, size, TYPE, &pkt);
			expect(reason == VPC_DROP_EXTRA_OPTION, "byte %u, bit %u: %d",
			       i, bit, reason);
			bytes[i] ^= 1 << bit;
		}
	}
	/* Padding that RFC 8200 allows, but no edge writes. */
	memset(bytes + 20, 0, 4);
	expect(read_bytes(bytes, size, TYPE, &pkt) == VPC_DROP_EXTRA_OPTION, "Pad1");
}

static void tlv_read_vpc(void)
{
	static const struct {
		u32 vpc;
		bool ok;
	} cases[] = {
		{ 0, false }, { 1, true }, { 0x100, true }, { 0x10000, true },
		{ 0xff, true }, { 0xff00, true }, { 0xff0000, true },
		{ 0xfffffe, true }, { 0xfeffff, true }, { 0xffffff, false },
	};
	enum vpc_counter reason, want;
	struct vpc_pkt pkt;
	unsigned int i, j;
	u8 bytes[64];
	size_t size;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		for (j = 0; j < ARRAY_SIZE(cases); j++) {
			size = unhex(layouts[i], bytes);
			bytes[5] = cases[j].vpc / 65536;
			ref_put16(bytes + 6, cases[j].vpc % 65536);
			reason = read_bytes(bytes, size, TYPE, &pkt);
			want = NO_REASON;
			if (!cases[j].ok)
				want = VPC_DROP_BAD_VPC;
			expect(reason == want, "layout %u, VPC %x: %d", i, cases[j].vpc, reason);
			expect(reason || pkt.vpc == cases[j].vpc, "VPC %x: %x",
			       cases[j].vpc, pkt.vpc);
		}
	}
}

static void tlv_read_whole(void)
{
	enum vpc_counter reason;
	struct vpc_pkt pkt;
	unsigned int i;
	u8 bytes[8];

	unhex(layout_whole4, bytes);
	for (i = 0; i < 256; i++) {
		bytes[0] = i;
		reason = read_bytes(bytes, 8, TYPE, &pkt);
		expect(reason == (i == 4 || i == 41 ? NO_REASON : VPC_DROP_BAD_FORM),
		       "Next Header %u: %d", i, reason);
	}
	for (i = 1; i < 256; i++) {
		bytes[0] = i % 2 ? 4 : 41;
		bytes[4] = i;
		reason = read_bytes(bytes, 8, TYPE, &pkt);
		expect(reason == VPC_DROP_BAD_FORM, "Hops %u: %d", i, reason);
	}
}

/* What goes whole must not come otherwise. */
static void tlv_read_next_header(void)
{
	enum vpc_counter reason;
	struct vpc_pkt pkt;
	unsigned int i, proto;
	u8 bytes[64];
	size_t size;

	for (i = 0; i < 4; i++) {
		size = unhex(layouts[i], bytes);
		for (proto = 0; proto < 256; proto++) {
			bytes[0] = proto;
			reason = read_bytes(bytes, size, TYPE, &pkt);
			expect(reason == (ref_whole_proto(i < 2 ? 4 : 6, proto) ?
					  VPC_DROP_BAD_FORM : NO_REASON),
			       "layout %u, Next Header %u: %d", i, proto, reason);
			expect(reason || pkt.proto == proto, "%u", proto);
		}
	}
}

static void tlv_round_trip(void)
{
	static const u8 kinds[] = { 12, 16, 36, 20, 4, 4 };
	struct vpc_pkt pkt, back;
	unsigned int i, form, size;
	enum vpc_counter reason;
	struct vpc_tlv *tlv;
	bool v4, same;
	u8 type;

	random_seed(5);
	for (i = 0; i < 60000; i++) {
		form = kinds[i % 6];
		v4 = i % 6 < 2 || i % 6 == 4;
		size = vpc_tlv_size(form);
		memset(&pkt, 0, sizeof(pkt));
		rnd_fill(&pkt.src, v4 ? 4 : 16);
		rnd_fill(&pkt.dst, v4 ? 4 : 16);
		pkt.vpc = 1 + rnd() % 0xfffffe;
		pkt.version = v4 ? 4 : 6;
		pkt.form = form;
		pkt.hops = rnd();
		do {
			pkt.proto = rnd();
		} while (ref_whole_proto(pkt.version, pkt.proto) && form != 4);
		if (form == 16) {
			pkt.id = rnd();
			pkt.frag_off = rnd();
		} else if (form == 12) {
			pkt.frag_off = htons(0x4000);
		}
		type = rnd();
		tlv = malloc(size);
		vpc_tlv_write(tlv, type, &pkt);
		memset(&back, 0xaa, sizeof(back));
		reason = vpc_tlv_read(tlv, size, type, &pkt.dst.v6, &back);
		same = !reason && back.vpc == pkt.vpc && back.form == form &&
		       back.version == pkt.version;
		if (form != 4)
			same = same && back.proto == pkt.proto &&
			       back.hops == pkt.hops && back.id == pkt.id &&
			       back.frag_off == pkt.frag_off &&
			       !memcmp(&back.src, &pkt.src, v4 ? 4 : 16) &&
			       !memcmp(&back.dst, &pkt.dst, v4 ? 4 : 16);
		expect(same, "form %u, reason %d: %s", form, reason, hex(tlv, size));
		free(tlv);
	}
}

/* --- all together ------------------------------------------------------- */

/* A tenant's header, taken off, carried and written anew. */
static void rebuild(int line, const u8 *packet, size_t len, u8 want_form)
{
	u8 header[60] __aligned(4), got[40] __aligned(4), want[40];
	size_t hlen = packet[0] >> 4 == 4 ? 20 : 40;
	struct vpc_tlv *tlv;
	struct vpc_pkt pkt = { 0 }, back = { 0 };
	enum vpc_counter reason;
	u8 form;

	memcpy(header, packet, hlen);
	memcpy(want, packet, hlen);
	reason = hlen == 20 ? vpc_parse_ipv4((void *)header, len, &pkt) :
			      vpc_parse_ipv6((void *)header, len, &pkt);
	unit_expect(!reason, line, "parsed", "%d: %s", reason, hex(packet, hlen));
	form = vpc_pick_form(&pkt, packet + hlen, pkt.len - pkt.hlen);
	unit_expect(form == want_form, line, "form", "%u, not %u: %s", form,
		    want_form, hex(packet, hlen));
	if (form == VPC_FORM_WHOLE)
		return;
	pkt.form = form;
	pkt.vpc = 1000;
	tlv = malloc(vpc_tlv_size(form));
	vpc_tlv_write(tlv, TYPE, &pkt);
	reason = vpc_tlv_read(tlv, vpc_tlv_size(form), TYPE, &pkt.dst.v6, &back);
	free(tlv);
	unit_expect(!reason, line, "read", "%d: %s", reason, hex(packet, hlen));

	/* These travel in the fabric's own header. */
	back.tclass = pkt.tclass;
	back.flow = pkt.flow;
	back.len = pkt.len;
	memset(got, 0xaa, sizeof(got));
	if (hlen == 20)
		vpc_write_ipv4((void *)got, &back);
	else
		vpc_write_ipv6((void *)got, &back);

	/* The ID of an atomic datagram arrives as 0 (RFC 6864). */
	if (form == 12) {
		ref_put16(want + 4, 0);
		ref_put16(want + 10, ref_ipv4_check(want));
	}
	if (memcmp(got, want, hlen))
		unit_expect(false, line, "same header", "%s instead of %s",
			    hex(got, hlen), hex(want, hlen));
}

static void rebuild_ipv4(void)
{
	static const u16 frags[] = { 0x4000, 0, 0x2000, 0x8000, 0xc000, 0x6000 };
	u8 packet[60] __aligned(4);
	unsigned int i;

	random_seed(6);
	for (i = 0; i < 100000; i++) {
		rnd_fill(packet, sizeof(packet));
		packet[0] = 0x45;
		ref_put16(packet + 2, 20 + rnd() % 41);
		if (i % 2)
			ref_put16(packet + 6, frags[i / 2 % 6]);
		/* Now and then a header whose checksum is 0. */
		if (i % 16 == 0) {
			ref_put16(packet + 4, 0);
			ref_put16(packet + 4, ref_ipv4_check(packet));
		}
		ref_put16(packet + 10, ref_ipv4_check(packet));
		rebuild(__LINE__, packet, sizeof(packet),
			ref_form(packet, ref_get16(packet + 2) - 20));
	}
}

static void rebuild_ipv6(void)
{
	u8 packet[80] __aligned(4);
	unsigned int i;

	random_seed(7);
	for (i = 0; i < 100000; i++) {
		rnd_fill(packet, sizeof(packet));
		packet[0] = 0x60 | packet[0] % 16;
		ref_put16(packet + 4, rnd() % 41);
		rebuild(__LINE__, packet, sizeof(packet),
			ref_form(packet, ref_get16(packet + 4)));
	}
}

const struct unit_test codec_tests[] = {
	UNIT_TEST(pkt_fragment),
	UNIT_TEST(form_sizes),
	UNIT_TEST(csum_offset),
	UNIT_TEST(csum_in6),
	UNIT_TEST(pkt_csum),
	UNIT_TEST(csum_move_recomputed),
	UNIT_TEST(csum_move_every_value),
	UNIT_TEST(parse_ipv4),
	UNIT_TEST(parse_ipv4_malformed),
	UNIT_TEST(parse_ipv6),
	UNIT_TEST(parse_ipv6_malformed),
	UNIT_TEST(write_ipv4),
	UNIT_TEST(write_ipv6),
	UNIT_TEST(pick_form_protocols),
	UNIT_TEST(pick_form_fragment_field),
	UNIT_TEST(pick_form_header),
	UNIT_TEST(pick_form_checksum),
	UNIT_TEST(flow_label_vectors),
	UNIT_TEST(flow_label_range),
	UNIT_TEST(flow_label_fragments),
	UNIT_TEST(flow_label_flow),
	UNIT_TEST(flow_label_spread_ports),
	UNIT_TEST(flow_label_spread_addresses),
	UNIT_TEST(tlv_write_layouts),
	UNIT_TEST(tlv_read_layouts),
	UNIT_TEST(tlv_read_short_header),
	UNIT_TEST(tlv_read_option_type),
	UNIT_TEST(tlv_read_lengths),
	UNIT_TEST(tlv_read_padn),
	UNIT_TEST(tlv_read_vpc),
	UNIT_TEST(tlv_read_whole),
	UNIT_TEST(tlv_read_next_header),
	UNIT_TEST(tlv_round_trip),
	UNIT_TEST(rebuild_ipv4),
	UNIT_TEST(rebuild_ipv6),
	{ NULL, NULL },
};
