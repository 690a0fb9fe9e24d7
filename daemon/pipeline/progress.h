// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* How fast records are stored, how many are left and for how long; and the words for it. */
#include <stdbool.h>

#include "common/civil.h"

#define PROGRESS_SPACING INSTANT_PER_SECOND	   /* of the samples */
#define PROGRESS_WINDOW (10 * INSTANT_PER_SECOND) /* what a rate tells of */

/* Records stored over the last ten seconds, or since work began, if that is less: waiting for records is no work. */
struct progress {
	struct {
		int64_t at, stored;
	} samples[PROGRESS_WINDOW / PROGRESS_SPACING + 2];
	size_t n;
	int64_t idle_since; /* 0: at work */
};

/* Notes what is stored by `now` (monotonic, microseconds). `at_work`: records are in hand. */
void progress_note(struct progress *p, int64_t now, int64_t stored, bool at_work);
/* Records a second; 0: none, or not known yet. */
int64_t progress_rate(const struct progress *p, int64_t now, int64_t stored);

enum progress_phase {
	PROGRESS_WAITING,  /* for partitions */
	PROGRESS_AWAY,	   /* the store is, since `since`, for `reason` */
	PROGRESS_READING,  /* catching up, or up to date */
	PROGRESS_DRAINING, /* what is in hand is stored */
};

struct progress_view {
	enum progress_phase phase;
	int64_t stored, rate; /* rate 0: unknown */
	int64_t to_go;	      /* records to the end of the log, those in hand included; -1: unknown */
	instant committed;    /* the last commit; 0: none yet */
	instant since;
	const char *reason;
};

/* Whether it has fallen behind: so much is left that it takes a while. */
bool progress_behind(const struct progress_view *v);
/* Seconds until all is stored, at this rate; -1: unknown. */
int64_t progress_seconds(const struct progress_view *v);

#define PROGRESS_TEXT_SIZE 1200
/* "1 234 567 records, 98 765 a second, 2 345 678 to go, about 24 s": for who looks on. */
void progress_line(const struct progress_view *v, char out[static PROGRESS_TEXT_SIZE]);
/* "catching up: 98 765 records a second, 2 345 678 to go, about 24 s", or what else it is doing: for the service manager. Times are those of the machine's zone. */
void progress_status(const struct progress_view *v, char out[static PROGRESS_TEXT_SIZE]);
