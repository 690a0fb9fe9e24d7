// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "tests/bench/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"

#define TIMEOUT 30000
#define TRIES 200 /* of 50 ms */
#define BATCH 10000

void die(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	exit(1);
}

rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *const settings[])
{
	char why[256];
	for (; *settings; settings += 2)
		if (rd_kafka_conf_set(conf, settings[0], settings[1], why, sizeof why) != RD_KAFKA_CONF_OK)
			die("%s", why);
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
	if (!rk)
		die("%s", why);
	return rk;
}

/* 0: the broker does not know of it (yet). */
static unsigned ask_partitions(rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t rc = rd_kafka_metadata(rk, 0, topic, &metadata, TIMEOUT);
	if (rc)
		die("metadata: %s", rd_kafka_err2str(rc));
	unsigned n = metadata->topic_cnt == 1 && !metadata->topics[0].err ? (unsigned)metadata->topics[0].partition_cnt : 0;
	rd_kafka_metadata_destroy(metadata);
	return n;
}

unsigned client_partitions(rd_kafka_t *rk, const char *topic)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
	unsigned n, tries = 0;
	while (!(n = ask_partitions(rk, handle)) && tries++ < TRIES)
		clock_sleep(50000);
	if (!n)
		die("no topic %s", topic);
	rd_kafka_topic_destroy(handle);
	return n;
}

/* From the first record of each partition; the number of records there are. */
static uint64_t begin(rd_kafka_t *rk, const char *topic)
{
	uint64_t total = 0;
	unsigned partitions = client_partitions(rk, topic);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)partitions);
	for (unsigned i = 0; i < partitions; i++) {
		int64_t low, high;
		rd_kafka_resp_err_t rc = rd_kafka_query_watermark_offsets(rk, topic, (int32_t)i, &low, &high, TIMEOUT);
		if (rc)
			die("offsets: %s", rd_kafka_err2str(rc));
		rd_kafka_topic_partition_list_add(list, topic, (int32_t)i)->offset = low;
		total += (uint64_t)(high - low);
	}
	rd_kafka_assign(rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return total;
}

/* Large queues: a client whose queue is full may sleep, and the ceiling shall not be one of its naps. */
void client_read(const char *brokers, const char *topic, client_take *take, void *context)
{
	const char *const settings[] = {
		"bootstrap.servers", brokers, "group.id", "bench", "enable.auto.commit", "false", "queued.min.messages", "2000000",
		"queued.max.messages.kbytes", "786432", "fetch.message.max.bytes", "4000000", NULL,
	};
	static rd_kafka_message_t *messages[BATCH];
	rd_kafka_t *rk = client_new(RD_KAFKA_CONSUMER, rd_kafka_conf_new(), settings);
	rd_kafka_poll_set_consumer(rk);
	uint64_t left = begin(rk, topic);
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
	while (left) {
		ssize_t n = rd_kafka_consume_batch_queue(queue, 100, messages, BATCH);
		for (ssize_t i = 0; i < n; i++)
			if (messages[i]->err)
				die("%s", rd_kafka_message_errstr(messages[i]));
		if (n > 0)
			take(context, messages, (size_t)n);
		for (ssize_t i = 0; i < n; i++)
			rd_kafka_message_destroy(messages[i]);
		left -= n > 0 ? (uint64_t)n : 0;
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}
