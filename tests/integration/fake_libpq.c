// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "tests/integration/fake_libpq.h"

#include <check.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

struct pg_conn {
	int fds[2]; /* a pair that is always ready to write and, but for CALL_HANG, to read */
	ConnStatusType status;
	const struct exchange *opened;
	const struct exchange *now; /* the exchange that goes on; NULL: none */
	size_t next_reply;
	bool unsent, arrived, copying, failed_transaction;
};

struct pg_result {
	const struct reply *reply;
};

static const struct exchange *script;
static int connections, results;

/* A minute passes whenever somebody looks: what is ready is never late, what hangs has reached its deadline. */
static int64_t now;

int64_t clock_monotonic(void)
{
	return now += 61 * INSTANT_PER_SECOND;
}

instant clock_wall(void)
{
	return now;
}

void clock_sleep(int64_t microseconds)
{
	now += microseconds;
}

void fake_script(const struct exchange *s)
{
	ck_assert_msg(!script || !script->text, "not sent: %s", script ? script->text : "");
	script = s;
}

bool fake_done(void)
{
	return (!script || !script->text) && !connections && !results;
}

static const struct exchange *expect(const char *text)
{
	ck_assert_msg(script && script->text && !strncmp(text, script->text, strlen(script->text)), "sent %.60s, expected %s", text,
		      script && script->text ? script->text : "nothing more");
	return script++;
}

/* --- connections --- */

PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values, int expand_dbname)
{
	(void)keywords;
	(void)values;
	(void)expand_dbname;
	const struct exchange *opened = expect("connect");
	if (opened->fails == CALL_START)
		return NULL;
	PGconn *c = calloc(1, sizeof *c);
	ck_assert_ptr_nonnull(c);
	c->opened = opened;
	c->status = opened->fails == CALL_BAD ? CONNECTION_BAD : CONNECTION_STARTED;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, c->fds), 0);
	if (c->opened->fails != CALL_HANG)
		ck_assert_int_eq(send(c->fds[1], "x", 1, MSG_NOSIGNAL), 1);
	connections++;
	return c;
}

PostgresPollingStatusType PQconnectPoll(PGconn *c)
{
	if (c->opened->fails == CALL_HANG)
		return PGRES_POLLING_READING;
	if (!c->arrived) {
		c->arrived = true;
		return PGRES_POLLING_READING;
	}
	c->status = c->opened->fails == CALL_CONNECT ? CONNECTION_BAD : CONNECTION_OK;
	return c->status == CONNECTION_OK ? PGRES_POLLING_OK : PGRES_POLLING_FAILED;
}

void PQfinish(PGconn *c)
{
	close(c->fds[0]);
	close(c->fds[1]);
	free(c);
	connections--;
}

ConnStatusType PQstatus(const PGconn *c)
{
	return c->status;
}

int PQsocket(const PGconn *c)
{
	return c->now && c->now->fails == CALL_SOCKET ? -1 : c->fds[0];
}

int PQserverVersion(const PGconn *c)
{
	return c->opened->fails == CALL_VERSION ? 0 : c->opened->version ? c->opened->version : 150000;
}

const char *PQparameterStatus(const PGconn *c, const char *name)
{
	ck_assert_str_eq(name, "server_encoding");
	return c->opened->fails == CALL_ENCODING ? NULL : c->opened->encoding ? c->opened->encoding : "UTF8";
}

char *PQerrorMessage(const PGconn *c)
{
	static char message[512];
	snprintf(message, sizeof message, "%s", c->opened->message ? c->opened->message : "secret: nobody may show this");
	return message;
}

PGTransactionStatusType PQtransactionStatus(const PGconn *c)
{
	return c->failed_transaction ? PQTRANS_INERROR : PQTRANS_IDLE;
}

int PQsetnonblocking(PGconn *c, int on)
{
	return on && c->opened->fails != CALL_NONBLOCKING ? 0 : -1;
}

PGVerbosity PQsetErrorVerbosity(PGconn *c, PGVerbosity verbosity)
{
	(void)c;
	return verbosity;
}

