// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Reads rulesets from JSON (semantics §9). */
#include "common/error.h"
#include "daemon/record/ruleset.h"

/*
 * Adds a ruleset file's text to r (rulesets_init first). `name` stands in messages. Every mistake is -EINVAL with file, JSON path and remedy.
 */
int rulesets_init(struct rulesets *r);
void rulesets_deinit(struct rulesets *r);
int rulesets_add(struct rulesets *r, const char *name, struct text json, struct error *err);
/* Forbids the fields that this file's text forbids, and takes nothing else of it. */
int rulesets_forbid(struct rulesets *r, const char *name, struct text json, struct error *err);
/* After the last: bands that indicators name must be there; files with the same section may not overlap in validity. 0 or -EINVAL. */
int rulesets_check(struct rulesets *r, struct error *err);
