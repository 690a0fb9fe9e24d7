// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/arena.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/source/source.h"
#include "daemon/verbs/verbs.h"

#define BROKER_MS 10000
#define REMEDY "rebuild from entities instead (without --from-kafka)"

struct rebuild {
	struct config config;
	struct rules rules;
	struct store_basis basis;
	struct store *store;
	bool from_kafka, restart;
	struct ticker ticker;
	bool held; /* daemons wait for the swap */
	bool swapped;
	int code; /* of a swap that failed within the pipeline; `error` says why */
	struct error error;
	struct store_rebuilt result;
};

/* --- steps, each tried again while the store asks for it --- */

static void tell_begun(const struct rebuild *b, enum rebuild_begun begun)
{
	const char *from = b->from_kafka ? "the log" : "entities";
	if (begun == REBUILD_FRESH)
		fprintf(stderr, "rekapd: rebuilding from %s\n", from);
	else
		fprintf(stderr, "rekapd: rebuilding from %s: %s\n", from,
			begun == REBUILD_RESUMED ? "going on where the last one ended" : "beginning anew, because rules or unit register have changed since");
}

static int begin_step(void *arg, struct error *err)
{
	struct rebuild *b = arg;
	enum rebuild_begun begun;
	int r = store_rebuild_begin(b->store, &b->basis, b->from_kafka, b->restart, &begun, err);
	if (r)
		return r;
	b->restart = false; /* once */
	tell_begun(b, begun);
	return 0;
}

static int entities_step(void *arg, struct error *err)
{
	struct rebuild *b = arg;
	return store_rebuild_entities(b->store, tick, &b->ticker, err);
}

static int swap_step(void *arg, struct error *err)
{
	struct rebuild *b = arg;
	return store_rebuild_swap(b->store, &b->basis, &b->result, err);
}

static int from_entities(struct rebuild *b, struct error *err)
{
	int r = patiently(entities_step, b, err);
	tick_end(&b->ticker);
	return r ? r : patiently(swap_step, b, err);
}

/* --- the log --- */

struct log {
	struct arena *arena;
	struct source_partition *all; /* next: where the rebuild has read to */
	struct source_end *ends;
	int64_t *counted; /* where the live figures have */
	size_t n;
	bool failed; /* out of memory */
	struct error *err;
};

static void *grow(void *array, size_t n, size_t element, bool *failed)
{
	void *wider = realloc(array, n * element);
	*failed |= !wider;
	return wider ? wider : array;
}

static void add_topic(void *arg, const char *name, int partitions)
{
	struct log *l = arg;
	struct text copy;
	size_t n = l->n + (size_t)partitions;
	if (n == l->n)
		return;
	l->all = grow(l->all, n, sizeof *l->all, &l->failed);
	l->ends = grow(l->ends, n, sizeof *l->ends, &l->failed);
	l->counted = grow(l->counted, n, sizeof *l->counted, &l->failed);
	if (!arena_copy(l->arena, (struct text){name, strlen(name) + 1}, &copy))
		l->failed = true;
	for (int i = 0; i < partitions && !l->failed; i++, l->n++) {
		l->all[l->n] = (struct source_partition){copy.p, i, 0};
		l->counted[l->n] = 0;
	}
}

enum { TOPIC, PARTITION, READ, COUNTED };

static int take_offset(void *arg, size_t n, const struct text *cells)
{
	struct log *l = arg;
	(void)n;
	int partition = (int)strtol(cells[PARTITION].p, NULL, 10);
	for (size_t i = 0; i < l->n; i++)
		if (l->all[i].partition == partition && text_is(cells[TOPIC], l->all[i].topic)) {
			l->all[i].next = strtoll(cells[READ].p, NULL, 10);
			l->counted[i] = strtoll(cells[COUNTED].p, NULL, 10);
			return 0;
		}
	return error_set(l->err, -ENODATA, "%.*s [%d]: its records are counted, but the log lacks it, or rekapd.topics no longer names it: " REMEDY, TEXT_ARG(cells[TOPIC]),
			 partition);
}

static int refuse(struct error *err, const struct source_partition *p, const char *why)
{
	return error_set(err, -ENODATA, "%s [%d]: %s: " REMEDY, p->topic, (int)p->partition, why);
}

static int look_at_offsets(struct rebuild *b, struct log *l, struct error *err)
{
	l->err = err;
	return store_query(b->store,
			   "SELECT topic, partition, coalesce(s.next_offset, 0), coalesce(t.next_offset, 0) FROM rekap.ingest_offset t "
			   "FULL JOIN rekap_rebuild.ingest_offset s USING (topic, partition) WHERE t.next_offset > 0 OR s.next_offset > 0",
			   take_offset, l, err);
}

