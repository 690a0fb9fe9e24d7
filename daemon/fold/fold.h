// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The fold, the same for every kind: state' = fold(state, event), where the state is the set of members that the kind's slots keep.
 * Because each slot keeps a function of the set of events, order and repetition cannot matter.
 */
#include "daemon/record/kind.h"
#include "daemon/record/record.h"

/* Outcomes */
#define FOLD_UNCHANGED 0
#define FOLD_CHANGED 1
#define FOLD_TOO_MANY 2 /* the entity already holds FACTS_MAX facts of this type; the state is unchanged */

/* Strings and fields are borrowed from the event, members grow in the arena. `from`: the event's record, NULL when it has none. FOLD_…, or -ENOMEM. */
int fold(const struct kind *k, struct state *s, const struct event *e, const struct record *from, struct arena *arena);

/* Whether the type has a field beyond the key. Without one, two events of one time are the same fact, whatever their ids. */
bool event_type_has_data(const struct event_type *t);

/*
 * Appends the entity's key: the key fields' strings, separated by U+001F (inside a part, U+001F and U+001E are preceded by U+001E). Of a kind by year the last part is
 * the period's year.
 */
void entity_key(const struct event *e, struct buffer *out);

/* Where two members stand in a state of the kind: <0, 0 (they compete for one place), >0. */
int places_compare(const struct kind *k, const struct member *a, const struct member *b);

/* The state as bytes and back. state_decode borrows strings from `bytes`. 0; -EINVAL when the bytes are not a state of this kind; -ENOMEM. */
void state_encode(const struct kind *k, const struct state *s, struct buffer *out);
int state_decode(const struct kind *k, struct text bytes, struct arena *arena, struct state *ret);
