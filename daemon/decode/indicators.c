// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/sections.h"

#include <errno.h>

static bool is_word(struct text t, const char *also)
{
	for (size_t i = 0; i < t.n; i++)
		if (!(t.p[i] >= 'a' && t.p[i] <= 'z') && !(t.p[i] >= '0' && t.p[i] <= '9') && t.p[i] != '_' && (!t.p[i] || !strchr(also, t.p[i])))
			return false;
	return t.n > 0;
}

/* t up to the first c into *ret_head; what stands behind it, or absent. */
static struct text split(struct text t, char c, struct text *ret_head)
{
	const char *at = memchr(t.p, c, t.n);
	*ret_head = t;
	if (!at)
		return TEXT_NONE;
	ret_head->n = (size_t)(at - t.p);
	return (struct text){at + 1, t.n - ret_head->n - 1};
}

/* "family.name" or "family.name{key=value}" */
static bool split_measure(struct text t, struct measure_ref *ret)
{
	struct text family, key, dimension = split(t, '{', &ret->measure), name = split(ret->measure, '.', &family);
	ret->dimension = TEXT("");
	if (!is_word(family, "") || !is_word(name, "."))
		return false;
	if (!dimension.p)
		return true;
	if (!dimension.n || dimension.p[--dimension.n] != '}')
		return false;
	struct text value = split(dimension, '=', &key);
	ret->dimension = dimension;
	return is_word(key, "") && value.n > 0 && !memchr(value.p, '{', value.n) && !memchr(value.p, '}', value.n);
}

static int read_measure(struct reader *r, const struct json *object, const char *key, enum need need, struct measure_ref *ret)
{
	struct text t;
	int result = reader_string(r, object, key, need, &t);
	*ret = (struct measure_ref){.dimension = TEXT("")};
	if (result < 0 || !t.p || split_measure(t, ret))
		return result;
	reader_enter(r, ".%s", key);
	return reader_bad(r, "must be a measure, like \"complaint.received\" or \"survey.score{instrument=skm}\"");
}

static int read_grains(struct reader *r, const struct json *object, unsigned *ret)
{
	const struct json *j = json_get(object, "grains");
	enum grain g;
	reader_enter(r, ".grains");
	if (json_kind(j) != NODE_ARRAY || !json_size(j))
		return reader_bad(r, "must be a list of day, week, month, quarter, semester, year");
	*ret = 0;
	for (size_t i = 0; i < json_size(j); i++) {
		if (grain_parse(json_text(json_at(j, i)), &g) < 0)
			return reader_bad(r, "[%zu] must be one of day, week, month, quarter, semester, year", i);
		if (*ret >> g & 1)
			return reader_bad(r, "[%zu] stands there already", i);
		*ret |= 1u << g;
	}
	return 0;
}

static int read_titles(struct reader *r, const struct json *j, struct indicator *i)
{
	int result = reader_string(r, j, "code", REQUIRED, &i->code);
	if (result >= 0)
		result = reader_string(r, j, "title_id", REQUIRED, &i->title_id);
	if (result >= 0)
		result = reader_string(r, j, "title_en", REQUIRED, &i->title_en);
	return result < 0 ? result : reader_string(r, j, "basis", OPTIONAL, &i->basis);
}

static int read_measures(struct reader *r, const struct json *j, struct indicator *i)
{
	int result = read_measure(r, j, "numerator", REQUIRED, &i->numerator);
	if (result >= 0)
		result = read_measure(r, j, "denominator", OPTIONAL, &i->denominator);
	if (result >= 0)
		result = read_measure(r, j, "base", OPTIONAL, &i->base);
	return result < 0 ? result : read_measure(r, j, "presence", OPTIONAL, &i->presence);
}

/* What counts people, or what they did or said, is suppressed unless the ruleset says otherwise (semantics §8). */
static bool is_sensitive(const struct measure_ref *m)
{
	static const char *const families[] = {"complaint", "survey", "service", "gratification", "whistleblow", "discipline"};
	struct text family;
	split(m->measure, '.', &family);
	for (size_t i = 0; i < COUNT(families); i++)
		if (text_is(family, families[i]))
			return true;
	return false;
}

static int read_modes(struct reader *r, const struct json *j, struct indicator *i)
{
	static const char *const directions[] = {"none", "higher", "lower"};
	static const char *const overs[] = {"period", "due", "stock", "ytd", "exact", "nested"};
	static const char *const forms[] = {"reduction"};
	size_t direction = 0, over = 0, form;
	bool has;
	int result = reader_decimal(r, j, "scale", REQUIRED, &has, &i->scale);
	if (result >= 0)
		result = reader_word(r, j, "direction", directions, 3, &direction);
	if (result >= 0)
		result = reader_word(r, j, "over", overs, 6, &over);
	if (result >= 0 && json_kind(json_get(j, "kind")) != NODE_NULL) {
		result = reader_word(r, j, "kind", forms, 1, &form);
		i->reduction = true;
	}
	i->direction = (enum direction)direction;
	i->over = (enum over)over;
	return result < 0 ? result : reader_bool(r, j, "suppress", is_sensitive(&i->numerator), &i->suppress);
}

static int check_indicator(struct reader *r, const struct indicator *list, size_t n)
{
	const struct indicator *i = &list[n];
	if (i->scale.micro <= 0)
		return reader_bad(r, "scale: must be above 0");
	for (size_t k = 0; k < n; k++)
		if (text_equal(list[k].code, i->code))
			return reader_bad(r, "code: %.*s stands at [%zu] already", TEXT_ARG(i->code), k);
	if (i->over == OVER_YTD && !i->presence.measure.p)
		return reader_bad(r, "presence: needed for \"over\": \"ytd\"");
	bool has_dimension = i->numerator.dimension.n || i->denominator.dimension.n || i->base.dimension.n || i->presence.dimension.n;
	if ((i->over == OVER_EXACT || i->over == OVER_NESTED) && has_dimension)
		return reader_bad(r, "measures of an \"exact\" or \"nested\" indicator have no dimension: the period's grain is theirs");
	if (i->reduction && (i->denominator.measure.p || i->grains != 1u << GRAIN_YEAR || i->over != OVER_PERIOD))
		return reader_bad(r, "a reduction has denominator null, the grain year only, and is \"over\": \"period\"");
	return 0;
}

static int read_indicator(struct reader *r, const struct json *j, struct indicator *i)
{
	static const char *const known[] = {"code", "title_id", "title_en", "numerator", "denominator", "scale", "direction", "over", "grains", "bands", "suppress",
					    "base", "presence", "basis", "kind", NULL};
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = read_titles(r, j, i);
	if (result >= 0)
		result = read_measures(r, j, i);
	if (result >= 0)
		result = read_modes(r, j, i);
	if (result >= 0)
		result = reader_string(r, j, "bands", OPTIONAL, &i->bands);
	return result < 0 ? result : read_grains(r, j, &i->grains);
}

int read_indicators(struct reader *r, const struct json *j, struct ruleset *set)
{
	size_t n = json_size(j);
	struct indicator *list = reader_take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(r, j, NODE_ARRAY, "a list");
	for (size_t i = 0; i < n && result >= 0; i++) {
		size_t at = reader_enter(r, "[%zu]", i), inside = strlen(r->path);
		result = read_indicator(r, json_at(j, i), &list[i]);
		if (result < 0)
			break;
		reader_leave(r, inside);
		result = check_indicator(r, list, i);
		if (result >= 0)
			reader_leave(r, at);
	}
	set->indicators = list;
	set->n_indicators = n;
	return result;
}
