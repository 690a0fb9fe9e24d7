// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Header lines, an empty line, the value. */
#include "event.h"

void target(struct text input)
{
	struct header headers[64];
	size_t n = take_header_lines(&input, headers, COUNT(headers));
	check_record(&(struct record){.value = input, .headers = headers, .n_headers = n});
}
