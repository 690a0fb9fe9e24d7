// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What units do for people, and what these say of it: services delivered, surveys answered. */
#include "common/text.h"
#include "deploy/sample/sample.h"

static const char *const channels[] = {"kiosk", "web", "qr_code", "paper"};
static const char *const elements[] = {"requirements", "procedure", "time", "cost", "product", "competence", "conduct", "facilities", "complaint_handling"};
#define ELEMENTS COUNT(elements)
#define TIME 2 /* among these */

static const struct service {
	const char *name;
	int days; /* promised */
} services[] = {{"counter", 0}, {"certificate", 3}, {"permit", 7}, {"inspection", 14}};

/* The instruments, with the statements of those that have no elements of their own; and what they count in. */
static const struct instrument {
	const char *name;
	unsigned statements;
	enum measure first;
	unsigned share; /* of 1000 responses */
} instruments[] = {{"skm", ELEMENTS, SKM, 500}, {"spak", 5, SPAK, 250}, {"spkp", 6, SPKP, 250}};

static bool is_skm(const struct instrument *i)
{
	return i->first == SKM;
}

static int some_score(struct random *r, unsigned slowness)
{
	if (chance(r, 1000 - 4 * slowness))
		return 4;
	return chance(r, 800) ? 3 : (int)between(r, 1, 2);
}

static const struct instrument *some_instrument(struct random *r)
{
	const struct instrument *i = instruments;
	for (uint64_t at = random_below(r, 1000); at >= i->share; i++)
		at -= i->share;
	return i;
}

/* Sometimes a response is withdrawn, and then it never counted, whenever that was; sometimes only its withdrawal arrives. */
static bool withdraw(struct sample *s, const char *id, int64_t answered)
{
	struct random *r = &s->random;
	if (!chance(r, 25))
		return false;
	tell(s, "survey.withdrawn", later(r, answered, between(r, 0, 200)), id, "{\"response_id\":\"%s\"}", id);
	return true;
}

/* Besides what every instrument counts. */
static void count_skm(struct sample *s, int unit, day_number day, int time_score)
{
	count(s, unit, day, SKM_TIME, time_score);
	count(s, unit, day, SKM_QUARTER + (enum measure)((civil_from_day(day).month - 1) / 3), 1);
}

/* A score for each statement, and their sum. */
static int put_answers(struct buffer *b, struct random *r, const struct instrument *i, unsigned slowness, int *ret_time_score)
{
	int sum = 0;
	for (unsigned e = 0; e < i->statements; e++) {
		int score = some_score(r, slowness);
		sum += score;
		if (e == TIME)
			*ret_time_score = score;
		if (is_skm(i))
			buffer_printf(b, "%s\"%s\":%d", e ? "," : "", elements[e], score);
		else
			buffer_printf(b, "%s\"s%u\":%d", e ? "," : "", e + 1, score);
	}
	return sum;
}

static void make_response(struct sample *s, int number)
{
	struct random *r = &s->random;
	int unit = some_unit(r), time_score = 0;
	const struct instrument *i = some_instrument(r);
	day_number day = (day_number)between(r, first_day(), last_day());
	int64_t at = office_hour(r, day);
	struct buffer answers = {0};
	char id[32];

	snprintf(id, sizeof id, "contoh-r-%05d", number);
	int sum = put_answers(&answers, r, i, units[unit].slowness, &time_score);
	if (!buffer_cstr(&answers))
		out_of_memory();
	const char *service = CHOICE(r, services).name, *channel = CHOICE(r, channels);
	bool lost = chance(r, 2);
	if (!lost)
		tell(s, "survey.answered", at, id,
		     "{\"response_id\":\"%s\",\"unit\":\"%s\",\"instrument\":\"%s\",\"service\":\"%s\",\"channel\":\"%s\",\"answers\":{%s}}", id,
		     units[unit].code, i->name, service, channel, buffer_cstr(&answers));
	buffer_deinit(&answers);
	if (withdraw(s, id, at) || lost)
		return;
	count(s, unit, day, i->first + RESPONSES, 1);
	count(s, unit, day, i->first + SCORE, sum);
	count(s, unit, day, i->first + ANSWERS, (int)i->statements);
	if (is_skm(i))
		count_skm(s, unit, day, time_score);
}

void make_surveys(struct sample *s)
{
	for (int i = 0; i < s->complaints * 3 / 5; i++)
		make_response(s, i);
}

static void make_service(struct sample *s, int number)
{
	struct random *r = &s->random;
	int unit = some_unit(r);
	const struct service *service = &CHOICE(r, services);
	day_number requested = (day_number)between(r, first_day(), last_day());
	int64_t asked = office_hour(r, requested);
	int taken = (int)(between(r, 0, service->days * 13 + 2) * units[unit].slowness / 1000);
	day_number completed = chance(r, 3) ? requested - 30 : working_days_later(requested, taken); /* a month mistyped: delivered, but not judged */
	int64_t done = completed == requested ? asked + between(r, 300, 7200) : office_hour(r, completed);
	char id[32], from[RFC3339_TEXT_SIZE], to[RFC3339_TEXT_SIZE];

	if (done >= year_end())
		return;
	snprintf(id, sizeof id, "contoh-l-%05d", number);
	time_format(asked, from);
	time_format(done, to);
	tell(s, "service.delivered", done, id,
	     "{\"service_id\":\"%s\",\"unit\":\"%s\",\"service\":\"%s\",\"requested_at\":\"%s\",\"completed_at\":\"%s\",\"promised_days\":%d}", id, units[unit].code,
	     service->name, from, to, service->days);

	count(s, unit, completed, SERVICE_DELIVERED, 1);
	if (completed < requested)
		return;
	count(s, unit, completed, SERVICE_JUDGED, 1);
	count(s, unit, completed, SERVICE_ON_TIME, completed <= working_days_later(requested, service->days));
}

void make_services(struct sample *s)
{
	for (int i = 0; i < s->complaints * 2 / 5; i++)
		make_service(s, i);
}
