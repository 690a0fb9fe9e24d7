// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What figures depend on: when it changes, everything is restated as if it had always been so; who does not know the change must not write. */
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

static void put_cases(void)
{
	put_event(&t, 0, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_C, "complaint"));
	put_event(&t, 0, 1, world_event(&t.world, "resolved", "2024-07-10T08:00:00+07:00", "s", NULL));
	put_event(&t, 0, 2,
		  world_event(&t.world, "received", "2024-04-01T08:00:00+07:00", "r", "unit", UNIT_A, "class", "complaint", "channel", "web", "complaint_id",
			      "d", NULL));
	put_event(&t, 0, 3, world_event(&t.world, "resolved", "2024-03-10T08:00:00+07:00", "s", "complaint_id", "e", NULL));
}

static void set_basis(struct store *s, const struct store_basis *b)
{
	struct error err = {""};
	int r = store_basis_set(s, b, NULL, NULL, &err);
	ck_assert_msg(r == 0, "%d: %s", r, err.text);
}

/* The same events, folded with the new basis from the start. */
static char *snapshot_from_scratch(const struct store_basis *b, const struct units *units)
{
	struct site kept = t;
	struct store *s;
	site_init(&t);
	ck_assert_int_eq(store_new(t.conninfo, "scratch", &s, NULL), 0);
	set_basis(s, b);
	if (units)
		site_save_units(s, units, b);
	claim(s, 0);
	put_cases();
	ck_commit(s, &t, 0);
	char *result = snapshot(&t);
	store_free(s);
	site_deinit(&t);
	t = kept;
	return result;
}

static void note_progress(void *arg, int64_t done, int64_t total)
{
	ck_assert_int_eq(total, 3);
	ck_assert_int_le(done, total);
	*(int64_t *)arg = done;
}

START_TEST(another_digest_restates)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_cases();
	ck_commit(s, &t, 0);
	char *before = snapshot(&t);
	struct store_basis slow = slow_basis(&t);
	char *expected = snapshot_from_scratch(&slow, NULL);
	int64_t done = 0;
	struct error err = {""};
	ck_assert_msg(store_basis_set(s, &slow, note_progress, &done, &err) == 0, "%s", err.text);
	ck_assert_int_eq(done, 3);
	char *after = snapshot(&t);
	ck_assert_str_ne(before, after);
	ck_same(after, expected);
	ck_sql(&t, "SELECT ruleset, valid_to < valid_from, body FROM rekap_store.ruleset ORDER BY 1", "slow||{\"indicators\": []}\ntest|t|{}");
	set_basis(s, &t.basis);
	char *back = snapshot(&t);
	ck_same(back, before);
	free(before);
	free(expected);
	free(after);
	free(back);
	store_free(s);
}
END_TEST

START_TEST(a_restatement_changes_only_what_differs)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_cases();
	ck_commit(s, &t, 0);
	struct store_basis renamed = t.basis;
	renamed.digest = "the same rules under another digest";
	char *rows = ask_rows(t.admin, "SELECT ctid, xmin, entity_key FROM rekap_store.complaint ORDER BY 3");
	char *months = ask_rows(t.admin, "SELECT ctid, xmin FROM rekap_store.measure_month ORDER BY 1");
	set_basis(s, &renamed);
	ck_sql(&t, "SELECT ctid, xmin, entity_key FROM rekap_store.complaint ORDER BY 3", rows);
	ck_sql(&t, "SELECT ctid, xmin FROM rekap_store.measure_month ORDER BY 1", months);
	ck_sql(&t, "SELECT digest FROM rekap_store.basis", renamed.digest);
	free(rows);
	free(months);
	store_free(s);
}
END_TEST

START_TEST(a_restatement_heals)
{
	struct store *s = site_store(&t, "one");
	claim(s, 0);
	put_cases();
	ck_commit(s, &t, 0);
	char *expected = snapshot(&t);
	run_sql(t.admin, "UPDATE rekap_store.measure_month SET d25 = 7.5, d26 = -0.000001, d1 = NULL; UPDATE rekap_store.complaint SET rating = 5, flags = "
			 "'{x:y}', unit_id = NULL");
	struct store_basis renamed = t.basis;
	renamed.digest = "another digest";
	set_basis(s, &renamed);
	char *got = snapshot(&t);
	ck_same(got, expected);
	ck_sql(&t,
	       "SELECT count(*) FROM rekap_store.measure_month m JOIN rekap_store.series USING (series_id) JOIN rekap.unit u ON u.unit_code = "
	       "(SELECT unit_code FROM rekap_store.unit x WHERE x.unit_id = m.unit_id) WHERE total <> coalesce((SELECT sum(value) FROM rekap.measure_day d "
	       "WHERE d.unit_code = u.unit_code AND d.measure = series.measure AND d.dimension = series.dimension AND date_trunc('month', d.day) = m.month), "
	       "0)",
	       "0");
	free(got);
	free(expected);
	store_free(s);
}
END_TEST

