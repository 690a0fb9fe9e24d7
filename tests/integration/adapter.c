// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * The adapter's cases, built twice: against a real server, and (SCRIPTED) against fake_libpq.c, whose script says beforehand what the server would do. A script
 * is what the case expects to be sent; the real server is only asked.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "daemon/store/postgres.h"
#include "tests/integration/fake_libpq.h"
#include "tests/integration/functions.h"

#ifdef SCRIPTED
#define SCRIPT(...)                                                                                                                                            \
	static const struct exchange script[] = {__VA_ARGS__, {0}};                                                                                            \
	fake_script(script)
#else
#define SCRIPT(...) (void)0
#endif
#define COMMAND(what)                                                                                                                                          \
	{                                                                                                                                                      \
		.status = "COMMAND", .tag = what                                                                                                               \
	}
#define TUPLES(what, row)                                                                                                                                      \
	{                                                                                                                                                      \
		.status = "TUPLES", .tag = what, .cells = row                                                                                                  \
	}
#define SINGLE(row)                                                                                                                                            \
	{                                                                                                                                                      \
		.status = "SINGLE", .cells = row                                                                                                               \
	}
#define FATAL(sqlstate, name)                                                                                                                                  \
	{                                                                                                                                                      \
		.status = "FATAL", .tag = sqlstate, .constraint = name                                                                                         \
	}
#define COPY_IN                                                                                                                                                \
	{                                                                                                                                                      \
		.status = "COPY_IN"                                                                                                                            \
	}
#define COPY_OUT                                                                                                                                               \
	{                                                                                                                                                      \
		.status = "COPY_OUT"                                                                                                                           \
	}
#define CONNECT                                                                                                                                                \
	{.text = "connect"},                                                                                                                                   \
	{                                                                                                                                                      \
		.text = "SET search_path", .replies = { COMMAND("SET"), COMMAND("SET") }                                                                       \
	}

static struct pg *pg;
static struct error err;

static struct pg *new_pg(const char *conninfo)
{
	struct pg *p = NULL;
	err.text[0] = 0;
	ck_assert_msg(pg_new(conninfo, &p, &err) == 0, "%s", err.text);
	return p;
}

static void setup(void)
{
	pg = new_pg("");
}

static void teardown(void)
{
	pg = pg_free(pg);
#ifdef SCRIPTED
	ck_assert_msg(fake_done(), "something is left of the script, or was not freed");
#endif
}

#define ck_outcome(call, expected, what)                                                                                                                       \
	do {                                                                                                                                                   \
		err.text[0] = 0;                                                                                                                               \
		int r_ = call;                                                                                                                                 \
		ck_assert_msg(r_ == (expected), "%d instead of %d: %s", r_, (expected), err.text);                                                             \
		ck_assert_msg(strstr(err.text, what) != NULL, "%s", err.text);                                                                                 \
	} while (0)

/* After whatever went before, the connection is good for the next statement, or for a new connection. */
#define SELECT_1                                                                                                                                               \
	{                                                                                                                                                      \
		.text = "SELECT 1", .replies = { TUPLES("SELECT 1", "1") }                                                                                     \
	}
static void ck_still_works(void)
{
	PG_RESULT res = NULL;
	ck_outcome(pg_exec_rows(pg, "SELECT 1", &res, &err), 0, "");
	ck_assert(text_is(pg_cell(res, 0, 0), "1"));
}

/* --- connecting --- */

START_TEST(nobody_listens)
{
	SCRIPT({.text = "connect", .fails = CALL_CONNECT, .message = "connection to server failed: Connection refused\n\tIs the server running?"});
	struct pg *p = new_pg("host=/nonexistent");
	ck_outcome(pg_connect(p, &err), PG_RETRY, "connection to server");
	ck_assert_ptr_null(strstr(err.text, "running"));
	pg_free(p);
}
END_TEST

START_TEST(no_such_database)
{
	SCRIPT({.text = "connect", .fails = CALL_CONNECT, .message = "server at \"x\" failed: FATAL:  3D000: database \"nix\" does not exist\nLOCATION:  x"});
	struct pg *p = new_pg("dbname=rekapd_nix");
	ck_outcome(pg_connect(p, &err), -ENOENT, "3D000");
	ck_assert_str_eq(pg_sqlstate(p), "3D000");
	pg_free(p);
}
END_TEST

START_TEST(no_such_login)
{
	SCRIPT({.text = "connect", .fails = CALL_CONNECT, .message = "server at \"x\" failed: FATAL:  28000: role \"nobody\" does not exist\nLOCATION:  x"});
	struct pg *p = new_pg("user=rekapd_nobody");
	ck_outcome(pg_connect(p, &err), -EACCES, "28000");
	pg_free(p);
}
END_TEST

