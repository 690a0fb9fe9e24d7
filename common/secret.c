// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/secret.h"

#include <fnmatch.h>
#include <string.h>

#include "common/text.h"

bool secret_property(const char *name)
{
	static const char *const patterns[] = {"*password*", "*secret*", "*passphrase*", "*key.pem", "*jaas.config"};
	for (size_t i = 0; i < COUNT(patterns); i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return false;
}

#define BLANKS " \t\r\n\f\v"

/* In a URI a name may be disguised by percent signs. */
static bool is_conninfo_secret(const char *name, size_t n)
{
	static const char *const parts[] = {"password", "secret", "scram_", "%"};
	for (size_t i = 0; i < COUNT(parts); i++)
		if (memmem(name, n, parts[i], strlen(parts[i])))
			return true;
	return false;
}

/* The end of a value as libpq reads it: in quotes or up to a blank, a backslash before what would end it. */
static const char *end_of_value(const char *v)
{
	bool quoted = *v == '\'';
	for (v += quoted; *v && (quoted ? *v != '\'' : !strchr(BLANKS, *v)); v++)
		v += *v == '\\' && v[1];
	return v + (quoted && *v);
}

/* Where the connection string goes, with what is secret hidden. */
struct sink {
	FILE *out; /* NULL: nowhere */
	bool hid;
};

static void show(struct sink *to, const char *s, size_t n)
{
	if (to->out)
		fwrite(s, 1, n, to->out);
}

static void hide(struct sink *to)
{
	to->hid = true;
	show(to, SECRET_HIDDEN, strlen(SECRET_HIDDEN));
}

/* name = value …; what follows a mistake is hidden, since it may be part of a password. */
static void pass_pairs(const char *s, struct sink *to)
{
	for (size_t gap = 0; *(s += strspn(s, BLANKS)); gap = 1) {
		size_t n = strcspn(s, "=" BLANKS);
		const char *equals = s + n + strspn(s + n, BLANKS);
		show(to, " ", gap);
		if (*equals != '=') {
			hide(to);
			return;
		}
		const char *value = equals + 1 + strspn(equals + 1, BLANKS), *end = end_of_value(value);
		show(to, s, n);
		show(to, "=", 1);
		if (is_conninfo_secret(s, n))
			hide(to);
		else
			show(to, value, (size_t)(end - value));
		s = end;
	}
}

/* ?name=value&…; what has no name is hidden, since it may be part of a password. */
static void pass_parameters(const char *s, struct sink *to)
{
	while (*s) {
		size_t n = 1 + strcspn(s + 1, "=&"), end = 1 + strcspn(s + 1, "&");
		bool nameless = n == end, secret = nameless || is_conninfo_secret(s, n);
		show(to, s, nameless ? 1 : secret ? n + 1 : end);
		if (secret)
			hide(to);
		s += end;
	}
}

/* The last @ ends the password, even of one that should have had its own @ written as %40. */
static void pass_uri(const char *s, struct sink *to)
{
	const char *authority = strstr(s, "://") + 3, *at = strrchr(authority, '@');
	const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	if (colon) {
		show(to, s, (size_t)(colon + 1 - s));
		hide(to);
		s = at;
	}
	size_t n = strcspn(s, "?");
	show(to, s, n);
	pass_parameters(s + n, to);
}

static bool pass(const char *s, FILE *out)
{
	struct sink to = {out, false};
	bool uri = !strncmp(s, "postgresql://", 13) || !strncmp(s, "postgres://", 11);
	(uri ? pass_uri : pass_pairs)(s, &to);
	return to.hid;
}

void secret_print_conninfo(const char *s, FILE *out)
{
	pass(s, out);
}

bool secret_in_conninfo(const char *s)
{
	return pass(s, NULL);
}
