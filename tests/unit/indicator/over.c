// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Which days count, when there is a row, and what its value is: semantics §5 and §7 with their worked examples. */
#include "tests/unit/suite.h"
#include "world.h"

#define A "1.02.0.00.0.00.01.0000"

static struct world w;

static void start(void)
{
	world_init(&w);
	world_unit(&w, A, NULL);
	world_link(&w);
}

static void add(const char *date, const char *measure, const char *value)
{
	world_add(&w, A, date, measure, "", value);
}

START_TEST(period_counts)
{
	start();
	world_indicator(&w, 0, "count", OVER_PERIOD, false, "1");
	add("2024-03-26", "n", "3");
	add("2025-02-01", "n", "2"); /* beyond the as-of day: facts are facts */
	world_figures(&w);
	assert_figure(&w, A, "count", "2024-03-26", "3");
	assert_figure(&w, A, "count", "2024-W13", "3");
	assert_figure(&w, A, "count", "2024-03", "3");
	assert_figure(&w, A, "count", "2024-Q1", "3");
	assert_figure(&w, A, "count", "2024-S1", "3");
	assert_figure(&w, "region", "count", "2024", "3");
	assert_figure(&w, A, "count", "2024-03-27", "none");
	assert_figure(&w, A, "count", "2024-02", "none");
	assert_figure(&w, A, "count", "2025", "2");
	ck_assert_uint_eq(w.n_figures, 24);
	world_deinit(&w);
}
END_TEST

START_TEST(ratios_round_half_away_from_zero_once)
{
	start();
	world_indicator(&w, 0, "ratio", OVER_PERIOD, true, "1");
	world_indicator(&w, 0, "percent", OVER_PERIOD, true, "100");
	add("2024-01-01", "n", "7"), add("2024-01-01", "d", "2");
	add("2024-01-02", "n", "1"), add("2024-01-02", "d", "8");
	add("2024-01-03", "n", "13"), add("2024-01-03", "d", "3");
	add("2024-01-04", "n", "204500000"), add("2024-01-04", "d", "400000000");
	add("2024-01-05", "n", "1"), add("2024-01-05", "d", "200");
	add("2024-01-06", "n", "1"), add("2024-01-06", "d", "201");
	add("2024-01-07", "n", "-1"), add("2024-01-07", "d", "200");
	world_figures(&w);
	assert_figure(&w, A, "ratio", "2024-01-01", "7/2=3.5");
	assert_figure(&w, A, "percent", "2024-01-02", "1/8=12.5");
	assert_figure(&w, A, "ratio", "2024-01-03", "13/3=4.33");
	assert_figure(&w, A, "percent", "2024-01-04", "204500000/400000000=51.13");
	assert_figure(&w, A, "ratio", "2024-01-05", "1/200=0.01");
	assert_figure(&w, A, "ratio", "2024-01-06", "1/201=0");
	assert_figure(&w, A, "ratio", "2024-01-07", "-1/200=-0.01");
	world_deinit(&w);
}
END_TEST

START_TEST(nothing_to_divide_by)
{
	start();
	world_indicator(&w, 0, "ratio", OVER_PERIOD, true, "1");
	struct indicator *present = world_indicator(&w, 0, "present", OVER_PERIOD, true, "1");
	present->presence = (struct measure_ref){TEXT("reports"), TEXT("")};
	add("2024-01-01", "n", "1");
	add("2024-01-02", "reports", "1");
	add("2024-01-03", "n", "1"), add("2024-01-03", "n", "-1");
	world_figures(&w);
	assert_figure(&w, A, "ratio", "2024-01-01", "1/0 no_denominator");
	assert_figure(&w, A, "ratio", "2024-01-02", "none");
	assert_figure(&w, A, "present", "2024-01-02", "0/0 no_denominator");
	assert_figure(&w, A, "ratio", "2024-01-03", "none");
	world_deinit(&w);
}
END_TEST

/* Due 4, on time 2, late 1, still open 1: 2/4. A deadline counts when its day is over. */
START_TEST(due_counts_days_that_are_over)
{
	start();
	w.as_of = day("2024-03-20");
	world_indicator(&w, 0, "due", OVER_DUE, true, "100");
	add("2024-03-19", "n", "2"), add("2024-03-19", "d", "4");
	add("2024-03-20", "n", "1"), add("2024-03-20", "d", "1");
	add("2024-03-21", "d", "5");
	world_figures(&w);
	assert_figure(&w, A, "due", "2024-03", "2/4=50");
	assert_figure(&w, A, "due", "2024-03-19", "2/4=50");
	assert_figure(&w, A, "due", "2024-03-20", "none");
	assert_figure(&w, A, "due", "2024-03-21", "none");
	assert_figure(&w, A, "due", "2024", "2/4=50");
	world_deinit(&w);
}
END_TEST