START_TEST(a_bad_conninfo_keeps_its_secrets)
{
	struct pg *p;
	ck_outcome(pg_new("password:secret", &p, &err), -EINVAL, "libpq connection string");
	ck_assert_ptr_null(strstr(err.text, "secret"));
}
END_TEST

START_TEST(connecting_twice_connects_once)
{
	SCRIPT(CONNECT, SELECT_1);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_assert_uint_eq(pg_session(pg), 1);
	ck_still_works();
}
END_TEST

START_TEST(without_a_connection)
{
	struct buffer data = {0};
	struct pg_statement st = {.sql = "SELECT 1"};
	ck_outcome(pg_exec(pg, "SELECT 1", &err), PG_RETRY, "not connected");
	ck_outcome(pg_run(pg, &st, NULL, 0, NULL, NULL, &err), PG_RETRY, "not connected");
	ck_outcome(pg_copy(pg, "COPY", &data, &err), PG_RETRY, "not connected");
	ck_outcome(pg_commit(pg, &err), PG_RETRY, "not connected");
	pg_rollback(pg);
}
END_TEST

/* --- statements --- */

START_TEST(statements_and_their_results)
{
	SCRIPT(CONNECT, {.text = "CREATE TEMP", .replies = {COMMAND("CREATE TABLE"), COMMAND("INSERT 0 3")}},
	       {.text = "SELECT 1; SELECT 2", .replies = {TUPLES("SELECT 1", "1"), TUPLES("SELECT 1", "2|3|"), COMMAND("SET")}}, SELECT_1);
	int64_t n = 0;
	PG_RESULT res = NULL;
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec_count(pg, "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2), (3)", &n, &err), 0, "");
	ck_assert_int_eq(n, 3);
	ck_outcome(pg_exec_rows(pg, "SELECT 1; SELECT 2, 3, NULL; SET jit = off", &res, &err), 0, "");
	ck_assert_uint_eq(pg_rows(res), 1);
	ck_assert_uint_eq(pg_columns(res), 3);
	ck_assert(text_is(pg_cell(res, 0, 1), "3"));
	ck_assert_ptr_null(pg_cell(res, 0, 2).p);
	ck_still_works();
}
END_TEST

START_TEST(a_statement_is_prepared_once_in_a_session)
{
	SCRIPT(CONNECT, {.text = "PREPARE twice", .replies = {COMMAND("PREPARE")}}, {.text = "EXECUTE twice", .replies = {TUPLES("SELECT 1", "a")}},
	       {.text = "EXECUTE twice", .replies = {TUPLES("SELECT 1", "a")}}, CONNECT, {.text = "PREPARE twice", .replies = {COMMAND("PREPARE")}},
	       {.text = "EXECUTE twice", .replies = {TUPLES("SELECT 1", "a")}});
	struct pg_statement st = {.name = "twice", .sql = "SELECT $1::text"};
	struct buffer params = {0};
	wire_text(&params, TEXT("a"));
	for (int i = 0; i < 3; i++) {
		PG_RESULT res = NULL;
		if (i == 2)
			pg_disconnect(pg);
		ck_outcome(pg_connect(pg, &err), 0, "");
		ck_outcome(pg_run(pg, &st, &params, 1, &res, NULL, &err), 0, "");
		ck_assert(text_is(pg_cell(res, 0, 0), "a"));
	}
	ck_assert_uint_eq(pg_session(pg), 2);
	buffer_deinit(&params);
}
END_TEST

START_TEST(another_kind_of_result_is_an_error)
{
	SCRIPT(CONNECT, {.text = "SELECT 2", .replies = {TUPLES("SELECT 1", "2")}}, {.text = "SET", .replies = {COMMAND("SET")}},
	       {.text = "SET", .replies = {COMMAND("SET")}}, SELECT_1);
	struct pg_statement rows = {.sql = "SELECT 2"}, none = {.sql = "SET jit = off"};
	PG_RESULT res = NULL;
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_run(pg, &rows, NULL, 0, NULL, NULL, &err), -EIO, "rows where none");
	ck_outcome(pg_run(pg, &none, NULL, 0, &res, NULL, &err), -EIO, "no rows");
	ck_outcome(pg_exec_rows(pg, "SET jit = off", &res, &err), -EIO, "no rows");
	ck_still_works();
}
END_TEST

/* Results behind an error are taken off as well. */
START_TEST(an_error_in_the_middle)
{
	SCRIPT(CONNECT, {.text = "SELECT 5", .replies = {TUPLES("SELECT 1", "5"), FATAL("22012", NULL)}}, SELECT_1);
	PG_RESULT res = NULL;
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec_rows(pg, "SELECT 5; SELECT 1 / 0; SELECT 6", &res, &err), PG_DATA, "22012");
	ck_assert_ptr_null(res);
	ck_assert_str_eq(pg_sqlstate(pg), "22012");
	ck_still_works();
}
END_TEST

