// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What an entity kind is: one file of daemon/fold/kinds/ defines one `const struct kind kind_NAME`, and with it
 *   its event types and their fields (the decoder reads them),
 *   its slots: which members of the set of events its state keeps (fold.h folds them, the same way for every kind),
 *   its derivation: rows, contributions and flags as a pure function of that state (derived.h helps it).
 *
 * Mostly an entity is a row of its kind's table. Where the meaning of a report depends on its neighbours of the year (a budget's months, a whistle-blowing
 * report's finer periods), the entity is the year: its state holds the reports of all periods, and each is a row (`by_year`).
 */
#include "common/arena.h"
#include "daemon/record/basis.h"
#include "daemon/record/event.h"

/* Which events a slot keeps. Each rule is a function of the set of events, not of their order. */
enum keep {
	KEEP_EARLIEST,	/* the one with the smallest time; of equal times the larger id, then the larger fields */
	KEEP_HIGHEST,	/* the one of highest precedence: revision, time, id, fields (semantics §2) */
	KEEP_EACH_TIME, /* one for each time (a "fact"); of equal times the larger id, then the larger fields; at most FACTS_MAX */
	KEEP_EACH_PERIOD, /* the one of highest precedence for each value of the type's period field; of kinds by year */
};
#define FACTS_MAX 4096

struct slot {
	unsigned type; /* of the events it takes: index into kind->types */
	enum keep keep;
	bool conflicts; /* remembers that two members (of the winning revision, if there is one) differed in a data field */
	bool (*takes)(const struct value *fields); /* NULL: all of the type */
	bool always; /* every event of the kind comes here: a state without a member in it is none */
};

struct origin { /* coordinates of a Kafka record */
	struct text topic; /* absent: not known */
	int32_t partition;
	int64_t offset;
};

struct member {
	uint8_t slot;
	bool conflicts; /* two members (of the winning revision) that competed for this place differed in a data field; of slots that remember it */
	instant time;
	struct text id;		    /* absent when the type has no field beyond the key: then only the time matters */
	const struct value *fields; /* n_fields of the type, those marked `key` absent; NULL when there are no others */
	struct origin origin;	    /* of the last event that changed this place; of kinds by year, whose rows have it each */
};

struct state {
	struct member *members; /* by slot, then time or period */
	uint32_t n, size;
};

/* The members of a slot: *ret_n of them from the returned one on, in order of time or period. */
const struct member *state_slot(const struct state *s, unsigned slot, size_t *ret_n);
/* The only member of a KEEP_EARLIEST or KEEP_HIGHEST slot, or NULL. */
const struct member *state_one(const struct state *s, unsigned slot);

enum column_type { COLUMN_TEXT, COLUMN_INT4, COLUMN_INT8, COLUMN_NUMERIC, COLUMN_TIMESTAMPTZ, COLUMN_DATE, COLUMN_JSON };

struct column { /* a column of rekap_store.<kind>, besides those every kind has (entity_key, unit_id, state, flags, …); of kinds by year an array, an element a row */
	const char *name;
	enum column_type type;
};

struct cell {
	bool present;
	union {
		struct text text; /* TEXT, JSON */
		int64_t integer;  /* INT4, INT8 */
		decimal numeric;
		instant time;
		day_number day;
	};
};

struct contribution {
	uint32_t unit; /* index in basis->units, already attributed to the day */
	day_number day;
	const char *measure;
	struct text dimension; /* "" or "key=value" */
	decimal value;
};

struct flag {
	const char *name;
	struct text detail; /* absent: none */
	size_t row;
};

/* What an entity means. The arena owns what grows. */
struct derived {
	const struct kind *kind;
	const struct basis *basis;
	uint32_t unit;	    /* index; UNIT_NONE: null */
	struct cell *cells; /* n_rows × kind->n_columns; only kinds by year have more rows than one */
	size_t n_rows, size_rows;
	struct contribution *contributions;
	size_t n_contributions, size_contributions;
	struct flag *flags;
	size_t n_flags, size_flags;
	struct arena *arena;
	bool failed; /* out of memory */
};

struct kind {
	const char *name;  /* "complaint": table rekap_store.complaint, entity_kind of rekap.data_quality */
	const char *topic; /* "opd.complaint" */
	const struct event_type *types;
	size_t n_types;
	const struct slot *slots;
	size_t n_slots;
	/* Fields (by name, NULL-terminated) whose values, joined, are the entity's key. */
	const char *const *key;
	/* The last field of the key is a period: of it only the year stands in the entity's key, and an entity has a row for each. Its first column is then the period, its last
	   three are those of the row's origin (DERIVED_ORIGIN_COLUMNS). */
	bool by_year;
	const struct column *columns;
	size_t n_columns;
	/* Adds the entity's rows, contributions and flags to `out`. Pure: same arguments, same result. */
	void (*derive)(const struct basis *b, const struct state *s, struct derived *out);
};

/* Every kind, in order of name. */
extern const struct kind *const kinds[];
extern const size_t kinds_n;
/* Its place in kinds[]. */
size_t kind_index(const struct kind *k);
/* The type of that full name: its kind and *ret_type; NULL when unknown. */
const struct kind *kind_of_type(struct text name, unsigned *ret_type);

/* The first unit of the event that the register does not know; absent: it knows all. */
struct text event_unknown_unit(const struct event *e, const struct units *u);

/* What the entity with that state means; the arena owns it, strings are borrowed from the state. 0, -ENOMEM. */
int kind_derive(const struct kind *k, const struct basis *b, const struct state *s, struct arena *arena, struct derived *ret);
