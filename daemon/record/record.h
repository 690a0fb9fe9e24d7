// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* A Kafka record. All bytes are borrowed: of one that the source hands on, from the arena that it was given. */
#include "common/arena.h"
#include "common/civil.h"
#include "common/text.h"

struct header {
	struct text name, value; /* value absent: a null header */
};

struct record {
	struct text topic;
	int32_t partition;
	int64_t offset;
	struct text key;   /* absent: none */
	struct text value; /* absent: a tombstone */
	const struct header *headers;
	size_t n_headers;
};

/* Copies key, value and headers into the arena; the topic stays borrowed. False when out of memory. */
bool record_copy(struct arena *a, const struct record *from, struct record *ret);

/* What the record takes in memory, about: its bytes, and what itself and each of its headers cost besides. */
static inline size_t record_bytes(const struct record *r)
{
	size_t n = r->key.n + r->value.n + 128;
	for (size_t i = 0; i < r->n_headers; i++)
		n += r->headers[i].name.n + r->headers[i].value.n + 64;
	return n;
}