static const struct {
	const char *sqlstate;
	int outcome;
} classes[] = {
	{"08000", PG_RETRY}, {"08006", PG_RETRY}, {"40001", PG_RETRY}, {"40003", PG_RETRY},    {"40P01", PG_RETRY}, {"53000", PG_RETRY}, {"53100", PG_RETRY},
	{"53200", PG_RETRY}, {"53300", PG_RETRY}, {"55P03", PG_RETRY}, {"57014", PG_RETRY},    {"57P01", PG_RETRY}, {"57P03", PG_RETRY}, {"58030", PG_RETRY},
	{"58P01", PG_RETRY}, {"25006", PG_RETRY}, {"25P03", PG_RETRY}, {"22003", PG_DATA},     {"22021", PG_DATA},  {"22P02", PG_DATA},  {"23502", PG_DATA},
	{"23503", PG_DATA},  {"23514", PG_DATA},  {"23P01", PG_DATA},  {"23505", PG_CONFLICT}, {"28P01", -EACCES},  {"42501", -EACCES},  {"42601", -EIO},
	{"42P01", -EIO},     {"25P02", -EIO},     {"55000", -EIO},     {"XX000", -EIO},        {"P0001", -EIO},     {"0A000", -EIO},
};

START_TEST(every_class_says_what_to_do)
{
	ck_assert_int_eq(pg_classify(classes[_i].sqlstate), classes[_i].outcome);
#ifdef SCRIPTED
	static struct exchange script[] = {
		CONNECT, {.text = "DO", .replies = {FATAL("?", "a_constraint")}}, {.text = "ROLLBACK", .replies = {COMMAND("ROLLBACK")}}, SELECT_1, {0}};
	script[2].replies[0].tag = classes[_i].sqlstate;
	fake_script(script);
#endif
	char sql[300];
	snprintf(sql, sizeof sql,
		 "DO $$ BEGIN RAISE SQLSTATE '%s' USING MESSAGE = 'secret of the server', DETAIL = 'secret of the detail', CONSTRAINT = 'a_constraint', "
		 "TABLE = 'complaint'; END $$",
		 classes[_i].sqlstate);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec(pg, sql, &err), classes[_i].outcome, classes[_i].sqlstate);
	ck_assert_str_eq(pg_sqlstate(pg), classes[_i].sqlstate);
	ck_assert_str_eq(pg_constraint(pg), "a_constraint");
	ck_assert_ptr_null(strstr(err.text, "detail"));
	if (classes[_i].outcome == PG_DATA || classes[_i].outcome == PG_CONFLICT) {
		ck_assert_ptr_null(strstr(err.text, "secret"));
		ck_assert_ptr_nonnull(strstr(err.text, "table complaint, constraint a_constraint"));
	}
	pg_rollback(pg);
	ck_assert_str_eq(pg_sqlstate(pg), classes[_i].sqlstate);
	ck_still_works();
}
END_TEST

/* --- rows one by one --- */

static int count_row(void *arg, size_t n, const struct text *cells)
{
	int *rows = arg;
	ck_assert_uint_eq(n, 2);
	ck_assert(text_is(cells[0], "7") && !cells[1].p);
	return ++*rows == 2 ? -ECANCELED : 0;
}

START_TEST(rows_one_by_one)
{
	SCRIPT(CONNECT, {.text = "SELECT 7, NULL", .replies = {SINGLE("7|"), TUPLES("SELECT 1", NULL)}},
	       {.text = "SELECT 7, NULL", .replies = {SINGLE("7|"), FATAL("22012", NULL)}}, CONNECT, SELECT_1);
	int rows = 0;
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_each(pg, "SELECT 7, NULL", count_row, &rows, &err), 0, "");
	ck_assert_int_eq(rows, 1);
	rows = 0;
	ck_outcome(pg_each(pg, "SELECT 7, NULL FROM generate_series(1, 1) UNION ALL SELECT 1 / (x - 1), NULL FROM generate_series(1, 1) x", count_row, &rows,
			   &err),
		   PG_DATA, "22012");
	ck_assert_int_eq(rows, 1);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_still_works();
}
END_TEST

START_TEST(a_reader_may_stop_early)
{
	SCRIPT(CONNECT, {.text = "SELECT 7, NULL", .replies = {SINGLE("7|"), SINGLE("7|")}}, CONNECT, SELECT_1);
	int rows = 0;
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_each(pg, "SELECT 7, NULL FROM generate_series(1, 100000)", count_row, &rows, &err), -ECANCELED, "");
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_still_works();
}
END_TEST

/* --- COPY --- */

static void put_row(struct buffer *b, int i)
{
	wire_copy_row(b, 1);
	wire_int4(b, i);
}

static void put_rows(struct buffer *b, int n)
{
	buffer_clear(b);
	wire_copy_head(b);
	for (int i = 0; i < n; i++)
		put_row(b, i);
	wire_copy_tail(b);
}

