// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

struct transition {
	int64_t from;	/* seconds since the epoch, UTC */
	int64_t offset; /* seconds east from then on */
};

struct zone {
	char *name;
	struct transition *transitions; /* the first one from the beginning of time */
	size_t n, size;
};

#define FIRST_SECOND ((int64_t)(-25567 - 366) * 86400) /* 1899-01-01 or so */
#define LAST_SECOND ((int64_t)(84006 + 366) * 86400)   /* 2200-12-31 or so */

static int64_t offset_at(int64_t second)
{
	time_t t = (time_t)second;
	struct tm tm;
	localtime_r(&t, &tm);
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
static int64_t find_change(int64_t before, int64_t after)
{
	int64_t offset = offset_at(before);
	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;
		if (offset_at(middle) == offset)
			before = middle;
		else
			after = middle;
	}
	return after;
}

/* No zone changes its offset twice within a day: looking at every midnight finds all changes. */
static int read_transitions(struct zone *z)
{
	int64_t offset = offset_at(FIRST_SECOND);
	int r = add(z, INT64_MIN, offset);
	for (int64_t t = FIRST_SECOND; r == 0 && t < LAST_SECOND; t += 86400) {
		int64_t next = offset_at(t + 86400);
		if (next != offset)
			r = add(z, find_change(t, t + 86400), next);
		offset = next;
	}
	return r;
}

/* The C library silently takes an unknown name for UTC: the file must be there. */
static int check_name(const char *name, struct error *err)
{
	const char *folder = getenv("TZDIR");
	char path[512];
	struct stat st;
	if (!folder || !*folder)
		folder = "/usr/share/zoneinfo";
	if (!strcmp(name, "UTC"))
		return 0;
	if (stat(folder, &st) < 0)
		return error_set(err, -EINVAL, "timezone %s: there is no zone database in %s: install the package tzdata", name, folder);
	int n = snprintf(path, sizeof path, "%s/%s", folder, name);
	if (!*name || *name == '/' || *name == ':' || strstr(name, "..") || n < 0 || (size_t)n >= sizeof path || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, -EINVAL, "timezone %.64s: the system knows no zone of that name: use one of %s, for example Asia/Jakarta", name, folder);
	return 0;
}

static void use_zone(const char *name)
{
	if (name)
		setenv("TZ", name, 1);
	else
		unsetenv("TZ");
	tzset();
}

static int read_zone(struct zone *z)
{
	const char *set = getenv("TZ");
	char *before = set ? strdup(set) : NULL;
	if (set && !before)
		return -ENOMEM;
	use_zone(z->name);
	int r = read_transitions(z);
	use_zone(before);
	free(before);
	return r;
}

int zone_new(const char *name, struct zone **ret_zone, struct error *err)
{
	int r = check_name(name, err);
	if (r < 0)
		return r;
	struct zone *z = calloc(1, sizeof *z);
	if (!z || !(z->name = strdup(name)) || read_zone(z) < 0) {
		zone_free(z);
		return error_set(err, -ENOMEM, "timezone %s: out of memory", name);
	}
	*ret_zone = z;
	return 0;
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
	size_t low = 0, high = z->n; /* the last transition at or before the second */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (z->transitions[middle].from <= second)
			low = middle;
		else
			high = middle;
	}
	return (day_number)floor_divide(second + z->transitions[low].offset, 86400);
}
