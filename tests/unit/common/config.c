// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
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

/* A file that only its owner may read. */
static void put_secret(const char *name, const char *text)
{
	mode_t was = umask(077);
	put(name, text);
	umask(was);
}

static void set_mode(const char *name, mode_t mode)
{
	char full[128];
	snprintf(full, sizeof full, "%s/%s", folder, name);
	ck_assert_int_eq(chmod(full, mode), 0);
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
		{"[kafka]\nenable.auto.commit =\n", ":2:", "must be false"},
		{"[kafka]\nenable.auto.offset.store = true\n", ":2:", "must be false"},
		{"[kafka]\nauto.offset.reset = beginning\n", ":2:", "must be earliest or error"},
		{"[kafka]\npartition.assignment.strategy = range,cooperative-sticky\n", ":2:", "must be range or roundrobin"},
		{"[kafka]\ngroup.protocol = consumer\n", ":2:", "must be classic"},
		{"[kafka]\nenable.partition.eof = false\n", ":2:", "must be left out"},
		{"[kafka]\ntest.mock.broker.rtt = 5\n", ":2:", "a toy"},
		{"[kafka]\nrebalance_cb = 0\n", ":2:", "no setting"},
		{"[kafka]\nssl.certificate.verify_cb = 0\n", ":2:", "no setting"},
		{"[rekapd]\ntopics =\n", ":2:", "must be names"},
		{"[rekapd]\nbatch_events = 1000001\n", ":2:", "rekapd.batch_events: must be 1 to 1000000"},
		{"[rekapd]\nbatch_bytes = 99999999999999999999\n", ":2:", "1048576 to 1073741824"},
		{"[rekapd]\ncollective_leave = maybe\n", ":2:", "on or off"},
		{"[rekapd]\nsupression_treshold = 5\n", ":2:", "did you mean rekapd.suppression_threshold?"},
		{"[postgres]\nconinfo = x\n", ":2:", "did you mean postgres.conninfo?"},
		{"[postgres]\ntimezone = UTC\n", ":2:", "did you mean rekapd.timezone?"},
		{"[kafka]\na b = x\n", ":2:", "a property's name has only"},
		{"[kafka\n", ":1:", "must end with ]"},
		{"[\n", ":1:", "must end with ]"},
		{"[kafka]\n= x\n", ":2:", "KEY = VALUE"},
		{"[kafka]\nsasl.password.file = /nonexistent/secret\n", ":2: kafka.sasl.password.file", "/nonexistent/secret"},
		{"[rekapd]\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = 5\n", ":2:", "unknown key"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_int_lt(load(cases[i].text, NULL), 0);
		ck_assert_msg(strstr(err.text, cases[i].where) && strstr(err.text, cases[i].what), "%s", err.text);
	}
	ck_assert_int_lt(load("", "batch_ms=5"), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "--set"));
	ck_assert_int_lt(load("", "kafka.#x=1"), 0); /* printed, it would be a comment */
	ck_assert_int_lt(load("", "kafka.=1"), 0);
	ck_assert_int_lt(config_load(&config, "/nonexistent/rekapd.conf", NULL, 0, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/rekapd.conf"));
}
END_TEST

START_TEST(mistakes_elsewhere_name_their_place)
{
	put("rekapd.conf.d/10.conf", "\n[rekapd]\nbatch_events = 0\n");
	ck_assert_int_lt(load("", NULL), 0);
	ck_assert_msg(strstr(err.text, "rekapd.conf.d/10.conf:3: rekapd.batch_events"), "%s", err.text);
	put("rekapd.conf.d/10.conf", "");
	ck_assert_int_lt(load("", "rekapd.batch_events=x"), 0);
	ck_assert_msg(!strncmp(err.text, "--set rekapd.batch_events: rekapd.batch_events: must be", 54), "%s", err.text);
	setenv("REKAPD_REKAPD_BATCH_EVENTS", "0", 1);
	ck_assert_int_lt(load("", NULL), 0);
	ck_assert_msg(!strncmp(err.text, "REKAPD_REKAPD_BATCH_EVENTS: ", 28), "%s", err.text);
	unsetenv("REKAPD_REKAPD_BATCH_EVENTS");
	setenv("REKAPD_POSTGRES_CONNINF", "x", 1);
	ck_assert_int_lt(load("", NULL), 0);
	ck_assert_msg(!strncmp(err.text, "REKAPD_POSTGRES_CONNINF: unknown key", 36), "%s", err.text);
	unsetenv("REKAPD_POSTGRES_CONNINF");
	setenv("REKAPD_KAFKA_ENABLE_AUTO_COMMIT", "true", 1);
	ck_assert_int_lt(load("", NULL), 0);
	ck_assert_msg(!strncmp(err.text, "REKAPD_KAFKA_ENABLE_AUTO_COMMIT: ", 33), "%s", err.text);
	unsetenv("REKAPD_KAFKA_ENABLE_AUTO_COMMIT");
	setenv("REKAPD_CONF", "somewhere", 1); /* not of a section */
	ck_assert_msg(load("[kafka]\nenable.auto.commit = false\npartition.assignment.strategy = range, roundrobin\n", NULL) == 0, "%s", err.text);
	config_deinit(&config);
}
END_TEST

/* Neither a folder that cannot be listed nor a name that looks like a pattern makes settings vanish. */
START_TEST(the_folder_is_never_passed_over)
{
	char full[256], odd[128];
	snprintf(full, sizeof full, "%s/plain.conf", folder);
	put("plain.conf", "");
	put("plain.conf.d", "no folder");
	ck_assert_int_eq(config_load(&config, full, NULL, 0, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "plain.conf.d"), "%s", err.text);
	snprintf(odd, sizeof odd, "%s/odd[1]", folder);
	ck_assert_int_eq(mkdir(odd, 0700), 0);
	snprintf(full, sizeof full, "%s/rekapd.conf.d", odd);
	ck_assert_int_eq(mkdir(full, 0700), 0);
	put("odd[1]/rekapd.conf", "");
	put("odd[1]/rekapd.conf.d/1.conf", "[rekapd]\nbatch_events = 7\n");
	put("odd[1]/rekapd.conf.d/.2.conf", "[rekapd]\nbatch_events = 8\n");
	snprintf(full, sizeof full, "%s/rekapd.conf", odd);
	ck_assert_msg(config_load(&config, full, NULL, 0, &err) == 0, "%s", err.text);
	ck_assert_int_eq(config.batch_events, 7);
	config_deinit(&config);
}
END_TEST

static char *printed(void)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	config_print(&config, out);
	fclose(out);
	return text;
}

