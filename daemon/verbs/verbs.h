// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The verbs of the command line, and what they share. Results go to stdout, messages to stderr.
 */
#include <stdbool.h>

#include "common/config.h"
#include "daemon/pipeline/rules.h"
#include "daemon/store/store.h"

enum status_code {
	STATUS_OK = 0,
	STATUS_FAULTS = 1,	   /* what was looked at has faults */
	STATUS_USAGE = 64,	   /* the command line makes no sense */
	STATUS_UNAVAILABLE = 69,   /* a service is away */
	STATUS_INTERNAL = 70,
	STATUS_CONFIGURATION = 78, /* settings, rights, or the schema's version */
};

struct verb {
	const char *name;
	const char *arguments; /* for --help: "FILE...", "" */
	const char *summary;   /* a line */
	const char *help;	       /* for --help: paragraphs */
	int (*run)(const struct verb *v, int argc, char **argv); /* argv[0] is the verb's name; returns the exit code */
};

/* In the order in which --help lists them (table.c). */
extern const struct verb verbs[];
extern const size_t verbs_n;
/* The verb of that name; NULL when there is none, then *ret_nearest is the one most alike. */
const struct verb *verb_find(const char *name, const struct verb **ret_nearest);

int verb_run(const struct verb *v, int argc, char **argv);
int verb_check(const struct verb *v, int argc, char **argv);
int verb_migrate(const struct verb *v, int argc, char **argv);
int verb_units(const struct verb *v, int argc, char **argv);
int verb_validate(const struct verb *v, int argc, char **argv);
int verb_publish(const struct verb *v, int argc, char **argv);
int verb_test(const struct verb *v, int argc, char **argv);
int verb_rebuild(const struct verb *v, int argc, char **argv);
int verb_verify(const struct verb *v, int argc, char **argv);
int verb_status(const struct verb *v, int argc, char **argv);
int verb_rejects(const struct verb *v, int argc, char **argv);

/* An option of one verb: a switch (`flag`) or one with a value. A list ends with a name NULL. */
struct option_spec {
	const char *name;
	bool *flag;
	const char **value;
};
#define OPTIONS_MAX 12

/* A command line that has been read; borrowed from argv. */
struct invocation {
	const char *config_path; /* -c; NULL: not given */
	const char *sets[65];	 /* each --set, and room for one of the verb's own */
	size_t n_sets;
	char **operands; /* what is no option, in order */
	int n_operands;
};

/* Reads argv (permuting it). -1: go on; otherwise the exit code: --help was given, or the command line is wrong (told on stderr). `options` may be NULL. */
int invocation_read(const struct verb *v, int argc, char **argv, const struct option_spec *options, struct invocation *ret);
/* -1: there are none, go on; otherwise the exit code after a message. */
int no_operands(const struct verb *v, const struct invocation *i);
void verb_help(const struct verb *v);

/* The exit code for what an adapter returned. */
int status_of(int code);
/* Tells the message and returns the exit code for what an adapter returned. */
int fault(int code, const struct error *err);
/* The same for files that the command line names: a file at fault is STATUS_FAULTS. */
int file_fault(int code, const struct error *err);
/* 0, or the exit code after a message. */
int load_config(const struct invocation *i, struct config *ret);
/* The configuration and its rules: both or neither. 0, or the exit code after a message. */
int load_rules(const struct invocation *i, struct config *ret_config, struct rules *ret_rules);
/* Runs the step, and again with growing waits while it returns STORE_RETRY, for half a minute. Returns what its last run did. */
int patiently(int (*step)(void *arg, struct error *err), void *arg, struct error *err);
/* A store; connected, and of the right schema version, where `check_schema` says so (tried patiently). 0, or the exit code after a message. */
int open_store(const struct config *c, bool check_schema, struct store **ret_store);
/* SIGTERM, SIGINT and SIGHUP wait for whoever reads them from a descriptor; SIGPIPE is ignored. */
void block_signals(void);
/* A line on stderr that follows how many entities are done; arg: a struct ticker. Nothing where stderr is no terminal. */
struct ticker {
	int64_t at; /* of the last line */
};
void tick(void *arg, int64_t done, int64_t total);
void tick_end(const struct ticker *t); /* takes the line away */
struct store_basis basis_of(const struct config *c, const struct rules *r);
