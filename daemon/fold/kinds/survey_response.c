// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * survey_response: one respondent's answers (semantics §3.2, §6): public satisfaction (skm; PermenPANRB 14/2017), perception of anti-corruption (spak) and of service
 * quality (spkp; PermenPANRB 90/2021).
 */
#include "daemon/record/derived.h"

enum { ANSWERED, WITHDRAWN };

static const char *const instruments[] = {"skm", "spak", "spkp", NULL};
/* The nine elements of the skm, bytewise. They go by name: U8 and U9 are numbered both ways. */
static const char *const elements[] = {"competence", "complaint_handling", "conduct", "cost", "facilities", "procedure", "product", "requirements", "time"};
#define N_ELEMENTS COUNT(elements)
#define STATEMENTS_MAX 100
#define STATEMENT_NAME_MAX 64

static const struct field answered_fields[] = {
	FIELD_OF_ID("response_id"),
	FIELD_OF_UNIT,
	{.name = "instrument", .type = FIELD_ENUM, .values = instruments},
	{.name = "service", .type = FIELD_TEXT, .max = 256, .optional = true},
	{.name = "channel", .type = FIELD_TEXT, .max = 256, .optional = true},
	{.name = "answers", .type = FIELD_ANSWERS},
};
enum { F_ID, F_UNIT, F_INSTRUMENT, F_SERVICE, F_CHANNEL, F_ANSWERS };
static const struct field withdrawn_fields[] = {FIELD_OF_ID("response_id")};

static bool is_skm(const struct value *v)
{
	return text_is(v[F_INSTRUMENT].text, "skm");
}

static bool is_element(struct text name)
{
	for (size_t i = 0; i < N_ELEMENTS; i++)
		if (text_is(name, elements[i]))
			return true;
	return false;
}

static bool is_score(int64_t score)
{
	return score >= 1 && score <= 4;
}

static const char *check_elements(const struct value *answers)
{
	size_t found = 0;
	for (uint32_t i = 0; i < answers->n_answers; i++)
		if (is_element(answers->answers[i].name)) {
			found++;
			if (!is_score(answers->answers[i].score))
				return "each element must be an integer from 1 to 4";
		}
	return found == N_ELEMENTS ? NULL
				   : "must hold the nine elements requirements, procedure, time, cost, product, competence, conduct, facilities, complaint_handling";
}

static const char *check_statements(const struct value *answers)
{
	if (answers->n_answers < 1 || answers->n_answers > STATEMENTS_MAX)
		return "must hold 1 to 100 statements";
	for (uint32_t i = 0; i < answers->n_answers; i++) {
		size_t n = answers->answers[i].name.n;
		if (n < 1 || n > STATEMENT_NAME_MAX)
			return "a statement's name must have 1 to 64 bytes";
		if (!is_score(answers->answers[i].score))
			return "each statement must be an integer from 1 to 4";
	}
	return NULL;
}

static const char *check(const struct value *v, size_t i)
{
	if (i != F_ANSWERS)
		return NULL;
	return is_skm(v) ? check_elements(&v[F_ANSWERS]) : check_statements(&v[F_ANSWERS]);
}

/* Names other than the nine elements are ignored as unknown fields are: two responses that differ in them only are the same. */
static void tidy(struct value *v)
{
	struct value *answers = &v[F_ANSWERS];
	uint32_t n = 0;
	if (!is_skm(v))
		return;
	for (uint32_t i = 0; i < answers->n_answers; i++)
		if (is_element(answers->answers[i].name))
			answers->answers[n++] = answers->answers[i];
	answers->n_answers = n;
}

static const struct event_type types[] = {
	[ANSWERED] = {EVENT_TYPE("survey.answered", answered_fields), .check = check, .tidy = tidy},
	[WITHDRAWN] = {EVENT_TYPE("survey.withdrawn", withdrawn_fields)},
};
static const struct slot slots[] = {
	[ANSWERED] = {.type = ANSWERED, .keep = KEEP_HIGHEST, .conflicts = true},
	[WITHDRAWN] = {.type = WITHDRAWN, .keep = KEEP_EARLIEST},
};

