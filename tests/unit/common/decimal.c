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
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
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
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
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
	for (int i = 0; i < 100000; i++) {
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
	for (int i = 0; i < 100000; i++) {
		int64_t n = (int64_t)random_below(&r, 2000001) - 1000000, d = 1 + (int64_t)random_below(&r, 1000), scale = (int64_t)random_below(&r, 101);
		int64_t twice = 2 * n * scale * 100, rounded = (twice + (n < 0 ? -d : d)) / (2 * d); /* C truncates towards zero */
		decimal got;
		ck_assert_int_eq(decimal_ratio(decimal_of(n), decimal_of(d), decimal_of(scale), 2, &got), 0);
		ck_assert((int64_t)got.micro == rounded * 10000);
	}
}
END_TEST

START_TEST(large_operands)
{
	decimal huge = {(__int128)1 << 120}, got;
	ck_assert_int_eq(decimal_ratio(huge, huge, decimal_of(100), 2, &got), -ERANGE); /* the divisor times 10^6 does not fit: said, not wrong */
	decimal large = {(__int128)1000000000000000000 * DECIMAL_ONE * 1000};
	ck_assert_int_eq(decimal_ratio(large, large, decimal_of(100), 2, &got), 0);
	ck_assert(got.micro == (__int128)100 * DECIMAL_ONE);
	ck_assert_int_eq(decimal_ratio(large, (decimal){1}, large, 6, &got), -ERANGE);
}
END_TEST

SUITE("decimal", strings, json_numbers, text_and_back, published_ratios, ratios_equal_plain_arithmetic, large_operands)
