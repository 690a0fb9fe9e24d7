// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/random.h"
#include "daemon/verbs/verbs.h"

static void print_line(void *arg, const char *line)
{
	(void)arg;
	puts(line);
}

static int status(struct store *s, struct error *err)
{
	int r = store_migration_status(s, print_line, NULL, err);
	return r == STORE_BEHIND ? STATUS_FAULTS : r ? fault(r, err) : STATUS_OK;
}

struct migrating {
	struct store *store;
	int applied;
};

static int migrate_step(void *arg, struct error *err)
{
	struct migrating *m = arg;
	return store_migrate(m->store, print_line, NULL, &m->applied, err);
}

static int migrate(struct store *s, struct error *err)
{
	struct migrating m = {.store = s};
	int r = patiently(migrate_step, &m, err);
	if (r)
		return fault(r, err);
	printf(m.applied ? "%d migrations applied\n" : "nothing to do: the database is at this version\n", m.applied);
	return STATUS_OK;
}

int verb_migrate(const struct verb *v, int argc, char **argv)
{
	bool only_status = false;
	const struct option_spec options[] = {{"status", &only_status, NULL}, {0}};
	struct invocation i;
	struct config c;
	struct store *s;
	struct error err = {""};
	int r = invocation_read(v, argc, argv, options, &i);
	if (r >= 0 || (r = no_operands(v, &i)) >= 0)
		return r;
	if ((r = load_config(&i, &c)) != 0)
		return r;
	r = open_store(&c, false, &s);
	if (r == 0) {
		r = only_status ? status(s, &err) : migrate(s, &err);
		store_free(s);
	}
	config_deinit(&c);
	return r;
}
