#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""schemas/quickstart as upstream teams run it: the commands of its README, twice; then its SQL and what it says to send after a mistake."""
import collections
import datetime
import decimal
import json
import os
import pathlib
import re
import shlex
import subprocess

import confluent_kafka
import confluent_kafka.admin

from checks import check, finish, same
from events import Sent
import harness

README = (harness.ROOT / "schemas" / "quickstart" / "README.md").read_text(encoding="utf-8")
TOPICS = ("opd.complaint", "opd.survey", "opd.budget")
UNIT, OTHER_UNIT = "1.02.0.00.0.00.01.0000", "1.02.0.00.0.00.01.0013"  # those of the examples
UNITS = [dict(unit_code=code, name="Contoh", kind="sample", parent_code=None, valid_from=None, valid_to=None, successor_code=None) for code in (UNIT, OTHER_UNIT)]
BUDGET_KEY = f"{UNIT}\x1f1.02.02\x1f\x1f2024"
KEYS = {"opd.complaint": {"contoh-python-0001": 1, "contoh-java-0001": 1, "contoh-2024-000123": 10}, "opd.survey": {"contoh-java-r-0001": 1}, "opd.budget": {BUDGET_KEY: 1}}
COMMANDS = ("publish.py", "Publish.java", "publish.sh")

COMPLAINTS = "SELECT complaint_id, state, unit_code, class, channel, received_at, reopened_count, rating FROM rekap.complaint ORDER BY complaint_id"
SURVEYS = "SELECT response_id, state, unit_code, instrument, answers, answered_at, score_sum, answer_count FROM rekap.survey_response"
BUDGETS = "SELECT unit_code, program, activity, period, ceiling, realised, revision FROM rekap.budget_report"


class Named(harness.Topic):
	"""A topic of the name that the quick start uses; for a broker of one's own only."""

	def __init__(self, fixtures, name):
		super().__init__(fixtures, name=name)

	def limit(self, size):
		"""From now on the broker refuses larger batches."""
		resource = confluent_kafka.admin.ConfigResource("topic", self.name)
		resource.set_config("max.message.bytes", str(size))
		for made in self.admin.alter_configs([resource]).values():
			made.result()


def block(language):
	return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def command(name):
	"""The README's command line that runs a program."""
	found = [line for lines in block("sh") for line in lines.splitlines() if f"schemas/quickstart/{name} " in line]
	if len(found) != 1:
		raise RuntimeError(f"the README has {len(found)} commands for {name}")
	return found[0]


def jars():
	"""Where tests/system/kafka keeps the jars of its broker, kafka-clients and jackson-databind among them."""
	version = re.search(r"<kafka\.version>(.*)<", (harness.HERE / "pom.xml").read_text(encoding="utf-8"))[1]
	return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "rekapd-tests" / f"kafka-{version}"


def shell(fixtures, line):
	environment = dict(os.environ, JARS=str(jars()), PATH=f"{pathlib.Path(harness.program()).resolve().parent}:{os.environ['PATH']}")
	return subprocess.run(["bash", "-c", line.replace("localhost:9092", shlex.quote(fixtures.bootstrap))], cwd=harness.ROOT, env=environment, capture_output=True, encoding="utf-8",
		errors="replace", stdin=subprocess.DEVNULL, check=False, timeout=120)


def test_refused(fixtures, topics):
	"""What the broker does not take must be told."""
	for topic in topics.values():
		topic.limit(40)
	for name in COMMANDS:
		result = shell(fixtures, command(name))
		check(f"{name} fails where the broker refuses", result.returncode == 1 and re.search(r"not delivered|delivery failed", result.stderr, re.I), f"exit {result.returncode}, {result.stderr[-500:]}")
		check(f"{name} does not say that it delivered", "delivered" not in result.stdout, result.stdout)
	for topic in topics.values():
		same(f"{topic.name} is empty", sum(topic.ends().values()), 0)
		topic.limit(1048588)


def publish(fixtures):
	for name in COMMANDS:
		result = shell(fixtures, command(name))
		check(f"{name} succeeds", result.returncode == 0, f"exit {result.returncode}, {result.stderr[-500:]}")
		check(f"{name} says that it delivered", "delivered to " in result.stdout or re.search(r"^delivered: ", result.stdout, re.M), result.stdout)


