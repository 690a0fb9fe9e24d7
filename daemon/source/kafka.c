// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The only file that knows librdkafka. */
#include <errno.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "daemon/source/cause.h"
#include "daemon/source/source.h"

#define QUEUE_KB 32768 /* of messages that wait for us in the library, unless configured otherwise */
#define TEXT_OF(x) #x
#define AS_TEXT(x) TEXT_OF(x)
#define CLIENT_ATTEMPTS 3
#define COMPLAIN_EVERY (10 * INSTANT_PER_SECOND)
#define CLAIM_EVERY (INSTANT_PER_SECOND)
#define TELL_EVERY (INSTANT_PER_SECOND)
#define END_TIMEOUT_MS 5000
#define REACH_MS 500
#define PUBLISH_REACH_MS 10000
#define NUDGE_BYTES (QUEUE_KB * 1024 / 2)
#define NUDGE_TIMEOUT_MS 100
#define BOUNDS_TIMEOUT_MS 500 /* for each partition, within a poll */

struct partition {
	char *topic;
	int32_t number;
	int64_t from;	  /* where the claim said */
	int64_t position; /* the next offset to hand on; -1 until it is claimed */
	int64_t handed;	  /* behind the last record that was handed on */
	int64_t stored;	  /* everything before is */
	int64_t told;	  /* what the broker knows of that */
	int64_t end;	  /* when it was assigned; -1: not asked yet */
	bool drained;	  /* was handed on up to that end */
	int64_t gap;	  /* the offset that was missing when it was read; -1: none was */
	bool sparse;	  /* it stayed missing when it was read again: compaction or transactions leave offsets without a record */
};

struct source {
	struct cause cause; /* first: the library hands it to on_certificate */
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct source_handlers handlers;
	int fd;
	rd_kafka_topic_partition_list_t *assigned; /* what the group gave; NULL: nothing yet */
	struct partition *partitions, *last; /* last: of the message looked at last */
	size_t n;
	bool claimed, paused;
	bool anew; /* nothing is fetched; once the queue is empty, fetching begins anew behind what was handed on */
	bool gone; /* nothing is fetched: the broker lacks what comes next somewhere; see mind_gap */
	unsigned generation; /* counts rebalances */
	int64_t claim_at, unreadable_at, told_at; /* claim_at: also when to ask about a gap */
	int64_t complained_at[2]; /* that brokers are away; that they refuse us */
	int64_t session, heirs_until; /* how long the group waits for a dead member; until when its share may come */
	bool asked_others, others;    /* whether others hold partitions, asked once an assignment */
	int fatal; /* negative: source_poll returns it */
	struct error error;
	const char *mechanism; /* of SASL, borrowed from the configuration; NULL: none */
	rd_kafka_message_t **messages;
	size_t size;
	struct header *headers; /* of the message at hand */
	size_t size_headers;
	size_t flowed; /* bytes of messages since the library was nudged */
};

/* --- configuration --------------------------------------------------------------------------------------------------------------------------- */

static int set_property(rd_kafka_conf_t *conf, const char *name, const char *value, const char *where, struct error *err)
{
	char text[512];
	if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
		return 0;
	return error_set(err, -EINVAL, "%s: kafka.%s: %s", where, name, text);
}

static bool configured(const struct config *c, const char *name)
{
	return config_kafka(c, name) != NULL;
}

const char *source_mechanism(const struct config *c)
{
	const char *mechanism = config_kafka(c, "sasl.mechanism");
	return mechanism ? mechanism : config_kafka(c, "sasl.mechanisms");
}

/* A property the library may not know in its older versions. */
static void set_if_known(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[512];
	(void)rd_kafka_conf_set(conf, name, value, text, sizeof text);
}

