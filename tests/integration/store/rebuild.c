// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What was changed by hand is found, and a rebuild makes everything as if it had always been right: beside writers, in pieces, at once, and once only. */
#include "tests/integration/store/proxy.h"
#include "tests/integration/store/support.h"

static struct site t;
static struct store *s, *b; /* a daemon's, a rebuild's */
static struct error err;

/* The server may not have noticed yet that the session of the last rebuild has ended. */
#define again(call)                                                                                                                                            \
	({                                                                                                                                                     \
		int r_;                                                                                                                                        \
		for (int tries_ = 0; (r_ = (call)) == STORE_RETRY && tries_ < 1000; tries_++)                                                                  \
			usleep(20000);                                                                                                                         \
		r_;                                                                                                                                            \
	})

static struct store *new_store(const char *conninfo, const char *owner)
{
	struct store *fresh;
	ck_assert_msg(store_new(conninfo, owner, &fresh, &err) == 0, "%s", err.text);
	return fresh;
}

static void put_cases(void)
{
	put_event(&t, 0, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_C, "complaint"));
	put_event(&t, 0, 1, world_event(&t.world, "resolved", "2024-07-10T08:00:00+07:00", "s", NULL));
	put_event(&t, 0, 2,
		  world_event(&t.world, "received", "2024-04-01T08:00:00+07:00", "r", "unit", UNIT_A, "class", "complaint", "channel", "web", "complaint_id", "d",
			      NULL));
	put_event(&t, 0, 3, world_event(&t.world, "resolved", "2024-03-10T08:00:00+07:00", "s", "complaint_id", "d", NULL));
	put_reject(&t, 0, 4, REASON_NOT_JSON, "0");
	put_event(&t, 0, 5, world_event(&t.world, "rated", "2024-04-10T08:00:00+07:00", "q", "rating", "4", "complaint_id", "e", NULL));
}

/* What a daemon writes while a rebuild is under way. */
static void put_more(void)
{
	batch_clear(&t);
	put_event(&t, 0, 6, world_event(&t.world, "reopened", "2024-07-12T08:00:00+07:00", "o", NULL));
	put_event(&t, 0, 7,
		  world_event(&t.world, "received", "2024-05-02T08:00:00+07:00", "r", "unit", UNIT_D, "class", "aspiration", "channel", "web", "complaint_id",
			      "f", NULL));
	put_event(&t, 0, 8, world_event(&t.world, "withdrawn", "2024-05-02T08:00:00+07:00", "w", "complaint_id", "d", NULL));
}

static void setup(void)
{
	site_init(&t);
	s = site_store(&t, "daemon");
	b = new_store(t.conninfo, "rebuild");
	claim(s, 0);
	put_cases();
	ck_commit(s, &t, 0);
}

static void teardown(void)
{
	store_free(s);
	store_free(b);
	site_deinit(&t);
}

/* --- verifying --- */

static void note_difference(void *arg, const struct store_difference *d)
{
	struct buffer *lines = arg;
	buffer_printf(lines, "%s%s %.*s%s%s %.*s %.*s", lines->n ? "\n" : "", d->table, TEXT_ARG(d->key), d->column ? " " : "", d->column ? d->column : "",
		      TEXT_ARG(d->stored), TEXT_ARG(d->computed));
}

#define ck_verify(basis, expected)                                                                                                                             \
	do {                                                                                                                                                   \
		struct buffer lines_ = {0};                                                                                                                    \
		struct store *v_ = new_store(t.conninfo, "verify");                                                                                            \
		int64_t n_;                                                                                                                                    \
		int r_ = store_verify(v_, basis, note_difference, NULL, &lines_, &n_, &err);                                                                   \
		ck_assert_msg(r_ == 0, "%d: %s", r_, err.text);                                                                                                \
		const char *got_ = buffer_cstr(&lines_);                                                                                                       \
		ck_assert_str_eq(got_, expected);                                                                                                              \
		ck_assert_int_eq(n_ == 0, !*got_);                                                                                                             \
		buffer_deinit(&lines_);                                                                                                                        \
		store_free(v_);                                                                                                                                \
	} while (0)

#define HOME "FROM rekap_store.series s WHERE s.series_id = m.series_id AND s.measure = 'complaint.received' AND s.dimension = ''"

