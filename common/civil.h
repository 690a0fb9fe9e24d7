// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Civil time: days of the proleptic Gregorian calendar, instants in microseconds, periods. Pure; no zone is known here (see zone.h).
 */
#include "common/text.h"

typedef int32_t day_number;	/* days since 1970-01-01 */
typedef int64_t instant;	/* microseconds since 1970-01-01T00:00:00Z */

#define DAY_NONE INT32_MIN
#define INSTANT_NONE INT64_MIN
#define INSTANT_PER_SECOND INT64_C(1000000)
#define INSTANT_PER_DAY (INT64_C(86400) * INSTANT_PER_SECOND)
#define YEAR_MIN 1900
#define YEAR_MAX 2199

struct civil {
	int year, month, day; /* 1..12, 1..31 */
};

day_number day_from_civil(int year, int month, int day);
struct civil civil_from_day(day_number d);
int days_in_month(int year, int month);
/* 0 = Monday … 6 = Sunday */
int weekday(day_number d);

/*
 * `YYYY-MM-DD` [Tt] `hh:mm:ss[.digits]` (Z|z|±hh:mm), exactly as semantics §1.1 narrows RFC 3339: real date, hour ≤ 23, offset ≤ 23:59, second 60 only where the
 * UTC time is 23:59:60 (read as 23:59:59.999999), digits beyond microseconds cut off, UTC year 1900–2199. 0 or -EINVAL; *ret untouched on failure.
 */
int rfc3339_parse(struct text t, instant *ret);
/* `YYYY-MM-DD`, real, 1900–2199. 0 or -EINVAL. */
int date_parse(struct text t, day_number *ret);

#define DATE_TEXT_SIZE 11
#define RFC3339_TEXT_SIZE 33
/* "2024-03-26", NUL-terminated */
void date_format(day_number d, char out[static DATE_TEXT_SIZE]);
/* "2024-03-26T08:00:00Z", with ".123456" when there is a fraction; NUL-terminated */
void rfc3339_format(instant t, char out[static RFC3339_TEXT_SIZE]);

enum grain { GRAIN_DAY, GRAIN_WEEK, GRAIN_MONTH, GRAIN_QUARTER, GRAIN_SEMESTER, GRAIN_YEAR, GRAIN_COUNT };
const char *grain_name(enum grain g); /* "day" … "year" */
int grain_parse(struct text t, enum grain *ret); /* 0 or -EINVAL */

struct period {
	enum grain grain;
	day_number first, last;
};

/* The period of the grain that holds the day; weeks are ISO weeks. */
struct period period_of(enum grain g, day_number d);
/* "2024-03-26", "2024-W13", "2024-03", "2024-Q1", "2024-S1", "2024"; years 1900–2199. 0 or -EINVAL. */
int period_parse(struct text t, struct period *ret);
#define PERIOD_TEXT_SIZE 11
void period_format(struct period p, char out[static PERIOD_TEXT_SIZE]);
