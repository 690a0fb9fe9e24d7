// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Performance reports: announced with a target, reported with what was realised, sometimes corrected, sometimes never. */
#include "deploy/sample/sample.h"

enum direction { HIGHER, LOWER, RANGE };
static const char *const direction_names[] = {"higher", "lower", "range"};

static const struct goal {
	const char *indicator, *name, *measure_unit;
	enum direction direction;
	enum grain grain;
	int typical; /* in whole measure units */
} goals[] = {
	{"IKU-1", "Contoh cakupan layanan", "percent", HIGHER, GRAIN_QUARTER, 80},
	{"IKU-1", "Contoh cakupan layanan", "percent", HIGHER, GRAIN_YEAR, 85},
	{"IKU-2", "Contoh berkas dikembalikan", "files", LOWER, GRAIN_MONTH, 12},
	{"IKU-3", "Contoh lama layanan", "days", RANGE, GRAIN_YEAR, 6},
	{"IKU-4", "Contoh kegiatan selesai", "activities", HIGHER, GRAIN_YEAR, 40},
};

/* All in hundredths. */
struct report {
	int64_t target, realised, low, high;
	bool reported;
};

/* Percent as a fraction, by the direction; false where there is none. Nothing is below 0. */
static bool achievement(enum direction direction, const struct report *p, int64_t *ret_numerator, int64_t *ret_denominator)
{
	int64_t bound = p->target, n;
	bool lower = direction == LOWER;
	*ret_denominator = *ret_numerator = 1;
	if (direction == RANGE) {
		if (p->realised >= p->low && p->realised <= p->high)
			return true;
		lower = p->realised > p->high;
		bound = lower ? p->high : p->low;
	} else if (lower && bound == 0 && p->realised == 0) {
		return true;
	}
	if (bound <= 0)
		return false;
	n = lower ? 2 * bound - p->realised : p->realised;
	*ret_numerator = n < 0 ? 0 : n;
	*ret_denominator = bound;
	return true;
}

static enum measure measures_of(enum grain g)
{
	return g == GRAIN_MONTH ? PERFORMANCE_MONTH : g == GRAIN_QUARTER ? PERFORMANCE_QUARTER : PERFORMANCE_YEAR;
}

static day_number due_of(struct period p)
{
	if (p.grain == GRAIN_YEAR)
		return day_from_civil(civil_from_day(p.last).year + 1, 3, 31);
	return p.last + (p.grain == GRAIN_MONTH ? 10 : 15);
}

static void tell_report(struct sample *s, int unit, const struct goal *g, struct period period, const struct report *p, int64_t time, int revision)
{
	char name[PERIOD_TEXT_SIZE], id[96], values[192] = "", realised[48] = "";
	period_format(period, name);
	snprintf(id, sizeof id, "%s|%s|%s", units[unit].code, g->indicator, name);
	if (g->direction == RANGE)
		snprintf(values, sizeof values, "\"range_low\":\"%lld.%02lld\",\"range_high\":\"%lld.%02lld\"", (long long)p->low / 100, (long long)p->low % 100,
			 (long long)p->high / 100, (long long)p->high % 100);
	else
		snprintf(values, sizeof values, "\"target\":%lld.%02lld", (long long)p->target / 100, (long long)p->target % 100);
	if (p->reported)
		snprintf(realised, sizeof realised, ",\"realised\":\"%lld.%02lld\"", (long long)p->realised / 100, (long long)p->realised % 100);
	tell(s, "performance.reported", time, id,
	     "{\"unit\":\"%s\",\"indicator\":\"%s\",\"name\":\"%s\",\"period\":\"%s\",%s%s,\"direction\":\"%s\",\"measure_unit\":\"%s\",\"revision\":%d}",
	     units[unit].code, g->indicator, g->name, name, values, realised, direction_names[g->direction], g->measure_unit, revision);
}

static void count_report(struct sample *s, int unit, const struct goal *g, struct period period, const struct report *p, day_number submitted)
{
	enum measure first = measures_of(period.grain);
	int64_t n, d;
	count(s, unit, period.last, first + REPORTS, 1);
	if (p->reported && achievement(g->direction, p, &n, &d)) {
		count(s, unit, period.last, first + ACHIEVED, 1);
		count(s, unit, period.last, first + ACHIEVEMENT, (2 * n * 100000000 + d) / (2 * d)); /* percent in millionths, rounded */
		count(s, unit, period.last, first + MET, n >= d);
	}
	count(s, unit, due_of(period), PERFORMANCE_DUE, 1);
	count(s, unit, due_of(period), PERFORMANCE_ON_TIME, p->reported && submitted <= due_of(period));
}

static struct report some_report(struct random *r, int unit, const struct goal *g)
{
	int64_t slowness = units[unit].slowness, typical = g->typical * 100;
	struct report p = {.target = typical + between(r, -5, 5) * 100, .low = typical - 100, .high = typical + 100};
	int64_t percent = between(r, 95, 135) - slowness / 5; /* of what was wanted */
	if (g->direction == LOWER) {
		if (chance(r, 60))
			p.target = 0;
		percent = 200 - percent;
	}
	p.realised = (g->direction == RANGE ? typical : p.target ? p.target : chance(r, 500) ? 0 : 100) * percent / 100;
	return p;
}

static void make_report(struct sample *s, int unit, const struct goal *g, struct period period)
{
	struct random *r = &s->random;
	struct report p = some_report(r, unit, g);
	day_number due = due_of(period), submitted;
	int64_t true_value = p.realised;

	tell_report(s, unit, g, period, &p, office_hour(r, period.first + (day_number)between(r, 0, 20)), 0);
	submitted = period.last + (day_number)(between(r, 1, (due - period.last) * 11 / 10) * (100 + units[unit].slowness) / 200);
	p.reported = !chance(r, 30);
	if (p.reported) {
		int64_t at = office_hour(r, submitted);
		bool corrected = chance(r, 150);
		if (corrected)
			p.realised += 700;
		tell_report(s, unit, g, period, &p, at, 1);
		p.realised = true_value;
		if (corrected)
			tell_report(s, unit, g, period, &p, later(r, at, between(r, 20, 400)), 2);
	}
	count_report(s, unit, g, period, &p, submitted);
}

void make_performance(struct sample *s)
{
	/* From the last periods of the year before: their reports fall due in this one. */
	for (int unit = 0; unit < UNITS; unit++)
		for (size_t i = 0; i < COUNT(goals); i++)
			for (struct period p = period_of(goals[i].grain, first_day() - 1); p.last <= last_day(); p = period_of(p.grain, p.last + 1))
				if (reports_on(unit, p.last))
					make_report(s, unit, &goals[i], p);
}
