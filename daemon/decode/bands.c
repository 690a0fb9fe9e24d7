// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/sections.h"

#include <errno.h>

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

int read_bands(struct reader *r, const struct json *j, struct ruleset *set)
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
