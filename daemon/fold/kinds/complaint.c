// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * complaint: a case of the public complaint desk (semantics §3.1, §6; SP4N-LAPOR!, PermenPANRB 62/2018, Perpres 76/2013, UU 25/2009).
 */
#include "daemon/record/derived.h"

enum { RECEIVED, VERIFIED, RESPONDED, RESOLVED, REOPENED, MISROUTED, WITHDRAWN, FORWARDED, ARCHIVED, RATED, N_TYPES };

static const char *const classes[] = {"information_request", "complaint", "supervisory", "aspiration", NULL};

#define COMPLAINT_ID FIELD_OF_ID("complaint_id")

static const struct field id_only[] = {COMPLAINT_ID};
static const struct field received_fields[] = {
	COMPLAINT_ID,
	FIELD_OF_UNIT,
	{.name = "class", .type = FIELD_ENUM, .values = classes},
	{.name = "channel", .type = FIELD_TEXT, .max = 256},
	{.name = "category", .type = FIELD_TEXT, .max = 256, .optional = true},
};
enum { F_UNIT = 1, F_CLASS, F_CHANNEL, F_CATEGORY };
static const struct field forwarded_fields[] = {COMPLAINT_ID, FIELD_OF_UNIT};
static const struct field archived_fields[] = {COMPLAINT_ID, {.name = "reason", .type = FIELD_TEXT, .max = 256}};
enum { F_REASON = 1 };
static const struct field rated_fields[] = {COMPLAINT_ID, {.name = "rating", .type = FIELD_INTEGER, .min = 1, .max = 5}};
enum { F_RATING = 1 };

#define TYPE(what, list) {EVENT_TYPE("complaint." what, list)}
static const struct event_type types[N_TYPES] = {
	[RECEIVED] = TYPE("received", received_fields),	   [VERIFIED] = TYPE("verified", id_only),
	[RESPONDED] = TYPE("responded", id_only),	   [RESOLVED] = TYPE("resolved", id_only),
	[REOPENED] = TYPE("reopened", id_only),		   [MISROUTED] = TYPE("misrouted", id_only),
	[WITHDRAWN] = TYPE("withdrawn", id_only),	   [FORWARDED] = TYPE("forwarded", forwarded_fields),
	[ARCHIVED] = TYPE("archived", archived_fields), [RATED] = TYPE("rated", rated_fields),
};

/* One slot a type, under the type's own number. */
static const struct slot slots[N_TYPES] = {
	[RECEIVED] = {.type = RECEIVED, .keep = KEEP_EARLIEST, .conflicts = true},
	[VERIFIED] = {.type = VERIFIED, .keep = KEEP_EARLIEST},
	[RESPONDED] = {.type = RESPONDED, .keep = KEEP_EARLIEST},
	[RESOLVED] = {.type = RESOLVED, .keep = KEEP_EACH_TIME},
	[REOPENED] = {.type = REOPENED, .keep = KEEP_EACH_TIME},
	[MISROUTED] = {.type = MISROUTED, .keep = KEEP_EACH_TIME},
	[WITHDRAWN] = {.type = WITHDRAWN, .keep = KEEP_EARLIEST},
	[FORWARDED] = {.type = FORWARDED, .keep = KEEP_EACH_TIME},
	[ARCHIVED] = {.type = ARCHIVED, .keep = KEEP_EARLIEST},
	[RATED] = {.type = RATED, .keep = KEEP_HIGHEST},
};

