// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The command line: verbs, options, exit codes, and what validate prints. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/verbs/ndjson.h"
#include "daemon/verbs/verbs.h"
#include "tests/unit/suite.h"

START_TEST(verbs_are_found)
{
	static const char *const typos[][2] = {{"rnu", "run"}, {"stauts", "status"}, {"unit", "units"}, {"Validate", "validate"}, {"publsh", "publish"}};
	const struct verb *nearest = NULL;
	for (size_t i = 0; i < verbs_n; i++) {
		ck_assert_ptr_eq(verb_find(verbs[i].name, &nearest), &verbs[i]);
		ck_assert(*verbs[i].summary && *verbs[i].help);
	}
	for (size_t i = 0; i < COUNT(typos); i++) {
		ck_assert_ptr_null(verb_find(typos[i][0], &nearest));
		ck_assert_str_eq(nearest->name, typos[i][1]);
	}
}
END_TEST

START_TEST(a_very_long_name_is_no_verb)
{
	char name[10000];
	const struct verb *nearest = NULL;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = 0;
	ck_assert_ptr_null(verb_find(name, &nearest));
	ck_assert_ptr_nonnull(nearest);
}
END_TEST

START_TEST(options_and_operands_mix)
{
	bool flag = false;
	const char *value = NULL;
	const struct option_spec options[] = {{"flag", &flag, NULL}, {"value", NULL, &value}, {0}};
	const struct verb *nearest;
	char words[][20] = {"run", "a", "--set", "rekapd.as_of=", "-c", "file", "--flag", "b", "--value", "v", "--", "--c"};
	char *argv[13] = {NULL};
	struct invocation i;
	for (int k = 0; k < 12; k++)
		argv[k] = words[k];
	ck_assert_int_eq(invocation_read(verb_find("run", &nearest), 12, argv, options, &i), -1);
	ck_assert(flag);
	ck_assert_str_eq(value, "v");
	ck_assert_str_eq(i.config_path, "file");
	ck_assert_uint_eq(i.n_sets, 1);
	ck_assert_int_eq(i.n_operands, 3);
	ck_assert_str_eq(i.operands[0], "a");
	ck_assert_str_eq(i.operands[2], "--c");
}
END_TEST

static int read_words(const char *second, const char *third)
{
	const struct verb *nearest;
	char words[3][20] = {"run"};
	char *argv[] = {words[0], words[1], words[2], NULL};
	struct invocation i;
	snprintf(words[1], sizeof words[1], "%s", second);
	snprintf(words[2], sizeof words[2], "%s", third);
	return invocation_read(verb_find("run", &nearest), *third ? 3 : 2, argv, NULL, &i);
}

START_TEST(wrong_usage_is_64)
{
	ck_assert_int_eq(read_words("--nonsense", ""), 64);
	ck_assert_int_eq(read_words("-x", ""), 64);
	ck_assert_int_eq(read_words("--set", ""), 64);
	ck_assert_int_eq(read_words("-c", ""), 64);
	ck_assert_int_eq(read_words("-c", "file"), -1);
}
END_TEST

START_TEST(exit_codes)
{
	const struct error e = {"what"};
	ck_assert_int_eq(fault(-EINVAL, &e), 78);
	ck_assert_int_eq(fault(-EPROTO, &e), 78);
	ck_assert_int_eq(fault(-EACCES, &e), 78);
	ck_assert_int_eq(fault(-ENODATA, &e), 1);
	ck_assert_int_eq(fault(-ENOMEM, &e), 70);
	ck_assert_int_eq(fault(STORE_RETRY, &e), 69);
	ck_assert_int_eq(file_fault(-ENOENT, &e), 1);
}
END_TEST

/* Returns what the function does; what it printed on stdout, in `out`. */
static int capture(int (*function)(void *arg), void *arg, char *out, size_t size)
{
	char printed[] = "/tmp/verbs-test-XXXXXX";
	int fd = mkstemp(printed), saved = dup(STDOUT_FILENO);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	int r = function(arg);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	ssize_t length = pread(fd, out, size - 1, 0);
	out[length > 0 ? length : 0] = 0;
	close(fd);
	unlink(printed);
	return r;
}

