// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Which steps of which complaints come in which order, and what they must add up to. */
#include "tests/bench/life.h"

enum phase {
	PHASE_ALL,   /* whole lives, in the order of their times */
	PHASE_FOUND, /* only the complaints as they come in */
	PHASE_LATER, /* what happened to complaints that came in before, chosen and ordered by chance */
};

struct plan {
	struct world w;
	enum phase phase;
	uint64_t events;
	unsigned duplicates, disorder; /* percent that come again, percent that come up to three days late */
	struct slot {
		int64_t order;
		uint32_t complaint;
		uint8_t step;
	} *slots;
	uint64_t n;
	uint8_t *told;           /* how many of each complaint's steps are known once all has come */
	uint64_t complaints;     /* at least those of the world */
	uint32_t (*figures)[2];  /* received and resolved, by unit and day of the plan */
	unsigned days;
};

#define PROBE UINT64_C(900000000) /* from here on, complaints of one event each: in a unit of their own behind the others, each on a day of its own */

/* From the members above n; false: out of memory. */
bool plan_make(struct plan *p);
void plan_deinit(struct plan *p);
struct step plan_probe(const struct plan *p, unsigned number);
void plan_count_probe(struct plan *p, unsigned number);
