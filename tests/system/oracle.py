#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""What the tables of schema rekap must hold, recomputed from the records alone.

Written from the document that defines the meaning of events, tables and figures (its sections are cited as §n), not from the
daemon, and for clearness instead of speed: an entity is computed from the whole list of its events, a stock from its
intervals, an indicator from all days. Nothing is folded one by one. Exact arithmetic only.

    world = World(units, rulesets, calendar, zone, as_of, threshold)
    tables = compute(records, world)        # {"complaint": Table, "measure_day": Table, ...}

A further entity kind is one more class in KINDS: FIELDS (its event types), KEY, and row(), measures(), flags(); where these look at
other entities of the table, SIBLINGS says at which. Figures are int or Fraction, which equal PostgreSQL's numeric by value.
"""
import bisect
import collections
import csv
import datetime
import fractions
import functools
import json
import re
import zoneinfo

Record = collections.namedtuple("Record", "topic partition offset key value headers")
Event = collections.namedtuple("Event", "type id time data")  # time: µs since 1970 UTC; data: {field: value or None}, in contract order
Table = collections.namedtuple("Table", "columns key rows")  # key: how many of the first columns identify a row
Fraction = fractions.Fraction


class Field(collections.namedtuple("Field", "name check required rule", defaults=(True, None))):
	"""A data field. check(value): the value as folded, or None. rule(fields, given): whether it goes with the other fields (of which
	those before it are checked, and all non-empty ones are named in `given`); it may put a more exact value into fields."""



EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
ONE_DAY = datetime.timedelta(days=1)
MAX_BYTES = 1048576
MAX_DEPTH = 32
MAX_FACTS = 4096
REGION = "region"
GRAINS = ("day", "week", "month", "quarter", "semester", "year")  # the finest first


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


def decompose(number):
	"""A JSON number as (sign, significant digits, power of ten): no zeros at either end, and no digits at all for 0."""
	sign, whole, fraction, exponent = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", number).groups()
	fraction, exponent = fraction or "", exponent or "0"
	power = int(exponent) if len(exponent) < 30 else 10 ** 30 * (-1 if exponent[0] == "-" else 1) * bool(exponent.strip("+-0"))
	digits = (whole + fraction).lstrip("0")
	stripped = digits.rstrip("0")
	return sign, stripped, power - len(fraction) + len(digits) - len(stripped)


def integer_of(low, high):
	"""A JSON number of integral value: 5, 5.0, 50e-1."""

	def check(value):
		if not isinstance(value, Number):
			return None
		sign, digits, power = decompose(value)
		if digits and (power < 0 or len(digits) + power > 19):
			return None
		number = int(sign + digits) * 10 ** power if digits else 0
		return number if low <= number <= high else None

	return check


_DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,6})?")


def decimal_of(low=None):
	"""A decimal as text, or as a JSON number whose digits and value are exact everywhere."""

	def check(value):
		if isinstance(value, Number):
			sign, digits, power = decompose(value)
			if digits and (len(digits) > 15 or power < -6 or len(digits) + power > 18):
				return None
			number = Fraction(int(sign + digits)) * Fraction(10) ** power if digits else Fraction(0)
		elif type(value) is str and _DECIMAL.fullmatch(value):
			number = Fraction(value)
		else:
			return None
		return None if low is not None and number < low else number

	return check


def time_of(value):
	return parse_time(value) if type(value) is str else None


def date_of(value):
	if type(value) is not str or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
		return None
	try:
		day = datetime.date.fromisoformat(value)
	except ValueError:
		return None
	return day if 1900 <= day.year <= 2199 else None


_PERIOD = re.compile(r"(19[0-9]{2}|2[01][0-9]{2})(?:-(?:S([12])|Q([1-4])|(0[1-9]|1[0-2])))?")


def reported_period(text):
	"""A period that reports are for: (grain, first day, last day)."""
	year, semester, quarter, month = _PERIOD.fullmatch(text).groups()
	grain = "semester" if semester else "quarter" if quarter else "month" if month else "year"
	first_month = int(semester) * 6 - 5 if semester else int(quarter) * 3 - 2 if quarter else int(month or 1)
	return grain, *period(datetime.date(int(year), first_month, 1), grain)[1:]


def period_of(value):
	return value if type(value) is str and _PERIOD.fullmatch(value) else None


def month_of(value):
	return value if period_of(value) and reported_period(value)[0] == "month" else None


COUNT = integer_of(0, 2 ** 63 - 1)
YEAR = integer_of(1900, 2199)
SCORE = integer_of(1, 4)
SKM = ("requirements", "procedure", "time", "cost", "product", "competence", "conduct", "facilities", "complaint_handling")


def object_of(value):
	return value if type(value) is dict else None


def answers_rule(fields, given):
	"""Makes `answers` the sorted (name, score) pairs that count, if the instrument has such."""
	answers = fields["answers"]
	if fields["instrument"] == "skm":
		answers = {name: answers.get(name) for name in SKM}
	elif not 1 <= len(answers) <= 100 or not all(1 <= len(name.encode()) <= 64 for name in answers):
		return False
	fields["answers"] = tuple(sorted((name, SCORE(score)) for name, score in answers.items()))
	return all(score is not None for _, score in fields["answers"])


def bounds_rule(fields, given):
	"""Both bounds or none, in order; the direction `range` has them."""
	bounds = given & {"range_low", "range_high"}
	if len(bounds) != 2:
		return not bounds and fields["direction"] != "range"
	return fields["range_low"] <= fields["range_high"]


def target_rule(fields, given):
	return "target" in given or {"range_low", "range_high"} <= given


def answer_rule(fields, given):
	"""An answer, or a numerator and a denominator; nothing between."""
	return given & {"answer", "numerator", "denominator"} in ({"answer"}, {"numerator", "denominator"})


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
		given = {field.name for field in TYPES[self.type] if data.get(field.name) is not None}
		for name, check, required, rule in TYPES[self.type]:
			fields[name] = check(data[name]) if name in given else None
			if fields[name] is None and (required or name in given) or rule and not rule(fields, given):
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
		self.scorecard = functools.lru_cache(None)(self._scorecard)
		self.children = self.find_children()

	def _day(self, us):
		"""The calendar day of an instant in the zone."""
		return instant(us).astimezone(self.zone).date()

	def ruleset(self, section, day):
		"""The ruleset with this section that is valid on a day, or None."""
		for ruleset in self.rulesets:
			if section in ruleset and ruleset["valid_from"] <= day.isoformat() and (ruleset.get("valid_to") is None or day.isoformat() <= ruleset["valid_to"]):
				return ruleset
		return None

	def _scorecard(self, name, year):
		"""The scorecard of an id: of the file valid at the end of the year, else the earliest; or None."""
		end = year_end(year).isoformat()
		found = [(ruleset, card) for ruleset in self.rulesets for card in ruleset.get("scorecards", []) if card["id"] == name]
		valid = [pair for pair in found if pair[0]["valid_from"] <= end and (pair[0].get("valid_to") is None or end <= pair[0]["valid_to"])]
		ruleset, card = next(iter(valid + sorted(found, key=lambda pair: pair[0]["valid_from"])), (None, None))
		return card and Scorecard(card, ruleset)

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


def rank_of(value):
	if value is None:
		return ()
	if type(value) is tuple:
		return (tuple((name.encode(), score) for name, score in value),)
	return (value.encode() if type(value) is str else value,)


def precedence(event):
	"""Higher revision, later time, bytewise larger id, then the fields value by value: empty < present."""
	return event.data.get("revision", 0), event.time, event.id.encode(), [rank_of(value) for value in event.data.values()]


def highest(events):
	"""The event of highest precedence; None of none."""
	return max(events, key=precedence, default=None)


def earliest(events):
	"""Smallest time, then larger id, then larger fields; None of none."""
	first = min((e.time for e in events), default=None)
	return highest([e for e in events if e.time == first])


# --- what all entities have in common ------------------------------------------------------------------------------------------


PREFIX = "id.go.opd."


class Entity:
	"""All there is to know of one entity, from the set of its events."""

	SIBLINGS = None  # the key fields that are equal in the entities which this one has to know; `siblings` has them, and itself

	def __init__(self, key, world):
		self.key, self.world, self.siblings = key, world, ()
		self.no_calendar, self.no_ruleset = set(), False

	@staticmethod
	def is_limited(event):
		"""Whether the facts of this type are limited in number."""
		return False

	def known(self, computation, *arguments):
		"""The result, or None where the calendar does not reach."""
		try:
			return computation(*arguments)
		except NoCalendar as missing:
			self.no_calendar.add(str(missing.args[0]))
			return None

	def deadlines(self, day):
		"""The deadlines valid on a day, or None."""
		ruleset = self.world.ruleset("deadlines", day)
		self.no_ruleset = not ruleset
		return ruleset and ruleset["deadlines"]

	def missing_flags(self):
		for year in sorted(self.no_calendar):
			yield "no_calendar", year
		if self.no_ruleset:
			yield "no_ruleset", None


# --- complaint (§3.1, §6, §11) -------------------------------------------------------------------------------------------------


COMPLAINT = PREFIX + "complaint."


class Complaint(Entity):
	"""A complaint, whose columns come from many facts."""

	TABLE = "complaint"
	KEY = ("complaint_id",)
	_ID = Field("complaint_id", text_of)
	FIELDS = {
		COMPLAINT + "received.v1": [_ID, Field("unit", unit_code_of), Field("class", one_of("information_request", "complaint", "supervisory", "aspiration")),
			Field("channel", text_of), Field("category", text_of, False)],
		COMPLAINT + "verified.v1": [_ID],
		COMPLAINT + "forwarded.v1": [_ID, Field("unit", unit_code_of)],
		COMPLAINT + "responded.v1": [_ID],
		COMPLAINT + "resolved.v1": [_ID],
		COMPLAINT + "reopened.v1": [_ID],
		COMPLAINT + "misrouted.v1": [_ID],
		COMPLAINT + "withdrawn.v1": [_ID],
		COMPLAINT + "archived.v1": [_ID, Field("reason", text_of)],
		COMPLAINT + "rated.v1": [_ID, Field("rating", integer_of(1, 5))],
	}
	LIMITED = {COMPLAINT + name + ".v1" for name in ("resolved", "reopened", "misrouted", "forwarded")}
	COLUMNS = ("complaint_id", "unit_code", "class", "channel", "category", "state", "received_at", "verified_at", "forwarded_at", "responded_at", "resolved_at",
		"archived_at", "archive_reason", "withdrawn_at", "reopened_count", "rating", "response_due_on", "resolution_due_on")

	def __init__(self, key, events, world):
		super().__init__(key, world)
		self.id = key[0]
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
		self.find_deadlines()

	@classmethod
	def is_limited(cls, event):
		return event.type in cls.LIMITED

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
		deadlines = self.deadlines(self.received_day)
		if not deadlines:
			return
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
		yield from self.missing_flags()


# --- the other kinds (§3.2, §6, §11) -------------------------------------------------------------------------------------------


class Reported(Entity):
	"""An entity that takes its columns from the member of highest precedence among its founding events."""

	def __init__(self, key, events, world):
		super().__init__(key, world)
		self.members = [event for event in events if event.type == self.FOUNDING]
		self.others = [event for event in events if event.type != self.FOUNDING]
		self.top = highest(self.members)
		self.data = self.top and self.top.data
		self.unit = self.top and self.data["unit"]
		if self.top:
			self.derive()

	def derive(self):
		"""Sets `principal_day`, and whatever else follows from `top`."""
		raise NotImplementedError

	def column(self, *names):
		return tuple(self.data[name] if self.top else None for name in names)

	def count(self, day, measure, value=1, dimension=""):
		"""One contribution to the roll-up."""
		return self.world.attribute(self.unit, day), day, measure, dimension, value

	def flags(self):
		"""Yields (flag, detail)."""
		if not self.top:
			yield "pending", None
			return
		winners = [event for event in self.members if event.data.get("revision") == self.data.get("revision")]
		if len({tuple(event.data.items()) for event in winners}) > 1:
			yield "conflicting_revision" if "revision" in self.data else "conflicting_facts", None
		for flag in self.own_flags():
			yield flag, None
		if not self.world.is_valid(self.world.attribute(self.unit, self.principal_day), self.principal_day):
			yield "unit_not_valid", None
		yield from self.missing_flags()

	def own_flags(self):
		return ()


def year_end(year):
	return datetime.date(year, 12, 31)


class SurveyResponse(Reported):
	TABLE = "survey_response"
	KEY = ("response_id",)
	FOUNDING = PREFIX + "survey.answered.v1"
	FIELDS = {
		FOUNDING: [Field("response_id", text_of), Field("unit", unit_code_of), Field("instrument", one_of("skm", "spak", "spkp")), Field("service", text_of, False), Field("channel", text_of, False),
			Field("answers", object_of, True, answers_rule)],
		PREFIX + "survey.withdrawn.v1": [Field("response_id", text_of)],
	}
	COLUMNS = ("response_id", "unit_code", "instrument", "service", "channel", "answers", "answered_at", "score_sum", "answer_count", "state")

	def derive(self):
		self.principal_day = self.world.day(self.top.time)
		self.scores = [score for _, score in self.data["answers"]]

	def row(self):
		if not self.top:
			return self.key + (None,) * 8 + ("pending",)
		return self.key + self.column("unit", "instrument", "service", "channel") + (dict(self.data["answers"]), self.top.time, sum(self.scores), len(self.scores), "withdrawn" if self.others else "counted")

	def measures(self):
		if not self.top or self.others:
			return
		dimension = "instrument=" + self.data["instrument"]
		for name, value in (("responses", 1), ("score", sum(self.scores)), ("answers", len(self.scores))):
			yield self.count(self.principal_day, "survey." + name, value, dimension)
		if self.data["instrument"] == "skm":
			for element, score in self.data["answers"]:
				yield self.count(self.principal_day, "survey.score", score, "element=" + element)


class ServiceDelivery(Reported):
	TABLE = "service_delivery"
	KEY = ("service_id",)
	FOUNDING = PREFIX + "service.delivered.v1"
	FIELDS = {FOUNDING: [Field("service_id", text_of), Field("unit", unit_code_of), Field("service", text_of), Field("requested_at", time_of), Field("completed_at", time_of),
		Field("promised_days", integer_of(0, 1000))]}
	COLUMNS = ("service_id", "unit_code", "service", "requested_at", "completed_at", "promised_days", "due_on")

	def derive(self):
		self.requested_day, self.principal_day = (self.world.day(self.data[name]) for name in ("requested_at", "completed_at"))
		self.due_on = self.known(self.world.add_working_days, self.requested_day, self.data["promised_days"])

	def row(self):
		return self.key + self.column("unit", "service", "requested_at", "completed_at", "promised_days") + (self.due_on,)

	def measures(self):
		day = self.principal_day
		yield self.count(day, "service.delivered")
		yield self.count(day, "service.delivered", dimension="service=" + self.data["service"])
		if self.due_on and day >= self.requested_day:
			yield self.count(day, "service.judged")
			yield self.count(day, "service.on_time", int(day <= self.due_on))

	def own_flags(self):
		if self.principal_day < self.requested_day:
			yield "completed_before_requested"


class PerformanceReport(Reported):
	TABLE = "performance_report"
	KEY = ("unit", "indicator", "period")
	FOUNDING = PREFIX + "performance.reported.v1"
	FIELDS = {FOUNDING: [Field("unit", unit_code_of), Field("indicator", text_of), Field("name", text_of, False), Field("period", period_of), Field("target", decimal_of(), False, target_rule),
		Field("realised", decimal_of(), False), Field("direction", one_of("higher", "lower", "range")), Field("range_low", decimal_of(), False), Field("range_high", decimal_of(), False, bounds_rule),
		Field("measure_unit", text_of, False), Field("revision", COUNT)]}
	COLUMNS = ("unit_code", "indicator", "period", "name", "target", "realised", "direction", "range_low", "range_high", "measure_unit", "revision", "submitted_at", "due_on", "achievement_pct")

	def derive(self):
		self.grain, _, self.principal_day = reported_period(self.data["period"])
		self.submitted_at = min((event.time for event in self.members if event.data["realised"] is not None), default=None)
		deadlines = self.deadlines(self.principal_day)
		self.due_on = deadlines and self.find_due(deadlines["performance_report"][self.grain])
		self.exact = self.achievement()
		self.achievement_pct = None if self.exact is None else rounded(min(self.exact, self.cap()), 6)

	def find_due(self, deadline):
		if "date" in deadline:
			return datetime.date.fromisoformat(f"{self.principal_day.year + 1:04}-{deadline['date']}")
		return self.known(self.world.due, self.principal_day, deadline)

	def cap(self):
		ruleset = self.world.ruleset("performance", self.principal_day)
		cap = ruleset and ruleset["performance"].get("cap")
		return self.exact if cap is None else Fraction(cap)

	def achievement(self):
		"""Per cent, not below 0; neither capped nor rounded; None where it is not defined."""
		realised, target, low, high = (self.data[name] for name in ("realised", "target", "range_low", "range_high"))
		if realised is None:
			return None
		higher = self.data["direction"] == "higher"
		if low is not None:
			if low <= realised <= high:
				return Fraction(100)
			target = low if realised < low else high
			if self.data["direction"] == "range":
				higher = realised < low
		elif not higher and target == realised == 0:
			return Fraction(100)
		if target <= 0:
			return None
		return max(Fraction(0), (realised if higher else 2 * target - realised) / target * 100)

	def row(self):
		return self.column(*self.KEY, "name", "target", "realised", "direction", "range_low", "range_high", "measure_unit", "revision") + (self.submitted_at, self.due_on, self.achievement_pct)

	def measures(self):
		dimension = "grain=" + self.grain
		yield self.count(self.principal_day, "performance.reports", dimension=dimension)
		if self.exact is not None:
			yield self.count(self.principal_day, "performance.achieved", dimension=dimension)
			yield self.count(self.principal_day, "performance.achievement", self.achievement_pct, dimension)
			yield self.count(self.principal_day, "performance.met", int(self.exact >= 100), dimension)
		if self.due_on:
			yield self.count(self.due_on, "performance.report_due")
			yield self.count(self.due_on, "performance.report_on_time", int(self.submitted_at is not None and self.world.day(self.submitted_at) <= self.due_on))

	def own_flags(self):
		if self.data["realised"] is not None and self.exact is None:
			yield "no_achievement"


class BudgetReport(Reported):
	TABLE = "budget_report"
	KEY = ("unit", "program", "activity", "period")
	SIBLINGS = ("unit", "program", "activity")
	FOUNDING = PREFIX + "budget.reported.v1"
	FIELDS = {FOUNDING: [Field("unit", unit_code_of), Field("program", lambda value: text_of(value, 512)), Field("activity", lambda value: text_of(value, 512), False), Field("period", month_of),
		Field("ceiling", decimal_of(0)), Field("realised", decimal_of()), Field("revision", COUNT)]}
	COLUMNS = ("unit_code", "program", "activity", "period", "ceiling", "realised", "revision")

	def derive(self):
		self.principal_day = reported_period(self.data["period"])[2]

	def previous(self):
		"""The line's previous reported month of the year, or None."""
		earlier = [other for other in self.siblings if other.principal_day.year == self.principal_day.year and other.principal_day < self.principal_day]
		return max(earlier, key=lambda other: other.principal_day, default=None)

	def row(self):
		return self.column(*self.KEY, "ceiling", "realised", "revision")

	def measures(self):
		previous = self.previous()
		yield self.count(self.principal_day, "budget.reports")
		for name in ("ceiling", "realised"):
			yield self.count(self.principal_day, "budget." + name, self.data[name] - (previous.data[name] if previous else 0))

	def own_flags(self):
		previous = self.previous()
		if self.data["ceiling"] == 0:
			yield "zero_ceiling"
		if self.data["realised"] > self.data["ceiling"]:
			yield "over_ceiling"
		if previous and self.data["realised"] < previous.data["realised"]:
			yield "realised_decreased"


