// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/sections.h"

#include <errno.h>
#include <stdio.h>

/* MM-DD of every year */
static bool read_month_day(struct text t, int *month, int *day)
{
	char full[16];
	day_number d;
	if (t.n != 5)
		return false;
	int n = snprintf(full, sizeof full, "2023-%.*s", TEXT_ARG(t)); /* a common year: 02-29 is no day of each */
	if (date_parse((struct text){full, (size_t)n}, &d) < 0)
		return false;
	struct civil c = civil_from_day(d);
	*month = c.month;
	*day = c.day;
	return true;
}

static int read_days(struct reader *r, const struct json *j, struct deadline *d)
{
	static const char *const kinds_of_days[] = {"working", "calendar"};
	size_t kind;
	const struct json *days = json_get(j, "days");
	int result = reader_word(r, j, "kind", kinds_of_days, 2, &kind);
	if (result < 0)
		return result;
	if (json_kind(days) != NODE_INTEGER || json_int(days) < 0 || json_int(days) > 1000) {
		reader_enter(r, ".days");
		return reader_bad(r, "must be an integer from 0 to 1000");
	}
	d->kind = kind ? DEADLINE_CALENDAR : DEADLINE_WORKING;
	d->days = (int)json_int(days);
	return 0;
}

static int read_deadline(struct reader *r, const struct json *j, struct text name, bool of_next_year, struct deadline *d)
{
	static const char *const known[] = {"days", "kind", "date", NULL};
	struct text date;
	int result = reader_expect(r, j, NODE_OBJECT, "an object like {\"days\": 5, \"kind\": \"working\"}");
	if (result >= 0)
		result = reader_copy(r, name, &d->name);
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = reader_string(r, j, "date", OPTIONAL, &date);
	if (result < 0)
		return result;
	if (!date.p)
		return read_days(r, j, d);
	if (json_get(j, "days") || json_get(j, "kind"))
		return reader_bad(r, "either date, or days and kind");
	if (!of_next_year)
		return reader_bad(r, "a date is for performance_report only; here days and kind are needed");
	d->kind = DEADLINE_DATE;
	return read_month_day(date, &d->month, &d->day) ? 0 : reader_bad(r, "date must be MM-DD, like \"03-31\"");
}

static const char *const deadline_names[] = {"response", "gratification", "finding"};
static const char *const deadline_groups[][5] = {
	{"resolution", "information_request", "complaint", "supervisory", "aspiration"},
	{"performance_report", "month", "quarter", "semester", "year"},
};
#define DEADLINES_MAX 11

static int read_named_deadline(struct reader *r, const struct json *parent, const char *group, const char *name, struct deadline *list, size_t *n)
{
	char full[64];
	const struct json *j = json_get(parent, name);
	if (json_kind(j) == NODE_NULL)
		return 0;
	snprintf(full, sizeof full, "%s%s%s", group ? group : "", group ? "." : "", name);
	size_t at = reader_enter(r, ".%s", name);
	int result = read_deadline(r, j, text_of(full), group && !strcmp(group, "performance_report"), &list[*n]);
	if (result >= 0) {
		++*n;
		reader_leave(r, at);
	}
	return result;
}

static int read_deadline_group(struct reader *r, const struct json *deadlines, const char *const group[5], struct deadline *list, size_t *n)
{
	const char *const known[] = {group[1], group[2], group[3], group[4], NULL};
	const struct json *j = json_get(deadlines, group[0]);
	if (json_kind(j) == NODE_NULL)
		return 0;
	size_t at = reader_enter(r, ".%s", group[0]);
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	for (size_t i = 1; i < 5 && result >= 0; i++)
		result = read_named_deadline(r, j, group[0], group[i], list, n);
	if (result >= 0)
		reader_leave(r, at);
	return result;
}

int read_deadlines(struct reader *r, const struct json *j, struct ruleset *set)
{
	static const char *const known[] = {"sla_start", "response", "resolution", "gratification", "finding", "performance_report", NULL};
	static const char *const starts[] = {"received", "verified", "forwarded"};
	struct deadline *list = reader_take(r, DEADLINES_MAX, sizeof *list);
	size_t start, n = 0;
	if (!list)
		return -ENOMEM;
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(r, j, known);
	if (result >= 0)
		result = reader_word(r, j, "sla_start", starts, 3, &start);
	for (size_t i = 0; i < COUNT(deadline_names) && result >= 0; i++)
		result = read_named_deadline(r, j, NULL, deadline_names[i], list, &n);
	for (size_t i = 0; i < COUNT(deadline_groups) && result >= 0; i++)
		result = read_deadline_group(r, j, deadline_groups[i], list, &n);
	if (result < 0)
		return result;
	set->has_deadlines = true;
	set->sla_start = text_of(starts[start]);
	set->deadlines = list;
	set->n_deadlines = n;
	return 0;
}
