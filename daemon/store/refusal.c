// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/store/refusal.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/store/postgres.h"

/* The first that fits counts. No SQLSTATE: libpq's own. */
static const struct reason {
	const char *sqlstate, *text;
	int outcome;
	const char *remedy;
} reasons[] = {
	{"28P01", "", -EACCES, "check user and password (postgres.conninfo_file, or libpq's password file)"},
	{"28000", "no encryption", -EACCES, "the server may want TLS: set sslmode=verify-full and sslrootcert, or let its pg_hba.conf admit this login"},
	{"28000", "no pg_hba.conf entry", -EACCES, "let the server's pg_hba.conf admit this login from here"},
	{"28000", "certificate", -EACCES, "name a client's certificate that the server trusts, and its key, in sslcert and sslkey"},
	{"28000", "", -EACCES, "check user, and that the role exists and may log in"},
	{"3D000", "", -ENOENT, "check dbname, or create the database and run rekapd migrate"},
	{"55000", "accepting connections", PG_RETRY, ""}, /* a database closed for maintenance */
	{"", "certificate verify failed", -EACCES, "name the CA that signed the server's certificate in sslrootcert, unless that certificate has expired"},
	{"", "does not match host name", -EACCES, "connect to the name that the server's certificate carries, or give the server one with this name"},
	{"", "root certificate file", -EACCES, "name a file with the CA's certificate in sslrootcert"},
	{"", "private key file", -EACCES, "sslkey must be readable by this user alone"},
	{"", "certificate file", -EACCES, "check sslcert"},
	{"", "server does not support SSL", -EACCES, "switch TLS on at the server (ssl = on)"},
	{"", "no password supplied", -EACCES, "the server wants a password: postgres.conninfo_file, or libpq's password file"},
};

/* The last one: of the host that was tried last. */
static const char *find_sqlstate(const char *message, char sqlstate[6])
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *found = NULL;
	for (const char *p = message; (p = strstr(p, ":  ")); p += 3)
		if (strspn(p + 3, digits) == 5 && p[8] == ':') {
			found = p;
			snprintf(sqlstate, 6, "%.5s", p + 3);
		}
	return found;
}

static const struct reason *find_reason(const char *message, const char *sqlstate, const char **at)
{
	for (size_t i = 0; i < COUNT(reasons); i++) {
		const char *found = strstr(*at ? *at : message, reasons[i].text);
		if (strcmp(reasons[i].sqlstate, sqlstate) != 0 || !found)
			continue;
		if (!*at)
			*at = found;
		return &reasons[i];
	}
	return NULL;
}

int refusal_explain(const char *message, char sqlstate[6], struct error *err)
{
	sqlstate[0] = 0;
	const char *at = find_sqlstate(message, sqlstate);
	const struct reason *reason = find_reason(message, sqlstate, &at);
	int r = reason ? reason->outcome : *sqlstate ? pg_classify(sqlstate) : PG_RETRY;
	const char *line = at ? at : message;
	while (line > message && line[-1] != '\n')
		line--;
	bool advice = reason && *reason->remedy;
	return error_set(err, r, "PostgreSQL: %.*s%s%s", (int)strcspn(line, "\n"), line, advice ? ": " : "", advice ? reason->remedy : "");
}
