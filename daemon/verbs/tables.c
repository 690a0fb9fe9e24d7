// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/tables.h"

#include <errno.h>

#include "daemon/verbs/cells.h"
#include "daemon/verbs/tables_score.h"

#define TABLES 9 /* beside those of entities */

/* --- entities -------------------------------------------------------------------------------------------------------------------------------- */

static bool has_single_key(const struct kind *k)
{
	return !k->key[1];
}

/* The store keeps the kind's own state beside the fold's, as <kind>_state, and a row's own coordinates as row_…. */
static const char *shown_name(const struct kind *k, const char *column)
{
	size_t n = strlen(k->name);
	if (!strncmp(column, "row_", 4))
		return column + 4;
	return !strncmp(column, k->name, n) && !strcmp(column + n, "_state") ? "state" : column;
}

/* An entity that is one row has the key, its only column that the kind does not name, and the coordinates of its last event; a kind by year names them all. */
static struct table *add_kind(struct tables *all, const struct kind *k)
{
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t n = 0;
	if (has_single_key(k))
		columns[n++] = (struct table_column){k->key[0], COLUMN_TEXT};
	columns[n++] = (struct table_column){"unit_code", COLUMN_TEXT};
	for (size_t i = 0; i < k->n_columns; i++)
		columns[n++] = (struct table_column){shown_name(k, k->columns[i].name), k->columns[i].type};
	if (!k->by_year) {
		columns[n++] = (struct table_column){"topic", COLUMN_TEXT};
		columns[n++] = (struct table_column){"partition", COLUMN_INT4};
		columns[n++] = (struct table_column){"offset", COLUMN_INT8};
	}
	return add_table(all, k->name, columns, n);
}

static bool add_entity_row(struct tables *all, struct table *t, const struct units *u, const struct entity *e, size_t n)
{
	const struct kind *k = e->kind;
	struct text *cell = add_row(all, t);
	if (!cell || (has_single_key(k) && !set_text(all, cell++, e->key)) || !set_unit(all, cell++, u, e->derived.unit, TEXT_NONE))
		return false;
	for (size_t i = 0; i < k->n_columns; i++)
		if (!set_cell(all, cell++, k->columns[i].type, &e->derived.cells[n * k->n_columns + i]))
			return false;
	return k->by_year ||
	       (set_text(all, &cell[0], e->last->topic) && set_integer(all, &cell[1], e->last->partition) && set_integer(all, &cell[2], e->last->offset));
}

static const struct table_column quality_columns[] = {
	{"entity_kind", COLUMN_TEXT}, {"entity_id", COLUMN_TEXT}, {"unit_code", COLUMN_TEXT}, {"flag", COLUMN_TEXT}, {"detail", COLUMN_TEXT}};

/* The key as people read it: its parts, unescaped, joined by |; of a kind by year with the row's period in place of the year. */
static bool set_entity_id(struct tables *all, struct text *cell, const struct entity *e, size_t row)
{
	struct buffer id = {0};
	size_t year = 0;
	if (has_single_key(e->kind))
		return set_text(all, cell, e->key);
	for (size_t i = 0; i < e->key.n; i++) {
		bool joint = e->key.p[i] == '\x1f';
		if (e->key.p[i] == '\x1e')
			i++;
		buffer_putc(&id, joint ? '|' : e->key.p[i]);
		if (joint)
			year = id.n;
	}
	if (e->kind->by_year && !id.failed) {
		id.n = year;
		buffer_text(&id, e->derived.cells[row * e->kind->n_columns].text);
	}
	bool ok = !id.failed && set_text(all, cell, buffer_view(&id));
	buffer_deinit(&id);
	return ok;
}

static bool add_flags(struct tables *all, struct table *t, const struct units *u, const struct entity *e)
{
	for (size_t i = 0; i < e->derived.n_flags; i++) {
		const struct flag *f = &e->derived.flags[i];
		struct text *row = add_row(all, t);
		if (!row || !set_text(all, &row[0], text_of(e->kind->name)) || !set_entity_id(all, &row[1], e, f->row) ||
		    !set_unit(all, &row[2], u, e->derived.unit, TEXT_NONE) || !set_text(all, &row[3], text_of(f->name)) || !set_text(all, &row[4], f->detail))
			return false;
	}
	return true;
}

static bool add_entity(struct tables *all, struct table *t, const struct units *u, const struct entity *e)
{
	bool ok = true;
	for (size_t row = 0; row < e->derived.n_rows && ok; row++)
		ok = add_entity_row(all, t, u, e, row);
	return ok;
}

