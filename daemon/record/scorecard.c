// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/scorecard.h"

static const struct scorecard *of_id(const struct ruleset *r, struct text id)
{
	for (size_t i = 0; i < r->n_scorecards; i++)
		if (text_equal(r->scorecards[i].id, id))
			return &r->scorecards[i];
	return NULL;
}

const struct scorecard *rulesets_scorecard(const struct rulesets *r, struct text id, int year)
{
	const day_number last = day_from_civil(year, 12, 31);
	const struct scorecard *earliest = NULL;
	day_number since = DAY_NONE;
	for (size_t i = 0; i < r->n; i++) {
		const struct scorecard *s = of_id(&r->all[i], id);
		if (s && ruleset_valid_on(&r->all[i], last))
			return s;
		if (s && (!earliest || r->all[i].valid_from < since)) {
			earliest = s;
			since = r->all[i].valid_from;
		}
	}
	return earliest;
}

const struct score_item *scorecard_item(const struct scorecard *s, struct text name)
{
	size_t low = 0, high = s->n_items;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = text_compare(s->items[middle].name, name);
		if (!c)
			return &s->items[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

decimal scorecard_max(const struct scorecard *s, const struct score_component *c)
{
	decimal sum = decimal_of(0);
	for (size_t i = c->first; i < c->first + c->n; i++)
		sum.micro += s->leaves[i].weight.micro;
	return sum;
}

bool scale_is_ratio(enum scale scale)
{
	return scale == SCALE_RATIO || scale == SCALE_REDUCTION || scale == SCALE_SURVEY;
}

int scale_worth(enum scale scale, struct text answer)
{
	static const int a3[] = {100, 50, 0}, a4[] = {100, 67, 33, 0}, a5[] = {100, 75, 50, 25, 0};
	if (scale_is_ratio(scale))
		return -1;
	if (scale == SCALE_YT)
		return text_is(answer, "yes") ? 100 : text_is(answer, "no") ? 0 : -1;
	const int *worths = scale == SCALE_A3 ? a3 : scale == SCALE_A4 ? a4 : a5;
	int n = scale == SCALE_A3 ? 3 : scale == SCALE_A4 ? 4 : 5;
	return answer.n == 1 && answer.p[0] >= 'a' && answer.p[0] < 'a' + n ? worths[answer.p[0] - 'a'] : -1;
}
