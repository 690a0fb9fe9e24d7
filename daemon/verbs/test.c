// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * A folder is a case. What figures depend on comes from the folder alone (or the defaults), not from this machine's configuration, so that a case means the
 * same everywhere:
 *   events.ndjson          line n is the record at offset n - 1 of partition 0 of its topic
 *   units.csv, calendar.csv, rulesets/ (its .json files), and as_of, zone, suppression_threshold (a value each)
 *   expect.json            what must come out
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "daemon/decode/decode.h"
#include "daemon/pipeline/rules.h"
#include "daemon/verbs/expect.h"
#include "daemon/verbs/tables.h"
#include "daemon/verbs/verbs.h"

#define PATH_SIZE 4096
#define SETTINGS_MAX 5

struct testcase {
	const char *folder;
	const struct invocation *invocation;
	struct arena *arena;
	struct config config;
	struct rules rules;
	struct units units;
	struct basis basis;
	struct buffer events, expect;
	struct item *items;
	size_t n_items;
	struct ledger ledger;
};

struct tally {
	size_t cases, failed;
};

/* --- the files of a case --------------------------------------------------------------------------------------------------------------------- */

static const char *path_in(const char *folder, const char *name, char out[static PATH_SIZE])
{
	int n = snprintf(out, PATH_SIZE, "%s/%s", folder, name);
	if (n < 0 || n >= PATH_SIZE)
		*out = 0; /* too long for any file: names none */
	return out;
}

static bool exists(const char *folder, const char *name)
{
	char path[PATH_SIZE];
	struct stat s;
	return stat(path_in(folder, name, path), &s) == 0;
}

static int read_in(const struct testcase *t, const char *name, struct buffer *b, struct error *err)
{
	char path[PATH_SIZE];
	return file_read(path_in(t->folder, name, path), 0, b, err);
}

/* Visible entries in order of their names; the caller frees each and the list. Negative: the folder cannot be read. */
static int list(const char *folder, struct dirent ***ret, struct error *err)
{
	int n = scandir(folder, ret, NULL, alphasort);
	if (n < 0 && errno == ENOMEM)
		return error_set(err, -ENOMEM, "%s: out of memory", folder);
	return n < 0 ? error_set(err, -errno, "%s: cannot be read: %s", folder, strerror(errno)) : n;
}

static void free_list(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);
	return n > m && !strcmp(name + n - m, end);
}

static int put_rulesets(const struct testcase *t, struct buffer *setting, struct error *err)
{
	char folder[PATH_SIZE];
	struct dirent **entries;
	int n = list(path_in(t->folder, "rulesets", folder), &entries, err);
	bool first = true;
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		if (ends_with(entries[i]->d_name, ".json")) {
			buffer_printf(setting, "%s%s/%s", first ? "" : ",", folder, entries[i]->d_name);
			first = false;
		}
	free_list(entries, n);
	return 0;
}

/* The first word of the file, or `otherwise` when there is none. */
static int put_word(const struct testcase *t, const char *name, const char *otherwise, struct buffer *setting, struct error *err)
{
	struct buffer file = {0};
	int r = 0;
	if (!exists(t->folder, name))
		buffer_puts(setting, otherwise);
	else if ((r = read_in(t, name, &file, err)) >= 0 && !buffer_cstr(&file))
		r = error_set(err, -ENOMEM, "%s: out of memory", name);
	else if (r >= 0)
		buffer_put(setting, file.p, strcspn(file.p, " \t\r\n"));
	buffer_deinit(&file);
	return r;
}

