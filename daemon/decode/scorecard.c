// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/scorecard.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/record/scorecard.h"

#define CODE_MAX 64    /* bytes: an item's name fits the event's field */
#define NAME_BYTES 256 /* bytes of a name made of codes */
#define LETTERS 26

/* A scorecard while it is laid out. The arrays have room for all that its JSON can hold. */
struct layout {
	struct reader *reader;
	struct score_leaf *leaves;
	struct score_item *items;
	struct score_component *components;
	struct score_rule *rules; /* those that predicates may set a bound for */
	size_t n_leaves, n_items, n_components, n_rules;
};

/* What the elements of a list stand below. */
struct place {
	struct text component;   /* "ZI.A.MP.P" */
	struct text items;       /* the beginning of their items' names: "P.MP", "H" */
	const struct text *rule; /* the rule of the component, which begins those of its parts; NULL: it has none */
};

static const char *const scales[] = {
	[SCALE_YT] = "YT",         [SCALE_A3] = "A3", [SCALE_A4] = "A4", [SCALE_A5] = "A5", [SCALE_RATIO] = "RATIO", [SCALE_REDUCTION] = "REDUCTION",
	[SCALE_SURVEY] = "SURVEY",
};
static const char *const methods[] = {
	[MEASURED_VIOLATION_REDUCTION] = "violation_reduction", [MEASURED_MET] = "met",	      [MEASURED_REPORT_ON_TIME] = "report_on_time",
	[MEASURED_DUE_RESOLVED] = "due_resolved",		[MEASURED_LHKPN] = "lhkpn",   [MEASURED_LHKASN] = "lhkasn",
	[MEASURED_SURVEY_ROUNDS] = "survey_rounds",		[MEASURED_SPAK] = "spak",     [MEASURED_SPKP] = "spkp",
};

