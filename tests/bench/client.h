// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* What the programs of the bench share: a word before they give up, and a client of Kafka. */
#include <librdkafka/rdkafka.h>

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A client with these settings: name, value, …, NULL. */
rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *const settings[]);
unsigned client_partitions(rd_kafka_t *rk, const char *topic);

/* Gives every record that the topic holds at the start to `take`, batch by batch. */
typedef void client_take(void *context, rd_kafka_message_t *const messages[], size_t n);
void client_read(const char *brokers, const char *topic, client_take *take, void *context);
