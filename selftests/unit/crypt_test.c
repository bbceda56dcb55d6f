// SPDX-License-Identifier: GPL-2.0
/* kmod/replay.c and kmod/kdf.c, function by function. */

#include <crypto/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kdf.h"
#include "replay.h"
#include "tap.h"

static void unhex(const char *text, u8 *out, size_t len)
{
	unsigned int byte;
	size_t i;

	for (i = 0; i < len; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			abort();
		out[i] = byte;
	}
}

static bool equals(const u8 *data, const char *text)
{
	u8 want[256];

	unhex(text, want, strlen(text) / 2);
	return !memcmp(data, want, strlen(text) / 2);
}

/* FIPS 180-4's examples: the tests' own SHA-256 is right. */
static void sha256_itself(void)
{
	u8 out[32];

	sha256((const u8 *)"abc", 3, out);
	expect(equals(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
	       "one block");
	sha256((const u8 *)"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	       56, out);
	expect(equals(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
	       "two blocks");
}

/* The keys of RFC 7748, 6.1; what comes of them was computed with OpenSSL. */
#define ALICE	"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define BOB	"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define SHARED	"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

static void key_ids(void)
{
	u8 key[32];

	unhex(ALICE, key, 32);
	expect(vpc_key_id(key) == 192, "Alice: %u", vpc_key_id(key));
	unhex(BOB, key, 32);
	expect(vpc_key_id(key) == 973, "Bob: %u", vpc_key_id(key));
}

static void spi_layout(void)
{
	expect(vpc_spi(0, 0, 0) == 0x80000000, "smallest");
	expect(vpc_spi(7, 1023, 1023) == 0xffffff00, "largest");
	expect(vpc_spi(2, 1, 0) == 0xa0040000, "sender's key id");
	expect(vpc_spi(0, 0, 1) == 0x80000100, "receiver's key id");
	expect(vpc_spi_cipher(0xa3ffffff) == 2, "cipher");
}

static void derived_keys(void)
{
	static const struct {
		u32		spi;
		const char	*key, *salt;
	} want[] = {
		{
			0x8303cd00, "69e203a51bccfb46eec9d2c428f1db5b", "da13133e"
		}, {
			0x9303cd00,
			"3f55a4a844c4713e1ce563f2c2d5e5f846ec6132f0dca2e63d80690b421c99f0",
			"60bea373"
		}, {
			0xa303cd00,
			"1a5faaa738cf7da557829b0edbebb4da374d1c7d43c63469bf8f0b00f09cfc44",
			"cb3b0b88"
		},
	};
	u8 shared[32], alice[32], bob[32];
	struct vpc_keymat mat, other;
	unsigned int cipher;
	u32 spi;

	unhex(SHARED, shared, 32);
	unhex(ALICE, alice, 32);
	unhex(BOB, bob, 32);
	for (cipher = 0; cipher < ARRAY_SIZE(want); cipher++) {
		spi = vpc_spi(cipher, vpc_key_id(alice), vpc_key_id(bob));
		expect(spi == want[cipher].spi, "cipher %u: SPI %x", cipher, spi);
		memset(&mat, 0xaa, sizeof(mat));
		vpc_kdf(shared, spi, alice, bob, &mat);
		expect(equals(mat.key, want[cipher].key), "cipher %u: key", cipher);
		expect(equals(mat.salt, want[cipher].salt), "cipher %u: salt", cipher);
		vpc_kdf(shared, spi, bob, alice, &other);
		expect(memcmp(&mat, &other, sizeof(mat)),
		       "cipher %u: each direction has its own key", cipher);
	}
}

static void nonces(void)
{
	static const u8 salt[4] = { 1, 2, 3, 0xf0 };
	u8 nonce[12];

	vpc_nonce(nonce, salt, 0x8303cd00, 1);
	expect(equals(nonce, "010203f00000000000000001"), "lane 0");
	vpc_nonce(nonce, salt, 0x8303cd0f, 0x123456789abcdef0);
	expect(equals(nonce, "010203ff123456789abcdef0"), "lane 15");
}

static void replay_order(void)
{
	struct vpc_replay w = { 0 };
	u64 i;

	expect(!vpc_replay_take(&w, 0), "there is no number 0");
	for (i = 1; i < 10000; i++) {
		expect(vpc_replay_take(&w, i), "%llu", (unsigned long long)i);
		expect(!vpc_replay_take(&w, i), "%llu again", (unsigned long long)i);
	}
	expect(w.top == 9999, "top %llu", (unsigned long long)w.top);
	expect(!vpc_replay_take(&w, 1), "long ago");
}

static void replay_window(void)
{
	struct vpc_replay w = { 0 };
	u64 top = 1 << 20;

	expect(VPC_REPLAY_WINDOW >= 2048, "%d", VPC_REPLAY_WINDOW);
	expect(vpc_replay_take(&w, top), "a jump");
	expect(vpc_replay_take(&w, top - VPC_REPLAY_WINDOW + 1), "the oldest");
	expect(!vpc_replay_take(&w, top - VPC_REPLAY_WINDOW + 1), "the oldest again");
	expect(!vpc_replay_take(&w, top - VPC_REPLAY_WINDOW), "one too old");
	expect(vpc_replay_take(&w, top + 1), "the next");
	expect(!vpc_replay_take(&w, top), "the one before");
}

static void replay_high(void)
{
	struct vpc_replay w = { 0 };
	u64 wrap = 1ULL << 32;

	expect(vpc_replay_take(&w, wrap - 1), "2^32 - 1");
	expect(vpc_replay_take(&w, wrap + 1), "2^32 + 1");
	expect(vpc_replay_take(&w, wrap), "2^32");
	expect(!vpc_replay_take(&w, wrap), "2^32 again");
	expect(!vpc_replay_take(&w, 1), "1 is not 2^32 + 1");
	expect(vpc_replay_take(&w, ~0ULL), "the last");
	expect(!vpc_replay_take(&w, ~0ULL), "the last again");
	expect(vpc_replay_take(&w, ~0ULL - 1), "the last but one");
	expect(!vpc_replay_take(&w, wrap + 2), "too old");
}

/* Beside a list of what was taken. */
static void replay_random(void)
{
	static u8 taken[1 << 18];
	struct vpc_replay w = { 0 };
	u64 top = 0, seq, state = 88172645463325252ULL;
	bool want;
	int i;

	for (i = 0; i < 500000; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		seq = state % 5 ? top + state % 64 - min(top, 32ULL) :
				  top - min(top, state % (2 * VPC_REPLAY_WINDOW));
		if (seq >= ARRAY_SIZE(taken))
			break;
		want = seq && (seq > top ||
			       (top - seq < VPC_REPLAY_WINDOW && !taken[seq]));
		expect(vpc_replay_take(&w, seq) == want, "%llu of %llu",
		       (unsigned long long)seq, (unsigned long long)top);
		if (want)
			taken[seq] = 1;
		top = max(top, seq);
	}
	expect(top > 10000, "got to %llu", (unsigned long long)top);
}

const struct unit_test crypt_tests[] = {
	UNIT_TEST(sha256_itself),
	UNIT_TEST(key_ids),
	UNIT_TEST(spi_layout),
	UNIT_TEST(derived_keys),
	UNIT_TEST(nonces),
	UNIT_TEST(replay_order),
	UNIT_TEST(replay_window),
	UNIT_TEST(replay_high),
	UNIT_TEST(replay_random),
	{ NULL, NULL },
};
