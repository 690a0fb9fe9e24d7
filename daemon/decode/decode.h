// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * From a record to an event: content mode, envelope, forbidden names, typed fields, in exactly the order of semantics.md §1. One strict pass over the
 * bytes, without a tree; everything borrowed from the record except what escapes force into the arena.
 */
#include "common/arena.h"
#include "daemon/record/batch.h"
#include "daemon/record/forbidden.h"
#include "daemon/record/kind.h"

/*
 * Decodes item->record: sets reason, detail, event_type, event_id and (reason NONE) event; strings borrow from the record or the arena.
 * `forbidden`: those of all rulesets. 0, -ENOMEM.
 *
 * The detail is one line of UTF-8 for whoever has to mend the event: "time: not RFC 3339 …" (an attribute), "ce_id: header given twice" (binary mode),
 * "data.rating: must be an integer from 1 to 5", "data.tags[3].nik" (a path); a byte offset for not_json; absent where the reason says it all. It holds names of
 * keys, never a value. event_type and event_id are set as far as the checks of the envelope came, in the order of §1.1.
 */
int decode_record(struct item *item, const struct forbidden *forbidden, struct arena *arena);
