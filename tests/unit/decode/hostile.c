// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Values of full size in every awkward shape: time and memory stay in proportion to the size. */
#include <time.h>

#include "../suite.h"
#include "world.h"

#define SIZE 1048576
#define MILLISECONDS 500 /* a few are usual; enough room for sanitizers */
#define MEMORY (12 * SIZE)

static const char head[] = "{\"specversion\":\"1.0\",\"type\":\"t.report\",\"id\":\"1\",\"source\":\"/\",\"time\":\"2024-03-25T08:00:00Z\",\"data\":{\"report_id\":\"r\",";
static const char *const no_headers[] = {NULL};

/* Of the processor, in microseconds: a busy machine does not count. */
static int64_t processor_time(void)
{
	return (int64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

static void run(const char *what, struct buffer *b, enum reason reason)
{
	ck_assert(!b->failed && b->n <= SIZE);
	int64_t start = processor_time();
	ck_assert_int_eq(world_decode(buffer_view(b), no_headers), 0);
	int64_t took = processor_time() - start;
	ck_assert_msg(w.item.reason == reason, "%s: %s (%.*s)", what, reason_name(w.item.reason), TEXT_ARG(w.item.detail));
	ck_assert_msg(getenv("REKAP_TEST_SLOW") || took < MILLISECONDS * 1000, "%s took %ld us", what, (long)took);
	ck_assert_msg(arena_used(w.arena) < MEMORY, "%s used %zu bytes", what, arena_used(w.arena));
	printf("%-32s %6ld us, %8zu bytes of the arena\n", what, (long)took, arena_used(w.arena));
	buffer_deinit(b);
}

/* `piece`, its # replaced by a counter in hexadecimal, again and again up to the size, between the start and `tail`. */
static struct buffer repeat(const char *start, const char *piece, const char *tail)
{
	struct buffer b = {0};
	buffer_puts(&b, start);
	for (unsigned i = 0; b.n + strlen(piece) + 64 < SIZE; i++)
		for (const char *c = piece; *c; c++)
			if (*c == '#')
				buffer_printf(&b, "%x", i);
			else
				buffer_putc(&b, *c);
	buffer_puts(&b, tail);
	return b;
}

static void run_members(const char *what, const char *open, const char *piece, const char *tail, enum reason reason)
{
	char start[sizeof head + 64];
	snprintf(start, sizeof start, "%s%s", head, open);
	struct buffer b = repeat(start, piece, tail);
	run(what, &b, reason);
}

START_TEST(shapes)
{
	run_members("members of data", "", "\"k#\":0,", "\"z\":0}}", REASON_NONE);
	run_members("members of data, the last twice", "", "\"k#\":0,", "\"k0\":0}}", REASON_DUPLICATE_KEY);
	run_members("escaped keys", "", "\"\\u006b#\":0,", "\"z\":0}}", REASON_NONE);
	run_members("forbidden keys inside", "\"x\":[", "{\"nik\":0},", "0]}}", REASON_PERSONAL_DATA);
	run_members("keys that are almost forbidden", "\"x\":{", "\"- -_.#\":0,", "\"z\":0}}}", REASON_NONE);
	run_members("answers", "\"answers\":{", "\"k#\":4,", "\"z\":4}}}", REASON_NONE);
	run_members("objects of 25 members", "\"x\":[",
		    "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":0,\"k\":0,\"l\":0,\"m\":0,\"n\":0,\"o\":0,\"p\":0,\"q\":0,\"r\":0,\"s\":0,"
		    "\"t\":0,\"u\":0,\"v\":0,\"w\":0,\"x\":0,\"y\":0},", "0]}}", REASON_NONE);
	run_members("empty arrays", "\"x\":[", "[],[],[],[],[],[],[],[],[],", "0]}}", REASON_NONE);
	run_members("escapes", "\"x\":\"", "\\u0041\\n\\ud83d\\ude00", "\"}}", REASON_NONE);
	run_members("an escaped id", "\"name\":\"", "\\u0041", "\"}}", REASON_BAD_FIELD);
	run_members("digits", "\"revision\":1", "1234567890", "}}", REASON_BAD_FIELD);
	run_members("a fraction of digits", "\"target\":0.", "1234567890", "}}", REASON_BAD_FIELD);
	run_members("blanks", "\"z\":", "                                                  ", "0}}", REASON_NONE);
	run_members("brackets", "\"z\":", "[", "", REASON_TOO_LARGE);
}
END_TEST

START_TEST(many_headers)
{
	enum { N = 60000 };
	struct header *headers = calloc(N, sizeof *headers);
	char(*names)[16] = calloc(N, sizeof *names);
	for (size_t i = 0; i < N; i++) {
		snprintf(names[i], sizeof names[i], "ce_%zx", i);
		headers[i] = (struct header){text_of(names[i]), TEXT("x")};
	}
	static const char *const five[][2] = {{"ce_specversion", "1.0"}, {"ce_type", "t.report"}, {"ce_id", "1"}, {"ce_source", "/"}, {"ce_time", "2024-03-25T08:00:00Z"}};
	for (size_t i = 0; i < COUNT(five); i++)
		headers[i] = (struct header){text_of(five[i][0]), text_of(five[i][1])};
	world_open();
	w.item = (struct item){.record = {.value = TEXT("{}"), .headers = headers, .n_headers = N}};
	int64_t start = processor_time();
	ck_assert_int_eq(decode_record(&w.item, &w.forbidden, w.arena), 0);
	int64_t took = processor_time() - start;
	ck_assert_msg(w.item.reason == REASON_BAD_FIELD, "%.*s", TEXT_ARG(w.item.detail));
	ck_assert_msg(getenv("REKAP_TEST_SLOW") || took < MILLISECONDS * 1000, "%ld us", (long)took);
	printf("%-32s %6ld us\n", "headers", (long)took);
	free(headers);
	free(names);
}
END_TEST

SUITE("hostile", shapes, many_headers)
