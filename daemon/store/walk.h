// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Everything as it should be: derives each entity from its state, sums all contributions, and takes off what the roll-up has. What is left in the store's ledger is
 * what the roll-up lacks. What is done with what differs is the visitor's: restate.c repairs it, verify.c tells it.
 *
 * The sum is kept in memory (some 600 bytes a series, unit and month), the entities are not: they pass by in chunks.
 */
#include "daemon/store/internal.h"

#define CHUNK 5000

struct walk;

struct visitor {
	/* Rows of a kind, and what each should be (its kind NULL: the state cannot be read). Once before the first of them, with NULL for both. */
	int (*chunk)(struct walk *w, const struct kind *k, const struct derived *all, const struct pg_result *res, struct error *err);
	/* What no sum can be made of; NULL: the walk fails. Otherwise 0 to pass it over. */
	int (*broken)(struct walk *w, const char *table, struct text key, const char *what, struct error *err);
};

struct walk {
	struct store *s;
	const struct visitor *visitor;
	void (*progress)(void *arg, int64_t done, int64_t total);
	void *arg;

	struct arena *chunk; /* states and derivations of the rows at hand */
	struct arena *names; /* of series, as long as the ledger */
	int64_t done, total;
	uint32_t *unit_of; /* unit_id → index; UNIT_NONE: the register has none */
	size_t n_unit_of;
	int32_t series; /* whose rows pass by: its names */
	const char *measure;
	struct text dimension;
};

/* Within a transaction, with s->basis as it should be. 0, and the ledger's deltas are sorted. Names of the walk are the ledger's until it is freed. */
int walk_all(struct walk *w, struct error *err);
void walk_free(struct walk *w);
/* What an entity should be; derivations last as long as the arena. -EINVAL: its state cannot be read. */
int walk_derive(struct store *s, const struct kind *k, struct text state, struct arena *arena, struct derived *ret);
/* Appends the fields of the row as it should be to s->rows; what is not derived is that of the row. */
void walk_put_row(struct store *s, const struct derived *d, const struct pg_result *res, size_t row);
