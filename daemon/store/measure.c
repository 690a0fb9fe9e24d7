// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Additions to the roll-up. They commute, so instances that meet in a row need no version: the second waits for the first and adds to what it finds.
 */
#include <stdlib.h>

#include "daemon/store/internal.h"

/* --- series: measure and dimension as a number --- */

void series_forget(struct store *s)
{
	map_clear(&s->series);
	arena_reset(s->series_names);
	s->series_fresh = false;
}

/* The entry of a series; its value is the number, or NULL while that is not known. NULL when out of memory. */
static struct map_entry *series_entry(struct store *s, struct text measure, struct text dimension)
{
	buffer_clear(&s->scratch);
	buffer_text(&s->scratch, measure);
	buffer_putc(&s->scratch, 0);
	buffer_text(&s->scratch, dimension);
	if (s->scratch.failed)
		return NULL;
	struct text key = buffer_view(&s->scratch);
	size_t known = s->series.n;
	struct map_entry *e = map_put(&s->series, key);
	if (e && s->series.n > known && !arena_copy(s->series_names, key, &e->key)) {
		series_forget(s); /* the entry borrows bytes that will change */
		return NULL;
	}
	return e;
}

static int load_series(struct store *s, struct error *err)
{
	static struct pg_statement select = {.sql = "SELECT series_id, measure, dimension FROM rekap_store.series"};
	PG_RESULT res = NULL;
	int r = pg_run(s->pg, &select, NULL, 0, &res, NULL, err);
	for (size_t i = 0; !r && i < pg_rows(res); i++) {
		struct map_entry *e = series_entry(s, pg_cell(res, i, 1), pg_cell(res, i, 2));
		if (!e)
			return -ENOMEM;
		e->value = (void *)(uintptr_t)wire_get_int4(pg_cell(res, i, 0));
	}
	return r;
}

/* Two arrays, measures and dimensions, of the series without a number; returns how many. */
static size_t put_unknown(struct store *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->series.n; i++)
		n += !s->series.entries[i].value;
	buffer_clear(&s->params);
	for (int column = 0; column < 2; column++) {
		size_t begun = wire_array_begin(&s->params, WIRE_TEXT, n);
		for (const struct map_entry *e = s->series.entries; e < s->series.entries + s->series.n; e++) {
			size_t measure = strnlen(e->key.p, e->key.n);
			if (!e->value)
				wire_text(&s->params,
					  column ? (struct text){e->key.p + measure + 1, e->key.n - measure - 1} : (struct text){e->key.p, measure});
		}
		wire_array_end(&s->params, begun);
	}
	return n;
}

/*
 * The first batch of a process reads all series; later ones add what is new. What this transaction adds is forgotten if it ends without COMMIT. ON CONFLICT
 * waits for an instance that adds the same; the next statement sees what that one committed.
 */
static int learn_series(struct store *s, struct error *err)
{
	static struct pg_statement insert = {
		.sql = "INSERT INTO rekap_store.series (measure, dimension) SELECT * FROM unnest($1::text[], $2::text[]) AS n (measure, dimension) "
		       "ORDER BY measure COLLATE \"C\", dimension COLLATE \"C\" ON CONFLICT DO NOTHING"};
	s->series_fresh = true;
	int r = load_series(s, err);
	if (r || !put_unknown(s))
		return r;
	r = pg_run(s->pg, &insert, &s->params, 2, NULL, NULL, err);
	if (!r)
		r = load_series(s, err);
	return r || !put_unknown(s) ? r : error_set(err, -EIO, "rekap_store.series lost a series");
}

/* Gives the series of the deltas their numbers, as far as they are known; returns how many are not. */
static int take_numbers(struct store *s, struct delta *const *deltas, size_t n)
{
	int unknown = 0;
	for (size_t i = 0; i < n; i++) {
		struct series *series = deltas[i]->series;
		if (series->id)
			continue;
		const struct map_entry *e = series_entry(s, series->measure, series->dimension);
		if (!e)
			return -ENOMEM;
		series->id = (int32_t)(uintptr_t)e->value;
		unknown += !series->id;
	}
	return unknown;
}