class AssessmentAnswer(Reported):
	TABLE = "assessment_answer"
	KEY = ("unit", "year", "ruleset", "item", "assessor")
	FOUNDING = PREFIX + "assessment.answered.v1"
	FIELDS = {FOUNDING: [Field("unit", unit_code_of), Field("year", YEAR), Field("ruleset", text_of), Field("item", text_of), Field("assessor", one_of("self", "tpi", "tpn")),
		Field("answer", one_of("yes", "no", "a", "b", "c", "d", "e"), False, answer_rule), Field("numerator", decimal_of(0), False), Field("denominator", decimal_of(0), False), Field("revision", COUNT)]}
	COLUMNS = ("unit_code", "year", "ruleset", "item", "assessor", "answer", "numerator", "denominator", "revision")

	def derive(self):
		self.principal_day = year_end(self.data["year"])

	def row(self):
		return self.column(*self.KEY, "answer", "numerator", "denominator", "revision")

	def measures(self):
		return ()

	def own_flags(self):
		card = self.world.scorecard(self.data["ruleset"], self.data["year"])
		if not card:
			yield "unknown_ruleset"
		elif self.data["item"] not in card.scales:
			yield "unknown_item"
		elif not card.is_in_scale(self.data):
			yield "answer_not_in_scale"


