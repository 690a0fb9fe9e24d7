// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/forbidden.h"

#include <errno.h>

void forbidden_init(struct forbidden *f, uint64_t seed)
{
	*f = (struct forbidden){0};
	map_init(&f->names, seed);
}

void forbidden_deinit(struct forbidden *f)
{
	map_deinit(&f->names);
	*f = (struct forbidden){0};
}

int forbidden_add(struct forbidden *f, struct text name)
{
	struct map_entry *e = map_put(&f->names, name);
	if (!e)
		return -ENOMEM;
	e->value = f; /* anything but NULL */
	if (name.n)
		f->ends[name.p[0] & 31] |= UINT32_C(1) << (name.p[name.n - 1] & 31);
	return 0;
}

struct text forbidden_normal(struct text name, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (forbidden_separator(c))
			continue;
		if (n == size)
			return TEXT_NONE;
		out[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	return (struct text){out, n};
}

bool forbidden_has(const struct forbidden *f, struct text key)
{
	char bytes[FORBIDDEN_MAX];
	struct text normal = forbidden_normal(key, bytes, sizeof bytes);
	return normal.n && map_get(&f->names, normal);
}
