// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdio.h>

#include "../suite.h"
#include "common/map.h"
#include "common/random.h"

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

START_TEST(absent_and_empty_keys_are_two)
{
	struct map m;
	map_init(&m, 1);
	map_put(&m, TEXT_NONE)->value = &m;
	map_put(&m, TEXT(""))->value = m.slots;
	ck_assert_ptr_eq(map_get(&m, TEXT_NONE), &m);
	ck_assert_ptr_eq(map_get(&m, TEXT("")), m.slots);
	ck_assert_uint_eq(m.n, 2);
	map_deinit(&m);
	map_deinit(&m);
}
END_TEST

/* Every bit of key and seed moves about half of the hash's bits, at every length. */
START_TEST(the_hash_depends_on_every_bit)
{
	struct random r = {8};
	for (size_t n = 0; n <= 80; n++) {
		unsigned char key[80];
		uint64_t seed = random_next(&r), changed = 0;
		for (size_t i = 0; i < n; i++)
			key[i] = (unsigned char)random_next(&r);
		uint64_t h = hash_bytes(key, n, seed);
		ck_assert(hash_bytes(key, n, seed) == h);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			key[bit / 8] ^= (unsigned char)(1u << bit % 8);
			int d = __builtin_popcountll(h ^ hash_bytes(key, n, seed));
			ck_assert_int_ge(d, 8);
			changed += (uint64_t)d;
			key[bit / 8] ^= (unsigned char)(1u << bit % 8);
		}
		if (n >= 8)
			ck_assert(changed >= 8 * n * 28 && changed <= 8 * n * 36);
		for (unsigned bit = 0; bit < 64; bit++)
			ck_assert_int_ge(__builtin_popcountll(h ^ hash_bytes(key, n, seed ^ UINT64_C(1) << bit)), 8);
	}
}
END_TEST

/* No bytes, not even those of the hash's own constants, let keys meet under every seed. */
START_TEST(no_keys_meet_under_every_seed)
{
	static const uint64_t constants[] = {0, UINT64_MAX, UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db), UINT64_C(0x8ebc6af09c88c6e3)};
	for (size_t i = 0; i < COUNT(constants); i++)
		for (size_t n = 16; n <= 64; n += 8)
			for (size_t at = 0; at + 8 <= n; at += 8) {
				char a[64] = {0}, b[64];
				memcpy(a + at, &constants[i], 8);
				memcpy(b, a, sizeof b);
				b[at ? 0 : n - 1] = 'x';
				ck_assert(hash_bytes(a, n, 1) != hash_bytes(b, n, 1) || hash_bytes(a, n, 2) != hash_bytes(b, n, 2));
			}
}
END_TEST

SUITE("map", maps_find_what_was_put, absent_and_empty_keys_are_two, the_hash_depends_on_every_bit, no_keys_meet_under_every_seed)
