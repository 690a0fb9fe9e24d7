// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Our reader of JSON against another one: what it accepts, the library accepts, and reads the same keys and strings; what it refuses, the library refuses, but
 * for depth. The library alone minds the size of numbers.
 */
#include <jansson.h>

#include "daemon/decode/tokenizer.h"
#include "fuzz.h"

#define MEMBERS_MAX 4096

struct seen {
	struct arena *arena;
	struct text keys[MEMBERS_MAX]; /* of the outermost object */
	struct token values[MEMBERS_MAX];
	size_t n;
};

static int on_member(void *arg, const struct json_path *path, struct text key, const struct token *value)
{
	struct seen *s = arg;
	struct text printed;
	HOLDS(json_path_format(path, s->arena, &printed) == 0);
	HOLDS(printed.n <= 512 && is_line(printed), "%.*s", TEXT_ARG(printed));
	if (path->n == 1 && !path->steps[0].array && s->n < MEMBERS_MAX) {
		s->keys[s->n] = key;
		s->values[s->n++] = *value;
	}
	return 0;
}

static void check_string(const struct seen *s, const struct token *t, const json_t *j)
{
	struct text characters;
	HOLDS(token_unescape(t, s->arena, &characters) == 0);
	HOLDS(text_equal(characters, (struct text){json_string_value(j), json_string_length(j)}), "%.*s", TEXT_ARG(t->raw));
}

static void check_members(const struct seen *s, const json_t *object)
{
	HOLDS(s->n == json_object_size(object) || s->n == MEMBERS_MAX);
	for (size_t i = 0; i < s->n; i++) {
		struct buffer key = {0};
		buffer_text(&key, s->keys[i]);
		const json_t *j = json_object_get(object, buffer_cstr(&key));
		HOLDS(j != NULL, "%.*s", TEXT_ARG(s->keys[i]));
		static const json_type types[] = {[TOKEN_NULL] = JSON_NULL, [TOKEN_TRUE] = JSON_TRUE, [TOKEN_FALSE] = JSON_FALSE, [TOKEN_STRING] = JSON_STRING,
						 [TOKEN_ARRAY] = JSON_ARRAY, [TOKEN_OBJECT] = JSON_OBJECT};
		enum token_type type = s->values[i].type;
		HOLDS(type == TOKEN_NUMBER ? json_is_number(j) : json_typeof(j) == types[type]);
		if (type == TOKEN_STRING)
			check_string(s, &s->values[i], j);
		buffer_deinit(&key);
	}
}

void target(struct text input)
{
	static struct seen seen;
	static struct arena *arena;
	struct json_visitor visitor = {.root = "", .arg = &seen, .member = on_member};
	struct token root;
	enum json_fault fault;
	size_t offset = 0;
	struct text path = TEXT_NONE;
	json_error_t e = {0};
	arena = arena ? arena : arena_new(65536);
	arena_reset(arena);
	seen.arena = arena;
	seen.n = 0;
	json_t *j = json_loadb(input.p, input.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	bool number = !j && json_error_code(&e) == json_error_numeric_overflow;
	if (!utf8_valid(input.p, input.n)) { /* the caller's business */
		HOLDS(!j);
		return;
	}
	HOLDS(json_scan(input, &visitor, arena, &root, &fault, &offset, &path) == 0);
	if (memchr(input.p, 0, input.n)) { /* which the library passes over behind a number */
		HOLDS(fault != JSON_OK);
		json_decref(j);
		return;
	}
	HOLDS(fault == JSON_OK ? j || number : !j || fault == JSON_DEPTH, "fault %d, the other one says %s", fault, j ? "well" : e.text);
	HOLDS(fault != JSON_SYNTAX || offset <= input.n);
	if (fault == JSON_OK && root.type == TOKEN_OBJECT && j)
		check_members(&seen, j);
	else if (fault == JSON_OK && root.type == TOKEN_STRING)
		check_string(&seen, &root, j);
	json_decref(j);
}
