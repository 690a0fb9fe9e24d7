// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int text_compare(struct text a, struct text b)
{
	if (!a.p || !b.p)
		return !!a.p - !!b.p;
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/*
 * Not 0 when one of eight bytes is below 0x20, is 0x7f or is not ASCII: the lowest such byte has its highest bit set, or gets it from adding 1 or from taking
 * 0x20 away; those below it carry nothing into it.
 */
static uint64_t may_be_control(const char *p)
{
	uint64_t v = word_load(p);
	return word_not_ascii(v | (v + WORD_OF(1)) | (v - WORD_OF(0x20)));
}

bool text_has_control(struct text t)
{
	size_t i = 0;
	while (t.n - i >= 8 && !may_be_control(t.p + i))
		i += 8;
	if (t.n >= 8 && t.n - i < 8 && !may_be_control(t.p + t.n - 8))
		return false;
	for (; i < t.n; i++)
		if (text_control(t.p + i, t.n - i))
			return true;
	return false;
}

size_t text_show(const char *p, size_t n, char out[static TEXT_SHOWN_SIZE])
{
	size_t control = text_control(p, n);
	if (control) {
		snprintf(out, TEXT_SHOWN_SIZE, "\\u%04x", (unsigned)(unsigned char)p[control - 1]);
		return control;
	}
	out[0] = *p;
	out[1] = 0;
	return 1;
}

/* Length of the well-formed multi-byte sequence at p, 0 if there is none (RFC 3629, table 3-7 of the Unicode standard). */
static size_t sequence(const unsigned char *p, size_t n)
{
	unsigned char c = p[0], low = 0x80, high = 0xbf;
	size_t length = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
	if (!length || length > n)
		return 0;
	if (c == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (c == 0xed)
		high = 0x9f; /* surrogates */
	else if (c == 0xf0)
		low = 0x90; /* shorter forms exist */
	else if (c == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* The first of the bytes from p on that is not ASCII, or one of the few before it. */
static const char *skip_ascii(const char *p, const char *end)
{
	for (; end - p >= 64; p += 64) {
		uint64_t v = word_load(p) | word_load(p + 8) | word_load(p + 16) | word_load(p + 24);
		if (word_not_ascii(v | word_load(p + 32) | word_load(p + 40) | word_load(p + 48) | word_load(p + 56)))
			break;
	}
	while (end - p >= 8 && !word_not_ascii(word_load(p)))
		p += 8;
	return p;
}

bool utf8_valid(const char *p, size_t n)
{
	const char *end = p + n;
	for (p = skip_ascii(p, end); p < end; p = skip_ascii(p, end)) {
		/* not a new start after each character: where there is one of several bytes, others are near */
		const char *near = end - p > 16 ? p + 16 : end;
		if (n >= 8 && end - p < 8 && !word_not_ascii(word_load(end - 8)))
			return true;
		while (p < near) {
			size_t length = (unsigned char)*p < 0x80 ? 1 : sequence((const unsigned char *)p, (size_t)(end - p));
			if (!length)
				return false;
			p += length;
		}
	}
	return true;
}

void buffer_deinit(struct buffer *b)
{
	free(b->p);
	*b = (struct buffer){0};
}

void buffer_clear(struct buffer *b)
{
	b->n = 0;
	b->failed = false;
}

/* Room for n more bytes and a NUL. */
static bool reserve(struct buffer *b, size_t n)
{
	if (b->failed)
		return false;
	if (b->size - b->n > n)
		return true;
	size_t size = b->size ? b->size : 64;
	while (size - b->n <= n && size < SIZE_MAX / 2)
		size *= 2;
	char *p = size - b->n > n ? realloc(b->p, size) : NULL;
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->size = size;
	return true;
}

void buffer_put(struct buffer *b, const void *p, size_t n)
{
	if (!n || !reserve(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buffer_puts(struct buffer *b, const char *s)
{
	buffer_put(b, s, strlen(s));
}

void buffer_putc(struct buffer *b, char c)
{
	if (reserve(b, 1))
		b->p[b->n++] = c;
}

void buffer_text(struct buffer *b, struct text t)
{
	buffer_put(b, t.p, t.n);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		b->failed = true;
	else if (reserve(b, (size_t)n)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

const char *buffer_cstr(struct buffer *b)
{
	if (!reserve(b, 0))
		return NULL;
	b->p[b->n] = 0;
	return b->p;
}

/* Bytes of the character at the start of t; 0 when it is not UTF-8. */
static size_t character(struct text t)
{
	for (size_t n = 1; n <= 4 && n <= t.n; n++)
		if (utf8_valid(t.p, n))
			return n;
	return 0;
}

static unsigned code_point(const unsigned char *p, size_t n)
{
	unsigned c = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fU);
	return c;
}

/* The code point at p if a terminal might obey it instead of showing it: controls, and what turns the direction of the text or breaks the line. */
static unsigned obeyed(const char *p, size_t n)
{
	static const unsigned ranges[][2] = {{0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};
	unsigned c = code_point((const unsigned char *)p, n);
	for (size_t i = 0; i < COUNT(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return c;
	return UINT_MAX;
}

static void put_character(struct buffer *b, const char *p, size_t n)
{
	unsigned c = n ? obeyed(p, n) : UINT_MAX;
	if (n == 0)
		buffer_puts(b, "\xef\xbf\xbd");
	else if (*p == '"' || *p == '\\')
		buffer_printf(b, "\\%c", *p);
	else if (c != UINT_MAX)
		buffer_printf(b, "\\u%04x", c);
	else
		buffer_put(b, p, n);
}

void buffer_json(struct buffer *b, struct text t)
{
	buffer_putc(b, '"');
	while (t.n) {
		size_t n = (unsigned char)*t.p < 0x80 ? 1 : character(t), step = n ? n : 1;
		put_character(b, t.p, n);
		t.p += step;
		t.n -= step;
	}
	buffer_putc(b, '"');
}

void buffer_visible(struct buffer *b, struct text t)
{
	while (t.n) {
		size_t n = character(t), step = n ? n : 1;
		unsigned c = n ? obeyed(t.p, n) : (unsigned char)*t.p;
		if (c == UINT_MAX)
			buffer_put(b, t.p, n);
		else
			buffer_printf(b, n > 1 ? "\\u%04x" : "\\x%02x", c);
		t.p += step;
		t.n -= step;
	}
}

void buffer_base64(struct buffer *b, struct text t)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)t.p;
	for (size_t i = 0; i < t.n; i += 3) {
		size_t left = t.n - i;
		unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
		char out[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=', left > 2 ? digits[v & 63] : '='};
		buffer_put(b, out, sizeof out);
	}
}
