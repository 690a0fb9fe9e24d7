// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Files of events, one JSON object a line: read, decoded, faults told. */
#include "common/arena.h"
#include "daemon/record/batch.h"
#include "daemon/record/units.h"

struct ndjson {
	const struct forbidden *forbidden;
	const struct units *units; /* NULL: units are not looked up */
	struct arena *arena;
	int64_t events, faults; /* lines so far */
	/* For each good event; may be NULL. 0, or negative to stop. */
	int (*event)(void *arg, const struct item *item);
	void *arg;
};

/* Reads the file ("-": standard input), printing FILE:LINE: FIELD: WHAT on stdout for each fault. 0; -errno with a message; what `event` returned. */
int ndjson_read(struct ndjson *n, const char *path, struct error *err);
