// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The configuration: one table (config.c) defines each key of [postgres] and [rekapd]; parser, help and sample file derive from it.
 * [kafka] passes every librdkafka property through as it is.
 *
 * Precedence: default < file < FILE's `.conf` files in the folder PATH.d (beside it, in order of name) < environment REKAPD_SECTION_KEY < --set
 * section.key=value. In environment names, dots of a key become underscores (REKAPD_KAFKA_BOOTSTRAP_SERVERS).
 *
 * A secret may come from a file, less the line breaks at its end: `sasl.password.file = PATH` for any secret of [kafka], `conninfo_file = PATH` in [postgres].
 * A relative path lies in $CREDENTIALS_DIRECTORY where that is set. A secret's file to which others have access is refused, also one that only the client
 * library opens (ssl.key.location). A secret in an ordinary file that others can read, or on the command line, is warned of.
 */
#include <stdio.h>

#include "common/civil.h"
#include "common/error.h"
#include "common/text.h"

struct config_property { /* one librdkafka property */
	char *name, *value, *origin;
};

struct config {
	struct config_property *kafka;
	size_t n_kafka;
	char *conninfo; /* [postgres] conninfo */
	char *topics;   /* comma-separated; a name that starts with ^ is a regular expression */
	char *timezone;
	char *ruleset;  /* comma-separated paths; empty: the built-in one */
	char *calendar; /* path; empty: the built-in one */
	bool collective_leave, core_dumps;
	day_number as_of; /* DAY_NONE: today in the zone */
	int64_t batch_events, batch_bytes, batch_ms;
	int64_t suppression_threshold;
	int64_t log_level;
	char **origins; /* where each key of the table got its value, for config_print */
	struct buffer warnings; /* of secrets in the open, for config_warning */
};

/*
 * Loads everything. `path` NULL: /etc/rekapd/rekapd.conf if it exists. `sets`: the "section.key=value" of --set. An unknown key or section is an error that
 * names the nearest known one; a [kafka] property that would break exactly-once delivery is refused with the reason. 0, -EINVAL (message: file:line, key,
 * remedy), -ENOMEM.
 */
int config_load(struct config *c, const char *path, const char *const *sets, size_t n_sets, struct error *err);
void config_deinit(struct config *c);
/* The next warning, one that names place and remedy; *at begins with 0. False: there is none left. */
bool config_warning(const struct config *c, size_t *at, struct text *ret);
/* The value of a [kafka] property; NULL: not set. */
const char *config_kafka(const struct config *c, const char *name);

/* Prints every effective setting under a comment with its origin, secrets redacted, as a file that config_load reads (but for the secrets). */
void config_print(const struct config *c, FILE *out);
/* Prints the sample file, which documents each key: also what `rekapd help settings` shows. */
void config_sample(FILE *out);
