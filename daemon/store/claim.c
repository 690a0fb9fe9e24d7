// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Partitions: who reads them, how far they are stored.
 *
 * A row of rekap.ingest_offset belongs to whoever bumped its epoch last. A batch sets the offset by compare-and-set in the transaction that holds its figures,
 * so that of all processes which believe they own a partition only one can commit, and no batch can be counted twice:
 *   - Taken over: the epoch differs, the row is not set, the transaction ends without a trace (STORE_FENCED).
 *   - An earlier COMMIT of ours is still running in a server process whose connection we lost: our statement waits for its row lock and then sees the outcome.
 *   - It did happen: the row has our epoch and a later offset, which only we can have written, from a prefix of what we offer again. We go on behind it.
 *   - It did not happen: the row is as we knew it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/internal.h"

/* --- topics --- */

int32_t topic_id(const struct store *s, struct text topic)
{
	for (size_t i = 0; i < s->n_topics; i++)
		if (text_is(topic, s->topics[i].topic))
			return s->topics[i].id;
	return 0;
}

static int remember_topic(struct store *s, struct text topic, int32_t id)
{
	struct topic_id *topics = realloc(s->topics, (s->n_topics + 1) * sizeof *topics);
	if (!topics)
		return -ENOMEM;
	s->topics = topics;
	char *name = strndup(topic.p, topic.n);
	if (!name)
		return -ENOMEM;
	topics[s->n_topics++] = (struct topic_id){name, id};
	return 0;
}

int topic_learn(struct store *s, struct text topic, struct error *err)
{
	static struct pg_statement insert = {
		.sql = "INSERT INTO rekap_store.topic (topic) SELECT $1::text WHERE NOT EXISTS (SELECT FROM rekap_store.topic WHERE topic = $1) "
		       "ON CONFLICT (topic) DO NOTHING"};
	static struct pg_statement select = {.sql = "SELECT topic_id FROM rekap_store.topic WHERE topic = $1::text"};
	if (topic_id(s, topic))
		return 0;
	PG_RESULT res = NULL;
	buffer_clear(&s->params);
	wire_text(&s->params, topic);
	int r = pg_run(s->pg, &insert, &s->params, 1, NULL, NULL, err);
	if (!r)
		r = pg_run(s->pg, &select, &s->params, 1, &res, NULL, err);
	if (r)
		return r;
	if (pg_rows(res) != 1)
		return error_set(err, -EIO, "rekap_store.topic lost a topic");
	return remember_topic(s, topic, wire_get_int4(pg_cell(res, 0, 0)));
}

void topics_forget(struct store *s)
{
	while (s->n_topics)
		free(s->topics[--s->n_topics].topic);
}

/* --- claims --- */

static struct claim *find(struct store *s, struct text topic, int32_t partition)
{
	for (size_t i = 0; i < s->n_claims; i++)
		if (s->claims[i].partition == partition && text_is(topic, s->claims[i].topic))
			return &s->claims[i];
	return NULL;
}

struct claim *claim_find(struct store *s, struct text topic, int32_t partition)
{
	struct claim *c = find(s, topic, partition);
	return c && c->held ? c : NULL;
}

static struct claim *find_or_add(struct store *s, const char *topic, int32_t partition)
{
	struct claim *c = find(s, text_of(topic), partition);
	if (c)
		return c;
	struct claim *claims = realloc(s->claims, (s->n_claims + 1) * sizeof *claims);
	if (!claims)
		return NULL;
	s->claims = claims;
	char *name = strdup(topic);
	if (!name)
		return NULL;
	claims[s->n_claims] = (struct claim){.topic = name, .partition = partition, .last = -1};
	return &claims[s->n_claims++];
}

