// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A decimal as text and as a JSON number: the value is exactly what the arithmetic of GMP makes of the digits, and written anew it is the same. */
#include <gmp.h>

#include "common/decimal.h"
#include "form.h"

static void set(mpz_t z, __int128 v)
{
	unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	mpz_import(z, 1, -1, sizeof u, 0, 0, &u);
	if (v < 0)
		mpz_neg(z, z);
}

static void check_format(decimal d)
{
	char s[DECIMAL_TEXT_MAX];
	decimal again;
	size_t n = decimal_format(d, s);
	HOLDS(n <= DECIMAL_TEXT_MAX && decimal_parse((struct text){s, n}, &again) == 0 && !decimal_compare(d, again), "%.*s", (int)n, s);
}

/* Of an exponent's digits, at most three. */
static long number(const char *p, const char *end)
{
	long v = 0;
	bool negative = *p == '-';
	for (p += *p == '-' || *p == '+'; p < end; p++)
		v = v * 10 + (*p - '0');
	return negative ? -v : v;
}

/* Its digits (of the coefficient, zeros around them left out) and the power of ten behind the last. The text is a JSON number of a sane exponent. */
static size_t significant(struct text t, char *digits, long *ret_exponent)
{
	size_t n = 0, zeros = 0;
	long exponent = 0, point = 0;
	const char *p = t.p + (*t.p == '-'), *end = t.p + t.n;
	for (; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			point = 1;
			continue;
		}
		exponent -= point;
		if (n || *p != '0')
			digits[n++] = *p;
	}
	for (; n && digits[n - 1] == '0'; zeros++)
		n--;
	digits[n] = 0;
	*ret_exponent = exponent + (long)zeros + (p < end ? number(p + 1, end) : 0);
	return n;
}

/* digits × 10^exponent into z; false when that is no integer. */
static bool scaled(mpz_t z, const char *digits, long exponent)
{
	mpz_t power;
	HOLDS(mpz_set_str(z, *digits ? digits : "0", 10) == 0);
	if (!*digits)
		return true;
	if (exponent < 0)
		return false;
	mpz_init(power);
	mpz_ui_pow_ui(power, 10, (unsigned long)exponent);
	mpz_mul(z, z, power);
	mpz_clear(power);
	return true;
}

static void check_value(mpz_t want, __int128 got, struct text t)
{
	mpz_t z;
	mpz_init(z);
	set(z, got);
	HOLDS(mpz_cmp(z, want) == 0, "%.*s", TEXT_ARG(t));
	mpz_clear(z);
}

static void check_json(struct text t, const char *digits, size_t n, long exponent)
{
	decimal d;
	int64_t integer;
	mpz_t z, limit;
	mpz_inits(z, limit, NULL);
	mpz_ui_pow_ui(limit, 10, 24);
	bool well = scaled(z, digits, exponent + 6) && n <= 15 && mpz_cmp(z, limit) < 0;
	HOLDS((decimal_parse_json(t, &d) == 0) == well, "%.*s", TEXT_ARG(t));
	if (*t.p == '-')
		mpz_neg(z, z);
	if (well) {
		check_value(z, d.micro, t);
		check_format(d);
	}
	well = scaled(z, digits, exponent);
	if (*t.p == '-')
		mpz_neg(z, z);
	well = well && mpz_fits_slong_p(z);
	HOLDS((integer_parse_json(t, &integer) == 0) == well, "%.*s", TEXT_ARG(t));
	if (well)
		check_value(z, integer, t);
	mpz_clears(z, limit, NULL);
}

static void check_text(struct text t, const char *digits, long exponent)
{
	decimal d;
	mpz_t z;
	mpz_init(z);
	HOLDS(decimal_parse(t, &d) == 0, "%.*s", TEXT_ARG(t));
	HOLDS(scaled(z, digits, exponent + 6));
	if (*t.p == '-')
		mpz_neg(z, z);
	check_value(z, d.micro, t);
	check_format(d);
	mpz_clear(z);
}

void target(struct text input)
{
	static struct form text = {.expression = "^-?[0-9]{1,18}(\\.[0-9]{1,6})?$"};
	static struct form json = {.expression = "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"};
	decimal d;
	char *digits = malloc(input.n + 1);
	long exponent;
	HOLDS(digits != NULL);
	if (matches(&text, input)) {
		significant(input, digits, &exponent);
		check_text(input, digits, exponent);
	} else {
		HOLDS(decimal_parse(input, &d) < 0);
	}
	if (matches(&json, input)) {
		size_t n = significant(input, digits, &exponent);
		check_json(input, digits, n, exponent);
	}
	free(digits);
}
