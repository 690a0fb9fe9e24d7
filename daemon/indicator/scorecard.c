// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/indicator/scorecard.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/indicator/curves.h"
#include "daemon/indicator/scores.h"

/* The answers of one unit, year and ruleset. */
struct group {
	struct scored of;
	size_t first, n; /* into work.answers */
};

struct work {
	const struct basis *basis;
	struct curves curves;
	struct arena *scratch, *arena;
	const struct assessment **answers; /* sorted; of one item, the one that counts stands first */
	struct group *groups;
	size_t n_groups;
	struct scoring *ret;
	/* of the group at hand */
	struct measuring at;
	const struct assessment **chosen; /* by item; NULL: nobody answered */
};

/* --- evaluations ----------------------------------------------------------------------------------------------------------------------------- */

static void evaluate(struct work *w, const struct score_row *whole)
{
	if (w->at.of.card->bands)
		w->ret->evaluations[w->ret->n_evaluations++] = (struct evaluation_row){
			.of = w->at.of,
			.code = whole->component->name,
			.has_score = whole->has_score,
			.score = whole->score,
			.max_score = whole->max_score,
			.band = whole->has_score ? bands_judge(w->at.of.card->bands, whole->score) : TEXT_NONE,
		};
}

/* --- predicates ------------------------------------------------------------------------------------------------------------------------------ */

/* score ≥ bound, or bound hundredths of the highest score; no score counts as 0. */
static bool meets(const struct score_rule *rule, const struct score_row *row)
{
	if (!rule->percent)
		return decimal_compare(row->score, rule->bound) >= 0;
	return row->score.micro * 100 * DECIMAL_ONE >= rule->bound.micro * row->max_score.micro;
}

static int required_score(const struct score_rule *rule, const struct score_row *row, decimal *ret)
{
	*ret = rule->bound;
	return rule->percent ? decimal_ratio(rule->bound, decimal_of(100), row->max_score, 6, ret) : 0;
}

static int judge_rules(struct work *w, const struct predicate *p, const struct score_row *rows, struct predicate_row *ret)
{
	struct text *failing = arena_alloc(w->arena, (p->n_rules + 1) * sizeof *failing);
	if (!failing)
		return -ENOMEM;
	ret->failing_rules = failing;
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct score_rule *rule = &p->rules[i];
		const struct score_row *row = &rows[rule->component];
		if (meets(rule, row))
			continue;
		struct gap_row gap = {.of = w->at.of, .predicate = p, .rule = rule->name, .actual = row->score};
		int r = required_score(rule, row, &gap.required);
		if (r < 0)
			return r;
		gap.missing.micro = gap.required.micro - gap.actual.micro;
		w->ret->gaps[w->ret->n_gaps++] = gap;
		failing[ret->n_failing_rules++] = rule->name;
	}
	return 0;
}

/* The answer to "G.<gate>". */
static bool gate_answered(const struct work *w, struct text gate)
{
	for (size_t i = 0; i < w->at.of.card->n_items; i++) {
		struct text name = w->at.of.card->items[i].name;
		if (name.n == gate.n + 2 && name.p[0] == 'G' && name.p[1] == '.' && !memcmp(name.p + 2, gate.p, gate.n))
			return w->chosen[i] && text_is(w->chosen[i]->answer, "yes");
	}
	return false;
}

static int passes(const struct work *w, struct text gate, bool *ret)
{
	enum measured method = text_is(gate, "lhkpn") ? MEASURED_LHKPN : text_is(gate, "lhkasn") ? MEASURED_LHKASN : MEASURED_NOT;
	struct share filed;
	int r = measured_value(&w->at, method, &filed);
	*ret = filed.d.micro > 0 ? decimal_compare(filed.n, filed.d) >= 0 : gate_answered(w, gate);
	return r;
}

static int judge_gates(struct work *w, const struct predicate *p, struct predicate_row *ret)
{
	struct text *failing = arena_alloc(w->arena, (p->n_gates + 1) * sizeof *failing);
	int r = failing ? 0 : -ENOMEM;
	ret->failing_gates = failing;
	for (size_t i = 0; i < p->n_gates && r >= 0; i++) {
		bool passed;
		r = passes(w, p->gates[i], &passed);
		if (!passed)
			failing[ret->n_failing_gates++] = p->gates[i];
	}
	return r;
}

static int judge(struct work *w, const struct score_row *rows)
{
	int r = 0;
	for (size_t i = 0; i < w->at.of.card->n_predicates && r >= 0; i++) {
		const struct predicate *p = &w->at.of.card->predicates[i];
		struct predicate_row *row = &w->ret->predicates[w->ret->n_predicates++];
		*row = (struct predicate_row){.of = w->at.of, .predicate = p};
		r = judge_rules(w, p, rows, row);
		if (r >= 0)
			r = judge_gates(w, p, row);
	}
	return r;
}

