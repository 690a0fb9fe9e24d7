// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * gratification: a gift that an official reported, accepted or refused (semantics §3.2, §6; Peraturan KPK 2/2019: within 30 working days of receipt).
 */
#include "daemon/record/derived.h"

static const char *const outcomes[] = {"accepted", "refused", NULL};
static const struct field fields[] = {
	FIELD_OF_ID("report_id"),
	FIELD_OF_UNIT,
	{.name = "received_on", .type = FIELD_DATE},
	{.name = "kind", .type = FIELD_ENUM, .values = outcomes},
};
enum { F_ID, F_UNIT, F_RECEIVED, F_KIND };
static const struct event_type types[] = {{EVENT_TYPE("gratification.reported", fields)}};
static const struct slot slots[] = {{.keep = KEEP_HIGHEST, .conflicts = true}};

enum { C_RECEIVED, C_KIND, C_REPORTED, C_DUE, N_COLUMNS };
static const struct column columns[N_COLUMNS] = {
	[C_RECEIVED] = {"received_on", COLUMN_DATE},
	[C_KIND] = {"kind", COLUMN_TEXT},
	[C_REPORTED] = {"reported_at", COLUMN_TIMESTAMPTZ},
	[C_DUE] = {"due_on", COLUMN_DATE},
};

static void contribute(struct derived *d, const struct member *m, day_number reported, day_number due)
{
	derived_count(d, d->unit, reported, "gratification.reports", 1);
	derived_dimension(d, d->unit, reported, "gratification.reports", "kind", m->fields[F_KIND].text, decimal_of(1));
	if (due == DAY_NONE || reported < m->fields[F_RECEIVED].day)
		return;
	derived_count(d, d->unit, reported, "gratification.judged", 1);
	derived_count(d, d->unit, reported, "gratification.on_time", reported <= due);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *m = state_one(s, 0);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	day_number reported = zone_day(b->zone, m->time), due = derived_ruled_due(d, "gratification", TEXT_NONE, m->fields[F_RECEIVED].day);
	d->unit = units_find(b->units, m->fields[F_UNIT].text);
	derived_fields(c, types, m->fields, F_RECEIVED, F_KIND);
	c[C_REPORTED] = cell_time(m->time);
	c[C_DUE] = cell_day(due);
	contribute(d, m, reported, due);
	if (reported < m->fields[F_RECEIVED].day)
		derived_flag(d, "reported_before_received", TEXT_NONE);
	derived_fact_flags(d, types, m, reported);
}

static const char *const key[] = {"report_id", NULL};

const struct kind kind_gratification = {
	.name = "gratification",
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
