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

/* A value that holds a secret's name and an equals sign is a string that went wrong before: a quote that is not closed, a URI that does not begin like one. */
static bool holds_secret(const char *value, size_t n)
{
	return memchr(value, '=', n) && is_conninfo_secret(value, n);
}

static void show_unless_secret(struct sink *to, const char *s, size_t n)
{
	if (holds_secret(s, n))
		hide(to);
	else
		show(to, s, n);
}

/* name = value …; what follows a mistake is hidden, since it may be part of a password. */
static void pass_pairs(const char *s, struct sink *to)
{
	for (size_t gap = 0; *(s += strspn(s, BLANKS)); gap = 1) {
		size_t n = strcspn(s, "=" BLANKS);
		const char *equals = s + n + strspn(s + n, BLANKS);
		show(to, " ", gap);
		if (*equals != '=' || strspn(s, "abcdefghijklmnopqrstuvwxyz_") < n) {
			hide(to);
			return;
		}
		const char *value = equals + 1 + strspn(equals + 1, BLANKS), *end = end_of_value(value);
		show(to, s, n);
		show(to, "=", 1);
		if (is_conninfo_secret(s, n))
			hide(to);
		else
			show_unless_secret(to, value, (size_t)(end - value));
		s = end;
	}
}

/* ?name=value&…; what has no name is hidden, since it may be part of a password. */
static void pass_parameters(const char *s, struct sink *to)
{
	while (*s) {
		size_t n = 1 + strcspn(s + 1, "=&"), end = 1 + strcspn(s + 1, "&");
		bool nameless = n == end, secret = nameless || is_conninfo_secret(s, n) || holds_secret(s + n + 1, end - n - 1);
		show(to, s, nameless ? 1 : secret ? n + 1 : end);
		if (secret)
			hide(to);
		s += end;
	}
}

/* The colon behind which there is no port; NULL: there is none such. */
static const char *find_odd_port(const char *s)
{
	bool bracket = false;
	for (; *s && !strchr("/?", *s); s++) {
		bracket = *s == '[' || (bracket && *s != ']');
		if (*s == ':' && !bracket && !strchr(",/?", s[1 + strspn(s + 1, "0123456789")]))
			return s;
	}
	return NULL;
}

/*
 * The last @ ends the password, even of one that should have had its own @ written as %40. Where the @ was forgotten, what is no port may be a password. A part that holds
 * another secret, and all behind it, is hidden with it.
 */
static void pass_uri(const char *s, struct sink *to)
{
	const char *authority = strstr(s, "://") + 3, *at = strrchr(authority, '@');
	const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : find_odd_port(authority);
	size_t head = colon ? (size_t)(colon - s) : 0;
	bool hidden = colon && !holds_secret(s, head);
	if (hidden) {
		show(to, s, head + 1);
		hide(to);
		s = at ? at : colon + strcspn(colon, "?");
	}
	size_t n = strcspn(s, "?");
	if (!holds_secret(s, n)) {
		show(to, s, n);
		pass_parameters(s + n, to);
	} else if (!hidden) {
		hide(to);
	}
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
