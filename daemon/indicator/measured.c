// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/indicator/measured.h"

struct share share_reduced(decimal now, decimal before, decimal zero_violations)
{
	if (before.micro)
		return (struct share){{before.micro - now.micro}, before};
	return (struct share){now.micro ? decimal_of(0) : zero_violations, decimal_of(1)};
}

static struct days year_days(int year)
{
	return (struct days){day_from_civil(year, 1, 1), day_from_civil(year, 12, 31)};
}

/* An obligation counts when its day is over. */
static struct days due_days(const struct measuring *m)
{
	struct days days = year_days(m->of.year);
	if (days.last >= m->as_of)
		days.last = m->as_of - 1;
	return days;
}

/* The unit's sum, with all units below it. */
static int add_up(const struct measuring *m, const char *measure, const char *dimension, struct days days, decimal *ret)
{
	uint32_t series;
	int r = curves_find(m->curves, text_of(measure), text_of(dimension), &series);
	*ret = decimal_of(0);
	if (r >= 0 && series != SERIES_NONE)
		*ret = curve_sum(curves_at(m->curves, series, m->of.unit), days);
	return r;
}

static int add_up_two(const struct measuring *m, const char *numerator, const char *denominator, const char *dimension, struct days days, decimal sums[2])
{
	int r = add_up(m, numerator, dimension, days, &sums[0]);
	return r < 0 ? r : add_up(m, denominator, dimension, days, &sums[1]);
}

/* Each of the following leaves *ret without a value where the measures do not tell. */

static int measured_share(const struct measuring *m, const char *numerator, const char *denominator, const char *dimension, struct days days, struct share *ret)
{
	decimal sums[2];
	int r = add_up_two(m, numerator, denominator, dimension, days, sums);
	if (r >= 0)
		*ret = (struct share){sums[0], sums[1]};
	return r;
}

/* A mean score is one of at most 4. */
static int measured_survey(const struct measuring *m, const char *dimension, struct share *ret)
{
	int r = measured_share(m, "survey.score", "survey.answers", dimension, year_days(m->of.year), ret);
	ret->d.micro *= 4;
	return r;
}

static int measured_reduction(const struct measuring *m, struct share *ret)
{
	decimal now[2], before[2]; /* violations, reports */
	int r = add_up_two(m, "discipline.violations", "discipline.reports", "", year_days(m->of.year), now);
	if (r >= 0)
		r = add_up_two(m, "discipline.violations", "discipline.reports", "", year_days(m->of.year - 1), before);
	if (r >= 0 && now[1].micro && before[1].micro)
		*ret = share_reduced(now[0], before[0], m->of.card->zero_violations);
	return r;
}

static int measured_report_on_time(const struct measuring *m, struct share *ret)
{
	decimal sums[2];
	int r = add_up_two(m, "performance.report_on_time", "performance.report_due", "", due_days(m), sums);
	if (r >= 0 && sums[1].micro)
		*ret = (struct share){decimal_of(decimal_compare(sums[0], sums[1]) == 0), decimal_of(1)};
	return r;
}

/* The quarters in which somebody was asked. */
static int measured_rounds(const struct measuring *m, struct share *ret)
{
	unsigned rounds = 0;
	int r = 0;
	for (int month = 1; month <= 12 && r >= 0; month += 3) {
		struct period quarter = period_of(GRAIN_QUARTER, day_from_civil(m->of.year, month, 1));
		decimal responses;
		r = add_up(m, "survey.responses", "instrument=skm", (struct days){quarter.first, quarter.last}, &responses);
		rounds += r >= 0 && responses.micro > 0;
	}
	if (r >= 0 && rounds)
		*ret = (struct share){decimal_of(rounds), decimal_of(4)};
	return r;
}

int measured_value(const struct measuring *m, enum measured method, struct share *ret)
{
	const struct days days = year_days(m->of.year);
	*ret = (struct share){0};
	switch (method) {
	case MEASURED_VIOLATION_REDUCTION:
		return measured_reduction(m, ret);
	case MEASURED_MET:
		return measured_share(m, "performance.met", "performance.achieved", "grain=year", days, ret);
	case MEASURED_REPORT_ON_TIME:
		return measured_report_on_time(m, ret);
	case MEASURED_DUE_RESOLVED:
		return measured_share(m, "complaint.due_resolved", "complaint.resolution_due", "", due_days(m), ret);
	case MEASURED_LHKPN:
		return measured_share(m, "declaration.filed", "declaration.obliged", "regime=lhkpn", days, ret);
	case MEASURED_LHKASN:
		return measured_share(m, "declaration.filed", "declaration.obliged", "regime=lhkasn", days, ret);
	case MEASURED_SURVEY_ROUNDS:
		return measured_rounds(m, ret);
	case MEASURED_SPAK:
		return measured_survey(m, "instrument=spak", ret);
	case MEASURED_SPKP:
		return measured_survey(m, "instrument=spkp", ret);
	case MEASURED_NOT:
		break;
	}
	return 0;
}
