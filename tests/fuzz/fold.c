// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Events, a line each: those of the first one's entity fold to the same state forwards, backwards and twice. */
#include "event.h"

#define EVENTS_MAX 32

static void fold_one(struct state *s, const struct event *e, struct arena *arena)
{
	int r = fold(e->kind, s, e, NULL, arena);
	HOLDS(r == FOLD_CHANGED || r == FOLD_UNCHANGED);
}

static void check_order(const struct event *events, size_t n)
{
	const struct kind *k = events->kind;
	struct arena *arena = arena_number(2);
	struct state forwards = {0}, backwards = {0};
	struct buffer one = {0}, two = {0};
	for (size_t i = 0; i < n; i++)
		fold_one(&forwards, &events[i], arena);
	for (size_t i = 0; i < 2 * n; i++)
		fold_one(&backwards, &events[n - 1 - i / 2], arena);
	state_encode(k, &forwards, &one);
	state_encode(k, &backwards, &two);
	HOLDS(text_equal(buffer_view(&one), buffer_view(&two)), "%s", k->name);
	check_state(k, &forwards, arena);
	buffer_deinit(&one);
	buffer_deinit(&two);
}

void target(struct text input)
{
	struct event events[EVENTS_MAX];
	size_t n = take_entity(input, events, EVENTS_MAX, arena_number(0));
	if (n)
		check_order(events, n);
}
