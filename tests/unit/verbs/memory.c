// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails while an expectation is read and compared, for every n: -ENOMEM each time, and no difference once there is enough. */
#include <errno.h>

#include "daemon/verbs/expect.h"
#include "tests/unit/scarce.h"
#include "tests/unit/suite.h"

static struct text cells[40];
static struct table numbers = {.name = "numbers", .columns = {{"n", COLUMN_INT8}}, .n_columns = 1, .cells = cells, .n_rows = 40};

static int compare(struct text json, size_t *ret_differences)
{
	struct tables tables = {.all = &numbers, .n = 1};
	struct expectation e;
	struct arena *arena = arena_new(256);
	if (!arena)
		return -ENOMEM;
	int r = expect_read(&e, "expect.json", json, arena, NULL);
	if (r >= 0)
		r = expect_compare(&e, &tables, "", stdout, ret_differences);
	arena_free(arena);
	return r;
}

START_TEST(every_allocation_fails_once)
{
	if (!scarce_works())
		return;
	struct buffer json = {0};
	buffer_puts(&json, "{\"numbers\":[");
	for (int i = 0; i < 40; i++) {
		cells[i] = TEXT("7");
		buffer_printf(&json, "%s{\"\\u006e\":\"\\u0037\"}", i ? "," : "");
	}
	buffer_puts(&json, "]}");
	int r = -ENOMEM;
	long n = 0;
	size_t differences = 1;
	for (; r == -ENOMEM; n++) {
		scarce_left = n;
		r = compare(buffer_view(&json), &differences);
		scarce_left = -1;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(differences, 0);
	ck_assert_int_gt(n, 10);
	buffer_deinit(&json);
}
END_TEST

SUITE("memory", every_allocation_fails_once)
