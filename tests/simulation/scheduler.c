// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Tasks that take turns: a thread of an instance is a context of its own that runs until it waits. Which of those that could run does is up to the seed, and
 * time passes only when all of them wait. What the daemon calls of the system (threads, clocks, descriptors, randomness) is replaced when the program is linked.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/simulation/sim.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

void *__real_malloc(size_t n);

#define TASKS_MAX 32
#define TIMERS_MAX 256
#define FDS_MAX 64
#define FD_FIRST 100000
#define STACK (256 << 10)
#define STEPS_MAX 400000
#define WALL_START INT64_C(1711324800000000) /* 2024-03-25 */

struct task {
	ucontext_t context;
	char *stack;
	struct instance *owner;
	void *(*run)(void *arg);
	void *arg;
	bool used, done, woken;
	const void *on; /* waits for it; NULL: for the time only */
	int64_t until;
	void *fake_stack;
};

struct timer {
	int64_t at;
	uint64_t order; /* of two at one time, the one set first */
	void (*fire)(void *arg);
	void *arg;
};

struct descriptor {
	bool open, signals;
	struct instance *owner;
	uint64_t count;
};

static struct {
	struct task tasks[TASKS_MAX], *current;
	ucontext_t home;
	void *home_fake;
	const void *home_bottom;
	size_t home_size;
	struct timer timers[TIMERS_MAX];
	size_t n_timers;
	uint64_t timer_order;
	struct descriptor fds[FDS_MAX];
} s;

/* --- contexts ------------------------------------------------------------------------------------------------------------------------------------ */

static void leave(struct task *t)
{
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_start_switch_fiber(t->done ? NULL : &t->fake_stack, s.home_bottom, s.home_size);
#endif
	swapcontext(&t->context, &s.home);
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(t->fake_stack, NULL, NULL);
#endif
}

static void enter(struct task *t)
{
	s.current = t;
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_start_switch_fiber(&s.home_fake, t->stack, STACK);
#endif
	swapcontext(&s.home, &t->context);
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(s.home_fake, NULL, NULL);
#endif
	s.current = NULL;
}

static void begin(void)
{
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(NULL, &s.home_bottom, &s.home_size);
#endif
	s.current->run(s.current->arg);
	s.current->done = true;
	task_wake(s.current);
	leave(s.current);
}

int task_start(struct instance *owner, void *(*run)(void *arg), void *arg)
{
	struct task *t = s.tasks;
	while (t < s.tasks + TASKS_MAX && t->used)
		t++;
	if (t == s.tasks + TASKS_MAX)
		abort();
	char *stack = t->stack ? t->stack : __real_malloc(STACK); /* nobody's: it is used again */
	*t = (struct task){.stack = stack, .owner = owner, .run = run, .arg = arg, .used = true};
	getcontext(&t->context);
	t->context.uc_stack.ss_sp = stack;
	t->context.uc_stack.ss_size = STACK;
	makecontext(&t->context, begin, 0);
	return (int)(t - s.tasks);
}

void tasks_drop(struct instance *owner)
{
	for (struct task *t = s.tasks; t < s.tasks + TASKS_MAX; t++)
		if (t->used && t->owner == owner)
			t->used = false;
}

/* --- waiting ------------------------------------------------------------------------------------------------------------------------------------- */

bool task_wait(const void *on, int64_t until)
{
	struct task *t = s.current;
	t->on = on;
	t->until = until;
	t->woken = false;
	leave(t);
	return t->woken;
}

void task_yield(void)
{
	task_wait(NULL, world.now);
}

void task_wake(const void *on)
{
	for (struct task *t = s.tasks; t < s.tasks + TASKS_MAX; t++)
		if (t->used && t->on == on && on) {
			t->on = NULL;
			t->until = world.now;
			t->woken = true;
		}
}

struct instance *current_instance(void)
{
	return s.current ? s.current->owner : NULL;
}

void timer_after(int64_t microseconds, void (*fire)(void *arg), void *arg)
{
	if (s.n_timers == TIMERS_MAX)
		abort();
	s.timers[s.n_timers++] = (struct timer){world.now + microseconds, s.timer_order++, fire, arg};
}

