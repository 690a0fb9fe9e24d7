// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdio.h>

#include "daemon/verbs/verbs.h"

struct verifying {
	struct ticker ticker; /* first: both callbacks get it */
	struct buffer line;
};

/* Keys and values may hold what a terminal would obey: as JSON they cannot. */
static void print_difference(void *arg, const struct store_difference *d)
{
	struct verifying *v = arg;
	struct buffer *b = &v->line;
	buffer_clear(b);
	buffer_printf(b, "rekap_store.%s ", d->table);
	buffer_json(b, d->key);
	if (d->column) {
		buffer_printf(b, " %s: stored ", d->column);
		buffer_text(b, d->stored);
		buffer_puts(b, ", computed ");
	} else {
		buffer_putc(b, ' ');
	}
	buffer_text(b, d->computed);
	tick_end(&v->ticker);
	puts(b->failed ? "rekapd: out of memory for a line" : buffer_cstr(b));
}

static int verify(struct store *s, const struct store_basis *b)
{
	struct verifying v = {0};
	struct error err = {""};
	int64_t n = 0;
	int r = store_verify(s, b, print_difference, tick, &v, &n, &err);
	tick_end(&v.ticker);
	buffer_deinit(&v.line);
	if (r)
		return fault(r, &err);
	printf(n ? "%lld differences\n" : "no differences\n", (long long)n);
	return n ? STATUS_FAULTS : STATUS_OK;
}

int verb_verify(const struct verb *v, int argc, char **argv)
{
	struct invocation i;
	struct config c;
	struct rules rules;
	struct store *s = NULL;
	int r = invocation_read(v, argc, argv, NULL, &i);
	if (r >= 0 || (r = no_operands(v, &i)) >= 0)
		return r;
	if ((r = load_rules(&i, &c, &rules)) != 0)
		return r;
	const struct store_basis basis = basis_of(&c, &rules);
	r = open_store(&c, true, &s);
	if (r == 0)
		r = verify(s, &basis);
	store_free(s);
	rules_deinit(&rules);
	config_deinit(&c);
	return r;
}
