// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Reads values out of a JSON document that people write, and tells each mistake with its place and remedy: "FILE: $.indicators[3].scale: must be …". All functions
 * return 0, -EINVAL with that message, or -ENOMEM. Where one fails, the path may be left as it is: the message is made, and reading ends.
 */
#include "common/arena.h"
#include "common/civil.h"
#include "common/decimal.h"
#include "common/error.h"
#include "daemon/decode/json.h"
#include "daemon/record/ruleset.h"

#define READER_STRING_MAX 1000 /* an index of PostgreSQL holds two of them */

struct reader {
	const char *file;
	char path[256]; /* where it is */
	struct arena *arena;
	struct error *err;
};

int reader_bad(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends a step to the path; returns what to leave with. */
size_t reader_enter(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reader_leave(struct reader *r, size_t n);

/* In the reader's arena. Zeroed memory of n elements, at least one; NULL with a message. */
int reader_copy(struct reader *r, struct text t, struct text *ret);
void *reader_take(struct reader *r, size_t n, size_t size);

/* The node at hand is of the type; `what` ends the sentence "must be …". */
int reader_expect(struct reader *r, const struct json *j, enum node_type type, const char *what);
/* Only these keys (NULL-terminated) stand in the object. */
int reader_check_keys(struct reader *r, const struct json *object, const char *const *known);
/* The string at hand is one of the words: *ret is its index. */
int reader_choose(struct reader *r, const struct json *j, const char *const *words, size_t n, size_t *ret);

enum need { REQUIRED, OPTIONAL }; /* OPTIONAL: absent or null is absent */

int reader_string(struct reader *r, const struct json *object, const char *key, enum need need, struct text *ret);
int reader_date(struct reader *r, const struct json *object, const char *key, enum need need, day_number *ret); /* absent: DAY_NONE */
int reader_decimal(struct reader *r, const struct json *object, const char *key, enum need need, bool *ret_has, decimal *ret);
int reader_bool(struct reader *r, const struct json *object, const char *key, bool otherwise, bool *ret);
int reader_word(struct reader *r, const struct json *object, const char *key, const char *const *words, size_t n, size_t *ret);
