#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""The oracle itself, held against the worked examples of the documents it is written from. Needs no fixture and no daemon."""
import datetime
import json
import pathlib

from checks import check, finish, same
import events
import oracle

D = datetime.date.fromisoformat
ROOT = pathlib.Path(__file__).resolve().parents[2]
RULESET = json.loads((ROOT / "schemas" / "rulesets" / "rekap-2024.json").read_text(encoding="utf-8"))
UNITS = [
	{"unit_code": "1.02.0.00.0.00.01.0000", "parent_code": None, "valid_from": None, "valid_to": None, "successor_code": None},
	{"unit_code": "1.02.0.00.0.00.01.0001", "parent_code": "1.02.0.00.0.00.01.0000", "valid_from": None, "valid_to": D("2024-04-10"), "successor_code": "1.02.0.00.0.00.01.0002"},
	{"unit_code": "1.02.0.00.0.00.01.0002", "parent_code": "1.02.0.00.0.00.01.0000", "valid_from": D("2024-04-01"), "valid_to": None, "successor_code": None},
	{"unit_code": "1.03.0.00.0.00.01.0000", "parent_code": None, "valid_from": None, "valid_to": None, "successor_code": None},
]
A, A1, A2, B = (unit["unit_code"] for unit in UNITS)


def world(as_of="2024-12-31", threshold=0, rulesets=None):
	return oracle.World(UNITS, rulesets or [RULESET], events.calendar(), "Asia/Jakarta", D(as_of), threshold)


def event(name, time, number=[0], **data):
	number[0] += 1
	return {"specversion": "1.0", "id": f"e{number[0]}", "source": "/contoh", "type": f"id.go.opd.complaint.{name}.v1", "time": time, "data": dict({"complaint_id": "c"}, **data)}


def received(time="2024-03-25T08:00:00+07:00", unit=A, **data):
	return event("received", time, unit=unit, channel="web", **dict({"class": "complaint"}, **data))


def record(value, offset=0, headers=()):
	return oracle.Record("t", 0, offset, None, value if isinstance(value, (bytes, type(None))) else json.dumps(value).encode(), list(headers))


def fold(*listed, **how):
	return oracle.compute([record(value, i) for i, value in enumerate(listed)], world(**how))


def complaint(*listed, **how):
	columns, _, rows = fold(*listed, **how)["complaint"]
	return dict(zip(columns, rows[0]))


def figures(tables, indicator, grain, name, unit=oracle.REGION):
	"""(numerator, denominator, value in hundredths, state) of a row, or None."""
	row = next((row for row in tables["indicator_value"].rows if row[:4] == (unit, indicator, grain, name)), None)
	return row and (row[6], row[7], None if row[8] is None else row[8] * 100, row[9])


def measure(tables, name, dimension=""):
	return sorted((row[0], row[1].isoformat(), row[4]) for row in tables["measure_day"].rows if row[2:4] == ("complaint." + name, dimension))


def flags(tables):
	return sorted((row[2], row[3]) for row in tables["data_quality"].rows)


def reason(value, headers=()):
	rows = oracle.compute([record(value, headers=headers)], world())["reject"].rows
	return rows[0][3:5] if rows else None


def test_working_days():
	w = world()
	for start, *dues in (("2024-03-25", "2024-03-28", "2024-04-02", "2024-04-23", "2024-07-05"), ("2024-04-05", "2024-04-18", "2024-04-22", "2024-05-06", "2024-07-17"),
			("2024-12-20", "2024-12-27", "2024-12-31", "2025-01-14", "2025-03-24"), ("2025-03-27", "2025-04-10", "2025-04-14", "2025-04-28", "2025-07-11")):
		same(f"deadlines from {start}", [w.add_working_days(D(start), n).isoformat() for n in (3, 5, 14, 60)], dues)
		same(f"durations from {start}", [w.working_days(D(start), D(due)) for due in dues], [3, 5, 14, 60])
	days = [D("2023-01-01") + i * oracle.ONE_DAY for i in range(4 * 365 + 1)]
	same("working days a year", [sum(w.step(day) for day in days if day.year == year) for year in (2023, 2024, 2025, 2026)], [239, 238, 237, 240])
	same("no working days, no calendar", w.working_days(D("2022-05-05"), D("2022-05-05")), 0)


def test_times():
	for text, want in (("2024-03-25T08:15:00+07:00", "2024-03-25T01:15:00"), ("2024-03-25t01:15:00.1234567z", "2024-03-25T01:15:00.123456"),
			("2024-03-25T01:15:00-00:00", "2024-03-25T01:15:00"), ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999"), ("2017-01-01T06:59:60.5+07:00", "2016-12-31T23:59:59.999999"),
			("1900-01-01T00:00:00Z", "1900-01-01T00:00:00"), ("2200-01-01T00:30:00+01:00", "2199-12-31T23:30:00")):
		same(f"time {text}", oracle.instant(oracle.parse_time(text)).replace(tzinfo=None), datetime.datetime.fromisoformat(want))
	for text in ("2024-03-25T08:15:00", "2024-03-25 08:15:00Z", "2024-03-25T24:00:00Z", "2024-03-25T08:15:60Z", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-03-25T08:15:00.Z",
			"2024-03-25T08:15:00+24:00", "2024-03-25T08:15:00+07", "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2199-12-31T23:59:00-00:01", "0000-01-01T00:00:00Z", " 2024-03-25T08:15:00Z",
			"2024-03-25T08:15:00Z\n", "٢024-03-25T08:15:00Z", "1900-01-01T00:00:00+00:01"):
		same(f"no time {text!r}", oracle.parse_time(text), None)


def test_json():
	for text, want in ((b"", "not_json"), (b"{}", "not_cloudevent"), (b"[1]", "not_cloudevent"), (b"{}x", "not_json"), (b"\xef\xbb\xbf{}", "not_json"), (b"\xff", "encoding"), (b'["\\u0000"]', "encoding"),
			(b'["\\ud800"]', "encoding"), (b'["\\udc00"]', "encoding"), (b'["\\ud800\\udc00"]', "not_cloudevent"), (b"[" * 33, "too_large"), (b"[" * 32 + b"]" * 32, "not_cloudevent"),
			(b"[" * 33 + b"]" * 33, "too_large"), (b'{"a":1,"\\u0061":2}', "duplicate_key"), (b'{"a":1,"a"', "duplicate_key"), (b'{"a":1 "a"', "not_json"), (b"[01]", "not_json"), (b"[1.]", "not_json"),
			(b"[-]", "not_json"), (b"[1e999999999999]", "not_cloudevent"), (b"[tru]", "not_json"), (b"[1,]", "not_json"), (b'["\t"]', "not_json"), (b"x" * 1048577, "too_large"), (b'"' + b"x" * 1048574 + b'"', "not_cloudevent")):
		same(f"JSON {text[:24]!r}", reason(text)[0], want)
	same("path of a duplicate key", reason(b'{"a":{"b c":1,"b\\u0020c":2}}')[1], "a.b c")
	for text, want in (("5", 5), ("5.0", 5), ("5e0", 5), ("50e-1", 5), ("0.5e1", 5), ("0.05E+2", 5), ("6", None), ("0", None), ("-0", None), ("4.5", None), ("5e99999999999999999999", None), ("-5", None),
			("500000000000000000000e-20", 5)):
		same(f"rating {text}", oracle.integer_of(1, 5)(oracle.Number(text)), want)
	same("a string is no integer", oracle.integer_of(1, 5)("5"), None)
	same("largest integer", oracle.integer_of(0, 2 ** 63 - 1)(oracle.Number("9223372036854775807")), 2 ** 63 - 1)
	same("beyond the largest integer", oracle.integer_of(0, 2 ** 63 - 1)(oracle.Number("9223372036854775808")), None)


