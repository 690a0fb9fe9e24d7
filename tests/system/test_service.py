#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""What the service manager is told, and when: ready, catching up with rate and time left, the store away, reloading, draining, alive; and nothing while nothing happens. The unit is one that
systemd accepts, and a terminal sees the same figures."""
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from checks import check, finish, same
import events
import harness

BACKLOG = 30000
PACE = r"(\d[\d ]*) records a second, (\d[\d ]*) to go, about \d+ (?:s|min)"
LINE = re.compile(r"(\d[\d ]*) records, (\d[\d ]*) a second, (\d[\d ]*) to go, about \d+ (?:s|min)")
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
QUIET = 12  # seconds, in which an idle daemon also asks the store whether its claims hold


def number(grouped):
	return int(grouped.replace(" ", ""))


def registrations(begin, count):
	"""That many cases, a fact each."""
	at, unit = events.us("2024-05-06T00:00:00"), events.unit_code(2)
	return [events.record(events.Fact("received", at + i * events.SECOND, f"case-{i}", "/contoh", {"unit": unit, "channel": "web", "class": "complaint", "complaint_id": f"case-{i}"}))
		for i in range(begin, begin + count)]


class Manager(threading.Thread):
	"""A service manager: keeps what it is told, with the time. Daemons that are started later tell it."""

	def __init__(self, fixtures, watchdog=None):
		super().__init__(daemon=True)
		self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		path = fixtures.scratch / f"notify-{time.monotonic_ns()}"
		self.socket.bind(str(path))
		os.environ["NOTIFY_SOCKET"] = str(path)
		os.environ.pop("WATCHDOG_USEC", None)
		if watchdog:
			os.environ["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
		self.told = []
		self.start()

	def run(self):
		while True:
			message = self.socket.recv(4096).decode()
			self.told.append((time.monotonic(), message))

	def messages(self, pattern=""):
		"""(when, match) of all that match as a whole."""
		return [(when, match) for when, message in list(self.told) for match in [re.fullmatch(pattern, message)] if match]

	def wait(self, pattern, seconds=60, after=0.0):
		"""When it was told, and what."""
		return harness.wait_until(f"the manager is told {pattern}", lambda: next(((when, match) for when, match in self.messages(pattern) if when >= after), None), seconds)

	def statuses(self):
		return [(when, match[1]) for when, match in self.messages(r"(?s:(?:STOPPING=1\n)?STATUS=(.*))")]


def switches(process):
	"""How often its main thread has waited for something."""
	with open(f"/proc/{process.pid}/task/{process.pid}/status", encoding="ascii") as status:
		return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))


def catching_up(fixtures):
	manager = Manager(fixtures)
	topic = harness.Topic(fixtures, partitions=2)
	topic.produce(registrations(0, BACKLOG))
	daemon = harness.Daemon(fixtures, topic, batch_events=50)
	process = daemon.start()
	manager.wait("READY=1")
	manager.wait(f"STATUS=up to date: last commit {TIME}", 240)
	paces = [(when, number(pace[1]), number(pace[2])) for when, pace in manager.messages(f"STATUS=catching up: {PACE}")]
	check(f"it tells rate, lag and time left while it catches up: {len(paces)} times", paces, manager.told)
	check("what is left becomes less", all(0 < left <= BACKLOG for _, _, left in paces) and all(left > later for (_, _, left), (_, _, later) in zip(paces, paces[1:])), paces)
	strange = []
	for when, rate, left in paces:
		past = [(when - earlier, more - left) for earlier, _, more in paces if 9 < when - earlier < 11]
		if past and not any(0.7 < rate / (stored / took) < 1.4 for took, stored in past):
			strange.append((rate, past))
	check("the rate is that of the last ten seconds", not strange, strange)
	log = daemon.log.read_text(encoding="utf-8", errors="replace")
	progress = [line for line in log.splitlines() if 'event="progress"' in line and " lag=0" not in line]
	check("the log tells rate and time left, too", all(re.search(r" rate=\d+ eta_seconds=\d+$", line) for line in progress), progress)

	harness.wait_until("all is counted", daemon.is_drained)
	time.sleep(2)
	before, told = switches(process), len(manager.told)
	time.sleep(QUIET)
	same(f"idle, it tells nothing for {QUIET} s", manager.told[told:], [])
	waits = switches(process) - before
	check(f"idle, it does not wake to see whether there is something to tell: {waits} times", waits < QUIET / 2, waits)

	process.send_signal(signal.SIGHUP)
	when, reloading = manager.wait(r"RELOADING=1\nMONOTONIC_USEC=(\d+)")
	check("reloading is stamped with the time", abs(int(reloading[1]) / 1e6 - when) < 5, f"{reloading[1]}, {when}")
	manager.wait("READY=1", after=when)
	same("ready when started and after the reload, and no more", len(manager.messages("READY=1")), 2)
	daemon.stop(process)
	manager.wait(r"STOPPING=1\nSTATUS=draining")
	statuses = manager.statuses()
	check("a status is never told twice", all(one != other for (_, one), (_, other) in zip(statuses, statuses[1:])), statuses)
	gaps = [later - earlier for (earlier, _), (later, status) in zip(statuses, statuses[1:]) if status != "draining"]
	check("and at most once a second", all(gap > 0.9 for gap in gaps), gaps)
	same("a watchdog that nobody set is not fed", manager.messages("WATCHDOG=1"), [])


def without_partitions(fixtures):
	"""A member that the group gives nothing is ready, and one whose topics do not exist yet."""
	topic = harness.Topic(fixtures, partitions=1)
	for what, settings in (("more members than partitions", {}), ("no topic", {"topics": topic.name + ".none"})):
		manager = Manager(fixtures)
		daemon = harness.Daemon(fixtures, topic, **settings)
		processes = [daemon.start() for _ in range(1 if settings else 2)]
		harness.wait_until(f"{what}: all are ready", lambda: len(manager.messages("READY=1")) == len(processes), 60)
		manager.wait("STATUS=waiting for partitions")
		for process in processes:
			daemon.stop(process)


class Outage:
	"""The database takes no connections of daemons, and those that are there are lost."""

	def __init__(self, fixtures, daemon):
		self.fixtures, self.name = fixtures, daemon.name

	def limit(self, connections):
		with self.fixtures.connect() as connection:
			connection.execute(f"ALTER DATABASE {self.name} CONNECTION LIMIT {connections}")
			if not connections:
				connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (self.name,))

	def __enter__(self):
		self.limit(0)

	def __exit__(self, *_):
		self.limit(-1)


def store_away(fixtures):
	watchdog = 2
	manager = Manager(fixtures, watchdog)
	topic = harness.Topic(fixtures, partitions=2)
	daemon = harness.Daemon(fixtures, topic)
	away = f"STATUS=store unavailable since {TIME}: .+"
	with Outage(fixtures, daemon):
		process = daemon.start()
		manager.wait(away)
		time.sleep(2)
		same("not ready before the store is there", manager.messages("READY=1"), [])
	ready, _ = manager.wait("READY=1")
	manager.wait("STATUS=up to date", after=ready)
	with Outage(fixtures, daemon):
		topic.produce(registrations(0, 200))
		gone, _ = manager.wait(away, after=ready)
		time.sleep(3 * watchdog)
	back, _ = manager.wait(f"STATUS=up to date: last commit {TIME}", after=gone)

	with fixtures.connect(daemon.name) as analyst, analyst.transaction():
		analyst.execute("LOCK TABLE rekap.batch")
		topic.produce(registrations(200, 200))
		time.sleep(1)
		process.terminate()
		manager.wait(r"STOPPING=1\nSTATUS=draining", after=back)
		harness.wait_until("a long end is prolonged", lambda: len(manager.messages(r"EXTEND_TIMEOUT_USEC=\d+")) >= 2, 20)
	daemon.end(process, 60)
	fed = [when for when, _ in manager.messages("WATCHDOG=1")]
	gaps = [later - earlier for earlier, later in zip(fed, fed[1:])]
	check("the watchdog is fed from the start to the end, whatever the store does", fed and fed[0] < ready + watchdog and max(gaps) < watchdog * 0.8, gaps)
	check("and not more often than it needs", min(gaps) > watchdog / 5, gaps)
	same("all is counted", daemon.is_drained(), True)


def hanging(fixtures):
	"""A daemon that was stopped does nothing; going on, it feeds again."""
	manager = Manager(fixtures, 1)
	daemon = harness.Daemon(fixtures, harness.Topic(fixtures, partitions=1))
	process = daemon.start()
	manager.wait("STATUS=up to date")
	process.send_signal(signal.SIGSTOP)
	time.sleep(0.2)
	fed = len(manager.messages("WATCHDOG=1"))
	time.sleep(2)
	same("who hangs does not feed the watchdog", len(manager.messages("WATCHDOG=1")), fed)
	process.send_signal(signal.SIGCONT)
	harness.wait_until("it is fed again", lambda: len(manager.messages("WATCHDOG=1")) > fed + 1)
	daemon.stop(process)


def fatal(fixtures):
	"""What a person must mend stands in the status, too."""
	manager = Manager(fixtures)
	topic = harness.Topic(fixtures, partitions=1)
	topic.produce(registrations(0, 10))
	daemon = harness.Daemon(fixtures, topic)
	daemon.drain()
	topic.produce(registrations(10, 20))
	topic.trim({0: 20})
	process = daemon.start()
	status = process.wait(60)
	_, reason = manager.wait(r"STOPPING=1\nSTATUS=(kafka: .*)")
	check("a gap in Kafka is told as the reason of the end", "offsets 10 to 19 are missing" in reason[1], reason[1])
	unit = (harness.ROOT / "deploy" / "rekapd.service").read_text(encoding="utf-8")
	check("systemd does not start it again then", str(status) in re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.M)[1].split(), status)


def terminal(fixtures):
	os.environ.pop("NOTIFY_SOCKET", None)
	topic = harness.Topic(fixtures, partitions=2)
	topic.produce(registrations(0, BACKLOG))
	daemon = harness.Daemon(fixtures, topic, batch_events=50)
	master, slave = pty.openpty()
	process = subprocess.Popen([harness.program(), "run", "--until-drained", "-c", daemon.conf], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=daemon.environment())
	os.close(slave)
	seen = b""
	while True:
		try:
			seen += os.read(master, 65536)
		except OSError:  # nobody has the other end any more
			break
	same("it ends by itself", process.wait(60), 0)
	lines = [LINE.fullmatch(line) for line in re.split(r"\r\x1b\[K|\r?\n", seen.decode(errors="replace"))]
	lines = [tuple(number(line[i]) for i in (1, 2, 3)) for line in lines if line]
	check(f"a terminal sees records, rate, lag and time left: {len(lines)} times", len(lines) > 3, seen[-2000:])
	check("stored and left are all there is", all(abs(stored + left - BACKLOG) <= 4 for stored, _, left in lines), lines)


def unit_file(fixtures):
	if not shutil.which("systemd-analyze"):
		return
	unit = fixtures.scratch / "rekapd.service"
	unit.write_text((harness.ROOT / "deploy" / "rekapd.service").read_text(encoding="utf-8").replace("/usr/bin/rekapd", "/bin/true"), encoding="utf-8")
	verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, encoding="utf-8", check=False)
	complaints = [line for line in (verified.stdout + verified.stderr).splitlines() if "rekapd" in line]
	check("systemd accepts the unit", not complaints, complaints)


def main():
	fixtures = harness.Fixtures()
	for part in (catching_up, without_partitions, store_away, hanging, fatal, terminal, unit_file):
		part(fixtures)
	finish()


if __name__ == "__main__":
	main()