enum { C_INSTRUMENT, C_SERVICE, C_CHANNEL, C_ANSWERS, C_ANSWERED, C_SUM, C_COUNT, C_STATE, N_COLUMNS };
static const struct column columns[N_COLUMNS] = {
	[C_INSTRUMENT] = {"instrument", COLUMN_TEXT},
	[C_SERVICE] = {"service", COLUMN_TEXT},
	[C_CHANNEL] = {"channel", COLUMN_TEXT},
	[C_ANSWERS] = {"answers", COLUMN_JSON},
	[C_ANSWERED] = {"answered_at", COLUMN_TIMESTAMPTZ},
	[C_SUM] = {"score_sum", COLUMN_INT4},
	[C_COUNT] = {"answer_count", COLUMN_INT4},
	[C_STATE] = {"survey_response_state", COLUMN_TEXT},
};

static int64_t score_sum(const struct value *answers)
{
	int64_t sum = 0;
	for (uint32_t i = 0; i < answers->n_answers; i++)
		sum += answers->answers[i].score;
	return sum;
}

/* {"name":3,…} in order of name; absent when out of memory. */
static struct text as_json(const struct value *answers, struct derived *d)
{
	struct buffer b = {0};
	struct text json = TEXT_NONE;
	for (uint32_t i = 0; i < answers->n_answers; i++) {
		buffer_putc(&b, i ? ',' : '{');
		buffer_json(&b, answers->answers[i].name);
		buffer_printf(&b, ":%lld", (long long)answers->answers[i].score);
	}
	buffer_putc(&b, '}');
	if (b.failed || !arena_copy(d->arena, buffer_view(&b), &json))
		d->failed = true;
	buffer_deinit(&b);
	return json;
}

static void contribute(struct derived *d, const struct value *v, day_number day)
{
	const struct value *answers = &v[F_ANSWERS];
	const struct text instrument = v[F_INSTRUMENT].text;
	derived_dimension(d, d->unit, day, "survey.responses", "instrument", instrument, decimal_of(1));
	derived_dimension(d, d->unit, day, "survey.score", "instrument", instrument, decimal_of(score_sum(answers)));
	derived_dimension(d, d->unit, day, "survey.answers", "instrument", instrument, decimal_of(answers->n_answers));
	for (uint32_t i = 0; is_skm(v) && i < answers->n_answers; i++)
		derived_dimension(d, d->unit, day, "survey.score", "element", answers->answers[i].name, decimal_of(answers->answers[i].score));
}

static void derive_answered(const struct basis *b, const struct member *m, bool withdrawn, struct cell *c, struct derived *d)
{
	const struct value *v = m->fields;
	day_number day = zone_day(b->zone, m->time);
	d->unit = units_find(b->units, v[F_UNIT].text);
	derived_fields(c, &types[ANSWERED], v, F_INSTRUMENT, F_CHANNEL);
	c[C_ANSWERS] = cell_text(as_json(&v[F_ANSWERS], d));
	c[C_ANSWERED] = cell_time(m->time);
	c[C_SUM] = cell_integer(score_sum(&v[F_ANSWERS]));
	c[C_COUNT] = cell_integer(v[F_ANSWERS].n_answers);
	c[C_STATE] = cell_name(withdrawn ? "withdrawn" : "counted");
	if (!withdrawn)
		contribute(d, v, day);
	derived_fact_flags(d, &types[ANSWERED], m, day);
}

static void derive(const struct basis *b, const struct state *s, struct derived *d)
{
	const struct member *answered = state_one(s, ANSWERED);
	struct cell *c = derived_row(d);
	if (!c)
		return;
	if (answered) {
		derive_answered(b, answered, state_one(s, WITHDRAWN) != NULL, c, d);
		return;
	}
	c[C_STATE] = cell_name("pending");
	derived_flag(d, "pending", TEXT_NONE);
}

static const char *const key[] = {"response_id", NULL};

const struct kind kind_survey_response = {
	.name = "survey_response",
	.topic = "opd.survey",
	.types = types,
	.n_types = COUNT(types),
	.slots = slots,
	.n_slots = COUNT(slots),
	.key = key,
	.columns = columns,
	.n_columns = COUNT(columns),
	.derive = derive,
};
