// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * training: how many of a unit's staff were trained in a year (a sample family: it shows what one needs).
 */
#include "daemon/record/derived.h"

static const struct field fields[] = {FIELD_OF_UNIT, FIELD_OF_YEAR, FIELD_OF_COUNT("staff"), FIELD_OF_COUNT("trained"), FIELD_OF_REVISION};
enum { F_UNIT, F_YEAR, F_STAFF, F_TRAINED, F_REVISION };
static const struct event_type types[] = {{EVENT_TYPE("training.counted", fields)}};
static const struct slot slots[] = {{.keep = KEEP_HIGHEST, .conflicts = true}};

static const struct column columns[] = {{"year", COLUMN_INT4}, {"staff", COLUMN_INT8}, {"trained", COLUMN_INT8}, {"revision", COLUMN_INT8}};

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
	derived_count(d, d->unit, last, "training.staff", v[F_STAFF].integer);
	derived_count(d, d->unit, last, "training.trained", v[F_TRAINED].integer);
	if (v[F_TRAINED].integer > v[F_STAFF].integer)
		derived_flag(d, "trained_over_staff", TEXT_NONE);
	derived_fact_flags(d, types, m, last);
}

static const char *const key[] = {"unit", "year", NULL};

const struct kind kind_training = {
	.name = "training",
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
