// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Figures anew, beside the live ones: in the tables of schema rekap_rebuild, which rekap_rebuild.swap() then makes the live ones.
 *
 * From entities: each live row is derived into one of the rebuild's, with its state and version, and its contributions are added to the rebuild's roll-up in the same
 * transaction. Which rows are left to do is seen by comparing the two tables: those that the rebuild lacks, or has in another version. So it does not matter where
 * it was interrupted, nor what the daemons write meanwhile; what is left when little is, is done under the lock that lets no daemon write, in the transaction that swaps.
 *
 * From Kafka: batches are committed as ever, to the rebuild's tables with offsets of their own. Under the lock it must have read as far as the live figures have.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/walk.h"

#define FEW 1000	  /* entities that the swap may have left to do */
#define PASSES_MAX 5	  /* where daemons write faster than that is reached */
#define SWAP_SECONDS 3600 /* it compares all rows */

int rebuild_lock(struct store *s, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(s->pg, "SELECT pg_try_advisory_lock(" LOCK_REBUILD ")", &res, err);
	if (!r && !text_is(pg_cell(res, 0, 0), "t"))
		return error_set(err, PG_RETRY, "another rebuild is running");
	return r;
}

/* --- beginning --- */

static int discard(struct store *s, const char *source, const char *digest, struct error *err)
{
	static struct pg_statement start = {.sql = "UPDATE rekap_rebuild.progress SET source = $1::text, digest = $2::text, "
						   "version = (SELECT version FROM rekap_store.basis), started_at = clock_timestamp()"};
	int r = pg_exec(s->pg, "SELECT rekap_rebuild.clear()", err);
	buffer_clear(&s->params);
	wire_text(&s->params, text_of(source));
	wire_text(&s->params, text_of(digest));
	return r ? r : pg_run(s->pg, &start, &s->params, 2, NULL, NULL, err);
}

/* What is half done is gone on with if it is of the same source and basis. */
static int look_at_progress(struct store *s, const char *source, const char *digest, bool restart, enum rebuild_begun *ret, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(s->pg,
			     "BEGIN; SELECT pg_advisory_xact_lock_shared(" LOCK_FIGURES "); "
			     "SELECT p.source, b.digest FROM rekap_rebuild.progress p CROSS JOIN rekap_rebuild.basis b",
			     &res, err);
	if (r)
		return r;
	struct text was = pg_cell(res, 0, 0);
	*ret = !was.p || restart ? REBUILD_FRESH : text_is(pg_cell(res, 0, 1), digest) ? REBUILD_RESUMED : REBUILD_VOID;
	if (*ret == REBUILD_RESUMED && !text_is(was, source))
		return error_set(err, -EINVAL, "a rebuild from %.*s is half done: go on with rekapd rebuild%s, or discard it with --restart", TEXT_ARG(was),
				 text_is(was, "kafka") ? " --from-kafka" : "");
	return *ret == REBUILD_RESUMED ? 0 : discard(s, source, digest, err);
}

int store_rebuild_begin(struct store *s, const struct store_basis *b, bool from_kafka, bool restart, enum rebuild_begun *ret_begun, struct error *err)
{
	enum rebuild_begun begun;
	pg_resume(s->pg);
	if (!s->beside)
		pg_disconnect(s->pg);
	s->beside = true;
	s->basis = b->basis;
	int r = store_ready(s, err);
	if (!r)
		r = units_reload(s, err);
	if (!r)
		r = look_at_progress(s, from_kafka ? "kafka" : "entities", b->digest, restart, &begun, err);
	if (!r)
		r = pg_commit(s->pg, err);
	store_rollback(s);
	if (r)
		return store_outcome(r, err);
	s->settings = b;
	*ret_begun = begun;
	return 0;
}

/* --- entities --- */

struct pass {
	struct store *s;
	struct arena *arena; /* states and derivations of the rows at hand */
	struct buffer after; /* the last key that was looked at */
	bool any;	     /* there is one */
	int64_t redone;	     /* of this pass */
	int64_t done, total; /* entities, for people */
	void (*progress)(void *arg, int64_t done, int64_t total);
	void *arg;
};

/* Of a row that the rebuild has otherwise; absent: it lacks it. */
enum { STATE_BEFORE = ROW_CELLS, VERSION_BEFORE };

static int find_stale(struct pass *p, const struct kind_sql *q, struct pg_result **ret, struct error *err)
{
	struct pg_statement stale = {.sql = q->stale};
	struct buffer *params = &p->s->params;
	buffer_clear(params);
	wire_text(params, p->any ? buffer_view(&p->after) : TEXT_NONE);
	wire_int4(params, CHUNK);
	params->failed |= p->after.failed;
	return pg_run(p->s->pg, &stale, params, 2, ret, NULL, err);
}

static int derive(struct pass *p, const struct kind *k, struct text state, int sign, struct derived *ret, struct error *err)
{
	int r = walk_derive(p->s, k, state, p->arena, ret);
	if (r == -EINVAL)
		return error_set(err, r, "rekap_store.%s " UNREADABLE, k->name);
	return r ? r : ledger_add(&p->s->ledger, ret, sign);
}

