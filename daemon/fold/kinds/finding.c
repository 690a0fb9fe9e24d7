// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * finding: an audit finding and how far it was followed up (semantics §3.2, §6; Peraturan BPK 2/2017: to be answered within 60 calendar days).
 */
#include "daemon/record/derived.h"
#include "daemon/record/precedence.h"

enum { ISSUED, UPDATED };

static const char *const sources[] = {"bpk", "inspectorate", "bpkp", NULL};
static const char *const statuses[] = {"done", "in_progress", "not_followed", "excused", NULL};
static const struct field issued_fields[] = {
	FIELD_OF_ID("finding_id"),
	FIELD_OF_UNIT,
	{.name = "source", .type = FIELD_ENUM, .values = sources},
	{.name = "report_date", .type = FIELD_DATE},
};
enum { F_ID, F_UNIT, F_SOURCE, F_REPORT_DATE };
static const struct field updated_fields[] = {FIELD_OF_ID("finding_id"), {.name = "status", .type = FIELD_ENUM, .values = statuses}};
enum { F_STATUS = 1 };
static const struct event_type types[] = {
	[ISSUED] = {EVENT_TYPE("finding.issued", issued_fields)},
	[UPDATED] = {EVENT_TYPE("finding.updated", updated_fields)},
};

static bool is_done(const struct value *fields)
{
	return text_is(fields[F_STATUS].text, "done");
}

static bool is_other(const struct value *fields)
{
	return !is_done(fields);
}

/* Which `done` counts depends on the last other status, which may come late: all are kept. */
enum { S_ISSUED, S_DONE, S_OTHER, N_SLOTS };
static const struct slot slots[N_SLOTS] = {
	[S_ISSUED] = {.type = ISSUED, .keep = KEEP_HIGHEST, .conflicts = true},
	[S_DONE] = {.type = UPDATED, .keep = KEEP_EACH_TIME, .takes = is_done},
	[S_OTHER] = {.type = UPDATED, .keep = KEEP_HIGHEST, .takes = is_other},
};

enum { C_SOURCE, C_REPORT_DATE, C_STATE, C_STATUS, C_DUE, C_DONE, N_COLUMNS };
static const struct column columns[N_COLUMNS] = {
	[C_SOURCE] = {"source", COLUMN_TEXT},
	[C_REPORT_DATE] = {"report_date", COLUMN_DATE},
	[C_STATE] = {"finding_state", COLUMN_TEXT},
	[C_STATUS] = {"status", COLUMN_TEXT},
	[C_DUE] = {"due_on", COLUMN_DATE},
	[C_DONE] = {"done_at", COLUMN_TIMESTAMPTZ},
};

/* The first `done` after (by precedence) the last other status; INSTANT_NONE: the last status is not done. */
static instant done_at(const struct state *s, const struct member *other)
{
	size_t n;
	const struct member *done = state_slot(s, S_DONE, &n);
	for (size_t i = 0; i < n; i++)
		if (!other || member_compare(&types[UPDATED], &done[i], other) > 0)
			return done[i].time;
	return INSTANT_NONE;
}

static void contribute(struct derived *d, day_number reported, day_number done)
{
	derived_stock(d, d->unit, reported, DAY_NONE, "finding.issued");
	if (done != DAY_NONE)
		derived_stock(d, d->unit, done > reported ? done : reported, DAY_NONE, "finding.done");
}

static void derive_issued(const struct basis *b, const struct member *issued, day_number done, struct cell *c, struct derived *d)
{
	day_number reported = issued->fields[F_REPORT_DATE].day;
	d->unit = units_find(b->units, issued->fields[F_UNIT].text);
	derived_fields(c, &types[ISSUED], issued->fields, F_SOURCE, F_REPORT_DATE);
	c[C_DUE] = cell_day(derived_ruled_due(d, "finding", TEXT_NONE, reported));
	contribute(d, reported, done);
	if (done != DAY_NONE && done < reported)
		derived_flag(d, "done_before_issued", TEXT_NONE);
	derived_fact_flags(d, &types[ISSUED], issued, reported);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *issued = state_one(s, S_ISSUED), *other = state_one(s, S_OTHER);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	instant done = done_at(s, other);
	c[C_STATE] = cell_name(issued ? "counted" : "pending");
	c[C_STATUS] = done != INSTANT_NONE ? cell_name("done") : other ? cell_text(other->fields[F_STATUS].text) : cell_name("not_followed");
	c[C_DONE] = cell_time(done);
	if (issued)
		derive_issued(b, issued, derived_day(b, done), c, d);
	else
		derived_flag(d, "pending", TEXT_NONE);
}

static const char *const key[] = {"finding_id", NULL};

const struct kind kind_finding = {
	.name = "finding",
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
