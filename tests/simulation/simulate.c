// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Runs a world for each seed. One that breaks a promise is made as small as it can be and still break one, and told in full. */
#include <getopt.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/simulation/sim.h"

#define HANG_SECONDS 60

static uint64_t total[FAULTS];
static volatile uint64_t running; /* the seed */

static const char usage[] =
	"Usage: simulate [--seeds N] [--from SEED] [--quiet | --must-fail]\n"
	"       simulate --seed SEED [--records N] [--instances N] [--partitions N] [--without FAULT]... [--faults N] [--trace]\n\n"
	"Runs the pipeline and the store in simulated worlds, one for each seed, and compares what is stored\n"
	"with what was published. A seed that fails is run again smaller and smaller; the last line says how\n"
	"to see it. --trace tells what happens, with the daemon's own log. --must-fail is for a program\n"
	"with a bug in it: it is well when a promise is broken.\n\n"
	"Exit status: 0 if every promise was kept, 1 if one was broken, 64 for wrong usage.\n";

/* The real clock: the world has one of its own. */
int __real_clock_gettime(clockid_t id, struct timespec *t);

static double seconds(void)
{
	struct timespec t;
	__real_clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every world differs in its measures, too. */
static struct plan plan_of(uint64_t seed)
{
	struct random r = {seed ^ UINT64_C(0x5eed)};
	return (struct plan){
		.seed = seed,
		.instances = 1 + (int)random_below(&r, INSTANCES_MAX),
		.partitions = 1 + (int)random_below(&r, PARTITIONS_MAX),
		.records = 1 + (size_t)random_below(&r, random_below(&r, 4) ? 60 : RECORDS_MAX),
		.faults = (1U << FAULTS) - 1,
		.fault_limit = UINT64_MAX,
	};
}

struct simulation {
	struct rules rules;
	struct config config;
	bool trace;
};

static bool breaks(const struct simulation *s, const struct plan *p)
{
	running = p->seed;
	alarm(HANG_SECONDS);
	world_run(p, &s->rules, &s->config, s->trace);
	alarm(0);
	return world.violation != NULL;
}

/* --- shrinking ----------------------------------------------------------------------------------------------------------------------------------- */

/* The same promise, as far as its first words tell. */
static bool breaks_alike(const struct simulation *s, const struct plan *p)
{
	char before[16];
	memcpy(before, world.violation_text, sizeof before);
	bool alike = breaks(s, p) && !strncmp(before, world.violation_text, sizeof before - 1);
	memcpy(world.violation_text, before, sizeof before);
	return alike;
}

static bool try(const struct simulation *s, struct plan *best, struct plan smaller)
{
	if (!breaks_alike(s, &smaller))
		return false;
	*best = smaller;
	return true;
}

static void shrink_numbers(const struct simulation *s, struct plan *p)
{
	for (size_t step = p->records / 2; step; step /= 2)
		while (p->records > step) {
			struct plan smaller = *p;
			smaller.records -= step;
			if (!try(s, p, smaller))
				break;
		}
	for (struct plan smaller = *p; smaller.instances-- > 1 && try(s, p, smaller);)
		smaller = *p;
	for (struct plan smaller = *p; smaller.partitions-- > 1 && try(s, p, smaller);)
		smaller = *p;
}

static void shrink_faults(const struct simulation *s, struct plan *p)
{
	for (int f = 0; f < FAULTS; f++) {
		struct plan smaller = *p;
		smaller.faults &= ~(1U << f);
		try(s, p, smaller);
	}
	struct plan smaller = *p;
	smaller.fault_limit = 0;
	if (try(s, p, smaller))
		return;
	breaks_alike(s, p);
	uint64_t low = 0, high = world.n_injected; /* low keeps the promises, high breaks one */
	while (high - low > 1) {
		smaller.fault_limit = low + (high - low) / 2;
		if (breaks_alike(s, &smaller))
			high = smaller.fault_limit;
		else
			low = smaller.fault_limit;
	}
	smaller.fault_limit = high;
	try(s, p, smaller);
}

static void tell(const struct simulation *s, struct plan p)
{
	printf("seed %llu: %s\n", (unsigned long long)p.seed, world.violation_text);
	shrink_numbers(s, &p);
	shrink_faults(s, &p);
	shrink_numbers(s, &p);
	breaks(s, &p);
	printf("smallest: %s\nsee it with: --seed %llu --records %zu --instances %d --partitions %d --faults %llu", world.violation_text, (unsigned long long)p.seed, p.records, p.instances,
	       p.partitions, (unsigned long long)p.fault_limit);
	for (int f = 0; f < FAULTS; f++)
		if (!(p.faults & 1U << f))
			printf(" --without %s", fault_names[f]);
	printf(" --trace\n");
}

/* --- many, or one -------------------------------------------------------------------------------------------------------------------------------- */

static void print_faults(const uint64_t *counts)
{
	for (int f = 0; f < FAULTS; f++)
		printf("  %-28s %12llu\n", fault_names[f], (unsigned long long)counts[f]);
}

static int run_many(const struct simulation *s, uint64_t from, uint64_t n, bool quiet)
{
	double start = seconds(), told = start;
	uint64_t steps = 0;
	for (uint64_t i = 0; i < n; i++) {
		struct plan p = plan_of(from + i);
		bool broken = breaks(s, &p);
		for (int f = 0; f < FAULTS; f++)
			total[f] += world.injected[f];
		steps += world.steps;
		if (broken) {
			if (quiet)
				printf("seed %llu: %s\n", (unsigned long long)p.seed, world.violation_text);
			else
				tell(s, p);
			return 1;
		}
		if (!quiet && isatty(STDERR_FILENO) && seconds() - told > 1) {
			told = seconds();
			fprintf(stderr, "\r\033[K%llu of %llu seeds, %.0f a second", (unsigned long long)i + 1, (unsigned long long)n, (double)(i + 1) / (told - start));
		}
	}
	double took = seconds() - start;
	printf("%llu seeds from %llu kept every promise: %.0f seeds a second, %llu steps\n", (unsigned long long)n, (unsigned long long)from, (double)n / took, (unsigned long long)steps);
	if (!quiet) {
		printf("faults injected:\n");
		print_faults(total);
	}
	return 0;
}

static int run_one(const struct simulation *s, const struct plan *p)
{
	bool broken = breaks(s, p);
	if (broken)
		printf("seed %llu: %s\n", (unsigned long long)p->seed, world.violation_text);
	else
		printf("seed %llu kept every promise in %.1f simulated seconds\n", (unsigned long long)p->seed, (double)world.now / 1e6);
	print_faults(world.injected);
	return broken;
}

/* --- arguments ----------------------------------------------------------------------------------------------------------------------------------- */

static void hangs(int number)
{
	char text[80];
	int n = snprintf(text, sizeof text, "seed %llu: hangs\n", (unsigned long long)running);
	ssize_t written = write(STDOUT_FILENO, text, (size_t)n);
	(void)written;
	(void)number;
	_Exit(1);
}

static int fault_named(const char *name)
{
	for (int f = 0; f < FAULTS; f++)
		if (!strcmp(fault_names[f], name))
			return f;
	fprintf(stderr, "no fault is named %s\n", name);
	exit(64);
}

struct arguments {
	uint64_t seeds, from, seed;
	bool one, quiet, trace, must_fail;
	size_t records;
	int instances, partitions;
	unsigned without;
	uint64_t faults;
};

static void read_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{"seeds", 1, NULL, 's'},      {"from", 1, NULL, 'f'},    {"seed", 1, NULL, '1'},   {"records", 1, NULL, 'r'}, {"instances", 1, NULL, 'i'},
		{"partitions", 1, NULL, 'p'}, {"without", 1, NULL, 'w'}, {"faults", 1, NULL, 'n'}, {"trace", 0, NULL, 't'},   {"quiet", 0, NULL, 'q'},
		{"must-fail", 0, NULL, 'm'},
		{"help", 0, NULL, 'h'},       {0},
	};
	int c;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		uint64_t v = optarg ? strtoull(optarg, NULL, 10) : 0;
		switch (c) {
		case 's': a->seeds = v; break;
		case 'f': a->from = v; break;
		case '1': a->seed = v; a->one = true; break;
		case 'r': a->records = (size_t)v; break;
		case 'i': a->instances = (int)v; break;
		case 'p': a->partitions = (int)v; break;
		case 'w': a->without |= 1U << fault_named(optarg); break;
		case 'n': a->faults = v; break;
		case 't': a->trace = true; break;
		case 'q': a->quiet = true; break;
		case 'm': a->must_fail = a->quiet = true; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(64);
		}
	}
	if (optind < argc || a->records > RECORDS_MAX || a->instances > INSTANCES_MAX || a->partitions > PARTITIONS_MAX) {
		fputs(usage, stderr);
		exit(64);
	}
}