class Declaration(Reported):
	TABLE = "declaration"
	KEY = ("unit", "regime", "year")
	FOUNDING = PREFIX + "declaration.counted.v1"
	FIELDS = {FOUNDING: [Field("unit", unit_code_of), Field("regime", one_of("lhkpn", "lhkasn", "pact")), Field("year", YEAR), Field("obliged", COUNT), Field("filed", COUNT), Field("on_time", COUNT, False),
		Field("complete", COUNT, False), Field("revision", COUNT)]}
	COLUMNS = ("unit_code", "regime", "year", "obliged", "filed", "on_time", "complete", "revision")

	def derive(self):
		self.principal_day = year_end(self.data["year"])

	def row(self):
		return self.column(*self.KEY, "obliged", "filed", "on_time", "complete", "revision")

	def measures(self):
		dimension = "regime=" + self.data["regime"]
		yield self.count(self.principal_day, "declaration.reports", dimension=dimension)
		for name in ("obliged", "filed", "on_time", "complete"):
			yield self.count(self.principal_day, "declaration." + name, self.data[name] or 0, dimension)

	def own_flags(self):
		filed = self.data["filed"]
		if filed > self.data["obliged"] or (self.data["on_time"] or 0) > filed or (self.data["complete"] or 0) > filed:
			yield "filed_over_obliged"


