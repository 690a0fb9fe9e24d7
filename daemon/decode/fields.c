// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/record/units.h"

int arena_printf(struct arena *arena, struct text *ret, const char *format, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	else if ((size_t)n >= sizeof text)
		n = sizeof text - 1;
	return arena_copy(arena, (struct text){text, (size_t)n}, ret) ? 0 : -ENOMEM;
}

/* What a value's form check says. */
#define WELL 0
#define ILL 1 /* not as the field wants it */

static int read_text(const struct token *t, size_t most, struct arena *arena, struct text *ret)
{
	if (t->type != TOKEN_STRING)
		return ILL;
	int r = token_unescape(t, arena, ret);
	if (r < 0)
		return r;
	return ret->n >= 1 && ret->n <= most ? WELL : ILL;
}

static bool listed(const char *const *values, struct text t)
{
	for (; *values; values++)
		if (text_is(t, *values))
			return true;
	return false;
}

static int read_decimal(const struct field *f, const struct token *t, struct arena *arena, decimal *ret)
{
	struct text s;
	int r = WELL;
	if (t->type == TOKEN_NUMBER)
		r = decimal_parse_json(t->raw, ret) < 0 ? ILL : WELL;
	else if ((r = read_text(t, 64, arena, &s)) == WELL)
		r = decimal_parse(s, ret) < 0 ? ILL : WELL;
	return r == WELL && ret->micro < (__int128)f->min * DECIMAL_ONE ? ILL : r;
}

static int read_integer(const struct field *f, const struct token *t, int64_t *ret)
{
	if (t->type != TOKEN_NUMBER || integer_parse_json(t->raw, ret) < 0)
		return ILL;
	return *ret >= f->min && *ret <= f->max ? WELL : ILL;
}

static int read_period(const struct field *f, struct value *v)
{
	return period_parse(v->text, &v->period) == 0 && f->max >> v->period.grain & 1 ? WELL : ILL;
}

struct answer_list {
	struct arena *arena;
	struct answer *answers;
	size_t n, size;
};

static int take_answer(void *arg, const struct json_path *path, struct text key, const struct token *value)
{
	struct answer_list *l = arg;
	if (path->n != 1 || value->type == TOKEN_NULL) /* null is absent */
		return 0;
	struct answer *room = arena_grow(l->arena, l->answers, l->n, &l->size, sizeof *room, 16);
	if (!room)
		return -ENOMEM;
	l->answers = room;
	struct answer *a = &l->answers[l->n++];
	*a = (struct answer){.name = key};
	if (value->type != TOKEN_NUMBER || integer_parse_json(value->raw, &a->score) < 0)
		a->score = INT64_MIN;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return text_compare(((const struct answer *)a)->name, ((const struct answer *)b)->name);
}

static int read_answers(const struct token *t, struct arena *arena, struct value *v)
{
	struct answer_list l = {.arena = arena};
	struct json_visitor visitor = {.root = "", .arg = &l, .member = take_answer};
	struct token root;
	enum json_fault fault;
	size_t offset;
	struct text path;
	if (t->type != TOKEN_OBJECT)
		return ILL;
	int r = json_scan(t->raw, &visitor, arena, &root, &fault, &offset, &path);
	if (r < 0)
		return r;
	if (l.n)
		qsort(l.answers, l.n, sizeof *l.answers, by_name);
	v->answers = l.answers;
	v->n_answers = (uint32_t)l.n;
	return WELL;
}

static int read_value(const struct field *f, const struct token *t, struct arena *arena, struct value *v)
{
	int r = WELL;
	switch (f->type) {
	case FIELD_TEXT:
		return read_text(t, (size_t)f->max, arena, &v->text);
	case FIELD_UNIT:
		r = read_text(t, 64, arena, &v->text);
		return r ? r : unit_code_valid(v->text) ? WELL : ILL;
	case FIELD_ENUM:
		r = read_text(t, 64, arena, &v->text);
		return r ? r : listed(f->values, v->text) ? WELL : ILL;
	case FIELD_INTEGER:
		return read_integer(f, t, &v->integer);
	case FIELD_DECIMAL:
		return read_decimal(f, t, arena, &v->decimal);
	case FIELD_TIME:
		r = read_text(t, SIZE_MAX, arena, &v->text); /* a fraction may be as long as it likes */
		return r ? r : rfc3339_parse(v->text, &v->time) < 0 ? ILL : WELL;
	case FIELD_DATE:
		r = read_text(t, 64, arena, &v->text);
		return r ? r : date_parse(v->text, &v->day) < 0 ? ILL : WELL;
	case FIELD_PERIOD:
		r = read_text(t, 64, arena, &v->text);
		return r ? r : read_period(f, v);
	case FIELD_ANSWERS:
		return read_answers(t, arena, v);
	}
	return ILL;
}

