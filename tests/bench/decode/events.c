// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* How fast the events of the race become typed, beside what other libraries take to find the same members in them. */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/random.h"
#include "daemon/decode/decode.h"
#include "daemon/decode/ruleset.h"
#include "daemon/decode/tokenizer.h"
#include "schemas/embedded.h"
#include "tests/bench/decode/yardsticks.h"
#include "tests/bench/life.h"

#define EVENTS 20000
#define BYTES 545
#define ROUNDS 25

const char *const yardstick_attributes[] = {"specversion", "id", "source", "type", "time", "datacontenttype", NULL};
const char *const yardstick_fields[] = {"complaint_id", "unit", "class", "channel", "category", "reason", "rating", NULL};

static struct item items[EVENTS];
static struct rulesets rules;
static struct arena *arena;

/* Of one event: 0 when it did not go well. */

static uint64_t decode(struct item *item)
{
	return decode_record(item, &rules.forbidden, arena) == 0 && item->reason == REASON_NONE;
}

static uint64_t scan(struct item *item)
{
	static const struct json_visitor deaf = {.root = ""};
	struct token root;
	enum json_fault fault;
	size_t offset;
	struct text path;
	return json_scan(item->record.value, &deaf, arena, &root, &fault, &offset, &path) == 0 && fault == JSON_OK;
}

static uint64_t validate(struct item *item)
{
	return utf8_valid(item->record.value.p, item->record.value.n);
}

static uint64_t jansson(struct item *item)
{
	return look_jansson(item->record.value.p, item->record.value.n);
}

#ifdef HAVE_YYJSON
static uint64_t yyjson(struct item *item)
{
	return look_yyjson(item->record.value.p, item->record.value.n);
}
#endif

#ifdef HAVE_SIMDJSON
static uint64_t simdjson(struct item *item)
{
	return look_simdjson(item->record.value.p, item->record.value.n);
}

static uint64_t simdjson_on_demand(struct item *item)
{
	return look_simdjson_on_demand(item->record.value.p, item->record.value.n);
}
#endif

static struct contestant {
	const char *name;
	uint64_t (*read)(struct item *item); /* NULL: it is not installed */
	bool ours;
	uint64_t sum; /* of one round: the events, or their letters */
	double ns;    /* an event, in the best round */
} contestants[] = {
	{"rekapd: decode_record", decode, true, 0, 1e9},
	{"  of this: json_scan", scan, true, 0, 1e9},
	{"  of this: utf8_valid", validate, true, 0, 1e9},
	{"jansson: tree", jansson, false, 0, 1e9},
#ifdef HAVE_YYJSON
	{"yyjson: tree", yyjson, false, 0, 1e9},
#else
	{"yyjson (libyyjson-dev)", NULL, false, 0, 0},
#endif
#ifdef HAVE_SIMDJSON
	{"simdjson: tree", simdjson, false, 0, 1e9},
	{"simdjson: on demand", simdjson_on_demand, false, 0, 1e9},
#else
	{"simdjson (libsimdjson-dev)", NULL, false, 0, 0},
#endif
};

static void measure(struct contestant *c)
{
	int64_t start = clock_monotonic();
	c->sum = 0;
	arena_reset(arena);
	for (size_t i = 0; i < EVENTS; i++)
		c->sum += c->read(&items[i]);
	double ns = (double)(clock_monotonic() - start) * 1000 / EVENTS;
	c->ns = ns < c->ns ? ns : c->ns;
}

/* Whole lives, as the race has them; `b` keeps the bytes. */
static void make_events(struct buffer *b)
{
	const struct world world = {.seed = 7, .complaints = EVENTS, .units = 300, .first = 19700, .days = 365};
	size_t ends[EVENTS + 1] = {0}, n = 0;
	struct life life;
	for (uint64_t complaint = 0; n < EVENTS; complaint++) {
		life_of(&world, complaint, &life);
		for (unsigned i = 0; i < life.n && n < EVENTS; i++) {
			life_event(&world, complaint, &life.steps[i], BYTES, b);
			ends[++n] = b->n;
		}
	}
	for (size_t i = 0; i < YARDSTICK_MARGIN; i++)
		buffer_putc(b, ' ');
	for (size_t i = 0; i < EVENTS; i++)
		items[i].record.value = (struct text){b->p + ends[i], ends[i + 1] - ends[i]};
	printf("%d events of %.0f bytes, best of %d rounds\n", EVENTS, (double)ends[EVENTS] / EVENTS, ROUNDS);
}

static int read_rules(void)
{
	struct error err = {0};
	int r = rulesets_init(&rules);
	for (size_t i = 0; i < embedded_files_n && r >= 0; i++)
		if (strstr(embedded_files[i].path, "rulesets/"))
			r = rulesets_add(&rules, embedded_files[i].path, (struct text){embedded_files[i].data, embedded_files[i].size}, &err);
	return r;
}

static bool show(const struct contestant *c, const struct contestant *first, uint64_t letters)
{
	if (!c->read) {
		printf("%-28s not installed where this was built\n", c->name);
		return true;
	}
	bool well = c->sum == (c->ours ? EVENTS : letters);
	printf("%-28s %9.0f %9.0f %7.2f%s\n", c->name, 1e9 / c->ns, c->ns, c->ns / first->ns, well ? "" : "  WRONG");
	return well;
}

int main(void)
{
	struct buffer b = {0};
	bool well = true;
	uint64_t letters = 0;
	arena = arena_new(1 << 20);
	if (!arena || read_rules() < 0)
		return 1;
	make_events(&b);
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < COUNT(contestants); i++)
			if (contestants[i].read)
				measure(&contestants[i]);
	for (size_t i = 0; i < COUNT(contestants); i++)
		if (contestants[i].read == jansson)
			letters = contestants[i].sum;
	printf("%-28s %9s %9s %7s\n", "", "events/s", "ns/event", "x ours");
	for (size_t i = 0; i < COUNT(contestants); i++)
		well &= show(&contestants[i], &contestants[0], letters);
	rulesets_deinit(&rules);
	arena_free(arena);
	buffer_deinit(&b);
	return well ? 0 : 1;
}
