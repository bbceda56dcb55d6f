/* SPDX-License-Identifier: GPL-2.0 */
/* Public keys, ciphers and modes of encryption, as text. */
#ifndef _KEY_H
#define _KEY_H

#include <linux/vpc.h>

#include "tool.h"

#define KEY_TEXT_SIZE	45	/* base64 of 32 bytes */

const char *key_text(const uint8_t *key, char *text);
int parse_key_source(const char *word, struct args *rest,
		     int (*take)(void *ctx, const uint8_t *key), void *ctx);

const char *encrypt_name(unsigned int mode);
int parse_encrypt(const char *text, uint8_t *mode);
const char *cipher_name(unsigned int cipher);
int parse_cipher(const char *text, uint8_t *cipher);

#endif /* _KEY_H */
