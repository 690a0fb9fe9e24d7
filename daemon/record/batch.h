// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* The unit of work between decode and store: records in order of arrival, each with what the decoder made of it. */
#include "common/arena.h"
#include "daemon/record/event.h"
#include "daemon/record/reason.h"
#include "daemon/record/record.h"

struct item {
	struct record record;
	enum reason reason; /* REASON_NONE: `event` holds; else the decoder's verdict */
	struct text detail; /* of the reason */
	struct text event_type, event_id; /* as far as they passed (semantics §1) */
	struct event event;
	int64_t reject_id; /* a replay: the row of rekap.reject this came from; 0: from Kafka */
};

struct batch {
	struct arena *arena; /* owns the records' bytes and what the decoder made of them */
	struct item *items;
	size_t n, size;
};
