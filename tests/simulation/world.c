// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Instances live and die, faults strike, and at the end all must be well. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "daemon/pipeline/pipeline.h"
#include "tests/simulation/sim.h"

#define CONVERGE_LIMIT (400 * SECOND) /* after the last fault: the longest deadlines and waits of the daemon, one after the other */
#define END_LIMIT (120 * SECOND)
#define LOOK_EVERY (100 * MILLISECOND)
#define BLOCK (256 << 10)
#define BLOCKS_MAX 1024

struct world world;

const char *const fault_names[FAULTS] = {
	[FAULT_CRASH] = "crash",
	[FAULT_TERMINATE] = "terminate",
	[FAULT_FREEZE] = "freeze",
	[FAULT_REBALANCE] = "rebalance",
	[FAULT_EVICTION] = "eviction",
	[FAULT_BROKER] = "broker-pause",
	[FAULT_CLOCK] = "clock-jump",
	[FAULT_SLOW] = "slow-call",
	[FAULT_SQLSTATE] = "sqlstate",
	[FAULT_CUT_BEFORE] = "cut-before",
	[FAULT_CUT_AFTER] = "cut-after",
	[FAULT_COMMIT_FAILS] = "commit-fails",
	[FAULT_COMMIT_DONE] = "commit-unknown-done",
	[FAULT_COMMIT_NOT_DONE] = "commit-unknown-not-done",
	[FAULT_COMMIT_LATER] = "commit-unknown-done-later",
	[FAULT_RESTART] = "server-restart",
	[FAULT_OUTAGE] = "server-outage",
	[FAULT_RESTORE] = "server-restored",
};

/* How often, of 4096: of a step for a crash, of a look of the world for what strikes from outside, of a statement for the rest. */
static const unsigned usual[FAULTS] = {
	[FAULT_CRASH] = 1,      [FAULT_TERMINATE] = 20,       [FAULT_FREEZE] = 30,     [FAULT_REBALANCE] = 40,  [FAULT_EVICTION] = 30,  [FAULT_BROKER] = 20,
	[FAULT_CLOCK] = 20,     [FAULT_SLOW] = 10,            [FAULT_SQLSTATE] = 20,   [FAULT_CUT_BEFORE] = 15, [FAULT_CUT_AFTER] = 15, [FAULT_COMMIT_FAILS] = 100,
	[FAULT_COMMIT_DONE] = 120, [FAULT_COMMIT_NOT_DONE] = 120, [FAULT_COMMIT_LATER] = 120, [FAULT_RESTART] = 15,    [FAULT_OUTAGE] = 10,
	[FAULT_RESTORE] = 8,
};

/* --- memory of the world ------------------------------------------------------------------------------------------------------------------------- */

void *__real_malloc(size_t n);

static struct {
	char *blocks[BLOCKS_MAX]; /* nobody's: kept for the next world */
	size_t n, at, used;
} memory;

void *world_alloc(size_t n)
{
	n = (n + 15) & ~(size_t)15;
	if (n > BLOCK)
		abort();
	if (!memory.n || memory.used + n > BLOCK) {
		memory.at += memory.n != 0;
		memory.used = 0;
		if (memory.at == BLOCKS_MAX)
			abort();
		if (memory.at == memory.n)
			memory.blocks[memory.n++] = __real_malloc(BLOCK);
	}
	void *p = memory.blocks[memory.at] + memory.used;
	memory.used += n;
	return memset(p, 0, n);
}

struct text world_copy(const void *p, size_t n)
{
	char *copy = world_alloc(n ? n : 1);
	if (n)
		memcpy(copy, p, n);
	return (struct text){copy, n};
}

/* --- chance -------------------------------------------------------------------------------------------------------------------------------------- */

uint64_t chance(uint64_t n)
{
	return random_below(&world.random, n);
}

bool strikes(enum fault f)
{
	if (!world.faulty || !(world.plan.faults & 1U << f) || world.n_injected >= world.plan.fault_limit || chance(4096) >= world.rates[f])
		return false;
	world.injected[f]++;
	world.n_injected++;
	const struct instance *i = current_instance();
	trace("fault %s%s%.0d", fault_names[f], i ? " at instance " : "", i ? i->number : 0);
	return true;
}

