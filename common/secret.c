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

/* name=value, where the value is a secret's or holds none; false: it is odd. */
static bool pass_pair(const char *name, size_t n, const char *value, size_t n_value, struct sink *to)
{
	show(to, name, n);
	show(to, "=", 1);
	if (is_conninfo_secret(name, n))
		hide(to);
	else if (holds_secret(value, n_value))
		return false;
	else
		show(to, value, n_value);
	return true;
}

/* name = value … */
static bool pass_pairs(const char *s, struct sink *to)
{
	for (size_t gap = 0; *(s += strspn(s, BLANKS)); gap = 1) {
		size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz_");
		const char *equals = s + n + strspn(s + n, BLANKS);
		if (!n || *equals != '=')
			return false;
		const char *value = equals + 1 + strspn(equals + 1, BLANKS), *end = end_of_value(value);
		show(to, " ", gap);
		if (!pass_pair(s, n, value, (size_t)(end - value), to))
			return false;
		s = end;
	}
	return true;
}

/* ?name=value&… */
static bool pass_parameters(const char *s, struct sink *to)
{
	for (; *s; s += 1 + strcspn(s + 1, "&")) {
		size_t n = strcspn(s + 1, "=&"), end = strcspn(s + 1, "&");
		show(to, s, 1);
		if (n == end || !pass_pair(s + 1, n, s + 2 + n, end - n - 1, to))
			return false;
	}
	return true;
}

/* host:port,… of n characters: what is no port may be a password whose @ was forgotten. */
static bool are_hosts(const char *s, size_t n)
{
	bool bracket = false;
	for (const char *end = s + n; s < end; s++) {
		bracket = *s == '[' || (bracket && *s != ']');
		if (*s == ':' && !bracket && !strchr(",/?", s[1 + strspn(s + 1, "0123456789")]))
			return false;
	}
	return true;
}

/* postgresql://user:password@hosts/database?parameters */
static bool pass_uri(const char *s, struct sink *to)
{
	const char *authority = strstr(s, "://") + 3, *at = strchr(authority, '@'), *user = at ? at : authority;
	const char *hosts = at ? at + 1 : authority, *query = hosts + strcspn(hosts, "?");
	size_t name = (size_t)(authority - s) + (at ? strcspn(authority, ":@") : 0);
	if (strcspn(authority, "/?") < (size_t)(user - authority) || strchr(hosts, '@') || !are_hosts(hosts, strcspn(hosts, "/?")) ||
	    holds_secret(s, name) || holds_secret(hosts, (size_t)(query - hosts)))
		return false;
	show(to, s, name);
	if (s[name] == ':' && at) {
		show(to, ":", 1);
		hide(to);
	}
	show(to, user, (size_t)(query - user));
	return pass_parameters(query, to);
}

static bool pass(const char *s, struct sink *to)
{
	bool uri = !strncmp(s, "postgresql://", 13) || !strncmp(s, "postgres://", 11);
	return (uri ? pass_uri : pass_pairs)(s, to);
}

void secret_print_conninfo(const char *s, FILE *out)
{
	struct sink nowhere = {0}, to = {.out = out};
	if (pass(s, &nowhere))
		pass(s, &to);
	else
		hide(&to);
}

bool secret_in_conninfo(const char *s)
{
	struct sink nowhere = {0};
	return !pass(s, &nowhere) || nowhere.hid;
}
