// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The pipeline between a fake Kafka and a fake PostgreSQL: what it does when one of them misbehaves. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/pipeline/fake.h"
#include "tests/unit/suite.h"

static struct config config;
static struct error error;
static int reloads;

static void reload(void *arg)
{
	(void)arg;
	reloads++;
	kill(getpid(), SIGTERM);
}

static bool (*drained)(void *arg);

static int run(bool until_drained)
{
	static struct rules rules;
	struct pipeline_options options = {.until_drained = until_drained, .drained = drained, .reload = reload};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	log_level_set(LOG_LEVEL_ERROR);
	forbidden_init(&rules.rulesets.forbidden, 1);
	error = (struct error){""};
	return pipeline_run(&config, &rules, NULL, &options, &error);
}

static void fresh(int32_t partitions, int64_t records)
{
	config = (struct config){.batch_events = 100, .batch_bytes = 1 << 20, .batch_ms = 0};
	fake_reset(partitions, records);
}

static void check_complete(void)
{
	ck_assert_msg(fake_counted_once(), "%s", fake.broken);
}

START_TEST(drains)
{
	fresh(3, 1000);
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_uint_le(fake.batch_most, 100);
	for (int i = 0; i < 3; i++) /* also where a gap is told only once all that was handed on is stored */
		ck_assert_int_eq(fake.partitions[i].told, fake.partitions[i].next);
}
END_TEST

START_TEST(nothing_assigned_is_drained)
{
	fresh(0, 0);
	ck_assert_int_eq(run(true), 0);
	fresh(3, 0);
	ck_assert_int_eq(run(true), 0);
	check_complete();
}
END_TEST

static unsigned asked;

/* More arrives whenever all is stored, for a while. */
static bool go_on_twice(void *arg)
{
	(void)arg;
	check_complete();
	if (asked++ == 2)
		return true;
	fake.partitions[1].n += 150;
	return false;
}

START_TEST(goes_on_when_it_is_told_to)
{
	fresh(3, 100);
	drained = go_on_twice;
	ck_assert_int_eq(run(true), 0);
	drained = NULL;
	ck_assert_uint_eq(asked, 3);
	ck_assert_int_eq(fake.partitions[1].n, 400);
	check_complete();
}
END_TEST

/* --- the store is away ------------------------------------------------------------------------------------------------------------------------- */

static unsigned polls_at_outage, polls_at_end;

static int fail_four_times(unsigned n, const struct batch *b)
{
	(void)b;
	if (n == 1)
		polls_at_outage = atomic_load(&fake.polls);
	if (n == 4)
		clock_sleep(50000); /* an attempt that takes its time */
	if (n == 5)
		polls_at_end = atomic_load(&fake.polls);
	return n <= 4 ? STORE_RETRY : 0;
}

START_TEST(retries_while_polling)
{
	fresh(2, 500);
	config.batch_events = 100000; /* never full, so nothing keeps it from polling */
	fake.on_commit = fail_four_times;
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_uint_gt(polls_at_end, polls_at_outage);
}
END_TEST

static int64_t away_until;

static int away_for_a_while(unsigned n, const struct batch *b)
{
	(void)n;
	(void)b;
	if (!away_until)
		away_until = clock_monotonic() + 2 * INSTANT_PER_SECOND;
	return clock_monotonic() < away_until ? STORE_RETRY : 0;
}

START_TEST(pauses_and_bounds_memory)
{
	fresh(4, 5000);
	fake.value_bytes = 1000;
	config.batch_bytes = 1 << 18; /* reached before the number of events */
	config.batch_events = 100000;
	away_until = 0;
	fake.on_commit = away_for_a_while;
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_uint_ge(fake.pauses, 1);
	ck_assert_uint_gt(atomic_load(&fake.polls), 100);
	/* two batches, each beyond its bound by at most one poll */
	ck_assert_uint_le(fake.held_most, 2 * ((1 << 18) + 1024 * 1100));
}
END_TEST

static int claim_later(unsigned n)
{
	return n <= 5 ? STORE_RETRY : 0;
}

START_TEST(claims_until_it_succeeds)
{
	fresh(2, 300);
	fake.on_claim = claim_later;
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_uint_ge(fake.claims, 7);
	ck_assert_uint_gt(atomic_load(&fake.polls), 5);
}
END_TEST

static int refuse(unsigned n, const struct batch *b)
{
	(void)b;
	return n == 3 ? -EPROTO : 0;
}

START_TEST(stops_loudly)
{
	fresh(2, 1000);
	fake.on_commit = refuse;
	ck_assert_int_eq(run(true), -EPROTO);
	ck_assert_str_eq(error.text, "the commit fails");
}
END_TEST

static int lose_offsets(unsigned n, struct error *err)
{
	return n == 3 ? error_set(err, -ENODATA, "offsets are gone") : 0;
}

START_TEST(stops_for_a_gap)
{
	fresh(2, 10000);
	fake.on_source = lose_offsets;
	ck_assert_int_eq(run(true), -ENODATA);
	ck_assert_str_eq(error.text, "offsets are gone");
	ck_assert_ptr_null(fake.broken);
}
END_TEST

/* --- partitions come and go -------------------------------------------------------------------------------------------------------------------- */

static int steal_one(unsigned n, const struct batch *b)
{
	(void)b;
	if (n == 2 || n == 5)
		fake_steal(1);
	return 0;
}