/* Properties that only a consumer or only a producer has are no fault of the user's: the library ignores them with a line in its log. */
static int apply_user(rd_kafka_conf_t *conf, const struct config *c, struct error *err)
{
	for (size_t i = 0; i < c->n_kafka; i++) {
		const struct config_property *p = &c->kafka[i];
		int r = strcmp(p->name, "auto.offset.reset") != 0 ? set_property(conf, p->name, p->value, p->origin, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	char quoted[700];
	(void)rk;
	enum log_level l = level <= 2 ? LOG_LEVEL_WARNING : level <= 5 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG; /* any lost connection is an error to the library; see complain */
	if (log_enabled(l))
		log_write(l, "kafka client", "facility=%s message=%s", facility, log_quote(text, quoted, sizeof quoted));
}

/* Notes which check a broker's certificate fails, of which the library's own message tells nothing. The verdict stays that of OpenSSL. */
static int on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *x509_error, int depth, const char *der, size_t size, char *errstr, size_t errstr_size, void *opaque)
{
	struct cause *cause = opaque;
	(void)rk, (void)broker, (void)id, (void)depth, (void)der, (void)size;
	if (!*x509_error)
		return 1;
	atomic_store(&cause->x509, *x509_error);
	snprintf(errstr, errstr_size, "X.509 error %d", *x509_error);
	return 0;
}

/* The opaque of what is made of this must begin with a struct cause. */
static int base_conf(const struct config *c, rd_kafka_conf_t **ret, struct error *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	if (!configured(c, "bootstrap.servers") && !configured(c, "metadata.broker.list"))
		set_if_known(conf, "bootstrap.servers", "localhost:9092");
	set_if_known(conf, "client.id", "rekapd");
	set_if_known(conf, "client.software.name", "rekapd");
	set_if_known(conf, "log_level", "2"); /* what a verb asks for fails with a message of its own */
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
	int r = apply_user(conf, c, err);
	if (r < 0)
		rd_kafka_conf_destroy(conf);
	else
		*ret = conf;
	return r;
}

/*
 * Takes the conf. The library waits for its own threads by the wall clock (2.0; later ones by the monotonic clock): when that is set forward meanwhile, it gives up at once. What it
 * leaves behind lives on, idle, with its copy of the conf, so that must not be freed; another one is made.
 */
static int make_client(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_rk, struct error *err)
{
	char text[512];
	rd_kafka_t *rk = NULL;
	bool stuck = true;
	for (int i = 0; i < CLIENT_ATTEMPTS && stuck; i++) {
		rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
		errno = 0;
		rk = rd_kafka_new(type, copy, text, sizeof text);
		stuck = !rk && errno == EDEADLK;
		if (!rk && !stuck)
			rd_kafka_conf_destroy(copy);
	}
	rd_kafka_conf_destroy(conf);
	if (!rk)
		return error_set(err, stuck ? -EDEADLK : -EINVAL, "kafka: %s", text);
	*ret_rk = rk;
	return 0;
}

/* --- the consumer: what the group gives and takes ---------------------------------------------------------------------------------------------- */

static void forget_partitions(struct source *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->partitions[i].topic);
	free(s->partitions);
	s->partitions = s->last = NULL;
	s->n = 0;
	s->claimed = s->anew = s->gone = false;
	if (s->assigned)
		rd_kafka_topic_partition_list_destroy(s->assigned);
	s->assigned = NULL;
}

static int stop(struct source *s, int code, const char *what, const char *why)
{
	s->fatal = error_set(&s->error, code, "kafka: %s: %s", what, why);
	return s->fatal;
}

static int note_partitions(struct source *s, const rd_kafka_topic_partition_list_t *list)
{
	size_t n = (size_t)list->cnt;
	s->partitions = calloc(n ? n : 1, sizeof *s->partitions);
	if (!s->partitions)
		return stop(s, -ENOMEM, "assignment", "out of memory");
	for (size_t i = 0; i < n; i++, s->n++) {
		s->partitions[i] = (struct partition){.topic = strdup(list->elems[i].topic), .number = list->elems[i].partition, .position = -1, .end = -1, .gap = -1};
		if (!s->partitions[i].topic)
			return stop(s, -ENOMEM, "assignment", "out of memory");
	}
	return 0;
}

