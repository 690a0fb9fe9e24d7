// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Order, repetition and batching cannot matter: for seeded random sets of events every permutation and duplication tried gives the same state, the same columns and
 * the same contributions, and retract/add over random batches equals the recomputation from nothing.
 */
#include "common/random.h"
#include "../suite.h"
#include "world.h"

#define SETS 3000
#define EVENTS_MAX 14
#define SHUFFLES 6

static const char *const names[] = {"received", "verified", "responded", "resolved", "reopened", "misrouted", "withdrawn", "forwarded", "archived", "rated"};
static const char *const unit_codes[] = {UNIT_A, UNIT_B, UNIT_C, UNIT_D};
static const char *const class_names[] = {"information_request", "complaint", "supervisory", "aspiration"};
static const char *const ids[] = {"a", "b", "ab", "B", "z"};
static const char *const ratings[] = {"1", "3", "5"};

static const char *pick(struct random *r, const char *const *list, size_t n)
{
	return list[random_below(r, n)];
}
#define PICK(r, list) pick(r, list, sizeof(list) / sizeof *(list))

/* Few distinct instants, so that equal times are common; some around the local midnight and the end of unit C. */
static const char *random_time(struct world *w, struct random *r)
{
	static const char *const days[] = {"2024-03-25", "2024-03-28", "2024-04-01", "2024-06-30", "2024-07-02", "2023-12-31", "2022-05-01"};
	char *s = arena_alloc(w->arena, 40);
	snprintf(s, 40, "%sT%02d:00:00Z", PICK(r, days), (int)random_below(r, 3) * 8 + 1);
	return s;
}

static struct event random_event(struct world *w, struct random *r)
{
	const char *what = PICK(r, names);
	if (random_below(r, 4) == 0)
		what = "received";
	const char *unit = PICK(r, unit_codes), *class = PICK(r, class_names), *rating = PICK(r, ratings);
	const char *channel = random_below(r, 2) ? "web" : "sms", *reason = random_below(r, 2) ? "invalid" : "duplicate";
	const char *category = random_below(r, 2) ? "jalan" : NULL;
	const char *id = PICK(r, ids), *time = random_time(w, r);
	return world_event(w, what, time, id, "unit", unit, "class", class, "channel", channel, "reason", reason, "rating", rating, category ? "category" : NULL,
			   category, NULL);
}

static void shuffle(struct random *r, struct item *items, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = random_below(r, i);
		struct item swap = items[i - 1];
		items[i - 1] = items[j];
		items[j] = swap;
	}
}

/* Folds the items in one batch on top of nothing. */
static void fold_all(struct ledger *l, const struct world *w, struct item *items, size_t n)
{
	ck_assert_int_eq(ledger_open(l, &w->basis, items, n), 0);
	ck_assert_int_eq(ledger_fold(l), 0);
	ck_assert_int_eq(ledger_settle(l), 0);
}

/* Everything that a ledger would write, as text. */
static void describe(const struct ledger *l, struct buffer *out)
{
	buffer_clear(out);
	for (size_t i = 0; i < l->n_entities; i++) {
		const struct entity *e = l->entities[i];
		buffer_text(out, e->key);
		buffer_text(out, e->encoded);
		for (size_t c = 0; c < e->kind->n_columns; c++) {
			const struct cell *cell = &e->derived.cells[c];
			if (cell->present && e->kind->columns[c].type == COLUMN_TEXT)
				buffer_text(out, cell->text);
			else if (cell->present)
				buffer_printf(out, "|%zu=%lld", c, e->kind->columns[c].type == COLUMN_DATE ? (long long)cell->day : (long long)cell->integer);
		}
		for (size_t f = 0; f < e->derived.n_flags; f++)
			buffer_printf(out, " %s:%.*s", e->derived.flags[f].name, TEXT_ARG(e->derived.flags[f].detail));
	}
	for (size_t i = 0; i < l->n_deltas; i++)
		for (int d = 0; d < 31; d++)
			if (l->deltas[i]->day[d].micro)
				buffer_printf(out, "\n%u %.*s %.*s %d %lld", l->deltas[i]->unit, TEXT_ARG(l->deltas[i]->measure), TEXT_ARG(l->deltas[i]->dimension),
					      l->deltas[i]->month + d, (long long)l->deltas[i]->day[d].micro);
	ck_assert(!out->failed);
}

START_TEST(order_and_repetition_do_not_matter)
{
	struct random r = {42};
	struct ledger l;
	struct buffer want = {0}, got = {0};
	ck_assert_int_eq(ledger_init(&l), 0);
	for (int set = 0; set < test_rounds(SETS); set++) {
		struct world w;
		world_init(&w);
		struct item items[2 * EVENTS_MAX] = {0};
		size_t n = 1 + random_below(&r, EVENTS_MAX);
		for (size_t i = 0; i < n; i++)
			items[i].event = random_event(&w, &r);
		fold_all(&l, &w, items, n);
		describe(&l, &want);
		for (int s = 0; s < SHUFFLES; s++) {
			size_t m = n;
			for (; m < n + random_below(&r, n + 1); m++)
				items[m].event = items[random_below(&r, n)].event;
			shuffle(&r, items, m);
			fold_all(&l, &w, items, m);
			describe(&l, &got);
			ck_assert_msg(text_equal(buffer_view(&want), buffer_view(&got)), "set %d, shuffle %d:\n%s\n---\n%s", set, s, buffer_cstr(&want), buffer_cstr(&got));
			/* back to the distinct ones: those beyond n are copies of some within, but the shuffle mixed them */
			size_t kept = 0;
			for (size_t i = 0; i < m; i++) {
				bool seen = false;
				for (size_t j = 0; j < kept; j++)
					seen = seen || (items[j].event.fields == items[i].event.fields && items[j].event.time == items[i].event.time);
				if (!seen)
					items[kept++] = items[i];
			}
			ck_assert_uint_eq(kept, n);
		}
		world_deinit(&w);
	}
	buffer_deinit(&want);
	buffer_deinit(&got);
	ledger_deinit(&l);
}
END_TEST

