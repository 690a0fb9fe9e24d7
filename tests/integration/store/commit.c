// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A batch's way into PostgreSQL: what is written, what a repetition changes, who may write. */
#include "tests/integration/store/support.h"

static struct site t;

static void setup(void)
{
	site_init(&t);
}

static void teardown(void)
{
	site_deinit(&t);
}

static void put_case(int64_t offset)
{
	put_event(&t, 0, offset, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_A, "complaint"));
	put_event(&t, 0, offset + 1, world_event(&t.world, "responded", "2024-03-27T08:00:00+07:00", "a", NULL));
	put_event(&t, 0, offset + 2, world_event(&t.world, "resolved", "2024-03-28T08:00:00+07:00", "s", NULL));
}

START_TEST(a_batch_is_written_whole)
{
	struct store *s = site_store(&t, "one");
	ck_assert_int_eq(claim(s, 0), 0);
	put_case(5);
	put_reject(&t, 0, 8, REASON_BAD_FIELD, "data.class: required");
	put_reject(&t, 0, 9, REASON_TOMBSTONE, NULL);
	struct store_commit done;
	struct error err = {""};
	ck_assert_msg(store_commit(s, &t.batch, &done, &err) == 0, "%s", err.text);
	ck_assert_int_eq(done.events, 3);
	ck_assert_int_eq(done.rejected, 1);
	ck_assert_int_eq(done.tombstones, 1);
	ck_assert_int_eq(done.entities, 1);
	ck_sql(&t,
	       "SELECT complaint_id, unit_code, class, state, received_at AT TIME ZONE 'UTC', response_due_on, resolution_due_on, topic, partition, \"offset\" "
	       "FROM rekap.complaint",
	       "c|" UNIT_A "|complaint|resolved|2024-03-25 01:00:00|2024-04-02|2024-04-23|opd.complaint|0|7");
	ck_sql(&t, "SELECT day, value FROM rekap.measure_day WHERE unit_code = '" UNIT_A "' AND measure = 'complaint.open' AND dimension = '' ORDER BY 1",
	       "2024-03-25|1\n2024-03-28|-1");
	ck_sql(&t, "SELECT topic, partition, next_offset, epoch, owner FROM rekap.ingest_offset", "opd.complaint|0|10|1|one");
	ck_sql(&t, "SELECT partitions, events, rejected, owner FROM rekap.batch",
	       "[{\"last\": 9, \"first\": 5, \"topic\": \"opd.complaint\", \"partition\": 0}]|3|1|one");
	ck_sql(&t,
	       "SELECT topic, partition, \"offset\", reason, detail, event_type, status, convert_from(key, 'UTF8'), convert_from(value, 'UTF8'), headers "
	       "FROM rekap.reject JOIN rekap.reject_body USING (reject_id)",
	       "opd.complaint|0|8|bad_field|data.class: required||open|k|{\"secret\": 1}|[]");
	store_free(s);
}
END_TEST

START_TEST(a_duplicate_moves_only_the_offset)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_case(0);
	ck_commit(s, &t, 0);
	char *before = snapshot(&t), *rows = ask_rows(t.admin, "SELECT ctid, version FROM rekap_store.complaint");
	batch_clear(&t);
	put_case(3);
	struct store_commit done;
	ck_assert_int_eq(store_commit(s, &t.batch, &done, NULL), 0);
	ck_assert_int_eq(done.unchanged, 3);
	ck_assert_int_eq(done.entities + done.deltas, 0);
	char *after = snapshot(&t);
	ck_same(before, after);
	ck_sql(&t, "SELECT ctid, version FROM rekap_store.complaint", rows);
	ck_sql(&t, "SELECT next_offset FROM rekap.ingest_offset", "6");
	free(before);
	free(after);
	free(rows);
	store_free(s);
}
END_TEST

START_TEST(a_stored_batch_offered_again_changes_nothing)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_case(0);
	ck_commit(s, &t, 0);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*) FROM rekap.batch", "1");
	put_event(&t, 0, 3, world_event(&t.world, "rated", "2024-03-29T08:00:00+07:00", "q", "rating", "4", NULL));
	struct store_commit done;
	ck_assert_int_eq(store_commit(s, &t.batch, &done, NULL), 0);
	ck_assert_int_eq(done.events, 1);
	ck_sql(&t, "SELECT rating FROM rekap.complaint", "4");
	store_free(s);
}
END_TEST

