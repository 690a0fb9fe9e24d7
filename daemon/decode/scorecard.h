// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* The section "scorecards" of a ruleset file (semantics §9, §10): from its tree to the flat form of record/scorecard.h. */
#include "daemon/decode/reader.h"

/* The file's bands must have been read. Everything is the reader's arena's. 0; -EINVAL with file, path and remedy; -ENOMEM. */
int read_scorecards(struct reader *r, const struct json *j, struct ruleset *set);
