// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "common/clock.h"
#include "tests/unit/pipeline/fake.h"

struct store {
	char unused;
};

static int broken(const char *rule)
{
	if (!fake.broken)
		fake.broken = rule;
	return -1;
}

void fake_steal(int32_t partition)
{
	fake.partitions[partition].epoch++;
}

int store_connect(struct store *s, struct error *err)
{
	(void)s;
	(void)err;
	return 0;
}

int store_claim(struct store *s, const char *topic, int32_t partition, int64_t *next, struct error *err)
{
	struct fake_partition *p = &fake.partitions[partition];
	int r = fake.on_claim ? fake.on_claim(++fake.claims) : 0;
	(void)s;
	(void)topic;
	if (r)
		return error_set(err, r, "the claim fails");
	if (!p->epoch && *next < 0)
		return error_set(err, STORE_NEW, "the partition is new");
	p->mine = ++p->epoch;
	*next = p->next;
	return 0;
}

void store_release(struct store *s)
{
	(void)s;
	for (int32_t i = 0; i < fake.n_partitions; i++)
		fake.partitions[i].mine = 0;
}

void store_cancel(struct store *s)
{
	(void)s;
	atomic_fetch_add(&fake.cancels, 1);
}

bool fake_wait_cancel(void)
{
	for (int i = 0; i < 1000 && !atomic_load(&fake.cancels); i++)
		clock_sleep(10000);
	return atomic_load(&fake.cancels) > 0;
}

static bool fenced(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct fake_partition *p = &fake.partitions[b->items[i].record.partition];
		if (p->mine != p->epoch)
			return true;
	}
	return false;
}

static int count(const struct record *r)
{
	struct fake_partition *p = &fake.partitions[r->partition];
	if (r->offset < p->next)
		return broken("a record is committed twice");
	if (r->offset != (p->next + 1) / 2 * 2) /* the next even offset */
		return broken("records are left out");
	for (size_t i = 0; i < r->value.n; i++)
		if (r->value.p[i] != 'x')
			return broken("a record changed before it was committed");
	p->counted[r->offset / 2]++;
	p->next = r->offset + 1;
	return 0;
}

int store_commit(struct store *s, const struct batch *b, struct store_commit *ret, struct error *err)
{
	int r = fake.on_commit ? fake.on_commit(atomic_fetch_add(&fake.commits, 1) + 1, b) : 0;
	(void)s;
	if (b->n > fake.batch_most)
		fake.batch_most = b->n;
	if (r)
		return error_set(err, r, "the commit fails");
	if (fenced(b))
		return error_set(err, STORE_FENCED, "another has the partition");
	for (size_t i = 0; i < b->n; i++)
		if (count(&b->items[i].record) < 0)
			return error_set(err, -1, "%s", fake.broken);
	*ret = (struct store_commit){.batch_id = fake.batches_taken++, .rejected = (int64_t)b->n};
	return 0;
}

int64_t fake_counted(void)
{
	int64_t n = 0;
	for (int32_t i = 0; i < fake.n_partitions; i++)
		for (int64_t k = 0; k < fake.partitions[i].n; k++)
			n += fake.partitions[i].counted[k];
	return n;
}

bool fake_counted_once(void)
{
	for (int32_t i = 0; i < fake.n_partitions; i++)
		for (int64_t k = 0; k < fake.partitions[i].n; k++)
			if (fake.partitions[i].counted[k] != 1)
				broken("a record is not counted exactly once");
	return !fake.broken;
}
