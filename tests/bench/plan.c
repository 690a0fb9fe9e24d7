// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "tests/bench/plan.h"

#include <stdlib.h>

#include "common/map.h"
#include "common/random.h"

#define LATE (3 * (uint64_t)INSTANT_PER_DAY)
#define LONGEST_LIFE 130 /* days */
#define STRIDE UINT64_C(2654435761) /* a prime: its multiples visit every complaint once */

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->complaint != y->complaint)
		return x->complaint < y->complaint ? -1 : 1;
	return x->step - y->step;
}

static void add(struct plan *p, struct random *dice, uint64_t complaint, unsigned step, instant time)
{
	int64_t order = p->phase == PHASE_LATER ? (int64_t)(random_next(dice) >> 1) : time;
	if (p->phase != PHASE_LATER && random_below(dice, 100) < p->disorder)
		order += (int64_t)random_below(dice, LATE);
	p->slots[p->n++] = (struct slot){.order = order, .complaint = (uint32_t)complaint, .step = (uint8_t)step};
	if (p->told[complaint] <= step)
		p->told[complaint] = (uint8_t)(step + 1);
}

/* Lives until so many events are told, the last one perhaps not to its end. */
static void tell(struct plan *p, struct random *dice, uint64_t events)
{
	for (uint64_t i = 0; p->n < events && i < p->complaints; i++) {
		uint64_t complaint = p->phase == PHASE_LATER ? i * STRIDE % p->w.complaints : i;
		struct life l;
		life_of(&p->w, complaint, &l);
		unsigned end = p->phase == PHASE_FOUND ? 1 : l.n;
		for (unsigned step = p->phase == PHASE_LATER; step < end && p->n < events; step++)
			add(p, dice, complaint, step, l.steps[step].time);
	}
}

static void repeat(struct plan *p, struct random *dice)
{
	for (uint64_t n = p->n; n && p->n < p->events;) {
		struct slot again = p->slots[random_below(dice, n)];
		if (p->phase != PHASE_LATER)
			again.order += (int64_t)random_below(dice, LATE);
		p->slots[p->n++] = again;
	}
}

static void count(struct plan *p, unsigned unit, day_number day, unsigned which)
{
	uint64_t n = (uint64_t)(day - p->w.first);
	if (n < p->days)
		p->figures[(uint64_t)unit * p->days + n][which]++;
	else
		abort(); /* a life is longer than LONGEST_LIFE says */
}

static void sum_up(struct plan *p)
{
	for (uint64_t i = 0; i < p->complaints; i++) {
		struct life l;
		if (!p->told[i])
			continue;
		life_of(&p->w, i, &l);
		struct figures f = life_figures(&l, p->told[i]);
		count(p, f.unit, f.received, 0);
		if (f.resolved != DAY_NONE)
			count(p, f.unit, f.resolved, 1);
	}
}

bool plan_make(struct plan *p)
{
	struct random dice = {p->w.seed ^ UINT64_C(0x5eed)};
	if (p->phase == PHASE_FOUND)
		p->events = p->w.complaints;
	p->complaints = p->phase == PHASE_ALL && p->w.complaints < p->events ? p->events : p->w.complaints;
	uint64_t last = p->complaints * p->w.days / p->w.complaints;
	p->days = (unsigned)last + LONGEST_LIFE;
	p->slots = calloc(p->events, sizeof *p->slots);
	p->told = calloc(p->complaints, sizeof *p->told);
	p->figures = calloc((uint64_t)(p->w.units + 1) * p->days, sizeof *p->figures);
	if (!p->slots || !p->told || !p->figures)
		return false;
	if (p->phase == PHASE_LATER)
		memset(p->told, 1, p->complaints);
	tell(p, &dice, p->phase == PHASE_FOUND ? p->events : p->events - p->events * p->duplicates / 100);
	repeat(p, &dice);
	qsort(p->slots, p->n, sizeof *p->slots, compare_slots);
	sum_up(p);
	return true;
}

void plan_deinit(struct plan *p)
{
	free(p->slots);
	free(p->told);
	free(p->figures);
}

struct step plan_probe(const struct plan *p, unsigned number)
{
	instant time = (instant)(p->w.first + (day_number)number) * INSTANT_PER_DAY;
	return (struct step){.type = RECEIVED, .unit = p->w.units, .time = time, .dice = hash_bytes(&number, sizeof number, p->w.seed)};
}

void plan_count_probe(struct plan *p, unsigned number)
{
	count(p, p->w.units, p->w.first + (day_number)number, 0);
}
