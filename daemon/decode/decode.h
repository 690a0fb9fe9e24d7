// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * From a record to an event: content mode, envelope, forbidden names, typed fields, in exactly the order of semantics.md §1. One strict pass over the
 * bytes, without a tree; everything borrowed from the record except what escapes force into the arena.
 */
#include "common/arena.h"
#include "daemon/record/batch.h"
#include "daemon/record/kind.h"

/*
 * Decodes item->record: sets reason, detail, event_type, event_id and (reason NONE) event; strings borrow from the record or the arena.
 * `forbidden`: normalised names → any non-NULL value (struct rulesets' union). 0, -ENOMEM.
 */
int decode_record(struct item *item, const struct map *forbidden, struct arena *arena);
