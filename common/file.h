// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Whole files in memory. */
#include <stdbool.h>

#include "common/error.h"
#include "common/text.h"

/* Appends the file's bytes to b ("-" is standard input). 0 or -errno with a message that names the path. `limit`: refuses larger files (0 = none). */
int file_read(const char *path, size_t limit, struct buffer *b, struct error *err);

/*
 * Who may read a secret: its owner and, of a file that belongs to root, its group, as libpq has it of keys. `group`: any file's group may (among the credentials of a
 * service, where the folder is closed and an access list shows as the group's rights).
 */
/* As file_read, but refuses (-EPERM) what others can read. */
int file_read_secret(const char *path, size_t limit, bool group, struct buffer *b, struct error *err);
/* -EPERM with a message if others can read the file; 0 if not, or if it cannot be looked at. */
int file_check_secret(const char *path, bool group, struct error *err);