def test_rejects():
	good = received()
	same("a good event", reason(good), None)
	same("a tombstone", reason(None), None)
	cases = list(events.bad_records(seed=1))
	for bad in cases:
		got = oracle.compute([oracle.Record("t", 0, 0, bad.key, bad.value, bad.headers)], world())["reject"].rows
		check(f"reason of a bad record: {bad.reason} {bad.value[:60]!r}", got and got[0][3] == bad.reason, got)
	same("all reasons of one record have examples", {bad.reason for bad in cases},
		{"too_large", "not_cloudevent", "encoding", "not_json", "duplicate_key", "bad_envelope", "personal_data", "unknown_type", "bad_field", "unknown_unit"})
	binary = [("ce_specversion", b"1.0"), ("CE_ID", b"x"), ("ce_source", b"/c"), ("ce_type", b"id.go.opd.complaint.verified.v1"), ("ce_time", b"2024-03-25T08:00:00Z")]
	same("binary mode", reason(b'{"complaint_id":"c"}', binary), None)
	same("a header twice", reason(b'{"complaint_id":"c"}', binary + [("ce_id", b"y")])[0], "bad_envelope")
	same("structured wins", reason(b'{"complaint_id":"c"}', binary + [("Content-Type", b"Application/CloudEvents+JSON; charset=utf-8")])[0], "not_cloudevent")
	same("a batch", reason(b"[]", [("content-type", b"application/cloudevents-batch+json")]), ("not_cloudevent", "application/cloudevents-batch+json"))
	many = [event("reopened", f"2024-04-01T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z") for i in range(4097)]
	tables = fold(received(), *many, many[0])
	same("too many facts", [row[2:5] for row in tables["reject"].rows], [(4097, "too_many_facts", "id.go.opd.complaint.reopened.v1")])
	same("all others are held", tables["complaint"].rows[0][14], 4096)


def test_complaint():
	row = complaint(received())
	same("due days", (row["response_due_on"], row["resolution_due_on"]), (D("2024-04-02"), D("2024-04-23")))
	row = complaint(received("2024-03-26T00:00:00Z"), received("2024-03-25T00:00:00Z", unit=B), received("2024-03-25T00:00:00Z", unit=A))
	same("the earliest received counts; at the same time the larger id", (row["received_at"], row["unit_code"]), (oracle.parse_time("2024-03-25T00:00:00Z"), A))
	for ids, winner in ((("a", "ab"), "ab"), (("B", "a"), "a"), (("z", "é"), "é"), (("\uffee", "\U0001F600"), "\U0001F600")):
		row = complaint(*[dict(received(unit=unit), id=identity) for identity in ids for unit in (A, B)])
		same(f"of {ids} the bytewise larger id, then the larger fields", row["unit_code"], B)
		row = complaint(*[dict(received(unit=B if identity == winner else A), id=identity) for identity in ids])
		same(f"of {ids} the bytewise larger id", row["unit_code"], B)
		row = complaint(*[dict(received(unit=A if identity == winner else B), id=identity) for identity in ids])
		same(f"of {ids} the bytewise larger id, whatever the fields", row["unit_code"], A)
	same("an empty field is smaller than a present one", complaint(dict(received(), id="x"), dict(received(category=" "), id="x"))["category"], " ")
	row = complaint(event("resolved", "2024-04-01T00:00:00Z"), event("verified", "2024-03-30T00:00:00Z"))
	same("pending keeps its milestones", (row["state"], row["unit_code"], row["received_at"], row["resolution_due_on"], row["verified_at"]), ("pending", None, None, None, oracle.parse_time("2024-03-30T00:00:00Z")))
	t = "2024-04-0{}T00:00:00Z".format
	row = complaint(received(), event("resolved", t(1)), event("reopened", t(2)), event("resolved", t(4)), event("resolved", t(3)), event("resolved", t(2)))
	same("resolved again after the last reopening", (row["state"], row["resolved_at"], row["reopened_count"]), ("resolved", oracle.parse_time(t(3)), 1))
	row = complaint(received(), event("resolved", t(2)), event("reopened", t(2)))
	same("resolved at the instant of reopening is not resolved", (row["state"], row["resolved_at"]), ("reopened", None))
	states = [("verified",), ("forwarded", B), ("responded",), ("reopened",), ("misrouted",), ("resolved",), ("archived",), ("withdrawn",)]
	sofar, seen = [received()], []
	for i, (name, *unit) in enumerate(states, 1):
		sofar.append(event(name, t(i), **({"unit": unit[0]} if unit else {"reason": "duplicate"} if name == "archived" else {})))
		seen.append(complaint(*sofar)["state"])
	same("states", seen, ["verified", "forwarded", "in_progress", "reopened", "misrouted", "resolved", "archived", "withdrawn"])
	same("misrouted at the instant of forwarding is settled", complaint(received(), event("misrouted", t(1)), event("forwarded", t(1), unit=B))["state"], "forwarded")
	row = complaint(received(), event("rated", t(3), rating=2), event("rated", t(2), rating=5))
	same("the last rating", row["rating"], 2)
	for start, due in (("received", "2024-04-02"), ("verified", "2024-04-03"), ("forwarded", "2024-04-05")):
		ruleset = dict(RULESET, deadlines=dict(RULESET["deadlines"], sla_start=start))
		row = complaint(received(), event("verified", "2024-03-26T01:00:00Z"), event("forwarded", "2024-03-27T16:59:59Z", unit=B), event("forwarded", "2024-03-27T17:00:00Z", unit=B), rulesets=[ruleset])
		same(f"the clock starts when {start}", row["response_due_on"], D(due))
	for flag, *listed in (("conflicting_facts", received(), received(unit=B)), ("resolved_before_received", received(), event("resolved", "2024-03-24T16:59:59Z")),
			("reopened_without_resolved", received(), event("reopened", t(1)), event("resolved", t(2))), ("unit_not_valid", received(unit=A2))):
		same(f"flag {flag}", flags(fold(*listed)), [(flag, None)])
	same("no flag on the same day", flags(fold(received(), event("resolved", "2024-03-24T17:00:00Z"))), [])
	same("no calendar after 2026", flags(fold(received("2026-12-30T01:00:00Z"))), [("no_calendar", "2027")])
	same("no ruleset", flags(fold(received(), rulesets=[dict(RULESET, valid_to="2024-03-24")])), [("no_ruleset", None)])


