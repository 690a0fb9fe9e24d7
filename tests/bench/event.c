// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Steps as CloudEvents. Senders differ: some put blanks between the parts, some escape, and all add fields that nobody reads. */
#include "common/map.h"
#include "common/random.h"
#include "tests/bench/life.h"

static const char *const types[] = {"received", "verified", "misrouted", "forwarded", "responded", "resolved", "reopened", "rated", "archived", "withdrawn"};
static const char *const classes[] = {"information_request", "complaint", "complaint", "complaint", "supervisory", "aspiration"};
static const char *const channels[] = {"web", "sms", "app", "whatsapp", "in_person", "letter", "social_media"};
static const char *const categories[] = {"roads", "water", "schools", "waiting_time", "population_registry", "jalan \\u0026 jembatan"};
static const char *const reasons[] = {"duplicate", "incomplete", "not_competent"};
static const char *const words[] = {
	"pelayanan", "antrean", "loket", "berkas", "lengkap", "verifikasi", "diteruskan", "kecamatan", "dinas", "jadwal", "selesai", "tindak", "lanjut", "petugas",
	"sudah", "belum", "menunggu", "jawaban", "dari", "unit", "kerja", "terkait", "sesuai", "ketentuan", "nomor", "surat", "tanggal", "bulan",
	"laporan", "warga", "\\u00e9tape", "12/VII",
};

static void put_number(struct buffer *b, uint64_t value, unsigned digits)
{
	char text[20];
	for (unsigned i = digits; i; i--, value /= 10)
		text[i - 1] = (char)('0' + value % 10);
	buffer_put(b, text, digits);
}

static void put_hex(struct buffer *b, uint64_t value, unsigned digits)
{
	char text[16];
	for (unsigned i = digits; i; i--, value >>= 4)
		text[i - 1] = "0123456789abcdef"[value & 15];
	buffer_put(b, text, digits);
}

/* With a beginning that is like any other's, so that neighbours in time are none in an index. */
void life_id(const struct world *w, uint64_t complaint, struct buffer *b)
{
	buffer_puts(b, "LPR-");
	put_hex(b, hash_bytes(&complaint, sizeof complaint, ~w->seed), 8);
	buffer_putc(b, '-');
	put_number(b, w->seed, 4);
	buffer_putc(b, '-');
	put_number(b, complaint, 9);
}

void life_unit(unsigned unit, struct buffer *b)
{
	put_number(b, 1 + unit / 99 % 8, 1);
	buffer_putc(b, '.');
	put_number(b, 1 + unit % 99, 2);
	buffer_puts(b, ".0.00.0.00.01.");
	put_number(b, unit / 792, 4);
}

static void put_time(struct buffer *b, instant t)
{
	instant local = t + ZONE, day = local / INSTANT_PER_DAY, second = local % INSTANT_PER_DAY / INSTANT_PER_SECOND, part = local % INSTANT_PER_SECOND;
	struct civil c = civil_from_day((day_number)day);
	put_number(b, (uint64_t)c.year, 4);
	buffer_putc(b, '-');
	put_number(b, (uint64_t)c.month, 2);
	buffer_putc(b, '-');
	put_number(b, (uint64_t)c.day, 2);
	buffer_putc(b, 'T');
	put_number(b, (uint64_t)second / 3600, 2);
	buffer_putc(b, ':');
	put_number(b, (uint64_t)second / 60 % 60, 2);
	buffer_putc(b, ':');
	put_number(b, (uint64_t)second % 60, 2);
	if (part) {
		buffer_putc(b, '.');
		put_number(b, (uint64_t)part / 1000, 3);
	}
	buffer_puts(b, "+07:00");
}

struct writing {
	struct buffer *b;
	const char *blank;
	bool first; /* nothing stands in this object yet */
};

static void begin(struct writing *w, const char *field)
{
	if (!w->first) {
		buffer_putc(w->b, ',');
		buffer_puts(w->b, w->blank);
	}
	w->first = false;
	buffer_putc(w->b, '"');
	buffer_puts(w->b, field);
	buffer_puts(w->b, "\":");
	buffer_puts(w->b, w->blank);
}