/* Waits for the transaction of an owner that is just committing, and then sees its offset. The row of a new partition says from its first claim on what is promised. */
static int take_over(struct store *s, struct claim *c, int64_t begins, struct error *err)
{
	static struct pg_statement upsert = {
		.sql = "INSERT INTO ingest_offset AS o (topic, partition, next_offset, epoch, owner) SELECT $1::text, $2::int4, $4::int8, 1, $3::text "
		       "WHERE $4 >= 0 OR EXISTS (SELECT FROM ingest_offset WHERE topic = $1 AND partition = $2) "
		       "ON CONFLICT (topic, partition) DO UPDATE SET epoch = o.epoch + 1, owner = excluded.owner, updated_at = clock_timestamp() RETURNING "
		       "next_offset, epoch"};
	PG_RESULT res = NULL;
	buffer_clear(&s->params);
	wire_text(&s->params, text_of(c->topic));
	wire_int4(&s->params, c->partition);
	wire_text(&s->params, text_of(s->owner));
	wire_int8(&s->params, begins);
	int r = pg_run(s->pg, &upsert, &s->params, 4, &res, NULL, err);
	if (r)
		return r;
	if (!pg_rows(res))
		return error_set(err, STORE_NEW, "partition %s/%d is new, and Kafka does not say where it begins", c->topic, c->partition);
	c->next = wire_get_int8(pg_cell(res, 0, 0));
	c->epoch = wire_get_int8(pg_cell(res, 0, 1));
	c->held = true;
	return 0;
}

int store_claim(struct store *s, const char *topic, int32_t partition, int64_t *next, struct error *err)
{
	pg_resume(s->pg);
	struct claim *c = find_or_add(s, topic, partition);
	if (!c)
		return store_outcome(-ENOMEM, err);
	s->doubtful = false;
	c->held = false; /* if the answer is lost, the epoch may have been bumped all the same */
	int r = store_ready(s, err);
	if (!r)
		r = take_over(s, c, *next, err);
	if (!r)
		*next = c->next;
	return store_outcome(r, err);
}

void store_release(struct store *s)
{
	for (struct claim *c = s->claims; c < s->claims + s->n_claims; c++)
		c->held = false;
}

/* --- the batch's offsets --- */

static bool in_batch(const struct claim *c)
{
	return c->held && c->first <= c->last;
}

int topics_learn(struct store *s, struct error *err)
{
	int r = 0;
	for (size_t i = 0; !r && i < s->n_claims; i++)
		if (in_batch(&s->claims[i]))
			r = topic_learn(s, text_of(s->claims[i].topic), err);
	return r;
}

static int by_topic_and_partition(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int c = strcmp(x->topic, y->topic);
	return c ? c : (x->partition > y->partition) - (x->partition < y->partition);
}

enum { TOPIC, PARTITION, NEXT, EPOCH, NEW, COLUMNS };

/* The claims of the batch as arrays of their columns, in order; returns how many there are. */
static int64_t put_claims(struct store *s)
{
	static const enum wire_type types[COLUMNS] = {WIRE_TEXT, WIRE_INT4, WIRE_INT8, WIRE_INT8, WIRE_INT8};
	size_t n = 0;
	if (s->n_claims)
		qsort(s->claims, s->n_claims, sizeof *s->claims, by_topic_and_partition);
	for (size_t i = 0; i < s->n_claims; i++)
		n += in_batch(&s->claims[i]);
	buffer_clear(&s->params);
	for (int column = 0; column < COLUMNS; column++) {
		size_t begun = wire_array_begin(&s->params, types[column], n);
		for (const struct claim *c = s->claims; c < s->claims + s->n_claims; c++) {
			if (!in_batch(c))
				continue;
			if (column == TOPIC)
				wire_text(&s->params, text_of(c->topic));
			else if (column == PARTITION)
				wire_int4(&s->params, c->partition);
			else
				wire_int8(&s->params, column == NEXT ? c->next : column == EPOCH ? c->epoch : c->last + 1);
		}
		wire_array_end(&s->params, begun);
	}
	return (int64_t)n;
}

