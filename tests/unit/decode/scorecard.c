// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Scorecards in rulesets: the default ones as they are laid out, and every mistake with its place. Texts stand with ' for ". */
#include "daemon/record/scorecard.h"

#include <errno.h>
#include <stdio.h>

#include "rules.h"

static const struct scorecard *card(const char *id)
{
	const struct scorecard *s = rulesets_scorecard(&rules, text_of(id), 2024);
	ck_assert_msg(s, "no scorecard %s", id);
	return s;
}

static const struct score_component *component(const struct scorecard *s, const char *name)
{
	for (size_t i = 0; i < s->n_components; i++)
		if (text_is(s->components[i].name, name))
			return &s->components[i];
	ck_abort_msg("no component %s", name);
	return NULL;
}

static void assert_component(const struct scorecard *s, const char *name, size_t leaves, const char *max)
{
	const struct score_component *c = component(s, name);
	char text[DECIMAL_TEXT_MAX + 1];
	text[decimal_format(scorecard_max(s, c), text)] = 0;
	ck_assert_msg(c->n == leaves && !strcmp(text, max), "%s: %u leaves, at most %s", name, c->n, text);
}

START_TEST(the_weights_of_the_regulation)
{
	load_default();
	const struct scorecard *s = card("zi-2021");
	static const struct {
		const char *name;
		size_t leaves;
		const char *max;
	} components[] = {
		{"ZI", 46, "100"},          {"ZI.A", 43, "60"},      {"ZI.A.MP", 7, "8"},        {"ZI.A.MP.P", 4, "4"},     {"ZI.A.MP.R", 3, "4"},
		{"ZI.A.TT", 6, "7"},        {"ZI.A.TT.P", 3, "3.5"}, {"ZI.A.TT.R", 3, "3.5"},    {"ZI.A.SDM", 9, "10"},     {"ZI.A.SDM.P", 6, "5"},
		{"ZI.A.SDM.R", 3, "5"},     {"ZI.A.AK", 5, "10"},    {"ZI.A.AK.P", 2, "5"},      {"ZI.A.AK.R", 3, "5"},     {"ZI.A.PW", 9, "15"},
		{"ZI.A.PW.P", 5, "7.5"},    {"ZI.A.PW.R", 4, "7.5"}, {"ZI.A.PP", 7, "10"},       {"ZI.A.PP.P", 5, "5"},     {"ZI.A.PP.R", 2, "5"},
		{"ZI.B", 3, "40"},          {"ZI.B.1", 2, "22.5"},   {"ZI.B.2", 1, "17.5"},      {"ZI.A.MP.P.1", 1, "0.5"}, {"ZI.A.PW.R.3b", 1, "1"},
		{"ZI.B.1.SPAK", 1, "17.5"}, {"ZI.B.1.PERF", 1, "5"}, {"ZI.B.2.SPKP", 1, "17.5"},
	};
	ck_assert_uint_eq(s->n_leaves, 46);
	for (size_t i = 0; i < COUNT(components); i++)
		assert_component(s, components[i].name, components[i].leaves, components[i].max);
	ck_assert_uint_eq(s->n_components, 23 + s->n_leaves);
	ck_assert_int_eq((int)s->zero_violations.micro, 1000000);
	ck_assert_ptr_null(s->bands);
}
END_TEST

