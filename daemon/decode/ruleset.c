// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/ruleset.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/decode/sections.h"
#include "daemon/record/scorecard.h"

/* --- one file -------------------------------------------------------------------------------------------------------------------------------- */

static int read_forbidden(struct reader *r, const struct json *j, struct ruleset *set)
{
	size_t n = json_size(j);
	struct text *list = reader_take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(r, j, NODE_ARRAY, "a list of field names");
	for (size_t i = 0; i < n && result >= 0; i++) {
		struct text t = json_text(json_at(j, i));
		char *p = reader_take(r, t.n, 1);
		if (!p)
			return -ENOMEM;
		list[i] = forbidden_normal(t, p, t.n);
		if (!list[i].n || list[i].n > FORBIDDEN_MAX)
			result = reader_bad(r, "[%zu] must be a field's name of at most %d bytes", i, FORBIDDEN_MAX);
	}
	set->has_forbidden = true;
	set->forbidden = list;
	set->n_forbidden = n;
	return result;
}

static int read_performance(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const char *const known[] = {"cap", NULL};
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = reader_decimal(r, j, "cap", OPTIONAL, &set->has_cap, &set->cap);
	return result >= 0 && set->has_cap && set->cap.micro < 0 ? reader_bad(r, ".cap: must not be below 0") : result;
}

static int read_head(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const char *const known[] = {"id",    "valid_from", "valid_to",	       "basis",	     "deadlines", "performance",
					    "bands", "indicators", "forbidden_fields", "scorecards", NULL};
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = reader_string(r, j, "id", REQUIRED, &set->id);
	if (result >= 0)
		result = reader_date(r, j, "valid_from", REQUIRED, &set->valid_from);
	if (result >= 0)
		result = reader_date(r, j, "valid_to", OPTIONAL, &set->valid_to);
	if (result >= 0 && set->valid_to != DAY_NONE && set->valid_to < set->valid_from)
		return reader_bad(r, "valid_to lies before valid_from");
	return result < 0 ? result : reader_string(r, j, "basis", OPTIONAL, &set->basis);
}

static const struct {
	const char *key;
	int (*read)(struct reader *r, const struct json *j, struct ruleset *set);
	bool exclusive; /* only one file may have it on a day */
} sections[] = { /* bands before the indicators and scorecards that name them */
	{"deadlines", read_deadlines, true},   {"performance", read_performance, true},	  {"bands", read_bands, true},
	{"indicators", read_indicators, true}, {"forbidden_fields", read_forbidden, false}, {"scorecards", read_scorecards, false},
};

static int read_ruleset(struct reader *r, const struct json *j, struct ruleset *set)
{
	int result = read_head(r, j, set);
	for (size_t i = 0; i < COUNT(sections) && result >= 0; i++) {
		const struct json *section = json_get(j, sections[i].key);
		if (json_kind(section) == NODE_NULL)
			continue;
		set->sections |= 1u << i;
		size_t at = reader_enter(r, ".%s", sections[i].key);
		result = sections[i].read(r, section, set);
		if (result >= 0)
			reader_leave(r, at);
	}
	return result;
}

/* --- all files ------------------------------------------------------------------------------------------------------------------------------- */

int rulesets_init(struct rulesets *r)
{
	*r = (struct rulesets){0};
	forbidden_init(&r->forbidden, 0);
	r->arena = arena_new(65536);
	return r->arena ? 0 : -ENOMEM;
}

void rulesets_deinit(struct rulesets *r)
{
	forbidden_deinit(&r->forbidden);
	arena_free(r->arena);
	free(r->all);
	*r = (struct rulesets){0};
}

static int unite_forbidden(struct rulesets *r, const struct ruleset *set)
{
	int result = 0;
	for (size_t i = 0; i < set->n_forbidden && result >= 0; i++)
		result = forbidden_add(&r->forbidden, set->forbidden[i]);
	return result;
}

