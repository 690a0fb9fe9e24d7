// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BEHIND_RECORDS 1000 /* fewer are a moment's work; and the marks of transactions, which have offsets but are no records, never come */
#define BEHIND_SECONDS 2

/* --- the rate ------------------------------------------------------------------------------------------------------------------------------------ */

void progress_note(struct progress *p, int64_t now, int64_t stored, bool at_work)
{
	if (p->idle_since && now - p->idle_since >= PROGRESS_SPACING)
		p->n = 0;
	p->idle_since = at_work ? 0 : p->idle_since ? p->idle_since : now;
	if (p->n && now - p->samples[p->n - 1].at < PROGRESS_SPACING)
		return;
	size_t old = 0; /* one that is as old as the window stays, to begin it */
	while (old + 1 < p->n && now - p->samples[old + 1].at >= PROGRESS_WINDOW)
		old++;
	memmove(p->samples, p->samples + old, (p->n - old) * sizeof *p->samples);
	p->n -= old;
	p->samples[p->n].at = now;
	p->samples[p->n++].stored = stored;
}

int64_t progress_rate(const struct progress *p, int64_t now, int64_t stored)
{
	int64_t took = p->n ? now - p->samples[0].at : 0;
	return took < PROGRESS_SPACING ? 0 : (int64_t)((double)(stored - p->samples[0].stored) * 1e6 / (double)took);
}

/* --- words --------------------------------------------------------------------------------------------------------------------------------------- */

bool progress_behind(const struct progress_view *v)
{
	return v->to_go > BEHIND_RECORDS && v->to_go > BEHIND_SECONDS * v->rate;
}

int64_t progress_seconds(const struct progress_view *v)
{
	return v->to_go < 0 || v->rate <= 0 ? -1 : (v->to_go + v->rate - 1) / v->rate;
}

/* 1234567 as "1 234 567". */
static const char *grouped(int64_t n, char out[static 32])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRId64, n), at = 0;
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ' ';
		out[at++] = digits[i];
	}
	out[at] = 0;
	return out;
}

/* No finer than an estimate is. */
static const char *duration(int64_t seconds, char out[static 32])
{
	int64_t minutes = (seconds + 30) / 60, hours = (minutes + 30) / 60, days = (hours + 12) / 24;
	bool few_seconds = seconds < 120, few_minutes = minutes < 120, few_hours = hours < 48;
	snprintf(out, 32, "%" PRId64 " %s", few_seconds ? seconds : few_minutes ? minutes : few_hours ? hours : days, few_seconds ? "s" : few_minutes ? "min" : few_hours ? "h" : "days");
	return out;
}

/* "98 765 records a second, 2 345 678 to go, about 24 s"; of it what is known. */
static void put_pace(const struct progress_view *v, const char *records, char *out, size_t size)
{
	char rate[32], to_go[32], left[32];
	grouped(v->rate, rate);
	grouped(v->to_go, to_go);
	if (v->rate > 0 && v->to_go >= 0)
		snprintf(out, size, "%s %sa second, %s to go, about %s", rate, records, to_go, duration(progress_seconds(v), left));
	else if (v->rate > 0)
		snprintf(out, size, "%s %sa second", rate, records);
	else if (v->to_go >= 0)
		snprintf(out, size, "%s %sto go", to_go, records);
	else
		*out = 0;
}

void progress_line(const struct progress_view *v, char out[static PROGRESS_TEXT_SIZE])
{
	char stored[32], pace[160];
	put_pace(v, "", pace, sizeof pace);
	snprintf(out, PROGRESS_TEXT_SIZE, "%s records%s%s", grouped(v->stored, stored), *pace ? ", " : "", pace);
}

static const char *local_time(instant t, char out[static 32])
{
	time_t seconds = (time_t)(t / INSTANT_PER_SECOND);
	struct tm tm;
	if (!localtime_r(&seconds, &tm) || !strftime(out, 32, "%F %T", &tm))
		*out = 0;
	return out;
}

static void put_reading(const struct progress_view *v, char *out)
{
	char pace[160], time[32];
	put_pace(v, "records ", pace, sizeof pace);
	if (v->to_go < 0 || progress_behind(v))
		snprintf(out, PROGRESS_TEXT_SIZE, "catching up%s%s", *pace ? ": " : "", pace);
	else if (v->committed)
		snprintf(out, PROGRESS_TEXT_SIZE, "up to date: last commit %s", local_time(v->committed, time));
	else
		snprintf(out, PROGRESS_TEXT_SIZE, "up to date");
}

void progress_status(const struct progress_view *v, char out[static PROGRESS_TEXT_SIZE])
{
	char time[32];
	switch (v->phase) {
	case PROGRESS_WAITING:
		snprintf(out, PROGRESS_TEXT_SIZE, "waiting for partitions");
		break;
	case PROGRESS_AWAY:
		snprintf(out, PROGRESS_TEXT_SIZE, "store unavailable since %s: %s", local_time(v->since, time), v->reason);
		break;
	case PROGRESS_READING:
		put_reading(v, out);
		break;
	case PROGRESS_DRAINING:
		snprintf(out, PROGRESS_TEXT_SIZE, "draining");
		break;
	}
}