static bool make_entities(struct tables *all, const struct ledger *l)
{
	size_t first = all->n;
	for (size_t k = 0; k < kinds_n; k++)
		add_kind(all, kinds[k]);
	struct table *quality = ADD_TABLE(all, "data_quality", quality_columns);
	for (size_t i = 0; i < l->n_entities; i++) {
		const struct entity *e = l->entities[i];
		if (e->changed && (!add_entity(all, &all->all[first + kind_index(e->kind)], l->basis->units, e) || !add_flags(all, quality, l->basis->units, e)))
			return false;
	}
	return true;
}

/* --- measures and indicators ----------------------------------------------------------------------------------------------------------------- */

static const struct table_column measure_columns[] = {
	{"unit_code", COLUMN_TEXT}, {"day", COLUMN_DATE}, {"measure", COLUMN_TEXT}, {"dimension", COLUMN_TEXT}, {"value", COLUMN_NUMERIC}};

static int measure_rows(const struct ledger *l, struct arena *arena, struct measure_row **ret_rows, size_t *ret_n)
{
	struct measure_row *rows = arena_alloc(arena, (31 * l->n_deltas + 1) * sizeof *rows);
	size_t n = 0;
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_deltas; i++) {
		const struct delta *d = l->deltas[i];
		for (int day = 0; day < 31; day++)
			if (d->day[day].micro)
				rows[n++] = (struct measure_row){d->unit, d->month + day, d->series->measure, d->series->dimension, d->day[day]};
	}
	*ret_rows = rows;
	*ret_n = n;
	return 0;
}

static bool make_measures(struct tables *all, const struct units *u, const struct measure_row *rows, size_t n)
{
	struct table *t = ADD_TABLE(all, "measure_day", measure_columns);
	for (size_t i = 0; i < n; i++) {
		struct text *row = add_row(all, t);
		if (!row || !set_unit(all, &row[0], u, rows[i].unit, TEXT_NONE) || !set_day(all, &row[1], rows[i].day) || !set_text(all, &row[2], rows[i].measure) ||
		    !set_text(all, &row[3], rows[i].dimension) || !set_decimal(all, &row[4], rows[i].value))
			return false;
	}
	return true;
}

enum { I_UNIT, I_INDICATOR, I_GRAIN, I_PERIOD, I_START, I_END, I_NUMERATOR, I_DENOMINATOR, I_VALUE, I_STATE, I_BAND, I_RULESET };
static const struct table_column indicator_columns[] = {
	[I_UNIT] = {"unit_code", COLUMN_TEXT}, [I_INDICATOR] = {"indicator", COLUMN_TEXT}, [I_GRAIN] = {"grain", COLUMN_TEXT},
	[I_PERIOD] = {"period", COLUMN_TEXT}, [I_START] = {"period_start", COLUMN_DATE}, [I_END] = {"period_end", COLUMN_DATE},
	[I_NUMERATOR] = {"numerator", COLUMN_NUMERIC}, [I_DENOMINATOR] = {"denominator", COLUMN_NUMERIC}, [I_VALUE] = {"value", COLUMN_NUMERIC},
	[I_STATE] = {"state", COLUMN_TEXT}, [I_BAND] = {"band", COLUMN_TEXT}, [I_RULESET] = {"ruleset", COLUMN_TEXT},
};

static bool set_sums(struct tables *all, struct text *row, const struct figure *f)
{
	static const char *const states[] = {[FIGURE_VALUE] = "value", [FIGURE_NO_DENOMINATOR] = "no_denominator", [FIGURE_SUPPRESSED] = "suppressed"};
	bool shown = f->state != FIGURE_SUPPRESSED;
	return (!shown || set_decimal(all, &row[I_NUMERATOR], f->numerator)) && (!f->has_denominator || set_decimal(all, &row[I_DENOMINATOR], f->denominator)) &&
	       (!f->has_value || set_decimal(all, &row[I_VALUE], f->value)) && set_text(all, &row[I_STATE], text_of(states[f->state])) &&
	       set_text(all, &row[I_BAND], f->band);
}

static bool make_indicators(struct tables *all, const struct units *u, const struct figure *figures, size_t n)
{
	struct table *t = ADD_TABLE(all, "indicator_value", indicator_columns);
	for (size_t i = 0; i < n; i++) {
		const struct figure *f = &figures[i];
		char period[PERIOD_TEXT_SIZE];
		period_format(f->period, period);
		struct text *row = add_row(all, t);
		if (!row || !set_unit(all, &row[I_UNIT], u, f->unit, TEXT("region")) || !set_text(all, &row[I_INDICATOR], f->indicator->code) ||
		    !set_text(all, &row[I_GRAIN], text_of(grain_name(f->period.grain))) || !set_text(all, &row[I_PERIOD], text_of(period)) ||
		    !set_day(all, &row[I_START], f->period.first) || !set_day(all, &row[I_END], f->period.last) || !set_text(all, &row[I_RULESET], f->ruleset->id) ||
		    !set_sums(all, row, f))
			return false;
	}
	return true;
}