static int make_settings(const struct testcase *t, struct buffer s[static SETTINGS_MAX], struct error *err)
{
	static const char *const names[SETTINGS_MAX] = {"rekapd.timezone=", "rekapd.as_of=", "rekapd.suppression_threshold=", "rekapd.ruleset=", "rekapd.calendar="};
	for (size_t i = 0; i < SETTINGS_MAX; i++)
		buffer_puts(&s[i], names[i]);
	int r = put_word(t, "zone", "Asia/Jakarta", &s[0], err);
	if (r >= 0)
		r = put_word(t, "as_of", "", &s[1], err);
	if (r >= 0)
		r = put_word(t, "suppression_threshold", "5", &s[2], err);
	if (r >= 0 && exists(t->folder, "rulesets"))
		r = put_rulesets(t, &s[3], err);
	if (exists(t->folder, "calendar.csv"))
		buffer_printf(&s[4], "%s/calendar.csv", t->folder);
	return r;
}

/* The folder's settings, then those of the command line; no file of this machine unless -c names it. */
static int load_settings(struct testcase *t, struct error *err)
{
	const char *sets[SETTINGS_MAX + sizeof t->invocation->sets / sizeof *t->invocation->sets];
	struct buffer settings[SETTINGS_MAX] = {0};
	int r = make_settings(t, settings, err);
	size_t n = 0;
	for (; n < SETTINGS_MAX && r >= 0; n++)
		if (!(sets[n] = buffer_cstr(&settings[n])))
			r = error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < t->invocation->n_sets && r >= 0; i++)
		sets[n++] = t->invocation->sets[i];
	if (r >= 0)
		r = config_load(&t->config, t->invocation->config_path ? t->invocation->config_path : "/dev/null", sets, n, err);
	for (size_t i = 0; i < SETTINGS_MAX; i++)
		buffer_deinit(&settings[i]);
	return r;
}

static int load_units(struct testcase *t, struct error *err)
{
	char path[PATH_SIZE];
	struct buffer file = {0};
	size_t n;
	int r = units_init(&t->units);
	if (r < 0 || !exists(t->folder, "units.csv"))
		return r;
	r = read_in(t, "units.csv", &file, err);
	if (r >= 0)
		r = units_apply_csv(&t->units, path_in(t->folder, "units.csv", path), buffer_view(&file), &n, err);
	buffer_deinit(&file);
	return r;
}

/* --- events ---------------------------------------------------------------------------------------------------------------------------------- */

static int decode_line(struct testcase *t, struct text line, int64_t offset)
{
	struct item *item = &t->items[t->n_items++];
	unsigned type;
	*item = (struct item){.record = {.offset = offset, .value = line}};
	int r = decode_record(item, &t->rules.rulesets.forbidden, t->arena);
	const struct kind *kind = item->event_type.p ? kind_of_type(item->event_type, &type) : NULL;
	item->record.topic = text_of(kind ? kind->topic : "events");
	return r;
}

/* Lines without a record in them are skipped, yet have an offset, so that the line's number always tells it. */
static int decode_lines(struct testcase *t)
{
	const char *p = t->events.p, *end = p + t->events.n;
	size_t lines = 1;
	for (size_t i = 0; i < t->events.n; i++)
		lines += p[i] == '\n';
	t->items = arena_alloc(t->arena, lines * sizeof *t->items);
	int r = t->items ? 0 : -ENOMEM;
	for (int64_t offset = 0; p < end && r >= 0; offset++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct text line = {p, (size_t)((stop ? stop : end) - p)};
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n)
			r = decode_line(t, line, offset);
		p = stop ? stop + 1 : end;
	}
	return r;
}

static int fold_events(struct testcase *t, struct tables *ret)
{
	t->basis = t->rules.basis;
	t->basis.units = &t->units;
	day_number as_of = t->config.as_of != DAY_NONE ? t->config.as_of : zone_day(t->basis.zone, clock_wall());
	int r = decode_lines(t);
	if (r >= 0)
		r = ledger_init(&t->ledger);
	if (r >= 0)
		r = ledger_open(&t->ledger, &t->basis, t->items, t->n_items);
	if (r >= 0)
		r = ledger_fold(&t->ledger);
	if (r >= 0)
		r = ledger_settle(&t->ledger);
	return r < 0 ? r : tables_make(ret, &t->ledger, as_of, t->config.suppression_threshold, t->arena);
}

