// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n: while rules are loaded, and while the pipeline runs from its first record to its last. */
#include <unistd.h>

#include "common/log.h"
#include "daemon/pipeline/batching.h"
#include "daemon/pipeline/committer.h"
#include "daemon/pipeline/rules.h"
#include "tests/unit/pipeline/fake.h"
#include "tests/unit/scarce.h"
#include "tests/unit/suite.h"

static char empty[] = "", zone[] = "Asia/Jakarta", calendar[] = TESTS_DIR "/../schemas/calendars/id.csv", ruleset[] = "/tmp/rekapd-memory-XXXXXX";
static struct config config = {.timezone = zone, .ruleset = ruleset, .calendar = calendar, .collective_leave = true, .batch_events = 20, .batch_bytes = 1 << 20};

static int attempt_rules(struct error *err)
{
	struct rules rules;
	int r = rules_load(&config, &rules, err);
	if (r < 0)
		return r;
	r = scarce_right(rules.rulesets.n == 1 && forbidden_has(&rules.rulesets.forbidden, TEXT("nik")) && strlen(rules.digest) == RULES_DIGEST_SIZE - 1);
	rules_deinit(&rules);
	return r;
}

START_TEST(rules)
{
	static const char text[] = "{\"id\":\"a\",\"valid_from\":\"2024-01-01\",\"forbidden_fields\":[\"nik\"]}";
	int fd = mkstemp(ruleset);
	ck_assert_int_eq(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	scarce_each(attempt_rules, 30, SCARCE_KEEPS | SCARCE_COPES); /* the C library, with its zones */
	unlink(ruleset);
}
END_TEST

static int attempt_batch(struct error *err)
{
	struct batch b;
	int r = batch_init(&b);
	for (int i = 0; i < 3000 && r == 0; i++) {
		size_t n = b.n;
		r = batch_add(&b) ? 0 : scarce_untouched(-ENOMEM, b.n == n);
	}
	batch_deinit(&b);
	return r < 0 ? error_set(err, r, "out of memory") : 0;
}

static int attempt_committer(struct error *err)
{
	struct committer *c = NULL;
	int r = committer_new(NULL, &c, err);
	r = scarce_untouched(r, !c);
	committer_free(c);
	return r == -EAGAIN ? error_set(err, -ENOMEM, "out of memory") : r; /* so says pthread_create */
}

START_TEST(parts)
{
	scarce_each(attempt_batch, 4, 0);
	scarce_each(attempt_committer, 1, SCARCE_KEEPS); /* the C library keeps the stacks of threads */
}
END_TEST

/* All is counted once, or the pipeline ends with a message and what it had counted is a beginning of all, each once. */
static int attempt_pipeline(struct error *err)
{
	static struct rules none;
	const struct pipeline_options options = {.until_drained = true};
	fake_reset(2, 30);
	int r = pipeline_run(&config, &none, NULL, &options, err);
	scarce_left = -1;
	bool right = !fake.broken;
	if (r == 0)
		right = right && fake_counted_once();
	if (!right)
		return -EPROTO;
	return r == -EAGAIN ? error_set(err, -ENOMEM, "out of memory") : r;
}

START_TEST(pipelines)
{
	log_level_set(LOG_LEVEL_ERROR);
	config.timezone = config.ruleset = config.calendar = empty;
	scarce_each(attempt_pipeline, 8, SCARCE_KEEPS);
}
END_TEST

SUITE("memory", rules, parts, pipelines)
