// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* The tables of scorecards, predicates, their gaps, and evaluations. */
#include "daemon/verbs/tables.h"

/* From the ledger's answers and the measures that follow from it. 0, -ENOMEM, -ERANGE. */
int make_scores(struct tables *all, const struct ledger *l, const struct measure_row *rows, size_t n_rows, day_number as_of);
