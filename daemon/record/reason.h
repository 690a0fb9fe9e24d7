// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Why a record was not counted: the reasons of semantics.md §1, in its order. */

enum reason {
	REASON_NONE,	  /* accepted */
	REASON_TOMBSTONE, /* counted, ignored, not a reject */
	REASON_TOO_LARGE,
	REASON_NOT_CLOUDEVENT,
	REASON_ENCODING,
	REASON_NOT_JSON,
	REASON_DUPLICATE_KEY,
	REASON_BAD_ENVELOPE,
	REASON_PERSONAL_DATA,
	REASON_UNKNOWN_TYPE,
	REASON_BAD_FIELD,
	REASON_UNKNOWN_UNIT,
	REASON_NOT_STORABLE,
	REASON_TOO_MANY_FACTS,
	REASON_COUNT
};

/* "too_large" … ; "" for REASON_NONE, "tombstone" for REASON_TOMBSTONE */
const char *reason_name(enum reason r);
