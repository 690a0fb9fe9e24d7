// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A CSV text up to its first fault: its records, written with every field in quotes, are read the same. And any text is a field once it stands in quotes. */
#include <errno.h>

#include "common/csv.h"
#include "fuzz.h"

static void put_field(struct buffer *b, struct text t, const char *gap)
{
	buffer_printf(b, "%s\"", gap);
	for (size_t i = 0; i < t.n; i++)
		buffer_printf(b, t.p[i] == '"' ? "\"\"" : "%c", t.p[i]);
	buffer_putc(b, '"');
}

/* The good records in quotes. Returns what ended it. */
static int rewrite(struct text input, struct buffer *out, size_t *ret_n)
{
	struct csv c;
	struct error err = {""};
	int r;
	*ret_n = 0;
	csv_init(&c, "file.csv", input);
	while ((r = csv_next(&c, &err)) > 0) {
		HOLDS(c.n_fields > 0 && c.n_fields <= CSV_FIELDS_MAX && c.line > 0 && c.line < c.next_line + 1);
		for (size_t i = 0; i < c.n_fields; i++) {
			HOLDS(c.field[i].p && utf8_valid(c.field[i].p, c.field[i].n));
			put_field(out, c.field[i], i ? "," : "");
		}
		buffer_puts(out, "\r\n");
		++*ret_n;
	}
	HOLDS(r == 0 || (r == -EINVAL && *err.text), "%d", r);
	csv_deinit(&c);
	return r;
}

static void check_field(struct text t)
{
	struct buffer quoted = {0};
	struct csv c;
	struct error err = {""};
	put_field(&quoted, t, "");
	csv_init(&c, "field.csv", buffer_view(&quoted));
	bool well = utf8_valid(t.p, t.n) && !memchr(t.p, 0, t.n);
	int r = csv_next(&c, &err);
	HOLDS(r == (!well ? -EINVAL : t.n ? 1 : 0), "%d %s", r, err.text);
	HOLDS(r != 1 || (c.n_fields == 1 && text_equal(c.field[0], t)));
	csv_deinit(&c);
	buffer_deinit(&quoted);
}

void target(struct text input)
{
	struct buffer one = {0}, two = {0};
	size_t n, m;
	check_field(input);
	rewrite(input, &one, &n);
	HOLDS(rewrite(buffer_view(&one), &two, &m) == 0 && n == m, "%zu of %zu", m, n);
	HOLDS(text_equal(buffer_view(&one), buffer_view(&two)));
	buffer_deinit(&one);
	buffer_deinit(&two);
}
