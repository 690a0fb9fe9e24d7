// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * expect.json of a case: an object, table name → array of rows, a row an object, column → value. Listed tables are complete, in any order of rows; listed
 * columns must match. Numbers are read as they are written, never as binary floating point. A cell of COLUMN_JSON is a text without blanks, its keys in
 * bytewise order, its strings as buffer_json writes them; it is compared with an array or object, whose blanks and order of keys do not matter.
 */
#include <stdio.h>

#include "common/error.h"
#include "daemon/decode/tokenizer.h"
#include "daemon/verbs/tables.h"

struct expected_field {
	struct text column, value; /* value: the number's or the string's characters; an array or object as COLUMN_JSON has it */
	enum token_type type;
	size_t at; /* number of the column, once it is looked up */
};

struct expected_row {
	struct expected_field *fields;
	size_t n;
};

struct expected_table {
	struct text name;
	struct expected_row *rows;
	size_t n, size;
};

struct expectation {
	struct expected_table *tables;
	size_t n, size;
	struct arena *arena; /* owns all of it; borrowed */
	const char *file;
	struct error *err;
};

/* 0; -EINVAL with file and place; -ENOMEM. */
int expect_read(struct expectation *e, const char *file, struct text json, struct arena *arena, struct error *err);

/* Prints what differs, each line after `prefix`, on out. *ret_differences: how many there are (printed or not). 0, -ENOMEM. */
int expect_compare(struct expectation *e, const struct tables *t, const char *prefix, FILE *out, size_t *ret_differences);