def test_measures():
	tables = fold(received("2024-03-29T01:00:00Z", unit=A1, category="roads"), event("misrouted", "2024-03-30T01:00:00Z"), event("forwarded", "2024-03-30T02:00:00Z", unit=B),
		event("misrouted", "2024-03-30T02:00:00Z"), event("misrouted", "2024-03-31T01:00:00Z"), event("rated", "2024-05-01T01:00:00Z", rating=4))
	same("a misrouted case belongs to the unit owning it before", measure(tables, "misrouted"), [(A1, "2024-03-30", 2), (B, "2024-03-31", 1)])
	same("received by category", measure(tables, "received", "category=roads"), [(B, "2024-03-29", 1)])
	same("an open case is due, not on time", (measure(tables, "response_due"), measure(tables, "response_on_time"), measure(tables, "due_resolved")), ([(B, "2024-04-05", 1)], [], []))
	same("rating", (measure(tables, "ratings"), measure(tables, "rating_sum")), ([(B, "2024-05-01", 1)], [(B, "2024-05-01", 4)]))
	tables = fold(received(unit=A1), event("resolved", "2024-05-10T01:00:00Z"))
	same("an open case moves to the successor", measure(tables, "open"), [(A1, "2024-03-25", 1), (A1, "2024-04-11", -1), (A2, "2024-04-11", 1), (A2, "2024-05-10", -1)])
	same("overdue from the day after", measure(tables, "overdue"), [(A2, "2024-04-24", 1), (A2, "2024-05-10", -1)])
	same("working days to the answer", measure(tables, "response_days"), [(A2, "2024-05-10", 24)])
	tables = fold(received(unit=A1), event("resolved", "2024-03-25T02:00:00Z"))
	same("open within a day leaves no trace", measure(tables, "open"), [])
	tables = fold(received(), event("resolved", "2024-03-20T02:00:00Z"))
	same("a contradiction counts as resolved, and neither as late nor as on time", (measure(tables, "resolved"), measure(tables, "resolution_due"), measure(tables, "responses"), measure(tables, "first_resolved")),
		([(A, "2024-03-20", 1)], [], [], [(A, "2024-03-20", 1)]))


def test_indicators():
	tables = fold(*[received("2024-03-26T01:00:00Z", complaint_id=str(i), unit=unit) for i, unit in enumerate((A, A1, B))], as_of="2024-05-10")
	same("three received on 26 March", [figures(tables, "complaint.received", grain, name) for grain, name in (("day", "2024-03-26"), ("week", "2024-W13"), ("month", "2024-03"), ("quarter", "2024-Q1"),
		("semester", "2024-S1"), ("year", "2024"))], [(3, None, 300, "value")] * 6)
	same("a unit and those below it", [figures(tables, "complaint.received", "month", "2024-03", unit) for unit in (A, A1, A2, B)], [(2, None, 200, "value"), (1, None, 100, "value"), None, (1, None, 100, "value")])
	same("open at the end of what is past", [figures(tables, "complaint.open", "month", f"2024-0{month}") for month in (2, 3, 4, 5, 6)], [None] + [(3, None, 300, "value")] * 3 + [None])
	tables = fold(received("2024-03-15T01:00:00Z", **{"class": "information_request"}))
	same("overdue from the day after it is due", (tables["complaint"].rows[0][17], [figures(tables, "complaint.overdue", "day", day) for day in ("2024-03-22", "2024-03-23")]), (D("2024-03-22"), [None, (1, None, 100, "value")]))
	at = lambda number, *days: [received(complaint_id=number)] + [event("resolved", f"{day}T02:00:00Z", complaint_id=number) for day in days]
	tables = fold(*at("1", "2024-03-27"), *at("2", "2024-04-02"))
	same("mean of 2 and 5 working days", [figures(tables, "complaint.response_days", "year", "2024"), figures(tables, "complaint.resolution_days", "quarter", "2024-Q2")], [(7, 2, 350, "value"), (5, 1, 500, "value")])
	tables = fold(*at("1", "2024-03-27"), *at("2", "2024-04-02"), *at("3", "2024-04-03"), *at("4"), as_of="2024-04-03")
	same("due 4, on time 2, late 1, still open 1", figures(tables, "complaint.response_on_time_pct", "month", "2024-04"), (2, 4, 5000, "value"))
	tables = fold(*at("1", "2024-03-27"), *at("2", "2024-04-02"), *at("3", "2024-04-03"), *at("4"), as_of="2024-04-02")
	same("a deadline counts when its day is over", figures(tables, "complaint.response_on_time_pct", "month", "2024-04"), None)
	cases = [item for i in range(8) for item in at(str(i), "2024-03-26")] + [event("reopened", "2024-09-01T00:00:00Z", complaint_id="3")]
	same("8 first resolved, 1 reopened ever", figures(fold(*cases), "complaint.reopened_pct", "month", "2024-03"), (1, 8, 1250, "value"))
	cases = [item for i, rating in enumerate((5, 4, 4)) for item in (received(complaint_id=str(i)), event("rated", "2024-04-01T00:00:00Z", complaint_id=str(i), rating=rating))]
	same("ratings 5, 4, 4", figures(fold(*cases), "complaint.rating", "month", "2024-04"), (13, 3, 433, "value"))
	same("rounded half away from zero", [oracle.rounded(oracle.Fraction(*case) * 100) * 100 for case in ((204500000, 400000000), (61950000, 120000000), (386020000, 400000000), (3250000, 40000000), (-1, 20000), (1, 3))],
		[5113, 5163, 9651, 813, -1, 3333])


def test_suppression():
	w = world(threshold=5)
	count = lambda **base: {{"r": oracle.REGION, "a": A, "a1": A1, "a2": A2, "b": B}[unit]: number for unit, number in base.items()}
	hidden = lambda **base: oracle.suppressed(count(**base), w)
	same("small counts are suppressed", hidden(r=4, a=4, a1=4), {oracle.REGION, A, A1})
	same("with its complement", hidden(r=13, a=10, b=3), {A, B})
	same("a complement goes down", hidden(r=23, a=20, a1=12, a2=8, b=3), {A, B, A2})
	same("two suppressed need no complement", hidden(r=30, a=7, a1=4, a2=3, b=23), {A1, A2})
	same("the smallest published one, then the smaller code", hidden(r=15, a=12, a1=6, a2=6, b=3), {A, B, A1})
	same("an only child has no complement", hidden(r=15, a=15, a1=3), {A1})


