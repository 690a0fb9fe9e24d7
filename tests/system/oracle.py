#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""What the tables of schema rekap must hold, recomputed from the records alone.

Written from the document that defines the meaning of events, tables and figures (its sections are cited as §n), not from the
daemon, and for clearness instead of speed: an entity is computed from the whole list of its events, a stock from its
intervals, an indicator from all days. Nothing is folded one by one. Exact arithmetic only.

    world = World(units, rulesets, calendar, zone, as_of, threshold)
    tables = compute(records, world)        # {"complaint": Table, "measure_day": Table, ...}

A further entity kind is one more class in KINDS: FIELDS (its event types), KEY, and row(), measures(), flags().
"""
import bisect
import collections
import csv
import datetime
import functools
import json
import re
import zoneinfo

Record = collections.namedtuple("Record", "topic partition offset key value headers")
Event = collections.namedtuple("Event", "type id time data")  # time: µs since 1970 UTC; data: {field: value or None}, in contract order
Table = collections.namedtuple("Table", "columns key rows")  # key: how many of the first columns identify a row

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
ONE_DAY = datetime.timedelta(days=1)
MAX_BYTES = 1048576
MAX_DEPTH = 32
MAX_FACTS = 4096
REGION = "region"
GRAINS = ("day", "week", "month", "quarter", "semester", "year")


class Prefix(str):
	"""Equal to every text that begins with it."""

	def __eq__(self, other):
		return isinstance(other, str) and other.startswith(str(self))

	def __ne__(self, other):
		return not self == other

	__hash__ = str.__hash__


class _Anything:
	"""Equal to everything: a value that the semantics leave open."""

	def __eq__(self, other):
		return True

	def __repr__(self):
		return "(anything)"

	__hash__ = object.__hash__


ANYTHING = _Anything()


class Fault(Exception):
	"""A reason to reject a record (§1)."""

	def __init__(self, reason, detail=ANYTHING):
		super().__init__(reason, detail)
		self.reason, self.detail = reason, detail


# --- JSON (§1, rows 1, 3, 4, 5) ------------------------------------------------------------------------------------------------


class Number(str):
	"""A JSON number's text as it stands."""


_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_LOW = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = (("true", True), ("false", False), ("null", None))


class Json:
	"""A strict RFC 8259 reader. Of syntax, depth, nul, surrogate and duplicate key the fault met first is the reason."""

	def __init__(self, text):
		self.text, self.at, self.path = text, 0, []

	def read(self):
		value = self.value(1)
		self.space()
		if self.at != len(self.text):
			raise Fault("not_json")
		return value

	def space(self):
		self.at = _SPACE.match(self.text, self.at).end()

	def peek(self):
		self.space()
		return self.text[self.at:self.at + 1]

	def expect(self, character):
		if self.peek() != character:
			raise Fault("not_json")
		self.at += 1

	def value(self, depth):
		first = self.peek()
		if first in ("{", "["):
			if depth > MAX_DEPTH:
				raise Fault("too_large", "depth")
			self.at += 1
			return self.object(depth) if first == "{" else self.array(depth)
		if first == '"':
			return self.string()
		for word, value in _WORDS:
			if self.text.startswith(word, self.at):
				self.at += len(word)
				return value
		match = _NUMBER.match(self.text, self.at)
		if not match:
			raise Fault("not_json")
		self.at = match.end()
		return Number(match.group())

	def object(self, depth):
		found = {}
		if self.peek() == "}":
			self.at += 1
			return found
		while True:
			if self.peek() != '"':
				raise Fault("not_json")
			key = self.string()
			self.path.append(key)
			if key in found:
				raise Fault("duplicate_key", path_text(self.path))
			self.expect(":")
			found[key] = self.value(depth + 1)
			self.path.pop()
			if self.peek() == "}":
				self.at += 1
				return found
			self.expect(",")

	def array(self, depth):
		found = []
		if self.peek() == "]":
			self.at += 1
			return found
		while True:
			self.path.append(len(found))
			found.append(self.value(depth + 1))
			self.path.pop()
			if self.peek() == "]":
				self.at += 1
				return found
			self.expect(",")

	def string(self):
		self.at += 1
		parts = []
		while True:
			match = _PLAIN.match(self.text, self.at)
			parts.append(match.group())
			self.at = match.end() + 1
			stop = self.text[match.end():self.at]
			if stop == '"':
				return "".join(parts)
			if stop != "\\":
				raise Fault("not_json")
			parts.append(self.escape())

	def escape(self):
		letter = self.text[self.at:self.at + 1]
		self.at += 1
		if letter in _ESCAPES:
			return _ESCAPES[letter]
		match = _HEX.match(self.text, self.at) if letter == "u" else None
		if not match:
			raise Fault("not_json")
		self.at = match.end()
		code = int(match.group(), 16)
		if code == 0:
			raise Fault("encoding", "nul")
		if 0xDC00 <= code <= 0xDFFF:
			raise Fault("encoding", "surrogate")
		if 0xD800 <= code <= 0xDBFF:
			low = _LOW.match(self.text, self.at)
			if not low:
				raise Fault("encoding", "surrogate")
			self.at = low.end()
			code = 0x10000 + ((code - 0xD800) << 10) + int(low.group(1), 16) - 0xDC00
		return chr(code)


