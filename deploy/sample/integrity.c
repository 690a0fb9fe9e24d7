// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Integrity: declarations, audit findings, gratification, whistle-blowing and discipline; counts, and no person anywhere. */
#include "deploy/sample/sample.h"

static const day_number NEVER = INT32_MAX;

/* The unit itself answers for the whole year. */
static bool lasts(int unit)
{
	return reports_on(unit, last_day());
}

/* A unit that does not last is gone after June. */
static day_number some_day(struct random *r, int unit)
{
	return first_day() + (day_number)between(r, 0, lasts(unit) ? last_day() - first_day() : 150);
}

/* --- Declarations: counted once early in the next year, and again after 31 March --- */

static int64_t filed_of(struct random *r, int unit, int64_t obliged, bool first_regime)
{
	if (unit == MEETS || (unit == NEARLY && !first_regime))
		return obliged;
	if (unit == NEARLY)
		return obliged - 1;
	return obliged * between(r, 1050 - units[unit].slowness, 1080 - units[unit].slowness / 2) / 1000;
}

static void tell_declaration(struct sample *s, int unit, const char *regime, const int64_t counts[static PER_REGIME], day_number day, int revision)
{
	char id[96], on_time[48] = "";
	snprintf(id, sizeof id, "%s|%s|%d", units[unit].code, regime, YEAR);
	if (counts[ON_TIME])
		snprintf(on_time, sizeof on_time, ",\"on_time\":%lld", (long long)counts[ON_TIME]);
	tell(s, "declaration.counted", office_hour(&s->random, day), id,
	     "{\"unit\":\"%s\",\"regime\":\"%s\",\"year\":%d,\"obliged\":%lld,\"filed\":%lld%s,\"complete\":%lld,\"revision\":%d}", units[unit].code, regime, YEAR,
	     (long long)counts[OBLIGED], (long long)counts[FILED], on_time, (long long)counts[COMPLETE], revision);
}

static void make_declaration(struct sample *s, int unit, const char *regime, enum measure first, int64_t obliged)
{
	struct random *r = &s->random;
	int64_t filed = at_most(obliged, filed_of(r, unit, obliged, first == LHKPN));
	int64_t on_time = filed * between(r, 80, 100) / 100, complete = filed * between(r, 85, 100) / 100;
	int64_t counts[] = {[OBLIGED] = obliged, [FILED] = filed, [ON_TIME] = on_time, [COMPLETE] = complete};
	int64_t early[] = {[OBLIGED] = obliged, [FILED] = filed / 2, [ON_TIME] = filed / 2, [COMPLETE] = filed / 3};

	tell_declaration(s, unit, regime, early, last_day() + (day_number)between(r, 20, 50), 0);
	tell_declaration(s, unit, regime, counts, last_day() + (day_number)between(r, 91, 110), 1);
	for (int i = 0; i < PER_REGIME; i++)
		count(s, unit, last_day(), first + (enum measure)i, counts[i]);
}

static void make_declarations(struct sample *s, int unit)
{
	int64_t staff = 10 + 4 * (int64_t)units[unit].weight;
	if (!lasts(unit))
		return;
	make_declaration(s, unit, "lhkpn", LHKPN, 3 + units[unit].weight / 4);
	make_declaration(s, unit, "lhkasn", LHKASN, staff);
	make_declaration(s, unit, "pact", PACT, staff);
}

/* --- Findings --- */

static int64_t update(struct sample *s, const char *id, int64_t after, int64_t low, int64_t high, const char *status)
{
	int64_t t = later(&s->random, after, between(&s->random, low, high));
	tell(s, "finding.updated", t, id, "{\"finding_id\":\"%s\",\"status\":\"%s\"}", id, status);
	return t;
}

