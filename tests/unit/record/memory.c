// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails while a register is read, changed and linked, for every n. */
#include "tests/unit/scarce.h"
#include "tests/unit/suite.h"
#include "daemon/record/units.h"

#define HEAD "unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n"
#define UNITS 150 /* more than the register begins with */

static struct buffer csv;

static void write_register(void)
{
	buffer_puts(&csv, HEAD);
	for (int i = 1; i <= UNITS; i++)
		buffer_printf(&csv, "1.02.0.00.0.00.01.%04d,\"Dinas, %0500d\",agency,%s,2024-01-01,,\n", i, i, i > 1 ? "1.02.0.00.0.00.01.0001" : "");
}

static int attempt_register(struct error *err)
{
	struct units u;
	size_t n = 0;
	int r = units_init(&u);
	if (r < 0)
		return error_set(err, r, "out of memory");
	r = units_apply_csv(&u, "u.csv", buffer_view(&csv), &n, err);
	if (r == 0)
		r = units_apply_csv(&u, "more.csv", TEXT(HEAD "1.02.0.00.0.00.01.0002,Lain,,,,,\n"), &n, err);
	if (r == 0)
		r = scarce_right(n == 1 && u.n == UNITS && text_is(u.all[1].name, "Lain") && u.all[2].parent == units_find(&u, TEXT("1.02.0.00.0.00.01.0001")));
	units_deinit(&u);
	return r;
}

static int attempt_adding(struct error *err)
{
	struct units u;
	char code[32];
	int r = units_init(&u);
	if (r < 0)
		return error_set(err, r, "out of memory");
	for (int i = 1; i <= UNITS && r == 0; i++) {
		snprintf(code, sizeof code, "1.02.0.00.0.00.01.%04d", i);
		r = units_add(&u, i, text_of(code), TEXT("Dinas"), TEXT_NONE, TEXT_NONE, DAY_NONE, DAY_NONE, TEXT_NONE);
	}
	r = r < 0 ? error_set(err, r, "out of memory") : units_link(&u, err);
	if (r == 0)
		r = scarce_right(u.n == UNITS && units_find(&u, text_of(code)) == UNITS - 1);
	units_deinit(&u);
	return r;
}

START_TEST(registers)
{
	write_register();
	scarce_each(attempt_register, 15, SCARCE_COPES); /* qsort has a way without memory */
	scarce_each(attempt_adding, 10, SCARCE_COPES);
	buffer_deinit(&csv);
}
END_TEST

SUITE("memory", registers)