/*
 * How the rows of the claims in s->params are. Nothing can have happened to rows of our epoch but our own commits: STORE_AGAIN when some did, and the claims know it
 * now. STORE_FENCED: taken over, or the database came back as it was before.
 */
static int look_again(struct store *s, struct error *err)
{
	static struct pg_statement select = {
		.sql = "SELECT w.topic, w.partition, o.next_offset, o.epoch FROM unnest($1::text[], $2::int4[], $3::int8[], $4::int8[], $5::int8[]) "
		       "AS w (topic, partition, expected, epoch, next) LEFT JOIN ingest_offset o USING (topic, partition)"};
	PG_RESULT res = NULL;
	bool moved = false;
	int r = pg_run(s->pg, &select, &s->params, COLUMNS, &res, NULL, err);
	for (size_t i = 0; !r && i < pg_rows(res); i++) {
		struct claim *c = find(s, pg_cell(res, i, 0), wire_get_int4(pg_cell(res, i, 1)));
		int64_t stored = wire_get_int8(pg_cell(res, i, 2));
		if (wire_get_int8(pg_cell(res, i, 3)) != c->epoch || stored < c->next)
			return error_set(err, STORE_FENCED, "partition %s/%d was taken over, or the database was restored", c->topic, c->partition);
		moved |= stored > c->next;
		c->next = stored;
	}
	return r || !moved ? r : STORE_AGAIN;
}

static const char advance_sql[] =
	"UPDATE ingest_offset o SET next_offset = m.next, updated_at = clock_timestamp() FROM ("
	"SELECT i.topic, i.partition, w.next FROM ingest_offset i JOIN unnest($1::text[], $2::int4[], $3::int8[], $4::int8[], $5::int8[]) "
	"AS w (topic, partition, expected, epoch, next) ON i.topic = w.topic AND i.partition = w.partition AND i.next_offset = w.expected AND i.epoch = "
	"w.epoch "
	"ORDER BY i.topic, i.partition FOR UPDATE OF i) m WHERE o.topic = m.topic AND o.partition = m.partition";

/*
 * One statement for all partitions. Two processes that both believe in several partitions lock the rows in the same order, and so never wait for one another in
 * a circle: the inner query sorts before it locks. READ COMMITTED: a row that changed while we waited for it is compared again in its newest version.
 */
int claims_advance(struct store *s, struct error *err)
{
	s->advance.name = "advance";
	s->advance.sql = advance_sql;
	int64_t wanted = put_claims(s), n = 0;
	int r = pg_run(s->pg, &s->advance, &s->params, COLUMNS, NULL, &n, err);
	if (r || n == wanted)
		return r;
	store_rollback(s); /* what it did set must not be seen by the next question */
	r = look_again(s, err);
	return r ? r : error_set(err, PG_RETRY, "rekap.ingest_offset changed while it was read");
}

int claims_confirm(struct store *s, struct error *err)
{
	for (struct claim *c = s->claims; c < s->claims + s->n_claims; c++)
		c->first = c->last = c->next; /* as if a batch held something of each */
	int r = put_claims(s) ? look_again(s, err) : 0;
	return r == STORE_AGAIN ? 0 : r;
}

void claims_advanced(struct store *s)
{
	for (struct claim *c = s->claims; c < s->claims + s->n_claims; c++)
		if (in_batch(c))
			c->next = c->last + 1;
}

void claims_describe(const struct store *s, struct buffer *out)
{
	const char *comma = "";
	buffer_putc(out, '[');
	for (const struct claim *c = s->claims; c < s->claims + s->n_claims; c++) {
		if (!in_batch(c))
			continue;
		/* Kafka's names are of letters, digits, dots, dashes and underscores: nothing in them needs an escape */
		buffer_printf(out, "%s{\"topic\": \"%s\", \"partition\": %d, \"first\": %lld, \"last\": %lld}", comma, c->topic, c->partition,
			      (long long)c->first, (long long)c->last);
		comma = ", ";
	}
	buffer_putc(out, ']');
}
