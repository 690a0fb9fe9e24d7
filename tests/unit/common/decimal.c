// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>

#include "../suite.h"
#include "common/decimal.h"
#include "common/random.h"

#define BAD INT64_MIN

static int64_t micro(int r, decimal d)
{
	return r < 0 ? BAD : (int64_t)d.micro;
}

START_TEST(strings)
{
	static const struct {
		const char *text;
		int64_t micro;
	} cases[] = {
		{"0", 0}, {"1", 1000000}, {"-0.5", -500000}, {"93.000001", 93000001}, {"007", 7000000}, {"-0", 0}, {"999999999999.999999", 999999999999999999},
		{"", BAD}, {"-", BAD}, {".5", BAD}, {"5.", BAD}, {"1.0000001", BAD}, {"1234567890123456789", BAD}, {"+1", BAD}, {"1e2", BAD}, {" 1", BAD}, {"1 ", BAD}, {"0x1", BAD},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		decimal d = {0};
		int r = decimal_parse(text_of(cases[i].text), &d);
		ck_assert_msg(micro(r, d) == cases[i].micro, "%s", cases[i].text);
	}
	decimal most;
	ck_assert_int_eq(decimal_parse(TEXT("999999999999999999.999999"), &most), 0);
	char out[DECIMAL_TEXT_MAX];
	ck_assert(text_is((struct text){out, decimal_format(most, out)}, "999999999999999999.999999"));
}
END_TEST

START_TEST(json_numbers)
{
	static const struct {
		const char *text;
		int64_t micro, integer;
	} cases[] = {
		{"5", 5000000, 5}, {"5.0", 5000000, 5}, {"5e0", 5000000, 5}, {"0.5e1", 5000000, 5}, {"1200e-2", 12000000, 12}, {"-3", -3000000, -3}, {"0", 0, 0}, {"-0.0", 0, 0},
		{"0e999999999999", 0, 0}, {"12.50", 12500000, BAD}, {"5e-1", 500000, BAD}, {"1e-6", 1, BAD}, {"1e-7", BAD, BAD}, {"123456789.123456", 123456789123456, BAD},
		{"1.23456789012345e2", BAD, BAD}, {"1e17", BAD + 1, 100000000000000000}, {"1e18", BAD, 1000000000000000000}, {"1e19", BAD, BAD}, {"9223372036854775807", BAD, INT64_MAX},
		{"9223372036854775808", BAD, BAD}, {"1234567890123456", BAD, 1234567890123456}, {"1234567890123450", BAD + 1, 1234567890123450}, {"1e999999999", BAD, BAD},
		{"0.000000000000000000000000000001", BAD, BAD}, {"100000000000000000000e-18", 100000000, 100},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		decimal d = {0};
		int64_t n = 0;
		int r = decimal_parse_json(text_of(cases[i].text), &d);
		if (cases[i].micro == BAD + 1) /* too large to write here: only that it is accepted */
			ck_assert_msg(r == 0, "%s", cases[i].text);
		else
			ck_assert_msg(micro(r, d) == cases[i].micro, "%s", cases[i].text);
		r = integer_parse_json(text_of(cases[i].text), &n);
		ck_assert_msg((r < 0 ? BAD : n) == cases[i].integer, "%s", cases[i].text);
	}
	int64_t least;
	ck_assert_int_eq(integer_parse_json(TEXT("-9223372036854775808"), &least), 0);
	ck_assert(least == INT64_MIN);
	ck_assert_int_eq(integer_parse_json(TEXT("-9223372036854775809"), &least), -EINVAL);
}
END_TEST

START_TEST(text_and_back)
{
	struct random r = {1};
	for (int i = 0; i < test_rounds(100000); i++) {
		decimal d = {(__int128)(int64_t)random_next(&r) * (int64_t)random_below(&r, 100000)}, back;
		if (d.micro >= (__int128)1000000000000000000 * DECIMAL_ONE || -d.micro >= (__int128)1000000000000000000 * DECIMAL_ONE)
			continue;
		char out[DECIMAL_TEXT_MAX];
		ck_assert_int_eq(decimal_parse((struct text){out, decimal_format(d, out)}, &back), 0);
		ck_assert(back.micro == d.micro);
	}
}
END_TEST

