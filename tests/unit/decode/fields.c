// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The fields of §1.2: what each sort takes, what it refuses and what it says then. Texts stand with ' for ". */
#include "../suite.h"
#include "daemon/decode/json.h"
#include "world.h"

/* Decodes a t.report with these members beside its id. */
static const struct value *decode(const char *members)
{
	struct buffer b = {0};
	buffer_puts(&b, "{\"specversion\":\"1.0\",\"type\":\"t.report\",\"id\":\"1\",\"source\":\"/\",\"time\":\"2024-03-25T08:00:00Z\",\"data\":{\"report_id\":\"r\"");
	for (const char *s = members; *s; s++)
		buffer_putc(&b, *s == '\'' ? '"' : *s);
	buffer_puts(&b, "}}");
	ck_assert_int_eq(world_decode(buffer_view(&b), NULL), 0);
	buffer_deinit(&b);
	return w.item.event.fields;
}

static void assert_accepted(const char *members)
{
	ck_assert_msg(w.item.reason == REASON_NONE, "%s: %s (%.*s)", members, reason_name(w.item.reason), TEXT_ARG(w.item.detail));
}

static void assert_refused(const char *members, const char *field)
{
	char want[64];
	int n = snprintf(want, sizeof want, "data.%s: ", field);
	ck_assert_msg(w.item.reason == REASON_BAD_FIELD && w.item.detail.n > (size_t)n && !memcmp(w.item.detail.p, want, (size_t)n), "%s: %s (%.*s)", members,
		      reason_name(w.item.reason), TEXT_ARG(w.item.detail));
}

static void check_all(const char *field, const char *const *good, const char *const *bad)
{
	char members[256];
	for (; *good; good++) {
		snprintf(members, sizeof members, ",'%s':%s", field, *good);
		decode(members);
		assert_accepted(members);
	}
	for (; *bad; bad++) {
		snprintf(members, sizeof members, ",'%s':%s", field, *bad);
		decode(members);
		assert_refused(members, field);
	}
}
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(integers)
{
	check_all("revision", LIST("0", "5", "5.0", "5e0", "50e-1", "0.5e1", "-0", "9223372036854775807", "9.223372036854775807e18", "null"),
		  LIST("-1", "5.5", "'5'", "true", "[]", "{}", "9223372036854775808", "1e19", "1e999999999999999999", "1e-1"));
	ck_assert_int_eq(decode(",'revision':12e2")[R_REVISION].integer, 1200);
	ck_assert(!decode(",'revision':null")[R_REVISION].present);
}
END_TEST

START_TEST(decimals)
{
	check_all("target",
		  LIST("'0'", "'-0.5'", "'999999999999999999.999999'", "'007'", "1", "-1.5", "1e3", "123456789012345", "1234567890123450", "0.000001", "1e-6", "'\\u0031'"),
		  LIST("''", "'1.'", "'.5'", "'1e2'", "' 1'", "'+1'", "'1234567890123456789'", "'0.0000001'", "1234567890123456", "1e-7", "1e18", "true", "[]"));
	check_all("ceiling", LIST("0", "'0'", "'-0'", "1.5"), LIST("-1", "'-0.000001'"));
	ck_assert(decode(",'target':'12.50'")[R_TARGET].decimal.micro == 12500000);
}
END_TEST

START_TEST(texts)
{
	check_all("name", LIST("'x'", "' '", "'\\n'", "'\xc2\x85'", "'\xf0\x9f\x98\x80'", "'\\ud83d\\ude00'", "'\\u0001\x7f'", "null"), LIST("''", "1", "true", "[]", "{}"));
	for (int n = 255; n <= 257; n++) { /* bytes, after unescaping */
		char members[2048];
		int at = snprintf(members, sizeof members, ",'name':'");
		for (int i = 0; i < n; i++)
			at += snprintf(members + at, sizeof members - (size_t)at, "\\u0041");
		strcpy(members + at, "'");
		const struct value *v = decode(members);
		if (n > 256)
			assert_refused(members, "name");
		else
			ck_assert(w.item.reason == REASON_NONE && v[R_NAME].text.n == (size_t)n && v[R_NAME].text.p[n - 1] == 'A');
	}
	const struct value *v = decode(",'name':'a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00z'");
	ck_assert(w.item.reason == REASON_NONE && text_is(v[R_NAME].text, "a\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"));
}
END_TEST