START_TEST(another_basis_stops_the_others)
{
	struct store *a = site_store(&t, "a"), *b;
	struct error err = {""};
	struct store_commit done;
	claim(a, 0);
	put_cases();
	ck_assert_int_eq(store_new(t.conninfo, "b", &b, NULL), 0);
	struct store_basis slow = slow_basis(&t);
	set_basis(b, &slow);
	ck_assert_int_eq(store_commit(a, &t.batch, &done, &err), -ESTALE);
	ck_assert_ptr_nonnull(strstr(err.text, "restart with the same files"));
	ck_sql(&t, "SELECT (SELECT count(*) FROM rekap.complaint), (SELECT next_offset FROM rekap.ingest_offset)", "0|0");
	store_free(a);
	store_free(b);
}
END_TEST

/* A store that still has the old register finds out with its next batch, and folds with the new one. */
START_TEST(a_register_change_restates_and_reaches_everybody)
{
	struct store *a = site_store(&t, "a"), *b = site_store(&t, "b");
	struct error err = {""};
	struct units u;
	claim(a, 0);
	put_cases();
	ck_commit(a, &t, 0);
	ck_assert_int_eq(units_init(&u), 0);
	ck_assert_int_eq(store_units_load(b, &u, &err), 0);
	size_t rows;
	ck_assert_msg(units_apply_csv(&u, "new",
				      TEXT("unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n" UNIT_C
					   ",Baru,opd,,2020-01-01,2024-04-30," UNIT_D "\n"
					   "9.01.0.00.0.00.01.0000,X,,,,,\n"),
				      &rows, &err) == -EINVAL,
		      "a bad code was accepted");
	units_deinit(&u);
	ck_assert_int_eq(units_init(&u), 0);
	ck_assert_int_eq(store_units_load(b, &u, &err), 0);
	ck_assert_msg(units_apply_csv(&u, "new",
				      TEXT("unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n" UNIT_C
					   ",Baru,opd,,2020-01-01,2024-04-30," UNIT_D "\n"
					   "5.01.0.00.0.00.01.0000,Lain,,,,,\n"),
				      &rows, &err) == 0,
		      "%s", err.text);
	ck_assert_msg(store_units_save(b, &u, &t.basis, &err) == 0, "%s", err.text);
	char *expected = snapshot_from_scratch(&t.basis, &u), *got = snapshot(&t);
	ck_same(got, expected);
	ck_sql(&t, "SELECT name, kind, valid_to, successor_code FROM rekap.unit WHERE unit_code = '" UNIT_C "'", "Baru|opd|2024-04-30|" UNIT_D);
	ck_sql(&t, "SELECT unit_code, value FROM rekap.measure_day WHERE measure = 'complaint.open' AND day = '2024-05-01' ORDER BY 1",
	       UNIT_C "|-1\n" UNIT_D "|1");
	batch_clear(&t);
	put_event(&t, 0, 4,
		  world_event(&t.world, "received", "2024-06-01T08:00:00+07:00", "r", "unit", "5.01.0.00.0.00.01.0000", "class", "complaint", "channel", "web",
			      "complaint_id", "n", NULL));
	ck_commit(a, &t, 0);
	ck_sql(&t, "SELECT unit_code FROM rekap.complaint WHERE complaint_id = 'n'", "5.01.0.00.0.00.01.0000");
	ck_sql(&t, "SELECT count(*) FROM rekap.reject", "0");
	/* nothing changed: nothing is written */
	char *version = ask_rows(t.admin, "SELECT version FROM rekap_store.basis");
	ck_assert_msg(store_units_save(b, &u, &t.basis, &err) == 0, "%s", err.text);
	ck_sql(&t, "SELECT version FROM rekap_store.basis", version);
	free(version);
	free(expected);
	free(got);
	units_deinit(&u);
	store_free(a);
	store_free(b);
}
END_TEST

/* The register with that row: *ret, not saved. */
static void load_with(struct store *s, const char *row, struct units *ret)
{
	char csv[200];
	size_t rows;
	struct error err = {""};
	snprintf(csv, sizeof csv, "unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n%s\n", row);
	ck_assert_int_eq(units_init(ret), 0);
	ck_assert_int_eq(store_units_load(s, ret, &err), 0);
	ck_assert_msg(units_apply_csv(ret, "new", text_of(csv), &rows, &err) == 0, "%s", err.text);
}

