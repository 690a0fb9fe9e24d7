// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "daemon/source/source.h"
#include "daemon/verbs/verbs.h"
#include "schemas/embedded.h"

#define BROKER_MS 10000
#define ENDS_SOON 60 /* days */

struct check {
	const struct config *config;
	struct rules rules;
	bool has_rules;
	bool asked, durable; /* the server was asked; it keeps what it commits */
	struct buffer topics; /* that exist: " name name " */
	int faults;
};

/* A warning leaves the exit code alone: the daemon runs, but someone should know. */
enum mark { MARK_OK, MARK_WARN, MARK_FAIL };

static void say(struct check *c, enum mark mark, const char *what, const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(struct check *c, enum mark mark, const char *what, const char *format, ...)
{
	static const char *const words[] = {"ok", "warn", "FAIL"}, *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
	va_list ap;
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	printf("%s%-4s%s  %-14s ", colour ? colours[mark] : "", words[mark], colour ? "\033[0m" : "", what);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	c->faults += mark == MARK_FAIL;
}

static void check_calendar(struct check *c)
{
	int first, last;
	const char *name = *c->config->calendar ? c->config->calendar : "built-in";
	if (!calendar_span(c->rules.calendar, &first, &last)) {
		say(c, MARK_FAIL, "calendar", "%s: holds no day: every deadline in working days would be unknown", name);
		return;
	}
	day_number today = zone_day(c->rules.zone, clock_wall());
	const int this_year = civil_from_day(today).year;
	for (int year = first; year <= last || year <= this_year; year++)
		if (!calendar_knows(c->rules.calendar, year))
			say(c, MARK_FAIL, "calendar", "%s: has no row of %d: deadlines in working days that reach into it are unknown; add its holidays", name, year);
	bool ends_soon = day_from_civil(last, 12, 31) - today < ENDS_SOON;
	say(c, ends_soon ? MARK_WARN : MARK_OK, "calendar", "%s: years %d to %d%s", name, first, last, ends_soon ? ": ends soon or has ended; add the next year's holidays" : "");
}

static void check_rulesets(struct check *c)
{
	char from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE];
	for (size_t i = 0; i < c->rules.rulesets.n; i++) {
		const struct ruleset *r = &c->rules.rulesets.all[i];
		date_format(r->valid_from, from);
		snprintf(to, sizeof to, "open");
		if (r->valid_to != DAY_NONE)
			date_format(r->valid_to, to);
		say(c, MARK_OK, "ruleset", "%.*s: valid %s to %s, %zu deadlines, %zu indicators, %zu forbidden field names", TEXT_ARG(r->id), from, to, r->n_deadlines,
		    r->n_indicators, r->n_forbidden);
	}
	day_number today = zone_day(c->rules.zone, clock_wall());
	if (!rulesets_deadlines_on(&c->rules.rulesets, today))
		say(c, MARK_FAIL, "ruleset", "none with deadlines is valid today: entities would get no due dates; name one in rekapd.ruleset");
	if (!rulesets_indicators_on(&c->rules.rulesets, today))
		say(c, MARK_FAIL, "ruleset", "none with indicators is valid today: there would be no figures; name one in rekapd.ruleset");
	if (!c->rules.rulesets.forbidden.n)
		say(c, MARK_FAIL, "personal data", "no ruleset lists forbidden_fields: personal data would be let through");
}

static const char *kafka_property(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_kafka; i++)
		if (!strcmp(c->kafka[i].name, name))
			return c->kafka[i].value;
	return NULL;
}

/* librdkafka before 2.6.1 sends its nonce twice, which Kafka 4 takes for a wrong password. */
static void check_library(struct check *c)
{
	const char *mechanism = kafka_property(c->config, "sasl.mechanism");
	if (!mechanism)
		mechanism = kafka_property(c->config, "sasl.mechanisms");
	bool trap = mechanism && !strncmp(mechanism, "SCRAM", 5) && source_library_number() < 0x020601;
	say(c, trap ? MARK_FAIL : MARK_OK, "librdkafka", "%s%s", source_library_version(),
	    trap ? ": SCRAM fails against Kafka 4 before librdkafka 2.6.1 (\"invalid credentials\" though they are right): use SASL/PLAIN over TLS or mutual TLS" : "");
}

