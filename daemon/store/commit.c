// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * A batch becomes figures: the one place that commits. Offsets first, then states in, fold, rejects, entities, roll-up, batch, COMMIT: all of it or nothing.
 *
 * Isolation is READ COMMITTED. What makes it enough: the basis cannot change under the shared lock, offsets are compared and set under row locks (claim.c),
 * entities are written only over the version that was read (entity.c), and additions to the roll-up commute (measure.c).
 */
#include <stdlib.h>

#include "daemon/store/internal.h"

#define ATTEMPTS 20 /* that lose a race before the caller is told to wait */

/* --- before the transaction --- */

/* The claims of the items' partitions learn their first and last offset. */
static int note_offsets(struct store *s, const struct item *items, size_t n, struct error *err)
{
	struct claim *c = NULL;
	for (size_t i = 0; i < s->n_claims; i++)
		s->claims[i].last = s->claims[i].first - 1;
	for (size_t i = 0; i < n && !items[i].reject_id; i++) {
		const struct record *r = &items[i].record;
		if (!c || c->partition != r->partition || !text_is(r->topic, c->topic))
			c = claim_find(s, r->topic, r->partition);
		if (!c)
			return error_set(err, STORE_FENCED, "partition %.*s/%d is no longer ours", TEXT_ARG(r->topic), r->partition);
		if (c->last < c->first)
			c->first = r->offset;
		c->last = r->offset;
	}
	return 0;
}

/* Entities name the topic of their last event. */
static int note_topics(struct store *s, const struct item *items, size_t n, struct error *err)
{
	int r = topics_learn(s, err);
	for (size_t i = 0; !r && i < n && items[i].reject_id; i++) /* a replay has no claims */
		r = topic_learn(s, items[i].record.topic, err);
	return r;
}

static int prepare(struct store *s, struct item *items, size_t n, struct error *err)
{
	int r = note_offsets(s, items, n, err);
	if (!r)
		r = note_topics(s, items, n, err);
	if (!r)
		r = ledger_open(&s->ledger, &s->basis, items, n);
	if (!r)
		r = entities_stage(s, err);
	if (!r)
		r = measures_stage(s, err);
	return r;
}

/* --- the transaction --- */

/* The number of the batch, and whether what it is folded with is what the database has. */
int figures_begin(struct store *s, int64_t *ret_batch_id, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(s->pg,
			     "BEGIN; SELECT pg_advisory_xact_lock_shared(" LOCK_FIGURES "); "
			     "SELECT version, digest, nextval('rekap.batch_batch_id_seq') FROM basis",
			     &res, err);
	if (r)
		return r;
	if (pg_rows(res) != 1)
		return error_set(err, -EIO, "rekap_store.basis lost its row");
	if (!text_is(pg_cell(res, 0, 1), s->settings->digest))
		return error_set(err, -ESTALE, "rulesets, calendar or zone in the database were changed by another process: restart with the same files");
	*ret_batch_id = strtoll(pg_cell(res, 0, 2).p, NULL, 10);
	if (strtoll(pg_cell(res, 0, 0).p, NULL, 10) == s->units.version)
		return 0;
	store_rollback(s);
	r = units_reload(s, err);
	return r ? r : STORE_AGAIN;
}

static void count(const struct store *s, int64_t batch_id, struct store_commit *ret)
{
	const struct ledger *l = &s->ledger;
	*ret = (struct store_commit){.batch_id = batch_id};
	for (size_t i = 0; i < l->n_items; i++) {
		enum reason reason = l->verdicts[i].reason;
		ret->by_reason[reason]++;
		ret->unchanged += reason == REASON_NONE && !l->verdicts[i].changed;
	}
	ret->events = ret->by_reason[REASON_NONE];
	ret->tombstones = ret->by_reason[REASON_TOMBSTONE];
	ret->rejected = (int64_t)l->n_items - ret->events - ret->tombstones;
}

static int note_batch(struct store *s, const struct store_commit *done, struct error *err)
{
	s->note_batch.name = "note_batch";
	s->note_batch.sql = "INSERT INTO batch (batch_id, owner, partitions, events, rejected) OVERRIDING SYSTEM VALUE "
			    "VALUES ($1::int8, $2::text, $3::text::jsonb, $4::int8, $5::int8)";
	buffer_clear(&s->scratch);
	claims_describe(s, &s->scratch);
	buffer_clear(&s->params);
	wire_int8(&s->params, done->batch_id);
	wire_text(&s->params, text_of(s->owner));
	wire_text(&s->params, buffer_view(&s->scratch));
	wire_int8(&s->params, done->events);
	wire_int8(&s->params, done->rejected);
	return s->scratch.failed ? -ENOMEM : pg_run(s->pg, &s->note_batch, &s->params, 5, NULL, NULL, err);
}

static int fold_batch(struct store *s, struct error *err)
{
	int r = entities_load(s, err);
	return r ? r : ledger_fold(&s->ledger);
}

static int write_batch(struct store *s, bool replay, int64_t batch_id, struct store_commit *ret, struct error *err)
{
	count(s, batch_id, ret);
	int r = replay ? rejects_set_status(s, err) : rejects_write(s, err);
	if (!r)
		r = entities_write(s, batch_id, &ret->entities, err);
	if (!r)
		r = ledger_sort_deltas(&s->ledger);
	ret->deltas = (int64_t)s->ledger.n_deltas;
	if (!r)
		r = measures_write(s, s->ledger.deltas, s->ledger.n_deltas, err);
	return r ? r : note_batch(s, ret, err);
}

