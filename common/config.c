// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/config.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

extern char **environ;

#define DEFAULT_PATH "/etc/rekapd/rekapd.conf"
#define FILE_MAX (1 << 20)

/* --- the table ------------------------------------------------------------------------------------------------------------------------------- */

enum key_type { KEY_STRING, KEY_INTEGER, KEY_BOOL, KEY_DAY, KEY_LEVEL };

struct key {
	struct config_key doc;
	enum key_type type;
	size_t offset; /* of the value in struct config */
	int64_t min, max;
};

#define IN(member) offsetof(struct config, member)

static const struct key keys[] = {
	{{"postgres", "conninfo", "a libpq connection string or URI", "", true, false,
	  "How to reach the database. Empty: libpq's environment (PGHOST, PGSERVICE, PGPASSFILE, …)."}, KEY_STRING, IN(conninfo), 0, 0},
	{{"rekapd", "topics", "names separated by commas; one that starts with ^ is a regular expression",
	  "opd.complaint,opd.survey,opd.service,opd.performance,opd.budget,opd.assessment,opd.integrity", false, false, "What is consumed."}, KEY_STRING, IN(topics), 0, 0},
	{{"rekapd", "timezone", "a name of the system's zone database", "Asia/Jakarta", false, false, "Where days begin and end."}, KEY_STRING, IN(timezone), 0, 0},
	{{"rekapd", "ruleset", "paths separated by commas", "", false, false, "The ruleset files. Empty: the built-in rekap-2024."}, KEY_STRING, IN(ruleset), 0, 0},
	{{"rekapd", "calendar", "a path", "", false, false, "The working-day calendar. Empty: the built-in one."}, KEY_STRING, IN(calendar), 0, 0},
	{{"rekapd", "collective_leave", "on or off", "on", false, false, "Whether collective leave (cuti bersama) are no working days."}, KEY_BOOL, IN(collective_leave), 0, 0},
	{{"rekapd", "as_of", "a date YYYY-MM-DD or empty", "", false, false, "Until which day deadlines and stocks are counted. Empty: today in the zone."}, KEY_DAY, IN(as_of), 0, 0},
	{{"rekapd", "batch_events", "1 to 1000000", "100000", false, false, "A batch holds at most so many events."}, KEY_INTEGER, IN(batch_events), 1, 1000000},
	{{"rekapd", "batch_bytes", "1048576 to 1073741824", "67108864", false, false, "A batch holds at most so many bytes; two batches are in memory."}, KEY_INTEGER,
	 IN(batch_bytes), 1 << 20, 1 << 30},
	{{"rekapd", "batch_ms", "0 to 60000", "5", false, false,
	  "While the store is idle, a batch waits so many milliseconds for more records before it is committed."}, KEY_INTEGER, IN(batch_ms), 0, 60000},
	{{"rekapd", "suppression_threshold", "0 to 1000", "5", false, false, "Published figures on fewer cases are suppressed. 0: none are."}, KEY_INTEGER,
	 IN(suppression_threshold), 0, 1000},
	{{"rekapd", "log_level", "error, warning, notice, info or debug", "info", false, true, "What is logged."}, KEY_LEVEL, IN(log_level), 0, 0},
};
#define N_KEYS (sizeof keys / sizeof *keys)

