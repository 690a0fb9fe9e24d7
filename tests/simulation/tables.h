// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Rows as READ COMMITTED shows them: others see what is committed, a session sees its own changes, and who wants to write a row that another session has written
 * waits for that one to end.
 */
#include "tests/simulation/sim.h"

struct session;

struct row {
	struct row *next; /* of the bucket */
	struct text key;
	struct text committed, pending; /* absent: no such row */
	struct text saved;              /* what was committed at the time of the backup */
	bool changed;                   /* pending holds */
	struct session *owner;          /* has locked it */
	struct row *touched;            /* the owner's next one */
};

struct table {
	struct row *buckets[256];
	struct row **rows; /* in order of making */
	size_t n, size;
};

enum advisory { ADVISORY_NONE, ADVISORY_SHARED, ADVISORY_EXCLUSIVE };

struct session { /* a server process */
	struct session *next;
	struct instance *client; /* NULL: it is gone */
	bool open, failed;       /* a transaction is open; it failed */
	bool dead;               /* the server ended it */
	bool prepared;           /* an answer is not awaited any more: COMMIT follows */
	const void *waits_for;
	struct session *holder;
	struct row *touched;
	enum advisory advisory;
	bool staged_exists[32], measure_staged_exists;
	struct text *staged[32];
	size_t n_staged[32];
	struct text *measures;
	size_t n_measures;
};

/* The i-th of the fields that a row is made of. */
struct text row_field(struct text fields, int i);
struct row *table_find(struct table *t, struct text key); /* NULL: never was there */
struct row *table_row(struct table *t, struct text key);  /* makes it */
/* What the session sees: absent when there is no such row for it. */
struct text row_seen(const struct row *r, const struct session *s);
/* Waits until the row is the session's. False: the session or its client ended meanwhile. */
bool row_lock(struct row *r, struct session *s, int64_t until, const bool *cancelled);
void row_put(struct row *r, struct text value);

bool advisory_lock(struct session *s, enum advisory mode, int64_t until, const bool *cancelled);
/* `commit`: pending becomes committed; else it is forgotten. Locks are given up. */
void session_end(struct session *s, bool commit);
struct session *sessions(void);
struct session *session_new(struct instance *client);
void session_free(struct session *s);
void tables_reset(void);