def test_periods():
	same("ISO weeks", [oracle.period(D(day), "week")[0] for day in ("2024-12-29", "2024-12-30", "2027-01-03", "2027-01-04")], ["2024-W52", "2025-W01", "2026-W53", "2027-W01"])
	for day, grain, want in (("2024-02-29", "month", ("2024-02", "2024-02-01", "2024-02-29")), ("2024-12-31", "quarter", ("2024-Q4", "2024-10-01", "2024-12-31")), ("2024-07-01", "semester", ("2024-S2", "2024-07-01", "2024-12-31")),
			("2024-06-30", "semester", ("2024-S1", "2024-01-01", "2024-06-30")), ("2024-05-05", "year", ("2024", "2024-01-01", "2024-12-31"))):
		same(f"{grain} of {day}", oracle.period(D(day), grain), (want[0], D(want[1]), D(want[2])))


# --- the other families ---------------------------------------------------------------------------------------------------------


def make(name, time="2024-03-25T08:00:00+07:00", /, **data):
	"""An event of any family: the example of its type with some fields changed."""
	example = events.EXAMPLES[name]
	return dict(event("x", time), type=f"id.go.opd.{name}.v1", data=example | ({"unit": A} if "unit" in example else {}) | data)


def rows(tables, name):
	columns, _, listed = tables[name]
	return [dict(zip(columns, row)) for row in listed]


def only(name, *listed, **how):
	"""The one row of a table."""
	found = rows(fold(*listed, **how), name)
	return found[0] if len(found) == 1 else found


def values(tables, measure):
	"""[(unit, day, dimension, value)]"""
	return sorted((row[0], row[1].isoformat(), row[3], row[4]) for row in tables["measure_day"].rows if row[2] == measure)


def fraction(text):
	return oracle.Fraction(text)


def test_fields():
	for text, want in (("1", "1"), ("1e17", "1e17"), ("-1.5e0", "-1.5"), ("0.000001", "0.000001"), ("1000000e-12", "0.000001"), ("123456789012345000", "123456789012345000"), ("0e999999999999999999999999999999999", "0"),
			("-0", "0"), ("1e18", None), ("1e-7", None), ("1234567890123456", None), ("0.1234567", None), ("1e999999999999999999999999999999999", None), ("1e-999999999999999999999999999999999", None)):
		same(f"decimal {text}", oracle.decimal_of()(oracle.Number(text)), want and fraction(want))
	for text, want in (("1.50", "1.5"), ("-000000000000000001.000001", "-1.000001"), ("9" * 18 + ".999999", "9" * 18 + ".999999"), ("1e3", None), ("", None), (".5", None), ("1.", None), ("1.0000000", None), ("9" * 19, None), ("+1", None)):
		same(f"decimal {text!r}", oracle.decimal_of()(text), want and fraction(want))
	same("not below 0", [oracle.decimal_of(0)(text) for text in ("-0", "-0.000001")], [0, None])
	for text, want in (("2024", ("year", D("2024-01-01"), D("2024-12-31"))), ("2024-S2", ("semester", D("2024-07-01"), D("2024-12-31"))), ("1900-Q1", ("quarter", D("1900-01-01"), D("1900-03-31"))),
			("2199-12", ("month", D("2199-12-01"), D("2199-12-31")))):
		same(f"period {text}", oracle.reported_period(text), want)
	for name, data in events.bad_data():
		got = reason(make(name) | {"data": data})
		check(f"{name} {str(data)[:60]!r}", got and got[0] == "bad_field", got)
	for field, changes in (("target", {"target": None, "range_low": None}), ("range_high", {"range_low": None}), ("range_high", {"range_low": "9"}), ("target", {"target": None, "range_high": None, "revision": -1}),
			("range_low", {"range_low": "x", "target": None})):
		same(f"the fault of {changes}", reason(make("performance.reported", **changes)), ("bad_field", f"data.{field}: …"))
	for field, changes in (("answer", {"answer": None}), ("answer", {"numerator": 1}), ("answer", {"answer": None, "numerator": "x"}), ("numerator", {"answer": None, "numerator": "x", "denominator": 1})):
		same(f"the fault of {changes}", reason(make("assessment.answered", **changes)), ("bad_field", f"data.{field}: …"))
	records = [oracle.Record("t", 0, i, one.key, one.value, one.headers) for i, one in enumerate(events.edge_records())]
	same("what is just about good", oracle.compute(records, oracle.World(events.units(), [RULESET], events.calendar(), "Asia/Jakarta", D("2025-06-30"), 0))["reject"].rows, [])
	same("a value as text or number is one fact", len(fold(make("budget.reported", realised="1.50") | {"id": "x"}, make("budget.reported", realised=1.5) | {"id": "x"})["data_quality"].rows), 0)


def test_survey():
	sums = dict(zip(events.ELEMENTS, (105, 101, 100, 116, 102, 105, 106, 105, 115)))
	left, answered = dict(sums), []
	for i in range(29):
		answers = {name: min(4, left[name] - (28 - i)) for name in sums}
		left = {name: left[name] - answers[name] for name in sums}
		answered.append(make("survey.answered", response_id=f"r{i}", answers=answers | {"U10": 9}))
	tables = fold(*answered)
	same("29 respondents", [row[6:] for row in tables["indicator_value"].rows if row[:4] == (A, "survey.ikm", "year", "2024")], [(955, 261, fraction("91.48"), "value", "A")])
	same("their elements", values(tables, "survey.score"), sorted([(A, "2024-03-25", "instrument=skm", 955)] + [(A, "2024-03-25", "element=" + name, number) for name, number in sums.items()]))
	same("their number", figures(tables, "survey.respondents", "quarter", "2024-Q1"), (29, None, 2900, "value"))
	row = only("survey_response", make("survey.answered", "2024-03-25T00:00:00Z", channel=None), make("survey.answered", "2024-03-26T00:00:00Z", answers=dict.fromkeys(events.ELEMENTS, 2)))
	same("the later answer counts", (row["score_sum"], row["answer_count"], row["channel"], row["state"]), (18, 9, "c", "counted"))
	tables = fold(make("survey.withdrawn", "2024-01-01T00:00:00Z"), make("survey.answered"))
	same("withdrawn for good", (rows(tables, "survey_response")[0]["state"], tables["measure_day"].rows, tables["indicator_value"].rows), ("withdrawn", [], []))
	tables = fold(make("survey.withdrawn"))
	same("pending", (tables["survey_response"].rows, flags(tables)), ([("x-1",) + (None,) * 8 + ("pending",)], [("pending", None)]))
	few = [make("survey.answered", response_id=f"{i}") for i in range(4)]
	same("suppressed by the number of responses", figures(fold(*few, threshold=5), "survey.ikm", "year", "2024"), (None, None, None, "suppressed"))


