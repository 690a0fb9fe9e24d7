// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The n-th allocation fails, for every n, in what the store does without a server; the rest is tests/integration/store/memory.c. */
#include "tests/unit/scarce.h"
#include "tests/unit/suite.h"
#include "daemon/store/postgres.h"
#include "daemon/store/store.h"

static int attempt_store(struct error *err)
{
	struct store *s = NULL;
	int r = store_new("host=/nonexistent dbname=x", "owner", &s, err);
	r = scarce_untouched(r, !s);
	store_free(s);
	return r;
}

static int attempt_connection(struct error *err)
{
	struct pg *pg = NULL;
	int r = pg_new("postgresql://localhost/x", &pg, err);
	r = scarce_untouched(r, !pg);
	pg_free(pg);
	return r;
}

START_TEST(making_them)
{
	scarce_each(attempt_store, 10, SCARCE_KEEPS);
	scarce_each(attempt_connection, 2, SCARCE_KEEPS);
}
END_TEST

static int attempt_wire(struct error *err)
{
	struct buffer b = {0};
	wire_copy_head(&b);
	wire_copy_row(&b, 8);
	wire_null(&b);
	wire_text(&b, TEXT("a text of some length, so that the buffer has to grow for it"));
	wire_int4(&b, 1);
	wire_int8(&b, 2);
	wire_day(&b, 3);
	wire_time(&b, 4);
	wire_numeric(&b, decimal_of(5));
	size_t begun = wire_array_begin(&b, WIRE_TEXT, 40);
	for (int i = 0; i < 40; i++)
		wire_text(&b, TEXT("element"));
	wire_array_nulls(&b, begun);
	wire_array_end(&b, begun);
	wire_copy_tail(&b);
	int r = b.failed ? error_set(err, -ENOMEM, "out of memory") : scarce_right(b.n > 400);
	buffer_deinit(&b);
	return r;
}

START_TEST(values)
{
	scarce_each(attempt_wire, 4, 0);
}
END_TEST

SUITE("memory", making_them, values)
