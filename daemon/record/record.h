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
