/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Key ids, SPIs and the keys that they stand for: Documentation/encryption.rst
 * has every byte.  Pure: the same file is compiled for user space.
 */
#ifndef _VPC_KDF_H
#define _VPC_KDF_H

#include <linux/types.h>
#include <linux/vpc.h>

#define VPC_KEY_ID_BITS		10
#define VPC_SALT_LEN		4
#define VPC_NONCE_LEN		12
#define VPC_MAX_LANES		256

/* SPI = 1 (1 bit), cipher (3), key ids of sender and receiver (10 each), lane (8) */
#define VPC_SPI_MARK		0x80000000U
#define VPC_SPI_LANE_MASK	0xffU

static inline u32 vpc_spi(u8 cipher, u16 from, u16 to)
{
	return VPC_SPI_MARK | (u32)cipher << 28 | (u32)from << 18 | (u32)to << 8;
}

static inline u8 vpc_spi_cipher(u32 spi)
{
	return spi >> 28 & 7;
}

/**
 * struct vpc_keymat - what a direction of traffic is sealed with
 * @key: of the cipher, as long as it wants
 * @salt: the first bytes of each nonce, for lane 0
 */
struct vpc_keymat {
	u8	key[32];
	u8	salt[VPC_SALT_LEN];
};

unsigned int vpc_cipher_key_len(u8 cipher);
u16 vpc_key_id(const u8 *public);
void vpc_kdf(const u8 *shared, u32 spi, const u8 *from, const u8 *to,
	     struct vpc_keymat *mat);
void vpc_nonce(u8 *nonce, const u8 *salt, u32 spi, u64 seq);

#endif /* _VPC_KDF_H */