static void check_offline(struct check *c)
{
	struct error err = {""};
	size_t migrations = 0;
	c->has_rules = rules_load(c->config, &c->rules, &err) == 0;
	if (!c->has_rules) {
		say(c, MARK_FAIL, "rules", "%s", err.text);
	} else {
		say(c, MARK_OK, "timezone", "%s", zone_name(c->rules.zone));
		check_rulesets(c);
		check_calendar(c);
	}
	for (size_t i = 0; i < embedded_files_n; i++)
		migrations += !strncmp(embedded_files[i].path, "schemas/sql/", 12);
	say(c, migrations ? MARK_OK : MARK_FAIL, "schema", "%zu migrations built in", migrations);
	check_library(c);
}

static int keep_first(void *arg, size_t n, const struct text *cells)
{
	char *out = arg;
	if (n)
		snprintf(out, 256, "%.*s", TEXT_ARG(cells[0]));
	return 0;
}

/* What the daemon's login must be able to do, and had better not be. */
static void check_role(struct check *c, struct store *s)
{
	static const struct {
		const char *sql, *want, *what, *remedy;
		enum mark otherwise;
	} questions[] = {
		{"SELECT has_table_privilege('rekap.ingest_offset', 'SELECT, INSERT, UPDATE')::text", "true", "may write", "GRANT rekap_writer TO the daemon's login", MARK_FAIL},
		{"SELECT has_database_privilege(current_database(), 'TEMPORARY')::text", "true", "may make temporary tables",
		 "GRANT TEMPORARY ON DATABASE ... TO rekap_writer", MARK_FAIL},
		{"SELECT has_table_privilege('rekap.reject', 'DELETE')::text", "false", "cannot delete history", "let the daemon log in as a member of rekap_writer only", MARK_WARN},
		{"SELECT has_schema_privilege('rekap', 'CREATE')::text", "false", "cannot change the schema", "let the daemon log in as a member of rekap_writer only", MARK_WARN},
		{"SELECT current_setting('log_parameter_max_length')", "0", "keeps records out of the server's log", "if that logs statements, rejected records would stand in it; "
		 "as a superuser: ALTER ROLE (the daemon's login) SET log_parameter_max_length = 0", MARK_WARN},
	};
	struct error err = {""};
	for (size_t i = 0; i < COUNT(questions); i++) {
		char got[256] = "";
		if (store_query(s, questions[i].sql, keep_first, got, &err) != 0)
			say(c, MARK_FAIL, "role", "%s", err.text);
		else if (strcmp(got, questions[i].want) != 0)
			say(c, questions[i].otherwise, "role", "%s: no; %s", questions[i].what, questions[i].remedy);
		else
			say(c, MARK_OK, "role", "%s", questions[i].what);
	}
}

/* What the server promises to keep. */
static void check_durability(struct check *c, struct store *s)
{
	struct error err = {""};
	char fsync[256] = "?", commit[256] = "?";
	if (store_query(s, "SELECT current_setting('fsync')", keep_first, fsync, &err) == 0)
		store_query(s, "SELECT current_setting('synchronous_commit')", keep_first, commit, &err);
	c->durable = !strcmp(fsync, "on") && strcmp(commit, "off") != 0;
	c->asked = true;
	say(c, c->durable ? MARK_OK : MARK_WARN, "durability", "fsync = %s, synchronous_commit = %s%s", fsync, commit,
	    c->durable ? "" : ": a crash of the server may take back what it said it had committed");
}

