// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * What operators ask of dead letters: lists, counts, the end of their bodies. By logins of their own: the daemon's may not remove bodies, and need not show
 * them.
 */
#include "daemon/store/internal.h"

static void put_ids(struct store *s, const struct reject_filter *f)
{
	if (!f->ids) {
		wire_null(&s->params);
		return;
	}
	size_t begun = wire_array_begin(&s->params, WIRE_INT8, f->n_ids);
	for (size_t i = 0; i < f->n_ids; i++)
		wire_int8(&s->params, f->ids[i]);
	wire_array_end(&s->params, begun);
}

void reject_filter_put(struct store *s, const struct reject_filter *f, int64_t after)
{
	const struct text texts[] = {f->reason, f->topic, f->partition, f->event_type, f->status, f->since, f->until};
	buffer_clear(&s->params);
	for (size_t i = 0; i < COUNT(texts); i++)
		wire_text(&s->params, texts[i]);
	put_ids(s, f);
	wire_int8(&s->params, after);
	wire_text(&s->params, f->waiting ? TEXT("waiting") : TEXT_NONE);
}

/* A question about the rejects of the filter; n: how many parameters stand in s->params. */
static int ask(struct store *s, struct pg_statement *st, size_t n, struct pg_result **ret, struct error *err)
{
	pg_resume(s->pg);
	int r = pg_connect(s->pg, err);
	return r ? r : pg_run(s->pg, st, &s->params, n, ret, NULL, err);
}

int store_rejects_list(struct store *s, const struct reject_filter *f, int64_t after, int limit, int (*row)(void *arg, const struct text *cells), void *arg,
		       struct error *err)
{
	static struct pg_statement select = {
		.sql = "SELECT r.reject_id::text, to_char(r.received_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), r.topic, r.partition::text, "
		       "r.\"offset\"::text, r.reason, r.status, r.event_type, r.event_id, r.detail "
		       "FROM rekap.reject r WHERE " REJECT_MATCHES "ORDER BY r.reject_id LIMIT $11::int4"};
	PG_RESULT res = NULL;
	reject_filter_put(s, f, after);
	wire_int4(&s->params, limit);
	int r = ask(s, &select, REJECT_FILTER_FIELDS + 1, &res, err);
	for (size_t i = 0; !r && i < pg_rows(res); i++) {
		struct text cells[LETTER_COLUMNS];
		for (size_t k = 0; k < LETTER_COLUMNS; k++)
			cells[k] = pg_cell(res, i, k);
		r = row(arg, cells);
	}
	return store_outcome(r, err);
}

int store_rejects_count(struct store *s, const struct reject_filter *f, int64_t *ret_n, struct error *err)
{
	static struct pg_statement select = {.sql = "SELECT count(*) FROM rekap.reject r WHERE " REJECT_MATCHES};
	PG_RESULT res = NULL;
	reject_filter_put(s, f, 0);
	int r = ask(s, &select, REJECT_FILTER_FIELDS, &res, err);
	if (!r)
		*ret_n = wire_get_int8(pg_cell(res, 0, 0));
	return store_outcome(r, err);
}

int store_rejects_purge(struct store *s, const struct reject_filter *f, int64_t *after, int limit, int64_t *ret_n, struct error *err)
{
	static struct pg_statement purge = {
		.sql = "SELECT rekap.purge_bodies(ids), ids[cardinality(ids)] FROM (SELECT ARRAY(SELECT r.reject_id FROM rekap.reject r WHERE " REJECT_MATCHES
		       "AND r.status <> 'purged' ORDER BY r.reject_id LIMIT $11::int4) AS ids) i"};
	PG_RESULT res = NULL;
	reject_filter_put(s, f, *after);
	wire_int4(&s->params, limit);
	int r = ask(s, &purge, REJECT_FILTER_FIELDS + 1, &res, err);
	if (r)
		return store_outcome(r, err);
	*ret_n = wire_get_int8(pg_cell(res, 0, 0));
	*after = pg_cell(res, 0, 1).p ? wire_get_int8(pg_cell(res, 0, 1)) : INT64_MAX;
	return 0;
}

/* Asked of the roles, not of the grants: the daemon's login can read bodies too, for its replays, but no person should by its settings. */
static int check_auditor(struct store *s, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(s->pg, "SELECT pg_has_role(session_user, 'rekap_auditor', 'MEMBER')", &res, err);
	if (!r && !text_is(pg_cell(res, 0, 0), "t"))
		return error_set(err, -EACCES, "bodies of rejected records are for members of rekap_auditor: use such a login (--set postgres.conninfo=…)");
	return r;
}

int store_visit(struct store *s, bool auditor, struct error *err)
{
	pg_resume(s->pg);
	int r = pg_connect(s->pg, err);
	if (!r)
		r = store_check_version(s, err);
	if (!r && auditor)
		r = check_auditor(s, err);
	return store_outcome(r, err);
}