static void put(struct writing *w, const char *field, const char *value)
{
	begin(w, field);
	buffer_putc(w->b, '"');
	buffer_puts(w->b, value);
	buffer_putc(w->b, '"');
}

static void put_unit(struct writing *w, unsigned unit)
{
	begin(w, "unit");
	buffer_putc(w->b, '"');
	life_unit(unit, w->b);
	buffer_putc(w->b, '"');
}

static void put_facts(struct writing *w, const struct step *s, struct random *dice)
{
	if (s->type == RECEIVED || s->type == FORWARDED)
		put_unit(w, s->unit);
	if (s->type == RECEIVED) {
		put(w, "class", classes[random_below(dice, COUNT(classes))]);
		put(w, "channel", channels[random_below(dice, COUNT(channels))]);
		if (random_below(dice, 4))
			put(w, "category", categories[random_below(dice, COUNT(categories))]);
	} else if (s->type == ARCHIVED) {
		put(w, "reason", reasons[random_below(dice, COUNT(reasons))]);
	} else if (s->type == RATED) {
		begin(w, "rating");
		put_number(w->b, 1 + random_below(dice, 5), 1);
	}
}

/* What the sender keeps for itself, as long as there is room for it. */
static void put_remainder(struct writing *w, size_t end, struct random *dice)
{
	if (w->b->n + 90 < end) {
		begin(w, "routing");
		buffer_puts(w->b, "{\"queue\":\"q-12\",\"hops\":[1,2,7],\"score\":0.125,\"final\":null}");
	}
	if (w->b->n + 40 > end)
		return;
	begin(w, "history");
	const char *opening = "[\"";
	do {
		buffer_puts(w->b, opening);
		for (unsigned i = 2 + (unsigned)random_below(dice, 8); i && w->b->n + 6 < end; i--) {
			buffer_puts(w->b, words[random_below(dice, COUNT(words))]);
			buffer_putc(w->b, ' ');
		}
		put_number(w->b, random_next(dice), 3);
		opening = "\",\"";
	} while (w->b->n + 30 < end);
	buffer_puts(w->b, "\"]");
}

static void put_attributes(struct writing *w, const struct step *s, uint64_t desk, bool brief)
{
	put(w, "specversion", "1.0");
	begin(w, "id");
	buffer_putc(w->b, '"');
	put_hex(w->b, s->dice, 16);
	buffer_putc(w->b, '"');
	begin(w, "source");
	buffer_puts(w->b, brief ? "\"/desk/" : "\"//sp4n-lapor.contoh.example/desk/");
	put_number(w->b, desk, 2);
	buffer_putc(w->b, '"');
	begin(w, "type");
	buffer_puts(w->b, "\"id.go.opd.complaint.");
	buffer_puts(w->b, types[s->type]);
	buffer_puts(w->b, ".v1\"");
	begin(w, "time");
	buffer_putc(w->b, '"');
	put_time(w->b, s->time);
	buffer_putc(w->b, '"');
	if (brief)
		return;
	put(w, "datacontenttype", "application/json");
	put(w, "dataschema", "urn:opd:event:complaint.v1");
	begin(w, "traceparent");
	buffer_puts(w->b, "\"00-");
	put_hex(w->b, s->dice * 31, 16);
	put_hex(w->b, s->dice * 37, 16);
	buffer_puts(w->b, "-00f067aa0ba902b7-01\"");
}

void life_event(const struct world *world, uint64_t complaint, const struct step *s, size_t bytes, struct buffer *b)
{
	struct random dice = {s->dice};
	uint64_t desk = random_below(&dice, 20);
	struct writing w = {.b = b, .blank = desk % 4 ? "" : " ", .first = true};
	size_t end = b->n + bytes * 9 / 10 + (bytes ? random_below(&dice, bytes / 5 + 1) : 0);
	buffer_putc(b, '{');
	put_attributes(&w, s, desk, !bytes);
	begin(&w, "data");
	w.first = true;
	buffer_putc(b, '{');
	begin(&w, "complaint_id");
	buffer_putc(b, '"');
	life_id(world, complaint, b);
	buffer_putc(b, '"');
	put_facts(&w, s, &dice);
	if (bytes)
		put_remainder(&w, end, &dice);
	buffer_puts(b, "}}");
}
