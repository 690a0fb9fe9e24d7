// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "../suite.h"
#include "common/random.h"

START_TEST(sequences_repeat)
{
	struct random a = {7}, b = {7}, c = {8};
	uint64_t first = random_next(&a);
	ck_assert(first == random_next(&b) && first != random_next(&c));
	ck_assert(random_next(&a) == random_next(&b));
	ck_assert(random_u64() != random_u64());
}
END_TEST

START_TEST(below_fills_its_range)
{
	struct random r = {1};
	int seen[7] = {0};
	for (int i = 0; i < 70000; i++) {
		uint64_t v = random_below(&r, 7);
		ck_assert(v < 7);
		seen[v]++;
	}
	for (int i = 0; i < 7; i++)
		ck_assert(seen[i] > 9000 && seen[i] < 11000);
	ck_assert(random_below(&r, 1) == 0);
}
END_TEST

START_TEST(waits_grow_up_to_the_cap)
{
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		int64_t most = attempt < 7 ? INT64_C(100000) << attempt : 10000000, longest = 0;
		most = most < 10000000 ? most : 10000000;
		for (int i = 0; i < 300; i++) {
			int64_t wait = backoff(attempt, 100000, 10000000);
			ck_assert(wait > 0 && wait <= most);
			longest = wait > longest ? wait : longest;
		}
		ck_assert(longest > most / 2);
	}
	ck_assert(backoff(1000, 1, INT64_MAX) > 0);
	ck_assert(backoff(3, 50, 10) <= 10);
}
END_TEST

SUITE("random", sequences_repeat, below_fills_its_range, waits_grow_up_to_the_cap)
