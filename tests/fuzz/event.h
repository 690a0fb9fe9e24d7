// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What is true of every record, whatever its content mode: it decodes the same twice, within memory in proportion to its size; an accepted event, written anew
 * in either content mode, is the same event; its state survives its bytes.
 */
#include "basis.h"
#include "daemon/decode/decode.h"
#include "daemon/fold/fold.h"

static inline struct arena *arena_number(unsigned i)
{
	static struct arena *arenas[4];
	if (!arenas[i])
		arenas[i] = arena_new(65536);
	HOLDS(arenas[i] != NULL);
	arena_reset(arenas[i]);
	return arenas[i];
}

static inline void put_value(struct buffer *b, const struct field *f, const struct value *v)
{
	char s[DECIMAL_TEXT_MAX] = "";
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_UNIT:
	case FIELD_ENUM:
	case FIELD_PERIOD:
		buffer_json(b, v->text);
		break;
	case FIELD_INTEGER:
		buffer_printf(b, "%lld", (long long)v->integer);
		break;
	case FIELD_DECIMAL:
		buffer_json(b, (struct text){s, decimal_format(v->decimal, s)});
		break;
	case FIELD_TIME:
		rfc3339_format(v->time, s);
		buffer_json(b, text_of(s));
		break;
	case FIELD_DATE:
		date_format(v->day, s);
		buffer_json(b, text_of(s));
		break;
	case FIELD_ANSWERS:
		for (uint32_t i = 0; i < v->n_answers; i++) {
			buffer_putc(b, i ? ',' : '{');
			buffer_json(b, v->answers[i].name);
			buffer_printf(b, ":%lld", (long long)v->answers[i].score);
		}
		buffer_puts(b, v->n_answers ? "}" : "{}");
		break;
	}
}

/* The event's data and nothing else: two events are the same when these, their type, id and time are. */
static inline void put_data(struct buffer *b, const struct event *e)
{
	const struct event_type *t = &e->kind->types[e->type];
	const char *gap = "{";
	for (size_t i = 0; i < t->n_fields; i++) {
		if (!e->fields[i].present)
			continue;
		buffer_printf(b, "%s\"%s\":", gap, t->fields[i].name);
		put_value(b, &t->fields[i], &e->fields[i]);
		gap = ",";
	}
	buffer_puts(b, *gap == '{' ? "{}" : "}");
}

static inline void put_event(struct buffer *b, const struct event *e)
{
	char time[RFC3339_TEXT_SIZE];
	rfc3339_format(e->time, time);
	buffer_printf(b, "{\"specversion\":\"1.0\",\"type\":\"%s\",\"id\":", e->kind->types[e->type].name);
	buffer_json(b, e->id);
	buffer_printf(b, ",\"source\":\"/\",\"time\":\"%s\",\"data\":", time);
	put_data(b, e);
	buffer_putc(b, '}');
	HOLDS(!b->failed);
}

static inline void decode(struct item *item, const struct record *r, struct arena *arena)
{
	*item = (struct item){.record = *r};
	HOLDS(decode_record(item, &rules()->forbidden, arena) == 0);
}

/* The record decodes to this very event. */
static inline void check_same_event(const struct record *r, const struct buffer *want)
{
	struct item item;
	struct buffer got = {0};
	decode(&item, r, arena_number(1));
	HOLDS(item.reason == REASON_NONE, "%s: %.*s: %.*s", reason_name(item.reason), TEXT_ARG(item.detail), TEXT_ARG(r->value));
	put_event(&got, &item.event);
	HOLDS(text_equal(buffer_view(&got), buffer_view(want)), "%.*s", TEXT_ARG(r->value));
	buffer_deinit(&got);
}

static inline void check_both_modes(const struct event *e, const struct buffer *event)
{
	struct buffer data = {0};
	char time[RFC3339_TEXT_SIZE];
	rfc3339_format(e->time, time);
	put_data(&data, e);
	struct header structured = {TEXT("Content-Type"), TEXT("application/CloudEvents+json; charset=utf-8")};
	struct header binary[] = {
		{TEXT("ce_specversion"), TEXT("1.0")},
		{TEXT("ce_type"), text_of(e->kind->types[e->type].name)},
		{TEXT("ce_id"), e->id},
		{TEXT("ce_source"), TEXT("/")},
		{TEXT("CE_Time"), text_of(time)},
	};
	check_same_event(&(struct record){.value = buffer_view(event)}, event);
	check_same_event(&(struct record){.value = buffer_view(event), .headers = &structured, .n_headers = 1}, event);
	check_same_event(&(struct record){.value = buffer_view(&data), .headers = binary, .n_headers = COUNT(binary)}, event);
	buffer_deinit(&data);
}

