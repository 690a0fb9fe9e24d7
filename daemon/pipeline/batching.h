// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Batches: made once, filled by the decoder, emptied when their outcome is known. */
#include "common/config.h"
#include "daemon/record/batch.h"

/* 0, -ENOMEM */
int batch_init(struct batch *b);
/* Forgets all. */
void batch_reset(struct batch *b);
void batch_deinit(struct batch *b);
/* A new item at the end; NULL when out of memory. Earlier items may move. */
struct item *batch_add(struct batch *b);
size_t batch_bytes(const struct batch *b); /* what its items take in memory */
bool batch_full(const struct batch *b, const struct config *c);
