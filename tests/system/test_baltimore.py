#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Real service requests of a city as complaints: received and resolved per agency are what others counted in the same data."""
import csv
import datetime
import zoneinfo

from checks import check, finish, same, skip
import events
import harness

ZONE = zoneinfo.ZoneInfo("America/New_York")
EPOCH = events.EPOCH


def instant(text):
	local = datetime.datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=ZONE)
	return (local - EPOCH) // datetime.timedelta(microseconds=1)


def main():
	source, counted = harness.DATA / "baltimore311.csv", harness.DATA / "baltimore311_expected_per_agency.csv"
	if not source.is_file() or not counted.is_file():
		skip("the Baltimore service requests are not there (../shared/data)")
	with open(source, newline="", encoding="utf-8") as file:
		requests = list(csv.DictReader(file))
	with open(counted, newline="", encoding="utf-8") as file:
		agencies = {row["agency"]: row for row in csv.DictReader(file)}
	codes = {agency: events.unit_code(number) for number, agency in enumerate(sorted(agencies), 20)}
	register = [{"unit_code": code, "name": f"Sample: {agency}", "kind": "agency"} | dict.fromkeys(("parent_code", "valid_from", "valid_to", "successor_code")) for agency, code in codes.items()]
	# A calendar of sorts: enough that the years have one.
	holidays = [(datetime.date(year, month, day), "national") for year in range(2014, 2021) for month, day in ((1, 1), (7, 4), (12, 25))]

	records = []
	for request in requests:
		data = {"complaint_id": request["SRRecordID"]}
		received = dict(data, unit=codes[request["Agency"]], channel=request["MethodReceived"].lower(), category=request["SRType"], **{"class": "complaint"})
		records.append(events.record(events.Fact("received", instant(request["CreatedDate"]), request["ServiceRequestNum"], "/sample/311", received)))
		if request["CloseDate"]:
			records.append(events.record(events.Fact("resolved", instant(request["CloseDate"]), request["ServiceRequestNum"], "/sample/311", data)))
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=4)
	topic.produce(events.shuffled(records, 311))
	daemon = harness.Daemon(fixtures, topic, units=register, calendar=holidays, zone="America/New_York", as_of=datetime.date(2019, 6, 30), threshold=0)
	daemon.drain()

	with fixtures.connect(daemon.name) as connection:
		figures = {row[:2]: row[2] for row in connection.execute("SELECT unit_code, measure, sum(value) FROM rekap.measure_day WHERE dimension = '' GROUP BY unit_code, measure")}
		yearly = {row[:2]: row[2] for row in connection.execute("SELECT unit_code, indicator, sum(value) FROM rekap.indicator_value WHERE grain = 'year' GROUP BY unit_code, indicator")}
		open_at_end = dict(connection.execute("SELECT unit_code, value FROM rekap.indicator_value WHERE indicator = 'complaint.open' AND grain = 'day' AND period = '2019-06-30'"))
	for agency, row in agencies.items():
		code = codes[agency]
		got = [source.get((code, "complaint." + name), 0) for source in (figures, yearly) for name in ("received", "resolved")]
		same(f"{agency}: received and resolved, in the roll-up and as indicators", got, [int(row["n"]), int(row["closed"])] * 2)
		same(f"{agency}: open at the end", open_at_end.get(code, 0), int(row["open"]))
	check("the region", yearly["region", "complaint.received"] == len(requests))
	daemon.compare()
	finish()


if __name__ == "__main__":
	main()
