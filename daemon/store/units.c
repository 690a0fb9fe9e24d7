// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/store/internal.h"

enum { VERSION, ID, CODE, NAME, KIND, PARENT, FROM, TO, SUCCESSOR };

/* The register and its version in one statement, so that they belong together. */
static int load(struct store *s, struct units *u, struct error *err)
{
	static struct pg_statement select = {
		.sql = "SELECT b.version, u.unit_id, u.unit_code, u.name, u.kind, u.parent_code, u.valid_from, u.valid_to, u.successor_code "
		       "FROM rekap_store.basis b LEFT JOIN rekap_store.unit u ON true ORDER BY u.unit_code"};
	PG_RESULT res = NULL;
	int r = pg_run(s->pg, &select, NULL, 0, &res, NULL, err);
	for (size_t i = 0; !r && i < pg_rows(res); i++) {
		u->version = wire_get_int8(pg_cell(res, i, VERSION));
		if (pg_cell(res, i, ID).p)
			r = units_add(u, wire_get_int4(pg_cell(res, i, ID)), pg_cell(res, i, CODE), pg_cell(res, i, NAME), pg_cell(res, i, KIND),
				      pg_cell(res, i, PARENT), wire_get_day(pg_cell(res, i, FROM)), wire_get_day(pg_cell(res, i, TO)),
				      pg_cell(res, i, SUCCESSOR));
	}
	return r ? r : units_link(u, err);
}

int store_units_load(struct store *s, struct units *u, struct error *err)
{
	pg_resume(s->pg);
	int r = store_ready(s, err);
	return store_outcome(r ? r : load(s, u, err), err);
}

int units_reload(struct store *s, struct error *err)
{
	struct units fresh;
	int r = units_init(&fresh);
	if (r)
		return r;
	r = load(s, &fresh, err);
	if (r) {
		units_deinit(&fresh);
		return r;
	}
	if (s->has_units)
		units_deinit(&s->units);
	s->units = fresh;
	s->has_units = true;
	s->basis.units = &s->units;
	return 0;
}

static void put_column(struct buffer *b, const struct unit *u, int column)
{
	if (column == FROM || column == TO)
		wire_day(b, column == FROM ? u->valid_from : u->valid_to);
	else
		wire_text(b, column == CODE     ? u->code
			     : column == NAME   ? u->name
			     : column == KIND   ? u->kind
			     : column == PARENT ? u->parent_code
						: u->successor_code);
}

static int upsert(struct store *s, const struct units *u, struct error *err)
{
	static struct pg_statement st = {.sql = "INSERT INTO rekap_store.unit (unit_code, name, kind, parent_code, valid_from, valid_to, successor_code) "
						"SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::text[]) "
						"ON CONFLICT (unit_code) DO UPDATE SET name = excluded.name, kind = excluded.kind, parent_code = "
						"excluded.parent_code, valid_from = excluded.valid_from, "
						"valid_to = excluded.valid_to, successor_code = excluded.successor_code"};
	buffer_clear(&s->params);
	for (int column = CODE; column <= SUCCESSOR; column++) {
		size_t begun = wire_array_begin(&s->params, column == FROM || column == TO ? WIRE_DATE : WIRE_TEXT, u->n);
		for (size_t i = 0; i < u->n; i++)
			put_column(&s->params, &u->all[i], column);
		wire_array_end(&s->params, begun);
	}
	return pg_run(s->pg, &st, &s->params, SUCCESSOR - CODE + 1, NULL, NULL, err);
}

int units_write(struct store *s, const struct units *u, bool *ret_changed, bool *ret_refold, struct error *err)
{
	bool changed = false, refold = false;
	for (size_t i = 0; i < u->n; i++) {
		const struct unit *now = &u->all[i];
		uint32_t k = units_find(&s->units, now->code);
		const struct unit *was = k == UNIT_NONE ? NULL : &s->units.all[k];
		/* a unit that no event has named yet has no entity to derive anew */
		bool folds =
			was && (was->valid_from != now->valid_from || was->valid_to != now->valid_to || !text_equal(was->successor_code, now->successor_code));
		refold |= folds;
		changed |= !was || folds || !text_equal(was->name, now->name) || !text_equal(was->kind, now->kind) ||
			   !text_equal(was->parent_code, now->parent_code);
	}
	*ret_changed = changed;
	*ret_refold = refold;
	if (changed && u->version != s->units.version)
		return error_set(err, PG_RETRY, "the unit register was changed by another process meanwhile");
	return changed ? upsert(s, u, err) : 0;
}
