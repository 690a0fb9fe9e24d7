// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Several instances at once, whose partitions hold events of the same complaints: whatever they do to one another, the tables are those of one instance that
 * had it all to itself, and nobody deadlocks.
 */
#include <pthread.h>

#include "common/random.h"
#include "tests/integration/store/support.h"

#define INSTANCES 4
#define BATCHES 12
#define EVENTS 60
#define COMPLAINTS 40

static struct site t;

static void setup(void)
{
	site_init(&t);
}

static void teardown(void)
{
	site_deinit(&t);
}

static const char *const names[] = {"received",  "received",  "verified",  "responded", "resolved", "reopened",
				    "forwarded", "misrouted", "withdrawn", "archived",  "rated"};
static const char *const units[] = {UNIT_A, UNIT_B, UNIT_C, UNIT_D};
static const char *const categories[] = {"road", "water", "light", "school", "tax"};

/* A random event of a random complaint; `n` makes its id. */
static struct event random_event(struct random *r, int n)
{
	char *id = arena_alloc(t.world.arena, 16), *complaint = arena_alloc(t.world.arena, 16), *time = arena_alloc(t.world.arena, RFC3339_TEXT_SIZE);
	snprintf(id, 16, "e%d", n);
	snprintf(complaint, 16, "c%02d", (int)random_below(r, COMPLAINTS));
	rfc3339_format(1710000000 * INSTANT_PER_SECOND + (instant)random_below(r, 120) * INSTANT_PER_DAY, time);
	const char *unit = units[random_below(r, 4)], *category = categories[random_below(r, 5)];
	return world_event(&t.world, names[random_below(r, COUNT(names))], time, id, "complaint_id", complaint, "unit", unit, "class",
			   "complaint", "channel", "web", "category", category, "reason", "x", "rating", "3", NULL);
}

struct instance {
	pthread_t thread;
	int number;
	struct item *items; /* BATCHES × EVENTS */
	int retries, fatal;
	struct error err;
};

static void *run(void *arg)
{
	struct instance *me = arg;
	struct error err = {""};
	struct store *s;
	int64_t next = 0;
	if (store_new(t.conninfo, "racer", &s, &err) || store_basis_set(s, &t.basis, NULL, NULL, &err) ||
	    store_claim(s, "opd.complaint", me->number, &next, &err))
		me->fatal = -1;
	for (int b = 0; b < BATCHES && !me->fatal; b++) {
		struct batch batch = {.items = me->items + b * EVENTS, .n = EVENTS};
		struct store_commit done;
		int r;
		while ((r = store_commit(s, &batch, &done, &err)) == STORE_RETRY)
			me->retries++;
		me->fatal = r;
	}
	me->err = err;
	store_free(s);
	return NULL;
}

static void fill(struct instance *instances, struct random *r)
{
	int n = 0;
	for (int i = 0; i < INSTANCES; i++) {
		batch_clear(&t);
		for (int64_t k = 0; k < BATCHES * EVENTS; k++)
			put_event(&t, i, k, random_event(r, n++));
		instances[i] = (struct instance){.number = i, .items = t.batch.items};
		t.batch = (struct batch){.arena = t.world.arena};
	}
}

static char *sequential(const struct instance *instances)
{
	struct site kept = t;
	site_init(&t);
	struct store *s = site_store(&t, "one");
	for (int i = 0; i < INSTANCES; i++) {
		claim(s, i);
		t.batch.items = instances[i].items;
		t.batch.n = BATCHES * EVENTS;
		ck_commit(s, &t, 0);
	}
	t.batch.items = NULL;
	char *result = snapshot(&t);
	store_free(s);
	site_deinit(&t);
	t = kept;
	return result;
}

START_TEST(instances_agree_with_one)
{
	struct instance instances[INSTANCES];
	struct random r = {(uint64_t)_i + 1};
	fill(instances, &r);
	for (int i = 0; i < INSTANCES; i++)
		ck_assert_int_eq(pthread_create(&instances[i].thread, NULL, run, &instances[i]), 0);
	for (int i = 0; i < INSTANCES; i++) {
		pthread_join(instances[i].thread, NULL);
		ck_assert_msg(!instances[i].fatal, "%d: %s", instances[i].fatal, instances[i].err.text);
	}
	char *got = snapshot(&t), *expected = sequential(instances);
	ck_same(got, expected);
	ck_sql(&t, "SELECT sum(next_offset) FROM rekap.ingest_offset", "2880");
	run_sql(t.admin, "SELECT pg_stat_force_next_flush()");
	ck_sql(&t, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", "0");
	free(got);
	free(expected);
	for (int i = 0; i < INSTANCES; i++)
		free(instances[i].items);
}
END_TEST

struct zombie {
	pthread_t thread;
	struct store *store;
	int commits;
	struct error err;
};

/* Two that believe in the same partitions, and take them from one another again and again. */
static void *struggle(void *arg)
{
	struct zombie *me = arg;
	struct store_commit done;
	for (int64_t next[2] = {0}; me->commits < 30;) {
		if (store_claim(me->store, "opd.complaint", 0, &next[0], &me->err) || store_claim(me->store, "opd.complaint", 1, &next[1], &me->err))
			continue;
		struct item items[4] = {0};
		for (int i = 0; i < 4; i++)
			items[i] =
				(struct item){.record = {.topic = TEXT("opd.complaint"), .partition = i % 2, .offset = next[i % 2] + i / 2, .value = TEXT("x")},
					      .reason = REASON_NOT_JSON,
					      .detail = TEXT("0")};
		struct batch batch = {.items = items, .n = 4};
		int r = store_commit(me->store, &batch, &done, &me->err);
		me->commits += r == 0;
		if (r < 0)
			break;
	}
	return NULL;
}

START_TEST(rivals_never_count_twice)
{
	struct zombie rivals[2] = {{.store = site_store(&t, "a")}, {.store = site_store(&t, "b")}};
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&rivals[i].thread, NULL, struggle, &rivals[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(rivals[i].thread, NULL);
		ck_assert_msg(rivals[i].commits == 30, "%s", rivals[i].err.text);
		store_free(rivals[i].store);
	}
	ck_sql(&t, "SELECT count(*), count(DISTINCT (partition, \"offset\")), (SELECT sum(next_offset) FROM rekap.ingest_offset) FROM rekap.reject",
	       "240|240|240");
	ck_sql(&t, "SELECT sum(rejected), count(*) FROM rekap.batch", "240|60");
	run_sql(t.admin, "SELECT pg_stat_force_next_flush()");
	ck_sql(&t, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", "0");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("race");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, instances_agree_with_one, 0, 5);
	tcase_add_test(tc, rivals_never_count_twice);
	return run_case(tc);
}
