// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The working-day calendar (semantics §4): working days (HK) are Monday–Friday that the calendar does not list. A year without a row is unknown, never guessed.
 */
#include "common/civil.h"
#include "common/error.h"

struct calendar;

/*
 * Parses CSV text (RFC 4180, header `date,type,name,basis`; type national or collective_leave). `collective_leave` false: those rows do not count as listed, but their
 * year is known. `name` (a path) stands in messages as name:line. 0, -EINVAL, -ENOMEM.
 */
int calendar_parse(const char *name, struct text csv, bool collective_leave, struct calendar **ret_calendar, struct error *err);
struct calendar *calendar_free(struct calendar *c);

bool calendar_knows(const struct calendar *c, int year);
/* First and last known year; false when the calendar is empty. */
bool calendar_span(const struct calendar *c, int *ret_first, int *ret_last);

/* Positive outcome of the two below: a stepped day lies in a year the calendar does not know; *ret_year names it. */
#define CALENDAR_UNKNOWN_YEAR 1

/* start + n HK: step from the day after, stop at the n-th HK; n = 0 is start itself. */
int calendar_add(const struct calendar *c, day_number start, int n, day_number *ret_day, int *ret_year);
/* Number of HK in (a, b], a ≤ b; 0 if a = b (whatever the year). */
int calendar_between(const struct calendar *c, day_number a, day_number b, int *ret_days, int *ret_year);