/* What the broker has of a partition: offsets from *ret_low to before *ret_high. */
static bool ask_bounds(struct source *s, const char *topic, int32_t partition, int64_t *ret_low, int64_t *ret_high)
{
	return rd_kafka_query_watermark_offsets(s->rk, topic, partition, ret_low, ret_high, BOUNDS_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

int64_t source_begin(struct source *s, const char *topic, int32_t partition)
{
	int64_t low, high;
	return ask_bounds(s, topic, partition, &low, &high) ? low : -1;
}

static void assign(struct source *s, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t e = rd_kafka_assign(s->rk, list);
	if (e && !s->fatal) /* what broke the client says more */
		stop(s, -EIO, "assign", rd_kafka_err2str(e));
}

/* The member keeps its place in the group, and nothing is fetched. */
static void fetch_nothing(struct source *s)
{
	rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
	assign(s, none);
	rd_kafka_topic_partition_list_destroy(none);
}

/* From behind what was handed on, in each partition. */
static void fetch(struct source *s)
{
	s->anew = false;
	if (s->paused || s->gone)
		return;
	for (size_t i = 0; i < s->n; i++)
		s->assigned->elems[i].offset = s->partitions[i].position;
	assign(s, s->assigned);
}

/* The owner's offsets hold from now on. */
static void start_at(struct source *s, const struct source_partition *claims)
{
	s->gone = false;
	for (size_t i = 0; i < s->n; i++) {
		struct partition *p = &s->partitions[i];
		p->from = p->position = p->handed = p->stored = p->told = claims[i].next;
	}
	fetch(s);
}

/* Asks the owner for the offsets and starts fetching there. */
static void claim(struct source *s)
{
	struct source_partition *claims = calloc(s->n ? s->n : 1, sizeof *claims);
	s->claim_at = clock_monotonic() + CLAIM_EVERY;
	if (!claims)
		return;
	for (size_t i = 0; i < s->n; i++)
		claims[i] = (struct source_partition){s->partitions[i].topic, s->partitions[i].number, 0};
	s->claimed = s->handlers.assigned(s->handlers.arg, claims, s->n) == 0;
	if (s->claimed)
		start_at(s, claims);
	free(claims);
}

/*
 * The group gets its answer at once; the claim follows when the call that serves this is over. So none of the messages which that call returns can be of the new
 * assignment, and all of them can be thrown away as stale.
 */
static void on_assigned(struct source *s, rd_kafka_topic_partition_list_t *list)
{
	forget_partitions(s);
	s->assigned = rd_kafka_topic_partition_list_copy(list);
	s->claim_at = 0;
	s->heirs_until = clock_monotonic() + s->session;
	s->asked_others = false;
	log_info("partitions assigned", "count=%d", list->cnt);
	if (note_partitions(s, list) == 0)
		fetch_nothing(s);
}

/* Its outcome matters to nobody but lag tools. */
static void tell_broker(struct source *s)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->n);
	s->told_at = clock_monotonic();
	for (size_t i = 0; i < s->n; i++) {
		struct partition *p = &s->partitions[i];
		if (p->stored > p->told)
			rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = p->stored;
		p->told = p->stored;
	}
	if (list->cnt)
		rd_kafka_commit(s->rk, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t e, rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct source *s = opaque;
	s->generation++;
	if (e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		on_assigned(s, list);
		return;
	}
	log_info("partitions revoked", "count=%d lost=%d", list->cnt, rd_kafka_assignment_lost(rk));
	s->handlers.revoked(s->handlers.arg, rd_kafka_assignment_lost(rk));
	tell_broker(s);
	forget_partitions(s);
	assign(s, NULL);
}

/* --- faults that the client tells ---------------------------------------------------------------------------------------------------------------- */

/* Whether it is time to say it again; `last`: when it was said. */
static bool due(int64_t *last)
{
	int64_t now = clock_monotonic();
	if (*last && now - *last < COMPLAIN_EVERY)
		return false;
	*last = now;
	return true;
}

/* All faults of the transport are the library's to retry, for ever; people hear of them now and then, and loudly of those that need their hand. */
static void complain(struct source *s, rd_kafka_resp_err_t e, const char *why)
{
	char quoted[700];
	struct cause cause = {.kind = CAUSE_UNKNOWN};
	cause_note(&cause, e == RD_KAFKA_RESP_ERR__AUTHENTICATION, why ? why : "");
	atomic_store(&cause.x509, atomic_load(&s->cause.x509));
	bool refusal = cause_is_refusal(&cause);
	if (!due(&s->complained_at[refusal]))
		return;
	log_quote(why ? why : "", quoted, sizeof quoted);
	if (refusal)
		log_error("kafka refuses us", "error=%s reason=%s remedy=\"%s\"", rd_kafka_err2name(e), quoted, cause_remedy(&cause, s->mechanism, source_library_number()));
	else
		log_warning("kafka unavailable", "error=%s reason=%s", rd_kafka_err2name(e), quoted);
}

/* Their partition stands still, for what cannot be read can be neither counted nor rejected; the library tries again, and the others go on. */
static void complain_of_unreadable(struct source *s, const rd_kafka_message_t *m)
{
	if (!due(&s->unreadable_at))
		return;
	log_error("records unreadable",
		  "topic=%s partition=%d offset=%lld error=%s remedy=\"their batch cannot be unpacked: it is damaged, or it inflates beyond kafka.receive.message.max.bytes; raise that, "
		  "or set next_offset of that row in rekap.ingest_offset behind the batch and accept the loss\"",
		  rd_kafka_topic_name(m->rkt), (int)m->partition, (long long)m->offset, rd_kafka_err2name(m->err));
}

static void on_error(rd_kafka_t *rk, int code, const char *why, void *opaque)
{
	struct source *s = opaque;
	rd_kafka_resp_err_t e = (rd_kafka_resp_err_t)code;
	char text[512];
	if (e == RD_KAFKA_RESP_ERR__FATAL) {
		rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(rk, text, sizeof text);
		stop(s, -EIO, rd_kafka_err2name(fatal), text);
		return;
	}
	complain(s, e, why);
}

static bool is_of(const struct partition *p, const rd_kafka_message_t *m)
{
	return p->number == m->partition && !strcmp(p->topic, rd_kafka_topic_name(m->rkt));
}

/* Messages come in runs of one partition. */
static struct partition *find(struct source *s, const rd_kafka_message_t *m)
{
	if (s->last && is_of(s->last, m))
		return s->last;
	for (size_t i = 0; i < s->n; i++)
		if (is_of(&s->partitions[i], m))
			return s->last = &s->partitions[i];
	return NULL;
}

static void wake(struct source *s)
{
	uint64_t one = 1;
	ssize_t n = write(s->fd, &one, sizeof one);
	(void)n;
}

static void fetch_anew(struct source *s)
{
	fetch_nothing(s);
	s->anew = true;
	wake(s);
}

/*
 * Whether what comes next at `offset` follows what was handed on. An offset that is missing is read once more: the library has skipped records that are there (2.8, when
 * partitions were paused behind their end). If it is missing again there is no such record, and the partition is one where that happens.
 */
static bool follows(struct source *s, struct partition *p, int64_t offset)
{
	if (p->position < 0 || offset <= p->position || p->sparse)
		return true;
	p->sparse = p->gap == p->position;
	p->gap = p->position;
	if (!p->sparse)
		fetch_anew(s);
	return p->sparse;
}

static void take_event(struct source *s, const rd_kafka_message_t *m, bool current)
{
	struct partition *p = m->rkt ? find(s, m) : NULL;
	switch (m->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF: /* also behind control records, compacted ones and an open transaction, where no record has this offset */
		if (!p || !current || !follows(s, p, m->offset))
			break;
		p->position = p->position < m->offset ? m->offset : p->position;
		p->drained = true;
		break;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
		if (!p || !current)
			break;
		log_warning("fetching stops", "reason=\"Kafka does not have what comes next\" topic=%s partition=%d offset=%lld", p->topic, (int)p->number, (long long)p->position);
		s->gone = true;
		s->claim_at = 0;
		fetch_nothing(s);
		break;
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
	case RD_KAFKA_RESP_ERR__BAD_MSG:
		if (p && current)
			complain_of_unreadable(s, m);
		break;
	default:
		complain(s, m->err, rd_kafka_message_errstr(m));
	}
}

/* --- records that the broker lacks ----------------------------------------------------------------------------------------------------------------- */

static bool all_stored(const struct source *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->partitions[i].stored < s->partitions[i].handed)
			return false;
	return true;
}

