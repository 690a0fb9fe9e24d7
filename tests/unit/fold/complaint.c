// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The rules of semantics §3.1, §6 and §11, one by one. */
#include "../suite.h"
#include "world.h"

static struct world w;
static struct ledger l;

static void setup(void)
{
	world_init(&w);
	ck_assert_int_eq(ledger_init(&l), 0);
}

static void teardown(void)
{
	ledger_deinit(&l);
	world_deinit(&w);
}

static struct entity *fold_events(const struct event *events, size_t n)
{
	static struct item items[5000];
	for (size_t i = 0; i < n; i++)
		items[i] = (struct item){.event = events[i]};
	ck_assert_int_eq(ledger_open(&l, &w.basis, items, n), 0);
	ck_assert_int_eq(ledger_fold(&l), 0);
	ck_assert_int_eq(ledger_settle(&l), 0);
	return l.n_entities ? l.entities[0] : NULL;
}
#define FOLD(...) fold_events((struct event[]){__VA_ARGS__}, sizeof((struct event[]){__VA_ARGS__}) / sizeof(struct event))

static const struct cell *cell(const struct entity *e, const char *column)
{
	for (size_t i = 0; i < e->kind->n_columns; i++)
		if (!strcmp(e->kind->columns[i].name, column))
			return &e->derived.cells[i];
	ck_abort_msg("no column %s", column);
	return NULL;
}

static void assert_text(const struct entity *e, const char *column, const char *want)
{
	const struct cell *c = cell(e, column);
	ck_assert_msg(c->present == (want != NULL) && (!want || text_is(c->text, want)), "%s: %.*s, not %s", column, TEXT_ARG(c->text), want ? want : "null");
}

static void assert_day(const struct entity *e, const char *column, const char *want)
{
	day_number day = DAY_NONE;
	if (want)
		ck_assert_int_eq(date_parse(text_of(want), &day), 0);
	const struct cell *c = cell(e, column);
	ck_assert_msg(c->present == (want != NULL) && (!want || c->day == day), "%s: not %s", column, want ? want : "null");
}

/* The value of a measure on a day, from the deltas of a ledger that started from nothing. */
static int value(const char *unit, const char *day, const char *measure, const char *dimension)
{
	day_number d;
	ck_assert_int_eq(date_parse(text_of(day), &d), 0);
	uint32_t u = units_find(&w.units, text_of(unit));
	for (size_t i = 0; i < l.n_deltas; i++) {
		const struct delta *x = l.deltas[i];
		if (x->unit == u && text_is(x->series->measure, measure) && text_is(x->series->dimension, dimension) && x->month == period_of(GRAIN_MONTH, d).first)
			return (int)(x->day[d - x->month].micro / DECIMAL_ONE);
	}
	return 0;
}
#define VALUE(unit, day, measure) value(unit, day, measure, "")

static bool flagged(const struct entity *e, const char *name, const char *detail)
{
	for (size_t i = 0; i < e->derived.n_flags; i++)
		if (!strcmp(e->derived.flags[i].name, name) && (detail ? text_is(e->derived.flags[i].detail, detail) : !e->derived.flags[i].detail.p))
			return true;
	return false;
}

#define E(what, time, ...) world_event(&w, what, time "+07:00", "x", ##__VA_ARGS__, NULL)
#define RECEIVED RECEIVED_AT(&w, "2024-03-25T09:00:00+07:00", UNIT_A, "complaint")

START_TEST(deadlines_and_intake)
{
	struct entity *e = FOLD(RECEIVED);
	assert_text(e, "complaint_state", "received");
	assert_day(e, "response_due_on", "2024-04-02");
	assert_day(e, "resolution_due_on", "2024-04-23");
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-25", "complaint.received"), 1);
	ck_assert_int_eq(value(UNIT_A, "2024-03-25", "complaint.received", "class=complaint"), 1);
	ck_assert_int_eq(value(UNIT_A, "2024-03-25", "complaint.received", "channel=web"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-25", "complaint.open"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-24", "complaint.overdue"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.response_due"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-23", "complaint.resolution_due"), 1);
	ck_assert_uint_eq(e->derived.n_flags, 0);
}
END_TEST

