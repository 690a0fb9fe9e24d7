// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n: a clean -ENOMEM each time, outputs as they were, and the right outcome once there is enough. */
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

static struct buffer value;
static enum reason expected;

static int attempt_decode(struct error *err)
{
	struct arena *arena = arena_new(64);
	struct item item = {.record = {.value = buffer_view(&value)}};
	int r = arena ? decode_record(&item, &w.forbidden, arena) : -ENOMEM;
	if (r == 0)
		r = scarce_right(item.reason == expected);
	arena_free(arena);
	return r < 0 ? error_set(err, r, "out of memory") : 0;
}

static void decode_with_little(const char *what, enum reason reason)
{
	value = a_value(what);
	expected = reason;
	scarce_each(attempt_decode, 10, SCARCE_COPES); /* qsort has a way without memory */
	buffer_deinit(&value);
}

START_TEST(decoder)
{
	world_open();
	decode_with_little("", REASON_NONE);
	decode_with_little(",\"x\":{\"nik\":1}", REASON_PERSONAL_DATA);
	decode_with_little(",\"m1\":1", REASON_DUPLICATE_KEY);
	decode_with_little(",\"revision\":-1", REASON_BAD_FIELD);
	decode_with_little(",", REASON_NOT_JSON);
}
END_TEST

static struct buffer file;

static int attempt_rulesets(struct error *err)
{
	static const struct text more = TEXT("{\"id\":\"b\",\"valid_from\":\"2024-01-01\",\"forbidden_fields\":[\"x\"]}");
	struct rulesets r;
	int result = rulesets_init(&r);
	if (result < 0)
		return error_set(err, result, "out of memory");
	result = rulesets_add(&r, "rules", buffer_view(&file), err);
	result = scarce_untouched(result, r.n == 0);
	if (result == 0)
		result = scarce_untouched(rulesets_add(&r, "more", more, err), r.n == 1);
	if (result == 0)
		result = scarce_untouched(rulesets_forbid(&r, "forbidden", more, err), r.n == 2);
	if (result == 0)
		result = rulesets_check(&r, err);
	if (result == 0)
		result = scarce_right(r.n == 2 && r.all[0].n_indicators && forbidden_has(&r.forbidden, TEXT("x")));
	rulesets_deinit(&r);
	return result;
}

START_TEST(rulesets)
{
	ck_assert(read_data("../schemas/rulesets/rekap-2024.json", &file));
	scarce_each(attempt_rulesets, 500, SCARCE_COPES);
	buffer_deinit(&file);
}
END_TEST

SUITE("memory", decoder, rulesets)