START_TEST(copy_in)
{
	SCRIPT(CONNECT, {.text = "CREATE TEMP", .replies = {COMMAND("CREATE TABLE")}}, {.text = "COPY", .replies = {COPY_IN, COMMAND("COPY 100000")}},
	       {.text = "SELECT count", .replies = {TUPLES("SELECT 1", "100000")}});
	struct buffer b = {0};
	PG_RESULT res = NULL;
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec(pg, "CREATE TEMP TABLE t (a int)", &err), 0, "");
	put_rows(&b, 100000);
	ck_outcome(pg_copy(pg, "COPY t FROM STDIN (FORMAT binary)", &b, &err), 0, "");
	ck_outcome(pg_exec_rows(pg, "SELECT count(*) FROM t", &res, &err), 0, "");
	ck_assert(text_is(pg_cell(res, 0, 0), "100000"));
	buffer_deinit(&b);
}
END_TEST

/* Pieces of one row each. */
struct pieces {
	int n, at, fails_at; /* fails_at: gives up instead of that one; -1: does not */
};

static int more_rows(void *arg, struct buffer *piece)
{
	struct pieces *p = arg;
	if (p->at == p->fails_at)
		return -ENOMEM;
	if (!p->at)
		wire_copy_head(piece);
	put_row(piece, p->at++);
	if (p->at == p->n)
		wire_copy_tail(piece);
	return p->at < p->n;
}

START_TEST(copy_in_pieces)
{
	SCRIPT(CONNECT, {.text = "CREATE TEMP", .replies = {COMMAND("CREATE TABLE")}}, {.text = "COPY", .replies = {COPY_IN, COMMAND("COPY 3")}},
	       {.text = "COPY", .replies = {COPY_IN, FATAL("57014", NULL)}}, {.text = "SELECT count", .replies = {TUPLES("SELECT 1", "3")}});
	struct buffer piece = {0};
	PG_RESULT res = NULL;
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec(pg, "CREATE TEMP TABLE t (a int)", &err), 0, "");
	ck_outcome(pg_copy_from(pg, "COPY t FROM STDIN (FORMAT binary)", more_rows, &(struct pieces){3, 0, -1}, &piece, &err), 0, "");
	ck_outcome(pg_copy_from(pg, "COPY t FROM STDIN (FORMAT binary)", more_rows, &(struct pieces){3, 0, 2}, &piece, &err), -ENOMEM, "");
	ck_outcome(pg_exec_rows(pg, "SELECT count(*) FROM t", &res, &err), 0, "");
	ck_assert(text_is(pg_cell(res, 0, 0), "3"));
	buffer_deinit(&piece);
}
END_TEST

START_TEST(copy_refused)
{
	SCRIPT(CONNECT, {.text = "COPY nowhere", .replies = {FATAL("42P01", NULL)}}, {.text = "CREATE TEMP", .replies = {COMMAND("CREATE TABLE")}},
	       {.text = "COPY t", .replies = {COPY_IN, FATAL("23514", "t_check")}}, SELECT_1);
	struct buffer b = {0};
	ck_outcome(pg_connect(pg, &err), 0, "");
	put_rows(&b, 200000);
	ck_outcome(pg_copy(pg, "COPY nowhere FROM STDIN (FORMAT binary)", &b, &err), -EIO, "42P01");
	ck_outcome(pg_exec(pg, "CREATE TEMP TABLE t (a int CONSTRAINT t_check CHECK (a <> 17))", &err), 0, "");
	ck_outcome(pg_copy(pg, "COPY t FROM STDIN (FORMAT binary)", &b, &err), PG_DATA, "23514");
	ck_assert_str_eq(pg_constraint(pg), "t_check");
	ck_still_works();
	b.failed = true;
	ck_outcome(pg_copy(pg, "COPY t FROM STDIN (FORMAT binary)", &b, &err), -ENOMEM, "");
	buffer_deinit(&b);
}
END_TEST

/* A statement that turns out to be COPY would wait for us for ever. */
START_TEST(copy_where_none_was_meant)
{
	SCRIPT(CONNECT, {.text = "COPY", .replies = {COPY_IN}}, CONNECT, {.text = "COPY", .replies = {COPY_OUT}}, CONNECT, SELECT_1);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec(pg, "COPY pg_catalog.pg_class FROM STDIN", &err), -EIO, "");
	pg_disconnect(pg);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_each(pg, "COPY pg_catalog.pg_database TO STDOUT", count_row, NULL, &err), -EIO, "unexpected result");
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_still_works();
}
END_TEST

/* --- transactions --- */

