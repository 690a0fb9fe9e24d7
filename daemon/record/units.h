// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The unit register (semantics §5, §9): who exists, who is whose parent, who succeeds whom.
 */
#include "common/arena.h"
#include "common/civil.h"
#include "common/error.h"
#include "common/map.h"

#define UNIT_NONE UINT32_MAX

struct unit {
	struct text code, name, kind;	      /* kind absent: not said */
	struct text parent_code, successor_code; /* absent: none */
	uint32_t parent, successor;	 /* indexes of those, once linked; UNIT_NONE: none */
	day_number valid_from, valid_to; /* inclusive; DAY_NONE: no bound */
	int32_t id;			 /* the store's surrogate; 0 before it is stored */
	unsigned line;			 /* in the file applied last; 0: not in it */
};

struct units {
	struct unit *all; /* in order of code once linked */
	size_t n, size;
	struct map index; /* code → struct unit index + 1 */
	struct arena *arena;
	int64_t version; /* the store's; changes with every change of the register */
};

int units_init(struct units *u); /* 0, -ENOMEM */
void units_deinit(struct units *u);

/* The unit's index, or UNIT_NONE. */
uint32_t units_find(const struct units *u, struct text code);
/* True when the string has the form of a unit code (semantics §1.2). */
bool unit_code_valid(struct text t);

/*
 * Applies a register file (CSV, semantics §9) to u: rows are inserted or replace those of the same code, others stay. Refused as a whole: -EINVAL with file:line, u is then
 * unusable but for units_deinit. *ret_n: rows in the file.
 */
int units_apply_csv(struct units *u, const char *name, struct text csv, size_t *ret_n, struct error *err);

/*
 * Adds one unit by codes; call units_link when all are there. parent, successor absent: none. 0, -EINVAL for a duplicate, -ENOMEM. The strings are copied.
 */
int units_add(struct units *u, int32_t id, struct text code, struct text name, struct text kind, struct text parent, day_number valid_from, day_number valid_to,
	      struct text successor);
/* Sorts by code and finds parents and successors. -EINVAL for an unknown one or a cycle. */
int units_link(struct units *u, struct error *err);

/* attribute(unit, day) of §5: follows successors while the day is past valid_to. */
uint32_t units_attribute(const struct units *u, uint32_t unit, day_number day);
bool units_valid_on(const struct units *u, uint32_t unit, day_number day);
