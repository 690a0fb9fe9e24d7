// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/members.h"

void put_name(struct buffer *b, const char *name)
{
	bool first = !b->n || b->p[b->n - 1] == '{'; /* nothing is there when memory lacked from the start */
	buffer_printf(b, "%s\"%s\":", first ? "" : ",", name);
}

void put_string(struct buffer *b, const char *name, struct text value)
{
	put_name(b, name);
	if (value.p)
		buffer_json(b, value);
	else
		buffer_puts(b, "null");
}

void put_number(struct buffer *b, const char *name, struct text value)
{
	put_name(b, name);
	buffer_text(b, value.p ? value : TEXT("null"));
}
