// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/precedence.h"

static int compare_integers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_answers(const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < a->n_answers && i < b->n_answers; i++) {
		int c = text_compare(a->answers[i].name, b->answers[i].name);
		if (!c)
			c = compare_integers(a->answers[i].score, b->answers[i].score);
		if (c)
			return c;
	}
	return compare_integers(a->n_answers, b->n_answers);
}

static int compare_values(enum field_type type, const struct value *a, const struct value *b)
{
	if (!a->present || !b->present)
		return (int)a->present - (int)b->present;
	switch (type) {
	case FIELD_TEXT:
	case FIELD_UNIT:
	case FIELD_ENUM:
	case FIELD_PERIOD:
		return text_compare(a->text, b->text);
	case FIELD_INTEGER:
		return compare_integers(a->integer, b->integer);
	case FIELD_DECIMAL:
		return decimal_compare(a->decimal, b->decimal);
	case FIELD_TIME:
		return compare_integers(a->time, b->time);
	case FIELD_DATE:
		return compare_integers(a->day, b->day);
	case FIELD_ANSWERS:
		return compare_answers(a, b);
	}
	return 0;
}

int fields_compare(const struct event_type *t, const struct value *a, const struct value *b)
{
	for (size_t i = 0; i < t->n_fields; i++) {
		if (t->fields[i].key)
			continue; /* the same for all members of an entity */
		int c = compare_values(t->fields[i].type, &a[i], &b[i]);
		if (c)
			return c;
	}
	return 0;
}

int revisions_compare(const struct event_type *t, const struct value *a, const struct value *b)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i].revision)
			return compare_values(FIELD_INTEGER, &a[i], &b[i]);
	return 0;
}

int ties_compare(const struct event_type *t, const struct member *a, const struct member *b)
{
	if (!a->fields)
		return 0;
	int c = text_compare(a->id, b->id);
	return c ? c : fields_compare(t, a->fields, b->fields);
}

int member_compare(const struct event_type *t, const struct member *a, const struct member *b)
{
	int c = a->fields ? revisions_compare(t, a->fields, b->fields) : 0;
	if (!c)
		c = compare_integers(a->time, b->time);
	return c ? c : ties_compare(t, a, b);
}
