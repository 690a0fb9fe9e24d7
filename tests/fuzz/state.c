// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A byte for the kind, then what may be one of its states: refused, or one that survives its bytes and from which figures can be derived. */
#include <errno.h>

#include "event.h"

void target(struct text input)
{
	struct arena *arena = arena_number(0);
	struct state s;
	if (!input.n)
		return;
	const struct kind *k = kinds[(unsigned char)*input.p % kinds_n];
	int r = state_decode(k, (struct text){input.p + 1, input.n - 1}, arena, &s);
	HOLDS(r == 0 || r == -EINVAL, "%d", r);
	HOLDS(arena_used(arena) <= 4096 * input.n + 4096, "%zu bytes of the arena for %zu", arena_used(arena), input.n);
	if (r == 0)
		check_state(k, &s, arena);
}
