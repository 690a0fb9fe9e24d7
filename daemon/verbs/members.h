// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Members of a JSON object, as verbs print them: appended to a buffer that ends within the object; an absent value is null. */
#include "common/text.h"

void put_string(struct buffer *b, const char *name, struct text value);
/* A number as it was written. */
void put_number(struct buffer *b, const char *name, struct text value);
/* The name and its colon, for a value of another kind. */
void put_name(struct buffer *b, const char *name);
