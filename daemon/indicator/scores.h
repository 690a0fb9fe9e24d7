// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* The scores of one unit's year, from what was answered and what was measured; fractions stay exact until a score is shown. */
#include "daemon/indicator/measured.h"

/*
 * A row for each component of the scorecard m->of.card, in its order; rows has room for them. chosen: by item, the answer that counts; NULL: nobody answered.
 * 0, -ENOMEM.
 */
int score_components(const struct measuring *m, const struct assessment *const *chosen, struct arena *scratch, struct score_row *rows);
