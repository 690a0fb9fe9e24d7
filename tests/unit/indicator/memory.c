// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n: -ENOMEM each time, and all figures once there is enough. */
#include "tests/unit/scarce.h"
#include "tests/unit/suite.h"
#include "world.h"

#define A "1.02.0.00.0.00.01.0000"

static struct world w;

/* Enough of everything that each array has to grow. */
static void start(void)
{
	world_init(&w);
	world_unit(&w, A, NULL);
	world_link(&w);
	w.threshold = 2;
	world_indicator(&w, 0, "ratio", OVER_PERIOD, true, "100")->suppress = true;
	world_indicator(&w, 0, "open", OVER_STOCK, false, "1");
	world_indicator(&w, 0, "nested", OVER_NESTED, true, "1");
	for (int i = 0; i < 60; i++) {
		char date[DATE_TEXT_SIZE];
		date_format(day("2022-01-03") + 19 * i, date);
		world_add(&w, A, date, "n", "", "1");
		world_add(&w, A, date, "d", "", i % 2 ? "1" : "3");
		world_add(&w, A, date, "n", "grain=month", "1");
	}
}

static int attempt(struct error *err)
{
	struct figure *figures = NULL;
	size_t n = 0;
	struct arena *arena = arena_new(64); /* each of its allocations is one that can fail */
	int r = arena ? indicators(&w.basis, w.rows, w.n_rows, w.as_of, w.threshold, arena, &figures, &n) : -ENOMEM;
	r = scarce_untouched(r, !figures && !n);
	if (r == 0)
		r = scarce_right(n > 2000);
	arena_free(arena);
	return r < 0 ? error_set(err, r, "out of memory") : 0;
}

START_TEST(every_allocation_fails_once)
{
	start();
	scarce_each(attempt, 50, SCARCE_COPES); /* qsort has a way without memory */
	ck_assert_int_eq(indicators(&w.basis, w.rows, w.n_rows, w.as_of, w.threshold, w.arena, &w.figures, &w.n_figures), 0);
	assert_figure(&w, A, "open", "2022", "20");
	world_deinit(&w);
}
END_TEST

START_TEST(a_value_too_large)
{
	world_init(&w);
	world_unit(&w, A, NULL);
	world_link(&w);
	world_indicator(&w, 0, "ratio", OVER_PERIOD, true, "999999999999999999");
	for (int i = 0; i < 60; i++)
		world_add(&w, A, "2024-01-01", "n", "", "999999999999999999");
	world_add(&w, A, "2024-01-01", "d", "", "0.000001");
	ck_assert_int_eq(indicators(&w.basis, w.rows, w.n_rows, w.as_of, 0, w.arena, &w.figures, &w.n_figures), -ERANGE);
	world_deinit(&w);
}
END_TEST

SUITE("memory", every_allocation_fails_once, a_value_too_large)