/* What is missing and how to go on, as the error of the source. */
static void tell_gap(struct source *s, const struct partition *p, int64_t low, int64_t high)
{
	if (p->stored < low)
		error_set(&s->error, 0,
			  "kafka: %s [%d]: offsets %lld to %lld are missing: not counted yet, and no longer in Kafka, which has %lld to %lld (retention, or deleted). To go on without "
			  "them: UPDATE rekap.ingest_offset SET next_offset = %lld WHERE topic = '%s' AND partition = %d; then have their events published again: what was counted "
			  "already does not count twice",
			  p->topic, (int)p->number, (long long)p->stored, (long long)low - 1, (long long)low, (long long)high - 1, (long long)low, p->topic, (int)p->number);
	else
		error_set(&s->error, 0,
			  "kafka: %s [%d]: offset %lld comes next, but the topic ends before %lld: it was made anew or cut short, or this is another cluster. If "
			  "kafka.bootstrap.servers is right, read from its beginning, which counts nothing twice: UPDATE rekap.ingest_offset SET next_offset = %lld WHERE topic = '%s' "
			  "AND partition = %d",
			  p->topic, (int)p->number, (long long)p->stored, (long long)high, (long long)low, p->topic, (int)p->number);
}

/* Each gap has a message of its own, so that all can be mended at once: the last is the error, those before are logged. False: the broker does not answer now. */
static bool look_for_gaps(struct source *s, int *ret_gaps)
{
	char quoted[2 * sizeof s->error.text];
	*ret_gaps = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct partition *p = &s->partitions[i];
		int64_t low, high;
		if (!ask_bounds(s, p->topic, p->number, &low, &high))
			return false;
		if (p->stored >= low && p->stored <= high)
			continue;
		if ((*ret_gaps)++)
			log_error("records missing", "reason=%s", log_quote(s->error.text, quoted, sizeof quoted));
		tell_gap(s, p, low, high);
	}
	return true;
}

/*
 * Skipping would lose records unseen, so the source stops; but not before all that was handed on is stored: that may be missing in Kafka too by now, and would go with
 * this process. When nothing is missing after all, it was a broker that lagged behind, and fetching begins anew.
 */
static void mind_gap(struct source *s)
{
	int gaps;
	if (!s->claimed || !all_stored(s) || clock_monotonic() < s->claim_at)
		return;
	s->claim_at = clock_monotonic() + CLAIM_EVERY;
	if (!look_for_gaps(s, &gaps))
		return;
	s->gone = false;
	if (gaps)
		s->fatal = -ENODATA;
	else
		fetch_anew(s);
}

/* --- records --------------------------------------------------------------------------------------------------------------------------------------- */

/* The message's headers in our form, in room that the next message uses again. False when out of memory. */
static bool read_headers(struct source *s, rd_kafka_message_t *m, size_t *ret_n)
{
	rd_kafka_headers_t *list = NULL;
	size_t n = rd_kafka_message_headers(m, &list) == RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_header_cnt(list) : 0;
	const char *name;
	const void *value;
	size_t size, i = 0;
	if (n > s->size_headers) {
		struct header *wider = realloc(s->headers, n * sizeof *wider);
		if (!wider)
			return false;
		s->headers = wider;
		s->size_headers = n;
	}
	for (; i < n && !rd_kafka_header_get_all(list, i, &name, &value, &size); i++)
		s->headers[i] = (struct header){text_of(name), {value, size}};
	*ret_n = i;
	return true;
}

static bool make_record(struct source *s, const struct partition *p, rd_kafka_message_t *m, struct arena *arena, struct record *ret)
{
	struct record r = {
		.topic = text_of(p->topic),
		.partition = m->partition,
		.offset = m->offset,
		.key = {m->key, m->key ? m->key_len : 0},
		.value = {m->payload, m->payload ? m->len : 0},
	};
	bool read = read_headers(s, m, &r.n_headers);
	r.headers = s->headers;
	return read && record_copy(arena, &r, ret);
}

/*
 * Takes a message over: into *ret if it is a record that comes next in a claimed partition. The bytes are copied, because the library holds the whole response of the broker
 * for as long as one message of it is held, and some hundred bytes for each.
 */
static bool take(struct source *s, rd_kafka_message_t *m, unsigned generation, struct arena *arena, struct record *ret)
{
	/* a rebalance within the call leaves messages that may be stale: they will be read again */
	bool current = generation == s->generation && s->claimed && !s->anew && !s->gone;
	struct partition *p = !m->err && current ? find(s, m) : NULL;
	if (m->err)
		take_event(s, m, current);
	bool next = p && m->offset >= p->position && follows(s, p, m->offset), taken = next && make_record(s, p, m, arena, ret);
	s->flowed += m->len + m->key_len;
	if (taken)
		p->position = p->handed = m->offset + 1;
	else if (next)
		stop(s, -ENOMEM, "records", "out of memory"); /* one left out would be lost */
	rd_kafka_message_destroy(m);
	return taken;
}

