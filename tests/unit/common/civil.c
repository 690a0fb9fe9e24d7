// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "../suite.h"
#include "common/civil.h"
#include "common/random.h"

/* Every day of three centuries against the C library. */
START_TEST(dates_equal_the_c_librarys)
{
	day_number step = test_rounds(20) == 20 ? 1 : 20;
	for (day_number d = day_from_civil(1900, 1, 1); d < day_from_civil(2200, 1, 1); d += step) {
		time_t t = (time_t)d * 86400;
		struct tm tm;
		gmtime_r(&t, &tm);
		struct civil c = civil_from_day(d);
		ck_assert(c.year == tm.tm_year + 1900 && c.month == tm.tm_mon + 1 && c.day == tm.tm_mday);
		ck_assert_int_eq(day_from_civil(c.year, c.month, c.day), d);
		ck_assert_int_eq(weekday(d), (tm.tm_wday + 6) % 7);
		char want[32], got[PERIOD_TEXT_SIZE];
		strftime(want, sizeof want, "%G-W%V", &tm);
		period_format(period_of(GRAIN_WEEK, d), got);
		ck_assert_str_eq(got, want);
		strftime(want, sizeof want, "%Y-%m-%d", &tm);
		date_format(d, got);
		ck_assert_str_eq(got, want);
	}
}
END_TEST

START_TEST(periods_parse_as_they_print)
{
	day_number step = test_rounds(20) == 20 ? 1 : 20;
	for (day_number d = day_from_civil(1900, 1, 8); d < day_from_civil(2199, 12, 20); d += 17 * step)
		for (enum grain g = 0; g < GRAIN_COUNT; g++) {
			struct period p = period_of(g, d), back;
			char text[PERIOD_TEXT_SIZE];
			ck_assert(p.first <= d && d <= p.last);
			period_format(p, text);
			ck_assert_msg(period_parse(text_of(text), &back) == 0, "%s", text);
			ck_assert(back.grain == g && back.first == p.first && back.last == p.last);
		}
	static const char *const bad[] = {"", "24", "2024-", "2024-13", "2024-00", "2024-Q5", "2024-Q0", "2024-S3", "2024-W54", "2023-W53", "2024-W00", "2024-02-30", "1899", "2200",
					  "2024-3", "2024-Q11", "2024 ", "2024-w13", "2024-03-1"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct period p;
		ck_assert_msg(period_parse(text_of(bad[i]), &p) < 0, "%s", bad[i]);
	}
}
END_TEST

