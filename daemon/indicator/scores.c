// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/indicator/scores.h"

#include <errno.h>
#include <gmp.h>

/* What a leaf comes to. */
struct sum {
	mpq_t exact;     /* weight × mean of its items */
	decimal rounded; /* to two decimals */
	bool present;    /* some item has a value */
};

/* --- fractions ------------------------------------------------------------------------------------------------------------------------------- */

static void set_decimal(mpq_t q, decimal d)
{
	unsigned __int128 v = d.micro < 0 ? -(unsigned __int128)d.micro : (unsigned __int128)d.micro;
	const uint64_t words[] = {(uint64_t)v, (uint64_t)(v >> 64)};
	mpz_import(mpq_numref(q), 2, -1, sizeof *words, 0, 0, words);
	if (d.micro < 0)
		mpz_neg(mpq_numref(q), mpq_numref(q));
	mpz_set_si(mpq_denref(q), (long)DECIMAL_ONE);
	mpq_canonicalize(q);
}

/* q × scale to two decimals, half up; q is not negative. */
static decimal round2(const mpq_t q, unsigned long scale)
{
	uint64_t words[2] = {0, 0};
	mpz_t n;
	mpz_init(n);
	mpz_mul_ui(n, mpq_numref(q), 2 * 100 * scale);
	mpz_add(n, n, mpq_denref(q));
	mpz_fdiv_q(n, n, mpq_denref(q));
	mpz_fdiv_q_2exp(n, n, 1);
	mpz_export(words, NULL, -1, sizeof *words, 0, 0, n);
	mpz_clear(n);
	return (decimal){(__int128)((unsigned __int128)words[1] << 64 | words[0]) * (DECIMAL_ONE / 100)};
}

/* The share has a value. */
static void set_share(mpq_t q, const struct share *share)
{
	mpq_t divisor;
	mpq_init(divisor);
	set_decimal(q, share->n);
	set_decimal(divisor, share->d);
	mpq_div(q, q, divisor);
	mpq_clear(divisor);
	if (mpq_sgn(q) < 0)
		mpq_set_ui(q, 0, 1);
	else if (mpq_cmp_ui(q, 1, 1) > 0)
		mpq_set_ui(q, 1, 1);
}

/* --- values of items ------------------------------------------------------------------------------------------------------------------------- */

/* The value of the answer, or none. */
static struct share answer_value(const struct assessment *a, enum scale scale, decimal zero_violations)
{
	if (scale_is_ratio(scale) && !a->has_ratio)
		return (struct share){0};
	if (scale == SCALE_REDUCTION)
		return share_reduced(a->numerator, a->denominator, zero_violations);
	if (scale_is_ratio(scale))
		return (struct share){a->numerator, a->denominator};
	int hundredths = scale_worth(scale, a->answer);
	return hundredths >= 0 ? (struct share){decimal_of(hundredths), decimal_of(100)} : (struct share){0};
}

/* What is measured comes before what was answered. */
static int item_value(const struct measuring *m, const struct score_item *item, const struct assessment *answer, struct share *ret)
{
	int r = measured_value(m, item->measured, ret);
	if (r >= 0 && !ret->d.micro && answer)
		*ret = answer_value(answer, item->scale, m->of.card->zero_violations);
	return r;
}

/* Adds the items' values up, leaf by leaf. */
static int add_items(const struct measuring *m, const struct assessment *const *chosen, struct sum *leaves, unsigned *counts)
{
	mpq_t value;
	int r = 0;
	mpq_init(value);
	for (size_t i = 0; i < m->of.card->n_items && r >= 0; i++) {
		const struct score_item *item = &m->of.card->items[i];
		struct share share = {0};
		if (item->leaf != LEAF_NONE)
			r = item_value(m, item, chosen[i], &share);
		if (r < 0 || !share.d.micro)
			continue;
		set_share(value, &share);
		mpq_add(leaves[item->leaf].exact, leaves[item->leaf].exact, value);
		counts[item->leaf]++;
	}
	mpq_clear(value);
	return r;
}

/* --- leaves and components ------------------------------------------------------------------------------------------------------------------- */

static void finish_leaf(struct sum *leaf, decimal weight, unsigned items)
{
	mpq_t factor;
	leaf->present = items > 0;
	if (!items)
		return;
	mpq_init(factor);
	set_decimal(factor, weight);
	mpq_mul(leaf->exact, leaf->exact, factor);
	mpq_set_ui(factor, items, 1);
	mpq_div(leaf->exact, leaf->exact, factor);
	mpq_clear(factor);
	leaf->rounded = round2(leaf->exact, 1);
}

/* percent = 100 × unrounded sum / max_score */
static void score_component(const struct scored *of, const struct sum *leaves, const struct score_component *c, struct score_row *row)
{
	mpq_t sum, max;
	*row = (struct score_row){.of = *of, .component = c, .max_score = scorecard_max(of->card, c)};
	mpq_inits(sum, max, NULL);
	for (size_t i = c->first; i < c->first + c->n; i++) {
		row->has_score = row->has_score || leaves[i].present;
		row->score.micro += leaves[i].rounded.micro;
		mpq_add(sum, sum, leaves[i].exact);
	}
	if (row->has_score) {
		set_decimal(max, row->max_score);
		mpq_div(sum, sum, max);
		row->percent = round2(sum, 100);
	}
	mpq_clears(sum, max, NULL);
}

int score_components(const struct measuring *m, const struct assessment *const *chosen, struct arena *scratch, struct score_row *rows)
{
	const struct scorecard *card = m->of.card;
	unsigned *counts = arena_zalloc(scratch, (card->n_leaves + 1) * sizeof *counts);
	struct sum *leaves = arena_zalloc(scratch, (card->n_leaves + 1) * sizeof *leaves);
	if (!counts || !leaves)
		return -ENOMEM;
	for (size_t i = 0; i < card->n_leaves; i++)
		mpq_init(leaves[i].exact);
	int r = add_items(m, chosen, leaves, counts);
	for (size_t i = 0; i < card->n_leaves && r >= 0; i++)
		finish_leaf(&leaves[i], card->leaves[i].weight, counts[i]);
	for (size_t i = 0; i < card->n_components && r >= 0; i++)
		score_component(&m->of, leaves, &card->components[i], &rows[i]);
	for (size_t i = 0; i < card->n_leaves; i++)
		mpq_clear(leaves[i].exact);
	return r;
}
