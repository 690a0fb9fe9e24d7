// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Order, repetition and batching cannot matter, for any kind: for seeded random sets of events every permutation and duplication tried gives the same state, the same columns and
 * the same contributions, and retract/add over random batches equals the recomputation from nothing.
 */
#include "common/random.h"
#include "../suite.h"
#include "world.h"

#define SETS 8000
#define EVENTS_MAX 14
#define SHUFFLES 6
#define DAYS 1600
#define SERIES 128

static const char *const unit_codes[] = {UNIT_A, UNIT_B, UNIT_C, UNIT_D};
static const char *const ids[] = {"a", "b", "ab", "B", "z"};
static const char *const texts[] = {"web", "sms", "jalan", "|"};
/* Few, so that equal ones are common; some around the local midnight, the ends of unit C and of years. */
static const char *const days[] = {"2024-03-25", "2024-03-28", "2024-04-01", "2024-06-30", "2024-07-02", "2023-12-31", "2022-05-01"};
static const char *const periods[] = {"2024", "2024-S1", "2024-Q1", "2024-01", "2024-02", "2024-03", "2024-12", "2024-Q4"};
static const char *const elements[] = {"competence", "complaint_handling", "conduct", "cost", "facilities", "procedure", "product", "requirements", "time"};
#define N_ELEMENTS COUNT(elements)

static const char *pick(struct random *r, const char *const *list, size_t n)
{
	return list[random_below(r, n)];
}
#define PICK(r, list) pick(r, list, COUNT(list))

static instant random_time(struct random *r)
{
	char s[40];
	instant time;
	snprintf(s, sizeof s, "%sT%02d:00:00Z", PICK(r, days), (int)random_below(r, 3) * 8 + 1);
	ck_assert_int_eq(rfc3339_parse(text_of(s), &time), 0);
	return time;
}

static void random_answers(struct world *w, struct random *r, struct value *v)
{
	v->answers = arena_alloc(w->arena, N_ELEMENTS * sizeof *v->answers);
	v->n_answers = N_ELEMENTS;
	for (size_t i = 0; i < N_ELEMENTS; i++)
		v->answers[i] = (struct answer){text_of(elements[i]), 4 - (int64_t)(random_below(r, 5) / 4)};
}

static void random_enum(struct random *r, const struct field *f, struct value *v)
{
	size_t n = 0;
	while (f->values[n])
		n++;
	v->text = text_of(f->values[random_below(r, n)]);
}

static void random_period(struct random *r, const struct field *f, struct value *v)
{
	do {
		v->text = text_of(PICK(r, periods));
		ck_assert_int_eq(period_parse(v->text, &v->period), 0);
	} while (!(f->max >> v->period.grain & 1));
}

static void random_value(struct world *w, struct random *r, const struct field *f, struct value *v)
{
	*v = (struct value){.present = !f->optional || random_below(r, 3)};
	if (!v->present)
		return;
	switch (f->type) {
	case FIELD_TEXT:
		v->text = text_of(PICK(r, texts));
		break;
	case FIELD_UNIT:
		v->text = text_of(PICK(r, unit_codes));
		break;
	case FIELD_ENUM:
		random_enum(r, f, v);
		break;
	case FIELD_INTEGER:
		v->integer = (f->min == YEAR_MIN ? 2022 : f->min) + (int64_t)random_below(r, 3);
		break;
	case FIELD_DECIMAL:
		v->decimal.micro = (__int128)random_below(r, 4) * 333333 * (f->min && !random_below(r, 4) ? -1 : 1);
		break;
	case FIELD_TIME:
		v->time = random_time(r);
		break;
	case FIELD_DATE:
		ck_assert_int_eq(date_parse(text_of(PICK(r, days)), &v->day), 0);
		break;
	case FIELD_PERIOD:
		random_period(r, f, v);
		break;
	case FIELD_ANSWERS:
		random_answers(w, r, v);
		break;
	}
}

static bool is_key(const struct kind *k, const char *name)
{
	for (size_t i = 0; k->key[i]; i++)
		if (!strcmp(k->key[i], name))
			return !(k->by_year && !k->key[i + 1]); /* the period of a kind by year tells rows apart, not entities */
	return false;
}

static bool well_formed(const struct event_type *t, const struct value *v)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->check && t->check(v, i))
			return false;
	return true;
}

/* An event of any type of the kind, all of one entity: `entity` decides the key fields' values. */
static struct event random_event(struct world *w, struct random *r, const struct kind *k, uint64_t entity)
{
	struct event e = {.kind = k, .type = (unsigned)random_below(r, k->n_types), .id = text_of(PICK(r, ids)), .time = random_time(r)};
	if (random_below(r, 4) == 0)
		e.type = 0; /* the founding one */
	const struct event_type *t = &k->types[e.type];
	struct value *v = world_fields(w, t);
	do {
		for (size_t i = 0; i < t->n_fields; i++) {
			struct random of_key = {entity};
			random_value(w, is_key(k, t->fields[i].name) ? &of_key : r, &t->fields[i], &v[i]);
		}
	} while (!well_formed(t, v));
	e.fields = v;
	return e;
}

