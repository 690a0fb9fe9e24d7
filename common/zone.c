// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"

struct transition {
	int64_t from;   /* seconds since the epoch, UTC */
	int64_t offset; /* seconds east from then on */
};

struct zone {
	char *name;
	struct transition *transitions; /* the first one from the beginning of time */
	size_t n, size;
};

/* What the zone is made from. */
struct origin {
	struct buffer file; /* the zone's, as the C library reads it */
	bool lost;          /* the C library gave the time of no zone or of another one: it had no memory to read the file */
};
#define ZONE_FILE_MAX (1 << 20)

#define FIRST_SECOND ((int64_t)(-25567 - 366) * 86400) /* 1899-01-01 or so */
#define LAST_SECOND ((int64_t)(84006 + 366) * 86400)   /* 2200-12-31 or so */

/* The C library says nothing when it cannot read a file: it goes on with a zone made up from the name, whose abbreviation the file does not hold. */
static int64_t offset_at(struct origin *o, int64_t second)
{
	time_t t = (time_t)second;
	struct tm tm = {0};
	localtime_r(&t, &tm);
	o->lost |= !tm.tm_zone || !*tm.tm_zone || !memmem(o->file.p, o->file.n, tm.tm_zone, strlen(tm.tm_zone) + 1);
	return tm.tm_gmtoff;
}

static int add(struct zone *z, int64_t from, int64_t offset)
{
	if (z->n == z->size) {
		size_t size = z->size ? 2 * z->size : 64;
		struct transition *wider = realloc(z->transitions, size * sizeof *wider);
		if (!wider)
			return -ENOMEM;
		z->transitions = wider;
		z->size = size;
	}
	z->transitions[z->n++] = (struct transition){from, offset};
	return 0;
}

/* The first second of (before, after] whose offset is not the one at `before`. */
static int64_t find_change(struct origin *o, int64_t before, int64_t after)
{
	int64_t offset = offset_at(o, before);
	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;
		if (offset_at(o, middle) == offset)
			before = middle;
		else
			after = middle;
	}
	return after;
}

/* No zone changes its offset twice within a day: looking at every midnight finds all changes. */
static int read_transitions(struct zone *z, struct origin *o)
{
	int64_t offset = offset_at(o, FIRST_SECOND);
	int r = add(z, INT64_MIN, offset);
	for (int64_t t = FIRST_SECOND; r == 0 && t < LAST_SECOND && !o->lost; t += 86400) {
		int64_t next = offset_at(o, t + 86400);
		if (next != offset)
			r = add(z, find_change(o, t, t + 86400), next);
		offset = next;
	}
	return o->lost ? -ENOMEM : r;
}

/* The C library takes an unknown name for UTC without a word, and so it does a file that is no zone's: both are looked at first. */
static int read_file(const char *name, struct buffer *ret_file, struct error *err)
{
	const char *folder = getenv("TZDIR");
	char path[512];
	if (!folder || !*folder)
		folder = "/usr/share/zoneinfo";
	if (access(folder, X_OK) < 0)
		return error_set(err, -EINVAL, "timezone %.64s: there is no zone database in %s: install the package tzdata", name, folder);
	int n = snprintf(path, sizeof path, "%s/%s", folder, name);
	bool plain = *name && *name != '/' && *name != ':' && !strstr(name, "..") && n > 0 && (size_t)n < sizeof path;
	int r = plain ? file_read(path, ZONE_FILE_MAX, ret_file, NULL) : -EINVAL;
	if (r == -ENOMEM)
		return r;
	if (r < 0 || ret_file->n < 4 || memcmp(ret_file->p, "TZif", 4) != 0)
		return error_set(err, -EINVAL, "timezone %.64s: the system knows no zone of that name: use one of %s, for example Asia/Jakarta", name, folder);
	return 0;
}

static bool use_zone(const char *name)
{
	bool done = (name ? setenv("TZ", name, 1) : unsetenv("TZ")) == 0;
	tzset();
	return done;
}

/* Reads the zone through the program's own one, which stands again afterwards. */
static int read_zone(struct zone *z, struct origin *o)
{
	const char *set = getenv("TZ");
	char *before = set ? strdup(set) : NULL;
	if (set && !before)
		return -ENOMEM;
	int r = use_zone(z->name) ? read_transitions(z, o) : -ENOMEM;
	if (!use_zone(before) && r == 0)
		r = -ENOMEM;
	free(before);
	return r;
}

static int fill(struct zone *z, const char *name, struct error *err)
{
	struct origin o = {0};
	z->name = strdup(name);
	if (!z->name)
		return -ENOMEM;
	if (!strcmp(name, "UTC")) /* needs no database */
		return add(z, INT64_MIN, 0);
	int r = read_file(name, &o.file, err);
	if (r == 0)
		r = read_zone(z, &o);
	buffer_deinit(&o.file);
	return r;
}

int zone_new(const char *name, struct zone **ret_zone, struct error *err)
{
	struct zone *z = calloc(1, sizeof *z);
	int r = z ? fill(z, name, err) : -ENOMEM;
	if (r < 0)
		zone_free(z);
	else
		*ret_zone = z;
	return r == -ENOMEM ? error_set(err, r, "timezone %.64s: out of memory", name) : r;
}

struct zone *zone_free(struct zone *z)
{
	if (z) {
		free(z->name);
		free(z->transitions);
	}
	free(z);
	return NULL;
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

day_number zone_day(const struct zone *z, instant t)
{
	int64_t second = floor_divide(t, INSTANT_PER_SECOND);
	size_t low = 0, high = z->n; /* the last transition at or before the second: mostly the last of all */
	if (z->transitions[high - 1].from <= second)
		low = high - 1;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (z->transitions[middle].from <= second)
			low = middle;
		else
			high = middle;
	}
	return (day_number)floor_divide(second + z->transitions[low].offset, 86400);
}