/* --- cases ----------------------------------------------------------------------------------------------------------------------------------- */

static int load(struct testcase *t, struct error *err)
{
	t->arena = arena_new(1 << 18);
	int r = t->arena ? load_settings(t, err) : -ENOMEM;
	if (r >= 0)
		r = rules_load(&t->config, &t->rules, err);
	if (r >= 0)
		r = load_units(t, err);
	if (r >= 0)
		r = read_in(t, "events.ndjson", &t->events, err);
	return r < 0 ? r : read_in(t, "expect.json", &t->expect, err);
}

static void unload(struct testcase *t)
{
	ledger_deinit(&t->ledger);
	units_deinit(&t->units);
	rules_deinit(&t->rules);
	config_deinit(&t->config);
	buffer_deinit(&t->events);
	buffer_deinit(&t->expect);
	arena_free(t->arena);
}

static int run(struct testcase *t, const char *prefix, size_t *ret_differences, struct error *err)
{
	char path[PATH_SIZE];
	struct tables tables;
	struct expectation expectation;
	int r = load(t, err);
	if (r >= 0 && (r = fold_events(t, &tables)) < 0)
		error_set(err, r, "%s", strerror(-r));
	if (r >= 0)
		r = expect_read(&expectation, path_in(t->folder, "expect.json", path), buffer_view(&t->expect), t->arena, err);
	return r < 0 ? r : expect_compare(&expectation, &tables, prefix, stdout, ret_differences);
}

/* 0, or the exit code where going on makes no sense. */
static int run_case(const struct invocation *i, const char *folder, struct tally *tally)
{
	char prefix[PATH_SIZE + 8];
	struct testcase t = {.folder = folder, .invocation = i};
	struct error err = {"out of memory"};
	size_t differences = 0;
	snprintf(prefix, sizeof prefix, "FAIL %s", folder);
	int r = run(&t, prefix, &differences, &err);
	unload(&t);
	if (r == -ENOMEM)
		return fault(r, &err);
	if (r < 0)
		printf("%s: %s\n", prefix, err.text);
	else if (!differences)
		printf("ok %s\n", folder);
	tally->cases++;
	tally->failed += r < 0 || differences;
	return 0;
}

static int run_folder(const struct invocation *i, const char *folder, struct tally *tally);

static int run_folders_in(const struct invocation *i, const char *folder, struct tally *tally)
{
	struct error err = {""};
	struct dirent **entries;
	int n = list(folder, &entries, &err), r = 0;
	if (n < 0)
		return file_fault(n, &err);
	for (int e = 0; e < n && r == 0; e++) {
		char path[PATH_SIZE];
		struct stat s;
		path_in(folder, entries[e]->d_name, path);
		if (entries[e]->d_name[0] != '.' && stat(path, &s) == 0 && S_ISDIR(s.st_mode))
			r = run_folder(i, path, tally);
	}
	free_list(entries, n);
	return r;
}

static int run_folder(const struct invocation *i, const char *folder, struct tally *tally)
{
	return exists(folder, "events.ndjson") ? run_case(i, folder, tally) : run_folders_in(i, folder, tally);
}

int verb_test(const struct verb *v, int argc, char **argv)
{
	struct invocation i;
	struct tally tally = {0};
	int r = invocation_read(v, argc, argv, NULL, &i);
	if (r >= 0)
		return r;
	if (!i.n_operands) {
		fprintf(stderr, "rekapd test: which folders? (rekapd test --help)\n");
		return STATUS_USAGE;
	}
	r = 0;
	for (int f = 0; f < i.n_operands && r == 0; f++)
		r = run_folder(&i, i.operands[f], &tally);
	if (r)
		return r;
	fprintf(stderr, "%zu cases, %zu failed\n", tally.cases, tally.failed);
	return tally.failed || !tally.cases ? STATUS_FAULTS : STATUS_OK;
}
