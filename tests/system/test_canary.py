#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Personal data in every place of a record: of a rejected one it is afterwards in rekap.reject_body, of a counted one nowhere at all.

Each place has a word of its own. Not looked for are the places whose content is kept by design: allowed fields of counted events, ids and types that passed,
and names of keys that lead to a fault (semantics §1: the path).
"""
import base64
import itertools
import json
import os
import re
import resource
import signal

import psycopg

from checks import check, finish
import events
import harness
import oracle

SECONDS = 120


class Canaries:
	"""Hands out words, and knows where each was put and what must become of its record."""

	def __init__(self):
		self.places, self.records, self.numbers = {}, [], itertools.count(1)

	def word(self, place, kept):
		word = f"kenari{next(self.numbers):05}x"
		self.places[word] = place, kept
		return word

	def put(self, place, kept, make):
		"""make(word) gives the record; `kept`: whether it is rejected, and so has a body."""
		self.records.append(make(self.word(place, kept)))


def spellings(word):
	"""The word as bytes: plain, in hexadecimal, and in base64 wherever it begins."""
	raw = word.encode()
	found = [raw, raw.hex().encode()]
	for before in range(3):
		coded = base64.b64encode(b"\0" * before + raw + b"\0" * (-(before + len(raw)) % 3))
		found.append(coded[(before * 8 + 5) // 6:(before + len(raw)) * 8 // 6])
	return found


def envelope(name="complaint.verified", data=None, **changes):
	"""An event that is well but for the changes; of a complaint unless `name` says otherwise."""
	data = data or {}
	if name.startswith("complaint.") and type(data) is dict:
		data = {"complaint_id": "a", **data}
	return {"specversion": "1.0", "id": "id", "source": "/contoh", "type": f"id.go.opd.{name}.v1", "time": "2024-03-25T08:15:00+07:00", "data": data, **changes}


def sent(value, key=b"k", headers=()):
	if isinstance(value, dict):
		value = json.dumps(value, ensure_ascii=False)
	return events.Sent(key, value.encode() if isinstance(value, str) else value, list(headers), None)


def binary(made, more=(), **changes):
	headers = [("ce_" + name, value.encode()) for name, value in made.items() if name != "data"]
	headers = [(name, changes.get(name[3:], value)) for name, value in headers]
	return sent(json.dumps(made["data"]), headers=headers + list(more))


def nested(word, depth):
	"""A forbidden name under so many objects and arrays."""
	inner = {"nik": word}
	for level in range(depth):
		inner = {"x": inner} if level % 2 else [inner]
	return inner


def counted(canaries):
	"""Places of events that are counted: ignored, and never stored."""
	good = {"complaint.received": {"complaint_id": "good", "unit": events.unit_code(2), "class": "complaint", "channel": "web"}, **events.EXAMPLES}
	for name, data in good.items():
		put = lambda place, make, name=name: canaries.put(f"{name}: {place}", False, make)
		put("an unknown field", lambda word, name=name, data=data: sent(envelope(name, {**data, "x": word})))
		put("deep in an unknown field", lambda word, name=name, data=data: sent(envelope(name, {**data, "x": [{"y": {"z": [1, word]}}]})))
		put("the name of an unknown field", lambda word, name=name, data=data: sent(envelope(name, {**data, word: {word: [word]}})))
		put("the key", lambda word, name=name, data=data: sent(envelope(name, data), key=word.encode()))
		put("headers", lambda word, name=name, data=data: sent(envelope(name, data), headers=[("x-" + word, word.encode()), ("ce_" + word, word.encode())]))
		put("the source", lambda word, name=name, data=data: sent(envelope(name, data, source=word)))
		put("extensions", lambda word, name=name, data=data: sent(envelope(name, data, email=word, subject=word, dataschema=word, nik={word: word})))
		put("extensions, binary", lambda word, name=name, data=data: binary(envelope(name, data), [("ce_" + word, word.encode()), ("ce_subject", word.encode())]))
	skm = events.EXAMPLES["survey.answered"]
	canaries.put("an unknown element of answers", False, lambda word: sent(envelope("survey.answered", {**skm, "answers": {**skm["answers"], word: word}})))
	canaries.put("a long unknown string", False, lambda word: sent(envelope(data={"x": word + "y" * 900000})))
	canaries.put("the key of a tombstone", False, lambda word: events.Sent(word.encode(), None, [("nik", word.encode())], None))


def envelopes(canaries):
	"""Attributes that do not pass."""
	for name in ("type", "id", "source"):
		for what, text in (("too long", "%s" + "x" * 300), ("with a control character", "%s\n"), ("with a C1 character", "\u009b%s"), ("twice as long as the bound", "x" * 300 + "%s")):
			canaries.put(f"{name} {what}", True, lambda word, name=name, text=text: sent(envelope(**{name: text.replace("%s", word)})))
			canaries.put(f"{name} {what}, binary", True, lambda word, name=name, text=text: binary(envelope(), **{name: text.replace("%s", word).encode()}))
		canaries.put(f"{name} of another type", True, lambda word, name=name: sent(envelope(**{name: [word]})))
	for name in ("specversion", "time", "datacontenttype", "data_base64", "data"):
		canaries.put(name, True, lambda word, name=name: sent(envelope(**{name: word})))
		canaries.put(name + " as an object", True, lambda word, name=name: sent(envelope(**{name: [{word: word}]})))
	canaries.put("a header twice", True, lambda word: binary(envelope(), [("ce_x", word.encode()), ("ce_X", word.encode())]))
	canaries.put("a header that is not UTF-8", True, lambda word: binary(envelope(), [("ce_x", word.encode() + b"\xff")]))
	canaries.put("the value, of another media type", True, lambda word: sent(word, headers=[("content-type", b"application/cloudevents+avro"), ("x", word.encode())]))


def broken(canaries):
	"""What is no JSON, or no event."""
	text = json.dumps(envelope(data={"x": "%s"}))
	for what, value in (("no JSON", "%s"), ("a string", '"%s"'), ("an array", '["%s"]'), ("an object without specversion", '{"nik":"%s"}'), ("cut off", text[:-1]), ("behind the end", text + "%s"), ("a key without value", '{"%s"}'),
			("a bad escape", text.replace("%s", "%s\\x")), ("a bare control character", text.replace("%s", "%s\x1b")), ("NUL escaped", text.replace("%s", "%s\\u0000")), ("a lone surrogate", text.replace("%s", "%s\\ud800")),
			("a value of a key twice", text[:-1] + ',"y":"%s","y":"%s"}'), ("too deep", '{"x":"%s","y":' + "[" * 40), ("too large", text + " " * 1048576), ("a byte order mark", "\ufeff" + text)):
		canaries.put(what, True, lambda word, value=value: sent(value.replace("%s", word)))
	canaries.put("not UTF-8", True, lambda word: sent(text.replace("%s", word).encode().replace(b"contoh", b"\xff")))
	canaries.put("a long string too large", True, lambda word: sent(envelope(data={"x": "y" * 1048576 + word})))


def data_faults(canaries):
	"""Forbidden names; and each field of each type with what it does not allow."""
	for place in ("nik", "NIK", "e-mail", "Nama Lengkap", "no_hp", "alamat", "description"):
		canaries.put(f"{place}", True, lambda word, place=place: sent(envelope(data={place: word}), key=word.encode(), headers=[("x", word.encode())]))
		canaries.put(f"beside {place}", True, lambda word, place=place: sent(envelope(data={place: None, "x": word, word: 1}, subject=word)))
		canaries.put(f"{place}, binary", True, lambda word, place=place: binary(envelope(data={place: word}), [("ce_x", word.encode())]))
	for depth in (1, 2, 15, 28):
		canaries.put(f"a forbidden name at depth {depth}", True, lambda word, depth=depth: sent(envelope(data={"x": nested(word, depth)})))
	canaries.put("an unknown type", True, lambda word: sent(envelope("complaint.unheard_of", {"x": word, "complaint_id": word})))
	canaries.put("an unknown unit", True, lambda word: sent(envelope("complaint.forwarded", {"complaint_id": "a", "unit": WAITING, "x": word}), key=word.encode(), headers=[(word, word.encode())]))
	for type_, fields in oracle.TYPES.items():
		name = type_[len("id.go.opd."):-len(".v1")]
		good = events.EXAMPLES.get(name) or {"complaint_id": "a", "unit": events.unit_code(2), "class": "complaint", "channel": "web", "category": "c", "reason": "r", "rating": 3}
		for field in fields:
			for what, value in (("too long", "%s" + "x" * 600), ("an array", ["%s"]), ("an object", {"x": "%s"})):
				canaries.put(f"{name}: {field.name}: {what}", True,
					lambda word, name=name, good=good, field=field, value=value: sent(json.dumps(envelope(name, {**good, field.name: value})).replace("%s", word)))


def stuck_in_the_store(canaries):
	"""What PostgreSQL itself refuses."""
	for place, make in (("an unknown field", lambda word: sent(envelope("complaint.received", {**POISON, "x": word}))), ("the key", lambda word: sent(envelope("complaint.received", POISON), key=word.encode())),
			("headers", lambda word: sent(envelope("complaint.received", POISON), headers=[("x", word.encode()), ("ce_x", word.encode())]))):
		canaries.put("not storable: " + place, True, make)


WAITING = events.UNKNOWN_UNITS[0]
POISON = {"complaint_id": "poison", "unit": events.unit_code(2), "class": "complaint", "channel": "poison"}


# --- where it is looked for ----------------------------------------------------------------------------------------------------


def found_in(canaries, blob, words=None):
	"""The words that are in there."""
	words = canaries.places if words is None else words
	return [word for word in words if any(spelling in blob for spelling in spellings(word))]


def report(canaries, where, blob):
	found = found_in(canaries, blob) if re.search(rb"kenari|6b656e617269|a2VuYXJp|tlbmFya|rZW5hcm", blob) else []
	check(f"{where}: no canary in {len(blob)} bytes", blob and not found, [canaries.places[word][0] for word in found[:5]])


def bodies(daemon):
	with daemon.fixtures.connect(daemon.name) as connection:
		return b"\n".join(b"".join((key or b"", b" ", value or b"", b" ", json.dumps(headers).encode())) for key, value, headers in connection.execute("SELECT key, value, headers FROM rekap.reject_body"))


def everything_else(daemon):
	"""All tables of the database but the bodies, as text; the planner's statistics among them."""
	parts = []
	with daemon.fixtures.connect(daemon.name) as connection:
		connection.execute("ANALYZE")
		tables = connection.execute("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind IN ('r', 'm') "
			"AND c.oid <> 'rekap.reject_body'::regclass AND n.nspname !~ '^pg_temp'").fetchall()
		for table, in tables:
			with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as copy:
				parts += [table.encode(), *map(bytes, copy)]
	check(f"{len(tables)} tables are read, those with statistics among them", ("pg_catalog.pg_statistic",) in tables)
	return b"\n".join(parts)