enum {
	C_CLASS, C_CHANNEL, C_CATEGORY, C_STATE, C_RECEIVED, C_VERIFIED, C_FORWARDED, C_RESPONDED, C_RESOLVED, C_ARCHIVED, C_REASON, C_WITHDRAWN, C_REOPENED,
	C_RATING, C_RESPONSE_DUE, C_RESOLUTION_DUE, N_COLUMNS
};
static const struct column columns[N_COLUMNS] = {
	[C_CLASS] = {"class", COLUMN_TEXT},
	[C_CHANNEL] = {"channel", COLUMN_TEXT},
	[C_CATEGORY] = {"category", COLUMN_TEXT},
	[C_STATE] = {"complaint_state", COLUMN_TEXT},
	[C_RECEIVED] = {"received_at", COLUMN_TIMESTAMPTZ},
	[C_VERIFIED] = {"verified_at", COLUMN_TIMESTAMPTZ},
	[C_FORWARDED] = {"forwarded_at", COLUMN_TIMESTAMPTZ},
	[C_RESPONDED] = {"responded_at", COLUMN_TIMESTAMPTZ},
	[C_RESOLVED] = {"resolved_at", COLUMN_TIMESTAMPTZ},
	[C_ARCHIVED] = {"archived_at", COLUMN_TIMESTAMPTZ},
	[C_REASON] = {"archive_reason", COLUMN_TEXT},
	[C_WITHDRAWN] = {"withdrawn_at", COLUMN_TIMESTAMPTZ},
	[C_REOPENED] = {"reopened_count", COLUMN_INT4},
	[C_RATING] = {"rating", COLUMN_INT4},
	[C_RESPONSE_DUE] = {"response_due_on", COLUMN_DATE},
	[C_RESOLUTION_DUE] = {"resolution_due_on", COLUMN_DATE},
};

enum life { PENDING, WITHDREW, ARCHIVE, DONE, ASTRAY, REOPEN, IN_PROGRESS, PASSED_ON, CHECKED, OPEN };
static const char *const life_names[] = {
	[PENDING] = "pending", [WITHDREW] = "withdrawn", [ARCHIVE] = "archived", [DONE] = "resolved", [ASTRAY] = "misrouted", [REOPEN] = "reopened",
	[IN_PROGRESS] = "in_progress", [PASSED_ON] = "forwarded", [CHECKED] = "verified", [OPEN] = "received",
};

/* The facts of a case, as its state holds them, and what follows from them. */
struct facts {
	const struct member *received, *verified, *responded, *withdrawn, *archived, *rated, *owner; /* owner: the `forwarded` that sets the unit */
	const struct member *resolved, *reopened, *misrouted, *forwarded;
	size_t n_resolved, n_reopened, n_misrouted, n_forwarded;
	instant resolved_at, first_answer;
	enum life life;
	uint32_t unit, first_unit; /* first_unit: of `received` */
	/* known once received */
	day_number received_day, start_day, answer_day, resolved_day, left_day, response_due, resolution_due;
	bool answer_contradicts, resolution_contradicts;
};

static void read_state(const struct state *s, struct facts *f)
{
	f->received = state_one(s, RECEIVED);
	f->verified = state_one(s, VERIFIED);
	f->responded = state_one(s, RESPONDED);
	f->withdrawn = state_one(s, WITHDRAWN);
	f->archived = state_one(s, ARCHIVED);
	f->rated = state_one(s, RATED);
	f->resolved = state_slot(s, RESOLVED, &f->n_resolved);
	f->reopened = state_slot(s, REOPENED, &f->n_reopened);
	f->misrouted = state_slot(s, MISROUTED, &f->n_misrouted);
	f->forwarded = state_slot(s, FORWARDED, &f->n_forwarded);
	f->owner = f->n_forwarded ? &f->forwarded[f->n_forwarded - 1] : NULL;
}

/* The earliest resolution later than the last reopening; none: INSTANT_NONE. */
static instant resolved_at(const struct facts *f)
{
	instant after = f->n_reopened ? f->reopened[f->n_reopened - 1].time : INSTANT_NONE;
	for (size_t i = 0; i < f->n_resolved; i++)
		if (f->resolved[i].time > after)
			return f->resolved[i].time;
	return INSTANT_NONE;
}

