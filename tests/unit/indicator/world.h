// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Units, rules and measure rows made by hand, and figures asked for by name. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/indicator/indicator.h"

struct world {
	struct units units;
	struct ruleset sets[2];
	struct indicator indicators[2][16];
	struct rulesets rulesets;
	struct basis basis;
	struct measure_row rows[256];
	size_t n_rows;
	day_number as_of;
	int64_t threshold;
	struct arena *arena;
	struct figure *figures;
	size_t n_figures;
};

static inline day_number day(const char *s)
{
	day_number d;
	ck_assert_msg(date_parse(text_of(s), &d) == 0, "%s", s);
	return d;
}

static inline decimal number(const char *s)
{
	decimal d;
	ck_assert_msg(decimal_parse(text_of(s), &d) == 0, "%s", s);
	return d;
}

/* One ruleset without end, as of 31 December 2024, nothing suppressed. */
static inline void world_init(struct world *w)
{
	*w = (struct world){.as_of = day("2024-12-31")};
	ck_assert_int_eq(units_init(&w->units), 0);
	w->arena = arena_new(1 << 16);
	ck_assert_ptr_nonnull(w->arena);
	for (size_t i = 0; i < 2; i++)
		w->sets[i] = (struct ruleset){.id = i ? TEXT("second") : TEXT("first"), .valid_from = day("1900-01-01"), .valid_to = DAY_NONE,
					     .indicators = w->indicators[i]};
	w->rulesets = (struct rulesets){.all = w->sets, .n = 2};
	w->basis = (struct basis){.rulesets = &w->rulesets, .units = &w->units};
}

static inline void world_deinit(struct world *w)
{
	units_deinit(&w->units);
	arena_free(w->arena);
}

/* parent NULL: directly below the region */
static inline void world_unit(struct world *w, const char *code, const char *parent)
{
	ck_assert_int_eq(units_add(&w->units, 0, text_of(code), TEXT("Contoh"), TEXT_NONE, text_of(parent), DAY_NONE, DAY_NONE, TEXT_NONE), 0);
}

static inline void world_link(struct world *w)
{
	struct error err = {""};
	ck_assert_msg(units_link(&w->units, &err) == 0, "%s", err.text);
}

/* An indicator of the first (0) or second ruleset over all grains; its measures are named numerator, denominator … unless changed afterwards. */
static inline struct indicator *world_indicator(struct world *w, size_t set, const char *code, enum over over, bool ratio, const char *scale)
{
	struct indicator *i = &w->indicators[set][w->sets[set].n_indicators++];
	*i = (struct indicator){.code = text_of(code), .over = over, .scale = number(scale), .grains = (1u << GRAIN_COUNT) - 1};
	i->numerator = (struct measure_ref){TEXT("n"), TEXT("")};
	if (ratio)
		i->denominator = (struct measure_ref){TEXT("d"), TEXT("")};
	return i;
}

static inline void world_add(struct world *w, const char *unit, const char *date, const char *measure, const char *dimension, const char *value)
{
	uint32_t u = units_find(&w->units, text_of(unit));
	ck_assert_msg(u != UNIT_NONE, "%s", unit);
	w->rows[w->n_rows++] = (struct measure_row){u, day(date), text_of(measure), text_of(dimension), number(value)};
}

static inline void world_figures(struct world *w)
{
	ck_assert_int_eq(indicators(&w->basis, w->rows, w->n_rows, w->as_of, w->threshold, w->arena, &w->figures, &w->n_figures), 0);
}

/* The row of unit ("region") and period of the only indicator of that code; NULL: there is none. */
static inline const struct figure *world_find(const struct world *w, const char *unit, const char *code, const char *period)
{
	uint32_t u = !strcmp(unit, "region") ? UNIT_NONE : units_find(&w->units, text_of(unit));
	for (size_t i = 0; i < w->n_figures; i++) {
		char name[PERIOD_TEXT_SIZE];
		period_format(w->figures[i].period, name);
		if (w->figures[i].unit == u && text_is(w->figures[i].indicator->code, code) && !strcmp(name, period))
			return &w->figures[i];
	}
	return NULL;
}

/* The row as text: "7/2=3.5", "3", "1/0 no_denominator", "suppressed", with " BAND" behind; "none". */
static inline const char *world_show(const struct world *w, const char *unit, const char *code, const char *period)
{
	static char text[256];
	char n[DECIMAL_TEXT_MAX + 1], d[DECIMAL_TEXT_MAX + 1], v[DECIMAL_TEXT_MAX + 1];
	const struct figure *f = world_find(w, unit, code, period);
	if (!f)
		return "none";
	if (f->state == FIGURE_SUPPRESSED)
		return f->has_value || f->has_denominator || f->band.p || f->numerator.micro || f->denominator.micro ? "suppressed, yet told" : "suppressed";
	n[decimal_format(f->numerator, n)] = d[decimal_format(f->denominator, d)] = v[decimal_format(f->value, v)] = 0;
	if (!f->has_denominator)
		snprintf(text, sizeof text, "%s%s%.*s", v, f->band.p ? " " : "", TEXT_ARG(f->band));
	else if (f->state == FIGURE_NO_DENOMINATOR)
		snprintf(text, sizeof text, "%s/%s no_denominator", n, d);
	else
		snprintf(text, sizeof text, "%s/%s=%s%s%.*s", n, d, v, f->band.p ? " " : "", TEXT_ARG(f->band));
	return text;
}

#define assert_figure(w, unit, code, period, want) ck_assert_str_eq(world_show(w, unit, code, period), want)
