// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <string.h>

#include "../suite.h"
#include "common/error.h"

START_TEST(messages_are_set_and_prefixed)
{
	struct error e;
	ck_assert_int_eq(error_set(&e, -EINVAL, "%s:%d: %s", "f", 3, "wrong"), -EINVAL);
	ck_assert_int_eq(error_prefix(&e, -ENOMEM, "loading %s", "x"), -ENOMEM);
	ck_assert_str_eq(e.text, "loading x: f:3: wrong");
	error_set(&e, 0, "%s", "a\nb\033[m\302\233\302\240");
	ck_assert_str_eq(e.text, "a?b?[m??\302\240");
	ck_assert_int_eq(error_set(NULL, -EINVAL, "nobody listens"), -EINVAL);
	ck_assert_int_eq(error_prefix(NULL, -EINVAL, "nobody listens"), -EINVAL);
}
END_TEST

START_TEST(long_messages_are_cut)
{
	char big[3000];
	struct error e;
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = 0;
	for (int length = 1000; length < 1100; length++) {
		error_set(&e, 0, "%.*s", length, big);
		ck_assert_uint_eq(strlen(e.text), length < 1023 ? (size_t)length : 1023);
		error_prefix(&e, 0, "prefix");
		ck_assert(!strncmp(e.text, "prefix: xxx", 11) && strlen(e.text) <= 1023);
		error_set(&e, 0, "short");
		error_prefix(&e, 0, "%.*s", length, big);
		ck_assert_uint_le(strlen(e.text), 1023);
	}
}
END_TEST

/* Files are quoted in messages; none of them may give orders to a terminal or begin a line of the log. */
START_TEST(messages_are_one_line_of_printable_text)
{
	struct error e;
	error_set(&e, 0, "near '%s'", "a\x1b[2J\n\x7f\xc2\x9b" "1m\xc2\xb0\xe2\x80\xa6");
	ck_assert_str_eq(e.text, "near 'a?[2J????1m\xc2\xb0\xe2\x80\xa6'");
	error_set(&e, 0, "near '%s'", "\xc3\xa9\xff");
	ck_assert_str_eq(e.text, "near '?\?\?'");
	error_set(&e, 0, "%s", "\xc2");
	ck_assert_str_eq(e.text, "?");
	error_prefix(&e, 0, "%s", "a\tb");
	ck_assert_str_eq(e.text, "a?b: ?");
	for (int length = 1015; length < 1025; length++) { /* cut within a character */
		error_set(&e, 0, "%*s\xe2\x80\xa6", length, "");
		ck_assert(utf8_valid(e.text, strlen(e.text)));
	}
}
END_TEST

SUITE("error", messages_are_set_and_prefixed, long_messages_are_cut, messages_are_one_line_of_printable_text)
