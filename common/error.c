// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

int error_set(struct error *e, int code, const char *format, ...)
{
	if (!e)
		return code;
	va_list ap;
	va_start(ap, format);
	vsnprintf(e->text, sizeof e->text, format, ap);
	va_end(ap);
	for (char *p = e->text, *end = p + strlen(p); p < end; p++) /* one printable line, whatever is quoted in it */
		memset(p, '?', text_control(p, (size_t)(end - p)));
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
	return code;
}