START_TEST(rfc3339)
{
	static const struct {
		const char *text, *utc; /* utc NULL: refused */
	} cases[] = {
		{"2024-03-25T08:00:00+07:00", "2024-03-25T01:00:00Z"}, {"2024-03-25t08:00:00z", "2024-03-25T08:00:00Z"}, {"2024-03-25T08:00:00-00:00", "2024-03-25T08:00:00Z"},
		{"2024-03-25T08:00:00.1Z", "2024-03-25T08:00:00.100000Z"}, {"2024-03-25T08:00:00.1234567891Z", "2024-03-25T08:00:00.123456Z"},
		{"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"}, {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"},
		{"2017-01-01T06:59:60+07:00", "2016-12-31T23:59:59.999999Z"}, {"2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.999999Z"}, {"2016-12-31T22:59:60Z", NULL},
		{"2016-12-31T23:58:60Z", NULL}, {"2016-12-31T23:59:60+07:00", NULL}, {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"}, {"2023-02-29T00:00:00Z", NULL},
		{"2024-03-25T24:00:00Z", NULL}, {"2024-03-25T08:60:00Z", NULL}, {"2024-03-25T08:00:61Z", NULL}, {"2024-03-25T08:00:00", NULL}, {"2024-03-25 08:00:00Z", NULL},
		{"2024-03-25T08:00:00.Z", NULL}, {"2024-03-25T08:00:00,5Z", NULL}, {"2024-03-25T08:00Z", NULL}, {"2024-03-25T08:00:00+7:00", NULL}, {"2024-03-25T08:00:00+24:00", NULL},
		{"2024-03-25T08:00:00+07:60", NULL}, {"2024-03-25T08:00:00+0700", NULL}, {"2024-03-25T08:00:00+07", NULL}, {" 2024-03-25T08:00:00Z", NULL}, {"2024-03-25T08:00:00Z ", NULL},
		{"1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"}, {"1900-01-01T00:00:00+00:01", NULL}, {"1899-12-31T23:59:59-00:01", "1900-01-01T00:00:59Z"},
		{"2199-12-31T23:59:59.9Z", "2199-12-31T23:59:59.900000Z"}, {"2199-12-31T23:59:59-00:01", NULL}, {"2200-01-01T00:00:00+00:01", "2199-12-31T23:59:00Z"}, {"0000-01-01T00:00:00Z", NULL},
		{"2024-3-25T08:00:00Z", NULL}, {"2024-03-25T08:00:00\xe2\x88\x92" "07:00", NULL}, {"2024-03-2\xd9\xa1T08:00:00Z", NULL}, {"", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		instant t = 42;
		char got[RFC3339_TEXT_SIZE];
		int r = rfc3339_parse(text_of(cases[i].text), &t);
		ck_assert_msg((r == 0) == (cases[i].utc != NULL), "%s", cases[i].text);
		if (r < 0) {
			ck_assert(t == 42);
			continue;
		}
		rfc3339_format(t, got);
		ck_assert_str_eq(got, cases[i].utc);
	}
}
END_TEST

/* Every instant that counts, written with every offset, is read back; the days and seconds come from the C library. */
START_TEST(rfc3339_equals_the_c_librarys)
{
	struct random r = {13};
	time_t first = (time_t)day_from_civil(1900, 1, 2) * 86400;
	for (int i = 0; i < test_rounds(200000); i++) {
		time_t utc = first + (time_t)random_below(&r, (uint64_t)(day_from_civil(2199, 12, 30) - day_from_civil(1900, 1, 2)) * 86400);
		int minutes = (int)random_below(&r, 2 * 1440 - 1) - 1439, micro = (int)random_below(&r, 1000000), size = minutes < 0 ? -minutes : minutes;
		time_t local = utc + minutes * 60;
		char text[64], want[64], got[RFC3339_TEXT_SIZE];
		struct tm tm;
		instant t;
		gmtime_r(&local, &tm);
		size_t n = strftime(text, sizeof text, i % 2 ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%dt%H:%M:%S", &tm);
		snprintf(text + n, sizeof text - n, ".%06d%c%02d:%02d", micro, minutes < 0 ? '-' : '+', size / 60, size % 60);
		ck_assert_msg(rfc3339_parse(text_of(text), &t) == 0, "%s", text);
		ck_assert_msg(t == (instant)utc * INSTANT_PER_SECOND + micro, "%s", text);
		gmtime_r(&utc, &tm);
		n = strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(want + n, sizeof want - n, micro ? ".%06dZ" : "Z", micro);
		rfc3339_format(t, got);
		ck_assert_str_eq(got, want);
	}
}
END_TEST

/* Any one byte changed to one that cannot stand there, or cut off, is refused and leaves the result alone. */
START_TEST(rfc3339_refuses_foreign_bytes)
{
	static const char good[] = "2024-03-25T18:10:11.123456+07:00";
	for (size_t at = 0; at < sizeof good - 1; at++)
		for (int c = 0; c < 256; c++) {
			char text[sizeof good];
			instant t = 42;
			memcpy(text, good, sizeof good);
			text[at] = (char)c;
			bool digit = c >= '0' && c <= '9', same_kind = c == good[at] || (digit && good[at] >= '0' && good[at] <= '9') || (at == 10 && c == 't') || (at == 26 && c == '-') ||
						      (at > 19 && at < 26 && (c == '+' || c == '-')) || c == 'Z' || c == 'z';
			if (!same_kind) {
				ck_assert_msg(rfc3339_parse((struct text){text, sizeof good - 1}, &t) == -EINVAL, "%zu: %d", at, c);
				ck_assert(t == 42);
			}
		}
	for (size_t n = 0; n < sizeof good - 1; n++) {
		instant t = 42;
		ck_assert(rfc3339_parse((struct text){good, n}, &t) == -EINVAL && t == 42);
	}
	instant t;
	ck_assert_int_eq(rfc3339_parse(TEXT_NONE, &t), -EINVAL);
}
END_TEST

START_TEST(dates)
{
	day_number d = 7;
	ck_assert_int_eq(date_parse(TEXT("2024-02-29"), &d), 0);
	ck_assert_int_eq(d, day_from_civil(2024, 2, 29));
	static const char *const bad[] = {"2023-02-29", "2024-00-01", "2024-13-01", "2024-04-31", "1899-12-31", "2200-01-01", "2024-1-1", "2024/01/01", "2024-01-01 ", ""};
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(date_parse(text_of(bad[i]), &d) < 0, "%s", bad[i]);
}
END_TEST

SUITE("civil", dates_equal_the_c_librarys, periods_parse_as_they_print, rfc3339, rfc3339_equals_the_c_librarys, rfc3339_refuses_foreign_bytes, dates)
