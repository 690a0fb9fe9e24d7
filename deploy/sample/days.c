// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Time of the story. Working days are stepped here on their own, over the dates of the calendar file that the daemon carries. */
#include "common/text.h"
#include "deploy/sample/sample.h"
#include "schemas/embedded.h"

static day_number holidays[512];
static size_t n_holidays;

void load_holidays(void)
{
	for (size_t i = 0; i < embedded_files_n; i++) {
		if (strcmp(embedded_files[i].path, "schemas/calendars/id.csv") != 0)
			continue;
		for (const char *line = embedded_files[i].data; line && *line; line = strchr(line, '\n'), line += line != NULL) {
			day_number day;
			if (date_parse((struct text){line, strcspn(line, ",\n")}, &day) < 0)
				continue; /* the header */
			if (n_holidays == COUNT(holidays))
				die(embedded_files[i].path, "more holidays than expected");
			holidays[n_holidays++] = day;
		}
	}
	if (n_holidays == 0)
		die("schemas/calendars/id.csv", "no holidays found");
}

static bool is_working_day(day_number day)
{
	for (size_t i = 0; i < n_holidays; i++)
		if (holidays[i] == day)
			return false;
	return weekday(day) < 5;
}

day_number working_days_later(day_number day, int n)
{
	while (n > 0)
		n -= is_working_day(++day);
	return day;
}

/* Seconds of the local calendar, so that a day is time / DAY. */
static int64_t local(int64_t utc)
{
	return utc + ZONE;
}

day_number day_of(int64_t utc)
{
	return (day_number)(local(utc) / DAY);
}

day_number first_day(void)
{
	return day_from_civil(YEAR, 1, 1);
}

day_number last_day(void)
{
	return day_from_civil(YEAR, 12, 31);
}

int64_t year_start(void)
{
	return first_day() * DAY - ZONE;
}

int64_t year_end(void)
{
	return (last_day() + 1) * DAY - ZONE;
}

void time_format(int64_t utc, char out[static RFC3339_TEXT_SIZE])
{
	rfc3339_format(local(utc) * INSTANT_PER_SECOND, out);
	strcpy(strchr(out, 'Z'), OFFSET);
}

int64_t office_hour(struct random *r, day_number day)
{
	return day * DAY + between(r, 8 * 3600, 16 * 3600) - ZONE;
}

int64_t later(struct random *r, int64_t start, int64_t tenths)
{
	day_number day = (day_number)((local(start) + tenths * DAY / 10) / DAY);
	while (weekday(day) >= 5)
		day++;
	int64_t t = office_hour(r, day);
	return t > start ? t : start + between(r, 60, 3600);
}
