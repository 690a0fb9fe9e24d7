// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/derived.h"

#include <stdio.h>
#include <string.h>

/* Room for one more element; NULL and d->failed when out of memory. */
static void *grow(struct derived *d, void *array, size_t n, size_t *size, size_t element, size_t first)
{
	void *room = arena_grow(d->arena, array, n, size, element, first);
	d->failed |= !room;
	return room;
}

struct cell *derived_row(struct derived *d)
{
	size_t size = d->kind->n_columns * sizeof *d->cells;
	struct cell *cells = grow(d, d->cells, d->n_rows, &d->size_rows, size, 1);
	if (!cells)
		return NULL;
	d->cells = cells;
	return memset(&cells[d->n_rows++ * d->kind->n_columns], 0, size);
}

struct cell cell_text(struct text t)
{
	return (struct cell){.present = t.p != NULL, .text = t};
}

struct cell cell_name(const char *name)
{
	return cell_text(text_of(name));
}

struct cell cell_integer(int64_t n)
{
	return (struct cell){.present = true, .integer = n};
}

struct cell cell_day(day_number day)
{
	return (struct cell){.present = day != DAY_NONE, .day = day};
}

struct cell cell_time(instant time)
{
	return (struct cell){.present = time != INSTANT_NONE, .time = time};
}

static struct cell cell_of(enum field_type type, const struct value *v)
{
	if (!v->present)
		return (struct cell){0};
	switch (type) {
	case FIELD_TEXT:
	case FIELD_UNIT:
	case FIELD_ENUM:
	case FIELD_PERIOD:
		return cell_text(v->text);
	case FIELD_INTEGER:
		return cell_integer(v->integer);
	case FIELD_DECIMAL:
		return (struct cell){.present = true, .numeric = v->decimal};
	case FIELD_TIME:
		return cell_time(v->time);
	case FIELD_DATE:
		return cell_day(v->day);
	case FIELD_ANSWERS:
		break; /* no column has this form */
	}
	return (struct cell){0};
}

void derived_fields(struct cell *cells, const struct event_type *t, const struct value *fields, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++)
		cells[i - first] = cell_of(t->fields[i].type, &fields[i]);
}

void derived_origin(struct cell *cells, const struct origin *o)
{
	if (!o->topic.p)
		return;
	cells[0] = cell_text(o->topic);
	cells[1] = cell_integer(o->partition);
	cells[2] = cell_integer(o->offset);
}

static void put(struct derived *d, uint32_t unit, day_number day, const char *measure, struct text dimension, decimal value)
{
	struct contribution *c = grow(d, d->contributions, d->n_contributions, &d->size_contributions, sizeof *c, 32);
	if (!c)
		return;
	d->contributions = c;
	c[d->n_contributions++] = (struct contribution){unit, day, measure, dimension, value};
}

void derived_measure(struct derived *d, uint32_t unit, day_number day, const char *measure, struct text dimension, decimal value)
{
	if (unit != UNIT_NONE && value.micro != 0)
		put(d, units_attribute(d->basis->units, unit, day), day, measure, dimension, value);
}

void derived_count(struct derived *d, uint32_t unit, day_number day, const char *measure, int64_t n)
{
	if (day != DAY_NONE)
		derived_measure(d, unit, day, measure, TEXT(""), decimal_of(n));
}

void derived_dimension(struct derived *d, uint32_t unit, day_number day, const char *measure, const char *key, struct text value, decimal amount)
{
	if (!value.p)
		return;
	size_t k = strlen(key);
	char *p = arena_alloc(d->arena, k + 1 + value.n);
	if (!p) {
		d->failed = true;
		return;
	}
	memcpy(p, key, k);
	p[k] = '=';
	memcpy(p + k + 1, value.p, value.n);
	derived_measure(d, unit, day, measure, (struct text){p, k + 1 + value.n}, amount);
}

void derived_stock(struct derived *d, uint32_t unit, day_number first, day_number end, const char *measure)
{
	if (unit == UNIT_NONE || (end != DAY_NONE && end <= first))
		return;
	const decimal one = decimal_of(1), less = decimal_of(-1);
	uint32_t owner = units_attribute(d->basis->units, unit, first);
	put(d, owner, first, measure, TEXT(""), one);
	for (const struct unit *u = &d->basis->units->all[owner]; u->valid_to != DAY_NONE && u->successor != UNIT_NONE; u = &d->basis->units->all[owner]) {
		/* first is attributed to the owner, so its successor takes over after its last day, unless it ended before it was asked */
		day_number handover = u->valid_to + 1;
		if (end != DAY_NONE && handover >= end)
			break;
		put(d, owner, handover, measure, TEXT(""), less);
		owner = units_attribute(d->basis->units, owner, handover);
		put(d, owner, handover, measure, TEXT(""), one);
	}
	if (end != DAY_NONE)
		put(d, owner, end, measure, TEXT(""), less);
}

void derived_flag(struct derived *d, const char *name, struct text detail)
{
	const size_t row = d->n_rows ? d->n_rows - 1 : 0;
	for (size_t i = 0; i < d->n_flags; i++)
		if (d->flags[i].row == row && !strcmp(d->flags[i].name, name) && text_equal(d->flags[i].detail, detail))
			return;
	struct flag *f = grow(d, d->flags, d->n_flags, &d->size_flags, sizeof *f, 4);
	if (!f)
		return;
	d->flags = f;
	f[d->n_flags++] = (struct flag){name, detail, row};
}

static bool has_revision(const struct event_type *t)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i].revision)
			return true;
	return false;
}

void derived_fact_flags(struct derived *d, const struct event_type *t, const struct member *m, day_number day)
{
	const struct units *u = d->basis->units;
	if (m->conflicts)
		derived_flag(d, has_revision(t) ? "conflicting_revision" : "conflicting_facts", TEXT_NONE);
	if (d->unit != UNIT_NONE && !units_valid_on(u, units_attribute(u, d->unit, day), day))
		derived_flag(d, "unit_not_valid", TEXT_NONE);
}

void derived_no_calendar(struct derived *d, int year)
{
	char *p = arena_alloc(d->arena, 12);
	if (!p) {
		d->failed = true;
		return;
	}
	int n = snprintf(p, 12, "%d", year);
	derived_flag(d, "no_calendar", (struct text){p, (size_t)n});
}

day_number derived_due(struct derived *d, const struct deadline *deadline, day_number start)
{
	day_number due = DAY_NONE;
	int year;
	if (!deadline)
		return DAY_NONE;
	switch (deadline->kind) {
	case DEADLINE_NONE:
		break;
	case DEADLINE_CALENDAR:
		due = start + deadline->days;
		break;
	case DEADLINE_DATE:
		due = day_from_civil(civil_from_day(start).year + 1, deadline->month, deadline->day);
		break;
	case DEADLINE_WORKING:
		if (calendar_add(d->basis->calendar, start, deadline->days, &due, &year) == CALENDAR_UNKNOWN_YEAR)
			derived_no_calendar(d, year);
		break;
	}
	return due;
}

day_number derived_ruled_due(struct derived *d, const char *name, struct text sub, day_number start)
{
	const struct ruleset *rules = rulesets_deadlines_on(d->basis->rulesets, start);
	if (!rules) {
		derived_flag(d, "no_ruleset", TEXT_NONE);
		return DAY_NONE;
	}
	return derived_due(d, ruleset_deadline(rules, name, sub), start);
}

day_number derived_day(const struct basis *b, instant t)
{
	return t == INSTANT_NONE ? DAY_NONE : zone_day(b->zone, t);
}
