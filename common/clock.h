// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Time as the pipeline sees it; tests replace this file at link time. */
#include "common/civil.h"

/* Wall clock, for stamps and for "today". */
instant clock_wall(void);
/* Never steps back; microseconds since some start. For waits and rates. */
int64_t clock_monotonic(void);
void clock_sleep(int64_t microseconds);
