// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* JSON documents: text comes out as it went in, every node by its type, and what is no document is told with its place. */
#include <errno.h>

#include "../suite.h"
#include "common/random.h"
#include "daemon/decode/json.h"

static struct error err;

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
		buffer_json(&b, (struct text){bytes, n});
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
		buffer_json(&b, text_of(cases[i].bytes));
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
	ck_assert_int_eq(json_parse("doc", TEXT("[1\0]"), &j, &err), -EINVAL);
	ck_assert_str_eq(err.text, "doc: holds a NUL byte: not a text file");
}
END_TEST

SUITE("json", json_text_and_back, json_documents)
