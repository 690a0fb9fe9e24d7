// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * PostgreSQL behind verbs: the exactly-once store. One transaction holds entities, roll-up additions, rejects, the batch and the offsets.
 *
 * A store belongs to one thread at a time. Its calls block, each with a deadline. What a caller must do is in the result:
 *   0             done
 *   STORE_RETRY   transient (connection lost, deadlock, outage, out of resources, or another writer was faster): call again, after a wait; nothing is lost or doubled
 *                 by that, also when the outcome of a COMMIT was unknown
 *   STORE_FENCED  another owner has taken a partition of this batch over, or the database was restored: drop the batch
 *   negative      stop loudly; the message says why
 */
#include "common/error.h"
#include "daemon/record/basis.h"
#include "daemon/record/batch.h"
#include "daemon/record/kind.h"

#define STORE_RETRY 1
#define STORE_FENCED 2
#define STORE_BEHIND 3 /* store_migration_status only */
#define STORE_SHORT 5  /* store_rebuild_swap only */
#define STORE_NEW 6    /* store_claim only */

struct store;

/* What the database must agree with before figures are computed. */
struct store_basis {
	struct basis basis; /* basis.units is set by the store */
	day_number as_of;   /* DAY_NONE: today */
	int64_t suppression_threshold;
	const char *digest; /* of zone, calendar and rulesets: another one in the database means its figures must be restated */
};

/* Does not connect. owner: a name for this process ("host/pid/random"). */
int store_new(const char *conninfo, const char *owner, struct store **ret_store, struct error *err);
struct store *store_free(struct store *s);

/* Connects if need be; refuses another schema version (-EPROTO, message: run `rekapd migrate`). 0, STORE_RETRY, negative. */
int store_connect(struct store *s, struct error *err);
/* Closes the connection; claims stay known. */
void store_disconnect(struct store *s);
/* How the connection that there is goes over the wire. */
enum store_link {
	STORE_LINK_LOCAL,      /* within this machine */
	STORE_LINK_PLAIN,      /* for all to read */
	STORE_LINK_UNVERIFIED, /* encrypted, to whoever answered */
	STORE_LINK_VERIFIED,   /* encrypted, to the host that was named */
};
enum store_link store_link(const struct store *s);
/* Makes a statement that is running in another thread end soon (for shutdown). Safe from another thread. */
void store_cancel(struct store *s);

/* Applies the numbered migrations, each in a transaction, all under an advisory lock; tells each through `progress`. *ret_applied: how many. */
int store_migrate(struct store *s, void (*progress)(void *arg, const char *line), void *arg, int *ret_applied, struct error *err);
/* One line for each known or applied migration through `line`. 0 if the database is at this program's version, STORE_BEHIND if not, STORE_RETRY, negative. */
int store_migration_status(struct store *s, void (*line)(void *arg, const char *line), void *arg, struct error *err);

/* Loads the unit register into u (units_init first) with its version. */
int store_units_load(struct store *s, struct units *u, struct error *err);
/*
 * Makes the register that of u (upsert by code), and recomputes what depends on it, in one transaction. `b`: as for store_basis_set. u is what was loaded, with changes:
 * STORE_RETRY also when the register is no longer of u's version, whose other rows would undo what was changed since; load it and change it anew.
 */
int store_units_save(struct store *s, const struct units *u, const struct store_basis *b, struct error *err);

/*
 * Adopts the basis: writes settings and rulesets; where the digest differs from the database's, recomputes due dates, flags and the roll-up of every entity in
 * one transaction (progress may be NULL). Must be called before store_commit; s keeps `b` borrowed.
 */
int store_basis_set(struct store *s, const struct store_basis *b, void (*progress)(void *arg, int64_t done, int64_t total), void *arg, struct error *err);

/* One thing that is not as recomputed. */
struct store_difference {
	const char *table;  /* of rekap_store */
	struct text key;    /* the entity's, or "unit measure{dimension}" */
	const char *column; /* or the day */
	struct text stored, computed; /* as JSON; absent: null. Column NULL: computed says what is wrong */
};

/*
 * Recomputes every entity and the roll-up from what one snapshot of the database holds, and compares; blocks nobody. *ret_n: differences told. 0, STORE_RETRY; -EINVAL:
 * the database's figures are of another basis.
 */
int store_verify(struct store *s, const struct store_basis *b, void (*difference)(void *arg, const struct store_difference *d),
		 void (*progress)(void *arg, int64_t done, int64_t total), void *arg, int64_t *ret_n, struct error *err);

