// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A libpq that plays a script instead of talking to a server: linked in its place, it lets the adapter meet what no server does on demand. The script is a
 * table of the exchanges that are expected, in order, each with what comes of it; an exchange that is not expected fails the test. Results come late, so that
 * every wait is taken.
 */
#include <stdbool.h>
#include <stddef.h>

enum call { /* where an exchange fails; a connection is lost there */
	    CALL_NONE,
	    CALL_START,   /* of "connect": no connection is made for want of memory */
	    CALL_BAD,     /* of "connect": bad from the start */
	    CALL_CONNECT, /* refused: `message` says why */
	    CALL_NONBLOCKING,
	    CALL_VERSION,  /* of "connect": not known */
	    CALL_ENCODING, /* likewise */
	    CALL_SOCKET,   /* there is none */
	    CALL_SEND,
	    CALL_FLUSH,
	    CALL_CONSUME,
	    CALL_RESULT,
	    CALL_COPY,
	    CALL_COPY_END,
	    CALL_SINGLE_ROW,
	    CALL_HANG, /* nothing comes, ever */
};

struct reply {              /* one result */
	const char *status; /* "COMMAND", "TUPLES", "FATAL", "COPY_IN", "COPY_OUT" */
	const char *tag;    /* of the command: "SELECT 1", "COMMIT"; of FATAL: the SQLSTATE, NULL when it is libpq's own */
	const char *cells;  /* of TUPLES: one row, cells separated by |; NULL: no row */
	const char *constraint;
};

struct exchange {
	const char *text; /* what is sent begins with this; "connect" */
	enum call fails;
	struct reply replies[6];
	const char *message;  /* CALL_CONNECT */
	int version;          /* "connect": of the server; 0: 150000 */
	const char *encoding; /* "connect": of the server; NULL: UTF8 */
};

/* A conninfo for which libpq has no memory. */
#define FAKE_TOO_LARGE "dbname=too_large"

/* The exchanges to come; NULL text ends them. */
void fake_script(const struct exchange *script);
/* Whether all of them took place, and no result or connection is left over. */
bool fake_done(void);
