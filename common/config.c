// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/config.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/secret.h"

extern char **environ;

#define DEFAULT_PATH "/etc/rekapd/rekapd.conf"
#define FILE_MAX (1 << 20)

/* --- the table ------------------------------------------------------------------------------------------------------------------------------- */

enum key_type { STRING, INTEGER, BOOL, DAY, LEVEL };

/*
 * section, name (also of the member of struct config), type, least, most, secret, reloadable, range, default, help. A STRING has no numbers to be between; 1 as
 * its least means that it must not be empty.
 */
#define KEYS(KEY)                                                                                                                                              \
	KEY("postgres", conninfo, STRING, 0, 0, true, false, "a libpq connection string or URI", "",                                                           \
	    "How to reach the database. Empty: libpq's environment (PGHOST, PGSERVICE, PGPASSFILE, …). With a secret in it: conninfo_file = PATH.")                                                       \
	KEY("rekapd", topics, STRING, 1, 0, false, false, "names separated by commas; one that starts with ^ is a regular expression",                         \
	    "opd.complaint,opd.survey,opd.service,opd.performance,opd.budget,opd.assessment,opd.integrity", "What is consumed.")                               \
	KEY("rekapd", timezone, STRING, 1, 0, false, false, "a name of the system's zone database", "Asia/Jakarta", "Where days begin and end.")               \
	KEY("rekapd", ruleset, STRING, 0, 0, false, false, "paths separated by commas", "", "The ruleset files. Empty: the built-in rekap-2024.")              \
	KEY("rekapd", calendar, STRING, 0, 0, false, false, "a path", "", "The working-day calendar. Empty: the built-in one.")                                \
	KEY("rekapd", collective_leave, BOOL, 0, 1, false, false, "on or off", "on", "Whether collective leave (cuti bersama) are no working days.")           \
	KEY("rekapd", as_of, DAY, 0, 0, false, false, "a date YYYY-MM-DD or empty", "",                                                                        \
	    "Until which day deadlines and stocks are counted. Empty: today in the zone.")                                                                     \
	KEY("rekapd", batch_events, INTEGER, 1, 1000000, false, false, "1 to 1000000", "250000", "A batch holds at most so many events.")                      \
	KEY("rekapd", batch_bytes, INTEGER, 1 << 20, 1 << 30, false, false, "1048576 to 1073741824", "100663296",                                               \
	    "A batch holds at most so many bytes; two batches are in memory.")                                                                                 \
	KEY("rekapd", batch_ms, INTEGER, 0, 60000, false, false, "0 to 60000", "5",                                                                            \
	    "While the store is idle, a batch waits so many milliseconds for more records before it is committed.")                                            \
	KEY("rekapd", suppression_threshold, INTEGER, 0, 1000, false, false, "0 to 1000", "5",                                                                 \
	    "Published figures on fewer cases are suppressed. 0: none are.")                                                                                   \
	KEY("rekapd", core_dumps, BOOL, 0, 1, false, false, "on or off", "off",                                                                                \
	    "Whether a crash may leave a core dump, and a debugger look in: both show records as they came, personal data included.")                          \
	KEY("rekapd", log_level, LEVEL, 0, 0, false, true, "error, warning, notice, info or debug", "info", "What is logged.")

#define NUMBER(section, name, type, min, max, secret, reloadable, range, value, help) NUMBER_##name,
enum { KEYS(NUMBER) N_KEYS };

/* What people read of a key. */
struct doc {
	const char *section, *name, *range, *value; /* value: the default as text */
	bool secret, reloadable;
	const char *help;
};

#define DOC(section, name, type, min, max, secret, reloadable, range, value, help) {section, #name, range, value, secret, reloadable, help},
static const struct doc docs[] = {KEYS(DOC)};

struct key {
	const struct doc *doc;
	enum key_type type;
	size_t offset; /* of the value in struct config */
	int64_t min, max;
};

#define BINDING(section, name, type, min, max, secret, reloadable, range, value, help) {&docs[NUMBER_##name], type, offsetof(struct config, name), min, max},
static const struct key keys[] = {KEYS(BINDING)};

