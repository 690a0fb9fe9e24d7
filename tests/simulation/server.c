// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * PostgreSQL as the store sees it through postgres.h: it knows the store's statements by their first words, and does what they say. Conditions and orders that
 * promises hang on (epochs, versions, ORDER BY) are looked for in the statement's text: one that lacks them gets what PostgreSQL would give it.
 */
#include "daemon/store/postgres.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/record/kind.h"
#include "tests/simulation/tables.h"

#define INTERRUPTED (-1000) /* the wait ended without what was waited for */
#define DAYS 31
#define FROZEN_SECONDS 10 /* idle_in_transaction_session_timeout */

struct pg {
	struct session *session;
	struct instance *client;
	unsigned sessions;
	bool cancelled;
	int seconds;
	int64_t deadline;
	char sqlstate[6], constraint[80];
};

struct pg_result {
	struct arena *arena;
	struct text *cells;
	size_t rows, columns, n, size;
};

struct offset_row {
	int64_t next, epoch;
};

struct measure_row {
	decimal day[DAYS], total;
};

static struct {
	struct table kinds[32], measures, offsets, rejects, series, topics, batches;
	int64_t next[3], saved[3], down_until; /* next: of the sequences */
} db;

enum { BATCH, SERIES, TOPIC_ID };

/* --- the server's life --------------------------------------------------------------------------------------------------------------------------- */

void server_reset(void)
{
	memset(&db, 0, sizeof db);
	tables_reset();
}

static void kill_session(struct session *s)
{
	session_end(s, false);
	s->dead = true;
	if (s->waits_for)
		task_wake(s->waits_for);
	session_free(s);
}

void server_restart(int64_t down_for)
{
	trace("server restarts, away for %lld ms", (long long)(down_for / MILLISECOND));
	db.down_until = world.now + down_for;
	for (struct session *s = sessions(), *next; s; s = next) {
		next = s->next;
		kill_session(s);
	}
}

static void each_row(void (*visit)(struct row *r))
{
	struct table *const tables[] = {&db.measures, &db.offsets, &db.rejects, &db.series, &db.topics, &db.batches};
	for (size_t k = 0; k < COUNT(tables) + kinds_n; k++) {
		struct table *t = k < kinds_n ? &db.kinds[k] : tables[k - kinds_n];
		for (size_t i = 0; i < t->n; i++)
			visit(t->rows[i]);
	}
}

static void save_row(struct row *r)
{
	r->saved = r->committed;
}

static void restore_row(struct row *r)
{
	r->committed = r->saved;
}

void server_save(void)
{
	each_row(save_row);
	memcpy(db.saved, db.next, sizeof db.saved);
}

void server_restore(void)
{
	server_restart((int64_t)chance(SECOND));
	trace("server is as it was some time ago");
	each_row(restore_row);
	memcpy(db.next, db.saved, sizeof db.saved);
}

static void end_orphan(void *arg)
{
	struct session *s = arg;
	if (s->dead)
		return;
	if (s->prepared)
		trace("COMMIT of a lost connection happens");
	session_end(s, s->prepared);
	s->dead = true;
	session_free(s);
}

/* The client is gone; the server finds out at once or later. */
static void orphan(struct session *s, bool commits)
{
	s->client = NULL;
	if (s->dead)
		return;
	s->prepared = commits;
	if (!commits && chance(2))
		end_orphan(s);
	else
		timer_after((int64_t)chance(3 * SECOND), end_orphan, s);
}

void server_lost_client(struct instance *i)
{
	for (struct session *s = sessions(), *next; s; s = next) {
		next = s->next;
		if (s->client == i)
			orphan(s, false);
	}
}

static void end_frozen(void *arg)
{
	struct session *s = arg;
	if (!s->dead && s->client && s->client->frozen && s->open)
		kill_session(s);
}

void server_client_frozen(struct instance *i)
{
	for (struct session *s = sessions(); s; s = s->next)
		if (s->client == i)
			timer_after(FROZEN_SECONDS * SECOND, end_frozen, s);
}

size_t server_sessions(void)
{
	size_t n = 0;
	for (const struct session *s = sessions(); s; s = s->next)
		n++;
	return n;
}

/* --- errors as the adapter tells them -------------------------------------------------------------------------------------------------------------- */

static int lost(struct pg *pg, struct error *err)
{
	pg_disconnect(pg);
	return error_set(err, PG_RETRY, "PostgreSQL: connection lost");
}

static int refuse(struct pg *pg, int code, const char *sqlstate, const char *constraint, struct error *err)
{
	snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", sqlstate);
	snprintf(pg->constraint, sizeof pg->constraint, "%s", constraint);
	trace("instance %d gets SQLSTATE %s %s", pg->client->number, sqlstate, constraint);
	pg->session->failed = pg->session->open;
	if (!pg->session->open)
		session_end(pg->session, false);
	return error_set(err, code, "PostgreSQL: SQLSTATE %s", sqlstate);
}

static int interrupted(struct pg *pg, struct error *err)
{
	return pg->cancelled ? (pg_disconnect(pg), error_set(err, PG_RETRY, "PostgreSQL: cancelled")) : lost(pg, err);
}

