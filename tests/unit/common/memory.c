// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n: a clean -ENOMEM each time, never a wrong result, and the right one once there is enough. */
#include <sys/stat.h>
#include <unistd.h>

#include "../scarce.h"
#include "../suite.h"
#include "common/arena.h"
#include "common/calendar.h"
#include "common/config.h"
#include "common/csv.h"
#include "common/file.h"
#include "common/map.h"
#include "common/zone.h"

/* A zone that is taken for UTC, even in part, is found out. */
static int attempt_zone(struct error *err)
{
	struct zone *z = NULL;
	int r = zone_new("America/New_York", &z, err);
	r = scarce_untouched(r, !z);
	for (int year = 1900; r == 0 && year < 2200; year++) {
		day_number july = day_from_civil(year, 7, 1);
		instant midnight = july * INSTANT_PER_DAY;
		r = scarce_right(zone_day(z, midnight + 2 * 3600 * INSTANT_PER_SECOND) == july - 1 && zone_day(z, midnight + 6 * 3600 * INSTANT_PER_SECOND) == july);
	}
	zone_free(z);
	return r;
}

START_TEST(zones)
{
	scarce_each(attempt_zone, 4, SCARCE_KEEPS | SCARCE_COPES);
}
END_TEST

static int attempt_calendar(struct error *err)
{
	struct calendar *c = NULL;
	int r = calendar_parse("c", TEXT("date,type,name,basis\n2024-01-01,national,\"Tahun Baru\",x\n"), true, &c, err);
	r = scarce_untouched(r, !c);
	if (r == 0)
		r = scarce_right(calendar_knows(c, 2024));
	calendar_free(c);
	return r;
}

START_TEST(calendars)
{
	scarce_each(attempt_calendar, 2, 0);
}
END_TEST

static int attempt_csv(struct error *err)
{
	static char big[5000];
	static const char *const columns[] = {"a", "b"};
	struct csv c;
	memset(big, 'x', sizeof big);
	memcpy(big, "a,b\n", 4);
	csv_init(&c, "c", (struct text){big, sizeof big});
	int r = csv_header(&c, columns, 2, err);
	if (r == 0)
		r = csv_next(&c, err);
	if (r == 1)
		r = scarce_right(c.field[0].n == sizeof big - 4);
	csv_deinit(&c);
	return r;
}

START_TEST(csv_records)
{
	scarce_each(attempt_csv, 5, 0);
}
END_TEST

static int attempt_file(struct error *err)
{
	struct buffer b = {0};
	int r = file_read(TESTS_DIR "/../schemas/calendars/id.csv", 0, &b, err);
	if (r == 0)
		r = scarce_right(b.n > 5000);
	buffer_deinit(&b);
	return r;
}

START_TEST(files)
{
	scarce_each(attempt_file, 1, 0);
}
END_TEST

/* What was put before the failure stays, and nothing is put behind it. */
static int attempt_buffer(struct error *err)
{
	static const char start[] = "0\"\\u0001\xef\xbf\xbd\"{";
	struct buffer b = {0};
	buffer_printf(&b, "%d", 0);
	buffer_json(&b, TEXT("\x01\xff"));
	for (int i = 0; i < 1000; i++) {
		buffer_putc(&b, '{');
		buffer_puts(&b, "}{");
		buffer_text(&b, TEXT("}"));
	}
	const char *s = buffer_cstr(&b);
	bool right = b.n < sizeof start - 1 || !memcmp(b.p, start, sizeof start - 1);
	right = right && (b.failed ? !s : s && strlen(s) == sizeof start - 2 + 4000);
	bool failed = b.failed;
	buffer_deinit(&b);
	return failed && right ? error_set(err, -ENOMEM, "out of memory") : scarce_right(right);
}

START_TEST(buffers)
{
	scarce_each(attempt_buffer, 6, 0);
}
END_TEST

static int attempt_memory(struct error *err)
{
	static char keys[300][8];
	struct arena *a = arena_new(256);
	struct map m;
	bool enough = a != NULL;
	struct text copy;
	map_init(&m, 3);
	for (size_t i = 0; enough && i < 300; i++) {
		snprintf(keys[i], sizeof keys[i], "%zu", i);
		struct map_entry *e = map_put(&m, text_of(keys[i]));
		enough = e && arena_copy(a, text_of(keys[i]), &copy) && arena_zalloc(a, i);
		if (e)
			e->value = keys[i];
	}
	bool found = true; /* what was put stays to be found */
	for (size_t i = 0; i < m.n; i++)
		found = found && map_get(&m, text_of(keys[i])) == keys[i];
	map_deinit(&m);
	arena_free(a);
	return enough || !found ? scarce_right(found) : error_set(err, -ENOMEM, "out of memory");
}

START_TEST(arenas_and_maps)
{
	scarce_each(attempt_memory, 50, 0);
}
END_TEST

static char conf[] = "/tmp/rekapd-allocation-XXXXXX";

static int attempt_config(struct error *err)
{
	char path[128];
	static const char *const sets[] = {"kafka.group.id=g", "rekapd.topics=opd.survey", "postgres.conninfo=host=hidden password=x"};
	struct config c;
	snprintf(path, sizeof path, "%s/rekapd.conf", conf);
	int r = config_load(&c, path, sets, 3, err);
	if (r < 0)
		return r;
	r = scarce_right(!strcmp(c.topics, "opd.survey") && c.batch_events == 9 && !strcmp(c.conninfo, "host=hidden password=x") && c.n_kafka == 2);
	config_deinit(&c);
	return r;
}

static void put(const char *name, const char *text)
{
	char full[128];
	snprintf(full, sizeof full, "%s/%s", conf, name);
	FILE *f = fopen(full, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(configurations)
{
	char full[128];
	ck_assert_ptr_nonnull(mkdtemp(conf));
	snprintf(full, sizeof full, "%s/rekapd.conf.d", conf);
	ck_assert_int_eq(mkdir(full, 0700), 0);
	put("rekapd.conf", "[kafka]\nbootstrap.servers = x\n[rekapd]\nbatch_events = 8\n");
	put("rekapd.conf.d/1.conf", "[rekapd]\nbatch_events = 9\n[postgres]\nconninfo_file = dsn\n");
	mode_t was = umask(077); /* a secret that others can read is refused */
	put("dsn", "host=hidden\n");
	umask(was);
	setenv("CREDENTIALS_DIRECTORY", conf, 1);
	scarce_each(attempt_config, 30, 0);
	char command[128];
	snprintf(command, sizeof command, "rm -r '%s'", conf);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

SUITE("memory", zones, calendars, csv_records, files, buffers, arenas_and_maps, configurations)
