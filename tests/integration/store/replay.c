// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Rejects that waited for a unit: handed out as they came, counted once, whoever replays them and how often. */
#include <pthread.h>

#include "tests/integration/store/support.h"

#define NEW_UNIT "5.01.0.00.0.00.01.0000"

static struct site t;
static struct store *s;

static struct event received(const char *id, const char *unit)
{
	return world_event(&t.world, "received", "2024-03-25T08:00:00+07:00", "r", "unit", unit, "class", "complaint", "channel", "web", "complaint_id", id,
			   NULL);
}

static void add_unit(const char *code)
{
	struct error err = {""};
	struct units u;
	ck_assert_int_eq(units_init(&u), 0);
	ck_assert_int_eq(store_units_load(s, &u, &err), 0);
	ck_assert_int_eq(units_add(&u, 0, text_of(code), TEXT("Baru"), TEXT_NONE, TEXT_NONE, DAY_NONE, DAY_NONE, TEXT_NONE), 0);
	ck_assert_msg(store_units_save(s, &u, &t.basis, &err) == 0, "%s", err.text);
	units_deinit(&u);
}

static const struct header headers[] = {{{"content-type", 12}, {"application/json", 16}}, {{"\xff", 1}, TEXT_NONE}, {TEXT_NONE, {"", 0}}};

static void setup(void)
{
	site_init(&t);
	s = site_store(&t, "one");
	claim(s, 0);
	struct item *item = put_event(&t, 0, 0, received("a", NEW_UNIT));
	item->record.headers = headers;
	item->record.n_headers = 3;
	item->record.value = TEXT("\0value");
	put_event(&t, 0, 1, received("b", "5.02.0.00.0.00.01.0000"));
	put_event(&t, 0, 2, received("c", UNIT_A));
	put_event(&t, 0, 3, received("d", NEW_UNIT))->record.key = TEXT_NONE;
	put_reject(&t, 0, 4, REASON_NOT_JSON, NEW_UNIT);
	ck_commit(s, &t, 0);
	batch_clear(&t);
}

static void teardown(void)
{
	store_free(s);
	site_deinit(&t);
}

/* Makes items of what is handed out: the decoder's part, played by the test. */
static int take(void *arg, int64_t reject_id, const struct record *r)
{
	struct site *site = arg;
	ck_assert_str_eq(r->topic.p, "opd.complaint");
	struct item *item = put_event(site, r->partition, r->offset, received(r->offset == 0 ? "a" : "d", NEW_UNIT));
	item->reject_id = reject_id;
	if (r->offset == 0) {
		ck_assert(text_equal(r->value, TEXT("\0value")));
		ck_assert_uint_eq(r->n_headers, 3);
		ck_assert(text_is(r->headers[0].name, "content-type") && text_is(r->headers[0].value, "application/json"));
		ck_assert(text_is(r->headers[1].name, "\xff") && !r->headers[1].value.p);
		ck_assert(text_is(r->headers[2].name, "") && text_is(r->headers[2].value, ""));
	} else {
		ck_assert_ptr_null(r->key.p);
		ck_assert_uint_eq(r->n_headers, 0);
	}
	return 0;
}

static void take_waiting(size_t expected)
{
	struct error err = {""};
	int r = store_rejects_read(s, &(struct reject_filter){.waiting = true}, 0, 100, take, &t, &err);
	ck_assert_msg(r == 0, "%d: %s", r, err.text);
	ck_assert_uint_eq(t.batch.n, expected);
}

START_TEST(waiting_rejects_are_counted_once)
{
	take_waiting(0);
	add_unit(NEW_UNIT);
	take_waiting(2);
	struct store_commit done;
	struct error err = {""};
	ck_assert_msg(store_commit(s, &t.batch, &done, &err) == 0, "%s", err.text);
	ck_assert_int_eq(done.events, 2);
	ck_sql(&t, "SELECT \"offset\", reason, detail, status FROM rekap.reject ORDER BY 1",
	       "0|unknown_unit|" NEW_UNIT "|replayed\n1|unknown_unit|5.02.0.00.0.00.01.0000|open\n3|unknown_unit|" NEW_UNIT "|replayed\n4|not_json|" NEW_UNIT
	       "|open");
	ck_sql(&t, "SELECT complaint_id, unit_code, topic, partition, \"offset\" FROM rekap.complaint ORDER BY 1",
	       "a|" NEW_UNIT "|opd.complaint|0|0\nc|" UNIT_A "|opd.complaint|0|2\nd|" NEW_UNIT "|opd.complaint|0|3");
	ck_sql(&t, "SELECT next_offset FROM rekap.ingest_offset", "5");
	ck_sql(&t, "SELECT partitions, events, rejected FROM rekap.batch ORDER BY batch_id DESC LIMIT 1", "[]|2|0");
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT sum(value) FROM rekap.measure_day WHERE measure = 'complaint.received' AND dimension = ''", "3");
	batch_clear(&t);
	take_waiting(0);
}
END_TEST

/* Looking at the schema of a new session takes nothing from the question. */
START_TEST(what_waits_is_found_after_a_lost_connection)
{
	add_unit(NEW_UNIT);
	store_disconnect(s);
	take_waiting(2);
}
END_TEST