START_TEST(times)
{
	check_all("done_at", LIST("'2024-03-25T08:00:00+07:00'", "'2024-03-25t08:00:00z'", "'2016-12-31T23:59:60Z'", "'2024-03-25T08:00:00.1234567Z'"),
		  LIST("'2024-03-25'", "'2024-03-25T08:00:00'", "'2024-03-25T08:00:60Z'", "'2023-02-29T08:00:00Z'", "''", "1", "'2024-03-25T08:00:00Z '"));
	char members[1024];
	snprintf(members, sizeof members, ",'done_at':'2024-03-25T08:00:00.%0600dZ'", 1);
	decode(members);
	assert_accepted("a fraction of 600 digits");
	check_all("received_on", LIST("'2024-02-29'", "'1900-01-01'", "'2199-12-31'"), LIST("'2023-02-29'", "'2200-01-01'", "'2024-2-9'", "'2024-03-25T00:00:00Z'", "20240325"));
}
END_TEST

START_TEST(periods)
{
	check_all("period", LIST("'2024'", "'2024-S1'", "'2024-Q4'", "'2024-12'"), LIST("'2024-W13'", "'2024-03-26'", "'2024-S3'", "'2024-Q0'", "'2024-13'", "'1899'", "2024"));
	check_all("month", LIST("'2024-03'"), LIST("'2024'", "'2024-Q1'", "'2024-S1'", "'2024-W13'"));
	const struct value *v = decode(",'period':'2024-Q1'");
	ck_assert(v[R_PERIOD].period.grain == GRAIN_QUARTER && text_is(v[R_PERIOD].text, "2024-Q1"));
}
END_TEST

