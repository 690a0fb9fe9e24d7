# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""What the system tests share: a real Kafka and a real PostgreSQL, topics, daemons, and the comparison of every table with the oracle.

    fixtures = Fixtures()                       # those of run-all where it started some, else own ones until the test ends
    topic = Topic(fixtures, partitions=8)
    topic.produce(events.stream(1, 500))
    daemon = Daemon(fixtures, topic)            # a database and a consumer group of its own
    daemon.drain()
    daemon.compare()

REKAPD names the program. REKAPD_SYSTEM_FIXTURES names the folder of fixtures that somebody else starts and stops.
"""
import atexit
import collections
import datetime
import decimal
import fcntl
import fractions
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import confluent_kafka
import confluent_kafka.admin
import psycopg

from checks import check
import events
import oracle

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = ROOT.parent / "shared" / "data"
RULESET = ROOT / "schemas" / "rulesets" / "rekap-2024.json"
LOGIN = "rekapd_system_test"
AS_OF = datetime.date(2025, 6, 30)
MAX_SHOWN = 10

_numbers = itertools.count(1)
_processes = []


def _kill_processes():
	for process in _processes:
		if process.poll() is None:
			process.kill()
			process.wait()


def program():
	path = os.environ.get("REKAPD")
	if not path or not os.access(path, os.X_OK):
		sys.exit("REKAPD must name the program rekapd")
	return path


def run(*command, **how):
	return subprocess.run([str(part) for part in command], check=True, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL, **how).stdout


def wait_until(what, condition, seconds=120, pause=0.05):
	"""Polls until the condition holds, and returns what it gave."""
	end = time.monotonic() + seconds
	while True:
		found = condition()
		if found:
			return found
		if time.monotonic() > end:
			raise TimeoutError(f"{what}: not within {seconds} s")
		time.sleep(pause)


def memory_kb(process):
	"""What a process has in memory."""
	with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
		return next((int(line.split()[1]) for line in status if line.startswith("VmRSS:")), 0)


def cpu_seconds(process):
	"""The processor time that it has used."""
	with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
		return sum(map(int, stat.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


class Fixtures:
	"""Kafka and PostgreSQL in a folder. Private ones may offer more protocols, and `furnish(folder)` may put files there before they are set up: see kafka and postgres."""

	protocols = ()
	copies = 1  # of each partition

	def __init__(self, private=False, protocols=(), furnish=None):
		program()
		self.protocols = protocols
		given = None if private else os.environ.get("REKAPD_SYSTEM_FIXTURES")
		self.folder = pathlib.Path(given and os.path.realpath(given) or tempfile.mkdtemp(prefix="rekapd-system."))
		if given:
			self.scratch = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
			self.bootstrap = (self.folder / "bootstrap").read_text().strip()
			self.superuser = (self.folder / "conninfo").read_text().strip()
			atexit.register(shutil.rmtree, self.scratch, ignore_errors=True)
		else:
			self.folder.chmod(0o755)  # the server runs as another user when the test runs as root
			atexit.register(self.down)
			if furnish:
				furnish(self.folder)
			self.up()
			self.scratch = self.folder / "scratch"
			self.scratch.mkdir()
		atexit.register(_kill_processes)
		for number in (signal.SIGTERM, signal.SIGHUP):
			signal.signal(number, lambda number, frame: sys.exit(128 + number))

	def kafka(self, verb, *arguments):
		return run(HERE / "kafka", verb, self.folder / "kafka", *arguments)

	def postgres(self, verb):
		return run(HERE / "postgres", verb, self.folder / "postgres")

	def up(self):
		starting = subprocess.Popen([HERE / "kafka", "up", self.folder / "kafka", *self.protocols], stdout=subprocess.PIPE, encoding="utf-8", stdin=subprocess.DEVNULL)
		self.superuser = self.postgres("up").strip()
		self.bootstrap = starting.communicate()[0].strip()
		if starting.returncode:
			sys.exit("Kafka did not start")
		(self.folder / "bootstrap").write_text(self.bootstrap + "\n")
		(self.folder / "conninfo").write_text(self.superuser + "\n")

	def down(self):
		for name in ("kafka", "postgres"):
			subprocess.run([HERE / name, "down", self.folder / name], check=False, capture_output=True)
		shutil.rmtree(self.folder, ignore_errors=True)

	def for_daemons(self):
		"""Where daemons find Kafka and PostgreSQL."""
		return self.bootstrap, self.superuser.replace("user=postgres", f"user={LOGIN}")

	def connect(self, database="postgres"):
		connection = psycopg.connect(f"{self.superuser} dbname={database}", autocommit=True, options="-c timezone=UTC")
		return connection


def at(folder, verb):
	"""Starts or stops the fixtures in a folder, for run-all."""
	fixtures = Fixtures.__new__(Fixtures)
	fixtures.folder = pathlib.Path(folder)
	getattr(fixtures, verb)()


class Producing(threading.Thread):
	"""Produces a stream bit by bit, beside what the test does."""

	def __init__(self, topic, records, seconds, bits=100):
		super().__init__(daemon=True)
		self.topic, self.seconds, self.failure = topic, seconds, None
		size = -(-len(records) // bits)
		self.bits = [records[i:i + size] for i in range(0, len(records), size)]
		self.start()

	def run(self):
		begun = time.monotonic()
		try:
			for number, bit in enumerate(self.bits):
				time.sleep(max(0, begun + self.seconds * number / len(self.bits) - time.monotonic()))
				self.topic.produce(bit)
		except Exception as failure:  # reported where the test waits for the end
			self.failure = failure

	def finish(self):
		self.join()
		if self.failure:
			raise self.failure


class Topic:
	"""A topic of the test's own."""

	def __init__(self, fixtures, partitions=8, name=None):
		self.fixtures, self.partitions = fixtures, partitions
		self.name = name or f"opd.complaint.{os.getpid()}.{next(_numbers)}"
		self.admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": fixtures.bootstrap, "log_level": 0})
		self.make()
		self.delivered = {}  # {partition: offset after the last record that was confirmed}
		self.failed = []
		# Idempotent: the order of a partition is the order of this list, through any restart of the broker.
		self.producer = confluent_kafka.Producer({"bootstrap.servers": fixtures.bootstrap, "enable.idempotence": True, "message.max.bytes": 4000000, "linger.ms": 5,
			"partitioner": "murmur2_random", "log_level": 0})

	def make(self):
		for made in self.admin.create_topics([confluent_kafka.admin.NewTopic(self.name, self.partitions, self.fixtures.copies)], operation_timeout=30).values():
			made.result()

	def _on_delivery(self, error, message):
		if error:
			self.failed.append(error)
		else:
			self.delivered[message.partition()] = message.offset() + 1

	def produce(self, records):
		for sent in records:
			where = {} if sent.partition is None else {"partition": sent.partition}
			while True:
				try:
					self.producer.produce(self.name, sent.value, sent.key, headers=sent.headers or None, on_delivery=self._on_delivery, **where)
					break
				except BufferError:
					self.producer.poll(0.1)
			self.producer.poll(0)
		left = self.producer.flush(120)
		if left or self.failed:
			raise RuntimeError(f"{left} records not produced, {self.failed[:3]}")

	def consumer(self):
		return confluent_kafka.Consumer({"bootstrap.servers": self.fixtures.bootstrap, "group.id": "unused", "enable.auto.commit": False, "fetch.wait.max.ms": 20, "receive.message.max.bytes": 1000000000})

	def bounds(self):
		"""{partition: (offset of the first record, offset after the last record)}"""
		consumer = self.consumer()
		bounds = {number: consumer.get_watermark_offsets(confluent_kafka.TopicPartition(self.name, number), timeout=30) for number in range(self.partitions)}
		consumer.close()
		return bounds

	def ends(self):
		"""{partition: offset after the last record}"""
		return {number: high for number, (_, high) in self.bounds().items()}

	def trim(self, offsets):
		"""Deletes the records before these offsets, as retention does."""
		self.fixtures.kafka("trim", self.name, *(offsets[number] for number in range(self.partitions)))

	def remake(self):
		"""Deletes the topic and makes it anew, empty."""
		for gone in self.admin.delete_topics([self.name], operation_timeout=30).values():
			gone.result()
		wait_until("the topic is gone", lambda: self.name not in self.admin.list_topics(timeout=30).topics)
		self.make()

	def records(self):
		"""All records as they are in Kafka, by partition and offset."""
		bounds, found = self.bounds(), []
		consumer = self.consumer()
		consumer.assign([confluent_kafka.TopicPartition(self.name, number, low) for number, (low, _) in bounds.items()])
		while len(found) < sum(high - low for low, high in bounds.values()):
			for message in consumer.consume(2000, 0.2):
				if message.error():
					raise RuntimeError(message.error())
				found.append(oracle.Record(message.topic(), message.partition(), message.offset(), message.key(), message.value(), message.headers()))
		consumer.close()
		return sorted(found, key=lambda record: (record.partition, record.offset))


