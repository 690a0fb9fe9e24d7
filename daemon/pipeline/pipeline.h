// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The way of the data: Kafka → decode → (hand-over) → fold and commit. The caller's thread polls and decodes, a second one stores.
 */
#include "common/config.h"
#include "daemon/pipeline/rules.h"
#include "daemon/pipeline/service.h"
#include "daemon/store/store.h"

struct pipeline_options {
	bool until_drained;
	bool progress; /* a line on stderr that follows the catch-up */
	struct service *service; /* hears how it goes; NULL: nobody does */
	/* Asked when it is drained, with the store idle: true to end, false to go on to the ends of then. NULL: ends. */
	bool (*drained)(void *arg);
	/* Called on SIGHUP: reloads what is reloadable. */
	void (*reload)(void *arg);
	void *arg;
};

/*
 * Runs until a signal, until drained, or until a fault that needs a person. The store is connected and has its basis. SIGTERM, SIGINT and SIGHUP must be blocked.
 * 0; negative with a message.
 */
int pipeline_run(const struct config *c, const struct rules *rules, struct store *store, const struct pipeline_options *o, struct error *err);
