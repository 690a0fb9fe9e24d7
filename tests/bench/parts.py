# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""The parts of the bench: each measures one thing, prints a table and gives its rows."""
import datetime
import time

from checks import check
from contestants import Installation
import harness
import report
import usage
from workload import Workload, total

YEARS = 2015, 2025  # of growth: ten of them hold roll-ups, the last what comes next


def judged(what, faults):
	check(f"{what}: right", not faults, "; ".join(faults[:6]))


def cost(result):
	return {"events/s": int(result.events / result.usage.wall), "us/event": report.cpu_us([result])}


# --- race --------------------------------------------------------------------------------------------------------------------------


def contest(bench, title, load, before=None, rounds=1):
	"""All on one load, in an order that rotates."""
	everyone = [*bench.ceilings, *bench.contestants]
	results = {one.name: [] for one in everyone}
	for number in range(rounds):
		turn = number % len(everyone)
		for one in everyone[turn:] + everyone[:turn]:
			results[one.name].append(one.run(load, before))
			judged(f"{title}: {one.name}", results[one.name][-1].faults)
	against = {one.name[0]: results[one.name] for one in bench.ceilings}
	rows = [report.summary(name, list_, against) for name, list_ in results.items()]
	report.table(f"{title}: {load.events:,} events of {load.bytes // load.events} bytes; partitions: {load.topic.partitions}, rounds: {rounds}", rows)
	runs = {name: [vars(result.usage) for result in list_] for name, list_ in results.items()}
	return {"title": title, "events": load.events, "bytes": load.bytes, "rows": rows, "runs": runs}


def race(bench):
	load = Workload(bench, events=bench.events)
	result = contest(bench, "race", load, rounds=bench.rounds)
	load.drop()
	return result