def path_text(path):
	"""A path as detail shows it. How array elements are written is not fixed, so such a path is not compared."""
	return ANYTHING if any(isinstance(step, int) for step in path) else ".".join(path)


# --- values (§1.1, §1.2) -------------------------------------------------------------------------------------------------------


_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))")
_UNIT = re.compile(r"[1-8]\.[0-9]{2}\.[0-9]\.[0-9]{2}\.[0-9]\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}")


def parse_time(text):
	"""RFC 3339 as §1.1 narrows it: µs since 1970, or None."""
	match = _TIME.fullmatch(text)
	if not match:
		return None
	year, month, day, hour, minute, second = (int(match.group(i)) for i in range(1, 7))
	fraction = int((match.group(7) or "0")[:6].ljust(6, "0"))
	offset_hour, offset_minute = int(match.group(9) or 0), int(match.group(10) or 0)
	if hour > 23 or minute > 59 or second > 60 or offset_hour > 23 or offset_minute > 59:
		return None
	offset = (offset_hour * 60 + offset_minute) * (-1 if match.group(8) == "-" else 1)
	try:
		local = datetime.datetime(year, month, day, hour, minute, min(second, 59), fraction, tzinfo=datetime.timezone.utc)
		utc = local - datetime.timedelta(minutes=offset)
	except (ValueError, OverflowError):
		return None
	if second == 60:
		if (utc.hour, utc.minute) != (23, 59):
			return None
		utc = utc.replace(second=59, microsecond=999999)
	return microseconds(utc) if 1900 <= utc.year <= 2199 else None


def microseconds(when):
	return (when - EPOCH) // datetime.timedelta(microseconds=1)


def instant(us):
	return EPOCH + datetime.timedelta(microseconds=us)


def text_of(value, longest=256):
	if type(value) is not str or not 1 <= len(value.encode()) <= longest:
		return None
	return value


def unit_code_of(value):
	return value if type(value) is str and _UNIT.fullmatch(value) else None


def one_of(*values):
	return lambda value: value if type(value) is str and value in values else None


def integer_of(low, high):
	"""A JSON number of integral value: 5, 5.0, 50e-1."""

	def check(value):
		if not isinstance(value, Number):
			return None
		sign, whole, fraction, exponent = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", value).groups()
		fraction = fraction or ""
		digits, power = (whole + fraction).lstrip("0"), int(exponent or 0) - len(fraction)
		stripped = digits.rstrip("0")
		power += len(digits) - len(stripped)
		if not stripped:
			number = 0
		elif power < 0 or len(stripped) + power > 19:
			return None
		else:
			number = int(sign + stripped) * 10 ** power
		return number if low <= number <= high else None

	return check


# --- from record to event (§1) -------------------------------------------------------------------------------------------------


DEFAULT_FORBIDDEN = """nik, ktp, noktp, nokk, nip, nrp, npwp, paspor, passport, name, nama, fullname, namalengkap, firstname, lastname, phone, telephone,
	telepon, telp, hp, nohp, handphone, mobile, whatsapp, email, surel, address, alamat, birthdate, dateofbirth, dob, tanggallahir, birthplace, tempatlahir,
	gender, jeniskelamin, religion, agama, description, deskripsi, uraian, content, isi, text, teks, message, pesan, comment, komentar, note, notes, catatan,
	reporter, pelapor, complainant, attachment, lampiran, photo, foto, ipaddress, latitude, longitude"""


