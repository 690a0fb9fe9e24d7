// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The rows of semantics §1 and the attributes of §1.1, one by one and against each other. Texts stand with ' for ". */
#include "../suite.h"
#include "common/random.h"
#include "world.h"

#define VERSION "'specversion':'1.0',"
#define ATTRIBUTES "'type':'t.complaint','id':'e-1','source':'/s','time':'2024-03-25T08:00:00+07:00',"
#define UNIT "1.02.0.00.0.00.01.0000"
#define FIELDS "'complaint_id':'c','unit':'" UNIT "','class':'complaint'"
#define EVENT "{" VERSION ATTRIBUTES "'data':{" FIELDS "}}"

static struct buffer quoted(const char *s)
{
	struct buffer b = {0};
	for (; *s; s++)
		buffer_putc(&b, *s == '\'' ? '"' : *s);
	return b;
}

static void decode(const char *value, const char *const *headers)
{
	struct buffer b = quoted(value);
	ck_assert_int_eq(world_decode(buffer_view(&b), headers), 0);
	buffer_deinit(&b);
}

/* detail: what it begins with; NULL: absent */
static void assert_verdict(const char *what, enum reason reason, const char *detail)
{
	struct text got = w.item.detail;
	ck_assert_msg(w.item.reason == reason, "%s: %s (%.*s), not %s", what, reason_name(w.item.reason), TEXT_ARG(got), reason_name(reason));
	if (!detail) {
		ck_assert_msg(!got.p, "%s: detail %.*s", what, TEXT_ARG(got));
		return;
	}
	struct buffer want = quoted(detail);
	ck_assert_msg(got.p && got.n >= want.n && (!want.n || !memcmp(got.p, want.p, want.n)), "%s: detail %.*s, not %s", what, TEXT_ARG(got), detail);
	buffer_deinit(&want);
}

START_TEST(an_event)
{
	instant time;
	decode(EVENT, NULL);
	assert_verdict("event", REASON_NONE, NULL);
	ck_assert(text_is(w.item.event_type, "t.complaint") && text_is(w.item.event_id, "e-1") && text_is(w.item.event.id, "e-1"));
	ck_assert_int_eq(rfc3339_parse(TEXT("2024-03-25T01:00:00Z"), &time), 0);
	ck_assert(w.item.event.time == time && w.item.event.kind == &test_kind && w.item.event.type == 0);
	const struct value *v = w.item.event.fields;
	ck_assert(v[0].present && text_is(v[0].text, "c") && text_is(v[1].text, UNIT) && text_is(v[2].text, "complaint") && !v[3].present && !v[4].present);
	ck_assert_msg(v[0].text.p > w.value.p && v[0].text.p < w.value.p + w.value.n, "plain strings are borrowed");
}
END_TEST

START_TEST(the_same_event)
{
	static const char *const same[] = {
		EVENT,
		"  {" VERSION ATTRIBUTES "'data':{" FIELDS "}}\r\n\t",
		"{'data':{" FIELDS "}," ATTRIBUTES VERSION "'x':null}",
		"{" VERSION ATTRIBUTES "'data':{'class':'complaint','unit':'" UNIT "','more':[1,{'unit':'no'}],'complaint_id':'c'}}",
		"{" VERSION ATTRIBUTES "'data':{" FIELDS ",'rating':null,'category':null}}",
		"{" VERSION ATTRIBUTES "'data':{" FIELDS "},'data_base64':null,'datacontenttype':null,'subject':null,'partitionkey':'c'}",
		"{" VERSION ATTRIBUTES "'datacontenttype':'application/json','data':{" FIELDS "}}",
		"{" VERSION ATTRIBUTES "'datacontenttype':'APPLICATION/vnd.opd+JSON ; charset=utf-8','data':{" FIELDS "}}",
		"{'specversion':'\\u0031.0'," ATTRIBUTES "'data':{" FIELDS "}}",
		"{" VERSION "'ty\\u0070e':'t.c\\u006fmplaint','\\u0069d':'e\\u002d1','source':'/\\u0073','time':'2024-03-25\\u005408:00:00+07:00','data':{" FIELDS "}}",
		"{" VERSION ATTRIBUTES "'d\\u0061ta':{'compl\\u0061int_id':'\\u0063','unit':'\\u0031.02.0.00.0.00.01.0000','class':'\\u0063omplaint'}}",
		"{" VERSION ATTRIBUTES "'ext':{'data':{'nik':1},'unit':'x'},'data':{" FIELDS "}}",
	};
	for (size_t i = 0; i < COUNT(same); i++) {
		decode(same[i], NULL);
		assert_verdict(same[i], REASON_NONE, NULL);
		const struct value *v = w.item.event.fields;
		ck_assert_msg(text_is(v[0].text, "c") && text_is(v[1].text, UNIT) && text_is(v[2].text, "complaint") && !v[3].present && !v[4].present, "%s", same[i]);
		ck_assert_msg(text_is(w.item.event_type, "t.complaint") && text_is(w.item.event_id, "e-1"), "%s", same[i]);
	}
}
END_TEST