START_TEST(components_in_the_order_of_the_tree)
{
	load_default();
	const struct scorecard *s = card("zi-2021");
	static const char *const first[] = {"ZI",          "ZI.A",        "ZI.A.MP",     "ZI.A.MP.P", "ZI.A.MP.P.1",
					    "ZI.A.MP.P.2", "ZI.A.MP.P.3", "ZI.A.MP.P.4", "ZI.A.MP.R", "ZI.A.MP.R.1"};
	static const char *const last[] = {"ZI.A.PP.R.2", "ZI.B", "ZI.B.1", "ZI.B.1.SPAK", "ZI.B.1.PERF", "ZI.B.2", "ZI.B.2.SPKP"};
	for (size_t i = 0; i < COUNT(first); i++)
		ck_assert_msg(text_is(s->components[i].name, first[i]), "%zu: %.*s", i, TEXT_ARG(s->components[i].name));
	for (size_t i = 0; i < COUNT(last); i++)
		ck_assert_msg(text_is(s->components[s->n_components - COUNT(last) + i].name, last[i]), "%zu", i);
	/* The components of one leaf that come after their parents are the leaves themselves, in the same order. */
	size_t leaf = 0;
	for (size_t i = 0; i < s->n_components && leaf < s->n_leaves; i++)
		if (text_equal(s->components[i].name, s->leaves[leaf].component)) {
			ck_assert(s->components[i].first == leaf && s->components[i].n == 1);
			leaf++;
		}
	ck_assert_uint_eq(leaf, s->n_leaves);
}
END_TEST

static void assert_item(const struct scorecard *s, const char *name, enum scale scale, enum measured measured, const char *leaf)
{
	const struct score_item *i = scorecard_item(s, text_of(name));
	ck_assert_msg(i && i->scale == scale && i->measured == measured, "%s", name);
	ck_assert_msg(leaf ? i->leaf < s->n_leaves && text_is(s->leaves[i->leaf].component, leaf) : i->leaf == LEAF_NONE, "%s", name);
}

START_TEST(items_by_name)
{
	load_default();
	const struct scorecard *s = card("zi-2021");
	for (size_t i = 1; i < s->n_items; i++)
		ck_assert_int_lt(text_compare(s->items[i - 1].name, s->items[i].name), 0);
	assert_item(s, "P.MP.1.a", SCALE_YT, MEASURED_NOT, "ZI.A.MP.P.1");
	assert_item(s, "P.MP.1.b", SCALE_A3, MEASURED_NOT, "ZI.A.MP.P.1");
	assert_item(s, "P.AK.2.e", SCALE_YT, MEASURED_REPORT_ON_TIME, "ZI.A.AK.P.2");
	assert_item(s, "P.AK.2.h", SCALE_A3, MEASURED_NOT, "ZI.A.AK.P.2");
	assert_item(s, "P.PP.4.a", SCALE_A5, MEASURED_SURVEY_ROUNDS, "ZI.A.PP.P.4");
	assert_item(s, "R.SDM.3.a", SCALE_REDUCTION, MEASURED_VIOLATION_REDUCTION, "ZI.A.SDM.R.3");
	assert_item(s, "R.AK.1.a", SCALE_RATIO, MEASURED_MET, "ZI.A.AK.R.1");
	assert_item(s, "R.PW.2.a", SCALE_RATIO, MEASURED_DUE_RESOLVED, "ZI.A.PW.R.2");
	assert_item(s, "R.PW.3a.a", SCALE_RATIO, MEASURED_LHKPN, "ZI.A.PW.R.3a");
	assert_item(s, "R.PW.3b.a", SCALE_RATIO, MEASURED_LHKASN, "ZI.A.PW.R.3b");
	assert_item(s, "R.PP.1.a", SCALE_A4, MEASURED_NOT, "ZI.A.PP.R.1");
	assert_item(s, "H.SPAK", SCALE_SURVEY, MEASURED_SPAK, "ZI.B.1.SPAK");
	assert_item(s, "H.PERF", SCALE_A5, MEASURED_NOT, "ZI.B.1.PERF");
	assert_item(s, "H.SPKP", SCALE_SURVEY, MEASURED_SPKP, "ZI.B.2.SPKP");
	assert_item(s, "G.lhkpn", SCALE_YT, MEASURED_NOT, NULL);
	assert_item(s, "G.wbk_before", SCALE_YT, MEASURED_NOT, NULL);
	static const char *const unknown[] = {"P.MP.1.c", "P.MP.5.a", "P.MP.1", "R.PW.3.a", "H.B1", "G.other", "p.mp.1.a", "P.XX.1.a", ""};
	for (size_t i = 0; i < COUNT(unknown); i++)
		ck_assert_ptr_null(scorecard_item(s, text_of(unknown[i])));
}
END_TEST

