// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The workload of the bench: complaints' lives as CloudEvents, the same for the same options, and what they must add up to. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/map.h"
#include "tests/bench/client.h"
#include "tests/bench/plan.h"

static const char usage[] =
	"Usage: generate [OPTION]...\n"
	"\n"
	"  --brokers ADDRESS     produces to this Kafka; without, prints the events, one a line\n"
	"  --topic NAME          which must exist\n"
	"  --events N            how many (1000000)\n"
	"  --complaints N        of how many come in within the days, or have come (a fifth of the events)\n"
	"  --phase PHASE         all: whole lives (default); found: each complaint as it comes in; later: what\n"
	"                        happened to those that came in before, in an order of chance\n"
	"  --seed N              decides everything else; complaints of other seeds are others (1)\n"
	"  --units N             (50)\n"
	"  --hot PERCENT         of the complaints that are the first unit's (0)\n"
	"  --first DAY           (2024-01-01)\n"
	"  --days N              over which complaints come in (366)\n"
	"  --bytes N             mean length of an event; 0: as short as it can be (545)\n"
	"  --duplicates PERCENT  of the events that are repetitions (2)\n"
	"  --disorder PERCENT    of the events that come up to three days late (5)\n"
	"  --rate N              events a second; without, as fast as can be\n"
	"  --probes FILE         with --rate: besides, receipts in a unit of their own, each on a day of its own;\n"
	"                        writes day,microseconds (since 1970, when it was produced)\n"
	"  --probe-rate N        a second (50)\n"
	"  --figures FILE        writes unit,day,received,resolved as they must be at the end\n"
	"  --register FILE       writes the register of the units\n"
	"\n"
	"Prints how many events, bytes, and events of type received it made, as JSON (to stderr without --brokers).\n";

struct options {
	struct plan plan;
	const char *brokers, *topic, *figures, *units, *probes;
	size_t bytes;
	unsigned rate, probe_rate;
};

struct output {
	const struct options *o;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	unsigned partitions;
	FILE *probes;
	struct buffer id, event;
	uint64_t events, bytes, received;
};

static unsigned failed;

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (message->err && !failed++)
		fprintf(stderr, "bench: %s\n", rd_kafka_message_errstr(message));
}

static void connect_to(struct output *out)
{
	const char *linger = out->o->rate ? "0" : "20"; /* where time counts, nothing waits for company */
	const char *const settings[] = {
		"bootstrap.servers", out->o->brokers, "linger.ms", linger, "compression.codec", "lz4", "enable.idempotence", "true", "batch.size", "1000000",
		"log_level", "3", "message.max.bytes", "4000000", "queue.buffering.max.messages", "1000000", "queue.buffering.max.kbytes", "262144", NULL,
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	out->rk = client_new(RD_KAFKA_PRODUCER, conf, settings);
	out->partitions = client_partitions(out->rk, out->o->topic);
	out->topic = rd_kafka_topic_new(out->rk, out->o->topic, NULL);
}

static void produce(struct output *out, uint64_t complaint)
{
	buffer_clear(&out->id);
	life_id(&out->o->plan.w, complaint, &out->id);
	if (out->id.failed || out->event.failed)
		die("out of memory");
	int32_t partition = (int32_t)(hash_bytes(out->id.p, out->id.n, 0) % out->partitions);
	while (rd_kafka_produce(out->topic, partition, RD_KAFKA_MSG_F_COPY, out->event.p, out->event.n, out->id.p, out->id.n, NULL)) {
		if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			die("%s", rd_kafka_err2str(rd_kafka_last_error()));
		rd_kafka_poll(out->rk, 10);
	}
	rd_kafka_poll(out->rk, 0);
}

static void send_step(struct output *out, uint64_t complaint, const struct step *step)
{
	buffer_clear(&out->event);
	life_event(&out->o->plan.w, complaint, step, out->o->bytes, &out->event);
	out->events++;
	out->bytes += out->event.n;
	out->received += step->type == RECEIVED;
	if (out->rk) {
		produce(out, complaint);
	} else {
		buffer_putc(&out->event, '\n');
		fwrite(out->event.p, 1, out->event.n, stdout);
	}
}

static void send_probe(struct output *out, struct plan *p, unsigned number)
{
	char day[DATE_TEXT_SIZE];
	struct step step = plan_probe(p, number);
	date_format(p->w.first + (day_number)number, day);
	fprintf(out->probes, "%s,%" PRId64 "\n", day, clock_wall());
	send_step(out, PROBE + number, &step);
	plan_count_probe(p, number);
}

static void send_all(struct output *out, struct plan *p)
{
	int64_t begun = clock_monotonic();
	unsigned every = out->probes ? out->o->rate / out->o->probe_rate : 0;
	for (uint64_t i = 0; i < p->n; i++) {
		struct life l;
		int64_t ahead = out->o->rate ? begun + (int64_t)(i * 1000000 / out->o->rate) - clock_monotonic() : 0;
		if (ahead > 0)
			clock_sleep(ahead);
		life_of(&p->w, p->slots[i].complaint, &l);
		send_step(out, p->slots[i].complaint, &l.steps[p->slots[i].step]);
		if (every && i % every == 0)
			send_probe(out, p, (unsigned)(i / every));
	}
	if (out->rk && (rd_kafka_flush(out->rk, 120000) || failed))
		die("not everything was produced");
}

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "w");
	if (!f)
		die("%s: %m", path);
	return f;
}

static void finish(FILE *f, const char *path)
{
	if (fclose(f))
		die("%s: %m", path);
}

