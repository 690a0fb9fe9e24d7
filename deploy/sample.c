// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * Sample data for demonstrations: the complaints of one regency in 2024, made from a seed, the same on every machine.
 *
 * Writes into --out: units.csv (the register), events.ndjson (every good event in the order of its arrival), measures.csv and indicators.csv (what the figures must
 * come to, counted here while the cases are made, not by folding events) and rejects.csv. With --brokers it also produces to Kafka what arrives there: those
 * events, late and out of order, some twice, some under another id, some in binary mode, some with a wrong key or none; tombstones; and records that must be rejected.
 */
#include <errno.h>
#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/civil.h"
#include "common/random.h"
#include "common/text.h"

#define YEAR 2024
#define DAY INT64_C(86400)
#define ZONE (7 * INT64_C(3600)) /* WIB */
#define NONE (-1)

/* --- The regency --- */

struct unit {
	const char *code, *name, *kind;
	int parent;	     /* index or NONE */
	const char *last;    /* valid_to */
	int successor;	     /* index or NONE */
	unsigned weight;     /* how many complaints it gets */
	unsigned slowness;   /* of its answers, in percent of the usual */
};

/* No official coded list of units was found: codes and names here are samples, and say so. */
static const struct unit units[] = {
	{"1.01.0.00.0.00.01.0000", "Contoh Dinas Pendidikan", "dinas", NONE, "", NONE, 60, 110},
	{"1.01.0.00.0.00.01.0011", "Contoh SMP Negeri 1", "sekolah", 0, "", NONE, 9, 80},
	{"1.01.0.00.0.00.01.0012", "Contoh SMP Negeri 2", "sekolah", 0, "", NONE, 6, 90},
	{"1.02.0.00.0.00.01.0000", "Contoh Dinas Kesehatan", "dinas", NONE, "", NONE, 50, 90},
	{"1.02.0.00.0.00.01.0011", "Contoh Puskesmas Utara", "puskesmas", 3, "", NONE, 14, 70},
	{"1.02.0.00.0.00.01.0012", "Contoh Puskesmas Selatan", "puskesmas", 3, "", NONE, 11, 100},
	{"1.02.0.00.0.00.01.0013", "Contoh Puskesmas Pesisir", "puskesmas", 3, "", NONE, 8, 130},
	{"1.02.0.00.0.00.02.0000", "Contoh RSUD", "rsud", 3, "", NONE, 55, 120},
	{"1.03.0.00.0.00.01.0000", "Contoh Dinas Pekerjaan Umum", "dinas", NONE, "", NONE, 95, 160},
	{"1.04.0.00.0.00.01.0000", "Contoh Dinas Perumahan", "dinas", NONE, "", NONE, 22, 120},
	{"1.05.0.00.0.00.01.0000", "Contoh Satuan Polisi Pamong Praja", "satpol", NONE, "", NONE, 28, 70},
	{"1.05.0.00.0.00.02.0000", "Contoh BPBD", "badan", NONE, "", NONE, 10, 60},
	{"1.06.0.00.0.00.01.0000", "Contoh Dinas Sosial", "dinas", NONE, "", NONE, 48, 100},
	{"2.07.0.00.0.00.01.0000", "Contoh Dinas Tenaga Kerja", "dinas", NONE, "", NONE, 14, 90},
	{"2.11.0.00.0.00.01.0000", "Contoh Dinas Lingkungan Hidup", "dinas", NONE, "", NONE, 40, 110},
	{"2.12.0.00.0.00.01.0000", "Contoh Dinas Kependudukan", "dinas", NONE, "", NONE, 75, 60},
	{"2.13.0.00.0.00.01.0000", "Contoh Dinas Pemberdayaan Desa", "dinas", NONE, "", NONE, 20, 130},
	{"2.15.0.00.0.00.01.0000", "Contoh Dinas Perhubungan", "dinas", NONE, "", NONE, 30, 90},
	{"2.16.2.20.2.21.01.0000", "Contoh Dinas Komunikasi", "dinas", NONE, "", NONE, 12, 50},
	{"2.17.0.00.0.00.01.0000", "Contoh Dinas Koperasi", "dinas", NONE, "", NONE, 9, 100},
	{"2.18.0.00.0.00.01.0000", "Contoh Dinas Penanaman Modal", "dinas", NONE, "", NONE, 18, 70},
	{"2.23.0.00.0.00.01.0000", "Contoh Dinas Perpustakaan", "dinas", NONE, "", NONE, 1, 80},
	{"3.25.0.00.0.00.01.0000", "Contoh Dinas Perikanan", "dinas", NONE, "2024-06-30", 24, 12, 110},
	{"3.26.0.00.0.00.01.0000", "Contoh Dinas Pariwisata", "dinas", NONE, "", NONE, 8, 90},
	{"3.27.0.00.0.00.01.0000", "Contoh Dinas Pertanian", "dinas", NONE, "", NONE, 26, 120},
	{"3.30.0.00.0.00.01.0000", "Contoh Dinas Perdagangan", "dinas", NONE, "", NONE, 16, 100},
	{"4.01.0.00.0.00.01.0000", "Contoh Sekretariat Daerah", "sekretariat", NONE, "", NONE, 12, 100},
	{"5.01.0.00.0.00.01.0000", "Contoh Bappeda", "badan", NONE, "", NONE, 4, 80},
	{"5.02.0.00.0.00.01.0000", "Contoh Badan Keuangan", "badan", NONE, "", NONE, 15, 90},
	{"5.03.0.00.0.00.01.0000", "Contoh Badan Kepegawaian", "badan", NONE, "", NONE, 10, 90},
	{"6.01.0.00.0.00.01.0000", "Contoh Inspektorat", "inspektorat", NONE, "", NONE, 11, 140},
	{"7.01.0.00.0.00.01.0000", "Contoh Kecamatan Satu", "kecamatan", NONE, "", NONE, 9, 70},
	{"7.01.0.00.0.00.01.0001", "Contoh Kelurahan Satu A", "kelurahan", 31, "", NONE, 5, 80},
	{"7.01.0.00.0.00.01.0002", "Contoh Kelurahan Satu B", "kelurahan", 31, "", NONE, 4, 90},
	{"7.01.0.00.0.00.02.0000", "Contoh Kecamatan Dua", "kecamatan", NONE, "", NONE, 8, 80},
	{"7.01.0.00.0.00.03.0000", "Contoh Kecamatan Tiga", "kecamatan", NONE, "", NONE, 6, 100},
	{"7.01.0.00.0.00.04.0000", "Contoh Kecamatan Empat", "kecamatan", NONE, "", NONE, 5, 60},
	{"7.01.0.00.0.00.05.0000", "Contoh Kecamatan Lima", "kecamatan", NONE, "", NONE, 1, 90},
	{"8.01.0.00.0.00.01.0000", "Contoh Badan Kesatuan Bangsa", "badan", NONE, "", NONE, 5, 90},
};
#define UNITS ((int)(sizeof units / sizeof *units))
#define UNKNOWN_UNIT "2.24.0.00.0.00.01.0000"

