// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * From measures to indicator values (semantics §5, §7, §8): the same figures as the view rekap.indicator_value, computed in memory for data cases.
 */
#include "daemon/record/basis.h"

struct measure_row { /* a row of measure_day */
	uint32_t unit; /* index in basis->units */
	day_number day;
	struct text measure, dimension;
	decimal value;
};

enum figure_state { FIGURE_VALUE, FIGURE_NO_DENOMINATOR, FIGURE_SUPPRESSED };

struct figure { /* a row of indicator_value */
	uint32_t unit; /* UNIT_NONE: region */
	const struct indicator *indicator;
	const struct ruleset *ruleset;
	struct period period;
	bool has_denominator, has_value;
	decimal numerator, denominator, value;
	enum figure_state state;
	struct text band; /* absent: none */
};

/* All rows, in order of unit code (region first), indicator, grain, period. The arena owns the result. 0, -ENOMEM, -ERANGE (a value too large). */
int indicators(const struct basis *b, const struct measure_row *rows, size_t n, day_number as_of, int64_t suppression_threshold, struct arena *arena,
	       struct figure **ret_figures, size_t *ret_n);
