// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/ruleset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/decode/json.h"

/* Where the reader is, for messages: "FILE: $.indicators[3].scale: …". */
struct reader {
	const char *file;
	char path[256];
	struct arena *arena;
	struct error *err;
};

__attribute__((format(printf, 2, 3))) static int bad(struct reader *r, const char *format, ...)
{
	char what[512];
	va_list ap;
	va_start(ap, format);
	vsnprintf(what, sizeof what, format, ap);
	va_end(ap);
	return error_set(r->err, -EINVAL, "%s: $%s: %s", r->file, r->path, what);
}

/* Appends a step to the path; returns what it was, for leave(). */
__attribute__((format(printf, 2, 3))) static size_t enter(struct reader *r, const char *format, ...)
{
	size_t n = strlen(r->path);
	va_list ap;
	va_start(ap, format);
	vsnprintf(r->path + n, sizeof r->path - n, format, ap);
	va_end(ap);
	return n;
}

static void leave(struct reader *r, size_t n)
{
	r->path[n] = 0;
}

static int copy(struct reader *r, struct text t, struct text *ret)
{
	return arena_copy(r->arena, t, ret) ? 0 : error_set(r->err, -ENOMEM, "%s: out of memory", r->file);
}

static void *take(struct reader *r, size_t n, size_t size)
{
	void *p = arena_zalloc(r->arena, (n ? n : 1) * size);
	if (!p)
		error_set(r->err, -ENOMEM, "%s: out of memory", r->file);
	return p;
}

/* Only these keys may stand in the object. */
static int check_keys(struct reader *r, const struct json *object, const char *const *known)
{
	void *it = NULL;
	struct text key;
	const struct json *value;
	while (json_next(object, &it, &key, &value)) {
		size_t i = 0;
		while (known[i] && !text_is(key, known[i]))
			i++;
		if (known[i])
			continue;
		char list[400] = "";
		for (size_t n = 0, k = 0; known[k] && n < sizeof list; k++)
			n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", k ? ", " : "", known[k]);
		return bad(r, "unknown key \"%.*s\"; known are %s", TEXT_ARG(key), list);
	}
	return 0;
}

static int expect(struct reader *r, const struct json *j, enum node_type type, const char *what)
{
	return json_kind(j) == type ? 0 : bad(r, "must be %s", what);
}

enum need { REQUIRED, OPTIONAL }; /* OPTIONAL: absent or null is absent */

static int read_string(struct reader *r, const struct json *object, const char *key, enum need need, struct text *ret)
{
	const struct json *j = json_get(object, key);
	*ret = TEXT_NONE;
	if (need == OPTIONAL && json_kind(j) == NODE_NULL)
		return 0;
	size_t at = enter(r, ".%s", key);
	struct text t = json_text(j);
	int result = t.n ? copy(r, t, ret) : bad(r, "must be a string that is not empty");
	leave(r, at);
	return result;
}

static int read_date(struct reader *r, const struct json *object, const char *key, enum need need, day_number *ret)
{
	struct text t;
	*ret = DAY_NONE;
	int result = read_string(r, object, key, need, &t);
	if (result < 0 || !t.p || date_parse(t, ret) == 0)
		return result;
	enter(r, ".%s", key);
	return bad(r, "must be a real date YYYY-MM-DD of the years 1900 to 2199");
}

static int read_decimal(struct reader *r, const struct json *object, const char *key, enum need need, bool *ret_has, decimal *ret)
{
	struct text t;
	int result = read_string(r, object, key, need, &t);
	*ret_has = t.p != NULL;
	if (result < 0 || !t.p || decimal_parse(t, ret) == 0)
		return result;
	enter(r, ".%s", key);
	return bad(r, "must be a decimal in a string, like \"88.31\"");
}

static int read_bool(struct reader *r, const struct json *object, const char *key, bool otherwise, bool *ret)
{
	const struct json *j = json_get(object, key);
	*ret = json_kind(j) == NODE_NULL ? otherwise : json_bool(j);
	if (json_kind(j) == NODE_NULL || json_kind(j) == NODE_BOOL)
		return 0;
	enter(r, ".%s", key);
	return bad(r, "must be true or false");
}