static void write_figures(const struct plan *p, const char *path)
{
	FILE *f = create(path);
	struct buffer unit = {0};
	char day[DATE_TEXT_SIZE];
	fputs("unit,day,received,resolved\n", f);
	for (unsigned i = 0; i <= p->w.units; i++) {
		buffer_clear(&unit);
		life_unit(i, &unit);
		for (unsigned n = 0; n < p->days; n++) {
			const uint32_t *figures = p->figures[(uint64_t)i * p->days + n];
			date_format(p->w.first + (day_number)n, day);
			if (figures[0] || figures[1])
				fprintf(f, "%s,%s,%" PRIu32 ",%" PRIu32 "\n", buffer_cstr(&unit), day, figures[0], figures[1]);
		}
	}
	buffer_deinit(&unit);
	finish(f, path);
}

static void write_register(const struct plan *p, const char *path)
{
	FILE *f = create(path);
	struct buffer unit = {0};
	fputs("unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n", f);
	for (unsigned i = 0; i <= p->w.units; i++) {
		buffer_clear(&unit);
		life_unit(i, &unit);
		fprintf(f, "%s,Contoh %u,contoh,,,,\n", buffer_cstr(&unit), i);
	}
	buffer_deinit(&unit);
	finish(f, path);
}

static void output_deinit(struct output *out)
{
	if (out->probes)
		finish(out->probes, out->o->probes);
	static const char format[] = "{\"events\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"received\": %" PRIu64 "}\n";
	fprintf(out->rk ? stdout : stderr, format, out->events, out->bytes, out->received);
	if (out->rk) {
		rd_kafka_topic_destroy(out->topic);
		rd_kafka_destroy(out->rk);
	}
	buffer_deinit(&out->id);
	buffer_deinit(&out->event);
}

static uint64_t number(const char *text, uint64_t from, uint64_t to)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value < from || value > to)
		die("%s is no number from %" PRIu64 " to %" PRIu64, text, from, to);
	return value;
}

static enum phase phase_of(const char *text)
{
	static const char *const names[] = {"all", "found", "later"};
	for (unsigned i = 0; i < COUNT(names); i++)
		if (text_is(text_of(text), names[i]))
			return i;
	die("%s is no phase", text);
}

static const struct option long_options[] = {
	{"brokers", 1, 0, 'b'}, {"topic", 1, 0, 't'}, {"events", 1, 0, 'n'}, {"complaints", 1, 0, 'c'}, {"phase", 1, 0, 'p'},
	{"seed", 1, 0, 's'}, {"units", 1, 0, 'u'}, {"hot", 1, 0, 'h'}, {"first", 1, 0, 'f'}, {"days", 1, 0, 'd'},
	{"bytes", 1, 0, 'l'}, {"duplicates", 1, 0, 'a'}, {"disorder", 1, 0, 'o'}, {"rate", 1, 0, 'r'}, {"probes", 1, 0, 'P'},
	{"probe-rate", 1, 0, 'R'}, {"figures", 1, 0, 'F'}, {"register", 1, 0, 'U'}, {"help", 0, 0, '?'}, {0},
};

static void set(struct options *o, int name, const char *value)
{
	struct plan *p = &o->plan;
	switch (name) {
	case 'b': o->brokers = value; break;
	case 't': o->topic = value; break;
	case 'n': p->events = number(value, 1, UINT32_MAX); break;
	case 'c': p->w.complaints = number(value, 1, PROBE - 1); break;
	case 'p': p->phase = phase_of(value); break;
	case 's': p->w.seed = number(value, 0, 9999); break;
	case 'u': p->w.units = (unsigned)number(value, 1, 100000); break;
	case 'h': p->w.hot = (unsigned)number(value, 0, 100); break;
	case 'd': p->w.days = (unsigned)number(value, 1, 10000); break;
	case 'l': o->bytes = number(value, 0, 900000); break;
	case 'a': p->duplicates = (unsigned)number(value, 0, 99); break;
	case 'o': p->disorder = (unsigned)number(value, 0, 100); break;
	case 'r': o->rate = (unsigned)number(value, 1, 1000000); break;
	case 'P': o->probes = value; break;
	case 'R': o->probe_rate = (unsigned)number(value, 1, 1000000); break;
	case 'F': o->figures = value; break;
	case 'U': o->units = value; break;
	case 'f':
		if (date_parse(text_of(value), &p->w.first))
			die("%s is no day", value);
		break;
	default: break;
	}
}

/* False: not understood. */
static bool parse(int argc, char **argv, struct options *o)
{
	int name;
	while ((name = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (name == '?')
			return false;
		set(o, name, optarg);
	}
	if (!o->plan.w.complaints)
		o->plan.w.complaints = o->plan.events / 5 + 1;
	return optind == argc && !o->brokers == !o->topic && (!o->probes || (o->rate && o->probe_rate <= o->rate));
}

int main(int argc, char **argv)
{
	struct options o = {.bytes = 545, .probe_rate = 50, .plan = {.events = 1000000, .duplicates = 2, .disorder = 5}};
	o.plan.w = (struct world){.seed = 1, .units = 50, .first = day_from_civil(2024, 1, 1), .days = 366};
	if (!parse(argc, argv, &o)) {
		bool asked = argc == 2 && text_is(text_of(argv[1]), "--help");
		fputs(usage, asked ? stdout : stderr);
		return asked ? 0 : 64;
	}
	if (!plan_make(&o.plan))
		die("out of memory");
	if (o.units)
		write_register(&o.plan, o.units);
	struct output out = {.o = &o, .probes = o.probes ? create(o.probes) : NULL};
	if (o.brokers)
		connect_to(&out);
	send_all(&out, &o.plan);
	if (o.figures)
		write_figures(&o.plan, o.figures);
	output_deinit(&out);
	plan_deinit(&o.plan);
	return 0;
}