class Finding(Reported):
	TABLE = "finding"
	KEY = ("finding_id",)
	FOUNDING = PREFIX + "finding.issued.v1"
	UPDATED = PREFIX + "finding.updated.v1"
	FIELDS = {
		FOUNDING: [Field("finding_id", text_of), Field("unit", unit_code_of), Field("source", one_of("bpk", "inspectorate", "bpkp")), Field("report_date", date_of)],
		UPDATED: [Field("finding_id", text_of), Field("status", one_of("done", "in_progress", "not_followed", "excused"))],
	}
	COLUMNS = ("finding_id", "unit_code", "source", "report_date", "state", "status", "due_on", "done_at")

	def __init__(self, key, events, world):
		super().__init__(key, events, world)
		self.status, self.done_at = "not_followed", None
		for update in sorted(self.others, key=precedence):
			self.status = update.data["status"]
			if self.status != "done":
				self.done_at = None
			elif self.done_at is None:
				self.done_at = update.time

	@classmethod
	def is_limited(cls, event):
		return event.type == cls.UPDATED and event.data["status"] == "done"

	def derive(self):
		self.principal_day = self.data["report_date"]
		deadlines = self.deadlines(self.principal_day)
		self.due_on = deadlines and self.known(self.world.due, self.principal_day, deadlines["finding"])

	def row(self):
		return self.key + self.column("unit", "source", "report_date") + ("counted" if self.top else "pending", self.status, self.due_on if self.top else None, self.done_at)

	def measures(self):
		if not self.top:
			return
		starts = [("finding.issued", self.principal_day)]
		if self.status == "done":
			starts.append(("finding.done", max(self.principal_day, self.world.day(self.done_at))))
		for measure, first in starts:
			for unit, day, change in self.world.stock(self.unit, first, None):
				yield unit, day, measure, "", change

	def own_flags(self):
		if self.done_at is not None and self.world.day(self.done_at) < self.principal_day:
			yield "done_before_issued"


