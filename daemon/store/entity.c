// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Entities: states in, changed rows out; a statement for all of a kind.
 *
 * Instances do not lock what they read. A row is written over only in the version that was read (its version is the batch that wrote it, and no two batches
 * have the same number), and a row that was not there is inserted, which the primary key refuses if somebody else was faster. Either way the transaction ends
 * and begins anew with what is there by then. So each committed batch adds to the roll-up exactly the difference between the row it replaced and the row it
 * wrote, which makes the roll-up the sum of all rows' contributions in whatever order batches commit.
 *
 * Instances do not wait for one another in a circle: all take locks in the order offsets, then kind by kind new rows and changed rows each by key, then series,
 * then the roll-up by its key.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/internal.h"

#define COMMON_COLUMNS "entity_key, unit_id, state, version, flags, topic_id, partition, \"offset\""

/* --- statements --- */

static char *column_list(const struct kind *k, const char *format)
{
	struct buffer b = {0};
	for (size_t i = 0; i < k->n_columns; i++) {
		buffer_puts(&b, ", ");
		for (const char *p = format; *p; p++)
			if (*p == '%')
				buffer_puts(&b, k->columns[i].name);
			else
				buffer_putc(&b, *p);
	}
	if (!buffer_cstr(&b)) {
		buffer_deinit(&b);
		return NULL;
	}
	return b.p;
}

static bool make_sql(struct kind_sql *q, const struct kind *k)
{
	char *list = column_list(k, "%"), *set = column_list(k, "% = n.%");
	if (list && set) {
		q->load_name = store_format("load_%s", k->name);
		q->load =
			store_format("SELECT entity_key, state, version FROM %s WHERE entity_key = ANY ($1::text[]) ORDER BY entity_key", k->name);
		q->walk = store_format("DECLARE walk NO SCROLL CURSOR FOR SELECT " COMMON_COLUMNS "%s FROM %s ORDER BY entity_key", list, k->name);
		q->copy = store_format("COPY %s (" COMMON_COLUMNS "%s) FROM STDIN (FORMAT binary)", k->name, list);
		q->stage = store_format("CREATE TEMP TABLE stage_%s (LIKE %s, replaces bigint NOT NULL) ON COMMIT DELETE ROWS", k->name, k->name);
		q->copy_stage = store_format("COPY pg_temp.stage_%s (" COMMON_COLUMNS "%s, replaces) FROM STDIN (FORMAT binary)", k->name, list);
		q->update = store_format(
			KEYED_PLAN
			"UPDATE %s t SET unit_id = n.unit_id, state = n.state, version = n.version, flags = n.flags, topic_id = n.topic_id, "
			"partition = n.partition, \"offset\" = n.\"offset\"%s FROM (SELECT * FROM pg_temp.stage_%s ORDER BY entity_key) n "
			"WHERE t.entity_key = n.entity_key AND t.version = n.replaces",
			k->name, set, k->name);
		q->stale = store_format("SELECT l.entity_key, l.unit_id, l.state, l.version, l.flags, l.topic_id, l.partition, l.\"offset\", s.state, s.version FROM rekap_store.%s l "
					"LEFT JOIN rekap_rebuild.%s s ON s.entity_key = l.entity_key WHERE ($1::text IS NULL OR l.entity_key > $1) "
					"AND (s.version IS NULL OR s.version <> l.version OR s.state <> l.state) ORDER BY l.entity_key LIMIT $2::int4",
					k->name, k->name);
		q->load_statement = (struct pg_statement){.name = q->load_name, .sql = q->load};
	}
	free(list);
	free(set);
	return q->load_name && q->load && q->walk && q->copy && q->stage && q->copy_stage && q->update && q->stale;
}

static struct kind_sql *sql_of(struct store *s, const struct kind *k)
{
	struct kind_sql *q = &s->kinds[kind_index(k)];
	return q->stale || make_sql(q, k) ? q : NULL;
}

const struct kind_sql *kind_sql(struct store *s, const struct kind *k)
{
	return sql_of(s, k);
}

int kind_stage(struct store *s, const struct kind *k, struct error *err)
{
	struct kind_sql *q = sql_of(s, k);
	if (!q)
		return -ENOMEM;
	if (q->staged == pg_session(s->pg))
		return 0;
	int r = pg_exec(s->pg, q->stage, err);
	if (!r)
		q->staged = pg_session(s->pg);
	return r;
}

/* --- rows --- */

void put_unit(struct buffer *b, const struct basis *basis, const struct derived *d)
{
	if (d->unit == UNIT_NONE)
		wire_null(b);
	else
		wire_int4(b, basis->units->all[d->unit].id);
}

