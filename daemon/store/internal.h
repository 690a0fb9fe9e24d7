// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What the files of the store share.
 *
 *   store.c    life, connection, questions          basis.c    settings and rulesets, written under the exclusive lock
 *   migrate.c  the schema                           walk.c     recomputes every entity and the roll-up
 *   units.c    the unit register                    restate.c  … and repairs what differs
 *   claim.c    partitions and their offsets         verify.c   … and tells what differs
 *   reject.c   dead letters and their replay        rebuild.c  recomputes beside the live tables, and swaps
 *   letters.c  what operators ask of dead letters   entity.c   states in, changed rows out
 *   commit.c   a batch: one transaction, bisected   measure.c  additions to the roll-up
 *              where the server refuses data
 *
 * Statements name the tables that hold figures without their schema: the session's search path says whether the live ones are meant (rekap_store, rekap) or those of a
 * rebuild (rekap_rebuild), so that all of this serves both.
 *
 * Writers of figures hold the advisory lock LOCK_FIGURES shared, whoever changes what figures depend on holds it exclusively: a batch is folded with the basis
 * that the database has, from its first read to its COMMIT.
 *
 * Inner functions return 0, PG_RETRY, PG_DATA, PG_CONFLICT, STORE_FENCED, STORE_AGAIN or a negative error.
 */
#include <errno.h>

#include "common/map.h"
#include "daemon/fold/ledger.h"
#include "daemon/store/postgres.h"
#include "daemon/store/store.h"

#define LOCK_FIGURES "7310579610001"
#define LOCK_MIGRATE "7310579610002"
#define LOCK_REBUILD "7310579610003"

/*
 * Planner settings under which the update locks rows in the order of the sorted stage: it can only walk the stage and look each key up. They last as long as
 * the transaction, and nothing after it in the transaction needs another plan. Unprepared on purpose: it is planned with the stage's true size.
 */
#define KEYED_PLAN                                                                                                                                             \
	"SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "               \
	"SET LOCAL random_page_cost = 0.1; "

/* What is wrong with a state, behind the name of its table. */
#define UNREADABLE "holds a state that this program cannot read: run the rekapd that wrote it, or a newer one"

/* A row of measure_month has a column for each day of the longest month. */
#define DAYS 31
#define DAY_COLUMNS "d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13, d14, d15, d16, " \
	"d17, d18, d19, d20, d21, d22, d23, d24, d25, d26, d27, d28, d29, d30, d31"

#define STORE_AGAIN 8 /* what was loaded is stale by now: begin the transaction anew, at once */

struct claim {
	char *topic;
	int32_t partition;
	int64_t epoch, next; /* next: the first offset that is not stored, as far as we know */
	bool held;
	int64_t first, last; /* offsets of the batch at hand; first > last: none */
};

struct topic_id {
	char *topic;
	int32_t id;
};

struct kind_sql { /* a kind's table: its statements, and the session that has its temporary table */
	char *load_name, *load, *walk, *copy, *stage, *copy_stage, *update;
	char *stale; /* of a rebuild: live rows behind a key that its own lack, or have otherwise: theirs are the last columns, state and version */
	struct pg_statement load_statement;
	unsigned staged;
};

struct store {
	struct pg *pg;
	char *owner;
	unsigned checked; /* the session that has its search path, and in which the schema's version was found good */
	unsigned certain; /* that in which the claims were found to hold */
	bool beside;      /* works on the tables of a rebuild, which one session at a time may do */
	struct store_rebuilt swapped;
	bool maybe_swapped; /* the swap came as far as COMMIT; `swapped` is what it did */

	const struct store_basis *settings; /* borrowed; NULL: not set yet */
	struct basis basis;                 /* that of the settings, with our units */
	struct units units;                 /* units.version: of rekap_store.basis */
	bool has_units;

	struct claim *claims;
	size_t n_claims;
	struct topic_id *topics;
	size_t n_topics;

	struct ledger ledger;
	struct kind_sql *kinds; /* one for each of kinds[] */
	struct map series;      /* "measure NUL dimension" → series_id as a pointer */
	struct arena *series_names;
	bool series_fresh;       /* some were added by the transaction that is open */
	unsigned measure_staged; /* the session that has the temporary table of additions */
	char *measure_sql;
	struct pg_statement measure_upsert;

	struct pg_statement advance, note_batch;
	bool doubtful; /* the last COMMIT had an unknown outcome; `doubt` is what it held */
	struct store_commit doubt;

	struct buffer params, rows, scratch; /* reused, so that nothing is allocated for a row */
	struct arena *row;		     /* what the entity that is being written means */
};

/* Outcomes of inner functions as a caller of the store sees them; each negative one has its message. */
static inline int store_outcome(int r, struct error *err)
{
	if (r == -ENOMEM)
		return error_set(err, r, "store: out of memory");
	return r == STORE_AGAIN ? STORE_RETRY : r == PG_DATA || r == PG_CONFLICT ? -EIO : r;
}

/* rebuild.c: no other session is at it. */
int rebuild_lock(struct store *s, struct error *err);

/* store.c: connected, with a schema of this version; what another session learnt is forgotten. */
int store_ready(struct store *s, struct error *err);
/* printf into memory that the caller frees; NULL when out of memory. */
char *store_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends a transaction that failed, and forgets what it would have made true. */
void store_rollback(struct store *s);

