#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""A mixed stream through eight partitions, wrong and missing keys among them: every table equals the oracle's, under several settings."""
import datetime
import decimal
import json

from checks import check, finish
import events
import harness


def many_facts():
	"""More facts of one complaint than it may hold, in one partition: there the order is known."""
	begin = events.us("2024-05-06T00:00:00")
	data = {"complaint_id": "many-facts"}
	facts = [events.Fact("received", begin, "many", "/contoh", dict(data, unit=events.unit_code(2), channel="web", **{"class": "complaint"}))]
	facts += [events.Fact("reopened", begin + i * events.SECOND, f"many-{i}", "/contoh", data) for i in range(4100)]
	facts += [events.Fact("reopened", begin + i * events.SECOND, "again", "/contoh", data) for i in (0, 4000, 4099)]
	facts += [events.Fact("resolved", begin + 4096 * events.SECOND, "many-resolved", "/contoh", data)]
	return [events.record(fact, partition=3) for fact in facts]


def many_updates():
	"""The same of a finding that is done again and again."""
	begin = events.us("2024-05-06T00:00:00")
	facts = [events.Fact("finding.issued", begin, "many", "/contoh", {"finding_id": "many-facts", "unit": events.unit_code(2), "source": "bpk", "report_date": "2024-05-01"})]
	facts += [events.Fact("finding.updated", begin + i * events.SECOND, f"many-{i}", "/contoh", {"finding_id": "many-facts", "status": "done"}) for i in range(4100)]
	facts += [events.Fact("finding.updated", begin + 50 * events.SECOND, "z", "/contoh", {"finding_id": "many-facts", "status": "in_progress"})]
	return [events.record(fact, partition=5) for fact in facts]


def base_ruleset():
	return json.loads(harness.RULESET.read_text(encoding="utf-8"))


def eras():
	"""Rulesets of two eras with a gap between, and an end: clocks that start otherwise, calendar days, due on the very day, caps, bands, other grains, unsuppressed figures, other weights."""
	first, second = base_ruleset(), base_ruleset()
	first.update(id="contoh-1", valid_to="2024-06-30", performance={"cap": "120"})
	first["deadlines"].update(sla_start="verified", response={"days": 7, "kind": "calendar"}, gratification={"days": 10, "kind": "calendar"}, finding={"days": 20, "kind": "working"})
	second.update(id="contoh-2", valid_from="2024-08-01", valid_to="2026-06-30", performance={"cap": "100"})
	second["deadlines"].update(sla_start="forwarded", response={"days": 0, "kind": "working"}, gratification={"days": 0, "kind": "working"})
	second["deadlines"]["resolution"].update(complaint={"days": 30, "kind": "calendar"}, aspiration={"days": 0, "kind": "calendar"}, information_request={"days": 1, "kind": "working"})
	second["deadlines"]["performance_report"].update(month={"days": 5, "kind": "working"}, quarter={"date": "02-28"}, year={"days": 40, "kind": "calendar"})
	second["bands"].update(ikm=[{"band": "1", "min": "95.5", "inclusive": False}, {"band": "2", "min": "75", "inclusive": True}, {"band": "3", "min": "75", "inclusive": True}],
		achievement=[{"band": "met", "min": "100", "inclusive": True}, {"band": "not_met"}])
	for indicator in second["indicators"]:
		family, name = indicator["code"].split(".")
		if family == "complaint":
			indicator["suppress"] = not name.endswith("_pct")
		if indicator["code"] in ("complaint.rating", "survey.spak"):
			indicator.update(scale="12.5", grains=["month", "year"])
		if family in ("performance", "budget"):
			indicator.update(suppress=name != "met_pct", grains=["quarter", "year"])
		if name in ("pact_pct", "finding_done_pct"):
			indicator["suppress"] = True
	second["scorecards"] = [card for card in second["scorecards"] if card["id"] == "zi-2021"] # evaluations stay with the bands that judge them
	reweigh(second["scorecards"][0])
	bands = second.pop("bands")
	return [first, second, {"id": "contoh-bands-1", "valid_from": "2024-08-01", "valid_to": "2025-03-31", "bands": bands},
		{"id": "contoh-bands-2", "valid_from": "2025-04-01", "bands": dict(bands, ikm=[{"band": "good", "min": "60"}, {"band": "bad"}])}]


