// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Makes the n-th allocation fail, for every n. One file of a program includes this; tests named memory do (tests/CMakeLists.txt).
 *
 * The program's malloc, calloc and realloc are those below, for all its code: also the C library and other libraries get nothing, and what is not given back is
 * counted. Where that cannot be, because a sanitizer brings its own or a library ends the program without memory (librdkafka), SCARCE_WRAPPED is defined and
 * the linker diverts the calls of our own objects alone (--wrap), with those functions of the C library that allocate for them; leaks are then the sanitizer's to tell.
 */
#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

static atomic_long scarce_left = -1; /* allocations that succeed before one fails; negative: all succeed */
static atomic_long scarce_live;      /* not given back so far */
static atomic_bool scarce_failed;    /* one failed */
static long scarce_step = 1;         /* from one n to the next */
static bool scarce_stays;            /* all after that one fail as well, until scarce_left is set */

static bool scarce(void)
{
	if (scarce_left < 0)
		return false;
	if (scarce_left > 0) {
		scarce_left--;
		return false;
	}
	scarce_failed = true;
	if (!scarce_stays)
		scarce_left = -1;
	errno = ENOMEM;
	return true;
}

#ifdef SCARCE_WRAPPED

#define SCARCE_WRAP(type, name, failure, parameters, arguments)                                                                                                \
	type __real_##name parameters;                                                                                                                         \
	type __wrap_##name parameters;                                                                                                                         \
	type __wrap_##name parameters                                                                                                                          \
	{                                                                                                                                                      \
		return scarce() ? failure : __real_##name arguments;                                                                                           \
	}
SCARCE_WRAP(void *, malloc, NULL, (size_t n), (n))
SCARCE_WRAP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SCARCE_WRAP(void *, realloc, NULL, (void *p, size_t n), (p, n))
SCARCE_WRAP(char *, strdup, NULL, (const char *s), (s))
SCARCE_WRAP(char *, strndup, NULL, (const char *s, size_t n), (s, n))
SCARCE_WRAP(int, vasprintf, -1, (char **ret, const char *format, va_list ap), (ret, format, ap))
SCARCE_WRAP(FILE *, fopen, NULL, (const char *path, const char *mode), (path, mode))
SCARCE_WRAP(ssize_t, getline, -1, (char **line, size_t *size, FILE *f), (line, size, f))

#elif defined(__GLIBC__)

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static void *scarce_count(void *p)
{
	scarce_live += p != NULL;
	return p;
}

void *malloc(size_t n)
{
	return scarce() ? NULL : scarce_count(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
	return scarce() ? NULL : scarce_count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
	void *other = scarce() ? NULL : __libc_realloc(p, n);
	return p ? other : scarce_count(other);
}

void free(void *p)
{
	scarce_live -= p != NULL;
	__libc_free(p);
}

#endif

/* Tools that bring an allocator when the program starts are found out by asking. */
static inline bool scarce_works(void)
{
	void *(*volatile ask)(size_t) = malloc; /* not inlined: such tools divert the call */
	scarce_left = 0;
	void *p = ask(1);
	scarce_left = -1;
	free(p);
	if (p)
		printf("allocations cannot be made to fail here: skipped\n");
	return !p;
}

/* How an attempt tells that something is wrong; it must not assert, which allocates. */
static inline int scarce_right(bool is)
{
	return is ? 0 : -EPROTO;
}

/* What failed must not have touched its outputs. */
static inline int scarce_untouched(int r, bool untouched)
{
	return r < 0 && !untouched ? -EPROTO : r;
}

enum { /* what is not asked of an attempt */
	SCARCE_SILENT = 1, /* a message: its functions have none */
	SCARCE_KEEPS = 2,  /* to give all back: the C library remembers something */
	SCARCE_COPES = 4,  /* to fail: the C library does with less */
	SCARCE_ONCE = 8,   /* to live with none from some moment on: each attempt takes its time */
};

/* Calls it with the n-th allocation failing; false once none did. */
static bool scarce_attempt(int (*attempt)(struct error *err), long n, int except)
{
	struct error err = {""};
	long before = scarce_live;
	scarce_failed = false;
	scarce_left = n;
	int r = attempt(&err);
	scarce_left = -1;
	long lost = scarce_live - before;
	bool failed = scarce_failed;
	ck_assert_msg(r == 0 || (failed && r == -ENOMEM), "allocation %ld: %d: %s", n, r, err.text);
	ck_assert_msg(r < 0 || !failed || except & SCARCE_COPES, "allocation %ld: is not missed", n);
	ck_assert_msg(r == 0 || except & SCARCE_SILENT || strstr(err.text, "out of memory"), "allocation %ld: the message is: %s", n, err.text);
	ck_assert_msg(lost == 0 || except & SCARCE_KEEPS, "allocation %ld: %ld lost", n, lost);
	return failed;
}

/*
 * Calls it with the first, second, … allocation failing until none does, and again with all of those behind it failing, too: -ENOMEM and a message each time,
 * nothing lost, and 0 once there is enough. `at_least`: allocations without which it has not done what it is meant to.
 */
static inline void scarce_each(int (*attempt)(struct error *err), long at_least, int except)
{
	for (int stays = 0; stays < (except & SCARCE_ONCE ? 1 : 2) && scarce_works(); stays++) {
		long n = 0;
		scarce_stays = stays;
		while (scarce_attempt(attempt, n, except))
			n += scarce_step;
		ck_assert_int_ge(n, at_least);
	}
	scarce_stays = false;
}