/* The time a statement takes to arrive. False: it never does. */
static bool pass_time(struct pg *pg)
{
	int64_t delay = (int64_t)chance((uint64_t)world.latency);
	if (strikes(FAULT_SLOW))
		delay = chance(4) ? (int64_t)chance(2 * SECOND) : (int64_t)chance(100 * SECOND);
	int64_t until = world.now + delay;
	task_yield();
	while (world.now < until && world.now < pg->deadline && !pg->cancelled && !pg->session->dead)
		task_wait(pg, until < pg->deadline ? until : pg->deadline);
	return world.now < pg->deadline && !pg->cancelled && !pg->session->dead;
}

/* Before a statement is executed: what may happen to it on its way. 0: it arrived. */
static int arrive(struct pg *pg, struct error *err)
{
	static const char *const passing[] = {"40001", "40P01", "53100", "53200", "53300", "55P03", "57014", "57P01", "25006", "58030"};
	if (!pg->session)
		return error_set(err, PG_RETRY, "PostgreSQL: not connected");
	pg->deadline = world.now + pg->seconds * SECOND;
	pg->sqlstate[0] = pg->constraint[0] = 0;
	if (!pass_time(pg) || strikes(FAULT_CUT_BEFORE))
		return interrupted(pg, err);
	if (pg->session->failed)
		violated("a statement in a transaction that failed");
	if (strikes(FAULT_SQLSTATE))
		return refuse(pg, PG_RETRY, passing[chance(COUNT(passing))], "", err);
	return 0;
}

/* After it was executed: whether the client hears of it. */
static int answer(struct pg *pg, int r, struct error *err)
{
	if (r == INTERRUPTED)
		return interrupted(pg, err);
	if (!r && !pg->session->open)
		session_end(pg->session, true);
	if (!r && strikes(FAULT_CUT_AFTER))
		return lost(pg, err);
	return r;
}

static bool lock(struct pg *pg, struct row *r)
{
	if (!chance(3))
		task_wait(NULL, world.now + (int64_t)chance(MILLISECOND));
	return !pg->session->dead && !pg->cancelled && row_lock(r, pg->session, pg->deadline, &pg->cancelled);
}

/* --- connections --------------------------------------------------------------------------------------------------------------------------------- */

int pg_new(const char *conninfo, struct pg **ret_pg, struct error *err)
{
	(void)conninfo;
	(void)err;
	struct pg *pg = calloc(1, sizeof *pg);
	if (!pg)
		return -ENOMEM;
	pg->client = current_instance();
	pg->seconds = PG_STATEMENT_SECONDS;
	*ret_pg = pg;
	return 0;
}

struct pg *pg_free(struct pg *pg)
{
	if (pg)
		pg_disconnect(pg);
	free(pg);
	return NULL;
}

int pg_connect(struct pg *pg, struct error *err)
{
	if (pg->session && !pg->session->dead)
		return 0;
	pg_disconnect(pg);
	pg->sqlstate[0] = 0;
	task_wait(pg, world.now + (int64_t)chance(20 * MILLISECOND));
	if (pg->cancelled)
		return error_set(err, PG_RETRY, "PostgreSQL: cancelled");
	if (world.now < db.down_until || strikes(FAULT_CUT_BEFORE))
		return error_set(err, PG_RETRY, "PostgreSQL: connection refused");
	pg->session = session_new(pg->client);
	pg->sessions++;
	return 0;
}

void pg_disconnect(struct pg *pg)
{
	if (pg->session)
		orphan(pg->session, false);
	pg->session = NULL;
}

void pg_set_deadline(struct pg *pg, int seconds)
{
	pg->seconds = seconds;
}

unsigned pg_session(const struct pg *pg)
{
	return pg->sessions;
}

void pg_link(const struct pg *pg, struct pg_link *ret)
{
	(void)pg;
	*ret = (struct pg_link){.local = true};
}

void pg_cancel(struct pg *pg)
{
	pg->cancelled = true;
	task_wake(pg);
	if (pg->session && pg->session->waits_for)
		task_wake(pg->session->waits_for);
}

void pg_resume(struct pg *pg)
{
	pg->cancelled = false;
}

const char *pg_sqlstate(const struct pg *pg)
{
	return pg->sqlstate;
}

const char *pg_constraint(const struct pg *pg)
{
	return pg->constraint;
}

/* --- results ------------------------------------------------------------------------------------------------------------------------------------- */

static struct pg_result *result_new(size_t columns)
{
	struct pg_result *r = calloc(1, sizeof *r);
	r->arena = arena_new(2048);
	r->columns = columns;
	return r;
}

/* As libpq does it, with a NUL behind the bytes. */
static void put_cell(struct pg_result *r, struct text t)
{
	char *p = t.p ? arena_zalloc(r->arena, t.n + 1) : NULL;
	if (t.n)
		memcpy(p, t.p, t.n);
	r->cells = arena_grow(r->arena, r->cells, r->n, &r->size, sizeof *r->cells, 16);
	r->cells[r->n++] = (struct text){p, t.n};
	r->rows = r->n / r->columns;
}

static void put_int8(struct pg_result *r, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);
	put_cell(r, (struct text){(const char *)&be, sizeof be});
}

static void put_int4(struct pg_result *r, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);
	put_cell(r, (struct text){(const char *)&be, sizeof be});
}