def plain_name(name):
	"""How forbidden names are compared (§9)."""
	lowered = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in name)
	return re.sub("[_. -]", "", lowered)


def media_type(content_type):
	return content_type.split(";")[0].strip().lower()


def is_control(character):
	return ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F


class Envelope:
	"""A record on its way to an event; what passed so far is known when it is rejected."""

	def __init__(self, record, world):
		self.record, self.world = record, world
		self.type = self.id = None

	def event(self):
		"""None for a tombstone; raises Fault."""
		value = self.record.value
		if value is None:
			return None
		if len(value) > MAX_BYTES:
			raise Fault("too_large", "bytes")
		headers = [(name.lower(), content) for name, content in self.record.headers or []]
		content_type = next((content.decode("utf-8", "replace") for name, content in headers if name == "content-type" and content is not None), None)
		media = media_type(content_type) if content_type is not None else ""
		if media.startswith("application/cloudevents") and media != "application/cloudevents+json":
			raise Fault("not_cloudevent", media)
		binary = media != "application/cloudevents+json" and any(name == "ce_specversion" for name, _ in headers)
		try:
			text = value.decode("utf-8")
			attributes = [(name[3:], content if content is None else content.decode("utf-8")) for name, content in headers if binary and name.startswith("ce_")]
		except UnicodeDecodeError:
			raise Fault("encoding", "utf8") from None
		body = Json(text)
		try:
			body = body.read()
		except Fault as fault:
			if binary and fault.reason == "duplicate_key":
				raise Fault("duplicate_key") from None  # whether its path begins with `data` here is not said
			raise
		if binary:
			names = [name for name, _ in attributes]
			twice = {name for name in names if names.count(name) > 1}
			envelope = dict(reversed(attributes), datacontenttype=content_type, data=body, data_base64=None)
		else:
			if type(body) is not dict or "specversion" not in body:
				raise Fault("not_cloudevent")
			envelope, twice = body, ()
		time = self.attributes(envelope, twice)
		data = envelope["data"]
		self.personal_data(data, ["data"])
		if self.type not in TYPES:
			raise Fault("unknown_type")
		fields = self.fields(data)
		if fields.get("unit") is not None and fields["unit"] not in self.world.units:
			raise Fault("unknown_unit", fields["unit"])
		return Event(self.type, self.id, time, fields)

	def attributes(self, envelope, twice):
		"""The checks of §1.1 in their order, then that no header is there twice; returns the time."""
		if type(envelope.get("specversion")) is not str or envelope["specversion"] != "1.0":
			raise Fault("bad_envelope", Prefix("specversion: "))
		for name in ("type", "id", "source"):
			value = text_of(envelope.get(name))
			if value is None or any(map(is_control, value)):
				raise Fault("bad_envelope", Prefix(name + ": "))
			if name != "source":
				setattr(self, name, ANYTHING if name in twice else value)  # which of the two counts is not said
		value = envelope.get("time")
		time = parse_time(value) if type(value) is str else None
		if time is None:
			raise Fault("bad_envelope", Prefix("time: "))
		kind = envelope.get("datacontenttype")
		if kind is not None and not (type(kind) is str and re.fullmatch(r"application/(json|[^/\s]+\+json)", media_type(kind))):
			raise Fault("bad_envelope", Prefix("datacontenttype: "))
		if envelope.get("data_base64") is not None:
			raise Fault("bad_envelope", Prefix("data_base64: "))
		if type(envelope.get("data")) is not dict:
			raise Fault("bad_envelope", Prefix("data: "))
		if twice:
			raise Fault("bad_envelope")
		return time

	def personal_data(self, value, path):
		items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
		for key, inner in items:
			exempt = self.type == "id.go.opd.performance.reported.v1" and path == ["data"] and key == "name"
			if type(key) is str and not exempt and plain_name(key) in self.world.forbidden:
				raise Fault("personal_data", path_text(path + [key]))
			self.personal_data(inner, path + [key])

	def fields(self, data):
		"""§1.2: the fields of the contract, in its order."""
		fields = {}
		for name, check, required in TYPES[self.type]:
			value = data.get(name)
			fields[name] = check(value) if value is not None else None
			if fields[name] is None and (required or value is not None):
				raise Fault("bad_field", Prefix(f"data.{name}: "))
		return fields


# --- calendar, units, rulesets (§4, §5, §9) ------------------------------------------------------------------------------------


