// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../suite.h"
#include "common/random.h"
#include "common/zone.h"

START_TEST(days_equal_the_c_librarys)
{
	static const char *const names[] = {"Asia/Jakarta", "America/New_York", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "UTC"};
	struct random r = {3};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct zone *z;
		struct error err;
		ck_assert_msg(zone_new(names[i], &z, &err) == 0, "%s", err.text);
		setenv("TZ", names[i], 1);
		tzset();
		for (int k = 0; k < test_rounds(50000); k++) {
			time_t t = (time_t)(random_below(&r, (uint64_t)300 * 365 * 86400)) - (time_t)70 * 365 * 86400;
			struct tm tm;
			localtime_r(&t, &tm);
			ck_assert_int_eq(zone_day(z, (instant)t * INSTANT_PER_SECOND), day_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday));
		}
		zone_free(z);
	}
}
END_TEST

START_TEST(midnight_is_the_zones)
{
	struct zone *z;
	instant t;
	ck_assert_int_eq(zone_new("Asia/Jakarta", &z, NULL), 0);
	ck_assert_int_eq(rfc3339_parse(TEXT("2024-03-24T17:00:00Z"), &t), 0);
	ck_assert_int_eq(zone_day(z, t), day_from_civil(2024, 3, 25));
	ck_assert_int_eq(zone_day(z, t - 1), day_from_civil(2024, 3, 24));
	ck_assert_str_eq(zone_name(z), "Asia/Jakarta");
	zone_free(z);
}
END_TEST

START_TEST(unknown_names_are_refused)
{
	static const char *const bad[] = {"",      "Asia/Jakart",   "/etc/passwd", "../zoneinfo/UTC", "Asia",
					  "WIB-7", ":Asia/Jakarta", "zone.tab",    "Asia/Jakarta ",   "tzdata.zi"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct zone *z;
		struct error err = {""};
		ck_assert_int_lt(zone_new(bad[i], &z, &err), 0);
		ck_assert_msg(strstr(err.text, "timezone"), "%s", err.text);
	}
}
END_TEST

/* Zones from all over the database, through all the time that counts: none is taken for unreadable. */
START_TEST(any_zone_is_read)
{
	FILE *names = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
	char line[256], name[128];
	int n = 0, every = test_rounds(20) == 20 ? 29 : 290;
	while (names && fgets(line, sizeof line, names)) {
		if (sscanf(line, "Z %127s", name) != 1 && sscanf(line, "L %*s %127s", name) != 1)
			continue;
		struct zone *z;
		struct error err = {""};
		if (n++ % every != 0)
			continue;
		ck_assert_msg(zone_new(name, &z, &err) == 0, "%s", err.text);
		setenv("TZ", name, 1);
		tzset();
		for (time_t t = (time_t)day_from_civil(1899, 6, 1) * 86400; t < (time_t)day_from_civil(2200, 6, 1) * 86400; t += 20 * 86400 - 1801) {
			struct tm tm;
			localtime_r(&t, &tm);
			ck_assert_int_eq(zone_day(z, (instant)t * INSTANT_PER_SECOND), day_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday));
		}
		zone_free(z);
	}
	if (names)
		fclose(names);
}
END_TEST

START_TEST(without_a_database_only_utc_is_known)
{
	struct zone *z;
	struct error err = {""};
	setenv("TZDIR", "/nonexistent", 1);
	ck_assert_int_eq(zone_new("Asia/Jakarta", &z, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "install the package tzdata") && strstr(err.text, "/nonexistent"), "%s", err.text);
	ck_assert_int_eq(zone_new("UTC", &z, &err), 0);
	ck_assert_int_eq(zone_day(z, -1), -1);
	zone_free(z);
	ck_assert_ptr_null(zone_free(NULL));
}
END_TEST

START_TEST(the_programs_zone_stands_again)
{
	struct zone *z;
	setenv("TZ", "America/New_York", 1);
	ck_assert_int_eq(zone_new("Asia/Jakarta", &z, NULL), 0);
	ck_assert_str_eq(getenv("TZ"), "America/New_York");
	zone_free(z);
	unsetenv("TZ");
	ck_assert_int_eq(zone_new("Asia/Jakarta", &z, NULL), 0);
	ck_assert_ptr_null(getenv("TZ"));
	zone_free(z);
}
END_TEST

SUITE("zone", days_equal_the_c_librarys, midnight_is_the_zones, unknown_names_are_refused, any_zone_is_read, without_a_database_only_utc_is_known,
      the_programs_zone_stands_again)
