// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What PostgreSQL refuses: which SQLSTATE means what, and the way down to the one record it will not have. */
#include "tests/integration/store/support.h"

static struct site t;
static struct store *s;

static void setup(void)
{
	site_init(&t);
	s = site_store(&t, "one");
	claim(s, 0);
	claim(s, 1);
}

static void teardown(void)
{
	store_free(s);
	site_deinit(&t);
}

/* n complaints in two partitions by turns, named "c0" and so on; the events last as long as the world. */
static void put_cases(int n)
{
	for (int i = 0; i < n; i++) {
		char *id = arena_alloc(t.world.arena, 16);
		snprintf(id, 16, "c%d", i);
		put_event(&t, i % 2, i / 2,
			  world_event(&t.world, "received", "2024-03-25T08:00:00+07:00", "r", "unit", UNIT_A, "class", "complaint", "channel", "web",
				      "complaint_id", id, NULL));
	}
}

/* Whichever record it is, the others are counted, and it alone is rejected. */
START_TEST(one_poison_record_is_found)
{
	char sql[128], expected[128];
	snprintf(sql, sizeof sql, "ALTER TABLE rekap_store.complaint ADD CONSTRAINT poison CHECK (entity_key <> 'c%d')", _i);
	run_sql(t.admin, sql);
	put_cases(9);
	struct store_commit done;
	struct error err = {""};
	ck_assert_msg(store_commit(s, &t.batch, &done, &err) == 0, "%s", err.text);
	ck_assert_int_eq(done.events, 8);
	ck_assert_int_eq(done.by_reason[REASON_NOT_STORABLE], 1);
	snprintf(expected, sizeof expected, "%d|%d|not_storable|23514|id.go.opd.complaint.received.v1|r|open", _i % 2, _i / 2);
	ck_sql(&t, "SELECT partition, \"offset\", reason, detail, event_type, event_id, status FROM rekap.reject", expected);
	ck_sql(&t, "SELECT count(*) FROM rekap.complaint", "8");
	ck_sql(&t, "SELECT sum(value) FROM rekap.measure_day WHERE measure = 'complaint.received' AND dimension = ''", "8");
	ck_sql(&t, "SELECT partition, next_offset FROM rekap.ingest_offset ORDER BY 1", "0|5\n1|4");
	ck_sql(&t, "SELECT sum(events), sum(rejected) FROM rekap.batch", "8|1");
}
END_TEST

/* A unique index that is not ours is about data, the primary key is about another instance: told apart, or the batch would be tried for ever. */
START_TEST(a_unique_violation_of_data_is_the_records_fault)
{
	run_sql(t.admin, "CREATE UNIQUE INDEX poison ON rekap_store.complaint (channel)");
	put_cases(3);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*) FROM rekap.complaint", "1");
	ck_sql(&t, "SELECT reason, detail FROM rekap.reject", "not_storable|23505\nnot_storable|23505");
}
END_TEST

static int count_waiting(void *arg, int64_t reject_id, const struct record *r)
{
	(void)reject_id;
	(void)r;
	++*(int *)arg;
	return 0;
}

/* More than one statement should carry, and more than the server takes of one: see SLICE_BYTES and BODY_BYTES. */
START_TEST(bodies_of_any_size_are_stored_or_left_out)
{
	enum { LARGE = 5 << 20, HUGE = 80 << 20, N = 9 };
	char *bytes = calloc(1, HUGE);
	ck_assert_ptr_nonnull(bytes);
	for (int i = 0; i < N; i++)
		put_reject(&t, 0, i, REASON_TOO_LARGE, "bytes")->record.value = (struct text){bytes, i == 4 ? HUGE : LARGE};
	const struct header header = {TEXT("x"), {bytes, HUGE}};
	struct record *r = &put_reject(&t, 0, N, REASON_UNKNOWN_UNIT, UNIT_A)->record;
	r->headers = &header;
	r->n_headers = 1;
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*), count(value), sum(length(value)), count(key), count(headers) FROM rekap.reject JOIN rekap.reject_body USING (reject_id)",
	       "10|8|41943040|8|8");
	ck_sql(&t, "SELECT next_offset FROM rekap.ingest_offset WHERE partition = 0", "10");
	struct error err = {""};
	int waiting = 0; /* of the one whose body was left out nothing is there to replay */
	ck_assert_msg(store_rejects_read(s, &(struct reject_filter){.waiting = true}, 0, 10, count_waiting, &waiting, &err) == 0 && !waiting, "%d %s", waiting, err.text);
	free(bytes);
}
END_TEST

