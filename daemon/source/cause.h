// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * Why no broker serves us. The client library tells it aside, while the call that waits for it only times out: what it tells is kept here, and explained.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "common/config.h"
#include "common/error.h"

enum cause_kind {
	CAUSE_UNKNOWN,
	CAUSE_AWAY,		  /* nobody answers, or not in time: that passes */
	CAUSE_CERTIFICATE,	  /* the broker's certificate is not trusted */
	CAUSE_CLIENT_CERTIFICATE, /* the broker does not trust ours, or wants one */
	CAUSE_CREDENTIALS,	  /* the broker refuses user, password or mechanism */
};

struct cause {
	enum cause_kind kind;
	char why[400];	      /* in the library's words */
	_Atomic int x509;     /* which check a broker's certificate failed last, set by the library's threads; 0: none did */
};

/* Takes what the library told: the more telling of this and what is there. */
void cause_note(struct cause *c, bool authentication, const char *why);
/* Whether waiting will not help: settings here or at the broker must change. */
bool cause_is_refusal(const struct cause *c);
/* What to do about it; "" where that is only to wait. `mechanism` of SASL, or NULL; `library`: its version, as source_library_number gives it. */
const char *cause_remedy(const struct cause *c, const char *mechanism, int library);
/* SCRAM is refused, though the password is right, by Kafka 4 when the library is too old. */
bool cause_scram_trap(const char *mechanism, int library);