def test_service():
	row = only("service_delivery", make("service.delivered", requested_at="2024-03-25T08:00:00+07:00"))
	same("promised 3 working days", row["due_on"], D("2024-03-28"))
	for completed, want in (("2024-03-28T23:59:59+07:00", (1, 1, 10000, "value")), ("2024-03-29T00:00:00+07:00", (0, 1, 0, "value")), ("2024-03-24T23:00:00+07:00", None)):
		tables = fold(make("service.delivered", completed_at=completed))
		same(f"completed {completed}", figures(tables, "service.on_time_pct", "month", "2024-03"), want)
	same("completed before requested", (flags(tables), len(values(tables, "service.delivered"))), ([("completed_before_requested", None)], 2))


def test_performance():
	def achieved(realised, cap=None, **fields):
		plain = {"range_low": None, "range_high": None, "target": None, "direction": "higher"}
		return only("performance_report", make("performance.reported", **plain | {"realised": realised} | fields), rulesets=[dict(RULESET, performance={"cap": cap})])["achievement_pct"]

	bounds = lambda low, high, direction="range": {"range_low": low, "range_high": high, "direction": direction}
	for what, got, want in (("93 of 95", achieved("93", target="95"), "97.894737"), ("70 in 80-90", achieved("70", **bounds("80", "90")), "87.5"), ("6.5 in 7-8, lower", achieved("6.5", **bounds("7", "8", "lower")), "107.142857"),
			("9 in 7-8", achieved("9", **bounds("7", "8")), "87.5"), ("7.5 in 7-8", achieved("7.5", **bounds("7", "8", "lower")), "100"), ("lower is better", achieved("5", target="4", direction="lower"), "75"),
			("0 of 0, lower", achieved("0", target="0", direction="lower"), "100"), ("not below 0", achieved("9", target="4", direction="lower"), "0"), ("negative", achieved("-1", target="4"), "0"),
			("capped", achieved("9", "120", target="4"), "120"), ("within the cap", achieved("1", "120", target="3"), "33.333333"), ("above, lower", achieved("9", **bounds("7", "8", "lower")), "87.5")):
		same(f"achievement: {what}", got, fraction(want))
	for what, got in (("0 of 0", achieved("0", target="0")), ("of a negative target", achieved("1", target="-1", direction="lower")), ("nothing reported", achieved(None, target="5")), ("5 above -1..0", achieved("5", **bounds("-1", "0")))):
		same(f"no achievement: {what}", got, None)
	one = {"range_low": None, "range_high": None, "direction": "higher", "target": "95", "realised": "93", "period": "2024-03"}
	other = {"indicator": "x-2", "range_low": "80", "range_high": "90", "target": None, "realised": "70", "period": "2024-03"}
	tables = fold(make("performance.reported", "2024-04-11T08:00:00+07:00", **one), make("performance.reported", "2024-04-10T23:59:59+07:00", **other), make("performance.reported", **one | {"period": "2024-Q1", "realised": "96"}))
	same("the mean of a month", [row[6:] for row in tables["indicator_value"].rows if row[:4] == (A, "performance.achievement_pct", "month", "2024-03")], [(fraction("185.394737"), 2, fraction("92.70"), "value", "very_high")])
	same("a quarter has its own", figures(tables, "performance.met_pct", "quarter", "2024-Q1"), (1, 1, 10000, "value"))
	same("a year has none", figures(tables, "performance.met_pct", "year", "2024"), None)
	same("one day late", (figures(tables, "performance.report_on_time_pct", "day", "2024-04-10"), figures(tables, "performance.report_on_time_pct", "day", "2024-04-15")), ((1, 2, 5000, "value"), (1, 1, 10000, "value")))
	late = make("performance.reported", "2024-04-11T08:00:00+07:00", **one | {"revision": 2})
	first = make("performance.reported", "2024-04-01T08:00:00+07:00", **one | {"realised": "90"})
	row = only("performance_report", late, first, make("performance.reported", "2024-01-01T00:00:00Z", **one | {"realised": None}))
	same("a revision stays on time", (row["submitted_at"], row["realised"]), (oracle.parse_time(first["time"]), 93))
	same("the year is due on 31 March", only("performance_report", make("performance.reported", period="2023"))["due_on"], D("2024-03-31"))
	tables = fold(make("performance.reported", **one | {"realised": None}), as_of="2024-04-10")
	same("not reported, not due", (figures(tables, "performance.achievement_pct", "month", "2024-03"), figures(tables, "performance.report_on_time_pct", "month", "2024-04")), ((0, 0, None, "no_denominator"), None))
	tables = fold(make("performance.reported", **one | {"realised": None}), as_of="2024-04-11")
	same("not reported when it was due", figures(tables, "performance.report_on_time_pct", "month", "2024-04"), (0, 1, 0, "value"))


def test_budget():
	line = lambda period, ceiling, realised, **more: make("budget.reported", period=period, ceiling=ceiling, realised=realised, **more)
	tables = fold(line("2024-02", "400000000", "100000000.50"), line("2024-05", 400000000, "204500000"), line("2024-01", "0", "0"), line("2023-12", "7", "7"))
	absorption = lambda grain, name: figures(tables, "budget.absorption_pct", grain, name)
	same("absorption", (absorption("month", "2024-05"), absorption("year", "2024"), absorption("quarter", "2024-Q1")), ((204500000, 400000000, 5113, "value"),) * 2 + ((fraction("100000000.5"), 400000000, 2500, "value"),))
	same("a month without a report, a zero ceiling, a year of its own", [absorption("month", f"{month}") for month in ("2024-03", "2024-01", "2023-12")], [None, (0, 0, None, "no_denominator"), (7, 7, 10000, "value")])
	same("the differences", [row[3] for row in values(tables, "budget.realised")], [7, fraction("100000000.5"), fraction("104499999.5")])
	tables = fold(line("2024-02", "10", "8"), line("2024-03", "5", "6"), line("2024-03", "5", "7", activity=None), line("2024-02", "5", "9") | {"data": events.EXAMPLES["budget.reported"] | {"unit": A, "period": "2024-02", "revision": 0}})
	same("flags of a budget", flags(tables), [("over_ceiling", None), ("over_ceiling", None), ("realised_decreased", None)])
	same("an empty activity is another line", figures(tables, "budget.absorption_pct", "month", "2024-03"), (13, 10, 13000, "value"))
	tables = fold(line("2024-02", "10", "8", program="p"), line("2024-11", "30", "9", program="p"), line("2024-04", "10", "4", program="p", activity="b"), line("2024-04", "0", "4", program="q"),
		make("performance.reported", indicator="p", period="2024", name="Program", target="95", realised="93", direction="higher", range_low=None, range_high=None), make("performance.reported", indicator="p", period="2024-Q1"),
		make("performance.reported", indicator="z", period="2023", name=None))
	same("the annex", sorted(tables["lkpj_annex"].rows), [(A, 2023, "z", None, 95, fraction("93.5"), 0, None, None, None), (A, 2024, "p", "Program", 95, 93, fraction("97.894737"), 40, 13, fraction("32.5")),
		(A, 2024, "q", None, None, None, None, 0, 4, None)])
	tables = fold(line("2024-04", "10", "5", unit=A1), line("2024-05", "10", "6", unit=A1))
	same("the successor has the difference only", values(tables, "budget.realised"), [(A2, "2024-04-30", "", 5), (A2, "2024-05-31", "", 1)])


