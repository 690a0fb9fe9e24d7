// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Migrations: the files schemas/sql/NNN_name.sql that the binary carries, each applied once, in a transaction of its own, in order of number. The table
 * rekap_store.migration says which; their checksums come from PostgreSQL's sha256().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/internal.h"
#include "schemas/embedded.h"

#define FOLDER "schemas/sql/"
#define MIGRATE_SECONDS 3600 /* another migration may be running, and building an index takes its time */

struct migration {
	int number;
	struct text name;
	const struct embedded_file *file;
};

/* The i-th embedded file, if it is a migration. */
static bool migration_of(size_t i, struct migration *ret)
{
	const struct embedded_file *f = &embedded_files[i];
	if (strncmp(f->path, FOLDER, strlen(FOLDER)))
		return false;
	char *rest;
	long number = strtol(f->path + strlen(FOLDER), &rest, 10);
	const char *dot = strrchr(rest, '.');
	if (*rest != '_' || !dot || number < 1 || number > INT32_MAX)
		return false;
	*ret = (struct migration){(int)number, {rest + 1, (size_t)(dot - rest - 1)}, f};
	return true;
}

/* Three arrays: number, name and text of each migration that the program knows. */
static void put_known(struct buffer *b)
{
	struct migration m;
	size_t n = 0;
	for (size_t i = 0; i < embedded_files_n; i++)
		n += migration_of(i, &m);
	static const enum wire_type types[] = {WIRE_INT4, WIRE_TEXT, WIRE_BYTEA};
	buffer_clear(b);
	for (size_t column = 0; column < 3; column++) {
		size_t begun = wire_array_begin(b, types[column], n);
		for (size_t i = 0; i < embedded_files_n; i++) {
			if (!migration_of(i, &m))
				continue;
			if (column == 0)
				wire_int4(b, m.number);
			else
				wire_text(b, column == 1 ? m.name : (struct text){m.file->data, m.file->size});
		}
		wire_array_end(b, begun);
	}
}

/* Whether the table of migrations is there. PostgreSQL refuses the question to a login that may not use the schema. */
static int bookkeeping_exists(struct store *s, bool *ret, struct error *err)
{
	PG_RESULT res = NULL;
	int r = pg_exec_rows(s->pg, "SELECT to_regclass('rekap_store.migration') IS NOT NULL", &res, err);
	if (r == -EACCES)
		return error_prefix(err, r, "this login is no member of rekap_writer (GRANT rekap_writer TO …)");
	if (!r)
		*ret = text_is(pg_cell(res, 0, 0), "t");
	return r;
}

enum { NUMBER, NAME, APPLIED_AT, APPLIED_SUM, KNOWN_SUM };

/* All migrations, known or applied, in order: columns as above, the last three null where they do not exist. */
static int compare(struct store *s, struct pg_result **ret, struct error *err)
{
	static struct pg_statement applied = {
		.sql = "SELECT number, coalesce(m.name, k.name), to_char(m.applied_at, 'YYYY-MM-DD HH24:MI:SS\"Z\"'), m.checksum, k.checksum "
		       "FROM (SELECT number, name, encode(sha256(body), 'hex') AS checksum FROM unnest($1::int4[], $2::text[], $3::bytea[]) AS f (number, "
		       "name, body)) k "
		       "FULL JOIN rekap_store.migration m USING (number) ORDER BY number"};
	static struct pg_statement none = {.sql = "SELECT number, name, NULL::text, NULL::text, encode(sha256(body), 'hex') "
						  "FROM unnest($1::int4[], $2::text[], $3::bytea[]) AS f (number, name, body) ORDER BY number"};
	bool exists;
	int r = bookkeeping_exists(s, &exists, err);
	put_known(&s->params);
	return r ? r : pg_run(s->pg, exists ? &applied : &none, &s->params, 3, ret, NULL, err);
}

enum status { APPLIED, PENDING, CHANGED, FOREIGN };

static enum status status_of(const struct pg_result *res, size_t row)
{
	struct text applied = pg_cell(res, row, APPLIED_SUM), known = pg_cell(res, row, KNOWN_SUM);
	if (!known.p)
		return FOREIGN;
	if (!applied.p)
		return PENDING;
	return text_equal(applied, known) ? APPLIED : CHANGED;
}

/* A pending migration below an applied one was skipped: it cannot be made up for, because the later one never saw it. */
static int refuse(const struct pg_result *res, struct error *err)
{
	const char *pending = NULL;
	char name[96];
	for (size_t i = 0; i < pg_rows(res); i++) {
		int number = wire_get_int4(pg_cell(res, i, NUMBER));
		enum status status = status_of(res, i);
		if (status == PENDING && !pending) {
			snprintf(name, sizeof name, "%03d_%.*s", number, TEXT_ARG(pg_cell(res, i, NAME)));
			pending = name;
		} else if (status == FOREIGN) {
			return error_set(err, -EPROTO,
					 "the database has migration %03d_%.*s, which this program does not know: the database is newer; run the newer rekapd",
					 number, TEXT_ARG(pg_cell(res, i, NAME)));
		} else if (status == CHANGED) {
			return error_set(err, -EPROTO,
					 "migration %03d_%.*s was applied with another text: this program and this database do not belong together", number,
					 TEXT_ARG(pg_cell(res, i, NAME)));
		} else if (status == APPLIED && pending) {
			return error_set(
				err, -EPROTO,
				"migration %s is missing in the database, though %03d was applied: this program and this database do not belong together",
				pending, number);
		}
	}
	return 0;
}