void violated(const char *format, ...)
{
	if (world.violation)
		return;
	va_list ap;
	va_start(ap, format);
	vsnprintf(world.violation_text, sizeof world.violation_text, format, ap);
	va_end(ap);
	world.violation = world.violation_text;
	world.over = true;
	trace("violated: %s", world.violation);
}

void trace(const char *format, ...)
{
	if (!world.trace)
		return;
	va_list ap;
	fprintf(stderr, "%12.6f ", (double)world.now / 1e6);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* --- instances ----------------------------------------------------------------------------------------------------------------------------------- */

static void start_instance(void *arg);

static void start_again(struct instance *i)
{
	if (!world.over && !world.ending)
		timer_after(1 + (int64_t)chance(6 * SECOND), start_instance, i);
}

/* As the verb `run` does it. 0: ready, 1: told to end, negative. */
static int prepare(struct instance *i, const struct store_basis *basis, struct error *err)
{
	for (;;) {
		int r = store_connect(i->store, err);
		if (!r)
			r = store_basis_set(i->store, basis, NULL, NULL, err);
		if (r <= 0)
			return r;
		clock_sleep(1 + (int64_t)chance(SECOND));
		if (i->signals)
			return 1;
	}
}

static void check_end(struct instance *i, int r, const struct error *err)
{
	if (r < 0)
		violated("instance %d stopped: %s", i->number, err->text);
	else if (!i->told_to_end)
		violated("instance %d ended, though nobody told it to", i->number);
	else if (fds_of(i) || memory_of(i))
		violated("instance %d ended and left %zu descriptors, %zu bytes", i->number, fds_of(i), memory_of(i));
}

static void *live(void *arg)
{
	struct instance *i = arg;
	struct error err = {""};
	const struct pipeline_options options = {0};
	const struct store_basis basis = {.basis = world.rules->basis, .as_of = DAY_NONE, .digest = world.rules->digest};
	int r = store_new("", i->owner, &i->store, &err);
	if (!r)
		r = prepare(i, &basis, &err);
	if (!r)
		r = pipeline_run(&world.config, world.rules, i->store, &options, &err);
	i->store = store_free(i->store);
	trace("instance %d ended: %d %s", i->number, r, err.text);
	i->running = false;
	check_end(i, r, &err);
	tasks_drop(i); /* this one */
	start_again(i);
	task_wait(NULL, NEVER);
	return NULL;
}

static void start_instance(void *arg)
{
	static unsigned born;
	struct instance *i = arg;
	if (i->running || world.over || world.ending)
		return;
	*i = (struct instance){.number = i->number, .running = true};
	snprintf(i->owner, sizeof i->owner, "instance/%d/%u", i->number, ++born);
	trace("instance %d begins", i->number);
	task_start(i, live, i);
}

void instance_crash(struct instance *i)
{
	trace("instance %d crashes", i->number);
	tasks_drop(i);
	broker_died(i);
	server_lost_client(i);
	memory_drop(i);
	fds_drop(i);
	*i = (struct instance){.number = i->number};
	start_again(i);
}

static void terminate(struct instance *i)
{
	i->told_to_end = true;
	i->signals |= UINT64_C(1) << SIGTERM;
	task_wake_pollers();
}

static void session_over(void *arg)
{
	struct instance *i = arg;
	if (i->frozen)
		broker_evict(i);
}

static void thaw(void *arg)
{
	struct instance *i = arg;
	i->frozen = false;
	trace("instance %d goes on", i->number);
}

static void freeze(struct instance *i)
{
	int64_t for_ = chance(2) ? (int64_t)chance(3 * SECOND) : (int64_t)chance(40 * SECOND);
	i->frozen = true;
	i->frozen_until = world.now + for_;
	timer_after(6 * SECOND, session_over, i);
	timer_after(for_, thaw, i);
	server_client_frozen(i);
}

/* --- what strikes from outside --------------------------------------------------------------------------------------------------------------------- */

static void strike_instance(struct instance *i)
{
	if (!i->running || i->frozen)
		return;
	if (strikes(FAULT_TERMINATE))
		terminate(i);
	if (strikes(FAULT_FREEZE))
		freeze(i);
	if (strikes(FAULT_EVICTION))
		broker_evict(i);
	if (strikes(FAULT_CLOCK))
		i->clock_jump += ((int64_t)chance(2000) - 1000) * 3600 * SECOND;
}

static void strike_all(void)
{
	for (int i = 0; i < world.plan.instances; i++)
		strike_instance(&world.instances[i]);
	if (strikes(FAULT_REBALANCE))
		broker_rebalance();
	if (strikes(FAULT_BROKER))
		broker_pause(world.now + (int64_t)chance(10 * SECOND));
	if (strikes(FAULT_RESTART))
		server_restart((int64_t)chance(SECOND));
	if (strikes(FAULT_OUTAGE))
		server_restart((int64_t)chance(90 * SECOND));
	if (!chance(30))
		server_save();
	if (strikes(FAULT_RESTORE))
		server_restore();
}

/* --- the end ------------------------------------------------------------------------------------------------------------------------------------- */

static bool all_stored(void)
{
	for (int p = 0; p < world.plan.partitions; p++)
		if (server_next_offset(world.logs[p].topic, world.logs[p].number) != world.logs[p].end)
			return false;
	return true;
}

static void check_server(void *arg)
{
	(void)arg;
	if (server_sessions())
		violated("connections are left behind");
	world.over = true;
}

static void finish(void *arg)
{
	bool alive = false;
	(void)arg;
	for (int i = 0; i < world.plan.instances; i++)
		alive |= world.instances[i].running;
	if (!alive)
		timer_after(5 * SECOND, check_server, NULL); /* what was lost is ended by then */
	else if (world.now > world.faults_end + CONVERGE_LIMIT + END_LIMIT)
		violated("instances do not end");
	else
		timer_after(LOOK_EVERY, finish, NULL);
}

static void converge(void *arg)
{
	(void)arg;
	if (all_stored()) {
		trace("all is stored");
		for (int i = 0; i < world.plan.instances; i++)
			if (world.instances[i].running)
				terminate(&world.instances[i]);
		world.ending = true;
		finish(NULL);
	} else if (world.now > world.faults_end + CONVERGE_LIMIT) {
		violated("no progress though nothing fails any more");
	} else {
		timer_after(LOOK_EVERY, converge, NULL);
	}
}

static void look(void *arg)
{
	(void)arg;
	if (!broker_all_produced() && chance(2))
		broker_produce();
	strike_all();
	if (world.now < world.faults_end || !broker_all_produced()) {
		timer_after(1 + (int64_t)chance(400 * MILLISECOND), look, NULL);
		return;
	}
	world.faulty = false;
	world.faults_end = world.now;
	trace("no more faults");
	converge(NULL);
}

/* --- beginning ----------------------------------------------------------------------------------------------------------------------------------- */

static void choose_rates(void)
{
	for (int f = 0; f < FAULTS; f++)
		world.rates[f] = chance(3) ? usual[f] * (unsigned)(1 + chance(4)) : 0;
	world.config.batch_events = 1 + (int64_t)chance(chance(2) ? 8 : 40);
	world.config.batch_bytes = chance(3) ? 1 << 20 : 1 << (10 + chance(6));
	world.latency = 1 + (int64_t)chance(chance(2) ? 2 * MILLISECOND : 40 * MILLISECOND);
	world.strays = 1 + chance(8);
	world.config.batch_ms = 1 + (int64_t)chance(300);
}

void world_run(const struct plan *plan, const struct rules *rules, const struct config *config, bool tracing)
{
	for (int i = 0; i < INSTANCES_MAX; i++)
		memory_drop(&world.instances[i]);
	world = (struct world){.plan = *plan, .random = {plan->seed}, .faulty = true, .config = *config, .rules = rules, .trace = tracing};
	memory.at = memory.used = 0;
	scheduler_reset();
	broker_reset();
	server_reset();
	choose_rates();
	model_logs();
	world.faults_end = (int64_t)chance(60 * SECOND);
	for (int i = 0; i < plan->instances; i++) {
		world.instances[i].number = i;
		timer_after((int64_t)chance(2 * SECOND), start_instance, &world.instances[i]);
	}
	timer_after(0, look, NULL);
	scheduler_run();
	if (!world.violation)
		model_check();
}
