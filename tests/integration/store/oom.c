// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n from the first to the last of a store's life: told as -ENOMEM, nothing lost, nothing doubled, nothing leaked. */
#include "tests/integration/store/support.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static long left = -1; /* allocations that succeed before one fails; negative: all succeed */

static bool fails(void)
{
	return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

static struct site t;

/* A store's life: made, the figures restated (the digest is another each time), a partition claimed, a batch committed. */
static int live(long allocations)
{
	struct store_basis basis = t.basis;
	struct store *s = NULL;
	struct store_commit done;
	struct error err = {""};
	int64_t next = 0;
	basis.digest = allocations % 2 ? "odd" : "even";
	left = allocations;
	int r = store_new(t.conninfo, "poor", &s, &err);
	if (!r)
		r = store_basis_set(s, &basis, NULL, NULL, &err);
	if (!r)
		r = store_claim(s, "opd.complaint", 0, &next, &err);
	for (size_t i = 0; i < t.batch.n; i++)
		t.batch.items[i].record.offset = next + (int64_t)i;
	if (!r)
		r = store_commit(s, &t.batch, &done, &err);
	left = -1;
	store_free(s);
	ck_assert_msg(r == 0 || r == -ENOMEM, "allocation %ld: %d: %s", allocations, r, err.text);
	return r;
}

START_TEST(every_allocation_may_fail)
{
	site_init(&t);
	put_event(&t, 0, 0, RECEIVED_AT(&t.world, "2024-03-25T08:00:00+07:00", UNIT_A, "complaint"));
	put_event(&t, 0, 1, world_event(&t.world, "resolved", "2024-03-28T08:00:00+07:00", "s", NULL));
	put_event(&t, 0, 2, world_event(&t.world, "resolved", "2024-03-28T08:00:00+07:00", "s", "complaint_id", "pending", NULL));
	put_reject(&t, 0, 3, REASON_NOT_JSON, "0");
	long n = 0;
	while (live(n) != 0)
		n++;
	ck_assert_int_gt(n, 20);
	ck_sql(&t, "SELECT count(*) FROM rekap.batch", "1");
	ck_assert_int_eq(live(-1), 0); /* with rows to restate, and nothing new */
	for (n = 0; live(n) != 0; n++)
		;
	ck_sql(&t, "SELECT sum(value) FROM rekap.measure_day WHERE measure = 'complaint.received' AND dimension = ''", "1");
	ck_sql(&t, "SELECT state FROM rekap.complaint ORDER BY 1", "pending\nresolved");
	site_deinit(&t);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("oom");
	tcase_add_test(tc, every_allocation_may_fail);
	return run_case(tc);
}
