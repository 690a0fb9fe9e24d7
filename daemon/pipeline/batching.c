// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/batching.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/source/source.h"

#define ARENA_BLOCK (1 << 20)

int batch_init(struct batch *b)
{
	*b = (struct batch){.arena = arena_new(ARENA_BLOCK)};
	return b->arena ? 0 : -ENOMEM;
}

void batch_reset(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		source_release(&b->items[i].record);
	b->n = b->bytes = 0;
	arena_reset(b->arena);
}

void batch_deinit(struct batch *b)
{
	if (b->arena)
		batch_reset(b);
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

bool batch_full(const struct batch *b, const struct config *c)
{
	return b->n >= (size_t)c->batch_events || b->bytes + arena_used(b->arena) >= (size_t)c->batch_bytes;
}
