// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What other libraries take to read an event of a complaint: each finds the attributes and fields that rekapd reads, and counts their letters. */
#include <stddef.h>
#include <stdint.h>

#define YARDSTICK_MARGIN 64 /* bytes behind an event that may be read, whatever they hold */

#ifdef __cplusplus
extern "C" {
#endif

extern const char *const yardstick_attributes[], *const yardstick_fields[]; /* each ends with NULL */

/* The letters of the strings plus the integers; 0: no event. */
uint64_t look_jansson(const char *p, size_t n);
uint64_t look_yyjson(const char *p, size_t n);
uint64_t look_simdjson(const char *p, size_t n);	   /* a tree of the document */
uint64_t look_simdjson_on_demand(const char *p, size_t n); /* one pass over the text: as near to what rekapd does as it gets */

#ifdef __cplusplus
}
#endif