def reweigh(card):
	"""Weights that do not end after two decimals' worth of a mean, fewer measured items, other bounds and conditions."""
	card["zero_violations"] = "0.5"
	for area in card["areas"]:
		for leaf in area["fulfilment"] + area["reform"]:
			leaf["weight"] = str(decimal.Decimal(leaf["weight"]) * decimal.Decimal("1.25"))
	card["measured"] = {item: name for item, name in card["measured"].items() if name not in ("met", "spak")}
	for predicate in card["predicates"]:
		predicate["rules"].update(total="40", enablers="20.5", area_pct="33.3", b1="2")
		predicate["gates"] = ["spip", "lhkasn", "spak"] # the last is no measured one, whatever its name


def other_calendar(days):
	"""Days added, of both types, and others taken away."""
	date = datetime.date.fromisoformat
	kept = [(day, kind) for day, kind in days if not (day.year == 2024 and day.month == 4)]
	return kept + [(date(day), kind) for day, kind in (("2023-06-16", "national"), ("2024-03-26", "collective_leave"), ("2024-10-10", "national"), ("2025-02-03", "national"), ("2027-01-01", "national"))]


def change_in_the_middle(fixtures):
	"""Half of the stream, then other rulesets and another calendar, then the rest: as if they had been there from the start."""
	topic = harness.Topic(fixtures, partitions=8)
	records = events.stream(seed=20250401, complaints=150, others=250, partitions=8)
	half = len(records) // 2
	daemon = harness.Daemon(fixtures, topic)
	topic.produce(records[:half])
	daemon.drain()
	daemon.reconfigure(other_calendar(daemon.calendar), eras())
	topic.produce(records[half:])
	daemon.drain()
	expected = daemon.expected()
	daemon.compare(expected, "rulesets and calendar changed in the middle")
	fresh = harness.Daemon(fixtures, topic, calendar=daemon.calendar, rulesets=daemon.rulesets)
	fresh.drain()
	fresh.compare(expected, "the final files from the start")


def small_batches(fixtures):
	"""Records that arrive all at once while the daemon is idle, and fill many batches."""
	topic = harness.Topic(fixtures, partitions=8)
	daemon = harness.Daemon(fixtures, topic, batch_events=1)
	topic.produce(events.stream(seed=1, complaints=10))
	process = daemon.start()
	harness.wait_until("the first records", daemon.is_drained)
	topic.produce(events.stream(seed=2, complaints=40))
	try:
		harness.wait_until("the end of the topic", daemon.is_drained, 60)
	except TimeoutError as late:
		check("batches of one event do not stall", False, f"{late}: {daemon.progress()} of {topic.ends()}")
		process.kill()
		return
	daemon.stop(process)
	daemon.compare_quickly(what="batches of one event")


def two_topics(fixtures):
	"""The same facts in another topic too, in another order: they count once, and each record that is bad is rejected in both."""
	first, second = harness.Topic(fixtures, partitions=3), harness.Topic(fixtures, partitions=5)
	records = events.stream(seed=77, complaints=40, others=120)
	first.produce(records)
	second.produce(events.shuffled(records, 2)[:len(records) * 2 // 3])
	daemon = harness.Daemon(fixtures, first, topics=f"{first.name},{second.name}")
	daemon.drain()
	expected = daemon.expected(first.records() + second.records())
	alone = daemon.expected()
	check("the other topic adds nothing but rejects", all(sorted(map(repr, expected[name].rows)) == sorted(map(repr, alone[name].rows)) for name in expected if name != "reject")
		and len(expected["reject"].rows) > len(alone["reject"].rows))
	daemon.compare_quickly(expected, "two topics")


def main():
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=8)
	records = events.stream(seed=20240325, complaints=700, bad=0.06, partitions=8)
	records += events.shuffled([events.record(fact) for fact in events.corner_facts()], 3)
	default = harness.Daemon(fixtures, topic)
	half = len(records) // 2
	topic.produce(records[:half] + many_facts()[:2000] + many_updates()[:3000])
	default.drain()
	default.compare_quickly(what="half of the stream")
	topic.produce(records[half:] + many_facts()[2000:] + many_updates()[3000:] + events.shuffled(records, 1)[:1000])
	default.drain()
	all_records = topic.records()
	default.compare(default.expected(all_records), "the whole stream")

	for what, settings in (("without suppression", {"threshold": 0}),
			("rulesets of two eras, a zone with summer time", {"rulesets": eras(), "zone": "Pacific/Auckland", "as_of": datetime.date(2024, 12, 31), "threshold": 3, "batch_events": 100})):
		daemon = harness.Daemon(fixtures, topic, **settings)
		daemon.drain()
		daemon.compare(daemon.expected(all_records), what)
	change_in_the_middle(fixtures)
	two_topics(fixtures)
	small_batches(fixtures)
	finish()


if __name__ == "__main__":
	main()
