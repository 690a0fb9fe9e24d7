// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The tables of contract §2 in memory, as analysts would see them, from a ledger that started from nothing: what `test` compares with its expectations.
 */
#include "daemon/fold/ledger.h"
#include "daemon/indicator/indicator.h"

#define TABLE_COLUMNS_MAX 32

struct table_column {
	const char *name;
	enum column_type type;
};

struct table {
	const char *name;
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t n_columns;
	struct text *cells; /* row by row; absent: NULL */
	size_t n_rows, size;
};

struct tables {
	struct table *all;
	size_t n, size;
	struct arena *arena; /* owns all of it; borrowed */
};

/*
 * What the ledger holds after ledger_settle, and the figures that follow from it; as_of is a day. The items are those of ledger_open: they become the rejects.
 * 0, -ENOMEM, -ERANGE (a figure too large).
 */
int tables_make(struct tables *t, const struct ledger *l, day_number as_of, int64_t suppression_threshold, struct arena *arena);
/* NULL: there is no such table. */
const struct table *tables_find(const struct tables *t, struct text name);
/* The column's number; n_columns: there is none. */
size_t table_column(const struct table *t, struct text name);

static inline struct text table_cell(const struct table *t, size_t row, size_t column)
{
	return t->cells[row * t->n_columns + column];
}
