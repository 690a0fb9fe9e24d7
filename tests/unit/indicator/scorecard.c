// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Scores, predicates and gaps of semantics §10: the published worksheet, every scale, every measured item, who is believed, each bound from both sides. */
#include "daemon/indicator/scorecard.h"

#include "tests/unit/suite.h"
#include "world.h"

#define A "1.02.0.00.0.00.01.0000"
#define A1 "1.02.0.00.0.00.01.0013"
#define B "6.01.0.00.0.00.01.0000"

static struct world w;
static struct scorecard cards[4];
static struct score_leaf leaves[4][32];
static struct score_item items[4][64];
static struct score_component components[4][48];
static struct assessment answers[128];
static size_t n_answers;
static struct scoring scoring;

/* --- scorecards by hand ---------------------------------------------------------------------------------------------------------------------- */

static size_t n_cards;
static struct scorecard *card; /* the one being made */

static void start(void)
{
	world_init(&w);
	world_unit(&w, A, NULL);
	world_unit(&w, A1, A);
	world_unit(&w, B, NULL);
	world_link(&w);
	w.sets[0].scorecards = cards;
	n_cards = n_answers = 0;
}

static void begin_card(const char *id)
{
	card = &cards[n_cards];
	*card = (struct scorecard){.id = text_of(id), .leaves = leaves[n_cards], .items = items[n_cards], .components = components[n_cards]};
	card->zero_violations = decimal_of(1);
	w.sets[0].n_scorecards = ++n_cards;
}

static void leaf(const char *component, const char *weight)
{
	leaves[n_cards - 1][card->n_leaves++] = (struct score_leaf){text_of(component), number(weight)};
}

/* Of the last leaf. */
static void item(const char *name, enum scale scale, enum measured measured)
{
	items[n_cards - 1][card->n_items++] = (struct score_item){text_of(name), scale, measured, (uint32_t)card->n_leaves - 1};
}

static void gate(const char *name)
{
	items[n_cards - 1][card->n_items++] = (struct score_item){text_of(name), SCALE_YT, MEASURED_NOT, LEAF_NONE};
}

static int by_name(const void *a, const void *b)
{
	return text_compare(((const struct score_item *)a)->name, ((const struct score_item *)b)->name);
}

static bool covers(const char *component, struct text leaf_name)
{
	size_t n = strlen(component);
	return leaf_name.n >= n && !memcmp(leaf_name.p, component, n) && (leaf_name.n == n || leaf_name.p[n] == '.');
}

static void end_card(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct score_component *c = &components[n_cards - 1][card->n_components++];
		*c = (struct score_component){.name = text_of(names[i])};
		for (size_t k = card->n_leaves; k-- > 0;)
			if (covers(names[i], leaves[n_cards - 1][k].component)) {
				c->first = (uint32_t)k;
				c->n++;
			}
		ck_assert_uint_gt(c->n, 0);
	}
	qsort(items[n_cards - 1], card->n_items, sizeof items[0][0], by_name);
}

/* --- answers and results --------------------------------------------------------------------------------------------------------------------- */

static struct assessment *answer_of(const char *unit, int year, const char *ruleset, const char *name, const char *assessor)
{
	struct assessment *a = &answers[n_answers++];
	*a = (struct assessment){
		.unit = units_find(&w.units, text_of(unit)), .year = year, .ruleset = text_of(ruleset), .item = text_of(name), .assessor = text_of(assessor)};
	ck_assert(n_answers <= COUNT(answers) && a->unit != UNIT_NONE);
	return a;
}

/* "yes", "a", or "157/170" */
static void fill(struct assessment *a, const char *value)
{
	const char *slash = strchr(value, '/');
	if (!slash) {
		a->answer = text_of(value);
		return;
	}
	a->has_ratio = true;
	ck_assert_int_eq(decimal_parse((struct text){value, (size_t)(slash - value)}, &a->numerator), 0);
	a->denominator = number(slash + 1);
}

static void answer(const char *name, const char *value)
{
	fill(answer_of(A, 2024, "s", name, "self"), value);
}

static void answer_by(const char *assessor, const char *name, const char *value)
{
	fill(answer_of(A, 2024, "s", name, assessor), value);
}

static void score(void)
{
	scoring = (struct scoring){0};
	ck_assert_int_eq(scorecards(&w.basis, w.rows, w.n_rows, answers, n_answers, w.as_of, w.arena, &scoring), 0);
}

