// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * discipline: staff discipline of a unit and year, counts only (semantics §3.2, §6; PP 94/2021).
 */
#include "daemon/record/derived.h"

static const struct field fields[] = {FIELD_OF_UNIT, FIELD_OF_YEAR, FIELD_OF_COUNT("violations"), FIELD_OF_COUNT("sanctioned"), FIELD_OF_REVISION};
enum { F_UNIT, F_YEAR, F_VIOLATIONS, F_SANCTIONED, F_REVISION };
static const struct event_type types[] = {{EVENT_TYPE("discipline.counted", fields)}};
static const struct slot slots[] = {{.keep = KEEP_HIGHEST, .conflicts = true}};

static const struct column columns[] = {{"year", COLUMN_INT4}, {"violations", COLUMN_INT8}, {"sanctioned", COLUMN_INT8}, {"revision", COLUMN_INT8}};

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *m = state_one(s, 0);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	const struct value *v = m->fields;
	day_number last = day_from_civil((int)v[F_YEAR].integer, 12, 31);
	d->unit = units_find(b->units, v[F_UNIT].text);
	derived_fields(c, types, v, F_YEAR, F_REVISION);
	derived_count(d, d->unit, last, "discipline.reports", 1);
	derived_count(d, d->unit, last, "discipline.violations", v[F_VIOLATIONS].integer);
	derived_count(d, d->unit, last, "discipline.sanctioned", v[F_SANCTIONED].integer);
	if (v[F_SANCTIONED].integer > v[F_VIOLATIONS].integer)
		derived_flag(d, "sanctioned_over_violations", TEXT_NONE);
	derived_fact_flags(d, types, m, last);
}

static const char *const key[] = {"unit", "year", NULL};

const struct kind kind_discipline = {
	.name = "discipline",
	.topic = "opd.integrity",
	.types = types,
	.n_types = COUNT(types),
	.slots = slots,
	.n_slots = COUNT(slots),
	.key = key,
	.columns = columns,
	.n_columns = COUNT(columns),
	.derive = derive,
};
