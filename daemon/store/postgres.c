// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/store/postgres.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "daemon/store/refusal.h"

#define COPY_CHUNK (256 * 1024)
#define SERVER_MIN 140000

struct pg {
	PGconn *conn; /* NULL: none */
	char *conninfo;
	int wake; /* eventfd: readable once cancelled */
	int seconds;
	int64_t deadline; /* of the verb that runs, on the monotonic clock */
	unsigned session;
	char sqlstate[6], constraint[72]; /* of the statement that failed last */
};

/* --- life --- */

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "PostgreSQL: out of memory");
}

static int check_conninfo(const char *conninfo, struct error *err)
{
	char *message = NULL;
	errno = 0;
	PQconninfoOption *options = PQconninfoParse(conninfo, &message);
	bool good = options, poor = errno == ENOMEM;
	PQconninfoFree(options);
	PQfreemem(message); /* not shown: it may quote a password */
	if (!good && poor)
		return no_memory(err);
	return good ? 0 : error_set(err, -EINVAL, "postgres.conninfo: not a libpq connection string (key=value pairs, or postgresql://…)");
}

int pg_new(const char *conninfo, struct pg **ret_pg, struct error *err)
{
	int r = check_conninfo(conninfo, err);
	if (r < 0)
		return r;
	struct pg *pg = calloc(1, sizeof *pg);
	if (!pg)
		return no_memory(err);
	pg->seconds = PG_STATEMENT_SECONDS;
	pg->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pg->conninfo = strdup(conninfo);
	if (pg->wake < 0 || !pg->conninfo) {
		pg_free(pg);
		return no_memory(err);
	}
	*ret_pg = pg;
	return 0;
}

struct pg *pg_free(struct pg *pg)
{
	if (!pg)
		return NULL;
	pg_disconnect(pg);
	if (pg->wake >= 0)
		close(pg->wake);
	free(pg->conninfo);
	free(pg);
	return NULL;
}

void pg_disconnect(struct pg *pg)
{
	if (pg->conn)
		PQfinish(pg->conn);
	pg->conn = NULL;
}

void pg_set_deadline(struct pg *pg, int seconds)
{
	pg->seconds = seconds;
}

unsigned pg_session(const struct pg *pg)
{
	return pg->session;
}

void pg_cancel(struct pg *pg)
{
	/* fails only when the counter is full, and then it is readable already */
	(void)!write(pg->wake, &(uint64_t){1}, sizeof(uint64_t));
}

void pg_resume(struct pg *pg)
{
	(void)!read(pg->wake, &(uint64_t){0}, sizeof(uint64_t));
}

/* --- waiting --- */

static void begin(struct pg *pg, int seconds)
{
	pg->deadline = clock_monotonic() + seconds * INSTANT_PER_SECOND;
	pg->sqlstate[0] = pg->constraint[0] = 0;
}

/*
 * Leaves a statement that takes too long, by closing the connection: the server looks for that (see session_setup) and ends what nobody waits for. What the
 * statement did is then unknown, as after any lost connection. Not by PQcancel, which waits for the server without a deadline.
 */
static int give_up(struct pg *pg, const char *why, struct error *err)
{
	pg_disconnect(pg);
	return error_set(err, PG_RETRY, "PostgreSQL: %s", why);
}

