// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* A value in structured mode, with its content type and without: both decode alike. */
#include "event.h"

void target(struct text input)
{
	struct header header = {TEXT("content-type"), TEXT("application/cloudevents+json")};
	struct record bare = {.value = input}, told = {.value = input, .headers = &header, .n_headers = 1};
	struct item a, b;
	check_record(&bare);
	decode(&a, &bare, arena_number(0));
	decode(&b, &told, arena_number(1));
	check_same_verdict(&a, &b);
}