enum type { RECEIVED, VERIFIED, FORWARDED, RESPONDED, RESOLVED, REOPENED, MISROUTED, WITHDRAWN, ARCHIVED, RATED };
static const char *const type_names[] = {"received", "verified", "forwarded", "responded", "resolved", "reopened", "misrouted", "withdrawn", "archived", "rated"};
static const char *const classes[] = {"complaint", "information_request", "supervisory", "aspiration"};
static const char *const channels[] = {"web", "whatsapp", "app", "in_person", "sms", "social_media", "letter", "phone"};
static const char *const categories[] = {"waiting_time", "road_damage", "staff_conduct", "fees", "waste", "aid_distribution", "documents", "street_lighting"};
static const char *const reasons[] = {"invalid", "too_general", "duplicate"};
#define CHOICE(r, list) ((uint8_t)random_below(r, sizeof(list) / sizeof *(list)))

/* What a record is besides a good event in structured mode. */
enum form {
	GOOD,
	BINARY,
	TOMBSTONE,
	BAD_FIRST,
	BAD_PHONE = BAD_FIRST,
	BAD_REPORTER,
	BAD_JSON,
	BAD_DUPLICATE_KEY,
	BAD_UTF8,
	BAD_OBJECT,
	BAD_TIME,
	BAD_TYPE,
	BAD_RATING,
	BAD_CLASS,
	BAD_UNIT,
	FORMS,
};
static const char *const form_reason[FORMS] = {
	[BAD_PHONE] = "personal_data", [BAD_REPORTER] = "personal_data", [BAD_JSON] = "not_json",   [BAD_DUPLICATE_KEY] = "duplicate_key",
	[BAD_UTF8] = "encoding",       [BAD_OBJECT] = "not_cloudevent",	 [BAD_TIME] = "bad_envelope", [BAD_TYPE] = "unknown_type",
	[BAD_RATING] = "bad_field",    [BAD_CLASS] = "bad_field",	 [BAD_UNIT] = "unknown_unit",
};
static const unsigned form_count[FORMS] = {
	[TOMBSTONE] = 7,  [BAD_PHONE] = 6, [BAD_REPORTER] = 3, [BAD_JSON] = 5,	 [BAD_DUPLICATE_KEY] = 2, [BAD_UTF8] = 2,
	[BAD_OBJECT] = 4, [BAD_TIME] = 6,  [BAD_TYPE] = 3,     [BAD_RATING] = 4, [BAD_CLASS] = 5,	  [BAD_UNIT] = 8,
};

