// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Seeds for the target `state`: states FOLDER FILE… leaves in the folder, under the name of each file of events, the state of their entity. */
#include <libgen.h>

#include "../event.h"
#include "common/file.h"

#define EVENTS_MAX 32

static void write_state(const char *folder, char *source, const struct kind *k, const struct state *s)
{
	struct buffer b = {0};
	char path[4096];
	buffer_putc(&b, (char)kind_index(k));
	state_encode(k, s, &b);
	snprintf(path, sizeof path, "%s/%s", folder, basename(source));
	FILE *out = fopen(path, "we");
	HOLDS(out && fwrite(b.p, 1, b.n, out) == b.n && fclose(out) == 0, "%s", path);
	buffer_deinit(&b);
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		struct buffer b = {0};
		struct error err;
		struct arena *arena = arena_number(0);
		struct event events[EVENTS_MAX];
		struct state s = {0};
		HOLDS(file_read(argv[i], 0, &b, &err) == 0, "%s", err.text);
		size_t n = take_entity(buffer_view(&b), events, EVENTS_MAX, arena);
		for (size_t k = 0; k < n; k++)
			HOLDS(fold(events->kind, &s, &events[k], NULL, arena) >= 0);
		if (n)
			write_state(argv[1], argv[i], events->kind, &s);
		buffer_deinit(&b);
	}
	return 0;
}