START_TEST(a_replay_refused_again_stays_open)
{
	add_unit(NEW_UNIT);
	take_waiting(2);
	t.batch.items[0].reason = REASON_BAD_FIELD;
	t.batch.items[0].detail = TEXT("data.class: not one of its values");
	t.batch.items[1].reason = REASON_TOMBSTONE;
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT \"offset\", reason, detail, status FROM rekap.reject WHERE \"offset\" IN (0, 3) ORDER BY 1",
	       "0|bad_field|data.class: not one of its values|open\n3|unknown_unit|" NEW_UNIT "|replayed");
}
END_TEST

START_TEST(a_replay_is_bisected_too)
{
	add_unit(NEW_UNIT);
	take_waiting(2);
	run_sql(t.admin, "ALTER TABLE rekap_store.complaint ADD CONSTRAINT poison CHECK (entity_key <> 'd')");
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT \"offset\", reason, detail, status FROM rekap.reject WHERE \"offset\" IN (0, 3) ORDER BY 1",
	       "0|unknown_unit|" NEW_UNIT "|replayed\n3|not_storable|23514|open");
	ck_sql(&t, "SELECT count(*) FROM rekap.complaint", "2");
}
END_TEST

/* Neither claims nor the first store are needed. Both offer the same rejects; the second finds them replayed. */
START_TEST(two_replays_do_not_double)
{
	struct store *other = site_store(&t, "other");
	add_unit(NEW_UNIT);
	take_waiting(2);
	ck_commit(other, &t, 0);
	char *before = snapshot(&t);
	ck_commit(s, &t, 0);
	char *after = snapshot(&t);
	ck_same(after, before);
	free(before);
	free(after);
	store_free(other);
}
END_TEST

/* The replay has read the body already. A record that is read again has its row, and gets no body back. */
START_TEST(what_was_purged_is_over)
{
	add_unit(NEW_UNIT);
	take_waiting(2);
	run_sql(t.admin, "SELECT rekap.purge_bodies(ARRAY(SELECT reject_id FROM rekap.reject WHERE \"offset\" IN (0, 4)))");
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT \"offset\", status, EXISTS (SELECT FROM rekap.reject_body b WHERE b.reject_id = r.reject_id) FROM rekap.reject r ORDER BY 1",
	       "0|purged|f\n1|open|t\n3|replayed|t\n4|purged|f");
	ck_sql(&t, "SELECT complaint_id FROM rekap.complaint ORDER BY 1", "c\nd");
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET next_offset = 0");
	claim(s, 0);
	batch_clear(&t);
	put_reject(&t, 0, 4, REASON_NOT_JSON, NEW_UNIT);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT status, EXISTS (SELECT FROM rekap.reject_body b WHERE b.reject_id = r.reject_id) FROM rekap.reject r WHERE \"offset\" = 4", "purged|f");
}
END_TEST

/* Ends its transaction once somebody waits for it. */
static void *end_when_waited_for(void *arg)
{
	bool waited = false;
	while (!waited) {
		usleep(10000);
		char *answer = ask_rows(arg, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))");
		waited = *answer == 't';
		free(answer);
	}
	run_sql(arg, "COMMIT");
	return NULL;
}

/* A purge that is under way decides: nothing of what it removes is counted. */
START_TEST(a_purge_under_way_is_waited_for)
{
	pthread_t thread;
	add_unit(NEW_UNIT);
	take_waiting(2);
	run_sql(t.admin, "BEGIN; SELECT rekap.purge_bodies(ARRAY(SELECT reject_id FROM rekap.reject WHERE \"offset\" = 0))");
	ck_assert_int_eq(pthread_create(&thread, NULL, end_when_waited_for, t.admin), 0);
	ck_commit(s, &t, 0);
	pthread_join(thread, NULL);
	ck_sql(&t, "SELECT status FROM rekap.reject WHERE \"offset\" IN (0, 3) ORDER BY \"offset\"", "purged\nreplayed");
	ck_sql(&t, "SELECT complaint_id FROM rekap.complaint ORDER BY 1", "c\nd");
}
END_TEST

/* Page by page, nothing is left out. */
START_TEST(rejects_are_handed_out_in_order)
{
	struct error err = {""};
	int64_t after = 0;
	add_unit(NEW_UNIT);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(store_rejects_read(s, &(struct reject_filter){.waiting = true}, after, 1, take, &t, &err), 0);
		ck_assert_uint_eq(t.batch.n, i + 1);
		ck_assert_int_eq(t.batch.items[i].record.offset, i ? 3 : 0);
		after = t.batch.items[i].reject_id;
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("replay");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, waiting_rejects_are_counted_once);
	tcase_add_test(tc, what_waits_is_found_after_a_lost_connection);
	tcase_add_test(tc, a_replay_refused_again_stays_open);
	tcase_add_test(tc, a_replay_is_bisected_too);
	tcase_add_test(tc, two_replays_do_not_double);
	tcase_add_test(tc, what_was_purged_is_over);
	tcase_add_test(tc, a_purge_under_way_is_waited_for);
	tcase_add_test(tc, rejects_are_handed_out_in_order);
	return run_case(tc);
}
