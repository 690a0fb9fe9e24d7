// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What the files of the store share.
 *
 *   store.c    life, connection, questions          basis.c    settings, rulesets, and the recomputation of all figures
 *   migrate.c  the schema                           commit.c   a batch: one transaction, bisected where the server refuses data
 *   claim.c    partitions and their offsets         entity.c   states in, changed rows out
 *   units.c    the unit register                    measure.c  additions to the roll-up
 *                                                   reject.c   dead letters and their replay
 *
 * Writers of figures hold the advisory lock LOCK_FIGURES shared, whoever changes what figures depend on holds it exclusively: a batch is folded with the basis that
 * the database has, from its first read to its COMMIT.
 */
#include "common/map.h"
#include "daemon/fold/ledger.h"
#include "daemon/store/postgres.h"
#include "daemon/store/store.h"

#define LOCK_FIGURES "7310579610001"
#define LOCK_MIGRATE "7310579610002"

/* Inner outcomes besides PG_… */
#define STORE_AGAIN 8	  /* what was loaded is stale: load and begin anew at once */
#define STORE_COMMITTED 9 /* an earlier COMMIT of this batch, whose outcome was unknown, had happened */

struct claim {
	char *topic;
	int32_t partition, topic_id;
	int64_t epoch, next; /* next: the first offset that is not stored, as far as we know */
	bool held;
	/* in the batch at hand: offsets [first, last]; none: last < first */
	int64_t first, last;
};

struct topic_name {
	char *name;
	int32_t id;
};

struct kind_sql { /* the statements of a kind's table */
	struct buffer load_name, load, copy, stage, copy_stage, update;
	struct pg_statement load_statement;
	unsigned staged; /* the session that has the temporary table */
};

struct store {
	struct pg *pg;
	char *owner;
	unsigned checked; /* the session in which the schema's version was found good */

	const struct store_basis *settings; /* borrowed; NULL: not set yet */
	struct basis basis;		    /* settings->basis with our units */
	struct units units;		    /* units.version: of rekap_store.basis */
	bool has_units;

	struct claim *claims;
	size_t n_claims, size_claims;
	struct topic_name *topics;
	size_t n_topics, size_topics;

	struct ledger ledger;
	struct kind_sql *kinds; /* one for each of kinds[] */
	struct map series;	/* "measure NUL dimension" → series_id, as a pointer */
	struct arena *series_names;
	bool series_fresh; /* some were added by the transaction that is open */
	unsigned measure_staged;

	struct buffer params, rows, scratch; /* reused, so that nothing is allocated for a row */
	size_t array;			     /* where the array that is being filled begins */
};

/* Negative and PG_… of the adapter as a caller of the store sees them. */
static inline int store_outcome(int r)
{
	return r == PG_CONFLICT || r == STORE_AGAIN ? STORE_RETRY : r == PG_DATA ? -EIO : r;
}

/* migrate.c: the schema's version is this program's. 0, PG_RETRY, negative. */
int store_check_version(struct store *s, struct error *err);

/* store.c: connected, with a schema of this version. */
int store_ready(struct store *s, struct error *err);

/* units.c */
int store_reload_units(struct store *s, struct error *err);
