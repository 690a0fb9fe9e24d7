// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What the files of the store share.
 *
 *   store.c    life, connection, questions          basis.c    settings and rulesets, written under the exclusive lock
 *   migrate.c  the schema                           restate.c  recomputes every entity and the roll-up
 *   units.c    the unit register                    commit.c   a batch: one transaction, bisected where the server refuses data
 *   claim.c    partitions and their offsets         entity.c   states in, changed rows out
 *   reject.c   dead letters and their replay        measure.c  additions to the roll-up
 *   letters.c  what operators ask of dead letters
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
	struct pg_statement load_statement;
	unsigned staged;
};

struct store {
	struct pg *pg;
	char *owner;
	unsigned checked; /* the session in which the schema's version was found good */

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
};

/* Outcomes of inner functions as a caller of the store sees them; each negative one has its message. */
static inline int store_outcome(int r, struct error *err)
{
	if (r == -ENOMEM)
		return error_set(err, r, "store: out of memory");
	return r == STORE_AGAIN ? STORE_RETRY : r == PG_DATA || r == PG_CONFLICT ? -EIO : r;
}

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
/* Upserts the rows of u. *ret_changed: any differed; *ret_refold: so that entities must be derived anew. Under the exclusive lock, the register loaded. */
int units_write(struct store *s, const struct units *u, bool *ret_changed, bool *ret_refold, struct error *err);

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
