// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * A state as bytes: what rekap_store keeps of an entity beside its columns. Only this file knows the form.
 *
 *   version 1 · conflicts (a bit for each slot of one member) · number of members · members: slot, time less the one before (zigzag), id, fields, and of kinds by year
 *   conflicts and origin
 *
 * All numbers are LEB128 varints. A text is its length + 1 and its bytes; 0 is absent. Key fields are left out: the entity's key holds them.
 */
#include <errno.h>
#include <string.h>

#include "daemon/fold/fold.h"
#include "daemon/record/units.h"

#define STATE_VERSION 1

static void put_varint(struct buffer *b, unsigned __int128 v)
{
	char bytes[19];
	size_t n = 0;
	do {
		bytes[n++] = (char)((unsigned)(v & 0x7f) | (v > 0x7f ? 0x80u : 0));
		v >>= 7;
	} while (v);
	buffer_put(b, bytes, n);
}

/* Small absolute values first: 0, -1, 1, -2, … */
static void put_signed(struct buffer *b, __int128 v)
{
	put_varint(b, (unsigned __int128)v << 1 ^ (v < 0 ? ~(unsigned __int128)0 : 0));
}

static void put_text(struct buffer *b, struct text t)
{
	put_varint(b, t.p ? t.n + 1 : 0);
	buffer_text(b, t);
}

static void put_answers(struct buffer *b, const struct value *v)
{
	put_varint(b, v->n_answers);
	for (uint32_t i = 0; i < v->n_answers; i++) {
		put_text(b, v->answers[i].name);
		put_signed(b, v->answers[i].score);
	}
}

static uint64_t enum_index(const struct field *f, struct text t)
{
	uint64_t i = 0;
	while (f->values[i] && !text_is(t, f->values[i]))
		i++;
	return i;
}

static void put_value(struct buffer *b, const struct field *f, const struct value *v)
{
	if (f->type == FIELD_TEXT || f->type == FIELD_UNIT || f->type == FIELD_PERIOD) {
		put_text(b, v->present ? v->text : TEXT_NONE);
		return;
	}
	if (f->type == FIELD_ENUM) {
		put_varint(b, v->present ? enum_index(f, v->text) + 1 : 0);
		return;
	}
	put_varint(b, v->present);
	if (!v->present)
		return;
	if (f->type == FIELD_ANSWERS)
		put_answers(b, v);
	else if (f->type == FIELD_DECIMAL)
		put_signed(b, v->decimal.micro);
	else
		put_signed(b, f->type == FIELD_INTEGER ? v->integer : f->type == FIELD_TIME ? v->time : v->day);
}

static void put_origin(struct buffer *b, const struct origin *o)
{
	put_text(b, o->topic);
	put_signed(b, o->partition);
	put_signed(b, o->offset);
}

static void put_member(struct buffer *b, const struct kind *k, const struct member *m, instant before)
{
	const struct event_type *t = &k->types[k->slots[m->slot].type];
	put_varint(b, m->slot);
	put_signed(b, (__int128)m->time - before);
	if (!m->fields)
		return;
	put_text(b, m->id);
	for (size_t i = 0; i < t->n_fields; i++)
		if (!t->fields[i].key)
			put_value(b, &t->fields[i], &m->fields[i]);
	if (!k->by_year)
		return;
	put_varint(b, m->conflicts);
	put_origin(b, &m->origin);
}

static uint32_t conflicting_slots(const struct kind *k, const struct state *s)
{
	uint32_t bits = 0;
	for (uint32_t i = 0; i < s->n && !k->by_year; i++)
		bits |= (uint32_t)s->members[i].conflicts << s->members[i].slot;
	return bits;
}

void state_encode(const struct kind *k, const struct state *s, struct buffer *out)
{
	put_varint(out, STATE_VERSION);
	put_varint(out, conflicting_slots(k, s));
	put_varint(out, s->n);
	for (uint32_t i = 0; i < s->n; i++)
		put_member(out, k, &s->members[i], i ? s->members[i - 1].time : 0);
}

struct reader {
	const unsigned char *p, *end;
	struct arena *arena;
	int error; /* -EINVAL, -ENOMEM: everything read since is void */
};

static unsigned __int128 get_varint(struct reader *r)
{
	unsigned __int128 v = 0;
	for (unsigned shift = 0; r->p < r->end && shift < 128; shift += 7) {
		unsigned char c = *r->p++;
		v |= (unsigned __int128)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return v;
	}
	r->error = -EINVAL;
	return 0;
}

static __int128 get_signed(struct reader *r)
{
	unsigned __int128 v = get_varint(r);
	return (__int128)(v >> 1 ^ (v & 1 ? ~(unsigned __int128)0 : 0));
}

/* A number, counted from `before`, that lies between the two. */
static __int128 get_number(struct reader *r, __int128 before, __int128 least, __int128 most)
{
	__int128 v = get_signed(r);
	if (v >= least - before && v <= most - before)
		return before + v;
	r->error = -EINVAL;
	return least;
}

#define DAY_MIN day_from_civil(YEAR_MIN, 1, 1)
#define DAY_MAX day_from_civil(YEAR_MAX, 12, 31)

static instant get_time(struct reader *r, instant before)
{
	return (instant)get_number(r, before, DAY_MIN * INSTANT_PER_DAY, (DAY_MAX + 1) * INSTANT_PER_DAY - 1);
}

/* A count or length, which can never exceed the bytes that are left. */
static size_t get_size(struct reader *r)
{
	unsigned __int128 v = get_varint(r);
	if (v <= (size_t)(r->end - r->p))
		return (size_t)v;
	r->error = -EINVAL;
	return 0;
}

