# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Those who race: each gets a fresh database, reads a topic to its end, and has its result compared with what the generator expects."""
import dataclasses
import json
import os
import shutil
import subprocess

import psycopg.sql

import harness
import usage
import workload

LIMIT = 1800  # seconds

COMMITS = "SELECT extract(epoch FROM min(committed_at))::float8, extract(epoch FROM max(committed_at))::float8 FROM rekap.batch WHERE batch_id > %s"
OFFSETS = "SELECT topic, partition, next_offset FROM rekap.ingest_offset WHERE next_offset > 0"
DAYS = "SELECT unit_code, day, measure, value FROM rekap.measure_day WHERE measure IN ('complaint.received', 'complaint.resolved') AND dimension = ''"
VALUES = """SELECT unit_code, period_start, indicator, value FROM rekap.indicator_value
	WHERE grain = 'day' AND indicator IN ('complaint.received', 'complaint.resolved') AND unit_code <> 'region'"""


@dataclasses.dataclass
class Result:
	usage: usage.Usage
	events: int
	first_commit: float | None  # seconds after the start
	last_commit: float | None
	faults: list  # what is wrong with the result


def different(what, got, want):
	"""The first differences between two mappings, in words."""
	keys = [key for key in sorted(set(got) | set(want), key=repr) if got.get(key) != want.get(key)]
	return [f"{what} {key}: {got.get(key)}, must be {want.get(key)}" for key in keys[:3]] + ([f"{what}: {len(keys)} differ"] if len(keys) > 3 else [])


class Ceiling:
	"""A part of the work, in a thread: see ceiling.c."""

	def __init__(self, bench, name, verb):
		self.bench, self.name, self.verb = bench, name, verb

	def run(self, load, before=None):
		"""Reads only the load: what others have to know before is nothing to it."""
		fixtures, database = self.bench.fixtures, f"bench_{os.getpid()}"
		with fixtures.connect() as connection:
			connection.execute(f"CREATE DATABASE {database}")
			self.bench.settle(connection)
		conninfo = [f"{fixtures.superuser} dbname={database}"] if self.verb == "copy" else []
		command = [self.bench.programs / "bench-ceiling", self.verb, fixtures.bootstrap, load.topic.name, *conninfo]
		processes = []

		def start():
			processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8"))
			self.bench.processes.extend(processes)
			return processes

		used = usage.measure(self.bench.servers, start, LIMIT)
		seen = json.loads(processes[0].stdout.read() or "{}")
		want = {"events": load.events, "bytes": load.bytes, **({"received": load.received} if self.verb == "decode" else {})}
		faults = different(self.name, {name: seen.get(name) for name in want}, want) + (self.stored(database, load) if self.verb == "copy" else [])
		with fixtures.connect() as connection:
			connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
		return Result(used, load.events, seen.get("first_commit"), None, faults)

	def stored(self, database, load):
		with self.bench.fixtures.connect(database) as connection:
			got = dict(zip(("events", "bytes"), connection.execute("SELECT count(*), sum(octet_length(event))::bigint FROM bench_event").fetchone()))
			offsets = dict(connection.execute("SELECT partition, next_offset FROM bench_offset").fetchall())
		ends = {number: end for number, end in load.topic.ends().items() if end}
		return different("stored", got, {"events": load.events, "bytes": load.bytes}) + different("offset of partition", offsets, ends)


class Installation:
	"""A database with the schema and the register, and as many daemons on it as are wanted, which read the workloads that it is given one by one."""

	def __init__(self, bench, contestant, first, years=(2023, 2026)):
		self.bench, self.contestant, self.topics = bench, contestant, []
		os.environ["REKAPD"] = str(contestant.program)
		usual = {} if bench.short else {"session.timeout.ms": 6000, "heartbeat.interval.ms": 1500}  # the program's; the tests' are shorter
		kafka = {**usual, **contestant.settings.get("kafka", {})}
		self.daemon = harness.Daemon(bench.fixtures, first.topic, units=first.units, calendar=workload.calendar(*years), threshold=0, kafka=kafka,
			**contestant.settings.get("rekapd", {}))

	def subscribe(self, load):
		kafka, more = self.daemon.settings
		self.topics.append(load.topic)
		self.daemon.configure(kafka, {**more, "topics": ",".join(topic.name for topic in self.topics)})

	def drain(self, load, instances=1):
		"""Reads the load besides what was read before."""
		self.subscribe(load)
		with self.bench.fixtures.connect(self.daemon.name) as connection:
			self.bench.settle(connection)
			last, = connection.execute("SELECT coalesce(max(batch_id), 0) FROM rekap.batch").fetchone()
		started = []

		def start():
			os.environ["REKAPD"] = str(self.contestant.program)
			started.extend(self.daemon.start("--until-drained") for _ in range(instances))
			return started

		used = usage.measure(self.bench.servers, start, LIMIT)
		faults = [f"exit {process.returncode}; {self.daemon.log_tail()}" for process in started if process.returncode]
		with self.bench.fixtures.connect(self.daemon.name) as connection:
			commits = connection.execute(COMMITS, (last,)).fetchone()
		return Result(used, load.events, *(time and time - used.begun for time in commits), faults)

	def faults(self, expected, views=True):
		"""What is not as it must be: offsets, rejects, and the figures in both views (the second takes long where there are many)."""
		with self.bench.fixtures.connect(self.daemon.name) as connection:
			offsets = {(topic, partition): end for topic, partition, end in connection.execute(OFFSETS)}
			rejects = dict(connection.execute("SELECT reason, count(*) FROM rekap.reject GROUP BY 1").fetchall())
			days = by_unit_and_day(connection.execute(DAYS))
			values = by_unit_and_day(connection.execute(VALUES)) if views else expected
		ends = {(topic.name, number): end for topic in self.topics for number, end in topic.ends().items() if end}
		return (different("offset", offsets, ends) + different("rejected", rejects, {})
			+ different("measure_day", days, expected) + different("indicator_value", values, expected))

	def drop(self):
		with self.bench.fixtures.connect() as connection:
			connection.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(self.daemon.name)))
		shutil.rmtree(self.daemon.folder)


def by_unit_and_day(rows):
	"""{(unit, day): (received, resolved)}"""
	found = {}
	for unit, day, measure, value in rows:
		received, resolved = found.get((unit, day), (0, 0))
		found[unit, day] = (received, int(value)) if measure.endswith("resolved") else (int(value), resolved)
	return {key: values for key, values in found.items() if any(values)}


class Rekapd:
	"""A program and its settings: {"rekapd": {key: value}, "kafka": {…}}."""

	def __init__(self, bench, name, program, settings):
		self.bench, self.name, self.program, self.settings = bench, name, program, settings

	def run(self, load, before=None, instances=1):
		"""Reads the load; untimed, what must have been counted before it."""
		place = Installation(self.bench, self, load)
		faults = place.drain(before).faults if before else []
		result = place.drain(load, instances)
		result.faults += faults + place.faults(load.figures)
		place.drop()
		return result