class World:
	"""Everything besides the events that the tables depend on."""

	def __init__(self, units, rulesets, calendar, zone, as_of, threshold=5, collective_leave=True):
		self.units = {row["unit_code"]: row for row in units}
		self.rulesets = rulesets
		self.zone = zoneinfo.ZoneInfo(zone)
		self.as_of, self.threshold = as_of, threshold
		self.calendar_years = {day.year for day, _ in calendar}
		self.holidays = {day for day, kind in calendar if collective_leave or kind != "collective_leave"}
		listed = [ruleset["forbidden_fields"] for ruleset in rulesets if "forbidden_fields" in ruleset]
		self.forbidden = {plain_name(name) for names in listed or [DEFAULT_FORBIDDEN.split(",")] for name in names}
		self.forbidden = {name.strip() for name in self.forbidden}
		self.day = functools.lru_cache(None)(self._day)
		self.children = self.find_children()

	def _day(self, us):
		"""The calendar day of an instant in the zone."""
		return instant(us).astimezone(self.zone).date()

	def ruleset(self, section, day):
		"""The ruleset with this section that is valid on a day, or None."""
		for ruleset in self.rulesets:
			if section in ruleset and ruleset["valid_from"] <= day.isoformat() and (ruleset["valid_to"] is None or day.isoformat() <= ruleset["valid_to"]):
				return ruleset
		return None

	def step(self, day):
		"""Whether a day that is stepped upon is a working day; raises NoCalendar."""
		if day.year not in self.calendar_years:
			raise NoCalendar(day.year)
		return day.weekday() < 5 and day not in self.holidays

	def add_working_days(self, day, count):
		while count > 0:
			day += ONE_DAY
			count -= self.step(day)
		return day

	def working_days(self, first, last):
		"""hk(first, last): working days in (first, last]."""
		count = 0
		while first < last:
			first += ONE_DAY
			count += self.step(first)
		return count

	def due(self, start, deadline):
		if deadline["kind"] == "calendar":
			return start + deadline["days"] * ONE_DAY
		return self.add_working_days(start, deadline["days"])

	def attribute(self, code, day):
		"""The unit that a count of this unit on this day goes to (§5)."""
		unit = self.units[code]
		while unit["valid_to"] and day > unit["valid_to"] and unit["successor_code"]:
			unit = self.units[unit["successor_code"]]
		return unit["unit_code"]

	def is_valid(self, code, day):
		unit = self.units[code]
		return (not unit["valid_from"] or unit["valid_from"] <= day) and (not unit["valid_to"] or day <= unit["valid_to"])

	def stock(self, code, first, end):
		"""The changes (unit, day, ±1) of one that a unit holds from first to before end (None: for ever); it moves when units end (§6)."""
		if end is not None and first >= end:
			return
		moves, unit = {first}, self.units[code]
		while True:
			if unit["valid_to"] and unit["valid_to"] + ONE_DAY > first and (end is None or unit["valid_to"] + ONE_DAY < end):
				moves.add(unit["valid_to"] + ONE_DAY)
			if not unit["successor_code"]:
				break
			unit = self.units[unit["successor_code"]]
		moves = sorted(moves)
		for start, stop in zip(moves, moves[1:] + [end]):
			yield self.attribute(code, start), start, 1
			if stop is not None:
				yield self.attribute(code, start), stop, -1

	def above(self, code):
		"""The unit, those above it, and the region."""
		while code:
			yield code
			code = self.units[code]["parent_code"]
		yield REGION

	def find_children(self):
		"""{unit: its children}, from the region downwards."""
		below = collections.defaultdict(list)
		for code in sorted(self.units):
			below[self.units[code]["parent_code"] or REGION].append(code)
		ordered, queue = {}, [REGION]
		for upper in queue:
			if below[upper]:
				ordered[upper] = below[upper]
				queue += below[upper]
		return ordered


class NoCalendar(Exception):
	"""A day was stepped upon whose year the calendar does not have; args[0] is the year."""


def read_units(path):
	"""The unit register from its CSV file (§9)."""
	with open(path, newline="", encoding="utf-8") as file:
		rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
	for row in rows:
		for name in ("valid_from", "valid_to"):
			row[name] = row[name] and datetime.date.fromisoformat(row[name])
	return rows


