#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Kafka no longer has what comes next: the daemon stops and says what is missing and what to do, whether it starts or runs; that works to the letter, and nothing is skipped unseen."""
import json
import re
import signal
import time
import subprocess

import psycopg

from checks import check, finish, same
import events
import harness

REMEDY = re.compile(r"UPDATE rekap\.ingest_offset SET next_offset = \d+ WHERE topic = '[^']+' AND partition = \d+")


class Case:
	"""A topic, a daemon, and the records that it must have counted."""

	def __init__(self, fixtures, what, partitions=2, **settings):
		self.what = what
		self.topic = harness.Topic(fixtures, partitions)
		self.daemon = harness.Daemon(fixtures, self.topic, **settings)
		self.counted = []

	def expect_stop(self, process, *sayings):
		"""It ends by itself, as one that found faults, and says so; what it printed is returned."""
		try:
			same(f"{self.what}: the daemon stops loudly", process.wait(60), 1)
		except subprocess.TimeoutExpired:
			process.kill()
			check(f"{self.what}: the daemon stops loudly", False, f"it goes on; {self.daemon.log_tail()}")
		text = self.daemon.log.read_text(encoding="utf-8", errors="replace")
		self.daemon.log.unlink()
		for saying in sayings:
			check(f"{self.what}: it says “{saying}”", saying in text, text[-2000:])
		return text

	def missing(self, number, begin, end):
		return f"{self.topic.name} [{number}]: offsets {begin} to {end - 1} are missing"

	def follow(self, text):
		"""Does what the message says, with the rights of the daemon."""
		conninfo = f"{self.daemon.fixtures.superuser.replace('user=postgres', f'user={harness.LOGIN}')} dbname={self.daemon.name}"
		with psycopg.connect(conninfo, autocommit=True) as connection:
			for remedy in sorted(set(REMEDY.findall(text))):
				same(f"{self.what}: the remedy is one row", connection.execute(remedy).rowcount, 1)

	def drain_and_compare(self, then):
		self.daemon.drain()
		self.daemon.compare_quickly(self.daemon.expected(self.counted + self.topic.records()), f"{self.what}: {then}")


def clean_stream(seed, complaints=25):
	return events.stream(seed=seed, complaints=complaints, others=10, bad=0, unknown_units=0, tombstones=0)


def at_start(fixtures):
	"""Retention was shorter than the time that the daemon was away."""
	case = Case(fixtures, "a gap at the start")
	topic, daemon = case.topic, case.daemon
	topic.produce(clean_stream(1))
	daemon.drain()
	case.counted, stored = topic.records(), topic.ends()
	lost = clean_stream(2)
	topic.produce(lost)
	low = topic.ends()
	topic.produce(clean_stream(3))
	topic.trim(low)
	partitions = [{"missing": low[row["partition"]] - stored[row["partition"]], **row} for row in json.loads(daemon.call("status", "--json", "-c", daemon.conf))["partitions"]]
	check("status counts what is missing", all(row["missing"] == low[row["partition"]] - stored[row["partition"]] for row in partitions), partitions)
	check("status says what is missing", f"missing      {topic.name} [0]: offsets {stored[0]} to {low[0] - 1}" in daemon.call("status", "-c", daemon.conf))
	text = case.expect_stop(daemon.start("--until-drained"), case.missing(0, stored[0], low[0]), case.missing(1, stored[1], low[1]))
	same("a gap at the start: nothing is counted behind it", daemon.progress(), stored)
	case.follow(text)
	daemon.drain()
	topic.produce(lost)
	case.drain_and_compare("with what was published again")


def while_running(fixtures):
	"""The daemon is behind, since an analyst holds a lock and its machine is slow, and retention overtakes it. What it has read by then counts, though Kafka has it no more."""
	case = Case(fixtures, "a gap while it runs", partitions=1, kafka={"session.timeout.ms": 60000})
	topic, daemon = case.topic, case.daemon
	process = daemon.start()
	harness.wait_until("the partition is claimed", daemon.progress)
	with fixtures.connect(daemon.name) as watching, fixtures.connect(daemon.name) as analyst, analyst.transaction():
		analyst.execute("LOCK TABLE rekap.batch")
		topic.produce(clean_stream(4))
		waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
		harness.wait_until("the daemon waits for the lock", lambda: watching.execute(waits).fetchone())
		topic.produce(clean_stream(5))
		process.send_signal(signal.SIGSTOP)
		time.sleep(2)  # what it had asked the broker for is answered by then, with nothing
		topic.produce(clean_stream(6))
		records, low = topic.records(), topic.ends()[0]
		topic.produce(clean_stream(7)[:50])
		topic.trim({0: low})
		process.send_signal(signal.SIGCONT)
		harness.wait_until("it finds the gap", lambda: 'event="fetching stops"' in daemon.log.read_text(encoding="utf-8") or process.poll() is not None)
	text = case.expect_stop(process)
	got = daemon.progress()[0]
	check("a gap while it runs: what was read is counted first", 0 < got < low, f"{got}, of {low} that are gone")
	check("a gap while it runs: it says what is missing", case.missing(0, got, low) in text, text[-2000:])
	case.counted = records[:got]
	case.follow(text)
	case.drain_and_compare("without what is missing")


def never_read(fixtures):
	"""A new partition begins where Kafka begins; from then on every record is promised, also before the first was counted."""
	case = Case(fixtures, "a gap before the first record")
	topic, daemon = case.topic, case.daemon
	topic.produce(clean_stream(7))
	begin = topic.ends()
	topic.trim(begin)
	daemon.drain()
	same("a partition that is new begins where Kafka begins", daemon.progress(), begin)
	topic.produce(clean_stream(8))
	low = topic.ends()
	topic.produce(clean_stream(9))
	topic.trim(low)
	text = case.expect_stop(daemon.start(), *(case.missing(number, begin[number], low[number]) for number in low))
	case.follow(text)
	case.drain_and_compare("without what is missing")


def made_anew(fixtures):
	"""The topic is deleted and made anew: its offsets begin again, below what is stored."""
	case = Case(fixtures, "a topic made anew")
	topic, daemon = case.topic, case.daemon
	topic.produce(clean_stream(10))
	process = daemon.start()
	harness.wait_until("the first records", daemon.is_drained)
	case.counted, stored = topic.records(), topic.ends()
	topic.remake()
	sayings = [f"{topic.name} [{number}]: offset {stored[number]} comes next, but the topic ends before 0" for number in stored]
	case.expect_stop(process, *sayings)
	topic.produce(clean_stream(11, complaints=10)[:20])
	ends = topic.ends()
	text = case.expect_stop(daemon.start("--until-drained"), *(f"{topic.name} [{number}]: offset {stored[number]} comes next, but the topic ends before {ends[number]}" for number in ends))
	case.follow(text)
	case.drain_and_compare("read from its beginning")


def main():
	fixtures = harness.Fixtures()
	for part in (at_start, while_running, never_read, made_anew):
		part(fixtures)
	finish()


if __name__ == "__main__":
	main()
