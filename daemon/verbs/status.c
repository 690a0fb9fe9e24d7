// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"
#include "daemon/source/source.h"
#include "daemon/verbs/members.h"
#include "daemon/verbs/verbs.h"

#define BROKER_MS 5000

/* Rows of a query, kept. */
struct rows {
	struct arena *arena;
	struct text (*cells)[6];
	size_t n, size;
};

struct status {
	const struct config *config;
	struct store *store;
	struct rows offsets, last, totals, rejects, schema;
	struct source_end *ends;   /* of the offsets' partitions; NULL: the broker is away */
	const struct rules *rules; /* of this configuration; NULL: they cannot be loaded */
	char postgres[1024], kafka[1024]; /* why they are away; "": they are there, Kafka as far as it was asked: where PostgreSQL is */
};

static int keep(void *arg, size_t n, const struct text *cells)
{
	struct rows *r = arg;
	if (r->n == r->size) {
		size_t size = r->size ? 2 * r->size : 16;
		void *wider = realloc(r->cells, size * sizeof *r->cells);
		if (!wider)
			return -ENOMEM;
		r->cells = wider;
		r->size = size;
	}
	for (size_t i = 0; i < 6; i++)
		if (!arena_copy(r->arena, i < n ? cells[i] : TEXT_NONE, &r->cells[r->n][i]))
			return -ENOMEM;
	r->n++;
	return 0;
}

static int64_t number(struct text t)
{
	char s[32];
	snprintf(s, sizeof s, "%.*s", TEXT_ARG(t));
	return strtoll(s, NULL, 10);
}

static int ask_postgres(struct status *s, struct error *err)
{
	const struct {
		const char *sql;
		struct rows *rows;
	} questions[] = {
		{"SELECT topic, partition, next_offset, epoch, owner, updated_at FROM rekap.ingest_offset ORDER BY 1, 2", &s->offsets},
		{"SELECT batch_id, committed_at, owner, events, rejected, round(extract(epoch FROM now() - committed_at)) FROM rekap.batch ORDER BY batch_id DESC LIMIT 1", &s->last},
		{"SELECT coalesce(sum(events), 0), coalesce(sum(rejected), 0) FROM rekap.batch", &s->totals},
		{"SELECT reason, status, count(*) FROM rekap.reject GROUP BY 1, 2 ORDER BY 1, 2", &s->rejects},
		{"SELECT max(number), (SELECT string_agg(ruleset, ', ' ORDER BY ruleset) FROM rekap_store.ruleset), "
		 "(SELECT digest FROM rekap_store.basis) FROM rekap_store.migration", &s->schema},
	};
	int r = store_connect(s->store, err);
	for (size_t i = 0; i < COUNT(questions) && r == 0; i++)
		r = store_query(s->store, questions[i].sql, keep, questions[i].rows, err);
	return r;
}

static int ask_kafka(struct status *s, struct arena *arena, struct error *err)
{
	size_t n = s->offsets.n;
	struct source_partition *list = arena_alloc(arena, (n ? n : 1) * sizeof *list);
	struct source_end *ends = arena_alloc(arena, (n ? n : 1) * sizeof *ends);
	if (!list || !ends)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct text t = s->offsets.cells[i][0];
		char *topic = arena_zalloc(arena, t.n + 1);
		if (!topic)
			return error_set(err, -ENOMEM, "out of memory");
		memcpy(topic, t.p, t.n);
		list[i] = (struct source_partition){topic, (int32_t)number(s->offsets.cells[i][1]), 0};
	}
	int r = source_ends(s->config, BROKER_MS, list, n, ends, err);
	if (r == 0)
		s->ends = ends;
	return r;
}

static int64_t lag(const struct status *s, size_t i)
{
	int64_t behind = s->ends[i].high - number(s->offsets.cells[i][2]);
	return behind > 0 ? behind : 0;
}

/* Records that Kafka has no more though they were not counted: the daemon will not skip them. */
static int64_t missing(const struct status *s, size_t i)
{
	int64_t gone = s->ends[i].low - number(s->offsets.cells[i][2]);
	return gone > 0 ? gone : 0;
}

/* --- for people ------------------------------------------------------------------------------------------------------------------------------------ */

static void print_partitions(const struct status *s)
{
	int64_t total = 0;
	if (s->offsets.n)
		printf("%-24s %9s %14s %14s %10s\n", "topic", "partition", "next offset", "end", "lag");
	for (size_t i = 0; i < s->offsets.n; i++) {
		const struct text *c = s->offsets.cells[i];
		printf("%-24.*s %9.*s %14.*s", TEXT_ARG(c[0]), TEXT_ARG(c[1]), TEXT_ARG(c[2]));
		if (s->ends) {
			printf(" %14" PRId64 " %10" PRId64 "\n", s->ends[i].high, lag(s, i));
			total += lag(s, i);
		} else {
			printf(" %14s %10s\n", "?", "?");
		}
	}
	if (s->ends)
		printf("lag          %" PRId64 " records\n", total);
}