class Gratification(Reported):
	TABLE = "gratification"
	KEY = ("report_id",)
	FOUNDING = PREFIX + "gratification.reported.v1"
	FIELDS = {FOUNDING: [Field("report_id", text_of), Field("unit", unit_code_of), Field("received_on", date_of), Field("kind", one_of("accepted", "refused"))]}
	COLUMNS = ("report_id", "unit_code", "received_on", "kind", "reported_at", "due_on")

	def derive(self):
		self.principal_day = self.world.day(self.top.time)
		deadlines = self.deadlines(self.data["received_on"])
		self.due_on = deadlines and self.known(self.world.due, self.data["received_on"], deadlines["gratification"])

	def row(self):
		return self.key + self.column("unit", "received_on", "kind") + (self.top.time, self.due_on)

	def measures(self):
		day = self.principal_day
		yield self.count(day, "gratification.reports")
		yield self.count(day, "gratification.reports", dimension="kind=" + self.data["kind"])
		if self.due_on and day >= self.data["received_on"]:
			yield self.count(day, "gratification.judged")
			yield self.count(day, "gratification.on_time", int(day <= self.due_on))

	def own_flags(self):
		if self.principal_day < self.data["received_on"]:
			yield "reported_before_received"


class Whistleblow(Reported):
	TABLE = "whistleblow"
	KEY = ("unit", "period")
	SIBLINGS = ("unit",)
	FOUNDING = PREFIX + "whistleblow.counted.v1"
	FIELDS = {FOUNDING: [Field("unit", unit_code_of), Field("period", period_of), Field("received", COUNT), Field("followed_up", COUNT), Field("proven", COUNT), Field("revision", COUNT)]}
	COLUMNS = ("unit_code", "period", "received", "followed_up", "proven", "revision")

	def derive(self):
		self.grain, self.first_day, self.principal_day = reported_period(self.data["period"])

	def overlaps(self):
		"""Whether the unit has a report for a period strictly inside this one."""
		return any(self.first_day <= other.first_day and other.principal_day <= self.principal_day and other.data["period"] != self.data["period"] for other in self.siblings)

	def row(self):
		return self.column(*self.KEY, "received", "followed_up", "proven", "revision")

	def measures(self):
		if self.overlaps():
			return
		for name in ("reports", "received", "followed_up", "proven"):
			yield self.count(self.principal_day, "whistleblow." + name, self.data.get(name, 1), "grain=" + self.grain)

	def own_flags(self):
		if self.data["followed_up"] > self.data["received"] or self.data["proven"] > self.data["received"]:
			yield "followed_over_received"
		if self.overlaps():
			yield "overlapping_period"


class Discipline(Reported):
	TABLE = "discipline"
	KEY = ("unit", "year")
	FOUNDING = PREFIX + "discipline.counted.v1"
	FIELDS = {FOUNDING: [Field("unit", unit_code_of), Field("year", YEAR), Field("violations", COUNT), Field("sanctioned", COUNT), Field("revision", COUNT)]}
	COLUMNS = ("unit_code", "year", "violations", "sanctioned", "revision")

	def derive(self):
		self.principal_day = year_end(self.data["year"])

	def row(self):
		return self.column(*self.KEY, "violations", "sanctioned", "revision")

	def measures(self):
		for name in ("reports", "violations", "sanctioned"):
			yield self.count(self.principal_day, "discipline." + name, self.data.get(name, 1))

	def own_flags(self):
		if self.data["sanctioned"] > self.data["violations"]:
			yield "sanctioned_over_violations"


KINDS = (Complaint, SurveyResponse, ServiceDelivery, PerformanceReport, BudgetReport, AssessmentAnswer, Declaration, Finding, Gratification, Whistleblow, Discipline)
TYPES = {type_: fields for kind in KINDS for type_, fields in kind.FIELDS.items()}
KIND_OF = {type_: kind for kind in KINDS for type_ in kind.FIELDS}


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


def rounded(value, digits=2):
	"""Rounded half away from zero."""
	scaled = abs(Fraction(value)) * 10 ** digits
	whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
	return Fraction(-whole if value < 0 else whole, 10 ** digits)


def band_of(value, bands):
	"""Best first; a band without a bound takes what is left."""
	for band in bands:
		bound = band.get("min")
		if bound is None or value > Fraction(bound) or value == Fraction(bound) and band.get("inclusive", True):
			return band["band"]
	return None


