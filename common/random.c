// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/random.h"

#include <sys/random.h>
#include <time.h>

uint64_t random_u64(void)
{
	uint64_t v;
	if (getrandom(&v, sizeof v, 0) == sizeof v)
		return v;
	struct timespec t; /* only before the kernel's generator is seeded, or where there is none */
	clock_gettime(CLOCK_REALTIME, &t);
	struct random r = {(uint64_t)t.tv_nsec ^ (uint64_t)t.tv_sec << 32};
	return random_next(&r);
}

/* splitmix64 */
uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t random_below(struct random *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)random_next(r) * n) >> 64);
}

int64_t backoff(unsigned attempt, int64_t base, int64_t cap)
{
	int64_t span = base;
	for (unsigned i = 0; i < attempt && span < cap; i++)
		span = span <= cap / 2 ? 2 * span : cap;
	struct random r = {random_u64()};
	return 1 + (int64_t)random_below(&r, (uint64_t)(span < cap ? span : cap));
}