void put_flags(struct buffer *b, const struct derived *d, struct buffer *scratch)
{
	if (!d->n_flags) {
		wire_null(b);
		return;
	}
	size_t begun = wire_array_begin(b, WIRE_TEXT, d->n_flags);
	for (size_t i = 0; i < d->n_flags; i++) {
		buffer_clear(scratch);
		if (d->kind->by_year) {
			buffer_text(scratch, d->cells[d->flags[i].row * d->kind->n_columns].text);
			buffer_putc(scratch, ' ');
		}
		buffer_puts(scratch, d->flags[i].name);
		if (d->flags[i].detail.p) {
			buffer_putc(scratch, ':');
			buffer_text(scratch, d->flags[i].detail);
		}
		b->failed |= scratch->failed;
		wire_text(b, buffer_view(scratch));
	}
	wire_array_end(b, begun);
}

static void put_cell(struct buffer *b, enum column_type type, const struct cell *c)
{
	if (!c->present) {
		wire_null(b);
		return;
	}
	switch (type) {
	case COLUMN_TEXT:
	case COLUMN_JSON:
		wire_text(b, c->text);
		break;
	case COLUMN_INT4:
		wire_int4(b, (int32_t)c->integer);
		break;
	case COLUMN_INT8:
		wire_int8(b, c->integer);
		break;
	case COLUMN_NUMERIC:
		wire_numeric(b, c->numeric);
		break;
	case COLUMN_TIMESTAMPTZ:
		wire_time(b, c->time);
		break;
	case COLUMN_DATE:
		wire_day(b, c->day);
		break;
	}
}

/* A column of all rows. */
static void put_column(struct buffer *b, const struct derived *d, size_t column)
{
	static const enum wire_type elements[] = {
		[COLUMN_TEXT] = WIRE_TEXT,     [COLUMN_INT4] = WIRE_INT4, [COLUMN_INT8] = WIRE_INT8, [COLUMN_NUMERIC] = WIRE_NUMERIC,
		[COLUMN_TIMESTAMPTZ] = WIRE_TIMESTAMPTZ, [COLUMN_DATE] = WIRE_DATE, [COLUMN_JSON] = WIRE_JSON,
	};
	const enum column_type type = d->kind->columns[column].type;
	size_t begun = wire_array_begin(b, elements[type], d->n_rows);
	bool nulls = false;
	for (size_t row = 0; row < d->n_rows; row++) {
		const struct cell *c = &d->cells[row * d->kind->n_columns + column];
		nulls |= !c->present;
		put_cell(b, type, c);
	}
	if (nulls)
		wire_array_nulls(b, begun);
	wire_array_end(b, begun);
}

void put_cells(struct buffer *b, const struct derived *d)
{
	for (size_t i = 0; i < d->kind->n_columns; i++)
		if (d->kind->by_year)
			put_column(b, d, i);
		else
			put_cell(b, d->kind->columns[i].type, &d->cells[i]);
}

static void put_entity(struct store *s, const struct entity *e, int64_t batch_id)
{
	struct buffer *b = &s->rows;
	wire_copy_row(b, (uint16_t)(ROW_CELLS + e->kind->n_columns + e->exists));
	wire_text(b, e->key);
	put_unit(b, &s->basis, &e->derived);
	wire_text(b, e->encoded);
	wire_int8(b, batch_id);
	put_flags(b, &e->derived, &s->scratch);
	wire_int4(b, topic_id(s, e->last->topic));
	wire_int4(b, e->last->partition);
	wire_int8(b, e->last->offset);
	put_cells(b, &e->derived);
	if (e->exists)
		wire_int8(b, e->version);
}

/* --- a kind's entities of the batch: entities[0..n) --- */

static size_t same_kind(struct entity *const *entities, size_t n)
{
	size_t i = 0;
	while (i < n && entities[i]->kind == entities[0]->kind)
		i++;
	return i;
}

