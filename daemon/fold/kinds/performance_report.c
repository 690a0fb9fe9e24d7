// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * performance_report: an indicator's target and what was realised of it in a period (semantics §3.2, §4, §6; PermenPANRB 88/2021, Permendagri 86/2017).
 */
#include "daemon/record/derived.h"

#define PERIODS (1 << GRAIN_YEAR | 1 << GRAIN_SEMESTER | 1 << GRAIN_QUARTER | 1 << GRAIN_MONTH)
static const char *const directions[] = {"higher", "lower", "range", NULL};
static const struct field fields[] = {
	FIELD_OF_UNIT,
	{.name = "indicator", .type = FIELD_TEXT, .max = 256},
	{.name = "name", .type = FIELD_TEXT, .max = 256, .optional = true},
	{.name = "period", .type = FIELD_PERIOD, .max = PERIODS},
	{.name = "target", .type = FIELD_DECIMAL, .min = INT64_MIN, .optional = true},
	{.name = "realised", .type = FIELD_DECIMAL, .min = INT64_MIN, .optional = true},
	{.name = "direction", .type = FIELD_ENUM, .values = directions},
	{.name = "range_low", .type = FIELD_DECIMAL, .min = INT64_MIN, .optional = true},
	{.name = "range_high", .type = FIELD_DECIMAL, .min = INT64_MIN, .optional = true},
	{.name = "measure_unit", .type = FIELD_TEXT, .max = 256, .optional = true},
	FIELD_OF_REVISION,
};
enum { F_UNIT, F_INDICATOR, F_NAME, F_PERIOD, F_TARGET, F_REALISED, F_DIRECTION, F_LOW, F_HIGH, F_MEASURE_UNIT, F_REVISION };

static const char *check(const struct value *v, size_t i)
{
	if (i == F_TARGET && !v[F_TARGET].present && !(v[F_LOW].present && v[F_HIGH].present))
		return "required, unless range_low and range_high are given";
	if (i != F_HIGH)
		return NULL;
	if (v[F_LOW].present != v[F_HIGH].present)
		return "range_low and range_high must be given together";
	if (!v[F_LOW].present)
		return text_is(v[F_DIRECTION].text, "range") ? "required by direction range, with range_low" : NULL;
	return decimal_compare(v[F_LOW].decimal, v[F_HIGH].decimal) > 0 ? "must not be below range_low" : NULL;
}

static const struct event_type types[] = {{EVENT_TYPE("performance.reported", fields), .check = check, .exempt = "name"}};

static bool is_submission(const struct value *v)
{
	return v[F_REALISED].present;
}

/* A revision does not make a report late: what counts is when it was first submitted. */
enum { S_REPORT, S_SUBMISSION };
static const struct slot slots[] = {
	[S_REPORT] = {.keep = KEEP_HIGHEST, .conflicts = true, .always = true},
	[S_SUBMISSION] = {.keep = KEEP_EARLIEST, .takes = is_submission},
};

enum { C_FIELDS, C_SUBMITTED = F_REVISION - F_INDICATOR + 1, C_DUE, C_ACHIEVEMENT, N_COLUMNS };
static const struct column columns[N_COLUMNS] = {
	[C_FIELDS] = {"indicator", COLUMN_TEXT},
	{"name", COLUMN_TEXT},
	{"period", COLUMN_TEXT},
	{"target", COLUMN_NUMERIC},
	{"realised", COLUMN_NUMERIC},
	{"direction", COLUMN_TEXT},
	{"range_low", COLUMN_NUMERIC},
	{"range_high", COLUMN_NUMERIC},
	{"measure_unit", COLUMN_TEXT},
	{"revision", COLUMN_INT8},
	[C_SUBMITTED] = {"submitted_at", COLUMN_TIMESTAMPTZ},
	[C_DUE] = {"due_on", COLUMN_DATE},
	[C_ACHIEVEMENT] = {"achievement_pct", COLUMN_NUMERIC},
};

/* An achievement is numerator / denominator; undefined with a denominator that is not above 0. */
struct fraction {
	decimal numerator, denominator;
};

static struct fraction higher_is_better(decimal realised, decimal target)
{
	return (struct fraction){realised, target};
}

static struct fraction lower_is_better(decimal realised, decimal target)
{
	return (struct fraction){{2 * target.micro - realised.micro}, target};
}