/* The state as bytes and back is the same state, and means something. */
static inline void check_state(const struct kind *k, const struct state *s, struct arena *arena)
{
	struct buffer one = {0}, two = {0};
	struct state back;
	struct derived d;
	state_encode(k, s, &one);
	HOLDS(state_decode(k, buffer_view(&one), arena, &back) == 0, "%s", k->name);
	state_encode(k, &back, &two);
	HOLDS(text_equal(buffer_view(&one), buffer_view(&two)), "%s", k->name);
	HOLDS(kind_derive(k, basis(), &back, arena, &d) == 0);
	HOLDS(k->by_year || d.n_rows == 1, "%s: %zu rows", k->name, d.n_rows);
	buffer_deinit(&one);
	buffer_deinit(&two);
}

static inline void check_event(const struct item *item)
{
	const struct event *e = &item->event;
	struct buffer event = {0};
	struct state s = {0};
	struct arena *arena = arena_number(2);
	HOLDS(text_equal(e->id, item->event_id) && text_is(item->event_type, e->kind->types[e->type].name));
	put_event(&event, e);
	check_both_modes(e, &event);
	HOLDS(fold(e->kind, &s, e, NULL, arena) == FOLD_CHANGED);
	HOLDS(fold(e->kind, &s, e, NULL, arena) == FOLD_UNCHANGED);
	check_state(e->kind, &s, arena);
	buffer_deinit(&event);
}

static inline void check_same_verdict(const struct item *a, const struct item *b)
{
	HOLDS(a->reason == b->reason && text_equal(a->detail, b->detail), "%s: %.*s", reason_name(a->reason), TEXT_ARG(a->detail));
	HOLDS(text_equal(a->event_type, b->event_type) && text_equal(a->event_id, b->event_id));
	HOLDS(a->event.kind == b->event.kind && a->event.time == b->event.time);
}

static inline void check_record(const struct record *r)
{
	struct item item, again;
	struct arena *arena = arena_number(0);
	size_t bytes = r->value.n;
	for (size_t i = 0; i < r->n_headers; i++)
		bytes += r->headers[i].name.n + r->headers[i].value.n + sizeof *r->headers;
	decode(&item, r, arena);
	HOLDS(arena_used(arena) <= 16 * bytes + 4096, "%zu bytes of the arena for %zu", arena_used(arena), bytes);
	decode(&again, r, arena_number(1));
	check_same_verdict(&item, &again);
	HOLDS(is_line(item.detail) && item.detail.n < 1024, "%s: %.*s", reason_name(item.reason), TEXT_ARG(item.detail));
	HOLDS(is_line(item.event_type) && is_line(item.event_id) && item.event_type.n <= 256 && item.event_id.n <= 256);
	if (item.reason == REASON_NONE)
		check_event(&item);
}

/* Headers "name: value", a line each; a name alone is a null header. Ends at an empty line or the input's end. */
static inline size_t take_header_lines(struct text *input, struct header *headers, size_t size)
{
	size_t n = 0;
	for (struct text line; n < size && (line = take_until(input, '\n')).n;) {
		struct text name = take_until(&line, ':');
		if (line.n && line.p[0] == ' ')
			line.p++, line.n--;
		headers[n++] = (struct header){name, line};
	}
	return n;
}

/* Of events, a line each, those of the first good one's entity. */
static inline size_t take_entity(struct text input, struct event *events, size_t size, struct arena *arena)
{
	struct buffer key = {0}, other = {0};
	size_t n = 0;
	for (struct text line; n < size && (line = take_until(&input, '\n')).p;) {
		struct item item;
		decode(&item, &(struct record){.value = line}, arena);
		if (item.reason != REASON_NONE || (n && item.event.kind != events->kind))
			continue;
		buffer_clear(&other);
		entity_key(&item.event, n ? &other : &key);
		if (!n || text_equal(buffer_view(&key), buffer_view(&other)))
			events[n++] = item.event;
	}
	buffer_deinit(&key);
	buffer_deinit(&other);
	return n;
}
