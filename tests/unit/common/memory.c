// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* text, buffer, arena, map */
#include <stdio.h>

#include "../suite.h"
#include "common/arena.h"
#include "common/map.h"
#include "common/random.h"

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
	unsigned char p[48];
	int valid = 0;
	for (int i = 0; i < 400000; i++) {
		size_t n = random_below(&r, sizeof p);
		for (size_t k = 0; k < n; k++) {
			static const unsigned char edges[] = {0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xa0, 0x9f, 0xed, 0xef, 0xf0, 0x90, 0x8f, 0xf4, 0xf5};
			p[k] = random_below(&r, 8) ? 'a' : edges[random_below(&r, sizeof edges)];
		}
		ck_assert_int_eq(utf8_valid((const char *)p, n), slow_valid(p, n));
		valid += slow_valid(p, n);
	}
	ck_assert_int_gt(valid, 1000);
	ck_assert(utf8_valid("a\xf0\x9f\x98\x80z", 6) && !utf8_valid("\xed\xa0\x80", 3) && !utf8_valid("\xf4\x90\x80\x80", 4));
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

START_TEST(arenas_hand_out_apart_and_aligned)
{
	struct arena *a = arena_new(1024);
	struct random r = {6};
	for (int round = 0; round < 3; round++) {
		unsigned char *p[500];
		size_t n[500];
		for (size_t i = 0; i < 500; i++) {
			n[i] = random_below(&r, i % 50 ? 100 : 5000);
			p[i] = arena_alloc(a, n[i]);
			ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
			memset(p[i], (int)i & 0xff, n[i]);
		}
		for (size_t i = 0; i < 500; i++)
			for (size_t k = 0; k < n[i]; k++)
				ck_assert_uint_eq(p[i][k], i & 0xff);
		ck_assert_uint_gt(arena_used(a), 0);
		arena_reset(a);
		ck_assert_uint_eq(arena_used(a), 0);
	}
	struct text t;
	ck_assert(arena_copy(a, TEXT("abc"), &t) && text_is(t, "abc"));
	ck_assert(arena_copy(a, TEXT_NONE, &t) && !t.p);
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX));
	ck_assert_ptr_null(arena_free(a));
}
END_TEST

START_TEST(maps_find_what_was_put)
{
	static char keys[20000][12];
	struct map m;
	map_init(&m, 99);
	ck_assert_ptr_null(map_get(&m, TEXT("none")));
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 20000; i++) {
			snprintf(keys[i], sizeof keys[i], "k%zu", i);
			struct map_entry *e = map_put(&m, text_of(keys[i]));
			ck_assert_ptr_null(e->value);
			e->value = keys[i];
		}
		ck_assert_uint_eq(m.n, 20000);
		for (size_t i = 0; i < 20000; i++) {
			ck_assert_ptr_eq(map_get(&m, text_of(keys[i])), keys[i]);
			ck_assert_ptr_eq(m.entries[i].value, keys[i]); /* order of insertion */
			ck_assert_ptr_eq(map_put(&m, text_of(keys[i]))->value, keys[i]);
		}
		ck_assert_ptr_null(map_get(&m, TEXT("k20000")));
		map_clear(&m);
		ck_assert_ptr_null(map_get(&m, TEXT("k1")));
	}
	map_deinit(&m);
}
END_TEST

SUITE("memory", texts_compare_bytewise, utf8_equals_a_slow_reading, buffers_grow, arenas_hand_out_apart_and_aligned, maps_find_what_was_put)
