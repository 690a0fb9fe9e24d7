// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * The n-th allocation fails, for every n, in whole runs of the verbs that need no server: configuration, rules, decoding, folding, figures, expectations. Each ends
 * with its exit code and a message.
 */
#include <errno.h>
#include <fcntl.h>
#include <gmp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/verbs/expect.h"
#include "daemon/verbs/members.h"
#include "daemon/verbs/verbs.h"
#include "tests/unit/scarce.h"
#include "tests/unit/suite.h"

#define DATA TESTS_DIR "/data/"
#define SMALL DATA "an-answer-stands-where-nothing-is-measured" /* with a ruleset of its own, and a scorecard */
#define WIDE DATA "facts-of-a-unit-that-was-not-there-are-flagged" /* most kinds of events */

/* --- expectations alone ---------------------------------------------------------------------------------------------------------------------------- */

static struct text cells[40];
static struct table numbers = {.name = "numbers", .columns = {{"n", COLUMN_INT8}}, .n_columns = 1, .cells = cells, .n_rows = 40};
static struct buffer json;

static int attempt_compare(struct error *err)
{
	struct tables tables = {.all = &numbers, .n = 1};
	struct expectation e;
	struct arena *arena = arena_new(256);
	size_t differences = 1;
	int r = arena ? expect_read(&e, "expect.json", buffer_view(&json), arena, err) : -ENOMEM;
	if (r == 0)
		r = scarce_untouched(expect_compare(&e, &tables, "", stdout, &differences), differences == 1);
	if (r == 0)
		r = scarce_right(differences == 0);
	arena_free(arena);
	return r;
}

START_TEST(expectations)
{
	buffer_puts(&json, "{\"numbers\":[");
	for (int i = 0; i < 40; i++) {
		cells[i] = TEXT("7");
		buffer_printf(&json, "%s{\"\\u006e\":\"\\u0037\"}", i ? "," : "");
	}
	buffer_puts(&json, "]}");
	scarce_each(attempt_compare, 10, SCARCE_SILENT);
	buffer_deinit(&json);
}
END_TEST

/* Of a buffer that never got memory there is no last byte to look at. */
START_TEST(members_of_nothing)
{
	struct buffer b = {.failed = true};
	put_name(&b, "key_base64");
	put_string(&b, "key", TEXT("x"));
	put_number(&b, "partition", TEXT("1"));
	ck_assert_uint_eq(b.n, 0);
}
END_TEST

/* --- whole runs ------------------------------------------------------------------------------------------------------------------------------------ */

static int told; /* what a run prints, on both streams */
static int arguments;
static char *argument[10];
static char words[10][160];
static const char *must_tell; /* by a run that has enough */

#ifndef SCARCE_WRAPPED
static void *gmp_realloc(void *p, size_t before, size_t n)
{
	(void)before;
	return __libc_realloc(p, n);
}

static void gmp_free(void *p, size_t n)
{
	(void)n;
	__libc_free(p);
}
#endif

/* GMP ends the program when it gets nothing. */
static void setup(void)
{
#ifndef SCARCE_WRAPPED
	mp_set_memory_functions(__libc_malloc, gmp_realloc, gmp_free);
#endif
	told = memfd_create("told", 0);
	ck_assert_int_ge(told, 0);
}

static void teardown(void)
{
	close(told);
}

static void command(const char *line)
{
	arguments = 0;
	for (const char *p = line; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		snprintf(words[arguments], sizeof words[0], "%.*s", (int)n, p);
		argument[arguments] = words[arguments];
		arguments++;
		p += n;
	}
}

/* Runs the verb with its streams diverted; what it told in `out`. */
static int run(char *out, size_t size)
{
	const struct verb *nearest;
	int streams[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
	fflush(stdout);
	dup2(told, STDOUT_FILENO);
	dup2(told, STDERR_FILENO);
	const struct verb *v = verb_find(argument[0], &nearest);
	int status = v->run(v, arguments, argument);
	scarce_left = -1;
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		dup2(streams[i], STDOUT_FILENO + i);
		close(streams[i]);
	}
	ssize_t n = pread(told, out, size - 1, 0);
	out[n > 0 ? n : 0] = 0;
	(void)!ftruncate(told, 0);
	lseek(told, 0, SEEK_SET);
	return status;
}

static int attempt_verb(struct error *err)
{
	char out[900];
	int status = run(out, sizeof out);
	if (status == STATUS_OK)
		return scarce_right(strstr(out, must_tell));
	bool why = strstr(out, strerror(ENOMEM)) || strstr(out, "out of memory");
	return error_set(err, status == STATUS_INTERNAL || status == STATUS_FAULTS ? -ENOMEM : -EPROTO, "%sexit %d: %s", why ? "out of memory: " : "", status, out);
}

static void every_run(const char *line, const char *what, long at_least)
{
	command(line);
	must_tell = what;
	scarce_each(attempt_verb, at_least, SCARCE_KEEPS | SCARCE_COPES); /* the C library, with its zones, buffers and qsort */
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void borrow(const char *folder, const char *name, const char *from)
{
	char path[200], target[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	snprintf(target, sizeof target, "%s/%s", from, name);
	ck_assert_int_eq(symlink(target, path), 0);
}

/* A case with another's events under the small ruleset, in a zone that is quick to load. */
static void every_case(const char *from, const char *expect)
{
	char folder[] = "/tmp/rekapd-memory-XXXXXX", line[400];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	borrow(folder, "events.ndjson", from);
	borrow(folder, "units.csv", from);
	borrow(folder, "as_of", from);
	borrow(folder, "rulesets", SMALL);
	put(folder, "zone", "UTC\n");
	if (expect)
		put(folder, "expect.json", expect);
	else
		borrow(folder, "expect.json", from);
	snprintf(line, sizeof line, "test %s", folder);
	every_run(line, "1 cases, 0 failed", 300);
	snprintf(line, sizeof line, "rm -r %s", folder);
	ck_assert_int_eq(system(line), 0);
}

START_TEST(test_verb)
{
	every_case(WIDE, "{\"finding\": [{\"finding_id\": \"f\"}]}");
	every_case(SMALL, NULL);
}
END_TEST

START_TEST(validate_verb)
{
	every_run("validate -c /dev/null --set rekapd.timezone=UTC --set rekapd.ruleset=" SMALL "/rulesets/case.json --units " WIDE "/units.csv " WIDE "/events.ndjson", "0 with a fault", 100);
}
END_TEST

SUITE_WITH("memory", setup, teardown, expectations, members_of_nothing, test_verb, validate_verb)
