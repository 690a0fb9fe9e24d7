// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/random.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/pipeline/progress.h"
#include "daemon/source/source.h"
#include "daemon/verbs/verbs.h"

#define COMPLAIN_EVERY (30 * INSTANT_PER_SECOND)

struct run {
	const struct invocation *invocation;
	struct config config;
	struct rules rules;
	struct store *store;
	struct store_basis basis;
	struct service service;
	int64_t recomputation_told;
};

/* Only what is reloadable is taken over; a file with a mistake changes nothing. */
static void reload(void *arg)
{
	struct run *run = arg;
	struct config fresh;
	struct error err = {""};
	char quoted[700];
	if (config_load(&fresh, run->invocation->config_path, run->invocation->sets, run->invocation->n_sets, &err) < 0) {
		log_error("configuration not reloaded", "reason=%s", log_quote(err.text, quoted, sizeof quoted));
		return;
	}
	log_level_set((enum log_level)fresh.log_level);
	run->config.log_level = fresh.log_level;
	config_deinit(&fresh);
	log_notice("configuration reloaded", "log_level=%d", (int)run->config.log_level);
}

/* Waits, but not for a signal that ends. True: end. */
static bool wait_or_end(unsigned attempt)
{
	int64_t pause = backoff(attempt, 200000, 5000000);
	struct timespec t = {pause / INSTANT_PER_SECOND, pause % INSTANT_PER_SECOND * 1000};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return sigtimedwait(&set, NULL, &t) > 0;
}

static void tell_recomputation(void *arg, int64_t done, int64_t total)
{
	struct run *run = arg;
	char status[80];
	if (total < 10000 || (done < total && clock_monotonic() - run->recomputation_told < 2 * INSTANT_PER_SECOND))
		return;
	run->recomputation_told = clock_monotonic();
	snprintf(status, sizeof status, "recomputing figures: %lld of %lld entities", (long long)done, (long long)total);
	service_status(&run->service, status);
	log_notice("recomputing figures", "reason=\"zone, calendar or rulesets changed\" done=%lld total=%lld", (long long)done, (long long)total);
}

static void tell_outage(struct run *run, instant since, const struct error *why)
{
	const struct progress_view v = {.phase = PROGRESS_AWAY, .since = since, .reason = why->text};
	char status[PROGRESS_TEXT_SIZE];
	progress_status(&v, status);
	service_status(&run->service, status);
}

/* The database may come up after the daemon: that is waited for. 0, 1: told to end, negative. */
static int prepare_store(struct run *run, struct error *err)
{
	int64_t told = 0;
	instant begun = clock_wall();
	char quoted[700];
	for (unsigned attempt = 0;; attempt++) {
		int r = store_connect(run->store, err);
		if (r == 0)
			r = store_basis_set(run->store, &run->basis, tell_recomputation, run, err);
		if (r <= 0)
			return r;
		tell_outage(run, begun, err);
		if (!told || clock_monotonic() - told > COMPLAIN_EVERY) {
			told = clock_monotonic();
			log_warning("store unavailable", "reason=%s", log_quote(err->text, quoted, sizeof quoted));
		}
		if (wait_or_end(attempt))
			return 1;
	}
}

static void count_topic(void *arg, const char *name, int partitions)
{
	(void)name;
	*(int *)arg += partitions;
}

/* Without a topic the group never assigns anything, and there is nothing to drain. 0: there is something; 1: nothing, or told to end; negative. */
static int look_for_topics(const struct config *c, struct error *err)
{
	int partitions = 0, r;
	char quoted[700];
	while ((r = source_topics(c, 5000, count_topic, &partitions, err)) == SOURCE_RETRY) {
		log_warning("kafka unavailable", "reason=%s", log_quote(err->text, quoted, sizeof quoted));
		if (wait_or_end(3))
			return 1;
	}
	if (r == 0 && partitions == 0)
		log_warning("nothing to drain", "reason=\"none of the topics exists\" topics=%s", c->topics);
	return r == 0 && partitions == 0 ? 1 : r;
}

static int run_daemon(struct run *run, bool until_drained, struct error *err)
{
	const struct pipeline_options options = {
		.until_drained = until_drained, .progress = until_drained && isatty(STDERR_FILENO), .service = &run->service, .reload = reload, .arg = run};
	log_info("starting", "version=%s librdkafka=%s rules=%s", REKAPD_VERSION, source_library_version(), run->rules.digest);
	int r = prepare_store(run, err);
	if (r == 0 && until_drained)
		r = look_for_topics(&run->config, err);
	if (r == 0)
		r = pipeline_run(&run->config, &run->rules, run->store, &options, err);
	service_stopping(&run->service, r < 0 ? err->text : "ending");
	return r < 0 ? r : 0;
}

int verb_run(const struct verb *v, int argc, char **argv)
{
	bool until_drained = false;
	const struct option_spec options[] = {{"until-drained", &until_drained, NULL}, {0}};
	struct invocation i;
	struct run run = {.invocation = &i};
	struct error err = {""};
	int r = invocation_read(v, argc, argv, options, &i);
	if (r >= 0 || (r = no_operands(v, &i)) >= 0)
		return r;
	block_signals();
	if ((r = load_rules(&i, &run.config, &run.rules)) != 0)
		return r;
	run.basis = basis_of(&run.config, &run.rules);
	service_init(&run.service);
	r = open_store(&run.config, false, &run.store);
	if (r == 0) {
		int code = run_daemon(&run, until_drained, &err);
		r = code < 0 ? fault(code, &err) : STATUS_OK;
		store_free(run.store);
	}
	service_deinit(&run.service);
	rules_deinit(&run.rules);
	config_deinit(&run.config);
	return r;
}
