// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Rulesets: the default one as it is, every mistake with its place, overlaps, look-ups. Texts stand with ' for ". */
#include <errno.h>
#include <stdio.h>

#include "rules.h"

#define HEAD "'id':'x','valid_from':'2024-01-01'"
#define INDICATOR_HEAD "'code':'a.b','title_id':'t','title_en':'t','basis':'law'"
#define SCORECARD(id)                                                                                                                                              \
	"{'id':'" id "','zero_violations':'1','areas':[{'code':'X','fulfilment':[{'sub':'1','weight':'1','items':['YT']}],'reform':[{'sub':'1','weight':'1',"        \
	"'items':['A3']}]}],'results':[{'code':'1','parts':[{'code':'Q','weight':'1','item':'A5'}]}],'measured':{},'predicates':[]}"
#define RATIO "'numerator':'a.b','denominator':'a.c','scale':'100','direction':'higher','over':'period','grains':['day','year']"

static day_number day(const char *s)
{
	day_number d = DAY_NONE;
	ck_assert_int_eq(date_parse(text_of(s), &d), 0);
	return d;
}

static const struct indicator *indicator(const struct ruleset *r, const char *code)
{
	for (size_t i = 0; i < r->n_indicators; i++)
		if (text_is(r->indicators[i].code, code))
			return &r->indicators[i];
	ck_abort_msg("no indicator %s", code);
	return NULL;
}

START_TEST(the_default)
{
	load_default();
	const struct ruleset *r = rulesets_indicators_on(&rules, day("2024-03-26"));
	ck_assert_ptr_nonnull(r);
	ck_assert(r == rulesets_deadlines_on(&rules, day("1900-01-01")) && text_is(r->id, "rekap-2024") && r->valid_to == DAY_NONE && !r->has_cap);
	ck_assert(text_is(r->sla_start, "received"));
	ck_assert_uint_eq(r->n_indicators, 29);
	ck_assert_uint_eq(r->n_deadlines, 11);
	const struct deadline *d = ruleset_deadline(r, "resolution", TEXT("supervisory"));
	ck_assert(d && d->kind == DEADLINE_WORKING && d->days == 60);
	d = ruleset_deadline(r, "performance_report", TEXT("year"));
	ck_assert(d && d->kind == DEADLINE_DATE && d->month == 3 && d->day == 31);
	d = ruleset_deadline(r, "finding", TEXT_NONE);
	ck_assert(d && d->kind == DEADLINE_CALENDAR && d->days == 60);
	ck_assert(!ruleset_deadline(r, "resolution", TEXT_NONE) && !ruleset_deadline(r, "resolution", TEXT("other")));
	const struct indicator *i = indicator(r, "survey.ikm");
	ck_assert(text_is(i->numerator.measure, "survey.score") && text_is(i->numerator.dimension, "instrument=skm") && text_is(i->base.measure, "survey.responses"));
	const struct bands *bands = rulesets_bands_on(&rules, i->bands, day("2024-03-25"));
	ck_assert(bands && bands->n == 4 && bands->bands[0].min.micro == 88310000 && bands->bands[0].inclusive && !bands->bands[3].has_min);
	ck_assert(i->scale.micro == 25000000 && i->direction == DIRECTION_HIGHER && i->over == OVER_PERIOD && i->grains == 0x3f && i->suppress && !i->presence.measure.p);
	i = indicator(r, "integrity.violation_reduction_pct");
	ck_assert(i->reduction && !i->denominator.measure.p && i->grains == 1u << GRAIN_YEAR && text_is(i->presence.measure, "discipline.reports"));
	i = indicator(r, "performance.achievement_pct");
	ck_assert(i->over == OVER_EXACT && !i->suppress && text_is(i->bands, "achievement") && i->numerator.dimension.p && i->numerator.dimension.n == 0);
	ck_assert(forbidden_has(&rules.forbidden, TEXT("namalengkap")) && forbidden_has(&rules.forbidden, TEXT("ipaddress")) && !forbidden_has(&rules.forbidden, TEXT("unit")));
	ck_assert_uint_eq(rules.forbidden.names.n, r->n_forbidden);
}
END_TEST

