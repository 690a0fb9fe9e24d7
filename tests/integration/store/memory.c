// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * The n-th allocation fails, for every n from the first to the last of what a store does; libpq's own are among them where they can be made to fail. It is told
 * as -ENOMEM with a message, or what libpq lacked is tried again (STORE_RETRY) with success; nothing is lost, doubled or leaked, and no output is touched.
 */
#include "tests/integration/store/support.h"
#include "tests/unit/scarce.h"

static struct site t;
static int64_t offset; /* of the next record */

/* A store that has its basis, and is given back after `use`; outages that want of memory brought about are over at the second try. */
static int with_store(int (*use)(struct store *s, struct error *err), bool settled, struct error *err)
{
	struct store *s = NULL;
	int r = scarce_untouched(store_new(t.conninfo, "poor", &s, err), !s);
	for (int tries = 0; s && (r == STORE_RETRY || !tries) && tries < 2; tries++) {
		r = settled ? store_basis_set(s, &t.basis, NULL, NULL, err) : 0;
		r = r ? r : use(s, err);
		if (r == STORE_RETRY)
			scarce_left = -1;
	}
	store_free(s);
	return r;
}

/* --- a batch ------------------------------------------------------------------------------------------------------------------------------------ */

/* The figures restated (the digest is another each time), a partition claimed, a batch committed. */
static int commit(struct store *s, struct error *err)
{
	struct store_basis basis = t.basis;
	struct store_commit done = {.batch_id = -7};
	int64_t next = 7; /* where the partition begins */
	basis.digest = offset % 2 ? "odd" : "even";
	int r = store_basis_set(s, &basis, NULL, NULL, err);
	if (!r)
		r = scarce_untouched(store_claim(s, "opd.complaint", 0, &next, err), next == 7);
	for (size_t i = 0; i < t.batch.n; i++)
		t.batch.items[i].record.offset = next + (int64_t)i;
	if (!r)
		r = scarce_untouched(store_commit(s, &t.batch, &done, err), done.batch_id == -7);
	offset++;
	return r ? r : scarce_right(done.events == 3 && done.rejected == 1);
}

static int attempt_commit(struct error *err)
{
	return with_store(commit, false, err);
}

START_TEST(batches)
{
	site_init(&t);
	put_event(&t, 0, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_A, "complaint"));
	put_event(&t, 0, 1, world_event(&t.world, "resolved", "2024-03-28T08:00:00+07:00", "s", NULL));
	put_event(&t, 0, 2, world_event(&t.world, "resolved", "2024-03-28T08:00:00+07:00", "s", "complaint_id", "pending", NULL));
	put_reject(&t, 0, 3, REASON_NOT_JSON, "0");
	scarce_each(attempt_commit, 20, SCARCE_KEEPS | SCARCE_COPES | SCARCE_ONCE);
	ck_sql(&t, "SELECT sum(value) FROM rekap.measure_day WHERE measure = 'complaint.received' AND dimension = ''", "1");
	ck_sql(&t, "SELECT state FROM rekap.complaint ORDER BY 1", "pending\nresolved");
	ck_sql(&t, "SELECT next_offset = 7 + 4 * (SELECT count(*) FROM rekap.batch) AND next_offset = 7 + 4 * (SELECT count(*) FROM rekap.reject) FROM rekap.ingest_offset", "t");
	site_deinit(&t);
}
END_TEST

/* --- the register, migrations, rejects, questions --------------------------------------------------------------------------------------------------- */

static int save_units(struct store *s, struct error *err)
{
	struct units u;
	char name[32];
	int r = units_init(&u);
	if (r < 0)
		return error_set(err, r, "out of memory");
	r = store_units_load(s, &u, err);
	snprintf(name, sizeof name, "Dinas %lld", (long long)offset++);
	if (!r)
		u.all[0].name = text_of(name);
	if (!r)
		r = store_units_save(s, &u, &t.basis, err);
	units_deinit(&u);
	return r;
}

static int attempt_units(struct error *err)
{
	return with_store(save_units, true, err);
}

static int take(void *arg, int64_t id, const struct record *r)
{
	int *n = arg;
	(void)id;
	*n += r->n_headers == 2;
	return 0;
}

static int take_row(void *arg, size_t n, const struct text *columns)
{
	int *rows = arg;
	*rows += n == 2 && columns[0].p;
	return 0;
}

static int take_letter(void *arg, const struct text *columns)
{
	int *letters = arg;
	*letters += text_is(columns[LETTER_STATUS], "open");
	return 0;
}

static int ask(struct store *s, struct error *err)
{
	int waiting = 0, rows = 0, letters = 0;
	int64_t n = -7;
	int r = store_visit(s, true, err);
	if (!r)
		r = store_rejects_read(s, &(struct reject_filter){.waiting = true}, 0, 10, take, &waiting, err);
	if (!r)
		r = store_rejects_list(s, &(struct reject_filter){.reason = TEXT("unknown_unit")}, 0, 10, take_letter, &letters, err);
	if (!r)
		r = scarce_untouched(store_rejects_count(s, &(struct reject_filter){0}, &n, err), n == -7);
	if (!r)
		r = store_migration_status(s, NULL, NULL, err);
	if (!r)
		r = store_query(s, "SELECT 1, repeat('x', 100000) FROM generate_series(1, 20)", take_row, &rows, err);
	return r ? r : scarce_right(waiting == 1 && letters == 1 && n == 1 && rows == 20);
}

static int attempt_questions(struct error *err)
{
	return with_store(ask, false, err);
}

static int migrate(struct store *s, struct error *err)
{
	int applied = -7;
	int r = scarce_untouched(store_migrate(s, NULL, NULL, &applied, err), applied == -7);
	return r ? r : scarce_right(applied == 0);
}

static int attempt_migration(struct error *err)
{
	char conninfo[sizeof t.conninfo];
	memcpy(conninfo, t.conninfo, sizeof conninfo);
	snprintf(t.conninfo, sizeof t.conninfo, "dbname=%s", t.database); /* who may */
	int r = with_store(migrate, false, err);
	memcpy(t.conninfo, conninfo, sizeof conninfo);
	return r;
}

START_TEST(everything_else)
{
	static const struct header headers[] = {{TEXT("a"), TEXT("1")}, {TEXT("b"), TEXT_NONE}};
	site_init(&t);
	struct item *item = put_event(&t, 0, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_A, "complaint"));
	item->reason = REASON_UNKNOWN_UNIT;
	item->detail = TEXT(UNIT_A);
	item->record.headers = headers;
	item->record.n_headers = COUNT(headers);
	struct store *s = site_store(&t, "rich");
	claim(s, 0);
	ck_commit(s, &t, 0);
	store_free(s);
	snprintf(t.conninfo, sizeof t.conninfo, "dbname=%s", t.database);
	scarce_each(attempt_units, 20, SCARCE_KEEPS | SCARCE_COPES | SCARCE_ONCE);
	scarce_each(attempt_questions, 15, SCARCE_KEEPS | SCARCE_COPES | SCARCE_ONCE);
	scarce_each(attempt_migration, 12, SCARCE_KEEPS | SCARCE_COPES | SCARCE_ONCE);
	site_deinit(&t);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("memory");
#ifndef SCARCE_WRAPPED /* most are libpq's own, and each attempt connects anew: REKAP_TEST_ALL lets every one fail */
	scarce_step = getenv("REKAP_TEST_ALL") ? 1 : 5;
#endif
	tcase_add_test(tc, batches);
	tcase_add_test(tc, everything_else);
	return run_case(tc);
}