def read_calendar(path):
	with open(path, newline="", encoding="utf-8") as file:
		return [(datetime.date.fromisoformat(row["date"]), row["type"]) for row in csv.DictReader(file)]


def read_rulesets(paths):
	rulesets = []
	for path in paths:
		with open(path, encoding="utf-8") as file:
			rulesets.append(json.load(file))
	return rulesets


# --- precedence (§2) -----------------------------------------------------------------------------------------------------------


def fields_rank(event):
	"""Data fields compared value by value: empty < present, integers by value, strings bytewise."""
	return [() if value is None else (value.encode() if type(value) is str else value,) for value in event.data.values()]


def highest(events):
	"""The event of highest precedence of a type without revision; None of none."""
	return max(events, key=lambda e: (e.time, e.id.encode(), fields_rank(e)), default=None)


def earliest(events):
	"""Smallest time, then larger id, then larger fields; None of none."""
	first = min((e.time for e in events), default=None)
	return highest([e for e in events if e.time == first])


# --- complaint (§3.1, §6, §11) -------------------------------------------------------------------------------------------------


COMPLAINT = "id.go.opd.complaint."


class Complaint:
	"""All there is to know of one complaint, from the set of its events."""

	TABLE = "complaint"
	KEY = ("complaint_id",)
	_ID = ("complaint_id", text_of, True)
	FIELDS = {
		COMPLAINT + "received.v1": [_ID, ("unit", unit_code_of, True), ("class", one_of("information_request", "complaint", "supervisory", "aspiration"), True),
			("channel", text_of, True), ("category", text_of, False)],
		COMPLAINT + "verified.v1": [_ID],
		COMPLAINT + "forwarded.v1": [_ID, ("unit", unit_code_of, True)],
		COMPLAINT + "responded.v1": [_ID],
		COMPLAINT + "resolved.v1": [_ID],
		COMPLAINT + "reopened.v1": [_ID],
		COMPLAINT + "misrouted.v1": [_ID],
		COMPLAINT + "withdrawn.v1": [_ID],
		COMPLAINT + "archived.v1": [_ID, ("reason", text_of, True)],
		COMPLAINT + "rated.v1": [_ID, ("rating", integer_of(1, 5), True)],
	}
	LIMITED = {COMPLAINT + name + ".v1" for name in ("resolved", "reopened", "misrouted", "forwarded")}
	COLUMNS = ("complaint_id", "unit_code", "class", "channel", "category", "state", "received_at", "verified_at", "forwarded_at", "responded_at", "resolved_at",
		"archived_at", "archive_reason", "withdrawn_at", "reopened_count", "rating", "response_due_on", "resolution_due_on")

	def __init__(self, key, events, world):
		self.id, self.world = key[0], world
		self.events = collections.defaultdict(list)
		for event in events:
			self.events[event.type[len(COMPLAINT):-len(".v1")]].append(event)
		self.times = {name: sorted({event.time for event in members}) for name, members in self.events.items()}
		self.received = earliest(self.events["received"])
		self.forwarded = highest(self.events["forwarded"])
		self.rated = highest(self.events["rated"])
		self.unit = (self.forwarded or self.received).data["unit"] if self.forwarded or self.received else None
		reopened = max(self.facts("reopened"), default=None)
		self.resolved_at = min((time for time in self.facts("resolved") if reopened is None or time > reopened), default=None)
		self.state = self.find_state()
		self.no_calendar, self.no_ruleset = set(), False
		self.find_deadlines()

	def facts(self, name):
		"""The distinct times of a milestone, in order."""
		return self.times.get(name, [])

	def first(self, name):
		return min(self.facts(name), default=None)

	def find_state(self):
		if not self.received:
			return "pending"
		if self.events["withdrawn"]:
			return "withdrawn"
		if self.events["archived"]:
			return "archived"
		if self.resolved_at is not None:
			return "resolved"
		if self.events["misrouted"] and (not self.events["forwarded"] or max(self.facts("misrouted")) > max(self.facts("forwarded"))):
			return "misrouted"
		if self.events["reopened"]:
			return "reopened"
		if self.events["responded"]:
			return "in_progress"
		return "forwarded" if self.events["forwarded"] else "verified" if self.events["verified"] else "received"

	def known(self, computation, *arguments):
		"""The result, or None where the calendar does not reach."""
		try:
			return computation(*arguments)
		except NoCalendar as missing:
			self.no_calendar.add(str(missing.args[0]))
			return None

	def find_deadlines(self):
		"""Clock start, due days, and the durations that count."""
		self.start_day = self.response_due = self.resolution_due = self.response_days = self.resolution_days = None
		self.first_answer = min(self.facts("responded") + self.facts("resolved"), default=None)
		self.live = self.state not in ("pending", "archived", "withdrawn")
		self.answer_contradicts = self.resolution_contradicts = False
		if not self.received:
			return
		day = self.world.day
		self.received_day = day(self.received.time)
		ruleset = self.world.ruleset("deadlines", self.received_day)
		if not ruleset:
			self.no_ruleset = True
			return
		deadlines = ruleset["deadlines"]
		start = self.received.time
		if deadlines["sla_start"] != "received":
			since = self.first("verified") if deadlines["sla_start"] == "verified" else self.forwarded and self.forwarded.time
			start = None if since is None else max(start, since)
		if start is None:
			return
		self.start_day = day(start)
		self.response_due = self.known(self.world.due, self.start_day, deadlines["response"])
		self.resolution_due = self.known(self.world.due, self.start_day, deadlines["resolution"][self.received.data["class"]])
		if self.first_answer is not None:
			self.answer_contradicts = day(self.first_answer) < self.start_day
			if self.live and not self.answer_contradicts:
				self.response_days = self.known(self.world.working_days, self.start_day, day(self.first_answer))
		if self.resolved_at is not None:
			self.resolution_contradicts = day(self.resolved_at) < self.start_day
			if self.state == "resolved" and not self.resolution_contradicts:
				self.resolution_days = self.known(self.world.working_days, self.start_day, day(self.resolved_at))

	def row(self):
		founding = self.received.data if self.received else {"class": None, "channel": None, "category": None}
		archived = earliest(self.events["archived"])
		return (self.id, self.unit, founding["class"], founding["channel"], founding["category"], self.state, self.received and self.received.time,
			self.first("verified"), self.forwarded and self.forwarded.time, self.first("responded"), self.resolved_at, self.first("archived"),
			archived and archived.data["reason"], self.first("withdrawn"), len(self.facts("reopened")), self.rated and self.rated.data["rating"],
			self.response_due, self.resolution_due)

	def owner_at(self, time):
		"""The unit owning the case just before a time."""
		before = highest([event for event in self.events["forwarded"] if event.time < time])
		return (before or self.received).data["unit"]

	def measures(self):
		"""Yields (unit, day, measure, dimension, value): the complaint's contribution to the roll-up."""
		if not self.received:
			return
		day = self.world.day

		def one(when, measure, value=1, dimension="", unit=self.unit):
			return self.world.attribute(unit, when), when, "complaint." + measure, dimension, value

		received = self.received.data
		yield one(self.received_day, "received")
		for name in ("class", "channel", "category"):
			if received[name] is not None:
				yield one(self.received_day, "received", dimension=f"{name}={received[name]}")

		left_at = {"resolved": self.resolved_at, "archived": self.first("archived"), "withdrawn": self.first("withdrawn")}.get(self.state)
		if left_at is not None:
			yield one(day(left_at), self.state)
		for time in self.facts("misrouted"):
			yield one(day(time), "misrouted", unit=self.owner_at(time))

		if self.response_days is not None:
			yield one(day(self.first_answer), "responses")
			yield one(day(self.first_answer), "response_days", self.response_days)
		if self.resolution_days is not None:
			yield one(day(self.resolved_at), "resolutions")
			yield one(day(self.resolved_at), "resolution_days", self.resolution_days)

		if self.live and self.response_due and not self.answer_contradicts:
			yield one(self.response_due, "response_due")
			yield one(self.response_due, "response_on_time", int(self.first_answer is not None and day(self.first_answer) <= self.response_due))
		if self.live and self.resolution_due and not self.resolution_contradicts:
			resolved = self.resolved_at is not None
			yield one(self.resolution_due, "resolution_due")
			yield one(self.resolution_due, "resolution_on_time", int(resolved and day(self.resolved_at) <= self.resolution_due))
			yield one(self.resolution_due, "due_resolved", int(resolved))

		if self.live and self.events["resolved"]:
			yield one(day(self.first("resolved")), "first_resolved")
			yield one(day(self.first("resolved")), "reopened", int(bool(self.events["reopened"])))
		if self.rated:
			yield one(day(self.rated.time), "ratings")
			yield one(day(self.rated.time), "rating_sum", self.rated.data["rating"])

		left = max(self.received_day, day(left_at)) if left_at is not None else None
		for unit, when, change in self.world.stock(self.unit, self.received_day, left):
			yield unit, when, "complaint.open", "", change
		if self.resolution_due:
			for unit, when, change in self.world.stock(self.unit, max(self.resolution_due + ONE_DAY, self.received_day), left):
				yield unit, when, "complaint.overdue", "", change

	def flags(self):
		"""Yields (flag, detail)."""
		if not self.received:
			yield "pending", None
		if len({tuple(event.data.items()) for event in self.events["received"]}) > 1:
			yield "conflicting_facts", None
		if self.received:
			for name in ("verified", "forwarded", "responded", "resolved", "archived", "withdrawn"):
				if self.events[name] and self.world.day(self.first(name)) < self.received_day:
					yield name + "_before_received", None
		if self.events["reopened"] and (not self.events["resolved"] or self.first("resolved") > max(self.facts("reopened"))):
			yield "reopened_without_resolved", None
		if self.received and not self.world.is_valid(self.world.attribute(self.unit, self.received_day), self.received_day):
			yield "unit_not_valid", None
		for year in sorted(self.no_calendar):
			yield "no_calendar", year
		if self.no_ruleset:
			yield "no_ruleset", None


