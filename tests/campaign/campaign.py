# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""A workload that never stops, faults one after the other, and at the end the count: nothing lost, nothing doubled, nobody gone."""
import collections
import concurrent.futures
import itertools
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import threading
import time

import psycopg

from checks import check
import cluster
import events
import faults
import harness

PARTITIONS = 8
PAIRS = 0.3  # of the faults begin together with another one
RECOVERY = 90  # seconds within which daemons must have caught up after a fault
SOON = 10  # seconds within which a daemon speaks of a fault that it must have felt
FEW = 200  # faults: a short campaign
SELDOM = 8  # what takes a minute comes only so often; in a short campaign, never
NOTICED = re.compile(rb"unavailable|revoked|dropped|given up|starting")
CLOCKS = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

Outcome = collections.namedtuple("Outcome", "number title recovery felt")


def go_together(one, other):
	"""Two faults that do not handle the same things."""
	return one.split(":")[0] != other.split(":")[0] and not any(faults.KINDS[title].slow for title in (one, other))


class Member:
	"""One of the instances: a process that is started again."""

	def __init__(self, campaign, number):
		self.campaign, self.number = campaign, number
		self.process = None
		self.start()

	def start(self):
		"""Until it minds signals, SIGTERM ends the process in the system's own way."""
		self.process = self.campaign.daemon.start(under=self.campaign.under_a_clock() if self.number == 0 else ())
		harness.wait_until("the daemon minds signals", self.minds_signals, pause=0.005)

	def minds_signals(self):
		try:
			blocked = re.search(r"^SigBlk:\s*(\w+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text(), re.M)
		except FileNotFoundError:
			return True
		return self.process.poll() is not None or int(blocked[1], 16) >> signal.SIGTERM - 1 & 1

	def kill(self):
		self.process.kill()
		self.process.wait()

	def end(self):
		"""In an orderly way: anything but exit 0 is a failure."""
		self.process.terminate()
		try:
			status = self.process.wait(120)
		except subprocess.TimeoutExpired:
			self.kill()
			status = "none within 120 s"
		if status:
			self.campaign.fail(f"instance {self.number} ended after SIGTERM with status {status}")

	def mind(self):
		"""One that ended by itself is a failure, and goes on all the same."""
		if self.process.poll() is not None:
			self.campaign.fail(f"instance {self.number} ended by itself with status {self.process.returncode}")
			self.start()


class Workload(threading.Thread):
	"""Streams of all families, one after the other, evenly."""

	def __init__(self, topic, seed, rate):
		super().__init__(daemon=True)
		self.topic, self.seed, self.rate = topic, seed, rate
		self.over, self.failure, self.produced = threading.Event(), None, 0
		self.start()

	def run(self):
		records, begun = self.records(), time.monotonic()
		try:
			while not self.over.is_set():
				due = int((time.monotonic() - begun) * self.rate) - self.produced
				bit = list(itertools.islice(records, min(due, self.rate)))
				self.topic.produce(bit)
				self.produced += len(bit)
				self.over.wait(0.1)
		except Exception as failure:  # reported where the campaign ends
			self.failure = failure

	def records(self):
		for number in itertools.count():
			yield from events.stream(self.seed * 1000 + number, complaints=300, others=300, partitions=PARTITIONS)

	def finish(self):
		self.over.set()
		self.join()
		if self.failure:
			raise self.failure


class Campaign:
	def __init__(self, options):
		self.count, self.seed = options.count, options.seed
		self.failures, self.outcomes, self.notes = [], [], []
		self.begun, self.watch = time.monotonic(), None
		self.cluster = cluster.Cluster(disk=512 if self.count < FEW else 1024)
		self.clock = self.cluster.scratch / "clock"
		self.set_clock("+0")
		self.topic = harness.Topic(self.cluster, PARTITIONS)
		self.daemon = harness.Daemon(self.cluster, self.topic, batch_events=200)
		self.members = [Member(self, number) for number in range(options.instances)]
		self.schedule = self.plan(options.only)
		self.workload = Workload(self.topic, self.seed, options.rate)

	def say(self, text):
		print(f"[{time.monotonic() - self.begun:7.1f} s] {text}", flush=True)

	def fail(self, what):
		self.failures.append(what)
		self.say(f"FAIL  {what}; {self.daemon.log_tail()}")

	def note(self, text):
		"""What the fault at hand was in particular."""
		self.notes.append(text)

	# --- the plan ---

	def possible(self):
		"""The kinds of fault that can be had here; one line for each that cannot."""
		missing = {title: "only in long campaigns" for title, kind in faults.KINDS.items() if kind.slow and self.count < FEW}
		if not self.cluster.small_disks:
			missing["PostgreSQL: disk full"] = "a small file system cannot be mounted"
		if not CLOCKS:
			missing["daemon: wall clock jumps"] = "libfaketime is not installed"
		elif self.sanitized():
			missing["daemon: wall clock jumps"] = "the sanitizer and libfaketime do not go together"
		for title, why in missing.items():
			self.say(f"left out: {title}: {why}")
		return [title for title in faults.KINDS if title not in missing]

	def plan(self, only):
		"""Every kind as often as the others, in an order that the seed decides; some two at a time: [[(number, title)]]."""
		titles = [title for title in self.possible() if not only or any(part in title for part in only)]
		rng, schedule = random.Random(self.seed), []
		for turn in itertools.count(1):
			if len(schedule) >= self.count:
				break
			rng.shuffle(titles)
			schedule += [title for title in titles if not faults.KINDS[title].slow or turn % SELDOM == 0]
		numbered, groups = list(enumerate(schedule[:self.count], 1)), []
		for one in numbered:
			together = groups and len(groups[-1]) == 1 and rng.random() < PAIRS and go_together(groups[-1][0][1], one[1])
			groups.append(groups.pop() + [one] if together else [one])
		return groups

	def schedule_text(self, between, within):
		return between.join(within.join(f"{number} {title}" for number, title in group) for group in self.schedule)

	# --- what faults need ---

	@staticmethod
	def sanitized():
		return "libasan" in subprocess.run(["ldd", harness.program()], check=True, capture_output=True, encoding="utf-8").stdout

	def under_a_clock(self):
		"""The command that lets a program see the time we want; the monotonic clock stays."""
		if not CLOCKS or self.sanitized():
			return ()
		return "env", f"LD_PRELOAD={CLOCKS[0]}", f"FAKETIME_TIMESTAMP_FILE={self.clock}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"

	def set_clock(self, offset):
		"""Of the first instance; a rename, lest it reads half of it."""
		beside = self.clock.with_suffix(".new")
		beside.write_text(offset + "\n")
		beside.rename(self.clock)

	def pick(self, rng):
		return rng.choice(self.members)

	def terminate_backends(self, which="true"):
		return self.cluster.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{harness.LOGIN}' AND {which}")

	def tables(self):
		with self.cluster.connect(self.daemon.name) as connection:
			return [name for name, in connection.execute("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname LIKE 'rekap%' ORDER BY 1")]

	# --- one after the other ---

	def progress(self):
		"""As the daemon's progress(), on a connection that is kept as long as it lives and leads to the primary."""
		if not self.watch or self.watch.info.port != self.cluster.port_of[self.cluster.primary]:
			self.watch = self.cluster.connect(self.daemon.name)
		return dict(self.watch.execute("SELECT partition, next_offset FROM rekap.ingest_offset WHERE topic = %s", (self.topic.name,)).fetchall())

	def caught_up(self, target):
		for member in self.members:
			member.mind()
		try:
			progress = self.progress()
		except psycopg.OperationalError:
			self.watch = None
			return False
		return all(progress.get(number, 0) >= offset for number, offset in target.items())

	def recover(self):
		"""Seconds until everything that was there when the fault ended is counted."""
		ended, target = time.monotonic(), dict(self.topic.delivered)
		try:
			harness.wait_until("recovery", lambda: self.caught_up(target), RECOVERY)
		except TimeoutError as late:
			self.fail(f"{late}: {self.progress()} of {target}")
		return time.monotonic() - ended

	def noticed(self, since, seconds):
		"""Whether a daemon's log tells of it since then, or does so soon: they may have caught up before the one that was hit says so."""
		def told():
			with open(self.daemon.log, "rb") as log:
				log.seek(since)
				return NOTICED.search(log.read())
		try:
			return bool(harness.wait_until("a word in the log", told, seconds))
		except TimeoutError:
			return False

	def inject(self, number, title):
		try:
			faults.KINDS[title].inject(self, random.Random(f"{self.seed}/{number}"))
		except Exception as failure:  # the other faults are still worth having
			self.fail(f"fault {number}, {title}: {failure!r}")

	def suffer(self, group):
		"""One fault, or two at a time."""
		self.notes.clear()
		logged = self.daemon.log.stat().st_size
		with concurrent.futures.ThreadPoolExecutor() as pool:
			list(pool.map(lambda one: self.inject(*one), group))
		recovery = self.recover()
		felt = self.noticed(logged, SOON if any(faults.KINDS[title].felt for _, title in group) else 0)
		self.outcomes += [Outcome(number, title, recovery, felt) for number, title in group]
		self.say(" + ".join(f"{number} {title}" for number, title in group) + f"{' (' if self.notes else ''}{', '.join(self.notes)}{')' if self.notes else ''}: recovered in {recovery:.1f} s")
		self.cluster.mend()

	def run(self):
		self.say(f"{len(self.members)} instances, {self.count} faults, seed {self.seed}")
		self.say("schedule: " + self.schedule_text(", ", " + "))
		for group in self.schedule:
			self.suffer(group)
		self.workload.finish()
		harness.wait_until("the end of the topic", lambda: self.caught_up(self.topic.ends()), RECOVERY)
		for member in self.members:
			member.end()
		self.say(f"{self.workload.produced} records were produced; comparing")
		self.judge()

	# --- the end ---

	def judge(self):
		for failure in self.failures:
			check("during the campaign", False, failure)
		with self.cluster.connect(self.daemon.name) as connection:
			connection.execute("ANALYZE")  # what the server knew of its tables went with the failovers
		self.daemon.compare()
		self.check_batches()
		by_title = collections.defaultdict(list)
		for outcome in self.outcomes:
			by_title[outcome.title].append(outcome)
		for title, outcomes in by_title.items():
			if faults.KINDS[title].felt:
				check(f"{title}: felt", any(outcome.felt for outcome in outcomes), "no daemon noticed any of them")
		self.print_table(by_title)

	def check_batches(self):
		"""Each offset of each partition is in exactly one batch."""
		with self.cluster.connect(self.daemon.name) as connection:
			ranges = connection.execute("""SELECT p.partition, p.first, p.last FROM rekap.batch, jsonb_to_recordset(partitions) AS p (topic text, partition int, first bigint, last bigint)
				ORDER BY 1, 2""").fetchall()
		twice, gaps, following = 0, 0, collections.Counter()
		for partition, first, last in ranges:
			twice += max(0, following[partition] - first)
			gaps += max(0, first - following[partition])
			following[partition] = last + 1
		check(f"{sum(following.values())} offsets in {len(ranges)} ranges of batches: 0 lost, 0 doubled", not twice and not gaps, f"{gaps} lost, {twice} doubled")

	def print_table(self, by_title):
		print(f"\n{'fault':56} {'count':>5} {'felt':>5} {'median s':>9} {'maximum s':>9}")
		for title, outcomes in sorted(by_title.items()):
			seconds = [outcome.recovery for outcome in outcomes]
			print(f"{title:56} {len(outcomes):5} {sum(outcome.felt for outcome in outcomes):5} {statistics.median(seconds):9.1f} {max(seconds):9.1f}")
		print(f"{'all':56} {len(self.outcomes):5}")

	def keep(self, folder):
		"""What a failure is understood by."""
		folder.mkdir(parents=True, exist_ok=True)
		(folder / "schedule").write_text(self.schedule_text("\n", " + ") + "\n", encoding="utf-8")
		for name, path in [("rekapd.log", self.daemon.log), ("rekapd.conf", self.daemon.conf)] + [(f"postgres-{server}.log", self.cluster.folder / server / "data" / "log") for server in cluster.SERVERS] \
				+ [(f"kafka-{number}.log", self.cluster.folder / "kafka" / str(number) / "log") for number in cluster.BROKERS]:
			if path.exists():
				shutil.copyfile(path, folder / name)
		return folder
