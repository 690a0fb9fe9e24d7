// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What every derivation does: note contributions, stocks, flags and deadlines. */
#include <stdio.h>
#include <string.h>

#include "daemon/record/kind.h"

const struct member *state_slot(const struct state *s, unsigned slot, size_t *ret_n)
{
	size_t first = 0;
	while (first < s->n && s->members[first].slot < slot)
		first++;
	size_t end = first;
	while (end < s->n && s->members[end].slot == slot)
		end++;
	*ret_n = end - first;
	return s->n ? s->members + first : NULL;
}

const struct member *state_one(const struct state *s, unsigned slot)
{
	size_t n;
	const struct member *m = state_slot(s, slot, &n);
	return n ? m : NULL;
}

/* Makes room for one more element of `element` bytes in an array that lives in the arena. */
static void *grow(struct derived *d, void *array, size_t n, size_t *size, size_t element)
{
	if (n < *size)
		return array;
	size_t more = *size ? 2 * *size : 32;
	void *wider = arena_alloc(d->arena, more * element);
	if (!wider) {
		d->failed = true;
		return NULL;
	}
	if (n)
		memcpy(wider, array, n * element);
	*size = more;
	return wider;
}

static void put(struct derived *d, uint32_t unit, day_number day, const char *measure, struct text dimension, decimal value)
{
	struct contribution *c = grow(d, d->contributions, d->n_contributions, &d->size_contributions, sizeof *c);
	if (!c)
		return;
	d->contributions = c;
	c[d->n_contributions++] = (struct contribution){unit, day, measure, dimension, value};
}

void derived_measure(struct derived *d, const struct basis *b, uint32_t unit, day_number day, const char *measure, struct text dimension, decimal value)
{
	if (unit != UNIT_NONE && value.micro != 0)
		put(d, units_attribute(b->units, unit, day), day, measure, dimension, value);
}

void derived_dimension(struct derived *d, const struct basis *b, uint32_t unit, day_number day, const char *measure, const char *key, struct text value, decimal amount)
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
	derived_measure(d, b, unit, day, measure, (struct text){p, k + 1 + value.n}, amount);
}

void derived_stock(struct derived *d, const struct basis *b, uint32_t unit, day_number first, day_number end, const char *measure)
{
	if (unit == UNIT_NONE || (end != DAY_NONE && end <= first))
		return;
	const decimal one = decimal_of(1), less = decimal_of(-1);
	uint32_t owner = units_attribute(b->units, unit, first);
	put(d, owner, first, measure, TEXT(""), one);
	for (const struct unit *u = &b->units->all[owner]; u->valid_to != DAY_NONE && u->successor != UNIT_NONE; u = &b->units->all[owner]) {
		/* first is attributed to the owner, so its successor takes over after its last day, unless it ended before it was asked */
		day_number handover = u->valid_to + 1;
		if (end != DAY_NONE && handover >= end)
			break;
		put(d, owner, handover, measure, TEXT(""), less);
		owner = units_attribute(b->units, owner, handover);
		put(d, owner, handover, measure, TEXT(""), one);
	}
	if (end != DAY_NONE)
		put(d, owner, end, measure, TEXT(""), less);
}

void derived_flag(struct derived *d, const char *name, struct text detail)
{
	for (size_t i = 0; i < d->n_flags; i++)
		if (!strcmp(d->flags[i].name, name) && text_equal(d->flags[i].detail, detail))
			return;
	struct flag *f = grow(d, d->flags, d->n_flags, &d->size_flags, sizeof *f);
	if (!f)
		return;
	d->flags = f;
	f[d->n_flags++] = (struct flag){name, detail};
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

/* MM-DD of the year after the start; 29 February of a common year is 1 March's eve, the 28th. */
static day_number date_due(const struct deadline *deadline, day_number start)
{
	int year = civil_from_day(start).year + 1;
	int last = days_in_month(year, deadline->month);
	return day_from_civil(year, deadline->month, deadline->day < last ? deadline->day : last);
}

day_number derived_due(struct derived *d, const struct basis *b, const struct deadline *deadline, day_number start)
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
		due = date_due(deadline, start);
		break;
	case DEADLINE_WORKING:
		if (calendar_add(b->calendar, start, deadline->days, &due, &year) == CALENDAR_UNKNOWN_YEAR)
			derived_no_calendar(d, year);
		break;
	}
	return due;
}
