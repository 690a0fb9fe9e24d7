// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * From answers and measures to scorecards, predicates and what a unit still lacks for them (semantics §10): the same rows as the views rekap.scorecard,
 * .predicate, .predicate_gap and .evaluation, computed in memory for data cases. Nothing here is suppressed.
 *
 * A mean of ratios is an exact fraction of any size, which the library GMP computes; where memory is short, GMP ends the program.
 */
#include "daemon/indicator/indicator.h"
#include "daemon/record/scorecard.h"

struct assessment { /* a row of assessment_answer */
	uint32_t unit; /* of the code as sent: index in basis->units */
	int year;
	struct text ruleset, item, assessor, answer; /* ruleset: a scorecard's id; answer absent: none */
	bool has_ratio;
	decimal numerator, denominator;
};

/* Of which unit, year and scorecard a row is. Its column `ruleset` is card->id. */
struct scored {
	uint32_t unit;
	int year;
	const struct scorecard *card;
};

struct score_row {
	struct scored of;
	const struct score_component *component;
	bool has_score; /* false: score and percent are null */
	decimal score, max_score, percent;
};

struct predicate_row {
	struct scored of;
	const struct predicate *predicate;
	const struct text *failing_rules; /* in the predicate's order; none: it meets the score */
	size_t n_failing_rules;
	const struct text *failing_gates; /* likewise; none: it meets the conditions */
	size_t n_failing_gates;
};

struct gap_row { /* for each failing rule */
	struct scored of;
	const struct predicate *predicate;
	struct text rule;
	decimal required, actual, missing; /* scores; of an area, required is the percentage of its max_score */
};

struct evaluation_row { /* of a scorecard with bands */
	struct scored of;
	struct text code; /* of the first component */
	bool has_score;
	decimal score, max_score;
	struct text band; /* absent: none */
};

struct scoring {
	struct score_row *scores;
	size_t n_scores;
	struct predicate_row *predicates;
	size_t n_predicates;
	struct gap_row *gaps;
	size_t n_gaps;
	struct evaluation_row *evaluations;
	size_t n_evaluations;
};

/*
 * All rows, in order of unit code, year, ruleset, and within a scorecard in its own order. Answers to scorecards that no ruleset has make none. The arena owns
 * the result; its texts are borrowed from the scorecards. 0, -ENOMEM.
 */
int scorecards(const struct basis *b, const struct measure_row *rows, size_t n_rows, const struct assessment *answers, size_t n_answers, day_number as_of,
	       struct arena *arena, struct scoring *ret);