static const char *show(decimal d)
{
	static char texts[4][DECIMAL_TEXT_MAX + 1];
	static unsigned next;
	char *text = texts[next++ % 4];
	text[decimal_format(d, text)] = 0;
	return text;
}

/* "0.42/1 41.75%", "null/1", "none" */
static const char *shown_score(const char *unit, int year, const char *id, const char *component)
{
	static char text[128];
	for (size_t i = 0; i < scoring.n_scores; i++) {
		const struct score_row *r = &scoring.scores[i];
		if (r->of.unit != units_find(&w.units, text_of(unit)) || r->of.year != year || !text_is(r->of.card->id, id) ||
		    !text_is(r->component->name, component))
			continue;
		if (r->has_score)
			snprintf(text, sizeof text, "%s/%s %s%%", show(r->score), show(r->max_score), show(r->percent));
		else
			snprintf(text, sizeof text, "null/%s", show(r->max_score));
		return text;
	}
	return "none";
}

#define assert_score(component, want) ck_assert_str_eq(shown_score(A, 2024, "s", component), want)

/* A scorecard "s" of one leaf "S", weight 1, one item "I". */
static void one_item(enum scale scale, enum measured measured)
{
	static const char *const names[] = {"S"};
	start();
	begin_card("s");
	leaf("S", "1");
	item("I", scale, measured);
	end_card(names, 1);
}

/* --- values ---------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(the_published_worksheet)
{
	static const char *const names[] = {"S", "S.1", "S.2", "S.3", "S.4"};
	start();
	begin_card("s");
	leaf("S.1", "1"), item("1.a", SCALE_YT, MEASURED_NOT), item("1.b", SCALE_A3, MEASURED_NOT);
	leaf("S.2", "1"), item("2.a", SCALE_A5, MEASURED_NOT), item("2.b", SCALE_A5, MEASURED_NOT), item("2.c", SCALE_A4, MEASURED_NOT);
	leaf("S.3", "2"), item("3.a", SCALE_A3, MEASURED_NOT), item("3.b", SCALE_A3, MEASURED_NOT), item("3.c", SCALE_YT, MEASURED_NOT);
	leaf("S.4", "1"), item("4.a", SCALE_YT, MEASURED_NOT), item("4.b", SCALE_A3, MEASURED_NOT), item("4.c", SCALE_A3, MEASURED_NOT),
		item("4.d", SCALE_A4, MEASURED_NOT);
	end_card(names, COUNT(names));
	answer("1.a", "yes"), answer("1.b", "b");
	answer("2.a", "e"), answer("2.b", "e"), answer("2.c", "a");
	answer("3.a", "c"), answer("3.b", "c"), answer("3.c", "no");
	answer("4.a", "no"), answer("4.b", "a"), answer("4.c", "c"), answer("4.d", "b");
	score();
	assert_score("S.1", "0.75/1 75%");
	assert_score("S.2", "0.33/1 33.33%");
	assert_score("S.3", "0/2 0%");
	assert_score("S.4", "0.42/1 41.75%");
	assert_score("S", "1.5/5 30.02%");
	ck_assert_uint_eq(scoring.n_scores, 5);
	world_deinit(&w);
}
END_TEST

START_TEST(every_answer_of_every_scale)
{
	static const struct {
		enum scale scale;
		const char *value, *want;
	} cases[] = {
		{SCALE_YT, "yes", "1/1 100%"},
		{SCALE_YT, "no", "0/1 0%"},
		{SCALE_YT, "a", "null/1"},
		{SCALE_YT, "1/1", "null/1"},
		{SCALE_YT, "Yes", "null/1"},
		{SCALE_A3, "a", "1/1 100%"},
		{SCALE_A3, "b", "0.5/1 50%"},
		{SCALE_A3, "c", "0/1 0%"},
		{SCALE_A3, "d", "null/1"},
		{SCALE_A3, "ab", "null/1"},
		{SCALE_A3, "yes", "null/1"},
		{SCALE_A4, "a", "1/1 100%"},
		{SCALE_A4, "b", "0.67/1 67%"},
		{SCALE_A4, "c", "0.33/1 33%"},
		{SCALE_A4, "d", "0/1 0%"},
		{SCALE_A4, "e", "null/1"},
		{SCALE_A5, "a", "1/1 100%"},
		{SCALE_A5, "b", "0.75/1 75%"},
		{SCALE_A5, "c", "0.5/1 50%"},
		{SCALE_A5, "d", "0.25/1 25%"},
		{SCALE_A5, "e", "0/1 0%"},
		{SCALE_A5, "no", "null/1"},
		{SCALE_A5, "3/4", "null/1"},
		{SCALE_RATIO, "157/170", "0.92/1 92.35%"},
		{SCALE_RATIO, "3/2", "1/1 100%"},
		{SCALE_RATIO, "0/7", "0/1 0%"},
		{SCALE_RATIO, "0/0", "null/1"},
		{SCALE_RATIO, "5/0", "null/1"},
		{SCALE_RATIO, "a", "null/1"},
		{SCALE_RATIO, "yes", "null/1"},
		{SCALE_SURVEY, "3.6/4", "0.9/1 90%"},
		{SCALE_SURVEY, "4.1/4", "1/1 100%"},
		{SCALE_SURVEY, "0/0", "null/1"},
		{SCALE_SURVEY, "b", "null/1"},
		{SCALE_REDUCTION, "3/4", "0.25/1 25%"},
		{SCALE_REDUCTION, "0/4", "1/1 100%"},
		{SCALE_REDUCTION, "4/4", "0/1 0%"},
		{SCALE_REDUCTION, "5/4", "0/1 0%"},
		{SCALE_REDUCTION, "0/0", "1/1 100%"},
		{SCALE_REDUCTION, "1/0", "0/1 0%"},
		{SCALE_REDUCTION, "a", "null/1"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		one_item(cases[i].scale, MEASURED_NOT);
		answer("I", cases[i].value);
		score();
		ck_assert_msg(!strcmp(shown_score(A, 2024, "s", "S"), cases[i].want), "%d %s: %s", (int)cases[i].scale, cases[i].value,
			      shown_score(A, 2024, "s", "S"));
		world_deinit(&w);
	}
}
END_TEST

/* What no violations in either year are worth is the ruleset's. */
START_TEST(zero_violations)
{
	static const char *const cases[][2] = {{"1", "1/1 100%"}, {"0.5", "0.5/1 50%"}, {"0", "0/1 0%"}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		one_item(SCALE_REDUCTION, MEASURED_NOT);
		card->zero_violations = number(cases[i][0]);
		answer("I", "0/0");
		score();
		assert_score("S", cases[i][1]);
		world_deinit(&w);
	}
}
END_TEST