START_TEST(the_day_is_the_zones)
{
	FOLD(RECEIVED_AT(&w, "2024-03-24T17:00:00Z", UNIT_A, "complaint"));
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-25", "complaint.received"), 1);
	FOLD(RECEIVED_AT(&w, "2024-03-24T16:59:59.999999Z", UNIT_A, "complaint"));
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-24", "complaint.received"), 1);
}
END_TEST

START_TEST(answer_and_resolution)
{
	struct entity *e = FOLD(RECEIVED, E("responded", "2024-03-27T10:00:00"), E("resolved", "2024-04-02T10:00:00"), E("resolved", "2024-04-03T10:00:00"));
	assert_text(e, "complaint_state", "resolved");
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-27", "complaint.responses"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-27", "complaint.response_days"), 2);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.response_on_time"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.resolved"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.resolution_days"), 5);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-03", "complaint.resolved"), 0);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-23", "complaint.resolution_on_time"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-23", "complaint.due_resolved"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.open"), -1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-24", "complaint.overdue"), 0);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.first_resolved"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.reopened"), 0);
}
END_TEST

START_TEST(reopening)
{
	struct entity *e = FOLD(RECEIVED, E("resolved", "2024-03-26T10:00:00"), E("reopened", "2024-03-27T10:00:00"));
	assert_text(e, "complaint_state", "reopened");
	ck_assert(!cell(e, "resolved_at")->present);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-26", "complaint.first_resolved"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-26", "complaint.reopened"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-26", "complaint.resolved"), 0);
	/* strictly later than the last reopening */
	e = FOLD(RECEIVED, E("resolved", "2024-03-26T10:00:00"), E("reopened", "2024-03-26T10:00:00"));
	assert_text(e, "complaint_state", "reopened");
	ck_assert(!flagged(e, "reopened_without_resolved", NULL));
	e = FOLD(RECEIVED, E("reopened", "2024-03-26T10:00:00"), E("resolved", "2024-03-27T10:00:00"));
	assert_text(e, "complaint_state", "resolved");
	ck_assert(flagged(e, "reopened_without_resolved", NULL));
	ck_assert_int_eq((int)cell(e, "reopened_count")->integer, 1);
}
END_TEST

START_TEST(routing_and_misrouting)
{
	struct entity *e = FOLD(RECEIVED, E("misrouted", "2024-03-26T10:00:00"), E("forwarded", "2024-03-27T10:00:00", "unit", UNIT_D), E("misrouted", "2024-03-27T10:00:00"),
				E("misrouted", "2024-03-28T10:00:00"), E("forwarded", "2024-03-29T10:00:00", "unit", UNIT_B));
	ck_assert_uint_eq(e->derived.unit, units_find(&w.units, TEXT(UNIT_B)));
	assert_text(e, "complaint_state", "forwarded");
	ck_assert_int_eq(VALUE(UNIT_B, "2024-03-25", "complaint.received"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-26", "complaint.misrouted"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-27", "complaint.misrouted"), 1); /* at the very time of forwarding: still the unit before */
	ck_assert_int_eq(VALUE(UNIT_D, "2024-03-28", "complaint.misrouted"), 1);
	e = FOLD(RECEIVED, E("forwarded", "2024-03-27T10:00:00", "unit", UNIT_D), E("misrouted", "2024-03-27T10:00:01"));
	assert_text(e, "complaint_state", "misrouted");
}
END_TEST

START_TEST(terminal_states)
{
	struct entity *e = FOLD(RECEIVED, E("archived", "2024-03-26T10:00:00", "reason", "duplicate"), E("resolved", "2024-03-27T10:00:00"));
	assert_text(e, "complaint_state", "archived");
	assert_text(e, "archive_reason", "duplicate");
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-26", "complaint.archived"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-27", "complaint.resolved"), 0);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-23", "complaint.resolution_due"), 0);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-25", "complaint.received"), 1);
	e = FOLD(RECEIVED, E("archived", "2024-03-26T10:00:00", "reason", "duplicate"), E("withdrawn", "2024-03-28T10:00:00"));
	assert_text(e, "complaint_state", "withdrawn");
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-28", "complaint.withdrawn"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-28", "complaint.open"), -1);
	/* left before it was received: never open */
	FOLD(RECEIVED, E("withdrawn", "2024-03-20T10:00:00"));
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-25", "complaint.open"), 0);
}
END_TEST

