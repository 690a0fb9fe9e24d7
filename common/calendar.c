// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/calendar.h"

#include <errno.h>
#include <stdlib.h>

#include "common/csv.h"

#define N_YEARS (YEAR_MAX - YEAR_MIN + 1)

/* Of a known year, one bit a day from 1 January: listed. Weekends need no list. */
struct year {
	bool known;
	uint64_t listed[6];
};

struct calendar {
	struct year years[N_YEARS];
};

static struct year *year_of(struct calendar *c, int year)
{
	return &c->years[year - YEAR_MIN];
}

bool calendar_knows(const struct calendar *c, int year)
{
	return year >= YEAR_MIN && year <= YEAR_MAX && c->years[year - YEAR_MIN].known;
}

bool calendar_span(const struct calendar *c, int *ret_first, int *ret_last)
{
	int first = 0, last = 0;
	for (int y = YEAR_MIN; y <= YEAR_MAX; y++)
		if (calendar_knows(c, y)) {
			first = first ? first : y;
			last = y;
		}
	if (!first)
		return false;
	*ret_first = first;
	*ret_last = last;
	return true;
}

static int add_row(struct calendar *c, const struct csv *csv, bool collective_leave, struct error *err)
{
	day_number day;
	if (csv->n_fields != 4)
		return error_set(err, -EINVAL, "%s:%u: %zu fields where the header has 4", csv->name, csv->line, csv->n_fields);
	if (date_parse(csv->field[0], &day) < 0)
		return error_set(err, -EINVAL, "%s:%u: date: must be a real date YYYY-MM-DD of the years %d to %d", csv->name, csv->line, YEAR_MIN, YEAR_MAX);
	bool leave = text_is(csv->field[1], "collective_leave");
	if (!leave && !text_is(csv->field[1], "national"))
		return error_set(err, -EINVAL, "%s:%u: type: must be national or collective_leave", csv->name, csv->line);
	int number = civil_from_day(day).year;
	struct year *y = year_of(c, number);
	y->known = true;
	int n = day - day_from_civil(number, 1, 1);
	if (!leave || collective_leave)
		y->listed[n / 64] |= UINT64_C(1) << n % 64;
	return 0;
}

static int read_rows(struct calendar *c, struct csv *csv, bool collective_leave, struct error *err)
{
	static const char *const columns[] = {"date", "type", "name", "basis"};
	int r = csv_header(csv, columns, 4, err);
	if (r < 0)
		return r;
	while ((r = csv_next(csv, err)) > 0) {
		r = add_row(c, csv, collective_leave, err);
		if (r < 0)
			return r;
	}
	return r;
}

int calendar_parse(const char *name, struct text text, bool collective_leave, struct calendar **ret_calendar, struct error *err)
{
	struct calendar *c = calloc(1, sizeof *c);
	if (!c)
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	struct csv csv;
	csv_init(&csv, name, text);
	int r = read_rows(c, &csv, collective_leave, err);
	csv_deinit(&csv);
	if (r < 0) {
		calendar_free(c);
		return r;
	}
	*ret_calendar = c;
	return 0;
}

struct calendar *calendar_free(struct calendar *c)
{
	free(c);
	return NULL;
}

/* A walk over days that keeps the year at hand. */
struct walk {
	const struct calendar *calendar;
	day_number day, year_start, year_end; /* year_end: the next year's first day */
	int year, weekday;
};

static void enter_year(struct walk *w, int year)
{
	w->year = year;
	w->year_start = day_from_civil(year, 1, 1);
	w->year_end = day_from_civil(year + 1, 1, 1);
}

static struct walk walk_from(const struct calendar *c, day_number day)
{
	struct walk w = {.calendar = c, .day = day, .weekday = weekday(day)};
	enter_year(&w, civil_from_day(day).year);
	return w;
}

/* On to the next day: 1 a working day, 0 another, -1 in a year that is unknown. */
static int step(struct walk *w)
{
	if (++w->day == w->year_end)
		enter_year(w, w->year + 1);
	w->weekday = w->weekday == 6 ? 0 : w->weekday + 1;
	if (!calendar_knows(w->calendar, w->year))
		return -1;
	int n = w->day - w->year_start;
	return w->weekday < 5 && !(w->calendar->years[w->year - YEAR_MIN].listed[n / 64] >> n % 64 & 1);
}

int calendar_add(const struct calendar *c, day_number start, int n, day_number *ret_day, int *ret_year)
{
	struct walk w = walk_from(c, start);
	while (n > 0) {
		int working = step(&w);
		if (working < 0) {
			*ret_year = w.year;
			return CALENDAR_UNKNOWN_YEAR;
		}
		n -= working;
	}
	*ret_day = w.day;
	return 0;
}

int calendar_between(const struct calendar *c, day_number a, day_number b, int *ret_days, int *ret_year)
{
	struct walk w = walk_from(c, a);
	int days = 0;
	while (w.day < b) {
		int working = step(&w);
		if (working < 0) {
			*ret_year = w.year;
			return CALENDAR_UNKNOWN_YEAR;
		}
		days += working;
	}
	*ret_days = days;
	return 0;
}
