// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Rejects with their bodies. What a body holds is anybody's: nothing of it reaches the terminal as more than text, or as a line that looks like ours. */
#include "daemon/verbs/rejects.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/verbs/members.h"

struct showing {
	const struct selection *selection;
	bool json;
	size_t next;   /* of the ids */
	bool found, missing;
	bool has_body;
	struct buffer out;
};

/* --- for programs --- */

static void put_bytes(struct buffer *b, const char *name, struct text bytes)
{
	char other[32];
	if (!bytes.n || utf8_valid(bytes.p, bytes.n)) {
		put_string(b, name, bytes);
		return;
	}
	snprintf(other, sizeof other, "%s_base64", name);
	put_name(b, other);
	buffer_putc(b, '"');
	buffer_base64(b, bytes);
	buffer_putc(b, '"');
}

static void put_body(struct buffer *b, const struct record *r)
{
	buffer_puts(b, ",\"body\":{");
	put_bytes(b, "key", r->key);
	buffer_puts(b, ",\"headers\":[");
	for (size_t i = 0; i < r->n_headers; i++) {
		buffer_puts(b, i ? ",{" : "{");
		put_bytes(b, "name", r->headers[i].name);
		put_bytes(b, "value", r->headers[i].value);
		buffer_putc(b, '}');
	}
	buffer_putc(b, ']');
	put_bytes(b, "value", r->value);
	buffer_putc(b, '}');
}

/* --- for people --- */

/* Text line by line, each set in. */
static void put_lines(struct buffer *b, struct text t)
{
	while (t.n) {
		const char *end = memchr(t.p, '\n', t.n);
		size_t n = end ? (size_t)(end - t.p) : t.n;
		buffer_puts(b, "\n    ");
		buffer_visible(b, (struct text){t.p, n});
		n += end != NULL;
		t.p += n;
		t.n -= n;
	}
	buffer_putc(b, '\n');
}

static void show_bytes(struct buffer *b, const char *name, struct text bytes)
{
	bool text = utf8_valid(bytes.p, bytes.n);
	buffer_printf(b, "  %s%s", name, !bytes.p ? ": none\n" : text ? ":" : " (base64):\n    ");
	if (bytes.p && text) {
		put_lines(b, bytes);
	} else if (bytes.p) {
		buffer_base64(b, bytes);
		buffer_putc(b, '\n');
	}
}

static void show_body(struct buffer *b, const struct record *r)
{
	show_bytes(b, "key", r->key);
	for (size_t i = 0; i < r->n_headers; i++) {
		show_bytes(b, "header", r->headers[i].name);
		show_bytes(b, "  its value", r->headers[i].value);
	}
	show_bytes(b, "value", r->value);
}

static void show_letter(struct buffer *b, const struct text *c)
{
	static const char *const names[LETTER_COLUMNS] = {"reject", "received at", "topic",	 "partition", "offset",
							  "reason", "status",	   "event type", "event id",  "detail"};
	for (size_t i = 0; i < LETTER_COLUMNS; i++) {
		buffer_printf(b, "%s%s: ", i ? "  " : "", names[i]);
		buffer_visible(b, c[i].p ? c[i] : TEXT("-"));
		buffer_putc(b, '\n');
	}
}

/* --- one by one --- */

static int take_letter(void *arg, const struct text *cells)
{
	struct showing *s = arg;
	s->found = true;
	if (s->json) {
		buffer_putc(&s->out, '{');
		put_letter(&s->out, cells);
	} else {
		show_letter(&s->out, cells);
	}
	return 0;
}

static int take_body(void *arg, int64_t reject_id, const struct record *r)
{
	struct showing *s = arg;
	(void)reject_id;
	s->has_body = true;
	if (s->json)
		put_body(&s->out, r);
	else
		show_body(&s->out, r);
	return 0;
}

static int show_step(void *arg, struct error *err)
{
	struct showing *s = arg;
	const struct reject_filter one = {.ids = &s->selection->ids[s->next], .n_ids = 1};
	buffer_clear(&s->out);
	s->found = s->has_body = false;
	int r = store_rejects_list(s->selection->store, &one, 0, 1, take_letter, s, err);
	return r || !s->found ? r : store_rejects_read(s->selection->store, &one, 0, 1, take_body, s, err);
}

static int show_one(struct showing *s, struct error *err)
{
	int r = patiently(show_step, s, err);
	if (r)
		return r;
	if (!s->found) {
		fprintf(stderr, "rekapd: there is no reject %" PRId64 "\n", s->selection->ids[s->next]);
		s->missing = true;
		return 0;
	}
	if (!s->has_body)
		buffer_puts(&s->out, s->json ? ",\"body\":null" : "  body: purged\n");
	if (s->json)
		buffer_puts(&s->out, "}\n");
	if (s->out.failed)
		return error_set(err, -ENOMEM, "out of memory");
	fwrite(s->out.p, 1, s->out.n, stdout);
	return 0;
}

static int show(const struct selection *selection, bool json)
{
	struct showing s = {.selection = selection, .json = json};
	struct error err = {""};
	int r = 0;
	for (; r == 0 && s.next < selection->filter.n_ids; s.next++)
		r = show_one(&s, &err);
	buffer_deinit(&s.out);
	return r ? fault(r, &err) : s.missing ? STATUS_FAULTS : STATUS_OK;
}

int rejects_show(const struct verb *v, int argc, char **argv)
{
	struct selection s;
	bool json = false;
	const struct option_spec own[] = {{"json", &json, NULL}, {0}};
	int r = selection_init(&s, v, argc, argv, false, own);
	if (r >= 0)
		return r;
	if (!s.filter.n_ids) {
		fprintf(stderr, "rekapd %s: which? (rekapd %s --help)\n", v->name, v->name);
		r = STATUS_USAGE;
	}
	if (r < 0)
		r = selection_visit(&s, true);
	if (r == 0)
		r = show(&s, json);
	selection_deinit(&s);
	return r;
}
