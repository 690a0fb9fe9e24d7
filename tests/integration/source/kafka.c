// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The source against the client library's own mock cluster: a broker with groups, in this process. */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "daemon/source/source.h"
#include "tests/unit/suite.h"

#define TOPIC "opd.complaint"
#define PARTITIONS 4
#define PATIENCE (30 * INSTANT_PER_SECOND)

/* --- the world: a broker, and what a store would remember ---------------------------------------------------------------------------------------- */

static rd_kafka_t *helper; /* owns the cluster, and produces */
static rd_kafka_mock_cluster_t *cluster;
static char bootstrap[256], group[64];
static char word[][20] = {"bootstrap.servers", "group.id", TOPIC, "no.such.property", "1", "file:3", "test"};
static struct config_property properties[3];
static struct config config;
static struct error error;

static void open_world(int partitions)
{
	char text[512];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	log_level_set(LOG_LEVEL_ERROR);
	rd_kafka_conf_set(conf, "log_level", "0", text, sizeof text);
	rd_kafka_conf_set(conf, "message.max.bytes", "4000000", text, sizeof text);
	rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", text, sizeof text);
	helper = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	ck_assert_ptr_nonnull(helper);
	cluster = rd_kafka_handle_mock_cluster(helper);
	ck_assert_int_eq(rd_kafka_mock_topic_create(cluster, TOPIC, partitions, 1), 0);
	snprintf(bootstrap, sizeof bootstrap, "%s", rd_kafka_mock_cluster_bootstraps(cluster));
	snprintf(group, sizeof group, "test-%d", rand());
	properties[0] = (struct config_property){word[0], bootstrap, word[6]};
	properties[1] = (struct config_property){word[1], group, word[6]};
	config = (struct config){.kafka = properties, .n_kafka = 2, .topics = word[2]};
}

static void close_world(void)
{
	rd_kafka_flush(helper, 1000);
	rd_kafka_destroy(helper);
}

static void produce(int partition, const char *key, const void *value, size_t n, rd_kafka_headers_t *headers)
{
	rd_kafka_resp_err_t e = rd_kafka_producev(helper, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
						  RD_KAFKA_V_KEY((void *)(uintptr_t)key, key ? strlen(key) : 0), RD_KAFKA_V_VALUE((void *)(uintptr_t)value, n),
						  RD_KAFKA_V_HEADERS(headers ? headers : rd_kafka_headers_new(0)), RD_KAFKA_V_END);
	ck_assert_int_eq(e, 0);
}

static void produce_many(int partition, int n)
{
	char value[32];
	for (int i = 0; i < n; i++)
		produce(partition, NULL, value, (size_t)snprintf(value, sizeof value, "%d", i), NULL);
	ck_assert_int_eq(rd_kafka_flush(helper, 10000), 0);
}

struct owner {
	struct source *source;
	int64_t next[PARTITIONS];  /* what the store has */
	int64_t first[PARTITIONS]; /* offset of the first record after a claim; -1: none yet */
	int fail_claims, claims, revocations;
	size_t assigned, records;
	struct arena *arena; /* of the records */
	struct record last;
	struct header headers[8];
	int error;
};

static int on_assigned(void *arg, struct source_partition *partitions, size_t n)
{
	struct owner *o = arg;
	o->claims++;
	if (o->fail_claims-- > 0)
		return SOURCE_RETRY;
	o->assigned = n;
	for (size_t i = 0; i < n; i++) {
		ck_assert_str_eq(partitions[i].topic, TOPIC);
		ck_assert_int_eq(source_begin(o->source, TOPIC, partitions[i].partition), 0);
		partitions[i].next = o->next[partitions[i].partition];
		o->first[partitions[i].partition] = -1;
	}
	return 0;
}

static void on_revoked(void *arg, bool lost)
{
	struct owner *o = arg;
	(void)lost;
	o->revocations++;
	o->assigned = 0;
}

static void join(struct owner *o)
{
	const struct source_handlers handlers = {o, on_assigned, on_revoked};
	o->arena = arena_new(1 << 20);
	ck_assert_msg(source_new(&config, &handlers, &o->source, &error) == 0, "%s", error.text);
}

static void take(struct owner *o, struct record *r)
{
	ck_assert(text_is(r->topic, TOPIC));
	if (o->first[r->partition] < 0)
		o->first[r->partition] = r->offset;
	ck_assert_int_ge(r->offset, o->next[r->partition]);
	o->next[r->partition] = r->offset + 1;
	o->records++;
	o->last = *r;
}