START_TEST(stock_is_what_there_is_at_the_end)
{
	start();
	w.as_of = day("2024-04-02");
	world_indicator(&w, 0, "open", OVER_STOCK, false, "1");
	add("2024-02-28", "n", "2");
	add("2024-03-31", "n", "-1");
	add("2024-04-02", "n", "3");
	add("2024-04-03", "n", "7");
	world_figures(&w);
	assert_figure(&w, A, "open", "2024-02-27", "none");
	assert_figure(&w, A, "open", "2024-02-29", "2");
	assert_figure(&w, A, "open", "2024-03-15", "2"); /* nothing changes on that day */
	assert_figure(&w, A, "open", "2024-03-31", "1");
	assert_figure(&w, A, "open", "2024-03", "1");
	assert_figure(&w, A, "open", "2024-04-02", "4");
	assert_figure(&w, A, "open", "2024-04-03", "none");
	assert_figure(&w, A, "open", "2024-04", "4"); /* up to the as-of day */
	assert_figure(&w, A, "open", "2024", "4");
	assert_figure(&w, A, "open", "2025", "none");
	world_deinit(&w);
}
END_TEST

START_TEST(ytd_from_january_where_something_was_reported)
{
	start();
	struct indicator *i = world_indicator(&w, 0, "ytd", OVER_YTD, true, "100");
	i->presence = (struct measure_ref){TEXT("reports"), TEXT("")};
	add("2023-12-31", "n", "50"), add("2023-12-31", "d", "50"), add("2023-12-31", "reports", "1");
	add("2024-01-31", "n", "10"), add("2024-01-31", "d", "100"), add("2024-01-31", "reports", "1");
	add("2024-03-31", "n", "20"), add("2024-03-31", "reports", "1");
	world_figures(&w);
	assert_figure(&w, A, "ytd", "2024-01", "10/100=10");
	assert_figure(&w, A, "ytd", "2024-02", "none");
	assert_figure(&w, A, "ytd", "2024-03", "30/100=30");
	assert_figure(&w, A, "ytd", "2024-Q1", "30/100=30");
	assert_figure(&w, A, "ytd", "2024-W05", "10/100=10");
	assert_figure(&w, A, "ytd", "2024-S2", "none");
	assert_figure(&w, A, "ytd", "2023", "50/50=100");
	world_deinit(&w);
}
END_TEST

/* A quarter is what was reported for the quarter, never made of its months; "nested" adds the finer ones. */
START_TEST(exact_and_nested_by_grain)
{
	start();
	world_indicator(&w, 0, "exact", OVER_EXACT, true, "1");
	world_indicator(&w, 0, "nested", OVER_NESTED, true, "100");
	world_add(&w, A, "2024-03-31", "n", "grain=month", "97.894737"), world_add(&w, A, "2024-03-31", "d", "grain=month", "1");
	world_add(&w, A, "2024-03-31", "n", "grain=month", "87.5"), world_add(&w, A, "2024-03-31", "d", "grain=month", "1");
	world_add(&w, A, "2024-03-31", "n", "grain=quarter", "3"), world_add(&w, A, "2024-03-31", "d", "grain=quarter", "4");
	world_figures(&w);
	assert_figure(&w, A, "exact", "2024-03", "185.394737/2=92.7");
	assert_figure(&w, A, "exact", "2024-Q1", "3/4=0.75");
	assert_figure(&w, A, "exact", "2024", "none");
	assert_figure(&w, A, "nested", "2024-03", "185.394737/2=9269.74");
	assert_figure(&w, A, "nested", "2024-Q1", "188.394737/6=3139.91");
	assert_figure(&w, A, "nested", "2024", "188.394737/6=3139.91");
	assert_figure(&w, A, "nested", "2024-03-31", "none");
	world_deinit(&w);
}
END_TEST

START_TEST(nested_halves)
{
	start();
	world_indicator(&w, 0, "nested", OVER_NESTED, true, "100");
	world_add(&w, A, "2024-01-31", "n", "grain=month", "2"), world_add(&w, A, "2024-01-31", "d", "grain=month", "3");
	world_add(&w, A, "2024-02-29", "n", "grain=month", "1"), world_add(&w, A, "2024-02-29", "d", "grain=month", "3");
	world_figures(&w);
	assert_figure(&w, A, "nested", "2024-Q1", "3/6=50");
	world_deinit(&w);
}
END_TEST

START_TEST(reduction_compares_with_last_year)
{
	start();
	struct indicator *i = world_indicator(&w, 0, "less", OVER_PERIOD, false, "100");
	i->reduction = true;
	i->grains = 1u << GRAIN_YEAR;
	i->presence = (struct measure_ref){TEXT("reports"), TEXT("")};
	add("2021-12-31", "n", "4"), add("2021-12-31", "reports", "1");
	add("2022-12-31", "n", "3"), add("2022-12-31", "reports", "1");
	add("2023-12-31", "n", "5"), add("2023-12-31", "reports", "1");
	add("2025-12-31", "reports", "1");
	world_figures(&w);
	assert_figure(&w, A, "less", "2021", "0/0 no_denominator");
	assert_figure(&w, A, "less", "2022", "1/4=25");
	assert_figure(&w, A, "less", "2023", "0/3=0");
	assert_figure(&w, A, "less", "2024", "none");
	assert_figure(&w, A, "less", "2025", "0/0 no_denominator");
	world_deinit(&w);
}
END_TEST

