// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails in the life of a batch's ledger, for every n. What was there before is as it was, and another attempt leads to the same. */
#include "tests/unit/scarce.h"
#include "tests/unit/suite.h"
#include "world.h"

#define CASES 1200 /* more than the lists of entities and additions begin with */
#define ITEMS (CASES + 20)

static struct world w;
static struct item items[ITEMS];
static char ids[CASES][16];
static struct text stored; /* the state of the case that was there before */

static void write_items(void)
{
	size_t n = 0;
	world_init(&w);
	for (; n < CASES; n++) {
		char time[40];
		snprintf(ids[n], sizeof ids[n], "%zu", n);
		snprintf(time, sizeof time, "2024-%02zu-25T08:00:00+07:00", n % 12 + 1);
		items[n].event = world_event(&w, "received", time, "r", "complaint_id", ids[n], "unit", n % 2 ? UNIT_A : UNIT_C, "class", "complaint", "channel", ids[n], NULL);
	}
	for (; n < ITEMS; n++) { /* many facts of one */
		char time[40];
		snprintf(time, sizeof time, "2024-05-%02zuT08:00:00+07:00", n - CASES + 1);
		items[n].event = world_event(&w, "reopened", time, "o", "complaint_id", ids[0], NULL);
	}
}

static void write_state(void)
{
	struct state s = {0};
	struct buffer b = {0};
	struct event e = world_event(&w, "verified", "2024-01-26T08:00:00+07:00", "v", NULL);
	ck_assert_int_eq(fold(e.kind, &s, &e, NULL, w.arena), FOLD_CHANGED);
	e = RECEIVED_AT(&w, "2024-01-25T08:00:00+07:00", UNIT_D, "complaint");
	ck_assert_int_eq(fold(e.kind, &s, &e, NULL, w.arena), FOLD_CHANGED);
	state_encode(e.kind, &s, &b);
	ck_assert(arena_copy(w.arena, buffer_view(&b), &stored));
	buffer_deinit(&b);
}

static int settle(struct ledger *l)
{
	int r = ledger_open(l, &w.basis, items, ITEMS);
	if (r == 0)
		r = entity_load(l, l->entities[0], stored, 7);
	if (r == 0)
		r = ledger_fold(l);
	if (r == 0)
		r = ledger_settle(l);
	if (r == 0)
		r = ledger_add(l, &l->entities[1]->derived, -1);
	return r;
}

/* What all additions come to; a half of them would be another. */
static __int128 sum(const struct ledger *l)
{
	__int128 all = 0;
	for (size_t i = 0; i < l->n_deltas; i++)
		for (int d = 0; d < 31; d++)
			all += l->deltas[i]->day[d].micro * (d + 1) * l->deltas[i]->month;
	return all;
}

static __int128 whole;

static int attempt_ledger(struct error *err)
{
	struct ledger l;
	int r = ledger_init(&l);
	if (r < 0)
		return r;
	r = settle(&l);
	bool failed = r == -ENOMEM;
	scarce_left = -1;
	if (failed) /* the ledger is as good as new */
		r = settle(&l);
	if (r == 0)
		r = scarce_right(l.n_entities == CASES && (!whole || sum(&l) == whole));
	if (!failed && r == 0)
		whole = sum(&l);
	ledger_deinit(&l);
	return r == 0 && failed ? error_set(err, -ENOMEM, "out of memory") : r;
}

START_TEST(ledgers)
{
	write_items();
	write_state();
	ck_assert_int_eq(attempt_ledger(NULL), 0);
	ck_assert(whole != 0);
	scarce_each(attempt_ledger, 30, SCARCE_SILENT | SCARCE_COPES); /* qsort has a way without memory */
	world_deinit(&w);
}
END_TEST

static int attempt_state(struct error *err)
{
	struct state s = {.n = 77};
	struct buffer b = {0};
	struct arena *arena = arena_new(64); /* each of its allocations is one that can fail */
	int r = arena ? state_decode(items[0].event.kind, stored, arena, &s) : -ENOMEM;
	r = scarce_untouched(r, s.n == 77);
	struct state before = s;
	for (size_t i = CASES; i < ITEMS && r >= 0; i++) {
		r = fold(items[i].event.kind, &s, &items[i].event, NULL, arena);
		if (r < 0)
			r = scarce_untouched(r, s.n == before.n && s.members == before.members);
		before = s;
	}
	if (r >= 0) {
		state_encode(items[0].event.kind, &s, &b);
		entity_key(&items[0].event, &b);
		r = b.failed ? -ENOMEM : scarce_right(s.n == 2 + ITEMS - CASES);
	}
	buffer_deinit(&b);
	arena_free(arena);
	return r < 0 ? error_set(err, r, "out of memory") : r;
}

START_TEST(states)
{
	write_items();
	write_state();
	scarce_each(attempt_state, 8, 0);
	world_deinit(&w);
}
END_TEST

SUITE("memory", ledgers, states)
