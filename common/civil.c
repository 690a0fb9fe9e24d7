// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/civil.h"

#include <errno.h>
#include <stdio.h>

/* Days from 0000-03-01, with years that start in March so that the leap day comes last (a 400-year era has 146 097 days). */
day_number day_from_civil(int year, int month, int day)
{
	int y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, year_of_era = y - era * 400;
	int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

/*
 * C. Neri, L. Schneider, "Euclidean affine functions and their application to calendar algorithms", Software: Practice and Experience 53 (2023), figure 12: the
 * divisions of the usual way become multiplications, which matters because every contribution asks for its month. Years begin in March, as above, and are counted from
 * ERAS × 400 years before year 0, so that nothing is negative.
 */
#define ERAS 82

struct civil civil_from_day(day_number d)
{
	uint32_t n = 4 * ((uint32_t)d + 719468 + 146097 * ERAS) + 3, century = n / 146097, of_century = n % 146097 | 3;
	uint64_t product = UINT64_C(2939745) * of_century;
	uint32_t of_year = (uint32_t)product / 2939745 / 4, month = (2141 * of_year + 197913) >> 16;
	bool next_year = of_year >= 306; /* January and February */
	return (struct civil){
		.year = (int)(100 * century + (uint32_t)(product >> 32) + next_year) - 400 * ERAS,
		.month = (int)(next_year ? month - 12 : month),
		.day = (int)((2141 * of_year + 197913) % 65536 / 2141) + 1,
	};
}

int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

int weekday(day_number d)
{
	int w = (d + 3) % 7; /* 1970-01-01 was a Thursday */
	return w < 0 ? w + 7 : w;
}

/* Two digits at p as a number; -1 when one is none. */
static int two_digits(const char *p)
{
	unsigned tens = (unsigned char)p[0] - (unsigned)'0', ones = (unsigned char)p[1] - (unsigned)'0';
	return tens > 9 || ones > 9 ? -1 : (int)(10 * tens + ones);
}

/* Likewise four. */
static int four_digits(const char *p)
{
	int high = two_digits(p), low = two_digits(p + 2);
	return high < 0 || low < 0 ? -1 : 100 * high + low;
}

/* A real date YYYY-MM-DD of any four-digit year at p, which has ten bytes. */
static bool read_date(const char *p, day_number *ret)
{
	int y = four_digits(p), m = two_digits(p + 5), d = two_digits(p + 8);
	if (p[4] != '-' || p[7] != '-' || y < 0 || m < 1 || m > 12 || d < 1 || (d > 28 && d > days_in_month(y, m)))
		return false;
	*ret = day_from_civil(y, m, d);
	return true;
}

int date_parse(struct text t, day_number *ret)
{
	day_number d;
	if (!t.p || t.n != 10 || !read_date(t.p, &d))
		return -EINVAL;
	int year = four_digits(t.p);
	if (year < YEAR_MIN || year > YEAR_MAX)
		return -EINVAL;
	*ret = d;
	return 0;
}

/* hh:mm:ss at p, which has eight bytes, in seconds of the day; the second may be 60. -1: none. */
static int read_clock(const char *p)
{
	int h = two_digits(p), m = two_digits(p + 3), s = two_digits(p + 6);
	if (p[2] != ':' || p[5] != ':' || h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60)
		return -1;
	return h * 3600 + m * 60 + s;
}

/* `.digits` at *p, cut to microseconds; -1 when the point has no digit behind it. */
static int read_fraction(const char **p, const char *end)
{
	int micro = 0, n = 0;
	if (*p == end || **p != '.')
		return 0;
	for (++*p; *p < end && **p >= '0' && **p <= '9'; ++*p, n++)
		if (n < 6)
			micro = micro * 10 + (**p - '0');
	for (int i = n; i < 6; i++)
		micro *= 10;
	return n ? micro : -1;
}

/* Z or ±hh:mm as the whole rest, in seconds east. */
static bool read_offset(const char *p, const char *end, int *ret)
{
	*ret = 0;
	if (end - p == 1 && (*p == 'Z' || *p == 'z'))
		return true;
	if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':')
		return false;
	int h = two_digits(p + 1), m = two_digits(p + 4);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return false;
	*ret = (*p == '-' ? -1 : 1) * (h * 3600 + m * 60);
	return true;
}

