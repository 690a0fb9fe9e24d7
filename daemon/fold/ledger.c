// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/fold/ledger.h"

#include <errno.h>
#include <stdlib.h>

#define SERIES_CACHE 256 /* a power of two, well above the number of measures */

struct series_cache {
	const char *measure;
	struct series *series;
};

/* Where a contribution goes: the three numbers of a delta in one. */
struct delta_slot {
	uint64_t key;
	struct delta *delta; /* NULL: free */
};

int ledger_init(struct ledger *l)
{
	*l = (struct ledger){0};
	map_init(&l->series, 0);
	l->arena = arena_new(8 << 20);
	l->by_key = calloc(kinds_n, sizeof *l->by_key);
	l->cache = calloc(SERIES_CACHE, sizeof *l->cache);
	if (!l->arena || !l->by_key || !l->cache) {
		ledger_deinit(l);
		return -ENOMEM;
	}
	for (size_t k = 0; k < kinds_n; k++)
		map_init(&l->by_key[k], 0);
	return 0;
}

void ledger_deinit(struct ledger *l)
{
	for (size_t k = 0; l->by_key && k < kinds_n; k++)
		map_deinit(&l->by_key[k]);
	free(l->by_key);
	free(l->cache);
	map_deinit(&l->series);
	free(l->delta_slots);
	buffer_deinit(&l->scratch);
	arena_free(l->arena);
	free(l->entities);
	free(l->deltas);
	*l = (struct ledger){0};
}

static void reset(struct ledger *l, const struct basis *basis)
{
	for (size_t k = 0; k < kinds_n; k++)
		map_clear(&l->by_key[k]);
	map_clear(&l->series);
	if (l->delta_slots)
		memset(l->delta_slots, 0, (l->delta_mask + 1) * sizeof *l->delta_slots);
	memset(l->cache, 0, SERIES_CACHE * sizeof *l->cache);
	arena_reset(l->arena);
	l->n_entities = l->n_deltas = l->n_items = 0;
	l->verdicts = NULL;
	l->items = NULL;
	l->basis = basis;
}

/* Appends a pointer to a malloc'ed array that lives as long as the ledger. */
static int append(void ***array, size_t *n, size_t *size, void *element)
{
	if (*n == *size) {
		size_t more = *size ? 2 * *size : 1024;
		void **wider = realloc(*array, more * sizeof *wider);
		if (!wider)
			return -ENOMEM;
		*array = wider;
		*size = more;
	}
	(*array)[(*n)++] = element;
	return 0;
}

/* The entity of the key, made when this is its first event in the batch. The key's bytes stay valid as long as the batch. */
static int find_entity(struct ledger *l, const struct event *e, struct entity **ret)
{
	buffer_clear(&l->scratch);
	entity_key(e, &l->scratch);
	if (l->scratch.failed)
		return -ENOMEM;
	struct map *m = &l->by_key[kind_index(e->kind)];
	struct text key = buffer_view(&l->scratch);
	*ret = map_get(m, key);
	if (*ret)
		return 0;
	struct entity *entity = arena_zalloc(l->arena, sizeof *entity);
	if (!entity || !arena_copy(l->arena, key, &entity->key))
		return -ENOMEM;
	entity->kind = e->kind;
	struct map_entry *entry = map_put(m, entity->key);
	if (!entry)
		return -ENOMEM;
	entry->value = *ret = entity;
	return append((void ***)&l->entities, &l->n_entities, &l->size_entities, entity);
}

static int open_item(struct ledger *l, const struct item *item, struct verdict *v)
{
	*v = (struct verdict){.reason = item->reason, .detail = item->detail};
	if (item->reason != REASON_NONE)
		return 0;
	struct text unit = event_unknown_unit(&item->event, l->basis->units);
	if (unit.p) {
		*v = (struct verdict){.reason = REASON_UNKNOWN_UNIT, .detail = unit};
		return 0;
	}
	return find_entity(l, &item->event, &v->entity);
}

static int by_kind_and_key(const void *a, const void *b)
{
	const struct entity *x = *(struct entity *const *)a, *y = *(struct entity *const *)b;
	return x->kind != y->kind ? strcmp(x->kind->name, y->kind->name) : text_compare(x->key, y->key);
}

int ledger_open(struct ledger *l, const struct basis *basis, struct item *items, size_t n)
{
	reset(l, basis);
	l->items = items;
	l->n_items = n;
	l->verdicts = arena_alloc(l->arena, (n ? n : 1) * sizeof *l->verdicts);
	if (!l->verdicts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int r = open_item(l, &items[i], &l->verdicts[i]);
		if (r < 0)
			return r;
	}
	if (l->n_entities)
		qsort(l->entities, l->n_entities, sizeof *l->entities, by_kind_and_key);
	return 0;
}