int store_check_version(struct store *s, struct error *err)
{
	PG_RESULT res = NULL;
	int r = compare(s, &res, err);
	if (!r)
		r = refuse(res, err);
	for (size_t i = 0; !r && i < pg_rows(res); i++)
		if (status_of(res, i) == PENDING)
			r = error_set(err, -EPROTO, "the database lacks migration %03d_%.*s: run `rekapd migrate`", wire_get_int4(pg_cell(res, i, NUMBER)),
				      TEXT_ARG(pg_cell(res, i, NAME)));
	return r;
}

/* Only who may create schemas gets here; to look first lets others run `migrate` where nothing is to do. */
static int make_bookkeeping(struct store *s, struct error *err)
{
	bool exists;
	int r = bookkeeping_exists(s, &exists, err);
	if (r || exists)
		return r;
	return pg_exec(s->pg,
		       "BEGIN; CREATE SCHEMA IF NOT EXISTS rekap_store; CREATE TABLE rekap_store.migration (number integer PRIMARY KEY, name text NOT NULL, "
		       "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp()); COMMIT",
		       err);
}

static int note_applied(struct store *s, const struct migration *m, struct text checksum, struct error *err)
{
	static struct pg_statement insert = {.sql = "INSERT INTO rekap_store.migration (number, name, checksum) VALUES ($1::int4, $2::text, $3::text)"};
	buffer_clear(&s->params);
	wire_int4(&s->params, m->number);
	wire_text(&s->params, m->name);
	wire_text(&s->params, checksum);
	return pg_run(s->pg, &insert, &s->params, 3, NULL, NULL, err);
}

/* The first migration makes the roles and takes on that of the owner itself. */
static int apply(struct store *s, const struct migration *m, struct text checksum, struct error *err)
{
	int r = pg_exec(s->pg, m->number == 1 ? "BEGIN" : "BEGIN; SET LOCAL ROLE rekap_owner", err);
	if (!r)
		r = pg_exec(s->pg, m->file->data, err);
	if (!r)
		r = note_applied(s, m, checksum, err);
	if (!r)
		r = pg_commit(s->pg, err);
	pg_rollback(s->pg);
	return r ? error_prefix(err, r, "migration %03d_%.*s", m->number, TEXT_ARG(m->name)) : 0;
}

struct listener {
	void (*line)(void *arg, const char *line);
	void *arg;
};

static void tell(const struct listener *to, const char *what, int number, struct text name, struct text when)
{
	char line[256];
	snprintf(line, sizeof line, "%03d_%.*s %s%s%.*s", number, TEXT_ARG(name), what, when.p ? " " : "", TEXT_ARG(when));
	if (to->line)
		to->line(to->arg, line);
}

static int apply_pending(struct store *s, const struct pg_result *res, const struct listener *to, int *applied, struct error *err)
{
	int r = refuse(res, err);
	for (size_t row = 0; !r && row < pg_rows(res); row++) {
		struct migration m = {0};
		if (status_of(res, row) != PENDING)
			continue;
		for (size_t i = 0; i < embedded_files_n; i++)
			if (migration_of(i, &m) && m.number == wire_get_int4(pg_cell(res, row, NUMBER)))
				break;
		r = apply(s, &m, pg_cell(res, row, KNOWN_SUM), err);
		if (r)
			return r;
		tell(to, "applied", m.number, m.name, TEXT_NONE);
		++*applied;
	}
	return r;
}

/* Under the lock: another migrate that runs at the same time waits here and then finds nothing to do. */
static int migrate(struct store *s, const struct listener *to, int *applied, struct error *err)
{
	PG_RESULT res = NULL;
	int r = make_bookkeeping(s, err);
	if (!r)
		r = compare(s, &res, err);
	if (!r)
		r = apply_pending(s, res, to, applied, err);
	if (!r)
		r = pg_exec(s->pg, "BEGIN; SET LOCAL ROLE rekap_owner; CALL rekap_store.finish_migration(); CALL rekap_store.finish_access(); "
			    "CALL rekap_rebuild.finish_migration(); COMMIT",
			    err);
	return r;
}

int store_migrate(struct store *s, void (*progress)(void *arg, const char *line), void *arg, int *ret_applied, struct error *err)
{
	struct listener to = {progress, arg};
	int applied = 0;
	pg_resume(s->pg);
	int r = pg_connect(s->pg, err);
	if (r)
		return store_outcome(r, err);
	pg_set_deadline(s->pg, MIGRATE_SECONDS);
	r = pg_exec(s->pg, "SELECT pg_advisory_lock(" LOCK_MIGRATE ")", err);
	if (!r)
		r = migrate(s, &to, &applied, err);
	pg_rollback(s->pg);
	pg_disconnect(s->pg); /* lets the lock go, and whatever the migrations' statements left in the session */
	pg_set_deadline(s->pg, PG_STATEMENT_SECONDS);
	if (!r)
		*ret_applied = applied;
	return store_outcome(r, err);
}

int store_migration_status(struct store *s, void (*line)(void *arg, const char *line), void *arg, struct error *err)
{
	static const char *const names[] = {
		[APPLIED] = "applied", [PENDING] = "pending", [CHANGED] = "applied with another text", [FOREIGN] = "unknown to this program"};
	struct listener to = {line, arg};
	PG_RESULT res = NULL;
	pg_resume(s->pg);
	int r = pg_connect(s->pg, err), behind = 0;
	if (!r)
		r = compare(s, &res, err);
	for (size_t i = 0; !r && i < pg_rows(res); i++) {
		enum status status = status_of(res, i);
		tell(&to, names[status], wire_get_int4(pg_cell(res, i, NUMBER)), pg_cell(res, i, NAME), pg_cell(res, i, APPLIED_AT));
		behind = status != APPLIED ? STORE_BEHIND : behind;
	}
	return r ? store_outcome(r, err) : behind;
}