START_TEST(pending_counts_nothing)
{
	struct entity *e = FOLD(E("resolved", "2024-03-26T10:00:00"), E("forwarded", "2024-03-25T10:00:00", "unit", UNIT_D));
	assert_text(e, "complaint_state", "pending");
	ck_assert_uint_eq(e->derived.unit, units_find(&w.units, TEXT(UNIT_D)));
	ck_assert(cell(e, "resolved_at")->present && !cell(e, "received_at")->present);
	ck_assert(flagged(e, "pending", NULL));
	ck_assert_uint_eq(l.n_deltas, 0);
}
END_TEST

START_TEST(contradictions_are_left_out_of_durations_only)
{
	struct entity *e = FOLD(RECEIVED, E("resolved", "2024-03-22T10:00:00"));
	assert_text(e, "complaint_state", "resolved");
	ck_assert(flagged(e, "resolved_before_received", NULL));
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-22", "complaint.resolved"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-22", "complaint.resolutions"), 0);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-23", "complaint.resolution_due"), 0);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-04-02", "complaint.response_due"), 0);
	/* earlier on the same day is no contradiction */
	e = FOLD(RECEIVED, E("resolved", "2024-03-25T01:00:00"));
	ck_assert_uint_eq(e->derived.n_flags, 0);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-25", "complaint.resolutions"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-25", "complaint.resolution_days"), 0);
}
END_TEST

START_TEST(corrections_and_conflicts)
{
	/* a second registration cannot restart the clock; the same time with a larger id corrects */
	struct event later = world_event(&w, "received", "2024-03-26T09:00:00+07:00", "z", "unit", UNIT_D, "class", "aspiration", "channel", "sms", NULL);
	struct event larger = world_event(&w, "received", "2024-03-25T09:00:00+07:00", "ra", "unit", UNIT_B, "class", "aspiration", "channel", "sms", NULL);
	struct entity *e = FOLD(RECEIVED, later);
	assert_text(e, "class", "complaint");
	ck_assert(flagged(e, "conflicting_facts", NULL));
	e = FOLD(larger, RECEIVED);
	assert_text(e, "class", "aspiration");
	struct event same = world_event(&w, "received", "2024-03-28T09:00:00+07:00", "q", "unit", UNIT_A, "class", "complaint", "channel", "web", NULL);
	e = FOLD(RECEIVED, same);
	ck_assert(!flagged(e, "conflicting_facts", NULL));
	e = FOLD(RECEIVED, E("rated", "2024-03-27T10:00:00", "rating", "2"), E("rated", "2024-03-28T10:00:00", "rating", "5"));
	ck_assert_int_eq((int)cell(e, "rating")->integer, 5);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-28", "complaint.rating_sum"), 5);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-03-27", "complaint.ratings"), 0);
}
END_TEST

START_TEST(successors_take_stocks_and_later_facts)
{
	struct entity *e = FOLD(RECEIVED_AT(&w, "2024-06-28T09:00:00+07:00", UNIT_C, "complaint"), E("resolved", "2024-07-05T10:00:00"));
	ck_assert_int_eq(VALUE(UNIT_C, "2024-06-28", "complaint.open"), 1);
	ck_assert_int_eq(VALUE(UNIT_C, "2024-07-01", "complaint.open"), -1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-07-01", "complaint.open"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-07-05", "complaint.open"), -1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-07-05", "complaint.resolved"), 1);
	ck_assert_int_eq(VALUE(UNIT_C, "2024-06-28", "complaint.received"), 1);
	ck_assert_uint_eq(e->derived.unit, units_find(&w.units, TEXT(UNIT_C)));
	/* ended on the unit's last day: no hand-over */
	FOLD(RECEIVED_AT(&w, "2024-06-28T09:00:00+07:00", UNIT_C, "complaint"), E("resolved", "2024-07-01T10:00:00"));
	ck_assert_int_eq(VALUE(UNIT_C, "2024-07-01", "complaint.open"), -1);
	ck_assert_int_eq(VALUE(UNIT_A, "2024-07-01", "complaint.open"), 0);
	e = FOLD(RECEIVED_AT(&w, "2019-06-28T09:00:00+07:00", UNIT_A, "complaint"));
	ck_assert(flagged(e, "unit_not_valid", NULL));
	ck_assert(flagged(e, "no_calendar", "2019"));
	assert_day(e, "response_due_on", NULL);
}
END_TEST

