// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Two ceilings, a thread each, to measure others by: what it costs to read every record and
 *   decode: parse it with jansson and look at every field, but keep nothing
 *   copy:   put its text into PostgreSQL unread, 10 000 records and the offsets a transaction
 * Prints what it saw, as JSON, so that nobody is fast by leaving something out.
 */
#include <inttypes.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "tests/bench/client.h"

#define TRANSACTION 10000
#define PARTITIONS_MAX 1024

struct seen {
	uint64_t events, bytes, received, letters;
};

/* --- decode */

static const char *const attributes[] = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "traceparent"};
static const char *const fields[] = {"complaint_id", "unit", "class", "channel", "category", "reason", "rating"};

static uint64_t look(const json_t *object, const char *const names[], size_t n)
{
	uint64_t letters = 0;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(object, names[i]);
		letters += json_is_integer(value) ? (uint64_t)json_integer_value(value) : value ? json_string_length(value) : 0;
	}
	return letters;
}

static void decode(void *context, rd_kafka_message_t *const messages[], size_t n)
{
	struct seen *seen = context;
	for (size_t i = 0; i < n; i++) {
		json_t *event = json_loadb(messages[i]->payload, messages[i]->len, 0, NULL);
		const char *type = json_string_value(json_object_get(event, "type"));
		if (!type)
			die("a record that is no event");
		seen->received += strcmp(type, "id.go.opd.complaint.received.v1") == 0;
		seen->letters += look(event, attributes, COUNT(attributes)) + look(json_object_get(event, "data"), fields, COUNT(fields));
		seen->events++;
		seen->bytes += messages[i]->len;
		json_decref(event);
	}
}

/* --- copy */

struct copy {
	struct seen *seen;
	PGconn *connection;
	struct buffer b;
	uint64_t open;                     /* records in the transaction */
	int64_t next[PARTITIONS_MAX];      /* offsets; 0: none yet */
	int64_t begun, first;              /* µs until the first commit */
};

static void expect(PGconn *connection, const PGresult *result, ExecStatusType status)
{
	if (PQresultStatus(result) != status)
		die("%s", PQerrorMessage(connection));
}

static void execute(PGconn *connection, const char *statement, ExecStatusType status)
{
	PGresult *result = PQexec(connection, statement);
	expect(connection, result, status);
	PQclear(result);
}

static void flush(struct copy *c)
{
	if (c->b.failed || (c->b.n && PQputCopyData(c->connection, c->b.p, (int)c->b.n) != 1))
		die("COPY: %s", PQerrorMessage(c->connection));
	buffer_clear(&c->b);
}

static void put_offsets(struct copy *c)
{
	buffer_puts(&c->b, "INSERT INTO bench_offset VALUES ");
	for (unsigned i = 0, n = 0; i < PARTITIONS_MAX; i++)
		if (c->next[i])
			buffer_printf(&c->b, "%s(%u, %" PRId64 ")", n++ ? ", " : "", i, c->next[i]);
	buffer_puts(&c->b, " ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset; COMMIT");
	execute(c->connection, buffer_cstr(&c->b), PGRES_COMMAND_OK);
	buffer_clear(&c->b);
}

static void commit(struct copy *c)
{
	if (!c->open)
		return;
	flush(c);
	if (PQputCopyEnd(c->connection, NULL) != 1)
		die("COPY: %s", PQerrorMessage(c->connection));
	for (PGresult *result; (result = PQgetResult(c->connection)); PQclear(result))
		expect(c->connection, result, PGRES_COMMAND_OK);
	put_offsets(c);
	if (!c->first)
		c->first = clock_monotonic() - c->begun;
	c->open = 0;
}

/* A line of COPY; in JSON only a backslash means something to it. */
static void put_line(struct buffer *b, const char *p, size_t n)
{
	for (const char *slash; (slash = memchr(p, '\\', n)); n -= (size_t)(slash + 1 - p), p = slash + 1) {
		buffer_put(b, p, (size_t)(slash + 1 - p));
		buffer_putc(b, '\\');
	}
	buffer_put(b, p, n);
	buffer_putc(b, '\n');
}

static void copy(void *context, rd_kafka_message_t *const messages[], size_t n)
{
	struct copy *c = context;
	for (size_t i = 0; i < n; i++) {
		const rd_kafka_message_t *m = messages[i];
		if (m->partition >= PARTITIONS_MAX)
			die("more than %d partitions", PARTITIONS_MAX);
		if (!c->open)
			execute(c->connection, "BEGIN; COPY bench_event FROM STDIN", PGRES_COPY_IN);
		put_line(&c->b, m->payload, m->len);
		c->next[m->partition] = m->offset + 1;
		c->seen->events++;
		c->seen->bytes += m->len;
		if (c->b.n > 1 << 16)
			flush(c);
		if (++c->open == TRANSACTION)
			commit(c);
	}
}

static void copy_all(const char *brokers, const char *topic, const char *conninfo, struct seen *seen, int64_t begun)
{
	static struct copy c;
	c = (struct copy){.seen = seen, .begun = begun, .connection = PQconnectdb(conninfo)};
	if (PQstatus(c.connection) != CONNECTION_OK)
		die("%s", PQerrorMessage(c.connection));
	execute(c.connection, "CREATE TABLE bench_event (event text)", PGRES_COMMAND_OK);
	execute(c.connection, "CREATE TABLE bench_offset (partition integer PRIMARY KEY, next_offset bigint)", PGRES_COMMAND_OK);
	client_read(brokers, topic, copy, &c);
	commit(&c);
	PQfinish(c.connection);
	buffer_deinit(&c.b);
	printf("{\"first_commit\": %.3f, ", (double)c.first / 1e6);
}

int main(int argc, char **argv)
{
	int64_t begun = clock_monotonic();
	struct seen seen = {0};
	if (argc == 4 && strcmp(argv[1], "decode") == 0) {
		client_read(argv[2], argv[3], decode, &seen);
		printf("{\"received\": %" PRIu64 ", \"letters\": %" PRIu64 ", ", seen.received, seen.letters);
	} else if (argc == 5 && strcmp(argv[1], "copy") == 0) {
		copy_all(argv[2], argv[3], argv[4], &seen, begun);
	} else {
		fputs("Usage: ceiling decode BROKERS TOPIC | ceiling copy BROKERS TOPIC CONNINFO\n", stderr);
		return 64;
	}
	printf("\"events\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n", seen.events, seen.bytes);
	return 0;
}
