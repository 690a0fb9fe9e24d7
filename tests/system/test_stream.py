#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""A mixed stream through eight partitions, wrong and missing keys among them: every table equals the oracle's, under several settings."""
import datetime
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


def eras():
	"""Rulesets of two eras with a gap between: clocks that start otherwise, calendar days, due on the very day, other grains, unsuppressed figures."""
	base = json.loads(harness.RULESET.read_text(encoding="utf-8"))
	first, second = json.loads(json.dumps([base, base]))
	first.update(id="contoh-1", valid_to="2024-06-30")
	first["deadlines"].update(sla_start="verified", response={"days": 7, "kind": "calendar"})
	second.update(id="contoh-2", valid_from="2024-08-01")
	second["deadlines"].update(sla_start="forwarded", response={"days": 0, "kind": "working"})
	second["deadlines"]["resolution"].update(complaint={"days": 30, "kind": "calendar"}, aspiration={"days": 0, "kind": "calendar"}, information_request={"days": 1, "kind": "working"})
	for indicator in second["indicators"]:
		if indicator["code"].startswith("complaint."):
			indicator["suppress"] = not indicator["code"].endswith("_pct")
			if indicator["code"] == "complaint.rating":
				indicator.update(scale="25", grains=["month", "year"])
	return [first, second]


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
	daemon.compare(what="batches of one event")


def main():
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=8)
	records = events.stream(seed=20240325, complaints=700, bad=0.06, partitions=8)
	default = harness.Daemon(fixtures, topic)
	half = len(records) // 2
	topic.produce(records[:half] + many_facts()[:2000])
	default.drain()
	default.compare(what="half of the stream")
	topic.produce(records[half:] + many_facts()[2000:] + events.shuffled(records, 1)[:1000])
	default.drain()
	all_records = topic.records()
	default.compare(default.expected(all_records), "the whole stream")

	for what, settings in (("without suppression", {"threshold": 0}),
			("rulesets of two eras, a zone with summer time", {"rulesets": eras(), "zone": "Pacific/Auckland", "as_of": datetime.date(2024, 12, 31), "threshold": 3, "batch_events": 100})):
		daemon = harness.Daemon(fixtures, topic, **settings)
		daemon.drain()
		daemon.compare(daemon.expected(all_records), what)
	small_batches(fixtures)
	finish()


if __name__ == "__main__":
	main()
