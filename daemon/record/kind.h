// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What an entity kind is: one file of daemon/fold/kinds/ defines one `const struct kind kind_NAME`, and with it
 *   its event types and their fields (the decoder reads them),
 *   its slots: which members of the set of events its state keeps (fold.h folds them, the same way for every kind),
 *   its derivation: columns, contributions and flags as a pure function of that state.
 */
#include "common/arena.h"
#include "daemon/record/basis.h"
#include "daemon/record/event.h"

/* Which events a slot keeps. Each rule is a function of the set of events, not of their order. */
enum keep {
	KEEP_EARLIEST,	/* the one with the smallest time; of equal times the larger id, then the larger fields */
	KEEP_HIGHEST,	/* the one of highest precedence: revision, time, id, fields (semantics §2) */
	KEEP_EACH_TIME, /* one for each time (a "fact"); of equal times the larger id, then the larger fields; at most FACTS_MAX */
};
#define FACTS_MAX 4096

struct slot {
	unsigned type; /* of the events it takes: index into kind->types */
	enum keep keep;
	bool conflicts; /* remembers that two members (of the winning revision, if there is one) differed in a data field */
	bool (*takes)(const struct value *fields); /* NULL: all of the type */
};

struct member {
	uint8_t slot;
	instant time;
	struct text id;		    /* absent when the type has no field beyond the key: then only the time matters */
	const struct value *fields; /* n_fields of the type, those marked `key` absent; NULL when there are no others */
};

struct state {
	struct member *members; /* by slot, then time */
	uint32_t n, size;
	uint32_t conflicts; /* bit 1 << slot */
};

/* The members of a slot: *ret_n of them from the returned one on, in order of time. */
const struct member *state_slot(const struct state *s, unsigned slot, size_t *ret_n);
/* The only member of a KEEP_EARLIEST or KEEP_HIGHEST slot, or NULL. */
const struct member *state_one(const struct state *s, unsigned slot);

enum column_type { COLUMN_TEXT, COLUMN_INT4, COLUMN_INT8, COLUMN_NUMERIC, COLUMN_TIMESTAMPTZ, COLUMN_DATE };

struct column { /* a column of rekap_store.<kind>, besides those every kind has (entity_key, unit_id, state, flags, …) */
	const char *name;
	enum column_type type;
};

struct cell {
	bool present;
	union {
		struct text text;
		int64_t integer; /* INT4, INT8 */
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
};

#define COLUMNS_MAX 24

/* What an entity means. The arena owns what grows. */
struct derived {
	uint32_t unit; /* index; UNIT_NONE: null */
	struct cell cells[COLUMNS_MAX];
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
	const struct column *columns;
	size_t n_columns;
	/* Fills a zeroed `out` (its arena set). Pure: same arguments, same result. */
	void (*derive)(const struct basis *b, const struct state *s, struct derived *out);
};

/* Every kind, in order of name. */
extern const struct kind *const kinds[];
extern const size_t kinds_n;
/* The type of that full name: its kind and *ret_type; NULL when unknown. */
const struct kind *kind_of_type(struct text name, unsigned *ret_type);

/* Helpers for derivations; units are indexes before attribution. */
void derived_measure(struct derived *d, const struct basis *b, uint32_t unit, day_number day, const char *measure, struct text dimension, decimal value);
/* "key=value" of a present value; counts nothing when absent. */
void derived_dimension(struct derived *d, const struct basis *b, uint32_t unit, day_number day, const char *measure, const char *key, struct text value, decimal amount);
/* A stock of 1 on the days [first, end): +1 and −1, moved on to successors (semantics §6). end DAY_NONE: for ever. Empty intervals count nothing. */
void derived_stock(struct derived *d, const struct basis *b, uint32_t unit, day_number first, day_number end, const char *measure);
/* Notes a flag once. `detail` must outlive d. */
void derived_flag(struct derived *d, const char *name, struct text detail);
/* Flags no_calendar with the year. */
void derived_no_calendar(struct derived *d, int year);
/* The day a deadline ends; DAY_NONE and a flag (no_calendar) when the calendar does not know. */
day_number derived_due(struct derived *d, const struct basis *b, const struct deadline *deadline, day_number start);