/* --- codes, names, lists --------------------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int make_name(struct layout *l, struct text *ret, const char *format, ...)
{
	char name[NAME_BYTES];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(name, sizeof name, format, ap);
	va_end(ap);
	return reader_copy(l->reader, (struct text){name, (size_t)n < sizeof name ? (size_t)n : sizeof name - 1}, ret);
}

static bool is_code(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return t.n > 0 && t.n <= CODE_MAX;
}

static int read_code(struct layout *l, const struct json *j, const char *key, struct text *ret)
{
	int result = reader_string(l->reader, j, key, REQUIRED, ret);
	if (result < 0 || is_code(*ret))
		return result;
	reader_enter(l->reader, ".%s", key);
	return reader_bad(l->reader, "must be a code of 1 to %d characters of A-Z, a-z, 0-9 and _", CODE_MAX);
}

/* The code and what else every element begins with: no other keys than those, perhaps a name, which nothing here needs. */
static int read_head(struct layout *l, const struct json *j, const char *const *known, struct text *ret_code)
{
	struct text name;
	int result = reader_expect(l->reader, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(l->reader, j, known);
	if (result >= 0)
		result = read_code(l, j, known[0], ret_code);
	return result < 0 ? result : reader_string(l->reader, j, "name", OPTIONAL, &name);
}

typedef int read_element(struct layout *l, const struct json *j, const struct place *place);

/* The list under the key: each of its elements. */
static int read_list(struct layout *l, const struct json *object, const char *key, read_element *read, const struct place *place)
{
	const struct json *list = json_get(object, key);
	size_t at = reader_enter(l->reader, ".%s", key);
	int result = json_kind(list) == NODE_ARRAY && json_size(list) ? 0 : reader_bad(l->reader, "must be a list that is not empty");
	for (size_t i = 0; i < json_size(list) && result >= 0; i++) {
		size_t inside = reader_enter(l->reader, "[%zu]", i);
		result = read(l, json_at(list, i), place);
		if (result >= 0)
			reader_leave(l->reader, inside);
	}
	if (result >= 0)
		reader_leave(l->reader, at);
	return result;
}

/* --- components, leaves, items --------------------------------------------------------------------------------------------------------------- */

static bool component_known(const struct layout *l, struct text name)
{
	for (size_t i = 0; i < l->n_components; i++)
		if (text_equal(l->components[i].name, name))
			return true;
	return false;
}

/* The component "above.code"; what is laid out until close_component belongs to it. */
static int open_component(struct layout *l, struct text above, const char *key, struct text code, struct text *ret_name, size_t *ret)
{
	int result = make_name(l, ret_name, "%.*s%s%.*s", TEXT_ARG(above), above.p ? "." : "", TEXT_ARG(code));
	if (result < 0)
		return result;
	if (component_known(l, *ret_name))
		return reader_bad(l->reader, "%s: %.*s stands there already", key, TEXT_ARG(code));
	*ret = l->n_components++;
	l->components[*ret] = (struct score_component){.name = *ret_name, .first = (uint32_t)l->n_leaves};
	return 0;
}

static void close_component(struct layout *l, size_t component)
{
	struct score_component *c = &l->components[component];
	c->n = (uint32_t)l->n_leaves - c->first;
}

static struct score_item *find_item(struct layout *l, struct text name)
{
	for (size_t i = 0; i < l->n_items; i++)
		if (text_equal(l->items[i].name, name))
			return &l->items[i];
	return NULL;
}

/* An item of the leaf that was added last. */
static void add_item(struct layout *l, struct text name, enum scale scale)
{
	l->items[l->n_items++] = (struct score_item){.name = name, .scale = scale, .leaf = (uint32_t)l->n_leaves - 1};
}

/* A component without parts. */
static int add_leaf(struct layout *l, const struct json *j, const struct place *place, const char *key, struct text code, size_t *ret_component)
{
	bool has;
	decimal weight;
	struct text name;
	int result = reader_decimal(l->reader, j, "weight", REQUIRED, &has, &weight);
	if (result < 0)
		return result;
	if (weight.micro <= 0) {
		reader_enter(l->reader, ".weight");
		return reader_bad(l->reader, "must be above 0");
	}
	result = open_component(l, place->component, key, code, &name, ret_component);
	if (result < 0)
		return result;
	l->leaves[l->n_leaves++] = (struct score_leaf){.component = name, .weight = weight};
	close_component(l, *ret_component);
	return 0;
}

/* --- rules ----------------------------------------------------------------------------------------------------------------------------------- */

/* Under which key predicates set the rule's bound: one bound holds for all areas. */
static struct text rule_key(const struct score_rule *rule)
{
	return rule->percent ? TEXT("area_pct") : rule->name;
}

/* A rule for the component, which need not be closed yet. */
static int add_rule(struct layout *l, struct text name, size_t component, bool percent)
{
	for (size_t i = 0; i < l->n_rules; i++)
		if (text_equal(l->rules[i].name, name))
			return reader_bad(l->reader, "code: its rule would be %.*s, as that of another part", TEXT_ARG(name));
	l->rules[l->n_rules++] = (struct score_rule){.name = name, .component = (uint32_t)component, .percent = percent};
	return 0;
}

/* "b1.spak"; of PERF "b1.performance" */
static int add_part_rule(struct layout *l, struct text result_rule, struct text code, size_t component)
{
	struct text name;
	int result = make_name(l, &name, "%.*s.%.*s", TEXT_ARG(result_rule), TEXT_ARG(text_is(code, "PERF") ? TEXT("performance") : code));
	if (result < 0)
		return result;
	char *p = reader_take(l->reader, name.n, 1);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < name.n; i++)
		p[i] = i > result_rule.n && name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i];
	return add_rule(l, (struct text){p, name.n}, component, false);
}

/* --- Zona Integritas: areas and results ------------------------------------------------------------------------------------------------------ */

