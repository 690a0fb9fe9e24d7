// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/indicator/scorecard.h"

#include <errno.h>
#include <gmp.h>
#include <stdlib.h>

#include "daemon/indicator/curves.h"

/* The answers of one unit, year and ruleset. */
struct group {
	struct scored of;
	size_t first, n; /* into work.answers */
};

struct work {
	const struct basis *basis;
	day_number as_of;
	struct curves curves;
	struct arena *scratch, *arena;
	const struct assessment **answers; /* sorted; of one item, the one that counts stands first */
	struct group *groups;
	size_t n_groups;
	struct scoring *ret;
	/* of the group at hand */
	struct scored of;
	const struct assessment **chosen; /* by item; NULL: nobody answered */
	struct sum *leaves;
};

/* What a leaf comes to. */
struct sum {
	mpq_t exact;     /* weight × mean of its items */
	decimal rounded; /* to two decimals */
	bool present;    /* some item has a value */
};

/* --- fractions ------------------------------------------------------------------------------------------------------------------------------- */

static void set_decimal(mpq_t q, decimal d)
{
	unsigned __int128 v = d.micro < 0 ? -(unsigned __int128)d.micro : (unsigned __int128)d.micro;
	const uint64_t words[] = {(uint64_t)v, (uint64_t)(v >> 64)};
	mpz_import(mpq_numref(q), 2, -1, sizeof *words, 0, 0, words);
	if (d.micro < 0)
		mpz_neg(mpq_numref(q), mpq_numref(q));
	mpz_set_si(mpq_denref(q), (long)DECIMAL_ONE);
	mpq_canonicalize(q);
}

/* q × scale to two decimals, half up; q is not negative. */
static decimal round2(const mpq_t q, unsigned long scale)
{
	uint64_t words[2] = {0, 0};
	mpz_t n;
	mpz_init(n);
	mpz_mul_ui(n, mpq_numref(q), 2 * 100 * scale);
	mpz_add(n, n, mpq_denref(q));
	mpz_fdiv_q(n, n, mpq_denref(q));
	mpz_fdiv_q_2exp(n, n, 1);
	mpz_export(words, NULL, -1, sizeof *words, 0, 0, n);
	mpz_clear(n);
	return (decimal){(__int128)((unsigned __int128)words[1] << 64 | words[0]) * (DECIMAL_ONE / 100)};
}

/* n / d, but from 0 to 1; d is not 0. */
static void set_share(mpq_t q, decimal n, decimal d)
{
	mpq_t divisor;
	mpq_init(divisor);
	set_decimal(q, n);
	set_decimal(divisor, d);
	mpq_div(q, q, divisor);
	mpq_clear(divisor);
	if (mpq_sgn(q) < 0)
		mpq_set_ui(q, 0, 1);
	else if (mpq_cmp_ui(q, 1, 1) > 0)
		mpq_set_ui(q, 1, 1);
}

static void set_reduction(mpq_t q, decimal now, decimal before, decimal zero_violations)
{
	if (before.micro)
		set_share(q, (decimal){before.micro - now.micro}, before);
	else
		set_decimal(q, now.micro ? decimal_of(0) : zero_violations);
}

/* --- answers --------------------------------------------------------------------------------------------------------------------------------- */

/* The value of the answer; false: it has none. */
static bool answer_value(const struct assessment *a, enum scale scale, decimal zero_violations, mpq_t q)
{
	if (scale == SCALE_REDUCTION) {
		if (a->has_ratio)
			set_reduction(q, a->numerator, a->denominator, zero_violations);
		return a->has_ratio;
	}
	if (scale_is_ratio(scale)) {
		if (a->has_ratio && a->denominator.micro)
			set_share(q, a->numerator, a->denominator);
		return a->has_ratio && a->denominator.micro;
	}
	int hundredths = scale_worth(scale, a->answer);
	if (hundredths >= 0)
		set_decimal(q, (decimal){hundredths * (DECIMAL_ONE / 100)});
	return hundredths >= 0;
}

/* --- what is measured ------------------------------------------------------------------------------------------------------------------------ */

static struct days year_days(int year)
{
	return (struct days){day_from_civil(year, 1, 1), day_from_civil(year, 12, 31)};
}

/* An obligation counts when its day is over. */
static struct days due_days(const struct work *w)
{
	struct days days = year_days(w->of.year);
	if (days.last >= w->as_of)
		days.last = w->as_of - 1;
	return days;
}

/* The unit's sum, with all units below it. */
static int add_up(const struct work *w, const char *measure, const char *dimension, struct days days, decimal *ret)
{
	uint32_t series;
	int r = curves_find(&w->curves, text_of(measure), text_of(dimension), &series);
	*ret = decimal_of(0);
	if (r >= 0 && series != SERIES_NONE)
		*ret = curve_sum(curves_at(&w->curves, series, w->of.unit), days);
	return r;
}

static int add_up_two(const struct work *w, const char *numerator, const char *denominator, const char *dimension, struct days days, decimal sums[2])
{
	int r = add_up(w, numerator, dimension, days, &sums[0]);
	return r < 0 ? r : add_up(w, denominator, dimension, days, &sums[1]);
}