int rulesets_add(struct rulesets *r, const char *name, struct text json, struct error *err)
{
	struct ruleset set = {0};
	struct reader reader = {.file = name, .arena = r->arena, .err = err};
	struct json *document;
	struct ruleset *all = realloc(r->all, (r->n + 1) * sizeof *all);
	if (!all)
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	r->all = all;
	int result = json_parse(name, json, &document, err);
	if (result < 0)
		return result;
	result = read_ruleset(&reader, document, &set);
	if (result >= 0)
		result = reader_copy(&reader, json, &set.json);
	if (result >= 0)
		result = reader_copy(&reader, text_of(name), &set.file);
	json_free(document);
	if (result < 0)
		return result;
	if (unite_forbidden(r, &set) < 0)
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	r->all[r->n++] = set;
	return 0;
}

static bool overlap(const struct ruleset *a, const struct ruleset *b)
{
	return (a->valid_to == DAY_NONE || b->valid_from <= a->valid_to) && (b->valid_to == DAY_NONE || a->valid_from <= b->valid_to);
}

static bool share_scorecard(const struct ruleset *a, const struct ruleset *b)
{
	for (size_t i = 0; i < a->n_scorecards; i++)
		for (size_t k = 0; k < b->n_scorecards; k++)
			if (text_equal(a->scorecards[i].id, b->scorecards[k].id))
				return true;
	return false;
}

/* What both files have and only one may have on a day; NULL: nothing. Lists of forbidden fields are united instead. */
static const char *shared_section(const struct ruleset *a, const struct ruleset *b)
{
	for (size_t i = 0; i < COUNT(sections); i++)
		if (sections[i].exclusive && a->sections & b->sections & 1u << i)
			return sections[i].key;
	return share_scorecard(a, b) ? "a scorecard of the same id" : NULL;
}

static int check_pair(const struct ruleset *a, const struct ruleset *b, struct error *err)
{
	if (text_equal(a->id, b->id))
		return error_set(err, -EINVAL, "rulesets: two files have the id %.*s", TEXT_ARG(a->id));
	const char *section = overlap(a, b) ? shared_section(a, b) : NULL;
	if (!section)
		return 0;
	return error_set(err, -EINVAL, "rulesets: %.*s and %.*s both have %s and are valid on the same days: end one with valid_to before the other begins", TEXT_ARG(a->id),
			 TEXT_ARG(b->id), section);
}

/* Bands may stand in a file of their own, so that they are looked for when all files are there. */
static int check_bands(const struct rulesets *r, const struct ruleset *set, struct error *err)
{
	for (size_t i = 0; i < set->n_indicators; i++) {
		struct text name = set->indicators[i].bands;
		if (name.p && !rulesets_have_bands(r, name))
			return error_set(err, -EINVAL, "%.*s: $.indicators[%zu].bands: no ruleset has bands of the name %.*s", TEXT_ARG(set->file), i, TEXT_ARG(name));
	}
	return 0;
}

int rulesets_check(struct rulesets *r, struct error *err)
{
	int result = 0;
	for (size_t i = 0; i < r->n && result >= 0; i++)
		result = check_bands(r, &r->all[i], err);
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < i && result >= 0; k++)
			result = check_pair(&r->all[k], &r->all[i], err);
	return result;
}

int rulesets_forbid(struct rulesets *r, const char *name, struct text json, struct error *err)
{
	struct rulesets other;
	int result = rulesets_init(&other);
	if (result >= 0)
		result = rulesets_add(&other, name, json, err);
	for (size_t i = 0; result >= 0 && i < other.all->n_forbidden; i++) {
		struct text field;
		result = arena_copy(r->arena, other.all->forbidden[i], &field) ? forbidden_add(&r->forbidden, field) : -ENOMEM;
	}
	if (other.arena)
		rulesets_deinit(&other);
	return result == -ENOMEM ? error_set(err, result, "%s: out of memory", name) : result;
}
