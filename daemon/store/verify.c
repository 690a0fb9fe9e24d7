// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Tells: every derived column, every day of the roll-up and every total that is not what the walk makes it. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/walk.h"

struct verifying {
	struct walk walk; /* first: a visitor gets no more */
	void (*difference)(void *arg, const struct store_difference *d);
	int64_t n;
	struct buffer key, stored, computed;
};

static struct verifying *verifying_of(struct walk *w)
{
	return (struct verifying *)(void *)w;
}

static int tell(struct verifying *v, const char *table, struct text key, const char *column, struct text stored, struct text computed)
{
	struct store_difference d = {table, key, column, stored, computed};
	if (v->key.failed || v->stored.failed || v->computed.failed)
		return -ENOMEM;
	v->difference(v->walk.arg, &d);
	v->n++;
	return 0;
}

/* --- values, as JSON --- */

static void put_text(struct buffer *b, const char *s)
{
	buffer_json(b, text_of(s));
}

static void put_scalar(struct buffer *b, enum column_type type, struct text field)
{
	char text[64];
	decimal d;
	switch (type) {
	case COLUMN_TEXT:
		buffer_json(b, field);
		break;
	case COLUMN_JSON:
		buffer_text(b, field);
		break;
	case COLUMN_INT4:
		buffer_printf(b, "%d", (int)wire_get_int4(field));
		break;
	case COLUMN_INT8:
		buffer_printf(b, "%lld", (long long)wire_get_int8(field));
		break;
	case COLUMN_NUMERIC:
		if (wire_get_numeric(field, &d) < 0)
			put_text(b, "a number out of range");
		else
			buffer_put(b, text, decimal_format(d, text));
		break;
	case COLUMN_TIMESTAMPTZ:
		rfc3339_format(wire_get_time(field), text);
		put_text(b, text);
		break;
	case COLUMN_DATE:
		date_format(wire_get_day(field), text);
		put_text(b, text);
		break;
	}
}

static void put_value(struct buffer *b, enum column_type type, bool array, struct text field)
{
	struct text element;
	if (!field.p)
		buffer_puts(b, "null");
	else if (!array)
		put_scalar(b, type, field);
	if (!field.p || !array)
		return;
	size_t at, n = wire_get_array(field, &at);
	buffer_putc(b, '[');
	for (size_t i = 0; i < n && wire_next(field, &at, &element); i++) {
		buffer_puts(b, i ? "," : "");
		put_value(b, type, false, element);
	}
	buffer_putc(b, ']');
}

static void put_unit_code(struct buffer *b, const struct units *u, struct text field)
{
	if (!field.p) {
		buffer_puts(b, "null");
		return;
	}
	for (size_t i = 0; i < u->n; i++)
		if (u->all[i].id == wire_get_int4(field)) {
			buffer_json(b, u->all[i].code);
			return;
		}
	buffer_printf(b, "%d", (int)wire_get_int4(field)); /* that the register has not */
}

/* --- entities --- */

static void put_column(struct verifying *v, struct buffer *b, const struct kind *k, size_t column, struct text field)
{
	buffer_clear(b);
	if (column == ROW_UNIT)
		put_unit_code(b, v->walk.s->basis.units, field);
	else if (column == ROW_FLAGS)
		put_value(b, COLUMN_TEXT, true, field);
	else
		put_value(b, k->columns[column - ROW_CELLS].type, k->by_year, field);
}

static int compare_row(struct verifying *v, const struct kind *k, const struct derived *d, const struct pg_result *res, size_t row)
{
	struct store *s = v->walk.s;
	struct text must;
	size_t at = 0;
	int r = 0;
	buffer_clear(&s->rows);
	walk_put_row(s, d, res, row);
	if (s->rows.failed)
		return -ENOMEM;
	for (size_t column = 0; !r && wire_next(buffer_view(&s->rows), &at, &must); column++) {
		struct text is = pg_cell(res, row, column);
		if (text_equal(is, must))
			continue;
		put_column(v, &v->stored, k, column, is);
		put_column(v, &v->computed, k, column, must);
		const char *name = column == ROW_UNIT ? "unit_id" : column == ROW_FLAGS ? "flags" : k->columns[column - ROW_CELLS].name;
		r = tell(v, k->name, pg_cell(res, row, ROW_KEY), name, buffer_view(&v->stored), buffer_view(&v->computed));
	}
	return r;
}

static int compare_chunk(struct walk *w, const struct kind *k, const struct derived *all, const struct pg_result *res, struct error *err)
{
	int r = 0;
	(void)err;
	for (size_t row = 0; !r && row < pg_rows(res); row++)
		if (all[row].kind)
			r = compare_row(verifying_of(w), k, &all[row], res, row);
	return r;
}

static int tell_broken(struct walk *w, const char *table, struct text key, const char *what, struct error *err)
{
	(void)err;
	return tell(verifying_of(w), table, key, NULL, TEXT_NONE, text_of(what));
}

/* --- the roll-up --- */