PQnoticeReceiver PQsetNoticeReceiver(PGconn *c, PQnoticeReceiver receiver, void *arg)
{
	(void)c;
	(void)arg;
	return receiver;
}

PQconninfoOption *PQconninfoParse(const char *conninfo, char **message)
{
	*message = strdup("secret");
	if (!strcmp(conninfo, FAKE_TOO_LARGE)) {
		errno = ENOMEM;
		return NULL;
	}
	return strchr(conninfo, '=') || !*conninfo ? calloc(1, sizeof(PQconninfoOption)) : NULL;
}

PQconninfoOption *PQconninfo(PGconn *c)
{
	(void)c;
	return NULL;
}

int PQsslInUse(PGconn *c)
{
	(void)c;
	return 0;
}

char *PQhostaddr(const PGconn *c)
{
	static char address[] = "127.0.0.1";
	(void)c;
	return address;
}

void PQconninfoFree(PQconninfoOption *options)
{
	free(options);
}

void PQfreemem(void *p)
{
	free(p);
}

/* --- exchanges --- */

static int begin(PGconn *c, const char *text)
{
	ck_assert_msg(!c->now, "%.60s is sent while results of %s are left", text, c->now ? c->now->text : "");
	c->now = expect(text);
	c->next_reply = 0;
	c->unsent = true;
	c->arrived = false;
	if (c->now->fails == CALL_HANG)
		ck_assert_int_eq(recv(c->fds[0], (char[1]){0}, 1, 0), 1); /* nothing is there to read from now on */
	if (c->now->fails != CALL_SEND)
		return 1;
	c->status = CONNECTION_BAD;
	return 0;
}

int PQsendQuery(PGconn *c, const char *sql)
{
	return begin(c, sql);
}

int PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types, const char *const *values, const int *lengths, const int *formats, int format)
{
	(void)types;
	(void)lengths;
	ck_assert(!n || (values && formats[n - 1] == 1));
	ck_assert_int_eq(format, 1);
	return begin(c, sql);
}

static int begin_named(PGconn *c, const char *verb, const char *name)
{
	char text[128];
	snprintf(text, sizeof text, "%s %s", verb, name);
	return begin(c, text);
}

int PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types)
{
	(void)sql;
	(void)n;
	(void)types;
	return begin_named(c, "PREPARE", name);
}

int PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *values, const int *lengths, const int *formats, int format)
{
	(void)lengths;
	ck_assert(!n || (values && formats[n - 1] == 1));
	ck_assert_int_eq(format, 1);
	return begin_named(c, "EXECUTE", name);
}

static int lose(PGconn *c, enum call where, int lost, int kept)
{
	if (!c->now || c->now->fails != where)
		return kept;
	c->status = CONNECTION_BAD;
	return lost;
}

/* The first time there is something left to send. */
int PQflush(PGconn *c)
{
	if (c->unsent && c->now->fails != CALL_FLUSH) {
		c->unsent = false;
		return 1;
	}
	return lose(c, CALL_FLUSH, -1, 0);
}

int PQconsumeInput(PGconn *c)
{
	c->arrived = !c->unsent;
	return lose(c, CALL_CONSUME, 0, 1);
}

/* Each result is late once. */
int PQisBusy(PGconn *c)
{
	return c->now->fails == CALL_HANG || c->now->fails == CALL_SOCKET || c->now->fails == CALL_CONSUME || !c->arrived;
}

static PGresult *new_result(const struct reply *reply)
{
	PGresult *r = malloc(sizeof *r);
	ck_assert_ptr_nonnull(r);
	*r = (PGresult){reply};
	results++;
	return r;
}

PGresult *PQgetResult(PGconn *c)
{
	static const struct reply lost = {.status = "FATAL"};
	const struct reply *reply = &c->now->replies[c->next_reply];
	if (lose(c, CALL_RESULT, 1, 0)) {
		c->now = NULL;
		return new_result(&lost);
	}
	if (c->copying || !reply->status) {
		c->now = c->copying ? c->now : NULL;
		return c->copying ? new_result(reply) : NULL;
	}
	c->arrived = false;
	c->copying = !strcmp(reply->status, "COPY_IN") || !strcmp(reply->status, "COPY_OUT");
	if (!c->copying || !strcmp(reply->status, "COPY_IN"))
		c->next_reply++;
	if (!strcmp(reply->status, "FATAL"))
		c->failed_transaction = true;
	if (reply->tag && (!strcmp(reply->tag, "ROLLBACK") || !strcmp(reply->tag, "COMMIT")))
		c->failed_transaction = false;
	return new_result(reply);
}

