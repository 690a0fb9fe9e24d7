// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * PostgreSQL's binary form of values. A field is its length (-1: null) and its bytes, and stands so in a row of COPY, as an element of an array, and
 * (postgres.h) in a list of parameters: one encoder serves all three.
 */
#include "common/civil.h"
#include "common/decimal.h"
#include "common/text.h"

/* Each appends one field. */
void wire_null(struct buffer *b);
void wire_text(struct buffer *b, struct text t); /* text or bytea; absent: null */
void wire_int4(struct buffer *b, int32_t v);
void wire_int8(struct buffer *b, int64_t v);
void wire_day(struct buffer *b, day_number d);  /* date; DAY_NONE: null */
void wire_time(struct buffer *b, instant t);    /* timestamptz */
void wire_numeric(struct buffer *b, decimal d); /* shortest scale, as PostgreSQL itself would write the value */

/* Array elements are fields. A one-dimensional array is one field as well: begun, filled with n fields, ended. */
enum wire_type { /* OIDs, fixed for ever */
	WIRE_BYTEA = 17, WIRE_INT8 = 20, WIRE_INT4 = 23, WIRE_TEXT = 25, WIRE_JSON = 114, WIRE_DATE = 1082, WIRE_TIMESTAMPTZ = 1184, WIRE_NUMERIC = 1700
};
size_t wire_array_begin(struct buffer *b, enum wire_type element, size_t n);
/* Notes that some element is null, as the server itself would: it needs no such note to read one. */
void wire_array_nulls(struct buffer *b, size_t begun);
void wire_array_end(struct buffer *b, size_t begun);

/* The head of COPY (FORMAT binary); then rows, each its number of fields and those; then the tail. */
void wire_copy_head(struct buffer *b);
void wire_copy_row(struct buffer *b, uint16_t fields);
void wire_copy_tail(struct buffer *b);

/* Back from bytes of the right length; the caller knows the column's type. */
int32_t wire_get_int4(struct text t);
int64_t wire_get_int8(struct text t);
day_number wire_get_day(struct text t);            /* absent: DAY_NONE */
instant wire_get_time(struct text t);
int wire_get_numeric(struct text t, decimal *ret); /* 0; -ERANGE: not a number, or one that a decimal cannot hold */
/* The next field at *at (an offset in `from`), e.g. of an array's elements. False at the end or when the bytes are broken. */
bool wire_next(struct text from, size_t *at, struct text *ret);
/* The elements of a one-dimensional array: *ret_at is where wire_next begins. Returns their number. */
size_t wire_get_array(struct text t, size_t *ret_at);
