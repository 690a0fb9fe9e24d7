// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * JSON documents that people write or read (rulesets, schemas, expect.json, output): a thin face of the JSON library. Events never go through here.
 */
#include "common/error.h"
#include "common/text.h"

struct json; /* a node; borrowed from its document unless said otherwise */

enum json_type { JSON_NULL, JSON_BOOL, JSON_INTEGER, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Parses a whole document (duplicate keys refused). 0; -EINVAL: name:line:column: what; -ENOMEM. */
int json_parse(const char *name, struct text text, struct json **ret_document, struct error *err);
struct json *json_free(struct json *document);

enum json_type json_typeof(const struct json *j); /* NULL: JSON_NULL */
struct text json_text(const struct json *j);	  /* absent unless a string */
bool json_bool(const struct json *j);
int64_t json_int(const struct json *j);
double json_real(const struct json *j); /* only to print or compare expectations, never for figures */
size_t json_size(const struct json *j); /* of an array or object */
const struct json *json_at(const struct json *array, size_t i);
const struct json *json_get(const struct json *object, const char *key); /* NULL when absent */
/* Iterates an object in the order of its text: start with *it = NULL; false at the end. */
bool json_next(const struct json *object, void **it, struct text *ret_key, const struct json **ret_value);

/* Appends t as a JSON string, quotes included (invalid UTF-8 as U+FFFD). */
void json_put_text(struct buffer *b, struct text t);