/* Each damage is told, and nothing else; and each is mended by a rebuild, so that the tables are what they were. */
static const struct {
	const char *sql, *told;
} damages[] = {
	{"UPDATE rekap_store.measure_month m SET d25 = 7.5, total = 7.5 " HOME " AND month = '2024-03-01'",
	 "measure_month " UNIT_C " complaint.received 2024-03-25 7.5 1"},
	{"UPDATE rekap_store.measure_month m SET d26 = -0.000001 " HOME " AND month = '2024-03-01'",
	 "measure_month " UNIT_C " complaint.received 2024-03-26 -0.000001 0\nmeasure_month " UNIT_C " complaint.received 2024-03 total 1 0.999999"},
	{"UPDATE rekap_store.measure_month m SET total = 2 " HOME " AND month = '2024-03-01'", "measure_month " UNIT_C " complaint.received 2024-03 total 2 1"},
	{"UPDATE rekap_store.measure_month m SET d31 = 3, total = 4 " HOME " AND month = '2024-04-01'",
	 "measure_month complaint.received  holds a value on a day that its month has not\nmeasure_month " UNIT_A " complaint.received 2024-04-01 1 2"},
	{"DELETE FROM rekap_store.measure_month m USING rekap_store.series s WHERE s.series_id = m.series_id AND s.measure = 'complaint.received' AND s.dimension = '' "
	 "AND month = '2024-03-01'",
	 "measure_month " UNIT_C " complaint.received 2024-03-25 0 1"},
	{"INSERT INTO rekap_store.measure_month (series_id, unit_id, month, total, d9) SELECT series_id, 4, '2030-02-01', 5, 5 FROM rekap_store.series "
	 "WHERE measure = 'complaint.received' AND dimension = ''",
	 "measure_month " UNIT_D " complaint.received 2030-02-09 5 0"},
	{"INSERT INTO rekap_store.measure_month (series_id, unit_id, month, total, d9) SELECT series_id, 4000, '2030-02-01', 5, 5 FROM rekap_store.series "
	 "WHERE measure = 'complaint.received' AND dimension = ''",
	 "measure_month complaint.received  names a unit that rekap_store.unit has not"},
	{"INSERT INTO rekap_store.measure_month (series_id, unit_id, month, total, d9) VALUES (4000, 1, '2030-02-01', 5, 5)",
	 "measure_month   names a series that rekap_store.series has not"},
	{"UPDATE rekap_store.complaint SET rating = 5, reopened_count = 2 WHERE entity_key = 'd'",
	 "complaint d reopened_count 2 0\ncomplaint d rating 5 null"},
	{"UPDATE rekap_store.complaint SET channel = E'\\x1b[31m\"', resolved_at = NULL, response_due_on = '2024-01-02' WHERE entity_key = 'c'",
	 "complaint c channel \"\\u001b[31m\\\"\" \"web\"\ncomplaint c resolved_at null \"2024-07-10T01:00:00Z\"\ncomplaint c response_due_on \"2024-01-02\" \"2024-04-02\""},
	{"UPDATE rekap_store.complaint SET unit_id = 4, flags = '{x:y}' WHERE entity_key = 'c'",
	 "complaint c unit_id \"" UNIT_D "\" \"" UNIT_C "\"\ncomplaint c flags [\"x:y\"] null"},
	{"UPDATE rekap_store.complaint SET flags = NULL WHERE entity_key = 'd'", "complaint d flags null [\"resolved_before_received\"]"},
};

static void ck_told_and_mended(const char *sql, const char *told)
{
	enum rebuild_begun begun;
	struct store_rebuilt done;
	run_sql(t.admin, sql);
	ck_verify(&t.basis, told);
	ck_assert_msg(store_rebuild_begin(b, &t.basis, false, false, &begun, &err) == 0, "%s", err.text);
	ck_assert_msg(store_rebuild_entities(b, NULL, NULL, &err) == 0, "%s", err.text);
	ck_verify(&t.basis, told); /* beside, not in the live tables */
	ck_assert_msg(store_rebuild_swap(b, &t.basis, &done, &err) == 0, "%s", err.text);
	ck_assert_int_eq(done.entities, 3);
	ck_assert_int_eq(done.rows + done.measures, 1);
	ck_verify(&t.basis, "");
	ck_sql(&t, "SELECT source FROM rekap_rebuild.progress", "");
	ck_sql(&t, "SELECT (SELECT count(*) FROM rekap_rebuild.complaint) + (SELECT count(*) FROM rekap_rebuild.measure_month)", "0");
}

