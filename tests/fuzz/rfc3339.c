// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A time, date or period: accepted exactly when its form and the C library's calendar say so, and written anew it is the same. */
#include <time.h>

#include "common/civil.h"
#include "form.h"

static int number(const char *p, int digits)
{
	int v = 0;
	while (digits--)
		v = v * 10 + (*p++ - '0');
	return v;
}

/* The second of the text, which has the form; false when there is none such. */
static bool second_of(struct text t, time_t *ret)
{
	const char *zone = t.p + t.n - 6;
	bool utc = t.p[t.n - 1] == 'Z' || t.p[t.n - 1] == 'z';
	int hours = utc ? 0 : number(zone + 1, 2), minutes = utc ? 0 : number(zone + 4, 2), second = number(t.p + 17, 2);
	struct tm tm = {.tm_year = number(t.p, 4) - 1900, .tm_mon = number(t.p + 5, 2) - 1, .tm_mday = number(t.p + 8, 2), .tm_hour = number(t.p + 11, 2),
			.tm_min = number(t.p + 14, 2), .tm_sec = second == 60 ? 59 : second};
	struct tm normal = tm;
	if (tm.tm_hour > 23 || tm.tm_min > 59 || second > 60 || hours > 23 || minutes > 59)
		return false;
	time_t s = timegm(&normal);
	if (normal.tm_mday != tm.tm_mday || normal.tm_mon != tm.tm_mon)
		return false;
	s += (utc || *zone == '+' ? -1 : 1) * (hours * 3600 + minutes * 60);
	*ret = s;
	gmtime_r(&s, &normal);
	return normal.tm_year >= 0 && normal.tm_year <= 299 && (second < 60 || (normal.tm_hour == 23 && normal.tm_min == 59));
}

/* The microseconds within it: those of the last of the second before, where it is one too many. */
static int micro_of(struct text t)
{
	int micro = 0, n = 0;
	if (!memcmp(t.p + 17, "60", 2))
		return 999999;
	for (const char *p = t.p + 20; t.p[19] == '.' && n < 6 && *p >= '0' && *p <= '9'; p++, n++)
		micro = micro * 10 + (*p - '0');
	for (; n < 6; n++)
		micro *= 10;
	return micro;
}

static void check_time(struct text t)
{
	instant i, again;
	time_t second = 0;
	char s[RFC3339_TEXT_SIZE];
	static struct form form = {.expression = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"};
	bool well = matches(&form, t) && second_of(t, &second);
	HOLDS((rfc3339_parse(t, &i) == 0) == well, "%.*s", TEXT_ARG(t));
	if (!well)
		return;
	HOLDS(i == (instant)second * INSTANT_PER_SECOND + micro_of(t), "%.*s", TEXT_ARG(t));
	rfc3339_format(i, s);
	HOLDS(rfc3339_parse(text_of(s), &again) == 0 && again == i, "%s", s);
}

static void check_date(struct text t)
{
	day_number d;
	char s[DATE_TEXT_SIZE];
	if (date_parse(t, &d) < 0)
		return;
	date_format(d, s);
	HOLDS(text_is(t, s), "%s", s);
	struct civil c = civil_from_day(d);
	HOLDS(day_from_civil(c.year, c.month, c.day) == d && c.day <= days_in_month(c.year, c.month));
	HOLDS((weekday(d + 7) - weekday(d)) == 0 && (weekday(d) + 1) % 7 == weekday(d + 1));
	for (int g = GRAIN_DAY; g < GRAIN_COUNT; g++) {
		struct period p = period_of((enum grain)g, d);
		HOLDS(p.first <= d && d <= p.last);
	}
}

static void check_period(struct text t)
{
	struct period p, again;
	char s[PERIOD_TEXT_SIZE];
	if (period_parse(t, &p) < 0)
		return;
	period_format(p, s);
	HOLDS(text_is(t, s), "%s", s);
	again = period_of(p.grain, p.first);
	HOLDS(again.first == p.first && again.last == p.last && p.first <= p.last);
}

void target(struct text input)
{
	check_time(input);
	check_date(input);
	check_period(input);
}