size_t pg_rows(const struct pg_result *r)
{
	return r ? r->rows : 0;
}

size_t pg_columns(const struct pg_result *r)
{
	return r ? r->columns : 0;
}

struct text pg_cell(const struct pg_result *r, size_t row, size_t column)
{
	return r->cells[row * r->columns + column];
}

void pg_result_free(struct pg_result *r)
{
	if (r)
		arena_free(r->arena);
	free(r);
}

/* --- reading statements -------------------------------------------------------------------------------------------------------------------------- */

static const char *skip_schema(const char *sql)
{
	return !strncmp(sql, "rekap_store.", 12) ? sql + 12 : !strncmp(sql, "rekap.", 6) ? sql + 6 : sql;
}

/* Whether the statement begins so, the names of schemas left out; returns what follows. */
static const char *begins(const char *sql, const char *words)
{
	while (*words) {
		if (*sql == 'r')
			sql = skip_schema(sql);
		if (*sql++ != *words++)
			return NULL;
	}
	return skip_schema(sql);
}

static size_t kind_named(const char *name)
{
	for (size_t k = 0; k < kinds_n; k++) {
		size_t n = strlen(kinds[k]->name);
		if (!strncmp(kinds[k]->name, name, n) && (name[n] == ' ' || !name[n]))
			return k;
	}
	violated("the simulated server does not know the table %.40s", name);
	return 0;
}

struct params {
	struct text p[PG_PARAMETERS_MAX];
	size_t at[PG_PARAMETERS_MAX];
};

static struct params read_params(const struct buffer *b, size_t n)
{
	struct params p = {0};
	size_t at = 0;
	for (size_t i = 0; i < n; i++)
		wire_next(buffer_view(b), &at, &p.p[i]);
	return p;
}

static size_t arrays(struct params *p, size_t n)
{
	size_t rows = 0;
	for (size_t i = 0; i < n; i++)
		rows = wire_get_array(p->p[i], &p->at[i]);
	return rows;
}

static struct text element(struct params *p, size_t i)
{
	struct text t = TEXT_NONE;
	wire_next(p->p[i], &p->at[i], &t);
	return t;
}

