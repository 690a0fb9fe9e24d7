// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/store/wire.h"

#include <endian.h>
#include <errno.h>

#define EPOCH_DAYS 10957 /* PostgreSQL counts from 2000-01-01 */
#define NUMERIC_BASE 10000
#define NUMERIC_NEGATIVE 0x4000

static void put16(struct buffer *b, uint16_t v)
{
	v = htobe16(v);
	buffer_put(b, &v, sizeof v);
}

static void put32(struct buffer *b, uint32_t v)
{
	v = htobe32(v);
	buffer_put(b, &v, sizeof v);
}

static uint16_t get16(const char *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return be16toh(v);
}

static uint32_t get32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return be32toh(v);
}

void wire_null(struct buffer *b)
{
	put32(b, UINT32_MAX);
}

void wire_text(struct buffer *b, struct text t)
{
	put32(b, t.p ? (uint32_t)t.n : UINT32_MAX);
	buffer_text(b, t);
}

void wire_int4(struct buffer *b, int32_t v)
{
	uint32_t field[2] = {htobe32(4), htobe32((uint32_t)v)};
	buffer_put(b, field, sizeof field);
}

void wire_int8(struct buffer *b, int64_t v)
{
	uint32_t field[3] = {htobe32(8), htobe32((uint32_t)((uint64_t)v >> 32)), htobe32((uint32_t)v)};
	buffer_put(b, field, sizeof field);
}

void wire_day(struct buffer *b, day_number d)
{
	if (d == DAY_NONE)
		wire_null(b);
	else
		wire_int4(b, d - EPOCH_DAYS);
}

void wire_time(struct buffer *b, instant t)
{
	wire_int8(b, t - EPOCH_DAYS * INSTANT_PER_DAY);
}

/* Digits of the whole part in base 10000, most significant first; returns how many. A 128-bit count of millionths has at most nine. */
static int whole_digits(unsigned __int128 whole, uint16_t digits[9])
{
	int n = 0;
	for (unsigned __int128 rest = whole; rest; rest /= NUMERIC_BASE)
		n++;
	for (int i = n; i-- > 0; whole /= NUMERIC_BASE)
		digits[i] = (uint16_t)(whole % NUMERIC_BASE);
	return n;
}

/* How many decimals a fraction of millionths needs. */
static uint16_t scale_of(unsigned millionths)
{
	uint16_t scale = millionths ? 6 : 0;
	for (; scale && millionths % 10 == 0; millionths /= 10)
		scale--;
	return scale;
}

void wire_numeric(struct buffer *b, decimal d)
{
	unsigned __int128 size = d.micro < 0 ? -(unsigned __int128)d.micro : (unsigned __int128)d.micro;
	unsigned fraction = (unsigned)(size % DECIMAL_ONE);
	uint16_t digits[11];
	int n = whole_digits(size / DECIMAL_ONE, digits), weight = n - 1, first = 0;
	digits[n++] = (uint16_t)(fraction / 100);
	digits[n++] = (uint16_t)(fraction % 100 * 100);
	while (n > first && !digits[n - 1])
		n--;
	for (; first < n && !digits[first]; first++) /* 0.00005 has no digit before its third */
		weight--;
	if (first == n)
		weight = 0;
	uint16_t head[4] = {htobe16((uint16_t)(n - first)), htobe16((uint16_t)weight), htobe16(d.micro < 0 ? NUMERIC_NEGATIVE : 0),
			    htobe16(scale_of(fraction))};
	put32(b, (uint32_t)(sizeof head + sizeof *digits * (size_t)(n - first)));
	buffer_put(b, head, sizeof head);
	for (int i = first; i < n; i++)
		put16(b, digits[i]);
}

size_t wire_array_begin(struct buffer *b, enum wire_type element, size_t n)
{
	size_t begun = b->n;
	put32(b, 0); /* the field's length, known at the end */
	/* Dimensions, whether it holds nulls (the elements tell; the server sends 0 when there are none), type; size and lower bound of the dimension. */
	uint32_t head[5] = {htobe32(n ? 1 : 0), 0, htobe32((uint32_t)element), htobe32((uint32_t)n), htobe32(1)};
	buffer_put(b, head, n ? sizeof head : 3 * sizeof *head);
	return begun;
}

void wire_array_nulls(struct buffer *b, size_t begun)
{
	uint32_t one = htobe32(1);
	if (!b->failed)
		memcpy(b->p + begun + 2 * sizeof one, &one, sizeof one); /* behind length and dimensions */
}

void wire_array_end(struct buffer *b, size_t begun)
{
	uint32_t length = htobe32((uint32_t)(b->n - begun - sizeof length));
	if (!b->failed)
		memcpy(b->p + begun, &length, sizeof length);
}

void wire_copy_head(struct buffer *b)
{
	static const char head[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"; /* signature, flags, length of an extension */
	buffer_put(b, head, sizeof head);
}

void wire_copy_row(struct buffer *b, uint16_t fields)
{
	put16(b, fields);
}

void wire_copy_tail(struct buffer *b)
{
	put16(b, UINT16_MAX);
}

int32_t wire_get_int4(struct text t)
{
	return t.n == 4 ? (int32_t)get32(t.p) : 0;
}

int64_t wire_get_int8(struct text t)
{
	return t.n == 8 ? (int64_t)((uint64_t)get32(t.p) << 32 | get32(t.p + 4)) : 0;
}

day_number wire_get_day(struct text t)
{
	return t.p ? wire_get_int4(t) + EPOCH_DAYS : DAY_NONE;
}

/* Adds digit × 10000^power, for powers 8..-2. False when a decimal cannot hold it. */
static bool add_digit(__int128 *micro, unsigned digit, int power)
{
	__int128 v = (__int128)digit * DECIMAL_ONE;
	for (; power > 0; power--)
		if (__builtin_mul_overflow(v, NUMERIC_BASE, &v))
			return false;
	for (; power < 0; power++) {
		if (v % NUMERIC_BASE)
			return false;
		v /= NUMERIC_BASE;
	}
	return !__builtin_add_overflow(*micro, v, micro);
}

instant wire_get_time(struct text t)
{
	return wire_get_int8(t) + EPOCH_DAYS * INSTANT_PER_DAY;
}

int wire_get_numeric(struct text t, decimal *ret)
{
	if (t.n < 8 || t.n != 8 + 2 * (size_t)get16(t.p))
		return -ERANGE;
	int weight = (int16_t)get16(t.p + 2);
	uint16_t sign = get16(t.p + 4);
	__int128 micro = 0;
	if (sign & ~NUMERIC_NEGATIVE)
		return -ERANGE; /* NaN, infinity */
	for (int i = 0; i < get16(t.p); i++) {
		unsigned digit = get16(t.p + 8 + 2 * i);
		if (digit && (weight - i > 8 || weight - i < -2 || !add_digit(&micro, digit, weight - i)))
			return -ERANGE;
	}
	ret->micro = sign ? -micro : micro;
	return 0;
}

bool wire_next(struct text from, size_t *at, struct text *ret)
{
	if (from.n - *at < 4)
		return false;
	uint32_t n = get32(from.p + *at);
	if (n == UINT32_MAX) {
		*ret = TEXT_NONE;
		*at += 4;
		return true;
	}
	if (n > from.n - *at - 4)
		return false;
	*ret = (struct text){from.p + *at + 4, n};
	*at += 4 + n;
	return true;
}

size_t wire_get_array(struct text t, size_t *ret_at)
{
	*ret_at = t.n;
	if (t.n < 20 || get32(t.p) != 1)
		return 0;
	*ret_at = 20;
	return get32(t.p + 12);
}