START_TEST(commit_of_a_failed_transaction_is_no_success)
{
	SCRIPT(CONNECT, {.text = "BEGIN", .replies = {COMMAND("BEGIN")}}, {.text = "COMMIT", .replies = {COMMAND("COMMIT")}},
	       {.text = "BEGIN", .replies = {COMMAND("BEGIN"), FATAL("22012", NULL)}}, {.text = "COMMIT", .replies = {COMMAND("ROLLBACK")}}, SELECT_1);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec(pg, "BEGIN", &err), 0, "");
	ck_outcome(pg_commit(pg, &err), 0, "");
	ck_outcome(pg_exec(pg, "BEGIN; SELECT 1 / 0", &err), PG_DATA, "22012");
	ck_outcome(pg_commit(pg, &err), -EIO, "failed before COMMIT");
	ck_still_works();
}
END_TEST

/* --- waiting --- */

START_TEST(a_deadline_ends_the_connection)
{
	SCRIPT(CONNECT, {.text = "SELECT pg_sleep", .fails = CALL_HANG}, CONNECT, SELECT_1);
	ck_outcome(pg_connect(pg, &err), 0, "");
	pg_set_deadline(pg, 1);
	int64_t start = clock_monotonic();
	ck_assert_int_gt(start, 0);
	ck_outcome(pg_exec(pg, "SELECT pg_sleep(20)", &err), PG_RETRY, "deadline");
#ifndef SCRIPTED /* whose clock leaps */
	ck_assert_int_lt(clock_monotonic() - start, 3 * INSTANT_PER_SECOND);
#endif
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_still_works();
}
END_TEST

static void *cancel_soon(void *arg)
{
	usleep(200000);
	pg_cancel(arg);
	return NULL;
}

START_TEST(another_thread_cancels)
{
	SCRIPT(CONNECT, {.text = "SELECT pg_sleep", .fails = CALL_HANG}, {.text = "connect", .fails = CALL_HANG}, CONNECT, SELECT_1);
	pthread_t thread;
	ck_outcome(pg_connect(pg, &err), 0, "");
	pg_set_deadline(pg, 20000000);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, pg), 0);
	ck_outcome(pg_exec(pg, "SELECT pg_sleep(20)", &err), PG_RETRY, "cancelled");
	pthread_join(thread, NULL);
	ck_outcome(pg_connect(pg, &err), PG_RETRY, "cancelled");
	pg_resume(pg);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_still_works();
}
END_TEST

#ifdef SCRIPTED

/* What a server does not do on demand. */
static const struct {
	const char *message;
	int outcome;
	const char *says;
} refusals[] = {
	{"server at \"a\" failed: FATAL:  57P03: the database system is starting up\nLOCATION: x", PG_RETRY, "57P03"},
	{"server at \"a\" failed: FATAL:  53300: sorry, too many clients already\nLOCATION: x", PG_RETRY, "53300"},
	{"server at \"a\" failed: FATAL:  28P01: password authentication failed for user \"x\"\nLOCATION: x", -EACCES, "check user and password"},
	{"server at \"a\" failed: FATAL:  28P01: password\nserver at \"b\" failed: FATAL:  57P03: starting up\n", PG_RETRY, "at \"b\""},
	{"could not translate host name \"nowhere\" to address: Name or service not known", PG_RETRY, "not known"},
	{"server closed the connection unexpectedly\n\tThis probably means", PG_RETRY, "unexpectedly"},
	{"server at \"a\" failed: FATAL:  55000: database \"x\" is not currently accepting connections\nLOCATION: x", PG_RETRY, "55000"},
	{"server at \"a\" failed: FATAL:  28000: no pg_hba.conf entry for host \"a\", user \"x\", database \"x\", no encryption\n", -EACCES, "sslmode=verify-full"},
	{"server at \"a\" failed: FATAL:  28000: no pg_hba.conf entry for host \"a\", user \"x\", database \"x\", SSL encryption\n", -EACCES, "pg_hba.conf admit"},
	{"server at \"a\" failed: FATAL:  28000: connection requires a valid client certificate\n", -EACCES, "sslcert"},
	{"server at \"a\" failed: SSL error: certificate verify failed", -EACCES, "sslrootcert"},
	{"server at \"a\" failed: server certificate for \"b\" does not match host name \"a\"", -EACCES, "the name that the server's certificate carries"},
	{"server at \"a\" failed: root certificate file \"/x\" does not exist\nEither provide", -EACCES, "in sslrootcert"},
	{"server at \"a\" failed: could not load private key file \"/x\": bad", -EACCES, "sslkey"},
	{"server at \"a\" failed: server does not support SSL, but SSL was required", -EACCES, "switch TLS on"},
	{"server at \"a\" failed: fe_sendauth: no password supplied", -EACCES, "conninfo_file"},
	{"server at \"a\" failed: Connection refused\nserver at \"b\" failed: SSL error: certificate verify failed\n", -EACCES, "at \"b\""},
	{"server at \"a\" failed: SSL SYSCALL error: EOF detected", PG_RETRY, "EOF"},
};

