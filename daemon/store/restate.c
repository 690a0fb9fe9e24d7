// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Everything anew: derives each entity from its state, writes the columns and flags that differ, sums all contributions, and adds to the roll-up what it lacks.
 *
 * The sum is kept in memory (some 600 bytes a series, unit and month), the entities are not: they pass by in chunks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/internal.h"

#define CHUNK 5000
#define TEXT_OF(x) #x
#define NUMBER(x) TEXT_OF(x)
#define DAYS 31

struct walk {
	struct store *s;
	struct arena *chunk; /* states and derivations of the rows at hand */
	struct arena *names; /* of series, as long as the ledger */
	void (*progress)(void *arg, int64_t done, int64_t total);
	void *arg;
	int64_t done, total;
	uint32_t *unit_of; /* unit_id → index */
	size_t n_unit_of;
	int32_t series; /* whose rows pass by: its names */
	const char *measure;
	struct text dimension;
};

/* The next rows of the cursor, none at its end. */
static int fetch(struct store *s, struct pg_result **ret, struct error *err)
{
	static struct pg_statement next = {.sql = "FETCH " NUMBER(CHUNK) " FROM walk"};
	return pg_run(s->pg, &next, NULL, 0, ret, NULL, err);
}

/* --- entities --- */

/* Whether the fields that begin at `from` in s->rows are those of the row's columns from `column` on. */
static bool same_fields(const struct store *s, size_t from, const struct pg_result *res, size_t row, size_t column)
{
	struct text field;
	for (; wire_next(buffer_view(&s->rows), &from, &field); column++)
		if (!text_equal(field, pg_cell(res, row, column)))
			return false;
	return true;
}

/* Puts the row as it should be behind s->rows, or nothing when it is so already. Both are in the wire's form, so bytes tell. */
static bool put_row(struct store *s, const struct kind *k, const struct derived *d, const struct pg_result *res, size_t row)
{
	struct buffer *b = &s->rows;
	size_t begun = b->n;
	wire_copy_row(b, (uint16_t)(ROW_CELLS + k->n_columns + 1));
	size_t fields = b->n;
	wire_text(b, pg_cell(res, row, ROW_KEY));
	put_unit(b, &s->basis, d);
	wire_text(b, pg_cell(res, row, ROW_STATE));
	wire_text(b, pg_cell(res, row, ROW_VERSION));
	put_flags(b, d, &s->scratch);
	for (size_t i = ROW_TOPIC; i < ROW_CELLS; i++)
		wire_text(b, pg_cell(res, row, i));
	put_cells(b, d);
	if (!b->failed && same_fields(s, fields, res, row, ROW_KEY)) {
		b->n = begun;
		return false;
	}
	wire_text(b, pg_cell(res, row, ROW_VERSION)); /* nobody else writes now, so it may stay */
	return true;
}

static int derive_row(struct walk *w, const struct kind *k, const struct pg_result *res, size_t row, struct derived *ret, struct error *err)
{
	struct state state;
	int r = state_decode(k, pg_cell(res, row, ROW_STATE), w->chunk, &state);
	if (r == -EINVAL)
		return error_set(err, r, "rekap_store.%s holds a state that this program cannot read: run the rekapd that wrote it, or a newer one", k->name);
	if (r < 0)
		return r;
	r = kind_derive(k, &w->s->basis, &state, w->chunk, ret);
	return r < 0 ? r : ledger_add(&w->s->ledger, ret, +1);
}

static int restate_chunk(struct walk *w, const struct kind *k, const struct pg_result *res, struct error *err)
{
	struct store *s = w->s;
	size_t changed = 0;
	arena_reset(w->chunk);
	buffer_clear(&s->rows);
	wire_copy_head(&s->rows);
	for (size_t row = 0; row < pg_rows(res); row++) {
		struct derived d;
		int r = derive_row(w, k, res, row, &d, err);
		if (r)
			return r;
		changed += put_row(s, k, &d, res, row);
	}
	wire_copy_tail(&s->rows);
	if (!changed)
		return 0;
	char empty[128];
	snprintf(empty, sizeof empty, "TRUNCATE pg_temp.stage_%s", k->name);
	int r = pg_exec(s->pg, empty, err);
	return r ? r : entities_update(s, k, changed, err);
}

/* The cursor sees the table as it was when it was opened, whatever is written meanwhile. */
static int restate_kind(struct walk *w, const struct kind *k, struct error *err)
{
	const struct kind_sql *q = kind_sql(w->s, k);
	int r = q ? kind_stage(w->s, k, err) : -ENOMEM;
	if (!r)
		r = pg_exec(w->s->pg, q->walk, err);
	for (size_t n = CHUNK; !r && n;) {
		PG_RESULT res = NULL;
		r = fetch(w->s, &res, err);
		n = pg_rows(res);
		if (!r && n)
			r = restate_chunk(w, k, res, err);
		w->done += (int64_t)n;
		if (!r && w->progress)
			w->progress(w->arg, w->done, w->total);
	}
	return r ? r : pg_exec(w->s->pg, "CLOSE walk", err);
}

static int count_entities(struct walk *w, struct error *err)
{
	PG_RESULT res = NULL;
	int r = w->progress ? pg_exec_rows(w->s->pg, "SELECT count(*) FROM rekap_store.entity", &res, err) : 0;
	if (!r && res)
		w->total = strtoll(pg_cell(res, 0, 0).p, NULL, 10);
	return r;
}

/* --- the roll-up --- */

