// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What the logs hold, and what must be in the tables when all of it was counted once: one ledger over all records, without batches, offsets or anything that fails. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/decode/decode.h"
#include "daemon/fold/ledger.h"
#include "daemon/store/internal.h"
#include "tests/simulation/tables.h"

const char *const model_units[] = {"1.02.2.14.0.00.01.0000", "2.13.0.00.0.00.02.0000"};
const size_t model_units_n = COUNT(model_units);

#define UNKNOWN_UNIT "8.88.0.00.0.00.03.0000"

/* --- records ------------------------------------------------------------------------------------------------------------------------------------- */

static struct text format(const char *f, ...) __attribute__((format(printf, 1, 2)));
static struct text format(const char *f, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, f);
	int n = vsnprintf(text, sizeof text, f, ap);
	va_end(ap);
	return world_copy(text, (size_t)n);
}

static struct text event(const char *type, const char *data_format, ...) __attribute__((format(printf, 2, 3)));
static struct text event(const char *type, const char *data_format, ...)
{
	char data[512];
	va_list ap;
	va_start(ap, data_format);
	vsnprintf(data, sizeof data, data_format, ap);
	va_end(ap);
	return format("{\"specversion\":\"1.0\",\"id\":\"e%llu\",\"source\":\"s\",\"type\":\"id.go.opd.%s.v1\",\"time\":\"2024-%02llu-%02lluT%02llu:00:00+07:00\",\"data\":{%s}}",
		      (unsigned long long)chance(1000), type, (unsigned long long)(1 + chance(4)), (unsigned long long)(1 + chance(28)), (unsigned long long)chance(24), data);
}

static const char *unit(void)
{
	return model_units[chance(COUNT(model_units))];
}

static struct text complaint_event(unsigned long long entity)
{
	static const char *const milestones[] = {"complaint.verified", "complaint.responded", "complaint.resolved", "complaint.resolved",
						 "complaint.reopened", "complaint.misrouted", "complaint.withdrawn"};
	switch (chance(6)) {
	case 0:
	case 1:
		return event("complaint.received", "\"complaint_id\":\"c%llu\",\"unit\":\"%s\",\"class\":\"complaint\",\"channel\":\"web\"", entity, unit());
	case 2:
		return event("complaint.forwarded", "\"complaint_id\":\"c%llu\",\"unit\":\"%s\"", entity, unit());
	case 3:
		return event("complaint.rated", "\"complaint_id\":\"c%llu\",\"rating\":%llu", entity, (unsigned long long)(1 + chance(5)));
	default:
		return event(milestones[chance(COUNT(milestones))], "\"complaint_id\":\"c%llu\"", entity);
	}
}

static struct text good_event(unsigned long long entity)
{
	unsigned long long number = chance(100);
	switch (chance(6)) {
	case 0:
		return chance(4) ? event("survey.answered", "\"response_id\":\"r%llu\",\"unit\":\"%s\",\"instrument\":\"spak\",\"answers\":{\"a\":%llu,\"b\":4}", entity, unit(), 1 + number % 4)
				 : event("survey.withdrawn", "\"response_id\":\"r%llu\"", entity);
	case 1:
		return event("budget.reported", "\"unit\":\"%s\",\"program\":\"p%llu\",\"period\":\"2024-%02llu\",\"ceiling\":1000,\"realised\":\"%llu.25\",\"revision\":%llu", unit(), entity % 3,
			     1 + number % 12, number, (unsigned long long)chance(3));
	default:
		return complaint_event(entity);
	}
}

