// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

int file_read(const char *path, size_t limit, struct buffer *b, struct error *err)
{
	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", limit, b, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	int r = read_all(fd, path, limit, b, err);
	close(fd);
	return r;
}
