// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/layout.h"

#include <errno.h>

#define LETTERS 26 /* the items of a sub-component end in a, b, c, … */

static const char *const scales[] = {
	[SCALE_YT] = "YT",         [SCALE_A3] = "A3", [SCALE_A4] = "A4", [SCALE_A5] = "A5", [SCALE_RATIO] = "RATIO", [SCALE_REDUCTION] = "REDUCTION",
	[SCALE_SURVEY] = "SURVEY",
};
static const char *const methods[] = {
	[MEASURED_VIOLATION_REDUCTION] = "violation_reduction", [MEASURED_MET] = "met",	      [MEASURED_REPORT_ON_TIME] = "report_on_time",
	[MEASURED_DUE_RESOLVED] = "due_resolved",		[MEASURED_LHKPN] = "lhkpn",   [MEASURED_LHKASN] = "lhkasn",
	[MEASURED_SURVEY_ROUNDS] = "survey_rounds",		[MEASURED_SPAK] = "spak",     [MEASURED_SPKP] = "spkp",
};

/* --- rules ----------------------------------------------------------------------------------------------------------------------------------- */

/* A rule for the component, which need not be closed yet. */
static int add_rule(struct layout *l, struct text name, size_t component, bool percent)
{
	for (size_t i = 0; i < l->n_rules; i++)
		if (text_equal(l->rules[i].name, name))
			return reader_bad(l->reader, "code: its rule would be %.*s, as that of another part", TEXT_ARG(name));
	l->rules[l->n_rules++] = (struct score_rule){.name = name, .component = (uint32_t)component, .percent = percent};
	return 0;
}

/* "b1.spak"; of PERF "b1.performance" */
static int add_part_rule(struct layout *l, struct text result_rule, struct text code, size_t component)
{
	struct text name;
	int result = layout_name(l, &name, "%.*s.%.*s", TEXT_ARG(result_rule), TEXT_ARG(text_is(code, "PERF") ? TEXT("performance") : code));
	if (result < 0)
		return result;
	char *p = reader_take(l->reader, name.n, 1);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < name.n; i++)
		p[i] = i > result_rule.n && name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i];
	return add_rule(l, (struct text){p, name.n}, component, false);
}

/* --- areas and results ----------------------------------------------------------------------------------------------------------------------- */

static int read_sub_items(struct layout *l, const struct json *items, const struct place *place, struct text sub)
{
	size_t scale, n = json_size(items);
	if (json_kind(items) != NODE_ARRAY || !n || n > LETTERS)
		return reader_bad(l->reader, "must be a list of 1 to %d scales", LETTERS);
	for (size_t i = 0; i < n; i++) {
		struct text name;
		size_t at = reader_enter(l->reader, "[%zu]", i);
		int result = reader_choose(l->reader, json_at(items, i), scales, COUNT(scales), &scale);
		if (result >= 0)
			result = layout_name(l, &name, "%.*s.%.*s.%c", TEXT_ARG(place->items), TEXT_ARG(sub), (char)('a' + i));
		if (result < 0)
			return result;
		layout_add_item(l, name, (enum scale)scale);
		reader_leave(l->reader, at);
	}
	return 0;
}

static int read_sub(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"sub", "name", "weight", "items", NULL};
	struct text sub;
	size_t component;
	int result = layout_read_head(l, j, known, &sub);
	if (result >= 0)
		result = layout_add_leaf(l, j, place, "sub", sub, &component);
	if (result < 0)
		return result;
	size_t at = reader_enter(l->reader, ".items");
	result = read_sub_items(l, json_get(j, "items"), place, sub);
	if (result >= 0)
		reader_leave(l->reader, at);
	return result;
}

/* Fulfilment (P) or reform (R) of an area. */
static int read_half(struct layout *l, const struct json *j, const char *key, const char *letter, struct text area, struct text code)
{
	struct place place = {0};
	size_t component;
	int result = layout_open(l, area, key, text_of(letter), &place.component, &component);
	if (result >= 0)
		result = layout_name(l, &place.items, "%s.%.*s", letter, TEXT_ARG(code));
	if (result >= 0)
		result = layout_read_list(l, j, key, read_sub, &place);
	if (result >= 0)
		layout_close(l, component);
	return result;
}

static int read_area(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "fulfilment", "reform", NULL};
	struct text code, name, rule;
	size_t component;
	int result = layout_read_head(l, j, known, &code);
	if (result >= 0)
		result = layout_open(l, place->component, "code", code, &name, &component);
	if (result >= 0)
		result = layout_name(l, &rule, "area.%.*s", TEXT_ARG(code));
	if (result >= 0)
		result = add_rule(l, rule, component, true);
	if (result >= 0)
		result = read_half(l, j, "fulfilment", "P", name, code);
	if (result >= 0)
		result = read_half(l, j, "reform", "R", name, code);
	if (result >= 0)
		layout_close(l, component);
	return result;
}