struct fact {
	int64_t time; /* seconds since 1970, UTC */
	int32_t complaint;
	int16_t unit; /* RECEIVED, FORWARDED */
	uint8_t type, class, channel, category, rating, reason;
};

struct message {
	int64_t due; /* when it arrives */
	uint64_t tie;
	uint32_t id;
	uint8_t form;
	uint8_t key; /* 0 the right one, 1 a wrong one, 2 none */
	bool other_source;
	struct fact fact;
};

struct figures {
	int64_t received, resolved, archived, misrouted, open, ratings, rating_sum;
};

struct sample {
	struct random random;
	struct message *messages;
	size_t n, size;
	uint32_t next_id;
	unsigned duplicates;
	int complaints;
	struct figures own[UNITS + 1];	 /* by the unit that answers for them; the last is the region */
	struct figures below[UNITS + 1]; /* with all units below */
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "demo-sample: %s: %s\n", what, why);
	exit(69);
}

/* --- Making cases --- */

static bool chance(struct random *r, unsigned per_mille)
{
	return random_below(r, 1000) < per_mille;
}

static int64_t between(struct random *r, int64_t low, int64_t high)
{
	return low + (int64_t)random_below(r, (uint64_t)(high - low + 1));
}

/* Seconds of the local calendar, so that a day is time / DAY. */
static int64_t local(int64_t utc)
{
	return utc + ZONE;
}

static int64_t year_start(void)
{
	return day_from_civil(YEAR, 1, 1) * DAY - ZONE;
}

static int64_t year_end(void)
{
	return day_from_civil(YEAR + 1, 1, 1) * DAY - ZONE;
}

/* `days` (in tenths) later, at an hour when offices are open, and never before `start` itself. */
static int64_t later(struct random *r, int64_t start, int64_t tenths)
{
	int64_t day = (local(start) + tenths * DAY / 10) / DAY;
	while (weekday((day_number)day) >= 5)
		day++;
	int64_t t = day * DAY + between(r, 8 * 3600, 16 * 3600) - ZONE;
	return t > start ? t : start + between(r, 60, 3600);
}

/* Most events arrive within minutes; some are typed in days, a few weeks later. */
static int64_t delay(struct random *r)
{
	unsigned luck = (unsigned)random_below(r, 100);
	if (luck < 80)
		return between(r, 1, 600);
	if (luck < 94)
		return between(r, 1, 3 * DAY);
	return between(r, 3 * DAY, 60 * DAY);
}

