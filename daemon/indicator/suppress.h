// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Suppression (semantics §8): which of the rows of one indicator and period may not be published. */
#include "daemon/record/units.h"
#include "common/decimal.h"

/* The tree of units below the region, which has the slot behind the last unit. */
struct tree {
	uint32_t *first_child, *next_sibling; /* by slot; UNIT_NONE: none; children in order of code */
	uint32_t *order;		      /* all slots, each after the one above it */
	size_t slots;
};

/* 0, -ENOMEM */
int tree_init(struct tree *t, const struct units *units, struct arena *arena);

enum mark { MARK_NONE, MARK_PUBLISHED, MARK_SMALL, MARK_COMPLEMENT }; /* NONE: there is no row */

/* Marks the published rows that must be suppressed. bases: the number of cases behind each row. */
void suppress(const struct tree *t, const decimal *bases, int64_t threshold, enum mark *marks);
