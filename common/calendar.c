// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/calendar.h"

#include <errno.h>
#include <stdlib.h>

#include "common/csv.h"

#define N_YEARS (YEAR_MAX - YEAR_MIN + 1)

#define WORDS 6 /* of 64 days, enough for a leap year */

struct year {
	bool known;
	day_number first;        /* 1 January */
	uint64_t listed[WORDS];  /* one bit a day from 1 January; weekends need no list */
	uint64_t working[WORDS]; /* the same, of the working days */
	int before;              /* working days of the known years before this one */
	int next_unknown;        /* the first unknown year from this one on */
};

struct calendar {
	struct year years[N_YEARS];
};

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
	struct year *y = &c->years[number - YEAR_MIN];
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

static void find_working_days(struct year *y, day_number end)
{
	for (day_number d = y->first; y->known && d < end; d++) {
		int n = d - y->first;
		if (weekday(d) < 5 && !(y->listed[n / 64] >> n % 64 & 1))
			y->working[n / 64] |= UINT64_C(1) << n % 64;
	}
}

static int working_days(const struct year *y)
{
	int n = 0;
	for (int i = 0; i < WORDS; i++)
		n += __builtin_popcountll(y->working[i]);
	return n;
}

/* What spares the two questions below their walk from day to day. */
static void index_years(struct calendar *c)
{
	for (int i = 0, before = 0; i < N_YEARS; i++) {
		struct year *y = &c->years[i];
		y->first = day_from_civil(YEAR_MIN + i, 1, 1);
		find_working_days(y, day_from_civil(YEAR_MIN + i + 1, 1, 1));
		y->before = before;
		before += working_days(y);
	}
	for (int i = N_YEARS - 1, next = YEAR_MAX + 1; i >= 0; i--) {
		next = c->years[i].known ? next : YEAR_MIN + i;
		c->years[i].next_unknown = next;
	}
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
	index_years(c);
	*ret_calendar = c;
	return 0;
}

struct calendar *calendar_free(struct calendar *c)
{
	free(c);
	return NULL;
}

static int year_of(day_number d)
{
	return civil_from_day(d).year;
}

static int next_unknown(const struct calendar *c, int year)
{
	return year < YEAR_MIN || year > YEAR_MAX ? year : c->years[year - YEAR_MIN].next_unknown;
}

/* Working days of the known years before the day, which lies in the year; the year may be the one after the last. */
static int rank(const struct calendar *c, day_number d, int year)
{
	if (year > YEAR_MAX)
		return c->years[N_YEARS - 1].before + working_days(&c->years[N_YEARS - 1]);
	const struct year *y = &c->years[year - YEAR_MIN];
	int n = d - y->first, count = y->before;
	for (int i = 0; i < n / 64; i++)
		count += __builtin_popcountll(y->working[i]);
	return count + __builtin_popcountll(y->working[n / 64] & ((UINT64_C(1) << n % 64) - 1));
}

/* The working day of the year with n others before it in that year; there is one. */
static day_number select_day(const struct year *y, int n)
{
	int i = 0;
	for (int count; n >= (count = __builtin_popcountll(y->working[i])); i++)
		n -= count;
	uint64_t word = y->working[i];
	for (; n; n--)
		word &= word - 1; /* drops the lowest */
	return y->first + i * 64 + __builtin_ctzll(word);
}

static int name_year(int year, int *ret_year)
{
	*ret_year = year;
	return CALENDAR_UNKNOWN_YEAR;
}

int calendar_add(const struct calendar *c, day_number start, int n, day_number *ret_day, int *ret_year)
{
	if (n <= 0) {
		*ret_day = start;
		return 0;
	}
	int year = year_of(start + 1), unknown = next_unknown(c, year);
	if (unknown == year)
		return name_year(unknown, ret_year);
	/* The day sought has `before` working days before it, if the known years last until there. */
	int before = rank(c, start + 1, year) + n - 1;
	while (year + 1 < unknown && c->years[year + 1 - YEAR_MIN].before <= before)
		year++;
	const struct year *y = &c->years[year - YEAR_MIN];
	if (before - y->before >= working_days(y))
		return name_year(unknown, ret_year);
	*ret_day = select_day(y, before - y->before);
	return 0;
}

int calendar_between(const struct calendar *c, day_number a, day_number b, int *ret_days, int *ret_year)
{
	if (a >= b) {
		*ret_days = 0;
		return 0;
	}
	int first = year_of(a + 1), last = year_of(b), unknown = next_unknown(c, first);
	if (unknown <= last)
		return name_year(unknown, ret_year);
	*ret_days = rank(c, b + 1, year_of(b + 1)) - rank(c, a + 1, first);
	return 0;
}
