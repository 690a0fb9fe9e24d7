// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/rejects.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/zone.h"
#include "daemon/verbs/members.h"
#include "daemon/verbs/replay.h"

#define PAGE 1000

/* --- which rejects --- */

static int wrong(const struct verb *v, const char *what, const char *value, const char *wanted)
{
	fprintf(stderr, "rekapd %s: %s: %s: %s\n", v->name, what, value, wanted);
	return STATUS_USAGE;
}

/* -1, or the exit code after a message: `text` is no number from least to most. */
static int read_number(const struct verb *v, const char *what, const char *text, int64_t least, int64_t most, int64_t *ret)
{
	char *end = NULL;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n < least || n > most)
		return wrong(v, what, text, "not a number in range");
	*ret = n;
	return -1;
}

/* The first instant that the zone counts to the day. */
static instant beginning_of(const struct zone *z, day_number day)
{
	instant low = (day - 1) * INSTANT_PER_DAY, high = (day + 1) * INSTANT_PER_DAY;
	while (high - low > INSTANT_PER_SECOND) {
		instant middle = low + (high - low) / 2 / INSTANT_PER_SECOND * INSTANT_PER_SECOND;
		if (zone_day(z, middle) < day)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* An instant, or a day: its beginning. */
static int read_instant(const struct verb *v, const struct selection *s, const char *what, const char *text, char out[static RFC3339_TEXT_SIZE])
{
	day_number day;
	instant t;
	if (date_parse(text_of(text), &day) == 0)
		t = beginning_of(s->zone, day);
	else if (rfc3339_parse(text_of(text), &t) < 0)
		return wrong(v, what, text, "neither a day (2024-03-26) nor an instant (2024-03-26T08:00:00+07:00)");
	rfc3339_format(t, out);
	return -1;
}

static int check_reason(const struct verb *v, const char *reason)
{
	char known[512] = "one of";
	for (enum reason r = REASON_TOO_LARGE; r < REASON_COUNT; r++) {
		if (!strcmp(reason, reason_name(r)))
			return -1;
		snprintf(known + strlen(known), sizeof known - strlen(known), " %s", reason_name(r));
	}
	return wrong(v, "--reason", reason, known);
}

static int read_ids(struct selection *s, const struct verb *v)
{
	const struct invocation *i = &s->invocation;
	s->ids = calloc((size_t)i->n_operands + 1, sizeof *s->ids);
	if (!s->ids)
		return STATUS_INTERNAL;
	int r = -1;
	for (int k = 0; k < i->n_operands && r < 0; k++)
		r = read_number(v, "ID", i->operands[k], 1, INT64_MAX, &s->ids[k]);
	s->filter.ids = i->n_operands ? s->ids : NULL;
	s->filter.n_ids = (size_t)i->n_operands;
	return r;
}

static int read_filter(struct selection *s, const struct verb *v)
{
	int64_t partition;
	int r = s->reason ? check_reason(v, s->reason) : -1;
	if (r < 0 && s->status && strcmp(s->status, "open") && strcmp(s->status, "replayed") && strcmp(s->status, "purged"))
		r = wrong(v, "--status", s->status, "one of open replayed purged");
	if (r < 0 && s->partition)
		r = read_number(v, "--partition", s->partition, 0, INT32_MAX, &partition);
	if (r < 0 && s->since)
		r = read_instant(v, s, "--since", s->since, s->since_text);
	if (r < 0 && s->until)
		r = read_instant(v, s, "--until", s->until, s->until_text);
	s->filter = (struct reject_filter){
		.reason = text_of(s->reason),
		.topic = text_of(s->topic),
		.partition = text_of(s->partition),
		.event_type = text_of(s->type),
		.status = text_of(s->status),
		.since = s->since ? text_of(s->since_text) : TEXT_NONE,
		.until = s->until ? text_of(s->until_text) : TEXT_NONE,
	};
	return r < 0 ? read_ids(s, v) : r;
}

void selection_deinit(struct selection *s)
{
	store_free(s->store);
	zone_free(s->zone);
	config_deinit(&s->config);
	free(s->ids);
}

int selection_init(struct selection *s, const struct verb *v, int argc, char **argv, bool filters, const struct option_spec *own)
{
	const struct option_spec all[] = {{"reason", NULL, &s->reason}, {"topic", NULL, &s->topic}, {"partition", NULL, &s->partition},
						   {"type", NULL, &s->type},	 {"since", NULL, &s->since}, {"until", NULL, &s->until}};
	struct option_spec options[OPTIONS_MAX] = {{0}};
	size_t n = 0;
	for (; filters && n < COUNT(all); n++)
		options[n] = all[n];
	for (; own->name; own++)
		options[n++] = *own;
	*s = (struct selection){0};
	int r = invocation_read(v, argc, argv, options, &s->invocation);
	if (r >= 0)
		return r;
	if ((r = load_config(&s->invocation, &s->config)) != 0)
		return r;
	struct error err = {""};
	r = zone_new(s->config.timezone, &s->zone, &err);
	r = r < 0 ? fault(r, &err) : read_filter(s, v);
	if (r >= 0)
		selection_deinit(s);
	return r;
}

struct visit {
	struct store *store;
	bool auditor;
};

static int visit_step(void *arg, struct error *err)
{
	struct visit *visit = arg;
	return store_visit(visit->store, visit->auditor, err);
}

int selection_visit(struct selection *s, bool auditor)
{
	struct error err = {""};
	int r = open_store(&s->config, false, &s->store);
	if (r)
		return r;
	struct visit visit = {s->store, auditor};
	r = patiently(visit_step, &visit, &err);
	return r ? fault(r, &err) : 0;
}

/* --- list --- */

void put_letter(struct buffer *b, const struct text *c)
{
	put_number(b, "reject_id", c[LETTER_ID]);
	put_string(b, "received_at", c[LETTER_RECEIVED_AT]);
	put_string(b, "topic", c[LETTER_TOPIC]);
	put_number(b, "partition", c[LETTER_PARTITION]);
	put_number(b, "offset", c[LETTER_OFFSET]);
	put_string(b, "reason", c[LETTER_REASON]);
	put_string(b, "detail", c[LETTER_DETAIL]);
	put_string(b, "event_type", c[LETTER_TYPE]);
	put_string(b, "event_id", c[LETTER_EVENT_ID]);
	put_string(b, "status", c[LETTER_STATUS]);
}

struct listing {
	const struct selection *selection;
	bool json;
	int64_t after, left;
	size_t n; /* of the page */
	struct buffer line;
};

static void put_row(struct buffer *b, const struct text *c)
{
	static const size_t widths[LETTER_COLUMNS] = {8, 20, 16, 4, 10, 14, 8, 36, 20};
	for (size_t i = 0; i < LETTER_COLUMNS; i++) {
		size_t begun = b->n;
		buffer_visible(b, c[i].p ? c[i] : TEXT("-"));
		if (i + 1 == LETTER_COLUMNS)
			break;
		do
			buffer_putc(b, ' ');
		while (b->n <= begun + widths[i] && !b->failed);
	}
}

static void print_line(struct buffer *b)
{
	const char *line = buffer_cstr(b);
	if (line)
		puts(line);
}

static void print_head(struct buffer *b)
{
	static const struct text head[LETTER_COLUMNS] = {{"id", 2},	{"received at", 11}, {"topic", 5},	 {"part", 4},	  {"offset", 6},
							 {"reason", 6}, {"status", 6},	     {"event type", 10}, {"event id", 8}, {"detail", 6}};
	put_row(b, head);
	print_line(b);
}

static int list_row(void *arg, const struct text *cells)
{
	struct listing *l = arg;
	buffer_clear(&l->line);
	if (l->json) {
		buffer_putc(&l->line, '{');
		put_letter(&l->line, cells);
		buffer_putc(&l->line, '}');
	} else {
		put_row(&l->line, cells);
	}
	print_line(&l->line);
	l->after = strtoll(cells[LETTER_ID].p, NULL, 10);
	l->left--;
	l->n++;
	return l->line.failed ? -ENOMEM : 0;
}

static int list_step(void *arg, struct error *err)
{
	struct listing *l = arg;
	l->n = 0;
	int limit = l->left < PAGE ? (int)l->left : PAGE;
	return store_rejects_list(l->selection->store, &l->selection->filter, l->after, limit, list_row, l, err);
}

static int list(const struct selection *s, bool json, int64_t limit)
{
	struct listing l = {.selection = s, .json = json, .left = limit};
	struct error err = {""};
	int r;
	if (!json)
		print_head(&l.line);
	do
		r = patiently(list_step, &l, &err);
	while (!r && l.n == PAGE && l.left);
	buffer_deinit(&l.line);
	return r ? fault(r, &err) : STATUS_OK;
}

static int rejects_list(const struct verb *v, int argc, char **argv)
{
	struct selection s;
	const char *limit_text = NULL;
	bool json = false;
	int64_t limit = INT64_MAX;
	const struct option_spec own[] = {{"status", NULL, &s.status}, {"limit", NULL, &limit_text}, {"json", &json, NULL}, {0}};
	int r = selection_init(&s, v, argc, argv, true, own);
	if (r >= 0)
		return r;
	if (limit_text)
		r = read_number(v, "--limit", limit_text, 1, INT64_MAX, &limit);
	if (r < 0)
		r = selection_visit(&s, false);
	if (r == 0)
		r = list(&s, json, limit);
	selection_deinit(&s);
	return r;
}

/* --- replay --- */

/* Whether those of the command line can be replayed. */
struct asked {
	const struct selection *selection;
	bool *found;
	bool faults;
};

static int look_at(void *arg, const struct text *cells)
{
	struct asked *a = arg;
	int64_t id = strtoll(cells[LETTER_ID].p, NULL, 10);
	for (size_t i = 0; i < a->selection->filter.n_ids; i++)
		if (a->selection->ids[i] == id)
			a->found[i] = true;
	if (text_is(cells[LETTER_STATUS], "replayed"))
		fprintf(stderr, "rekapd: reject %" PRId64 " was replayed before\n", id);
	if (text_is(cells[LETTER_STATUS], "purged")) {
		fprintf(stderr, "rekapd: reject %" PRId64 " was purged: without its body it cannot be replayed\n", id);
		a->faults = true;
	}
	return 0;
}

static int look_step(void *arg, struct error *err)
{
	struct asked *a = arg;
	const struct reject_filter by_id = {.ids = a->selection->ids, .n_ids = a->selection->filter.n_ids};
	return store_rejects_list(a->selection->store, &by_id, 0, (int)by_id.n_ids, look_at, a, err);
}

/* *ret_faults: some do not exist or are purged. */
static int look_at_ids(const struct selection *s, bool *ret_faults, struct error *err)
{
	struct asked a = {.selection = s, .found = calloc(s->filter.n_ids + 1, sizeof *a.found)};
	int r = !a.found ? -ENOMEM : s->filter.n_ids ? patiently(look_step, &a, err) : 0;
	for (size_t i = 0; !r && i < s->filter.n_ids; i++)
		if (!a.found[i]) {
			fprintf(stderr, "rekapd: there is no reject %" PRId64 "\n", s->ids[i]);
			a.faults = true;
		}
	*ret_faults = a.faults;
	free(a.found);
	return r;
}

static void print_outcome(const struct store_commit *done)
{
	printf("%" PRId64 " counted now, %" PRId64 " of them told nothing new; %" PRId64 " still open", done->events, done->unchanged, done->rejected);
	const char *comma = ": ";
	for (enum reason r = REASON_TOO_LARGE; r < REASON_COUNT; r++)
		if (done->by_reason[r]) {
			printf("%s%s %" PRId64, comma, reason_name(r), done->by_reason[r]);
			comma = ", ";
		}
	if (done->tombstones)
		printf("; %" PRId64 " left out: no longer open", done->tombstones);
	putchar('\n');
}

struct adoption {
	struct store *store;
	struct store_basis basis;
};

static int adopt_step(void *arg, struct error *err)
{
	struct adoption *a = arg;
	return store_basis_set(a->store, &a->basis, NULL, NULL, err);
}

static int replay(struct selection *s, const struct rules *rules)
{
	struct error err = {""};
	bool faults = false;
	struct adoption adoption = {s->store, basis_of(&s->config, rules)};
	struct replay replay = {.store = s->store, .rules = rules, .filter = s->filter, .progress = isatty(STDERR_FILENO)};
	int r = look_at_ids(s, &faults, &err);
	replay.filter.status = TEXT("open");
	if (r == 0 && replay.progress)
		r = store_rejects_count(s->store, &replay.filter, &replay.total, &err);
	if (r == 0)
		r = patiently(adopt_step, &adoption, &err);
	if (r == 0)
		r = replay_run(&replay, &err);
	if (r)
		return fault(r, &err);
	print_outcome(&replay.done);
	return faults || replay.done.rejected ? STATUS_FAULTS : STATUS_OK;
}

static int rejects_replay(const struct verb *v, int argc, char **argv)
{
	struct selection s;
	struct rules rules;
	struct error err = {""};
	int r = selection_init(&s, v, argc, argv, true, (const struct option_spec[]){{0}});
	if (r >= 0)
		return r;
	int code = rules_load(&s.config, &rules, &err);
	if (code < 0) {
		selection_deinit(&s);
		return fault(code, &err);
	}
	r = open_store(&s.config, true, &s.store);
	if (r == 0)
		r = replay(&s, &rules);
	rules_deinit(&rules);
	selection_deinit(&s);
	return r;
}

/* --- purge --- */

struct purge {
	const struct selection *selection;
	int64_t after, purged;
};

static int purge_step(void *arg, struct error *err)
{
	struct purge *p = arg;
	int64_t n = 0;
	int r = store_rejects_purge(p->selection->store, &p->selection->filter, &p->after, PAGE, &n, err);
	p->purged += n;
	return r;
}

static int count_step(void *arg, struct error *err)
{
	struct purge *p = arg;
	struct reject_filter f = p->selection->filter;
	int64_t all = 0, gone = 0;
	int r = store_rejects_count(p->selection->store, &f, &all, err);
	f.status = TEXT("purged");
	if (r == 0 && !text_is(p->selection->filter.status, "open") && !text_is(p->selection->filter.status, "replayed"))
		r = store_rejects_count(p->selection->store, &f, &gone, err);
	p->purged = all - gone;
	return r;
}

static int purge(const struct selection *s, bool dry_run)
{
	struct purge p = {.selection = s};
	struct error err = {""};
	int r = dry_run ? patiently(count_step, &p, &err) : 0;
	while (r == 0 && !dry_run && p.after < INT64_MAX)
		r = patiently(purge_step, &p, &err);
	if (r)
		return fault(r, &err);
	printf("%" PRId64 " bodies %s\n", p.purged, dry_run ? "would be removed" : "removed");
	return STATUS_OK;
}

/* From one of --older-than and --before. */
static int read_end(struct selection *s, const struct verb *v, const char *older_than, const char *before)
{
	int64_t days;
	if (!older_than == !before || s->until) {
		fprintf(stderr, "rekapd %s: needs one of --older-than DAYS and --before TIME (rekapd %s --help)\n", v->name, v->name);
		return STATUS_USAGE;
	}
	int r = before ? read_instant(v, s, "--before", before, s->until_text) : read_number(v, "--older-than", older_than, 0, 36500, &days);
	if (r < 0 && older_than)
		rfc3339_format(clock_wall() - days * INSTANT_PER_DAY, s->until_text);
	s->filter.until = text_of(s->until_text);
	return r;
}

static int rejects_purge(const struct verb *v, int argc, char **argv)
{
	struct selection s;
	const char *older_than = NULL, *before = NULL;
	bool dry_run = false;
	const struct option_spec own[] = {
		{"status", NULL, &s.status}, {"older-than", NULL, &older_than}, {"before", NULL, &before}, {"dry-run", &dry_run, NULL}, {0}};
	int r = selection_init(&s, v, argc, argv, true, own);
	if (r >= 0)
		return r;
	r = read_end(&s, v, older_than, before);
	if (r < 0)
		r = selection_visit(&s, true);
	if (r == 0)
		r = purge(&s, dry_run);
	selection_deinit(&s);
	return r;
}

/* --- which action --- */

#define FILTERS                                                                                                                                                \
	"      --reason REASON   those rejected for this reason, e.g. unknown_unit\n"                                                                          \
	"      --topic TOPIC     those from this topic\n"                                                                                                      \
	"      --partition N     those from this partition\n"                                                                                                  \
	"      --type TYPE       those of this event type, e.g. id.go.opd.complaint.received.v1\n"                                                             \
	"      --since TIME      those rejected at that time or later: a day of the configured time zone\n"                                                    \
	"                        (2024-03-26: from its beginning) or an instant (2024-03-26T08:00:00+07:00)\n"                                                 \
	"      --until TIME      those rejected before that time"

#define FILTER_ARGUMENTS "[--reason R] [--topic T] [--partition N] [--type T] [--since TIME] [--until TIME]"

static const struct verb actions[] = {
	{"rejects list", FILTER_ARGUMENTS " [--status S] [--limit N] [--json] [ID]...", "",
	 "Prints a line for each reject, in the order they were rejected; never a body. Needs a login that may\n"
	 "read rekap.reject (rekap_reader).\n\n" FILTERS "\n"
	 "      --status S        open, replayed (counted since) or purged (the body was removed)\n"
	 "      --limit N         at most so many\n"
	 "      --json            a JSON object a line: {reject_id, received_at, topic, partition, offset, reason,\n"
	 "                        detail, event_type, event_id, status}",
	 rejects_list},
	{"rejects show", "[--json] ID...", "",
	 "Prints rejects with their bodies: key, headers and value, which may hold personal data. Needs a login\n"
	 "that is a member of rekap_auditor. Text has control characters escaped; what is not UTF-8 is shown in\n"
	 "base64. Exits 1 if one does not exist.\n\n"
	 "      --json            a JSON object a line: as list, and key, headers [{name, value}], value; bytes that\n"
	 "                        are not UTF-8 as key_base64, name_base64, value_base64; body null: purged",
	 rejects_show},
	{"rejects replay", FILTER_ARGUMENTS " [ID]...", "",
	 "Decides open rejects anew, all if none are chosen, with the present units, rulesets and event types. What\n"
	 "passes is counted, exactly once, and becomes replayed; what fails stays open with the new reason.\n"
	 "Daemons and other replays may run meanwhile; one that was stopped is started again. Exits 1 if any\n"
	 "failed again, or an ID does not exist or was purged.\n\n" FILTERS,
	 rejects_replay},
	{"rejects purge",
	 "--older-than DAYS | --before TIME [--reason R] [--topic T] [--partition N] [--type T] "
	 "[--since TIME] [--status S] [--dry-run] [ID]...", "",
	 "Removes the bodies of rejects for good: key, headers and value. The reject stays, with its coordinates\n"
	 "and reason, as purged, and can no longer be replayed. Needs a login that is a member of rekap_auditor.\n\n"
	 "      --older-than DAYS those rejected longer ago\n"
	 "      --before TIME     those rejected before: a day or an instant, as with --since\n"
	 "      --dry-run         only tells how many\n"
	 "      --status S        only open or replayed ones\n" FILTERS,
	 rejects_purge},
};

int verb_rejects(const struct verb *v, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	for (size_t i = 0; i < COUNT(actions); i++)
		if (!strcmp(name, actions[i].name + strlen("rejects ")))
			return actions[i].run(&actions[i], argc - 1, argv + 1);
	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		verb_help(v);
		return STATUS_OK;
	}
	fprintf(stderr, "rekapd rejects: list, show, replay or purge? (rekapd rejects --help)\n");
	return STATUS_USAGE;
}
