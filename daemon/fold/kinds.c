// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The one table of entity kinds: a line for each file of daemon/fold/kinds/, generated from the folder's listing. */
#include "daemon/record/kind.h"

#define KIND(name) extern const struct kind kind_##name;
#include "kinds.inc"
#undef KIND

#define KIND(name) &kind_##name,
const struct kind *const kinds[] = {
#include "kinds.inc"
};
#undef KIND

const size_t kinds_n = COUNT(kinds);

size_t kind_index(const struct kind *k)
{
	size_t i = 0;
	while (kinds[i] != k)
		i++;
	return i;
}

const struct kind *kind_of_type(struct text name, unsigned *ret_type)
{
	for (size_t k = 0; k < kinds_n; k++)
		for (unsigned t = 0; t < kinds[k]->n_types; t++) {
			const struct event_type *type = &kinds[k]->types[t];
			if (name.n == type->name_size && !memcmp(name.p, type->name, name.n)) {
				*ret_type = t;
				return kinds[k];
			}
		}
	return NULL;
}
