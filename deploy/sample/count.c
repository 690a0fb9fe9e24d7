// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What the figures must come to: sums by unit, with all units below, and as files. Whole numbers only. */
#include "deploy/sample/sample.h"

struct name {
	const char *measure, *dimension;
};

/* As the measures of a day are called; those without a name only serve an indicator. */
#define INSTRUMENT_NAMES(first, instrument)                                                                                                          \
	[first + RESPONSES] = {"survey.responses", "instrument=" instrument}, [first + SCORE] = {"survey.score", "instrument=" instrument},              \
	[first + ANSWERS] = {"survey.answers", "instrument=" instrument}
#define PERFORMANCE_NAMES(first, grain)                                                                                                              \
	[first + REPORTS] = {"performance.reports", "grain=" grain}, [first + ACHIEVED] = {"performance.achieved", "grain=" grain},                      \
	[first + ACHIEVEMENT] = {"performance.achievement", "grain=" grain}, [first + MET] = {"performance.met", "grain=" grain}
#define REGIME_NAMES(first, regime)                                                                                                                  \
	[first + OBLIGED] = {"declaration.obliged", "regime=" regime}, [first + FILED] = {"declaration.filed", "regime=" regime},                        \
	[first + ON_TIME] = {"declaration.on_time", "regime=" regime}, [first + COMPLETE] = {"declaration.complete", "regime=" regime}
#define WHISTLEBLOW_NAMES(first, grain)                                                                                                              \
	[first + RECEIVED] = {"whistleblow.received", "grain=" grain}, [first + FOLLOWED_UP] = {"whistleblow.followed_up", "grain=" grain},              \
	[first + PROVEN] = {"whistleblow.proven", "grain=" grain}
static const struct name names[MEASURES] = {
	[COMPLAINT_RECEIVED] = {"complaint.received", ""},
	[COMPLAINT_RESOLVED] = {"complaint.resolved", ""},
	[COMPLAINT_ARCHIVED] = {"complaint.archived", ""},
	[COMPLAINT_MISROUTED] = {"complaint.misrouted", ""},
	[COMPLAINT_OPEN] = {"complaint.open", ""},
	[COMPLAINT_RATINGS] = {"complaint.ratings", ""},
	[COMPLAINT_RATING_SUM] = {"complaint.rating_sum", ""},
	[COMPLAINT_RESOLUTION_DUE] = {"complaint.resolution_due", ""},
	[COMPLAINT_RESOLUTION_ON_TIME] = {"complaint.resolution_on_time", ""},
	[COMPLAINT_DUE_RESOLVED] = {"complaint.due_resolved", ""},
	INSTRUMENT_NAMES(SKM, "skm"),
	INSTRUMENT_NAMES(SPAK, "spak"),
	INSTRUMENT_NAMES(SPKP, "spkp"),
	[SKM_TIME] = {"survey.score", "element=time"},
	[SERVICE_DELIVERED] = {"service.delivered", ""},
	[SERVICE_JUDGED] = {"service.judged", ""},
	[SERVICE_ON_TIME] = {"service.on_time", ""},
	PERFORMANCE_NAMES(PERFORMANCE_MONTH, "month"),
	PERFORMANCE_NAMES(PERFORMANCE_QUARTER, "quarter"),
	PERFORMANCE_NAMES(PERFORMANCE_YEAR, "year"),
	[PERFORMANCE_DUE] = {"performance.report_due", ""},
	[PERFORMANCE_ON_TIME] = {"performance.report_on_time", ""},
	[BUDGET_REPORTS] = {"budget.reports", ""},
	[BUDGET_CEILING] = {"budget.ceiling", ""},
	[BUDGET_REALISED] = {"budget.realised", ""},
	REGIME_NAMES(LHKPN, "lhkpn"),
	REGIME_NAMES(LHKASN, "lhkasn"),
	REGIME_NAMES(PACT, "pact"),
	[FINDING_ISSUED] = {"finding.issued", ""},
	[FINDING_DONE] = {"finding.done", ""},
	[GRATIFICATION_REPORTS] = {"gratification.reports", ""},
	[GRATIFICATION_ACCEPTED] = {"gratification.reports", "kind=accepted"},
	[GRATIFICATION_JUDGED] = {"gratification.judged", ""},
	[GRATIFICATION_ON_TIME] = {"gratification.on_time", ""},
	WHISTLEBLOW_NAMES(WHISTLEBLOW_MONTH, "month"),
	WHISTLEBLOW_NAMES(WHISTLEBLOW_QUARTER, "quarter"),
	[DISCIPLINE_VIOLATIONS] = {"discipline.violations", ""},
	[DISCIPLINE_SANCTIONED] = {"discipline.sanctioned", ""},
};