/* What the rows should be: *ret, as long as the arena. What they add to the rebuild's roll-up: into the ledger. */
static int derive_rows(struct pass *p, const struct kind *k, const struct pg_result *res, struct derived **ret, struct error *err)
{
	struct derived before;
	int r = ledger_open(&p->s->ledger, &p->s->basis, NULL, 0);
	arena_reset(p->arena);
	struct derived *all = arena_alloc(p->arena, pg_rows(res) * sizeof *all);
	if (!all)
		return -ENOMEM;
	for (size_t row = 0; !r && row < pg_rows(res); row++) {
		r = derive(p, k, pg_cell(res, row, ROW_STATE), +1, &all[row], err);
		if (!r && pg_cell(res, row, STATE_BEFORE).p)
			r = derive(p, k, pg_cell(res, row, STATE_BEFORE), -1, &before, err);
	}
	if (!r)
		r = ledger_sort_deltas(&p->s->ledger);
	*ret = all;
	return r;
}

/* The rows that the rebuild has otherwise, or those that it lacks, into s->rows; returns how many. */
static size_t put_rows(struct store *s, const struct kind *k, const struct derived *all, const struct pg_result *res, bool existing)
{
	size_t n = 0;
	buffer_clear(&s->rows);
	wire_copy_head(&s->rows);
	for (size_t row = 0; row < pg_rows(res); row++) {
		struct text replaces = pg_cell(res, row, VERSION_BEFORE);
		if (existing != (replaces.p != NULL))
			continue;
		wire_copy_row(&s->rows, (uint16_t)(ROW_CELLS + k->n_columns + existing));
		walk_put_row(s, &all[row], res, row);
		if (existing)
			wire_text(&s->rows, replaces);
		n++;
	}
	wire_copy_tail(&s->rows);
	return n;
}

static int write_rows(struct store *s, const struct kind *k, const struct derived *all, const struct pg_result *res, size_t *ret_fresh, struct error *err)
{
	char empty[128];
	snprintf(empty, sizeof empty, "TRUNCATE pg_temp.stage_%s", k->name);
	size_t fresh = put_rows(s, k, all, res, false);
	int r = fresh ? pg_copy(s->pg, kind_sql(s, k)->copy, &s->rows, err) : 0;
	if (!r && fresh < pg_rows(res))
		r = pg_exec(s->pg, empty, err);
	size_t changed = put_rows(s, k, all, res, true);
	if (!r && changed)
		r = entities_update(s, k, changed, err);
	*ret_fresh = fresh;
	return r;
}

static int note_done(struct pass *p, size_t fresh, struct error *err)
{
	static struct pg_statement update = {.sql = "UPDATE rekap_rebuild.progress SET entities = entities + $1::int8"};
	buffer_clear(&p->s->params);
	wire_int8(&p->s->params, (int64_t)fresh);
	return pg_run(p->s->pg, &update, &p->s->params, 1, NULL, NULL, err);
}

static int redo_rows(struct pass *p, const struct kind *k, const struct pg_result *res, struct error *err)
{
	struct derived *all;
	size_t fresh = 0;
	int r = derive_rows(p, k, res, &all, err);
	if (!r)
		r = write_rows(p->s, k, all, res, &fresh, err);
	if (!r)
		r = measures_add(p->s, err);
	if (!r)
		r = note_done(p, fresh, err);
	buffer_clear(&p->after);
	buffer_text(&p->after, pg_cell(res, pg_rows(res) - 1, ROW_KEY));
	p->any = true;
	p->done += (int64_t)fresh;
	p->redone += (int64_t)pg_rows(res);
	return r;
}

/* Within a transaction: the next rows of the kind that are to do; *ret_more: there may be others behind them. */
static int redo_chunk(struct pass *p, const struct kind *k, bool *ret_more, struct error *err)
{
	PG_RESULT res = NULL;
	int r = kind_stage(p->s, k, err);
	if (!r)
		r = pg_exec(p->s->pg, KEYED_PLAN, err);
	if (!r)
		r = find_stale(p, kind_sql(p->s, k), &res, err);
	*ret_more = pg_rows(res) == CHUNK;
	return r || !pg_rows(res) ? r : redo_rows(p, k, res, err);
}

static int redo_chunk_alone(struct pass *p, const struct kind *k, bool *ret_more, struct error *err)
{
	int64_t unused;
	int r = kind_stage(p->s, k, err); /* not within the transaction, which could take them back */
	if (!r)
		r = measures_stage(p->s, err);
	if (!r)
		r = figures_begin(p->s, &unused, err);
	if (!r)
		r = redo_chunk(p, k, ret_more, err);
	if (!r)
		r = pg_commit(p->s->pg, err);
	if (r)
		store_rollback(p->s);
	else
		p->s->series_fresh = false;
	return r;
}

/* All kinds once; `chunk`: each in a transaction of its own, or all in the one that is open. */
static int pass(struct pass *p, int (*chunk)(struct pass *p, const struct kind *k, bool *ret_more, struct error *err), struct error *err)
{
	int r = 0;
	p->redone = 0;
	for (size_t k = 0; !r && k < kinds_n; k++) {
		p->any = false;
		for (bool more = true; !r && more;) {
			r = chunk(p, kinds[k], &more, err);
			if (!r && p->progress)
				p->progress(p->arg, p->done, p->total);
		}
	}
	return r;
}

