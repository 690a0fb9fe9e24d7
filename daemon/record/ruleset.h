// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Rulesets: versioned data for deadlines, bands and indicators (semantics §9). Plain values; decode/ruleset.h reads them from JSON.
 */
#include "common/arena.h"
#include "common/civil.h"
#include "common/decimal.h"
#include "common/error.h"
#include "daemon/record/forbidden.h"
#include "common/text.h"

enum deadline_kind { DEADLINE_NONE, DEADLINE_WORKING, DEADLINE_CALENDAR, DEADLINE_DATE };

struct deadline {
	struct text name; /* path under "deadlines": "response", "resolution.supervisory", "performance_report.year" */
	enum deadline_kind kind;
	int days;	/* WORKING, CALENDAR */
	int month, day; /* DATE: of the next year */
};

struct band {
	struct text name;
	bool has_min, inclusive;
	decimal min;
};

struct bands {
	struct text name; /* "ikm" */
	const struct band *bands; /* best first */
	size_t n;
};

/* "survey.score{instrument=skm}" → measure "survey.score", dimension "instrument=skm" ("" without braces). Absent measure: null. */
struct measure_ref {
	struct text measure, dimension;
};

enum over { OVER_PERIOD, OVER_DUE, OVER_STOCK, OVER_YTD, OVER_EXACT, OVER_NESTED };
enum direction { DIRECTION_NONE, DIRECTION_HIGHER, DIRECTION_LOWER };

struct indicator {
	struct text code, title_id, title_en, basis;
	struct measure_ref numerator, denominator, base, presence;
	decimal scale;
	enum direction direction;
	enum over over;
	unsigned grains; /* bit 1 << grain */
	struct text bands; /* name of the bands that judge the value: those of that name that are valid on the period's last day; absent: none */
	bool suppress, reduction;
};

struct ruleset {
	struct text id, basis, file; /* file: its name, for messages */
	day_number valid_from, valid_to; /* inclusive; DAY_NONE valid_to: open */
	unsigned sections; /* which the file has, as its reader counts them */
	bool has_deadlines;
	struct text sla_start; /* "received", "verified", "forwarded" */
	const struct deadline *deadlines;
	size_t n_deadlines;
	const struct bands *bands;
	size_t n_bands;
	const struct indicator *indicators;
	size_t n_indicators;
	bool has_cap;
	decimal cap;
	const struct scorecard *scorecards; /* scorecard.h */
	size_t n_scorecards;
	bool has_forbidden;
	const struct text *forbidden; /* normalised: lower case, without _ - . and blanks */
	size_t n_forbidden;
	struct text json; /* the whole text, as it was read */
};

struct rulesets {
	struct ruleset *all;
	size_t n;
	struct forbidden forbidden; /* union of all files */
	struct arena *arena;  /* owns everything above */
};

bool ruleset_valid_on(const struct ruleset *r, day_number d);
/* The ruleset with deadlines that is valid on the day, or NULL. Likewise the one with indicators. */
const struct ruleset *rulesets_deadlines_on(const struct rulesets *r, day_number d);
const struct ruleset *rulesets_indicators_on(const struct rulesets *r, day_number d);
/* Whether any file has bands of that name. */
bool rulesets_have_bands(const struct rulesets *r, struct text name);
/* The bands of that name that are valid on the day; NULL: none. */
const struct bands *rulesets_bands_on(const struct rulesets *r, struct text name, day_number d);
/* The cap of performance achievements on the day, in percent; NULL: none. */
const decimal *rulesets_cap_on(const struct rulesets *r, day_number d);
/* The deadline of that name; NULL when the ruleset has none. */
const struct deadline *ruleset_deadline(const struct ruleset *r, const char *name, struct text sub);
/* The band of the value, absent when there is none for it. `bands` NULL: none. */
struct text bands_judge(const struct bands *bands, decimal value);