/* Items without a value do not count in the mean; a component without any is null, and adds nothing. */
START_TEST(nulls)
{
	static const char *const names[] = {"S", "S.A", "S.A.1", "S.A.2", "S.B", "S.B.1"};
	start();
	begin_card("s");
	leaf("S.A.1", "2"), item("1.a", SCALE_RATIO, MEASURED_NOT), item("1.b", SCALE_RATIO, MEASURED_NOT), item("1.c", SCALE_RATIO, MEASURED_NOT);
	leaf("S.A.2", "1"), item("2.a", SCALE_YT, MEASURED_NOT);
	leaf("S.B.1", "3"), item("3.a", SCALE_YT, MEASURED_NOT);
	end_card(names, COUNT(names));
	answer("1.a", "1/4"), answer("1.b", "7/0");
	score();
	assert_score("S.A.1", "0.5/2 25%");
	assert_score("S.A.2", "null/1");
	assert_score("S.A", "0.5/3 16.67%");
	assert_score("S.B.1", "null/3");
	assert_score("S.B", "null/3");
	assert_score("S", "0.5/6 8.33%");
	n_answers = 0;
	answer("no such item", "yes"); /* a scorecard it is, but an empty one */
	score();
	assert_score("S", "null/6");
	ck_assert_uint_eq(scoring.n_scores, 6);
	world_deinit(&w);
}
END_TEST

/* Ten ratios whose sum no machine integer holds: the mean is one half, and not a trillionth of a trillionth less. */
START_TEST(ten_ratios_are_added_up_exactly)
{
	static const char *const names[] = {"S"};
	static const char *const ratios[][2] = {
		{"999999999999999988/999999999999999989", "0.999999/999999999999999989"}, {"1/999999999999999967", "999999999999999966/999999999999999967"},
		{"2/999999999999999877", "999999999999999875/999999999999999877"},        {"3/999999999999999863", "999999999999999860/999999999999999863"},
		{"4/999999999999999829", "999999999999999825/999999999999999829"},
	};
	static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	start();
	begin_card("s");
	leaf("S", "0.01");
	for (size_t i = 0; i < 10; i++)
		item(ids[i], SCALE_RATIO, MEASURED_NOT);
	end_card(names, 1);
	for (size_t i = 0; i < 10; i++)
		answer(ids[i], ratios[i / 2][i % 2]);
	score();
	assert_score("S", "0/0.01 50%");
	answers[1].numerator = number("1");
	score();
	assert_score("S", "0.01/0.01 50%");
	world_deinit(&w);
}
END_TEST

