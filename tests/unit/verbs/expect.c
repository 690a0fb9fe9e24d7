// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What `rekapd test` calls equal, and how it tells what is not. */
#include "daemon/verbs/expect.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

#define NONE TEXT_NONE
static struct text cells[] = {
	TEXT("c1"), TEXT("3.5"), TEXT("2024-03-04T01:00:00Z"), TEXT("2024-03-13"), NONE, TEXT("[\"total\",\"b1\"]"),
	TEXT("c2"), TEXT("3.5"), TEXT("2024-03-05T01:00:00Z"), TEXT("2024-03-14"), TEXT("007"), TEXT("{\"\\\"time\":-1,\"cost\":4}"),
};
static struct table case_table = {
	.name = "complaint",
	.columns = {{"id", COLUMN_TEXT}, {"mean", COLUMN_NUMERIC}, {"at", COLUMN_TIMESTAMPTZ}, {"due", COLUMN_DATE}, {"note", COLUMN_TEXT}, {"detail", COLUMN_JSON}},
	.n_columns = 6,
	.cells = cells,
	.n_rows = 2,
};

/* What is printed for this expectation; "" when all agrees. The caller frees it. */
static char *told(const char *json, int *ret_result)
{
	struct tables tables = {.all = &case_table, .n = 1};
	struct arena *arena = arena_new(4096);
	struct expectation e;
	struct error err = {""};
	char *text = NULL;
	size_t size, differences = 0;
	FILE *out = open_memstream(&text, &size);
	int r = expect_read(&e, "expect.json", text_of(json), arena, &err);
	if (r >= 0)
		r = expect_compare(&e, &tables, "FAIL x", out, &differences);
	if (r < 0)
		fputs(err.text, out);
	fclose(out);
	arena_free(arena);
	if (ret_result)
		*ret_result = r;
	return text;
}

static void assert_told(const char *json, const char *want)
{
	char *got = told(json, NULL);
	ck_assert_str_eq(got, want);
	free(got);
}

#define C2 "{\"id\":\"c2\"}"

START_TEST(agreement)
{
	assert_told("{}", "");
	assert_told("{\"complaint\":[{\"id\":\"c1\"}," C2 "]}", "");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"mean\":3.50,\"at\":\"2024-03-04T08:00:00+07:00\",\"due\":\"2024-03-13\",\"note\":null}]}", "");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"mean\":\"3.500\"}]}", "");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"mean\":35e-1}]}", "");
	assert_told("{\"complaint\":[{\"note\":7},{\"id\":\"c1\"}]}", ""); /* a number equals a text that is that number */
}
END_TEST

START_TEST(columns_that_differ)
{
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"mean\":3.51}]}",
		    "FAIL x: table complaint: row id=c1 mean=3.51: column mean: expected 3.51, got 3.5\n");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"due\":null}]}",
		    "FAIL x: table complaint: row id=c1 due=null: column due: expected null, got 2024-03-13\n");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"note\":\"\"}]}", "FAIL x: table complaint: row id=c1 note=: column note: expected , got null\n");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"note\":\"\\u001b[31m\\u009b\\u00e9\"}]}", /* nothing speaks to a terminal */
		    "FAIL x: table complaint: row id=c1 note=\\u001b[31m\\u009b\303\251: column note: expected \\u001b[31m\\u009b\303\251, got null\n");
	assert_told("{\"complaint\":[{\"id\":\"c1\"},{\"id\":\"c2\",\"note\":\"7\"}]}", "FAIL x: table complaint: row id=c2 note=7: column note: expected 7, got 007\n");
}
END_TEST

START_TEST(rows_that_differ)
{
	assert_told("{\"complaint\":[" C2 "]}",
		    "FAIL x: table complaint: row id=c1 mean=3.5 at=2024-03-04T01:00:00Z due=2024-03-13 detail=[\"total\",\"b1\"]: not expected\n");
	assert_told("{\"complaint\":[{\"id\":\"c1\"}," C2 ",{\"id\":\"c3\"}]}", "FAIL x: table complaint: row id=c3: expected, not there\n");
	assert_told("{\"complaint\":[{\"id\":\"c1\"}," C2 "," C2 "]}", "FAIL x: table complaint: row id=c2: expected, not there\n");
}
END_TEST

/* The first row fits both; only the second tells which is whose. */
START_TEST(a_vague_row_makes_room)
{
	assert_told("{\"complaint\":[{\"mean\":3.5},{\"id\":\"c1\"}]}", "");
	assert_told("{\"complaint\":[{\"id\":\"c1\"},{}]}",
		    "FAIL x: table complaint: row id=c2 mean=3.5 at=2024-03-05T01:00:00Z due=2024-03-14 note=007 detail={\"\\\"time\":-1,\"cost\":4}: not expected\n");
}
END_TEST

/* Order counts in an array, not in an object; blanks and escapes are those of whoever wrote them. */
START_TEST(arrays_and_objects)
{
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"detail\":[ \"t\\u006ftal\", \"b1\" ]}]}", "");
	assert_told("{\"complaint\":[{\"id\":\"c1\"},{\"id\":\"c2\",\"detail\":{\"cost\": 4, \"\\u0022time\":-1}}]}", "");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"detail\":[\"b1\",\"total\"]}]}",
		    "FAIL x: table complaint: row id=c1 detail=[\"b1\",\"total\"]: column detail: expected [\"b1\",\"total\"], got [\"total\",\"b1\"]\n");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"detail\":[]}]}",
		    "FAIL x: table complaint: row id=c1 detail=[]: column detail: expected [], got [\"total\",\"b1\"]\n");
	assert_told("{\"complaint\":[" C2 ",{\"id\":\"c1\",\"detail\":{\"b\":[null,true,false,{}],\"a\":12}}]}",
		    "FAIL x: table complaint: row id=c1 detail={\"a\":12,\"b\":[null,true,false,{}]}: column detail: expected "
		    "{\"a\":12,\"b\":[null,true,false,{}]}, got [\"total\",\"b1\"]\n");
	assert_told("{\"complaint\":[{\"id\":\"c1\"},{\"id\":\"c2\",\"due\":[]}]}",
		    "FAIL x: table complaint: row id=c2 due=[]: column due: expected [], got 2024-03-14\n");
	assert_told("{\"complaint\":[{\"id\":\"c2\",\"detail\":{\"cost\":4.5}}]}", "expect.json: numbers in arrays and objects must be integers");
	assert_told("{\"complaint\":[{\"id\":\"c2\",\"detail\":{\"cost\":4,\"cost\":4}}]}", "expect.json: complaint[0].detail.cost: stands there twice");
}
END_TEST

START_TEST(mistakes_in_the_expectation)
{
	assert_told("{\"complaints\":[]}", "expect.json: there is no table complaints");
	assert_told("{\"complaint\":[{\"id\":\"c1\"},{\"nam\":1}]}", "expect.json: complaint[1]: there is no column nam");
	assert_told("{\"complaint\":{}}", "expect.json: complaint: must be an array of rows");
	assert_told("{\n\"complaint\":[\n}", "expect.json:3: not JSON");
	assert_told("[]", "expect.json: must be an object of tables");
	assert_told("{\"complaint\":[{\"id\":1,\"id\":2}]}", "expect.json: complaint[0].id: stands there twice");
	int r;
	free(told("{\"complaint\":[{\"id\":\"\xff\"}]}", &r));
	ck_assert_int_eq(r, -EINVAL);
}
END_TEST

SUITE("expect", agreement, columns_that_differ, rows_that_differ, a_vague_row_makes_room, arrays_and_objects, mistakes_in_the_expectation)