def drain(daemon, topics):
	daemon.drain()
	with daemon.fixtures.connect(daemon.name) as connection:
		counted = dict(connection.execute("SELECT topic, sum(next_offset) FROM rekap.ingest_offset GROUP BY topic").fetchall())
	for topic in topics.values():
		same(f"{topic.name}: every record is counted", counted.get(topic.name, 0), sum(topic.ends().values()))


def query(daemon, text):
	with daemon.fixtures.connect(daemon.name) as connection:
		return connection.execute(text).fetchall()


def everything(daemon):
	"""{table or view: its rows}, but for what tells of records instead of events."""
	columns = {}
	for table, column in query(daemon, "SELECT table_name, quote_ident(column_name) FROM information_schema.columns WHERE table_schema = 'rekap' ORDER BY table_name, ordinal_position"):
		if table not in ("ingest_offset", "batch") and column not in ("topic", "partition", '"offset"'):
			columns.setdefault(table, []).append(column)
	return {table: sorted(query(daemon, f"SELECT {', '.join(names)} FROM rekap.{table}"), key=repr) for table, names in columns.items()}


def check_records(topics, times):
	"""Mode, keys and number of the records in Kafka; and that what was sent again is the same event."""
	for topic in topics.values():
		keys, partitions, wrong, same_events = {}, {}, [], collections.Counter()
		for record in topic.records():
			key, headers = record.key.decode(), {name: value.decode() for name, value in record.headers}
			keys[key] = keys.get(key, 0) + 1
			partitions.setdefault(key, set()).add(record.partition)
			if key.startswith("contoh-java"):
				good = headers.keys() == {"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"} and headers["content-type"] == "application/json"
			else:
				good = headers == {"content-type": "application/cloudevents+json"}
			if not good:
				wrong.append((key, headers))
			same_events[json.dumps((headers, json.loads(record.value)), sort_keys=True)] += 1
		check(f"{topic.name}: binary mode from Java, structured from the others", not wrong, wrong[:3])
		same(f"{topic.name}: keys", keys, {key: number * times for key, number in KEYS[topic.name].items()})
		check(f"{topic.name}: each event {times} times, with the same id and time", set(same_events.values()) == {times}, same_events)
		check(f"{topic.name}: a key has one partition", all(len(found) == 1 for found in partitions.values()), partitions)


def check_partitions(topics):
	"""A key has the same partition from all clients. Tombstones are counted and change nothing."""
	for topic in topics.values():
		before = {record.key: record.partition for record in topic.records()}
		topic.produce([Sent(key.encode(), None, [], None) for key in KEYS[topic.name]])
		same(f"{topic.name}: murmur2 of the key", {record.key: record.partition for record in topic.records() if record.value is None}, before)


def wib(text):
	return datetime.datetime.fromisoformat(text + "+07:00")


def check_tables(daemon):
	same("rekap.complaint", query(daemon, COMPLAINTS), [
		("contoh-2024-000123", "withdrawn", OTHER_UNIT, "complaint", "web", wib("2024-03-25T08:15:00"), 1, 4),
		("contoh-java-0001", "received", UNIT, "information_request", "app", wib("2024-03-25T09:40:00"), 0, None),
		("contoh-python-0001", "received", UNIT, "complaint", "web", wib("2024-03-25T08:15:00"), 0, None)])
	same("rekap.survey_response", query(daemon, SURVEYS), [("contoh-java-r-0001", "counted", UNIT, "spak", {"no_extra_fee": 4, "no_favour": 3}, wib("2024-03-28T10:05:00"), 7, 2)])
	same("rekap.budget_report", query(daemon, BUDGETS), [(UNIT, "1.02.02", None, "2024-03", decimal.Decimal("1250000000"), decimal.Decimal("312500000.5"), 1)])
	same("rekap.reject", query(daemon, "SELECT reason, detail, event_type, event_id FROM rekap.reject"), [])


