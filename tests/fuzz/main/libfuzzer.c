// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What libFuzzer calls. */
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target((struct text){(const char *)data, size});
	return 0;
}
