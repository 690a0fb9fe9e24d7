// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/internal.h"

#define QUESTION_SECONDS 600 /* analysts' questions may take longer than the daemon's statements */

int store_new(const char *conninfo, const char *owner, struct store **ret_store, struct error *err)
{
	struct store *s = calloc(1, sizeof *s);
	if (!s)
		return store_outcome(-ENOMEM, err);
	map_init(&s->series, 0);
	int r = pg_new(conninfo, &s->pg, err);
	if (!r)
		r = ledger_init(&s->ledger);
	s->owner = strdup(owner);
	s->kinds = calloc(kinds_n, sizeof *s->kinds);
	s->series_names = arena_new(4096);
	s->row = arena_new(1 << 16);
	if (!r && (!s->owner || !s->kinds || !s->series_names || !s->row))
		r = -ENOMEM;
	if (r) {
		store_free(s);
		return store_outcome(r, err);
	}
	*ret_store = s;
	return 0;
}

static void free_kind_sql(struct kind_sql *k)
{
	char *const all[] = {k->load_name, k->load, k->walk, k->copy, k->stage, k->copy_stage, k->update, k->stale};
	for (size_t i = 0; i < COUNT(all); i++)
		free(all[i]);
}

struct store *store_free(struct store *s)
{
	if (!s)
		return NULL;
	pg_free(s->pg);
	for (size_t i = 0; i < s->n_claims; i++)
		free(s->claims[i].topic);
	topics_forget(s);
	for (size_t i = 0; s->kinds && i < kinds_n; i++)
		free_kind_sql(&s->kinds[i]);
	if (s->has_units)
		units_deinit(&s->units);
	ledger_deinit(&s->ledger);
	map_deinit(&s->series);
	arena_free(s->series_names);
	arena_free(s->row);
	buffer_deinit(&s->params);
	buffer_deinit(&s->rows);
	buffer_deinit(&s->scratch);
	free(s->measure_sql);
	free(s->claims);
	free(s->topics);
	free(s->kinds);
	free(s->owner);
	free(s);
	return NULL;
}

/* Staged rows need temporary tables, which a careful administrator may have taken from PUBLIC. */
static int check_temporary(struct store *s, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(s->pg, "SELECT has_database_privilege(current_database(), 'TEMPORARY'), current_database()", &res, err);
	if (!r && !text_is(pg_cell(res, 0, 0), "t"))
		return error_set(err, -EACCES, "this login may not make temporary tables: GRANT TEMPORARY ON DATABASE %.*s TO rekap_writer",
				 TEXT_ARG(pg_cell(res, 0, 1)));
	return r;
}

/* A new connection may lead to another server, which took over and lacks what the last one committed in its last moments: numbers may mean other things there.
 */
static void forget_numbers(struct store *s)
{
	topics_forget(s);
	series_forget(s);
	s->units.version = -1; /* no basis has it: the next batch loads the register */
}

/* Which tables hold the figures of this session. */
static int set_path(struct store *s, struct error *err)
{
	if (!s->beside)
		return pg_exec(s->pg, "SET search_path = rekap_store, rekap, pg_temp", err);
	int r = pg_exec(s->pg, "SET search_path = rekap_rebuild, rekap_store, rekap, pg_temp", err);
	return r ? r : rebuild_lock(s, err);
}

int store_ready(struct store *s, struct error *err)
{
	int r = pg_connect(s->pg, err);
	if (r || s->checked == pg_session(s->pg))
		return r;
	forget_numbers(s);
	r = store_check_version(s, err);
	if (!r)
		r = check_temporary(s, err);
	if (!r)
		r = set_path(s, err);
	if (!r)
		s->checked = pg_session(s->pg);
	else
		pg_disconnect(s->pg);
	return r;
}

char *store_format(const char *format, ...)
{
	char *text;
	va_list ap;
	va_start(ap, format);
	int n = vasprintf(&text, format, ap);
	va_end(ap);
	return n < 0 ? NULL : text;
}

void store_rollback(struct store *s)
{
	pg_rollback(s->pg);
	if (s->series_fresh)
		series_forget(s);
}

int store_connect(struct store *s, struct error *err)
{
	pg_resume(s->pg);
	return store_outcome(store_ready(s, err), err);
}

void store_disconnect(struct store *s)
{
	pg_disconnect(s->pg);
}

enum store_link store_link(const struct store *s)
{
	struct pg_link link;
	pg_link(s->pg, &link);
	return link.verified ? STORE_LINK_VERIFIED : link.local ? STORE_LINK_LOCAL : link.tls ? STORE_LINK_UNVERIFIED : STORE_LINK_PLAIN;
}

void store_cancel(struct store *s)
{
	pg_cancel(s->pg);
}

int store_query(struct store *s, const char *sql, int (*row)(void *arg, size_t n, const struct text *cells), void *arg, struct error *err)
{
	pg_resume(s->pg);
	int r = pg_connect(s->pg, err);
	if (r)
		return store_outcome(r, err);
	pg_set_deadline(s->pg, QUESTION_SECONDS);
	r = pg_each(s->pg, sql, row, arg, err);
	pg_set_deadline(s->pg, PG_STATEMENT_SECONDS);
	return store_outcome(r, err);
}