static struct text poison(size_t number, struct log_record *l)
{
	switch (chance(6)) {
	case 0:
		return format("{\"specversion\":\"1.0\",");
	case 1:
		return event("complaint.verified", "\"complaint_id\":\"c1\",\"nik\":\"1701\"");
	case 2:
		return event("complaint.received", "\"complaint_id\":\"u%zu\",\"unit\":\"%s\",\"class\":\"complaint\",\"channel\":\"web\"", number, UNKNOWN_UNIT);
	case 3:
		return TEXT_NONE;
	case 4:
		l->unstorable = true;
		return event("complaint.received", "\"complaint_id\":\"x%zu\",\"unit\":\"%s\",\"class\":\"complaint\",\"channel\":\"web\",\"category\":\"%s\"", number, unit(), UNSTORABLE);
	default:
		return event("complaint.rated", "\"complaint_id\":\"c1\",\"rating\":6");
	}
}

/* Which partition: that of the entity, but some producers know no better. */
static struct partition_log *choose_log(unsigned long long entity)
{
	return &world.logs[chance(world.strays) ? entity % (unsigned)world.plan.partitions : chance((uint64_t)world.plan.partitions)];
}

static void add_record(size_t number, unsigned long long entity)
{
	struct partition_log *l = choose_log(entity);
	struct log_record *r = &l->records[l->n], *earlier = l->n ? &l->records[chance(l->n)] : NULL;
	int64_t offset = l->n ? l->records[l->n - 1].offset + 1 + (chance(12) ? 0 : (int64_t)chance(3)) : (int64_t)chance(2);
	*r = (struct log_record){.offset = offset};
	if (earlier && !chance(8))
		*r = (struct log_record){.value = earlier->value, .unstorable = earlier->unstorable, .offset = offset};
	else
		r->value = chance(9) ? good_event(entity) : poison(number, r);
	r->key = format("k%llu", entity);
	l->n++;
}

void model_logs(void)
{
	static const char *const topics[] = {"opd.complaint", "opd.survey"};
	for (int p = 0; p < world.plan.partitions; p++)
		world.logs[p] = (struct partition_log){.topic = topics[p % 2], .number = p / 2, .records = world_alloc(world.plan.records * sizeof *world.logs[p].records)};
	uint64_t entities = 1 + chance(chance(2) ? 8 : world.plan.records);
	for (size_t i = 0; i < world.plan.records; i++)
		add_record(i, chance(entities));
}

/* --- what they must become ------------------------------------------------------------------------------------------------------------------------- */

struct model {
	struct units units;
	struct basis basis;
	struct arena *arena;
	struct ledger ledger;
	struct item *items;
	size_t n;
	struct map entities, deltas; /* what was not met yet */
	struct buffer key, wanted, got, scratch;
	size_t rejects;
};

static void open_model(struct model *m)
{
	struct error err;
	units_init(&m->units);
	for (size_t i = 0; i < model_units_n; i++)
		units_add(&m->units, (int32_t)i + 1, text_of(model_units[i]), TEXT("unit"), TEXT_NONE, TEXT_NONE, DAY_NONE, DAY_NONE, TEXT_NONE);
	units_link(&m->units, &err);
	m->basis = world.rules->basis;
	m->basis.units = &m->units;
	m->arena = arena_new(64 << 10);
	ledger_init(&m->ledger);
	map_init(&m->entities, 0);
	map_init(&m->deltas, 0);
}

static void close_model(struct model *m)
{
	map_deinit(&m->entities);
	map_deinit(&m->deltas);
	ledger_deinit(&m->ledger);
	units_deinit(&m->units);
	arena_free(m->arena);
	buffer_deinit(&m->key);
	buffer_deinit(&m->wanted);
	buffer_deinit(&m->got);
	buffer_deinit(&m->scratch);
}

static void read_log(struct model *m, const struct partition_log *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct item *item = &m->items[m->n++];
		item->record = (struct record){.topic = text_of(l->topic), .partition = l->number, .offset = l->records[i].offset, .key = l->records[i].key, .value = l->records[i].value};
		decode_record(item, &world.rules->rulesets.forbidden, m->arena);
		if (l->records[i].unstorable) {
			item->reason = REASON_NOT_STORABLE;
			item->detail = TEXT("22P05");
		}
	}
}

static struct text remembered(struct model *m)
{
	struct text key = TEXT_NONE;
	arena_copy(m->arena, buffer_view(&m->key), &key);
	return key;
}

