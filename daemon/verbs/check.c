// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "common/clock.h"
#include "daemon/source/cause.h"
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
	int status; /* the worst that was found */
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
	if (mark == MARK_FAIL && c->status == STATUS_OK)
		c->status = STATUS_FAULTS;
}

/* A service that is away or refuses us. Of several such faults the one that needs a hand counts. */
static void say_fault(struct check *c, const char *what, int code, const struct error *err)
{
	int status = status_of(code);
	say(c, MARK_FAIL, what, "%s", err->text);
	c->status = c->status > status ? c->status : status;
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
	if (!c->rules.rulesets.forbidden.names.n)
		say(c, MARK_FAIL, "personal data", "no ruleset lists forbidden_fields: personal data would be let through");
}

/* A broker older than Kafka 4 does not mind. */
static void check_library(struct check *c)
{
	bool trap = cause_scram_trap(source_mechanism(c->config), source_library_number());
	say(c, trap ? MARK_WARN : MARK_OK, "librdkafka", "%s%s", source_library_version(),
	    trap ? ": SCRAM fails against Kafka 4 before librdkafka 2.6.1 (\"invalid credentials\" though they are right): use SASL/PLAIN over TLS or mutual TLS" : "");
}

static bool kafka_property_is(const struct config *c, const char *name, const char *value)
{
	const char *set = config_kafka(c, name);
	return set && !strcasecmp(set, value);
}

static bool is_local(const char *host)
{
	size_t n = strcspn(host, ":, \t");
	return (n == 9 && !strncmp(host, "localhost", n)) || !strncmp(host, "127.", 4) || !strncmp(host, "[::1]", 5);
}

/* Whether all brokers named are on this machine. */
static bool brokers_are_local(const struct config *c)
{
	const char *p = config_kafka(c, "bootstrap.servers"), *scheme;
	if (!p)
		p = config_kafka(c, "metadata.broker.list");
	for (p = p ? p : ""; *(p += strspn(p, ", \t")); p += strcspn(p, ",")) {
		scheme = memmem(p, strcspn(p, ","), "://", 3);
		if (!is_local(scheme ? scheme + 3 : p))
			return false;
	}
	return true;
}

/* How records and passwords go over the wire to Kafka, as far as the settings tell. */
static void check_kafka_link(struct check *c)
{
	const struct config *k = c->config;
	bool sasl = kafka_property_is(k, "security.protocol", "sasl_ssl") || kafka_property_is(k, "security.protocol", "sasl_plaintext");
	bool tls = kafka_property_is(k, "security.protocol", "sasl_ssl") || kafka_property_is(k, "security.protocol", "ssl");
	bool blind = kafka_property_is(k, "enable.ssl.certificate.verification", "false") || kafka_property_is(k, "ssl.endpoint.identification.algorithm", "none");
	const char *who = sasl ? ", login by SASL" : config_kafka(k, "ssl.certificate.location") || config_kafka(k, "ssl.keystore.location") ? ", login by certificate" : ", no login";
	if (tls && blind)
		say(c, MARK_WARN, "kafka", "TLS, but whoever answers is believed: leave enable.ssl.certificate.verification and ssl.endpoint.identification.algorithm at their defaults");
	else if (tls)
		say(c, MARK_OK, "kafka", "TLS, certificate and host name are verified%s", who);
	else if (brokers_are_local(k))
		say(c, MARK_OK, "kafka", "not encrypted, within this machine%s", sasl ? who : "");
	else
		say(c, MARK_WARN, "kafka", "not encrypted: records%s can be read and changed on the way; set kafka.security.protocol to SASL_SSL or SSL", sasl ? " and the password" : "");
}

static void check_secrets(struct check *c)
{
	struct text warning;
	for (size_t at = 0; config_warning(c->config, &at, &warning);)
		say(c, MARK_WARN, "secrets", "%.*s", TEXT_ARG(warning));
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
	check_secrets(c);
	check_library(c);
	check_kafka_link(c);
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

static void check_postgres_link(struct check *c, struct store *s)
{
	static const struct {
		enum mark mark;
		const char *text;
	} links[] = {
		[STORE_LINK_LOCAL] = {MARK_OK, "within this machine"},
		[STORE_LINK_PLAIN] = {MARK_WARN, "not encrypted: figures can be read and changed on the way; set sslmode=verify-full and sslrootcert in postgres.conninfo"},
		[STORE_LINK_UNVERIFIED] = {MARK_WARN, "TLS, but whoever answers is believed: set sslmode=verify-full and sslrootcert in postgres.conninfo"},
		[STORE_LINK_VERIFIED] = {MARK_OK, "TLS, certificate and host name are verified"},
	};
	enum store_link link = store_link(s);
	say(c, links[link].mark, "postgres", "%s", links[link].text);
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
		say_fault(c, "postgres", r, &err);
	} else {
		check_postgres_link(c, s);
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
		say_fault(c, "kafka", r, &err);
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
	return c->status;
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
