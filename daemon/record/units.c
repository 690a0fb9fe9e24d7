// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/units.h"

#include <errno.h>
#include <stdlib.h>

#include "common/csv.h"

int units_init(struct units *u)
{
	*u = (struct units){0};
	map_init(&u->index, 0);
	u->arena = arena_new(16384);
	return u->arena ? 0 : -ENOMEM;
}

void units_deinit(struct units *u)
{
	map_deinit(&u->index);
	arena_free(u->arena);
	free(u->all);
	*u = (struct units){0};
}

uint32_t units_find(const struct units *u, struct text code)
{
	uintptr_t v = (uintptr_t)map_get(&u->index, code); /* index + 1: NULL means absent */
	return v ? (uint32_t)(v - 1) : UNIT_NONE;
}

static int index_put(struct units *u, uint32_t i)
{
	struct map_entry *e = map_put(&u->index, u->all[i].code);
	if (!e)
		return -ENOMEM;
	e->value = (void *)((uintptr_t)i + 1);
	return 0;
}

/* ^[1-8]\.\d{2}\.\d\.\d{2}\.\d\.\d{2}\.\d{2}\.\d{4}$ */
bool unit_code_valid(struct text t)
{
	static const char form[] = "d.dd.d.dd.d.dd.dd.dddd";
	if (!t.p || t.n != sizeof form - 1 || t.p[0] < '1' || t.p[0] > '8')
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (form[i] == '.' ? t.p[i] != '.' : t.p[i] < '0' || t.p[i] > '9')
			return false;
	return true;
}

/* Room for one more; *ret is its index. */
static int grow(struct units *u, uint32_t *ret)
{
	if (u->n == u->size) {
		size_t size = u->size ? 2 * u->size : 64;
		struct unit *all = realloc(u->all, size * sizeof *all);
		if (!all)
			return -ENOMEM;
		u->all = all;
		u->size = size;
	}
	*ret = (uint32_t)u->n++;
	return 0;
}

/* Puts the unit into the register, in place of the one with its code if there is one. All strings are copied. */
static int put(struct units *u, const struct unit *unit)
{
	struct unit copy = *unit;
	struct text *const strings[] = {&copy.code, &copy.name, &copy.kind, &copy.parent_code, &copy.successor_code};
	for (size_t i = 0; i < COUNT(strings); i++)
		if (!arena_copy(u->arena, *strings[i], strings[i]))
			return -ENOMEM;
	uint32_t i = units_find(u, unit->code);
	if (i != UNIT_NONE) {
		copy.id = u->all[i].id;
		copy.code = u->all[i].code; /* the index borrows it */
		u->all[i] = copy;
		return 0;
	}
	int r = grow(u, &i);
	if (r < 0)
		return r;
	u->all[i] = copy;
	return index_put(u, i);
}

int units_add(struct units *u, int32_t id, struct text code, struct text name, struct text kind, struct text parent, day_number valid_from, day_number valid_to,
	      struct text successor)
{
	if (units_find(u, code) != UNIT_NONE)
		return -EINVAL;
	struct unit unit = {.code = code, .name = name, .kind = kind, .parent_code = parent, .successor_code = successor, .valid_from = valid_from, .valid_to = valid_to, .id = id};
	return put(u, &unit);
}

static int by_code(const void *a, const void *b)
{
	return text_compare(((const struct unit *)a)->code, ((const struct unit *)b)->code);
}

static int resolve(const struct units *u, struct text code, uint32_t *ret)
{
	*ret = code.p ? units_find(u, code) : UNIT_NONE;
	return code.p && *ret == UNIT_NONE ? -EINVAL : 0;
}

/* More steps than units: we went round. */
static bool cyclic(const struct units *u, uint32_t start, bool successors)
{
	uint32_t i = start;
	for (size_t steps = 0; i != UNIT_NONE; steps++) {
		if (steps > u->n)
			return true;
		i = successors ? u->all[i].successor : u->all[i].parent;
	}
	return false;
}

/* Where a fault of the unit is: its line in the file, if it came from there. */
static int fault(struct error *err, const char *name, const struct unit *unit, const char *what, struct text which)
{
	return error_set(err, -EINVAL, "%s:%u: unit %.*s: %s %.*s", name, unit->line, TEXT_ARG(unit->code), what, TEXT_ARG(which));
}

static int no_memory(const char *name, struct error *err)
{
	return error_set(err, -ENOMEM, "%s: out of memory", name);
}