START_TEST(mistakes)
{
	static const char *const cases[][2] = {
		{"", "rules.json:"},
		{"{'id':'x','id':'y'}", "rules.json:1:"},
		{"[]", "rules.json: $: must be an object"},
		{"{}", "rules.json: $.id: must be a string"},
		{"{'id':7}", "rules.json: $.id: must be a string"},
		{"{'id':''}", "rules.json: $.id: must be a string of 1 to 1000 bytes"},
		{"{'id':'x'}", "rules.json: $.valid_from: "},
		{"{'id':'x','valid_from':'2023-02-29'}", "rules.json: $.valid_from: must be a real date YYYY-MM-DD"},
		{"{'id':'x','valid_from':'2024-01-01','valid_to':''}", "rules.json: $.valid_to: "},
		{"{'id':'x','valid_from':'2024-01-01','valid_to':'2023-12-31'}", "rules.json: $: valid_to lies before valid_from"},
		{"{" HEAD ",'indicator':[]}", "rules.json: $: unknown key \"indicator\"; known are id, valid_from, valid_to, basis, deadlines"},
		{"{" HEAD ",'basis':1}", "rules.json: $.basis: "},
		/* deadlines */
		{"{" HEAD ",'deadlines':[]}", "rules.json: $.deadlines: must be an object"},
		{"{" HEAD ",'deadlines':{'sla_start':'begun'}}", "rules.json: $.deadlines.sla_start: must be one of received, verified, forwarded"},
		{"{" HEAD ",'deadlines':{'sla_start':'received','respond':1}}", "rules.json: $.deadlines: unknown key \"respond\""},
		{"{" HEAD ",'deadlines':{'sla_start':'received','response':5}}", "rules.json: $.deadlines.response: must be an object like"},
		{"{" HEAD ",'deadlines':{'sla_start':'received','response':{'days':5}}}", "rules.json: $.deadlines.response.kind: "},
		{"{" HEAD ",'deadlines':{'sla_start':'received','response':{'days':5,'kind':'hk'}}}", "rules.json: $.deadlines.response.kind: must be one of working, calendar"},
		{"{" HEAD ",'deadlines':{'sla_start':'received','response':{'days':'5','kind':'working'}}}", "rules.json: $.deadlines.response.days: must be an integer"},
		{"{" HEAD ",'deadlines':{'sla_start':'received','response':{'days':-1,'kind':'working'}}}", "rules.json: $.deadlines.response.days: "},
		{"{" HEAD ",'deadlines':{'sla_start':'received','response':{'date':'03-31'}}}", "rules.json: $.deadlines.response: a date is for performance_report only"},
		{"{" HEAD ",'deadlines':{'sla_start':'received','resolution':{'other':{}}}}", "rules.json: $.deadlines.resolution: unknown key \"other\""},
		{"{" HEAD ",'deadlines':{'sla_start':'received','resolution':{'complaint':{'days':1.5,'kind':'working'}}}}", "rules.json: $.deadlines.resolution.complaint.days: "},
		{"{" HEAD ",'deadlines':{'sla_start':'received','performance_report':{'year':{'date':'31-03'}}}}", "rules.json: $.deadlines.performance_report.year: date must be MM-DD"},
		{"{" HEAD ",'deadlines':{'sla_start':'received','performance_report':{'year':{'date':'03-31','days':1}}}}", "rules.json: $.deadlines.performance_report.year: either date"},
		/* performance, bands */
		{"{" HEAD ",'performance':{'cap':120}}", "rules.json: $.performance.cap: "},
		{"{" HEAD ",'performance':{'cap':'1e2'}}", "rules.json: $.performance.cap: must be a decimal in a string"},
		{"{" HEAD ",'performance':{'top':1}}", "rules.json: $.performance: unknown key \"top\"; known are cap"},
		{"{" HEAD ",'bands':{'ikm':[]}}", "rules.json: $.bands.ikm: must hold at least one band"},
		{"{" HEAD ",'bands':{'ikm':{}}}", "rules.json: $.bands.ikm: must be a list"},
		{"{" HEAD ",'bands':{'ikm':[{'band':'A','min':88}]}}", "rules.json: $.bands.ikm[0].min: "},
		{"{" HEAD ",'bands':{'ikm':[{'band':'A','min':'88','inclusive':1}]}}", "rules.json: $.bands.ikm[0].inclusive: must be true or false"},
		{"{" HEAD ",'bands':{'ikm':[{'band':'A','min':'1'},{'band':'B','min':'2'}]}}", "rules.json: $.bands.ikm[1]: never reached"},
		{"{" HEAD ",'bands':{'ikm':[{'band':'A'},{'band':'B'}]}}", "rules.json: $.bands.ikm[1]: never reached"},
		/* indicators */
		{"{" HEAD ",'indicators':{}}", "rules.json: $.indicators: must be a list"},
		{"{" HEAD ",'indicators':[1]}", "rules.json: $.indicators[0]: must be an object"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO "},{" INDICATOR_HEAD "," RATIO "}]}", "rules.json: $.indicators[1]: code: a.b stands at [0] already"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'unit':'%'}]}", "rules.json: $.indicators[0]: unknown key \"unit\""},
		{"{" HEAD ",'indicators':[{'code':'a.b','title_en':'t'," RATIO "}]}", "rules.json: $.indicators[0].title_id: "},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'suppress':'yes'}]}", "rules.json: $.indicators[0].suppress: "},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'kind':'sum'}]}", "rules.json: $.indicators[0].kind: must be one of reduction"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'kind':'reduction'}]}", "rules.json: $.indicators[0]: a reduction has"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'presence':'a'}]}", "rules.json: $.indicators[0].presence: must be a measure"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'base':'a.b{x}'}]}", "rules.json: $.indicators[0].base: must be a measure"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'base':'a.b{x=}'}]}", "rules.json: $.indicators[0].base: must be a measure"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'base':'a.b{=x}'}]}", "rules.json: $.indicators[0].base: must be a measure"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'base':'a.b{x=y'}]}", "rules.json: $.indicators[0].base: must be a measure"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'base':'a.b}'}]}", "rules.json: $.indicators[0].base: must be a measure"},
		{"{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO ",'base':'A.b c'}]}", "rules.json: $.indicators[0].base: must be a measure"},
		/* scorecards, forbidden_fields */
		{"{" HEAD ",'scorecards':{}}", "rules.json: $.scorecards: must be a list"},
		{"{" HEAD ",'scorecards':[{}]}", "rules.json: $.scorecards[0].id: "},
		{"{" HEAD ",'scorecards':[" SCORECARD("a") "," SCORECARD("a") "]}", "rules.json: $.scorecards[1]: id: a stands at [0] already"},
		{"{" HEAD ",'forbidden_fields':'nik'}", "rules.json: $.forbidden_fields: must be a list"},
		{"{" HEAD ",'forbidden_fields':['nik',1]}", "rules.json: $.forbidden_fields: [1] must be a field's name"},
		{"{" HEAD ",'forbidden_fields':['- _.']}", "rules.json: $.forbidden_fields: [0] must be a field's name"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_rules();
		int r = add(cases[i][0]);
		ck_assert_msg(r == -EINVAL && !strncmp(err.text, cases[i][1], strlen(cases[i][1])), "%s: %d, %s", cases[i][0], r, err.text);
		ck_assert_uint_eq(rules.n, 0);
	}
}
END_TEST

