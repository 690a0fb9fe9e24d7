// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * JSON documents that people write or read (rulesets, schemas, expect.json, output): a thin face of the JSON library. Events never go through here.
 */
#include "common/error.h"
#include "common/text.h"

struct json; /* a node; borrowed from its document unless said otherwise */

enum node_type { NODE_NULL, NODE_BOOL, NODE_INTEGER, NODE_REAL, NODE_STRING, NODE_ARRAY, NODE_OBJECT };

/* Parses a whole document, of any type at its root (duplicate keys refused). 0; -EINVAL: name:line:column: what; -ENOMEM. */
int json_parse(const char *name, struct text text, struct json **ret_document, struct error *err);
struct json *json_free(struct json *document);

enum node_type json_kind(const struct json *j);  /* NULL: NODE_NULL */
struct text json_text(const struct json *j);	  /* absent unless a string */
bool json_bool(const struct json *j);
int64_t json_int(const struct json *j);		  /* 0 unless an integer */
size_t json_size(const struct json *j); /* of an array or object */
const struct json *json_at(const struct json *array, size_t i); /* NULL beyond the end */
const struct json *json_get(const struct json *object, const char *key); /* NULL when absent */
/* Iterates an object in the order of its text: start with *it = NULL; false at the end. Keys end in a NUL. */
bool json_next(const struct json *object, void **it, struct text *ret_key, const struct json **ret_value);
