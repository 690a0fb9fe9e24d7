// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Header lines alone, over a good value: their order decides nothing as long as no name stands there twice, and an attribute of a good event given once more is
 * refused.
 */
#include <strings.h>

#include "event.h"

#define HEADERS_MAX 256

static bool same_name(struct text a, struct text b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool distinct(const struct header *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (same_name(h[i].name, h[k].name))
				return false;
	return true;
}

static void check_reversed(const struct record *r)
{
	static struct header reversed[HEADERS_MAX];
	struct record other = *r;
	struct item a, b;
	for (size_t i = 0; i < r->n_headers; i++)
		reversed[r->n_headers - 1 - i] = r->headers[i];
	other.headers = reversed;
	decode(&a, r, arena_number(0));
	decode(&b, &other, arena_number(1));
	check_same_verdict(&a, &b);
}

static bool is_attribute(struct text name)
{
	return name.n >= 3 && strncasecmp(name.p, "ce_", 3) == 0;
}

/* Binary mode knows no attribute twice; headers[n] is free. */
static void check_twice(const struct record *r, struct header *headers)
{
	struct item item;
	struct record other = *r;
	decode(&item, r, arena_number(0));
	if (item.reason != REASON_NONE)
		return;
	other.n_headers = r->n_headers + 1;
	for (size_t i = 0; i < r->n_headers && i < 16; i++) {
		if (!is_attribute(headers[i].name))
			continue;
		headers[r->n_headers] = headers[i];
		decode(&item, &other, arena_number(0));
		HOLDS(item.reason == REASON_BAD_ENVELOPE, "%s: %.*s", reason_name(item.reason), TEXT_ARG(headers[i].name));
	}
}

void target(struct text input)
{
	static struct header headers[HEADERS_MAX + 1];
	size_t n = take_header_lines(&input, headers, HEADERS_MAX);
	struct record r = {.value = TEXT("{\"complaint_id\":\"c\",\"reason\":\"double\"}"), .headers = headers, .n_headers = n};
	check_record(&r);
	if (!distinct(headers, n))
		return;
	check_reversed(&r);
	check_twice(&r, headers);
}
