// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * What a fuzz target is: a file tests/fuzz/NAME.c that defines target() and says with HOLDS what is true of every input. With libFuzzer it is a fuzzer;
 * elsewhere main/standalone.c runs it over files. An input lies in memory of exactly its size, so that a sanitizer sees every step beyond it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"

void target(struct text input);

/* Ends the program with what does not hold, and of what: more arguments are a format and its values. */
#define HOLDS(condition, ...)                                                                                                                                  \
	do {                                                                                                                                                   \
		if (!(condition)) {                                                                                                                            \
			fprintf(stderr, "%s:%d: does not hold: %s:", __FILE__, __LINE__, #condition);                                                          \
			fprintf(stderr, " " __VA_ARGS__);                                                                                                      \
			fputc('\n', stderr);                                                                                                                   \
			abort();                                                                                                                               \
		}                                                                                                                                              \
	} while (0)

/* Takes the input up to the next `end`, which is left out; absent when nothing is left. */
static inline struct text take_until(struct text *input, char end)
{
	if (!input->p)
		return TEXT_NONE;
	const char *found = input->n ? memchr(input->p, end, input->n) : NULL;
	struct text piece = {input->p, found ? (size_t)(found - input->p) : input->n};
	*input = found ? (struct text){found + 1, input->n - piece.n - 1} : TEXT_NONE;
	return piece;
}

/* A line for people: UTF-8 without control characters of ASCII. */
static inline bool is_line(struct text t)
{
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.p[i] < 0x20 || t.p[i] == 0x7f)
			return false;
	return utf8_valid(t.p ? t.p : "", t.n);
}
