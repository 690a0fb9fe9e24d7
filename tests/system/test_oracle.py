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
	return next((row[6:10] for row in tables["indicator_value"].rows if row[:4] == (unit, indicator, grain, name)), None)


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
	same("rounded half away from zero", [oracle.rounded(*case) for case in ((204500000, 400000000, 100), (61950000, 120000000, 100), (386020000, 400000000, 100), (3250000, 40000000, 100), (-1, 200, 1), (1, 3, 100))],
		[5113, 5163, 9651, 813, -1, 3333])


def test_suppression():
	w = world(threshold=5)
	count = lambda **base: {{"r": oracle.REGION, "a": A, "a1": A1, "a2": A2, "b": B}[unit]: (number, None) for unit, number in base.items()}
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


if __name__ == "__main__":
	for test in (test_working_days, test_times, test_json, test_rejects, test_complaint, test_measures, test_indicators, test_suppression, test_periods):
		test()
	finish()