/* --- who is believed ------------------------------------------------------------------------------------------------------------------------- */

START_TEST(tpn_beats_tpi_beats_self)
{
	one_item(SCALE_A5, MEASURED_NOT);
	answer_by("self", "I", "a");
	score();
	assert_score("S", "1/1 100%");
	answer_by("tpn", "I", "d");
	answer_by("tpi", "I", "b");
	score();
	assert_score("S", "0.25/1 25%");
	answers[1].item = TEXT("other");
	score();
	assert_score("S", "0.75/1 75%");
	world_deinit(&w);
}
END_TEST

START_TEST(even_with_an_answer_that_has_no_value)
{
	one_item(SCALE_RATIO, MEASURED_NOT);
	answer_by("self", "I", "1/2");
	answer_by("tpi", "I", "0/0");
	score();
	assert_score("S", "null/1");
	world_deinit(&w);
}
END_TEST

START_TEST(item_by_item)
{
	static const char *const names[] = {"S"};
	start();
	begin_card("s");
	leaf("S", "1"), item("a", SCALE_YT, MEASURED_NOT), item("b", SCALE_YT, MEASURED_NOT);
	end_card(names, 1);
	answer_by("self", "a", "yes"), answer_by("self", "b", "yes");
	answer_by("tpn", "b", "no");
	score();
	assert_score("S", "0.5/1 50%");
	world_deinit(&w);
}
END_TEST

/* --- what is measured ------------------------------------------------------------------------------------------------------------------------ */

static void add(const char *date, const char *measure, const char *dimension, const char *value)
{
	world_add(&w, A, date, measure, dimension, value);
}

/* What a scorecard of one item comes to that is measured so, answered with 1/2 (of A5: c). */
static void start_measured(enum measured method)
{
	one_item(SCALE_RATIO, method);
	answer("I", "1/2");
}

static void assert_measured(const char *want)
{
	score();
	assert_score("S", want);
}

#define ANSWERED "0.5/1 50%"