static int read_sub_items(struct layout *l, const struct json *items, const struct place *place, struct text sub)
{
	size_t scale, n = json_size(items);
	if (json_kind(items) != NODE_ARRAY || !n || n > LETTERS)
		return reader_bad(l->reader, "must be a list of 1 to %d scales", LETTERS);
	for (size_t i = 0; i < n; i++) {
		struct text name;
		size_t at = reader_enter(l->reader, "[%zu]", i);
		int result = reader_choose(l->reader, json_at(items, i), scales, COUNT(scales), &scale);
		if (result >= 0)
			result = make_name(l, &name, "%.*s.%.*s.%c", TEXT_ARG(place->items), TEXT_ARG(sub), (char)('a' + i));
		if (result < 0)
			return result;
		add_item(l, name, (enum scale)scale);
		reader_leave(l->reader, at);
	}
	return 0;
}

static int read_sub(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"sub", "name", "weight", "items", NULL};
	struct text sub;
	size_t component;
	int result = read_head(l, j, known, &sub);
	if (result >= 0)
		result = add_leaf(l, j, place, "sub", sub, &component);
	if (result < 0)
		return result;
	size_t at = reader_enter(l->reader, ".items");
	result = read_sub_items(l, json_get(j, "items"), place, sub);
	if (result >= 0)
		reader_leave(l->reader, at);
	return result;
}

/* Fulfilment (P) or reform (R) of an area. */
static int read_half(struct layout *l, const struct json *j, const char *key, const char *letter, struct text area, struct text code)
{
	struct place place = {0};
	size_t component;
	int result = open_component(l, area, key, text_of(letter), &place.component, &component);
	if (result >= 0)
		result = make_name(l, &place.items, "%s.%.*s", letter, TEXT_ARG(code));
	if (result >= 0)
		result = read_list(l, j, key, read_sub, &place);
	if (result >= 0)
		close_component(l, component);
	return result;
}

static int read_area(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "fulfilment", "reform", NULL};
	struct text code, name, rule;
	size_t component;
	int result = read_head(l, j, known, &code);
	if (result >= 0)
		result = open_component(l, place->component, "code", code, &name, &component);
	if (result >= 0)
		result = make_name(l, &rule, "area.%.*s", TEXT_ARG(code));
	if (result >= 0)
		result = add_rule(l, rule, component, true);
	if (result >= 0)
		result = read_half(l, j, "fulfilment", "P", name, code);
	if (result >= 0)
		result = read_half(l, j, "reform", "R", name, code);
	if (result >= 0)
		close_component(l, component);
	return result;
}

static int read_part(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "weight", "item", NULL};
	struct text code, item;
	size_t component, scale;
	int result = read_head(l, j, known, &code);
	if (result >= 0)
		result = add_leaf(l, j, place, "code", code, &component);
	if (result >= 0)
		result = add_part_rule(l, *place->rule, code, component);
	if (result >= 0)
		result = reader_word(l->reader, j, "item", scales, COUNT(scales), &scale);
	if (result >= 0)
		result = make_name(l, &item, "%.*s.%.*s", TEXT_ARG(place->items), TEXT_ARG(code));
	if (result < 0)
		return result;
	if (find_item(l, item))
		return reader_bad(l->reader, "code: another result has a part %.*s, and their item would be the same", TEXT_ARG(code));
	add_item(l, item, (enum scale)scale);
	return 0;
}

static int read_result(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "parts", NULL};
	struct text code, rule;
	struct place parts = {.items = TEXT("H"), .rule = &rule};
	size_t component;
	int result = read_head(l, j, known, &code);
	if (result >= 0)
		result = open_component(l, place->component, "code", code, &parts.component, &component);
	if (result >= 0)
		result = make_name(l, &rule, "b%.*s", TEXT_ARG(code));
	if (result >= 0)
		result = add_rule(l, rule, component, false);
	if (result >= 0)
		result = read_list(l, j, "parts", read_part, &parts);
	if (result >= 0)
		close_component(l, component);
	return result;
}

