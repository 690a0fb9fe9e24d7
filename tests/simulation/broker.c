// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Kafka as the pipeline sees it through source.h: logs of partitions, and a group that gives each partition to one member of those it believes alive. A member
 * that is put out while it lives goes on as if nothing had happened until it polls.
 */
#include "daemon/source/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/simulation/sim.h"

#define SESSION (6 * SECOND)
#define CLAIM_AGAIN SECOND
#define JOIN_LIMIT (60 * SECOND)

struct source {
	struct instance *instance;
	struct source_handlers handlers;
	struct source *next; /* of the members */
	int fd;
	bool member, joined;    /* joined: has its place in the round of now */
	unsigned round;         /* of which it has its assignment */
	bool assigned, claimed, paused;
	int64_t claim_at;
	bool mine[PARTITIONS_MAX], given[PARTITIONS_MAX]; /* given: by the group, not taken yet */
	int64_t position[PARTITIONS_MAX];
	struct fill { /* a batch of the pipeline's, which has two */
		const struct arena *arena;
		size_t records;
	} fills[2];
};

static struct {
	struct source *members;
	unsigned round;
	bool joining; /* members are asked to give back what they have and to join the round */
	int64_t paused_until;
} group;

void broker_reset(void)
{
	memset(&group, 0, sizeof group);
}

/* --- logs ---------------------------------------------------------------------------------------------------------------------------------------- */

static void signal_all(void)
{
	for (struct source *s = group.members; s; s = s->next)
		fd_signal(s->fd);
}

bool broker_all_produced(void)
{
	for (int p = 0; p < world.plan.partitions; p++)
		if (world.logs[p].visible < world.logs[p].n)
			return false;
	return true;
}

void broker_produce(void)
{
	struct partition_log *l = &world.logs[chance((uint64_t)world.plan.partitions)];
	for (uint64_t n = 1 + chance(12); n && l->visible < l->n; n--)
		l->end = l->records[l->visible++].offset + 1;
	signal_all();
}

static void resume(void *arg)
{
	(void)arg;
	signal_all();
}

void broker_pause(int64_t until)
{
	trace("no records for %lld ms", (long long)((until - world.now) / MILLISECOND));
	group.paused_until = until;
	timer_after(until - world.now, resume, NULL);
}

/* --- the group ----------------------------------------------------------------------------------------------------------------------------------- */

static void leave_group(struct source *s)
{
	struct source **at = &group.members;
	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	s->member = s->joined = false;
}

/* Everyone has joined: each partition goes to one of them. */
static void assign(void)
{
	size_t n = 0;
	for (struct source *s = group.members; s; s = s->next, n++)
		memset(s->given, 0, sizeof s->given);
	group.joining = false;
	for (int p = 0; n && p < world.plan.partitions; p++) {
		struct source *s = group.members;
		for (uint64_t k = chance(n); k; k--)
			s = s->next;
		s->given[p] = true;
	}
	trace("round %u: %zu members", group.round, n);
	signal_all();
}

static void assign_if_all_joined(void)
{
	for (const struct source *s = group.members; s; s = s->next)
		if (!s->joined)
			return;
	if (group.joining)
		assign();
}

/* Who has not joined by then is put out. */
static void end_joining(void *arg)
{
	if (!group.joining || group.round != (unsigned)(uintptr_t)arg)
		return;
	for (struct source *s = group.members, *next; s; s = next) {
		next = s->next;
		if (!s->joined) {
			trace("instance %d did not join", s->instance->number);
			leave_group(s);
		}
	}
	assign_if_all_joined();
}

void broker_rebalance(void)
{
	group.joining = true;
	group.round++;
	for (struct source *s = group.members; s; s = s->next)
		s->joined = false;
	timer_after(chance(2) ? JOIN_LIMIT : (int64_t)chance(10 * SECOND), end_joining, (void *)(uintptr_t)group.round);
	signal_all();
}

static void put_out(struct source *s)
{
	if (!s->member)
		return;
	trace("instance %d is put out of the group", s->instance->number);
	leave_group(s);
	broker_rebalance();
}

void broker_evict(struct instance *i)
{
	if (i->source)
		put_out(i->source);
}

static void session_ends(void *arg)
{
	for (struct source *s = group.members; s; s = s->next)
		if (s == arg) {
			put_out(s);
			return;
		}
}

/* Its memory goes with it: what the group remembers of it is a member that never polls again. */
void broker_died(struct instance *i)
{
	struct source *s = i->source, *ghost;
	i->source = NULL;
	if (!s || !s->member)
		return;
	ghost = world_alloc(sizeof *ghost);
	*ghost = *s;
	ghost->fd = -1;
	for (struct source **at = &group.members; *at; at = &(*at)->next)
		if (*at == s) {
			*at = ghost;
			break;
		}
	timer_after(SESSION, session_ends, ghost);
}

static void join(struct source *s)
{
	if (!s->member) {
		s->next = group.members;
		group.members = s;
		s->member = true;
		broker_rebalance();
	}
	s->joined = true;
	assign_if_all_joined();
}

/* --- sources ------------------------------------------------------------------------------------------------------------------------------------- */

int source_new(const struct config *c, const struct source_handlers *h, struct source **ret_source, struct error *err)
{
	(void)c;
	(void)err;
	struct source *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	*s = (struct source){.instance = current_instance(), .handlers = *h, .fd = fd_open(current_instance())};
	s->instance->source = s;
	fd_signal(s->fd);
	*ret_source = s;
	return 0;
}

