// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A database for each test (a copy of one that was migrated once), stores that log in as a member of rekap_writer and no more, batches from a few words, and
 * questions to the database. PG* variables name the cluster and a superuser.
 */
#include <libpq-fe.h>
#include <signal.h>
#include <unistd.h>

#include "daemon/store/store.h"
#include "tests/unit/fold/world.h"

#define WRITER "rekapd_test_writer"

struct site {
	struct world world;
	struct store_basis basis;
	char database[64], conninfo[256];
	PGconn *admin;
	struct batch batch;
};

static char template_database[64];

static inline PGconn *site_connect(const char *database)
{
	char conninfo[160];
	snprintf(conninfo, sizeof conninfo, "dbname=%s options='-c client_min_messages=error'", database);
	PGconn *c = PQconnectdb(conninfo);
	ck_assert_msg(PQstatus(c) == CONNECTION_OK, "%s", PQerrorMessage(c));
	return c;
}

static inline void run_sql(PGconn *c, const char *sql)
{
	PGresult *r = PQexec(c, sql);
	ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK, "%s\n%s", PQerrorMessage(c), sql);
	PQclear(r);
}

/* All rows, columns separated by |, rows by newlines; the caller frees it. */
static inline char *ask_rows(PGconn *c, const char *sql)
{
	struct buffer b = {0};
	PGresult *r = PQexec(c, sql);
	ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK, "%s\n%s", PQerrorMessage(c), sql);
	for (int i = 0; i < PQntuples(r); i++)
		for (int k = 0; k < PQnfields(r); k++)
			buffer_printf(&b, "%s%s", PQgetvalue(r, i, k), k + 1 < PQnfields(r) ? "|" : i + 1 < PQntuples(r) ? "\n" : "");
	PQclear(r);
	buffer_putc(&b, 0);
	return b.p;
}

#define ck_sql(site, sql, expected)                                                                                                                            \
	do {                                                                                                                                                   \
		char *got_ = ask_rows((site)->admin, sql);                                                                                                     \
		ck_assert_str_eq(got_, expected);                                                                                                              \
		free(got_);                                                                                                                                    \
	} while (0)

static inline struct store *site_store(struct site *t, const char *owner)
{
	struct store *s;
	struct error err = {""};
	ck_assert_msg(store_new(t->conninfo, owner, &s, &err) == 0, "%s", err.text);
	ck_assert_msg(store_basis_set(s, &t->basis, NULL, NULL, &err) == 0, "%s", err.text);
	return s;
}

/* Whatever the register was. */
static inline void site_save_units(struct store *s, const struct units *units, const struct store_basis *b)
{
	struct error err = {""};
	struct units now, whole = *units;
	ck_assert_int_eq(units_init(&now), 0);
	ck_assert_msg(store_units_load(s, &now, &err) == 0, "%s", err.text);
	whole.version = now.version;
	units_deinit(&now);
	ck_assert_msg(store_units_save(s, &whole, b, &err) == 0, "%s", err.text);
}

static inline void site_make_template(struct world *w, PGconn *c)
{
	struct error err = {""};
	struct store *s;
	char conninfo[128], sql[128];
	int applied;
	snprintf(template_database, sizeof template_database, "rekapd_template_%d", (int)getpid());
	snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", template_database);
	run_sql(c, sql);
	snprintf(conninfo, sizeof conninfo, "dbname=%s", template_database);
	ck_assert_msg(store_new(conninfo, "template", &s, &err) == 0, "%s", err.text);
	ck_assert_msg(store_migrate(s, NULL, NULL, &applied, &err) == 0, "%s", err.text);
	struct store_basis basis = {w->basis, DAY_NONE, 5, "digest of the world"};
	ck_assert_msg(store_basis_set(s, &basis, NULL, NULL, &err) == 0, "%s", err.text);
	site_save_units(s, &w->units, &basis);
	store_free(s);
	run_sql(c, "DO $$ BEGIN CREATE ROLE " WRITER " LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$");
	run_sql(c, "DO $$ BEGIN IF NOT pg_has_role('" WRITER "', 'rekap_writer', 'MEMBER') THEN GRANT rekap_writer TO " WRITER "; END IF; "
		   "EXCEPTION WHEN OTHERS THEN NULL; END $$");
}

static inline void site_template_setup(void)
{
	struct world w;
	PGconn *c = site_connect("postgres");
	world_ruleset.json = TEXT("{\"indicators\": []}");
	world_init(&w);
	site_make_template(&w, c);
	world_deinit(&w);
	PQfinish(c);
}

static inline void site_template_teardown(void)
{
	char sql[128];
	PGconn *c = site_connect("postgres");
	snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", template_database);
	run_sql(c, sql);
	PQfinish(c);
}

