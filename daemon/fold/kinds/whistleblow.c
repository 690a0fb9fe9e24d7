// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * whistleblow: reports through the whistle-blowing system, counts only (semantics §3.2, §6; UU 31/2014 on the protection of those who report).
 *
 * Finer figures add up to coarser ones, so a report is left out of the sums while the unit has one for a period strictly inside its own. So the entity is a unit's year.
 */
#include "daemon/record/derived.h"

#define PERIODS (1 << GRAIN_YEAR | 1 << GRAIN_SEMESTER | 1 << GRAIN_QUARTER | 1 << GRAIN_MONTH)
static const struct field fields[] = {
	FIELD_OF_UNIT,
	{.name = "period", .type = FIELD_PERIOD, .max = PERIODS},
	FIELD_OF_COUNT("received"),
	FIELD_OF_COUNT("followed_up"),
	FIELD_OF_COUNT("proven"),
	FIELD_OF_REVISION,
};
enum { F_UNIT, F_PERIOD, F_RECEIVED, F_FOLLOWED_UP, F_PROVEN, F_REVISION };
static const struct event_type types[] = {{EVENT_TYPE("whistleblow.counted", fields)}};
static const struct slot slots[] = {{.keep = KEEP_EACH_PERIOD, .conflicts = true}};

enum { C_PERIOD, C_RECEIVED, C_FOLLOWED_UP, C_PROVEN, C_REVISION, C_ORIGIN };
static const struct column columns[] = {
	[C_PERIOD] = {"period", COLUMN_TEXT},
	[C_RECEIVED] = {"received", COLUMN_INT8},
	[C_FOLLOWED_UP] = {"followed_up", COLUMN_INT8},
	[C_PROVEN] = {"proven", COLUMN_INT8},
	[C_REVISION] = {"revision", COLUMN_INT8},
	ORIGIN_COLUMNS,
};

static bool strictly_inside(const struct period *p, const struct period *outer)
{
	return p->first >= outer->first && p->last <= outer->last && p->grain != outer->grain;
}

static bool overlapped(const struct period *p, const struct member *reports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strictly_inside(&reports[i].fields[F_PERIOD].period, p))
			return true;
	return false;
}

static void contribute(struct derived *d, const struct value *v)
{
	const struct period *p = &v[F_PERIOD].period;
	const struct text grain = text_of(grain_name(p->grain));
	const struct {
		const char *measure;
		int64_t n;
	} counts[] = {
		{"whistleblow.reports", 1},
		{"whistleblow.received", v[F_RECEIVED].integer},
		{"whistleblow.followed_up", v[F_FOLLOWED_UP].integer},
		{"whistleblow.proven", v[F_PROVEN].integer},
	};
	for (size_t i = 0; i < COUNT(counts); i++)
		derived_dimension(d, d->unit, p->last, counts[i].measure, "grain", grain, decimal_of(counts[i].n));
}

static void derive_report(const struct member *m, bool left_out, struct derived *d)
{
	const struct value *v = m->fields;
	struct cell *c = derived_row(d);
	if (!c)
		return;
	derived_fields(c, types, v, F_PERIOD, F_REVISION);
	derived_origin(&c[C_ORIGIN], &m->origin);
	if (left_out)
		derived_flag(d, "overlapping_period", TEXT_NONE);
	else
		contribute(d, v);
	if (v[F_FOLLOWED_UP].integer > v[F_RECEIVED].integer || v[F_PROVEN].integer > v[F_RECEIVED].integer)
		derived_flag(d, "followed_over_received", TEXT_NONE);
	derived_fact_flags(d, types, m, v[F_PERIOD].period.last);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	size_t n;
	const struct member *reports = state_slot(s, 0, &n);
	d->unit = units_find(b->units, reports->fields[F_UNIT].text);
	for (size_t i = 0; i < n; i++)
		derive_report(&reports[i], overlapped(&reports[i].fields[F_PERIOD].period, reports, n), d);
}

static const char *const key[] = {"unit", "period", NULL};

const struct kind kind_whistleblow = {
	.name = "whistleblow",
	.topic = "opd.integrity",
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
