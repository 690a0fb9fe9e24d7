// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/* Holds a table of a library's functions against the source that calls them. */
#include <check.h>
#include <ctype.h>
#include <stdlib.h>

#include "common/file.h"

static inline bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Whether `name(` stands in the text as a word. */
static inline bool is_called(const char *text, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = text; (p = strstr(p, name)); p += n)
		if ((p == text || !in_name(p[-1])) && p[n] == '(')
			return true;
	return false;
}

/* Every function called in the file whose name begins with the prefix is one of the n names, and each of these is called. */
static inline void functions_called(const char *path, const char *prefix, const char *const *names, size_t n)
{
	struct buffer b = {0};
	struct error err;
	ck_assert_msg(file_read(path, 0, &b, &err) == 0, "%s", err.text);
	const char *text = buffer_cstr(&b);
	for (const char *p = text; (p = strstr(p, prefix)); p += strlen(prefix)) {
		size_t length = 0, i = 0;
		while (in_name(p[length]))
			length++;
		if ((p > text && in_name(p[-1])) || p[length] != '(')
			continue;
		while (i < n && (strlen(names[i]) != length || memcmp(names[i], p, length) != 0))
			i++;
		ck_assert_msg(i < n, "%s calls %.*s, which is not in the table: how does it fail?", path, (int)length, p);
	}
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(is_called(text, names[i]), "%s does not call %s", path, names[i]);
	buffer_deinit(&b);
}

/* `table`: an array whose elements have a member `name`. */
#define ck_functions_called(path, prefix, table)                                                                                                               \
	do {                                                                                                                                                   \
		const char *names_[COUNT(table)];                                                                                                              \
		for (size_t i_ = 0; i_ < COUNT(table); i_++)                                                                                                   \
			names_[i_] = (table)[i_].name;                                                                                                         \
		functions_called(path, prefix, names_, COUNT(table));                                                                                          \
	} while (0)
