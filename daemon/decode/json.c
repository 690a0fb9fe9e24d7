// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

/* The library reads through pointers that are not const. */
static json_t *node(const struct json *j)
{
	return (json_t *)(uintptr_t)j;
}

static const struct json *borrow(json_t *j)
{
	return (const struct json *)j;
}

/* The library forgets bytes where it lacks memory, and then blames the text or, worse, accepts what is left of it. So the lack is noted here. */
static _Thread_local bool starved;

static void *allocate(size_t n)
{
	void *p = malloc(n);
	starved = starved || !p;
	return p;
}

int json_parse(const char *name, struct text text, struct json **ret_document, struct error *err)
{
	json_error_t e;
	if (text.n && memchr(text.p, 0, text.n)) /* which the library passes over behind a number */
		return error_set(err, -EINVAL, "%s: holds a NUL byte: not a text file", name);
	starved = false;
	json_set_alloc_funcs(allocate, free);
	json_t *j = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (starved) {
		json_decref(j);
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	}
	if (!j)
		return error_set(err, -EINVAL, "%s:%d:%d: %s", name, e.line, e.column, e.text);
	*ret_document = (struct json *)j;
	return 0;
}

struct json *json_free(struct json *document)
{
	json_decref((json_t *)document);
	return NULL;
}

enum node_type json_kind(const struct json *j)
{
	static const enum node_type kinds[] = {
		[JSON_OBJECT] = NODE_OBJECT, [JSON_ARRAY] = NODE_ARRAY, [JSON_STRING] = NODE_STRING, [JSON_INTEGER] = NODE_INTEGER,
		[JSON_REAL] = NODE_REAL,     [JSON_TRUE] = NODE_BOOL,	[JSON_FALSE] = NODE_BOOL,    [JSON_NULL] = NODE_NULL,
	};
	return j ? kinds[json_typeof(node(j))] : NODE_NULL;
}

struct text json_text(const struct json *j)
{
	const char *p = j ? json_string_value(node(j)) : NULL;
	return (struct text){p, p ? json_string_length(node(j)) : 0};
}

bool json_bool(const struct json *j)
{
	return j && json_is_true(node(j));
}

int64_t json_int(const struct json *j)
{
	return j ? json_integer_value(node(j)) : 0;
}

size_t json_size(const struct json *j)
{
	return json_kind(j) == NODE_ARRAY ? json_array_size(node(j)) : json_kind(j) == NODE_OBJECT ? json_object_size(node(j)) : 0;
}

const struct json *json_at(const struct json *array, size_t i)
{
	return array ? borrow(json_array_get(node(array), i)) : NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
	return object ? borrow(json_object_get(node(object), key)) : NULL;
}

bool json_next(const struct json *object, void **it, struct text *ret_key, const struct json **ret_value)
{
	if (json_kind(object) != NODE_OBJECT)
		return false;
	*it = *it ? json_object_iter_next(node(object), *it) : json_object_iter(node(object));
	if (!*it)
		return false;
	*ret_key = (struct text){json_object_iter_key(*it), json_object_iter_key_len(*it)};
	*ret_value = borrow(json_object_iter_value(*it));
	return true;
}