class Daemon:
	"""A database, a consumer group, a configuration; and rekapd with these, as many times as wanted at once."""

	def __init__(self, fixtures, topic, units=None, calendar=None, rulesets=None, zone="Asia/Jakarta", as_of=AS_OF, threshold=5, kafka=(), **settings):
		self.fixtures, self.topic = fixtures, topic
		self.name = f"rekapd_{os.getpid()}_{next(_numbers)}"
		self.folder = fixtures.scratch / self.name
		self.folder.mkdir()
		self.units = units or events.units()
		self.calendar = calendar or events.calendar()
		self.rulesets = rulesets or [json.loads(RULESET.read_text(encoding="utf-8"))]
		self.zone, self.as_of, self.threshold = zone, as_of, threshold
		self.log = self.folder / "log"
		with fixtures.connect() as connection:
			connection.execute(f"CREATE DATABASE {self.name}")
		self.configure(kafka, settings)
		self.migrate()
		self.load_units(self.units)

	def reconfigure(self, calendar, rulesets):
		"""Other files, which the next start reads."""
		self.calendar, self.rulesets = calendar, rulesets
		self.configure(*self.settings)

	def configure(self, kafka, more):
		self.settings = kafka, more
		events.write_calendar(self.folder / "calendar.csv", self.calendar)
		paths = []
		for number, ruleset in enumerate(self.rulesets):
			paths.append(self.folder / f"ruleset-{number}.json")
			paths[-1].write_text(json.dumps(ruleset), encoding="utf-8")
		bootstrap, server = self.fixtures.for_daemons()
		# Sessions short, so that a test need not wait long for a killed member to be missed.
		properties = {"bootstrap.servers": bootstrap, "group.id": self.name, "session.timeout.ms": 1500, "heartbeat.interval.ms": 300, **dict(kafka)}
		settings = {"topics": self.topic.name, "timezone": self.zone, "as_of": self.as_of, "suppression_threshold": self.threshold, "ruleset": ",".join(map(str, paths)),
			"calendar": self.folder / "calendar.csv", **more}
		sections = {"kafka": properties, "postgres": {"conninfo": f"{server} dbname={self.name}"}, "rekapd": settings}
		self.conf = self.folder / "rekapd.conf"
		self.conf.write_text("".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for section, keys in sections.items()), encoding="utf-8")

	def environment(self):
		return {name: value for name, value in os.environ.items() if not name.startswith(("REKAPD_", "PG"))}

	def attempt(self, *arguments):
		"""Runs a verb to its end, however it ends."""
		return subprocess.run([program(), *map(str, arguments)], capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, env=self.environment(), check=False)

	def call(self, *arguments):
		"""Runs a verb to its end; its output."""
		result = self.attempt(*arguments)
		if result.returncode:
			raise RuntimeError(f"rekapd {arguments[0]}: exit {result.returncode}: {(result.stderr or result.stdout)[-2000:]}")
		return result.stdout

	def outputs(self, values):
		"""Yields what each verb prints that looks at the database, or at these values as its input: (verb, bytes)."""
		case = self.folder / "case"
		case.mkdir()
		lines = case / "events.ndjson"
		lines.write_bytes(b"\n".join(value.replace(b"\n", b" ") for value in values if value))
		(case / "expect.json").write_text('{"complaint": [{"complaint_id": "none of these"}], "reject": []}', encoding="utf-8")
		events.write_units(case / "units.csv", self.units)
		conf = ("-c", self.conf)
		for verb in (("status", *conf), ("status", "--json", *conf), ("check", *conf), ("verify", *conf), ("rejects", "list", *conf), ("validate", *conf, lines), ("publish", *conf, lines), ("test", case)):
			ran = subprocess.run([program(), *map(str, verb)], capture_output=True, stdin=subprocess.DEVNULL, env=self.environment(), check=False)
			yield verb[0], ran.stdout + ran.stderr

	def migrate(self):
		# Roles are common to all databases of a server, and tests that run at once make the same ones.
		with open(self.fixtures.folder / "roles.lock", "w", encoding="ascii") as lock:
			fcntl.flock(lock, fcntl.LOCK_EX)
			self.call("migrate", "-c", self.conf, "--set", f"postgres.conninfo={self.fixtures.superuser} dbname={self.name}")
			with self.fixtures.connect() as connection:
				if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (LOGIN,)).fetchone():
					connection.execute(f"CREATE ROLE {LOGIN} LOGIN IN ROLE rekap_writer")

	def load_units(self, rows):
		self.units = rows
		events.write_units(self.folder / "units.csv", rows)
		return self.call("units", "-c", self.conf, self.folder / "units.csv")

	def start(self, *options, verb="run", under=(), **how):
		"""Starts a daemon, or another verb, which writes to the log; `under`: the command that runs it."""
		with open(self.log, "ab") as log:
			process = subprocess.Popen([*under, program(), verb, *options, "-c", self.conf], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(), start_new_session=True,
				**how)
		_processes.append(process)
		return process

	def drain(self, seconds=240):
		"""Runs until everything is read."""
		self.end(self.start("--until-drained"), seconds)

	def stop(self, process, seconds=120):
		"""Asks a daemon to end in an orderly way."""
		process.terminate()
		self.end(process, seconds)

	def end(self, process, seconds):
		try:
			status = process.wait(seconds)
		except subprocess.TimeoutExpired:
			process.kill()
			process.wait()
			raise RuntimeError(f"rekapd did not end within {seconds} s; {self.log_tail()}") from None
		if status:
			raise RuntimeError(f"rekapd: exit {status}; {self.log_tail()}")

	def log_tail(self):
		return "its log ends: " + self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

	def progress(self, connection=None):
		"""{partition: next offset} as committed."""
		with connection or self.fixtures.connect(self.name) as connection:
			return dict(connection.execute('SELECT partition, next_offset FROM rekap.ingest_offset WHERE topic = %s', (self.topic.name,)).fetchall())

	def is_drained(self, ends=None):
		ends, progress = ends or self.topic.ends(), self.progress()
		return all(progress.get(number, 0) == end for number, end in ends.items())

	def world(self):
		return oracle.World(self.units, self.rulesets, self.calendar, self.zone, self.as_of, self.threshold)

	def expected(self, records=None):
		return oracle.compute(self.topic.records() if records is None else records, self.world())

	def table(self, name, columns):
		with self.fixtures.connect(self.name) as connection:
			listed = ", ".join(f'"{column}"' for column in columns)
			return [tuple(oracle.microseconds(item) if isinstance(item, datetime.datetime) else item for item in row) for row in connection.execute(f"SELECT {listed} FROM rekap.{name}")]

	def compare_quickly(self, expected=None, what=""):
		"""All tables but the one that follows from the others and takes the longest."""
		expected = expected or self.expected()
		self.compare(expected, what, expected.keys() - {"indicator_value"})

	def compare(self, expected=None, what="", tables=None):
		"""Compares every table, row by row, with the oracle, and the offsets with the ends of the topic; prints some of the differences."""
		ends = self.topic.ends()
		expected = expected or self.expected()
		for name, table in expected.items():
			if tables is None or name in tables:
				try:
					found = differences(table, self.table(name, table.columns))
				except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as missing:
					found = [str(missing)]
				check(f"{what}{': ' if what else ''}{name}: {len(table.rows)} rows", not found, f"{len(found)} differences")
				for line in found[:MAX_SHOWN]:
					print(f"      {line:.600}")
		progress = self.progress()
		check(f"{what}{': ' if what else ''}every record is counted", all(progress.get(number, 0) == end for number, end in ends.items()), f"offsets {progress}, ends {ends}")
		log = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
		faults = [line for line in log.splitlines() if "Sanitizer" in line or "runtime error:" in line]
		check(f"{what}{': ' if what else ''}no sanitizer complains", not faults, faults[:3])


