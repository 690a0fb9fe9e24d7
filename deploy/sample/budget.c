// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Budget reports: of each line what may be spent, and what was, from January to the month's end; in rupiah. */
#include "deploy/sample/sample.h"

static const struct line {
	const char *program, *activity; /* "": none */
	int share;			 /* of 100 */
} lines[] = {
	{"X.01", "", 20},
	{"X.02", "2.01", 35},
	{"X.02", "2.02", 25},
	{"X.03", "2.01", 20},
};

static void tell_line(struct sample *s, int unit, const struct line *l, int month, int64_t ceiling, int64_t realised, int64_t time, int revision)
{
	char id[96], activity[48] = "";
	if (l->activity[0])
		snprintf(activity, sizeof activity, "\"activity\":\"%s\",", l->activity);
	snprintf(id, sizeof id, "%s|%s|%s|%d", units[unit].code, l->program, l->activity, YEAR);
	/* The realised amount as a number or, better, as a string: both are exact. */
	const char *quote = chance(&s->random, 200) ? "" : "\"";
	tell(s, "budget.reported", time, id, "{\"unit\":\"%s\",\"program\":\"%s\",%s\"period\":\"%d-%02d\",\"ceiling\":\"%lld\",\"realised\":%s%lld%s,\"revision\":%d}",
	     units[unit].code, l->program, activity, YEAR, month, (long long)ceiling, quote, (long long)realised, quote, revision);
}

/* Spending is slow at first and hasty at the end; a correction may take some back. */
static int64_t spent_by(struct random *r, int64_t ceiling, int month, unsigned slowness)
{
	int64_t per_mille = month * (month * 5 + 22 - (int64_t)slowness / 8) + between(r, -15, 15);
	return per_mille <= 0 ? 0 : ceiling / 1000 * at_most(per_mille, 1000);
}

static void make_line(struct sample *s, int unit, const struct line *l)
{
	struct random *r = &s->random;
	int64_t ceiling = (int64_t)units[unit].weight * l->share * between(r, 1500000, 4000000), realised = 0, reports = 0;
	day_number last = 0;

	if (chance(r, 8))
		ceiling = 0;
	for (int month = 1; month <= 12; month++) {
		day_number end = day_from_civil(YEAR, month, days_in_month(YEAR, month));
		if (!reports_on(unit, end))
			break;
		if (month == 9) /* the amended budget */
			ceiling = ceiling / 100 * between(r, 90, 115);
		if (month < 12 && chance(r, 40))
			continue; /* never reported: the next month covers it */
		int64_t at = office_hour(r, end + (day_number)between(r, 2, 9));
		last = end;
		reports++;
		realised = spent_by(r, ceiling, month, units[unit].slowness);
		if (chance(r, 60)) { /* a digit too many, corrected soon */
			tell_line(s, unit, l, month, ceiling, realised * 10, at, 0);
			tell_line(s, unit, l, month, ceiling, realised, later(r, at, between(r, 5, 100)), 1);
		} else {
			tell_line(s, unit, l, month, ceiling, realised, at, 0);
		}
	}
	/* What the year comes to is what its last report says. */
	if (reports) {
		count(s, unit, last, BUDGET_REPORTS, reports);
		count(s, unit, last, BUDGET_CEILING, ceiling);
		count(s, unit, last, BUDGET_REALISED, realised);
	}
}

void make_budget(struct sample *s)
{
	for (int unit = 0; unit < UNITS; unit++)
		for (size_t i = 0; i < COUNT(lines); i++)
			make_line(s, unit, &lines[i]);
}
