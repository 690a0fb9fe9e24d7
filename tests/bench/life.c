// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "tests/bench/life.h"

#include "common/map.h"
#include "common/random.h"

#define MINUTE (60 * INSTANT_PER_SECOND)

struct telling {
	const struct world *w;
	struct life *l;
	struct random dice;
	instant now;
};

static bool chance(struct telling *t, unsigned percent)
{
	return random_below(&t->dice, 100) < percent;
}

static unsigned some_unit(struct telling *t)
{
	return chance(t, t->w->hot) ? 0 : (unsigned)random_below(&t->dice, t->w->units);
}

/* Up to so many days after what happened last, but some minutes at least; typed in to the second, or to the millisecond. */
static void happens(struct telling *t, enum step_type type, unsigned days)
{
	instant unit = INSTANT_PER_SECOND / (chance(t, 50) ? 1 : 1000);
	if (days)
		t->now += 5 * MINUTE + (instant)random_below(&t->dice, days * (uint64_t)INSTANT_PER_DAY);
	t->now -= t->now % unit;
	bool moves = type == RECEIVED || type == FORWARDED;
	t->l->steps[t->l->n++] = (struct step){.type = type, .unit = moves ? some_unit(t) : 0, .time = t->now, .dice = random_next(&t->dice)};
}

static void ends(struct telling *t)
{
	unsigned end = (unsigned)random_below(&t->dice, 100);
	if (end < 10)
		return; /* still open */
	if (end < 15) {
		happens(t, ARCHIVED, 20);
		return;
	}
	if (end < 17) {
		happens(t, WITHDRAWN, 20);
		return;
	}
	happens(t, RESOLVED, 40);
	if (chance(t, 6)) {
		happens(t, REOPENED, 10);
		if (chance(t, 80))
			happens(t, RESOLVED, 20);
	}
	if (chance(t, 45))
		happens(t, RATED, 5);
}

void life_of(const struct world *w, uint64_t complaint, struct life *ret)
{
	struct telling t = {.w = w, .l = ret, .dice = {hash_bytes(&complaint, sizeof complaint, w->seed)}};
	instant span = (instant)w->days * INSTANT_PER_DAY;
	t.now = (instant)w->first * INSTANT_PER_DAY - ZONE + (instant)((unsigned __int128)span * complaint / w->complaints);
	ret->n = 0;
	happens(&t, RECEIVED, 0);
	if (chance(&t, 95))
		happens(&t, VERIFIED, 1);
	if (chance(&t, 10))
		happens(&t, MISROUTED, 1);
	if (chance(&t, 40))
		happens(&t, FORWARDED, 2);
	if (chance(&t, 95))
		happens(&t, RESPONDED, 6);
	ends(&t);
}

static day_number local_day(instant t)
{
	return (day_number)((t + ZONE) / INSTANT_PER_DAY);
}

struct figures life_figures(const struct life *l, unsigned n)
{
	struct figures f = {.unit = l->steps[0].unit, .received = local_day(l->steps[0].time), .resolved = DAY_NONE};
	for (unsigned i = 1; i < n; i++) {
		const struct step *s = &l->steps[i];
		if (s->type == FORWARDED)
			f.unit = s->unit;
		else if (s->type == RESOLVED)
			f.resolved = local_day(s->time);
		else if (s->type == REOPENED)
			f.resolved = DAY_NONE;
	}
	return f;
}
