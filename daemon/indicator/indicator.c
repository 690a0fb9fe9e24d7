// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/indicator/indicator.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/indicator/curves.h"
#include "daemon/indicator/suppress.h"

/* The series that one part of an indicator adds up. */
struct part {
	uint32_t series[GRAIN_COUNT];
	size_t n;
};

/* The days that count for a period. */
struct windows {
	struct days figure, presence, before;
};

/* What stands in a unit's slot while one indicator and period is worked out. */
struct sums {
	decimal numerator, denominator;
};

struct work {
	const struct basis *basis;
	day_number as_of;
	int64_t threshold;
	struct curves curves;
	struct tree tree;
	struct arena *scratch, *arena;
	struct figure *figures; /* malloc'ed while it grows */
	size_t n, size;
	/* of the indicator and grain at hand */
	const struct ruleset *ruleset;
	const struct indicator *indicator;
	enum grain grain;
	struct part numerator, denominator, base, presence;
	day_number *starts; /* first days of the periods to look at; malloc'ed, kept */
	size_t n_starts, size_starts;
	/* of the period at hand, by slot */
	struct sums *sums;
	decimal *bases;
	enum mark *marks;
};

/* --- which series ---------------------------------------------------------------------------------------------------------------------------- */

static int add_series(const struct work *w, struct part *p, struct text measure, struct text dimension)
{
	uint32_t series;
	int r = curves_find(&w->curves, measure, dimension, &series);
	if (r >= 0 && series != SERIES_NONE)
		p->series[p->n++] = series;
	return r;
}

/* "exact" adds up what was reported for that very period, "nested" also what was reported for finer ones: the grain is the dimension. */
static int find_part(const struct work *w, const struct measure_ref *ref, struct part *p)
{
	p->n = 0;
	if (!ref->measure.p)
		return 0;
	if (w->indicator->over != OVER_EXACT && w->indicator->over != OVER_NESTED)
		return add_series(w, p, ref->measure, ref->dimension);
	struct buffer dimension = {0};
	int r = 0;
	for (int g = w->indicator->over == OVER_EXACT ? (int)w->grain : 0; g <= (int)w->grain && r >= 0; g++) {
		buffer_clear(&dimension);
		buffer_printf(&dimension, "grain=%s", grain_name((enum grain)g));
		r = dimension.failed ? -ENOMEM : add_series(w, p, ref->measure, buffer_view(&dimension));
	}
	buffer_deinit(&dimension);
	return r;
}

static int find_parts(struct work *w)
{
	const struct indicator *i = w->indicator;
	int r = find_part(w, &i->numerator, &w->numerator);
	if (r >= 0)
		r = find_part(w, &i->denominator, &w->denominator);
	if (r >= 0)
		r = find_part(w, &i->base, &w->base);
	return r < 0 ? r : find_part(w, &i->presence, &w->presence);
}

/* --- which periods --------------------------------------------------------------------------------------------------------------------------- */

static int add_start(struct work *w, day_number first)
{
	if (w->n_starts && w->starts[w->n_starts - 1] == first)
		return 0;
	if (w->n_starts == w->size_starts) {
		size_t size = w->size_starts ? 2 * w->size_starts : 256;
		day_number *starts = realloc(w->starts, size * sizeof *starts);
		if (!starts)
			return -ENOMEM;
		w->starts = starts;
		w->size_starts = size;
	}
	w->starts[w->n_starts++] = first;
	return 0;
}

/* Periods in which the part changes anywhere; of a stock, all from its first change to the as-of day. */
static int add_part_starts(struct work *w, const struct part *p)
{
	int r = 0;
	for (size_t s = 0; s < p->n && r >= 0; s++) {
		const struct curve *region = curves_at(&w->curves, p->series[s], w->curves.slots - 1);
		if (w->indicator->over != OVER_STOCK)
			for (size_t i = 0; i < region->n && r >= 0; i++)
				r = add_start(w, period_of(w->grain, region->points[i].day).first);
		else
			for (day_number d = period_of(w->grain, region->points[0].day).first; d <= w->as_of && r >= 0; d = period_of(w->grain, d).last + 1)
				r = add_start(w, d);
	}
	return r;
}

static int by_day(const void *a, const void *b)
{
	day_number x = *(const day_number *)a, y = *(const day_number *)b;
	return (x > y) - (x < y);
}