KINDS = (Complaint,)
TYPES = {type_: fields for kind in KINDS for type_, fields in kind.FIELDS.items()}
KIND_OF = {type_: kind for kind in KINDS for type_ in kind.FIELDS}
FAMILIES = tuple(kind.TABLE + "." for kind in KINDS)


# --- periods and indicators (§5, §7, §8) ---------------------------------------------------------------------------------------


@functools.lru_cache(None)
def period(day, grain):
	"""The period of a grain that holds a day: (name, first day, last day)."""
	year, month = day.year, day.month
	if grain == "day":
		return day.isoformat(), day, day
	if grain == "week":
		iso = day.isocalendar()
		first = day - day.weekday() * ONE_DAY
		return f"{iso[0]:04}-W{iso[1]:02}", first, first + 6 * ONE_DAY
	months, name = {"month": (1, f"-{month:02}"), "quarter": (3, f"-Q{(month + 2) // 3}"), "semester": (6, f"-S{(month + 5) // 6}"), "year": (12, "")}[grain]
	start = (month - 1) // months * months + 1
	after = datetime.date(year + (start + months > 12), (start + months - 1) % 12 + 1, 1)
	return f"{year:04}{name}", datetime.date(year, start, 1), after - ONE_DAY


def reference(text):
	"""A measure as rulesets name it: (measure, dimension)."""
	match = re.fullmatch(r"([a-z_.]+)(?:\{([^{}]*)\})?", text)
	return match.group(1), match.group(2) or ""


