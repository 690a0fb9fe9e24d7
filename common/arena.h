// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Memory that lives and dies together: a batch allocates from an arena and one reset gives all of it back.
 * Not thread-safe; one owner at a time.
 */
#include "common/text.h"

struct arena;

/* block_size: bytes of a block (larger requests get one of their own). NULL when out of memory. */
struct arena *arena_new(size_t block_size);
struct arena *arena_free(struct arena *a); /* accepts NULL, returns NULL */

/* n bytes aligned for any type, not zeroed; NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n); /* zeroed */
/* A copy of t in the arena (absent stays absent). Returns false when out of memory. */
bool arena_copy(struct arena *a, struct text t, struct text *ret_copy);

/*
 * Room for one more behind the n elements of an array in the arena, which can hold *size: the array itself, or a copy of twice the size (of `first` elements when it had none).
 * NULL when out of memory; the array then stays as it is.
 */
void *arena_grow(struct arena *a, void *array, size_t n, size_t *size, size_t element, size_t first);

/* Forgets everything. Keeps the blocks that this round needed for the next: their pages need not be asked for again, and what one round can do without goes back. */
void arena_reset(struct arena *a);
/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);
