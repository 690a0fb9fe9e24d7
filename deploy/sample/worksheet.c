// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "deploy/sample/worksheet.h"

#include <stdio.h>
#include <string.h>

#include "daemon/decode/json.h"
#include "deploy/sample/sample.h"
#include "schemas/embedded.h"

static const struct scale scales[] = {
	{"YT", 2, {100, 0}}, {"A3", 3, {100, 50, 0}}, {"A4", 4, {100, 67, 33, 0}}, {"A5", 5, {100, 75, 50, 25, 0}}, {"RATIO", 0, {0}}, {"REDUCTION", 0, {0}}, {"SURVEY", 0, {0}},
};

static const struct scale *scale_of(struct text name)
{
	for (size_t i = 0; i < COUNT(scales); i++)
		if (text_is(name, scales[i].name))
			return &scales[i];
	die("ruleset", "a scale that the sample does not know");
}

/* "17.5" → 1750 */
static int64_t hundredths(struct text t)
{
	int64_t n = 0;
	int digits = -1;
	for (size_t i = 0; i < t.n && digits < 2; i++) {
		if (t.p[i] == '.') {
			digits = 0;
			continue;
		}
		n = n * 10 + (t.p[i] - '0');
		digits += digits >= 0;
	}
	for (digits = digits < 0 ? 0 : digits; digits < 2; digits++)
		n *= 10;
	return n;
}

static void add_leaf(struct worksheet *w, const char *component, const struct json *weight)
{
	if (w->n_leaves == COUNT(w->leaves))
		die("ruleset", "too many components");
	struct leaf *leaf = &w->leaves[w->n_leaves++];
	snprintf(leaf->component, sizeof leaf->component, "%s", component);
	leaf->weight = hundredths(json_text(weight));
}

/* Of the latest leaf. */
static void add_item(struct worksheet *w, const char *name, const struct json *scale, const struct json *measured)
{
	if (w->n_items == COUNT(w->items))
		die("ruleset", "too many items");
	struct item *item = &w->items[w->n_items++];
	snprintf(item->name, sizeof item->name, "%s", name);
	snprintf(item->measured, sizeof item->measured, "%.*s", TEXT_ARG(json_text(json_get(measured, name))));
	item->scale = scale_of(json_text(scale));
	item->leaf = w->n_leaves - 1;
}

static void add_side(struct worksheet *w, const struct json *area, char side, const struct json *measured)
{
	struct text code = json_text(json_get(area, "code"));
	const struct json *subs = json_get(area, side == 'P' ? "fulfilment" : "reform");
	char name[32];
	for (size_t i = 0; i < json_size(subs); i++) {
		const struct json *sub = json_at(subs, i), *items = json_get(sub, "items");
		struct text number = json_text(json_get(sub, "sub"));
		snprintf(name, sizeof name, "ZI.A.%.*s.%c.%.*s", TEXT_ARG(code), side, TEXT_ARG(number));
		add_leaf(w, name, json_get(sub, "weight"));
		for (size_t k = 0; k < json_size(items); k++) {
			snprintf(name, sizeof name, "%c.%.*s.%.*s.%c", side, TEXT_ARG(code), TEXT_ARG(number), (char)('a' + k));
			add_item(w, name, json_at(items, k), measured);
		}
	}
}

static void add_result(struct worksheet *w, const struct json *result, const struct json *measured)
{
	const struct json *parts = json_get(result, "parts");
	char name[32];
	for (size_t i = 0; i < json_size(parts); i++) {
		const struct json *part = json_at(parts, i);
		struct text code = json_text(json_get(part, "code"));
		snprintf(name, sizeof name, "ZI.B.%.*s.%.*s", TEXT_ARG(json_text(json_get(result, "code"))), TEXT_ARG(code));
		add_leaf(w, name, json_get(part, "weight"));
		snprintf(name, sizeof name, "H.%.*s", TEXT_ARG(code));
		add_item(w, name, json_get(part, "item"), measured);
	}
}

static void read_scorecard(struct worksheet *w, const struct json *scorecard)
{
	const struct json *areas = json_get(scorecard, "areas"), *results = json_get(scorecard, "results"), *measured = json_get(scorecard, "measured");
	for (size_t i = 0; i < json_size(areas); i++) {
		add_side(w, json_at(areas, i), 'P', measured);
		add_side(w, json_at(areas, i), 'R', measured);
	}
	for (size_t i = 0; i < json_size(results); i++)
		add_result(w, json_at(results, i), measured);
}

void load_worksheet(struct worksheet *w, const char *id)
{
	for (size_t i = 0; i < embedded_files_n && !w->n_leaves; i++) {
		const struct embedded_file *file = &embedded_files[i];
		struct json *document;
		struct error err = {0};
		if (strncmp(file->path, "schemas/rulesets/", strlen("schemas/rulesets/")) != 0)
			continue;
		if (json_parse(file->path, (struct text){file->data, file->size}, &document, &err) < 0)
			die(file->path, "not JSON");
		const struct json *scorecards = json_get(document, "scorecards");
		for (size_t k = 0; k < json_size(scorecards) && !w->n_leaves; k++)
			if (text_is(json_text(json_get(json_at(scorecards, k), "id")), id))
				read_scorecard(w, json_at(scorecards, k));
		json_free(document);
	}
	if (!w->n_leaves)
		die(id, "no ruleset has this scorecard");
}
