// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/state.h"

static const char *const names[PIPELINE_STATES] = {"idle", "filling", "storing", "backoff", "draining", "stopped"};

const char *pipeline_state_name(enum pipeline_state s)
{
	return names[s];
}

static enum pipeline_state resting(int filled, int busy)
{
	return busy ? PIPELINE_STORING : filled ? PIPELINE_FILLING : PIPELINE_IDLE;
}

enum pipeline_state pipeline_next(enum pipeline_state s, enum pipeline_event e, int filled, int busy)
{
	if (s == PIPELINE_STOPPED || e == EVENT_FATAL)
		return PIPELINE_STOPPED;
	if (s == PIPELINE_DRAINING || e == EVENT_END) /* a way back there is none; over once nothing is left */
		return filled || busy ? PIPELINE_DRAINING : PIPELINE_STOPPED;
	switch (e) {
	case EVENT_RETRY:
		return PIPELINE_BACKOFF;
	case EVENT_RECORDS:
	case EVENT_DROPPED:
		return s == PIPELINE_BACKOFF ? s : resting(filled, busy); /* more may fill while the store waits */
	case EVENT_HANDED:
	case EVENT_COMMITTED:
	case EVENT_AGAIN:
	case EVENT_END:
	case EVENT_FATAL:
	case PIPELINE_EVENTS:
		break;
	}
	return resting(filled, busy);
}
