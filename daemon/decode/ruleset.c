// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/decode/reader.h"
#include "daemon/decode/scorecard.h"
#include "daemon/record/scorecard.h"

/* --- deadlines ------------------------------------------------------------------------------------------------------------------------------- */

/* MM-DD of every year */
static bool read_month_day(struct text t, int *month, int *day)
{
	char full[16];
	day_number d;
	if (t.n != 5)
		return false;
	int n = snprintf(full, sizeof full, "2023-%.*s", TEXT_ARG(t)); /* a common year: 02-29 is no day of each */
	if (date_parse((struct text){full, (size_t)n}, &d) < 0)
		return false;
	struct civil c = civil_from_day(d);
	*month = c.month;
	*day = c.day;
	return true;
}

static int read_days(struct reader *r, const struct json *j, struct deadline *d)
{
	static const char *const kinds_of_days[] = {"working", "calendar"};
	size_t kind;
	const struct json *days = json_get(j, "days");
	int result = reader_word(r, j, "kind", kinds_of_days, 2, &kind);
	if (result < 0)
		return result;
	if (json_kind(days) != NODE_INTEGER || json_int(days) < 0 || json_int(days) > 1000) {
		reader_enter(r, ".days");
		return reader_bad(r, "must be an integer from 0 to 1000");
	}
	d->kind = kind ? DEADLINE_CALENDAR : DEADLINE_WORKING;
	d->days = (int)json_int(days);
	return 0;
}

static int read_deadline(struct reader *r, const struct json *j, struct text name, bool of_next_year, struct deadline *d)
{
	static const char *const known[] = {"days", "kind", "date", NULL};
	struct text date;
	int result = reader_expect(r, j, NODE_OBJECT, "an object like {\"days\": 5, \"kind\": \"working\"}");
	if (result >= 0)
		result = reader_copy(r, name, &d->name);
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = reader_string(r, j, "date", OPTIONAL, &date);
	if (result < 0)
		return result;
	if (!date.p)
		return read_days(r, j, d);
	if (json_get(j, "days") || json_get(j, "kind"))
		return reader_bad(r, "either date, or days and kind");
	if (!of_next_year)
		return reader_bad(r, "a date is for performance_report only; here days and kind are needed");
	d->kind = DEADLINE_DATE;
	return read_month_day(date, &d->month, &d->day) ? 0 : reader_bad(r, "date must be MM-DD, like \"03-31\"");
}

static const char *const deadline_names[] = {"response", "gratification", "finding"};
static const char *const deadline_groups[][5] = {
	{"resolution", "information_request", "complaint", "supervisory", "aspiration"},
	{"performance_report", "month", "quarter", "semester", "year"},
};
#define DEADLINES_MAX 11

static int read_named_deadline(struct reader *r, const struct json *parent, const char *group, const char *name, struct deadline *list, size_t *n)
{
	char full[64];
	const struct json *j = json_get(parent, name);
	if (json_kind(j) == NODE_NULL)
		return 0;
	snprintf(full, sizeof full, "%s%s%s", group ? group : "", group ? "." : "", name);
	size_t at = reader_enter(r, ".%s", name);
	int result = read_deadline(r, j, text_of(full), group && !strcmp(group, "performance_report"), &list[*n]);
	if (result >= 0) {
		++*n;
		reader_leave(r, at);
	}
	return result;
}

static int read_deadline_group(struct reader *r, const struct json *deadlines, const char *const group[5], struct deadline *list, size_t *n)
{
	const char *const known[] = {group[1], group[2], group[3], group[4], NULL};
	const struct json *j = json_get(deadlines, group[0]);
	if (json_kind(j) == NODE_NULL)
		return 0;
	size_t at = reader_enter(r, ".%s", group[0]);
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	for (size_t i = 1; i < 5 && result >= 0; i++)
		result = read_named_deadline(r, j, group[0], group[i], list, n);
	if (result >= 0)
		reader_leave(r, at);
	return result;
}

static int read_deadlines(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const char *const known[] = {"sla_start", "response", "resolution", "gratification", "finding", "performance_report", NULL};
	static const char *const starts[] = {"received", "verified", "forwarded"};
	struct deadline *list = reader_take(r, DEADLINES_MAX, sizeof *list);
	size_t start, n = 0;
	if (!list)
		return -ENOMEM;
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = reader_word(r, j, "sla_start", starts, 3, &start);
	for (size_t i = 0; i < COUNT(deadline_names) && result >= 0; i++)
		result = read_named_deadline(r, j, NULL, deadline_names[i], list, &n);
	for (size_t i = 0; i < COUNT(deadline_groups) && result >= 0; i++)
		result = read_deadline_group(r, j, deadline_groups[i], list, &n);
	if (result < 0)
		return result;
	set->has_deadlines = true;
	set->sla_start = text_of(starts[start]);
	set->deadlines = list;
	set->n_deadlines = n;
	return 0;
}

