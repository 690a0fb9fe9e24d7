// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What derivations do: fill rows, count, keep stocks, flag, find due days. Units are indexes before attribution: counts go to the unit that the day is attributed to.
 * Out of memory is noted in d->failed.
 */
#include "daemon/record/kind.h"

/* A new row, all NULL: n_columns cells, valid until the next row. Later flags are its own. NULL when out of memory (then d->failed). */
struct cell *derived_row(struct derived *d);
/* The fields of the type from number `first` to `last` as cells, one after the other. */
void derived_fields(struct cell *cells, const struct event_type *t, const struct value *fields, size_t first, size_t last);
struct cell cell_text(struct text t); /* absent: NULL */
struct cell cell_name(const char *name);
struct cell cell_integer(int64_t n);
struct cell cell_day(day_number day);  /* DAY_NONE: NULL */
struct cell cell_time(instant time);   /* INSTANT_NONE: NULL */
/* Columns and cells of a row's own coordinates, of kinds by year. */
#define ORIGIN_COLUMNS {"row_topic", COLUMN_TEXT}, {"row_partition", COLUMN_INT4}, {"row_offset", COLUMN_INT8}
void derived_origin(struct cell *cells, const struct origin *o);

/* A count of n for '' on the day; nothing when the day is DAY_NONE. */
void derived_count(struct derived *d, uint32_t unit, day_number day, const char *measure, int64_t n);
void derived_measure(struct derived *d, uint32_t unit, day_number day, const char *measure, struct text dimension, decimal value);
/* "key=value" of a present value; counts nothing when absent. */
void derived_dimension(struct derived *d, uint32_t unit, day_number day, const char *measure, const char *key, struct text value, decimal amount);
/* A stock of 1 on the days [first, end): +1 and −1, moved on to successors (semantics §6). end DAY_NONE: for ever. Empty intervals count nothing. */
void derived_stock(struct derived *d, uint32_t unit, day_number first, day_number end, const char *measure);
/* Notes a flag of the last row once. `detail` must outlive d. */
void derived_flag(struct derived *d, const char *name, struct text detail);
/*
 * The flags that every founding fact may have: conflicting_revision, or of a type without one conflicting_facts; unit_not_valid, when the unit to which d->unit's
 * counts of the fact's principal day go is not valid on that day.
 */
void derived_fact_flags(struct derived *d, const struct event_type *t, const struct member *m, day_number day);
/* Flags no_calendar with the year. */
void derived_no_calendar(struct derived *d, int year);
/* The day a deadline ends; DAY_NONE and a flag (no_calendar) when the calendar does not know. */
day_number derived_due(struct derived *d, const struct deadline *deadline, day_number start);
/* The same for the deadline `name` (or `name.sub`) of the ruleset that is valid on the start day; without one it flags no_ruleset. */
day_number derived_ruled_due(struct derived *d, const char *name, struct text sub, day_number start);
/* The day of an instant in the zone; DAY_NONE of INSTANT_NONE. */
day_number derived_day(const struct basis *b, instant t);