static struct timer *next_timer(void)
{
	struct timer *first = NULL;
	for (struct timer *t = s.timers; t < s.timers + s.n_timers; t++)
		if (!first || t->at < first->at || (t->at == first->at && t->order < first->order))
			first = t;
	return first;
}

static int64_t ready_at(const struct task *t)
{
	int64_t until = t->until;
	if (t->owner && t->owner->frozen && until < t->owner->frozen_until)
		until = t->owner->frozen_until;
	return until;
}

/* One of those that can run, or NULL; *ret_next: when one can. */
static struct task *choose(int64_t *ret_next)
{
	struct task *able[TASKS_MAX];
	size_t n = 0;
	*ret_next = NEVER;
	for (struct task *t = s.tasks; t < s.tasks + TASKS_MAX; t++) {
		if (!t->used || t->done)
			continue;
		int64_t at = ready_at(t);
		if (at <= world.now)
			able[n++] = t;
		else if (at < *ret_next)
			*ret_next = at;
	}
	return n ? able[chance(n)] : NULL;
}

static bool fire_due(void)
{
	struct timer *t = next_timer();
	if (!t || t->at > world.now)
		return false;
	struct timer due = *t;
	*t = s.timers[--s.n_timers];
	due.fire(due.arg);
	return true;
}

void scheduler_run(void)
{
	while (!world.over) {
		int64_t next;
		if (fire_due())
			continue;
		struct task *t = choose(&next);
		if (!t) {
			const struct timer *timer = next_timer();
			world.now = timer && timer->at < next ? timer->at : next;
			if (world.now == NEVER)
				violated("everything waits for ever");
		} else if (++world.steps > STEPS_MAX) {
			violated("no end after %d steps", STEPS_MAX);
		} else if (t->owner && strikes(FAULT_CRASH)) {
			instance_crash(t->owner);
		} else {
			enter(t);
		}
	}
}

void scheduler_reset(void)
{
	for (struct task *t = s.tasks; t < s.tasks + TASKS_MAX; t++)
		t->used = false;
	s.n_timers = 0;
	memset(s.fds, 0, sizeof s.fds);
}

/* --- descriptors --------------------------------------------------------------------------------------------------------------------------------- */

static struct descriptor *descriptor(int fd)
{
	return fd >= FD_FIRST && fd < FD_FIRST + FDS_MAX && s.fds[fd - FD_FIRST].open ? &s.fds[fd - FD_FIRST] : NULL;
}

int fd_open(struct instance *owner)
{
	for (int i = 0; i < FDS_MAX; i++)
		if (!s.fds[i].open) {
			s.fds[i] = (struct descriptor){.open = true, .owner = owner};
			return FD_FIRST + i;
		}
	abort();
}

void fd_signal(int fd)
{
	struct descriptor *d = descriptor(fd);
	if (!d)
		return;
	d->count++;
	task_wake_pollers();
}

void task_wake_pollers(void)
{
	task_wake(s.fds);
}

void fd_close(int fd)
{
	struct descriptor *d = descriptor(fd);
	if (d)
		d->open = false;
}

size_t fds_of(const struct instance *i)
{
	size_t n = 0;
	for (int k = 0; k < FDS_MAX; k++)
		n += s.fds[k].open && s.fds[k].owner == i;
	return n;
}

void fds_drop(const struct instance *i)
{
	for (int k = 0; k < FDS_MAX; k++)
		if (s.fds[k].owner == i)
			s.fds[k].open = false;
}

static bool readable(const struct descriptor *d)
{
	return d->signals ? d->owner->signals != 0 : d->count != 0;
}

/* --- what the daemon calls instead of the system ------------------------------------------------------------------------------------------------- */

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_close(int fd);
int __real_clock_gettime(clockid_t id, struct timespec *t);

int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	const struct instance *i = current_instance();
	int64_t now = world.now + SECOND;
	if (id == CLOCK_REALTIME)
		now += WALL_START + (i ? i->clock_jump : 0);
	*t = (struct timespec){now / SECOND, now % SECOND * 1000};
	return 0;
}