START_TEST(answers)
{
	check_all("answers", LIST("{}", "{'a':1}", "{'a':1,'b':4.0}", "{'a':null}", "null"), LIST("[]", "1", "'x'", "{'a':'1'}", "{'a':1.5}", "{'a':{}}"));
	const struct value *v = decode(",'answers':{'b':2,'\\u0061':1,'ab':3,'c':null,'B':4,'':5}");
	static const char *const names[] = {"", "B", "a", "ab", "b"};
	static const int scores[] = {5, 4, 1, 3, 2};
	ck_assert_uint_eq(v[R_ANSWERS].n_answers, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert(text_is(v[R_ANSWERS].answers[i].name, names[i]) && v[R_ANSWERS].answers[i].score == scores[i]);
}
END_TEST

/* The first field in the order of the type, whatever the order of the text; a kind's own rule right after its field. */
START_TEST(order_of_fields)
{
	static const struct {
		const char *members, *detail;
	} cases[] = {
		{",'revision':-1,'name':''", "data.name: must be a string of 1 to 256 bytes"},
		{",'answers':1,'month':'x','received_on':1", "data.received_on: must be a real date YYYY-MM-DD"},
		{",'revision':-1,'ceiling':1,'target':2", "data.ceiling: must not lie below target"},
		{",'ceiling':1,'target':2,'period':1", "data.period: must be a period of the form 2024, 2024-S1, 2024-Q1, 2024-03"},
		{",'ceiling':1,'target':'x'", "data.target: must be a decimal: "},
		{",'revision':1.5", "data.revision: must be an integer of 64 bits, 0 or more"},
		{",'answers':{'x':'secret'}", "data.answers: each must be an integer"},
		{",'month':'2024'", "data.month: must be a period of the form 2024-03"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		decode(cases[i].members);
		size_t n = strlen(cases[i].detail);
		ck_assert_msg(w.item.reason == REASON_BAD_FIELD && w.item.detail.n >= n && !memcmp(w.item.detail.p, cases[i].detail, n), "%s: %.*s", cases[i].members,
			      TEXT_ARG(w.item.detail));
	}
}
END_TEST

static void decode_complaint(const char *members)
{
	struct buffer b = {0};
	buffer_puts(&b, "{\"specversion\":\"1.0\",\"type\":\"t.complaint\",\"id\":\"1\",\"source\":\"/\",\"time\":\"2024-03-25T08:00:00Z\",\"data\":{\"complaint_id\":\"r\"");
	for (const char *s = members; *s; s++)
		buffer_putc(&b, *s == '\'' ? '"' : *s);
	buffer_puts(&b, "}}");
	ck_assert_int_eq(world_decode(buffer_view(&b), NULL), 0);
	buffer_deinit(&b);
}

START_TEST(units_and_words)
{
	static const char *const cases[][2] = {
		{"", "data.unit: required"},
		{",'unit':null", "data.unit: required"},
		{",'unit':'1.02.0.00.0.00.01.000'", "data.unit: must be a unit code of the form 1.02.0.00.0.00.01.0000"},
		{",'unit':'9.02.0.00.0.00.01.0000'", "data.unit: must be a unit code"},
		{",'unit':'1.02.0.00.0.00.01.0000'", "data.class: required"},
		{",'unit':'1.02.0.00.0.00.01.0000','class':'Complaint'", "data.class: must be one of complaint, aspiration"},
		{",'unit':'1.02.0.00.0.00.01.0000','class':'complaint ','rating':9", "data.class: must be one of"},
		{",'unit':'1.02.0.00.0.00.01.0000','class':'complaint','rating':0", "data.rating: must be an integer from 1 to 5"},
		{",'unit':'1.02.0.00.0.00.01.0000','class':'complaint','category':'123456789'", "data.category: must be a string of 1 to 8 bytes"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		decode_complaint(cases[i][0]);
		size_t n = strlen(cases[i][1]);
		ck_assert_msg(w.item.reason == REASON_BAD_FIELD && w.item.detail.n >= n && !memcmp(w.item.detail.p, cases[i][1], n), "%s: %.*s", cases[i][0],
			      TEXT_ARG(w.item.detail));
	}
}
END_TEST

static struct json *load(const char *path)
{
	struct buffer b = {0};
	struct json *j = NULL;
	struct error err = {""};
	if (read_data(path, &b))
		ck_assert_msg(json_parse(path, buffer_view(&b), &j, &err) == 0, "%s", err.text);
	else
		printf("%s is not there: skipped\n", path);
	buffer_deinit(&b);
	return j;
}

/* Any text stands as it is: what goes in as a JSON string comes out byte by byte. */
START_TEST(naughty_strings)
{
	struct json *list = load("../../shared/data/naughty_strings.json");
	for (size_t i = 0; i < json_size(list); i++) {
		struct text t = json_text(json_at(list, i));
		struct buffer b = {0};
		buffer_puts(&b, "{\"report_id\":");
		buffer_json(&b, t);
		buffer_puts(&b, "}");
		static const char *const headers[] = {"ce_specversion: 1.0", "ce_type: t.report", "ce_id: 1", "ce_source: /", "ce_time: 2024-03-25T08:00:00Z", NULL};
		ck_assert_int_eq(world_decode(buffer_view(&b), headers), 0);
		if (t.n < 1 || t.n > 256)
			ck_assert(w.item.reason == REASON_BAD_FIELD);
		else
			ck_assert_msg(w.item.reason == REASON_NONE && text_equal(w.item.event.fields[R_ID].text, t), "string %zu", i);
		buffer_deinit(&b);
	}
	json_free(list);
}
END_TEST

/* The corpora of JSON Schema, as times of an event. §1.1 narrows RFC 3339 nowhere in them: lower-case letters and real leap seconds stand. */
static void run_times(const char *path)
{
	struct json *groups = load(path);
	for (size_t g = 0; g < json_size(groups); g++) {
		const struct json *tests = json_get(json_at(groups, g), "tests");
		for (size_t i = 0; i < json_size(tests); i++) {
			struct text t = json_text(json_get(json_at(tests, i), "data"));
			if (!t.p)
				continue; /* the corpora pass over what is no string */
			bool valid = json_bool(json_get(json_at(tests, i), "valid"));
			struct buffer b = {0};
			buffer_puts(&b, "{\"report_id\":\"r\",\"done_at\":");
			buffer_json(&b, t);
			buffer_puts(&b, "}");
			static const char *const headers[] = {"ce_specversion: 1.0", "ce_type: t.report", "ce_id: 1", "ce_source: /", "ce_time: 2024-03-25T08:00:00Z", NULL};
			ck_assert_int_eq(world_decode(buffer_view(&b), headers), 0);
			ck_assert_msg(w.item.reason == (valid ? REASON_NONE : REASON_BAD_FIELD), "%.*s", TEXT_ARG(t));
			buffer_deinit(&b);
		}
	}
	json_free(groups);
}

START_TEST(rfc3339_corpora)
{
	run_times("../../shared/data/rfc3339/draft2020-12-date-time.json");
	run_times("../../shared/data/rfc3339/draft7-date-time.json");
}
END_TEST

SUITE("fields", integers, decimals, texts, times, periods, answers, order_of_fields, units_and_words, naughty_strings, rfc3339_corpora)
