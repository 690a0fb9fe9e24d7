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
	FIELD_DECIMAL, /* a string or JSON number, exact; not below min when `min` is 0 (INT64_MIN: no bound) */
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
		const struct answer *answers; /* sorted bytewise by name */
	};
};

#define FIELDS_MAX 16

struct event_type {
	const char *name; /* "id.go.opd.complaint.received.v1" */
	const struct field *fields; /* in the order of contract §1; at most FIELDS_MAX */
	size_t n_fields;
	/* What no single field can tell: the rule that field i breaks given all of them (each present one already well-formed, in order), or NULL. May be NULL. */
	const char *(*check)(const struct value *fields, size_t i);
	/* A top-level data key exempt from the forbidden list; NULL: none. */
	const char *exempt;
};

struct event {
	const struct kind *kind;
	unsigned type; /* index into kind->types */
	struct text id;
	instant time;
	const struct value *fields; /* kind->types[type].n_fields of them */
};
