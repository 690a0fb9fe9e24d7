// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The lives of complaints, made up: a complaint of a world has always the same steps, whoever asks and in whatever order, so that events can be made one
 * by one and their sum told beforehand.
 */
#include "common/civil.h"

#define LIFE_MAX 16
#define ZONE (INT64_C(7) * 3600 * INSTANT_PER_SECOND) /* Asia/Jakarta */

enum step_type { RECEIVED, VERIFIED, MISROUTED, FORWARDED, RESPONDED, RESOLVED, REOPENED, RATED, ARCHIVED, WITHDRAWN };

struct world {
	uint64_t seed;
	uint64_t complaints;
	unsigned units;    /* 0 .. units - 1 */
	unsigned hot;      /* percent of the complaints that are unit 0's */
	day_number first;  /* complaints come in evenly over so many days */
	unsigned days;
};

struct step {
	enum step_type type;
	unsigned unit;     /* of received and forwarded */
	instant time;
	uint64_t dice;     /* for whatever else an event needs */
};

struct life {
	unsigned n;
	struct step steps[LIFE_MAX]; /* the first is RECEIVED; times rise */
};

void life_of(const struct world *w, uint64_t complaint, struct life *ret);
/* What it counts as when no more than the first n steps (1 or more) have happened. */
struct figures {
	unsigned unit;
	day_number received, resolved; /* DAY_NONE: it is not */
};
struct figures life_figures(const struct life *l, unsigned n);

/* The event of a step, as its sender writes it, some `bytes` long if that is longer than it has to be. */
void life_event(const struct world *w, uint64_t complaint, const struct step *step, size_t bytes, struct buffer *b);
void life_id(const struct world *w, uint64_t complaint, struct buffer *b);
void life_unit(unsigned unit, struct buffer *b);
