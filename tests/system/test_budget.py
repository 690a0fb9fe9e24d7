#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""A city's real budget of a year, line by line: the absorption that rekapd finds is the percentage that the city published.

The file has 1326 lines. Of 1213 of them the published percentage is reproduced to its last digit. For the other 113, of which nothing was spent, the city
prints `-` instead of a percentage; here they are 0.00.
"""
import collections
import csv
import decimal

from checks import check, finish, same, skip
import events
import harness


def lines_of(source):
	"""The file's lines, each as a unit of its own below its agency: so each has an absorption of its own."""
	with open(source, newline="", encoding="utf-8") as file:
		lines = list(csv.DictReader(file))
	agencies, below = {}, collections.Counter()
	for line in lines:
		number = agencies.setdefault(line["skpd"], len(agencies) + 1)
		below[number] += 1
		line["agency"], line["unit"] = events.unit_code(number), events.unit_code(number, below[number])
	return lines


def main():
	source = harness.DATA / "bandung_budget_2016.csv"
	if not source.is_file():
		skip("the budget of Bandung is not there (../shared/data)")
	lines = lines_of(source)
	nothing = dict.fromkeys(("parent_code", "valid_from", "valid_to", "successor_code"))
	register = [{"unit_code": code, "name": "Sample: an agency", "kind": "agency"} | nothing for code in dict.fromkeys(line["agency"] for line in lines)]
	register += [{"unit_code": line["unit"], "name": "Sample: a line", "kind": "line"} | nothing | {"parent_code": line["agency"]} for line in lines]
	time = events.us("2017-01-10T09:00:00")
	records = []
	for number, line in enumerate(lines):
		data = {"unit": line["unit"], "program": line["program"], "activity": line["kegiatan"], "period": line["tahun"] + "-12", "ceiling": line["anggaran"], "realised": int(line["realisasi"]), "revision": 1}
		records.append(events.record(events.Fact("budget.reported", time, f"line-{number}", "/sample/budget", data)))
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=4)
	topic.produce(events.shuffled(records, 2016))
	daemon = harness.Daemon(fixtures, topic, units=register)
	daemon.drain()

	with fixtures.connect(daemon.name) as connection:
		rows = connection.execute("SELECT unit_code, numerator, denominator, value FROM rekap.indicator_value WHERE indicator = 'budget.absorption_pct' AND period = '2016'").fetchall()
		annex = dict(connection.execute("SELECT unit_code, absorption_pct FROM rekap.lkpj_annex WHERE year = 2016").fetchall())
	figures = {row[0]: row[1:] for row in rows}
	printed = [line for line in lines if line["persentase_published"] != "-"]
	equal = [line for line in printed if figures[line["unit"]][2] == annex[line["unit"]] == decimal.Decimal(line["persentase_published"])]
	same("lines whose published percentage is reproduced", len(equal), 1213)
	same("lines with a published percentage", len(printed), 1213)
	unprinted = [line for line in lines if line["persentase_published"] == "-"]
	same("lines without: nothing was spent", sum(line["realisasi"] == "0" and figures[line["unit"]][2] == annex[line["unit"]] == 0 for line in unprinted), 113)
	totals = collections.defaultdict(lambda: [0, 0])
	for line in lines:
		for unit in (line["agency"], "region"):
			totals[unit][0] += int(line["realisasi"])
			totals[unit][1] += int(line["anggaran"])
	check("the agencies and the region are the sums of their lines", all(list(figures[unit][:2]) == sums for unit, sums in totals.items()) and len(totals) == 71)
	daemon.compare()
	finish()


if __name__ == "__main__":
	main()