/* Returns the day since which it is done, or NEVER. */
static day_number follow_up(struct sample *s, const char *id, int64_t issued, unsigned slowness)
{
	struct random *r = &s->random;
	if (chance(r, 40 + slowness))
		return NEVER;
	int64_t t = update(s, id, issued, 50, 600, "in_progress");
	if (chance(r, 40)) {
		update(s, id, t, 50, 300, "excused");
		return NEVER;
	}
	if (chance(r, 2 * slowness))
		return NEVER;
	t = update(s, id, t, 50, 900 * slowness / 100, "done");
	if (chance(r, 80)) { /* not done after all, the auditors say */
		t = update(s, id, t, 20, 200, "not_followed");
		if (chance(r, 500))
			return NEVER;
		t = update(s, id, t, 100, 500, "done");
	}
	if (chance(r, 100))
		update(s, id, t, 10, 200, "done"); /* said again: it was done before */
	return day_of(t);
}

static void make_finding(struct sample *s, int unit, const char *id)
{
	static const char *const sources[] = {"inspectorate", "inspectorate", "bpk", "bpkp"};
	struct random *r = &s->random;
	bool last_year = lasts(unit) && chance(r, 300), lost = chance(r, 10);
	day_number day = last_year ? first_day() + (day_number)between(r, -300, -1) : some_day(r, unit);
	int64_t issued = office_hour(r, day + (day_number)between(r, 1, 9));
	char date[DATE_TEXT_SIZE];

	date_format(day, date);
	if (!lost)
		tell(s, "finding.issued", issued, id, "{\"finding_id\":\"%s\",\"unit\":\"%s\",\"source\":\"%s\",\"report_date\":\"%s\"}", id, units[unit].code,
		     CHOICE(r, sources), date);
	day_number done = follow_up(s, id, issued, units[unit].slowness);
	if (lost)
		return; /* its updates wait for it and count nowhere */
	count(s, unit, last_day(), FINDING_ISSUED, !last_year);
	count(s, unit, last_day(), FINDING_ISSUED_EVER, 1);
	count(s, unit, last_day(), FINDING_DONE, done >= first_day() && done <= last_day());
	count(s, unit, last_day(), FINDING_DONE_EVER, done <= last_day());
}

static void make_findings(struct sample *s, int unit)
{
	char id[48];
	for (int64_t i = between(&s->random, units[unit].slowness / 30, units[unit].slowness / 10); i > 0; i--) {
		snprintf(id, sizeof id, "contoh-f-%02d-%02d", unit, (int)i);
		make_finding(s, unit, id);
	}
}

/* --- Gratification --- */

static void make_gratification(struct sample *s, int unit, const char *id)
{
	struct random *r = &s->random;
	bool accepted = chance(r, 300);
	day_number received = some_day(r, unit);
	day_number reported = received + (day_number)(chance(r, 30) ? -20 : between(r, 0, units[unit].slowness / 2));
	char date[DATE_TEXT_SIZE];

	date_format(received, date);
	tell(s, "gratification.reported", office_hour(r, reported), id, "{\"report_id\":\"%s\",\"unit\":\"%s\",\"received_on\":\"%s\",\"kind\":\"%s\"}", id,
	     units[unit].code, date, accepted ? "accepted" : "refused");
	count(s, unit, reported, GRATIFICATION_REPORTS, 1);
	count(s, unit, reported, GRATIFICATION_ACCEPTED, accepted);
	if (reported < received)
		return; /* a wrong date: not judged */
	count(s, unit, reported, GRATIFICATION_JUDGED, 1);
	count(s, unit, reported, GRATIFICATION_ON_TIME, reported <= working_days_later(received, 30));
}

static void make_gratifications(struct sample *s, int unit)
{
	char id[48];
	for (int64_t i = between(&s->random, 0, units[unit].weight / 2); i > 0; i--) {
		snprintf(id, sizeof id, "contoh-g-%02d-%02d", unit, (int)i);
		make_gratification(s, unit, id);
	}
}

/* --- Whistle-blowing: some units count monthly, others by the quarter --- */

static void tell_whistleblow(struct sample *s, int unit, struct period p, const int64_t counts[static PER_WHISTLEBLOW_GRAIN], int64_t at, int revision)
{
	char id[96], period[PERIOD_TEXT_SIZE];
	period_format(p, period);
	snprintf(id, sizeof id, "%s|%s", units[unit].code, period);
	tell(s, "whistleblow.counted", at, id, "{\"unit\":\"%s\",\"period\":\"%s\",\"received\":%lld,\"followed_up\":%lld,\"proven\":%lld,\"revision\":%d}",
	     units[unit].code, period, (long long)counts[RECEIVED], (long long)counts[FOLLOWED_UP], (long long)counts[PROVEN], revision);
}

