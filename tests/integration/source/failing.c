// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Each function of librdkafka that can fail, and each allocation of ours, does fail, once, beneath a source that reads from the library's mock cluster: it goes on, or stops with a message, and
 * what was read until then and what another one reads behind it are all records, each once. The scenarios run at the same time, a thread each: most of their time is
 * the group's.
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "daemon/source/source.h"
#include "tests/integration/functions.h"
#include "tests/unit/suite.h"

#define TOPIC "opd.complaint"
#define PARTITIONS 2
#define RECORDS 20 /* in each */
#define PATIENCE (90 * INSTANT_PER_SECOND)

/* --- the functions --------------------------------------------------------------------------------------------------------------------------------- */

static _Thread_local const char *failing; /* the function, or the property that rd_kafka_conf_set is to refuse */
static _Thread_local int left;		  /* calls that succeed before one fails */
static _Thread_local bool happened;

static bool fails(const char *name)
{
	if (!failing || strcmp(failing, name) != 0 || left-- > 0)
		return false;
	failing = NULL;
	happened = true;
	return true;
}

/* The linker diverts the calls of these here: tests/integration/CMakeLists.txt reads the names. */
#define FAILS_FOR(key, type, name, parameters, arguments, failure)                                                                                                 \
	type __real_##name parameters;                                                                                                                             \
	type __wrap_##name parameters;                                                                                                                             \
	type __wrap_##name parameters                                                                                                                              \
	{                                                                                                                                                          \
		return fails(key) ? failure : __real_##name arguments;                                                                                             \
	}
