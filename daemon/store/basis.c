// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * What all figures depend on: settings, rulesets, the unit register. Whoever changes it holds the exclusive lock and makes every figure agree before it
 * commits, so that no instance ever adds to figures of another basis.
 */
#include <stdlib.h>

#include "daemon/store/internal.h"

struct change {
	const struct store_basis *to;
	const struct units *units; /* NULL: stay as they are */
	void (*progress)(void *arg, int64_t done, int64_t total);
	int (*recompute)(struct store *s, void *arg, struct error *err); /* NULL: restate what depends on what changes */
	void *arg;
	/* found out under the lock: */
	bool settings, rules, units_changed, refold;
};

static void put_settings(struct store *s, const struct store_basis *b)
{
	buffer_clear(&s->params);
	wire_text(&s->params, text_of(b->digest));
	wire_text(&s->params, text_of(zone_name(b->basis.zone)));
	wire_day(&s->params, b->as_of);
	wire_int4(&s->params, (int32_t)b->suppression_threshold);
}

/* Waits for the batches that are being committed; later ones wait for us. */
static int begin(struct store *s, struct change *c, struct error *err)
{
	static struct pg_statement differs = {
		.sql = "SELECT digest IS DISTINCT FROM $1::text, zone IS DISTINCT FROM $2::text OR as_of IS DISTINCT FROM $3::date "
		       "OR suppression_threshold IS DISTINCT FROM $4::int4 FROM rekap_store.basis"};
	PG_RESULT res = NULL;
	int r = pg_exec(s->pg, "BEGIN; SELECT pg_advisory_xact_lock(" LOCK_FIGURES ")", err);
	put_settings(s, c->to);
	if (!r)
		r = pg_run(s->pg, &differs, &s->params, 4, &res, NULL, err);
	if (r)
		return r;
	if (pg_rows(res) != 1)
		return error_set(err, -EIO, "rekap_store.basis lost its row");
	c->rules = c->refold = pg_cell(res, 0, 0).p[0];
	c->settings = pg_cell(res, 0, 1).p[0];
	return 0;
}

static int write_settings(struct store *s, const struct change *c, struct error *err)
{
	static struct pg_statement update = {
		.sql = "UPDATE rekap_store.basis SET digest = $1::text, zone = $2::text, as_of = $3::date, suppression_threshold = $4::int4, "
		       "version = version + $5::int4"};
	put_settings(s, c->to);
	wire_int4(&s->params, c->rules || c->units_changed);
	return pg_run(s->pg, &update, &s->params, 5, NULL, NULL, err);
}

static void put_rules(struct store *s, const struct rulesets *rules)
{
	buffer_clear(&s->params);
	for (int column = 0; column < 4; column++) {
		size_t begun = wire_array_begin(&s->params, column == 1 || column == 2 ? WIRE_DATE : WIRE_TEXT, rules->n);
		for (const struct ruleset *x = rules->all; x < rules->all + rules->n; x++) {
			if (column == 1 || column == 2)
				wire_day(&s->params, column == 1 ? x->valid_from : x->valid_to);
			else
				wire_text(&s->params, column ? x->json : x->id);
		}
		wire_array_end(&s->params, begun);
	}
}

/* Null is absent, to views as well. A ruleset that is no longer used stays as an empty row that is never valid: the daemon deletes nothing. */
static int write_rules(struct store *s, const struct rulesets *rules, struct error *err)
{
	static struct pg_statement upsert = {
		.sql = "INSERT INTO rekap_store.ruleset (ruleset, valid_from, valid_to, body) SELECT ruleset, valid_from, valid_to, jsonb_strip_nulls(body::jsonb) "
		       "FROM unnest($1::text[], $2::date[], $3::date[], $4::text[]) AS n (ruleset, valid_from, valid_to, body) "
		       "ON CONFLICT (ruleset) DO UPDATE SET valid_from = excluded.valid_from, valid_to = excluded.valid_to, body = excluded.body"};
	static struct pg_statement retire = {.sql = "UPDATE rekap_store.ruleset SET valid_to = valid_from - 1, body = '{}' WHERE ruleset <> ALL ($1::text[])"};
	put_rules(s, rules);
	int r = pg_run(s->pg, &upsert, &s->params, 4, NULL, NULL, err);
	return r ? r : pg_run(s->pg, &retire, &s->params, 1, NULL, NULL, err);
}

/* The views of indicators read what they need of units and rulesets from tables of their own. */
static int renew_derived(struct store *s, struct error *err)
{
	return pg_exec(s->pg, "SELECT rekap_store.basis_changed()", err);
}

static int write(struct store *s, struct change *c, struct error *err)
{
	int r = 0;
	if (c->units) {
		bool refold = false;
		r = units_write(s, c->units, &c->units_changed, &refold, err);
		c->refold |= refold;
	}
	if (!r && c->rules)
		r = write_rules(s, c->to->basis.rulesets, err);
	if (!r && (c->settings || c->rules || c->units_changed))
		r = write_settings(s, c, err);
	if (!r && (c->rules || c->units_changed))
		r = renew_derived(s, err);
	return r;
}

/* From here on entities are derived with the new basis; if the transaction fails, nothing is settled and the caller begins anew. */
static int adopt(struct store *s, const struct change *c, struct error *err)
{
	s->basis = c->to->basis;
	int r = units_reload(s, err);
	return r || !c->refold || c->recompute ? r : restate(s, c->progress, c->arg, err);
}

/* The database still has the old settings, and its version of them. */
static int recompute(struct store *s, const struct change *c, struct error *err)
{
	s->basis = c->to->basis;
	s->basis.units = &s->units;
	return c->recompute(s, c->arg, err);
}

static int change_basis(struct store *s, struct change *c, struct error *err)
{
	pg_resume(s->pg);
	s->settings = NULL;
	int r = store_ready(s, err);
	if (!r)
		r = begin(s, c, err);
	if (!r)
		r = units_reload(s, err);
	if (!r && c->recompute)
		r = recompute(s, c, err);
	if (!r)
		r = write(s, c, err);
	if (!r)
		r = adopt(s, c, err);
	if (!r)
		r = pg_commit(s->pg, err);
	if (r) {
		store_rollback(s);
		pg_disconnect(s->pg); /* temporary tables may have been made in the transaction, and are gone */
		return store_outcome(r, err);
	}
	s->series_fresh = false;
	s->settings = c->to;
	return 0;
}

int store_basis_set(struct store *s, const struct store_basis *b, void (*progress)(void *arg, int64_t done, int64_t total), void *arg, struct error *err)
{
	struct change c = {.to = b, .progress = progress, .arg = arg};
	return change_basis(s, &c, err);
}

int store_units_save(struct store *s, const struct units *u, const struct store_basis *b, struct error *err)
{
	struct change c = {.to = b, .units = u};
	return change_basis(s, &c, err);
}

int basis_change(struct store *s, const struct store_basis *b, int (*by)(struct store *s, void *arg, struct error *err), void *arg, struct error *err)
{
	struct change c = {.to = b, .recompute = by, .arg = arg};
	return change_basis(s, &c, err);
}
