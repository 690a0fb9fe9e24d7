// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/rules.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static struct error error;

static struct config settings(const char *zone, const char *calendar, const char *ruleset, bool leave)
{
	return (struct config){.timezone = (char *)(uintptr_t)zone, .calendar = (char *)(uintptr_t)calendar, .ruleset = (char *)(uintptr_t)ruleset, .collective_leave = leave};
}

START_TEST(built_in)
{
	struct rules r;
	struct config c = settings("Asia/Jakarta", "", "", true);
	ck_assert_int_eq(rules_load(&c, &r, &error), 0);
	ck_assert_uint_ge(r.rulesets.n, 1);
	ck_assert_ptr_eq(r.basis.zone, r.zone);
	ck_assert(forbidden_has(&r.rulesets.forbidden, TEXT("nik")));
	ck_assert_uint_eq(strlen(r.digest), RULES_DIGEST_SIZE - 1);
	rules_deinit(&r);
}
END_TEST

static void digest_of(struct config c, char out[RULES_DIGEST_SIZE])
{
	struct rules r;
	ck_assert_msg(rules_load(&c, &r, &error) == 0, "%s", error.text);
	memcpy(out, r.digest, RULES_DIGEST_SIZE);
	rules_deinit(&r);
}

/* Whatever figures depend on changes the digest; nothing else does. */
START_TEST(the_digest_tells_them_apart)
{
	char calendar[] = "/tmp/rules-test-XXXXXX", digests[5][RULES_DIGEST_SIZE];
	int fd = mkstemp(calendar);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dprintf(fd, "date,type,name,basis\n2024-01-01,national,x,y\n"), 45);
	close(fd);
	digest_of(settings("Asia/Jakarta", "", "", true), digests[0]);
	digest_of(settings("Asia/Makassar", "", "", true), digests[1]);
	digest_of(settings("Asia/Jakarta", "", "", false), digests[2]);
	digest_of(settings("Asia/Jakarta", calendar, "", true), digests[3]);
	digest_of(settings("Asia/Jakarta", "", "", true), digests[4]);
	unlink(calendar);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(digests[i], digests[k]);
	ck_assert_str_eq(digests[0], digests[4]);
}
END_TEST

START_TEST(mistakes_are_named)
{
	struct rules r;
	struct config c = settings("Asia/Nowhere", "", "", true);
	ck_assert_int_eq(rules_load(&c, &r, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "Asia/Nowhere"));
	c = settings("Asia/Jakarta", "/nonexistent.csv", "", true);
	ck_assert_int_eq(rules_load(&c, &r, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "/nonexistent.csv"));
	c = settings("Asia/Jakarta", "", "/nonexistent.json", true);
	ck_assert_int_eq(rules_load(&c, &r, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "/nonexistent.json"));
}
END_TEST

SUITE("rules", built_in, the_digest_tells_them_apart, mistakes_are_named)
