// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/pipeline.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/random.h"
#include "daemon/decode/decode.h"
#include "daemon/pipeline/batching.h"
#include "daemon/pipeline/committer.h"
#include "daemon/pipeline/progress.h"
#include "daemon/pipeline/state.h"
#include "daemon/source/source.h"

#define POLL_CHUNK 1024			       /* records taken from the source at once: few enough that they are in the cache when they are decoded */
#define MEAN_BYTES 2048			       /* of an item, before there is one */
#define IDLE_WAIT_MS 10000		       /* even without anything to do the group wants a sign of life now and then */
#define DRAIN_WAIT_MS 100		       /* while waiting for the ends of the partitions */
#define PAUSE_AFTER (INSTANT_PER_SECOND)       /* the store is stuck so long with the next batch full: stop the flow, keep polling */
#define SETTLE_PATIENCE (20 * INSTANT_PER_SECOND) /* how long a revocation waits for a commit that is going on */
#define DRAIN_PATIENCE (30 * INSTANT_PER_SECOND) /* after that what is at hand is left to be read again */
#define FENCED_WAIT (INSTANT_PER_SECOND)
#define FENCED_WAIT_MAX (30 * INSTANT_PER_SECOND)
#define CONFIRM_EVERY (10 * INSTANT_PER_SECOND) /* idle so long, it asks the store whether its claims still hold */
#define SUMMARY_EVERY (10 * INSTANT_PER_SECOND)
#define PROGRESS_EVERY (INSTANT_PER_SECOND / 4)
#define STATUS_EVERY (INSTANT_PER_SECOND)
#define READY_PATIENCE (10 * INSTANT_PER_SECOND) /* the group gives nothing for so long: there may be no topic yet, or a dead member is waited for */

struct totals {
	int64_t events, rejected, tombstones, batches;
};

struct pipeline {
	const struct config *config;
	const struct rules *rules;
	struct store *store;
	const struct pipeline_options *options;
	struct source *source;
	struct committer *committer;
	enum pipeline_state state;
	struct batch batches[2], *filling, *spare; /* spare: NULL while the committer has it */
	struct record *records;
	size_t mean_bytes; /* of an item */
	int64_t filling_since, full_since; /* 0: not */
	bool more;			   /* the source had more than it was asked for */
	int signals;
	bool outage;
	int64_t outage_since;
	instant outage_at, committed_at; /* for people */
	struct error outage_why; /* told last */
	bool fenced;	 /* the claims are void: what was read under them is, too */
	unsigned fences; /* since the last commit */
	int64_t drain_until, confirm_at;
	struct totals totals, reported;
	struct progress progress;
	int64_t started, summary_at, progress_at;
	struct service *service;
	bool subscribed;       /* the group knows this member */
	size_t partitions;     /* claimed */
	int64_t status_at;     /* not before is the next status worked out */
	struct progress_view told; /* the last one, after so many batches */
	int64_t told_batches;
	int fatal;
	struct error error;
};

static void step(struct pipeline *p, enum pipeline_event e)
{
	p->state = pipeline_next(p->state, e, p->filling->n > 0, committer_busy(p->committer));
}

static void fail(struct pipeline *p, int code, const struct error *why)
{
	p->fatal = code;
	p->error = *why;
	step(p, EVENT_FATAL);
}

/* --- results of the store ------------------------------------------------------------------------------------------------------------------------ */

/* The last record of each run of one partition. */
static void tell_broker(struct pipeline *p, const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct record *r = &b->items[i].record, *next = i + 1 < b->n ? &b->items[i + 1].record : NULL;
		if (!next || next->partition != r->partition || !text_equal(next->topic, r->topic))
			source_commit(p->source, r->topic, r->partition, r->offset + 1);
	}
}

/* Told once, and again when the reason is another: what began with a lost connection may go on with a refused password, which needs a hand. */
static void note_outage(struct pipeline *p, const struct error *why)
{
	char quoted[1200];
	if (p->outage && !strcmp(p->outage_why.text, why->text))
		return;
	if (!p->outage) {
		p->outage_since = clock_monotonic();
		p->outage_at = clock_wall();
	}
	p->outage = true;
	p->outage_why = *why;
	log_warning("store unavailable", "reason=%s", log_quote(why->text, quoted, sizeof quoted));
}

static void note_recovery(struct pipeline *p)
{
	if (!p->outage)
		return;
	p->outage = false;
	log_notice("store available again", "seconds=%.1f", (double)(clock_monotonic() - p->outage_since) / 1e6);
}