static const struct kind *random_kind(struct random *r)
{
	return kinds[random_below(r, kinds_n)];
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

static void describe_cell(enum column_type type, const struct cell *c, struct buffer *out)
{
	buffer_putc(out, '|');
	if (!c->present)
		return;
	switch (type) {
	case COLUMN_TEXT:
	case COLUMN_JSON:
		buffer_text(out, c->text);
		break;
	case COLUMN_NUMERIC:
		buffer_put(out, &c->numeric, sizeof c->numeric);
		break;
	case COLUMN_DATE:
		buffer_printf(out, "%d", c->day);
		break;
	case COLUMN_INT4:
	case COLUMN_INT8:
	case COLUMN_TIMESTAMPTZ:
		buffer_printf(out, "%lld", (long long)c->integer);
		break;
	}
}

/* Everything that a ledger would write, as text. */
static void describe(const struct ledger *l, struct buffer *out)
{
	buffer_clear(out);
	for (size_t i = 0; i < l->n_entities; i++) {
		const struct entity *e = l->entities[i];
		buffer_text(out, e->key);
		buffer_text(out, e->encoded);
		for (size_t c = 0; c < e->derived.n_rows * e->kind->n_columns; c++)
			describe_cell(e->kind->columns[c % e->kind->n_columns].type, &e->derived.cells[c], out);
		for (size_t f = 0; f < e->derived.n_flags; f++)
			buffer_printf(out, " %s:%.*s", e->derived.flags[f].name, TEXT_ARG(e->derived.flags[f].detail));
	}
	for (size_t i = 0; i < l->n_deltas; i++)
		for (int d = 0; d < 31; d++)
			if (l->deltas[i]->day[d].micro)
				buffer_printf(out, "\n%u %.*s %.*s %d %lld", l->deltas[i]->unit, TEXT_ARG(l->deltas[i]->series->measure), TEXT_ARG(l->deltas[i]->series->dimension),
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
		const struct kind *k = random_kind(&r);
		for (size_t i = 0; i < n; i++)
			items[i].event = random_event(&w, &r, k, (uint64_t)set);
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
	decimal value[4][DAYS][SERIES]; /* unit, day from 2022-01-01, series */
	const char *series[SERIES];
	size_t n_series;
};

static size_t series_number(struct sums *s, const struct delta *d)
{
	char name[400];
	snprintf(name, sizeof name, "%.*s{%.*s}", TEXT_ARG(d->series->measure), TEXT_ARG(d->series->dimension));
	for (size_t i = 0; i < s->n_series; i++)
		if (!strcmp(s->series[i], name))
			return i;
	ck_assert_uint_lt(s->n_series, SERIES);
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
	for (int set = 0; set < test_rounds(3000); set++) {
		struct world w;
		world_init(&w);
		struct item items[EVENTS_MAX] = {0};
		size_t n = 2 + random_below(&r, EVENTS_MAX - 1);
		const struct kind *k = random_kind(&r);
		for (size_t i = 0; i < n; i++)
			items[i].event = random_event(&w, &r, k, (uint64_t)set);
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
		ck_assert_uint_eq(l.n_entities, 1);
		ck_assert_msg(text_equal(buffer_view(&state), l.entities[0]->encoded), "set %d: states differ", set);
		buffer_deinit(&state);
		world_deinit(&w);
	}
	for (size_t i = 0; i < whole->n_series; i++)
		for (size_t j = 0; j < steps->n_series; j++)
			if (!strcmp(whole->series[i], steps->series[j]))
				for (int u = 0; u < 4; u++)
					for (int d = 0; d < DAYS; d++)
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
	for (int set = 0; set < test_rounds(2000); set++) {
		struct state s = {0}, back;
		struct event e;
		const struct kind *k = random_kind(&r);
		for (size_t i = 0, n = 1 + random_below(&r, EVENTS_MAX); i < n; i++) {
			e = random_event(&w, &r, k, (uint64_t)set);
			ck_assert_int_ge(fold(e.kind, &s, &e, NULL, w.arena), 0);
		}
		struct buffer one = {0}, two = {0};
		state_encode(e.kind, &s, &one);
		ck_assert_int_eq(state_decode(e.kind, buffer_view(&one), w.arena, &back), 0);
		state_encode(e.kind, &back, &two);
		ck_assert(text_equal(buffer_view(&one), buffer_view(&two)));
		for (size_t cut = 0; cut < one.n; cut++) /* truncated: refused, never read beyond */
			ck_assert_int_eq(state_decode(e.kind, (struct text){one.p, cut}, w.arena, &back), -EINVAL);
		for (int i = 0; i < 20; i++) { /* damaged: refused or read, never a crash */
			struct derived d;
			one.p[random_below(&r, one.n)] ^= (char)(1 << random_below(&r, 8));
			if (state_decode(k, buffer_view(&one), w.arena, &back) == 0)
				ck_assert_int_eq(kind_derive(k, &w.basis, &back, w.arena, &d), 0);
		}
		buffer_deinit(&one);
		buffer_deinit(&two);
	}
	world_deinit(&w);
}
END_TEST

START_TEST(a_state_has_a_member_and_each_a_place_of_its_own)
{
	struct world w;
	struct random r = {5};
	world_init(&w);
	for (size_t i = 0; i < kinds_n; i++) {
		struct state s = {0}, back;
		struct buffer bytes = {0};
		state_encode(kinds[i], &s, &bytes);
		ck_assert_int_eq(state_decode(kinds[i], buffer_view(&bytes), w.arena, &back), -EINVAL);
		struct event e = random_event(&w, &r, kinds[i], 1);
		ck_assert_int_ge(fold(kinds[i], &s, &e, NULL, w.arena), 0);
		struct state twice = {.members = (struct member[]){s.members[0], s.members[0]}, .n = 2, .size = 2};
		buffer_clear(&bytes);
		state_encode(kinds[i], &twice, &bytes);
		ck_assert_int_eq(state_decode(kinds[i], buffer_view(&bytes), w.arena, &back), -EINVAL);
		for (int n = 0; n < 8; n++) {
			e = random_event(&w, &r, kinds[i], 1);
			ck_assert_int_ge(fold(kinds[i], &s, &e, NULL, w.arena), 0);
		}
		for (uint32_t m = 0; m < s.n; m++) { /* without one of its members: refused, or still something to derive from */
			struct state less = s;
			struct derived d;
			less.members = arena_alloc(w.arena, s.n * sizeof *less.members);
			memcpy(less.members, s.members, m * sizeof *s.members);
			memcpy(less.members + m, s.members + m + 1, (s.n - m - 1) * sizeof *s.members);
			less.n--;
			buffer_clear(&bytes);
			state_encode(kinds[i], &less, &bytes);
			if (state_decode(kinds[i], buffer_view(&bytes), w.arena, &back) == 0)
				ck_assert_int_eq(kind_derive(kinds[i], &w.basis, &back, w.arena, &d), 0);
		}
		buffer_deinit(&bytes);
	}
	world_deinit(&w);
}
END_TEST

static void check_refused(const struct world *w, const struct kind *k, const struct state *s)
{
	struct buffer bytes = {0};
	struct state back;
	state_encode(k, s, &bytes);
	ck_assert_int_eq(state_decode(k, buffer_view(&bytes), w->arena, &back), -EINVAL);
	buffer_deinit(&bytes);
}

/* Gives the field a value that no event has; false: there is none such. */
static bool spoil(const struct field *f, struct value *v)
{
	static struct answer boundless = {{"x", 1}, INT64_MIN};
	v->present = true;
	if (f->type == FIELD_DECIMAL)
		v->decimal.micro = -DECIMAL_MAX - 1;
	else if (f->type == FIELD_DATE)
		v->day = INT32_MAX;
	else if (f->type == FIELD_INTEGER || f->type == FIELD_TIME)
		v->integer = INT64_MIN;
	else if (f->type == FIELD_ANSWERS)
		v->answers = &boundless, v->n_answers = 1;
	else if (f->type == FIELD_ENUM)
		return false;
	else
		v->text = TEXT("");
	return !f->key;
}

/* What lies outside of any calendar or type cannot have come from an event, and figures cannot be derived from it. */
START_TEST(a_state_holds_only_what_an_event_may)
{
	static const instant times[] = {INT64_MIN, -2208988800 * INSTANT_PER_SECOND - 1, 7258118400 * INSTANT_PER_SECOND, INT64_MAX};
	struct world w;
	struct random r = {3};
	world_init(&w);
	for (size_t i = 0; i < kinds_n; i++) {
		struct state s = {0};
		struct event e = random_event(&w, &r, kinds[i], 1);
		const struct event_type *t = &kinds[i]->types[e.type];
		ck_assert_int_ge(fold(kinds[i], &s, &e, NULL, w.arena), 0);
		for (size_t k = 0; k < COUNT(times); k++) {
			s.members[0].time = times[k];
			check_refused(&w, kinds[i], &s);
		}
		s.members[0].time = e.time;
		for (size_t f = 0; s.members[0].fields && f < t->n_fields; f++) {
			struct value fields[FIELDS_MAX];
			memcpy(fields, e.fields, t->n_fields * sizeof *fields);
			s.members[0].fields = fields;
			if (spoil(&t->fields[f], &fields[f]))
				check_refused(&w, kinds[i], &s);
		}
	}
	world_deinit(&w);
}
END_TEST

SUITE("fold properties", order_and_repetition_do_not_matter, retract_and_add_equals_recomputation, a_state_survives_its_bytes_and_nothing_else_passes_for_one,
      a_state_has_a_member_and_each_a_place_of_its_own, a_state_holds_only_what_an_event_may)
