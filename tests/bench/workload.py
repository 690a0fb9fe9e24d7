# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Topics that the generator filled, and what they must add up to."""
import collections
import csv
import datetime
import json
import subprocess

import harness


def _rows(path):
	with open(path, newline="", encoding="utf-8") as file:
		return list(csv.DictReader(file))


def calendar(first, last):
	"""A few holidays in each year, for deadlines of years that no calendar at hand has."""
	return [(datetime.date(year, month, day), "national") for year in range(first, last + 1) for month, day in ((1, 1), (5, 1), (6, 1), (8, 17), (12, 25))]


def total(*figures):
	"""{(unit, day): (received, resolved)} of several workloads of different seeds together."""
	summed = collections.defaultdict(lambda: [0, 0])
	for one in figures:
		for key, (received, resolved) in one.items():
			summed[key][0] += received
			summed[key][1] += resolved
	return {key: tuple(values) for key, values in summed.items()}


class Workload:
	"""What generate --help tells, in a topic of its own; with `rate`, produced by produce() bit by bit, else at once."""

	def __init__(self, bench, partitions=8, probes=False, **options):
		self.bench, self.options = bench, options
		self.topic = harness.Topic(bench.fixtures, partitions)
		folder = bench.fixtures.scratch / self.topic.name
		folder.mkdir()
		self.register, self.paths = folder / "register.csv", {"figures": folder / "figures.csv"}
		if probes:
			self.paths["probes"] = folder / "probes.csv"
		self.read_register()
		if "rate" not in options:
			self.finish(self.produce())

	def generator(self, **options):
		return [self.bench.programs / "bench-generate"] + [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]

	def read_register(self):
		harness.run(*self.generator(events=1, units=self.options.get("units", 50), register=self.register))
		self.units = [{name: value or None for name, value in row.items()} for row in _rows(self.register)]

	def produce(self):
		"""Starts the generator."""
		command = self.generator(**self.options, **self.paths, brokers=self.bench.fixtures.bootstrap, topic=self.topic.name)
		process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8")
		self.bench.processes.append(process)
		return process

	def finish(self, process):
		"""Waits for the generator, and reads what it has made."""
		made = process.communicate()[0]
		if process.returncode:
			raise RuntimeError("the generator failed")
		self.events, self.bytes, self.received = (json.loads(made)[name] for name in ("events", "bytes", "received"))
		rows = _rows(self.paths["figures"])
		self.figures = {(row["unit"], datetime.date.fromisoformat(row["day"])): (int(row["received"]), int(row["resolved"])) for row in rows}

	def probe_unit(self):
		return self.units[-1]["unit_code"]

	def probes(self):
		"""{day: seconds since 1970 when its receipt was produced}"""
		with open(self.paths["probes"], encoding="ascii") as file:
			return {datetime.date.fromisoformat(day): int(time) / 1e6 for day, time in csv.reader(file)}

	def drop(self):
		for gone in self.topic.admin.delete_topics([self.topic.name], operation_timeout=30).values():
			gone.result()
