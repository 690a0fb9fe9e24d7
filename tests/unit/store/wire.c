// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The wire's form of values, against bytes that PostgreSQL itself sends (SELECT encode(numeric_send(…), 'hex')). */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../suite.h"
#include "common/random.h"
#include "daemon/store/wire.h"

static struct buffer b;

static void setup(void)
{
	b = (struct buffer){0};
}

static void teardown(void)
{
	buffer_deinit(&b);
}

static void ck_bytes(const char *hex)
{
	char got[1024] = "";
	for (size_t i = 0; i < b.n; i++)
		snprintf(got + 2 * i, sizeof got - 2 * i, "%02x", (unsigned char)b.p[i]);
	ck_assert_str_eq(got, hex);
	buffer_clear(&b);
}

static decimal number(const char *s)
{
	decimal d;
	ck_assert_int_eq(decimal_parse(text_of(s), &d), 0);
	return d;
}

START_TEST(numerics_are_as_the_server_sends_them)
{
	static const struct {
		const char *value, *hex;
	} cases[] = {
		{"0", "000000080000000000000000"},
		{"1", "0000000a00010000000000000001"},
		{"-1", "0000000a00010000400000000001"},
		{"10000", "0000000a00010001000000000001"},
		{"12345678.901234", "0000001000040001000000060"
				    "4d2162e23340d48"},
		{"0.5", "0000000a0001ffff000000011388"},
		{"0.000001", "0000000a0001fffe000000060064"},
		{"-0.01", "0000000a0001ffff400000020064"},
		{"97.894737", "0000000e000300000000000600612"
			      "2f30e74"},
		{"100", "0000000a00010000000000000064"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		wire_numeric(&b, number(cases[i].value));
		ck_bytes(cases[i].hex);
	}
}
END_TEST

static void ck_round_trip(__int128 micro)
{
	struct text field;
	size_t at = 0;
	decimal back = {0};
	buffer_clear(&b);
	wire_numeric(&b, (decimal){micro});
	ck_assert(wire_next(buffer_view(&b), &at, &field));
	ck_assert_uint_eq(at, b.n);
	ck_assert_int_eq(wire_get_numeric(field, &back), 0);
	ck_assert(back.micro == micro);
}

START_TEST(numerics_come_back)
{
	struct random r = {42};
	const __int128 most = (__int128)(((unsigned __int128)1 << 127) - 1);
	ck_round_trip(most);
	ck_round_trip(-most);
	for (int i = 0; i < 20000; i++) {
		__int128 v = (__int128)((unsigned __int128)random_next(&r) << 64 | random_next(&r));
		ck_round_trip(v >> random_below(&r, 127));
	}
}
END_TEST

START_TEST(numbers_that_no_decimal_holds)
{
	static const struct text cases[] = {
		{"", 0},
		{"\0\0\0\0\xc0\0\0\0", 8},              /* NaN */
		{"\0\0\0\0\xd0\0\0\0", 8},              /* infinity */
		{"\0\1\0\0\0\0\0\0", 8},                /* one digit announced, none there */
		{"\0\1\0\x09\0\0\0\0\0\1", 10},         /* 10000^9 */
		{"\0\1\0\x08\0\0\0\0\x27\x0f", 10},     /* 9999 × 10000^8 */
		{"\0\1\xff\xfe\0\0\0\7\0\1", 10},       /* 0.00000001 */
		{"\0\1\xff\xfd\0\0\0\x0c\x03\xe8", 10}, /* 10^-9 */
	};
	decimal d = {7};
	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_int_eq(wire_get_numeric(cases[i], &d), -ERANGE);
	ck_assert(d.micro == 7);
}
END_TEST

START_TEST(other_values)
{
	wire_null(&b);
	ck_bytes("ffffffff");
	wire_text(&b, TEXT("ab"));
	ck_bytes("000000026162");
	wire_text(&b, TEXT(""));
	ck_bytes("00000000");
	wire_text(&b, TEXT_NONE);
	ck_bytes("ffffffff");
	wire_int4(&b, -2);
	ck_bytes("00000004fffffffe");
	wire_int8(&b, INT64_MIN + 1);
	ck_bytes("000000088000000000000001");
	wire_day(&b, day_from_civil(2000, 1, 2));
	ck_bytes("0000000400000001");
	wire_day(&b, DAY_NONE);
	ck_bytes("ffffffff");
	wire_time(&b, 946684800 * INSTANT_PER_SECOND - 1);
	ck_bytes("00000008ffffffffffffffff");
	ck_assert_int_eq(wire_get_int4((struct text){"\xff\xff\xff\xfe", 4}), -2);
	ck_assert_int_eq(wire_get_int8((struct text){"\x80\0\0\0\0\0\0\1", 8}), INT64_MIN + 1);
	ck_assert_int_eq(wire_get_day((struct text){"\0\0\0\1", 4}), day_from_civil(2000, 1, 2));
	ck_assert_int_eq(wire_get_day(TEXT_NONE), DAY_NONE);
}
END_TEST

START_TEST(arrays)
{
	size_t begun = wire_array_begin(&b, WIRE_TEXT, 0);
	wire_array_end(&b, begun);
	ck_bytes("0000000c000000000000000000000019");
	begun = wire_array_begin(&b, WIRE_TEXT, 2);
	wire_text(&b, TEXT("a"));
	wire_null(&b);
	wire_array_end(&b, begun);
	struct text array = {b.p + 4, b.n - 4}, element;
	size_t at;
	ck_assert_uint_eq(wire_get_array(array, &at), 2);
	ck_assert(wire_next(array, &at, &element) && text_is(element, "a"));
	ck_assert(wire_next(array, &at, &element) && !element.p);
	ck_assert(!wire_next(array, &at, &element));
	ck_bytes("0000001d"
		 "0000000100000000000000190000000200000001"
		 "0000000161ffffffff");
	ck_assert_uint_eq(wire_get_array(TEXT(""), &at), 0);
}
END_TEST

START_TEST(copy)
{
	wire_copy_head(&b);
	wire_copy_row(&b, 1);
	wire_int4(&b, 7);
	wire_copy_tail(&b);
	ck_bytes("5047434f50590aff0d0a00"
		 "00000000"
		 "00000000"
		 "0001"
		 "0000000400000007"
		 "ffff");
}
END_TEST

/* Lengths that lie about what follows. */
START_TEST(broken_fields_end_the_walk)
{
	static const struct text cases[] = {{"", 0}, {"\0\0\0", 3}, {"\0\0\0\5abcd", 8}, {"\xff\xff\xff\xfe", 4}};
	struct text field;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t at = 0;
		ck_assert(!wire_next(cases[i], &at, &field));
		ck_assert_uint_eq(at, 0);
	}
}
END_TEST

SUITE_WITH("wire", setup, teardown, numerics_are_as_the_server_sends_them, numerics_come_back, numbers_that_no_decimal_holds, other_values, arrays,
	copy, broken_fields_end_the_walk)
