// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * assessment_answer: what an assessor answered to an item of a scorecard (semantics §3.2, §10; PermenPANRB 90/2021). Scorecards are worked out from the answers as they
 * stand; an answer contributes to no measure.
 */
#include "daemon/record/derived.h"
#include "daemon/record/scorecard.h"

static const char *const assessors[] = {"self", "tpi", "tpn", NULL};
static const char *const answers[] = {"yes", "no", "a", "b", "c", "d", "e", NULL};
static const struct field fields[] = {
	FIELD_OF_UNIT,
	FIELD_OF_YEAR,
	{.name = "ruleset", .type = FIELD_TEXT, .max = 256},
	{.name = "item", .type = FIELD_TEXT, .max = 256},
	{.name = "assessor", .type = FIELD_ENUM, .values = assessors},
	{.name = "answer", .type = FIELD_ENUM, .values = answers, .optional = true},
	{.name = "numerator", .type = FIELD_DECIMAL, .min = 0, .optional = true},
	{.name = "denominator", .type = FIELD_DECIMAL, .min = 0, .optional = true},
	FIELD_OF_REVISION,
};
enum { F_UNIT, F_YEAR, F_RULESET, F_ITEM, F_ASSESSOR, F_ANSWER, F_NUMERATOR, F_DENOMINATOR, F_REVISION };

static const char *check(const struct value *v, size_t i)
{
	if (i != F_ANSWER)
		return NULL;
	if (v[F_ANSWER].present)
		return v[F_NUMERATOR].present || v[F_DENOMINATOR].present ? "either answer, or numerator and denominator; not both" : NULL;
	return v[F_NUMERATOR].present && v[F_DENOMINATOR].present ? NULL : "required, unless numerator and denominator are given";
}

static const struct event_type types[] = {{EVENT_TYPE("assessment.answered", fields), .check = check}};
static const struct slot slots[] = {{.keep = KEEP_HIGHEST, .conflicts = true}};

static const struct column columns[] = {
	{"year", COLUMN_INT4},	{"ruleset", COLUMN_TEXT},      {"item", COLUMN_TEXT},	       {"assessor", COLUMN_TEXT},
	{"answer", COLUMN_TEXT}, {"numerator", COLUMN_NUMERIC}, {"denominator", COLUMN_NUMERIC}, {"revision", COLUMN_INT8},
};

static bool in_scale(enum scale scale, const struct value *v)
{
	return scale_is_ratio(scale) ? v[F_NUMERATOR].present : scale_worth(scale, v[F_ANSWER].text) >= 0;
}

static void flag(struct derived *d, const struct basis *b, const struct value *v)
{
	const struct scorecard *card = rulesets_scorecard(b->rulesets, v[F_RULESET].text, (int)v[F_YEAR].integer);
	const struct score_item *item = card ? scorecard_item(card, v[F_ITEM].text) : NULL;
	if (!card)
		derived_flag(d, "unknown_ruleset", TEXT_NONE);
	else if (!item)
		derived_flag(d, "unknown_item", TEXT_NONE);
	else if (!in_scale(item->scale, v))
		derived_flag(d, "answer_not_in_scale", TEXT_NONE);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *m = state_one(s, 0);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	d->unit = units_find(b->units, m->fields[F_UNIT].text);
	derived_fields(c, types, m->fields, F_YEAR, F_REVISION);
	flag(d, b, m->fields);
	derived_fact_flags(d, types, m, day_from_civil((int)m->fields[F_YEAR].integer, 12, 31));
}

static const char *const key[] = {"unit", "year", "ruleset", "item", "assessor", NULL};

const struct kind kind_assessment_answer = {
	.name = "assessment_answer",
	.topic = "opd.assessment",
	.types = types,
	.n_types = COUNT(types),
	.slots = slots,
	.n_slots = COUNT(slots),
	.key = key,
	.columns = columns,
	.n_columns = COUNT(columns),
	.derive = derive,
};
