// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdlib.h>

#include "daemon/decode/layout.h"
#include "daemon/decode/sections.h"

/* --- evaluations ----------------------------------------------------------------------------------------------------------------------------- */

static int read_evaluation_part(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "weight", NULL};
	struct text code, item;
	size_t component;
	int result = layout_read_head(l, j, known, &code);
	if (result >= 0)
		result = layout_add_leaf(l, j, place, "code", code, &component);
	if (result >= 0)
		result = layout_name(l, &item, "%.*s.%.*s", TEXT_ARG(place->items), TEXT_ARG(code));
	if (result >= 0)
		layout_add_item(l, item, SCALE_RATIO);
	return result;
}

static int read_evaluation_component(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "parts", NULL};
	struct place parts = {0};
	size_t component;
	int result = layout_read_head(l, j, known, &parts.items);
	if (result >= 0)
		result = layout_open(l, place->component, "code", parts.items, &parts.component, &component);
	if (result >= 0)
		result = layout_read_list(l, j, "parts", read_evaluation_part, &parts);
	if (result >= 0)
		layout_close(l, component);
	return result;
}

static int read_bands_name(struct reader *r, const struct json *j, const struct ruleset *set, const struct bands **ret)
{
	struct text name;
	int result = reader_string(r, j, "bands", REQUIRED, &name);
	*ret = NULL;
	for (size_t i = 0; i < set->n_bands && result >= 0; i++)
		if (text_equal(set->bands[i].name, name))
			*ret = &set->bands[i];
	if (result < 0 || *ret)
		return result;
	reader_enter(r, ".bands");
	return reader_bad(r, "there are no bands of that name under $.bands");
}

static int read_evaluation(struct layout *l, const struct json *j, const struct ruleset *set, struct scorecard *card)
{
	static const char *const known[] = {"id", "name", "basis", "code", "bands", "components", NULL};
	struct place place = {0};
	struct text code;
	size_t component;
	int result = reader_check_keys(l->reader, j, known);
	if (result >= 0)
		result = layout_read_code(l, j, "code", &code);
	if (result >= 0)
		result = read_bands_name(l->reader, j, set, &card->bands);
	if (result >= 0)
		result = layout_open(l, TEXT_NONE, "code", code, &place.component, &component);
	if (result >= 0)
		result = layout_read_list(l, j, "components", read_evaluation_component, &place);
	if (result >= 0)
		layout_close(l, component);
	return result;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------------------- */

/* How many values stand in the text: more than it has leaves, items and components. */
static size_t count_values(const struct json *j)
{
	size_t n = 1;
	void *it = NULL;
	struct text key;
	const struct json *value;
	if (json_kind(j) == NODE_ARRAY)
		for (size_t i = 0; i < json_size(j); i++)
			n += count_values(json_at(j, i));
	while (json_next(j, &it, &key, &value))
		n += count_values(value);
	return n;
}

static int by_name(const void *a, const void *b)
{
	const struct score_item *x = a, *y = b;
	return text_compare(x->name, y->name);
}

static int lay_out(struct reader *r, const struct json *j, const struct ruleset *set, struct scorecard *card)
{
	size_t room = count_values(j) + USUAL_GATES;
	struct layout l = {.reader = r};
	l.leaves = reader_take(r, room, sizeof *l.leaves);
	l.items = reader_take(r, room, sizeof *l.items);
	l.components = reader_take(r, room, sizeof *l.components);
	l.rules = reader_take(r, room, sizeof *l.rules);
	if (!l.leaves || !l.items || !l.components || !l.rules)
		return -ENOMEM;
	int result = json_get(j, "components") ? read_evaluation(&l, j, set, card) : read_integrity_zone(&l, j, card);
	if (result < 0)
		return result;
	qsort(l.items, l.n_items, sizeof *l.items, by_name);
	card->leaves = l.leaves;
	card->n_leaves = l.n_leaves;
	card->items = l.items;
	card->n_items = l.n_items;
	card->components = l.components;
	card->n_components = l.n_components;
	return 0;
}

static int read_scorecard(struct reader *r, const struct json *j, const struct ruleset *set, const struct scorecard *list, size_t n, struct scorecard *card)
{
	struct text name, basis;
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_string(r, j, "id", REQUIRED, &card->id);
	if (result >= 0)
		result = reader_string(r, j, "name", OPTIONAL, &name);
	if (result >= 0)
		result = reader_string(r, j, "basis", OPTIONAL, &basis);
	if (result < 0)
		return result;
	for (size_t i = 0; i < n; i++)
		if (text_equal(list[i].id, card->id))
			return reader_bad(r, "id: %.*s stands at [%zu] already", TEXT_ARG(card->id), i);
	return lay_out(r, j, set, card);
}

int read_scorecards(struct reader *r, const struct json *j, struct ruleset *set)
{
	size_t n = json_size(j);
	struct scorecard *list = reader_take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(r, j, NODE_ARRAY, "a list of scorecards");
	for (size_t i = 0; i < n && result >= 0; i++) {
		size_t at = reader_enter(r, "[%zu]", i);
		result = read_scorecard(r, json_at(j, i), set, list, i, &list[i]);
		if (result >= 0)
			reader_leave(r, at);
	}
	set->scorecards = list;
	set->n_scorecards = n;
	return result;
}
