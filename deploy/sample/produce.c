// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Produces the sample to Kafka, in the order of arrival. */
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "common/text.h"
#include "deploy/sample/sample.h"

#define PARTITIONS_MAX 256

struct delivery {
	size_t done, failed;
	size_t bytes[TOPICS][PARTITIONS_MAX];
	char why[128];
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct delivery *d = opaque;
	const uint8_t *topic = message->_private;
	(void)rk;
	d->done++;
	if (message->err) {
		d->failed++;
		snprintf(d->why, sizeof d->why, "%s", rd_kafka_err2str(message->err));
	} else if (message->partition >= 0 && message->partition < PARTITIONS_MAX) {
		d->bytes[*topic][message->partition] += message->len + message->key_len + 64;
	}
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[256];
	if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
		die(name, text);
}

static rd_kafka_headers_t *headers_of(const struct message *m)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(6);
	char text[128], time[RFC3339_TEXT_SIZE];

	rd_kafka_header_add(headers, "content-type", -1, "application/json", -1);
	rd_kafka_header_add(headers, "ce_specversion", -1, "1.0", -1);
	snprintf(text, sizeof text, ID_FORMAT, (unsigned)m->id);
	rd_kafka_header_add(headers, "ce_id", -1, text, -1);
	rd_kafka_header_add(headers, "ce_source", -1, source_of(m), -1);
	snprintf(text, sizeof text, TYPE_FORMAT, m->type);
	rd_kafka_header_add(headers, "ce_type", -1, text, -1);
	time_format(m->time, time);
	rd_kafka_header_add(headers, "ce_time", -1, time, -1);
	return headers;
}

static void produce(rd_kafka_t *rk, const struct message *m, struct buffer *b)
{
	const char *topic = topic_names[m->topic];
	char wrong[32];
	const char *key = m->key == WRONG_KEY ? wrong : m->key == NO_KEY ? NULL : m->entity;
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_resp_err_t rc;

	snprintf(wrong, sizeof wrong, "wrong-%u", (unsigned)m->id);
	buffer_clear(b);
	if (m->form == BINARY) {
		headers = headers_of(m);
		buffer_puts(b, m->data);
	} else if (m->form != TOMBSTONE) {
		put_event(b, m);
	}
	if (b->failed)
		out_of_memory();
	do {
		rd_kafka_vu_t arguments[] = {
			{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
			{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
			{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)&m->topic},
			{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key, key ? strlen(key) : 0}},
			{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {m->form == TOMBSTONE ? NULL : b->p, m->form == TOMBSTONE ? 0 : b->n}},
			{.vtype = headers ? RD_KAFKA_VTYPE_HEADERS : RD_KAFKA_VTYPE_END, .u.headers = headers},
		};
		rd_kafka_error_t *error = rd_kafka_produceva(rk, arguments, headers ? 6 : 5);
		rc = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
		if (rc && rc != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			die(topic, rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
		rd_kafka_poll(rk, rc ? 100 : 0);
	} while (rc);
}

static rd_kafka_t *new_producer(const char *brokers, struct delivery *d)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];

	set(conf, "bootstrap.servers", brokers);
	set(conf, "linger.ms", "20");
	set(conf, "enable.idempotence", "true");
	set(conf, "message.timeout.ms", "60000");
	set(conf, "log_level", "3"); /* what it retries is no news */
	rd_kafka_conf_set_opaque(conf, d);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (!rk)
		die("librdkafka", text);
	return rk;
}

void produce_all(const struct sample *s, const char *brokers, bool progress)
{
	struct delivery d = {0};
	rd_kafka_t *rk = new_producer(brokers, &d);
	struct buffer b = {0};
	char text[256];
	size_t largest = 0;

	for (size_t i = 0; i < s->n; i++) {
		produce(rk, &s->messages[i], &b);
		if (progress && i % 512 == 0)
			fprintf(stderr, "\r  %3zu %%", i * 100 / s->n);
	}
	rd_kafka_flush(rk, 60000);
	if (progress)
		fputs("\r        \r", stderr);
	if (d.failed || d.done < s->n) {
		snprintf(text, sizeof text, "%zu of %zu records not delivered%s%s", s->n - d.done + d.failed, s->n, d.why[0] ? ": " : "", d.why);
		die(brokers, text);
	}
	for (int topic = 0; topic < TOPICS; topic++)
		for (int i = 0; i < PARTITIONS_MAX; i++)
			largest = d.bytes[topic][i] > largest ? d.bytes[topic][i] : largest;
	printf("largest_partition_bytes=%zu\n", largest);
	buffer_deinit(&b);
	rd_kafka_destroy(rk);
}