static void note_commit(struct pipeline *p, const struct commit_result *r)
{
	p->totals.events += r->counts.events;
	p->totals.rejected += r->counts.rejected;
	p->totals.tombstones += r->counts.tombstones;
	p->totals.batches++;
	p->committed_at = clock_wall();
	p->fences = 0;
	log_debug("batch committed", "batch=%lld events=%lld rejected=%lld entities=%lld deltas=%lld seconds=%.3f retries=%u", (long long)r->counts.batch_id,
		  (long long)r->counts.events, (long long)r->counts.rejected, (long long)r->counts.entities, (long long)r->counts.deltas, (double)r->microseconds / 1e6, r->retries);
}

/* Takes the committer's result, if there is one. */
static void take_result(struct pipeline *p)
{
	char quoted[512];
	struct commit_result r;
	if (!committer_take(p->committer, &r))
		return;
	switch (r.outcome) {
	case OUTCOME_COMMITTED:
		note_recovery(p);
		if (r.batch->n)
			note_commit(p, &r);
		tell_broker(p, r.batch);
		break;
	case OUTCOME_FENCED:
		log_notice("batch dropped", "reason=%s records=%zu", log_quote(r.error.text, quoted, sizeof quoted), r.batch->n);
		p->fenced = true;
		break;
	case OUTCOME_ABANDONED:
		log_notice("batch given up", "reason=\"its partitions are going or the daemon ends; it will be read again\" records=%zu", r.batch->n);
		break;
	case OUTCOME_FATAL:
		fail(p, r.code, &r.error);
		break;
	}
	batch_reset(r.batch);
	p->spare = r.batch;
	p->confirm_at = clock_monotonic() + CONFIRM_EVERY;
	step(p, EVENT_COMMITTED);
}

/* --- partitions come and go ---------------------------------------------------------------------------------------------------------------------- */

static void drop_filling(struct pipeline *p)
{
	batch_reset(p->filling);
	p->filling_since = p->full_since = 0;
	step(p, EVENT_DROPPED);
}

/* Nothing of the source's is held afterwards. */
static void give_back(struct pipeline *p, int64_t patience)
{
	committer_settle(p->committer, patience);
	take_result(p);
	drop_filling(p);
}

static void on_revoked(void *arg, bool lost)
{
	struct pipeline *p = arg;
	give_back(p, lost ? 0 : SETTLE_PATIENCE);
	store_release(p->store);
	p->partitions = 0;
	p->fenced = false;
}

/* A batch that was dropped leaves a gap before all that was read after it: back to what is stored. */
static void start_anew(struct pipeline *p)
{
	p->fenced = false;
	drop_filling(p);
	source_reclaim(p->source, backoff(p->fences++, FENCED_WAIT, FENCED_WAIT_MAX));
}

static void look_at_store(struct pipeline *p)
{
	struct error why;
	take_result(p);
	if (p->fenced)
		start_anew(p);
	if (committer_waiting(p->committer, &why)) {
		note_outage(p, &why);
		step(p, EVENT_RETRY);
	} else if (p->state == PIPELINE_BACKOFF) {
		step(p, EVENT_AGAIN);
	}
}

/* Kafka is asked where a partition begins only if that counts: a slow broker must not hold up a rebalance. */
static int claim_one(struct pipeline *p, struct source_partition *c, struct error *err)
{
	c->next = -1;
	int r = store_claim(p->store, c->topic, c->partition, &c->next, err);
	if (r == STORE_NEW && (c->next = source_begin(p->source, c->topic, c->partition)) >= 0)
		r = store_claim(p->store, c->topic, c->partition, &c->next, err);
	return r;
}

static int claim_all(struct pipeline *p, struct source_partition *partitions, size_t n, struct error *err)
{
	int r = store_connect(p->store, err);
	for (size_t i = 0; i < n && r == 0; i++) {
		service_alive(p->service);
		r = claim_one(p, &partitions[i], err);
	}
	return r;
}

/* Partitions are only given after all others were taken: the committer has nothing, or an empty batch that must be over before the store is ours. */
static int on_assigned(void *arg, struct source_partition *partitions, size_t n)
{
	struct pipeline *p = arg;
	struct error err = {""};
	if (committer_busy(p->committer))
		return SOURCE_RETRY;
	int r = claim_all(p, partitions, n, &err);
	if (r == 0) {
		note_recovery(p);
		p->subscribed = true;
		p->partitions = n;
		for (size_t i = 0; i < n; i++)
			log_info("partition claimed", "topic=%s partition=%d next_offset=%lld", partitions[i].topic, (int)partitions[i].partition, (long long)partitions[i].next);
		return 0;
	}
	if (r < 0)
		fail(p, r, &err);
	else
		note_outage(p, &err);
	return SOURCE_RETRY;
}

