// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Sample data for demonstrations: what the agencies of one regency report in a year, made from a seed, the same on every machine. One file makes the events of one
 * or two families and counts, while it makes them, what the figures must come to: by the course of the story, not by folding events.
 *
 * One draw in a statement: the language leaves the order of arguments, operands and initialisers to the compiler, and the sample must be the same with all.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/arena.h"
#include "common/civil.h"
#include "common/random.h"

struct sample;

#define YEAR 2024
#define DAY INT64_C(86400)
#define ZONE (7 * INT64_C(3600)) /* WIB */
#define OFFSET "+07:00"
#define NONE (-1)

_Noreturn void die(const char *what, const char *why);
_Noreturn void out_of_memory(void);

static inline int64_t at_most(int64_t n, int64_t limit)
{
	return n < limit ? n : limit;
}

bool chance(struct random *r, unsigned per_mille);
int64_t between(struct random *r, int64_t low, int64_t high);
#define CHOICE(r, list) ((list)[random_below(r, COUNT(list))])

/* --- The regency: units.c --- */

struct unit {
	const char *code, *name, *kind;
	int parent;	   /* index or NONE */
	const char *last;  /* valid_to */
	int successor;	   /* index or NONE */
	unsigned weight;   /* how much comes to its desk */
	unsigned slowness; /* of its work, in percent of the usual; what is slow is also worse */
};

#define UNITS 39
extern const struct unit units[UNITS];

/* The units that the Zona Integritas assesses. */
enum { MEETS = 15, NEARLY = 3, FAR = 8, MIDDLING = 12 };

/* Who answers for the unit's figures of that day. */
int attribute(int unit, day_number day);
int some_unit(struct random *r);
/* A unit below, or NONE. */
int some_child(struct random *r, int parent);
/* Reports of its own go to the planning and finance agencies: not from units below, and not after its end. */
bool reports_on(int unit, day_number day);
void write_units(const char *folder);

/* --- Time: days.c --- */

void load_holidays(void);
/* `n` working days later. */
day_number working_days_later(day_number day, int n);
/* Of the local calendar, as all days here. */
day_number day_of(int64_t utc);
/* Of the year. */
day_number first_day(void);
day_number last_day(void);
/* The instants at which the year begins and is over. */
int64_t year_start(void);
int64_t year_end(void);
/* "2024-03-26T08:00:00+07:00" */
void time_format(int64_t utc, char out[static RFC3339_TEXT_SIZE]);
/* On that day, at an hour when offices are open. */
int64_t office_hour(struct random *r, day_number day);
/* `tenths` of days later, likewise, and never before `start` itself. */
int64_t later(struct random *r, int64_t start, int64_t tenths);

/* --- What the figures must come to: count.c --- */

/* What is counted alike for each instrument, grain or regime: added to the first of its measures. */
enum { RESPONSES, SCORE, ANSWERS, PER_INSTRUMENT };
enum { REPORTS, ACHIEVED, ACHIEVEMENT, MET, PER_PERFORMANCE_GRAIN };
enum { OBLIGED, FILED, ON_TIME, COMPLETE, PER_REGIME };
enum { RECEIVED, FOLLOWED_UP, PROVEN, PER_WHISTLEBLOW_GRAIN };

