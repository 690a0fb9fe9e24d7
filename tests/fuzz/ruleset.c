// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * A ruleset: refused with a place in it, or taken twice with the same outcome. Figures and scores can be computed by it, the same twice, from a few rows of all
 * that it names.
 */
#include <errno.h>

#include "basis.h"
#include "daemon/indicator/scorecard.h"

#define ROWS_MAX 64
#define ANSWERS_MAX 64

static struct measure_row rows[ROWS_MAX];
static size_t n_rows;
static struct assessment answers[ANSWERS_MAX];
static size_t n_answers;

static void add_row(const struct measure_ref *m)
{
	if (!m->measure.p || n_rows + 2 > ROWS_MAX)
		return;
	day_number day = day_from_civil(2024, 1 + (int)n_rows % 12, 5);
	rows[n_rows] = (struct measure_row){(uint32_t)n_rows % 3, day, m->measure, m->dimension, decimal_of((int64_t)n_rows - 3)};
	n_rows++;
}

static void add_answers(const struct scorecard *card)
{
	static const struct text letters[] = {{"a", 1}, {"yes", 3}, {"c", 1}, {NULL, 0}};
	for (size_t i = 0; i < card->n_items && n_answers < ANSWERS_MAX; i++) {
		struct text answer = letters[(i + n_answers) % COUNT(letters)];
		answers[n_answers++] = (struct assessment){
			.unit = (uint32_t)(i % 3), .year = 2024, .ruleset = card->id, .item = card->items[i].name, .assessor = TEXT("tpi"),
			.answer = answer, .has_ratio = !answer.p, .numerator = decimal_of(2), .denominator = decimal_of((int64_t)i % 4),
		};
	}
}

static void take_names(const struct ruleset *set)
{
	n_rows = n_answers = 0;
	for (size_t i = 0; i < set->n_indicators; i++) {
		add_row(&set->indicators[i].numerator);
		add_row(&set->indicators[i].denominator);
		add_row(&set->indicators[i].base);
		add_row(&set->indicators[i].presence);
	}
	for (size_t i = 0; i < set->n_scorecards; i++)
		add_answers(&set->scorecards[i]);
}

/* All that is computed, as text. */
static void compute(const struct rulesets *r, struct arena *arena, struct buffer *out)
{
	struct basis b = *basis();
	struct figure *figures;
	struct scoring s;
	size_t n = 0;
	b.rulesets = r;
	int result = indicators(&b, rows, n_rows, day_from_civil(2024, 12, 31), 5, arena, &figures, &n);
	HOLDS(result == 0 || result == -ERANGE, "%d", result);
	for (size_t i = 0; result == 0 && i < n; i++) {
		const struct figure *f = &figures[i];
		HOLDS(f->state != FIGURE_SUPPRESSED || !(f->has_value || f->band.p));
		buffer_printf(out, "%d %lld %.*s\n", f->state, (long long)f->value.micro, TEXT_ARG(f->band));
	}
	HOLDS(scorecards(&b, rows, n_rows, answers, n_answers, day_from_civil(2024, 12, 31), arena, &s) == 0);
	for (size_t i = 0; i < s.n_scores; i++)
		buffer_printf(out, "%lld %lld\n", (long long)s.scores[i].score.micro, (long long)s.scores[i].percent.micro);
	HOLDS(!out->failed);
}

static void check_figures(const struct rulesets *one, const struct rulesets *two)
{
	struct buffer a = {0}, b = {0};
	struct arena *arena = arena_new(65536);
	HOLDS(arena != NULL);
	take_names(one->all);
	compute(one, arena, &a);
	take_names(two->all);
	compute(two, arena, &b);
	HOLDS(text_equal(buffer_view(&a), buffer_view(&b)));
	buffer_deinit(&a);
	buffer_deinit(&b);
	arena_free(arena);
}

static int read(struct rulesets *r, struct text input, struct error *err)
{
	*err = (struct error){""};
	HOLDS(rulesets_init(r) == 0);
	int result = rulesets_add(r, "rules.json", input, err);
	if (result == 0)
		result = rulesets_check(r, err);
	HOLDS(result == 0 || result == -EINVAL, "%d", result);
	HOLDS((result == 0) == !*err->text && is_line(text_of(err->text)), "%s", err->text);
	return result;
}

void target(struct text input)
{
	struct rulesets one, two;
	struct error err, other;
	int result = read(&one, input, &err);
	HOLDS(read(&two, input, &other) == result && !strcmp(err.text, other.text), "%s\n%s", err.text, other.text);
	HOLDS(arena_used(one.arena) <= 256 * input.n + 4096, "%zu bytes of the arena for %zu", arena_used(one.arena), input.n);
	if (result == 0) {
		HOLDS(text_equal(one.all->json, input));
		HOLDS(one.all->id.n >= 1 && one.all->id.n <= 1000); /* what an index of the store can hold */
		check_figures(&one, &two);
	}
	rulesets_deinit(&one);
	rulesets_deinit(&two);
}
