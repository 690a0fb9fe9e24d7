// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/map.h"

#include <stdlib.h>

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t load(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	memcpy(&v, p, n);
	return v;
}

#define K0 UINT64_C(0xa0761d6478bd642f)
#define K1 UINT64_C(0xe7037ed1a0b428db)

/* Multiply-and-fold over 16 bytes a step; the odd constants are primes with half their bits set. */
uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ mix(n ^ K0, K1);
	while (n > 16) {
		h = mix(load(p, 8) ^ K0, load(p + 8, 8) ^ h);
		p += 16;
		n -= 16;
	}
	uint64_t a = n > 8 ? load(p, 8) : load(p, n), b = n > 8 ? load(p + 8, n - 8) : 0;
	return mix(mix(a ^ K0, b ^ h ^ K1), K0 ^ h);
}

void map_init(struct map *m, uint64_t seed)
{
	*m = (struct map){.seed = seed};
}

void map_deinit(struct map *m)
{
	free(m->entries);
	free(m->slots);
	map_init(m, m->seed);
}

void map_clear(struct map *m)
{
	m->n = 0;
	if (m->slots)
		memset(m->slots, 0, (m->mask + 1) * sizeof *m->slots);
}

/* The slot that holds the key's entry number + 1, or the free one where it belongs. */
static uint32_t *probe(const struct map *m, struct text key, uint64_t hash)
{
	for (size_t i = hash & m->mask;; i = (i + 1) & m->mask) {
		uint32_t *slot = &m->slots[i];
		if (!*slot)
			return slot;
		const struct map_entry *e = &m->entries[*slot - 1];
		if (e->hash == hash && text_equal(e->key, key))
			return slot;
	}
}

/* Twice the slots; entries fill at most half of them. */
static bool grow(struct map *m)
{
	size_t slots = m->slots ? 2 * (m->mask + 1) : 32;
	if (slots / 2 > UINT32_MAX - 1)
		return false;
	struct map_entry *entries = realloc(m->entries, slots / 2 * sizeof *entries);
	if (!entries)
		return false;
	m->entries = entries;
	uint32_t *fresh = calloc(slots, sizeof *fresh);
	if (!fresh)
		return false;
	free(m->slots);
	m->slots = fresh;
	m->mask = slots - 1;
	m->size = slots / 2;
	for (size_t i = 0; i < m->n; i++)
		*probe(m, entries[i].key, entries[i].hash) = (uint32_t)i + 1;
	return true;
}

struct map_entry *map_put(struct map *m, struct text key)
{
	if (m->n == m->size && !grow(m))
		return NULL;
	uint64_t hash = hash_bytes(key.p, key.n, m->seed);
	uint32_t *slot = probe(m, key, hash);
	if (!*slot) {
		m->entries[m->n] = (struct map_entry){.key = key, .hash = hash};
		*slot = (uint32_t)++m->n;
	}
	return &m->entries[*slot - 1];
}

void *map_get(const struct map *m, struct text key)
{
	if (!m->n)
		return NULL;
	uint32_t slot = *probe(m, key, hash_bytes(key.p, key.n, m->seed));
	return slot ? m->entries[slot - 1].value : NULL;
}