START_TEST(rules_and_gates)
{
	static const char *const names[] = {"total",   "enablers", "area.MP", "area.TT", "area.SDM",       "area.AK",
					    "area.PW", "area.PP",  "b1",      "b1.spak", "b1.performance", "b2"};
	static const char *const components[] = {"ZI",      "ZI.A",    "ZI.A.MP", "ZI.A.TT",     "ZI.A.SDM",    "ZI.A.AK",
						 "ZI.A.PW", "ZI.A.PP", "ZI.B.1",  "ZI.B.1.SPAK", "ZI.B.1.PERF", "ZI.B.2"};
	static const int64_t bounds[2][12] = {
		{75000000, 40000000, 60000000, 60000000, 60000000, 60000000, 60000000, 60000000, 18250000, 15750000, 2500000, 14000000},
		{85000000, 48000000, 75000000, 75000000, 75000000, 75000000, 75000000, 75000000, 19500000, 15750000, 3750000, 15750000}};
	static const char *const gates[] = {"lhkpn", "lhkasn", "audit_follow_up", "akip", "spip", "sp4n_lapor", "no_corruption", "wbk_before"};
	load_default();
	const struct scorecard *s = card("zi-2021");
	ck_assert_uint_eq(s->n_predicates, 2);
	for (size_t p = 0; p < 2; p++) {
		const struct predicate *predicate = &s->predicates[p];
		ck_assert(text_is(predicate->code, p ? "WBBM" : "WBK"));
		ck_assert_uint_eq(predicate->n_rules, 12);
		for (size_t i = 0; i < 12; i++) {
			const struct score_rule *rule = &predicate->rules[i];
			ck_assert_msg(text_is(rule->name, names[i]) && text_is(s->components[rule->component].name, components[i]), "%zu", i);
			ck_assert_msg(rule->bound.micro == bounds[p][i] && rule->percent == (i >= 2 && i < 8), "%zu", i);
		}
		ck_assert_uint_eq(predicate->n_gates, p ? 8 : 7);
		for (size_t i = 0; i < predicate->n_gates; i++)
			ck_assert(text_is(predicate->gates[i], gates[i]));
	}
}
END_TEST

START_TEST(evaluations)
{
	load_default();
	const struct scorecard *s = card("akip-2021");
	assert_component(s, "AKIP", 12, "100");
	assert_component(s, "AKIP.PLAN", 3, "30");
	assert_component(s, "AKIP.REPORT.QUALITY", 1, "4.5");
	ck_assert_uint_eq(s->n_components, 1 + 4 + 12);
	ck_assert(text_is(s->components[0].name, "AKIP") && text_is(s->components[2].name, "AKIP.PLAN.EXISTENCE"));
	assert_item(s, "PLAN.EXISTENCE", SCALE_RATIO, MEASURED_NOT, "AKIP.PLAN.EXISTENCE");
	ck_assert(s->bands && text_is(s->bands->name, "akip") && s->n_predicates == 0);
	assert_component(card("spbe-2020"), "SPBE", 1, "5");
	assert_item(card("spip-2021"), "INDEX.VALUE", SCALE_RATIO, MEASURED_NOT, "SPIP.INDEX.VALUE");
}
END_TEST

