# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""What programs, PostgreSQL and Kafka use of time and memory, as /proc tells it."""
import dataclasses
import os
import pathlib
import select
import time

import harness

TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Usage:
	wall: float  # seconds from the start of the first program to the end of the last
	cpu: float  # seconds of processor time: of the programs,
	postgres: float  # of PostgreSQL,
	kafka: float  # of Kafka
	rss_mb: float  # peak, summed over the programs
	begun: float  # seconds since 1970


def _stat(pid, fields):
	try:
		return sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:11 + fields])) / TICK
	except (FileNotFoundError, ProcessLookupError):
		return 0.0


def peak_mb(process):
	try:
		with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
			return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0) / 1024
	except (FileNotFoundError, ProcessLookupError):
		return 0.0


class Servers:
	"""The processor time that PostgreSQL and Kafka have used so far."""

	def __init__(self, fixtures):
		self.postmaster = (fixtures.folder / "postgres" / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0]
		self.broker = (fixtures.folder / "kafka" / "pid").read_text(encoding="utf-8").strip()

	def postgres(self):
		# The postmaster has waited for those that ended.
		children = pathlib.Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text(encoding="utf-8").split()
		return _stat(self.postmaster, 4) + sum(_stat(child, 4) for child in children)

	def kafka(self):
		return _stat(self.broker, 2)


def measure(servers, start, seconds):
	"""Runs what start() starts, a list of processes, to the end of each."""
	postgres, kafka, begun, wall = servers.postgres(), servers.kafka(), time.monotonic(), time.time()
	processes = start()
	peaks, cpu = [0.0] * len(processes), 0.0
	poll, running = select.poll(), {}
	for number, process in enumerate(processes):
		fd = os.pidfd_open(process.pid)
		running[fd] = number
		poll.register(fd, select.POLLIN)
	while running:
		for number in running.values():
			peaks[number] = max(peaks[number], peak_mb(processes[number]))
		for fd, _ in poll.poll(20):
			process = processes[running.pop(fd)]
			poll.unregister(fd)
			os.close(fd)
			ended = time.monotonic()
			cpu += harness.cpu_seconds(process)
			process.wait()
		if time.monotonic() - begun > seconds:
			for number in running.values():
				processes[number].kill()
	return Usage(ended - begun, cpu, servers.postgres() - postgres, servers.kafka() - kafka, sum(peaks), wall)