static struct message *add(struct sample *s, struct fact fact, enum form form)
{
	if (s->n == s->size) {
		s->size = s->size ? s->size * 2 : 4096;
		s->messages = realloc(s->messages, s->size * sizeof *s->messages);
		if (!s->messages)
			die("memory", strerror(ENOMEM));
	}
	struct message *m = &s->messages[s->n++];
	unsigned key = (unsigned)random_below(&s->random, 100);
	*m = (struct message){.due = fact.time + delay(&s->random), .tie = random_next(&s->random), .id = s->next_id++, .form = (uint8_t)form, .fact = fact};
	m->key = key < 3 ? 1 : key < 5 ? 2 : 0;
	return m;
}

/* A fact becomes an event, unless the year is over before it happens: then false. Some events are sent twice. */
static bool happens(struct sample *s, struct fact fact)
{
	struct random *r = &s->random;
	if (fact.time >= year_end())
		return false;
	const struct message *m = add(s, fact, chance(r, 30) ? BINARY : GOOD);
	if (chance(r, 40)) { /* the same again, or the same fact from another system under another id */
		struct message again = *m;
		struct message *twin = add(s, fact, GOOD);
		s->duplicates++;
		if (chance(r, 500)) {
			twin->form = again.form;
			twin->id = again.id;
		} else {
			twin->other_source = true;
		}
	}
	return true;
}

static int attribute(int unit, int64_t time)
{
	day_number last;
	day_number day = (day_number)(local(time) / DAY);
	while (units[unit].successor != NONE && date_parse(text_of(units[unit].last), &last) == 0 && day > last)
		unit = units[unit].successor;
	return unit;
}

static int some_unit(struct random *r)
{
	unsigned all = 0;
	for (int i = 0; i < UNITS; i++)
		all += units[i].weight;
	uint64_t at = random_below(r, all);
	for (int i = 0; i < UNITS; i++) {
		if (at < units[i].weight)
			return i;
		at -= units[i].weight;
	}
	return 0;
}

/* A unit below, or NONE. */
static int some_child(struct random *r, int parent)
{
	int found[UNITS];
	unsigned n = 0;
	for (int i = 0; i < UNITS; i++)
		if (units[i].parent == parent)
			found[n++] = i;
	return n ? found[random_below(r, n)] : NONE;
}

/* Settles, reopens, rates. Returns when the case was settled for good, or 0; *ret_rated: when it was rated, or 0. */
static int64_t settle(struct sample *s, struct fact f, int64_t start, int64_t *ret_rated, int *ret_rating)
{
	struct random *r = &s->random;
	unsigned slowness = units[f.unit].slowness;
	int64_t resolved;

	*ret_rated = 0;
	if (chance(r, 90))
		return 0;
	f.type = RESOLVED;
	f.time = later(r, start, between(r, 10, f.class == 2 ? 500 : 150) * slowness / 100);
	if (!happens(s, f))
		return 0;
	resolved = f.time;
	if (chance(r, 60)) {
		f.type = REOPENED;
		f.time = later(r, resolved, between(r, 5, 90));
		if (happens(s, f)) {
			int64_t reopened = f.time;
			resolved = 0;
			f.type = RESOLVED;
			f.time = later(r, reopened, between(r, 20, 200));
			if (chance(r, 800) && happens(s, f))
				resolved = f.time;
		}
	}
	if (resolved && chance(r, 450)) {
		f.type = RATED;
		f.time = later(r, resolved, between(r, 0, 80));
		f.rating = (uint8_t)(slowness > 100 ? between(r, 1, 4) : between(r, 3, 5));
		if (happens(s, f)) {
			*ret_rated = f.time;
			*ret_rating = f.rating;
		}
	}
	return resolved;
}

