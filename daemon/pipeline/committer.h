// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The store's thread: takes one batch at a time and commits it, trying again for ever where the fault is transient. The hand-over is one slot.
 */
#include <stdbool.h>

#include "daemon/record/batch.h"
#include "daemon/store/store.h"

struct committer;

enum commit_outcome {
	OUTCOME_COMMITTED,
	OUTCOME_FENCED,	   /* another owner has its partitions */
	OUTCOME_ABANDONED, /* told to give up (committer_settle) */
	OUTCOME_FATAL,	   /* stop loudly: `error` */
};

struct commit_result {
	enum commit_outcome outcome;
	struct batch *batch;
	struct store_commit counts;
	int code; /* FATAL: the negative code */
	struct error error;
	int64_t microseconds;
	unsigned retries;
};

/* Starts the thread. The store is its own while a batch is with it, the caller's otherwise. 0, -errno. */
int committer_new(struct store *store, struct committer **ret, struct error *err);
/* Waits for a batch under way. */
struct committer *committer_free(struct committer *c);
/* Readable when something changed: a result is there, or a retry began. */
int committer_fd(const struct committer *c);

bool committer_busy(const struct committer *c);
/* Only when not busy. */
void committer_hand(struct committer *c, struct batch *batch);
/* Takes the result if there is one: afterwards the committer is idle. */
bool committer_take(struct committer *c, struct commit_result *ret);
/* True while it waits to try again; the reason in *ret_reason. */
bool committer_waiting(struct committer *c, struct error *ret_reason);
/* Makes the batch under way end: done if its commit succeeds within `patience` microseconds, ABANDONED if it is being retried or has to be cut short. Waits for that. */
void committer_settle(struct committer *c, int64_t patience);
