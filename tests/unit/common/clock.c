// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <time.h>

#include "../suite.h"
#include "common/clock.h"

START_TEST(the_wall_clock_is_the_systems)
{
	instant before = (instant)time(NULL) * INSTANT_PER_SECOND, now = clock_wall();
	ck_assert(now >= before - INSTANT_PER_SECOND && now < before + 60 * INSTANT_PER_SECOND);
}
END_TEST

START_TEST(sleeping_takes_its_time)
{
	int64_t start = clock_monotonic();
	clock_sleep(20000);
	ck_assert_int_ge(clock_monotonic() - start, 20000);
	start = clock_monotonic();
	clock_sleep(0);
	clock_sleep(-5);
	ck_assert_int_lt(clock_monotonic() - start, 10 * INSTANT_PER_SECOND);
}
END_TEST

SUITE("clock", the_wall_clock_is_the_systems, sleeping_takes_its_time)
