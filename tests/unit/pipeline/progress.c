// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/progress.h"

#include <time.h>

#include "tests/unit/suite.h"

#define SECOND INSTANT_PER_SECOND

/* --- the rate ------------------------------------------------------------------------------------------------------------------------------------ */

/* Notes what is stored every `every` microseconds, at so many records a second, until `until`. */
static int64_t work(struct progress *p, int64_t from, int64_t until, int64_t every, int64_t stored, int64_t rate)
{
	for (int64_t t = from; t <= until; t += every)
		progress_note(p, t, stored + (t - from) * rate / SECOND, true);
	return stored + (until - from) * rate / SECOND;
}

START_TEST(a_rate_needs_a_second)
{
	struct progress p = {0};
	ck_assert_int_eq(progress_rate(&p, 5 * SECOND, 0), 0);
	int64_t stored = work(&p, 5 * SECOND, 5 * SECOND + SECOND - 1, 1000, 0, 1000);
	ck_assert_int_eq(progress_rate(&p, 5 * SECOND + SECOND - 1, stored), 0);
	ck_assert_int_eq(progress_rate(&p, 6 * SECOND, 1000), 1000);
}
END_TEST

START_TEST(a_rate_is_that_of_the_last_ten_seconds)
{
	const int64_t everies[] = {1000, 300000, SECOND, 1700000, 4 * SECOND};
	for (size_t i = 0; i < COUNT(everies); i++) {
		struct progress p = {0};
		int64_t stored = work(&p, SECOND, 101 * SECOND, everies[i], 0, 100);
		stored = work(&p, 101 * SECOND, 121 * SECOND, everies[i], stored, 70000);
		ck_assert_int_eq(progress_rate(&p, 121 * SECOND, stored), 70000);
		ck_assert_uint_lt(p.n, COUNT(p.samples));
	}
}
END_TEST

/* Commits come in lumps: the window evens them out. */
START_TEST(a_rate_does_not_jump_with_each_commit)
{
	struct progress p = {0};
	for (int64_t t = SECOND, stored = 0; t < 60 * SECOND; t += SECOND / 10) {
		stored += t % (2 * SECOND) ? 0 : 20000;
		progress_note(&p, t, stored, true);
		if (t > 12 * SECOND) {
			int64_t rate = progress_rate(&p, t, stored);
			ck_assert_msg(rate > 7900 && rate < 12100, "%lld", (long long)rate);
		}
	}
}
END_TEST

START_TEST(waiting_for_records_is_no_work)
{
	struct progress p = {0};
	int64_t stored = work(&p, SECOND, 30 * SECOND, 100000, 0, 500);
	for (int64_t t = 31 * SECOND; t <= 3600 * SECOND; t += 10 * SECOND)
		progress_note(&p, t, stored, false);
	int64_t later = work(&p, 3611 * SECOND, 3613 * SECOND, 100000, stored, 4000);
	ck_assert_int_eq(later - stored, 8000);
	ck_assert_int_eq(progress_rate(&p, 3613 * SECOND, later), 4000);
}
END_TEST

START_TEST(a_moment_without_records_changes_nothing)
{
	struct progress p = {0};
	int64_t stored = work(&p, SECOND, 20 * SECOND, 100000, 0, 500);
	progress_note(&p, 20 * SECOND, stored, false);
	progress_note(&p, 20 * SECOND + SECOND / 2, stored, true);
	ck_assert_int_eq(progress_rate(&p, 20 * SECOND + SECOND / 2, stored), 500 * 10 * 2 / 21);
}
END_TEST

/* A store that takes nothing is slow: nobody is to think that it will be over soon. */
START_TEST(a_store_that_is_stuck_has_no_rate)
{
	struct progress p = {0};
	int64_t stored = work(&p, SECOND, 20 * SECOND, 100000, 0, 500);
	for (int64_t t = 20 * SECOND; t <= 40 * SECOND; t += SECOND)
		progress_note(&p, t, stored, true);
	ck_assert_int_eq(progress_rate(&p, 40 * SECOND, stored), 0);
}
END_TEST

/* --- words --------------------------------------------------------------------------------------------------------------------------------------- */

