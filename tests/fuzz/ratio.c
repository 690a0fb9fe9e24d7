// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Three decimals as 16 bytes each and a number of digits: their ratio is what the fractions of GMP, rounded half away from zero, say it is. */
#include <errno.h>
#include <gmp.h>

#include "common/decimal.h"
#include "fuzz.h"

static void set(mpz_t z, __int128 v)
{
	unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	mpz_import(z, 1, -1, sizeof u, 0, 0, &u);
	if (v < 0)
		mpz_neg(z, z);
}

/* round(n × scale / (d × step)) × step in millionths, where step is what one of the last wanted digit counts. */
static void divide(mpz_t ret, const decimal v[3], unsigned long step)
{
	mpz_t n, d, s;
	mpz_inits(n, d, s, NULL);
	set(n, v[0].micro);
	set(d, v[1].micro);
	set(s, v[2].micro);
	mpz_mul(n, n, s);
	mpz_mul_ui(d, d, step);
	bool negative = mpz_sgn(n) * mpz_sgn(d) < 0;
	mpz_abs(n, n);
	mpz_abs(d, d);
	mpz_mul_ui(n, n, 2);
	mpz_add(n, n, d);
	mpz_mul_ui(d, d, 2);
	mpz_fdiv_q(ret, n, d);
	mpz_mul_ui(ret, ret, step);
	if (negative)
		mpz_neg(ret, ret);
	mpz_clears(n, d, s, NULL);
}

void target(struct text input)
{
	static const unsigned long steps[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
	decimal v[3] = {{0}}, got = {0};
	if (!input.n)
		return;
	unsigned digits = (unsigned char)*input.p % 7;
	memcpy(v, input.p + 1, input.n - 1 < sizeof v ? input.n - 1 : sizeof v);
	int r = decimal_ratio(v[0], v[1], v[2], digits, &got);
	HOLDS((r == DECIMAL_UNDEFINED) == (v[1].micro == 0));
	if (r == DECIMAL_UNDEFINED)
		return;
	mpz_t want, z;
	mpz_inits(want, z, NULL);
	divide(want, v, steps[digits]);
	HOLDS(r == (mpz_sizeinbase(want, 2) > 127 ? -ERANGE : 0), "%d", r);
	if (r == 0) {
		set(z, got.micro);
		HOLDS(mpz_cmp(want, z) == 0);
	}
	mpz_clears(want, z, NULL);
}
