// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/decimal.h"

#include <errno.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from *p on, at most `most`, into *v; how many there were (more than `most` counts as most + 1). */
static size_t read_digits(const char **p, const char *end, size_t most, __int128 *v)
{
	size_t n = 0;
	for (; *p < end && is_digit(**p); ++*p, n++)
		if (n < most)
			*v = *v * 10 + (**p - '0');
	return n > most ? most + 1 : n;
}

int decimal_parse(struct text t, decimal *ret)
{
	const char *p = t.p, *end = t.p + t.n;
	__int128 v = 0;
	if (!p || !t.n)
		return -EINVAL;
	bool negative = *p == '-';
	p += negative;
	size_t whole = read_digits(&p, end, 18, &v), fraction = 0;
	if (!whole || whole > 18)
		return -EINVAL;
	if (p < end && *p == '.') {
		p++;
		fraction = read_digits(&p, end, 6, &v);
		if (!fraction || fraction > 6)
			return -EINVAL;
	}
	if (p != end)
		return -EINVAL;
	for (; fraction < 6; fraction++)
		v *= 10;
	ret->micro = negative ? -v : v;
	return 0;
}

/* A JSON number as coefficient × 10^exponent, the coefficient without leading and trailing zeros. */
struct number {
	bool negative;
	size_t digits; /* significant ones; beyond 39 the coefficient is void */
	__int128 coefficient;
	int64_t exponent; /* saturates far outside any use */
};

/* One more digit; zeros wait until a digit behind them makes them significant. */
static void put_digit(struct number *n, int digit, size_t *zeros)
{
	if (!digit) {
		*zeros += n->digits > 0;
		n->exponent += n->digits == 0 ? 0 : 1;
		return;
	}
	for (; *zeros; --*zeros, n->exponent--)
		if (n->digits++ < 38)
			n->coefficient *= 10;
	if (n->digits++ < 38)
		n->coefficient = n->coefficient * 10 + digit;
}

static struct number read_number(struct text t)
{
	struct number n = {0};
	const char *p = t.p, *end = t.p + t.n;
	size_t zeros = 0;
	n.negative = p < end && *p == '-';
	p += n.negative;
	for (; p < end && is_digit(*p); p++)
		put_digit(&n, *p - '0', &zeros);
	if (p < end && *p == '.')
		for (p++; p < end && is_digit(*p); p++) {
			put_digit(&n, *p - '0', &zeros);
			n.exponent--;
		}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		bool minus = p < end && *p == '-';
		p += p < end && (*p == '-' || *p == '+');
		int64_t e = 0;
		for (; p < end && is_digit(*p); p++)
			e = e < 100000000 ? e * 10 + (*p - '0') : e;
		n.exponent += minus ? -e : e;
	}
	if (!n.digits)
		n.exponent = 0;
	return n;
}

/* v × 10^e into *ret if its absolute value stays within `limit`. */
static bool scale_up(__int128 v, int64_t e, __int128 limit, __int128 *ret)
{
	for (; v && e > 0; e--) {
		if (v > limit / 10)
			return false;
		v *= 10;
	}
	*ret = v;
	return v <= limit;
}

int decimal_parse_json(struct text t, decimal *ret)
{
	struct number n = read_number(t);
	__int128 v;
	if (n.digits > 15 || n.exponent < -6 || !scale_up(n.coefficient, n.exponent + 6, DECIMAL_MAX, &v))
		return -EINVAL;
	ret->micro = n.negative ? -v : v;
	return 0;
}

int integer_parse_json(struct text t, int64_t *ret)
{
	struct number n = read_number(t);
	__int128 v, limit = (__int128)INT64_MAX + n.negative;
	if (n.digits > 19 || n.exponent < 0 || !scale_up(n.coefficient, n.exponent, limit, &v))
		return -EINVAL;
	*ret = (int64_t)(n.negative ? -v : v);
	return 0;
}