/* --- bands ----------------------------------------------------------------------------------------------------------------------------------- */

static int read_band(struct reader *r, const struct json *j, struct band *b)
{
	static const char *const known[] = {"band", "min", "inclusive", NULL};
	int result = reader_expect(r, j, NODE_OBJECT, "an object like {\"band\": \"A\", \"min\": \"88.31\", \"inclusive\": true}");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = reader_string(r, j, "band", REQUIRED, &b->name);
	if (result >= 0)
		result = reader_decimal(r, j, "min", OPTIONAL, &b->has_min, &b->min);
	return result < 0 ? result : reader_bool(r, j, "inclusive", true, &b->inclusive);
}

static int read_band_list(struct reader *r, const struct json *j, struct bands *ret)
{
	size_t n = json_size(j);
	struct band *list = reader_take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(r, j, NODE_ARRAY, "a list of bands, best first");
	if (result >= 0 && !n)
		result = reader_bad(r, "must hold at least one band");
	for (size_t i = 0; i < n && result >= 0; i++) {
		size_t at = reader_enter(r, "[%zu]", i);
		result = read_band(r, json_at(j, i), &list[i]);
		if (result >= 0 && i && (!list[i - 1].has_min || (list[i].has_min && decimal_compare(list[i].min, list[i - 1].min) > 0)))
			result = reader_bad(r, "never reached: bands stand best first, one without min last");
		if (result >= 0)
			reader_leave(r, at);
	}
	ret->bands = list;
	ret->n = n;
	return result;
}

static int read_bands(struct reader *r, const struct json *j, struct ruleset *set)
{
	int result = reader_expect(r, j, NODE_OBJECT, "an object of lists");
	struct bands *all = reader_take(r, json_size(j), sizeof *all);
	void *it = NULL;
	struct text key;
	const struct json *value;
	size_t n = 0;
	if (!all)
		return -ENOMEM;
	while (result >= 0 && json_next(j, &it, &key, &value)) {
		size_t at = reader_enter(r, ".%.*s", TEXT_ARG(key));
		result = reader_copy(r, key, &all[n].name);
		if (result >= 0)
			result = read_band_list(r, value, &all[n++]);
		if (result >= 0)
			reader_leave(r, at);
	}
	set->bands = all;
	set->n_bands = n;
	return result;
}

/* --- indicators ------------------------------------------------------------------------------------------------------------------------------ */

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

static int read_indicators(struct reader *r, const struct json *j, struct ruleset *set)
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

/* --- the rest -------------------------------------------------------------------------------------------------------------------------------- */

#define FORBIDDEN_MAX 256 /* what the decoder looks at */

static struct text normalise(char *p, struct text t)
{
	size_t n = 0;
	for (size_t i = 0; i < t.n; i++)
		if (!strchr("_-. ", t.p[i]) || !t.p[i])
			p[n++] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] + 32) : t.p[i];
	return (struct text){p, n};
}

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
		list[i] = normalise(p, t);
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

int rulesets_init(struct rulesets *r)
{
	*r = (struct rulesets){0};
	map_init(&r->forbidden, 0);
	r->arena = arena_new(65536);
	return r->arena ? 0 : -ENOMEM;
}

void rulesets_deinit(struct rulesets *r)
{
	map_deinit(&r->forbidden);
	arena_free(r->arena);
	free(r->all);
	*r = (struct rulesets){0};
}

static int forbid(struct rulesets *r, struct text field)
{
	struct map_entry *e = map_put(&r->forbidden, field);
	if (!e)
		return -ENOMEM;
	e->value = r->arena; /* anything but NULL */
	return 0;
}

static int unite_forbidden(struct rulesets *r, const struct ruleset *set)
{
	int result = 0;
	for (size_t i = 0; i < set->n_forbidden && result >= 0; i++)
		result = forbid(r, set->forbidden[i]);
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
	r->all[r->n++] = set;
	return unite_forbidden(r, &set) < 0 ? error_set(err, -ENOMEM, "%s: out of memory", name) : 0;
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
		result = arena_copy(r->arena, other.all->forbidden[i], &field) ? forbid(r, field) : -ENOMEM;
	}
	if (other.arena)
		rulesets_deinit(&other);
	return result == -ENOMEM ? error_set(err, result, "%s: out of memory", name) : result;
}