class RollUp:
	"""The roll-up of each unit with all units below it, and the sums over it that indicators and scorecards are made of."""

	def __init__(self, daily, world):
		"""daily: {(unit, measure, dimension): {day: value}}."""
		self.world = world
		self.days = collections.defaultdict(collections.Counter)
		for (unit, measure, dimension), days in daily.items():
			for upper in world.above(unit):
				self.days[upper, measure, dimension].update(days)

	def sum(self, unit, measure, dimension, first, last):
		return sum(value for day, value in self.days.get((unit, measure, dimension), {}).items() if first <= day <= last)

	def of(self, unit, reference, over, grain):
		"""{day: value} of a measure as rulesets name it: m or m{dimension}."""
		measure, dimension = re.fullmatch(r"([a-z_.]+)(?:\{([^{}]*)\})?", reference).groups()
		if over == "exact":
			return self.days.get((unit, measure, "grain=" + grain), {})
		if over != "nested":
			return self.days.get((unit, measure, dimension or ""), {})
		merged = collections.Counter()
		for finer in GRAINS[:GRAINS.index(grain) + 1]:
			merged.update(self.days.get((unit, measure, "grain=" + finer), {}))
		return merged

	def sums(self, days, over, grain, present):
		"""{period: sum over the days that §5 says}. present: the periods that hold a presence."""
		sums = collections.Counter()
		if over == "stock":
			self.add_stock(days, grain, sums)
		elif over == "ytd":
			for when in present:
				first = datetime.date(int(when[0][:4]), 1, 1)  # of the year that the period is named by: an ISO week's is that of its Thursday
				sums[when] = sum(value for day, value in days.items() if first <= day <= when[2])
		else:
			for day, value in days.items():
				if over != "due" or day < self.world.as_of:
					sums[period(day, grain)] += value
		return sums

	def add_stock(self, changes, grain, sums):
		as_of, days = self.world.as_of, sorted(changes)
		totals, total = [], 0
		for day in days:
			total += changes[day]
			totals.append(total)
		day = days[0] if days else datetime.date.max
		while day <= as_of:
			_, _, last = period(day, grain)
			sums[period(day, grain)] = totals[bisect.bisect_right(days, min(last, as_of)) - 1]
			day = last + ONE_DAY

	def figures(self, indicator, grain, unit):
		"""{period: (numerator, denominator or None, base)} of an indicator; only periods of which a row exists."""
		over, presence = indicator["over"], {}
		if indicator["presence"]:
			presence = self.sums(self.of(unit, indicator["presence"], over, grain), "period" if over == "ytd" else over, grain, ())
		present = {when for when, value in presence.items() if value}
		if indicator.get("kind") == "reduction":
			return {when: self.reduction(indicator, unit, when) for when in present}
		numerators, denominators, bases = (self.sums(self.of(unit, indicator[side], over, grain), over, grain, present) if indicator[side] else None for side in ("numerator", "denominator", "base"))
		found = {}
		for when in set(numerators) | set(denominators or ()) | present:
			numerator, denominator = numerators.get(when, 0), None if denominators is None else denominators.get(when, 0)
			if numerator or denominator or when in present:
				base = bases.get(when, 0) if bases is not None else numerator if denominator is None or over == "stock" else denominator
				found[when] = numerator, denominator, base
		return found

	def reduction(self, indicator, unit, when):
		"""From the year before to the year of the period."""
		days = self.of(unit, indicator["numerator"], "period", "year")
		this, last = (sum(value for day, value in days.items() if day.year == year) for year in (when[1].year, when[1].year - 1))
		return max(last - this, 0), last, last


def indicator_rows(rollup, world):
	"""Rows of indicator_value."""
	units = [REGION] + sorted(world.units)
	rows = []
	for ruleset in world.rulesets:
		for indicator in ruleset.get("indicators", []):
			for grain in indicator["grains"]:
				found = collections.defaultdict(dict)
				for unit in units:
					for when, figures in rollup.figures(indicator, grain, unit).items():
						if world.ruleset("indicators", when[2]) is ruleset:
							found[when][unit] = figures
				for when, figures in found.items():
					hidden = suppressed({unit: base for unit, (_, _, base) in figures.items()}, world) if indicator["suppress"] else set()
					rows += [(unit, indicator["code"], grain, *when) + judged(indicator, when, *figures[unit][:2], unit in hidden, world) for unit in figures]
	return rows


def judged(indicator, when, numerator, denominator, hidden, world):
	"""(numerator, denominator, value, state, band)"""
	if hidden:
		return None, None, None, "suppressed", None
	if denominator == 0:
		return numerator, denominator, None, "no_denominator", None
	value = numerator if denominator is None else rounded(Fraction(numerator) / denominator * Fraction(indicator["scale"]))
	ruleset = world.ruleset("bands", when[2])
	return numerator, denominator, value, "value", band_of(value, ruleset["bands"][indicator["bands"]]) if indicator["bands"] and ruleset else None


def suppressed(base, world):
	"""The units whose row is hidden, of one indicator and period {unit: base} (§8)."""
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


# --- scorecards (§10) ----------------------------------------------------------------------------------------------------------


NOTE = "indicative: the ministry awards"
GATES = ("lhkpn", "lhkasn", "audit_follow_up", "akip", "spip", "sp4n_lapor", "no_corruption")
VALUES = {
	"YT": {"yes": 1, "no": 0},
	"A3": {"a": 1, "b": Fraction("0.5"), "c": 0},
	"A4": {"a": 1, "b": Fraction("0.67"), "c": Fraction("0.33"), "d": 0},
	"A5": {"a": 1, "b": Fraction("0.75"), "c": Fraction("0.5"), "d": Fraction("0.25"), "e": 0},
}
ASSESSORS = ("self", "tpi", "tpn")  # the last one beats the others


class Scorecard:
	"""The structure of one, from its ruleset file."""

	def __init__(self, card, ruleset):
		self.id, self.code = card["id"], card.get("code", "ZI")
		self.zero_violations = Fraction(card.get("zero_violations", 0))
		self.measured, self.predicates = card.get("measured", {}), card.get("predicates", [])
		self.bands = ruleset["bands"][card["bands"]] if card.get("bands") else None
		self.scales = {}  # of each item
		self.leaves = {}  # {path of the component: (weight, its items)}
		for area in card.get("areas", []):
			for section, letter in (("fulfilment", "P"), ("reform", "R")):
				for leaf in area.get(section, []):
					items = [(f"{letter}.{area['code']}.{leaf['sub']}.{chr(ord('a') + i)}", scale) for i, scale in enumerate(leaf["items"])]
					self.add((self.code, "A", area["code"], letter, leaf["sub"]), leaf["weight"], items)
		for result in card.get("results", []):
			for part in result["parts"]:
				self.add((self.code, "B", result["code"], part["code"]), part["weight"], [("H." + part["code"], part["item"])])
		for component in card.get("components", []):
			for part in component["parts"]:
				self.add((self.code, component["code"], part["code"]), part["weight"], [(f"{component['code']}.{part['code']}", "RATIO")])
		for predicate in self.predicates:
			self.scales.update((f"G.{gate}", "YT") for gate in self.gates(predicate))

	def add(self, path, weight, items):
		self.leaves[path] = Fraction(weight), [item for item, _ in items]
		self.scales.update(items)

	def gates(self, predicate):
		return predicate.get("gates") or list(GATES) + ["wbk_before"] * (predicate["code"] == "WBBM")

	def is_in_scale(self, answer):
		scale = self.scales[answer["item"]]
		return answer["answer"] in VALUES[scale] if scale in VALUES else answer["answer"] is None

	def value_of(self, answer):
		"""What an answer is worth, or None."""
		if not self.is_in_scale(answer):
			return None
		scale, n, d = self.scales[answer["item"]], answer["numerator"], answer["denominator"]
		if scale in VALUES:
			return Fraction(VALUES[scale][answer["answer"]])
		if scale == "REDUCTION":
			return self.reduction(n, d)
		return ratio(n, d)

	def reduction(self, this, last):
		if last == 0:
			return self.zero_violations if this == 0 else Fraction(0)
		return min(max(Fraction(last - this) / last, Fraction(0)), Fraction(1))


