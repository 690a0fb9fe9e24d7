// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>

#include "common/file.h"
#include "daemon/verbs/ndjson.h"
#include "daemon/verbs/verbs.h"

static int read_units(const char *path, struct units *u, struct error *err)
{
	struct buffer b = {0};
	size_t n;
	int r = units_init(u);
	if (r < 0)
		error_set(err, r, "%s: out of memory", path);
	else
		r = file_read(path, 0, &b, err);
	if (r >= 0)
		r = units_apply_csv(u, path, buffer_view(&b), &n, err);
	buffer_deinit(&b);
	return r;
}

static int validate(const struct invocation *i, const struct rules *rules, const struct units *units, struct error *err)
{
	struct ndjson n = {.forbidden = &rules->rulesets.forbidden, .units = units, .arena = arena_new(1 << 16)};
	int r = n.arena ? 0 : error_set(err, -ENOMEM, "out of memory");
	for (int f = 0; f < i->n_operands && r >= 0; f++)
		r = ndjson_read(&n, i->operands[f], err);
	arena_free(n.arena);
	if (r < 0)
		return file_fault(r, err);
	fprintf(stderr, "%lld events, %lld with a fault\n", (long long)n.events, (long long)n.faults);
	return n.faults ? STATUS_FAULTS : STATUS_OK;
}

int verb_validate(const struct verb *v, int argc, char **argv)
{
	const char *units_path = NULL;
	const struct option_spec options[] = {{"units", NULL, &units_path}, {0}};
	struct invocation i;
	struct config c;
	struct rules rules;
	struct units units = {0};
	struct error err = {""};
	int r = invocation_read(v, argc, argv, options, &i);
	if (r >= 0)
		return r;
	if (!i.n_operands) {
		fprintf(stderr, "rekapd validate: which files? (rekapd validate --help)\n");
		return STATUS_USAGE;
	}
	if ((r = load_rules(&i, &c, &rules)) != 0)
		return r;
	int code = units_path ? read_units(units_path, &units, &err) : 0;
	r = code < 0 ? fault(code, &err) : validate(&i, &rules, units_path ? &units : NULL, &err);
	rules_deinit(&rules);
	units_deinit(&units);
	config_deinit(&c);
	return r;
}
