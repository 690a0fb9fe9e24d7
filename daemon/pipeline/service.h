// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * The service manager, which hears how the daemon is (sd_notify(3)). Telling it neither waits nor fails; what it cannot take now is told later or never. A daemon that no
 * manager started tells nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#define SERVICE_STATUS_SIZE 1200

struct service {
	bool on, ready, stopping;
	int room;		    /* a socket that leads to the manager's: writable while there is room */
	int64_t watchdog;	    /* it wants a sign of life as often (microseconds); 0: it does not */
	int64_t fed_at, prolonged_at; /* 0: never */
	char status[SERVICE_STATUS_SIZE]; /* as told last */
};

/* From the environment. No descriptor is opened, and none need be closed, unless there is a manager. */
void service_init(struct service *s);
void service_deinit(struct service *s);

/* From now on it counts as started. Also after service_reloading. */
void service_ready(struct service *s);
/* The settings are being read anew: not ready until service_ready. */
void service_reloading(struct service *s);
/* It ends; `status` says why. */
void service_stopping(struct service *s, const char *status);
/* A line for people. True: the manager has it. */
bool service_status(struct service *s, const char *status);
/* The caller gets on: feeds the watchdog, and has the manager be patient with an end that takes its time. */
void service_alive(struct service *s);
/* Microseconds until service_alive must be called; INT64_MAX: it need not be. */
int64_t service_alive_within(const struct service *s);