def test_integrity():
	tables = fold(make("declaration.counted", year=2024), make("declaration.counted", year=2024, regime="pact", unit=A1, filed=60, obliged=80, on_time=None), make("declaration.counted", year=2024, regime="pact", obliged=0, filed=0, on_time=0, complete=0))
	same("declarations", (figures(tables, "integrity.lhkpn_pct", "year", "2024"), figures(tables, "integrity.pact_pct", "year", "2024", A), values(tables, "declaration.on_time")),
		((45, 50, 9000, "value"), (60, 80, 7500, "value"), [(A, "2024-12-31", "regime=lhkpn", 40)]))
	same("integrity pacts", sorted(tables["integrity_pact"].rows), [(A, 2024, 60, 80, 75), (A2, 2024, 60, 80, 75), (oracle.REGION, 2024, 60, 80, 75)])
	same("more filed than obliged", flags(fold(make("declaration.counted", complete=46))), [("filed_over_obliged", None)])
	issued = [make("finding.issued", finding_id=f"f{i}") for i in range(10)]
	done = [make("finding.updated", f"2024-06-0{i + 1}T08:00:00+07:00", finding_id=f"f{i}") for i in range(7)]
	tables = fold(*issued, *done)
	same("findings done", (figures(tables, "integrity.finding_done_pct", "month", "2024-06"), figures(tables, "integrity.finding_done_pct", "month", "2024-05"), figures(tables, "integrity.finding_done_pct", "month", "2024-04")),
		((7, 10, 7000, "value"), (0, 10, 0, "value"), None))
	t = "2024-06-0{}T08:00:00+07:00".format
	status = lambda *updates: [make("finding.updated", t(day), status=name) for day, name in updates]
	for updates, want in (([(1, "done"), (2, "in_progress"), (3, "done"), (4, "done")], ("done", 3)), ([(4, "done"), (1, "excused")], ("done", 4)), ([(1, "done"), (2, "excused")], ("excused", None)), ([], ("not_followed", None))):
		row = only("finding", make("finding.issued"), *status(*updates))
		same(f"status after {updates}", (row["status"], row["done_at"]), (want[0], want[1] and oracle.parse_time(t(want[1]))))
	same("a finding is due 60 days after", row["due_on"], D("2024-07-30"))
	tables = fold(*status((1, "done")))
	same("a pending finding", (tables["finding"].rows, flags(tables), tables["measure_day"].rows), ([("x-1", None, None, None, "pending", "done", None, oracle.parse_time(t(1)))], [("pending", None)], []))
	tables = fold(make("finding.issued", report_date="2024-06-05", unit=A1), *status((1, "done")))
	same("done before issued counts from the report on", (values(tables, "finding.done"), flags(tables)), ([(A2, "2024-06-05", "", 1)], [("done_before_issued", None)]))
	reported = lambda day, **more: make("gratification.reported", day + "T08:00:00+07:00", received_on="2024-02-01", report_id=day, **more)
	tables = fold(*map(reported, ("2024-03-20", "2024-03-21", "2024-03-22", "2024-01-31", "2024-02-01")))
	same("gratification", (rows(tables, "gratification")[0]["due_on"], figures(tables, "integrity.gratification_on_time_pct", "quarter", "2024-Q1"), flags(tables)), (D("2024-03-21"), (3, 4, 7500, "value"), [("reported_before_received", None)]))
	blown = lambda period, received, followed, **more: make("whistleblow.counted", period=period, received=received, followed_up=followed, proven=0, **more)
	tables = fold(blown("2024-01", 3, 2), blown("2024-02", 3, 1), blown("2024", 9, 9), blown("2024-Q1", 9, 9), blown("2023", 2, 2))
	share = lambda grain, name: figures(tables, "integrity.whistleblow_followed_pct", grain, name)
	same("whistle-blowing", [share(*of) for of in (("quarter", "2024-Q1"), ("year", "2024"), ("month", "2024-02"), ("month", "2023-12"), ("year", "2023"))],
		[(3, 6, 5000, "value"), (3, 6, 5000, "value"), (1, 3, 3333, "value"), None, (2, 2, 10000, "value")])
	same("longer periods are left out", flags(tables), [("overlapping_period", None)] * 2)
	same("more followed up than received", flags(fold(blown("2024", 1, 2))), [("followed_over_received", None)])
	counted = lambda year, violations, **more: make("discipline.counted", year=year, violations=violations, **more | {"sanctioned": 0})
	tables = fold(counted(2023, 4), counted(2024, 3), counted(2025, 5), counted(2020, 2), counted(2020, 9, unit=B))
	fewer = lambda year, unit=oracle.REGION: figures(tables, "integrity.violation_reduction_pct", "year", f"{year}", unit)
	same("fewer violations", [fewer(year) for year in (2024, 2025, 2023, 2021, 2020)], [(1, 4, 2500, "value"), (0, 3, 0, "value"), (0, 0, None, "no_denominator"), None, (0, 0, None, "no_denominator")])
	same("suppressed by last year's", figures(fold(counted(2023, 4), counted(2024, 30), threshold=5), "integrity.violation_reduction_pct", "year", "2024"), (None, None, None, "suppressed"))
	same("a conflict of revisions", flags(fold(counted(2023, 4), counted(2023, 5, revision=0), counted(2023, 4))), [])
	same("another conflict", flags(fold(counted(2023, 4), counted(2023, 5))), [("conflicting_revision", None)])


def answers(changes=(), **common):
	return [make("assessment.answered", **dict({"item": item, "year": 2024, "revision": 0}, **common) | ({"answer": None, "numerator": value[0], "denominator": value[1]} if isinstance(value, tuple) else {"answer": value})) for item, value in dict(changes).items()]


def components(*listed, **how):
	return {row["component"]: tuple(row[name] for name in ("score", "max_score", "percent")) for row in rows(fold(*listed, **how), "scorecard")}


def full():
	"""The best answer to every item."""
	card = oracle.Scorecard(next(card for card in RULESET["scorecards"] if card["id"] == "zi-2021"), RULESET)
	best = {"YT": "yes", "A3": "a", "A4": "a", "A5": "a", "RATIO": (1, 1), "SURVEY": (4, 4), "REDUCTION": (0, 5)}
	return {item: best[scale] for item, scale in card.scales.items()}