START_TEST(measured_shares)
{
	static const struct {
		enum measured method;
		const char *numerator, *denominator, *dimension, *other;
	} cases[] = {
		{MEASURED_MET, "performance.met", "performance.achieved", "grain=year", "grain=quarter"},
		{MEASURED_DUE_RESOLVED, "complaint.due_resolved", "complaint.resolution_due", "", "class=complaint"},
		{MEASURED_LHKPN, "declaration.filed", "declaration.obliged", "regime=lhkpn", "regime=lhkasn"},
		{MEASURED_LHKASN, "declaration.filed", "declaration.obliged", "regime=lhkasn", "regime=lhkpn"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		start_measured(cases[i].method);
		w.as_of = day("2025-06-30");
		assert_measured(ANSWERED);
		world_add(&w, A, "2024-12-31", cases[i].denominator, cases[i].other, "5");
		world_add(&w, A, "2024-12-31", cases[i].numerator, cases[i].other, "5");
		world_add(&w, A, "2023-12-31", cases[i].denominator, cases[i].dimension, "5");
		world_add(&w, B, "2024-12-31", cases[i].denominator, cases[i].dimension, "5");
		assert_measured(ANSWERED);
		world_add(&w, A, "2024-12-31", cases[i].denominator, cases[i].dimension, "170");
		assert_measured("0/1 0%");
		world_add(&w, A1, "2024-01-01", cases[i].numerator, cases[i].dimension, "157"); /* of a unit below */
		assert_measured("0.92/1 92.35%");
		world_add(&w, A, "2024-06-01", cases[i].numerator, cases[i].dimension, "100");
		assert_measured("1/1 100%");
		n_answers = 0;
		answer("J", "yes"); /* measured without any answer to the item */
		assert_measured("1/1 100%");
		world_deinit(&w);
	}
}
END_TEST

START_TEST(due_counts_days_that_are_over)
{
	start_measured(MEASURED_DUE_RESOLVED);
	w.as_of = day("2024-04-01");
	add("2024-04-01", "complaint.resolution_due", "", "1");
	assert_measured(ANSWERED);
	add("2024-03-31", "complaint.resolution_due", "", "4"), add("2024-03-31", "complaint.due_resolved", "", "3");
	assert_measured("0.75/1 75%");
	w.as_of = day("2024-04-02");
	assert_measured("0.6/1 60%");
	w.as_of = day("2024-01-01"); /* no day of the year is over */
	assert_measured(ANSWERED);
	w.as_of = day("2023-07-01");
	assert_measured(ANSWERED);
	world_deinit(&w);
}
END_TEST

START_TEST(reports_are_on_time_all_or_not_at_all)
{
	start_measured(MEASURED_REPORT_ON_TIME);
	w.as_of = day("2024-12-31");
	assert_measured(ANSWERED);
	add("2024-04-10", "performance.report_due", "", "2"), add("2024-04-10", "performance.report_on_time", "", "2");
	assert_measured("1/1 100%");
	add("2024-12-31", "performance.report_due", "", "1"); /* its day is not over */
	assert_measured("1/1 100%");
	w.as_of = day("2025-01-01");
	assert_measured("0/1 0%");
	world_deinit(&w);
}
END_TEST

START_TEST(violations_need_reports_of_both_years)
{
	start_measured(MEASURED_VIOLATION_REDUCTION);
	card->zero_violations = number("0.9");
	add("2024-12-31", "discipline.reports", "", "1"), add("2024-12-31", "discipline.violations", "", "3");
	assert_measured(ANSWERED);
	add("2023-12-31", "discipline.reports", "", "1");
	assert_measured("0/1 0%"); /* 3 after none */
	add("2023-12-31", "discipline.violations", "", "4");
	assert_measured("0.25/1 25%");
	add("2024-12-31", "discipline.violations", "", "2");
	assert_measured("0/1 0%");
	world_deinit(&w);
	start_measured(MEASURED_VIOLATION_REDUCTION);
	card->zero_violations = number("0.9");
	add("2024-12-31", "discipline.reports", "", "1"), add("2023-12-31", "discipline.reports", "", "1");
	assert_measured("0.9/1 90%");
	world_deinit(&w);
}
END_TEST

START_TEST(survey_rounds_by_quarter)
{
	static const char *const days[] = {"2024-03-31", "2024-04-01", "2024-09-30", "2024-12-31"};
	static const char *const want[] = {"0.25/1 25%", "0.5/1 50%", "0.75/1 75%", "1/1 100%"};
	start_measured(MEASURED_SURVEY_ROUNDS);
	add("2024-01-01", "survey.responses", "instrument=spak", "9");
	add("2023-12-31", "survey.responses", "instrument=skm", "9");
	assert_measured(ANSWERED);
	for (size_t i = 0; i < 4; i++) {
		add(days[i], "survey.responses", "instrument=skm", "1");
		assert_measured(want[i]);
	}
	add("2024-02-01", "survey.responses", "instrument=skm", "30");
	assert_measured("1/1 100%");
	world_deinit(&w);
}
END_TEST

START_TEST(perception_is_a_mean_of_at_most_four)
{
	for (int spkp = 0; spkp < 2; spkp++) {
		const char *mine = spkp ? "instrument=spkp" : "instrument=spak", *other = spkp ? "instrument=spak" : "instrument=spkp";
		start_measured(spkp ? MEASURED_SPKP : MEASURED_SPAK);
		add("2024-05-01", "survey.score", other, "40"), add("2024-05-01", "survey.answers", other, "10");
		assert_measured(ANSWERED);
		add("2024-05-01", "survey.score", mine, "36"), add("2024-05-01", "survey.answers", mine, "10");
		assert_measured("0.9/1 90%");
		world_deinit(&w);
	}
}
END_TEST

/* --- predicates ------------------------------------------------------------------------------------------------------------------------------ */

/* The areas and results of the regulation, each half of an area and each part of a result one ratio, with its rules. */
static const char *const zone_leaves[][3] = {
	{"ZI.A.MP.P", "4", "P.MP"},        {"ZI.A.MP.R", "4", "R.MP"},     {"ZI.A.TT.P", "3.5", "P.TT"},      {"ZI.A.TT.R", "3.5", "R.TT"},
	{"ZI.A.SDM.P", "5", "P.SDM"},      {"ZI.A.SDM.R", "5", "R.SDM"},   {"ZI.A.AK.P", "5", "P.AK"},        {"ZI.A.AK.R", "5", "R.AK"},
	{"ZI.A.PW.P", "7.5", "P.PW"},      {"ZI.A.PW.R", "7.5", "R.PW"},   {"ZI.A.PP.P", "5", "P.PP"},        {"ZI.A.PP.R", "5", "R.PP"},
	{"ZI.B.1.SPAK", "17.5", "H.SPAK"}, {"ZI.B.1.PERF", "5", "H.PERF"}, {"ZI.B.2.SPKP", "17.5", "H.SPKP"},
};
static const char *const zone_components[] = {"ZI",      "ZI.A",    "ZI.A.MP", "ZI.A.TT",     "ZI.A.SDM",    "ZI.A.AK",
					      "ZI.A.PW", "ZI.A.PP", "ZI.B.1",  "ZI.B.1.SPAK", "ZI.B.1.PERF", "ZI.B.2"};
static const char *const rule_names[] = {"total",   "enablers", "area.MP", "area.TT", "area.SDM",       "area.AK",
					 "area.PW", "area.PP",  "b1",      "b1.spak", "b1.performance", "b2"};
static const char *const bounds[2][12] = {{"75", "40", "60", "60", "60", "60", "60", "60", "18.25", "15.75", "2.5", "14"},
					  {"85", "48", "75", "75", "75", "75", "75", "75", "19.5", "15.75", "3.75", "15.75"}};
static const struct text gates[] = {TEXT("lhkpn"), TEXT("lhkasn"), TEXT("akip"), TEXT("wbk_before")};

static void zone(void)
{
	static struct score_rule rules[2][12];
	static struct predicate predicates[2];
	start();
	begin_card("s");
	for (size_t i = 0; i < COUNT(zone_leaves); i++)
		leaf(zone_leaves[i][0], zone_leaves[i][1]), item(zone_leaves[i][2], SCALE_RATIO, MEASURED_NOT);
	gate("G.lhkpn"), gate("G.lhkasn"), gate("G.akip"), gate("G.wbk_before");
	end_card(zone_components, COUNT(zone_components));
	for (size_t p = 0; p < 2; p++) {
		for (size_t i = 0; i < 12; i++)
			rules[p][i] = (struct score_rule){text_of(rule_names[i]), (uint32_t)i, number(bounds[p][i]), i >= 2 && i < 8};
		predicates[p] = (struct predicate){p ? TEXT("WBBM") : TEXT("WBK"), rules[p], 12, gates, 3 + p};
	}
	card->predicates = predicates;
	card->n_predicates = 2;
}

/* Every leaf of the component gets its part of the score, the others all there is. */
static void score_zone(const char *component, const char *points)
{
	decimal left = number(points);
	n_answers = 0;
	for (size_t i = COUNT(zone_leaves); i-- > 0;) {
		const decimal weight = number(zone_leaves[i][1]);
		struct assessment *a = answer_of(A, 2024, "s", zone_leaves[i][2], "self");
		a->has_ratio = true;
		a->numerator = a->denominator = weight;
		if (!covers(component, text_of(zone_leaves[i][0])))
			continue;
		if (decimal_compare(left, weight) < 0)
			a->numerator = left;
		left.micro -= a->numerator.micro;
	}
	ck_assert(left.micro == 0);
	score();
}

static bool fails(size_t predicate, const char *rule)
{
	const struct predicate_row *row = &scoring.predicates[predicate];
	for (size_t i = 0; i < row->n_failing_rules; i++)
		if (text_is(row->failing_rules[i], rule))
			return true;
	return false;
}

static const struct gap_row *gap(const char *predicate, const char *rule)
{
	for (size_t i = 0; i < scoring.n_gaps; i++)
		if (text_is(scoring.gaps[i].predicate->code, predicate) && text_is(scoring.gaps[i].rule, rule))
			return &scoring.gaps[i];
	return NULL;
}

/* Each bound from below, at it, and from above. */
START_TEST(thresholds)
{
	static const char *const area_bounds[2][6] = {{"4.8", "4.2", "6", "6", "9", "6"}, {"6", "5.25", "7.5", "7.5", "11.25", "7.5"}};
	zone();
	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < 12; i++) {
			const decimal bound = number(i >= 2 && i < 8 ? area_bounds[p][i - 2] : bounds[p][i]);
			for (int step = -1; step <= 1; step++) {
				const decimal points = {bound.micro + step * DECIMAL_ONE / 100};
				score_zone(zone_components[i], show(points));
				ck_assert_msg(fails(p, rule_names[i]) == (step < 0), "%zu %s %s", p, rule_names[i], show(points));
				const struct gap_row *g = gap(p ? "WBBM" : "WBK", rule_names[i]);
				ck_assert_msg(!g == (step >= 0), "%zu %s %s", p, rule_names[i], show(points));
				if (g)
					ck_assert(!decimal_compare(g->required, bound) && !decimal_compare(g->actual, points) &&
						  g->missing.micro == DECIMAL_ONE / 100);
			}
		}
	world_deinit(&w);
}
END_TEST