int __wrap_clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left)
{
	(void)id;
	(void)flags;
	(void)left;
	task_wait(NULL, world.now + t->tv_sec * SECOND + t->tv_nsec / 1000);
	return 0;
}

ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags)
{
	(void)flags;
	uint64_t v = random_next(&world.random);
	memcpy(p, &v, n < sizeof v ? n : sizeof v);
	return (ssize_t)n;
}

int __wrap_eventfd(unsigned value, int flags);
int __wrap_eventfd(unsigned value, int flags)
{
	(void)flags;
	int fd = fd_open(current_instance());
	descriptor(fd)->count = value;
	return fd;
}

int __wrap_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
	(void)set;
	(void)flags;
	fd = fd_open(current_instance());
	descriptor(fd)->signals = true;
	return fd;
}

static ssize_t read_signal(struct instance *i, void *p, size_t n)
{
	struct signalfd_siginfo info = {0};
	for (uint32_t number = 1; number < 64 && n >= sizeof info; number++)
		if (i->signals & UINT64_C(1) << number) {
			i->signals &= ~(UINT64_C(1) << number);
			info.ssi_signo = number;
			memcpy(p, &info, sizeof info);
			return sizeof info;
		}
	errno = EAGAIN;
	return -1;
}

ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
	struct descriptor *d = descriptor(fd);
	if (!d)
		return __real_read(fd, p, n);
	if (d->signals)
		return read_signal(d->owner, p, n);
	if (!d->count) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(p, &d->count, sizeof d->count);
	d->count = 0;
	return sizeof d->count;
}

ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	if (!descriptor(fd))
		return __real_write(fd, p, n);
	fd_signal(fd);
	return (ssize_t)n;
}

int __wrap_close(int fd);
int __wrap_close(int fd)
{
	if (!descriptor(fd))
		return __real_close(fd);
	fd_close(fd);
	return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	int64_t until = ms < 0 ? NEVER : world.now + ms * MILLISECOND;
	task_yield();
	for (;;) {
		int ready = 0;
		for (nfds_t i = 0; i < n; i++) {
			const struct descriptor *d = descriptor(fds[i].fd);
			fds[i].revents = d && readable(d) ? POLLIN : 0;
			ready += fds[i].revents != 0;
		}
		if (ready || world.now >= until)
			return ready;
		task_wait(s.fds, until);
	}
}

void __wrap__exit(int status);
void __wrap__exit(int status)
{
	instance_crash(current_instance());
	(void)status;
	for (;;)
		task_wait(NULL, NEVER);
}

/* --- threads ------------------------------------------------------------------------------------------------------------------------------------- */

int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *arg), void *arg);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *arg), void *arg)
{
	(void)attr;
	*ret = (pthread_t)task_start(current_instance(), run, arg);
	return 0;
}

int __wrap_pthread_join(pthread_t thread, void **ret);
int __wrap_pthread_join(pthread_t thread, void **ret)
{
	(void)ret;
	struct task *t = &s.tasks[thread];
	while (!t->done)
		task_wait(t, NEVER);
	t->used = false;
	return 0;
}

/* A mutex is free or not; nothing but a condition's wait lets others run while it is held. */
int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
	while (*(unsigned char *)m)
		task_wait(m, NEVER);
	*(unsigned char *)m = 1;
	return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
	*(unsigned char *)m = 0;
	task_wake(m);
	return 0;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *t);
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *t)
{
	int64_t until = t ? t->tv_sec * SECOND + t->tv_nsec / 1000 - SECOND : NEVER;
	__wrap_pthread_mutex_unlock(m);
	bool woken = world.now < until && task_wait(c, until);
	__wrap_pthread_mutex_lock(m);
	return woken ? 0 : ETIMEDOUT;
}

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	return __wrap_pthread_cond_timedwait(c, m, NULL);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *c);
int __wrap_pthread_cond_broadcast(pthread_cond_t *c)
{
	task_wake(c);
	return 0;
}