/* --- filling --------------------------------------------------------------------------------------------------------------------------------------- */

static int decode_into(struct pipeline *p, struct record *records, size_t n)
{
	struct error none = {"pipeline: out of memory"};
	for (size_t i = 0; i < n; i++) {
		struct item *item = batch_add(p->filling);
		if (item)
			item->record = records[i];
		if (!item || decode_record(item, &p->rules->rulesets.forbidden, p->filling->arena) < 0) {
			fail(p, -ENOMEM, &none);
			break;
		}
	}
	return p->fatal;
}

static bool wants_records(const struct pipeline *p)
{
	return p->state != PIPELINE_DRAINING && p->state != PIPELINE_STOPPED && !batch_full(p->filling, p->config);
}

/* A chunk never exceeds what the batch may still take, by number, and by bytes as far as the records before tell. */
static size_t chunk(const struct pipeline *p)
{
	if (!wants_records(p))
		return 1;
	size_t room = (size_t)p->config->batch_events - p->filling->n, bytes = ((size_t)p->config->batch_bytes - batch_bytes(p->filling)) / p->mean_bytes + 1;
	room = room < bytes ? room : bytes;
	return room < POLL_CHUNK ? room : POLL_CHUNK;
}

/* A full batch behind a store that is stuck: the flow is stopped, so that polling can go on and the group stays as it is. */
static void mind_flow(struct pipeline *p)
{
	int64_t now = clock_monotonic();
	bool full = batch_full(p->filling, p->config);
	p->full_since = !full ? 0 : p->full_since ? p->full_since : now;
	source_pause(p->source, p->state == PIPELINE_DRAINING || (full && now - p->full_since >= PAUSE_AFTER));
}

/* How long, in microseconds, the records are left where they are, because soon there is room for them again; 0: they are not. */
static int64_t room_awaited(const struct pipeline *p)
{
	int64_t left = p->full_since ? p->full_since + PAUSE_AFTER - clock_monotonic() : 0;
	return left > 0 ? left : 0;
}

static void fill(struct pipeline *p)
{
	size_t n, max = chunk(p);
	bool empty = p->filling->n == 0;
	if (p->state == PIPELINE_STOPPED)
		return;
	mind_flow(p);
	if (room_awaited(p))
		return;
	int r = source_poll(p->source, p->filling->arena, p->records, max, &n, &p->error);
	if (r < 0) {
		fail(p, r, &p->error);
		return;
	}
	if (n && decode_into(p, p->records, n) < 0)
		return;
	p->mean_bytes = p->filling->n ? batch_bytes(p->filling) / p->filling->n : MEAN_BYTES;
	p->more = n == max && wants_records(p); /* a batch that is full now wants none: no spinning while the store is busy */
	if (!n)
		return;
	if (empty) {
		p->filling_since = clock_monotonic();
		step(p, EVENT_RECORDS);
	}
}

/* Whether the batch goes now: it is full, it has waited long enough for more, or it is the last. */
static bool ripe(const struct pipeline *p)
{
	return batch_full(p->filling, p->config) || p->state == PIPELINE_DRAINING || clock_monotonic() - p->filling_since >= p->config->batch_ms * 1000;
}

/*
 * An empty batch goes when nothing else did for a while: the store then says whether the claims hold. So a database that came back as it was some time ago (from a
 * backup, or a standby that lacks the last commits) is found out though no record comes.
 */
static bool confirms(const struct pipeline *p)
{
	return p->state == PIPELINE_IDLE && clock_monotonic() >= p->confirm_at;
}

static void hand_over(struct pipeline *p)
{
	if (p->state == PIPELINE_STOPPED || committer_busy(p->committer) || !(p->filling->n ? ripe(p) : confirms(p)))
		return;
	struct batch *full = p->filling;
	p->filling = p->spare;
	p->spare = NULL;
	p->filling_since = p->full_since = 0;
	committer_hand(p->committer, full);
	step(p, EVENT_HANDED);
}

/* --- people -------------------------------------------------------------------------------------------------------------------------------------- */

