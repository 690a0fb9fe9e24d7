// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/layout.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

/* --- rules ----------------------------------------------------------------------------------------------------------------------------------- */

/* Under which key predicates set the rule's bound: one bound holds for all areas. */
static struct text rule_key(const struct score_rule *rule)
{
	return rule->percent ? TEXT("area_pct") : rule->name;
}

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

/* --- gates ----------------------------------------------------------------------------------------------------------------------------------- */

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
		if (!layout_is_code(gate))
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
static_assert(COUNT(usual_gates) == USUAL_GATES, "layout.h makes room for them");

/* Each gate is answered by an item of its own, which all predicates share. */
static int add_gate_items(struct layout *l, const struct predicate *p)
{
	int result = 0;
	for (size_t i = 0; i < p->n_gates && result >= 0; i++) {
		struct text name;
		result = layout_name(l, &name, "G.%.*s", TEXT_ARG(p->gates[i]));
		if (result >= 0 && !layout_find_item(l, name))
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
		p->n_gates = USUAL_GATES - !text_is(p->code, "WBBM");
	} else {
		size_t at = reader_enter(l->reader, ".gates");
		result = read_own_gates(l, gates, p);
		if (result >= 0)
			reader_leave(l->reader, at);
	}
	return result < 0 ? result : add_gate_items(l, p);
}

/* --- predicates ------------------------------------------------------------------------------------------------------------------------------ */

static int read_predicate(struct layout *l, const struct json *j, const struct predicate *list, size_t n, struct predicate *p)
{
	static const char *const known[] = {"code", "name", "rules", "gates", NULL};
	int result = layout_read_head(l, j, known, &p->code);
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

int read_predicates(struct layout *l, const struct json *object, struct scorecard *card)
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