static void describe_values(const struct field *f, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "must be one of");
	for (size_t i = 0; f->values[i] && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s %s", i ? "," : "", f->values[i]);
}

static void describe_period(const struct field *f, char *out, size_t size)
{
	static const struct {
		enum grain grain;
		const char *example;
	} forms[] = {{GRAIN_YEAR, "2024"}, {GRAIN_SEMESTER, "2024-S1"}, {GRAIN_QUARTER, "2024-Q1"}, {GRAIN_MONTH, "2024-03"}};
	size_t n = (size_t)snprintf(out, size, "must be a period of the form");
	bool first = true;
	for (size_t i = 0; i < COUNT(forms) && n < size; i++)
		if (f->max >> forms[i].grain & 1) {
			n += (size_t)snprintf(out + n, size - n, "%s %s", first ? "" : ",", forms[i].example);
			first = false;
		}
}

static void describe_decimal(const struct field *f, char *out, size_t size)
{
	char bound[40] = "";
	if (f->min != INT64_MIN)
		snprintf(bound, sizeof bound, " not below %" PRId64, f->min);
	snprintf(out, size, "must be a decimal%s: a string of at most 18 digits and 6 behind the point, or a number of at most 15 significant digits", bound);
}

/* What the field wants, for whoever has to mend the event. */
static void describe(const struct field *f, char *out, size_t size)
{
	switch (f->type) {
	case FIELD_TEXT:
		snprintf(out, size, "must be a string of 1 to %" PRId64 " bytes", f->max);
		break;
	case FIELD_UNIT:
		snprintf(out, size, "must be a unit code of the form 1.02.0.00.0.00.01.0000");
		break;
	case FIELD_ENUM:
		describe_values(f, out, size);
		break;
	case FIELD_INTEGER:
		if (f->max == INT64_MAX)
			snprintf(out, size, "must be an integer of 64 bits, %" PRId64 " or more", f->min);
		else
			snprintf(out, size, "must be an integer from %" PRId64 " to %" PRId64, f->min, f->max);
		break;
	case FIELD_DECIMAL:
		describe_decimal(f, out, size);
		break;
	case FIELD_TIME:
		snprintf(out, size, "must be an RFC 3339 time with offset, such as 2024-03-25T08:00:00+07:00");
		break;
	case FIELD_DATE:
		snprintf(out, size, "must be a real date YYYY-MM-DD");
		break;
	case FIELD_PERIOD:
		describe_period(f, out, size);
		break;
	case FIELD_ANSWERS:
		snprintf(out, size, "must be an object of answers");
		break;
	}
}

/* The member of that name; looked for from *next on and round, because members mostly stand in the order of the fields. NULL: absent or null. */
static const struct token *find(const struct data_member *members, size_t n, struct text name, size_t *next)
{
	for (size_t k = 0, i = *next; k < n; k++, i++) {
		if (i >= n)
			i = 0;
		if (text_equal(members[i].key, name)) {
			*next = i + 1;
			return members[i].value.type == TOKEN_NULL ? NULL : &members[i].value;
		}
	}
	return NULL;
}

/* The first field in order that is not well, with its rule: a fault in form, or what the kind's own check says. An ill-formed one further on is present nevertheless. */
static const char *judge(const struct event_type *t, const int *forms, const struct value *v, size_t *ret_field, char *rule, size_t size)
{
	for (size_t i = 0; i < t->n_fields; i++) {
		*ret_field = i;
		if (forms[i] == ILL) {
			describe(&t->fields[i], rule, size);
			return rule;
		}
		if (!v[i].present && !t->fields[i].optional)
			return "required";
		const char *broken = t->check ? t->check(v, i) : NULL;
		if (broken)
			return broken;
	}
	return NULL;
}

int fields_read(const struct event_type *t, const struct data_member *members, size_t n, struct arena *arena, struct value *ret, struct text *ret_detail)
{
	int forms[FIELDS_MAX] = {0};
	size_t next = 0;
	for (size_t i = 0; i < t->n_fields; i++) {
		const struct token *token = find(members, n, text_of(t->fields[i].name), &next);
		ret[i] = (struct value){0};
		if (!token)
			continue;
		forms[i] = read_value(&t->fields[i], token, arena, &ret[i]);
		if (forms[i] < 0)
			return forms[i];
		ret[i].present = true;
	}
	char text[512];
	size_t field = 0;
	const char *rule = judge(t, forms, ret, &field, text, sizeof text);
	if (!rule && t->tidy)
		t->tidy(ret);
	*ret_detail = TEXT_NONE;
	return rule ? arena_printf(arena, ret_detail, "data.%s: %s", t->fields[field].name, rule) : 0;
}
