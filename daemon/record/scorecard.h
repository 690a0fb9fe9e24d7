// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Scorecards of rulesets (semantics §9, §10), laid out flat: a scorecard is a list of leaves in the order of its tree, so that every component covers a run of
 * them. The Zona Integritas (PermenPANRB 90/2021) is one; evaluations as AKIP, SPBE and SPIP are others, without predicates but with bands.
 */
#include "common/decimal.h"
#include "daemon/record/ruleset.h"

/* Which answers an item takes. */
enum scale {
	SCALE_YT,	 /* yes 1, no 0 */
	SCALE_A3,	 /* a 1, b .5, c 0 */
	SCALE_A4,	 /* a 1, b .67, c .33, d 0 */
	SCALE_A5,	 /* a 1, b .75, c .5, d .25, e 0 */
	SCALE_RATIO,	 /* min(1, numerator / denominator) */
	SCALE_REDUCTION, /* (denominator − numerator) / denominator, from 0 to 1: this year's numerator less than last year's denominator */
	SCALE_SURVEY,	 /* as RATIO: 3.6 of 4 */
};

/* What an item's value is measured by, where events tell it. */
enum measured {
	MEASURED_NOT,
	MEASURED_VIOLATION_REDUCTION, /* discipline.violations against last year's, if both years have reports */
	MEASURED_MET,		      /* performance.met / .achieved {grain=year} */
	MEASURED_REPORT_ON_TIME,      /* 1 if performance.report_on_time = .report_due, else 0 (over due) */
	MEASURED_DUE_RESOLVED,	      /* complaint.due_resolved / .resolution_due (over due) */
	MEASURED_LHKPN,		      /* declaration.filed / .obliged {regime=lhkpn}, at most 1 */
	MEASURED_LHKASN,	      /* likewise */
	MEASURED_SURVEY_ROUNDS,	      /* quarters of the year with survey.responses{instrument=skm}: 4, 3, 2, 1 → 1, .75, .5, .25 */
	MEASURED_SPAK,		      /* survey.score / (4 · survey.answers) {instrument=spak} */
	MEASURED_SPKP,		      /* likewise */
};

#define LEAF_NONE UINT32_MAX

struct score_leaf {
	struct text component; /* "ZI.A.MP.P.1" */
	decimal weight;
};

struct score_item {
	struct text name; /* "P.MP.1.a", "H.SPAK", "G.akip" */
	enum scale scale;
	enum measured measured;
	uint32_t leaf; /* index into leaves; LEAF_NONE: a gate's item counts nowhere */
};

struct score_component {
	struct text name;	/* "ZI", "ZI.A", "ZI.A.MP", "ZI.A.MP.P", "ZI.A.MP.P.1" */
	uint32_t first, n;	/* leaves[first..first + n) */
};

struct score_rule {
	struct text name; /* "total", "area.MP", "b1.spak" */
	uint32_t component;
	decimal bound; /* of the score; of an area, when `percent`, of 100 × score / max_score */
	bool percent;
};

struct predicate {
	struct text code; /* "WBK" */
	const struct score_rule *rules;
	size_t n_rules;
	const struct text *gates; /* "lhkpn", "akip": met by `yes` to the item "G.<gate>" (semantics §10) */
	size_t n_gates;
};

struct scorecard {
	struct text id; /* "zi-2021": what assessment.answered names as its ruleset */
	decimal zero_violations;
	const struct score_leaf *leaves;
	size_t n_leaves;
	const struct score_item *items; /* sorted bytewise by name */
	size_t n_items;
	const struct score_component *components; /* parents before children */
	size_t n_components;
	const struct predicate *predicates;
	size_t n_predicates;
	const struct bands *bands; /* of the first component's score; NULL: none */
};

/*
 * The scorecard of that id: the one whose ruleset is valid on 31 December of the year, else the earliest of the id; NULL: unknown. The answer names its scorecard
 * by id, so validity only chooses between versions of one.
 */
const struct scorecard *rulesets_scorecard(const struct rulesets *r, struct text id, int year);
/* The item of that name; NULL: the scorecard has none. */
const struct score_item *scorecard_item(const struct scorecard *s, struct text name);
/* The sum of the component's weights: its highest score. */
decimal scorecard_max(const struct scorecard *s, const struct score_component *c);
/* Whether answers have a numerator and a denominator instead of a letter. */
bool scale_is_ratio(enum scale scale);
/* What the letter is worth, in hundredths; -1: it is not of the scale. */
int scale_worth(enum scale scale, struct text answer);
