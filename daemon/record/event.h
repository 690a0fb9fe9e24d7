// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The typed event: what a kind declares of its event types (struct event_type, struct field) and what the decoder makes of a record (struct event).
 */
#include "common/civil.h"
#include "common/decimal.h"
#include "common/text.h"

enum field_type {
	FIELD_TEXT,    /* a string of 1..max bytes; any character but U+0000 */
	FIELD_UNIT,    /* a unit code of semantics §1.2 */
	FIELD_ENUM,    /* one of `values`, exactly */
	FIELD_INTEGER, /* a JSON number of integral value, min..max */
	FIELD_DECIMAL, /* a string or JSON number, exact; not below min (INT64_MIN: no bound) */
	FIELD_TIME,    /* an instant, as the envelope's time */
	FIELD_DATE,    /* YYYY-MM-DD */
	FIELD_PERIOD,  /* "2024", "2024-S1", "2024-Q1", "2024-03"; only grains whose bit (1 << grain) is in `max` */
	FIELD_ANSWERS, /* an object name → integer; the kind's check judges names and scores */
};

struct field {
	const char *name;
	enum field_type type;
	bool optional;
	bool key;      /* already held by the entity's key: not kept in the state */
	bool revision; /* the revision: the first thing precedence looks at */
	const char *const *values; /* FIELD_ENUM: NULL-terminated */
	int64_t min, max;
};

struct answer {
	struct text name;
	int64_t score; /* INT64_MIN: not an integer */
};

/* A field's value. `text` holds the string (unescaped) for TEXT, UNIT, ENUM, PERIOD; the other members by type. */
struct value {
	bool present;
	uint32_t n_answers;
	struct text text;
	union {
		int64_t integer;
		decimal decimal;
		instant time;
		day_number day;
		struct period period;
		struct answer *answers; /* sorted bytewise by name */
	};
};

#define FIELDS_MAX 16

/* Fields that many types have. */
#define FIELD_OF_ID(what) {.name = what, .type = FIELD_TEXT, .key = true, .max = 256}
#define FIELD_OF_UNIT {.name = "unit", .type = FIELD_UNIT}
#define FIELD_OF_YEAR {.name = "year", .type = FIELD_INTEGER, .min = YEAR_MIN, .max = YEAR_MAX}
#define FIELD_OF_COUNT(what) {.name = what, .type = FIELD_INTEGER, .min = 0, .max = INT64_MAX}
#define FIELD_OF_REVISION {.name = "revision", .type = FIELD_INTEGER, .revision = true, .min = 0, .max = INT64_MAX}

struct event_type {
	const char *name; /* "id.go.opd.complaint.received.v1" */
	size_t name_size; /* its length */
	const struct field *fields; /* in the order of contract §1; at most FIELDS_MAX */
	size_t n_fields;
	/*
	 * What no single field can tell: the rule that field i breaks given all of them, or NULL. Fields up to i are well-formed; of those behind it only `present` is known.
	 * May be NULL.
	 */
	const char *(*check)(const struct value *fields, size_t i);
	/* Takes out of well-formed fields what the contract ignores within them. May be NULL. */
	void (*tidy)(struct value *fields);
	/* A top-level data key exempt from the forbidden list; NULL: none. */
	const char *exempt;
};

/* The type id.go.opd.<what>.v1 with an array of fields; further members may follow. */
#define EVENT_TYPE(what, list) .name = "id.go.opd." what ".v1", .name_size = sizeof("id.go.opd." what ".v1") - 1, .fields = list, .n_fields = COUNT(list)

struct event {
	const struct kind *kind;
	unsigned type; /* index into kind->types */
	struct text id;
	instant time;
	const struct value *fields; /* kind->types[type].n_fields of them */
};