/* Enablers (A) or results (B), with all areas or results below. */
static int read_side(struct layout *l, const struct json *j, struct text root, const char *key, const char *letter, read_element *read)
{
	struct place place = {0};
	size_t component;
	int result = open_component(l, root, key, text_of(letter), &place.component, &component);
	if (result >= 0 && *letter == 'A')
		result = add_rule(l, TEXT("enablers"), component, false);
	if (result >= 0)
		result = read_list(l, j, key, read, &place);
	if (result >= 0)
		close_component(l, component);
	return result;
}

static int read_sides(struct layout *l, const struct json *j)
{
	struct text root;
	size_t component;
	int result = open_component(l, TEXT_NONE, "id", TEXT("ZI"), &root, &component);
	if (result >= 0)
		result = add_rule(l, TEXT("total"), component, false);
	if (result >= 0)
		result = read_side(l, j, root, "areas", "A", read_area);
	if (result >= 0)
		result = read_side(l, j, root, "results", "B", read_result);
	if (result >= 0)
		close_component(l, component);
	return result;
}

static int read_zero_violations(struct layout *l, const struct json *j, struct scorecard *card)
{
	bool has;
	int result = reader_decimal(l->reader, j, "zero_violations", REQUIRED, &has, &card->zero_violations);
	if (result < 0 || (card->zero_violations.micro >= 0 && card->zero_violations.micro <= DECIMAL_ONE))
		return result;
	reader_enter(l->reader, ".zero_violations");
	return reader_bad(l->reader, "must be from 0 to 1");
}

/* --- what is measured ------------------------------------------------------------------------------------------------------------------------ */

static int read_measured(struct layout *l, const struct json *object)
{
	const struct json *measured = json_get(object, "measured"), *value;
	void *it = NULL;
	struct text key;
	size_t at = reader_enter(l->reader, ".measured");
	int result = reader_expect(l->reader, measured, NODE_OBJECT, "an object like {\"R.PW.2.a\": \"due_resolved\"}");
	while (result >= 0 && json_next(measured, &it, &key, &value)) {
		size_t method, inside = reader_enter(l->reader, ".%.*s", TEXT_ARG(key));
		struct score_item *item = find_item(l, key);
		/* MEASURED_NOT has no name */
		result = item ? reader_choose(l->reader, value, methods + 1, COUNT(methods) - 1, &method) : reader_bad(l->reader, "the scorecard has no item of that name");
		if (result < 0)
			break;
		item->measured = (enum measured)(method + 1);
		reader_leave(l->reader, inside);
	}
	if (result >= 0)
		reader_leave(l->reader, at);
	return result;
}

/* --- predicates ------------------------------------------------------------------------------------------------------------------------------ */

static bool rule_known(const struct layout *l, struct text key)
{
	for (size_t i = 0; i < l->n_rules; i++)
		if (text_equal(rule_key(&l->rules[i]), key))
			return true;
	return false;
}

/* Every key is that of a rule. */
static int check_rule_keys(struct layout *l, const struct json *rules)
{
	void *it = NULL;
	struct text key;
	const struct json *value;
	while (json_next(rules, &it, &key, &value))
		if (!rule_known(l, key))
			return reader_bad(l->reader,
					  "\"%.*s\" names nothing; rules are total, enablers, area_pct, b<result> and b<result>.<part>, like b1.spak",
					  TEXT_ARG(key));
	return json_size(rules) ? 0 : reader_bad(l->reader, "must hold at least one rule");
}

