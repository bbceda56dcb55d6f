// SPDX-License-Identifier: GPL-2.0
/* Public keys, ciphers and modes of encryption, as text. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "parse.h"

/* Base64 (RFC 4648), of 32 bytes. */

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *key_text(const uint8_t *key, char *text)
{
	unsigned int i, bits, at = 0;

	for (i = 0; i < VPC_KEY_LEN; i += 3) {
		bits = key[i] << 16 | key[i + 1] << 8;
		if (i + 2 < VPC_KEY_LEN)
			bits |= key[i + 2];
		text[at++] = digits[bits >> 18];
		text[at++] = digits[bits >> 12 & 63];
		text[at++] = digits[bits >> 6 & 63];
		text[at++] = digits[bits & 63];
	}
	text[at - 1] = '=';
	text[at] = '\0';
	return text;
}

/**
 * parse_key - read a public key
 * @text: base64 of it
 * @source: where it stands, if not among the arguments
 * @key: gets VPC_KEY_LEN bytes
 */
static int parse_key(const char *text, const char *source, uint8_t *key)
{
	unsigned int i, bits = 0, n = 0, at = 0;
	const char *digit;
	char again[KEY_TEXT_SIZE];

	if (strlen(text) != KEY_TEXT_SIZE - 1)
		goto bad;
	for (i = 0; i < KEY_TEXT_SIZE - 2; i++) {
		digit = strchr(digits, text[i]);
		if (!digit)
			goto bad;
		bits = bits << 6 | (digit - digits);
		n += 6;
		if (n >= 8 && at < VPC_KEY_LEN) {
			n -= 8;
			key[at++] = bits >> n;
		}
	}
	/* Nothing but the key is in it, up to the last bit. */
	if (strcmp(key_text(key, again), text))
		goto bad;
	return STATUS_OK;

bad:
	return error(STATUS_SYNTAX, "bad key \"%s\"%s%s: expected base64 of 32 bytes", text,
		     source ? " in " : "", source ? source : "");
}

/* The keys of a line, up to a comment. */
static int parse_key_line(char *line, const char *name,
			  int (*take)(void *ctx, const uint8_t *key), void *ctx,
			  bool *any)
{
	static const char space[] = " \t\r\n";
	uint8_t key[VPC_KEY_LEN];
	int err = STATUS_OK;
	char *word;

	for (word = strtok(line, space); word && *word != '#' && !err;
	     word = strtok(NULL, space)) {
		*any = true;
		err = parse_key(word, name, key);
		if (!err)
			err = take(ctx, key);
	}
	return err;
}

static int parse_key_file(FILE *file, const char *name,
			  int (*take)(void *ctx, const uint8_t *key), void *ctx)
{
	int err = STATUS_OK;
	char *line = NULL;
	size_t size = 0;
	bool any = false;

	while (!err && getline(&line, &size, file) >= 0)
		err = parse_key_line(line, name, take, ctx, &any);
	free(line);
	if (!err && !feof(file))
		return error(STATUS_SYNTAX, "can't read the keys in %s: %s", name,
			     strerror(errno));
	if (!err && !any)
		err = error(STATUS_SYNTAX, "there is no key in %s", name);
	return err;
}

/**
 * parse_key_source - read the keys that an argument stands for
 * @word: BASE64, "file" before a PATH, or "-"
 * @rest: what follows it
 * @take: gets each key
 * @ctx: for @take
 */
int parse_key_source(const char *word, struct args *rest,
		     int (*take)(void *ctx, const uint8_t *key), void *ctx)
{
	uint8_t key[VPC_KEY_LEN];
	FILE *file;
	int err;

	if (!strcmp(word, "-"))
		return parse_key_file(stdin, "the standard input", take, ctx);
	if (strcmp(word, "file")) {
		err = parse_key(word, NULL, key);
		return err ? err : take(ctx, key);
	}
	word = arg_take(rest, "PATH");
	if (!word)
		return STATUS_SYNTAX;
	file = fopen(word, "r");
	if (!file)
		return error(STATUS_SYNTAX, "can't read the keys in \"%s\": %s", word,
			     strerror(errno));
	err = parse_key_file(file, word, take, ctx);
	fclose(file);
	return err;
}

/* Names. */

static const char * const modes[] = {
	[VPC_ENCRYPT_OFF]	= "off",
	[VPC_ENCRYPT_ON]	= "on",
	[VPC_ENCRYPT_REQUIRED]	= "required",
};

static const char * const ciphers[] = {
	[VPC_CIPHER_AES_128_GCM]	= "aes-128-gcm",
	[VPC_CIPHER_AES_256_GCM]	= "aes-256-gcm",
	[VPC_CIPHER_CHACHA20_POLY1305]	= "chacha20-poly1305",
};

const char *encrypt_name(unsigned int mode)
{
	return mode < ARRAY_SIZE(modes) && modes[mode] ? modes[mode] : "unknown";
}

int parse_encrypt(const char *text, uint8_t *mode)
{
	uint8_t m;

	for (m = VPC_ENCRYPT_OFF; m < ARRAY_SIZE(modes); m++) {
		if (strcmp(text, modes[m]))
			continue;
		*mode = m;
		return STATUS_OK;
	}
	return arg_unknown("encrypt mode", text, &modes[VPC_ENCRYPT_OFF],
			   ARRAY_SIZE(modes) - VPC_ENCRYPT_OFF, sizeof(*modes));
}

const char *cipher_name(unsigned int cipher)
{
	return cipher < ARRAY_SIZE(ciphers) ? ciphers[cipher] : "unknown";
}

int parse_cipher(const char *text, uint8_t *cipher)
{
	uint8_t c;

	for (c = 0; c < ARRAY_SIZE(ciphers); c++) {
		if (strcmp(text, ciphers[c]))
			continue;
		*cipher = c;
		return STATUS_OK;
	}
	return arg_unknown("cipher", text, ciphers, ARRAY_SIZE(ciphers), sizeof(*ciphers));
}
