// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Reads RFC 4180 CSV from memory: quoted fields, doubled quotes, CRLF or LF, UTF-8 without NUL, an optional UTF-8 byte order mark before the header.
 */
#include "common/error.h"
#include "common/text.h"

#define CSV_FIELDS_MAX 32

struct csv {
	const char *name; /* for messages: name:line */
	struct text rest;
	unsigned line;			      /* line on which the current record starts, 1-based */
	unsigned next_line;
	struct text field[CSV_FIELDS_MAX];    /* of the current record; borrowed from the input or from `scratch` */
	size_t n_fields;
	struct buffer scratch;
};

void csv_init(struct csv *c, const char *name, struct text input);
void csv_deinit(struct csv *c);
/* 1 = a record was read, 0 = end of input; -EINVAL with name:line and reason (also for bytes that are not UTF-8), -ENOMEM. Blank lines are skipped. */
int csv_next(struct csv *c, struct error *err);
/* Reads the first record and requires exactly these column names. 0, -EINVAL, -ENOMEM. */
int csv_header(struct csv *c, const char *const *columns, size_t n, struct error *err);
