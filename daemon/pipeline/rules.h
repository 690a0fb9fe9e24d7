// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What the configuration says figures depend on, loaded: zone, calendar, rulesets. Units come from the store. */
#include "common/config.h"
#include "daemon/decode/ruleset.h"
#include "daemon/record/basis.h"

#define RULES_DIGEST_SIZE 33

struct rules {
	struct zone *zone;
	struct calendar *calendar;
	struct rulesets rulesets;
	struct basis basis;		/* of the above; without units */
	char digest[RULES_DIGEST_SIZE]; /* of all that contributions depend on */
};

/* Reads the files, or what is built in where the configuration names none. 0, -EINVAL with file and place, -ENOMEM. */
int rules_load(const struct config *c, struct rules *ret_rules, struct error *err);
void rules_deinit(struct rules *r);
