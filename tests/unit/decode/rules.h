// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* The rulesets of a test, from texts with ' for " or from the default file. */
#include "common/file.h"
#include "daemon/decode/ruleset.h"
#include "tests/unit/suite.h"

static struct rulesets rules;
static struct error err;

/* Begins anew, with no rulesets. */
static inline void open_rules(void)
{
	rulesets_deinit(&rules);
	ck_assert_int_eq(rulesets_init(&rules), 0);
	err.text[0] = 0;
}

/* Adds the text as the file rules.json: what rulesets_add returns. */
static inline int add(const char *s)
{
	struct buffer b = {0};
	for (; *s; s++)
		buffer_putc(&b, *s == '\'' ? '"' : *s);
	int r = rulesets_add(&rules, "rules.json", buffer_view(&b), &err);
	buffer_deinit(&b);
	return r;
}

/* The default file alone, as it is delivered. */
static inline void load_default(void)
{
	struct buffer b = {0};
	open_rules();
	ck_assert_msg(file_read(TESTS_DIR "/../schemas/rulesets/rekap-2024.json", 0, &b, &err) == 0, "%s", err.text);
	ck_assert_msg(rulesets_add(&rules, "rekap-2024.json", buffer_view(&b), &err) == 0, "%s", err.text);
	ck_assert(text_equal(rules.all[0].json, buffer_view(&b)));
	buffer_deinit(&b); /* nothing is borrowed */
	ck_assert_msg(rulesets_check(&rules, &err) == 0, "%s", err.text);
}