static const char *joined(const struct text *list, size_t n)
{
	static char text[256];
	size_t at = 0;
	text[0] = 0;
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s", i ? "," : "", TEXT_ARG(list[i]));
	return text;
}

#define assert_rules(p, want) ck_assert_str_eq(joined(scoring.predicates[p].failing_rules, scoring.predicates[p].n_failing_rules), want)
#define assert_gates(p, want) ck_assert_str_eq(joined(scoring.predicates[p].failing_gates, scoring.predicates[p].n_failing_gates), want)

START_TEST(failing_rules_in_their_order)
{
	zone();
	score_zone("ZI", "100");
	ck_assert_uint_eq(scoring.n_predicates, 2);
	assert_rules(0, "");
	assert_rules(1, "");
	ck_assert_uint_eq(scoring.n_gaps, 0);
	score_zone("ZI.B", "31"); /* SPKP 17.5, PERF 5, SPAK 8.5 */
	assert_rules(0, "b1,b1.spak");
	score_zone("ZI.A", "50");
	assert_rules(0, "area.MP");
	n_answers = 0;
	answer("G.akip", "yes"); /* no score at all is 0 */
	score();
	assert_rules(0, "total,enablers,area.MP,area.TT,area.SDM,area.AK,area.PW,area.PP,b1,b1.spak,b1.performance,b2");
	assert_rules(1, "total,enablers,area.MP,area.TT,area.SDM,area.AK,area.PW,area.PP,b1,b1.spak,b1.performance,b2");
	ck_assert_uint_eq(scoring.n_gaps, 24);
	ck_assert(gap("WBK", "area.TT")->actual.micro == 0 && gap("WBK", "area.TT")->missing.micro == 4200000 &&
		  gap("WBBM", "total")->missing.micro == 85000000);
	world_deinit(&w);
}
END_TEST