/* One word of a good indicator replaced by a bad one. */
START_TEST(mistakes_in_an_indicator)
{
	static const char *const cases[][3] = {
		{"'numerator':'a.b'", "'numerator':null", "$.indicators[0].numerator: "},
		{"'scale':'100'", "'scale':100", "$.indicators[0].scale: "},
		{"'scale':'100'", "'scale':'hundred'", "$.indicators[0].scale: must be a decimal in a string"},
		{"'scale':'100'", "'scale':'0'", "$.indicators[0]: scale: must be above 0"},
		{"'higher'", "'up'", "$.indicators[0].direction: must be one of none, higher, lower"},
		{"'period'", "'always'", "$.indicators[0].over: must be one of period, due, stock, ytd, exact, nested"},
		{"'period'", "'ytd'", "$.indicators[0]: presence: needed"},
		{"['day','year']", "[]", "$.indicators[0].grains: "},
		{"['day','year']", "'day'", "$.indicators[0].grains: "},
		{"['day','year']", "['day','hour']", "$.indicators[0].grains: [1] must be one of day"},
		{"'denominator':'a.c','scale':'100','direction':'higher','over':'period'", "'denominator':'a.c{k=v}','scale':'1','direction':'none','over':'exact'",
		 "$.indicators[0]: measures of an \"exact\""},
	};
	static const char good[] = "{" HEAD ",'indicators':[{" INDICATOR_HEAD "," RATIO "}]}";
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		const char *at = strstr(good, cases[i][0]);
		ck_assert_ptr_nonnull(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, cases[i][1], at + strlen(cases[i][0]));
		open_rules();
		ck_assert_int_eq(add(text), -EINVAL);
		ck_assert_msg(strstr(err.text, cases[i][2]), "%s: %s", cases[i][1], err.text);
	}
	open_rules();
	ck_assert_msg(add(good) == 0, "%s", err.text);
}
END_TEST