def ratio(n, d):
	return min(Fraction(n) / d, Fraction(1)) if d else None


class Score:
	"""A scorecard filled in by one unit for one year."""

	def __init__(self, card, unit, year, answers, rollup):
		self.card, self.unit, self.year, self.rollup = card, unit, year, rollup
		self.first, self.last = datetime.date(year, 1, 1), year_end(year)
		best = {}
		for answer in sorted(answers, key=lambda answer: ASSESSORS.index(answer["assessor"])):
			best[answer["item"]] = answer
		self.answers = {item: answer for item, answer in best.items() if item in card.scales}
		self.components = self.add_up()

	def sum(self, measure, dimension="", first=None, last=None):
		return self.rollup.sum(self.unit, measure, dimension, first or self.first, last or self.last)

	def sum_due(self, measure):
		return self.sum(measure, last=min(self.last, self.rollup.world.as_of - ONE_DAY))

	def measure(self, name):
		"""A measured item's value, or None where it is not defined."""
		if name == "violation_reduction":
			before = datetime.date(self.year - 1, 1, 1), year_end(self.year - 1)
			if not self.sum("discipline.reports") or not self.sum("discipline.reports", "", *before):
				return None
			return self.card.reduction(self.sum("discipline.violations"), self.sum("discipline.violations", "", *before))
		if name == "met":
			return ratio(self.sum("performance.met", "grain=year"), self.sum("performance.achieved", "grain=year"))
		if name == "report_on_time":
			due = self.sum_due("performance.report_due")
			return Fraction(self.sum_due("performance.report_on_time") == due) if due else None
		if name == "due_resolved":
			return ratio(self.sum_due("complaint.due_resolved"), self.sum_due("complaint.resolution_due"))
		if name in ("lhkpn", "lhkasn"):
			return ratio(self.sum("declaration.filed", "regime=" + name), self.sum("declaration.obliged", "regime=" + name))
		if name == "survey_rounds":
			quarters = [period(datetime.date(self.year, month, 1), "quarter")[1:] for month in (1, 4, 7, 10)]
			rounds = sum(self.sum("survey.responses", "instrument=skm", *days) > 0 for days in quarters)
			return Fraction(rounds, 4) if rounds else None
		if name in ("spak", "spkp"):
			return ratio(self.sum("survey.score", "instrument=" + name), 4 * self.sum("survey.answers", "instrument=" + name))
		raise ValueError(name)

	def value(self, item):
		if item in self.card.measured:
			measured = self.measure(self.card.measured[item])
			if measured is not None:
				return measured
		return self.card.value_of(self.answers[item]) if item in self.answers else None

	def add_up(self):
		"""{component: (score, max_score, percent)}"""
		scores, exact, maxima = {}, collections.Counter(), collections.Counter()
		for path, (weight, items) in self.card.leaves.items():
			values = [value for value in map(self.value, items) if value is not None]
			worth = weight * sum(values) / len(values) if values else None
			for length in range(1, len(path) + 1):
				upper = ".".join(path[:length])
				maxima[upper] += weight
				scores.setdefault(upper, None)
				if worth is not None:
					scores[upper] = (scores[upper] or 0) + rounded(worth)
					exact[upper] += worth
		return {name: (score, maxima[name], None if score is None else rounded(100 * exact[name] / maxima[name])) for name, score in scores.items()}

	def items(self, answers):
		"""Yields (item, component, scale, the three assessors' answers, source, value to four decimals)."""
		for path, (_, items) in self.card.leaves.items():
			for item in items:
				side_by_side = [next((answer_text(answer) for answer in answers if answer["item"] == item and answer["assessor"] == assessor), None) for assessor in ("self", "tpi", "tpn")]
				measured = item in self.card.measured and self.measure(self.card.measured[item]) is not None
				source = "measured" if measured else self.answers[item]["assessor"] if item in self.answers else None
				value = self.value(item)
				yield item, ".".join(path), self.card.scales[item], *side_by_side, source, None if value is None else rounded(value, 4)

	def rules(self, predicate):
		"""Yields (rule, required, actual), in order."""
		code, bounds = self.card.code, predicate["rules"]
		areas = list(dict.fromkeys(path[2] for path in self.card.leaves if path[1] == "A"))
		listed = [("total", code), ("enablers", f"{code}.A")] + [("area." + area, f"{code}.A.{area}") for area in areas] + [("b1", f"{code}.B.1"), ("b1.spak", f"{code}.B.1.SPAK"),
			("b1.performance", f"{code}.B.1.PERF"), ("b2", f"{code}.B.2")]
		for rule, component in listed:
			score, most, _ = self.components[component]
			required = Fraction(bounds["area_pct"]) / 100 * most if rule.startswith("area.") else Fraction(bounds[rule])
			yield rule, required, score or 0

	def is_open(self, gate):
		"""Whether a condition apart from the score is met."""
		if gate in ("lhkpn", "lhkasn"):
			filed, obliged = (self.sum("declaration." + name, "regime=" + gate) for name in ("filed", "obliged"))
			if obliged > 0:
				return filed >= obliged
		answer = self.answers.get("G." + gate)
		return answer is not None and answer["answer"] == "yes"


def answer_text(answer):
	if answer["answer"] is not None:
		return answer["answer"]
	return "/".join(decimal_text(answer[name]) for name in ("numerator", "denominator"))