static void take_back(struct source *s, bool gone)
{
	if (s->assigned) {
		s->handlers.revoked(s->handlers.arg, gone);
		for (size_t i = 0; i < COUNT(s->fills); i++)
			if (s->fills[i].arena && arena_used(s->fills[i].arena))
				violated("instance %d holds records after a revocation", s->instance->number);
	}
	s->assigned = s->claimed = false;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	take_back(s, false);
	if (s->member) {
		leave_group(s);
		broker_rebalance();
		assign_if_all_joined();
	}
	fd_close(s->fd);
	s->instance->source = NULL;
	free(s);
	return NULL;
}

int source_fd(const struct source *s)
{
	return s->fd;
}

static void again(void *arg)
{
	struct instance *i = arg;
	if (i->source)
		fd_signal(i->source->fd);
}

int64_t source_begin(struct source *s, const char *topic, int32_t partition)
{
	(void)s;
	(void)topic;
	(void)partition;
	return 0;
}

static void claim(struct source *s)
{
	struct source_partition list[PARTITIONS_MAX];
	int at[PARTITIONS_MAX];
	size_t n = 0;
	for (int p = 0; p < world.plan.partitions; p++)
		if (s->mine[p]) {
			at[n] = p;
			list[n++] = (struct source_partition){world.logs[p].topic, world.logs[p].number, 0};
		}
	s->claimed = s->handlers.assigned(s->handlers.arg, list, n) == 0;
	s->claim_at = world.now + CLAIM_AGAIN;
	timer_after(CLAIM_AGAIN, again, s->instance);
	for (size_t i = 0; i < n && s->claimed; i++)
		s->position[at[i]] = list[i].next;
}

/* What the group wants of it, first. */
static void serve(struct source *s)
{
	if (!s->member) {
		take_back(s, true);
		join(s);
	} else if (group.joining && !s->joined) {
		take_back(s, false);
		join(s);
	}
	if (!group.joining && s->joined && s->round != group.round) {
		s->round = group.round;
		memcpy(s->mine, s->given, sizeof s->mine);
		s->assigned = true;
		s->claimed = false;
		s->claim_at = world.now;
	}
	if (s->assigned && !s->claimed && world.now >= s->claim_at)
		claim(s);
}

static void make_record(struct source *s, struct arena *arena, int p, const struct log_record *l, struct record *ret)
{
	const struct record r = {.topic = text_of(world.logs[p].topic), .partition = world.logs[p].number, .offset = l->offset, .key = l->key, .value = l->value};
	record_copy(arena, &r, ret);
	s->position[p] = l->offset + 1;
}

static const struct log_record *next_record(const struct source *s, int p)
{
	const struct partition_log *l = &world.logs[p];
	for (size_t i = 0; i < l->visible; i++)
		if (l->records[i].offset >= s->position[p])
			return &l->records[i];
	return NULL;
}

static int some_partition(const struct source *s)
{
	int able[PARTITIONS_MAX];
	size_t n = 0;
	for (int p = 0; p < world.plan.partitions; p++)
		if (s->mine[p] && next_record(s, p))
			able[n++] = p;
	return n ? able[chance(n)] : -1;
}

static bool flows(const struct source *s)
{
	return s->assigned && s->claimed && !s->paused && world.now >= group.paused_until;
}

/* Records that were handed into the arena since it was empty. */
static size_t *fill_of(struct source *s, const struct arena *arena)
{
	struct fill *f = &s->fills[s->fills[0].arena && s->fills[0].arena != arena];
	f->arena = arena;
	if (!arena_used(arena))
		f->records = 0;
	return &f->records;
}

static void check_memory(const struct source *s, size_t records)
{
	size_t bound = (size_t)world.config.batch_events + 1; /* one more: while it is full it still asks for one now and then */
	if (records > bound)
		violated("instance %d holds a batch of %zu records", s->instance->number, records);
}

int source_poll(struct source *s, struct arena *arena, struct record *ret_records, size_t max, size_t *ret_n, struct error *err)
{
	uint64_t wakes;
	(void)err;
	*ret_n = 0;
	ssize_t n = read(s->fd, &wakes, sizeof wakes);
	(void)n;
	serve(s);
	size_t wanted = chance(3) ? max : 1 + chance(max), *filled = fill_of(s, arena);
	for (int p; flows(s) && *ret_n < wanted && (p = some_partition(s)) >= 0;)
		for (uint64_t run = 1 + chance(6); run && *ret_n < wanted && next_record(s, p); run--)
			make_record(s, arena, p, next_record(s, p), &ret_records[(*ret_n)++]);
	if (flows(s) && *ret_n < max && some_partition(s) >= 0)
		fd_signal(s->fd);
	check_memory(s, *filled += *ret_n);
	return 0;
}

void source_pause(struct source *s, bool pause)
{
	if (s->paused && !pause)
		fd_signal(s->fd);
	s->paused = pause;
}

void source_reclaim(struct source *s, int64_t delay)
{
	if (!s->assigned)
		return;
	s->claimed = false;
	s->claim_at = world.now + delay;
	timer_after(delay, again, s->instance);
}

void source_commit(struct source *s, struct text topic, int32_t partition, int64_t next)
{
	char name[64];
	snprintf(name, sizeof name, "%.*s", TEXT_ARG(topic));
	(void)s;
	if (next > server_next_offset(name, partition) && !world.injected[FAULT_RESTORE])
		violated("the broker is told that %s/%d is done up to %lld, but %lld is stored", name, (int)partition, (long long)next, (long long)server_next_offset(name, partition));
}

bool source_reached(struct source *s)
{
	(void)s;
	return true;
}

int64_t source_lag(struct source *s)
{
	int64_t lag = 0;
	for (int p = 0; p < world.plan.partitions; p++)
		lag += s->mine[p] ? world.logs[p].end - s->position[p] : 0;
	return lag;
}

bool source_drained(struct source *s)
{
	(void)s;
	return false; /* instances run until they are told to end */
}

void source_drain_anew(struct source *s)
{
	(void)s;
}
