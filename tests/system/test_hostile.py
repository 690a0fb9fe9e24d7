#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""A JSON parsing suite and naughty strings as Kafka records: rejected for a reason or accepted, as the suite says; and what comes behind them is counted."""
import json

from checks import check, finish, skip
import events
import harness
import oracle

BINARY = {"specversion": "1.0", "source": "/contoh", "type": "id.go.opd.complaint.verified.v1", "time": "2024-03-26T08:00:00+07:00"}

# What reads the text in another order may meet another fault first: a lone surrogate before the end of its escape.
MALFORMED = {"not_json", "encoding", "too_large"}


def parsing_suite():
	"""[(file, value)]"""
	return [(path.name, path.read_bytes()) for path in sorted((harness.DATA / "json_parsing").glob("*.json"))]


def naughty_strings():
	return json.loads((harness.DATA / "naughty_strings.json").read_text(encoding="utf-8"))


def sent(name, value, binary):
	if not binary:
		return events.Sent(name.encode(), value, [], None)
	headers = [("ce_" + key, text.encode()) for key, text in dict(BINARY, id=name).items()]
	return events.Sent(name.encode(), value, headers, None)


def naughty(number, text):
	"""Records that carry a string wherever one can be."""
	fact = lambda name, identity, **data: events.Fact(name, events.us("2024-03-25T08:00:00") + number * events.SECOND, identity, "/contoh", data)
	received = {"unit": events.unit_code(2), "class": "complaint", "channel": "web"}
	raw = text.encode("utf-8", "surrogatepass")
	yield events.record(fact("received", f"n{number}", complaint_id=text, category=text, **received), key=raw)
	yield events.record(fact("archived", text, complaint_id=f"naughty-{number}", reason=text), key=raw)
	plain = events.record(fact("received", f"m{number}", complaint_id=f"naughty-{number}", **received), key=raw)
	yield plain._replace(headers=plain.headers + [("x-naughty", raw), ("ce_naughty", raw)])
	yield events.Sent(raw, json.dumps({"complaint_id": f"naughty-{number}", text: text}).encode(), [("ce_" + key, value.encode()) for key, value in dict(BINARY, id=f"b{number}").items()] + [("ce_naughty", raw)], None)
	yield events.Sent(raw, raw, [], None)
	yield events.Sent(raw, b"{}", [("content-type", raw)], None)


def main():
	if not (harness.DATA / "json_parsing").is_dir() or not (harness.DATA / "naughty_strings.json").is_file():
		skip("the JSON parsing suite and the naughty strings are not there (../shared/data)")
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=3)
	daemon = harness.Daemon(fixtures, topic, batch_events=50)
	suite = [(name, value, binary) for name, value in parsing_suite() for binary in (False, True)]
	good = [event for event in events.stream(seed=6, complaints=60, bad=0, unknown_units=0)]
	records = [sent(name, value, binary) for name, value, binary in suite]
	for number, text in enumerate(naughty_strings()):
		records += naughty(number, text)
	# Good events between and behind all of these.
	records = [one for i, bad in enumerate(records) for one in [bad] + good[i * len(good) // len(records):(i + 1) * len(good) // len(records)]]
	records += [events.record(events.Fact("received", events.us("2024-06-03T08:00:00"), f"last-{i}", "/contoh", {"complaint_id": f"last-{i}", "unit": events.unit_code(2), "class": "complaint", "channel": "web"}), partition=i)
		for i in range(3)]
	topic.produce(records)
	daemon.drain()

	in_kafka = topic.records()
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

	# Of a malformed text any fault may have been met first.
	rejects = expected["reject"]
	rows = []
	for row in rejects.rows:
		if named.get(row[1:3], "").startswith("n_") and row[3] in MALFORMED and reasons.get(row[1:3]) in MALFORMED:
			row = row[:3] + (oracle.ANYTHING, oracle.ANYTHING) + row[5:]
		rows.append(row)
	expected["reject"] = rejects._replace(rows=rows)
	daemon.compare(expected)
	known = {row[0] for row in daemon.table("complaint", ("complaint_id",))}
	check("what comes last is counted", all(f"last-{i}" in known for i in range(3)))
	finish()


if __name__ == "__main__":
	main()
