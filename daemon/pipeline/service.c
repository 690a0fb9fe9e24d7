// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/pipeline/service.h"

#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"

#define PROLONG_EVERY (5 * INSTANT_PER_SECOND)
#define PROLONG_BY "EXTEND_TIMEOUT_USEC=30000000"

/* A descriptor whose peer is the manager's socket; -1: that cannot be had, and telling will fail likewise. */
static int lead_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof a.sun_path)
		return -1;
	memcpy(a.sun_path, path, n);
	if (*path == '@')
		a.sun_path[0] = 0; /* a name that is no file */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

void service_init(struct service *s)
{
	const char *path = getenv("NOTIFY_SOCKET");
	uint64_t watchdog = 0;
	*s = (struct service){.room = path ? lead_to(path) : -1};
	s->on = s->room >= 0;
	if (s->on && sd_watchdog_enabled(0, &watchdog) > 0)
		s->watchdog = (int64_t)watchdog;
}

void service_deinit(struct service *s)
{
	if (s->on)
		close(s->room);
	s->on = false;
}

/* sd_notify waits where the manager's queue is full, and a manager that hangs must not make the daemon hang. */
static bool tell(const struct service *s, const char *message)
{
	struct pollfd room = {s->room, POLLOUT, 0};
	return s->on && poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) && sd_notify(0, message) > 0;
}

void service_ready(struct service *s)
{
	if (!s->ready && !s->stopping)
		s->ready = tell(s, "READY=1");
}

void service_reloading(struct service *s)
{
	char message[80];
	if (!s->ready || s->stopping)
		return;
	snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic());
	s->ready = !tell(s, message);
}

/* One line of UTF-8: of anything else the manager would take nothing. */
static void copy_status(const char *from, char out[static SERVICE_STATUS_SIZE])
{
	size_t n = strlen(from);
	if (n >= SERVICE_STATUS_SIZE)
		n = SERVICE_STATUS_SIZE - 1;
	memcpy(out, from, n);
	out[n] = 0;
	bool valid = utf8_valid(out, n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)out[i] < 0x20 || (!valid && (unsigned char)out[i] >= 0x7f))
			out[i] = '?';
}

void service_stopping(struct service *s, const char *status)
{
	char message[SERVICE_STATUS_SIZE + 64];
	if (s->stopping)
		return;
	s->stopping = true;
	copy_status(status, s->status);
	snprintf(message, sizeof message, "STOPPING=1\nSTATUS=%s", s->status);
	tell(s, message);
}

bool service_status(struct service *s, const char *status)
{
	char message[SERVICE_STATUS_SIZE + 8], line[SERVICE_STATUS_SIZE];
	copy_status(status, line);
	if (!strcmp(line, s->status))
		return true;
	snprintf(message, sizeof message, "STATUS=%s", line);
	if (!tell(s, message))
		return false;
	memcpy(s->status, line, sizeof line);
	return true;
}

void service_alive(struct service *s)
{
	int64_t now = clock_monotonic();
	if (s->watchdog && now - s->fed_at >= s->watchdog / 4) {
		s->fed_at = now;
		tell(s, "WATCHDOG=1");
	}
	if (s->stopping && now - s->prolonged_at >= PROLONG_EVERY) {
		s->prolonged_at = now;
		tell(s, PROLONG_BY);
	}
}

int64_t service_alive_within(const struct service *s)
{
	int64_t left = s->fed_at + s->watchdog / 2 - clock_monotonic();
	return !s->watchdog ? INT64_MAX : left > 0 ? left : 0;
}