/* Until the socket is ready for one of the events: *ret. */
static int wait_for(struct pg *pg, short events, short *ret, struct error *err)
{
	struct pollfd fds[] = {{.fd = PQsocket(pg->conn), .events = events}, {.fd = pg->wake, .events = POLLIN}};
	for (;;) {
		int64_t left = (pg->deadline - clock_monotonic()) / 1000;
		int n = poll(fds, 2, left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left + 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (fds[1].revents)
			return give_up(pg, "cancelled", err);
		if (n == 0 && left < 3600000)
			return give_up(pg, "no answer before the deadline", err);
		if (n != 0) {
			*ret = fds[0].revents;
			return 0;
		}
	}
}

/* libpq's own text is not shown: it may hold what the server said of the data before the connection broke. */
static int lost(struct pg *pg, struct error *err)
{
	pg_disconnect(pg);
	return error_set(err, PG_RETRY, "PostgreSQL: connection lost");
}

/* Sends what libpq holds. What arrives meanwhile is read, so that neither side waits for the other with full buffers. */
static int flush(struct pg *pg, struct error *err)
{
	int left;
	while ((left = PQflush(pg->conn)) > 0) {
		short ready = 0;
		int r = wait_for(pg, POLLIN | POLLOUT, &ready, err);
		if (r)
			return r;
		if (ready & POLLIN && !PQconsumeInput(pg->conn))
			return lost(pg, err);
	}
	return left < 0 ? lost(pg, err) : 0;
}

/* The next result of the statement that was sent; NULL: there is no more. */
static int next_result(struct pg *pg, PGresult **ret, struct error *err)
{
	while (PQisBusy(pg->conn)) {
		short ready;
		int r = wait_for(pg, POLLIN, &ready, err);
		if (r)
			return r;
		if (!PQconsumeInput(pg->conn))
			return lost(pg, err);
	}
	*ret = PQgetResult(pg->conn);
	return 0;
}

/* --- errors --- */

int pg_classify(const char *sqlstate)
{
	static const struct {
		const char *prefix;
		int outcome;
	} classes[] = {
		{"23505", PG_CONFLICT}, {"22", PG_DATA}, {"23", PG_DATA}, {"08", PG_RETRY}, /* connection exceptions */
		{"40", PG_RETRY},                                                           /* serialization failure, deadlock */
		{"53", PG_RETRY},                                                           /* disk full, out of memory, too many connections */
		{"55P03", PG_RETRY},                                                        /* lock not available */
		{"57", PG_RETRY},                                                           /* shutdown, starting up, cancelled */
		{"58", PG_RETRY},                                                           /* the server's operating system: I/O errors */
		{"25006", PG_RETRY}, /* read-only: a standby, until it is promoted or we reach the primary */
		{"25P03", PG_RETRY}, /* idle in transaction for too long */
		{"25P04", PG_RETRY}, /* transaction took too long */
		{"28", -EACCES},     /* who we are */
		{"42501", -EACCES},  /* what we may do */
	};
	for (size_t i = 0; i < COUNT(classes); i++)
		if (!strncmp(sqlstate, classes[i].prefix, strlen(classes[i].prefix)))
			return classes[i].outcome;
	return -EIO;
}

static const char *field_or_empty(const PGresult *res, int field)
{
	const char *s = PQresultErrorField(res, field);
	return s ? s : "";
}

/* The message may quote the data: only names of the schema's objects are shown. */
static int fail_on_data(const PGresult *res, int r, struct error *err)
{
	const char *table = field_or_empty(res, PG_DIAG_TABLE_NAME), *constraint = field_or_empty(res, PG_DIAG_CONSTRAINT_NAME);
	return error_set(err, r, "PostgreSQL: SQLSTATE %s%s%s%s%s", field_or_empty(res, PG_DIAG_SQLSTATE), *table ? ", table " : "", table,
			 *constraint ? ", constraint " : "", constraint);
}

/* Keeps what a failed result says, and says what to do. COPY, where none was meant, ends with the connection. */
static int fail(struct pg *pg, const PGresult *res, struct error *err)
{
	if (PQresultStatus(res) != PGRES_FATAL_ERROR) {
		pg_disconnect(pg);
		return error_set(err, -EIO, "PostgreSQL: unexpected result %s", PQresStatus(PQresultStatus(res)));
	}
	const char *sqlstate = field_or_empty(res, PG_DIAG_SQLSTATE);
	if (!*sqlstate || PQstatus(pg->conn) == CONNECTION_BAD) /* libpq's own: it lost the connection or ran out of memory */
		return lost(pg, err);
	snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", sqlstate);
	int r = pg_classify(sqlstate);
	snprintf(pg->constraint, sizeof pg->constraint, "%s", field_or_empty(res, PG_DIAG_CONSTRAINT_NAME));
	if (r == PG_DATA || r == PG_CONFLICT)
		return fail_on_data(res, r, err);
	return error_set(err, r, "PostgreSQL: SQLSTATE %s: %s", sqlstate, field_or_empty(res, PG_DIAG_MESSAGE_PRIMARY));
}

const char *pg_sqlstate(const struct pg *pg)
{
	return pg->sqlstate;
}

const char *pg_constraint(const struct pg *pg)
{
	return pg->constraint;
}

/* --- connecting --- */

static void no_notices(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

static const char session_setup[] =
	/* Nothing is looked up by luck, no setting of role or database changes what our statements mean, and ends are set by our own deadlines. */
	"SET search_path = pg_catalog, pg_temp; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET default_transaction_isolation = 'read committed'; "
	/* But for a process that is frozen in a transaction: its deadlines stand still, and others wait for its rows. */
	"SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = '10s'; SET client_min_messages = 'error'; "
	/* Statements are short and repeat: compiling them never pays. Staged rows of a batch stay in memory. */
	"SET jit = off; SET temp_buffers = '64MB'; "
	/* A statement that we left ends soon, where the server's system can tell. */
	"DO $$ BEGIN PERFORM set_config('client_connection_check_interval', '1s', false); EXCEPTION WHEN OTHERS THEN NULL; END $$; "
	/* Whatever the server logs, parameters are payload; the second needs a grant (see 042_body.sql). */
	"SET log_parameter_max_length_on_error = 0; "
	"DO $$ BEGIN PERFORM set_config('log_parameter_max_length', '0', false); EXCEPTION WHEN OTHERS THEN NULL; END $$";

static int check_server(struct pg *pg, struct error *err)
{
	int version = PQserverVersion(pg->conn);
	const char *encoding = PQparameterStatus(pg->conn, "server_encoding");
	if (!version || !encoding) /* any server tells: the connection broke, or libpq had no memory to note it */
		return lost(pg, err);
	if (version < SERVER_MIN)
		return error_set(err, -EPROTO, "PostgreSQL %d is too old: rekapd needs 14 or later", version / 10000);
	if (strcmp(encoding, "UTF8"))
		return error_set(err, -EPROTO, "PostgreSQL: the database has encoding %s: rekapd needs one with UTF8", encoding);
	return 0;
}

/* Who refused us and why. Settings that have led to a server before are not at fault: then it is an outage, whatever the server says. */
static int refused(struct pg *pg, struct error *err)
{
	int r = refusal_explain(PQerrorMessage(pg->conn), pg->sqlstate, err);
	pg_disconnect(pg);
	return r < 0 && pg->session ? PG_RETRY : r;
}

static int handshake(struct pg *pg, struct error *err)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	while (status != PGRES_POLLING_OK) {
		short ready;
		int r = wait_for(pg, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, &ready, err);
		if (r)
			return r;
		status = PQconnectPoll(pg->conn);
		if (status == PGRES_POLLING_FAILED)
			return refused(pg, err);
	}
	return 0;
}

/* Resolving a host's name is the one wait without our deadline: it is libpq's, within the resolver's own limits. */
static int dial(struct pg *pg, struct error *err)
{
	/* What stands before dbname are defaults under conninfo, what stands behind is fixed. The timeout passes over dead hosts of a list in time for the
	 * next. */
	static const char *const names[] = {"fallback_application_name", "tcp_user_timeout", "keepalives_idle", "keepalives_interval",
					    "keepalives_count",          "dbname",           "client_encoding", NULL};
	const char *const values[] = {"rekapd", "6000", "30", "10", "3", pg->conninfo, "UTF8", NULL};
	pg->conn = PQconnectStartParams(names, values, 1);
	if (!pg->conn)
		return no_memory(err);
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	PQsetNoticeReceiver(pg->conn, no_notices, NULL);
	return PQstatus(pg->conn) == CONNECTION_BAD ? refused(pg, err) : handshake(pg, err);
}

static int set_up_session(struct pg *pg, struct error *err)
{
	if (PQsetnonblocking(pg->conn, 1) < 0)
		return lost(pg, err);
	int r = check_server(pg, err);
	return r ? r : pg_exec(pg, session_setup, err);
}

int pg_connect(struct pg *pg, struct error *err)
{
	if (pg->conn && PQstatus(pg->conn) == CONNECTION_OK)
		return 0;
	pg_disconnect(pg);
	begin(pg, PG_CONNECT_SECONDS);
	int r = dial(pg, err);
	if (r)
		return r;
	pg->session++;
	r = set_up_session(pg, err);
	if (r)
		pg_disconnect(pg);
	return r;
}

/* libpq has no address of a socket in the file system. */
static bool is_loopback(const char *address)
{
	return !*address || !strncmp(address, "127.", 4) || !strcmp(address, "::1");
}

void pg_link(const struct pg *pg, struct pg_link *ret)
{
	PQconninfoOption *options = PQconninfo(pg->conn);
	*ret = (struct pg_link){.tls = PQsslInUse(pg->conn), .local = is_loopback(PQhostaddr(pg->conn))};
	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (!strcmp(o->keyword, "sslmode") && o->val)
			ret->verified = ret->tls && !strcmp(o->val, "verify-full");
	PQconninfoFree(options);
}

/* --- statements --- */

/* What is wanted of the results of one verb. */
struct want {
	PGresult *rows; /* the last result with rows */
	int64_t n;      /* rows touched by the last statement */
	bool committed; /* it said COMMIT */
};

static void take(struct want *want, PGresult *res)
{
	const char *touched = PQcmdTuples(res);
	want->n = *touched ? strtoll(touched, NULL, 10) : 0;
	want->committed = !strcmp(PQcmdStatus(res), "COMMIT");
	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		PQclear(want->rows);
		want->rows = res;
	} else {
		PQclear(res);
	}
}

