// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n: a clean -ENOMEM each time, and the right outcome once there is enough. */
#include <errno.h>

#include "../scarce.h"
#include "../suite.h"
#include "daemon/decode/ruleset.h"
#include "world.h"

static struct buffer a_value(const char *what)
{
	struct buffer b = {0};
	buffer_puts(&b, "{\"specversion\":\"1.0\",\"type\":\"t.report\",\"id\":\"\\u0031\",\"source\":\"/\",\"time\":\"2024-03-25T08:00:00Z\",\"data\":{\"report_id\":\"\\u0072\"");
	for (int i = 0; i < 60; i++) /* more members than fit without memory */
		buffer_printf(&b, ",\"m%d\":{\"\\u006b\":[]}", i);
	buffer_puts(&b, ",\"answers\":{\"a\":1");
	for (int i = 0; i < 60; i++)
		buffer_printf(&b, ",\"a%d\":1", i);
	buffer_printf(&b, "}%s}}", what);
	return b;
}

static void decode_with_little(const char *what, enum reason reason)
{
	struct buffer b = a_value(what);
	world_open();
	long n = 0;
	for (int r = -ENOMEM; r; n++) {
		struct arena *arena = arena_new(64);
		ck_assert_ptr_nonnull(arena);
		struct item item = {.record = {.value = buffer_view(&b)}};
		scarce_left = n;
		r = decode_record(&item, &w.forbidden, arena);
		scarce_left = -1;
		ck_assert_msg(r == 0 || r == -ENOMEM, "%d", r);
		if (r == 0)
			ck_assert_msg(item.reason == reason, "%s (%.*s)", reason_name(item.reason), TEXT_ARG(item.detail));
		arena_free(arena);
	}
	ck_assert_int_gt(n, 10);
	buffer_deinit(&b);
}

START_TEST(decoder)
{
	if (!scarce_works())
		return;
	decode_with_little("", REASON_NONE);
	decode_with_little(",\"x\":{\"nik\":1}", REASON_PERSONAL_DATA);
	decode_with_little(",\"m1\":1", REASON_DUPLICATE_KEY);
	decode_with_little(",\"revision\":-1", REASON_BAD_FIELD);
	decode_with_little(",", REASON_NOT_JSON);
}
END_TEST

static struct error err;

static int read_rules(struct text t)
{
	struct rulesets r;
	int result = rulesets_init(&r);
	if (result == 0)
		result = rulesets_add(&r, "rules", t, &err);
	if (result == 0)
		result = rulesets_add(&r, "more", TEXT("{\"id\":\"b\",\"valid_from\":\"2024-01-01\",\"forbidden_fields\":[\"x\"]}"), &err);
	if (result == 0)
		result = rulesets_check(&r, &err);
	rulesets_deinit(&r);
	return result;
}

START_TEST(rulesets)
{
	struct buffer b = {0};
	if (!scarce_works())
		return;
	ck_assert(read_data("../schemas/rulesets/rekap-2024.json", &b));
	long step = getenv("REKAP_TEST_SLOW") ? 97 : 1;
	long n = 0;
	for (int r = -ENOMEM; r; n += step) {
		scarce_left = n;
		r = read_rules(buffer_view(&b));
		scarce_left = -1;
		ck_assert_msg(r == 0 || r == -ENOMEM, "allocation %ld: %d, %s", n, r, err.text);
	}
	ck_assert_int_gt(n, 500);
	buffer_deinit(&b);
}
END_TEST

SUITE("memory", decoder, rulesets)
