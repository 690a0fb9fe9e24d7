// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Precedence (semantics §2): which of two events for one place is the one that counts. Each returns <0, 0 or >0; the greater has precedence. */
#include "daemon/record/kind.h"

/* Two field lists of one type: data fields in contract order, by value (empty < present); those held by the key are the same for both. */
int fields_compare(const struct event_type *t, const struct value *a, const struct value *b);
/* Their revisions; 0 when the type has none. */
int revisions_compare(const struct event_type *t, const struct value *a, const struct value *b);
/* Two members of one time: the larger id, then the larger fields. */
int ties_compare(const struct event_type *t, const struct member *a, const struct member *b);
/* Two members of one type: the higher revision, then the later time, then as ties. */
int member_compare(const struct event_type *t, const struct member *a, const struct member *b);