def period_sums(changes, over, grain, as_of):
	"""{period: sum} of one unit's values {day: value} over the days that §5 says."""
	sums = collections.Counter()
	if over == "period" or over == "due":
		for day, value in changes.items():
			if over == "period" or day < as_of:
				sums[period(day, grain)] += value
	elif over == "stock":
		days = sorted(changes)
		totals, total = [], 0
		for day in days:
			total += changes[day]
			totals.append(total)
		day = days[0] if days else datetime.date.max
		while day <= as_of:
			_, _, last = period(day, grain)
			sums[period(day, grain)] = totals[bisect.bisect_right(days, min(last, as_of)) - 1]
			day = last + ONE_DAY
	else:
		raise NotImplementedError(over)
	return sums


def rounded(numerator, denominator, scale):
	"""numerator / denominator × scale in hundredths, rounded half away from zero."""
	scaled, sign = abs(numerator) * scale * 100, -1 if numerator < 0 else 1
	return sign * ((2 * scaled + denominator) // (2 * denominator))


def indicator_rows(daily, world):
	"""Rows of indicator_value from the roll-up {(unit, measure, dimension): {day: value}}."""
	covered = collections.defaultdict(collections.Counter)
	for (unit, measure, dimension), days in daily.items():
		for upper in world.above(unit):
			covered[upper, measure, dimension].update(days)
	units = [REGION] + sorted(world.units)
	rows = []
	for ruleset in world.rulesets:
		for indicator in ruleset.get("indicators", []):
			if not indicator["code"].startswith(FAMILIES):
				continue
			for grain in indicator["grains"]:
				found = {}
				for unit in units:
					sums = [period_sums(covered[(unit,) + reference(indicator[side])], indicator["over"], grain, world.as_of) if indicator[side] else {}
						for side in ("numerator", "denominator")]
					for when in set(sums[0]) | set(sums[1]):
						if world.ruleset("indicators", when[2]) is not ruleset:
							continue
						numerator, denominator = sums[0].get(when, 0), sums[1].get(when, 0) if indicator["denominator"] else None
						if numerator or denominator:
							found.setdefault(when, {})[unit] = numerator, denominator
				for when, figures in found.items():
					hidden = suppressed(figures, world) if indicator["suppress"] else set()
					rows += [indicator_row(indicator, grain, when, unit, *figures[unit], unit in hidden) for unit in figures]
	return rows


def indicator_row(indicator, grain, when, unit, numerator, denominator, hidden):
	head = (unit, indicator["code"], grain, *when)
	if hidden:
		return head + (None, None, None, "suppressed", None)
	if denominator is None:
		return head + (numerator, None, numerator * 100, "value", None)
	if denominator == 0:
		return head + (numerator, 0, None, "no_denominator", None)
	return head + (numerator, denominator, rounded(numerator, denominator, int(indicator["scale"])), "value", None)


def suppressed(figures, world):
	"""The units whose row is hidden, of one indicator and period {unit: (numerator, denominator)} (§8)."""
	base = {unit: numerator if denominator is None else denominator for unit, (numerator, denominator) in figures.items()}
	small = {unit for unit in base if 0 < base[unit] < world.threshold}
	complements = set()
	for upper, children in world.children.items():
		rows = [unit for unit in children if base.get(unit, 0) > 0]
		hidden = [unit for unit in rows if unit in small]
		published = upper in base and upper not in small and upper not in complements
		if (published and len(hidden) == 1) or (upper in complements and not hidden):
			open_rows = [unit for unit in rows if unit not in small]
			if open_rows:
				complements.add(min(open_rows, key=lambda unit: (base[unit], unit)))
	return small | complements


# --- everything ----------------------------------------------------------------------------------------------------------------


def compute(records, world):
	"""All tables from the records. Only too_many_facts depends on their order."""
	rejects, events, held = [], collections.defaultdict(dict), collections.defaultdict(set)
	for record in records:
		envelope = Envelope(record, world)
		try:
			event = envelope.event()
			if event is None:
				continue
			kind = KIND_OF[event.type]
			key = tuple(event.data[name] for name in kind.KEY)
			if event.type in kind.LIMITED:
				facts = held[kind, key, event.type]
				if len(facts) >= MAX_FACTS and event.time not in facts:
					raise Fault("too_many_facts", event.type)
				facts.add(event.time)
		except Fault as fault:
			rejects.append((record.topic, record.partition, record.offset, fault.reason, fault.detail, envelope.type, envelope.id, "open"))
			continue
		events[kind, key][event.type, event.id, event.time, tuple(event.data.items())] = event

	tables = {kind.TABLE: Table(kind.COLUMNS, len(kind.KEY), []) for kind in KINDS}
	daily, quality = collections.defaultdict(collections.Counter), []
	for (kind, key), members in events.items():
		entity = kind(key, list(members.values()), world)
		tables[kind.TABLE].rows.append(entity.row())
		quality += [(kind.TABLE, "|".join(part or "" for part in key), flag, detail, entity.unit) for flag, detail in entity.flags()]
		for unit, day, measure, dimension, value in entity.measures():
			daily[unit, measure, dimension][day] += value
	measures = [(unit, day, measure, dimension, value) for (unit, measure, dimension), days in daily.items() for day, value in days.items() if value]
	tables["measure_day"] = Table(("unit_code", "day", "measure", "dimension", "value"), 4, measures)
	tables["data_quality"] = Table(("entity_kind", "entity_id", "flag", "detail", "unit_code"), 4, quality)
	tables["reject"] = Table(("topic", "partition", "offset", "reason", "detail", "event_type", "event_id", "status"), 3, rejects)
	tables["indicator_value"] = Table(("unit_code", "indicator", "grain", "period", "period_start", "period_end", "numerator", "denominator", "value", "state", "band"),
		4, indicator_rows(daily, world))
	return tables
