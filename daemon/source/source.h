// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Kafka behind verbs. A source is a consumer in a group: it hands on records of the partitions that its owner has claimed, from the offsets that the claims gave.
 * The broker's committed offsets never decide where to start.
 *
 * All calls come from one thread; handlers are called from within source_poll and source_free.
 *
 *   0 done · SOURCE_RETRY transient, call again · negative: stop loudly, the message says why
 */
#include "common/config.h"
#include "common/error.h"
#include "daemon/record/record.h"

#define SOURCE_RETRY 1

struct source;

struct source_partition {
	const char *topic;
	int32_t partition;
	int64_t next;
};

struct source_handlers {
	void *arg;
	/*
	 * The group gives these partitions to this member (all that it has; maybe none): claim them and set each `next`. Return 0, or SOURCE_RETRY when that cannot be done
	 * now: then nothing is fetched, and source_poll asks again.
	 */
	int (*assigned)(void *arg, struct source_partition *partitions, size_t n);
	/*
	 * All partitions are about to go: finish or drop what is under way; records of before are void from now on. `lost`: they are gone already, and another member may
	 * be waiting for what this one has locked.
	 */
	void (*revoked)(void *arg, bool lost);
};

/* Joins the group; owner of `c` and `h` stays the caller. 0, negative. */
int source_new(const struct config *c, const struct source_handlers *h, struct source **ret_source, struct error *err);
/* Leaves the group. NULL is accepted. */
struct source *source_free(struct source *s);

/* Becomes readable when source_poll has something to do. */
int source_fd(const struct source *s);
/*
 * Serves the group and hands on at most `max` records, without waiting. Their bytes are in the arena, their topics valid until they are revoked. 0, negative.
 * *ret_n == max: there may be more. max is at least 1. Must be called every few seconds, also while source_pause is on (then hardly a record comes).
 */
int source_poll(struct source *s, struct arena *arena, struct record *ret_records, size_t max, size_t *ret_n, struct error *err);

/* Whether a broker has answered since the start: the group may still give nothing. */
bool source_reached(struct source *s);

/* Stops or resumes the flow without leaving the group. */
void source_pause(struct source *s, bool pause);

/* The offset with which the partition begins in Kafka now; -1: no broker says so soon. May wait for half a second: for the handler `assigned`, where nothing else tells. */
int64_t source_begin(struct source *s, const char *topic, int32_t partition);

/* The claims turned out to be void: all records of before are, too. Asks to claim anew after `delay` microseconds. Not from within a handler. */
void source_reclaim(struct source *s, int64_t delay);

/*
 * Everything before `next` is stored. The broker is to know some time, for lag tools only. Where the broker lacks what comes next in a partition, source_poll hands on no more,
 * and stops with -ENODATA once all that it handed on is stored.
 */
void source_commit(struct source *s, struct text topic, int32_t partition, int64_t next);

/* Records between what was handed on and the end of the partitions, as far as known; -1: not known yet. */
int64_t source_lag(struct source *s);
/*
 * True once every assigned partition was handed on up to the end it had when it was assigned; where others hold partitions too, not before a member that died lately would
 * have lost its own to this one.
 */
bool source_drained(struct source *s);
/* source_drained means the ends that partitions have from now on. */
void source_drain_anew(struct source *s);

/* --- beside the consumer --------------------------------------------------------------------------------------------------------------------- */

/*
 * Existing topics that the subscription `topics` matches: `topic` for each with its number of partitions. 0, SOURCE_RETRY (no broker within the time), -EACCES (a
 * broker refuses us or is not trusted; the message names the remedy), negative.
 */
int source_topics(const struct config *c, int timeout_ms, void (*topic)(void *arg, const char *name, int partitions), void *arg, struct error *err);

/* The low and high end of partitions: fills ends[i] (low, high). Likewise. */
struct source_end {
	int64_t low, high;
};
int source_ends(const struct config *c, int timeout_ms, const struct source_partition *partitions, size_t n, struct source_end *ret_ends, struct error *err);

/* A producer for `publish`: idempotent, waits for all replicas. */
struct producer;
/* Once a broker answers. 0, or as source_topics. */
int producer_new(const struct config *c, struct producer **ret_producer, struct error *err);
struct producer *producer_free(struct producer *p);
/* Queues a record (copied). 0, SOURCE_RETRY: the queue stays full, negative. */
int producer_send(struct producer *p, const char *topic, struct text key, struct text value, const struct header *headers, size_t n_headers, struct error *err);
/* Waits until all are delivered. 0; SOURCE_RETRY: not within the time, or the broker refused one; *ret_delivered so far. */
int producer_flush(struct producer *p, int timeout_ms, int64_t *ret_delivered, struct error *err);

/* The mechanism of SASL that is set; NULL: none. */
const char *source_mechanism(const struct config *c);
/* The client library's version, "2.0.2"; as a number 0x020002. */
const char *source_library_version(void);
int source_library_number(void);