static void assert_ratio(const char *n, const char *d, const char *scale, const char *want)
{
	decimal a, b, s, got;
	char out[DECIMAL_TEXT_MAX];
	ck_assert_int_eq(decimal_parse(text_of(n), &a) | decimal_parse(text_of(d), &b) | decimal_parse(text_of(scale), &s), 0);
	ck_assert_int_eq(decimal_ratio(a, b, s, 2, &got), 0);
	struct text t = {out, decimal_format(got, out)};
	ck_assert_msg(text_is(t, want), "%s / %s x %s = %.*s, not %s", n, d, scale, TEXT_ARG(t), want);
}

START_TEST(published_ratios)
{
	assert_ratio("955", "261", "25", "91.48");
	assert_ratio("204500000", "400000000", "100", "51.13");
	assert_ratio("61950000", "120000000", "100", "51.63");
	assert_ratio("386020000", "400000000", "100", "96.51");
	assert_ratio("3250000", "40000000", "100", "8.13");
	assert_ratio("157", "170", "100", "92.35");
	assert_ratio("1", "8", "100", "12.5");
	assert_ratio("-1", "8", "1", "-0.13"); /* half away from zero */
	assert_ratio("1", "8", "1", "0.13");
	assert_ratio("185.394737", "2", "1", "92.7");
	decimal none;
	ck_assert_int_eq(decimal_ratio(decimal_of(1), decimal_of(0), decimal_of(1), 2, &none), DECIMAL_UNDEFINED);
}
END_TEST

/* Small operands, where 128 bits suffice for the whole sum. */
START_TEST(ratios_equal_plain_arithmetic)
{
	struct random r = {2};
	for (int i = 0; i < test_rounds(100000); i++) {
		int64_t n = (int64_t)random_below(&r, 2000001) - 1000000, d = 1 + (int64_t)random_below(&r, 1000), scale = (int64_t)random_below(&r, 101);
		int64_t twice = 2 * n * scale * 100, rounded = (twice + (n < 0 ? -d : d)) / (2 * d); /* C truncates towards zero */
		decimal got;
		ck_assert_int_eq(decimal_ratio(decimal_of(n), decimal_of(d), decimal_of(scale), 2, &got), 0);
		ck_assert((int64_t)got.micro == rounded * 10000);
	}
}
END_TEST

/* A number of 384 bits as a string of them: slow, but another way to the same truth. */
struct bits {
	uint32_t word[12];
};

static struct bits bits_of(unsigned __int128 v)
{
	struct bits b = {{0}};
	for (int i = 0; i < 4; i++)
		b.word[i] = (uint32_t)(v >> 32 * i);
	return b;
}