static int commit(struct store *s, const struct store_commit *done, struct error *err)
{
	int r = pg_commit(s->pg, err);
	s->doubtful = r == PG_RETRY;
	s->doubt = *done;
	if (r)
		return r;
	claims_advanced(s);
	s->series_fresh = false;
	return 0;
}

static int transaction(struct store *s, struct item *items, size_t n, struct store_commit *ret, struct error *err)
{
	bool replay = items[0].reject_id;
	int64_t batch_id = 0;
	int r = prepare(s, items, n, err);
	if (!r)
		r = figures_begin(s, &batch_id, err);
	if (!r)
		r = replay ? rejects_lock(s, err) : claims_advance(s, err);
	if (!r)
		r = fold_batch(s, err);
	if (!r)
		r = write_batch(s, replay, batch_id, ret, err);
	if (!r)
		r = commit(s, ret, err);
	if (r)
		store_rollback(s);
	return r;
}

/* --- what was stored before --- */

static bool is_stored(struct store *s, const struct item *item)
{
	const struct claim *c = item->reject_id ? NULL : claim_find(s, item->record.topic, item->record.partition);
	return c && item->record.offset < c->next;
}

/* The items that are not stored yet: `items` itself, or a copy that the caller frees. */
static int fresh_items(struct store *s, struct item *items, size_t n, struct item **ret, size_t *ret_n)
{
	size_t stored = 0;
	for (size_t i = 0; i < n; i++)
		stored += is_stored(s, &items[i]);
	*ret = items;
	*ret_n = n - stored;
	if (!stored || stored == n)
		return 0;
	struct item *fresh = malloc(*ret_n * sizeof *fresh);
	if (!fresh)
		return -ENOMEM;
	*ret = fresh;
	for (size_t i = 0; i < n; i++)
		if (!is_stored(s, &items[i]))
			*fresh++ = items[i];
	return 0;
}

static int64_t progress(const struct store *s)
{
	int64_t sum = 0;
	for (size_t i = 0; i < s->n_claims; i++)
		sum += s->claims[i].next;
	return sum;
}

void store_commit_add(struct store_commit *to, const struct store_commit *done)
{
	to->batch_id = done->batch_id;
	to->events += done->events;
	to->rejected += done->rejected;
	to->tombstones += done->tombstones;
	to->unchanged += done->unchanged;
	to->entities += done->entities;
	to->deltas += done->deltas;
	for (size_t i = 0; i < REASON_COUNT; i++)
		to->by_reason[i] += done->by_reason[i];
}

/* One attempt at what is not stored yet. STORE_AGAIN when it lost a race, or found that a COMMIT in doubt had happened. */
static int attempt(struct store *s, struct item *items, size_t n, struct store_commit *sum, struct error *err)
{
	struct item *fresh;
	struct store_commit done = {0};
	int r = fresh_items(s, items, n, &fresh, &n);
	if (r || !n)
		return r;
	int64_t before = progress(s);
	bool doubtful = s->doubtful;
	struct store_commit doubt = s->doubt;
	r = transaction(s, fresh, n, &done, err);
	if (!r)
		store_commit_add(sum, &done);
	else if (r == STORE_AGAIN && doubtful && progress(s) > before) {
		store_commit_add(sum, &doubt);
		s->doubtful = false;
	}
	if (fresh != items)
		free(fresh);
	return r;
}

static int persist(struct store *s, struct item *items, size_t n, struct store_commit *sum, struct error *err)
{
	int r = STORE_AGAIN;
	for (int i = 0; r == STORE_AGAIN && i < ATTEMPTS; i++)
		r = attempt(s, items, n, sum, err);
	return r;
}

/* --- what the server refuses --- */

/* The one record that the server will not have: rejected without looking at it again. If that is refused too, the fault is not the record's. */
static int reject_alone(struct store *s, const struct item *item, struct store_commit *sum, struct error *err)
{
	char sqlstate[6];
	struct item refused = *item;
	memcpy(sqlstate, pg_sqlstate(s->pg), sizeof sqlstate);
	refused.reason = REASON_NOT_STORABLE;
	refused.detail = text_of(sqlstate);
	return persist(s, &refused, 1, sum, err);
}

/* Halves what the server refuses until it accepts or one record is left. Offsets move on to the end of each half, so order and exactness stay. */
static int commit_items(struct store *s, struct item *items, size_t n, struct store_commit *sum, struct error *err)
{
	int r = persist(s, items, n, sum, err);
	if (r != PG_DATA && r != PG_CONFLICT)
		return r;
	if (n == 1)
		return reject_alone(s, items, sum, err);
	r = commit_items(s, items, n / 2, sum, err);
	return r ? r : commit_items(s, items + n / 2, n - n / 2, sum, err);
}

/*
 * A new session may have led to a database that was restored: then also partitions of which the batch has nothing are behind. Not before a COMMIT in doubt is settled,
 * which the attempt does.
 */
static int make_certain(struct store *s, const struct batch *batch, struct error *err)
{
	if (batch->n && (s->doubtful || s->certain == pg_session(s->pg)))
		return 0;
	int r = claims_confirm(s, err);
	if (!r)
		s->certain = pg_session(s->pg);
	return r;
}

int store_commit(struct store *s, const struct batch *batch, struct store_commit *ret, struct error *err)
{
	struct store_commit sum = {0};
	pg_resume(s->pg);
	if (!s->settings)
		return error_set(err, -EINVAL, "store_commit before store_basis_set");
	int r = store_ready(s, err);
	if (!r)
		r = make_certain(s, batch, err);
	if (!r && batch->n)
		r = commit_items(s, batch->items, batch->n, &sum, err);
	if (!r)
		*ret = sum;
	return store_outcome(r, err);
}