/* One look, waiting at most 20 ms. */
static void turn(struct owner *o)
{
	struct record records[100];
	size_t n;
	struct pollfd fd = {source_fd(o->source), POLLIN, 0};
	poll(&fd, 1, 20);
	o->error = source_poll(o->source, o->arena, records, 100, &n, &error);
	for (size_t i = 0; i < n; i++)
		take(o, &records[i]);
}

#define until(o, condition)                                                                                                                                        \
	do {                                                                                                                                                       \
		int64_t deadline = clock_monotonic() + PATIENCE;                                                                                                   \
		while (!(condition) && clock_monotonic() < deadline)                                                                                               \
			turn(o);                                                                                                                                   \
		ck_assert(condition);                                                                                                                              \
	} while (0)

static void leave(struct owner *o)
{
	o->arena = arena_free(o->arena);
	o->source = source_free(o->source);
}

/* --- where it starts and ends ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(starts_where_the_claim_says)
{
	struct owner o = {.next = {[0] = 4, [1] = 10}};
	open_world(PARTITIONS);
	for (int p = 0; p < 3; p++)
		produce_many(p, 10);
	join(&o);
	until(&o, source_drained(o.source));
	ck_assert_uint_eq(o.assigned, PARTITIONS);
	ck_assert_int_eq(o.first[0], 4);
	ck_assert_int_eq(o.first[1], -1);
	ck_assert_int_eq(o.first[2], 0);
	ck_assert_uint_eq(o.records, 6 + 10);
	ck_assert_int_eq(source_lag(o.source), 0);
	leave(&o);
	ck_assert_int_eq(o.revocations, 1);
	close_world();
}
END_TEST

/* Drained is what was there at the assignment; asked anew, what is there by then. */
START_TEST(can_drain_anew)
{
	struct owner o = {0};
	open_world(1);
	produce_many(0, 10);
	join(&o);
	until(&o, source_drained(o.source));
	produce_many(0, 5);
	ck_assert(source_drained(o.source));
	source_drain_anew(o.source);
	until(&o, source_drained(o.source));
	ck_assert_uint_eq(o.records, 15);
	source_drain_anew(o.source);
	until(&o, source_drained(o.source)); /* nothing came: it is drained at once */
	ck_assert_uint_eq(o.records, 15);
	leave(&o);
	close_world();
}
END_TEST

/* The broker's committed offset says that all is read; the store knows better. */
START_TEST(committed_offsets_do_not_count)
{
	struct owner o = {0};
	open_world(1);
	produce_many(0, 10);
	join(&o);
	until(&o, source_drained(o.source));
	source_commit(o.source, text_of(TOPIC), 0, 10);
	leave(&o);
	o = (struct owner){.next = {[0] = 3}};
	join(&o);
	until(&o, source_drained(o.source));
	ck_assert_int_eq(o.first[0], 3);
	ck_assert_uint_eq(o.records, 7);
	leave(&o);
	close_world();
}
END_TEST

START_TEST(missing_offsets_stop_it)
{
	struct owner o = {.next = {[0] = 1000}};
	open_world(1);
	produce_many(0, 10);
	join(&o);
	until(&o, o.error != 0);
	ck_assert_int_eq(o.error, -ENODATA);
	ck_assert_ptr_nonnull(strstr(error.text, TOPIC " [0]"));
	ck_assert_ptr_nonnull(strstr(error.text, "1000"));
	ck_assert_ptr_nonnull(strstr(error.text, "rekap.ingest_offset"));
	leave(&o);
	close_world();
}
END_TEST

/* --- claims and rebalances ------------------------------------------------------------------------------------------------------------------------- */

START_TEST(nothing_is_fetched_before_the_claim)
{
	struct owner o = {.fail_claims = 2, .next = {[0] = 5}};
	open_world(2);
	produce_many(0, 10);
	join(&o);
	until(&o, o.claims == 2);
	ck_assert_uint_eq(o.records, 0);
	ck_assert(!source_drained(o.source));
	until(&o, source_drained(o.source));
	ck_assert_int_eq(o.claims, 3);
	ck_assert_int_eq(o.first[0], 5);
	ck_assert_int_eq(o.revocations, 0);
	leave(&o);
	close_world();
}
END_TEST

START_TEST(reclaims_from_what_is_stored)
{
	struct owner o = {0};
	open_world(2);
	produce_many(0, 50);
	produce_many(1, 50);
	join(&o);
	until(&o, o.records >= 60);
	o.next[0] = 7;
	o.next[1] = 9;
	o.records = 0;
	source_reclaim(o.source, 0);
	until(&o, source_drained(o.source));
	ck_assert_int_eq(o.first[0], 7);
	ck_assert_int_eq(o.first[1], 9);
	ck_assert_uint_eq(o.records, 43 + 41);
	leave(&o);
	close_world();
}
END_TEST

