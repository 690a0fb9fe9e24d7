// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/pipeline/fake.h"

#define RETRY_CLAIM 20000
#define PACE 200 /* microseconds a poll, so that waiting loops do not eat a core */

struct source {
	struct source_handlers handlers;
	int fd;
	bool assigned, claimed, assign, revoke, lost, poor; /* poor: out of memory */
	int64_t claim_at;
	struct arena *arenas[2]; /* of the pipeline's batches */
};

struct fake fake;
static struct source only;

void fake_reset(int32_t partitions, int64_t records)
{
	fake = (struct fake){.n_partitions = partitions, .value_bytes = 10};
	for (int32_t i = 0; i < partitions; i++)
		fake.partitions[i].n = records;
}

void fake_assign(void)
{
	only.assign = true;
}

void fake_revoke(bool lost)
{
	only.revoke = true;
	only.lost = lost;
}

int source_new(const struct config *c, const struct source_handlers *h, struct source **ret_source, struct error *err)
{
	(void)c;
	(void)err;
	only = (struct source){.handlers = *h, .fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), .assign = true};
	*ret_source = &only;
	return 0;
}

/* Bytes of records, and what was made of them, that are not forgotten yet. */
static size_t held(void)
{
	size_t n = 0;
	for (size_t i = 0; i < COUNT(only.arenas); i++)
		n += only.arenas[i] ? arena_used(only.arenas[i]) : 0;
	return n;
}

static void take_back(struct source *s)
{
	s->handlers.revoked(s->handlers.arg, s->lost);
	if (held())
		fake.broken = "records are held on to after a revocation";
	for (int32_t i = 0; i < fake.n_partitions; i++)
		if (fake.partitions[i].mine)
			fake.broken = "claims are held on to after a revocation: those of the next owner would look like an old database";
	s->assigned = s->claimed = s->revoke = false;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	if (s->assigned)
		take_back(s);
	close(s->fd);
	return NULL;
}

int source_fd(const struct source *s)
{
	return s->fd; /* always readable */
}

static void claim(struct source *s)
{
	struct source_partition list[FAKE_PARTITIONS];
	for (int32_t i = 0; i < fake.n_partitions; i++)
		list[i] = (struct source_partition){FAKE_TOPIC, i, 0};
	s->claim_at = clock_monotonic() + RETRY_CLAIM;
	s->claimed = s->handlers.assigned(s->handlers.arg, list, (size_t)fake.n_partitions) == 0;
	for (int32_t i = 0; i < fake.n_partitions && s->claimed; i++)
		fake.partitions[i].position = (list[i].next + 1) / 2;
}

int64_t source_begin(struct source *s, const char *topic, int32_t partition)
{
	(void)s;
	(void)topic;
	(void)partition;
	return fake.begins++ < fake.silent ? -1 : 0;
}

static bool take(struct source *s, struct arena *arena, int32_t partition, struct record *ret)
{
	struct fake_partition *p = &fake.partitions[partition];
	if (s->poor || p->position == p->n)
		return false;
	char *value = arena_alloc(arena, fake.value_bytes);
	s->poor = !value;
	if (s->poor)
		return false;
	memset(value, 'x', fake.value_bytes);
	*ret = (struct record){.topic = TEXT(FAKE_TOPIC), .partition = partition, .offset = 2 * p->position++, .value = {value, fake.value_bytes}};
	return true;
}

/* The pipeline has two arenas, as long as it lives. */
static void note_arena(struct source *s, struct arena *arena)
{
	s->arenas[s->arenas[0] && s->arenas[0] != arena] = arena;
	if (held() > fake.held_most)
		fake.held_most = held();
}

int source_poll(struct source *s, struct arena *arena, struct record *ret_records, size_t max, size_t *ret_n, struct error *err)
{
	*ret_n = 0;
	clock_sleep(PACE);
	unsigned n = atomic_fetch_add(&fake.polls, 1) + 1;
	if (fake.on_poll)
		fake.on_poll(n);
	int r = fake.on_source ? fake.on_source(n, err) : 0;
	if (r)
		return r;
	if (s->revoke && s->assigned)
		take_back(s);
	if (s->assign && !s->assigned) {
		s->assigned = true;
		s->assign = false;
		s->claim_at = 0;
	}
	if (s->assigned && !s->claimed && clock_monotonic() >= s->claim_at)
		claim(s);
	for (int32_t i = 0; i < fake.n_partitions && s->claimed && !fake.paused; i++)
		while (*ret_n < max && take(s, arena, i, &ret_records[*ret_n]))
			++*ret_n;
	note_arena(s, arena);
	if (!s->poor)
		return 0;
	*ret_n = 0;
	return error_set(err, -ENOMEM, "kafka: out of memory");
}

void source_pause(struct source *s, bool pause)
{
	(void)s;
	fake.pauses += pause && !fake.paused;
	fake.paused = pause;
}

void source_reclaim(struct source *s, int64_t delay)
{
	(void)delay; /* tests do not wait so long */
	fake.reclaims++;
	s->claimed = false;
	s->claim_at = clock_monotonic() + RETRY_CLAIM;
}

void source_commit(struct source *s, struct text topic, int32_t partition, int64_t next)
{
	(void)s;
	(void)topic;
	if (next > fake.partitions[partition].next)
		fake.broken = "the broker is told of more than is stored";
	fake.partitions[partition].told = next;
}

bool source_reached(struct source *s)
{
	(void)s;
	return true;
}

int64_t source_lag(struct source *s)
{
	(void)s;
	return 0;
}

bool source_drained(struct source *s)
{
	bool drained = s->assigned && s->claimed;
	for (int32_t i = 0; i < fake.n_partitions; i++)
		drained = drained && fake.partitions[i].position == fake.partitions[i].n;
	return drained;
}

void source_drain_anew(struct source *s)
{
	(void)s; /* drained means the ends of now anyway */
}