static void print_missing(const struct status *s)
{
	for (size_t i = 0; i < s->offsets.n && s->ends; i++) {
		const struct text *c = s->offsets.cells[i];
		if (missing(s, i))
			printf("missing      %.*s [%.*s]: offsets %.*s to %" PRId64 " are no longer in Kafka, and not counted: rekapd run says what to do\n", TEXT_ARG(c[0]), TEXT_ARG(c[1]),
			       TEXT_ARG(c[2]), s->ends[i].low - 1);
		else if (s->ends[i].high < number(c[2]))
			printf("missing      %.*s [%.*s]: offset %.*s comes next, but the topic ends before %" PRId64 ": rekapd run says what to do\n", TEXT_ARG(c[0]), TEXT_ARG(c[1]),
			       TEXT_ARG(c[2]), s->ends[i].high);
	}
}

static void print_rules(const struct rules *r)
{
	char from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE];
	int first, last;
	if (calendar_span(r->calendar, &first, &last))
		printf("calendar     %d to %d\n", first, last);
	for (size_t i = 0; i < r->rulesets.n; i++) {
		const struct ruleset *set = &r->rulesets.all[i];
		snprintf(to, sizeof to, "open");
		date_format(set->valid_from, from);
		if (set->valid_to != DAY_NONE)
			date_format(set->valid_to, to);
		printf("ruleset      %.*s: %s to %s\n", TEXT_ARG(set->id), from, to);
	}
}

static void print_status(const struct status *s)
{
	if (*s->postgres)
		printf("postgres     away: %s\n", s->postgres);
	if (*s->kafka)
		printf("kafka        away: %s\n", s->kafka);
	print_partitions(s);
	print_missing(s);
	for (size_t i = 0; i < s->last.n; i++)
		printf("last commit  %.*s (%.*s s ago), batch %.*s by %.*s: %.*s events, %.*s rejected\n", TEXT_ARG(s->last.cells[i][1]), TEXT_ARG(s->last.cells[i][5]),
		       TEXT_ARG(s->last.cells[i][0]), TEXT_ARG(s->last.cells[i][2]), TEXT_ARG(s->last.cells[i][3]), TEXT_ARG(s->last.cells[i][4]));
	if (!s->last.n && !*s->postgres)
		puts("last commit  none yet");
	for (size_t i = 0; i < s->totals.n; i++)
		printf("events       %.*s counted, %.*s rejected\n", TEXT_ARG(s->totals.cells[i][0]), TEXT_ARG(s->totals.cells[i][1]));
	for (size_t i = 0; i < s->rejects.n; i++)
		printf("rejects      %-16.*s %-9.*s %.*s\n", TEXT_ARG(s->rejects.cells[i][0]), TEXT_ARG(s->rejects.cells[i][1]), TEXT_ARG(s->rejects.cells[i][2]));
	for (size_t i = 0; i < s->schema.n; i++)
		printf("versions     rekapd %s, schema %.*s, librdkafka %s, rulesets %.*s\n", REKAPD_VERSION, TEXT_ARG(s->schema.cells[i][0]), source_library_version(),
		       TEXT_ARG(s->schema.cells[i][1]));
	if (s->rules)
		print_rules(s->rules);
}

/* --- for programs ---------------------------------------------------------------------------------------------------------------------------------- */

static void put_partitions(struct buffer *b, const struct status *s)
{
	buffer_puts(b, ",\"partitions\":[");
	for (size_t i = 0; i < s->offsets.n; i++) {
		const struct text *c = s->offsets.cells[i];
		buffer_puts(b, i ? ",{" : "{");
		put_string(b, "topic", c[0]);
		put_number(b, "partition", c[1]);
		put_number(b, "next_offset", c[2]);
		put_number(b, "epoch", c[3]);
		put_string(b, "owner", c[4]);
		put_string(b, "updated_at", c[5]);
		if (s->ends)
			buffer_printf(b, ",\"end_offset\":%" PRId64 ",\"lag\":%" PRId64 ",\"missing\":%" PRId64, s->ends[i].high, lag(s, i), missing(s, i));
		else
			buffer_puts(b, ",\"end_offset\":null,\"lag\":null,\"missing\":null");
		buffer_putc(b, '}');
	}
	buffer_putc(b, ']');
}

static void put_last(struct buffer *b, const struct status *s)
{
	buffer_puts(b, ",\"last_commit\":");
	if (!s->last.n) {
		buffer_puts(b, "null");
		return;
	}
	const struct text *c = s->last.cells[0];
	buffer_putc(b, '{');
	put_number(b, "batch_id", c[0]);
	put_string(b, "committed_at", c[1]);
	put_string(b, "owner", c[2]);
	put_number(b, "events", c[3]);
	put_number(b, "rejected", c[4]);
	put_number(b, "seconds_ago", c[5]);
	buffer_putc(b, '}');
}