static inline void site_init(struct site *t)
{
	static int n;
	char sql[256];
	*t = (struct site){0};
	world_ruleset.json = TEXT("{\"indicators\": []}");
	world_init(&t->world);
	t->basis = (struct store_basis){t->world.basis, DAY_NONE, 5, "digest of the world"};
	snprintf(t->database, sizeof t->database, "rekapd_test_%d_%d", (int)getpid(), n++);
	PGconn *c = site_connect("postgres");
	snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE %s", t->database, template_database);
	run_sql(c, sql);
	PQfinish(c);
	snprintf(t->conninfo, sizeof t->conninfo, "dbname=%s user=" WRITER, t->database);
	t->admin = site_connect(t->database);
	t->batch.arena = t->world.arena;
}

static inline void site_deinit(struct site *t)
{
	char sql[128];
	PQfinish(t->admin);
	PGconn *c = site_connect("postgres");
	snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", t->database);
	run_sql(c, sql);
	PQfinish(c);
	free(t->batch.items);
	world_deinit(&t->world);
}

/* The rules of the world with another number of days to respond. */
static struct ruleset slow_ruleset;
static struct rulesets slow_rulesets = {.all = &slow_ruleset, .n = 1};
static struct deadline slow_deadlines[COUNT(world_deadlines)];

static inline struct store_basis slow_basis(const struct site *t)
{
	slow_ruleset = world_ruleset;
	slow_ruleset.id = TEXT("slow");
	memcpy(slow_deadlines, world_deadlines, sizeof world_deadlines);
	slow_deadlines[0].days = 9;
	slow_ruleset.deadlines = slow_deadlines;
	struct store_basis b = t->basis;
	b.basis.rulesets = &slow_rulesets;
	b.digest = "digest of slow rules";
	return b;
}

/* --- batches --- */

static inline struct item *batch_put(struct site *t, const char *topic, int partition, int64_t offset)
{
	struct batch *b = &t->batch;
	if (b->n == b->size) {
		b->size = b->size ? 2 * b->size : 16;
		b->items = realloc(b->items, b->size * sizeof *b->items);
		ck_assert_ptr_nonnull(b->items);
	}
	struct item *item = &b->items[b->n++];
	*item = (struct item){
		.record = {.topic = text_of(topic), .partition = partition, .offset = offset, .key = TEXT("k"), .value = TEXT("{\"secret\": 1}")}};
	return item;
}

static inline struct item *put_event(struct site *t, int partition, int64_t offset, struct event e)
{
	struct item *item = batch_put(t, "opd.complaint", partition, offset);
	item->event = e;
	item->event_type = text_of(e.kind->types[e.type].name);
	item->event_id = e.id;
	return item;
}

static inline struct item *put_reject(struct site *t, int partition, int64_t offset, enum reason reason, const char *detail)
{
	struct item *item = batch_put(t, "opd.complaint", partition, offset);
	item->reason = reason;
	item->detail = text_of(detail);
	return item;
}

static inline void batch_clear(struct site *t)
{
	t->batch.n = 0;
}

#define ck_commit(store, site, expected)                                                                                                                       \
	do {                                                                                                                                                   \
		struct error err_ = {""};                                                                                                                      \
		struct store_commit done_;                                                                                                                     \
		int r_ = store_commit(store, &(site)->batch, &done_, &err_);                                                                                   \
		ck_assert_msg(r_ == (expected), "%d instead of %d: %s", r_, (expected), err_.text);                                                            \
	} while (0)

static inline int64_t claim(struct store *s, int partition)
{
	struct error err = {""};
	int64_t next = 0;
	ck_assert_msg(store_claim(s, "opd.complaint", partition, &next, &err) == 0, "%s", err.text);
	return next;
}

/* Everything that must be the same whatever order and attempts led to it. */
static inline char *snapshot(struct site *t)
{
	return ask_rows(
		t->admin,
		"SELECT string_agg(x, E'\\n' ORDER BY x) FROM (SELECT concat_ws(' ', unit_code, day, measure, dimension, value) AS x FROM rekap.measure_day "
		"UNION ALL SELECT (to_jsonb(c) - 'topic' - 'partition' - 'offset')::text FROM rekap.complaint c "
		"UNION ALL SELECT concat_ws(' ', entity_kind, entity_id, unit_code, flag, detail) FROM rekap.data_quality "
		"UNION ALL SELECT encode(state, 'hex') || entity_key FROM rekap_store.complaint) q");
}

/* Two snapshots, compared line by line: a failure shows the first line that differs. */
static inline void ck_same(const char *got, const char *expected)
{
	while (*got && *expected) {
		int n = (int)strcspn(got, "\n"), m = (int)strcspn(expected, "\n");
		ck_assert_msg(n == m && !memcmp(got, expected, (size_t)n), "got %.*s\ninstead of %.*s", n < 1500 ? n : 1500, got, m < 1500 ? m : 1500,
			      expected);
		got += n + (got[n] != 0);
		expected += m + (expected[m] != 0);
	}
	ck_assert_msg(!*got && !*expected, "too much: %.1500s\ntoo little: %.1500s", got, expected);
}

/* One case is all a program has: its database is made before the first test, outside the forks. */
static inline int run_case(TCase *tc)
{
	Suite *suite = suite_create("store");
	tcase_add_unchecked_fixture(tc, site_template_setup, site_template_teardown);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