static instant first_answer(const struct facts *f)
{
	instant response = f->responded ? f->responded->time : INSTANT_NONE;
	instant resolution = f->n_resolved ? f->resolved[0].time : INSTANT_NONE;
	if (response == INSTANT_NONE || resolution == INSTANT_NONE)
		return response == INSTANT_NONE ? resolution : response;
	return response < resolution ? response : resolution;
}

static enum life life(const struct facts *f)
{
	if (!f->received)
		return PENDING;
	if (f->withdrawn)
		return WITHDREW;
	if (f->archived)
		return ARCHIVE;
	if (f->resolved_at != INSTANT_NONE)
		return DONE;
	if (f->n_misrouted && (!f->owner || f->misrouted[f->n_misrouted - 1].time > f->owner->time))
		return ASTRAY;
	if (f->n_reopened)
		return REOPEN;
	if (f->responded)
		return IN_PROGRESS;
	return f->owner ? PASSED_ON : f->verified ? CHECKED : OPEN;
}

static day_number day_of_member(const struct basis *b, const struct member *m)
{
	return m ? zone_day(b->zone, m->time) : DAY_NONE;
}

/* When the clock starts under the ruleset; INSTANT_NONE: not yet. */
static instant clock_start(const struct facts *f, const struct ruleset *rules)
{
	const struct member *gate = f->received;
	if (text_is(rules->sla_start, "verified"))
		gate = f->verified;
	else if (text_is(rules->sla_start, "forwarded"))
		gate = f->owner;
	if (!gate)
		return INSTANT_NONE;
	return gate->time > f->received->time ? gate->time : f->received->time;
}

static void set_deadlines(struct derived *d, const struct basis *b, struct facts *f)
{
	const struct ruleset *rules = rulesets_deadlines_on(b->rulesets, f->received_day);
	f->start_day = f->response_due = f->resolution_due = DAY_NONE;
	if (!rules) {
		derived_flag(d, "no_ruleset", TEXT_NONE);
		return;
	}
	f->start_day = derived_day(b, clock_start(f, rules));
	if (f->start_day == DAY_NONE)
		return;
	f->response_due = derived_due(d, ruleset_deadline(rules, "response", TEXT_NONE), f->start_day);
	f->resolution_due = derived_due(d, ruleset_deadline(rules, "resolution", f->received->fields[F_CLASS].text), f->start_day);
}

/* Until which day the case is open: the stock counts it from the received day to the day before. DAY_NONE: open still. */
static day_number left_day(const struct basis *b, const struct facts *f)
{
	day_number end = f->life == WITHDREW ? day_of_member(b, f->withdrawn)
			 : f->life == ARCHIVE ? day_of_member(b, f->archived)
			 : f->life == DONE    ? f->resolved_day
					      : DAY_NONE;
	return end != DAY_NONE && end < f->received_day ? f->received_day : end;
}

static void set_days(struct derived *d, const struct basis *b, struct facts *f)
{
	f->received_day = day_of_member(b, f->received);
	f->answer_day = derived_day(b, f->first_answer);
	f->resolved_day = derived_day(b, f->resolved_at);
	f->left_day = left_day(b, f);
	set_deadlines(d, b, f);
	/* Judged on days: many facts are typed in with a date only. */
	f->answer_contradicts = f->start_day != DAY_NONE && f->answer_day != DAY_NONE && f->answer_day < f->start_day;
	f->resolution_contradicts = f->start_day != DAY_NONE && f->resolved_day != DAY_NONE && f->resolved_day < f->start_day;
}

/* A duration in working days, on the day it ended; nothing when the clock has no start or the calendar does not reach. */
static void count_duration(struct derived *d, const struct basis *b, const struct facts *f, day_number end, const char *number, const char *days)
{
	int hk, year;
	if (f->start_day == DAY_NONE || end == DAY_NONE)
		return;
	if (calendar_between(b->calendar, f->start_day, end, &hk, &year) == CALENDAR_UNKNOWN_YEAR) {
		derived_no_calendar(d, year);
		return;
	}
	derived_count(d, f->unit, end, number, 1);
	derived_count(d, f->unit, end, days, hk);
}