/* Takes all results of what was sent, also those behind an error: the first error counts. */
static int drain(struct pg *pg, struct want *want, struct error *err)
{
	int outcome = 0;
	for (;;) {
		PGresult *res;
		int r = next_result(pg, &res, err);
		if (r || !res)
			return r ? r : outcome;
		ExecStatusType status = PQresultStatus(res);
		if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
			take(want, res);
			continue;
		}
		if (!outcome || status != PGRES_FATAL_ERROR)
			outcome = fail(pg, res, err);
		PQclear(res);
		if (!pg->conn)
			return outcome;
	}
}

/* `sent`: what a PQsend function said. */
static int finish(struct pg *pg, int sent, struct want *want, struct error *err)
{
	int r = sent ? flush(pg, err) : lost(pg, err);
	if (!r)
		r = drain(pg, want, err);
	if (r) {
		PQclear(want->rows);
		want->rows = NULL;
	}
	return r;
}

static int no_connection(struct error *err)
{
	return error_set(err, PG_RETRY, "PostgreSQL: not connected");
}

static int run_text(struct pg *pg, const char *sql, struct want *want, struct error *err)
{
	if (!pg->conn)
		return no_connection(err);
	begin(pg, pg->seconds);
	return finish(pg, PQsendQuery(pg->conn, sql), want, err);
}

