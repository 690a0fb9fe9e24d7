// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../suite.h"
#include "common/file.h"

START_TEST(files_are_read_whole)
{
	char path[] = "/tmp/rekapd-file-XXXXXX";
	static char content[200001];
	struct buffer b = {0};
	struct error err = {""};
	int fd = mkstemp(path);
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (char)(i % 251);
	ck_assert(fd >= 0 && write(fd, content, sizeof content) == sizeof content);
	buffer_puts(&b, "before");
	ck_assert_msg(file_read(path, sizeof content, &b, &err) == 0, "%s", err.text); /* as long as it may be */
	ck_assert(b.n == 6 + sizeof content && !memcmp(b.p + 6, content, sizeof content));
	ck_assert_int_eq(file_read(path, sizeof content - 1, &b, &err), -EFBIG);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_eq(truncate(path, 0), 0);
	buffer_clear(&b);
	ck_assert(file_read(path, 0, &b, &err) == 0 && b.n == 0);
	dup2(fd, STDIN_FILENO);
	ck_assert(pwrite(fd, "hello", 5, 0) == 5 && lseek(fd, 0, SEEK_SET) == 0);
	ck_assert(file_read("-", 0, &b, &err) == 0 && text_is(buffer_view(&b), "hello"));
	close(fd);
	unlink(path);
	buffer_deinit(&b);
}
END_TEST

START_TEST(faults_name_the_path)
{
	struct buffer b = {0};
	struct error err = {""};
	ck_assert_int_eq(file_read("/nonexistent/file", 0, &b, &err), -ENOENT);
	ck_assert_msg(strstr(err.text, "/nonexistent/file"), "%s", err.text);
	ck_assert_int_eq(file_read("/tmp", 0, &b, &err), -EISDIR);
	ck_assert_msg(strstr(err.text, "/tmp"), "%s", err.text);
	buffer_deinit(&b);
}
END_TEST

SUITE("file", files_are_read_whole, faults_name_the_path)