START_TEST(refusals_say_what_to_do)
{
	struct exchange script[] = {{.text = "connect", .fails = CALL_CONNECT, .message = refusals[_i].message}, {0}};
	fake_script(script);
	ck_outcome(pg_connect(pg, &err), refusals[_i].outcome, refusals[_i].says);
	ck_assert_ptr_null(strchr(err.text, '\n'));
	fake_script(NULL);
}
END_TEST

/* Settings that led to a server once are not at fault when it refuses them later: it may be under maintenance. */
START_TEST(what_worked_before_is_an_outage)
{
	struct exchange script[] = {{.text = "connect"}, {.text = "SET"}, {.text = "connect", .fails = CALL_CONNECT, .message = refusals[2].message}, {0}};
	fake_script(script);
	ck_outcome(pg_connect(pg, &err), 0, "");
	pg_disconnect(pg);
	ck_outcome(pg_connect(pg, &err), PG_RETRY, refusals[2].says);
	fake_script(NULL);
}
END_TEST

START_TEST(servers_that_do_not_fit)
{
	SCRIPT({.text = "connect", .version = 130009}, {.text = "connect", .encoding = "LATIN1"});
	ck_outcome(pg_connect(pg, &err), -EPROTO, "PostgreSQL 13 is too old");
	ck_outcome(pg_connect(pg, &err), -EPROTO, "LATIN1");
}
END_TEST

START_TEST(a_server_that_never_answers)
{
	SCRIPT({.text = "connect", .fails = CALL_HANG});
	ck_outcome(pg_connect(pg, &err), PG_RETRY, "deadline");
}
END_TEST

START_TEST(lost_in_the_setup_of_the_session)
{
	SCRIPT({.text = "connect"}, {.text = "SET search_path", .fails = CALL_RESULT}, CONNECT, SELECT_1);
	ck_outcome(pg_connect(pg, &err), PG_RETRY, "connection lost");
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_still_works();
}
END_TEST

/* What an exchange is a part of, and how it begins. */
enum verb { EXEC, RUN, PREPARE, EXECUTE, COMMIT, COPY, EACH, OPEN, MAKE };
static const char *const texts[] = {"SELECT 1", "SELECT $1", "PREPARE one", "EXECUTE one", "COMMIT", "COPY t", "SELECT 7", "connect"};

static int run_verb(enum verb verb)
{
	static struct pg_statement st = {.sql = "SELECT $1::int4"};
	struct pg_statement named = {.name = "one", .sql = st.sql};
	struct buffer rows = {0}, params = {0};
	struct pg *other;
	PG_RESULT res = NULL;
	int r = 0, n = 0;
	put_rows(&rows, 10);
	wire_int4(&params, 1);
	switch (verb) {
	case EXEC:
		r = pg_exec(pg, "SELECT 1", &err);
		break;
	case RUN:
		r = pg_run(pg, &st, &params, 1, &res, NULL, &err);
		break;
	case PREPARE:
	case EXECUTE:
		r = pg_run(pg, &named, &params, 1, &res, NULL, &err);
		break;
	case COMMIT:
		r = pg_commit(pg, &err);
		break;
	case COPY:
		r = pg_copy(pg, "COPY t FROM STDIN (FORMAT binary)", &rows, &err);
		break;
	case EACH:
		r = pg_each(pg, "SELECT 7, NULL", count_row, &n, &err);
		break;
	case OPEN:
		r = pg_connect(pg, &err);
		break;
	case MAKE:
		r = pg_new(FAKE_TOO_LARGE, &other, &err);
		break;
	}
	buffer_deinit(&rows);
	buffer_deinit(&params);
	return r;
}

/* The verb meets the fault: it says what to do, and nothing of what libpq knows; there is no connection afterwards. */
static void ck_fails(enum verb verb, enum call fault, int outcome)
{
	const struct exchange prepared = {.text = "PREPARE one", .replies = {COMMAND("PREPARE")}};
	struct exchange script[5] = {CONNECT};
	size_t n = verb >= OPEN ? 0 : 2;
	if (verb == EXECUTE)
		script[n++] = prepared;
	script[n] = verb == MAKE ? (struct exchange){0} : (struct exchange){.text = texts[verb], .fails = fault, .message = "refused", .replies = {COMMAND("X")}};
	if (verb == COPY)
		script[n].replies[0] = (struct reply)COPY_IN;
	if (verb < MAKE)
		script[n + 1] = (struct exchange){0};
	fake_script(script);
	if (verb < OPEN)
		ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(run_verb(verb), outcome, "");
	ck_assert(*err.text && !strstr(err.text, "secret"));
	ck_outcome(pg_exec(pg, "SELECT 1", &err), PG_RETRY, "not connected");
	fake_script(NULL);
}

/* Each verb, lost in each call that any has. */
START_TEST(lost_in_each_call)
{
	static const enum call losses[] = {CALL_SEND, CALL_FLUSH, CALL_CONSUME, CALL_RESULT, CALL_SOCKET, CALL_HANG};
	for (size_t i = 0; i < COUNT(losses); i++)
		ck_fails((enum verb)_i, losses[i], PG_RETRY);
}
END_TEST