/* The fold moves members about; the state before must stay as it was. */
static int copy_state(struct arena *a, const struct state *from, struct state *ret)
{
	*ret = *from;
	ret->members = arena_alloc(a, (from->size ? from->size : 1) * sizeof *ret->members);
	if (!ret->members)
		return -ENOMEM;
	memcpy(ret->members, from->members, from->n * sizeof *from->members);
	return 0;
}

int entity_load(struct ledger *l, struct entity *e, struct text state, int64_t version)
{
	struct text bytes;
	if (!arena_copy(l->arena, state, &bytes))
		return -ENOMEM;
	int r = state_decode(e->kind, bytes, l->arena, &e->before);
	if (r < 0)
		return r;
	e->exists = true;
	e->version = version;
	return copy_state(l->arena, &e->before, &e->state);
}

int ledger_fold(struct ledger *l)
{
	for (size_t i = 0; i < l->n_items; i++) {
		struct verdict *v = &l->verdicts[i];
		if (v->reason != REASON_NONE)
			continue;
		const struct event *e = &l->items[i].event;
		int r = fold(e->kind, &v->entity->state, e, &l->items[i].record, l->arena);
		if (r < 0)
			return r;
		if (r == FOLD_TOO_MANY) {
			v->reason = REASON_TOO_MANY_FACTS;
			v->detail = text_of(e->kind->types[e->type].name);
		} else if (r == FOLD_CHANGED) {
			v->changed = v->entity->changed = true;
			v->entity->last = &l->items[i].record;
		}
	}
	return 0;
}

static struct series *find_series(struct ledger *l, const char *measure, struct text dimension)
{
	buffer_clear(&l->scratch);
	buffer_put(&l->scratch, measure, strlen(measure) + 1);
	buffer_text(&l->scratch, dimension);
	if (l->scratch.failed)
		return NULL;
	struct series *s = map_get(&l->series, buffer_view(&l->scratch));
	if (s)
		return s;
	struct text key;
	s = arena_alloc(l->arena, sizeof *s);
	if (!s || !arena_copy(l->arena, buffer_view(&l->scratch), &key))
		return NULL;
	size_t n = strlen(measure);
	*s = (struct series){.measure = {key.p, n}, .dimension = {key.p + n + 1, key.n - n - 1}, .number = (uint32_t)l->series.n};
	struct map_entry *entry = map_put(&l->series, key);
	if (!entry)
		return NULL;
	entry->value = s;
	return s;
}

/* Most contributions have no dimension, and the kinds name their measures by constants: the address then tells the series. */
static struct series *series_of(struct ledger *l, const struct contribution *c)
{
	if (c->dimension.n)
		return find_series(l, c->measure, c->dimension);
	struct series_cache *slot = &l->cache[((uintptr_t)c->measure * UINT64_C(0x9e3779b97f4a7c15)) >> 56 & (SERIES_CACHE - 1)];
	if (slot->measure != c->measure) {
		slot->series = find_series(l, c->measure, c->dimension);
		slot->measure = slot->series ? c->measure : NULL;
	}
	return slot->series;
}

