// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Answers to the items of the Zona Integritas for a few units, by themselves and by the assessors who check them; and the scores that these must come to. */
#include <string.h>

#include "common/text.h"
#include "deploy/sample/sample.h"
#include "deploy/sample/worksheet.h"

#define SCORECARD "zi-2021"

static const char *const gates[] = {"lhkpn", "lhkasn", "audit_follow_up", "akip", "spip", "sp4n_lapor", "no_corruption", "wbk_before"};

/* How good a unit is, and in one area; of 1000 items so many have the best answer. */
static const struct profile {
	int unit;
	unsigned best;
	const char *area;
	unsigned best_there;
	const char *closed; /* gates: " a b " */
} profiles[] = {
	{MEETS, 930, "", 0, " wbk_before "},
	{NEARLY, 850, ".AK.", 250, " audit_follow_up wbk_before "},
	{MIDDLING, 720, ".PW.", 400, " audit_follow_up spip wbk_before "},
	{FAR, 350, "", 0, " audit_follow_up akip spip wbk_before "},
};

/* Nothing, a whole answer, or a fraction. */
struct answer {
	const char *word;		/* "yes", "a" … or NULL */
	int64_t numerator, denominator; /* the value; without a word they are the answer */
};

static struct answer choose(struct random *r, const struct profile *p, const struct item *item, unsigned best)
{
	static const char *const letters[] = {"a", "b", "c", "d", "e"};
	const struct scale *scale = item->scale;
	int choice = 0;
	int64_t d;

	if (strcmp(item->name, "H.PERF") == 0)
		best = best > 800 ? 1000 : 500;
	if (scale->choices) {
		while (choice < scale->choices - 1 && !chance(r, best))
			choice++;
		const char *word = scale->choices > 2 ? letters[choice] : choice ? "no" : "yes";
		return (struct answer){.word = word, .numerator = scale->hundredths[choice], .denominator = 100};
	}
	d = between(r, 5, 20);
	if (strcmp(scale->name, "SURVEY") == 0)
		return (struct answer){.numerator = 3, .denominator = 4};
	if (p->unit != MEETS && chance(r, 40))
		return (struct answer){0}; /* 0 of 0: no value */
	if (strcmp(scale->name, "REDUCTION") == 0)
		return (struct answer){.numerator = d / 2, .denominator = d};
	return (struct answer){.numerator = d * between(r, best, 1050) / 1000, .denominator = d};
}

static void tell_answer(struct sample *s, int unit, const char *assessor, const char *item, const struct answer *a, day_number day, int revision)
{
	char id[128], value[96];
	snprintf(id, sizeof id, "%s|%d|" SCORECARD "|%s|%s", units[unit].code, YEAR, item, assessor);
	if (a->word)
		snprintf(value, sizeof value, "\"answer\":\"%s\"", a->word);
	else
		snprintf(value, sizeof value, "\"numerator\":%lld,\"denominator\":\"%lld\"", (long long)a->numerator, (long long)a->denominator);
	tell(s, "assessment.answered", office_hour(&s->random, day), id,
	     "{\"unit\":\"%s\",\"year\":%d,\"ruleset\":\"" SCORECARD "\",\"item\":\"%s\",\"assessor\":\"%s\",%s,\"revision\":%d}", units[unit].code, YEAR, item,
	     assessor, value, revision);
}

/* The unit's own answer, which is kind to itself; then what the regency's assessors and the ministry's find. Returns the one that counts. */
static struct answer assess(struct sample *s, const struct profile *p, const struct item *item)
{
	struct random *r = &s->random;
	unsigned best = p->area[0] && strstr(item->name, p->area) ? p->best_there : p->best;
	day_number day = day_from_civil(YEAR, 11, 1);
	struct answer a = choose(r, p, item, best + (1000 - best) / 4);

	if (chance(r, 50)) { /* corrected */
		tell_answer(s, p->unit, "self", item->name, &a, day + (day_number)between(r, 0, 10), 0);
		a = choose(r, p, item, best + (1000 - best) / 4);
	}
	tell_answer(s, p->unit, "self", item->name, &a, day + (day_number)between(r, 10, 28), 1);
	if (chance(r, 600)) {
		a = choose(r, p, item, best);
		tell_answer(s, p->unit, "tpi", item->name, &a, day + (day_number)between(r, 30, 59), 0);
	}
	if (chance(r, 100)) {
		a = choose(r, p, item, best);
		tell_answer(s, p->unit, "tpn", item->name, &a, day + (day_number)between(r, 70, 90), 0);
	}
	return a;
}

static struct answer fraction(int64_t n, int64_t d)
{
	return (struct answer){.numerator = at_most(n, d), .denominator = d};
}

/* What the year's figures of the unit and the units below say; 0 of 0: nothing. */
static struct answer measure(const int64_t sums[static MEASURES], const char *what)
{
	int64_t rounds = 0;