def shown(value):
	"""Figures as they are commonly written."""
	if isinstance(value, (fractions.Fraction, decimal.Decimal)):
		return str(value)
	return str(value) if isinstance(value, datetime.date) else repr(value)


def row_text(table, row):
	return ", ".join(f"{column} {shown(value)}" for column, value in zip(table.columns, row))


def differences(table, rows):
	"""Lines that tell the rows which are missing, unexpected or different."""
	want, got = collections.defaultdict(list), collections.defaultdict(list)
	for row in table.rows:
		want[row[:table.key]].append(row)
	for row in rows:
		got[row[:table.key]].append(row)
	found = []
	for key in sorted(set(want) | set(got), key=repr):
		if key not in got:
			found.append(f"missing: {row_text(table, want[key][0])}")
			continue
		if key not in want:
			found.append(f"unexpected: {row_text(table, got[key][0])}")
			continue
		if len(got[key]) != len(want[key]):
			found.append(f"{len(got[key])} times instead of {len(want[key])}: {key}")
			continue
		# Parts of keys that hold the joining character make equal keys of different rows.
		for wanted, there in zip(sorted(want[key], key=repr), sorted(got[key], key=repr)) if len(want[key]) > 1 else ((want[key][0], got[key][0]),):
			if wanted != there:
				changed = "; ".join(f"{column} is {shown(is_)}, must be {shown(must)}" for column, must, is_ in zip(table.columns, wanted, there) if must != is_)
				found.append(f"{key}: {changed}")
	return found