static void make_whistleblow(struct sample *s, int unit, struct period p)
{
	struct random *r = &s->random;
	int64_t received = between(r, 0, p.grain == GRAIN_MONTH ? 2 : 5), followed = between(r, received / 2, received);
	int64_t counts[] = {[RECEIVED] = received, [FOLLOWED_UP] = followed, [PROVEN] = followed / 2}, early[PER_WHISTLEBLOW_GRAIN] = {[RECEIVED] = received};
	int64_t at = office_hour(r, p.last + (day_number)between(r, 1, 12));
	enum measure first = p.grain == GRAIN_MONTH ? WHISTLEBLOW_MONTH : WHISTLEBLOW_QUARTER;

	tell_whistleblow(s, unit, p, chance(r, 200) ? early : counts, at, 0);
	tell_whistleblow(s, unit, p, counts, later(r, at, between(r, 10, 300)), 1);
	for (int i = 0; i < PER_WHISTLEBLOW_GRAIN; i++)
		count(s, unit, p.last, first + (enum measure)i, counts[i]);
	count(s, unit, p.last, WHISTLEBLOW_RECEIVED, received);
	count(s, unit, p.last, WHISTLEBLOW_FOLLOWED, followed);
}

static void make_whistleblowing(struct sample *s, int unit)
{
	struct random *r = &s->random;
	enum grain grain = unit % 2 ? GRAIN_MONTH : GRAIN_QUARTER;
	for (struct period p = period_of(grain, first_day()); p.last <= last_day(); p = period_of(grain, p.last + 1))
		if (reports_on(unit, p.last))
			make_whistleblow(s, unit, p);
	if (grain == GRAIN_MONTH && chance(r, 150)) { /* the same again as a quarter: the months count */
		struct period quarter = period_of(GRAIN_QUARTER, first_day());
		tell_whistleblow(s, unit, quarter, (const int64_t[]){[RECEIVED] = 3, [FOLLOWED_UP] = 2, [PROVEN] = 1}, office_hour(r, quarter.last + 5), 0);
	}
}

/* --- Discipline --- */

static void tell_discipline(struct sample *s, int unit, int year, int64_t violations, int64_t sanctioned, int revision)
{
	char id[96];
	day_number day = day_from_civil(year + 1, 1, 1) + (day_number)between(&s->random, 2, 30);
	snprintf(id, sizeof id, "%s|%d", units[unit].code, year);
	tell(s, "discipline.counted", office_hour(&s->random, day), id, "{\"unit\":\"%s\",\"year\":%d,\"violations\":%lld,\"sanctioned\":%lld,\"revision\":%d}",
	     units[unit].code, year, (long long)violations, (long long)sanctioned, revision);
}

static void make_discipline(struct sample *s, int unit)
{
	struct random *r = &s->random;
	bool assessed = unit == MEETS || unit == NEARLY || unit == FAR || unit == MIDDLING;
	int64_t before = assessed ? between(r, 8, 12) : between(r, 0, 9);
	int64_t now = assessed ? before * (units[unit].slowness - 20) / 120 : between(r, 0, 7);
	int64_t sanctioned = between(r, now / 2, now);

	if (!lasts(unit))
		return;
	tell_discipline(s, unit, YEAR - 1, before, before, 0);
	if (chance(r, 200))
		tell_discipline(s, unit, YEAR, now + 1, sanctioned, 0);
	tell_discipline(s, unit, YEAR, now, sanctioned, 1);
	count(s, unit, last_day(), DISCIPLINE_VIOLATIONS, now);
	count(s, unit, last_day(), DISCIPLINE_SANCTIONED, sanctioned);
	count(s, unit, last_day(), DISCIPLINE_LAST_YEAR, before);
}

void make_integrity(struct sample *s)
{
	for (int unit = 0; unit < UNITS; unit++) {
		if (!reports_on(unit, first_day()))
			continue;
		make_declarations(s, unit);
		make_findings(s, unit);
		make_gratifications(s, unit);
		make_whistleblowing(s, unit);
		make_discipline(s, unit);
	}
}
