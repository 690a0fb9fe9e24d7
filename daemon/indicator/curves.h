// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The roll-up, ready for sums over any days: for each series and unit (with all units below it) the running total after each day on which something changed.
 * A unit is known here by its slot: its index in the register; the one behind the last is the region.
 */
#include "daemon/indicator/indicator.h"

struct point {
	day_number day;
	decimal total; /* of this day and all before */
};

struct curve {
	const struct point *points;
	size_t n;
};

struct curves {
	struct map series; /* "measure NUL dimension" → number of the series + 1 */
	struct curve *all; /* series × slots */
	size_t slots;
};

/* All memory but the map's is the arena's. 0, -ENOMEM; curves_deinit in either case. */
int curves_init(struct curves *c, const struct units *units, const struct measure_row *rows, size_t n, struct arena *arena);
void curves_deinit(struct curves *c);

#define SERIES_NONE UINT32_MAX
/* The number of a series, SERIES_NONE when the roll-up does not hold it. 0, -ENOMEM. */
int curves_find(const struct curves *c, struct text measure, struct text dimension, uint32_t *ret_series);
static inline const struct curve *curves_at(const struct curves *c, uint32_t series, size_t slot)
{
	return &c->all[series * c->slots + slot];
}

struct days {
	day_number first, last; /* first DAY_NONE: from the beginning; last before first: none */
};
decimal curve_sum(const struct curve *c, struct days days);