/* If even the reject is refused, the records are not at fault: nothing is rejected, the daemon stops. */
START_TEST(a_fault_of_the_database_rejects_nothing)
{
	run_sql(t.admin, "ALTER TABLE rekap.batch ADD CONSTRAINT broken CHECK (batch_id < 0)");
	put_cases(4);
	ck_commit(s, &t, -EIO);
	ck_sql(&t, "SELECT (SELECT count(*) FROM rekap.reject), (SELECT count(*) FROM rekap.complaint), (SELECT sum(next_offset) FROM rekap.ingest_offset)",
	       "0|0|0");
	run_sql(t.admin, "ALTER TABLE rekap.batch DROP CONSTRAINT broken");
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*) FROM rekap.complaint", "4");
}
END_TEST

static const struct {
	const char *sqlstate;
	int outcome;
} classes[] = {
	{"08006", STORE_RETRY}, {"40001", STORE_RETRY}, {"40P01", STORE_RETRY}, {"53100", STORE_RETRY}, {"53200", STORE_RETRY}, {"55P03", STORE_RETRY},
	{"57014", STORE_RETRY}, {"57P01", STORE_RETRY}, {"58030", STORE_RETRY}, {"25006", STORE_RETRY}, {"22003", 0},           {"22P02", 0},
	{"23502", 0},           {"23503", 0},           {"42501", -EACCES},     {"42P01", -EIO},        {"XX000", -EIO},        {"P0001", -EIO},
};

/* Every class of SQLSTATE, raised while a row of the roll-up is written, with a message that must not be repeated. */
START_TEST(sqlstates_say_what_to_do)
{
	char sql[512];
	snprintf(sql, sizeof sql,
		 "CREATE FUNCTION public.raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
		 "RAISE SQLSTATE '%s' USING MESSAGE = 'secret of the message', DETAIL = 'secret of the detail'; END $$; "
		 "CREATE TRIGGER raise BEFORE INSERT ON rekap_store.complaint FOR EACH ROW EXECUTE FUNCTION public.raise()",
		 classes[_i].sqlstate);
	run_sql(t.admin, sql);
	put_cases(2);
	struct store_commit done;
	struct error err = {""};
	int r = store_commit(s, &t.batch, &done, &err);
	ck_assert_msg(r == classes[_i].outcome, "%s: %d, %s", classes[_i].sqlstate, r, err.text);
	if (r)
		ck_assert_ptr_nonnull(strstr(err.text, classes[_i].sqlstate));
	ck_assert_ptr_null(strstr(err.text, "detail"));
	ck_sql(&t, "SELECT count(*) FROM rekap.reject", r ? "0" : "2");
	run_sql(t.admin, "DROP TRIGGER raise ON rekap_store.complaint");
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT count(*) FROM rekap.complaint", r ? "2" : "0");
}
END_TEST

/* A deferred constraint fails in COMMIT itself. */
START_TEST(a_refusal_at_commit_counts_too)
{
	run_sql(t.admin, "CREATE FUNCTION public.raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.entity_key = 'c1' THEN RAISE SQLSTATE '23514'; "
			 "END IF; RETURN NULL; END $$; "
			 "CREATE CONSTRAINT TRIGGER raise AFTER INSERT ON rekap_store.complaint DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
			 "public.raise()");
	put_cases(4);
	ck_commit(s, &t, 0);
	ck_sql(&t, "SELECT partition, \"offset\", reason, detail FROM rekap.reject", "1|0|not_storable|23514");
	ck_sql(&t, "SELECT count(*) FROM rekap.complaint", "3");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("refuse");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_poison_record_is_found, 0, 9);
	tcase_add_test(tc, a_unique_violation_of_data_is_the_records_fault);
	tcase_add_test(tc, bodies_of_any_size_are_stored_or_left_out);
	tcase_add_test(tc, a_fault_of_the_database_rejects_nothing);
	tcase_add_loop_test(tc, sqlstates_say_what_to_do, 0, (int)COUNT(classes));
	tcase_add_test(tc, a_refusal_at_commit_counts_too);
	return run_case(tc);
}
