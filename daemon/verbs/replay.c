// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/replay.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/decode/decode.h"
#include "daemon/pipeline/batching.h"

#define CHUNK 1000

/* The bytes belong to the store's result: the batch keeps copies. */
static bool keep(struct arena *arena, const struct record *from, struct record *to)
{
	return record_copy(arena, from, to) && arena_copy(arena, from->topic, &to->topic);
}

static int take(void *arg, int64_t reject_id, const struct record *record)
{
	struct replay *r = arg;
	struct item *item = batch_add(&r->batch);
	if (!item || !keep(r->batch.arena, record, &item->record))
		return -ENOMEM;
	item->reject_id = reject_id;
	return decode_record(item, &r->rules->rulesets.forbidden, r->batch.arena);
}

static int read_step(void *arg, struct error *err)
{
	struct replay *r = arg;
	batch_reset(&r->batch);
	return store_rejects_read(r->store, &r->filter, r->after, CHUNK, take, r, err);
}

/* Again with the same batch after a COMMIT of unknown outcome: what it did is no longer open, and so is left out. */
static int commit_step(void *arg, struct error *err)
{
	struct replay *r = arg;
	struct store_commit done = {0};
	int code = store_commit(r->store, &r->batch, &done, err);
	if (code == 0)
		store_commit_add(&r->done, &done);
	return code;
}

static void show_progress(const struct replay *r)
{
	if (r->progress)
		fprintf(stderr, "\r%lld of %lld records\033[K", (long long)(r->done.events + r->done.rejected + r->done.tombstones), (long long)r->total);
}

int replay_run(struct replay *r, struct error *err)
{
	int code = batch_init(&r->batch);
	while (code == 0) {
		show_progress(r);
		code = patiently(read_step, r, err);
		if (code || !r->batch.n)
			break;
		r->after = r->batch.items[r->batch.n - 1].reject_id;
		code = patiently(commit_step, r, err);
	}
	if (r->progress)
		fputs("\r\033[K", stderr);
	batch_deinit(&r->batch);
	return code;
}
