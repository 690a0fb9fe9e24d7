// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/fold/fold.h"
#include "daemon/source/source.h"
#include "daemon/verbs/ndjson.h"
#include "daemon/verbs/verbs.h"

#define FLUSH_MS 60000

struct publisher {
	struct producer *producer;
	const char *topic; /* NULL: of the event's family */
	struct buffer key;
	struct error *err;
	int64_t sent;
	bool progress;
};

static int send_event(void *arg, const struct item *item)
{
	static const struct header content_type = {{"content-type", 12}, {"application/cloudevents+json", 28}};
	struct publisher *p = arg;
	buffer_clear(&p->key);
	entity_key(&item->event, &p->key);
	if (p->key.failed)
		return error_set(p->err, -ENOMEM, "out of memory");
	int r = producer_send(p->producer, p->topic ? p->topic : item->event.kind->topic, buffer_view(&p->key), item->record.value, &content_type, 1, p->err);
	if (++p->sent % 10000 == 0 && p->progress)
		fprintf(stderr, "\r\033[K%lld sent", (long long)p->sent);
	return r == SOURCE_RETRY ? -EAGAIN : r;
}

static int read_all(const struct invocation *i, struct ndjson *n, struct error *err)
{
	int r = 0;
	for (int f = 0; f < i->n_operands && r >= 0; f++)
		r = ndjson_read(n, i->operands[f], err);
	return r;
}

static int send_all(const struct invocation *i, const struct config *c, struct ndjson *n, const char *topic, struct error *err)
{
	struct publisher p = {.topic = topic, .err = err, .progress = isatty(STDERR_FILENO)};
	int64_t delivered = 0;
	int r = producer_new(c, &p.producer, err);
	if (r)
		return r;
	n->event = send_event;
	n->arg = &p;
	r = read_all(i, n, err);
	int flushed = r < 0 ? r : producer_flush(p.producer, FLUSH_MS, &delivered, err);
	producer_free(p.producer);
	buffer_deinit(&p.key);
	if (p.progress)
		fputs("\r\033[K", stderr);
	if (r >= 0)
		printf("%lld of %lld events delivered\n", (long long)delivered, (long long)p.sent);
	return r == -EAGAIN ? SOURCE_RETRY : flushed;
}

static int publish(const struct invocation *i, const struct config *c, const struct rules *rules, const char *topic, struct error *err)
{
	struct ndjson n = {.forbidden = &rules->rulesets.forbidden, .arena = arena_new(1 << 16)};
	int r = n.arena ? read_all(i, &n, err) : error_set(err, -ENOMEM, "out of memory");
	if (r >= 0 && n.faults) {
		arena_free(n.arena);
		fprintf(stderr, "%lld of %lld events have a fault: nothing was sent\n", (long long)n.faults, (long long)n.events);
		return STATUS_FAULTS;
	}
	if (r < 0) {
		arena_free(n.arena);
		return file_fault(r, err);
	}
	r = send_all(i, c, &n, topic, err);
	arena_free(n.arena);
	return r ? fault(r, err) : STATUS_OK;
}

int verb_publish(const struct verb *v, int argc, char **argv)
{
	const char *topic = NULL;
	const struct option_spec options[] = {{"topic", NULL, &topic}, {0}};
	struct invocation i;
	struct config c;
	struct rules rules;
	struct error err = {""};
	int r = invocation_read(v, argc, argv, options, &i);
	if (r >= 0)
		return r;
	for (int f = 0; f < i.n_operands; f++)
		if (!strcmp(i.operands[f], "-")) {
			fprintf(stderr, "rekapd publish: reads its files twice, so standard input will not do; put the events into a file\n");
			return STATUS_USAGE;
		}
	if (!i.n_operands) {
		fprintf(stderr, "rekapd publish: which files? (rekapd publish --help)\n");
		return STATUS_USAGE;
	}
	if ((r = load_rules(&i, &c, &rules)) != 0)
		return r;
	r = publish(&i, &c, &rules, topic, &err);
	rules_deinit(&rules);
	config_deinit(&c);
	return r;
}
