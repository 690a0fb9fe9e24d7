// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/ndjson.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/decode/decode.h"

/* bad_field and bad_envelope begin with the field already; for the others the reason stands in its place. */
static void print_fault(const char *path, unsigned long line, const struct item *item)
{
	const char *name = reason_name(item->reason);
	printf("%s:%lu: ", path, line);
	if (item->reason == REASON_BAD_FIELD || item->reason == REASON_BAD_ENVELOPE)
		printf("%.*s\n", TEXT_ARG(item->detail));
	else if (item->reason == REASON_PERSONAL_DATA)
		printf("%.*s: personal data must not be sent (%s)\n", TEXT_ARG(item->detail), name);
	else if (item->reason == REASON_UNKNOWN_UNIT)
		printf("data.unit: the register has no unit %.*s\n", TEXT_ARG(item->detail));
	else if (item->reason == REASON_UNKNOWN_TYPE)
		printf("type: no such event type: %.*s\n", TEXT_ARG(item->event_type));
	else if (item->reason == REASON_NOT_JSON)
		printf("event: not JSON, at byte %.*s of the line\n", TEXT_ARG(item->detail));
	else if (item->reason == REASON_DUPLICATE_KEY)
		printf("%.*s: stands there twice\n", TEXT_ARG(item->detail));
	else if (item->reason == REASON_NOT_CLOUDEVENT)
		printf("event: not a CloudEvent: a JSON object with specversion\n");
	else
		printf("event: %s%s%.*s\n", name, item->detail.n ? ": " : "", TEXT_ARG(item->detail));
}

static void look_up_unit(const struct units *u, struct item *item)
{
	struct text unknown = event_unknown_unit(&item->event, u);
	if (unknown.p) {
		item->reason = REASON_UNKNOWN_UNIT;
		item->detail = unknown;
	}
}

static int take_line(struct ndjson *n, const char *path, unsigned long number, struct text line)
{
	struct item item = {.record = {.topic = text_of(path), .offset = (int64_t)number - 1, .value = line}};
	int r = decode_record(&item, n->forbidden, n->arena);
	if (r < 0)
		return r;
	if (item.reason == REASON_NONE && n->units)
		look_up_unit(n->units, &item);
	n->events++;
	if (item.reason != REASON_NONE) {
		n->faults++;
		print_fault(path, number, &item);
		return 0;
	}
	return n->event ? n->event(n->arg, &item) : 0;
}

static bool blank(struct text t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!strchr(" \t\r", t.p[i]) || !t.p[i])
			return false;
	return true;
}

static int read_lines(struct ndjson *n, FILE *f, const char *path)
{
	char *line = NULL;
	size_t size = 0;
	int r = 0;
	ssize_t length;
	for (unsigned long number = 1; r >= 0 && (length = getline(&line, &size, f)) >= 0; number++) {
		struct text t = {line, (size_t)length};
		if (t.n && t.p[t.n - 1] == '\n')
			t.n--;
		if (blank(t))
			continue;
		r = take_line(n, path, number, t);
		arena_reset(n->arena);
	}
	/* without memory for a line, getline ends as at the end of the file or, in newer C libraries, as after a fault of it */
	if (r >= 0 && !feof(f))
		r = errno == ENOMEM || !ferror(f) ? -ENOMEM : -EIO;
	free(line);
	return r;
}

int ndjson_read(struct ndjson *n, const char *path, struct error *err)
{
	bool standard = !strcmp(path, "-");
	FILE *f = standard ? stdin : fopen(path, "re");
	if (!f)
		return error_set(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	error_set(err, 0, "%s: cannot be read", path);
	int r = read_lines(n, f, standard ? "stdin" : path);
	if (!standard)
		fclose(f);
	return r == -ENOMEM ? error_set(err, r, "%s: out of memory", path) : r;
}