/* One of the words, as its index. */
static int read_word(struct reader *r, const struct json *object, const char *key, const char *const *words, size_t n, size_t *ret)
{
	struct text t;
	int result = read_string(r, object, key, REQUIRED, &t);
	if (result < 0)
		return result;
	char list[200] = "";
	for (size_t i = 0, at = 0; i < n; i++) {
		if (text_is(t, words[i])) {
			*ret = i;
			return 0;
		}
		at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", words[i]);
	}
	enter(r, ".%s", key);
	return bad(r, "must be one of %s", list);
}

/* --- deadlines ------------------------------------------------------------------------------------------------------------------------------- */

/* MM-DD of any year */
static bool read_month_day(struct text t, int *month, int *day)
{
	char full[16];
	day_number d;
	if (t.n != 5)
		return false;
	int n = snprintf(full, sizeof full, "2024-%.*s", TEXT_ARG(t)); /* a leap year: 02-29 is a day */
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
	int result = read_word(r, j, "kind", kinds_of_days, 2, &kind);
	if (result < 0)
		return result;
	if (json_kind(days) != NODE_INTEGER || json_int(days) < 0 || json_int(days) > 1000) {
		enter(r, ".days");
		return bad(r, "must be an integer from 0 to 1000");
	}
	d->kind = kind ? DEADLINE_CALENDAR : DEADLINE_WORKING;
	d->days = (int)json_int(days);
	return 0;
}

static int read_deadline(struct reader *r, const struct json *j, struct text name, bool of_next_year, struct deadline *d)
{
	static const char *const known[] = {"days", "kind", "date", NULL};
	struct text date;
	int result = expect(r, j, NODE_OBJECT, "an object like {\"days\": 5, \"kind\": \"working\"}");
	if (result >= 0)
		result = copy(r, name, &d->name);
	if (result >= 0)
		result = check_keys(r, j, known);
	if (result >= 0)
		result = read_string(r, j, "date", OPTIONAL, &date);
	if (result < 0)
		return result;
	if (!date.p)
		return read_days(r, j, d);
	if (json_get(j, "days") || json_get(j, "kind"))
		return bad(r, "either date, or days and kind");
	if (!of_next_year)
		return bad(r, "a date is for performance_report only; here days and kind are needed");
	d->kind = DEADLINE_DATE;
	return read_month_day(date, &d->month, &d->day) ? 0 : bad(r, "date must be MM-DD, like \"03-31\"");
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
	size_t at = enter(r, ".%s", name);
	int result = read_deadline(r, j, text_of(full), group && !strcmp(group, "performance_report"), &list[*n]);
	if (result >= 0) {
		++*n;
		leave(r, at);
	}
	return result;
}

static int read_deadline_group(struct reader *r, const struct json *deadlines, const char *const group[5], struct deadline *list, size_t *n)
{
	const char *const known[] = {group[1], group[2], group[3], group[4], NULL};
	const struct json *j = json_get(deadlines, group[0]);
	if (json_kind(j) == NODE_NULL)
		return 0;
	size_t at = enter(r, ".%s", group[0]);
	int result = expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = check_keys(r, j, known);
	for (size_t i = 1; i < 5 && result >= 0; i++)
		result = read_named_deadline(r, j, group[0], group[i], list, n);
	if (result >= 0)
		leave(r, at);
	return result;
}

static int read_deadlines(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const char *const known[] = {"sla_start", "response", "resolution", "gratification", "finding", "performance_report", NULL};
	static const char *const starts[] = {"received", "verified", "forwarded"};
	struct deadline *list = take(r, DEADLINES_MAX, sizeof *list);
	size_t start, n = 0;
	if (!list)
		return -ENOMEM;
	int result = expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = check_keys(r, j, known);
	if (result >= 0)
		result = read_word(r, j, "sla_start", starts, 3, &start);
	for (size_t i = 0; i < sizeof deadline_names / sizeof *deadline_names && result >= 0; i++)
		result = read_named_deadline(r, j, NULL, deadline_names[i], list, &n);
	for (size_t i = 0; i < sizeof deadline_groups / sizeof *deadline_groups && result >= 0; i++)
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
	int result = expect(r, j, NODE_OBJECT, "an object like {\"band\": \"A\", \"min\": \"88.31\", \"inclusive\": true}");
	if (result >= 0)
		result = check_keys(r, j, known);
	if (result >= 0)
		result = read_string(r, j, "band", REQUIRED, &b->name);
	if (result >= 0)
		result = read_decimal(r, j, "min", OPTIONAL, &b->has_min, &b->min);
	return result < 0 ? result : read_bool(r, j, "inclusive", true, &b->inclusive);
}