/* Partitions that hold more than was handed on; the caller frees. */
static rd_kafka_topic_partition_list_t *lagging(struct source *s)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct partition *p = &s->partitions[i];
		int64_t low, high;
		if (!rd_kafka_get_watermark_offsets(s->rk, p->topic, p->number, &low, &high) && high > p->position)
			rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = RD_KAFKA_OFFSET_END;
	}
	return list;
}

/*
 * The client library fetches nothing while its queue is full, and before 2.12 it looks whether there is room only once a second, or when one of its threads for the brokers
 * has something else to do. So once the queue is empty these are given something: to ask for the ends of partitions that hold more.
 */
static void nudge(struct source *s)
{
	if (s->flowed < NUDGE_BYTES || rd_kafka_version() >= 0x020c0000 || !s->claimed || s->paused || s->anew || s->gone)
		return;
	s->flowed = 0;
	rd_kafka_topic_partition_list_t *list = lagging(s);
	if (list->cnt)
		rd_kafka_offsets_for_times(s->rk, list, NUDGE_TIMEOUT_MS);
	rd_kafka_topic_partition_list_destroy(list);
}

static int grow(struct source *s, size_t max)
{
	if (max <= s->size)
		return 0;
	rd_kafka_message_t **wider = realloc(s->messages, max * sizeof(rd_kafka_message_t *));
	if (!wider)
		return -ENOMEM;
	s->messages = wider;
	s->size = max;
	return 0;
}

int source_poll(struct source *s, struct arena *arena, struct record *ret_records, size_t max, size_t *ret_n, struct error *err)
{
	uint64_t wakes;
	unsigned generation = s->generation;
	bool anew = s->anew; /* since an earlier call: what this one finds in the queue is of before */
	*ret_n = 0;
	if (read(s->fd, &wakes, sizeof wakes) < 0 && errno != EAGAIN)
		return error_set(err, -errno, "kafka: the wake-up descriptor cannot be read: %s", strerror(errno));
	if (grow(s, max) < 0)
		return error_set(err, -ENOMEM, "kafka: out of memory");
	/* Rebalances and errors are served within this call. */
	ssize_t n = rd_kafka_consume_batch_queue(s->queue, 0, s->messages, max);
	for (ssize_t i = 0; i < n; i++)
		*ret_n += take(s, s->messages[i], generation, arena, &ret_records[*ret_n]);
	if (n == (ssize_t)max && *ret_n < max)
		wake(s); /* what was no record hides from the caller that the queue holds more, and the queue signals only when it was empty */
	int64_t now = clock_monotonic();
	bool empty = n >= 0 && n < (ssize_t)max; /* nothing of before is left in the queue */
	if (s->assigned && !s->claimed && !s->fatal && now >= s->claim_at && empty)
		claim(s);
	else if (s->anew && anew && empty)
		fetch(s);
	else if (empty)
		nudge(s);
	if (s->gone)
		mind_gap(s);
	if (now - s->told_at >= TELL_EVERY)
		tell_broker(s);
	if (s->fatal) {
		*ret_n = 0;
		return error_set(err, s->fatal, "%s", s->error.text);
	}
	return 0;
}

void source_reclaim(struct source *s, int64_t delay)
{
	if (!s->assigned)
		return;
	s->claimed = false;
	s->claim_at = clock_monotonic() + delay;
	fetch_nothing(s);
}

int source_fd(const struct source *s)
{
	return s->fd;
}

void source_pause(struct source *s, bool pause)
{
	if (pause == s->paused)
		return;
	s->paused = pause;
	if (!s->assigned || !s->claimed)
		return;
	if (pause)
		fetch_nothing(s);
	else
		fetch_anew(s);
}

void source_commit(struct source *s, struct text topic, int32_t partition, int64_t next)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->partitions[i].number == partition && text_is(topic, s->partitions[i].topic))
			s->partitions[i].stored = next;
}

bool source_reached(struct source *s)
{
	char *cluster = rd_kafka_clusterid(s->rk, 0);
	bool reached = cluster != NULL;
	rd_kafka_mem_free(s->rk, cluster);
	return reached;
}

int64_t source_lag(struct source *s)
{
	int64_t lag = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct partition *p = &s->partitions[i];
		int64_t low, high;
		if (rd_kafka_get_watermark_offsets(s->rk, p->topic, p->number, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0)
			return -1;
		int64_t position = p->position >= 0 ? p->position : low;
		lag += high > position ? high - position : 0;
	}
	return lag;
}

