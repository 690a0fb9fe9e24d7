// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What of the settings must not be shown. */
#include <stdbool.h>
#include <stdio.h>

#define SECRET_HIDDEN "********"

/* Whether the Kafka client's property of this name is never printed, and may come from a file. */
bool secret_property(const char *name);
/* Prints a libpq connection string or URI without its secrets. One that is not well-formed is hidden whole: a secret may stand anywhere in it. */
void secret_print_conninfo(const char *s, FILE *out);
/* Whether something would be hidden. */
bool secret_in_conninfo(const char *s);
