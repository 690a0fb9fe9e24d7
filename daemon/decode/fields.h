// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* From the members of `data` to the typed fields of an event (semantics §1.2). */
#include "daemon/decode/tokenizer.h"
#include "daemon/record/event.h"

struct data_member {
	struct text key;
	struct token value;
};

/*
 * Reads the type's fields from the members into ret (t->n_fields of them). *ret_detail absent: all are well; else "data.FIELD: RULE" of the first, in the
 * order of the fields, that is not. 0, -ENOMEM.
 */
int fields_read(const struct event_type *t, const struct data_member *members, size_t n, struct arena *arena, struct value *ret, struct text *ret_detail);

/* A formatted text in the arena. 0, -ENOMEM. */
int arena_printf(struct arena *arena, struct text *ret, const char *format, ...) __attribute__((format(printf, 3, 4)));
