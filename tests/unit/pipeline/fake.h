// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A Kafka and a PostgreSQL of a few hundred lines behind source.h and store.h, for tests of the pipeline. A topic is a list of offsets a partition; the store notes what was
 * counted, and each commit is held to the rules: partitions claimed under the present epoch, nothing left out, nothing twice.
 *
 * Tests steer by hooks: `on_poll` runs in the pipeline's thread at the start of every source_poll, `on_commit` and `on_claim` instead of success.
 */
#include <stdatomic.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/source/source.h"

#define FAKE_PARTITIONS 4
#define FAKE_RECORDS 20000
#define FAKE_TOPIC "opd.complaint"

struct fake_partition {
	int64_t n;		    /* records: offsets 0, 2, 4 … (gaps as compaction leaves them) */
	int64_t position;	    /* the source's: index of the next record */
	int64_t next, epoch, mine;  /* the store's: stored offset and epoch (0: never claimed); the epoch that the pipeline claimed, 0: not held */
	int64_t told;		    /* what the broker was told is done */
	uint8_t counted[FAKE_RECORDS];
};

struct fake {
	struct fake_partition partitions[FAKE_PARTITIONS];
	int32_t n_partitions;
	size_t value_bytes; /* of each record */

	/* hooks */
	void (*on_poll)(unsigned n);
	int (*on_commit)(unsigned n, const struct batch *b); /* 0: commit; else what store_commit returns */
	int (*on_claim)(unsigned n);
	int (*on_source)(unsigned n, struct error *err); /* a fault of source_poll */
	unsigned silent; /* so many questions where a partition begins find no broker */

	/* what happened */
	unsigned claims, begins, pauses, reclaims, batches_taken; /* begins: questions where a partition does */
	atomic_uint polls;
	atomic_uint commits, cancels;
	size_t held_most; /* bytes in the arenas that records were handed into */
	size_t batch_most;
	const char *broken; /* the first rule that was broken, or NULL */
	bool paused;
};

extern struct fake fake;

/* A fresh world: that many partitions with so many records each, assigned at the first poll. */
void fake_reset(int32_t partitions, int64_t records);
/* For on_poll: served within the same poll. */
void fake_assign(void);
void fake_revoke(bool lost);
/* Another owner takes the partition over. */
void fake_steal(int32_t partition);
/* True when each record was counted exactly once and no rule was broken. */
bool fake_counted_once(void);
int64_t fake_counted(void);
/* Waits in a hook of the store's thread until store_cancel was called (or ten seconds have passed). */
bool fake_wait_cancel(void);