/* What was read after a batch that was fenced off must not be committed: in the other partitions it would skip that batch's records. */
START_TEST(fenced_goes_back_to_what_is_stored)
{
	fresh(4, 1000);
	fake.silent = 1;
	fake.on_commit = steal_one;
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_uint_ge(fake.reclaims, 1);
	ck_assert_uint_eq(fake.begins, 1 + 4); /* of new partitions only, and not when they are claimed again */
}
END_TEST

static atomic_int storing;

static int slow(unsigned n, const struct batch *b)
{
	(void)b;
	if (n == 3) {
		atomic_store(&storing, 1);
		clock_sleep(300000);
	}
	return 0;
}

static void revoke_while_storing(unsigned n)
{
	static unsigned back;
	if (atomic_exchange(&storing, 0)) {
		fake_revoke(false);
		back = n + 20;
	}
	if (back && n == back)
		fake_assign();
}

START_TEST(revocation_finishes_a_commit)
{
	fresh(2, 2000);
	fake.on_commit = slow;
	fake.on_poll = revoke_while_storing;
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_uint_eq(atomic_load(&fake.cancels), 0);
}
END_TEST

static bool was_revoked;
static int64_t revoked_at, revocation_took;

static int away_until_revoked(unsigned n, const struct batch *b)
{
	(void)n;
	(void)b;
	return was_revoked ? 0 : STORE_RETRY;
}

static void revoke_in_backoff(unsigned n)
{
	if (revoked_at && !was_revoked) {
		revocation_took = clock_monotonic() - revoked_at;
		was_revoked = true;
		fake_assign();
	} else if (!revoked_at && atomic_load(&fake.commits) >= 3) {
		revoked_at = clock_monotonic();
		fake_revoke(false);
	}
	(void)n;
}

START_TEST(revocation_abandons_a_retry)
{
	fresh(2, 1000);
	was_revoked = false;
	revoked_at = 0;
	fake.on_commit = away_until_revoked;
	fake.on_poll = revoke_in_backoff;
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_int_lt(revocation_took, 2 * INSTANT_PER_SECOND);
}
END_TEST

static int hang_once(unsigned n, const struct batch *b)
{
	(void)b;
	if (n != 2)
		return 0;
	atomic_store(&storing, 1);
	return fake_wait_cancel() ? STORE_RETRY : 0;
}

static void lose_while_storing(unsigned n)
{
	static unsigned back;
	if (atomic_exchange(&storing, 0)) {
		fake_revoke(true);
		back = n + 5;
	}
	if (back && n == back)
		fake_assign();
}

START_TEST(lost_partitions_cut_a_commit_short)
{
	fresh(2, 1000);
	fake.on_commit = hang_once;
	fake.on_poll = lose_while_storing;
	int64_t start = clock_monotonic();
	ck_assert_int_eq(run(true), 0);
	check_complete();
	ck_assert_uint_ge(atomic_load(&fake.cancels), 1);
	ck_assert_int_lt(clock_monotonic() - start, 5 * INSTANT_PER_SECOND);
}
END_TEST

static void rebalance_all_the_time(unsigned n)
{
	if (n > 300)
		return;
	if (n % 7 == 0)
		fake_revoke(n % 2);
	if (n % 7 == 3)
		fake_assign();
}

START_TEST(rebalances_lose_and_double_nothing)
{
	fresh(4, 4000);
	fake.on_poll = rebalance_all_the_time;
	ck_assert_int_eq(run(true), 0);
	check_complete();
}
END_TEST

/* --- signals ------------------------------------------------------------------------------------------------------------------------------------- */

static void end_at_20(unsigned n)
{
	if (n == 20)
		kill(getpid(), SIGTERM);
}

START_TEST(sigterm_commits_what_is_at_hand)
{
	fresh(4, FAKE_RECORDS);
	fake.on_poll = end_at_20;
	ck_assert_int_eq(run(false), 0);
	ck_assert_ptr_null(fake.broken);
	int64_t read = 0;
	for (int i = 0; i < 4; i++)
		read += fake.partitions[i].position;
	ck_assert_int_eq(fake_counted(), read);
	ck_assert_int_lt(read, 4 * FAKE_RECORDS);
}
END_TEST

static int always_away(unsigned n, const struct batch *b)
{
	(void)b;
	if (n == 3)
		kill(getpid(), SIGTERM);
	return STORE_RETRY;
}

START_TEST(sigterm_ends_an_outage)
{
	fresh(2, 1000);
	fake.on_commit = always_away;
	int64_t start = clock_monotonic();
	ck_assert_int_eq(run(false), 0);
	ck_assert_int_lt(clock_monotonic() - start, 5 * INSTANT_PER_SECOND);
	ck_assert_int_eq(fake_counted(), 0);
}
END_TEST

static void hang_up_at_10(unsigned n)
{
	if (n == 10)
		kill(getpid(), SIGHUP);
}

START_TEST(sighup_reloads)
{
	fresh(1, 10);
	reloads = 0;
	fake.on_poll = hang_up_at_10;
	ck_assert_int_eq(run(false), 0);
	ck_assert_int_eq(reloads, 1);
	check_complete();
}
END_TEST

SUITE("flow", drains, nothing_assigned_is_drained, goes_on_when_it_is_told_to, retries_while_polling, pauses_and_bounds_memory, claims_until_it_succeeds, stops_loudly, stops_for_a_gap,
      fenced_goes_back_to_what_is_stored, revocation_finishes_a_commit, revocation_abandons_a_retry, lost_partitions_cut_a_commit_short, rebalances_lose_and_double_nothing,
      sigterm_commits_what_is_at_hand, sigterm_ends_an_outage, sighup_reloads)
