// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Adds tables, rows and cells to the tables in memory. Where memory is short, functions return false or NULL. */
#include "daemon/verbs/tables.h"

/* The tables must have room for one more. */
struct table *add_table(struct tables *all, const char *name, const struct table_column *columns, size_t n);
#define ADD_TABLE(all, name, columns) add_table(all, name, columns, COUNT(columns))
/* A new row, all NULL. */
struct text *add_row(struct tables *all, struct table *t);

/* Each sets a cell of a row; what is absent (also DAY_NONE) leaves it NULL. */
bool set_text(struct tables *all, struct text *cell, struct text t);
bool set_integer(struct tables *all, struct text *cell, int64_t n);
bool set_decimal(struct tables *all, struct text *cell, decimal d);
bool set_day(struct tables *all, struct text *cell, day_number day);
bool set_cell(struct tables *all, struct text *cell, enum column_type type, const struct cell *c);
/* The unit's code; UNIT_NONE stands for `none` (NULL, or the region). */
bool set_unit(struct tables *all, struct text *cell, const struct units *u, uint32_t unit, struct text none);
