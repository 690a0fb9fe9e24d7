// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* A Kafka record as the source hands it on. All bytes are borrowed from the source until source_release(handle). */
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
	void *handle; /* the source's; NULL when the bytes live elsewhere */
};

/* What the record takes in memory, about: its bytes, and what itself and each of its headers cost besides. */
static inline size_t record_bytes(const struct record *r)
{
	size_t n = r->key.n + r->value.n + 128;
	for (size_t i = 0; i < r->n_headers; i++)
		n += r->headers[i].name.n + r->headers[i].value.n + 64;
	return n;
}