/* One case from its beginning; what it adds to the figures is booked here. */
static void make_case(struct sample *s, int number)
{
	struct random *r = &s->random;
	int64_t day = between(r, 0, (year_end() - year_start()) / DAY - 1);
	int64_t received = year_start() + day * DAY + between(r, 6 * 3600, 22 * 3600);
	struct fact f = {.time = received, .complaint = number, .type = RECEIVED, .unit = (int16_t)some_unit(r), .class = CHOICE(r, classes), .channel = CHOICE(r, channels)};
	int64_t at = received, left = 0, rated = 0, misrouted = 0;
	int rating = 0, child, first = f.unit;
	bool archived = false, resolved = false;

	if (chance(r, 600))
		f.class = 0;
	f.category = CHOICE(r, categories);
	bool lost = chance(r, 1); /* its registration never arrives: the case stays pending and counts nowhere */
	if (!lost)
		happens(s, f);

	if (chance(r, 930)) {
		f.type = VERIFIED;
		f.time = later(r, at, between(r, 0, 25));
		if (happens(s, f))
			at = f.time;
	}
	if (chance(r, 50)) {
		f.type = ARCHIVED;
		f.time = later(r, at, between(r, 5, 40));
		f.reason = CHOICE(r, reasons);
		archived = happens(s, f);
		left = archived ? f.time : 0;
	} else if (chance(r, 20)) {
		f.type = WITHDRAWN;
		f.time = later(r, at, between(r, 5, 90));
		left = happens(s, f) ? f.time : 0;
	} else {
		child = some_child(r, f.unit);
		if (chance(r, 40)) { /* sent to the wrong unit, which sends it back */
			f.type = MISROUTED;
			f.time = later(r, at, between(r, 5, 30));
			if (happens(s, f)) {
				at = misrouted = f.time;
				child = some_unit(r);
			}
		}
		if (child != NONE && (f.type == MISROUTED || chance(r, 500))) {
			int16_t before = f.unit;
			f.type = FORWARDED;
			f.unit = (int16_t)child;
			f.time = later(r, at, between(r, 0, 20));
			if (happens(s, f))
				at = f.time;
			else
				f.unit = before;
		}
		f.type = RESPONDED;
		f.time = later(r, at, between(r, 5, 70) * units[f.unit].slowness / 100);
		if (chance(r, 4))
			f.time = received - DAY; /* a wrong date: flagged, counted, left out of durations */
		if (chance(r, 900) && happens(s, f) && f.time > at)
			at = f.time;
		left = settle(s, f, at, &rated, &rating);
		resolved = left != 0;
	}

	if (lost)
		return;
	s->own[attribute(f.unit, received)].received++;
	if (misrouted)
		s->own[attribute(first, misrouted)].misrouted++;
	if (resolved)
		s->own[attribute(f.unit, left)].resolved++;
	if (archived)
		s->own[attribute(f.unit, left)].archived++;
	if (!left)
		s->own[attribute(f.unit, year_end() - 1)].open++;
	if (rated) {
		struct figures *own = &s->own[attribute(f.unit, rated)];
		own->ratings++;
		own->rating_sum += rating;
	}
}

static void make_bad(struct sample *s)
{
	int32_t number = 90000;
	for (int form = TOMBSTONE; form < FORMS; form++) {
		for (unsigned i = 0; i < form_count[form]; i++) {
			struct random *r = &s->random;
			struct fact f = {.time = between(r, year_start(), year_end() - 1), .complaint = number++, .unit = (int16_t)some_unit(r)};
			f.type = form == BAD_RATING ? RATED : RECEIVED;
			f.rating = 6;
			add(s, f, (enum form)form);
		}
	}
}

static void sum_below(struct sample *s)
{
	for (int i = 0; i < UNITS; i++) {
		const struct figures *own = &s->own[i];
		for (int up = i;; up = units[up].parent) {
			struct figures *sum = &s->below[up == NONE ? UNITS : up];
			sum->received += own->received;
			sum->resolved += own->resolved;
			sum->archived += own->archived;
			sum->misrouted += own->misrouted;
			sum->open += own->open;
			sum->ratings += own->ratings;
			sum->rating_sum += own->rating_sum;
			if (up == NONE)
				break;
		}
	}
}

static int by_arrival(const void *a, const void *b)
{
	const struct message *x = a, *y = b;
	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return (x->tie > y->tie) - (x->tie < y->tie);
}

/* --- Writing them down --- */

