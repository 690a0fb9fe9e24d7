// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A table of kinds for tests of the decoder alone: one type for each sort of field. It takes the place of the real one at link time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "daemon/decode/decode.h"

static const char *const test_classes[] = {"complaint", "aspiration", NULL};

static const struct field test_complaint_fields[] = {
	{.name = "complaint_id", .type = FIELD_TEXT, .max = 256, .key = true},
	{.name = "unit", .type = FIELD_UNIT},
	{.name = "class", .type = FIELD_ENUM, .values = test_classes},
	{.name = "rating", .type = FIELD_INTEGER, .min = 1, .max = 5, .optional = true},
	{.name = "category", .type = FIELD_TEXT, .max = 8, .optional = true},
};
static const struct field test_report_fields[] = {
	{.name = "report_id", .type = FIELD_TEXT, .max = 256},
	{.name = "name", .type = FIELD_TEXT, .max = 256, .optional = true},
	{.name = "period", .type = FIELD_PERIOD, .max = 1 << GRAIN_MONTH | 1 << GRAIN_QUARTER | 1 << GRAIN_SEMESTER | 1 << GRAIN_YEAR, .optional = true},
	{.name = "target", .type = FIELD_DECIMAL, .min = INT64_MIN, .optional = true},
	{.name = "ceiling", .type = FIELD_DECIMAL, .optional = true},
	{.name = "done_at", .type = FIELD_TIME, .optional = true},
	{.name = "received_on", .type = FIELD_DATE, .optional = true},
	{.name = "month", .type = FIELD_PERIOD, .max = 1 << GRAIN_MONTH, .optional = true},
	{.name = "revision", .type = FIELD_INTEGER, .min = 0, .max = INT64_MAX, .optional = true},
	{.name = "answers", .type = FIELD_ANSWERS, .optional = true},
};
enum { R_ID, R_NAME, R_PERIOD, R_TARGET, R_CEILING, R_DONE, R_RECEIVED, R_MONTH, R_REVISION, R_ANSWERS, R_FIELDS };

/* Rules between fields: no ceiling below the target; each answer an integer. */
static const char *test_report_check(const struct value *v, size_t i)
{
	if (i == R_CEILING && v[R_TARGET].present && v[R_CEILING].present && decimal_compare(v[R_CEILING].decimal, v[R_TARGET].decimal) < 0)
		return "must not lie below target";
	for (size_t k = 0; i == R_ANSWERS && k < v[R_ANSWERS].n_answers; k++)
		if (v[R_ANSWERS].answers[k].score == INT64_MIN)
			return "each must be an integer";
	return NULL;
}

static const struct event_type test_types[] = {
	{.name = "t.complaint", .fields = test_complaint_fields, .n_fields = COUNT(test_complaint_fields)},
	{.name = "t.report", .fields = test_report_fields, .n_fields = COUNT(test_report_fields), .check = test_report_check, .exempt = "name"},
};
static const struct kind test_kind = {.name = "test", .topic = "test", .types = test_types, .n_types = COUNT(test_types)};
const struct kind *const kinds[] = {&test_kind};
const size_t kinds_n = 1;

const struct kind *kind_of_type(struct text name, unsigned *ret_type)
{
	for (unsigned t = 0; t < COUNT(test_types); t++)
		if (text_is(name, test_types[t].name)) {
			*ret_type = t;
			return &test_kind;
		}
	return NULL;
}

/* What the tests decode with: a list of forbidden names and an arena. */
struct world {
	struct forbidden forbidden;
	struct arena *arena;
	struct item item;
	struct header headers[64];
	struct buffer value; /* the value in memory of exactly its size, so that a sanitizer sees every step beyond it */
};

static struct world w; /* lives as long as the process */

static inline void world_open(void)
{
	static const char *const names[] = {"nik", "name", "nama", "phone", "email", "namalengkap"};
	if (w.arena)
		return;
	w.arena = arena_new(4096);
	for (size_t i = 0; i < COUNT(names); i++)
		forbidden_add(&w.forbidden, text_of(names[i]));
}

/* Decodes a value under headers "name: value", which end with NULL; "name" alone is a null header. */
static inline int world_decode(struct text value, const char *const *headers)
{
	size_t n = 0;
	world_open();
	for (; headers && headers[n]; n++) {
		const char *colon = strstr(headers[n], ": ");
		w.headers[n].name = colon ? (struct text){headers[n], (size_t)(colon - headers[n])} : text_of(headers[n]);
		w.headers[n].value = colon ? text_of(colon + 2) : TEXT_NONE;
	}
	free(w.value.p);
	w.value = (struct buffer){0};
	if (value.p) {
		w.value.p = malloc(value.n ? value.n : 1);
		memcpy(w.value.p, value.p, value.n);
		w.value.n = value.n;
	}
	arena_reset(w.arena);
	w.item = (struct item){.record = {.value = {w.value.p, w.value.n}, .headers = w.headers, .n_headers = n}};
	return decode_record(&w.item, &w.forbidden, w.arena);
}

/* A file under TESTS_DIR; false when it is not there. */
static inline bool read_data(const char *path, struct buffer *b)
{
	char full[1024];
	struct error err;
	snprintf(full, sizeof full, "%s/%s", TESTS_DIR, path);
	return file_read(full, 0, b, &err) == 0;
}