/* Every function of libpq that the adapter calls: how it fails, and the outcome; or that it only tells or takes what is there, and cannot. */
static const struct {
	const char *name;
	enum verb verb;
	enum call fault; /* CALL_NONE: cannot fail */
	int outcome;
} functions[] = {
	{"PQconninfoParse", MAKE, CALL_START, -ENOMEM}, /* of one that is malformed: a_bad_conninfo_keeps_its_secrets */
	{"PQconnectStartParams", OPEN, CALL_START, -ENOMEM},
	{"PQstatus", OPEN, CALL_BAD, PG_RETRY},
	{"PQconnectPoll", OPEN, CALL_CONNECT, PG_RETRY},
	{"PQsetnonblocking", OPEN, CALL_NONBLOCKING, PG_RETRY},
	{"PQserverVersion", OPEN, CALL_VERSION, PG_RETRY},
	{"PQparameterStatus", OPEN, CALL_ENCODING, PG_RETRY},
	{"PQsocket", EXEC, CALL_SOCKET, PG_RETRY},
	{"PQsendQuery", EXEC, CALL_SEND, PG_RETRY},
	{"PQsendQueryParams", RUN, CALL_SEND, PG_RETRY},
	{"PQsendPrepare", PREPARE, CALL_SEND, PG_RETRY},
	{"PQsendQueryPrepared", EXECUTE, CALL_SEND, PG_RETRY},
	{"PQflush", EXEC, CALL_FLUSH, PG_RETRY},
	{"PQconsumeInput", EXEC, CALL_CONSUME, PG_RETRY},
	{"PQgetResult", EXEC, CALL_RESULT, PG_RETRY},
	{"PQputCopyData", COPY, CALL_COPY, PG_RETRY},
	{"PQputCopyEnd", COPY, CALL_COPY_END, PG_RETRY},
	{"PQsetSingleRowMode", EACH, CALL_SINGLE_ROW, PG_RETRY},
	{.name = "PQclear"},
	{.name = "PQcmdStatus"},
	{.name = "PQcmdTuples"},
	{.name = "PQconninfo"}, /* without an answer the link counts as one that is not verified */
	{.name = "PQconninfoFree"},
	{.name = "PQerrorMessage"},
	{.name = "PQfinish"},
	{.name = "PQfreemem"},
	{.name = "PQgetisnull"},
	{.name = "PQgetlength"},
	{.name = "PQgetvalue"},
	{.name = "PQhostaddr"},
	{.name = "PQisBusy"},
	{.name = "PQnfields"},
	{.name = "PQntuples"},
	{.name = "PQresStatus"},
	{.name = "PQresultErrorField"},
	{.name = "PQresultStatus"},
	{.name = "PQsetErrorVerbosity"},
	{.name = "PQsetNoticeReceiver"},
	{.name = "PQsslInUse"},
	{.name = "PQtransactionStatus"},
};

START_TEST(each_function_fails)
{
	if (functions[_i].fault != CALL_NONE)
		ck_fails(functions[_i].verb, functions[_i].fault, functions[_i].outcome);
}
END_TEST

/* A call that is added to the adapter is added to the table above. */
START_TEST(no_function_is_left_out)
{
	ck_functions_called(ADAPTER, "PQ", functions);
}
END_TEST

#else

START_TEST(values_survive_the_journey)
{
	static const char *const numbers[] = {"0", "1", "-1", "0.000001", "-99999999999999999.999999", "10000", "9999.9999", "0.0001", "123456789012345678.5"};
	struct pg_statement st = {.sql = "SELECT $1::numeric::text, $1::numeric, $2::date::text, $3::timestamptz::text, $4::text[]::text"};
	struct buffer b = {0};
	ck_outcome(pg_connect(pg, &err), 0, "");
	for (size_t i = 0; i < COUNT(numbers); i++) {
		decimal d, back;
		PG_RESULT res = NULL;
		ck_assert_int_eq(decimal_parse(text_of(numbers[i]), &d), 0);
		buffer_clear(&b);
		wire_numeric(&b, d);
		wire_day(&b, day_from_civil(1900, 3, 1));
		wire_time(&b, 1);
		size_t begun = wire_array_begin(&b, WIRE_TEXT, 2);
		wire_text(&b, TEXT("a,b"));
		wire_null(&b);
		wire_array_end(&b, begun);
		ck_outcome(pg_run(pg, &st, &b, 4, &res, NULL, &err), 0, "");
		ck_assert(text_is(pg_cell(res, 0, 0), numbers[i]));
		ck_assert_int_eq(wire_get_numeric(pg_cell(res, 0, 1), &back), 0);
		ck_assert(back.micro == d.micro);
		ck_assert(text_is(pg_cell(res, 0, 2), "1900-03-01"));
		ck_assert(text_is(pg_cell(res, 0, 3), "1970-01-01 00:00:00.000001+00"));
		ck_assert(text_is(pg_cell(res, 0, 4), "{\"a,b\",NULL}"));
	}
	buffer_deinit(&b);
}
END_TEST

