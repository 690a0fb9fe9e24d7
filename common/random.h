// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Randomness that tests can replace at link time, and a seeded generator for repeatable sequences. */
#include <stdint.h>

/* From the system's generator; for hash seeds, owner names and jitter. */
uint64_t random_u64(void);

struct random {
	uint64_t state;
};
uint64_t random_next(struct random *r);
/* 0 ≤ result < n, unbiased enough for jitter and tests; n > 0 */
uint64_t random_below(struct random *r, uint64_t n);

/* Back-off with full jitter: a wait in microseconds for the given attempt (0, 1, …): random in (0, min(cap, base·2^attempt)]. */
int64_t backoff(unsigned attempt, int64_t base, int64_t cap);
