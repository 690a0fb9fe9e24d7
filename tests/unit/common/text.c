// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdio.h>

#include "../suite.h"
#include "common/random.h"
#include "common/text.h"

START_TEST(texts_compare_bytewise)
{
	ck_assert_int_lt(text_compare(TEXT("a"), TEXT("ab")), 0);
	ck_assert_int_lt(text_compare(TEXT("B"), TEXT("a")), 0);
	ck_assert_int_gt(text_compare(TEXT("\xc3\xa9"), TEXT("z")), 0);
	ck_assert_int_lt(text_compare(TEXT_NONE, TEXT("")), 0);
	ck_assert_int_eq(text_compare(TEXT_NONE, TEXT_NONE), 0);
	ck_assert(!text_equal(TEXT_NONE, TEXT("")) && text_equal(TEXT(""), (struct text){"x", 0}));
}
END_TEST

/* One character at a time, by decoding it. */
static bool slow_valid(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t more = p[i] < 0x80 ? 0 : p[i] < 0xc0 ? 9 : p[i] < 0xe0 ? 1 : p[i] < 0xf0 ? 2 : p[i] < 0xf8 ? 3 : 9;
		if (more > 3 || more >= n - i)
			return false;
		uint32_t c = more == 0 ? p[i] : p[i] & (0x3fu >> more);
		for (size_t k = 1; k <= more; k++) {
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
			c = c << 6 | (p[i + k] & 0x3f);
		}
		static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
		if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
		i += more + 1;
	}
	return true;
}

START_TEST(utf8_equals_a_slow_reading)
{
	struct random r = {5};
	unsigned char p[96];
	int valid = 0;
	for (int i = 0; i < test_rounds(400000); i++) {
		size_t n = random_below(&r, sizeof p);
		for (size_t k = 0; k < n; k++) {
			static const unsigned char edges[] = {0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xa0, 0x9f, 0xed, 0xef, 0xf0, 0x90, 0x8f, 0xf4, 0xf5};
			p[k] = random_below(&r, 16) ? 'a' : edges[random_below(&r, sizeof edges)];
		}
		ck_assert_int_eq(utf8_valid((const char *)p, n), slow_valid(p, n));
		valid += slow_valid(p, n);
	}
	ck_assert_int_gt(valid, 1000);
	ck_assert(utf8_valid("a\xf0\x9f\x98\x80z", 6) && !utf8_valid("\xed\xa0\x80", 3) && !utf8_valid("\xf4\x90\x80\x80", 4));
}
END_TEST

/* A fault at every offset around the steps of the fast path, and none. */
START_TEST(utf8_faults_are_found_wherever_they_stand)
{
	static const char *const bad[] = {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"};
	static const char *const good[] = {"\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	char p[160];
	for (size_t at = 0; at < 150; at++) {
		for (size_t i = 0; i < COUNT(bad); i++) {
			memset(p, 'a', sizeof p);
			memcpy(p + at, bad[i], strlen(bad[i]));
			ck_assert(!utf8_valid(p, sizeof p) && !utf8_valid(p, at + strlen(bad[i])));
		}
		for (size_t i = 0; i < COUNT(good); i++) {
			memset(p, 'a', sizeof p);
			memcpy(p + at, good[i], strlen(good[i]));
			ck_assert(utf8_valid(p, sizeof p) && utf8_valid(p, at + strlen(good[i])));
			ck_assert(!utf8_valid(p, at + strlen(good[i]) - 1)); /* cut short */
		}
	}
	ck_assert(utf8_valid(NULL, 0) && utf8_valid("\0", 1));
}
END_TEST

START_TEST(buffers_grow)
{
	struct buffer b = {0};
	for (int i = 0; i < 1000; i++)
		buffer_printf(&b, "%d,", i);
	ck_assert_uint_eq(b.n, 3890);
	ck_assert_uint_eq(strlen(buffer_cstr(&b)), 3890);
	buffer_clear(&b);
	ck_assert_str_eq(buffer_cstr(&b), "");
	buffer_deinit(&b);
}
END_TEST

START_TEST(terminals_obey_nothing)
{
	static const struct {
		struct text from;
		const char *visible, *json, *base64;
	} cases[] = {
		{TEXT("a\"\\\xc3\xa9"), "a\"\\\xc3\xa9", "\"a\\\"\\\\\xc3\xa9\"", "YSJcw6k="},
		{TEXT("\0\n\x1b[0m\x7f"), "\\x00\\x0a\\x1b[0m\\x7f", "\"\\u0000\\u000a\\u001b[0m\\u007f\"", "AAobWzBtfw=="},
		{TEXT("\xc2\x9b" "1m\xe2\x80\xae\xe2\x80\xa8\xe2\x82\xac"), "\\u009b1m\\u202e\\u2028\xe2\x82\xac", "\"\\u009b1m\\u202e\\u2028\xe2\x82\xac\"", "wpsxbeKAruKAqOKCrA=="},
		{TEXT("\xff\xf0\x9f\x98\x80\xc2"), "\\xff\xf0\x9f\x98\x80\\xc2", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\"", "//CfmIDC"},
		{TEXT_NONE, "", "\"\"", ""},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buffer b = {0};
		buffer_visible(&b, cases[i].from);
		ck_assert_str_eq(buffer_cstr(&b), cases[i].visible);
		buffer_clear(&b);
		buffer_json(&b, cases[i].from);
		ck_assert_str_eq(buffer_cstr(&b), cases[i].json);
		buffer_clear(&b);
		buffer_base64(&b, cases[i].from);
		ck_assert_str_eq(buffer_cstr(&b), cases[i].base64);
		buffer_deinit(&b);
	}
}
END_TEST

/* Each byte at each offset of each length, among letters and among others that set the same bits. */
START_TEST(controls_are_found_wherever_they_stand)
{
	static const char *const filling[] = {"a", "\xc3\xa9", "~ "};
	char p[24];
	for (size_t f = 0; f < COUNT(filling); f++)
		for (size_t n = 1; n < sizeof p; n++)
			for (size_t at = 0; at < n; at++)
				for (unsigned c = 0; c < 256; c++) {
					size_t m = strlen(filling[f]), first = n;
					for (size_t i = 0; i < n; i++)
						p[i] = filling[f][i % m];
					p[at] = (char)c;
					for (size_t i = n; i--;)
						first = text_control(p + i, n - i) ? i : first;
					ck_assert_int_eq(text_has_control((struct text){p, n}), first < n);
				}
	ck_assert(!text_has_control(TEXT_NONE) && !text_has_control(TEXT("")));
}
END_TEST

SUITE("text", texts_compare_bytewise, utf8_equals_a_slow_reading, utf8_faults_are_found_wherever_they_stand, controls_are_found_wherever_they_stand, buffers_grow, terminals_obey_nothing)
