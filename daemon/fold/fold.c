// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/fold/fold.h"

#include <errno.h>
#include <string.h>

#include "daemon/record/precedence.h"

bool event_type_has_data(const struct event_type *t)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (!t->fields[i].key)
			return true;
	return false;
}

/* Above 0: a is the one to keep. */
static int rank(const struct event_type *t, enum keep keep, const struct member *a, const struct member *b)
{
	if (keep != KEEP_EARLIEST)
		return member_compare(t, a, b);
	return a->time != b->time ? (a->time < b->time ? 1 : -1) : ties_compare(t, a, b);
}

/*
 * Whether any two members (of the winning revision) differ is known from comparing each newcomer with the winner: if all so far equal the winner, a pair that
 * differs must hold the newcomer. Returns the bit's new value.
 */
static bool conflict(const struct event_type *t, bool was, const struct member *winner, const struct member *newcomer)
{
	int revision = revisions_compare(t, newcomer->fields, winner->fields);
	if (revision)
		return revision > 0 ? false : was;
	return was || fields_compare(t, newcomer->fields, winner->fields) != 0;
}

static int insert(struct state *s, size_t at, const struct member *m, struct arena *arena)
{
	size_t size = s->size;
	struct member *members = arena_grow(arena, s->members, s->n, &size, sizeof *members, 8);
	if (!members)
		return -ENOMEM;
	s->members = members;
	s->size = (uint32_t)size;
	memmove(s->members + at + 1, s->members + at, (s->n - at) * sizeof *s->members);
	s->members[at] = *m;
	s->n++;
	return FOLD_CHANGED;
}

static const struct value *period_of_member(const struct event_type *t, const struct member *m)
{
	size_t i = 0;
	while (t->fields[i].type != FIELD_PERIOD)
		i++;
	return &m->fields[i];
}

int places_compare(const struct kind *k, const struct member *a, const struct member *b)
{
	const struct slot *slot = &k->slots[a->slot];
	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	switch (slot->keep) {
	case KEEP_EARLIEST:
	case KEEP_HIGHEST:
		break;
	case KEEP_EACH_TIME:
		return (a->time > b->time) - (a->time < b->time);
	case KEEP_EACH_PERIOD:
		return text_compare(period_of_member(&k->types[slot->type], a)->text, period_of_member(&k->types[slot->type], b)->text);
	}
	return 0;
}

/* Where in members[0..n) the newcomer's place is or belongs, and whether it is taken. */
static bool find_place(const struct kind *k, const struct member *members, size_t n, const struct member *newcomer, size_t *ret_at)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = places_compare(k, &members[middle], newcomer);
		if (!c) {
			*ret_at = middle;
			return true;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_at = low;
	return false;
}

static int fold_slot(const struct kind *k, const struct slot *rule, struct state *s, const struct member *m, struct arena *arena)
{
	const struct event_type *t = &k->types[rule->type];
	size_t n, at;
	const struct member *first = state_slot(s, m->slot, &n);
	size_t base = first ? (size_t)(first - s->members) : 0;
	if (!find_place(k, first, n, m, &at))
		return rule->keep == KEEP_EACH_TIME && n >= FACTS_MAX ? FOLD_TOO_MANY : insert(s, base + at, m, arena);

	struct member *held = &s->members[base + at];
	bool conflicts = rule->conflicts && m->fields && conflict(t, held->conflicts, held, m);
	bool better = rank(t, rule->keep, m, held) > 0;
	if (!better && conflicts == held->conflicts)
		return FOLD_UNCHANGED;
	if (better)
		*held = *m;
	held->conflicts = conflicts;
	held->origin = m->origin;
	return FOLD_CHANGED;
}

int fold(const struct kind *k, struct state *s, const struct event *e, const struct record *from, struct arena *arena)
{
	bool data = event_type_has_data(&k->types[e->type]);
	int result = FOLD_UNCHANGED;
	for (unsigned slot = 0; slot < k->n_slots; slot++) {
		if (k->slots[slot].type != e->type || (k->slots[slot].takes && !k->slots[slot].takes(e->fields)))
			continue;
		struct member m = {.slot = (uint8_t)slot, .time = e->time, .id = data ? e->id : TEXT_NONE, .fields = data ? e->fields : NULL};
		if (k->by_year && from)
			m.origin = (struct origin){from->topic, from->partition, from->offset};
		int r = fold_slot(k, &k->slots[slot], s, &m, arena);
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

/* The part of a key that a field gives: strings as they are, integers in decimal, of the period of a kind by year its year. */
static void put_key_part(struct buffer *out, const struct kind *k, enum field_type type, const struct value *v, bool alone)
{
	if (!v->present)
		return;
	if (type == FIELD_INTEGER)
		buffer_printf(out, "%lld", (long long)v->integer);
	else if (type == FIELD_PERIOD && k->by_year)
		buffer_printf(out, "%d", civil_from_day(v->period.first).year);
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
			put_key_part(out, e->kind, t->fields[i].type, &e->fields[i], alone);
	}
}