/* Pairs of files: NULL when both may stand side by side, else what the message says. */
START_TEST(overlaps)
{
	static const struct {
		const char *a, *b, *message;
	} cases[] = {
		{"'valid_to':'2024-06-30','deadlines':{'sla_start':'received'}", "'valid_from':'2024-07-01','deadlines':{'sla_start':'received'}", NULL},
		{"'valid_to':'2024-07-01','deadlines':{'sla_start':'received'}", "'valid_from':'2024-07-01','deadlines':{'sla_start':'received'}", "both have deadlines"},
		{"'deadlines':{'sla_start':'received'}", "'valid_from':'2024-07-01','indicators':[]", NULL},
		{"'deadlines':null", "'valid_from':'2024-07-01','deadlines':{'sla_start':'received'}", NULL},
		{"'indicators':[]", "'valid_from':'2024-07-01','indicators':[]", "both have indicators"},
		{"'bands':{}", "'valid_from':'2024-07-01','bands':{}", "both have bands"},
		{"'bands':{'ikm':[{'band':'A'}]}", "'valid_from':'2024-07-01','indicators':[{" INDICATOR_HEAD "," RATIO ",'bands':'ikm'}]", NULL},
		{"'bands':{'spkp':[{'band':'A'}]}", "'valid_from':'2024-07-01','indicators':[{" INDICATOR_HEAD "," RATIO ",'bands':'ikm'}]", "rules.json: $.indicators[0].bands: no ruleset has bands of the name ikm"},
		{"'performance':{'cap':null}", "'valid_from':'2024-07-01','performance':{'cap':'120'}", "both have performance"},
		{"'forbidden_fields':['nik']", "'valid_from':'2024-07-01','forbidden_fields':['nip','N.I.K']", NULL},
		{"'scorecards':[" SCORECARD("a") "]", "'valid_from':'2024-07-01','scorecards':[" SCORECARD("b") "]", NULL},
		{"'scorecards':[" SCORECARD("a") "]", "'valid_from':'2024-07-01','scorecards':[" SCORECARD("b") "," SCORECARD("a") "]", "a scorecard of the same id"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		for (int swapped = 0; swapped < 2; swapped++) {
			char texts[2][1024];
			snprintf(texts[0], sizeof texts[0], "{'id':'a','valid_from':'2024-01-01',%s}", cases[i].a);
			snprintf(texts[1], sizeof texts[1], "{'id':'b',%s}", cases[i].b);
			open_rules();
			ck_assert_msg(add(texts[swapped]) == 0 && add(texts[!swapped]) == 0, "%s", err.text);
			int r = rulesets_check(&rules, &err);
			ck_assert_msg(cases[i].message ? r == -EINVAL && strstr(err.text, cases[i].message) : r == 0, "%s and %s: %s", cases[i].a, cases[i].b, err.text);
		}
	open_rules();
	ck_assert(add("{" HEAD "}") == 0 && add("{" HEAD "}") == 0);
	ck_assert_int_eq(rulesets_check(&rules, &err), -EINVAL);
}
END_TEST

START_TEST(look_ups_by_day)
{
	open_rules();
	ck_assert_int_eq(add("{'id':'old','valid_from':'2024-01-01','valid_to':'2024-06-30','deadlines':{'sla_start':'verified'}}"), 0);
	ck_assert_int_eq(add("{'id':'new','valid_from':'2024-07-01','deadlines':{'sla_start':'forwarded','response':null},'forbidden_fields':['N-I. K_']}"), 0);
	ck_assert_msg(rulesets_check(&rules, &err) == 0, "%s", err.text);
	ck_assert_ptr_null(rulesets_deadlines_on(&rules, day("2023-12-31")));
	ck_assert(text_is(rulesets_deadlines_on(&rules, day("2024-01-01"))->id, "old") && text_is(rulesets_deadlines_on(&rules, day("2024-06-30"))->id, "old"));
	ck_assert(text_is(rulesets_deadlines_on(&rules, day("2024-07-01"))->id, "new") && text_is(rulesets_deadlines_on(&rules, day("2199-12-31"))->id, "new"));
	ck_assert(!rulesets_indicators_on(&rules, day("2024-07-01")) && !ruleset_deadline(&rules.all[1], "response", TEXT_NONE));
	ck_assert(forbidden_has(&rules.forbidden, TEXT("nik")));
}
END_TEST

START_TEST(bands_by_day)
{
	open_rules();
	ck_assert_int_eq(add("{'id':'old','valid_from':'2024-01-01','valid_to':'2024-06-30','bands':{'ikm':[{'band':'good'}]}}"), 0);
	ck_assert_int_eq(add("{'id':'new','valid_from':'2024-08-01','bands':{'ikm':[{'band':'better'}],'other':[{'band':'x'}]}}"), 0);
	ck_assert(text_is(rulesets_bands_on(&rules, TEXT("ikm"), day("2024-06-30"))->bands[0].name, "good"));
	ck_assert(text_is(rulesets_bands_on(&rules, TEXT("ikm"), day("2024-08-01"))->bands[0].name, "better"));
	ck_assert(!rulesets_bands_on(&rules, TEXT("ikm"), day("2024-07-31")) && !rulesets_bands_on(&rules, TEXT("other"), day("2024-06-30")));
}
END_TEST

START_TEST(only_the_forbidden_fields_of_another)
{
	open_rules();
	ck_assert_int_eq(add("{'id':'mine','valid_from':'2024-01-01'}"), 0);
	ck_assert_int_eq(rulesets_forbid(&rules, "theirs.json", TEXT("{\"id\":\"theirs\",\"valid_from\":\"2024-01-01\",\"forbidden_fields\":[\"N I K\"]}"), &err), 0);
	ck_assert(rules.n == 1 && !rules.all->has_forbidden && forbidden_has(&rules.forbidden, TEXT("nik")));
	ck_assert_int_eq(rulesets_forbid(&rules, "theirs.json", TEXT("{"), &err), -EINVAL);
}
END_TEST

SUITE("ruleset", the_default, mistakes, mistakes_in_an_indicator, overlaps, look_ups_by_day, bands_by_day, only_the_forbidden_fields_of_another)