static int64_t number(const struct pg_result *res, size_t column)
{
	return strtoll(pg_cell(res, 0, column).p, NULL, 10);
}

static int count_entities(struct pass *p, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(p->s->pg, "SELECT p.entities, e.n FROM rekap_rebuild.progress p CROSS JOIN (SELECT count(*) AS n FROM rekap_store.entity) e", &res, err);
	if (!r) {
		p->done = number(res, 0);
		p->total = number(res, 1);
	}
	return r;
}

static void pass_deinit(struct pass *p)
{
	arena_free(p->arena);
	buffer_deinit(&p->after);
}

int store_rebuild_entities(struct store *s, void (*progress)(void *arg, int64_t done, int64_t total), void *arg, struct error *err)
{
	struct pass p = {.s = s, .arena = arena_new(1 << 20), .progress = progress, .arg = arg, .redone = FEW};
	pg_resume(s->pg);
	int r = p.arena ? store_ready(s, err) : -ENOMEM;
	if (!r)
		r = count_entities(&p, err);
	for (int i = 0; !r && p.redone >= FEW && i < PASSES_MAX; i++)
		r = pass(&p, redo_chunk_alone, err);
	pass_deinit(&p);
	return store_outcome(r, err);
}

/* --- the swap --- */

int store_rebuild_hold(struct store *s, struct error *err)
{
	pg_resume(s->pg);
	int r = store_ready(s, err);
	/* the timeout is for a process that is frozen while others wait for it */
	return store_outcome(r ? r : pg_exec(s->pg, "SET idle_session_timeout = '8s'; SELECT pg_advisory_lock(" LOCK_FIGURES ")", err), err);
}

enum { SOURCE, DIGEST, SHORT };

static int look_before_swap(struct store *s, struct pg_result **ret, struct error *err)
{
	return pg_exec_rows(s->pg,
			    "SELECT p.source, b.digest, p.source = 'kafka' AND EXISTS (SELECT FROM rekap.ingest_offset t LEFT JOIN rekap_rebuild.ingest_offset s "
			    "USING (topic, partition) WHERE t.next_offset > coalesce(s.next_offset, 0)) FROM rekap_rebuild.progress p CROSS JOIN rekap_rebuild.basis b",
			    ret, err);
}

static int call_swap(struct store *s, struct error *err)
{
	static struct pg_statement swap = {.sql = "SELECT \"rows\", measures, (SELECT count(*) FROM rekap_store.entity) FROM rekap_rebuild.swap($1::text)"};
	PG_RESULT res = NULL;
	buffer_clear(&s->params);
	wire_text(&s->params, text_of(s->owner));
	int r = pg_run(s->pg, &swap, &s->params, 1, &res, NULL, err);
	if (r)
		return r;
	s->swapped = (struct store_rebuilt){wire_get_int8(pg_cell(res, 0, 2)), wire_get_int8(pg_cell(res, 0, 0)), wire_get_int8(pg_cell(res, 0, 1))};
	s->maybe_swapped = true;
	return 0;
}

static int finish_entities(struct store *s, struct error *err)
{
	struct pass p = {.s = s, .arena = arena_new(1 << 20)};
	int r = p.arena ? measures_stage(s, err) : -ENOMEM;
	if (!r)
		r = pass(&p, redo_chunk, err);
	pass_deinit(&p);
	/* the plans that chunks need are not those of the swap */
	return r ? r : pg_exec(s->pg, "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on", err);
}

/* Under the exclusive lock. Restatements of closed periods for the reason `rebuild` belong to rekap_rebuild.swap(). */
static int swap(struct store *s, void *arg, struct error *err)
{
	PG_RESULT res = NULL;
	const struct store_basis *b = arg;
	int r = look_before_swap(s, &res, err);
	if (r)
		return r;
	struct text source = pg_cell(res, 0, SOURCE);
	if (!source.p)
		return s->maybe_swapped ? 0 : error_set(err, -ESTALE, "what was rebuilt has been discarded");
	if (!text_is(pg_cell(res, 0, DIGEST), b->digest))
		return error_set(err, -ESTALE, "unit register or rules were changed by another process");
	if (text_is(pg_cell(res, 0, SHORT), "t"))
		return error_set(err, STORE_SHORT, "the log was not read as far as it is counted");
	if (text_is(source, "entities"))
		r = finish_entities(s, err);
	return r ? r : call_swap(s, err);
}

int store_rebuild_swap(struct store *s, const struct store_basis *b, struct store_rebuilt *ret, struct error *err)
{
	pg_set_deadline(s->pg, SWAP_SECONDS);
	int r = basis_change(s, b, swap, (void *)(uintptr_t)b, err);
	pg_set_deadline(s->pg, PG_STATEMENT_SECONDS);
	s->settings = b; /* also where it did not succeed, the tables of the rebuild are of this basis */
	if (!r)
		*ret = s->swapped;
	return r;
}