/* migrate.c */
int store_check_version(struct store *s, struct error *err);

/* units.c: makes the register as of now that of s. */
int units_reload(struct store *s, struct error *err);
/* Upserts the rows of u. *ret_changed: any differed; *ret_refold: so that entities must be derived anew. Under the exclusive lock, the register loaded. PG_RETRY: u is
 * of another version. */
int units_write(struct store *s, const struct units *u, bool *ret_changed, bool *ret_refold, struct error *err);

/*
 * basis.c: under the exclusive lock, in one transaction, `recompute` does what a restatement does otherwise; then settings and rulesets become those of b. Outcomes as
 * a caller of the store sees them.
 */
int basis_change(struct store *s, const struct store_basis *b, int (*recompute)(struct store *s, void *arg, struct error *err), void *arg, struct error *err);

/* commit.c: BEGIN under the shared lock; *ret_batch_id: a number. STORE_AGAIN: the register was loaded anew; -ESTALE: s->settings are not the database's. */
int figures_begin(struct store *s, int64_t *ret_batch_id, struct error *err);

/* restate.c: derives every entity with s->basis and makes columns, flags and roll-up agree. Under the exclusive lock. */
int restate(struct store *s, void (*progress)(void *arg, int64_t done, int64_t total), void *arg, struct error *err);

/* claim.c */
struct claim *claim_find(struct store *s, struct text topic, int32_t partition); /* NULL: not held */
/* Sees to it that the topic has a surrogate; not within a transaction, which could take it back. */
int topic_learn(struct store *s, struct text topic, struct error *err);
int topics_learn(struct store *s, struct error *err);       /* of the claims that have items */
int32_t topic_id(const struct store *s, struct text topic); /* 0: not learnt */
void topics_forget(struct store *s);
/* Sets the offsets of the claims that have items. STORE_FENCED when one is no longer mine; STORE_AGAIN when some were stored before (claims know now which). */
int claims_advance(struct store *s, struct error *err);
int claims_confirm(struct store *s, struct error *err); /* all that are held. STORE_FENCED */
void claims_advanced(struct store *s); /* the transaction was committed */
/* The batch's partitions as JSON. */
void claims_describe(const struct store *s, struct buffer *out);

/* entity.c */
int entities_stage(struct store *s, struct error *err); /* before the transaction: temporary tables of the ledger's kinds */
int entities_load(struct store *s, struct error *err);
int entities_write(struct store *s, int64_t batch_id, int64_t *ret_n, struct error *err);
const struct kind_sql *kind_sql(struct store *s, const struct kind *k); /* NULL when out of memory */
int kind_stage(struct store *s, const struct kind *k, struct error *err);
/* The parts of a row that are derived; the order of columns is that of kind_sql: key, unit, state, version, flags, topic, partition, offset, the kind's own. */
void put_unit(struct buffer *b, const struct basis *basis, const struct derived *d);
void put_flags(struct buffer *b, const struct derived *d, struct buffer *scratch);
void put_cells(struct buffer *b, const struct derived *d);
enum { ROW_KEY, ROW_UNIT, ROW_STATE, ROW_VERSION, ROW_FLAGS, ROW_TOPIC, ROW_PARTITION, ROW_OFFSET, ROW_CELLS };
/* Writes s->rows (n of them, each with the version it replaces as a last field) over rows of those versions. STORE_AGAIN when not all have them still. */
int entities_update(struct store *s, const struct kind *k, size_t n, struct error *err);

/* measure.c */
int measures_add(struct store *s, struct error *err); /* all of the ledger's deltas, in a transaction */
int measures_stage(struct store *s, struct error *err); /* before the transaction */
/* Adds deltas[0..n) of the ledger to the roll-up. */
int measures_write(struct store *s, struct delta *const *deltas, size_t n, struct error *err);
void series_forget(struct store *s);

/* reject.c */
int rejects_write(struct store *s, struct error *err);      /* of a batch from Kafka */
int rejects_lock(struct store *s, struct error *err);       /* of a replay: items that are no longer open are left out of the fold */
int rejects_set_status(struct store *s, struct error *err); /* of a replay */

/* letters.c: the condition of a filter on rekap.reject r, and its parameters, the first of a statement. */
#define REJECT_MATCHES                                                                                                                                         \
	"($1::text IS NULL OR r.reason = $1) AND ($2::text IS NULL OR r.topic = $2) AND ($3::text IS NULL OR r.partition = $3::int4) "                         \
	"AND ($4::text IS NULL OR r.event_type = $4) AND ($5::text IS NULL OR r.status = $5) AND ($6::text IS NULL OR r.received_at >= $6::timestamptz) "      \
	"AND ($7::text IS NULL OR r.received_at < $7::timestamptz) AND ($8::int8[] IS NULL OR r.reject_id = ANY ($8)) AND r.reject_id > $9::int8 "             \
	"AND ($10::text IS NULL OR r.reason = 'unknown_unit' AND r.status = 'open' "                                                                           \
	"AND EXISTS (SELECT FROM rekap_store.unit u WHERE u.unit_code = r.detail)) "
#define REJECT_FILTER_FIELDS 10
void reject_filter_put(struct store *s, const struct reject_filter *f, int64_t after);
