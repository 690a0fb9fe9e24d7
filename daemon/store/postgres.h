// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A connection to PostgreSQL, by verbs. Each has a deadline, takes all results off the connection, and says in its result what the caller must do:
 *   0            done
 *   PG_RETRY     an outage or a conflict that passes: connection lost, deadline, cancelled, SQLSTATE 08, 40, 53, 55P03, 57, 58, 25006; the transaction is gone
 *   PG_DATA      the server refused the data (22, 23); pg_sqlstate tells
 *   PG_CONFLICT  unique_violation (23505); pg_constraint tells of what: another session was faster, or the data are at fault
 *   negative     anything else; the message says what
 *
 * Messages never hold data: a server's text about data (22, 23) is left out, details and contexts always.
 */
#include "common/error.h"
#include "daemon/store/wire.h"

#define PG_RETRY 1
#define PG_DATA 3
#define PG_CONFLICT 4

#define PG_CONNECT_SECONDS 10
#define PG_STATEMENT_SECONDS 60 /* the default */
#define PG_PARAMETERS_MAX 32

struct pg;
struct pg_result;

/* A statement that is parsed once in each session. `sql` stays owned by the caller. */
struct pg_statement {
	const char *name, *sql;
	unsigned session; /* in which it was prepared */
};

/* Does not connect. -EINVAL when conninfo is malformed. */
int pg_new(const char *conninfo, struct pg **ret_pg, struct error *err);
struct pg *pg_free(struct pg *pg);

/* Connects if there is no connection, and sets the session up. */
int pg_connect(struct pg *pg, struct error *err);
void pg_disconnect(struct pg *pg);
/* How the connection that there is goes over the wire: encrypted, to the host that was named for sure, within this machine. */
struct pg_link {
	bool tls, verified, local;
};
void pg_link(const struct pg *pg, struct pg_link *ret);
/* The deadline of statements from now on. */
void pg_set_deadline(struct pg *pg, int seconds);
/* Counts the connections made: what belonged to a session (temporary tables, …) is gone when it changed. */
unsigned pg_session(const struct pg *pg);
/* Another thread: ends what the connection waits for now, with PG_RETRY. pg_resume (the owner) makes it usable again. */
void pg_cancel(struct pg *pg);
void pg_resume(struct pg *pg);

/* Statements without parameters, separated by semicolons. */
int pg_exec(struct pg *pg, const char *sql, struct error *err);
/* The same; *ret_n: rows that the last one touched. */
int pg_exec_count(struct pg *pg, const char *sql, int64_t *ret_n, struct error *err);
/* The same; *ret_result: of the last one that gives rows, as text. */
int pg_exec_rows(struct pg *pg, const char *sql, struct pg_result **ret_result, struct error *err);

/*
 * One statement with n parameters: the fields in `params` (wire.h; NULL and 0: none). Results are binary. `ret_result` NULL: rows are an error;
 * else no rows to give is one. *ret_n: rows touched; may be NULL.
 */
int pg_run(struct pg *pg, struct pg_statement *st, const struct buffer *params, size_t n, struct pg_result **ret_result, int64_t *ret_n, struct error *err);
/* COPY … FROM STDIN (FORMAT binary): `data` from head to tail. */
int pg_copy(struct pg *pg, const char *sql, const struct buffer *data, struct error *err);
/*
 * The same piece by piece: `more` puts the next one into the buffer, which is empty then, while the server takes those before. It returns 1 while there are others, 0 with
 * the last, or a negative error, which ends it. The deadline is for each piece.
 */
int pg_copy_from(struct pg *pg, const char *sql, int (*more)(void *arg, struct buffer *piece), void *arg, struct buffer *piece, struct error *err);
/* Rows as text, each as it arrives; `row` returns 0 or a negative error, which ends it. The deadline is for each row. */
int pg_each(struct pg *pg, const char *sql, int (*row)(void *arg, size_t n, const struct text *cells), void *arg, struct error *err);

/* COMMIT; PG_RETRY leaves unknown whether it happened. */
int pg_commit(struct pg *pg, struct error *err);
/* Ends a transaction that is open; closes the connection if that fails. Never fails itself. */
void pg_rollback(struct pg *pg);

/* Of the last statement that failed: "" when it was not the server that said so. */
const char *pg_sqlstate(const struct pg *pg);
const char *pg_constraint(const struct pg *pg); /* that was broken, "" if none was */

/* Results: NULL is accepted; cells are valid until the result is freed; absent: null. */
size_t pg_rows(const struct pg_result *r);
size_t pg_columns(const struct pg_result *r);
struct text pg_cell(const struct pg_result *r, size_t row, size_t column);
void pg_result_free(struct pg_result *r);

static inline void pg_result_cleanup(struct pg_result **r)
{
	pg_result_free(*r);
}
#define PG_RESULT __attribute__((cleanup(pg_result_cleanup))) struct pg_result *

/* What an SQLSTATE asks for: PG_RETRY, PG_DATA, PG_CONFLICT, or -EACCES (permission), -EIO (anything else). */
int pg_classify(const char *sqlstate);