/* In each of the following: *ret_has false, the measure does not tell. */

static int measured_share(const struct work *w, const char *numerator, const char *denominator, const char *dimension, struct days days, mpq_t q, bool *ret_has)
{
	decimal sums[2];
	int r = add_up_two(w, numerator, denominator, dimension, days, sums);
	*ret_has = r >= 0 && sums[1].micro != 0;
	if (*ret_has)
		set_share(q, sums[0], sums[1]);
	return r;
}

/* A mean score is one of at most 4. */
static int measured_survey(const struct work *w, const char *dimension, mpq_t q, bool *ret_has)
{
	decimal sums[2];
	int r = add_up_two(w, "survey.score", "survey.answers", dimension, year_days(w->of.year), sums);
	*ret_has = r >= 0 && sums[1].micro != 0;
	if (*ret_has)
		set_share(q, sums[0], (decimal){4 * sums[1].micro});
	return r;
}

static int measured_reduction(const struct work *w, mpq_t q, bool *ret_has)
{
	decimal now[2], before[2]; /* violations, reports */
	int r = add_up_two(w, "discipline.violations", "discipline.reports", "", year_days(w->of.year), now);
	if (r >= 0)
		r = add_up_two(w, "discipline.violations", "discipline.reports", "", year_days(w->of.year - 1), before);
	*ret_has = r >= 0 && now[1].micro && before[1].micro;
	if (*ret_has)
		set_reduction(q, now[0], before[0], w->of.card->zero_violations);
	return r;
}

static int measured_report_on_time(const struct work *w, mpq_t q, bool *ret_has)
{
	decimal sums[2];
	int r = add_up_two(w, "performance.report_on_time", "performance.report_due", "", due_days(w), sums);
	*ret_has = r >= 0 && sums[1].micro != 0;
	if (*ret_has)
		mpq_set_ui(q, decimal_compare(sums[0], sums[1]) == 0, 1);
	return r;
}

/* The quarters in which somebody was asked. */
static int measured_rounds(const struct work *w, mpq_t q, bool *ret_has)
{
	unsigned rounds = 0;
	int r = 0;
	for (int month = 1; month <= 12 && r >= 0; month += 3) {
		struct period quarter = period_of(GRAIN_QUARTER, day_from_civil(w->of.year, month, 1));
		decimal responses;
		r = add_up(w, "survey.responses", "instrument=skm", (struct days){quarter.first, quarter.last}, &responses);
		rounds += r >= 0 && responses.micro > 0;
	}
	*ret_has = r >= 0 && rounds > 0;
	if (*ret_has)
		set_share(q, decimal_of(rounds), decimal_of(4));
	return r;
}

static int measured_value(const struct work *w, enum measured method, mpq_t q, bool *ret_has)
{
	const struct days days = year_days(w->of.year);
	switch (method) {
	case MEASURED_VIOLATION_REDUCTION:
		return measured_reduction(w, q, ret_has);
	case MEASURED_MET:
		return measured_share(w, "performance.met", "performance.achieved", "grain=year", days, q, ret_has);
	case MEASURED_REPORT_ON_TIME:
		return measured_report_on_time(w, q, ret_has);
	case MEASURED_DUE_RESOLVED:
		return measured_share(w, "complaint.due_resolved", "complaint.resolution_due", "", due_days(w), q, ret_has);
	case MEASURED_LHKPN:
		return measured_share(w, "declaration.filed", "declaration.obliged", "regime=lhkpn", days, q, ret_has);
	case MEASURED_LHKASN:
		return measured_share(w, "declaration.filed", "declaration.obliged", "regime=lhkasn", days, q, ret_has);
	case MEASURED_SURVEY_ROUNDS:
		return measured_rounds(w, q, ret_has);
	case MEASURED_SPAK:
		return measured_survey(w, "instrument=spak", q, ret_has);
	case MEASURED_SPKP:
		return measured_survey(w, "instrument=spkp", q, ret_has);
	case MEASURED_NOT:
		break;
	}
	*ret_has = false;
	return 0;
}

/* --- scores ---------------------------------------------------------------------------------------------------------------------------------- */

static int item_value(const struct work *w, size_t item, mpq_t q, bool *ret_has)
{
	const struct score_item *i = &w->of.card->items[item];
	int r = measured_value(w, i->measured, q, ret_has);
	if (r >= 0 && !*ret_has && w->chosen[item])
		*ret_has = answer_value(w->chosen[item], i->scale, w->of.card->zero_violations, q);
	return r;
}

/* Adds the items' values up, leaf by leaf. */
static int add_items(const struct work *w, unsigned *counts)
{
	mpq_t value;
	int r = 0;
	mpq_init(value);
	for (size_t i = 0; i < w->of.card->n_items && r >= 0; i++) {
		const uint32_t leaf = w->of.card->items[i].leaf;
		bool has = false;
		if (leaf != LEAF_NONE)
			r = item_value(w, i, value, &has);
		if (r < 0 || !has)
			continue;
		mpq_add(w->leaves[leaf].exact, w->leaves[leaf].exact, value);
		counts[leaf]++;
	}
	mpq_clear(value);
	return r;
}