static int find_starts(struct work *w)
{
	w->n_starts = 0;
	int r = add_part_starts(w, &w->numerator);
	if (r >= 0)
		r = add_part_starts(w, &w->denominator);
	if (r >= 0)
		r = add_part_starts(w, &w->presence);
	if (r < 0)
		return r;
	if (w->n_starts)
		qsort(w->starts, w->n_starts, sizeof *w->starts, by_day);
	size_t n = 0;
	for (size_t i = 0; i < w->n_starts; i++)
		if (!n || w->starts[n - 1] != w->starts[i])
			w->starts[n++] = w->starts[i];
	w->n_starts = n;
	return 0;
}

/* semantics §5. An ISO week belongs to the year of its Thursday. */
static struct windows windows_of(const struct work *w, struct period p)
{
	struct windows x = {{p.first, p.last}, {p.first, p.last}, {0}};
	struct period before = period_of(p.grain, p.first - 1);
	x.before = (struct days){before.first, before.last};
	switch (w->indicator->over) {
	case OVER_DUE:
		x.figure.last = p.last < w->as_of ? p.last : w->as_of - 1;
		x.presence = x.figure;
		break;
	case OVER_STOCK:
		x.figure = (struct days){DAY_NONE, p.last < w->as_of ? p.last : w->as_of};
		x.presence = x.figure;
		break;
	case OVER_YTD:
		x.figure.first = period_of(GRAIN_YEAR, p.grain == GRAIN_WEEK ? p.first + 3 : p.first).first;
		break;
	case OVER_PERIOD:
	case OVER_EXACT:
	case OVER_NESTED:
		break;
	}
	return x;
}

/* --- figures --------------------------------------------------------------------------------------------------------------------------------- */

static decimal sum(const struct work *w, const struct part *p, size_t slot, struct days days)
{
	decimal total = decimal_of(0);
	for (size_t i = 0; i < p->n; i++)
		total.micro += curve_sum(curves_at(&w->curves, p->series[i], slot), days).micro;
	return total;
}

static bool has_denominator(const struct indicator *i)
{
	return i->denominator.measure.p || i->reduction;
}

/* The sums of a unit and all below it, and whether they make a row. */
static bool add_up(const struct work *w, size_t slot, const struct windows *x, struct sums *s, decimal *base)
{
	const struct indicator *i = w->indicator;
	bool present = sum(w, &w->presence, slot, x->presence).micro != 0;
	s->numerator = sum(w, &w->numerator, slot, x->figure);
	s->denominator = sum(w, &w->denominator, slot, x->figure);
	if (i->reduction) {
		s->denominator = sum(w, &w->numerator, slot, x->before);
		__int128 less = s->denominator.micro - s->numerator.micro;
		s->numerator.micro = less > 0 ? less : 0;
	}
	bool of_denominator = has_denominator(i) && i->over != OVER_STOCK;
	*base = i->base.measure.p ? sum(w, &w->base, slot, x->figure) : of_denominator ? s->denominator : s->numerator;
	if (i->reduction || i->over == OVER_YTD)
		return present;
	return present || s->numerator.micro || s->denominator.micro;
}

static int value_of(const struct rulesets *rules, struct figure *f)
{
	const struct indicator *i = f->indicator;
	int r = 0;
	if (f->has_denominator)
		r = decimal_ratio(f->numerator, f->denominator, i->scale, 2, &f->value);
	else
		f->value = f->numerator;
	if (r < 0)
		return r;
	f->has_value = r != DECIMAL_UNDEFINED;
	f->state = f->has_value ? FIGURE_VALUE : FIGURE_NO_DENOMINATOR;
	if (f->has_value && i->bands.p)
		f->band = bands_judge(rulesets_bands_on(rules, i->bands, f->period.last), f->value);
	return 0;
}

static struct figure *new_figure(struct work *w)
{
	if (w->n == w->size) {
		size_t size = w->size ? 2 * w->size : 1024;
		struct figure *figures = realloc(w->figures, size * sizeof *figures);
		if (!figures)
			return NULL;
		w->figures = figures;
		w->size = size;
	}
	return &w->figures[w->n++];
}

static int put_figure(struct work *w, struct period p, size_t slot)
{
	struct figure *f = new_figure(w);
	if (!f)
		return -ENOMEM;
	*f = (struct figure){.unit = slot == w->curves.slots - 1 ? UNIT_NONE : (uint32_t)slot, .indicator = w->indicator, .ruleset = w->ruleset, .period = p};
	if (w->marks[slot] != MARK_PUBLISHED) {
		f->state = FIGURE_SUPPRESSED;
		return 0;
	}
	f->has_denominator = has_denominator(w->indicator);
	f->numerator = w->sums[slot].numerator;
	f->denominator = w->sums[slot].denominator;
	return value_of(w->basis->rulesets, f);
}

