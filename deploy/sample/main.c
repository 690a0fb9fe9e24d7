// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Writes into --out: units.csv (the register), events.ndjson (every good event in the order of its arrival), measures.csv, indicators.csv and scorecards.csv (what
 * the figures must come to, counted here while the story is told) and rejects.csv. With --brokers it also produces to Kafka what arrives there: those events, late
 * and out of order, some twice, some under another id, some in binary mode, some with a wrong key or none; tombstones; and records that must be rejected.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>

#include "deploy/sample/sample.h"

static const char usage[] = "Usage: demo-sample --out DIR [--brokers LIST] [--complaints N] [--seed N] [--progress]\n"
			    "Writes a year of sample events and the figures they must come to into DIR; with --brokers, produces them to Kafka.\n"
			    "Prints what it made as name=value lines.\n";

struct options {
	const char *out, *brokers;
	long complaints, seed;
	bool progress;
};

static long number(const char *text, long low, long high)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || *end || end == text || n < low || n > high) {
		fprintf(stderr, "demo-sample: %s is not a number from %ld to %ld\n", text, low, high);
		exit(64);
	}
	return n;
}

static struct options read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"out", required_argument, NULL, 'o'},	{"brokers", required_argument, NULL, 'b'}, {"complaints", required_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 's'}, {"progress", no_argument, NULL, 'p'},	   {"help", no_argument, NULL, 'h'},
		{0},
	};
	struct options o = {.complaints = 6000, .seed = 2024};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			o.out = optarg;
			break;
		case 'b':
			o.brokers = optarg;
			break;
		case 'n':
			o.complaints = number(optarg, 1000, 50000); /* fewer, and what is assessed would be suppressed */
			break;
		case 's':
			o.seed = number(optarg, 0, LONG_MAX);
			break;
		case 'p':
			o.progress = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(64);
		}
	}
	if (!o.out || optind < argc) {
		fputs(usage, stderr);
		exit(64);
	}
	return o;
}

static void make(struct sample *s, const char *folder)
{
	load_holidays();
	make_complaints(s);
	make_surveys(s);
	make_services(s);
	make_performance(s);
	make_budget(s);
	make_integrity(s);
	sum_below(s);
	make_assessments(s, folder);
	make_broken(s, folder);
	sort_messages(s);
}

int main(int argc, char **argv)
{
	static struct sample s;
	struct options o = read_options(argc, argv);

	s.random.state = (uint64_t)o.seed;
	s.complaints = (int)o.complaints;
	s.arena = arena_new(1 << 16);
	if (!s.arena)
		out_of_memory();
	make(&s, o.out);
	write_units(o.out);
	write_events(&s, o.out);
	write_figures(&s, o.out);
	printf("units=%d\ncomplaints=%d\nrecords=%zu\nduplicates=%u\ntombstones=%u\nrejected=%u\n", UNITS, s.complaints, s.n, s.duplicates, s.tombstones, s.rejected);
	printf("nearly=%s\n", units[NEARLY].code);
	if (o.brokers)
		produce_all(&s, o.brokers, o.progress);
	arena_free(s.arena);
	free(s.messages);
	return 0;
}
