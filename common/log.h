// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The log: one line an event on stderr, `key=value`, for journald (priority prefix `<3>`) or a terminal (time and colour). Never a payload, never a secret.
 * The sink is the program's only global.
 */
#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Chooses the form from the environment (JOURNAL_STREAM, a terminal on stderr). */
void log_open(enum log_level level);
void log_level_set(enum log_level level);
bool log_enabled(enum log_level level);

/*
 * event: what happened, a few words ("batch committed"). format: further `key=value` pairs, may be "". A value that may hold blanks or foreign bytes goes
 * through log_quote.
 */
#pragma GCC diagnostic ignored "-Wformat-zero-length" /* an event without pairs is nothing to warn of */
void log_write(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Writes s quoted, control and non-ASCII bytes escaped, cut to fit; returns out. */
const char *log_quote(const char *s, char *out, unsigned size);