int pg_exec(struct pg *pg, const char *sql, struct error *err)
{
	return pg_exec_count(pg, sql, &(int64_t){0}, err);
}

int pg_exec_count(struct pg *pg, const char *sql, int64_t *ret_n, struct error *err)
{
	struct want want = {0};
	int r = run_text(pg, sql, &want, err);
	PQclear(want.rows);
	if (!r)
		*ret_n = want.n;
	return r;
}

int pg_exec_rows(struct pg *pg, const char *sql, struct pg_result **ret_result, struct error *err)
{
	struct want want = {0};
	int r = run_text(pg, sql, &want, err);
	if (!r && !want.rows)
		return error_set(err, -EIO, "PostgreSQL: no rows where some were expected");
	if (!r)
		*ret_result = want.rows;
	return r;
}

static int prepare(struct pg *pg, struct pg_statement *st, struct error *err)
{
	struct want want = {0};
	int r = finish(pg, PQsendPrepare(pg->conn, st->name, st->sql, 0, NULL), &want, err);
	PQclear(want.rows);
	if (!r)
		st->session = pg->session;
	return r;
}

static int send_statement(struct pg *pg, const struct pg_statement *st, const struct buffer *params, size_t n)
{
	const char *values[PG_PARAMETERS_MAX];
	int lengths[PG_PARAMETERS_MAX], formats[PG_PARAMETERS_MAX];
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		struct text field;
		if (i == PG_PARAMETERS_MAX || !wire_next(buffer_view(params), &at, &field) || field.n > INT32_MAX)
			return 0;
		values[i] = field.p;
		lengths[i] = (int)field.n;
		formats[i] = 1;
	}
	if (st->name)
		return PQsendQueryPrepared(pg->conn, st->name, (int)n, values, lengths, formats, 1);
	return PQsendQueryParams(pg->conn, st->sql, (int)n, NULL, values, lengths, formats, 1);
}