#define FAILS(type, name, parameters, arguments, failure) FAILS_FOR(#name, type, name, parameters, arguments, failure)
/* Fails as the others, or as a client that does not come up, but lives and keeps its conf. */
#define FAILS_STUCK(type, name, parameters, arguments, failure, keep)                                                                                              \
	type __real_##name parameters;                                                                                                                             \
	type __wrap_##name parameters;                                                                                                                             \
	type __wrap_##name parameters                                                                                                                              \
	{                                                                                                                                                          \
		if (fails(#name ", stuck"))                                                                                                                        \
			return keep, errno = EDEADLK, failure;                                                                                                     \
		return fails(#name) ? failure : __real_##name arguments;                                                                                           \
	}
#define ERR rd_kafka_resp_err_t
#define STATE RD_KAFKA_RESP_ERR__STATE
FAILS(ERR, rd_kafka_assign, (rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list), (rk, list),
      list ? STATE : (__real_rd_kafka_assign(rk, list), STATE)) /* of none: leaving waits until it was */
FAILS(ERR, rd_kafka_commit, (rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list, int async), (rk, list, async), STATE)
FAILS(ssize_t, rd_kafka_consume_batch_queue, (rd_kafka_queue_t *q, int timeout, rd_kafka_message_t **m, size_t n), (q, timeout, m, n), -1)
FAILS(ERR, rd_kafka_consumer_close, (rd_kafka_t *rk), (rk), (__real_rd_kafka_consumer_close(rk), STATE))
FAILS(ERR, rd_kafka_flush, (rd_kafka_t *rk, int timeout), (rk, timeout), RD_KAFKA_RESP_ERR__TIMED_OUT)
FAILS(ERR, rd_kafka_get_watermark_offsets, (rd_kafka_t *rk, const char *topic, int32_t p, int64_t *low, int64_t *high), (rk, topic, p, low, high), STATE)
FAILS(ERR, rd_kafka_header_add, (rd_kafka_headers_t *h, const char *name, ssize_t n, const void *v, ssize_t m), (h, name, n, v, m), STATE)
FAILS(ERR, rd_kafka_header_get_all, (const rd_kafka_headers_t *h, size_t i, const char **name, const void **v, size_t *n), (h, i, name, v, n), STATE)
FAILS(ERR, rd_kafka_message_headers, (const rd_kafka_message_t *m, rd_kafka_headers_t **h), (m, h), RD_KAFKA_RESP_ERR__BAD_MSG)
FAILS(ERR, rd_kafka_metadata, (rd_kafka_t *rk, int all, rd_kafka_topic_t *only, const struct rd_kafka_metadata **md, int timeout), (rk, all, only, md, timeout), STATE)
FAILS(ERR, rd_kafka_poll_set_consumer, (rd_kafka_t *rk), (rk), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP)
FAILS(ERR, rd_kafka_purge, (rd_kafka_t *rk, int flags), (rk, flags), STATE)
FAILS(ERR, rd_kafka_query_watermark_offsets, (rd_kafka_t *rk, const char *topic, int32_t p, int64_t *low, int64_t *high, int timeout), (rk, topic, p, low, high, timeout), STATE)
FAILS(rd_kafka_queue_t *, rd_kafka_queue_get_consumer, (rd_kafka_t *rk), (rk), NULL)
FAILS(ERR, rd_kafka_subscribe, (rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list), (rk, list), STATE)
FAILS(ERR, rd_kafka_subscription, (rd_kafka_t *rk, rd_kafka_topic_partition_list_t **list), (rk, list), STATE)
FAILS_STUCK(rd_kafka_t *, rd_kafka_new, (rd_kafka_type_t type, rd_kafka_conf_t *c, char *why, size_t n), (type, c, why, n), (snprintf(why, n, "no threads"), NULL),
	    rd_kafka_conf_destroy(c))
FAILS_FOR(property, rd_kafka_conf_res_t, rd_kafka_conf_set, (rd_kafka_conf_t *c, const char *property, const char *value, char *why, size_t n), (c, property, value, why, n),
	  (snprintf(why, n, "refused"), RD_KAFKA_CONF_INVALID))

/* The adapter's own allocations, too. */
FAILS(void *, malloc, (size_t n), (n), NULL)
FAILS(void *, calloc, (size_t n, size_t size), (n, size), NULL)
FAILS(void *, realloc, (void *old, size_t n), (old, n), NULL)
FAILS(char *, strdup, (const char *text), (text), NULL)

static const struct {
	const char *name;
} functions[] = {
	{"rd_kafka_assign"}, {"rd_kafka_commit"}, {"rd_kafka_conf_set"}, {"rd_kafka_consume_batch_queue"}, {"rd_kafka_consumer_close"}, {"rd_kafka_flush"},
	{"rd_kafka_get_watermark_offsets"}, {"rd_kafka_header_add"}, {"rd_kafka_header_get_all"}, {"rd_kafka_message_headers"}, {"rd_kafka_metadata"}, {"rd_kafka_new"},
	{"rd_kafka_poll_set_consumer"}, {"rd_kafka_purge"}, {"rd_kafka_query_watermark_offsets"}, {"rd_kafka_queue_get_consumer"}, {"rd_kafka_subscribe"}, {"rd_kafka_subscription"},
	{"rd_kafka_producev"}, /* refuses what is too large by itself */
	{"rd_kafka_offsets_for_times"}, /* is only asked so that something is asked */
	{"rd_kafka_clusterid"}, /* by source_reached, which has no other failure than to know none */
	/* These only tell, take or give back what is there, or end the program without memory. */
	{"rd_kafka_assignment_lost"}, {"rd_kafka_conf_destroy"}, {"rd_kafka_conf_dup"}, {"rd_kafka_conf_get"}, {"rd_kafka_conf_new"}, {"rd_kafka_conf_set_dr_msg_cb"}, {"rd_kafka_conf_set_error_cb"},
	{"rd_kafka_conf_set_log_cb"}, {"rd_kafka_conf_set_opaque"}, {"rd_kafka_conf_set_rebalance_cb"}, {"rd_kafka_conf_set_ssl_cert_verify_cb"}, {"rd_kafka_destroy"}, {"rd_kafka_err2name"}, {"rd_kafka_err2str"},
	{"rd_kafka_fatal_error"}, {"rd_kafka_header_cnt"}, {"rd_kafka_headers_destroy"}, {"rd_kafka_headers_new"}, {"rd_kafka_message_destroy"}, {"rd_kafka_message_errstr"},
	{"rd_kafka_mem_free"}, {"rd_kafka_metadata_destroy"}, {"rd_kafka_poll"}, {"rd_kafka_queue_destroy"}, {"rd_kafka_queue_io_event_enable"}, {"rd_kafka_topic_name"},
	{"rd_kafka_topic_partition_list_add"}, {"rd_kafka_topic_partition_list_copy"}, {"rd_kafka_topic_partition_list_destroy"}, {"rd_kafka_topic_partition_list_new"},
	{"rd_kafka_version"}, {"rd_kafka_version_str"},
};

/* --- scenarios ------------------------------------------------------------------------------------------------------------------------------------- */

/* What fails at which call, and what comes of it: 0: it goes on; else it ends with that. */
static const struct {
	const char *what;
	int call, outcome;
} cases[] = {
	{"bootstrap.servers", 0, -EINVAL}, /* rd_kafka_conf_set of these */
	{"enable.auto.commit", 0, -EINVAL},
	{"client.id", 0, 0},
	{"rd_kafka_new", 0, -EINVAL},
	{"rd_kafka_new, stuck", 0, 0}, /* the clock was set meanwhile */
	{"rd_kafka_poll_set_consumer", 0, -EINVAL},
	{"rd_kafka_queue_get_consumer", 0, -EINVAL},
	{"rd_kafka_subscribe", 0, -EINVAL},
	{"rd_kafka_assign", 0, -EIO}, /* of nothing, until the claim */
	{"rd_kafka_assign", 1, -EIO}, /* of what was claimed */
	{"rd_kafka_assign", 2, 0},    /* when it leaves */
	{"rd_kafka_consume_batch_queue", 0, 0},
	{"rd_kafka_consume_batch_queue", 3, 0},
	{"rd_kafka_query_watermark_offsets", 0, 0}, /* where a partition begins */
	{"rd_kafka_query_watermark_offsets", PARTITIONS, 0}, /* where it ends */
	{"rd_kafka_get_watermark_offsets", 0, 0},
	{"rd_kafka_message_headers", 5, 0},
	{"rd_kafka_header_get_all", 5, 0},
	{"rd_kafka_subscription", 0, 0},
	{"rd_kafka_metadata", 0, 0},
	{"rd_kafka_commit", 0, 0},
	{"rd_kafka_consumer_close", 0, 0},
	{"calloc", 0, -ENOMEM}, /* the source itself */
	{"calloc", 1, -ENOMEM}, /* its partitions */
	{"strdup", 0, -ENOMEM}, /* their topics */
	{"strdup", 1, -ENOMEM},
	{"calloc", 2, 0},	 /* the claim, which is tried again */
	{"realloc", 0, -ENOMEM}, /* the list of messages */
	{"realloc", 1, -ENOMEM}, /* a record's headers */
	{"malloc", 0, -ENOMEM},	 /* a record */
	{"malloc", 7, -ENOMEM},
};

static rd_kafka_mock_cluster_t *cluster;
static char bootstrap[256], topic[] = TOPIC;

struct scenario {
	size_t number;
	pthread_t thread;
	char group[32], names[3][24], value[8];
	struct config_property properties[3];
	struct config config;
	struct source *source;
	struct arena *arena; /* of the records */
	int64_t next[PARTITIONS]; /* what the store has */
	size_t records;
	bool failed; /* the function did */
	int code;
	struct error error;
	const char *broken;
};

static int on_assigned(void *arg, struct source_partition *partitions, size_t n)
{
	struct scenario *s = arg;
	for (size_t i = 0; i < n; i++) {
		if (source_begin(s->source, partitions[i].topic, partitions[i].partition) < 0)
			return SOURCE_RETRY;
		partitions[i].next = s->next[partitions[i].partition];
	}
	return 0;
}

static void on_revoked(void *arg, bool lost)
{
	(void)arg;
	(void)lost;
}

static void configure(struct scenario *s)
{
	static char origin[] = "test";
	static const char *const names[] = {"bootstrap.servers", "group.id", "session.timeout.ms"};
	snprintf(s->group, sizeof s->group, "group-%zu", s->number);
	snprintf(s->value, sizeof s->value, "6000");
	char *const values[] = {bootstrap, s->group, s->value};
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(s->names[i], sizeof s->names[i], "%s", names[i]);
		s->properties[i] = (struct config_property){s->names[i], values[i], origin};
	}
	s->config = (struct config){.kafka = s->properties, .n_kafka = COUNT(names), .topics = topic};
}

static void take(struct scenario *s, struct record *r)
{
	if (r->offset != s->next[r->partition])
		s->broken = r->offset < s->next[r->partition] ? "a record came twice" : "a record was left out";
	s->next[r->partition] = r->offset + 1;
	s->records++;
	source_commit(s->source, r->topic, r->partition, r->offset + 1);
}

static int look(struct scenario *s)
{
	struct record records[7];
	struct pollfd fd = {source_fd(s->source), POLLIN, 0};
	size_t n;
	poll(&fd, 1, 20);
	int r = source_poll(s->source, s->arena, records, COUNT(records), &n, &s->error);
	for (size_t i = 0; i < n; i++)
		take(s, &records[i]);
	source_lag(s->source);
	return r;
}

/* Reads until there is no more, or it stops. */
static int read_all(struct scenario *s)
{
	const struct source_handlers handlers = {s, on_assigned, on_revoked};
	int64_t told = 0, end = clock_monotonic() + PATIENCE;
	int r = source_new(&s->config, &handlers, &s->source, &s->error);
	while (r == 0 && (!source_drained(s->source) || clock_monotonic() < told)) {
		r = look(s);
		if (!told && s->records == PARTITIONS * RECORDS)
			told = clock_monotonic() + 3 * INSTANT_PER_SECOND / 2; /* the broker is told of it once a second */
		if (clock_monotonic() > end)
			r = -ETIMEDOUT;
	}
	s->source = source_free(s->source);
	return r;
}

static void *play(void *arg)
{
	struct scenario *s = arg;
	configure(s);
	s->arena = arena_new(64); /* so little that each record needs more */
	failing = cases[s->number].what;
	left = cases[s->number].call;
	s->code = read_all(s);
	s->failed = happened;
	failing = NULL;
	if (s->code == cases[s->number].outcome && s->code < 0 && read_all(s) < 0) /* another one goes on */
		s->broken = s->error.text;
	arena_free(s->arena);
	return NULL;
}

static rd_kafka_t *open_world(void)
{
	char text[512];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	log_level_set(LOG_LEVEL_ERROR);
	rd_kafka_conf_set(conf, "log_level", "0", text, sizeof text);
	rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", text, sizeof text);
	rd_kafka_t *helper = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	ck_assert_ptr_nonnull(helper);
	cluster = rd_kafka_handle_mock_cluster(helper);
	ck_assert_int_eq(rd_kafka_mock_topic_create(cluster, TOPIC, PARTITIONS, 1), 0);
	snprintf(bootstrap, sizeof bootstrap, "%s", rd_kafka_mock_cluster_bootstraps(cluster));
	for (int i = 0; i < PARTITIONS * RECORDS; i++) {
		rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
		rd_kafka_header_add(headers, "a", -1, "1", -1);
		ck_assert_int_eq(rd_kafka_producev(helper, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(i % PARTITIONS), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
						   RD_KAFKA_V_VALUE((void *)bootstrap, 5), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END), 0);
	}
	ck_assert_int_eq(rd_kafka_flush(helper, 10000), 0);
	return helper;
}

START_TEST(the_source_goes_on_or_stops)
{
	static struct scenario scenarios[COUNT(cases)];
	rd_kafka_t *helper = open_world();
	for (size_t i = 0; i < COUNT(cases); i++) {
		scenarios[i].number = i;
		ck_assert_int_eq(pthread_create(&scenarios[i].thread, NULL, play, &scenarios[i]), 0);
	}
	for (size_t i = 0; i < COUNT(cases); i++)
		pthread_join(scenarios[i].thread, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct scenario *s = &scenarios[i];
		ck_assert_msg(s->failed, "%s, call %d: was not made", cases[i].what, cases[i].call);
		ck_assert_msg(s->code == cases[i].outcome, "%s, call %d: %d instead of %d: %s", cases[i].what, cases[i].call, s->code, cases[i].outcome, s->error.text);
		ck_assert_msg(s->code == 0 || *s->error.text, "%s, call %d: no message", cases[i].what, cases[i].call);
		ck_assert_msg(!s->broken, "%s, call %d: %s", cases[i].what, cases[i].call, s->broken);
		ck_assert_msg(s->records == PARTITIONS * RECORDS, "%s, call %d: %zu records", cases[i].what, cases[i].call, s->records);
	}
	rd_kafka_destroy(helper);
}
END_TEST

/* --- beside the source ------------------------------------------------------------------------------------------------------------------------------ */

static void no_topic(void *arg, const char *name, int partitions)
{
	(void)name;
	(void)partitions;
	*(bool *)arg = true;
}

static void fail_next(const char *what)
{
	failing = what;
	left = 0;
	happened = false;
}

#define ck_fails(what, call, outcome)                                                                                                                              \
	do {                                                                                                                                                       \
		s.error.text[0] = 0;                                                                                                                               \
		fail_next(what);                                                                                                                                   \
		ck_assert_int_eq(call, outcome);                                                                                                                   \
		ck_assert(happened && *s.error.text);                                                                                                                 \
	} while (0)

START_TEST(questions_and_producers_say_so)
{
	static struct scenario s;
	static char large[2000000];
	static const struct header header = {TEXT("a"), TEXT("1")};
	const struct source_partition where[] = {{TOPIC, 0, 0}};
	struct source_end end;
	struct producer *p = NULL;
	int64_t delivered;
	bool told = false;
	rd_kafka_t *helper = open_world();
	configure(&s);
	ck_fails("rd_kafka_new", source_topics(&s.config, 10000, no_topic, &told, &s.error), -EINVAL);
	ck_fails("rd_kafka_metadata", source_topics(&s.config, 100, no_topic, &told, &s.error), SOURCE_RETRY); /* no time to ask again */
	ck_fails("rd_kafka_query_watermark_offsets", source_ends(&s.config, 10000, where, 1, &end, &s.error), SOURCE_RETRY);
	ck_fails("rd_kafka_new", producer_new(&s.config, &p, &s.error), -EINVAL);
	ck_fails("calloc", producer_new(&s.config, &p, &s.error), -ENOMEM);
	ck_assert(!told && !p);
	ck_assert_int_eq(producer_new(&s.config, &p, &s.error), 0);
	ck_fails("rd_kafka_header_add", producer_send(p, TOPIC, TEXT("k"), TEXT("v"), &header, 1, &s.error), -EIO);
	ck_assert_int_eq(producer_send(p, TOPIC, TEXT("k"), (struct text){large, sizeof large}, &header, 1, &s.error), -EIO); /* rd_kafka_producev */
	ck_assert_int_eq(producer_send(p, TOPIC, TEXT("k"), TEXT("v"), &header, 1, &s.error), 0);
	ck_fails("rd_kafka_flush", producer_flush(p, 10000, &delivered, &s.error), SOURCE_RETRY);
	ck_assert_int_eq(producer_flush(p, 10000, &delivered, &s.error), 0);
	ck_assert_int_eq(delivered, 1);
	fail_next("rd_kafka_purge");
	producer_free(p);
	ck_assert(happened);
	rd_kafka_destroy(helper);
}
END_TEST

/* A call that is added to the adapter is added to the tables above. */
START_TEST(no_function_is_left_out)
{
	ck_functions_called(ADAPTER, "rd_kafka_", functions);
}
END_TEST

SUITE("failing", the_source_goes_on_or_stops, questions_and_producers_say_so, no_function_is_left_out)
