// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_FROM (4 << 20) /* bytes of a block from which on huge pages are worth it */

struct block {
	struct block *next;
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *blocks; /* the newest first: the one that is filled */
	struct block *spare;  /* of before the last reset, empty */
	char *p, *end;	      /* free part of the newest */
	size_t block_size, used;
};

/* What is read here and there in many megabytes misses far less with huge pages, and asking the kernel for pages is dear. A wish: where it is refused nothing is lost. */
static void wish_huge(struct block *b)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)b + page - 1) / page * page, to = ((uintptr_t)b->bytes + b->size) / page * page;
	madvise((void *)from, to - from, MADV_HUGEPAGE);
}

static struct block *block_new(size_t size)
{
	struct block *b = malloc(offsetof(struct block, bytes) + size);
	if (!b)
		return NULL;
	*b = (struct block){.size = size};
	if (size >= HUGE_FROM)
		wish_huge(b);
	return b;
}

static struct block *spare_block(struct arena *a)
{
	struct block *b = a->spare;
	if (!b)
		return block_new(a->block_size);
	a->spare = b->next;
	return b;
}

static void use(struct arena *a, struct block *b)
{
	a->blocks = b;
	a->p = b->bytes;
	a->end = b->bytes + b->size;
}

struct arena *arena_new(size_t block_size)
{
	struct arena *a = calloc(1, sizeof *a);
	struct block *b = block_new(block_size);
	if (!a || !b) {
		free(a);
		free(b);
		return NULL;
	}
	a->block_size = block_size;
	use(a, b);
	return a;
}

static void free_from(struct block *b)
{
	while (b) {
		struct block *next = b->next;
		free(b);
		b = next;
	}
}

struct arena *arena_free(struct arena *a)
{
	if (a)
		free_from(a->blocks), free_from(a->spare);
	free(a);
	return NULL;
}

/* A request larger than a quarter of a block gets one of its own, behind the one being filled, so that little is wasted. */
static void *alloc_slow(struct arena *a, size_t n)
{
	bool own = n > a->block_size / 4;
	struct block *b = own ? block_new(n) : spare_block(a);
	if (!b)
		return NULL;
	if (own) {
		b->next = a->blocks->next;
		a->blocks->next = b;
		return b->bytes;
	}
	b->next = a->blocks;
	use(a, b);
	void *p = a->p;
	a->p += n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	a->used += n;
	if ((size_t)(a->end - a->p) < n)
		return alloc_slow(a, n);
	void *p = a->p;
	a->p += n;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);
	return p ? memset(p, 0, n) : NULL;
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t *size, size_t element, size_t first)
{
	if (n < *size)
		return array;
	size_t more = *size ? 2 * *size : first;
	void *wider = arena_alloc(a, more * element);
	if (!wider)
		return NULL;
	if (n)
		memcpy(wider, array, n * element);
	*size = more;
	return wider;
}

bool arena_copy(struct arena *a, struct text t, struct text *ret_copy)
{
	if (!t.p) {
		*ret_copy = TEXT_NONE;
		return true;
	}
	char *p = arena_alloc(a, t.n);
	if (!p)
		return false;
	memcpy(p, t.p, t.n);
	*ret_copy = (struct text){p, t.n};
	return true;
}

void arena_reset(struct arena *a)
{
	struct block *used = a->blocks->next;
	free_from(a->spare);
	a->spare = NULL;
	for (struct block *next; used; used = next) {
		next = used->next;
		used->next = a->spare;
		if (used->size == a->block_size)
			a->spare = used;
		else
			free(used);
	}
	a->blocks->next = NULL;
	use(a, a->blocks);
	a->used = 0;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
