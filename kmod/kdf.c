// SPDX-License-Identifier: GPL-2.0
/* Key ids, and the derivation of keys: HKDF (RFC 5869) with SHA-256. */

#include <crypto/sha2.h>
#include <linux/string.h>

#include "kdf.h"

static const char vpc_kdf_label[] = "vpc esp 1";

#define VPC_KDF_LABEL_LEN	(sizeof(vpc_kdf_label) - 1)
#define VPC_KDF_INFO_LEN	(VPC_KDF_LABEL_LEN + 2 * VPC_KEY_LEN + 4)
/* A message of an HMAC here is at most a block's output, the info, a counter. */
#define VPC_HMAC_MAX		(SHA256_DIGEST_SIZE + VPC_KDF_INFO_LEN + 1)

/* HMAC (RFC 2104) with a key of the digest's size. */
static void vpc_hmac(const u8 *key, const u8 *msg, unsigned int len, u8 *out)
{
	u8 buf[SHA256_BLOCK_SIZE + VPC_HMAC_MAX];
	unsigned int i;

	memset(buf, 0x36, SHA256_BLOCK_SIZE);
	for (i = 0; i < SHA256_DIGEST_SIZE; i++)
		buf[i] ^= key[i];
	memcpy(buf + SHA256_BLOCK_SIZE, msg, len);
	sha256(buf, SHA256_BLOCK_SIZE + len, out);

	memset(buf, 0x5c, SHA256_BLOCK_SIZE);
	for (i = 0; i < SHA256_DIGEST_SIZE; i++)
		buf[i] ^= key[i];
	memcpy(buf + SHA256_BLOCK_SIZE, out, SHA256_DIGEST_SIZE);
	sha256(buf, SHA256_BLOCK_SIZE + SHA256_DIGEST_SIZE, out);
	memzero_explicit(buf, sizeof(buf));
}

unsigned int vpc_cipher_key_len(u8 cipher)
{
	return cipher == VPC_CIPHER_AES_128_GCM ? 16 : 32;
}

/**
 * vpc_key_id - the first 10 bits of a public key's SHA-256
 * @public: the key
 */
u16 vpc_key_id(const u8 *public)
{
	u8 hash[SHA256_DIGEST_SIZE];

	sha256(public, VPC_KEY_LEN, hash);
	return hash[0] << 2 | hash[1] >> 6;
}

/**
 * vpc_kdf - derive what one direction of traffic is sealed with
 * @shared: output of X25519
 * @spi: SPI with lane 0; it names the cipher
 * @from: public key of the sender
 * @to: public key of the receiver
 * @mat: gets key and salt; to be wiped by the caller
 */
void vpc_kdf(const u8 *shared, u32 spi, const u8 *from, const u8 *to,
	     struct vpc_keymat *mat)
{
	static const u8 no_salt[SHA256_DIGEST_SIZE];
	unsigned int key_len = vpc_cipher_key_len(vpc_spi_cipher(spi));
	u8 prk[SHA256_DIGEST_SIZE], okm[2 * SHA256_DIGEST_SIZE];
	u8 msg[VPC_HMAC_MAX], *info = msg + SHA256_DIGEST_SIZE, *p = info;

	vpc_hmac(no_salt, shared, VPC_KEY_LEN, prk);

	memcpy(p, vpc_kdf_label, VPC_KDF_LABEL_LEN);
	p += VPC_KDF_LABEL_LEN;
	memcpy(p, from, VPC_KEY_LEN);
	p += VPC_KEY_LEN;
	memcpy(p, to, VPC_KEY_LEN);
	p += VPC_KEY_LEN;
	*p++ = spi >> 24;
	*p++ = spi >> 16;
	*p++ = spi >> 8;
	*p++ = spi;

	/* T(1) covers the info alone, T(2) also what came before. */
	*p = 1;
	vpc_hmac(prk, info, VPC_KDF_INFO_LEN + 1, okm);
	memcpy(msg, okm, SHA256_DIGEST_SIZE);
	*p = 2;
	vpc_hmac(prk, msg, sizeof(msg), okm + SHA256_DIGEST_SIZE);

	memset(mat, 0, sizeof(*mat));
	memcpy(mat->key, okm, key_len);
	memcpy(mat->salt, okm + key_len, VPC_SALT_LEN);
	memzero_explicit(prk, sizeof(prk));
	memzero_explicit(okm, sizeof(okm));
	memzero_explicit(msg, sizeof(msg));
}

/**
 * vpc_nonce - the nonce of a packet
 * @nonce: gets VPC_NONCE_LEN bytes
 * @salt: of the key
 * @spi: the packet's, whose lane goes into the last byte of the salt
 * @seq: its sequence number, which is its IV
 */
void vpc_nonce(u8 *nonce, const u8 *salt, u32 spi, u64 seq)
{
	int i;

	memcpy(nonce, salt, VPC_SALT_LEN);
	nonce[VPC_SALT_LEN - 1] ^= spi & VPC_SPI_LANE_MASK;
	for (i = 0; i < 8; i++)
		nonce[VPC_SALT_LEN + i] = seq >> (56 - 8 * i);
}