def decimal_text(value):
	"""The shortest decimal of a fraction of at most six digits behind the point."""
	millionths = int(value * 10**6)
	return f"{millionths // 10**6}.{millionths % 10**6:06}".rstrip("0").rstrip(".")


def scorecard_tables(entities, rollup, world):
	"""scorecard, predicate, predicate_gap and evaluation."""
	answers = collections.defaultdict(list)
	for entity in entities:
		answers[entity.key[:3]].append(entity.data)
	scores, items, predicates, gaps, evaluations = [], [], [], [], []
	for (unit, year, name), listed in answers.items():
		card = world.scorecard(name, year)
		if not card:
			continue
		head = unit, year, name
		score = Score(card, unit, year, listed, rollup)
		scores += [head + (component,) + figures for component, figures in score.components.items()]
		items += [head + item for item in score.items(listed)]
		if card.bands:
			points, most, _ = score.components[card.code]
			evaluations.append(head + (card.code, points, most, None if points is None else band_of(points, card.bands)))
		for predicate in card.predicates:
			failing = [(rule, required, actual) for rule, required, actual in score.rules(predicate) if actual < required]
			closed = [gate for gate in card.gates(predicate) if not score.is_open(gate)]
			predicates.append(head + (predicate["code"], not failing, [rule for rule, _, _ in failing], not closed, closed, NOTE))
			gaps += [head + (predicate["code"], rule, required, actual, required - actual, NOTE) for rule, required, actual in failing]
	return {
		"scorecard": Table(("unit_code", "year", "ruleset", "component", "score", "max_score", "percent"), 4, scores),
		"scorecard_item": Table(("unit_code", "year", "ruleset", "item", "component", "scale", "self", "tpi", "tpn", "source", "value"), 4, items),
		"predicate": Table(("unit_code", "year", "ruleset", "predicate", "meets_score", "failing_rules", "meets_conditions", "failing_gates", "note"), 4, predicates),
		"predicate_gap": Table(("unit_code", "year", "ruleset", "predicate", "rule", "required", "actual", "missing", "note"), 5, gaps),
		"evaluation": Table(("unit_code", "year", "ruleset", "code", "score", "max_score", "band"), 3, evaluations),
	}


# --- what is made of other tables ----------------------------------------------------------------------------------------------


def pact_rows(indicators):
	return [(row[0], int(row[3]), row[6], row[7], row[8]) for row in indicators if row[1:3] == ("integrity.pact_pct", "year")]


def annex_rows(budgets, reports):
	"""Per unit, year and program: the budget of its lines at their last month of the year, beside the performance report of that indicator and year."""
	lasts = {}
	for entity in sorted(budgets, key=lambda entity: entity.principal_day):
		lasts[entity.key[:3], entity.principal_day.year] = entity
	money = collections.defaultdict(lambda: (0, 0))
	for ((unit, program, _), year), last in lasts.items():
		ceiling, realised = money[unit, year, program]
		money[unit, year, program] = ceiling + last.data["ceiling"], realised + last.data["realised"]
	targets = {(entity.unit, entity.principal_day.year, entity.data["indicator"]): entity for entity in reports if entity.grain == "year"}
	rows = []
	for key in money.keys() | targets.keys():
		ceiling, realised = money.get(key, (None, None))
		report = targets.get(key)
		planned = report.column("name", "target", "realised") + (report.achievement_pct,) if report else (None,) * 4
		rows.append(key + planned + (ceiling, realised, rounded(100 * realised / ceiling) if ceiling else None))
	return rows


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
			if kind.is_limited(event):
				facts = held[kind, key, event.type]
				if len(facts) >= MAX_FACTS and event.time not in facts:
					raise Fault("too_many_facts", event.type)
				facts.add(event.time)
		except Fault as fault:
			rejects.append((record.topic, record.partition, record.offset, fault.reason, fault.detail, envelope.type, envelope.id, "open"))
			continue
		events[kind, key][event.type, event.id, event.time, tuple(event.data.items())] = event

	entities = {kind: [] for kind in KINDS}
	for (kind, key), members in events.items():
		entities[kind].append(kind(key, list(members.values()), world))
	introduce(entities)
	tables, daily, quality = {}, collections.defaultdict(collections.Counter), []
	for kind, listed in entities.items():
		tables[kind.TABLE] = Table(kind.COLUMNS, len(kind.KEY), [entity.row() for entity in listed])
		for entity in listed:
			quality += [(kind.TABLE, "|".join("" if part is None else str(part) for part in entity.key), flag, detail, entity.unit) for flag, detail in entity.flags()]
			for unit, day, measure, dimension, value in entity.measures():
				daily[unit, measure, dimension][day] += value
	rollup = RollUp(daily, world)
	measures = [(unit, day, measure, dimension, value) for (unit, measure, dimension), days in daily.items() for day, value in days.items() if value]
	indicators = indicator_rows(rollup, world)
	tables["measure_day"] = Table(("unit_code", "day", "measure", "dimension", "value"), 4, measures)
	tables["data_quality"] = Table(("entity_kind", "entity_id", "flag", "detail", "unit_code"), 4, quality)
	tables["reject"] = Table(("topic", "partition", "offset", "reason", "detail", "event_type", "event_id", "status"), 3, rejects)
	tables["indicator_value"] = Table(("unit_code", "indicator", "grain", "period", "period_start", "period_end", "numerator", "denominator", "value", "state", "band"), 4, indicators)
	tables.update(scorecard_tables(entities[AssessmentAnswer], rollup, world))
	tables["integrity_pact"] = Table(("unit_code", "year", "signed", "obliged", "percent"), 2, pact_rows(indicators))
	tables["lkpj_annex"] = Table(("unit_code", "year", "program", "name", "target", "realisation", "achievement_pct", "ceiling", "realised", "absorption_pct"), 3,
		annex_rows(entities[BudgetReport], entities[PerformanceReport]))
	return tables


def introduce(entities):
	"""Gives each entity its siblings."""
	for kind, listed in entities.items():
		if kind.SIBLINGS:
			groups = collections.defaultdict(list)
			for entity in listed:
				groups[tuple(entity.data[name] for name in kind.SIBLINGS)].append(entity)
			for group in groups.values():
				for entity in group:
					entity.siblings = group