/*
 * Inside the bounds all is achieved; else the bound that is crossed is the target (PermenPANRB 88/2021 for ranges: below the lower one more is better, above the
 * upper one less).
 */
static struct fraction within_bounds(const struct value *v)
{
	static const struct fraction all = {{DECIMAL_ONE}, {DECIMAL_ONE}};
	const decimal realised = v[F_REALISED].decimal;
	bool below = decimal_compare(realised, v[F_LOW].decimal) < 0, above = decimal_compare(realised, v[F_HIGH].decimal) > 0;
	if (!below && !above)
		return all;
	const decimal target = below ? v[F_LOW].decimal : v[F_HIGH].decimal;
	bool higher = text_is(v[F_DIRECTION].text, "range") ? below : text_is(v[F_DIRECTION].text, "higher");
	return higher ? higher_is_better(realised, target) : lower_is_better(realised, target);
}

static struct fraction achievement(const struct value *v)
{
	static const struct fraction all = {{DECIMAL_ONE}, {DECIMAL_ONE}};
	const decimal realised = v[F_REALISED].decimal, target = v[F_TARGET].decimal;
	if (v[F_LOW].present)
		return within_bounds(v);
	if (text_is(v[F_DIRECTION].text, "higher"))
		return higher_is_better(realised, target);
	return realised.micro == 0 && target.micro == 0 ? all : lower_is_better(realised, target);
}

/* In percent to six decimals, from 0 to the cap. It always fits: the most is 3 × 10^18 over a millionth. */
static decimal achievement_pct(struct fraction f, const decimal *cap)
{
	decimal pct = {0};
	if (f.numerator.micro > 0)
		(void)decimal_ratio(f.numerator, f.denominator, decimal_of(100), 6, &pct);
	return cap && decimal_compare(pct, *cap) > 0 ? *cap : pct;
}

static void contribute_achievement(struct derived *d, const struct basis *b, const struct value *v, struct cell *c)
{
	const struct period *p = &v[F_PERIOD].period;
	const struct text grain = text_of(grain_name(p->grain));
	if (!v[F_REALISED].present)
		return;
	struct fraction f = achievement(v);
	if (f.denominator.micro <= 0) {
		derived_flag(d, "no_achievement", TEXT_NONE);
		return;
	}
	decimal pct = achievement_pct(f, rulesets_cap_on(b->rulesets, p->last));
	*c = (struct cell){.present = true, .numeric = pct};
	derived_dimension(d, d->unit, p->last, "performance.achieved", "grain", grain, decimal_of(1));
	derived_dimension(d, d->unit, p->last, "performance.achievement", "grain", grain, pct);
	derived_dimension(d, d->unit, p->last, "performance.met", "grain", grain, decimal_of(decimal_compare(f.numerator, f.denominator) >= 0));
}

static void contribute_due(struct derived *d, day_number due, day_number submitted)
{
	derived_count(d, d->unit, due, "performance.report_due", 1);
	derived_count(d, d->unit, due, "performance.report_on_time", submitted != DAY_NONE && submitted <= due);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *m = state_one(s, S_REPORT), *submission = state_one(s, S_SUBMISSION);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	const struct value *v = m->fields;
	const struct period *p = &v[F_PERIOD].period;
	instant submitted = submission ? submission->time : INSTANT_NONE;
	day_number due = derived_ruled_due(d, "performance_report", text_of(grain_name(p->grain)), p->last);
	d->unit = units_find(b->units, v[F_UNIT].text);
	derived_fields(c, types, v, F_INDICATOR, F_REVISION);
	c[C_SUBMITTED] = cell_time(submitted);
	c[C_DUE] = cell_day(due);
	derived_dimension(d, d->unit, p->last, "performance.reports", "grain", text_of(grain_name(p->grain)), decimal_of(1));
	contribute_achievement(d, b, v, &c[C_ACHIEVEMENT]);
	contribute_due(d, due, derived_day(b, submitted));
	derived_fact_flags(d, types, m, p->last);
}

static const char *const key[] = {"unit", "indicator", "period", NULL};

const struct kind kind_performance_report = {
	.name = "performance_report",
	.topic = "opd.performance",
	.types = types,
	.n_types = COUNT(types),
	.slots = slots,
	.n_slots = COUNT(slots),
	.key = key,
	.columns = columns,
	.n_columns = COUNT(columns),
	.derive = derive,
};