START_TEST(two_members_share)
{
	struct owner a = {0}, b = {0};
	open_world(PARTITIONS);
	for (int p = 0; p < PARTITIONS; p++)
		produce_many(p, 100);
	join(&a);
	until(&a, source_drained(a.source));
	memcpy(b.next, a.next, sizeof b.next);
	join(&b);
	int64_t end = clock_monotonic() + PATIENCE;
	while ((a.assigned != 2 || b.assigned != 2) && clock_monotonic() < end) {
		turn(&a);
		turn(&b);
	}
	ck_assert_uint_eq(a.assigned, 2);
	ck_assert_uint_eq(b.assigned, 2);
	ck_assert_int_ge(a.revocations, 1);
	for (int p = 0; p < PARTITIONS; p++)
		produce_many(p, 100);
	while (a.records + b.records < 2 * PARTITIONS * 100 && clock_monotonic() < end) {
		turn(&a);
		turn(&b);
	}
	ck_assert_uint_eq(a.records, PARTITIONS * 100 + 200);
	ck_assert_uint_eq(b.records, 200);
	leave(&b);
	leave(&a);
	close_world();
}
END_TEST

START_TEST(pause_stops_the_flow_and_loses_nothing)
{
	struct owner o = {0};
	open_world(1);
	produce_many(0, 500);
	join(&o);
	until(&o, o.records >= 100);
	source_pause(o.source, true);
	for (int i = 0; i < 50; i++)
		turn(&o);
	size_t before = o.records;
	for (int i = 0; i < 20; i++)
		turn(&o);
	ck_assert_uint_eq(o.records, before);
	source_pause(o.source, false);
	until(&o, source_drained(o.source));
	ck_assert_uint_eq(o.records, 500);
	leave(&o);
	close_world();
}
END_TEST

/* --- records ------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(headers_arrive_as_sent)
{
	struct owner o = {0};
	rd_kafka_headers_t *headers = rd_kafka_headers_new(4);
	open_world(1);
	rd_kafka_header_add(headers, "content-type", -1, "application/cloudevents+json", -1);
	rd_kafka_header_add(headers, "null", -1, NULL, 0);
	rd_kafka_header_add(headers, "twice", -1, "a", 1);
	rd_kafka_header_add(headers, "twice", -1, "", 0);
	produce(0, "key", "{}", 2, headers);
	rd_kafka_flush(helper, 10000);
	join(&o);
	until(&o, o.records == 1);
	const struct record *r = &o.last;
	ck_assert(text_is(r->key, "key"));
	ck_assert(text_is(r->value, "{}"));
	ck_assert_uint_eq(r->n_headers, 4);
	ck_assert(text_is(r->headers[0].name, "content-type") && text_is(r->headers[0].value, "application/cloudevents+json"));
	ck_assert(text_is(r->headers[1].name, "null") && !r->headers[1].value.p);
	ck_assert(text_is(r->headers[2].name, "twice") && text_is(r->headers[2].value, "a"));
	ck_assert(text_is(r->headers[3].name, "twice") && r->headers[3].value.p && r->headers[3].value.n == 0);
	leave(&o);
	close_world();
}
END_TEST

START_TEST(null_and_empty_differ)
{
	struct owner o = {0};
	open_world(1);
	join(&o);
	produce(0, NULL, NULL, 0, NULL);
	rd_kafka_flush(helper, 10000);
	until(&o, o.records == 1);
	ck_assert_ptr_null(o.last.value.p);
	ck_assert_ptr_null(o.last.key.p);
	ck_assert_uint_eq(o.last.n_headers, 0);
	produce(0, "", "", 0, NULL);
	rd_kafka_flush(helper, 10000);
	until(&o, o.records == 2);
	ck_assert_ptr_nonnull(o.last.value.p);
	ck_assert_uint_eq(o.last.value.n, 0);
	ck_assert_ptr_nonnull(o.last.key.p);
	leave(&o);
	close_world();
}
END_TEST

START_TEST(large_records_pass)
{
	struct owner o = {0};
	size_t n = 3000000;
	char *value = malloc(n);
	open_world(1);
	memset(value, 'v', n);
	produce(0, "k", value, n, NULL);
	rd_kafka_flush(helper, 10000);
	join(&o);
	until(&o, o.records == 1);
	ck_assert_uint_eq(o.last.value.n, n);
	ck_assert_int_eq(memcmp(o.last.value.p, value, n), 0);
	until(&o, source_drained(o.source));
	leave(&o);
	free(value);
	close_world();
}
END_TEST

/* --- topics, the producer, faults ------------------------------------------------------------------------------------------------------------------ */

