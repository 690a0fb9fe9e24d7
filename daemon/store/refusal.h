// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Why there is no connection to PostgreSQL: from libpq's message to what to do. A server gives a reason with an SQLSTATE, which libpq hands out in a verbose message
 * only ("FATAL:  28P01: password …"); what libpq finds wrong by itself has no code but its text, which is English since no locale is set.
 */
#include "common/error.h"

/*
 * Sets the message, the line of `message` that tells the reason and the remedy, and `sqlstate` ("" where no server gave a reason). PG_RETRY: an outage, which passes;
 * negative: settings or rights must change.
 */
int refusal_explain(const char *message, char sqlstate[6], struct error *err);
