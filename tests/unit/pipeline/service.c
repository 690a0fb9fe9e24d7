// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What a service manager hears, and that one which does not listen holds up nobody. */
#include "daemon/pipeline/service.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/suite.h"

static int manager;
static struct service service;

static void setup(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t n = sizeof a;
	char name[sizeof a.sun_path + 1] = "@";
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (const struct sockaddr *)&a, sizeof a.sun_family), 0); /* the system finds a name that is no file */
	ck_assert_int_eq(getsockname(manager, (struct sockaddr *)&a, &n), 0);
	memcpy(name + 1, a.sun_path + 1, n - sizeof a.sun_family - 1);
	setenv("NOTIFY_SOCKET", name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	service_init(&service);
}

static void teardown(void)
{
	service_deinit(&service);
	close(manager);
}

/* The next message, "" if there is none. */
static const char *heard(void)
{
	static char message[4096];
	ssize_t n = recv(manager, message, sizeof message - 1, 0);
	message[n > 0 ? n : 0] = 0;
	return message;
}

START_TEST(a_life)
{
	service_reloading(&service); /* not yet started: no matter */
	service_ready(&service);
	service_ready(&service);
	ck_assert_str_eq(heard(), "READY=1");
	ck_assert(service_status(&service, "up to date"));
	ck_assert(service_status(&service, "up to date"));
	ck_assert_str_eq(heard(), "STATUS=up to date");
	int64_t before = clock_monotonic();
	service_reloading(&service);
	long long usec = 0;
	ck_assert_int_eq(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
	ck_assert(usec >= before && usec <= clock_monotonic());
	service_ready(&service);
	ck_assert_str_eq(heard(), "READY=1");
	service_alive(&service);
	ck_assert_str_eq(heard(), "");
	service_stopping(&service, "draining");
	service_stopping(&service, "ending");
	ck_assert_str_eq(heard(), "STOPPING=1\nSTATUS=draining");
	service_reloading(&service);
	service_alive(&service);
	service_alive(&service);
	ck_assert_str_eq(heard(), "EXTEND_TIMEOUT_USEC=30000000");
	ck_assert_str_eq(heard(), "");
	ck_assert_int_eq(service_alive_within(&service), INT64_MAX);
}
END_TEST

START_TEST(the_watchdog_is_fed)
{
	service_deinit(&service);
	setenv("WATCHDOG_USEC", "400000", 1);
	service_init(&service);
	ck_assert_int_eq(service.watchdog, 400000);
	ck_assert_int_eq(service_alive_within(&service), 0);
	service_alive(&service);
	service_alive(&service);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	ck_assert_str_eq(heard(), "");
	int64_t left = service_alive_within(&service);
	ck_assert(left > 0 && left <= 200000);
	clock_sleep(left);
	ck_assert_int_eq(service_alive_within(&service), 0);
	service_alive(&service);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
}
END_TEST

START_TEST(a_watchdog_of_another_process)
{
	service_deinit(&service);
	setenv("WATCHDOG_USEC", "400000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	service_init(&service);
	ck_assert(service.on);
	ck_assert_int_eq(service.watchdog, 0);
}
END_TEST

START_TEST(a_status_is_one_line_of_utf8)
{
	char text[2 * SERVICE_STATUS_SIZE], most[SERVICE_STATUS_SIZE + 8] = "STATUS=";
	ck_assert(service_status(&service, "a\nREADY=1\x1b"));
	ck_assert_str_eq(heard(), "STATUS=a?READY=1?");
	ck_assert(service_status(&service, "caf\xc3\xa9"));
	ck_assert_str_eq(heard(), "STATUS=caf\xc3\xa9");
	ck_assert(service_status(&service, "caf\xc3"));
	ck_assert_str_eq(heard(), "STATUS=caf?");
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = 0;
	memset(most + 7, 'x', SERVICE_STATUS_SIZE - 1);
	ck_assert(service_status(&service, text));
	ck_assert_str_eq(heard(), most);
}
END_TEST

/* What was told in vain is told again, by whoever asks again; the rest is lost. */
START_TEST(a_manager_that_does_not_listen)
{
	char text[32];
	int64_t start = clock_monotonic();
	int told = 0;
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%d", i);
		told += service_status(&service, text);
	}
	service_ready(&service);
	ck_assert(!service.ready);
	ck_assert_int_lt(clock_monotonic() - start, 5 * INSTANT_PER_SECOND);
	ck_assert_int_gt(told, 0);
	ck_assert_int_lt(told, 5000);
	while (*heard())
		;
	service_ready(&service);
	ck_assert(service.ready);
	ck_assert_str_eq(heard(), "READY=1");
	close(manager);
	manager = -1;
	ck_assert(!service_status(&service, "nobody is there"));
}
END_TEST

START_TEST(without_a_manager)
{
	const char *const nowhere[] = {NULL, "", "/nonexistent/notify"};
	for (size_t i = 0; i < COUNT(nowhere); i++) {
		if (nowhere[i])
			setenv("NOTIFY_SOCKET", nowhere[i], 1);
		else
			unsetenv("NOTIFY_SOCKET");
		struct service s;
		service_init(&s);
		ck_assert(!s.on);
		service_ready(&s);
		service_stopping(&s, "x");
		service_alive(&s);
		ck_assert(!service_status(&s, "y"));
		ck_assert_int_eq(service_alive_within(&s), INT64_MAX);
		service_deinit(&s);
	}
	ck_assert_str_eq(heard(), "");
}
END_TEST

SUITE_WITH("service", setup, teardown, a_life, the_watchdog_is_fed, a_watchdog_of_another_process, a_status_is_one_line_of_utf8, a_manager_that_does_not_listen, without_a_manager)