static bool partition_drained(struct source *s, struct partition *p)
{
	int64_t low;
	if (p->drained)
		return true;
	if (p->end < 0 && rd_kafka_query_watermark_offsets(s->rk, p->topic, p->number, &low, &p->end, END_TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		p->end = -1;
		return false;
	}
	return p->drained = p->position >= p->end && p->end >= p->from; /* an end before the claim: there is a gap, which the broker tells at the first fetch */
}

/* As the library matches a subscription: whole names, and extended regular expressions where they start with ^. */
static bool subscribed(const rd_kafka_topic_partition_list_t *wanted, const char *topic)
{
	for (int i = 0; i < wanted->cnt; i++) {
		const char *name = wanted->elems[i].topic;
		regex_t re;
		if (!strcmp(name, topic))
			return true;
		if (*name != '^' || regcomp(&re, name, REG_EXTENDED | REG_NOSUB) != 0)
			continue;
		bool matches = regexec(&re, topic, 0, NULL, 0) == 0;
		regfree(&re);
		if (matches)
			return true;
	}
	return false;
}

/* Partitions that others in the group may hold; unknown counts as some. */
static bool others_hold_some(struct source *s)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_topic_partition_list_t *wanted;
	size_t all = 0;
	if (rd_kafka_subscription(s->rk, &wanted))
		return true;
	bool known = !rd_kafka_metadata(s->rk, 1, NULL, &md, END_TIMEOUT_MS);
	for (int i = 0; known && i < md->topic_cnt; i++)
		all += subscribed(wanted, md->topics[i].topic) ? (size_t)md->topics[i].partition_cnt : 0;
	if (known)
		rd_kafka_metadata_destroy(md);
	rd_kafka_topic_partition_list_destroy(wanted);
	return !known || all > s->n;
}

/*
 * A member that died just now keeps its share until its session ends, and the group gives this one only the rest. So one that does not hold everything waits that
 * long for what it may inherit; then the others are alive, and theirs is theirs.
 */
static bool may_inherit(struct source *s)
{
	if (clock_monotonic() >= s->heirs_until)
		return false;
	if (!s->asked_others) {
		s->others = others_hold_some(s);
		s->asked_others = true;
	}
	return s->others;
}

bool source_drained(struct source *s)
{
	bool drained = s->assigned && s->claimed;
	for (size_t i = 0; i < s->n && drained; i++)
		drained = partition_drained(s, &s->partitions[i]);
	return drained && !may_inherit(s);
}

/* An end that the library has told of, but nobody has looked at yet, is of before: fetching begins anew, and ends are told again. */
void source_drain_anew(struct source *s)
{
	for (size_t i = 0; i < s->n; i++) {
		s->partitions[i].end = -1;
		s->partitions[i].drained = false;
	}
	if (s->assigned && s->claimed && !s->paused)
		fetch_anew(s);
}

/* --- making and ending ----------------------------------------------------------------------------------------------------------------------------- */

/*
 * Fetches are of compressed bytes: small ones keep the memory that they inflate to within bounds, and partitions abreast of one another. A batch then holds records of
 * about the same time, which touch fewer rows of the roll-up.
 */
static void consumer_defaults(rd_kafka_conf_t *conf)
{
	set_if_known(conf, "log_level", "6");
	set_if_known(conf, "group.id", "rekapd");
	set_if_known(conf, "queued.min.messages", "1000000");
	set_if_known(conf, "queued.max.messages.kbytes", AS_TEXT(QUEUE_KB));
	set_if_known(conf, "fetch.wait.max.ms", "100"); /* data ends the wait at once; shorter ones only keep an idle client busy */
	set_if_known(conf, "fetch.error.backoff.ms", "100");
	set_if_known(conf, "fetch.queue.backoff.ms", "2");
	set_if_known(conf, "fetch.message.max.bytes", "1048576");
	set_if_known(conf, "fetch.max.bytes", "8388608");
	set_if_known(conf, "receive.message.max.bytes", "1000000000"); /* also the bound of what a batch may inflate to; one beyond it stops its partition */
	set_if_known(conf, "topic.metadata.refresh.interval.ms", "30000");
	set_if_known(conf, "reconnect.backoff.max.ms", "2000");
	set_if_known(conf, "session.timeout.ms", "6000"); /* after a crash the group waits so long before it gives the partitions away */
	set_if_known(conf, "heartbeat.interval.ms", "1500");
	set_if_known(conf, "socket.keepalive.enable", "true");
	set_if_known(conf, "partition.assignment.strategy", "range,roundrobin");
}

/* A property of whole milliseconds, in microseconds. */
static int64_t duration(const rd_kafka_conf_t *conf, const char *name)
{
	char value[32] = "";
	size_t size = sizeof value;
	rd_kafka_conf_get(conf, name, value, &size);
	return strtoll(value, NULL, 10) * 1000;
}

static int consumer_conf(const struct config *c, struct source *s, rd_kafka_conf_t **ret, struct error *err)
{
	rd_kafka_conf_t *conf;
	int r = base_conf(c, &conf, err);
	if (r < 0)
		return r;
	consumer_defaults(conf);
	r = apply_user(conf, c, err); /* again: the user's word is the last */
	static const char *const fixed[][2] = {
		{"enable.auto.commit", "false"}, {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"}, {"enable.partition.eof", "true"},
	};
	for (size_t i = 0; i < COUNT(fixed) && r >= 0; i++)
		r = set_property(conf, fixed[i][0], fixed[i][1], "built-in", err);
	if (r < 0) {
		rd_kafka_conf_destroy(conf);
		return r;
	}
	/* The session ends, and the next heartbeat tells. */
	s->session = duration(conf, "session.timeout.ms") + duration(conf, "heartbeat.interval.ms") + INSTANT_PER_SECOND;
	rd_kafka_conf_set_opaque(conf, s);
	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	rd_kafka_conf_set_error_cb(conf, on_error);
	*ret = conf;
	return 0;
}

/* "a, ^b.*" → a list of names. */
static rd_kafka_topic_partition_list_t *subscription(const char *topics)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
	for (const char *p = topics; *p;) {
		p += strspn(p, ", \t");
		size_t n = strcspn(p, ", \t");
		char name[256];
		if (n && n < sizeof name) {
			memcpy(name, p, n);
			name[n] = 0;
			rd_kafka_topic_partition_list_add(list, name, RD_KAFKA_PARTITION_UA);
		}
		p += n;
	}
	return list;
}

