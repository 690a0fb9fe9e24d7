// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* All that a figure depends on besides events: zone, calendar, rulesets, unit register (semantics.md, first paragraph). Borrowed pointers. */
#include "common/calendar.h"
#include "common/zone.h"
#include "daemon/record/ruleset.h"
#include "daemon/record/units.h"

struct basis {
	const struct zone *zone;
	const struct calendar *calendar;
	const struct rulesets *rulesets;
	const struct units *units;
};