enum measure {
	COMPLAINT_RECEIVED,
	COMPLAINT_RESOLVED,
	COMPLAINT_ARCHIVED,
	COMPLAINT_MISROUTED,
	COMPLAINT_OPEN,
	COMPLAINT_RATINGS,
	COMPLAINT_RATING_SUM,
	COMPLAINT_RESOLUTION_DUE,
	COMPLAINT_RESOLUTION_ON_TIME,
	COMPLAINT_DUE_RESOLVED,
	SKM, /* of an instrument: + RESPONSES … */
	SPAK = SKM + PER_INSTRUMENT,
	SPKP = SPAK + PER_INSTRUMENT,
	SKM_TIME = SPKP + PER_INSTRUMENT,
	SKM_QUARTER, /* + 0 … 3: responses */
	SERVICE_DELIVERED = SKM_QUARTER + 4,
	SERVICE_JUDGED,
	SERVICE_ON_TIME,
	PERFORMANCE_MONTH, /* of a grain: + REPORTS … */
	PERFORMANCE_QUARTER = PERFORMANCE_MONTH + PER_PERFORMANCE_GRAIN,
	PERFORMANCE_YEAR = PERFORMANCE_QUARTER + PER_PERFORMANCE_GRAIN,
	PERFORMANCE_DUE = PERFORMANCE_YEAR + PER_PERFORMANCE_GRAIN,
	PERFORMANCE_ON_TIME,
	BUDGET_REPORTS,
	BUDGET_CEILING,
	BUDGET_REALISED,
	LHKPN, /* of a regime: + OBLIGED … */
	LHKASN = LHKPN + PER_REGIME,
	PACT = LHKASN + PER_REGIME,
	FINDING_ISSUED = PACT + PER_REGIME,
	FINDING_DONE,
	FINDING_ISSUED_EVER, /* a stock: with the years before */
	FINDING_DONE_EVER,
	GRATIFICATION_REPORTS,
	GRATIFICATION_ACCEPTED,
	GRATIFICATION_JUDGED,
	GRATIFICATION_ON_TIME,
	WHISTLEBLOW_MONTH, /* of a grain: + RECEIVED … */
	WHISTLEBLOW_QUARTER = WHISTLEBLOW_MONTH + PER_WHISTLEBLOW_GRAIN,
	WHISTLEBLOW_RECEIVED = WHISTLEBLOW_QUARTER + PER_WHISTLEBLOW_GRAIN, /* of all grains */
	WHISTLEBLOW_FOLLOWED,
	DISCIPLINE_VIOLATIONS,
	DISCIPLINE_SANCTIONED,
	DISCIPLINE_LAST_YEAR,
	MEASURES,
};

/* Adds n to a measure of that day; a day of another year counts nothing. */
void count(struct sample *s, int unit, day_number day, enum measure m, int64_t n);
void sum_below(struct sample *s);
/* Of last year's violations those that are gone. */
int64_t violations_gone(const int64_t sums[static MEASURES]);
void write_figures(const struct sample *s, const char *folder);

/* --- Events: events.c --- */

/* What a record is besides a good event in structured mode. */
enum form {
	GOOD,
	BINARY,
	TOMBSTONE,
	BAD_DATA, /* the envelope is well */
	BAD_CUT,  /* the last brace is missing */
	BAD_ZONE, /* a time without an offset */
	BAD_OBJECT,
};

enum key { RIGHT_KEY, WRONG_KEY, NO_KEY };

enum topic { OPD_COMPLAINT, OPD_SURVEY, OPD_SERVICE, OPD_PERFORMANCE, OPD_BUDGET, OPD_ASSESSMENT, OPD_INTEGRITY, TOPICS };
extern const char *const topic_names[TOPICS];

struct message {
	int64_t due; /* when it arrives */
	uint64_t tie; /* of those that arrive at the same time the smaller is first */
	int64_t time; /* seconds since 1970, UTC */
	const char *type, *entity, *data;
	uint32_t id;
	uint8_t form;
	uint8_t key;
	uint8_t topic;
	bool other_source;
};

struct sample {
	struct random random;
	struct arena *arena; /* of the messages' texts */
	struct message *messages;
	size_t n, size;
	uint32_t next_id;
	unsigned duplicates, tombstones, rejected;
	int complaints;
	int64_t own[UNITS][MEASURES];	     /* by the unit that answers for them */
	int64_t below[UNITS + 1][MEASURES]; /* with all units below; the last is the region */
};

#define ID_FORMAT "contoh-%06u"
#define TYPE_FORMAT "id.go.opd.%s.v1"

/* The text, as long as the sample lives. */
const char *keep(struct sample *s, const char *text);
/* A record that arrives some time after `time`; type and data stay the caller's. */
struct message *add_message(struct sample *s, const char *type, int64_t time, const char *entity, const char *data, enum form form);
/* An event happens at that time: `format` is its data. Some events are sent twice, or by another system under another id. */
void tell(struct sample *s, const char *type, int64_t time, const char *entity, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* In the order of arrival. */
void sort_messages(struct sample *s);
const char *source_of(const struct message *m);
void put_event(struct buffer *b, const struct message *m);

FILE *create_file(const char *folder, const char *name);
void finish_file(FILE *f, const char *name);
void write_events(const struct sample *s, const char *folder);

/* --- The families --- */

void make_complaints(struct sample *s);
void make_surveys(struct sample *s);
void make_services(struct sample *s);
void make_performance(struct sample *s);
void make_budget(struct sample *s);
void make_integrity(struct sample *s);
/* After sum_below: what is measured beats what is answered. */
void make_assessments(struct sample *s, const char *folder);
void make_broken(struct sample *s, const char *folder);

/* --- Kafka: produce.c --- */

void produce_all(const struct sample *s, const char *brokers, bool progress);