static void put_time(struct buffer *b, int64_t utc)
{
	int64_t t = local(utc);
	struct civil c = civil_from_day((day_number)(t / DAY));
	int s = (int)(t % DAY);
	buffer_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d+07:00", c.year, c.month, c.day, s / 3600, s / 60 % 60, s % 60);
}

static void put_data(struct buffer *b, const struct message *m)
{
	const struct fact *f = &m->fact;
	const char *unit = m->form == BAD_UNIT ? UNKNOWN_UNIT : units[f->unit].code;

	buffer_printf(b, "{\"complaint_id\":\"contoh-%d-%05d\"", YEAR, (int)f->complaint);
	switch ((enum type)f->type) {
	case RECEIVED:
		buffer_printf(b, ",\"unit\":\"%s\",\"class\":\"%s\",\"channel\":\"%s\",\"category\":\"%s\"", unit, m->form == BAD_CLASS ? "pengaduan" : classes[f->class],
			      channels[f->channel], m->form == BAD_UTF8 ? "\xc3(" : categories[f->category]);
		break;
	case FORWARDED:
		buffer_printf(b, ",\"unit\":\"%s\"", unit);
		break;
	case ARCHIVED:
		buffer_printf(b, ",\"reason\":\"%s\"", reasons[f->reason]);
		break;
	case RATED:
		buffer_printf(b, ",\"rating\":%d", f->rating);
		break;
	case VERIFIED:
	case RESPONDED:
	case RESOLVED:
	case REOPENED:
	case MISROUTED:
	case WITHDRAWN:
		break;
	}
	if (m->form == BAD_PHONE)
		buffer_puts(b, ",\"phone\":\"contoh\"");
	if (m->form == BAD_REPORTER)
		buffer_puts(b, ",\"extra\":[{\"full_name\":\"contoh\"}]");
	if (m->form == BAD_DUPLICATE_KEY)
		buffer_puts(b, ",\"class\":\"complaint\"");
	buffer_putc(b, '}');
}

static const char *source_of(const struct message *m)
{
	return m->other_source ? "/contoh/mirror" : "/contoh/desk";
}

static void put_event(struct buffer *b, const struct message *m)
{
	if (m->form == BAD_OBJECT) {
		buffer_puts(b, "{\"hello\":\"world\"}");
		return;
	}
	buffer_printf(b, "{\"specversion\":\"1.0\",\"id\":\"contoh-%06u\",\"source\":\"%s\",\"type\":\"id.go.opd.complaint.%s.v1\",\"time\":\"", (unsigned)m->id, source_of(m),
		      m->form == BAD_TYPE ? "escalated" : type_names[m->fact.type]);
	put_time(b, m->fact.time);
	if (m->form == BAD_TIME)
		b->n -= strlen("+07:00");
	buffer_puts(b, "\",\"datacontenttype\":\"application/json\",\"data\":");
	put_data(b, m);
	if (m->form != BAD_JSON)
		buffer_putc(b, '}');
}

static FILE *create(const char *folder, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	if (!f)
		die(path, strerror(errno));
	return f;
}

static void finish(FILE *f, const char *name)
{
	if (ferror(f) | fclose(f))
		die(name, strerror(errno));
}

static void write_units(const char *folder)
{
	FILE *f = create(folder, "units.csv");
	fputs("unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n", f);
	for (int i = 0; i < UNITS; i++) {
		const struct unit *u = &units[i];
		fprintf(f, "%s,%s,%s,%s,2020-01-01,%s,%s\n", u->code, u->name, u->kind, u->parent == NONE ? "" : units[u->parent].code, u->last,
			u->successor == NONE ? "" : units[u->successor].code);
	}
	finish(f, "units.csv");
}

static void write_events(const struct sample *s, const char *folder)
{
	struct buffer b = {0};
	FILE *f = create(folder, "events.ndjson");
	for (size_t i = 0; i < s->n; i++) {
		if (s->messages[i].form > BINARY)
			continue;
		buffer_clear(&b);
		put_event(&b, &s->messages[i]);
		buffer_putc(&b, '\n');
		fwrite(b.p, 1, b.n, f);
	}
	if (b.failed)
		die("memory", strerror(ENOMEM));
	buffer_deinit(&b);
	finish(f, "events.ndjson");
}

