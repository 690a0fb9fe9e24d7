// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdio.h>
#include <string.h>

#include "daemon/verbs/verbs.h"

static int version(void)
{
	puts("rekapd " REKAPD_VERSION);
	return STATUS_OK;
}

static int help(void)
{
	puts("Usage: rekapd VERB [-c FILE] [--set SECTION.KEY=VALUE]...\n\n"
	     "Folds events from Kafka into accountability indicators in PostgreSQL, exactly once.\n");
	for (size_t i = 0; i < verbs_n; i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
	puts("\n'rekapd help VERB' tells more of one; 'rekapd help settings' prints every setting with its meaning and default.\n"
	     "Exit status: 0 ok, 1 faults found, 64 wrong usage, 69 a service is unavailable, 70 internal error, 78 wrong configuration.");
	return STATUS_OK;
}

/* The verb of that name, or NULL after a message that names the one most alike. */
static const struct verb *find(const char *name)
{
	const struct verb *nearest, *v = verb_find(name, &nearest);
	if (!v)
		fprintf(stderr, "rekapd: no such verb: %s (did you mean %s? rekapd --help lists all)\n", name, nearest->name);
	return v;
}

static int help_of(const char *name)
{
	const struct verb *v;
	if (!strcmp(name, "settings")) {
		config_sample(stdout);
		return STATUS_OK;
	}
	v = find(name);
	if (!v)
		return STATUS_USAGE;
	verb_help(v);
	return STATUS_OK;
}

static int choose(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	if (!strcmp(name, "--version"))
		return version();
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return argc > 2 ? help_of(argv[2]) : help();
	if (!*name || *name == '-') {
		fprintf(stderr, "rekapd: a verb comes first (rekapd --help)\n");
		return STATUS_USAGE;
	}
	const struct verb *v = find(name);
	return v ? v->run(v, argc - 1, argv + 1) : STATUS_USAGE;
}

/* A result that could not be written is no result. */
int main(int argc, char **argv)
{
	int code = choose(argc, argv);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	perror("rekapd: standard output");
	return code ? code : STATUS_INTERNAL;
}
