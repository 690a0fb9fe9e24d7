// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/random.h"
#include "daemon/record/forbidden.h"
#include "tests/unit/suite.h"

static const char *const names[] = {"nik", "namalengkap", "x", "\xc3\xa9tat", "9lives", "@@"};

START_TEST(names_in_every_spelling)
{
	struct forbidden f;
	forbidden_init(&f, 1);
	ck_assert(!forbidden_has(&f, TEXT("nik")));
	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_int_eq(forbidden_add(&f, text_of(names[i])), 0);
	static const char *const are[] = {"nik", "NIK", "N.I-K", "_nik", "nik ", "- n i k -", "Nama Lengkap",
					 "nama__lengkap", "X", "_X_", "\xc3\xa9TAT", "9 Lives", "@-@"};
	static const char *const are_not[] = {"", "_", "- .", "ni", "nikk", "nk", "n k", "nama", "lengkap", "y",
					     "\xc3\x89tat", "k", "`@", "N/K", "yives", "``", "\xc3\xa9t"};
	for (size_t i = 0; i < COUNT(are); i++)
		ck_assert_msg(forbidden_likely(&f, text_of(are[i])) && forbidden_has(&f, text_of(are[i])), "%s", are[i]);
	for (size_t i = 0; i < COUNT(are_not); i++)
		ck_assert_msg(!forbidden_has(&f, text_of(are_not[i])), "%s", are_not[i]);
	ck_assert(!forbidden_likely(&f, TEXT("unit")) && !forbidden_likely(&f, TEXT("")));
	forbidden_deinit(&f);
}
END_TEST

/* Whatever is on the list is likely, too. */
START_TEST(the_first_look_overlooks_nothing)
{
	static const char letters[] = "nikNIKx@`9y_-. \xc3\xa9";
	struct random dice = {3};
	struct forbidden f;
	char key[8];
	int found = 0;
	forbidden_init(&f, 1);
	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_int_eq(forbidden_add(&f, text_of(names[i])), 0);
	for (int i = 0; i < test_rounds(200000); i++) {
		struct text t = {key, random_below(&dice, sizeof key)};
		for (size_t k = 0; k < t.n; k++)
			key[k] = letters[random_below(&dice, sizeof letters - 1)];
		found += forbidden_has(&f, t);
		ck_assert_msg(!forbidden_has(&f, t) || forbidden_likely(&f, t), "%.*s", TEXT_ARG(t));
	}
	ck_assert_int_gt(found, 10);
	forbidden_deinit(&f);
}
END_TEST

START_TEST(names_longer_than_any_listed)
{
	char name[FORBIDDEN_MAX + 2], out[FORBIDDEN_MAX];
	struct forbidden f;
	forbidden_init(&f, 1);
	memset(name, 'A', sizeof name);
	ck_assert(!forbidden_normal((struct text){name, FORBIDDEN_MAX + 1}, out, sizeof out).p);
	name[7] = '-';
	struct text normal = forbidden_normal((struct text){name, FORBIDDEN_MAX + 1}, out, sizeof out);
	ck_assert_uint_eq(normal.n, FORBIDDEN_MAX);
	ck_assert_int_eq(forbidden_add(&f, normal), 0);
	ck_assert(forbidden_has(&f, (struct text){name, FORBIDDEN_MAX + 1}) && !forbidden_has(&f, (struct text){name, FORBIDDEN_MAX + 2}));
	forbidden_deinit(&f);
}
END_TEST

SUITE("forbidden", names_in_every_spelling, the_first_look_overlooks_nothing, names_longer_than_any_listed)
