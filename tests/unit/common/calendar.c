// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdio.h>

#include "../suite.h"
#include "common/calendar.h"
#include "common/file.h"

static struct calendar *load(bool collective_leave)
{
	struct buffer b = {0};
	struct calendar *c = NULL;
	struct error err = {""};
	ck_assert_msg(file_read(TESTS_DIR "/../schemas/calendars/id.csv", 0, &b, &err) == 0, "%s", err.text);
	ck_assert_msg(calendar_parse("id.csv", buffer_view(&b), collective_leave, &c, &err) == 0, "%s", err.text);
	buffer_deinit(&b);
	return c;
}

static day_number day(const char *s)
{
	day_number d = 0;
	ck_assert_int_eq(date_parse(text_of(s), &d), 0);
	return d;
}

START_TEST(deadlines)
{
	static const struct {
		const char *start, *due[4];
	} table[] = {
		{"2024-03-25", {"2024-03-28", "2024-04-02", "2024-04-23", "2024-07-05"}},
		{"2024-04-05", {"2024-04-18", "2024-04-22", "2024-05-06", "2024-07-17"}},
		{"2024-12-20", {"2024-12-27", "2024-12-31", "2025-01-14", "2025-03-24"}},
		{"2025-03-27", {"2025-04-10", "2025-04-14", "2025-04-28", "2025-07-11"}},
	};
	static const int steps[] = {3, 5, 14, 60};
	struct calendar *c = load(true);
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++) {
			day_number due;
			int year, hk;
			ck_assert_int_eq(calendar_add(c, day(table[i].start), steps[k], &due, &year), 0);
			ck_assert_int_eq(due, day(table[i].due[k]));
			ck_assert_int_eq(calendar_between(c, day(table[i].start), due, &hk, &year), 0);
			ck_assert_int_eq(hk, steps[k]);
		}
	calendar_free(c);
}
END_TEST

START_TEST(working_days_of_the_years)
{
	static const int want[] = {239, 238, 237, 240};
	struct calendar *c = load(true);
	int first, last, hk, year;
	ck_assert(calendar_span(c, &first, &last) && first == 2023 && last == 2026);
	for (int y = 2024; y <= 2026; y++) {
		ck_assert_int_eq(calendar_between(c, day_from_civil(y - 1, 12, 31), day_from_civil(y, 12, 31), &hk, &year), 0);
		ck_assert_int_eq(hk, want[y - 2023]);
	}
	/* the first day of the first year is a holiday: counting from it leaves nothing out */
	ck_assert_int_eq(calendar_between(c, day_from_civil(2023, 1, 1), day_from_civil(2023, 12, 31), &hk, &year), 0);
	ck_assert_int_eq(hk, want[0]);
	calendar_free(c);
}
END_TEST

START_TEST(unknown_years_are_named)
{
	struct calendar *c = load(true);
	day_number due;
	int hk, year = 0;
	ck_assert_int_eq(calendar_add(c, day("2026-12-31"), 1, &due, &year), CALENDAR_UNKNOWN_YEAR);
	ck_assert_int_eq(year, 2027);
	ck_assert_int_eq(calendar_add(c, day("2027-03-01"), 0, &due, &year), 0); /* no day is stepped over */
	ck_assert_int_eq(due, day("2027-03-01"));
	ck_assert_int_eq(calendar_between(c, day("2022-12-30"), day("2022-12-30"), &hk, &year), 0);
	ck_assert_int_eq(hk, 0);
	ck_assert_int_eq(calendar_between(c, day("2022-12-30"), day("2023-01-05"), &hk, &year), CALENDAR_UNKNOWN_YEAR);
	ck_assert_int_eq(year, 2022);
	ck_assert_int_eq(calendar_add(c, day("2022-12-31"), 1, &due, &year), 0); /* the start itself is not stepped on */
	ck_assert_int_eq(due, day("2023-01-02"));
	calendar_free(c);
}
END_TEST

START_TEST(collective_leave_may_be_off)
{
	struct calendar *c = load(false);
	day_number due;
	int year;
	ck_assert_int_eq(calendar_add(c, day("2024-02-07"), 1, &due, &year), 0);
	ck_assert_int_eq(due, day("2024-02-09")); /* the 8th is national, the 9th only collective */
	ck_assert(calendar_knows(c, 2023) && !calendar_knows(c, 2027));
	calendar_free(c);
}
END_TEST

START_TEST(faults_name_their_line)
{
	static const struct {
		const char *csv, *where;
	} cases[] = {
		{"date,type,name\n", "c:1: the header must be date,type,name,basis"},
		{"date,type,name,basis\n2024-02-30,national,x,y\n", "c:2: date"},
		{"date,type,name,basis\n2024-02-03,national,x,y\n\n2024-02-04,holiday,x,y\n", "c:4: type"},
		{"date,type,name,basis\n2024-02-03,national,x\n", "c:2: 3 fields"},
		{"date,type,name,basis\n2024-02-03,national,\"x,y\n", "c:2: a quoted field"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct calendar *c;
		struct error err = {""};
		ck_assert_int_lt(calendar_parse("c", text_of(cases[i].csv), true, &c, &err), 0);
		ck_assert_msg(!strncmp(err.text, cases[i].where, strlen(cases[i].where)), "%s", err.text);
	}
}
END_TEST

SUITE("calendar", deadlines, working_days_of_the_years, unknown_years_are_named, collective_leave_may_be_off, faults_name_their_line)
