// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n: a clean -ENOMEM each time, and the right outcome once there is enough. JSON text comes out as it went in. */
#include <errno.h>

#include "../scarce.h"
#include "../suite.h"
#include "common/random.h"
#include "daemon/decode/json.h"
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

START_TEST(json_text_and_back)
{
	struct random dice = {3};
	for (int i = 0; i < 500; i++) {
		char bytes[24];
		struct buffer b = {0};
		struct json *j;
		size_t n = random_below(&dice, sizeof bytes);
		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)(1 + random_below(&dice, 127));
		json_put_text(&b, (struct text){bytes, n});
		ck_assert_msg(json_parse("text", buffer_view(&b), &j, &err) == 0, "%s", err.text);
		ck_assert(text_equal(json_text(j), (struct text){bytes, n}));
		json_free(j);
		buffer_deinit(&b);
	}
	static const struct {
		const char *bytes, *json;
	} cases[] = {{"", "\"\""}, {"\xc3\xa9\xff\x1f", "\"\xc3\xa9\xef\xbf\xbd\\u001f\""}, {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""}, {"\"\\/\n", "\"\\\"\\\\/\\u000a\""}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buffer b = {0};
		json_put_text(&b, text_of(cases[i].bytes));
		ck_assert_msg(text_is(buffer_view(&b), cases[i].json), "%.*s", TEXT_ARG(buffer_view(&b)));
		buffer_deinit(&b);
	}
}
END_TEST

START_TEST(json_documents)
{
	struct json *j;
	ck_assert_int_eq(json_parse("doc", TEXT("{\"b\":[1,2.5,\"x\",true,null],\"a\":-9223372036854775808}"), &j, &err), 0);
	ck_assert_uint_eq(json_size(j), 2);
	const struct json *b = json_get(j, "b"), *value;
	ck_assert(json_size(b) == 5 && json_int(json_at(b, 0)) == 1 && json_kind(json_at(b, 1)) == NODE_REAL && text_is(json_text(json_at(b, 2)), "x"));
	ck_assert(json_bool(json_at(b, 3)) && json_kind(json_at(b, 4)) == NODE_NULL && !json_at(b, 5) && !json_get(j, "c") && !json_get(b, "c") && json_kind(NULL) == NODE_NULL);
	ck_assert(json_int(json_get(j, "a")) == INT64_MIN && !json_text(b).p && json_int(b) == 0 && !json_bool(b));
	void *it = NULL;
	struct text key;
	ck_assert(json_next(j, &it, &key, &value) && text_is(key, "b") && value == b);
	ck_assert(json_next(j, &it, &key, &value) && text_is(key, "a") && !json_next(j, &it, &key, &value));
	json_free(j);
	static const char *const bad[] = {"", "{", "{\"a\":1,\"a\":2}", "[1] 2", "\"\\u0000\"", "\"\xff\""};
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(json_parse("doc", text_of(bad[i]), &j, &err) == -EINVAL && !strncmp(err.text, "doc:1:", 6), "%s: %s", bad[i], err.text);
}
END_TEST

SUITE("memory", decoder, rulesets, json_text_and_back, json_documents)