static int index_units(struct walk *w)
{
	const struct units *u = w->s->basis.units;
	for (size_t i = 0; i < u->n; i++)
		if ((size_t)u->all[i].id >= w->n_unit_of)
			w->n_unit_of = (size_t)u->all[i].id + 1;
	w->unit_of = calloc(w->n_unit_of + 1, sizeof *w->unit_of);
	if (!w->unit_of)
		return -ENOMEM;
	for (size_t i = 0; i < u->n; i++)
		w->unit_of[u->all[i].id] = (uint32_t)i;
	return 0;
}

enum { SERIES, MEASURE, DIMENSION, UNIT, MONTH, DAY_1 };

/* The ledger keeps measures by address and wants them with a NUL: a series' name is copied once, when its first row comes. */
static int name_series(struct walk *w, const struct pg_result *res, size_t row)
{
	int32_t id = wire_get_int4(pg_cell(res, row, SERIES));
	struct text name = pg_cell(res, row, MEASURE);
	if (id == w->series)
		return 0;
	char *p = arena_zalloc(w->names, name.n + 1);
	if (!p || !arena_copy(w->names, pg_cell(res, row, DIMENSION), &w->dimension))
		return -ENOMEM;
	w->measure = memcpy(p, name.p, name.n);
	w->series = id;
	return 0;
}

/* The month's days as contributions, taken off the ledger. */
static int subtract_month(struct walk *w, const struct pg_result *res, size_t row, struct error *err)
{
	struct contribution c[DAYS];
	struct derived d = {.contributions = c};
	int32_t unit_id = wire_get_int4(pg_cell(res, row, UNIT));
	day_number month = wire_get_day(pg_cell(res, row, MONTH));
	if (unit_id < 0 || (size_t)unit_id >= w->n_unit_of)
		return error_set(err, -EIO, "rekap_store.measure_month names a unit that rekap_store.unit has not");
	for (int i = 0; i < DAYS; i++) {
		struct text cell = pg_cell(res, row, (size_t)(DAY_1 + i));
		decimal value = {0};
		if (cell.p && wire_get_numeric(cell, &value) < 0)
			return error_set(err, -ERANGE, "rekap_store.measure_month holds a value that no sum of events gives");
		if (value.micro)
			c[d.n_contributions++] = (struct contribution){w->unit_of[unit_id], month + i, w->measure, w->dimension, value};
	}
	return ledger_add(&w->s->ledger, &d, -1);
}

/* Takes what is stored from what should be: what is left in the ledger is what the roll-up lacks. */
static int subtract_stored(struct walk *w, struct error *err)
{
	int r = index_units(w);
	if (!r)
		r = pg_exec(w->s->pg,
			    "DECLARE walk NO SCROLL CURSOR FOR SELECT m.series_id, s.measure, s.dimension, m.unit_id, m.month, "
			    "d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13, d14, d15, d16, d17, d18, d19, d20, d21, d22, d23, d24, d25, d26, d27, "
			    "d28, d29, "
			    "d30, d31 FROM rekap_store.measure_month m JOIN rekap_store.series s USING (series_id) ORDER BY m.series_id",
			    err);
	for (size_t n = CHUNK; !r && n;) {
		PG_RESULT res = NULL;
		r = fetch(w->s, &res, err);
		n = pg_rows(res);
		for (size_t row = 0; !r && row < n; row++) {
			r = name_series(w, res, row);
			if (!r)
				r = subtract_month(w, res, row, err);
		}
	}
	return r ? r : pg_exec(w->s->pg, "CLOSE walk", err);
}

static void put_sum_of_days(struct buffer *b)
{
	for (int i = 1; i <= DAYS; i++)
		buffer_printf(b, "%scoalesce(d%d, 0)", i > 1 ? " + " : "", i);
}

/* Totals are added to like days; here each is made the sum of its days again, should somebody have meddled. */
static int heal_totals(struct store *s, struct error *err)
{
	struct buffer *b = &s->scratch;
	buffer_clear(b);
	buffer_puts(b, "UPDATE rekap_store.measure_month SET total = ");
	put_sum_of_days(b);
	buffer_puts(b, " WHERE total <> ");
	put_sum_of_days(b);
	const char *sql = buffer_cstr(b);
	return sql ? pg_exec(s->pg, sql, err) : -ENOMEM;
}

static int restate_measures(struct walk *w, struct error *err)
{
	struct store *s = w->s;
	struct ledger *l = &s->ledger;
	int r = subtract_stored(w, err);
	if (!r)
		r = measures_stage(s, err);
	if (!r)
		ledger_sort_deltas(l);
	for (size_t at = 0; !r && at < l->n_deltas; at += CHUNK) {
		r = pg_exec(s->pg, "TRUNCATE pg_temp.stage_measure", err);
		if (!r)
			r = measures_write(s, l->deltas + at, l->n_deltas - at < CHUNK ? l->n_deltas - at : CHUNK, err);
	}
	return r ? r : heal_totals(s, err);
}

static int walk_all(struct walk *w, struct error *err)
{
	int r = ledger_open(&w->s->ledger, &w->s->basis, NULL, 0);
	if (!r)
		r = count_entities(w, err);
	for (size_t k = 0; !r && k < kinds_n; k++)
		r = restate_kind(w, kinds[k], err);
	return r ? r : restate_measures(w, err);
}

int restate(struct store *s, void (*progress)(void *arg, int64_t done, int64_t total), void *arg, struct error *err)
{
	struct walk w = {.s = s, .progress = progress, .arg = arg, .chunk = arena_new(1 << 20), .names = arena_new(4096)};
	int r = w.chunk && w.names ? walk_all(&w, err) : -ENOMEM;
	arena_free(w.chunk);
	arena_free(w.names);
	free(w.unit_of);
	return r;
}
