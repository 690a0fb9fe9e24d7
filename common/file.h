// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Whole files in memory. */
#include "common/error.h"
#include "common/text.h"

/* Appends the file's bytes to b ("-" is standard input). 0 or -errno with a message that names the path. `limit`: refuses larger files (0 = none). */
int file_read(const char *path, size_t limit, struct buffer *b, struct error *err);
