// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What figures depend on, made once: Asia/Jakarta, the built-in ruleset and calendar, three units. */
#include "daemon/decode/ruleset.h"
#include "daemon/record/basis.h"
#include "fuzz.h"
#include "schemas/embedded.h"

static struct text built_in(const char *path)
{
	for (size_t i = 0; i < embedded_files_n; i++)
		if (!strcmp(embedded_files[i].path, path))
			return (struct text){embedded_files[i].data, embedded_files[i].size};
	fprintf(stderr, "%s is not built in\n", path);
	abort();
}

static const char units_csv[] = "unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n"
				"1.02.0.00.0.00.01.0000,Dinas Contoh,opd,,2020-01-01,,\n"
				"1.02.0.00.0.00.01.0013,Bidang Contoh,,1.02.0.00.0.00.01.0000,2020-01-01,,\n"
				"2.16.2.20.2.21.01.0000,Badan Contoh,opd,,2020-01-01,2024-06-30,1.02.0.00.0.00.01.0000\n";

static struct rulesets built_in_rules;
static struct units known_units;

static inline const struct rulesets *rules(void)
{
	struct error err = {""};
	if (built_in_rules.arena)
		return &built_in_rules;
	HOLDS(rulesets_init(&built_in_rules) == 0);
	HOLDS(rulesets_add(&built_in_rules, "built in", built_in("schemas/rulesets/rekap-2024.json"), &err) == 0, "%s", err.text);
	return &built_in_rules;
}

static inline const struct units *units(void)
{
	struct error err = {""};
	size_t n;
	if (known_units.arena)
		return &known_units;
	HOLDS(units_init(&known_units) == 0);
	HOLDS(units_apply_csv(&known_units, "units", text_of(units_csv), &n, &err) == 0, "%s", err.text);
	return &known_units;
}

static inline const struct basis *basis(void)
{
	static struct basis b;
	static struct zone *zone;
	static struct calendar *calendar;
	struct error err = {""};
	if (b.zone)
		return &b;
	HOLDS(zone_new("Asia/Jakarta", &zone, &err) == 0, "%s", err.text);
	HOLDS(calendar_parse("built in", built_in("schemas/calendars/id.csv"), true, &calendar, &err) == 0, "%s", err.text);
	b = (struct basis){zone, calendar, rules(), units()};
	return &b;
}