START_TEST(bands_judge_the_rounded_value)
{
	static const struct band ikm[] = {{TEXT("A"), true, true, {88310000}}, {TEXT("B"), true, true, {76610000}}, {TEXT("C"), true, true, {65000000}},
					  {TEXT("D"), false, false, {0}}};
	static const struct band strict[] = {{TEXT("high"), true, false, {90000000}}, {TEXT("low"), true, false, {50000000}}};
	static const struct bands all[] = {{TEXT("ikm"), ikm, 4}, {TEXT("strict"), strict, 2}};
	start();
	w.sets[1].bands = all; /* bands may stand in another file than the indicators that they judge */
	w.sets[1].n_bands = COUNT(all);
	world_indicator(&w, 0, "ikm", OVER_PERIOD, true, "25")->bands = TEXT("ikm");
	world_indicator(&w, 0, "strict", OVER_PERIOD, false, "1")->bands = TEXT("strict");
	add("2024-01-01", "n", "955"), add("2024-01-01", "d", "261");
	add("2024-01-02", "n", "3532199"), add("2024-01-02", "d", "1000000"); /* 88.304975 → 88.30 */
	add("2024-01-03", "n", "3532200"), add("2024-01-03", "d", "1000000"); /* 88.305 → 88.31 */
	add("2024-01-04", "n", "1"), add("2024-01-04", "d", "1");
	add("2024-01-05", "n", "90");
	world_figures(&w);
	assert_figure(&w, A, "ikm", "2024-01-01", "955/261=91.48 A");
	assert_figure(&w, A, "ikm", "2024-01-02", "3532199/1000000=88.3 B");
	assert_figure(&w, A, "ikm", "2024-01-03", "3532200/1000000=88.31 A");
	assert_figure(&w, A, "ikm", "2024-01-04", "1/1=25 D");
	assert_figure(&w, A, "strict", "2024-01-05", "90 low");
	assert_figure(&w, A, "strict", "2024-01-04", "1");
	world_deinit(&w);
}
END_TEST

START_TEST(the_ruleset_of_the_last_day)
{
	start();
	w.sets[0].valid_to = day("2024-02-10");
	w.sets[1].valid_from = day("2024-02-11");
	world_indicator(&w, 0, "old", OVER_PERIOD, false, "1");
	world_indicator(&w, 1, "new", OVER_PERIOD, false, "1");
	add("2024-02-10", "n", "1");
	world_figures(&w);
	assert_figure(&w, A, "old", "2024-02-10", "1");
	assert_figure(&w, A, "new", "2024-02-10", "none");
	assert_figure(&w, A, "old", "2024-W06", "none"); /* ends on the 11th */
	assert_figure(&w, A, "new", "2024-W06", "1");
	assert_figure(&w, A, "new", "2024-02", "1");
	world_deinit(&w);
}
END_TEST

START_TEST(sorted_region_first)
{
	start();
	world_indicator(&w, 0, "b", OVER_PERIOD, false, "1");
	world_indicator(&w, 0, "a", OVER_PERIOD, false, "1");
	add("2024-05-02", "n", "1");
	add("2024-05-01", "n", "1");
	world_figures(&w);
	ck_assert_uint_eq(w.n_figures, 2 * 2 * 7);
	ck_assert_uint_eq(w.figures[0].unit, UNIT_NONE);
	ck_assert(text_is(w.figures[0].indicator->code, "a"));
	ck_assert_int_eq(w.figures[0].period.first, day("2024-05-01"));
	ck_assert_int_eq(w.figures[1].period.first, day("2024-05-02"));
	ck_assert_uint_eq(w.figures[14].unit, 0);
	world_deinit(&w);
}
END_TEST

START_TEST(nothing_at_all)
{
	start();
	world_indicator(&w, 0, "count", OVER_STOCK, false, "1");
	world_figures(&w);
	ck_assert_uint_eq(w.n_figures, 0);
	world_deinit(&w);
}
END_TEST

SUITE("over", period_counts, ratios_round_half_away_from_zero_once, nothing_to_divide_by, due_counts_days_that_are_over, stock_is_what_there_is_at_the_end,
      ytd_from_january_where_something_was_reported, exact_and_nested_by_grain, nested_halves, reduction_compares_with_last_year, bands_judge_the_rounded_value,
      the_ruleset_of_the_last_day, sorted_region_first, nothing_at_all)
