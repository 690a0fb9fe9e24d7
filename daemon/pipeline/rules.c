// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/rules.h"

#include <errno.h>
#include <stdio.h>
#include <xxhash.h>

#include "common/file.h"
#include "schemas/embedded.h"

#define RULES_FILE_MAX (16 << 20)
#define BUILTIN_CALENDAR "schemas/calendars/id.csv"
#define BUILTIN_RULESET "schemas/rulesets/rekap-2024.json"

static struct text builtin(const char *path)
{
	for (size_t i = 0; i < embedded_files_n; i++)
		if (!strcmp(embedded_files[i].path, path))
			return (struct text){embedded_files[i].data, embedded_files[i].size};
	return TEXT_NONE;
}

/* Each part with its length, so that no two lists of parts have the same bytes. */
static void digest_part(struct buffer *all, struct text t)
{
	buffer_printf(all, "%zu:", t.n);
	buffer_text(all, t);
}

static int load_calendar(const struct config *c, struct rules *r, struct buffer *all, struct error *err)
{
	struct buffer file = {0};
	struct text text = builtin(BUILTIN_CALENDAR);
	const char *name = *c->calendar ? c->calendar : "built-in calendar";
	int result = 0;
	if (*c->calendar) {
		result = file_read(c->calendar, RULES_FILE_MAX, &file, err);
		text = buffer_view(&file);
	}
	if (result >= 0)
		result = calendar_parse(name, text, c->collective_leave, &r->calendar, err);
	if (result >= 0)
		digest_part(all, text);
	buffer_deinit(&file);
	return result;
}

static int load_ruleset(struct rules *r, const char *path, struct buffer *all, struct error *err)
{
	struct buffer file = {0};
	int result = file_read(path, RULES_FILE_MAX, &file, err);
	if (result >= 0)
		result = rulesets_add(&r->rulesets, path, buffer_view(&file), err);
	if (result >= 0)
		digest_part(all, buffer_view(&file));
	buffer_deinit(&file);
	return result;
}

/* An empty list says that nothing is forbidden; no list at all says nothing. */
static bool lists_forbidden(const struct rulesets *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->all[i].has_forbidden)
			return true;
	return false;
}

static int load_rulesets(const struct config *c, struct rules *r, struct buffer *all, struct error *err)
{
	int result = rulesets_init(&r->rulesets);
	if (result < 0)
		return error_set(err, result, "rules: out of memory");
	if (!*c->ruleset) {
		digest_part(all, builtin(BUILTIN_RULESET));
		result = rulesets_add(&r->rulesets, "built-in ruleset", builtin(BUILTIN_RULESET), err);
	}
	for (const char *p = c->ruleset; *p && result >= 0;) {
		char path[1024];
		p += strspn(p, ", \t");
		size_t n = strcspn(p, ",");
		snprintf(path, sizeof path, "%.*s", (int)n, p);
		p += n;
		while (n && (path[n - 1] == ' ' || path[n - 1] == '\t'))
			path[--n] = 0;
		if (n)
			result = load_ruleset(r, path, all, err);
	}
	if (result >= 0 && !lists_forbidden(&r->rulesets)) {
		digest_part(all, builtin(BUILTIN_RULESET));
		result = rulesets_forbid(&r->rulesets, "built-in ruleset", builtin(BUILTIN_RULESET), err);
	}
	return result < 0 ? result : rulesets_check(&r->rulesets, err);
}

static int finish_digest(struct rules *r, const struct buffer *all, struct error *err)
{
	if (all->failed)
		return error_set(err, -ENOMEM, "rules: out of memory");
	XXH128_hash_t h = XXH3_128bits(all->p, all->n);
	snprintf(r->digest, sizeof r->digest, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
	return 0;
}

int rules_load(const struct config *c, struct rules *ret_rules, struct error *err)
{
	struct rules *r = ret_rules;
	struct buffer all = {0};
	*r = (struct rules){0};
	digest_part(&all, text_of(c->timezone));
	digest_part(&all, text_of(c->collective_leave ? "on" : "off"));
	int result = zone_new(c->timezone, &r->zone, err);
	if (result >= 0)
		result = load_calendar(c, r, &all, err);
	if (result >= 0)
		result = load_rulesets(c, r, &all, err);
	if (result >= 0)
		result = finish_digest(r, &all, err);
	buffer_deinit(&all);
	if (result < 0)
		rules_deinit(r);
	else
		r->basis = (struct basis){r->zone, r->calendar, &r->rulesets, NULL};
	return result < 0 && result != -ENOMEM ? -EINVAL : result;
}

void rules_deinit(struct rules *r)
{
	zone_free(r->zone);
	calendar_free(r->calendar);
	if (r->rulesets.arena)
		rulesets_deinit(&r->rulesets);
	*r = (struct rules){0};
}
