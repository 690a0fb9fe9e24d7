// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "../suite.h"
#include "common/arena.h"
#include "common/random.h"

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

START_TEST(arrays_grow_and_keep_their_elements)
{
	struct arena *a = arena_new(256);
	size_t size = 0;
	int *numbers = NULL;
	for (size_t n = 0; n < 1000; n++) {
		int *room = arena_grow(a, numbers, n, &size, sizeof *room, 3);
		ck_assert(room && size > n);
		numbers = room;
		numbers[n] = (int)n;
	}
	for (size_t n = 0; n < 1000; n++)
		ck_assert_int_eq(numbers[n], (int)n);
	arena_free(a);
}
END_TEST

SUITE("arena", arenas_hand_out_apart_and_aligned, arrays_grow_and_keep_their_elements)
