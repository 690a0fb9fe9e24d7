// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/kind.h"

#include <errno.h>

const struct member *state_slot(const struct state *s, unsigned slot, size_t *ret_n)
{
	size_t first = 0;
	while (first < s->n && s->members[first].slot < slot)
		first++;
	size_t end = first;
	while (end < s->n && s->members[end].slot == slot)
		end++;
	*ret_n = end - first;
	return s->n ? s->members + first : NULL;
}

const struct member *state_one(const struct state *s, unsigned slot)
{
	size_t n;
	const struct member *m = state_slot(s, slot, &n);
	return n ? m : NULL;
}

struct text event_unknown_unit(const struct event *e, const struct units *u)
{
	const struct event_type *t = &e->kind->types[e->type];
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i].type == FIELD_UNIT && e->fields[i].present && units_find(u, e->fields[i].text) == UNIT_NONE)
			return e->fields[i].text;
	return TEXT_NONE;
}

int kind_derive(const struct kind *k, const struct basis *b, const struct state *s, struct arena *arena, struct derived *ret)
{
	*ret = (struct derived){.kind = k, .basis = b, .unit = UNIT_NONE, .arena = arena};
	k->derive(b, s, ret);
	return ret->failed ? -ENOMEM : 0;
}
