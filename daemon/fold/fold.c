// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/fold/fold.h"

#include <errno.h>
#include <string.h>

static int compare_integers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_answers(const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < a->n_answers && i < b->n_answers; i++) {
		int c = text_compare(a->answers[i].name, b->answers[i].name);
		if (!c)
			c = compare_integers(a->answers[i].score, b->answers[i].score);
		if (c)
			return c;
	}
	return compare_integers(a->n_answers, b->n_answers);
}

static int compare_values(enum field_type type, const struct value *a, const struct value *b)
{
	if (!a->present || !b->present)
		return (int)a->present - (int)b->present;
	switch (type) {
	case FIELD_TEXT:
	case FIELD_UNIT:
	case FIELD_ENUM:
	case FIELD_PERIOD:
		return text_compare(a->text, b->text);
	case FIELD_INTEGER:
		return compare_integers(a->integer, b->integer);
	case FIELD_DECIMAL:
		return decimal_compare(a->decimal, b->decimal);
	case FIELD_TIME:
		return compare_integers(a->time, b->time);
	case FIELD_DATE:
		return compare_integers(a->day, b->day);
	case FIELD_ANSWERS:
		return compare_answers(a, b);
	}
	return 0;
}

int fields_compare(const struct event_type *t, const struct value *a, const struct value *b)
{
	for (size_t i = 0; i < t->n_fields; i++) {
		if (t->fields[i].key)
			continue; /* the same for all members of an entity */
		int c = compare_values(t->fields[i].type, &a[i], &b[i]);
		if (c)
			return c;
	}
	return 0;
}

bool event_type_has_data(const struct event_type *t)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (!t->fields[i].key)
			return true;
	return false;
}

static int compare_revisions(const struct event_type *t, const struct value *a, const struct value *b)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i].revision)
			return compare_values(FIELD_INTEGER, &a[i], &b[i]);
	return 0;
}

/* Of two members of one time. */
static int compare_ties(const struct event_type *t, const struct member *a, const struct member *b)
{
	if (!a->fields)
		return 0;
	int c = text_compare(a->id, b->id);
	return c ? c : fields_compare(t, a->fields, b->fields);
}

/* Above 0: a is the one to keep. */
static int rank(const struct event_type *t, enum keep keep, const struct member *a, const struct member *b)
{
	int c = keep == KEEP_HIGHEST && a->fields ? compare_revisions(t, a->fields, b->fields) : 0;
	if (!c)
		c = keep == KEEP_EARLIEST ? compare_integers(b->time, a->time) : compare_integers(a->time, b->time);
	return c ? c : compare_ties(t, a, b);
}

/*
 * Whether any two members (of the winning revision) differ is known from comparing each newcomer with the winner: if all so far equal the winner, a pair that
 * differs must hold the newcomer. Returns the bit's new value.
 */
static bool conflict(const struct event_type *t, bool was, const struct member *winner, const struct member *newcomer)
{
	int revision = compare_revisions(t, newcomer->fields, winner->fields);
	if (revision)
		return revision > 0 ? false : was;
	return was || fields_compare(t, newcomer->fields, winner->fields) != 0;
}

static int insert(struct state *s, size_t at, const struct member *m, struct arena *arena)
{
	if (s->n == s->size) {
		uint32_t size = s->size ? 2 * s->size : 8;
		struct member *members = arena_alloc(arena, size * sizeof *members);
		if (!members)
			return -ENOMEM;
		if (s->n)
			memcpy(members, s->members, s->n * sizeof *members);
		s->members = members;
		s->size = size;
	}
	memmove(s->members + at + 1, s->members + at, (s->n - at) * sizeof *s->members);
	s->members[at] = *m;
	s->n++;
	return FOLD_CHANGED;
}

/* Where in the slot's members a newcomer of a KEEP_EACH_TIME slot stands or belongs. */
static size_t position(const struct member *members, size_t n, instant time)
{
	size_t low = 0;
	while (n > low) {
		size_t middle = low + (n - low) / 2;
		if (members[middle].time < time)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

static int fold_slot(const struct kind *k, unsigned slot, struct state *s, const struct member *m, struct arena *arena)
{
	const struct slot *rule = &k->slots[slot];
	const struct event_type *t = &k->types[rule->type];
	size_t n;
	const struct member *first = state_slot(s, slot, &n);
	size_t base = first ? (size_t)(first - s->members) : 0, at = rule->keep == KEEP_EACH_TIME ? position(first, n, m->time) : 0;
	bool occupied = rule->keep == KEEP_EACH_TIME ? at < n && first[at].time == m->time : n > 0;
	if (!occupied)
		return rule->keep == KEEP_EACH_TIME && n >= FACTS_MAX ? FOLD_TOO_MANY : insert(s, base + at, m, arena);

	struct member *held = &s->members[base + at];
	uint32_t conflicts = s->conflicts;
	if (rule->conflicts && m->fields) {
		bool differs = conflict(t, conflicts >> slot & 1, held, m);
		s->conflicts = differs ? conflicts | 1u << slot : conflicts & ~(1u << slot);
	}
	if (rank(t, rule->keep, m, held) <= 0)
		return s->conflicts != conflicts ? FOLD_CHANGED : FOLD_UNCHANGED;
	*held = *m;
	return FOLD_CHANGED;
}

int fold(const struct kind *k, struct state *s, const struct event *e, struct arena *arena)
{
	bool data = event_type_has_data(&k->types[e->type]);
	int result = FOLD_UNCHANGED;
	for (unsigned slot = 0; slot < k->n_slots; slot++) {
		if (k->slots[slot].type != e->type || (k->slots[slot].takes && !k->slots[slot].takes(e->fields)))
			continue;
		struct member m = {.slot = (uint8_t)slot, .time = e->time, .id = data ? e->id : TEXT_NONE, .fields = data ? e->fields : NULL};
		int r = fold_slot(k, slot, s, &m, arena);
		if (r < 0 || r == FOLD_TOO_MANY)
			return r;
		if (r == FOLD_CHANGED)
			result = r;
	}
	return result;
}

static void put_escaped(struct buffer *out, struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '\x1f' || t.p[i] == '\x1e')
			buffer_putc(out, '\x1e');
		buffer_putc(out, t.p[i]);
	}
}

/* The part of a key that a field gives: strings as they are, integers in decimal. */
static void put_key_part(struct buffer *out, enum field_type type, const struct value *v, bool alone)
{
	if (!v->present)
		return;
	if (type == FIELD_INTEGER)
		buffer_printf(out, "%lld", (long long)v->integer);
	else if (alone)
		buffer_text(out, v->text);
	else
		put_escaped(out, v->text);
}

static size_t field_index(const struct event_type *t, const char *name)
{
	size_t i = 0;
	while (i < t->n_fields && strcmp(t->fields[i].name, name) != 0)
		i++;
	return i;
}

void entity_key(const struct event *e, struct buffer *out)
{
	const struct event_type *t = &e->kind->types[e->type];
	bool alone = !e->kind->key[1];
	for (size_t k = 0; e->kind->key[k]; k++) {
		size_t i = field_index(t, e->kind->key[k]);
		if (k)
			buffer_putc(out, '\x1f');
		if (i < t->n_fields)
			put_key_part(out, t->fields[i].type, &e->fields[i], alone);
	}
}