static int link_units(struct units *u, const char *name, struct error *err)
{
	if (u->n)
		qsort(u->all, u->n, sizeof *u->all, by_code);
	map_clear(&u->index);
	for (uint32_t i = 0; i < u->n; i++)
		if (index_put(u, i) < 0)
			return no_memory(name, err);
	for (size_t i = 0; i < u->n; i++) {
		struct unit *unit = &u->all[i];
		if (resolve(u, unit->parent_code, &unit->parent) < 0)
			return fault(err, name, unit, "unknown parent", unit->parent_code);
		if (resolve(u, unit->successor_code, &unit->successor) < 0)
			return fault(err, name, unit, "unknown successor", unit->successor_code);
	}
	for (uint32_t i = 0; i < u->n; i++) {
		if (cyclic(u, i, false))
			return fault(err, name, &u->all[i], "is its own parent through", u->all[i].parent_code);
		if (cyclic(u, i, true))
			return fault(err, name, &u->all[i], "is its own successor through", u->all[i].successor_code);
	}
	return 0;
}

int units_link(struct units *u, struct error *err)
{
	return link_units(u, "register", err);
}

/* An empty CSV field is null. */
static struct text nullable(struct text t)
{
	return t.n ? t : TEXT_NONE;
}

static int read_date(const struct csv *c, struct text t, const char *column, day_number *ret, struct error *err)
{
	*ret = DAY_NONE;
	if (t.n && date_parse(t, ret) < 0)
		return error_set(err, -EINVAL, "%s:%u: %s: must be a real date YYYY-MM-DD or empty", c->name, c->line, column);
	return 0;
}

enum { CODE, NAME, KIND, PARENT, FROM, TO, SUCCESSOR, N_COLUMNS };
static const char *const columns[N_COLUMNS] = {"unit_code", "name", "kind", "parent_code", "valid_from", "valid_to", "successor_code"};

static int read_unit(const struct csv *c, struct unit *ret, struct error *err)
{
	if (c->n_fields != N_COLUMNS)
		return error_set(err, -EINVAL, "%s:%u: %zu fields where the header has %d", c->name, c->line, c->n_fields, N_COLUMNS);
	const struct text *f = c->field;
	*ret = (struct unit){.code = f[CODE], .name = f[NAME], .kind = nullable(f[KIND]), .parent_code = nullable(f[PARENT]),
			     .successor_code = nullable(f[SUCCESSOR]), .line = c->line};
	if (!unit_code_valid(ret->code))
		return error_set(err, -EINVAL, "%s:%u: unit_code: must have the form 1.02.0.00.0.00.01.0000", c->name, c->line);
	if (!ret->name.n)
		return error_set(err, -EINVAL, "%s:%u: name: must not be empty", c->name, c->line);
	int r = read_date(c, f[FROM], columns[FROM], &ret->valid_from, err);
	if (r >= 0)
		r = read_date(c, f[TO], columns[TO], &ret->valid_to, err);
	if (r >= 0 && ret->valid_to != DAY_NONE && ret->valid_from != DAY_NONE && ret->valid_to < ret->valid_from)
		return error_set(err, -EINVAL, "%s:%u: valid_to: lies before valid_from", c->name, c->line);
	return r;
}

static int apply_rows(struct units *u, struct csv *c, size_t *ret_n, struct error *err)
{
	int r = csv_header(c, columns, N_COLUMNS, err);
	if (r < 0)
		return r;
	for (size_t n = 0; (r = csv_next(c, err)) > 0; *ret_n = ++n) {
		struct unit unit;
		r = read_unit(c, &unit, err);
		if (r < 0)
			return r;
		uint32_t i = units_find(u, unit.code);
		if (i != UNIT_NONE && u->all[i].line)
			return error_set(err, -EINVAL, "%s:%u: unit_code: %.*s stands on line %u already", c->name, c->line, TEXT_ARG(unit.code), u->all[i].line);
		if (put(u, &unit) < 0)
			return no_memory(c->name, err);
	}
	return r < 0 ? r : link_units(u, c->name, err);
}

int units_apply_csv(struct units *u, const char *name, struct text csv, size_t *ret_n, struct error *err)
{
	for (size_t i = 0; i < u->n; i++)
		u->all[i].line = 0;
	*ret_n = 0;
	struct csv c;
	csv_init(&c, name, csv);
	int r = apply_rows(u, &c, ret_n, err);
	csv_deinit(&c);
	return r;
}

uint32_t units_attribute(const struct units *u, uint32_t unit, day_number day)
{
	while (u->all[unit].valid_to != DAY_NONE && day > u->all[unit].valid_to && u->all[unit].successor != UNIT_NONE)
		unit = u->all[unit].successor;
	return unit;
}

bool units_valid_on(const struct units *u, uint32_t unit, day_number day)
{
	const struct unit *x = &u->all[unit];
	return (x->valid_from == DAY_NONE || day >= x->valid_from) && (x->valid_to == DAY_NONE || day <= x->valid_to);
}