/* Nothing that a role, a database or the server sets changes what our statements mean. */
START_TEST(the_session_is_ours)
{
	PG_RESULT res = NULL;
	struct pg *p = new_pg("options='-c search_path=public -c TimeZone=Asia/Jakarta -c statement_timeout=1 -c DateStyle=German -c "
			      "default_transaction_isolation=serializable'");
	ck_outcome(pg_connect(p, &err), 0, "");
	ck_outcome(pg_exec_rows(p,
				"SELECT current_setting('search_path'), '2024-03-25 00:00+00'::timestamptz::text, current_setting('transaction_isolation'), "
				"pg_sleep(0.01)::text, "
				"current_setting('application_name'), current_setting('client_connection_check_interval')",
				&res, &err),
		   0, "");
	ck_assert(text_is(pg_cell(res, 0, 0), "pg_catalog, pg_temp"));
	ck_assert(text_is(pg_cell(res, 0, 1), "2024-03-25 00:00:00+00"));
	ck_assert(text_is(pg_cell(res, 0, 2), "read committed"));
	ck_assert(text_is(pg_cell(res, 0, 4), "rekapd"));
	ck_assert(text_is(pg_cell(res, 0, 5), "1s"));
	pg_free(p);
}
END_TEST

START_TEST(a_session_that_is_terminated)
{
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec(pg, "SELECT pg_terminate_backend(pg_backend_pid())", &err), PG_RETRY, "");
	pg_rollback(pg);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_still_works();
}
END_TEST

/* What we leave, the server ends. */
START_TEST(the_server_ends_what_was_left)
{
	PG_RESULT res = NULL;
	ck_outcome(pg_connect(pg, &err), 0, "");
	pg_set_deadline(pg, 1);
	ck_outcome(pg_exec(pg, "SELECT pg_sleep(60), 'left alone'", &err), PG_RETRY, "deadline");
	pg_set_deadline(pg, 20);
	ck_outcome(pg_connect(pg, &err), 0, "");
	ck_outcome(pg_exec_rows(pg, "SELECT pg_sleep(2.5); SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%left alone%' AND pid <> pg_backend_pid()",
				&res, &err),
		   0, "");
	ck_assert(text_is(pg_cell(res, 0, 0), "0"));
}
END_TEST

#endif

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, nobody_listens);
	tcase_add_test(tc, no_such_database);
	tcase_add_test(tc, no_such_login);
	tcase_add_test(tc, a_bad_conninfo_keeps_its_secrets);
	tcase_add_test(tc, connecting_twice_connects_once);
	tcase_add_test(tc, without_a_connection);
	tcase_add_test(tc, statements_and_their_results);
	tcase_add_test(tc, a_statement_is_prepared_once_in_a_session);
	tcase_add_test(tc, another_kind_of_result_is_an_error);
	tcase_add_test(tc, an_error_in_the_middle);
	tcase_add_loop_test(tc, every_class_says_what_to_do, 0, (int)COUNT(classes));
	tcase_add_test(tc, rows_one_by_one);
	tcase_add_test(tc, a_reader_may_stop_early);
	tcase_add_test(tc, copy_in);
	tcase_add_test(tc, copy_in_pieces);
	tcase_add_test(tc, copy_refused);
	tcase_add_test(tc, copy_where_none_was_meant);
	tcase_add_test(tc, commit_of_a_failed_transaction_is_no_success);
	tcase_add_test(tc, a_deadline_ends_the_connection);
	tcase_add_test(tc, another_thread_cancels);
#ifdef SCRIPTED
	tcase_add_loop_test(tc, refusals_say_what_to_do, 0, (int)COUNT(refusals));
	tcase_add_test(tc, what_worked_before_is_an_outage);
	tcase_add_test(tc, servers_that_do_not_fit);
	tcase_add_test(tc, a_server_that_never_answers);
	tcase_add_test(tc, lost_in_the_setup_of_the_session);
	tcase_add_loop_test(tc, lost_in_each_call, EXEC, OPEN);
	tcase_add_loop_test(tc, each_function_fails, 0, (int)COUNT(functions));
	tcase_add_test(tc, no_function_is_left_out);
#else
	tcase_add_test(tc, values_survive_the_journey);
	tcase_add_test(tc, the_session_is_ours);
	tcase_add_test(tc, a_session_that_is_terminated);
	tcase_add_test(tc, the_server_ends_what_was_left);
#endif
}

int main(void)
{
	Suite *suite = suite_create("adapter");
	TCase *tc = tcase_create("adapter");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_tests(tc);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
