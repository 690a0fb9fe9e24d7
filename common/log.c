// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"

/* The program's only global: where and how it logs. */
static struct {
	_Atomic int level;
	bool journal, colour;
} sink = {LOG_LEVEL_INFO, false, false};

static const struct {
	const char *name, *colour;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", "\033[31m"}, [LOG_LEVEL_WARNING] = {"warning", "\033[33m"}, [LOG_LEVEL_NOTICE] = {"notice", "\033[36m"},
	[LOG_LEVEL_INFO] = {"info", ""},           [LOG_LEVEL_DEBUG] = {"debug", "\033[2m"},
};

void log_open(enum log_level level)
{
	const char *no_colour = getenv("NO_COLOR");
	sink.journal = getenv("JOURNAL_STREAM") != NULL;
	sink.colour = !sink.journal && isatty(STDERR_FILENO) && !(no_colour && *no_colour);
	log_level_set(level);
}

void log_level_set(enum log_level level)
{
	atomic_store_explicit(&sink.level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&sink.level, memory_order_relaxed);
}

/* What stands before the pairs: journald reads a priority, people a time and a word. */
static int put_head(char *line, size_t size, enum log_level level)
{
	char now[RFC3339_TEXT_SIZE];
	if (sink.journal)
		return snprintf(line, size, "<%d>", (int)level);
	rfc3339_format(clock_wall(), now);
	return snprintf(line, size, "%s%s %s%s ", sink.colour ? levels[level].colour : "", now, levels[level].name, sink.colour ? "\033[0m" : "");
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
	char line[2048];
	if (!log_enabled(level))
		return;
	size_t size = sizeof line - 1, head = (size_t)put_head(line, size, level), n = head; /* -1: the line break always fits */
	n += (size_t)snprintf(line + n, size - n, "event=\"%s\"", event);
	if (*format && n < size) {
		va_list ap;
		line[n++] = ' ';
		va_start(ap, format);
		n += (size_t)vsnprintf(line + n, size - n, format, ap);
		va_end(ap);
	}
	if (n >= size)
		n = size - 1;
	for (size_t i = head; i < n; i++) /* a caller's slip must not make two lines of one, nor speak to the terminal */
		memset(line + i, ' ', text_control(line + i, n - i));
	line[n++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, n); /* one call a line: threads do not mix theirs */
	(void)written;
}

const char *log_quote(const char *s, char *out, unsigned size)
{
	unsigned n = 0;
	out[n++] = '"';
	for (; *s && n + 6 < size; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			out[n++] = '\\';
		if (c >= 0x20 && c < 0x7f)
			out[n++] = (char)c;
		else
			n += (unsigned)snprintf(out + n, size - n, "\\x%02x", c);
	}
	out[n++] = '"';
	out[n] = 0;
	return out;
}