def test_scorecard():
	worksheet = {"P.AK.1.a": "a", "P.AK.1.b": "b"}
	leaf = lambda item_answers, name: components(*answers(item_answers))[name]
	same("{1, .5}, weight 2.5", leaf(worksheet, "ZI.A.AK.P.1"), (fraction("1.88"), fraction("2.5"), 75))
	same("{0, 1, 0, .67} of weight 1", leaf({"P.PP.1.a": "e", "P.PP.1.b": "a", "P.PP.1.c": "d", "P.PP.1.d": "yes"}, "ZI.A.PP.P.1"), (fraction("0.50"), 1, fraction("50.00")))
	ruleset = json.loads(json.dumps(RULESET))
	ruleset["scorecards"] = [{"id": "zi-2021", "areas": [{"code": "PP", "fulfilment": [{"sub": f"{i}", "weight": "1", "items": items} for i, items in enumerate((["A5", "A3"], ["YT", "YT", "YT"], ["A3", "A3", "A3"], ["YT", "YT", "YT", "A4"], ["YT"]), 1)]}]}]
	sheet = {"P.PP.1.a": "a", "P.PP.1.b": "b", "P.PP.2.a": "no", "P.PP.2.b": "no", "P.PP.2.c": "yes", "P.PP.3.a": "c", "P.PP.3.b": "c", "P.PP.3.c": "c", "P.PP.4.a": "no", "P.PP.4.b": "yes", "P.PP.4.c": "no", "P.PP.4.d": "b", "P.PP.5.a": "no"}
	got = components(*answers(sheet), rulesets=[ruleset])
	same("the published worksheet", [got[f"ZI.A.PP.P.{i}"] for i in range(1, 6)] + [got["ZI"]], [(fraction("0.75"), 1, 75), (fraction("0.33"), 1, fraction("33.33")), (0, 1, 0), (fraction("0.42"), 1, fraction("41.75")), (0, 1, 0),
		(fraction("1.50"), 5, fraction("30.02"))])
	whole = components(*answers(full()))
	same("the best of all", [whole[name] for name in ("ZI", "ZI.A", "ZI.B", "ZI.A.PW", "ZI.B.1", "ZI.A.PW.R.3a")], [(most, most, 100) for most in (100, 60, 40, 15, fraction("22.5"), 1)])
	same("an empty card has all rows", (len(components(*answers({"nothing": "a"}))), components(*answers({"nothing": "a"}))["ZI"]), (len(whole), (None, 100, None)))
	same("tpn beats tpi beats self, even without a value", [leaf_of[0] for leaf_of in (components(*answers({"R.MP.2.a": "a"}), *answers({"R.MP.2.a": "c"}, assessor="tpi"))["ZI.A.MP.R.2"],
		components(*answers({"R.MP.2.a": "a"}), *answers({"R.MP.2.a": "yes"}, assessor="tpn"), *answers({"R.MP.2.a": "b"}, assessor="tpi"))["ZI.A.MP.R.2"])], [fraction("0.5"), None])
	same("d = 0 is left out of the mean", leaf({"R.MP.1.a": (1, 0), "R.MP.1.b": (1, 2)}, "ZI.A.MP.R.1"), (1, 2, 50))
	for value, want in (((3, 4), "0.5"), ((0, 0), "2"), ((1, 0), "0"), ((9, 4), "0"), ((0, 4), "2")):
		same(f"reduction {value}", leaf({"R.SDM.3.a": value}, "ZI.A.SDM.R.3")[0], fraction(want))
	for flag, item, value, more in (("unknown_item", "P.MP.1.c", "yes", {}), ("unknown_item", "H.X", "a", {}), ("answer_not_in_scale", "P.MP.1.a", "a", {}), ("answer_not_in_scale", "R.MP.3.a", "e", {}), ("answer_not_in_scale", "P.MP.1.a", (1, 1), {}),
			("answer_not_in_scale", "H.SPAK", "yes", {}), ("unknown_ruleset", "P.MP.1.a", "a", {"ruleset": "zi-1999"})):
		same(f"{item} {value}: {flag}", flags(fold(*answers({item: value}, **more))), [(flag, None)])
	same("no flag", flags(fold(*answers({"R.MP.1.a": (1, 0), "G.lhkpn": "no", "G.wbk_before": "yes", "H.PERF": "e"}))), [])
	same("no scorecard of an unknown ruleset", fold(*answers({"P.MP.1.a": "yes"}, ruleset="x"))["scorecard"].rows, [])


def test_measured():
	before = {"R.SDM.3.a": (4, 4), "R.AK.1.a": (0, 1), "P.AK.2.e": "no", "R.PW.2.a": (0, 1), "R.PW.3a.a": (0, 1), "R.PW.3b.a": (0, 1), "P.PP.4.a": "e", "H.SPAK": (0, 4), "H.SPKP": (1, 4)}
	plain = {"range_low": None, "range_high": None, "direction": "higher", "target": "4", "period": "2024"}
	case = lambda number, *resolved: [received(complaint_id=number)] + [event("resolved", day, complaint_id=number) for day in resolved]
	cases = (
		("R.SDM.3.a", "ZI.A.SDM.R.3", "0.5", [make("discipline.counted", year=2023, violations=4), make("discipline.counted", year=2024, violations=3)]),
		("R.SDM.3.a", "ZI.A.SDM.R.3", "2", [make("discipline.counted", year=2023, violations=0), make("discipline.counted", year=2024, violations=0)]),
		("R.SDM.3.a", "ZI.A.SDM.R.3", None, [make("discipline.counted", year=2024, violations=3)]),
		("R.AK.1.a", "ZI.A.AK.R.1", "1", [make("performance.reported", **plain | {"realised": "4"}), make("performance.reported", **plain | {"realised": "3", "indicator": "x-2"})]),
		("R.AK.1.a", "ZI.A.AK.R.1", None, [make("performance.reported", **plain | {"realised": "4", "period": "2024-Q1"})]),
		("R.PW.2.a", "ZI.A.PW.R.2", "1.5", case("1", "2024-07-01T00:00:00Z") + case("2")),
		("R.PW.2.a", "ZI.A.PW.R.2", None, [received("2024-12-25T00:00:00Z")]),
		("R.PW.3a.a", "ZI.A.PW.R.3a", "0.9", [make("declaration.counted", year=2024)]),
		("R.PW.3b.a", "ZI.A.PW.R.3b", "1", [make("declaration.counted", year=2024, regime="lhkasn", filed=60, unit=A1)]),
		("R.PW.3b.a", "ZI.A.PW.R.3b", None, [make("declaration.counted", year=2024, regime="lhkasn", obliged=0, filed=0, on_time=0, complete=0)]),
		("P.PP.4.a", "ZI.A.PP.P.4", "0.5", [make("survey.answered", f"2024-{month:02}-01T00:00:00Z", response_id=f"{month}") for month in (1, 2, 9)]),
		("H.SPAK", "ZI.B.1.SPAK", "13.13", [make("survey.answered", instrument="spak", answers={"a": 4, "b": 2})]),
		("H.SPKP", "ZI.B.2.SPKP", "17.5", [make("survey.answered", instrument="spkp", answers={"a": 4})]),
		("P.AK.2.e", "ZI.A.AK.P.2", "2.5", [make("performance.reported", "2024-04-01T00:00:00Z", **plain | {"realised": "4", "period": "2024-Q1"})]),
		("P.AK.2.e", "ZI.A.AK.P.2", "0", [make("performance.reported", "2024-04-01T00:00:00Z", **plain | {"realised": "4", "period": "2024-Q1"}), make("performance.reported", **plain | {"realised": None, "period": "2024-Q2"})]),
	)
	for item, component, want, listed in cases:
		asked = answers({item: before[item]})
		same(f"measured {item} of {len(listed)} events", components(*asked, *listed)[component][0], components(*asked)[component][0] if want is None else fraction(want))
	late = case("1") + answers({"R.PW.2.a": (1, 1)})
	same("measured as of a day", [components(*late, as_of=day)["ZI.A.PW.R.2"][0] for day in ("2024-04-23", "2024-04-24")], [3, 0])
	same("units below count, others do not", [components(*answers({"H.SPKP": (1, 4)}), make("survey.answered", instrument="spkp", answers={"a": 4}, unit=unit))["ZI.B.2"][0] for unit in (A1, B)], [fraction("17.5"), fraction("4.38")])


