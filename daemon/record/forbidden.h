// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Names that no key in `data` may have, because they would hold personal data. Compared in their normal form: lower case, without _ - . and blanks. */
#include "common/map.h"

#define FORBIDDEN_MAX 256 /* bytes of a normal form; longer names are on no list */

struct forbidden {
	struct map names;  /* normal forms, borrowed → any non-NULL value */
	uint32_t ends[32]; /* by the last five bits of a name's first byte: a bit for each such of a last byte. They are the same for small and capital letters. */
};

void forbidden_init(struct forbidden *f, uint64_t seed);
void forbidden_deinit(struct forbidden *f);
/* A name in its normal form. 0, -ENOMEM. */
int forbidden_add(struct forbidden *f, struct text name);

/* The normal form, in `out`; absent when it is longer than `size`. */
struct text forbidden_normal(struct text name, char *out, size_t size);

static inline bool forbidden_separator(char c)
{
	return c == '_' || c == '-' || c == '.' || c == ' ';
}

/* False for almost every key of every event, after a look at its ends only: it is none of the names. */
static inline bool forbidden_likely(const struct forbidden *f, struct text key)
{
	if (!key.n)
		return false;
	char first = key.p[0], last = key.p[key.n - 1];
	return forbidden_separator(first) || forbidden_separator(last) || f->ends[first & 31] >> (last & 31) & 1;
}

/* Whether the key, as it was written, is one of the names. */
bool forbidden_has(const struct forbidden *f, struct text key);