def check_sql(daemon):
	"""The queries of the README, as a reader."""
	queries = [text for lines in block("sql") for text in lines.split(";") if text.strip()]
	with daemon.fixtures.connect(daemon.name) as connection:
		connection.execute("SET ROLE rekap_reader")
		rows = {re.search(r"FROM rekap\.(\w+)", text)[1]: len(connection.execute(text).fetchall()) for text in queries}
	same("rows that the README's queries find", rows, {"reject": 0, "complaint": 1, "survey_response": 1, "budget_report": 1, "data_quality": 0})


def check_keys():
	"""The README's table of topics and keys, against the schemas."""
	told = {(topic, family): key.split(", ") for topic, family, key in re.findall(r"^\| `(opd\.\w+)` \| (\w+)\.\* \| (.*) \|$", README, re.M)}
	found = {}
	for path in (harness.ROOT / "schemas" / "events").glob("*/*.schema.json"):
		schema = json.loads(path.read_text(encoding="utf-8"))
		found[(schema["x-topic"], path.parent.name)] = ["year of period" if name == "period" and schema.get("x-key-by-year") else name for name in schema["x-key"]]
	same("topics and keys in the README", told, found)


def structured(name, time, event_id, data):
	event = {"specversion": "1.0", "id": event_id, "source": "/contoh", "type": f"id.go.opd.{name}.v1", "time": time, "data": data}
	return [Sent(None, json.dumps(event).encode(), [], None)]


def test_mistakes(daemon, topics):
	"""What the README says to send after a mistake."""
	complaint = {"complaint_id": "contoh-python-0001", "unit": UNIT, "class": "supervisory", "channel": "web"}
	topics["opd.complaint"].produce(structured("complaint.received", "2024-03-25T08:15:00+07:00", "contoh-python-0001-received-2", complaint))
	topics["opd.complaint"].produce(structured("complaint.withdrawn", "2024-03-26T08:00:00+07:00", "contoh-java-0001-withdrawn", {"complaint_id": "contoh-java-0001"}))
	topics["opd.survey"].produce(structured("survey.withdrawn", "2024-03-29T08:00:00+07:00", "contoh-java-r-0001-withdrawn", {"response_id": "contoh-java-r-0001"}))
	budget = {"unit": UNIT, "program": "1.02.02", "period": "2024-03", "ceiling": "1250000000.00", "realised": "312500000.05", "revision": 2}
	topics["opd.budget"].produce(structured("budget.reported", "2024-04-05T16:30:00+07:00", "contoh-python-1.02.02-2024-03-r2", budget))
	drain(daemon, topics)
	rows = {row[0]: row for row in query(daemon, COMPLAINTS)}
	same("a complaint corrected", rows["contoh-python-0001"][1:4], ("received", UNIT, "supervisory"))
	same("the correction is flagged", query(daemon, "SELECT flag FROM rekap.data_quality WHERE entity_id = 'contoh-python-0001'"), [("conflicting_facts",)])
	same("a complaint withdrawn", rows["contoh-java-0001"][1], "withdrawn")
	same("a response withdrawn", [row[:2] for row in query(daemon, SURVEYS)], [("contoh-java-r-0001", "withdrawn")])
	same("a budget corrected", query(daemon, BUDGETS), [(UNIT, "1.02.02", None, "2024-03", decimal.Decimal("1250000000"), decimal.Decimal("312500000.05"), 2)])


def main():
	fixtures = harness.Fixtures(private=True)  # the topics have the names that they have in production, which others may subscribe to
	topics = {name: Named(fixtures, name) for name in TOPICS}
	daemon = harness.Daemon(fixtures, topics["opd.complaint"], units=UNITS, topics=",".join(TOPICS))
	check_keys()
	test_refused(fixtures, topics)
	publish(fixtures)
	drain(daemon, topics)
	check_records(topics, 1)
	check_tables(daemon)
	check_sql(daemon)
	before = everything(daemon)
	publish(fixtures)
	check_records(topics, 2)
	check_partitions(topics)
	drain(daemon, topics)
	after = everything(daemon)
	check("sending again changes nothing", before == after, {table: (before[table], after[table]) for table in before if before[table] != after[table]})
	test_mistakes(daemon, topics)
	finish()


if __name__ == "__main__":
	main()