static struct plan plan_asked_for(const struct arguments *a)
{
	struct plan p = plan_of(a->seed);
	p.records = a->records ? a->records : p.records;
	p.instances = a->instances ? a->instances : p.instances;
	p.partitions = a->partitions ? a->partitions : p.partitions;
	p.faults &= ~a->without;
	p.fault_limit = a->faults;
	return p;
}

/* In a process of its own, for a bug may well crash it. */
static int must_fail(const struct simulation *s, const struct arguments *a)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		status = run_many(s, a->from, a->seeds, true);
		fflush(stdout);
		_Exit(status);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("killed by signal %d\n", WTERMSIG(status));
	return status == 0;
}

int main(int argc, char **argv)
{
	static struct simulation s;
	struct arguments a = {.seeds = 10000, .from = 1, .faults = UINT64_MAX};
	struct error err;
	read_arguments(argc, argv, &a);
	mallopt(M_MMAP_THRESHOLD, 1 << 30); /* worlds come and go by the thousand: their memory is kept */
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	json_set_alloc_funcs(malloc, free);
	signal(SIGALRM, hangs);
	log_level_set(a.trace ? LOG_LEVEL_DEBUG : (enum log_level)0);
	s.trace = a.trace;
	if (config_load(&s.config, "/dev/null", NULL, 0, &err) < 0 || rules_load(&s.config, &s.rules, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 70;
	}
	if (a.must_fail)
		return must_fail(&s, &a);
	struct plan p = plan_asked_for(&a);
	return a.one ? run_one(&s, &p) : run_many(&s, a.from, a.seeds, a.quiet);
}
