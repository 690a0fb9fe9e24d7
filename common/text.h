// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Byte strings: `struct text` borrows, `struct buffer` owns and grows.
 *
 * A text with p == NULL is absent (the contract's "empty"); a text of length 0 with p != NULL is the empty string.
 * Nothing here needs or grants a terminating NUL, except buffer_cstr.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	const char *p;
	size_t n;
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define TEXT(literal) ((struct text){("" literal), sizeof(literal) - 1})
#define TEXT_NONE ((struct text){NULL, 0})
/* For printf's "%.*s". */
#define TEXT_ARG(t) (int)(t).n, (t).p ? (t).p : ""

static inline struct text text_of(const char *s)
{
	return (struct text){s, s ? strlen(s) : 0};
}

/* Bytewise, unsigned; a proper prefix is smaller; absent is smaller than anything present. <0, 0, >0 */
int text_compare(struct text a, struct text b);

static inline bool text_equal(struct text a, struct text b)
{
	return a.n == b.n && !a.p == !b.p && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool text_is(struct text t, const char *s)
{
	return t.p && t.n == strlen(s) && memcmp(t.p, s, t.n) == 0;
}

/* The length of the control character (U+0000–1F, 7F–9F) that the n bytes at p begin with; 0: it is none. Such would garble logs and speak to terminals. */
static inline size_t text_control(const char *p, size_t n)
{
	const unsigned char *c = (const unsigned char *)p;
	if (c[0] < 0x20 || c[0] == 0x7f)
		return 1;
	return c[0] == 0xc2 && n > 1 && c[1] >= 0x80 && c[1] < 0xa0 ? 2 : 0;
}

/*
 * The character at p as it can be shown, into `out`: a control character as \u001b, of any other its first byte. Returns how many of the n bytes (n > 0) that was.
 */
#define TEXT_SHOWN_SIZE 8
size_t text_show(const char *p, size_t n, char out[static TEXT_SHOWN_SIZE]);

/* Whether there is such a character in t. */
bool text_has_control(struct text t);

/* Eight bytes at once: a word is not 0 where one of them is as asked. */
#define WORD_OF(c) (UINT64_C(0x0101010101010101) * (c))

static inline uint64_t word_load(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint64_t word_not_ascii(uint64_t v)
{
	return v & WORD_OF(0x80);
}

/* limit: at most 0x80 */
static inline uint64_t word_below(uint64_t v, unsigned char limit)
{
	return (v - WORD_OF(limit)) & ~v & WORD_OF(0x80);
}

static inline uint64_t word_holds(uint64_t v, unsigned char c)
{
	return word_below(v ^ WORD_OF(c), 1);
}

/* True if all n bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, ≤ U+10FFFF). */
bool utf8_valid(const char *p, size_t n);

struct buffer {
	char *p;
	size_t n, size;
	bool failed; /* an allocation failed: the content is incomplete and every further put is ignored */
};

void buffer_deinit(struct buffer *b);
void buffer_clear(struct buffer *b); /* keeps the memory, resets `failed` */
void buffer_put(struct buffer *b, const void *p, size_t n);
void buffer_puts(struct buffer *b, const char *s);
void buffer_putc(struct buffer *b, char c);
void buffer_text(struct buffer *b, struct text t);
/* t as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD, and what a terminal might obey is escaped. */
void buffer_json(struct buffer *b, struct text t);
/* t as it can be shown in a terminal: what that might obey as \x1b or \u202e, bytes that are not UTF-8 as \xff. */
void buffer_visible(struct buffer *b, struct text t);
void buffer_base64(struct buffer *b, struct text t);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The content with a NUL behind it, valid until the next change; NULL when `failed`. */
const char *buffer_cstr(struct buffer *b);
static inline struct text buffer_view(const struct buffer *b)
{
	return (struct text){b->p ? b->p : "", b->n};
}
