// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/layout.h"

#include <stdarg.h>
#include <stdio.h>

/* --- codes, names, lists --------------------------------------------------------------------------------------------------------------------- */

int layout_name(struct layout *l, struct text *ret, const char *format, ...)
{
	char name[NAME_BYTES];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(name, sizeof name, format, ap);
	va_end(ap);
	return reader_copy(l->reader, (struct text){name, (size_t)n < sizeof name ? (size_t)n : sizeof name - 1}, ret);
}

bool layout_is_code(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return t.n > 0 && t.n <= CODE_MAX;
}

int layout_read_code(struct layout *l, const struct json *j, const char *key, struct text *ret)
{
	int result = reader_string(l->reader, j, key, REQUIRED, ret);
	if (result < 0 || layout_is_code(*ret))
		return result;
	reader_enter(l->reader, ".%s", key);
	return reader_bad(l->reader, "must be a code of 1 to %d characters of A-Z, a-z, 0-9 and _", CODE_MAX);
}

int layout_read_head(struct layout *l, const struct json *j, const char *const *known, struct text *ret_code)
{
	struct text name;
	int result = reader_expect(l->reader, j, NODE_OBJECT, "an object");
	if (result >= 0)
		result = reader_check_keys(l->reader, j, known);
	if (result >= 0)
		result = layout_read_code(l, j, known[0], ret_code);
	return result < 0 ? result : reader_string(l->reader, j, "name", OPTIONAL, &name);
}

int layout_read_list(struct layout *l, const struct json *object, const char *key, layout_element *read, const struct place *place)
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

int layout_open(struct layout *l, struct text above, const char *key, struct text code, struct text *ret_name, size_t *ret)
{
	int result = layout_name(l, ret_name, "%.*s%s%.*s", TEXT_ARG(above), above.p ? "." : "", TEXT_ARG(code));
	if (result < 0)
		return result;
	if (component_known(l, *ret_name))
		return reader_bad(l->reader, "%s: %.*s stands there already", key, TEXT_ARG(code));
	*ret = l->n_components++;
	l->components[*ret] = (struct score_component){.name = *ret_name, .first = (uint32_t)l->n_leaves};
	return 0;
}

void layout_close(struct layout *l, size_t component)
{
	struct score_component *c = &l->components[component];
	c->n = (uint32_t)l->n_leaves - c->first;
}

struct score_item *layout_find_item(struct layout *l, struct text name)
{
	for (size_t i = 0; i < l->n_items; i++)
		if (text_equal(l->items[i].name, name))
			return &l->items[i];
	return NULL;
}

void layout_add_item(struct layout *l, struct text name, enum scale scale)
{
	l->items[l->n_items++] = (struct score_item){.name = name, .scale = scale, .leaf = (uint32_t)l->n_leaves - 1};
}

int layout_add_leaf(struct layout *l, const struct json *j, const struct place *place, const char *key, struct text code, size_t *ret_component)
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
	result = layout_open(l, place->component, key, code, &name, ret_component);
	if (result < 0)
		return result;
	l->leaves[l->n_leaves++] = (struct score_leaf){.component = name, .weight = weight};
	layout_close(l, *ret_component);
	return 0;
}