#define FIRST_DAY INT64_C(-25567) /* 1900-01-01 */
#define END_DAY INT64_C(84006)    /* 2200-01-01 */

int rfc3339_parse(struct text t, instant *ret)
{
	day_number day;
	int offset;
	if (!t.p || t.n < 20 || !read_date(t.p, &day) || (t.p[10] != 'T' && t.p[10] != 't'))
		return -EINVAL;
	const char *p = t.p + 19, *end = t.p + t.n;
	int second = read_clock(t.p + 11), micro = read_fraction(&p, end);
	if (second < 0 || micro < 0 || !read_offset(p, end, &offset))
		return -EINVAL;
	int64_t utc = (int64_t)day * 86400 + second - offset;
	if (t.p[17] == '6') { /* a leap second: real only at the end of a UTC day, read as the last microsecond before it */
		if (utc % 86400 != 0)
			return -EINVAL;
		utc--;
		micro = 999999;
	}
	if (utc < FIRST_DAY * 86400 || utc >= END_DAY * 86400)
		return -EINVAL;
	*ret = utc * INSTANT_PER_SECOND + micro;
	return 0;
}

/* v in n digits at p, with the byte that follows them; returns what comes next. */
static char *put_digits(char *p, unsigned v, int n, char next)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	p[n] = next;
	return p + n + 1;
}

void date_format(day_number d, char out[static DATE_TEXT_SIZE])
{
	struct civil c = civil_from_day(d);
	char *p = put_digits(out, (unsigned)c.year, 4, '-');
	p = put_digits(p, (unsigned)c.month, 2, '-');
	put_digits(p, (unsigned)c.day, 2, 0);
}

void rfc3339_format(instant t, char out[static RFC3339_TEXT_SIZE])
{
	int64_t day = t / INSTANT_PER_DAY - (t % INSTANT_PER_DAY < 0), in_day = t - day * INSTANT_PER_DAY;
	unsigned second = (unsigned)(in_day / INSTANT_PER_SECOND), micro = (unsigned)(in_day % INSTANT_PER_SECOND);
	date_format((day_number)day, out);
	char *p = out + DATE_TEXT_SIZE;
	p[-1] = 'T';
	p = put_digits(p, second / 3600, 2, ':');
	p = put_digits(p, second / 60 % 60, 2, ':');
	p = put_digits(p, second % 60, 2, micro ? '.' : 'Z');
	if (micro)
		p = put_digits(p, micro, 6, 'Z');
	*p = 0;
}

static const char *const grains[GRAIN_COUNT] = {"day", "week", "month", "quarter", "semester", "year"};

const char *grain_name(enum grain g)
{
	return grains[g];
}

int grain_parse(struct text t, enum grain *ret)
{
	for (int g = 0; g < GRAIN_COUNT; g++)
		if (text_is(t, grains[g])) {
			*ret = (enum grain)g;
			return 0;
		}
	return -EINVAL;
}

/* The n-th span of `months` months of the year, from 0. */
static struct period months_of(enum grain g, int year, int months, int n)
{
	int first = n * months + 1, last = first + months - 1;
	return (struct period){g, day_from_civil(year, first, 1), day_from_civil(year, last, days_in_month(year, last))};
}