static int make_figures(struct tables *all, const struct ledger *l, day_number as_of, int64_t threshold)
{
	struct measure_row *rows;
	struct figure *figures;
	size_t n_rows, n_figures;
	int r = measure_rows(l, all->arena, &rows, &n_rows);
	if (r >= 0)
		r = indicators(l->basis, rows, n_rows, as_of, threshold, all->arena, &figures, &n_figures);
	if (r < 0)
		return r;
	if (!make_measures(all, l->basis->units, rows, n_rows) || !make_indicators(all, l->basis->units, figures, n_figures))
		return -ENOMEM;
	return make_scores(all, l, rows, n_rows, as_of);
}

/* --- the rest -------------------------------------------------------------------------------------------------------------------------------- */

static const struct table_column unit_columns[] = {
	{"unit_code", COLUMN_TEXT}, {"name", COLUMN_TEXT}, {"kind", COLUMN_TEXT}, {"parent_code", COLUMN_TEXT}, {"valid_from", COLUMN_DATE}, {"valid_to", COLUMN_DATE},
	{"successor_code", COLUMN_TEXT}};

static bool add_unit(struct tables *all, struct table *t, const struct unit *u)
{
	struct text *row = add_row(all, t);
	return row && set_text(all, &row[0], u->code) && set_text(all, &row[1], u->name) && set_text(all, &row[2], u->kind) &&
	       set_text(all, &row[3], u->parent_code) && set_day(all, &row[4], u->valid_from) && set_day(all, &row[5], u->valid_to) && set_text(all, &row[6], u->successor_code);
}

static bool make_units(struct tables *all, const struct units *u)
{
	struct table *t = ADD_TABLE(all, "unit", unit_columns);
	const struct unit region = {.code = TEXT("region"), .name = TEXT("Seluruh kabupaten"), .kind = TEXT("region"), .valid_from = DAY_NONE, .valid_to = DAY_NONE};
	bool ok = add_unit(all, t, &region);
	for (size_t i = 0; i < u->n && ok; i++)
		ok = add_unit(all, t, &u->all[i]);
	return ok;
}

static const struct table_column reject_columns[] = {
	{"topic", COLUMN_TEXT},	 {"partition", COLUMN_INT4},  {"offset", COLUMN_INT8},	 {"reason", COLUMN_TEXT},
	{"detail", COLUMN_TEXT}, {"event_type", COLUMN_TEXT}, {"event_id", COLUMN_TEXT}, {"status", COLUMN_TEXT}};

static bool make_rejects(struct tables *all, const struct ledger *l)
{
	struct table *t = ADD_TABLE(all, "reject", reject_columns);
	for (size_t i = 0; i < l->n_items; i++) {
		const struct verdict *v = &l->verdicts[i];
		const struct item *item = &l->items[i];
		if (v->reason == REASON_NONE || v->reason == REASON_TOMBSTONE)
			continue;
		struct text *row = add_row(all, t);
		if (!row || !set_text(all, &row[0], item->record.topic) || !set_integer(all, &row[1], item->record.partition) ||
		    !set_integer(all, &row[2], item->record.offset) || !set_text(all, &row[3], text_of(reason_name(v->reason))) || !set_text(all, &row[4], v->detail) ||
		    !set_text(all, &row[5], item->event_type) || !set_text(all, &row[6], item->event_id) || !set_text(all, &row[7], TEXT("open")))
			return false;
	}
	return true;
}

int tables_make(struct tables *t, const struct ledger *l, day_number as_of, int64_t suppression_threshold, struct arena *arena)
{
	*t = (struct tables){.all = arena_alloc(arena, (kinds_n + TABLES) * sizeof *t->all), .size = kinds_n + TABLES, .arena = arena};
	if (!t->all || !make_entities(t, l) || !make_units(t, l->basis->units) || !make_rejects(t, l))
		return -ENOMEM;
	return make_figures(t, l, as_of, suppression_threshold);
}

const struct table *tables_find(const struct tables *t, struct text name)
{
	for (size_t i = 0; i < t->n; i++)
		if (text_is(name, t->all[i].name))
			return &t->all[i];
	return NULL;
}

size_t table_column(const struct table *t, struct text name)
{
	size_t i = 0;
	while (i < t->n_columns && !text_is(name, t->columns[i].name))
		i++;
	return i;
}
