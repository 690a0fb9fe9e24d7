// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "tests/simulation/tables.h"

#include <string.h>

#include "common/map.h"
#include "daemon/store/wire.h"

static struct session *all;

/* --- rows ---------------------------------------------------------------------------------------------------------------------------------------- */

struct text row_field(struct text fields, int i)
{
	size_t at = 0;
	struct text t = TEXT_NONE;
	while (i-- >= 0)
		wire_next(fields, &at, &t);
	return t;
}

static struct row **bucket(struct table *t, struct text key)
{
	return &t->buckets[hash_bytes(key.p, key.n, 0) % COUNT(t->buckets)];
}

struct row *table_find(struct table *t, struct text key)
{
	struct row *r = *bucket(t, key);
	while (r && !text_equal(r->key, key))
		r = r->next;
	return r;
}

struct row *table_row(struct table *t, struct text key)
{
	struct row *r = table_find(t, key);
	if (r)
		return r;
	if (t->n == t->size) {
		t->size = t->size ? 2 * t->size : 64;
		struct row **rows = world_alloc(t->size * sizeof(struct row *));
		if (t->n)
			memcpy(rows, t->rows, t->n * sizeof(struct row *));
		t->rows = rows;
	}
	r = world_alloc(sizeof *r);
	r->key = world_copy(key.p, key.n);
	struct row **b = bucket(t, key);
	r->next = *b;
	*b = r;
	return t->rows[t->n++] = r;
}

struct text row_seen(const struct row *r, const struct session *s)
{
	return !r ? TEXT_NONE : r->owner == s && r->changed ? r->pending : r->committed;
}

/* Sessions that wait for one another in a circle: the order of locks is there to prevent that. */
static void check_circle(const struct session *s)
{
	const struct session *h = s->holder;
	for (int i = 0; h && i < 64; i++, h = h->holder)
		if (h == s)
			violated("deadlock between instances");
}

static bool wait_for(struct session *s, const void *on, struct session *holder, int64_t until, const bool *cancelled)
{
	s->waits_for = on;
	s->holder = holder;
	check_circle(s);
	bool woken = !world.over && task_wait(on, until);
	s->holder = NULL;
	s->waits_for = NULL;
	return woken && !s->dead && !*cancelled;
}

bool row_lock(struct row *r, struct session *s, int64_t until, const bool *cancelled)
{
	while (r->owner && r->owner != s)
		if (!wait_for(s, r, r->owner, until, cancelled))
			return false;
	if (r->owner == s)
		return true;
	r->owner = s;
	r->changed = false;
	r->touched = s->touched;
	s->touched = r;
	return true;
}

void row_put(struct row *r, struct text value)
{
	r->pending = value;
	r->changed = true;
}

/* --- sessions ------------------------------------------------------------------------------------------------------------------------------------ */

static struct session *holder_of(const struct session *s, enum advisory mode)
{
	for (struct session *o = all; o; o = o->next)
		if (o != s && o->advisory != ADVISORY_NONE && (mode == ADVISORY_EXCLUSIVE || o->advisory == ADVISORY_EXCLUSIVE))
			return o;
	return NULL;
}

bool advisory_lock(struct session *s, enum advisory mode, int64_t until, const bool *cancelled)
{
	struct session *holder;
	while ((holder = holder_of(s, mode)))
		if (!wait_for(s, &all, holder, until, cancelled))
			return false;
	s->advisory = mode;
	return true;
}

/* Nobody waits for s any more, though one who is frozen has not noticed yet. */
static void let_go(struct session *s, const void *on)
{
	for (struct session *o = all; o; o = o->next)
		if (o->waits_for == on && o->holder == s)
			o->holder = NULL;
	task_wake(on);
}

void session_end(struct session *s, bool commit)
{
	for (struct row *r = s->touched, *next; r; r = next) {
		next = r->touched;
		if (commit && r->changed)
			r->committed = r->pending;
		r->owner = NULL;
		r->changed = false;
		let_go(s, r);
	}
	s->touched = NULL;
	s->open = s->failed = false;
	if (s->advisory != ADVISORY_NONE)
		let_go(s, &all);
	s->advisory = ADVISORY_NONE;
}

struct session *sessions(void)
{
	return all;
}

struct session *session_new(struct instance *client)
{
	struct session *s = world_alloc(sizeof *s);
	*s = (struct session){.next = all, .client = client};
	return all = s;
}

void session_free(struct session *s)
{
	struct session **at = &all;
	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
}

void tables_reset(void)
{
	all = NULL;
}
