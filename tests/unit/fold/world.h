// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A small world for tests of the fold: Asia/Jakarta, the holidays around Idulfitri 2024, the default deadlines, four units (A; B under A; C, succeeded by A after
 * 30 June 2024; D), and complaint events from a few words.
 */
#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/fold/ledger.h"

#define UNIT_A "1.02.0.00.0.00.01.0000"
#define UNIT_B "1.02.0.00.0.00.01.0013"
#define UNIT_C "2.16.2.20.2.21.01.0000"
#define UNIT_D "7.01.0.00.0.00.01.0000"

struct world {
	struct zone *zone;
	struct calendar *calendar;
	struct units units;
	struct rulesets rulesets;
	struct basis basis;
	struct arena *arena;
};

static const char world_calendar[] = "date,type,name,basis\n"
				     "2023-12-25,national,Natal,\n2024-03-29,national,Wafat Yesus Kristus,\n2024-04-08,collective_leave,Cuti,\n"
				     "2024-04-09,collective_leave,Cuti,\n2024-04-10,national,Idulfitri,\n2024-04-11,national,Idulfitri,\n"
				     "2024-04-12,collective_leave,Cuti,\n2024-04-15,collective_leave,Cuti,\n2024-05-01,national,Hari Buruh,\n"
				     "2025-01-01,national,Tahun Baru,\n";

static const struct deadline world_deadlines[] = {
	{.name = {"response", 8}, .kind = DEADLINE_WORKING, .days = 5},
	{.name = {"resolution.information_request", 30}, .kind = DEADLINE_WORKING, .days = 5},
	{.name = {"resolution.complaint", 20}, .kind = DEADLINE_WORKING, .days = 14},
	{.name = {"resolution.supervisory", 22}, .kind = DEADLINE_WORKING, .days = 60},
	{.name = {"resolution.aspiration", 21}, .kind = DEADLINE_WORKING, .days = 14},
	{.name = {"gratification", 13}, .kind = DEADLINE_WORKING, .days = 30},
	{.name = {"finding", 7}, .kind = DEADLINE_CALENDAR, .days = 60},
	{.name = {"performance_report.month", 24}, .kind = DEADLINE_CALENDAR, .days = 10},
	{.name = {"performance_report.quarter", 26}, .kind = DEADLINE_CALENDAR, .days = 15},
	{.name = {"performance_report.semester", 27}, .kind = DEADLINE_CALENDAR, .days = 30},
	{.name = {"performance_report.year", 23}, .kind = DEADLINE_DATE, .month = 3, .day = 31},
};

static struct ruleset world_ruleset = {
	.id = {"test", 4},
	.valid_to = DAY_NONE,
	.has_deadlines = true,
	.sla_start = {"received", 8},
	.deadlines = world_deadlines,
	.n_deadlines = COUNT(world_deadlines),
};

static inline void world_add_unit(struct world *w, const char *code, const char *parent, const char *to, const char *successor)
{
	day_number last = DAY_NONE;
	if (to)
		ck_assert_int_eq(date_parse(text_of(to), &last), 0);
	ck_assert_int_eq(units_add(&w->units, (int32_t)w->units.n + 1, text_of(code), TEXT("Contoh"), TEXT_NONE, text_of(parent),
				   day_from_civil(2020, 1, 1), last, text_of(successor)), 0);
}

static inline void world_init(struct world *w)
{
	struct error err = {""};
	*w = (struct world){0};
	static struct zone *jakarta; /* reading a zone takes milliseconds, and worlds are made by the thousand */
	if (!jakarta)
		ck_assert_msg(zone_new("Asia/Jakarta", &jakarta, &err) == 0, "%s", err.text);
	w->zone = jakarta;
	ck_assert_msg(calendar_parse("test", text_of(world_calendar), true, &w->calendar, &err) == 0, "%s", err.text);
	ck_assert_int_eq(units_init(&w->units), 0);
	world_add_unit(w, UNIT_A, NULL, NULL, NULL);
	world_add_unit(w, UNIT_B, UNIT_A, NULL, NULL);
	world_add_unit(w, UNIT_C, NULL, "2024-06-30", UNIT_A);
	world_add_unit(w, UNIT_D, NULL, NULL, NULL);
	ck_assert_msg(units_link(&w->units, &err) == 0, "%s", err.text);
	world_ruleset.valid_from = day_from_civil(1900, 1, 1);
	w->rulesets = (struct rulesets){.all = &world_ruleset, .n = 1};
	w->basis = (struct basis){w->zone, w->calendar, &w->rulesets, &w->units};
	w->arena = arena_new(1 << 16);
	ck_assert_ptr_nonnull(w->arena);
}

static inline void world_deinit(struct world *w)
{
	calendar_free(w->calendar);
	units_deinit(&w->units);
	arena_free(w->arena);
}

static inline struct value *world_fields(struct world *w, const struct event_type *t)
{
	struct value *v = arena_zalloc(w->arena, t->n_fields * sizeof *v);
	ck_assert_ptr_nonnull(v);
	return v;
}

static inline void world_set(const struct event_type *t, struct value *v, const char *name, const char *s)
{
	for (size_t i = 0; i < t->n_fields; i++) {
		if (strcmp(t->fields[i].name, name) != 0)
			continue;
		v[i] = (struct value){.present = true, .text = text_of(s)};
		if (t->fields[i].type == FIELD_INTEGER)
			v[i].integer = atoi(s);
	}
}

/* "received" at `time` (RFC 3339) with the pairs name, value, … up to NULL beside complaint_id "c". */
static inline struct event world_event(struct world *w, const char *what, const char *time, const char *id, ...)
{
	char name[64];
	snprintf(name, sizeof name, "id.go.opd.complaint.%s.v1", what);
	struct event e = {.id = text_of(id)};
	e.kind = kind_of_type(text_of(name), &e.type);
	ck_assert_msg(e.kind != NULL, "%s", name);
	ck_assert_msg(rfc3339_parse(text_of(time), &e.time) == 0, "%s", time);
	const struct event_type *t = &e.kind->types[e.type];
	struct value *v = world_fields(w, t);
	world_set(t, v, "complaint_id", "c");
	va_list ap;
	va_start(ap, id);
	for (const char *key; (key = va_arg(ap, const char *));)
		world_set(t, v, key, va_arg(ap, const char *));
	va_end(ap);
	e.fields = v;
	return e;
}

#define RECEIVED_AT(w, time, unit, class) world_event(w, "received", time, "r", "unit", unit, "class", class, "channel", "web", NULL)