static const struct {
	const char *name;
	enum log_level level;
} log_levels[] = {{"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}};

const struct config_key *config_keys(size_t *ret_n)
{
	static struct config_key docs[N_KEYS];
	for (size_t i = 0; i < N_KEYS; i++)
		docs[i] = keys[i].doc;
	*ret_n = N_KEYS;
	return docs;
}

/* Properties of the Kafka client that would break exactly-once delivery, and why. */
static const struct {
	const char *name;
	const char *allowed; /* values, separated by blanks; "": none */
	const char *why;
} refused[] = {
	{"enable.auto.commit", "false", "offsets are kept in PostgreSQL, in the transaction of the figures"},
	{"enable.auto.offset.store", "false", "offsets are kept in PostgreSQL, in the transaction of the figures"},
	{"auto.offset.reset", "earliest error", "a jump over records would lose them unseen"},
	{"partition.assignment.strategy", "range roundrobin range,roundrobin roundrobin,range", "partitions are taken over as a whole, under a new epoch"},
	{"isolation.level", "read_committed", "records of aborted transactions must not count"},
	{"group.protocol", "classic", "partitions are taken over as a whole, under a new epoch"},
	{"enable.partition.eof", "", "it is how the daemon knows that it has drained a partition"},
	{"test.mock.num.brokers", "", "it replaces the broker by a toy"},
};

static const char *const kafka_secrets[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.client.secret", "ssl.key.pem"};

static bool is_kafka_secret(const char *name)
{
	for (size_t i = 0; i < sizeof kafka_secrets / sizeof *kafka_secrets; i++)
		if (!strcmp(name, kafka_secrets[i]))
			return true;
	return false;
}

/* --- setting one value ----------------------------------------------------------------------------------------------------------------------- */

/* A setting as it was found: where stands in messages. */
struct setting {
	const char *section, *name;
	char *value;
	const char *where;
};

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "configuration: out of memory");
}

static int replace(char **slot, const char *value, struct error *err)
{
	char *copy = strdup(value);
	if (!copy)
		return no_memory(err);
	free(*slot);
	*slot = copy;
	return 0;
}

static int range_error(const struct key *k, const struct setting *s, struct error *err)
{
	return error_set(err, -EINVAL, "%s: %s.%s: must be %s", s->where, k->doc.section, k->doc.name, k->doc.range);
}

static int set_integer(const struct key *k, const struct setting *s, int64_t *slot, struct error *err)
{
	char *end;
	errno = 0;
	int64_t v = strtoll(s->value, &end, 10);
	if (errno || end == s->value || *end || v < k->min || v > k->max)
		return range_error(k, s, err);
	*slot = v;
	return 0;
}

static int set_bool(const struct key *k, const struct setting *s, bool *slot, struct error *err)
{
	static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(s->value, words[i])) {
			*slot = i % 2;
			return 0;
		}
	return range_error(k, s, err);
}

static int set_level(const struct key *k, const struct setting *s, int64_t *slot, struct error *err)
{
	for (size_t i = 0; i < sizeof log_levels / sizeof *log_levels; i++)
		if (!strcmp(s->value, log_levels[i].name)) {
			*slot = log_levels[i].level;
			return 0;
		}
	return range_error(k, s, err);
}

static int set_day(const struct key *k, const struct setting *s, day_number *slot, struct error *err)
{
	*slot = DAY_NONE;
	return !*s->value || date_parse(text_of(s->value), slot) == 0 ? 0 : range_error(k, s, err);
}

static int set_key(struct config *c, size_t i, const struct setting *s, struct error *err)
{
	const struct key *k = &keys[i];
	char *slot = (char *)c + k->offset;
	int r = 0;
	switch (k->type) {
	case KEY_STRING:
		r = replace((char **)(void *)slot, s->value, err);
		break;
	case KEY_INTEGER:
		r = set_integer(k, s, (int64_t *)(void *)slot, err);
		break;
	case KEY_BOOL:
		r = set_bool(k, s, (bool *)(void *)slot, err);
		break;
	case KEY_DAY:
		r = set_day(k, s, (day_number *)(void *)slot, err);
		break;
	case KEY_LEVEL:
		r = set_level(k, s, (int64_t *)(void *)slot, err);
		break;
	}
	return r < 0 ? r : replace(&c->origins[i], s->where, err);
}

static bool word_in(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; *p; p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == n && !memcmp(p, word, n))
			return true;
	return false;
}

