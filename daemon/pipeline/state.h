// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What the pipeline is doing: one enum, one transition function. */

enum pipeline_state {
	PIPELINE_IDLE,	   /* nothing is filled, nothing is stored: waits for records */
	PIPELINE_FILLING,  /* records are decoded into a batch; the store is idle */
	PIPELINE_STORING,  /* a batch is being committed; the next one may fill meanwhile */
	PIPELINE_BACKOFF,  /* the commit failed for a transient reason and waits before it is tried again */
	PIPELINE_DRAINING, /* told to end: what is filled is committed, nothing more is taken */
	PIPELINE_STOPPED,  /* over */
	PIPELINE_STATES
};

enum pipeline_event {
	EVENT_RECORDS,	 /* records were decoded into an empty batch */
	EVENT_HANDED,	 /* the batch went to the store */
	EVENT_COMMITTED, /* the store is done with a batch: committed, fenced off or abandoned */
	EVENT_RETRY,	 /* the store will try again later */
	EVENT_AGAIN,	 /* the store tries again now */
	EVENT_DROPPED,	 /* what was filled is void: its partitions are gone */
	EVENT_END,	 /* a signal, or drained */
	EVENT_FATAL,	 /* stop loudly */
	PIPELINE_EVENTS
};

/* The state after the event. `filled`: the filling batch holds records; `busy`: the store has a batch. */
enum pipeline_state pipeline_next(enum pipeline_state s, enum pipeline_event e, int filled, int busy);
const char *pipeline_state_name(enum pipeline_state s);