/* Who loads two files at once gets both: the second must not bring back what it read before the first was saved. */
START_TEST(two_registers_at_once_are_both_kept)
{
	static const char a_row[] = UNIT_A ",Renamed,opd,,,,", d_row[] = UNIT_D ",D,opd,,,2024-05-31,";
	struct store *a = site_store(&t, "a"), *b = site_store(&t, "b");
	struct units of_a, of_b;
	struct error err = {""};
	load_with(a, a_row, &of_a);
	load_with(b, d_row, &of_b);
	ck_assert_int_eq(store_units_save(a, &of_a, &t.basis, &err), 0);
	ck_assert_int_eq(store_units_save(b, &of_b, &t.basis, &err), STORE_RETRY);
	units_deinit(&of_b);
	load_with(b, d_row, &of_b);
	ck_assert_msg(store_units_save(b, &of_b, &t.basis, &err) == 0, "%s", err.text);
	ck_sql(&t, "SELECT name, valid_to FROM rekap.unit WHERE unit_code IN ('" UNIT_A "', '" UNIT_D "') ORDER BY unit_code", "Renamed|\nD|2024-05-31");
	units_deinit(&of_a);
	units_deinit(&of_b);
	store_free(a);
	store_free(b);
}
END_TEST

/* Each alone: what differs is the beginning, the end, the successor. */
START_TEST(each_date_and_successor_restates)
{
	static const char *const rows[] = {UNIT_C ",C,opd,,,2024-06-30," UNIT_A, UNIT_C ",C,opd,,2024-05-01,2024-06-30," UNIT_A,
					   UNIT_C ",C,opd,,2024-05-01,2024-05-31," UNIT_A, UNIT_C ",C,opd,,2024-05-01,2024-05-31," UNIT_D};
	struct store *s = site_store(&t, "one");
	char *before = NULL;
	claim(s, 0);
	put_cases();
	ck_commit(s, &t, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct units u;
		struct error err = {""};
		batch_clear(&t);
		load_with(s, rows[i], &u);
		ck_assert_msg(store_units_save(s, &u, &t.basis, &err) == 0, "%s", err.text);
		char *expected = snapshot_from_scratch(&t.basis, &u), *got = snapshot(&t);
		ck_same(got, expected);
		ck_assert_msg(!before || strcmp(got, before) != 0, "%s changes nothing", rows[i]);
		units_deinit(&u);
		free(expected);
		free(before);
		before = got;
	}
	free(before);
	store_free(s);
}
END_TEST

/*
 * What keeps a batch and a change of its basis apart: neither reads before it has its lock, and each has it to the end. The trigger looks from within the transaction.
 */
START_TEST(a_change_is_alone_and_batches_are_not)
{
	static const char locks[] = "SELECT string_agg(DISTINCT mode, ' ') FROM public.locks";
	struct store *s = site_store(&t, "one");
	struct store_basis slow = slow_basis(&t);
	run_sql(t.admin, "CREATE TABLE public.locks (mode text); CREATE FUNCTION public.look() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
			 "INSERT INTO public.locks SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid(); RETURN NULL; END $$; "
			 "CREATE TRIGGER look AFTER INSERT ON rekap.batch FOR EACH ROW EXECUTE FUNCTION public.look(); "
			 "CREATE TRIGGER look AFTER UPDATE ON rekap_store.basis FOR EACH ROW EXECUTE FUNCTION public.look()");
	claim(s, 0);
	put_cases();
	ck_commit(s, &t, 0);
	ck_sql(&t, locks, "ShareLock");
	run_sql(t.admin, "TRUNCATE public.locks");
	set_basis(s, &slow);
	ck_sql(&t, locks, "ExclusiveLock");
	store_free(s);
}
END_TEST

START_TEST(settings_follow_without_restating)
{
	struct store *s = site_store(&t, "one");
	char *version = ask_rows(t.admin, "SELECT version FROM rekap_store.basis");
	struct store_basis b = t.basis;
	b.as_of = day_from_civil(2024, 12, 31);
	b.suppression_threshold = 0;
	set_basis(s, &b);
	ck_sql(&t, "SELECT as_of, suppression_threshold, zone FROM rekap_store.basis", "2024-12-31|0|Asia/Jakarta");
	ck_sql(&t, "SELECT version FROM rekap_store.basis", version);
	free(version);
	store_free(s);
}
END_TEST

START_TEST(commit_wants_a_basis)
{
	struct store *s;
	struct store_commit done;
	struct error err = {""};
	ck_assert_int_eq(store_new(t.conninfo, "one", &s, NULL), 0);
	ck_assert_int_eq(store_commit(s, &t.batch, &done, &err), -EINVAL);
	store_free(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("basis");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, another_digest_restates);
	tcase_add_test(tc, a_restatement_changes_only_what_differs);
	tcase_add_test(tc, a_restatement_heals);
	tcase_add_test(tc, another_basis_stops_the_others);
	tcase_add_test(tc, a_register_change_restates_and_reaches_everybody);
	tcase_add_test(tc, two_registers_at_once_are_both_kept);
	tcase_add_test(tc, each_date_and_successor_restates);
	tcase_add_test(tc, a_change_is_alone_and_batches_are_not);
	tcase_add_test(tc, settings_follow_without_restating);
	tcase_add_test(tc, commit_wants_a_basis);
	return run_case(tc);
}