static void write_figures(const struct sample *s, const char *folder)
{
	FILE *f = create(folder, "measures.csv");
	fputs("unit_code,measure,value\n", f);
	for (int i = 0; i < UNITS; i++) {
		const struct figures *own = &s->own[i];
		const char *code = units[i].code;
		fprintf(f, "%s,complaint.received,%lld\n", code, (long long)own->received);
		fprintf(f, "%s,complaint.resolved,%lld\n", code, (long long)own->resolved);
		fprintf(f, "%s,complaint.archived,%lld\n", code, (long long)own->archived);
		fprintf(f, "%s,complaint.misrouted,%lld\n", code, (long long)own->misrouted);
		fprintf(f, "%s,complaint.open,%lld\n", code, (long long)own->open);
		fprintf(f, "%s,complaint.ratings,%lld\n", code, (long long)own->ratings);
		fprintf(f, "%s,complaint.rating_sum,%lld\n", code, (long long)own->rating_sum);
	}
	finish(f, "measures.csv");

	f = create(folder, "indicators.csv");
	fputs("unit_code,indicator,numerator\n", f);
	for (int i = 0; i <= UNITS; i++) {
		const struct figures *sum = &s->below[i];
		const char *code = i == UNITS ? "region" : units[i].code;
		fprintf(f, "%s,complaint.received,%lld\n", code, (long long)sum->received);
		fprintf(f, "%s,complaint.resolved,%lld\n", code, (long long)sum->resolved);
		fprintf(f, "%s,complaint.archived,%lld\n", code, (long long)sum->archived);
		fprintf(f, "%s,complaint.misrouted,%lld\n", code, (long long)sum->misrouted);
		fprintf(f, "%s,complaint.open,%lld\n", code, (long long)sum->open);
		fprintf(f, "%s,complaint.rating,%lld\n", code, (long long)sum->rating_sum);
	}
	finish(f, "indicators.csv");

	f = create(folder, "rejects.csv");
	fputs("reason,records\n", f);
	for (int form = BAD_FIRST; form < FORMS; form++)
		fprintf(f, "%s,%u\n", form_reason[form], form_count[form]);
	finish(f, "rejects.csv");
}

/* --- Producing them --- */

