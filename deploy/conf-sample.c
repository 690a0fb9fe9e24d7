// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Prints deploy/rekapd.conf.sample from the configuration table; a test holds the file against it. */
#include <stdio.h>

#include "common/config.h"

int main(void)
{
	config_sample(stdout);
	return fflush(stdout) ? 70 : 0;
}
