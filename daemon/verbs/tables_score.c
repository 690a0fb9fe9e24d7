// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/tables_score.h"

#include <errno.h>

#include "daemon/indicator/scorecard.h"
#include "daemon/verbs/cells.h"

static const struct cell *cell_named(const struct entity *e, const char *name)
{
	size_t i = 0;
	while (strcmp(e->kind->columns[i].name, name) != 0)
		i++;
	return &e->derived.cells[i];
}

static int answers_of(const struct ledger *l, struct arena *arena, struct assessment **ret_answers, size_t *ret_n)
{
	struct assessment *answers = arena_alloc(arena, (l->n_entities + 1) * sizeof *answers);
	size_t n = 0;
	if (!answers)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_entities; i++) {
		const struct entity *e = l->entities[i];
		if (!e->changed || strcmp(e->kind->name, "assessment_answer") != 0)
			continue;
		answers[n++] = (struct assessment){
			.unit = e->derived.unit,
			.year = (int)cell_named(e, "year")->integer,
			.ruleset = cell_named(e, "ruleset")->text,
			.item = cell_named(e, "item")->text,
			.assessor = cell_named(e, "assessor")->text,
			.answer = cell_named(e, "answer")->text,
			.has_ratio = cell_named(e, "numerator")->present,
			.numerator = cell_named(e, "numerator")->numeric,
			.denominator = cell_named(e, "denominator")->numeric,
		};
	}
	*ret_answers = answers;
	*ret_n = n;
	return 0;
}

#define SCORED_COLUMNS {"unit_code", COLUMN_TEXT}, {"year", COLUMN_INT4}, {"ruleset", COLUMN_TEXT}
enum { S_FIRST = 3 };

/* A new row whose first cells tell what it is about; the others are returned. */
static struct text *add_scored(struct tables *all, struct table *t, const struct units *u, const struct scored *of)
{
	struct text *row = add_row(all, t);
	return row && set_unit(all, &row[0], u, of->unit, TEXT_NONE) && set_integer(all, &row[1], of->year) && set_text(all, &row[2], of->card->id) ? row + S_FIRST : NULL;
}

static bool set_list(struct tables *all, struct text *cell, const struct text *list, size_t n)
{
	struct buffer b = {0};
	buffer_putc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		buffer_puts(&b, i ? "," : "");
		buffer_json(&b, list[i]);
	}
	buffer_putc(&b, ']');
	bool ok = !b.failed && set_text(all, cell, buffer_view(&b));
	buffer_deinit(&b);
	return ok;
}

static bool make_scorecard(struct tables *all, const struct units *u, const struct scoring *s)
{
	static const struct table_column columns[] = {
		SCORED_COLUMNS, {"component", COLUMN_TEXT}, {"score", COLUMN_NUMERIC}, {"max_score", COLUMN_NUMERIC}, {"percent", COLUMN_NUMERIC}};
	struct table *t = ADD_TABLE(all, "scorecard", columns);
	for (size_t i = 0; i < s->n_scores; i++) {
		const struct score_row *r = &s->scores[i];
		struct text *cell = add_scored(all, t, u, &r->of);
		if (!cell || !set_text(all, &cell[0], r->component->name) || !set_decimal(all, &cell[2], r->max_score) ||
		    (r->has_score && (!set_decimal(all, &cell[1], r->score) || !set_decimal(all, &cell[3], r->percent))))
			return false;
	}
	return true;
}

static bool set_verdict(struct tables *all, struct text *cells, const struct text *failing, size_t n)
{
	return set_text(all, &cells[0], text_of(n ? "false" : "true")) && set_list(all, &cells[1], failing, n);
}

static bool make_predicate(struct tables *all, const struct units *u, const struct scoring *s)
{
	static const struct table_column columns[] = {
		SCORED_COLUMNS, {"predicate", COLUMN_TEXT}, {"meets_score", COLUMN_JSON}, {"failing_rules", COLUMN_JSON}, {"meets_conditions", COLUMN_JSON},
		{"failing_gates", COLUMN_JSON}};
	struct table *t = ADD_TABLE(all, "predicate", columns);
	for (size_t i = 0; i < s->n_predicates; i++) {
		const struct predicate_row *r = &s->predicates[i];
		struct text *cell = add_scored(all, t, u, &r->of);
		if (!cell || !set_text(all, &cell[0], r->predicate->code) || !set_verdict(all, &cell[1], r->failing_rules, r->n_failing_rules) ||
		    !set_verdict(all, &cell[3], r->failing_gates, r->n_failing_gates))
			return false;
	}
	return true;
}

static bool make_gap(struct tables *all, const struct units *u, const struct scoring *s)
{
	static const struct table_column columns[] = {
		SCORED_COLUMNS, {"predicate", COLUMN_TEXT}, {"rule", COLUMN_TEXT}, {"required", COLUMN_NUMERIC}, {"actual", COLUMN_NUMERIC}, {"missing", COLUMN_NUMERIC}};
	struct table *t = ADD_TABLE(all, "predicate_gap", columns);
	for (size_t i = 0; i < s->n_gaps; i++) {
		const struct gap_row *r = &s->gaps[i];
		struct text *cell = add_scored(all, t, u, &r->of);
		if (!cell || !set_text(all, &cell[0], r->predicate->code) || !set_text(all, &cell[1], r->rule) || !set_decimal(all, &cell[2], r->required) ||
		    !set_decimal(all, &cell[3], r->actual) || !set_decimal(all, &cell[4], r->missing))
			return false;
	}
	return true;
}

static bool make_evaluation(struct tables *all, const struct units *u, const struct scoring *s)
{
	static const struct table_column columns[] = {
		SCORED_COLUMNS, {"code", COLUMN_TEXT}, {"score", COLUMN_NUMERIC}, {"max_score", COLUMN_NUMERIC}, {"band", COLUMN_TEXT}};
	struct table *t = ADD_TABLE(all, "evaluation", columns);
	for (size_t i = 0; i < s->n_evaluations; i++) {
		const struct evaluation_row *r = &s->evaluations[i];
		struct text *cell = add_scored(all, t, u, &r->of);
		if (!cell || !set_text(all, &cell[0], r->code) || (r->has_score && !set_decimal(all, &cell[1], r->score)) || !set_decimal(all, &cell[2], r->max_score) ||
		    !set_text(all, &cell[3], r->band))
			return false;
	}
	return true;
}

int make_scores(struct tables *all, const struct ledger *l, const struct measure_row *rows, size_t n_rows, day_number as_of)
{
	const struct units *u = l->basis->units;
	struct assessment *answers;
	struct scoring scoring;
	size_t n;
	int r = answers_of(l, all->arena, &answers, &n);
	if (r >= 0)
		r = scorecards(l->basis, rows, n_rows, answers, n, as_of, all->arena, &scoring);
	if (r < 0)
		return r;
	return make_scorecard(all, u, &scoring) && make_predicate(all, u, &scoring) && make_gap(all, u, &scoring) && make_evaluation(all, u, &scoring) ? 0 : -ENOMEM;
}
