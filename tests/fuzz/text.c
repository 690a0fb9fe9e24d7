// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Bytes as they go into output: as a JSON string they are read back the same, in the log they are printable and end. */
#include <jansson.h>

#include "common/log.h"
#include "fuzz.h"

static void check_json(struct text t)
{
	struct buffer b = {0};
	buffer_json(&b, t);
	HOLDS(!b.failed && b.n <= 6 * t.n + 2);
	json_t *j = json_loadb(b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	HOLDS(json_is_string(j), "%.*s", (int)b.n, b.p);
	struct text back = {json_string_value(j), json_string_length(j)};
	HOLDS(!utf8_valid(t.p, t.n) || text_equal(t, back), "%.*s", (int)b.n, b.p);
	json_t *other = json_stringn(t.p, t.n); /* the library refuses what is not UTF-8 */
	HOLDS(!other == !utf8_valid(t.p, t.n));
	json_decref(j);
	json_decref(other);
	buffer_deinit(&b);
}

static void check_log(struct text t, unsigned size)
{
	struct buffer b = {0};
	char *out = malloc(size);
	buffer_text(&b, t);
	HOLDS(out && log_quote(buffer_cstr(&b), out, size) == out);
	size_t n = strlen(out);
	HOLDS(n >= 2 && n < size && out[0] == '"' && out[n - 1] == '"', "%s", out);
	for (size_t i = 0; i < n; i++)
		HOLDS(out[i] >= 0x20 && out[i] < 0x7f && (i == 0 || i == n - 1 || out[i] != '"' || out[i - 1] == '\\'), "%s", out);
	free(out);
	buffer_deinit(&b);
}

void target(struct text input)
{
	check_json(input);
	check_log(input, 16);
	check_log(input, 256);
}
