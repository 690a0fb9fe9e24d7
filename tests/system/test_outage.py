#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""PostgreSQL is away for longer than max.poll.interval.ms while records go on arriving, then Kafka is: the daemon stays, rejects nothing, keeps its place in the group, holds its
memory, waits quietly and idly, and catches up."""
import argparse
import os
import time

import confluent_kafka.admin

from checks import check, finish
import events
import harness

PADDED, PADDED_A_SECOND, PADDING = 2000, 10, 20000  # large records, at least; bytes in each, which rekapd reads and forgets
GROWTH_KB = 24 * 1024  # of what it might hold: far less than what arrives
LINES, LINES_A_MINUTE = 12, 12
CPU_SHARE = 0.1

# What a sanitizer keeps of freed memory would hide what the daemon itself holds.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1")))


def padded(count):
	"""Large records: a fact each, with a field that no schema knows."""
	begin, unit = events.us("2024-05-06T00:00:00"), events.unit_code(2)
	data = {"unit": unit, "channel": "web", "class": "complaint", "padding": "x" * PADDING}
	return [events.record(events.Fact("received", begin + i * events.SECOND, f"padded-{i}", "/contoh", dict(data, complaint_id=f"padded-{i}"))) for i in range(count)]


def member_ids(fixtures, group):
	admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": fixtures.bootstrap})
	return sorted(member.id for found in admin.list_groups(group, timeout=30) for member in found.members)


class Outage:
	"""What the daemon does from the moment something goes until it is back."""

	def __init__(self, what, daemon, process, seconds):
		self.what, self.daemon, self.process, self.seconds = what, daemon, process, seconds
		self.start = harness.memory_kb(process)
		self.lines, self.assignments = self.log(), self.rebalances()
		self.samples = []

	def log(self):
		return self.daemon.log.read_text(encoding="utf-8", errors="replace").splitlines()

	def rebalances(self):
		return sum("partitions assigned" in line or "partitions revoked" in line for line in self.log())

	def wait(self):
		begun, half_cpu = time.monotonic(), None
		while time.monotonic() - begun < self.seconds and self.process.poll() is None:
			time.sleep(min(2, self.seconds / 40))
			self.samples.append(harness.memory_kb(self.process))
			if half_cpu is None and time.monotonic() - begun > self.seconds / 2:
				half_cpu, half = harness.cpu_seconds(self.process), time.monotonic()
		check(f"{self.what}: the daemon stays", self.process.poll() is None, self.daemon.log_tail())
		self.cpu = (harness.cpu_seconds(self.process) - half_cpu) / (time.monotonic() - half)
		self.told = len(self.log()) - len(self.lines)

	def judge(self):
		half = len(self.samples) // 2
		plateau, end = max(self.samples[:half]), max(self.samples[half:])
		print(f"      {self.what}, {self.seconds:g} s: memory {self.start} kB at the start, {plateau} kB in the first half, {end} kB in the second; "
			f"{self.told} lines logged, {self.cpu:.2%} of a processor while waiting")
		check(f"{self.what}: memory is bounded", plateau - self.start < GROWTH_KB, f"{self.start} → {plateau} kB")
		check(f"{self.what}: memory is flat", end - plateau < GROWTH_KB / 8, f"{plateau} → {end} kB")
		check(f"{self.what}: it waits idly", self.cpu < CPU_SHARE, f"{self.cpu:.2%} of a processor")
		check(f"{self.what}: it waits quietly", self.told <= LINES + LINES_A_MINUTE * self.seconds / 60, self.log()[len(self.lines):][:30])


def catch_up(what, daemon, process):
	begun = time.monotonic()
	harness.wait_until("the end of the topic", lambda: daemon.is_drained() or process.poll() is not None, seconds=240, pause=0.2)
	print(f"      {what}: caught up in {time.monotonic() - begun:.1f} s")
	check(f"{what}: the daemon goes on", process.poll() is None, daemon.log_tail())


def without_postgres(fixtures, topic, daemon, process, seconds, records):
	outage, members = Outage("without PostgreSQL", daemon, process, seconds), member_ids(fixtures, daemon.name)
	fixtures.postgres("kill")
	producing = harness.Producing(topic, records, seconds=seconds * 0.8, bits=200)
	outage.wait()
	producing.finish()
	check("without PostgreSQL: the group is as it was", len(members) == 1 and member_ids(fixtures, daemon.name) == members, members)
	fixtures.postgres("start")
	catch_up("PostgreSQL is back", daemon, process)
	outage.judge()
	check("without PostgreSQL: no rebalance", outage.rebalances() == outage.assignments, daemon.log_tail())


def without_kafka(fixtures, topic, daemon, process, seconds, records):
	outage = Outage("without Kafka", daemon, process, seconds)
	fixtures.kafka("kill")
	outage.wait()
	fixtures.kafka("start")
	topic.produce(records)
	catch_up("Kafka is back", daemon, process)
	outage.judge()


def main():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("--seconds", type=float, default=10, help="how long each is away (600 for the long form)")
	parser.add_argument("--only", choices=("postgres", "kafka"), help="one of the two outages")
	options = parser.parse_args()
	fixtures = harness.Fixtures(private=True)  # other tests must not lose theirs
	topic = harness.Topic(fixtures, partitions=4)
	kafka = {"max.poll.interval.ms": int(min(300, options.seconds / 3) * 1000), "queued.max.messages.kbytes": 4096}
	daemon = harness.Daemon(fixtures, topic, batch_events=500, batch_bytes=1 << 20, kafka=kafka)
	process = daemon.start()
	records = events.stream(seed=6, complaints=120, others=120, partitions=4)
	part, large = len(records) // 3, padded(max(PADDED, int(PADDED_A_SECOND * options.seconds)))
	topic.produce(records[:part] + large[:200])
	harness.wait_until("the first records", daemon.is_drained)
	if options.only != "kafka":
		without_postgres(fixtures, topic, daemon, process, options.seconds, events.shuffled(records[part:2 * part] + large[200:], 1))
	if options.only != "postgres":
		without_kafka(fixtures, topic, daemon, process, options.seconds, records[2 * part:])
	daemon.stop(process)
	daemon.compare_quickly()
	finish()


if __name__ == "__main__":
	main()