static size_t hash_key(uint64_t key)
{
	return (key * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

/* The slot of the key, or the free one where it belongs. */
static struct delta_slot *probe(const struct ledger *l, uint64_t key)
{
	size_t i = hash_key(key);
	while (l->delta_slots[i & l->delta_mask].delta && l->delta_slots[i & l->delta_mask].key != key)
		i++;
	return &l->delta_slots[i & l->delta_mask];
}

/* Keeps at least half of the slots free. */
static int grow_slots(struct ledger *l)
{
	struct delta_slot *before = l->delta_slots;
	size_t n = before ? l->delta_mask + 1 : 0, more = n ? 2 * n : 1024;
	struct delta_slot *slots = calloc(more, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	l->delta_slots = slots;
	l->delta_mask = more - 1;
	for (size_t i = 0; i < n; i++)
		if (before[i].delta)
			*probe(l, before[i].key) = before[i];
	free(before);
	return 0;
}

static struct delta *new_delta(struct ledger *l, uint64_t key, uint32_t unit, struct series *s, day_number month)
{
	if (l->n_deltas >= (l->delta_mask + 1) / 2 && grow_slots(l) < 0)
		return NULL;
	struct delta *d = arena_zalloc(l->arena, sizeof *d);
	if (!d || append((void ***)&l->deltas, &l->n_deltas, &l->size_deltas, d) < 0)
		return NULL;
	*d = (struct delta){.unit = unit, .series = s, .month = month};
	*probe(l, key) = (struct delta_slot){key, d};
	return d;
}

#define UNIT_BITS 24 /* more units than any register has */
#define MONTH_BITS 12
_Static_assert((YEAR_MAX + 1 - YEAR_MIN) * 12 < 1 << MONTH_BITS, "months fit the key");

/* Where one contribution goes, found step by step. */
struct target {
	struct series *series;
	struct civil day;
	uint64_t key;
	struct delta *delta;
};

static int find_key(struct ledger *l, const struct contribution *c, struct target *t)
{
	t->series = series_of(l, c);
	if (!t->series)
		return -ENOMEM;
	t->day = civil_from_day(c->day);
	t->key = ((uint64_t)t->series->number << UNIT_BITS | c->unit) << MONTH_BITS | (uint64_t)((t->day.year - YEAR_MIN) * 12 + t->day.month);
	if (l->delta_slots)
		__builtin_prefetch(&l->delta_slots[hash_key(t->key) & l->delta_mask]);
	return 0;
}

static int find_delta(struct ledger *l, const struct contribution *c, struct target *t)
{
	t->delta = l->delta_slots ? probe(l, t->key)->delta : NULL;
	if (!t->delta)
		t->delta = new_delta(l, t->key, c->unit, t->series, c->day - t->day.day + 1);
	if (!t->delta)
		return -ENOMEM;
	__builtin_prefetch(&t->delta->day[t->day.day - 1], 1);
	return 0;
}

#define AT_ONCE 32

/* Slots and deltas are far more than a cache holds, and each contribution goes elsewhere: all are on their way before the first is waited for. */
static int add_some(struct ledger *l, const struct contribution *c, size_t n, int sign)
{
	struct target t[AT_ONCE];
	int r = 0;
	for (size_t i = 0; i < n && !r; i++)
		r = find_key(l, &c[i], &t[i]);
	for (size_t i = 0; i < n && !r; i++)
		r = find_delta(l, &c[i], &t[i]);
	for (size_t i = 0; i < n && !r; i++)
		t[i].delta->day[t[i].day.day - 1].micro += sign * c[i].value.micro;
	return r;
}

int ledger_add(struct ledger *l, const struct derived *d, int sign)
{
	int r = 0;
	for (size_t at = 0, n; at < d->n_contributions && !r; at += n) {
		n = d->n_contributions - at < AT_ONCE ? d->n_contributions - at : AT_ONCE;
		r = add_some(l, d->contributions + at, n, sign);
	}
	return r;
}

static bool all_zero(const struct delta *d)
{
	for (size_t i = 0; i < sizeof d->day / sizeof *d->day; i++)
		if (d->day[i].micro)
			return false;
	return true;
}

static int by_measure_dimension(const void *a, const void *b)
{
	const struct series *x = *(struct series *const *)a, *y = *(struct series *const *)b;
	int c = text_compare(x->measure, y->measure);
	return c ? c : text_compare(x->dimension, y->dimension);
}

static int rank_series(struct ledger *l)
{
	struct series **sorted = arena_alloc(l->arena, (l->series.n + 1) * sizeof *sorted);
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < l->series.n; i++)
		sorted[i] = l->series.entries[i].value;
	qsort(sorted, l->series.n, sizeof *sorted, by_measure_dimension);
	for (size_t i = 0; i < l->series.n; i++)
		sorted[i]->rank = (uint32_t)i;
	return 0;
}

static int by_unit_series_month(const void *a, const void *b)
{
	const struct delta *x = *(struct delta *const *)a, *y = *(struct delta *const *)b;
	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	if (x->series != y->series)
		return x->series->rank < y->series->rank ? -1 : 1;
	return (x->month > y->month) - (x->month < y->month);
}

int ledger_sort_deltas(struct ledger *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n_deltas; i++)
		if (!all_zero(l->deltas[i]))
			l->deltas[n++] = l->deltas[i];
	l->n_deltas = n;
	int r = rank_series(l);
	if (!r && n)
		qsort(l->deltas, n, sizeof *l->deltas, by_unit_series_month);
	return r;
}

int entity_settle(struct ledger *l, struct entity *e, struct arena *arena)
{
	struct derived before;
	int r = e->exists ? kind_derive(e->kind, l->basis, &e->before, arena, &before) : 0;
	if (r >= 0 && e->exists)
		r = ledger_add(l, &before, -1);
	if (r >= 0)
		r = kind_derive(e->kind, l->basis, &e->state, arena, &e->derived);
	if (r >= 0)
		r = ledger_add(l, &e->derived, +1);
	if (r < 0)
		return r;
	buffer_clear(&l->scratch);
	state_encode(e->kind, &e->state, &l->scratch);
	return !l->scratch.failed && arena_copy(arena, buffer_view(&l->scratch), &e->encoded) ? 0 : -ENOMEM;
}

int ledger_settle(struct ledger *l)
{
	for (size_t i = 0; i < l->n_entities; i++) {
		int r = l->entities[i]->changed ? entity_settle(l, l->entities[i], l->arena) : 0;
		if (r < 0)
			return r;
	}
	return ledger_sort_deltas(l);
}
