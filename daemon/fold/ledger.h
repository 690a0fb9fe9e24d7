// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A batch's work before any SQL: its events folded per entity, its contributions summed per (unit, measure, dimension, month).
 *
 *   ledger_open with the batch → (the store loads the entities' states: entity_load) → ledger_fold → entity_settle for each that changed → ledger_sort_deltas
 *
 * What an entity means takes many times the room of its state, so the store settles one after the other while it writes them, and forgets each at once.
 */
#include "daemon/fold/fold.h"
#include "daemon/record/batch.h"

struct entity {
	const struct kind *kind;
	struct text key;
	bool exists;	 /* the store has a row */
	int64_t version; /* the store's, of that row */
	struct state before, state;
	bool changed;
	const struct record *last; /* coordinates of the last event that changed it */
	/* after entity_settle: */
	struct text encoded;
	struct derived derived;
};

struct series {
	struct text measure, dimension;
	uint32_t number; /* within the ledger */
	uint32_t rank;	 /* after ledger_sort_deltas: by measure and dimension */
	int32_t id;	 /* the store's; 0: not asked for yet */
};

struct delta { /* one row of the roll-up: a month of one series of one unit */
	uint32_t unit; /* index in basis->units */
	struct series *series;
	day_number month; /* its first day */
	decimal day[31];  /* additions; zero where nothing changes */
};

struct verdict { /* what became of an item: the decoder's reason, or one that only the fold can tell */
	enum reason reason;
	struct text detail;
	struct entity *entity; /* of an accepted event, also when the fold then refuses it; NULL otherwise */
	bool changed;	       /* the event changed its entity: it is no duplicate */
};

struct ledger {
	struct entity **entities; /* after ledger_open: in order of kind and key */
	size_t n_entities;
	struct delta **deltas; /* after ledger_sort_deltas: in order of unit, measure, dimension, month; all-zero ones left out */
	size_t n_deltas;
	struct verdict *verdicts; /* one for each item */
	struct item *items;
	size_t n_items;

	/* the ledger's own */
	const struct basis *basis;
	struct arena *arena;
	struct map *by_key; /* of entities: a map for each kind */
	size_t size_entities, size_deltas;
	struct map series; /* "measure NUL dimension" → struct series; the store reads it too */
	struct delta_slot *delta_slots; /* a hash table: (series, unit, month) → struct delta */
	size_t delta_mask;
	struct series_cache *cache; /* of series without dimension, by the address of the measure's name */
	struct buffer scratch;
};

int ledger_init(struct ledger *l); /* 0, -ENOMEM */
void ledger_deinit(struct ledger *l);
/* Forgets the last batch and takes items[0..n). Judges units: unknown_unit. Collects and sorts the entities. 0, -ENOMEM. */
int ledger_open(struct ledger *l, const struct basis *basis, struct item *items, size_t n);
/* The entity's stored state; bytes are copied. 0; -EINVAL: not a state of this kind; -ENOMEM. */
int entity_load(struct ledger *l, struct entity *e, struct text state, int64_t version);
/* Folds every accepted item into its entity; judges too_many_facts. 0, -ENOMEM. */
int ledger_fold(struct ledger *l);
/* Derives before and after of a changed entity, adds the difference, encodes the state; what the entity then holds is in `arena`. 0, -ENOMEM. */
int entity_settle(struct ledger *l, struct entity *e, struct arena *arena);
/* All that changed, for as long as the batch; sorts the deltas. 0, -ENOMEM. */
int ledger_settle(struct ledger *l);
/* Adds a derived entity's contributions times `sign` to the deltas (for recomputations). 0, -ENOMEM. */
int ledger_add(struct ledger *l, const struct derived *d, int sign);
/* Sorts the deltas and leaves all-zero ones out; nothing is added afterwards. 0, -ENOMEM. */
int ledger_sort_deltas(struct ledger *l);
