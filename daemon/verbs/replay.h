// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Rejects decided anew, batch by batch, with the present units, rulesets and event types: what passes is counted and becomes `replayed`, what fails stays open
 * with its new reason. Each batch is a transaction of its own; a replay that was killed is simply started again.
 */
#include "daemon/verbs/verbs.h"

struct replay {
	struct store *store; /* its basis set */
	const struct rules *rules;
	struct reject_filter filter;
	bool progress;	   /* tells how far it is, on stderr */
	int64_t total;	   /* for that */
	struct store_commit done;
	/* its own */
	struct batch batch;
	int64_t after;
};

/* Replays all that the filter asks for; r->done sums up. 0, STORE_RETRY, negative. */
int replay_run(struct replay *r, struct error *err);