START_TEST(gates_by_answer)
{
	zone();
	answer("G.akip", "no");
	score();
	assert_gates(0, "lhkpn,lhkasn,akip");
	assert_gates(1, "lhkpn,lhkasn,akip,wbk_before");
	answer_by("tpi", "G.akip", "yes");
	answer("G.lhkpn", "yes");
	answer_by("tpn", "G.wbk_before", "a"); /* not in its scale, and yet it beats the unit's own */
	answer("G.wbk_before", "yes");
	score();
	assert_gates(0, "lhkasn");
	assert_gates(1, "lhkasn,wbk_before");
	world_deinit(&w);
}
END_TEST

/* What is counted beats the answer, both ways; nobody obliged leaves it to the answer. */
START_TEST(gates_by_measure)
{
	zone();
	answer("G.lhkpn", "yes"), answer("G.lhkasn", "yes"), answer("G.akip", "yes");
	add("2024-12-31", "declaration.obliged", "regime=lhkpn", "50"), add("2024-12-31", "declaration.filed", "regime=lhkpn", "49");
	score();
	assert_gates(0, "lhkpn");
	world_add(&w, A1, "2024-12-31", "declaration.filed", "regime=lhkpn", "1");
	add("2024-12-31", "declaration.filed", "regime=lhkasn", "3");
	add("2023-12-31", "declaration.obliged", "regime=lhkasn", "7");
	score();
	assert_gates(0, "");
	add("2024-12-31", "declaration.filed", "regime=lhkpn", "2");
	answers[0].answer = answers[1].answer = TEXT("no");
	score();
	assert_gates(0, "lhkasn");
	world_deinit(&w);
}
END_TEST

/* --- evaluations, groups --------------------------------------------------------------------------------------------------------------------- */

static const struct band akip_bands[] = {{TEXT("AA"), true, false, {90000000}},
					 {TEXT("A"), true, false, {80000000}},
					 {TEXT("BB"), true, false, {70000000}},
					 {TEXT("B"), true, false, {60000000}},
					 {TEXT("D"), false, false, {0}}};
static const struct bands akip = {TEXT("akip"), akip_bands, COUNT(akip_bands)};