/* --- groups ---------------------------------------------------------------------------------------------------------------------------------- */

/* National assessors come before internal ones, and these before the unit itself. */
static int rank(struct text assessor)
{
	return text_is(assessor, "tpn") ? 0 : text_is(assessor, "tpi") ? 1 : 2;
}

static int by_group(const struct assessment *x, const struct assessment *y)
{
	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1; /* units stand in order of code */
	if (x->year != y->year)
		return x->year < y->year ? -1 : 1;
	return text_compare(x->ruleset, y->ruleset);
}

static int by_group_item_rank(const void *a, const void *b)
{
	const struct assessment *x = *(const struct assessment *const *)a, *y = *(const struct assessment *const *)b;
	int c = by_group(x, y);
	if (!c)
		c = text_compare(x->item, y->item);
	return c ? c : rank(x->assessor) - rank(y->assessor);
}

/* Sorts the answers and finds the runs of those that have a scorecard. */
static int find_groups(struct work *w, const struct assessment *answers, size_t n)
{
	w->answers = arena_alloc(w->scratch, (n + 1) * sizeof *w->answers);
	w->groups = arena_alloc(w->scratch, (n + 1) * sizeof *w->groups);
	if (!w->answers || !w->groups)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		w->answers[i] = &answers[i];
	if (n)
		qsort(w->answers, n, sizeof *w->answers, by_group_item_rank);
	for (size_t i = 0, end; i < n; i = end) {
		const struct assessment *a = w->answers[i];
		for (end = i + 1; end < n && !by_group(a, w->answers[end]);)
			end++;
		const struct scorecard *card = rulesets_scorecard(w->basis->rulesets, a->ruleset, a->year);
		if (card)
			w->groups[w->n_groups++] = (struct group){{a->unit, a->year, card}, i, end - i};
	}
	return 0;
}

/* Room for all rows that the groups can have. */
static int make_room(struct work *w)
{
	size_t components = 0, predicates = 0, rules = 0;
	for (size_t i = 0; i < w->n_groups; i++) {
		const struct scorecard *card = w->groups[i].of.card;
		components += card->n_components;
		predicates += card->n_predicates;
		for (size_t k = 0; k < card->n_predicates; k++)
			rules += card->predicates[k].n_rules;
	}
	w->ret->scores = arena_alloc(w->arena, (components + 1) * sizeof *w->ret->scores);
	w->ret->predicates = arena_alloc(w->arena, (predicates + 1) * sizeof *w->ret->predicates);
	w->ret->gaps = arena_alloc(w->arena, (rules + 1) * sizeof *w->ret->gaps);
	w->ret->evaluations = arena_alloc(w->arena, (w->n_groups + 1) * sizeof *w->ret->evaluations);
	return w->ret->scores && w->ret->predicates && w->ret->gaps && w->ret->evaluations ? 0 : -ENOMEM;
}

/* Of several answers to an item the first counts, even if it has no value. */
static int choose(struct work *w, const struct group *g)
{
	const struct scorecard *card = g->of.card;
	w->chosen = arena_zalloc(w->scratch, (card->n_items + 1) * sizeof *w->chosen);
	if (!w->chosen)
		return -ENOMEM;
	for (size_t i = g->first; i < g->first + g->n; i++) {
		const struct score_item *item = scorecard_item(card, w->answers[i]->item);
		if (item && !w->chosen[item - card->items])
			w->chosen[item - card->items] = w->answers[i];
	}
	return 0;
}

static int each_group(struct work *w)
{
	int r = 0;
	for (size_t i = 0; i < w->n_groups && r >= 0; i++) {
		struct score_row *rows = &w->ret->scores[w->ret->n_scores];
		w->at.of = w->groups[i].of;
		r = choose(w, &w->groups[i]);
		if (r >= 0)
			r = score_components(&w->at, w->chosen, w->scratch, rows);
		if (r < 0)
			break;
		w->ret->n_scores += w->at.of.card->n_components;
		evaluate(w, rows);
		r = judge(w, rows);
	}
	return r;
}

int scorecards(const struct basis *b, const struct measure_row *rows, size_t n_rows, const struct assessment *answers, size_t n_answers, day_number as_of,
	       struct arena *arena, struct scoring *ret)
{
	struct scoring scoring = {0};
	struct work w = {.basis = b, .scratch = arena_new(1 << 16), .arena = arena, .ret = &scoring};
	w.at = (struct measuring){.curves = &w.curves, .as_of = as_of};
	int r = w.scratch ? find_groups(&w, answers, n_answers) : -ENOMEM;
	if (r >= 0)
		r = make_room(&w);
	if (r >= 0 && w.n_groups) {
		r = curves_init(&w.curves, b->units, rows, n_rows, w.scratch);
		if (r >= 0)
			r = each_group(&w);
		curves_deinit(&w.curves);
	}
	arena_free(w.scratch);
	if (r >= 0)
		*ret = scoring;
	return r;
}
