// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A unit register: once accepted it is whole, a second time it changes nothing, and written anew it is the same. */
#include <errno.h>

#include "daemon/record/units.h"
#include "fuzz.h"

static void put_field(struct buffer *b, struct text t, char end)
{
	buffer_putc(b, '"');
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '"')
			buffer_putc(b, '"');
		buffer_putc(b, t.p[i]);
	}
	buffer_printf(b, "\"%c", end);
}

static void put_date(struct buffer *b, day_number d)
{
	char date[DATE_TEXT_SIZE] = "";
	if (d != DAY_NONE)
		date_format(d, date);
	put_field(b, text_of(date), ',');
}

static void print(const struct units *u, struct buffer *b)
{
	buffer_puts(b, "unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\r\n");
	for (size_t i = 0; i < u->n; i++) {
		const struct unit *unit = &u->all[i];
		put_field(b, unit->code, ',');
		put_field(b, unit->name, ',');
		put_field(b, unit->kind, ',');
		put_field(b, unit->parent_code, ',');
		put_date(b, unit->valid_from);
		put_date(b, unit->valid_to);
		put_field(b, unit->successor_code, '\n');
	}
	HOLDS(!b->failed);
}

static void check_whole(const struct units *u)
{
	day_number day = day_from_civil(2024, 7, 1);
	for (uint32_t i = 0; i < u->n; i++) {
		const struct unit *unit = &u->all[i];
		HOLDS(unit_code_valid(unit->code) && units_find(u, unit->code) == i, "%.*s", TEXT_ARG(unit->code));
		HOLDS(unit->parent == units_find(u, unit->parent_code) && unit->successor == units_find(u, unit->successor_code));
		const struct unit *heir = &u->all[units_attribute(u, i, day)];
		HOLDS(heir->successor == UNIT_NONE || heir->valid_to == DAY_NONE || day <= heir->valid_to);
		HOLDS(!i || text_compare(u->all[i - 1].code, unit->code) < 0);
	}
}

/* What the register is after it took the file. */
static void apply(struct units *u, struct text csv, size_t rows, struct buffer *ret)
{
	struct error err = {""};
	size_t n;
	HOLDS(units_apply_csv(u, "again.csv", csv, &n, &err) == 0 && n == rows, "%s", err.text);
	check_whole(u);
	print(u, ret);
}

static void check_again(struct units *u, struct text csv, size_t rows)
{
	struct units other;
	struct buffer one = {0}, two = {0}, three = {0};
	HOLDS(units_init(&other) == 0);
	print(u, &one);
	apply(u, csv, rows, &two);
	apply(&other, buffer_view(&one), rows, &three);
	HOLDS(text_equal(buffer_view(&one), buffer_view(&two)));
	HOLDS(text_equal(buffer_view(&one), buffer_view(&three)));
	units_deinit(&other);
	buffer_deinit(&one);
	buffer_deinit(&two);
	buffer_deinit(&three);
}

void target(struct text input)
{
	struct units u;
	struct error err = {""};
	size_t rows;
	HOLDS(units_init(&u) == 0);
	int r = units_apply_csv(&u, "units.csv", input, &rows, &err);
	HOLDS(r == 0 || r == -EINVAL);
	HOLDS((r == 0) == !*err.text && is_line(text_of(err.text)), "%s", err.text);
	HOLDS(arena_used(u.arena) <= 4 * input.n + 4096);
	if (r == 0) {
		HOLDS(u.n == rows);
		check_whole(&u);
		check_again(&u, input, rows);
	}
	units_deinit(&u);
}