static void count_topic(void *arg, const char *name, int partitions)
{
	(void)name;
	*(int *)arg += partitions;
}

START_TEST(finds_topics)
{
	static const struct {
		const char *topics;
		int partitions;
	} cases[] = {{"opd.complaint", 2}, {"opd.survey", 0}, {"opd.survey, opd.complaint", 2}, {"^opd\\..*", 5}, {"^opd\\.c,opd.other", 5}, {"complaint", 0}};
	open_world(2);
	rd_kafka_mock_topic_create(cluster, "opd.other", 3, 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int n = 0;
		config.topics = (char *)(uintptr_t)cases[i].topics;
		ck_assert_int_eq(source_topics(&config, 10000, count_topic, &n, &error), 0);
		ck_assert_msg(n == cases[i].partitions, "%s: %d partitions", cases[i].topics, n);
	}
	close_world();
}
END_TEST

START_TEST(produces)
{
	struct producer *p;
	struct owner o = {0};
	const struct header header = {TEXT("content-type"), TEXT("application/cloudevents+json")};
	const struct source_partition where[] = {{TOPIC, 0, 0}};
	struct source_end end;
	int64_t delivered;
	open_world(1);
	ck_assert_int_eq(producer_new(&config, &p, &error), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(producer_send(p, TOPIC, TEXT("k"), TEXT("v"), &header, 1, &error), 0);
	ck_assert_int_eq(producer_flush(p, 10000, &delivered, &error), 0);
	ck_assert_int_eq(delivered, 10);
	producer_free(p);
	ck_assert_int_eq(source_ends(&config, 10000, where, 1, &end, &error), 0);
	ck_assert_int_eq(end.low, 0);
	ck_assert_int_eq(end.high, 10);
	join(&o);
	until(&o, o.records == 10);
	ck_assert(text_is(o.last.headers[0].value, "application/cloudevents+json"));
	leave(&o);
	close_world();
}
END_TEST

START_TEST(a_broker_that_is_away_is_no_fault)
{
	struct owner o = {0};
	int n = 0;
	int64_t start = clock_monotonic();
	open_world(1);
	snprintf(bootstrap, sizeof bootstrap, "127.0.0.1:1");
	ck_assert_int_eq(source_topics(&config, 500, count_topic, &n, &error), SOURCE_RETRY);
	ck_assert_int_lt(clock_monotonic() - start, 10 * INSTANT_PER_SECOND);
	ck_assert_ptr_nonnull(strstr(error.text, "bootstrap.servers"));
	join(&o);
	for (int i = 0; i < 20; i++) {
		turn(&o);
		ck_assert_int_eq(o.error, 0);
	}
	leave(&o);
	close_world();
}
END_TEST

START_TEST(a_broker_that_comes_back_goes_on)
{
	struct owner o = {0};
	open_world(1);
	produce_many(0, 10);
	join(&o);
	until(&o, o.records == 10);
	rd_kafka_mock_broker_set_down(cluster, 1);
	for (int i = 0; i < 30; i++) {
		turn(&o);
		ck_assert_int_eq(o.error, 0);
	}
	rd_kafka_mock_broker_set_up(cluster, 1);
	produce_many(0, 10);
	until(&o, o.records == 20);
	leave(&o);
	close_world();
}
END_TEST

START_TEST(a_wrong_property_is_named)
{
	struct source *s;
	const struct source_handlers handlers = {NULL, on_assigned, on_revoked};
	open_world(1);
	properties[2] = (struct config_property){word[3], word[4], word[5]};
	config.n_kafka = 3;
	ck_assert_int_eq(source_new(&config, &handlers, &s, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "file:3"));
	ck_assert_ptr_nonnull(strstr(error.text, "no.such.property"));
	close_world();
}
END_TEST

SUITE("source", starts_where_the_claim_says, can_drain_anew, committed_offsets_do_not_count, missing_offsets_stop_it, nothing_is_fetched_before_the_claim, reclaims_from_what_is_stored,
      two_members_share, pause_stops_the_flow_and_loses_nothing, headers_arrive_as_sent, null_and_empty_differ, large_records_pass, finds_topics, produces,
      a_broker_that_is_away_is_no_fault, a_broker_that_comes_back_goes_on, a_wrong_property_is_named)