def test_predicates():
	row = lambda listed, code, **how: next((row["meets_score"], row["failing_rules"], row["meets_conditions"], row["failing_gates"]) for row in rows(fold(*listed, **how), "predicate") if row["predicate"] == code)
	same("the best of all", [row(answers(full()), code) for code in ("WBK", "WBBM")], [(True, [], True, [])] * 2)
	tables = fold(*answers({"P.MP.1.a": "yes"}))
	rules = ["total", "enablers", "area.MP", "area.TT", "area.SDM", "area.AK", "area.PW", "area.PP", "b1", "b1.spak", "b1.performance", "b2"]
	gates = list(oracle.GATES)
	same("nearly nothing", row(answers({"P.MP.1.a": "yes"}), "WBBM"), (False, rules, False, gates + ["wbk_before"]))
	gaps = {(gap["predicate"], gap["rule"]): (gap["required"], gap["actual"], gap["missing"]) for gap in rows(tables, "predicate_gap")}
	same("what is missing", [gaps[of] for of in (("WBK", "total"), ("WBBM", "area.TT"), ("WBK", "area.MP"), ("WBBM", "b1.spak"))],
		[(75, fraction("0.5"), fraction("74.5")), (fraction("5.25"), 0, fraction("5.25")), (fraction("4.8"), fraction("0.5"), fraction("4.3")), (fraction("15.75"), 0, fraction("15.75"))])
	same("a gap for each failing rule", len(gaps), 24)
	almost = full() | {"H.PERF": "c", "G.akip": "no", "G.lhkpn": "no"}
	same("performance of half its weight is enough for WBK", [row(answers(almost), code)[:2] for code in ("WBK", "WBBM")], [(True, []), (False, ["b1.performance"])])
	same("conditions", row(answers(almost), "WBK")[2:], (False, ["lhkpn", "akip"]))
	same("measured conditions", row(answers(almost) + [make("declaration.counted", year=2024, filed=50), make("declaration.counted", year=2024, regime="lhkasn", filed=49)], "WBK")[3], ["lhkasn", "akip"])
	ruleset = json.loads(json.dumps(RULESET))
	next(card for card in ruleset["scorecards"] if card["id"] == "zi-2021")["predicates"][0]["gates"] = ["spip", "lhkpn"]
	same("conditions as listed", row(answers({"G.spip": "yes"}), "WBK", rulesets=[ruleset])[2:], (False, ["lhkpn"]))


def test_evaluation():
	ruleset = dict(RULESET, bands={"akip": [{"band": "BB", "min": "70", "inclusive": False}, {"band": "B", "min": "60", "inclusive": False}, {"band": "D"}]}, scorecards=[{"id": "akip-2021", "code": "AKIP", "bands": "akip",
		"components": [{"code": "PLAN", "parts": [{"code": "EXISTENCE", "weight": "30"}, {"code": "USE", "weight": "70"}]}]}])
	asked = lambda *use: fold(*answers({"PLAN.EXISTENCE": (0, 100), "PLAN.USE": use}, ruleset="akip-2021"), rulesets=[ruleset])
	for use, score, band in (((1, 1), "70", "B"), ((7, 7), "70", "B"), ((1, 2), "35", "D"), ((901, 1000), "63.07", "B")):
		tables = asked(*use)
		same(f"AKIP of {use}", tables["evaluation"].rows, [(A, 2024, "akip-2021", "AKIP", fraction(score), 100, band)])
	same("its components", sorted(row["component"] for row in rows(tables, "scorecard")), ["AKIP", "AKIP.PLAN", "AKIP.PLAN.EXISTENCE", "AKIP.PLAN.USE"])
	same("bounds that are not included", [oracle.band_of(oracle.Fraction(value), ruleset["bands"]["akip"]) for value in ("70.01", "70", "60")], ["BB", "B", "D"])
	first, second = dict(ruleset, valid_to="2024-12-30"), dict(ruleset, valid_from="2024-12-31", scorecards=json.loads(json.dumps(ruleset["scorecards"]).replace('"70"', '"20"')))
	same("the file valid at the end of the year, else the first", [components(*answers({"PLAN.USE": (1, 1)}, ruleset="akip-2021", year=year), rulesets=[first, dict(second, valid_to="2025-12-30")])["AKIP"][1] for year in (2023, 2024, 2025)],
		[100, 50, 100])


def test_rulesets():
	"""Which ruleset counts is a matter of the period's last day."""
	first, second = json.loads(json.dumps([RULESET, RULESET]))
	first.update(valid_to="2024-03-31")
	second.update(valid_from="2024-04-01", bands=dict(RULESET["bands"], ikm=[{"band": "all"}]), performance={"cap": "50"})
	for indicator in second["indicators"]:
		indicator["scale"] = "1" if indicator["code"] == "survey.ikm" else indicator["scale"]
	tables = fold(make("survey.answered"), rulesets=[first, second])
	same("bands and scales of two eras", [row[8:] for grain, name in (("day", "2024-03-25"), ("quarter", "2024-Q1"), ("year", "2024")) for row in tables["indicator_value"].rows if row[:4] == (A, "survey.ikm", grain, name)],
		[(100, "value", "A"), (100, "value", "A"), (4, "value", "all")])
	plain = {"range_low": None, "range_high": None, "direction": "higher", "target": "4", "realised": "4"}
	same("the cap of the last day", [only("performance_report", make("performance.reported", **plain | {"period": period}), rulesets=[first, second])["achievement_pct"] for period in ("2024-Q1", "2024-S1")], [100, 50])


if __name__ == "__main__":
	for test in (test_working_days, test_times, test_json, test_rejects, test_complaint, test_measures, test_indicators, test_suppression, test_periods, test_fields, test_survey, test_service, test_performance, test_budget,
			test_integrity, test_scorecard, test_measured, test_predicates, test_evaluation, test_rulesets):
		test()
	finish()