START_TEST(without_a_calendar_or_ruleset)
{
	struct entity *e = FOLD(RECEIVED_AT(&w, "2025-12-30T09:00:00+07:00", UNIT_A, "complaint"), E("resolved", "2026-01-05T10:00:00"));
	ck_assert(flagged(e, "no_calendar", "2026"));
	ck_assert_uint_eq(e->derived.n_flags, 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2026-01-05", "complaint.resolved"), 1);
	ck_assert_int_eq(VALUE(UNIT_A, "2026-01-05", "complaint.resolutions"), 0);
	struct ruleset narrow = world_ruleset;
	narrow.valid_from = day_from_civil(2030, 1, 1);
	w.rulesets.all = &narrow;
	e = FOLD(RECEIVED);
	ck_assert(flagged(e, "no_ruleset", NULL));
	assert_day(e, "response_due_on", NULL);
	w.rulesets.all = &world_ruleset;
}
END_TEST

START_TEST(the_clock_may_start_later)
{
	struct ruleset later = world_ruleset;
	later.sla_start = TEXT("forwarded");
	w.rulesets.all = &later;
	struct entity *e = FOLD(RECEIVED);
	assert_day(e, "response_due_on", NULL);
	e = FOLD(RECEIVED, E("forwarded", "2024-03-27T10:00:00", "unit", UNIT_D), E("responded", "2024-03-26T10:00:00"));
	assert_day(e, "response_due_on", "2024-04-04");
	ck_assert_int_eq(VALUE(UNIT_D, "2024-04-04", "complaint.response_due"), 0); /* answered before the clock started */
	ck_assert_int_eq(VALUE(UNIT_D, "2024-04-18", "complaint.resolution_due") + VALUE(UNIT_D, "2024-04-25", "complaint.resolution_due"), 1);
	w.rulesets.all = &world_ruleset;
}
END_TEST

START_TEST(an_unknown_unit_waits)
{
	ck_assert_ptr_null(FOLD(RECEIVED_AT(&w, "2024-03-25T09:00:00Z", "1.01.0.00.0.00.09.0000", "complaint")));
	ck_assert_int_eq(l.verdicts[0].reason, REASON_UNKNOWN_UNIT);
	ck_assert(text_is(l.verdicts[0].detail, "1.01.0.00.0.00.09.0000"));
}
END_TEST

START_TEST(facts_are_bounded)
{
	static struct event events[FACTS_MAX + 3];
	for (int i = 0; i < FACTS_MAX + 2; i++) {
		events[i] = E("reopened", "2024-03-26T10:00:00");
		events[i].time += i;
	}
	events[FACTS_MAX + 2] = events[0]; /* known already: no new fact */
	struct entity *e = fold_events(events, FACTS_MAX + 3);
	ck_assert_int_eq((int)cell(e, "reopened_count")->integer, FACTS_MAX);
	ck_assert_int_eq(l.verdicts[FACTS_MAX - 1].reason, REASON_NONE);
	ck_assert_int_eq(l.verdicts[FACTS_MAX].reason, REASON_TOO_MANY_FACTS);
	ck_assert(text_is(l.verdicts[FACTS_MAX].detail, "id.go.opd.complaint.reopened.v1"));
	ck_assert_int_eq(l.verdicts[FACTS_MAX + 2].reason, REASON_NONE);
}
END_TEST

SUITE_WITH("complaint", setup, teardown, deadlines_and_intake, the_day_is_the_zones, answer_and_resolution, reopening, routing_and_misrouting,
	terminal_states, pending_counts_nothing, contradictions_are_left_out_of_durations_only, corrections_and_conflicts,
	successors_take_stocks_and_later_facts, without_a_calendar_or_ruleset, the_clock_may_start_later, an_unknown_unit_waits, facts_are_bounded)