def server_log(fixtures):
	path = fixtures.folder / "postgres" / "data" / "log"
	return path.read_bytes()


def test_everywhere(fixtures, canaries):
	topic = harness.Topic(fixtures, partitions=3)
	for make in (counted, envelopes, broken, data_faults, stuck_in_the_store):
		make(canaries)
	daemon = harness.Daemon(fixtures, topic, kafka={"debug": "all"}, log_level="debug", batch_events=400)
	begun = len(server_log(fixtures))
	with fixtures.connect(daemon.name) as connection:
		connection.execute("ALTER TABLE rekap_store.complaint ADD CONSTRAINT poison CHECK (channel <> 'poison')")
		# A server that logs all that it is asked, and what it is asked with.
		connection.execute(f"ALTER DATABASE {daemon.name} SET log_min_duration_statement = 0")
		connection.execute(f"ALTER DATABASE {daemon.name} SET log_parameter_max_length_on_error = -1")
	topic.produce(canaries.records)
	daemon.drain()
	daemon.load_units(daemon.units + [dict(daemon.units[0], unit_code=WAITING)])
	with fixtures.connect() as connection:
		connection.execute(f"ALTER DATABASE {daemon.name} RESET ALL")

	kept = [word for word, (_, kept) in canaries.places.items() if kept]
	blob = bodies(daemon)
	missing = set(kept) - set(found_in(canaries, blob, kept))
	check(f"{len(kept)} canaries of rejected records are in the bodies", not missing, [canaries.places[word][0] for word in sorted(missing)[:5]])
	surplus = found_in(canaries, blob, set(canaries.places) - set(kept))
	check(f"{len(canaries.places) - len(kept)} of counted ones are not", not surplus, [canaries.places[word][0] for word in surplus[:5]])
	rows = daemon.table("reject", ("reason", "status"))
	check("all reasons but one were met", {reason for reason, _ in rows} == REASONS, {reason for reason, _ in rows} ^ REASONS)
	check("what waited was replayed", [row for row in rows if row[1] == "replayed"] == [("unknown_unit", "replayed")])
	report(canaries, "tables", everything_else(daemon))
	report(canaries, "the daemon's log", daemon.log.read_bytes())
	log = server_log(fixtures)[begun:]
	check("the server logged statements and errors", b"rekap.reject_body" in log and b"poison" in log)
	report(canaries, "the server's log", log)
	for verb, output in daemon.outputs(sent.value for sent in canaries.records):
		report(canaries, verb, output)


