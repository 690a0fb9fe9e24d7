// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <yyjson.h>

#include "tests/bench/decode/yardsticks.h"

static uint64_t look(yyjson_val *object, const char *const *names)
{
	uint64_t letters = 0;
	for (; *names; names++) {
		yyjson_val *value = yyjson_obj_get(object, *names);
		letters += yyjson_is_uint(value) ? yyjson_get_uint(value) : yyjson_get_len(value);
	}
	return letters;
}

uint64_t look_yyjson(const char *p, size_t n)
{
	yyjson_doc *event = yyjson_read(p, n, 0);
	yyjson_val *root = yyjson_doc_get_root(event);
	uint64_t letters = look(root, yardstick_attributes) + look(yyjson_obj_get(root, "data"), yardstick_fields);
	yyjson_doc_free(event);
	return letters;
}
