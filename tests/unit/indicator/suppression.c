// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* semantics §8: a figure on few cases, and the second one that must go with it, on a tree of three levels: 01 (0101 …, 0102 …), 02, 03. */
#include "tests/unit/suite.h"
#include "world.h"

#define T1 "1.01.0.00.0.00.01.0000"
#define T1A "1.01.0.00.0.00.01.0001"
#define T1B "1.01.0.00.0.00.01.0002"
#define T1BX "1.01.0.00.0.00.01.0003"
#define T1BY "1.01.0.00.0.00.01.0004"
#define T2 "1.02.0.00.0.00.02.0000"
#define T3 "1.03.0.00.0.00.03.0000"

static struct world w;

static void start(void)
{
	world_init(&w);
	world_unit(&w, T1, NULL);
	world_unit(&w, T1A, T1);
	world_unit(&w, T1B, T1);
	world_unit(&w, T1BX, T1B);
	world_unit(&w, T1BY, T1B);
	world_unit(&w, T2, NULL);
	world_unit(&w, T3, NULL);
	world_link(&w);
	w.threshold = 5;
	world_indicator(&w, 0, "count", OVER_PERIOD, false, "1")->suppress = true;
	w.indicators[0][0].grains = 1u << GRAIN_MONTH;
}

static void add(const char *unit, const char *value)
{
	world_add(&w, unit, "2024-03-05", "n", "", value);
}

/* o: published, x: suppressed, .: no row; for each unit in order of code, the region first. */
static void expect(const char *want)
{
	static const char *const units[] = {"region", T1, T1A, T1B, T1BX, T1BY, T2, T3};
	char got[COUNT(units) + 1] = "";
	world_figures(&w);
	for (size_t i = 0; i < COUNT(units); i++) {
		const struct figure *f = world_find(&w, units[i], "count", "2024-03");
		got[i] = !f ? '.' : f->state == FIGURE_SUPPRESSED ? 'x' : 'o';
		if (f && f->state == FIGURE_SUPPRESSED)
			ck_assert_str_eq(world_show(&w, units[i], "count", "2024-03"), "suppressed");
	}
	ck_assert_str_eq(got, want);
	world_deinit(&w);
}

START_TEST(few_cases_and_the_smallest_sibling)
{
	start();
	add(T1, "20"), add(T2, "4"), add(T3, "9");
	expect("oo....xx");
}
END_TEST

START_TEST(the_threshold_itself_is_published)
{
	start();
	add(T1, "5"), add(T2, "5"), add(T3, "9");
	expect("oo....oo");
}
END_TEST

START_TEST(two_small_ones_hide_each_other)
{
	start();
	add(T1, "20"), add(T2, "4"), add(T3, "1");
	expect("oo....xx");
}
END_TEST

START_TEST(three_small_ones)
{
	start();
	add(T1, "3"), add(T2, "4"), add(T3, "1");
	expect("ox....xx");
}
END_TEST

START_TEST(ties_go_by_code)
{
	start();
	add(T1, "9"), add(T2, "4"), add(T3, "9");
	expect("ox....xo");
}
END_TEST

START_TEST(no_other_to_hide_behind)
{
	start();
	add(T2, "4"), add(T1, "20"), add(T1, "-20");
	expect("x.....x.");
}
END_TEST

/* T2 is small, T1 its complement; from T1's children, published, T1 could be had back: the smaller of them goes too, and so on below it. */
START_TEST(a_complement_goes_down)
{
	start();
	add(T2, "2"), add(T3, "30"), add(T1A, "12"), add(T1BX, "5"), add(T1BY, "6");
	expect("oxoxxoxo");
}
END_TEST

/* The upper one is a complement already, and a child is small: enough is hidden. */
START_TEST(a_complement_above_a_small_one)
{
	start();
	add(T2, "2"), add(T3, "40"), add(T1A, "3"), add(T1BX, "6"), add(T1BY, "7");
	expect("oxxoooxo");
}
END_TEST

/* A small child in a published upper one takes a sibling with it, whose own children must then hide one. */
START_TEST(a_small_one_takes_its_sibling_down)
{
	start();
	add(T1A, "3"), add(T1BX, "8"), add(T1BY, "7"), add(T2, "50"), add(T3, "50");
	expect("ooxxoxoo");
}
END_TEST

START_TEST(own_cases_of_the_upper_unit)
{
	start();
	add(T1, "10"), add(T1A, "3"), add(T2, "50");
	expect("oox...o.");
}
END_TEST

START_TEST(zero_is_off)
{
	start();
	w.threshold = 0;
	add(T1, "1"), add(T2, "4"), add(T3, "9");
	expect("oo....oo");
}
END_TEST

START_TEST(not_every_indicator)
{
	start();
	w.indicators[0][0].suppress = false;
	add(T1, "1"), add(T2, "4"), add(T3, "9");
	expect("oo....oo");
}
END_TEST

/* The number of cases: the denominator of a ratio, or the measure that the ruleset names. */
START_TEST(base_is_the_denominator)
{
	start();
	w.indicators[0][0].denominator = (struct measure_ref){TEXT("d"), TEXT("")};
	add(T1, "1"), add(T2, "9");
	world_add(&w, T1, "2024-03-05", "d", "", "7"), world_add(&w, T2, "2024-03-05", "d", "", "3"), world_add(&w, T3, "2024-03-05", "d", "", "6");
	expect("oo....xx");
}
END_TEST

START_TEST(base_is_a_measure_of_its_own)
{
	start();
	w.indicators[0][0].base = (struct measure_ref){TEXT("cases"), TEXT("kind=skm")};
	add(T1, "900"), add(T2, "900"), add(T3, "1");
	world_add(&w, T1, "2024-03-05", "cases", "kind=skm", "4"), world_add(&w, T2, "2024-03-05", "cases", "kind=skm", "100"),
		world_add(&w, T3, "2024-03-05", "cases", "kind=skm", "50");
	expect("ox....ox");
}
END_TEST

SUITE("suppression", few_cases_and_the_smallest_sibling, the_threshold_itself_is_published, two_small_ones_hide_each_other, three_small_ones, ties_go_by_code,
      no_other_to_hide_behind, a_complement_goes_down, a_complement_above_a_small_one, a_small_one_takes_its_sibling_down,
      own_cases_of_the_upper_unit, zero_is_off, not_every_indicator, base_is_the_denominator, base_is_a_measure_of_its_own)
