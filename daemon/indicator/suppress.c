// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/indicator/suppress.h"

#include <errno.h>

static uint32_t upper(const struct units *units, uint32_t slot)
{
	uint32_t parent = units->all[slot].parent;
	return parent == UNIT_NONE ? (uint32_t)units->n : parent;
}

/* Level by level: the queue of those whose children come next is the order itself. */
static void put_in_order(struct tree *t)
{
	size_t n = 0;
	t->order[n++] = (uint32_t)t->slots - 1;
	for (size_t next = 0; next < n; next++)
		for (uint32_t child = t->first_child[t->order[next]]; child != UNIT_NONE; child = t->next_sibling[child])
			t->order[n++] = child;
}

int tree_init(struct tree *t, const struct units *units, struct arena *arena)
{
	size_t slots = units->n + 1;
	uint32_t *memory = arena_alloc(arena, 3 * slots * sizeof *memory);
	if (!memory)
		return -ENOMEM;
	*t = (struct tree){memory, memory + slots, memory + 2 * slots, slots};
	for (size_t i = 0; i < slots; i++)
		t->first_child[i] = t->next_sibling[i] = UNIT_NONE;
	for (uint32_t i = (uint32_t)units->n; i-- > 0;) { /* backwards: the smallest code becomes the first child */
		uint32_t above = upper(units, i);
		t->next_sibling[i] = t->first_child[above];
		t->first_child[above] = i;
	}
	put_in_order(t);
	return 0;
}

/*
 * One suppressed child could be had from the upper figure by subtraction, and so could an upper complement from its children: a second one must go with it, the
 * published one with the smallest base.
 */
static void complement(const struct tree *t, const decimal *bases, uint32_t slot, enum mark *marks)
{
	uint32_t smallest = UNIT_NONE;
	unsigned small = 0;
	for (uint32_t child = t->first_child[slot]; child != UNIT_NONE; child = t->next_sibling[child]) {
		if (marks[child] == MARK_SMALL)
			small++;
		else if (marks[child] == MARK_PUBLISHED && bases[child].micro > 0 && (smallest == UNIT_NONE || decimal_compare(bases[child], bases[smallest]) < 0))
			smallest = child;
	}
	bool needed = (marks[slot] == MARK_PUBLISHED && small == 1) || (marks[slot] == MARK_COMPLEMENT && small == 0);
	if (needed && smallest != UNIT_NONE)
		marks[smallest] = MARK_COMPLEMENT;
}

void suppress(const struct tree *t, const decimal *bases, int64_t threshold, enum mark *marks)
{
	for (size_t i = 0; i < t->slots; i++)
		if (marks[i] == MARK_PUBLISHED && bases[i].micro > 0 && decimal_compare(bases[i], decimal_of(threshold)) < 0)
			marks[i] = MARK_SMALL;
	for (size_t i = 0; i < t->slots; i++)
		complement(t, bases, t->order[i], marks);
}
