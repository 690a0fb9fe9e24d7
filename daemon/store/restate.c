// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Repairs: writes the columns and flags of entities that differ from what they should be, and adds to the roll-up what it lacks. */
#include <stdio.h>

#include "daemon/store/walk.h"

/* --- entities --- */

/* Whether the fields that begin at `from` in s->rows are those of the row. Both are in the wire's form, so bytes tell. */
static bool same_fields(const struct store *s, size_t from, const struct pg_result *res, size_t row)
{
	struct text field;
	for (size_t column = 0; wire_next(buffer_view(&s->rows), &from, &field); column++)
		if (!text_equal(field, pg_cell(res, row, column)))
			return false;
	return true;
}

/* Puts the row as it should be behind s->rows, or nothing when it is so already. */
static bool put_row(struct store *s, const struct kind *k, const struct derived *d, const struct pg_result *res, size_t row)
{
	struct buffer *b = &s->rows;
	size_t begun = b->n;
	wire_copy_row(b, (uint16_t)(ROW_CELLS + k->n_columns + 1));
	size_t fields = b->n;
	walk_put_row(s, d, res, row);
	if (!b->failed && same_fields(s, fields, res, row)) {
		b->n = begun;
		return false;
	}
	wire_text(b, pg_cell(res, row, ROW_VERSION)); /* nobody else writes now, so it may stay */
	return true;
}

static int restate_chunk(struct walk *w, const struct kind *k, const struct derived *all, const struct pg_result *res, struct error *err)
{
	struct store *s = w->s;
	size_t changed = 0;
	if (!res)
		return kind_stage(s, k, err);
	buffer_clear(&s->rows);
	wire_copy_head(&s->rows);
	for (size_t row = 0; row < pg_rows(res); row++)
		changed += put_row(s, k, &all[row], res, row);
	wire_copy_tail(&s->rows);
	if (!changed)
		return 0;
	char empty[128];
	snprintf(empty, sizeof empty, "TRUNCATE pg_temp.stage_%s", k->name);
	int r = pg_exec(s->pg, empty, err);
	return r ? r : entities_update(s, k, changed, err);
}

/* --- the roll-up --- */

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
	buffer_puts(b, "UPDATE measure_month SET total = ");
	put_sum_of_days(b);
	buffer_puts(b, " WHERE total <> ");
	put_sum_of_days(b);
	const char *sql = buffer_cstr(b);
	return sql ? pg_exec(s->pg, sql, err) : -ENOMEM;
}

int restate(struct store *s, void (*progress)(void *arg, int64_t done, int64_t total), void *arg, struct error *err)
{
	static const struct visitor repair = {restate_chunk, NULL};
	struct walk w = {.s = s, .visitor = &repair, .progress = progress, .arg = arg};
	int r = walk_all(&w, err);
	if (!r)
		r = measures_add(s, err);
	walk_free(&w);
	return r ? r : heal_totals(s, err);
}