/* The first time libpq's buffer is full. */
int PQputCopyData(PGconn *c, const char *p, int n)
{
	static bool full;
	ck_assert(p && n > 0 && c->copying);
	full = !full;
	return full ? 0 : lose(c, CALL_COPY, -1, 1);
}

int PQputCopyEnd(PGconn *c, const char *message)
{
	(void)message;
	c->copying = false;
	return lose(c, CALL_COPY_END, -1, 1);
}

int PQsetSingleRowMode(PGconn *c)
{
	return c->now && c->now->fails != CALL_SINGLE_ROW;
}

/* --- results --- */

ExecStatusType PQresultStatus(const PGresult *r)
{
	static const struct {
		const char *name;
		ExecStatusType status;
	} all[] = {{"COMMAND", PGRES_COMMAND_OK},
		   {"TUPLES", PGRES_TUPLES_OK},
		   {"COPY_IN", PGRES_COPY_IN},
		   {"COPY_OUT", PGRES_COPY_OUT},
		   {"SINGLE", PGRES_SINGLE_TUPLE}};
	for (size_t i = 0; r && i < COUNT(all); i++)
		if (!strcmp(r->reply->status, all[i].name))
			return all[i].status;
	return PGRES_FATAL_ERROR;
}

char *PQresStatus(ExecStatusType status)
{
	(void)status;
	static char name[] = "PGRES_SOMETHING";
	return name;
}

/* Whatever the server says beside SQLSTATE and names is a secret. */
char *PQresultErrorField(const PGresult *r, int field)
{
	static char texts[128][64]; /* by field: their numbers are letters */
	const char *s = "secret of the server";
	if (!r || PQresultStatus(r) != PGRES_FATAL_ERROR)
		return NULL;
	if (field == PG_DIAG_SQLSTATE)
		s = r->reply->tag;
	else if (field == PG_DIAG_CONSTRAINT_NAME)
		s = r->reply->constraint;
	else if (field == PG_DIAG_TABLE_NAME)
		s = r->reply->constraint ? "complaint" : NULL;
	if (!s)
		return NULL;
	return strcpy(texts[field], s);
}

char *PQcmdStatus(PGresult *r)
{
	static char text[64];
	snprintf(text, sizeof text, "%s", r->reply->tag ? r->reply->tag : "");
	return text;
}

char *PQcmdTuples(PGresult *r)
{
	char *number = strrchr(PQcmdStatus(r), ' ');
	static char none[1];
	return number ? number + 1 : none;
}

int PQntuples(const PGresult *r)
{
	return r->reply->cells != NULL;
}

static size_t cell_length(const char *p)
{
	return strcspn(p, "|");
}

int PQnfields(const PGresult *r)
{
	int n = 1;
	for (const char *p = r->reply->cells; p && *p; p++)
		n += *p == '|';
	return n;
}

static const char *cell(const PGresult *r, int column)
{
	const char *p = r->reply->cells;
	while (column--)
		p += cell_length(p) + 1;
	return p;
}

int PQgetisnull(const PGresult *r, int row, int column)
{
	(void)row;
	return cell(r, column)[0] == '\0' || cell(r, column)[0] == '|';
}

int PQgetlength(const PGresult *r, int row, int column)
{
	(void)row;
	return (int)cell_length(cell(r, column));
}

char *PQgetvalue(const PGresult *r, int row, int column)
{
	static char text[64];
	snprintf(text, sizeof text, "%.*s", PQgetlength(r, row, column), cell(r, column));
	return text;
}

void PQclear(PGresult *r)
{
	results -= r != NULL;
	free(r);
}