static void contribute_intake(struct derived *d, const struct facts *f)
{
	const struct value *v = f->received->fields;
	derived_count(d, f->unit, f->received_day, "complaint.received", 1);
	derived_dimension(d, f->unit, f->received_day, "complaint.received", "class", v[F_CLASS].text, decimal_of(1));
	derived_dimension(d, f->unit, f->received_day, "complaint.received", "channel", v[F_CHANNEL].text, decimal_of(1));
	if (v[F_CATEGORY].present)
		derived_dimension(d, f->unit, f->received_day, "complaint.received", "category", v[F_CATEGORY].text, decimal_of(1));
}

static void contribute_end(struct derived *d, const struct basis *b, const struct facts *f)
{
	if (f->life == DONE)
		derived_count(d, f->unit, f->resolved_day, "complaint.resolved", 1);
	else if (f->life == ARCHIVE)
		derived_count(d, f->unit, day_of_member(b, f->archived), "complaint.archived", 1);
	else if (f->life == WITHDREW)
		derived_count(d, f->unit, day_of_member(b, f->withdrawn), "complaint.withdrawn", 1);
}

/* Each goes to the unit that owned the case then: that of the last `forwarded` strictly before it. */
static void contribute_misrouted(struct derived *d, const struct basis *b, const struct facts *f)
{
	size_t next = 0;
	for (size_t i = 0; i < f->n_misrouted; i++) {
		while (next < f->n_forwarded && f->forwarded[next].time < f->misrouted[i].time)
			next++;
		uint32_t unit = next ? units_find(b->units, f->forwarded[next - 1].fields[F_UNIT].text) : f->first_unit;
		derived_count(d, unit, day_of_member(b, &f->misrouted[i]), "complaint.misrouted", 1);
	}
}

static void contribute_response(struct derived *d, const struct basis *b, const struct facts *f)
{
	if (f->answer_contradicts)
		return;
	count_duration(d, b, f, f->answer_day, "complaint.responses", "complaint.response_days");
	derived_count(d, f->unit, f->response_due, "complaint.response_due", 1);
	if (f->answer_day != DAY_NONE && f->answer_day <= f->response_due)
		derived_count(d, f->unit, f->response_due, "complaint.response_on_time", 1);
}

static void contribute_resolution(struct derived *d, const struct basis *b, const struct facts *f)
{
	if (f->resolution_contradicts)
		return;
	count_duration(d, b, f, f->resolved_day, "complaint.resolutions", "complaint.resolution_days");
	derived_count(d, f->unit, f->resolution_due, "complaint.resolution_due", 1);
	if (f->resolved_day == DAY_NONE)
		return;
	derived_count(d, f->unit, f->resolution_due, "complaint.due_resolved", 1);
	if (f->resolved_day <= f->resolution_due)
		derived_count(d, f->unit, f->resolution_due, "complaint.resolution_on_time", 1);
}

static void contribute_stocks(struct derived *d, const struct facts *f)
{
	derived_stock(d, f->unit, f->received_day, f->left_day, "complaint.open");
	if (f->resolution_due == DAY_NONE)
		return;
	day_number late = f->resolution_due + 1;
	derived_stock(d, f->unit, late < f->received_day ? f->received_day : late, f->left_day, "complaint.overdue");
}

static void contribute(struct derived *d, const struct basis *b, const struct facts *f)
{
	bool live = f->life != WITHDREW && f->life != ARCHIVE;
	contribute_intake(d, f);
	contribute_end(d, b, f);
	contribute_misrouted(d, b, f);
	contribute_stocks(d, f);
	if (f->rated) {
		derived_count(d, f->unit, day_of_member(b, f->rated), "complaint.ratings", 1);
		derived_count(d, f->unit, day_of_member(b, f->rated), "complaint.rating_sum", f->rated->fields[F_RATING].integer);
	}
	if (!live)
		return;
	contribute_response(d, b, f);
	contribute_resolution(d, b, f);
	if (f->n_resolved) {
		day_number day = day_of_member(b, f->resolved);
		derived_count(d, f->unit, day, "complaint.first_resolved", 1);
		derived_count(d, f->unit, day, "complaint.reopened", f->n_reopened > 0);
	}
}