static const struct {
	const char *name;
	enum log_level level;
} log_levels[] = {
	{"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}};

/* Properties of the Kafka client that would break exactly-once delivery, and why. */
static const struct {
	const char *name;       /* or a pattern of names */
	const char *allowed[2]; /* what the value, or each part of a list, must be; none: nothing will do */
	const char *why;
} refused[] = {
	{"enable.auto.commit", {"false", NULL}, "offsets are kept in PostgreSQL, in the transaction of the figures"},
	{"enable.auto.offset.store", {"false", NULL}, "offsets are kept in PostgreSQL, in the transaction of the figures"},
	{"auto.offset.reset", {"earliest", "error"}, "a jump over records would lose them unseen"},
	{"partition.assignment.strategy", {"range", "roundrobin"}, "partitions are taken over as a whole, under a new epoch"},
	{"isolation.level", {"read_committed", NULL}, "records of aborted transactions must not count"},
	{"group.protocol", {"classic", NULL}, "partitions are taken over as a whole, under a new epoch"},
	{"enable.partition.eof", {NULL}, "it is how the daemon knows that it has drained a partition"},
	{"test.mock.*", {NULL}, "it replaces the broker by a toy"},
	{"*_cb", {NULL}, "it is no setting but a function of the program"},
};

/* --- setting one value ----------------------------------------------------------------------------------------------------------------------- */

/* A setting as it was found: where stands in messages. */
struct setting {
	const char *section, *name;
	char *value;
	const char *where;
	const char *open; /* who else can read it there, and what to do; NULL: nobody */
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
	return error_set(err, -EINVAL, "%s: %s.%s: must be %s", s->where, k->doc->section, k->doc->name, k->doc->range);
}

static int set_string(const struct key *k, const struct setting *s, char **slot, struct error *err)
{
	return k->min && !*s->value ? range_error(k, s, err) : replace(slot, s->value, err);
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
	for (size_t i = 0; i < COUNT(words); i++)
		if (!strcmp(s->value, words[i])) {
			*slot = i % 2;
			return 0;
		}
	return range_error(k, s, err);
}

static int set_level(const struct key *k, const struct setting *s, int64_t *slot, struct error *err)
{
	for (size_t i = 0; i < COUNT(log_levels); i++)
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
	case STRING:
		r = set_string(k, s, (char **)(void *)slot, err);
		break;
	case INTEGER:
		r = set_integer(k, s, (int64_t *)(void *)slot, err);
		break;
	case BOOL:
		r = set_bool(k, s, (bool *)(void *)slot, err);
		break;
	case DAY:
		r = set_day(k, s, (day_number *)(void *)slot, err);
		break;
	case LEVEL:
		r = set_level(k, s, (int64_t *)(void *)slot, err);
		break;
	}
	return r < 0 ? r : replace(&c->origins[i], s->where, err);
}

/* Whether every part of the value, between commas and blanks, is one of the two; an empty value has none that is. */
static bool all_allowed(const char *value, const char *const allowed[2])
{
	size_t parts = 0;
	for (const char *p = value + strspn(value, ", \t"); *p; p += strspn(p, ", \t"), parts++) {
		struct text part = {p, strcspn(p, ", \t")};
		p += part.n;
		if (!(allowed[0] && text_is(part, allowed[0])) && !(allowed[1] && text_is(part, allowed[1])))
			return false;
	}
	return parts > 0;
}

/* Keys that only the library opens are no less secret. */
static int check_key_file(const struct setting *s, struct error *err)
{
	static const char *const names[] = {"ssl.key.location", "ssl.keystore.location"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (!strcmp(s->name, names[i]) && file_check_secret(s->value, false, err) < 0)
			return error_prefix(err, -EINVAL, "%s: kafka.%s", s->where, s->name);
	return 0;
}

static int check_kafka(const struct setting *s, struct error *err)
{
	if (!*s->name || s->name[strspn(s->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return error_set(err, -EINVAL, "%s: kafka.%.64s: a property's name has only letters, digits, '.', '_' and '-'", s->where, s->name);
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *const *allowed = refused[i].allowed;
		if (fnmatch(refused[i].name, s->name, 0) != 0 || all_allowed(s->value, allowed))
			continue;
		return error_set(err, -EINVAL, "%s: kafka.%s: refused: %s; must be %s%s%s", s->where, s->name, refused[i].why,
				 allowed[0] ? allowed[0] : "left out", allowed[1] ? " or " : "", allowed[1] ? allowed[1] : "");
	}
	return check_key_file(s, err);
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
		size_t d = distance(s->name, keys[i].doc->name);
		if (d < least) {
			least = d;
			nearest = &keys[i];
		}
	}
	if (!nearest)
		nearest = &keys[0];
	return error_set(err, -EINVAL, "%s: unknown key %.64s.%.64s; did you mean %s.%s?", s->where, s->section, s->name, nearest->doc->section,
			 nearest->doc->name);
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
	return !strcmp(s->section, "kafka") ? secret_property(name) : !strcmp(s->section, "postgres") && !strcmp(name, "conninfo");
}

static int set(struct config *c, const struct setting *s, struct error *err);

/* The file's content less its last line break; a relative path lies among the service's credentials where there are such. */
static int set_from_file(struct config *c, const struct setting *s, size_t name_length, struct error *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[1024], name[128];
	struct buffer content = {0};
	bool relative = *s->value != '/' && folder;
	size_t above = folder ? strlen(folder) : 0;
	bool credential = relative || (folder && !strncmp(s->value, folder, above) && s->value[above] == '/');
	if ((size_t)snprintf(path, sizeof path, "%s%s%s", relative ? folder : "", relative ? "/" : "", s->value) >= sizeof path)
		return error_set(err, -EINVAL, "%s: %s.%s: the path is too long", s->where, s->section, s->name);
	snprintf(name, sizeof name, "%.*s", (int)name_length, s->name);
	int r = file_read_secret(path, FILE_MAX, credential, &content, err);
	if (r < 0)
		error_prefix(err, r, "%s: %s.%s", s->where, s->section, s->name);
	while (content.n && (content.p[content.n - 1] == '\n' || content.p[content.n - 1] == '\r'))
		content.n--;
	const char *value = r < 0 ? NULL : buffer_cstr(&content);
	if (r >= 0 && !value)
		r = no_memory(err);
	if (r >= 0) {
		struct setting inner = {s->section, name, (char *)(uintptr_t)value, s->where, NULL};
		r = set(c, &inner, err);
	}
	buffer_deinit(&content);
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

static bool holds_secret(const struct setting *s)
{
	if (!strcmp(s->section, "kafka"))
		return secret_property(s->name);
	return !strcmp(s->section, "postgres") && !strcmp(s->name, "conninfo") && secret_in_conninfo(s->value);
}

static int set(struct config *c, const struct setting *s, struct error *err)
{
	size_t n;
	if (names_secret_file(s, &n))
		return set_from_file(c, s, n, err);
	if (s->open && holds_secret(s))
		buffer_printf(&c->warnings, "%s: %s.%s: %s\n", s->where, s->section, s->name, s->open);
	if (!strcmp(s->section, "kafka"))
		return set_kafka(c, s, err);
	for (size_t i = 0; i < N_KEYS; i++)
		if (!strcmp(s->section, keys[i].doc->section) && !strcmp(s->name, keys[i].doc->name))
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

static int read_line(struct config *c, char *line, char *section, size_t size, const char *where, const char *open, struct error *err)
{
	line = trim(line);
	size_t n = strlen(line);
	if (!n || *line == '#' || *line == ';')
		return 0;
	if (*line == '[') {
		if (line[n - 1] != ']')
			return error_set(err, -EINVAL, "%s: a section's line must end with ]", where);
		snprintf(section, size, "%.*s", (int)n - 2, line + 1);
		struct setting s = {section, "", NULL, where, NULL};
		bool known = !strcmp(section, "kafka") || !strcmp(section, "postgres") || !strcmp(section, "rekapd");
		return known ? 0 : unknown_section(&s, err);
	}
	char *equals = strchr(line, '=');
	if (!equals || equals == line)
		return error_set(err, -EINVAL, "%s: must be KEY = VALUE, [SECTION], or a comment that starts with #", where);
	if (!*section)
		return error_set(err, -EINVAL, "%s: stands before any section; begin with [kafka], [postgres] or [rekapd]", where);
	*equals = 0;
	struct setting s = {section, trim(line), unquote(trim(equals + 1)), where, open};
	return set(c, &s, err);
}

static int read_lines(struct config *c, const char *path, char *text, struct error *err)
{
	char section[64] = "", where[1200];
	unsigned number = 1;
	bool others = file_check_secret(path, false, NULL) < 0;
	const char *open = others ? "a secret in a file to which others have access: chmod 640 and chown it to root, or keep the secret in a file of its own" : NULL;
	for (char *line = text, *next; line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		snprintf(where, sizeof where, "%s:%u", path, number);
		int r = read_line(c, line, section, sizeof section, where, open, err);
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

static int is_conf(const struct dirent *e)
{
	return e->d_name[0] != '.' && !fnmatch("*.conf", e->d_name, 0);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* bytewise: the same in every locale */
}

static int read_folder(struct config *c, const char *path, struct error *err)
{
	struct buffer file = {0};
	struct dirent **found;
	buffer_printf(&file, "%s.d/", path);
	size_t folder = file.n;
	const char *name = buffer_cstr(&file);
	int n = name ? scandir(name, &found, is_conf, by_name) : -1, r = 0;
	if (!name || (n < 0 && errno == ENOMEM))
		r = no_memory(err);
	else if (n < 0 && errno != ENOENT)
		r = error_set(err, -errno, "%s: cannot be read: %s", name, strerror(errno));
	for (int i = 0; i < n; i++) {
		file.n = folder;
		buffer_puts(&file, found[i]->d_name);
		free(found[i]);
		name = buffer_cstr(&file);
		if (r >= 0)
			r = name ? read_file(c, name, err) : no_memory(err);
	}
	if (n >= 0)
		free(found);
	buffer_deinit(&file);
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
		struct setting s = {names[i], name, (char *)(uintptr_t)(equals + 1), where, NULL};
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
	struct setting s = {section, name, (char *)(uintptr_t)(equals + 1), where, "a secret on the command line shows in the list of processes: keep it in a file of its own"};
	return set(c, &s, err);
}

static int set_defaults(struct config *c, struct error *err)
{
	int r = 0;
	for (size_t i = 0; i < N_KEYS && r >= 0; i++) {
		struct setting s = {keys[i].doc->section, keys[i].doc->name, (char *)(uintptr_t)keys[i].doc->value, "default", NULL};
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
	if (r >= 0 && c->warnings.failed)
		r = no_memory(err);
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
		if (keys[i].type == STRING)
			free(*(char **)(void *)((char *)c + keys[i].offset));
	}
	free(c->origins);
	buffer_deinit(&c->warnings);
	*c = (struct config){0};
}

bool config_warning(const struct config *c, size_t *at, struct text *ret)
{
	if (*at >= c->warnings.n)
		return false;
	const char *line = c->warnings.p + *at, *end = memchr(line, '\n', c->warnings.n - *at);
	*ret = (struct text){line, (size_t)(end - line)};
	*at += ret->n + 1;
	return true;
}

const char *config_kafka(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_kafka; i++)
		if (!strcmp(c->kafka[i].name, name))
			return c->kafka[i].value;
	return NULL;
}

/* --- printing -------------------------------------------------------------------------------------------------------------------------------- */

/* As the file's reader takes it: in quotes where it would trim it or take quotes off; a line break, which no file can give, in letters. */
static void print_string(const char *s, FILE *out)
{
	static const char blanks[] = " \t\r\"";
	size_t n = strlen(s);
	bool quoted = n && (strchr(blanks, s[0]) || strchr(blanks, s[n - 1]));
	fputs(quoted ? "\"" : "", out);
	for (; *s; s++)
		if (*s == '\n')
			fputs("\\n", out);
		else
			fputc(*s, out);
	fputs(quoted ? "\"" : "", out);
}

static void print_conninfo(const char *s, FILE *out)
{
	char *shown = NULL;
	size_t n;
	FILE *memory = open_memstream(&shown, &n);
	if (memory)
		secret_print_conninfo(s, memory);
	print_string(memory && fclose(memory) == 0 ? shown : SECRET_HIDDEN, out);
	free(shown);
}

static void print_value(const struct config *c, const struct key *k, FILE *out)
{
	const char *slot = (const char *)c + k->offset;
	char date[DATE_TEXT_SIZE] = "";
	switch (k->type) {
	case STRING:
		if (k->doc->secret)
			print_conninfo(*(char *const *)(const void *)slot, out);
		else
			print_string(*(char *const *)(const void *)slot, out);
		break;
	case INTEGER:
		fprintf(out, "%" PRId64, *(const int64_t *)(const void *)slot);
		break;
	case BOOL:
		fputs(*(const bool *)slot ? "on" : "off", out);
		break;
	case DAY:
		if (*(const day_number *)(const void *)slot != DAY_NONE)
			date_format(*(const day_number *)(const void *)slot, date);
		fputs(date, out);
		break;
	case LEVEL:
		for (size_t i = 0; i < COUNT(log_levels); i++)
			if (log_levels[i].level == (enum log_level) * (const int64_t *)(const void *)slot)
				fputs(log_levels[i].name, out);
		break;
	}
}

void config_print(const struct config *c, FILE *out)
{
	fputs("[kafka]\n", out);
	for (size_t i = 0; i < c->n_kafka; i++) {
		const struct config_property *p = &c->kafka[i];
		fprintf(out, "# %s\n%s = ", p->origin, p->name);
		print_string(secret_property(p->name) ? SECRET_HIDDEN : p->value, out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < N_KEYS; i++) {
		if (!i || strcmp(docs[i].section, docs[i - 1].section) != 0)
			fprintf(out, "\n[%s]\n", docs[i].section);
		fprintf(out, "# %s\n%s = ", c->origins[i], docs[i].name);
		print_value(c, &keys[i], out);
		fputc('\n', out);
	}
}

void config_sample(FILE *out)
{
	fputs("# rekapd.conf: every key with its default. A # before a key leaves the default in force.\n\n"
	      "[kafka]\n# Any property of librdkafka, as its documentation names it. A secret belongs into a file that nobody else can read: sasl.password.file = PATH\n"
	      "#bootstrap.servers = localhost:9092\n#group.id = rekapd\n",
	      out);
	for (size_t i = 0; i < N_KEYS; i++) {
		const struct doc *k = &docs[i];
		if (!i || strcmp(k->section, docs[i - 1].section) != 0)
			fprintf(out, "\n[%s]\n", k->section);
		fprintf(out, "# %s\n# %s%s\n#%s = %s\n", k->help, k->range, k->reloadable ? "; SIGHUP reloads it" : "", k->name, k->value);
	}
}