static void put_series(struct buffer *b, struct text unit, struct text measure, struct text dimension)
{
	buffer_clear(b);
	buffer_text(b, unit);
	buffer_putc(b, ' ');
	buffer_text(b, measure);
	if (dimension.n) {
		buffer_putc(b, '{');
		buffer_text(b, dimension);
		buffer_putc(b, '}');
	}
}

static int load_month(struct store *s, const struct delta *d, struct pg_result **ret, struct error *err)
{
	static struct pg_statement select = {
		.sql = "SELECT ARRAY[" DAY_COLUMNS "] FROM measure_month m JOIN rekap_store.series s USING (series_id) "
		       "WHERE s.measure = $1::text AND s.dimension = $2::text AND m.unit_id = $3::int4 AND m.month = $4::date"};
	buffer_clear(&s->params);
	wire_text(&s->params, d->series->measure);
	wire_text(&s->params, d->series->dimension);
	wire_int4(&s->params, s->basis.units->all[d->unit].id);
	wire_day(&s->params, d->month);
	return pg_run(s->pg, &select, &s->params, 4, ret, NULL, err);
}

static void put_decimal(struct buffer *b, decimal d)
{
	char text[64];
	buffer_clear(b);
	buffer_put(b, text, decimal_format(d, text));
}

/* A month of which the roll-up lacks something. */
static int tell_month(struct verifying *v, const struct delta *d, struct error *err)
{
	struct store *s = v->walk.s;
	PG_RESULT res = NULL;
	struct text days = TEXT_NONE, field;
	size_t at = 0;
	int r = load_month(s, d, &res, err);
	if (!r && pg_rows(res))
		wire_get_array(days = pg_cell(res, 0, 0), &at);
	put_series(&v->key, s->basis.units->all[d->unit].code, d->series->measure, d->series->dimension);
	for (int i = 0; !r && i < DAYS; i++) {
		char day[DATE_TEXT_SIZE];
		decimal stored = {0};
		if (days.p && wire_next(days, &at, &field) && field.p && wire_get_numeric(field, &stored) < 0)
			continue; /* the walk has told it */
		if (!d->day[i].micro)
			continue;
		date_format(d->month + i, day);
		put_decimal(&v->stored, stored);
		put_decimal(&v->computed, (decimal){stored.micro + d->day[i].micro});
		r = tell(v, "measure_month", buffer_view(&v->key), day, buffer_view(&v->stored), buffer_view(&v->computed));
	}
	return r;
}

/* Totals are stored beside the days they are of. */
static int tell_totals(struct verifying *v, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(v->walk.s->pg,
			     "SELECT u.unit_code, s.measure, s.dimension, to_char(m.month, 'YYYY-MM') || ' total', m.total, t.total FROM measure_month m "
			     "JOIN rekap_store.series s USING (series_id) JOIN rekap_store.unit u USING (unit_id) CROSS JOIN LATERAL (SELECT coalesce(sum(d), 0) AS total "
			     "FROM unnest(ARRAY[" DAY_COLUMNS "]) AS d) t WHERE m.total <> t.total ORDER BY 1, 2, 3, 4",
			     &res, err);
	for (size_t row = 0; !r && row < pg_rows(res); row++) {
		put_series(&v->key, pg_cell(res, row, 0), pg_cell(res, row, 1), pg_cell(res, row, 2));
		r = tell(v, "measure_month", buffer_view(&v->key), pg_cell(res, row, 3).p, pg_cell(res, row, 4), pg_cell(res, row, 5));
	}
	return r;
}

static int tell_measures(struct verifying *v, struct error *err)
{
	const struct ledger *l = &v->walk.s->ledger;
	int r = 0;
	for (size_t i = 0; !r && i < l->n_deltas; i++)
		r = tell_month(v, l->deltas[i], err);
	return r ? r : tell_totals(v, err);
}

/* --- the snapshot --- */

static int begin(struct store *s, const struct store_basis *b, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(s->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT digest FROM basis", &res, err);
	if (r)
		return r;
	if (!text_is(pg_cell(res, 0, 0), b->digest))
		return error_set(err, -EINVAL,
				 "the database's figures were computed with another zone, calendar or rulesets than this configuration names: verify with those of the daemon, "
				 "or bring the database to these with rekapd rebuild");
	s->basis = b->basis;
	return units_reload(s, err);
}

int store_verify(struct store *s, const struct store_basis *b, void (*difference)(void *arg, const struct store_difference *d),
		 void (*progress)(void *arg, int64_t done, int64_t total), void *arg, int64_t *ret_n, struct error *err)
{
	static const struct visitor visitor = {compare_chunk, tell_broken};
	struct verifying v = {.walk = {.s = s, .visitor = &visitor, .progress = progress, .arg = arg}, .difference = difference};
	pg_resume(s->pg);
	s->settings = NULL; /* the basis is lent for this snapshot only */
	int r = store_ready(s, err);
	if (!r)
		r = begin(s, b, err);
	if (!r)
		r = walk_all(&v.walk, err);
	if (!r)
		r = tell_measures(&v, err);
	walk_free(&v.walk);
	pg_rollback(s->pg);
	buffer_deinit(&v.key);
	buffer_deinit(&v.stored);
	buffer_deinit(&v.computed);
	*ret_n = v.n;
	return store_outcome(r, err);
}
