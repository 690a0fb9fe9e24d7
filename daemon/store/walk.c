// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/store/walk.h"

#include <stdlib.h>

#define TEXT_OF(x) #x
#define NUMBER(x) TEXT_OF(x)

/* The next rows of the cursor, none at its end. */
static int fetch(struct store *s, struct pg_result **ret, struct error *err)
{
	static struct pg_statement next = {.sql = "FETCH " NUMBER(CHUNK) " FROM walk"};
	return pg_run(s->pg, &next, NULL, 0, ret, NULL, err);
}

static int broken(struct walk *w, int code, const char *table, struct text key, const char *what, struct error *err)
{
	if (w->visitor->broken)
		return w->visitor->broken(w, table, key, what, err);
	return error_set(err, code, "rekap_store.%s %s", table, what);
}

/* --- entities --- */

void walk_put_row(struct store *s, const struct derived *d, const struct pg_result *res, size_t row)
{
	struct buffer *b = &s->rows;
	wire_text(b, pg_cell(res, row, ROW_KEY));
	put_unit(b, &s->basis, d);
	wire_text(b, pg_cell(res, row, ROW_STATE));
	wire_text(b, pg_cell(res, row, ROW_VERSION));
	put_flags(b, d, &s->scratch);
	for (size_t i = ROW_TOPIC; i < ROW_CELLS; i++)
		wire_text(b, pg_cell(res, row, i));
	put_cells(b, d);
}

int walk_derive(struct store *s, const struct kind *k, struct text bytes, struct arena *arena, struct derived *ret)
{
	struct state state;
	int r = state_decode(k, bytes, arena, &state);
	return r < 0 ? r : kind_derive(k, &s->basis, &state, arena, ret);
}

static int derive_row(struct walk *w, const struct kind *k, const struct pg_result *res, size_t row, struct derived *ret, struct error *err)
{
	int r = walk_derive(w->s, k, pg_cell(res, row, ROW_STATE), w->chunk, ret);
	if (r == -EINVAL) {
		*ret = (struct derived){0};
		return broken(w, r, k->name, pg_cell(res, row, ROW_KEY), UNREADABLE, err);
	}
	return r < 0 ? r : ledger_add(&w->s->ledger, ret, +1);
}

static int visit_chunk(struct walk *w, const struct kind *k, const struct pg_result *res, struct error *err)
{
	arena_reset(w->chunk);
	struct derived *all = arena_alloc(w->chunk, pg_rows(res) * sizeof *all);
	int r = all ? 0 : -ENOMEM;
	for (size_t row = 0; !r && row < pg_rows(res); row++)
		r = derive_row(w, k, res, row, &all[row], err);
	return r ? r : w->visitor->chunk(w, k, all, res, err);
}

/* The cursor sees the table as it was when it was opened, whatever is written meanwhile. */
static int walk_kind(struct walk *w, const struct kind *k, struct error *err)
{
	const struct kind_sql *q = kind_sql(w->s, k);
	int r = q ? w->visitor->chunk(w, k, NULL, NULL, err) : -ENOMEM;
	if (!r)
		r = pg_exec(w->s->pg, q->walk, err);
	for (size_t n = CHUNK; !r && n;) {
		PG_RESULT res = NULL;
		r = fetch(w->s, &res, err);
		n = pg_rows(res);
		if (!r && n)
			r = visit_chunk(w, k, res, err);
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
	w->unit_of = malloc((w->n_unit_of + 1) * sizeof *w->unit_of);
	if (!w->unit_of)
		return -ENOMEM;
	memset(w->unit_of, 0xff, w->n_unit_of * sizeof *w->unit_of); /* UNIT_NONE */
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
	int days = days_in_month(civil_from_day(month).year, civil_from_day(month).month);
	if (unit_id < 0 || (size_t)unit_id >= w->n_unit_of || w->unit_of[unit_id] == UNIT_NONE)
		return broken(w, -EIO, "measure_month", text_of(w->measure), "names a unit that rekap_store.unit has not", err);
	for (int i = 0; i < DAYS; i++) {
		struct text cell = pg_cell(res, row, (size_t)(DAY_1 + i));
		decimal value = {0};
		if (cell.p && wire_get_numeric(cell, &value) < 0)
			return broken(w, -ERANGE, "measure_month", text_of(w->measure), "holds a value that no sum of events gives", err);
		if (value.micro && w->visitor->broken && i >= days)
			return broken(w, -ERANGE, "measure_month", text_of(w->measure), "holds a value on a day that its month has not", err);
		if (value.micro)
			c[d.n_contributions++] = (struct contribution){w->unit_of[unit_id], month + i, w->measure, w->dimension, value};
	}
	return ledger_add(&w->s->ledger, &d, -1);
}

static int subtract_row(struct walk *w, const struct pg_result *res, size_t row, struct error *err)
{
	if (!pg_cell(res, row, MEASURE).p)
		return broken(w, -EIO, "measure_month", TEXT_NONE, "names a series that rekap_store.series has not", err);
	int r = name_series(w, res, row);
	return r ? r : subtract_month(w, res, row, err);
}

/* Takes what is stored from what should be: what is left in the ledger is what the roll-up lacks. */
static int subtract_stored(struct walk *w, struct error *err)
{
	int r = index_units(w);
	if (!r)
		r = pg_exec(w->s->pg,
			    "DECLARE walk NO SCROLL CURSOR FOR SELECT m.series_id, s.measure, s.dimension, m.unit_id, m.month, "
			    DAY_COLUMNS " FROM measure_month m LEFT JOIN rekap_store.series s USING (series_id) ORDER BY m.series_id",
			    err);
	for (size_t n = CHUNK; !r && n;) {
		PG_RESULT res = NULL;
		r = fetch(w->s, &res, err);
		n = pg_rows(res);
		for (size_t row = 0; !r && row < n; row++) {
			r = subtract_row(w, res, row, err);
		}
	}
	return r ? r : pg_exec(w->s->pg, "CLOSE walk", err);
}

static int visit_all(struct walk *w, struct error *err)
{
	int r = ledger_open(&w->s->ledger, &w->s->basis, NULL, 0);
	if (!r)
		r = count_entities(w, err);
	for (size_t k = 0; !r && k < kinds_n; k++)
		r = walk_kind(w, kinds[k], err);
	if (!r)
		r = subtract_stored(w, err);
	return r ? r : ledger_sort_deltas(&w->s->ledger);
}

int walk_all(struct walk *w, struct error *err)
{
	w->chunk = arena_new(1 << 20);
	w->names = arena_new(4096);
	return w->chunk && w->names ? visit_all(w, err) : -ENOMEM;
}

void walk_free(struct walk *w)
{
	arena_free(w->chunk);
	arena_free(w->names);
	free(w->unit_of);
}
