// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Exact decimals: a 128-bit count of millionths, which holds every decimal of the contract (18 digits before the point, six behind) and sums
 * of 10^14 of them. No binary floating point anywhere.
 */
#include "common/text.h"

typedef struct {
	__int128 micro; /* value × 10^6 */
} decimal;

#define DECIMAL_ONE INT64_C(1000000)
#define DECIMAL_MAX ((__int128)1000000000000000000 * DECIMAL_ONE - 1) /* the millionths of the largest decimal that can be written so */
#define DECIMAL_TEXT_MAX 48

static inline decimal decimal_of(int64_t n)
{
	return (decimal){(__int128)n * DECIMAL_ONE};
}

static inline int decimal_compare(decimal a, decimal b)
{
	return (a.micro > b.micro) - (a.micro < b.micro);
}

/* `^-?[0-9]{1,18}(\.[0-9]{1,6})?$` (semantics §1.2). 0 or -EINVAL; *ret untouched on failure. */
int decimal_parse(struct text t, decimal *ret);

/*
 * A JSON number token (RFC 8259 grammar, already checked) of at most 15 significant digits of the coefficient (leading and trailing zeros not counted)
 * whose value fits decimal_parse's form: "12.50", "5e-1", "1.2E3". 0, or -EINVAL when it has more digits or does not fit.
 */
int decimal_parse_json(struct text t, decimal *ret);

/*
 * A JSON number token of integral value: "5", "5.0", "5e0", "-3", "1200e-2". 0, or -EINVAL when not integral, or outside int64.
 */
int integer_parse_json(struct text t, int64_t *ret);

/* Shortest exact form: "12", "-0.5", "97.894737". Returns the length written (no NUL), at most DECIMAL_TEXT_MAX. */
size_t decimal_format(decimal d, char *out);

/*
 * numerator / denominator × scale, rounded half away from zero to `digits` (0..6) decimals, exact whatever the operands (arbitrary precision inside).
 * 0; 1 = DECIMAL_UNDEFINED when the denominator is 0; -ERANGE when the result does not fit a decimal.
 */
#define DECIMAL_UNDEFINED 1
int decimal_ratio(decimal numerator, decimal denominator, decimal scale, unsigned digits, decimal *ret);
