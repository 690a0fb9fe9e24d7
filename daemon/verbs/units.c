// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>

#include "common/file.h"
#include "daemon/verbs/replay.h"

struct loading {
	const char *path;
	struct store *store;
	struct store_basis basis;
	const struct rules *rules;
	size_t rows; /* of the file */
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
	struct replay replay = {.store = l->store, .rules = l->rules, .filter = {.waiting = true}};
	if (r == 0)
		r = replay_run(&replay, err);
	if (r)
		return fault(r, err);
	printf("%zu units loaded; %lld records that waited for a unit are counted now, %lld were refused for another reason\n", l->rows, (long long)replay.done.events,
	       (long long)replay.done.rejected);
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
	if ((r = load_rules(&i, &c, &rules)) != 0)
		return r;
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