START_TEST(damage_is_told_and_mended)
{
	char *before = snapshot(&t);
	ck_verify(&t.basis, "");
	for (size_t i = 0; i < COUNT(damages); i++) {
		ck_told_and_mended(damages[i].sql, damages[i].told);
		char *after = snapshot(&t);
		ck_same(after, before);
		free(after);
	}
	free(before);
}
END_TEST

/* A state that is none is told, and a rebuild from entities refuses to go on without it. */
START_TEST(a_broken_state_is_told)
{
	enum rebuild_begun begun;
	run_sql(t.admin, "UPDATE rekap_store.complaint SET state = 'x' WHERE entity_key = 'd'");
	struct buffer lines = {0};
	int64_t n;
	ck_assert_int_eq(store_verify(s, &t.basis, note_difference, NULL, &lines, &n, &err), 0);
	ck_assert_ptr_nonnull(strstr(buffer_cstr(&lines), "complaint d  holds a state that this program cannot read"));
	ck_assert_ptr_nonnull(strstr(buffer_cstr(&lines), "measure_month " UNIT_A " complaint.received 2024-04-01 1 0"));
	buffer_deinit(&lines);
	ck_assert_int_eq(store_rebuild_begin(b, &t.basis, false, false, &begun, &err), 0);
	ck_assert_int_eq(store_rebuild_entities(b, NULL, NULL, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot read"));
}
END_TEST

START_TEST(verify_wants_the_basis_of_the_figures)
{
	struct store_basis slow = slow_basis(&t);
	int64_t n;
	ck_assert_int_eq(store_verify(s, &slow, note_difference, NULL, NULL, &n, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "rekapd rebuild"));
}
END_TEST

/* --- rebuilding from entities --- */

static void begin(struct store *store, const struct store_basis *basis, bool from_kafka, enum rebuild_begun expected)
{
	enum rebuild_begun begun;
	int r = again(store_rebuild_begin(store, basis, from_kafka, false, &begun, &err));
	ck_assert_msg(r == 0, "%d: %s", r, err.text);
	ck_assert_int_eq(begun, expected);
}

static void entities(struct store *store)
{
	int r = again(store_rebuild_entities(store, NULL, NULL, &err));
	ck_assert_msg(r == 0, "%d: %s", r, err.text);
}

static void swap(struct store *store, const struct store_basis *basis)
{
	struct store_rebuilt done;
	int r = again(store_rebuild_swap(store, basis, &done, &err));
	ck_assert_msg(r == 0, "%d: %s", r, err.text);
}

/* The tables as they would be if all had been folded with that basis from the start. */
static char *from_scratch(const struct store_basis *basis)
{
	struct site kept = t;
	site_init(&t);
	struct store *fresh = new_store(t.conninfo, "scratch");
	ck_assert_int_eq(store_basis_set(fresh, basis, NULL, NULL, &err), 0);
	claim(fresh, 0);
	put_cases();
	ck_commit(fresh, &t, 0);
	put_more();
	ck_commit(fresh, &t, 0);
	char *result = snapshot(&t);
	store_free(fresh);
	site_deinit(&t);
	t = kept;
	return result;
}

/* Other rules; killed after the first pass; a daemon goes on before, between and after; another process takes up and swaps. */
START_TEST(other_rules_beside_a_daemon)
{
	struct store_basis slow = slow_basis(&t);
	char *expected = from_scratch(&slow);
	begin(b, &slow, false, REBUILD_FRESH);
	entities(b);
	b = store_free(b);
	put_more();
	ck_commit(s, &t, 0);
	b = new_store(t.conninfo, "heir");
	begin(b, &slow, false, REBUILD_RESUMED);
	if (_i)
		entities(b);
	swap(b, &slow);
	char *got = snapshot(&t);
	ck_same(got, expected);
	ck_verify(&slow, "");
	ck_sql(&t, "SELECT digest, version > 0, (SELECT string_agg(ruleset, ' ' ORDER BY 1) FROM rekap_store.ruleset WHERE body ? 'indicators') FROM rekap_store.basis",
	       "digest of slow rules|t|slow");
	/* the daemon with the old rules stops; one with the new ones has nothing to restate */
	struct store_commit done;
	batch_clear(&t);
	put_event(&t, 0, 9, world_event(&t.world, "rated", "2024-06-10T08:00:00+07:00", "q", "rating", "1", NULL));
	ck_assert_int_eq(store_commit(s, &t.batch, &done, &err), -ESTALE);
	char *rows = ask_rows(t.admin, "SELECT ctid, xmin FROM rekap_store.complaint ORDER BY 1");
	ck_assert_int_eq(store_basis_set(s, &slow, NULL, NULL, &err), 0);
	ck_sql(&t, "SELECT ctid, xmin FROM rekap_store.complaint ORDER BY 1", rows);
	ck_commit(s, &t, 0);
	ck_verify(&slow, "");
	free(rows);
	free(got);
	free(expected);
}
END_TEST

START_TEST(the_swap_touches_what_differs)
{
	begin(b, &t.basis, false, REBUILD_FRESH);
	entities(b);
	char *rows = ask_rows(t.admin, "SELECT ctid, xmin FROM rekap_store.complaint ORDER BY 1");
	char *months = ask_rows(t.admin, "SELECT ctid, xmin FROM rekap_store.measure_month ORDER BY 1");
	swap(b, &t.basis);
	ck_sql(&t, "SELECT ctid, xmin FROM rekap_store.complaint ORDER BY 1", rows);
	ck_sql(&t, "SELECT ctid, xmin FROM rekap_store.measure_month ORDER BY 1", months);
	ck_sql(&t, "SELECT next_offset, epoch FROM rekap.ingest_offset", "6|1");
	ck_sql(&t, "SELECT count(*), sum(events), sum(rejected) FROM rekap.batch", "2|5|1");
	put_more(); /* nor does the daemon notice */
	ck_commit(s, &t, 0);
	ck_verify(&t.basis, "");
	free(rows);
	free(months);
}
END_TEST

START_TEST(one_at_a_time_of_one_sort)
{
	enum rebuild_begun begun;
	struct store *other = new_store(t.conninfo, "other");
	begin(b, &t.basis, true, REBUILD_FRESH);
	ck_assert_int_eq(store_rebuild_begin(other, &t.basis, true, false, &begun, &err), STORE_RETRY);
	ck_assert_ptr_nonnull(strstr(err.text, "another rebuild"));
	b = store_free(b);
	ck_assert_int_eq(again(store_rebuild_begin(other, &t.basis, false, false, &begun, &err)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "--from-kafka, or discard it with --restart"));
	ck_assert_int_eq(again(store_rebuild_begin(other, &t.basis, false, true, &begun, &err)), 0);
	ck_assert_int_eq(begun, REBUILD_FRESH);
	entities(other);
	swap(other, &t.basis);
	struct store_rebuilt done;
	ck_assert_int_eq(store_rebuild_swap(other, &t.basis, &done, &err), 0); /* as after an unknown outcome: done already */
	store_free(other);
	b = new_store(t.conninfo, "rebuild");
	ck_assert_int_eq(store_rebuild_swap(b, &t.basis, &done, &err), -ESTALE); /* nothing was begun */
}
END_TEST

/* The register changes: what was computed is void, whether more was to come or it was about to be swapped. */
START_TEST(a_register_change_voids_it)
{
	struct units u;
	struct store_rebuilt done;
	begin(b, &t.basis, false, REBUILD_FRESH);
	entities(b);
	ck_assert_int_eq(units_init(&u), 0);
	ck_assert_int_eq(store_units_load(s, &u, &err), 0);
	u.all[units_find(&u, TEXT(UNIT_A))].name = TEXT("Baru");
	ck_assert_int_eq(store_units_save(s, &u, &t.basis, &err), 0);
	units_deinit(&u);
	ck_assert_int_eq(store_rebuild_swap(b, &t.basis, &done, &err), -ESTALE);
	ck_assert_int_eq(again(store_rebuild_entities(b, NULL, NULL, &err)), -ESTALE);
	begin(b, &t.basis, false, REBUILD_VOID);
	entities(b);
	swap(b, &t.basis);
	ck_verify(&t.basis, "");
}
END_TEST

/* --- rebuilding from the log --- */

START_TEST(from_the_log)
{
	char *expected;
	struct store_rebuilt done;
	begin(b, &t.basis, true, REBUILD_FRESH);
	ck_assert_int_eq(claim(b, 0), 0);
	batch_clear(&t);
	put_cases();
	ck_commit(b, &t, 0);
	ck_sql(&t, "SELECT (SELECT next_offset FROM rekap_rebuild.ingest_offset), (SELECT count(*) FROM rekap_rebuild.reject), (SELECT count(*) FROM rekap.batch)", "6|1|1");
	put_more();
	ck_commit(s, &t, 0); /* the daemon is ahead now */
	expected = snapshot(&t);
	run_sql(t.admin, "DELETE FROM rekap_store.complaint WHERE entity_key = 'c'; UPDATE rekap_store.complaint SET state = 'x' WHERE entity_key = 'd'; "
			 "INSERT INTO rekap_store.complaint (entity_key, state, version, complaint_state, reopened_count) VALUES ('z', 'x', 1, 'pending', 0); "
			 "UPDATE rekap_store.measure_month SET d1 = 9");
	ck_assert_int_eq(store_rebuild_swap(b, &t.basis, &done, &err), STORE_SHORT);
	b = store_free(b); /* killed here, it goes on where it was */
	b = new_store(t.conninfo, "heir");
	begin(b, &t.basis, true, REBUILD_RESUMED);
	ck_assert_int_eq(claim(b, 0), 6);
	ck_assert_int_eq(store_rebuild_hold(b, &err), 0);
	ck_commit(b, &t, 0);
	swap(b, &t.basis);
	char *got = snapshot(&t);
	ck_same(got, expected);
	ck_verify(&t.basis, "");
	ck_sql(&t, "SELECT next_offset, epoch FROM rekap.ingest_offset", "9|1");
	batch_clear(&t);
	put_event(&t, 0, 9, world_event(&t.world, "rated", "2024-06-10T08:00:00+07:00", "q", "rating", "1", NULL));
	b = store_free(b); /* which held the daemon up */
	ck_commit(s, &t, 0);
	ck_verify(&t.basis, "");
	free(expected);
	free(got);
}
END_TEST

/* Also what the rebuild has read nothing of is counted. */
START_TEST(from_the_log_of_all_partitions)
{
	struct store_rebuilt done;
	batch_clear(&t);
	put_event(&t, 1, 0, world_event(&t.world, "reopened", "2024-07-12T08:00:00+07:00", "o", NULL));
	claim(s, 1);
	ck_commit(s, &t, 0);
	begin(b, &t.basis, true, REBUILD_FRESH);
	claim(b, 0);
	batch_clear(&t);
	put_cases();
	ck_commit(b, &t, 0);
	ck_assert_int_eq(store_rebuild_swap(b, &t.basis, &done, &err), STORE_SHORT);
	ck_sql(&t, "SELECT sum(reopened_count) FROM rekap.complaint", "1");
}
END_TEST

/* What only the rebuild has read is counted by the swap: whoever claims it goes on behind it. */
START_TEST(from_the_log_of_a_new_partition)
{
	begin(b, &t.basis, true, REBUILD_FRESH);
	claim(b, 0);
	claim(b, 1);
	batch_clear(&t);
	put_cases();
	put_event(&t, 1, 0, world_event(&t.world, "reopened", "2024-07-12T08:00:00+07:00", "o", NULL));
	ck_commit(b, &t, 0);
	swap(b, &t.basis);
	ck_sql(&t, "SELECT sum(reopened_count) FROM rekap.complaint", "1");
	ck_assert_int_eq(claim(s, 1), 1);
}
END_TEST

/* An operator set the offset back, and nothing is read anew yet: of the record that is rejected nothing else is known. */
START_TEST(from_the_log_before_a_reject)
{
	run_sql(t.admin, "UPDATE rekap.ingest_offset SET next_offset = 0");
	begin(b, &t.basis, true, REBUILD_FRESH);
	claim(b, 0);
	swap(b, &t.basis);
	ck_sql(&t, "SELECT status FROM rekap.reject", "open");
}
END_TEST

/* While a rebuild catches up with the log no daemon may go on: otherwise it might never. */
START_TEST(a_hold_keeps_daemons_out)
{
	begin(b, &t.basis, true, REBUILD_FRESH);
	ck_assert_int_eq(store_rebuild_hold(b, &err), 0);
	ck_sql(&t, "SELECT pg_try_advisory_xact_lock_shared(7310579610001)", "f");
}
END_TEST

/* It is ahead of the daemon: whose batch is refused, and who goes on behind it. Rejects say what became of each record of the log. */
START_TEST(from_the_log_ahead)
{
	batch_clear(&t);
	for (int64_t i = 6; i < 9; i++)
		put_reject(&t, 0, i, REASON_UNKNOWN_UNIT, UNIT_D);
	ck_commit(s, &t, 0);
	run_sql(t.admin, "UPDATE rekap.reject SET status = 'replayed' WHERE \"offset\" = 7; UPDATE rekap.reject SET status = 'purged' WHERE \"offset\" = 8; "
			 "DELETE FROM rekap.reject_body WHERE reject_id = (SELECT reject_id FROM rekap.reject WHERE \"offset\" = 8)");
	begin(b, &t.basis, true, REBUILD_FRESH);
	claim(b, 0);
	batch_clear(&t);
	put_cases();
	put_event(&t, 0, 6, world_event(&t.world, "reopened", "2024-07-12T08:00:00+07:00", "o", NULL));
	put_reject(&t, 0, 7, REASON_BAD_FIELD, "data.unit");
	put_event(&t, 0, 8, world_event(&t.world, "rated", "2024-07-12T08:00:00+07:00", "q", "rating", "2", NULL));
	put_reject(&t, 0, 9, REASON_NOT_JSON, "1");
	ck_commit(b, &t, 0);
	swap(b, &t.basis);
	b = store_free(b);
	ck_sql(&t, "SELECT \"offset\", reason, detail, status, (SELECT count(*) FROM rekap.reject_body b WHERE b.reject_id = r.reject_id) FROM rekap.reject r ORDER BY 1",
	       "4|not_json|0|open|1\n6|unknown_unit|" UNIT_D "|replayed|1\n7|bad_field|data.unit|open|1\n8|unknown_unit|" UNIT_D "|purged|0\n9|not_json|1|open|1");
	ck_sql(&t, "SELECT next_offset, epoch FROM rekap.ingest_offset", "10|2");
	ck_verify(&t.basis, "");
	batch_clear(&t);
	put_event(&t, 0, 9, world_event(&t.world, "rated", "2024-06-10T08:00:00+07:00", "q", "rating", "1", NULL));
	ck_commit(s, &t, STORE_FENCED);
	ck_assert_int_eq(claim(s, 0), 10);
}
END_TEST

#define PURGE "SELECT rekap.purge_bodies(ARRAY(SELECT reject_id FROM rekap.reject))"
#define BODIES "SELECT s.\"offset\", b.value IS NOT NULL FROM rekap_rebuild.reject s LEFT JOIN rekap_rebuild.reject_body b USING (reject_id) ORDER BY 1"

/* A rebuild may be half done for days: it keeps bodies that the swap will want, and of those only what nobody purges. */
START_TEST(what_is_purged_leaves_a_rebuild_too)
{
	run_sql(t.admin, PURGE);
	begin(b, &t.basis, true, REBUILD_FRESH);
	claim(b, 0);
	batch_clear(&t);
	put_cases();
	put_reject(&t, 0, 6, REASON_NOT_JSON, "6");
	put_reject(&t, 0, 7, REASON_NOT_JSON, "7");
	ck_commit(b, &t, 0);
	ck_sql(&t, BODIES, "4|f\n6|t\n7|t");
	batch_clear(&t);
	put_reject(&t, 0, 6, REASON_NOT_JSON, "6");
	ck_commit(s, &t, 0);
	run_sql(t.admin, PURGE);
	ck_sql(&t, BODIES, "4|f\n6|f\n7|t");
	swap(b, &t.basis);
	ck_sql(&t, "SELECT \"offset\", status, b.value IS NOT NULL FROM rekap.reject LEFT JOIN rekap.reject_body b USING (reject_id) ORDER BY 1",
	       "4|purged|f\n6|purged|f\n7|open|t");
}
END_TEST

/* What a rebuild is just writing cannot be seen yet: it is waited for. */
START_TEST(a_purge_waits_for_the_batch_of_a_rebuild)
{
	PGconn *auditor = site_connect(t.database);
	begin(b, &t.basis, true, REBUILD_FRESH);
	run_sql(t.admin, "BEGIN; SELECT pg_advisory_xact_lock_shared(7310579610001)"); /* as a batch does */
	run_sql(auditor, "SET lock_timeout = '100ms'");
	PGresult *r = PQexec(auditor, PURGE);
	ck_assert_str_eq(PQresultErrorField(r, PG_DIAG_SQLSTATE), "55P03");
	PQclear(r);
	run_sql(t.admin, "COMMIT");
	run_sql(auditor, PURGE);
	PQfinish(auditor);
}
END_TEST

/* The planner's statistics would keep samples of bodies. */
START_TEST(statistics_tell_nothing_of_bodies)
{
	begin(b, &t.basis, true, REBUILD_FRESH);
	claim(b, 0);
	batch_clear(&t);
	put_cases();
	for (int64_t i = 6; i < 40; i++)
		put_reject(&t, 0, i, REASON_NOT_JSON, "0");
	ck_commit(b, &t, 0);
	ck_commit(s, &t, 0);
	run_sql(t.admin, "ANALYZE rekap.reject_body, rekap_rebuild.reject_body");
	ck_sql(&t, "SELECT DISTINCT attname FROM pg_stats WHERE tablename = 'reject_body'", "reject_id");
}
END_TEST

/* --- connections that break --- */

#define COMMIT                                                                                                                                                 \
	"\x0b"                                                                                                                                                 \
	"COMMIT"
static const char *const words[] = {"clear()", "COPY complaint", "add_measures", "rekap_rebuild.swap", COMMIT};
#define WORDS ((int)COUNT(words))

static void rebuild_through(const char *conninfo, const struct store_basis *basis)
{
	struct store_rebuilt done = {0};
	enum rebuild_begun begun;
	struct store *cut = new_store(conninfo, "cut");
	int r = again(store_rebuild_begin(cut, basis, false, false, &begun, &err));
	if (!r)
		r = again(store_rebuild_entities(cut, NULL, NULL, &err));
	if (!r)
		r = again(store_rebuild_swap(cut, basis, &done, &err));
	ck_assert_msg(r == 0, "%d: %s", r, err.text);
	ck_assert_int_eq(done.entities, 4);
	ck_assert_int_gt(done.rows, 0);
	store_free(cut);
}

/* In each statement, before, while and after the server has done it: the step that failed is done again, and the outcome is the same. */
START_TEST(a_lost_connection_does_not_matter)
{
	struct store_basis slow = slow_basis(&t);
	const struct store_basis *const bases[] = {&slow, &t.basis}; /* in turn, so that each rebuild has rows to swap */
	char conninfo[512];
	put_more();
	ck_commit(s, &t, 0);
	char *first = snapshot(&t);
	for (int i = 0; i < 3 * WORDS; i++) {
		struct proxy proxy = {.word = words[i % WORDS], .cut = (enum cut)(CUT_BEFORE + i / WORDS)};
		proxy_start(&proxy);
		snprintf(conninfo, sizeof conninfo, "%s host=%s", t.conninfo, proxy.folder);
		rebuild_through(conninfo, bases[i % 2]);
		ck_assert_msg(atomic_load(&proxy.cuts) >= 1, "%s was not sent", proxy.word);
		proxy_stop(&proxy);
		ck_verify(bases[i % 2], "");
	}
	rebuild_through(t.conninfo, &t.basis);
	char *last = snapshot(&t);
	ck_same(last, first);
	free(first);
	free(last);
}
END_TEST

int main(void)
{
	if (!is_unix_socket(getenv("PGHOST"))) {
		puts("PGHOST must name the folder of a socket");
		return 77;
	}
	TCase *tc = tcase_create("rebuild");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, damage_is_told_and_mended);
	tcase_add_test(tc, a_broken_state_is_told);
	tcase_add_test(tc, verify_wants_the_basis_of_the_figures);
	tcase_add_loop_test(tc, other_rules_beside_a_daemon, 0, 2);
	tcase_add_test(tc, the_swap_touches_what_differs);
	tcase_add_test(tc, one_at_a_time_of_one_sort);
	tcase_add_test(tc, a_register_change_voids_it);
	tcase_add_test(tc, from_the_log);
	tcase_add_test(tc, from_the_log_of_all_partitions);
	tcase_add_test(tc, from_the_log_of_a_new_partition);
	tcase_add_test(tc, from_the_log_before_a_reject);
	tcase_add_test(tc, a_hold_keeps_daemons_out);
	tcase_add_test(tc, from_the_log_ahead);
	tcase_add_test(tc, what_is_purged_leaves_a_rebuild_too);
	tcase_add_test(tc, a_purge_waits_for_the_batch_of_a_rebuild);
	tcase_add_test(tc, statistics_tell_nothing_of_bodies);
	tcase_add_test(tc, a_lost_connection_does_not_matter);
	return run_case(tc);
}
