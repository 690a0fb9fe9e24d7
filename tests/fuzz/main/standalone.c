// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Where there is no libFuzzer: runs a target once over every file of the folders that are named. A folder that is not there holds nothing. */
#include <dirent.h>
#include <errno.h>
#include <time.h>

#include "../fuzz.h"
#include "common/file.h"

#define SECONDS_MAX 10 /* of the processor, for one input, under valgrind or sanitizers: milliseconds are usual */

static unsigned long inputs;

static void run_file(const char *path)
{
	struct buffer b = {0};
	struct error err = {""};
	if (file_read(path, 0, &b, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	char *exact = malloc(b.n ? b.n : 1);
	HOLDS(exact != NULL);
	memcpy(exact, buffer_view(&b).p, b.n);
	clock_t start = clock();
	target((struct text){exact, b.n});
	HOLDS(clock() - start < (clock_t)SECONDS_MAX * CLOCKS_PER_SEC, "%s takes too long", path);
	free(exact);
	buffer_deinit(&b);
	inputs++;
}

static void run_folder(const char *path)
{
	DIR *folder = opendir(path);
	HOLDS(folder || errno == ENOENT, "%s", path);
	for (const struct dirent *e; folder && (e = readdir(folder));) {
		char full[4096];
		snprintf(full, sizeof full, "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.') {
			fprintf(stderr, "%s\n", full); /* the last one named is the one that fails */
			run_file(full);
		}
	}
	if (folder)
		closedir(folder);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_folder(argv[i]);
	printf("%lu inputs\n", inputs);
	return inputs == 0;
}
