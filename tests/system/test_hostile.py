#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""A JSON parsing suite, naughty strings and times as Kafka records, wherever a record or an event can hold one: rejected for the right reason or kept byte for byte,
without a trace in the schema or on a terminal; and what comes behind them is counted. Where the shared corpora are missing, strings of our own do it alone."""
import json
import re

from checks import check, finish
import events
import harness
import oracle

BINARY = {"specversion": "1.0", "source": "/contoh", "type": "id.go.opd.complaint.verified.v1", "time": "2024-03-26T08:00:00+07:00"}

# What reads the text in another order may meet another fault first: a lone surrogate before the end of its escape.
MALFORMED = {"not_json", "encoding", "too_large"}

OWN = ["", " ", "'", "''", '"', "\\", "';--", "'; DROP TABLE rekap.reject_body; --", "'); DELETE FROM rekap.complaint; --", "$$", "$1", "\\'; SELECT pg_sleep(60); --", "1 OR 1=1", "\\.", "\\N", "{}", "{\"a\"}", "NULL", "null", "NaN",
	"Infinity", "-0", "1e400", "0x7f", "9" * 256, "%s%n%n%x", "%p%1$s", "{0}", "${HOME}", "$(reboot)", "`reboot`", "| cat", "; ls", "../../../../etc/passwd", "..\\..\\windows", "C:\\con", "/dev/stdin", "file:///etc/passwd",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;&#60;", "]]>", "<!--", "javascript:alert(1)", "\x1b[31mred", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\u009b31m", "\u0085", "\x07\x08\x0c", "a\nb", "a\r\nb", "a\rb", "\t", "\x7f",
	"\x01\x02\x1f", "\u202eevil", "\u2066x\u2069", "\u200b", "a\u200db", "\ufeff", "\ufeffx", "\u2028\u2029", "\u00a0", "\u3000", "e\u0301", "\u00e9", "\uff0e\uff0f", "\U0001F468\u200d\U0001F469\u200d\U0001F467", "\U0001F3F4\U000E0067\U000E0062",
	"\uffff", "\U0010FFFF", "\ue000", "Z\u0351\u036b\u0343\u036a", "\u05d0\u05d1", "\u0627\u0644", "\u0130i\u0131I", "\u1e9e\u00df", "x" * 256, "x" * 257, "\u00e4" * 128, "\u00e4" * 129, "x" * 512, "x" * 513, "y" * 100000, "2024-13", "2024-Q5",
	"0000-00-00", "1.02.0.00.0.00.01.0000\n", "1.02.0.00.0.00.01.0000'", "event=\"x\" level=error", "a=b c=\"d\"", "\x00", "\ud800", "a\udfff"]

TIMES = ["2024-03-25T08:00:00Z", "2024-02-29T23:59:59.9999999999999+23:59", "2023-02-29T00:00:00Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:61Z", "2017-01-01T06:59:60+07:00", "2017-01-01T00:00:60Z", "1900-01-01T00:00:00Z",
	"1899-12-31T23:59:59Z", "2199-12-31T23:59:59.999999Z", "2200-01-01T00:00:00Z", "2024-03-25t08:00:00z", "2024-03-25 08:00:00Z", "2024-03-25T08:00:00", "2024-03-25T08:00:00-00:00", "2024-03-25T08:00:00+24:00",
	"2024-03-25T08:00:00.Z", "2024-03-25T08:00:00." + "9" * 5000 + "Z", "2024-W13-1T08:00:00Z", "20240325T080000Z", "2024-03-25T08:00Z", "\u0968024-03-25T08:00:00Z", "2024-03-25T08:00:00Z\n", "", None, 0, 1711353600, [], {}]


def corpus(name):
	"""The files of a shared corpus; none where they are not there."""
	return sorted((harness.DATA / name).glob("*.json"))


def parsing_suite():
	"""[(file, value)]"""
	return [(path.name, path.read_bytes()) for path in corpus("json_parsing")]


def naughty_strings():
	path = harness.DATA / "naughty_strings.json"
	return OWN + (json.loads(path.read_text(encoding="utf-8")) if path.is_file() else [])


def times():
	"""[(value, whether it is surely none)]"""
	found = [(case["data"], not case["valid"]) for path in corpus("rfc3339") for group in json.loads(path.read_text(encoding="utf-8")) for case in group["tests"]]
	return list({json.dumps(pair): pair for pair in found + [(value, False) for value in TIMES]}.values())


# --- records -------------------------------------------------------------------------------------------------------------------


def binary_headers(identity):
	return [("ce_" + name, value.encode()) for name, value in dict(BINARY, id=identity).items()]


def sent(name, value, binary):
	return events.Sent(name.encode(), value, binary_headers(name) if binary else [], None)


def fact(name, identity, seconds, **data):
	return events.Fact(name, events.us("2024-03-25T08:00:00") + seconds * events.SECOND, identity, "/contoh", data)


RECEIVED = {"unit": events.unit_code(2), "class": "complaint", "channel": "web"}


def naughty(number, text):
	"""A string as value, key, header, its name, attribute and name of a data field."""
	raw = text.encode("utf-8", "surrogatepass")
	yield events.record(fact("archived", text, number, complaint_id=f"naughty-{number}", reason=text), key=raw)
	plain = events.record(fact("received", f"m{number}", number, complaint_id=f"naughty-{number}", **RECEIVED), key=raw)
	yield plain._replace(headers=plain.headers + [("x-naughty", raw), ("ce_naughty", raw)])
	if "\0" not in text and "\ud800" not in text and "\udfff" not in text:
		yield plain._replace(headers=plain.headers + [(text, raw), ("ce_" + text, raw)])
	yield events.Sent(raw, json.dumps({"complaint_id": f"naughty-{number}", text: text}).encode(), binary_headers(f"b{number}") + [("ce_naughty", raw)], None)
	for name in ("type", "source", "time", "datacontenttype", "subject"):
		yield events.Sent(raw, json.dumps(dict(BINARY, id=f"a{number}", data={"complaint_id": f"naughty-{number}"}, **{name: text})).encode(), [], None)
	yield events.Sent(raw, json.dumps(dict(BINARY, id=f"d{number}", data={text: {text: 1, "nik": text}})).encode(), [], None)
	yield events.Sent(raw, raw, [], None)
	yield events.Sent(raw, b"{}", [("content-type", raw)], None)


def string_fields():
	"""Yields (type, example, field) for every field of every type that its schema says is a string."""
	for path in sorted((harness.ROOT / "schemas" / "events").glob("*/*.schema.json")):
		schema = json.loads(path.read_text(encoding="utf-8"))
		example = json.loads((path.parent / "examples" / (path.name.split(".")[0] + ".json")).read_text(encoding="utf-8"))
		for field, rule in schema["properties"].items():
			if "string" in json.dumps(rule) or "enum" in rule:
				yield schema["title"], dict(example["data"], **({"unit": events.unit_code(2)} if "unit" in example["data"] else {})), field


def in_every_field(strings):
	fields = list(string_fields())
	check(f"{len(fields)} string fields of {len({type_ for type_, _, _ in fields})} types", len({type_ for type_, _, _ in fields}) == len(oracle.TYPES))
	for number, (type_, data, field) in enumerate(fields):
		for at, text in enumerate(strings):
			identity = f"f{number}-{at}"
			event = dict(BINARY, type=type_, id=identity, data={name: f"{identity}-{value}" if name.endswith("_id") else value for name, value in data.items()} | {field: text})
			yield events.Sent(None, json.dumps(event).encode(), [], None)


def in_every_time(values):
	"""Records by value: each as time, requested_at and completed_at."""
	service = dict(events.EXAMPLES["service.delivered"])
	for at, (value, wrong) in enumerate(values):
		event = dict(BINARY, type="id.go.opd.service.delivered.v1")
		for field in ("requested_at", "completed_at"):
			yield wrong, events.Sent(None, json.dumps(dict(event, id=f"{field}-{at}", data=dict(service, service_id=f"{field}-{at}", **{field: value}))).encode(), [], None)
		yield wrong, events.Sent(None, json.dumps(dict(event, id=f"time-{at}", time=value, data=dict(service, service_id=f"time-{at}"))).encode(), [], None)


# --- checks --------------------------------------------------------------------------------------------------------------------

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def check_printable(what, text):
	"""No control character, which could speak to a terminal, and valid UTF-8."""
	try:
		text = text.decode() if isinstance(text, bytes) else text
	except UnicodeDecodeError as error:
		check(what, False, error)
		return
	found = CONTROL.search(text)
	check(f"{what}: no control characters in {len(text)}", text and not found, found and text[max(found.start() - 50, 0):found.end() + 50])


def schema_of(daemon):
	"""All objects of the database, as text."""
	with daemon.fixtures.connect(daemon.name) as connection:
		return connection.execute("SELECT string_agg(x, ' ' ORDER BY x) FROM (SELECT relkind::text || relname::text FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_(toast_)?temp' "
			"UNION ALL SELECT proname::text || md5(prosrc) FROM pg_proc UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'rekap%') AS q (x)").fetchone()


def compare(daemon, in_kafka, suite):
	expected = daemon.expected(in_kafka)
	named = {(record.partition, record.offset): record.key.decode("utf-8", "replace") for record in in_kafka if record.key}
	reasons = {row[:2]: row[2] for row in daemon.table("reject", ("partition", "offset", "reason"))}
	judged = 0
	wrong = []
	for place, name in named.items():
		reason = reasons.get(place)
		if not name.endswith(".json"):
			continue
		judged += 1
		if name.startswith("n_") and reason not in MALFORMED or name.startswith("y_") and reason in ("not_json", None) or name.startswith("i_") and reason is None:
			wrong.append((name, reason))
	check(f"the parsing suite: {judged} records", judged == len(suite) and not wrong, wrong[:10])

	# Of a malformed text any fault may have been met first. A path is compared as it is shown, without control characters.
	rejects = expected["reject"]
	rows = []
	for row in rejects.rows:
		if named.get(row[1:3], "").startswith("n_") and row[3] in MALFORMED and reasons.get(row[1:3]) in MALFORMED:
			row = row[:3] + (oracle.ANYTHING, oracle.ANYTHING) + row[5:]
		elif row[3] in ("personal_data", "duplicate_key") and isinstance(row[4], str):
			row = row[:4] + (shown_path(row[4]),) + row[5:]
		rows.append(row)
	expected["reject"] = rejects._replace(rows=rows)
	daemon.compare(expected)


def shown_path(path):
	path = CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", re.sub(r"[\t\n]", lambda match: f"\\u{ord(match.group()):04x}", path))
	return path if len(path.encode()) <= 512 else oracle.ANYTHING


def main():
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=3)
	daemon = harness.Daemon(fixtures, topic, batch_events=500, log_level="debug")
	before = schema_of(daemon)
	suite = [(name, value, binary) for name, value in parsing_suite() for binary in (False, True)]
	strings = naughty_strings()
	good = [event for event in events.stream(seed=6, complaints=60, bad=0, unknown_units=0)]
	records = [sent(name, value, binary) for name, value, binary in suite]
	for number, text in enumerate(strings):
		records += naughty(number, text)
	records += in_every_field(strings)
	timed = list(in_every_time(times()))
	wrong_times = {record.value for wrong, record in timed if wrong}
	records += [record for _, record in timed]
	# Good events between and behind all of these.
	records = [one for i, bad in enumerate(records) for one in [bad] + good[i * len(good) // len(records):(i + 1) * len(good) // len(records)]]
	records += [events.record(events.Fact("received", events.us("2024-06-03T08:00:00"), f"last-{i}", "/contoh", {"complaint_id": f"last-{i}", **RECEIVED}), partition=i) for i in range(3)]
	topic.produce(records)
	daemon.drain()

	in_kafka = topic.records()
	compare(daemon, in_kafka, suite)
	rejects = daemon.table("reject", ("partition", "offset", "detail", "event_type", "event_id"))
	rejected = {row[:2] for row in rejects}
	check("no time is taken that is none", not [record for record in in_kafka if record.value in wrong_times and (record.partition, record.offset) not in rejected])
	known = {row[0] for row in daemon.table("complaint", ("complaint_id",))}
	check("what comes last is counted", all(f"last-{i}" in known for i in range(3)))
	check("the schema is as it was", schema_of(daemon) == before)
	check_printable("rejects", " ".join(text for row in rejects for text in row[2:] if text))
	check_printable("the daemon's log", daemon.log.read_bytes())
	for verb, output in daemon.outputs(sent.value for sent in records):
		check_printable(verb, output)
	finish()


if __name__ == "__main__":
	main()