/* Rows come in order of key, as entities are. */
static int take_states(struct store *s, struct entity **entities, size_t n, const struct pg_result *res, struct error *err)
{
	size_t i = 0;
	for (size_t row = 0; row < pg_rows(res); row++) {
		struct text key = pg_cell(res, row, 0);
		while (i < n && !text_equal(entities[i]->key, key))
			i++;
		if (i == n)
			return error_set(err, -EIO, "rekap_store.%s: rows came in another order than that of their keys", entities[0]->kind->name);
		int r = entity_load(&s->ledger, entities[i], pg_cell(res, row, 1), wire_get_int8(pg_cell(res, row, 2)));
		if (r == -EINVAL)
			return error_set(err, r, "rekap_store.%s " UNREADABLE, entities[0]->kind->name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_kind(struct store *s, struct entity **entities, size_t n, struct error *err)
{
	struct kind_sql *q = sql_of(s, entities[0]->kind);
	if (!q)
		return -ENOMEM;
	buffer_clear(&s->params);
	size_t begun = wire_array_begin(&s->params, WIRE_TEXT, n);
	for (size_t i = 0; i < n; i++)
		wire_text(&s->params, entities[i]->key);
	wire_array_end(&s->params, begun);
	PG_RESULT res = NULL;
	int r = pg_run(s->pg, &q->load_statement, &s->params, 1, &res, NULL, err);
	return r ? r : take_states(s, entities, n, res, err);
}

/* The changed entities of the kind that have a row, or those that have none: settled and put into rows, one after the other. */
struct writing {
	struct store *s;
	struct entity *const *entities;
	size_t n, at;
	bool existing;
	int64_t batch_id;
};

static bool is_written(const struct writing *w, const struct entity *e)
{
	return e->changed && e->exists == w->existing;
}

static size_t count_written(const struct writing *w)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n; i++)
		n += is_written(w, w->entities[i]);
	return n;
}

/* So many bytes of rows go to the server at once: few enough that it begins early, and that they stay in the cache. */
#define PIECE (64 * 1024)

static int more_rows(void *arg, struct buffer *piece)
{
	struct writing *w = arg;
	if (!w->at)
		wire_copy_head(piece);
	for (; w->at < w->n && piece->n < PIECE; w->at++) {
		struct entity *e = w->entities[w->at];
		if (!is_written(w, e))
			continue;
		arena_reset(w->s->row);
		int r = entity_settle(&w->s->ledger, e, w->s->row);
		if (r < 0)
			return r;
		put_entity(w->s, e, w->batch_id);
	}
	if (w->at < w->n)
		return 1;
	wire_copy_tail(piece);
	return 0;
}

static int copy_rows(struct writing *w, const char *sql, struct error *err)
{
	return pg_copy_from(w->s->pg, sql, more_rows, w, &w->s->rows, err);
}

/* Another instance inserted one of the entities first: only the table's own key tells that. */
static int insert_outcome(const struct store *s, const struct kind *k, int r)
{
	char key[80];
	snprintf(key, sizeof key, "%s_pkey", k->name);
	return r == PG_CONFLICT && !strcmp(pg_constraint(s->pg), key) ? STORE_AGAIN : r;
}

/* All n staged rows find the version that they replace. */
static int replace(struct store *s, const struct kind_sql *q, size_t n, struct error *err)
{
	int64_t updated = 0;
	int r = pg_exec_count(s->pg, q->update, &updated, err);
	return r ? r : updated == (int64_t)n ? 0 : STORE_AGAIN;
}

int entities_update(struct store *s, const struct kind *k, size_t n, struct error *err)
{
	const struct kind_sql *q = kind_sql(s, k);
	int r = q ? pg_copy(s->pg, q->copy_stage, &s->rows, err) : -ENOMEM;
	return r ? r : replace(s, q, n, err);
}

static int write_kind(struct store *s, struct entity *const *entities, size_t n, int64_t batch_id, int64_t *written, struct error *err)
{
	const struct kind *k = entities[0]->kind;
	const struct kind_sql *q = kind_sql(s, k);
	if (!q)
		return -ENOMEM;
	struct writing fresh = {.s = s, .entities = entities, .n = n, .batch_id = batch_id}, changed = fresh;
	changed.existing = true;
	size_t n_fresh = count_written(&fresh), n_changed = count_written(&changed);
	int r = n_fresh ? insert_outcome(s, k, copy_rows(&fresh, q->copy, err)) : 0;
	if (!r && n_changed)
		r = copy_rows(&changed, q->copy_stage, err);
	if (!r && n_changed)
		r = replace(s, q, n_changed, err);
	*written += (int64_t)(n_fresh + n_changed);
	return r;
}

/* --- all kinds of the batch --- */

int entities_stage(struct store *s, struct error *err)
{
	struct ledger *l = &s->ledger;
	int r = 0;
	for (size_t at = 0, n; !r && at < l->n_entities; at += n) {
		n = same_kind(l->entities + at, l->n_entities - at);
		r = kind_stage(s, l->entities[at]->kind, err);
	}
	return r;
}

int entities_load(struct store *s, struct error *err)
{
	struct ledger *l = &s->ledger;
	int r = 0;
	for (size_t at = 0, n; !r && at < l->n_entities; at += n) {
		n = same_kind(l->entities + at, l->n_entities - at);
		r = load_kind(s, l->entities + at, n, err);
	}
	return r;
}

int entities_write(struct store *s, int64_t batch_id, int64_t *ret_n, struct error *err)
{
	struct ledger *l = &s->ledger;
	int r = 0;
	*ret_n = 0;
	for (size_t at = 0, n; !r && at < l->n_entities; at += n) {
		n = same_kind(l->entities + at, l->n_entities - at);
		r = write_kind(s, l->entities + at, n, batch_id, ret_n, err);
	}
	return r;
}
