// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdlib.h>

#include "../suite.h"
#include "common/calendar.h"
#include "common/file.h"
#include "common/random.h"

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

/* Day by day, as semantics.md puts it: step from the day after, never into a year that is unknown. */
static int step(const struct calendar *c, const bool *listed, day_number base, day_number d, int *ret_year)
{
	*ret_year = civil_from_day(d).year;
	if (!calendar_knows(c, *ret_year))
		return -1;
	return weekday(d) < 5 && !listed[d - base];
}

static void assert_like_stepping(const struct calendar *c, const bool *listed, day_number base, day_number start, int n)
{
	day_number d = start, due = 0;
	int year = 0, got_year = 0, hk = 0, working = 0;
	for (int left = n; left > 0 && working >= 0; left -= working > 0)
		working = step(c, listed, base, ++d, &year);
	ck_assert_int_eq(calendar_add(c, start, n, &due, &got_year), working < 0 ? CALENDAR_UNKNOWN_YEAR : 0);
	if (working < 0)
		ck_assert_int_eq(got_year, year);
	else
		ck_assert_int_eq(due, d);
	int r = calendar_between(c, start, start + n, &hk, &got_year), want = 0;
	working = 0;
	for (d = start; d < start + n && working >= 0; want += working > 0)
		working = step(c, listed, base, ++d, &year);
	ck_assert_int_eq(r, working < 0 ? CALENDAR_UNKNOWN_YEAR : 0);
	ck_assert_int_eq(working < 0 ? got_year : hk, working < 0 ? year : want);
}

/* Calendars of random days, with gaps of years, against stepping. */
START_TEST(answers_equal_stepping)
{
	struct random r = {11};
	day_number base = day_from_civil(1900, 1, 1), end = day_from_civil(2200, 1, 1);
	for (int round = 0; round < 1 + test_rounds(11); round++) {
		bool *listed = calloc((size_t)(end - base), sizeof *listed);
		struct buffer csv = {0};
		buffer_puts(&csv, "date,type,name,basis\n");
		for (int y = round % 2 ? 1900 : 2010; y <= (round % 3 ? 2199 : 2030); y++)
			for (int i = 0; round == 0 || random_below(&r, 10); i++) {
				char text[DATE_TEXT_SIZE];
				day_number d = day_from_civil(y, 1, 1) + (day_number)random_below(&r, 365);
				if (i > 20)
					break;
				date_format(d, text);
				buffer_printf(&csv, "%s,national,x,y\n%s,collective_leave,x,y\n", text, text); /* twice is fine */
				listed[d - base] = true;
			}
		struct calendar *c;
		struct error err;
		ck_assert_msg(calendar_parse("random", buffer_view(&csv), true, &c, &err) == 0, "%s", err.text);
		for (int i = 0; i < test_rounds(4000); i++)
			assert_like_stepping(c, listed, base, day_from_civil(1899, 12, 1) + (day_number)random_below(&r, 301 * 365),
					     (int)random_below(&r, i % 4 ? 90 : 2500));
		for (day_number d = day_from_civil(2010, 12, 1); d < day_from_civil(2011, 2, 1); d++)
			for (int n = 0; n < 40; n++)
				assert_like_stepping(c, listed, base, d, n);
		buffer_deinit(&csv);
		calendar_free(c);
		free(listed);
	}
}
END_TEST

START_TEST(an_empty_calendar_knows_nothing)
{
	struct calendar *c;
	int first, last;
	ck_assert_int_eq(calendar_parse("empty", TEXT("date,type,name,basis\n"), true, &c, NULL), 0);
	ck_assert(!calendar_span(c, &first, &last) && !calendar_knows(c, 2024) && !calendar_knows(c, 1899) && !calendar_knows(c, 2200));
	calendar_free(c);
	ck_assert_ptr_null(calendar_free(NULL));
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
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct calendar *c;
		struct error err = {""};
		ck_assert_int_lt(calendar_parse("c", text_of(cases[i].csv), true, &c, &err), 0);
		ck_assert_msg(!strncmp(err.text, cases[i].where, strlen(cases[i].where)), "%s", err.text);
	}
}
END_TEST

SUITE("calendar", deadlines, working_days_of_the_years, unknown_years_are_named, collective_leave_may_be_off, answers_equal_stepping,
      an_empty_calendar_knows_nothing, faults_name_their_line)