/* Names of headers that are not text, values that are null, types that hold what PostgreSQL refuses: a reject is storable whatever the record held. */
START_TEST(odd_records_are_kept_as_they_are)
{
	static const struct header headers[] = {
		{TEXT_NONE, TEXT_NONE}, {{"a\"\\\n", 4}, {"\0\1\2", 3}}, {{"\xff\0", 2}, {"", 0}}, {{"\xc3\xa9", 2}, {"1234", 4}}};
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	struct item *item = put_reject(&t, 0, 0, REASON_NOT_JSON, NULL);
	item->record.headers = headers;
	item->record.n_headers = 4;
	item->record.key = TEXT_NONE;
	item->record.value = (struct text){"\0\xff", 2};
	item->detail = (struct text){"a\0\xff"
				     "b",
				     4};
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT detail, key IS NULL, value, headers FROM rekap.reject JOIN rekap.reject_body USING (reject_id)",
	       "a??b|t|\\x00ff|[{\"name\": \"\", \"value\": null}, {\"name\": \"a\\\"\\\\\\n\", \"value\": \"AAEC\"}, {\"value\": \"\", \"name_base64\": "
	       "\"/wA=\"}, "
	       "{\"name\": \"é\", \"value\": \"MTIzNA==\"}]");
	store_free(s);
}
END_TEST

START_TEST(a_record_read_again_keeps_its_first_reject)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_reject(&t, 0, 0, REASON_NOT_JSON, "12");
	ck_commit(s, &t, 0);
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET next_offset = 0");
	claim(s, 0);
	put_case(1);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*) FROM rekap.reject JOIN rekap.reject_body USING (reject_id)", "1");
	ck_sql(&t, "SELECT state FROM rekap.complaint", "resolved");
	store_free(s);
}
END_TEST

START_TEST(partitions_of_others_are_fenced)
{
	struct store *a = site_store(&t, "a"), *b = site_store(&t, "b");
	claim(a, 0);
	claim(a, 1);
	put_case(0);
	ck_commit(a, &t, 0);
	ck_assert_int_eq(claim(b, 0), 3);
	char *before = snapshot(&t);
	batch_clear(&t);
	put_event(&t, 0, 3, world_event(&t.world, "reopened", "2024-04-02T08:00:00+07:00", "o", NULL));
	put_event(&t, 1, 0, world_event(&t.world, "rated", "2024-03-29T08:00:00+07:00", "q", "rating", "4", NULL));
	put_reject(&t, 1, 1, REASON_NOT_JSON, "0");
	ck_commit(a, &t, STORE_FENCED);
	char *after = snapshot(&t);
	ck_same(before, after);
	ck_sql(&t, "SELECT partition, next_offset, epoch, owner FROM rekap.ingest_offset ORDER BY 1", "0|3|2|b\n1|0|1|a");
	ck_sql(&t, "SELECT count(*) FROM rekap.reject", "0");
	ck_sql(&t, "SELECT count(*) FROM rekap.batch", "1");
	store_release(a);
	ck_commit(a, &t, STORE_FENCED);
	t.batch.n = 1;
	ck_commit(b, &t, 0);
	ck_sql(&t, "SELECT reopened_count FROM rekap.complaint", "1");
	free(before);
	free(after);
	store_free(a);
	store_free(b);
}
END_TEST

START_TEST(offsets_set_back_by_hand_fence)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_case(0);
	ck_commit(s, &t, 0);
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET next_offset = 1");
	batch_clear(&t);
	put_case(3);
	ck_commit(s, &t, STORE_FENCED);
	store_free(s);
}
END_TEST

START_TEST(an_empty_batch_confirms_the_claims)
{
	struct store *s = site_store(&t, "one");
	batch_clear(&t);
	ck_commit(s, &t, 0); /* there are none */
	claim(s, 0);
	claim(s, 1);
	put_case(0);
	ck_commit(s, &t, 0);
	batch_clear(&t);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*) FROM rekap.batch", "1");
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET next_offset = 1 WHERE partition = 0"); /* as of a backup */
	ck_commit(s, &t, STORE_FENCED);
	ck_assert_int_eq(claim(s, 0), 1);
	ck_commit(s, &t, 0);
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET epoch = epoch + 1 WHERE partition = 1");
	ck_commit(s, &t, STORE_FENCED);
	store_free(s);
}
END_TEST

START_TEST(a_new_partition_begins_where_the_log_does)
{
	struct store *s = site_store(&t, "one");
	struct error err = {""};
	int64_t next = -1;
	ck_assert_int_eq(store_claim(s, "opd.complaint", 0, &next, &err), STORE_NEW);
	ck_sql(&t, "SELECT count(*) FROM rekap.ingest_offset", "0");
	next = 100;
	ck_assert_int_eq(store_claim(s, "opd.complaint", 0, &next, &err), 0);
	ck_assert_int_eq(next, 100);
	for (int i = -1; i <= 1; i++) { /* unknown, or trimmed since: what was promised stays promised */
		next = 200 * i;
		ck_assert_int_eq(store_claim(s, "opd.complaint", 0, &next, &err), 0);
		ck_assert_int_eq(next, 100);
	}
	ck_sql(&t, "SELECT next_offset, epoch FROM rekap.ingest_offset", "100|4");
	store_free(s);
}
END_TEST

