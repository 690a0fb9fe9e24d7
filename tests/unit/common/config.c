// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"
#include "common/config.h"

static char folder[] = "/tmp/rekapd-config-XXXXXX";
static char path[64];

static void put(const char *name, const char *text)
{
	char full[128];
	snprintf(full, sizeof full, "%s/%s", folder, name);
	FILE *f = fopen(full, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void setup(void)
{
	char full[128];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/rekapd.conf", folder);
	snprintf(full, sizeof full, "%s.d", path);
	ck_assert_int_eq(mkdir(full, 0700), 0);
}

static void teardown(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -r '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct config config;
static struct error err;

static int load(const char *text, const char *set)
{
	put("rekapd.conf", text);
	err.text[0] = 0;
	return config_load(&config, path, set ? &set : NULL, set != NULL, &err);
}

static const char *kafka(const char *name)
{
	for (size_t i = 0; i < config.n_kafka; i++)
		if (!strcmp(config.kafka[i].name, name))
			return config.kafka[i].value;
	return NULL;
}

START_TEST(later_places_win)
{
	setenv("REKAPD_REKAPD_BATCH_MS", "30", 1);
	setenv("REKAPD_KAFKA_BOOTSTRAP_SERVERS", "env:1", 1);
	put("rekapd.conf.d/20.conf", "[rekapd]\nbatch_events = 20\ntimezone = UTC\n");
	put("rekapd.conf.d/10.conf", "[rekapd]\nbatch_events = 10\nbatch_ms = 10\n");
	put("rekapd.conf.d/90.txt", "[nonsense\n");
	ck_assert_msg(load("# a comment\n[kafka]\nbootstrap.servers=file:1\nlinger.ms = 5\n\n[rekapd]\n batch_events = 1 \nas_of = \"2025-12-31\"\n", "rekapd.batch_bytes=2000000") == 0, "%s",
		      err.text);
	ck_assert_int_eq(config.batch_events, 20);
	ck_assert_int_eq(config.batch_ms, 30);
	ck_assert_int_eq(config.batch_bytes, 2000000);
	ck_assert_int_eq(config.as_of, day_from_civil(2025, 12, 31));
	ck_assert_str_eq(config.timezone, "UTC");
	ck_assert_str_eq(kafka("bootstrap.servers"), "env:1");
	ck_assert_str_eq(kafka("linger.ms"), "5");
	ck_assert_int_eq(config.suppression_threshold, 5);
	config_deinit(&config);
}
END_TEST

START_TEST(mistakes_are_named)
{
	static const struct {
		const char *text, *where, *what;
	} cases[] = {
		{"[rekapd]\n\nbatch_event = 5\n", ":3:", "did you mean rekapd.batch_events?"},
		{"[rekap]\n", ":1:", "did you mean [rekapd]?"},
		{"[rekapd]\nbatch_ms = -1\n", ":2:", "must be 0 to 60000"},
		{"[rekapd]\nbatch_ms = 5x\n", ":2:", "batch_ms"},
		{"[rekapd]\nas_of = tomorrow\n", ":2:", "YYYY-MM-DD"},
		{"[rekapd]\nlog_level = loud\n", ":2:", "debug"},
		{"topics = x\n", ":1:", "before any section"},
		{"[rekapd]\ntopics\n", ":2:", "KEY = VALUE"},
		{"[kafka]\nenable.auto.commit = true\n", ":2:", "transaction of the figures"},
		{"[kafka]\nauto.offset.reset = latest\n", ":2:", "lose them unseen"},
		{"[kafka]\npartition.assignment.strategy = cooperative-sticky\n", ":2:", "refused"},
		{"[kafka]\nisolation.level = read_uncommitted\n", ":2:", "aborted"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_lt(load(cases[i].text, NULL), 0);
		ck_assert_msg(strstr(err.text, cases[i].where) && strstr(err.text, cases[i].what), "%s", err.text);
	}
	ck_assert_int_lt(load("", "batch_ms=5"), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "--set"));
	ck_assert_int_lt(config_load(&config, "/nonexistent/rekapd.conf", NULL, 0, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/rekapd.conf"));
}
END_TEST

START_TEST(secrets_come_from_files_and_are_not_printed)
{
	char text[512], *printed = NULL;
	size_t n;
	put("password", "hunter2\n");
	snprintf(text, sizeof text, "[kafka]\nsasl.password.file = %s/password\nsasl.username = me\n[postgres]\nconninfo = host=db password='it\\'s secret' user=x password=hush\n", folder);
	ck_assert_msg(load(text, NULL) == 0, "%s", err.text);
	ck_assert_str_eq(kafka("sasl.password"), "hunter2");
	FILE *out = open_memstream(&printed, &n);
	config_print(&config, out);
	fclose(out);
	ck_assert_msg(!strstr(printed, "hunter2") && !strstr(printed, "secret") && !strstr(printed, "hush"), "%s", printed);
	ck_assert_msg(strstr(printed, "sasl.username = me") && strstr(printed, "host=db") && strstr(printed, "user=x"), "%s", printed);
	free(printed);
	config_deinit(&config);
	ck_assert_msg(load("[postgres]\nconninfo = postgresql://me:hunter2@db/rekap\n", NULL) == 0, "%s", err.text);
	out = open_memstream(&printed, &n);
	config_print(&config, out);
	fclose(out);
	ck_assert_msg(!strstr(printed, "hunter2") && strstr(printed, "me:********@db/rekap"), "%s", printed);
	free(printed);
	config_deinit(&config);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	put("dsn", "host=hidden\n");
	ck_assert_msg(load("[postgres]\nconninfo_file = dsn\n", NULL) == 0, "%s", err.text);
	ck_assert_str_eq(config.conninfo, "host=hidden");
	config_deinit(&config);
	unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

START_TEST(the_sample_is_a_valid_file)
{
	char *text = NULL;
	size_t n, keys;
	FILE *out = open_memstream(&text, &n);
	config_sample(out);
	fclose(out);
	ck_assert_msg(load(text, NULL) == 0, "%s", err.text);
	const struct config_key *k = config_keys(&keys);
	for (size_t i = 0; i < keys; i++)
		ck_assert_msg(strstr(text, k[i].name) && strstr(text, k[i].help), "%s", k[i].name);
	free(text);
	config_deinit(&config);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, later_places_win);
	tcase_add_test(t, mistakes_are_named);
	tcase_add_test(t, secrets_come_from_files_and_are_not_printed);
	tcase_add_test(t, the_sample_is_a_valid_file);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
