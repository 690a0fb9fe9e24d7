// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Forms as extended regular expressions. */
#include <regex.h>

#include "fuzz.h"

struct form {
	const char *expression;
	regex_t compiled;
	bool ready;
};

static inline bool matches(struct form *f, struct text t)
{
	struct buffer b = {0};
	regmatch_t whole = {0, (regoff_t)t.n};
	if (!f->ready)
		HOLDS(regcomp(&f->compiled, f->expression, REG_EXTENDED) == 0);
	f->ready = true;
	buffer_text(&b, t);
	HOLDS(buffer_cstr(&b)); /* sanitizers look for a NUL, although REG_STARTEND does without */
	bool found = regexec(&f->compiled, b.p, 1, &whole, REG_STARTEND) == 0;
	buffer_deinit(&b);
	return found;
}
