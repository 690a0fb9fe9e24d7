// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <jansson.h>

#include "tests/bench/decode/yardsticks.h"

static uint64_t look(const json_t *object, const char *const *names)
{
	uint64_t letters = 0;
	for (; *names; names++) {
		const json_t *value = json_object_get(object, *names);
		letters += json_is_integer(value) ? (uint64_t)json_integer_value(value) : value ? json_string_length(value) : 0;
	}
	return letters;
}

uint64_t look_jansson(const char *p, size_t n)
{
	json_t *event = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
	uint64_t letters = look(event, yardstick_attributes) + look(json_object_get(event, "data"), yardstick_fields);
	json_decref(event);
	return letters;
}