/* The sums of all deltas of several batches, each folded on top of the state that the one before left. */
struct sums {
	decimal value[4][1024][64]; /* unit, day from 2022-01-01, series */
	const char *series[64];
	size_t n_series;
};

static size_t series_number(struct sums *s, const struct delta *d)
{
	char name[400];
	snprintf(name, sizeof name, "%.*s{%.*s}", TEXT_ARG(d->measure), TEXT_ARG(d->dimension));
	for (size_t i = 0; i < s->n_series; i++)
		if (!strcmp(s->series[i], name))
			return i;
	ck_assert_uint_lt(s->n_series, 64);
	s->series[s->n_series] = strdup(name);
	return s->n_series++;
}

static void sum(struct sums *s, const struct ledger *l)
{
	day_number zero = day_from_civil(2022, 1, 1);
	for (size_t i = 0; i < l->n_deltas; i++) {
		const struct delta *d = l->deltas[i];
		size_t series = series_number(s, d);
		for (int day = 0; day < 31; day++)
			if (d->day[day].micro)
				s->value[d->unit][d->month + day - zero][series].micro += d->day[day].micro;
	}
}

START_TEST(retract_and_add_equals_recomputation)
{
	struct random r = {7};
	struct ledger l;
	struct sums *steps = calloc(1, sizeof *steps), *whole = calloc(1, sizeof *whole);
	ck_assert_int_eq(ledger_init(&l), 0);
	for (int set = 0; set < test_rounds(300); set++) {
		struct world w;
		world_init(&w);
		struct item items[EVENTS_MAX] = {0};
		size_t n = 2 + random_below(&r, EVENTS_MAX - 1);
		for (size_t i = 0; i < n; i++)
			items[i].event = random_event(&w, &r);
		struct buffer state = {0};
		for (size_t done = 0; done < n;) {
			size_t m = 1 + random_below(&r, n - done);
			ck_assert_int_eq(ledger_open(&l, &w.basis, items + done, m), 0);
			if (state.n)
				ck_assert_int_eq(entity_load(&l, l.entities[0], buffer_view(&state), 1), 0);
			ck_assert_int_eq(ledger_fold(&l), 0);
			ck_assert_int_eq(ledger_settle(&l), 0);
			sum(steps, &l);
			if (l.entities[0]->changed) {
				buffer_clear(&state);
				buffer_text(&state, l.entities[0]->encoded);
			}
			done += m;
		}
		fold_all(&l, &w, items, n);
		sum(whole, &l);
		ck_assert_msg(text_equal(buffer_view(&state), l.entities[0]->encoded), "set %d: states differ", set);
		buffer_deinit(&state);
		world_deinit(&w);
	}
	for (size_t i = 0; i < whole->n_series; i++)
		for (size_t j = 0; j < steps->n_series; j++)
			if (!strcmp(whole->series[i], steps->series[j]))
				for (int u = 0; u < 4; u++)
					for (int d = 0; d < 1024; d++)
						ck_assert_msg(whole->value[u][d][i].micro == steps->value[u][d][j].micro, "%s of unit %d, day %d", whole->series[i], u, d);
	for (size_t i = 0; i < steps->n_series; i++)
		free((void *)(uintptr_t)steps->series[i]);
	for (size_t i = 0; i < whole->n_series; i++)
		free((void *)(uintptr_t)whole->series[i]);
	free(steps);
	free(whole);
	ledger_deinit(&l);
}
END_TEST

START_TEST(a_state_survives_its_bytes_and_nothing_else_passes_for_one)
{
	struct random r = {11};
	struct world w;
	world_init(&w);
	for (int set = 0; set < test_rounds(500); set++) {
		struct state s = {0}, back;
		struct event e = random_event(&w, &r);
		for (size_t i = 0, n = 1 + random_below(&r, EVENTS_MAX); i < n; i++, e = random_event(&w, &r))
			ck_assert_int_ge(fold(e.kind, &s, &e, NULL, w.arena), 0);
		struct buffer one = {0}, two = {0};
		state_encode(e.kind, &s, &one);
		ck_assert_int_eq(state_decode(e.kind, buffer_view(&one), w.arena, &back), 0);
		state_encode(e.kind, &back, &two);
		ck_assert(text_equal(buffer_view(&one), buffer_view(&two)));
		for (size_t cut = 0; cut < one.n; cut++) /* truncated: refused, never read beyond */
			ck_assert_int_eq(state_decode(e.kind, (struct text){one.p, cut}, w.arena, &back), -EINVAL);
		for (int i = 0; i < 20; i++) { /* damaged: refused or read, never a crash */
			one.p[random_below(&r, one.n)] ^= (char)(1 << random_below(&r, 8));
			(void)state_decode(e.kind, buffer_view(&one), w.arena, &back);
		}
		buffer_deinit(&one);
		buffer_deinit(&two);
	}
	world_deinit(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fold properties");
	TCase *t = tcase_create("all");
	tcase_set_timeout(t, 100);
	tcase_add_test(t, order_and_repetition_do_not_matter);
	tcase_add_test(t, retract_and_add_equals_recomputation);
	tcase_add_test(t, a_state_survives_its_bytes_and_nothing_else_passes_for_one);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