static int subscribe(struct source *s, const char *topics, struct error *err)
{
	rd_kafka_topic_partition_list_t *list = subscription(topics);
	rd_kafka_resp_err_t e = list->cnt ? rd_kafka_subscribe(s->rk, list) : RD_KAFKA_RESP_ERR__INVALID_ARG;
	rd_kafka_topic_partition_list_destroy(list);
	return e ? error_set(err, -EINVAL, "rekapd.topics: cannot be subscribed to: %s", rd_kafka_err2str(e)) : 0;
}

static int start(struct source *s, const struct config *c, struct error *err)
{
	static const uint64_t one = 1;
	rd_kafka_conf_t *conf;
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->fd < 0)
		return error_set(err, -errno, "kafka: no descriptor to wait on: %s", strerror(errno));
	int r = consumer_conf(c, s, &conf, err);
	if (r >= 0)
		r = make_client(RD_KAFKA_CONSUMER, conf, &s->rk, err);
	if (r < 0)
		return r;
	rd_kafka_resp_err_t e = rd_kafka_poll_set_consumer(s->rk);
	s->queue = e ? NULL : rd_kafka_queue_get_consumer(s->rk);
	if (!s->queue)
		return error_set(err, -EINVAL, "kafka: this client cannot be in a group: %s", e ? rd_kafka_err2str(e) : "it has no queue");
	rd_kafka_queue_io_event_enable(s->queue, s->fd, &one, sizeof one);
	return subscribe(s, c->topics, err);
}