int pg_run(struct pg *pg, struct pg_statement *st, const struct buffer *params, size_t n, struct pg_result **ret_result, int64_t *ret_n, struct error *err)
{
	if (params && params->failed)
		return no_memory(err);
	if (!pg->conn)
		return no_connection(err);
	begin(pg, pg->seconds);
	struct want want = {0};
	int r = st->name && st->session != pg->session ? prepare(pg, st, err) : 0;
	if (!r)
		r = finish(pg, send_statement(pg, st, params, n), &want, err);
	if (!r && !want.rows != !ret_result)
		r = error_set(err, -EIO, "PostgreSQL: %s", want.rows ? "rows where none were expected" : "no rows where some were expected");
	if (r || !ret_result)
		PQclear(want.rows);
	else
		*ret_result = want.rows;
	if (!r && ret_n)
		*ret_n = want.n;
	return r;
}

/* --- COPY --- */

static int put_chunk(struct pg *pg, const char *p, size_t n, struct error *err)
{
	int put;
	while ((put = PQputCopyData(pg->conn, p, (int)n)) == 0) { /* libpq's buffer is full */
		int r = flush(pg, err);
		if (r)
			return r;
	}
	return put < 0 ? lost(pg, err) : flush(pg, err);
}

static int put_piece(struct pg *pg, const struct buffer *data, struct error *err)
{
	int r = data->failed ? no_memory(err) : 0;
	for (size_t at = 0; !r && at < data->n; at += COPY_CHUNK)
		r = put_chunk(pg, data->p + at, data->n - at < COPY_CHUNK ? data->n - at : COPY_CHUNK, err);
	return r;
}

/* `why`: the server shall forget what it was sent; NULL: it was all. */
static int put_end(struct pg *pg, const char *why, struct error *err)
{
	int put;
	while ((put = PQputCopyEnd(pg->conn, why)) == 0) {
		int r = flush(pg, err);
		if (r)
			return r;
	}
	return put < 0 ? lost(pg, err) : flush(pg, err);
}

static int put_pieces(struct pg *pg, int (*more)(void *arg, struct buffer *piece), void *arg, struct buffer *piece, struct error *err)
{
	int left, r;
	do {
		buffer_clear(piece);
		left = more(arg, piece);
		begin(pg, pg->seconds);
		r = left < 0 ? left : put_piece(pg, piece, err);
	} while (!r && left);
	if (!pg->conn)
		return r;
	int ended = put_end(pg, r ? "given up" : NULL, r ? NULL : err);
	return r ? r : ended;
}

