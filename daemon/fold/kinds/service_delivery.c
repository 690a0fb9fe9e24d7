// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * service_delivery: a public service that was delivered, against the working days its standard promises (semantics §3.2, §6; UU 25/2009 on service standards).
 */
#include "daemon/record/derived.h"

static const struct field fields[] = {
	FIELD_OF_ID("service_id"),
	FIELD_OF_UNIT,
	{.name = "service", .type = FIELD_TEXT, .max = 256},
	{.name = "requested_at", .type = FIELD_TIME},
	{.name = "completed_at", .type = FIELD_TIME},
	{.name = "promised_days", .type = FIELD_INTEGER, .min = 0, .max = 1000},
};
enum { F_ID, F_UNIT, F_SERVICE, F_REQUESTED, F_COMPLETED, F_PROMISED };
static const struct event_type types[] = {{EVENT_TYPE("service.delivered", fields)}};
static const struct slot slots[] = {{.keep = KEEP_HIGHEST, .conflicts = true}};

enum { C_SERVICE, C_REQUESTED, C_COMPLETED, C_PROMISED, C_DUE, N_COLUMNS };
static const struct column columns[N_COLUMNS] = {
	[C_SERVICE] = {"service", COLUMN_TEXT},
	[C_REQUESTED] = {"requested_at", COLUMN_TIMESTAMPTZ},
	[C_COMPLETED] = {"completed_at", COLUMN_TIMESTAMPTZ},
	[C_PROMISED] = {"promised_days", COLUMN_INT4},
	[C_DUE] = {"due_on", COLUMN_DATE},
};

static void contribute(struct derived *d, struct text service, day_number requested, day_number completed, day_number due)
{
	derived_count(d, d->unit, completed, "service.delivered", 1);
	derived_dimension(d, d->unit, completed, "service.delivered", "service", service, decimal_of(1));
	if (due == DAY_NONE || completed < requested)
		return;
	derived_count(d, d->unit, completed, "service.judged", 1);
	derived_count(d, d->unit, completed, "service.on_time", completed <= due);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *m = state_one(s, 0);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	const struct deadline promised = {.kind = DEADLINE_WORKING, .days = (int)m->fields[F_PROMISED].integer};
	day_number requested = zone_day(b->zone, m->fields[F_REQUESTED].time), completed = zone_day(b->zone, m->fields[F_COMPLETED].time);
	day_number due = derived_due(d, &promised, requested);
	d->unit = units_find(b->units, m->fields[F_UNIT].text);
	derived_fields(c, types, m->fields, F_SERVICE, F_PROMISED);
	c[C_DUE] = cell_day(due);
	contribute(d, m->fields[F_SERVICE].text, requested, completed, due);
	if (completed < requested)
		derived_flag(d, "completed_before_requested", TEXT_NONE);
	derived_fact_flags(d, types, m, completed);
}

static const char *const key[] = {"service_id", NULL};

const struct kind kind_service_delivery = {
	.name = "service_delivery",
	.topic = "opd.service",
	.types = types,
	.n_types = COUNT(types),
	.slots = slots,
	.n_slots = COUNT(slots),
	.key = key,
	.columns = columns,
	.n_columns = COUNT(columns),
	.derive = derive,
};
