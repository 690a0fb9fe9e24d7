// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/cells.h"

#include <assert.h>
#include <stdio.h>

struct text *add_row(struct tables *all, struct table *t)
{
	size_t size = t->n_columns * sizeof *t->cells;
	struct text *cells = arena_grow(all->arena, t->cells, t->n_rows, &t->size, size, 64);
	if (!cells)
		return NULL;
	t->cells = cells;
	return memset(&cells[t->n_rows++ * t->n_columns], 0, size);
}

bool set_text(struct tables *all, struct text *cell, struct text t)
{
	return arena_copy(all->arena, t, cell);
}

bool set_integer(struct tables *all, struct text *cell, int64_t n)
{
	char out[24];
	return set_text(all, cell, (struct text){out, (size_t)snprintf(out, sizeof out, "%lld", (long long)n)});
}

bool set_decimal(struct tables *all, struct text *cell, decimal d)
{
	char out[DECIMAL_TEXT_MAX];
	return set_text(all, cell, (struct text){out, decimal_format(d, out)});
}

bool set_day(struct tables *all, struct text *cell, day_number day)
{
	char out[DATE_TEXT_SIZE];
	if (day == DAY_NONE)
		return true;
	date_format(day, out);
	return set_text(all, cell, text_of(out));
}

static bool set_time(struct tables *all, struct text *cell, instant time)
{
	char out[RFC3339_TEXT_SIZE];
	rfc3339_format(time, out);
	return set_text(all, cell, text_of(out));
}

bool set_cell(struct tables *all, struct text *cell, enum column_type type, const struct cell *c)
{
	if (!c->present)
		return true;
	switch (type) {
	case COLUMN_TEXT:
	case COLUMN_JSON:
		return set_text(all, cell, c->text);
	case COLUMN_INT4:
	case COLUMN_INT8:
		return set_integer(all, cell, c->integer);
	case COLUMN_NUMERIC:
		return set_decimal(all, cell, c->numeric);
	case COLUMN_TIMESTAMPTZ:
		return set_time(all, cell, c->time);
	case COLUMN_DATE:
		return set_day(all, cell, c->day);
	}
	return false;
}

bool set_unit(struct tables *all, struct text *cell, const struct units *u, uint32_t unit, struct text none)
{
	return set_text(all, cell, unit == UNIT_NONE ? none : u->all[unit].code);
}

struct table *add_table(struct tables *all, const char *name, const struct table_column *columns, size_t n)
{
	assert(all->n < all->size);
	struct table *t = &all->all[all->n++];
	*t = (struct table){.name = name, .n_columns = n};
	memcpy(t->columns, columns, n * sizeof *columns);
	return t;
}
