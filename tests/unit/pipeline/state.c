// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The transition function, exhaustively: every state, event, and what is at hand. */
#include "daemon/pipeline/state.h"

#include "tests/unit/suite.h"

static enum pipeline_state resting(int filled, int busy)
{
	return busy ? PIPELINE_STORING : filled ? PIPELINE_FILLING : PIPELINE_IDLE;
}

/* The table as a person would write it down. */
static enum pipeline_state expected(enum pipeline_state s, enum pipeline_event e, int filled, int busy)
{
	if (s == PIPELINE_STOPPED || e == EVENT_FATAL)
		return PIPELINE_STOPPED;
	if (s == PIPELINE_DRAINING || e == EVENT_END)
		return filled || busy ? PIPELINE_DRAINING : PIPELINE_STOPPED;
	if (e == EVENT_RETRY)
		return PIPELINE_BACKOFF;
	if (s == PIPELINE_BACKOFF && (e == EVENT_RECORDS || e == EVENT_DROPPED))
		return PIPELINE_BACKOFF;
	return resting(filled, busy);
}

START_TEST(every_transition)
{
	for (int s = 0; s < PIPELINE_STATES; s++)
		for (int e = 0; e < PIPELINE_EVENTS; e++)
			for (int hand = 0; hand < 4; hand++) {
				int filled = hand & 1, busy = hand >> 1;
				enum pipeline_state got = pipeline_next((enum pipeline_state)s, (enum pipeline_event)e, filled, busy);
				enum pipeline_state want = expected((enum pipeline_state)s, (enum pipeline_event)e, filled, busy);
				ck_assert_msg(got == want, "%s, event %d, filled %d, busy %d: %s", pipeline_state_name((enum pipeline_state)s), e, filled, busy, pipeline_state_name(got));
			}
}
END_TEST

START_TEST(an_end_is_final)
{
	for (int e = 0; e < PIPELINE_EVENTS; e++)
		for (int hand = 0; hand < 4; hand++) {
			enum pipeline_state s = pipeline_next(PIPELINE_DRAINING, (enum pipeline_event)e, hand & 1, hand >> 1);
			ck_assert(s == PIPELINE_DRAINING || s == PIPELINE_STOPPED);
			ck_assert_int_eq(pipeline_next(PIPELINE_STOPPED, (enum pipeline_event)e, hand & 1, hand >> 1), PIPELINE_STOPPED);
		}
}
END_TEST

START_TEST(names_are_distinct)
{
	for (int a = 0; a < PIPELINE_STATES; a++)
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(pipeline_state_name((enum pipeline_state)a), pipeline_state_name((enum pipeline_state)b));
}
END_TEST

SUITE("state", every_transition, an_end_is_final, names_are_distinct)