struct period period_of(enum grain g, day_number d)
{
	struct civil c = civil_from_day(d);
	switch (g) {
	case GRAIN_DAY:
	case GRAIN_COUNT:
		break;
	case GRAIN_WEEK:
		return (struct period){g, d - weekday(d), d - weekday(d) + 6};
	case GRAIN_MONTH:
		return months_of(g, c.year, 1, c.month - 1);
	case GRAIN_QUARTER:
		return months_of(g, c.year, 3, (c.month - 1) / 3);
	case GRAIN_SEMESTER:
		return months_of(g, c.year, 6, (c.month - 1) / 6);
	case GRAIN_YEAR:
		return months_of(g, c.year, 12, 0);
	}
	return (struct period){GRAIN_DAY, d, d};
}

/* The Monday of ISO week 1: the week that holds 4 January. */
static day_number first_monday(int year)
{
	day_number d = day_from_civil(year, 1, 4);
	return d - weekday(d);
}

static bool read_week(struct text t, int year, struct period *ret)
{
	int n = two_digits(t.p + 6);
	day_number monday = first_monday(year) + (n - 1) * 7;
	if (n < 1 || monday >= first_monday(year + 1))
		return false;
	*ret = (struct period){GRAIN_WEEK, monday, monday + 6};
	return true;
}

/* What stands behind "YYYY-": "Qn", "Sn", "MM", "Www", "MM-DD". */
static bool read_part(struct text t, int year, struct period *ret)
{
	int one = t.p[6] - '0', two = two_digits(t.p + 5);
	if (t.n == 10 && date_parse(t, &ret->first) == 0)
		*ret = (struct period){GRAIN_DAY, ret->first, ret->first};
	else if (t.n == 8 && t.p[5] == 'W')
		return read_week(t, year, ret);
	else if (t.n == 7 && t.p[5] == 'Q' && one >= 1 && one <= 4)
		*ret = months_of(GRAIN_QUARTER, year, 3, one - 1);
	else if (t.n == 7 && t.p[5] == 'S' && one >= 1 && one <= 2)
		*ret = months_of(GRAIN_SEMESTER, year, 6, one - 1);
	else if (t.n == 7 && two >= 1 && two <= 12)
		*ret = months_of(GRAIN_MONTH, year, 1, two - 1);
	else
		return false;
	return true;
}

int period_parse(struct text t, struct period *ret)
{
	struct period p;
	int year = t.p && t.n >= 4 ? four_digits(t.p) : -1;
	if (year < YEAR_MIN || year > YEAR_MAX)
		return -EINVAL;
	if (t.n == 4)
		p = months_of(GRAIN_YEAR, year, 12, 0);
	else if (t.n < 7 || t.p[4] != '-' || !read_part(t, year, &p))
		return -EINVAL;
	*ret = p;
	return 0;
}

void period_format(struct period p, char out[static PERIOD_TEXT_SIZE])
{
	struct civil c = civil_from_day(p.first);
	unsigned year = (unsigned)c.year % 10000, month = (unsigned)c.month % 100;
	switch (p.grain) {
	case GRAIN_DAY:
	case GRAIN_COUNT:
		date_format(p.first, out);
		break;
	case GRAIN_WEEK:
		c = civil_from_day(p.first + 3); /* the Thursday's year is the week's */
		snprintf(out, PERIOD_TEXT_SIZE, "%04u-W%02u", (unsigned)c.year % 10000, (unsigned)((p.first - first_monday(c.year)) / 7 + 1) % 100);
		break;
	case GRAIN_MONTH:
		snprintf(out, PERIOD_TEXT_SIZE, "%04u-%02u", year, month);
		break;
	case GRAIN_QUARTER:
		snprintf(out, PERIOD_TEXT_SIZE, "%04u-Q%u", year, month / 3 % 10 + 1);
		break;
	case GRAIN_SEMESTER:
		snprintf(out, PERIOD_TEXT_SIZE, "%04u-S%u", year, month > 6 ? 2u : 1u);
		break;
	case GRAIN_YEAR:
		snprintf(out, PERIOD_TEXT_SIZE, "%04u", year);
		break;
	}
}