/* All that is counted, and all before it, must be there to be read. */
static int check_log(struct log *l, struct error *err)
{
	char why[200];
	for (size_t i = 0; i < l->n; i++) {
		if (l->ends[i].low > l->all[i].next) {
			snprintf(why, sizeof why, "the broker's first record is %" PRId64 ", but record %" PRId64 " is wanted next (retention, or deleted records)", l->ends[i].low,
				 l->all[i].next);
			return refuse(err, &l->all[i], why);
		}
		if (l->ends[i].high < l->counted[i]) {
			snprintf(why, sizeof why, "the log ends at %" PRId64 ", but records up to %" PRId64 " are counted (another topic under that name?)", l->ends[i].high,
				 l->counted[i]);
			return refuse(err, &l->all[i], why);
		}
	}
	return 0;
}

static int look_at_log(void *arg, struct error *err)
{
	struct rebuild *b = arg;
	struct log l = {.arena = arena_new(4096)};
	int r = l.arena ? source_topics(&b->config, BROKER_MS, add_topic, &l, err) : -ENOMEM;
	if (!r && l.failed)
		r = -ENOMEM;
	if (!r && !l.n)
		r = error_set(err, -ENODATA, "none of the topics exists: there is no log to rebuild from");
	if (!r)
		r = source_ends(&b->config, BROKER_MS, l.all, l.n, l.ends, err);
	if (!r)
		r = look_at_offsets(b, &l, err);
	if (!r)
		r = check_log(&l, err);
	free(l.all);
	free(l.ends);
	free(l.counted);
	arena_free(l.arena);
	return r;
}

/* First daemons are made to wait, so that the log can be caught up with; then it is swapped. */
static bool on_drained(void *arg)
{
	struct rebuild *b = arg;
	if (!b->held) {
		int r = store_rebuild_hold(b->store, &b->error);
		b->held = r == 0;
		if (r < 0)
			b->code = r;
		return r < 0;
	}
	b->held = false;
	b->code = patiently(swap_step, b, &b->error);
	b->swapped = b->code == 0;
	return b->code <= 0; /* otherwise it was cut off, or they went on meanwhile: once more */
}

static int from_log(struct rebuild *b, struct error *err)
{
	const struct pipeline_options options = {.until_drained = true, .progress = isatty(STDERR_FILENO), .drained = on_drained, .arg = b};
	int r = patiently(look_at_log, b, err);
	b->code = 0;
	if (!r)
		r = pipeline_run(&b->config, &b->rules, b->store, &options, err);
	if (!r && b->code)
		return error_set(err, b->code, "%s", b->error.text);
	return r;
}

/* --- the verb --- */

static int rebuild(struct rebuild *b)
{
	struct error err = {""};
	int r;
	do {
		r = patiently(begin_step, b, &err);
		if (!r)
			r = b->from_kafka ? from_log(b, &err) : from_entities(b, &err);
	} while (r == -ESTALE); /* register or rules changed meanwhile */
	if (r)
		return fault(r, &err);
	if (b->from_kafka && !b->swapped) {
		fprintf(stderr, "rekapd: ended before it was done: nothing is changed, and the next rekapd rebuild --from-kafka goes on from here\n");
		return STATUS_FAULTS;
	}
	printf("%lld entities; %lld differed, and %lld months of the roll-up\n", (long long)b->result.entities, (long long)b->result.rows, (long long)b->result.measures);
	return STATUS_OK;
}

/* The daemons' group must not notice: another one reads beside it. */
static int load_beside(struct invocation *i, struct config *ret)
{
	static char set[300];
	int r = load_config(i, ret);
	if (r)
		return r;
	const char *group = config_kafka(ret, "group.id");
	snprintf(set, sizeof set, "kafka.group.id=%s-rebuild", group ? group : "rekapd");
	config_deinit(ret);
	i->sets[i->n_sets++] = set;
	return load_config(i, ret);
}

static int load_and_rebuild(struct rebuild *b)
{
	struct error err = {""};
	int r = rules_load(&b->config, &b->rules, &err);
	if (r < 0)
		return fault(r, &err);
	b->basis = basis_of(&b->config, &b->rules);
	r = open_store(&b->config, false, &b->store);
	if (r == 0)
		r = rebuild(b);
	store_free(b->store);
	rules_deinit(&b->rules);
	return r;
}

int verb_rebuild(const struct verb *v, int argc, char **argv)
{
	struct rebuild b = {0};
	const struct option_spec options[] = {{"from-kafka", &b.from_kafka, NULL}, {"restart", &b.restart, NULL}, {0}};
	struct invocation i;
	int r = invocation_read(v, argc, argv, options, &i);
	if (r >= 0 || (r = no_operands(v, &i)) >= 0)
		return r;
	if ((r = b.from_kafka ? load_beside(&i, &b.config) : load_config(&i, &b.config)) != 0)
		return r;
	if (b.from_kafka)
		block_signals();
	r = load_and_rebuild(&b);
	config_deinit(&b.config);
	return r;
}