def kinds(bench):
	"""Workloads that are not like the usual one, and what must have been counted before: made by a seed."""
	n, old = bench.shape_events, bench.shape_events * 3
	return {
		"one hot unit": lambda **seed: (Workload(bench, events=n, hot=100, **seed), None),
		"old complaints by chance": lambda **seed: (Workload(bench, events=n, complaints=old, phase="later", **seed),
			Workload(bench, complaints=old, phase="found", **seed)),
		"100 % duplicates": lambda **seed: (Workload(bench, events=n, **seed), Workload(bench, events=n, **seed)),
		"tiny events": lambda **seed: (Workload(bench, events=n, bytes=0, **seed), None),
		"events of 64 kB": lambda **seed: (Workload(bench, events=n // 50, bytes=65536, **seed), None),
		"1 partition": lambda **seed: (Workload(bench, events=n, partitions=1, **seed), None),
		"64 partitions": lambda **seed: (Workload(bench, events=n, partitions=64, **seed), None),
	}


def shapes(bench):
	"""A race for each, or in the short form only what comes out."""
	if bench.short:
		return [row for contestant in bench.contestants for row in one_after_another(bench, contestant)]
	results = []
	for title, make in kinds(bench).items():
		load, before = make()
		results.append(contest(bench, title, load, before))
		for one in filter(None, (load, before)):
			one.drop()
	return results


def one_after_another(bench, contestant):
	"""All into one database."""
	place, figures, rows = None, [], []
	for seed, (title, make) in enumerate(kinds(bench).items()):
		load, before = make(seed=seed)
		place = place or Installation(bench, contestant, load)
		faults = place.drain(before).faults if before else []
		result = place.drain(load)
		figures.append(load.figures)
		judged(f"{title}: {contestant.name}", faults + result.faults)
		rows.append({"shape": f"{title}: {contestant.name}", "events": load.events, **cost(result)})
	judged(f"all shapes together: {contestant.name}", place.faults(total(*figures)))
	place.drop()
	report.table("shapes, all into one database", rows)
	return rows


# --- several instances ---------------------------------------------------------------------------------------------------------


def instances(bench):
	"""Daemons that drain one topic together; until the last commit, for then they wait whether one that died left them something."""
	load, rows = Workload(bench, events=bench.events), []
	for contestant in bench.contestants:
		results = {count: [] for count in ((1, 3) if bench.short else (1, 2, 3))}
		for number in range(bench.rounds):
			for count in sorted(results, key=lambda count: (count + number) % 3):
				results[count].append(contestant.run(load, instances=count))
				judged(f"{count} of {contestant.name}", results[count][-1].faults)
		for count, list_ in results.items():
			rows.append({"instances": f"{count} of {contestant.name}", "last commit": report.median([result.last_commit for result in list_]),
				"speed x 1": report.median([one.last_commit / result.last_commit for one, result in zip(results[1], list_)]),
				"us/event": report.cpu_us(list_), "RSS MB": int(report.used(list_, "rss_mb"))})
	report.table(f"instances: {load.events:,} events, 8 partitions", rows)
	load.drop()
	return rows


# --- freshness -----------------------------------------------------------------------------------------------------------------

PENDING = """SELECT day FROM rekap.measure_day WHERE unit_code = %s AND measure = 'complaint.received' AND dimension = '' AND day >= %s"""


def watch(bench, place, load, producing):
	"""{day: when its receipt was seen in PostgreSQL}, until all are or time is up."""
	seen, day, left, end = {}, datetime.date(2024, 1, 1), None, time.monotonic() + bench.seconds + 30
	with bench.fixtures.connect(place.daemon.name) as connection:
		while (left is None or left - seen.keys()) and time.monotonic() < end:
			if left is None and producing.poll() is not None:
				left = load.probes().keys()
			for found, in connection.execute(PENDING, (load.probe_unit(), day), prepare=True):
				seen.setdefault(found, time.time())
			while day in seen:
				day += datetime.timedelta(days=1)
			time.sleep(0.002)
	return seen


def idle(bench, process):
	"""Processor time of a daemon and of PostgreSQL for each second in which nothing comes."""
	seconds = 1 if bench.short else 10
	time.sleep(1)
	cpu, postgres = harness.cpu_seconds(process), bench.servers.postgres()
	time.sleep(seconds)
	return {"idle ms/s": (harness.cpu_seconds(process) - cpu) / seconds * 1e3, "idle PG ms/s": (bench.servers.postgres() - postgres) / seconds * 1e3}


def running(place, load):
	"""A daemon that waits for the load."""
	place.subscribe(load)
	process = place.daemon.start()
	harness.wait_until("the daemon has its partitions", lambda: len(place.daemon.progress()) == load.topic.partitions)
	time.sleep(1)
	return process


def fresh(bench, contestant):
	load = Workload(bench, events=bench.rate * bench.seconds, rate=bench.rate, probes=True)
	place = Installation(bench, contestant, load)
	process = running(place, load)
	cpu = harness.cpu_seconds(process)
	producing = load.produce()
	seen = watch(bench, place, load, producing)
	load.finish(producing)
	cpu = harness.cpu_seconds(process) - cpu
	row = {"daemon us/event": cpu / load.events * 1e6, **idle(bench, process), "RSS MB": int(usage.peak_mb(process))}
	place.daemon.stop(process)
	produced = load.probes()
	judged(f"freshness: {contestant.name}", place.faults(load.figures) + [f"{day} was never seen" for day in produced if day not in seen])
	place.drop()
	load.drop()
	return {"contestant": contestant.name, "probes": len(produced), **report.times_ms([when - produced[day] for day, when in seen.items()]), **row}


def freshness(bench):
	"""At a steady rate: from the moment an event is produced until an analyst sees it in rekap.measure_day."""
	rows = [fresh(bench, contestant) for contestant in bench.contestants]
	report.table(f"freshness: {bench.rate:,} events/s for {bench.seconds} s", rows)
	return rows


# --- growth --------------------------------------------------------------------------------------------------------------------


class Grown:
	"""An installation with more and more complaints of a hundred units in ten years."""

	def __init__(self, bench, contestant):
		self.bench, self.contestant, self.seed, self.complaints, self.figures = bench, contestant, 0, 0, []
		self.place, self.last = None, None

	def counted(self, load):
		"""Has the load drained; what it cost."""
		self.place = self.place or Installation(self.bench, self.contestant, load, YEARS)
		result = self.place.drain(load)
		judged(f"{self.contestant.name} drains {load.events:,} events", result.faults)
		return cost(result)

	def grow(self, complaints):
		"""To so many; what it cost."""
		self.seed += 1
		self.last = {"seed": self.seed, "complaints": complaints - self.complaints, "units": 100, "first": f"{YEARS[0]}-01-01", "days": 3653}
		self.complaints = complaints
		return self.counted(Workload(self.bench, phase="found", bytes=0, **self.last))

	def later(self):
		"""Events of complaints that were there, chosen by chance; what they cost."""
		load = Workload(self.bench, phase="later", events=self.bench.shape_events, **self.last)
		self.figures.append(load.figures)
		return self.counted(load)

	def new(self):
		"""Lives of new complaints."""
		load = Workload(self.bench, events=self.bench.shape_events, seed=1000 + self.seed, units=100, first=f"{YEARS[1]}-01-01", days=60)
		self.figures.append(load.figures)
		return self.counted(load)

	def judge(self):
		judged(f"{self.contestant.name} with {self.complaints:,} complaints", self.place.faults(total(*self.figures), views=False))


def against_first(rows, column):
	"""How much more an event costs than in the first row."""
	for row in rows:
		row[f"{column} x first"] = row[column] / rows[0][column]


def growth(bench):
	"""What an event costs as the entity table grows."""
	rows = []
	for contestant in bench.contestants:
		grown, mine = Grown(bench, contestant), []
		for complaints in bench.complaints:
			seeded, later, new = grown.grow(complaints), grown.later(), grown.new()
			mine.append({"complaints": f"{complaints:,} of {contestant.name}", "filling events/s": seeded["events/s"],
				"old events/s": later["events/s"], "old us": later["us/event"], "new events/s": new["events/s"], "new us": new["us/event"]})
		against_first(mine, "old us")
		against_first(mine, "new us")
		grown.judge()
		bench.grown[contestant.name] = grown
		rows += mine
	report.table(f"growth: {bench.shape_events:,} events of old complaints by chance, and of new ones, among those of 100 units and 10 years", rows)
	return rows


def roll_ups(bench):
	"""What an event costs as the roll-ups grow: of a unit and a year, and of a hundred units and ten years."""
	rows = []
	for contestant in bench.contestants:
		mine = []
		for units, years in ((1, 1), (100, 10)):
			span = {"first": f"{YEARS[1] - years}-01-01", "days": years * 365}
			before = Workload(bench, events=bench.events, units=units, **span)
			load = Workload(bench, events=bench.shape_events, seed=2, units=units, first=f"{YEARS[1]}-01-01", days=60)
			place = Installation(bench, contestant, load, (YEARS[0] - 1, YEARS[1] + 1))
			filling, result = place.drain(before), place.drain(load)
			wrong = place.faults(total(before.figures, load.figures), views=False)
			judged(f"roll-ups: {contestant.name}, {units} units, {years} years", filling.faults + result.faults + wrong)
			mine.append({"roll-ups": f"{units} x {years} of {contestant.name}", "filling events/s": cost(filling)["events/s"], **cost(result)})
			place.drop()
			before.drop()
			load.drop()
		against_first(mine, "us/event")
		rows += mine
	report.table(f"roll-ups: {bench.shape_events:,} events of the next two months, after {bench.events:,} of so many units x years", rows)
	return rows


# --- queries -------------------------------------------------------------------------------------------------------------------

FIGURES = "SELECT unit_code, indicator, period, numerator, denominator, value, state, band FROM rekap.indicator_value WHERE "
QUERIES = {
	"a month, all units, one indicator": FIGURES + "grain = 'month' AND period = %(month)s AND indicator = 'complaint.resolution_on_time_pct'",
	"a month, all units, all indicators": FIGURES + "grain = 'month' AND period = %(month)s",
	"a unit's year": FIGURES + "unit_code = %(unit)s AND grain = 'year' AND period = %(year)s",
	"a unit's year, month by month": FIGURES + "unit_code = %(unit)s AND grain = 'month' AND period BETWEEN %(year)s || '-01' AND %(year)s || '-12'",
}


def ask(bench, place, repetitions):
	"""Rows for each query: how long it takes to have its whole answer, with other months, years and units each time."""
	units, times = [row["unit_code"] for row in place.daemon.units[:-1]], {name: [] for name in QUERIES}
	with bench.fixtures.connect(place.daemon.name) as connection:
		for number in range(repetitions):
			year = YEARS[0] + number % 10
			values = {"month": f"{year}-{number % 12 + 1:02}", "year": str(year), "unit": units[number * 7 % len(units)]}
			for name, query in QUERIES.items():
				begun = time.monotonic()
				answer = connection.execute(query, values, prepare=True).fetchall()
				times[name].append(time.monotonic() - begun)
				if not answer:
					check(f"queries: {name}: {values}", False, "no rows")
	return times


def queries(bench):
	"""What analysts wait for: at rest, and while events come in."""
	rows = []
	for contestant in bench.contestants:
		grown = bench.grown.get(contestant.name)
		if not grown:
			grown = Grown(bench, contestant)
			for complaints in bench.complaints:
				grown.grow(complaints)
			grown.later()
		place = grown.place
		with bench.fixtures.connect(place.daemon.name) as connection:
			connection.execute("VACUUM ANALYZE")
		at_rest = ask(bench, place, bench.repetitions)
		load = Workload(bench, phase="later", events=bench.rate * 600, rate=bench.rate, **grown.last)
		process = running(place, load)
		producing = load.produce()
		under_load = ask(bench, place, bench.repetitions)
		producing.kill()
		producing.wait()
		place.daemon.stop(process)
		for state, times in (("at rest", at_rest), (f"{bench.rate:,} events/s", under_load)):
			rows += [{"query": f"{name}: {contestant.name}, {state}", **report.times_ms(list_)} for name, list_ in times.items()]
	report.table(f"queries: {bench.complaints[-1]:,} complaints, 100 units, 10 years; {bench.repetitions} times each", rows)
	return rows
