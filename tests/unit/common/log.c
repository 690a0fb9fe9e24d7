// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../suite.h"
#include "common/civil.h"
#include "common/log.h"

static int reading, real_stderr;

/* From here on stderr is a pipe. */
static void open_log(enum log_level level)
{
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	real_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reading = ends[0];
	log_open(level);
}

/* What was logged, as one string; closes the log. */
static const char *logged(void)
{
	static char text[16384];
	dup2(real_stderr, STDERR_FILENO);
	size_t n = 0;
	for (ssize_t got; (got = read(reading, text + n, sizeof text - 1 - n)) > 0;)
		n += (size_t)got;
	text[n] = 0;
	close(reading);
	return text;
}

START_TEST(the_journal_reads_a_priority)
{
	setenv("JOURNAL_STREAM", "8:1234", 1);
	open_log(LOG_LEVEL_INFO);
	log_info("batch committed", "events=%d partition=%s", 5, "opd.survey/0");
	log_error("stopped", "");
	log_debug("not shown", "");
	ck_assert_str_eq(logged(), "<6>event=\"batch committed\" events=5 partition=opd.survey/0\n<3>event=\"stopped\"\n");
}
END_TEST

START_TEST(people_read_a_time_and_a_word)
{
	unsetenv("JOURNAL_STREAM");
	open_log(LOG_LEVEL_INFO);
	log_warning("no calendar", "year=%d", 2027);
	const char *line = logged();
	instant t;
	ck_assert_int_eq(rfc3339_parse((struct text){line, strcspn(line, " ")}, &t), 0);
	ck_assert_str_eq(line + strcspn(line, " "), " warning event=\"no calendar\" year=2027\n"); /* a pipe: no colour */
}
END_TEST

START_TEST(levels_filter)
{
	setenv("JOURNAL_STREAM", "8:1234", 1);
	open_log(LOG_LEVEL_ERROR);
	log_warning("a", "");
	ck_assert(log_enabled(LOG_LEVEL_ERROR) && !log_enabled(LOG_LEVEL_WARNING));
	log_level_set(LOG_LEVEL_DEBUG);
	log_debug("b", "");
	ck_assert_str_eq(logged(), "<7>event=\"b\"\n");
}
END_TEST

START_TEST(a_line_stays_one_line)
{
	char big[5000];
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = 0;
	setenv("JOURNAL_STREAM", "8:1234", 1);
	open_log(LOG_LEVEL_INFO);
	log_info("failed", "why=%s", "one\ntwo\033[31m\302\2331m");
	log_info("failed", "why=%s", big);
	log_info(big, "why=%s", big);
	const char *text = logged(), *second = strchr(text, '\n') + 1, *third = strchr(second, '\n') + 1;
	ck_assert_msg(!strncmp(text, "<6>event=\"failed\" why=one two [31m  1m\n", 39), "%s", text);
	ck_assert(third - second > 1000 && third - second <= 2048);
	ck_assert(strlen(third) > 1000 && strchr(third, '\n') == third + strlen(third) - 1);
}
END_TEST

START_TEST(values_are_quoted)
{
	char out[64];
	ck_assert_str_eq(log_quote("plain", out, sizeof out), "\"plain\"");
	ck_assert_str_eq(log_quote("a \"b\" \\ c", out, sizeof out), "\"a \\\"b\\\" \\\\ c\"");
	ck_assert_str_eq(log_quote("\n\x7f\xc3\xa9", out, sizeof out), "\"\\x0a\\x7f\\xc3\\xa9\"");
	for (unsigned size = 8; size < 40; size++) { /* never beyond the end, whatever has to be cut */
		char tight[64];
		memset(tight, '#', sizeof tight);
		log_quote("\x01\x02\x03\"\"\"\"\x04 text \x05\x06\x07\x08", tight, size);
		ck_assert_uint_lt(strlen(tight), size);
		ck_assert(tight[size] == '#' && tight[strlen(tight) - 1] == '"');
	}
}
END_TEST

SUITE("log", the_journal_reads_a_priority, people_read_a_time_and_a_word, levels_filter, a_line_stays_one_line, values_are_quoted)