static struct bits times(struct bits a, struct bits b)
{
	struct bits r = {{0}};
	for (int i = 0; i < 12; i++) {
		uint64_t carry = 0;
		for (int j = 0; i + j < 12; j++) {
			carry += (uint64_t)a.word[i] * b.word[j] + r.word[i + j];
			r.word[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
	}
	return r;
}

static struct bits plus(struct bits a, struct bits b)
{
	uint64_t carry = 0;
	for (int i = 0; i < 12; i++) {
		carry += (uint64_t)a.word[i] + b.word[i];
		a.word[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return a;
}

static int compare(struct bits a, struct bits b)
{
	for (int i = 11; i >= 0; i--)
		if (a.word[i] != b.word[i])
			return a.word[i] < b.word[i] ? -1 : 1;
	return 0;
}

/*
 * q is the ratio in units of 10^-digits when (2q − 1)·d·10^k ≤ 2·n·s < (2q + 1)·d·10^k, where k = 6 − digits. Checked by multiplying back, without a division.
 */
static bool is_rounded(unsigned __int128 n, unsigned __int128 d, unsigned __int128 s, unsigned digits, unsigned __int128 q)
{
	static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
	struct bits two = bits_of(2), unit = times(bits_of(d), bits_of(powers[6 - digits])), exact = times(two, times(bits_of(n), bits_of(s)));
	struct bits middle = times(two, times(bits_of(q), unit));
	return compare(exact, plus(middle, unit)) < 0 && compare(plus(exact, unit), middle) >= 0;
}

/* Operands of every size up to the largest, all digits, all signs. */
START_TEST(ratios_multiply_back)
{
	struct random r = {7};
	int fitted = 0, too_large = 0;
	for (int i = 0; i < test_rounds(200000); i++) {
		__int128 v[3];
		for (int k = 0; k < 3; k++)
			v[k] = (__int128)(((unsigned __int128)random_next(&r) << 64 | random_next(&r)) >> (1 + random_below(&r, 127)));
		unsigned digits = (unsigned)random_below(&r, 7), signs = (unsigned)random_below(&r, 8);
		decimal n = {signs & 1 ? -v[0] : v[0]}, d = {signs & 2 ? -v[1] : v[1]}, s = {signs & 4 ? -v[2] : v[2]}, got;
		int result = decimal_ratio(n, d, s, digits, &got);
		if (!v[1]) {
			ck_assert_int_eq(result, DECIMAL_UNDEFINED);
			continue;
		}
		if (result == -ERANGE) { /* then even the largest decimal is too small */
			unsigned __int128 most = (unsigned __int128)-1 >> 1;
			ck_assert(compare(times(bits_of(most), bits_of((unsigned __int128)v[1])), times(bits_of((unsigned __int128)v[0]), bits_of((unsigned __int128)v[2]))) <= 0 ||
				  digits < 6);
			too_large++;
			continue;
		}
		ck_assert_int_eq(result, 0);
		bool negative = got.micro < 0;
		unsigned __int128 value = negative ? -(unsigned __int128)got.micro : (unsigned __int128)got.micro;
		static const uint64_t powers[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
		ck_assert(value % powers[digits] == 0);
		ck_assert(is_rounded((unsigned __int128)v[0], (unsigned __int128)v[1], (unsigned __int128)v[2], digits, value / powers[digits]));
		ck_assert(!value || negative == (__builtin_popcount(signs) & 1));
		fitted++;
	}
	ck_assert_int_gt(fitted, test_rounds(50000));
	ck_assert_int_gt(too_large, test_rounds(1000));
}
END_TEST

START_TEST(large_operands)
{
	decimal huge = {(__int128)1 << 120}, most = {(__int128)((unsigned __int128)-1 >> 1)}, got;
	for (unsigned digits = 0; digits <= 6; digits++) {
		ck_assert_int_eq(decimal_ratio(huge, huge, decimal_of(100), digits, &got), 0);
		ck_assert(got.micro == (__int128)100 * DECIMAL_ONE);
	}
	ck_assert_int_eq(decimal_ratio(most, most, most, 6, &got), 0);
	ck_assert(got.micro == most.micro);
	ck_assert_int_eq(decimal_ratio((decimal){-most.micro}, most, most, 6, &got), 0);
	ck_assert(got.micro == -most.micro);
	decimal large = {(__int128)1000000000000000000 * DECIMAL_ONE * 1000};
	ck_assert_int_eq(decimal_ratio(large, large, decimal_of(100), 2, &got), 0);
	ck_assert(got.micro == (__int128)100 * DECIMAL_ONE);
	got.micro = 42;
	ck_assert_int_eq(decimal_ratio(large, (decimal){1}, large, 6, &got), -ERANGE);
	ck_assert(got.micro == 42);
}
END_TEST

SUITE("decimal", strings, json_numbers, text_and_back, published_ratios, ratios_equal_plain_arithmetic, ratios_multiply_back, large_operands)
