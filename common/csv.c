// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/csv.h"

#include <errno.h>
#include <stdio.h>

void csv_init(struct csv *c, const char *name, struct text input)
{
	*c = (struct csv){.name = name, .rest = input, .next_line = 1};
	if (input.n >= 3 && !memcmp(input.p, "\xef\xbb\xbf", 3)) {
		c->rest.p += 3;
		c->rest.n -= 3;
	}
}

void csv_deinit(struct csv *c)
{
	buffer_deinit(&c->scratch);
}

static int fault(const struct csv *c, const char *what, struct error *err)
{
	return error_set(err, -EINVAL, "%s:%u: %s", c->name, c->line, what);
}

static int peek(const struct csv *c)
{
	return c->rest.n ? (unsigned char)*c->rest.p : -1;
}

static int take(struct csv *c)
{
	int ch = peek(c);
	c->rest.p++;
	c->rest.n--;
	c->next_line += ch == '\n';
	return ch;
}

/* LF, CRLF, or the CR that a file was cut after. */
static bool at_break(const struct csv *c)
{
	return peek(c) == '\n' || (peek(c) == '\r' && (c->rest.n == 1 || c->rest.p[1] == '\n'));
}

/* At the end of a record: swallows the line break. */
static bool at_end(struct csv *c)
{
	if (!at_break(c))
		return peek(c) < 0;
	if (take(c) == '\r' && c->rest.n)
		take(c);
	return true;
}

/* The part between quotes, a doubled quote for one, into the scratch buffer. */
static int read_quoted(struct csv *c, struct error *err)
{
	take(c);
	for (;;) {
		if (peek(c) < 0)
			return fault(c, "a quoted field is not closed", err);
		int ch = take(c);
		if (ch == '"' && peek(c) != '"')
			break;
		if (ch == '"')
			take(c);
		buffer_putc(&c->scratch, (char)ch);
	}
	return peek(c) < 0 || peek(c) == ',' || at_break(c) ? 0 : fault(c, "a quoted field must end at a comma or the line's end", err);
}

static int read_plain(struct csv *c, struct error *err)
{
	for (int ch; (ch = peek(c)) >= 0 && ch != ',' && !at_break(c);) {
		if (ch == '"')
			return fault(c, "a quote inside a field that does not start with one", err);
		if (ch == '\r')
			return fault(c, "a carriage return that no line feed follows", err);
		buffer_putc(&c->scratch, (char)take(c));
	}
	return 0;
}

static int read_record(struct csv *c, size_t ends[static CSV_FIELDS_MAX], struct error *err)
{
	buffer_clear(&c->scratch);
	c->n_fields = 0;
	for (;;) {
		if (c->n_fields == CSV_FIELDS_MAX)
			return fault(c, "too many fields", err);
		int r = peek(c) == '"' ? read_quoted(c, err) : read_plain(c, err);
		if (r < 0)
			return r;
		ends[c->n_fields++] = c->scratch.n;
		if (at_end(c))
			return 0;
		take(c); /* the comma */
	}
}

int csv_next(struct csv *c, struct error *err)
{
	size_t ends[CSV_FIELDS_MAX];
	do { /* a blank line is a record of one empty field */
		if (!c->rest.n)
			return 0;
		c->line = c->next_line;
		int r = read_record(c, ends, err);
		if (r < 0)
			return r;
	} while (c->n_fields == 1 && !ends[0]);
	if (c->scratch.failed)
		return error_set(err, -ENOMEM, "%s: out of memory", c->name);
	for (size_t i = 0, start = 0; i < c->n_fields; start = ends[i++]) {
		struct text *t = &c->field[i];
		*t = (struct text){c->scratch.p ? c->scratch.p + start : "", ends[i] - start};
		if (!utf8_valid(t->p, t->n) || memchr(t->p, 0, t->n))
			return fault(c, "not UTF-8 text", err);
	}
	return 1;
}

int csv_header(struct csv *c, const char *const *columns, size_t n, struct error *err)
{
	int r = csv_next(c, err);
	if (r < 0)
		return r;
	bool same = r > 0 && c->n_fields == n;
	for (size_t i = 0; same && i < n; i++)
		same = text_is(c->field[i], columns[i]);
	if (same)
		return 0;
	char want[512] = "";
	for (size_t i = 0, length = 0; i < n && length < sizeof want; i++)
		length += (size_t)snprintf(want + length, sizeof want - length, "%s%s", i ? "," : "", columns[i]);
	return error_set(err, -EINVAL, "%s:%u: the header must be %s", c->name, c->line ? c->line : 1, want);
}