static const struct {
	const char *code;
	int numerator, denominator; /* NONE: a count */
} indicators[] = {
	{"complaint.received", COMPLAINT_RECEIVED, NONE},
	{"complaint.resolved", COMPLAINT_RESOLVED, NONE},
	{"complaint.archived", COMPLAINT_ARCHIVED, NONE},
	{"complaint.misrouted", COMPLAINT_MISROUTED, NONE},
	{"complaint.open", COMPLAINT_OPEN, NONE},
	{"complaint.rating", COMPLAINT_RATING_SUM, COMPLAINT_RATINGS},
	{"complaint.resolution_on_time_pct", COMPLAINT_RESOLUTION_ON_TIME, COMPLAINT_RESOLUTION_DUE},
	{"survey.ikm", SKM + SCORE, SKM + ANSWERS},
	{"survey.spak", SPAK + SCORE, SPAK + ANSWERS},
	{"survey.spkp", SPKP + SCORE, SPKP + ANSWERS},
	{"survey.respondents", SKM + RESPONSES, NONE},
	{"service.delivered", SERVICE_DELIVERED, NONE},
	{"service.on_time_pct", SERVICE_ON_TIME, SERVICE_JUDGED},
	{"performance.achievement_pct", PERFORMANCE_YEAR + ACHIEVEMENT, PERFORMANCE_YEAR + ACHIEVED},
	{"performance.met_pct", PERFORMANCE_YEAR + MET, PERFORMANCE_YEAR + ACHIEVED},
	{"performance.report_on_time_pct", PERFORMANCE_ON_TIME, PERFORMANCE_DUE},
	{"budget.absorption_pct", BUDGET_REALISED, BUDGET_CEILING},
	{"integrity.lhkpn_pct", LHKPN + FILED, LHKPN + OBLIGED},
	{"integrity.lhkasn_pct", LHKASN + FILED, LHKASN + OBLIGED},
	{"integrity.pact_pct", PACT + FILED, PACT + OBLIGED},
	{"integrity.finding_done_pct", FINDING_DONE_EVER, FINDING_ISSUED_EVER},
	{"integrity.gratification_on_time_pct", GRATIFICATION_ON_TIME, GRATIFICATION_JUDGED},
	{"integrity.whistleblow_followed_pct", WHISTLEBLOW_FOLLOWED, WHISTLEBLOW_RECEIVED},
	{"integrity.violation_reduction_pct", DISCIPLINE_VIOLATIONS, DISCIPLINE_LAST_YEAR}, /* the numerator: violations_gone() */
};

void count(struct sample *s, int unit, day_number day, enum measure m, int64_t n)
{
	if (civil_from_day(day).year == YEAR)
		s->own[attribute(unit, day)][m] += n;
}

void sum_below(struct sample *s)
{
	for (int i = 0; i < UNITS; i++) {
		for (int up = i;; up = units[up].parent) {
			for (int m = 0; m < MEASURES; m++)
				s->below[up == NONE ? UNITS : up][m] += s->own[i][m];
			if (up == NONE)
				break;
		}
	}
}

int64_t violations_gone(const int64_t sums[static MEASURES])
{
	return sums[DISCIPLINE_LAST_YEAR] - at_most(sums[DISCIPLINE_VIOLATIONS], sums[DISCIPLINE_LAST_YEAR]);
}

static void put_number(FILE *f, enum measure m, int64_t n)
{
	if (m == PERFORMANCE_MONTH + ACHIEVEMENT || m == PERFORMANCE_QUARTER + ACHIEVEMENT || m == PERFORMANCE_YEAR + ACHIEVEMENT) /* percents, in millionths */
		fprintf(f, ",%lld.%06lld", (long long)(n / 1000000), (long long)(n % 1000000));
	else
		fprintf(f, ",%lld", (long long)n);
}

static void put_indicator(FILE *f, const int64_t *sums, size_t i)
{
	int64_t numerator = sums[indicators[i].numerator];
	if (indicators[i].denominator == DISCIPLINE_LAST_YEAR)
		numerator = violations_gone(sums);
	fputs(indicators[i].code, f);
	put_number(f, (enum measure)indicators[i].numerator, numerator);
	if (indicators[i].denominator == NONE)
		fputc(',', f);
	else
		put_number(f, (enum measure)indicators[i].denominator, sums[indicators[i].denominator]);
	fputc('\n', f);
}

void write_figures(const struct sample *s, const char *folder)
{
	FILE *f = create_file(folder, "measures.csv");
	fputs("unit_code,measure,dimension,value\n", f);
	for (int i = 0; i < UNITS; i++) {
		for (int m = 0; m < MEASURES; m++) {
			if (!names[m].measure)
				continue;
			fprintf(f, "%s,%s,\"%s\"", units[i].code, names[m].measure, names[m].dimension);
			put_number(f, (enum measure)m, s->own[i][m]);
			fputc('\n', f);
		}
	}
	finish_file(f, "measures.csv");

	f = create_file(folder, "indicators.csv");
	fputs("unit_code,indicator,numerator,denominator\n", f);
	for (int i = 0; i <= UNITS; i++) {
		for (size_t k = 0; k < COUNT(indicators); k++) {
			fprintf(f, "%s,", i == UNITS ? "region" : units[i].code);
			put_indicator(f, s->below[i], k);
		}
	}
	finish_file(f, "indicators.csv");
}