static int run_status(void *arg)
{
	const struct verb *nearest;
	char words[][50] = {"status", "--json", "--set", "postgres.conninfo=host=/nonexistent"};
	char *argv[] = {words[0], words[1], words[2], words[3], NULL};
	(void)arg;
	return verb_find("status", &nearest)->run(verb_find("status", &nearest), 4, argv);
}

/* PostgreSQL tells which partitions there are: without it Kafka is not asked, and nothing is known of it. */
START_TEST(status_says_nothing_of_what_was_not_asked)
{
	char out[4096];
	ck_assert_int_eq(capture(run_status, NULL, out, sizeof out), 69);
	ck_assert_ptr_nonnull(strstr(out, "\"postgres\":\"PostgreSQL: "));
	ck_assert_ptr_nonnull(strstr(out, ",\"kafka\":null,"));
}
END_TEST

/* --- files of events ------------------------------------------------------------------------------------------------------------------------------- */

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/t\",\"type\":\"id.go.opd.complaint."

static int good;

static int count_good(void *arg, const struct item *item)
{
	(void)arg;
	good++;
	return item->reason == REASON_NONE ? 0 : -EINVAL;
}

struct reading {
	struct ndjson *n;
	const char *path;
};

static int read_events(void *arg)
{
	struct error error = {""};
	struct reading *r = arg;
	return ndjson_read(r->n, r->path, &error);
}

START_TEST(each_faulty_line_is_told)
{
	static const char lines[] = HEAD "rated.v1\",\"time\":\"2024-03-25T08:00:00Z\",\"data\":{\"complaint_id\":\"C\",\"rating\":4}}\n"
				    "\n" HEAD "rated.v1\",\"time\":\"2024-03-25T08:00:00Z\",\"data\":{\"complaint_id\":\"C\",\"rating\":9}}\r\n"
				    "nonsense\n" HEAD "rated.v1\",\"time\":\"yesterday\",\"data\":{}}\n" HEAD "none.v1\",\"time\":\"2024-03-25T08:00:00Z\",\"data\":{}}"; /* no line break at the end */
	static const char *const expected[] = {":3: data.rating: ", ":4: event: not JSON", ":5: time: ", ":6: type: no such event type: id.go.opd.complaint.none.v1"};
	char path[] = "/tmp/ndjson-test-XXXXXX", out[4096];
	struct forbidden forbidden;
	forbidden_init(&forbidden, 1);
	struct ndjson n = {.forbidden = &forbidden, .arena = arena_new(4096), .event = count_good};
	int fd = mkstemp(path);
	ck_assert_int_eq(write(fd, lines, sizeof lines - 1), sizeof lines - 1);
	close(fd);
	good = 0;
	struct reading reading = {&n, path};
	ck_assert_int_eq(capture(read_events, &reading, out, sizeof out), 0);
	unlink(path);
	ck_assert_int_eq(n.events, 5);
	ck_assert_int_eq(n.faults, 4);
	ck_assert_int_eq(good, 1);
	for (size_t i = 0; i < COUNT(expected); i++)
		ck_assert_msg(strstr(out, expected[i]) != NULL, "%s in: %s", expected[i], out);
	arena_free(n.arena);
	forbidden_deinit(&forbidden);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	struct error error = {""};
	struct ndjson n = {0};
	ck_assert_int_eq(ndjson_read(&n, "/nonexistent.ndjson", &error), -ENOENT);
	ck_assert_ptr_nonnull(strstr(error.text, "/nonexistent.ndjson"));
}
END_TEST

SUITE("commands", verbs_are_found, a_very_long_name_is_no_verb, options_and_operands_mix, wrong_usage_is_64, exit_codes, status_says_nothing_of_what_was_not_asked, each_faulty_line_is_told, a_missing_file_is_named)
