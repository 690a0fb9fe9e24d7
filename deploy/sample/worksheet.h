// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* The items of a scorecard, with their scales and weights, as the ruleset file that the daemon carries has them. */
#include <stddef.h>
#include <stdint.h>

struct scale {
	const char *name;
	int choices; /* 0: answered by a numerator and a denominator */
	int hundredths[5];
};

struct leaf {
	char component[32]; /* "ZI.A.MP.P.1" */
	int64_t weight;	    /* in hundredths */
};

struct item {
	char name[32];	   /* "P.MP.1.a" */
	char measured[32]; /* by what; "": nothing */
	const struct scale *scale;
	size_t leaf;
};

struct worksheet {
	struct leaf leaves[128];
	struct item items[256];
	size_t n_leaves, n_items;
};

void load_worksheet(struct worksheet *w, const char *id);
