// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/indicator/curves.h"

#include <errno.h>
#include <stdlib.h>

struct change { /* what a row adds to one of the slots it counts in */
	uint32_t series, slot;
	day_number day;
	decimal value;
};

struct changes {
	struct change *all;
	size_t n, size;
};

static int series_key(struct buffer *b, struct text measure, struct text dimension)
{
	buffer_clear(b);
	buffer_text(b, measure);
	buffer_putc(b, 0);
	buffer_text(b, dimension);
	return b->failed ? -ENOMEM : 0;
}

int curves_find(const struct curves *c, struct text measure, struct text dimension, uint32_t *ret_series)
{
	struct buffer key = {0};
	int r = series_key(&key, measure, dimension);
	uintptr_t number = r < 0 ? 0 : (uintptr_t)map_get(&c->series, buffer_view(&key));
	buffer_deinit(&key);
	*ret_series = number ? (uint32_t)(number - 1) : SERIES_NONE;
	return r;
}

/* The number of the row's series, a new one at its first row. */
static int number_series(struct curves *c, const struct measure_row *row, struct buffer *key, struct arena *arena, uint32_t *ret)
{
	int r = series_key(key, row->measure, row->dimension);
	if (r < 0)
		return r;
	uintptr_t number = (uintptr_t)map_get(&c->series, buffer_view(key));
	if (!number) {
		struct text copy;
		struct map_entry *entry = arena_copy(arena, buffer_view(key), &copy) ? map_put(&c->series, copy) : NULL;
		if (!entry)
			return -ENOMEM;
		number = c->series.n;
		entry->value = (void *)number;
	}
	*ret = (uint32_t)(number - 1);
	return 0;
}

static int push(struct changes *x, struct change change)
{
	if (x->n == x->size) {
		size_t size = x->size ? 2 * x->size : 1024;
		struct change *all = realloc(x->all, size * sizeof *all);
		if (!all)
			return -ENOMEM;
		x->all = all;
		x->size = size;
	}
	x->all[x->n++] = change;
	return 0;
}

/* A row counts in its unit, in all units above, and in the region. */
static int push_row(struct changes *x, const struct units *units, const struct measure_row *row, uint32_t series)
{
	int r = push(x, (struct change){series, (uint32_t)units->n, row->day, row->value});
	for (uint32_t unit = row->unit; r >= 0 && unit != UNIT_NONE; unit = units->all[unit].parent)
		r = push(x, (struct change){series, unit, row->day, row->value});
	return r;
}

static int by_series_slot_day(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->day > y->day) - (x->day < y->day);
}

/* Sorted changes become curves: one run of points for each series and slot. */
static int draw(struct curves *c, struct changes *x, struct arena *arena)
{
	struct point *points = arena_alloc(arena, (x->n + 1) * sizeof *points);
	c->all = arena_zalloc(arena, (c->series.n * c->slots + 1) * sizeof *c->all);
	if (!points || !c->all)
		return -ENOMEM;
	if (x->n)
		qsort(x->all, x->n, sizeof *x->all, by_series_slot_day);
	for (size_t i = 0; i < x->n; i++, points++) {
		struct curve *curve = &c->all[x->all[i].series * c->slots + x->all[i].slot];
		decimal before = curve->n ? points[-1].total : decimal_of(0);
		*points = (struct point){x->all[i].day, {before.micro + x->all[i].value.micro}};
		if (!curve->n++)
			curve->points = points;
	}
	return 0;
}

int curves_init(struct curves *c, const struct units *units, const struct measure_row *rows, size_t n, struct arena *arena)
{
	struct changes changes = {0};
	struct buffer key = {0};
	int r = 0;
	*c = (struct curves){.slots = units->n + 1};
	map_init(&c->series, 0);
	for (size_t i = 0; i < n && r >= 0; i++) {
		uint32_t series;
		r = number_series(c, &rows[i], &key, arena, &series);
		if (r >= 0)
			r = push_row(&changes, units, &rows[i], series);
	}
	if (r >= 0)
		r = draw(c, &changes, arena);
	buffer_deinit(&key);
	free(changes.all);
	return r;
}

void curves_deinit(struct curves *c)
{
	map_deinit(&c->series);
	*c = (struct curves){0};
}

/* The total of all days up to this one. */
static decimal total_until(const struct curve *c, day_number day)
{
	size_t low = 0, high = c->n; /* points[low - 1].day ≤ day < points[high].day */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->points[middle].day <= day)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? c->points[low - 1].total : decimal_of(0);
}

decimal curve_sum(const struct curve *c, struct days days)
{
	decimal sum = decimal_of(0);
	if (days.first > days.last)
		return sum;
	sum = total_until(c, days.last);
	if (days.first != DAY_NONE)
		sum.micro -= total_until(c, days.first - 1).micro;
	return sum;
}