static int number_series(struct store *s, struct delta *const *deltas, size_t n, struct error *err)
{
	int r = take_numbers(s, deltas, n);
	if (r <= 0)
		return r;
	r = learn_series(s, err);
	return r ? r : take_numbers(s, deltas, n);
}

/* --- rows --- */

static void put_delta(struct store *s, const struct delta *d)
{
	decimal total = {0};
	wire_copy_row(&s->rows, 4 + DAYS);
	wire_int4(&s->rows, d->series->id);
	wire_int4(&s->rows, s->basis.units->all[d->unit].id);
	wire_day(&s->rows, d->month);
	for (int i = 0; i < DAYS; i++) {
		total.micro += d->day[i].micro;
		if (d->day[i].micro)
			wire_numeric(&s->rows, d->day[i]);
		else
			wire_null(&s->rows);
	}
	wire_numeric(&s->rows, total);
}

#define KEY "series_id, unit_id, month"
#define VALUES DAY_COLUMNS ", total"

int measures_stage(struct store *s, struct error *err)
{
	if (s->measure_staged == pg_session(s->pg))
		return 0;
	int r = pg_exec(s->pg,
			"CREATE TEMP TABLE stage_measure ON COMMIT DELETE ROWS AS SELECT " KEY ", " VALUES " FROM measure_month WITH NO DATA", err);
	if (!r)
		s->measure_staged = pg_session(s->pg);
	return r;
}

/* The rows of the stage are sorted before they are added: all instances lock rows in the same order. */
static int make_upsert(struct store *s)
{
	struct buffer b = {0};
	buffer_puts(&b, "INSERT INTO measure_month AS m (" KEY ", " VALUES ") SELECT " KEY ", " VALUES " FROM pg_temp.stage_measure ORDER BY " KEY
			" ON CONFLICT (" KEY ") DO UPDATE SET ");
	for (int i = 1; i <= DAYS; i++)
		buffer_printf(&b, "d%d = coalesce(m.d%d + excluded.d%d, m.d%d, excluded.d%d), ", i, i, i, i, i);
	buffer_puts(&b, "total = m.total + excluded.total");
	if (!buffer_cstr(&b)) {
		buffer_deinit(&b);
		return -ENOMEM;
	}
	s->measure_sql = b.p;
	s->measure_upsert = (struct pg_statement){.name = "add_measures", .sql = s->measure_sql};
	return 0;
}

int measures_write(struct store *s, struct delta *const *deltas, size_t n, struct error *err)
{
	int r = s->measure_sql ? 0 : make_upsert(s);
	if (!r && n)
		r = number_series(s, deltas, n, err);
	if (r || !n)
		return r;
	buffer_clear(&s->rows);
	wire_copy_head(&s->rows);
	for (size_t i = 0; i < n; i++)
		put_delta(s, deltas[i]);
	wire_copy_tail(&s->rows);
	r = pg_copy(s->pg, "COPY pg_temp.stage_measure (" KEY ", " VALUES ") FROM STDIN (FORMAT binary)", &s->rows, err);
	return r ? r : pg_run(s->pg, &s->measure_upsert, NULL, 0, NULL, NULL, err);
}

/* So many at once that the stage stays small. */
#define PIECE 5000

int measures_add(struct store *s, struct error *err)
{
	struct ledger *l = &s->ledger;
	int r = measures_stage(s, err);
	for (size_t at = 0; !r && at < l->n_deltas; at += PIECE) {
		r = pg_exec(s->pg, "TRUNCATE pg_temp.stage_measure", err);
		if (!r)
			r = measures_write(s, l->deltas + at, l->n_deltas - at < PIECE ? l->n_deltas - at : PIECE, err);
	}
	return r;
}
