// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What the actions of the verb rejects share: which rejects they are about. */
#include "daemon/verbs/verbs.h"

struct selection {
	struct invocation invocation;
	struct config config;
	struct zone *zone; /* in which days are meant */
	const char *reason, *topic, *partition, *type, *status, *since, *until;
	char since_text[RFC3339_TEXT_SIZE], until_text[RFC3339_TEXT_SIZE];
	struct reject_filter filter; /* of the above and the operands */
	int64_t *ids;
	struct store *store;
};

/*
 * Reads options (`own`, ending with a name NULL, and with `filters` those of the selection), configuration and filter. -1, or the exit code after a message;
 * then nothing is left.
 */
int selection_init(struct selection *s, const struct verb *v, int argc, char **argv, bool filters, const struct option_spec *own);
/* Opens s->store for questions; with `auditor`: refuses others. 0, or the exit code after a message. */
int selection_visit(struct selection *s, bool auditor);
void selection_deinit(struct selection *s);

/* The columns of a reject as members of a JSON object. */
void put_letter(struct buffer *b, const struct text *cells);

/* The action whose file is its own. */
int rejects_show(const struct verb *v, int argc, char **argv);