/* semantics §11 */
static void flag(struct derived *d, const struct basis *b, const struct facts *f)
{
	if (f->n_reopened && (!f->n_resolved || f->resolved[0].time > f->reopened[f->n_reopened - 1].time))
		derived_flag(d, "reopened_without_resolved", TEXT_NONE);
	if (!f->received) {
		derived_flag(d, "pending", TEXT_NONE);
		return;
	}
	const struct {
		const char *name;
		const struct member *earliest;
	} early[] = {
		{"verified_before_received", f->verified},
		{"forwarded_before_received", f->n_forwarded ? f->forwarded : NULL},
		{"responded_before_received", f->responded},
		{"resolved_before_received", f->n_resolved ? f->resolved : NULL},
		{"archived_before_received", f->archived},
		{"withdrawn_before_received", f->withdrawn},
	};
	for (size_t i = 0; i < COUNT(early); i++)
		if (early[i].earliest && day_of_member(b, early[i].earliest) < f->received_day)
			derived_flag(d, early[i].name, TEXT_NONE);
	derived_fact_flags(d, &types[RECEIVED], f->received, f->received_day);
}

static struct cell time_cell(const struct member *m)
{
	return cell_time(m ? m->time : INSTANT_NONE);
}

static void set_columns(struct cell *c, const struct facts *f)
{
	c[C_STATE] = cell_name(life_names[f->life]);
	c[C_RECEIVED] = time_cell(f->received);
	c[C_VERIFIED] = time_cell(f->verified);
	c[C_FORWARDED] = time_cell(f->owner);
	c[C_RESPONDED] = time_cell(f->responded);
	c[C_RESOLVED] = cell_time(f->resolved_at);
	c[C_ARCHIVED] = time_cell(f->archived);
	c[C_WITHDRAWN] = time_cell(f->withdrawn);
	c[C_REOPENED] = cell_integer((int64_t)f->n_reopened);
	if (f->archived)
		c[C_REASON] = cell_text(f->archived->fields[F_REASON].text);
	if (f->rated)
		c[C_RATING] = cell_integer(f->rated->fields[F_RATING].integer);
	if (!f->received)
		return;
	derived_fields(&c[C_CLASS], &types[RECEIVED], f->received->fields, F_CLASS, F_CATEGORY);
	c[C_RESPONSE_DUE] = cell_day(f->response_due);
	c[C_RESOLUTION_DUE] = cell_day(f->resolution_due);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	struct facts f = {0};
	struct cell *row = derived_row(d);
	if (!row)
		return;
	read_state(s, &f);
	f.first_unit = f.received ? units_find(b->units, f.received->fields[F_UNIT].text) : UNIT_NONE;
	f.unit = f.owner ? units_find(b->units, f.owner->fields[F_UNIT].text) : f.first_unit;
	f.resolved_at = resolved_at(&f);
	f.first_answer = first_answer(&f);
	f.life = life(&f);
	d->unit = f.unit;
	if (f.received) {
		set_days(d, b, &f);
		contribute(d, b, &f);
	}
	flag(d, b, &f);
	set_columns(row, &f);
}

static const char *const key[] = {"complaint_id", NULL};

const struct kind kind_complaint = {
	.name = "complaint",
	.topic = "opd.complaint",
	.types = types,
	.n_types = COUNT(types),
	.slots = slots,
	.n_slots = COUNT(slots),
	.key = key,
	.columns = columns,
	.n_columns = COUNT(columns),
	.derive = derive,
};