REASONS = {"too_large", "not_cloudevent", "encoding", "not_json", "duplicate_key", "bad_envelope", "personal_data", "unknown_type", "bad_field", "unknown_unit", "not_storable"}


# --- core dumps ----------------------------------------------------------------------------------------------------------------


def unlimited():
	hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
	resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def abort_while_storing(daemon):
	"""Ends a daemon with SIGABRT while it has records in its hands: (whether the system wrote a core dump, the dump if it is to be had)."""
	folder = daemon.folder / "crash"
	folder.mkdir(exist_ok=True)
	with psycopg.connect(f"{daemon.fixtures.superuser} dbname={daemon.name}") as holding:
		holding.execute("LOCK TABLE rekap.reject")
		process = daemon.start(cwd=folder, preexec_fn=unlimited)
		with daemon.fixtures.connect(daemon.name) as asking:
			harness.wait_until("the store to wait", lambda: asking.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", (daemon.name,)).fetchone(), SECONDS)
		process.send_signal(signal.SIGABRT)
		_, status = os.waitpid(process.pid, 0)
		process.returncode = -os.WTERMSIG(status)
		holding.rollback()
	check("SIGABRT ends it", os.WTERMSIG(status) == signal.SIGABRT, status)
	return os.WCOREDUMP(status), b"".join(path.read_bytes() for path in folder.iterdir())


def test_core_dumps(fixtures, canaries):
	topic = harness.Topic(fixtures, partitions=1)
	record = sent(envelope(data={"nik": canaries.word("a core dump", True)}))
	topic.produce([record])
	word = list(canaries.places)[-1]
	dumped, core = abort_while_storing(harness.Daemon(fixtures, topic))
	check("no core dump", not dumped and not core, f"{len(core)} bytes")
	dumped, core = abort_while_storing(harness.Daemon(fixtures, topic, core_dumps="on"))
	if not dumped:
		print("      core_dumps = on: nothing to compare with, for this system or a sanitizer forbids core dumps", flush=True)
	elif core:
		check("core_dumps = on: a core dump, with what the records held", word.encode() in core)


def main():
	fixtures = harness.Fixtures()
	canaries = Canaries()
	test_everywhere(fixtures, canaries)
	test_core_dumps(fixtures, canaries)
	finish()


if __name__ == "__main__":
	main()