static void check_postgres(struct check *c)
{
	struct store *s = NULL;
	struct error err = {""};
	char version[256] = "", units[256] = "";
	int r = store_new(c->config->conninfo, "check", &s, &err);
	if (r == 0)
		r = store_connect(s, &err);
	if (r == 0 && (r = store_query(s, "SELECT current_setting('server_version')", keep_first, version, &err)) == 0)
		r = store_query(s, "SELECT count(*)::text FROM rekap_store.unit", keep_first, units, &err);
	if (r) {
		say(c, MARK_FAIL, "postgres", "%s", err.text);
	} else {
		say(c, MARK_OK, "postgres", "server %s, schema at this program's version", version);
		say(c, strcmp(units, "0") ? MARK_OK : MARK_WARN, "units", "%s in the register%s", units, strcmp(units, "0") ? "" : ": load it with rekapd units FILE.csv");
		check_role(c, s);
		check_durability(c, s);
	}
	store_free(s);
}

static void tell_topic(void *arg, const char *name, int partitions)
{
	struct check *c = arg;
	say(c, MARK_OK, "topic", "%s: %d partitions", name, partitions);
	buffer_printf(&c->topics, " %s ", name);
}

/* Names of the subscription that no topic has yet: fine if that is meant. */
static void tell_missing(struct check *c)
{
	char name[256], found[260];
	for (const char *p = c->config->topics; *p;) {
		p += strspn(p, ", \t");
		size_t n = strcspn(p, ", \t");
		snprintf(name, sizeof name, "%.*s", (int)n, p);
		snprintf(found, sizeof found, " %s ", name);
		if (n && *name != '^' && !strstr(buffer_cstr(&c->topics), found))
			say(c, MARK_WARN, "topic", "%s: does not exist; it is consumed from its beginning once it does", name);
		p += n;
	}
}

static void check_kafka(struct check *c)
{
	struct error err = {""};
	buffer_puts(&c->topics, " ");
	int r = source_topics(c->config, BROKER_MS, tell_topic, c, &err);
	if (r) {
		say(c, MARK_FAIL, "kafka", "%s", err.text);
	} else if (!buffer_cstr(&c->topics)) {
		say(c, MARK_FAIL, "kafka", "out of memory");
	} else {
		say(c, MARK_OK, "kafka", "reachable");
		tell_missing(c);
	}
	buffer_deinit(&c->topics);
}

static void print_guarantee(const struct check *c)
{
	puts("\nDelivery: every accepted event counts exactly once. Entities, figures, rejects and Kafka offsets are committed in one\n"
	     "PostgreSQL transaction; where to go on is read from PostgreSQL, never from the broker.");
	if (c->asked && !c->durable)
		puts("But this server does not keep all that it commits (see durability): after its crash events may be counted anew or, with\n"
		     "Kafka's copies gone by then, be missing.");
	else
		puts("This holds as long as PostgreSQL keeps what it has committed (fsync and synchronous_commit on, also on a standby that may be\n"
		     "promoted) and Kafka keeps records until they are consumed (retention longer than any outage).");
}

static int check(struct check *c, bool offline)
{
	say(c, MARK_OK, "settings", "%zu Kafka properties; %s", c->config->n_kafka, "rekapd's own are well-formed");
	check_offline(c);
	if (!offline) {
		check_postgres(c);
		check_kafka(c);
	}
	print_guarantee(c);
	if (c->has_rules)
		rules_deinit(&c->rules);
	return c->faults ? STATUS_FAULTS : STATUS_OK;
}

int verb_check(const struct verb *v, int argc, char **argv)
{
	bool offline = false;
	const struct option_spec options[] = {{"offline", &offline, NULL}, {0}};
	struct invocation i;
	struct config c;
	int r = invocation_read(v, argc, argv, options, &i);
	if (r >= 0 || (r = no_operands(v, &i)) >= 0)
		return r;
	if ((r = load_config(&i, &c)) != 0)
		return r;
	struct check state = {.config = &c};
	r = check(&state, offline);
	config_deinit(&c);
	return r;
}
