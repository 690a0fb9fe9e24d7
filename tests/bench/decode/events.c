// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* How fast events become typed: MB/s and ns an event, for complaint events as their senders write them (some 530 bytes). */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/random.h"
#include "daemon/decode/decode.h"
#include "daemon/decode/tokenizer.h"

#define EVENTS 20000
#define ROUNDS 25

static struct random dice = {7};

static unsigned below(unsigned n)
{
	return (unsigned)random_below(&dice, n);
}

/* One of two orders of the attributes; now and then blanks, escapes, unknown fields of several sorts. */
static void put_event(struct buffer *b)
{
	unsigned long long id = random_next(&dice);
	const char *blank = below(10) ? "" : " ";
	char attributes[512], data[512];
	int n = snprintf(data, sizeof data, "\"data\":%s{\"complaint_id\":%s\"LPR%s%08u-%04x\",%s\"unit\":%s\"%u.02.0.00.0.00.%02u.0000\",%s\"class\":\"complaint\",\"channel\":\"whatsapp\",%s",
			 blank, blank, below(200) ? "-" : "\\u002d", below(99999999), below(65536), blank, blank, 1 + below(7), below(90), blank, blank);
	n += snprintf(data + n, sizeof data - (size_t)n, "\"category\":\"%s\",\"priority\":\"normal\",\"attachment_count\":%u,", below(4) ? "population_registry" : "jalan \\u0026 jembatan", below(10));
	snprintf(data + n, sizeof data - (size_t)n, below(4) ? "\"tags\":[\"kab-17.01\",\"batch 123\",\"sla\"]}" : "\"routing\":{\"queue\":\"q-12\",\"hops\":[1,2,7],\"score\":0.125,\"final\":null}}");
	snprintf(attributes, sizeof attributes,
		 "\"specversion\":%s\"1.0\",%s\"id\":\"%08llx-1234-4abc-a%03x-%012llx\",%s\"source\":\"//sp4n-lapor.bengkuluselatan.example/desk/%02u\",\"type\":%s\"id.go.opd.complaint.received.v1\","
		 "\"subject\":\"complaint/LPR-%08u\",%s\"time\":\"2024-%02u-%02uT%02u:12:34.%03u+07:00\",\"datacontenttype\":\"application/json\",%s\"dataschema\":\"urn:opd:schema\"",
		 blank, blank, id >> 32, below(4096), id & 0xffffffffffff, blank, below(20), blank, below(99999999), blank, 1 + below(12), 1 + below(28), below(24), below(1000), blank);
	if (below(4))
		buffer_printf(b, "{%s,%s%s}", attributes, blank, data);
	else
		buffer_printf(b, "{%s,%s%s}", data, blank, attributes);
}

static double best(double a, double b)
{
	return a < b ? a : b;
}

int main(void)
{
	static struct item items[EVENTS];
	static size_t ends[EVENTS];
	struct buffer b = {0};
	struct arena *arena = arena_new(1 << 20);
	struct forbidden forbidden;
	const char *names[] = {"nik", "nip", "name", "nama", "phone", "email", "address", "alamat", "description", "text", "note", "attachment"};
	double decoded = 1e9, scanned = 1e9, checked = 1e9;
	unsigned accepted = 0;
	forbidden_init(&forbidden, random_u64());
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		forbidden_add(&forbidden, text_of(names[i]));
	for (size_t i = 0; i < EVENTS; i++) {
		put_event(&b);
		ends[i] = b.n;
	}
	for (size_t i = 0; i < EVENTS; i++)
		items[i].record.value = (struct text){b.p + (i ? ends[i - 1] : 0), ends[i] - (i ? ends[i - 1] : 0)};
	for (unsigned round = 0; round < ROUNDS; round++) {
		int64_t start = clock_monotonic();
		accepted = 0;
		arena_reset(arena);
		for (size_t i = 0; i < EVENTS; i++)
			accepted += decode_record(&items[i], &forbidden, arena) == 0 && items[i].reason == REASON_NONE;
		decoded = best(decoded, (double)(clock_monotonic() - start) * 1000 / EVENTS);

		const struct json_visitor deaf = {.root = ""};
		start = clock_monotonic();
		for (size_t i = 0; i < EVENTS; i++) {
			struct token root;
			enum json_fault fault;
			size_t offset;
			struct text path;
			accepted += json_scan(items[i].record.value, &deaf, arena, &root, &fault, &offset, &path) != 0;
		}
		scanned = best(scanned, (double)(clock_monotonic() - start) * 1000 / EVENTS);

		start = clock_monotonic();
		for (size_t i = 0; i < EVENTS; i++)
			accepted += !utf8_valid(items[i].record.value.p, items[i].record.value.n);
		checked = best(checked, (double)(clock_monotonic() - start) * 1000 / EVENTS);
	}
	double bytes = (double)b.n / EVENTS;
	printf("%u of %u events of %.0f bytes accepted\n", accepted, EVENTS, bytes);
	printf("utf8_valid    %6.0f ns/event %6.0f MB/s\n", checked, bytes / checked * 1000);
	printf("json_scan     %6.0f ns/event %6.0f MB/s\n", scanned, bytes / scanned * 1000);
	printf("decode_record %6.0f ns/event %6.0f MB/s (all of it)\n", decoded, bytes / decoded * 1000);
	int r = accepted != EVENTS;
	forbidden_deinit(&forbidden);
	arena_free(arena);
	buffer_deinit(&b);
	return r;
}