static void evaluation(const char *id)
{
	static const char *const names[] = {"AKIP", "AKIP.PLAN", "AKIP.PLAN.EXISTENCE", "AKIP.PLAN.USE", "AKIP.REST", "AKIP.REST.ALL"};
	begin_card(id);
	card->bands = &akip;
	leaf("AKIP.PLAN.EXISTENCE", "6"), item("PLAN.EXISTENCE", SCALE_RATIO, MEASURED_NOT);
	leaf("AKIP.PLAN.USE", "24"), item("PLAN.USE", SCALE_RATIO, MEASURED_NOT);
	leaf("AKIP.REST.ALL", "70"), item("REST.ALL", SCALE_RATIO, MEASURED_NOT);
	end_card(names, COUNT(names));
}

START_TEST(an_evaluation_has_a_band)
{
	start();
	evaluation("s");
	answer("PLAN.EXISTENCE", "80/100"), answer("PLAN.USE", "70/100"), answer("REST.ALL", "484/700");
	score();
	assert_score("AKIP.PLAN.EXISTENCE", "4.8/6 80%");
	assert_score("AKIP.PLAN", "21.6/30 72%");
	assert_score("AKIP", "70/100 70%");
	ck_assert_uint_eq(scoring.n_evaluations, 1);
	ck_assert_uint_eq(scoring.n_predicates, 0);
	const struct evaluation_row *e = &scoring.evaluations[0];
	ck_assert(text_is(e->code, "AKIP") && e->has_score && e->score.micro == 70000000 && e->max_score.micro == 100000000 && text_is(e->band, "B"));
	answers[2].numerator = number("484.1");
	score();
	e = &scoring.evaluations[0];
	ck_assert(e->score.micro == 70010000 && text_is(e->band, "BB"));
	n_answers = 0;
	answer("PLAN.USE", "0/0");
	score();
	e = &scoring.evaluations[0];
	ck_assert(!e->has_score && !e->band.p);
	world_deinit(&w);
}
END_TEST

/* One scorecard for each unit, year and ruleset that is known; a unit above counts its own answers only. */
START_TEST(own_answers_in_order)
{
	static const struct {
		const char *unit;
		int year;
		const char *id;
	} order[] = {{A, 2023, "s"}, {A, 2024, "r"}, {A, 2024, "s"}, {A1, 2024, "s"}, {B, 2022, "s"}};
	start();
	evaluation("s");
	evaluation("r");
	fill(answer_of(B, 2022, "s", "PLAN.USE", "self"), "1/1");
	fill(answer_of(A1, 2024, "s", "PLAN.USE", "self"), "1/2");
	fill(answer_of(A, 2024, "s", "REST.ALL", "self"), "1/1");
	fill(answer_of(A, 2024, "unknown", "REST.ALL", "self"), "1/1");
	fill(answer_of(A, 2024, "r", "REST.ALL", "self"), "1/1");
	fill(answer_of(A, 2023, "s", "REST.ALL", "tpn"), "1/1");
	score();
	ck_assert_uint_eq(scoring.n_evaluations, 5);
	ck_assert_uint_eq(scoring.n_scores, 5 * 6);
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 6; k++) {
			const struct score_row *r = &scoring.scores[6 * i + k];
			ck_assert(r->of.unit == units_find(&w.units, text_of(order[i].unit)) && r->of.year == order[i].year &&
				  text_is(r->of.card->id, order[i].id));
			ck_assert_ptr_eq(r->component, &r->of.card->components[k]);
		}
	ck_assert_str_eq(shown_score(A, 2024, "s", "AKIP"), "70/100 70%");
	ck_assert_str_eq(shown_score(A1, 2024, "s", "AKIP"), "12/100 12%");
	ck_assert_str_eq(shown_score(A, 2024, "unknown", "AKIP"), "none");
	world_deinit(&w);
}
END_TEST

START_TEST(nothing_at_all)
{
	start();
	add("2024-12-31", "declaration.filed", "regime=lhkasn", "3");
	score();
	ck_assert(!scoring.n_scores && !scoring.n_predicates && !scoring.n_gaps && !scoring.n_evaluations);
	world_deinit(&w);
}
END_TEST

SUITE("scorecard", the_published_worksheet, every_answer_of_every_scale, zero_violations, nulls, ten_ratios_are_added_up_exactly, tpn_beats_tpi_beats_self,
      even_with_an_answer_that_has_no_value, item_by_item, measured_shares, due_counts_days_that_are_over, reports_are_on_time_all_or_not_at_all,
      violations_need_reports_of_both_years, survey_rounds_by_quarter, perception_is_a_mean_of_at_most_four, thresholds, failing_rules_in_their_order,
      gates_by_answer, gates_by_measure, an_evaluation_has_a_band, own_answers_in_order, nothing_at_all)