static const struct {
	int64_t stored, rate, to_go;
	const char *line, *status;
} paces[] = {
	{0, 0, -1, "0 records", "catching up"},
	{7, 0, -1, "7 records", "catching up"},
	{7, 3, -1, "7 records, 3 a second", "catching up: 3 records a second"},
	{0, 0, 2345678, "0 records, 2 345 678 to go", "catching up: 2 345 678 records to go"},
	{1234567, 98765, 2345678, "1 234 567 records, 98 765 a second, 2 345 678 to go, about 24 s", "catching up: 98 765 records a second, 2 345 678 to go, about 24 s"},
	{999, 999, 119 * 999, "999 records, 999 a second, 118 881 to go, about 119 s", "catching up: 999 records a second, 118 881 to go, about 119 s"},
	{1000, 1000, 120 * 1000, "1 000 records, 1 000 a second, 120 000 to go, about 2 min", "catching up: 1 000 records a second, 120 000 to go, about 2 min"},
	{1, 10, 10 * 7140, "1 records, 10 a second, 71 400 to go, about 119 min", "catching up: 10 records a second, 71 400 to go, about 119 min"},
	{1, 10, 10 * 3600 * 5, "1 records, 10 a second, 180 000 to go, about 5 h", "catching up: 10 records a second, 180 000 to go, about 5 h"},
	{1, 10, 10 * 3600 * 61, "1 records, 10 a second, 2 196 000 to go, about 3 days", "catching up: 10 records a second, 2 196 000 to go, about 3 days"},
	{1, 1, INT64_C(1) << 40, "1 records, 1 a second, 1 099 511 627 776 to go, about 12725829 days", "catching up: 1 records a second, 1 099 511 627 776 to go, about 12725829 days"},
	/* what takes no time is no lag */
	{1500, 0, 0, "1 500 records, 0 to go", "up to date"},
	{1500, 0, 1000, "1 500 records, 1 000 to go", "up to date"},
	{1500, 0, 1001, "1 500 records, 1 001 to go", "catching up: 1 001 records to go"},
	{1500, 50000, 100000, "1 500 records, 50 000 a second, 100 000 to go, about 2 s", "up to date"},
	{1500, 50000, 100001, "1 500 records, 50 000 a second, 100 001 to go, about 3 s", "catching up: 50 000 records a second, 100 001 to go, about 3 s"},
};

START_TEST(pace)
{
	for (size_t i = 0; i < COUNT(paces); i++) {
		const struct progress_view v = {.phase = PROGRESS_READING, .stored = paces[i].stored, .rate = paces[i].rate, .to_go = paces[i].to_go};
		char out[PROGRESS_TEXT_SIZE];
		progress_line(&v, out);
		ck_assert_str_eq(out, paces[i].line);
		progress_status(&v, out);
		ck_assert_str_eq(out, paces[i].status);
	}
}
END_TEST

START_TEST(what_else_it_does)
{
	const instant t = INT64_C(1711436602) * INSTANT_PER_SECOND + 999999; /* 2024-03-26 07:03:22 UTC */
	const struct {
		struct progress_view view;
		const char *status;
	} cases[] = {
		{{.phase = PROGRESS_READING, .committed = t}, "up to date: last commit 2024-03-26 14:03:22"},
		{{.phase = PROGRESS_READING, .committed = t, .to_go = -1}, "catching up"},
		{{.phase = PROGRESS_AWAY, .since = t, .reason = "no route", .to_go = 5000}, "store unavailable since 2024-03-26 14:03:22: no route"},
		{{.phase = PROGRESS_WAITING, .committed = t, .to_go = -1}, "waiting for partitions"},
		{{.phase = PROGRESS_DRAINING, .committed = t, .to_go = 5000}, "draining"},
	};
	setenv("TZ", "Asia/Jakarta", 1);
	tzset();
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[PROGRESS_TEXT_SIZE];
		progress_status(&cases[i].view, out);
		ck_assert_str_eq(out, cases[i].status);
	}
}
END_TEST

/* Whatever a server says, it fits. */
START_TEST(a_long_reason_is_cut)
{
	char reason[4096], out[PROGRESS_TEXT_SIZE];
	memset(reason, 'x', sizeof reason - 1);
	reason[sizeof reason - 1] = 0;
	progress_status(&(struct progress_view){.phase = PROGRESS_AWAY, .reason = reason}, out);
	ck_assert_uint_eq(strlen(out), PROGRESS_TEXT_SIZE - 1);
}
END_TEST

SUITE("progress", a_rate_needs_a_second, a_rate_is_that_of_the_last_ten_seconds, a_rate_does_not_jump_with_each_commit, waiting_for_records_is_no_work, a_moment_without_records_changes_nothing,
      a_store_that_is_stuck_has_no_rate, pace, what_else_it_does, a_long_reason_is_cut)
