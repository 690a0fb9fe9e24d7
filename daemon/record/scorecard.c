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

struct text bands_judge(const struct bands *bands, decimal value)
{
	for (size_t i = 0; bands && i < bands->n; i++) {
		const struct band *b = &bands->bands[i];
		int c = b->has_min ? decimal_compare(value, b->min) : 1;
		if (c > 0 || (c == 0 && b->inclusive))
			return b->name;
	}
	return TEXT_NONE;
}
