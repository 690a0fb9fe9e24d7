// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * How functions report failure.
 *
 * 0 is success. A negative return is fatal to the operation and is forwarded unchanged: -ENOMEM, -EINVAL, … from errno.h.
 * A positive return is an outcome named by the function, which its direct caller handles.
 *
 * A function whose failure a person must understand takes a `struct error *` as its last parameter and leaves there one line
 * that names the place (file:line, key, object) and the remedy. Library code never logs; the caller that decides does, once.
 */
#include <stddef.h>

struct error {
	char text[1024];
};

/* Formats the message (truncated if need be, a question mark for each control character) and returns `code`, so that a caller can write `return error_set(...)`. NULL `e`: no message. */
int error_set(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that is there. Returns `code`. */
int error_prefix(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