START_TEST(rows)
{
	static const struct {
		const char *value;
		enum reason reason;
		const char *detail;
	} cases[] = {
		/* 4: the offset of the byte that cannot stand there */
		{"", REASON_NOT_JSON, "0"},
		{" ", REASON_NOT_JSON, "1"},
		{"{", REASON_NOT_JSON, "1"},
		{"\xef\xbb\xbf{}", REASON_NOT_JSON, "0"},
		{"{} x", REASON_NOT_JSON, "3"},
		{"{'a':1,}", REASON_NOT_JSON, "7"},
		{"{'a':01}", REASON_NOT_JSON, "6"},
		{"{'a':NaN}", REASON_NOT_JSON, "5"},
		{"{'a':nul}", REASON_NOT_JSON, "8"},
		{"/**/{}", REASON_NOT_JSON, "0"},
		{EVENT EVENT, REASON_NOT_JSON, NULL},
		/* 3 */
		{"{'a':'\xff'}", REASON_ENCODING, "utf8"},
		{"{'a':'\xed\xa0\x80'}", REASON_ENCODING, "utf8"},
		{"{'a':'\\u0000'}", REASON_ENCODING, "nul"},
		{"{'\\u0000':1}", REASON_ENCODING, "nul"},
		{"{'a':'\\ud800'}", REASON_ENCODING, "surrogate"},
		{"{'a':'\\udc00'}", REASON_ENCODING, "surrogate"},
		{"{'a':'\\ud800\\ud800'}", REASON_ENCODING, "surrogate"},
		{"{'a':'\\ud83d\\ude00'}", REASON_NOT_CLOUDEVENT, NULL},
		/* 5 */
		{"{'a':1,'a':2}", REASON_DUPLICATE_KEY, "a"},
		{"{'a':1,'\\u0061':2}", REASON_DUPLICATE_KEY, "a"},
		{"{'':1,'':2}", REASON_DUPLICATE_KEY, ""},
		{"{" VERSION "'data':{'answers':{'foo':1,'foo':1}}}", REASON_DUPLICATE_KEY, "data.answers.foo"},
		{"{" VERSION "'data':{'tags':[0,0,0,{'x':1,'x':1}]}}", REASON_DUPLICATE_KEY, "data.tags[3].x"},
		{"{" VERSION "'data':{'m':[[],[{'x':1,'x':1}]]}}", REASON_DUPLICATE_KEY, "data.m[1][0].x"},
		{"{'data':1,'data':1}", REASON_DUPLICATE_KEY, "data"},
		{"[{'a':1,'a':1}]", REASON_DUPLICATE_KEY, "[0].a"},
		{"{'a\\u001f\\n':1,'a\\u001f\\u000a':1}", REASON_DUPLICATE_KEY, "a\\u001f\\u000a"},
		{"{'a\\u009b':1,'a\xc2\x9b':1}", REASON_DUPLICATE_KEY, "a\\u009b"}, /* speaks to a terminal like an escape */
		/* 6 */
		{"[]", REASON_NOT_CLOUDEVENT, NULL},
		{"1", REASON_NOT_CLOUDEVENT, NULL},
		{"null", REASON_NOT_CLOUDEVENT, NULL},
		{"'specversion'", REASON_NOT_CLOUDEVENT, NULL},
		{"{}", REASON_NOT_CLOUDEVENT, NULL},
		{"{" ATTRIBUTES "'data':{'specversion':'1.0'}}", REASON_NOT_CLOUDEVENT, NULL},
		{"[{" VERSION ATTRIBUTES "'data':{" FIELDS "}}]", REASON_NOT_CLOUDEVENT, NULL},
		/* 7 */
		{"{'specversion':null}", REASON_BAD_ENVELOPE, "specversion: must be '1.0'"},
		{"{'specversion':1.0}", REASON_BAD_ENVELOPE, "specversion: "},
		{"{'specversion':'0.3'," ATTRIBUTES "'data':{}}", REASON_BAD_ENVELOPE, "specversion: "},
		{"{" VERSION "'data':{'nik':1}}", REASON_BAD_ENVELOPE, "type: required"},
		{"{" VERSION ATTRIBUTES "'data_base64':'e30='}", REASON_BAD_ENVELOPE, "data_base64: "},
		{"{" VERSION ATTRIBUTES "'data_base64':'','data':{" FIELDS "}}", REASON_BAD_ENVELOPE, "data_base64: "},
		{"{" VERSION ATTRIBUTES "'x':1}", REASON_BAD_ENVELOPE, "data: must be a JSON object"},
		{"{" VERSION ATTRIBUTES "'data':null}", REASON_BAD_ENVELOPE, "data: "},
		{"{" VERSION ATTRIBUTES "'data':[{'nik':1}]}", REASON_BAD_ENVELOPE, "data: "},
		{"{" VERSION ATTRIBUTES "'data':'{}'}", REASON_BAD_ENVELOPE, "data: "},
		/* 8 */
		{"{" VERSION ATTRIBUTES "'data':{" FIELDS ",'nik':null}}", REASON_PERSONAL_DATA, "data.nik"},
		{"{" VERSION ATTRIBUTES "'data':{" FIELDS ",'x':[{'y':{'E-Mail':1}}]}}", REASON_PERSONAL_DATA, "data.x[0].y.E-Mail"},
		{"{" VERSION ATTRIBUTES "'data':{'Na_ma. Leng-kap':1,'nik':1}}", REASON_PERSONAL_DATA, "data.Na_ma. Leng-kap"},
		{"{" VERSION ATTRIBUTES "'data':{'x':{'phone':1},'nik':1}}", REASON_PERSONAL_DATA, "data.x.phone"},
		{"{" VERSION ATTRIBUTES "'data':{'\\u006eik':1}}", REASON_PERSONAL_DATA, "data.nik"},
		{"{" VERSION ATTRIBUTES "'data':{'name':'x'}}", REASON_PERSONAL_DATA, "data.name"},
		{"{" VERSION ATTRIBUTES "'nik':1,'data':{" FIELDS ",'nikah':'nik'}}", REASON_NONE, NULL},
		{"{" VERSION ATTRIBUTES "'data':{" FIELDS "},'x':{'nik':1}}", REASON_NONE, NULL},
		/* 9, 10 */
		{"{" VERSION "'type':'T.complaint','id':'1','source':'/','time':'2024-03-25T08:00:00Z','data':{}}", REASON_UNKNOWN_TYPE, NULL},
		{"{" VERSION ATTRIBUTES "'data':{}}", REASON_BAD_FIELD, "data.complaint_id: required"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		decode(cases[i].value, NULL);
		if (cases[i].reason == REASON_NOT_JSON && !cases[i].detail)
			ck_assert(w.item.reason == REASON_NOT_JSON);
		else
			assert_verdict(cases[i].value, cases[i].reason, cases[i].detail);
	}
}
END_TEST

/* Faults of two rows, or two faults of one text: which comes first. */
START_TEST(order)
{
	static const struct {
		const char *value;
		enum reason reason;
		const char *detail;
	} cases[] = {
		{"{'a':1,'a':\xff", REASON_ENCODING, "utf8"},		  /* the whole value is UTF-8 before anything is read */
		{"{'a':1,'a'x", REASON_DUPLICATE_KEY, "a"},		  /* met at the closing quote */
		{"{'a':1,'a", REASON_NOT_JSON, "9"},
		{"{'a':1 'a':1}", REASON_NOT_JSON, "7"},
		{"{'a':x,'a':1}", REASON_NOT_JSON, "5"},
		{"{'a':'\\u0000','a':1}", REASON_ENCODING, "nul"},
		{"{'a':1,'a':'\\u0000'}", REASON_DUPLICATE_KEY, "a"},
		{"{'a':1,'a\\u0000':1}", REASON_ENCODING, "nul"},
		{"{'a':'\\ud800\\u0000'}", REASON_ENCODING, "surrogate"},
		{"{'a':'\\u0000\\ud800'}", REASON_ENCODING, "nul"},
		{"{'a':'\\ud800", REASON_ENCODING, "surrogate"},
		{"{'a':'\\ud80", REASON_NOT_JSON, "11"},
		{"{'a':'\\u000g'}", REASON_NOT_JSON, "11"},
		{"{'a':'\\x'}", REASON_NOT_JSON, "7"},
		{"{'a':'\n'}", REASON_NOT_JSON, "6"},
		{"{'a':1,'a':1}}", REASON_DUPLICATE_KEY, "a"},
		{"{}{'a':1,'a':1}", REASON_NOT_JSON, "2"},
		{"[1,{'a':1,'a':1}", REASON_DUPLICATE_KEY, "[1].a"},	  /* 5 before 6 */
		{"{" VERSION "'id':'','type':''}", REASON_BAD_ENVELOPE, "type: "},
		{"{" VERSION "'type':'nowhere','data':{'nik':1}}", REASON_BAD_ENVELOPE, "id: "},
		{"{" VERSION "'type':'nowhere','id':'1','source':'/','time':'2024-03-25T08:00:00Z','data':{'nik':1}}", REASON_PERSONAL_DATA, "data.nik"},
		{"{" VERSION "'type':'nowhere','id':'1','source':'/','time':'2024-03-25T08:00:00Z','data':{'name':1}}", REASON_PERSONAL_DATA, "data.name"},
		{"{" VERSION ATTRIBUTES "'data':{'complaint_id':1,'nik':1}}", REASON_PERSONAL_DATA, "data.nik"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		decode(cases[i].value, NULL);
		assert_verdict(cases[i].value, cases[i].reason, cases[i].detail);
	}
}
END_TEST

/* Which of the attributes stand in the reject's row. */
START_TEST(attributes)
{
	static const struct {
		const char *attributes, *detail;
		bool type, id;
	} cases[] = {
		{"'specversion':'1','type':'t','id':'i'", "specversion: ", false, false},
		{VERSION "'id':'i'", "type: required", false, false},
		{VERSION "'type':null,'id':'i'", "type: required", false, false},
		{VERSION "'type':7,'id':'i'", "type: must be", false, false},
		{VERSION "'type':'','id':'i'", "type: must be", false, false},
		{VERSION "'type':'a\\u0085','id':'i'", "type: must be", false, false},
		{VERSION "'type':'a\\u007f','id':'i'", "type: must be", false, false},
		{VERSION "'type':'\\n','id':'i'", "type: must be", false, false},
		{VERSION "'type':'t'", "id: required", true, false},
		{VERSION "'type':'t','id':1", "id: must be", true, false},
		{VERSION "'type':'t','id':'i'", "source: required", true, true},
		{VERSION "'type':'t','id':'i','source':{}", "source: must be", true, true},
		{VERSION "'type':'t','id':'i','source':'s'", "time: required", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':1711328400", "time: not RFC 3339", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':''", "time: not RFC 3339", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00'", "time: not RFC 3339", true, true},
		{VERSION "'type':'t\\u00a0','id':' ','source':'\xc3\xa9\xe2\x82\xac','time':'2024-03-25 08:00:00Z'", "time: not RFC 3339", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00Z','datacontenttype':1", "datacontenttype: ", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00Z','datacontenttype':''", "datacontenttype: ", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00Z','datacontenttype':'text/json'", "datacontenttype: ", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00Z','datacontenttype':'application/+json'", "datacontenttype: ", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00Z','datacontenttype':'application/xml','data_base64':''", "datacontenttype: ", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00Z','data_base64':''", "data_base64: ", true, true},
		{VERSION "'type':'t','id':'i','source':'s','time':'2024-03-25T08:00:00Z'", "data: ", true, true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char value[512];
		snprintf(value, sizeof value, "{%s}", cases[i].attributes);
		decode(value, NULL);
		assert_verdict(cases[i].attributes, REASON_BAD_ENVELOPE, cases[i].detail);
		ck_assert_msg(!!w.item.event_type.p == cases[i].type && !!w.item.event_id.p == cases[i].id, "%s", cases[i].attributes);
	}
}
END_TEST

START_TEST(attribute_lengths)
{
	static const char *const names[] = {"type", "id", "source"};
	for (size_t a = 0; a < COUNT(names); a++)
		for (int n = 255; n <= 257; n++) {
			char value[1024];
			int at = snprintf(value, sizeof value, "{'specversion':'1.0','data':{},'time':'2024-03-25T08:00:00Z'");
			for (size_t k = 0; k < COUNT(names); k++)
				at += snprintf(value + at, sizeof value - (size_t)at, ",'%s':'%0*d'", names[k], k == a ? n : 1, 0);
			strcpy(value + at, "}");
			decode(value, NULL);
			ck_assert_msg(w.item.reason == (n > 256 ? REASON_BAD_ENVELOPE : REASON_UNKNOWN_TYPE), "%s of %d", names[a], n);
		}
}
END_TEST

START_TEST(tombstones_and_sizes)
{
	static const char *const avro[] = {"content-type: application/cloudevents+avro", NULL};
	ck_assert_int_eq(world_decode(TEXT_NONE, avro), 0);
	assert_verdict("tombstone", REASON_TOMBSTONE, NULL);
	for (size_t n = 1048575; n <= 1048577; n++) {
		struct buffer b = quoted(EVENT);
		while (b.n < n)
			buffer_putc(&b, ' ');
		ck_assert_int_eq(world_decode(buffer_view(&b), NULL), 0);
		assert_verdict("size", n > 1048576 ? REASON_TOO_LARGE : REASON_NONE, n > 1048576 ? "bytes" : NULL);
		b.p[n - 1] = '\xff';
		ck_assert_int_eq(world_decode(buffer_view(&b), n > 1048576 ? avro : NULL), 0);
		assert_verdict("size, then encoding", n > 1048576 ? REASON_TOO_LARGE : REASON_ENCODING, n > 1048576 ? "bytes" : "utf8");
		buffer_deinit(&b);
	}
}
END_TEST

START_TEST(depth)
{
	for (int n = 31; n <= 33; n++) {
		char open[64] = "", value[256];
		memset(open, '[', (size_t)n);
		snprintf(value, sizeof value, "%s", open);
		decode(value, NULL);
		if (n > 32)
			assert_verdict(value, REASON_TOO_LARGE, "depth");
		else
			ck_assert(w.item.reason == REASON_NOT_JSON);
		/* inside an envelope `data` is at depth 2 */
		snprintf(value, sizeof value, "{'specversion':'1.0','data':{'x':%.*s", n - 2, open);
		decode(value, NULL);
		ck_assert_msg(w.item.reason == (n > 32 ? REASON_TOO_LARGE : REASON_NOT_JSON), "%s", value);
	}
	decode("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x", NULL);
	assert_verdict("syntax", REASON_NOT_JSON, "32");
	decode("{'a':1,'a':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", NULL);
	assert_verdict("key before depth", REASON_DUPLICATE_KEY, "a");
}
END_TEST

/* Content mode: semantics §1.1, row 2. */
START_TEST(modes)
{
	static const char data[] = "{" FIELDS "}";
#define BINARY "ce_type: t.complaint", "ce_id: e-1", "ce_source: /s", "ce_time: 2024-03-25T08:00:00+07:00"
	static const struct {
		const char *headers[12], *value;
		enum reason reason;
		const char *detail;
	} cases[] = {
		{{"content-type: application/cloudevents+json"}, EVENT, REASON_NONE, NULL},
		{{"Content-Type: Application/CloudEvents+JSON ; charset=utf-8"}, EVENT, REASON_NONE, NULL},
		{{"content-type: application/json"}, EVENT, REASON_NONE, NULL},
		{{"content-type: text/plain"}, EVENT, REASON_NONE, NULL}, /* no ce_specversion: the value decides */
		{{"content-type"}, EVENT, REASON_NONE, NULL},
		{{"content-type: application/cloudevents+avro"}, EVENT, REASON_NOT_CLOUDEVENT, "application/cloudevents+avro"},
		{{"CONTENT-TYPE: Application/CloudEvents-Batch+JSON; x"}, "x", REASON_NOT_CLOUDEVENT, "application/cloudevents-batch+json"},
		{{"content-type: application/cloudevents", "ce_specversion: 1.0", BINARY}, data, REASON_NOT_CLOUDEVENT, "application/cloudevents"},
		{{"content-type: application/cloudevents\xff"}, "\xff", REASON_NOT_CLOUDEVENT, "application/cloudevents?"},
		/* structured, whatever the ce_ headers say, even twice or in no encoding */
		{{"content-type: application/cloudevents+json", "ce_specversion: 9", "ce_id: 1", "ce_id: 2", "ce_x: \xff"}, EVENT, REASON_NONE, NULL},
		{{BINARY}, EVENT, REASON_NONE, NULL},
		/* binary */
		{{"ce_specversion: 1.0", BINARY}, data, REASON_NONE, NULL},
		{{"CE_SpecVersion: 1.0", "Ce_Type: t.complaint", "CE_ID: e-1", "cE_source: /s", "ce_TIME: 2024-03-25T08:00:00+07:00"}, data, REASON_NONE, NULL},
		{{"ce_specversion: 1.0", BINARY, "content-type: application/json;v=1", "other: \xff", "other: x", "ce_trace: 1"}, data, REASON_NONE, NULL},
		{{"ce_specversion: 1.0", BINARY, "content-type: application/x+json"}, data, REASON_NONE, NULL},
		{{"ce_specversion: 1.0", BINARY, "content-type"}, data, REASON_NONE, NULL},
		{{"ce_specversion: 1.0", BINARY, "content-type: text/plain"}, data, REASON_BAD_ENVELOPE, "datacontenttype: "},
		{{"ce_specversion: 1.0", BINARY, "ce_data_base64: e30="}, data, REASON_BAD_ENVELOPE, "data_base64: "},
		{{"ce_specversion: 1.0", BINARY}, "", REASON_NOT_JSON, "0"},
		{{"ce_specversion: 1.0", BINARY}, "[]", REASON_BAD_ENVELOPE, "data: "},
		{{"ce_specversion: 1.0", BINARY}, "null", REASON_BAD_ENVELOPE, "data: "},
		{{"ce_specversion: 1.0", BINARY}, EVENT, REASON_BAD_FIELD, "data.complaint_id: required"},
		{{"ce_specversion", BINARY}, data, REASON_BAD_ENVELOPE, "specversion: "},
		{{"ce_specversion: 0.3", BINARY}, data, REASON_BAD_ENVELOPE, "specversion: "},
		{{"ce_specversion: 1.0", "ce_id: 1"}, data, REASON_BAD_ENVELOPE, "type: required"},
		{{"ce_specversion: 1.0", "ce_type: t", "ce_id"}, data, REASON_BAD_ENVELOPE, "id: required"},
		{{"ce_specversion: 1.0", "ce_type: t", "ce_id: "}, data, REASON_BAD_ENVELOPE, "id: must be"},
		{{"ce_specversion: 1.0", "ce_type: t", "ce_id: a\tb"}, data, REASON_BAD_ENVELOPE, "id: must be"},
		{{"ce_specversion: 1.0", BINARY, "CE_Id: e-2"}, data, REASON_BAD_ENVELOPE, "ce_id: header"},
		{{"ce_specversion: 1.0", BINARY, "ce_x: 1", "ce_y: 1", "CE_X: 2"}, data, REASON_BAD_ENVELOPE, "ce_x: header"},
		{{"ce_specversion: 1.0", BINARY, "ce_x: \xc3"}, data, REASON_ENCODING, "utf8"},
		{{"ce_specversion: 1.0", BINARY, "ce_x: \xc3"}, "{", REASON_ENCODING, "utf8"},
		/* paths begin at data all the same */
		{{"ce_specversion: 1.0", BINARY}, "{'unit':1,'unit':1}", REASON_DUPLICATE_KEY, "data.unit"},
		{{"ce_specversion: 1.0", BINARY}, "[0,{'x':1,'x':1}]", REASON_DUPLICATE_KEY, "data[1].x"},
		{{"ce_specversion: 1.0", BINARY}, "{'x':{'nik':1}}", REASON_PERSONAL_DATA, "data.x.nik"},
		{{"ce_specversion: 1.0", BINARY}, "{'data':{'nik':1}}", REASON_PERSONAL_DATA, "data.data.nik"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char what[512];
		snprintf(what, sizeof what, "case %zu (%s): %s", i, cases[i].headers[0], cases[i].value);
		decode(cases[i].value, cases[i].headers);
		assert_verdict(what, cases[i].reason, cases[i].detail);
		if (cases[i].reason == REASON_NONE)
			ck_assert_msg(text_is(w.item.event_id, "e-1") && text_is(w.item.event.fields[0].text, "c"), "%s", what);
	}
}
END_TEST

START_TEST(exempt_name)
{
#define REPORT "'type':'t.report','id':'1','source':'/','time':'2024-03-25T08:00:00Z'"
	static const struct {
		const char *value;
		enum reason reason;
		const char *detail;
	} cases[] = {
		{"{" VERSION REPORT ",'data':{'report_id':'r','name':'n'}}", REASON_NONE, NULL},
		{"{'data':{'name':'n','report_id':'r'}," VERSION REPORT "}", REASON_NONE, NULL},
		{"{'data':{'name':'n','nik':1,'report_id':'r'}," VERSION REPORT "}", REASON_PERSONAL_DATA, "data.nik"},
		{"{'data':{'name':{'name':'n'},'report_id':'r'}," VERSION REPORT "}", REASON_PERSONAL_DATA, "data.name.name"},
		{"{'data':{'x':{'name':1},'name':'n'}," VERSION REPORT "}", REASON_PERSONAL_DATA, "data.x.name"},
		{"{'data':{'Name':'n','report_id':'r'}," VERSION REPORT "}", REASON_PERSONAL_DATA, "data.Name"},
		{"{'data':{'name':'n','nama':'n','report_id':'r'}," VERSION REPORT "}", REASON_PERSONAL_DATA, "data.nama"},
		{"{'data':{'name':'n'}," VERSION ATTRIBUTES "'x':1}", REASON_PERSONAL_DATA, "data.name"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		decode(cases[i].value, NULL);
		assert_verdict(cases[i].value, cases[i].reason, cases[i].detail);
	}
}
END_TEST

START_TEST(long_paths_are_cut)
{
	struct buffer b = {0};
	buffer_puts(&b, "{\"");
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 400; k++)
			buffer_puts(&b, "\xc3\xa9");
		buffer_puts(&b, i ? "\":2}" : "\":1,\"");
	}
	ck_assert_int_eq(world_decode(buffer_view(&b), NULL), 0);
	ck_assert(w.item.reason == REASON_DUPLICATE_KEY && w.item.detail.n == 512 && utf8_valid(w.item.detail.p, w.item.detail.n));
	buffer_deinit(&b);
}
END_TEST

static void mutate(struct random *dice, struct buffer *b)
{
	static const char bytes[] = "{}[]:,\"\\u0d8-+.19 nametype\n\x01\x7f\xc3\xff/";
	for (uint64_t n = random_below(dice, 4); n; n--) {
		size_t at = random_below(dice, b->n), from = random_below(dice, b->n), length = random_below(dice, 30);
		if (random_below(dice, 2))
			b->p[at] = bytes[random_below(dice, sizeof bytes - 1)];
		else if (at + length < b->n && from + length < b->n)
			memmove(b->p + at, b->p + from, length);
	}
	b->n -= random_below(dice, 20) ? 0 : random_below(dice, b->n);
}

/* Whatever comes in: a verdict, a detail that can be stored and shown, and an event that is complete when it is accepted. The same record gives the same verdict. */
START_TEST(mutations)
{
	static const char *const seeds[] = {
		EVENT,
		"{" VERSION REPORT ",'data':{'report_id':'r','name':'n','answers':{'a':1,'b':2},'target':'1.5','done_at':'2024-03-25T08:00:00Z','x':[{'y':'\\ud83d\\ude00'}]}}",
		"{'data':{'z':[1,2,{'nik':null}],'report_id':'\\u0072'}," VERSION REPORT "}",
	};
	static const char *const binary[] = {"ce_specversion: 1.0", "ce_type: t.report", "ce_id: 1", "ce_source: /", "ce_time: 2024-03-25T08:00:00Z", NULL};
	struct random dice = {11};
	unsigned reasons[REASON_COUNT] = {0};
	for (unsigned i = 0; i < (getenv("REKAP_TEST_SLOW") ? 300 : 60000); i++) {
		struct buffer b = quoted(seeds[i % COUNT(seeds)]);
		mutate(&dice, &b);
		const char *const *headers = random_below(&dice, 4) ? NULL : binary;
		ck_assert_int_eq(world_decode(buffer_view(&b), headers), 0);
		enum reason reason = w.item.reason;
		struct text detail = w.item.detail;
		reasons[reason]++;
		ck_assert(!detail.p || (detail.n < 1024 && utf8_valid(detail.p, detail.n) && !memchr(detail.p, 0, detail.n) && !memchr(detail.p, '\n', detail.n)));
		ck_assert(reason >= REASON_PERSONAL_DATA || reason == REASON_NONE || reason == REASON_BAD_ENVELOPE || (!w.item.event_type.p && !w.item.event_id.p));
		ck_assert(reason < REASON_PERSONAL_DATA || (w.item.event_type.p && w.item.event_id.p));
		if (reason == REASON_NONE) {
			ck_assert(!detail.p && w.item.event.kind == &test_kind && w.item.event.id.p && w.item.event.fields[0].present);
			ck_assert(w.item.event.fields[0].text.n >= 1 && utf8_valid(w.item.event.fields[0].text.p, w.item.event.fields[0].text.n));
		}
		ck_assert(world_decode(buffer_view(&b), headers) == 0 && w.item.reason == reason);
		buffer_deinit(&b);
	}
	if (!getenv("REKAP_TEST_SLOW"))
		ck_assert(reasons[REASON_NONE] > 1000 && reasons[REASON_NOT_JSON] > 1000 && reasons[REASON_DUPLICATE_KEY] > 10 && reasons[REASON_ENCODING] > 1000 &&
			  reasons[REASON_BAD_ENVELOPE] > 100 && reasons[REASON_PERSONAL_DATA] > 1000 && reasons[REASON_UNKNOWN_TYPE] > 100 && reasons[REASON_BAD_FIELD] > 100);
}
END_TEST

SUITE("decode", an_event, the_same_event, rows, order, attributes, attribute_lengths, tombstones_and_sizes, depth, modes, exempt_name, long_paths_are_cut, mutations)
