// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * budget_report: what a line (programme, or activity of one) may spend in the year and has spent by the end of a month (semantics §3.2, §6; Permendagri 77/2020).
 *
 * Reports say the year to date, the roll-up holds what each month added: a report contributes its difference to the line's previous reported month of the year. So the
 * entity is a line's year.
 */
#include "daemon/record/derived.h"

static const struct field fields[] = {
	FIELD_OF_UNIT,
	{.name = "program", .type = FIELD_TEXT, .max = 512},
	{.name = "activity", .type = FIELD_TEXT, .max = 512, .optional = true},
	{.name = "period", .type = FIELD_PERIOD, .max = 1 << GRAIN_MONTH},
	{.name = "ceiling", .type = FIELD_DECIMAL, .min = 0},
	{.name = "realised", .type = FIELD_DECIMAL, .min = INT64_MIN},
	FIELD_OF_REVISION,
};
enum { F_UNIT, F_PROGRAM, F_ACTIVITY, F_PERIOD, F_CEILING, F_REALISED, F_REVISION };
static const struct event_type types[] = {{EVENT_TYPE("budget.reported", fields)}};
static const struct slot slots[] = {{.keep = KEEP_EACH_PERIOD, .conflicts = true}};

enum { C_PERIOD, C_CEILING, C_REALISED, C_REVISION, C_PROGRAM, C_ACTIVITY, C_ORIGIN };
static const struct column columns[] = {
	[C_PERIOD] = {"period", COLUMN_TEXT},
	[C_CEILING] = {"ceiling", COLUMN_NUMERIC},
	[C_REALISED] = {"realised", COLUMN_NUMERIC},
	[C_REVISION] = {"revision", COLUMN_INT8},
	[C_PROGRAM] = {"program", COLUMN_TEXT},
	[C_ACTIVITY] = {"activity", COLUMN_TEXT},
	ORIGIN_COLUMNS,
};

static decimal less(decimal a, const struct value *b)
{
	return b ? (decimal){a.micro - b->decimal.micro} : a;
}

static void flag(struct derived *d, const struct member *m, const struct value *before)
{
	const struct value *v = m->fields;
	if (v[F_CEILING].decimal.micro == 0)
		derived_flag(d, "zero_ceiling", TEXT_NONE);
	if (decimal_compare(v[F_REALISED].decimal, v[F_CEILING].decimal) > 0)
		derived_flag(d, "over_ceiling", TEXT_NONE);
	if (before && decimal_compare(v[F_REALISED].decimal, before[F_REALISED].decimal) < 0)
		derived_flag(d, "realised_decreased", TEXT_NONE);
	derived_fact_flags(d, types, m, v[F_PERIOD].period.last);
}

/* A month's report; `before`: the fields of the line's previous reported month of the year, or NULL. */
static void derive_month(const struct member *m, const struct value *before, struct derived *d)
{
	const struct value *v = m->fields;
	const day_number last = v[F_PERIOD].period.last;
	struct cell *c = derived_row(d);
	if (!c)
		return;
	derived_fields(&c[C_PERIOD], types, v, F_PERIOD, F_REVISION);
	derived_fields(&c[C_PROGRAM], types, v, F_PROGRAM, F_ACTIVITY);
	derived_origin(&c[C_ORIGIN], &m->origin);
	derived_count(d, d->unit, last, "budget.reports", 1);
	derived_measure(d, d->unit, last, "budget.ceiling", TEXT(""), less(v[F_CEILING].decimal, before ? &before[F_CEILING] : NULL));
	derived_measure(d, d->unit, last, "budget.realised", TEXT(""), less(v[F_REALISED].decimal, before ? &before[F_REALISED] : NULL));
	flag(d, m, before);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	size_t n;
	const struct member *months = state_slot(s, 0, &n);
	d->unit = units_find(b->units, months->fields[F_UNIT].text);
	for (size_t i = 0; i < n; i++)
		derive_month(&months[i], i ? months[i - 1].fields : NULL, d);
}

static const char *const key[] = {"unit", "program", "activity", "period", NULL};

const struct kind kind_budget_report = {
	.name = "budget_report",
	.topic = "opd.budget",
	.types = types,
	.n_types = COUNT(types),
	.slots = slots,
	.n_slots = COUNT(slots),
	.key = key,
	.by_year = true,
	.columns = columns,
	.n_columns = COUNT(columns),
	.derive = derive,
};