static int by_text(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static int by_first_field(const void *a, const void *b)
{
	return text_compare(row_field(*(const struct text *)a, 0), row_field(*(const struct text *)b, 0));
}

/* PostgreSQL gives rows in any order unless it is told one. */
static void order(struct text *rows, size_t n, int (*compare)(const void *a, const void *b), bool sorted)
{
	if (sorted && n)
		qsort(rows, n, sizeof *rows, compare);
	for (size_t i = n; !sorted && i > 1; i--) {
		size_t k = chance(i);
		struct text t = rows[k];
		rows[k] = rows[i - 1];
		rows[i - 1] = t;
	}
}

/* A key whose bytes sort as its parts do: a text, a NUL, a number. */
static struct text place_key(struct text topic, int32_t partition, int64_t offset)
{
	char *p = world_alloc(topic.n + 13);
	uint32_t be = htobe32((uint32_t)partition);
	uint64_t be8 = htobe64((uint64_t)offset);
	memcpy(p, topic.p, topic.n);
	memcpy(p + topic.n + 1, &be, 4);
	memcpy(p + topic.n + 5, &be8, 8);
	return (struct text){p, topic.n + 13};
}

static struct text joined(struct text a, struct text b)
{
	char *p = world_alloc(a.n + 1 + b.n);
	memcpy(p, a.p, a.n);
	memcpy(p + a.n + 1, b.p, b.n);
	return (struct text){p, a.n + 1 + b.n};
}

#define AS(type, text) ((const type *)(const void *)(text).p)

/* --- offsets ------------------------------------------------------------------------------------------------------------------------------------- */

static void put_offset(struct row *r, int64_t next, int64_t epoch)
{
	const struct offset_row *was = r->committed.p ? AS(struct offset_row, r->committed) : NULL;
	if (was && (next < was->next || epoch < was->epoch))
		violated("the offset of a partition goes back: %lld to %lld, epoch %lld to %lld", (long long)was->next, (long long)next, (long long)was->epoch, (long long)epoch);
	row_put(r, world_copy(&(struct offset_row){next, epoch}, sizeof(struct offset_row)));
}

static int take_over(struct pg *pg, struct params *p, struct pg_result **ret)
{
	struct row *r = table_row(&db.offsets, place_key(p->p[0], wire_get_int4(p->p[1]), 0));
	if (!lock(pg, r))
		return INTERRUPTED;
	struct offset_row now = {wire_get_int8(p->p[3]), 1};
	*ret = result_new(2);
	if (!r->committed.p && now.next < 0)
		return 0;
	if (r->committed.p)
		now = (struct offset_row){AS(struct offset_row, r->committed)->next, AS(struct offset_row, r->committed)->epoch + 1};
	put_offset(r, now.next, now.epoch);
	put_int8(*ret, now.next);
	put_int8(*ret, now.epoch);
	return 0;
}

struct wanted {
	int64_t expected, epoch, next;
};

static bool as_wanted(const char *sql, const struct row *r, const struct wanted *w)
{
	const struct offset_row *now = r && r->committed.p ? AS(struct offset_row, r->committed) : NULL;
	return now && (now->next == w->expected || !strstr(sql, "i.next_offset = w.expected")) && (now->epoch == w->epoch || !strstr(sql, "i.epoch = w.epoch"));
}

static int advance(struct pg *pg, const char *sql, struct params *p, int64_t *ret_n)
{
	size_t n = arrays(p, 5);
	struct text *rows = world_alloc((n + 1) * sizeof *rows);
	for (size_t i = 0; i < n; i++) {
		struct text topic = element(p, 0);
		struct text key = place_key(topic, wire_get_int4(element(p, 1)), 0);
		struct wanted w = {.expected = wire_get_int8(element(p, 2)), .epoch = wire_get_int8(element(p, 3)), .next = wire_get_int8(element(p, 4))};
		rows[i] = joined(key, world_copy(&w, sizeof w));
	}
	order(rows, n, by_text, strstr(sql, "ORDER BY i.topic, i.partition FOR UPDATE"));
	for (size_t i = 0; i < n; i++) {
		struct wanted w;
		struct text key = {rows[i].p, rows[i].n - 1 - sizeof w};
		memcpy(&w, rows[i].p + rows[i].n - sizeof w, sizeof w);
		struct row *r = table_find(&db.offsets, key);
		if (!as_wanted(sql, r, &w))
			continue;
		if (!lock(pg, r))
			return INTERRUPTED;
		if (!as_wanted(sql, r, &w)) /* READ COMMITTED looks again at what it waited for */
			continue;
		if (AS(struct offset_row, r->committed)->epoch != w.epoch)
			violated("an owner of before sets the offset of a partition");
		put_offset(r, w.next, AS(struct offset_row, r->committed)->epoch);
		++*ret_n;
	}
	return 0;
}

static int look_again(struct params *p, struct pg_result **ret)
{
	size_t n = arrays(p, 5);
	*ret = result_new(4);
	for (size_t i = 0; i < n; i++) {
		struct text topic = element(p, 0), partition = element(p, 1);
		const struct row *r = table_find(&db.offsets, place_key(topic, wire_get_int4(partition), 0));
		put_cell(*ret, topic);
		put_cell(*ret, partition);
		put_int8(*ret, r && r->committed.p ? AS(struct offset_row, r->committed)->next : 0);
		put_int8(*ret, r && r->committed.p ? AS(struct offset_row, r->committed)->epoch : 0);
	}
	return 0;
}

/* --- entities ------------------------------------------------------------------------------------------------------------------------------------ */

enum { ENTITY_KEY, ENTITY_STATE = 2, ENTITY_VERSION = 3 };

static int load_entities(struct pg *pg, const char *name, struct params *p, struct pg_result **ret)
{
	struct table *t = &db.kinds[kind_named(name)];
	size_t n = arrays(p, 1);
	struct text *keys = world_alloc((n + 1) * sizeof *keys);
	for (size_t i = 0; i < n; i++)
		keys[i] = element(p, 0);
	order(keys, n, by_text, true);
	*ret = result_new(3);
	for (size_t i = 0; i < n; i++) {
		struct text fields = row_seen(table_find(t, keys[i]), pg->session);
		if (!fields.p)
			continue;
		put_cell(*ret, keys[i]);
		put_cell(*ret, row_field(fields, ENTITY_STATE));
		put_cell(*ret, row_field(fields, ENTITY_VERSION));
	}
	return 0;
}

/* The rows of COPY (FORMAT binary), each as its fields; their number in *ret_n. */
static struct text *copied(const struct buffer *data, size_t *ret_n)
{
	struct text *rows = NULL;
	size_t n = 0, size = 0;
	for (size_t at = 19; at + 2 <= data->n;) {
		uint16_t fields = (uint16_t)((unsigned char)data->p[at] << 8 | (unsigned char)data->p[at + 1]);
		if (fields == UINT16_MAX)
			break;
		size_t from = at += 2;
		struct text ignored;
		for (int i = 0; i < fields; i++)
			wire_next(buffer_view(data), &at, &ignored);
		if (n == size) {
			size = size ? 2 * size : 16;
			struct text *wider = world_alloc(size * sizeof *wider);
			if (n)
				memcpy(wider, rows, n * sizeof *wider);
			rows = wider;
		}
		rows[n++] = world_copy(data->p + from, at - from);
	}
	*ret_n = n;
	return rows;
}

static bool holds_unstorable(struct text row)
{
	return memmem(row.p, row.n, UNSTORABLE, strlen(UNSTORABLE)) != NULL;
}

static int insert_entity(struct pg *pg, size_t kind, struct text fields, struct error *err)
{
	char constraint[80];
	if (holds_unstorable(fields))
		return refuse(pg, PG_DATA, "22P05", "", err);
	struct row *r = table_row(&db.kinds[kind], row_field(fields, ENTITY_KEY));
	snprintf(constraint, sizeof constraint, "%s_pkey", kinds[kind]->name);
	if (row_seen(r, pg->session).p)
		return refuse(pg, PG_CONFLICT, "23505", constraint, err);
	if (!lock(pg, r))
		return INTERRUPTED;
	if (row_seen(r, pg->session).p)
		return refuse(pg, PG_CONFLICT, "23505", constraint, err);
	row_put(r, fields);
	return 0;
}

static int copy_entities(struct pg *pg, const char *name, const struct buffer *data, struct error *err)
{
	size_t n, kind = kind_named(name);
	struct text *rows = copied(data, &n);
	int r = 0;
	for (size_t i = 0; i < n && !r; i++)
		r = insert_entity(pg, kind, rows[i], err);
	return r;
}

static int copy_stage(struct pg *pg, const char *name, const struct buffer *data, struct error *err)
{
	size_t n, kind = kind_named(name);
	struct session *s = pg->session;
	struct text *rows = copied(data, &n);
	if (!s->staged_exists[kind])
		violated("a stage is used in a session that has none");
	for (size_t i = 0; i < n; i++)
		if (holds_unstorable(rows[i]))
			return refuse(pg, PG_DATA, "22P05", "", err);
	s->staged[kind] = rows;
	s->n_staged[kind] = n;
	return 0;
}

static struct row *to_update(const char *sql, struct table *t, struct text fields, const struct session *s)
{
	struct text replaces = {fields.p + fields.n - 8, 8}; /* the last field */
	struct row *r = table_find(t, row_field(fields, ENTITY_KEY));
	struct text now = row_seen(r, s);
	bool same = now.p && (text_equal(row_field(now, ENTITY_VERSION), replaces) || !strstr(sql, "t.version = n.replaces"));
	return same ? r : NULL;
}

static int update_entities(struct pg *pg, const char *sql, const char *name, int64_t *ret_n)
{
	size_t kind = kind_named(name);
	struct session *s = pg->session;
	struct table *t = &db.kinds[kind];
	order(s->staged[kind], s->n_staged[kind], by_first_field, strstr(sql, "ORDER BY entity_key"));
	*ret_n = 0;
	for (size_t i = 0; i < s->n_staged[kind]; i++) {
		struct text fields = s->staged[kind][i];
		struct row *r = to_update(sql, t, fields, s);
		if (!r)
			continue;
		if (!lock(pg, r))
			return INTERRUPTED;
		if (!to_update(sql, t, fields, s))
			continue;
		row_put(r, (struct text){fields.p, fields.n - 4 - 8}); /* without the version it replaces */
		++*ret_n;
	}
	return 0;
}

/* --- the roll-up --------------------------------------------------------------------------------------------------------------------------------- */

static int copy_measures(struct pg *pg, const struct buffer *data)
{
	struct session *s = pg->session;
	if (!s->measure_staged_exists)
		violated("the roll-up's stage is used in a session that has none");
	s->measures = copied(data, &s->n_measures);
	return 0;
}

static struct measure_row read_measure(struct text fields)
{
	struct measure_row m = {0};
	struct text f;
	size_t at = 0;
	for (int i = 0; wire_next(fields, &at, &f); i++)
		if (i >= 3 && f.p && wire_get_numeric(f, i < 3 + DAYS ? &m.day[i - 3] : &m.total) < 0)
			violated("a measure that is no number");
	return m;
}

static int add_measure(struct pg *pg, struct text fields)
{
	struct row *r = table_row(&db.measures, (struct text){fields.p, 3 * 8}); /* series, unit, month */
	if (!lock(pg, r))
		return INTERRUPTED;
	struct measure_row m = read_measure(fields);
	struct text now = row_seen(r, pg->session);
	if (r->changed)
		violated("ON CONFLICT meets a row twice (SQLSTATE 21000)");
	for (int i = 0; now.p && i < DAYS; i++)
		m.day[i].micro += AS(struct measure_row, now)->day[i].micro;
	if (now.p)
		m.total.micro += AS(struct measure_row, now)->total.micro;
	row_put(r, world_copy(&m, sizeof m));
	return 0;
}

static int add_measures(struct pg *pg, const char *sql)
{
	struct session *s = pg->session;
	order(s->measures, s->n_measures, by_text, strstr(sql, "ORDER BY series_id, unit_id, month"));
	int r = 0;
	for (size_t i = 0; i < s->n_measures && !r; i++)
		r = add_measure(pg, s->measures[i]);
	return r;
}

static int select_series(struct pg *pg, struct pg_result **ret)
{
	*ret = result_new(3);
	for (size_t i = 0; i < db.series.n; i++) {
		struct row *r = db.series.rows[i];
		struct text id = row_seen(r, pg->session);
		size_t measure = strnlen(r->key.p, r->key.n);
		if (!id.p)
			continue;
		put_cell(*ret, id);
		put_cell(*ret, (struct text){r->key.p, measure});
		put_cell(*ret, (struct text){r->key.p + measure + 1, r->key.n - measure - 1});
	}
	return 0;
}

static int insert_series(struct pg *pg, const char *sql, struct params *p)
{
	size_t n = arrays(p, 2);
	struct text *rows = world_alloc((n + 1) * sizeof *rows);
	for (size_t i = 0; i < n; i++) {
		struct text measure = element(p, 0);
		rows[i] = joined(measure, element(p, 1));
	}
	order(rows, n, by_text, strstr(sql, "ORDER BY measure"));
	for (size_t i = 0; i < n; i++) {
		struct row *r = table_row(&db.series, rows[i]);
		if (row_seen(r, pg->session).p)
			continue;
		if (!lock(pg, r))
			return INTERRUPTED;
		uint32_t id = htobe32((uint32_t)++db.next[SERIES]);
		if (!row_seen(r, pg->session).p)
			row_put(r, world_copy(&id, sizeof id));
	}
	return 0;
}

/* --- the rest ------------------------------------------------------------------------------------------------------------------------------------ */

static int insert_topic(struct pg *pg, struct params *p)
{
	struct row *r = table_row(&db.topics, p->p[0]);
	if (row_seen(r, pg->session).p)
		return 0;
	if (!lock(pg, r))
		return INTERRUPTED;
	uint32_t id = htobe32((uint32_t)++db.next[TOPIC_ID]);
	if (!row_seen(r, pg->session).p)
		row_put(r, world_copy(&id, sizeof id));
	return 0;
}

static int select_topic(struct pg *pg, struct params *p, struct pg_result **ret)
{
	struct text id = row_seen(table_find(&db.topics, p->p[0]), pg->session);
	*ret = result_new(1);
	if (id.p)
		put_cell(*ret, id);
	return 0;
}

struct batch_row {
	int64_t events, rejected;
};

static int insert_batch(struct pg *pg, struct params *p)
{
	struct row *r = table_row(&db.batches, p->p[0]);
	if (!lock(pg, r))
		return INTERRUPTED;
	row_put(r, world_copy(&(struct batch_row){wire_get_int8(p->p[3]), wire_get_int8(p->p[4])}, sizeof(struct batch_row)));
	return 0;
}

static int insert_rejects(struct pg *pg, const char *sql, struct params *p, struct error *err)
{
	enum { TOPIC, PARTITION, OFFSET, REASON, DETAIL };
	size_t n = arrays(p, 10);
	for (size_t i = 0; i < n; i++) {
		struct text topic = element(p, TOPIC);
		int32_t partition = wire_get_int4(element(p, PARTITION));
		struct row *r = table_row(&db.rejects, place_key(topic, partition, wire_get_int8(element(p, OFFSET))));
		struct text reason = element(p, REASON);
		struct text value = joined(reason, element(p, DETAIL));
		if (!lock(pg, r))
			return INTERRUPTED;
		if (!row_seen(r, pg->session).p)
			row_put(r, value);
		else if (!strstr(sql, "DO NOTHING"))
			return refuse(pg, PG_CONFLICT, "23505", "reject_topic_partition_offset_key", err);
	}
	return 0;
}

static int select_units(struct pg_result **ret)
{
	*ret = result_new(9);
	for (size_t i = 0; i < model_units_n; i++) {
		put_int8(*ret, 1);
		put_int4(*ret, (int32_t)i + 1);
		put_cell(*ret, text_of(model_units[i]));
		put_cell(*ret, TEXT("unit"));
		for (int column = 4; column < 9; column++)
			put_cell(*ret, TEXT_NONE);
	}
	return 0;
}

static int compare_migrations(struct params *p, struct pg_result **ret)
{
	size_t n = arrays(p, 2);
	*ret = result_new(5);
	for (size_t i = 0; i < n; i++) {
		put_cell(*ret, element(p, 0));
		put_cell(*ret, element(p, 1));
		for (int column = 2; column < 5; column++)
			put_cell(*ret, TEXT("applied"));
	}
	return 0;
}

static int begin(struct pg *pg, enum advisory mode, struct pg_result **ret)
{
	char batch[24];
	pg->session->open = true;
	if (!advisory_lock(pg->session, mode, pg->deadline, &pg->cancelled))
		return INTERRUPTED;
	if (!ret)
		return 0;
	snprintf(batch, sizeof batch, "%lld", (long long)++db.next[BATCH]);
	*ret = result_new(3);
	put_cell(*ret, TEXT("1"));
	put_cell(*ret, text_of(world.rules->digest));
	put_cell(*ret, text_of(batch));
	return 0;
}

/* --- verbs --------------------------------------------------------------------------------------------------------------------------------------- */

static int unknown(const char *sql)
{
	violated("the simulated server does not know: %.80s", sql);
	return -EIO;
}

static int create_stage(struct pg *pg, const char *name)
{
	if (!strncmp(name, "measure ", 8))
		pg->session->measure_staged_exists = true;
	else
		pg->session->staged_exists[kind_named(name)] = true;
	return 0;
}

static int run_simple(struct pg *pg, const char *sql, int64_t *ret_n, struct pg_result **ret)
{
	const char *rest;
	if (begins(sql, "BEGIN; SELECT pg_advisory_xact_lock_shared("))
		return begin(pg, ADVISORY_SHARED, ret);
	if (begins(sql, "BEGIN; SELECT pg_advisory_xact_lock("))
		return begin(pg, ADVISORY_EXCLUSIVE, NULL);
	if (begins(sql, "SET search_path = rekap_store, rekap, pg_temp"))
		return 0;
	if ((rest = begins(sql, "CREATE TEMP TABLE stage_")))
		return create_stage(pg, rest);
	if ((rest = strstr(sql, "UPDATE ")))
		return update_entities(pg, sql, skip_schema(rest + 7), ret_n);
	if (begins(sql, "SELECT to_regclass(") || begins(sql, "SELECT has_database_privilege(")) {
		*ret = result_new(1);
		put_cell(*ret, TEXT("t"));
		return 0;
	}
	return unknown(sql);
}

static int simple(struct pg *pg, const char *sql, int64_t *ret_n, struct pg_result **ret, struct error *err)
{
	int r = arrive(pg, err);
	if (r)
		return r;
	r = answer(pg, run_simple(pg, sql, ret_n, ret), err);
	if (r && ret && *ret) {
		pg_result_free(*ret);
		*ret = NULL;
	}
	return r;
}

int pg_exec(struct pg *pg, const char *sql, struct error *err)
{
	return simple(pg, sql, &(int64_t){0}, NULL, err);
}

int pg_exec_count(struct pg *pg, const char *sql, int64_t *ret_n, struct error *err)
{
	return simple(pg, sql, ret_n, NULL, err);
}

int pg_exec_rows(struct pg *pg, const char *sql, struct pg_result **ret_result, struct error *err)
{
	return simple(pg, sql, &(int64_t){0}, ret_result, err);
}

static int same_basis(struct pg_result **ret)
{
	*ret = result_new(2);
	put_cell(*ret, (struct text){"\0", 1});
	put_cell(*ret, (struct text){"\0", 1});
	return 0;
}

static int execute(struct pg *pg, const char *sql, struct params *p, struct pg_result **ret, int64_t *ret_n, struct error *err)
{
	const char *rest;
	if (begins(sql, "INSERT INTO ingest_offset AS o"))
		return take_over(pg, p, ret);
	if (begins(sql, "UPDATE ingest_offset o SET"))
		return advance(pg, sql, p, ret_n);
	if (begins(sql, "SELECT w.topic, w.partition, o.next_offset"))
		return look_again(p, ret);
	if ((rest = begins(sql, "SELECT entity_key, state, version FROM ")))
		return load_entities(pg, rest, p, ret);
	if (begins(sql, "INSERT INTO measure_month AS m"))
		return add_measures(pg, sql);
	if (begins(sql, "SELECT series_id, measure, dimension FROM series"))
		return select_series(pg, ret);
	if (begins(sql, "INSERT INTO series"))
		return insert_series(pg, sql, p);
	if (begins(sql, "INSERT INTO topic"))
		return insert_topic(pg, p);
	if (begins(sql, "SELECT topic_id FROM topic"))
		return select_topic(pg, p, ret);
	if (begins(sql, "INSERT INTO batch"))
		return insert_batch(pg, p);
	if (begins(sql, "WITH n AS (SELECT * FROM unnest("))
		return insert_rejects(pg, sql, p, err);
	if (begins(sql, "SELECT b.version, u.unit_id"))
		return select_units(ret);
	if (begins(sql, "SELECT number, coalesce(m.name, k.name)"))
		return compare_migrations(p, ret);
	if (begins(sql, "SELECT digest IS DISTINCT FROM $1"))
		return same_basis(ret);
	return unknown(sql);
}

int pg_run(struct pg *pg, struct pg_statement *st, const struct buffer *params, size_t n, struct pg_result **ret_result, int64_t *ret_n, struct error *err)
{
	struct pg_result *result = NULL;
	int64_t touched = 0;
	if (params && params->failed)
		return -ENOMEM;
	int r = arrive(pg, err);
	if (r)
		return r;
	struct params p = n ? read_params(params, n) : (struct params){0};
	r = answer(pg, execute(pg, st->sql, &p, &result, &touched, err), err);
	if (r || !ret_result)
		pg_result_free(result);
	else
		*ret_result = result;
	if (!r && ret_n)
		*ret_n = touched;
	return r;
}

static int run_copy(struct pg *pg, const char *sql, const struct buffer *data, struct error *err)
{
	const char *rest;
	if (begins(sql, "COPY pg_temp.stage_measure "))
		return copy_measures(pg, data);
	if ((rest = begins(sql, "COPY pg_temp.stage_")))
		return copy_stage(pg, rest, data, err);
	if ((rest = begins(sql, "COPY ")))
		return copy_entities(pg, rest, data, err);
	return unknown(sql);
}

int pg_copy(struct pg *pg, const char *sql, const struct buffer *data, struct error *err)
{
	if (data->failed)
		return -ENOMEM;
	int r = arrive(pg, err);
	return r ? r : answer(pg, run_copy(pg, sql, data, err), err);
}

int pg_copy_from(struct pg *pg, const char *sql, int (*more)(void *arg, struct buffer *piece), void *arg, struct buffer *piece, struct error *err)
{
	struct buffer all = {0};
	int left;
	do {
		buffer_clear(piece);
		left = more(arg, piece);
		all.failed |= piece->failed;
		buffer_put(&all, piece->p, piece->n);
	} while (left > 0);
	int r = left < 0 ? left : pg_copy(pg, sql, &all, err);
	buffer_deinit(&all);
	return r;
}

int pg_each(struct pg *pg, const char *sql, int (*row)(void *arg, size_t n, const struct text *cells), void *arg, struct error *err)
{
	(void)pg;
	(void)row;
	(void)arg;
	(void)err;
	return unknown(sql);
}

/* --- COMMIT -------------------------------------------------------------------------------------------------------------------------------------- */

static void forget_stages(struct session *s)
{
	memset(s->n_staged, 0, sizeof s->n_staged);
	s->n_measures = 0;
}

/* The client hears nothing of it: it happens at once, later, or never. */
static int lose_commit(struct pg *pg, bool commits, bool later, struct error *err)
{
	struct session *s = pg->session;
	pg->session = NULL;
	if (s && later) {
		orphan(s, commits);
	} else if (s && !s->dead) {
		session_end(s, commits);
		s->dead = true;
		session_free(s);
	}
	return error_set(err, PG_RETRY, "PostgreSQL: connection lost");
}

int pg_commit(struct pg *pg, struct error *err)
{
	if (!pg->session)
		return error_set(err, PG_RETRY, "PostgreSQL: not connected");
	pg->deadline = world.now + pg->seconds * SECOND;
	pg->sqlstate[0] = pg->constraint[0] = 0;
	if (!pass_time(pg)) {
		bool commits = !pg->session->dead && world.faulty && chance(2);
		return lose_commit(pg, commits, true, err);
	}
	if (pg->session->failed || !pg->session->open) {
		violated("COMMIT of a transaction that failed, or of none");
		return -EIO;
	}
	if (strikes(FAULT_COMMIT_FAILS)) {
		refuse(pg, PG_RETRY, chance(2) ? "40001" : "53100", "", err);
		session_end(pg->session, false);
		forget_stages(pg->session);
		return PG_RETRY;
	}
	if (strikes(FAULT_COMMIT_DONE))
		return lose_commit(pg, true, false, err);
	if (strikes(FAULT_COMMIT_NOT_DONE))
		return lose_commit(pg, false, chance(2), err);
	if (strikes(FAULT_COMMIT_LATER))
		return lose_commit(pg, true, true, err);
	session_end(pg->session, true);
	forget_stages(pg->session);
	return 0;
}

void pg_rollback(struct pg *pg)
{
	if (!pg->session)
		return;
	if (pg->session->dead || (pg->session->open && strikes(FAULT_CUT_BEFORE))) {
		pg_disconnect(pg);
		return;
	}
	session_end(pg->session, false);
	forget_stages(pg->session);
}

/* --- what is committed --------------------------------------------------------------------------------------------------------------------------- */

int64_t server_next_offset(const char *topic, int32_t partition)
{
	const struct row *r = table_find(&db.offsets, place_key(text_of(topic), partition, 0));
	return r && r->committed.p ? AS(struct offset_row, r->committed)->next : 0;
}

void server_each_entity(bool (*visit)(void *arg, const char *kind, struct text key, struct text fields), void *arg)
{
	for (size_t k = 0; k < kinds_n; k++)
		for (size_t i = 0; i < db.kinds[k].n; i++) {
			const struct row *r = db.kinds[k].rows[i];
			if (r->committed.p && !visit(arg, kinds[k]->name, r->key, r->committed))
				return;
		}
}

static struct text series_name(int32_t id)
{
	for (size_t i = 0; i < db.series.n; i++)
		if (db.series.rows[i]->committed.p && wire_get_int4(db.series.rows[i]->committed) == id)
			return db.series.rows[i]->key;
	return TEXT("a series that is not there");
}

void server_each_measure(bool (*visit)(void *arg, struct text measure, struct text dimension, int32_t unit, day_number month, const decimal *days, decimal total), void *arg)
{
	for (size_t i = 0; i < db.measures.n; i++) {
		const struct row *r = db.measures.rows[i];
		if (!r->committed.p)
			continue;
		struct text name = series_name(wire_get_int4(row_field(r->key, 0)));
		size_t measure = strnlen(name.p, name.n), dimension = measure < name.n ? measure + 1 : measure;
		const struct measure_row *m = AS(struct measure_row, r->committed);
		if (!visit(arg, (struct text){name.p, measure}, (struct text){name.p + dimension, name.n - dimension}, wire_get_int4(row_field(r->key, 1)),
			   wire_get_day(row_field(r->key, 2)), m->day, m->total))
			return;
	}
}

void server_each_reject(bool (*visit)(void *arg, struct text topic, int32_t partition, int64_t offset, struct text reason, struct text detail), void *arg)
{
	for (size_t i = 0; i < db.rejects.n; i++) {
		const struct row *r = db.rejects.rows[i];
		if (!r->committed.p)
			continue;
		uint32_t partition;
		uint64_t offset;
		memcpy(&partition, r->key.p + r->key.n - 12, 4);
		memcpy(&offset, r->key.p + r->key.n - 8, 8);
		size_t reason = strnlen(r->committed.p, r->committed.n);
		if (!visit(arg, (struct text){r->key.p, r->key.n - 13}, (int32_t)be32toh(partition), (int64_t)be64toh(offset), (struct text){r->committed.p, reason},
			   (struct text){r->committed.p + reason + 1, r->committed.n - reason - 1}))
			return;
	}
}

void server_batches(int64_t *ret_events, int64_t *ret_rejected)
{
	*ret_events = *ret_rejected = 0;
	for (size_t i = 0; i < db.batches.n; i++)
		if (db.batches.rows[i]->committed.p) {
			*ret_events += AS(struct batch_row, db.batches.rows[i]->committed)->events;
			*ret_rejected += AS(struct batch_row, db.batches.rows[i]->committed)->rejected;
		}
}
