// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A calendar file: read twice it is the same, its years are known, and counting working days undoes adding them. */
#include <errno.h>

#include "common/calendar.h"
#include "fuzz.h"

static bool works(const struct calendar *c, day_number d)
{
	int n, year;
	return calendar_between(c, d - 1, d, &n, &year) == 0 && n == 1;
}

/* Day by day, as the definition says. */
static void check_steps(const struct calendar *c, day_number start, int n)
{
	day_number end, slow = start;
	int year, between;
	if (calendar_add(c, start, n, &end, &year) != 0) {
		HOLDS(!calendar_knows(c, year), "%d", year);
		return;
	}
	for (int left = n; left > 0; left -= works(c, slow))
		HOLDS(calendar_knows(c, civil_from_day(++slow).year));
	HOLDS(slow == end, "%d is not %d", slow, end);
	HOLDS(calendar_between(c, start, end, &between, &year) == 0 && between == n, "%d is not %d", between, n);
}

void target(struct text input)
{
	static const int counts[] = {0, 1, 5, 60, 300};
	struct calendar *all, *national;
	struct error err = {""}, other = {""};
	int r = calendar_parse("calendar.csv", input, true, &all, &err), year, first, last;
	HOLDS(r == 0 || r == -EINVAL);
	HOLDS(calendar_parse("calendar.csv", input, false, &national, &other) == r && !strcmp(err.text, other.text), "%s", other.text);
	HOLDS((r == 0) == !*err.text && is_line(text_of(err.text)), "%s", err.text);
	if (r < 0)
		return;
	bool any = calendar_span(all, &first, &last);
	for (year = any ? first : YEAR_MAX + 1; year <= last && year <= YEAR_MAX; year++) {
		HOLDS(calendar_knows(all, year) == calendar_knows(national, year));
		for (size_t i = 0; calendar_knows(all, year) && i < COUNT(counts); i++)
			check_steps(all, day_from_civil(year, 1 + (int)input.n % 12, 1 + (int)i), counts[i]);
	}
	calendar_free(all);
	calendar_free(national);
}