/*
 * A rebuild: figures are computed beside the live ones, with the basis b, and swapped in at once. It may end anywhere, and goes on where it was.
 *   from entities: store_rebuild_begin → store_rebuild_entities → store_rebuild_swap
 *   from Kafka: store_rebuild_begin → this store commits batches as any other, to tables of the rebuild → store_rebuild_hold → it catches up → store_rebuild_swap
 * Only one at a time: STORE_RETRY while another runs. -ESTALE: register or rules of the database changed meanwhile, begin again.
 */
enum rebuild_begun { REBUILD_FRESH, REBUILD_RESUMED, REBUILD_VOID /* what was half done was of another basis, and is discarded */ };
int store_rebuild_begin(struct store *s, const struct store_basis *b, bool from_kafka, bool restart, enum rebuild_begun *ret_begun, struct error *err);
/* Computes what is not done yet, or was written since, until little is left for the swap. */
int store_rebuild_entities(struct store *s, void (*progress)(void *arg, int64_t done, int64_t total), void *arg, struct error *err);
/* No other store writes figures until this one's connection ends or idles, or the swap is done. */
int store_rebuild_hold(struct store *s, struct error *err);
struct store_rebuilt {
	int64_t entities, rows, measures; /* looked at; that differed, of entities and of the roll-up */
};
/* STORE_SHORT: the log was not read as far as it is counted; read on. Try again after STORE_RETRY: nothing is swapped twice. */
int store_rebuild_swap(struct store *s, const struct store_basis *b, struct store_rebuilt *ret, struct error *err);

/*
 * Takes the partition over: bumps its epoch. *next: where it begins, which counts only where it was never claimed before (-1: unknown; then STORE_NEW, call again with it);
 * becomes where to go on.
 */
int store_claim(struct store *s, const char *topic, int32_t partition, int64_t *next, struct error *err);
/* Forgets all claims (no SQL). */
void store_release(struct store *s);

struct store_commit {
	int64_t batch_id;                     /* of the last transaction */
	int64_t events, rejected, tombstones; /* items by outcome: accepted, rejected, ignored */
	int64_t unchanged;                    /* of the accepted: duplicates */
	int64_t entities, deltas;             /* rows written */
	int64_t by_reason[REASON_COUNT];
};

/* Adds the counts of one to those of another. */
void store_commit_add(struct store_commit *to, const struct store_commit *done);

/*
 * Folds and commits the batch: items of partitions that are claimed, in order of arrival; or replays (reject_id ≠ 0). Bisects to records that PostgreSQL
 * refuses and rejects those alone. An empty batch only asks whether the claims still hold. 0, STORE_RETRY, STORE_FENCED, negative.
 */
int store_commit(struct store *s, const struct batch *batch, struct store_commit *ret, struct error *err);

struct reject_filter { /* what is absent asks for nothing */
	struct text reason, topic, partition, event_type, status;
	struct text since, until; /* instants: received at or after; before */
	const int64_t *ids;
	size_t n_ids;
	bool waiting; /* only those that are open for want of a unit which the register now has */
};

/* Calls `item` with the record of each, in order, at most `limit` from reject_id > after; none where the body was purged. */
int store_rejects_read(struct store *s, const struct reject_filter *f, int64_t after, int limit,
		       int (*item)(void *arg, int64_t reject_id, const struct record *r), void *arg, struct error *err);
enum letter {
	LETTER_ID,
	LETTER_RECEIVED_AT,
	LETTER_TOPIC,
	LETTER_PARTITION,
	LETTER_OFFSET,
	LETTER_REASON,
	LETTER_STATUS,
	LETTER_TYPE,
	LETTER_EVENT_ID,
	LETTER_DETAIL,
	LETTER_COLUMNS
};
/* Calls `row` with the columns of each reject, all but its body, in order, at most `limit` from reject_id > after. */
int store_rejects_list(struct store *s, const struct reject_filter *f, int64_t after, int limit, int (*row)(void *arg, const struct text *cells), void *arg,
		       struct error *err);
int store_rejects_count(struct store *s, const struct reject_filter *f, int64_t *ret_n, struct error *err);
/*
 * Removes the bodies of at most `limit` rejects from reject_id > *after that are not purged yet; *after moves on, to INT64_MAX when none is left. *ret_n: how
 * many there were.
 */
int store_rejects_purge(struct store *s, const struct reject_filter *f, int64_t *after, int limit, int64_t *ret_n, struct error *err);

/*
 * Connects to ask only, as a login that need not be the daemon's: members of rekap_reader may. With `auditor`: refuses others than members of rekap_auditor
 * (-EACCES).
 */
int store_visit(struct store *s, bool auditor, struct error *err);

/* A question in SQL for verbs such as status: every row as texts (NULL: absent). The statement must be one of this program's. */
int store_query(struct store *s, const char *sql, int (*row)(void *arg, size_t n, const struct text *cells), void *arg, struct error *err);
