// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The larger sections of a ruleset file (semantics §9), each in a file of its name; the bands must be read before the indicators and scorecards that name them.
 */
#include "daemon/decode/reader.h"

/* Each reads the value of its key, which is not null, into the set. Everything is the reader's arena's. 0; -EINVAL with file, path and remedy; -ENOMEM. */
int read_deadlines(struct reader *r, const struct json *j, struct ruleset *set);
int read_bands(struct reader *r, const struct json *j, struct ruleset *set);
int read_indicators(struct reader *r, const struct json *j, struct ruleset *set);
/* To the flat form of record/scorecard.h (semantics §10). */
int read_scorecards(struct reader *r, const struct json *j, struct ruleset *set);
