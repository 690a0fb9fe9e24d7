// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Memory knows whose it is: that of an instance which crashes is given back, and one that ends must have given back all of its own. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim.h"

struct allocation {
	struct allocation *before, *after;
	struct instance *owner;
	size_t n;
};

void *__real_malloc(size_t n);
void __real_free(void *p);

void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	struct allocation *a = __real_malloc(sizeof *a + n);
	if (!a)
		return NULL;
	*a = (struct allocation){.owner = current_instance(), .n = n};
	if (a->owner) {
		a->after = a->owner->memory;
		if (a->after)
			a->after->before = a;
		a->owner->memory = a;
	}
	return a + 1;
}

void __wrap_free(void *p);
void __wrap_free(void *p)
{
	if (!p)
		return;
	struct allocation *a = (struct allocation *)p - 1;
	if (a->owner) {
		if (a->before)
			a->before->after = a->after;
		else
			a->owner->memory = a->after;
		if (a->after)
			a->after->before = a->before;
	}
	__real_free(a);
}

void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	void *p = __wrap_malloc(n * size);
	return p ? memset(p, 0, n * size) : NULL;
}

void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
	void *wider = __wrap_malloc(n);
	if (p && wider) {
		size_t had = ((struct allocation *)p - 1)->n;
		memcpy(wider, p, had < n ? had : n);
		__wrap_free(p);
	}
	return wider;
}

char *__wrap_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n)
{
	n = strnlen(s, n);
	char *copy = __wrap_malloc(n + 1);
	if (copy) {
		memcpy(copy, s, n);
		copy[n] = 0;
	}
	return copy;
}

char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, SIZE_MAX);
}

int __wrap_vasprintf(char **ret, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
int __wrap_vasprintf(char **ret, const char *format, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*ret = __wrap_malloc((size_t)n + 1);
	return *ret ? vsnprintf(*ret, (size_t)n + 1, format, ap) : -1;
}

/* What a build that fortifies calls instead. */
int __wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list ap) __attribute__((format(printf, 3, 0)));
int __wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list ap)
{
	(void)flag;
	return __wrap_vasprintf(ret, format, ap);
}

/* Whoever still reads what an arena held reads nonsense. */
void __real_arena_reset(struct arena *a);
void __wrap_arena_reset(struct arena *a);
void __wrap_arena_reset(struct arena *a)
{
	size_t used = arena_used(a);
	__real_arena_reset(a);
	void *p = used ? arena_alloc(a, used) : NULL;
	if (p)
		memset(p, 0xdd, used);
	__real_arena_reset(a);
}

void memory_drop(struct instance *i)
{
	for (struct allocation *a = i->memory, *after; a; a = after) {
		after = a->after;
		__real_free(a);
	}
	i->memory = NULL;
}

size_t memory_of(const struct instance *i)
{
	size_t n = 0;
	for (const struct allocation *a = i->memory; a; a = a->after)
		n += a->n;
	return n;
}
