// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Events: how they come to be, when they arrive, how they are written. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "deploy/sample/sample.h"

const char *const topic_names[TOPICS] = {"opd.complaint", "opd.survey", "opd.service", "opd.performance", "opd.budget", "opd.assessment", "opd.integrity"};

void die(const char *what, const char *why)
{
	fprintf(stderr, "demo-sample: %s: %s\n", what, why);
	exit(69);
}

void out_of_memory(void)
{
	die("memory", strerror(ENOMEM));
}

bool chance(struct random *r, unsigned per_mille)
{
	return random_below(r, 1000) < per_mille;
}

int64_t between(struct random *r, int64_t low, int64_t high)
{
	return low + (int64_t)random_below(r, (uint64_t)(high - low + 1));
}

/* Most events arrive within minutes; some are typed in days, a few weeks later. */
static int64_t delay(struct random *r)
{
	unsigned luck = (unsigned)random_below(r, 100);
	if (luck < 80)
		return between(r, 1, 600);
	if (luck < 94)
		return between(r, 1, 3 * DAY);
	return between(r, 3 * DAY, 60 * DAY);
}

/* Each family has a topic of its name; what is left belongs to integrity. */
static uint8_t topic_of(const char *type)
{
	size_t n = strcspn(type, ".");
	uint8_t topic = 0;
	while (topic < OPD_INTEGRITY && strncmp(topic_names[topic] + strlen("opd."), type, n) != 0)
		topic++;
	return topic;
}

struct message *add_message(struct sample *s, const char *type, int64_t time, const char *entity, const char *data, enum form form)
{
	if (s->n == s->size) {
		s->size = s->size ? s->size * 2 : 4096;
		s->messages = realloc(s->messages, s->size * sizeof *s->messages);
		if (!s->messages)
			out_of_memory();
	}
	struct message *m = &s->messages[s->n++];
	unsigned luck = (unsigned)random_below(&s->random, 100);
	*m = (struct message){.time = time, .type = type, .entity = entity, .data = data};
	m->due = time + delay(&s->random);
	m->tie = random_next(&s->random);
	m->id = s->next_id++;
	m->form = (uint8_t)form;
	m->topic = topic_of(type);
	m->key = luck < 3 ? WRONG_KEY : luck < 5 ? NO_KEY : RIGHT_KEY;
	return m;
}

const char *keep(struct sample *s, const char *text)
{
	struct text copy;
	if (!arena_copy(s->arena, (struct text){text, strlen(text) + 1}, &copy))
		out_of_memory();
	return copy.p;
}

void tell(struct sample *s, const char *type, int64_t time, const char *entity, const char *format, ...)
{
	struct random *r = &s->random;
	char text[2048];
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof text)
		die(type, "data too long");

	const char *kept = keep(s, entity), *data = keep(s, text);
	const struct message first = *add_message(s, type, time, kept, data, chance(r, 30) ? BINARY : GOOD);
	if (chance(r, 40)) {
		struct message *twin = add_message(s, type, time, kept, data, GOOD);
		s->duplicates++;
		if (chance(r, 500)) {
			twin->form = first.form;
			twin->id = first.id;
		} else {
			twin->other_source = true;
		}
	}
}

static int by_arrival(const void *a, const void *b)
{
	const struct message *x = a, *y = b;
	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return (x->tie > y->tie) - (x->tie < y->tie);
}

void sort_messages(struct sample *s)
{
	qsort(s->messages, s->n, sizeof *s->messages, by_arrival);
}

const char *source_of(const struct message *m)
{
	return m->other_source ? "/contoh/mirror" : "/contoh/desk";
}

void put_event(struct buffer *b, const struct message *m)
{
	char time[RFC3339_TEXT_SIZE];

	if (m->form == BAD_OBJECT) {
		buffer_puts(b, "{\"hello\":\"world\"}");
		return;
	}
	time_format(m->time, time);
	if (m->form == BAD_ZONE)
		time[strlen(time) - strlen(OFFSET)] = '\0';
	buffer_printf(b, "{\"specversion\":\"1.0\",\"id\":\"" ID_FORMAT "\",\"source\":\"%s\",\"type\":\"" TYPE_FORMAT "\",\"time\":\"%s\"", (unsigned)m->id,
		      source_of(m), m->type, time);
	buffer_printf(b, ",\"datacontenttype\":\"application/json\",\"data\":%s", m->data);
	if (m->form != BAD_CUT)
		buffer_putc(b, '}');
}

FILE *create_file(const char *folder, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	if (!f)
		die(path, strerror(errno));
	return f;
}

void finish_file(FILE *f, const char *name)
{
	if (ferror(f) | fclose(f))
		die(name, strerror(errno));
}

void write_events(const struct sample *s, const char *folder)
{
	struct buffer b = {0};
	FILE *f = create_file(folder, "events.ndjson");
	for (size_t i = 0; i < s->n; i++) {
		if (s->messages[i].form != GOOD && s->messages[i].form != BINARY)
			continue;
		buffer_clear(&b);
		put_event(&b, &s->messages[i]);
		buffer_putc(&b, '\n');
		fwrite(b.p, 1, b.n, f);
	}
	if (b.failed)
		out_of_memory();
	buffer_deinit(&b);
	finish_file(f, "events.ndjson");
}
