// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/batching.h"

#include <errno.h>
#include <stdlib.h>

#define ARENA_BLOCK (8 << 20)

int batch_init(struct batch *b)
{
	*b = (struct batch){.arena = arena_new(ARENA_BLOCK)};
	return b->arena ? 0 : -ENOMEM;
}

void batch_reset(struct batch *b)
{
	b->n = 0;
	arena_reset(b->arena);
}

void batch_deinit(struct batch *b)
{
	free(b->items);
	arena_free(b->arena);
	*b = (struct batch){0};
}

struct item *batch_add(struct batch *b)
{
	if (b->n == b->size) {
		size_t size = b->size ? 2 * b->size : 1024;
		struct item *wider = realloc(b->items, size * sizeof *wider);
		if (!wider)
			return NULL;
		b->items = wider;
		b->size = size;
	}
	struct item *i = &b->items[b->n++];
	*i = (struct item){0};
	return i;
}

size_t batch_bytes(const struct batch *b)
{
	return b->n * sizeof *b->items + arena_used(b->arena);
}

bool batch_full(const struct batch *b, const struct config *c)
{
	return b->n >= (size_t)c->batch_events || batch_bytes(b) >= (size_t)c->batch_bytes;
}
