// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, const char *path, size_t limit, struct buffer *b, struct error *err)
{
	char chunk[65536];
	size_t before = b->n;
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, -errno, "%s: cannot be read: %s", path, strerror(errno));
		if (n == 0)
			return 0;
		buffer_put(b, chunk, (size_t)n);
		if (b->failed)
			break;
		if (limit && b->n - before > limit)
			return error_set(err, -EFBIG, "%s: larger than %zu bytes", path, limit);
	}
	return error_set(err, -ENOMEM, "%s: out of memory", path);
}

static int check_mode(const struct stat *st, const char *path, bool group, struct error *err)
{
	mode_t forbidden = group || st->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
	if (!(st->st_mode & forbidden))
		return 0;
	return error_set(err, -EPERM, "%s: others have access to this secret (mode %04o): chmod %s '%s'", path, (unsigned)st->st_mode & 07777, st->st_uid == 0 ? "o=,g-wx" : "600", path);
}

int file_check_secret(const char *path, bool group, struct error *err)
{
	struct stat st;
	return stat(path, &st) == 0 ? check_mode(&st, path, group, err) : 0;
}

static int open_file(const char *path, int *ret_fd, struct error *err)
{
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, -errno, "%s: cannot be opened: %s", path, strerror(errno)) : 0;
}

int file_read_secret(const char *path, size_t limit, bool group, struct buffer *b, struct error *err)
{
	struct stat st;
	int fd, r = open_file(path, &fd, err);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		r = error_set(err, -errno, "%s: cannot be looked at: %s", path, strerror(errno));
	else
		r = check_mode(&st, path, group, err);
	if (r == 0)
		r = read_all(fd, path, limit, b, err);
	close(fd);
	return r;
}

int file_read(const char *path, size_t limit, struct buffer *b, struct error *err)
{
	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", limit, b, err);
	int fd, r = open_file(path, &fd, err);
	if (r < 0)
		return r;
	r = read_all(fd, path, limit, b, err);
	close(fd);
	return r;
}
