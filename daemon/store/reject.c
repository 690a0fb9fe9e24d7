// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Dead letters: a row for each record that was not counted, with its body beside it; and their replay.
 *
 * Two replays of one reject cannot both count: each locks the rows it replays (in order), and what is no longer open by then is left out. Nor can a replay
 * whose COMMIT had an unknown outcome: if it happened, the rows are not open.
 */
#include <stdlib.h>

#include "daemon/store/internal.h"

#define SLICE_BYTES (16 << 20) /* of records in one statement: the copies of it, here and in the server, stay small, and it ends before its deadline */
#define BODY_BYTES (64 << 20)  /* of a record whose body is kept; the server takes no JSON and no bytea of any size */
#define READ_BYTES "33554432"

static bool rejected(const struct verdict *v)
{
	return v->reason != REASON_NONE && v->reason != REASON_TOMBSTONE;
}

/* --- what a record was, as JSON --- */

static bool storable(struct text t)
{
	return utf8_valid(t.p, t.n) && !memchr(t.p, 0, t.n);
}

static void put_header(struct buffer *b, const struct header *h)
{
	if (!h->name.n || storable(h->name)) {
		buffer_puts(b, "{\"name\": ");
		buffer_json(b, h->name);
	} else { /* Kafka promises text, but hands on what it gets */
		buffer_puts(b, "{\"name_base64\": \"");
		buffer_base64(b, h->name);
		buffer_putc(b, '"');
	}
	buffer_puts(b, ", \"value\": ");
	if (h->value.p) {
		buffer_putc(b, '"');
		buffer_base64(b, h->value);
		buffer_putc(b, '"');
	} else {
		buffer_puts(b, "null");
	}
	buffer_putc(b, '}');
}

static void put_headers(struct store *s, const struct record *r)
{
	struct buffer *b = &s->scratch;
	buffer_clear(b);
	buffer_putc(b, '[');
	for (size_t i = 0; i < r->n_headers; i++) {
		if (i)
			buffer_puts(b, ", ");
		put_header(b, &r->headers[i]);
	}
	buffer_putc(b, ']');
	s->params.failed |= b->failed;
	wire_text(&s->params, buffer_view(b));
}

/* A reject must be storable whatever the record held: what PostgreSQL would refuse in a text becomes a question mark. */
static void put_clean(struct store *s, struct text t)
{
	if (!t.n || storable(t)) {
		wire_text(&s->params, t);
		return;
	}
	buffer_clear(&s->scratch);
	for (size_t i = 0; i < t.n; i++)
		buffer_putc(&s->scratch, t.p[i] & 0x80 || !t.p[i] ? '?' : t.p[i]);
	s->params.failed |= s->scratch.failed;
	wire_text(&s->params, buffer_view(&s->scratch));
}

/* --- columns of the rejected items, an array each --- */

enum part { TOPIC, PARTITION, OFFSET, REASON, DETAIL, EVENT_TYPE, EVENT_ID, KEY, VALUE, HEADERS, REJECT_ID };

static enum wire_type type_of(enum part c)
{
	switch (c) {
	case PARTITION:
		return WIRE_INT4;
	case OFFSET:
	case REJECT_ID:
		return WIRE_INT8;
	case KEY:
	case VALUE:
		return WIRE_BYTEA;
	default:
		return WIRE_TEXT;
	}
}

static bool keeps_body(const struct record *r)
{
	return record_bytes(r) <= BODY_BYTES;
}

static void put_body(struct store *s, enum part c, const struct record *r)
{
	if (!keeps_body(r))
		wire_null(&s->params);
	else if (c == HEADERS)
		put_headers(s, r);
	else
		wire_text(&s->params, c == KEY ? r->key : r->value);
}

static void put_field(struct store *s, enum part c, const struct item *item, const struct verdict *v)
{
	const struct record *r = &item->record;
	switch (c) {
	case TOPIC:
		wire_text(&s->params, r->topic);
		break;
	case PARTITION:
		wire_int4(&s->params, r->partition);
		break;
	case OFFSET:
		wire_int8(&s->params, r->offset);
		break;
	case REASON:
		wire_text(&s->params, rejected(v) ? text_of(reason_name(v->reason)) : TEXT_NONE);
		break;
	case DETAIL:
		put_clean(s, v->detail);
		break;
	case EVENT_TYPE:
		put_clean(s, item->event_type);
		break;
	case EVENT_ID:
		put_clean(s, item->event_id);
		break;
	case KEY:
	case VALUE:
	case HEADERS:
		put_body(s, c, r);
		break;
	case REJECT_ID:
		wire_int8(&s->params, item->reject_id);
		break;
	}
}

