// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/random.h"
#include "daemon/decode/decode.h"
#include "daemon/pipeline/batching.h"
#include "daemon/verbs/verbs.h"

#define REPLAY_CHUNK 1000

struct loading {
	const char *path;
	struct store *store;
	struct store_basis basis;
	const struct rules *rules;
	struct batch batch; /* of replays */
	int64_t done, last; /* reject_id of the last one counted, read */
	size_t rows;	    /* of the file */
	int64_t replayed, still;
};

/* A mistake in the file is the user's fault (1), not the configuration's. */
#define FILE_REFUSED (-ECANCELED)

static int load_register(struct loading *l, struct error *err)
{
	struct units u;
	struct buffer csv = {0};
	int r = units_init(&u);
	if (r < 0)
		error_set(err, r, "%s: out of memory", l->path);
	else
		r = store_units_load(l->store, &u, err);
	if (r == 0 && file_read(l->path, 0, &csv, err) < 0)
		r = FILE_REFUSED;
	if (r == 0 && (r = units_apply_csv(&u, l->path, buffer_view(&csv), &l->rows, err)) == -EINVAL)
		r = FILE_REFUSED;
	if (r == 0)
		r = store_units_save(l->store, &u, &l->basis, err);
	buffer_deinit(&csv);
	units_deinit(&u);
	return r;
}

/* The bytes belong to the store's result: the batch keeps copies. */
static int take_waiting(void *arg, int64_t reject_id, const struct record *r)
{
	struct loading *l = arg;
	struct item *item = batch_add(&l->batch);
	struct header *headers = arena_alloc(l->batch.arena, (r->n_headers ? r->n_headers : 1) * sizeof *headers);
	if (!item || !headers)
		return -ENOMEM;
	*item = (struct item){.record = *r, .reject_id = reject_id};
	item->record.headers = headers;
	item->record.handle = NULL;
	bool copied = arena_copy(l->batch.arena, r->topic, &item->record.topic) && arena_copy(l->batch.arena, r->key, &item->record.key) &&
		      arena_copy(l->batch.arena, r->value, &item->record.value);
	for (size_t h = 0; h < r->n_headers && copied; h++)
		copied = arena_copy(l->batch.arena, r->headers[h].name, &headers[h].name) && arena_copy(l->batch.arena, r->headers[h].value, &headers[h].value);
	l->last = reject_id;
	return copied ? decode_record(item, &l->rules->rulesets.forbidden, l->batch.arena) : -ENOMEM;
}

/* One batch of records that waited; none is left when it is empty. */
static int replay_step(void *arg, struct error *err)
{
	struct loading *l = arg;
	struct store_commit done = {0};
	batch_reset(&l->batch);
	int r = store_rejects_waiting(l->store, l->done, REPLAY_CHUNK, take_waiting, l, err);
	if (r || !l->batch.n)
		return r;
	r = store_commit(l->store, &l->batch, &done, err);
	if (r)
		return r;
	l->done = l->last;
	l->replayed += done.events;
	l->still += done.rejected;
	return 0;
}

static int replay(struct loading *l, struct error *err)
{
	int r = batch_init(&l->batch);
	do
		r = r < 0 ? r : patiently(replay_step, l, err);
	while (!r && l->batch.n);
	batch_deinit(&l->batch);
	return r;
}

static int load_step(void *arg, struct error *err)
{
	struct loading *l = arg;
	int r = store_basis_set(l->store, &l->basis, NULL, NULL, err);
	return r ? r : load_register(l, err);
}

static int load(struct loading *l, struct error *err)
{
	int r = patiently(load_step, l, err);
	if (r == FILE_REFUSED) {
		fprintf(stderr, "rekapd: %s; nothing was changed\n", err->text);
		return STATUS_FAULTS;
	}
	if (r == 0)
		r = replay(l, err);
	if (r)
		return fault(r, err);
	printf("%zu units loaded; %lld records that waited for a unit are counted now, %lld were refused for another reason\n", l->rows, (long long)l->replayed,
	       (long long)l->still);
	return STATUS_OK;
}

int verb_units(const struct verb *v, int argc, char **argv)
{
	struct invocation i;
	struct config c;
	struct rules rules;
	struct error err = {""};
	int r = invocation_read(v, argc, argv, NULL, &i);
	if (r >= 0)
		return r;
	if (i.n_operands != 1) {
		fprintf(stderr, "rekapd units: needs one FILE.csv (rekapd units --help)\n");
		return STATUS_USAGE;
	}
	if ((r = load_config(&i, &c)) != 0)
		return r;
	int code = rules_load(&c, &rules, &err);
	if (code < 0) {
		config_deinit(&c);
		return fault(code, &err);
	}
	struct loading l = {.path = i.operands[0], .rules = &rules, .basis = basis_of(&c, &rules)};
	r = open_store(&c, true, &l.store);
	if (r == 0) {
		r = load(&l, &err);
		store_free(l.store);
	}
	rules_deinit(&rules);
	config_deinit(&c);
	return r;
}