static int read_part(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "weight", "item", NULL};
	struct text code, item;
	size_t component, scale;
	int result = layout_read_head(l, j, known, &code);
	if (result >= 0)
		result = layout_add_leaf(l, j, place, "code", code, &component);
	if (result >= 0)
		result = add_part_rule(l, *place->rule, code, component);
	if (result >= 0)
		result = reader_word(l->reader, j, "item", scales, COUNT(scales), &scale);
	if (result >= 0)
		result = layout_name(l, &item, "%.*s.%.*s", TEXT_ARG(place->items), TEXT_ARG(code));
	if (result < 0)
		return result;
	if (layout_find_item(l, item))
		return reader_bad(l->reader, "code: another result has a part %.*s, and their item would be the same", TEXT_ARG(code));
	layout_add_item(l, item, (enum scale)scale);
	return 0;
}

static int read_result(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "parts", NULL};
	struct text code, rule;
	struct place parts = {.items = TEXT("H"), .rule = &rule};
	size_t component;
	int result = layout_read_head(l, j, known, &code);
	if (result >= 0)
		result = layout_open(l, place->component, "code", code, &parts.component, &component);
	if (result >= 0)
		result = layout_name(l, &rule, "b%.*s", TEXT_ARG(code));
	if (result >= 0)
		result = add_rule(l, rule, component, false);
	if (result >= 0)
		result = layout_read_list(l, j, "parts", read_part, &parts);
	if (result >= 0)
		layout_close(l, component);
	return result;
}

/* Enablers (A) or results (B), with all areas or results below. */
static int read_side(struct layout *l, const struct json *j, struct text root, const char *key, const char *letter, layout_element *read)
{
	struct place place = {0};
	size_t component;
	int result = layout_open(l, root, key, text_of(letter), &place.component, &component);
	if (result >= 0 && *letter == 'A')
		result = add_rule(l, TEXT("enablers"), component, false);
	if (result >= 0)
		result = layout_read_list(l, j, key, read, &place);
	if (result >= 0)
		layout_close(l, component);
	return result;
}

static int read_sides(struct layout *l, const struct json *j)
{
	struct text root;
	size_t component;
	int result = layout_open(l, TEXT_NONE, "id", TEXT("ZI"), &root, &component);
	if (result >= 0)
		result = add_rule(l, TEXT("total"), component, false);
	if (result >= 0)
		result = read_side(l, j, root, "areas", "A", read_area);
	if (result >= 0)
		result = read_side(l, j, root, "results", "B", read_result);
	if (result >= 0)
		layout_close(l, component);
	return result;
}

static int read_zero_violations(struct layout *l, const struct json *j, struct scorecard *card)
{
	bool has;
	int result = reader_decimal(l->reader, j, "zero_violations", REQUIRED, &has, &card->zero_violations);
	if (result < 0 || (card->zero_violations.micro >= 0 && card->zero_violations.micro <= DECIMAL_ONE))
		return result;
	reader_enter(l->reader, ".zero_violations");
	return reader_bad(l->reader, "must be from 0 to 1");
}

/* --- what is measured ------------------------------------------------------------------------------------------------------------------------ */

static int read_measured(struct layout *l, const struct json *object)
{
	const struct json *measured = json_get(object, "measured"), *value;
	void *it = NULL;
	struct text key;
	size_t at = reader_enter(l->reader, ".measured");
	int result = reader_expect(l->reader, measured, NODE_OBJECT, "an object like {\"R.PW.2.a\": \"due_resolved\"}");
	while (result >= 0 && json_next(measured, &it, &key, &value)) {
		size_t method, inside = reader_enter(l->reader, ".%.*s", TEXT_ARG(key));
		struct score_item *item = layout_find_item(l, key);
		/* MEASURED_NOT has no name */
		result = item ? reader_choose(l->reader, value, methods + 1, COUNT(methods) - 1, &method) : reader_bad(l->reader, "the scorecard has no item of that name");
		if (result < 0)
			break;
		item->measured = (enum measured)(method + 1);
		reader_leave(l->reader, inside);
	}
	if (result >= 0)
		reader_leave(l->reader, at);
	return result;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------------------- */

int read_integrity_zone(struct layout *l, const struct json *j, struct scorecard *card)
{
	static const char *const known[] = {"id", "name", "basis", "zero_violations", "areas", "results", "measured", "predicates", NULL};
	int result = reader_check_keys(l->reader, j, known);
	if (result >= 0)
		result = read_zero_violations(l, j, card);
	if (result >= 0)
		result = read_sides(l, j);
	if (result >= 0)
		result = read_measured(l, j);
	return result < 0 ? result : read_predicates(l, j, card);
}
