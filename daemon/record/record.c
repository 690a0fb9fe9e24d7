// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/record.h"

#include <string.h>

/* Absent stays absent. */
static struct text put(char **at, struct text t)
{
	if (!t.p)
		return TEXT_NONE;
	char *p = *at;
	memcpy(p, t.p, t.n);
	*at += t.n;
	return (struct text){p, t.n};
}

bool record_copy(struct arena *a, const struct record *from, struct record *ret)
{
	size_t n = from->key.n + from->value.n, list = from->n_headers * sizeof *from->headers;
	for (size_t i = 0; i < from->n_headers; i++)
		n += from->headers[i].name.n + from->headers[i].value.n;
	struct header *headers = arena_alloc(a, list + n);
	if (!headers)
		return false;
	char *at = (char *)headers + list;
	*ret = *from;
	ret->headers = headers;
	for (size_t i = 0; i < from->n_headers; i++)
		headers[i] = (struct header){put(&at, from->headers[i].name), put(&at, from->headers[i].value)};
	ret->key = put(&at, from->key);
	ret->value = put(&at, from->value);
	return true;
}
