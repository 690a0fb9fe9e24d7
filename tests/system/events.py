# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Streams of events of all families, as hostile as real ones, and worse: seeded, so that a failure can be repeated.

    stream(seed, complaints, others) a list of Sent, in the order to produce them: that many complaints, and entities of the other families
    bad_records(seed)                one of each kind of record that must be rejected, with its reason
    units(), calendar()              the register and the working-day calendar that go with them
"""
import collections
import csv
import datetime
import decimal
import json
import pathlib
import random

import oracle

Sent = collections.namedtuple("Sent", "key value headers partition")  # partition None: as the key says
Bad = collections.namedtuple("Bad", "reason key value headers")
Fact = collections.namedtuple("Fact", "name time id source data")  # name: `survey.answered`, or of a complaint's only `received`; time: µs since 1970 UTC

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
SECOND = 1000000
DAY = 86400 * SECOND
WIB = 7 * 3600 * SECOND
STRUCTURED = "application/cloudevents+json"

# --- the world around the events -----------------------------------------------------------------------------------------------

HOLIDAYS = {
	"national": """2023 01-01 01-22 02-18 03-22 04-07 04-22 04-23 05-01 05-18 06-01 06-04 06-29 07-19 08-17 09-28 12-25
		2024 01-01 02-08 02-10 02-14 03-11 03-29 03-31 04-10 04-11 05-01 05-09 05-23 06-01 06-17 07-07 08-17 09-16 11-27 12-25
		2025 01-01 01-27 01-29 03-29 03-31 04-01 04-18 04-20 05-01 05-12 05-29 06-01 06-06 06-27 08-17 09-05 12-25
		2026 01-01 01-16 02-17 03-19 03-21 03-22 04-03 04-05 05-01 05-14 05-27 05-31 06-01 06-16 08-17 08-25 12-25""",
	"collective_leave": """2023 01-23 03-23 04-19 04-20 04-21 04-24 04-25 06-02 06-28 06-30 12-26
		2024 02-09 03-12 04-08 04-09 04-12 04-15 05-10 05-24 06-18 12-26
		2025 01-28 03-28 04-02 04-03 04-04 04-07 05-13 05-30 06-09 08-18 12-26
		2026 02-16 03-18 03-20 03-23 03-24 05-15 05-28 12-24""",
}


def calendar():
	"""The working-day calendar of 2023 to 2026: [(day, type)]."""
	found = []
	for kind, lines in HOLIDAYS.items():
		for line in lines.splitlines():
			year, *days = line.split()
			found += [(datetime.date.fromisoformat(f"{year}-{day}"), kind) for day in days]
	return found


def write_calendar(path, days):
	with open(path, "w", newline="", encoding="utf-8") as file:
		writer = csv.writer(file)
		writer.writerow(("date", "type", "name", "basis"))
		writer.writerows((day.isoformat(), kind, "Hari libur (contoh)", "sample, of several years") for day, kind in sorted(days))


def unit_code(number, below=0):
	return f"1.{number:02}.0.00.0.00.01.{below:04}"


UNKNOWN_UNITS = [unit_code(99, below) for below in range(3)]


def units():
	"""A register of three levels: units that begin, end, merge and split, in a chain too; some end without a successor."""
	date = datetime.date.fromisoformat
	rows = []

	def add(code, parent=None, valid_from=None, valid_to=None, successor=None):
		rows.append({"unit_code": code, "name": f"Contoh, Unit \"{code}\" (sample)", "kind": "sample", "parent_code": parent, "valid_from": valid_from and date(valid_from),
			"valid_to": valid_to and date(valid_to), "successor_code": successor})

	for number in range(2, 8):
		add(unit_code(number))
		for below in range(1, 4):
			add(unit_code(number, below), unit_code(number))
			if below < 3:
				for deep in range(2):
					add(unit_code(number, below * 10 + deep), unit_code(number, below))
	# A chain of mergers, whose links are not all in order; a split; ends without successor; units that begin late.
	add(unit_code(8), valid_to="2023-12-31", successor=unit_code(9))
	add(unit_code(9), valid_from="2024-01-01", valid_to="2024-06-30", successor=unit_code(10))
	add(unit_code(10), valid_from="2024-07-01")
	add(unit_code(11), valid_to="2024-09-30", successor=unit_code(12))
	add(unit_code(12), valid_to="2024-03-31", successor=unit_code(2, 1))
	add(unit_code(13), valid_from="2024-02-29", valid_to="2024-02-29")
	add(unit_code(14), parent=unit_code(10), valid_to="2025-01-31")
	add(unit_code(15), valid_to="2024-12-31", successor=unit_code(16))
	add(unit_code(16), parent=unit_code(14), valid_from="2025-03-01")
	return rows


def write_units(path, rows):
	with open(path, "w", newline="", encoding="utf-8") as file:
		writer = csv.DictWriter(file, ("unit_code", "name", "kind", "parent_code", "valid_from", "valid_to", "successor_code"))
		writer.writeheader()
		writer.writerows(rows)


# --- from a fact to a record ---------------------------------------------------------------------------------------------------


def us(text):
	"""µs since 1970 of a local time in WIB."""
	return (datetime.datetime.fromisoformat(text + "+07:00") - EPOCH) // datetime.timedelta(microseconds=1)


def time_text(time, rng=None):
	"""An instant as RFC 3339; with rng in one of the many ways to write it."""
	minutes, zone = (420, "+07:00") if not rng else rng.choice(((420, "+07:00"), (420, "+07:00"), (0, "Z"), (0, "z"), (0, "-00:00"), (0, "+00:00"), (540, "+09:00"), (-210, "-03:30"), (1439, "+23:59"), (-1439, "-23:59")))
	local = EPOCH + datetime.timedelta(microseconds=time, minutes=minutes)
	text = local.strftime("%Y-%m-%d") + ("t" if rng and rng.random() < 0.1 else "T") + local.strftime("%H:%M:%S")
	fraction = f"{local.microsecond:06}" if local.microsecond else ""
	if rng:
		if fraction and rng.random() < 0.5:
			fraction = fraction.rstrip("0")
		if rng.random() < 0.2:
			fraction = fraction.ljust(6, "0") + str(rng.randrange(10 ** 4))
	return text + ("." + fraction if fraction else "") + zone


def string_text(text, rng):
	"""A JSON string; now and then with escapes that need not be."""
	if rng.random() < 0.8:
		return json.dumps(text, ensure_ascii=rng.random() < 0.3)
	out = []
	for character in text:
		plain = json.dumps(character, ensure_ascii=False)[1:-1]
		out.append("".join(f"\\u{unit:04X}" for unit in utf16(character)) if rng.random() < 0.3 else "\\/" if character == "/" else plain)
	return '"' + "".join(out) + '"'


def utf16(character):
	raw = character.encode("utf-16-be")
	return [int.from_bytes(raw[i:i + 2], "big") for i in range(0, len(raw), 2)]


def json_text(value, rng):
	"""JSON in one of the many ways to write it: order of keys, blanks, escapes, numbers."""
	blank = rng.choice(("", "", " ", "\n\t"))
	if isinstance(value, dict):
		items = list(value.items())
		rng.shuffle(items)
		return "{" + blank + ("," + blank).join(string_text(name, rng) + blank + ":" + blank + json_text(item, rng) for name, item in items) + "}"
	if isinstance(value, list):
		return "[" + blank + ",".join(json_text(item, rng) for item in value) + blank + "]"
	if isinstance(value, str):
		return string_text(value, rng)
	if type(value) is int:
		return rng.choice((f"{value}", f"{value}", f"{value}.0", f"{value}e0", f"{value}0E-1" if value else "0E-1", f"{value}.000e+00", f"0.{value}e1" if 0 < value < 10 else f"{value}"))
	if isinstance(value, decimal.Decimal):
		return decimal_text(value, rng)
	if isinstance(value, Instant):
		return string_text(time_text(value.time, rng), rng)
	return json.dumps(value)


class Instant:
	"""An instant within data."""

	def __init__(self, time):
		self.time = time


def decimal_text(value, rng):
	"""A decimal as text or, if it has few digits, as a number: with zeros that need not be, and exponents."""
	plain = f"{value:f}"
	sign, digits, fraction = "-" * plain.startswith("-"), *(plain.lstrip("-").split(".") + [""])[:2]
	if rng.random() < 0.5 or len((digits + fraction).strip("0")) > 15:
		if rng.random() < 0.3:
			digits, fraction = digits.rjust(rng.randint(len(digits), 18), "0"), fraction.ljust(rng.randint(len(fraction), 6), "0")
		return f'"{sign}{digits}.{fraction}"' if fraction else f'"{sign}{digits}"'
	whole, power = int(digits + fraction), -len(fraction)
	up, down = rng.randrange(12), rng.randrange(12)
	return rng.choice((plain, plain, f"{sign}{whole}e{power}", f"{sign}{whole}{'0' * up if whole else ''}E{power - up}", f"{sign}{whole}.000e{power:+03}", f"{sign}0.{'0' * down}{whole}e{power + down + len(str(whole))}"))


def plain(value):
	"""What json cannot write, in its plainest form."""
	return time_text(value.time) if isinstance(value, Instant) else f"{value:f}"


UNKNOWN_FIELDS = (("x_priority", 3), ("tags", ["phone", "email", {"deep": [None, True, 1.5e300]}]), ("reference", {"no": "12/ЖЯ/\U0001F600", "pages": -0.0}), ("x\"y\\", "\x01"), ("", None), ("named", "x"),
	("zero", "0" * 40))


def envelope(fact):
	name = fact.name if "." in fact.name else "complaint." + fact.name
	return {"specversion": "1.0", "id": fact.id, "source": fact.source, "type": f"id.go.opd.{name}.v1", "time": None, "data": dict(fact.data)}


def key_of(fact):
	"""The key that its record should have."""
	return next((fact.data[name] for name in ("complaint_id", "response_id", "service_id", "finding_id", "report_id") if name in fact.data), fact.data.get("unit", "")).encode()


OPTIONAL = {"received": ("category",), "survey.answered": ("service", "channel"), "performance.reported": ("name", "target", "realised", "range_low", "range_high", "measure_unit"), "budget.reported": ("activity",),
	"assessment.answered": ("answer", "numerator", "denominator"), "declaration.counted": ("on_time", "complete")}


def record(fact, rng=None, partition=None, key=True):
	"""A fact as a Kafka record; with rng in one of many ways that mean the same."""
	event = envelope(fact)
	event["time"] = time_text(fact.time, rng)
	if key is True:
		key = key_of(fact)
	if not rng:
		return Sent(key, json.dumps(event, default=plain).encode(), [("content-type", STRUCTURED.encode())], partition)
	for name, value in UNKNOWN_FIELDS:
		if rng.random() < 0.06:
			event["data"][name] = value
	for name in OPTIONAL.get(fact.name, ()):
		if rng.random() < 0.3:
			event["data"].setdefault(name, None)
	kind = rng.choice((None, None, "application/json", "Application/JSON; charset=utf-8", "application/vnd.contoh+json"))
	if rng.random() < 0.4:
		headers = [(rng.choice(("ce_", "CE_", "Ce_")) + rng.choice((name, name.upper())), value.encode()) for name, value in event.items() if name != "data"]
		headers += [("content-type", kind.encode())] if kind else []
		headers += [("ce_traceparent", "00-\U0001F600".encode())] if rng.random() < 0.1 else []
		headers += [("x-other", b"\xff\x00")] if rng.random() < 0.1 else []
		rng.shuffle(headers)
		return Sent(key, json_text(event["data"], rng).encode(), headers, partition)
	if kind:
		event["datacontenttype"] = kind
	for name, value in (("subject", "x"), ("email", "not in data"), ("traceparent", 5), ("data_base64", None), ("extension", {"name": "x"})):
		if rng.random() < 0.05:
			event[name] = value
	content = rng.choice((None, STRUCTURED, "Application/CloudEvents+JSON", "application/cloudevents+json ; charset=UTF-8", "application/json"))
	headers = [(rng.choice(("content-type", "Content-Type")), content.encode())] if content else []
	return Sent(key, json_text(event, rng).encode(), headers, partition)


# --- a complaint's life --------------------------------------------------------------------------------------------------------

EDGES = ("2022-06-15T10:00:00", "2022-12-29T09:00:00", "2022-12-31T23:59:59.999999", "2023-01-01T00:00:00", "2023-04-18T16:00:00", "2023-06-27T12:00:00", "2023-12-31T23:59:59.999999", "2024-01-01T00:00:00",
	"2024-02-29T23:59:59.999999", "2024-03-01T00:00:00", "2024-03-25T08:15:00", "2024-03-29T10:00:00", "2024-04-05T23:59:59", "2024-06-30T23:59:59.999999", "2024-07-01T00:00:00", "2024-12-20T10:00:00",
	"2024-12-30T00:00:00", "2025-01-01T06:59:59.999999", "2025-01-01T07:00:00", "2025-03-27T18:00:00", "2025-12-30T12:00:00", "2026-09-28T10:00:00", "2026-12-21T12:00:00", "2026-12-31T23:59:59.999999",
	"2027-02-01T00:00:00", "2021-12-31T23:59:59")
CLASSES = ("information_request", "complaint", "supervisory", "aspiration")
CHANNELS = ("web", "sms", "x", "app", "whatsapp", "in_person", "suggestion_box", "email", "letter", "social_media", "phone", "wbs", "other")
CATEGORIES = ("roads", "water", "schools", "pungutan liar", "jalan|rusak", "a=b", "{x}", "naïve", "ЖЯ", "\U0001F600", "'; --", "\t", "%s\\n", " ", "A" * 256, "ä" * 128)
SOURCES = ("/contoh/sp4n", "/contoh/desk", "urn:contoh:1", "/contoh/" + "x" * 240)


class Life:
	"""Makes the facts of one complaint."""

	def __init__(self, rng, complaint_id, codes):
		self.rng, self.id, self.codes = rng, complaint_id, codes
		self.facts, self.count = [], 0

	def when(self, time):
		"""The time as it was typed in: to the microsecond, the second, or only the day."""
		how = self.rng.random()
		if how < 0.3:
			return time
		if how < 0.7:
			return time - time % SECOND
		return time - (time + WIB) % DAY

	def add(self, name, time, **data):
		self.count += 1
		number = self.rng.choice((str(self.count), f"{self.count:04}", f"é{self.count}", f"Z{self.count}", f"~\U0001F600{self.count}"))
		data = dict({"complaint_id": self.id}, **data)
		self.facts.append(Fact(name, time, f"{self.id[:80]}-{number}", self.rng.choice(SOURCES), data))

	def received(self, time):
		data = {"unit": self.rng.choice(self.codes), "class": self.rng.choice(CLASSES), "channel": self.rng.choice(CHANNELS)}
		if self.rng.random() < 0.6:
			data["category"] = self.rng.choice(CATEGORIES)
		self.add("received", time, **data)

	def tangle(self):
		"""Many facts at few instants with few ids: precedence has to decide everywhere."""
		rng = self.rng
		start = us(rng.choice(EDGES))
		instants = [start] + [self.when(start + rng.choice((-1, 0, 1, 1000, SECOND, DAY, 3 * DAY, 9 * DAY, 30 * DAY)) * rng.choice((1, 1, 1, -1))) for _ in range(4)]
		more = {"received": self.received, "forwarded": lambda time: self.add("forwarded", time, unit=rng.choice(self.codes)), "archived": lambda time: self.add("archived", time, reason=rng.choice(("a", "b", "ab", "B"))),
			"rated": lambda time: self.add("rated", time, rating=rng.randint(1, 5))}
		names = ["received", "received", "forwarded", "forwarded", "rated", "verified", "responded", "resolved", "resolved", "reopened", "misrouted"] + rng.choice(([], ["archived"], ["withdrawn"]))
		for _ in range(rng.randint(2, 25)):
			name = rng.choice(names)
			more.get(name, lambda time: self.add(name, time))(rng.choice(instants))
		return [fact._replace(id=rng.choice(("a", "ab", "B", "é", "\U0001F600", "\uffee"))) for fact in self.facts]

	def live(self):
		rng = self.rng
		chance = rng.random
		if chance() < 0.1:
			return self.tangle()
		start = us(rng.choice(EDGES)) if chance() < 0.15 else us("2023-01-02T00:00:00") + rng.randrange(1000 * DAY)
		start = self.when(start)
		later = lambda days: self.when(start + int(rng.expovariate(1 / days) * DAY))
		if chance() < 0.96:
			self.received(start)
		if chance() < 0.08:  # a correction, or a second registration
			self.received(start if chance() < 0.6 else start + rng.choice((-1, 1, -DAY, DAY, -3 * DAY, 40 * DAY)))
		if chance() < 0.7:
			self.add("verified", later(1))
		for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
			time = later(2)
			self.add("forwarded", time, unit=rng.choice(self.codes))
			if chance() < 0.15:
				self.add("misrouted", time + rng.choice((0, -1, 1, -DAY, DAY, 9 * DAY)))
		if chance() < 0.04:
			self.add("misrouted", later(3))
		if chance() < 0.75:
			self.add("responded", later(5))
		if chance() < 0.65:
			time = later(12)
			for again in range(rng.choice((1, 1, 1, 1, 2, 2, 3, 5))):
				if again:
					time = self.when(time + int(rng.expovariate(1 / 6) * DAY))
					self.add("reopened", time)
					time += rng.choice((0, 1, DAY, 5 * DAY))
				self.add("resolved", time)
				if chance() < 0.1:
					self.add("resolved", time + rng.choice((0, 1, DAY)))
			if chance() < 0.1:
				self.add("reopened", time + rng.choice((-1, 0, 1, 20 * DAY)))
		elif chance() < 0.03:
			self.add("reopened", later(5))
		if chance() < 0.05:
			self.add("withdrawn", later(6))
		for _ in range(rng.choice((0,) * 18 + (1, 2))):
			self.add("archived", later(8), reason=rng.choice(("invalid", "duplicate", "too_general", "ä" * 128, " ")))
		for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3))):
			self.add("rated", later(20), rating=rng.randint(1, 5))
		if chance() < 0.12:
			self.disturb(start)
		return self.facts

	def disturb(self, start):
		"""Facts at the same instant, before the case was received, or days away."""
		for i, fact in enumerate(self.facts):
			how = self.rng.random()
			if how < 0.25:
				self.facts[i] = fact._replace(time=self.rng.choice(self.facts).time)
			elif how < 0.45:
				self.facts[i] = fact._replace(time=start - self.rng.choice((1, SECOND, DAY, 30 * DAY, 400 * DAY)))
			elif how < 0.6:
				self.facts[i] = fact._replace(time=fact.time + self.rng.choice((-1, 1)) * self.rng.randrange(60) * DAY)


def complaint_ids(rng, seed, count):
	"""Mostly plain; a few as unpleasant as the contract allows."""
	odd = ["|", "a|b", "\u001f", "\u001e\u001f", " ", "'", "\\N", "\\.", "null", "NULL", "{}", "é", "é", "\U0001F600", "\t\r\n", "\u007f", "0", "x" * 256, "ä" * 128, "%00", "region", "\ufeff", "\u202e", "A" * 255 + "|"]
	ids = [f"C-{seed}-{i:06}" for i in range(count)]
	for i, ugly in zip(rng.sample(range(count), min(len(odd), count // 4)), odd):
		ids[i] = ugly
	return ids


# --- the other families --------------------------------------------------------------------------------------------------------

TANGLED_IDS = ("a", "ab", "B", "é", "\U0001F600", "\uffee")
NAMES = ("P-01", "P-02", "P-03", "program|kegiatan", "a|b", "b\u001fc", "\u001f", "|", "'; --", "naïve", "\U0001F600", " ", "null")
ELEMENTS = ("requirements", "procedure", "time", "cost", "product", "competence", "conduct", "facilities", "complaint_handling")
STATEMENTS = ("S1", "S2", "S3", "S4", "S5", "a|b", "\u001f", "=", "U10", "ä" * 32, "\U0001F600", " ", "S" * 64)
HUGE = 2 ** 63 - 1
SCORECARDS = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "rulesets" / "rekap-2024.json"
LETTERS = {"YT": ("yes", "no"), "A3": "abc", "A4": "abcd", "A5": "abcde"}


def period_end(text):
	return (oracle.reported_period(text)[2] - EPOCH.date()).days * DAY + 12 * 3600 * SECOND


class Office:
	"""Makes the facts of the families that are no complaints. Units and years come near each other, so that yearly figures have all that they need."""

	def __init__(self, rng, seed, codes):
		self.rng, self.seed, self.codes = rng, seed, codes
		groups = collections.defaultdict(list)
		for code in codes:
			groups[code[:4]].append(code)
		large = sorted(group for group in groups if len(groups[group]) > 1) or sorted(groups)
		self.core = [code for group in rng.sample(large, min(3, len(large))) for code in sorted(groups[group])]
		self.heads = [code for code in self.core if code.endswith(".0000")] or self.core
		ruleset = json.loads(SCORECARDS.read_text(encoding="utf-8"))
		self.scales = {card["id"]: oracle.Scorecard(card, ruleset).scales for card in ruleset["scorecards"]}
		self.facts, self.number = [], 0

	def unit(self):
		if self.rng.random() < 0.004:
			return self.rng.choice(UNKNOWN_UNITS)
		return self.rng.choice(self.core if self.rng.random() < 0.65 else self.codes)

	def head(self):
		return self.rng.choice(self.heads if self.rng.random() < 0.6 else self.core if self.rng.random() < 0.6 else self.codes)

	def year(self):
		return self.rng.choice((2023, 2024, 2024, 2024, 2025, 2025)) if self.rng.random() < 0.97 else self.rng.choice((1900, 2022, 2026, 2027, 2199))

	def period(self, grains=("year", "semester", "quarter", "month")):
		grain, year = self.rng.choice(grains), self.year()
		return {"year": f"{year}", "semester": f"{year}-S{self.rng.randint(1, 2)}", "quarter": f"{year}-Q{self.rng.randint(1, 4)}", "month": f"{year}-{self.rng.randint(1, 12):02}"}[grain]

	def time(self):
		time = us(self.rng.choice(EDGES)) if self.rng.random() < 0.12 else us("2023-01-02T00:00:00") + self.rng.randrange(1000 * DAY)
		return time - time % (1, SECOND)[self.rng.randrange(2)]

	def date(self, time):
		return (EPOCH + datetime.timedelta(microseconds=time + WIB)).date().isoformat()

	def identity(self, prefix):
		self.number += 1
		return f"{prefix}-{self.seed}-{self.number}" if self.rng.random() < 0.97 else f"{self.rng.choice(('|', 'ä', chr(31), ' ', 'null'))}{prefix}|{self.number}"

	def add(self, name, time, /, **data):
		self.number += 1
		identity = self.rng.choice(TANGLED_IDS) if self.rng.random() < 0.1 else f"{name}-{self.number}"
		time = min(max(time, us("1900-01-02T00:00:00")), us("2199-12-30T00:00:00"))
		self.facts.append(Fact(name, time, identity, self.rng.choice(SOURCES), {field: value for field, value in data.items() if value is not None}))

	def amount(self, most=10 ** 9):
		how = self.rng.random()
		if how < 0.5:
			return decimal.Decimal(self.rng.randrange(most))
		if how < 0.9:
			return decimal.Decimal(self.rng.randrange(most * 100)).scaleb(-2)
		return decimal.Decimal(self.rng.randrange(10 ** 15)).scaleb(-6)

	def count(self, most):
		return self.rng.randint(0, most) if self.rng.random() < 0.997 else self.rng.choice((HUGE, 10 ** 15, 2 ** 53 + 1))

	def revisions(self, name, time, key, make):
		"""Events of one key: mostly one; else revisions in any order of time, equal ones with other times, ids and data among them."""
		rng = self.rng
		revision, made = rng.choice((0, 0, 0, 1, 7)), make()
		for again in range(rng.choice((1,) * 7 + (2, 2, 3, 5))):
			if again:
				revision = rng.choice((revision, revision, revision + 1, 1, HUGE if rng.random() < 0.1 else 2))
				made = make() if rng.random() < 0.8 else made
				time = rng.choice((time, time, time + rng.choice((-1, 1)) * rng.choice((1, SECOND, DAY, 20 * DAY)), time + rng.randrange(-60 * DAY, 200 * DAY)))
			self.add(name, time, **key, **made, revision=revision)

	def once(self, name, time, key, make):
		"""A founding event without revision; now and then a second one that contradicts."""
		self.add(name, time, **key, **make())
		if self.rng.random() < 0.08:
			self.add(name, self.rng.choice((time, time + self.rng.choice((-1, 1)) * self.rng.choice((1, DAY, 40 * DAY)))), **key, **make())

	def survey(self):
		rng, time = self.rng, self.time()
		key = {"response_id": self.identity("SV")}

		def make():
			instrument = rng.choice(("skm", "skm", "skm", "spak", "spkp"))
			scores = rng.choice(((4,), (3, 4), (3, 4, 4), (1, 2, 3, 4)))
			names = ELEMENTS if instrument == "skm" else [f"Q{i}" for i in range(100)] if rng.random() < 0.02 else rng.sample(STATEMENTS, rng.randint(1, len(STATEMENTS)))
			answers = {name: rng.choice(scores) for name in names}
			if instrument == "skm" and rng.random() < 0.2:
				answers.update(rng.choice(({"U10": 9}, {"other": None}, {"": "x"}, {"Requirements": 1, "x": [1]})))
			return {"unit": self.unit(), "instrument": instrument, "service": rng.choice((None, "ktp-el|x", "izin usaha", "\u001f")), "channel": rng.choice((None, "web", "kiosk")), "answers": answers}

		if rng.random() < 0.96:
			self.once("survey.answered", time, key, make)
		else:
			self.add("survey.withdrawn", time, **key)
		if rng.random() < 0.08:
			self.add("survey.withdrawn", time + rng.choice((-DAY, 0, DAY, 90 * DAY)), **key)

	def service(self):
		rng, requested = self.rng, self.time()
		key = {"service_id": self.identity("SD")}

		def make():
			completed = requested + (int(rng.expovariate(1 / 5) * DAY) if rng.random() < 0.94 else -rng.choice((1, 3600 * SECOND, DAY, 9 * DAY)))
			return {"unit": self.unit(), "service": rng.choice(("izin usaha", "akta", "a|b", "x=y", "\u001f")), "requested_at": Instant(requested), "completed_at": Instant(completed),
				"promised_days": rng.choice((0, 1, 3, 3, 5, 10, 14, 60)) if rng.random() < 0.98 else 1000}

		self.once("service.delivered", requested + rng.randrange(20 * DAY), key, make)

	def performance(self, unit=None, indicator=None, period=None):
		rng, period = self.rng, period or self.period(("year", "year", "semester", "quarter", "quarter", "month"))

		def make():
			target = self.amount(10 ** rng.randint(1, 9)) * rng.choice((1,) * 20 + (-1, 0))
			near = (target * decimal.Decimal(rng.choice(("0.4", "0.6", "0.76", "0.9", "0.95", "1", "1", "1", "1.05", "1.3", "2.5", "0", "-0.5")))).quantize(decimal.Decimal("0.000001"))
			made = {"name": rng.choice((None, "Indikator", "nama|x")), "target": target, "realised": rng.choice((near, near, near, target, self.amount(1000), None)), "direction": rng.choice(("higher", "higher", "lower")),
				"measure_unit": rng.choice((None, "%", "orang"))}
			if rng.random() < 0.25:
				low = rng.choice((target, near, decimal.Decimal(0), decimal.Decimal("-3.5")))
				made.update(range_low=low, range_high=low + rng.choice((decimal.Decimal(0), self.amount(10))), direction=rng.choice(("range", "range", "higher", "lower")))
				made["target"] = rng.choice((None, target))
			return made

		late = rng.choice((1, 9, 10, 11, 15, 16, 30, 31, 80, 90, 91, 200)) * DAY + rng.choice((0, 1, -1, 12 * 3600 * SECOND - 1))
		self.revisions("performance.reported", period_end(period) + rng.choice((late, late, -40 * DAY)), {"unit": unit or self.unit(), "indicator": indicator or rng.choice(NAMES), "period": period}, make)

	def budget(self):
		"""A line, of one or more years."""
		rng = self.rng
		line = {"unit": self.unit(), "program": rng.choice(NAMES), "activity": rng.choice((None, None) + NAMES[:6])}
		first = self.year()
		for year in range(first, min(first + rng.choice((1, 1, 2, 3)), 2200)):
			if rng.random() < 0.4:
				self.performance(line["unit"], line["program"], f"{year}")
			months = sorted(rng.sample(range(1, 13), rng.choice((1, 2, 3, 6, 12))))
			ceiling, realised = self.amount() if rng.random() < 0.9 else decimal.Decimal(0), decimal.Decimal(0)
			for month in months:
				realised += self.amount(10 ** 8) if rng.random() < 0.85 else -self.amount(10 ** 7)
				ceiling = ceiling if rng.random() < 0.9 else self.amount()
				self.revisions("budget.reported", period_end(f"{year}-{month:02}") + rng.randrange(60 * DAY), dict(line, period=f"{year}-{month:02}"),
					lambda ceiling=ceiling, realised=realised: {"ceiling": ceiling, "realised": realised + rng.choice((0, 0, self.amount(10 ** 6)))})

	def sheet(self):
		"""The answers of one unit for one year: a self-assessment, and what others say to it."""
		rng, unit, year = self.rng, self.head(), self.year()
		ruleset = rng.choice(list(self.scales) + ["zi-2021"] * 3) if rng.random() < 0.93 else rng.choice(("zi-1999", "|", "ZI-2021"))
		scales = self.scales.get(ruleset, {"P.MP.1.a": "YT"})
		quality = rng.choice((0.15, 0.5, 0.9, 1))
		share = rng.choice((0.05, 0.6, 1))
		listed = [(item, scale) for item, scale in scales.items() if rng.random() < share]
		listed += [(item, "YT") for item in ("P.MP.9.a", "H.X", "G.nothing", "G.", "P.MP.1", "p.mp.1.a", "|", "\u001f", "P.MP.1.a|self") if rng.random() < 0.03]
		for item, scale in listed or [("P.MP.1.a", "YT")]:
			for assessor, chance in (("self", 0.95), ("tpi", 0.25), ("tpn", 0.12)):
				if rng.random() < chance:
					self.revisions("assessment.answered", period_end(f"{year}") + rng.randrange(-100 * DAY, 100 * DAY), {"unit": unit, "year": year, "ruleset": ruleset, "item": item, "assessor": assessor},
						lambda scale=scale: self.answer(scale, quality))

	def answer(self, scale, quality):
		rng = self.rng
		if rng.random() < 0.08 * (1 - quality):
			scale = rng.choice(("YT", "A5", "RATIO"))
		if scale in LETTERS:
			return {"answer": LETTERS[scale][0] if rng.random() < quality else rng.choice(LETTERS[scale])}
		of = rng.choice((decimal.Decimal(4), decimal.Decimal(100), self.amount(1000), decimal.Decimal(rng.randrange(30)), decimal.Decimal(0)))
		return {"numerator": (of * decimal.Decimal(rng.choice(("0", "0.5", "0.9", "1", "1.2")))).quantize(decimal.Decimal("0.000001")) if rng.random() > quality / 2 or not of else of, "denominator": of}

	def declaration(self):
		rng, unit = self.rng, self.unit()
		year = self.year()
		for regime in rng.sample(("lhkpn", "lhkasn", "pact"), rng.randint(1, 3)):

			def make():
				obliged = self.count(60)
				filed = rng.choice((obliged, obliged, rng.randint(0, min(obliged, 60)), self.count(70)))
				return {"obliged": obliged, "filed": filed, "on_time": rng.choice((None, filed, self.count(60))), "complete": rng.choice((None, filed, 0, self.count(60)))}

			self.revisions("declaration.counted", period_end(f"{year}") + rng.randrange(120 * DAY), {"unit": unit, "regime": regime, "year": year}, make)

	def finding(self):
		rng, issued = self.rng, self.time()
		key = {"finding_id": self.identity("FD")}
		if rng.random() < 0.94:
			self.once("finding.issued", issued + rng.randrange(9 * DAY), key, lambda: {"unit": self.unit(), "source": rng.choice(("bpk", "inspectorate", "bpkp")), "report_date": self.date(issued + rng.choice((0, 0, DAY)))})
			many = rng.choice((0, 1, 1, 2, 3, 6))
		else:
			many = rng.choice((1, 2))
		time = issued
		for _ in range(many):
			time += rng.choice((0, 0, 1, -DAY, 20 * DAY, int(rng.expovariate(1 / 60) * DAY)))
			self.add("finding.updated", time, **key, status=rng.choice(("done", "done", "done", "in_progress", "not_followed", "excused")))

	def gratification(self):
		rng, received = self.rng, self.time()
		reported = received + rng.choice((0, 1, 10, 29, 30, 31, 42, 44, 45, 46, 60, -1, -3)) * DAY
		self.once("gratification.reported", reported, {"report_id": self.identity("GR")}, lambda: {"unit": self.unit(), "received_on": self.date(received + rng.choice((0, 0, 0, DAY))), "kind": rng.choice(("accepted", "refused"))})

	def whistleblow(self):
		"""One unit and year, in periods of several lengths."""
		rng, unit, year = self.rng, self.unit(), self.year()
		for part in {rng.choice(("", "-S1", "-S2", "-Q1", "-Q2", "-Q3", "-Q4", "-01", "-02", "-03", "-05", "-06", "-07", "-12")) for _ in range(rng.choice((1, 1, 2, 3, 5)))}:

			def make():
				received = self.count(12)
				return {"received": received, "followed_up": rng.randint(0, min(received, 12)) if rng.random() < 0.9 else self.count(14), "proven": rng.randint(0, min(received, 3)) if rng.random() < 0.9 else self.count(14)}

			self.revisions("whistleblow.counted", period_end(f"{year}{part}") + rng.randrange(40 * DAY), {"unit": unit, "period": f"{year}{part}"}, make)

	def discipline(self):
		rng, unit = self.rng, self.unit()
		first, violations = rng.choice((2021, 2022, 2023, 2023, 2024)), self.count(9)
		for year in range(first, first + rng.choice((1, 2, 2, 3))):
			violations = rng.choice((violations, max(violations - rng.randrange(3), 0), self.count(9), 0))
			self.revisions("discipline.counted", period_end(f"{year}") + rng.randrange(60 * DAY), {"unit": unit, "year": year},
				lambda violations=violations: {"violations": violations, "sanctioned": rng.choice((violations, 0, self.count(9)))})

	# (maker, how often of 100, entities that one call makes, about)
	SHARES = (("survey", 26, 1), ("service", 12, 1), ("performance", 15, 1), ("budget", 14, 5), ("sheet", 14, 6), ("declaration", 6, 2), ("finding", 5, 1), ("gratification", 4, 1), ("whistleblow", 3, 2), ("discipline", 3, 2))

	def work(self, entities):
		"""The facts of about so many entities."""
		for name, share, each in self.SHARES:
			calls = entities * share / 100 / each
			for _ in range(max(int(calls + self.rng.random()), 1 if entities >= 20 else 0)):
				getattr(self, name)()
		return self.facts


def stream(seed, complaints, bad=0.05, unknown_units=0.01, codes=None, tombstones=0.005, partitions=None, others=None):
	"""A mixed stream. Duplicates and disorder are in it; wrong and missing keys too, and where `partitions` is given, partitions that the key does not name.
	`others`: entities of the other families, about; as many as complaints if not given."""
	rng = random.Random(seed)
	codes = codes or [row["unit_code"] for row in units()]
	facts = []
	for complaint_id in complaint_ids(rng, seed, complaints):
		owners = rng.sample(codes, min(4, len(codes))) + (UNKNOWN_UNITS if rng.random() < unknown_units * 4 else [])
		facts += Life(rng, complaint_id, owners).live()
	facts += Office(rng, seed, codes).work(complaints if others is None else others)
	sent = []  # (arrival, record)

	def put(fact, again=None):
		where = rng.random()
		key = True if where < 0.9 else None if where < 0.94 else b"" if where < 0.95 else rng.choice((b"wrong", b"\xff\x00", key_of(rng.choice(facts))))
		partition = rng.randrange(partitions) if partitions and rng.random() < 0.05 else None
		arrival = fact.time + rng.expovariate(1 / 3) * DAY if rng.random() < 0.85 else rng.choice(facts).time + rng.uniform(0, 400) * DAY
		sent.append((arrival, again._replace(key=again.key if key is True else key, partition=partition) if again else record(fact, rng, partition, key)))
		return sent[-1][1]

	for fact in facts:
		first = put(fact)
		while rng.random() < 0.12:
			how = rng.random()
			if how < 0.4:
				put(fact, first)
			elif how < 0.7:
				put(fact)
			else:
				put(fact._replace(id=rng.choice((fact.id + "x", rng.choice(facts).id, "0")), source=rng.choice(SOURCES)))
	wrong = list(bad_records(seed))
	for _ in range(int(len(facts) * bad)):
		one = rng.choice([item for item in wrong if len(item.value) < 100000])
		sent.append((rng.choice(facts).time, Sent(one.key, one.value, one.headers, None)))
	if bad:
		for one in wrong:
			sent.append((rng.choice(facts).time, Sent(one.key, one.value, one.headers, None)))
		sent += [(rng.choice(facts).time, one) for one in edge_records()]
	for _ in range(int(len(facts) * tombstones)):
		sent.append((rng.choice(facts).time, Sent(key_of(rng.choice(facts)), None, rng.choice(([], [("ce_specversion", b"1.0")])), None)))
	sent.sort(key=lambda item: item[0])
	return [item for _, item in sent]


def shuffled(records, seed):
	records = list(records)
	random.Random(seed).shuffle(records)
	return records


def edge_records():
	"""Yields records that are just about to be rejected, and must not be."""
	event = {"specversion": "1.0", "source": "s" * 256, "type": "id.go.opd.complaint.received.v1", "time": "2024-05-06T07:08:09Z"}
	data = {"unit": unit_code(2), "class": "aspiration", "channel": "c" * 256}
	headers = [("content-type", STRUCTURED.encode())]
	for number, change in enumerate(({"id": "i" * 256}, {"id": "\u00a0"}, {"time": "2023-12-31T23:59:60Z"}, {"time": "2024-01-01T06:59:60.123+07:00"}, {"time": "2024-02-29T23:59:59.9999999Z"}, {"data_base64": None}, {"datacontenttype": None})):
		yield Sent(None, json.dumps(dict(event, id=f"edge-{number}", data=dict(data, complaint_id=f"edge-{number}")) | change).encode(), headers, None)
	made = json.dumps(dict(event, id="edge", data=dict(data, complaint_id="edge-size"))).encode()
	yield Sent(None, made + b"\n" * (1048576 - len(made)), headers, None)
	deep = json.dumps(dict(event, id="edge", data=dict(data, complaint_id="edge-depth", x=None)))
	yield Sent(None, deep.replace('"x": null', '"x": ' + "[" * 30 + "]" * 30).encode(), headers, None)
	yield Sent(None, deep.replace('"x": null', '"x": [' + "1e999999," * 20000 + "0]").replace("edge-depth", "edge-numbers").encode(), headers, None)
	for number, (name, changes) in enumerate(EDGE_DATA):
		made = json.dumps(dict(event, id=f"edge-{name}-{number}", type=f"id.go.opd.{name}.v1", data=EXAMPLES[name] | changes))
		for text in ("1e17", "1000e14", "123456789012345000", "123456789012345e3", "0.000001", "1e-6", "100000000000.000000000e0", "-0", "0e99999999999999999999", "-0.0E-5", "000123"[3:], "999999999999999e-6"):
			if '"?"' in made:
				yield Sent(None, made.replace('"?"', text).replace(f"edge-{name}", f"edge-{text}").encode(), headers, None)
		if '"?"' not in made:
			yield Sent(None, made.encode(), headers, None)


# A good event's data of each type, and such as is just about to be good.
EXAMPLES = {
	"survey.answered": {"response_id": "x-1", "unit": unit_code(2), "instrument": "skm", "service": "s", "channel": "c", "answers": dict.fromkeys(ELEMENTS, 4)},
	"survey.withdrawn": {"response_id": "x-1"},
	"service.delivered": {"service_id": "x-1", "unit": unit_code(2), "service": "s", "requested_at": "2024-03-25T08:00:00+07:00", "completed_at": "2024-03-28T08:00:00+07:00", "promised_days": 3},
	"performance.reported": {"unit": unit_code(2), "indicator": "x-1", "name": "n", "period": "2024-Q1", "target": "95", "realised": 93.5, "direction": "range", "range_low": "7", "range_high": "8.25", "measure_unit": "%", "revision": 1},
	"budget.reported": {"unit": unit_code(2), "program": "x-1", "activity": "a", "period": "2024-03", "ceiling": "400000000", "realised": 204500000, "revision": 1},
	"assessment.answered": {"unit": unit_code(2), "year": 2024, "ruleset": "zi-2021", "item": "x-1", "assessor": "self", "answer": "yes", "revision": 1},
	"declaration.counted": {"unit": unit_code(2), "regime": "lhkpn", "year": 2021, "obliged": 50, "filed": 45, "on_time": 40, "complete": 45, "revision": 1},
	"finding.issued": {"finding_id": "x-1", "unit": unit_code(2), "source": "bpk", "report_date": "2024-05-31"},
	"finding.updated": {"finding_id": "x-1", "status": "done"},
	"gratification.reported": {"report_id": "x-1", "unit": unit_code(2), "received_on": "2024-02-29", "kind": "refused"},
	"whistleblow.counted": {"unit": unit_code(2), "period": "2021-S1", "received": 3, "followed_up": 2, "proven": 1, "revision": 1},
	"discipline.counted": {"unit": unit_code(2), "year": 2020, "violations": 4, "sanctioned": 4, "revision": 1},
}
_RATIO = {"answer": None, "numerator": "1", "denominator": "2"}
EDGE_DATA = [("performance.reported", {"target": "?", "period": period, "realised": realised}) for period, realised in (("1900", "-999999999999999999.999999"), ("2199", "000000000000000001.500000"), ("2199-12", "-0"),
		("2024-S2", None), ("2024-03", "0.000001"))] + [
	("performance.reported", {"target": None, "range_low": "-5", "range_high": -5, "direction": "higher", "name": None, "measure_unit": None}),
	("performance.reported", {"range_low": None, "range_high": None, "direction": "lower", "target": "?", "revision": HUGE}),
	("budget.reported", {"program": "p" * 512, "activity": "ä" * 256, "ceiling": "?"}), ("budget.reported", {"activity": None, "realised": "-1.5", "ceiling": 0}),
	("assessment.answered", _RATIO | {"numerator": "?"}), ("assessment.answered", _RATIO | {"denominator": 0}), ("assessment.answered", {"year": 1900}), ("assessment.answered", {"year": 2199, "answer": "e"}),
	("survey.answered", {"answers": dict.fromkeys(ELEMENTS, 1) | {"x": 7, "": None, "y" * 99: {}}}), ("survey.answered", {"instrument": "spak", "answers": {f"{i}" * 32: 4 for i in range(10, 100)} | dict.fromkeys("abcdefghij", 1)}),
	("survey.answered", {"instrument": "spkp", "answers": {"ä" * 32: 4}, "service": None, "channel": None}), ("service.delivered", {"promised_days": 0}), ("service.delivered", {"service_id": "x-2", "promised_days": 1000}),
	("service.delivered", {"service_id": "x-3", "requested_at": "1900-01-01T00:00:00Z", "completed_at": "2016-12-31T23:59:60Z"}), ("declaration.counted", {"on_time": None, "complete": None, "obliged": HUGE}),
	("finding.issued", {"finding_id": "x-2", "report_date": "1900-01-01"}), ("finding.issued", {"finding_id": "x-3", "report_date": "2199-12-31"}), ("gratification.reported", {"report_id": "x-2", "received_on": "2199-12-31"}),
	("whistleblow.counted", {"period": "2199", "received": HUGE}), ("discipline.counted", {"year": 2199, "sanctioned": HUGE}),
]

# What no field of a sort may be.
_TEXT = ("", "x" * 257, "ä" * 129, 5, [], {}, True)
_DECIMALS = ("", "1.", ".5", "+1", "1e3", "1,5", "1 ", " 1", "0x1", "NaN", "1.0000000", "1" * 19, "--1", "١", True, [], {}, 1234567890123456, 1e18, 1e-7, 1.0000001, 10 ** 300)
_INTEGERS = ("5", "", -1, 4.5, True, [], {}, 10 ** 40, 1e300)
_SORTS = {
	"text": _TEXT,
	"long": tuple(value for value in _TEXT if value not in ("x" * 257, "ä" * 129)) + ("x" * 513, "ä" * 257),
	"unit": ("", "region", "9" + unit_code(2)[1:], unit_code(2) + "\n", unit_code(2)[:-1], 1.02),
	"decimal": _DECIMALS,
	"money": _DECIMALS + ("-1", -0.5, "-0.000001"),
	"count": _INTEGERS + (2 ** 63, -0.5),
	"year": _INTEGERS + (1899, 2200, 0),
	"days": _INTEGERS + (1001,),
	"time": ("", "2024-03-25", "2024-03-25T08:00:00", "2024-02-30T08:00:00Z", "2200-01-01T00:00:00Z", 1711329300, {}),
	"date": ("", "2024-02-30", "2023-02-29", "1899-12-31", "2200-01-01", "2024-2-29", "20240229", "2024-W09-4", "2024-03-25T08:00:00Z", " 2024-03-25", "2024-03-25\n", "٢024-03-25", 20240229, []),
	"period": ("", "2024-S3", "2024-S0", "2024-Q5", "2024-Q0", "2024-13", "2024-00", "2024-1", "2024-s1", "2024-W13", "2024-03-25", "1899", "2200-Q1", " 2024", "2024\n", "24", "٢024", 2024, {}),
	"month": ("", "2024", "2024-S1", "2024-Q1", "2024-13", "2024-00", "2024-3", "1899-12", "2200-01", "2024-03-01", 202403, []),
	"answers": ("", [], 4, {}, [4] * 9),
}
_ENUM = ("", "other", 1, [], True)
_FIELD_SORTS = {
	"unit": "unit", "response_id": "text", "service": "text", "channel": "text", "service_id": "text", "requested_at": "time", "completed_at": "time", "promised_days": "days", "indicator": "text", "name": "text", "target": "decimal",
	"realised": "decimal", "range_low": "decimal", "range_high": "decimal", "measure_unit": "text", "revision": "count", "program": "long", "activity": "long", "ceiling": "money", "year": "year", "ruleset": "text", "item": "text",
	"numerator": "money", "denominator": "money", "obliged": "count", "filed": "count", "on_time": "count", "complete": "count", "finding_id": "text", "report_date": "date", "report_id": "text", "received_on": "date", "received": "count",
	"followed_up": "count", "proven": "count", "violations": "count", "sanctioned": "count", "answers": "answers",
}
_OPTIONAL = {"service": "survey", "channel": "survey", "name": "performance", "realised": "performance", "measure_unit": "performance", "activity": "budget", "on_time": "declaration", "complete": "declaration"}


def bad_data():
	"""Yields (type name, data): each field of each type missing, and wrong in every way; fields that do not go together."""
	for name, example in EXAMPLES.items():
		family = name.split(".")[0]
		for field, good in example.items():
			if _OPTIONAL.get(field) != family and field != "target":
				yield name, {other: value for other, value in example.items() if other != field}
				yield name, example | {field: None}
			sort = "month" if name == "budget.reported" and field == "period" else "period" if field == "period" else _FIELD_SORTS.get(field)
			for value in _SORTS[sort] if sort else _ENUM + (good.upper(), good + " "):
				yield name, example | {field: value}
	ratio = EXAMPLES["assessment.answered"] | {"answer": None}
	for changes in ({}, {"numerator": 1}, {"denominator": 1}, {"answer": "a", "numerator": 1}, {"answer": "a", "denominator": 1}, {"answer": "a", "numerator": 1, "denominator": 2}, {"answer": "f"}, {"answer": "A"},
			*({"numerator": value, "denominator": 2} for value in _SORTS["money"]), *({"numerator": 1, "denominator": value} for value in _SORTS["money"])):
		yield "assessment.answered", ratio | changes
	for changes in ({"range_low": None, "range_high": None}, {"range_low": None, "direction": "higher"}, {"range_high": None, "direction": "lower"}, {"range_low": "8.250001"}, {"target": None, "range_low": None},
			{"target": None, "range_low": None, "range_high": None, "direction": "higher"}, {"range_low": 9, "direction": "higher"}):
		yield "performance.reported", EXAMPLES["performance.reported"] | changes
	survey, scores = EXAMPLES["survey.answered"], EXAMPLES["survey.answered"]["answers"]
	for value in (0, 5, "4", 3.5, None, True, [4]):
		yield "survey.answered", survey | {"answers": scores | {"conduct": value}}
		yield "survey.answered", survey | {"instrument": "spak", "answers": {"S1": value}}
	for answers in ({name: 4 for name in ELEMENTS[1:]}, {name.title(): 4 for name in ELEMENTS}, {}):
		yield "survey.answered", survey | {"answers": answers}
	for answers in ({}, {"": 4}, {"x" * 65: 4}, {"ä" * 33: 4}, {f"S{i}": 4 for i in range(101)}):
		yield "survey.answered", survey | {"instrument": "spkp", "answers": answers}


def corner_facts():
	"""Yields facts that chance seldom brings together: each pair of rules that a stream could not tell apart is told apart here."""
	unit, other, count = unit_code(6), unit_code(6, 1), 0

	def fact(name, time, /, **data):
		nonlocal count
		count += 1
		return Fact(name, us(time), f"corner-{count}", "/contoh", dict({"unit": unit}, **data))

	def answer(item, assessor, value, year):
		scale = {"numerator": value[0], "denominator": value[1]} if isinstance(value, tuple) else {"answer": value}
		return fact("assessment.answered", "2025-02-01T09:00:00", year=year, ruleset="zi-2021", item=item, assessor=assessor, revision=0, **scale)

	# Assessors of all three ranks, for years of every ruleset and of none.
	for year in (2024, 2025, 2030):
		for assessor, value in (("self", "a"), ("tpi", "c"), ("tpn", "b")):
			yield answer("P.TT.3.a", assessor, value, year)
		yield answer("P.TT.3.b", "tpi", "a", year)
		yield answer("P.TT.3.b", "tpn", "yes", year)
		yield answer("G.lhkpn", "self", "yes", year)
	# More filed than obliged; fewer, whatever the answer says.
	yield fact("declaration.counted", "2025-01-20T09:00:00", regime="lhkasn", year=2024, obliged=10, filed=14, revision=0)
	yield fact("declaration.counted", "2025-01-20T09:00:00", regime="lhkpn", year=2024, obliged=10, filed=9, revision=0)
	# No violation in two years, and an answer that says otherwise.
	for year in (2023, 2024):
		yield fact("discipline.counted", "2025-01-20T09:00:00", year=year, violations=0, sanctioned=0, revision=0)
	yield answer("R.SDM.3.a", "self", (3, 4), 2024)
	# Cases due on the very as-of day of the tests, unresolved.
	for number, (forwarded, kind) in enumerate((("2025-06-20T09:00:00", "information_request"), ("2024-12-30T09:00:00", "information_request"), ("2024-12-02T09:00:00", "information_request"))):
		yield fact("received", forwarded, complaint_id=f"corner-{number}", channel="web", **{"class": kind})
		yield fact("forwarded", forwarded, complaint_id=f"corner-{number}")
	for year in (2024, 2025):
		yield answer("R.PW.2.a", "self", (1, 3), year)
	# Nearly 100 %, which rounds to it, and is not met.
	yield fact("performance.reported", "2025-01-10T09:00:00", indicator="nearly", period="2024", target=decimal.Decimal("1000000000"), realised=decimal.Decimal("999999999.999999"), direction="higher", revision=0)
	# One program by activity and without.
	for activity, amount in ((None, "10.5"), ("a", "20"), ("b", "5.25")):
		for month, more in ((2, 0), (9, 7)):
			yield fact("budget.reported", "2024-10-05T09:00:00", program="corner", period=f"2024-{month:02}", ceiling=decimal.Decimal(100), realised=decimal.Decimal(amount) + more, revision=0, **({"activity": activity} if activity else {}))
	# Received and reported under different rulesets; one in the gap between them.
	for number, (received, reported) in enumerate((("2024-06-24", "2024-08-06"), ("2024-06-28", "2024-07-03"), ("2024-07-15", "2024-08-05"), ("2024-08-05", "2024-08-05"))):
		yield fact("gratification.reported", reported + "T09:00:00", report_id=f"corner-{number}", unit=other, received_on=received, kind="accepted")
	# The parts of two keys that look the same when they are joined.
	for item, ruleset in (("P.MP.1.a|x", "zi-2021"), ("x", "zi-2021|P.MP.1.a")):
		yield fact("assessment.answered", "2025-02-01T09:00:00", year=2024, ruleset=ruleset, item=item, assessor="self", answer="yes", revision=0)


# --- what must be rejected -----------------------------------------------------------------------------------------------------


def bad_records(seed):
	"""Yields a record for every way to be rejected for itself (too_many_facts and not_storable take more than one record)."""
	rng = random.Random(seed)
	good_unit = units()[0]["unit_code"]
	number = 0

	def event(name="verified", **changes):
		nonlocal number
		number += 1
		data = {"complaint_id": f"bad-{seed}-{number}"}
		data.update({"received": {"unit": good_unit, "class": "complaint", "channel": "web"}, "forwarded": {"unit": good_unit}, "archived": {"reason": "x"}, "rated": {"rating": 3}}.get(name, {}))
		made = {"specversion": "1.0", "id": f"bad-{number}", "source": "/contoh", "type": f"id.go.opd.complaint.{name}.v1", "time": "2024-03-25T08:15:00+07:00", "data": data}
		made.update(changes)
		return made

	def without(name, part, made):
		del (made["data"] if part == "data" else made)[name]
		return made

	def with_data(name, **fields):
		made = event(name)
		made["data"].update(fields)
		return made

	def bad(reason, value, headers=None):
		if isinstance(value, dict):
			value = json.dumps(value)
		if isinstance(value, str):
			value = value.encode()
		return Bad(reason, rng.choice((None, b"k", f"bad-{number}".encode())), value, [("content-type", STRUCTURED.encode())] if headers is None else headers)

	def binary(made, data=None, **changes):
		"""(value, headers) of an event in binary mode."""
		headers = [("ce_" + name, str(value).encode()) for name, value in made.items() if name != "data"]
		return json.dumps(made["data"]) if data is None else data, headers + [("ce_" + name, value) for name, value in changes.items()]

	def inside(text):
		"""An event with this JSON text as an unknown data field."""
		return json.dumps(with_data("verified", x=None)).replace('"x": null', '"x": ' + text)

	# too_large
	padded = json.dumps(event())
	yield bad("too_large", padded + " " * (1048577 - len(padded)))
	yield bad("too_large", b"\xff" * 1048577)
	yield bad("too_large", inside("[" * 31 + "]" * 31))
	yield bad("too_large", inside('{"a":' * 31 + "1" + "}" * 31))
	yield bad("too_large", inside("[" * 40))
	yield bad("too_large", "[" * 100000)
	# not_cloudevent
	for kind in ("application/cloudevents-batch+json", "application/cloudevents+avro", "Application/CloudEvents-Batch+JSON; charset=utf-8", "application/cloudevents"):
		yield bad("not_cloudevent", event(), [("Content-Type", kind.encode())])
	yield bad("not_cloudevent", b"\xff", [("content-type", b"application/cloudevents+avro")])
	for value in ("[]", "1", '"x"', "null", "true", "{}", '{"id":"x","data":{}}', "[" + json.dumps(event()) + "]"):
		yield bad("not_cloudevent", value)
		yield bad("not_cloudevent", value, [])
	# encoding
	for raw in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\x80"):
		yield bad("encoding", json.dumps(with_data("verified", x="?")).encode().replace(b"?", raw))
	yield bad("encoding", b"\xfe\xff\x00{\x00}")
	for escaped in ("\\u0000", "\\ud800", "\\udfff", "\\ud800x", "\\ud800\\u0041", "\\ud83d\\ud83d\\ude00", "a\\uDE00"):
		yield bad("encoding", inside(f'"{escaped}"'))
		yield bad("encoding", inside('{"%s":1}' % escaped))
		yield bad("encoding", inside(f'["{escaped}",,'))
	yield bad("encoding", *binary(event(), ext=b"\xff"))
	yield bad("encoding", *binary(event(), data=b'{"complaint_id":"\xff"}'))
	# not_json
	text = json.dumps(event())
	for value in ("", " ", "{", text[:-1], text[:len(text) // 2], text + "x", text + text, text + ",", "\ufeff" + text, "/* x */" + text, "// x\n" + text, text.replace('"1.0"', "1.0."), text.replace('"', "'"), "\x00", text + "\x00",
			"{,}", '{"a":1,}', '{"a"}', "{1:1}", '{"a":1 "b":2}'):
		yield bad("not_json", value, rng.choice(([], None)))
	for part in ("NaN", "Infinity", "-", "01", "1.", ".5", "+1", "1e", "0x10", "tru", "True", "nul", "undefined", '"\t"', '"\\x"', '"\\u12"', '"\\u12G4"', '"', "[1,]", "[,1]", "[1 2]", "{a:1}", '"a" "b"', "\u00a01", "\v1", "1\f"):
		yield bad("not_json", inside(part))
	yield bad("not_json", *binary(event(), data=""))
	yield bad("not_json", *binary(event(), data="{"))
	# duplicate_key
	yield bad("duplicate_key", text[:-1] + ', "id": "x"}')
	yield bad("duplicate_key", text[:-1] + ', "\\u0069d": "x"}')
	yield bad("duplicate_key", text[:-1] + ', "x": {"": 1, "": 1}}')
	yield bad("duplicate_key", inside('{"a": {"b": [{"c": 1, "\\u0063": {"d"'))
	yield bad("duplicate_key", inside('{"\U0001F600": 1, "\\uD83D\\uDE00": 2}'))
	yield bad("duplicate_key", text.replace('"complaint_id"', '"complaint_id": "a", "complaint_id"'))
	yield bad("duplicate_key", *binary(event(), data='{"complaint_id":"a","complaint_id":"a"}'))
	# bad_envelope
	for value in ("1", "1.1", "0.3", 1.0, None, "", "1.0 ", ["1.0"]):
		yield bad("bad_envelope", event(specversion=value))
	for name in ("type", "id", "source", "time", "data"):
		yield bad("bad_envelope", without(name, "envelope", event()))
		for value in ("", None, 5, True, [], {"a": 1} if name != "data" else "{}", "x" * 257, "ä" * 129, "a\u0000b".replace("\u0000", "\u0001"), "a\u007fb", "a\u0085b", "a\n"):
			yield bad("bad_envelope", event(**{name: value}))
	for value in ("2024-03-25", "2024-03-25T08:15:00", "2024-03-25 08:15:00Z", "2024-02-30T08:15:00Z", "2023-02-29T00:00:00Z", "2024-03-25T24:00:00Z", "2024-03-25T08:60:00Z", "2024-03-25T08:15:61Z", "2024-03-25T08:15:60Z",
			"2024-12-31T23:59:60+07:00", "2024-03-25T08:15:00.Z", "2024-03-25T08:15:00+24:00", "2024-03-25T08:15:00+0700", "2024-03-25T08:15:00+07", "2024-03-25T08:15Z", "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z",
			"1900-01-01T00:00:00+00:01", " 2024-03-25T08:15:00Z", "2024-03-25T08:15:00Z ", "2024-3-25T08:15:00Z", "20240325T081500Z", "1711329300", "2024-03-25T08:15:00−07:00", "2024-03-25T08:15:00,5Z"):
		yield bad("bad_envelope", event(time=value))
	for value in ("text/plain", "application/xml", "json", "application/jsonx", 5, {}):
		yield bad("bad_envelope", event(datacontenttype=value))
	yield bad("bad_envelope", event(data_base64="e30="))
	yield bad("bad_envelope", *binary(event(), data="[]"))
	yield bad("bad_envelope", *binary(event(), ID=b"twice"))
	yield bad("bad_envelope", *binary(event(), specversion=b"1.0"))
	yield bad("bad_envelope", *binary(event(specversion="0.3")))
	yield bad("bad_envelope", *binary(event(id="a\nb")))
	yield bad("bad_envelope", *binary(without("time", "envelope", event())))
	value, headers = binary(event())
	yield bad("bad_envelope", value, headers + [("content-type", b"text/plain")])
	# personal_data
	for name in ("nik", "NIK", "N.I.K", "phone", "Phone_", "e-mail", "full name", "Nama Lengkap", "no_hp", "description", "ip-address", "Lat itude"):
		yield bad("personal_data", with_data(rng.choice(("verified", "received", "rated")), **{name: rng.choice((None, "x", {}, 0))}))
		yield bad("personal_data", with_data("verified", x={"y": {name: 1}}))
	yield bad("personal_data", with_data("verified", x=[1, [{"name": "x"}]]))
	yield bad("personal_data", *binary(with_data("verified", alamat="x")))
	made = with_data("verified", note="before the type is looked at")
	yield bad("personal_data", dict(made, type="id.go.opd.unheard.of.v1"))
	# unknown_type
	for name in ("id.go.opd.complaint.closed.v1", "id.go.opd.complaint.verified.v2", "id.go.opd.complaint.verified", "ID.GO.OPD.COMPLAINT.VERIFIED.V1", "complaint.verified", "x", "id.go.opd.complaint.verified.v1 "):
		yield bad("unknown_type", event(type=name))
	yield bad("unknown_type", dict(event(type="id.go.opd.complaint.closed.v1"), data={}))
	# bad_field
	for name in ("received", "verified", "forwarded", "responded", "resolved", "reopened", "misrouted", "withdrawn", "archived", "rated"):
		yield bad("bad_field", without("complaint_id", "data", event(name)))
		for value in ("", None, 5, "x" * 257, "ä" * 129, [], {}, True):
			yield bad("bad_field", with_data(name, complaint_id=value))
	for name in ("received", "forwarded"):
		yield bad("bad_field", without("unit", "data", event(name)))
		for value in ("", None, "region", "9" + good_unit[1:], good_unit + "0", " " + good_unit, good_unit[:-1], good_unit.replace(".", "-"), good_unit + "\n", "١" + good_unit[1:], 1.02):
			yield bad("bad_field", with_data(name, unit=value))
	for field in ("class", "channel"):
		yield bad("bad_field", without(field, "data", event("received")))
	for value in ("Complaint", "complaint ", "other", "", 1, None, ["complaint"]):
		yield bad("bad_field", with_data("received", **{"class": value}))
	for field in ("channel", "category"):
		for value in ("", "x" * 257, 5, False, {}):
			yield bad("bad_field", with_data("received", **{field: value}))
	for value in ("", None, "x" * 257, 5):
		yield bad("bad_field", with_data("archived", reason=value))
	for value in (0, 6, -1, 4.5, "5", None, True, [5], 1e300, 10 ** 40):
		yield bad("bad_field", with_data("rated", rating=value))
	yield bad("bad_field", json.dumps(event("rated")).replace('"rating": 3', '"rating": 5e99999999999999999999'))
	yield bad("bad_field", json.dumps(event("rated")).replace('"rating": 3', '"rating": 3.00000000000000000000000000000000000001'))
	yield bad("bad_field", *binary(with_data("rated", rating=7)))
	# unknown_unit
	for code in UNKNOWN_UNITS:
		yield bad("unknown_unit", with_data("received", unit=code[:-4] + "9998"))
		yield bad("unknown_unit", with_data("forwarded", unit=code[:-4] + "9999"))
	# the same of the other families
	for name, data in bad_data():
		yield bad("bad_field", dict(event(type=f"id.go.opd.{name}.v1"), data=data))
	for name, data in EXAMPLES.items():
		if "unit" in data:
			yield bad("unknown_unit", dict(event(type=f"id.go.opd.{name}.v1"), data=data | {"unit": UNKNOWN_UNITS[0][:-4] + "9997"}))
		yield bad("personal_data", dict(event(type=f"id.go.opd.{name}.v1"), data=data | {"Nama_Lengkap": None}))
	yield bad("personal_data", dict(event(type="id.go.opd.performance.reported.v1"), data=EXAMPLES["performance.reported"] | {"x": {"name": "n"}}))
	yield bad("personal_data", dict(event(type="id.go.opd.performance.reported.v1"), data=EXAMPLES["performance.reported"] | {"Name": "n"}))
	yield bad("personal_data", dict(event(type="id.go.opd.budget.reported.v1"), data=EXAMPLES["budget.reported"] | {"name": "n"}))
	yield bad("personal_data", dict(event(type="id.go.opd.survey.answered.v1"), data=EXAMPLES["survey.answered"] | {"instrument": "spak", "answers": {"name": 4}}))
