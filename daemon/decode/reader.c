// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int reader_bad(struct reader *r, const char *format, ...)
{
	char what[512];
	va_list ap;
	va_start(ap, format);
	vsnprintf(what, sizeof what, format, ap);
	va_end(ap);
	return error_set(r->err, -EINVAL, "%s: $%s: %s", r->file, r->path, what);
}

size_t reader_enter(struct reader *r, const char *format, ...)
{
	size_t n = strlen(r->path);
	va_list ap;
	va_start(ap, format);
	vsnprintf(r->path + n, sizeof r->path - n, format, ap);
	va_end(ap);
	return n;
}

void reader_leave(struct reader *r, size_t n)
{
	r->path[n] = 0;
}

int reader_copy(struct reader *r, struct text t, struct text *ret)
{
	return arena_copy(r->arena, t, ret) ? 0 : error_set(r->err, -ENOMEM, "%s: out of memory", r->file);
}

void *reader_take(struct reader *r, size_t n, size_t size)
{
	void *p = arena_zalloc(r->arena, (n ? n : 1) * size);
	if (!p)
		error_set(r->err, -ENOMEM, "%s: out of memory", r->file);
	return p;
}

int reader_check_keys(struct reader *r, const struct json *object, const char *const *known)
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
		return reader_bad(r, "unknown key \"%.*s\"; known are %s", TEXT_ARG(key), list);
	}
	return 0;
}

int reader_expect(struct reader *r, const struct json *j, enum node_type type, const char *what)
{
	return json_kind(j) == type ? 0 : reader_bad(r, "must be %s", what);
}

int reader_string(struct reader *r, const struct json *object, const char *key, enum need need, struct text *ret)
{
	const struct json *j = json_get(object, key);
	*ret = TEXT_NONE;
	if (need == OPTIONAL && json_kind(j) == NODE_NULL)
		return 0;
	size_t at = reader_enter(r, ".%s", key);
	struct text t = json_text(j);
	int result = t.n && t.n <= READER_STRING_MAX ? reader_copy(r, t, ret) : reader_bad(r, "must be a string of 1 to %d bytes", READER_STRING_MAX);
	reader_leave(r, at);
	return result;
}

int reader_date(struct reader *r, const struct json *object, const char *key, enum need need, day_number *ret)
{
	struct text t;
	*ret = DAY_NONE;
	int result = reader_string(r, object, key, need, &t);
	if (result < 0 || !t.p || date_parse(t, ret) == 0)
		return result;
	reader_enter(r, ".%s", key);
	return reader_bad(r, "must be a real date YYYY-MM-DD of the years 1900 to 2199");
}

int reader_decimal(struct reader *r, const struct json *object, const char *key, enum need need, bool *ret_has, decimal *ret)
{
	struct text t;
	int result = reader_string(r, object, key, need, &t);
	*ret_has = t.p != NULL;
	if (result < 0 || !t.p || decimal_parse(t, ret) == 0)
		return result;
	reader_enter(r, ".%s", key);
	return reader_bad(r, "must be a decimal in a string, like \"88.31\"");
}

int reader_bool(struct reader *r, const struct json *object, const char *key, bool otherwise, bool *ret)
{
	const struct json *j = json_get(object, key);
	*ret = json_kind(j) == NODE_NULL ? otherwise : json_bool(j);
	if (json_kind(j) == NODE_NULL || json_kind(j) == NODE_BOOL)
		return 0;
	reader_enter(r, ".%s", key);
	return reader_bad(r, "must be true or false");
}

int reader_choose(struct reader *r, const struct json *j, const char *const *words, size_t n, size_t *ret)
{
	struct text t = json_text(j);
	char list[200] = "";
	for (size_t i = 0, at = 0; i < n && at < sizeof list; i++) {
		if (text_is(t, words[i])) {
			*ret = i;
			return 0;
		}
		at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", words[i]);
	}
	return reader_bad(r, "must be one of %s", list);
}

int reader_word(struct reader *r, const struct json *object, const char *key, const char *const *words, size_t n, size_t *ret)
{
	struct text t;
	int result = reader_string(r, object, key, REQUIRED, &t);
	if (result < 0)
		return result;
	size_t at = reader_enter(r, ".%s", key);
	result = reader_choose(r, json_get(object, key), words, n, ret);
	if (result >= 0)
		reader_leave(r, at);
	return result;
}
