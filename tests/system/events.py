# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Streams of complaint events as hostile as real ones, and worse: seeded, so that a failure can be repeated.

    stream(seed, complaints, bad)    a list of Sent, in the order to produce them
    bad_records(seed)                one of each kind of record that must be rejected, with its reason
    units(), calendar()              the register and the working-day calendar that go with them
"""
import collections
import csv
import datetime
import json
import random

Sent = collections.namedtuple("Sent", "key value headers partition")  # partition None: as the key says
Bad = collections.namedtuple("Bad", "reason key value headers")
Fact = collections.namedtuple("Fact", "name time id source data")  # time: µs since 1970 UTC

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
		return rng.choice((f"{value}", f"{value}", f"{value}.0", f"{value}e0", f"{value}0E-1", f"{value}.000e+00", f"0.{value}e1" if 0 < value < 10 else f"{value}"))
	return json.dumps(value)


UNKNOWN_FIELDS = (("x_priority", 3), ("tags", ["phone", "email", {"deep": [None, True, 1.5e300]}]), ("reference", {"no": "12/ЖЯ/\U0001F600", "pages": -0.0}), ("x\"y\\", "\x01"), ("", None), ("named", "x"),
	("zero", "0" * 40))


def envelope(fact):
	return {"specversion": "1.0", "id": fact.id, "source": fact.source, "type": f"id.go.opd.complaint.{fact.name}.v1", "time": None, "data": dict(fact.data)}


def record(fact, rng=None, partition=None, key=True):
	"""A fact as a Kafka record; with rng in one of many ways that mean the same."""
	event = envelope(fact)
	event["time"] = time_text(fact.time, rng)
	if key is True:
		key = fact.data["complaint_id"].encode()
	if not rng:
		return Sent(key, json.dumps(event).encode(), [("content-type", STRUCTURED.encode())], partition)
	for name, value in UNKNOWN_FIELDS:
		if rng.random() < 0.06:
			event["data"][name] = value
	if fact.name == "received" and "category" not in fact.data and rng.random() < 0.3:
		event["data"]["category"] = None
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


def stream(seed, complaints, bad=0.05, unknown_units=0.01, codes=None, tombstones=0.005, partitions=None):
	"""A mixed stream. Duplicates and disorder are in it; wrong and missing keys too, and where `partitions` is given, partitions that the key does not name."""
	rng = random.Random(seed)
	codes = codes or [row["unit_code"] for row in units()]
	facts = []
	for complaint_id in complaint_ids(rng, seed, complaints):
		owners = rng.sample(codes, min(4, len(codes))) + (UNKNOWN_UNITS if rng.random() < unknown_units * 4 else [])
		facts += Life(rng, complaint_id, owners).live()
	sent = []  # (arrival, record)

	def put(fact, again=None):
		where = rng.random()
		key = True if where < 0.9 else None if where < 0.94 else b"" if where < 0.95 else rng.choice((b"wrong", b"\xff\x00", rng.choice(facts).data["complaint_id"].encode()))
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
		sent.append((rng.choice(facts).time, Sent(rng.choice(facts).data["complaint_id"].encode(), None, rng.choice(([], [("ce_specversion", b"1.0")])), None)))
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