/* One indicator and period, all units. */
static int work_out(struct work *w, struct period p)
{
	struct windows x = windows_of(w, p);
	int r = 0;
	for (size_t slot = 0; slot < w->curves.slots; slot++)
		w->marks[slot] = add_up(w, slot, &x, &w->sums[slot], &w->bases[slot]) ? MARK_PUBLISHED : MARK_NONE;
	if (w->indicator->suppress && w->threshold > 0)
		suppress(&w->tree, w->bases, w->threshold, w->marks);
	for (size_t slot = 0; slot < w->curves.slots && r >= 0; slot++)
		if (w->marks[slot] != MARK_NONE)
			r = put_figure(w, p, slot);
	return r;
}

/* Which indicators there are is decided by the period's last day. */
static int each_period(struct work *w)
{
	int r = find_parts(w);
	if (r >= 0)
		r = find_starts(w);
	for (size_t i = 0; i < w->n_starts && r >= 0; i++) {
		struct period p = period_of(w->grain, w->starts[i]);
		if (rulesets_indicators_on(w->basis->rulesets, p.last) == w->ruleset)
			r = work_out(w, p);
	}
	return r;
}

static int each_indicator(struct work *w)
{
	int r = 0;
	for (size_t set = 0; set < w->basis->rulesets->n; set++) {
		w->ruleset = &w->basis->rulesets->all[set];
		for (size_t i = 0; i < w->ruleset->n_indicators; i++) {
			w->indicator = &w->ruleset->indicators[i];
			for (unsigned g = 0; g < GRAIN_COUNT && r >= 0; g++) {
				w->grain = (enum grain)g;
				if (w->indicator->grains >> g & 1)
					r = each_period(w);
			}
		}
	}
	return r;
}

static int by_unit_indicator_period(const void *a, const void *b)
{
	const struct figure *x = a, *y = b;
	if (x->unit != y->unit)
		return x->unit + 1 < y->unit + 1 ? -1 : 1; /* UNIT_NONE + 1 is 0: the region is first; units stand in order of code */
	int c = text_compare(x->indicator->code, y->indicator->code);
	if (!c)
		c = (x->period.grain > y->period.grain) - (x->period.grain < y->period.grain);
	return c ? c : by_day(&x->period.first, &y->period.first);
}

static int hand_over(struct work *w, struct figure **ret_figures, size_t *ret_n)
{
	struct figure *figures = arena_alloc(w->arena, (w->n + 1) * sizeof *figures);
	if (!figures)
		return -ENOMEM;
	if (w->n) {
		qsort(w->figures, w->n, sizeof *w->figures, by_unit_indicator_period);
		memcpy(figures, w->figures, w->n * sizeof *figures);
	}
	*ret_figures = figures;
	*ret_n = w->n;
	return 0;
}

static int prepare(struct work *w, const struct measure_row *rows, size_t n)
{
	w->scratch = arena_new(1 << 16);
	if (!w->scratch)
		return -ENOMEM;
	int r = curves_init(&w->curves, w->basis->units, rows, n, w->scratch);
	if (r >= 0)
		r = tree_init(&w->tree, w->basis->units, w->scratch);
	if (r < 0)
		return r;
	w->sums = arena_alloc(w->scratch, w->curves.slots * sizeof *w->sums);
	w->bases = arena_alloc(w->scratch, w->curves.slots * sizeof *w->bases);
	w->marks = arena_alloc(w->scratch, w->curves.slots * sizeof *w->marks);
	return w->sums && w->bases && w->marks ? 0 : -ENOMEM;
}

int indicators(const struct basis *b, const struct measure_row *rows, size_t n, day_number as_of, int64_t suppression_threshold, struct arena *arena,
	       struct figure **ret_figures, size_t *ret_n)
{
	struct work w = {.basis = b, .as_of = as_of, .threshold = suppression_threshold, .arena = arena};
	int r = prepare(&w, rows, n);
	if (r >= 0)
		r = each_indicator(&w);
	if (r >= 0)
		r = hand_over(&w, ret_figures, ret_n);
	curves_deinit(&w.curves);
	arena_free(w.scratch);
	free(w.figures);
	free(w.starts);
	return r;
}
