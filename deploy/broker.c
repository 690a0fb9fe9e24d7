// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * An embedded Kafka broker for demonstrations: librdkafka's mock cluster with one broker. Creates the topics it is given, prints "bootstrap.servers=HOST:PORT"
 * and lives until its standard input closes (unless --stay) or SIGTERM or SIGINT arrives.
 *
 * All is in memory, and a partition keeps only its last 5 MiB: whoever uses this must check that nothing was lost.
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char usage[] = "Usage: demo-broker [--stay] TOPIC:PARTITIONS...\n"
			    "Runs an embedded Kafka broker until its standard input closes (not with --stay) or SIGTERM arrives; prints bootstrap.servers=HOST:PORT.\n";

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "demo-broker: %s: %s\n", what, why);
	return 69;
}

/* "opd.complaint:8" */
static int create_topic(rd_kafka_mock_cluster_t *cluster, const char *argument)
{
	char name[250];
	const char *colon = strrchr(argument, ':');
	char *end = NULL;
	long partitions = colon ? strtol(colon + 1, &end, 10) : 0;

	if (!colon || colon == argument || (size_t)(colon - argument) >= sizeof name || *end || partitions < 1 || partitions > 1000) {
		fprintf(stderr, "demo-broker: %s is not TOPIC:PARTITIONS\n%s", argument, usage);
		return 64;
	}
	memcpy(name, argument, (size_t)(colon - argument));
	name[colon - argument] = '\0';
	rd_kafka_resp_err_t rc = rd_kafka_mock_topic_create(cluster, name, (int)partitions, 1);
	return rc ? fail(name, rd_kafka_err2str(rc)) : 0;
}

/* Returns when a signal is there or standard input has ended. */
static int wait_for_end(int signals, bool stay)
{
	struct pollfd wait[] = {{.fd = signals, .events = POLLIN}, {.fd = stay ? -1 : STDIN_FILENO, .events = POLLIN}};
	char ignored[256];

	for (;;) {
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return fail("poll", strerror(errno));
		if (wait[0].revents)
			return 0;
		if (wait[1].revents && read(STDIN_FILENO, ignored, sizeof ignored) <= 0)
			return 0;
	}
}

static int serve(rd_kafka_mock_cluster_t *cluster, char **topics, int n, int signals, bool stay)
{
	for (int i = 0; i < n; i++) {
		int rc = create_topic(cluster, topics[i]);
		if (rc)
			return rc;
	}
	printf("bootstrap.servers=%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	if (fflush(stdout))
		return fail("standard output", strerror(errno));
	return wait_for_end(signals, stay);
}

int main(int argc, char **argv)
{
	bool stay = argc > 1 && strcmp(argv[1], "--stay") == 0;
	int first = stay ? 2 : 1;
	char text[256];
	sigset_t set;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc <= first) {
		fputs(usage, stderr);
		return 64;
	}
	/* Before librdkafka starts its threads, which inherit the mask. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return fail("signalfd", strerror(errno));

	/* The handle only carries the cluster; without the level it complains that it has nowhere to connect to. */
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (!rk)
		return fail("librdkafka", text);
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
	int rc = cluster ? serve(cluster, argv + first, argc - first, signals, stay) : fail("librdkafka", "no mock cluster");
	if (cluster)
		rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	close(signals);
	return rc;
}