struct delivery {
	size_t done, failed;
	size_t bytes[256]; /* by partition */
	char why[128];
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct delivery *d = opaque;
	(void)rk;
	d->done++;
	if (message->err) {
		d->failed++;
		snprintf(d->why, sizeof d->why, "%s", rd_kafka_err2str(message->err));
	} else if (message->partition >= 0 && message->partition < 256) {
		d->bytes[message->partition] += message->len + message->key_len + 64;
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
	struct buffer b = {0};
	char text[64];

	rd_kafka_header_add(headers, "content-type", -1, "application/json", -1);
	rd_kafka_header_add(headers, "ce_specversion", -1, "1.0", -1);
	snprintf(text, sizeof text, "contoh-%06u", (unsigned)m->id);
	rd_kafka_header_add(headers, "ce_id", -1, text, -1);
	rd_kafka_header_add(headers, "ce_source", -1, source_of(m), -1);
	snprintf(text, sizeof text, "id.go.opd.complaint.%s.v1", type_names[m->fact.type]);
	rd_kafka_header_add(headers, "ce_type", -1, text, -1);
	put_time(&b, m->fact.time);
	rd_kafka_header_add(headers, "ce_time", -1, b.p, (ssize_t)b.n);
	buffer_deinit(&b);
	return headers;
}

static void produce(rd_kafka_t *rk, const char *topic, const struct message *m, struct buffer *b)
{
	char key[32];
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_resp_err_t rc;

	snprintf(key, sizeof key, m->key == 1 ? "wrong-%d-%05d" : "contoh-%d-%05d", YEAR, (int)(m->key == 1 ? m->id : (uint32_t)m->fact.complaint));
	buffer_clear(b);
	if (m->form == BINARY) {
		headers = headers_of(m);
		put_data(b, m);
	} else if (m->form != TOMBSTONE) {
		put_event(b, m);
	}
	if (b->failed)
		die("memory", strerror(ENOMEM));
	do {
		rd_kafka_vu_t arguments[] = {
			{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
			{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
			{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {m->key == 2 ? NULL : key, m->key == 2 ? 0 : strlen(key)}},
			{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {m->form == TOMBSTONE ? NULL : b->p, m->form == TOMBSTONE ? 0 : b->n}},
			{.vtype = headers ? RD_KAFKA_VTYPE_HEADERS : RD_KAFKA_VTYPE_END, .u.headers = headers},
		};
		rd_kafka_error_t *error = rd_kafka_produceva(rk, arguments, headers ? 5 : 4);
		rc = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
		if (rc && rc != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			die(topic, rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
		rd_kafka_poll(rk, rc ? 100 : 0);
	} while (rc);
}

static void produce_all(const struct sample *s, const char *brokers, const char *topic, bool progress)
{
	struct delivery d = {0};
	struct buffer b = {0};
	char text[256];
	size_t largest = 0;

	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "bootstrap.servers", brokers);
	set(conf, "linger.ms", "20");
	set(conf, "enable.idempotence", "true");
	set(conf, "message.timeout.ms", "60000");
	set(conf, "log_level", "3"); /* what it retries is no news */
	rd_kafka_conf_set_opaque(conf, &d);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (!rk)
		die("librdkafka", text);
	for (size_t i = 0; i < s->n; i++) {
		produce(rk, topic, &s->messages[i], &b);
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
	for (size_t i = 0; i < sizeof d.bytes / sizeof *d.bytes; i++)
		largest = d.bytes[i] > largest ? d.bytes[i] : largest;
	printf("largest_partition_bytes=%zu\n", largest);
	buffer_deinit(&b);
	rd_kafka_destroy(rk);
}

static const char usage[] = "Usage: demo-sample --out DIR [--brokers LIST [--topic TOPIC]] [--complaints N] [--seed N] [--progress]\n"
			    "Writes a year of sample complaints and the figures they must come to into DIR; with --brokers, produces them to Kafka.\n"
			    "Prints what it made as name=value lines.\n";

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

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"out", required_argument, NULL, 'o'},	{"brokers", required_argument, NULL, 'b'}, {"topic", required_argument, NULL, 't'}, {"complaints", required_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 's'}, {"progress", no_argument, NULL, 'p'},	   {"help", no_argument, NULL, 'h'},	    {0},
	};
	const char *out = NULL, *brokers = NULL, *topic = "opd.complaint";
	long complaints = 6000, seed = 2024;
	bool progress = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			out = optarg;
			break;
		case 'b':
			brokers = optarg;
			break;
		case 't':
			topic = optarg;
			break;
		case 'n':
			complaints = number(optarg, 1, 89999);
			break;
		case 's':
			seed = number(optarg, 0, LONG_MAX);
			break;
		case 'p':
			progress = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 64;
		}
	}
	if (!out || optind < argc) {
		fputs(usage, stderr);
		return 64;
	}

	static struct sample s;
	unsigned rejected = 0;
	s.random.state = (uint64_t)seed;
	s.complaints = (int)complaints;
	for (int i = 0; i < s.complaints; i++)
		make_case(&s, i);
	make_bad(&s);
	sum_below(&s);
	qsort(s.messages, s.n, sizeof *s.messages, by_arrival);
	write_units(out);
	write_events(&s, out);
	write_figures(&s, out);
	for (int form = BAD_FIRST; form < FORMS; form++)
		rejected += form_count[form];
	printf("units=%d\ncomplaints=%d\nrecords=%zu\nduplicates=%u\ntombstones=%u\nrejected=%u\n", UNITS, s.complaints, s.n, s.duplicates, form_count[TOMBSTONE], rejected);
	if (brokers)
		produce_all(&s, brokers, topic, progress);
	free(s.messages);
	return 0;
}
