// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Complaints: received, forwarded, answered, settled, reopened, rated, or none of it. */
#include "deploy/sample/sample.h"

static const struct class {
	const char *name;
	int days; /* to resolve, in working days */
} classes[] = {{"complaint", 14}, {"information_request", 5}, {"supervisory", 60}, {"aspiration", 14}};
static const char *const channels[] = {"web", "whatsapp", "app", "in_person", "sms", "social_media", "letter", "phone"};
static const char *const categories[] = {"waiting_time", "road_damage", "staff_conduct", "fees", "waste", "aid_distribution", "documents", "street_lighting"};
static const char *const reasons[] = {"invalid", "too_general", "duplicate"};

struct complaint {
	char id[32];
	const struct class *class;
	int unit;	/* that owns it */
	int64_t at;	/* so far */
	int64_t left;	/* 0: open */
	int64_t rated;	/* 0: not */
	int rating;
	int64_t misrouted; /* 0: not */
	int first;	   /* who received it */
	bool archived, resolved;
};

/* A step of the case, unless the year is over before it: then false. `data` follows the id. */
static bool happens(struct sample *s, const struct complaint *c, const char *type, int64_t time, const char *data)
{
	if (time >= year_end())
		return false;
	tell(s, type, time, c->id, "{\"complaint_id\":\"%s\"%s}", c->id, data);
	return true;
}

static void receive(struct sample *s, const struct complaint *c)
{
	struct random *r = &s->random;
	const char *channel = CHOICE(r, channels), *category = CHOICE(r, categories);
	char data[256];
	snprintf(data, sizeof data, ",\"unit\":\"%s\",\"class\":\"%s\",\"channel\":\"%s\",\"category\":\"%s\"", units[c->unit].code, c->class->name, channel, category);
	happens(s, c, "complaint.received", c->at, data);
}

static void forward(struct sample *s, struct complaint *c, int unit)
{
	struct random *r = &s->random;
	char data[64];
	int64_t t = later(r, c->at, between(r, 0, 20));
	snprintf(data, sizeof data, ",\"unit\":\"%s\"", units[unit].code);
	if (happens(s, c, "complaint.forwarded", t, data)) {
		c->at = t;
		c->unit = unit;
	}
}

/* To the wrong unit, which sends it back; or on to a unit below. */
static void route(struct sample *s, struct complaint *c)
{
	struct random *r = &s->random;
	int64_t t;
	if (chance(r, 40)) {
		t = later(r, c->at, between(r, 5, 30));
		if (happens(s, c, "complaint.misrouted", t, "")) {
			c->at = c->misrouted = t;
			forward(s, c, some_unit(r));
			return;
		}
	}
	int child = some_child(r, c->unit);
	if (child != NONE && chance(r, 500))
		forward(s, c, child);
}

static void rate(struct sample *s, struct complaint *c)
{
	struct random *r = &s->random;
	int64_t t = later(r, c->left, between(r, 0, 80));
	int rating = (int)(units[c->unit].slowness > 100 ? between(r, 1, 4) : between(r, 3, 5));
	char data[32];
	snprintf(data, sizeof data, ",\"rating\":%d", rating);
	if (happens(s, c, "complaint.rated", t, data)) {
		c->rated = t;
		c->rating = rating;
	}
}

static void settle(struct sample *s, struct complaint *c)
{
	struct random *r = &s->random;
	unsigned slowness = units[c->unit].slowness;
	int64_t t;

	if (chance(r, 90))
		return;
	t = later(r, c->at, between(r, 10, c->class->days > 20 ? 500 : 150) * slowness / 100);
	if (!happens(s, c, "complaint.resolved", t, ""))
		return;
	c->left = t;
	if (chance(r, 60)) {
		t = later(r, c->left, between(r, 5, 90));
		if (happens(s, c, "complaint.reopened", t, "")) {
			c->left = 0;
			t = later(r, t, between(r, 20, 200));
			if (chance(r, 800) && happens(s, c, "complaint.resolved", t, ""))
				c->left = t;
		}
	}
	c->resolved = c->left != 0;
	if (c->resolved && chance(r, 450))
		rate(s, c);
}

static void answer(struct sample *s, struct complaint *c)
{
	struct random *r = &s->random;
	int64_t t = later(r, c->at, between(r, 5, 70) * units[c->unit].slowness / 100);
	if (chance(r, 4))
		t = c->at - 40 * DAY; /* a wrong date: flagged, counted, left out of durations */
	if (chance(r, 900) && happens(s, c, "complaint.responded", t, "") && t > c->at)
		c->at = t;
}

static void archive(struct sample *s, struct complaint *c)
{
	struct random *r = &s->random;
	char data[64];
	snprintf(data, sizeof data, ",\"reason\":\"%s\"", CHOICE(r, reasons));
	int64_t t = later(r, c->at, between(r, 5, 40));
	c->archived = happens(s, c, "complaint.archived", t, data);
	c->left = c->archived ? t : 0;
}

static void withdraw(struct sample *s, struct complaint *c)
{
	struct random *r = &s->random;
	int64_t t = later(r, c->at, between(r, 5, 90));
	c->left = happens(s, c, "complaint.withdrawn", t, "") ? t : 0;
}

static void count_case(struct sample *s, const struct complaint *c, int64_t received)
{
	day_number due = working_days_later(day_of(received), c->class->days);

	count(s, c->unit, day_of(received), COMPLAINT_RECEIVED, 1);
	if (c->misrouted)
		count(s, c->first, day_of(c->misrouted), COMPLAINT_MISROUTED, 1);
	if (c->archived)
		count(s, c->unit, day_of(c->left), COMPLAINT_ARCHIVED, 1);
	if (!c->left)
		count(s, c->unit, last_day(), COMPLAINT_OPEN, 1);
	if (c->resolved)
		count(s, c->unit, day_of(c->left), COMPLAINT_RESOLVED, 1);
	if (c->rated) {
		count(s, c->unit, day_of(c->rated), COMPLAINT_RATINGS, 1);
		count(s, c->unit, day_of(c->rated), COMPLAINT_RATING_SUM, c->rating);
	}
	if (c->left && !c->resolved) /* archived or withdrawn: nobody owes anything */
		return;
	count(s, c->unit, due, COMPLAINT_RESOLUTION_DUE, 1);
	count(s, c->unit, due, COMPLAINT_RESOLUTION_ON_TIME, c->resolved && day_of(c->left) <= due);
	count(s, c->unit, due, COMPLAINT_DUE_RESOLVED, c->resolved);
}

static void make_case(struct sample *s, int number)
{
	struct random *r = &s->random;
	struct complaint c = {0};
	int64_t received = between(r, year_start(), year_end() - 1);

	snprintf(c.id, sizeof c.id, "contoh-%d-%05d", YEAR, number);
	c.at = received;
	c.first = c.unit = some_unit(r);
	c.class = chance(r, 600) ? classes : &CHOICE(r, classes);
	bool lost = chance(r, 1); /* its registration never arrives: the case stays pending and counts nowhere */
	if (!lost)
		receive(s, &c);
	int64_t t = later(r, c.at, between(r, 0, 25));
	if (chance(r, 930) && happens(s, &c, "complaint.verified", t, ""))
		c.at = t;

	if (chance(r, 50)) {
		archive(s, &c);
	} else if (chance(r, 20)) {
		withdraw(s, &c);
	} else {
		route(s, &c);
		answer(s, &c);
		settle(s, &c);
	}
	if (!lost)
		count_case(s, &c, received);
}

void make_complaints(struct sample *s)
{
	for (int i = 0; i < s->complaints; i++)
		make_case(s, i);
}