/* Some items, from one to before another: all of them, or those that were rejected. */
struct slice {
	size_t from, to, n;
	bool all;
};

static struct slice everything(const struct ledger *l)
{
	return (struct slice){0, l->n_items, l->n_items, true};
}

/* As many rejected items from `from` on as one statement should carry, but at least one. */
static struct slice slice_from(const struct ledger *l, size_t from)
{
	struct slice slice = {from, from, 0, false};
	for (size_t bytes = 0; slice.to < l->n_items && bytes < SLICE_BYTES; slice.to++)
		if (rejected(&l->verdicts[slice.to])) {
			slice.n++;
			bytes += record_bytes(&l->items[slice.to].record);
		}
	return slice;
}

static void put_column(struct store *s, enum part c, const struct slice *slice)
{
	const struct ledger *l = &s->ledger;
	size_t begun = wire_array_begin(&s->params, type_of(c), slice->n);
	for (size_t i = slice->from; i < slice->to; i++)
		if (slice->all || rejected(&l->verdicts[i]))
			put_field(s, c, &l->items[i], &l->verdicts[i]);
	wire_array_end(&s->params, begun);
}

/* --- rejecting --- */

/*
 * A record that is read again (offsets that an operator set back) has its row already. A rebuild keeps no body of what is rejected live: that has it, or it was
 * purged. Unprepared, so that the plan knows how many there are.
 */
static int write_slice(struct store *s, const struct slice *slice, struct error *err)
{
	static struct pg_statement insert = {
		.sql = "WITH n AS (SELECT * FROM unnest($1::text[], $2::int4[], $3::int8[], $4::text[], $5::text[], $6::text[], $7::text[], "
		       "$8::bytea[], $9::bytea[], $10::text[]) AS n (topic, partition, \"offset\", reason, detail, event_type, event_id, key, value, "
		       "headers)), "
		       "r AS (INSERT INTO reject (topic, partition, \"offset\", reason, detail, event_type, event_id) "
		       "SELECT topic, partition, \"offset\", reason, detail, event_type, event_id FROM n ORDER BY topic COLLATE \"C\", partition, \"offset\" "
		       "ON CONFLICT (topic, partition, \"offset\") DO NOTHING RETURNING reject_id, topic, partition, \"offset\") "
		       "INSERT INTO reject_body (reject_id, key, value, headers) SELECT r.reject_id, n.key, n.value, n.headers::jsonb FROM r "
		       "JOIN n ON n.topic = r.topic AND n.partition = r.partition AND n.\"offset\" = r.\"offset\" "
		       "WHERE NOT EXISTS (SELECT FROM rekap.reject t WHERE t.topic = r.topic AND t.partition = r.partition AND t.\"offset\" = r.\"offset\")"};
	buffer_clear(&s->params);
	for (enum part c = TOPIC; c <= HEADERS; c++)
		put_column(s, c, slice);
	return pg_run(s->pg, &insert, &s->params, HEADERS + 1, NULL, NULL, err);
}

int rejects_write(struct store *s, struct error *err)
{
	int r = 0;
	for (size_t from = 0; !r && from < s->ledger.n_items;) {
		struct slice slice = slice_from(&s->ledger, from);
		from = slice.to;
		if (slice.n)
			r = write_slice(s, &slice, err);
	}
	return r;
}

/* --- replaying --- */

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The numbers of the rows that are open, sorted; *ret is the caller's to free. */
static int read_ids(const struct pg_result *res, int64_t **ret)
{
	size_t n = pg_rows(res);
	int64_t *ids = malloc((n ? n : 1) * sizeof *ids);
	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ids[i] = wire_get_int8(pg_cell(res, i, 0));
	*ret = ids;
	return 0;
}

int rejects_lock(struct store *s, struct error *err)
{
	static struct pg_statement lock = {
		.sql = "SELECT reject_id FROM reject WHERE reject_id = ANY ($1::int8[]) AND status = 'open' ORDER BY reject_id FOR UPDATE"};
	struct ledger *l = &s->ledger;
	const struct slice all = everything(l);
	PG_RESULT res = NULL;
	int64_t *open;
	buffer_clear(&s->params);
	put_column(s, REJECT_ID, &all);
	int r = pg_run(s->pg, &lock, &s->params, 1, &res, NULL, err);
	if (!r)
		r = read_ids(res, &open);
	if (r)
		return r;
	for (size_t i = 0; i < l->n_items; i++)
		if (!bsearch(&l->items[i].reject_id, open, pg_rows(res), sizeof *open, by_id))
			l->verdicts[i] = (struct verdict){.reason = REASON_TOMBSTONE}; /* ignored like one */
	free(open);
	return 0;
}

