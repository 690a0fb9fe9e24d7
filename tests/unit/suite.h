// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* A main() for a file of libcheck tests: SUITE("name", test, test, …), or SUITE_WITH("name", setup, teardown, test, …), which run around each test. */
#include <check.h>
#include <stdlib.h>

#include "common/text.h"

/* Under a tool that makes tests many times slower, REKAP_TEST_SLOW is set: then a fiftieth of the rounds has to do. */
static inline int test_rounds(int n)
{
	return getenv("REKAP_TEST_SLOW") ? (n + 49) / 50 : n;
}

#define SUITE(name, ...) SUITE_WITH(name, NULL, NULL, __VA_ARGS__)

#define SUITE_WITH(name, setup, teardown, ...)                                                                                                                 \
	int main(void)                                                                                                                                         \
	{                                                                                                                                                      \
		const TTest *const tests[] = {__VA_ARGS__};                                                                                                    \
		Suite *suite = suite_create(name);                                                                                                             \
		TCase *tcase = tcase_create("all");                                                                                                            \
		tcase_set_timeout(tcase, 100);                                                                                                                 \
		tcase_add_checked_fixture(tcase, setup, teardown);                                                                                             \
		for (size_t i = 0; i < COUNT(tests); i++)                                                                                      \
			tcase_add_test(tcase, tests[i]);                                                                                                       \
		suite_add_tcase(suite, tcase);                                                                                                                 \
		SRunner *runner = srunner_create(suite);                                                                                                       \
		srunner_run_all(runner, CK_NORMAL);                                                                                                            \
		int failed = srunner_ntests_failed(runner);                                                                                                    \
		srunner_free(runner);                                                                                                                          \
		return failed != 0;                                                                                                                            \
	}