static void look_at_signals(struct pipeline *p)
{
	struct signalfd_siginfo s;
	while (read(p->signals, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGHUP) {
			service_reloading(p->service);
			if (p->options->reload)
				p->options->reload(p->options->arg);
			continue;
		}
		log_notice("ending", "signal=%s state=%s", s.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT", pipeline_state_name(p->state));
		service_stopping(p->service, "draining");
		if (p->state == PIPELINE_DRAINING)
			_exit(0); /* told twice: what is not committed will be read again */
		if (p->outage)
			give_back(p, 0); /* there is no waiting for a store that is away */
		p->drain_until = clock_monotonic() + DRAIN_PATIENCE;
		step(p, EVENT_END);
	}
}

static int64_t records_stored(const struct pipeline *p)
{
	return p->totals.events + p->totals.rejected + p->totals.tombstones;
}

/* A batch that is neither filled nor stored is empty. */
static size_t in_hand(const struct pipeline *p)
{
	return p->batches[0].n + p->batches[1].n;
}

static enum progress_phase phase(const struct pipeline *p)
{
	return p->state == PIPELINE_DRAINING ? PROGRESS_DRAINING : p->outage ? PROGRESS_AWAY : p->partitions ? PROGRESS_READING : PROGRESS_WAITING;
}

static struct progress_view view(struct pipeline *p, int64_t now)
{
	int64_t lag = source_lag(p->source), stored = records_stored(p);
	return (struct progress_view){.phase = phase(p), .stored = stored, .rate = progress_rate(&p->progress, now, stored), .to_go = lag < 0 ? lag : lag + (int64_t)in_hand(p),
		.committed = p->committed_at, .since = p->outage_at, .reason = p->outage_why.text};
}

static void print_progress(struct pipeline *p, int64_t now)
{
	char line[PROGRESS_TEXT_SIZE];
	struct progress_view v = view(p, now);
	progress_line(&v, line);
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
}

static void log_progress(struct pipeline *p, int64_t now)
{
	char pace[80] = "";
	struct progress_view v = view(p, now);
	if (progress_behind(&v) && v.rate > 0)
		snprintf(pace, sizeof pace, " rate=%lld eta_seconds=%lld", (long long)v.rate, (long long)progress_seconds(&v));
	log_info("progress", "state=%s events=%lld rejected=%lld batches=%lld lag=%lld%s", pipeline_state_name(p->state), (long long)(p->totals.events - p->reported.events),
		 (long long)(p->totals.rejected - p->reported.rejected), (long long)(p->totals.batches - p->reported.batches), (long long)source_lag(p->source), pace);
}

/* Something happened since the last status was worked out, or a part of it was not known. */
static bool status_is_old(const struct pipeline *p)
{
	return p->told.phase != phase(p) || p->told_batches != p->totals.batches || (p->told.phase == PROGRESS_READING && p->told.to_go < 0);
}

static void tell_status(struct pipeline *p, int64_t now)
{
	char text[PROGRESS_TEXT_SIZE];
	struct progress_view v = view(p, now);
	p->status_at = now + STATUS_EVERY;
	progress_status(&v, text);
	if (!service_status(p->service, text))
		return;
	p->told = v;
	p->told_batches = p->totals.batches;
}

static void tell_service(struct pipeline *p, int64_t now)
{
	if (!p->service->on)
		return;
	service_alive(p->service);
	p->subscribed = p->subscribed || (now - p->started >= READY_PATIENCE && source_reached(p->source));
	if (p->subscribed)
		service_ready(p->service);
	if (now >= p->status_at)
		tell_status(p, now);
}

static void report(struct pipeline *p)
{
	int64_t now = clock_monotonic();
	progress_note(&p->progress, now, records_stored(p), in_hand(p) > 0);
	tell_service(p, now);
	if (p->options->progress && now >= p->progress_at) {
		print_progress(p, now);
		p->progress_at = now + PROGRESS_EVERY;
	}
	if (now < p->summary_at)
		return;
	p->summary_at = now + SUMMARY_EVERY;
	if (p->totals.batches == p->reported.batches)
		return;
	log_progress(p, now);
	p->reported = p->totals;
}

/* --- the loop ------------------------------------------------------------------------------------------------------------------------------------ */

static bool drained(struct pipeline *p)
{
	if (!p->options->until_drained || p->filling->n || committer_busy(p->committer) || p->state == PIPELINE_STOPPED || !source_drained(p->source))
		return false;
	if (!p->options->drained || p->options->drained(p->options->arg))
		return true;
	source_drain_anew(p->source);
	return false;
}

static void mind_drain(struct pipeline *p)
{
	if (p->state != PIPELINE_DRAINING || clock_monotonic() < p->drain_until)
		return;
	log_warning("draining given up", "reason=\"the store does not take the last batch; it will be read again\"");
	give_back(p, 0);
}

static int wait_ms(const struct pipeline *p)
{
	if (p->more)
		return 0;
	if (p->filling->n && !committer_busy(p->committer)) { /* waits for more until batch_ms have passed */
		int64_t left = p->config->batch_ms - (clock_monotonic() - p->filling_since) / 1000;
		return left > 0 ? (int)left : 0;
	}
	if (p->full_since)
		return (int)((room_awaited(p) ? room_awaited(p) : PAUSE_AFTER) / 1000) + 1;
	if (p->options->until_drained || p->outage || p->fences || p->state == PIPELINE_DRAINING)
		return DRAIN_WAIT_MS;
	return p->totals.batches != p->reported.batches ? (int)(SUMMARY_EVERY / 1000) : IDLE_WAIT_MS;
}

/* Milliseconds until the service manager is owed something, at most `wait`. */
static int soonest(const struct pipeline *p, int wait)
{
	int64_t left = INT64_MAX, now = clock_monotonic();
	if (!p->service->on)
		return wait;
	if (!p->service->ready || status_is_old(p))
		left = p->status_at > now ? p->status_at - now : 0;
	if (service_alive_within(p->service) < left)
		left = service_alive_within(p->service);
	return left / 1000 < wait ? (int)(left / 1000) + 1 : wait;
}

static void loop(struct pipeline *p)
{
	struct pollfd fds[] = {{-1, POLLIN, 0}, {committer_fd(p->committer), POLLIN, 0}, {p->signals, POLLIN, 0}};
	while (p->state != PIPELINE_STOPPED) {
		fds[0].fd = room_awaited(p) ? -1 : source_fd(p->source); /* records that are left would end every wait at once */
		poll(fds, 3, soonest(p, wait_ms(p)));
		look_at_signals(p);
		mind_drain(p);
		look_at_store(p);
		fill(p);
		look_at_store(p);
		hand_over(p);
		report(p);
		if (drained(p))
			step(p, EVENT_END);
	}
}

static int open_signals(struct pipeline *p, struct error *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signals < 0 ? error_set(err, -errno, "pipeline: signals cannot be received: %s", strerror(errno)) : 0;
}

static int open_parts(struct pipeline *p, struct error *err)
{
	const struct source_handlers handlers = {p, on_assigned, on_revoked};
	p->records = calloc(POLL_CHUNK, sizeof *p->records);
	if (!p->records || batch_init(&p->batches[0]) < 0 || batch_init(&p->batches[1]) < 0)
		return error_set(err, -ENOMEM, "pipeline: out of memory");
	p->filling = &p->batches[0];
	p->spare = &p->batches[1];
	int r = open_signals(p, err);
	if (r >= 0)
		r = committer_new(p->store, &p->committer, err);
	return r < 0 ? r : source_new(p->config, &handlers, &p->source, err);
}

static void close_parts(struct pipeline *p)
{
	if (p->source)
		give_back(p, SETTLE_PATIENCE);
	p->source = source_free(p->source);
	p->committer = committer_free(p->committer);
	batch_deinit(&p->batches[0]);
	batch_deinit(&p->batches[1]);
	if (p->signals >= 0)
		close(p->signals);
	free(p->records);
	if (p->options->progress)
		fputs("\r\033[K", stderr);
}

int pipeline_run(const struct config *c, const struct rules *rules, struct store *store, const struct pipeline_options *o, struct error *err)
{
	struct service nobody = {0};
	struct pipeline p = {.config = c, .rules = rules, .store = store, .options = o, .signals = -1, .mean_bytes = MEAN_BYTES, .started = clock_monotonic(),
			     .service = o->service ? o->service : &nobody};
	p.confirm_at = p.started + CONFIRM_EVERY;
	int r = open_parts(&p, err);
	if (r >= 0) {
		loop(&p);
		r = p.fatal;
		if (r < 0)
			error_set(err, r, "%s", p.error.text);
	}
	close_parts(&p);
	log_info("ended", "events=%lld rejected=%lld tombstones=%lld batches=%lld seconds=%.2f", (long long)p.totals.events, (long long)p.totals.rejected,
		 (long long)p.totals.tombstones, (long long)p.totals.batches, (double)(clock_monotonic() - p.started) / 1e6);
	return r;
}