int rejects_set_status(struct store *s, struct error *err)
{
	static struct pg_statement update = {
		.sql = "UPDATE reject r SET status = CASE WHEN n.reason IS NULL THEN 'replayed' ELSE 'open' END, "
		       "reason = coalesce(n.reason, r.reason), detail = CASE WHEN n.reason IS NULL THEN r.detail ELSE n.detail END, "
		       "event_type = coalesce(n.event_type, r.event_type), event_id = coalesce(n.event_id, r.event_id) "
		       "FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[]) AS n (reject_id, reason, detail, event_type, event_id) "
		       "WHERE r.reject_id = n.reject_id AND r.status = 'open'"};
	const struct slice all = everything(&s->ledger);
	buffer_clear(&s->params);
	put_column(s, REJECT_ID, &all);
	for (enum part c = REASON; c <= EVENT_ID; c++)
		put_column(s, c, &all);
	return pg_run(s->pg, &update, &s->params, 5, NULL, NULL, err);
}

/* --- handing out what waits --- */

struct found {
	struct header *headers;
	size_t size;
};

static int read_headers(struct found *f, struct text names, struct text values, struct record *r)
{
	size_t at_name, at_value, n = wire_get_array(names, &at_name);
	wire_get_array(values, &at_value);
	if (n > f->size) {
		struct header *headers = realloc(f->headers, n * sizeof *headers);
		if (!headers)
			return -ENOMEM;
		f->headers = headers;
		f->size = n;
	}
	for (size_t i = 0; i < n; i++)
		if (!wire_next(names, &at_name, &f->headers[i].name) || !wire_next(values, &at_value, &f->headers[i].value))
			return -EINVAL;
	r->headers = f->headers;
	r->n_headers = n;
	return 0;
}

static int hand_out(const struct pg_result *res, int (*item)(void *arg, int64_t reject_id, const struct record *r), void *arg)
{
	struct found f = {0};
	int r = 0;
	for (size_t i = 0; !r && i < pg_rows(res); i++) {
		struct record record = {.topic = pg_cell(res, i, 1),
					.partition = wire_get_int4(pg_cell(res, i, 2)),
					.offset = wire_get_int8(pg_cell(res, i, 3)),
					.key = pg_cell(res, i, 4),
					.value = pg_cell(res, i, 5)};
		r = read_headers(&f, pg_cell(res, i, 6), pg_cell(res, i, 7), &record);
		if (!r)
			r = item(arg, wire_get_int8(pg_cell(res, i, 0)), &record);
	}
	free(f.headers);
	return r;
}

/* Unprepared, so that the plan knows what is asked for. Large records are handed out in smaller numbers: a result is held in memory as a whole. */
int store_rejects_read(struct store *s, const struct reject_filter *f, int64_t after, int limit,
		       int (*item)(void *arg, int64_t reject_id, const struct record *r), void *arg, struct error *err)
{
	static struct pg_statement select = {
		.sql = "SELECT reject_id, topic, partition, \"offset\", key, value, names, \"values\" FROM ("
		       "SELECT r.reject_id, r.topic, r.partition, r.\"offset\", b.key, b.value, "
		       "ARRAY(SELECT coalesce(convert_to(h ->> 'name', 'UTF8'), decode(h ->> 'name_base64', 'base64')) FROM jsonb_array_elements(b.headers) "
		       "WITH ORDINALITY AS e (h, n) ORDER BY n) AS names, "
		       "ARRAY(SELECT decode(h ->> 'value', 'base64') FROM jsonb_array_elements(b.headers) "
		       "WITH ORDINALITY AS e (h, n) ORDER BY n) AS \"values\", "
		       "sum(octet_length(b.value)) OVER (ORDER BY r.reject_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before "
		       "FROM rekap.reject r JOIN rekap.reject_body b USING (reject_id) WHERE b.value IS NOT NULL AND " REJECT_MATCHES
		       "ORDER BY r.reject_id LIMIT $11::int4) p WHERE before IS NULL OR before < " READ_BYTES " ORDER BY reject_id"};
	PG_RESULT res = NULL;
	pg_resume(s->pg);
	reject_filter_put(s, f, after);
	wire_int4(&s->params, limit);
	int r = pg_connect(s->pg, err);
	if (!r)
		r = pg_run(s->pg, &select, &s->params, REJECT_FILTER_FIELDS + 1, &res, NULL, err);
	return store_outcome(r ? r : hand_out(res, item, arg), err);
}
