// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/batching.h"

#include "tests/unit/suite.h"

static void add(struct batch *b, const char *value, size_t n)
{
	const struct record r = {.topic = TEXT("t"), .value = {value, n}};
	struct item *i = batch_add(b);
	ck_assert_ptr_nonnull(i);
	ck_assert(record_copy(b->arena, &r, &i->record));
}

START_TEST(full_by_number)
{
	const struct config c = {.batch_events = 3, .batch_bytes = 1 << 30};
	struct batch b;
	ck_assert_int_eq(batch_init(&b), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert(!batch_full(&b, &c));
		add(&b, "x", 1);
	}
	ck_assert(batch_full(&b, &c));
	batch_reset(&b);
	ck_assert(!batch_full(&b, &c));
	batch_deinit(&b);
}
END_TEST

START_TEST(full_by_bytes)
{
	static const char value[1000];
	const struct config c = {.batch_events = 1 << 20, .batch_bytes = 1 << 20};
	struct batch b;
	ck_assert_int_eq(batch_init(&b), 0);
	size_t n = 0;
	for (; !batch_full(&b, &c); n++)
		add(&b, value, sizeof value);
	ck_assert_uint_gt(n, 500);
	ck_assert_uint_lt(n, 1100);
	batch_deinit(&b);
}
END_TEST

START_TEST(grows)
{
	struct batch b;
	ck_assert_int_eq(batch_init(&b), 0);
	for (size_t i = 0; i < 5000; i++) {
		add(&b, "x", 1);
		b.items[i].record.offset = (int64_t)i;
	}
	for (size_t i = 0; i < 5000; i++)
		ck_assert_int_eq(b.items[i].record.offset, (int64_t)i);
	batch_reset(&b);
	ck_assert_uint_eq(b.n, 0);
	ck_assert_uint_eq(arena_used(b.arena), 0);
	batch_deinit(&b);
	batch_deinit(&(struct batch){0});
}
END_TEST

START_TEST(all_parts_of_a_record_count)
{
	const struct header headers[] = {{TEXT("name"), TEXT("value")}, {TEXT("null"), TEXT_NONE}};
	const struct record r = {.key = TEXT("key"), .value = TEXT("value"), .headers = headers, .n_headers = 2};
	const struct record none = {0};
	ck_assert_uint_eq(record_bytes(&r) - record_bytes(&none), 3 + 5 + 4 + 5 + 4 + 2 * 64);
}
END_TEST

SUITE("batching", full_by_number, full_by_bytes, grows, all_parts_of_a_record_count)
