// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * declaration: how many officials of a unit had to declare for a year and did (semantics §3.2, §6): wealth reports to the KPK (lhkpn; Peraturan KPK 2/2020), wealth
 * reports of the civil service (lhkasn; SE MenPANRB 1/2015), integrity pacts (pact: obliged = staff, filed = signed; PermenPANRB 49/2011).
 */
#include "daemon/record/derived.h"

static const char *const regimes[] = {"lhkpn", "lhkasn", "pact", NULL};
static const struct field fields[] = {
	FIELD_OF_UNIT,
	{.name = "regime", .type = FIELD_ENUM, .values = regimes},
	FIELD_OF_YEAR,
	FIELD_OF_COUNT("obliged"),
	FIELD_OF_COUNT("filed"),
	{.name = "on_time", .type = FIELD_INTEGER, .min = 0, .max = INT64_MAX, .optional = true},
	{.name = "complete", .type = FIELD_INTEGER, .min = 0, .max = INT64_MAX, .optional = true},
	FIELD_OF_REVISION,
};
enum { F_UNIT, F_REGIME, F_YEAR, F_OBLIGED, F_FILED, F_ON_TIME, F_COMPLETE, F_REVISION };
static const struct event_type types[] = {{EVENT_TYPE("declaration.counted", fields)}};
static const struct slot slots[] = {{.keep = KEEP_HIGHEST, .conflicts = true}};

static const struct column columns[] = {
	{"regime", COLUMN_TEXT}, {"year", COLUMN_INT4}, {"obliged", COLUMN_INT8}, {"filed", COLUMN_INT8},
	{"on_time", COLUMN_INT8}, {"complete", COLUMN_INT8}, {"revision", COLUMN_INT8},
};

static void contribute(struct derived *d, const struct value *v, day_number last)
{
	const struct {
		const char *measure;
		int64_t n;
	} counts[] = { /* an absent count is 0 */
		{"declaration.reports", 1},
		{"declaration.obliged", v[F_OBLIGED].integer},
		{"declaration.filed", v[F_FILED].integer},
		{"declaration.on_time", v[F_ON_TIME].integer},
		{"declaration.complete", v[F_COMPLETE].integer},
	};
	for (size_t i = 0; i < COUNT(counts); i++)
		derived_dimension(d, d->unit, last, counts[i].measure, "regime", v[F_REGIME].text, decimal_of(counts[i].n));
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *m = state_one(s, 0);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	const struct value *v = m->fields;
	day_number last = day_from_civil((int)v[F_YEAR].integer, 12, 31);
	d->unit = units_find(b->units, v[F_UNIT].text);
	derived_fields(c, types, v, F_REGIME, F_REVISION);
	contribute(d, v, last);
	if (v[F_FILED].integer > v[F_OBLIGED].integer || v[F_ON_TIME].integer > v[F_FILED].integer || v[F_COMPLETE].integer > v[F_FILED].integer)
		derived_flag(d, "filed_over_obliged", TEXT_NONE);
	derived_fact_flags(d, types, m, last);
}

static const char *const key[] = {"unit", "regime", "year", NULL};

const struct kind kind_declaration = {
	.name = "declaration",
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
