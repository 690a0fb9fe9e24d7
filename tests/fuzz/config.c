// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * A configuration: a file, and behind a NUL each, variables of the environment (REKAPD_…) and values of --set. It is refused with a message, or what is
 * printed of it is read as the same again. A secret stands in neither: the word hunter2, where it is the value of one.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/config.h"
#include "fuzz.h"

extern char **environ;

#define MANY 16
#define SECRET "hunter2"

/* The place of the file, which lies in memory. */
static const char *file_of(struct text t)
{
	static int fd = -1;
	static char path[64];
	if (fd < 0)
		fd = memfd_create("rekapd.conf", MFD_CLOEXEC);
	HOLDS(fd >= 0 && ftruncate(fd, 0) == 0 && (!t.n || pwrite(fd, t.p, t.n, 0) == (ssize_t)t.n));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return path;
}

struct sources {
	struct buffer bytes;
	char *environment[MANY + 1];
	const char *sets[MANY];
	size_t n_environment, n_sets;
};

static int load(struct config *c, struct text file, struct sources *s, struct error *err)
{
	char **before = environ;
	environ = s->environment;
	*err = (struct error){""};
	int r = config_load(c, file_of(file), s->sets, s->n_sets, err);
	environ = before;
	HOLDS(r == 0 || r == -EINVAL, "%d", r);
	HOLDS((r == 0) == !*err->text);
	return r;
}

static char *print(const struct config *c)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	HOLDS(out != NULL);
	config_print(c, out);
	HOLDS(fclose(out) == 0 && strlen(text) == n);
	return text;
}

/* Comments aside, which tell where a value came from. */
static void check_same(const char *a, const char *b)
{
	while (*a || *b) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
		HOLDS((*a == '#' && *b == '#') || (n == m && !memcmp(a, b, n)), "%.*s is now %.*s", (int)n, a, (int)m, b);
		a += n + (a[n] == '\n');
		b += m + (b[m] == '\n');
	}
}

static bool has(const char *s)
{
	return strstr(s, SECRET) != NULL;
}

/* Whether the word stands where everyone may see it. */
static bool told(const struct config *c)
{
	static const char *const secrets[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.client.secret", "ssl.key.pem"};
	bool told = has(c->conninfo) || has(c->topics) || has(c->timezone) || has(c->ruleset) || has(c->calendar); /* conninfo has a target of its own */
	for (size_t i = 0; i < c->n_kafka; i++) {
		bool secret = false;
		for (size_t k = 0; k < COUNT(secrets); k++)
			secret = secret || !strcmp(c->kafka[i].name, secrets[k]);
		told = told || has(c->kafka[i].name) || has(c->kafka[i].origin) || (!secret && has(c->kafka[i].value));
	}
	return told;
}

static void check_printed(const struct config *c)
{
	struct config again;
	struct sources none = {0};
	struct error err;
	char *one = print(c);
	HOLDS(told(c) || !has(one), "%s", one);
	HOLDS(load(&again, text_of(one), &none, &err) == 0, "%s in\n%s", err.text, one);
	char *two = print(&again);
	check_same(one, two);
	config_deinit(&again);
	free(one);
	free(two);
}

/* Every time it stands there, it is behind a sign that makes it a value; names, also of sections, may be told. */
static bool only_values(struct text t)
{
	for (struct text piece; (piece = take_until(&t, 0)).p;)
		for (struct text line; (line = take_until(&piece, '\n')).p;) {
			const char *word = memmem(line.p, line.n, SECRET, strlen(SECRET)), *equals = line.n ? memchr(line.p, '=', line.n) : NULL;
			if (word && (!equals || equals > word || memchr(line.p, '[', (size_t)(word - line.p))))
				return false;
		}
	return true;
}

static void take_sources(struct sources *s, struct text input)
{
	buffer_text(&s->bytes, input);
	HOLDS(buffer_cstr(&s->bytes));
	struct text rest = buffer_view(&s->bytes);
	for (struct text piece; (piece = take_until(&rest, 0)).p;) {
		char *string = s->bytes.p + (piece.p - s->bytes.p);
		if (!strncmp(string, "REKAPD_", 7) && s->n_environment < MANY)
			s->environment[s->n_environment++] = string;
		else if (s->n_sets < MANY)
			s->sets[s->n_sets++] = string;
	}
}

void target(struct text input)
{
	struct sources s = {0};
	struct config c;
	struct error err;
	/* Files that settings name are not looked at here: no fuzzer shall read whatever this machine holds. */
	if (memmem(input.p, input.n, "file", 4) || memmem(input.p, input.n, "location", 8))
		return;
	bool quiet = only_values(input);
	struct text file = take_until(&input, 0);
	if (input.p)
		take_sources(&s, input);
	if (load(&c, file, &s, &err) == 0) {
		check_printed(&c);
		config_deinit(&c);
	} else {
		HOLDS(!quiet || !has(err.text), "%s", err.text);
	}
	buffer_deinit(&s.bytes);
}