static int read_band_list(struct reader *r, const struct json *j, struct bands *ret)
{
	size_t n = json_size(j);
	struct band *list = take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = expect(r, j, NODE_ARRAY, "a list of bands, best first");
	for (size_t i = 0; i < n && result >= 0; i++) {
		size_t at = enter(r, "[%zu]", i);
		result = read_band(r, json_at(j, i), &list[i]);
		if (result >= 0 && i && (!list[i - 1].has_min || (list[i].has_min && decimal_compare(list[i].min, list[i - 1].min) > 0)))
			result = bad(r, "never reached: bands stand best first, one without min last");
		if (result >= 0)
			leave(r, at);
	}
	ret->bands = list;
	ret->n = n;
	return result;
}

static int read_bands(struct reader *r, const struct json *j, struct ruleset *set)
{
	int result = expect(r, j, NODE_OBJECT, "an object of lists");
	struct bands *all = take(r, json_size(j), sizeof *all);
	void *it = NULL;
	struct text key;
	const struct json *value;
	size_t n = 0;
	if (!all)
		return -ENOMEM;
	while (result >= 0 && json_next(j, &it, &key, &value)) {
		size_t at = enter(r, ".%.*s", TEXT_ARG(key));
		result = copy(r, key, &all[n].name);
		if (result >= 0)
			result = read_band_list(r, value, &all[n++]);
		if (result >= 0)
			leave(r, at);
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
	return is_word(key, "") && value.n > 0;
}

static int read_measure(struct reader *r, const struct json *object, const char *key, enum need need, struct measure_ref *ret)
{
	struct text t;
	int result = read_string(r, object, key, need, &t);
	*ret = (struct measure_ref){.dimension = TEXT("")};
	if (result < 0 || !t.p || split_measure(t, ret))
		return result;
	enter(r, ".%s", key);
	return bad(r, "must be a measure, like \"complaint.received\" or \"survey.score{instrument=skm}\"");
}

static int read_grains(struct reader *r, const struct json *object, unsigned *ret)
{
	const struct json *j = json_get(object, "grains");
	enum grain g;
	enter(r, ".grains");
	if (json_kind(j) != NODE_ARRAY || !json_size(j))
		return bad(r, "must be a list of day, week, month, quarter, semester, year");
	*ret = 0;
	for (size_t i = 0; i < json_size(j); i++) {
		if (grain_parse(json_text(json_at(j, i)), &g) < 0)
			return bad(r, "[%zu] must be one of day, week, month, quarter, semester, year", i);
		*ret |= 1u << g;
	}
	return 0;
}

static int find_bands(struct reader *r, const struct json *j, const struct ruleset *set, const struct bands **ret)
{
	struct text name;
	int result = read_string(r, j, "bands", OPTIONAL, &name);
	*ret = NULL;
	for (size_t i = 0; i < set->n_bands; i++)
		if (text_equal(set->bands[i].name, name))
			*ret = &set->bands[i];
	if (result < 0 || !name.p || *ret)
		return result;
	enter(r, ".bands");
	return bad(r, "there are no bands of that name under $.bands");
}

static int read_titles(struct reader *r, const struct json *j, struct indicator *i)
{
	int result = read_string(r, j, "code", REQUIRED, &i->code);
	if (result >= 0)
		result = read_string(r, j, "title_id", REQUIRED, &i->title_id);
	if (result >= 0)
		result = read_string(r, j, "title_en", REQUIRED, &i->title_en);
	return result < 0 ? result : read_string(r, j, "basis", OPTIONAL, &i->basis);
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

static int read_modes(struct reader *r, const struct json *j, struct indicator *i)
{
	static const char *const directions[] = {"none", "higher", "lower"};
	static const char *const overs[] = {"period", "due", "stock", "ytd", "exact", "nested"};
	static const char *const forms[] = {"reduction"};
	size_t direction = 0, over = 0, form;
	bool has;
	int result = read_decimal(r, j, "scale", REQUIRED, &has, &i->scale);
	if (result >= 0)
		result = read_word(r, j, "direction", directions, 3, &direction);
	if (result >= 0)
		result = read_word(r, j, "over", overs, 6, &over);
	if (result >= 0 && json_kind(json_get(j, "kind")) != NODE_NULL) {
		result = read_word(r, j, "kind", forms, 1, &form);
		i->reduction = true;
	}
	i->direction = (enum direction)direction;
	i->over = (enum over)over;
	return result < 0 ? result : read_bool(r, j, "suppress", true, &i->suppress);
}

static int check_indicator(struct reader *r, const struct indicator *list, size_t n)
{
	const struct indicator *i = &list[n];
	if (i->scale.micro <= 0)
		return bad(r, "scale: must be above 0");
	for (size_t k = 0; k < n; k++)
		if (text_equal(list[k].code, i->code))
			return bad(r, "code: %.*s stands at [%zu] already", TEXT_ARG(i->code), k);
	if (i->over == OVER_YTD && !i->presence.measure.p)
		return bad(r, "presence: needed for \"over\": \"ytd\"");
	bool has_dimension = i->numerator.dimension.n || i->denominator.dimension.n || i->base.dimension.n || i->presence.dimension.n;
	if ((i->over == OVER_EXACT || i->over == OVER_NESTED) && has_dimension)
		return bad(r, "measures of an \"exact\" or \"nested\" indicator have no dimension: the period's grain is theirs");
	if (i->reduction && (i->denominator.measure.p || i->grains != 1u << GRAIN_YEAR))
		return bad(r, "a reduction has denominator null and the grain year only");
	return 0;
}

static int read_indicator(struct reader *r, const struct json *j, const struct ruleset *set, struct indicator *i)
{
	static const char *const known[] = {"code", "title_id", "title_en", "numerator", "denominator", "scale", "direction", "over", "grains", "bands", "suppress",
					    "base", "presence", "basis", "kind", NULL};
	int result = expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = check_keys(r, j, known);
	if (result >= 0)
		result = read_titles(r, j, i);
	if (result >= 0)
		result = read_measures(r, j, i);
	if (result >= 0)
		result = read_modes(r, j, i);
	if (result >= 0)
		result = find_bands(r, j, set, &i->bands);
	return result < 0 ? result : read_grains(r, j, &i->grains);
}

static int read_indicators(struct reader *r, const struct json *j, struct ruleset *set)
{
	size_t n = json_size(j);
	struct indicator *list = take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = expect(r, j, NODE_ARRAY, "a list");
	for (size_t i = 0; i < n && result >= 0; i++) {
		size_t at = enter(r, "[%zu]", i), inside = strlen(r->path);
		result = read_indicator(r, json_at(j, i), set, &list[i]);
		if (result < 0)
			break;
		leave(r, inside);
		result = check_indicator(r, list, i);
		if (result >= 0)
			leave(r, at);
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
	struct text *list = take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = expect(r, j, NODE_ARRAY, "a list of field names");
	for (size_t i = 0; i < n && result >= 0; i++) {
		struct text t = json_text(json_at(j, i));
		char *p = take(r, t.n, 1);
		if (!p)
			return -ENOMEM;
		list[i] = normalise(p, t);
		if (!list[i].n || list[i].n > FORBIDDEN_MAX)
			result = bad(r, "[%zu] must be a field's name of at most %d bytes", i, FORBIDDEN_MAX);
	}
	set->forbidden = list;
	set->n_forbidden = n;
	return result;
}

static int read_performance(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const char *const known[] = {"cap", NULL};
	int result = expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = check_keys(r, j, known);
	return result < 0 ? result : read_decimal(r, j, "cap", OPTIONAL, &set->has_cap, &set->cap);
}

static bool scorecard_known(const struct json *scorecards, size_t n, struct text id)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(json_text(json_get(json_at(scorecards, i), "id")), id))
			return true;
	return false;
}

/* Scorecards are used where they are computed; here only their shape is looked at. */
static int read_scorecards(struct reader *r, const struct json *j, struct ruleset *set)
{
	(void)set;
	int result = expect(r, j, NODE_ARRAY, "a list of scorecards");
	for (size_t i = 0; i < json_size(j) && result >= 0; i++) {
		struct text id;
		size_t at = enter(r, "[%zu]", i);
		result = expect(r, json_at(j, i), NODE_OBJECT, "an object");
		if (result >= 0)
			result = read_string(r, json_at(j, i), "id", REQUIRED, &id);
		if (result >= 0 && scorecard_known(j, i, id))
			result = bad(r, "id: %.*s stands there already", TEXT_ARG(id));
		if (result >= 0)
			leave(r, at);
	}
	return result;
}

static int read_head(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const char *const known[] = {"id",    "valid_from", "valid_to",	       "basis",	     "deadlines", "performance",
					    "bands", "indicators", "forbidden_fields", "scorecards", NULL};
	int result = expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = check_keys(r, j, known);
	if (result >= 0)
		result = read_string(r, j, "id", REQUIRED, &set->id);
	if (result >= 0)
		result = read_date(r, j, "valid_from", REQUIRED, &set->valid_from);
	if (result >= 0)
		result = read_date(r, j, "valid_to", OPTIONAL, &set->valid_to);
	if (result >= 0 && set->valid_to != DAY_NONE && set->valid_to < set->valid_from)
		return bad(r, "valid_to lies before valid_from");
	return result < 0 ? result : read_string(r, j, "basis", OPTIONAL, &set->basis);
}

static int read_ruleset(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const struct {
		const char *key;
		int (*read)(struct reader *r, const struct json *j, struct ruleset *set);
	} sections[] = { /* bands before the indicators that name them */
		{"deadlines", read_deadlines},	 {"performance", read_performance},	{"bands", read_bands},
		{"indicators", read_indicators}, {"forbidden_fields", read_forbidden}, {"scorecards", read_scorecards},
	};
	int result = read_head(r, j, set);
	for (size_t i = 0; i < sizeof sections / sizeof *sections && result >= 0; i++) {
		const struct json *section = json_get(j, sections[i].key);
		if (json_kind(section) == NODE_NULL)
			continue;
		size_t at = enter(r, ".%s", sections[i].key);
		result = sections[i].read(r, section, set);
		if (result >= 0)
			leave(r, at);
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

static int unite_forbidden(struct rulesets *r, const struct ruleset *set)
{
	for (size_t i = 0; i < set->n_forbidden; i++) {
		struct map_entry *e = map_put(&r->forbidden, set->forbidden[i]);
		if (!e)
			return -ENOMEM;
		e->value = r->arena; /* anything but NULL */
	}
	return 0;
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
		result = copy(&reader, json, &set.json);
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

/* What both files have and only one may have on a day; NULL: nothing. Lists of forbidden fields are united instead. */
static const char *shared_section(const struct json *a, const struct json *b)
{
	static const char *const sections[] = {"deadlines", "performance", "bands", "indicators"};
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		if (json_kind(json_get(a, sections[i])) != NODE_NULL && json_kind(json_get(b, sections[i])) != NODE_NULL)
			return sections[i];
	const struct json *mine = json_get(a, "scorecards"), *theirs = json_get(b, "scorecards");
	for (size_t i = 0; i < json_size(theirs); i++)
		if (scorecard_known(mine, json_size(mine), json_text(json_get(json_at(theirs, i), "id"))))
			return "a scorecard of the same id";
	return NULL;
}

static int check_pair(const struct ruleset *a, const struct ruleset *b, struct error *err)
{
	struct json *x = NULL, *y = NULL;
	if (text_equal(a->id, b->id))
		return error_set(err, -EINVAL, "rulesets: two files have the id %.*s", TEXT_ARG(a->id));
	if (!overlap(a, b))
		return 0;
	int result = json_parse("ruleset", a->json, &x, err);
	if (result >= 0)
		result = json_parse("ruleset", b->json, &y, err);
	const char *section = result < 0 ? NULL : shared_section(x, y);
	if (section)
		result = error_set(err, -EINVAL, "rulesets: %.*s and %.*s both have %s and are valid on the same days: end one with valid_to before the other begins",
				   TEXT_ARG(a->id), TEXT_ARG(b->id), section);
	json_free(x);
	json_free(y);
	return result;
}

int rulesets_check(struct rulesets *r, struct error *err)
{
	int result = 0;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < i && result >= 0; k++)
			result = check_pair(&r->all[k], &r->all[i], err);
	return result;
}