static void put_rejects(struct buffer *b, const struct status *s)
{
	buffer_puts(b, ",\"rejects\":[");
	for (size_t i = 0; i < s->rejects.n; i++) {
		buffer_puts(b, i ? ",{" : "{");
		put_string(b, "reason", s->rejects.cells[i][0]);
		put_string(b, "status", s->rejects.cells[i][1]);
		put_number(b, "count", s->rejects.cells[i][2]);
		buffer_putc(b, '}');
	}
	buffer_putc(b, ']');
}

static void put_day(struct buffer *b, const char *key, day_number day)
{
	char date[DATE_TEXT_SIZE];
	if (day != DAY_NONE)
		date_format(day, date);
	put_string(b, key, day != DAY_NONE ? text_of(date) : TEXT_NONE);
}

static void put_rules(struct buffer *b, const struct rules *r)
{
	int first, last;
	if (!r) {
		buffer_puts(b, ",\"rules\":null");
		return;
	}
	buffer_puts(b, ",\"rules\":{\"calendar\":");
	if (calendar_span(r->calendar, &first, &last))
		buffer_printf(b, "{\"first_year\":%d,\"last_year\":%d}", first, last);
	else
		buffer_puts(b, "null");
	buffer_puts(b, ",\"rulesets\":[");
	for (size_t i = 0; i < r->rulesets.n; i++) {
		buffer_puts(b, i ? ",{" : "{");
		put_string(b, "id", r->rulesets.all[i].id);
		put_day(b, "valid_from", r->rulesets.all[i].valid_from);
		put_day(b, "valid_to", r->rulesets.all[i].valid_to);
		buffer_putc(b, '}');
	}
	buffer_puts(b, "]}");
}

static void print_json(const struct status *s)
{
	struct buffer b = {0};
	struct text none = TEXT_NONE;
	buffer_putc(&b, '{');
	put_string(&b, "postgres", *s->postgres ? text_of(s->postgres) : TEXT("ok"));
	put_string(&b, "kafka", *s->kafka ? text_of(s->kafka) : *s->postgres ? none : TEXT("ok"));
	put_partitions(&b, s);
	put_last(&b, s);
	put_number(&b, "events", s->totals.n ? s->totals.cells[0][0] : none);
	put_number(&b, "rejected", s->totals.n ? s->totals.cells[0][1] : none);
	put_rejects(&b, s);
	put_rules(&b, s->rules);
	buffer_puts(&b, ",\"versions\":{");
	put_string(&b, "rekapd", text_of(REKAPD_VERSION));
	put_string(&b, "librdkafka", text_of(source_library_version()));
	put_number(&b, "schema", s->schema.n ? s->schema.cells[0][0] : none);
	put_string(&b, "rulesets", s->schema.n ? s->schema.cells[0][1] : none);
	put_string(&b, "rules_digest", s->schema.n ? s->schema.cells[0][2] : none);
	buffer_puts(&b, "}}");
	puts(b.failed ? "{}" : buffer_cstr(&b));
	buffer_deinit(&b);
}

static int status(struct status *s, bool json, struct arena *arena)
{
	struct error err = {""};
	int r = ask_postgres(s, &err);
	if (r)
		snprintf(s->postgres, sizeof s->postgres, "%s", err.text);
	int k = r ? 0 : ask_kafka(s, arena, &err);
	if (k)
		snprintf(s->kafka, sizeof s->kafka, "%s", err.text);
	if (json)
		print_json(s);
	else
		print_status(s);
	return r < 0 || k < 0 ? fault(r < 0 ? r : k, &err) : r || k ? STATUS_UNAVAILABLE : STATUS_OK;
}

int verb_status(const struct verb *v, int argc, char **argv)
{
	bool json = false;
	const struct option_spec options[] = {{"json", &json, NULL}, {0}};
	struct invocation i;
	struct config c;
	int r = invocation_read(v, argc, argv, options, &i);
	if (r >= 0 || (r = no_operands(v, &i)) >= 0)
		return r;
	if ((r = load_config(&i, &c)) != 0)
		return r;
	struct arena *arena = arena_new(1 << 14);
	struct error err = {""};
	struct rules rules;
	bool has_rules = rules_load(&c, &rules, &err) == 0;
	struct status s = {.config = &c, .rules = has_rules ? &rules : NULL};
	struct rows *const all[] = {&s.offsets, &s.last, &s.totals, &s.rejects, &s.schema};
	for (size_t k = 0; k < COUNT(all); k++)
		all[k]->arena = arena;
	r = arena ? open_store(&c, false, &s.store) : STATUS_INTERNAL;
	if (r == 0)
		r = status(&s, json, arena);
	store_free(s.store);
	for (size_t k = 0; k < COUNT(all); k++)
		free(all[k]->cells);
	arena_free(arena);
	if (has_rules)
		rules_deinit(&rules);
	config_deinit(&c);
	return r;
}