size_t decimal_format(decimal d, char *out)
{
	char reversed[DECIMAL_TEXT_MAX];
	size_t n = 0, length = 0;
	unsigned __int128 v = d.micro < 0 ? -(unsigned __int128)d.micro : (unsigned __int128)d.micro;
	int place = 0;
	for (; place < 6 && v % 10 == 0; place++) /* zeros at the end of the fraction */
		v /= 10;
	for (; place < 6 || v || place == 6; place++, v /= 10) {
		if (place == 6 && n)
			reversed[n++] = '.';
		reversed[n++] = (char)('0' + (int)(v % 10));
	}
	if (d.micro < 0)
		out[length++] = '-';
	while (n)
		out[length++] = reversed[--n];
	return length;
}

/* 256 bits, least significant word first: what the product of two 128-bit numbers needs. */
struct wide {
	uint64_t word[4];
};

static struct wide multiply(unsigned __int128 a, unsigned __int128 b)
{
	uint64_t x[2] = {(uint64_t)a, (uint64_t)(a >> 64)}, y[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
	struct wide r = {{0}};
	for (int i = 0; i < 2; i++) {
		uint64_t carry = 0;
		for (int j = 0; j < 2; j++) {
			unsigned __int128 sum = (unsigned __int128)x[i] * y[j] + r.word[i + j] + carry;
			r.word[i + j] = (uint64_t)sum;
			carry = (uint64_t)(sum >> 64);
		}
		r.word[i + 2] += carry;
	}
	return r;
}

/* Schoolbook division, bit by bit where the number is wider than the machine divides: quotient into w, remainder returned. */
static unsigned __int128 divide(struct wide *w, unsigned __int128 by)
{
	unsigned __int128 rest = (unsigned __int128)w->word[1] << 64 | w->word[0];
	if (!w->word[2] && !w->word[3]) {
		unsigned __int128 quotient = rest / by;
		w->word[0] = (uint64_t)quotient;
		w->word[1] = (uint64_t)(quotient >> 64);
		return rest % by;
	}
	rest = 0;
	for (int bit = 255; bit >= 0; bit--) {
		bool overflow = rest >> 127;
		uint64_t *word = &w->word[bit / 64], mask = UINT64_C(1) << bit % 64;
		rest = rest << 1 | (*word & mask ? 1 : 0);
		if (overflow || rest >= by) {
			rest -= by;
			*word |= mask;
		} else {
			*word &= ~mask;
		}
	}
	return rest;
}

static unsigned __int128 absolute(__int128 v)
{
	return v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
}

int decimal_ratio(decimal numerator, decimal denominator, decimal scale, unsigned digits, decimal *ret)
{
	static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
	uint64_t cut = powers[6 - digits];
	if (denominator.micro == 0)
		return DECIMAL_UNDEFINED;
	/* The quotient counts millionths, since the scale does; then the digits that are not wanted are cut off. */
	struct wide w = multiply(absolute(numerator.micro), absolute(scale.micro));
	unsigned __int128 by = absolute(denominator.micro), rest = divide(&w, by), rest_of_cut = divide(&w, cut);
	/* Half or more was lost: what was cut off decides, as half of `cut` is whole; without a cut, the remainder of the division does. */
	if (cut > 1 ? rest_of_cut >= cut / 2 : rest >= by - rest)
		for (int i = 0; i < 4 && ++w.word[i] == 0; i++)
			;
	unsigned __int128 units = (unsigned __int128)w.word[1] << 64 | w.word[0], most = (unsigned __int128)-1 >> 1;
	if (w.word[2] || w.word[3] || units > most / cut)
		return -ERANGE;
	__int128 value = (__int128)(units * cut);
	bool negative = (numerator.micro < 0) ^ (denominator.micro < 0) ^ (scale.micro < 0);
	ret->micro = negative ? -value : value;
	return 0;
}