START_TEST(connection_strings_show_no_secret)
{
	static const struct {
		const char *conninfo, *shown;
	} cases[] = {
		{"", ""},
		{"host='a\nb'", "host='a\\nb'"}, /* or the next line would be a key */
		{"postgresql://db/rekap ", "\"postgresql://db/rekap \""},
		{"host=db user=me dbname='my db'", "host=db user=me dbname='my db'"},
		{"host=db password=HUSH user=me", "host=db password=******** user=me"},
		{"password = 'HU SH' host=db", "password=******** host=db"},
		{"password='HU\\'SH x' host=db", "password=******** host=db"},
		{"password=HU\\ SH host=db", "password=******** host=db"},
		{"password=a&HUSH host=db", "password=******** host=db"},
		{"password\t=\tHUSH\thost=db", "password=******** host=db"},
		{"sslpassword=HUSH password=HUSH", "sslpassword=******** password=********"},
		{"host=db password HUSH", "********"},
		{"password='HUSH", "password=********"},
		{"dbname=password host=db", "dbname=password host=db"},
		{"postgresql://me@db/rekap", "postgresql://me@db/rekap"},
		{"postgresql://db:5432/rekap", "postgresql://db:5432/rekap"},
		{"postgresql://me:HUSH@db:5432/rekap?sslmode=require", "postgresql://me:********@db:5432/rekap?sslmode=require"},
		{"postgres://me:HU@SH@db/rekap", "********"},
		{"postgres://me:HU/SH?x@db/rekap", "********"},
		{"postgresql://db/rekap?user=me&password=HUSH&sslmode=require", "postgresql://db/rekap?user=me&password=********&sslmode=require"},
		{"postgresql://db/rekap?p%61ssword=HUSH", "postgresql://db/rekap?p%61ssword=********"},
		{"postgresql://db/rekap?password=a&HUSH", "********"},
		{"postgresql://me:HUSH", "********"},
		{"postgresql://[::1]:5432,db:HUSH/rekap?user=me", "********"},
		{"postgresql://[::1]:5432,db,c:1?user=me", "postgresql://[::1]:5432,db,c:1?user=me"},
		{"postgresql://db/rekap&password=HUSH?user=me", "********"},
		{"postgresql://db/rekap?user=me;password=HUSH", "********"},
		{"postgresql://db/password=HUSH:HUSH?user=me", "********"},
		{"postgresql://me:HUSH@db/password=HUSH", "********"},
		{"host='db password=HUSH", "********"},
		{"postgre://me:HUSH@db/rekap?user=me", "********"},
		{"postgre=db?user=me&password=HUSH", "********"},
		{"postgres://h_=BAs?gres:/@SHpassword\036= o", "********"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char set[256], want[256];
		snprintf(set, sizeof set, "postgres.conninfo=%s", cases[i].conninfo);
		snprintf(want, sizeof want, "\n# --set postgres.conninfo\nconninfo = %s\n", cases[i].shown);
		ck_assert_msg(load("", set) == 0, "%s", err.text);
		char *text = printed();
		ck_assert_msg(strstr(text, want) && !strstr(text, "HU") && !strstr(text, "SH"), "%s: %s", cases[i].conninfo, text);
		free(text);
		config_deinit(&config);
	}
}
END_TEST

START_TEST(kafka_shows_no_secret)
{
	static const char *const secrets[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.client.secret", "ssl.key.pem"};
	for (size_t i = 0; i < COUNT(secrets); i++) {
		char text[256];
		put_secret("secret", "HUSH\r\n");
		snprintf(text, sizeof text, "[kafka]\n%s.file = %s/secret\n", secrets[i], folder);
		ck_assert_msg(load(text, NULL) == 0, "%s", err.text);
		ck_assert_str_eq(kafka(secrets[i]), "HUSH");
		char *shown = printed();
		ck_assert(strstr(shown, secrets[i]) && !strstr(shown, "HUSH"));
		free(shown);
		config_deinit(&config);
	}
}
END_TEST

/* What is printed, read again, is printed the same, but for the origins. */
START_TEST(what_is_printed_can_be_read)
{
	ck_assert_msg(load("[kafka]\nclient.id = \"  a  \"\nx = \"\"y\"\"\nz = a # b\nempty =\n[rekapd]\ntopics = ^opd\\..*\nas_of = 2024-12-31\ncollective_leave = off\n"
			   "log_level = debug\n[postgres]\nconninfo = host=db\n",
			   "rekapd.timezone=x\n") == 0,
		      "%s", err.text);
	ck_assert_str_eq(kafka("client.id"), "  a  ");
	ck_assert_str_eq(kafka("x"), "\"y\"");
	ck_assert_str_eq(kafka("z"), "a # b");
	char *first = printed();
	config_deinit(&config);
	ck_assert_msg(load(first, NULL) == 0, "%s in\n%s", err.text, first);
	char *second = printed();
	for (char *a = first, *b = second; *a || *b;) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
		ck_assert_msg((*a == '#' && *b == '#') || (n == m && !memcmp(a, b, n)), "%.*s is now %.*s", (int)n, a, (int)m, b);
		a += n + (a[n] == '\n');
		b += m + (b[m] == '\n');
	}
	config_deinit(&config);
	free(first);
	free(second);
}
END_TEST

START_TEST(secrets_come_from_files_and_are_not_printed)
{
	char text[512], *printed = NULL;
	size_t n;
	put_secret("password", "hunter2\n");
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
	put_secret("dsn", "host=hidden\n");
	ck_assert_msg(load("[postgres]\nconninfo_file = dsn\n", NULL) == 0, "%s", err.text);
	ck_assert_str_eq(config.conninfo, "host=hidden");
	config_deinit(&config);
	unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

/* As libpq has it of keys: only the owner, and of root's files the group. */
START_TEST(a_secret_that_others_can_read_is_refused)
{
	static const char *const keys[] = {"[kafka]\nsasl.password.file", "[postgres]\nconninfo_file", "[kafka]\nssl.key.location", "[kafka]\nssl.keystore.location"};
	static const struct {
		mode_t mode;
		bool mine, roots; /* whether it is taken, if it belongs to a user, to root */
	} modes[] = {{0600, true, true}, {0400, true, true}, {0640, false, true}, {0440, false, true}, {0660, false, false}, {0604, false, false}, {0644, false, false}, {0666, false, false}, {0601, false, false}};
	put("secret", "dbname=HUSH");
	for (size_t i = 0; i < COUNT(keys); i++)
		for (size_t k = 0; k < COUNT(modes); k++) {
			char text[256], mode[8];
			snprintf(text, sizeof text, "%s = %s/secret\n", keys[i], folder);
			snprintf(mode, sizeof mode, "%04o", (unsigned)modes[k].mode);
			set_mode("secret", modes[k].mode);
			bool taken = load(text, NULL) == 0;
			ck_assert_msg(taken == (geteuid() ? modes[k].mine : modes[k].roots), "%s: %s: %s", text, mode, err.text);
			ck_assert_msg(taken || (strstr(err.text, "rekapd.conf:2: ") && strstr(err.text, "/secret") && strstr(err.text, mode) && strstr(err.text, "chmod")), "%s", err.text);
			ck_assert_msg(!strstr(err.text, "HUSH"), "%s", err.text);
			if (taken)
				config_deinit(&config);
		}
}
END_TEST

/* systemd gives them mode 0440, and the access by a list. */
START_TEST(credentials_may_have_a_group)
{
	char text[256];
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	put("secret", "dbname=x");
	set_mode("secret", 0440);
	ck_assert_msg(load("[postgres]\nconninfo_file = secret\n", NULL) == 0, "%s", err.text);
	config_deinit(&config);
	snprintf(text, sizeof text, "[kafka]\nsasl.password.file = %s/secret\n", folder);
	ck_assert_msg(load(text, NULL) == 0, "%s", err.text);
	config_deinit(&config);
	set_mode("secret", 0444);
	ck_assert_int_eq(load(text, NULL), -EINVAL);
	unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

static size_t warnings(const char *what)
{
	size_t n = 0;
	struct text line;
	for (size_t at = 0; config_warning(&config, &at, &line); n++) {
		ck_assert_msg(memmem(line.p, line.n, what, strlen(what)), "%.*s", TEXT_ARG(line));
		ck_assert(!memmem(line.p, line.n, "HUSH", 4));
	}
	return n;
}

START_TEST(a_secret_in_the_open_is_warned_of)
{
	static const char text[] = "[kafka]\nsasl.password = HUSH\nsasl.username = me\n[postgres]\nconninfo = host=db password=HUSH\n";
	put("rekapd.conf", "");
	set_mode("rekapd.conf", 0644);
	ck_assert_int_eq(load(text, NULL), 0);
	ck_assert_uint_eq(warnings("rekapd.conf:"), 2);
	config_deinit(&config);
	set_mode("rekapd.conf", 0600);
	ck_assert_int_eq(load(text, NULL), 0);
	ck_assert_uint_eq(warnings(""), 0);
	config_deinit(&config);
	ck_assert_int_eq(load("", "kafka.ssl.key.password=HUSH"), 0);
	ck_assert_uint_eq(warnings("--set kafka.ssl.key.password: "), 1);
	config_deinit(&config);
	ck_assert_int_eq(load("", "postgres.conninfo=postgresql://me:HUSH@db/x"), 0);
	ck_assert_uint_eq(warnings("list of processes"), 1);
	config_deinit(&config);
	set_mode("rekapd.conf", 0644);
	ck_assert_int_eq(load("[postgres]\nconninfo = host=db user=me sslmode=verify-full\n", "postgres.conninfo=host=other"), 0);
	ck_assert_uint_eq(warnings(""), 0);
	config_deinit(&config);
}
END_TEST

START_TEST(the_sample_is_a_valid_file)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	config_sample(out);
	fclose(out);
	ck_assert_msg(load(text, NULL) == 0, "%s", err.text);
	free(text);
	config_deinit(&config);
}
END_TEST

SUITE_WITH("config", setup, teardown, later_places_win, mistakes_are_named, mistakes_elsewhere_name_their_place, the_folder_is_never_passed_over,
	connection_strings_show_no_secret, kafka_shows_no_secret, what_is_printed_can_be_read, secrets_come_from_files_and_are_not_printed,
	a_secret_that_others_can_read_is_refused, credentials_may_have_a_group, a_secret_in_the_open_is_warned_of,
	the_sample_is_a_valid_file)