static void entity_name(struct model *m, const char *kind, struct text key)
{
	buffer_clear(&m->key);
	buffer_puts(&m->key, kind);
	buffer_putc(&m->key, 0);
	buffer_text(&m->key, key);
}

static void delta_name(struct model *m, struct text measure, struct text dimension, int32_t unit_id, day_number month)
{
	buffer_clear(&m->key);
	buffer_printf(&m->key, "%d %d ", (int)unit_id, (int)month);
	buffer_text(&m->key, measure);
	buffer_putc(&m->key, ' ');
	buffer_text(&m->key, dimension);
}

static void fold_all(struct model *m)
{
	m->items = world_alloc((world.plan.records + 1) * sizeof *m->items);
	for (int p = 0; p < world.plan.partitions; p++)
		read_log(m, &world.logs[p]);
	ledger_open(&m->ledger, &m->basis, m->items, m->n);
	ledger_fold(&m->ledger);
	ledger_settle(&m->ledger);
	for (size_t i = 0; i < m->ledger.n_entities; i++) {
		struct entity *e = m->ledger.entities[i];
		entity_name(m, e->kind->name, e->key);
		if (e->changed)
			map_put(&m->entities, remembered(m))->value = e;
	}
	for (size_t i = 0; i < m->ledger.n_deltas; i++) {
		struct delta *d = m->ledger.deltas[i];
		delta_name(m, d->series->measure, d->series->dimension, m->units.all[d->unit].id, d->month);
		map_put(&m->deltas, remembered(m))->value = d;
	}
}

/* --- the comparison ------------------------------------------------------------------------------------------------------------------------------ */

/* Everything but the version and the place of the last event, which depend on the order of arrival. */
static void put_comparable(struct buffer *out, struct text fields)
{
	struct text f;
	size_t at = 0;
	buffer_clear(out);
	for (int i = 0; wire_next(fields, &at, &f); i++)
		if (i != ROW_VERSION && i != ROW_TOPIC && i != ROW_PARTITION && i != ROW_OFFSET)
			wire_text(out, f);
}

/* The row as its state says it should be. */
static void put_derived(struct model *m, const struct derived *d, struct text key, struct text state)
{
	buffer_clear(&m->wanted);
	wire_text(&m->wanted, key);
	put_unit(&m->wanted, &m->basis, d);
	wire_text(&m->wanted, state);
	put_flags(&m->wanted, d, &m->scratch);
	put_cells(&m->wanted, d);
}

/* The state without the records it came from: of two that tell the same, the first to arrive is kept. */
static void put_state(const struct kind *k, struct state *state, struct buffer *out)
{
	for (uint32_t i = 0; i < state->n; i++)
		state->members[i].origin = (struct origin){.topic = TEXT("")};
	buffer_clear(out);
	state_encode(k, state, out);
}

static const char *compare_entity(struct model *m, const struct entity *e, struct text fields)
{
	struct state stored, wanted;
	struct derived d;
	struct text state = row_field(fields, ROW_STATE);
	if (state_decode(e->kind, state, m->arena, &stored) < 0 || state_decode(e->kind, e->encoded, m->arena, &wanted) < 0)
		return "has no readable state";
	kind_derive(e->kind, &m->basis, &stored, m->arena, &d);
	put_derived(m, &d, e->key, state);
	put_comparable(&m->got, fields);
	if (!text_equal(buffer_view(&m->wanted), buffer_view(&m->got)))
		return "has columns that are not those of its state";
	put_state(e->kind, &stored, &m->got);
	put_state(e->kind, &wanted, &m->wanted);
	return text_equal(buffer_view(&m->wanted), buffer_view(&m->got)) ? NULL : "is not what its events make of it";
}

