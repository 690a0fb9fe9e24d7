// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A hash map from byte strings to pointers (open addressing, grows, never shrinks; insertion order is kept for iteration).
 * Keys are borrowed: their bytes must outlive the map. A seed defends against chosen keys.
 */
#include "common/text.h"

struct map {
	struct map_entry *entries; /* in insertion order; 0 ≤ i < n */
	uint32_t *slots;
	size_t n, size, mask;
	uint64_t seed;
};

struct map_entry {
	struct text key;
	void *value;
	uint64_t hash;
};

void map_init(struct map *m, uint64_t seed);
void map_deinit(struct map *m);
void map_clear(struct map *m); /* forgets all entries, keeps the memory */

/* The entry of the key, made with value NULL when it was absent; NULL when out of memory. The pointer is valid until the next put. */
struct map_entry *map_put(struct map *m, struct text key);
/* The value of the key, or NULL. */
void *map_get(const struct map *m, struct text key);

/* A good 64-bit hash of bytes for tables (not for digests). */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);