static int read_bound(struct layout *l, const struct json *rules, struct score_rule *rule)
{
	char key[NAME_BYTES], text[DECIMAL_TEXT_MAX + 1];
	const decimal weight = scorecard_max(&(struct scorecard){.leaves = l->leaves}, &l->components[rule->component]);
	const decimal most = rule->percent ? decimal_of(100) : weight;
	bool has;
	snprintf(key, sizeof key, "%.*s", TEXT_ARG(rule_key(rule)));
	int result = reader_decimal(l->reader, rules, key, REQUIRED, &has, &rule->bound);
	if (result < 0)
		return result;
	if (rule->percent && rule->bound.micro * weight.micro % (100 * DECIMAL_ONE))
		return reader_bad(l->reader, "%s: this percentage of area %.*s has more than six decimals", key, TEXT_ARG(l->components[rule->component].name));
	if (rule->bound.micro >= 0 && decimal_compare(rule->bound, most) <= 0)
		return 0;
	text[decimal_format(most, text)] = 0;
	reader_enter(l->reader, ".%s", key);
	return reader_bad(l->reader, "must be from 0 to %s, the most there can be", text);
}

/* The rules that have a bound, in the scorecard's order. */
static int read_rules(struct layout *l, const struct json *rules, struct predicate *p)
{
	struct score_rule *list = reader_take(l->reader, l->n_rules, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(l->reader, rules, NODE_OBJECT, "an object like {\"total\": \"75\", \"area_pct\": \"60\"}");
	if (result >= 0)
		result = check_rule_keys(l, rules);
	p->rules = list;
	for (size_t i = 0; i < l->n_rules && result >= 0; i++) {
		char key[NAME_BYTES];
		snprintf(key, sizeof key, "%.*s", TEXT_ARG(rule_key(&l->rules[i])));
		if (!json_get(rules, key))
			continue;
		list[p->n_rules] = l->rules[i];
		result = read_bound(l, rules, &list[p->n_rules++]);
	}
	return result;
}

static bool has_text(const struct text *list, size_t n, struct text t)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(list[i], t))
			return true;
	return false;
}

