// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Connections that break at the worst moment: whatever the server made of it, the batch counts once. */
#include "tests/integration/store/proxy.h"
#include "tests/integration/store/support.h"

#define COMMIT                                                                                                                                                 \
	"\x0b"                                                                                                                                                 \
	"COMMIT" /* the message with its length, rather than ON COMMIT */

static struct site t;
static struct proxy proxy;
static struct store *s;

static void setup(void)
{
	site_init(&t);
	proxy = (struct proxy){.word = ""};
	proxy_start(&proxy);
	size_t n = strlen(t.conninfo);
	snprintf(t.conninfo + n, sizeof t.conninfo - n, " host=%s", proxy.folder);
	s = site_store(&t, "one");
	claim(s, 0);
	claim(s, 1);
}

static void teardown(void)
{
	store_free(s);
	proxy_stop(&proxy);
	site_deinit(&t);
}

static void break_at(const char *word, enum cut cut)
{
	atomic_store(&proxy.cuts, 0);
	proxy.word = word;
	proxy.cut = cut;
}

static void put_case(void)
{
	put_event(&t, 0, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_A, "complaint"));
	put_event(&t, 1, 0, world_event(&t.world, "resolved", "2024-03-28T08:00:00+07:00", "s", NULL));
	put_reject(&t, 1, 1, REASON_NOT_JSON, "0");
	put_event(&t, 0, 1, world_event(&t.world, "rated", "2024-03-29T08:00:00+07:00", "q", "rating", "4", NULL));
}

static void ck_counted_once(void)
{
	ck_sql(&t, "SELECT state, rating FROM rekap.complaint", "resolved|4");
	ck_sql(&t, "SELECT sum(value) FROM rekap.measure_day WHERE measure = 'complaint.received' AND dimension = ''", "1");
	ck_sql(&t, "SELECT partition, next_offset FROM rekap.ingest_offset ORDER BY 1", "0|2\n1|2");
	ck_sql(&t, "SELECT sum(events), sum(rejected), count(*) FROM rekap.batch", "3|1|1");
	ck_sql(&t, "SELECT count(*) FROM rekap.reject_body", "1");
}

/* In every statement of the transaction, in each of the three ways: tried again, it is counted once, and what is reported is what was counted. */
static const char *const words[] = {
	"BEGIN",      "advance", "load_complaint", "COPY complaint", "INSERT INTO reject", "stage_measure (series", "add_measures",
	"note_batch", COMMIT};
#define WORDS ((int)COUNT(words))

START_TEST(a_lost_connection_counts_once)
{
	struct store_commit done;
	struct error err = {""};
	put_case();
	break_at(words[_i % WORDS], (enum cut)(CUT_BEFORE + _i / WORDS));
	int r = store_commit(s, &t.batch, &done, &err);
	ck_assert_msg(r == STORE_RETRY, "%s: %d: %s", words[_i % WORDS], r, err.text);
	ck_assert_int_eq(atomic_load(&proxy.cuts), 1);
	r = store_commit(s, &t.batch, &done, &err);
	ck_assert_msg(r == 0, "%s: %d: %s", words[_i % WORDS], r, err.text);
	ck_assert_int_eq(done.events, 3);
	ck_assert_int_eq(done.rejected, 1);
	ck_counted_once();
}
END_TEST

/* The server is still at it when the batch comes again. */
START_TEST(a_commit_that_still_runs_is_waited_for)
{
	run_sql(t.admin,
		"CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END $$; "
		"CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON rekap.batch DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.slow()");
	put_case();
	break_at(COMMIT, CUT_DURING);
	ck_commit(s, &t, STORE_RETRY);
	ck_sql(&t, "SELECT count(*) FROM rekap.batch", "0");
	ck_commit(s, &t, 0);
	ck_counted_once();
}
END_TEST

/* More came before the doubt was resolved: the first part is found to be stored, the rest is added. */
START_TEST(a_longer_batch_resolves_the_doubt)
{
	put_case();
	break_at(COMMIT, CUT_AFTER);
	ck_commit(s, &t, STORE_RETRY);
	put_event(&t, 0, 2, world_event(&t.world, "reopened", "2024-04-02T08:00:00+07:00", "o", NULL));
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT sum(events), sum(rejected), count(*) FROM rekap.batch", "4|1|2");
	ck_sql(&t, "SELECT state, reopened_count FROM rekap.complaint", "reopened|1");
}
END_TEST

