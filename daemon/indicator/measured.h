// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What the measures tell about a unit's year, for the items of its scorecard that are measured (semantics §10). */
#include "daemon/indicator/curves.h"
#include "daemon/indicator/scorecard.h"

/* A value from 0 to 1: n / d, but 0 where that lies below and 1 where it lies above. d 0: there is no value. */
struct share {
	decimal n, d;
};

/* How far it went down from what was before; where nothing was before, zero_violations is the value of nothing now. */
struct share share_reduced(decimal now, decimal before, decimal zero_violations);

struct measuring {
	const struct curves *curves;
	day_number as_of;
	struct scored of; /* with all units below it */
};

/* The value by that method; none where the measures do not tell, and for MEASURED_NOT. 0, -ENOMEM. */
int measured_value(const struct measuring *m, enum measured method, struct share *ret);