static int check_kafka(const struct setting *s, struct error *err)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (strcmp(s->name, refused[i].name) != 0 || word_in(refused[i].allowed, s->value))
			continue;
		const char *allowed = *refused[i].allowed ? refused[i].allowed : "left out";
		return error_set(err, -EINVAL, "%s: kafka.%s: refused: %s; must be %s", s->where, s->name, refused[i].why, allowed);
	}
	return 0;
}

static int set_kafka(struct config *c, const struct setting *s, struct error *err)
{
	int r = check_kafka(s, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->n_kafka; i++)
		if (!strcmp(c->kafka[i].name, s->name)) {
			r = replace(&c->kafka[i].value, s->value, err);
			return r < 0 ? r : replace(&c->kafka[i].origin, s->where, err);
		}
	struct config_property *wider = realloc(c->kafka, (c->n_kafka + 1) * sizeof *wider);
	if (!wider)
		return no_memory(err);
	c->kafka = wider;
	c->kafka[c->n_kafka] = (struct config_property){strdup(s->name), strdup(s->value), strdup(s->where)};
	const struct config_property *p = &c->kafka[c->n_kafka++];
	return p->name && p->value && p->origin ? 0 : no_memory(err);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

#define NAME_MAX_COMPARED 64

/* Levenshtein's distance, of names that are not absurdly long. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_COMPARED + 1], n = strlen(b);
	if (n > NAME_MAX_COMPARED || strlen(a) > NAME_MAX_COMPARED)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t above = row[j + 1];
			row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[n];
}

static int unknown_key(const struct setting *s, struct error *err)
{
	const struct key *nearest = NULL;
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < N_KEYS; i++) {
		size_t d = distance(s->name, keys[i].doc.name);
		if (d < least) {
			least = d;
			nearest = &keys[i];
		}
	}
	if (!nearest)
		nearest = &keys[0];
	return error_set(err, -EINVAL, "%s: unknown key %.64s.%.64s; did you mean %s.%s?", s->where, s->section, s->name, nearest->doc.section, nearest->doc.name);
}

static int unknown_section(const struct setting *s, struct error *err)
{
	static const char *const sections[] = {"kafka", "postgres", "rekapd"};
	size_t nearest = 0;
	for (size_t i = 1; i < 3; i++)
		if (distance(s->section, sections[i]) < distance(s->section, sections[nearest]))
			nearest = i;
	return error_set(err, -EINVAL, "%s: unknown section [%.64s]; did you mean [%s]?", s->where, s->section, sections[nearest]);
}

/* The secret that "NAME.file" (kafka) or "NAME_file" (others) stands for, or NULL: the length of NAME is *ret_n. */
static bool names_secret_file(const struct setting *s, size_t *ret_n)
{
	const char *suffix = !strcmp(s->section, "kafka") ? ".file" : "_file";
	size_t n = strlen(s->name), m = strlen(suffix);
	if (n <= m || strcmp(s->name + n - m, suffix) != 0)
		return false;
	char name[128];
	*ret_n = n - m;
	snprintf(name, sizeof name, "%.*s", (int)*ret_n, s->name);
	return !strcmp(s->section, "kafka") ? is_kafka_secret(name) : !strcmp(s->section, "postgres") && !strcmp(name, "conninfo");
}

static int set(struct config *c, const struct setting *s, struct error *err);

/* The file's content less its last line break; a relative path lies among the service's credentials where there are such. */
static int set_from_file(struct config *c, const struct setting *s, size_t name_length, struct error *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[1024], name[128];
	struct buffer content = {0};
	snprintf(path, sizeof path, "%s%s%s", *s->value != '/' && folder ? folder : "", *s->value != '/' && folder ? "/" : "", s->value);
	snprintf(name, sizeof name, "%.*s", (int)name_length, s->name);
	int r = file_read(path, FILE_MAX, &content, err);
	if (r < 0)
		error_prefix(err, r, "%s: %s.%s", s->where, s->section, s->name);
	while (content.n && (content.p[content.n - 1] == '\n' || content.p[content.n - 1] == '\r'))
		content.n--;
	const char *value = r < 0 ? NULL : buffer_cstr(&content);
	if (r >= 0 && !value)
		r = no_memory(err);
	if (r >= 0) {
		struct setting inner = {s->section, name, (char *)(uintptr_t)value, s->where};
		r = set(c, &inner, err);
	}
	buffer_deinit(&content);
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

static int set(struct config *c, const struct setting *s, struct error *err)
{
	size_t n;
	if (names_secret_file(s, &n))
		return set_from_file(c, s, n, err);
	if (!strcmp(s->section, "kafka"))
		return set_kafka(c, s, err);
	for (size_t i = 0; i < N_KEYS; i++)
		if (!strcmp(s->section, keys[i].doc.section) && !strcmp(s->name, keys[i].doc.name))
			return set_key(c, i, s, err);
	bool known = !strcmp(s->section, "postgres") || !strcmp(s->section, "rekapd");
	return known ? unknown_key(s, err) : unknown_section(s, err);
}

/* --- the places they come from ---------------------------------------------------------------------------------------------------------------- */

static char *trim(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	size_t n = strlen(s);
	while (n && strchr(" \t\r", s[n - 1]))
		s[--n] = 0;
	return s;
}

static char *unquote(char *s)
{
	size_t n = strlen(s);
	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return s;
	s[n - 1] = 0;
	return s + 1;
}

static int read_line(struct config *c, char *line, char *section, size_t size, const char *where, struct error *err)
{
	line = trim(line);
	size_t n = strlen(line);
	if (!n || *line == '#' || *line == ';')
		return 0;
	if (*line == '[') {
		if (line[n - 1] != ']')
			return error_set(err, -EINVAL, "%s: a section's line must end with ]", where);
		snprintf(section, size, "%.*s", (int)n - 2, line + 1);
		struct setting s = {section, "", NULL, where};
		bool known = !strcmp(section, "kafka") || !strcmp(section, "postgres") || !strcmp(section, "rekapd");
		return known ? 0 : unknown_section(&s, err);
	}
	char *equals = strchr(line, '=');
	if (!equals || equals == line)
		return error_set(err, -EINVAL, "%s: must be KEY = VALUE, [SECTION], or a comment that starts with #", where);
	if (!*section)
		return error_set(err, -EINVAL, "%s: stands before any section; begin with [kafka], [postgres] or [rekapd]", where);
	*equals = 0;
	struct setting s = {section, trim(line), unquote(trim(equals + 1)), where};
	return set(c, &s, err);
}

static int read_lines(struct config *c, const char *path, char *text, struct error *err)
{
	char section[64] = "", where[1200];
	unsigned number = 1;
	for (char *line = text, *next; line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		snprintf(where, sizeof where, "%s:%u", path, number);
		int r = read_line(c, line, section, sizeof section, where, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_file(struct config *c, const char *path, struct error *err)
{
	struct buffer b = {0};
	int r = file_read(path, FILE_MAX, &b, err);
	if (r >= 0 && memchr(b.p ? b.p : "", 0, b.n))
		r = error_set(err, -EINVAL, "%s: holds a NUL byte: not a text file", path);
	if (r >= 0 && !buffer_cstr(&b))
		r = no_memory(err);
	if (r >= 0)
		r = read_lines(c, path, b.p, err);
	buffer_deinit(&b);
	return r;
}

static int read_folder(struct config *c, const char *path, struct error *err)
{
	char pattern[1100];
	glob_t found;
	int r = 0;
	snprintf(pattern, sizeof pattern, "%s.d/*.conf", path);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc && r >= 0; i++)
		r = read_file(c, found.gl_pathv[i], err);
	globfree(&found);
	return r;
}

/* REKAPD_KAFKA_BOOTSTRAP_SERVERS=… → kafka, bootstrap.servers. Others than the three sections are not ours. */
static int read_variable(struct config *c, const char *variable, struct error *err)
{
	static const char *const sections[] = {"KAFKA", "POSTGRES", "REKAPD"}, *const names[] = {"kafka", "postgres", "rekapd"};
	const char *equals = strchr(variable, '=');
	char name[256], where[300];
	for (size_t i = 0; i < 3; i++) {
		size_t n = (size_t)snprintf(name, sizeof name, "REKAPD_%s_", sections[i]);
		if (strncmp(variable, name, n) != 0 || !equals || equals <= variable + n)
			continue;
		snprintf(where, sizeof where, "%.*s", (int)(equals - variable), variable);
		snprintf(name, sizeof name, "%.*s", (int)(equals - variable - (ptrdiff_t)n), variable + n);
		for (char *p = name; *p; p++)
			*p = *p == '_' && i == 0 ? '.' : *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
		struct setting s = {names[i], name, (char *)(uintptr_t)(equals + 1), where};
		return set(c, &s, err);
	}
	return 0;
}

static int read_environment(struct config *c, struct error *err)
{
	int r = 0;
	for (char **v = environ; v && *v && r >= 0; v++)
		if (!strncmp(*v, "REKAPD_", 7))
			r = read_variable(c, *v, err);
	return r;
}

/* section.key=value */
static int read_set(struct config *c, const char *text, struct error *err)
{
	const char *dot = strchr(text, '.'), *equals = strchr(text, '=');
	char section[64], name[256], where[400];
	snprintf(where, sizeof where, "--set %.*s", equals ? (int)(equals - text) : (int)strlen(text), text);
	if (!dot || !equals || dot > equals || dot == text)
		return error_set(err, -EINVAL, "%s: must be --set SECTION.KEY=VALUE", where);
	snprintf(section, sizeof section, "%.*s", (int)(dot - text), text);
	snprintf(name, sizeof name, "%.*s", (int)(equals - dot - 1), dot + 1);
	struct setting s = {section, name, (char *)(uintptr_t)(equals + 1), where};
	return set(c, &s, err);
}

static int set_defaults(struct config *c, struct error *err)
{
	int r = 0;
	for (size_t i = 0; i < N_KEYS && r >= 0; i++) {
		struct setting s = {keys[i].doc.section, keys[i].doc.name, (char *)(uintptr_t)keys[i].doc.value, "default"};
		r = set_key(c, i, &s, err);
	}
	return r;
}

static int read_files(struct config *c, const char *path, struct error *err)
{
	bool given = path != NULL;
	if (!given)
		path = DEFAULT_PATH;
	int r = given || access(path, F_OK) == 0 ? read_file(c, path, err) : 0;
	return r < 0 ? r : read_folder(c, path, err);
}

int config_load(struct config *c, const char *path, const char *const *sets, size_t n_sets, struct error *err)
{
	*c = (struct config){0};
	c->origins = calloc(N_KEYS, sizeof *c->origins);
	int r = c->origins ? set_defaults(c, err) : no_memory(err);
	if (r >= 0)
		r = read_files(c, path, err);
	if (r >= 0)
		r = read_environment(c, err);
	for (size_t i = 0; i < n_sets && r >= 0; i++)
		r = read_set(c, sets[i], err);
	if (r < 0)
		config_deinit(c);
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

void config_deinit(struct config *c)
{
	for (size_t i = 0; i < c->n_kafka; i++) {
		free(c->kafka[i].name);
		free(c->kafka[i].value);
		free(c->kafka[i].origin);
	}
	free(c->kafka);
	for (size_t i = 0; i < N_KEYS; i++) {
		if (c->origins)
			free(c->origins[i]);
		if (keys[i].type == KEY_STRING)
			free(*(char **)(void *)((char *)c + keys[i].offset));
	}
	free(c->origins);
	*c = (struct config){0};
}

/* --- printing -------------------------------------------------------------------------------------------------------------------------------- */

/* A connection string without the password: of `password=…` and of a URI's user:password@. */
static void print_conninfo(const char *s, FILE *out)
{
	const char *at = strstr(s, "://") ? strchr(strstr(s, "://") + 3, '@') : NULL;
	const char *colon = at ? memchr(strstr(s, "://") + 3, ':', (size_t)(at - strstr(s, "://") - 3)) : NULL;
	if (colon) {
		fprintf(out, "%.*s:********", (int)(colon - s), s);
		s = at;
	}
	for (const char *p; (p = strstr(s, "password")); s = p) {
		const char *value = p + strlen("password");
		value += strspn(value, " ");
		if (*value != '=') {
			fprintf(out, "%.*s", (int)(value - s), s);
			p = value;
			continue;
		}
		value++;
		value += strspn(value, " ");
		fprintf(out, "%.*s********", (int)(value - s), s);
		if (*value == '\'')
			for (value++; *value && *value != '\''; value++)
				value += *value == '\\' && value[1];
		p = value + strcspn(value, " &");
	}
	fputs(s, out);
}

static void print_value(const struct config *c, const struct key *k, FILE *out)
{
	const char *slot = (const char *)c + k->offset;
	char date[DATE_TEXT_SIZE] = "";
	switch (k->type) {
	case KEY_STRING:
		if (k->doc.secret)
			print_conninfo(*(char *const *)(const void *)slot, out);
		else
			fputs(*(char *const *)(const void *)slot, out);
		break;
	case KEY_INTEGER:
		fprintf(out, "%" PRId64, *(const int64_t *)(const void *)slot);
		break;
	case KEY_BOOL:
		fputs(*(const bool *)slot ? "on" : "off", out);
		break;
	case KEY_DAY:
		if (*(const day_number *)(const void *)slot != DAY_NONE)
			date_format(*(const day_number *)(const void *)slot, date);
		fputs(date, out);
		break;
	case KEY_LEVEL:
		for (size_t i = 0; i < sizeof log_levels / sizeof *log_levels; i++)
			if (log_levels[i].level == (enum log_level) * (const int64_t *)(const void *)slot)
				fputs(log_levels[i].name, out);
		break;
	}
}

void config_print(const struct config *c, FILE *out)
{
	fputs("[kafka]\n", out);
	for (size_t i = 0; i < c->n_kafka; i++)
		fprintf(out, "%s = %s\t# %s\n", c->kafka[i].name, is_kafka_secret(c->kafka[i].name) ? "********" : c->kafka[i].value, c->kafka[i].origin);
	for (size_t i = 0; i < N_KEYS; i++) {
		if (!i || strcmp(keys[i].doc.section, keys[i - 1].doc.section) != 0)
			fprintf(out, "\n[%s]\n", keys[i].doc.section);
		fprintf(out, "%s = ", keys[i].doc.name);
		print_value(c, &keys[i], out);
		fprintf(out, "\t# %s\n", c->origins[i]);
	}
}

void config_sample(FILE *out)
{
	fputs("# rekapd.conf: every key with its default. A # before a key leaves the default in force.\n\n"
	      "[kafka]\n# Any property of librdkafka, as its documentation names it. Secrets may come from a file: sasl.password.file = PATH\n"
	      "#bootstrap.servers = localhost:9092\n#group.id = rekapd\n", out);
	for (size_t i = 0; i < N_KEYS; i++) {
		const struct config_key *k = &keys[i].doc;
		if (!i || strcmp(k->section, keys[i - 1].doc.section) != 0)
			fprintf(out, "\n[%s]\n", k->section);
		fprintf(out, "# %s\n# %s%s\n#%s = %s\n", k->help, k->range, k->reloadable ? "; SIGHUP reloads it" : "", k->name, k->value);
	}
}