static bool check_entity(void *arg, const char *kind, struct text key, struct text fields)
{
	struct model *m = arg;
	entity_name(m, kind, key);
	struct entity *e = map_get(&m->entities, buffer_view(&m->key));
	if (!e) {
		violated("%s %.*s is stored, but no event tells of it", kind, TEXT_ARG(key));
		return false;
	}
	map_put(&m->entities, buffer_view(&m->key))->value = NULL;
	const char *wrong = compare_entity(m, e, fields);
	if (wrong)
		violated("%s %.*s %s", kind, TEXT_ARG(key), wrong);
	return !wrong;
}

static bool is_zero(const decimal *days)
{
	for (int i = 0; i < 31; i++)
		if (days[i].micro)
			return false;
	return true;
}

static bool check_measure(void *arg, struct text measure, struct text dimension, int32_t unit_id, day_number month, const decimal *days, decimal total)
{
	struct model *m = arg;
	__int128 sum = 0;
	for (int i = 0; i < 31; i++)
		sum += days[i].micro;
	delta_name(m, measure, dimension, unit_id, month);
	struct map_entry *e = NULL;
	struct delta *d = map_get(&m->deltas, buffer_view(&m->key));
	if (d)
		e = map_put(&m->deltas, buffer_view(&m->key));
	bool same = sum == total.micro && (d ? !memcmp(d->day, days, sizeof d->day) : is_zero(days));
	if (e)
		e->value = NULL;
	if (!same)
		violated("%.*s{%.*s} of unit %d in the month %d is wrong", TEXT_ARG(measure), TEXT_ARG(dimension), (int)unit_id, (int)month);
	return same;
}

static const struct verdict *verdict_of(const struct model *m, struct text topic, int32_t partition, int64_t offset)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct record *r = &m->items[i].record;
		if (r->offset == offset && r->partition == partition && text_equal(r->topic, topic))
			return &m->ledger.verdicts[i];
	}
	return NULL;
}

static bool check_reject(void *arg, struct text topic, int32_t partition, int64_t offset, struct text reason, struct text detail)
{
	struct model *m = arg;
	const struct verdict *v = verdict_of(m, topic, partition, offset);
	m->rejects++;
	if (v && text_is(reason, reason_name(v->reason)) && text_equal(detail, v->detail))
		return true;
	violated("%.*s/%d@%lld is rejected as %.*s (%.*s), but should be %s", TEXT_ARG(topic), (int)partition, (long long)offset, TEXT_ARG(reason), TEXT_ARG(detail),
		 v ? reason_name(v->reason) : "nothing");
	return false;
}

static void check_left(const struct model *m)
{
	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.entries[i].value)
			violated("%s %.*s is lost", m->entities.entries[i].key.p, TEXT_ARG(((struct entity *)m->entities.entries[i].value)->key));
	for (size_t i = 0; i < m->deltas.n; i++)
		if (m->deltas.entries[i].value)
			violated("the measure %.*s is lost", TEXT_ARG(m->deltas.entries[i].key));
}

static void check_counts(const struct model *m)
{
	int64_t events = 0, rejected = 0, stored_events, stored_rejected;
	for (size_t i = 0; i < m->n; i++) {
		events += m->ledger.verdicts[i].reason == REASON_NONE;
		rejected += m->ledger.verdicts[i].reason != REASON_NONE && m->ledger.verdicts[i].reason != REASON_TOMBSTONE;
	}
	server_batches(&stored_events, &stored_rejected);
	if ((int64_t)m->rejects != rejected)
		violated("%lld rejects are stored, not %lld", (long long)m->rejects, (long long)rejected);
	if (stored_events != events || stored_rejected != rejected)
		violated("the batches tell of %lld events and %lld rejects, the logs of %lld and %lld", (long long)stored_events, (long long)stored_rejected, (long long)events, (long long)rejected);
}

void model_check(void)
{
	struct model m = {0};
	open_model(&m);
	fold_all(&m);
	server_each_entity(check_entity, &m);
	server_each_measure(check_measure, &m);
	server_each_reject(check_reject, &m);
	check_left(&m);
	check_counts(&m);
	close_model(&m);
}