static int read_own_gates(struct layout *l, const struct json *gates, struct predicate *p)
{
	struct text *list = reader_take(l->reader, json_size(gates), sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(l->reader, gates, NODE_ARRAY, "a list of gates");
	for (size_t i = 0; i < json_size(gates) && result >= 0; i++) {
		struct text gate = json_text(json_at(gates, i));
		size_t at = reader_enter(l->reader, "[%zu]", i);
		if (!is_code(gate))
			return reader_bad(l->reader, "must be a code of 1 to %d characters of A-Z, a-z, 0-9 and _", CODE_MAX);
		if (has_text(list, i, gate))
			return reader_bad(l->reader, "%.*s stands there already", TEXT_ARG(gate));
		result = reader_copy(l->reader, gate, &list[i]);
		if (result >= 0)
			reader_leave(l->reader, at);
	}
	p->gates = list;
	p->n_gates = json_size(gates);
	return result;
}

/* The conditions of the regulation; that WBK was held before is one of WBBM only. */
static const struct text usual_gates[] = {
	TEXT("lhkpn"), TEXT("lhkasn"), TEXT("audit_follow_up"), TEXT("akip"), TEXT("spip"), TEXT("sp4n_lapor"), TEXT("no_corruption"), TEXT("wbk_before"),
};

/* Each gate is answered by an item of its own, which all predicates share. */
static int add_gate_items(struct layout *l, const struct predicate *p)
{
	int result = 0;
	for (size_t i = 0; i < p->n_gates && result >= 0; i++) {
		struct text name;
		result = make_name(l, &name, "G.%.*s", TEXT_ARG(p->gates[i]));
		if (result >= 0 && !find_item(l, name))
			l->items[l->n_items++] = (struct score_item){.name = name, .scale = SCALE_YT, .leaf = LEAF_NONE};
	}
	return result;
}

static int read_gates(struct layout *l, const struct json *j, struct predicate *p)
{
	const struct json *gates = json_get(j, "gates");
	int result = 0;
	if (json_kind(gates) == NODE_NULL) {
		p->gates = usual_gates;
		p->n_gates = COUNT(usual_gates) - !text_is(p->code, "WBBM");
	} else {
		size_t at = reader_enter(l->reader, ".gates");
		result = read_own_gates(l, gates, p);
		if (result >= 0)
			reader_leave(l->reader, at);
	}
	return result < 0 ? result : add_gate_items(l, p);
}

static int read_predicate(struct layout *l, const struct json *j, const struct predicate *list, size_t n, struct predicate *p)
{
	static const char *const known[] = {"code", "name", "rules", "gates", NULL};
	int result = read_head(l, j, known, &p->code);
	if (result < 0)
		return result;
	for (size_t i = 0; i < n; i++)
		if (text_equal(list[i].code, p->code))
			return reader_bad(l->reader, "code: %.*s stands at [%zu] already", TEXT_ARG(p->code), i);
	size_t at = reader_enter(l->reader, ".rules");
	result = read_rules(l, json_get(j, "rules"), p);
	if (result < 0)
		return result;
	reader_leave(l->reader, at);
	return read_gates(l, j, p);
}

static int read_predicates(struct layout *l, const struct json *object, struct scorecard *card)
{
	const struct json *predicates = json_get(object, "predicates");
	size_t n = json_size(predicates), at = reader_enter(l->reader, ".predicates");
	struct predicate *list = reader_take(l->reader, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(l->reader, predicates, NODE_ARRAY, "a list of predicates");
	for (size_t i = 0; i < n && result >= 0; i++) {
		size_t inside = reader_enter(l->reader, "[%zu]", i);
		result = read_predicate(l, json_at(predicates, i), list, i, &list[i]);
		if (result >= 0)
			reader_leave(l->reader, inside);
	}
	card->predicates = list;
	card->n_predicates = n;
	if (result >= 0)
		reader_leave(l->reader, at);
	return result;
}

static int read_integrity_zone(struct layout *l, const struct json *j, struct scorecard *card)
{
	static const char *const known[] = {"id", "name", "basis", "zero_violations", "areas", "results", "measured", "predicates", NULL};
	int result = reader_check_keys(l->reader, j, known);
	if (result >= 0)
		result = read_zero_violations(l, j, card);
	if (result >= 0)
		result = read_sides(l, j);
	if (result >= 0)
		result = read_measured(l, j);
	return result < 0 ? result : read_predicates(l, j, card);
}

/* --- evaluations ----------------------------------------------------------------------------------------------------------------------------- */

static int read_evaluation_part(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "weight", NULL};
	struct text code, item;
	size_t component;
	int result = read_head(l, j, known, &code);
	if (result >= 0)
		result = add_leaf(l, j, place, "code", code, &component);
	if (result >= 0)
		result = make_name(l, &item, "%.*s.%.*s", TEXT_ARG(place->items), TEXT_ARG(code));
	if (result >= 0)
		add_item(l, item, SCALE_RATIO);
	return result;
}

static int read_evaluation_component(struct layout *l, const struct json *j, const struct place *place)
{
	static const char *const known[] = {"code", "name", "parts", NULL};
	struct place parts = {0};
	size_t component;
	int result = read_head(l, j, known, &parts.items);
	if (result >= 0)
		result = open_component(l, place->component, "code", parts.items, &parts.component, &component);
	if (result >= 0)
		result = read_list(l, j, "parts", read_evaluation_part, &parts);
	if (result >= 0)
		close_component(l, component);
	return result;
}

static int read_bands_name(struct reader *r, const struct json *j, const struct ruleset *set, const struct bands **ret)
{
	struct text name;
	int result = reader_string(r, j, "bands", REQUIRED, &name);
	*ret = NULL;
	for (size_t i = 0; i < set->n_bands && result >= 0; i++)
		if (text_equal(set->bands[i].name, name))
			*ret = &set->bands[i];
	if (result < 0 || *ret)
		return result;
	reader_enter(r, ".bands");
	return reader_bad(r, "there are no bands of that name under $.bands");
}

static int read_evaluation(struct layout *l, const struct json *j, const struct ruleset *set, struct scorecard *card)
{
	static const char *const known[] = {"id", "name", "basis", "code", "bands", "components", NULL};
	struct place place = {0};
	struct text code;
	size_t component;
	int result = reader_check_keys(l->reader, j, known);
	if (result >= 0)
		result = read_code(l, j, "code", &code);
	if (result >= 0)
		result = read_bands_name(l->reader, j, set, &card->bands);
	if (result >= 0)
		result = open_component(l, TEXT_NONE, "code", code, &place.component, &component);
	if (result >= 0)
		result = read_list(l, j, "components", read_evaluation_component, &place);
	if (result >= 0)
		close_component(l, component);
	return result;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------------------- */

/* How many values stand in the text: more than it has leaves, items and components. */
static size_t count_values(const struct json *j)
{
	size_t n = 1;
	void *it = NULL;
	struct text key;
	const struct json *value;
	if (json_kind(j) == NODE_ARRAY)
		for (size_t i = 0; i < json_size(j); i++)
			n += count_values(json_at(j, i));
	while (json_next(j, &it, &key, &value))
		n += count_values(value);
	return n;
}

static int by_name(const void *a, const void *b)
{
	const struct score_item *x = a, *y = b;
	return text_compare(x->name, y->name);
}

static int lay_out(struct reader *r, const struct json *j, const struct ruleset *set, struct scorecard *card)
{
	size_t room = count_values(j) + COUNT(usual_gates);
	struct layout l = {.reader = r};
	l.leaves = reader_take(r, room, sizeof *l.leaves);
	l.items = reader_take(r, room, sizeof *l.items);
	l.components = reader_take(r, room, sizeof *l.components);
	l.rules = reader_take(r, room, sizeof *l.rules);
	if (!l.leaves || !l.items || !l.components || !l.rules)
		return -ENOMEM;
	int result = json_get(j, "components") ? read_evaluation(&l, j, set, card) : read_integrity_zone(&l, j, card);
	if (result < 0)
		return result;
	qsort(l.items, l.n_items, sizeof *l.items, by_name);
	card->leaves = l.leaves;
	card->n_leaves = l.n_leaves;
	card->items = l.items;
	card->n_items = l.n_items;
	card->components = l.components;
	card->n_components = l.n_components;
	return 0;
}

static int read_scorecard(struct reader *r, const struct json *j, const struct ruleset *set, const struct scorecard *list, size_t n, struct scorecard *card)
{
	struct text name, basis;
	int result = reader_expect(r, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_string(r, j, "id", REQUIRED, &card->id);
	if (result >= 0)
		result = reader_string(r, j, "name", OPTIONAL, &name);
	if (result >= 0)
		result = reader_string(r, j, "basis", OPTIONAL, &basis);
	if (result < 0)
		return result;
	for (size_t i = 0; i < n; i++)
		if (text_equal(list[i].id, card->id))
			return reader_bad(r, "id: %.*s stands at [%zu] already", TEXT_ARG(card->id), i);
	return lay_out(r, j, set, card);
}

int read_scorecards(struct reader *r, const struct json *j, struct ruleset *set)
{
	size_t n = json_size(j);
	struct scorecard *list = reader_take(r, n, sizeof *list);
	if (!list)
		return -ENOMEM;
	int result = reader_expect(r, j, NODE_ARRAY, "a list of scorecards");
	for (size_t i = 0; i < n && result >= 0; i++) {
		size_t at = reader_enter(r, "[%zu]", i);
		result = read_scorecard(r, json_at(j, i), set, list, i, &list[i]);
		if (result >= 0)
			reader_leave(r, at);
	}
	set->scorecards = list;
	set->n_scorecards = n;
	return result;
}
