// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/map.h"

#include <stdlib.h>

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t load64(const unsigned char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static uint64_t load32(const unsigned char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* Primes with half of their bits set. */
#define K0 UINT64_C(0xa0761d6478bd642f)
#define K1 UINT64_C(0xe7037ed1a0b428db)
#define K2 UINT64_C(0x8ebc6af09c88c6e3)

/*
 * Multiply and fold, 16 bytes a step; the last bytes are read once more rather than by count. Both factors hold something of the seed: a key that knows the
 * constants alone cannot make a product zero and so meet other keys under every seed.
 */
uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t a = 0, b = 0, h = mix(seed ^ K0, n ^ K1), key = mix(seed ^ K2, K0);
	for (size_t left = n; left > 16; left -= 16, p += 16)
		h = mix(load64(p) ^ key, load64(p + 8) ^ h);
	p = n > 16 ? (const unsigned char *)bytes + n - 16 : p;
	if (n >= 16) {
		a = load64(p);
		b = load64(p + 8);
	} else if (n >= 8) {
		a = load64(p);
		b = load64(p + n - 8);
	} else if (n >= 4) {
		a = load32(p);
		b = load32(p + n - 4);
	} else if (n) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
	}
	return mix(mix(a ^ key, b ^ h) ^ K1, h ^ K2);
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
