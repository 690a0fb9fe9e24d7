#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""The unit register: events of unknown units wait for `rekapd units`, and its changes restate the past."""
import datetime

from checks import check, finish
import events
import harness


def after_replay(first, second):
	"""The rejects of the first register once the second is loaded: those that pass now are replayed."""
	still = {row[:3] for row in second.rows}
	return first._replace(rows=[row if row[:3] in still else row[:-1] + ("replayed",) for row in first.rows])


def test_waiting(fixtures, topic, full, missing):
	"""All is rejected first, then replayed."""
	daemon = harness.Daemon(fixtures, topic, units=[row for row in full if row["unit_code"] not in missing])
	daemon.drain()
	records = topic.records()
	first = daemon.expected(records)
	daemon.compare(first, "units missing")
	check("some events wait for their unit", any(row[3] == "unknown_unit" and row[4] in missing for row in first["reject"].rows))
	daemon.load_units(full)
	second = daemon.expected(records)
	second["reject"] = after_replay(first["reject"], second["reject"])
	daemon.compare(second, "units added")
	daemon.load_units(full)
	daemon.compare(second, "the same register again")

	date = datetime.date.fromisoformat
	changed = [dict(row) for row in full]
	by_code = {row["unit_code"]: row for row in changed}
	by_code[events.unit_code(3)].update(valid_to=date("2024-05-31"), successor_code=events.unit_code(4))
	by_code[events.unit_code(9)].update(valid_to=date("2024-03-15"))
	by_code[events.unit_code(8)].update(valid_to=None, successor_code=None)
	by_code[events.unit_code(5, 1)].update(parent_code=events.unit_code(6, 2))
	by_code[events.unit_code(2)].update(valid_from=date("2024-01-01"), name="Contoh, renamed")
	daemon.load_units(changed)
	third = daemon.expected(records)
	third["reject"] = second["reject"]
	daemon.compare(third, "units ended, revived and moved")


def test_while_running(fixtures, topic, full, missing, records):
	"""The register changes under running daemons."""
	first_units = [row for row in full if row["unit_code"] not in missing]
	daemon = harness.Daemon(fixtures, topic, units=first_units, batch_events=100)
	running = [daemon.start(), daemon.start()]
	producing = harness.Producing(topic, records, seconds=6)
	harness.wait_until("progress", lambda: sum(daemon.progress().values()) > 1000)
	daemon.load_units(full)
	producing.finish()
	harness.wait_until("the end of the topic", daemon.is_drained)
	for process in running:
		check("the daemon goes on", process.poll() is None, daemon.log_tail())
		daemon.stop(process)
	# Who was faster is not known: a record may have waited or not.
	second = daemon.expected()
	rejects = second.pop("reject")
	daemon.compare(second, "units added meanwhile")
	rows = daemon.table("reject", rejects.columns)
	found = harness.differences(rejects, [row for row in rows if row[-1] == "open"])
	check("units added meanwhile: nothing waits any more", not found, found[:3])
	check("units added meanwhile: what was replayed had waited", all(row[3] == "unknown_unit" and row[4] in missing for row in rows if row[-1] == "replayed"))


def main():
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=4)
	full = events.units()
	below = {row["unit_code"] for row in full if row["parent_code"] == events.unit_code(7)}
	missing = {events.unit_code(7), events.unit_code(13)} | below | {row["unit_code"] for row in full if row["parent_code"] in below}
	topic.produce(events.stream(seed=7, complaints=250))
	test_waiting(fixtures, topic, full, missing)
	test_while_running(fixtures, topic, full, missing, events.stream(seed=8, complaints=200))
	finish()


if __name__ == "__main__":
	main()