int source_new(const struct config *c, const struct source_handlers *h, struct source **ret_source, struct error *err)
{
	struct source *s = calloc(1, sizeof *s);
	if (!s)
		return error_set(err, -ENOMEM, "kafka: out of memory");
	s->handlers = *h;
	s->mechanism = source_mechanism(c);
	s->fd = -1;
	int r = start(s, c, err);
	if (r < 0)
		source_free(s);
	else
		*ret_source = s;
	return r;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	if (s->queue) {
		rd_kafka_queue_io_event_enable(s->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(s->queue);
	}
	if (s->rk) {
		rd_kafka_consumer_close(s->rk);
		rd_kafka_destroy(s->rk);
	}
	forget_partitions(s);
	if (s->fd >= 0)
		close(s->fd);
	free(s->messages);
	free(s->headers);
	free(s);
	return NULL;
}

/* --- beside the consumer --------------------------------------------------------------------------------------------------------------------------- */

struct client {
	struct cause cause; /* first: the library hands it to its callbacks */
	const struct config *config;
	rd_kafka_t *rk;
};

static void on_client_error(rd_kafka_t *rk, int code, const char *why, void *opaque)
{
	(void)rk;
	cause_note(opaque, code == RD_KAFKA_RESP_ERR__AUTHENTICATION, why);
}

/* Takes the conf. */
static int client_new(struct client *c, const struct config *config, rd_kafka_type_t type, rd_kafka_conf_t *conf, void *opaque, struct error *err)
{
	c->config = config;
	rd_kafka_conf_set_opaque(conf, opaque);
	rd_kafka_conf_set_error_cb(conf, on_client_error);
	return make_client(type, conf, &c->rk, err);
}

static int plain_client(struct client *c, const struct config *config, struct error *err)
{
	rd_kafka_conf_t *conf;
	int r = base_conf(config, &conf, err);
	*c = (struct client){.config = config};
	return r < 0 ? r : client_new(c, config, RD_KAFKA_CONSUMER, conf, c, err);
}

/* What stopped the call that ended so, as far as the library has told. */
static int unavailable(struct client *c, rd_kafka_resp_err_t e, struct error *err)
{
	rd_kafka_poll(c->rk, 0);
	if (cause_is_refusal(&c->cause))
		return error_set(err, -EACCES, "kafka: refused: %s: %s", c->cause.why, cause_remedy(&c->cause, source_mechanism(c->config), source_library_number()));
	return error_set(err, SOURCE_RETRY, "kafka: %s: is the broker up, and kafka.bootstrap.servers right?", *c->cause.why ? c->cause.why : rd_kafka_err2str(e));
}

/* Asks for all topics. A refusal ends the wait early, but not at once: another broker of the list may serve us. */
static int reach(struct client *c, int timeout_ms, const struct rd_kafka_metadata **ret, struct error *err)
{
	int left = timeout_ms, refusals = 0;
	for (int wait = REACH_MS;; wait *= 2) {
		wait = wait < left ? wait : left;
		left -= wait;
		rd_kafka_resp_err_t e = rd_kafka_metadata(c->rk, 1, NULL, ret, wait);
		if (!e)
			return 0;
		int r = unavailable(c, e, err);
		refusals += r < 0;
		if (left <= 0 || refusals == 2)
			return r;
	}
}

int source_topics(const struct config *c, int timeout_ms, void (*topic)(void *arg, const char *name, int partitions), void *arg, struct error *err)
{
	struct client client;
	const struct rd_kafka_metadata *md;
	int r = plain_client(&client, c, err);
	if (r < 0)
		return r;
	rd_kafka_topic_partition_list_t *wanted = subscription(c->topics);
	r = reach(&client, timeout_ms, &md, err);
	if (r == 0) {
		for (int i = 0; i < md->topic_cnt; i++)
			if (subscribed(wanted, md->topics[i].topic))
				topic(arg, md->topics[i].topic, md->topics[i].partition_cnt);
		rd_kafka_metadata_destroy(md);
	}
	rd_kafka_topic_partition_list_destroy(wanted);
	rd_kafka_destroy(client.rk);
	return r;
}

int source_ends(const struct config *c, int timeout_ms, const struct source_partition *partitions, size_t n, struct source_end *ret_ends, struct error *err)
{
	struct client client;
	const struct rd_kafka_metadata *md;
	int r = plain_client(&client, c, err);
	if (r < 0)
		return r;
	r = reach(&client, timeout_ms, &md, err);
	if (r == 0)
		rd_kafka_metadata_destroy(md);
	for (size_t i = 0; i < n && r == 0; i++) {
		rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(client.rk, partitions[i].topic, partitions[i].partition, &ret_ends[i].low, &ret_ends[i].high, timeout_ms);
		r = e ? unavailable(&client, e, err) : 0;
	}
	rd_kafka_destroy(client.rk);
	return r;
}

struct producer {
	struct client client; /* first, as its cause */
	int64_t delivered;
	rd_kafka_resp_err_t failed; /* the first failure */
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct producer *p = opaque;
	(void)rk;
	if (!m->err)
		p->delivered++;
	else if (!p->failed)
		p->failed = m->err;
}

static int start_producer(struct producer *p, const struct config *c, struct error *err)
{
	rd_kafka_conf_t *conf;
	const struct rd_kafka_metadata *md;
	int r = base_conf(c, &conf, err);
	if (r < 0)
		return r;
	set_if_known(conf, "enable.idempotence", "true");
	set_if_known(conf, "linger.ms", "5");
	if (!configured(c, "partitioner"))
		set_if_known(conf, "partitioner", "murmur2_random"); /* as Java's producers: a key's events meet in one partition, whoever sends them */
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	r = client_new(&p->client, c, RD_KAFKA_PRODUCER, conf, p, err);
	if (r == 0)
		r = reach(&p->client, PUBLISH_REACH_MS, &md, err);
	if (r == 0)
		rd_kafka_metadata_destroy(md);
	return r;
}

int producer_new(const struct config *c, struct producer **ret_producer, struct error *err)
{
	struct producer *p = calloc(1, sizeof *p);
	if (!p)
		return error_set(err, -ENOMEM, "kafka: out of memory");
	int r = start_producer(p, c, err);
	if (r)
		producer_free(p);
	else
		*ret_producer = p;
	return r;
}

struct producer *producer_free(struct producer *p)
{
	if (!p)
		return NULL;
	if (p->client.rk) {
		rd_kafka_purge(p->client.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_destroy(p->client.rk);
	}
	free(p);
	return NULL;
}

static rd_kafka_resp_err_t copy_headers(const struct header *headers, size_t n, rd_kafka_headers_t *list)
{
	rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;
	for (size_t i = 0; i < n && !e; i++)
		e = rd_kafka_header_add(list, headers[i].name.p, (ssize_t)headers[i].name.n, headers[i].value.p, (ssize_t)headers[i].value.n);
	return e;
}

/* Once; the headers are the library's if it takes the record. */
static rd_kafka_resp_err_t send_once(struct producer *p, const char *topic, struct text key, struct text value, rd_kafka_headers_t *headers)
{
	return rd_kafka_producev(p->client.rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY((void *)(uintptr_t)key.p, key.n),
				 RD_KAFKA_V_VALUE((void *)(uintptr_t)value.p, value.n), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
}

int producer_send(struct producer *p, const char *topic, struct text key, struct text value, const struct header *headers, size_t n_headers, struct error *err)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(n_headers);
	rd_kafka_resp_err_t e = copy_headers(headers, n_headers, list);
	if (!e)
		e = send_once(p, topic, key, value, list);
	for (int waited = 0; e == RD_KAFKA_RESP_ERR__QUEUE_FULL && waited < 30000; waited += 100) {
		rd_kafka_poll(p->client.rk, 100);
		e = send_once(p, topic, key, value, list);
	}
	rd_kafka_poll(p->client.rk, 0);
	if (!e)
		return 0;
	rd_kafka_headers_destroy(list);
	return e == RD_KAFKA_RESP_ERR__QUEUE_FULL ? unavailable(&p->client, RD_KAFKA_RESP_ERR__TIMED_OUT, err) : error_set(err, -EIO, "kafka: %s: %s", topic, rd_kafka_err2str(e));
}

int producer_flush(struct producer *p, int timeout_ms, int64_t *ret_delivered, struct error *err)
{
	rd_kafka_resp_err_t e = rd_kafka_flush(p->client.rk, timeout_ms);
	*ret_delivered = p->delivered;
	if (p->failed)
		return error_set(err, SOURCE_RETRY, "kafka: a record could not be delivered: %s", rd_kafka_err2str(p->failed));
	return e ? unavailable(&p->client, e, err) : 0;
}

const char *source_library_version(void)
{
	return rd_kafka_version_str();
}

int source_library_number(void)
{
	return rd_kafka_version() >> 8;
}
