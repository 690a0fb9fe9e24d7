// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/ruleset.h"

bool ruleset_valid_on(const struct ruleset *r, day_number d)
{
	return d >= r->valid_from && (r->valid_to == DAY_NONE || d <= r->valid_to);
}

const struct ruleset *rulesets_deadlines_on(const struct rulesets *r, day_number d)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->all[i].has_deadlines && ruleset_valid_on(&r->all[i], d))
			return &r->all[i];
	return NULL;
}

const struct ruleset *rulesets_indicators_on(const struct rulesets *r, day_number d)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->all[i].n_indicators && ruleset_valid_on(&r->all[i], d))
			return &r->all[i];
	return NULL;
}

static const struct bands *bands_named(const struct ruleset *r, struct text name)
{
	for (size_t i = 0; i < r->n_bands; i++)
		if (text_equal(r->bands[i].name, name))
			return &r->bands[i];
	return NULL;
}

bool rulesets_have_bands(const struct rulesets *r, struct text name)
{
	for (size_t i = 0; i < r->n; i++)
		if (bands_named(&r->all[i], name))
			return true;
	return false;
}

const struct bands *rulesets_bands_on(const struct rulesets *r, struct text name, day_number d)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct bands *bands = ruleset_valid_on(&r->all[i], d) ? bands_named(&r->all[i], name) : NULL;
		if (bands)
			return bands;
	}
	return NULL;
}

const decimal *rulesets_cap_on(const struct rulesets *r, day_number d)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->all[i].has_cap && ruleset_valid_on(&r->all[i], d))
			return &r->all[i].cap;
	return NULL;
}

/* "name" or "name.sub" */
static bool named(struct text t, const char *name, struct text sub)
{
	size_t n = strlen(name);
	if (!sub.p)
		return text_is(t, name);
	return t.n == n + 1 + sub.n && !memcmp(t.p, name, n) && t.p[n] == '.' && !memcmp(t.p + n + 1, sub.p, sub.n);
}

const struct deadline *ruleset_deadline(const struct ruleset *r, const char *name, struct text sub)
{
	for (size_t i = 0; i < r->n_deadlines; i++)
		if (named(r->deadlines[i].name, name, sub))
			return &r->deadlines[i];
	return NULL;
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
