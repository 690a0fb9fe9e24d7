// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Makes the n-th allocation fail: scarce_left = n, and malloc, calloc, realloc of this program obey; negative: there is enough. scarce_live counts what was not
 * given back. One file of a program includes this.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Sanitizers bring allocators of their own, which are not to be replaced. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static volatile long scarce_left = -1, scarce_live;

#if !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__)
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static bool scarce(void)
{
	if (scarce_left < 0)
		return false;
	scarce_left = scarce_left - 1;
	if (scarce_left < 0)
		errno = ENOMEM;
	return scarce_left < 0;
}

static void *scarce_count(void *p)
{
	scarce_live = scarce_live + (p != NULL);
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
	scarce_live = scarce_live - (p != NULL);
	__libc_free(p);
}
#endif

/* Tools that bring an allocator when the program starts are found out by asking. */
static bool scarce_works(void)
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