int pg_copy_from(struct pg *pg, const char *sql, int (*more)(void *arg, struct buffer *piece), void *arg, struct buffer *piece, struct error *err)
{
	if (!pg->conn)
		return no_connection(err);
	begin(pg, pg->seconds);
	PGresult *res = NULL;
	int r = PQsendQuery(pg->conn, sql) ? flush(pg, err) : lost(pg, err);
	if (!r)
		r = next_result(pg, &res, err);
	if (!r && PQresultStatus(res) != PGRES_COPY_IN)
		r = fail(pg, res, err);
	PQclear(res);
	if (!r)
		r = put_pieces(pg, more, arg, piece, err);
	if (!pg->conn)
		return r;
	struct want want = {0};
	int drained = drain(pg, &want, r ? NULL : err);
	PQclear(want.rows);
	return r ? r : drained;
}

/* Hands out all of a buffer at once. */
static int whole(void *arg, struct buffer *piece)
{
	*piece = *(const struct buffer *)arg;
	return 0;
}

int pg_copy(struct pg *pg, const char *sql, const struct buffer *data, struct error *err)
{
	struct buffer piece = {0}, all = *data;
	return data->failed ? no_memory(err) : pg_copy_from(pg, sql, whole, &all, &piece, err);
}

/* --- rows one by one --- */

static int hand_on(const PGresult *res, int (*row)(void *arg, size_t n, const struct text *cells), void *arg)
{
	struct text cells[64];
	size_t n = pg_columns(res);
	if (n > COUNT(cells))
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		cells[i] = pg_cell(res, 0, i);
	return row(arg, n, cells);
}

int pg_each(struct pg *pg, const char *sql, int (*row)(void *arg, size_t n, const struct text *cells), void *arg, struct error *err)
{
	if (!pg->conn)
		return no_connection(err);
	begin(pg, pg->seconds);
	int r = PQsendQuery(pg->conn, sql) ? flush(pg, err) : lost(pg, err);
	if (!r && !PQsetSingleRowMode(pg->conn)) /* all rows would come at once, and be taken for the end */
		r = lost(pg, err);
	while (!r) {
		PGresult *res;
		begin(pg, pg->seconds);
		r = next_result(pg, &res, err);
		if (r || !res)
			return r;
		if (PQresultStatus(res) == PGRES_SINGLE_TUPLE)
			r = hand_on(res, row, arg);
		else if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK)
			r = fail(pg, res, err);
		PQclear(res);
	}
	pg_disconnect(pg); /* rather than read on what nobody wants */
	return r;
}

/* --- transactions --- */

int pg_commit(struct pg *pg, struct error *err)
{
	struct want want = {0};
	int r = run_text(pg, "COMMIT", &want, err);
	PQclear(want.rows);
	/* The server answers COMMIT of a transaction that failed with ROLLBACK, and calls that success. */
	return r || want.committed ? r : error_set(err, -EIO, "PostgreSQL: the transaction had failed before COMMIT");
}

void pg_rollback(struct pg *pg)
{
	if (!pg->conn)
		return;
	char sqlstate[sizeof pg->sqlstate];
	memcpy(sqlstate, pg->sqlstate, sizeof sqlstate);
	if (PQtransactionStatus(pg->conn) != PQTRANS_IDLE && pg_exec(pg, "ROLLBACK", NULL))
		pg_disconnect(pg);
	memcpy(pg->sqlstate, sqlstate, sizeof sqlstate); /* of the statement that failed, not of this one */
}

/* --- results --- */

size_t pg_rows(const struct pg_result *r)
{
	return r ? (size_t)PQntuples(r) : 0;
}

size_t pg_columns(const struct pg_result *r)
{
	return r ? (size_t)PQnfields(r) : 0;
}

struct text pg_cell(const struct pg_result *r, size_t row, size_t column)
{
	int i = (int)row, k = (int)column;
	if (PQgetisnull(r, i, k))
		return TEXT_NONE;
	return (struct text){PQgetvalue(r, i, k), (size_t)PQgetlength(r, i, k)};
}

void pg_result_free(struct pg_result *r)
{
	PQclear(r);
}
