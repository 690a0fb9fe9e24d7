// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* A message may quote a file: what could take a terminal or a log out of its line becomes a question mark; so does all but ASCII where some is no UTF-8. */
static void tidy(char *s)
{
	size_t n = strlen(s);
	bool utf8 = utf8_valid(s, n);
	for (char *p = s; p < s + n; p++) {
		memset(p, '?', text_control(p, (size_t)(s + n - p)));
		if (*p & 0x80 && !utf8)
			*p = '?';
	}
}

int error_set(struct error *e, int code, const char *format, ...)
{
	if (!e)
		return code;
	va_list ap;
	va_start(ap, format);
	vsnprintf(e->text, sizeof e->text, format, ap);
	va_end(ap);
	tidy(e->text);
	return code;
}

int error_prefix(struct error *e, int code, const char *format, ...)
{
	if (!e)
		return code;
	struct error was = *e;
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(e->text, sizeof e->text, format, ap);
	va_end(ap);
	size_t room = n >= 0 && (size_t)n + 3 < sizeof e->text ? sizeof e->text - (size_t)n - 3 : 0;
	if (room)
		snprintf(e->text + n, room + 3, ": %.*s", (int)room, was.text);
	tidy(e->text);
	return code;
}
