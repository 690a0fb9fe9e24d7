// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A named time zone ("Asia/Jakarta"): maps an instant to the calendar day it falls on. The zone's rules come from the system's zone database, once, when
 * the zone is made; afterwards look-ups are pure, thread-safe and fast.
 */
#include "common/civil.h"
#include "common/error.h"

struct zone;

/*
 * 0; -EINVAL when the system knows no such zone (message names it and the remedy); -ENOMEM. For a moment the environment's TZ is another: call it while no
 * other thread runs that might read the environment.
 */
int zone_new(const char *name, struct zone **ret_zone, struct error *err);
struct zone *zone_free(struct zone *z);
const char *zone_name(const struct zone *z);
/* Calendar day of the instant in the zone (1899–2200). */
day_number zone_day(const struct zone *z, instant t);
