// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A world of several instances of the daemon, one Kafka and one PostgreSQL, in which nothing happens by chance but by the seed.
 *
 * The pipeline and the store are the real ones. Beneath them, behind the same headers, lie a simulated source (broker.c: source.h) and a simulated server
 * (server.c: postgres.h); threads, clocks, descriptors, randomness and memory are ours, too (scheduler.c, memory.c: replaced when the program is linked).
 *
 *   scheduler.c  tasks that take turns, and virtual time      broker.c  logs of partitions, the consumer group, sources
 *   memory.c     what an instance holds dies with it          tables.c  rows with a committed and a pending value, locks, transactions
 *   world.c      instances, faults, the end                   server.c  connections and the statements of the store
 *   model.c      what must be in the tables at the end        simulate.c  seeds, shrinking, the report
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"
#include "common/random.h"
#include "daemon/pipeline/rules.h"

#define MILLISECOND INT64_C(1000)
#define SECOND INT64_C(1000000)
#define NEVER INT64_MAX

#define INSTANCES_MAX 4
#define PARTITIONS_MAX 6
#define RECORDS_MAX 240
#define UNSTORABLE "~unstorable~" /* what the simulated server refuses to store */

enum fault {
	FAULT_CRASH,           /* an instance is gone between two steps; another takes its place later */
	FAULT_TERMINATE,       /* SIGTERM; another takes its place later */
	FAULT_FREEZE,          /* SIGSTOP, SIGCONT after a while, maybe past the end of its session */
	FAULT_REBALANCE,       /* the group begins anew */
	FAULT_EVICTION,        /* a member is put out though it lives */
	FAULT_BROKER,          /* no records for a while */
	FAULT_CLOCK,           /* the wall clock of an instance jumps */
	FAULT_SLOW,            /* a statement takes seconds to minutes */
	FAULT_SQLSTATE,        /* a statement fails with a code that passes */
	FAULT_CUT_BEFORE,      /* the connection is lost before a statement arrives */
	FAULT_CUT_AFTER,       /* … before its answer arrives */
	FAULT_COMMIT_FAILS,    /* COMMIT is refused */
	FAULT_COMMIT_DONE,     /* COMMIT happens, the connection is lost before the answer */
	FAULT_COMMIT_NOT_DONE, /* COMMIT does not happen, the connection is lost */
	FAULT_COMMIT_LATER,    /* COMMIT happens a while after the connection was lost, or after the instance gave up */
	FAULT_RESTART,         /* the server restarts: all connections are lost, and what was not committed */
	FAULT_OUTAGE,          /* the server is away for a while */
	FAULT_RESTORE,         /* the server comes back as it was earlier: restored from a backup, or a standby that lacks the last commits */
	FAULTS
};
extern const char *const fault_names[FAULTS];

struct instance {
	int number;
	char owner[32];
	bool running, frozen;
	int64_t frozen_until;
	int64_t clock_jump;
	uint64_t signals; /* pending, a bit each */
	int signal_fd;
	struct allocation *memory;  /* what it has allocated */
	struct source *source;
	struct store *store;
	bool told_to_end;
};

struct log_record {
	int64_t offset;
	struct text key, value; /* value absent: a tombstone */
	bool unstorable;
};

struct partition_log {
	const char *topic;
	int32_t number;
	struct log_record *records;
	size_t n, visible; /* visible: already produced */
	int64_t end;       /* behind the last record that is visible */
};

/* What a seed decides before anything runs; shrinking makes it smaller. */
struct plan {
	uint64_t seed;
	int instances, partitions;
	size_t records;
	unsigned faults;      /* a bit for each kind that may happen */
	uint64_t fault_limit; /* how many in all */
};

struct world {
	struct plan plan;
	struct random random;
	int64_t now;
	bool faulty, ending, over; /* ending: everyone was told to */
	int64_t faults_end;
	const char *violation; /* what promise was broken; NULL: none */
	char violation_text[512];
	uint64_t steps;
	unsigned rates[FAULTS]; /* of 4096 */
	int64_t latency;        /* of a statement, at most */
	uint64_t strays;        /* one record of so many has another partition than its entity */
	uint64_t injected[FAULTS], n_injected;
	struct instance instances[INSTANCES_MAX];
	struct partition_log logs[PARTITIONS_MAX];
	struct config config;
	const struct rules *rules;
	bool trace;
};
extern struct world world;

/* --- world.c --- */
void world_run(const struct plan *plan, const struct rules *rules, const struct config *config, bool trace);
/* Notes the first broken promise and ends the world. */
void violated(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t chance(uint64_t n); /* 0 ≤ result < n */
/* Whether a fault of that kind happens here and now. */
bool strikes(enum fault f);
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Memory that lasts as long as the world, zeroed. */
void *world_alloc(size_t n);
struct text world_copy(const void *p, size_t n);
/* Ends an instance without a warning. */
void instance_crash(struct instance *i);

/* --- scheduler.c --- */
void scheduler_reset(void);
/* A task of an instance (NULL: of the world). */
int task_start(struct instance *owner, void *(*run)(void *arg), void *arg);
void tasks_drop(struct instance *owner);
/* Runs tasks and timers until the world is over. */
void scheduler_run(void);
void timer_after(int64_t microseconds, void (*fire)(void *arg), void *arg);
struct instance *current_instance(void);
/* Of the task that runs: lets others go first; waits until `on` is woken (true) or until then (false). */
void task_yield(void);
bool task_wait(const void *on, int64_t until);
void task_wake(const void *on);
void task_wake_pollers(void); /* whoever polls looks again */
/* Descriptors that exist in the world only. */
int fd_open(struct instance *owner);
void fd_signal(int fd);
void fd_close(int fd);
size_t fds_of(const struct instance *i);
void fds_drop(const struct instance *i);

/* --- memory.c --- */
void memory_drop(struct instance *i);
size_t memory_of(const struct instance *i);

/* --- broker.c --- */
void broker_reset(void);
void broker_produce(void); /* some more records become visible */
bool broker_all_produced(void);
void broker_rebalance(void);
void broker_evict(struct instance *i);
void broker_died(struct instance *i);
void broker_pause(int64_t until);

/* --- server.c --- */
void server_reset(void);
void server_restart(int64_t down_for);
void server_save(void);    /* as it is now */
void server_restore(void); /* as it was when it was saved */
void server_lost_client(struct instance *i); /* its process is gone */
void server_client_frozen(struct instance *i);
/* The committed next_offset of a partition; 0 when there is none. */
int64_t server_next_offset(const char *topic, int32_t partition);
/* The committed tables, for the model. `visit` returns false to end. */
void server_each_entity(bool (*visit)(void *arg, const char *kind, struct text key, struct text fields), void *arg);
void server_each_measure(bool (*visit)(void *arg, struct text measure, struct text dimension, int32_t unit, day_number month, const decimal *days, decimal total), void *arg);
void server_each_reject(bool (*visit)(void *arg, struct text topic, int32_t partition, int64_t offset, struct text reason, struct text detail), void *arg);
void server_batches(int64_t *ret_events, int64_t *ret_rejected);
size_t server_sessions(void);

/* --- model.c --- */
/* Makes the logs of the plan. */
void model_logs(void);
/* Compares the tables with the logs. */
void model_check(void);
extern const char *const model_units[];
extern const size_t model_units_n;