/* The doubt is not resolved before somebody else takes over: they go on behind what was stored, we are fenced. */
START_TEST(a_doubt_that_another_resolves_is_fenced)
{
	put_case();
	break_at(COMMIT, CUT_AFTER);
	ck_commit(s, &t, STORE_RETRY);
	struct store *other = site_store(&t, "other");
	ck_assert_int_eq(claim(other, 0), 2);
	ck_commit(s, &t, STORE_FENCED);
	ck_counted_once();
	store_free(other);
}
END_TEST

/* A bisected batch that loses its connection in the second half. */
START_TEST(halves_are_not_counted_again)
{
	run_sql(t.admin, "ALTER TABLE rekap_store.complaint ADD CONSTRAINT poison CHECK (entity_key <> 'd')");
	put_case();
	put_event(&t, 0, 2, world_event(&t.world, "resolved", "2024-03-28T08:00:00+07:00", "s", "complaint_id", "d", NULL));
	put_event(&t, 0, 3, world_event(&t.world, "reopened", "2024-03-28T09:00:00+07:00", "s", NULL));
	break_at(COMMIT, _i ? CUT_AFTER : CUT_BEFORE);
	proxy.skip = 1;
	ck_commit(s, &t, STORE_RETRY);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT \"offset\", reason FROM rekap.reject ORDER BY 1", "1|not_json\n2|not_storable");
	ck_sql(&t, "SELECT sum(events), sum(rejected) FROM rekap.batch", "4|2");
	ck_sql(&t, "SELECT sum(value) FROM rekap.measure_day WHERE measure = 'complaint.received' AND dimension = ''", "1");
}
END_TEST

START_TEST(a_replay_in_doubt_counts_once)
{
	struct error err = {""};
	struct units u;
	put_event(&t, 0, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", "5.01.0.00.0.00.01.0000", "complaint"));
	ck_commit(s, &t, 0);
	ck_assert_int_eq(units_init(&u), 0);
	ck_assert_int_eq(store_units_load(s, &u, &err), 0);
	ck_assert_int_eq(units_add(&u, 0, TEXT("5.01.0.00.0.00.01.0000"), TEXT("Baru"), TEXT_NONE, TEXT_NONE, DAY_NONE, DAY_NONE, TEXT_NONE), 0);
	ck_assert_int_eq(store_units_save(s, &u, &t.basis, &err), 0);
	units_deinit(&u);
	t.batch.items[0].reject_id = 1;
	break_at(COMMIT, (enum cut)(CUT_BEFORE + _i));
	ck_commit(s, &t, STORE_RETRY);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT status FROM rekap.reject", "replayed");
	ck_sql(&t, "SELECT sum(value) FROM rekap.measure_day WHERE measure = 'complaint.received' AND dimension = ''", "1");
}
END_TEST

/* A server process that an administrator ends, between batches. */
START_TEST(a_terminated_session_is_replaced)
{
	put_case();
	run_sql(t.admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rekapd' AND datname = current_database()");
	ck_commit(s, &t, STORE_RETRY);
	ck_commit(s, &t, 0);
	ck_counted_once();
}
END_TEST

static void *cancel_soon(void *arg)
{
	usleep(300000);
	store_cancel(arg);
	return NULL;
}

/* A statement that waits, for a lock or for a server that is gone without a word, ends when it is told to. */
START_TEST(a_wait_can_be_cancelled)
{
	pthread_t thread;
	put_case();
	if (_i)
		break_at("advance", SWALLOW);
	else
		run_sql(t.admin, "BEGIN; LOCK rekap.ingest_offset");
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, s), 0);
	ck_commit(s, &t, STORE_RETRY);
	pthread_join(thread, NULL);
	if (!_i)
		run_sql(t.admin, "ROLLBACK");
	ck_commit(s, &t, 0);
	ck_counted_once();
}
END_TEST

int main(void)
{
	if (!is_unix_socket(getenv("PGHOST"))) {
		puts("PGHOST must name the folder of a socket");
		return 77;
	}
	TCase *tc = tcase_create("doubt");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_lost_connection_counts_once, 0, 3 * WORDS);
	tcase_add_test(tc, a_commit_that_still_runs_is_waited_for);
	tcase_add_test(tc, a_longer_batch_resolves_the_doubt);
	tcase_add_test(tc, a_doubt_that_another_resolves_is_fenced);
	tcase_add_loop_test(tc, halves_are_not_counted_again, 0, 2);
	tcase_add_loop_test(tc, a_replay_in_doubt_counts_once, 0, 3);
	tcase_add_test(tc, a_terminated_session_is_replaced);
	tcase_add_loop_test(tc, a_wait_can_be_cancelled, 0, 2);
	return run_case(tc);
}