/* The database was restored from a backup: the partition that records arrive for is as it was, another one is behind. */
START_TEST(a_new_session_confirms_all_claims)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	claim(s, 1);
	put_case(0);
	ck_commit(s, &t, 0);
	store_disconnect(s);
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET next_offset = 1 WHERE partition = 0");
	batch_clear(&t);
	put_reject(&t, 1, 0, REASON_NOT_JSON, "0");
	ck_commit(s, &t, STORE_FENCED);
	ck_sql(&t, "SELECT count(*) FROM rekap.reject", "0");
	run_sql(t.admin, "DELETE FROM rekap.ingest_offset WHERE partition = 0"); /* claimed first after the backup */
	ck_commit(s, &t, STORE_FENCED);
	store_release(s);
	claim(s, 1);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*) FROM rekap.reject", "1");
	store_free(s);
}
END_TEST

/* After a switch to a server that lacks the last moments, numbers stand for other things. */
START_TEST(a_new_session_trusts_no_number)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_case(0);
	ck_commit(s, &t, 0);
	store_disconnect(s);
	run_sql(t.admin, "TRUNCATE rekap_store.series, rekap_store.topic, rekap_store.complaint, rekap_store.measure_month RESTART IDENTITY; "
			 "INSERT INTO rekap_store.series (measure, dimension) VALUES ('another', ''); INSERT INTO rekap_store.topic (topic) VALUES ('another'); "
			 "UPDATE rekap_store.unit SET unit_id = DEFAULT");
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET next_offset = 0");
	claim(s, 0);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT unit_code, topic FROM rekap.complaint", UNIT_A "|opd.complaint");
	ck_sql(&t, "SELECT unit_code, value FROM rekap.measure_day WHERE measure = 'complaint.resolved'", UNIT_A "|1");
	ck_sql(&t, "SELECT count(*) FROM rekap.measure_day WHERE measure = 'another'", "0");
	store_free(s);
}
END_TEST

/* The parallel events go through one instance each; whoever is second must find what the first wrote. */
static void fold_alternating(bool turned)
{
	struct store *a = site_store(&t, "a"), *b = site_store(&t, "b");
	claim(a, 0);
	claim(b, 1);
	put_event(&t, turned, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_A, "complaint"));
	ck_commit(turned ? b : a, &t, 0);
	batch_clear(&t);
	put_event(&t, !turned, 0, world_event(&t.world, "forwarded", "2024-03-26T08:00:00+07:00", "f", "unit", UNIT_D, NULL));
	ck_commit(turned ? a : b, &t, 0);
	batch_clear(&t);
	put_event(&t, turned, 1, world_event(&t.world, "resolved", "2024-03-27T08:00:00+07:00", "s", NULL));
	ck_commit(turned ? b : a, &t, 0);
	store_free(a);
	store_free(b);
}

START_TEST(two_instances_fold_one_complaint)
{
	struct store *s = site_store(&t, "one");
	claim(s, 7);
	put_event(&t, 7, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_A, "complaint"));
	put_event(&t, 7, 1, world_event(&t.world, "resolved", "2024-03-27T08:00:00+07:00", "s", NULL));
	put_event(&t, 7, 2, world_event(&t.world, "forwarded", "2024-03-26T08:00:00+07:00", "f", "unit", UNIT_D, NULL));
	ck_commit(s, &t, 0);
	store_free(s);
	char *expected = snapshot(&t);
	site_deinit(&t);
	site_init(&t);
	fold_alternating(_i);
	char *got = snapshot(&t);
	ck_same(got, expected);
	free(got);
	free(expected);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("commit");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_batch_is_written_whole);
	tcase_add_test(tc, a_duplicate_moves_only_the_offset);
	tcase_add_test(tc, a_stored_batch_offered_again_changes_nothing);
	tcase_add_test(tc, odd_records_are_kept_as_they_are);
	tcase_add_test(tc, a_record_read_again_keeps_its_first_reject);
	tcase_add_test(tc, partitions_of_others_are_fenced);
	tcase_add_test(tc, offsets_set_back_by_hand_fence);
	tcase_add_test(tc, an_empty_batch_confirms_the_claims);
	tcase_add_test(tc, a_new_partition_begins_where_the_log_does);
	tcase_add_test(tc, a_new_session_confirms_all_claims);
	tcase_add_test(tc, a_new_session_trusts_no_number);
	tcase_add_loop_test(tc, two_instances_fold_one_complaint, 0, 2);
	return run_case(tc);
}