static struct text get_text(struct reader *r)
{
	unsigned __int128 v = get_varint(r);
	if (!v)
		return TEXT_NONE;
	if (v - 1 > (size_t)(r->end - r->p)) {
		r->error = -EINVAL;
		return TEXT_NONE;
	}
	struct text t = {(const char *)r->p, (size_t)(v - 1)};
	r->p += t.n;
	return t;
}

static void get_answers(struct reader *r, struct value *v)
{
	size_t n = get_size(r);
	struct answer *a = arena_alloc(r->arena, (n ? n : 1) * sizeof *a);
	if (!a) {
		r->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n && !r->error; i++)
		a[i] = (struct answer){.name = get_text(r), .score = (int64_t)get_signed(r)};
	v->answers = a;
	v->n_answers = (uint32_t)n;
}

static void get_enum(struct reader *r, const struct field *f, struct value *v)
{
	unsigned __int128 i = get_varint(r), n = 0;
	while (f->values[n])
		n++;
	v->present = i != 0;
	if (i > n)
		r->error = -EINVAL;
	else if (i)
		v->text = text_of(f->values[i - 1]);
}

static void get_string(struct reader *r, const struct field *f, struct value *v)
{
	v->text = get_text(r);
	v->present = v->text.p != NULL;
	bool well = !v->present || (f->type == FIELD_PERIOD ? period_parse(v->text, &v->period) == 0 && f->max >> v->period.grain & 1
				    : f->type == FIELD_UNIT ? unit_code_valid(v->text)
							    : v->text.n >= 1 && v->text.n <= (size_t)f->max);
	if (!well)
		r->error = -EINVAL;
}

static void get_value(struct reader *r, const struct field *f, struct value *v)
{
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_UNIT:
	case FIELD_PERIOD:
		get_string(r, f, v);
		return;
	case FIELD_ENUM:
		get_enum(r, f, v);
		return;
	case FIELD_INTEGER:
	case FIELD_DECIMAL:
	case FIELD_TIME:
	case FIELD_DATE:
	case FIELD_ANSWERS:
		break;
	}
	v->present = get_varint(r) != 0;
	if (!v->present)
		return;
	if (f->type == FIELD_ANSWERS)
		get_answers(r, v);
	else if (f->type == FIELD_DECIMAL)
		v->decimal.micro = get_number(r, 0, -DECIMAL_MAX, DECIMAL_MAX);
	else if (f->type == FIELD_INTEGER)
		v->integer = (int64_t)get_number(r, 0, f->min, f->max);
	else if (f->type == FIELD_TIME)
		v->time = get_time(r, 0);
	else
		v->day = (day_number)get_number(r, 0, DAY_MIN, DAY_MAX);
}

static void get_fields(struct reader *r, const struct event_type *t, struct member *m)
{
	struct value *fields = arena_zalloc(r->arena, t->n_fields * sizeof *fields);
	if (!fields) {
		r->error = -ENOMEM;
		return;
	}
	m->id = get_text(r);
	for (size_t i = 0; i < t->n_fields && !r->error; i++)
		if (!t->fields[i].key) {
			get_value(r, &t->fields[i], &fields[i]);
			if (!r->error && !fields[i].present && !t->fields[i].optional)
				r->error = -EINVAL;
		}
	for (size_t i = 0; i < t->n_fields && t->check && !r->error; i++)
		if (t->check(fields, i))
			r->error = -EINVAL;
	m->fields = fields;
}

static void get_member(struct reader *r, const struct kind *k, uint32_t conflicts, struct member *m, instant before)
{
	unsigned __int128 slot = get_varint(r);
	if (slot >= k->n_slots) {
		r->error = -EINVAL;
		return;
	}
	*m = (struct member){.slot = (uint8_t)slot, .conflicts = conflicts >> slot & 1, .time = get_time(r, before)};
	const struct event_type *t = &k->types[k->slots[slot].type];
	if (event_type_has_data(t))
		get_fields(r, t, m);
	if (!k->by_year || r->error)
		return;
	m->conflicts = get_varint(r) != 0;
	m->origin.topic = get_text(r);
	m->origin.partition = (int32_t)get_signed(r);
	m->origin.offset = (int64_t)get_signed(r);
}

/* An entity has at least one member, each has a place of its own, and those that are always there are there: derivations rely on it. */
static bool is_whole(const struct kind *k, const struct state *s)
{
	for (uint32_t i = 1; i < s->n; i++)
		if (places_compare(k, &s->members[i - 1], &s->members[i]) >= 0)
			return false;
	for (unsigned slot = 0; slot < k->n_slots; slot++)
		if (k->slots[slot].always && !state_one(s, slot))
			return false;
	return s->n > 0;
}

int state_decode(const struct kind *k, struct text bytes, struct arena *arena, struct state *ret)
{
	struct reader r = {(const unsigned char *)bytes.p, (const unsigned char *)bytes.p + bytes.n, arena, 0};
	if (get_varint(&r) != STATE_VERSION)
		return r.error ? r.error : -EINVAL;
	uint32_t conflicts = (uint32_t)get_varint(&r);
	struct state s = {0};
	s.n = s.size = (uint32_t)get_size(&r);
	s.members = arena_alloc(arena, (s.n ? s.n : 1) * sizeof *s.members);
	if (!s.members)
		return -ENOMEM;
	for (uint32_t i = 0; i < s.n && !r.error; i++)
		get_member(&r, k, conflicts, &s.members[i], i ? s.members[i - 1].time : 0);
	if (!r.error && (r.p != r.end || !is_whole(k, &s)))
		r.error = -EINVAL;
	if (!r.error)
		*ret = s;
	return r.error;
}