static void finish_leaf(struct sum *leaf, decimal weight, unsigned items)
{
	mpq_t factor;
	leaf->present = items > 0;
	if (!items)
		return;
	mpq_init(factor);
	set_decimal(factor, weight);
	mpq_mul(leaf->exact, leaf->exact, factor);
	mpq_set_ui(factor, items, 1);
	mpq_div(leaf->exact, leaf->exact, factor);
	mpq_clear(factor);
	leaf->rounded = round2(leaf->exact, 1);
}

/* percent = 100 × unrounded sum / max_score */
static void score_component(const struct work *w, const struct score_component *c, struct score_row *row)
{
	mpq_t sum, max;
	*row = (struct score_row){.of = w->of, .component = c, .max_score = scorecard_max(w->of.card, c)};
	mpq_inits(sum, max, NULL);
	for (size_t i = c->first; i < c->first + c->n; i++) {
		row->has_score = row->has_score || w->leaves[i].present;
		row->score.micro += w->leaves[i].rounded.micro;
		mpq_add(sum, sum, w->leaves[i].exact);
	}
	if (row->has_score) {
		set_decimal(max, row->max_score);
		mpq_div(sum, sum, max);
		row->percent = round2(sum, 100);
	}
	mpq_clears(sum, max, NULL);
}

/* The group's rows; *ret_rows is by component. */
static int score_group(struct work *w, struct score_row **ret_rows)
{
	const struct scorecard *card = w->of.card;
	unsigned *counts = arena_zalloc(w->scratch, (card->n_leaves + 1) * sizeof *counts);
	w->leaves = arena_zalloc(w->scratch, (card->n_leaves + 1) * sizeof *w->leaves);
	if (!counts || !w->leaves)
		return -ENOMEM;
	for (size_t i = 0; i < card->n_leaves; i++)
		mpq_init(w->leaves[i].exact);
	int r = add_items(w, counts);
	*ret_rows = &w->ret->scores[w->ret->n_scores];
	for (size_t i = 0; i < card->n_leaves && r >= 0; i++)
		finish_leaf(&w->leaves[i], card->leaves[i].weight, counts[i]);
	for (size_t i = 0; i < card->n_components && r >= 0; i++)
		score_component(w, &card->components[i], &w->ret->scores[w->ret->n_scores++]);
	for (size_t i = 0; i < card->n_leaves; i++)
		mpq_clear(w->leaves[i].exact);
	return r;
}

static void evaluate(struct work *w, const struct score_row *whole)
{
	if (w->of.card->bands)
		w->ret->evaluations[w->ret->n_evaluations++] = (struct evaluation_row){
			.of = w->of,
			.code = whole->component->name,
			.has_score = whole->has_score,
			.score = whole->score,
			.max_score = whole->max_score,
			.band = whole->has_score ? bands_judge(w->of.card->bands, whole->score) : TEXT_NONE,
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
		struct gap_row gap = {.of = w->of, .predicate = p, .rule = rule->name, .actual = row->score};
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
	for (size_t i = 0; i < w->of.card->n_items; i++) {
		struct text name = w->of.card->items[i].name;
		if (name.n == gate.n + 2 && name.p[0] == 'G' && name.p[1] == '.' && !memcmp(name.p + 2, gate.p, gate.n))
			return w->chosen[i] && text_is(w->chosen[i]->answer, "yes");
	}
	return false;
}

static int passes(const struct work *w, struct text gate, bool *ret)
{
	const char *regime = text_is(gate, "lhkpn") ? "regime=lhkpn" : text_is(gate, "lhkasn") ? "regime=lhkasn" : NULL;
	decimal sums[2] = {decimal_of(0), decimal_of(0)};
	int r = regime ? add_up_two(w, "declaration.filed", "declaration.obliged", regime, year_days(w->of.year), sums) : 0;
	*ret = sums[1].micro > 0 ? decimal_compare(sums[0], sums[1]) >= 0 : gate_answered(w, gate);
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
	for (size_t i = 0; i < w->of.card->n_predicates && r >= 0; i++) {
		const struct predicate *p = &w->of.card->predicates[i];
		struct predicate_row *row = &w->ret->predicates[w->ret->n_predicates++];
		*row = (struct predicate_row){.of = w->of, .predicate = p};
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
		struct score_row *rows;
		w->of = w->groups[i].of;
		r = choose(w, &w->groups[i]);
		if (r >= 0)
			r = score_group(w, &rows);
		if (r < 0)
			break;
		evaluate(w, rows);
		r = judge(w, rows);
	}
	return r;
}

int scorecards(const struct basis *b, const struct measure_row *rows, size_t n_rows, const struct assessment *answers, size_t n_answers, day_number as_of,
	       struct arena *arena, struct scoring *ret)
{
	struct scoring scoring = {0};
	struct work w = {.basis = b, .as_of = as_of, .scratch = arena_new(1 << 16), .arena = arena, .ret = &scoring};
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
