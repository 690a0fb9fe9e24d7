// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>

#include "../suite.h"
#include "common/csv.h"
#include "common/random.h"

/* All records as LINE:FIELD|FIELD;… and the fault, if there is one, behind them. */
static const char *read_all(struct text input)
{
	static char out[1024];
	struct csv c;
	struct error err = {""};
	size_t n = 0;
	int r;
	out[0] = 0;
	csv_init(&c, "f", input);
	while ((r = csv_next(&c, &err)) > 0) {
		n += (size_t)snprintf(out + n, sizeof out - n, "%u:", c.line);
		for (size_t i = 0; i < c.n_fields; i++)
			n += (size_t)snprintf(out + n, sizeof out - n, "%.*s%s", TEXT_ARG(c.field[i]), i + 1 < c.n_fields ? "|" : ";");
	}
	if (r < 0) {
		ck_assert_int_eq(r, -EINVAL);
		snprintf(out + n, sizeof out - n, "%s", err.text);
	}
	csv_deinit(&c);
	return out;
}

START_TEST(records)
{
	static const struct {
		const char *csv, *want;
	} cases[] = {
		{"", ""}, {"\n\r\n\n", ""}, {"a", "1:a;"}, {"a,b\n", "1:a|b;"}, {"a,b\r\nc,d\r\n", "1:a|b;2:c|d;"}, {"a\n\n\nb\n", "1:a;4:b;"}, {",\n", "1:|;"}, {"a,\r\n,b", "1:a|;2:|b;"},
		{"\xef\xbb\xbf" "a,b\n", "1:a|b;"}, {"\"a\",b\n", "1:a|b;"}, {"\"a,\"\"b\"\"\",c\n", "1:a,\"b\"|c;"}, {"\"a\nb\",c\nd\n", "1:a\nb|c;3:d;"}, {"\"a\r\nb\"\r\nc", "1:a\r\nb;3:c;"},
		{"\"\",\"\"", "1:|;"}, {" a , b ", "1: a | b ;"}, {"a\r", "1:a;"}, {"\"a\"\r", "1:a;"}, {"\xc3\xa9,\xe2\x82\xac\n", "1:\xc3\xa9|\xe2\x82\xac;"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_str_eq(read_all(text_of(cases[i].csv)), cases[i].want);
}
END_TEST

START_TEST(faults_name_their_line)
{
	static const struct {
		const char *csv, *want;
	} cases[] = {
		{"a\n\"b", "1:a;f:2: a quoted field is not closed"},
		{"a\nb\n\"c\nd\ne", "1:a;2:b;f:3: a quoted field is not closed"},
		{"\"a\nb\"\nc,d\"e\n", "1:a\nb;f:3: a quote inside a field that does not start with one"},
		{"\"a\"b\n", "f:1: a quoted field must end at a comma or the line's end"},
		{"\"a\"\rb\n", "f:1: a quoted field must end at a comma or the line's end"},
		{"a\rb\n", "f:1: a carriage return that no line feed follows"},
		{"a\nb,\xff\n", "1:a;f:2: not UTF-8 text"},
		{"\xc3,\xa9\n", "f:1: not UTF-8 text"},
		{",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n", "f:1: too many fields"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_str_eq(read_all(text_of(cases[i].csv)), cases[i].want);
	ck_assert_str_eq(read_all(TEXT("a\nb\0c\n")), "1:a;f:2: not UTF-8 text");
	ck_assert_str_eq(read_all(TEXT(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n")), "1:|||||||||||||||||||||||||||||||;"); /* as many as there may be */
}
END_TEST

START_TEST(headers)
{
	static const char *const columns[] = {"date", "type"};
	static const char *const bad[] = {"", "date\n", "date,type,name\n", "type,date\n", "date;type\n", "Date,type\n"};
	struct csv c;
	struct error err;
	csv_init(&c, "f", TEXT("\n\"date\",type\r\n1,2\r\n"));
	ck_assert_int_eq(csv_header(&c, columns, 2, &err), 0);
	ck_assert_int_eq(csv_next(&c, &err), 1);
	ck_assert(c.line == 3 && text_is(c.field[1], "2"));
	csv_deinit(&c);
	for (size_t i = 0; i < COUNT(bad); i++) {
		csv_init(&c, "f", text_of(bad[i]));
		ck_assert_int_eq(csv_header(&c, columns, 2, &err), -EINVAL);
		ck_assert_str_eq(err.text, "f:1: the header must be date,type");
		csv_deinit(&c);
	}
}
END_TEST

/* Whatever fields hold, what is written with quotes is read back. */
START_TEST(written_and_read_back)
{
	static const char alphabet[] = "ab,\"\n\r ;";
	struct random r = {21};
	for (int i = 0; i < test_rounds(20000); i++) {
		char fields[4][12];
		struct buffer b = {0};
		size_t n = 1 + random_below(&r, 4);
		for (size_t k = 0; k < n; k++) {
			size_t length = 1 + random_below(&r, 10);
			buffer_puts(&b, k ? ",\"" : "\"");
			for (size_t j = 0; j < length; j++) {
				fields[k][j] = alphabet[random_below(&r, sizeof alphabet - 1)];
				buffer_putc(&b, fields[k][j]);
				if (fields[k][j] == '"')
					buffer_putc(&b, '"');
			}
			fields[k][length] = 0;
			buffer_putc(&b, '"');
		}
		buffer_puts(&b, i % 2 ? "\r\n" : "\n");
		struct csv c;
		csv_init(&c, "f", buffer_view(&b));
		ck_assert_int_eq(csv_next(&c, NULL), 1);
		ck_assert_uint_eq(c.n_fields, n);
		for (size_t k = 0; k < n; k++)
			ck_assert(text_is(c.field[k], fields[k]));
		ck_assert_int_eq(csv_next(&c, NULL), 0);
		csv_deinit(&c);
		buffer_deinit(&b);
	}
}
END_TEST

SUITE("csv", records, faults_name_their_line, headers, written_and_read_back)