/* A small one with all there can be: one gate of its own, a rule for the part of the second result. */
#define SMALL                                                                                                                                                  \
	"{'id':'s','name':'n','basis':'law','zero_violations':'0.5','areas':[{'code':'X','name':'n','fulfilment':[{'sub':'1','name':'n','weight':'1',"         \
	"'items':['YT','A3']},{'sub':'2','weight':'2','items':['A4']}],'reform':[{'sub':'1','weight':'0.25','items':['RATIO','REDUCTION']}]},"                 \
	"{'code':'y_2','fulfilment':[{'sub':'1','weight':'1','items':['A5']}],'reform':[{'sub':'1','weight':'1','items':['SURVEY']}]}],"                       \
	"'results':[{'code':'1','parts':[{'code':'SPAK','weight':'3','item':'SURVEY'},{'code':'PERF','weight':'2','item':'A5'}]},"                             \
	"{'code':'2','parts':[{'code':'SPKP','weight':'4','item':'SURVEY'}]}],'measured':{'R.X.1.a':'met','H.SPKP':'spkp'},"                                   \
	"'predicates':[{'code':'P','rules':{'total':'14.25','area_pct':'100','b2.spkp':'4','b1.performance':'2'},'gates':['own']},"                            \
	"{'code':'Q','rules':{'enablers':'5.25'}}]}"

#define EVALUATION                                                                                                                                             \
	"{'id':'e','code':'E','bands':'g','components':[{'code':'C','parts':[{'code':'P','weight':'1'},{'code':'Q','weight':'2'}]},{'code':'D','parts':[{'"    \
	"code':'P','weight':'1'}]}]}"

#define HEAD "'id':'x','valid_from':'2024-01-01','bands':{'g':[{'band':'A'}]}"
static const char good[] = "{" HEAD ",'scorecards':[" SMALL "," EVALUATION "]}";

