/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output: the same calls give text, or JSON with -json.
 *
 * A format belongs to the text, and NULL leaves the value out there; a key
 * belongs to JSON, and NULL is for members of an array.
 */
#ifndef _PRINT_H
#define _PRINT_H

#include "tool.h"

void print_setup(bool json, bool pretty);
bool print_json(void);

void open_object(const char *key);
void close_object(void);
void open_array(const char *key);
void close_array(void);

void print_string(const char *key, const char *fmt, const char *value);
void print_uint(const char *key, const char *fmt, unsigned long long value);
void print_int(const char *key, const char *fmt, long long value);
void print_bool(const char *key, const char *text, bool value);
void print_text(const char *fmt, ...) __printf(1, 2);

#endif /* _PRINT_H */
