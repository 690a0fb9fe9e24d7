// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A socket between a store and its server that breaks when a message of the store holds a word: before the server gets it, just after, or once the server has
 * answered.
 */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum cut { CUT_NEVER, CUT_BEFORE, CUT_DURING, CUT_AFTER, SWALLOW /* says nothing any more, but keeps the connection */ };

struct proxy {
	pthread_t thread;
	char folder[64], target[108];
	int listener;
	int skip;         /* how many messages with the word pass first */
	const char *word; /* of the message that breaks the connection */
	enum cut cut;
	atomic_int cuts; /* how often it broke */
	atomic_bool quit;
	atomic_int serving; /* connections, each by a thread */
};

struct proxied {
	struct proxy *proxy;
	int client;
};

static inline bool is_unix_socket(const char *host)
{
	return host && *host == '/';
}

static inline int proxy_dial(const struct proxy *p)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, p->target, sizeof address.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

/* Hands on what there is; false: the connection ended or was cut. */
static inline bool proxy_move(struct proxy *p, int from, int to, bool from_client, enum cut *pending)
{
	char bytes[65536];
	ssize_t n = recv(from, bytes, sizeof bytes, 0);
	if (n <= 0)
		return false;
	if (from_client && p->cut && !atomic_load(&p->cuts) && memmem(bytes, (size_t)n, p->word, strlen(p->word)) && p->skip-- == 0) {
		atomic_fetch_add(&p->cuts, 1);
		*pending = p->cut;
	}
	if (*pending == CUT_BEFORE || *pending == SWALLOW)
		return *pending == SWALLOW;
	if (!from_client && *pending == CUT_AFTER)
		return false; /* the answer is lost */
	return write_all(to, bytes, (size_t)n) && *pending != CUT_DURING;
}

static inline void *proxy_serve(void *arg)
{
	struct proxied c = *(struct proxied *)arg;
	enum cut pending = CUT_NEVER;
	int server = proxy_dial(c.proxy);
	bool alive = server >= 0;
	free(arg);
	while (alive && !atomic_load(&c.proxy->quit)) {
		struct pollfd fds[] = {{c.client, POLLIN, 0}, {server, POLLIN, 0}};
		if (poll(fds, 2, 50) <= 0)
			continue;
		if (fds[0].revents)
			alive = proxy_move(c.proxy, c.client, server, true, &pending);
		if (alive && fds[1].revents)
			alive = proxy_move(c.proxy, server, c.client, false, &pending);
	}
	close(c.client);
	if (server >= 0)
		close(server);
	atomic_fetch_sub(&c.proxy->serving, 1);
	return NULL;
}

static inline void *proxy_run(void *arg)
{
	struct proxy *p = arg;
	while (!atomic_load(&p->quit)) {
		struct pollfd fd = {p->listener, POLLIN, 0};
		int client = poll(&fd, 1, 50) > 0 ? accept(p->listener, NULL, NULL) : -1;
		if (client < 0)
			continue;
		struct proxied *c = malloc(sizeof *c);
		pthread_t thread;
		*c = (struct proxied){p, client};
		atomic_fetch_add(&p->serving, 1);
		pthread_create(&thread, NULL, proxy_serve, c);
		pthread_detach(thread);
	}
	while (atomic_load(&p->serving))
		usleep(1000);
	return NULL;
}

/* Listens in a folder of its own, for PGHOST's socket. */
static inline void proxy_start(struct proxy *p)
{
	const char *port = getenv("PGPORT");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(p->target, sizeof p->target, "%s/.s.PGSQL.%s", getenv("PGHOST"), port ? port : "5432");
	snprintf(p->folder, sizeof p->folder, "%s/rekapd-proxy.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(p->folder));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", p->folder, port ? port : "5432");
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(p->listener, 8), 0);
	ck_assert_int_eq(pthread_create(&p->thread, NULL, proxy_run, p), 0);
}

static inline void proxy_stop(struct proxy *p)
{
	char path[96];
	atomic_store(&p->quit, true);
	pthread_join(p->thread, NULL);
	close(p->listener);
	snprintf(path, sizeof path, "%s/.s.PGSQL.%s", p->folder, getenv("PGPORT") ? getenv("PGPORT") : "5432");
	unlink(path);
	rmdir(p->folder);
}