	if (strcmp(what, "violation_reduction") == 0)
		return fraction(violations_gone(sums), sums[DISCIPLINE_LAST_YEAR]);
	if (strcmp(what, "met") == 0)
		return fraction(sums[PERFORMANCE_YEAR + MET], sums[PERFORMANCE_YEAR + ACHIEVED]);
	if (strcmp(what, "report_on_time") == 0)
		return fraction(sums[PERFORMANCE_ON_TIME] == sums[PERFORMANCE_DUE], sums[PERFORMANCE_DUE] > 0);
	if (strcmp(what, "due_resolved") == 0)
		return fraction(sums[COMPLAINT_DUE_RESOLVED], sums[COMPLAINT_RESOLUTION_DUE]);
	if (strcmp(what, "lhkpn") == 0)
		return fraction(sums[LHKPN + FILED], sums[LHKPN + OBLIGED]);
	if (strcmp(what, "lhkasn") == 0)
		return fraction(sums[LHKASN + FILED], sums[LHKASN + OBLIGED]);
	if (strcmp(what, "spak") == 0)
		return fraction(sums[SPAK + SCORE], 4 * sums[SPAK + ANSWERS]);
	if (strcmp(what, "spkp") == 0)
		return fraction(sums[SPKP + SCORE], 4 * sums[SPKP + ANSWERS]);
	if (strcmp(what, "survey_rounds") != 0)
		die(what, "a measured item that the sample does not know");
	for (int quarter = 0; quarter < 4; quarter++)
		rounds += sums[SKM_QUARTER + quarter] > 0;
	return fraction(rounds, rounds ? 4 : 0);
}

/* weight × mean of the values, rounded half up to hundredths; NONE: no value. */
static int64_t score_leaf(struct sample *s, const struct profile *p, const struct worksheet *w, size_t leaf)
{
	int64_t numerator = 0, denominator = 1, n = 0;
	for (size_t i = 0; i < w->n_items; i++) {
		const struct item *item = &w->items[i];
		if (item->leaf != leaf)
			continue;
		struct answer a = assess(s, p, item);
		if (!a.word && strcmp(item->scale->name, "REDUCTION") == 0)
			a.numerator = a.denominator - at_most(a.numerator, a.denominator);
		if (item->measured[0]) { /* beats any answer */
			struct answer measured = measure(s->below[p->unit], item->measured);
			a = measured.denominator ? measured : a;
		}
		if (a.denominator == 0)
			continue;
		a.numerator = at_most(a.numerator, a.denominator);
		if (denominator % a.denominator == 0) {
			numerator += a.numerator * (denominator / a.denominator);
		} else {
			numerator = numerator * a.denominator + a.numerator * denominator;
			denominator *= a.denominator;
		}
		n++;
	}
	denominator *= n;
	return n ? (2 * w->leaves[leaf].weight * numerator + denominator) / (2 * denominator) : NONE;
}

/* --- The scores as a file --- */

struct total {
	char component[32];
	int64_t score;
};

/* Adds a leaf's score to all components above it. */
static void add_above(struct total *totals, size_t *n, const char *leaf, int64_t score)
{
	for (const char *dot = strchr(leaf, '.'); dot; dot = strchr(dot + 1, '.')) {
		size_t length = (size_t)(dot - leaf), i = 0;
		while (i < *n && !(strlen(totals[i].component) == length && strncmp(totals[i].component, leaf, length) == 0))
			i++;
		if (i == *n)
			snprintf(totals[(*n)++].component, sizeof totals->component, "%.*s", (int)length, leaf);
		totals[i].score += score;
	}
}

static void put_score(FILE *f, int unit, const char *component, int64_t score)
{
	if (score == NONE)
		fprintf(f, "%s,%s,\n", units[unit].code, component);
	else
		fprintf(f, "%s,%s,%lld.%02lld\n", units[unit].code, component, (long long)(score / 100), (long long)(score % 100));
}

static void make_scorecard(struct sample *s, const struct profile *p, const struct worksheet *w, FILE *f)
{
	struct total totals[64] = {0};
	size_t n = 0;
	for (size_t leaf = 0; leaf < w->n_leaves; leaf++) {
		int64_t score = score_leaf(s, p, w, leaf);
		put_score(f, p->unit, w->leaves[leaf].component, score);
		add_above(totals, &n, w->leaves[leaf].component, score == NONE ? 0 : score);
	}
	for (size_t i = 0; i < n; i++)
		put_score(f, p->unit, totals[i].component, totals[i].score);
}

static void answer_gates(struct sample *s, const struct profile *p)
{
	for (size_t i = 0; i < COUNT(gates); i++) {
		char item[32], word[32];
		snprintf(item, sizeof item, "G.%s", gates[i]);
		snprintf(word, sizeof word, " %s ", gates[i]);
		struct answer a = {.word = strstr(p->closed, word) ? "no" : "yes"};
		tell_answer(s, p->unit, "self", item, &a, day_from_civil(YEAR, 11, 20), 0);
	}
}

void make_assessments(struct sample *s, const char *folder)
{
	static struct worksheet w;
	FILE *f = create_file(folder, "scorecards.csv");

	load_worksheet(&w, SCORECARD);
	fputs("unit_code,component,score\n", f);
	for (size_t i = 0; i < COUNT(profiles); i++) {
		make_scorecard(s, &profiles[i], &w, f);
		answer_gates(s, &profiles[i]);
	}
	/* An item that the worksheet does not have: kept and flagged, and it changes nothing. */
	tell_answer(s, FAR, "self", "P.MP.9.z", &(struct answer){.word = "yes"}, day_from_civil(YEAR, 11, 20), 0);
	finish_file(f, "scorecards.csv");
}