START_TEST(a_small_one)
{
	open_rules();
	ck_assert_msg(add(good) == 0, "%s", err.text);
	const struct scorecard *s = card("s");
	assert_component(s, "ZI", 8, "14.25");
	assert_component(s, "ZI.A.X", 3, "3.25");
	assert_item(s, "R.y_2.1.a", SCALE_SURVEY, MEASURED_NOT, "ZI.A.y_2.R.1");
	assert_item(s, "G.own", SCALE_YT, MEASURED_NOT, NULL);
	assert_item(s, "G.akip", SCALE_YT, MEASURED_NOT, NULL);
	ck_assert_ptr_null(scorecard_item(s, TEXT("G.wbk_before")));
	static const char *const names[] = {"total", "area.X", "area.y_2", "b1.performance", "b2.spkp"};
	const struct predicate *p = &s->predicates[0];
	ck_assert_uint_eq(p->n_rules, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert(text_is(p->rules[i].name, names[i]));
	ck_assert(p->n_gates == 1 && text_is(p->gates[0], "own"));
	ck_assert(s->predicates[1].n_rules == 1 && text_is(s->predicates[1].rules[0].name, "enablers") && s->predicates[1].n_gates == 7);
}
END_TEST

/* One piece of the good ones replaced by a bad one. */
START_TEST(mistakes)
{
#define S "rules.json: $.scorecards[0]"
#define E "rules.json: $.scorecards[1]"
#define CODE_RULE "must be a code of 1 to 64 characters of A-Z, a-z, 0-9 and _"
#define SCALE_RULE "must be one of YT, A3, A4, A5, RATIO, REDUCTION, SURVEY"
	static const char *const cases[][3] = {
		{"'id':'s'", "'id':''", S ".id: must be a string of 1 to 1000 bytes"},
		{"'name':'n','basis'", "'name':1,'basis'", S ".name: must be a string"},
		{"'basis':'law'", "'basis':[]", S ".basis: must be a string"},
		{"'basis':'law'", "'base':'law'", S ": unknown key \"base\"; known are id, name, basis, zero_violations, areas, results, measured, predicates"},
		{"'basis':'law'", "'code':'ZI'", S ": unknown key \"code\""},
		{"'id':'e'", "'id':'s'", E ": id: s stands at [0] already"},
		{"'zero_violations':'0.5',", "", S ".zero_violations: must be a string"},
		{"'0.5'", "'1.000001'", S ".zero_violations: must be from 0 to 1"},
		{"'0.5'", "'-0.1'", S ".zero_violations: must be from 0 to 1"},
		{"'0.5'", "'half'", S ".zero_violations: must be a decimal in a string"},
		/* areas */
		{"'areas':[{", "'areas':{},'x':[{", S ": unknown key \"x\""},
		{"'areas':[{'code':'X'", "'areas':[7,{'code':'X'", S ".areas[0]: must be an object"},
		{"{'code':'X','name':'n'", "{'code':'X','nama':'n'", S ".areas[0]: unknown key \"nama\"; known are code, name, fulfilment, reform"},
		{"{'code':'X','name':'n'", "{'code':'X','name':''", S ".areas[0].name: must be a string"},
		{"{'code':'X',", "{", S ".areas[0].code: must be a string"},
		{"{'code':'X',", "{'code':'X.Y',", S ".areas[0].code: " CODE_RULE},
		{"{'code':'X',", "{'code':'M P',", S ".areas[0].code: " CODE_RULE},
		{"{'code':'X',", "{'code':'MP\xc3\xa9',", S ".areas[0].code: " CODE_RULE},
		{"{'code':'X',", "{'code':'X2345678901234567890123456789012345678901234567890123456789012345',", S ".areas[0].code: " CODE_RULE},
		{"'y_2'", "'X'", S ".areas[1]: code: X stands there already"},
		{"'fulfilment':[{'sub':'1','weight':'1','items':['A5']}],", "", S ".areas[1].fulfilment: must be a list that is not empty"},
		{"'fulfilment':[{'sub':'1','weight':'1','items':['A5']}]", "'fulfilment':[]", S ".areas[1].fulfilment: must be a list that is not empty"},
		{"'reform':[{'sub':'1','weight':'0.25','items':['RATIO','REDUCTION']}]", "'reform':{}", S ".areas[0].reform: must be a list that is not empty"},
		{"'sub':'2'", "'sub':'1'", S ".areas[0].fulfilment[1]: sub: 1 stands there already"},
		{"'sub':'2'", "'sub':2", S ".areas[0].fulfilment[1].sub: must be a string"},
		{"'sub':'2'", "'sub':'2.'", S ".areas[0].fulfilment[1].sub: " CODE_RULE},
		{"'sub':'2'", "'sub':'2','item':'A4'", S ".areas[0].fulfilment[1]: unknown key \"item\"; known are sub, name, weight, items"},
		{"'weight':'2','items':['A4']", "'items':['A4']", S ".areas[0].fulfilment[1].weight: must be a string"},
		{"'weight':'2','items':['A4']", "'weight':2,'items':['A4']", S ".areas[0].fulfilment[1].weight: must be a string"},
		{"'weight':'2','items':['A4']", "'weight':'0','items':['A4']", S ".areas[0].fulfilment[1].weight: must be above 0"},
		{"'weight':'2','items':['A4']", "'weight':'-1','items':['A4']", S ".areas[0].fulfilment[1].weight: must be above 0"},
		{"'items':['A4']", "'items':[]", S ".areas[0].fulfilment[1].items: must be a list of 1 to 26 scales"},
		{"'items':['A4']", "'items':'A4'", S ".areas[0].fulfilment[1].items: must be a list of 1 to 26 scales"},
		{"'items':['A4']",
		 "'items':['YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','YT','"
		 "YT']",
		 S ".areas[0].fulfilment[1].items: must be a list of 1 to 26 scales"},
		{"'items':['A4']", "'items':['A6']", S ".areas[0].fulfilment[1].items[0]: " SCALE_RULE},
		{"['RATIO','REDUCTION']", "['RATIO',4]", S ".areas[0].reform[0].items[1]: " SCALE_RULE},
		/* results */
		{"{'code':'2','parts'", "{'code':'1','parts'", S ".results[1]: code: 1 stands there already"},
		{"{'code':'2','parts'", "{'code':'b 2','parts'", S ".results[1].code: " CODE_RULE},
		{"{'code':'2','parts'", "{'code':'2','weight':'4','parts'", S ".results[1]: unknown key \"weight\"; known are code, name, parts"},
		{"'parts':[{'code':'SPKP','weight':'4','item':'SURVEY'}]", "'parts':[]", S ".results[1].parts: must be a list that is not empty"},
		{"'code':'SPKP'", "'code':'SPAK'", S ".results[1].parts[0]: code: another result has a part SPAK"},
		{"'code':'PERF'", "'code':'SPAK'", S ".results[0].parts[1]: code: SPAK stands there already"},
		{"'code':'PERF'", "'code':'Spak'", S ".results[0].parts[1]: code: its rule would be b1.spak, as that of another part"},
		{"'code':'SPAK'", "'code':'Performance'", S ".results[0].parts[1]: code: its rule would be b1.performance, as that of another part"},
		{"'item':'A5'", "'item':'B'", S ".results[0].parts[1].item: " SCALE_RULE},
		{"'item':'A5'", "'items':['A5']", S ".results[0].parts[1]: unknown key \"items\"; known are code, name, weight, item"},
		{"'weight':'4'", "'weight':'0.0'", S ".results[1].parts[0].weight: must be above 0"},
		/* measured */
		{"'measured':{'R.X.1.a':'met','H.SPKP':'spkp'},", "", S ".measured: must be an object"},
		{"'measured':{'R.X.1.a':'met','H.SPKP':'spkp'}", "'measured':[]", S ".measured: must be an object"},
		{"'R.X.1.a':'met'", "'R.X.1.c':'met'", S ".measured.R.X.1.c: the scorecard has no item of that name"},
		{"'R.X.1.a':'met'", "'G.own':'met'", S ".measured.G.own: the scorecard has no item of that name"},
		{"'R.X.1.a':'met'", "'R.X.1.a':'mean'",
		 S ".measured.R.X.1.a: must be one of violation_reduction, met, report_on_time, due_resolved, lhkpn, lhkasn, survey_rounds, spak, spkp"},
		{"'R.X.1.a':'met'", "'R.X.1.a':null", S ".measured.R.X.1.a: must be one of"},
		/* predicates */
		{"'predicates':[", "'predicates':{},'x':[", S ": unknown key \"x\""},
		{"'code':'Q','rules'", "'code':'P','rules'", S ".predicates[1]: code: P stands at [0] already"},
		{"'code':'Q','rules'", "'code':'W.B','rules'", S ".predicates[1].code: " CODE_RULE},
		{"'code':'Q','rules':{'enablers':'5.25'}", "'code':'Q'", S ".predicates[1].rules: must be an object"},
		{"'code':'Q','rules':{'enablers':'5.25'}", "'code':'Q','rules':{},'x':1",
		 S ".predicates[1]: unknown key \"x\"; known are code, name, rules, gates"},
		{"{'enablers':'5.25'}", "{}", S ".predicates[1].rules: must hold at least one rule"},
		{"{'enablers':'5.25'}", "{'results':'5'}", S ".predicates[1].rules: \"results\" names nothing; rules are total, enablers, area_pct"},
		{"{'enablers':'5.25'}", "{'b3':'5'}", S ".predicates[1].rules: \"b3\" names nothing"},
		{"{'enablers':'5.25'}", "{'b1.perf':'1'}", S ".predicates[1].rules: \"b1.perf\" names nothing"},
		{"{'enablers':'5.25'}", "{'area.X':'1'}", S ".predicates[1].rules: \"area.X\" names nothing"},
		{"{'enablers':'5.25'}", "{'enablers':'5.26'}", S ".predicates[1].rules.enablers: must be from 0 to 5.25, the most there can be"},
		{"{'enablers':'5.25'}", "{'enablers':'-1'}", S ".predicates[1].rules.enablers: must be from 0 to 5.25"},
		{"{'enablers':'5.25'}", "{'enablers':5}", S ".predicates[1].rules.enablers: must be a string"},
		{"{'enablers':'5.25'}", "{'enablers':null}", S ".predicates[1].rules.enablers: must be a string"},
		{"'area_pct':'100'", "'area_pct':'100.01'", S ".predicates[0].rules.area_pct: must be from 0 to 100"},
		{"'b2.spkp':'4'", "'b2.spkp':'4.000001'", S ".predicates[0].rules.b2.spkp: must be from 0 to 4,"},
		{"'total':'14.25'", "'total':'14.26'", S ".predicates[0].rules.total: must be from 0 to 14.25"},
		{"['own']", "'own'", S ".predicates[0].gates: must be a list of gates"},
		{"['own']", "['own','own']", S ".predicates[0].gates[1]: own stands there already"},
		{"['own']", "['a gate']", S ".predicates[0].gates[0]: " CODE_RULE},
		{"['own']", "[null]", S ".predicates[0].gates[0]: " CODE_RULE},
		/* evaluations */
		{"'code':'E',", "", E ".code: must be a string"},
		{"'code':'E',", "'code':'E.',", E ".code: " CODE_RULE},
		{"'code':'E',", "'code':'E','predicates':[],", E ": unknown key \"predicates\"; known are id, name, basis, code, bands, components"},
		{"'bands':'g',", "", E ".bands: must be a string"},
		{"'bands':'g',", "'bands':'h',", E ".bands: there are no bands of that name under $.bands"},
		{"'components':[", "'components':null,'x':[", E ": unknown key \"x\""},
		{"'code':'D'", "'code':'C'", E ".components[1]: code: C stands there already"},
		{"{'code':'Q','weight':'2'}", "{'code':'P','weight':'2'}", E ".components[0].parts[1]: code: P stands there already"},
		{"{'code':'Q','weight':'2'}", "{'code':'Q'}", E ".components[0].parts[1].weight: must be a string"},
		{"{'code':'Q','weight':'2'}", "{'code':'Q','weight':'2','item':'A3'}",
		 E ".components[0].parts[1]: unknown key \"item\"; known are code, name, weight"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[4096];
		const char *at = strstr(good, cases[i][0]);
		ck_assert_msg(at, "%s", cases[i][0]);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, cases[i][1], at + strlen(cases[i][0]));
		open_rules();
		int r = add(text);
		ck_assert_msg(r == -EINVAL && !strncmp(err.text, cases[i][2], strlen(cases[i][2])), "%s for %s: %d, %s", cases[i][1], cases[i][0], r, err.text);
		ck_assert_uint_eq(rules.n, 0);
	}
}
END_TEST

/* The version that is valid at the year's end; where none is, the first file's. */
START_TEST(versions_by_year)
{
	static const char *const texts[] = {
		"{'id':'a','valid_from':'2023-01-01','valid_to':'2023-12-30','bands':{'g':[{'band':'A'}]},'scorecards':[" EVALUATION "]}",
		"{'id':'b','valid_from':'2023-12-31','valid_to':'2024-12-31','bands':{'g':[{'band':'A'}]},'scorecards':[" EVALUATION "]}",
	};
	open_rules();
	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_msg(add(texts[i]) == 0, "%s", err.text);
	ck_assert_msg(rulesets_check(&rules, &err) == 0, "%s", err.text);
	static const struct {
		int year;
		size_t file;
	} cases[] = {{2022, 0}, {2023, 1}, {2024, 1}, {2025, 0}};
	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_ptr_eq(rulesets_scorecard(&rules, TEXT("e"), cases[i].year), &rules.all[cases[i].file].scorecards[0]);
	ck_assert_ptr_null(rulesets_scorecard(&rules, TEXT("f"), 2024));
}
END_TEST

SUITE("scorecard", the_weights_of_the_regulation, components_in_the_order_of_the_tree, items_by_name, rules_and_gates, evaluations, a_small_one, mistakes,
      versions_by_year)
