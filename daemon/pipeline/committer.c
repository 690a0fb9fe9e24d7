// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/committer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/random.h"

#define BACKOFF_BASE (INT64_C(50) * 1000)
#define BACKOFF_CAP (INT64_C(2) * INSTANT_PER_SECOND)

struct committer {
	struct store *store;
	pthread_t thread;
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock */
	struct batch *batch; /* with the thread, or with its result until that is taken */
	bool done, waiting, abandon, quit;
	struct commit_result result;
	struct error reason; /* of the wait */
};

/* The main loop looks again. */
static void wake(struct committer *c)
{
	uint64_t one = 1;
	ssize_t n = write(c->fd, &one, sizeof one);
	(void)n;
}

static struct timespec from_now(int64_t microseconds)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t ns = t.tv_nsec + microseconds % INSTANT_PER_SECOND * 1000;
	t.tv_sec += microseconds / INSTANT_PER_SECOND + ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
	return t;
}

/* Sleeps unless told to give up; true: give up. */
static bool wait_to_retry(struct committer *c, unsigned attempt, const struct error *why)
{
	struct timespec until = from_now(backoff(attempt, BACKOFF_BASE, BACKOFF_CAP));
	pthread_mutex_lock(&c->lock);
	c->waiting = true;
	c->reason = *why;
	wake(c);
	while (!c->abandon && pthread_cond_timedwait(&c->changed, &c->lock, &until) != ETIMEDOUT)
		;
	bool give_up = c->abandon;
	c->waiting = false;
	pthread_mutex_unlock(&c->lock);
	wake(c);
	return give_up;
}

static enum commit_outcome commit(struct committer *c, struct commit_result *ret)
{
	for (;; ret->retries++) {
		ret->code = store_commit(c->store, ret->batch, &ret->counts, &ret->error);
		if (ret->code == 0)
			return OUTCOME_COMMITTED;
		if (ret->code < 0)
			return OUTCOME_FATAL;
		if (ret->code == STORE_FENCED)
			return OUTCOME_FENCED;
		log_debug("commit tried again", "attempt=%u reason=\"%s\"", ret->retries + 1, ret->error.text);
		if (wait_to_retry(c, ret->retries, &ret->error))
			return OUTCOME_ABANDONED;
	}
}

static struct batch *next_batch(struct committer *c)
{
	pthread_mutex_lock(&c->lock);
	while (!c->quit && (!c->batch || c->done))
		pthread_cond_wait(&c->changed, &c->lock);
	struct batch *b = c->quit ? NULL : c->batch;
	pthread_mutex_unlock(&c->lock);
	return b;
}

static void *run(void *arg)
{
	struct committer *c = arg;
	for (struct batch *b; (b = next_batch(c));) {
		struct commit_result r = {.batch = b};
		int64_t start = clock_monotonic();
		r.outcome = commit(c, &r);
		r.microseconds = clock_monotonic() - start;
		pthread_mutex_lock(&c->lock);
		c->result = r;
		c->done = true;
		pthread_cond_broadcast(&c->changed);
		pthread_mutex_unlock(&c->lock);
		wake(c);
	}
	return NULL;
}

static int init_sync(struct committer *c)
{
	pthread_condattr_t attr;
	int r = pthread_mutex_init(&c->lock, NULL);
	if (r)
		return -r;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	r = pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	return -r;
}

int committer_new(struct store *store, struct committer **ret, struct error *err)
{
	struct committer *c = calloc(1, sizeof *c);
	if (!c)
		return error_set(err, -ENOMEM, "pipeline: out of memory");
	c->store = store;
	c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = c->fd < 0 ? -errno : init_sync(c);
	if (r == 0)
		r = -pthread_create(&c->thread, NULL, run, c);
	if (r < 0) {
		if (c->fd >= 0)
			close(c->fd);
		free(c);
		return error_set(err, r, "pipeline: the store's thread cannot be started: %s", strerror(-r));
	}
	*ret = c;
	return 0;
}

struct committer *committer_free(struct committer *c)
{
	if (!c)
		return NULL;
	committer_settle(c, 0);
	pthread_mutex_lock(&c->lock);
	c->quit = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	close(c->fd);
	free(c);
	return NULL;
}

int committer_fd(const struct committer *c)
{
	return c->fd;
}

/* `batch` is set and cleared by the caller's thread only. */
bool committer_busy(const struct committer *c)
{
	return c->batch != NULL;
}

void committer_hand(struct committer *c, struct batch *batch)
{
	pthread_mutex_lock(&c->lock);
	c->batch = batch;
	c->done = c->abandon = false;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

bool committer_take(struct committer *c, struct commit_result *ret)
{
	uint64_t wakes;
	ssize_t n = read(c->fd, &wakes, sizeof wakes);
	(void)n;
	pthread_mutex_lock(&c->lock);
	bool done = c->batch && c->done;
	if (done) {
		*ret = c->result;
		c->batch = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return done;
}

bool committer_waiting(struct committer *c, struct error *ret_reason)
{
	pthread_mutex_lock(&c->lock);
	bool waiting = c->waiting;
	if (waiting)
		*ret_reason = c->reason;
	pthread_mutex_unlock(&c->lock);
	return waiting;
}

void committer_settle(struct committer *c, int64_t patience)
{
	struct timespec until = from_now(patience);
	pthread_mutex_lock(&c->lock);
	c->abandon = true; /* no further retry */
	pthread_cond_broadcast(&c->changed);
	while (c->batch && !c->done && patience >= 0)
		if (pthread_cond_timedwait(&c->changed, &c->lock, &until) == ETIMEDOUT)
			patience = -1;
	if (c->batch && !c->done)
		store_cancel(c->store); /* a statement that hangs: cut it short */
	while (c->batch && !c->done)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
}
