// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>

#include "../suite.h"
#include "daemon/record/units.h"

#define HEAD "unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n"
#define A "1.02.0.00.0.00.01.0000"
#define B "1.02.0.00.0.00.01.0013"
#define C "2.16.2.20.2.21.01.0000"

static struct units units;
static struct error err;

static int apply(const char *csv)
{
	size_t n;
	err.text[0] = 0;
	return units_apply_csv(&units, "u.csv", text_of(csv), &n, &err);
}

START_TEST(codes)
{
	static const char *const bad[] = {"", "0.02.0.00.0.00.01.0000", "9.02.0.00.0.00.01.0000", "1.2.0.00.0.00.01.0000", "1.02.0.00.0.00.01.000", "1.02.0.00.0.00.01.00000",
					  "1-02.0.00.0.00.01.0000", "1.02.0.00.0.00.01.000a", " 1.02.0.00.0.00.01.000"};
	ck_assert(unit_code_valid(TEXT(A)) && unit_code_valid(TEXT("8.99.9.99.9.99.99.9999")) && !unit_code_valid(TEXT_NONE));
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!unit_code_valid(text_of(bad[i])), "%s", bad[i]);
}
END_TEST

START_TEST(rows_are_inserted_replaced_and_kept)
{
	ck_assert_int_eq(units_init(&units), 0);
	ck_assert_msg(apply(HEAD C ",\"Dinas, lama\",agency,,,2024-06-30," A "\n" A ",Dinas,agency,,2020-01-01,,\n" B ",Puskesmas,sub," A ",,,\n") == 0, "%s", err.text);
	uint32_t a = units_find(&units, TEXT(A)), b = units_find(&units, TEXT(B)), c = units_find(&units, TEXT(C));
	ck_assert(units.n == 3 && a == 0 && b == 1 && c == 2); /* in order of code */
	ck_assert(text_is(units.all[c].name, "Dinas, lama") && units.all[b].parent == a && units.all[c].successor == a);
	ck_assert(units.all[a].valid_to == DAY_NONE && units.all[c].valid_from == DAY_NONE);
	ck_assert_msg(apply(HEAD B ",Puskesmas Contoh,sub,,,,\n") == 0, "%s", err.text);
	ck_assert(units.n == 3 && units.all[1].parent == UNIT_NONE && text_is(units.all[1].name, "Puskesmas Contoh") && text_is(units.all[0].name, "Dinas"));
	units_deinit(&units);
}
END_TEST

START_TEST(a_file_with_a_mistake_is_refused_with_its_line)
{
	static const struct {
		const char *csv, *where;
	} cases[] = {
		{"unit_code,name\n", "u.csv:1: the header"},
		{HEAD A ",Dinas,agency,,,,\n1.02,x,,,,,\n", "u.csv:3: unit_code"},
		{HEAD A ",,agency,,,,\n", "u.csv:2: name"},
		{HEAD A ",Dinas,agency,,2024-02-30,,\n", "u.csv:2: valid_from"},
		{HEAD A ",Dinas,agency,,2024-02-01,2024-01-31,\n", "u.csv:2: valid_to"},
		{HEAD A ",Dinas,agency,,,,\n" A ",Dinas,agency,,,,\n", "u.csv:3: unit_code: " A " stands on line 2"},
		{HEAD A ",Dinas,agency," B ",,,\n", "u.csv:2: unit " A ": unknown parent " B},
		{HEAD A ",Dinas,agency,,,," B "\n", "u.csv:2: unit " A ": unknown successor " B},
		{HEAD A ",Dinas,agency," B ",,,\n" B ",x,,," ",,\n" C ",x,," C ",,,\n", "u.csv:4: unit " C ": is its own parent"},
		{HEAD A ",Dinas,,,,2024-01-01," B "\n" B ",x,,,,2024-01-01," A "\n", "u.csv:2: unit " A ": is its own successor"},
		{HEAD A ",Dinas,agency\n", "u.csv:2: 3 fields"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(units_init(&units), 0);
		ck_assert_int_eq(apply(cases[i].csv), -EINVAL);
		ck_assert_msg(!strncmp(err.text, cases[i].where, strlen(cases[i].where)), "%s", err.text);
		units_deinit(&units);
	}
}
END_TEST

START_TEST(facts_go_to_successors)
{
	ck_assert_int_eq(units_init(&units), 0);
	ck_assert_msg(apply(HEAD C ",Lama,,,,2024-06-30," B "\n" B ",Tengah,,,2024-07-01,2024-12-31," A "\n" A ",Baru,,,2025-01-01,2025-06-30,\n") == 0, "%s", err.text);
	uint32_t a = units_find(&units, TEXT(A)), b = units_find(&units, TEXT(B)), c = units_find(&units, TEXT(C));
	ck_assert_uint_eq(units_attribute(&units, c, day_from_civil(2024, 6, 30)), c);
	ck_assert_uint_eq(units_attribute(&units, c, day_from_civil(2024, 7, 1)), b);
	ck_assert_uint_eq(units_attribute(&units, c, day_from_civil(2025, 3, 1)), a);
	ck_assert_uint_eq(units_attribute(&units, c, day_from_civil(2026, 1, 1)), a); /* no successor: it stays, and is not valid */
	ck_assert(!units_valid_on(&units, a, day_from_civil(2026, 1, 1)) && units_valid_on(&units, a, day_from_civil(2025, 6, 30)));
	ck_assert(!units_valid_on(&units, b, day_from_civil(2024, 6, 30)) && units_valid_on(&units, c, day_from_civil(1900, 1, 1)));
	units_deinit(&units);
}
END_TEST

SUITE("units", codes, rows_are_inserted_replaced_and_kept, a_file_with_a_mistake_is_refused_with_its_line, facts_go_to_successors)
